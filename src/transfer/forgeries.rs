//! Forged packets of a transfer: the first one is logged, and all are counted.
//!
//! They get no answer and do not end a transfer. An attacker who forges packets at full
//! speed must not fill a log either.

use crate::reliable::event::PacketName;

/// The number of forged packets.
#[derive(Debug, Default)]
pub(super) struct Forgeries(u64);

impl Forgeries {
    /// Counts one.
    pub(super) fn note(&mut self, transfer: u64, packet: PacketName) {
        self.0 += 1;
        let (count, kind) = (self.0, packet.kind);
        if count == 1 {
            log::warn!(
                "transfer {transfer}: ignored a {kind} without a valid MAC: the packet \
                 is forged, or the other side runs an older Sash"
            );
        } else if count.is_power_of_two() {
            log::debug!("transfer {transfer}: {count} packets without a valid MAC");
        }
    }
}
