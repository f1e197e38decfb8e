//! Describes the object under the mouse, in words and in bytes.

use crate::lab::explain::{Rule, header};
use crate::lab::journal::{Heading, Side};
use crate::lab::ladder::Spot;
use crate::lab::notation::Notation;
use crate::lab::player::Player;
use crate::lab::strip::{ReceiverState, SenderState, Strip};
use crate::lab::words;
use std::time::Duration;

/// The description.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct About {
    /// Sentences, one below the other.
    pub words: String,
    /// The header, a few fields to a line; empty where it is no packet.
    pub bytes: String,
}

impl About {
    /// Only words.
    #[must_use]
    pub fn words(words: impl Into<String>) -> Self {
        Self {
            words: words.into(),
            bytes: String::new(),
        }
    }

    /// Describes a packet on the ladder: its times, its reason, and its header.
    #[must_use]
    pub fn packet(spot: &Spot, player: &Player) -> Self {
        let heading = player.heading();
        let packet = &spot.packet;
        let happened = &player.entries()[..player.place().index];
        let rule = Rule::of(packet, spot.direction, heading, happened);
        let (origin, line) = (rule.origin(), rule.origin().line());
        let words = format!(
            "{}{}\n{}\n{}:{line}\n{}",
            Notation::of(heading).name(packet, spot.range.as_slice(), usize::MAX),
            times(spot),
            rule.sentence(),
            origin.file,
            rule.section()
        );
        let strip = player.strip();
        let is_made_up = strip.hears_sender() && strip.hears_receiver();
        let sent_us = spot.sent_us.unwrap_or(0);
        let fields = header(packet, sent_us, heading, is_made_up);
        Self {
            words,
            bytes: rows(&fields),
        }
    }

    /// Describes a segment on this strip: its state.
    #[must_use]
    pub fn segment(side: Side, number: u32, heading: &Heading, strip: &Strip) -> Self {
        let (state, sentence) = match side {
            Side::Sender | Side::Link => sender(strip.sender(number)),
            Side::Receiver => receiver(strip.receiver(number)),
        };
        let length = u64::from(heading.segment_bytes);
        let start = heading.offset + u64::from(number) * length;
        let end = heading.size.min(start + length);
        Self::words(format!(
            "Segment {number}, at the {}: {state}\n{sentence}\nBytes {start} to {} of the \
             file.",
            side.name(),
            end.saturating_sub(1)
        ))
    }
}

fn times(spot: &Spot) -> String {
    let time = |time_us: u64| words::short_time(Duration::from_micros(time_us));
    match (spot.sent_us, spot.arrived_us) {
        (Some(sent), Some(arrived)) => format!("\n{} to {}", time(sent), time(arrived)),
        (Some(sent), None) => format!("\nsent at {}", time(sent)),
        (None, Some(arrived)) => format!("\narrived at {}", time(arrived)),
        (None, None) => String::new(),
    }
}

/// The width of a token in hex, which needs two lines.
const TOKEN_DIGITS: usize = 32;

/// Short fields share a line, as in the byte picture of the header.
fn rows(fields: &[(&'static str, String)]) -> String {
    let row = |(name, bytes): &(&'static str, String)| match *name {
        "version" | "kind" | "attempt" => format!("{name} {bytes} "),
        "0" => format!("{bytes}\n"),
        "token" if bytes.len() == TOKEN_DIGITS => {
            let (first, last) = bytes.split_at(TOKEN_DIGITS / 2);
            format!("{name:8} {first}\n{:8} {last}\n", "")
        }
        name => format!("{name:8} {bytes}\n"),
    };
    fields.iter().map(row).collect()
}

const fn sender(state: SenderState) -> (&'static str, &'static str) {
    match state {
        SenderState::Unsent => ("unsent", "It has not been sent yet."),
        SenderState::InFlight => {
            ("in flight", "It was sent once and is not acknowledged yet.")
        }
        SenderState::Lost => (
            "lost",
            "The link lost or corrupted its latest transmission, or the sender declared \
             it lost.",
        ),
        SenderState::Resent => (
            "retransmitted",
            "It was retransmitted and is not acknowledged yet.",
        ),
        SenderState::Acked => ("acknowledged", "It is acknowledged."),
    }
}

const fn receiver(state: ReceiverState) -> (&'static str, &'static str) {
    match state {
        ReceiverState::Missing => ("missing", "It has not arrived."),
        ReceiverState::BufferedOutOfOrder => (
            "buffered out of order",
            "It arrived ahead of a gap and is buffered until the gap is filled.",
        ),
        ReceiverState::InOrder => {
            ("in order", "It and all segments before it have arrived.")
        }
    }
}
