//! Measures ACK aggregation: ACKs that arrive in clumps, as behind a Wi-Fi access point.
//!
//! Source: draft-ietf-ccwg-bbr §5.5.9 (`extra_acked`).

use super::super::Acked;
use super::path::Path;
use crate::reliable::moment::Moment;
use std::time::Duration;

/// The size of the clumps in which ACKs arrive: the packets in flight beyond those of the
/// model.
#[derive(Debug, Default)]
pub(super) struct Aggregation {
    since: Option<Moment>,
    packets: f64,
    /// The largest excess of the last ten rounds, and of the ten rounds before.
    largest: [f64; 2],
    renewed: u64,
}

/// Clumps of ACKs enlarge the window by at most this share of the bandwidth-delay
/// product.
const MOST_EXCESS_SHARE: f64 = 0.25;

/// On a short path a window of a few clumps costs nothing, and a sender whose thread
/// wakes late needs it. Unit: packets.
const LEAST_EXCESS: f64 = 2.0;

/// Clumps may always add the packets of this time: a Wi-Fi access point transmits every
/// few milliseconds, and on a short path this interval, or the receiver's timer, is
/// longer than the rest of the round trip. With a smaller window the sender would wait
/// for every clump.
const MOST_EXCESS_TIME: Duration = Duration::from_millis(16);

impl Aggregation {
    /// Compares the packets delivered since the clump began with those that the rate
    /// explains.
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

    /// The sender exceeds the rate now, so additional ACKs are no clump.
    pub(super) fn pause(&mut self) {
        self.since = None;
    }

    /// The packets that may be in flight beyond those of the model, at this rate and
    /// bandwidth-delay product.
    pub(super) fn allowed(&self, rate: f64, product: f64) -> f64 {
        let passing = rate * MOST_EXCESS_TIME.as_secs_f64();
        let most = (MOST_EXCESS_SHARE * product).max(passing);
        self.excess().min(most).max(LEAST_EXCESS)
    }

    /// The largest excess of the last ten to twenty rounds. Unit: packets.
    pub(super) fn excess(&self) -> f64 {
        self.largest[0].max(self.largest[1])
    }
}
