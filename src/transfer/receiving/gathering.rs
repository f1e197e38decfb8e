//! A short wait, so that one receive returns many datagrams.
//!
//! Source: report chapter `speed`.

use super::super::batch::Incoming;
use super::ReceiverDriver;
use std::time::Duration;

/// The time for which datagrams gather: at full speed some dozens, a small part of the
/// socket's buffer.
const GATHERING: Duration = Duration::from_micros(100);

/// If fewer are expected, the sender's window is small, and the sender would soon wait.
const WORTH_GATHERING: u32 = 16;

impl<R> ReceiverDriver<R> {
    /// Waits for more datagrams if the sender does not wait for an ACK. A thread that
    /// wakes for each datagram takes the processor from the sender and the disk thread.
    pub(super) fn gather(&self, incoming: &Incoming) {
        if incoming.gathers() && self.connection.arrivals_awaited() >= WORTH_GATHERING {
            // Nothing is ever sent on this channel: it is a wait that ends by timeout.
            let _ = crossbeam_channel::after(GATHERING).recv();
        }
    }
}
