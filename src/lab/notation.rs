//! The names of packets in ladder diagrams, in the quiz and in explanations.
//!
//! The three textbook protocols use the textbook's notation: `ACK 3` acknowledges segment
//! 3, and, if ACKs are cumulative, all before it. `sack` uses that of TCP and QUIC: its
//! ACK names the next expected segment and the ranges beyond it. The packet's own number
//! is not shown, and its attempt only from the second transmission on.
//!
//! ```
//! use sash::lab::notation::Notation;
//! use sash::reliable::connection_parameters::ConnectionParameters;
//! use sash::reliable::{event::PacketName, moment::Moment};
//! use sash::wire::options::Arq;
//! let parameters = ConnectionParameters::EXAMPLE;
//! let notation = Notation { arq: Arq::GoBackN, first_sequence: parameters.first.0 };
//! let data = parameters.data(parameters.first + 2, 2, Moment::START).packet;
//! let name = notation.name(&PacketName::from(&data), &[], 40);
//! assert_eq!(name, "DATA 2 (2nd transmission)");
//! ```
//!
//! Source: Kurose & Ross §3.4 (ACK n); RFC 9293 §3.4 (next expected), RFC 2018 (ranges).

use super::journal::Heading;
use super::words::run;
use crate::reliable::event::PacketName;
use crate::wire::options::Arq;
use crate::wire::packet::{Kind, UNCOUNTED};

/// The notation of one transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Notation {
    /// Its protocol.
    pub arq: Arq,
    /// The sequence number of the file's first segment.
    pub first_sequence: u32,
}

/// The number of an ACK that ends the handshake.
const HANDSHAKE: u32 = 0;

impl Notation {
    /// The notation of this journal.
    #[must_use]
    pub const fn of(heading: &Heading) -> Self {
        Self {
            arq: heading.arq,
            first_sequence: heading.first_sequence,
        }
    }

    /// `DATA 2`, `ACK 3`; of sack `ACK, next expected 2, has 4-6`. Shorter, and with
    /// fewer ranges, where that is longer than `width`. `ranges` are those of an ACK.
    /// Unit of `width`: letters.
    #[must_use]
    pub fn name(self, packet: &PacketName, ranges: &[[u32; 2]], width: usize) -> String {
        let PacketName {
            kind,
            number,
            attempt,
            ..
        } = *packet;
        match kind {
            Kind::Ack if number == HANDSHAKE => "ACK".to_owned(),
            Kind::Ack if number == UNCOUNTED => "ACK of FIN".to_owned(),
            Kind::Ack | Kind::Nack => self.ack(packet, ranges, width),
            Kind::Data if packet.length == 0 && number == UNCOUNTED => {
                counted("window probe".to_owned(), attempt, width)
            }
            Kind::Data => counted(format!("DATA {number}"), attempt, width),
            Kind::Syn | Kind::SynAck | Kind::Fin | Kind::FinAck | Kind::Rst => {
                counted(kind.to_string(), attempt, width)
            }
        }
    }

    fn ack(self, packet: &PacketName, ranges: &[[u32; 2]], width: usize) -> String {
        let kind = packet.kind;
        let next_expected = self.next_expected(packet);
        match (self.arq, ranges) {
            (Arq::Sack, _) => {
                let long = format!("{kind}, next expected {next_expected}");
                let name = if long.len() <= width {
                    long
                } else {
                    format!("{kind}, next {next_expected}")
                };
                let most = width.saturating_sub(name.len());
                name + &has(ranges, most)
            }
            (Arq::SelectiveRepeat, [[number, _], ..]) => format!("{kind} {number}"),
            // It repeats the receive window and acknowledges nothing.
            (Arq::SelectiveRepeat, []) => format!("{kind}, window update"),
            (Arq::StopAndWait | Arq::GoBackN, _) => {
                format!("{kind} {}", i64::from(next_expected) - 1)
            }
        }
    }

    /// The meaning of an ACK or NACK, as a sentence without a full stop.
    #[must_use]
    pub fn meaning(self, packet: &PacketName, ranges: &[[u32; 2]]) -> String {
        let next_expected = self.next_expected(packet);
        match (self.arq, ranges) {
            (Arq::Sack, _) => {
                format!(
                    "the receiver has all segments before DATA {next_expected}, the \
                     next expected one"
                )
            }
            (Arq::SelectiveRepeat, [[number, _], ..]) => {
                format!("the receiver has DATA {number}")
            }
            (Arq::SelectiveRepeat, []) => "it acknowledges nothing".to_owned(),
            (Arq::StopAndWait | Arq::GoBackN, _) => match next_expected.checked_sub(1) {
                None => "the receiver has no segment yet".to_owned(),
                Some(0) => "the receiver has DATA 0".to_owned(),
                Some(number) => {
                    format!(
                        "the receiver has all segments up to and including DATA \
                             {number}"
                    )
                }
            },
        }
    }

    const fn next_expected(self, packet: &PacketName) -> u32 {
        packet.sequence.0.wrapping_sub(self.first_sequence)
    }
}

/// A name with its transmission, in full or in short.
fn counted(name: String, attempt: u8, width: usize) -> String {
    let long = transmission(attempt);
    if attempt == 1 || name.len() + long.len() <= width {
        name + &long
    } else {
        format!("{name} ({})", ordinal(attempt))
    }
}

/// ` (2nd transmission)`; nothing for the first.
#[must_use]
pub fn transmission(attempt: u8) -> String {
    match attempt {
        1 => String::new(),
        _ => format!(" ({} transmission)", ordinal(attempt)),
    }
}

/// `1st`, `2nd`, `11th`, `23rd`.
fn ordinal(number: u8) -> String {
    let ending = match (number % 100, number % 10) {
        (11..=13, _) => "th",
        (_, 1) => "st",
        (_, 2) => "nd",
        (_, 3) => "rd",
        (_, _) => "th",
    };
    format!("{number}{ending}")
}

/// `, has 4-6, 9`: as many ranges as fit, and two dots for the others.
fn has(ranges: &[[u32; 2]], width: usize) -> String {
    let mut words = String::new();
    for (place, range) in ranges.iter().enumerate() {
        let before = if place == 0 { ", has " } else { ", " };
        let next = before.to_owned() + &run(*range);
        let is_last = place + 1 == ranges.len();
        let dots = if is_last { 0 } else { DOTS.len() };
        if words.len() + next.len() + dots > width {
            let words = if words.is_empty() { ", has" } else { &words };
            let fits = words.len() + DOTS.len() <= width;
            return if fits {
                words.to_owned() + DOTS
            } else {
                String::new()
            };
        }
        words += &next;
    }
    words
}

/// In place of ranges that do not fit.
const DOTS: &str = " ..";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::sequence::SequenceNumber;

    fn name(arq: Arq, kind: Kind, sequence: u32, ranges: &[[u32; 2]]) -> String {
        let first_sequence = u32::MAX;
        let notation = Notation {
            arq,
            first_sequence,
        };
        let packet = PacketName {
            kind,
            number: 7,
            attempt: 1,
            sequence: SequenceNumber(first_sequence.wrapping_add(sequence)),
            length: 0,
        };
        notation.name(&packet, ranges, 40)
    }

    #[test]
    fn an_ack_of_a_textbook_protocol_shows_the_acknowledged_segment() {
        for arq in [Arq::StopAndWait, Arq::GoBackN] {
            assert_eq!(name(arq, Kind::Ack, 4, &[]), "ACK 3");
            assert_eq!(name(arq, Kind::Ack, 0, &[]), "ACK -1");
        }
        let arq = Arq::SelectiveRepeat;
        assert_eq!(name(arq, Kind::Ack, 2, &[[5, 5]]), "ACK 5");
        assert_eq!(name(arq, Kind::Ack, 9, &[[5, 5]]), "ACK 5");
        assert_eq!(name(arq, Kind::Ack, 9, &[]), "ACK, window update");
    }

    #[test]
    fn an_ack_of_sack_shows_the_next_expected_segment_and_its_ranges() {
        let told = name(Arq::Sack, Kind::Nack, 2, &[[4, 6], [8, 8]]);
        assert_eq!(told, "NACK, next expected 2, has 4-6, 8");
    }

    #[test]
    fn a_retransmission_is_numbered() {
        let told = [1, 2, 3, 4, 11, 22].map(transmission);
        let expected = ["", "2nd", "3rd", "4th", "11th", "22nd"];
        for (told, expected) in told.iter().zip(expected).skip(1) {
            assert_eq!(*told, format!(" ({expected} transmission)"));
        }
        assert_eq!(told[0], "");
    }

    #[test]
    fn ranges_that_do_not_fit_are_replaced_by_dots() {
        let told = [[14, 15], [10, 12], [7, 7]];
        assert_eq!(has(&told, 22), ", has 14-15, 10-12, 7");
        assert_eq!(has(&told, 21), ", has 14-15, 10-12, 7");
        assert_eq!(has(&told, 20), ", has 14-15 ..");
        assert_eq!(has(&told, 14), ", has 14-15 ..");
        assert_eq!(has(&told, 13), ", has ..");
        assert_eq!(has(&told, 7), "");
        assert_eq!(has(&[], 30), "");
    }
}
