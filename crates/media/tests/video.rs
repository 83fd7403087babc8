//! VP8: key frames first, requests throttled, retransmission, and simulcast layers switched at key frames.

mod world;

use std::time::Duration;

use media::{Command, Event, Kind};
use str0m::media::{Direction, MediaKind, Mid, Simulcast, SimulcastLayer};
use world::World;

struct Show {
    w: World,
    mid: Mid,
    picture: u16,
}

impl Show {
    /// A shows, B watches.
    fn new() -> Self {
        let mut w = World::new();
        let a = w.join("A");
        w.join("B");
        let mid = w.publish(a, "TR_v", Kind::Video);
        w.subscribe("B", "TR_v");
        Show { w, mid, picture: 100 }
    }

    fn frame(&mut self, key: bool) {
        self.picture += 1;
        self.w.clients[0].show(self.mid, None, self.picture, key);
    }

    /// Frames every few milliseconds, a key frame whenever one was asked for.
    fn until(&mut self, what: &str, mut so: impl FnMut(&mut World) -> bool) {
        let (mid, mut answered, mut next) = (self.mid, self.w.clients[0].key_frames_asked, std::time::Instant::now());
        let picture = &mut self.picture;
        self.w.until(what, |w| {
            if std::time::Instant::now() >= next {
                next += Duration::from_millis(5);
                *picture += 1;
                let key = w.clients[0].key_frames_asked > answered;
                answered = w.clients[0].key_frames_asked;
                w.clients[0].show(mid, None, *picture, key);
            }
            so(w)
        });
    }
}

fn is_key(payload: &[u8]) -> bool {
    payload[6] & 1 == 0
}

fn picture(payload: &[u8]) -> u16 {
    u16::from_be_bytes([payload[2] & 0x7f, payload[3]])
}

#[test]
fn picture_starts_at_a_key_frame_that_is_asked_for_at_once() {
    let mut s = Show::new();
    s.until("thirty frames", |w| w.clients[1].heard("TR_v").packets.len() >= 30);
    let heard = s.w.clients[1].heard("TR_v");
    assert!(is_key(&heard.packets[0].payload));
    let pictures: Vec<u16> = heard.packets.iter().map(|p| picture(&p.payload)).collect();
    assert!(pictures.windows(2).all(|p| p[1] == p[0] + 1), "{pictures:?}");
    assert!(heard.packets.iter().all(|p| p.payload[7..].starts_with(b"A/- frame ")), "the picture itself is untouched");
}

#[test]
fn requests_reach_the_publisher_throttled() {
    let mut s = Show::new();
    s.until("a picture", |w| w.clients[1].heard("TR_v").packets.len() >= 10);
    let before = s.w.clients[0].key_frames_asked;
    let start = std::time::Instant::now();
    let mut asked = 0;
    s.until("1.2 s of requests", |w| {
        w.clients[1].ask_for_key_frame("TR_v");
        asked += 1;
        start.elapsed() > Duration::from_millis(1200)
    });
    let got = s.w.clients[0].key_frames_asked - before;
    assert!(asked > 20 && (2..=4).contains(&got), "{asked} requests became {got}");
}

#[test]
fn lost_packets_are_sent_again() {
    let mut s = Show::new();
    s.until("a picture", |w| w.clients[1].heard("TR_v").packets.len() >= 10);
    s.w.clients[1].subscriber.lose = 3;
    let before = s.w.clients[1].heard("TR_v").packets.len();
    s.until("more", |w| w.clients[1].heard("TR_v").packets.len() >= before + 60);
    assert_eq!(s.w.clients[1].subscriber.lose, 0);
    let seqs = s.w.clients[1].heard("TR_v").seqs();
    assert_eq!(seqs.last().unwrap() - seqs[0] + 1, seqs.len() as u64, "all of them, by RTX");
}

#[test]
fn resuming_waits_for_a_key_frame_and_continues_the_numbers() {
    let mut s = Show::new();
    s.until("a picture", |w| w.clients[1].heard("TR_v").packets.len() >= 10);
    let pause = |paused| Command::Pause { peer: "B".into(), track: "TR_v".into(), paused };
    s.w.engine.send(pause(true));
    s.w.for_a_while(Duration::from_millis(100), |_| ());
    for _ in 0..20 {
        s.frame(false);
    }
    s.w.for_a_while(Duration::from_millis(100), |_| ());
    let before = s.w.clients[1].heard("TR_v").packets.len();
    s.w.engine.send(pause(false));
    s.until("the picture again", |w| w.clients[1].heard("TR_v").packets.len() >= before + 10);
    let heard = s.w.clients[1].heard("TR_v");
    assert!(is_key(&heard.packets[before].payload));
    let step = picture(&heard.packets[before].payload) - picture(&heard.packets[before - 1].payload);
    assert_eq!(step, 1, "PictureID has no gap");
    assert_eq!(heard.packets[before].seq_no.as_u16(), heard.packets[before - 1].seq_no.as_u16() + 1);
}

/// A offers q, h and f; returns the section.
fn simulcast(w: &mut World) -> Mid {
    let (peer, kind) = ("A".into(), Kind::Video);
    w.engine.send(Command::AnnounceTrack { peer, cid: "cid-s".into(), track: "TR_s".into(), kind });
    let mut layers = Simulcast::new();
    for rid in ["q", "h", "f"] {
        layers.add_send_layer(SimulcastLayer::new(rid));
    }
    let name = |s: &str| Some(s.to_owned());
    w.offer(0, |api| api.add_media(MediaKind::Video, Direction::SendOnly, name("s"), name("cid-s"), Some(layers)))
}

#[test]
fn best_living_layer_is_forwarded_and_switched_at_key_frames() {
    let mut w = World::new();
    w.join("A");
    w.join("B");
    let mid = simulcast(&mut w);
    w.subscribe("B", "TR_s");
    // Each layer has its own PictureIDs and timestamps, as browsers' encoders do.
    let mut n = [100u16, 5000, 9000];
    let mut asked = 0;
    let mut show = |w: &mut World, layers: &[usize]| {
        let key = w.clients[0].key_frames_asked > asked;
        asked = w.clients[0].key_frames_asked;
        for &l in layers {
            n[l] += 1;
            w.clients[0].show(mid, Some(["q", "h", "f"][l]), n[l], key || n[l].is_multiple_of(64));
        }
    };
    let layer = |w: &mut World| w.clients[1].heard("TR_s").packets.last().map(|p| p.payload[9]);
    w.until("the full layer", |w| {
        show(w, &[0, 1, 2]);
        layer(w) == Some(b'f')
    });
    w.until("the middle one once the full one stopped", |w| {
        show(w, &[0, 1]);
        layer(w) == Some(b'h')
    });
    w.until("the full one again", |w| {
        show(w, &[0, 1, 2]);
        layer(w) == Some(b'f')
    });
    let heard = w.clients[1].heard("TR_s");
    let seqs = heard.seqs();
    assert_eq!(seqs.last().unwrap() - seqs[0] + 1, seqs.len() as u64);
    let mut last = None;
    for p in &heard.packets {
        let (rid, pic, time) = (p.payload[9], picture(&p.payload), p.header.timestamp);
        if let Some((rid0, pic0, time0, tl0)) = last {
            assert_eq!(pic, pic0 + 1, "PictureID over the seam {} to {}", rid0 as char, rid as char);
            assert_eq!(p.payload[4], u8::wrapping_add(tl0, 1), "TL0PICIDX");
            let step = time.wrapping_sub(time0);
            assert!(0 < step && step < 10 * 90_000, "timestamp went {step}");
            assert!(rid == rid0 || is_key(&p.payload), "switched without a key frame");
        }
        last = Some((rid, pic, time, p.payload[4]));
    }
    assert_eq!(w.count(|e| matches!(e, Event::TrackStarted { .. })), 1);
    assert_eq!(w.stuck(), 0);
}
