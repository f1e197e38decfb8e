//! The labels beside the two lines of a ladder: moments, names, notes.
//!
//! Two labels of a side never overlap. A label whose place is taken moves below the
//! previous one, and one that would be too far from its moment joins it: `DATA 4 to 9`. A
//! label depends only on earlier ones, so it does not move while time passes.

use super::expired;
use super::layout::{Layout, side_of};
use crate::lab::journal::Side;
use crate::lab::notation::{Notation, transmission};
use crate::lab::picture::LETTER;
use crate::lab::transmissions::{Past, RemarkKind, TimelineEvent, Transmissions};
use crate::lab::words::loss_trigger;
use crate::link::Fate;

/// One line of words.
#[derive(Debug, Clone)]
pub(super) struct Label {
    pub(super) side: Side,
    /// The time of its first event. Unit: microseconds.
    pub(super) time_us: u64,
    /// Where that event is. Unit: pixels.
    pub(super) event_y: f64,
    /// Where the words are. Unit: pixels.
    pub(super) y: f64,
    parts: Vec<Part>,
}

/// The words for one event, or for several that are alike: `DATA 4 to 9`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Part {
    before: String,
    numbers: Option<(u32, u32)>,
    after: String,
    count: u32,
}

/// The size of the letters. Unit of this and of the following: pixels.
pub(super) const WORD_SIZE: f64 = 12.0;
/// From one label to the next, at least.
pub(super) const PITCH: f64 = 14.0;
/// A label is at most so far below its event.
const MOST_LAG: f64 = 2.0 * PITCH;

impl Label {
    /// The labels of the past steps, from above. A packet's name has at most `letters`
    /// letters where ranges can be left out, and there is this room for words at the
    /// sender and at the receiver.
    pub(super) fn all(
        transmissions: &Transmissions<'_>,
        steps: &[(u64, TimelineEvent)],
        layout: &Layout,
        past: &Past,
        (notation, letters, room): (Notation, usize, [f64; 2]),
    ) -> Vec<Self> {
        let mut labels: Vec<Self> = Vec::new();
        let mut newest: [Option<usize>; 2] = [None; 2];
        for (&(time_us, step), &y) in steps.iter().zip(&layout.steps) {
            if !past.has(step) {
                continue;
            }
            let side = side_of(transmissions, step);
            let said = said(transmissions, step, notation, letters);
            let at = usize::from(side == Side::Receiver);
            let newest = &mut newest[at];
            let last = newest.and_then(|last| labels.get_mut(last));
            let free = last.as_ref().map_or(y, |last| last.y + PITCH);
            let joins = |last: &&mut Self| {
                let is_same = last.event_y >= y && last.takes(&said, room[at]);
                is_same || free - y > MOST_LAG
            };
            if let Some(last) = last.filter(joins) {
                last.say(&said);
            } else if y >= free || !said.is_empty() {
                *newest = Some(labels.len());
                let mut label = Self {
                    side,
                    time_us,
                    event_y: y,
                    y: y.max(free),
                    parts: Vec::new(),
                };
                label.say(&said);
                labels.push(label);
            }
        }
        labels
    }

    /// Whether there is still space for this.
    fn takes(&self, text: &str, room: f64) -> bool {
        let mut more = self.clone();
        more.say(text);
        self.parts.is_empty() || width(&more.short()) <= room
    }

    fn say(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        let part = Part::of(text);
        if !self.parts.iter_mut().any(|it| it.takes(&part)) {
            self.parts.push(part);
        }
    }

    /// All of it.
    pub(super) fn text(&self) -> String {
        let parts: Vec<String> = self.parts.iter().map(Part::text).collect();
        parts.join("; ")
    }

    /// The same in fewer words.
    fn short(&self) -> String {
        let mut short = self.text();
        for (long, words) in SHORTER {
            short = short.replace(long, words);
        }
        short
    }

    /// As much of it as fits, shortened if necessary. Unit: pixels.
    pub(super) fn fitted(&self, room: f64) -> String {
        let text = self.text();
        if width(&text) <= room {
            return text;
        }
        let short = self.short();
        if width(&short) <= room {
            return short;
        }
        let kept = short.chars().scan(0.0, |used, letter| {
            *used += WORD_SIZE * LETTER;
            Some((*used, letter))
        });
        let room = room - WORD_SIZE;
        let kept: String = kept
            .take_while(|(used, _)| *used <= room)
            .map(|(_, letter)| letter)
            .collect();
        format!("{}\u{2026}", kept.trim_end_matches([' ', ';', ',']))
    }
}

/// A text that is shortened if there is little space.
const SHORTER: [(&str, &str); 7] = [
    (" transmission)", ")"),
    ("discarded: out of order", "discarded"),
    ("discarded: ", ""),
    ("buffered out of order", "buffered"),
    ("timeout: DATA ", "timeout: "),
    (
        "timeout: the handshake packet is retransmitted",
        "handshake timeout",
    ),
    (", next expected", ", next"),
];

/// How wide these words are. Unit: pixels.
pub(super) fn width(text: &str) -> f64 {
    let letters = u32::try_from(text.chars().count()).unwrap_or(0);
    f64::from(letters) * WORD_SIZE * LETTER
}

impl Part {
    fn of(text: &str) -> Self {
        let start = text.find(|letter: char| letter.is_ascii_digit());
        let (before, rest) = text.split_at(start.unwrap_or(text.len()));
        let end = rest.find(|letter: char| !letter.is_ascii_digit());
        let (number, after) = rest.split_at(end.unwrap_or(rest.len()));
        Self {
            before: before.to_owned(),
            numbers: number.parse().ok().map(|number| (number, number)),
            after: after.to_owned(),
            count: 1,
        }
    }

    /// Joins another one, if it has the same text, or the same with the next number.
    fn takes(&mut self, other: &Self) -> bool {
        if self.before != other.before || self.after != other.after {
            return false;
        }
        match (&mut self.numbers, other.numbers) {
            (Some((_, last)), Some((next, _)))
                if self.count == 1 && next == *last + 1 =>
            {
                *last = next;
            }
            (Some((first, last)), Some((same, _))) if first == last && same == *last => {
                self.count += 1;
            }
            (None, None) => self.count += 1,
            (Some(_), _) | (None, Some(_)) => return false,
        }
        true
    }

    fn text(&self) -> String {
        let Self {
            before,
            numbers,
            after,
            count,
        } = self;
        let numbers = match numbers {
            None => String::new(),
            Some((first, last)) if first == last => first.to_string(),
            Some((first, last)) => format!("{first} to {last}"),
        };
        let times = if *count > 1 {
            format!(", {count} times")
        } else {
            String::new()
        };
        format!("{before}{numbers}{after}{times}")
    }
}

/// The words for a step.
fn said(
    transmissions: &Transmissions<'_>,
    step: TimelineEvent,
    notation: Notation,
    room: usize,
) -> String {
    match step {
        TimelineEvent::Departure(place) => {
            let transmission = &transmissions.all[place];
            let name = transmission.name(notation, room);
            match transmission.carried.map(|it| it.fate) {
                Some(Fate::Duplicated) => format!("{name}, twice"),
                Some(_) | None => name,
            }
        }
        TimelineEvent::Arrival(place) => {
            let transmission = &transmissions.all[place];
            match transmission.sent_us {
                Some(_) => transmission.note.to_owned(),
                None => transmission.name(notation, room),
            }
        }
        TimelineEvent::Remark(place) => match transmissions.remarks[place].what {
            RemarkKind::Lost {
                number,
                attempt,
                trigger,
            } => {
                let why = loss_trigger(trigger);
                format!("{why}: DATA {number}{} lost", transmission(attempt))
            }
            RemarkKind::Expired(timer) => expired(timer).to_owned(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn label(texts: &[&str]) -> Label {
        let mut label = Label {
            side: Side::Sender,
            time_us: 0,
            event_y: 0.0,
            y: 0.0,
            parts: Vec::new(),
        };
        for text in texts {
            label.say(text);
        }
        label
    }

    #[test]
    fn consecutive_numbers_and_repetitions_are_said_once() {
        let said = |texts: &[&str]| label(texts).text();
        assert_eq!(said(&["DATA 4", "DATA 5", "DATA 6"]), "DATA 4 to 6");
        assert_eq!(said(&["DATA 4", "DATA 6"]), "DATA 4; DATA 6");
        let notes = ["out of order", "ACK 1", "out of order", "ACK 1"];
        assert_eq!(said(&notes), "out of order, 2 times; ACK 1, 2 times");
        assert_eq!(said(&["DATA 2 (2nd)", "DATA 3 (2nd)"]), "DATA 2 to 3 (2nd)");
        assert_eq!(said(&["DATA 2 (2nd)", "DATA 3"]), "DATA 2 (2nd); DATA 3");
    }

    #[test]
    fn a_label_fits_its_room() {
        let label = label(&["buffered out of order", "ACK 3"]);
        assert_eq!(label.fitted(500.0), "buffered out of order; ACK 3");
        assert_eq!(label.fitted(130.0), "buffered; ACK 3");
        for room in [40.0, 60.0, 90.0] {
            assert!(width(&label.fitted(room)) <= room, "{room}");
        }
    }
}
