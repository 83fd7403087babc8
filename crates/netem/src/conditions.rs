//! What is wrong with one direction of a link.

use std::str::FromStr;
use std::time::Duration;

/// Shares are 0 to 1. The default is a perfect link.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Conditions {
    /// Share of datagrams that are lost, each for itself.
    pub loss: f64,
    /// Share of datagrams at which a burst begins, in which all are lost (Gilbert's model).
    pub burst: f64,
    /// Mean number of datagrams in a burst.
    pub burst_length: f64,
    /// What every datagram takes.
    pub delay: Duration,
    /// And up to so much more, evenly spread. Order is kept: a queue somewhere is the usual reason.
    pub jitter: Duration,
    /// Share of datagrams that are held back for `hold`, while later ones overtake them.
    pub reorder: f64,
    pub hold: Duration,
    /// Share of datagrams that arrive twice.
    pub duplicate: f64,
    /// Bit/s of UDP payload; 0 is without limit.
    pub rate: u64,
    /// Bytes that may wait for `rate`; what does not fit is lost.
    pub queue: usize,
}

impl Default for Conditions {
    fn default() -> Self {
        Conditions {
            loss: 0.0,
            burst: 0.0,
            burst_length: 5.0,
            delay: Duration::ZERO,
            jitter: Duration::ZERO,
            reorder: 0.0,
            hold: Duration::from_millis(30),
            duplicate: 0.0,
            rate: 0,
            queue: 32 * 1024,
        }
    }
}

const LONGEST: f64 = 10_000.0;

impl FromStr for Conditions {
    type Err = String;

    /// Names of the fields: `loss=5,delay=40,reorder=1`. Shares in per cent, times in milliseconds, `rate` in kbit/s.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut c = Conditions::default();
        for word in text.split(',').map(str::trim).filter(|w| !w.is_empty()) {
            let (name, value) = word.split_once('=').ok_or(format!("{word:?}: name=value is wanted"))?;
            let number: f64 = value.parse().map_err(|_| format!("{word:?}: not a number"))?;
            let within = |most: f64| {
                if (0.0..=most).contains(&number) { Ok(number) } else { Err(format!("{word:?}: 0 to {most}")) }
            };
            let share = || within(100.0).map(|n| n / 100.0);
            let time = || within(LONGEST).map(|n| Duration::from_secs_f64(n / 1000.0));
            match name {
                "loss" => c.loss = share()?,
                "burst" => c.burst = share()?,
                "burst_length" => c.burst_length = within(1000.0)?.max(1.0),
                "delay" => c.delay = time()?,
                "jitter" => c.jitter = time()?,
                "reorder" => c.reorder = share()?,
                "hold" => c.hold = time()?,
                "duplicate" => c.duplicate = share()?,
                "rate" => c.rate = (within(1e7)? * 1000.0) as u64,
                "queue" => c.queue = within(1e8)? as usize,
                _ => return Err(format!("{name:?} is not a condition")),
            }
        }
        Ok(c)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_become_conditions() {
        let c: Conditions = "loss=5, delay=40,rate=300".parse().unwrap();
        assert_eq!((c.loss, c.delay, c.rate), (0.05, Duration::from_millis(40), 300_000));
        assert_eq!("".parse(), Ok(Conditions::default()));
        for wrong in ["loss", "loss=x", "loss=101", "delay=-1", "what=1", "jitter=NaN"] {
            assert!(wrong.parse::<Conditions>().is_err(), "{wrong}");
        }
    }
}
