//! Datagrams waiting to be sent, in one buffer: nothing is allocated per packet.

use std::net::SocketAddr;

/// From one of our host candidates to an address of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Path {
    pub from: SocketAddr,
    pub to: SocketAddr,
}

/// One waiting datagram: `bytes[at..at + len]` of the outbox's buffer.
#[derive(Clone, Copy)]
pub struct Waiting {
    pub at: usize,
    pub len: usize,
    pub path: Path,
}

/// What a burst left behind above this many bytes is given back.
const KEEP: usize = 1 << 20;

#[derive(Default)]
pub struct Outbox {
    buffer: Vec<u8>,
    waiting: Vec<Waiting>,
}

impl Outbox {
    pub fn push(&mut self, path: Path, bytes: &[u8]) {
        let (at, len) = (self.buffer.len(), bytes.len());
        self.buffer.extend_from_slice(bytes);
        self.waiting.push(Waiting { at, len, path });
    }

    /// A datagram of `len` bytes, to be written in place.
    pub fn add(&mut self, path: Path, len: usize) -> &mut [u8] {
        let at = self.buffer.len();
        self.buffer.resize(at + len, 0);
        self.waiting.push(Waiting { at, len, path });
        &mut self.buffer[at..]
    }

    pub fn waiting(&self) -> &[Waiting] {
        &self.waiting
    }

    pub fn bytes(&self, w: &Waiting) -> &[u8] {
        &self.buffer[w.at..w.at + w.len]
    }

    /// Total size of what is waiting, in bytes.
    pub fn size(&self) -> usize {
        self.buffer.len()
    }

    pub fn clear(&mut self) {
        self.buffer.clear();
        self.waiting.clear();
        if self.buffer.capacity() > KEEP {
            self.buffer.shrink_to(KEEP);
            self.waiting.shrink_to(KEEP / 64);
        }
    }
}
