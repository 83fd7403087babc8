//! Audio as a client gets it: our own egress, against str0m's SRTP at the other end.

mod world;

use std::net::UdpSocket;
use std::time::{Duration, Instant};

use media::{Event, Kind, Side};
use str0m::rtp::rtcp::Rtcp;
use world::{World, two_talking, two_talking_in};

/// All that `talker` says from now on, until `n` packets were heard; sequence numbers as they were heard.
fn listen(w: &mut World, mid: str0m::media::Mid, n: usize) -> Vec<u64> {
    w.clients[1].forget();
    w.until("enough of A", |w| {
        w.clients[0].speak(mid);
        w.clients[1].heard("TR_a").packets.len() >= n
    });
    w.clients[1].heard("TR_a").seqs()
}

fn gaps(seqs: &[u64]) -> u64 {
    seqs[seqs.len() - 1] - seqs[0] + 1 - seqs.len() as u64
}

#[test]
fn every_packet_is_decrypted_and_only_one_in_each_ssrc_is_the_streams() {
    let (mut w, mid_a, _) = two_talking();
    let seqs = listen(&mut w, mid_a, 500);
    assert_eq!(gaps(&seqs), 0);
    let heard = w.clients[1].heard("TR_a");
    let ssrc = heard.packets[0].header.ssrc;
    assert!(heard.packets.iter().all(|p| p.header.ssrc == ssrc && p.header.payload_type == 111.into()));
    assert!(heard.packets.windows(2).all(|p| p[1].header.timestamp.wrapping_sub(p[0].header.timestamp) == 960));
    let offered = w.last_offer("B").contains(&format!("a=ssrc:{} ", *ssrc));
    assert!(offered, "it is the offer's SSRC");
}

#[test]
fn lost_audio_is_resent() {
    let (mut w, mid_a, _) = two_talking();
    w.clients[1].ask_again("TR_a");
    listen(&mut w, mid_a, 50);
    w.clients[1].subscriber.lose = 3;
    let heard = |w: &mut World| w.clients[1].heard("TR_a").packets.len();
    let before = heard(&mut w);
    w.until("the gap is filled", |w| {
        w.clients[0].speak(mid_a);
        heard(w) > before + 50 && gaps(&w.clients[1].heard("TR_a").seqs()) == 0
    });
    let heard = w.clients[1].heard("TR_a");
    let late = heard.packets.windows(2).filter(|p| p[1].seq_no < p[0].seq_no).count();
    assert!(late > 0, "what was lost came later than what followed it");
}

#[test]
fn sender_reports_come_early_and_their_clock_is_the_streams() {
    let (mut w, mid_a, _) = two_talking();
    listen(&mut w, mid_a, 20);
    w.clients[1].rtcp.clear();
    w.until("the next report", |w| {
        w.clients[0].speak(mid_a);
        w.clients[1].rtcp.iter().any(|r| matches!(r, Rtcp::SenderReport(_)))
    });
    let heard = w.clients[1].heard("TR_a");
    let (ssrc, newest) = (heard.packets[0].header.ssrc, heard.packets.last().unwrap().header.timestamp);
    let report = w.clients[1].rtcp.iter().find_map(|r| match r {
        Rtcp::SenderReport(s) => Some(s.sender_info),
        _ => None,
    });
    let info = report.unwrap();
    assert_eq!(info.ssrc, ssrc);
    assert!(info.sender_packet_count > 20 && info.sender_octet_count > 100);
    // The client speaks four times as fast as its clock says, so the clock is up to a frame or two off.
    let off = info.rtp_time.numer() as u32;
    assert!(newest.wrapping_sub(off) as i32 <= 48_000 && off.wrapping_sub(newest) as i32 <= 48_000, "{off} {newest}");
    assert!(w.clients[1].rtcp.iter().any(|r| matches!(r, Rtcp::SourceDescription(_))));
}

#[test]
fn loss_and_round_trip_are_measured_from_reports() {
    let (mut w, mid_a, _) = two_talking();
    w.clients[1].subscriber.never = |seq| seq.is_multiple_of(4); // resends do not help
    w.within(Duration::from_secs(25), "B's loss", |w| {
        w.clients[0].speak(mid_a);
        w.step();
        w.count(|e| matches!(e, Event::Quality { peer, report } if &**peer == "B" && report.loss_out > 0.02)) > 0
    });
}

#[test]
fn a_client_without_gcm_hears_through_str0m() {
    let (mut w, mid_a, _) = two_talking_in(World::without_own_audio());
    let seqs = listen(&mut w, mid_a, 100);
    assert_eq!(gaps(&seqs), 0);
    w.unsubscribe("B", "TR_a");
    w.subscribe("B", "TR_a");
    let seqs = listen(&mut w, mid_a, 100);
    assert_eq!(gaps(&seqs), 0);
}

/// Datagrams that came to a socket, and none of them ours to answer.
fn count(socket: &UdpSocket) -> usize {
    let mut buffer = [0; 2048];
    std::iter::from_fn(|| socket.recv(&mut buffer).ok()).filter(|n| *n > 0).count()
}

#[test]
fn a_client_that_changes_networks_is_followed_without_a_restart() {
    let (mut w, mid_a, _) = two_talking();
    listen(&mut w, mid_a, 20);
    let old = w.clients[1].subscriber.leave_port();
    let since = Instant::now();
    listen(&mut w, mid_a, 20);
    assert!(since.elapsed() < Duration::from_secs(8), "{:?}", since.elapsed());
    count(&old);
    listen(&mut w, mid_a, 50);
    assert_eq!(count(&old), 0, "nothing goes where the client was");
    assert_eq!(w.connected("B", Side::Subscriber), 1, "it was never away");
}

#[test]
fn video_beside_audio_is_str0ms_and_both_arrive() {
    let (mut w, mid_a, _) = two_talking();
    let video = w.publish(0, "TR_v", Kind::Video);
    w.subscribe("B", "TR_v");
    let mut picture = 0;
    w.until("picture and sound", |w| {
        picture += 1;
        w.clients[0].speak(mid_a);
        let asked = w.clients[0].key_frames_asked > 0;
        w.clients[0].show(video, None, picture, asked);
        w.clients[1].heard("TR_v").packets.len() > 20 && w.clients[1].heard("TR_a").packets.len() > 20
    });
    let ssrcs = |w: &mut World, t: &str| w.clients[1].heard(t).packets[0].header.ssrc;
    assert_ne!(ssrcs(&mut w, "TR_v"), ssrcs(&mut w, "TR_a"));
    assert_eq!(w.stuck(), 0);
}
