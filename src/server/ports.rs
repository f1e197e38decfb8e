//! The ports that transfers go out from, and the queue of those who wait for one.
//!
//! A firewall must know the ports, so there are few of them. When all are in use, a
//! transfer waits; first come, first served. The port that rested longest is taken first,
//! so that a late packet of an old transfer rarely meets a new one.
//!
//! ```text
//! wait 7, wait 8 -> queue [7, 8]    next -> (7, 55000)    next -> (8, 55001)    next -> none
//! release 55000, wait 9             next -> (9, 55000)
//! ```
//!
//! It does not open sockets: who takes a port and finds it held by another program says
//! so, and gets another one.
//!
//! ```
//! use sash::server::ports::{PortRange, Ports};
//! let range: PortRange = "55000-55001".parse().unwrap();
//! let mut ports = Ports::new(range);
//! ports.wait(7);
//! assert_eq!(ports.next(), Some((7, 55_000)));
//! assert_eq!(ports.next(), None);
//! ```
//!
//! Source: RFC 6335 §6 (55000-55015 lie among the ports that nobody owns).

use std::collections::VecDeque;
use std::fmt;
use std::str::FromStr;

/// Which ports transfers may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PortRange {
    /// Whichever the system gives.
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
    /// Where nothing else is asked for.
    pub const DEFAULT: Self = Self::Between {
        first: 55_000,
        last: 55_015,
    };
}

/// Free ports, and transfers that wait for one, by their numbers.
#[derive(Debug)]
pub struct Ports {
    range: PortRange,
    free: VecDeque<u16>,
    held_elsewhere: Vec<u16>,
    queue: VecDeque<u64>,
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
            queue: VecDeque::new(),
        }
    }

    /// This transfer wants a port; it is the last in line.
    pub fn wait(&mut self, transfer: u64) {
        self.queue.push_back(transfer);
    }

    /// The first in line and its port, which is in use from now on. Port 0 means that the
    /// system shall choose.
    #[expect(
        clippy::should_implement_trait,
        reason = "a queue that refills has no end"
    )]
    pub fn next(&mut self) -> Option<(u64, u16)> {
        let transfer = *self.queue.front()?;
        let port = match self.range {
            PortRange::Any => 0,
            PortRange::Between { .. } => self.free.pop_front()?,
        };
        self.queue.pop_front();
        Some((transfer, port))
    }

    /// Another program holds that port: the transfer is first in line again, and the port
    /// rests until [`Ports::retry`].
    pub fn pass_over(&mut self, transfer: u64, port: u16) {
        self.queue.push_front(transfer);
        self.held_elsewhere.push(port);
    }

    /// Ports that others held may be free by now.
    pub fn retry(&mut self) {
        self.free.extend(self.held_elsewhere.drain(..));
    }

    /// A transfer has ended: its port is free.
    pub fn release(&mut self, port: u16) {
        match self.range {
            PortRange::Any => {}
            PortRange::Between { .. } => self.free.push_back(port),
        }
    }

    /// This transfer does not want a port any more.
    pub fn leave(&mut self, transfer: u64) {
        self.queue.retain(|waiting| *waiting != transfer);
    }

    /// Who waits, and at which place; 1 is the next.
    pub fn places(&self) -> impl Iterator<Item = (u64, u32)> + '_ {
        self.queue.iter().copied().zip(1..)
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
            "ports {text:?} unreadable: write A-B with 1 <= A <= B <= 65535, or 0 for any"
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

    #[test]
    fn whoever_comes_first_is_served_first_and_the_rest_know_their_place() {
        let mut ports = two_ports();
        (1..=4).for_each(|transfer| ports.wait(transfer));
        assert_eq!(ports.next(), Some((1, 100)));
        assert_eq!(ports.next(), Some((2, 101)));
        assert_eq!(ports.next(), None);
        assert_eq!(ports.places().collect::<Vec<_>>(), [(3, 1), (4, 2)]);
        ports.release(101);
        assert_eq!(ports.next(), Some((3, 101)));
        assert_eq!(ports.places().collect::<Vec<_>>(), [(4, 1)]);
    }

    #[test]
    fn whoever_leaves_the_queue_moves_the_others_up() {
        let mut ports = two_ports();
        (1..=4).for_each(|transfer| ports.wait(transfer));
        ports.leave(1);
        ports.leave(3);
        assert_eq!(ports.places().collect::<Vec<_>>(), [(2, 1), (4, 2)]);
    }

    #[test]
    fn a_port_that_another_program_holds_is_passed_over_and_tried_again_later() {
        let mut ports = two_ports();
        ports.wait(1);
        assert_eq!(ports.next(), Some((1, 100)));
        ports.pass_over(1, 100);
        assert_eq!(ports.next(), Some((1, 101)));
        ports.pass_over(1, 101);
        assert_eq!(ports.next(), None);
        assert_eq!(ports.places().collect::<Vec<_>>(), [(1, 1)]);
        ports.retry();
        assert_eq!(ports.next(), Some((1, 100)));
    }

    #[test]
    fn the_port_that_rested_longest_is_taken_first() {
        let mut ports = two_ports();
        (1..=2).for_each(|transfer| ports.wait(transfer));
        assert_eq!(ports.next(), Some((1, 100)));
        ports.release(100);
        assert_eq!(ports.next(), Some((2, 101)));
    }

    #[test]
    fn with_any_port_nobody_waits() {
        let mut ports = Ports::new(PortRange::Any);
        for transfer in 1..=100 {
            ports.wait(transfer);
            assert_eq!(ports.next(), Some((transfer, 0)));
        }
        ports.release(40_000);
        assert_eq!(ports.next(), None);
    }

    #[test]
    fn a_range_is_read_as_it_is_written_and_a_bad_one_is_named() {
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
