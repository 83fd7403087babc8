//! What a packet carries: enough to recognise it, and when it was sent. Looks like Opus from outside.

use std::sync::OnceLock;
use std::time::Instant;

/// Bytes: Opus at 56 kbit/s in 20 ms.
pub const SIZE: usize = 140;
/// Table of contents of one 20 ms CELT frame, full band, mono (RFC 6716 section 3.1).
const TOC: u8 = 31 << 3;

/// Nanoseconds since the process first asked: one clock for senders and receivers.
pub fn clock() -> u64 {
    static EPOCH: OnceLock<Instant> = OnceLock::new();
    EPOCH.get_or_init(Instant::now).elapsed().as_nanos() as u64
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stamp {
    /// Which talker of all rooms.
    pub talker: u32,
    /// Counts the talker's packets from 0.
    pub number: u32,
    /// Nanoseconds of `clock`.
    pub sent: u64,
}

impl Stamp {
    pub fn write(self) -> Vec<u8> {
        let mut out = Vec::with_capacity(SIZE);
        out.push(TOC);
        out.extend(self.talker.to_le_bytes());
        out.extend(self.number.to_le_bytes());
        out.extend(self.sent.to_le_bytes());
        out.resize(SIZE, 0x5a);
        out
    }

    /// None for what is not ours.
    pub fn read(payload: &[u8]) -> Option<Self> {
        if payload.len() != SIZE || payload[0] != TOC {
            return None;
        }
        let talker = u32::from_le_bytes(payload[1..5].try_into().ok()?);
        let number = u32::from_le_bytes(payload[5..9].try_into().ok()?);
        let sent = u64::from_le_bytes(payload[9..17].try_into().ok()?);
        Some(Stamp { talker, number, sent })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_survives_the_way() {
        let stamp = Stamp { talker: 3, number: 70_000, sent: u64::MAX - 1 };
        let payload = stamp.write();
        assert_eq!(payload.len(), SIZE);
        assert_eq!(Stamp::read(&payload), Some(stamp));
    }

    #[test]
    fn foreign_packets_are_not_counted() {
        assert_eq!(Stamp::read(&[TOC; 20]), None);
        assert_eq!(Stamp::read(&[0; SIZE]), None);
    }

    #[test]
    fn the_clock_never_goes_back() {
        let first = clock();
        assert!(clock() >= first);
    }
}
