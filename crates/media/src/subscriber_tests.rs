use proptest::prelude::*;

use super::*;
use crate::egress;
use crate::sdp::{AnswerSection, Remote};

fn fresh() -> Credentials {
    Credentials { ufrag: "fresh".into(), pwd: "freshfreshfreshfreshfresh".into() }
}

/// What a client would answer to the offer in flight.
fn answer(n: &Negotiation, ufrag: &str) -> Answer {
    let mut sections = vec![AnswerSection { mid: "data".into(), accepted: true }];
    let taken = |s: &Slot| matches!(s.state, State::Offered | State::Live | State::Leaving);
    sections.extend(n.slots.iter().map(|s| AnswerSection { mid: s.mid.clone(), accepted: taken(s) }));
    let credentials = Credentials { ufrag: ufrag.into(), pwd: String::new() };
    Answer { remote: Remote { credentials, fingerprint: ("sha-256".into(), vec![]) }, active: false, sections }
}

struct Ssrcs(u32);

impl Ssrcs {
    fn plan(&mut self, n: &mut Negotiation) {
        n.plan(fresh, || {
            self.0 += 1;
            self.0
        });
    }
}

fn subscribe(n: &mut Negotiation, track: usize) -> bool {
    n.subscribe(track, Kind::Audio, "PA".into(), format!("TR_{track}").into())
}

fn connected() -> (Negotiation, Ssrcs) {
    let (mut n, mut ssrcs) = (Negotiation::new(1), Ssrcs(0));
    assert!(n.offer_due());
    ssrcs.plan(&mut n);
    assert!(n.answered(&answer(&n, "them")).unwrap().first);
    (n, ssrcs)
}

#[test]
fn one_offer_is_in_flight_and_changes_wait() {
    let (mut n, mut ssrcs) = connected();
    assert!(!n.offer_due());
    assert!(subscribe(&mut n, 1) && !subscribe(&mut n, 1));
    ssrcs.plan(&mut n);
    subscribe(&mut n, 2);
    assert!(!n.offer_due());
    let live = n.answered(&answer(&n, "them")).unwrap().live;
    assert_eq!(live.iter().map(|l| l.0).collect::<Vec<_>>(), [1]);
    assert!(n.offer_due());
}

#[test]
fn a_section_is_rejected_before_it_is_recycled() {
    let (mut n, mut ssrcs) = connected();
    subscribe(&mut n, 1);
    ssrcs.plan(&mut n);
    n.answered(&answer(&n, "them")).unwrap();
    assert!(n.unsubscribe(1).is_some());
    subscribe(&mut n, 2); // at the same time: needs a section of its own
    ssrcs.plan(&mut n);
    assert_eq!(n.sections(), 2);
    n.answered(&answer(&n, "them")).unwrap();
    subscribe(&mut n, 3);
    ssrcs.plan(&mut n);
    assert_eq!(n.sections(), 2, "the first one is recycled");
    assert_eq!(n.slots[0].mid, "m2", "with a new mid");
}

#[test]
fn a_thousand_joins_and_leaves_leave_the_offer_as_small_as_it_was() {
    let (mut n, _) = connected();
    let mut ssrcs = egress::Ssrcs::new(7); // as a transport gives them
    let mut seen = std::collections::HashSet::new();
    let mut sizes = Vec::new();
    for round in 0..1000 {
        subscribe(&mut n, 10_000 + round);
        n.plan(fresh, || ssrcs.fresh());
        sizes.push(n.write(&fresh(), "sha-256 00", &[]).len());
        let live = n.answered(&answer(&n, "them")).unwrap().live;
        assert!(seen.insert(live[0].1.ssrc), "an SSRC of a recycled section came again");
        assert!(n.unsubscribe(10_000 + round).is_some());
        n.plan(fresh, || unreachable!("nothing new is offered"));
        n.answered(&answer(&n, "them")).unwrap();
    }
    assert_eq!(n.sections(), 1);
    assert!(sizes[999] - sizes[0] < 24, "{} then {}: digits of mid, SSRC and version", sizes[0], sizes[999]);
}

#[test]
fn answers_must_fit() {
    let (mut n, mut ssrcs) = connected();
    assert!(n.answered(&answer(&n, "them")).is_err(), "nobody waits for it");
    subscribe(&mut n, 1);
    ssrcs.plan(&mut n);
    let mut few = answer(&n, "them");
    few.sections.pop();
    assert!(n.answered(&few).is_err());
    let mut other = answer(&n, "them");
    other.sections[1].mid = "m9".into();
    assert!(n.answered(&other).is_err());
    assert!(n.answered(&answer(&n, "them")).is_ok(), "the offer still waits");
}

#[test]
fn a_restart_overtakes_and_wants_new_credentials() {
    let (mut n, mut ssrcs) = connected();
    subscribe(&mut n, 1);
    ssrcs.plan(&mut n);
    n.restart();
    assert!(n.offer_due());
    ssrcs.plan(&mut n);
    assert!(n.write(&fresh(), "f", &[]).contains("a=ice-ufrag:fresh"));
    assert!(n.answered(&answer(&n, "them")).is_err(), "the answer to the offer before");
    let accepted = n.answered(&answer(&n, "newer")).unwrap();
    assert_eq!((accepted.restart, accepted.live.len()), (Some(fresh()), 1));
}

#[test]
fn unsubscribed_before_the_answer_never_goes_live() {
    let (mut n, mut ssrcs) = connected();
    subscribe(&mut n, 1);
    ssrcs.plan(&mut n);
    assert_eq!(n.unsubscribe(1), None);
    assert!(n.answered(&answer(&n, "them")).unwrap().live.is_empty());
    assert!(n.offer_due(), "it has to be rejected");
}

proptest! {
    /// Whatever is subscribed and when answers come: the sections stay as few as were ever wanted at once (twice that,
    /// while the old ones are being rejected), every wanted track ends up live once, and SSRCs and mids are never reused.
    #[test]
    fn churn_is_bounded(steps in prop::collection::vec((0usize..6, any::<bool>(), 0u8..4), 1..300)) {
        let (mut n, mut ssrcs) = connected();
        let (mut wanted, mut in_flight) = (std::collections::HashSet::new(), false);
        let mut seen = std::collections::HashMap::new();
        for (track, on, what) in steps {
            if on { subscribe(&mut n, track); wanted.insert(track); } else { n.unsubscribe(track); wanted.remove(&track); }
            if what == 0 { n.restart(); }
            if what < 2 && n.offer_due() { ssrcs.plan(&mut n); in_flight = true; }
            if what == 3 && in_flight {
                let ufrag = format!("u{}", n.version);
                n.answered(&answer(&n, &ufrag)).unwrap();
                in_flight = false;
            }
            for s in n.slots.iter() {
                let owner = seen.entry(s.stream.ssrc).or_insert_with(|| s.mid.clone());
                prop_assert_eq!(&*owner, &s.mid);
            }
            prop_assert!(n.sections() <= 12 + 6, "{} sections", n.sections());
        }
        for round in 0..4 {
            if n.offer_due() { ssrcs.plan(&mut n); in_flight = true; }
            if in_flight { n.answered(&answer(&n, &format!("end{round}"))).unwrap(); in_flight = false; }
        }
        let live: Vec<usize> = n.slots.iter().filter(|s| s.state == State::Live).map(|s| s.track).collect();
        prop_assert_eq!(live.len(), wanted.len());
        prop_assert_eq!(live.into_iter().collect::<std::collections::HashSet<_>>(), wanted);
    }
}
