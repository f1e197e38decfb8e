//! The parameters of the formulas for a transfer: P, N and a from its scenario.
//!
//! ```text
//!   seed=7;loss=5%;delay=20ms;data.rate=5mbit      go-back-n, N = 16, 1,436 file bytes
//!          P = 0.05          \      transmission = 8 (1,436 + 64) / rate = 2.4 ms
//!                      a = 20 ms / transmission = 8.3
//!   goodput = efficiency(P, N, a) times 1,436 bytes a transmission
//! ```
//!
//! A corrupt packet counts as lost. Without a rate a transmission takes almost no time,
//! and the goodput is one window per round trip. Effects of a scenario that the formulas
//! leave out are reported ([`Path::left_out`]), and so is a transfer to which no formula
//! applies ([`Silent`]).
//!
//! ```
//! use sash::lab::theory::path::{Path, Silent};
//! use sash::wire::options::{Arq, Congestion};
//! let path = |line: &str, congestion| {
//!     Path::new(&line.parse().unwrap(), Arq::GoBackN, 16, congestion, 1_436)
//! };
//! let known = path("loss=5%;delay=20ms;data.rate=5mbit", Congestion::Fixed).unwrap();
//! assert_eq!(format!("{:.3} MB/s", known.goodput() / 1e6), "0.294 MB/s");
//! assert_eq!(path("loss=5%", Congestion::Fixed), Err(Silent::NoTime));
//! assert_eq!(path("delay=20ms", Congestion::Reno), Err(Silent::Controller(Congestion::Reno)));
//! ```
//!
//! Source: report chapter `theory`.

use super::window::{efficiency, round_trip};
use crate::lab::journal::Heading;
use crate::link::scenario::Conditions;
use crate::link::{Direction, Scenario, UDP_AND_IP_BYTES};
use crate::wire::options::{Arq, Congestion};
use crate::wire::packet::HEADER_BYTES;
use std::fmt;

/// The parameters of the formulas for a transfer.
#[derive(Debug, Clone, PartialEq)]
pub struct Path {
    /// The protocol.
    pub arq: Arq,
    /// P: the share of DATA packets that do not arrive as they were sent, 0 to 1.
    pub loss: f64,
    /// N. Unit: packets.
    pub window: u32,
    /// Propagation one way. Unit: transmissions.
    pub a: f64,
    /// A DATA packet's time on the wire. Unit: seconds.
    transmission: f64,
    /// File bytes in a DATA packet.
    file_bytes: f64,
    /// The other effects of the scenario.
    pub left_out: Vec<&'static str>,
}

/// The reason why no formula applies to a transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Silent {
    /// The formulas assume a fixed window.
    Controller(Congestion),
    /// The formulas assume independent losses.
    Burst,
    /// The formulas assume a link without outages.
    Outage,
    /// The link's line names neither a delay nor a rate: perfect, or a real path that no
    /// line describes.
    NoTime,
    /// The link's line cannot be read.
    NoScenario,
}

/// The rate of a link without one, so that a transmission takes almost no time. Unit:
/// bits per second.
const BOUNDLESS_RATE: f64 = 1e12;

impl Path {
    /// The transfer of a journal over this link: that of the heading, or a later one of
    /// the user.
    ///
    /// # Errors
    /// As [`Path::new`], and where the scenario cannot be read.
    pub fn under(heading: &Heading, scenario: &str) -> Result<Self, Silent> {
        let scenario = scenario.parse().map_err(|_| Silent::NoScenario)?;
        let Heading {
            arq,
            window,
            congestion,
            segment_bytes,
            ..
        } = *heading;
        Self::new(&scenario, arq, window, congestion, segment_bytes)
    }

    /// A transfer over this link with this many file bytes in a DATA packet.
    ///
    /// # Errors
    /// [`Silent`]: where the formulas suppose what is not so.
    pub fn new(
        scenario: &Scenario,
        arq: Arq,
        window: u32,
        congestion: Congestion,
        segment_bytes: u16,
    ) -> Result<Self, Silent> {
        let (there, back) = (
            scenario.conditions(Direction::Data),
            scenario.conditions(Direction::Ack),
        );
        if congestion != Congestion::Fixed {
            return Err(Silent::Controller(congestion));
        }
        if there.burst.is_some() {
            return Err(Silent::Burst);
        }
        if there.outage.or(back.outage).is_some() {
            return Err(Silent::Outage);
        }
        let both_ways = (there.delay + back.delay).as_secs_f64();
        if there.rate.is_none() && both_ways == 0.0 {
            return Err(Silent::NoTime);
        }
        #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
        let rate = there.rate.map_or(BOUNDLESS_RATE, |rate| rate as f64);
        let file_bytes = f64::from(segment_bytes);
        let transmission = 8.0 * (file_bytes + HEADERS) / rate;
        Ok(Self {
            arq,
            loss: there.loss + there.corrupt - there.loss * there.corrupt,
            window,
            a: both_ways / 2.0 / transmission,
            transmission,
            file_bytes,
            left_out: left_out(there, back),
        })
    }

    /// New file bytes per second.
    #[must_use]
    pub fn goodput(&self) -> f64 {
        let efficiency = efficiency(self.arq, self.loss, self.window, self.a);
        efficiency * self.file_bytes / self.transmission
    }

    /// The formula that holds here, in the textbook's letters.
    #[must_use]
    pub fn formula(&self) -> &'static str {
        let fills_the_wire = f64::from(self.window) >= round_trip(self.a);
        match (self.arq, fills_the_wire) {
            (Arq::StopAndWait, _) => "(1-P)/(1+2a)",
            (Arq::GoBackN, true) => "(1-P)/(1+2aP)",
            (Arq::GoBackN, false) => "N(1-P)/((1+2a)(1-P+NP))",
            (Arq::SelectiveRepeat | Arq::Sack, true) => "1-P",
            (Arq::SelectiveRepeat | Arq::Sack, false) => "N(1-P)/(1+2a)",
        }
    }
}

/// Those of a DATA packet, and of UDP and IP around it. Unit: bytes.
#[expect(clippy::cast_precision_loss, reason = "64 bytes")]
const HEADERS: f64 = (HEADER_BYTES + UDP_AND_IP_BYTES) as f64;

/// The effects of the link that the formulas do not include.
fn left_out(there: &Conditions, back: &Conditions) -> Vec<&'static str> {
    let ways = [there, back];
    let any = |has: fn(&Conditions) -> bool| ways.into_iter().any(has);
    let loses_acks = back.loss > 0.0 || back.corrupt > 0.0 || back.burst.is_some();
    let words = [
        (loses_acks, "lost ACKs"),
        (any(|way| !way.jitter.is_zero()), "jitter"),
        (any(|way| way.reorder > 0.0), "reordering"),
        (any(|way| way.duplicate > 0.0), "duplicates"),
        (any(|way| !way.drops.is_empty()), "drops by name"),
    ];
    let there_is = words.into_iter().filter(|(is_so, _)| *is_so);
    there_is.map(|(_, word)| word).collect()
}

impl fmt::Display for Path {
    /// The formula and its numbers: `(1-P)/(1+2aP) with P = 5%, a = 8.3`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Three digits: 0.29999 is 30 %, and half a percent is not nothing.
        let percent = (self.loss * 1e5).round() / 1e3;
        write!(f, "{} with P = {percent}%", self.formula())?;
        if self.transmission > 8.0 * HEADERS / BOUNDLESS_RATE * 1e3 {
            write!(f, ", a = {:.1}", self.a)?;
        } else {
            f.write_str(", a without bound (no rate)")?;
        }
        if let [first @ .., last] = &self.left_out[..] {
            let before = first.join(", ");
            let and = if first.is_empty() { "" } else { " and " };
            write!(f, ", without {before}{and}{last}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Silent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Controller(controller) => {
                write!(
                    f,
                    "it assumes a fixed window, but here {controller} controls \
                           the window"
                )
            }
            Self::Burst => f.write_str("it assumes independent losses, not bursts"),
            Self::Outage => f.write_str("it does not consider outages"),
            Self::NoTime => f.write_str("the scenario has neither a delay nor a rate"),
            Self::NoScenario => f.write_str("the scenario is invalid"),
        }
    }
}

impl std::error::Error for Silent {}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(line: &str, arq: Arq, window: u32) -> Result<Path, Silent> {
        let scenario = line.parse().unwrap();
        Path::new(&scenario, arq, window, Congestion::Fixed, 1_436)
    }

    #[test]
    fn without_loss_a_wide_window_fills_the_link_with_payload() {
        for arq in [Arq::GoBackN, Arq::SelectiveRepeat] {
            let path = path("delay=10ms;rate=8mbit", arq, 1_000).unwrap();
            let share = 1_436.0 / (1_436.0 + HEADERS);
            assert!((path.goodput() / (1e6 * share) - 1.0).abs() < 1e-9, "{arq}");
        }
    }

    #[test]
    fn without_a_rate_limit_one_window_is_delivered_per_round_trip() {
        let path = path("delay=20ms", Arq::SelectiveRepeat, 16).unwrap();
        let expected = 16.0 * 1_436.0 / 0.040;
        assert!((path.goodput() / expected - 1.0).abs() < 1e-4);
        let said = "N(1-P)/(1+2a) with P = 0%, a without bound (no rate)";
        assert_eq!(path.to_string(), said);
    }

    #[test]
    fn a_corrupted_packet_counts_as_a_lost_packet_in_the_formula() {
        let path = path("loss=10%;corrupt=10%;delay=1ms", Arq::StopAndWait, 1).unwrap();
        assert!((path.loss - 0.19).abs() < 1e-12);
    }

    #[test]
    fn different_delays_per_direction_add_up_to_one_round_trip() {
        let round = |line| path(line, Arq::StopAndWait, 1).unwrap().goodput();
        let (even, odd) = (round("delay=20ms"), round("data.delay=30ms;ack.delay=10ms"));
        assert!((even - odd).abs() < 1e-6);
    }

    #[test]
    fn the_parameters_that_the_formula_ignores_are_named() {
        let line = "loss=0.5%;delay=10ms;data.rate=5mbit;jitter=1ms;drop=d0.1";
        let said = path(line, Arq::GoBackN, 16).unwrap().to_string();
        assert_eq!(
            said,
            "(1-P)/(1+2aP) with P = 0.5%, a = 4.2, without lost ACKs, jitter and drops by \
             name"
        );
        let said = path("data.loss=30%;delay=1ms;rate=12mbit", Arq::StopAndWait, 1);
        assert_eq!(
            said.unwrap().to_string(),
            "(1-P)/(1+2a) with P = 30%, a = 1.0"
        );
    }

    #[test]
    fn a_link_without_a_formula_gives_a_reason() {
        for (line, why) in [
            ("perfect", Silent::NoTime),
            ("loss=5%", Silent::NoTime),
            ("delay=1ms;burst=1%/25%", Silent::Burst),
            ("delay=1ms;outage=2s/5s", Silent::Outage),
        ] {
            assert_eq!(path(line, Arq::GoBackN, 16), Err(why), "{line}");
        }
    }
}
