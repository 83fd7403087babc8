//! The packet path: from a publisher's packet to everybody's egress, and key-frame requests the other way.

use std::time::Instant;

use str0m::media::Mid;
use str0m::rtp::Vp8Descriptor;

use crate::conn::{Conn, guard};
use crate::egress::{Outgoing, Sent};
use crate::event::{Event, Kind, Level};
use crate::outbox::Outbox;
use crate::shard::Shard;
use crate::track::Subscription;
use crate::transport::Packet;

impl Shard {
    pub(crate) fn forward(&mut self, now: Instant, peer: usize, packet: &Packet) {
        let binding = self.peers[peer].publisher.bindings.iter().find(|b| b.mid == packet.mid);
        let Some(key) = binding.and_then(|b| b.track) else {
            return;
        };
        let track = &mut self.tracks[key];
        if packet.payload.is_empty() {
            return; // padding that probes for bandwidth
        }
        let vp8 = match track.kind {
            Kind::Audio => None,
            Kind::Video => match Vp8Descriptor::parse(&packet.payload) {
                Ok(d) => Some(d),
                Err(_) => return,
            },
        };
        let key_frame = vp8.is_some_and(|d| d.starts_keyframe(&packet.payload));
        track.seen(packet, key_frame);
        if !std::mem::replace(&mut track.started, true) {
            let mid = packet.mid.to_string();
            self.events.push(Event::TrackStarted { peer: self.peers[peer].id.clone(), track: track.id.clone(), mid });
        }
        if track.muted {
            return;
        }
        if let Some(level) = packet.level.filter(|_| track.kind == Kind::Audio)
            && track.window.add(level, packet.voice)
        {
            self.rooms[track.room].heard.push(key);
        }
        let wait = self.send_to_all(now, key, packet, vp8.as_ref());
        if wait {
            self.tracks[key].want_key_frame();
            self.request_key_frame(now, key);
        }
    }

    /// True if somebody waits for a key frame.
    fn send_to_all(&mut self, now: Instant, key: usize, packet: &Packet, vp8: Option<&Vp8Descriptor>) -> bool {
        let track = &mut self.tracks[key];
        let video = track.kind == Kind::Video;
        let best = if video { track.best() } else { Some(packet.ssrc) };
        let (mut wait, mut broken) = (false, Vec::new());
        for s in track.subscriptions.iter_mut().filter(|s| !s.paused) {
            let Some(conn) = self.conns.get_mut(s.conn).filter(|c| c.can_send()) else { continue };
            let before = self.outbox.size();
            match guard(|| deliver(s, conn, packet, vp8, best, &mut self.outbox)) {
                Ok(Sent::Queued) if !conn.queued => {
                    conn.queued = true;
                    self.queued.push(s.conn);
                }
                Ok(_) => {}
                Err(reason) => broken.push((s.conn, reason)),
            }
            conn.bytes_out += (self.outbox.size() - before) as u64;
            wait |= video && s.stream.is_some() && s.rewriter.source() != best;
        }
        self.media_queued(now);
        for (conn, reason) in broken {
            self.break_conn(conn, reason);
        }
        wait
    }

    /// A subscriber lost the picture.
    pub(crate) fn key_frame_wanted(&mut self, now: Instant, peer: usize, mid: Mid) {
        let Some(key) = self.peers[peer].subscriber.as_ref().and_then(|s| s.negotiation.track_of(mid)) else {
            return;
        };
        let Some(track) = self.tracks.get_mut(key) else { return };
        track.want_key_frame();
        self.request_key_frame(now, key);
    }

    /// Asks the publisher, unless it was asked just before; then the tick will.
    pub(crate) fn request_key_frame(&mut self, now: Instant, key: usize) {
        let Some(track) = self.tracks.get_mut(key).filter(|t| !t.muted) else {
            return;
        };
        let Some(mid) = track.mid else { return };
        let Some(conn) = self.peers.get(track.peer).and_then(|p| p.publisher.conn) else {
            return;
        };
        let Some(rid) = track.key_frame_due(now) else { return };
        let Some(c) = self.conns.get_mut(conn) else { return };
        match guard(|| c.transport.request_key_frame(mid, rid)) {
            Ok(()) => self.touch(conn),
            Err(reason) => self.break_conn(conn, reason),
        }
    }

    /// The subscriber's connection is up (again): all its pictures are stale.
    pub(crate) fn refresh_video(&mut self, now: Instant, peer: usize) {
        for key in self.peers[peer].subscriptions.clone() {
            if let Some(track) = self.tracks.get_mut(key) {
                track.want_key_frame();
                self.request_key_frame(now, key);
            }
        }
    }

    /// Every 100 ms: levels, key frames that were put off, old data, quality.
    pub(crate) fn tick(&mut self, now: Instant) {
        for (_, room) in &mut self.rooms {
            let level = |key: usize| {
                let track = self.tracks.get_mut(key)?;
                let (loudest, voice) = track.window.close()?;
                Some(Level { track: track.id.clone(), loudest, voice })
            };
            let levels: Vec<Level> = room.heard.drain(..).filter_map(level).collect();
            if room.meter.worth_telling(&levels) {
                self.events.push(Event::Levels { room: room.id.clone(), levels });
            }
        }
        let video: Vec<usize> =
            self.tracks.iter().filter(|(_, t)| t.kind == Kind::Video && !t.muted).map(|(k, _)| k).collect();
        for key in video {
            self.request_key_frame(now, key);
        }
        for (_, peer) in &mut self.peers {
            if peer.subscriber.as_ref().is_none_or(|s| !s.data_open) {
                peer.backlog.expire(now);
            }
        }
        self.report_quality(now);
    }

    /// Of everybody at once, so that the owner wakes once for a room and not once for each in it.
    fn report_quality(&mut self, now: Instant) {
        if !self.peers.iter().any(|(_, p)| p.quality.is_due(now)) {
            return;
        }
        let due: Vec<usize> = self.peers.iter().filter(|(_, p)| p.quality.may_close(now)).map(|(k, _)| k).collect();
        for key in due {
            let peer = &self.peers[key];
            let conns = [peer.publisher.conn, peer.subscriber.as_ref().map(|s| s.conn)];
            let up = conns.into_iter().flatten().any(|c| self.is_up(c));
            let mut bytes = (0, 0);
            for conn in conns.into_iter().flatten().filter_map(|c| self.conns.get(c)) {
                bytes = (bytes.0 + conn.bytes_in, bytes.1 + conn.bytes_out);
            }
            let peer = &mut self.peers[key];
            let report = peer.quality.close(now, bytes);
            if up {
                self.events.push(Event::Quality { peer: peer.id.clone(), report });
            }
        }
    }
}

/// Rewrites and queues the packet for one receiver, if it is of the source that they receive or should change to.
fn deliver(
    s: &mut Subscription,
    conn: &mut Conn,
    packet: &Packet,
    vp8: Option<&Vp8Descriptor>,
    best: Option<u32>,
    outbox: &mut Outbox,
) -> Sent {
    let Some(stream) = &s.stream else { return Sent::Not };
    // To begin with any layer will do: a small picture now, and the best one when its key frame comes.
    let theirs = s.rewriter.source().is_none_or(|ssrc| ssrc == packet.ssrc);
    if !theirs && best != Some(packet.ssrc) {
        return Sent::Not;
    }
    let Some(out) = s.rewriter.rewrite(packet, vp8) else { return Sent::Not };
    let outgoing = Outgoing {
        seq: out.seq,
        time: out.time,
        marker: packet.marker,
        level: packet.level,
        voice: packet.voice,
        orientation: packet.orientation,
        payload: &packet.payload,
        vp8: out.vp8,
        wallclock: packet.arrived,
    };
    conn.transport.egress().send(stream, &outgoing, outbox)
}
