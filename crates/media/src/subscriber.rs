//! The subscriber side's negotiation: which section carries what, and one offer at a time. No I/O, no str0m.
//!
//! A section's life: `Free` (rejected, and the client agreed) → `Offered` with a new mid → `Live` → `Leaving` → offered
//! as rejected (`Rejecting`) → `Free`. It must be rejected in one offer before a later one may recycle it: browsers
//! refuse a new mid on a section that they think is in use (RFC 8829 section 5.2.2).

use std::net::SocketAddr;

use str0m::media::Mid;

use crate::egress::Stream;
use crate::event::{Id, Kind};
use crate::sdp::{self, Answer, Credentials, Local, Section, SectionStream};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Rejected by both. May be recycled.
    Free,
    /// In an offer that was not answered yet.
    Offered,
    /// The client takes it.
    Live,
    /// The client rejected it. Not recycled before we rejected it too.
    Refused,
    /// To be rejected by the next offer.
    Leaving,
    /// Rejected in an offer that was not answered yet.
    Rejecting,
}

#[derive(Debug)]
struct Slot {
    state: State,
    mid: String,
    stream: Stream,
    /// Key of the track; meaningless once the slot is leaving.
    track: usize,
    publisher: Id,
    id: Id,
    stereo: bool,
}

impl Slot {
    fn carries(&self, track: usize) -> bool {
        self.track == track && matches!(self.state, State::Offered | State::Live | State::Refused)
    }
}

/// A subscription that has no section yet.
#[derive(Debug)]
struct Wanted {
    track: usize,
    kind: Kind,
    publisher: Id,
    id: Id,
}

#[derive(Debug)]
struct Flight {
    /// The new ICE credentials that the offer carries, if it is a restart.
    restart: Option<Credentials>,
}

/// What an answer changed.
#[derive(Debug)]
pub struct Accepted {
    pub first: bool,
    pub restart: Option<Credentials>,
    /// Tracks whose sections are live from now on.
    pub live: Vec<(usize, Stream)>,
}

#[derive(Debug)]
pub struct Negotiation {
    slots: Vec<Slot>,
    wanted: Vec<Wanted>,
    flight: Option<Flight>,
    changed: bool,
    restart: bool,
    connected: bool,
    remote_ufrag: String,
    session: u64,
    version: u64,
    /// Names mids; never reused.
    serial: u64,
}

impl Negotiation {
    /// `session` is the id in the o= line. The first offer is due at once.
    pub fn new(session: u64) -> Self {
        Negotiation {
            slots: Vec::new(),
            wanted: Vec::new(),
            flight: None,
            changed: true,
            restart: false,
            connected: false,
            remote_ufrag: String::new(),
            session: session & (u64::MAX >> 2), // Firefox takes 62 bits
            version: 0,
            serial: 0,
        }
    }

    /// False if the track already has or awaits a section.
    pub fn subscribe(&mut self, track: usize, kind: Kind, publisher: Id, id: Id) -> bool {
        if self.wanted.iter().any(|w| w.track == track) || self.slots.iter().any(|s| s.carries(track)) {
            return false;
        }
        self.wanted.push(Wanted { track, kind, publisher, id });
        self.changed = true;
        true
    }

    /// The stream that was live, to be withdrawn from the egress.
    pub fn unsubscribe(&mut self, track: usize) -> Option<Stream> {
        self.wanted.retain(|w| w.track != track);
        let slot = self.slots.iter_mut().find(|s| s.carries(track))?;
        self.changed = true;
        let was = std::mem::replace(&mut slot.state, State::Leaving);
        (was == State::Live).then_some(slot.stream)
    }

    pub fn restart(&mut self) {
        // Before the first answer there is nothing to restart, but the first offer may have been lost.
        if self.connected {
            self.restart = true;
        } else {
            self.flight = None;
            self.changed = true;
        }
    }

    pub fn offer_due(&self) -> bool {
        // A restart overtakes the offer in flight: the client lost the connection over which it came.
        self.restart || (self.changed && self.flight.is_none())
    }

    /// The sections' track keys, so that the caller can say which are stereo before the offer is written.
    pub fn mark_stereo(&mut self, stereo: impl Fn(usize) -> bool) {
        for s in self.slots.iter_mut().filter(|s| matches!(s.state, State::Offered | State::Live)) {
            s.stereo = stereo(s.track);
        }
    }

    /// Folds all changes into the next offer. `fresh` are the credentials for a restart.
    pub fn plan(&mut self, fresh: impl FnOnce() -> Credentials, mut ssrc: impl FnMut() -> u32) {
        for slot in self.slots.iter_mut().filter(|s| s.state == State::Leaving) {
            slot.state = State::Rejecting;
        }
        for w in std::mem::take(&mut self.wanted) {
            let mid = format!("m{:x}", self.serial);
            self.serial += 1;
            let stream = Stream {
                mid: Mid::from(mid.as_str()),
                kind: w.kind,
                ssrc: ssrc(),
                rtx: (w.kind == Kind::Video).then(&mut ssrc),
            };
            let slot = Slot {
                state: State::Offered,
                mid,
                stream,
                track: w.track,
                publisher: w.publisher,
                id: w.id,
                stereo: false,
            };
            // A section may not change its kind: not all clients bear it.
            match self.slots.iter_mut().find(|s| s.state == State::Free && s.stream.kind == w.kind) {
                Some(free) => *free = slot,
                None => self.slots.push(slot),
            }
        }
        let restart = std::mem::take(&mut self.restart).then(fresh);
        self.flight = Some(Flight { restart });
        self.changed = false;
        self.version += 1;
    }

    pub fn write(&self, current: &Credentials, fingerprint: &str, candidates: &[SocketAddr]) -> String {
        let restart = self.flight.as_ref().and_then(|f| f.restart.as_ref());
        let local = Local {
            session: self.session,
            version: self.version,
            credentials: restart.unwrap_or(current),
            fingerprint,
            candidates,
        };
        let section = |s: &'_ Slot| matches!(s.state, State::Offered | State::Live);
        sdp::offer(
            &local,
            self.slots.iter().map(|s| Section {
                mid: &s.mid,
                kind: s.stream.kind,
                stream: section(s).then_some(SectionStream {
                    publisher: &s.publisher,
                    track: &s.id,
                    ssrc: s.stream.ssrc,
                    rtx: s.stream.rtx,
                    stereo: s.stereo,
                }),
            }),
        )
    }

    /// Checks the answer against the offer in flight. On an error nothing has changed and the offer stays in flight.
    pub fn answered(&mut self, answer: &Answer) -> Result<Accepted, &'static str> {
        let flight = self.flight.as_ref().ok_or("no offer is in flight")?;
        let ufrag = &answer.remote.credentials.ufrag;
        if flight.restart.is_some() && *ufrag == self.remote_ufrag {
            return Err("an answer to an earlier offer: its ICE credentials are the old ones");
        }
        let Some((data, media)) = answer.sections.split_first() else {
            return Err("no sections");
        };
        if !data.accepted || media.len() != self.slots.len() {
            return Err("the sections are not those of the offer");
        }
        let same = |(a, s): (&sdp::AnswerSection, &Slot)| a.mid == s.mid || (a.mid.is_empty() && !a.accepted);
        if !media.iter().zip(&self.slots).all(same) {
            return Err("the sections are not those of the offer");
        }
        let restart = self.flight.take().and_then(|f| f.restart);
        let mut live = Vec::new();
        for (a, slot) in media.iter().zip(&mut self.slots) {
            slot.state = match (slot.state, a.accepted) {
                (State::Offered, true) => {
                    live.push((slot.track, slot.stream));
                    State::Live
                }
                (State::Offered, false) => State::Refused,
                (State::Rejecting, _) => State::Free,
                (other, _) => other,
            };
        }
        self.remote_ufrag.clone_from(ufrag);
        let first = !std::mem::replace(&mut self.connected, true);
        Ok(Accepted { first, restart, live })
    }

    /// The track that is live under this mid.
    pub fn track_of(&self, mid: Mid) -> Option<usize> {
        self.slots.iter().find(|s| s.state == State::Live && s.stream.mid == mid).map(|s| s.track)
    }

    #[cfg(test)]
    pub fn sections(&self) -> usize {
        self.slots.len()
    }
}

#[cfg(test)]
#[path = "subscriber_tests.rs"]
mod tests;
