//! Data channels: both ways, both kinds, and what waits for a channel to open.

mod world;

use std::time::Duration;

use media::Event;
use world::{World, two_talking};

fn open(w: &World, id: &str) -> bool {
    w.count(|e| matches!(e, Event::DataOpen { peer } if **peer == *id)) > 0
}

#[test]
fn messages_arrive_both_ways_in_order() {
    let (mut w, ..) = two_talking();
    w.until("B's channels", |w| open(w, "B"));
    for i in 0..100u32 {
        w.send_data("B", true, &i.to_be_bytes());
    }
    w.send_data("B", false, b"lossy");
    w.until("101 messages", |w| w.clients[1].data.len() == 101);
    let reliable = w.clients[1].data.iter().filter(|(label, _)| label == "_reliable").map(|(_, d)| d.clone());
    assert_eq!(reliable.collect::<Vec<_>>(), (0..100u32).map(|i| i.to_be_bytes().to_vec()).collect::<Vec<_>>());
    assert!(w.clients[1].data.contains(&("_lossy".into(), b"lossy".to_vec())));

    w.until("A writes", |w| w.clients[0].publish_data(true, b"hello"));
    w.until("A writes", |w| w.clients[0].publish_data(false, b"quick"));
    w.until("the engine hands both on", |w| w.data_of("A").len() == 2);
    assert!(w.data_of("A").contains(&(true, b"hello".to_vec())));
    assert!(w.data_of("A").contains(&(false, b"quick".to_vec())));
}

#[test]
fn reliable_data_waits_for_the_channel_lossy_does_not() {
    let mut w = World::new();
    w.join("A");
    w.send_data("A", false, b"lost");
    w.send_data("A", true, b"kept 1");
    w.send_data("A", true, b"kept 2");
    w.until("what was kept", |w| w.clients[0].data.len() == 2);
    let payloads: Vec<&[u8]> = w.clients[0].data.iter().map(|(_, d)| &d[..]).collect();
    assert_eq!(payloads, [b"kept 1", b"kept 2"]);
}

#[test]
fn large_reliable_messages_pass_whole() {
    let (mut w, ..) = two_talking();
    w.patience = Duration::from_secs(60); // a client on a busy machine loses some, and SCTP waits a second or two then
    w.until("B's channels", |w| open(w, "B"));
    let message: Vec<u8> = (0..60_000u32).map(|i| i as u8).collect();
    for _ in 0..50 {
        w.send_data("B", true, &message);
    }
    w.until("3 MB", |w| w.clients[1].data.len() == 50);
    assert!(w.clients[1].data.iter().all(|(_, d)| *d == message));
    // Larger than our channels take, and than the client does: dropped, not fatal.
    w.send_data("B", true, &vec![0; 300_000]);
    w.send_data("B", true, b"after");
    w.until("the next", |w| w.clients[1].data.len() == 51);
    assert_eq!(w.stuck(), 0);
}

#[test]
fn who_does_not_read_is_dropped_and_nobody_else() {
    let (mut w, mid_a, _) = two_talking();
    w.until("B's channels", |w| open(w, "B"));
    w.clients[1].subscriber.cut = true;
    let message = vec![7; 60_000];
    for _ in 0..200 {
        w.send_data("B", true, &message);
    }
    w.until("B is given up", |w| w.count(|e| matches!(e, Event::Stuck { peer, .. } if &**peer == "B")) == 1);
    w.for_a_while(Duration::from_millis(50), |w| w.clients[0].speak(mid_a));
    assert_eq!(w.engine.stats().peers, 1);
}
