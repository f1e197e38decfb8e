//! A moment for datagrams that come one by one: a receive then brings many of them.
//!
//! Source: report chapter `speed`.

use super::super::batch::Incoming;
use super::ReceiverDriver;
use std::time::Duration;

/// How long datagrams gather: at full speed some dozens of them, a small part of what the
/// socket's buffer holds.
const GATHERING: Duration = Duration::from_micros(100);

/// Where fewer are awaited the sender's window is small, and soon it would stand still.
const WORTH_GATHERING: u32 = 16;

impl<R> ReceiverDriver<R> {
    /// Leaves datagrams that come one by one a moment to gather, where the sender waits for
    /// no word from here: a thread that wakes for each of them takes the processor away
    /// from those who send and write.
    pub(super) fn gather(&self, incoming: &Incoming) {
        if incoming.gathers() && self.connection.arrivals_awaited() >= WORTH_GATHERING {
            // Nothing is ever sent here: a wait that the clock ends.
            let _ = crossbeam_channel::after(GATHERING).recv();
        }
    }
}
