//! Draws the strip: a band of any width, across a window or below a heading.
//!
//! ```text
//!   [ the whole file in bins, where it is long, the part below marked ]
//!   sender     cells, the window's bracket below
//!   receiver   cells
//!   every state: its sign, its name, its count
//! ```
//!
//! A [`Band`] also returns the segment at a place, for the mouse.

use super::view::{bins, segments_per_bin, shown};
use super::{Look, ReceiverState, SenderState, Strip};
use crate::lab::journal::{Entry, Side};
use crate::lab::palette::{Colour, INK, SOFT_INK};
use crate::lab::picture::{Anchor, Area, Line, Picture, Point, Triangle, Words};
use std::ops::Range;

/// A strip drawn for a window.
#[derive(Debug, Clone)]
pub struct Band {
    /// The strip to draw.
    pub picture: Picture,
    range: Range<u32>,
    sender_y: Option<f64>,
    receiver_y: Option<f64>,
}

/// The movement of a key from one cell to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Toward {
    /// The number of cells to the right; negative is to the left.
    Along(i32),
    /// The same segment, at the sender.
    Sender,
    /// The same segment, at the receiver.
    Receiver,
}

/// The sides of a journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sides {
    /// Whether it has events of the file's sender.
    pub sender: bool,
    /// Whether it has events of its receiver.
    pub receiver: bool,
}

impl Sides {
    /// As in the laboratory.
    pub const BOTH: Self = Self {
        sender: true,
        receiver: true,
    };

    /// The sides of its first entries; both if there are none.
    #[must_use]
    pub fn of(entries: &[Entry]) -> Self {
        const ENOUGH: usize = 1_000;
        let first = &entries[..entries.len().min(ENOUGH)];
        let tells = |side| first.iter().any(|entry| entry.side == side);
        let (sender, receiver) = (tells(Side::Sender), tells(Side::Receiver));
        if sender || receiver {
            Self { sender, receiver }
        } else {
            Self::BOTH
        }
    }
}

/// Unit of this and of what follows: pixels.
const MARGIN: f64 = 8.0;
/// Where the cells begin.
const LEFT: f64 = 78.0;
/// From one cell to the next.
const PITCH: f64 = 24.0;
const CELL: f64 = 22.0;
/// A column of the whole file.
const BIN_PITCH: f64 = 6.0;
const BIN_HEIGHT: f64 = 14.0;
const SMALL: f64 = 12.0;
/// Counts are small letters and digits, narrower than a careful guess.
const COUNT_LETTER: f64 = 0.58;
const LAST_LETTER: f64 = 0.53;

impl Band {
    /// Draws it with this width, for the sides of its event log.
    #[must_use]
    pub fn draw(strip: &Strip, sides: Sides, width: f64) -> Self {
        let room = width - LEFT - MARGIN;
        let range = shown(strip, whole(room / PITCH).max(4));
        let mut drawing = BandDrawing {
            picture: Picture::new(width, 0.0, "The sliding window"),
            strip,
            sides,
            room,
            y: 4.0,
        };
        if range.len() < strip.segments() as usize {
            drawing.draw_bins(&range);
        }
        drawing.draw_numbers(&range);
        let sender_y = sides.sender.then(|| drawing.draw_sender(&range));
        let receiver_y = sides.receiver.then(|| drawing.draw_receiver(&range));
        drawing.draw_counts();
        drawing.picture.height = drawing.y + 2.0;
        Self {
            picture: drawing.picture,
            range,
            sender_y,
            receiver_y,
        }
    }

    /// The side and the segment of the cell at this place.
    #[must_use]
    pub fn segment_at(&self, at: Point) -> Option<(Side, u32)> {
        let is_in = |y: &Option<f64>| y.is_some_and(|y| at.y >= y && at.y < y + CELL);
        let side = if is_in(&self.sender_y) {
            Side::Sender
        } else if is_in(&self.receiver_y) {
            Side::Receiver
        } else {
            return None;
        };
        if at.x < LEFT {
            return None;
        }
        let number = self.range.start + whole((at.x - LEFT) / PITCH);
        self.range.contains(&number).then_some((side, number))
    }

    /// The cell after a key: this many cells to the right, or to the left if negative, or
    /// the one of the other side. Without a cell to start from, the first one shown.
    #[must_use]
    pub fn beside(&self, from: Option<(Side, u32)>, step: Toward) -> Option<(Side, u32)> {
        let sides = [
            (Side::Sender, self.sender_y),
            (Side::Receiver, self.receiver_y),
        ];
        let mut shown = sides.into_iter().filter(|(_, y)| y.is_some());
        let (first, _) = shown.next()?;
        let second = shown.next().map(|(side, _)| side);
        let last = self.range.end.checked_sub(1)?;
        let number =
            |number: u32| number.clamp(self.range.start, last.max(self.range.start));
        Some(match (from, step) {
            (None, _) => (first, self.range.start),
            (Some((side, at)), Toward::Along(by)) => {
                (side, number(at.saturating_add_signed(by)))
            }
            (Some((_, at)), Toward::Sender) => (first, number(at)),
            (Some((_, at)), Toward::Receiver) => (second.unwrap_or(first), number(at)),
        })
    }

    /// Draws a frame around a cell, if it is shown.
    pub fn frame(&mut self, side: Side, number: u32) {
        let y = match side {
            Side::Sender | Side::Link => self.sender_y,
            Side::Receiver => self.receiver_y,
        };
        if let Some(y) = y.filter(|_| self.range.contains(&number)) {
            let x = BandDrawing::x(&self.range, number);
            let (from, to) = ((x - 1.0, y - 1.0), (x + CELL + 1.0, y + CELL + 1.0));
            self.picture.add_frame(from, to, INK);
        }
    }
}

/// A picture that grows downwards.
struct BandDrawing<'a> {
    picture: Picture,
    strip: &'a Strip,
    sides: Sides,
    /// For cells.
    room: f64,
    y: f64,
}

impl BandDrawing<'_> {
    fn draw_bins(&mut self, range: &Range<u32>) {
        let per_bin = segments_per_bin(self.strip, whole(self.room / BIN_PITCH).max(1));
        let bins = bins(self.strip, per_bin);
        self.label("whole file", self.y + BIN_HEIGHT);
        if self.sides.sender {
            let says = bins.iter().map(|bin| bin.sender_says().look().fill);
            self.draw_columns(says.collect());
        }
        if self.sides.receiver {
            let says = bins.iter().map(|bin| bin.receiver_says().look().fill);
            self.draw_columns(says.collect());
        }
        let x = |number: u32| LEFT + f64::from(number) / f64::from(per_bin) * BIN_PITCH;
        let (from, to) = (x(range.start), x(range.end));
        self.bracket(from, to.max(from + 4.0), SOFT_INK);
        self.y += 14.0;
    }

    /// One row of columns, each in the colour of its most telling segment.
    fn draw_columns(&mut self, fills: Vec<Colour>) {
        for (column, fill) in (0_u32..).zip(fills) {
            self.picture.add(Area {
                x: LEFT + f64::from(column) * BIN_PITCH,
                y: self.y,
                width: BIN_PITCH - 1.0,
                height: BIN_HEIGHT,
                fill,
            });
        }
        self.y += BIN_HEIGHT + 2.0;
    }

    fn draw_numbers(&mut self, range: &Range<u32>) {
        self.y += 9.0;
        let step = if range.end > 1_000 { 5 } else { 1 };
        for number in range.clone().filter(|number| number % step == 0) {
            let x = Self::x(range, number) + CELL / 2.0;
            let words = Words::new(Point::new(x, self.y), 10.0, number.to_string());
            let words = words.coloured(SOFT_INK);
            self.picture.add(words.anchored(Anchor::Middle));
        }
        self.y += 4.0;
    }

    /// Returns where its cells are.
    fn draw_sender(&mut self, range: &Range<u32>) -> f64 {
        let y = self.y;
        self.label("sender", y + 15.0);
        for number in range.clone() {
            self.cell(Self::x(range, number), self.strip.sender(number).look());
        }
        self.y += CELL + 3.0;
        let (base, end) = (self.strip.base(), self.strip.window_end());
        let (from, to) = (base.max(range.start), end.min(range.end));
        if from < to {
            let (from, to) = (Self::x(range, from), Self::x(range, to) - (PITCH - CELL));
            self.bracket(from, to, INK);
        }
        self.mark(range, self.strip.next());
        self.y += 13.0;
        y
    }

    /// Returns where its cells are.
    fn draw_receiver(&mut self, range: &Range<u32>) -> f64 {
        let y = self.y;
        self.label("receiver", y + 15.0);
        for number in range.clone() {
            self.cell(Self::x(range, number), self.strip.receiver(number).look());
        }
        self.y += CELL + 3.0;
        self.mark(range, self.strip.next_expected());
        self.y += 13.0;
        y
    }

    fn cell(&mut self, x: f64, look: Look) {
        self.picture.add(Area {
            x,
            y: self.y,
            width: CELL,
            height: CELL,
            fill: look.fill,
        });
        let at = Point::new(x + CELL / 2.0, self.y + 15.5);
        let sign = Words::new(at, 13.0, look.sign).coloured(look.ink);
        self.picture.add(sign.anchored(Anchor::Middle));
    }

    fn bracket(&mut self, from: f64, to: f64, colour: Colour) {
        let y = self.y + 5.0;
        for (from, to) in [
            (Point::new(from, y), Point::new(to, y)),
            (Point::new(from + 1.0, y - 5.0), Point::new(from + 1.0, y)),
            (Point::new(to - 1.0, y - 5.0), Point::new(to - 1.0, y)),
        ] {
            self.picture.add(Line {
                width: 2.0,
                ..Line::new(from, to, colour)
            });
        }
    }

    /// A small triangle that points at a segment from below.
    fn mark(&mut self, range: &Range<u32>, number: u32) {
        if !range.contains(&number) {
            return;
        }
        let x = Self::x(range, number) + CELL / 2.0;
        let (top, foot) = (self.y, self.y + 9.0);
        self.picture.add(Triangle {
            corners: [
                Point::new(x, top),
                Point::new(x - 5.0, foot),
                Point::new(x + 5.0, foot),
            ],
            fill: INK,
        });
    }

    /// All states of both sides, as many per line as fit.
    fn draw_counts(&mut self) {
        let strip = self.strip;
        if self.sides.sender {
            let counts = strip.sender_counts();
            let entries = SenderState::ALL.map(|it| (it.look(), counts.get(it)));
            let retransmissions = match strip.retransmissions() {
                1 => "1 retransmission".to_owned(),
                more => format!("{more} retransmissions"),
            };
            self.count("sender", &entries, &retransmissions);
        }
        if self.sides.receiver {
            let counts = strip.receiver_counts();
            let entries = ReceiverState::ALL.map(|it| (it.look(), counts.get(it)));
            self.count("receiver", &entries, "");
        }
    }

    fn count(&mut self, label: &str, entries: &[(Look, u32)], after: &str) {
        self.label(label, self.y + 12.0);
        let mut x = LEFT;
        for (look, count) in entries {
            let words = format!("{count} {}", look.name);
            let letters = u32::try_from(words.chars().count()).unwrap_or(0);
            let width = 21.0 + f64::from(letters) * SMALL * COUNT_LETTER;
            if x + width > self.picture.width - MARGIN && x > LEFT {
                (x, self.y) = (LEFT, self.y + 20.0);
            }
            self.picture.add(Area {
                x,
                y: self.y,
                width: 16.0,
                height: 16.0,
                fill: look.fill,
            });
            let at = Point::new(x + 8.0, self.y + 12.0);
            let sign = Words::new(at, SMALL, look.sign).coloured(look.ink);
            self.picture.add(sign.anchored(Anchor::Middle));
            let at = Point::new(x + 21.0, self.y + 12.0);
            self.picture.add(Words::new(at, SMALL, words));
            x += width + 4.0;
        }
        x += 6.0;
        let letters = u32::try_from(after.chars().count()).unwrap_or(0);
        let width = f64::from(letters) * SMALL * LAST_LETTER;
        if x + width > self.picture.width - MARGIN {
            (x, self.y) = (LEFT, self.y + 17.0);
        }
        let at = Point::new(x, self.y + 12.0);
        let words = Words::new(at, SMALL, after).coloured(SOFT_INK);
        self.picture.add(words);
        self.y += 20.0;
    }

    fn label(&mut self, label: &str, y: f64) {
        let at = Point::new(MARGIN, y);
        self.picture.add(Words::new(at, SMALL, label).bold());
    }

    fn x(range: &Range<u32>, number: u32) -> f64 {
        LEFT + f64::from(number - range.start) * PITCH
    }
}

/// How many whole ones there are.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "pixels of a screen"
)]
const fn whole(length: f64) -> u32 {
    length.max(0.0) as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::run::Experiment;

    fn strip_at(until_us: u64) -> Strip {
        let experiment = Experiment {
            scenario: "delay=100ms;drop=d1.1".parse().unwrap(),
            listening: true,
            ..Experiment::small()
        };
        let mut strip = Strip::new(&experiment.heading());
        let take = |entry: Entry| {
            if entry.time_us <= until_us {
                strip.take(&entry);
            }
        };
        experiment.run(take).unwrap();
        strip
    }

    #[test]
    fn a_position_on_the_band_belongs_to_a_segment_of_one_side() {
        let band = Band::draw(&strip_at(300_000), Sides::BOTH, 960.0);
        let y = band.sender_y.unwrap() + 5.0;
        let at = Point::new(LEFT + 2.0 * PITCH + 3.0, y);
        assert_eq!(band.segment_at(at), Some((Side::Sender, 2)));
        let y = band.receiver_y.unwrap() + 5.0;
        let at = Point::new(LEFT + 3.0, y);
        assert_eq!(band.segment_at(at), Some((Side::Receiver, 0)));
        assert_eq!(band.segment_at(Point::new(10.0, y)), None);
        assert_eq!(band.segment_at(Point::new(200.0, 2.0)), None);
    }

    #[test]
    fn the_arrow_keys_move_between_the_visible_cells() {
        let mut band = Band::draw(&strip_at(300_000), Sides::BOTH, 500.0);
        let shapes = band.picture.shapes.len();
        let first = band.beside(None, Toward::Along(1));
        assert_eq!(first, Some((Side::Sender, 0)));
        let right = band.beside(first, Toward::Along(2));
        assert_eq!(right, Some((Side::Sender, 2)));
        let below = band.beside(right, Toward::Receiver);
        assert_eq!(below, Some((Side::Receiver, 2)));
        assert_eq!(band.beside(below, Toward::Sender), right);
        assert_eq!(
            band.beside(below, Toward::Along(-9)),
            Some((Side::Receiver, 0))
        );
        let end = band.beside(right, Toward::Along(1_000));
        let (_, last) = end.unwrap();
        assert_eq!(last + 1, band.range.end);
        band.frame(Side::Receiver, last);
        band.frame(Side::Receiver, last + 1); // Not shown: nothing is drawn.
        assert_eq!(band.picture.shapes.len(), shapes + 4);
    }

    #[test]
    fn the_band_shows_every_count_of_the_strip() {
        let strip = strip_at(300_000);
        let svg = Band::draw(&strip, Sides::BOTH, 960.0).picture.svg();
        let counts = strip.sender_counts();
        for state in SenderState::ALL {
            let said = format!(">{} {}<", counts.get(state), state.look().name);
            assert!(svg.contains(&said), "{said} in {svg}");
        }
        assert!(svg.contains(">1 lost<"), "{svg}");
    }

    #[test]
    fn a_narrow_window_shows_fewer_cells_and_a_huge_file_is_shown_in_bins() {
        let strip = strip_at(300_000);
        let areas = |width| Band::draw(&strip, Sides::BOTH, width).picture.shapes.len();
        assert!(areas(500.0) < areas(960.0));
        let huge = Experiment {
            size: 10 << 30,
            ..Experiment::small()
        };
        let strip = Strip::new(&huge.heading());
        assert!(Band::draw(&strip, Sides::BOTH, 960.0).picture.shapes.len() < 1_000);
    }
}
