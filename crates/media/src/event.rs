//! What the engine tells its owner, and the bounded queue it waits in.

use std::collections::VecDeque;
use std::sync::Arc;

/// Ids are chosen by the owner of the engine and never reused.
pub type Id = Arc<str>;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// The client offers, we answer; it sends media and data.
    Publisher,
    /// We offer, the client answers; it receives.
    Subscriber,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    Audio,
    Video,
}

/// Loudness of one track in one window.
#[derive(Clone, Debug, PartialEq)]
pub struct Level {
    pub track: Id,
    /// The loudest packet, in -dBov: 0 is loudest, 127 silence (RFC 6464).
    pub loudest: u8,
    /// Share of packets with the voice-activity bit, 0..1.
    pub voice: f32,
}

/// Units: shares 0..1, milliseconds, bit/s.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct QualityReport {
    pub loss_in: f32,
    pub loss_out: f32,
    pub rtt_ms: f32,
    pub jitter_ms: f32,
    pub bitrate_in: u64,
    pub bitrate_out: u64,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    PublisherAnswer { peer: Id, sdp: String },
    SubscriberOffer { peer: Id, sdp: String },
    NegotiationFailed { peer: Id, side: Side, reason: String },
    SideConnected { peer: Id, side: Side },
    SideLost { peer: Id, side: Side },
    DataOpen { peer: Id },
    Data { peer: Id, reliable: bool, payload: Vec<u8> },
    TrackStarted { peer: Id, track: Id, mid: String },
    TrackEnded { peer: Id, track: Id },
    Levels { room: Id, levels: Vec<Level> },
    Quality { peer: Id, report: QualityReport },
    Stuck { peer: Id, reason: String },
}

impl Event {
    fn size(&self) -> usize {
        match self {
            Event::Data { payload, .. } => payload.len(),
            _ => 0,
        }
    }

    /// A newer one of these makes this one worthless.
    fn replaced_by(&self, newer: &Event) -> bool {
        match (self, newer) {
            (Event::Levels { room: a, .. }, Event::Levels { room: b, .. }) => a == b,
            (Event::Quality { peer: a, .. }, Event::Quality { peer: b, .. }) => a == b,
            _ => false,
        }
    }
}

/// Oldest first. When more than `LIMIT` wait, levels and quality replace older ones of their kind instead of queueing.
/// Control events always queue: each answers a command or follows from a change of state, which bounds them.
/// Data is bounded by `DATA_LIMIT` bytes, which the shard checks before it accepts a message.
#[derive(Default)]
pub struct EventQueue {
    queue: VecDeque<Event>,
    /// Payload bytes of the data events that wait.
    data: usize,
}

impl EventQueue {
    pub const LIMIT: usize = 8192;
    pub const DATA_LIMIT: usize = 32 << 20;

    pub fn push(&mut self, event: Event) {
        if self.queue.len() >= Self::LIMIT && matches!(event, Event::Levels { .. } | Event::Quality { .. }) {
            if let Some(old) = self.queue.iter_mut().find(|e| e.replaced_by(&event)) {
                *old = event;
            }
            return;
        }
        self.data += event.size();
        self.queue.push_back(event);
    }

    pub fn take(&mut self) -> VecDeque<Event> {
        self.data = 0;
        std::mem::take(&mut self.queue)
    }

    pub fn data(&self) -> usize {
        self.data
    }
}
