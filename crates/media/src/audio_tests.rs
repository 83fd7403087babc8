use std::collections::HashMap;

use proptest::prelude::*;
use str0m::crypto::dtls::SrtpProfile;

use super::*;
use crate::counting::allocations;
use crate::event::Kind;
use crate::forward::Rewriter;
use crate::keys::Exported;
use crate::transport::Packet;

const PATH: Path = Path {
    from: std::net::SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 1),
    to: std::net::SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 2),
};

/// `active`: the DTLS client's end.
fn session(seed: u8, active: bool) -> Session {
    let profile = SrtpProfile::AEAD_AES_256_GCM;
    let material = (0..profile.keying_material_len()).map(|i| (i as u8).wrapping_mul(5) ^ seed).collect();
    Session::new(&str0m::crypto::from_feature_flags(), &Exported { material, profile }, active).unwrap()
}

fn egress(ssrcs: &[u32]) -> AudioEgress {
    let mut e = AudioEgress::new(session(1, false));
    ssrcs.iter().for_each(|s| e.declare(*s, "m1".into(), Instant::now()));
    e
}

fn outgoing(seq: u64, payload: &Arc<[u8]>) -> Outgoing<'_> {
    Outgoing {
        seq,
        time: seq as u32 * 960,
        marker: seq.is_multiple_of(50),
        level: Some(seq as u8 % 128),
        voice: true,
        orientation: None,
        payload,
        vp8: None,
        wallclock: Instant::now(),
    }
}

fn media(outbox: &mut Outbox) -> Vec<Vec<u8>> {
    drained(outbox).into_iter().filter(|d| !crate::stun::is_rtcp(d)).collect()
}

fn drained(outbox: &mut Outbox) -> Vec<Vec<u8>> {
    let all = outbox.waiting().iter().map(|w| outbox.bytes(w).to_vec()).collect();
    outbox.clear();
    all
}

/// A client's compound: a report on `ssrc`, and a NACK for `first` and the bits of `more`.
fn nack(client: &mut Session, ssrc: u32, first: u16, more: u16) -> Vec<u8> {
    let mut packet = vec![0x81, 201, 0, 7, 0, 0, 0, 1];
    packet.extend(ssrc.to_be_bytes());
    packet.extend([64, 0, 0, 1]);
    packet.resize(32, 0);
    packet.extend([0x81, 205, 0, 3, 0, 0, 0, 1]);
    packet.extend(ssrc.to_be_bytes());
    packet.extend(first.to_be_bytes());
    packet.extend(more.to_be_bytes());
    let mut sealed = vec![0; packet.len() + RTCP_OVERHEAD];
    assert!(client.seal_rtcp(&packet, &mut sealed));
    sealed
}

#[test]
fn headers_are_those_of_rfc_3550_and_8285() {
    let mut out = [0; MAX_HEADER];
    let head = Head { time: 0x0102_0304, marker: true, level: Some(30), voice: true, named: true };
    let len = write_header(&mut out, 0xaabb_ccdd, 0x1234, &head, b"m1f");
    let fixed = [0x90, 0x80 | 111, 0x12, 0x34, 1, 2, 3, 4, 0xaa, 0xbb, 0xcc, 0xdd];
    assert_eq!(out[..12], fixed);
    assert_eq!(out[12..len], [0xbe, 0xde, 0, 2, 0x10, 0x80 | 30, 0x42, b'm', b'1', b'f', 0, 0]);
    let bare = Head { level: None, named: false, marker: false, ..head };
    let mut out = [0; MAX_HEADER];
    assert_eq!(write_header(&mut out, 1, 2, &bare, b"m1f"), 12);
    assert_eq!(out[..2], [0x80, 111]);
    let longest = write_header(&mut [0; MAX_HEADER], 1, 2, &head, &[b'm'; 16]);
    assert_eq!(longest, MAX_HEADER);
}

#[test]
fn the_mid_is_sent_until_the_receiver_reports() {
    let (mut e, mut client, mut outbox) = (egress(&[7]), session(1, true), Outbox::default());
    let payload: Arc<[u8]> = vec![1; 100].into();
    e.send(7, &outgoing(1, &payload), PATH, &mut outbox);
    assert!(e.feedback(&nack(&mut client, 7, 999, 0)).is_some());
    e.send(7, &outgoing(2, &payload), PATH, &mut outbox);
    let sizes: Vec<usize> = drained(&mut outbox).iter().map(Vec::len).collect();
    assert_eq!(sizes, [12 + 4 + 8 + 100 + TAG, 12 + 4 + 4 + 100 + TAG]);
}

#[test]
fn what_was_lost_is_resent_as_it_was_and_not_forever() {
    let (mut e, mut client, mut outbox) = (egress(&[7, 8]), session(1, true), Outbox::default());
    let payload: Arc<[u8]> = b"hello".as_slice().into();
    for seq in 65_500..65_540 {
        e.send(7, &outgoing(seq, &payload), PATH, &mut outbox);
    }
    let sent = media(&mut outbox);
    // Sequence numbers 65,535 and 0 to 3 (over the roll-over), and an SSRC and a number that nobody knows.
    assert!(e.feedback(&nack(&mut client, 7, 0xffff, 0b1111)).is_some());
    assert!(e.feedback(&nack(&mut client, 9, 1, 0)).is_some());
    assert!(e.feedback(&nack(&mut client, 7, 30_000, 0)).is_some());
    e.poll(Instant::now(), Some(PATH), &mut outbox);
    assert_eq!(media(&mut outbox)[..5], sent[35..40]);
    for _ in 0..10 {
        assert!(e.feedback(&nack(&mut client, 7, 0xffff, 0)).is_some());
        e.poll(Instant::now(), Some(PATH), &mut outbox);
    }
    assert_eq!(media(&mut outbox).len(), usize::from(RESENDS) - 1);
    // Older than the history.
    assert!(e.feedback(&nack(&mut client, 7, 65_505, 0)).is_some());
    e.poll(Instant::now(), Some(PATH), &mut outbox);
    assert!(media(&mut outbox).is_empty());
}

#[test]
fn feedback_must_be_authentic_and_is_measured() {
    let (mut e, mut client, mut outbox) = (egress(&[7]), session(1, true), Outbox::default());
    let payload: Arc<[u8]> = vec![1; 10].into();
    e.send(7, &outgoing(1, &payload), PATH, &mut outbox);
    let report = nack(&mut client, 7, 1, 0);
    let mut forged = report.clone();
    forged[20] ^= 1;
    assert!(e.feedback(&forged).is_none() && e.wanted.is_empty());
    assert!(e.feedback(&report).is_some() && e.feedback(&report).is_none(), "a replay is not news");
    assert_eq!(e.measured().0.collect::<Vec<f32>>(), [0.25]);
    assert_eq!(e.measured().0.count(), 0, "nothing was sent since");
}

#[test]
fn only_streams_that_sent_are_reported_on_and_silence_needs_no_timer() {
    let (mut e, mut client, mut outbox) = (egress(&[1, 2, 3]), session(1, true), Outbox::default());
    let payload: Arc<[u8]> = vec![1; 10].into();
    let now = Instant::now();
    assert_eq!(e.poll(now, Some(PATH), &mut outbox), None);
    for seq in 0..u64::from(FIRST_REPORT) {
        e.send(2, &outgoing(seq, &payload), PATH, &mut outbox);
    }
    outbox.clear();
    let next = e.poll(Instant::now(), Some(PATH), &mut outbox).unwrap();
    let reports = drained(&mut outbox);
    assert_eq!(reports.len(), 1);
    let mut plain = Vec::new();
    assert!(client.open_rtcp(&reports[0], &mut plain));
    assert_eq!((plain[1], &plain[4..8]), (200, &[0, 0, 0, 2][..]));
    assert_eq!((&plain[20..24], &plain[24..28]), (&[0, 0, 0, 5][..], &[0, 0, 0, 50][..]), "packets, octets");
    assert_eq!(e.poll(next, Some(PATH), &mut outbox), None);
    assert!(drained(&mut outbox).is_empty());
}

#[test]
fn nothing_is_allocated_per_packet() {
    let ssrcs: Vec<u32> = (1..=20).collect();
    let (mut e, mut outbox) = (egress(&ssrcs), Outbox::default());
    let mut rewriters: Vec<Rewriter> = ssrcs.iter().map(|_| Rewriter::new(Kind::Audio, 1000)).collect();
    let payload: Arc<[u8]> = vec![1; 140].into();
    let mid = Mid::from("a");
    let packet = |seq| Packet {
        mid,
        rid: None,
        ssrc: 5,
        seq,
        time: seq as u32 * 960,
        marker: false,
        level: Some(30),
        voice: true,
        orientation: None,
        payload: payload.clone(),
        arrived: Instant::now(),
    };
    let mut round = |seq: u64| {
        for (ssrc, rewriter) in ssrcs.iter().zip(&mut rewriters) {
            let p = packet(seq);
            let r = rewriter.rewrite(&p, None).unwrap();
            let out = Outgoing { seq: r.seq, time: r.time, ..outgoing(0, &p.payload) };
            assert_ne!(e.send(*ssrc, &out, PATH, &mut outbox), Sent::Not);
        }
        outbox.clear();
    };
    (0..10).for_each(&mut round); // histories and buffers are made
    assert_eq!(allocations(|| (10..1010).for_each(&mut round)), 0);
}

#[derive(Clone, Debug)]
enum Act {
    Declare(u32),
    Withdraw(u32),
    /// SSRC, step of the sequence number, first byte of the payload.
    Send(u32, i64, u8),
    Nack(u32, u16, u16),
    Report,
    Rekey,
}

fn act() -> impl Strategy<Value = Act> {
    let ssrc = 1u32..4;
    prop_oneof![
        2 => ssrc.clone().prop_map(Act::Declare),
        1 => ssrc.clone().prop_map(Act::Withdraw),
        40 => (ssrc.clone(), prop_oneof![4 => Just(1i64), 1 => -40i64..40, 1 => 60_000i64..70_000], any::<u8>())
            .prop_map(|(s, step, byte)| Act::Send(s, step, byte)),
        8 => (ssrc, any::<u16>(), any::<u16>()).prop_map(|(s, back, more)| Act::Nack(s, back % 40, more)),
        2 => Just(Act::Report),
        1 => Just(Act::Rekey),
    ]
}

/// What was ever sealed under one set of keys.
#[derive(Default)]
struct Sealed {
    rtp: HashMap<(u32, u64), Vec<u8>>,
    rtcp: HashMap<[u8; 8], Vec<u8>>,
}

proptest! {
    /// The nonce rule: over joins and leaves, jumps, roll-over, resends and new keys, a nonce belongs to one packet.
    #[test]
    fn a_nonce_is_used_for_one_packet(acts in prop::collection::vec(act(), 1..400)) {
        let (mut e, mut client, mut outbox) = (egress(&[]), session(1, true), Outbox::default());
        let mut at: HashMap<u32, u64> = HashMap::new();
        let (mut sealed, mut keys, mut ever, mut gone) = (Sealed::default(), 1, Vec::new(), Vec::new());
        for act in acts {
            let mut index = None;
            match act {
                Act::Declare(ssrc) => { e.declare(ssrc, "m1".into(), Instant::now()); ever.push(ssrc); }
                Act::Withdraw(ssrc) => { e.withdraw(ssrc); if ever.contains(&ssrc) { gone.push(ssrc); } }
                Act::Send(ssrc, step, byte) => {
                    let seq = at.entry(ssrc).or_insert(1000);
                    *seq = seq.saturating_add_signed(step);
                    let payload: Arc<[u8]> = vec![byte; 20].into();
                    let known = sealed.rtp.contains_key(&(ssrc, *seq));
                    let sent = e.send(ssrc, &outgoing(*seq, &payload), PATH, &mut outbox);
                    prop_assert!(!(known && sent != Sent::Not), "sealed {seq} of {ssrc} twice");
                    prop_assert!(!gone.contains(&ssrc) || sent == Sent::Not, "{ssrc} came back");
                    index = Some((ssrc, *seq));
                }
                Act::Nack(ssrc, back, more) => {
                    let newest = at.get(&ssrc).copied().unwrap_or(0) as u16;
                    prop_assert!(e.feedback(&nack(&mut client, ssrc, newest.wrapping_sub(back), more)).is_some());
                    e.poll(Instant::now(), Some(PATH), &mut outbox);
                }
                Act::Report => _ = e.poll(Instant::now() + REPORT_INTERVAL * 2, Some(PATH), &mut outbox),
                Act::Rekey => {
                    keys += 1;
                    e.rekey(session(keys, false));
                    (client, sealed) = (session(keys, true), Sealed::default());
                }
            }
            for datagram in drained(&mut outbox) {
                if crate::stun::is_rtcp(&datagram) {
                    let mut nonce = [0; 8];
                    nonce[..4].copy_from_slice(&datagram[4..8]);
                    nonce[4..].copy_from_slice(&datagram[datagram.len() - 4..]);
                    prop_assert!(sealed.rtcp.insert(nonce, datagram).is_none(), "an SRTCP index came twice");
                } else if let Some(index) = index {
                    prop_assert!(sealed.rtp.insert(index, datagram).is_none());
                } else {
                    prop_assert!(sealed.rtp.values().any(|d| *d == datagram), "resent, but not as it was");
                }
            }
        }
    }
}
