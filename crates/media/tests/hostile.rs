//! Garbage, lies and floods: nothing crashes, hangs or grows, and nobody else notices.

mod world;

use std::net::UdpSocket;
use std::time::Duration;

use media::{Command, Event, Side};
use world::{ROOM, World, two_talking};

/// A small generator, so that a failure can be repeated.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn bytes(&mut self, n: usize) -> Vec<u8> {
        (0..n).map(|_| self.roll() as u8).collect()
    }
}

#[test]
fn garbage_hurts_nobody() {
    let (mut w, mid_a, _) = two_talking();
    let to = ("127.0.0.1", w.engine.port());
    let strangers: Vec<UdpSocket> = (0..8).map(|_| UdpSocket::bind("127.0.0.1:0").unwrap()).collect();
    let mut dice = Dice(42);
    w.clients[1].forget();
    w.until("sound under fire", |w| {
        for i in 0..50usize {
            let length = dice.roll() as usize % 1500;
            let mut datagram = dice.bytes(length);
            if let Some(first) = datagram.first_mut() {
                *first = [0, 1, 22, 128, 200, 64, 144, 255][i % 8]; // every protocol's first byte
            }
            let _ = strangers[i % 8].send_to(&datagram, to);
            // And from an address that is believed: A's own.
            if i % 10 == 0 && !datagram.is_empty() {
                let _ = w.clients[0].publisher.socket.send_to(&datagram, to);
                let _ = w.clients[1].subscriber.socket.send_to(&datagram, to);
            }
        }
        w.clients[0].speak(mid_a);
        w.clients[1].heard("TR_a").packets.len() > 100
    });
    let seqs = w.clients[1].heard("TR_a").seqs();
    assert_eq!(w.stuck(), 0);
    assert_eq!(w.count(|e| matches!(e, Event::SideLost { .. })), 0);
    let lost = seqs.last().unwrap() - seqs[0] + 1 - seqs.len() as u64;
    assert!(lost <= 5, "{lost} lost");
    assert!(w.engine.stats().dropped > 100);
}

#[test]
fn stun_with_a_wrong_key_moves_nobody() {
    let (mut w, mid_a, _) = two_talking();
    let offer = w.last_offer("B").to_owned();
    let ours = offer.lines().find_map(|l| l.strip_prefix("a=ice-ufrag:")).unwrap();
    let username = format!("{ours}:evil");
    let mut request = vec![0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42];
    request.extend([7; 12]);
    let mut attribute = |kind: u16, value: &[u8]| {
        request.extend(kind.to_be_bytes());
        request.extend((value.len() as u16).to_be_bytes());
        request.extend_from_slice(value);
        request.resize(request.len().next_multiple_of(4), 0);
    };
    attribute(6, username.as_bytes());
    attribute(0x25, b""); // USE-CANDIDATE
    attribute(0x24, &[0x7f, 0xff, 0xff, 0xff]); // PRIORITY
    attribute(8, &[0; 20]); // MESSAGE-INTEGRITY
    let length = (request.len() - 20) as u16;
    request[2..4].copy_from_slice(&length.to_be_bytes());
    let thief = UdpSocket::bind("127.0.0.1:0").unwrap();
    thief.set_nonblocking(true).unwrap();
    w.clients[1].forget();
    w.until("sound", |w| {
        let _ = thief.send_to(&request, ("127.0.0.1", w.engine.port()));
        w.clients[0].speak(mid_a);
        w.clients[1].heard("TR_a").packets.len() > 50
    });
    assert!(thief.recv(&mut [0; 2000]).is_err(), "nothing is sent to the thief");
}

#[test]
fn lies_in_sdp_are_refused_and_change_nothing() {
    let (mut w, mid_a, _) = two_talking();
    let huge = "a=x:".to_owned() + &"y".repeat(1 << 20);
    let many = "v=0\r\n".to_owned() + &"m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n".repeat(5000);
    let lies = ["", "v=0", "\0\0\0", "m=", "m=audio\r\na=mid:\r\n", "🦀=🦀", &huge, &many];
    for sdp in lies {
        w.engine.send(Command::PublisherOffer { peer: "A".into(), sdp: sdp.to_owned() });
        w.engine.send(Command::SubscriberAnswer { peer: "B".into(), sdp: sdp.to_owned() });
    }
    // Answers that nobody waits for, and ones that do not fit what was offered.
    let offer = w.last_offer("B").to_owned();
    let good = w.clients[1].answer(&offer);
    w.engine.send(Command::SubscriberAnswer { peer: "B".into(), sdp: good });
    let failed = |side: Side| move |e: &Event| matches!(e, Event::NegotiationFailed { side: s, .. } if *s == side);
    w.until("all are refused", |w| {
        w.count(failed(Side::Publisher)) == lies.len() && w.count(failed(Side::Subscriber)) == lies.len() + 1
    });
    w.clients[1].forget();
    w.until("sound", |w| {
        w.clients[0].speak(mid_a);
        w.clients[1].heard("TR_a").packets.len() > 20
    });
    assert_eq!(w.stuck(), 0);
}

#[test]
fn unknown_ids_are_harmless() {
    let (mut w, mid_a, _) = two_talking();
    let id = || "nobody".into();
    for command in [
        Command::CloseRoom { room: id() },
        Command::OpenPeer { room: id(), peer: id() },
        Command::ClosePeer { peer: id() },
        Command::WithdrawTrack { track: id() },
        Command::MuteTrack { track: id(), muted: true },
        Command::PublisherOffer { peer: id(), sdp: String::new() },
        Command::OpenSubscriber { peer: id() },
        Command::SubscriberAnswer { peer: id(), sdp: String::new() },
        Command::RestartSubscriber { peer: id() },
        Command::Subscribe { peer: "A".into(), track: id() },
        Command::Subscribe { peer: id(), track: "TR_a".into() },
        Command::Unsubscribe { peer: id(), track: "TR_a".into() },
        Command::Unsubscribe { peer: "A".into(), track: "TR_a".into() },
        Command::Pause { peer: "A".into(), track: "TR_a".into(), paused: true },
        Command::SendData { peers: vec![id()], reliable: true, payload: [0][..].into() },
    ] {
        w.engine.send(command);
    }
    w.clients[1].forget();
    w.until("sound", |w| {
        w.clients[0].speak(mid_a);
        w.clients[1].heard("TR_a").packets.len() > 20
    });
}

#[test]
fn many_channels_end_the_peer_that_opens_them() {
    let (mut w, ..) = two_talking();
    w.until("the association", |w| w.clients[0].publish_data(true, b"x"));
    for i in 0..40 {
        w.clients[0]
            .publisher
            .rtc
            .direct_api()
            .create_data_channel(str0m::channel::ChannelConfig { label: format!("d{i}"), ..Default::default() });
    }
    w.until("A is dropped", |w| w.count(|e| matches!(e, Event::Stuck { peer, .. } if &**peer == "A")) == 1);
    w.for_a_while(Duration::from_millis(50), |_| ());
    assert_eq!(w.engine.stats().peers, 1);
}

#[test]
fn a_thousand_peers_come_and_go() {
    let mut w = World::new();
    w.patience = Duration::from_secs(60); // a connection takes some milliseconds of a debug build
    let mut hold = vec![];
    for i in 0..1000 {
        let id: media::Id = format!("P{i}").into();
        w.engine.send(Command::OpenPeer { room: ROOM.into(), peer: id.clone() });
        w.engine.send(Command::OpenSubscriber { peer: id.clone() });
        hold.push(id);
        if hold.len() > 20 {
            w.engine.send(Command::ClosePeer { peer: hold.remove(0) });
        }
    }
    hold.drain(..).for_each(|peer| w.engine.send(Command::ClosePeer { peer }));
    w.until("nobody is left", |w| {
        w.count(|e| matches!(e, Event::SubscriberOffer { .. })) > 0 && w.engine.stats().peers == 0
    });
}

#[test]
fn a_crowd_that_joins_at_once_does_not_silence_those_who_talk() {
    let (mut w, mid_a, _) = two_talking();
    let joining = 2000;
    for i in 0..joining {
        let id: media::Id = format!("P{i}").into();
        w.engine.send(Command::OpenPeer { room: ROOM.into(), peer: id.clone() });
        w.engine.send(Command::OpenSubscriber { peer: id });
    }
    w.clients[1].forget();
    w.until("sound", |w| {
        w.clients[0].speak(mid_a);
        w.clients[1].heard("TR_a").packets.len() > 20
    });
    let peers = w.engine.stats().peers;
    assert!(peers < joining, "{peers} were in before a word was heard");
}

#[test]
fn closing_frees_the_port() {
    let w = World::new();
    let port = w.engine.port();
    assert!(UdpSocket::bind(("127.0.0.1", port)).is_err());
    w.engine.close();
    UdpSocket::bind(("127.0.0.1", port)).unwrap();
    w.engine.send(Command::OpenRoom { room: "late".into() });
    w.engine.close();
}
