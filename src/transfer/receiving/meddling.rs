//! What a person does to a running receiver's link: a packet killed, other conditions.

use super::super::Report;
use super::super::hand::{self, Hand};
use super::Shell;
use crate::link::Direction;
use crate::reliable::Machine;
use crate::reliable::event::PacketName;
use crate::wire::packet::Packet;

impl<R: FnMut(Report)> Shell<R> {
    /// A person meddles with the link, or wants to see what happens.
    pub(super) fn meddle(&mut self, hand: Hand) {
        let now = self.clock.now();
        self.watch.look(&mut self.connection, now);
        match hand {
            Hand::Kill(label) => {
                let away = self.carrier.kill(label);
                if let Some(packet) = away {
                    self.watch.killed(packet, Direction::Ack, now);
                }
                let coming = self.incoming.as_mut().and_then(|link| link.kill(label));
                let coming = coming
                    .and_then(|it| Some(PacketName::from(&Packet::decode(&it).ok()?.0)));
                if let Some(packet) = coming {
                    self.watch.killed(packet, Direction::Data, now);
                }
                let is_killed = away.is_some() || coming.is_some();
                if is_killed {
                    self.job.scenario.lose(label);
                }
                (self.report)(Report::Killed(label, is_killed));
            }
            Hand::Change(scenario) => {
                self.carrier.change(&scenario, now);
                let (link, way) = (&mut self.incoming, Direction::Data);
                hand::change(link, &scenario, way, now);
                self.watch.changed(&scenario, now);
                self.job.scenario = *scenario;
            }
            Hand::Watch => {
                self.watch.begin();
                self.connection.listen();
                self.watch.look(&mut self.connection, now);
                // It may have been another one in the beginning.
                self.watch.changed(&self.job.scenario, now);
            }
        }
    }
}
