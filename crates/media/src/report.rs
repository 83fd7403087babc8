//! What one transport measured, gathered from str0m's statistics.

use std::time::Duration;

use str0m::stats::{MediaEgressStats, MediaIngressStats};

/// What a transport saw since the last report; every `REPORT_INTERVAL`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Report {
    /// Share of packets lost on the way to us, 0..1, the mean over streams.
    pub loss_in: Option<f32>,
    /// Share that the client says it lost, 0..1, the mean over streams.
    pub loss_out: Option<f32>,
    pub rtt: Option<Duration>,
    /// Of the worst audio stream that comes in.
    pub jitter: Option<Duration>,
}

/// str0m visits every stream for its statistics, so not more often than they are used.
pub const REPORT_INTERVAL: Duration = Duration::from_secs(2);

/// A burst of statistics that is coming in, with the number of streams that had something to say.
#[derive(Default)]
pub struct Gathering {
    report: Report,
    inbound: u32,
    outbound: u32,
}

impl Gathering {
    pub fn inbound(&mut self, s: &MediaIngressStats, audio: bool) {
        if let Some(loss) = s.loss {
            self.inbound += 1;
            mean(&mut self.report.loss_in, loss, self.inbound);
        }
        // Video's jitter is mostly its own making: frames leave in bursts.
        if audio {
            let jitter = Duration::from_micros(u64::from(s.jitter) * 1000 / 48); // 48 kHz ticks
            self.report.jitter = self.report.jitter.max(Some(jitter));
        }
        self.report.rtt = self.report.rtt.max(s.rtt);
    }

    pub fn outbound(&mut self, s: &MediaEgressStats) {
        if let Some(loss) = s.loss {
            self.outbound += 1;
            mean(&mut self.report.loss_out, loss, self.outbound);
        }
        self.report.rtt = self.report.rtt.max(s.rtt);
    }

    /// Of the streams that we send ourselves.
    pub fn audio(&mut self, losses: impl Iterator<Item = f32>, rtt: Option<Duration>) {
        for loss in losses {
            self.outbound += 1;
            mean(&mut self.report.loss_out, loss, self.outbound);
        }
        self.report.rtt = self.report.rtt.max(rtt);
    }

    pub fn finish(self) -> Report {
        self.report
    }
}

fn mean(so_far: &mut Option<f32>, value: f32, count: u32) {
    let old = so_far.unwrap_or(0.0);
    *so_far = Some(old + (value - old) / count as f32);
}
