//! Data messages: to the owner, within bounds, and to subscribers, in order.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use crate::conn::guard;
use crate::event::{Event, EventQueue};
use crate::sdp;
use crate::shard::Shard;
use crate::transport::DataWrite;

impl Shard {
    pub(crate) fn data_arrived(&mut self, key: usize, peer: usize, reliable: bool, payload: Vec<u8>) {
        if self.data_waiting.load(Ordering::Relaxed) + payload.len() > EventQueue::DATA_LIMIT {
            if reliable {
                self.break_conn(key, "sent more data than could be handed on".to_owned());
            }
            self.stats.dropped += 1;
            return;
        }
        self.data_waiting.fetch_add(payload.len(), Ordering::Relaxed);
        self.events.push(Event::Data { peer: self.peers[peer].id.clone(), reliable, payload });
    }

    pub(crate) fn data_opened(&mut self, key: usize) {
        let peer = &mut self.peers[key];
        self.events.push(Event::DataOpen { peer: peer.id.clone() });
        if let Some(s) = &mut peer.subscriber {
            s.data_open = true;
        }
        self.send_backlog(key);
    }

    pub(crate) fn send_backlog(&mut self, key: usize) {
        while let Some(payload) = self.peers[key].backlog.front() {
            match self.write_data(key, true, &payload) {
                DataWrite::Done => self.peers[key].backlog.pop(),
                DataWrite::Refused => {
                    self.stats.dropped += 1;
                    self.peers[key].backlog.pop();
                }
                DataWrite::Full | DataWrite::NotOpen => return,
            }
        }
    }

    pub(crate) fn send_data(&mut self, now: Instant, key: usize, reliable: bool, payload: &Arc<[u8]>) {
        if payload.len() > sdp::MAX_MESSAGE {
            self.stats.dropped += 1;
            return;
        }
        let behind = reliable && !self.peers[key].backlog.is_empty();
        let wrote = if behind { DataWrite::Full } else { self.write_data(key, reliable, payload) };
        match wrote {
            DataWrite::Done => {}
            DataWrite::Full | DataWrite::NotOpen if reliable => {
                let open = self.peers[key].subscriber.as_ref().filter(|s| s.data_open).map(|s| s.conn);
                let kept = self.peers[key].backlog.push(now, open.is_some(), payload.clone());
                if let (false, Some(conn)) = (kept, open) {
                    self.break_conn(conn, "does not read its reliable data".to_owned());
                }
            }
            _ => self.stats.dropped += 1,
        }
    }

    fn write_data(&mut self, key: usize, reliable: bool, payload: &[u8]) -> DataWrite {
        let Some(conn) = self.peers[key].subscriber.as_ref().map(|s| s.conn) else {
            return DataWrite::NotOpen;
        };
        let transport = &mut self.conns[conn].transport;
        match guard(|| transport.write_data(reliable, payload)) {
            Ok(wrote) => {
                self.touch(conn);
                wrote
            }
            Err(reason) => {
                self.break_conn(conn, reason);
                DataWrite::NotOpen
            }
        }
    }
}
