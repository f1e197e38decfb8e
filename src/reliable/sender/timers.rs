//! The timers that a protocol has started, by deadline.

use super::super::moment::Moment;
use super::super::protocol::Timer;
use std::collections::{BTreeMap, BTreeSet};

/// The running timers. A timer whose segment has not left yet has no deadline.
#[derive(Debug, Default)]
pub(super) struct Timers {
    deadlines: BTreeMap<Timer, Option<Moment>>,
    by_deadline: BTreeSet<(Moment, Timer)>,
}

impl Timers {
    /// Starts a timer, or restarts it.
    pub(super) fn start(&mut self, timer: Timer, deadline: Option<Moment>) {
        self.stop(timer);
        self.deadlines.insert(timer, deadline);
        self.by_deadline
            .extend(deadline.map(|deadline| (deadline, timer)));
    }

    pub(super) fn stop(&mut self, timer: Timer) {
        if let Some(Some(deadline)) = self.deadlines.remove(&timer) {
            self.by_deadline.remove(&(deadline, timer));
        }
    }

    pub(super) fn is_running(&self, timer: Timer) -> bool {
        self.deadlines.contains_key(&timer)
    }

    /// The deadline of the next one.
    pub(super) fn next(&self) -> Option<Moment> {
        self.by_deadline.first().map(|(deadline, _)| *deadline)
    }

    /// One that has expired by now.
    pub(super) fn expired(&self, now: Moment) -> Option<Timer> {
        let (deadline, timer) = self.by_deadline.first()?;
        (*deadline <= now).then_some(*timer)
    }
}
