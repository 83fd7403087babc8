//! Offers and answers: a publisher's sections become tracks, a subscriber's tracks become sections.

use std::time::Instant;

use str0m::media::Mid;

use crate::conn::guard;
use crate::event::{Event, Side};
use crate::offer;
use crate::peer::{Announced, Peer, Subscriber};
use crate::sdp;
use crate::shard::Shard;
use crate::shared;
use crate::subscriber::Negotiation;
use crate::track::Binding;

impl Shard {
    pub(crate) fn publisher_offer(&mut self, now: Instant, peer: usize, text: &str) -> Result<(), String> {
        let offer = offer::read(text)?;
        let conn = match self.peers[peer].publisher.conn {
            Some(conn) if self.conns[conn].transport.is_alive() => conn,
            old => {
                // DTLS was closed: what the client offers now is a new connection.
                old.into_iter().for_each(|c| self.remove_conn(c));
                let transport = self.shared.transport(Side::Publisher, now);
                self.add_conn(now, peer, Side::Publisher, Box::new(transport))
            }
        };
        self.peers[peer].publisher.conn = Some(conn);
        let answered = guard(|| self.conns[conn].transport.accept_offer(&offer.text));
        self.touch(conn);
        let answer = match answered {
            Ok(answer) => answer?,
            Err(panic) => {
                self.break_conn(conn, panic.clone());
                return Err(panic);
            }
        };
        self.update_ufrag(conn);
        let sdp = offer.finish_answer(&answer);
        self.events.push(Event::PublisherAnswer { peer: self.peers[peer].id.clone(), sdp });
        self.take_sections(peer, offer.sections);
        self.bind(peer, true);
        Ok(())
    }

    /// Ends the tracks whose sections stopped or carry something else now.
    fn take_sections(&mut self, peer: usize, sections: Vec<offer::OfferSection>) {
        let old = std::mem::take(&mut self.peers[peer].publisher.bindings);
        let mut kept = Vec::new();
        for s in sections.into_iter().filter(|s| s.sending) {
            let before = old.iter().find(|b| b.name == s.mid && b.cid == s.cid && b.kind == s.kind);
            let track = before.and_then(|b| b.track);
            let mid = Mid::from(s.mid.as_str());
            let (new, spent) = (before.is_none(), before.is_some_and(|b| b.spent && b.track.is_none()));
            kept.push(Binding { mid, name: s.mid, cid: s.cid, kind: s.kind, stereo: s.stereo, track, new, spent });
        }
        for b in old {
            let Some(key) = b.track.filter(|key| !kept.iter().any(|b| b.track == Some(*key))) else {
                continue;
            };
            let track = &mut self.tracks[key];
            track.mid = None;
            track.stop_all();
            if b.spent {
                // That offer was older than the announcement: the track is still to come.
                self.peers[peer].publisher.announced.push(Announced { cid: b.cid.unwrap_or_default(), track: key });
                continue;
            }
            let track = track.id.clone();
            self.events.push(Event::TrackEnded { peer: self.peers[peer].id.clone(), track });
        }
        self.peers[peer].publisher.bindings = kept;
    }

    /// Brings announced tracks and the sections of the last offer together: by the client's name for the track, and when
    /// that offer was just `offered`, new sections that nobody named by kind, oldest announcement first. Firefox's a=msid
    /// has another id than its script (and so the announcement) knows. A microphone that is published again keeps its
    /// name: the announcement may come while the last offer still has the section that is about to end.
    pub(crate) fn bind(&mut self, peer: usize, offered: bool) {
        let publisher = &mut self.peers[peer].publisher;
        let mut bindings = std::mem::take(&mut publisher.bindings);
        let kind_of = |t: usize| self.tracks.get(t).map(|t| t.kind);
        for b in bindings.iter_mut().filter(|b| b.track.is_none() && (offered || !b.spent)) {
            b.track = publisher.claim(|a| b.cid.as_ref() == Some(&a.cid) && kind_of(a.track) == Some(b.kind));
        }
        for b in bindings.iter_mut().filter(|b| offered && b.new && b.track.is_none()) {
            b.track = publisher.claim(|a| kind_of(a.track) == Some(b.kind));
        }
        for b in &mut bindings {
            b.new = false;
            if let Some(track) = b.track.and_then(|t| self.tracks.get_mut(t)) {
                (track.mid, track.stereo) = (Some(b.mid), b.stereo);
            }
        }
        publisher.bindings = bindings;
    }

    pub(crate) fn open_subscriber(&mut self, now: Instant, key: usize) {
        if self.peers[key].subscriber.is_some() {
            return;
        }
        let transport = self.shared.transport(Side::Subscriber, now);
        let conn = self.add_conn(now, key, Side::Subscriber, Box::new(transport));
        let session = u64::from(self.conns[conn].transport.new_ssrc()) << 29;
        let negotiation = Negotiation::new(session);
        self.peers[key].subscriber = Some(Subscriber { conn, negotiation, data_open: false });
        for track in self.peers[key].subscriptions.clone() {
            self.place(key, track);
        }
        self.unsettled.push_back(key);
    }

    pub(crate) fn subscriber_answer(&mut self, now: Instant, key: usize, text: &str) -> Result<(), String> {
        let Peer { subscriber: Some(subscriber), .. } = &mut self.peers[key] else {
            return Err("there is no subscriber side".to_owned());
        };
        let answer = sdp::parse_answer(text)?;
        let accepted = subscriber.negotiation.answered(&answer)?;
        let conn = subscriber.conn;
        let transport = &mut self.conns[conn].transport;
        let applied = guard(|| {
            if accepted.first {
                transport.connect(&answer.remote, answer.active)?;
            } else if let Some(local) = &accepted.restart {
                transport.reconnect(local, &answer.remote);
            }
            accepted.live.iter().for_each(|(_, stream)| transport.egress().declare(stream));
            Ok(())
        });
        if let Err(reason) = applied.and_then(|r: Result<(), String>| r) {
            self.break_conn(conn, reason.clone());
            return Err(reason);
        }
        self.update_ufrag(conn);
        for (track, stream) in accepted.live {
            let Some(track_) = self.tracks.get_mut(track) else {
                continue;
            };
            track_.subscriptions.iter_mut().filter(|s| s.peer == key).for_each(|s| s.stream = Some(stream));
            track_.want_key_frame();
            self.request_key_frame(now, track);
        }
        self.touch(conn);
        self.unsettled.push_back(key);
        Ok(())
    }

    /// Writes the peer's next offer unless one is in flight or nothing changed.
    pub(crate) fn offer_if_due(&mut self, key: usize) {
        if !self.peers.contains(key) || self.is_broken(key) {
            return;
        }
        let Peer { id, subscriber: Some(s), .. } = &mut self.peers[key] else {
            return;
        };
        if !s.negotiation.offer_due() {
            return;
        }
        let transport = &mut self.conns[s.conn].transport;
        s.negotiation.plan(|| shared::fresh_credentials(self.shared.shard), || transport.new_ssrc());
        s.negotiation.mark_stereo(|t| self.tracks.get(t).is_some_and(|t| t.stereo));
        let sdp = s.negotiation.write(&transport.credentials(), &self.shared.fingerprint, &self.shared.candidates);
        self.events.push(Event::SubscriberOffer { peer: id.clone(), sdp });
    }
}
