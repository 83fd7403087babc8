//! `hubbub._media`: Python bindings of the media engine. Conversion and nothing else.

mod convert;
mod errors;

use pyo3::prelude::*;

#[pymodule]
mod _media {
    use std::collections::HashMap;
    use std::sync::Arc;

    use media::{Command, Config, Id};
    use pyo3::prelude::*;
    use pyo3::types::{PyDict, PyList};

    use crate::{convert, errors};

    /// The verbs of `hubbub.infra.sfu.base.Engine`. The GIL is released wherever a lock or a thread is waited for.
    #[pyclass(frozen)]
    struct Engine(media::Engine);

    impl Engine {
        fn send(&self, py: Python<'_>, command: Command) {
            py.detach(|| self.0.send(command));
        }
    }

    #[pymethods]
    impl Engine {
        /// OSError if the port is taken or an address is not one.
        #[new]
        fn new(py: Python<'_>, bind: String, port: u16, advertised: Vec<String>) -> PyResult<Self> {
            let config = Config { bind, port, advertised, own_audio: true };
            py.detach(|| media::Engine::open(&config)).map(Engine).map_err(errors::open)
        }

        /// The UDP port that was bound.
        #[getter]
        fn port(&self) -> u16 {
            self.0.port()
        }

        fn open_room(&self, py: Python<'_>, room: &str) {
            self.send(py, Command::OpenRoom { room: room.into() });
        }

        fn close_room(&self, py: Python<'_>, room: &str) {
            self.send(py, Command::CloseRoom { room: room.into() });
        }

        fn open_peer(&self, py: Python<'_>, room: &str, peer: &str) {
            self.send(py, Command::OpenPeer { room: room.into(), peer: peer.into() });
        }

        fn close_peer(&self, py: Python<'_>, peer: &str) {
            self.send(py, Command::ClosePeer { peer: peer.into() });
        }

        /// ValueError unless `kind` is "audio" or "video".
        fn announce_track(&self, py: Python<'_>, peer: &str, cid: String, track: &str, kind: &str) -> PyResult<()> {
            let kind = convert::kind(kind)?;
            self.send(py, Command::AnnounceTrack { peer: peer.into(), cid, track: track.into(), kind });
            Ok(())
        }

        fn withdraw_track(&self, py: Python<'_>, track: &str) {
            self.send(py, Command::WithdrawTrack { track: track.into() });
        }

        fn mute_track(&self, py: Python<'_>, track: &str, muted: bool) {
            self.send(py, Command::MuteTrack { track: track.into(), muted });
        }

        fn publisher_offer(&self, py: Python<'_>, peer: &str, sdp: String) {
            self.send(py, Command::PublisherOffer { peer: peer.into(), sdp });
        }

        fn open_subscriber(&self, py: Python<'_>, peer: &str) {
            self.send(py, Command::OpenSubscriber { peer: peer.into() });
        }

        fn subscriber_answer(&self, py: Python<'_>, peer: &str, sdp: String) {
            self.send(py, Command::SubscriberAnswer { peer: peer.into(), sdp });
        }

        fn restart_subscriber(&self, py: Python<'_>, peer: &str) {
            self.send(py, Command::RestartSubscriber { peer: peer.into() });
        }

        fn subscribe(&self, py: Python<'_>, peer: &str, track: &str) {
            self.send(py, Command::Subscribe { peer: peer.into(), track: track.into() });
        }

        fn unsubscribe(&self, py: Python<'_>, peer: &str, track: &str) {
            self.send(py, Command::Unsubscribe { peer: peer.into(), track: track.into() });
        }

        fn pause(&self, py: Python<'_>, peer: &str, track: &str, paused: bool) {
            self.send(py, Command::Pause { peer: peer.into(), track: track.into(), paused });
        }

        fn send_data(&self, py: Python<'_>, peers: Vec<String>, reliable: bool, payload: &[u8]) {
            let peers: Vec<Id> = peers.into_iter().map(Id::from).collect();
            self.send(py, Command::SendData { peers, reliable, payload: Arc::from(payload) });
        }

        /// Tuples (name of the event, its fields in order), oldest first.
        fn drain<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
            let events = py.detach(|| self.0.drain());
            let list = PyList::empty(py);
            for event in events {
                list.append(convert::event(py, event)?)?;
            }
            Ok(list)
        }

        /// Readable (level-triggered) while `drain` has something to give.
        fn fileno(&self) -> i32 {
            self.0.fd()
        }

        fn stats<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
            let stats = py.detach(|| self.0.stats());
            HashMap::from(convert::stats(&stats)).into_pyobject(py)
        }

        /// Closes all rooms; returns when the UDP port is free. Later calls do nothing.
        fn close(&self, py: Python<'_>) {
            py.detach(|| self.0.close());
        }
    }
}
