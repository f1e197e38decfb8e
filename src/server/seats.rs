//! Limits the number of clients, in all and from each address.
//!
//! A client takes a [`Seat`] when it connects, and dropping it reports its address. Only
//! the `accept` thread counts.

use crossbeam_channel::{Receiver, Sender};
use std::collections::HashMap;
use std::net::IpAddr;

/// A place for one client. Dropping it frees the place.
#[derive(Debug)]
pub(super) struct Seat {
    address: IpAddr,
    vacated: Sender<IpAddr>,
}

impl Drop for Seat {
    fn drop(&mut self) {
        let _ = self.vacated.send(self.address);
    }
}

/// The places and their clients.
pub(super) struct Seats {
    limits: SeatLimits,
    taken: HashMap<IpAddr, usize>,
    total: usize,
    vacated: (Sender<IpAddr>, Receiver<IpAddr>),
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
            vacated: crossbeam_channel::unbounded(),
        }
    }

    /// A seat, or a sentence with the reason.
    pub(super) fn take(&mut self, address: IpAddr) -> Result<Seat, &'static str> {
        for left in self.vacated.1.try_iter() {
            self.total -= 1;
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
        Ok(Seat {
            address,
            vacated: self.vacated.0.clone(),
        })
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
