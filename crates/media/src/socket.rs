//! One UDP socket for everybody: batched reads and writes, and the local address of each datagram (Linux).

use std::io;
use std::mem::{size_of, zeroed};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6, UdpSocket};
use std::os::fd::{AsRawFd, RawFd};

use libc::{c_int, c_void, cmsghdr, iovec, mmsghdr, msghdr, sockaddr_storage};

use crate::outbox::Outbox;

/// Datagrams per system call.
pub const BATCH: usize = 64;
/// The largest datagram that str0m takes is 2,000 bytes; a longer one is cut, seen and dropped.
const DATAGRAM: usize = 2048;
/// Asked of the kernel; without CAP_NET_ADMIN it gives what net.core.rmem_max and wmem_max allow.
const BUFFER: c_int = 8 << 20;

/// Room for one packet-info control message of either family.
#[repr(C, align(8))]
#[derive(Clone, Copy)]
struct Control([u8; 64]);

pub struct Socket {
    inner: UdpSocket,
    v6: bool,
    read: Box<Buffers>,
}

struct Buffers {
    data: [[u8; DATAGRAM]; BATCH],
    names: [sockaddr_storage; BATCH],
    control: [Control; BATCH],
    /// Of the last batch.
    lengths: [usize; BATCH],
    locals: [Option<IpAddr>; BATCH],
}

impl Socket {
    /// `::` takes IPv4 as well, and falls back to `0.0.0.0` where there is no IPv6.
    pub fn bind(ip: IpAddr, port: u16) -> io::Result<Self> {
        let inner = match bind(ip, port) {
            Err(e) if ip == IpAddr::V6(Ipv6Addr::UNSPECIFIED) && no_ipv6(&e) => {
                bind(Ipv4Addr::UNSPECIFIED.into(), port)?
            }
            other => other?,
        };
        let v6 = inner.local_addr()?.is_ipv6();
        let fd = inner.as_raw_fd();
        for (forced, plain) in [(libc::SO_RCVBUFFORCE, libc::SO_RCVBUF), (libc::SO_SNDBUFFORCE, libc::SO_SNDBUF)] {
            if set(fd, libc::SOL_SOCKET, forced, BUFFER).is_err() {
                set(fd, libc::SOL_SOCKET, plain, BUFFER)?;
            }
        }
        // Bound to one address, every datagram was meant for it.
        match inner.local_addr()?.ip() {
            ip if !ip.is_unspecified() => {}
            IpAddr::V6(_) => set(fd, libc::IPPROTO_IPV6, libc::IPV6_RECVPKTINFO, 1)?,
            IpAddr::V4(_) => set(fd, libc::IPPROTO_IP, libc::IP_PKTINFO, 1)?,
        }
        inner.set_nonblocking(true)?;
        // SAFETY: all-zero bytes are valid for integers and sockaddr_storage.
        let names = unsafe { zeroed() };
        let (data, control) = ([[0; DATAGRAM]; BATCH], [Control([0; 64]); BATCH]);
        let read = Box::new(Buffers { data, names, control, lengths: [0; BATCH], locals: [None; BATCH] });
        Ok(Socket { inner, v6, read })
    }

    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.inner.local_addr()
    }

    pub fn fd(&self) -> RawFd {
        self.inner.as_raw_fd()
    }

    /// Reads one batch, which `datagram` then gives. Returns how many there are; `BATCH` of them are probably not all.
    pub fn receive(&mut self) -> usize {
        let fd = self.inner.as_raw_fd();
        let b = &mut *self.read;
        // SAFETY: zeroed headers are valid; every pointer set below outlives the call; lengths are those of the buffers.
        unsafe {
            let mut iov: [iovec; BATCH] = zeroed();
            let mut messages: [mmsghdr; BATCH] = zeroed();
            for i in 0..BATCH {
                iov[i] = iovec { iov_base: b.data[i].as_mut_ptr().cast(), iov_len: DATAGRAM };
                let h = &mut messages[i].msg_hdr;
                h.msg_name = (&raw mut b.names[i]).cast();
                h.msg_namelen = size_of::<sockaddr_storage>() as u32;
                h.msg_iov = &raw mut iov[i];
                h.msg_iovlen = 1;
                h.msg_control = b.control[i].0.as_mut_ptr().cast();
                h.msg_controllen = size_of::<Control>();
            }
            let n = libc::recvmmsg(fd, messages.as_mut_ptr(), BATCH as u32, libc::MSG_DONTWAIT, std::ptr::null_mut());
            let n = usize::try_from(n).unwrap_or(0);
            for (i, m) in messages.iter().enumerate().take(n) {
                let whole = m.msg_hdr.msg_flags & libc::MSG_TRUNC == 0;
                b.lengths[i] = if whole { m.msg_len as usize } else { 0 };
                b.locals[i] = local_ip(&m.msg_hdr);
            }
            n
        }
    }

    /// One of the last batch: source, local address and contents. None: it was cut, or came from nowhere.
    pub fn datagram(&self, at: usize) -> Option<(SocketAddr, Option<IpAddr>, &[u8])> {
        let b = &*self.read;
        let from = address(&b.names[at])?;
        (b.lengths[at] > 0).then(|| (from, b.locals[at], &b.data[at][..b.lengths[at]]))
    }

    /// Sends all, in order. `source` gives the local IP to send from, where the kernel's choice might be another.
    /// What the socket buffer does not take is lost, as it would be on the way. Returns how many were sent.
    pub fn send(&self, outbox: &Outbox, source: impl Fn(&SocketAddr) -> Option<IpAddr>) -> usize {
        let mut sent = 0;
        for chunk in outbox.waiting().chunks(BATCH) {
            // SAFETY: as in `receive`; the kernel only reads the payloads.
            unsafe {
                let mut names: [sockaddr_storage; BATCH] = zeroed();
                let mut control = [Control([0; 64]); BATCH];
                let mut iov: [iovec; BATCH] = zeroed();
                let mut messages: [mmsghdr; BATCH] = zeroed();
                for (i, w) in chunk.iter().enumerate() {
                    let bytes = outbox.bytes(w);
                    iov[i] = iovec { iov_base: bytes.as_ptr().cast_mut().cast(), iov_len: bytes.len() };
                    let h = &mut messages[i].msg_hdr;
                    h.msg_namelen = set_address(&mut names[i], w.path.to, self.v6);
                    h.msg_name = (&raw mut names[i]).cast();
                    h.msg_iov = &raw mut iov[i];
                    h.msg_iovlen = 1;
                    if let Some(ip) = source(&w.path.from) {
                        h.msg_control = control[i].0.as_mut_ptr().cast();
                        h.msg_controllen = size_of::<Control>();
                        h.msg_controllen = set_local_ip(h, ip, self.v6);
                    }
                }
                sent += send_batch(self.inner.as_raw_fd(), &mut messages[..chunk.len()]);
            }
        }
        sent
    }
}

/// SAFETY: the headers' pointers must be valid.
unsafe fn send_batch(fd: RawFd, messages: &mut [mmsghdr]) -> usize {
    let (mut at, mut sent) = (0, 0);
    while at < messages.len() {
        let left = &mut messages[at..];
        // SAFETY: the caller vouches for the headers.
        let n = unsafe { libc::sendmmsg(fd, left.as_mut_ptr(), left.len() as u32, libc::MSG_DONTWAIT) };
        match usize::try_from(n) {
            Ok(n) if n > 0 => (at, sent) = (at + n, sent + n),
            _ if io::Error::last_os_error().kind() == io::ErrorKind::WouldBlock => break,
            _ => at += 1, // this destination cannot be reached; the next one may
        }
    }
    sent
}

fn no_ipv6(e: &io::Error) -> bool {
    matches!(e.raw_os_error(), Some(libc::EAFNOSUPPORT | libc::EADDRNOTAVAIL))
}

fn bind(ip: IpAddr, port: u16) -> io::Result<UdpSocket> {
    // std's bind leaves IPV6_V6ONLY to net.ipv6.bindv6only, which is 0 unless somebody changed it.
    UdpSocket::bind((ip, port))
}

fn set(fd: RawFd, level: c_int, name: c_int, value: c_int) -> io::Result<()> {
    // SAFETY: the option value is an int of that size.
    let r = unsafe { libc::setsockopt(fd, level, name, (&raw const value).cast(), size_of::<c_int>() as u32) };
    if r == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// IPv4-mapped IPv6 addresses (a dual-stack socket gives those) come out as IPv4.
fn address(s: &sockaddr_storage) -> Option<SocketAddr> {
    // SAFETY: the family says which of the two layouts it is; sockaddr_storage is aligned for both.
    unsafe {
        match i32::from(s.ss_family) {
            libc::AF_INET => {
                let a = &*(&raw const *s).cast::<libc::sockaddr_in>();
                Some((Ipv4Addr::from(u32::from_be(a.sin_addr.s_addr)), u16::from_be(a.sin_port)).into())
            }
            libc::AF_INET6 => {
                let a = &*(&raw const *s).cast::<libc::sockaddr_in6>();
                let (ip, port) = (Ipv6Addr::from(a.sin6_addr.s6_addr), u16::from_be(a.sin6_port));
                Some(match ip.to_ipv4_mapped() {
                    Some(v4) => SocketAddrV4::new(v4, port).into(),
                    None => SocketAddrV6::new(ip, port, 0, a.sin6_scope_id).into(),
                })
            }
            _ => None,
        }
    }
}

fn set_address(s: &mut sockaddr_storage, to: SocketAddr, v6: bool) -> u32 {
    let mapped = match (to, v6) {
        (SocketAddr::V4(a), true) => SocketAddrV6::new(a.ip().to_ipv6_mapped(), a.port(), 0, 0).into(),
        _ => to,
    };
    // SAFETY: sockaddr_storage is large enough and aligned for both.
    unsafe {
        match mapped {
            SocketAddr::V4(a) => {
                let out = &mut *(&raw mut *s).cast::<libc::sockaddr_in>();
                out.sin_family = libc::AF_INET as u16;
                out.sin_port = a.port().to_be();
                out.sin_addr.s_addr = u32::from(*a.ip()).to_be();
                size_of::<libc::sockaddr_in>() as u32
            }
            SocketAddr::V6(a) => {
                let out = &mut *(&raw mut *s).cast::<libc::sockaddr_in6>();
                out.sin6_family = libc::AF_INET6 as u16;
                out.sin6_port = a.port().to_be();
                out.sin6_addr.s6_addr = a.ip().octets();
                out.sin6_scope_id = a.scope_id();
                size_of::<libc::sockaddr_in6>() as u32
            }
        }
    }
}

/// The destination of a received datagram (IP_PKTINFO, IPV6_PKTINFO).
/// SAFETY: the header must be one that recvmmsg filled.
unsafe fn local_ip(h: &msghdr) -> Option<IpAddr> {
    // SAFETY: CMSG_* stay within msg_controllen, which the kernel set; the structs are copied unaligned.
    unsafe {
        let mut c: *mut cmsghdr = libc::CMSG_FIRSTHDR(h);
        while !c.is_null() {
            match ((*c).cmsg_level, (*c).cmsg_type) {
                (libc::IPPROTO_IP, libc::IP_PKTINFO) => {
                    let info = libc::CMSG_DATA(c).cast::<libc::in_pktinfo>().read_unaligned();
                    return Some(Ipv4Addr::from(u32::from_be(info.ipi_addr.s_addr)).into());
                }
                (libc::IPPROTO_IPV6, libc::IPV6_PKTINFO) => {
                    let info = libc::CMSG_DATA(c).cast::<libc::in6_pktinfo>().read_unaligned();
                    let ip = Ipv6Addr::from(info.ipi6_addr.s6_addr);
                    return Some(ip.to_ipv4_mapped().map_or(ip.into(), IpAddr::V4));
                }
                _ => c = libc::CMSG_NXTHDR(h, c),
            }
        }
        None
    }
}

/// Writes the control message that fixes the source address; returns its length.
/// SAFETY: the header's control buffer must be a zeroed `Control`.
unsafe fn set_local_ip(h: &mut msghdr, ip: IpAddr, v6: bool) -> usize {
    // SAFETY: a `Control` has room for either structure, and CMSG_FIRSTHDR points into it.
    unsafe {
        let c = libc::CMSG_FIRSTHDR(h);
        let put = |level, kind, data: *const c_void, len: usize| {
            (*c).cmsg_level = level;
            (*c).cmsg_type = kind;
            (*c).cmsg_len = libc::CMSG_LEN(len as u32) as _;
            std::ptr::copy_nonoverlapping(data.cast::<u8>(), libc::CMSG_DATA(c), len);
            libc::CMSG_SPACE(len as u32) as usize
        };
        match (ip, v6) {
            (IpAddr::V4(ip), false) => {
                let mut info: libc::in_pktinfo = zeroed();
                info.ipi_spec_dst.s_addr = u32::from(ip).to_be();
                put(libc::IPPROTO_IP, libc::IP_PKTINFO, (&raw const info).cast(), size_of::<libc::in_pktinfo>())
            }
            (ip, _) => {
                let mut info: libc::in6_pktinfo = zeroed();
                info.ipi6_addr.s6_addr = match ip {
                    IpAddr::V4(ip) => ip.to_ipv6_mapped().octets(),
                    IpAddr::V6(ip) => ip.octets(),
                };
                put(libc::IPPROTO_IPV6, libc::IPV6_PKTINFO, (&raw const info).cast(), size_of::<libc::in6_pktinfo>())
            }
        }
    }
}

/// The addresses of all interfaces that are up, loopback last, link-local left out.
pub fn interface_addresses() -> io::Result<Vec<IpAddr>> {
    let mut found = Vec::new();
    // SAFETY: getifaddrs gives a list that is valid until freeifaddrs; ifa_addr may be null.
    unsafe {
        let mut list: *mut libc::ifaddrs = std::ptr::null_mut();
        if libc::getifaddrs(&raw mut list) != 0 {
            return Err(io::Error::last_os_error());
        }
        let mut at = list;
        while let Some(entry) = at.as_ref() {
            at = entry.ifa_next;
            if entry.ifa_flags & libc::IFF_UP as u32 == 0 || entry.ifa_addr.is_null() {
                continue;
            }
            let mut storage: sockaddr_storage = zeroed();
            let len = match i32::from((*entry.ifa_addr).sa_family) {
                libc::AF_INET => size_of::<libc::sockaddr_in>(),
                libc::AF_INET6 => size_of::<libc::sockaddr_in6>(),
                _ => continue,
            };
            std::ptr::copy_nonoverlapping(entry.ifa_addr.cast::<u8>(), (&raw mut storage).cast::<u8>(), len);
            found.extend(address(&storage).map(|a| a.ip()));
        }
        libc::freeifaddrs(list);
    }
    let link_local = |ip: &IpAddr| match ip {
        IpAddr::V4(ip) => ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_unicast_link_local(),
    };
    found.retain(|ip| !link_local(ip) && !ip.is_unspecified());
    found.sort_by_key(|ip| (ip.is_loopback(), ip.is_ipv6()));
    found.dedup();
    Ok(found)
}
