//! Every parser of this crate, fed what is kept in `fuzz/<target>/` and what chance makes of it: see
//! docs/decisions/0004-fuzzing-on-stable.md. `cargo test` runs a fixed number of inputs from a fixed seed; `make fuzz`
//! sets FUZZ_SECONDS and FUZZ_SEED and goes on. An input that ends in a panic is written into the corpus and stays there.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::{Duration, Instant};

use crate::command::Command;
use crate::event::{Id, Kind, Side};
use crate::sdp::{self, Credentials, Local, Section, SectionStream};
use crate::shard::Shard;
use crate::shared::Shared;
use crate::transport::{Datagram, Transport};
use crate::{nomination, offer, rtcp, stun};

struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 ^ (self.0 >> 29)) >> 3
    }

    fn below(&mut self, most: usize) -> usize {
        if most == 0 { 0 } else { self.roll() as usize % most }
    }
}

/// What parsers trip over: ends of ranges, lengths, and the words of SDP.
const WORDS: [&[u8]; 14] = [
    b"\r\n",
    b"a=mid:",
    b"a=mid:0\r\n",
    b"m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n",
    b"m=video 0 UDP/TLS/RTP/SAVPF 96\r\n",
    b"a=ssrc:4294967295 cname:x\r\n",
    b"a=ssrc-group:FID 1 1\r\n",
    b"a=extmap:255 urn:ietf:params:rtp-hdrext:sdes:mid\r\n",
    b"a=fmtp:111 sprop-stereo=1\r\n",
    b"a=setup:passive\r\n",
    b"99999999999999999999",
    b"-1",
    b"\xff\xff\xff\xff",
    b"\x00\x00\x00\x00",
];

fn mutate(input: &mut Vec<u8>, other: &[u8], dice: &mut Dice) {
    for _ in 0..=dice.below(6) {
        let at = dice.below(input.len() + 1);
        let end = at + dice.below((input.len() - at).min(64) + 1);
        match dice.below(9) {
            0 if at < input.len() => input[at] ^= 1 << dice.below(8),
            1 if at < input.len() => input[at] = dice.roll() as u8,
            2 => _ = input.drain(at..end),
            3 => input.truncate(at),
            4 => _ = input.splice(at..at, WORDS[dice.below(WORDS.len())].iter().copied()),
            5 => _ = input.splice(at..end, WORDS[dice.below(WORDS.len())].iter().copied()),
            6 => {
                let again = input[at..end].repeat(1 + dice.below(4));
                input.splice(at..at, again);
            }
            7 => {
                let from = dice.below(other.len() + 1);
                let piece = &other[from..(from + dice.below(400)).min(other.len())];
                input.splice(at..end, piece.iter().copied());
            }
            _ => {
                // A whole line twice, or the rest without it.
                let line = input[at..].iter().position(|b| *b == b'\n').map_or(input.len(), |n| at + n + 1);
                let start = input[..at].iter().rposition(|b| *b == b'\n').map_or(0, |n| n + 1);
                let text = input[start..line].to_vec();
                if dice.below(2) == 0 { _ = input.drain(start..line) } else { _ = input.splice(line..line, text) }
            }
        }
    }
    input.truncate(1 << 16);
}

/// `inputs`: how many mutations a plain test run tries.
fn run(target: &str, inputs: usize, mut each: impl FnMut(&[u8])) {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fuzz").join(target);
    let mut files: Vec<PathBuf> = fs::read_dir(&folder).unwrap().map(|f| f.unwrap().path()).collect();
    files.sort();
    let corpus: Vec<Vec<u8>> = files.iter().map(|f| fs::read(f).unwrap()).collect();
    assert!(!corpus.is_empty(), "no corpus in {folder:?}");
    let number = |name: &str| std::env::var(name).ok().and_then(|v| v.parse::<u64>().ok());
    let (seconds, mut dice) = (number("FUZZ_SECONDS"), Dice(number("FUZZ_SEED").unwrap_or(1)));
    let until = seconds.map(|s| Instant::now() + Duration::from_secs(s));
    let mut tried = |input: &[u8]| {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| each(input))) {
            let name = folder.join(format!(
                "found-{:016x}",
                input.iter().fold(5, |h: u64, b| (h ^ u64::from(*b)).wrapping_mul(0x100_0000_01b3))
            ));
            fs::write(&name, input).unwrap();
            eprintln!("kept as {name:?}");
            resume_unwind(panic);
        }
    };
    corpus.iter().for_each(|input| tried(input));
    let mut count = 0;
    while until.map_or(count < inputs, |at| Instant::now() < at) {
        let mut input = corpus[dice.below(corpus.len())].clone();
        let other = &corpus[dice.below(corpus.len())];
        mutate(&mut input, other, &mut dice);
        tried(&input);
        count += 1;
    }
    println!("{target}: {count} inputs");
}

fn shared() -> Shared {
    Shared::new(vec!["192.0.2.1:7880".parse().unwrap()], true)
}

#[test]
fn stun() {
    let crypto = str0m::crypto::from_feature_flags();
    run("stun", 20_000, |input| {
        let ufrag = stun::request_ufrag(input);
        assert!(ufrag.is_none_or(|u| u.len() < input.len() && !u.contains(':')));
        let _ = (stun::protocol(input), stun::nominates(input), stun::is_rtcp(input));
        if let Some(nominating) = nomination::add_to(input, "password", &crypto) {
            assert_eq!(stun::request_ufrag(&nominating), ufrag);
        }
    });
}

#[test]
fn rtcp() {
    run("rtcp", 20_000, |input| {
        let mut count = 0;
        rtcp::read(input, |_| count += 1);
        assert!(count <= input.len() * 17, "{count} from {} bytes: a NACK names 17 packets in 4", input.len());
    });
}

/// Also through str0m, which answers; what it panics at ends the one peer (`conn::guard`), and is worth knowing.
#[test]
fn offer() {
    let shared = shared();
    run("offer", 400, |input| {
        let Ok(text) = std::str::from_utf8(input) else { return };
        let Ok(offer) = offer::read(text) else { return };
        assert!(offer.sections.len() <= offer::MAX_SECTIONS && !offer.text.contains("a=candidate:"));
        let mut transport = shared.transport(Side::Publisher, Instant::now());
        if let Ok(answer) = transport.accept_offer(&offer.text) {
            let finished = offer.finish_answer(&answer);
            assert!(finished.lines().count() == answer.lines().count());
        }
    });
}

/// Reads the answer; and what it read, written into an offer as ids, cannot add a line to that.
#[test]
fn answer() {
    let credentials = Credentials { ufrag: "ufrag".into(), pwd: "p".repeat(22) };
    run("answer", 10_000, |input| {
        let text = String::from_utf8_lossy(input);
        if let Ok(answer) = sdp::parse_answer(&text) {
            assert!((4..=256).contains(&answer.remote.credentials.ufrag.len()));
            assert_eq!(answer.remote.fingerprint.1.len(), 32);
        }
        let local =
            Local { session: 1, version: 2, credentials: &credentials, fingerprint: "sha-256 00", candidates: &[] };
        let stream = SectionStream { publisher: &text, track: &text, ssrc: 1, rtx: Some(2), stereo: true };
        let written = |stream: SectionStream<'_>| {
            let section = Section { mid: "1", kind: Kind::Audio, stream: Some(stream) };
            sdp::offer(&local, [section].into_iter())
        };
        let plain = written(SectionStream { publisher: "p", track: "t", ..stream });
        assert_eq!(written(stream).lines().count(), plain.lines().count());
    });
}

/// Any commands and datagrams in any order: the shard goes on, and when all rooms are closed nothing is left.
#[test]
fn shard() {
    const SDP: &str = include_str!("../tests/fixtures/chromium-156-offer.sdp");
    let start = Instant::now();
    run("shard", 40, |input| {
        let mut shard = Shard::new(shared(), Arc::new(AtomicUsize::new(0)));
        let mut now = start;
        for step in input.chunks_exact(3).take(200) {
            let (what, who, which) = (step[0] % 20, step[1] % 6, step[2]);
            let peer = || Id::from(format!("P{who}"));
            let track = || Id::from(format!("T{}", which % 4));
            let room = || Id::from(format!("R{}", which % 2));
            let yes = which & 16 != 0;
            let command = match what {
                0 => Command::OpenRoom { room: room() },
                1 if which > 200 => Command::CloseRoom { room: room() },
                2 | 3 => Command::OpenPeer { room: room(), peer: peer() },
                4 if which > 128 => Command::ClosePeer { peer: peer() },
                5 | 6 => Command::OpenSubscriber { peer: peer() },
                7 => {
                    let kind = if yes { Kind::Audio } else { Kind::Video };
                    Command::AnnounceTrack { peer: peer(), cid: "c".into(), track: track(), kind }
                }
                8 => Command::WithdrawTrack { track: track() },
                9 => Command::MuteTrack { track: track(), muted: yes },
                10 => Command::PublisherOffer {
                    peer: peer(),
                    sdp: SDP.replace("sendrecv", if yes { "sendonly" } else { "inactive" }),
                },
                11 => Command::SubscriberAnswer { peer: peer(), sdp: SDP.replace("a=setup:actpass", "a=setup:active") },
                12 => Command::RestartSubscriber { peer: peer() },
                13 | 14 => Command::Subscribe { peer: peer(), track: track() },
                15 => Command::Unsubscribe { peer: peer(), track: track() },
                16 => Command::Pause { peer: peer(), track: track(), paused: yes },
                17 => {
                    let payload: Arc<[u8]> = vec![which; usize::from(which) * 300].into();
                    Command::SendData { peers: vec![peer()], reliable: yes, payload }
                }
                18 => {
                    let bytes: Vec<u8> = input.iter().map(|b| b.wrapping_add(which)).take(200).collect();
                    let from = ([127, 0, 0, 1], 1000 + u16::from(who)).into();
                    shard.receive(now, &Datagram { from, to: "192.0.2.1:7880".parse().unwrap(), bytes: &bytes });
                    continue;
                }
                _ => {
                    now += Duration::from_millis(u64::from(which) * 20);
                    shard.timeout(now);
                    shard.settle(now, Instant::now() + Duration::from_secs(60));
                    shard.outbox.clear();
                    continue;
                }
            };
            shard.command(now, command);
        }
        shard.settle(now, Instant::now() + Duration::from_secs(60));
        shard.close_all();
        assert_eq!(shard.leftovers(), 0);
    });
}
