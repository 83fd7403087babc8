//! ICE restarts, lost signalling, and connections that end.

mod world;

use std::time::Duration;

use media::{Command, Event, Side};
use world::{World, two_talking};

fn restart(w: &World, peer: &str) {
    w.engine.send(Command::RestartSubscriber { peer: peer.into() });
}

#[test]
fn the_first_check_is_enough_to_connect() {
    let mut w = World::new();
    let (a, b) = (w.join("A"), w.join("B"));
    w.clients[a].publisher.never_nominates = true;
    w.clients[b].subscriber.never_nominates = true;
    let mid = w.publish(a, "TR_a", media::Kind::Audio);
    w.subscribe("B", "TR_a");
    w.until("B hears A", |w| {
        w.clients[a].speak(mid);
        w.clients[b].heard("TR_a").packets.len() > 20
    });
}

#[test]
fn publisher_restarts_from_a_new_address() {
    let (mut w, mid_a, _) = two_talking();
    w.clients[0].publisher.move_to_new_port();
    w.offer(0, |api| _ = api.ice_restart(true));
    w.until("A's publisher side is back", |w| w.connected("A", Side::Publisher) == 2);
    w.clients[1].forget();
    w.until("B hears A again", |w| {
        w.clients[0].speak(mid_a);
        w.clients[1].heard("TR_a").packets.len() > 20
    });
    assert_eq!(w.stuck(), 0);
}

#[test]
fn every_ufrag_begins_with_its_shard() {
    let (mut w, ..) = two_talking();
    w.offer(0, |api| _ = api.ice_restart(true));
    w.until("A's publisher side is back", |w| w.connected("A", Side::Publisher) == 2);
    restart(&w, "B");
    w.until("B's subscriber side is back", |w| w.connected("B", Side::Subscriber) == 2);
    let texts = w.events.iter().filter_map(|e| match e {
        Event::PublisherAnswer { sdp, .. } | Event::SubscriberOffer { sdp, .. } => Some(sdp),
        _ => None,
    });
    let mut ufrags: Vec<&str> = texts.flat_map(|t| t.lines()).filter_map(|l| l.strip_prefix("a=ice-ufrag:")).collect();
    ufrags.sort_unstable();
    ufrags.dedup();
    assert!(ufrags.len() >= 6 && ufrags.iter().all(|u| u.starts_with("00")), "{ufrags:?}");
}

#[test]
fn subscriber_restarts_from_a_new_address() {
    let (mut w, mid_a, _) = two_talking();
    for round in 2..=4 {
        w.clients[1].subscriber.move_to_new_port();
        restart(&w, "B");
        w.until("B's subscriber side is back", |w| w.connected("B", Side::Subscriber) == round);
        w.clients[1].forget();
        w.until("B hears A again", |w| {
            w.clients[0].speak(mid_a);
            w.clients[1].heard("TR_a").packets.len() > 20
        });
    }
    w.send_data("B", true, b"after the restart");
    w.until("data", |w| !w.clients[1].data.is_empty());
}

#[test]
fn restart_from_the_same_address_loses_nothing() {
    let (mut w, mid_a, _) = two_talking();
    restart(&w, "B");
    w.until("B's subscriber side is back", |w| {
        w.clients[0].speak(mid_a);
        w.connected("B", Side::Subscriber) == 2
    });
    let before = w.clients[1].heard("TR_a").packets.len();
    w.until("more", |w| {
        w.clients[0].speak(mid_a);
        w.clients[1].heard("TR_a").packets.len() > before + 50
    });
    let seqs = w.clients[1].heard("TR_a").seqs();
    assert_eq!(seqs.last().unwrap() - seqs[0] + 1, seqs.len() as u64);
    assert_eq!(w.count(|e| matches!(e, Event::SideLost { .. })), 0);
}

#[test]
fn media_goes_on_while_a_restart_is_unanswered() {
    let (mut w, mid_a, _) = two_talking();
    w.answering = false;
    restart(&w, "B");
    restart(&w, "B");
    w.for_a_while(Duration::from_millis(300), |w| w.clients[0].speak(mid_a));
    let before = w.clients[1].heard("TR_a").packets.len();
    w.until("sound over the old pair", |w| {
        w.clients[0].speak(mid_a);
        w.clients[1].heard("TR_a").packets.len() > before + 20
    });
    // The client sees only the last offer; the one before was lost with its signalling connection.
    w.answering = true;
    let offer = w.last_offer("B").to_owned();
    let sdp = w.clients[1].answer(&offer);
    w.engine.send(Command::SubscriberAnswer { peer: "B".into(), sdp });
    w.until("back", |w| w.connected("B", Side::Subscriber) == 2);
}

#[test]
fn stale_answer_is_refused_and_the_restart_waits_on() {
    let (mut w, ..) = two_talking();
    let offer = w.last_offer("B").to_owned();
    let stale = w.clients[1].answer(&offer); // same credentials as before: not the answer to a restart
    w.answering = false;
    restart(&w, "B");
    w.until("the restart's offer", |w| w.last_offer("B") != offer);
    w.engine.send(Command::SubscriberAnswer { peer: "B".into(), sdp: stale });
    w.until("refused", |w| w.count(|e| matches!(e, Event::NegotiationFailed { side: Side::Subscriber, .. })) == 1);
    w.answering = true;
    let offer = w.last_offer("B").to_owned();
    let sdp = w.clients[1].answer(&offer);
    w.engine.send(Command::SubscriberAnswer { peer: "B".into(), sdp });
    w.until("back", |w| w.connected("B", Side::Subscriber) == 2);
}

#[test]
fn new_connection_after_the_old_one_was_closed() {
    let (mut w, mid_a, _) = two_talking();
    // str0m cannot close while its SCTP handshake is under way.
    w.until("A closes", |w| w.clients[0].publisher.rtc.close().is_ok());
    w.until("A's publisher side is lost", |w| {
        w.clients[0].publisher.flush(std::time::Instant::now());
        w.count(|e| matches!(e, Event::SideLost { side: Side::Publisher, .. })) == 1
    });
    w.clients[0].renew_publisher();
    w.clients[1].forget();
    let again = w.publish(0, "TR_again", media::Kind::Audio);
    w.subscribe("B", "TR_again");
    w.until("B hears the new connection", |w| {
        w.clients[0].speak(again);
        w.clients[1].heard("TR_again").packets.len() > 20
    });
    let _ = mid_a;
    let ended = |e: &Event| matches!(e, Event::TrackEnded { track, .. } if &**track == "TR_a");
    assert_eq!(w.count(ended), 1, "what the old connection carried has ended");
}

#[test]
fn client_that_vanishes_is_lost_and_only_that_one() {
    let (mut w, mid_a, mid_b) = two_talking();
    w.clients[1].subscriber.cut = true;
    w.clients[1].publisher.cut = true;
    w.within(Duration::from_secs(25), "both of B's sides are lost", |w| {
        w.clients[0].speak(mid_a);
        w.clients[1].speak(mid_b);
        w.count(|e| matches!(e, Event::SideLost { peer, .. } if &**peer == "B")) == 2
    });
    assert_eq!(w.count(|e| matches!(e, Event::SideLost { .. })), 2);
}

#[test]
fn closing_is_told_to_the_client_and_by_the_client() {
    let (mut w, ..) = two_talking();
    // str0m cannot close while its SCTP handshake is under way.
    w.until("A closes", |w| w.clients[0].publisher.rtc.close().is_ok());
    w.until("A's publisher side is lost", |w| {
        w.clients[0].publisher.flush(std::time::Instant::now());
        w.count(|e| matches!(e, Event::SideLost { peer, side: Side::Publisher } if &**peer == "A")) == 1
    });
    w.engine.send(Command::CloseRoom { room: world::ROOM.into() });
    w.until("B is told", |w| !w.clients[1].subscriber.rtc.is_connected() || !w.clients[1].subscriber.rtc.is_alive());
    w.until("nothing is left", |w| w.engine.stats().peers == 0 && w.engine.stats().rooms == 0);
}
