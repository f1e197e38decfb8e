//! Limits how often each address may do something: a leaky bucket for each.
//!
//! ```text
//!   take, cost --> [ bucket of this address ] --> 1 s per second out
//!                    fuller than the capacity: refused
//! ```
//!
//! The content of a bucket is the time in which it drains. It reads no clock.
//!
//! Source: Kurose & Ross §9.5.2 (leaky bucket).

use crate::reliable::moment::Moment;
use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

/// The buckets of all addresses.
#[derive(Debug)]
pub(super) struct Buckets {
    /// A bucket that contains more refuses.
    capacity: Duration,
    /// The time when the bucket of each address will be empty.
    empty_at: HashMap<IpAddr, Moment>,
}

/// Above this number of addresses, empty buckets are forgotten.
const MANY_ADDRESSES: usize = 1_024;

impl Buckets {
    /// Empty ones.
    pub(super) fn new(capacity: Duration) -> Self {
        Self {
            capacity,
            empty_at: HashMap::new(),
        }
    }

    /// Whether the bucket of this address accepts more; if so, `cost` is added.
    pub(super) fn take(&mut self, address: IpAddr, cost: Duration, now: Moment) -> bool {
        if self.empty_at.len() >= MANY_ADDRESSES {
            self.empty_at.retain(|_, empty_at| *empty_at > now);
        }
        let empty_at = self.empty_at.entry(address).or_insert(now);
        let content = (*empty_at).max(now) - now;
        if content > self.capacity {
            return false;
        }
        *empty_at = now + content + cost;
        true
    }

    /// Takes out what was added.
    pub(super) fn give_back(&mut self, address: IpAddr, cost: Duration) {
        if let Some(empty_at) = self.empty_at.get_mut(&address) {
            *empty_at = Moment::START + empty_at.since_start().saturating_sub(cost);
        }
    }
}
