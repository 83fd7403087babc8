//! What one peer connection does for us, whatever carries it. `rtc.rs` implements this over str0m.
//!
//! A transport does no I/O: datagrams and `now` go in; datagrams, happenings and a deadline come out.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use str0m::media::{Mid, Rid};
use str0m::rtp::VideoOrientation;

use crate::egress::Egress;
use crate::outbox::Outbox;
use crate::report::Report;
use crate::sdp::{Credentials, Remote};

/// A datagram as it arrived. `to` is the host candidate it was meant for, not the wildcard the socket is bound to.
#[derive(Clone, Copy)]
pub struct Datagram<'a> {
    pub from: SocketAddr,
    pub to: SocketAddr,
    pub bytes: &'a [u8],
}

/// One decrypted RTP packet of a publisher. The payload is shared by all that it is forwarded to.
#[derive(Clone)]
pub struct Packet {
    pub mid: Mid,
    pub rid: Option<Rid>,
    pub ssrc: u32,
    /// Extended sequence number: does not wrap.
    pub seq: u64,
    /// RTP timestamp in the codec's clock: 48 kHz audio, 90 kHz video.
    pub time: u32,
    pub marker: bool,
    /// RFC 6464: 0 is loudest, 127 is silence. None when the client does not say.
    pub level: Option<u8>,
    pub voice: bool,
    pub orientation: Option<VideoOrientation>,
    pub payload: Arc<[u8]>,
    pub arrived: Instant,
}

pub enum Happening {
    /// ICE and DTLS are up, for the first time or again.
    Connected,
    /// ICE timed out or DTLS was closed. `Connected` may follow if the transport is still alive.
    Lost,
    Packet(Packet),
    KeyFrameWanted(Mid),
    /// Both of our data channels can be written.
    DataOpen,
    /// A channel that was full has room again.
    DataRoom,
    Data {
        reliable: bool,
        payload: Vec<u8>,
    },
    Report(Report),
    /// The client used more of something than any client needs; it has to go.
    Abuse(&'static str),
}

/// Where `poll` puts what it finds.
pub struct Sink<'a> {
    pub outbox: &'a mut Outbox,
    pub happenings: &'a mut Vec<Happening>,
}

#[derive(Debug, PartialEq, Eq)]
pub enum DataWrite {
    Done,
    /// The channels are not open yet.
    NotOpen,
    /// The send buffer is full; `Happening::DataRoom` follows.
    Full,
    /// This message can never be sent (larger than the client accepts).
    Refused,
}

/// Errors are reasons for the log. After one the transport goes on as it was, unless it reports `Lost`.
///
/// Invariant: every call that changes something is followed by `poll` before the next one, except that any number of
/// `egress().send` may precede one `flush`.
pub trait Transport: Send {
    /// Publisher side: the complete answer to a client's offer. New ICE credentials in it are an ICE restart.
    fn accept_offer(&mut self, sdp: &str) -> Result<String, String>;
    /// Subscriber side: the first answer arrived. `active`: we are the DTLS client.
    fn connect(&mut self, remote: &Remote, active: bool) -> Result<(), String>;
    /// Subscriber side: the answer to an offer that carried `local` as new ICE credentials arrived.
    fn reconnect(&mut self, local: &Credentials, remote: &Remote);

    /// False once DTLS is closed or failed: nothing brings it back.
    fn is_alive(&self) -> bool;
    fn credentials(&mut self) -> Credentials;
    /// Unused by this connection in either direction.
    fn new_ssrc(&mut self) -> u32;

    /// Is this STUN request authentic?
    fn accepts(&self, now: Instant, datagram: &Datagram<'_>) -> bool;
    fn receive(&mut self, now: Instant, datagram: &Datagram<'_>) -> Result<(), String>;
    /// Moves time; sends what `egress` queued.
    fn flush(&mut self, now: Instant) -> Result<(), String>;
    /// Empties all outputs. Returns when `flush` is next due.
    fn poll(&mut self, sink: &mut Sink<'_>) -> Instant;

    fn request_key_frame(&mut self, mid: Mid, rid: Option<Rid>);
    fn write_data(&mut self, reliable: bool, payload: &[u8]) -> DataWrite;
    /// Says goodbye (RTCP BYE, DTLS close_notify); one more `poll` sends it.
    fn close(&mut self);
    fn egress(&mut self) -> &mut dyn Egress;
}
