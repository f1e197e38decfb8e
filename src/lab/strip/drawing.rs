//! The strip as a picture.
//!
//! ```text
//!   title                                     time
//!   [ the whole file in bins, where it is long ]
//!   numbers
//!   sender     cells, the window's bracket below
//!   receiver   cells
//!   legend with counts
//! ```

use super::view::{bins, segments_per_bin, shown, subtitle, title};
use super::{JournalPosition, Look, ReceiverState, SenderState, Strip};
use crate::lab::journal::Heading;
use crate::lab::palette::{Colour, GRID, INK, SOFT_INK};
use crate::lab::picture::{Anchor, Area, Line, Picture, Point, Triangle, Words};
use crate::lab::words::{time, wrapped};
use std::ops::Range;

/// Unit of this and of what follows: pixels.
const WIDTH: f64 = 960.0;
const MARGIN: f64 = 32.0;
/// Where the cells begin.
const LEFT: f64 = 120.0;
/// From one cell to the next.
const PITCH: f64 = 24.0;
const CELL: f64 = 22.0;
/// Segments shown one by one.
const CELLS: u32 = 33;
/// Bins of a long file.
const BINS: u32 = 66;
const BIN_PITCH: f64 = 12.0;
const BIN_HEIGHT: f64 = 36.0;
/// The width of an entry in the sender's row of the legend; the receiver's row has fewer and
/// longer entries.
const SENDER_PITCH: f64 = 158.0;
const RECEIVER_PITCH: f64 = 200.0;
/// Of small words.
const SMALL: f64 = 12.0;

/// The strip at one moment, its legend included.
#[must_use]
pub fn picture(heading: &Heading, strip: &Strip, place: JournalPosition) -> Picture {
    let (title, time) = (title(heading), time(strip.time_us()));
    let told = format!("The sliding window of {title} at {time}");
    let mut drawing = StripDrawing {
        picture: Picture::new(WIDTH, 0.0, &told),
        strip,
        y: MARGIN,
    };
    drawing.draw_heading(&title, &subtitle(heading), &time, place);
    let range = shown(strip, CELLS);
    let per_bin = segments_per_bin(strip, BINS);
    if strip.segments() > CELLS {
        drawing.draw_bins(per_bin, &range);
    }
    drawing.draw_cells(&range);
    drawing.draw_legend();
    drawing.picture.height = drawing.y + MARGIN / 2.0;
    drawing.picture
}

/// A picture that grows downwards.
struct StripDrawing<'a> {
    picture: Picture,
    strip: &'a Strip,
    y: f64,
}

impl StripDrawing<'_> {
    fn draw_heading(
        &mut self,
        title: &str,
        subtitle: &str,
        time: &str,
        place: JournalPosition,
    ) {
        let right = WIDTH - MARGIN;
        self.y += 16.0;
        let first = Point::new(MARGIN, self.y);
        self.picture.add(Words::new(first, 20.0, title).bold());
        let last = Point::new(right, self.y);
        self.picture
            .add(Words::new(last, 20.0, time).anchored(Anchor::End));
        let JournalPosition { index, of } = place;
        let event = format!("event {index} of {of}");
        let last = Point::new(right, self.y + 22.0);
        let event = Words::new(last, SMALL, event).coloured(SOFT_INK);
        self.picture.add(event.anchored(Anchor::End));
        for line in wrapped(subtitle, 90) {
            self.y += 22.0;
            let at = Point::new(MARGIN, self.y);
            self.picture
                .add(Words::new(at, 13.0, line).coloured(SOFT_INK));
        }
        self.y += 32.0;
    }

    fn draw_bins(&mut self, per_bin: u32, range: &Range<u32>) {
        let bins = bins(self.strip, per_bin);
        let caption = if per_bin == 1 {
            "The whole file, a column for each segment".to_owned()
        } else {
            format!(
                "The whole file, {per_bin} segments per column; each column shows its \
                 most important state"
            )
        };
        let at = Point::new(LEFT, self.y);
        self.picture
            .add(Words::new(at, SMALL, caption).coloured(SOFT_INK));
        self.y += 10.0;
        if self.strip.hears_sender() {
            let columns = bins.iter().map(|bin| {
                let shares =
                    SenderState::ALL.map(|it| (it.look(), bin.sender[it as usize]));
                (bin.sender_says().look(), shares.to_vec())
            });
            self.draw_columns("sender", columns.collect());
        }
        if self.strip.hears_receiver() {
            let columns = bins.iter().map(|bin| {
                let shares =
                    ReceiverState::ALL.map(|it| (it.look(), bin.receiver[it as usize]));
                (bin.receiver_says().look(), shares.to_vec())
            });
            self.draw_columns("receiver", columns.collect());
        }
        let x = |number: u32| LEFT + f64::from(number) / f64::from(per_bin) * BIN_PITCH;
        let (from, to) = (x(range.start), x(range.end));
        self.bracket(from, to.max(from + 3.0), SOFT_INK);
        self.y += 12.0;
        let at = Point::new(LEFT, self.y + 12.0);
        let below = format!("below: segments {} to {}", range.start, range.end - 1);
        self.picture
            .add(Words::new(at, SMALL, below).coloured(SOFT_INK));
        self.y += 44.0;
    }

    /// One row of bins: each a stack of shares, and the sign of the most telling below.
    fn draw_columns(&mut self, label: &str, columns: Vec<(Look, Vec<(Look, u32)>)>) {
        self.label(label, self.y + BIN_HEIGHT / 2.0 + 4.0);
        for (column, (most_telling, shares)) in (0_u32..).zip(columns) {
            let x = LEFT + f64::from(column) * BIN_PITCH;
            let all: u32 = shares.iter().map(|(_, count)| count).sum();
            let mut foot = self.y + BIN_HEIGHT;
            for (look, count) in shares.into_iter().rev().filter(|(_, count)| *count > 0)
            {
                let height = BIN_HEIGHT * f64::from(count) / f64::from(all);
                foot -= height;
                self.picture.add(Area {
                    x,
                    y: foot,
                    width: BIN_PITCH - 1.0,
                    height,
                    fill: look.fill,
                });
            }
            let middle = x + (BIN_PITCH - 1.0) / 2.0;
            let at = Point::new(middle, self.y + BIN_HEIGHT + 10.0);
            let sign = Words::new(at, 9.0, most_telling.sign);
            self.picture.add(sign.anchored(Anchor::Middle));
        }
        self.y += BIN_HEIGHT + 18.0;
    }

    fn draw_cells(&mut self, range: &Range<u32>) {
        let places: Vec<(u32, f64)> = range
            .clone()
            .map(|number| (number, LEFT + f64::from(number - range.start) * PITCH))
            .collect();
        let step = if range.end > 1_000 { 5 } else { 1 };
        for &(number, x) in places.iter().filter(|(number, _)| number % step == 0) {
            let at = Point::new(x + CELL / 2.0, self.y);
            let number = Words::new(at, 10.0, number.to_string()).coloured(SOFT_INK);
            self.picture.add(number.anchored(Anchor::Middle));
        }
        self.y += 7.0;
        if self.strip.hears_sender() {
            self.label("sender", self.y + 16.0);
            for &(number, x) in &places {
                self.cell(x, self.strip.sender(number).look());
            }
            self.y += CELL + 5.0;
            self.draw_window(range);
            self.y += 16.0;
        }
        if self.strip.hears_receiver() {
            self.label("receiver", self.y + 16.0);
            for &(number, x) in &places {
                self.cell(x, self.strip.receiver(number).look());
            }
            self.y += CELL + 4.0;
            self.mark(range, self.strip.next_expected());
            self.y += 12.0;
        }
        self.y += 18.0;
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

    /// The window's bracket, and a mark below the next segment.
    fn draw_window(&mut self, range: &Range<u32>) {
        let (base, end) = (self.strip.base(), self.strip.window_end());
        let (from, to) = (base.max(range.start), end.min(range.end));
        if from < to {
            let x = |number: u32| LEFT + f64::from(number - range.start) * PITCH;
            self.bracket(x(from), x(to) - (PITCH - CELL), INK);
        }
        self.mark(range, self.strip.next());
    }

    fn bracket(&mut self, from: f64, to: f64, colour: Colour) {
        let y = self.y + 5.0;
        let mut line = |from, to| {
            self.picture.add(Line {
                width: 2.0,
                ..Line::new(from, to, colour)
            });
        };
        line(Point::new(from, y), Point::new(to, y));
        line(Point::new(from + 1.0, y - 5.0), Point::new(from + 1.0, y));
        line(Point::new(to - 1.0, y - 5.0), Point::new(to - 1.0, y));
    }

    /// A small triangle that points at a segment from below.
    fn mark(&mut self, range: &Range<u32>, number: u32) {
        if !range.contains(&number) {
            return;
        }
        let x = LEFT + f64::from(number - range.start) * PITCH + CELL / 2.0;
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

    fn draw_legend(&mut self) {
        self.picture.add(Line {
            width: 1.0,
            ..Line::new(
                Point::new(MARGIN, self.y),
                Point::new(WIDTH - MARGIN, self.y),
                GRID,
            )
        });
        self.y += 14.0;
        let strip = self.strip;
        if strip.hears_sender() {
            let counts = strip.sender_counts();
            let entries = SenderState::ALL.map(|it| (it.look(), counts.get(it)));
            self.entries("sender", SENDER_PITCH, &entries);
            let window = format!(
                "The bracket is the window: base {}, ends before {}. The triangle is \
                 the next segment to send: {}. Retransmissions so far: {}.",
                strip.base(),
                strip.window_end(),
                strip.next(),
                strip.retransmissions()
            );
            self.sentence(window);
        }
        if strip.hears_receiver() {
            let counts = strip.receiver_counts();
            let entries = ReceiverState::ALL.map(|it| (it.look(), counts.get(it)));
            self.entries("receiver", RECEIVER_PITCH, &entries);
            let wants = format!(
                "The triangle is the next expected segment: {}.",
                strip.next_expected()
            );
            self.sentence(wants);
        }
    }

    fn entries(&mut self, label: &str, pitch: f64, entries: &[(Look, u32)]) {
        self.label(label, self.y + 13.0);
        for (place, (look, count)) in (0_u32..).zip(entries) {
            let x = LEFT + f64::from(place) * pitch;
            self.picture.add(Area {
                x,
                y: self.y,
                width: 18.0,
                height: 18.0,
                fill: look.fill,
            });
            let at = Point::new(x + 9.0, self.y + 13.5);
            let sign = Words::new(at, SMALL, look.sign).coloured(look.ink);
            self.picture.add(sign.anchored(Anchor::Middle));
            let at = Point::new(x + 25.0, self.y + 13.5);
            let words = format!("{count} {}", look.name);
            self.picture.add(Words::new(at, SMALL, words));
        }
        self.y += 36.0;
    }

    fn sentence(&mut self, words: String) {
        let at = Point::new(LEFT, self.y);
        self.picture
            .add(Words::new(at, SMALL, words).coloured(SOFT_INK));
        self.y += 20.0;
    }

    fn label(&mut self, label: &str, y: f64) {
        let at = Point::new(MARGIN, y);
        self.picture.add(Words::new(at, 13.0, label).bold());
    }
}
