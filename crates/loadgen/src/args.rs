//! The command line.

use std::net::{SocketAddr, ToSocketAddrs};

use crate::plan::Plan;
use crate::token::Operator;

pub const USAGE: &str = "loadgen: voice rooms full of people, for a LiveKit-compatible server on this machine

  loadgen --url ws://127.0.0.1:8080 --key KEY --secret SECRET [options]

  --rooms R         rooms (1)
  --publishers P    in each room, each with one audio track (1)
  --talking T       of them send; the others keep silent (all)
  --subscribers N   in each room, who only listen (1)
  --mesh            publishers listen to each other as well
  --seconds S       length of the measurement (8, at most 120)
  --join-rate J     joins per second (25)
  --threads K       of the load generator (1)
  --pid PID         of the server: its CPU and memory are reported
  --churn C         instead of all this: C joins and leaves in one room, and the server's memory before and after
  --rude            with --churn: they are gone without a goodbye
  --json            only the line of JSON
";

/// Participants in all rooms. Each takes three sockets.
const MOST_GUESTS: u64 = 2000;
const MOST_SECONDS: u64 = 120;
const MOST_CHURN: u64 = 20_000;

#[derive(Debug)]
pub struct Args {
    pub plan: Plan,
    /// Joins and leaves; 0 for a measurement of media.
    pub churn: usize,
    /// Visitors say no goodbye.
    pub rude: bool,
    pub pid: Option<u32>,
    pub json: bool,
}

impl Args {
    /// The sentence says what is wrong.
    pub fn read(words: impl Iterator<Item = String>) -> Result<Self, String> {
        let given = Given::read(words)?;
        let publishers = given.number("publishers", 1, MOST_GUESTS)?;
        let join_rate = given.number("join-rate", 25, 1000)?;
        let plan = Plan {
            server: loopback(given.text("url")?)?,
            operator: Operator { key: given.text("key")?.into(), secret: given.text("secret")?.into() },
            run: std::process::id(),
            rooms: given.number("rooms", 1, MOST_GUESTS)?.max(1) as usize,
            publishers: publishers as usize,
            subscribers: given.number("subscribers", 1, MOST_GUESTS)? as usize,
            talking: given.number("talking", publishers, publishers)? as usize,
            mesh: given.flag("mesh"),
            seconds: given.number("seconds", 8, MOST_SECONDS)?.max(1),
            join_rate: join_rate.max(1) as f64,
            threads: given.number("threads", 1, 16)?.max(1) as usize,
        };
        if plan.total() as u64 > MOST_GUESTS {
            return Err(format!("{} participants; {MOST_GUESTS} are the most", plan.total()));
        }
        Ok(Args {
            plan,
            churn: given.number("churn", 0, MOST_CHURN)? as usize,
            rude: given.flag("rude"),
            pid: given.find("pid").map(|p| p.parse().map_err(|_| "--pid: not a number")).transpose()?,
            json: given.flag("json"),
        })
    }
}

/// Options as they were given.
struct Given(Vec<(String, String)>);

impl Given {
    fn read(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        const FLAGS: [&str; 3] = ["mesh", "rude", "json"];
        const VALUES: [&str; 12] = [
            "url",
            "key",
            "secret",
            "rooms",
            "publishers",
            "subscribers",
            "talking",
            "seconds",
            "join-rate",
            "threads",
            "pid",
            "churn",
        ];
        let mut given = Vec::new();
        while let Some(word) = words.next() {
            let name = word.strip_prefix("--").unwrap_or_default().to_owned();
            if FLAGS.contains(&&*name) {
                given.push((name, String::new()));
            } else if VALUES.contains(&&*name) {
                let value = words.next().ok_or(format!("{word} needs a value"))?;
                given.push((name, value));
            } else {
                return Err(format!("{word} is not known"));
            }
        }
        Ok(Given(given))
    }

    fn find(&self, name: &str) -> Option<&str> {
        self.0.iter().rev().find(|(n, _)| n == name).map(|(_, value)| &**value)
    }

    fn text(&self, name: &str) -> Result<&str, String> {
        self.find(name).filter(|v| !v.is_empty()).ok_or(format!("--{name} is missing"))
    }

    fn flag(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    fn number(&self, name: &str, otherwise: u64, most: u64) -> Result<u64, String> {
        let Some(text) = self.find(name) else { return Ok(otherwise) };
        let number = text.parse().map_err(|_| format!("--{name}: not a number"))?;
        if number > most { Err(format!("--{name}: {most} is the most")) } else { Ok(number) }
    }
}

/// This is for one's own machine: at another it would be an attack.
fn loopback(url: &str) -> Result<SocketAddr, String> {
    let host = url.strip_prefix("ws://").or(url.strip_prefix("http://")).ok_or("--url: ws://HOST:PORT")?;
    let mut found = host.trim_end_matches('/').to_socket_addrs().map_err(|e| format!("--url: {e}"))?;
    found.find(|a| a.ip().is_loopback()).ok_or("--url: only loopback addresses".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &str) -> Result<Args, String> {
        let all = format!("--key K --secret S {words}");
        Args::read(all.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn defaults_are_one_talker_and_one_listener() {
        let args = read("--url ws://127.0.0.1:8080").unwrap();
        let plan = &args.plan;
        assert_eq!(plan.server, "127.0.0.1:8080".parse().unwrap());
        assert_eq!((plan.rooms, plan.publishers, plan.subscribers, plan.talking), (1, 1, 1, 1));
        assert_eq!((args.churn, args.rude, args.pid, args.json), (0, false, None, false));
    }

    #[test]
    fn everybody_talks_unless_told_otherwise() {
        assert_eq!(read("--url ws://[::1]:1 --publishers 7").unwrap().plan.talking, 7);
        assert_eq!(read("--url ws://[::1]:1 --publishers 7 --talking 2").unwrap().plan.talking, 2);
        assert!(read("--url ws://[::1]:1 --publishers 7 --talking 8").is_err());
    }

    #[test]
    fn other_machines_are_left_alone() {
        for url in ["ws://192.0.2.1:80", "ws://0.0.0.0:80", "ws://[2001:db8::1]:80", "127.0.0.1:80", "wss://[::1]:1"] {
            assert!(read(&format!("--url {url}")).is_err(), "{url}");
        }
    }

    #[test]
    fn everything_is_bounded() {
        assert!(read("--url ws://[::1]:1 --seconds 121").is_err());
        assert!(read("--url ws://[::1]:1 --rooms 50 --subscribers 50").is_err());
        assert!(read("--url ws://[::1]:1 --churn 20001").is_err());
        assert!(read("--url ws://[::1]:1 --what").is_err());
        assert!(read("--url").is_err());
    }
}
