//! One participant: its two sides, and the reliable data that waits for a channel.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::event::Id;
use crate::quality;
use crate::sdp::MAX_MESSAGE;
use crate::subscriber::Negotiation;
use crate::track::Binding;

/// A track that a coming offer will carry.
pub struct Announced {
    pub cid: String,
    pub track: usize,
}

#[derive(Default)]
pub struct Publisher {
    pub conn: Option<usize>,
    pub announced: Vec<Announced>,
    pub bindings: Vec<Binding>,
}

pub struct Subscriber {
    pub conn: usize,
    pub negotiation: Negotiation,
    pub data_open: bool,
}

pub struct Peer {
    pub id: Id,
    pub room: usize,
    pub publisher: Publisher,
    pub subscriber: Option<Subscriber>,
    /// Tracks subscribed to, also those asked for before there is a subscriber side.
    pub subscriptions: Vec<usize>,
    /// Those of them that are paused.
    pub paused: Vec<usize>,
    /// Its own tracks.
    pub tracks: Vec<usize>,
    /// Outlives the subscriber side's absence: messages may come before it is opened.
    pub backlog: Backlog,
    pub quality: quality::Meter,
}

impl Peer {
    pub fn new(id: Id, room: usize, now: Instant) -> Self {
        Peer {
            id,
            room,
            publisher: Publisher::default(),
            subscriber: None,
            subscriptions: Vec::new(),
            paused: Vec::new(),
            tracks: Vec::new(),
            backlog: Backlog::default(),
            quality: quality::Meter::new(now),
        }
    }
}

impl Publisher {
    /// The oldest announcement that fits. It serves once.
    pub fn claim(&mut self, fits: impl Fn(&Announced) -> bool) -> Option<usize> {
        let at = self.announced.iter().position(fits)?;
        Some(self.announced.remove(at).track)
    }
}

/// Reliable messages that cannot be sent yet.
#[derive(Debug, Default)]
pub struct Backlog {
    waiting: VecDeque<(Instant, Arc<[u8]>)>,
    bytes: usize,
}

/// While the channel is not open: this much, this long; the oldest go first.
const CLOSED_LIMIT: usize = MAX_MESSAGE;
const CLOSED_AGE: Duration = Duration::from_secs(2);
/// Behind an open channel that is full. A client that far behind is not reading.
const OPEN_LIMIT: usize = 4 << 20;

impl Backlog {
    /// False: the client is too far behind to be kept.
    #[must_use]
    pub fn push(&mut self, now: Instant, open: bool, payload: Arc<[u8]>) -> bool {
        self.bytes += payload.len();
        self.waiting.push_back((now, payload));
        if open {
            return self.bytes <= OPEN_LIMIT;
        }
        self.expire(now);
        while self.bytes > CLOSED_LIMIT {
            self.pop();
        }
        true
    }

    /// Only for a channel that is not open: then nobody was promised more.
    pub fn expire(&mut self, now: Instant) {
        while self.waiting.front().is_some_and(|(at, _)| now.saturating_duration_since(*at) > CLOSED_AGE) {
            self.pop();
        }
    }

    pub fn front(&self) -> Option<Arc<[u8]>> {
        self.waiting.front().map(|(_, p)| p.clone())
    }

    pub fn pop(&mut self) {
        if let Some((_, p)) = self.waiting.pop_front() {
            self.bytes -= p.len();
        }
    }

    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closed_backlog_keeps_two_seconds_and_one_message_limit() {
        let (mut b, t) = (Backlog::default(), Instant::now());
        let message: Arc<[u8]> = vec![0; 100 * 1024].into();
        for _ in 0..5 {
            assert!(b.push(t, false, message.clone()));
        }
        assert_eq!(b.waiting.len(), 2, "256 KiB hold two of 100 KiB");
        b.expire(t + CLOSED_AGE);
        assert_eq!(b.waiting.len(), 2);
        b.expire(t + CLOSED_AGE + Duration::from_millis(1));
        assert!(b.is_empty() && b.bytes == 0);
    }

    #[test]
    fn a_client_that_does_not_read_is_given_up() {
        let (mut b, t) = (Backlog::default(), Instant::now());
        let message: Arc<[u8]> = vec![0; 1 << 20].into();
        assert!((0..4).all(|_| b.push(t, true, message.clone())));
        assert!(!b.push(t, true, message));
    }
}
