use std::sync::Arc;

use proptest::prelude::*;
use str0m::media::Mid;

use super::*;

struct Source {
    t0: Instant,
}

impl Source {
    fn audio(&self, ssrc: u32, seq: u64) -> Packet {
        self.packet(ssrc, seq, (seq as u32).wrapping_mul(960), Arc::from([1u8]))
    }

    fn video(&self, ssrc: u32, seq: u64, picture: u16, key: bool) -> Packet {
        let [hi, lo] = picture.to_be_bytes();
        let payload = [0x90, 0xf0, 0x80 | hi, lo, picture as u8, 0x20 | (picture as u8 & 0x1f), u8::from(!key)];
        self.packet(ssrc, seq, (seq as u32).wrapping_mul(3000).wrapping_add(ssrc), Arc::from(payload))
    }

    /// Arrives 20 ms apart.
    fn packet(&self, ssrc: u32, seq: u64, time: u32, payload: Arc<[u8]>) -> Packet {
        Packet {
            mid: Mid::from("0"),
            rid: None,
            ssrc,
            seq,
            time,
            marker: false,
            level: None,
            voice: false,
            orientation: None,
            payload,
            arrived: self.t0 + Duration::from_millis(20) * (seq as u32 & 0xffff),
        }
    }
}

fn source() -> Source {
    Source { t0: Instant::now() }
}

fn rewrite(r: &mut Rewriter, p: &Packet) -> Option<Rewritten> {
    let d = Vp8Descriptor::parse(&p.payload).ok().filter(|_| p.payload.len() > 1);
    r.rewrite(p, d.as_ref())
}

#[test]
fn a_gap_stays_a_gap_and_a_late_packet_fills_it() {
    let (s, mut r) = (source(), Rewriter::new(Kind::Audio, 500));
    let mut out = |seq| rewrite(&mut r, &s.audio(1, seq)).map(|o| o.seq);
    assert_eq!([out(70_000), out(70_001), out(70_003), out(70_002)], [Some(500), Some(501), Some(503), Some(502)]);
    assert_eq!(out(69_999), None, "from before the stretch");
}

#[test]
fn a_pause_leaves_no_gap_and_keeps_media_time() {
    let (s, mut r) = (source(), Rewriter::new(Kind::Audio, 500));
    let first = rewrite(&mut r, &s.audio(1, 10)).unwrap();
    r.stop();
    assert_eq!(r.source(), None);
    let next = rewrite(&mut r, &s.audio(1, 110)).unwrap();
    assert_eq!(next.seq, first.seq + 1);
    assert_eq!(next.time.wrapping_sub(first.time), 100 * 960);
    assert_eq!(rewrite(&mut r, &s.audio(1, 109)), None, "sent before the pause ended");
}

#[test]
fn another_source_continues_numbers_and_time() {
    let (s, mut r) = (source(), Rewriter::new(Kind::Audio, 500));
    let a = rewrite(&mut r, &s.audio(1, 10)).unwrap();
    let b = rewrite(&mut r, &s.packet(2, 12, 0xdead_beef, Arc::from([1u8]))).unwrap();
    assert_eq!((b.seq, b.time.wrapping_sub(a.time)), (a.seq + 1, 40 * 48), "40 ms at 48 kHz");
}

#[test]
fn a_restarted_sender_is_followed_without_a_jump() {
    let (s, mut r) = (source(), Rewriter::new(Kind::Audio, 500));
    rewrite(&mut r, &s.audio(1, 10)).unwrap();
    assert_eq!(rewrite(&mut r, &s.audio(1, 10 + MAX_JUMP)).unwrap().seq, 501);
}

#[test]
fn video_waits_for_a_key_frame() {
    let (s, mut r) = (source(), Rewriter::new(Kind::Video, 500));
    assert_eq!(rewrite(&mut r, &s.video(1, 10, 300, false)), None);
    let key = rewrite(&mut r, &s.video(1, 11, 301, true)).unwrap();
    assert_eq!((key.seq, key.vp8), (500, None), "the first source is left as it is");
    assert_eq!(rewrite(&mut r, &s.video(2, 50, 9, false)), None, "another layer, not at a key frame");
    assert_eq!(rewrite(&mut r, &s.video(1, 12, 302, false)).unwrap().seq, 501, "which disturbs nothing");
    assert_eq!(rewrite(&mut r, &s.video(1, 12 + MAX_JUMP, 600, false)), None);
    assert_eq!(r.source(), None, "after a jump a key frame is needed");
}

#[test]
fn picture_ids_continue_over_a_switch_and_wrap() {
    let (s, mut r) = (source(), Rewriter::new(Kind::Video, 500));
    rewrite(&mut r, &s.video(1, 10, 0x7fff, true)).unwrap();
    let switched = s.video(2, 12, 77, true);
    let out = rewrite(&mut r, &switched).unwrap();
    let d = Vp8Descriptor::parse(&switched.payload).unwrap();
    let expected = d.patch().picture_id(0).tl0_pic_idx(0).key_idx(0).build().unwrap();
    assert_eq!(out.vp8, Some(expected), "32,767 is followed by 0, and 255 and 31 by 0");
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Packet { ssrc: u32, ahead: u64, key: bool },
    Late { back: u64 },
    Stop,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let packet = (1u32..4, 1u64..20, any::<bool>()).prop_map(|(ssrc, ahead, key)| Step::Packet { ssrc, ahead, key });
    let jump = (1u32..4, 1u64..100_000, any::<bool>()).prop_map(|(ssrc, ahead, key)| Step::Packet { ssrc, ahead, key });
    let late = (1u64..30).prop_map(|back| Step::Late { back });
    prop::collection::vec(prop_oneof![8 => packet, 1 => jump, 3 => late, 1 => Just(Step::Stop)], 1..200)
}

proptest! {
    /// The nonce rule: whatever the source does, no sequence number is used for two different packets, and none is far
    /// ahead of the last.
    #[test]
    fn no_number_is_used_twice(steps in steps(), video in any::<bool>()) {
        let s = source();
        let mut r = Rewriter::new(if video { Kind::Video } else { Kind::Audio }, 40_000);
        let (mut used, mut at, mut last) = (std::collections::HashMap::new(), [1u64 << 20; 4], None);
        let mut highest = 0;
        for step in steps {
            let (ssrc, seq, key) = match step {
                Step::Stop => { r.stop(); continue }
                Step::Packet { ssrc, ahead, key } => {
                    at[ssrc as usize] += ahead;
                    last = Some(ssrc);
                    (ssrc, at[ssrc as usize], key)
                }
                Step::Late { back } => match last {
                    Some(ssrc) => (ssrc, at[ssrc as usize] - back, true),
                    None => continue,
                },
            };
            let packet = if video { s.video(ssrc, seq, seq as u16 & 0x7fff, key) } else { s.audio(ssrc, seq) };
            if let Some(out) = rewrite(&mut r, &packet) {
                let before = used.insert(out.seq, (ssrc, seq));
                prop_assert!(before.is_none_or(|b| b == (ssrc, seq)), "{} for {:?} and {:?}", out.seq, before, (ssrc, seq));
                prop_assert!(highest == 0 || out.seq < highest + MAX_JUMP + 1);
                highest = highest.max(out.seq);
            }
        }
    }
}
