//! Sending media to one subscriber. str0m's egress (`rtc.rs`) carries audio and video now; our own SRTP egress for audio
//! takes the same place later (keys tapped from DTLS, one batch per peer and tick, sender reports and NACK answered here).
//!
//! **Nonce rule.** All streams of a connection share one SRTP key, and GCM loses all secrecy when a nonce (SSRC, ROC,
//! sequence number) repeats. So an SSRC is declared on exactly one egress for the life of the connection, is never
//! declared twice, and its extended sequence numbers only grow. `subscriber.rs` takes a fresh SSRC for every section.

use std::sync::Arc;
use std::time::Instant;

use str0m::media::Mid;
use str0m::rtp::{VideoOrientation, Vp8Patch};

use crate::event::Kind;

/// One outgoing stream: what a section of the subscriber's offer promised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stream {
    pub mid: Mid,
    pub kind: Kind,
    pub ssrc: u32,
    /// Retransmissions (RFC 4588). Without it this stream's NACKs are not answered, so its offer must not ask for any.
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

pub trait Egress {
    /// The client accepted the section. Cost afterwards should follow packets sent, not streams declared.
    fn declare(&mut self, stream: &Stream);
    fn withdraw(&mut self, stream: &Stream);
    /// Queues the packet; `Transport::flush` and `poll` send it.
    fn send(&mut self, stream: &Stream, packet: Outgoing<'_>);
}
