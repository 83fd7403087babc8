//! The few messages of LiveKit's signalling, version 0, that a load generator needs. Field numbers are LiveKit's; what
//! is not listed is skipped when read.

use prost::{Message, Oneof};

pub const AUDIO: i32 = 0;
pub const MICROPHONE: i32 = 2;
pub const TARGET_PUBLISHER: i32 = 0;
const CLIENT_INITIATED: i32 = 1;

#[derive(Clone, PartialEq, Message)]
pub struct SignalRequest {
    #[prost(oneof = "Request", tags = "1, 2, 4, 8, 16")]
    pub message: Option<Request>,
}

#[derive(Clone, PartialEq, Oneof)]
pub enum Request {
    #[prost(message, tag = "1")]
    Offer(SessionDescription),
    #[prost(message, tag = "2")]
    Answer(SessionDescription),
    #[prost(message, tag = "4")]
    AddTrack(AddTrack),
    #[prost(message, tag = "8")]
    Leave(Leave),
    #[prost(message, tag = "16")]
    Ping(Ping),
}

#[derive(Clone, PartialEq, Message)]
pub struct SignalResponse {
    #[prost(oneof = "Response", tags = "1, 2, 3, 4, 6, 8")]
    pub message: Option<Response>,
}

#[derive(Clone, PartialEq, Oneof)]
pub enum Response {
    #[prost(message, tag = "1")]
    Join(Join),
    #[prost(message, tag = "2")]
    Answer(SessionDescription),
    #[prost(message, tag = "3")]
    Offer(SessionDescription),
    #[prost(message, tag = "4")]
    Trickle(Trickle),
    #[prost(message, tag = "6")]
    TrackPublished(TrackPublished),
    #[prost(message, tag = "8")]
    Leave(Leave),
}

#[derive(Clone, PartialEq, Message)]
pub struct SessionDescription {
    /// `offer` or `answer`.
    #[prost(string, tag = "1")]
    pub kind: String,
    #[prost(string, tag = "2")]
    pub sdp: String,
    /// An answer carries its offer's.
    #[prost(uint32, tag = "3")]
    pub id: u32,
}

#[derive(Clone, PartialEq, Message)]
pub struct Trickle {
    /// JSON, an RTCIceCandidateInit.
    #[prost(string, tag = "1")]
    pub candidate_init: String,
    #[prost(int32, tag = "2")]
    pub target: i32,
}

#[derive(Clone, PartialEq, Message)]
pub struct AddTrack {
    /// The client's name for the track: the one in the offer's msid.
    #[prost(string, tag = "1")]
    pub cid: String,
    #[prost(string, tag = "2")]
    pub name: String,
    #[prost(int32, tag = "3")]
    pub kind: i32,
    #[prost(int32, tag = "8")]
    pub source: i32,
}

#[derive(Clone, PartialEq, Message)]
pub struct TrackPublished {
    #[prost(string, tag = "1")]
    pub cid: String,
}

#[derive(Clone, PartialEq, Message)]
pub struct Leave {
    #[prost(int32, tag = "2")]
    pub reason: i32,
}

#[derive(Clone, PartialEq, Message)]
pub struct Ping {
    /// Milliseconds; the server sends it back.
    #[prost(int64, tag = "1")]
    pub timestamp: i64,
}

#[derive(Clone, PartialEq, Message)]
pub struct Join {
    /// Seconds between pings; 0 for none.
    #[prost(int32, tag = "11")]
    pub ping_interval: i32,
}

impl Request {
    pub fn offer(sdp: String, id: u32) -> Self {
        Request::Offer(SessionDescription { kind: "offer".into(), sdp, id })
    }

    pub fn answer(sdp: String, id: u32) -> Self {
        Request::Answer(SessionDescription { kind: "answer".into(), sdp, id })
    }

    pub fn microphone(cid: &str) -> Self {
        Request::AddTrack(AddTrack { cid: cid.into(), name: cid.into(), kind: AUDIO, source: MICROPHONE })
    }

    pub fn leave() -> Self {
        Request::Leave(Leave { reason: CLIENT_INITIATED })
    }

    pub fn into_bytes(self) -> Vec<u8> {
        SignalRequest { message: Some(self) }.encode_to_vec()
    }
}

impl Response {
    /// None for messages that mean nothing here.
    pub fn decode(bytes: &[u8]) -> Result<Option<Self>, prost::DecodeError> {
        SignalResponse::decode(bytes).map(|r| r.message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use data_encoding::HEXLOWER;

    fn bytes(hex: &str) -> Vec<u8> {
        HEXLOWER.decode(hex.as_bytes()).unwrap()
    }

    /// The right-hand sides were written by LiveKit's own Python messages (livekit-protocol 1.1.29).
    #[test]
    fn requests_are_encoded_as_livekit_does() {
        assert_eq!(Request::offer("v=0".into(), 7).into_bytes(), bytes("0a0e0a056f666665721203763d301807"));
        assert_eq!(Request::microphone("mic").into_bytes(), bytes("220c0a036d696312036d69634002"));
        assert_eq!(Request::leave().into_bytes(), bytes("42021001"));
        assert_eq!(Request::Ping(Ping { timestamp: 1000 }).into_bytes(), bytes("82010308e807"));
    }

    #[test]
    fn responses_of_livekit_are_read() {
        let read = |hex| Response::decode(&bytes(hex)).unwrap();
        let join = read("0a1112090a0450415f311201613001500f5805");
        assert_eq!(join, Some(Response::Join(Join { ping_interval: 5 })));
        let trickle = Trickle { candidate_init: r#"{"candidate":"x"}"#.into(), target: 1 };
        assert_eq!(read("22170a117b2263616e646964617465223a2278227d10011801"), Some(Response::Trickle(trickle)));
        let published = TrackPublished { cid: "mic".into() };
        assert_eq!(read("320d0a036d696312060a0454525f31"), Some(Response::TrackPublished(published)));
    }

    #[test]
    fn a_message_of_another_kind_is_nothing() {
        assert_eq!(Response::decode(&bytes("82010174")).unwrap(), None); // refresh_token
        assert!(Response::decode(&bytes("0aff")).is_err());
    }
}
