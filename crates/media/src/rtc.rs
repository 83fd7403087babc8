//! `Transport` over str0m. Publisher connections use its SDP API, subscriber connections its direct API (the two must
//! not be mixed on one `Rtc`) with our own SDP (`sdp.rs`) and, for audio, our own egress (`rtc_egress.rs`).

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use str0m::channel::{ChannelConfig, ChannelId, Reliability};
use str0m::config::{CryptoProvider, Fingerprint};
use str0m::media::{KeyframeRequestKind, Mid, Rid};
use str0m::net::{Protocol, Receive};
use str0m::rtp::RtpPacket;
use str0m::{Candidate, Event, Input, Output, Rtc};

use crate::egress::{Egress, Ssrcs};
use crate::event::Side;
use crate::keys;
use crate::outbox::Path;
use crate::report::Gathering;
use crate::rtc_egress::Audio;
use crate::rtcp::Patience;
use crate::sdp::{Credentials, Remote};
use crate::shared::{creds, fresh_credentials};
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
pub const DATA_BUFFER: usize = 1 << 20;

pub struct RtcTransport {
    pub(crate) rtc: Rtc,
    pub(crate) crypto: Arc<CryptoProvider>,
    side: Side,
    shard: u8,
    /// By us, before str0m answered.
    given_ufrag: String,
    locals: Vec<Candidate>,
    pub(crate) keys: keys::Slot,
    /// Audio may be sent by ourselves.
    pub(crate) own_audio: bool,
    pub(crate) audio: Audio,
    /// Sections whose media str0m sends.
    pub(crate) rtc_streams: Vec<Mid>,
    ssrcs_given: Ssrcs,
    /// We are the DTLS client.
    pub(crate) active: bool,
    /// Where the client is: it follows authentic packets.
    pub(crate) path: Option<Path>,
    /// How the last datagram came in.
    pub(crate) came: Option<Path>,
    pub(crate) now: Instant,
    /// With the client's RTCP, subscriber side.
    pub(crate) patience: Patience,
    /// Which section and layer an incoming SSRC belongs to. Only packets that were authenticated get here.
    streams: HashMap<u32, (Mid, Option<Rid>)>,
    /// How often an SSRC was new.
    ssrcs: u32,
    /// Channels whose messages count, and whether they are reliable; others are None.
    channels: HashMap<ChannelId, Option<bool>>,
    /// `_reliable` and `_lossy`, which we opened (subscriber side).
    own_channels: Option<[ChannelId; 2]>,
    open: [bool; 2],
    ice_up: bool,
    dtls_up: bool,
    lost: bool,
    /// The statistics burst that is coming in, with the number of streams in it.
    pub(crate) report: Option<Gathering>,
}

/// What makes a transport, besides its `Rtc`.
pub struct Parts {
    pub crypto: Arc<CryptoProvider>,
    pub keys: keys::Slot,
    pub side: Side,
    pub shard: u8,
    pub locals: Vec<Candidate>,
    pub own_audio: bool,
}

impl RtcTransport {
    pub fn new(mut rtc: Rtc, parts: Parts, now: Instant) -> Self {
        let Parts { crypto, keys, side, shard, locals, own_audio } = parts;
        let given_ufrag = rtc.direct_api().local_ice_credentials().ufrag;
        let ssrcs_given = Ssrcs::new(*rtc.direct_api().new_ssrc());
        RtcTransport {
            rtc,
            crypto,
            side,
            shard,
            given_ufrag,
            locals,
            keys,
            own_audio,
            audio: Audio::Waiting(Vec::new()),
            rtc_streams: Vec::new(),
            ssrcs_given,
            active: false,
            path: None,
            came: None,
            now,
            patience: Patience::new(now),
            streams: HashMap::new(),
            ssrcs: 0,
            channels: HashMap::new(),
            own_channels: None,
            open: [false; 2],
            ice_up: false,
            dtls_up: false,
            lost: false,
            report: None,
        }
    }
}

impl Transport for RtcTransport {
    fn accept_offer(&mut self, sdp: &str) -> Result<String, String> {
        let offer = str0m::change::SdpOffer::from_sdp_string(sdp).map_err(|e| e.to_string())?;
        let answer = self.rtc.sdp_api().accept_offer(offer).map_err(|e| e.to_string())?;
        self.streams.clear();
        Ok(self.with_our_credentials(answer.to_sdp_string()))
    }

    fn connect(&mut self, remote: &Remote, active: bool) -> Result<(), String> {
        self.active = active;
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
        // DirectApi has no ICE restart. Taking the local candidates away and back drops all pairs, so the next check
        // that arrives is nominated afresh; until then media goes on to where it went (RFC 8445 section 9).
        for c in &self.locals {
            self.rtc.direct_api().invalidate_candidate(c);
            self.rtc.add_local_candidate(c.clone());
        }
    }

    fn is_alive(&self) -> bool {
        self.rtc.is_alive()
    }

    fn credentials(&mut self) -> Credentials {
        let c = self.rtc.direct_api().local_ice_credentials();
        Credentials { ufrag: c.ufrag, pwd: c.pass }
    }

    fn new_ssrc(&mut self) -> u32 {
        self.ssrcs_given.fresh()
    }

    fn accepts(&self, now: Instant, datagram: &Datagram<'_>) -> bool {
        input(now, datagram).is_some_and(|i| self.rtc.accepts(&i))
    }

    fn receive(&mut self, now: Instant, datagram: &Datagram<'_>) -> Result<(), String> {
        self.now = now;
        self.came = Some(Path { from: datagram.to, to: datagram.from });
        let mut early = None;
        match stun::protocol(datagram.bytes) {
            stun::Protocol::Stun if self.path.is_none() => early = self.nominate_early(datagram),
            stun::Protocol::Stun => self.follow_nomination(datagram),
            stun::Protocol::Media if self.side == Side::Subscriber && !self.wants_media(datagram.bytes)? => {
                return Ok(());
            }
            _ => {}
        }
        let read = Datagram { bytes: early.as_deref().unwrap_or(datagram.bytes), ..*datagram };
        self.rtc.handle_input(input(now, &read).ok_or("unreadable datagram")?).map_err(|e| e.to_string())
    }

    fn flush(&mut self, now: Instant) -> Result<(), String> {
        self.now = now;
        self.rtc.handle_input(Input::Timeout(now)).map_err(|e| e.to_string())
    }

    fn poll(&mut self, sink: &mut Sink<'_>) -> Instant {
        let mut deadline = None;
        for _ in 0..MAX_OUTPUTS {
            match self.rtc.poll_output() {
                Ok(Output::Transmit(t)) => {
                    let path = self.route(Path { from: t.source, to: t.destination }, &t.contents);
                    sink.outbox.push(path, &t.contents);
                }
                Ok(Output::Event(e)) => self.event(e, sink.happenings),
                Ok(Output::Timeout(t)) => {
                    deadline = Some(t);
                    break;
                }
                Err(_) if self.rtc.is_alive() => continue,
                Err(_) => break,
            }
        }
        let next = self.poll_audio(sink);
        if !self.rtc.is_alive() && !self.lost {
            self.lost = true;
            sink.happenings.push(Happening::Lost);
        }
        match deadline {
            Some(t) => next.map_or(t, |n| n.min(t)),
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
    /// When the client restarts ICE, str0m makes up credentials that do not name the shard.
    fn with_our_credentials(&mut self, answer: String) -> String {
        let theirs = self.credentials();
        if theirs.ufrag == self.given_ufrag {
            return answer;
        }
        let ours = fresh_credentials(self.shard);
        self.rtc.direct_api().set_local_ice_credentials(creds(&ours));
        self.given_ufrag.clone_from(&ours.ufrag);
        // The ufrag stands in candidate lines too; both are long and random.
        answer.replace(&theirs.ufrag, &ours.ufrag).replace(&theirs.pwd, &ours.pwd)
    }

    /// Answers to STUN go back where the request came from, everything else to where the client is now.
    fn route(&mut self, chosen: Path, contents: &[u8]) -> Path {
        match stun::protocol(contents) {
            stun::Protocol::Stun => chosen,
            _ => *self.path.get_or_insert(chosen),
        }
    }

    fn event(&mut self, event: Event, out: &mut Vec<Happening>) {
        match event {
            Event::RtpPacket(p) => {
                self.path = self.came; // it was authentic, and it is the one that came in last
                out.extend(self.packet(p).map(Happening::Packet));
                if self.ssrcs > MAX_SSRCS {
                    out.push(Happening::Abuse("too many SSRCs"));
                }
            }
            Event::KeyframeRequest(k) => out.push(Happening::KeyFrameWanted(k.mid)),
            Event::Connected => {
                self.dtls_up = true;
                if self.side == Side::Subscriber && !self.keyed() {
                    out.push(Happening::Abuse("keys of another kind than before"));
                }
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
                let mut api = self.rtc.direct_api();
                let stream = api.stream_rx(&p.header.ssrc)?;
                stream.suppress_nack(false); // str0m asks again for what has RTX; a voice is resent without
                let stream = (stream.mid(), stream.rid());
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
