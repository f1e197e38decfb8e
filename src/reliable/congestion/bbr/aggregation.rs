//! How far ACKs come in clumps, as behind a Wi-Fi access point.
//!
//! Source: draft-ietf-ccwg-bbr §5.5.9 (extra_acked).

use super::super::Acked;
use super::path::Path;
use crate::reliable::moment::Moment;

/// How far ACKs come in clumps: what is then in flight beyond the model's.
#[derive(Debug, Default)]
pub(super) struct Aggregation {
    since: Option<Moment>,
    packets: f64,
    /// The largest excess by halves of a filter: the last ten rounds and those before.
    largest: [f64; 2],
    renewed: u64,
}

impl Aggregation {
    /// Compares what was delivered since the clump began with what the rate explains.
    pub(super) fn on_ack(&mut self, ack: &Acked, path: &Path) {
        let Some(rate) = path.rate() else { return };
        if self.since.is_none() {
            self.packets = 0.0;
        }
        let since = *self.since.get_or_insert(ack.now);
        let explained = rate * (ack.now - since).as_secs_f64();
        if self.packets <= explained {
            (self.since, self.packets) = (Some(ack.now), 0.0);
        }
        self.packets += f64::from(ack.packets);
        let explained = rate * (ack.now - self.since.unwrap_or(ack.now)).as_secs_f64();
        let excess = (self.packets - explained).max(0.0);
        if path.rounds() >= self.renewed + 10 {
            self.renewed = path.rounds();
            self.largest = [0.0, self.largest[0]];
        }
        self.largest[0] = self.largest[0].max(excess);
    }

    /// More is sent than the rate: what comes then is no clump.
    pub(super) fn pause(&mut self) {
        self.since = None;
    }

    /// The largest excess of the last ten to twenty rounds. Unit: packets.
    pub(super) fn excess(&self) -> f64 {
        self.largest[0].max(self.largest[1])
    }
}
