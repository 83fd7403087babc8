//! A measurement: everybody joins, talks, is counted for some seconds, and leaves.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use crate::client::Departed;
use crate::crowd::{Crowd, Lost};
use crate::payload::clock;
use crate::plan::{Guest, Plan};
use crate::report::{Cost, MediaReport};
use crate::server::{Server, load_average, own_cpu_seconds};
use crate::stats::Window;

/// Beyond the time that the join rate takes.
const JOIN_PATIENCE: Duration = Duration::from_secs(40);
/// For the first packet of every stream everywhere, once all are in.
const STREAM_PATIENCE: Duration = Duration::from_secs(10);
/// Calm before the window; and after it, for packets on their way.
const SETTLE: Duration = Duration::from_millis(500);

/// What threads tell each other.
struct Stage {
    progress: Vec<Progress>,
    publishers: usize,
    window: OnceLock<Window>,
    over: AtomicBool,
    lost: Mutex<Vec<Lost>>,
}

/// How far one thread's clients are. Done means up or lost: nothing more is to be expected of their joining.
#[derive(Default)]
struct Progress {
    publishers_done: AtomicUsize,
    done: AtomicUsize,
    streams: AtomicUsize,
}

impl Stage {
    fn new(plan: &Plan) -> Self {
        Stage {
            progress: (0..plan.threads).map(|_| Progress::default()).collect(),
            publishers: plan.rooms * plan.publishers,
            window: OnceLock::new(),
            over: AtomicBool::new(false),
            lost: Mutex::new(Vec::new()),
        }
    }

    fn sum(&self, of: impl Fn(&Progress) -> &AtomicUsize) -> usize {
        self.progress.iter().map(|p| of(p).load(Relaxed)).sum()
    }

    fn publishers_in(&self) -> bool {
        self.sum(|p| &p.publishers_done) >= self.publishers
    }
}

pub fn measure(plan: &Plan, server: Option<Server>) -> Result<MediaReport, String> {
    let (stage, guests) = (Stage::new(plan), plan.guests());
    let expected: usize = guests.iter().map(|g| plan.audible(g).count()).sum();
    thread::scope(|scope| {
        let threads: Vec<_> = (0..plan.threads)
            .map(|at| {
                let share: Vec<Guest> = guests.iter().skip(at).step_by(plan.threads).cloned().collect();
                let stage = &stage;
                scope.spawn(move || serve(plan, share, stage, &stage.progress[at]))
            })
            .collect();
        let joining = JOIN_PATIENCE + Duration::from_secs_f64(guests.len() as f64 / plan.join_rate);
        wait(joining, || stage.sum(|p| &p.done) >= guests.len() || threads.iter().any(|t| t.is_finished()));
        wait(STREAM_PATIENCE, || stage.sum(|p| &p.streams) >= expected);
        let cost = watch(plan, server, &stage);
        stage.over.store(true, Relaxed);
        let mut clients = Vec::new();
        for thread in threads {
            clients.extend(thread.join().map_err(|_| "a thread of the load generator died")??);
        }
        let lost = std::mem::take(&mut *stage.lost.lock().expect("nobody died with it"));
        Ok(MediaReport::new(plan, clients, &lost, cost))
    })
}

/// Polls until it is so, or the time is over.
fn wait(patience: Duration, so: impl Fn() -> bool) {
    let deadline = Instant::now() + patience;
    while !so() && Instant::now() < deadline {
        thread::sleep(Duration::from_millis(5));
    }
}

/// The window, from its opening to the last packet's arrival.
fn watch(plan: &Plan, server: Option<Server>, stage: &Stage) -> Cost {
    let length = Duration::from_secs(plan.seconds);
    let from = clock() + SETTLE.as_nanos() as u64;
    let _ = stage.window.set(Window { from, to: from + length.as_nanos() as u64 });
    thread::sleep(SETTLE);
    let cpu = || server.and_then(Server::cpu_seconds);
    let (before, own_before) = (cpu(), own_cpu_seconds());
    thread::sleep(length);
    let cost = Cost {
        server_cpu: before.zip(cpu()).map(|(from, to)| to - from),
        server_memory: server.and_then(Server::memory),
        own_cpu: own_cpu_seconds() - own_before,
        load_average: load_average(),
    };
    thread::sleep(SETTLE);
    cost
}

/// One thread: lets its guests join in their turn and serves them until it is over.
fn serve(plan: &Plan, guests: Vec<Guest>, stage: &Stage, progress: &Progress) -> Result<Vec<Departed>, String> {
    let mut crowd = Crowd::new()?;
    let mut entrance = Entrance::new(guests, plan.join_rate);
    let mut lost = Vec::new();
    while !stage.over.load(Relaxed) {
        while let Some(guest) = entrance.next(Instant::now(), || stage.publishers_in()) {
            lost.extend(crowd.open(plan, guest).err());
        }
        lost.extend(crowd.turn(stage.window.get().copied()));
        tell(progress, &mut crowd, &lost);
    }
    stage.lost.lock().expect("nobody died with it").append(&mut lost);
    Ok(crowd.disband())
}

fn tell(progress: &Progress, crowd: &mut Crowd, lost: &[Lost]) {
    let (mut publishers, mut all) = (lost.iter().filter(|l| l.publishes).count(), lost.len());
    let mut streams = 0;
    for client in crowd.clients() {
        publishers += usize::from(client.is_up() && client.guest.publishes);
        all += usize::from(client.is_up());
        streams += client.streams;
    }
    progress.publishers_done.store(publishers, Relaxed);
    progress.done.store(all, Relaxed);
    progress.streams.store(streams, Relaxed);
}

/// Lets guests in at a rate: publishers, and when all of those are in, subscribers.
struct Entrance {
    waiting: std::iter::Peekable<std::vec::IntoIter<Guest>>,
    /// Per second.
    rate: f64,
    /// When the first publisher joins, and the first subscriber.
    opened: [Option<Instant>; 2],
}

impl Entrance {
    fn new(guests: Vec<Guest>, rate: f64) -> Self {
        Entrance { waiting: guests.into_iter().peekable(), rate, opened: [None; 2] }
    }

    fn next(&mut self, now: Instant, publishers_in: impl Fn() -> bool) -> Option<Guest> {
        let guest = self.waiting.peek()?;
        let opened = &mut self.opened[usize::from(!guest.publishes)];
        if opened.is_none() && (guest.publishes || publishers_in()) {
            *opened = Some(now);
        }
        let turn = Duration::from_secs_f64(guest.turn as f64 / self.rate);
        if (*opened)? + turn <= now { self.waiting.next() } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::tests::plan;

    #[test]
    fn guests_join_at_the_rate_and_subscribers_wait_for_publishers() {
        let mut entrance = Entrance::new(plan().guests(), 10.0);
        let start = Instant::now();
        let mut count = |after: u64, publishers_in: bool| {
            let now = start + Duration::from_millis(after);
            std::iter::from_fn(|| entrance.next(now, || publishers_in)).count()
        };
        assert_eq!((count(0, false), count(150, false), count(5000, false)), (1, 1, 4));
        assert_eq!((count(6000, true), count(6250, true), count(9000, true), count(9999, true)), (1, 2, 5, 0));
    }

    #[test]
    fn waiting_ends() {
        let start = Instant::now();
        wait(Duration::from_millis(20), || false);
        assert!(start.elapsed() >= Duration::from_millis(20));
        wait(Duration::from_secs(60), || true);
        assert!(start.elapsed() < Duration::from_secs(30));
    }
}
