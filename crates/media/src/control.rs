//! Commands: who is in which room, who publishes what, who receives it.

use std::time::Instant;

use crate::command::Command;
use crate::conn::guard;
use crate::event::{Event, Id, Kind, Side};
use crate::forward::Rewriter;
use crate::peer::{Announced, Peer};
use crate::room::Room;
use crate::shard::Shard;
use crate::track::{Subscription, Track};

impl Shard {
    pub fn command(&mut self, now: Instant, command: Command) {
        match command {
            Command::OpenRoom { room } => {
                if !self.room_ids.contains_key(&room) {
                    let key = self.rooms.insert(Room::new(room.clone()));
                    self.room_ids.insert(room, key);
                }
            }
            Command::CloseRoom { room } => self.close_room(&room),
            Command::OpenPeer { room, peer } => self.open_peer(now, &room, peer),
            Command::ClosePeer { peer } => self.with_peer(&peer, |s, key| s.close_peer(key)),
            Command::AnnounceTrack { peer, cid, track, kind } => {
                self.with_peer(&peer, |s, key| s.announce(key, cid, track, kind));
            }
            Command::WithdrawTrack { track } => self.with_track(&track, Self::withdraw),
            Command::MuteTrack { track, muted } => self.with_track(&track, |s, key| s.mute(now, key, muted)),
            Command::PublisherOffer { peer, sdp } => self.with_peer(&peer, |s, key| {
                if let Err(reason) = s.publisher_offer(now, key, &sdp) {
                    s.refuse(key, Side::Publisher, reason);
                }
            }),
            Command::OpenSubscriber { peer } => self.with_peer(&peer, |s, key| s.open_subscriber(now, key)),
            Command::SubscriberAnswer { peer, sdp } => self.with_peer(&peer, |s, key| {
                if let Err(reason) = s.subscriber_answer(now, key, &sdp) {
                    s.refuse(key, Side::Subscriber, reason);
                }
            }),
            Command::RestartSubscriber { peer } => self.with_peer(&peer, |s, key| {
                if let Some(subscriber) = &mut s.peers[key].subscriber {
                    subscriber.negotiation.restart();
                    s.unsettled.push_back(key);
                }
            }),
            Command::Subscribe { peer, track } => self.with_both(&peer, &track, Self::subscribe),
            Command::Unsubscribe { peer, track } => self.with_both(&peer, &track, Self::unsubscribe),
            Command::Pause { peer, track, paused } => {
                self.with_both(&peer, &track, |s, peer, track| s.pause(now, peer, track, paused));
            }
            Command::SendData { peers, reliable, payload } => {
                for peer in &peers {
                    self.with_peer(peer, |s, key| s.send_data(now, key, reliable, &payload));
                }
            }
        }
    }

    fn with_peer(&mut self, id: &Id, body: impl FnOnce(&mut Self, usize)) {
        if let Some(key) = self.peer_ids.get(id).copied().filter(|k| !self.is_broken(*k)) {
            body(self, key);
        }
    }

    /// One of its connections panicked and must not be called; `settle` drops the peer.
    pub(crate) fn is_broken(&self, peer: usize) -> bool {
        let p = &self.peers[peer];
        let conns = [p.publisher.conn, p.subscriber.as_ref().map(|s| s.conn)];
        conns.into_iter().flatten().any(|c| self.conns[c].broken)
    }

    fn with_track(&mut self, id: &Id, body: impl FnOnce(&mut Self, usize)) {
        if let Some(key) = self.track_ids.get(id).copied() {
            body(self, key);
        }
    }

    fn with_both(&mut self, peer: &Id, track: &Id, body: impl FnOnce(&mut Self, usize, usize)) {
        if let Some(track) = self.track_ids.get(track).copied() {
            self.with_peer(peer, |s, peer| body(s, peer, track));
        }
    }

    fn refuse(&mut self, peer: usize, side: Side, reason: String) {
        self.events.push(Event::NegotiationFailed { peer: self.peers[peer].id.clone(), side, reason });
    }

    fn close_room(&mut self, room: &Id) {
        let Some(key) = self.room_ids.remove(room) else { return };
        for peer in self.rooms[key].peers.clone() {
            self.close_peer(peer);
        }
        self.rooms.remove(key);
    }

    /// The engine ends.
    pub fn close_all(&mut self) {
        for room in self.room_ids.keys().cloned().collect::<Vec<_>>() {
            self.close_room(&room);
        }
    }

    fn open_peer(&mut self, now: Instant, room: &Id, peer: Id) {
        let Some(room) = self.room_ids.get(room).copied() else {
            return;
        };
        if self.peer_ids.contains_key(&peer) {
            return;
        }
        let key = self.peers.insert(Peer::new(peer.clone(), room, now));
        self.rooms[room].peers.push(key);
        self.peer_ids.insert(peer, key);
    }

    fn close_peer(&mut self, key: usize) {
        for track in self.peers[key].tracks.clone() {
            self.withdraw(track);
        }
        let peer = self.peers.remove(key);
        for track in peer.subscriptions {
            if let Some(track) = self.tracks.get_mut(track) {
                track.subscriptions.retain(|s| s.peer != key);
            }
        }
        for conn in [peer.publisher.conn, peer.subscriber.map(|s| s.conn)].into_iter().flatten() {
            self.remove_conn(conn);
        }
        self.rooms[peer.room].peers.retain(|p| *p != key);
        self.peer_ids.remove(&peer.id);
    }

    /// A connection broke: its peer has to come anew.
    pub(crate) fn drop_stuck(&mut self, conn: usize, reason: String) {
        let Some(peer) = self.conns.get(conn).map(|c| c.peer) else {
            return;
        };
        self.events.push(Event::Stuck { peer: self.peers[peer].id.clone(), reason });
        self.close_peer(peer);
    }

    fn announce(&mut self, peer: usize, cid: String, id: Id, kind: Kind) {
        if self.track_ids.contains_key(&id) {
            return;
        }
        let key = self.tracks.insert(Track::new(id.clone(), peer, self.peers[peer].room, kind));
        self.track_ids.insert(id, key);
        self.peers[peer].tracks.push(key);
        self.peers[peer].publisher.announced.push(Announced { cid, track: key });
        self.bind(peer, false); // the offer may have come first
    }

    fn withdraw(&mut self, key: usize) {
        let track = self.tracks.remove(key);
        self.track_ids.remove(&track.id);
        self.rooms[track.room].heard.retain(|t| *t != key);
        if let Some(peer) = self.peers.get_mut(track.peer) {
            peer.tracks.retain(|t| *t != key);
            peer.publisher.announced.retain(|a| a.track != key);
            for binding in peer.publisher.bindings.iter_mut().filter(|b| b.track == Some(key)) {
                (binding.track, binding.spent) = (None, true);
            }
        }
        let receivers: Vec<usize> =
            self.peers.iter().filter(|(_, p)| p.subscriptions.contains(&key)).map(|(k, _)| k).collect();
        for peer in receivers {
            self.end_subscription(peer, key);
        }
    }

    fn mute(&mut self, now: Instant, key: usize, muted: bool) {
        let track = &mut self.tracks[key];
        track.muted = muted;
        track.window.close();
        if muted {
            track.stop_all();
            self.rooms[track.room].heard.retain(|t| *t != key);
        } else {
            track.want_key_frame();
            self.request_key_frame(now, key);
        }
    }

    fn subscribe(&mut self, peer: usize, track: usize) {
        if self.peers[peer].subscriptions.contains(&track) {
            return;
        }
        self.peers[peer].subscriptions.push(track);
        self.place(peer, track);
    }

    /// Asks for a section, if there is a subscriber side.
    pub(crate) fn place(&mut self, key: usize, track: usize) {
        let t = &mut self.tracks[track];
        let publisher = self.peers[t.peer].id.clone();
        let paused = self.peers[key].paused.contains(&track);
        let Some(subscriber) = &mut self.peers[key].subscriber else {
            return;
        };
        if !subscriber.negotiation.subscribe(track, t.kind, publisher, t.id.clone()) {
            return;
        }
        let conn = subscriber.conn;
        let first = self.conns[conn].transport.new_ssrc() as u16;
        let rewriter = Rewriter::new(t.kind, first);
        t.subscriptions.push(Subscription { peer: key, conn, stream: None, paused, rewriter });
        self.unsettled.push_back(key);
    }

    fn unsubscribe(&mut self, peer: usize, track: usize) {
        self.tracks[track].subscriptions.retain(|s| s.peer != peer);
        self.end_subscription(peer, track);
    }

    /// The receiver's half of the end of a subscription; the track may be gone already.
    fn end_subscription(&mut self, key: usize, track: usize) {
        let peer = &mut self.peers[key];
        peer.subscriptions.retain(|t| *t != track);
        peer.paused.retain(|t| *t != track);
        let Some(subscriber) = &mut peer.subscriber else { return };
        let (conn, stream) = (subscriber.conn, subscriber.negotiation.unsubscribe(track));
        self.unsettled.push_back(key);
        if let Some(stream) = stream {
            let transport = &mut self.conns[conn].transport;
            match guard(|| transport.egress().withdraw(&stream)) {
                Ok(()) => self.touch(conn),
                Err(reason) => self.break_conn(conn, reason),
            }
        }
    }

    fn pause(&mut self, now: Instant, key: usize, track: usize, paused: bool) {
        let peer = &mut self.peers[key];
        if !peer.subscriptions.contains(&track) || peer.paused.contains(&track) == paused {
            return;
        }
        if paused {
            peer.paused.push(track);
        } else {
            peer.paused.retain(|t| *t != track);
        }
        let t = &mut self.tracks[track];
        for s in t.subscriptions.iter_mut().filter(|s| s.peer == key) {
            s.paused = paused;
            s.rewriter.stop();
        }
        if !paused {
            t.want_key_frame();
            self.request_key_frame(now, track);
        }
    }
}
