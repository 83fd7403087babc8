//! Whose datagram is this? First-byte demultiplexing (RFC 9443) and the one STUN attribute that routing needs.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    Stun,
    Dtls,
    /// SRTP or SRTCP.
    Media,
    /// QUIC (later), TURN channels, ZRTP, garbage: none of it is ours.
    Other,
}

/// RFC 9443 section 3: 0-3 STUN, 20-63 DTLS, 128-191 RTP; 64-127 and 192-255 are QUIC's.
pub fn protocol(datagram: &[u8]) -> Protocol {
    match datagram.first() {
        Some(0..=3) => Protocol::Stun,
        Some(20..=63) => Protocol::Dtls,
        Some(128..=191) => Protocol::Media,
        _ => Protocol::Other,
    }
}

/// Of two that share a port (RFC 5761 section 4): is it SRTCP? The second byte is RTCP's packet type, or RTP's marker and
/// payload type.
pub fn is_rtcp(media: &[u8]) -> bool {
    media.get(1).is_some_and(|b| (192..=223).contains(b))
}

const BINDING_REQUEST: u16 = 0x0001;
const MAGIC_COOKIE: [u8; 4] = [0x21, 0x12, 0xa4, 0x42];
const USERNAME: u16 = 0x0006;
const USE_CANDIDATE: u16 = 0x0025;

/// Our half of the USERNAME (`ours:theirs`, RFC 8445 section 7.2.2) of a binding request. An ICE-lite agent sends no
/// requests, so nothing else in STUN concerns us.
pub fn request_ufrag(datagram: &[u8]) -> Option<&str> {
    let (ours, _) = std::str::from_utf8(request_attribute(datagram, USERNAME)?).ok()?.split_once(':')?;
    Some(ours)
}

/// The client says that this is the path for media (RFC 8445 section 7.1.2). Not authenticated here.
pub fn nominates(datagram: &[u8]) -> bool {
    protocol(datagram) == Protocol::Stun && request_attribute(datagram, USE_CANDIDATE).is_some()
}

/// The value of a binding request's first attribute of this kind.
fn request_attribute(datagram: &[u8], wanted: u16) -> Option<&[u8]> {
    let (header, mut rest) = datagram.split_at_checked(20)?;
    if header[..2] != BINDING_REQUEST.to_be_bytes() || header[4..8] != MAGIC_COOKIE {
        return None;
    }
    while let Some((head, tail)) = rest.split_at_checked(4) {
        let kind = u16::from_be_bytes([head[0], head[1]]);
        let len = usize::from(u16::from_be_bytes([head[2], head[3]]));
        if kind == wanted {
            return tail.get(..len);
        }
        rest = tail.get(len.next_multiple_of(4)..)?; // values are padded to 4 bytes
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(attributes: &[(u16, &[u8])]) -> Vec<u8> {
        let mut v = vec![0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];
        for (kind, value) in attributes {
            v.extend(kind.to_be_bytes());
            v.extend((value.len() as u16).to_be_bytes());
            v.extend_from_slice(value);
            v.resize(v.len().next_multiple_of(4), 0);
        }
        v
    }

    #[test]
    fn username_is_found_behind_padded_attributes() {
        assert_eq!(request_ufrag(&request(&[(0x8022, b"abcde"), (USERNAME, b"ours:theirs")])), Some("ours"));
    }

    #[test]
    fn a_nomination_is_told_from_a_check() {
        assert!(nominates(&request(&[(USERNAME, b"ours:theirs"), (USE_CANDIDATE, b"")])));
        assert!(!nominates(&request(&[(USERNAME, b"ours:theirs")])));
        assert!(!nominates(&[128; 100]) && !nominates(&[]));
    }

    #[test]
    fn truncated_and_foreign_messages_are_nobodys() {
        let whole = request(&[(USERNAME, b"ours:theirs")]);
        for len in 0..whole.len() - 1 {
            assert_eq!(request_ufrag(&whole[..len]), None, "first {len} bytes");
        }
        let mut response = whole.clone();
        response[0] = 1;
        assert_eq!(request_ufrag(&response), None);
        assert_eq!(request_ufrag(&request(&[(USERNAME, b"no colon")])), None);
        assert_eq!(request_ufrag(&request(&[(USERNAME, &[0xff, b':', 0xff])])), None);
    }

    #[test]
    fn quic_is_not_ours() {
        for first in (64..=127).chain(192..=255).chain(4..=19) {
            assert_eq!(protocol(&[first, 0, 0]), Protocol::Other);
        }
        assert_eq!(protocol(&[]), Protocol::Other);
    }
}
