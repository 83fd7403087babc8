use super::*;

use std::net::TcpListener;

#[test]
fn the_accept_key_is_that_of_the_rfc() {
    assert_eq!(accept_of("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

#[test]
fn frames_come_out_whole_and_one_by_one() {
    let mut bytes = vec![0x82, 2, b'h', b'i', 0x82, 126, 1, 0];
    let first = Frame::cut(&mut bytes).unwrap().unwrap();
    assert_eq!((first.last, first.kind, &first.payload[..]), (true, BINARY, &b"hi"[..]));
    assert!(Frame::cut(&mut bytes).unwrap().is_none());
    bytes.extend([7; 256]);
    assert_eq!(Frame::cut(&mut bytes).unwrap().unwrap().payload, [7; 256]);
    assert!(bytes.is_empty());
}

#[test]
fn hostile_frames_are_refused() {
    assert!(Frame::cut(&mut vec![0x82, 0x82, 0, 0]).is_err());
    assert!(Frame::cut(&mut [&[0x82, 127][..], &[0xff; 8]].concat()).is_err());
}

#[test]
fn lengths_are_written_in_each_of_their_three_forms() {
    for (size, head) in [(125, 2), (126, 4), (65_535, 4), (65_536, 10)] {
        let frame = masked(BINARY, &vec![0; size]);
        assert_eq!(frame.len(), head + 4 + size);
    }
    assert_eq!(masked(BINARY, b"abcde")[2 + 4 + 4], b'e' ^ 0x6c);
}

/// A server on a thread: upgrades, sends a fragmented message with a ping in it, expects the pong, then says goodbye.
#[test]
fn a_conversation_with_a_server() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let to = listener.local_addr().unwrap();
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut buffer = [0; 4096];
        let n = stream.read(&mut buffer).unwrap();
        let request = String::from_utf8_lossy(&buffer[..n]).into_owned();
        let accept = accept_of(KEY);
        let head = format!("HTTP/1.1 101 Switching Protocols\r\nsec-websocket-accept: {accept}\r\n\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(&[2, 1, b'a', 0x89, 1, b'p', 0x80, 1, b'b']).unwrap();
        stream.read_exact(&mut buffer[..7]).unwrap();
        stream.write_all(&[0x88, 2, 3, 232]).unwrap();
        (request, buffer[..7].to_vec())
    });
    let mut socket = WebSocket::open(to, "/rtc", "tok").unwrap();
    let (mut messages, mut end) = (Vec::new(), None);
    while end.is_none() {
        match socket.receive() {
            Ok(more) => messages.extend(more),
            Err(e) => end = Some(e.to_string()),
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    let (request, pong) = server.join().unwrap();
    assert!(request.contains("Authorization: Bearer tok\r\n"));
    assert_eq!(messages, [b"ab"]);
    assert_eq!(pong, masked(PONG, b"p"));
    assert_eq!(end.unwrap().trim(), "closed with 1000");
}
