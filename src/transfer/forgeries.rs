//! Packets of a transfer that somebody else made up: the first is told, all are counted.
//!
//! They are answered by nothing, and end nothing. One who forges packets as fast as a
//! network carries them shall not fill a log either.

use crate::reliable::event::PacketName;

/// How many there were.
#[derive(Debug, Default)]
pub(super) struct Forgeries(u64);

impl Forgeries {
    /// One more.
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
