//! The faults that a user injects into a transfer's link while it runs, and requests to
//! watch it.
//!
//! ```text
//!   person --Hand--> inbox of sender-3 or receiver-3 --> link, and the happenings that tell
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
    /// Lose this packet, if it is in this side's link now; [`Report::Killed`] answers.
    ///
    /// [`Report::Killed`]: super::Report::Killed
    Kill(Label),
    /// This side's link is another from now on.
    Change(Box<Scenario>),
    /// Tell everything that happens from now on, and soon after it did.
    Watch,
}

/// The objects at one side of a transfer on which fault injection acts.
pub(super) struct ControlledLinks<'a, M, T> {
    /// With the link on the way out.
    pub(super) packet_output: &'a mut PacketOutput,
    /// The link on the way in.
    pub(super) incoming: &'a mut Option<Link<T>>,
    pub(super) connection: &'a mut M,
    pub(super) watch: &'a mut Watch,
    /// It grows by what is killed.
    pub(super) scenario: &'a mut Scenario,
    /// Out and in.
    pub(super) ways: [Direction; 2],
}

impl<M: Machine, T: Clone> ControlledLinks<'_, M, T> {
    /// Injects the requested fault; returns what to report. `name` reads what the link on
    /// the way in held.
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
                // It may have been another one in the beginning.
                self.watch.changed(self.scenario, now);
            }
        }
        None
    }
}
