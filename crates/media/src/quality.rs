//! The last one or two seconds of one peer, both connections added up.

use std::time::{Duration, Instant};

use crate::event::{QualityReport, Side};
use crate::report::Report;

pub const INTERVAL: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub struct Meter {
    since: Instant,
    publisher: Report,
    subscriber: Report,
    /// Byte counters of both connections when the interval began.
    bytes: (u64, u64),
}

impl Meter {
    pub fn new(now: Instant) -> Self {
        Meter { since: now, publisher: Report::default(), subscriber: Report::default(), bytes: (0, 0) }
    }

    pub fn report(&mut self, side: Side, report: Report) {
        match side {
            Side::Publisher => self.publisher = report,
            Side::Subscriber => self.subscriber = report,
        }
    }

    pub fn is_due(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.since) >= INTERVAL
    }

    /// It has measured long enough to be closed together with one that is due.
    pub fn may_close(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.since) >= INTERVAL / 2
    }

    /// `bytes`: everything received from and sent to the peer so far. They fall when a connection is replaced.
    pub fn close(&mut self, now: Instant, bytes: (u64, u64)) -> QualityReport {
        let seconds = now.saturating_duration_since(self.since).as_secs_f64().max(0.001);
        let rate = |now: u64, then: u64| (now.saturating_sub(then) as f64 * 8.0 / seconds) as u64;
        let ms = |d: Option<Duration>| d.unwrap_or_default().as_secs_f32() * 1e3;
        let report = QualityReport {
            loss_in: self.publisher.loss_in.unwrap_or(0.0),
            loss_out: self.subscriber.loss_out.unwrap_or(0.0),
            rtt_ms: ms(self.publisher.rtt.max(self.subscriber.rtt)),
            jitter_ms: ms(self.publisher.jitter),
            bitrate_in: rate(bytes.0, self.bytes.0),
            bitrate_out: rate(bytes.1, self.bytes.1),
        };
        *self = Meter { bytes, ..Meter::new(now) };
        report
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn meters_that_began_apart_close_together_from_then_on() {
        let t = Instant::now();
        let (mut early, mut late) = (Meter::new(t), Meter::new(t + INTERVAL / 2));
        let now = t + INTERVAL;
        assert!(early.is_due(now) && !late.is_due(now) && late.may_close(now));
        assert!(!Meter::new(now).may_close(now));
        assert_eq!(early.close(now, (2000, 0)).bitrate_in, 8000);
        assert_eq!(late.close(now, (2000, 0)).bitrate_in, 16_000);
        assert!(early.is_due(now + INTERVAL) && late.is_due(now + INTERVAL));
    }
}
