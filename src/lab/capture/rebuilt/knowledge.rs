//! The knowledge of one side of a transfer at a moment: what its next ACK says.
//!
//! Source: report page `wire`, section 9 (ACK and NACK).

use crate::reliable::event::PacketName;
use crate::wire::packet::Kind;

/// The knowledge of one side so far.
#[derive(Debug, Default)]
pub(super) struct Knowledge {
    /// The newest arrival that is answered with an echo: its stamp, and when it came.
    last: Option<(u32, u64)>,
    /// The same of FIN, which a receiver that lacks segments holds.
    fin: Option<(u32, u64)>,
    /// DATA packets that came, duplicates included.
    received: u32,
}

impl Knowledge {
    /// A packet came that left at this stamp.
    pub(super) fn arrive(&mut self, packet: PacketName, left: u32, time_us: u64) {
        match packet.kind {
            Kind::Syn | Kind::SynAck | Kind::Data => self.last = Some((left, time_us)),
            Kind::Fin => self.fin = Some((left, time_us)),
            Kind::Ack | Kind::Nack | Kind::FinAck | Kind::Rst => (),
        }
        if packet.kind == Kind::Data && packet.length > 0 {
            self.received = self.received.wrapping_add(1);
        }
    }

    /// The stamp of what came last, moved on by the time since then.
    pub(super) fn echo(&self, time_us: u64) -> u32 {
        let Some((left, came)) = self.last else {
            return 0;
        };
        left.wrapping_add(stamp(time_us.saturating_sub(came)))
    }

    /// The echo in an ACK that acknowledges FIN: the stamp of what came last.
    pub(super) fn echo_at_the_end(&self) -> u32 {
        let arrivals = [self.last, self.fin].into_iter().flatten();
        let newest = arrivals.max_by_key(|(_, came)| *came);
        newest.map_or(0, |(left, _)| left)
    }

    /// How many DATA packets came.
    pub(super) const fn received(&self) -> u32 {
        self.received
    }
}

/// A moment as a packet's time stamp, which wraps.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a time stamp wraps on purpose"
)]
pub(super) const fn stamp(time_us: u64) -> u32 {
    time_us as u32
}
