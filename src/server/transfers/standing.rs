//! The progress of a running transfer, by which its port stays or passes on.

use crate::reliable::moment::Moment;
use crate::wire::message::TransferState;

/// The progress of a running transfer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Standing {
    /// The state that its thread last reported.
    pub(super) state: TransferState,
    /// The time since which it has its port.
    pub(super) since: Moment,
    /// The time of its last progress.
    pub(super) moved_at: Moment,
    /// Unit: bytes.
    acked_bytes: u64,
}

impl Standing {
    /// A transfer that gets its port now.
    pub(super) const fn new(now: Moment) -> Self {
        Self {
            state: TransferState::Opening,
            since: now,
            moved_at: now,
            acked_bytes: 0,
        }
    }

    pub(super) fn note(&mut self, state: TransferState, bytes: u64, now: Moment) {
        self.state = state;
        if self.acked_bytes != bytes {
            self.acked_bytes = bytes;
            self.moved_at = now;
        }
    }
}
