//! Limits the number of clients, in all and from each address.
//!
//! A client takes a [`Seat`] when it connects, and dropping it reports its address. Only
//! the `accept` thread counts.
//!
//! A client that reconnects has the rate of the one that left: the next client of this
//! address gets the fullest [`Pace`] that is left there.

use super::pace::Pace;
use crate::transfer::clock::Clock;
use crossbeam_channel::{Receiver, Sender};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::OnceLock;

/// A place for one client. Dropping it frees the place.
#[derive(Debug)]
pub(super) struct Seat {
    /// The clock of [`Seat::pace`].
    pub(super) clock: Clock,
    /// The bucket with which the client begins.
    pub(super) pace: Pace,
    /// The bucket when it ends.
    pub(super) left_pace: OnceLock<Pace>,
    address: IpAddr,
    vacated: Sender<Vacated>,
}

/// The address of a client that has left, and its bucket.
type Vacated = (IpAddr, Option<Pace>);

impl Drop for Seat {
    fn drop(&mut self) {
        let _ = self.vacated.send((self.address, self.left_pace.take()));
    }
}

/// The places and their clients.
pub(super) struct Seats {
    limits: SeatLimits,
    taken: HashMap<IpAddr, usize>,
    total: usize,
    /// The buckets that are not empty, of clients that have left.
    left_paces: HashMap<IpAddr, Vec<Pace>>,
    clock: Clock,
    vacated: (Sender<Vacated>, Receiver<Vacated>),
}

/// The number of places.
#[derive(Debug, Clone, Copy)]
pub(super) struct SeatLimits {
    pub(super) total: usize,
    /// As [`Config::max_per_address`](super::Config::max_per_address).
    pub(super) per_address: Option<usize>,
}

/// The default limit of connections from one address; the server's own computer has no
/// such limit, because a class of clients may be tried on it.
const CONNECTIONS_PER_ADDRESS: usize = 64;

impl Seats {
    pub(super) fn new(limits: SeatLimits) -> Self {
        Self {
            limits,
            taken: HashMap::new(),
            total: 0,
            left_paces: HashMap::new(),
            clock: Clock::start(),
            vacated: crossbeam_channel::unbounded(),
        }
    }

    /// A seat, or a sentence with the reason.
    pub(super) fn take(&mut self, address: IpAddr) -> Result<Seat, &'static str> {
        for (left, pace) in self.vacated.1.try_iter() {
            self.total -= 1;
            if let Some(pace) = pace {
                self.left_paces.entry(left).or_default().push(pace);
            }
            if let Some(count) = self.taken.get_mut(&left) {
                *count -= 1;
                if *count == 0 {
                    self.taken.remove(&left);
                }
            }
        }
        if self.total >= self.limits.total {
            return Err("This server is full. Try again when a user has left.");
        }
        let most = self.limits.per_address(address);
        let from_there = self.taken.entry(address).or_default();
        if *from_there >= most {
            return Err("Too many connections from your address. Close one first.");
        }
        *from_there += 1;
        self.total += 1;
        let pace = self.left_pace(address);
        Ok(Seat {
            clock: self.clock,
            pace,
            left_pace: OnceLock::new(),
            address,
            vacated: self.vacated.0.clone(),
        })
    }

    /// The fullest bucket that is left at this address, or an empty one. Empty ones are
    /// forgotten.
    fn left_pace(&mut self, address: IpAddr) -> Pace {
        let now = self.clock.now();
        self.left_paces.retain(|_, paces| {
            paces.retain(|pace| !pace.is_empty(now));
            !paces.is_empty()
        });
        let left = self.left_paces.get_mut(&address);
        let fullest = left.and_then(|paces| {
            paces.sort_unstable();
            paces.pop()
        });
        fullest.unwrap_or(Pace::new())
    }
}

impl SeatLimits {
    /// The limit of connections from this address.
    pub(super) fn per_address(self, address: IpAddr) -> usize {
        match self.per_address {
            Some(0) => usize::MAX,
            Some(most) => most,
            None if address.is_loopback() => usize::MAX,
            None => CONNECTIONS_PER_ADDRESS,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const STRANGER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
    const LOOPBACK: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    fn seats(total: usize, per_address: Option<usize>) -> Seats {
        Seats::new(SeatLimits { total, per_address })
    }

    #[test]
    fn a_remote_address_has_64_connection_slots_and_a_closed_connection_frees_one() {
        let mut seats = seats(1000, None);
        let mut taken: Vec<Seat> = (0..CONNECTIONS_PER_ADDRESS)
            .map(|_| seats.take(STRANGER).unwrap())
            .collect();
        assert!(seats.take(STRANGER).is_err());
        assert!(seats.take(LOOPBACK).is_ok());
        taken.pop();
        assert!(seats.take(STRANGER).is_ok());
    }

    #[test]
    fn a_client_that_reconnects_continues_with_its_rate() {
        let mut seats = seats(1000, None);
        let flooded = |seats: &mut Seats| {
            let seat = seats.take(STRANGER).unwrap();
            let mut pace = seat.pace;
            let wait = pace.take(0, 90, seat.clock.now());
            seat.left_pace.set(pace).unwrap();
            (seat, wait)
        };
        let (first, wait) = flooded(&mut seats);
        assert!(wait.is_zero(), "{wait:?}");
        drop(first);
        let (again, wait) = flooded(&mut seats);
        assert!(wait > Duration::from_secs(9), "{wait:?}");
        // Others of this address have buckets of their own, and so have other addresses.
        let (other, wait) = flooded(&mut seats);
        assert!(wait.is_zero(), "{wait:?}");
        drop((again, other));
        let elsewhere = IpAddr::from([192, 0, 2, 2]);
        let seat = seats.take(elsewhere).unwrap();
        assert!(seat.pace.is_empty(seat.clock.now()));
        let [fullest, next] = [flooded(&mut seats).1, flooded(&mut seats).1];
        assert!(
            fullest > next + Duration::from_secs(9),
            "{fullest:?} {next:?}"
        );
    }

    #[test]
    fn local_connections_are_limited_only_by_the_total() {
        let mut seats = seats(100, None);
        let taken: Vec<Seat> = (0..100).map(|_| seats.take(LOOPBACK).unwrap()).collect();
        assert!(seats.take(LOOPBACK).is_err());
        drop(taken);
        assert!(seats.take(LOOPBACK).is_ok());
    }

    #[test]
    fn a_configured_limit_applies_to_every_address_and_zero_means_no_limit() {
        for address in [STRANGER, LOOPBACK] {
            let mut two = seats(1000, Some(2));
            let _taken = [two.take(address).unwrap(), two.take(address).unwrap()];
            assert!(two.take(address).is_err());
            let mut many = seats(1000, Some(0));
            let taken: Vec<_> = (0..100).map(|_| many.take(address)).collect();
            assert!(taken.iter().all(Result::is_ok));
        }
    }
}
