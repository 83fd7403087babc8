//! A bad network between programs of one machine: a UDP relay that loses, delays, reorders, repeats and chokes
//! datagrams, and gives a client a new address in mid-call, as a NAT does.
//!
//! `conditions` (what is wrong with one direction) -> `link` (which datagram leaves when; no I/O) -> `relay` (sockets and
//! a thread). The fate of a flow's n-th datagram follows from the seed alone; only `rate` also depends on when it comes.

mod conditions;
mod dice;
mod link;
mod relay;

pub use conditions::Conditions;
pub use link::{Counts, Link};
pub use relay::{Relay, Stats};
