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
use crate::socket::{Socket, interface_addresses};
use crate::transport::Datagram;

/// More host candidates than this only make connecting slower.
const MAX_CANDIDATES: usize = 16;
/// Batches that are read before what they led to is sent: bounds the delay under load.
const BATCHES: usize = 4;
/// Commands that take longer, such as the joins of a crowd, are carried out between packets.
const COMMANDING: Duration = Duration::from_millis(2);
/// How old the counters may be that the owner sees.
const CENSUS: Duration = Duration::from_millis(100);

/// The host candidates that clients are told, and which of them a datagram was meant for.
#[derive(Clone, Debug)]
pub struct Addresses {
    pub candidates: Vec<SocketAddr>,
    /// The addresses are this machine's own, not those of a NAT in front of it.
    own: bool,
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
        Ok(Addresses { candidates, own })
    }

    /// The candidate that stands for this local address: itself, or (behind a NAT) the first of its family.
    fn candidate(&self, local: Option<IpAddr>) -> SocketAddr {
        let same = |ip: IpAddr| self.candidates.iter().find(|c| c.ip() == ip);
        let family = |ip: IpAddr| self.candidates.iter().find(|c| c.is_ipv4() == ip.is_ipv4());
        let found = local.and_then(|ip| same(ip).or_else(|| family(ip)));
        *found.unwrap_or(&self.candidates[0])
    }

    /// The local address to send from as `candidate`; None leaves it to the kernel.
    fn source(&self, candidate: &SocketAddr) -> Option<IpAddr> {
        self.own.then(|| candidate.ip())
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

/// Runs until the mailbox is closed.
pub fn run(mut socket: Socket, addresses: &Addresses, mut shard: Shard, mailbox: &Mailbox) {
    let mut commands: VecDeque<Command> = VecDeque::new();
    let mut counted = Instant::now();
    loop {
        let waiting = commands.is_empty();
        wait(&socket, &mailbox.wake, if waiting { shard.deadline() } else { Some(Instant::now()) });
        mailbox.wake.lower();
        let closing = mailbox.closing.load(Ordering::Acquire);
        if waiting {
            mailbox.take_commands(&mut commands);
        }
        let commanded = !commands.is_empty();
        let now = Instant::now();
        while let Some(command) = commands.pop_front() {
            shard.command(now, command);
            if now.elapsed() > COMMANDING {
                break;
            }
        }
        for _ in 0..BATCHES {
            let more = socket.receive(|from, local, bytes| {
                shard.receive(now, &Datagram { from, to: addresses.candidate(local), bytes });
            });
            if !more {
                break;
            }
        }
        let now = Instant::now();
        shard.timeout(now);
        shard.settle(now);
        if closing {
            shard.close_all();
        }
        flush(&socket, addresses, &mut shard);
        if commanded || counted + CENSUS <= now {
            counted = now;
            mailbox.count(shard.census()); // before the events that they led to
        }
        mailbox.publish(&mut shard.events);
        if closing {
            return;
        }
    }
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

fn wait(socket: &Socket, wake: &Signal, deadline: Option<Instant>) {
    let interest = |fd| libc::pollfd { fd, events: libc::POLLIN, revents: 0 };
    let mut fds = [interest(socket.fd()), interest(wake.fd())];
    let left = deadline.map_or(Duration::from_secs(60), |at| at.saturating_duration_since(Instant::now()));
    let timeout =
        libc::timespec { tv_sec: left.as_secs().min(60) as libc::time_t, tv_nsec: left.subsec_nanos() as libc::c_long };
    // SAFETY: two valid pollfds and a timespec. Interrupted is as good as woken.
    unsafe { libc::ppoll(fds.as_mut_ptr(), 2, &raw const timeout, std::ptr::null()) };
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
    fn by_default_every_interface_is_told_and_answers_for_itself() {
        let a = Addresses::new("0.0.0.0:7880".parse().unwrap(), &[]).unwrap();
        let loopback = "127.0.0.1:7880".parse().unwrap();
        assert_eq!(a.candidates.last(), Some(&loopback));
        assert_eq!(a.candidate(Some("127.0.0.1".parse().unwrap())), loopback);
        assert_eq!(a.source(&loopback), Some("127.0.0.1".parse().unwrap()));
        assert!(Addresses::new(loopback, &["nonsense".into()]).is_err());
    }
}
