use proptest::prelude::*;

use super::*;

fn credentials() -> Credentials {
    Credentials { ufrag: "ourfrag".into(), pwd: "ourpasswordourpassword".into() }
}

fn write(sections: &[Section<'_>]) -> String {
    let credentials = credentials();
    let candidates = ["192.0.2.1:7880".parse().unwrap(), "[2001:db8::1]:7880".parse().unwrap()];
    let local =
        Local { session: 1, version: 2, credentials: &credentials, fingerprint: "sha-256 AA", candidates: &candidates };
    offer(&local, sections.iter().copied())
}

fn stream(rtx: Option<u32>) -> SectionStream<'static> {
    SectionStream { publisher: "PA_x", track: "TR_y", ssrc: 7, rtx, stereo: false }
}

#[test]
fn first_offer_has_the_data_section_alone() {
    let text = write(&[]);
    assert!(text.contains("a=group:BUNDLE data\r\n") && text.contains("a=ice-lite\r\n"));
    assert!(text.contains("a=candidate:1 1 udp 2130706431 192.0.2.1 7880 typ host\r\n"));
    assert!(text.contains("a=candidate:2 1 udp 2130706175 2001:db8::1 7880 typ host\r\n"));
    assert!(text.lines().all(|l| l.as_bytes()[1] == b'='), "{text}");
    assert_eq!(text.matches("\r\n").count(), text.matches('\n').count());
}

#[test]
fn video_has_rtx_and_feedback_audio_only_nack() {
    let text = write(&[
        Section { mid: "m0", kind: Kind::Audio, stream: Some(SectionStream { stereo: true, ..stream(None) }) },
        Section { mid: "m1", kind: Kind::Video, stream: Some(stream(Some(8))) },
    ]);
    let (audio, video) = text.split_once("m=video").unwrap();
    assert!(audio.contains("a=fmtp:111 minptime=10;useinbandfec=1;sprop-stereo=1\r\na=rtcp-fb:111 nack\r\n"));
    assert!(audio.contains("a=msid:PA_x|TR_y TR_y\r\n") && audio.contains("a=ssrc:7 cname:"));
    for line in ["a=rtcp-fb:96 nack pli", "a=rtcp-fb:96 nack", "a=fmtp:97 apt=96", "a=ssrc-group:FID 7 8"] {
        assert!(video.contains(&format!("{line}\r\n")), "{line} in {video}");
    }
    assert!(video.find("a=ssrc:7 ") < video.find("a=ssrc:8 "), "Chromium takes the first for the media's");
}

#[test]
fn rejected_section_leaves_the_bundle() {
    let text = write(&[
        Section { mid: "m0", kind: Kind::Audio, stream: None },
        Section { mid: "m1", kind: Kind::Audio, stream: Some(stream(None)) },
    ]);
    assert!(text.contains("a=group:BUNDLE data m1\r\n"));
    assert!(text.contains("m=audio 0 UDP/TLS/RTP/SAVPF 111\r\n") && text.contains("a=inactive\r\n"));
}

#[test]
fn ids_cannot_add_lines() {
    let evil = SectionStream { publisher: "PA\r\na=evil", track: "TR y", ..stream(None) };
    let text = write(&[Section { mid: "m0", kind: Kind::Audio, stream: Some(evil) }]);
    assert!(text.contains("a=msid:PA__a=evil|TR_y TR_y\r\n"), "{text}");
}

fn answer(setup: &str, media: &str) -> String {
    let digest = vec!["0F"; 32].join(":");
    format!(
        "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=fingerprint:sha-256 {digest}\r\n\
         m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:data\r\na=ice-ufrag:them\r\n\
         a=ice-pwd:theirpasswordtheirpass\r\na=setup:{setup}\r\n{media}"
    )
}

#[test]
fn answer_says_which_sections_are_taken() {
    let media =
        "m=audio 9 X 111\r\na=mid:m0\r\na=recvonly\r\nm=audio 0 X 111\r\nm=audio 9 X 111\r\na=mid:m2\r\na=inactive\r\n";
    let a = parse_answer(&answer("active", media)).unwrap();
    assert!(!a.active);
    assert_eq!(a.remote.credentials.ufrag, "them");
    assert_eq!(a.remote.fingerprint, ("sha-256".into(), vec![15; 32]));
    let section = |mid: &str, accepted| AnswerSection { mid: mid.into(), accepted };
    assert_eq!(a.sections, [section("data", true), section("m0", true), section("", false), section("m2", false)]);
    assert!(parse_answer(&answer("passive", "")).unwrap().active);
}

#[test]
fn answers_without_what_is_needed_are_refused() {
    let good = answer("active", "");
    assert!(parse_answer(&answer("actpass", "")).is_err());
    for line in ["a=ice-ufrag:them", "a=ice-pwd:theirpasswordtheirpass", "a=fingerprint", "a=setup:active"] {
        let without: String = good.lines().filter(|l| !l.starts_with(line)).flat_map(|l| [l, "\r\n"]).collect();
        assert!(parse_answer(&without).is_err(), "without {line}");
    }
    assert!(parse_answer(&good.replace("0F:", "")).is_err(), "a digest that is too short");
    assert!(parse_answer(&good.replace("them", "the")).is_err(), "a ufrag that is too short");
}

proptest! {
    #[test]
    fn any_text_is_refused_or_read(text in "(?s).{0,400}") {
        let _ = parse_answer(&text);
    }

    #[test]
    fn any_damage_is_refused_or_read(at in 0usize..400, with in "(?s).{0,20}", cut in 0usize..60) {
        let mut text = answer("active", "m=audio 9 X 111\r\na=mid:m0\r\na=recvonly\r\n").into_bytes();
        let at = at.min(text.len());
        let end = (at + cut).min(text.len());
        text.splice(at..end, with.bytes());
        let _ = parse_answer(&String::from_utf8_lossy(&text));
    }
}
