//! The faults that a user injects into a running receiver's link.

use super::super::Report;
use super::super::link_control::{ControlledLinks, LinkControl};
use super::ReceiverDriver;
use crate::link::Direction;
use crate::reliable::event::PacketName;
use crate::wire::packet::Packet;

impl<R: FnMut(Report)> ReceiverDriver<R> {
    /// Handles a fault that the user injects, or a request to watch.
    pub(super) fn control_link(&mut self, link_control: LinkControl) {
        let controlled_links = ControlledLinks {
            packet_output: &mut self.packet_output,
            incoming: &mut self.incoming,
            connection: &mut self.connection,
            watch: &mut self.watch,
            scenario: &mut self.job.scenario,
            ways: [Direction::Ack, Direction::Data],
        };
        let key = self.key;
        let name = |datagram: &Vec<u8>| {
            let (packet, _) = Packet::decode_keyed(datagram, key.as_ref()).ok()?;
            Some(PacketName::from(&packet))
        };
        if let Some(report) = controlled_links.apply(link_control, name, self.clock.now())
        {
            (self.report)(report);
        }
    }
}
