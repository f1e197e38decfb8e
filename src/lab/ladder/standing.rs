//! The ladder of a run on paper, with heading, legend and a note on omitted parts.

use super::drawing::{ASIDE, Columns, LadderDrawing, add_cross};
use super::excerpt::Excerpt;
use super::labels::{Label, WORD_SIZE, width};
use super::layout::{Layout, ONE_WAY_HEIGHT, TimeScale, usual_one_way_delay};
use crate::lab::journal::{Entry, Heading, Side};
use crate::lab::notation::Notation;
use crate::lab::palette::{BLUE, GREEN, ORANGE, SOFT_INK, VERMILLION};
use crate::lab::picture::{Anchor, Line, Picture, Point, Stroke, Words};
use crate::lab::strip::Sides;
use crate::lab::strip::view::{subtitle, title};
use crate::lab::transmissions::Transmissions;
use crate::lab::words::wrapped;

/// Unit of this and of what follows: pixels.
const LEAST_WIDTH: f64 = 1_040.0;
const MARGIN: f64 = 32.0;
/// From the sender's line to the receiver's.
const LANE: f64 = 320.0;
/// For words beside the sender's line, at least.
const LEAST_WORDS: f64 = 290.0;
/// For a moment.
const CLOCK: f64 = 80.0;
/// For a packet's name. Unit: letters.
const ROOM: usize = 41;

/// The ladder of a part of a run, compact, with heading, legend and a note on omitted
/// parts.
#[must_use]
pub fn picture(heading: &Heading, entries: &[Entry], window: Excerpt) -> Picture {
    let transmissions = Transmissions::of(entries);
    let chosen = window.choose(&transmissions);
    let past = transmissions.past(transmissions.steps.len());
    let usual_us = usual_one_way_delay(&transmissions, &chosen.steps);
    let scale = TimeScale::Compact;
    let axis = (scale, ONE_WAY_HEIGHT);
    let layout = Layout::of(&transmissions, &chosen.steps, axis, usual_us);
    // The picture is as wide as its widest label.
    let words = (Notation::of(heading), ROOM, [f64::INFINITY; 2]);
    let labels = Label::all(&transmissions, &chosen.steps, &layout, &past, words);
    let widest = |side: Side| {
        let its = labels.iter().filter(|label| label.side == side);
        its.map(|label| width(&label.text())).fold(0.0, f64::max)
    };
    let words = [
        widest(Side::Sender).max(LEAST_WORDS),
        widest(Side::Receiver),
    ];
    let left = MARGIN + CLOCK + words[0] + ASIDE;
    let columns = Columns {
        left,
        right: left + LANE,
        clock: CLOCK,
        margin: MARGIN,
        words,
    };
    let wide = columns.right + ASIDE + CLOCK + words[1] + MARGIN;
    let told = format!("Sequence diagram of {}", title(heading));
    let mut picture = Picture::new(wide.ceil().max(LEAST_WIDTH), 0.0, &told);
    let top = draw_heading(&mut picture, heading) + 40.0;
    for (x, name) in [(columns.left, "sender"), (columns.right, "receiver")] {
        let words = Words::new(Point::new(x, top - 10.0), 14.0, name).bold();
        picture.add(words.anchored(Anchor::Middle));
    }
    let foot = top + layout.foot;
    let mut drawing = LadderDrawing {
        picture,
        spots: Vec::new(),
        transmissions: &transmissions,
        steps: &chosen.steps,
        layout: &layout,
        labels,
        past: &past,
        columns,
        scale,
        shift: top,
        seen: (top, foot),
        sides: Sides::of(entries),
        now_us: entries.last().map_or(0, |entry| entry.time_us),
    };
    drawing.draw();
    let mut picture = drawing.picture;
    let mut sentences = Vec::new();
    if !layout.crowded.is_empty() {
        sentences.push(
            "Grey on a line: one moment, stretched so that each packet can be seen.",
        );
    }
    if !layout.short.is_empty() {
        sentences.push("Two strokes through a line: a long wait, shortened.");
    }
    let left_out = chosen.what_is_left_out();
    sentences.extend(left_out.as_deref());
    let mut y = foot + 24.0;
    for sentence in sentences {
        let words = Words::new(Point::new(MARGIN, y), WORD_SIZE, sentence);
        picture.add(words.coloured(SOFT_INK));
        y += 18.0;
    }
    picture.height = y + MARGIN / 2.0;
    picture
}

/// The title and the legend; where they end.
fn draw_heading(picture: &mut Picture, heading: &Heading) -> f64 {
    let mut y = MARGIN + 16.0;
    picture.add(Words::new(Point::new(MARGIN, y), 20.0, title(heading)).bold());
    for line in wrapped(&subtitle(heading), 120) {
        y += 22.0;
        let words = Words::new(Point::new(MARGIN, y), 13.0, line);
        picture.add(words.coloured(SOFT_INK));
    }
    y += 30.0;
    let entries = [
        ("DATA", BLUE, Stroke::Solid, false),
        ("DATA, retransmitted", ORANGE, Stroke::Dashed, false),
        ("ACK, NACK", GREEN, Stroke::Dotted, false),
        ("handshake, end", SOFT_INK, Stroke::Solid, false),
        ("lost", VERMILLION, Stroke::Solid, true),
    ];
    for (place, (name, colour, stroke, is_lost)) in (0_u32..).zip(entries) {
        let x = MARGIN + f64::from(place) * 190.0;
        let (from, to) = (Point::new(x, y - 4.0), Point::new(x + 44.0, y - 4.0));
        let line = Line {
            stroke,
            ..Line::new(from, to, colour)
        };
        picture.add(line);
        if is_lost {
            add_cross(picture, to);
        } else {
            picture.add_head(&line);
        }
        picture.add(Words::new(Point::new(x + 56.0, y), WORD_SIZE, name));
    }
    y + 20.0
}
