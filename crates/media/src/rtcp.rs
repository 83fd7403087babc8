//! The RTCP (RFC 3550 section 6, RFC 4585) of the audio that we send ourselves: sender reports out, feedback in.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::sdp::CNAME;

const SENDER_REPORT: u8 = 200;
const RECEIVER_REPORT: u8 = 201;
const SOURCE_DESCRIPTION: u8 = 202;
const TRANSPORT_FEEDBACK: u8 = 205;
const GENERIC_NACK: u8 = 1;
/// Seconds from NTP's epoch (1900) to Unix'.
const NTP_TO_UNIX: u64 = 2_208_988_800;

/// Streams that one compound packet reports on: it stays below 1,200 bytes.
pub const MAX_REPORTS: usize = 24;

/// 32.32 fixed point.
pub fn ntp(now: SystemTime) -> u64 {
    let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    ((since.as_secs() + NTP_TO_UNIX) << 32) | ((u64::from(since.subsec_nanos()) << 32) / 1_000_000_000)
}

/// One stream's part in a compound packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SenderReport {
    pub ssrc: u32,
    pub ntp: u64,
    /// The RTP timestamp at that moment.
    pub time: u32,
    pub packets: u32,
    /// Of payload.
    pub octets: u32,
}

/// Replaces `out` by a compound packet: sender reports, and who it is (the same CNAME that the SDP gives).
pub fn write_sender_reports(reports: &[SenderReport], out: &mut Vec<u8>) {
    out.clear();
    for r in reports {
        out.extend_from_slice(&[0x80, SENDER_REPORT, 0, 6]);
        out.extend_from_slice(&r.ssrc.to_be_bytes());
        out.extend_from_slice(&r.ntp.to_be_bytes());
        for word in [r.time, r.packets, r.octets] {
            out.extend_from_slice(&word.to_be_bytes());
        }
    }
    let at = out.len();
    out.extend_from_slice(&[0x80 | reports.len() as u8, SOURCE_DESCRIPTION, 0, 0]);
    for r in reports {
        out.extend_from_slice(&r.ssrc.to_be_bytes());
        out.extend_from_slice(&[1, CNAME.len() as u8]);
        out.extend_from_slice(CNAME.as_bytes());
        out.push(0); // a chunk ends with at least one zero, and on a word
        out.resize(out.len().next_multiple_of(4), 0);
    }
    let words = ((out.len() - at) / 4 - 1) as u16;
    out[at + 2..at + 4].copy_from_slice(&words.to_be_bytes());
}

/// What a receiver says of one stream (RFC 3550 section 6.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReportBlock {
    pub ssrc: u32,
    /// Share lost since the report before, of 256.
    pub lost: u8,
    /// Middle 32 bits of the sender report's NTP time that it last saw (0: none), and how long ago, in 1/65,536 s.
    last_report: u32,
    delay: u32,
}

impl ReportBlock {
    /// `now` as from `ntp`. None without a sender report, or if clocks say nonsense.
    pub fn round_trip(&self, now: u64) -> Option<Duration> {
        let passed = ((now >> 16) as u32).wrapping_sub(self.last_report).checked_sub(self.delay)?;
        let rtt = Duration::from_micros((u64::from(passed) * 1_000_000) >> 16);
        (self.last_report != 0 && rtt < Duration::from_secs(60)).then_some(rtt)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Feedback {
    Block(ReportBlock),
    /// The stream's packet `first`, and `first + 1 + n` for each bit n of `more`, did not arrive.
    Nack {
        ssrc: u32,
        first: u16,
        more: u16,
    },
}

impl Feedback {
    /// Packets to be sent again.
    pub fn asks(&self) -> u32 {
        match self {
            Feedback::Block(_) => 0,
            Feedback::Nack { more, .. } => 1 + more.count_ones(),
        }
    }
}

/// Work that one client's RTCP may cause: a datagram is one unit, and so is each packet that it asks for again (where
/// we cannot read it, each 16 bytes). Ten percent of a good video lost are some 50 a second.
#[derive(Debug)]
pub struct Patience {
    left: f64,
    at: Instant,
}

impl Patience {
    const RATE: f64 = 1000.0;
    const BURST: f64 = 2000.0;

    pub fn new(now: Instant) -> Self {
        Patience { left: Self::BURST, at: now }
    }

    /// False while there is none: what comes then is not even read.
    pub fn is_left(&mut self, now: Instant) -> bool {
        let passed = now.saturating_duration_since(self.at).as_secs_f64();
        (self.left, self.at) = ((self.left + passed * Self::RATE).min(Self::BURST), now);
        self.left >= 1.0
    }

    /// False if that is more than is left. It counts all the same, so that who asks for too much is not heard for a
    /// while (three seconds at most).
    pub fn take(&mut self, units: u32) -> bool {
        let enough = f64::from(units) <= self.left;
        self.left = (self.left - f64::from(units)).max(-Self::BURST);
        enough
    }
}

/// Calls back with all that concerns a sender in a compound packet, which may be anything: what cannot be read ends it.
pub fn read(mut packet: &[u8], mut each: impl FnMut(Feedback)) {
    while let Some((head, rest)) = packet.split_at_checked(4) {
        let words = usize::from(u16::from_be_bytes([head[2], head[3]]));
        let Some((body, next)) = rest.split_at_checked(words * 4) else { return };
        if head[0] >> 6 != 2 {
            return;
        }
        let count = usize::from(head[0] & 0x1f);
        match head[1] {
            RECEIVER_REPORT => blocks(body.get(4..), count, &mut each),
            SENDER_REPORT => blocks(body.get(24..), count, &mut each),
            TRANSPORT_FEEDBACK if count == usize::from(GENERIC_NACK) => nacks(body, &mut each),
            _ => {}
        }
        packet = next;
    }
}

fn word(bytes: &[u8]) -> u32 {
    u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
}

fn blocks(body: Option<&[u8]>, count: usize, each: &mut impl FnMut(Feedback)) {
    for b in body.unwrap_or_default().chunks_exact(24).take(count) {
        each(Feedback::Block(ReportBlock {
            ssrc: word(b),
            lost: b[4],
            last_report: word(&b[16..]),
            delay: word(&b[20..]),
        }));
    }
}

fn nacks(body: &[u8], each: &mut impl FnMut(Feedback)) {
    let Some((ssrcs, items)) = body.split_at_checked(8) else { return };
    for item in items.chunks_exact(4) {
        let (first, more) = (u16::from_be_bytes([item[0], item[1]]), u16::from_be_bytes([item[2], item[3]]));
        each(Feedback::Nack { ssrc: word(&ssrcs[4..]), first, more });
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn all(packet: &[u8]) -> Vec<Feedback> {
        let mut found = Vec::new();
        read(packet, |f| found.push(f));
        found
    }

    #[test]
    fn sender_reports_are_compound_packets() {
        let of = |ssrc| SenderReport { ssrc, ntp: 7 << 32, time: 960, packets: 3, octets: 420 };
        let mut out = vec![1, 2, 3];
        write_sender_reports(&[of(5)], &mut out);
        let mut expected = vec![0x80, 200, 0, 6, 0, 0, 0, 5, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 3, 0xc0];
        expected.extend([0, 0, 0, 3, 0, 0, 1, 0xa4]);
        expected.extend([0x81, 202, 0, 4, 0, 0, 0, 5, 1, 6, b'h', b'u', b'b', b'b', b'u', b'b', 0, 0, 0, 0]);
        assert_eq!(out, expected);
        let most: Vec<SenderReport> = (1..=MAX_REPORTS as u32).map(of).collect();
        write_sender_reports(&most, &mut out);
        assert!(out.len() <= 1200 && out.len().is_multiple_of(4), "{}", out.len());
    }

    #[test]
    fn reports_and_nacks_are_found_in_a_compound() {
        let mut packet = vec![0x81, RECEIVER_REPORT, 0, 7, 0, 0, 0, 1, 0, 0, 0, 9, 64, 0, 0, 5];
        packet.extend([0, 0, 0, 77, 0, 0, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0]);
        packet.extend([0x81, TRANSPORT_FEEDBACK, 0, 3, 0, 0, 0, 1, 0, 0, 0, 9, 0xff, 0xff, 0x80, 0x01]);
        let block = ReportBlock { ssrc: 9, lost: 64, last_report: 2 << 16, delay: 1 << 16 };
        let nack = Feedback::Nack { ssrc: 9, first: 0xffff, more: 0x8001 };
        assert_eq!(all(&packet), [Feedback::Block(block), nack]);
        assert_eq!(block.round_trip(5 << 32), Some(Duration::from_secs(2)));
        assert_eq!(block.round_trip(2 << 32), None, "from the future");
        assert_eq!(ReportBlock { last_report: 0, ..block }.round_trip(5 << 32), None);
    }

    #[test]
    fn patience_ends_and_comes_back() {
        let now = Instant::now();
        let mut patience = Patience::new(now);
        assert!((0..20).all(|_| patience.is_left(now) && patience.take(100)));
        assert!(!patience.is_left(now) && !patience.take(1));
        let later = now + Duration::from_millis(100);
        assert!(patience.is_left(later) && patience.take(90) && !patience.take(1_000_000));
        assert!(!patience.is_left(later + Duration::from_secs(2)));
        assert!(patience.is_left(later + Duration::from_millis(2100)));
        assert_eq!(Feedback::Nack { ssrc: 1, first: 7, more: 0x8001 }.asks(), 3);
    }

    #[test]
    fn ntp_time_counts_from_1900() {
        assert_eq!(ntp(UNIX_EPOCH), NTP_TO_UNIX << 32);
        assert_eq!(ntp(UNIX_EPOCH + Duration::from_millis(500)) as u32, 1 << 31);
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(packet in prop::collection::vec(any::<u8>(), 0..200)) {
            all(&packet);
        }

        #[test]
        fn cut_and_bent_compounds_are_survived(cut in 0usize..48, at in 0usize..48, byte in any::<u8>()) {
            let mut packet = vec![0x81, RECEIVER_REPORT, 0, 7];
            packet.resize(32, 1);
            packet.extend([0x81, TRANSPORT_FEEDBACK, 0, 3]);
            packet.resize(48, 2);
            packet[at] = byte;
            prop_assert!(all(&packet[..cut]).len() <= 3);
        }
    }
}
