//! Datagrams waiting to be sent, in one buffer: nothing is allocated per packet.

use std::net::SocketAddr;

/// One waiting datagram: `bytes[at..at + len]` of the outbox's buffer.
#[derive(Clone, Copy)]
pub struct Waiting {
    pub at: usize,
    pub len: usize,
    pub to: SocketAddr,
    /// The host candidate it is sent from.
    pub from: SocketAddr,
}

#[derive(Default)]
pub struct Outbox {
    buffer: Vec<u8>,
    waiting: Vec<Waiting>,
}

impl Outbox {
    pub fn push(&mut self, from: SocketAddr, to: SocketAddr, bytes: &[u8]) {
        let (at, len) = (self.buffer.len(), bytes.len());
        self.buffer.extend_from_slice(bytes);
        self.waiting.push(Waiting { at, len, to, from });
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
    }
}
