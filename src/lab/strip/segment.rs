//! The states of a segment, on either side: its name, its sign and its colour.
//!
//! Source: Kurose & Ross, figures 3.19 and 3.23.

use crate::lab::palette::{
    BLACK, Colour, GREEN, INK, ORANGE, PALE, PAPER, PURPLE, SKY, VERMILLION,
};

/// The state of a segment at the sender; losses by the link are included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SenderState {
    /// It was not sent yet.
    Unsent,
    /// Its first transmission is in flight.
    InFlight,
    /// Its latest transmission is lost: the link lost or corrupted it, or the sender
    /// declared it lost.
    Lost,
    /// A retransmission is in flight.
    Resent,
    /// It is acknowledged.
    Acked,
}

/// The state of a segment at the receiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReceiverState {
    /// It is missing.
    Missing,
    /// It is buffered out of order.
    BufferedOutOfOrder,
    /// It and all segments before it have arrived.
    InOrder,
}

/// The display of a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// Its name.
    pub name: &'static str,
    /// Its sign, for text and for grey pictures.
    pub sign: char,
    /// Its colour.
    pub fill: Colour,
    /// The sign on that area.
    pub ink: Colour,
}

impl SenderState {
    /// All of them, in the order of a segment's life.
    pub const ALL: [Self; 5] = [
        Self::Unsent,
        Self::InFlight,
        Self::Lost,
        Self::Resent,
        Self::Acked,
    ];

    /// Its display.
    #[must_use]
    pub const fn look(self) -> Look {
        let (name, sign, fill, ink) = match self {
            Self::Unsent => ("unsent", '.', PALE, INK),
            Self::InFlight => ("in flight", '>', SKY, BLACK),
            Self::Lost => ("lost", 'X', VERMILLION, PAPER),
            Self::Resent => ("retransmitted", 'R', ORANGE, BLACK),
            Self::Acked => ("acknowledged", '#', GREEN, PAPER),
        };
        Look {
            name,
            sign,
            fill,
            ink,
        }
    }

    /// If a cell has many segments, the state with the highest value is shown.
    pub(super) const fn weight(self) -> u8 {
        match self {
            Self::Acked => 0,
            Self::Unsent => 1,
            Self::InFlight => 2,
            Self::Resent => 3,
            Self::Lost => 4,
        }
    }
}

impl ReceiverState {
    /// All of them, in the order of a segment's life.
    pub const ALL: [Self; 3] = [Self::Missing, Self::BufferedOutOfOrder, Self::InOrder];

    /// Its display.
    #[must_use]
    pub const fn look(self) -> Look {
        let (name, sign, fill, ink) = match self {
            Self::Missing => ("missing", '.', PALE, INK),
            Self::BufferedOutOfOrder => ("buffered out of order", '+', PURPLE, BLACK),
            Self::InOrder => ("in order", '#', GREEN, PAPER),
        };
        Look {
            name,
            sign,
            fill,
            ink,
        }
    }

    /// If a cell has many segments, the state with the highest value is shown.
    pub(super) const fn weight(self) -> u8 {
        match self {
            Self::InOrder => 0,
            Self::Missing => 1,
            Self::BufferedOutOfOrder => 2,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn no_two_states_of_a_side_share_a_symbol_or_a_colour() {
        let sender = SenderState::ALL.map(SenderState::look);
        let receiver = ReceiverState::ALL.map(ReceiverState::look);
        for side in [&sender[..], &receiver[..]] {
            let signs: BTreeSet<char> = side.iter().map(|look| look.sign).collect();
            let fills: BTreeSet<String> =
                side.iter().map(|look| look.fill.to_string()).collect();
            assert_eq!((signs.len(), fills.len()), (side.len(), side.len()));
        }
    }
}
