//! The peers that belong together, and how loud they are.

use crate::event::Id;
use crate::speaker::Meter;

pub struct Room {
    pub id: Id,
    pub peers: Vec<usize>,
    /// Tracks that sent a level in the current window.
    pub heard: Vec<usize>,
    pub meter: Meter,
}

impl Room {
    pub fn new(id: Id) -> Self {
        Room { id, peers: Vec::new(), heard: Vec::new(), meter: Meter::default() }
    }
}
