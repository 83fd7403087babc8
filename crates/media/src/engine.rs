//! The handle that the owner holds: commands in, events out, and the media thread's life.

use std::collections::VecDeque;
use std::io;
use std::net::IpAddr;
use std::os::fd::RawFd;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use crate::command::Command;
use crate::event::{Event, EventQueue};
use crate::net::{self, Addresses, Signal};
use crate::shard::{Shard, Stats};
use crate::shared::Shared;
use crate::socket::Socket;

/// Commands that may wait. The media thread takes all of them every few milliseconds.
const COMMANDS: usize = 65_536;

pub struct Config {
    /// An IP address; `::` is everything, IPv4 too.
    pub bind: String,
    /// 0 takes any free one; see `Engine::port`.
    pub port: u16,
    /// What clients are told to send to: `ip` or `ip:port`. Empty: every address that `bind` covers.
    pub advertised: Vec<String>,
    /// Audio is sent by our own egress to all clients that take GCM. False leaves all of it to str0m: for comparisons.
    pub own_audio: bool,
}

/// What both threads hold. Locks are held for a push or a swap, never while packets are handled.
pub struct Mailbox {
    commands: Mutex<VecDeque<Command>>,
    room: Condvar,
    events: Mutex<EventQueue>,
    data_waiting: Arc<AtomicUsize>,
    stats: Mutex<Stats>,
    /// Tells the media thread of commands, and the owner of events.
    pub wake: Signal,
    ready: Signal,
    pub closing: AtomicBool,
}

/// A panic while the lock was held left no half-done state: these are single pushes and swaps.
fn lock<T>(m: &Mutex<T>) -> MutexGuard<'_, T> {
    m.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Mailbox {
    fn new() -> io::Result<Self> {
        Ok(Mailbox {
            commands: Mutex::default(),
            room: Condvar::new(),
            events: Mutex::default(),
            data_waiting: Arc::default(),
            stats: Mutex::default(),
            wake: Signal::new()?,
            ready: Signal::new()?,
            closing: AtomicBool::new(false),
        })
    }

    pub fn take_commands(&self, into: &mut VecDeque<Command>) {
        into.append(&mut lock(&self.commands));
        self.room.notify_all();
    }

    /// Hands events to the owner.
    pub fn publish(&self, events: &mut Vec<Event>) {
        if !events.is_empty() {
            let mut queue = lock(&self.events);
            events.drain(..).for_each(|e| queue.push(e));
            self.ready.raise();
        }
    }

    pub fn count(&self, stats: Stats) {
        *lock(&self.stats) = stats;
    }
}

pub struct Engine {
    mailbox: Arc<Mailbox>,
    thread: Mutex<Option<JoinHandle<()>>>,
    port: u16,
}

impl Engine {
    pub fn open(config: &Config) -> io::Result<Self> {
        let bad = |_| io::Error::new(io::ErrorKind::InvalidInput, format!("not an ip to bind: {:?}", config.bind));
        let socket = Socket::bind(config.bind.parse::<IpAddr>().map_err(bad)?, config.port)?;
        let bound = socket.local_addr()?;
        let addresses = Addresses::new(bound, &config.advertised)?;
        let mailbox = Arc::new(Mailbox::new()?);
        let (theirs, shared) = (mailbox.clone(), Shared::new(addresses.candidates.clone(), config.own_audio));
        let thread = std::thread::Builder::new().name("media".into()).spawn(move || {
            let shard = Shard::new(shared, theirs.data_waiting.clone());
            net::run(socket, &addresses, shard, &theirs);
        })?;
        Ok(Engine { mailbox, thread: Mutex::new(Some(thread)), port: bound.port() })
    }

    /// The UDP port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Commands take effect in order. Waits only if 65,536 of them are waiting; after `close` it does nothing.
    pub fn send(&self, command: Command) {
        let mut commands = lock(&self.mailbox.commands);
        while commands.len() >= COMMANDS && !self.mailbox.closing.load(Ordering::Acquire) {
            commands = self.mailbox.room.wait(commands).unwrap_or_else(PoisonError::into_inner);
        }
        if self.mailbox.closing.load(Ordering::Acquire) {
            return;
        }
        commands.push_back(command);
        drop(commands);
        self.mailbox.wake.raise();
    }

    /// Everything that is waiting, oldest first.
    pub fn drain(&self) -> VecDeque<Event> {
        self.mailbox.ready.lower(); // before the swap: an event that comes in between raises it again
        let mut queue = lock(&self.mailbox.events);
        self.mailbox.data_waiting.fetch_sub(queue.data(), Ordering::Relaxed);
        queue.take()
    }

    /// Readable while `drain` has something to give.
    pub fn fd(&self) -> RawFd {
        self.mailbox.ready.fd()
    }

    /// At most 100 ms old; commands that took effect are in it.
    pub fn stats(&self) -> Stats {
        *lock(&self.mailbox.stats)
    }

    /// Closes all rooms and ends the thread. The port is free when it returns.
    pub fn close(&self) {
        {
            let _commands = lock(&self.mailbox.commands);
            self.mailbox.closing.store(true, Ordering::Release);
            self.mailbox.room.notify_all();
        }
        self.mailbox.wake.raise();
        let thread = lock(&self.thread).take();
        if let Some(thread) = thread {
            let _ = thread.join(); // a panic there was printed there
        }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.close();
    }
}
