//! What happened in a transfer, gathered for whoever keeps its journal.
//!
//! Nothing is gathered, and the machines record nothing, unless the job is watched.

use super::{Happening, Report};
use crate::link::{Direction, Entered};
use crate::reliable::Machine;
use crate::reliable::event::PacketName;
use crate::reliable::moment::Moment;

/// What one shell has gathered.
#[derive(Debug, Default)]
pub(super) struct Watch {
    is_on: bool,
    happenings: Vec<Happening>,
}

/// Reported together.
const ENOUGH: usize = 512;

impl Watch {
    pub(super) const fn new(is_on: bool) -> Self {
        Self {
            is_on,
            happenings: Vec::new(),
        }
    }

    /// Takes what happened in the machine until `now`.
    pub(super) fn look(&mut self, machine: &mut impl Machine, now: Moment) {
        if self.is_on {
            let events = machine.take_events().into_iter();
            self.happenings
                .extend(events.map(|event| Happening::Machine(now, event)));
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
            self.happenings
                .push(Happening::Carried(now, packet, direction, entered));
        }
    }

    /// What is worth a report; in the end, all of it.
    pub(super) fn report(&mut self, is_end: bool) -> Option<Report> {
        let is_worth_it = is_end || self.happenings.len() >= ENOUGH;
        let is_due = is_worth_it && !self.happenings.is_empty();
        is_due.then(|| Report::Happened(std::mem::take(&mut self.happenings)))
    }
}
