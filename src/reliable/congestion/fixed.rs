//! No congestion control: the window is constant, and nothing is paced.
//!
//! This is the default of the textbook's protocols, so that their measured cost is that
//! of the textbook.
//!
//! Source: Kurose & Ross §3.4.

use super::{Acked, Controller, Signal};
use crate::reliable::moment::Moment;

/// A constant window.
#[derive(Debug)]
pub struct Fixed {
    window: u32,
}

impl Fixed {
    /// A window of this many packets.
    #[must_use]
    pub const fn new(window: u32) -> Self {
        Self { window }
    }
}

impl Controller for Fixed {
    fn on_ack(&mut self, _ack: &Acked) {}

    fn on_signal(&mut self, _signal: &Signal) {}

    fn on_restart(&mut self, _now: Moment) {}

    fn window(&self) -> u32 {
        self.window
    }

    fn pacing_rate(&self) -> Option<f64> {
        None
    }

    fn phase(&self) -> &'static str {
        "fixed"
    }
}
