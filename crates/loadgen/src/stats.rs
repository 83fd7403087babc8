//! What subscribers count: packets per stream, delays, percentiles.

use std::collections::HashMap;

use crate::payload::Stamp;

/// The time that counts, in nanoseconds of `payload::clock`. A packet belongs to it if it was sent in it.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    pub from: u64,
    pub to: u64,
}

impl Window {
    pub fn holds(&self, sent: u64) -> bool {
        (self.from..self.to).contains(&sent)
    }
}

/// One stream at one subscriber: which packets came, each as one bit.
#[derive(Default)]
struct Flow {
    seen: Vec<u64>,
    received: u32,
    duplicates: u32,
}

impl Flow {
    fn take(&mut self, number: u32) {
        let (word, bit) = (number as usize / 64, 1u64 << (number % 64));
        if self.seen.len() <= word {
            self.seen.resize(word + 1, 0);
        }
        if self.seen[word] & bit != 0 {
            self.duplicates += 1;
        } else {
            self.seen[word] |= bit;
            self.received += 1;
        }
    }
}

/// Packets that a talker sends in the longest run; a number above is not one of ours.
const MOST: u32 = 1 << 20;

/// Everything that one subscriber heard.
#[derive(Default)]
pub struct Heard {
    flows: HashMap<u32, Flow>,
    /// Microseconds, of packets in the window.
    delays: Vec<u32>,
}

impl Heard {
    /// True for the first packet of a stream, in or before the window.
    pub fn packet(&mut self, stamp: Stamp, arrived: u64, window: Option<Window>) -> bool {
        if stamp.number >= MOST {
            return false;
        }
        let fresh = !self.flows.contains_key(&stamp.talker);
        let flow = self.flows.entry(stamp.talker).or_default();
        if window.is_some_and(|w| w.holds(stamp.sent)) {
            flow.take(stamp.number);
            self.delays.push((arrived.saturating_sub(stamp.sent) / 1000) as u32);
        }
        fresh
    }
}

/// The sums of a run.
#[derive(Default)]
pub struct Totals {
    /// Without duplicates.
    pub received: u64,
    pub duplicates: u64,
    /// What should have come: each talker's packets, once per subscriber that hears it.
    pub expected: u64,
    /// Of the worst stream at one subscriber, 0 to 1.
    pub worst_loss: f64,
    /// Streams of which nothing came.
    pub silent_streams: u64,
    /// Microseconds.
    pub delays: Vec<u32>,
}

impl Totals {
    /// `sent` holds the talkers that this subscriber should hear, and how many packets each sent in the window.
    pub fn add(&mut self, heard: &mut Heard, sent: impl Iterator<Item = (u32, u32)>) {
        self.delays.append(&mut heard.delays);
        for (talker, expected) in sent {
            let flow = heard.flows.remove(&talker).unwrap_or_default();
            self.received += u64::from(flow.received);
            self.duplicates += u64::from(flow.duplicates);
            self.expected += u64::from(expected);
            if expected > 0 {
                self.silent_streams += u64::from(flow.received == 0);
                self.worst_loss = self.worst_loss.max(share_lost(flow.received.into(), expected.into()));
            }
        }
    }

    /// 0 to 1.
    pub fn loss(&self) -> f64 {
        share_lost(self.received, self.expected)
    }
}

fn share_lost(received: u64, expected: u64) -> f64 {
    if expected == 0 { 0.0 } else { expected.saturating_sub(received) as f64 / expected as f64 }
}

/// The value that `share` (0 to 1) of the values do not exceed: nearest rank. None of nothing. Sorts in place.
pub fn percentile<T: Copy + Ord>(values: &mut [T], share: f64) -> Option<T> {
    values.sort_unstable();
    let rank = (share * values.len() as f64).ceil() as usize;
    values.get(rank.saturating_sub(1).min(values.len().saturating_sub(1))).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: Option<Window> = Some(Window { from: 1_000_000, to: 9_000_000 });

    fn stamp(talker: u32, number: u32, sent: u64) -> Stamp {
        Stamp { talker, number, sent }
    }

    #[test]
    fn percentiles_are_of_the_nearest_rank() {
        let mut values: Vec<u32> = (1..=100).rev().collect();
        assert_eq!(percentile(&mut values, 0.5), Some(50));
        assert_eq!(percentile(&mut values, 0.99), Some(99));
        assert_eq!(percentile(&mut values, 1.0), Some(100));
        assert_eq!(percentile(&mut [7], 0.5), Some(7));
        assert_eq!(percentile::<u32>(&mut [], 0.5), None);
    }

    #[test]
    fn only_what_was_sent_in_the_window_counts() {
        let mut heard = Heard::default();
        assert!(heard.packet(stamp(1, 0, 500_000), 600_000, WINDOW));
        assert!(!heard.packet(stamp(1, 1, 2_000_000), 2_500_000, WINDOW));
        assert!(!heard.packet(stamp(1, 2, 8_999_999), 9_999_999, WINDOW));
        assert!(!heard.packet(stamp(1, 3, 9_000_000), 9_100_000, WINDOW));
        let mut totals = Totals::default();
        totals.add(&mut heard, [(1, 2)].into_iter());
        assert_eq!((totals.received, totals.expected, totals.loss()), (2, 2, 0.0));
        assert_eq!(totals.delays, [500, 1000]);
    }

    #[test]
    fn loss_and_duplicates_are_told_apart() {
        let mut heard = Heard::default();
        for number in [0, 1, 1, 3, 200, 200, 200] {
            heard.packet(stamp(1, number, 2_000_000), 2_000_000, WINDOW);
        }
        let mut totals = Totals::default();
        totals.add(&mut heard, [(1, 5)].into_iter());
        assert_eq!((totals.received, totals.duplicates), (4, 3));
        assert!((totals.loss() - 0.2).abs() < 1e-9);
    }

    #[test]
    fn a_stream_that_never_came_is_named_and_is_the_worst() {
        let mut heard = Heard::default();
        heard.packet(stamp(1, 0, 2_000_000), 2_000_000, WINDOW);
        let mut totals = Totals::default();
        totals.add(&mut heard, [(1, 1), (2, 9)].into_iter());
        assert_eq!((totals.silent_streams, totals.worst_loss), (1, 1.0));
        assert!((totals.loss() - 0.9).abs() < 1e-9);
    }

    #[test]
    fn absurd_numbers_take_no_memory() {
        let mut heard = Heard::default();
        assert!(!heard.packet(stamp(1, u32::MAX, 2_000_000), 2_000_000, WINDOW));
        assert!(heard.flows.is_empty());
    }
}
