//! All rooms of one media thread, without I/O: datagrams, commands and time go in; datagrams and events come out.
//!
//! A room lives on one shard (there is one now; one per core later). Nothing here is locked or shared.
//! Commands are in `control.rs`, media packets in `fanout.rs`; here is what both stand on: routing, timers, drains.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::{Duration, Instant};

use slab::Slab;

use crate::conn::{Conn, Link, MAX_ADDRESSES, guard};
use crate::event::{Event, Id, Side};
use crate::outbox::Outbox;
use crate::peer::Peer;
use crate::room::Room;
use crate::shared::Shared;
use crate::speaker;
use crate::stun::{self, Protocol};
use crate::track::Track;
use crate::transport::{Datagram, Happening, Sink, Transport};

/// A transport that wants time again at once gets it this much later, so that none can keep the thread busy.
const MIN_DELAY: Duration = Duration::from_millis(1);
/// While more is waiting to be read, media that str0m sends waits for it at most this long: a drain of str0m costs the
/// same for one packet as for many. Nothing waits for what has not come yet.
const COALESCE: Duration = Duration::from_millis(2);
/// And not later than this: a timer outlives its connection, and str0m says "never" by a time years away.
const MAX_DELAY: Duration = Duration::from_secs(30);

/// Counters since start; what exists now is counted when asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    pub rooms: u64,
    pub peers: u64,
    pub tracks: u64,
    pub subscriptions: u64,
    /// Datagrams and their payload bytes.
    pub packets_in: u64,
    pub packets_out: u64,
    pub bytes_in: u64,
    pub bytes_out: u64,
    /// Datagrams that were nobody's or could not be sent, and data messages that were given up.
    pub dropped: u64,
}

pub struct Shard {
    pub(crate) shared: Shared,
    pub(crate) conns: Slab<Conn>,
    pub(crate) peers: Slab<Peer>,
    pub(crate) tracks: Slab<Track>,
    pub(crate) rooms: Slab<Room>,
    pub(crate) peer_ids: HashMap<Id, usize>,
    pub(crate) track_ids: HashMap<Id, usize>,
    pub(crate) room_ids: HashMap<Id, usize>,
    routes: HashMap<SocketAddr, usize>,
    ufrags: HashMap<String, usize>,
    timers: BinaryHeap<Reverse<(Instant, usize)>>,
    next_tick: Option<Instant>,
    /// Connections with something written and not sent.
    dirty: VecDeque<usize>,
    /// Connections with only media queued, and since when: they are drained together at the end of what came in.
    pub(crate) queued: Vec<usize>,
    queued_since: Option<Instant>,
    /// Connections to be dropped, and why.
    pub(crate) broken: Vec<(usize, String)>,
    /// Peers whose next offer may be due.
    pub(crate) unsettled: VecDeque<usize>,
    pub outbox: Outbox,
    pub events: Vec<Event>,
    /// Payload bytes of data events that the owner has not taken yet.
    pub(crate) data_waiting: Arc<AtomicUsize>,
    scratch: Vec<Happening>,
    pub stats: Stats,
    /// Connections that ended, since start.
    pub removed: u64,
}

impl Shard {
    pub fn new(shared: Shared, data_waiting: Arc<AtomicUsize>) -> Self {
        Shard {
            shared,
            conns: Slab::new(),
            peers: Slab::new(),
            tracks: Slab::new(),
            rooms: Slab::new(),
            peer_ids: HashMap::new(),
            track_ids: HashMap::new(),
            room_ids: HashMap::new(),
            routes: HashMap::new(),
            ufrags: HashMap::new(),
            timers: BinaryHeap::new(),
            next_tick: None,
            dirty: VecDeque::new(),
            queued: Vec::new(),
            queued_since: None,
            broken: Vec::new(),
            unsettled: VecDeque::new(),
            outbox: Outbox::default(),
            events: Vec::new(),
            data_waiting,
            scratch: Vec::new(),
            stats: Stats::default(),
            removed: 0,
        }
    }

    /// One datagram. What follows from it for others waits for `settle`.
    pub fn receive(&mut self, now: Instant, datagram: &Datagram<'_>) {
        self.stats.packets_in += 1;
        self.stats.bytes_in += datagram.bytes.len() as u64;
        let key = match stun::protocol(datagram.bytes) {
            Protocol::Stun => self.route_stun(now, datagram),
            Protocol::Dtls | Protocol::Media => self.routes.get(&datagram.from).copied(),
            Protocol::Other => None,
        };
        let Some(conn) = key.and_then(|k| self.conns.get_mut(k)).filter(|c| !c.broken) else {
            self.stats.dropped += 1;
            return;
        };
        conn.bytes_in += datagram.bytes.len() as u64;
        let key = key.unwrap_or_default();
        // An error is a bad datagram, which anybody can send: what matters, `poll` reports.
        if let Err(reason) = guard(|| conn.transport.receive(now, datagram)) {
            self.break_conn(key, reason);
            return;
        }
        self.drain(now, key);
    }

    /// A STUN request says by its username whose it is; an address is believed once a request from it is authentic.
    fn route_stun(&mut self, now: Instant, datagram: &Datagram<'_>) -> Option<usize> {
        let key = *self.ufrags.get(stun::request_ufrag(datagram.bytes)?)?;
        if self.routes.get(&datagram.from) == Some(&key) {
            return Some(key);
        }
        let conn = self.conns.get_mut(key).filter(|c| !c.broken)?;
        if !conn.may_learn(now) || !guard(|| conn.transport.accepts(now, datagram)).unwrap_or(false) {
            return None;
        }
        conn.learned();
        conn.addresses.push(datagram.from);
        let oldest = (conn.addresses.len() > MAX_ADDRESSES).then(|| conn.addresses.remove(0));
        if let Some(oldest) = oldest.filter(|a| self.routes.get(a) == Some(&key)) {
            self.routes.remove(&oldest);
        }
        if let Some(old) = self.routes.insert(datagram.from, key).and_then(|k| self.conns.get_mut(k)) {
            old.addresses.retain(|a| *a != datagram.from);
        }
        Some(key)
    }

    /// Call at `deadline()`.
    pub fn timeout(&mut self, now: Instant) {
        while let Some(Reverse((at, key))) = self.timers.peek().copied().filter(|Reverse((at, _))| *at <= now) {
            self.timers.pop();
            let Some(conn) = self.conns.get_mut(key) else { continue };
            if conn.scheduled == Some(at) {
                conn.scheduled = None;
            }
            if conn.deadline <= now {
                self.touch(key);
            } else {
                self.schedule(key);
            }
        }
        if self.next_tick.is_some_and(|at| at <= now) {
            self.next_tick = (!self.peers.is_empty()).then(|| now + speaker::WINDOW);
            self.tick(now);
        }
    }

    pub fn deadline(&self) -> Option<Instant> {
        let timer = self.timers.peek().map(|Reverse((at, _))| *at);
        [timer, self.next_tick].into_iter().flatten().min()
    }

    /// Sends the media that waits for it. `more`: there is more to read.
    pub fn send_queued(&mut self, now: Instant, more: bool) {
        if more && self.queued_since.is_none_or(|at| now < at + COALESCE) {
            return;
        }
        self.queued_since = None;
        while let Some(key) = self.queued.pop() {
            if let Some(conn) = self.conns.get_mut(key) {
                conn.queued = false;
                self.flush(now, key);
            }
        }
    }

    /// Ends a batch: sends what was written, writes offers, drops who broke; until it is done (true) or the time is up,
    /// for media must not wait for a hundred offers. Each connection is drained once per round.
    pub fn settle(&mut self, now: Instant, until: Instant) -> bool {
        loop {
            for (key, reason) in std::mem::take(&mut self.broken) {
                self.drop_stuck(key, reason);
            }
            if let Some(key) = self.dirty.pop_front() {
                if let Some(conn) = self.conns.get_mut(key) {
                    conn.dirty = false;
                    self.flush(now, key);
                }
            } else if let Some(peer) = self.unsettled.pop_front() {
                self.offer_if_due(peer);
            } else if self.broken.is_empty() {
                return true;
            }
            if Instant::now() >= until {
                return self.is_settled();
            }
        }
    }

    /// Nothing is left to do before the next datagram, command or deadline.
    pub fn is_settled(&self) -> bool {
        self.dirty.is_empty() && self.unsettled.is_empty() && self.broken.is_empty()
    }

    fn flush(&mut self, now: Instant, key: usize) {
        let Some(conn) = self.conns.get_mut(key).filter(|c| !c.broken) else { return };
        match guard(|| conn.transport.flush(now)) {
            Ok(_) => self.drain(now, key),
            Err(reason) => self.break_conn(key, reason),
        }
    }

    /// The connection has something to send; `settle` will.
    pub(crate) fn touch(&mut self, key: usize) {
        if let Some(conn) = self.conns.get_mut(key).filter(|c| !c.dirty) {
            conn.dirty = true;
            self.dirty.push_back(key);
        }
    }

    /// Media was queued for some connections.
    pub(crate) fn media_queued(&mut self, now: Instant) {
        if !self.queued.is_empty() {
            self.queued_since.get_or_insert(now);
        }
    }

    pub(crate) fn break_conn(&mut self, key: usize, reason: String) {
        if let Some(conn) = self.conns.get_mut(key).filter(|c| !c.broken) {
            conn.broken = true;
            self.broken.push((key, reason));
        }
    }

    pub(crate) fn drain(&mut self, now: Instant, key: usize) {
        let Some(conn) = self.conns.get_mut(key) else { return };
        let mut happenings = std::mem::take(&mut self.scratch);
        let before = self.outbox.size();
        let mut sink = Sink { outbox: &mut self.outbox, happenings: &mut happenings };
        let polled = guard(|| conn.transport.poll(&mut sink));
        conn.bytes_out += (self.outbox.size() - before) as u64;
        match polled {
            Ok(deadline) => {
                conn.deadline = deadline.clamp(now + MIN_DELAY, now + MAX_DELAY);
                self.schedule(key);
            }
            Err(reason) => self.break_conn(key, reason),
        }
        for h in happenings.drain(..) {
            self.happened(now, key, h);
        }
        self.scratch = happenings;
    }

    fn schedule(&mut self, key: usize) {
        let conn = &mut self.conns[key];
        if conn.scheduled.is_none_or(|at| conn.deadline < at) {
            conn.scheduled = Some(conn.deadline);
            self.timers.push(Reverse((conn.deadline, key)));
        }
    }

    fn happened(&mut self, now: Instant, key: usize, h: Happening) {
        let Some((peer, side)) = self.conns.get(key).map(|c| (c.peer, c.side)) else {
            return;
        };
        match h {
            Happening::Packet(packet) => self.forward(now, peer, &packet),
            Happening::KeyFrameWanted(mid) => self.key_frame_wanted(now, peer, mid),
            Happening::Connected => {
                self.conns[key].link = Link::Up;
                self.events.push(Event::SideConnected { peer: self.peers[peer].id.clone(), side });
                if side == Side::Subscriber {
                    self.refresh_video(now, peer);
                }
            }
            Happening::Lost if self.conns[key].link != Link::Lost => {
                self.conns[key].link = Link::Lost;
                self.events.push(Event::SideLost { peer: self.peers[peer].id.clone(), side });
            }
            Happening::Lost => {}
            Happening::DataOpen => self.data_opened(peer),
            Happening::DataRoom => self.send_backlog(peer),
            Happening::Data { reliable, payload } => self.data_arrived(key, peer, reliable, payload),
            Happening::Report(report) => self.peers[peer].quality.report(side, report),
            Happening::Abuse(what) => self.break_conn(key, what.to_owned()),
        }
    }

    pub(crate) fn add_conn(&mut self, now: Instant, peer: usize, side: Side, transport: Box<dyn Transport>) -> usize {
        let key = self.conns.insert(Conn::new(now, peer, side, transport));
        self.update_ufrag(key);
        self.next_tick.get_or_insert(now + speaker::WINDOW);
        self.touch(key);
        key
    }

    /// The connection's ICE credentials may have changed.
    pub(crate) fn update_ufrag(&mut self, key: usize) {
        let conn = &mut self.conns[key];
        let ufrag = conn.transport.credentials().ufrag;
        if ufrag != conn.ufrag {
            self.ufrags.remove(&conn.ufrag);
            conn.ufrag.clone_from(&ufrag);
            self.ufrags.insert(ufrag, key);
        }
    }

    /// Says goodbye unless it is broken, and forgets all about it.
    pub(crate) fn remove_conn(&mut self, key: usize) {
        let Some(mut conn) = self.conns.try_remove(key) else {
            return;
        };
        self.removed += 1;
        if !conn.broken {
            let mut sink = Sink { outbox: &mut self.outbox, happenings: &mut Vec::new() };
            let _ = guard(|| {
                conn.transport.close();
                conn.transport.poll(&mut sink)
            });
        }
        self.ufrags.remove(&conn.ufrag);
        for a in &conn.addresses {
            self.routes.remove(a);
        }
        let _ = guard(|| drop(conn.transport));
    }

    /// True while the connection could still come back by an ICE restart.
    pub(crate) fn is_up(&self, key: usize) -> bool {
        self.conns.get(key).is_some_and(|c| c.link == Link::Up)
    }

    /// Nothing may be left of peers that are gone.
    #[cfg(test)]
    pub fn leftovers(&self) -> usize {
        self.conns.len()
            + self.peers.len()
            + self.tracks.len()
            + self.routes.len()
            + self.ufrags.len()
            + self.peer_ids.len()
            + self.track_ids.len()
            + self.rooms.iter().map(|(_, r)| r.peers.len() + r.heard.len()).sum::<usize>()
    }

    /// `stats` with what exists now filled in.
    pub fn census(&self) -> Stats {
        Stats {
            rooms: self.rooms.len() as u64,
            peers: self.peers.len() as u64,
            tracks: self.tracks.len() as u64,
            subscriptions: self.peers.iter().map(|(_, p)| p.subscriptions.len() as u64).sum(),
            ..self.stats
        }
    }
}

#[cfg(test)]
#[path = "shard_tests.rs"]
mod tests;
