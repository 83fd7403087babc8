//! A published track: its layers, who receives it, and when its publisher is asked for a key frame.

use std::time::{Duration, Instant};

use str0m::media::{Mid, Rid};

use crate::egress::Stream;
use crate::event::{Id, Kind};
use crate::forward::Rewriter;
use crate::speaker::Window;
use crate::transport::Packet;

/// A layer that sent nothing for this long while another one did has stopped: browsers stop layers when bandwidth or CPU
/// runs short. When all are silent (a still screen) none of them has stopped.
const LAYER_TIMEOUT: Duration = Duration::from_millis(1000);
/// Key frames are large; one per layer in this time is enough for any number of requests.
pub const KEY_FRAME_INTERVAL: Duration = Duration::from_millis(500);

/// One encoding of a track. Without simulcast there is one, with no RID.
#[derive(Debug)]
pub struct Layer {
    pub rid: Option<Rid>,
    pub ssrc: u32,
    pub last: Instant,
    asked: Option<Instant>,
    /// Somebody needs a key frame of this layer and none has come since.
    wanted: bool,
}

impl Layer {
    /// Larger is better. LiveKit's clients name their layers q, h, f.
    fn rank(&self) -> u8 {
        match self.rid.as_deref() {
            None | Some("f") => 3,
            Some("h") => 2,
            Some("q") => 1,
            Some(_) => 0,
        }
    }
}

/// One receiver of a track.
pub struct Subscription {
    pub peer: usize,
    /// The subscriber connection it is sent on.
    pub conn: usize,
    /// None until the client's answer accepted the section.
    pub stream: Option<Stream>,
    pub paused: bool,
    pub rewriter: Rewriter,
}

pub struct Track {
    pub id: Id,
    pub peer: usize,
    pub room: usize,
    pub kind: Kind,
    pub muted: bool,
    pub started: bool,
    pub stereo: bool,
    /// The publisher's section, once an offer had one for it.
    pub mid: Option<Mid>,
    pub layers: Vec<Layer>,
    pub subscriptions: Vec<Subscription>,
    pub window: Window,
}

impl Track {
    pub fn new(id: Id, peer: usize, room: usize, kind: Kind) -> Self {
        Track {
            id,
            peer,
            room,
            kind,
            muted: false,
            started: false,
            stereo: false,
            mid: None,
            layers: Vec::new(),
            subscriptions: Vec::new(),
            window: Window::default(),
        }
    }

    /// Notes that a layer is alive, and whether its key frame came.
    pub fn seen(&mut self, packet: &Packet, key_frame: bool) {
        match self.layers.iter_mut().find(|l| l.rid == packet.rid) {
            Some(layer) => {
                layer.last = packet.arrived;
                layer.ssrc = packet.ssrc;
                layer.wanted &= !key_frame;
            }
            None => self.layers.push(Layer {
                rid: packet.rid,
                ssrc: packet.ssrc,
                last: packet.arrived,
                asked: None,
                wanted: !key_frame,
            }),
        }
    }

    /// The SSRC that everybody should receive: the best layer that has not stopped.
    pub fn best(&self) -> Option<u32> {
        let newest = self.layers.iter().map(|l| l.last).max()?;
        let runs = |l: &&Layer| newest.saturating_duration_since(l.last) < LAYER_TIMEOUT;
        self.layers.iter().filter(runs).max_by_key(|l| l.rank()).map(|l| l.ssrc)
    }

    /// Asks for a key frame of the best layer.
    pub fn want_key_frame(&mut self) {
        if self.kind == Kind::Audio {
            return;
        }
        let best = self.best();
        for layer in self.layers.iter_mut().filter(|l| Some(l.ssrc) == best) {
            layer.wanted = true;
        }
    }

    /// The layer to ask now, if one is wanted and was not asked just before.
    pub fn key_frame_due(&mut self, now: Instant) -> Option<Option<Rid>> {
        let due = |l: &&mut Layer| {
            l.wanted && l.asked.is_none_or(|at| now.saturating_duration_since(at) >= KEY_FRAME_INTERVAL)
        };
        let layer = self.layers.iter_mut().find(due)?;
        layer.asked = Some(now);
        Some(layer.rid)
    }

    pub fn stop_all(&mut self) {
        self.subscriptions.iter_mut().for_each(|s| s.rewriter.stop());
    }
}

/// Which track a publisher's section carries.
#[derive(Debug)]
pub struct Binding {
    pub mid: Mid,
    pub name: String,
    pub cid: Option<String>,
    pub kind: Kind,
    pub stereo: bool,
    pub track: Option<usize>,
    /// The last offer was the first to have it.
    pub new: bool,
    /// A track of it was withdrawn, so the client is about to stop sending it. That it carries another is certain only
    /// once two offers say so: the first may be older than the news.
    pub spent: bool,
}
