//! Waits for many sockets at once: epoll, level-triggered, for reading.

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::time::Duration;

const BATCH: usize = 256;

pub struct Poller {
    epoll: OwnedFd,
    events: Vec<libc::epoll_event>,
}

impl Poller {
    pub fn new() -> io::Result<Self> {
        // SAFETY: no pointers.
        let fd = unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: just opened, and nobody else has it.
        let epoll = unsafe { OwnedFd::from_raw_fd(fd) };
        Ok(Poller { epoll, events: vec![libc::epoll_event { events: 0, u64: 0 }; BATCH] })
    }

    /// Until `fd` is closed, `wait` names it by this token.
    pub fn add(&self, fd: RawFd, token: usize) -> io::Result<()> {
        let mut event = libc::epoll_event { events: libc::EPOLLIN as u32, u64: token as u64 };
        // SAFETY: `event` lives through the call, which copies it.
        let result = unsafe { libc::epoll_ctl(self.epoll.as_raw_fd(), libc::EPOLL_CTL_ADD, fd, &raw mut event) };
        if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
    }

    /// The tokens of those that can be read; none after `patience`, which is rounded up to milliseconds.
    pub fn wait(&mut self, patience: Duration) -> io::Result<Vec<usize>> {
        let millis = patience.as_micros().div_ceil(1000).min(1000) as i32;
        let (events, most) = (self.events.as_mut_ptr(), BATCH as i32);
        // SAFETY: `events` has room for `most` entries.
        let count = unsafe { libc::epoll_wait(self.epoll.as_raw_fd(), events, most, millis) };
        if count < 0 {
            let error = io::Error::last_os_error();
            return if error.kind() == io::ErrorKind::Interrupted { Ok(Vec::new()) } else { Err(error) };
        }
        Ok(self.events[..count as usize].iter().map(|e| e.u64 as usize).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::UdpSocket;

    #[test]
    fn names_the_socket_that_has_something() {
        let mut poller = Poller::new().unwrap();
        let sockets: Vec<UdpSocket> = (0..3).map(|_| UdpSocket::bind("127.0.0.1:0").unwrap()).collect();
        for (token, socket) in sockets.iter().enumerate() {
            poller.add(socket.as_raw_fd(), token).unwrap();
        }
        assert!(poller.wait(Duration::ZERO).unwrap().is_empty());
        sockets[0].send_to(b"x", sockets[2].local_addr().unwrap()).unwrap();
        assert_eq!(poller.wait(Duration::from_secs(1)).unwrap(), [2]);
    }
}
