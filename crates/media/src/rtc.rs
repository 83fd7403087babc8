//! `Transport` and `Egress` over str0m. Publisher connections use its SDP API, subscriber connections its direct API
//! (the two must not be mixed on one `Rtc`) with our own SDP (`sdp.rs`).

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use str0m::channel::{ChannelConfig, ChannelId, Reliability};
use str0m::config::{CryptoProvider, DtlsCert, Fingerprint};
use str0m::ice::IceCreds;
use str0m::media::{KeyframeRequestKind, MediaKind, Mid, Rid};
use str0m::net::{Protocol, Receive};
use str0m::rtp::{Extension, ExtensionValues, RtpPacket, RtpWrite, Ssrc};
use str0m::{Candidate, Event, Input, Output, Rtc, RtcConfig};

use crate::egress::{Egress, Outgoing, Stream};
use crate::event::{Kind, Side};
use crate::report::{Gathering, REPORT_INTERVAL};
use crate::sdp::{self, Credentials, Remote};
use crate::stun;
use crate::transport::{DataWrite, Datagram, Happening, Packet, Sink, Transport};

pub const RELIABLE: &str = "_reliable";
pub const LOSSY: &str = "_lossy";

/// A client opens two or three channels. Each costs memory and time, so somebody who opens many has to go.
const MAX_CHANNELS: usize = 16;
/// A section's SSRC changes when a sender restarts it. str0m remembers each for good.
const MAX_SSRCS: u32 = 10_000;
/// Outputs of one drain. A drain that does not end by then never will.
const MAX_OUTPUTS: usize = 100_000;
/// Sending waits for room above this many unacknowledged bytes; `DataRoom` comes below a quarter of it.
const DATA_BUFFER: usize = 1 << 20;

/// What all transports share: one certificate (making one costs a millisecond), one set of addresses.
pub struct Shared {
    crypto: Arc<CryptoProvider>,
    certificate: DtlsCert,
    pub candidates: Vec<SocketAddr>,
    /// As it stands after `a=fingerprint:`.
    pub fingerprint: String,
}

impl Shared {
    pub fn new(candidates: Vec<SocketAddr>) -> Self {
        let crypto = Arc::new(str0m::crypto::from_feature_flags());
        let certificate = crypto.dtls_provider.generate_certificate().expect("aws-lc-rs makes certificates");
        let mut rtc = Rtc::builder().set_dtls_cert(certificate.clone()).build(Instant::now());
        let f = rtc.direct_api().local_dtls_fingerprint().clone();
        let hex: Vec<String> = f.bytes.iter().map(|b| format!("{b:02X}")).collect();
        let fingerprint = format!("{} {}", f.hash_func, hex.join(":"));
        Shared { crypto, certificate, candidates, fingerprint }
    }

    fn config(&self) -> RtcConfig {
        Rtc::builder()
            .set_crypto_provider(self.crypto.clone())
            .set_dtls_cert(self.certificate.clone())
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
            Side::Publisher => self.config(),
            Side::Subscriber => self
                .config()
                .clear_extension_map()
                .set_extension(sdp::EXT_AUDIO_LEVEL, Extension::AudioLevel)
                .set_extension(sdp::EXT_MID, Extension::RtpMid)
                .set_extension(sdp::EXT_VIDEO_ORIENTATION, Extension::VideoOrientation),
        };
        let mut rtc = config.build(now);
        let host = |address: &SocketAddr| Candidate::host(*address, Protocol::Udp).ok();
        let locals: Vec<Candidate> = self.candidates.iter().filter_map(host).collect();
        locals.iter().for_each(|c| _ = rtc.add_local_candidate(c.clone()));
        RtcTransport {
            rtc,
            locals,
            streams: HashMap::new(),
            ssrcs: 0,
            channels: HashMap::new(),
            own_channels: None,
            open: [false; 2],
            path: None,
            ice_up: false,
            dtls_up: false,
            lost: false,
            report: None,
        }
    }
}

pub struct RtcTransport {
    rtc: Rtc,
    locals: Vec<Candidate>,
    /// Which section and layer an incoming SSRC belongs to. Only packets that were authenticated get here.
    streams: HashMap<u32, (Mid, Option<Rid>)>,
    /// How often an SSRC was new.
    ssrcs: u32,
    /// Channels whose messages count, and whether they are reliable; others are None.
    channels: HashMap<ChannelId, Option<bool>>,
    /// `_reliable` and `_lossy`, which we opened (subscriber side).
    own_channels: Option<[ChannelId; 2]>,
    open: [bool; 2],
    /// Where the client's last nomination came from.
    path: Option<SocketAddr>,
    ice_up: bool,
    dtls_up: bool,
    lost: bool,
    /// The statistics burst that is coming in, with the number of streams in it.
    report: Option<Gathering>,
}

/// For an ICE restart.
pub fn fresh_credentials() -> Credentials {
    let IceCreds { ufrag, pass } = IceCreds::new();
    Credentials { ufrag, pwd: pass }
}

fn creds(c: &Credentials) -> IceCreds {
    IceCreds { ufrag: c.ufrag.clone(), pass: c.pwd.clone() }
}

impl Transport for RtcTransport {
    fn accept_offer(&mut self, sdp: &str) -> Result<String, String> {
        let offer = str0m::change::SdpOffer::from_sdp_string(sdp).map_err(|e| e.to_string())?;
        let answer = self.rtc.sdp_api().accept_offer(offer).map_err(|e| e.to_string())?;
        self.streams.clear();
        Ok(answer.to_sdp_string())
    }

    fn connect(&mut self, remote: &Remote, active: bool) -> Result<(), String> {
        let mut api = self.rtc.direct_api();
        let (hash_func, bytes) = remote.fingerprint.clone();
        api.set_remote_fingerprint(Fingerprint { hash_func, bytes });
        api.set_remote_ice_credentials(creds(&remote.credentials));
        api.set_ice_controlling(false);
        api.start_dtls(active).map_err(|e| e.to_string())?;
        api.start_sctp(active); // must equal DTLS: it decides who has the even channel ids (RFC 8832 section 6)
        let open = |label: &str, ordered, reliability| ChannelConfig {
            label: label.into(),
            ordered,
            reliability,
            ..ChannelConfig::default()
        };
        self.own_channels = Some([
            api.create_data_channel(open(RELIABLE, true, Reliability::Reliable)),
            api.create_data_channel(open(LOSSY, false, Reliability::MaxRetransmits { retransmits: 0 })),
        ]);
        Ok(())
    }

    fn reconnect(&mut self, local: &Credentials, remote: &Remote) {
        let mut api = self.rtc.direct_api();
        api.set_local_ice_credentials(creds(local));
        api.set_remote_ice_credentials(creds(&remote.credentials));
        self.drop_pairs(); // DirectApi has no ICE restart
    }

    fn is_alive(&self) -> bool {
        self.rtc.is_alive()
    }

    fn credentials(&mut self) -> Credentials {
        let c = self.rtc.direct_api().local_ice_credentials();
        Credentials { ufrag: c.ufrag, pwd: c.pass }
    }

    fn new_ssrc(&mut self) -> u32 {
        *self.rtc.direct_api().new_ssrc()
    }

    fn accepts(&self, now: Instant, datagram: &Datagram<'_>) -> bool {
        input(now, datagram).is_some_and(|i| self.rtc.accepts(&i))
    }

    fn receive(&mut self, now: Instant, datagram: &Datagram<'_>) -> Result<(), String> {
        let input = input(now, datagram).ok_or("unreadable datagram")?;
        // A client may get a new address in mid-call. str0m would hold on to the old one for 15 s.
        let moved = self.path != Some(datagram.from) && stun::nominates(datagram.bytes) && self.rtc.accepts(&input);
        if moved && self.path.replace(datagram.from).is_some() {
            self.drop_pairs();
        }
        self.rtc.handle_input(input).map_err(|e| e.to_string())
    }

    fn flush(&mut self, now: Instant) -> Result<(), String> {
        self.rtc.handle_input(Input::Timeout(now)).map_err(|e| e.to_string())
    }

    fn poll(&mut self, sink: &mut Sink<'_>) -> Instant {
        let mut deadline = None;
        for _ in 0..MAX_OUTPUTS {
            match self.rtc.poll_output() {
                Ok(Output::Transmit(t)) => sink.outbox.push(t.source, t.destination, &t.contents),
                Ok(Output::Event(e)) => self.event(e, sink.happenings),
                Ok(Output::Timeout(t)) => {
                    deadline = Some(t);
                    break;
                }
                Err(_) if self.rtc.is_alive() => continue,
                Err(_) => break,
            }
        }
        sink.happenings.extend(self.report.take().map(|g| Happening::Report(g.finish())));
        if !self.rtc.is_alive() && !self.lost {
            self.lost = true;
            sink.happenings.push(Happening::Lost);
        }
        match deadline {
            Some(t) => t,
            None if self.rtc.is_alive() => panic!("no end of output"),
            None => Instant::now() + Duration::from_secs(3600),
        }
    }

    fn request_key_frame(&mut self, mid: Mid, rid: Option<Rid>) {
        if let Some(stream) = self.rtc.direct_api().stream_rx_by_mid(mid, rid) {
            stream.request_keyframe(KeyframeRequestKind::Pli);
        }
    }

    fn write_data(&mut self, reliable: bool, payload: &[u8]) -> DataWrite {
        let Some(id) = self.own_channels.map(|c| c[usize::from(!reliable)]) else {
            return DataWrite::NotOpen;
        };
        if !self.open[usize::from(!reliable)] {
            return DataWrite::NotOpen;
        }
        match self.rtc.channel(id).map(|mut c| c.write(true, payload)) {
            None => DataWrite::NotOpen,
            Some(Ok(true)) => DataWrite::Done,
            Some(Ok(false)) => DataWrite::Full,
            Some(Err(_)) => DataWrite::Refused,
        }
    }

    fn close(&mut self) {
        let _ = self.rtc.close(); // an error means that there is nothing left to close
    }

    fn egress(&mut self) -> &mut dyn Egress {
        self
    }
}

fn input<'a>(now: Instant, d: &Datagram<'a>) -> Option<Input<'a>> {
    Some(Input::Receive(now, Receive::new(Protocol::Udp, d.from, d.to, d.bytes).ok()?))
}

impl RtcTransport {
    /// Taking the local candidates away and back drops all pairs, so the next check that arrives is nominated afresh;
    /// until then media goes on to where it went (RFC 8445 section 9).
    fn drop_pairs(&mut self) {
        for c in &self.locals {
            self.rtc.direct_api().invalidate_candidate(c);
            self.rtc.add_local_candidate(c.clone());
        }
    }

    fn event(&mut self, event: Event, out: &mut Vec<Happening>) {
        match event {
            Event::RtpPacket(p) => {
                out.extend(self.packet(p).map(Happening::Packet));
                if self.ssrcs > MAX_SSRCS {
                    out.push(Happening::Abuse("too many SSRCs"));
                }
            }
            Event::KeyframeRequest(k) => out.push(Happening::KeyFrameWanted(k.mid)),
            Event::Connected => {
                self.dtls_up = true;
                out.push(Happening::Connected);
            }
            Event::IceConnectionStateChange(state) => {
                let up = state.is_connected();
                if up && !self.ice_up && self.dtls_up {
                    out.push(Happening::Connected);
                } else if state.is_disconnected() {
                    out.push(Happening::Lost);
                }
                self.ice_up = up;
            }
            Event::ChannelOpen(id, label) => self.channel_opened(id, &label, out),
            Event::ChannelClose(id) => _ = self.channels.remove(&id),
            Event::ChannelData(d) => {
                if let Some(reliable) = self.channels.get(&d.id).copied().flatten() {
                    out.push(Happening::Data { reliable, payload: d.data });
                }
            }
            Event::ChannelBufferedAmountLow(_) => out.push(Happening::DataRoom),
            Event::PeerStats(_) => _ = self.report.get_or_insert_default(),
            Event::MediaIngressStats(s) => {
                let audio = self.rtc.media(s.mid).is_some_and(|m| m.kind().is_audio());
                self.report.get_or_insert_default().inbound(&s, audio);
            }
            Event::MediaEgressStats(s) => self.report.get_or_insert_default().outbound(&s),
            _ => {}
        }
    }

    fn packet(&mut self, p: RtpPacket) -> Option<Packet> {
        let ssrc = *p.header.ssrc;
        let (mid, rid) = match self.streams.get(&ssrc) {
            Some(known) => *known,
            None => {
                let stream = self.rtc.direct_api().stream_rx(&p.header.ssrc).map(|s| (s.mid(), s.rid()))?;
                self.streams.insert(ssrc, stream);
                self.ssrcs += 1;
                stream
            }
        };
        let ext = &p.header.ext_vals;
        Some(Packet {
            mid,
            rid,
            ssrc,
            seq: *p.seq_no,
            time: p.header.timestamp,
            marker: p.header.marker,
            level: ext.audio_level.map(|l| l.unsigned_abs().min(127)),
            voice: ext.voice_activity.unwrap_or(false),
            orientation: ext.video_orientation,
            payload: p.payload,
            arrived: p.timestamp,
        })
    }

    fn channel_opened(&mut self, id: ChannelId, label: &str, out: &mut Vec<Happening>) {
        if let Some(which) = self.own_channels.and_then(|own| own.iter().position(|c| *c == id)) {
            self.channels.insert(id, Some(which == 0));
            if let Some(mut channel) = self.rtc.channel(id) {
                channel.set_buffered_amount_low_threshold(DATA_BUFFER / 4);
            }
            let before = self.open;
            self.open[which] = true;
            if self.open == [true; 2] && before != self.open {
                out.push(Happening::DataOpen);
            }
            return;
        }
        let reliable = match label {
            RELIABLE => Some(true),
            LOSSY => Some(false),
            _ => None, // `_data_track` and what may come: open, unread
        };
        self.channels.insert(id, reliable);
        if self.channels.len() > MAX_CHANNELS {
            out.push(Happening::Abuse("too many data channels"));
        }
    }
}

impl Egress for RtcTransport {
    fn declare(&mut self, stream: &Stream) {
        let kind = match stream.kind {
            Kind::Audio => MediaKind::Audio,
            Kind::Video => MediaKind::Video,
        };
        let mut api = self.rtc.direct_api();
        api.declare_media(stream.mid, kind);
        api.declare_stream_tx(Ssrc::from(stream.ssrc), stream.rtx.map(Ssrc::from), stream.mid, None);
    }

    fn withdraw(&mut self, stream: &Stream) {
        self.rtc.direct_api().remove_media(stream.mid); // and its streams
    }

    fn send(&mut self, stream: &Stream, packet: Outgoing<'_>) {
        let mut api = self.rtc.direct_api();
        let Some(tx) = api.stream_tx(&Ssrc::from(stream.ssrc)) else {
            return;
        };
        let pt = match stream.kind {
            Kind::Audio => sdp::OPUS,
            Kind::Video => sdp::VP8,
        };
        let ext = ExtensionValues {
            audio_level: packet.level.map(|l| -(l.min(127) as i8)),
            voice_activity: packet.level.map(|_| packet.voice),
            video_orientation: packet.orientation,
            ..ExtensionValues::default()
        };
        let mut write =
            RtpWrite::new(pt.into(), packet.seq.into(), packet.time, packet.wallclock, packet.payload.clone())
                .marker(packet.marker)
                .nackable(stream.rtx.is_some())
                .ext_vals(ext);
        if let Some(patch) = packet.vp8 {
            write = write.vp8_patch(patch);
        }
        tx.write_rtp(write);
    }
}
