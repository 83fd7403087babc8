//! Rust values to Python's. Events become plain tuples: their structs live in Python.

use media::{Event, Kind, Side, Stats};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyTuple};

pub fn kind(text: &str) -> PyResult<Kind> {
    match text {
        "audio" => Ok(Kind::Audio),
        "video" => Ok(Kind::Video),
        _ => Err(PyValueError::new_err("kind must be \"audio\" or \"video\"")),
    }
}

fn side(side: Side) -> &'static str {
    match side {
        Side::Publisher => "publisher",
        Side::Subscriber => "subscriber",
    }
}

/// The event's name, then its fields in the order of `hubbub.infra.sfu.base`.
pub fn event(py: Python<'_>, event: Event) -> PyResult<Bound<'_, PyTuple>> {
    match event {
        Event::PublisherAnswer { peer, sdp } => ("PublisherAnswer", &*peer, sdp).into_pyobject(py),
        Event::SubscriberOffer { peer, sdp } => ("SubscriberOffer", &*peer, sdp).into_pyobject(py),
        Event::NegotiationFailed { peer, side: s, reason } => {
            ("NegotiationFailed", &*peer, side(s), reason).into_pyobject(py)
        }
        Event::SideConnected { peer, side: s } => ("SideConnected", &*peer, side(s)).into_pyobject(py),
        Event::SideLost { peer, side: s } => ("SideLost", &*peer, side(s)).into_pyobject(py),
        Event::DataOpen { peer } => ("DataOpen", &*peer).into_pyobject(py),
        Event::Data { peer, reliable, payload } => {
            ("Data", &*peer, reliable, PyBytes::new(py, &payload)).into_pyobject(py)
        }
        Event::TrackStarted { peer, track, mid } => ("TrackStarted", &*peer, &*track, mid).into_pyobject(py),
        Event::TrackEnded { peer, track } => ("TrackEnded", &*peer, &*track).into_pyobject(py),
        Event::Levels { room, levels } => {
            let levels = PyTuple::new(py, levels.iter().map(|l| (&*l.track, l.loudest, l.voice)))?;
            ("Levels", &*room, levels).into_pyobject(py)
        }
        Event::Quality { peer, report: r } => {
            ("Quality", &*peer, r.loss_in, r.loss_out, r.rtt_ms, r.jitter_ms, r.bitrate_in, r.bitrate_out)
                .into_pyobject(py)
        }
        Event::Stuck { peer, reason } => ("Stuck", &*peer, reason).into_pyobject(py),
    }
}

/// By the names of `EngineStats`.
pub fn stats(s: &Stats) -> [(&'static str, u64); 9] {
    [
        ("rooms", s.rooms),
        ("peers", s.peers),
        ("tracks", s.tracks),
        ("subscriptions", s.subscriptions),
        ("packets_in", s.packets_in),
        ("packets_out", s.packets_out),
        ("bytes_in", s.bytes_in),
        ("bytes_out", s.bytes_out),
        ("dropped", s.dropped),
    ]
}
