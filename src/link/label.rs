//! The name of a packet for the pseudo-random generator, as a user writes it: `d0.1`.
//!
//! ```
//! use sash::link::Label;
//! let label: Label = "a3.2".parse().unwrap();
//! assert_eq!((label.number, label.attempt, label.to_string()), (3, 2, "a3.2".to_owned()));
//! ```

use crate::reliable::event::PacketName;
use crate::wire::packet::Kind;
use std::fmt;
use std::str::FromStr;

/// The name of a packet for the pseudo-random generator.
///
/// Written as a letter, its number, a dot, its attempt: `d` is DATA, `a` ACK, `n` NACK,
/// `s` SYN, `y` SYN-ACK, `f` FIN, `g` FIN-ACK, `r` RST.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Label {
    /// The kind of packet.
    pub kind: Kind,
    /// Its number; each kind is counted from 0.
    pub number: u32,
    /// The attempt, from 1.
    pub attempt: u8,
}

impl Label {
    /// The first transmission of a file's first segment.
    pub const EXAMPLE: Self = Self {
        kind: Kind::Data,
        number: 0,
        attempt: 1,
    };
}

impl From<PacketName> for Label {
    fn from(name: PacketName) -> Self {
        Self {
            kind: name.kind,
            number: name.number,
            attempt: name.attempt,
        }
    }
}

/// Every kind of packet and its letter.
const LETTERS: [(char, Kind); 8] = [
    ('d', Kind::Data),
    ('a', Kind::Ack),
    ('n', Kind::Nack),
    ('s', Kind::Syn),
    ('y', Kind::SynAck),
    ('f', Kind::Fin),
    ('g', Kind::FinAck),
    ('r', Kind::Rst),
];

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of_kind = LETTERS.iter().find(|(_, kind)| *kind == self.kind);
        let letter = of_kind.map_or('?', |(letter, _)| *letter);
        write!(f, "{letter}{}.{}", self.number, self.attempt)
    }
}

impl FromStr for Label {
    type Err = LabelError;

    fn from_str(text: &str) -> Result<Self, LabelError> {
        let mut rest = text.chars();
        let letter = rest.next().ok_or(LabelError::NoPacket)?;
        let (_, kind) = LETTERS
            .into_iter()
            .find(|(known, _)| *known == letter)
            .ok_or(LabelError::NoPacket)?;
        let (number, attempt) =
            rest.as_str().split_once('.').ok_or(LabelError::NoPacket)?;
        let number = number.parse().map_err(|_| LabelError::NoPacket)?;
        let attempt = attempt.parse().map_err(|_| LabelError::NoPacket)?;
        if attempt == 0 {
            return Err(LabelError::NoAttempt);
        }
        Ok(Self {
            kind,
            number,
            attempt,
        })
    }
}

/// The reason why a text names no packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LabelError {
    /// It is not a letter, a number, a dot and a number.
    NoPacket,
    /// Its attempt is 0.
    NoAttempt,
}

impl fmt::Display for LabelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoPacket => "write a packet, such as d0.1 (DATA 0, first attempt)",
            Self::NoAttempt => "attempts count from 1",
        })
    }
}

impl std::error::Error for LabelError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_packet_kind_has_a_letter_that_is_parsed_back() {
        for (_, kind) in LETTERS {
            let label = Label {
                kind,
                number: u32::MAX,
                attempt: 255,
            };
            assert_eq!(label.to_string().parse(), Ok(label));
        }
    }

    #[test]
    fn a_text_that_names_no_packet_is_an_error() {
        for text in [
            "", "d", "d1", "d.1", "x1.1", "d1.256", "d-1.1", "é1.1", "d1.1.1",
        ] {
            assert_eq!(text.parse::<Label>(), Err(LabelError::NoPacket), "{text:?}");
        }
        assert_eq!("d1.0".parse::<Label>(), Err(LabelError::NoAttempt));
    }
}
