//! The strip as lines of text.

use super::view::{Bin, bins, segments_per_bin, shown, subtitle, title};
use super::{JournalPosition, ReceiverState, SenderState, Strip};
use crate::lab::journal::Heading;
use crate::lab::words::time;
use std::fmt::Write as _;
use std::ops::Range;

/// Letters before a row.
const LABEL: usize = 11;

/// Letters in a row: a terminal of 80 columns holds it.
const CELLS: u32 = 66;

/// The strip at one moment, its legend included.
#[must_use]
pub fn text(heading: &Heading, strip: &Strip, place: JournalPosition) -> String {
    let JournalPosition { index, of } = place;
    let (title, subtitle) = (title(heading), subtitle(heading));
    let time = time(strip.time_us());
    let mut text = format!("{title}: {subtitle}\n{time}, event {index} of {of}\n\n");
    let per_bin = segments_per_bin(strip, CELLS);
    if per_bin > 1 {
        write_bins(&mut text, strip, per_bin);
    }
    write_cells(&mut text, strip, shown(strip, CELLS));
    write_counts(&mut text, strip);
    text
}

fn write_bins(text: &mut String, strip: &Strip, per_bin: u32) {
    let bins = bins(strip, per_bin);
    let _ = writeln!(
        text,
        "the whole file, {per_bin} segments per sign, the most important state of each:"
    );
    if strip.hears_sender() {
        let signs = bins.iter().map(Bin::sender_says);
        row(text, "sender", signs.map(|state| state.look().sign));
    }
    if strip.hears_receiver() {
        let signs = bins.iter().map(Bin::receiver_says);
        row(text, "receiver", signs.map(|state| state.look().sign));
    }
    text.push_str("\naround the window, one sign per segment:\n");
}

fn write_cells(text: &mut String, strip: &Strip, range: Range<u32>) {
    let mut scale = String::new();
    for number in range.clone().filter(|number| number % 10 == 0) {
        let column = (number - range.start) as usize;
        if column >= scale.len() {
            let _ = write!(
                scale,
                "{:column$}{number} ",
                "",
                column = column - scale.len()
            );
        }
    }
    row(text, "", scale.chars());
    if strip.hears_sender() {
        let signs = range.clone().map(|number| strip.sender(number).look().sign);
        row(text, "sender", signs);
        let (base, end) = (strip.base(), strip.window_end());
        let marks = range.clone().map(|number| match number {
            number if number == base && number < end => '[',
            number if number > base && number + 1 == end => ']',
            number if number > base && number < end => '-',
            _ => ' ',
        });
        row(text, "window", marks);
    }
    if strip.hears_receiver() {
        let signs = range.map(|number| strip.receiver(number).look().sign);
        row(text, "receiver", signs);
    }
    text.push('\n');
}

fn write_counts(text: &mut String, strip: &Strip) {
    if strip.hears_sender() {
        let counts = strip.sender_counts();
        let _ = write!(text, "{:LABEL$}", "sender");
        for state in SenderState::ALL {
            let look = state.look();
            let _ = write!(text, "{} {} {}  ", look.sign, counts.get(state), look.name);
        }
        finish_line(text);
        let (base, next, end) = (strip.base(), strip.next(), strip.window_end());
        let _ = writeln!(
            text,
            "{:LABEL$}base {base}, next {next}, the window ends before {end}; {} \
             retransmissions so far",
            "",
            strip.retransmissions()
        );
    }
    if strip.hears_receiver() {
        let counts = strip.receiver_counts();
        let _ = write!(text, "{:LABEL$}", "receiver");
        for state in ReceiverState::ALL {
            let look = state.look();
            let _ = write!(text, "{} {} {}  ", look.sign, counts.get(state), look.name);
        }
        let _ = writeln!(text, "next expected {}", strip.next_expected());
    }
}

fn row(text: &mut String, label: &str, signs: impl Iterator<Item = char>) {
    let _ = write!(text, "{label:LABEL$}");
    text.extend(signs);
    finish_line(text);
}

fn finish_line(text: &mut String) {
    text.truncate(text.trim_end_matches(' ').len());
    text.push('\n');
}
