//! Participants that mean harm: A goes on talking, and B goes on hearing all of it. (What it costs in memory: `memory.rs`.)

mod world;

use std::net::UdpSocket;
use std::time::{Duration, Instant};

use media::{Command, Event, Kind};
use str0m::media::{Direction, MediaKind, Mid};
use world::{World, two_talking};

/// While `attack` is done over and over, B hears `packets` of A's, of which at most one in a hundred is missing.
fn unharmed(w: &mut World, mid_a: Mid, packets: usize, mut attack: impl FnMut(&mut World)) {
    w.patience = Duration::from_secs(60);
    w.clients[1].forget();
    w.until("sound under attack", |w| {
        w.clients[0].speak(mid_a);
        attack(w);
        w.clients[1].heard("TR_a").packets.len() >= packets
    });
    let seqs = w.clients[1].heard("TR_a").seqs();
    let missing = seqs.last().unwrap() - seqs[0] + 1 - seqs.len() as u64;
    assert!(missing as usize <= packets / 100, "{missing} of {packets} are missing");
    let hurt = |e: &Event| match e {
        Event::Stuck { peer, .. } | Event::SideLost { peer, .. } => ["A", "B"].contains(&&**peer),
        _ => false,
    };
    assert_eq!(w.count(hurt), 0);
}

/// A third one, who is connected and hears A.
fn with_mallory() -> (World, Mid, usize) {
    let (mut w, mid_a, _) = two_talking();
    let m = w.join("M");
    w.subscribe("M", "TR_a");
    w.until("M hears A", |w| {
        w.clients[0].speak(mid_a);
        w.clients[m].heard("TR_a").packets.len() > 5
    });
    (w, mid_a, m)
}

#[test]
fn a_flood_of_checks_with_known_names() {
    let (mut w, mid_a, _) = with_mallory();
    let port = w.engine.port();
    // The names are no secret of A and B: M could have seen them. The passwords are.
    let names: Vec<String> = ["A", "B", "M"]
        .iter()
        .map(|id| w.last_offer(id).lines().find_map(|l| l.strip_prefix("a=ice-ufrag:")).unwrap().to_owned())
        .collect();
    let requests: Vec<Vec<u8>> = names.iter().map(|name| check(&format!("{name}:evil"))).collect();
    let sockets: Vec<UdpSocket> = (0..20).map(|_| UdpSocket::bind("127.0.0.1:0").unwrap()).collect();
    unharmed(&mut w, mid_a, 300, |_| {
        for (i, socket) in sockets.iter().enumerate() {
            let _ = socket.send_to(&requests[i % 3], ("127.0.0.1", port));
        }
    });
}

fn check(username: &str) -> Vec<u8> {
    let mut request = vec![0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42];
    request.extend([9; 12]);
    for (kind, value) in [(6u16, username.as_bytes()), (0x25, b""), (0x24, &[127; 4]), (0x802a, &[1; 8]), (8, &[3; 20])]
    {
        request.extend(kind.to_be_bytes());
        request.extend((value.len() as u16).to_be_bytes());
        request.extend_from_slice(value);
        request.resize(request.len().next_multiple_of(4), 0);
    }
    let length = (request.len() - 20) as u16;
    request[2..4].copy_from_slice(&length.to_be_bytes());
    request
}

#[test]
fn a_flood_of_data() {
    let (mut w, mid_a, m) = with_mallory();
    w.offer(m, |_| ());
    w.until("M's channels", |w| w.clients[m].publish_data(true, b"x"));
    let (big, mut sent) = (vec![7; 16 * 1024], 0);
    unharmed(&mut w, mid_a, 300, |w| {
        for i in 0..4 {
            sent += usize::from(w.clients[m].publish_data(i % 2 == 0, &big));
        }
        w.events.retain(|e| !matches!(e, Event::Data { .. })); // taken, as the owner takes them
    });
    assert!(sent > 100, "{sent} messages");
}

#[test]
fn a_flood_of_tracks() {
    let (mut w, mid_a, m) = with_mallory();
    let mut number = 0;
    unharmed(&mut w, mid_a, 300, |w| {
        if number < 300 {
            w.engine.send(Command::AnnounceTrack {
                peer: "M".into(),
                cid: format!("c{number}"),
                track: format!("TR_m{number}").as_str().into(),
                kind: if number % 2 == 0 { Kind::Audio } else { Kind::Video },
            });
            number += 1;
        }
    });
    let many = w.clients[m].offer(|api| {
        for i in 0..40 {
            let (send, cid) = (Direction::SendOnly, Some(format!("c{i}")));
            api.add_media(
                if i % 2 == 0 { MediaKind::Audio } else { MediaKind::Video },
                send,
                Some("s".into()),
                cid,
                None,
            );
        }
    });
    let section = &many.1[many.1.find("m=audio").unwrap()..many.1.find("m=video").unwrap()];
    let too_many = many.1.clone() + &section.repeat(400);
    w.engine.send(Command::PublisherOffer { peer: "M".into(), sdp: many.1 });
    unharmed(&mut w, mid_a, 300, |w| {
        w.engine.send(Command::PublisherOffer { peer: "M".into(), sdp: too_many.clone() });
    });
}

#[test]
fn offers_that_lie() {
    let (mut w, mid_a, m) = with_mallory();
    let (mid, honest) = w.clients[m].offer(|api| {
        api.add_media(MediaKind::Audio, Direction::SendOnly, Some("s".into()), Some("cid-x".into()), None)
    });
    // A's own stream, as B gets it, and the name of A's connection.
    let seen = w.last_offer("B").to_owned();
    let of_a = |prefix: &str| seen.lines().find_map(|l| l.strip_prefix(prefix)).unwrap().to_owned();
    let ssrc = of_a("a=ssrc:").split(' ').next().unwrap().to_owned();
    let own = honest.lines().find_map(|l| l.strip_prefix("a=ssrc:")).map(|l| l.split(' ').next().unwrap().to_owned());
    let ufrag = honest.lines().find_map(|l| l.strip_prefix("a=ice-ufrag:")).unwrap();
    let section = &honest[honest.find("m=audio").unwrap()..];
    let lies = [
        own.map_or(honest.clone(), |own| honest.replace(&own, &ssrc)),
        honest.replace(ufrag, &of_a("a=ice-ufrag:")),
        format!("{honest}{section}"),               // one mid twice
        format!("{honest}{}", section.repeat(200)), // and often
        honest.replace(&format!("a=mid:{mid}"), "a=mid:"),
        honest.replace("a=setup:actpass", "a=setup:holdconn"),
        honest.replace("a=fingerprint:sha-256 ", "a=fingerprint:sha-256 00:"),
        honest.replace("a=rtcp-mux", &"a=ssrc:1 cname:x\r\na=ssrc-group:FID 1 1\r\n".repeat(4000)),
        honest.replace("a=sendonly", &"a=extmap:3 urn:ietf:params:rtp-hdrext:sdes:mid\r\n".repeat(4000)),
    ];
    w.clients.remove(m); // it would trip over the answers to its own lies
    let mut at = 0;
    unharmed(&mut w, mid_a, 400, |w| {
        if let Some(sdp) = lies.get(at) {
            w.engine.send(Command::PublisherOffer { peer: "M".into(), sdp: sdp.clone() });
        }
        at += 1;
    });
    let answered = |e: &Event| match e {
        Event::NegotiationFailed { peer, .. } | Event::PublisherAnswer { peer, .. } | Event::Stuck { peer, .. } => {
            **peer == *"M"
        }
        _ => false,
    };
    w.until("each lie has its answer, or M is gone", |w| w.count(answered) >= lies.len() || w.stuck() > 0);
}

#[test]
fn somebody_who_stops_reading() {
    let (mut w, mid_a, m) = with_mallory();
    w.clients[m].subscriber.cut = true;
    let message = vec![1; 8 * 1024];
    unharmed(&mut w, mid_a, 400, |w| w.send_data("M", true, &message));
}

#[test]
fn a_flood_of_requests_for_key_frames() {
    let mut w = World::new();
    let (a, b, m) = (w.join("A"), w.join("B"), w.join("M"));
    let mid_a = w.publish(a, "TR_a", Kind::Audio);
    w.until("the answer", |w| w.count(|e| matches!(e, Event::PublisherAnswer { .. })) == 1);
    let mid_v = w.publish(a, "TR_v", Kind::Video);
    for peer in ["B", "M"] {
        w.subscribe(peer, "TR_a");
        w.subscribe(peer, "TR_v");
    }
    let mut picture = 1;
    w.until("both see and hear A", |w| {
        picture += 1;
        w.clients[a].show(mid_v, None, picture, true);
        w.clients[a].speak(mid_a);
        [b, m].iter().all(|c| ["TR_a", "TR_v"].iter().all(|t| w.clients[*c].heard(t).packets.len() > 3))
    });
    let (asked, began) = (w.clients[a].key_frames_asked, Instant::now());
    unharmed(&mut w, mid_a, 300, |w| w.clients[m].ask_for_key_frame("TR_v"));
    let times = (w.clients[a].key_frames_asked - asked) as f64 / began.elapsed().as_secs_f64();
    assert!(times < 4.0, "A was asked {times} times a second");
}
