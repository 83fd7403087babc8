//! Real str0m clients against the real engine over loopback UDP. Nothing sleeps and hopes: `until` polls to a deadline.
#![allow(dead_code)] // each test file uses its share

pub mod client;

use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant};

pub use client::Client;
use str0m::change::SdpApi;
use str0m::media::{Direction, MediaKind, Mid};

use media::{Command, Config, Engine, Event, Kind, Side};
use netem::Relay;

pub const PATIENCE: Duration = Duration::from_secs(15);
pub const ROOM: &str = "R";

pub struct World {
    pub engine: Engine,
    pub clients: Vec<Client>,
    /// Everything the engine told, oldest first.
    pub events: Vec<Event>,
    /// Answers are given to the engine as they come; turned off by tests of lost signalling.
    pub answering: bool,
    /// Where clients that join next are.
    pub ip: IpAddr,
    /// The network between the clients and the engine, if it is not the perfect one of loopback.
    pub relay: Option<Relay>,
    /// How long `until` waits.
    pub patience: Duration,
}

impl World {
    pub fn new() -> Self {
        World::bound_to("127.0.0.1")
    }

    pub fn bound_to(bind: &str) -> Self {
        World::with(bind, None, true)
    }

    /// Audio leaves by str0m, as it does to clients without GCM.
    pub fn without_own_audio() -> Self {
        World::with("127.0.0.1", None, false)
    }

    /// The engine is reached through a relay, whose address is the one it advertises, as that of a NAT.
    pub fn far_away(seed: u64) -> Self {
        World::with("127.0.0.1", Some(Relay::open(0, seed).expect("a free port")), true)
    }

    fn with(bind: &str, relay: Option<Relay>, own_audio: bool) -> Self {
        let advertised = relay.iter().map(|r| r.address().to_string()).collect();
        let config = Config { bind: bind.into(), port: 0, advertised, own_audio };
        let engine = Engine::open(&config).expect("a free port");
        engine.send(Command::OpenRoom { room: ROOM.into() });
        if let Some(relay) = &relay {
            relay.forward_to((Ipv4Addr::LOCALHOST, engine.port()).into());
        }
        let (clients, events, ip) = (Vec::new(), Vec::new(), Ipv4Addr::LOCALHOST.into());
        World { engine, clients, events, answering: true, ip, relay, patience: PATIENCE }
    }

    /// Of the network, in both directions, from now on.
    pub fn conditions(&self, words: &str) {
        let both = words.parse().expect("conditions");
        self.relay.as_ref().expect("a world that is far away").conditions(both, both);
    }

    /// A client's connection gets a new address, without noticing.
    pub fn rebind(&self, pc: &client::Pc) {
        self.relay.as_ref().expect("a world that is far away").rebind(Some(pc.addr));
    }

    /// Opens a peer with both sides; they connect as `step` is called.
    pub fn join(&mut self, id: &str) -> usize {
        self.engine.send(Command::OpenPeer { room: ROOM.into(), peer: id.into() });
        self.engine.send(Command::OpenSubscriber { peer: id.into() });
        self.clients.push(Client::new(id, self.ip));
        self.clients.len() - 1
    }

    pub fn leave(&mut self, client: usize) {
        let id = self.clients.remove(client).id;
        self.engine.send(Command::ClosePeer { peer: id.as_str().into() });
    }

    /// Announces the track and offers a section for it. The client's name for it is `cid-<track>`.
    pub fn publish(&mut self, client: usize, track: &str, kind: Kind) -> Mid {
        let peer = self.clients[client].id.as_str().into();
        let cid = format!("cid-{track}");
        self.engine.send(Command::AnnounceTrack { peer, cid: cid.clone(), track: track.into(), kind });
        let kind = match kind {
            Kind::Audio => MediaKind::Audio,
            Kind::Video => MediaKind::Video,
        };
        self.offer(client, |api| api.add_media(kind, Direction::SendOnly, Some("stream".into()), Some(cid), None))
    }

    /// Offers these changes to the client's publisher side.
    pub fn offer<T>(&mut self, client: usize, change: impl FnOnce(&mut SdpApi<'_>) -> T) -> T {
        let (out, sdp) = self.clients[client].offer(change);
        let peer = self.clients[client].id.as_str().into();
        self.engine.send(Command::PublisherOffer { peer, sdp });
        out
    }

    pub fn subscribe(&self, peer: &str, track: &str) {
        self.engine.send(Command::Subscribe { peer: peer.into(), track: track.into() });
    }

    pub fn unsubscribe(&self, peer: &str, track: &str) {
        self.engine.send(Command::Unsubscribe { peer: peer.into(), track: track.into() });
    }

    pub fn send_data(&self, peer: &str, reliable: bool, payload: &[u8]) {
        self.engine.send(Command::SendData { peers: vec![peer.into()], reliable, payload: payload.into() });
    }

    /// One round: clients read, run their timers and write; the engine's events are answered.
    pub fn step(&mut self) {
        let now = Instant::now();
        let busy = self.clients.iter_mut().fold(false, |busy, c| c.step(now) | busy);
        let events = self.engine.drain();
        if events.is_empty() && !busy {
            std::thread::sleep(Duration::from_millis(1)); // nothing to do, and the media thread needs the core
        }
        for event in events {
            self.answer(&event);
            self.events.push(event);
        }
    }

    fn answer(&mut self, event: &Event) {
        match event {
            Event::PublisherAnswer { peer, sdp } => {
                if let Some(c) = self.clients.iter_mut().find(|c| *c.id == **peer) {
                    c.answered(sdp);
                }
            }
            Event::SubscriberOffer { peer, sdp } if self.answering => {
                if let Some(c) = self.clients.iter_mut().find(|c| *c.id == **peer) {
                    let sdp = c.answer(sdp);
                    self.engine.send(Command::SubscriberAnswer { peer: peer.clone(), sdp });
                }
            }
            _ => {}
        }
    }

    /// Steps until it is so.
    #[track_caller]
    pub fn until(&mut self, what: &str, so: impl FnMut(&mut World) -> bool) {
        self.within(self.patience, what, so);
    }

    #[track_caller]
    pub fn within(&mut self, time: Duration, what: &str, mut so: impl FnMut(&mut World) -> bool) {
        let deadline = Instant::now() + time;
        while !so(self) {
            assert!(Instant::now() < deadline, "not in {time:?}: {what}; last events {:#?}", self.tail());
            self.step();
        }
    }

    /// Steps for a while: for what must not happen.
    pub fn for_a_while(&mut self, time: Duration, mut each: impl FnMut(&mut World)) {
        let deadline = Instant::now() + time;
        while Instant::now() < deadline {
            each(self);
            self.step();
        }
    }

    fn tail(&self) -> &[Event] {
        &self.events[self.events.len().saturating_sub(8)..]
    }

    pub fn count(&self, mut which: impl FnMut(&Event) -> bool) -> usize {
        self.events.iter().filter(|e| which(e)).count()
    }

    pub fn connected(&self, id: &str, on: Side) -> usize {
        self.count(|e| matches!(e, Event::SideConnected { peer, side } if **peer == *id && *side == on))
    }

    /// The last offer for this peer's subscriber side; empty before the first.
    pub fn last_offer(&self, id: &str) -> &str {
        let offers = self.events.iter().rev().find_map(|e| match e {
            Event::SubscriberOffer { peer, sdp } if **peer == *id => Some(sdp.as_str()),
            _ => None,
        });
        offers.unwrap_or_default()
    }

    pub fn data_of(&self, id: &str) -> Vec<(bool, Vec<u8>)> {
        let data = self.events.iter().filter_map(|e| match e {
            Event::Data { peer, reliable, payload } if **peer == *id => Some((*reliable, payload.clone())),
            _ => None,
        });
        data.collect()
    }

    pub fn stuck(&self) -> usize {
        self.count(|e| matches!(e, Event::Stuck { .. }))
    }
}

/// Two peers, each with an audio track that the other receives: `A` with `TR_a`, `B` with `TR_b`.
pub fn two_talking() -> (World, Mid, Mid) {
    two_talking_in(World::new())
}

pub fn two_talking_in(mut w: World) -> (World, Mid, Mid) {
    let (a, b) = (w.join("A"), w.join("B"));
    let (mid_a, mid_b) = (w.publish(a, "TR_a", Kind::Audio), w.publish(b, "TR_b", Kind::Audio));
    w.subscribe("A", "TR_b");
    w.subscribe("B", "TR_a");
    w.until("both hear each other", |w| {
        w.clients[a].speak(mid_a);
        w.clients[b].speak(mid_b);
        w.clients[a].heard("TR_b").packets.len() > 5 && w.clients[b].heard("TR_a").packets.len() > 5
    });
    (w, mid_a, mid_b)
}
