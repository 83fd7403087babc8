//! One direction of one flow: which datagram leaves when. No I/O; time comes from the caller.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use std::time::{Duration, Instant};

use crate::conditions::Conditions;
use crate::dice::Dice;

/// Datagrams under way at once; more are lost, whatever the conditions say.
const MOST_WAITING: usize = 16 * 1024;

/// What became of the datagrams so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub offered: u64,
    /// By chance, alone or in a burst.
    pub lost: u64,
    /// For want of room in the queue.
    pub overflowed: u64,
    pub duplicated: u64,
    pub held: u64,
    pub passed: u64,
}

impl Counts {
    pub(crate) fn add(&mut self, other: &Counts) {
        self.offered += other.offered;
        self.lost += other.lost;
        self.overflowed += other.overflowed;
        self.duplicated += other.duplicated;
        self.held += other.held;
        self.passed += other.passed;
    }
}

pub struct Link<T> {
    conditions: Conditions,
    dice: Dice,
    in_burst: bool,
    waiting: BinaryHeap<Reverse<Waiting<T>>>,
    /// Datagrams so far: those due at the same time leave in the order of their coming.
    turn: u64,
    /// When the last datagram that kept its place leaves.
    last: Option<Instant>,
    /// When the rate allows the next one to begin.
    free: Option<Instant>,
    pub counts: Counts,
}

struct Waiting<T> {
    due: Instant,
    turn: u64,
    datagram: T,
}

impl<T: Clone> Link<T> {
    pub fn new(conditions: Conditions, seed: u64) -> Self {
        Link {
            conditions,
            dice: Dice::new(seed),
            in_burst: false,
            waiting: BinaryHeap::new(),
            turn: 0,
            last: None,
            free: None,
            counts: Counts::default(),
        }
    }

    /// For datagrams that come from now on.
    pub fn change(&mut self, conditions: Conditions) {
        self.conditions = conditions;
    }

    /// `size` in bytes.
    pub fn push(&mut self, now: Instant, size: usize, datagram: T) {
        let c = self.conditions;
        self.counts.offered += 1;
        // Always the same number of rolls: what happens to one datagram says nothing of the next one's luck.
        let [loss, burst, jitter, reorder, duplicate] = std::array::from_fn(|_| self.dice.share());
        self.in_burst = if self.in_burst { burst >= 1.0 / c.burst_length } else { burst < c.burst };
        if self.in_burst || loss < c.loss {
            self.counts.lost += 1;
            return;
        }
        let Some(sent) = self.transmit(now, size).filter(|_| self.waiting.len() < MOST_WAITING) else {
            self.counts.overflowed += 1;
            return;
        };
        let mut due = sent + c.delay + c.jitter.mul_f64(jitter);
        if reorder < c.reorder {
            due += c.hold;
            self.counts.held += 1;
        } else {
            due = self.last.map_or(due, |last| due.max(last));
            self.last = Some(due);
        }
        if duplicate < c.duplicate {
            self.counts.duplicated += 1;
            self.wait(due, datagram.clone());
        }
        self.wait(due, datagram);
    }

    /// What leaves by `now`, in order.
    pub fn pop(&mut self, now: Instant) -> Option<T> {
        self.next().filter(|due| *due <= now)?;
        self.counts.passed += 1;
        self.waiting.pop().map(|Reverse(w)| w.datagram)
    }

    /// When the next one leaves.
    pub fn next(&self) -> Option<Instant> {
        self.waiting.peek().map(|Reverse(w)| w.due)
    }

    /// When its last bit is through the bottleneck; None if the queue in front of that is full.
    fn transmit(&mut self, now: Instant, size: usize) -> Option<Instant> {
        if self.conditions.rate == 0 {
            return Some(now);
        }
        let per_byte = 8.0 / self.conditions.rate as f64;
        let begin = self.free.map_or(now, |free| free.max(now));
        let queued = begin.saturating_duration_since(now).as_secs_f64() / per_byte;
        if queued + size as f64 > self.conditions.queue as f64 {
            return None;
        }
        self.free = Some(begin + Duration::from_secs_f64(size as f64 * per_byte));
        self.free
    }

    fn wait(&mut self, due: Instant, datagram: T) {
        self.turn += 1;
        self.waiting.push(Reverse(Waiting { due, turn: self.turn, datagram }));
    }
}

impl<T> Waiting<T> {
    fn key(&self) -> (Instant, u64) {
        (self.due, self.turn)
    }
}

impl<T> PartialEq for Waiting<T> {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl<T> Eq for Waiting<T> {}

impl<T> PartialOrd for Waiting<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Waiting<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    /// What 10,000 datagrams of 100 bytes, one per millisecond, become: (number, milliseconds after it was sent).
    fn run(conditions: &str, seed: u64) -> (Vec<(u64, u64)>, Counts) {
        let (mut link, start) = (Link::new(conditions.parse().unwrap(), seed), Instant::now());
        let mut out = Vec::new();
        for step in 0..20_000u64 {
            let now = start + MS * step as u32;
            if step < 10_000 {
                link.push(now, 100, step);
            }
            while let Some(number) = link.pop(now) {
                out.push((number, step - number));
            }
        }
        (out, link.counts)
    }

    fn ordered(out: &[(u64, u64)]) -> bool {
        out.is_sorted_by_key(|(number, _)| *number)
    }

    #[test]
    fn a_perfect_link_changes_nothing() {
        let (out, counts) = run("", 1);
        assert!(out.len() == 10_000 && ordered(&out) && out.iter().all(|(_, late)| *late == 0));
        assert_eq!(counts, Counts { offered: 10_000, passed: 10_000, ..Counts::default() });
    }

    #[test]
    fn the_seed_decides_and_nothing_else() {
        let all = "loss=5,burst=1,delay=10,jitter=20,reorder=2,duplicate=2";
        assert_eq!(run(all, 7), run(all, 7));
        assert_ne!(run(all, 7).0, run(all, 8).0);
    }

    #[test]
    fn loss_is_as_asked() {
        for percent in [1, 5, 20] {
            let (out, counts) = run(&format!("loss={percent}"), 3);
            let lost = 10_000 - out.len() as i64;
            assert!((lost - percent * 100).abs() < 30 + percent * 8, "{percent} %: {lost}");
            assert_eq!(counts.lost, lost as u64);
        }
    }

    #[test]
    fn bursts_are_as_long_as_asked() {
        let (out, counts) = run("burst=1,burst_length=8", 3);
        let gaps = out.windows(2).filter(|w| w[1].0 != w[0].0 + 1).count() as f64;
        let mean = counts.lost as f64 / gaps;
        assert!((6.0..10.0).contains(&mean), "{mean}");
        assert!((60.0..140.0).contains(&gaps), "{gaps}");
    }

    #[test]
    fn delay_and_jitter_keep_the_order() {
        let (out, _) = run("delay=40,jitter=30", 3);
        assert!(out.len() == 10_000 && ordered(&out));
        assert!(out.iter().all(|(_, late)| (40..=71).contains(late)));
        assert!(out.iter().any(|(_, late)| *late < 60) && out.iter().any(|(_, late)| *late > 65));
    }

    #[test]
    fn held_datagrams_are_overtaken_and_arrive() {
        let (out, counts) = run("reorder=3,hold=25", 3);
        assert!(out.len() == 10_000 && !ordered(&out));
        assert_eq!(out.iter().filter(|(_, late)| *late == 25).count() as u64, counts.held);
        assert!((200..400).contains(&counts.held));
    }

    #[test]
    fn some_come_twice() {
        let (out, counts) = run("duplicate=4", 3);
        assert_eq!(out.len() as u64, 10_000 + counts.duplicated);
        assert!((300..500).contains(&counts.duplicated) && ordered(&out));
    }

    #[test]
    fn a_narrow_link_lets_its_rate_through_and_its_queue_is_bounded() {
        let (out, counts) = run("rate=400,queue=5000", 3); // half of what is sent
        let through = out.iter().filter(|(n, late)| n + late < 10_000).count();
        assert!((4900..5110).contains(&through), "{through}");
        assert!(out.iter().all(|(_, late)| *late <= 101), "5,000 bytes take 100 ms");
        assert_eq!(counts.overflowed + counts.passed, 10_000);
    }
}
