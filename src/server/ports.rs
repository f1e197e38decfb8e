//! The ports of transfers, and the queue of transfers that wait for one.
//!
//! A firewall must know the ports, so there are few of them, and users share them. When
//! all are in use, a transfer waits. The next port goes to the user who holds the fewest;
//! among these to the one whose last turn was longest ago. A client holds at most half of
//! the ports and an address at most three quarters, so that a new user finds one. The
//! port that was unused longest is taken first, so that a late packet of an old transfer
//! rarely meets a new one.
//!
//! ```text
//! dana waits with 7, 8, 9; guy with 10       order [7, 10, 8, 9]
//! next -> (7, 55000)    next -> (10, 55001)    next -> none: dana holds half of two
//! ```
//!
//! It does not open sockets: a caller that finds its port in use by another program
//! reports this, and gets another port.
//!
//! ```
//! use sash::server::ports::{PortRange, Ports, User};
//! let range: PortRange = "55000-55001".parse().unwrap();
//! let mut ports = Ports::new(range);
//! let dana = User { client: 1, household: None };
//! ports.wait(7, dana);
//! assert_eq!(ports.next(), Some((7, 55_000)));
//! assert_eq!(ports.next(), None);
//! ```
//!
//! Source: RFC 6335 §6 (55000-55015 are dynamic ports); RFC 970 (fair queueing).

use crate::room::ClientNumber;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap, HashSet, VecDeque};
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// The ports that transfers may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PortRange {
    /// Ports that the system chooses.
    Any,
    /// These, both ends included.
    Between {
        /// At least 1.
        first: u16,
        /// At least `first`.
        last: u16,
    },
}

impl PortRange {
    /// The default.
    pub const DEFAULT: Self = Self::Between {
        first: 55_000,
        last: 55_015,
    };
}

/// The user of a transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct User {
    /// The client.
    pub client: ClientNumber,
    /// The address of one household: an IPv4 address, or an IPv6 prefix with the rest 0.
    /// `None` for the server's own computer, on which a whole class may be tried.
    pub household: Option<IpAddr>,
}

/// Free ports, and transfers that wait for one, by their numbers.
#[derive(Debug)]
pub struct Ports {
    range: PortRange,
    free: VecDeque<u16>,
    held_elsewhere: Vec<u16>,
    holders: BTreeMap<u64, User>,
    queue: BTreeMap<u64, User>,
    /// The count of all assigned ports when a user last got one.
    last_turns: HashMap<User, u64>,
    turns: u64,
}

/// The rank of a waiting transfer; the smallest is served next.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    /// The number of ports of the address.
    household: usize,
    /// The number of ports of the client.
    client: usize,
    last_turn: u64,
    transfer: u64,
}

/// The number of ports that each has, or would have.
#[derive(Debug, Clone, Default)]
struct Tally {
    by_client: HashMap<ClientNumber, usize>,
    by_household: HashMap<IpAddr, usize>,
    last_turns: HashMap<User, u64>,
    turns: u64,
}

impl Ports {
    /// All of the range is free.
    #[must_use]
    pub fn new(range: PortRange) -> Self {
        let free = match range {
            PortRange::Any => VecDeque::new(),
            PortRange::Between { first, last } => (first..=last).collect(),
        };
        Self {
            range,
            free,
            held_elsewhere: Vec::new(),
            holders: BTreeMap::new(),
            queue: BTreeMap::new(),
            last_turns: HashMap::new(),
            turns: 0,
        }
    }

    /// Adds a transfer of this user that needs a port, behind the user's others.
    pub fn wait(&mut self, transfer: u64, user: User) {
        self.queue.insert(transfer, user);
    }

    /// The next transfer and its port, which is in use from now on. Port 0 means that the
    /// system chooses.
    #[expect(
        clippy::should_implement_trait,
        reason = "a queue that refills has no end"
    )]
    pub fn next(&mut self) -> Option<(u64, u16)> {
        let transfer = self.tally().next(&self.users(), self.most())?;
        let port = match self.range {
            PortRange::Any => 0,
            PortRange::Between { .. } => self.free.pop_front()?,
        };
        let user = self.queue.remove(&transfer)?;
        self.turns += 1;
        self.last_turns.insert(user, self.turns);
        self.holders.insert(transfer, user);
        Some((transfer, port))
    }

    /// The first of these transfers whose port would go to a user without a port, or of an
    /// address with fewer ports.
    #[must_use]
    pub fn first_to_yield(&self, mut running: impl Iterator<Item = u64>) -> Option<u64> {
        let (tally, users) = (self.tally(), self.users());
        running.find(|transfer| {
            self.holders.get(transfer).is_some_and(|user| {
                let mut without = tally.clone();
                without.give_back(*user);
                let next = without.next(&users, self.most());
                let heir = next.and_then(|next| self.queue.get(&next));
                heir.is_some_and(|heir| {
                    let [own, theirs] = [user, heir].map(|it| tally.held(*it));
                    theirs[0] == 0 || theirs[1] + 1 < own[1]
                })
            })
        })
    }

    /// The number of ports, if it is limited.
    #[must_use]
    pub fn count(&self) -> Option<usize> {
        match self.range {
            PortRange::Any => None,
            PortRange::Between { first, last } => Some(usize::from(last - first) + 1),
        }
    }

    /// The limits of the ports of a client and of an address.
    fn most(&self) -> [usize; 2] {
        self.count().map_or([usize::MAX; 2], |count| {
            [count.div_ceil(2), (3 * count).div_ceil(4)]
        })
    }

    /// Another program uses that port: the transfer waits again, and the port is not used
    /// until [`Ports::retry`].
    pub fn pass_over(&mut self, transfer: u64, port: u16) {
        if let Some(user) = self.holders.remove(&transfer) {
            self.last_turns.remove(&user);
            self.queue.insert(transfer, user);
        }
        self.held_elsewhere.push(port);
    }

    /// Ports that other programs used may be free now.
    pub fn retry(&mut self) {
        self.free.extend(self.held_elsewhere.drain(..));
    }

    /// A transfer has ended: its port is free.
    pub fn release(&mut self, transfer: u64, port: u16) {
        self.holders.remove(&transfer);
        match self.range {
            PortRange::Any => {}
            PortRange::Between { .. } => self.free.push_back(port),
        }
    }

    /// This transfer does not need a port any more.
    pub fn leave(&mut self, transfer: u64) {
        self.queue.remove(&transfer);
    }

    /// This client needs no ports any more.
    pub fn forget(&mut self, client: ClientNumber) {
        self.last_turns.retain(|user, _| user.client != client);
    }

    /// The number of transfers that wait.
    #[must_use]
    pub fn count_waiting(&self) -> usize {
        self.queue.len()
    }

    /// How many times all ports must become free until each waiting user has had one.
    #[must_use]
    pub fn rounds(&self) -> usize {
        let waiting: HashSet<_> = self.queue.values().collect();
        self.count()
            .map_or(0, |count| waiting.len().div_ceil(count))
    }

    /// Whether anybody but this user waits.
    #[must_use]
    pub fn others_wait(&self, user: User) -> bool {
        self.queue.values().any(|waiting| *waiting != user)
    }

    /// The waiting transfers and their positions; 1 is the next.
    #[must_use]
    pub fn places(&self) -> Vec<(u64, u32)> {
        let mut tally = self.tally();
        let mut users = self.users();
        // A rank only grows while others are served, so an outdated one is noticed when
        // it comes first.
        let first = |user| Reverse((Rank::default(), user));
        let mut ranks: BinaryHeap<_> = users.keys().copied().map(first).collect();
        let order = std::iter::from_fn(|| {
            loop {
                let Reverse((rank, user)) = ranks.pop()?;
                let Some(now) = tally.rank(user, users.get(&user)?) else {
                    continue; // This user has no waiting transfer any more.
                };
                if now == rank {
                    users.get_mut(&user)?.pop_front();
                    tally.take(user);
                    ranks.push(Reverse((now, user)));
                    return Some(now.transfer);
                }
                ranks.push(Reverse((now, user)));
            }
        });
        order.zip(1..).collect()
    }

    /// The position of this transfer, if it waits.
    #[must_use]
    pub fn place(&self, transfer: u64) -> Option<u32> {
        self.queue.get(&transfer)?;
        let places = self.places();
        let own = places.iter().find(|(waiting, _)| *waiting == transfer);
        own.map(|(_, place)| *place)
    }

    fn tally(&self) -> Tally {
        let mut tally = Tally::default();
        self.holders.values().for_each(|user| tally.take(*user));
        tally.last_turns.clone_from(&self.last_turns);
        tally.turns = self.turns;
        tally
    }

    /// The waiting transfers of each user, the oldest first.
    fn users(&self) -> BTreeMap<User, VecDeque<u64>> {
        let mut users: BTreeMap<User, VecDeque<u64>> = BTreeMap::new();
        for (transfer, user) in &self.queue {
            users.entry(*user).or_default().push_back(*transfer);
        }
        users
    }
}

impl Tally {
    /// The transfer whose turn it is, of those users who may have one more.
    fn next(
        &self,
        users: &BTreeMap<User, VecDeque<u64>>,
        most: [usize; 2],
    ) -> Option<u64> {
        let ranks = users.iter().filter_map(|(user, waiting)| {
            let rank = self.rank(*user, waiting)?;
            (rank.client < most[0] && rank.household < most[1]).then_some(rank)
        });
        ranks.min().map(|rank| rank.transfer)
    }

    /// The rank of the oldest of these transfers of this user.
    fn rank(&self, user: User, waiting: &VecDeque<u64>) -> Option<Rank> {
        let [client, household] = self.held(user);
        Some(Rank {
            household,
            client,
            last_turn: self.last_turns.get(&user).copied().unwrap_or(0),
            transfer: *waiting.front()?,
        })
    }

    fn held(&self, user: User) -> [usize; 2] {
        let by_client = self.by_client.get(&user.client);
        let by_household = user.household.and_then(|it| self.by_household.get(&it));
        [by_client, by_household].map(|held| held.copied().unwrap_or(0))
    }

    fn take(&mut self, user: User) {
        *self.by_client.entry(user.client).or_default() += 1;
        if let Some(household) = user.household {
            *self.by_household.entry(household).or_default() += 1;
        }
        self.turns += 1;
        self.last_turns.insert(user, self.turns);
    }

    fn give_back(&mut self, user: User) {
        let by_client = self.by_client.get_mut(&user.client);
        let by_household = user.household.and_then(|it| self.by_household.get_mut(&it));
        for held in by_client.into_iter().chain(by_household) {
            *held -= 1;
        }
    }
}

impl fmt::Display for PortRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => write!(f, "0"),
            Self::Between { first, last } => write!(f, "{first}-{last}"),
        }
    }
}

impl FromStr for PortRange {
    type Err = PortRangeError;

    fn from_str(text: &str) -> Result<Self, PortRangeError> {
        let refusal = || PortRangeError(text.to_owned());
        if text == "0" {
            return Ok(Self::Any);
        }
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        let first: u16 = first.trim().parse().map_err(|_| refusal())?;
        let last: u16 = last.trim().parse().map_err(|_| refusal())?;
        if first == 0 || last < first {
            return Err(refusal());
        }
        Ok(Self::Between { first, last })
    }
}

/// A text that is no range of ports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PortRangeError(String);

impl fmt::Display for PortRangeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(text) = self;
        write!(
            f,
            "cannot read the ports {text:?}: write A-B with 1 <= A <= B <= 65535, or 0 \
             for any free port"
        )
    }
}

impl std::error::Error for PortRangeError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn two_ports() -> Ports {
        Ports::new(PortRange::Between {
            first: 100,
            last: 101,
        })
    }

    const fn user(client: ClientNumber) -> User {
        let household = None;
        User { client, household }
    }

    fn four_ports() -> Ports {
        Ports::new(PortRange::Between {
            first: 100,
            last: 103,
        })
    }

    #[test]
    fn users_are_served_in_turn_and_a_user_without_a_port_comes_first() {
        let mut ports = four_ports();
        for transfer in 1..=16 {
            ports.wait(transfer, user(1));
        }
        // Half of the ports remain for others, who get them at once.
        assert_eq!(ports.next(), Some((1, 100)));
        assert_eq!(ports.next(), Some((2, 101)));
        assert_eq!(ports.next(), None);
        ports.wait(17, user(2));
        assert_eq!(ports.places()[..3], [(17, 1), (3, 2), (4, 3)]);
        assert_eq!(ports.next(), Some((17, 102)));
        assert_eq!(ports.next(), None);
        ports.wait(18, user(3));
        ports.wait(19, user(3));
        ports.wait(20, user(4));
        assert_eq!(ports.places()[..4], [(18, 1), (20, 2), (19, 3), (3, 4)]);
        assert_eq!(ports.next(), Some((18, 103)));
        assert_eq!(ports.next(), None);
        // Among equals the one whose last turn was longest ago.
        ports.release(1, 100);
        assert_eq!(ports.next(), Some((20, 100)));
        ports.release(20, 100);
        ports.wait(21, user(4));
        ports.release(2, 101);
        assert_eq!(ports.next(), Some((3, 100)));
    }

    #[test]
    fn one_address_may_hold_three_quarters_of_the_ports_with_any_number_of_clients() {
        let mut ports = four_ports();
        let stranger = |client, last| User {
            client,
            household: Some(IpAddr::from([192, 0, 2, last])),
        };
        for transfer in 1..=64 {
            ports.wait(transfer, stranger(transfer, 1));
        }
        let first: Vec<_> = std::iter::from_fn(|| ports.next()).collect();
        assert_eq!(first, [(1, 100), (2, 101), (3, 102)]);
        ports.wait(65, stranger(65, 2));
        assert_eq!(ports.places()[0], (65, 1));
        assert_eq!(ports.next(), Some((65, 103)));
    }

    #[test]
    fn a_port_passes_on_to_a_user_without_one_or_of_an_address_with_fewer() {
        let mut ports = four_ports();
        for (transfer, client) in [(1, 1), (2, 1), (3, 2), (4, 2), (5, 1), (6, 2)] {
            ports.wait(transfer, user(client));
        }
        while ports.next().is_some() {}
        assert_eq!(ports.first_to_yield(1..=6), None);
        ports.wait(7, user(3));
        assert_eq!(ports.first_to_yield([5, 2, 1].into_iter()), Some(2));
        ports.release(2, 101);
        assert_eq!(ports.next(), Some((7, 101)));
        // Client 2 has two ports, client 1 has one and waits: each has its share.
        assert_eq!(ports.first_to_yield(1..=7), None);
        let stranger = |client, last| User {
            client,
            household: Some(IpAddr::from([192, 0, 2, last])),
        };
        let mut ports = four_ports();
        (1..=3).for_each(|it| ports.wait(it, stranger(it, 1)));
        while ports.next().is_some() {}
        (4..=5).for_each(|it| ports.wait(it, stranger(4, 2)));
        while ports.next().is_some() {}
        assert_eq!(ports.first_to_yield(1..=3), Some(1));
        ports.release(1, 100);
        assert_eq!(ports.next(), Some((5, 100)));
        assert_eq!(ports.first_to_yield(1..=5), None);
        ports.wait(6, stranger(5, 2));
        assert_eq!(ports.first_to_yield([4, 2].into_iter()), Some(4));
    }

    #[test]
    fn the_places_of_many_users_are_those_in_which_they_are_served() {
        let mut ports = four_ports();
        for transfer in 1..=60 {
            let household = (transfer % 3 > 0).then(|| {
                let last = u8::try_from(transfer % 5).unwrap();
                IpAddr::from([192, 0, 2, last])
            });
            let client = transfer % 15;
            ports.wait(transfer, User { client, household });
        }
        assert_eq!((ports.count_waiting(), ports.rounds()), (60, 4));
        let places = ports.places();
        assert_eq!(places.len(), 60);
        let mut served = Vec::new();
        let mut tally = ports.tally();
        let mut users = ports.users();
        while let Some(transfer) = tally.next(&users, [usize::MAX; 2]) {
            let user = ports.queue[&transfer];
            users.get_mut(&user).unwrap().pop_front();
            tally.take(user);
            served.push(transfer);
        }
        let told: Vec<u64> = places.iter().map(|(transfer, _)| *transfer).collect();
        assert_eq!(told, served);
        assert_eq!(places[59].1, 60);
    }

    #[test]
    fn a_transfer_that_leaves_the_queue_moves_the_others_up() {
        let mut ports = two_ports();
        (1..=4).for_each(|transfer| ports.wait(transfer, user(transfer)));
        ports.leave(1);
        ports.leave(3);
        assert_eq!(ports.places(), [(2, 1), (4, 2)]);
        assert!(ports.others_wait(user(2)));
        ports.leave(4);
        assert!(!ports.others_wait(user(2)));
    }

    #[test]
    fn a_port_in_use_by_another_program_is_skipped_and_tried_again_later() {
        let mut ports = two_ports();
        ports.wait(1, user(1));
        assert_eq!(ports.next(), Some((1, 100)));
        ports.pass_over(1, 100);
        assert_eq!(ports.next(), Some((1, 101)));
        ports.pass_over(1, 101);
        assert_eq!(ports.next(), None);
        assert_eq!(ports.places(), [(1, 1)]);
        ports.retry();
        assert_eq!(ports.next(), Some((1, 100)));
    }

    #[test]
    fn the_port_that_has_been_free_for_the_longest_time_is_used_first() {
        let mut ports = two_ports();
        (1..=2).for_each(|transfer| ports.wait(transfer, user(transfer)));
        assert_eq!(ports.next(), Some((1, 100)));
        ports.release(1, 100);
        assert_eq!(ports.next(), Some((2, 101)));
    }

    #[test]
    fn with_an_unlimited_port_range_no_transfer_waits() {
        let mut ports = Ports::new(PortRange::Any);
        for transfer in 1..=100 {
            ports.wait(transfer, user(1));
            assert_eq!(ports.next(), Some((transfer, 0)));
        }
        ports.release(1, 40_000);
        assert_eq!(ports.next(), None);
    }

    #[test]
    fn a_port_range_is_parsed_and_an_invalid_one_is_reported() {
        for text in ["0", "55000-55015", "7-7"] {
            assert_eq!(text.parse::<PortRange>().unwrap().to_string(), text);
        }
        assert_eq!("7".parse::<PortRange>().unwrap().to_string(), "7-7");
        for text in ["", "a", "0-5", "5-4", "1-70000", "-5", "1-2-3"] {
            let error = text.parse::<PortRange>().unwrap_err();
            assert!(error.to_string().contains(&format!("{text:?}")));
        }
    }
}
