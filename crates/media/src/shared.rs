//! What all transports of a shard share, and how one is made.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use str0m::config::{CryptoProvider, DtlsCert};
use str0m::format::Codec;
use str0m::ice::IceCreds;
use str0m::net::Protocol;
use str0m::rtp::Extension;
use str0m::{Candidate, Rtc, RtcConfig};

use crate::event::Side;
use crate::keys;
use crate::report::REPORT_INTERVAL;
use crate::rtc::{DATA_BUFFER, Parts, RtcTransport};
use crate::sdp::{self, Credentials};

/// What all transports share: one certificate (making one costs a millisecond), one set of addresses.
pub struct Shared {
    crypto: Arc<CryptoProvider>,
    certificate: DtlsCert,
    pub candidates: Vec<SocketAddr>,
    /// As it stands after `a=fingerprint:`.
    pub fingerprint: String,
    /// Which thread of the engine's this is for.
    pub shard: u8,
    /// Audio to clients that take GCM is sent by ourselves.
    own_audio: bool,
}

impl Shared {
    pub fn new(candidates: Vec<SocketAddr>, own_audio: bool) -> Self {
        let crypto = Arc::new(keys::tapped_provider());
        let certificate = crypto.dtls_provider.generate_certificate().expect("aws-lc-rs makes certificates");
        let mut rtc = Rtc::builder().set_dtls_cert(certificate.clone()).build(Instant::now());
        let f = rtc.direct_api().local_dtls_fingerprint().clone();
        let hex: Vec<String> = f.bytes.iter().map(|b| format!("{b:02X}")).collect();
        let fingerprint = format!("{} {}", f.hash_func, hex.join(":"));
        Shared { crypto, certificate, candidates, fingerprint, shard: 0, own_audio }
    }

    fn config(&self) -> RtcConfig {
        Rtc::builder()
            .set_crypto_provider(self.crypto.clone())
            .set_dtls_cert(self.certificate.clone())
            .set_local_ice_credentials(creds(&fresh_credentials(self.shard)))
            .set_ice_lite(true)
            .set_rtp_mode(true)
            .set_stats_interval(Some(REPORT_INTERVAL))
            .set_sctp_max_buffered_amount(DATA_BUFFER)
            .clear_codecs()
            .enable_opus(true, false)
            .enable_vp8(true)
    }

    /// The media sides of `Side::Subscriber` are declared one by one as answers accept them.
    pub fn transport(&self, side: Side, now: Instant) -> RtcTransport {
        let config = match side {
            Side::Publisher => {
                let mut config = self.config();
                for opus in config.codec_config().iter_mut().filter(|p| p.spec().codec == Codec::Opus) {
                    opus.set_fb_transport_cc(false); // see `offer::measures_the_link`
                    opus.set_fb_nack(true);
                }
                config
            }
            Side::Subscriber => self
                .config()
                .clear_extension_map()
                .set_extension(sdp::EXT_AUDIO_LEVEL, Extension::AudioLevel)
                .set_extension(sdp::EXT_MID, Extension::RtpMid)
                .set_extension(sdp::EXT_VIDEO_ORIENTATION, Extension::VideoOrientation),
        };
        let (mut rtc, keys) = keys::tap(|| config.build(now));
        let locals: Vec<Candidate> =
            self.candidates.iter().filter_map(|a| Candidate::host(*a, Protocol::Udp).ok()).collect();
        for c in &locals {
            rtc.add_local_candidate(c.clone());
        }
        let crypto = self.crypto.clone();
        RtcTransport::new(rtc, Parts { crypto, keys, side, shard: self.shard, locals, own_audio: self.own_audio }, now)
    }
}

/// Random, and the ufrag begins with the shard in two hexadecimal digits: whoever reads a client's first packet knows by
/// its STUN username which thread it is for.
pub fn fresh_credentials(shard: u8) -> Credentials {
    let c = IceCreds::new();
    Credentials { ufrag: format!("{shard:02x}{}", c.ufrag), pwd: c.pass }
}

pub(crate) fn creds(c: &Credentials) -> IceCreds {
    IceCreds { ufrag: c.ufrag.clone(), pass: c.pwd.clone() }
}
