//! Gathers the events of a transfer for its event log.
//!
//! Nothing is gathered, and the machines record nothing, unless the job is watched.

use super::{Report, TransferEvent};
use crate::link::{Direction, Entered, Scenario};
use crate::reliable::Machine;
use crate::reliable::event::PacketName;
use crate::reliable::moment::Moment;
use std::time::Duration;

/// The events that one driver has gathered.
#[derive(Debug)]
pub(super) struct Watch {
    is_on: bool,
    /// Somebody looks on: what happened is told at once.
    is_live: bool,
    /// When what happened is told next, however little it is.
    next_report: Moment,
    events: Vec<TransferEvent>,
}

/// Reported together into a journal.
const ENOUGH: usize = 512;

/// Reported together to somebody who looks on, if they come as fast.
const ENOUGH_AT_ONCE: usize = 16_384;

/// The interval of reports to a watcher.
const LIVE_INTERVAL: Duration = Duration::from_millis(50);

impl Watch {
    pub(super) const fn new(is_on: bool) -> Self {
        Self {
            is_on,
            is_live: false,
            next_report: Moment::START,
            events: Vec::new(),
        }
    }

    /// Takes what happened in the machine until `now`.
    pub(super) fn look(&mut self, machine: &mut impl Machine, now: Moment) {
        if self.is_on {
            let events = machine.take_events().into_iter();
            self.events
                .extend(events.map(|event| TransferEvent::Machine(now, event)));
        }
    }

    /// The link has decided about a packet.
    pub(super) fn carried(
        &mut self,
        packet: PacketName,
        direction: Direction,
        entered: Entered,
        now: Moment,
    ) {
        if self.is_on {
            self.events
                .push(TransferEvent::Carried(now, packet, direction, entered));
        }
    }

    /// Somebody wants to see what happens from now on.
    pub(super) const fn begin(&mut self) {
        (self.is_on, self.is_live) = (true, true);
    }

    /// The user dropped a packet in flight.
    pub(super) fn killed(&mut self, packet: PacketName, way: Direction, now: Moment) {
        if self.is_on {
            self.events.push(TransferEvent::Killed(now, packet, way));
        }
    }

    /// A person made the link another one.
    pub(super) fn changed(&mut self, scenario: &Scenario, now: Moment) {
        if self.is_on {
            let scenario = Box::new(scenario.clone());
            self.events.push(TransferEvent::Changed(now, scenario));
        }
    }

    /// The entries to report; at the end, all of them.
    pub(super) fn report(&mut self, is_end: bool, now: Moment) -> Option<Report> {
        let enough = if self.is_live { ENOUGH_AT_ONCE } else { ENOUGH };
        let is_awaited = self.is_live && now >= self.next_report;
        let is_worth_it = is_end || is_awaited || self.events.len() >= enough;
        let is_due = is_worth_it && !self.events.is_empty();
        if is_due {
            self.next_report = now + LIVE_INTERVAL;
        }
        is_due.then(|| Report::Happened(std::mem::take(&mut self.events)))
    }
}
