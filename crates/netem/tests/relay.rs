//! Through real sockets.

use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use netem::{Conditions, Relay};

/// A server that answers each datagram with itself and where it came from.
fn server() -> (UdpSocket, SocketAddr) {
    let socket = socket();
    let address = socket.local_addr().unwrap();
    (socket, address)
}

fn socket() -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    socket
}

fn receive(socket: &UdpSocket) -> (Vec<u8>, SocketAddr) {
    let mut buffer = [0; 2048];
    let (n, from) = socket.recv_from(&mut buffer).expect("a datagram within the time");
    (buffer[..n].to_vec(), from)
}

#[test]
fn datagrams_go_both_ways_and_each_client_is_itself() {
    let (server, address) = server();
    let relay = Relay::open(0, 1).unwrap();
    relay.forward_to(address);
    let clients = [socket(), socket()];
    let seen: Vec<SocketAddr> = clients
        .iter()
        .map(|client| {
            client.send_to(b"hello", relay.address()).unwrap();
            let (bytes, from) = receive(&server);
            assert_eq!(bytes, b"hello");
            server.send_to(b"answer", from).unwrap();
            assert_eq!(receive(client), (b"answer".to_vec(), relay.address()));
            from
        })
        .collect();
    assert_ne!(seen[0], seen[1]);
    // A stranger who guesses the relay's socket does not reach the client: its next datagram is the server's.
    socket().send_to(b"stranger", seen[0]).unwrap();
    server.send_to(b"mine", seen[0]).unwrap();
    assert_eq!(receive(&clients[0]).0, b"mine");
}

#[test]
fn a_client_that_is_rebound_has_a_new_address_and_the_others_keep_theirs() {
    let (server, address) = server();
    let relay = Relay::open(0, 1).unwrap();
    relay.forward_to(address);
    let clients = [socket(), socket()];
    let from = |client: &UdpSocket| {
        client.send_to(b"x", relay.address()).unwrap();
        receive(&server).1
    };
    let before = clients.each_ref().map(from);
    relay.rebind(Some(clients[0].local_addr().unwrap()));
    let deadline = Instant::now() + Duration::from_secs(10);
    let mut after = from(&clients[0]);
    while after == before[0] && Instant::now() < deadline {
        after = from(&clients[0]);
    }
    assert_ne!(after, before[0]);
    assert_eq!(from(&clients[1]), before[1]);
    server.send_to(b"answer", after).unwrap();
    assert_eq!(receive(&clients[0]).0, b"answer");
}

#[test]
fn directions_have_conditions_of_their_own_and_are_counted() {
    let (server, address) = server();
    let relay = Relay::open(0, 1).unwrap();
    relay.forward_to(address);
    relay.conditions(
        Conditions { duplicate: 1.0, ..Conditions::default() },
        Conditions { loss: 1.0, ..Conditions::default() },
    );
    let client = socket();
    client.send_to(b"twice", relay.address()).unwrap();
    let from = receive(&server).1;
    assert_eq!(receive(&server), (b"twice".to_vec(), from));
    server.send_to(b"never", from).unwrap();
    let deadline = Instant::now() + Duration::from_secs(10);
    while relay.stats().down.lost == 0 && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(2));
    }
    let stats = relay.stats();
    assert_eq!((stats.flows, stats.up.offered, stats.up.passed), (1, 1, 2));
    assert_eq!((stats.down.offered, stats.down.lost, stats.down.passed), (1, 1, 0));
}

#[test]
#[should_panic(expected = "not on this machine")]
fn other_machines_are_left_alone() {
    Relay::open(0, 1).unwrap().forward_to("192.0.2.1:9".parse().unwrap());
}
