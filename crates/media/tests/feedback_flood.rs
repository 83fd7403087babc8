//! A participant that has its own keys and writes its own RTCP: more NACKs, PLIs and FIRs than any client would send. A
//! goes on talking and showing, B goes on hearing and seeing it, and what M causes is bounded.

#[path = "../src/keys.rs"]
#[allow(dead_code)]
mod keys;
#[path = "../src/srtp.rs"]
#[allow(dead_code)]
mod srtp;
mod world;

use std::sync::Arc;
use std::time::{Duration, Instant};

use media::{Event, Kind};
use srtp::{RTCP_OVERHEAD, Session};
use str0m::media::Mid;
use world::World;
use world::client::builder;

const A: usize = 0;
const B: usize = 1;
const M: usize = 2;
/// Of M's, in the SRTCP of its subscriber side.
const OWN_SSRC: [u8; 4] = [0, 0, 0, 1];
/// Frames of A's are as large as packets get.
const FRAME: usize = 1100;

struct Scene {
    w: World,
    mid_a: Mid,
    mid_v: Mid,
    session: Session,
    picture: u16,
    next_frame: Instant,
}

impl Scene {
    /// A talks and shows, B and M hear and see it, and M's keys are known.
    fn new() -> Self {
        let mut w = World::new();
        w.patience = Duration::from_secs(60);
        for id in ["A", "B", "M"] {
            w.join(id);
        }
        let crypto = keys::tapped_provider();
        let config = builder().enable_raw_packets(true).set_crypto_provider(Arc::new(crypto.clone()));
        let (rtc, slot) = keys::tap(|| config.build(Instant::now()));
        w.clients[M].subscribe_by(rtc);
        let mid_a = w.publish(A, "TR_a", Kind::Audio);
        w.until("the answer", |w| w.count(|e| matches!(e, Event::PublisherAnswer { .. })) == 1);
        let mid_v = w.publish(A, "TR_v", Kind::Video);
        for peer in ["B", "M"] {
            w.subscribe(peer, "TR_a");
            w.subscribe(peer, "TR_v");
        }
        let (mut picture, mut next_frame) = (0, Instant::now());
        w.until("B and M see and hear A", |w| {
            perform(w, mid_a, mid_v, &mut picture, &mut next_frame);
            [B, M].iter().all(|c| ["TR_a", "TR_v"].iter().all(|t| w.clients[*c].heard(t).packets.len() > 10))
        });
        let exported = slot.take().expect("M's handshake is over");
        let mut session = Session::new(&crypto, &exported, false).expect("GCM"); // the engine opened DTLS
        for _ in 0..10_000 {
            let mut sealed = vec![0; 8 + RTCP_OVERHEAD]; // past the numbers that M's honest half still uses
            assert!(session.seal_rtcp(&[0x80, 201, 0, 1, 0, 0, 0, 1], &mut sealed));
        }
        Scene { w, mid_a, mid_v, session, picture, next_frame }
    }

    /// The SSRC under which M gets the track, and the last sequence number.
    fn seen_by_m(&mut self, track: &str) -> (u32, u16) {
        let last = self.w.clients[M].heard(track).packets.last().expect("M got it");
        (*last.header.ssrc, last.header.sequence_number)
    }

    fn sealed(&mut self, packet: &[u8]) -> Vec<u8> {
        let mut sealed = vec![0; packet.len() + RTCP_OVERHEAD];
        assert!(self.session.seal_rtcp(packet, &mut sealed));
        sealed
    }

    /// What M sends of its own making, beside all that its client sends.
    fn inject(&self, datagram: &[u8]) {
        let _ = self.w.clients[M].subscriber.socket.send_to(datagram, ("127.0.0.1", self.w.engine.port()));
    }

    /// B hears and sees all of A for `packets` of sound, while M attacks.
    fn unharmed(&mut self, packets: usize, mut attack: impl FnMut(&mut Scene)) {
        [B, M].iter().for_each(|c| self.w.clients[*c].forget());
        let deadline = Instant::now() + self.w.patience;
        while self.w.clients[B].heard("TR_a").packets.len() < packets {
            assert!(Instant::now() < deadline, "B hears nothing");
            let (mid_a, mid_v, due) = (self.mid_a, self.mid_v, self.next_frame);
            perform(&mut self.w, mid_a, mid_v, &mut self.picture, &mut self.next_frame);
            if due != self.next_frame {
                attack(self); // some thousand datagrams a second: what more the socket itself would lose
            }
            self.w.step();
        }
        for track in ["TR_a", "TR_v"] {
            let seqs = self.w.clients[B].heard(track).seqs();
            let missing = seqs.last().unwrap() - seqs[0] + 1 - seqs.len() as u64;
            assert!(missing as usize <= seqs.len() / 100, "{missing} of {} of {track} are missing", seqs.len());
        }
        let hurt = |e: &Event| match e {
            Event::Stuck { peer, .. } | Event::SideLost { peer, .. } => **peer != *"M",
            _ => false,
        };
        assert_eq!(self.w.count(hurt), 0);
    }
}

/// Sound, and a large frame every 5 ms.
fn perform(w: &mut World, mid_a: Mid, mid_v: Mid, picture: &mut u16, next: &mut Instant) {
    w.clients[A].speak(mid_a);
    let now = Instant::now();
    if *next <= now {
        *next = now + Duration::from_millis(5);
        *picture = picture.wrapping_add(1) & 0x7fff;
        let [hi, lo] = picture.to_be_bytes();
        let key = picture.is_multiple_of(50) || *picture < 5;
        let mut payload = vec![0x90, 0xe0, 0x80 | hi, lo, lo, 0x20, u8::from(!key)];
        payload.resize(FRAME, 7);
        w.clients[A].send(mid_v, None, 450, payload, true);
    }
}

/// Generic NACKs (RFC 4585 section 6.2.1) for the 17 * `items` packets up to `last`, over and over until it is full.
fn nacks(ssrc: u32, last: u16, items: u16) -> Vec<u8> {
    let mut packet = vec![0x81, 205, 0, 0];
    packet.extend(OWN_SSRC);
    packet.extend(ssrc.to_be_bytes());
    for item in (0..items).cycle().take(300) {
        packet.extend(last.wrapping_sub(17 * (item + 1)).to_be_bytes());
        packet.extend([0xff, 0xff]);
    }
    let words = (packet.len() / 4 - 1) as u16;
    packet[2..4].copy_from_slice(&words.to_be_bytes());
    packet
}

/// PLI (section 6.3.1), or FIR (RFC 5104 section 4.3.1) with the number `serial`.
fn key_frame_request(ssrc: u32, serial: u8) -> Vec<u8> {
    let mut packet = if serial.is_multiple_of(2) { vec![0x81, 206, 0, 2] } else { vec![0x84, 206, 0, 4] };
    packet.extend(OWN_SSRC);
    packet.extend(if serial.is_multiple_of(2) { ssrc } else { 0 }.to_be_bytes());
    if !serial.is_multiple_of(2) {
        packet.extend(ssrc.to_be_bytes());
        packet.extend([serial, 0, 0, 0]);
    }
    packet
}

#[test]
fn a_flood_of_nacks_costs_the_others_nothing_and_is_not_obeyed() {
    let mut s = Scene::new();
    let before = s.w.engine.stats();
    let mut sent = 0;
    s.unharmed(400, |s| {
        for track in ["TR_a", "TR_v"] {
            if s.w.clients[M].heard(track).packets.is_empty() {
                continue;
            }
            let (ssrc, last) = s.seen_by_m(track);
            let datagram = nacks(ssrc, last, 20);
            for _ in 0..6 {
                let sealed = s.sealed(&datagram);
                s.inject(&sealed);
                sent += 1;
            }
        }
    });
    let after = s.w.engine.stats();
    let (asked, out) = (sent * 300 * 17, after.packets_out - before.packets_out);
    let media: usize = ["TR_a", "TR_v"].iter().map(|t| s.w.clients[B].heard(t).packets.len()).sum();
    println!("{sent} datagrams asked for {asked} packets; {out} went out, of {media} that B got");
    assert!(sent > 200, "{sent}");
    assert!(out < 4 * media as u64, "{out} packets went out, of {media} that B got");
}

#[test]
fn a_flood_of_plis_and_firs_reaches_the_publisher_as_few() {
    let mut s = Scene::new();
    let (began, before) = (Instant::now(), s.w.clients[A].key_frames_asked);
    let mut sent = 0u32;
    s.unharmed(400, |s| {
        if s.w.clients[M].heard("TR_v").packets.is_empty() {
            return;
        }
        let (ssrc, _) = s.seen_by_m("TR_v");
        for _ in 0..20 {
            let sealed = s.sealed(&key_frame_request(ssrc, sent as u8));
            s.inject(&sealed);
            sent += 1;
        }
    });
    let asked = s.w.clients[A].key_frames_asked - before;
    let most = began.elapsed().as_secs_f64() * 2.0 + 2.0; // one in half a second
    println!("{sent} requests became {asked}");
    assert!(sent > 500 && asked >= 1 && asked as f64 <= most, "{sent} requests became {asked}");
}
