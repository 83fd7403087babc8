//! Offers for the subscriber side, and the few lines of its answers that matter (RFC 8866, RFC 8829).
//!
//! What browsers insist on: a=ice-lite at session level, BUNDLE over every section that is not rejected, rtcp-mux and
//! rtpmap per section, a=ssrc or the MID extension (we give both). The data section comes first and is never rejected:
//! it carries the transport of the bundle.

use std::fmt::Write;
use std::net::SocketAddr;

use crate::event::Kind;

/// Longer SDP is refused unread. 100 sections take 50 kB.
pub const MAX_SDP: usize = 512 * 1024;
pub const MAX_SECTIONS: usize = 2048;

pub const OPUS: u8 = 111;
pub const VP8: u8 = 96;
pub const VP8_RTX: u8 = 97;
/// Header extension ids of the subscriber side; the client may not change them (RFC 8285 section 6).
pub const EXT_AUDIO_LEVEL: u8 = 1;
pub const EXT_MID: u8 = 4;
pub const EXT_VIDEO_ORIENTATION: u8 = 5;

/// What our data channels take, in bytes.
pub const MAX_MESSAGE: usize = 256 * 1024;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    pub ufrag: String,
    pub pwd: String,
}

/// The client's end of the connection, from its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remote {
    pub credentials: Credentials,
    /// Hash function and digest, e.g. "sha-256", 32 bytes.
    pub fingerprint: (String, Vec<u8>),
}

/// Our end.
pub struct Local<'a> {
    /// The `o=` line's session id (fixed) and version (grows by one with each offer).
    pub session: u64,
    pub version: u64,
    pub credentials: &'a Credentials,
    /// As it stands after `a=fingerprint:`.
    pub fingerprint: &'a str,
    pub candidates: &'a [SocketAddr],
}

/// One media section of an offer.
#[derive(Clone, Copy)]
pub struct Section<'a> {
    pub mid: &'a str,
    pub kind: Kind,
    /// None: rejected (port 0).
    pub stream: Option<SectionStream<'a>>,
}

#[derive(Clone, Copy)]
pub struct SectionStream<'a> {
    /// `a=msid:<publisher>|<track> <track>`: clients take the participant and the track from it.
    pub publisher: &'a str,
    pub track: &'a str,
    pub ssrc: u32,
    pub rtx: Option<u32>,
    /// The publisher sends stereo; clients decode mono unless they are told.
    pub stereo: bool,
}

pub const CNAME: &str = "hubbub";

pub fn offer<'a>(local: &Local<'_>, sections: impl Iterator<Item = Section<'a>> + Clone) -> String {
    let mut s = String::with_capacity(2048 + 640 * sections.size_hint().0);
    let _ = write!(s, "v=0\r\no=- {} {} IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n", local.session, local.version);
    s.push_str("a=group:BUNDLE data");
    for section in sections.clone().filter(|x| x.stream.is_some()) {
        let _ = write!(s, " {}", section.mid);
    }
    s.push_str("\r\na=extmap-allow-mixed\r\na=msid-semantic: WMS *\r\na=ice-lite\r\n");
    let _ = write!(s, "a=fingerprint:{}\r\na=setup:actpass\r\n", local.fingerprint);
    data_section(&mut s, local);
    for section in sections {
        media_section(&mut s, local.credentials, &section);
    }
    s
}

fn data_section(s: &mut String, local: &Local<'_>) {
    s.push_str("m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=mid:data\r\n");
    ice(s, local.credentials);
    for (i, addr) in local.candidates.iter().enumerate() {
        // RFC 8445 section 5.1.2.1: type preference 126 (host), then our order, component 1.
        let priority = (126 << 24) | ((65_535 - i as u32) << 8) | 255;
        let _ = write!(s, "a=candidate:{} 1 udp {priority} {} {} typ host\r\n", i + 1, addr.ip(), addr.port());
    }
    let _ = write!(s, "a=end-of-candidates\r\na=sctp-port:5000\r\na=max-message-size:{MAX_MESSAGE}\r\n");
}

fn ice(s: &mut String, c: &Credentials) {
    let _ = write!(s, "a=ice-ufrag:{}\r\na=ice-pwd:{}\r\n", c.ufrag, c.pwd);
}

fn media_section(s: &mut String, credentials: &Credentials, section: &Section<'_>) {
    let port = if section.stream.is_some() { 9 } else { 0 };
    let (kind, formats) = match section.kind {
        Kind::Audio => ("audio", format!("{OPUS}")),
        Kind::Video => ("video", format!("{VP8} {VP8_RTX}")),
    };
    let _ = write!(s, "m={kind} {port} UDP/TLS/RTP/SAVPF {formats}\r\nc=IN IP4 0.0.0.0\r\na=mid:{}\r\n", section.mid);
    ice(s, credentials);
    s.push_str("a=rtcp-mux\r\n");
    match section.kind {
        Kind::Audio => {
            let stereo = section.stream.as_ref().is_some_and(|s| s.stereo);
            let _ = write!(s, "a=rtpmap:{OPUS} opus/48000/2\r\na=fmtp:{OPUS} minptime=10;useinbandfec=1");
            s.push_str(if stereo { ";sprop-stereo=1\r\n" } else { "\r\n" });
            // Browsers go by the offer alone, whatever they answer. We resend under the same SSRC: Opus has no RTX.
            let _ = write!(s, "a=rtcp-fb:{OPUS} nack\r\n");
        }
        Kind::Video => {
            let _ = write!(s, "a=rtpmap:{VP8} VP8/90000\r\n");
            for feedback in ["nack", "nack pli", "ccm fir"] {
                let _ = write!(s, "a=rtcp-fb:{VP8} {feedback}\r\n");
            }
            let _ = write!(s, "a=rtpmap:{VP8_RTX} rtx/90000\r\na=fmtp:{VP8_RTX} apt={VP8}\r\n");
        }
    }
    match &section.stream {
        None => s.push_str("a=inactive\r\n"),
        Some(stream) => stream_lines(s, section.kind, stream),
    }
}

fn stream_lines(s: &mut String, kind: Kind, stream: &SectionStream<'_>) {
    let ext = match kind {
        Kind::Audio => (EXT_AUDIO_LEVEL, "urn:ietf:params:rtp-hdrext:ssrc-audio-level"),
        Kind::Video => (EXT_VIDEO_ORIENTATION, "urn:3gpp:video-orientation"),
    };
    let _ = write!(s, "a=extmap:{} {}\r\na=extmap:{EXT_MID} urn:ietf:params:rtp-hdrext:sdes:mid\r\n", ext.0, ext.1);
    let (publisher, track) = (token(stream.publisher), token(stream.track));
    let _ = write!(s, "a=sendonly\r\na=msid:{publisher}|{track} {track}\r\n");
    if let Some(rtx) = stream.rtx {
        let _ = write!(s, "a=ssrc-group:FID {} {rtx}\r\n", stream.ssrc);
    }
    // Chromium takes the first a=ssrc for the media's, whatever the group says.
    for ssrc in [Some(stream.ssrc), stream.rtx].into_iter().flatten() {
        let _ = write!(s, "a=ssrc:{ssrc} cname:{CNAME}\r\n");
    }
}

/// An id must not be able to add lines or words to the SDP.
fn token(id: &str) -> String {
    id.chars().map(|c| if c.is_ascii_graphic() { c } else { '_' }).collect()
}

/// An answer, as far as we read it.
#[derive(Debug, PartialEq, Eq)]
pub struct Answer {
    pub remote: Remote,
    /// The client took the DTLS server's role, so we are the DTLS client. Browsers never do.
    pub active: bool,
    pub sections: Vec<AnswerSection>,
}

#[derive(Debug, Default, PartialEq, Eq)]
pub struct AnswerSection {
    /// Empty if the section has no a=mid, which a rejected one may lack.
    pub mid: String,
    /// The client will take the stream that this section offers.
    pub accepted: bool,
}

/// First value wins: every bundled section repeats the transport's lines (Firefox has the fingerprint at session level).
pub fn parse_answer(text: &str) -> Result<Answer, &'static str> {
    if text.len() > MAX_SDP {
        return Err("the SDP is too long");
    }
    let (mut ufrag, mut pwd, mut fingerprint, mut setup) = (None, None, None, None);
    let mut sections: Vec<AnswerSection> = Vec::new();
    for line in text.lines().map(str::trim_end) {
        let Some((name, value)) = line.split_once('=') else {
            continue;
        };
        match (name, value.split_once(':').unwrap_or((value, ""))) {
            ("m", _) if sections.len() == MAX_SECTIONS => return Err("too many sections"),
            ("m", _) => {
                let port = value.split(' ').nth(1).ok_or("bad m= line")?;
                sections.push(AnswerSection { mid: String::new(), accepted: port != "0" });
            }
            ("a", ("ice-ufrag", v)) => _ = ufrag.get_or_insert(v),
            ("a", ("ice-pwd", v)) => _ = pwd.get_or_insert(v),
            ("a", ("fingerprint", v)) => _ = fingerprint.get_or_insert(v),
            ("a", ("setup", v)) => _ = setup.get_or_insert(v),
            ("a", ("mid", v)) => sections.last_mut().ok_or("a=mid before m=")?.mid = v.to_owned(),
            ("a", ("inactive" | "sendonly", "")) => {
                sections.iter_mut().last().into_iter().for_each(|s| s.accepted = false)
            }
            _ => {}
        }
    }
    let credentials = Credentials {
        ufrag: ice_chars(ufrag.ok_or("no a=ice-ufrag")?, 4)?,
        pwd: ice_chars(pwd.ok_or("no a=ice-pwd")?, 22)?,
    };
    let fingerprint = parse_fingerprint(fingerprint.ok_or("no a=fingerprint")?).ok_or("bad a=fingerprint")?;
    let active = match setup.ok_or("no a=setup")? {
        "active" => false,
        "passive" => true,
        _ => return Err("a=setup must be active or passive in an answer"),
    };
    Ok(Answer { remote: Remote { credentials, fingerprint }, active, sections })
}

/// RFC 8839 section 5.4: 4 to 256 (ufrag), 22 to 256 (pwd) of ALPHA, DIGIT, `+`, `/`; we let any visible ASCII pass.
fn ice_chars(v: &str, at_least: usize) -> Result<String, &'static str> {
    let ok = (at_least..=256).contains(&v.len()) && v.bytes().all(|b| b.is_ascii_graphic());
    if ok { Ok(v.to_owned()) } else { Err("bad ICE credentials") }
}

fn parse_fingerprint(v: &str) -> Option<(String, Vec<u8>)> {
    let (hash, digest) = v.split_once(' ')?;
    let bytes: Vec<u8> = digest.trim().split(':').map(|b| u8::from_str_radix(b, 16).ok()).collect::<Option<_>>()?;
    let hash = hash.to_ascii_lowercase();
    // The only hash all browsers send; others would fail later, without a reason.
    (hash == "sha-256" && bytes.len() == 32).then_some((hash, bytes))
}

#[cfg(test)]
#[path = "sdp_tests.rs"]
mod tests;
