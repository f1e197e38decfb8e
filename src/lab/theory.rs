//! The formulas, and measurements of the state machines.
//!
//! Efficiency is the share of time in which the sender transmits useful packets. Time is
//! counted in transmissions of one DATA packet, so that three numbers are enough:
//!
//! ```text
//!   P  share of DATA packets that are lost       a = propagation / transmission
//!   N  window                                    1 + 2a  from a DATA packet to its ACK
//!
//!   |DATA|---- a ---->|                 a:   packets that fit on the wire one way
//!                     |<---- a ----|ACK      an ACK takes no time to transmit
//! ```
//!
//! | module | is | read with |
//! | --- | --- | --- |
//! | [`window`] | the protocols, plain and with the real timer | Stallings; Tanenbaum §3.4 |
//! | [`stall`] | a separate model of selective repeat with the wait at the window's base | renewal theory |
//! | [`response`] | Mathis, PFTK, CUBIC: the rate by loss and round-trip time | RFC 9438 §5 |
//! | [`path`] | a scenario's line as P, N and a, and the goodput that follows | |
//! | [`cell`](mod@cell) | one P, N and a, run in virtual time | report chapter `theory` |
//! | [`table`] | many cells, as text and CSV | |
//! | [`curve`] | curves and measured points as one picture | |
//!
//! The formulas leave out handshake and ending, and so does the measurement.
//!
//! ```
//! use sash::lab::theory;
//! use sash::wire::options::Arq;
//! let efficiency = theory::efficiency(Arq::GoBackN, 0.1, 16, 2.0);
//! assert_eq!(format!("{efficiency:.3}"), "0.643"); // (1 - P) / (1 + 2aP)
//! ```
//!
//! Source: report chapter `theory`.

pub mod cell;
pub mod curve;
pub mod path;
pub mod response;
pub mod stall;
pub mod table;
pub mod window;

pub use window::efficiency;
