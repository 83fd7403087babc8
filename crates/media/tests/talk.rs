//! Audio between peers: what goes in comes out, and stops when it should.

mod world;

use world::two_talking;

#[test]
fn two_peers_hear_each_other() {
    let (mut w, mid_a, _) = two_talking();
    w.until("a hundred packets", |w| {
        w.clients[0].speak(mid_a);
        w.clients[1].heard("TR_a").packets.len() >= 100
    });
    let heard = w.clients[1].heard("TR_a");
    for p in &heard.packets {
        assert!(
            p.payload.starts_with(b"A says "),
            "{:?}",
            String::from_utf8_lossy(&p.payload)
        );
    }
    let seqs = heard.seqs();
    assert_eq!(seqs.last().unwrap() - seqs[0] + 1, seqs.len() as u64, "no gap");
}
