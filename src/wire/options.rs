//! The options of a transfer: its ARQ protocol, transport, window and controller.
//!
//! An option that the client does not request is `None`, and the server fills it from its
//! own defaults; the client's requests have priority. The `offer` contains the result.
//!
//! ```
//! use sash::wire::options::{Arq, RequestedOptions, NegotiatedOptions};
//! let asked = RequestedOptions { arq: Some(Arq::GoBackN), ..RequestedOptions::default() };
//! let settled = asked.negotiate(&NegotiatedOptions::DEFAULT).unwrap();
//! assert_eq!((settled.arq, settled.window), (Arq::GoBackN, 16));
//! ```
//!
//! Source: Kurose & Ross §3.4 (the textbook's three protocols); RFC 2018, 9002 (`sack`).

use serde::{Deserialize, Deserializer, Serialize};
use std::fmt;
use std::str::FromStr;

/// Automatic repeat request: which packets are retransmitted, and when.
///
/// Source: Kurose & Ross §3.4.1 (stop-and-wait), §3.4.3, §3.4.4; RFC 2018, 9002 (`sack`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Arq {
    /// One packet at a time.
    StopAndWait,
    /// A window; a timeout retransmits all of it.
    GoBackN,
    /// A window; individual ACKs, and a timer for each packet.
    SelectiveRepeat,
    /// A window; ACKs with ranges show what is missing, as in TCP and QUIC today.
    Sack,
}

/// The transport of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Transport {
    /// Sash's own protocol in UDP datagrams.
    Udp,
    /// A plain TCP connection, for comparison.
    Tcp,
}

/// Congestion control: the algorithm that limits the packets in flight.
///
/// Source: Kurose & Ross §3.6, §3.7; one file per controller in `reliable/congestion/`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Congestion {
    /// None: the window is constant.
    #[default]
    Fixed,
    /// One more per ACK, three fewer per NACK, between 8 and 60.
    PlusOneMinusThree,
    /// Doubled after a window of ACKs, halved by a loss.
    DoubleHalve,
    /// Starts at four; one more per ACK of new data, smaller after a loss or a timeout.
    Additive,
    /// Reno (RFC 5681, RFC 6582).
    Reno,
    /// CUBIC (RFC 9438) with `HyStart++` (RFC 9406).
    Cubic,
    /// A model of the path: the bottleneck's rate and the least round-trip time.
    Bbr,
}

/// The options that one side requests; `None` leaves the choice to the other side.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestedOptions {
    /// The requested transport.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transport: Option<Transport>,
    /// The requested ARQ protocol.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arq: Option<Arq>,
    /// The window in packets, 1 to [`LARGEST_WINDOW`].
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "window"
    )]
    pub window: Option<u32>,
    /// The congestion controller.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub congestion: Option<Congestion>,
    /// File bytes per DATA packet, 1 to [`LARGEST_SEGMENT_BYTES`].
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "segment_bytes"
    )]
    pub segment_bytes: Option<u16>,
}

/// A number that is too large for the field becomes the largest one, which is also out of
/// range and refused.
fn window<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u32>, D::Error> {
    let number: Option<u64> = Option::deserialize(from)?;
    Ok(number.map(|number| u32::try_from(number).unwrap_or(u32::MAX)))
}

/// As [`window`].
fn segment_bytes<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u16>, D::Error> {
    let number: Option<u64> = Option::deserialize(from)?;
    Ok(number.map(|number| u16::try_from(number).unwrap_or(u16::MAX)))
}

/// The options that both sides will use: every choice made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct NegotiatedOptions {
    /// The transport of the file.
    pub transport: Transport,
    /// The ARQ protocol.
    pub arq: Arq,
    /// The window in packets; the limit of a controller.
    pub window: u32,
    /// The congestion controller.
    #[serde(default)]
    pub congestion: Congestion,
    /// File bytes per DATA packet; the last one of a file may be shorter.
    pub segment_bytes: u16,
}

/// The largest window.
pub const LARGEST_WINDOW: u32 = 8192;

/// The largest number of file bytes in one DATA packet: the payload of a UDP datagram
/// without Sash's header, rounded down.
pub const LARGEST_SEGMENT_BYTES: u16 = 65_000;

/// The default of file bytes per DATA packet: with Sash's header, UDP (8) and IPv4 (20)
/// they fill the MTU of Ethernet, 1,500 bytes.
pub const DEFAULT_SEGMENT_BYTES: u16 = 1_436;

/// File bytes per DATA packet if the path does not carry the default: with Sash's header
/// a datagram of 1,200 bytes, which every path for QUIC carries (RFC 9000 §14).
pub const FALLBACK_SEGMENT_BYTES: u16 = 1_164;

/// The window of a lesson, a transfer with a requested protocol and no other options:
/// small enough to be drawn.
pub const LESSON_WINDOW: u32 = 16;

impl Arq {
    /// All protocols, simplest first.
    pub const ALL: [Self; 4] = [
        Self::StopAndWait,
        Self::GoBackN,
        Self::SelectiveRepeat,
        Self::Sack,
    ];

    /// The name used in flags, messages, journals and the report.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::StopAndWait => "stop-and-wait",
            Self::GoBackN => "go-back-n",
            Self::SelectiveRepeat => "selective-repeat",
            Self::Sack => "sack",
        }
    }

    /// Its explanation, for a user who has to choose.
    #[must_use]
    pub const fn explanation(self) -> &'static str {
        match self {
            Self::StopAndWait => "one packet at a time; the next one waits for the ACK",
            Self::GoBackN => "a window of packets; a timeout retransmits all of them",
            Self::SelectiveRepeat => {
                "a window of packets, each with its own ACK and its own timer"
            }
            Self::Sack => {
                "a window of packets; ACKs show what is missing, as in TCP and QUIC"
            }
        }
    }

    /// The window if only the protocol is requested. Unit: packets.
    #[must_use]
    pub const fn lesson_window(self) -> u32 {
        match self {
            Self::StopAndWait => 1,
            Self::GoBackN | Self::SelectiveRepeat | Self::Sack => LESSON_WINDOW,
        }
    }
}

impl fmt::Display for Arq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Arq {
    type Err = OptionError;

    fn from_str(text: &str) -> Result<Self, OptionError> {
        Self::ALL
            .into_iter()
            .find(|arq| arq.name() == text)
            .ok_or_else(|| OptionError::UnknownArq(text.to_owned()))
    }
}

impl Transport {
    /// The name used in flags and messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Udp => "udp",
            Self::Tcp => "tcp",
        }
    }
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Transport {
    type Err = OptionError;

    fn from_str(text: &str) -> Result<Self, OptionError> {
        match text {
            "udp" => Ok(Self::Udp),
            "tcp" => Ok(Self::Tcp),
            other => Err(OptionError::UnknownTransport(other.to_owned())),
        }
    }
}

impl Congestion {
    /// All controllers, simplest first.
    pub const ALL: [Self; 7] = [
        Self::Fixed,
        Self::PlusOneMinusThree,
        Self::DoubleHalve,
        Self::Additive,
        Self::Reno,
        Self::Cubic,
        Self::Bbr,
    ];

    /// The name used in flags, messages, journals and the report.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fixed => "fixed",
            Self::PlusOneMinusThree => "plus-one-minus-three",
            Self::DoubleHalve => "double-halve",
            Self::Additive => "additive",
            Self::Reno => "reno",
            Self::Cubic => "cubic",
            Self::Bbr => "bbr",
        }
    }

    /// Its explanation, for a user who has to choose.
    #[must_use]
    pub const fn explanation(self) -> &'static str {
        match self {
            Self::Fixed => "the window does not change",
            Self::PlusOneMinusThree => "one more per ACK, three fewer per NACK; 8 to 60",
            Self::DoubleHalve => "doubles without loss, halves at a loss",
            Self::Additive => "starts at 4; one more per ACK, smaller at a loss",
            Self::Reno => "slow start, then one more per round trip; halves at a loss",
            Self::Cubic => "the default of most TCP implementations",
            Self::Bbr => "measures the bottleneck's rate and sends at that rate",
        }
    }
}

impl fmt::Display for Congestion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Congestion {
    type Err = OptionError;

    fn from_str(text: &str) -> Result<Self, OptionError> {
        Self::ALL
            .into_iter()
            .find(|congestion| congestion.name() == text)
            .ok_or_else(|| OptionError::UnknownCongestion(text.to_owned()))
    }
}

impl RequestedOptions {
    /// Fills missing options from `defaults` and checks the others.
    ///
    /// A protocol without window and controller is a lesson: its window is fixed and
    /// small. A window alone is fixed too; a controller alone may use [`LARGEST_WINDOW`].
    /// Stop-and-wait always has a window of 1, which is fixed.
    ///
    /// # Errors
    /// [`OptionError::Window`] or [`OptionError::Segment`] outside their ranges.
    pub fn negotiate(
        &self,
        defaults: &NegotiatedOptions,
    ) -> Result<NegotiatedOptions, OptionError> {
        let arq = self.arq.unwrap_or(defaults.arq);
        let (usual_window, usual_congestion) =
            match (self.arq, self.window, self.congestion) {
                (None, None, None) => (defaults.window, defaults.congestion),
                (Some(arq), None, None) => (arq.lesson_window(), Congestion::Fixed),
                (_, Some(window), None) => (window, Congestion::Fixed),
                (_, _, Some(congestion)) => (usual_window(congestion), congestion),
            };
        let window = self.window.unwrap_or(usual_window);
        if window == 0 || window > LARGEST_WINDOW {
            return Err(OptionError::Window(window));
        }
        let segment_bytes = self.segment_bytes.unwrap_or(defaults.segment_bytes);
        if segment_bytes == 0 || segment_bytes > LARGEST_SEGMENT_BYTES {
            return Err(OptionError::Segment(segment_bytes));
        }
        let (window, congestion) = match arq {
            Arq::StopAndWait => (1, Congestion::Fixed),
            Arq::GoBackN | Arq::SelectiveRepeat | Arq::Sack => (window, usual_congestion),
        };
        Ok(NegotiatedOptions {
            transport: self.transport.unwrap_or(defaults.transport),
            arq,
            window,
            congestion,
            segment_bytes,
        })
    }
}

/// The window of a requested controller. Unit: packets.
const fn usual_window(congestion: Congestion) -> u32 {
    match congestion {
        Congestion::Fixed => LESSON_WINDOW,
        Congestion::PlusOneMinusThree
        | Congestion::DoubleHalve
        | Congestion::Additive
        | Congestion::Reno
        | Congestion::Cubic
        | Congestion::Bbr => LARGEST_WINDOW,
    }
}

impl NegotiatedOptions {
    /// The options if neither side requests any.
    pub const DEFAULT: Self = Self {
        transport: Transport::Udp,
        arq: Arq::Sack,
        window: LARGEST_WINDOW,
        congestion: Congestion::Bbr,
        segment_bytes: DEFAULT_SEGMENT_BYTES,
    };
}

/// A short form of the options: `go-back-n 16`, `sack reno`, `sack reno up to 64`, `tcp`.
impl fmt::Display for NegotiatedOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (arq, congestion, window) = (self.arq, self.congestion, self.window);
        match (self.transport, congestion) {
            (Transport::Tcp, _) => self.transport.fmt(f),
            (Transport::Udp, Congestion::Fixed) => write!(f, "{arq} {window}"),
            (Transport::Udp, _) if window == LARGEST_WINDOW => {
                write!(f, "{arq} {congestion}")
            }
            (Transport::Udp, _) => write!(f, "{arq} {congestion} up to {window}"),
        }
    }
}

/// A choice that does not exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OptionError {
    /// A protocol that Sash does not know.
    UnknownArq(String),
    /// A transport that Sash does not know.
    UnknownTransport(String),
    /// A controller that Sash does not know.
    UnknownCongestion(String),
    /// A window of no packet, or of more than [`LARGEST_WINDOW`].
    Window(u32),
    /// A segment of no byte, or of more than [`LARGEST_SEGMENT_BYTES`].
    Segment(u16),
}

impl fmt::Display for OptionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownArq(text) => write!(
                f,
                "unknown protocol {text:?}: choose stop-and-wait, go-back-n, \
                 selective-repeat or sack"
            ),
            Self::UnknownTransport(text) => {
                write!(f, "unknown transport {text:?}: choose udp or tcp")
            }
            Self::UnknownCongestion(text) => {
                let names = Congestion::ALL.map(Congestion::name).join(", ");
                write!(f, "unknown controller {text:?}: choose one of {names}")
            }
            Self::Window(window) => {
                write!(
                    f,
                    "a window of {window} packets: choose 1 to {LARGEST_WINDOW}"
                )
            }
            Self::Segment(bytes) => {
                write!(
                    f,
                    "a segment of {bytes} bytes: choose 1 to {LARGEST_SEGMENT_BYTES}"
                )
            }
        }
    }
}

impl std::error::Error for OptionError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_options_of_the_client_take_precedence_over_the_defaults_of_the_server() {
        let defaults = NegotiatedOptions {
            arq: Arq::GoBackN,
            window: 9,
            ..NegotiatedOptions::DEFAULT
        };
        let nothing = RequestedOptions::default().negotiate(&defaults).unwrap();
        assert_eq!((nothing.arq, nothing.window), (Arq::GoBackN, 9));
        let asked = RequestedOptions {
            arq: Some(Arq::SelectiveRepeat),
            ..RequestedOptions::default()
        };
        let settled = asked.negotiate(&defaults).unwrap();
        assert_eq!((settled.arq, settled.window), (Arq::SelectiveRepeat, 16));
    }

    #[test]
    fn a_window_alone_selects_fixed_and_a_controller_alone_allows_the_largest_window() {
        let window = RequestedOptions {
            window: Some(99),
            ..RequestedOptions::default()
        };
        let settled = window.negotiate(&NegotiatedOptions::DEFAULT).unwrap();
        assert_eq!(
            (settled.window, settled.congestion),
            (99, Congestion::Fixed)
        );
        let controller = RequestedOptions {
            congestion: Some(Congestion::Reno),
            ..RequestedOptions::default()
        };
        let settled = controller.negotiate(&NegotiatedOptions::DEFAULT).unwrap();
        let expected = (LARGEST_WINDOW, Congestion::Reno);
        assert_eq!((settled.window, settled.congestion), expected);
    }

    #[test]
    fn the_transfer_method_is_shown_with_its_controller_unless_the_window_is_fixed() {
        let told = |asked: RequestedOptions| {
            asked
                .negotiate(&NegotiatedOptions::DEFAULT)
                .unwrap()
                .to_string()
        };
        let nothing = RequestedOptions::default();
        let arq = Some(Arq::GoBackN);
        let congestion = Some(Congestion::Reno);
        assert_eq!(told(RequestedOptions { arq, ..nothing }), "go-back-n 16");
        let reno = RequestedOptions {
            congestion,
            ..nothing
        };
        assert_eq!(told(reno), "sack reno");
        let window = Some(64);
        let bounded = RequestedOptions { window, ..reno };
        assert_eq!(told(bounded), "sack reno up to 64");
        let transport = Some(Transport::Tcp);
        assert_eq!(told(RequestedOptions { transport, ..reno }), "tcp");
    }

    #[test]
    fn stop_and_wait_always_has_a_window_of_one() {
        let asked = RequestedOptions {
            arq: Some(Arq::StopAndWait),
            window: Some(50),
            ..RequestedOptions::default()
        };
        assert_eq!(
            asked.negotiate(&NegotiatedOptions::DEFAULT).unwrap().window,
            1
        );
    }

    #[test]
    fn a_window_of_zero_is_refused_with_the_valid_range() {
        let refused = RequestedOptions {
            window: Some(0),
            ..RequestedOptions::default()
        }
        .negotiate(&NegotiatedOptions::DEFAULT)
        .unwrap_err();
        assert_eq!(
            refused.to_string(),
            "a window of 0 packets: choose 1 to 8192"
        );
    }
}
