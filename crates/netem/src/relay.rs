//! The relay: clients send to its port, and each goes on from a socket of its own, as through a NAT.

use std::collections::HashMap;
use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::UnixDatagram;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::conditions::Conditions;
use crate::link::{Counts, Link};

/// Flows at once; further clients are not served.
const MOST_FLOWS: usize = 4096;
const DATAGRAM: usize = 2048;
/// Read from one socket before the others have their turn.
const BATCH: usize = 64;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    pub flows: usize,
    /// From the clients.
    pub up: Counts,
    /// To the clients.
    pub down: Counts,
}

enum Order {
    ForwardTo(SocketAddr),
    Conditions { up: Conditions, down: Conditions },
    Rebind(Option<SocketAddr>),
    Close,
}

/// Ends with its value.
pub struct Relay {
    address: SocketAddr,
    orders: Sender<Order>,
    bell: UnixDatagram,
    stats: Arc<Mutex<Stats>>,
    thread: Option<JoinHandle<()>>,
}

fn lock(stats: &Mutex<Stats>) -> MutexGuard<'_, Stats> {
    stats.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Relay {
    /// On this port of 127.0.0.1 (0: any), with perfect links. What comes before `forward_to` is lost.
    pub fn open(port: u16, seed: u64) -> io::Result<Self> {
        let front = socket(port)?;
        let (bell, rung) = UnixDatagram::pair()?;
        bell.set_nonblocking(true)?;
        rung.set_nonblocking(true)?;
        let (orders, taken) = channel();
        let stats = Arc::<Mutex<Stats>>::default();
        let address = front.local_addr()?;
        let mut worker = Worker {
            front,
            rung,
            orders: taken,
            seed,
            target: None,
            up: Conditions::default(),
            down: Conditions::default(),
            flows: Vec::new(),
            by_client: HashMap::new(),
            stats: stats.clone(),
        };
        let thread = std::thread::Builder::new().name("netem".into()).spawn(move || while worker.turn() {})?;
        Ok(Relay { address, orders, bell, stats, thread: Some(thread) })
    }

    /// Where clients send to.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The server. Only a loopback address: this is no tool for other people's machines.
    pub fn forward_to(&self, target: SocketAddr) {
        assert!(target.ip().is_loopback(), "{target} is not on this machine");
        self.order(Order::ForwardTo(target));
    }

    /// From now on, for all flows.
    pub fn conditions(&self, up: Conditions, down: Conditions) {
        self.order(Order::Conditions { up, down });
    }

    /// This client (None: every one) comes from a new port from now on; what was on its way to the old one is lost.
    pub fn rebind(&self, client: Option<SocketAddr>) {
        self.order(Order::Rebind(client));
    }

    pub fn stats(&self) -> Stats {
        *lock(&self.stats)
    }

    fn order(&self, order: Order) {
        let _ = self.orders.send(order); // the thread ends only with this value
        let _ = self.bell.send(&[0]); // full: it is ringing already
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.order(Order::Close);
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

fn socket(port: u16) -> io::Result<UdpSocket> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, port))?;
    socket.set_nonblocking(true)?;
    let size: libc::c_int = 4 << 20;
    for option in [libc::SO_RCVBUF, libc::SO_SNDBUF] {
        // SAFETY: a readable integer of the given length. A smaller buffer than asked for is no error.
        unsafe {
            let length = size_of::<libc::c_int>() as libc::socklen_t;
            libc::setsockopt(socket.as_raw_fd(), libc::SOL_SOCKET, option, (&raw const size).cast(), length);
        }
    }
    Ok(socket)
}

struct Flow {
    client: SocketAddr,
    /// Towards the server.
    back: UdpSocket,
    up: Link<Arc<[u8]>>,
    down: Link<Arc<[u8]>>,
}

struct Worker {
    front: UdpSocket,
    rung: UnixDatagram,
    orders: Receiver<Order>,
    seed: u64,
    target: Option<SocketAddr>,
    up: Conditions,
    down: Conditions,
    flows: Vec<Flow>,
    by_client: HashMap<SocketAddr, usize>,
    stats: Arc<Mutex<Stats>>,
}

impl Worker {
    /// False when it is over.
    fn turn(&mut self) -> bool {
        let ready = self.wait();
        if ready[0] {
            while self.rung.recv(&mut [0; 8]).is_ok() {}
        }
        while let Ok(order) = self.orders.try_recv() {
            if matches!(order, Order::Close) {
                return false;
            }
            self.obey(order);
        }
        if ready[1] {
            self.read_clients();
        }
        for (at, _) in ready[2..].iter().enumerate().filter(|(_, ready)| **ready) {
            self.read_server(at);
        }
        self.deliver();
        self.count();
        true
    }

    /// Which of the bell, the front socket and the flows can be read.
    fn wait(&self) -> Vec<bool> {
        let interest = |fd: RawFd| libc::pollfd { fd, events: libc::POLLIN, revents: 0 };
        let mut fds = vec![interest(self.rung.as_raw_fd()), interest(self.front.as_raw_fd())];
        fds.extend(self.flows.iter().map(|f| interest(f.back.as_raw_fd())));
        let next = self.flows.iter().flat_map(|f| [f.up.next(), f.down.next()]).flatten().min();
        let left = next.map_or(Duration::from_secs(1), |at| at.saturating_duration_since(Instant::now()));
        let timeout =
            libc::timespec { tv_sec: left.as_secs() as libc::time_t, tv_nsec: left.subsec_nanos() as libc::c_long };
        // SAFETY: valid pollfds, as many as said, and a timespec. Interrupted is as good as woken.
        unsafe { libc::ppoll(fds.as_mut_ptr(), fds.len() as libc::nfds_t, &raw const timeout, std::ptr::null()) };
        fds.iter().map(|fd| fd.revents != 0).collect()
    }

    fn obey(&mut self, order: Order) {
        match order {
            Order::ForwardTo(target) => self.target = Some(target),
            Order::Conditions { up, down } => {
                (self.up, self.down) = (up, down);
                for flow in &mut self.flows {
                    flow.up.change(up);
                    flow.down.change(down);
                }
            }
            Order::Rebind(client) => {
                for flow in self.flows.iter_mut().filter(|f| client.is_none_or(|c| c == f.client)) {
                    flow.back = socket(0).expect("a free port");
                }
            }
            Order::Close => {}
        }
    }

    fn read_clients(&mut self) {
        let mut buffer = [0; DATAGRAM];
        for _ in 0..BATCH {
            let (n, client) = match self.front.recv_from(&mut buffer) {
                Ok(read) => read,
                Err(e) if e.kind() == ErrorKind::WouldBlock => return,
                Err(_) => continue, // an earlier datagram found nobody (ICMP)
            };
            if self.target.is_none() {
                continue;
            }
            if let Some(at) = self.flow(client) {
                self.flows[at].up.push(Instant::now(), n, buffer[..n].into());
            }
        }
    }

    fn flow(&mut self, client: SocketAddr) -> Option<usize> {
        if let Some(at) = self.by_client.get(&client) {
            return Some(*at);
        }
        let at = self.flows.len();
        let back = socket(0).ok().filter(|_| at < MOST_FLOWS)?;
        let seed = self.seed.wrapping_add(at as u64 * 2);
        let (up, down) = (Link::new(self.up, seed), Link::new(self.down, seed + 1));
        self.flows.push(Flow { client, back, up, down });
        self.by_client.insert(client, at);
        Some(at)
    }

    fn read_server(&mut self, at: usize) {
        let (flow, mut buffer) = (&mut self.flows[at], [0; DATAGRAM]);
        for _ in 0..BATCH {
            match flow.back.recv_from(&mut buffer) {
                Ok((n, from)) if Some(from) == self.target => {
                    flow.down.push(Instant::now(), n, buffer[..n].into());
                }
                Err(e) if e.kind() == ErrorKind::WouldBlock => return,
                _ => {}
            }
        }
    }

    /// A full socket loses what it cannot take, as a network would.
    fn deliver(&mut self) {
        let (now, Some(target)) = (Instant::now(), self.target) else { return };
        for flow in &mut self.flows {
            while let Some(datagram) = flow.up.pop(now) {
                let _ = flow.back.send_to(&datagram, target);
            }
            while let Some(datagram) = flow.down.pop(now) {
                let _ = self.front.send_to(&datagram, flow.client);
            }
        }
    }

    fn count(&self) {
        let mut stats = Stats { flows: self.flows.len(), ..Stats::default() };
        for flow in &self.flows {
            stats.up.add(&flow.up.counts);
            stats.down.add(&flow.down.counts);
        }
        *lock(&self.stats) = stats;
    }
}
