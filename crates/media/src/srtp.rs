//! SRTP and SRTCP with AEAD_AES_128_GCM and AEAD_AES_256_GCM (RFC 7714), keys derived as in RFC 3711 section 4.3.
//!
//! What we send ourselves: RTP and sender reports of our own streams. What we read ourselves: the client's RTCP.
//! str0m holds the same keys. The nonce rule that makes this safe is in `egress.rs`.

use str0m::crypto::dtls::SrtpProfile;
use str0m::crypto::{AeadAes128GcmCipher, AeadAes256GcmCipher, CryptoProvider, SrtpProvider};

use crate::keys::Exported;

/// Bytes that protection adds to an RTP packet.
pub const TAG: usize = 16;
/// To an RTCP packet: the tag, the E flag and the index.
pub const RTCP_OVERHEAD: usize = TAG + 4;
const SALT: usize = 12;
/// RTCP header and sender SSRC, which stay readable.
const RTCP_CLEAR: usize = 8;
/// RFC 3711 section 9.2: no more SRTCP packets under one key.
const LAST_INDEX: u32 = 0x7fff_ffff;
/// "This packet is encrypted", in front of the index.
const ENCRYPTED: u32 = 0x8000_0000;

type Nonce = [u8; SALT];

/// RFC 3711 section 4.3.1: which session key.
#[derive(Clone, Copy)]
enum Label {
    RtpKey = 0,
    RtpSalt = 2,
    RtcpKey = 3,
    RtcpSalt = 5,
}

/// The key derivation function of RFC 3711 section 4.3.3 (AES in counter mode; RFC 6188 for 256 bits), rate 0.
fn derive(provider: &dyn SrtpProvider, master: &[u8], salt: &[u8], label: u8, out: &mut [u8]) {
    let mut input = [0; 16];
    input[..salt.len()].copy_from_slice(salt);
    input[7] ^= label;
    for (block, chunk) in out.chunks_mut(16).enumerate() {
        input[14..].copy_from_slice(&(block as u16).to_be_bytes());
        let mut stream = [0; 32]; // some ciphers write a block of padding behind
        match master.len() {
            16 => provider.srtp_aes_128_ecb_round(master, &input, &mut stream),
            _ => provider.srtp_aes_256_ecb_round(master, &input, &mut stream),
        }
        chunk.copy_from_slice(&stream[..chunk.len()]);
    }
}

enum Cipher {
    Gcm128(Box<dyn AeadAes128GcmCipher>),
    Gcm256(Box<dyn AeadAes256GcmCipher>),
}

/// One direction of one protocol.
struct Context {
    cipher: Cipher,
    salt: Nonce,
}

impl Context {
    fn new(provider: &dyn SrtpProvider, master: &[u8], salt: &[u8], seal: bool, labels: [Label; 2]) -> Self {
        let mut session_salt = [0; SALT];
        derive(provider, master, salt, labels[1] as u8, &mut session_salt);
        Context { cipher: cipher(provider, master, salt, seal, labels[0]), salt: session_salt }
    }

    #[cfg(test)]
    fn with_session_key(provider: &dyn SrtpProvider, key: [u8; 16], salt: Nonce) -> Self {
        Context { cipher: Cipher::Gcm128(provider.aead_aes_128_gcm().create_cipher(key, true)), salt }
    }

    /// RFC 7714 sections 8.1 and 9.1: 16 zero bits, SSRC, 48 bits that count packets, all of it xored with the salt.
    fn nonce(&self, ssrc: u32, index: u64) -> Nonce {
        let mut nonce = [0; SALT];
        nonce[2..6].copy_from_slice(&ssrc.to_be_bytes());
        nonce[6..].copy_from_slice(&index.to_be_bytes()[2..]);
        nonce.iter_mut().zip(self.salt).for_each(|(n, s)| *n ^= s);
        nonce
    }

    /// `out` takes the ciphertext and the tag.
    fn seal(&mut self, nonce: &Nonce, clear: &[u8], plain: &[u8], out: &mut [u8]) {
        let sealed = match &mut self.cipher {
            Cipher::Gcm128(c) => c.encrypt(nonce, clear, plain, out),
            Cipher::Gcm256(c) => c.encrypt(nonce, clear, plain, out),
        };
        sealed.expect("GCM seals anything that is shorter than 64 GiB");
    }

    /// True if it is authentic. `out` is as long as the plain text.
    fn open(&mut self, nonce: &Nonce, clear: &[u8], sealed: &[u8], out: &mut [u8]) -> bool {
        let opened = match &mut self.cipher {
            Cipher::Gcm128(c) => c.decrypt(nonce, &[clear], sealed, out),
            Cipher::Gcm256(c) => c.decrypt(nonce, &[clear], sealed, out),
        };
        opened.is_ok()
    }
}

fn cipher(provider: &dyn SrtpProvider, master: &[u8], salt: &[u8], seal: bool, label: Label) -> Cipher {
    if master.len() == 16 {
        let mut key = [0; 16];
        derive(provider, master, salt, label as u8, &mut key);
        Cipher::Gcm128(provider.aead_aes_128_gcm().create_cipher(key, seal))
    } else {
        let mut key = [0; 32];
        derive(provider, master, salt, label as u8, &mut key);
        Cipher::Gcm256(provider.aead_aes_256_gcm().create_cipher(key, seal))
    }
}

/// Our use of one DTLS session's keys.
pub struct Session {
    rtp: Context,
    rtcp: Context,
    client_rtcp: Context,
    /// Of the next SRTCP packet. One count for all our SSRCs: each of them sees it grow.
    rtcp_index: u32,
    replay: Window,
}

impl Session {
    /// None if the profile is not GCM, or the material not as long as the profile says. `active`: we are the DTLS client.
    pub fn new(crypto: &CryptoProvider, exported: &Exported, active: bool) -> Option<Self> {
        let key = match exported.profile {
            SrtpProfile::AEAD_AES_128_GCM => 16,
            SrtpProfile::AEAD_AES_256_GCM => 32,
            _ => return None, // AES128_CM_SHA1_80
        };
        let all = &exported.material;
        if all.len() != 2 * (key + SALT) {
            return None;
        }
        let side = |server: bool| {
            let at = usize::from(server);
            (&all[at * key..][..key], &all[2 * key + at * SALT..][..SALT])
        };
        let (ours, theirs) = (side(!active), side(active));
        let provider = crypto.srtp_provider;
        Some(Session {
            rtp: Context::new(provider, ours.0, ours.1, true, [Label::RtpKey, Label::RtpSalt]),
            rtcp: Context::new(provider, ours.0, ours.1, true, [Label::RtcpKey, Label::RtcpSalt]),
            client_rtcp: Context::new(provider, theirs.0, theirs.1, false, [Label::RtcpKey, Label::RtcpSalt]),
            rtcp_index: 0,
            replay: Window::default(),
        })
    }

    /// Writes the protected packet. `index`: roll-over counter and sequence number. `out` is as long as header, payload
    /// and `TAG` together.
    ///
    /// The caller answers for the nonce: (`ssrc`, `index`) was never sealed under these keys, or only with this very
    /// header and payload.
    pub fn seal_rtp(&mut self, ssrc: u32, index: u64, header: &[u8], payload: &[u8], out: &mut [u8]) {
        let (clear, sealed) = out.split_at_mut(header.len());
        clear.copy_from_slice(header);
        let nonce = self.rtp.nonce(ssrc, index);
        self.rtp.seal(&nonce, header, payload, sealed);
    }

    /// Writes the protected compound packet, whose first SSRC must be one of ours. `out` is `RTCP_OVERHEAD` longer.
    /// False once the keys are used up.
    #[must_use]
    pub fn seal_rtcp(&mut self, packet: &[u8], out: &mut [u8]) -> bool {
        if self.rtcp_index > LAST_INDEX {
            return false;
        }
        let index = self.rtcp_index;
        self.rtcp_index += 1;
        let ssrc = u32::from_be_bytes([packet[4], packet[5], packet[6], packet[7]]);
        let word = (ENCRYPTED | index).to_be_bytes();
        let clear = associated(packet, word);
        let nonce = self.rtcp.nonce(ssrc, index.into());
        let (head, rest) = out.split_at_mut(RTCP_CLEAR);
        head.copy_from_slice(&packet[..RTCP_CLEAR]);
        let (sealed, tail) = rest.split_at_mut(packet.len() - RTCP_CLEAR + TAG);
        self.rtcp.seal(&nonce, &clear, &packet[RTCP_CLEAR..], sealed);
        tail.copy_from_slice(&word);
        true
    }

    /// Puts the client's RTCP into `plain`. False if it is not authentic, or was seen before.
    #[must_use]
    pub fn open_rtcp(&mut self, datagram: &[u8], plain: &mut Vec<u8>) -> bool {
        if datagram.len() < RTCP_CLEAR + RTCP_OVERHEAD {
            return false;
        }
        let (packet, word) = datagram.split_at(datagram.len() - 4);
        let word = [word[0], word[1], word[2], word[3]];
        let (encrypted, index) = (u32::from_be_bytes(word) & ENCRYPTED != 0, u32::from_be_bytes(word) & !ENCRYPTED);
        if !encrypted || !self.replay.is_new(index.into()) {
            return false; // unencrypted SRTCP is legal, but nobody has negotiated it
        }
        let ssrc = u32::from_be_bytes([packet[4], packet[5], packet[6], packet[7]]);
        let nonce = self.client_rtcp.nonce(ssrc, index.into());
        plain.clear();
        plain.extend_from_slice(&packet[..RTCP_CLEAR]);
        plain.resize(packet.len() - TAG, 0);
        let clear = associated(packet, word);
        let authentic = self.client_rtcp.open(&nonce, &clear, &packet[RTCP_CLEAR..], &mut plain[RTCP_CLEAR..]);
        if authentic {
            self.replay.take(index.into());
        }
        authentic
    }
}

/// RFC 7714 section 9.2: what SRTCP's tag covers besides the ciphertext.
fn associated(packet: &[u8], word: [u8; 4]) -> [u8; RTCP_CLEAR + 4] {
    let mut clear = [0; RTCP_CLEAR + 4];
    clear[..RTCP_CLEAR].copy_from_slice(&packet[..RTCP_CLEAR]);
    clear[RTCP_CLEAR..].copy_from_slice(&word);
    clear
}

/// Which numbers were taken: the highest, and of the 128 up to it each one. Older ones count as taken.
#[derive(Clone, Copy, Debug, Default)]
pub struct Window {
    /// One more than the highest, so that 0 means none.
    end: u64,
    /// Bit n: `end - 1 - n` was taken.
    taken: u128,
}

impl Window {
    const SIZE: u64 = 128;

    pub fn is_new(&self, number: u64) -> bool {
        let Some(behind) = self.end.checked_sub(number + 1) else {
            return true;
        };
        behind < Self::SIZE && self.taken & (1 << behind) == 0
    }

    /// False if it was taken already, or is too old to say.
    pub fn take(&mut self, number: u64) -> bool {
        if !self.is_new(number) {
            return false;
        }
        if number >= self.end {
            let shift = number + 1 - self.end;
            self.taken = if shift < Self::SIZE { self.taken << shift } else { 0 };
            self.end = number + 1;
        }
        self.taken |= 1 << (self.end - 1 - number);
        true
    }
}

#[cfg(test)]
#[path = "srtp_tests.rs"]
mod tests;
