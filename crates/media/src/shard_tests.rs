use str0m::media::{Mid, Rid};

use super::*;
use crate::command::Command;
use crate::conn::ADDRESS_BURST;
use crate::egress::{Egress, Outgoing, Sent, Stream};
use crate::event::Kind;
use crate::sdp::{Credentials, Remote};
use crate::transport::DataWrite;

/// A connection that trips over a bug at a chosen moment.
struct Tripping(&'static str);

impl Tripping {
    fn trip(&self, here: &str) {
        assert!(self.0 != here, "tripped in {here}");
    }
}

impl Transport for Tripping {
    fn accept_offer(&mut self, _: &str) -> Result<String, String> {
        self.trip("offer");
        Ok("v=0\r\n".into())
    }
    fn connect(&mut self, _: &Remote, _: bool) -> Result<(), String> {
        Ok(())
    }
    fn reconnect(&mut self, _: &Credentials, _: &Remote) {}
    fn is_alive(&self) -> bool {
        true
    }
    fn credentials(&mut self) -> Credentials {
        Credentials { ufrag: format!("trips{}", self.0), pwd: "x".into() }
    }
    fn new_ssrc(&mut self) -> u32 {
        1
    }
    fn accepts(&self, _: Instant, _: &Datagram<'_>) -> bool {
        self.trip("accepts");
        true
    }
    fn receive(&mut self, _: Instant, _: &Datagram<'_>) -> Result<(), String> {
        self.trip("receive");
        Ok(())
    }
    fn flush(&mut self, _: Instant) -> Result<(), String> {
        self.trip("flush");
        Ok(())
    }
    fn poll(&mut self, _: &mut Sink<'_>) -> Instant {
        self.trip("poll");
        Instant::now() + Duration::from_secs(1)
    }
    fn request_key_frame(&mut self, _: Mid, _: Option<Rid>) {}
    fn write_data(&mut self, _: bool, _: &[u8]) -> DataWrite {
        self.trip("data");
        DataWrite::Done
    }
    fn close(&mut self) {
        self.trip("close");
    }
    fn egress(&mut self) -> &mut dyn Egress {
        self
    }
}

impl Egress for Tripping {
    fn declare(&mut self, _: &Stream) {}
    fn withdraw(&mut self, _: &Stream) {}
    fn send(&mut self, _: &Stream, _: &Outgoing<'_>, _: &mut Outbox) -> Sent {
        Sent::Not
    }
}

fn shard() -> Shard {
    let mut s = Shard::new(Shared::new(vec!["127.0.0.1:9".parse().unwrap()], true), Arc::default());
    s.command(Instant::now(), Command::OpenRoom { room: "R".into() });
    s
}

fn open(s: &mut Shard, peer: &str) {
    let now = Instant::now();
    s.command(now, Command::OpenPeer { room: "R".into(), peer: peer.into() });
    s.command(now, Command::OpenSubscriber { peer: peer.into() });
}

fn stuck(s: &Shard) -> Vec<&str> {
    let stuck = s.events.iter().filter_map(|e| match e {
        Event::Stuck { peer, .. } => Some(&**peer),
        _ => None,
    });
    stuck.collect()
}

/// A STUN binding request for this ufrag, without integrity: the transport under test does not look.
fn request(ufrag: &str) -> Vec<u8> {
    let username = format!("{ufrag}:them");
    let mut v = vec![0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0, 6];
    v.extend((username.len() as u16).to_be_bytes());
    v.extend_from_slice(username.as_bytes());
    v.resize(v.len().next_multiple_of(4), 0);
    v
}

#[test]
fn a_panic_drops_its_peer_and_nobody_else() {
    for moment in ["offer", "receive", "flush", "poll", "data"] {
        let mut s = shard();
        open(&mut s, "good");
        s.command(Instant::now(), Command::OpenPeer { room: "R".into(), peer: "bad".into() });
        let bad = s.peer_ids["bad"];
        let conn = s.add_conn(Instant::now(), bad, Side::Publisher, Box::new(Tripping(moment)));
        s.peers[bad].publisher.conn = Some(conn);
        if moment == "data" {
            let negotiation = crate::subscriber::Negotiation::new(1);
            s.peers[bad].subscriber = Some(crate::peer::Subscriber { conn, negotiation, data_open: true });
        }
        let now = Instant::now();
        s.command(now, Command::PublisherOffer { peer: "bad".into(), sdp: "v=0\r\n".into() });
        s.command(now, Command::SendData { peers: vec!["bad".into()], reliable: true, payload: [0][..].into() });
        let datagram = request(&format!("trips{moment}"));
        let (from, to) = ("127.0.0.1:5".parse().unwrap(), "127.0.0.1:9".parse().unwrap());
        s.receive(now, &Datagram { from, to, bytes: &datagram });
        assert!(s.settle(now, now + Duration::from_secs(60)));
        assert_eq!(stuck(&s), ["bad"], "in {moment}");
        assert_eq!(s.peers.len(), 1, "in {moment}");
        s.command(now, Command::ClosePeer { peer: "good".into() });
        assert_eq!(s.leftovers(), 0, "in {moment}");
    }
}

#[test]
fn a_thousand_peers_leave_nothing() {
    let (mut s, now) = (shard(), Instant::now());
    for i in 0..1000 {
        let (peer, track): (Id, Id) = (format!("P{i}").into(), format!("T{i}").into());
        open(&mut s, &peer);
        let cid = "c".to_owned();
        s.command(now, Command::AnnounceTrack { peer: peer.clone(), cid, track: track.clone(), kind: Kind::Audio });
        if i > 0 {
            s.command(now, Command::Subscribe { peer: peer.clone(), track: format!("T{}", i - 1).into() });
        }
        assert!(s.settle(now, now + Duration::from_secs(60)));
        if i >= 10 {
            s.command(now, Command::ClosePeer { peer: format!("P{}", i - 10).into() });
        }
    }
    s.command(now, Command::CloseRoom { room: "R".into() });
    assert!(s.settle(now, now + Duration::from_secs(60)));
    assert_eq!(s.leftovers(), 0);
    assert_eq!(s.census().subscriptions + s.census().rooms, 0);
    // What is left of timers is one entry per dead connection at most, and goes when its time comes.
    s.timeout(Instant::now() + MAX_DELAY);
    assert!(s.timers.is_empty());
}

#[test]
fn addresses_are_learned_at_a_bounded_rate() {
    let (mut s, now) = (shard(), Instant::now());
    s.command(now, Command::OpenPeer { room: "R".into(), peer: "P".into() });
    let peer = s.peer_ids["P"];
    let conn = s.add_conn(now, peer, Side::Publisher, Box::new(Tripping("never")));
    s.peers[peer].publisher.conn = Some(conn);
    let (datagram, to) = (request("tripsnever"), "127.0.0.1:9".parse().unwrap());
    for port in 1..=1000u16 {
        s.receive(now, &Datagram { from: ([127, 0, 0, 1], port).into(), to, bytes: &datagram });
        assert!(s.routes.len() <= MAX_ADDRESSES);
    }
    assert_eq!(s.stats.dropped, 1000 - ADDRESS_BURST as u64);
    let later = now + Duration::from_secs(1);
    s.receive(later, &Datagram { from: ([127, 0, 0, 1], 2000).into(), to, bytes: &datagram });
    assert_eq!(s.stats.dropped, 1000 - ADDRESS_BURST as u64, "one more each second");
}

#[test]
fn data_that_is_not_taken_is_bounded() {
    let (mut s, now) = (shard(), Instant::now());
    open(&mut s, "P");
    assert!(s.settle(now, now + Duration::from_secs(60)));
    let (peer, conn) = (s.peer_ids["P"], s.peers[s.peer_ids["P"]].subscriber.as_ref().unwrap().conn);
    for _ in 0..40 {
        s.data_arrived(conn, peer, false, vec![0; 1 << 20]);
    }
    let kept = s.events.iter().filter(|e| matches!(e, Event::Data { .. })).count();
    assert_eq!((kept, s.stats.dropped), (32, 8), "lossy data is lost");
    assert!(stuck(&s).is_empty());
    s.data_arrived(conn, peer, true, vec![0; 1 << 20]);
    assert!(s.settle(now, now + Duration::from_secs(60)));
    assert_eq!(stuck(&s), ["P"]);
}

/// Announces the client's track "c", and says under which section it is known then.
fn announce(s: &mut Shard, track: &str) -> Option<String> {
    let (peer, cid, track): (Id, _, Id) = ("P".into(), "c".to_owned(), track.into());
    s.command(Instant::now(), Command::AnnounceTrack { peer, cid, track: track.clone(), kind: Kind::Audio });
    carried(s, &track)
}

fn carried(s: &Shard, track: &str) -> Option<String> {
    s.tracks[s.track_ids[track]].mid.map(|mid| mid.to_string())
}

/// Offers these sections, each (mid, whether it sends the track "c"), and says which tracks ended.
fn offered(s: &mut Shard, sections: &[(&str, bool)]) -> Vec<Id> {
    let section = |(mid, sends): &(&str, bool)| {
        let rest = if *sends { "sendonly\r\na=msid:- c" } else { "inactive" };
        format!("m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:{mid}\r\na={rest}\r\n")
    };
    let sdp = format!("v=0\r\n{}", sections.iter().map(section).collect::<String>());
    s.events.clear();
    s.command(Instant::now(), Command::PublisherOffer { peer: "P".into(), sdp });
    s.events
        .iter()
        .filter_map(|e| if let Event::TrackEnded { track, .. } = e { Some(track.clone()) } else { None })
        .collect()
}

#[test]
fn a_track_that_comes_back_under_its_name_waits_for_its_own_section() {
    let mut s = shard();
    s.command(Instant::now(), Command::OpenPeer { room: "R".into(), peer: "P".into() });
    let peer = s.peer_ids["P"];
    let conn = s.add_conn(Instant::now(), peer, Side::Publisher, Box::new(Tripping("never")));
    s.peers[peer].publisher.conn = Some(conn);
    let withdraw =
        |s: &mut Shard, track: &str| s.command(Instant::now(), Command::WithdrawTrack { track: track.into() });

    assert_eq!(offered(&mut s, &[("1", true)]), [] as [Id; 0]);
    assert_eq!(announce(&mut s, "T1").as_deref(), Some("1"), "the offer may come first");

    withdraw(&mut s, "T1");
    assert_eq!(announce(&mut s, "T2"), None, "the client has yet to end this section");
    assert_eq!(offered(&mut s, &[("1", false)]), [] as [Id; 0], "what was never there does not end");
    offered(&mut s, &[("1", false), ("2", true)]);
    assert_eq!(carried(&s, "T2").as_deref(), Some("2"));

    withdraw(&mut s, "T2");
    assert_eq!(announce(&mut s, "T3"), None);
    offered(&mut s, &[("1", false), ("2", true)]);
    assert_eq!(carried(&s, "T3").as_deref(), Some("2"), "the section is used again");
    assert_eq!(offered(&mut s, &[("1", false), ("2", false)]), [] as [Id; 0], "or that offer was an old one");
    offered(&mut s, &[("1", true), ("2", false)]);
    assert_eq!(carried(&s, "T3").as_deref(), Some("1"));
    offered(&mut s, &[("1", true), ("2", false)]);
    assert_eq!(offered(&mut s, &[("1", false), ("2", false)]), [Id::from("T3")]);
}
