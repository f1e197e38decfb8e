//! The address of the other side, and the validation of a new one.
//!
//! A NAT router that forgets its mapping gives a client another UDP port in the middle of
//! a transfer. The token says that a packet belongs to the transfer, but anybody who has
//! seen a packet can send its copy from elsewhere. Therefore data moves to a new address
//! only after a challenge that was sent there has been answered from there.
//!
//! ```text
//!   newest packet from a new address --> challenge to it, again after a timeout
//!                                        meanwhile data goes to the old address
//!   the response, from there, the right nonce --> data moves
//!   a newer packet from the old address       --> the new one is given up
//! ```
//!
//! Until then no more than three times the bytes that came from the new address go there.
//! The driver knows addresses; here an address is any type that can be compared.
//!
//! Source: RFC 9000 §8.1 (amplification), §8.2 (path validation), §9.3 (migration).

use super::moment::Moment;
use super::retry::Retry;
use crate::wire::packet::Nonce;
use std::time::Duration;

/// The other side's address, and a candidate for a new one.
#[derive(Debug)]
pub struct Path<A> {
    current: Option<A>,
    /// The time stamp of the newest packet from there, by the other side's clock.
    newest_at: u32,
    /// No packet has come from there yet.
    is_assumed: bool,
    candidate: Option<Candidate<A>>,
}

#[derive(Debug)]
struct Candidate<A> {
    address: A,
    newest_at: u32,
    nonce: Nonce,
    retry: Retry,
    /// Bytes that may still be sent there.
    allowance: usize,
}

/// A challenge to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Challenge<A> {
    /// Where it goes.
    pub to: A,
    /// The value of the challenge.
    pub nonce: Nonce,
    /// 1 for the first transmission.
    pub attempt: u8,
}

/// The properties of a packet that matter here.
#[derive(Debug, Clone, Copy)]
pub struct Heard<A> {
    /// Its source address.
    pub from: A,
    /// Its time stamp, by the other side's clock.
    pub sent_at: u32,
    /// The length of the datagram.
    pub bytes: usize,
}

/// Bytes that may be sent to an address for each byte that came from it.
const AMPLIFICATION: usize = 3;

/// Whether `sent_at` is not older than `other`. Serial arithmetic (RFC 1982): time stamps
/// wrap after 71 minutes.
const fn is_newer(sent_at: u32, other: u32) -> bool {
    sent_at.wrapping_sub(other) <= u32::MAX / 2
}

impl<A> Default for Path<A> {
    fn default() -> Self {
        Self {
            current: None,
            newest_at: 0,
            is_assumed: false,
            candidate: None,
        }
    }
}

impl<A: Copy + Eq> Path<A> {
    /// The address to which data is sent.
    #[must_use]
    pub const fn current(&self) -> Option<A> {
        self.current
    }

    /// The address of the other side by another connection; the first packet confirms or
    /// corrects it.
    pub const fn assume(&mut self, address: A) {
        self.current = Some(address);
        self.is_assumed = true;
    }

    /// A packet of the handshake: the newest one determines the address of the other
    /// side. Returns `true` if the address has changed. Before the connection is open,
    /// the handshake limits the packets to that address.
    pub fn on_opening(&mut self, from: A, sent_at: u32) -> bool {
        let is_first = self.current.is_none() || std::mem::take(&mut self.is_assumed);
        if !is_first && !is_newer(sent_at, self.newest_at) {
            return false;
        }
        self.newest_at = sent_at;
        self.current
            .replace(from)
            .is_some_and(|before| before != from)
    }

    /// Whether a packet from this address shows nothing new: data is sent there, and no
    /// other address is being challenged.
    pub fn expects(&mut self, from: A, sent_at: u32) -> bool {
        let is_expected = self.current == Some(from) && self.candidate.is_none();
        if is_expected {
            self.newest_at = sent_at;
        }
        is_expected
    }

    /// A packet of the open connection. If its address is new, `draw` makes a nonce, or
    /// `None` if the system has no random numbers.
    pub fn on_packet(
        &mut self,
        heard: Heard<A>,
        round_trip: Option<Duration>,
        draw: impl FnOnce() -> Option<Nonce>,
        now: Moment,
    ) {
        let Heard {
            from,
            sent_at,
            bytes,
        } = heard;
        let is_first = std::mem::take(&mut self.is_assumed);
        if self.current == Some(from) {
            if is_first || is_newer(sent_at, self.newest_at) {
                self.newest_at = sent_at;
            }
            self.candidate
                .take_if(|candidate| is_newer(sent_at, candidate.newest_at));
            return;
        }
        if !is_first && !is_newer(sent_at, self.newest_at) {
            return;
        }
        let credit = bytes.saturating_mul(AMPLIFICATION);
        if let Some(candidate) = &mut self.candidate {
            if candidate.address == from {
                candidate.newest_at = sent_at;
                candidate.allowance = candidate.allowance.saturating_add(credit);
                return;
            }
            if !is_newer(sent_at, candidate.newest_at) {
                return;
            }
        }
        self.candidate = draw().map(|nonce| Candidate {
            address: from,
            newest_at: sent_at,
            nonce,
            retry: Retry::new(round_trip, now),
            allowance: credit,
        });
    }

    /// A response to a challenge. Returns `true` if it is correct: data is sent to the
    /// new address from now on.
    pub fn on_response(&mut self, from: A, nonce: Nonce) -> bool {
        let is_right = |it: &mut Candidate<A>| it.address == from && it.nonce == nonce;
        let Some(candidate) = self.candidate.take_if(is_right) else {
            return false;
        };
        self.current = Some(candidate.address);
        self.newest_at = candidate.newest_at;
        true
    }

    /// The challenge to send now, of this many bytes, if one is due and allowed.
    pub fn poll(&mut self, bytes: usize, now: Moment) -> Option<Challenge<A>> {
        self.candidate
            .take_if(|candidate| candidate.retry.is_over(now));
        let candidate = self.candidate.as_mut()?;
        candidate.retry.on_timeout(now);
        let left = candidate.allowance.checked_sub(bytes)?;
        let attempt = candidate.retry.poll(now)?;
        candidate.allowance = left;
        Some(Challenge {
            to: candidate.address,
            nonce: candidate.nonce,
            attempt,
        })
    }

    /// The time of the next poll.
    #[must_use]
    pub fn next_timeout(&self) -> Option<Moment> {
        self.candidate.as_ref()?.retry.next_timeout()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An address here is a port.
    fn heard(from: u16, sent_at: u32) -> Heard<u16> {
        Heard {
            from,
            sent_at,
            bytes: 48,
        }
    }

    fn hear(path: &mut Path<u16>, from: u16, sent_at: u32) {
        path.on_packet(
            heard(from, sent_at),
            None,
            || Some([from.to_be_bytes()[1]; 8]),
            Moment::START,
        );
    }

    fn open_at_one() -> Path<u16> {
        let mut path = Path::default();
        assert!(!path.on_opening(1, u32::MAX - 5));
        path
    }

    #[test]
    fn during_the_handshake_the_newest_packet_determines_the_address_of_the_peer() {
        let mut path = open_at_one();
        assert!(!path.on_opening(1, u32::MAX));
        assert!(path.on_opening(2, 3)); // The clock has wrapped.
        assert!(!path.on_opening(1, u32::MAX - 1)); // It was delayed.
        assert_eq!(path.current(), Some(2));
        assert!(path.on_opening(1, 4));
    }

    #[test]
    fn data_moves_to_a_new_address_only_after_it_has_answered_the_challenge() {
        let mut path = open_at_one();
        hear(&mut path, 2, 7);
        assert_eq!(path.current(), Some(1));
        let challenge = path.poll(44, Moment::START).unwrap();
        assert_eq!((challenge.to, challenge.attempt), (2, 1));
        assert_eq!(path.poll(44, Moment::START), None, "once at a time");
        assert!(!path.on_response(2, [9; 8]), "another nonce");
        assert!(!path.on_response(3, challenge.nonce), "another address");
        assert!(!path.on_response(1, challenge.nonce), "the old address");
        assert_eq!(path.current(), Some(1));
        assert!(path.on_response(2, challenge.nonce));
        assert_eq!(path.current(), Some(2));
        assert!(!path.on_response(2, challenge.nonce), "it is used up");
        hear(&mut path, 1, 6);
        assert_eq!(path.poll(44, Moment::START), None, "an old packet");
    }

    #[test]
    fn an_unvalidated_address_receives_at_most_three_times_the_bytes_that_it_sent() {
        for bytes in [44, 60, 145] {
            let mut path = open_at_one();
            hear(&mut path, 2, 7);
            let (mut now, mut sent) = (Moment::START, 0);
            for _ in 0..100 {
                sent += path.poll(bytes, now).map_or(0, |_| bytes);
                now = path.next_timeout().unwrap_or(now);
            }
            assert!(sent <= 3 * 48, "{sent} bytes");
            assert_eq!(sent, 3 * 48 / bytes * bytes);
            path.on_packet(heard(2, 8), None, || None, now);
            assert!(path.poll(bytes, now).is_some(), "it may send more again");
        }
    }

    #[test]
    fn a_newer_packet_from_the_old_address_cancels_the_path_validation() {
        let mut path = open_at_one();
        hear(&mut path, 2, 7);
        hear(&mut path, 1, 6); // It was overtaken.
        let challenge = path.poll(44, Moment::START).unwrap();
        hear(&mut path, 1, 8);
        assert!(!path.on_response(2, challenge.nonce));
        assert_eq!(path.next_timeout(), None);
        hear(&mut path, 2, 7);
        assert_eq!(path.poll(44, Moment::START), None);
    }

    #[test]
    fn the_newest_of_two_new_addresses_is_challenged_and_given_up_without_an_answer() {
        let mut path = open_at_one();
        hear(&mut path, 2, 7);
        hear(&mut path, 3, 9);
        hear(&mut path, 2, 8);
        assert_eq!(path.poll(44, Moment::START).unwrap().to, 3);
        let late = Moment::START + Duration::from_secs(31);
        assert_eq!(path.poll(44, late), None);
        assert_eq!(path.next_timeout(), None);
    }
}
