//! What floods and churn leave behind. One test, for the memory of a process is one: nothing else may run beside it.

mod world;

use media::{Command, Event, Kind};
use world::{ROOM, World};

/// Joins and leaves; the figure for 10,000 is in `benchmarks/`.
const VISITS: usize = 1000;
/// MiB that the second half may add: less than a kilobyte and a half for each visit, the allocator's noise included.
const GROWTH: f64 = 1.5;

/// Resident memory of this process, clients and engine, in MiB.
fn memory() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:")).unwrap();
    line.split_whitespace().next().unwrap().parse::<f64>().unwrap() / 1024.0
}

/// Somebody comes, is known to have come, and goes: with a track and a subscription to the one who stays, and every
/// twentieth with real media on both connections.
fn visit(w: &mut World, number: usize) {
    let (peer, track) = (format!("V{number}"), format!("TR_{number}"));
    let (id, name): (media::Id, media::Id) = (peer.as_str().into(), track.as_str().into());
    if number.is_multiple_of(20) {
        let client = w.join(&peer);
        let mid = w.publish(client, &track, Kind::Audio);
        w.subscribe("S", &track);
        w.until("the visitor is heard", |w| {
            w.clients[client].speak(mid);
            !w.clients[0].heard(&track).packets.is_empty()
        });
        w.leave(client);
    } else {
        w.engine.send(Command::OpenPeer { room: ROOM.into(), peer: id.clone() });
        w.engine.send(Command::OpenSubscriber { peer: id.clone() });
        let (cid, kind) = ("c".into(), Kind::Audio);
        w.engine.send(Command::AnnounceTrack { peer: id.clone(), cid, track: name, kind });
        w.subscribe("S", &track);
        w.until("the visitor's offer", |w| !w.last_offer(&peer).is_empty());
        w.engine.send(Command::ClosePeer { peer: id });
    }
    w.until("the visitor has left", |w| w.engine.stats().peers == 1);
    w.events.clear();
    w.clients[0].forget();
}

#[test]
fn a_thousand_visits_leave_nothing() {
    let mut w = World::new();
    w.patience = std::time::Duration::from_secs(60);
    w.join("S");
    w.until("S is there", |w| w.connected("S", media::Side::Subscriber) == 1);
    (0..VISITS / 2).for_each(|number| visit(&mut w, number));
    let half = memory();
    (VISITS / 2..VISITS).for_each(|number| visit(&mut w, number));
    let all = memory();
    println!("{half:.1} MiB after half, {all:.1} after all");
    assert!(all - half < GROWTH, "{half:.1} MiB after half, {all:.1} after all");
    let stats = w.engine.stats();
    assert_eq!((stats.peers, stats.tracks, stats.subscriptions), (1, 0, 0));
    assert_eq!(w.count(|e| matches!(e, Event::Stuck { .. })), 0);
}
