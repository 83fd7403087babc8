//! What the owner of the engine asks of it. Commands for ids that are gone do nothing.

use std::sync::Arc;

use crate::event::{Id, Kind};

#[derive(Clone, Debug)]
pub enum Command {
    OpenRoom { room: Id },
    CloseRoom { room: Id },
    OpenPeer { room: Id, peer: Id },
    ClosePeer { peer: Id },
    AnnounceTrack { peer: Id, cid: String, track: Id, kind: Kind },
    WithdrawTrack { track: Id },
    MuteTrack { track: Id, muted: bool },
    PublisherOffer { peer: Id, sdp: String },
    OpenSubscriber { peer: Id },
    SubscriberAnswer { peer: Id, sdp: String },
    RestartSubscriber { peer: Id },
    Subscribe { peer: Id, track: Id },
    Unsubscribe { peer: Id, track: Id },
    Pause { peer: Id, track: Id, paused: bool },
    SendData { peers: Vec<Id>, reliable: bool, payload: Arc<[u8]> },
}
