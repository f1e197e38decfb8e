//! The ladder while time passes: packets part-way between the two lines.
//!
//! ```text
//!        sender                receiver
//!   40.0 ms |--_  DATA 3          |
//!           |    --_              |
//!   now     |-------o-------------|   o: its place; a click there loses it
//!           |                     |
//! ```
//!
//! The drawing is that of the whole run, but only around this moment. Every packet has a
//! [`Spot`](super::Spot), its place on the picture, for the mouse.

use super::drawing::{ASIDE, Columns, LadderDrawing};
use super::labels::{Label, WORD_SIZE, width};
use super::layout::{Layout, ONE_WAY_HEIGHT, TimeScale, real, usual_one_way_delay};
use super::spot::Moving;
use crate::lab::journal::Entry;
use crate::lab::notation::Notation;
use crate::lab::palette::{PAPER, SOFT_INK};
use crate::lab::picture::{Anchor, Area, LETTER, Picture, Point, Words};
use crate::lab::strip::Sides;
use crate::lab::transmissions::{TimelineEvent, Transmissions};
use crate::lab::words::time;

/// The picture of a run at one moment.
#[derive(Debug, Clone, Copy)]
pub struct Scene<'a> {
    /// The known events, in order: all of them in a journal, those up to now in a running
    /// transfer.
    pub entries: &'a [Entry],
    /// The number of entries that have happened.
    pub index: usize,
    /// Since the run began. Unit: microseconds.
    pub now_us: u64,
    /// The notation of the packets.
    pub notation: Notation,
    /// The usual one-way time of a packet, if it is known: the same for a whole run, as
    /// the scale depends on it. Unit: microseconds.
    pub usual_us: Option<u64>,
    /// How wide and how high the picture is. Unit: pixels.
    pub size: (f64, f64),
    /// How time becomes height, and which part of it is seen.
    pub lens: Lens,
}

/// The user's view of a ladder.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lens {
    /// How time becomes height.
    pub scale: TimeScale,
    /// How many times as high as usual.
    pub zoom: f64,
    /// The time before now that is shown. Unit: microseconds.
    pub back_us: u64,
}

impl Lens {
    /// To scale, now.
    pub const USUAL: Self = Self {
        scale: TimeScale::ToScale,
        zoom: 1.0,
        back_us: 0,
    };
}

impl Default for Lens {
    fn default() -> Self {
        Self::USUAL
    }
}

/// Compact, entries that are looked at before and after this moment: more than fit on a
/// screen.
const AROUND: usize = 700;

/// To scale, not more than these.
const MOST_ENTRIES: usize = 6_000;

/// Unit of this and of what follows: pixels. Left of the sender's line: a moment and a
/// name; right of the receiver's: the same, and a note.
const LEFT: f64 = 236.0;
const RIGHT: f64 = 280.0;
/// The two lines are at least so far from each other.
const LEAST_LANE: f64 = 130.0;
/// On a narrower picture (a phone's) moments are left out and words are cut short.
const NARROW: f64 = LEFT + RIGHT + LEAST_LANE;
/// Left of the sender's line and right of the receiver's on a narrow picture: on the
/// narrowest, and this much more just below [`NARROW`].
const NARROW_LEFT: (f64, f64) = (94.0, 96.0);
const NARROW_RIGHT: (f64, f64) = (92.0, 130.0);
const NARROWEST: f64 = 330.0;
/// From this width on, words get a share of what there is more.
const WIDE: f64 = 800.0;
/// The width of a moment beside a line, so that text does not move when it gets longer.
const LEAST_CLOCK: f64 = 66.0;
/// The width of the names of both ends.
const NAMES: f64 = 62.0;
/// The height of the heading above the ladder.
const HEAD: f64 = 24.0;
/// Above the beginning of a run.
const ABOVE: f64 = 14.0;

impl Scene<'_> {
    /// Draws it.
    #[must_use]
    pub fn draw(&self) -> Moving {
        let (from, until) = self.around();
        let index = self.index.clamp(from, until);
        let mut transmissions = Transmissions::of(&self.entries[from..index]);
        let past = transmissions.steps.len();
        for entry in &self.entries[index..until] {
            transmissions.take(entry);
        }
        let past = transmissions.past(past);
        let mut steps = transmissions.steps.clone();
        promise(&transmissions, &mut steps);
        let usual_us = self
            .usual_us
            .unwrap_or_else(|| usual_one_way_delay(&transmissions, &steps));
        let Lens { scale, back_us, .. } = self.lens;
        let axis = (scale, self.one_way_height());
        let layout = Layout::of(&transmissions, &steps, axis, usual_us);
        let (width, height) = self.size;
        let columns = self.columns();
        let words = (self.notation, letters(columns.words[1]), columns.words);
        let labels = Label::all(&transmissions, &steps, &layout, &past, words);
        let here = layout.height_of(self.now_us.saturating_sub(back_us), &steps);
        let mut drawing = LadderDrawing {
            picture: Picture::new(width, height, "Sequence diagram"),
            spots: Vec::new(),
            transmissions: &transmissions,
            steps: &steps,
            layout: &layout,
            labels,
            past: &past,
            columns,
            scale,
            shift: HEAD + self.room_for_past(here) - here,
            seen: (HEAD, height),
            sides: Sides::of(self.entries),
            now_us: self.now_us,
        };
        drawing.draw();
        draw_head(&mut drawing.picture, columns, self.now_us);
        let LadderDrawing { picture, spots, .. } = drawing;
        Moving { picture, spots }
    }

    /// The height of a packet's usual one-way delay: to scale, a loss, its timeout and the
    /// retransmissions are visible together. Unit: pixels.
    fn one_way_height(&self) -> f64 {
        let usual = match self.lens.scale {
            TimeScale::ToScale => (self.size.1 * 0.07).clamp(18.0, ONE_WAY_HEIGHT),
            TimeScale::Compact => ONE_WAY_HEIGHT,
        };
        usual * self.lens.zoom
    }

    /// The height below the heading of the shown moment, which is at `here` in the layout. A
    /// run begins at the top, and stands still until it needs the height. Unit: pixels.
    fn room_for_past(&self, here: f64) -> f64 {
        let height = self.size.1 - HEAD;
        match self.lens.scale {
            // Below it are labels alone.
            TimeScale::ToScale => (height * 0.86).min(here + ABOVE),
            TimeScale::Compact => height * 0.62,
        }
    }

    /// The entries that can be seen.
    fn around(&self) -> (usize, usize) {
        let all = self.entries.len();
        let here_us = self.now_us.saturating_sub(self.lens.back_us);
        let at = |time_us: u64| self.entries.partition_point(|it| it.time_us < time_us);
        match (self.lens.scale, self.usual_us) {
            (TimeScale::ToScale, Some(usual_us)) => {
                let ways = self.size.1 / self.one_way_height();
                // A packet may have left long before what is seen.
                let reach_us = whole((ways + 8.0) * real(usual_us));
                let until = at(here_us.saturating_add(reach_us)).max(at(here_us + 1));
                let from = at(here_us.saturating_sub(reach_us));
                let until = if self.lens.back_us == 0 {
                    until.max(self.index)
                } else {
                    until
                };
                (from.max(until.saturating_sub(MOST_ENTRIES)), until)
            }
            (TimeScale::ToScale | TimeScale::Compact, _) => {
                let here = if self.lens.back_us == 0 {
                    self.index
                } else {
                    at(here_us + 1).min(self.index)
                };
                let until = all.min(here.saturating_add(AROUND));
                (here.saturating_sub(AROUND), until)
            }
        }
    }

    fn columns(&self) -> Columns {
        let width = self.size.0;
        let (left, right, clock) = if width < NARROW {
            let share = ((width - NARROWEST) / (NARROW - NARROWEST)).clamp(0.0, 1.0);
            let margin = |(least, more): (f64, f64)| least + more * share;
            (margin(NARROW_LEFT), margin(NARROW_RIGHT), 0.0)
        } else {
            let more = (width - WIDE).max(0.0) * 0.3;
            let letters = f64::from(u32::try_from(time(self.now_us).len()).unwrap_or(0));
            let clock = (letters + 1.0) * WORD_SIZE * LETTER;
            (LEFT + more, RIGHT + more, clock.max(LEAST_CLOCK))
        };
        let right = (width - right).max(left + LEAST_LANE);
        let margin = 8.0;
        Columns {
            left,
            right,
            clock,
            margin,
            words: [
                left - ASIDE - clock - margin,
                width - right - ASIDE - clock - 4.0,
            ],
        }
    }
}

/// Adds arrivals that the link has announced, and that no entry contains yet.
fn promise(transmissions: &Transmissions<'_>, steps: &mut Vec<(u64, TimelineEvent)>) {
    for (place, transmission) in transmissions.all.iter().enumerate() {
        if let (Some(due_us), None, false) = (
            transmission.due_us(),
            transmission.arrived_us,
            transmission.is_lost(),
        ) {
            steps.push((due_us, TimelineEvent::Arrival(place)));
        }
    }
    // A stable sort keeps the order of simultaneous events.
    steps.sort_by_key(|&(time_us, _)| time_us);
}

/// The names of the two ends, over what scrolls below them.
fn draw_head(picture: &mut Picture, columns: Columns, now_us: u64) {
    picture.add(Area {
        x: 0.0,
        y: 0.0,
        width: picture.width,
        height: HEAD - 2.0,
        fill: PAPER,
    });
    let Columns { left, right, .. } = columns;
    for (x, name) in [(left, "sender"), (right, "receiver")] {
        let words = Words::new(Point::new(x, 15.0), 14.0, name).bold();
        picture.add(words.anchored(Anchor::Middle));
    }
    let now = format!("now {}", time(now_us));
    if right - left < NAMES + width(&now) {
        return;
    }
    let middle = Point::new(left.midpoint(right), 15.0);
    let now = Words::new(middle, WORD_SIZE, now);
    picture.add(now.coloured(SOFT_INK).anchored(Anchor::Middle));
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "letters on a line"
)]
fn letters(width: f64) -> usize {
    (width.max(0.0) / (WORD_SIZE * LETTER)) as usize
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "some of it is out of sight"
)]
const fn whole(time_us: f64) -> u64 {
    time_us.max(0.0) as u64
}

#[cfg(test)]
mod tests;
