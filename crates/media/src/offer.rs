//! A publisher's offer: what we need to know of it before str0m reads it, and the answer's last touches.

use crate::event::Kind;
use crate::sdp::MAX_SDP;

/// Of one publisher. An answer takes 0.1 ms of everybody's thread for each; a client that shares its screen again and
/// again leaves two behind each time.
pub const MAX_SECTIONS: usize = 256;

/// A media section of a client's offer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfferSection {
    pub mid: String,
    pub kind: Kind,
    /// The client's name for the track: the second word of a=msid.
    pub cid: Option<String>,
    /// The client will send here: the section is neither rejected nor recvonly nor inactive.
    pub sending: bool,
    /// The client means to send stereo (RFC 7587 section 7.1: sprop-stereo).
    pub stereo: bool,
}

#[derive(Debug, Default)]
pub struct Offer {
    /// Audio and video sections in order.
    pub sections: Vec<OfferSection>,
    /// The offer without candidates, for which an ICE-lite agent has no use and which are the client's to multiply; and
    /// without what makes a client probe its link by its voice.
    pub text: String,
}

/// What the lines read so far say about the section they stand in.
#[derive(Default)]
struct Direction {
    port_zero: bool,
    bundle_only: bool,
    off: bool,
}

pub fn read(text: &str) -> Result<Offer, &'static str> {
    if text.len() > MAX_SDP {
        return Err("the SDP is too long");
    }
    let mut offer = Offer { sections: Vec::new(), text: String::with_capacity(text.len()) };
    let (mut sections, mut in_media, mut direction) = (0, false, Direction::default());
    for line in text.lines().map(str::trim_end) {
        let voice = in_media && offer.sections.last().is_some_and(|s| s.kind == Kind::Audio);
        let dropped = line.starts_with("a=candidate:") || line == "a=end-of-candidates";
        if line.is_empty() || dropped || voice && measures_the_link(line) {
            continue;
        }
        offer.text.push_str(line);
        offer.text.push_str("\r\n");
        if let Some(m) = line.strip_prefix("m=") {
            sections += 1;
            if sections > MAX_SECTIONS {
                return Err("too many sections");
            }
            let mut words = m.split(' ');
            let kind = match words.next() {
                Some("audio") => Some(Kind::Audio),
                Some("video") => Some(Kind::Video),
                _ => None,
            };
            in_media = kind.is_some();
            direction = Direction { port_zero: words.next() == Some("0"), ..Direction::default() };
            let new = |kind| OfferSection { mid: String::new(), kind, cid: None, sending: true, stereo: false };
            offer.sections.extend(kind.map(new));
        }
        if in_media && let Some(section) = offer.sections.last_mut() {
            attribute(section, &mut direction, line);
            // Port 0 with bundle-only is alive (RFC 9143 section 7.2.2).
            section.sending = !direction.off && (!direction.port_zero || direction.bundle_only);
        }
    }
    Ok(offer)
}

/// A header extension by which a sender may estimate its bandwidth. Chromium probes a link with empty packets, and where
/// there is no video it sends them on the voice's stream, if that has one of these: the numbers they take would be holes
/// to every listener.
fn measures_the_link(line: &str) -> bool {
    let ends = ["transport-wide-cc-extensions-01", "transport-wide-cc-02", "abs-send-time", ":toffset"];
    line.starts_with("a=extmap:") && ends.iter().any(|end| line.ends_with(end))
}

fn attribute(section: &mut OfferSection, direction: &mut Direction, line: &str) {
    let Some(line) = line.strip_prefix("a=") else { return };
    match line.split_once(':').unwrap_or((line, "")) {
        ("mid", mid) => section.mid = mid.trim().to_owned(),
        ("msid", msid) => section.cid = second_word(msid),
        // What older SDKs write instead: a=ssrc:<n> msid:<stream> <track>
        ("ssrc", v) if section.cid.is_none() => {
            section.cid = v.split_once(' ').and_then(|(_, v)| v.strip_prefix("msid:")).and_then(second_word);
        }
        ("fmtp", v) => section.stereo |= v.contains("sprop-stereo=1"),
        ("recvonly" | "inactive", "") => direction.off = true,
        ("bundle-only", "") => direction.bundle_only = true,
        _ => {}
    }
}

fn second_word(v: &str) -> Option<String> {
    v.split_whitespace().nth(1).map(str::to_owned)
}

impl Offer {
    /// An Opus sender does what the answer's fmtp says the receiver prefers (RFC 7587): let it fall silent (DTX), except
    /// that somebody who sends stereo sends music, which we take as it is.
    pub fn finish_answer(&self, answer: &str) -> String {
        let mut sections = self.sections.iter();
        let mut extra = "";
        let mut out = String::with_capacity(answer.len() + 64);
        for line in answer.lines() {
            out.push_str(line);
            if line.starts_with("m=audio") || line.starts_with("m=video") {
                let stereo = sections.next().is_some_and(|s| s.stereo);
                extra = if stereo { ";stereo=1" } else { ";usedtx=1" };
            } else if line.starts_with("a=fmtp:") && line.contains("useinbandfec=1") && !line.contains(&extra[1..]) {
                out.push_str(extra);
            }
            out.push_str("\r\n");
        }
        out
    }
}

#[cfg(test)]
#[path = "offer_tests.rs"]
mod tests;
