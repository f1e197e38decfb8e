//! A receiver that hears nothing says again what has arrived.
//!
//! The sender may have lost it: a router on the way may give it another port at any time,
//! and only a packet of its own tells the sender which.

use super::super::moment::Moment;
use super::super::round_trip::LONGEST_TIMEOUT;
use crate::wire::options::Arq;
use std::time::Duration;

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

    /// When it has been quiet for long enough.
    pub(super) fn is_enough(&self) -> Moment {
        self.since + self.longest
    }
}
