//! People come and go in one room, a few at a time; what the server keeps of them is memory.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::client::Client;
use crate::crowd::Crowd;
use crate::payload::clock;
use crate::plan::{Guest, Plan};
use crate::report::hundredth;
use crate::server::{Server, load_average};

/// In the room at once.
const WIDTH: usize = 8;
/// How long a visitor stays after it is in: some packets long.
const STAY: Duration = Duration::from_millis(200);
/// For the server to clear up after the last one.
const SETTLE: Duration = Duration::from_secs(2);
/// Of the whole run, per visitor: a server that answers nobody is given up.
const PATIENCE: Duration = Duration::from_secs(1);
const PATIENCE_MORE: Duration = Duration::from_secs(60);

pub struct ChurnReport {
    visits: usize,
    failed: usize,
    first_fault: Option<String>,
    seconds: f64,
    /// MiB: before, after a tenth, after half, after all, and after the calm.
    memory: [Option<f64>; 5],
    /// MiB: the most, while they came and went.
    peak: Option<f64>,
}

/// `rude`: visitors are gone without a goodbye, and their seats wait for them.
pub fn churn(plan: &Plan, visits: usize, rude: bool, server: Option<Server>) -> Result<ChurnReport, String> {
    let mut crowd = Crowd::new()?;
    let memory = || server.and_then(Server::memory);
    let mut report = ChurnReport {
        visits: 0,
        failed: 0,
        first_fault: None,
        seconds: 0.0,
        memory: [memory(), None, None, None, None],
        peak: None,
    };
    let (began, mut opened) = (Instant::now(), 0);
    let deadline = began + PATIENCE_MORE + PATIENCE * visits as u32;
    while report.visits + report.failed < visits && Instant::now() < deadline {
        while opened < visits && crowd.clients().count() < WIDTH {
            let lost = crowd.open(plan, visitor(opened)).err();
            report.lose(lost.map(|l| l.why));
            opened += 1;
        }
        report.lose(crowd.turn(None).into_iter().map(|l| l.why));
        let stayed = |c: &Client| has_stayed(c, clock());
        report.visits += if rude { crowd.abandon(stayed) } else { crowd.dismiss(stayed).len() };
        report.peak = report.peak.into_iter().chain(memory()).reduce(f64::max);
        for (at, share) in [(1, visits.div_ceil(10)), (2, visits.div_ceil(2)), (3, visits)] {
            if report.memory[at].is_none() && report.visits + report.failed >= share {
                report.memory[at] = memory();
            }
        }
    }
    report.failed += crowd.disband().len();
    report.seconds = began.elapsed().as_secs_f64();
    std::thread::sleep(SETTLE);
    report.memory[4] = memory();
    Ok(report)
}

/// Everybody talks and listens.
fn visitor(number: usize) -> Guest {
    Guest {
        room: 0,
        identity: format!("v{number}"),
        turn: number,
        publishes: true,
        subscribes: true,
        talker: Some(number as u32),
    }
}

fn has_stayed(client: &Client, now: u64) -> bool {
    client.milestones.up.is_some_and(|up| now > up + STAY.as_nanos() as u64)
}

impl ChurnReport {
    fn lose(&mut self, why: impl IntoIterator<Item = String>) {
        for why in why {
            self.failed += 1;
            self.first_fault.get_or_insert(why);
        }
    }

    pub fn clean(&self) -> bool {
        self.failed == 0
    }

    pub fn json(&self) -> Value {
        let [before, tenth, half, all, calm] = self.memory.map(|m| m.map(hundredth));
        json!({
            "mode": "churn", "visits": self.visits, "failed": self.failed, "first_fault": self.first_fault,
            "seconds": hundredth(self.seconds), "load_average": load_average(),
            "server_rss_mib": {"before": before, "tenth": tenth, "half": half, "all": all, "after": calm,
                "peak": self.peak.map(hundredth)},
        })
    }

    pub fn words(&self) -> String {
        let memory: Vec<String> = self.memory.iter().flatten().map(|m| format!("{m:.1}")).collect();
        let fault = self.first_fault.as_ref().map_or(String::new(), |why| format!("; first fault: {why}"));
        format!(
            "{} joins and leaves ({} failed) in {:.0} s; server MiB before, after 10 %, 50 %, all, and a calm: {}{fault}",
            self.visits,
            self.failed,
            self.seconds,
            memory.join(", "),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_told_in_order_and_faults_are_counted() {
        let memory = [Some(100.0), Some(110.0), Some(111.0), Some(111.5), None];
        let mut report = ChurnReport { visits: 9, failed: 0, first_fault: None, seconds: 3.0, memory, peak: None };
        assert!(report.clean() && report.words().ends_with("100.0, 110.0, 111.0, 111.5"));
        report.lose(["first".to_owned(), "second".to_owned()]);
        assert_eq!((report.failed, report.json()["first_fault"].as_str()), (2, Some("first")));
        assert!(report.json()["server_rss_mib"]["after"].is_null());
    }
}
