//! One protocol at one P, N and a, run with the state machines: the measurement for a
//! formula.
//!
//! A DATA packet has 1,000 bits on a wire of 1 Mbit/s, so that a transmission is a
//! millisecond and `delay=5ms` is a = 5. Measured is from the first DATA to the last ACK.
//!
//! ```text
//!   setting      timer                         window sent        lost
//!   textbook     1 + 2a, from each sending     spread             DATA
//!   bursts       the same                      in one go          DATA
//!   real-timer   RFC 6298, from each ACK       spread             DATA
//!   lossy-acks   the same                      spread             DATA and ACKs
//! ```
//!
//! Sack has its own timer and thresholds in every setting, so no formula is exact for it.
//! Every setting has a fixed window, one ACK per packet, and a sender directly at the
//! wire. If the window does not fill the round trip, packets are spread, one each
//! (1+2a)/N, as the formulas assume without saying it.
//!
//! ```
//! use sash::lab::theory::cell::{Cell, Setting};
//! use sash::wire::options::Arq;
//! let cell = Cell { arq: Arq::StopAndWait, loss: 0.1, window: 1, a: 2.0 };
//! let link = cell.experiment(Setting::Textbook, 0.05).scenario.to_string();
//! assert_eq!(link, "seed=1;data.loss=10%;data.rate=1mbit;delay=2ms");
//! ```
//!
//! Source: report chapter `theory`.

use super::window::{round_trip, spacing};
use super::{efficiency, stall};
use crate::lab::run::{Experiment, Stuck};
use crate::link::UDP_AND_IP_BYTES;
use crate::reliable::round_trip::Timing;
use crate::wire::options::{Arq, Congestion};
use crate::wire::packet::HEADER_BYTES;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// The experiment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cell {
    /// The protocol.
    pub arq: Arq,
    /// P: the share of DATA packets that are lost, 0 up to but without 1.
    pub loss: f64,
    /// N. Unit: packets. Stop-and-wait's is 1.
    pub window: u32,
    /// Propagation one way. Unit: transmissions.
    pub a: f64,
}

/// Which assumptions of the textbook hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Setting {
    /// All.
    Textbook,
    /// All but the spread window, which leaves in a burst.
    Bursts,
    /// All but the timer, which is the real one.
    RealTimer,
    /// The real timer, and ACKs are lost as often as DATA is.
    LossyAcks,
}

/// A DATA packet's time on the wire.
pub const TRANSMISSION: Duration = Duration::from_millis(1);

/// A DATA packet's length on the wire, headers of UDP and IP included: a transmission at
/// 1 Mbit/s. Unit: bytes.
const BYTES_ON_THE_WIRE: usize = 125;

#[expect(clippy::cast_possible_truncation, reason = "61, seen by the compiler")]
const SEGMENT_BYTES: u16 = (BYTES_ON_THE_WIRE - UDP_AND_IP_BYTES - HEADER_BYTES) as u16;

impl Cell {
    /// The value of the plain formula.
    #[must_use]
    pub fn formula(&self) -> f64 {
        efficiency(self.arq, self.loss, self.window, self.a)
    }

    /// The reference value: the formula, or for selective repeat, where the formula is
    /// only a bound, the model with the wait at the window's base.
    #[must_use]
    pub fn reference(&self) -> f64 {
        match self.arq {
            Arq::StopAndWait | Arq::GoBackN => self.formula(),
            Arq::SelectiveRepeat | Arq::Sack => {
                stall::efficiency(self.loss, self.window, self.a)
            }
        }
    }

    /// The run that measures it; `error` is the requested standard error, as a share of
    /// the result.
    ///
    /// # Panics
    /// Never: the scenario is written here.
    #[must_use]
    pub fn experiment(&self, setting: Setting, error: f64) -> Experiment {
        let percent = 100.0 * self.loss;
        let loss = match setting {
            Setting::Textbook | Setting::Bursts | Setting::RealTimer => "data.loss",
            Setting::LossyAcks => "loss",
        };
        let link = format!(
            "seed=1;{loss}={percent}%;data.rate=1mbit;delay={}ms",
            self.a
        );
        let timing = match (self.arq, setting) {
            (
                Arq::StopAndWait | Arq::GoBackN | Arq::SelectiveRepeat,
                Setting::Textbook | Setting::Bursts,
            ) => Timing::Fixed(TRANSMISSION.mul_f64(round_trip(self.a))),
            (Arq::Sack, _) | (_, Setting::RealTimer | Setting::LossyAcks) => {
                Timing::Adaptive {
                    least: TRANSMISSION,
                }
            }
        };
        let spacing = match setting {
            Setting::Bursts => TRANSMISSION,
            Setting::Textbook | Setting::RealTimer | Setting::LossyAcks => {
                TRANSMISSION.mul_f64(spacing(self.window, self.a))
            }
        };
        Experiment {
            scenario: link.parse().expect("it is written above"),
            arq: self.arq,
            window: self.window,
            congestion: Congestion::Fixed,
            size: self.packets(error) * u64::from(SEGMENT_BYTES),
            segment_bytes: SEGMENT_BYTES,
            timing,
            acknowledgement_delay: Duration::ZERO,
            spacing,
            ..Experiment::small()
        }
    }

    /// The number of packets, so that chance and the last round trip contribute at most
    /// `error`.
    ///
    /// With q = 1-P, a packet is lost P/q times on average, and that number varies by
    /// sqrt(P)/q. A share of the time, f, is spent on losses; so n packets take their
    /// mean time to within f / sqrt(nP).
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "some hundred thousand packets"
    )]
    fn packets(&self, error: f64) -> u64 {
        let without_loss = Self { loss: 0.0, ..*self }.formula();
        let share = match self.arq {
            Arq::StopAndWait => self.loss,
            Arq::GoBackN => 1.0 - self.formula() / without_loss,
            Arq::SelectiveRepeat | Arq::Sack if self.loss == 0.0 => 0.0,
            Arq::SelectiveRepeat | Arq::Sack => MOST_SHARE_STALLED,
        };
        let for_chance = (share / error).powi(2) / self.loss.max(LEAST_LOSS);
        let for_the_end = round_trip(self.a) * without_loss / error;
        for_chance.max(for_the_end).max(LEAST_PACKETS) as u64
    }

    /// The measured efficiency.
    ///
    /// # Errors
    /// [`Stuck`], a bug in a state machine. A file that does not arrive has the
    /// efficiency 0.
    pub fn measure(&self, setting: Setting, error: f64) -> Result<f64, Stuck> {
        let experiment = self.experiment(setting, error);
        let run = experiment.run(|_| ())?;
        if !run.is_identical || run.transferring.is_zero() {
            return Ok(0.0);
        }
        let packets = experiment
            .size
            .div_ceil(u64::from(experiment.segment_bytes));
        #[expect(clippy::cast_precision_loss, reason = "far below 2^52 packets")]
        let sending = packets as f64 * TRANSMISSION.as_secs_f64();
        Ok(sending / run.transferring.as_secs_f64())
    }
}

/// For most cells of selective repeat, more of the time than losses take.
const MOST_SHARE_STALLED: f64 = 0.7;

/// Where fewer are lost, they weigh so little that no more packets are needed.
const LEAST_LOSS: f64 = 0.01;

/// No fewer packets, so that a cell without loss is more than its first round trips.
const LEAST_PACKETS: f64 = 1_000.0;

impl Setting {
    /// All, in the order in which they leave the textbook behind.
    pub const ALL: [Self; 4] = [
        Self::Textbook,
        Self::Bursts,
        Self::RealTimer,
        Self::LossyAcks,
    ];

    /// Its name: `real-timer`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Textbook => "textbook",
            Self::Bursts => "bursts",
            Self::RealTimer => "real-timer",
            Self::LossyAcks => "lossy-acks",
        }
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Setting {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let named = Self::ALL.into_iter().find(|setting| setting.name() == text);
        named.ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            format!("unknown setting {text:?}: choose one of {names}")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assert_near(cell: Cell, expected: f64) {
        let found = cell.measure(Setting::Textbook, 0.01).unwrap();
        let off = (found / expected - 1.0).abs();
        assert!(off < 0.03, "{cell:?}: {found}, expected {expected}");
    }

    #[test]
    fn stop_and_wait_is_as_efficient_as_its_formula() {
        for (loss, a) in [(0.0, 0.0), (0.0, 5.0), (0.3, 0.0), (0.3, 2.0)] {
            let cell = Cell {
                arq: Arq::StopAndWait,
                loss,
                window: 1,
                a,
            };
            assert_near(cell, cell.formula());
        }
    }

    #[test]
    fn go_back_n_is_as_efficient_as_its_formula() {
        for (window, a) in [(4, 0.0), (16, 2.0), (4, 5.0), (8, 2.0)] {
            let cell = Cell {
                arq: Arq::GoBackN,
                loss: 0.1,
                window,
                a,
            };
            assert_near(cell, cell.formula());
        }
    }

    #[test]
    fn selective_repeat_is_as_efficient_as_its_model_and_stays_below_its_bound() {
        for (window, a) in [(2, 0.5), (4, 0.0), (8, 2.0), (16, 10.0)] {
            let cell = Cell {
                arq: Arq::SelectiveRepeat,
                loss: 0.1,
                window,
                a,
            };
            assert_near(cell, cell.reference());
            assert!(cell.reference() < 1.005 * cell.formula());
        }
    }

    #[test]
    fn a_setting_is_parsed_from_its_name() {
        for setting in Setting::ALL {
            assert_eq!(setting.name().parse(), Ok(setting));
        }
        assert!("plain".parse::<Setting>().is_err());
    }
}
