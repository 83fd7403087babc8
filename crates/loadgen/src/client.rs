//! One participant: its signalling, its two peer connections, what it says and what it hears.

use std::time::{Duration, Instant};

use str0m::Event;
use str0m::change::{SdpAnswer, SdpOffer, SdpPendingOffer};
use str0m::channel::{ChannelConfig, Reliability};
use str0m::media::{Direction, MediaKind};

use crate::payload::{Stamp, clock};
use crate::pc::{Identity, Pc};
use crate::plan::{Guest, Plan};
use crate::stats::{Heard, Window};
use crate::voice::Voice;
use crate::websocket::WebSocket;
use crate::wire::{Ping, Request, Response, SessionDescription, TARGET_PUBLISHER, Trickle};

/// From the connection to both sides up.
const JOIN_PATIENCE: Duration = Duration::from_secs(20);
const CID: &str = "microphone";

/// Which of a client's sockets.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Socket {
    Signal,
    Publisher,
    Subscriber,
}

/// Nanoseconds of `payload::clock`.
#[derive(Clone, Copy, Default)]
pub struct Milestones {
    pub opened: u64,
    pub up: Option<u64>,
    pub first_packet: Option<u64>,
}

/// What remains of a client.
pub struct Departed {
    pub guest: Guest,
    pub milestones: Milestones,
    pub heard: Heard,
    /// Packets that it sent in the window.
    pub counted: u32,
}

pub struct Client {
    pub guest: Guest,
    pub milestones: Milestones,
    pub heard: Heard,
    /// Different streams that have been heard.
    pub streams: usize,
    pub voice: Option<Voice>,
    socket: WebSocket,
    publisher: Pc,
    subscriber: Pc,
    /// The last offer made; LiveKit counts them.
    offers: u32,
    pending: Option<SdpPendingOffer>,
    began: Instant,
    ping_every: Duration,
    next_ping: Instant,
}

impl Client {
    pub fn open(plan: &Plan, guest: Guest, identity: &Identity) -> Result<Self, String> {
        let (now, opened) = (Instant::now(), clock());
        let path = format!("/rtc?auto_subscribe={}&protocol=15&sdk=rust&version=0.1.0", u8::from(guest.subscribes));
        let socket = WebSocket::open(plan.server, &path, &plan.token(&guest)).map_err(|e| e.to_string())?;
        let ip = plan.server.ip();
        Ok(Client {
            milestones: Milestones { opened, ..Milestones::default() },
            heard: Heard::default(),
            streams: 0,
            voice: None,
            socket,
            publisher: Pc::open(identity, ip, now)?,
            subscriber: Pc::open(identity, ip, now)?,
            offers: 0,
            pending: None,
            began: now,
            ping_every: Duration::from_secs(5),
            next_ping: now + Duration::from_secs(5),
            guest,
        })
    }

    pub fn fd(&self, socket: Socket) -> i32 {
        match socket {
            Socket::Signal => self.socket.fd(),
            Socket::Publisher => self.publisher.fd(),
            Socket::Subscriber => self.subscriber.fd(),
        }
    }

    /// Both sides are up.
    pub fn is_up(&self) -> bool {
        self.milestones.up.is_some()
    }

    /// When `tick` is due.
    pub fn next(&self) -> Instant {
        let media = self.publisher.next.min(self.subscriber.next).min(self.next_ping);
        self.voice.as_ref().map_or(media, |v| media.min(v.next))
    }

    /// Something has arrived there.
    pub fn readable(&mut self, socket: Socket, window: Option<Window>) -> Result<(), String> {
        let now = Instant::now();
        match socket {
            Socket::Signal => self.read_signals()?,
            Socket::Publisher => self.publisher.read(now, &mut |_| ())?,
            Socket::Subscriber => {
                let (heard, streams, first) = (&mut self.heard, &mut self.streams, &mut self.milestones.first_packet);
                self.subscriber.read(now, &mut |event| {
                    if let Event::RtpPacket(packet) = event
                        && let Some(stamp) = Stamp::read(&packet.payload)
                    {
                        let arrived = clock();
                        first.get_or_insert(arrived);
                        *streams += usize::from(heard.packet(stamp, arrived, window));
                    }
                })?;
            }
        }
        self.note_progress();
        Ok(())
    }

    /// Timers, pings and the next packet of its voice.
    pub fn tick(&mut self, now: Instant, window: Option<Window>) -> Result<(), String> {
        if let Some(voice) = &mut self.voice {
            voice.speak(&mut self.publisher, now, window)?;
        }
        for pc in [&mut self.publisher, &mut self.subscriber] {
            if pc.next <= now {
                pc.flush(now, &mut |_| ())?;
            }
        }
        self.socket.flush().map_err(|e| e.to_string())?;
        if self.next_ping <= now {
            self.next_ping = now + self.ping_every;
            self.say(Request::Ping(Ping { timestamp: (clock() / 1_000_000) as i64 }))?;
        }
        self.note_progress();
        if !self.is_up() && now > self.began + JOIN_PATIENCE {
            let (publisher, subscriber) = (self.publisher.up, self.subscriber.up);
            return Err(format!("not up in {JOIN_PATIENCE:?}: publisher {publisher}, subscriber {subscriber}"));
        }
        Ok(())
    }

    /// Says so and closes its media. The socket is to be read until the server has closed it: one that is dropped
    /// with unread bytes is reset, and with it the goodbye.
    pub fn leave(mut self) -> (Departed, WebSocket) {
        let _ = self.say(Request::leave()); // it may be gone already
        self.socket.close();
        let counted = self.voice.map_or(0, |v| v.counted);
        (Departed { guest: self.guest, milestones: self.milestones, heard: self.heard, counted }, self.socket)
    }

    fn note_progress(&mut self) {
        if self.milestones.up.is_none() && self.publisher.up && self.subscriber.up {
            self.milestones.up = Some(clock());
        }
    }

    fn say(&mut self, request: Request) -> Result<(), String> {
        self.socket.send(&request.into_bytes()).map_err(|e| format!("signalling: {e}"))
    }

    fn read_signals(&mut self) -> Result<(), String> {
        for message in self.socket.receive().map_err(|e| format!("signalling: {e}"))? {
            if let Some(response) = Response::decode(&message).map_err(|e| e.to_string())? {
                self.signalled(response)?;
            }
        }
        Ok(())
    }

    fn signalled(&mut self, response: Response) -> Result<(), String> {
        match response {
            Response::Join(join) => {
                if join.ping_interval > 0 {
                    self.ping_every = Duration::from_secs(join.ping_interval.clamp(1, 60) as u64);
                }
                if self.guest.publishes { self.say(Request::microphone(CID)) } else { self.offer() }
            }
            Response::TrackPublished(published) if published.cid == CID => self.offer(),
            Response::TrackPublished(_) => Ok(()),
            Response::Answer(answer) => self.answered(&answer),
            Response::Offer(offer) => self.answer(&offer),
            Response::Trickle(trickle) => {
                self.trickled(&trickle);
                Ok(())
            }
            Response::Leave(leave) => Err(format!("the server said leave, reason {}", leave.reason)),
        }
    }

    /// Of the publisher side: the channels that LiveKit's clients open, and the track.
    fn offer(&mut self) -> Result<(), String> {
        let mut api = self.publisher.rtc.sdp_api();
        let reliable = ChannelConfig { label: "_reliable".into(), ..ChannelConfig::default() };
        let lossy = ChannelConfig {
            label: "_lossy".into(),
            ordered: false,
            reliability: Reliability::MaxRetransmits { retransmits: 0 },
            ..ChannelConfig::default()
        };
        api.add_channel_with_config(reliable);
        api.add_channel_with_config(lossy);
        if self.guest.publishes {
            let stream = Some("stream".into());
            let mid = api.add_media(MediaKind::Audio, Direction::SendOnly, stream, Some(CID.into()), None);
            self.voice = self.guest.talker.map(|talker| Voice::new(mid, talker));
        }
        let (offer, pending) = api.apply().ok_or("nothing to offer")?;
        self.pending = Some(pending);
        self.offers += 1;
        self.say(Request::offer(offer.to_sdp_string(), self.offers))
    }

    fn answered(&mut self, answer: &SessionDescription) -> Result<(), String> {
        let Some(pending) = self.pending.take() else { return Ok(()) };
        let answer = SdpAnswer::from_sdp_string(&answer.sdp).map_err(|e| format!("answer: {e}"))?;
        self.publisher.rtc.sdp_api().accept_answer(pending, answer).map_err(|e| format!("answer: {e}"))?;
        self.publisher.flush(Instant::now(), &mut |_| ())
    }

    fn answer(&mut self, offer: &SessionDescription) -> Result<(), String> {
        let sdp = SdpOffer::from_sdp_string(&offer.sdp).map_err(|e| format!("offer: {e}"))?;
        let answer = self.subscriber.rtc.sdp_api().accept_offer(sdp).map_err(|e| format!("offer: {e}"))?;
        self.say(Request::answer(answer.to_sdp_string(), offer.id))?;
        self.subscriber.flush(Instant::now(), &mut |_| ())
    }

    fn trickled(&mut self, trickle: &Trickle) {
        let init: serde_json::Value = serde_json::from_str(&trickle.candidate_init).unwrap_or_default();
        let line = init["candidate"].as_str().unwrap_or_default();
        let pc = if trickle.target == TARGET_PUBLISHER { &mut self.publisher } else { &mut self.subscriber };
        pc.candidate(line);
    }
}
