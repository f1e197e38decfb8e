//! The ladder while time passes: packets part-way between the two lines.
//!
//! ```text
//!        sender                receiver
//!   40.0 ms |--_  DATA 3.1        |
//!           |    --_              |
//!           |       --o           |   o: where it is now; a click there kills it
//!           |                     |
//! ```
//!
//! The same places as in the standing picture, but only what lies around this moment, and
//! of each packet only the part of its way that is behind it. Every packet has a
//! [`Spot`]: where on the picture it is, for a mouse.

mod spot;

pub use spot::{Moving, Spot};

use super::drawing::{draw_break, look};
use super::places::{
    LOST_AT, ONE_WAY_HEIGHT, Places, real, side_of, usual_one_way_delay,
};
use super::transmissions::{
    LadderEvent, Remark, RemarkKind, Transmission, Transmissions,
};
use crate::lab::journal::{Entry, Side};
use crate::lab::notation::{Notation, transmission};
use crate::lab::palette::{GRID, INK, PAPER, SOFT_INK, VERMILLION};
use crate::lab::picture::{Anchor, Area, Disc, LETTER, Line, Picture, Point, Words};
use crate::lab::strip::Sides;
use crate::lab::words::{loss_trigger, time};
use crate::link::Direction;

/// The picture of a run at one moment.
#[derive(Debug, Clone, Copy)]
pub struct Scene<'a> {
    /// The known events, in order: all of it in a journal, all up to now in a
    /// run that goes on.
    pub entries: &'a [Entry],
    /// The number of entries that have happened.
    pub index: usize,
    /// Since the run began. Unit: microseconds.
    pub now_us: u64,
    /// The notation of the packets.
    pub notation: Notation,
    /// The usual one-way time of a packet, if it is known. Unit: microseconds.
    pub usual_us: Option<u64>,
    /// How wide and how high the picture is. Unit: pixels.
    pub size: (f64, f64),
}

/// Entries that are looked at before and after this moment: more than fit on a screen.
const AROUND: usize = 700;

/// This share of the height is for what is over.
const PAST: f64 = 0.62;

/// Left of the sender's line: a moment and a name. Unit of this and of what follows:
/// pixels.
const LEFT: f64 = 212.0;
/// Right of the receiver's line: the same.
const RIGHT: f64 = 304.0;
/// The two lines are at least so far from each other.
const LEAST_LANE: f64 = 130.0;
const WORD_SIZE: f64 = 12.0;
/// For a packet's name right of the receiver's line; left of the sender's, where its
/// moment stands too, runs have none. Unit: letters.
const RIGHT_ROOM: usize = 30;
const LEFT_ROOM: usize = 0;
/// Of a moment beside a line, so that words do not move when it gets longer.
const LEAST_CLOCK: f64 = 62.0;
/// On a narrower picture (a phone's) moments are left out and words are cut short.
const NARROW: f64 = LEFT + RIGHT + LEAST_LANE;
/// Left of the sender's line and right of the receiver's on a narrow picture: on the
/// narrowest, and this much more just below [`NARROW`].
const NARROW_LEFT: (f64, f64) = (94.0, 60.0);
const NARROW_RIGHT: (f64, f64) = (92.0, 130.0);
const NARROWEST: f64 = 330.0;
/// The heading stands above the ladder.
const HEAD: f64 = 24.0;

impl Scene<'_> {
    /// Draws it.
    #[must_use]
    pub fn draw(&self) -> Moving {
        let from = self.index.saturating_sub(AROUND);
        let until = self.entries.len().min(self.index.saturating_add(AROUND));
        let index = self.index.clamp(from, until);
        let mut transmissions = Transmissions::of(&self.entries[from..index]);
        let happened = transmissions.steps.len();
        let told = transmissions.all.len();
        for entry in &self.entries[index..until] {
            transmissions.take(entry);
        }
        let mut steps = transmissions.steps.clone();
        promise(&transmissions, &mut steps);
        let usual = self
            .usual_us
            .unwrap_or_else(|| usual_one_way_delay(&transmissions, &steps));
        let places = Places::of(&transmissions, &steps, usual, 0.0);
        let (width, height) = self.size;
        let is_narrow = width < NARROW;
        let (left, right) = if is_narrow {
            let share = ((width - NARROWEST) / (NARROW - NARROWEST)).clamp(0.0, 1.0);
            let margin = |(least, more): (f64, f64)| least + more * share;
            (margin(NARROW_LEFT), margin(NARROW_RIGHT))
        } else {
            (LEFT, RIGHT)
        };
        let mut drawing = MovingLadderDrawing {
            picture: Picture::new(width, height, "Sequence diagram"),
            spots: Vec::new(),
            transmissions: &transmissions,
            places: &places,
            is_narrow,
            left,
            right: (width - right).max(left + LEAST_LANE),
            shift: HEAD + (height - HEAD) * PAST
                - height_of(self.now_us, &steps, &places),
            sides: Sides::of(self.entries),
            now_us: self.now_us,
            usual,
            notation: self.notation,
        };
        drawing.draw_lines();
        drawing.draw_packets(&steps, happened, told);
        drawing.draw_words(&steps, happened);
        drawing.draw_head();
        let MovingLadderDrawing { picture, spots, .. } = drawing;
        Moving { picture, spots }
    }
}

/// Puts arrivals that the link has promised, and that no entry contains yet, among the
/// steps.
fn promise(transmissions: &Transmissions, steps: &mut Vec<(u64, LadderEvent)>) {
    for (place, transmission) in transmissions.all.iter().enumerate() {
        if let (Some(due_us), None, false) = (
            transmission.due_us,
            transmission.arrived_us,
            transmission.is_lost(),
        ) {
            steps.push((due_us, LadderEvent::Arrival(place)));
        }
    }
    // A stable sort keeps what happened in one moment in its order.
    steps.sort_by_key(|&(time_us, _)| time_us);
}

/// Where a moment stands: between two moments in which something happens, in between.
fn height_of(now_us: u64, steps: &[(u64, LadderEvent)], places: &Places) -> f64 {
    let next = steps.partition_point(|&(time_us, _)| time_us <= now_us);
    let before = next.checked_sub(1).map(|last| {
        let time_us = steps[last].0;
        let first = steps.partition_point(|step| step.0 < time_us);
        (time_us, places.steps[first])
    });
    let after = steps
        .get(next)
        .map(|&(time_us, _)| (time_us, places.steps[next]));
    match (before, after) {
        (Some((from_us, from)), Some((to_us, to))) => {
            let share = real(now_us - from_us) / real((to_us - from_us).max(1));
            from + (to - from) * share
        }
        (Some((_, from)), None) => from,
        (None, Some((_, to))) => to,
        (None, None) => 0.0,
    }
}

struct MovingLadderDrawing<'a> {
    picture: Picture,
    spots: Vec<Spot>,
    transmissions: &'a Transmissions,
    places: &'a Places,
    /// Whether there is no room for moments.
    is_narrow: bool,
    /// Where the sender's line is.
    left: f64,
    /// Where the receiver's line is.
    right: f64,
    /// From a place's height to the picture's.
    shift: f64,
    sides: Sides,
    now_us: u64,
    usual: u64,
    notation: Notation,
}

impl MovingLadderDrawing<'_> {
    fn is_seen(&self, from: f64, to: f64) -> bool {
        to >= HEAD - 20.0 && from <= self.picture.height + 20.0
    }

    fn draw_lines(&mut self) {
        let height = self.picture.height;
        for x in [self.left, self.right] {
            for &(from, to) in &self.places.crowded {
                let (from, to) = (from + self.shift, to + self.shift);
                if self.is_seen(from, to) {
                    let (top, foot) = ((from - 5.0).max(0.0), (to + 5.0).min(height));
                    self.picture.add(Area {
                        x: x - 4.0,
                        y: top,
                        width: 8.0,
                        height: foot - top,
                        fill: GRID,
                    });
                }
            }
            let (from, to) = (Point::new(x, HEAD), Point::new(x, height));
            self.picture.add(Line::new(from, to, INK));
        }
        for &y in &self.places.short {
            let y = y + self.shift;
            if self.is_seen(y, y) {
                draw_break(&mut self.picture, self.left, y);
                draw_break(&mut self.picture, self.right, y);
            }
        }
    }

    /// The names of the two ends, over what scrolls below them.
    fn draw_head(&mut self) {
        self.picture.add(Area {
            x: 0.0,
            y: 0.0,
            width: self.picture.width,
            height: HEAD - 2.0,
            fill: PAPER,
        });
        for (x, name) in [(self.left, "sender"), (self.right, "receiver")] {
            let words = Words::new(Point::new(x, 15.0), 14.0, name).bold();
            self.picture.add(words.anchored(Anchor::Middle));
        }
        let middle = Point::new(self.left.midpoint(self.right), 15.0);
        let now = Words::new(middle, WORD_SIZE, time(self.now_us));
        let now = now.coloured(SOFT_INK).anchored(Anchor::Middle);
        self.picture.add(now);
    }

    fn draw_packets(
        &mut self,
        steps: &[(u64, LadderEvent)],
        happened: usize,
        told: usize,
    ) {
        let mut arrived = vec![false; self.transmissions.all.len()];
        for &(_, step) in &self.transmissions.steps[..happened] {
            if let LadderEvent::Arrival(place) = step {
                arrived[place] = true;
            }
        }
        let mut scheduled = vec![None; self.transmissions.all.len()];
        for &(time_us, step) in steps {
            if let LadderEvent::Arrival(place) = step {
                scheduled[place] = Some(time_us);
            }
        }
        for place in 0..told {
            self.draw_packet(place, arrived[place], scheduled[place]);
        }
    }

    fn draw_packet(&mut self, place: usize, has_arrived: bool, arrives_us: Option<u64>) {
        let transmission = &self.transmissions.all[place];
        let (start, end) = match transmission.direction {
            Direction::Data => (self.left, self.right),
            Direction::Ack => (self.right, self.left),
        };
        let departure = self.places.departures.get(&place).map(|y| y + self.shift);
        let arrival = self.places.arrivals.get(&place).map(|y| y + self.shift);
        let fall = self
            .places
            .falls
            .get(&place)
            .copied()
            .unwrap_or(ONE_WAY_HEIGHT);
        let (from, whole) = match (departure, arrival) {
            (Some(from), Some(to)) => (Point::new(start, from), Point::new(end, to)),
            (Some(from), None) => (Point::new(start, from), Point::new(end, from + fall)),
            (None, Some(to)) => {
                let x = start + (end - start) * (1.0 - LOST_AT);
                (Point::new(x, to - fall * LOST_AT), Point::new(end, to))
            }
            (None, None) => return,
        };
        if !self.is_seen(from.y.min(whole.y), from.y.max(whole.y)) {
            return;
        }
        let share = self.share(transmission, has_arrived, arrives_us);
        let along = |share: f64| {
            let (across, down) = (whole.x - from.x, whole.y - from.y);
            Point::new(from.x + across * share, from.y + down * share)
        };
        let is_lost = transmission.is_lost() && !has_arrived;
        let lost_at = Self::lost_at(transmission);
        let is_gone = is_lost && share >= lost_at;
        // One side alone does not tell whether what it sends has arrived.
        let is_told = match transmission.direction {
            Direction::Data => self.sides.receiver,
            Direction::Ack => self.sides.sender,
        };
        let is_overdue = share >= 1.0 && (arrives_us.is_none() || !is_told);
        let tip = along(if is_gone { lost_at } else { share });
        let (colour, stroke) = look(transmission);
        let line = Line {
            stroke,
            width: if transmission.is_retransmission {
                2.2
            } else {
                1.5
            },
            ..Line::new(from, tip, colour)
        };
        self.picture.add(line);
        if has_arrived || (is_overdue && arrives_us.is_some()) {
            self.picture.add_head(&line);
        } else if is_gone {
            self.draw_loss(transmission, tip);
        } else if !is_overdue {
            self.picture.add(Disc {
                middle: tip,
                radius: spot::RADIUS,
                fill: colour,
            });
        }
        let ranges = transmission.packet.ranges(self.notation.first_sequence);
        self.spots.push(Spot {
            packet: transmission.packet.name,
            direction: transmission.direction,
            range: ranges.first().copied(),
            from,
            to: tip,
            is_in_flight: !has_arrived && !is_lost && !is_overdue,
            sent_us: transmission.sent_us,
            arrived_us: transmission.arrived_us.filter(|_| has_arrived),
        });
    }

    /// How much of its way is behind a packet.
    fn share(
        &self,
        transmission: &Transmission,
        has_arrived: bool,
        arrives_us: Option<u64>,
    ) -> f64 {
        if has_arrived {
            return 1.0;
        }
        let Some(sent_us) = transmission.sent_us else {
            return 0.0;
        };
        let due_us = arrives_us.or(transmission.due_us);
        let takes = due_us.map_or(self.usual, |at| at.saturating_sub(sent_us));
        let gone = self.now_us.saturating_sub(sent_us);
        (real(gone) / real(takes.max(1))).clamp(0.0, 1.0)
    }

    /// The share of its way after which a lost packet is gone: where a person killed it.
    fn lost_at(transmission: &Transmission) -> f64 {
        match (
            transmission.killed_us,
            transmission.sent_us,
            transmission.due_us,
        ) {
            (Some(killed), Some(sent), Some(due)) => {
                let gone = killed.saturating_sub(sent);
                let takes = due.saturating_sub(sent).max(1);
                (real(gone) / real(takes)).clamp(0.05, 0.95)
            }
            (Some(_) | None, _, _) => LOST_AT,
        }
    }

    fn draw_loss(&mut self, transmission: &Transmission, tip: Point) {
        for down in [-5.0, 5.0] {
            let from = Point::new(tip.x - 5.0, tip.y - down);
            let to = Point::new(tip.x + 5.0, tip.y + down);
            self.picture.add(Line {
                width: 2.5,
                ..Line::new(from, to, VERMILLION)
            });
        }
        let note = transmission.fate_note();
        let note = if note.is_empty() { "lost" } else { note };
        let letters = f64::from(u32::try_from(note.len()).unwrap_or(0));
        let width = 9.0 + letters * 11.0 * LETTER;
        let has_room = match transmission.direction {
            Direction::Data => tip.x + width < self.right,
            Direction::Ack => tip.x - width > self.left,
        };
        // Ahead of it, where it would have gone; behind it, close to the line.
        let (x, anchor) = match (transmission.direction, has_room) {
            (Direction::Data, true) | (Direction::Ack, false) => {
                (tip.x + 9.0, Anchor::Start)
            }
            (Direction::Data, false) | (Direction::Ack, true) => {
                (tip.x - 9.0, Anchor::End)
            }
        };
        let words = Words::new(Point::new(x, tip.y + 4.0), 11.0, note);
        self.picture
            .add(words.coloured(VERMILLION).anchored(anchor));
    }

    /// The labels beside the two lines: times, names, remarks.
    fn draw_words(&mut self, steps: &[(u64, LadderEvent)], happened: usize) {
        let seen = |y: f64| y >= HEAD - 8.0 && y <= self.picture.height + 8.0;
        let mut words = Vec::new();
        let mut rows: Vec<(Side, f64, Vec<String>)> = Vec::new();
        let mut clock: Vec<(Side, u64)> = Vec::new();
        let is_over =
            happened_steps(&self.transmissions.steps[..happened], self.transmissions);
        for (&(time_us, step), &y) in steps.iter().zip(&self.places.steps) {
            let y = y + self.shift;
            if !seen(y) || !is_over.has(step) {
                continue;
            }
            let side = side_of(self.transmissions, step);
            if !self.is_narrow && !clock.contains(&(side, time_us)) {
                clock.push((side, time_us));
                let (x, anchor) = match side {
                    Side::Sender | Side::Link => (8.0, Anchor::Start),
                    Side::Receiver => (self.right + 12.0, Anchor::Start),
                };
                let at = Point::new(x, y + 4.0);
                let time = Words::new(at, WORD_SIZE, time(time_us));
                words.push(time.coloured(SOFT_INK).anchored(anchor));
            }
            let said = self.said(step);
            if said.is_empty() {
                continue;
            }
            let row = rows.iter_mut().rev().take(64);
            match row
                .into_iter()
                .find(|it| it.0 == side && it.1.to_bits() == y.to_bits())
            {
                Some((_, _, words)) => words.push(said),
                None => rows.push((side, y, vec![said])),
            }
        }
        let letters = time(self.now_us).len() + 1;
        let letters = f64::from(u32::try_from(letters).unwrap_or(0));
        let clock_width = if self.is_narrow {
            0.0
        } else {
            (letters * WORD_SIZE * LETTER).max(LEAST_CLOCK)
        };
        for (side, y, said) in rows {
            let (x, anchor) = match side {
                Side::Sender | Side::Link => (self.left - 10.0, Anchor::End),
                Side::Receiver => (self.right + 12.0 + clock_width, Anchor::Start),
            };
            let said = self.fitting(&said.join("; "), side);
            let line = Words::new(Point::new(x, y + 4.0), WORD_SIZE, said);
            words.push(line.anchored(anchor));
        }
        for line in words {
            self.picture.add(line);
        }
    }

    /// The text, cut to what fits beside a line of a narrow picture.
    fn fitting(&self, text: &str, side: Side) -> String {
        let width = match side {
            Side::Sender | Side::Link => self.left - 14.0,
            Side::Receiver => self.picture.width - self.right - 14.0,
        };
        if !self.is_narrow {
            return text.to_owned();
        }
        let text = text.replace(" transmission)", ")");
        // Most of these words are narrow letters and digits.
        let most = whole(width / (WORD_SIZE * LETTER * 0.9));
        if text.chars().count() <= most {
            return text;
        }
        let kept: String = text.chars().take(most - 1).collect();
        format!("{}\u{2026}", kept.trim_end_matches([' ', ';', ',']))
    }

    /// The short label beside a step: there is little room.
    fn said(&self, step: LadderEvent) -> String {
        match step {
            LadderEvent::Departure(place) => {
                self.transmissions.all[place].name(self.notation, RIGHT_ROOM)
            }
            LadderEvent::Arrival(place) => {
                let transmission = &self.transmissions.all[place];
                match transmission.sent_us {
                    Some(_) => short(transmission.note).to_owned(),
                    None => transmission.name(self.notation, LEFT_ROOM),
                }
            }
            LadderEvent::Remark(place) => remark(&self.transmissions.remarks[place]),
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "letters on a line"
)]
const fn whole(letters: f64) -> usize {
    letters as usize
}

/// Steps that are over, by what they are steps of.
struct Over {
    departures: Vec<bool>,
    arrivals: Vec<bool>,
    remarks: usize,
}

fn happened_steps(steps: &[(u64, LadderEvent)], transmissions: &Transmissions) -> Over {
    let mut over = Over {
        departures: vec![false; transmissions.all.len()],
        arrivals: vec![false; transmissions.all.len()],
        remarks: 0,
    };
    for &(_, step) in steps {
        match step {
            LadderEvent::Departure(place) => over.departures[place] = true,
            LadderEvent::Arrival(place) => over.arrivals[place] = true,
            LadderEvent::Remark(_) => over.remarks += 1,
        }
    }
    over
}

impl Over {
    fn has(&self, step: LadderEvent) -> bool {
        match step {
            LadderEvent::Departure(place) => self.departures[place],
            LadderEvent::Arrival(place) => self.arrivals[place],
            LadderEvent::Remark(place) => place < self.remarks,
        }
    }
}

fn remark(remark: &Remark) -> String {
    match remark.what {
        RemarkKind::Lost {
            number,
            attempt,
            trigger,
        } => {
            let why = loss_trigger(trigger);
            format!("{why}: {number}{} lost", transmission(attempt))
        }
        RemarkKind::Expired(timer) => super::expired(timer).to_owned(),
    }
}

/// A note in few words.
fn short(note: &'static str) -> &'static str {
    match note.strip_prefix("discarded: ") {
        Some(why) => why,
        None if note == "buffered out of order" => "buffered",
        None => note,
    }
}

#[cfg(test)]
mod tests;
