//! Which side sends what: video is str0m's; audio is ours once the handshake has shown that the client takes GCM.

use std::time::Instant;

use str0m::media::{MediaKind, Mid};
use str0m::rtp::{ExtensionValues, RtpWrite, Ssrc};

use crate::audio::AudioEgress;
use crate::egress::{Egress, Outgoing, Sent, Stream};
use crate::event::Kind;
use crate::outbox::Outbox;
use crate::rtc::RtcTransport;
use crate::sdp;
use crate::srtp::Session;
use crate::stun;
use crate::transport::{Happening, Sink};

/// Who sends this connection's audio.
pub enum Audio {
    /// Undecided: DTLS is not up, so nothing is sent. The sections that were accepted so far.
    Waiting(Vec<Stream>),
    Ours(Box<AudioEgress>),
    /// str0m: the client takes no GCM.
    Rtc,
}

impl RtcTransport {
    /// DTLS is up. False if its keys cannot be used as those before were.
    pub(crate) fn keyed(&mut self) -> bool {
        let Some(exported) = self.keys.take() else { return true };
        let session = self.own_audio.then(|| Session::new(&self.crypto, &exported, self.active)).flatten();
        match (std::mem::replace(&mut self.audio, Audio::Rtc), session) {
            (Audio::Waiting(streams), Some(session)) => {
                let mut egress = Box::new(AudioEgress::new(session));
                streams.iter().for_each(|s| egress.declare(s.ssrc, s.mid, self.now));
                self.audio = Audio::Ours(egress);
            }
            (Audio::Waiting(streams), None) => streams.iter().for_each(|s| self.declare_rtc(s)),
            (Audio::Ours(mut egress), Some(session)) => {
                egress.rekey(session);
                self.audio = Audio::Ours(egress);
            }
            (Audio::Ours(_), None) => return false, // our SSRCs cannot become str0m's
            (Audio::Rtc, _) => {}
        }
        true
    }

    fn declare_rtc(&mut self, stream: &Stream) {
        let kind = match stream.kind {
            Kind::Audio => MediaKind::Audio,
            Kind::Video => MediaKind::Video,
        };
        let mut api = self.rtc.direct_api();
        api.declare_media(stream.mid, kind);
        api.declare_stream_tx(Ssrc::from(stream.ssrc), stream.rtx.map(Ssrc::from), stream.mid, None);
        self.rtc_streams.push(stream.mid);
    }

    fn withdraw_rtc(&mut self, mid: Mid) {
        self.rtc.direct_api().remove_media(mid); // and its streams
        self.rtc_streams.retain(|m| *m != mid);
    }

    fn send_rtc(&mut self, stream: &Stream, packet: &Outgoing<'_>) -> Sent {
        let mut api = self.rtc.direct_api();
        let Some(tx) = api.stream_tx(&Ssrc::from(stream.ssrc)) else { return Sent::Not };
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
        Sent::Queued
    }

    /// What a client sends on its subscriber side besides RTCP is nothing that anybody asked for. RTCP is read here if
    /// the audio is ours, and needs to go on to str0m only for what str0m sends. A flood of it goes nowhere.
    pub(crate) fn wants_media(&mut self, datagram: &[u8]) -> Result<bool, String> {
        if !stun::is_rtcp(datagram) {
            return Ok(false);
        }
        if !self.patience.is_left(self.now) {
            return Ok(false);
        }
        let Audio::Ours(egress) = &mut self.audio else {
            return Ok(self.patience.take(1 + datagram.len() as u32 / 16));
        };
        let Some(asked) = egress.feedback(datagram) else {
            return Err("RTCP that is not authentic".to_owned());
        };
        self.path = self.came;
        // str0m looks for each packet that is asked for, however often, and bounds only what it then sends.
        Ok(self.patience.take(1 + asked) && !self.rtc_streams.is_empty())
    }

    /// The audio's resends and reports, and the quality report when str0m's statistics came. Returns when to be called.
    pub(crate) fn poll_audio(&mut self, sink: &mut Sink<'_>) -> Option<Instant> {
        let mut next = None;
        let mut report = self.report.take();
        if let Audio::Ours(egress) = &mut self.audio {
            next = egress.poll(self.now, self.path, sink.outbox);
            if let Some(report) = &mut report {
                let (losses, rtt) = egress.measured();
                report.audio(losses, rtt);
            }
        }
        sink.happenings.extend(report.map(|g| Happening::Report(g.finish())));
        next
    }
}

impl Egress for RtcTransport {
    fn declare(&mut self, stream: &Stream) {
        match (stream.kind, &mut self.audio) {
            (Kind::Audio, Audio::Ours(egress)) => egress.declare(stream.ssrc, stream.mid, Instant::now()),
            (Kind::Audio, Audio::Waiting(streams)) => streams.push(*stream),
            _ => self.declare_rtc(stream),
        }
    }

    fn withdraw(&mut self, stream: &Stream) {
        match (stream.kind, &mut self.audio) {
            (Kind::Audio, Audio::Ours(egress)) => egress.withdraw(stream.ssrc),
            (Kind::Audio, Audio::Waiting(streams)) => streams.retain(|s| s.ssrc != stream.ssrc),
            _ => self.withdraw_rtc(stream.mid),
        }
    }

    fn send(&mut self, stream: &Stream, packet: &Outgoing<'_>, outbox: &mut Outbox) -> Sent {
        match (stream.kind, &mut self.audio) {
            (Kind::Audio, Audio::Ours(egress)) => match self.path {
                Some(path) => egress.send(stream.ssrc, packet, path, outbox),
                None => Sent::Not,
            },
            (Kind::Audio, Audio::Waiting(_)) => Sent::Not,
            _ => self.send_rtc(stream, packet),
        }
    }
}
