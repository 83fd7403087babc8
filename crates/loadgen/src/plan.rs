//! Who joins what, and what each of them does there.

use std::net::SocketAddr;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::token::Operator;

#[derive(Clone, Debug)]
pub struct Plan {
    pub server: SocketAddr,
    pub operator: Operator,
    /// Part of the rooms' names, so that two runs do not meet.
    pub run: u32,
    pub rooms: usize,
    /// Per room, like the next two.
    pub publishers: usize,
    pub subscribers: usize,
    pub talking: usize,
    /// Publishers listen too.
    pub mesh: bool,
    pub seconds: u64,
    /// Per second.
    pub join_rate: f64,
    pub threads: usize,
}

/// One participant.
#[derive(Clone, Debug)]
pub struct Guest {
    /// Counts from 0 over all rooms.
    pub room: usize,
    pub identity: String,
    /// Place in the order of joining, among publishers or among subscribers.
    pub turn: usize,
    pub publishes: bool,
    pub subscribes: bool,
    /// Number over all rooms; None keeps silent.
    pub talker: Option<u32>,
}

impl Plan {
    pub fn total(&self) -> usize {
        self.rooms.saturating_mul(self.publishers + self.subscribers)
    }

    /// Publishers first; neighbours in the order are in different rooms.
    pub fn guests(&self) -> Vec<Guest> {
        let publishers = (0..self.publishers * self.rooms).map(|turn| {
            let (at, room) = (turn / self.rooms, turn % self.rooms);
            Guest {
                room,
                identity: format!("p{at}"),
                turn,
                publishes: true,
                subscribes: self.mesh,
                talker: (at < self.talking).then_some(self.talker(room, at)),
            }
        });
        let subscribers = (0..self.subscribers * self.rooms).map(|turn| Guest {
            room: turn % self.rooms,
            identity: format!("s{}", turn / self.rooms),
            turn,
            publishes: false,
            subscribes: true,
            talker: None,
        });
        publishers.chain(subscribers).collect()
    }

    fn talker(&self, room: usize, at: usize) -> u32 {
        (room * self.talking + at) as u32
    }

    /// The talkers that a guest should hear: those of its room but itself.
    pub fn audible(&self, guest: &Guest) -> impl Iterator<Item = u32> {
        let (room, own) = (guest.room, guest.talker);
        let heard = if guest.subscribes { self.talking } else { 0 };
        let first = self.talker(room, 0);
        (first..first + heard as u32).filter(move |t| Some(*t) != own)
    }

    pub fn token(&self, guest: &Guest) -> String {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        self.operator.token(&format!("loadgen-{}-{}", self.run, guest.room), &guest.identity, now)
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;

    pub fn plan() -> Plan {
        Plan {
            server: "127.0.0.1:1".parse().unwrap(),
            operator: Operator { key: "k".into(), secret: "s".into() },
            run: 7,
            rooms: 2,
            publishers: 3,
            subscribers: 4,
            talking: 2,
            mesh: false,
            seconds: 1,
            join_rate: 10.0,
            threads: 1,
        }
    }

    #[test]
    fn publishers_come_first_and_rooms_take_turns() {
        let guests = plan().guests();
        assert_eq!(guests.len(), plan().total());
        assert!(guests[..6].iter().all(|g| g.publishes) && guests[6..].iter().all(|g| !g.publishes));
        let rooms: Vec<usize> = guests[..4].iter().map(|g| g.room).collect();
        assert_eq!(rooms, [0, 1, 0, 1]);
    }

    #[test]
    fn talkers_have_numbers_of_their_own() {
        let mut talkers: Vec<u32> = plan().guests().iter().filter_map(|g| g.talker).collect();
        talkers.sort_unstable();
        assert_eq!(talkers, [0, 1, 2, 3]);
    }

    #[test]
    fn a_guest_hears_the_talkers_of_its_room() {
        let guests = plan().guests();
        let heard = |guest: &Guest, plan: &Plan| plan.audible(guest).collect::<Vec<u32>>();
        let last = guests.last().unwrap();
        assert_eq!((last.room, heard(last, &plan())), (1, vec![2, 3]));
        assert!(heard(&guests[0], &plan()).is_empty());
        let mesh = Plan { mesh: true, ..plan() };
        assert_eq!(heard(&mesh.guests()[0], &mesh), [1]);
    }
}
