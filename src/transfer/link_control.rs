//! The faults that a user injects into a transfer's link while it runs, and requests to
//! watch it.
//!
//! ```text
//!   user --> inbox of sender-3 or receiver-3 --> link, and the events that report it
//! ```

use super::Report;
use super::packet_output::{PacketOutput, change};
use super::watch::Watch;
use crate::link::{Direction, Label, Link, Scenario};
use crate::reliable::Machine;
use crate::reliable::event::PacketName;
use crate::reliable::moment::Moment;

/// A fault that a user injects into a running transfer's link.
#[derive(Debug, Clone, PartialEq)]
pub enum LinkControl {
    /// Lose this packet, if it is in this side's link now; the answer is
    /// [`Report::Killed`].
    ///
    /// [`Report::Killed`]: super::Report::Killed
    Kill(Label),
    /// Replace this side's link.
    Change(Box<Scenario>),
    /// Report all events from now on, without delay.
    Watch,
}

/// The parts of one side of a transfer that fault injection changes.
pub(super) struct ControlledLinks<'a, M, T> {
    /// The output, which contains the outgoing link.
    pub(super) packet_output: &'a mut PacketOutput,
    /// The incoming link.
    pub(super) incoming: &'a mut Option<Link<T>>,
    pub(super) connection: &'a mut M,
    pub(super) watch: &'a mut Watch,
    /// The scenario; a lost packet is added to its `drop=`.
    pub(super) scenario: &'a mut Scenario,
    /// The outgoing and the incoming direction.
    pub(super) ways: [Direction; 2],
}

impl<M: Machine, T: Clone> ControlledLinks<'_, M, T> {
    /// Injects the requested fault; returns what to report. `name` decodes a packet of
    /// the incoming link.
    pub(super) fn apply(
        self,
        link_control: LinkControl,
        name: impl FnOnce(&T) -> Option<PacketName>,
        now: Moment,
    ) -> Option<Report> {
        let [out, back] = self.ways;
        self.watch.look(self.connection, self.packet_output, now);
        match link_control {
            LinkControl::Kill(label) => {
                let away = self.packet_output.kill(label).map(|packet| (packet, out));
                let held = self.incoming.as_mut().and_then(|link| link.kill(label));
                let coming = held.and_then(|it| name(&it)).map(|packet| (packet, back));
                let mut is_killed = false;
                for (packet, way) in away.into_iter().chain(coming) {
                    self.watch.killed(packet, way, now);
                    is_killed = true;
                }
                if is_killed {
                    self.scenario.lose(label);
                }
                return Some(Report::Killed(label, is_killed));
            }
            LinkControl::Change(scenario) => {
                self.packet_output.change(&scenario, now);
                change(self.incoming, &scenario, back, now);
                self.watch.changed(&scenario, now);
                *self.scenario = *scenario;
            }
            LinkControl::Watch => {
                self.watch.begin();
                self.connection.listen();
                self.watch.look(self.connection, self.packet_output, now);
                // The link may have been replaced since the beginning.
                self.watch.changed(self.scenario, now);
            }
        }
        None
    }
}
