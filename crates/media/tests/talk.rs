//! Audio between peers: what goes in comes out, and stops when it should.

mod world;

use std::net::UdpSocket;
use std::time::{Duration, Instant};

use media::{Command, Event, Kind};
use world::{ROOM, World, two_talking};

/// No sequence number is missing: whatever was left out, the receiver sees no loss.
fn assert_contiguous(seqs: &[u64]) {
    assert_eq!(seqs.last().unwrap() - seqs[0] + 1, seqs.len() as u64, "a gap in {seqs:?}");
}

/// What was sent before a command took effect is still on its way: A speaks until B has heard nothing for a while.
/// The number of packets that B heard by then.
fn quiet(w: &mut World, mid_a: str0m::media::Mid) -> usize {
    let (mut heard, mut since) = (0, Instant::now());
    w.until("quiet", |w| {
        w.clients[0].speak(mid_a);
        let now = w.clients[1].heard("TR_a").packets.len();
        if now != heard {
            (heard, since) = (now, Instant::now());
        }
        since.elapsed() > Duration::from_millis(300)
    });
    heard
}

#[test]
fn two_peers_hear_each_other() {
    let (mut w, mid_a, _) = two_talking();
    w.until("a hundred packets", |w| {
        w.clients[0].speak(mid_a);
        w.clients[1].heard("TR_a").packets.len() >= 100
    });
    let heard = w.clients[1].heard("TR_a");
    for (i, p) in heard.packets.iter().enumerate() {
        let first: u64 = String::from_utf8_lossy(&heard.packets[0].payload)[7..].parse().unwrap();
        assert_eq!(&*p.payload, format!("A says {}", first + i as u64).as_bytes());
        assert_eq!(p.header.ext_vals.audio_level, Some(-30));
        assert_eq!(p.header.ext_vals.voice_activity, Some(true));
    }
    assert_contiguous(&heard.seqs());
    assert_eq!(w.count(|e| matches!(e, Event::TrackStarted { track, .. } if &**track == "TR_a")), 1);
    let stats = w.engine.stats();
    assert_eq!((stats.rooms, stats.peers, stats.tracks, stats.subscriptions), (1, 2, 2, 2));
    assert!(stats.packets_in > 100 && stats.packets_out > 100 && stats.bytes_out > 10_000);
}

#[test]
fn offer_carries_what_livekit_clients_look_for() {
    let (w, ..) = two_talking();
    let offer = w.last_offer("B");
    assert!(offer.contains("a=msid:A|TR_a TR_a\r\n"), "{offer}");
    assert!(offer.contains("a=fmtp:111 minptime=10;useinbandfec=1\r\na=rtcp-fb:111 nack\r\n"));
    let answer = w.events.iter().find_map(|e| match e {
        Event::PublisherAnswer { sdp, .. } => Some(sdp),
        _ => None,
    });
    assert!(answer.unwrap().contains("minptime=10;useinbandfec=1;usedtx=1\r\n"), "{answer:?}");
}

#[test]
fn muted_track_is_silent_and_leaves_no_gap() {
    let (mut w, mid_a, _) = two_talking();
    w.engine.send(Command::MuteTrack { track: "TR_a".into(), muted: true });
    let before = quiet(&mut w, mid_a);
    w.events.clear();
    w.for_a_while(Duration::from_millis(300), |w| w.clients[0].speak(mid_a));
    assert_eq!(w.clients[1].heard("TR_a").packets.len(), before);
    let loud = |e: &Event| matches!(e, Event::Levels { levels, .. } if levels.iter().any(|l| &*l.track == "TR_a"));
    assert_eq!(w.count(loud), 0, "a muted track has no level");
    w.engine.send(Command::MuteTrack { track: "TR_a".into(), muted: false });
    w.until("sound after the mute", |w| {
        w.clients[0].speak(mid_a);
        w.clients[1].heard("TR_a").packets.len() > before + 10
    });
    assert_contiguous(&w.clients[1].heard("TR_a").seqs());
}

#[test]
fn paused_subscription_resumes_without_an_offer_or_a_gap() {
    let (mut w, mid_a, mid_b) = two_talking();
    let offers = |w: &World| w.count(|e| matches!(e, Event::SubscriberOffer { .. }));
    let before_offers = offers(&w);
    let pause = |paused| Command::Pause { peer: "B".into(), track: "TR_a".into(), paused };
    w.engine.send(pause(true));
    let before = quiet(&mut w, mid_a);
    w.for_a_while(Duration::from_millis(200), |w| {
        w.clients[0].speak(mid_a);
        w.clients[1].speak(mid_b);
    });
    assert_eq!(w.clients[1].heard("TR_a").packets.len(), before);
    let last = w.clients[1].heard("TR_a").packets.last().unwrap().header.timestamp;
    w.engine.send(pause(false));
    w.until("sound after the pause", |w| {
        w.clients[0].speak(mid_a);
        w.clients[1].heard("TR_a").packets.len() > before + 10
    });
    let heard = w.clients[1].heard("TR_a");
    assert_contiguous(&heard.seqs());
    let jump = heard.packets[before].header.timestamp.wrapping_sub(last);
    assert!(jump > 10 * 960 && jump % 960 == 0, "media time went on: {jump}");
    assert_eq!(offers(&w), before_offers);
}

#[test]
fn pause_holds_even_before_there_is_a_connection() {
    let (mut w, mid_a, _) = two_talking();
    let peer: media::Id = "C".into();
    w.engine.send(Command::OpenPeer { room: ROOM.into(), peer: peer.clone() });
    w.subscribe("C", "TR_a");
    w.engine.send(Command::Pause { peer, track: "TR_a".into(), paused: true });
    let c = w.join("C");
    w.until("C is connected", |w| w.connected("C", media::Side::Subscriber) == 1);
    w.for_a_while(Duration::from_millis(200), |w| w.clients[0].speak(mid_a));
    assert!(w.clients[c].heard("TR_a").packets.is_empty());
    w.engine.send(Command::Pause { peer: "C".into(), track: "TR_a".into(), paused: false });
    w.until("C hears A", |w| {
        w.clients[0].speak(mid_a);
        w.clients[c].heard("TR_a").packets.len() > 5
    });
}

#[test]
fn loss_on_the_way_in_stays_visible() {
    let (mut w, mid_a, _) = two_talking();
    w.clients[1].forget();
    for round in 1..=3 {
        w.clients[0].skip(mid_a);
        w.until("more packets", |w| {
            w.clients[0].speak(mid_a);
            w.clients[1].heard("TR_a").packets.len() >= 10 * round
        });
    }
    let seqs = w.clients[1].heard("TR_a").seqs();
    let missing = seqs.last().unwrap() - seqs[0] + 1 - seqs.len() as u64;
    assert!((2..=3).contains(&missing), "{missing} missing, of 3 that were lost");
}

#[test]
fn two_hundred_joins_and_leaves_keep_the_offer_flat() {
    let mut w = World::new();
    let (a, b) = (w.join("A"), w.join("B"));
    let steady = w.publish(a, "TR_steady", Kind::Audio);
    w.subscribe("B", "TR_steady");
    w.until("the steady stream", |w| {
        w.clients[a].speak(steady);
        w.clients[b].heard("TR_steady").packets.len() > 5
    });
    let (mut sizes, mut mid) = (vec![], None);
    for round in 0..200 {
        let track = format!("TR_{:03}", round);
        // The same section carries one track after the other, as browsers reuse a transceiver.
        let peer = "A".into();
        let cid = format!("cid-{track}");
        let kind = Kind::Audio;
        w.engine.send(Command::AnnounceTrack { peer, cid, track: track.as_str().into(), kind });
        w.subscribe("B", &track);
        w.until("the new section is offered", |w| w.last_offer("B").contains(&track));
        sizes.push(w.last_offer("B").len());
        w.engine.send(Command::WithdrawTrack { track: track.as_str().into() });
        w.until("it is rejected", |w| !w.last_offer("B").contains(&track));
        mid.get_or_insert(w.last_offer("B").matches("m=audio").count());
        assert_eq!(w.last_offer("B").matches("m=audio").count(), 2, "round {round}");
        w.clients[a].speak(steady);
    }
    assert!(sizes[199] - sizes[0] < 24, "{} then {}", sizes[0], sizes[199]);
    let before = w.clients[b].heard("TR_steady").packets.len();
    w.until("the steady stream goes on", |w| {
        w.clients[a].speak(steady);
        w.clients[b].heard("TR_steady").packets.len() > before + 10
    });
    assert_contiguous(&w.clients[b].heard("TR_steady").seqs());
}

#[test]
fn changes_meanwhile_fold_into_one_offer() {
    let mut w = World::new();
    let a = w.join("A");
    w.join("B");
    w.answering = false;
    w.until("the first offer", |w| {
        w.count(|e| matches!(e, Event::SubscriberOffer { peer, .. } if &**peer == "B")) == 1
    });
    let mut mids = vec![];
    for i in 0..10 {
        mids.push(w.publish(a, &format!("TR_{i}"), Kind::Audio));
        w.subscribe("B", &format!("TR_{i}"));
        w.until("the answer", |w| w.count(|e| matches!(e, Event::PublisherAnswer { .. })) == i + 1);
    }
    w.answering = true;
    let first = w.last_offer("B").to_owned();
    let sdp = w.clients[1].answer(&first);
    w.engine.send(Command::SubscriberAnswer { peer: "B".into(), sdp });
    w.until("all ten", |w| {
        mids.iter().for_each(|m| w.clients[a].send(*m, None, 960, b"x".to_vec(), false));
        (0..10).all(|i| !w.clients[1].heard(&format!("TR_{i}")).packets.is_empty())
    });
    assert_eq!(w.count(|e| matches!(e, Event::SubscriberOffer { peer, .. } if &**peer == "B")), 2);
}

#[test]
fn levels_follow_the_loudest_packet() {
    let (mut w, mid_a, _) = two_talking();
    w.clients[0].level = (-12, true);
    w.events.clear();
    w.until("a level", |w| {
        w.clients[0].speak(mid_a);
        w.count(|e| {
            matches!(e, Event::Levels { room, levels } if &**room == ROOM
                && levels.iter().any(|l| &*l.track == "TR_a" && l.loudest == 12 && l.voice == 1.0))
        }) >= 3
    });
    w.clients[0].level = (-127, false);
    let silent = |e: &Event| matches!(e, Event::Levels { levels, .. } if levels.iter().all(|l| l.loudest == 127));
    w.until("the end of sound", |w| {
        w.clients[0].speak(mid_a);
        w.count(silent) > 0
    });
    w.events.clear();
    w.for_a_while(Duration::from_millis(300), |w| w.clients[0].speak(mid_a));
    assert_eq!(w.count(|e| matches!(e, Event::Levels { .. })), 0, "silence after silence is not told");
}

#[test]
fn nothing_piles_up_for_a_client_that_is_not_connected_yet() {
    let (mut w, mid_a, _) = two_talking();
    let c = w.join("C");
    w.subscribe("C", "TR_a");
    w.clients[c].subscriber.cut = true;
    w.until("C's section is answered", |w| w.last_offer("C").contains("TR_a"));
    w.for_a_while(Duration::from_millis(500), |w| w.clients[0].speak(mid_a));
    w.clients[1].forget();
    w.clients[c].subscriber.cut = false;
    w.until("C hears A", |w| {
        w.clients[0].speak(mid_a);
        w.clients[c].heard("TR_a").packets.len() > 20
    });
    let number = |p: &[u8]| String::from_utf8_lossy(&p[7..]).parse::<u64>().unwrap();
    let (to_c, to_b) =
        (w.clients[c].heard("TR_a").payloads()[0].clone(), w.clients[1].heard("TR_a").payloads()[0].clone());
    assert!(number(&to_c) >= number(&to_b), "old packets were kept");
}

#[test]
fn client_may_be_the_dtls_server() {
    let mut w = World::new();
    let (a, b) = (w.join("A"), w.join("B"));
    w.clients[b].dtls_server = true;
    let mid = w.publish(a, "TR_a", Kind::Audio);
    w.subscribe("B", "TR_a");
    w.send_data("B", true, b"early");
    w.until("B hears A and reads", |w| {
        w.clients[a].speak(mid);
        w.clients[b].heard("TR_a").packets.len() > 20 && w.clients[b].data.len() == 1
    });
}

#[test]
fn one_socket_serves_both_families() {
    let mut w = World::bound_to("::");
    let a = w.join("A");
    let v6 = std::net::Ipv6Addr::LOCALHOST;
    if UdpSocket::bind((v6, 0)).is_ok() {
        w.ip = v6.into();
    }
    let b = w.join("B");
    let (mid_a, mid_b) = (w.publish(a, "TR_a", Kind::Audio), w.publish(b, "TR_b", Kind::Audio));
    w.subscribe("A", "TR_b");
    w.subscribe("B", "TR_a");
    w.until("they hear each other", |w| {
        w.clients[a].speak(mid_a);
        w.clients[b].speak(mid_b);
        w.clients[a].heard("TR_b").packets.len() > 5 && w.clients[b].heard("TR_a").packets.len() > 5
    });
}

#[test]
fn stopped_section_ends_its_track() {
    let (mut w, mid_a, _) = two_talking();
    w.offer(0, |api| api.set_direction(mid_a, str0m::media::Direction::Inactive));
    w.until("the end", |w| w.count(|e| matches!(e, Event::TrackEnded { track, .. } if &**track == "TR_a")) == 1);
}

#[test]
fn unannounced_sections_are_answered_and_dropped_until_announced() {
    let mut w = World::new();
    let (a, b) = (w.join("A"), w.join("B"));
    let audio = str0m::media::MediaKind::Audio;
    let send = str0m::media::Direction::SendOnly;
    let mid = w.offer(a, |api| api.add_media(audio, send, Some("s".into()), Some("cid-late".into()), None));
    w.until("the answer", |w| w.count(|e| matches!(e, Event::PublisherAnswer { .. })) == 1);
    w.for_a_while(Duration::from_millis(200), |w| w.clients[a].speak(mid));
    assert_eq!(w.count(|e| matches!(e, Event::TrackStarted { .. })), 0);
    let (peer, kind) = ("A".into(), Kind::Audio);
    w.engine.send(Command::AnnounceTrack { peer, cid: "cid-late".into(), track: "TR_late".into(), kind });
    w.subscribe("B", "TR_late");
    w.until("sound", |w| {
        w.clients[a].speak(mid);
        w.clients[b].heard("TR_late").packets.len() > 5
    });
}

#[test]
fn sections_with_unknown_names_take_announcements_of_their_kind_in_order() {
    let mut w = World::new();
    let (a, b) = (w.join("A"), w.join("B"));
    for (track, cid) in [("TR_0", "named"), ("TR_1", "as the script knows it"), ("TR_2", "another")] {
        let (peer, track) = ("A".into(), track.into());
        w.engine.send(Command::AnnounceTrack { peer, cid: cid.into(), track, kind: Kind::Audio });
    }
    ["TR_0", "TR_1", "TR_2"].iter().for_each(|t| w.subscribe("B", t));
    // Firefox's names come first; the section that is named must still get its own track.
    let add = |api: &mut str0m::change::SdpApi<'_>, name: &str| {
        let (audio, send) = (str0m::media::MediaKind::Audio, str0m::media::Direction::SendOnly);
        api.add_media(audio, send, Some("s".into()), Some(name.to_owned()), None)
    };
    let mids = w.offer(a, |api| ["{f2a1}", "{90bc}", "named"].map(|name| add(api, name)));
    w.until("all three are heard", |w| {
        for (i, mid) in mids.iter().enumerate() {
            w.clients[a].send(*mid, None, 960, vec![i as u8], false);
        }
        ["TR_0", "TR_1", "TR_2"].iter().all(|t| !w.clients[b].heard(t).packets.is_empty())
    });
    for (track, section) in [("TR_1", 0), ("TR_2", 1), ("TR_0", 2)] {
        assert_eq!(*w.clients[b].heard(track).payloads()[0], [section], "{track}");
    }
}

#[test]
fn quality_is_reported_every_two_seconds() {
    let (mut w, mid_a, _) = two_talking();
    w.until("quality of B with something received", |w| {
        w.clients[0].speak(mid_a);
        w.count(|e| {
            matches!(e, Event::Quality { peer, report } if &**peer == "B"
                && report.bitrate_out > 1000 && report.loss_out == 0.0 && report.rtt_ms < 500.0)
        }) > 0
    });
}
