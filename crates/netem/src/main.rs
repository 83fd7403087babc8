//! The relay as a program. Orders come on standard input, a line each; it ends with its input.

use std::io::{BufRead, Write};
use std::net::{SocketAddr, ToSocketAddrs};
use std::process::ExitCode;

use netem::{Conditions, Counts, Relay, Stats};

const USAGE: &str = "netem: a bad network in front of a UDP port of this machine

  netem TARGET [--listen PORT] [--seed N] [--up CONDITIONS] [--down CONDITIONS]

  TARGET       ip:port, loopback only
  CONDITIONS   loss burst reorder duplicate (per cent), burst_length, delay jitter hold (ms), rate (kbit/s), queue (bytes):
               loss=5,delay=40,jitter=20

Orders: both CONDITIONS | up CONDITIONS | down CONDITIONS | rebind | stats. Each is answered by a line of JSON.
";

struct Args {
    target: SocketAddr,
    port: u16,
    seed: u64,
    up: Conditions,
    down: Conditions,
}

impl Args {
    fn read(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        let target = words.next().ok_or("a target is missing")?;
        let mut found = target.to_socket_addrs().map_err(|e| format!("{target}: {e}"))?;
        let target = found.find(|a| a.ip().is_loopback()).ok_or("only loopback addresses")?;
        let (up, down) = (Conditions::default(), Conditions::default());
        let mut args = Args { target, port: 0, seed: 1, up, down };
        while let Some(name) = words.next() {
            let value = words.next().ok_or(format!("{name} needs a value"))?;
            let number = || value.parse::<u64>().map_err(|_| format!("{name}: not a number"));
            match &*name {
                "--listen" => args.port = number()?.try_into().map_err(|_| "--listen: not a port")?,
                "--seed" => args.seed = number()?,
                "--up" => args.up = value.parse()?,
                "--down" => args.down = value.parse()?,
                _ => return Err(format!("{name} is not known")),
            }
        }
        Ok(args)
    }
}

fn main() -> ExitCode {
    let served = match Args::read(std::env::args().skip(1)) {
        Ok(args) => serve(args).map_err(|e| e.to_string()),
        Err(fault) => Err(format!("{fault}\n\n{USAGE}")),
    };
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("{fault}");
            ExitCode::FAILURE
        }
    }
}

fn serve(mut args: Args) -> std::io::Result<()> {
    let relay = Relay::open(args.port, args.seed)?;
    relay.forward_to(args.target);
    relay.conditions(args.up, args.down);
    let mut out = std::io::stdout().lock();
    writeln!(out, r#"{{"address":"{}"}}"#, relay.address())?;
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let answer = obey(&relay, &mut args, line.trim());
        writeln!(out, "{}", answer.unwrap_or_else(|fault| format!(r#"{{"fault":{fault:?}}}"#)))?;
    }
    Ok(())
}

fn obey(relay: &Relay, args: &mut Args, line: &str) -> Result<String, String> {
    let (order, rest) = line.split_once(' ').unwrap_or((line, ""));
    match order {
        "stats" => return Ok(json(&relay.stats())),
        "rebind" => relay.rebind(None),
        "both" => (args.up, args.down) = (rest.parse()?, rest.parse()?),
        "up" => args.up = rest.parse()?,
        "down" => args.down = rest.parse()?,
        _ => return Err(format!("{order} is no order")),
    }
    relay.conditions(args.up, args.down);
    Ok("{}".into())
}

fn json(stats: &Stats) -> String {
    let counts = |c: &Counts| {
        format!(
            r#"{{"offered":{},"lost":{},"overflowed":{},"duplicated":{},"held":{},"passed":{}}}"#,
            c.offered, c.lost, c.overflowed, c.duplicated, c.held, c.passed
        )
    };
    format!(r#"{{"flows":{},"up":{},"down":{}}}"#, stats.flows, counts(&stats.up), counts(&stats.down))
}
