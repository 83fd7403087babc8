//! One peer connection: str0m and a socket of its own.

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::os::fd::{AsRawFd, RawFd};
use std::sync::Arc;
use std::time::Instant;

use str0m::config::{CryptoProvider, DtlsCert};
use str0m::net::{Protocol, Receive};
use str0m::{Candidate, Event, Input, Output, Rtc};

/// Bytes; str0m takes no more.
const DATAGRAM: usize = 2000;

/// What all connections have in common: making a certificate costs a millisecond.
pub struct Identity {
    crypto: Arc<CryptoProvider>,
    certificate: DtlsCert,
}

impl Identity {
    pub fn new() -> Result<Self, String> {
        let crypto = Arc::new(str0m::crypto::from_feature_flags());
        let certificate = crypto.dtls_provider.generate_certificate().ok_or("no certificate")?;
        Ok(Identity { crypto, certificate })
    }

    fn rtc(&self, now: Instant) -> Rtc {
        Rtc::builder()
            .set_crypto_provider(self.crypto.clone())
            .set_dtls_cert(self.certificate.clone())
            .set_rtp_mode(true)
            .clear_codecs()
            .enable_opus(true, false)
            .build(now)
    }
}

pub struct Pc {
    pub rtc: Rtc,
    socket: UdpSocket,
    address: SocketAddr,
    /// When `step` has to be called if nothing arrives.
    pub next: Instant,
    /// ICE and DTLS are through.
    pub up: bool,
}

impl Pc {
    pub fn open(identity: &Identity, ip: IpAddr, now: Instant) -> Result<Self, String> {
        let socket = UdpSocket::bind((ip, 0)).map_err(|e| format!("socket: {e}"))?;
        socket.set_nonblocking(true).map_err(|e| format!("socket: {e}"))?;
        let address = socket.local_addr().map_err(|e| format!("socket: {e}"))?;
        let mut rtc = identity.rtc(now);
        rtc.add_local_candidate(Candidate::host(address, "udp").map_err(|e| e.to_string())?);
        Ok(Pc { rtc, socket, address, next: now, up: false })
    }

    pub fn fd(&self) -> RawFd {
        self.socket.as_raw_fd()
    }

    /// As it stands in a trickled message. TCP and other machines are not for us.
    pub fn candidate(&mut self, line: &str) {
        if let Ok(candidate) = Candidate::from_sdp_string(line)
            && candidate.proto() == Protocol::Udp
            && candidate.addr().ip().is_loopback()
        {
            self.rtc.add_remote_candidate(candidate);
        }
    }

    /// Reads all that has arrived; what str0m makes of it goes to `sink`.
    pub fn read(&mut self, now: Instant, sink: &mut impl FnMut(Event)) -> Result<(), String> {
        let mut buffer = [0; DATAGRAM];
        while let Ok((n, source)) = self.socket.recv_from(&mut buffer) {
            let Ok(datagram) = Receive::new(Protocol::Udp, source, self.address, &buffer[..n]) else { continue };
            self.rtc.handle_input(Input::Receive(now, datagram)).map_err(|e| e.to_string())?;
            self.poll(sink)?;
        }
        Ok(())
    }

    /// Runs timers, and sends what was written since the last time.
    pub fn flush(&mut self, now: Instant, sink: &mut impl FnMut(Event)) -> Result<(), String> {
        self.rtc.handle_input(Input::Timeout(now)).map_err(|e| e.to_string())?;
        self.poll(sink)
    }

    fn poll(&mut self, sink: &mut impl FnMut(Event)) -> Result<(), String> {
        loop {
            match self.rtc.poll_output().map_err(|e| e.to_string())? {
                Output::Timeout(at) => {
                    self.next = at;
                    return Ok(());
                }
                // A full buffer loses the datagram, as a network would.
                Output::Transmit(t) if t.destination.ip().is_loopback() => {
                    let _ = self.socket.send_to(&t.contents, t.destination);
                }
                Output::Transmit(_) => {}
                Output::Event(Event::Connected) => self.up = true,
                Output::Event(event) => sink(event),
            }
        }
    }
}
