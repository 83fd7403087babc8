//! A load generator that speaks LiveKit's signalling, version 0: the same run measures Hubbub and LiveKit.
//!
//! `main` -> `args` -> `plan` (who joins what) -> `media` or `churn` (phases, threads) -> `crowd` (one thread's loop) ->
//! `client` (one participant) -> `pc`, `websocket`, `wire`, `voice`. What is counted: `stats`; what is told: `report`.

mod args;
mod churn;
mod client;
mod crowd;
mod media;
mod payload;
mod pc;
mod plan;
mod poller;
mod report;
mod server;
mod stats;
mod token;
mod voice;
mod websocket;
mod wire;

use std::process::ExitCode;

use args::{Args, USAGE};
use serde_json::Value;
use server::Server;

fn main() -> ExitCode {
    let args = match Args::read(std::env::args().skip(1)) {
        Ok(args) => args,
        Err(fault) => {
            eprintln!("{fault}\n\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match run(&args) {
        Ok((clean, json, words)) => {
            println!("{json}");
            if !args.json {
                println!("{words}");
            }
            if clean { ExitCode::SUCCESS } else { ExitCode::from(1) }
        }
        Err(fault) => {
            eprintln!("{fault}");
            ExitCode::from(1)
        }
    }
}

/// Whether everybody got in, stayed and was heard; and the report.
fn run(args: &Args) -> Result<(bool, Value, String), String> {
    let server = args.pid.map(Server::new).transpose()?;
    if args.churn > 0 {
        let report = churn::churn(&args.plan, args.churn, args.rude, server)?;
        return Ok((report.clean(), report.json(), report.words()));
    }
    let report = media::measure(&args.plan, server)?;
    Ok((report.clean(), report.json(), report.words()))
}
