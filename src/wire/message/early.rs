//! A download that tells the client's UDP port, so that the server begins without a SYN.
//!
//! Source: report page `wire`, early DATA.

use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A client's socket for a download, bound before the request.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Early {
    /// Its UDP port.
    pub port: u16,
    /// The round trip of the chat connection. Unit: microseconds.
    pub round_trip_us: u32,
}

impl Early {
    /// Port and round trip, where they are possible: ports below 1024 belong to services
    /// (RFC 6335 §6), and a round trip of a second or more is not believed.
    #[must_use]
    pub fn plausible(self) -> Option<(u16, Duration)> {
        let Self {
            port,
            round_trip_us,
        } = self;
        let is_possible = port >= 1_024 && (1..1_000_000).contains(&round_trip_us);
        let round_trip = Duration::from_micros(round_trip_us.into());
        is_possible.then_some((port, round_trip))
    }
}
