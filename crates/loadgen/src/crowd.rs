//! The clients of one thread, and the loop that serves them.

use std::time::{Duration, Instant};

use crate::client::{Client, Departed, Socket};
use crate::pc::Identity;
use crate::plan::{Guest, Plan};
use crate::poller::Poller;
use crate::stats::Window;
use crate::websocket::WebSocket;

/// Somebody new may be due by then.
const LONGEST_WAIT: Duration = Duration::from_millis(5);
/// A server takes less to say goodbye.
const FAREWELL: Duration = Duration::from_secs(2);
const SOCKETS: [Socket; 3] = [Socket::Signal, Socket::Publisher, Socket::Subscriber];

pub struct Crowd {
    poller: Poller,
    identity: Identity,
    /// A client keeps its place; the places of those that left are used again.
    clients: Vec<Option<Client>>,
    /// Of those that left, until the server has closed them, and when that is given up.
    parting: Vec<(WebSocket, Instant)>,
}

/// A client that did not get in, or was thrown out.
pub struct Lost {
    pub publishes: bool,
    pub was_up: bool,
    pub why: String,
}

impl Crowd {
    pub fn new() -> Result<Self, String> {
        let poller = Poller::new().map_err(|e| format!("epoll: {e}"))?;
        Ok(Crowd { poller, identity: Identity::new()?, clients: Vec::new(), parting: Vec::new() })
    }

    pub fn clients(&mut self) -> impl Iterator<Item = &mut Client> {
        self.clients.iter_mut().flatten()
    }

    pub fn open(&mut self, plan: &Plan, guest: Guest) -> Result<(), Lost> {
        let publishes = guest.publishes;
        let lost = |why| Lost { publishes, was_up: false, why };
        let client = Client::open(plan, guest, &self.identity).map_err(lost)?;
        let place = self.clients.iter().position(Option::is_none).unwrap_or(self.clients.len());
        for (at, socket) in SOCKETS.into_iter().enumerate() {
            let token = place * SOCKETS.len() + at;
            self.poller.add(client.fd(socket), token).map_err(|e| lost(format!("epoll: {e}")))?;
        }
        if place == self.clients.len() {
            self.clients.push(None);
        }
        self.clients[place] = Some(client);
        Ok(())
    }

    /// Waits for something to happen and deals with it. Those that are lost are dropped.
    pub fn turn(&mut self, window: Option<Window>) -> Vec<Lost> {
        let mut lost = Vec::new();
        let until = self.clients().map(|c| c.next()).min();
        let patience = until.map_or(LONGEST_WAIT, |at| at.saturating_duration_since(Instant::now()).min(LONGEST_WAIT));
        let ready = self.poller.wait(patience).expect("epoll waits");
        for token in ready {
            let (place, socket) = (token / SOCKETS.len(), SOCKETS[token % SOCKETS.len()]);
            self.serve(place, &mut lost, |c| c.readable(socket, window));
        }
        let now = Instant::now();
        self.parting.retain_mut(|(socket, until)| *until > now && socket.receive().is_ok());
        for place in 0..self.clients.len() {
            if self.clients[place].as_ref().is_some_and(|c| c.next() <= now) {
                self.serve(place, &mut lost, |c| c.tick(now, window));
            }
        }
        lost
    }

    /// Says goodbye to those that are `done`.
    pub fn dismiss(&mut self, done: impl Fn(&Client) -> bool) -> Vec<Departed> {
        let until = Instant::now() + FAREWELL;
        let leaving = self.clients.iter_mut().filter(|c| c.as_ref().is_some_and(&done)).filter_map(Option::take);
        let (departed, sockets): (Vec<_>, Vec<_>) = leaving.map(Client::leave).unzip();
        self.parting.extend(sockets.into_iter().map(|s| (s, until)));
        departed
    }

    /// Those that are `done` are gone without a word, as when their machines are switched off. How many.
    pub fn abandon(&mut self, done: impl Fn(&Client) -> bool) -> usize {
        let leaving = self.clients.iter_mut().filter(|c| c.as_ref().is_some_and(&done));
        leaving.map(Option::take).count()
    }

    /// Everybody leaves, and the server has noticed.
    pub fn disband(mut self) -> Vec<Departed> {
        let departed = self.dismiss(|_| true);
        while !self.parting.is_empty() {
            self.turn(None);
        }
        departed
    }

    fn serve(&mut self, place: usize, lost: &mut Vec<Lost>, what: impl FnOnce(&mut Client) -> Result<(), String>) {
        let Some(client) = &mut self.clients[place] else { return };
        if let Err(why) = what(client) {
            lost.push(Lost { publishes: client.guest.publishes, was_up: client.is_up(), why });
            self.clients[place] = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::tests::plan;
    use crate::websocket::{KEY, accept_of};
    use crate::wire::Request;
    use std::io::{Read, Write};
    use std::net::TcpListener;

    /// The server says much before it reads: a socket that was dropped then would be reset, and the goodbye lost.
    #[test]
    fn the_goodbye_arrives_though_nobody_listened() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let plan = Plan { server: listener.local_addr().unwrap(), ..plan() };
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let head = format!("HTTP/1.1 101 Upgrade\r\nSec-WebSocket-Accept: {}\r\n\r\n", accept_of(KEY));
            stream.write_all(head.as_bytes()).unwrap();
            stream.write_all(&[0x82, 0].repeat(5000)).unwrap();
            std::thread::sleep(Duration::from_millis(50));
            let mut heard = Vec::new();
            let mut buffer = [0; 4096];
            while !heard.ends_with(&masked_close()) {
                let n = stream.read(&mut buffer).unwrap();
                assert!(n > 0, "no goodbye");
                heard.extend_from_slice(&buffer[..n]);
            }
            stream.write_all(&[0x88, 2, 3, 232]).unwrap();
            heard.len()
        });
        let mut crowd = Crowd::new().unwrap();
        assert!(crowd.open(&plan, plan.guests().remove(0)).is_ok());
        let began = Instant::now();
        assert_eq!(crowd.disband().len(), 1);
        assert!(server.join().unwrap() > Request::leave().into_bytes().len());
        assert!(began.elapsed() < FAREWELL);
    }

    /// Code 1000, under the client's mask.
    fn masked_close() -> [u8; 8] {
        [0x88, 0x82, 0x6c, 0x6f, 0x61, 0x64, 0x03 ^ 0x6c, 0xe8 ^ 0x6f]
    }
}
