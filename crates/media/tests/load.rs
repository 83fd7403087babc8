//! CPU time of the media thread per packet sent. Not a test of right or wrong:
//! `cargo test --release -p media --test load -- --ignored --nocapture`

mod world;

use std::time::{Duration, Instant};

use media::{Event, Kind};
use world::World;

/// User and system time of the thread named `media`, in seconds.
fn media_thread_cpu() -> f64 {
    let mut total = 0.0;
    for task in std::fs::read_dir("/proc/self/task").unwrap().flatten() {
        let read = |name: &str| std::fs::read_to_string(task.path().join(name)).unwrap_or_default();
        if read("comm").trim() == "media" {
            // Nanoseconds on the CPU, without the tick's coarseness.
            let ns: f64 = read("schedstat").split(' ').next().and_then(|v| v.parse().ok()).unwrap_or(0.0);
            total += ns / 1e9;
        }
    }
    total
}

fn run(publishers: usize, subscribers: usize) {
    let mut w = World::new();
    let mut mids = vec![];
    for i in 0..publishers + subscribers {
        w.join(&format!("P{i}"));
    }
    for i in 0..publishers {
        mids.push(w.publish(i, &format!("TR_{i}"), Kind::Audio));
        for j in publishers..publishers + subscribers {
            w.subscribe(&format!("P{j}"), &format!("TR_{i}"));
        }
    }
    let start = Instant::now();
    let mut round = 0;
    // 50 packets per second each, spread over the 20 ms, as they would come.
    let mut speak = |w: &mut World| {
        while round < start.elapsed().as_micros() as usize * publishers / 20_000 {
            let who = round % publishers;
            w.clients[who].send(mids[who], None, 960, vec![0x55; 140], false);
            round += 1;
        }
    };
    let last = publishers + subscribers - 1;
    w.until("everybody hears everybody", |w| {
        speak(w);
        (0..publishers).all(|i| w.clients[last].heard(&format!("TR_{i}")).packets.len() > 5)
    });
    w.for_a_while(Duration::from_secs(1), &mut speak);
    w.clients.iter_mut().for_each(|c| c.forget());
    let (cpu, sent, since) = (media_thread_cpu(), w.engine.stats().packets_out, Instant::now());
    w.for_a_while(Duration::from_secs(5), &mut speak);
    let (cpu, sent, time) =
        (media_thread_cpu() - cpu, w.engine.stats().packets_out - sent, since.elapsed().as_secs_f64());
    let heard: usize = (publishers..=last)
        .map(|j| (0..publishers).map(|i| w.clients[j].heard(&format!("TR_{i}")).packets.len()).sum::<usize>())
        .sum();
    println!(
        "{publishers} x {subscribers}: {:.0} packets/s out, {:.1} us each, {:.1} % of a core; {heard} heard; {} stuck",
        sent as f64 / time,
        cpu * 1e6 / sent as f64,
        cpu * 100.0 / time,
        w.count(|e| matches!(e, Event::Stuck { .. }))
    );
}

#[test]
#[ignore = "a measurement"]
fn cost_per_packet() {
    for (publishers, subscribers) in [(1, 50), (5, 20), (10, 50), (20, 20)] {
        run(publishers, subscribers);
    }
}
