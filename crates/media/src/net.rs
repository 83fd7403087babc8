//! The media thread: waits for datagrams, commands and deadlines, and moves them between the socket and the shard.

use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crate::command::Command;
use crate::engine::Mailbox;
use crate::shard::Shard;
use crate::socket::{BATCH, Socket, interface_addresses};
use crate::stun::{self, Protocol};
use crate::transport::Datagram;

/// More host candidates than this only make connecting slower.
const MAX_CANDIDATES: usize = 16;
/// For what is not media, before the socket is looked at again: bounds what a handshake adds to a voice's way.
const SLICE: Duration = Duration::from_micros(500);
/// For what is left when the engine closes.
const LAST: Duration = Duration::from_secs(1);
/// The record type of application data (RFC 5246 section 6.2.1).
const DTLS_DATA: u8 = 23;
/// On the processor at a time, when others want it too.
const TURN: Duration = Duration::from_millis(1);
/// Memory is given back after so many connections ended, and not again within this time.
const TRIM_AFTER: u64 = 32;
const TRIM_INTERVAL: Duration = Duration::from_secs(10);
/// Datagrams that are put aside while media passes. More of them are lost, and come again.
const SLOW: usize = 4096;
/// How old the counters may be that the owner sees.
const CENSUS: Duration = Duration::from_millis(100);

/// The host candidates that clients are told, and which of them a datagram was meant for.
#[derive(Clone, Debug)]
pub struct Addresses {
    pub candidates: Vec<SocketAddr>,
    /// The socket is bound to several of this machine's own addresses: which one to send from has to be said.
    several: bool,
}

impl Addresses {
    /// `advertised`: `ip` or `ip:port` (IPv6 with a port in brackets); if empty, what the socket is bound to, and for a
    /// wildcard all addresses of the interfaces.
    pub fn new(bound: SocketAddr, advertised: &[String]) -> io::Result<Self> {
        let port = bound.port();
        let parse = |text: &String| {
            let ip = text.parse::<IpAddr>().map(|ip| SocketAddr::new(ip, port));
            ip.or_else(|_| text.parse::<SocketAddr>()).map_err(|_| {
                io::Error::new(io::ErrorKind::InvalidInput, format!("not an ip or ip:port to advertise: {text:?}"))
            })
        };
        let own = advertised.is_empty();
        let mut candidates = match own {
            false => advertised.iter().map(parse).collect::<io::Result<Vec<_>>>()?,
            true if bound.ip().is_unspecified() => interface_addresses()?
                .into_iter()
                .filter(|ip| ip.is_ipv4() || bound.is_ipv6())
                .map(|ip| SocketAddr::new(ip, port))
                .collect(),
            true => vec![bound],
        };
        candidates.truncate(MAX_CANDIDATES);
        if candidates.is_empty() {
            return Err(io::Error::new(io::ErrorKind::AddrNotAvailable, "no address to advertise"));
        }
        Ok(Addresses { candidates, several: own && bound.ip().is_unspecified() })
    }

    /// The candidate that stands for this local address: itself, or (behind a NAT) the first of its family.
    fn candidate(&self, local: Option<IpAddr>) -> SocketAddr {
        let same = |ip: IpAddr| self.candidates.iter().find(|c| c.ip() == ip);
        let family = |ip: IpAddr| self.candidates.iter().find(|c| c.is_ipv4() == ip.is_ipv4());
        let found = local.and_then(|ip| same(ip).or_else(|| family(ip)));
        *found.unwrap_or(&self.candidates[0])
    }

    /// One of the batch that was read last.
    fn datagram<'a>(&self, socket: &'a Socket, at: usize) -> Option<Datagram<'a>> {
        let (from, local, bytes) = socket.datagram(at)?;
        Some(Datagram { from, to: self.candidate(local), bytes })
    }

    /// The local address to send from as `candidate`; None leaves it to the kernel.
    fn source(&self, candidate: &SocketAddr) -> Option<IpAddr> {
        self.several.then(|| candidate.ip())
    }
}

/// A counter that `poll` can wait for (eventfd).
pub struct Signal(OwnedFd);

impl Signal {
    pub fn new() -> io::Result<Self> {
        // SAFETY: eventfd returns a new descriptor that nobody else owns, or -1.
        unsafe {
            let fd = libc::eventfd(0, libc::EFD_NONBLOCK | libc::EFD_CLOEXEC);
            if fd < 0 { Err(io::Error::last_os_error()) } else { Ok(Signal(OwnedFd::from_raw_fd(fd))) }
        }
    }

    pub fn raise(&self) {
        let one = 1u64;
        // SAFETY: eight readable bytes. It only fails when the counter is full, and then it is raised already.
        unsafe { libc::write(self.fd(), (&raw const one).cast(), 8) };
    }

    pub fn lower(&self) {
        let mut count = 0u64;
        // SAFETY: eight writable bytes. It only fails when it is not raised.
        unsafe { libc::read(self.fd(), (&raw mut count).cast(), 8) };
    }

    pub fn fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}

/// What precedes what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lane {
    /// SRTP and SRTCP: some microseconds.
    Media,
    /// Data channels: some tens.
    Data,
    /// Checks and handshakes: up to milliseconds.
    Slow,
    None,
}

impl Lane {
    fn of(datagram: &[u8]) -> Self {
        match stun::protocol(datagram) {
            Protocol::Media => Lane::Media,
            Protocol::Dtls if datagram[0] == DTLS_DATA => Lane::Data,
            Protocol::Dtls | Protocol::Stun => Lane::Slow,
            Protocol::Other => Lane::None,
        }
    }
}

/// What may wait while media passes: commands, checks, handshakes. Each is done in the order in which it came.
#[derive(Default)]
struct Slow {
    commands: VecDeque<Command>,
    datagrams: VecDeque<(SocketAddr, SocketAddr, Box<[u8]>)>,
}

impl Slow {
    fn is_empty(&self) -> bool {
        self.commands.is_empty() && self.datagrams.is_empty()
    }

    fn keep(&mut self, d: &Datagram<'_>) -> bool {
        let room = self.datagrams.len() < SLOW;
        if room {
            self.datagrams.push_back((d.from, d.to, d.bytes.into()));
        }
        room
    }

    /// Does some of it.
    fn work(&mut self, shard: &mut Shard, until: Instant) {
        while Instant::now() < until {
            let now = Instant::now();
            if let Some((from, to, bytes)) = self.datagrams.pop_front() {
                shard.receive(now, &Datagram { from, to, bytes: &bytes });
            } else if let Some(command) = self.commands.pop_front() {
                shard.command(now, command);
            } else {
                return;
            }
        }
    }
}

/// Asks the scheduler for short turns, which are granted sooner (Linux 6.12: the runtime of a normal thread is its slice).
/// A batch takes a fraction of one. Elsewhere, and where it is refused, nothing changes.
fn prefer_short_turns() {
    // SAFETY: both calls read or fill a structure of the size that it names, for the calling thread (0).
    unsafe {
        let mut attributes: libc::sched_attr = std::mem::zeroed();
        let size = size_of::<libc::sched_attr>() as u32;
        if libc::syscall(libc::SYS_sched_getattr, 0, &raw mut attributes, size, 0) == 0 {
            attributes.sched_runtime = TURN.as_nanos() as u64;
            libc::syscall(libc::SYS_sched_setattr, 0, &raw const attributes, 0);
        }
    }
}

/// Runs until the mailbox is closed.
///
/// Media has precedence: what came in is forwarded and sent before anything else is done, and of all else no more than
/// `SLICE` at a time before the socket is looked at again.
pub fn run(mut socket: Socket, addresses: &Addresses, mut shard: Shard, mailbox: &Mailbox) {
    prefer_short_turns();
    let mut slow = Slow::default();
    let (mut counted, mut trim) = (Instant::now(), Trim::default());
    loop {
        let idle = slow.is_empty() && shard.is_settled();
        let next = shard.deadline().into_iter().chain(trim.due(Instant::now(), shard.removed)).min();
        if wait(&socket, &mailbox.wake, if idle { next } else { Some(counted) }) {
            mailbox.wake.lower();
            mailbox.take_commands(&mut slow.commands);
        }
        let closing = mailbox.closing.load(Ordering::Acquire);
        let commanded = !slow.commands.is_empty();
        let more = forward(&mut socket, addresses, &mut shard, &mut slow);
        shard.send_queued(Instant::now(), more);
        flush(&socket, addresses, &mut shard);
        let now = Instant::now();
        slow.work(&mut shard, if closing { now + LAST } else { now + SLICE });
        shard.timeout(Instant::now());
        let now = Instant::now();
        shard.settle(now, if closing { now + LAST } else { now + SLICE });
        if closing {
            shard.close_all();
        }
        flush(&socket, addresses, &mut shard);
        let now = Instant::now();
        if commanded || counted + CENSUS <= now {
            counted = now;
            mailbox.count(shard.census()); // before the events that they led to
        }
        mailbox.publish(&mut shard.events);
        trim.work(now, shard.removed);
        if closing {
            return;
        }
    }
}

/// Gives memory of those who left back to the system: glibc keeps what lies between what is still used.
#[derive(Default)]
struct Trim {
    /// Connections that were removed when it was done last, and when.
    removed: u64,
    at: Option<Instant>,
}

impl Trim {
    /// When `work` has something to do: also when the last one left soon after it was done, and nothing happens any more.
    fn due(&self, now: Instant, removed: u64) -> Option<Instant> {
        let enough = removed - self.removed >= TRIM_AFTER;
        enough.then(|| self.at.map_or(now, |at| now.max(at + TRIM_INTERVAL)))
    }

    fn work(&mut self, now: Instant, removed: u64) {
        if self.due(now, removed).is_none_or(|at| now < at) {
            return;
        }
        (self.removed, self.at) = (removed, Some(now));
        // SAFETY: no arguments that could be wrong; glibc locks what it works on. It takes 1 to 3 ms.
        #[cfg(target_env = "gnu")]
        unsafe {
            libc::malloc_trim(0)
        };
    }
}

/// Reads one batch: media goes out at once, then data, and what may take long is put aside. True if there is probably
/// more.
fn forward(socket: &mut Socket, addresses: &Addresses, shard: &mut Shard, slow: &mut Slow) -> bool {
    let count = socket.receive();
    let now = Instant::now();
    let mut data = false;
    for at in 0..count {
        let Some(datagram) = addresses.datagram(socket, at) else { continue };
        match Lane::of(datagram.bytes) {
            Lane::Media => shard.receive(now, &datagram),
            Lane::Data => data = true,
            Lane::Slow if slow.keep(&datagram) => {}
            Lane::Slow | Lane::None => shard.stats.dropped += 1,
        }
        if shard.outbox.waiting().len() >= BATCH {
            flush(socket, addresses, shard);
        }
    }
    if data {
        flush(socket, addresses, shard);
        let of_batch = (0..count).filter_map(|at| addresses.datagram(socket, at));
        of_batch.filter(|d| Lane::of(d.bytes) == Lane::Data).for_each(|d| shard.receive(now, &d));
    }
    count == BATCH
}

fn flush(socket: &Socket, addresses: &Addresses, shard: &mut Shard) {
    let total = shard.outbox.waiting().len();
    if total == 0 {
        return;
    }
    let sent = socket.send(&shard.outbox, |from| addresses.source(from));
    shard.stats.packets_out += sent as u64;
    shard.stats.bytes_out += shard.outbox.size() as u64;
    shard.stats.dropped += (total - sent) as u64;
    shard.outbox.clear();
}

/// True if the owner has something to say.
fn wait(socket: &Socket, wake: &Signal, deadline: Option<Instant>) -> bool {
    let interest = |fd| libc::pollfd { fd, events: libc::POLLIN, revents: 0 };
    let mut fds = [interest(socket.fd()), interest(wake.fd())];
    let left = deadline.map_or(Duration::from_secs(60), |at| at.saturating_duration_since(Instant::now()));
    let timeout =
        libc::timespec { tv_sec: left.as_secs().min(60) as libc::time_t, tv_nsec: left.subsec_nanos() as libc::c_long };
    // SAFETY: two valid pollfds and a timespec. Interrupted is as good as woken.
    unsafe { libc::ppoll(fds.as_mut_ptr(), 2, &raw const timeout, std::ptr::null()) };
    fds[1].revents != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nat_address_stands_for_the_local_one() {
        let a =
            Addresses::new("0.0.0.0:7880".parse().unwrap(), &["203.0.113.5".into(), "[2001:db8::1]:9".into()]).unwrap();
        assert_eq!(a.candidate(Some("10.0.0.7".parse().unwrap())), "203.0.113.5:7880".parse().unwrap());
        assert_eq!(a.candidate(Some("fd00::7".parse().unwrap())), "[2001:db8::1]:9".parse().unwrap());
        assert_eq!(a.source(&a.candidates[0]), None);
    }

    #[test]
    fn memory_is_given_back_also_after_the_last_one_left() {
        let (mut trim, now) = (Trim::default(), Instant::now());
        assert_eq!(trim.due(now, TRIM_AFTER - 1), None);
        assert_eq!(trim.due(now, TRIM_AFTER), Some(now));
        trim.work(now, TRIM_AFTER);
        assert_eq!(trim.due(now, TRIM_AFTER), None);
        let again = now + TRIM_INTERVAL;
        assert_eq!(trim.due(now, 2 * TRIM_AFTER), Some(again), "the thread wakes for it");
        trim.work(now, 2 * TRIM_AFTER);
        assert_eq!(trim.due(now, 2 * TRIM_AFTER), Some(again), "and not before");
        trim.work(again, 2 * TRIM_AFTER);
        assert_eq!(trim.due(again, 2 * TRIM_AFTER), None);
    }

    #[test]
    fn handshakes_wait_and_data_does_not_wait_for_them() {
        let lane = |first: u8| Lane::of(&[first, 0, 0]);
        assert_eq!([lane(0x80), lane(DTLS_DATA)], [Lane::Media, Lane::Data]);
        assert_eq!([lane(20), lane(21), lane(22), lane(0), lane(1)], [Lane::Slow; 5]);
        assert_eq!([Lane::of(&[]), lane(200)], [Lane::None; 2]);
    }

    #[test]
    fn by_default_every_interface_is_told_and_answers_for_itself() {
        let a = Addresses::new("0.0.0.0:7880".parse().unwrap(), &[]).unwrap();
        let loopback = "127.0.0.1:7880".parse().unwrap();
        assert_eq!(a.candidates.last(), Some(&loopback));
        assert_eq!(a.candidate(Some("127.0.0.1".parse().unwrap())), loopback);
        assert_eq!(a.source(&loopback), Some("127.0.0.1".parse().unwrap()));
        assert!(Addresses::new(loopback, &["nonsense".into()]).is_err());
    }
}
