//! Limits the DATA that leave for a port before anything came from there.
//!
//! A request of a hundred bytes may tell any port of its own address, also that of another
//! user behind the same NAT, and causes a first window of up to 88 packets. Clients answer
//! these within a round trip, so a few that are unanswered are enough for a class.
//!
//! ```text
//! download, early --> bucket of this address full? --no--> DATA at once
//!                          ^        |                          |
//!        one less in 10 s -+        '--yes--> waits for a SYN  '--> answered: one less
//! ```
//!
//! Source: RFC 9000 §8.1 (an address is validated before much is sent to it).

use super::super::buckets::Buckets;
use crate::reliable::moment::Moment;
use std::net::IpAddr;
use std::time::Duration;

/// The unanswered transfers of each address.
#[derive(Debug)]
pub(super) struct Unanswered(Buckets);

/// The time in which the bucket drains by one transfer.
const DRAIN_TIME: Duration = Duration::from_secs(10);

/// A bucket accepts 32 transfers, as when a class behind one NAT begins together.
const CAPACITY: Duration = Duration::from_secs(310);

impl Default for Unanswered {
    fn default() -> Self {
        Self(Buckets::new(CAPACITY))
    }
}

impl Unanswered {
    /// Whether a transfer to this address may begin before an answer; if so, it is counted.
    pub(super) fn may_begin(&mut self, address: IpAddr, now: Moment) -> bool {
        self.0.take(address, DRAIN_TIME, now)
    }

    /// A counted transfer was answered.
    pub(super) fn answered(&mut self, address: IpAddr) {
        self.0.give_back(address, DRAIN_TIME);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_does_not_answer_gets_few_first_windows_and_one_that_does_gets_all()
    {
        let mut unanswered = Unanswered::default();
        let [silent, other] = [1, 2].map(|it| IpAddr::from([192, 0, 2, it]));
        let mut now = Moment::START + Duration::from_secs(1_000);
        let begun = (0..100).filter(|_| unanswered.may_begin(silent, now));
        assert_eq!(begun.count(), 32);
        for _ in 0..100 {
            assert!(unanswered.may_begin(other, now));
            unanswered.answered(other);
        }
        now += Duration::from_secs(20);
        let begun = (0..100).filter(|_| unanswered.may_begin(silent, now));
        assert_eq!(begun.count(), 2);
    }
}
