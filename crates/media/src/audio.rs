//! Our own audio egress: RTP with our own header and SRTP (`srtp.rs`), straight into the outbox.
//!
//! A packet costs one header, one seal and its share of a `sendmmsg`; a stream that is declared and silent costs nothing.
//! The nonce rule that all this keeps is in `egress.rs`.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use str0m::media::Mid;

use crate::egress::{Outgoing, Sent};
use crate::outbox::{Outbox, Path};
use crate::rtcp::{self, Feedback, MAX_REPORTS, SenderReport};
use crate::sdp;
use crate::srtp::{RTCP_OVERHEAD, Session, TAG, Window};

/// Packets of each stream that can be resent: 640 ms of 20 ms frames. What comes later no jitter buffer waits for.
const HISTORY: usize = 32;
/// A packet is resent so often at most: what is asked for again after that is abuse, or a link that is down.
const RESENDS: u8 = 4;
/// Resends that one round of feedback can cause.
const MAX_RESENDS: usize = 128;
const REPORT_INTERVAL: Duration = Duration::from_secs(2);
/// A stream's first report comes after so many packets: receivers take their clock and the round trip from it.
const FIRST_REPORT: u32 = 5;
/// Opus' RTP clock per millisecond (RFC 7587 section 4.1).
const TICKS_PER_MS: u32 = 48;
/// Fixed header, extension header, audio level, MID with up to 16 characters.
const MAX_HEADER: usize = 12 + 4 + 2 + 1 + 16 + 1;

/// SSRCs are spread evenly already (`egress::Ssrcs`).
#[derive(Default)]
struct SsrcHasher(u64);

impl Hasher for SsrcHasher {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|b| self.0 = (self.0 << 8) | u64::from(*b));
    }
    fn write_u32(&mut self, ssrc: u32) {
        self.0 = u64::from(ssrc).wrapping_mul(0x9e37_79b9_7f4a_7c15); // the table looks at the highest bits too
    }
}

/// What the header says besides SSRC and sequence number.
#[derive(Clone, Copy, Debug)]
struct Head {
    time: u32,
    marker: bool,
    level: Option<u8>,
    voice: bool,
    /// With the MID extension.
    named: bool,
}

/// A packet that was sent.
#[derive(Debug)]
struct Kept {
    seq: u64,
    head: Head,
    resent: u8,
    payload: Arc<[u8]>,
}

#[derive(Debug)]
struct Sender {
    mid: Mid,
    /// The receiver reported on this SSRC: it knows whose it is, and the MID extension is no longer needed.
    known: bool,
    /// Extended sequence numbers that were sealed.
    sealed: Window,
    packets: u32,
    octets: u32,
    /// `packets` at the last sender report, and at the last quality report.
    reported: u32,
    measured: u32,
    /// The newest packet's timestamp, and when it was captured.
    clock: (u32, Instant),
    /// What the receiver said last: of 256.
    lost: Option<u8>,
    /// By sequence number modulo `HISTORY`; empty until the first packet.
    history: Vec<Option<Kept>>,
}

pub struct AudioEgress {
    session: Session,
    senders: HashMap<u32, Sender, BuildHasherDefault<SsrcHasher>>,
    /// Every SSRC that was ever declared.
    declared: HashSet<u32>,
    next_report: Option<Instant>,
    /// What clients asked for again: SSRC and sequence number.
    wanted: Vec<(u32, u16)>,
    round_trip: Option<Duration>,
    /// Scratch.
    plain: Vec<u8>,
    compound: Vec<u8>,
}

impl AudioEgress {
    pub fn new(session: Session) -> Self {
        AudioEgress {
            session,
            senders: HashMap::default(),
            declared: HashSet::new(),
            next_report: None,
            wanted: Vec::new(),
            round_trip: None,
            plain: Vec::new(),
            compound: Vec::new(),
        }
    }

    /// A new DTLS session: what was sent under the old keys cannot be resent.
    pub fn rekey(&mut self, session: Session) {
        self.session = session;
        self.wanted.clear();
        self.senders.values_mut().for_each(|s| s.history.clear());
    }

    /// Does nothing for an SSRC that was declared before.
    pub fn declare(&mut self, ssrc: u32, mid: Mid, now: Instant) {
        if self.declared.insert(ssrc) {
            let sender = Sender {
                mid,
                known: false,
                sealed: Window::default(),
                packets: 0,
                octets: 0,
                reported: 0,
                measured: 0,
                clock: (0, now),
                lost: None,
                history: Vec::new(),
            };
            self.senders.insert(ssrc, sender);
        }
    }

    pub fn withdraw(&mut self, ssrc: u32) {
        self.senders.remove(&ssrc);
    }

    pub fn send(&mut self, ssrc: u32, packet: &Outgoing<'_>, path: Path, outbox: &mut Outbox) -> Sent {
        let Some(sender) = self.senders.get_mut(&ssrc) else { return Sent::Not };
        if !sender.sealed.take(packet.seq) {
            return Sent::Not;
        }
        let head = Head {
            time: packet.time,
            marker: packet.marker,
            level: packet.level,
            voice: packet.voice,
            named: !sender.known,
        };
        write(&mut self.session, ssrc, sender.mid, packet.seq, &head, packet.payload, path, outbox);
        sender.packets = sender.packets.wrapping_add(1);
        sender.octets = sender.octets.wrapping_add(packet.payload.len() as u32);
        if packet.wallclock >= sender.clock.1 {
            sender.clock = (packet.time, packet.wallclock);
        }
        sender.keep(Kept { seq: packet.seq, head, resent: 0, payload: packet.payload.clone() });
        let first = sender.packets == FIRST_REPORT;
        if !first && self.next_report.is_some() {
            return Sent::Out;
        }
        let due = packet.wallclock + if first { Duration::ZERO } else { REPORT_INTERVAL };
        self.next_report = Some(self.next_report.map_or(due, |at| at.min(due)));
        Sent::Queued
    }

    /// The client's RTCP. How many packets it asks for again, of any stream; None if it is not authentic.
    pub fn feedback(&mut self, datagram: &[u8]) -> Option<u32> {
        let mut plain = std::mem::take(&mut self.plain);
        let authentic = self.session.open_rtcp(datagram, &mut plain);
        let mut asked = 0;
        if authentic {
            let now = rtcp::ntp(SystemTime::now());
            rtcp::read(&plain, |feedback| {
                asked += feedback.asks();
                self.heard(now, feedback);
            });
        }
        self.plain = plain;
        authentic.then_some(asked)
    }

    fn heard(&mut self, now: u64, feedback: Feedback) {
        match feedback {
            Feedback::Block(block) => {
                if let Some(sender) = self.senders.get_mut(&block.ssrc) {
                    sender.known = true;
                    sender.lost = Some(block.lost);
                    self.round_trip = block.round_trip(now).or(self.round_trip);
                }
            }
            Feedback::Nack { ssrc, first, more } => {
                let others = (0..16).filter(|bit| more >> bit & 1 == 1).map(|bit| first.wrapping_add(bit + 1));
                for seq in std::iter::once(first).chain(others) {
                    if self.wanted.len() < MAX_RESENDS {
                        self.wanted.push((ssrc, seq));
                    }
                }
            }
        }
    }

    /// Resends what was asked for, and writes the reports that are due. Returns when the next ones are.
    pub fn poll(&mut self, now: Instant, path: Option<Path>, outbox: &mut Outbox) -> Option<Instant> {
        let path = path?;
        for (ssrc, seq) in std::mem::take(&mut self.wanted) {
            self.resend(ssrc, seq, path, outbox);
        }
        if self.next_report.is_some_and(|at| at <= now) {
            let active = self.report(now, path, outbox);
            self.next_report = active.then(|| now + REPORT_INTERVAL);
        }
        self.next_report
    }

    /// The same bytes again: same SSRC, sequence number, header and payload give the same seal.
    fn resend(&mut self, ssrc: u32, seq: u16, path: Path, outbox: &mut Outbox) {
        let Some(sender) = self.senders.get_mut(&ssrc) else { return };
        let Some(Some(kept)) = sender.history.get_mut(usize::from(seq) % HISTORY) else { return };
        if kept.seq as u16 == seq && kept.resent < RESENDS {
            kept.resent += 1;
            write(&mut self.session, ssrc, sender.mid, kept.seq, &kept.head, &kept.payload, path, outbox);
        }
    }

    /// Reports on the streams that sent since their last report. False if there are none.
    fn report(&mut self, now: Instant, path: Path, outbox: &mut Outbox) -> bool {
        let ntp = rtcp::ntp(SystemTime::now());
        let mut reports: Vec<SenderReport> = Vec::new();
        for (ssrc, s) in self.senders.iter_mut().filter(|(_, s)| s.packets != s.reported) {
            s.reported = s.packets;
            let passed = now.saturating_duration_since(s.clock.1).as_millis() as u32;
            let time = s.clock.0.wrapping_add(passed.wrapping_mul(TICKS_PER_MS));
            reports.push(SenderReport { ssrc: *ssrc, ntp, time, packets: s.packets, octets: s.octets });
        }
        for some in reports.chunks(MAX_REPORTS) {
            rtcp::write_sender_reports(some, &mut self.compound);
            let mut sealed = [0; 1500];
            let sealed = &mut sealed[..self.compound.len() + RTCP_OVERHEAD];
            if self.session.seal_rtcp(&self.compound, sealed) {
                outbox.push(path, sealed);
            }
        }
        !reports.is_empty()
    }

    /// What receivers said since the last call: the share lost of each stream that sent, and the round trip.
    pub fn measured(&mut self) -> (impl Iterator<Item = f32>, Option<Duration>) {
        let rtt = self.round_trip.take();
        let losses = self.senders.values_mut().filter_map(|s| {
            let active = std::mem::replace(&mut s.measured, s.packets) != s.packets;
            s.lost = s.lost.filter(|_| active);
            s.lost.map(|lost| f32::from(lost) / 256.0)
        });
        (losses, rtt)
    }
}

impl Sender {
    fn keep(&mut self, kept: Kept) {
        if self.history.is_empty() {
            self.history.resize_with(HISTORY, || None);
        }
        let place = &mut self.history[kept.seq as usize % HISTORY];
        // A late packet does not push out a newer one.
        if place.as_ref().is_none_or(|old| old.seq < kept.seq) {
            *place = Some(kept);
        }
    }
}

#[allow(clippy::too_many_arguments)] // one packet, one place to it; called from where the borrows are split
fn write(
    session: &mut Session,
    ssrc: u32,
    mid: Mid,
    seq: u64,
    head: &Head,
    payload: &[u8],
    path: Path,
    outbox: &mut Outbox,
) {
    let mut header = [0; MAX_HEADER];
    let len = write_header(&mut header, ssrc, seq as u16, head, mid.as_bytes());
    let out = outbox.add(path, len + payload.len() + TAG);
    session.seal_rtp(ssrc, seq, &header[..len], payload, out);
}

/// RFC 3550 section 5.1, with one-byte header extensions (RFC 8285 section 4.2) if there are any. Returns the length.
fn write_header(out: &mut [u8; MAX_HEADER], ssrc: u32, seq: u16, head: &Head, mid: &[u8]) -> usize {
    out[0] = 0x80;
    out[1] = sdp::OPUS | (u8::from(head.marker) << 7);
    out[2..4].copy_from_slice(&seq.to_be_bytes());
    out[4..8].copy_from_slice(&head.time.to_be_bytes());
    out[8..12].copy_from_slice(&ssrc.to_be_bytes());
    let mut at = 16;
    if let Some(level) = head.level {
        out[at] = sdp::EXT_AUDIO_LEVEL << 4;
        out[at + 1] = (u8::from(head.voice) << 7) | level.min(127);
        at += 2;
    }
    if head.named && !mid.is_empty() {
        out[at] = (sdp::EXT_MID << 4) | (mid.len() as u8 - 1);
        out[at + 1..][..mid.len()].copy_from_slice(mid);
        at += 1 + mid.len();
    }
    if at == 16 {
        return 12;
    }
    let end = at.next_multiple_of(4); // the rest is zeros: padding
    out[0] |= 0x10;
    out[12..14].copy_from_slice(&[0xbe, 0xde]);
    out[14..16].copy_from_slice(&(((end - 16) / 4) as u16).to_be_bytes());
    end
}

#[cfg(test)]
#[path = "audio_tests.rs"]
mod tests;
