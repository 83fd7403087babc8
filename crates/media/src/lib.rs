//! Hubbub's media engine: a selective forwarding unit over str0m.
//!
//! [`Engine`] runs one thread that owns one UDP socket and all rooms (`shard.rs`, which does no I/O). Commands go in by a
//! bounded queue, events come out by another; a file descriptor is readable while events wait. Packets never leave here.

mod audio;
mod command;
mod conn;
mod control;
#[cfg(test)]
mod counting;
mod data;
mod egress;
mod engine;
mod event;
mod fanout;
mod forward;
#[cfg(test)]
mod fuzz;
mod keys;
mod negotiate;
mod net;
mod nomination;
mod offer;
mod outbox;
mod peer;
mod quality;
mod report;
mod room;
mod rtc;
mod rtc_egress;
mod rtcp;
mod sdp;
mod shard;
mod shared;
mod socket;
mod speaker;
mod srtp;
mod stun;
mod subscriber;
mod track;
mod transport;

pub use command::Command;
pub use engine::{Config, Engine};
pub use event::{Event, Id, Kind, Level, QualityReport, Side};
pub use shard::Stats;
