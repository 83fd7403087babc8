//! A talker's stream: a packet every 20 ms.

use std::time::{Duration, Instant};

use str0m::media::Mid;
use str0m::rtp::{ExtensionValues, RtpWrite};

use crate::payload::{Stamp, clock};
use crate::pc::Pc;
use crate::stats::Window;

const FRAME: Duration = Duration::from_millis(20);
/// Of Opus' 48 kHz clock.
const TICKS: u32 = 960;
const OPUS: u8 = 111;
/// dBov.
const LEVEL: i8 = -30;
/// A sender that is further behind than this skips, as a sound card would.
const LATE: Duration = Duration::from_millis(200);
const FIRST_SEQUENCE: u64 = 1000;

pub struct Voice {
    mid: Mid,
    talker: u32,
    /// Packets so far.
    number: u32,
    /// Packets in the window.
    pub counted: u32,
    pub next: Instant,
}

impl Voice {
    /// Talkers do not speak at the same moment: each has its own place in the 20 ms.
    pub fn new(mid: Mid, talker: u32) -> Self {
        Voice { mid, talker, number: 0, counted: 0, next: Instant::now() + phase(talker) }
    }

    /// Sends what is due, once the connection is up.
    pub fn speak(&mut self, pc: &mut Pc, now: Instant, window: Option<Window>) -> Result<(), String> {
        if self.next + LATE < now || !pc.up {
            while self.next <= now {
                self.next += FRAME;
            }
        }
        while self.next <= now {
            self.next += FRAME;
            self.packet(pc, window);
            pc.flush(Instant::now(), &mut |_| ())?;
        }
        Ok(())
    }

    fn packet(&mut self, pc: &mut Pc, window: Option<Window>) {
        let stamp = Stamp { talker: self.talker, number: self.number, sent: clock() };
        let extensions =
            ExtensionValues { audio_level: Some(LEVEL), voice_activity: Some(true), ..ExtensionValues::default() };
        let (sequence, time) = (FIRST_SEQUENCE + u64::from(self.number), self.number.wrapping_mul(TICKS));
        let write = RtpWrite::new(OPUS.into(), sequence.into(), time, Instant::now(), stamp.write())
            .ext_vals(extensions)
            .marker(self.number == 0);
        if let Some(tx) = pc.rtc.direct_api().stream_tx_by_mid(self.mid, None) {
            tx.write_rtp(write);
            self.number += 1;
            self.counted += u32::from(window.is_some_and(|w| w.holds(stamp.sent)));
        }
    }
}

/// Spreads any number of talkers evenly: multiples of the golden ratio.
fn phase(talker: u32) -> Duration {
    FRAME.mul_f64((f64::from(talker) * 0.618_034).fract())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn talkers_are_spread_over_the_frame() {
        let mut places: Vec<u128> = (0..10).map(|t| phase(t).as_millis() / 2).collect();
        places.sort_unstable();
        places.dedup();
        assert!(places.len() >= 8 && phase(0) == Duration::ZERO && phase(1000) < FRAME);
    }
}
