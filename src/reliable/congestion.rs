//! Congestion control: how many packets may be in flight, and how fast they may leave.
//!
//! A controller never sees a packet. It receives the numbers of acknowledged and lost
//! packets, and answers with a window and a rate; [`Flow`](super::flow::Flow) counts and
//! paces for all controllers.
//!
//! ```text
//!   protocol --deliver, lose--> Flow --on_ack, on_signal--> Controller
//!            <-- may I send? --      <--- window, rate ----
//! ```
//!
//! | file | is | source |
//! | --- | --- | --- |
//! | [`fixed`] | a constant window | Kurose & Ross §3.4 |
//! | [`plus_one_minus_three`] | one more per ACK, three fewer per NACK; 8 to 60 | a student project |
//! | [`double_halve`] | doubles per window of ACKs, halves at a loss | a student project |
//! | [`additive`] | one more per ACK, one fewer at a loss | a student project |
//! | [`reno`] | slow start, then one more per round trip; halves at a loss | RFC 5681, 6582 |
//! | [`cubic`] | a cubic function of the time since the last loss | RFC 9438 |
//! | [`bbr`] | a model of the path: rate, least round trip, own loss | draft-ietf-ccwg-bbr |
//!
//! | shared | is | source |
//! | --- | --- | --- |
//! | [`recovery`] | one reaction to one event, however often it is reported | RFC 9002 §7.3.2 |
//! | [`hystart`] | leaving slow start before the queue overflows | RFC 9406 |
//!
//! ```
//! use sash::reliable::congestion::controller;
//! use sash::wire::options::Congestion;
//! let controller = controller(Congestion::Fixed, 16);
//! assert_eq!((controller.window(), controller.pacing_rate()), (16, None));
//! ```
//!
//! Source: Kurose & Ross §3.6, §3.7; RFC 9002 §7 (the contract's shape).

pub mod additive;
pub mod bbr;
pub mod cubic;
pub mod double_halve;
pub mod fixed;
pub mod hystart;
pub mod plus_one_minus_three;
pub mod recovery;
pub mod reno;

#[cfg(test)]
mod test_signals;

use super::moment::Moment;
use crate::wire::options::Congestion;
use std::fmt;
use std::time::Duration;

/// The interface of every controller. Unit of windows: packets; of rates: packets per
/// second.
pub trait Controller: fmt::Debug + Send {
    /// The transfer of this many segments begins, with the round-trip time of the handshake
    /// if it was measured.
    fn on_start(&mut self, _segments: u32, _round_trip: Option<Duration>) {}

    /// New data was acknowledged.
    fn on_ack(&mut self, ack: &Acked);

    /// A signal shows that the path may be congested.
    fn on_signal(&mut self, signal: &Signal);

    /// The sender resumes after a pause or a zero window: its knowledge of the path is
    /// out of date.
    fn on_restart(&mut self, now: Moment);

    /// The largest number of packets in flight, at least 1.
    fn window(&self) -> u32;

    /// The rate at which packets may leave; `None`: as fast as the window allows.
    fn pacing_rate(&self) -> Option<f64>;

    /// The longest file that may leave as a whole before the first ACK, paced, although
    /// the first window is smaller. Unit: packets.
    fn small_file(&self) -> u32 {
        0
    }

    /// The slow-start threshold, if the controller has one.
    fn slow_start_threshold(&self) -> Option<u32> {
        None
    }

    /// Its phase, as event logs show it: `slow-start`, `recovery`...
    fn phase(&self) -> &'static str;
}

/// The packets that one ACK newly acknowledged.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Acked {
    /// The time when the ACK arrived.
    pub now: Moment,
    /// Packets newly acknowledged.
    pub packets: u32,
    /// Packets in flight after it.
    pub in_flight: u32,
    /// The round-trip estimate, including the sample of this ACK.
    pub round_trip: PathTime,
    /// When the newest of the acknowledged packets was sent: recovery is over once it
    /// left after recovery began (RFC 9002 §7.3.2).
    pub newest_sent_at: Moment,
    /// The number of packets in flight when that packet left, including it.
    pub in_flight_when_sent: u32,
    /// Whether the sender was application-limited when that packet left (end of file,
    /// receive window): then this ACK must not grow the window.
    pub is_application_limited: bool,
    /// Packets delivered so far.
    pub delivered: u64,
    /// Packets that had been delivered when that packet left. A round ends when this
    /// reaches the `delivered` of its beginning.
    pub delivered_when_sent: u64,
    /// Packets lost since that packet left.
    pub lost_since: u64,
    /// Packets delivered per second over the last round trip, if it could be measured
    /// (draft-cheng-iccrg-delivery-rate-estimation).
    pub delivery_rate: Option<f64>,
}

/// The round-trip times of the path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PathTime {
    /// The newest sample.
    pub latest: Duration,
    /// Smoothed (RFC 6298 SRTT).
    pub smoothed: Duration,
    /// The least of all samples.
    pub least: Duration,
}

/// A signal of congestion (RFC 9002 §7: congestion signals).
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Signal {
    /// Packets are declared lost: one signal per ACK or timer that revealed it.
    Loss(Lost),
    /// The receiver reported one number newly missing or corrupt (NACK). Only protocols
    /// that do not retransmit because of a NACK pass it on; in the others
    /// [`Signal::Loss`] reports the loss.
    Nack(Moment),
    /// The retransmission timer expired: no ACK arrived in time.
    Timeout(Moment),
}

/// The packets that were declared lost together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lost {
    /// The time when the loss was found.
    pub now: Moment,
    /// The number of packets.
    pub packets: u32,
    /// Packets still in flight after it.
    pub in_flight: u32,
    /// The number of packets in flight when the newest of them left, including it.
    pub in_flight_when_sent: u32,
    /// When the newest of them was sent: a controller reacts only once to losses of
    /// packets that were sent before the window shrank (RFC 9002 §7.3.1).
    pub newest_sent_at: Moment,
    /// When the oldest of them was sent.
    pub oldest_sent_at: Moment,
    /// Packets lost since that packet left, including this group.
    pub lost_since: u64,
    /// The current round-trip estimate.
    pub round_trip: PathTime,
}

/// Makes the controller with this name; its window never exceeds `most`.
#[must_use]
pub fn controller(congestion: Congestion, most: u32) -> Box<dyn Controller> {
    match congestion {
        Congestion::Fixed => Box::new(fixed::Fixed::new(most)),
        Congestion::PlusOneMinusThree => {
            Box::new(plus_one_minus_three::PlusOneMinusThree::new(most))
        }
        Congestion::DoubleHalve => Box::new(double_halve::DoubleHalve::new(most)),
        Congestion::Additive => Box::new(additive::Additive::new(most)),
        Congestion::Reno => Box::new(reno::Reno::new(most)),
        Congestion::Cubic => Box::new(cubic::Cubic::new(most)),
        Congestion::Bbr => Box::new(bbr::Bbr::new(most)),
    }
}

/// The window that a transfer begins with (RFC 6928). Unit: packets.
pub const INITIAL_WINDOW: u32 = 10;

/// A file of no more than this may leave as a whole, if it is paced: at the rate at which
/// BBR starts that takes one round trip. Unit: packets.
pub const SMALL_FILE: u32 = 88;

/// Slow start never ends below this (RFC 5681 §3.1 (4)). Unit: packets.
const LEAST_THRESHOLD: u32 = 2;

/// The spreading of a window over a round trip.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pace {
    /// Slow start: the window may double within a round trip, so pacing permits twice its
    /// rate.
    Doubling,
    /// Otherwise the window hardly changes. Pacing permits a quarter more than its rate,
    /// so that the window and not the pacer limits the sender (RFC 9002 §7.7).
    Steady,
}

/// The rate at which a window leaves; `None` before there is a round trip. Unit: packets
/// per second.
fn pace(window: u32, smoothed: Option<Duration>, how: Pace) -> Option<f64> {
    let seconds = smoothed?.as_secs_f64();
    let share = match how {
        Pace::Doubling => 2.0,
        Pace::Steady => 1.25,
    };
    (seconds > 0.0).then(|| share * f64::from(window) / seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_controllers_except_fixed_are_paced_and_each_reports_its_phase() {
        for (congestion, rate, phase) in [
            (Congestion::Fixed, None, "fixed"),
            (
                Congestion::PlusOneMinusThree,
                Some(200.0),
                "plus-one-minus-three",
            ),
            (Congestion::DoubleHalve, Some(20.0), "double-halve"),
            (Congestion::Additive, Some(80.0), "additive"),
            (Congestion::Reno, Some(200.0), "slow-start"),
            (Congestion::Cubic, Some(200.0), "slow-start"),
        ] {
            let mut controller = controller(congestion, 64);
            controller.on_start(1_000, Some(Duration::from_millis(100)));
            let told = (controller.pacing_rate(), controller.phase());
            assert_eq!(told, (rate, phase), "{congestion}");
            assert_eq!(controller.slow_start_threshold(), None, "{congestion}");
        }
    }
}
