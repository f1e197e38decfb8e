//! A journal as a ladder diagram: two ends, an arrow for every packet.
//!
//! ```text
//!      sender                                    receiver
//!   150.0 ms |--DATA 2---------------X            |
//!   150.0 ms |--DATA 3--------------------------->|  200.0 ms   buffered out of order
//!   250.0 ms |<-----NACK, next expected 2, has 3--|  200.0 ms
//! ```
//!
//! In text each row is at the departure of its packet; the time at the arrow's head is
//! its arrival. In the [`picture`], and in a [`Scene`] at each moment, time runs down.
//! The name of a packet follows the [`notation`](super::notation) of its protocol. It
//! draws the journal and decides nothing.
//!
//! ```
//! use sash::lab::{ladder, run::Experiment};
//! let experiment = Experiment { size: 10, listening: true, ..Experiment::small() };
//! let mut entries = Vec::new();
//! experiment.run(|entry| entries.push(entry)).unwrap();
//! let ladder = ladder::text(&experiment.heading(), &entries);
//! assert!(ladder.contains("|--DATA 0--------------------------->|"));
//! ```
//!
//! Source: Kurose & Ross, figures 3.16, 3.22 and 3.26.

mod drawing;
mod excerpt;
mod labels;
mod layout;
mod moving;
mod spot;
mod standing;

pub use excerpt::Excerpt;
pub use layout::TimeScale;
pub use moving::{Lens, Scene};
pub use spot::{Moving, Spot};
pub use standing::picture;

use super::journal::{Entry, Heading};
use super::notation::{Notation, transmission};
use super::transmissions::{
    Remark, RemarkKind, TimelineEvent, Transmission, Transmissions,
};
use super::words::{loss_reason, time};
use crate::link::{Direction, Fate};
use crate::reliable::event::Timer;
use std::fmt::Write as _;

/// The ladder of a whole run, its heading included.
#[must_use]
pub fn text(heading: &Heading, entries: &[Entry]) -> String {
    part(heading, entries, Excerpt::ALL)
}

/// The ladder of a part of a run, with its heading and a note on omitted parts.
#[must_use]
pub fn part(heading: &Heading, entries: &[Entry], window: Excerpt) -> String {
    let Heading {
        arq,
        window: packets,
        size,
        segment_bytes,
        scenario,
        ..
    } = heading;
    let mut text = format!(
        "{arq}, window {packets}, {size} bytes in segments of {segment_bytes}, {scenario}\n\n"
    );
    text.push_str(&ends());
    let transmissions = Transmissions::of(entries);
    let chosen = window.choose(&transmissions);
    for line in lines(&transmissions, &chosen.steps, Notation::of(heading)) {
        text.push_str(&line);
        text.push('\n');
    }
    if let Some(sentence) = chosen.what_is_left_out() {
        let _ = writeln!(text, "\n{sentence}");
    }
    text
}

/// The last rows, without a heading: what a replay shows beside the strip.
#[must_use]
pub fn last_rows(heading: &Heading, entries: &[Entry], most: usize) -> Vec<String> {
    // A row is made of a handful of entries: sent, carried, received, an ACK's figures.
    const ENTRIES_PER_ROW: usize = 24;
    let recent = entries.len().saturating_sub(most * ENTRIES_PER_ROW);
    let transmissions = Transmissions::of(&entries[recent..]);
    let mut rows = lines(&transmissions, &transmissions.steps, Notation::of(heading));
    rows.drain(..rows.len().saturating_sub(most));
    rows
}

/// The names of the two ends, above all rows.
#[must_use]
pub fn ends() -> String {
    format!("{:>11}{:LANE$}receiver\n", "sender", "")
}

/// The arrow of a packet between the two ends; a lost one's ends in the middle.
#[must_use]
pub fn arrow(name: &str, direction: Direction, is_lost: bool) -> String {
    let length = length(is_lost);
    match direction {
        Direction::Data => {
            let head = if is_lost { 'X' } else { '>' };
            let shaft = format!("--{name}");
            format!("{:LANE$}", format!("{shaft:-<0$}{head}", length - 1))
        }
        Direction::Ack => {
            let head = if is_lost { 'X' } else { '<' };
            let shaft = format!("{name}--");
            format!("{:>LANE$}", format!("{head}{shaft:->0$}", length - 1))
        }
    }
}

/// Characters between the two ends.
const LANE: usize = 36;

/// Characters of an arrow.
const fn length(is_lost: bool) -> usize {
    if is_lost { LANE * 2 / 3 } else { LANE }
}

fn lines(
    transmissions: &Transmissions<'_>,
    steps: &[(u64, TimelineEvent)],
    notation: Notation,
) -> Vec<String> {
    let line = |(_, step): &(u64, TimelineEvent)| match *step {
        TimelineEvent::Departure(place) => Some(row(&transmissions.all[place], notation)),
        // The row is at the departure of the packet.
        TimelineEvent::Arrival(place) => {
            let transmission = &transmissions.all[place];
            transmission
                .sent_us
                .is_none()
                .then(|| row(transmission, notation))
        }
        TimelineEvent::Remark(place) => Some(remark(&transmissions.remarks[place])),
    };
    let lines = steps.iter().filter_map(line);
    lines.map(|line| line.trim_end().to_owned()).collect()
}

fn remark(remark: &Remark) -> String {
    let what = match remark.what {
        RemarkKind::Lost {
            number,
            attempt,
            trigger,
        } => {
            let (why, transmission) = (loss_reason(trigger), transmission(attempt));
            format!("DATA {number}{transmission} is declared lost: {why}")
        }
        RemarkKind::Expired(timer) => expired(timer).to_owned(),
    };
    format!("{} * {what}", clock(remark.time_us))
}

/// The effect of a timer that has expired.
const fn expired(timer: Timer) -> &'static str {
    match timer {
        Timer::Handshake => "timeout: the handshake packet is retransmitted",
        Timer::Idle => "idle: the last ACK is repeated",
        Timer::Closing => "timeout: FIN is retransmitted",
        Timer::Silence => "timeout: the other side is silent",
        Timer::Retransmission
        | Timer::LossDetection
        | Timer::AcknowledgementDelay
        | Timer::Probe => "a timer expired",
    }
}

fn row(transmission: &Transmission<'_>, notation: Notation) -> String {
    let is_lost = transmission.killed_us.is_some()
        || transmission.carried.is_some_and(|it| it.fate.is_loss());
    let room = length(is_lost) - 3; // For the head and two strokes of the shaft.
    let name = transmission.name(notation, room);
    let arrow = arrow(&name, transmission.direction, is_lost);
    let left = transmission.sent_us.map(clock).unwrap_or_default();
    let arrived = transmission.arrived_us.map(clock).unwrap_or_default();
    let note = match transmission.note {
        "" => transmission.fate_note(),
        note => note,
    };
    match transmission.direction {
        Direction::Data => format!("{left:10} |{arrow}|{arrived:11}  {note}"),
        Direction::Ack => format!("{arrived:10} |{arrow}|{left:10}  {note}"),
    }
}

impl Transmission<'_> {
    /// Its name, in at most `room` letters if ranges can be left out.
    fn name(&self, notation: Notation, room: usize) -> String {
        let ranges = self.packet.ranges(notation.first_sequence);
        notation.name(self.packet, &ranges, room)
    }

    /// Its fate, if the picture does not show it.
    fn fate_note(&self) -> &'static str {
        match self.carried.map(|it| it.fate) {
            _ if self.killed_us.is_some() => "killed",
            Some(Fate::Corrupted) => "damaged",
            Some(Fate::Duplicated) => "twice",
            Some(Fate::QueueFull) => "queue full",
            Some(Fate::TooLong) => "too long",
            Some(Fate::Delivered | Fate::Lost | Fate::Reordered) | None => "",
        }
    }
}

/// A time, ten characters wide.
fn clock(time_us: u64) -> String {
    format!("{:>10}", time(time_us))
}

#[cfg(test)]
mod tests;
