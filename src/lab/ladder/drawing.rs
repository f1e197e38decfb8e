//! The ladder as a picture: time goes down, and an arrow slopes as its packet took.
//!
//! In virtual time many packets leave in one moment, and their arrows would lie on each
//! other. Therefore a crowded moment is stretched, with a row for each packet, on a grey
//! piece of the line; and a long wait is drawn short, with two strokes through the line.

use super::excerpt::{Chosen, Excerpt};
use super::expired;
use super::places::{LOST_AT, ONE_WAY_HEIGHT, Places, side_of, usual_one_way_delay};
use super::transmissions::{LadderEvent, RemarkKind, Transmission, Transmissions};
use crate::lab::journal::{Entry, Heading, Side};
use crate::lab::notation::{Notation, transmission};
use crate::lab::palette::{
    BLUE, Colour, GREEN, GRID, INK, ORANGE, PAPER, SOFT_INK, VERMILLION,
};
use crate::lab::picture::{Anchor, Area, LETTER, Line, Picture, Point, Stroke, Words};
use crate::lab::strip::view::{subtitle, title};
use crate::lab::words::{loss_trigger, time, wrapped};
use crate::link::{Direction, Fate};
use crate::wire::packet::Kind;

/// Unit of this and of what follows: pixels.
const LEAST_WIDTH: f64 = 1_040.0;
const MARGIN: f64 = 32.0;
/// The sender's line and the receiver's.
const LEFT: f64 = 430.0;
const RIGHT: f64 = 750.0;
const WORD_SIZE: f64 = 12.0;
/// For a packet's name beside a line, and a moment. Unit: letters.
const ROOM: usize = 41;

/// The ladder of a part of a run, its heading, legend and what is left out.
#[must_use]
pub fn picture(heading: &Heading, entries: &[Entry], window: Excerpt) -> Picture {
    let transmissions = Transmissions::of(entries);
    let chosen = window.choose(&transmissions);
    let told = format!("Sequence diagram of {}", title(heading));
    let mut drawing = LadderDrawing {
        picture: Picture::new(LEAST_WIDTH, 0.0, &told),
        transmissions: &transmissions,
        notation: Notation::of(heading),
        losses: Vec::new(),
        y: MARGIN + 16.0,
    };
    drawing.draw_heading(heading);
    drawing.draw_legend();
    let usual_us = usual_one_way_delay(&transmissions, &chosen.steps);
    let places = Places::of(&transmissions, &chosen.steps, usual_us, drawing.y + 40.0);
    drawing.draw_lines(&places);
    drawing.draw_arrows(&chosen, &places);
    drawing.draw_words(&chosen, &places);
    drawing.y = places.foot + 24.0;
    drawing.draw_foot(&chosen, &places);
    drawing.picture.height = drawing.y + MARGIN / 2.0;
    drawing.picture
}

/// A picture that grows downwards.
struct LadderDrawing<'a> {
    picture: Picture,
    transmissions: &'a Transmissions,
    notation: Notation,
    /// Lost packets, and where their arrows end: named over all arrows.
    losses: Vec<(usize, Point)>,
    y: f64,
}

impl LadderDrawing<'_> {
    fn draw_heading(&mut self, heading: &Heading) {
        let at = Point::new(MARGIN, self.y);
        self.picture
            .add(Words::new(at, 20.0, title(heading)).bold());
        for line in wrapped(&subtitle(heading), 120) {
            self.y += 22.0;
            let at = Point::new(MARGIN, self.y);
            self.picture
                .add(Words::new(at, 13.0, line).coloured(SOFT_INK));
        }
        self.y += 30.0;
    }

    fn draw_legend(&mut self) {
        let entries = [
            ("DATA", BLUE, Stroke::Solid, false),
            ("DATA, retransmitted", ORANGE, Stroke::Dashed, false),
            ("ACK, NACK", GREEN, Stroke::Dotted, false),
            ("handshake, end", SOFT_INK, Stroke::Solid, false),
            ("lost", VERMILLION, Stroke::Solid, true),
        ];
        for (place, (name, colour, stroke, is_lost)) in (0_u32..).zip(entries) {
            let x = MARGIN + f64::from(place) * 190.0;
            let (from, to) = (
                Point::new(x, self.y - 4.0),
                Point::new(x + 44.0, self.y - 4.0),
            );
            let line = Line {
                stroke,
                ..Line::new(from, to, colour)
            };
            self.picture.add(line);
            if is_lost {
                self.cross(to);
            } else {
                self.picture.add_head(&line);
            }
            let at = Point::new(x + 56.0, self.y);
            self.picture.add(Words::new(at, WORD_SIZE, name));
        }
        self.y += 20.0;
    }

    fn draw_lines(&mut self, places: &Places) {
        for (x, name) in [(LEFT, "sender"), (RIGHT, "receiver")] {
            let at = Point::new(x, places.top - 10.0);
            let words = Words::new(at, 14.0, name).bold();
            self.picture.add(words.anchored(Anchor::Middle));
            for &(from, to) in &places.crowded {
                self.picture.add(Area {
                    x: x - 4.0,
                    y: from - 5.0,
                    width: 8.0,
                    height: to - from + 10.0,
                    fill: GRID,
                });
            }
            let (from, to) = (Point::new(x, places.top), Point::new(x, places.foot));
            self.picture.add(Line::new(from, to, INK));
            for &y in &places.short {
                draw_break(&mut self.picture, x, y);
            }
        }
    }

    fn draw_arrows(&mut self, chosen: &Chosen, places: &Places) {
        for &(_, step) in &chosen.steps {
            let (place, is_departure) = match step {
                LadderEvent::Departure(place) => (place, true),
                LadderEvent::Arrival(place) => (place, false),
                LadderEvent::Remark(_) => continue,
            };
            let transmission = &self.transmissions.all[place];
            if is_departure || transmission.sent_us.is_none() {
                self.draw_arrow(transmission, place, places);
            }
        }
        for (place, tip) in std::mem::take(&mut self.losses) {
            self.name_loss(&self.transmissions.all[place], tip);
            self.cross(tip);
        }
    }

    fn draw_arrow(&mut self, transmission: &Transmission, place: usize, places: &Places) {
        let (start, end) = match transmission.direction {
            Direction::Data => (LEFT, RIGHT),
            Direction::Ack => (RIGHT, LEFT),
        };
        let departure = places.departures.get(&place).copied();
        let arrival = places.arrivals.get(&place).copied();
        let across = |share: f64| start + (end - start) * share;
        let fall = places.falls.get(&place).copied().unwrap_or(ONE_WAY_HEIGHT);
        let (colour, stroke) = look(transmission);
        let line = |from, to| Line {
            stroke,
            // Thicker, so that it stands out in grey as well.
            width: if transmission.is_retransmission {
                2.2
            } else {
                1.5
            },
            ..Line::new(from, to, colour)
        };
        match (departure, arrival) {
            (Some(from), Some(to)) => {
                let line = line(Point::new(start, from), Point::new(end, to));
                self.picture.add(line);
                self.picture.add_head(&line);
            }
            (Some(from), None) => {
                let share = LOST_AT;
                let tip = Point::new(across(share), from + fall * share);
                self.picture.add(line(Point::new(start, from), tip));
                if transmission.is_lost() {
                    self.losses.push((place, tip));
                }
            }
            (None, Some(to)) => {
                let share = 1.0 - LOST_AT;
                let from = Point::new(across(share), to - fall * LOST_AT);
                let line = line(from, Point::new(end, to));
                self.picture.add(line);
                self.picture.add_head(&line);
            }
            (None, None) => {}
        }
    }

    fn cross(&mut self, at: Point) {
        for down in [-5.0, 5.0] {
            let from = Point::new(at.x - 5.0, at.y - down);
            let to = Point::new(at.x + 5.0, at.y + down);
            self.picture.add(Line {
                width: 2.5,
                ..Line::new(from, to, VERMILLION)
            });
        }
    }

    fn name_loss(&mut self, transmission: &Transmission, tip: Point) {
        let name = match transmission.fate {
            _ if transmission.killed_us.is_some() => "killed",
            Some(Fate::Corrupted) => "damaged",
            Some(Fate::QueueFull) => "queue full",
            Some(Fate::TooLong) => "too long",
            Some(Fate::Lost | Fate::Delivered | Fate::Reordered | Fate::Duplicated)
            | None => "lost",
        };
        let size = 11.0;
        let width = f64::from(u32::try_from(name.len()).unwrap_or(0)) * size * LETTER;
        let x = match transmission.direction {
            Direction::Data => tip.x + 10.0,
            Direction::Ack => tip.x - 10.0 - width,
        };
        self.picture.add(Area {
            x: x - 2.0,
            y: tip.y - 6.0,
            width: width + 4.0,
            height: 13.0,
            fill: PAPER,
        });
        let middle = Point::new(x + width / 2.0, tip.y + 4.0);
        let words = Words::new(middle, size, name).coloured(VERMILLION);
        self.picture.add(words.anchored(Anchor::Middle));
    }

    /// The labels beside the two lines: times, names, remarks.
    fn draw_words(&mut self, chosen: &Chosen, places: &Places) {
        for &(side, time_us, y) in &places.clocks {
            let x = if side == Side::Sender {
                MARGIN + 84.0
            } else {
                RIGHT + 92.0
            };
            let words = Words::new(Point::new(x, y + 4.0), WORD_SIZE, time(time_us));
            let words = words.coloured(SOFT_INK).anchored(Anchor::End);
            self.picture.add(words);
        }
        let mut rows: Vec<(Side, f64, Vec<String>)> = Vec::new();
        for (&(_, step), &y) in chosen.steps.iter().zip(&places.steps) {
            let said = self.said(step);
            let side = side_of(self.transmissions, step);
            let row = rows
                .iter_mut()
                .rev()
                .take(64)
                .find(|it| it.0 == side && it.1.to_bits() == y.to_bits());
            match row {
                _ if said.is_empty() => {}
                Some((_, _, words)) => words.push(said),
                None => rows.push((side, y, vec![said])),
            }
        }
        for (side, y, words) in rows {
            let words = words.join("; ");
            let (x, anchor) = if side == Side::Sender {
                (LEFT - 12.0, Anchor::End)
            } else {
                (RIGHT + 104.0, Anchor::Start)
            };
            if side == Side::Receiver {
                let letters = u32::try_from(words.chars().count()).unwrap_or(0);
                let end = x + f64::from(letters) * WORD_SIZE * LETTER + MARGIN;
                self.picture.width = self.picture.width.max(end.ceil());
            }
            let words = Words::new(Point::new(x, y + 4.0), WORD_SIZE, words);
            self.picture.add(words.anchored(anchor));
        }
    }

    /// The label beside a step.
    fn said(&self, step: LadderEvent) -> String {
        match step {
            LadderEvent::Departure(place) => {
                let transmission = &self.transmissions.all[place];
                let name = transmission.name(self.notation, ROOM);
                match transmission.fate {
                    Some(Fate::Duplicated) => format!("{name}, twice"),
                    Some(_) | None => name,
                }
            }
            LadderEvent::Arrival(place) => {
                let transmission = &self.transmissions.all[place];
                match transmission.sent_us {
                    Some(_) => transmission.note.to_owned(),
                    None => transmission.name(self.notation, ROOM),
                }
            }
            LadderEvent::Remark(place) => match self.transmissions.remarks[place].what {
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

    fn draw_foot(&mut self, chosen: &Chosen, places: &Places) {
        let mut sentences = Vec::new();
        if !places.crowded.is_empty() {
            sentences.push(
                "Grey on a line: one moment, stretched so that each packet can be seen.",
            );
        }
        if !places.short.is_empty() {
            sentences.push("Two strokes through a line: a long wait, shortened.");
        }
        let left_out = chosen.what_is_left_out();
        sentences.extend(left_out.as_deref());
        for sentence in sentences {
            let at = Point::new(MARGIN, self.y);
            let words = Words::new(at, WORD_SIZE, sentence).coloured(SOFT_INK);
            self.picture.add(words);
            self.y += 18.0;
        }
    }
}

/// The colour and the stroke of a packet's arrow.
pub(super) fn look(transmission: &Transmission) -> (Colour, Stroke) {
    let (colour, stroke) = match transmission.packet.kind {
        Kind::Data if transmission.is_retransmission => (ORANGE, Stroke::Dashed),
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

/// Two strokes through a line: time was left out.
pub(super) fn draw_break(picture: &mut Picture, x: f64, y: f64) {
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
