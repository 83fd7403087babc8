//! Sending media to one subscriber. Audio is ours (`audio.rs`): header, SRTP, sender reports and NACKs, at a cost that
//! follows packets sent, never streams declared. Video is str0m's (`rtc_egress.rs`), and so is audio to a client that
//! takes no GCM.
//!
//! **Nonce rule.** All streams of a connection share one SRTP key, str0m's and ours, and GCM loses all secrecy when a
//! nonce (SSRC, roll-over counter, sequence number) is used for two packets. So:
//!
//! 1. An SSRC is sent by exactly one side. `rtc_egress.rs` decides at the handshake's end, by kind and SRTP profile.
//! 2. An SSRC is never given out twice on a connection (`Ssrcs`), and never declared twice to our side (`audio.rs`):
//!    a new section, a recycled one and a replaced track each have a fresh one.
//! 3. Of one SSRC no extended sequence number (roll-over counter and sequence number) is sealed twice
//!    (`srtp::Window` in `audio.rs`, whatever the caller asks), except to resend the very same bytes.
//! 4. SRTCP has keys of its own. Our reports count one index for all our SSRCs, and str0m reports from its own only.
//! 5. New keys (a new DTLS session) start a new space: nothing sealed before is sealed again under them but afresh.

use std::sync::Arc;
use std::time::Instant;

use str0m::media::Mid;
use str0m::rtp::{VideoOrientation, Vp8Patch};

use crate::event::Kind;
use crate::outbox::Outbox;

/// One outgoing stream: what a section of the subscriber's offer promised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stream {
    pub mid: Mid,
    pub kind: Kind,
    pub ssrc: u32,
    /// Retransmissions (RFC 4588): video's. Lost audio is resent as it was, under its own SSRC.
    pub rtx: Option<u32>,
}

/// One packet, already rewritten for its receiver.
pub struct Outgoing<'a> {
    /// Extended sequence number; starts below 65,536 (the receiver assumes roll-over counter 0) and only grows,
    /// except for late packets that fill a gap.
    pub seq: u64,
    pub time: u32,
    pub marker: bool,
    pub level: Option<u8>,
    pub voice: bool,
    pub orientation: Option<VideoOrientation>,
    pub payload: &'a Arc<[u8]>,
    /// Overwrites bytes of the VP8 payload descriptor while the packet is serialized: the payload stays shared.
    pub vp8: Option<Vp8Patch>,
    /// For sender reports: when the media was captured, as well as we know (its arrival).
    pub wallclock: Instant,
}

/// What became of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// Nothing: the stream is not declared, or the packet must not be sent.
    Not,
    /// It is in the outbox.
    Out,
    /// The transport has something to do: `flush` and `poll`.
    Queued,
}

pub trait Egress {
    /// The client accepted the section. Cost afterwards should follow packets sent, not streams declared.
    fn declare(&mut self, stream: &Stream);
    fn withdraw(&mut self, stream: &Stream);
    fn send(&mut self, stream: &Stream, packet: &Outgoing<'_>, outbox: &mut Outbox) -> Sent;
}

/// Gives out SSRCs, none twice: multiples of an odd number reach every 32-bit value before they come back.
#[derive(Debug)]
pub struct Ssrcs {
    next: u32,
}

impl Ssrcs {
    /// 2^32 divided by the golden ratio: neighbours are far apart.
    const STEP: u32 = 0x9e37_79b1;

    /// `random` is where to begin, so that connections do not look alike.
    pub fn new(random: u32) -> Self {
        Ssrcs { next: random }
    }

    pub fn fresh(&mut self) -> u32 {
        self.next = self.next.wrapping_add(Self::STEP);
        if self.next == 0 {
            self.next = Self::STEP; // str0m takes 0 for its own probes
        }
        self.next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_ssrc_comes_twice() {
        for start in [0, 1, u32::MAX, 0u32.wrapping_sub(Ssrcs::STEP)] {
            let mut ssrcs = Ssrcs::new(start);
            let mut seen: Vec<u32> = (0..100_000).map(|_| ssrcs.fresh()).collect();
            seen.sort_unstable();
            seen.dedup();
            assert!(seen.len() == 100_000 && seen[0] != 0);
        }
    }
}
