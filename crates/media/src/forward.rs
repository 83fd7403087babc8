//! Rewriting one incoming stream (or, with simulcast, several) into one outgoing stream per subscriber.
//!
//! Within a stretch the distance to the source is constant, so a packet that was lost or late leaves or fills the same
//! gap at the receiver. A stretch ends when forwarding stops (mute, pause) or moves to another source (layer, new SSRC);
//! the next one starts right behind the last sequence number sent. Timestamps keep to media time: they jump over a pause.

use std::time::{Duration, Instant};

use str0m::rtp::{Vp8Descriptor, Vp8Patch};

use crate::event::Kind;
use crate::transport::Packet;

/// The source's sequence numbers may jump this far within a stretch. More is a restarted sender, and the receiver's
/// roll-over counter only bears 32,767.
const MAX_JUMP: u64 = 4096;

/// Where a rewritten packet stands in the outgoing stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rewritten {
    pub seq: u64,
    pub time: u32,
    pub vp8: Option<Vp8Patch>,
}

/// What a stretch was started with.
#[derive(Clone, Copy, Debug)]
struct Stretch {
    ssrc: u32,
    /// Source sequence number of the first packet, and what it became. Older packets belong to no stretch: dropped.
    first_in: u64,
    first_out: u64,
    newest_in: u64,
    time: u32,
    picture: u16,
    tl0: u8,
    key: u8,
}

/// Invariant: sequence numbers of different stretches do not overlap, so none is used for two packets.
#[derive(Debug)]
pub struct Rewriter {
    kind: Kind,
    stretch: Option<Stretch>,
    /// The last source, if its clock is still good after a pause.
    last_ssrc: Option<u32>,
    /// The highest that was sent, and the packet it was sent for.
    seq: u64,
    time: u32,
    sent_at: Option<Instant>,
    /// Distances (wrapping) to the source that outlive a pause.
    time_offset: u32,
    picture: u16,
    tl0: u8,
    key: u8,
}

impl Rewriter {
    /// `first`: the first sequence number; below 32,768, so that a receiver guesses roll-over counter 0 right.
    pub fn new(kind: Kind, first: u16) -> Self {
        Rewriter {
            kind,
            stretch: None,
            last_ssrc: None,
            seq: u64::from(first & 0x7fff),
            time: 0,
            sent_at: None,
            time_offset: 0,
            picture: 0,
            tl0: 0,
            key: 0,
        }
    }

    /// Nothing is forwarded until the next packet that may start a stretch: any for audio, a key frame for video.
    pub fn stop(&mut self) {
        self.stretch = None;
    }

    /// The source that is forwarded now. None: waiting for a packet to start with.
    pub fn source(&self) -> Option<u32> {
        self.stretch.map(|s| s.ssrc)
    }

    /// `vp8` is the parsed payload descriptor of a video packet. None: the packet must not be forwarded.
    pub fn rewrite(&mut self, packet: &Packet, vp8: Option<&Vp8Descriptor>) -> Option<Rewritten> {
        let stretch = match self.stretch {
            Some(s) if s.ssrc == packet.ssrc && packet.seq < s.newest_in + MAX_JUMP => s,
            _ if self.kind == Kind::Audio || vp8.is_some_and(|d| d.starts_keyframe(&packet.payload)) => {
                self.start(packet, vp8)
            }
            current => {
                // Video cannot start here. If its own source jumped, it cannot go on either.
                if current.is_some_and(|s| s.ssrc == packet.ssrc) {
                    self.stop();
                }
                return None;
            }
        };
        if packet.seq < stretch.first_in {
            return None;
        }
        let seq = stretch.first_out + (packet.seq - stretch.first_in);
        let time = packet.time.wrapping_add(stretch.time);
        let newest_in = stretch.newest_in.max(packet.seq);
        self.stretch = Some(Stretch { newest_in, ..stretch });
        if seq >= self.seq {
            (self.seq, self.time, self.sent_at) = (seq, time, Some(packet.arrived));
        }
        let vp8 = match vp8 {
            Some(d) => self.patch(d, &stretch, seq == self.seq),
            None => None,
        };
        Some(Rewritten { seq, time, vp8 })
    }

    fn start(&mut self, packet: &Packet, vp8: Option<&Vp8Descriptor>) -> Stretch {
        if self.last_ssrc != Some(packet.ssrc) {
            let rate = if self.kind == Kind::Audio { 48 } else { 90 };
            let now = match self.sent_at {
                None => packet.time, // nobody has seen a timestamp yet: keep the source's
                Some(at) => {
                    let passed = packet.arrived.saturating_duration_since(at).max(Duration::from_millis(1));
                    self.time.wrapping_add((passed.as_millis() as u32).wrapping_mul(rate))
                }
            };
            self.time_offset = now.wrapping_sub(packet.time);
            self.last_ssrc = Some(packet.ssrc);
        }
        let continued = self.sent_at.is_some();
        let follow = |next: u16, source: Option<u16>| {
            if continued { next.wrapping_sub(source.unwrap_or(0)) } else { 0 }
        };
        Stretch {
            ssrc: packet.ssrc,
            first_in: packet.seq,
            first_out: self.seq + u64::from(continued),
            newest_in: packet.seq,
            time: self.time_offset,
            picture: follow(self.picture.wrapping_add(1), vp8.and_then(|d| d.picture_id())),
            tl0: follow(self.tl0.wrapping_add(1).into(), vp8.and_then(|d| d.tl0_pic_idx()).map(u16::from)) as u8,
            key: follow(self.key.wrapping_add(1).into(), vp8.and_then(|d| d.key_idx()).map(u16::from)) as u8,
        }
    }

    /// PictureID, TL0PICIDX and KEYIDX continue over the seam (RFC 7741 section 4.2).
    fn patch(&mut self, d: &Vp8Descriptor, s: &Stretch, newest: bool) -> Option<Vp8Patch> {
        let picture = d.picture_id().map(|p| p.wrapping_add(s.picture) & 0x7fff);
        let tl0 = d.tl0_pic_idx().map(|t| t.wrapping_add(s.tl0));
        let key = d.key_idx().map(|k| k.wrapping_add(s.key) & 0x1f);
        if newest {
            self.picture = picture.unwrap_or(self.picture);
            self.tl0 = tl0.unwrap_or(self.tl0);
            self.key = key.unwrap_or(self.key);
        }
        if s.picture == 0 && s.tl0 == 0 && s.key == 0 {
            return None;
        }
        let build = |mask: u16| {
            let mut patch = d.patch();
            patch = picture.map_or(patch, |p| patch.picture_id(p & mask));
            patch = tl0.map_or(patch, |t| patch.tl0_pic_idx(t));
            patch = key.map_or(patch, |k| patch.key_idx(k));
            patch.build().ok()
        };
        // A sender with 7-bit PictureIDs has no room for more.
        build(0x7fff).or_else(|| build(0x7f))
    }
}

#[cfg(test)]
#[path = "forward_tests.rs"]
mod tests;
