//! The same media over bad networks: `crates/netem` between clients and engine. Seeds are fixed; what is asserted is what
//! must hold whatever the timing was, and that it comes within the deadline.

mod world;

use std::collections::HashSet;
use std::time::{Duration, Instant};

use media::{Event, Kind, Side};
use str0m::media::Mid;
use world::{World, two_talking_in};

/// A speaks until B has heard `packets` more; then these are true of what B heard: each payload has one sequence number,
/// at the distance that the payload has, so that a receiver orders it rightly; and no more than `lost` (0..1) is missing.
fn assert_heard(w: &mut World, mid_a: Mid, packets: usize, lost: f64) {
    w.clients[1].forget();
    w.until("sound", |w| {
        w.clients[0].speak(mid_a);
        w.clients[1].heard("TR_a").packets.len() >= packets
    });
    let number = |p: &[u8]| String::from_utf8_lossy(&p[7..]).parse::<u64>().unwrap();
    let heard = &w.clients[1].heard("TR_a").packets;
    let pairs: HashSet<(u64, u64)> = heard.iter().map(|p| (number(&p.payload), *p.seq_no)).collect();
    let distances: HashSet<u64> = pairs.iter().map(|(payload, seq)| seq.wrapping_sub(*payload)).collect();
    assert_eq!(distances.len(), 1, "sequence numbers against payloads: {distances:?}");
    let numbers = || pairs.iter().map(|(payload, _)| *payload);
    let sent = numbers().max().unwrap() - numbers().min().unwrap() + 1;
    let missing = 1.0 - pairs.len() as f64 / sent as f64;
    assert!(missing <= lost, "{:.1} % of {sent} packets are missing", missing * 100.0);
    assert_eq!(w.stuck(), 0);
}

#[test]
fn loss_jitter_reordering_and_repetition_leave_the_sequence_right() {
    let (mut w, mid_a, _) = two_talking_in(World::far_away(1));
    w.conditions("loss=3,delay=15,jitter=15,reorder=4,hold=25,duplicate=3");
    assert_heard(&mut w, mid_a, 600, 0.12);
    let stats = w.relay.as_ref().unwrap().stats();
    assert!(stats.up.lost > 5 && stats.up.held > 5 && stats.up.duplicated > 5, "it was bad indeed: {stats:?}");
    assert_eq!(w.count(|e| matches!(e, Event::SideLost { .. })), 0);
}

#[test]
fn bursts_of_loss_are_survived() {
    let (mut w, mid_a, _) = two_talking_in(World::far_away(2));
    w.conditions("burst=0.5,burst_length=12,delay=10");
    assert_heard(&mut w, mid_a, 600, 0.3);
}

#[test]
fn a_fifth_of_everything_is_lost_and_they_still_connect_and_talk() {
    let mut w = World::far_away(3);
    w.patience = Duration::from_secs(60); // handshakes repeat what was lost after 1, 2, 4 … seconds
    w.conditions("loss=20,delay=5");
    let (mut w, mid_a, _) = two_talking_in(w);
    assert_heard(&mut w, mid_a, 200, 0.55);
}

#[test]
fn reliable_data_arrives_in_order_and_once() {
    let (mut w, ..) = two_talking_in(World::far_away(8));
    w.patience = Duration::from_secs(60);
    w.conditions("loss=5,delay=5,reorder=5,hold=20,duplicate=5");
    let messages: Vec<Vec<u8>> = (0..50u8).map(|i| vec![i; 1500]).collect();
    for message in &messages {
        w.send_data("B", true, message);
    }
    w.until("all messages", |w| w.clients[1].data.len() >= messages.len());
    let got: Vec<&[u8]> = w.clients[1].data.iter().map(|(_, m)| m.as_slice()).collect();
    assert_eq!(got, messages);
}

#[test]
fn a_listener_that_gets_a_new_address_in_mid_call_hears_on() {
    let (mut w, mid_a, _) = two_talking_in(World::far_away(4));
    for _ in 0..3 {
        w.rebind(&w.clients[1].subscriber);
        assert_heard(&mut w, mid_a, 50, 1.0);
    }
    w.send_data("B", true, b"to the new address");
    w.until("data", |w| !w.clients[1].data.is_empty());
    assert_eq!(w.count(|e| matches!(e, Event::SideLost { .. })), 0);
}

#[test]
fn a_speaker_that_gets_a_new_address_in_mid_call_is_heard_on() {
    let (mut w, mid_a, _) = two_talking_in(World::far_away(5));
    for _ in 0..3 {
        w.rebind(&w.clients[0].publisher);
        assert_heard(&mut w, mid_a, 50, 1.0);
    }
    assert_eq!(w.count(|e| matches!(e, Event::SideLost { .. })), 0);
}

#[test]
fn restarts_get_through_a_bad_network() {
    let (mut w, mid_a, _) = two_talking_in(World::far_away(6));
    w.conditions("loss=10,delay=20,jitter=10,reorder=2");
    w.clients[0].publisher.move_to_new_port();
    w.offer(0, |api| _ = api.ice_restart(true));
    w.clients[1].subscriber.move_to_new_port();
    w.engine.send(media::Command::RestartSubscriber { peer: "B".into() });
    w.until("both are back", |w| w.connected("A", Side::Publisher) == 2 && w.connected("B", Side::Subscriber) == 2);
    assert_heard(&mut w, mid_a, 100, 0.5);
}

#[test]
fn lost_pictures_are_sent_again() {
    let mut w = World::far_away(7);
    let (a, b) = (w.join("A"), w.join("B"));
    let mid = w.publish(a, "TR_cam", Kind::Video);
    w.subscribe("B", "TR_cam");
    let mut picture = 0;
    w.until("the picture", |w| {
        picture += 1;
        w.clients[a].show(mid, None, picture, true);
        w.clients[b].heard("TR_cam").packets.len() > 3
    });
    w.conditions("loss=8,delay=5");
    let first = picture + 1;
    let last = first + 300;
    let (mut shown, mut next) = (first, Instant::now());
    let frame = |p: &[u8]| String::from_utf8_lossy(&p[7..]).rsplit(' ').next().unwrap().parse::<u16>().unwrap();
    w.until("every picture that was shown", |w| {
        // On beyond the last, for a loss is noticed by what follows.
        if Instant::now() >= next {
            next += Duration::from_millis(10);
            w.clients[a].show(mid, None, shown, false);
            shown += 1;
        }
        let got: HashSet<u16> = w.clients[b].heard("TR_cam").packets.iter().map(|p| frame(&p.payload)).collect();
        (first..=last).all(|n| got.contains(&n))
    });
    let stats = w.relay.as_ref().unwrap().stats();
    assert!(stats.up.lost > 10 && stats.down.lost > 10, "{stats:?}");
}
