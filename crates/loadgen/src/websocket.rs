//! A WebSocket client (RFC 6455) that never blocks after the connection: no TLS, no extensions, binary out.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::{AsRawFd, RawFd};
use std::time::Duration;

use aws_lc_rs::digest;
use data_encoding::BASE64;

const CONNECT_PATIENCE: Duration = Duration::from_secs(2);
/// Bytes. An offer of a room of 100 has 60 kB.
const LARGEST: usize = 8 << 20;
const HEAD_LARGEST: usize = 16 << 10;
pub const KEY: &str = "bG9hZGdlbmVyYXRvciEhIQ==";
const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const CONTINUATION: u8 = 0;
const BINARY: u8 = 2;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;

pub struct WebSocket {
    stream: TcpStream,
    /// Bytes that came and are not a whole frame yet.
    incoming: Vec<u8>,
    /// Bytes that the kernel did not take yet.
    outgoing: VecDeque<u8>,
    upgraded: bool,
    /// The message whose fragments are coming.
    partial: Vec<u8>,
}

impl WebSocket {
    /// Connects and asks for the upgrade; the answer is read by `receive`.
    pub fn open(to: SocketAddr, path: &str, token: &str) -> io::Result<Self> {
        let stream = TcpStream::connect_timeout(&to, CONNECT_PATIENCE)?;
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        let head = format!(
            "GET {path} HTTP/1.1\r\nHost: {to}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\nAuthorization: Bearer {token}\r\n\r\n"
        );
        let outgoing = head.into_bytes().into();
        let mut socket = WebSocket { stream, incoming: Vec::new(), outgoing, upgraded: false, partial: Vec::new() };
        socket.flush()?;
        Ok(socket)
    }

    pub fn fd(&self) -> RawFd {
        self.stream.as_raw_fd()
    }

    pub fn send(&mut self, message: &[u8]) -> io::Result<()> {
        self.frame(BINARY, message)
    }

    /// Says goodbye without waiting for the answer.
    pub fn close(&mut self) {
        let _ = self.frame(CLOSE, &1000u16.to_be_bytes()); // it may be gone already
    }

    /// Sends what is left over; to be called now and then.
    pub fn flush(&mut self) -> io::Result<()> {
        while !self.outgoing.is_empty() {
            match self.stream.write(self.outgoing.as_slices().0) {
                Ok(n) => _ = self.outgoing.drain(..n),
                Err(e) if e.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }

    /// The whole messages that are here. An error ends the connection, a goodbye of the server's too.
    pub fn receive(&mut self) -> io::Result<Vec<Vec<u8>>> {
        let ended = self.fill()?;
        let mut messages = Vec::new();
        if !self.upgraded {
            self.upgrade()?;
        }
        while self.upgraded
            && let Some(frame) = Frame::cut(&mut self.incoming)?
        {
            self.take(frame, &mut messages)?;
        }
        if ended && messages.is_empty() {
            return Err(fault("the server closed the connection"));
        }
        Ok(messages)
    }

    /// True at the end of the stream.
    fn fill(&mut self) -> io::Result<bool> {
        let mut buffer = [0; 16 << 10];
        loop {
            match self.stream.read(&mut buffer) {
                Ok(0) => return Ok(true),
                Ok(n) => self.incoming.extend_from_slice(&buffer[..n]),
                Err(e) if e.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
    }

    fn upgrade(&mut self) -> io::Result<()> {
        let Some(end) = self.incoming.windows(4).position(|w| w == b"\r\n\r\n") else {
            return if self.incoming.len() > HEAD_LARGEST { Err(fault("endless HTTP head")) } else { Ok(()) };
        };
        let rest = self.incoming.split_off(end + 4);
        let head = String::from_utf8_lossy(&self.incoming).into_owned();
        self.incoming = rest;
        if !head.starts_with("HTTP/1.1 101") {
            return Err(fault(head.lines().next().unwrap_or_default()));
        }
        let accept = head.lines().filter_map(|l| l.split_once(':')).find_map(|(name, value)| {
            name.eq_ignore_ascii_case("sec-websocket-accept").then(|| value.trim().to_owned())
        });
        if accept.as_deref() != Some(&accept_of(KEY)) {
            return Err(fault("wrong Sec-WebSocket-Accept"));
        }
        self.upgraded = true;
        Ok(())
    }

    fn take(&mut self, frame: Frame, messages: &mut Vec<Vec<u8>>) -> io::Result<()> {
        match frame.kind {
            PING => self.frame(PONG, &frame.payload),
            PONG => Ok(()),
            CLOSE => Err(closed(&frame.payload)),
            CONTINUATION | BINARY => {
                self.partial.extend_from_slice(&frame.payload);
                if self.partial.len() > LARGEST {
                    return Err(fault("message too large"));
                }
                if frame.last {
                    messages.push(std::mem::take(&mut self.partial));
                }
                Ok(())
            }
            kind => Err(fault(&format!("frame of kind {kind}"))),
        }
    }

    fn frame(&mut self, kind: u8, payload: &[u8]) -> io::Result<()> {
        self.outgoing.extend(masked(kind, payload));
        self.flush()
    }
}

struct Frame {
    last: bool,
    kind: u8,
    payload: Vec<u8>,
}

impl Frame {
    /// Takes a frame off the front; None if it is not whole yet.
    fn cut(bytes: &mut Vec<u8>) -> io::Result<Option<Self>> {
        let [first, second, ..] = bytes[..] else { return Ok(None) };
        let wide = match second {
            0..126 => 0,
            126 => 2,
            127 => 8,
            _ => return Err(fault("a server masks nothing")),
        };
        let Some(length) = bytes.get(2..2 + wide) else { return Ok(None) };
        let size = if wide == 0 { second.into() } else { length.iter().fold(0, |n, b| n << 8 | usize::from(*b)) };
        if size > LARGEST {
            return Err(fault("frame too large"));
        }
        let start = 2 + wide;
        if bytes.len() < start + size {
            return Ok(None);
        }
        let payload = bytes[start..start + size].to_vec();
        bytes.drain(..start + size);
        Ok(Some(Frame { last: first & 0x80 != 0, kind: first & 0x0f, payload }))
    }
}

/// The mask is there because it must be; it protects proxies, of which there is none on the way.
fn masked(kind: u8, payload: &[u8]) -> Vec<u8> {
    const MASK: [u8; 4] = [0x6c, 0x6f, 0x61, 0x64];
    let mut out = vec![0x80 | kind];
    match payload.len() {
        n @ 0..126 => out.push(0x80 | n as u8),
        n @ 126..0x1_0000 => {
            out.push(0x80 | 126);
            out.extend((n as u16).to_be_bytes());
        }
        n => {
            out.push(0x80 | 127);
            out.extend((n as u64).to_be_bytes());
        }
    }
    out.extend(MASK);
    out.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    out
}

/// What a server says to a key.
pub fn accept_of(key: &str) -> String {
    let text = format!("{key}{GUID}");
    BASE64.encode(digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, text.as_bytes()).as_ref())
}

fn closed(payload: &[u8]) -> io::Error {
    let (code, reason) = payload.split_at_checked(2).unwrap_or_default();
    let code = code.iter().fold(0u16, |n, b| n << 8 | u16::from(*b));
    fault(&format!("closed with {code} {}", String::from_utf8_lossy(reason)))
}

fn fault(text: &str) -> io::Error {
    io::Error::other(text.to_owned())
}

#[cfg(test)]
#[path = "websocket_tests.rs"]
mod tests;
