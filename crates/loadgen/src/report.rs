//! What is told of a run: one line of JSON, and one for people.

use serde_json::{Value, json};

use crate::client::{Departed, Milestones};
use crate::crowd::Lost;
use crate::plan::Plan;
use crate::stats::{Totals, percentile};

/// What the window took. CPU in seconds, memory in MiB; None without a process id.
#[derive(Clone, Copy, Default)]
pub struct Cost {
    pub server_cpu: Option<f64>,
    pub server_memory: Option<f64>,
    pub own_cpu: f64,
    pub load_average: f64,
}

/// Milliseconds.
#[derive(Clone, Copy, Default)]
pub struct Spread {
    p50: Option<f64>,
    p99: Option<f64>,
}

impl Spread {
    fn of_micros(values: &mut [u32]) -> Self {
        let mut at = |share| percentile(values, share).map(|v| f64::from(v) / 1000.0);
        Spread { p50: at(0.5), p99: at(0.99) }
    }

    fn json(self) -> Value {
        json!({"p50": self.p50.map(hundredth), "p99": self.p99.map(hundredth)})
    }

    fn words(self) -> String {
        let word = |v: Option<f64>| v.map_or("-".into(), |v| format!("{v:.1}"));
        format!("{} / {} ms", word(self.p50), word(self.p99))
    }
}

pub struct MediaReport {
    shape: Value,
    joined: usize,
    /// Of those that got in.
    thrown_out: usize,
    failed: usize,
    first_fault: Option<String>,
    /// Length of the window.
    seconds: f64,
    totals: Totals,
    delay: Spread,
    join: Spread,
    first_packet: Spread,
    cost: Cost,
}

impl MediaReport {
    /// Of those that were there to the end, and those that were lost on the way.
    pub fn new(plan: &Plan, mut clients: Vec<Departed>, lost: &[Lost], cost: Cost) -> Self {
        let counted: std::collections::HashMap<u32, u32> =
            clients.iter().filter_map(|c| Some((c.guest.talker?, c.counted))).collect();
        let mut totals = Totals::default();
        for client in &mut clients {
            let audible = plan.audible(&client.guest);
            totals.add(&mut client.heard, audible.map(|t| (t, counted.get(&t).copied().unwrap_or_default())));
        }
        let stones = || clients.iter().map(|c| c.milestones);
        let thrown_out = lost.iter().filter(|l| l.was_up).count();
        MediaReport {
            shape: json!({
                "rooms": plan.rooms, "publishers": plan.publishers, "subscribers": plan.subscribers,
                "talking": plan.talking, "mesh": plan.mesh,
            }),
            joined: stones().filter(|m| m.up.is_some()).count() + thrown_out,
            thrown_out,
            failed: lost.len() - thrown_out + stones().filter(|m| m.up.is_none()).count(),
            first_fault: lost.first().map(|l| l.why.clone()),
            seconds: plan.seconds as f64,
            delay: Spread::of_micros(&mut totals.delays),
            totals,
            join: Spread::of_micros(&mut since_opened(stones(), |m| m.up)),
            first_packet: Spread::of_micros(&mut since_opened(stones(), |m| m.first_packet)),
            cost,
        }
    }

    pub fn clean(&self) -> bool {
        self.failed == 0 && self.thrown_out == 0 && self.totals.silent_streams == 0
    }

    /// Of the server's CPU, for each packet that reached a subscriber.
    fn micros_per_packet(&self) -> Option<f64> {
        let packets = self.totals.received + self.totals.duplicates;
        self.cost.server_cpu.filter(|_| packets > 0).map(|cpu| cpu * 1e6 / packets as f64)
    }

    fn percent(&self, cpu: f64) -> f64 {
        hundredth(cpu / self.seconds * 100.0)
    }

    pub fn json(&self) -> Value {
        json!({
            "mode": "media", "shape": self.shape, "seconds": self.seconds,
            "joined": self.joined, "failed": self.failed, "thrown_out": self.thrown_out,
            "first_fault": self.first_fault,
            "expected_pps": hundredth(self.totals.expected as f64 / self.seconds),
            "received_pps": hundredth(self.totals.received as f64 / self.seconds),
            "loss": self.totals.loss(), "worst_stream_loss": self.totals.worst_loss,
            "silent_streams": self.totals.silent_streams, "duplicates": self.totals.duplicates,
            "latency_ms": self.delay.json(), "join_ms": self.join.json(),
            "first_packet_ms": self.first_packet.json(),
            "server_us_per_packet": self.micros_per_packet().map(hundredth),
            "server_cpu_percent": self.cost.server_cpu.map(|cpu| self.percent(cpu)),
            "server_rss_mib": self.cost.server_memory.map(hundredth),
            "loadgen_cpu_percent": self.percent(self.cost.own_cpu),
            "load_average": self.cost.load_average,
        })
    }

    pub fn words(&self) -> String {
        let server = self.micros_per_packet().map_or(String::new(), |us| {
            let cpu = self.cost.server_cpu.unwrap_or_default() / self.seconds * 100.0;
            format!(
                "; server {us:.1} us/packet, {cpu:.0} % CPU, {:.0} MiB",
                self.cost.server_memory.unwrap_or_default()
            )
        });
        let fault = self.first_fault.as_ref().map_or(String::new(), |why| format!("; first fault: {why}"));
        format!(
            "{} in ({} failed, {} thrown out); {:.0} packets/s, loss {:.3} %, {} duplicates; latency {}, join {}, first \
             packet {} (p50 / p99){server}; own CPU {:.0} %, load {:.1}{fault}",
            self.joined,
            self.failed,
            self.thrown_out,
            self.totals.received as f64 / self.seconds,
            self.totals.loss() * 100.0,
            self.totals.duplicates,
            self.delay.words(),
            self.join.words(),
            self.first_packet.words(),
            self.cost.own_cpu / self.seconds * 100.0,
            self.cost.load_average,
        )
    }
}

/// Microseconds from the opening of the connection.
fn since_opened(stones: impl Iterator<Item = Milestones>, what: impl Fn(Milestones) -> Option<u64>) -> Vec<u32> {
    stones.filter_map(|m| Some((what(m)?.saturating_sub(m.opened) / 1000) as u32)).collect()
}

/// Rounded to two places.
pub fn hundredth(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::tests::plan;

    fn report(totals: Totals, cost: Cost) -> MediaReport {
        MediaReport { totals, ..MediaReport::new(&plan(), vec![], &[], cost) }
    }

    #[test]
    fn the_servers_time_is_shared_by_what_was_delivered() {
        let totals = Totals { received: 900, duplicates: 100, expected: 1000, ..Totals::default() };
        let told = report(totals, Cost { server_cpu: Some(0.01), ..Cost::default() });
        assert_eq!(told.json()["server_us_per_packet"], 10.0);
        assert_eq!(told.json()["server_cpu_percent"], 1.0);
        assert!(told.words().contains("server 10.0 us/packet"));
    }

    #[test]
    fn what_was_not_measured_is_null_and_not_zero() {
        let told = report(Totals::default(), Cost::default());
        for name in ["server_us_per_packet", "server_cpu_percent", "server_rss_mib"] {
            assert!(told.json()[name].is_null(), "{name}");
        }
        assert!(told.json()["latency_ms"]["p50"].is_null());
        assert!(!told.words().contains("server"));
    }

    #[test]
    fn the_lost_are_told_apart() {
        let lost = |was_up| Lost { publishes: true, was_up, why: "w".into() };
        let told = MediaReport::new(&plan(), vec![], &[lost(true), lost(false), lost(false)], Cost::default());
        let json = told.json();
        assert_eq!((&json["joined"], &json["failed"], &json["thrown_out"]), (&json!(1), &json!(2), &json!(1)));
        assert!(!told.clean() && json["first_fault"] == "w" && told.words().ends_with("first fault: w"));
    }
}
