//! One peer connection of the shard, and the fence around what it might do.

use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use crate::event::Side;
use crate::transport::Transport;

/// Addresses that one connection may be reached from at a time; older ones are forgotten.
pub const MAX_ADDRESSES: usize = 8;
/// A client may come from this many new addresses at once, and one more per second. str0m remembers each for good.
pub const ADDRESS_BURST: f64 = 32.0;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    New,
    Up,
    Lost,
}

/// One peer connection and where it is reached.
pub struct Conn {
    pub transport: Box<dyn Transport>,
    pub peer: usize,
    pub side: Side,
    pub link: Link,
    /// It panicked: never called again.
    pub broken: bool,
    /// In the shard's list of those to be flushed and drained.
    pub dirty: bool,
    /// Media was queued that was not flushed.
    pub queued: bool,
    pub deadline: Instant,
    /// Its earliest entry in `timers`.
    pub scheduled: Option<Instant>,
    pub addresses: Vec<SocketAddr>,
    pub ufrag: String,
    /// New addresses that may still be learned, and when they were counted.
    address_budget: (f64, Instant),
    pub bytes_in: u64,
    pub bytes_out: u64,
}

impl Conn {
    pub fn new(now: Instant, peer: usize, side: Side, transport: Box<dyn Transport>) -> Self {
        Conn {
            transport,
            peer,
            side,
            link: Link::New,
            broken: false,
            dirty: false,
            queued: false,
            deadline: now,
            scheduled: None,
            addresses: Vec::new(),
            ufrag: String::new(),
            address_budget: (ADDRESS_BURST, now),
            bytes_in: 0,
            bytes_out: 0,
        }
    }

    /// str0m would queue media without bound for a connection that is not up, and send it all when it is.
    pub fn can_send(&self) -> bool {
        self.link == Link::Up && !self.broken
    }

    pub fn may_learn(&mut self, now: Instant) -> bool {
        let (tokens, since) = self.address_budget;
        let refilled = tokens + now.saturating_duration_since(since).as_secs_f64();
        self.address_budget = (refilled.min(ADDRESS_BURST), now);
        refilled >= 1.0
    }

    pub fn learned(&mut self) {
        self.address_budget.0 -= 1.0;
    }
}

/// A panic of one peer's connection must not end the others'. The reason, for the log.
pub fn guard<R>(body: impl FnOnce() -> R) -> Result<R, String> {
    catch_unwind(AssertUnwindSafe(body)).map_err(|panic| {
        let text = panic.downcast_ref::<&str>().map(|s| (*s).to_owned());
        let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
        format!("panic: {}", text.unwrap_or_default())
    })
}
