use std::time::Instant;

use proptest::prelude::*;

use super::*;
use crate::conn::guard;
use crate::event::Side;
use crate::shared::Shared;
use crate::transport::Transport;

/// Chromium 156: three data channels, Opus, VP8 with RIDs q, h and f.
const CHROMIUM: &str = include_str!("../tests/fixtures/chromium-156-offer.sdp");

fn shared() -> Shared {
    Shared::new(vec!["192.0.2.1:7880".parse().unwrap()], true)
}

fn answer(shared: &Shared, text: &str) -> Result<String, String> {
    let offer = read(text)?;
    let mut transport = shared.transport(Side::Publisher, Instant::now());
    Ok(offer.finish_answer(&transport.accept_offer(&offer.text)?))
}

#[test]
fn chromium_sections_are_found() {
    let offer = read(CHROMIUM).unwrap();
    let sections: Vec<_> = offer.sections.iter().map(|s| (s.mid.as_str(), s.kind, s.sending, s.stereo)).collect();
    assert_eq!(sections, [("0", Kind::Audio, true, false), ("1", Kind::Video, true, false)]);
    assert!(offer.sections.iter().all(|s| s.cid.as_ref().is_some_and(|c| c.len() == 36)), "{:?}", offer.sections);
}

#[test]
fn chromium_is_answered_with_opus_and_vp8_simulcast() {
    let text = answer(&shared(), CHROMIUM).unwrap();
    let has = |line: &str| assert!(text.contains(&format!("{line}\r\n")), "{line} in {text}");
    has("a=ice-lite");
    has("a=setup:passive");
    has("a=group:BUNDLE 0 1 2");
    has("a=rtpmap:111 opus/48000/2");
    has("a=fmtp:111 minptime=10;useinbandfec=1;usedtx=1");
    has("a=rtcp-fb:111 nack");
    let voice = &text[text.find("m=audio").unwrap()..text.find("m=video").unwrap()];
    for measure in ["transport-cc", "transport-wide-cc", "abs-send-time", "toffset"] {
        assert!(!voice.contains(measure), "a link is not probed by a voice: {voice}");
    }
    assert!(text.contains("transport-wide-cc"), "but by video");
    has("a=rtpmap:96 VP8/90000");
    has("a=rtcp-fb:96 nack pli");
    has("a=rtcp-fb:96 transport-cc");
    has("a=simulcast:recv q;h;f");
    assert!(text.contains("a=candidate:") && text.contains("192.0.2.1 7880 typ host"));
    for codec in ["H264", "VP9", "AV1", "red/48000"] {
        assert!(!text.contains(codec), "{codec} was not asked for");
    }
}

#[test]
fn stereo_is_taken_as_music() {
    let offer = CHROMIUM.replace("useinbandfec=1", "useinbandfec=1;stereo=1;sprop-stereo=1");
    assert!(read(&offer).unwrap().sections[0].stereo);
    let text = answer(&shared(), &offer).unwrap();
    assert!(text.contains("stereo=1") && !text.contains("usedtx=1"), "{text}");
}

#[test]
fn sections_that_send_nothing_are_seen() {
    let sending = |text: &str| read(text).unwrap().sections[0].sending;
    assert!(sending("m=audio 9 X 111\r\na=mid:0\r\na=sendrecv\r\n"));
    assert!(!sending("m=audio 9 X 111\r\na=mid:0\r\na=inactive\r\n"));
    assert!(!sending("m=audio 0 X 111\r\na=mid:0\r\na=sendonly\r\n"));
    assert!(sending("m=audio 0 X 111\r\na=mid:0\r\na=bundle-only\r\na=sendonly\r\n"));
    assert!(!sending("m=audio 0 X 111\r\na=recvonly\r\na=bundle-only\r\n"));
}

#[test]
fn candidates_are_left_out() {
    let text = CHROMIUM.to_owned() + &"a=candidate:1 1 udp 1 203.0.113.1 5 typ host\r\n".repeat(1000);
    assert!(!read(&text).unwrap().text.contains("candidate"));
}

#[test]
fn older_sdks_name_the_track_in_an_ssrc_line() {
    let text = "m=audio 9 X 111\r\na=ssrc:5 cname:x\r\na=ssrc:5 msid:stream track\r\n";
    assert_eq!(read(text).unwrap().sections[0].cid.as_deref(), Some("track"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    /// Lines lost, doubled, swapped or damaged: an answer, a refusal, or at worst a panic that `guard` contains.
    #[test]
    fn damaged_offers_are_answered_or_refused(edits in prop::collection::vec((0usize..200, 0u8..4, "(?s).{0,12}"), 1..12)) {
        let mut lines: Vec<String> = CHROMIUM.lines().map(str::to_owned).collect();
        for (at, what, text) in edits {
            let at = at % lines.len();
            match what {
                0 => _ = lines.remove(at),
                1 => lines.insert(at, lines[at].clone()),
                2 => lines.swap(at, 0),
                _ => {
                    let cut = lines[at].char_indices().nth(5).map_or(0, |(i, _)| i);
                    lines[at].insert_str(cut, &text);
                }
            }
        }
        let shared = shared();
        let _ = guard(|| answer(&shared, &lines.join("\r\n")));
    }
}

#[test]
fn more_sections_than_anybody_has_are_refused() {
    let sections = |n: usize| "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n".repeat(n);
    assert!(read(&sections(MAX_SECTIONS)).is_ok());
    assert_eq!(read(&sections(MAX_SECTIONS + 1)).err(), Some("too many sections"));
}
