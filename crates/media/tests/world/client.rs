//! A client: two str0m connections, as LiveKit's protocol version 0 has them.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::{Duration, Instant};

use str0m::change::{SdpAnswer, SdpApi, SdpOffer, SdpPendingOffer};
use str0m::channel::{ChannelConfig, ChannelId, Reliability};
use str0m::media::{KeyframeRequestKind, Mid, Rid};
use str0m::net::{Protocol, Receive};
use str0m::rtp::rtcp::Rtcp;
use str0m::rtp::{ExtensionValues, RawPacket, RtpPacket, RtpWrite};
use str0m::{Candidate, Event, Input, Output, Rtc};

/// One connection and its socket.
pub struct Pc {
    pub rtc: Rtc,
    pub socket: UdpSocket,
    pub addr: SocketAddr,
    next: Instant,
    pub events: Vec<Event>,
    /// Datagrams in both directions are lost while true.
    pub cut: bool,
    /// So many of the next media packets (not RTCP) are lost on the way in.
    pub lose: u32,
    /// Media packets with such sequence numbers never come in, however often they are sent.
    pub never: fn(u16) -> bool,
    /// Checks are sent, nominations are not.
    pub never_nominates: bool,
}

impl Pc {
    pub fn new(mut rtc: Rtc, ip: IpAddr) -> Self {
        let (socket, addr) = socket(ip);
        rtc.add_local_candidate(Candidate::host(addr, "udp").unwrap());
        Pc {
            rtc,
            socket,
            addr,
            next: Instant::now(),
            events: Vec::new(),
            cut: false,
            lose: 0,
            never: |_| false,
            never_nominates: false,
        }
    }

    /// A socket of the client's that nobody answers any more gets this: what the engine still sends to it.
    pub fn leave_port(&mut self) -> UdpSocket {
        let old = self.socket.try_clone().unwrap();
        self.move_to_new_port();
        old
    }

    /// As after a change of network: the old address is gone.
    pub fn move_to_new_port(&mut self) {
        let old = Candidate::host(self.addr, "udp").unwrap();
        (self.socket, self.addr) = socket(self.addr.ip());
        self.rtc.direct_api().invalidate_candidate(&old);
        self.rtc.add_local_candidate(Candidate::host(self.addr, "udp").unwrap());
    }

    /// True if something arrived.
    pub fn step(&mut self, now: Instant) -> bool {
        let (mut buffer, mut any) = ([0u8; 2048], false);
        while let Ok((n, source)) = self.socket.recv_from(&mut buffer) {
            any = true;
            let media = (128..192).contains(&buffer[0]) && !(192..224).contains(&buffer[1]);
            if self.cut || (media && (self.never)(u16::from_be_bytes([buffer[2], buffer[3]]))) {
                continue;
            }
            if media && self.lose > 0 {
                self.lose -= 1;
                continue;
            }
            if let Ok(r) = Receive::new(Protocol::Udp, source, self.addr, &buffer[..n]) {
                self.rtc.handle_input(Input::Receive(now, r)).unwrap();
                self.poll();
            }
        }
        if self.next <= now {
            self.flush(now);
        }
        any
    }

    pub fn flush(&mut self, now: Instant) {
        self.rtc.handle_input(Input::Timeout(now)).unwrap();
        self.poll();
    }

    fn poll(&mut self) {
        loop {
            match self.rtc.poll_output() {
                Ok(Output::Timeout(t)) => {
                    self.next = t;
                    return;
                }
                Ok(Output::Transmit(t)) if self.never_nominates && nominates(&t.contents) => {}
                Ok(Output::Transmit(t)) if !self.cut => _ = self.socket.send_to(&t.contents, t.destination),
                Ok(Output::Transmit(_)) => {}
                Ok(Output::Event(e)) => self.events.push(e),
                Err(e) => panic!("client: {e}"),
            }
        }
    }
}

/// A binding request with USE-CANDIDATE, whose value is empty.
fn nominates(datagram: &[u8]) -> bool {
    datagram.starts_with(&[0, 1]) && datagram.windows(4).any(|w| w == [0, 0x25, 0, 0])
}

fn socket(ip: IpAddr) -> (UdpSocket, SocketAddr) {
    let socket = UdpSocket::bind((ip, 0)).unwrap();
    socket.set_nonblocking(true).unwrap();
    let addr = socket.local_addr().unwrap();
    (socket, addr)
}

pub fn builder() -> str0m::RtcConfig {
    Rtc::builder().set_rtp_mode(true).clear_codecs().enable_opus(true, false).enable_vp8(true)
}

/// What came in for one track.
#[derive(Default)]
pub struct Heard {
    pub packets: Vec<RtpPacket>,
}

impl Heard {
    pub fn payloads(&self) -> Vec<Arc<[u8]>> {
        self.packets.iter().map(|p| p.payload.clone()).collect()
    }

    /// Sequence numbers without repetition, in order.
    pub fn seqs(&self) -> Vec<u64> {
        let mut seqs: Vec<u64> = self.packets.iter().map(|p| *p.seq_no).collect();
        seqs.sort_unstable();
        seqs.dedup();
        seqs
    }
}

pub struct Client {
    pub id: String,
    pub publisher: Pc,
    pub subscriber: Pc,
    pending: Option<SdpPendingOffer>,
    channels: Option<[ChannelId; 2]>,
    next_speak: Instant,
    /// Per stream: extended sequence number and timestamp of the next packet.
    counters: HashMap<(Mid, Option<&'static str>), (u64, u32)>,
    /// The track that each mid of the subscriber side carries, from the offers.
    tracks: HashMap<String, String>,
    heard: HashMap<String, Heard>,
    /// Messages on the subscriber side's channels: label, payload.
    pub data: Vec<(String, Vec<u8>)>,
    labels: HashMap<ChannelId, String>,
    pub key_frames_asked: usize,
    /// Level and voice bit that `speak` sends.
    pub level: (i8, bool),
    /// What came in on the subscriber side.
    pub rtcp: Vec<Rtcp>,
    /// Takes the DTLS server's role on the subscriber side, as Pion does towards an ICE-lite peer.
    pub dtls_server: bool,
}

impl Client {
    pub fn new(id: &str, ip: IpAddr) -> Self {
        let now = Instant::now();
        Client {
            id: id.into(),
            publisher: Pc::new(builder().build(now), ip),
            subscriber: Pc::new(builder().enable_raw_packets(true).build(now), ip),
            rtcp: Vec::new(),
            dtls_server: false,
            pending: None,
            channels: None,
            next_speak: now,
            counters: HashMap::new(),
            tracks: HashMap::new(),
            heard: HashMap::new(),
            data: Vec::new(),
            labels: HashMap::new(),
            key_frames_asked: 0,
            level: (-30, true),
        }
    }

    /// Takes this for its subscriber side, before there was an offer.
    pub fn subscribe_by(&mut self, rtc: Rtc) {
        self.subscriber = Pc::new(rtc, self.subscriber.addr.ip());
    }

    /// An offer with these changes. The first one also has the two data channels, as LiveKit's clients do.
    pub fn offer<T>(&mut self, change: impl FnOnce(&mut SdpApi<'_>) -> T) -> (T, String) {
        let mut api = self.publisher.rtc.sdp_api();
        let channels = &mut self.channels;
        channels.get_or_insert_with(|| {
            let reliable = ChannelConfig { label: "_reliable".into(), ..ChannelConfig::default() };
            let lossy = ChannelConfig {
                label: "_lossy".into(),
                ordered: false,
                reliability: Reliability::MaxRetransmits { retransmits: 0 },
                ..ChannelConfig::default()
            };
            [api.add_channel_with_config(reliable), api.add_channel_with_config(lossy)]
        });
        let out = change(&mut api);
        let (offer, pending) = api.apply().expect("something to offer");
        self.pending = Some(pending);
        (out, offer.to_sdp_string())
    }

    /// The engine answered the offer.
    pub fn answered(&mut self, sdp: &str) {
        let answer = SdpAnswer::from_sdp_string(sdp).expect("our answer can be read");
        let pending = self.pending.take().expect("an offer was made");
        self.publisher.rtc.sdp_api().accept_answer(pending, answer).expect("our answer fits");
        self.publisher.flush(Instant::now());
    }

    /// Answers the engine's offer.
    pub fn answer(&mut self, sdp: &str) -> String {
        let mut mid = "";
        for line in sdp.lines() {
            if let Some(m) = line.strip_prefix("a=mid:") {
                mid = m;
            } else if let Some((_, track)) = line.strip_prefix("a=msid:").and_then(|m| m.split_once(' ')) {
                self.tracks.insert(mid.into(), track.into());
            }
        }
        let setup = if self.dtls_server { "a=setup:active" } else { "a=setup:actpass" };
        let sdp = sdp.replace("a=setup:actpass", setup);
        let offer = SdpOffer::from_sdp_string(&sdp).expect("our offer can be read");
        let answer = self.subscriber.rtc.sdp_api().accept_offer(offer).expect("our offer is taken");
        self.subscriber.flush(Instant::now());
        answer.to_sdp_string()
    }

    /// True if something arrived.
    pub fn step(&mut self, now: Instant) -> bool {
        let busy = self.publisher.step(now) | self.subscriber.step(now);
        for event in std::mem::take(&mut self.publisher.events) {
            if let Event::KeyframeRequest(_) = event {
                self.key_frames_asked += 1;
            }
        }
        for event in std::mem::take(&mut self.subscriber.events) {
            match event {
                Event::RtpPacket(p) => self.packet(p),
                Event::RawPacket(p) => {
                    if let RawPacket::RtcpRx(rtcp) = *p {
                        self.rtcp.push(rtcp);
                    }
                }
                Event::ChannelOpen(id, label) => _ = self.labels.insert(id, label),
                Event::ChannelData(d) => self.data.push((self.labels[&d.id].clone(), d.data)),
                _ => {}
            }
        }
        busy
    }

    fn packet(&mut self, p: RtpPacket) {
        let stream = self.subscriber.rtc.direct_api().stream_rx(&p.header.ssrc).map(|s| s.mid()).unwrap();
        let track = self.tracks[&*stream].clone();
        self.heard.entry(track).or_default().packets.push(p);
    }

    pub fn heard(&mut self, track: &str) -> &mut Heard {
        self.heard.entry(track.into()).or_default()
    }

    pub fn forget(&mut self) {
        self.heard.clear();
    }

    /// An audio packet every 5 ms; its payload says whose it is and which. Four times real time: tests end sooner.
    pub fn speak(&mut self, mid: Mid) {
        let now = Instant::now();
        if now < self.next_speak {
            return;
        }
        self.next_speak = now + Duration::from_millis(5);
        let (seq, _) = *self.counters.entry((mid, None)).or_insert((1000, 0));
        let payload = format!("{} says {seq}", self.id).into_bytes();
        self.send(mid, None, 960, payload, true);
    }

    /// Packets go out at the next step.
    pub fn send(&mut self, mid: Mid, rid: Option<&'static str>, ticks: u32, payload: Vec<u8>, marker: bool) {
        let (seq, time) = self.counters.entry((mid, rid)).or_insert((1000, 0));
        let ext = ExtensionValues {
            audio_level: Some(self.level.0),
            voice_activity: Some(self.level.1),
            mid: Some(mid),
            rid: rid.map(Rid::from),
            ..ExtensionValues::default()
        };
        let Some(audio) = self.publisher.rtc.media(mid).map(|m| m.kind().is_audio()) else {
            return;
        };
        let pt = if audio { 111 } else { 96 };
        let write = RtpWrite::new(pt.into(), (*seq).into(), *time, Instant::now(), payload)
            .ext_vals(ext)
            .marker(marker)
            .nackable(!audio);
        if let Some(tx) = self.publisher.rtc.direct_api().stream_tx_by_mid(mid, rid.map(Rid::from)) {
            tx.write_rtp(write);
            *seq += 1;
            *time = time.wrapping_add(ticks);
        }
        self.publisher.flush(Instant::now());
    }

    /// A one-packet VP8 frame: 15-bit PictureID, TL0PICIDX, one temporal layer (RFC 7741 section 4.2).
    pub fn show(&mut self, mid: Mid, rid: Option<&'static str>, picture: u16, key: bool) {
        let [hi, lo] = picture.to_be_bytes();
        let mut payload = vec![0x90, 0xe0, 0x80 | hi, lo, picture as u8, 0x20, u8::from(!key)];
        payload.extend_from_slice(format!("{}/{} frame {picture}", self.id, rid.unwrap_or("-")).as_bytes());
        self.send(mid, rid, 3000, payload, true);
    }

    /// From now on asks for audio that was lost, as browsers do: str0m itself would only for what has RTX.
    pub fn ask_again(&mut self, track: &str) {
        let mid = self.tracks.iter().find(|(_, t)| *t == track).map(|(mid, _)| Mid::from(mid.as_str())).unwrap();
        self.subscriber.rtc.direct_api().stream_rx_by_mid(mid, None).unwrap().suppress_nack(false);
    }

    /// The picture was lost.
    pub fn ask_for_key_frame(&mut self, track: &str) {
        let mid = self.tracks.iter().find(|(_, t)| *t == track).map(|(mid, _)| Mid::from(mid.as_str())).unwrap();
        let mut api = self.subscriber.rtc.direct_api();
        api.stream_rx_by_mid(mid, None).unwrap().request_keyframe(KeyframeRequestKind::Pli);
        self.subscriber.flush(Instant::now());
    }

    /// Leaves a gap in what is sent, as loss on the way would.
    pub fn skip(&mut self, mid: Mid) {
        self.counters.get_mut(&(mid, None)).expect("spoke before").0 += 1;
    }

    /// Gives up the publisher side and makes a new one, as after a page's connection failed.
    pub fn renew_publisher(&mut self) {
        self.publisher = Pc::new(builder().build(Instant::now()), self.publisher.addr.ip());
        (self.pending, self.channels) = (None, None);
        self.counters.clear();
    }

    pub fn publish_data(&mut self, reliable: bool, payload: &[u8]) -> bool {
        let Some(ids) = self.channels else { return false };
        let wrote = self.publisher.rtc.channel(ids[usize::from(!reliable)]).map(|mut c| c.write(true, payload));
        self.publisher.flush(Instant::now());
        matches!(wrote, Some(Ok(true)))
    }
}
