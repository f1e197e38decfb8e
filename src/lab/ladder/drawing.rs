//! Draws a ladder: two lines, an arrow for every packet, and the labels.
//!
//! Of each packet only the part that it has travelled is drawn; a finished run is drawn
//! as its last moment. To scale, every packet in flight ends on one line, *now*.

use super::labels::{Label, WORD_SIZE};
use super::layout::{LOST_AT, Layout, TimeScale, Way, real};
use super::spot::{RADIUS, Spot};
use crate::lab::journal::Side;
use crate::lab::palette::{
    BLUE, Colour, GREEN, GRID, INK, ORANGE, PAPER, SOFT_INK, VERMILLION,
};
use crate::lab::picture::{
    Anchor, Area, Disc, LETTER, Line, Picture, Point, Stroke, Triangle, Words,
};
use crate::lab::strip::Sides;
use crate::lab::transmissions::{Past, TimelineEvent, Transmission, Transmissions};
use crate::lab::words::time;
use crate::link::Direction;
use crate::wire::packet::Kind;

/// The horizontal layout. Unit: pixels.
#[derive(Debug, Clone, Copy)]
pub(super) struct Columns {
    /// The sender's line.
    pub(super) left: f64,
    /// The receiver's line.
    pub(super) right: f64,
    /// The space for a moment beside each line; 0 if none is written.
    pub(super) clock: f64,
    /// Where the moments of the sender begin.
    pub(super) margin: f64,
    /// The space for text beside the sender's line and the receiver's.
    pub(super) words: [f64; 2],
}

/// Between a line and its labels. Unit: pixels.
pub(super) const ASIDE: f64 = 12.0;

/// A ladder at one moment.
pub(super) struct LadderDrawing<'a> {
    pub(super) picture: Picture,
    pub(super) spots: Vec<Spot>,
    pub(super) transmissions: &'a Transmissions<'a>,
    pub(super) steps: &'a [(u64, TimelineEvent)],
    pub(super) layout: &'a Layout,
    pub(super) labels: Vec<Label>,
    pub(super) past: &'a Past,
    pub(super) columns: Columns,
    pub(super) scale: TimeScale,
    /// From a height of the layout to the picture's.
    pub(super) shift: f64,
    /// The heights between which the picture is seen: from, to.
    pub(super) seen: (f64, f64),
    pub(super) sides: Sides,
    pub(super) now_us: u64,
}

/// A packet in flight, to be drawn as a disc.
struct Flying {
    spot: usize,
    colour: Colour,
}

impl LadderDrawing<'_> {
    /// Draws it, and returns the place of each packet.
    pub(super) fn draw(&mut self) {
        self.draw_lines();
        let mut arrived_us = vec![None; self.transmissions.all.len()];
        for &(time_us, step) in self.steps {
            if let TimelineEvent::Arrival(place) = step {
                arrived_us[place] = Some(time_us);
            }
        }
        let mut flying = Vec::new();
        let mut losses = Vec::new();
        for (place, arrives_us) in arrived_us.into_iter().enumerate() {
            self.draw_packet(place, arrives_us, &mut flying, &mut losses);
        }
        self.draw_discs(&flying);
        self.draw_losses(&losses);
        self.draw_labels();
    }

    fn is_seen(&self, from: f64, to: f64) -> bool {
        to >= self.seen.0 - 20.0 && from <= self.seen.1 + 20.0
    }

    fn draw_lines(&mut self) {
        let (top, foot) = self.seen;
        for x in [self.columns.left, self.columns.right] {
            for &(from, to) in &self.layout.crowded {
                let (from, to) = (from + self.shift, to + self.shift);
                if self.is_seen(from, to) {
                    let (from, to) = ((from - 5.0).max(top), (to + 5.0).min(foot));
                    self.picture.add(Area {
                        x: x - 4.0,
                        y: from,
                        width: 8.0,
                        height: to - from,
                        fill: GRID,
                    });
                }
            }
            let (from, to) = (Point::new(x, top), Point::new(x, foot));
            self.picture.add(Line::new(from, to, INK));
            for &y in &self.layout.short {
                let y = y + self.shift;
                if self.is_seen(y, y) {
                    draw_break(&mut self.picture, x, y);
                }
            }
        }
        let y = self.layout.height_of(self.now_us, self.steps) + self.shift;
        if self.scale == TimeScale::ToScale && self.is_seen(y, y) {
            self.draw_now(y);
        }
    }

    /// The line *now*, between two marks.
    fn draw_now(&mut self, y: f64) {
        let Columns { left, right, .. } = self.columns;
        self.picture.add(Line {
            width: 1.0,
            ..Line::new(Point::new(left, y), Point::new(right, y), SOFT_INK)
        });
        for (x, aside) in [(left, -7.0), (right, 7.0)] {
            self.picture.add(Triangle {
                corners: [
                    Point::new(x, y),
                    Point::new(x + aside, y - 4.0),
                    Point::new(x + aside, y + 4.0),
                ],
                fill: INK,
            });
        }
    }

    fn draw_packet(
        &mut self,
        place: usize,
        arrives_us: Option<u64>,
        flying: &mut Vec<Flying>,
        losses: &mut Vec<(usize, Point)>,
    ) {
        let transmission = &self.transmissions.all[place];
        let has_arrived = self.past.arrivals[place];
        let Some(way) = self.layout.way(place, transmission) else {
            return;
        };
        if !has_arrived && !self.past.departures[place] {
            return; // It has not left yet.
        }
        let (start, end) = match transmission.direction {
            Direction::Data => (self.columns.left, self.columns.right),
            Direction::Ack => (self.columns.right, self.columns.left),
        };
        let along = |share: f64| {
            let y = way.from + (way.to - way.from) * share + self.shift;
            Point::new(start + (end - start) * share, y)
        };
        let (from, whole) = (along(way.begins), along(1.0));
        if !self.is_seen(from.y, whole.y) {
            return;
        }
        let share = self.share(transmission, has_arrived, way);
        let is_lost = transmission.is_lost() && !has_arrived;
        let lost_at = lost_at(transmission, way);
        let is_gone = is_lost && share >= lost_at;
        // One side alone does not tell whether what it sends has arrived.
        let is_told = match transmission.direction {
            Direction::Data => self.sides.receiver,
            Direction::Ack => self.sides.sender,
        };
        let due_us = arrives_us.or(transmission.due_us());
        let is_late = transmission
            .sent_us
            .is_some_and(|sent| self.now_us > sent.saturating_add(way.takes_us));
        let is_over = is_late || share >= 1.0 && (due_us.is_none() || !is_told);
        let tip = along(if is_gone { lost_at } else { share });
        let (colour, stroke) = look(transmission);
        let line = Line {
            stroke,
            // Thicker, so that it stands out in grey as well.
            width: if transmission.is_retransmission() {
                2.2
            } else {
                1.5
            },
            ..Line::new(from, tip, colour)
        };
        self.picture.add(line);
        if has_arrived || (is_over && !is_lost && due_us.is_some() && !is_told) {
            self.picture.add_head(&line);
        } else if is_gone {
            losses.push((place, tip));
        } else if !is_over {
            let spot = self.spots.len();
            flying.push(Flying { spot, colour });
        }
        self.spots.push(Spot {
            packet: transmission.packet.clone(),
            direction: transmission.direction,
            from,
            to: tip,
            disc: tip,
            is_in_flight: !has_arrived && !is_lost && !is_over,
            sent_us: transmission.sent_us,
            arrived_us: transmission.arrived_us.filter(|_| has_arrived),
        });
    }

    /// The share of its way that a packet has travelled.
    fn share(&self, transmission: &Transmission<'_>, has_arrived: bool, way: Way) -> f64 {
        match transmission.sent_us {
            Some(sent_us) if !has_arrived => {
                let gone = self.now_us.saturating_sub(sent_us);
                (real(gone) / real(way.takes_us.max(1))).min(1.0)
            }
            Some(_) | None => 1.0,
        }
    }

    /// Packets in flight, side by side if they would overlap.
    fn draw_discs(&mut self, flying: &[Flying]) {
        let mut order: Vec<usize> = (0..flying.len()).collect();
        if self.scale == TimeScale::ToScale {
            order.sort_by(|&a, &b| {
                let [one, other] = [a, b].map(|it| &self.spots[flying[it].spot]);
                // Of DATA the first is ahead, which is to the right.
                let by_age = match one.direction {
                    Direction::Data => b.cmp(&a),
                    Direction::Ack => a.cmp(&b),
                };
                one.to.x.total_cmp(&other.to.x).then(by_age)
            });
            let Columns { left, right, .. } = self.columns;
            let lane = right - left;
            let count = f64::from(u32::try_from(order.len()).unwrap_or(u32::MAX).max(1));
            let apart = (2.0 * RADIUS + 1.0).min(lane / count);
            let xs = order.iter().map(|&it| self.spots[flying[it].spot].to.x);
            let xs = spread(&xs.collect::<Vec<_>>(), apart, (left, right));
            for (&it, x) in order.iter().zip(xs) {
                self.spots[flying[it].spot].disc.x = x;
            }
        }
        for it in order {
            let Flying { spot, colour } = flying[it];
            let spot = &self.spots[spot];
            self.picture.add(Disc {
                middle: spot.disc,
                radius: RADIUS,
                fill: colour,
            });
        }
    }

    fn draw_losses(&mut self, losses: &[(usize, Point)]) {
        for &(place, tip) in losses {
            self.name_loss(&self.transmissions.all[place], tip);
            add_cross(&mut self.picture, tip);
        }
    }

    fn name_loss(&mut self, transmission: &Transmission<'_>, tip: Point) {
        let note = transmission.fate_note();
        let note = if note.is_empty() { "lost" } else { note };
        let size = 11.0;
        let width = f64::from(u32::try_from(note.len()).unwrap_or(0)) * size * LETTER;
        let Columns { left, right, .. } = self.columns;
        // Ahead of it, where it would have gone; behind it, close to the line.
        let is_right = match transmission.direction {
            Direction::Data => tip.x + 10.0 + width < right,
            Direction::Ack => tip.x - 10.0 - width <= left,
        };
        let x = if is_right {
            tip.x + 10.0
        } else {
            tip.x - 10.0 - width
        };
        self.picture.add(Area {
            x: x - 2.0,
            y: tip.y - 6.0,
            width: width + 4.0,
            height: 13.0,
            fill: PAPER,
        });
        let middle = Point::new(x + width / 2.0, tip.y + 4.0);
        let words = Words::new(middle, size, note).coloured(VERMILLION);
        self.picture.add(words.anchored(Anchor::Middle));
    }

    fn draw_labels(&mut self) {
        let Columns {
            left,
            right,
            clock,
            margin,
            words: room,
        } = self.columns;
        let mut clocks = [String::new(), String::new()];
        for label in std::mem::take(&mut self.labels) {
            let y = label.y + self.shift;
            if y < self.seen.0 + 8.0 || y > self.seen.1 - 4.0 {
                continue;
            }
            let is_receiver = label.side == Side::Receiver;
            let at_clock = if is_receiver { right + ASIDE } else { margin };
            let moment = time(label.time_us);
            let shown = &mut clocks[usize::from(is_receiver)];
            if clock > 0.0 && *shown != moment {
                let at = Point::new(at_clock, y + 4.0);
                let words = Words::new(at, WORD_SIZE, moment.as_str());
                self.picture.add(words.coloured(SOFT_INK));
                *shown = moment;
            }
            let text = label.fitted(room[usize::from(is_receiver)]);
            if text.is_empty() {
                continue;
            }
            let (x, line, anchor) = if is_receiver {
                (right + ASIDE + clock, right, Anchor::Start)
            } else {
                (left - ASIDE, left, Anchor::End)
            };
            let words = Words::new(Point::new(x, y + 4.0), WORD_SIZE, text);
            self.picture.add(words.anchored(anchor));
            if label.y > label.event_y + 1.0 {
                // To the event that the words are about.
                let end = if is_receiver { line + 9.0 } else { line - 9.0 };
                let event = Point::new(line, label.event_y + self.shift);
                self.picture.add(Line {
                    width: 1.0,
                    ..Line::new(event, Point::new(end, y), SOFT_INK)
                });
            }
        }
    }
}

/// The share of its way that a lost packet travels: up to the place where the user lost
/// it.
fn lost_at(transmission: &Transmission<'_>, way: Way) -> f64 {
    match (transmission.killed_us, transmission.sent_us) {
        (Some(killed), Some(sent)) => {
            let gone = real(killed.saturating_sub(sent));
            (gone / real(way.takes_us.max(1))).clamp(0.05, 0.95)
        }
        (Some(_) | None, _) => LOST_AT,
    }
}

/// Moves these places, in order, as little as possible to keep them apart and within two
/// bounds.
fn spread(places: &[f64], apart: f64, (least, most): (f64, f64)) -> Vec<f64> {
    // Neighbours that would overlap become one block, around the middle of their places.
    let mut blocks: Vec<(f64, f64)> = Vec::new();
    for (place, index) in places.iter().zip(0_u32..) {
        let mut block = (place - apart * f64::from(index), 1.0);
        while let Some(before) = blocks.pop_if(|before| before.0 > block.0) {
            let count = before.1 + block.1;
            let middle = (before.0 * before.1 + block.0 * block.1) / count;
            block = (middle, count);
        }
        blocks.push(block);
    }
    let mut spread = Vec::with_capacity(places.len());
    for (middle, count) in blocks {
        let mut left = count;
        while left > 0.5 {
            let index = f64::from(u32::try_from(spread.len()).unwrap_or(0));
            spread.push(middle + apart * index);
            left -= 1.0;
        }
    }
    for (place, index) in spread.iter_mut().zip(0_u32..) {
        *place = place.max(least + apart * f64::from(index));
    }
    for (place, index) in spread.iter_mut().rev().zip(0_u32..) {
        *place = place.min(most - apart * f64::from(index));
    }
    spread
}

/// The colour and the stroke of a packet's arrow.
fn look(transmission: &Transmission<'_>) -> (Colour, Stroke) {
    let (colour, stroke) = match transmission.packet.kind {
        Kind::Data if transmission.is_retransmission() => (ORANGE, Stroke::Dashed),
        Kind::Data => (BLUE, Stroke::Solid),
        Kind::Ack | Kind::Nack => (GREEN, Stroke::Dotted),
        Kind::Syn | Kind::SynAck | Kind::Fin | Kind::FinAck | Kind::Rst => {
            (SOFT_INK, Stroke::Solid)
        }
    };
    if transmission.is_lost() {
        (VERMILLION, stroke)
    } else {
        (colour, stroke)
    }
}

/// Where a packet was lost.
pub(super) fn add_cross(picture: &mut Picture, at: Point) {
    for down in [-5.0, 5.0] {
        let from = Point::new(at.x - 5.0, at.y - down);
        let to = Point::new(at.x + 5.0, at.y + down);
        picture.add(Line {
            width: 2.5,
            ..Line::new(from, to, VERMILLION)
        });
    }
}

/// Two strokes through a line: time was left out.
fn draw_break(picture: &mut Picture, x: f64, y: f64) {
    picture.add(Area {
        x: x - 2.0,
        y: y - 2.0,
        width: 4.0,
        height: 4.0,
        fill: PAPER,
    });
    for y in [y - 3.0, y + 3.0] {
        let (from, to) = (Point::new(x - 7.0, y + 3.0), Point::new(x + 7.0, y - 3.0));
        picture.add(Line::new(from, to, INK));
    }
}

#[cfg(test)]
mod tests {
    use super::spread;

    #[test]
    fn places_are_moved_as_little_as_keeps_them_apart() {
        let wide = (0.0, 100.0);
        assert_eq!(spread(&[0.0, 50.0], 10.0, wide), [0.0, 50.0]);
        assert_eq!(spread(&[20.0, 20.0, 20.0], 10.0, wide), [10.0, 20.0, 30.0]);
        assert_eq!(spread(&[], 10.0, wide), [0.0; 0]);
        // At the sender's line, and at the receiver's.
        assert_eq!(spread(&[0.0, 0.0, 50.0], 10.0, wide), [0.0, 10.0, 50.0]);
        assert_eq!(
            spread(&[99.0, 100.0, 100.0], 10.0, wide),
            [80.0, 90.0, 100.0]
        );
    }
}
