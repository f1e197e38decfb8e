//! A receiver that hears nothing says again what has arrived.
//!
//! The sender may have lost it: a router on the way may give it another port at any time,
//! and only a packet of its own tells the sender which.

use super::super::moment::Moment;
use super::super::round_trip::LONGEST_TIMEOUT;
use crate::wire::options::Arq;
use std::time::Duration;

/// The ACK of a SYN-ACK is said again after this long, or three round trips, in which
/// nothing has come: by then the server has said its SYN-ACK three times, and may not say
/// it again.
const UNANSWERED: Duration = Duration::from_millis(500);

/// How long it has been quiet, and how long it may be.
#[derive(Debug)]
pub(super) struct Quiet {
    since: Moment,
    longest: Duration,
}

/// Selective repeat speaks after this long without a packet.
const QUIET: Duration = Duration::from_secs(1);

/// Stop-and-wait and go-back-N after three of the sender's longest timeouts: as long as
/// the sender is heard now and then, the textbook's timer alone does the work.
const LONG_QUIET: Duration = LONGEST_TIMEOUT.saturating_mul(3);

impl Quiet {
    pub(super) const fn new(arq: Arq, now: Moment) -> Self {
        let longest = match arq {
            Arq::StopAndWait | Arq::GoBackN => LONG_QUIET,
            Arq::SelectiveRepeat => QUIET,
        };
        Self {
            since: now,
            longest,
        }
    }

    /// One side has spoken.
    pub(super) const fn end(&mut self, now: Moment) {
        self.since = now;
    }

    /// When it has been quiet for long enough behind a SYN-ACK, whatever the protocol.
    pub(super) fn is_enough_of_an_opening(&self, round_trip: Option<Duration>) -> Moment {
        let usual = round_trip.map_or(UNANSWERED, |round_trip| 3 * round_trip);
        self.since + usual.max(UNANSWERED)
    }

    /// When it has been quiet for long enough.
    pub(super) fn is_enough(&self) -> Moment {
        self.since + self.longest
    }
}
