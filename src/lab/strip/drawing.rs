//! The strip as a picture of its own: a heading, and the [`Band`] that a window shows.

use super::band::{Band, Sides};
use super::view::{subtitle, title};
use super::{JournalPosition, Strip};
use crate::lab::journal::Heading;
use crate::lab::palette::SOFT_INK;
use crate::lab::picture::{Anchor, Picture, Point, Words};
use crate::lab::words::{time, wrapped};

/// Unit of this and of what follows: pixels.
const WIDTH: f64 = 960.0;
const MARGIN: f64 = 32.0;

/// The strip at one moment, its legend included.
#[must_use]
pub fn picture(heading: &Heading, strip: &Strip, place: JournalPosition) -> Picture {
    let (title, time) = (title(heading), time(strip.time_us()));
    let told = format!("The sliding window of {title} at {time}");
    let mut picture = Picture::new(WIDTH, 0.0, &told);
    let (mut y, right) = (MARGIN + 16.0, WIDTH - MARGIN);
    picture.add(Words::new(Point::new(MARGIN, y), 20.0, title).bold());
    let time = Words::new(Point::new(right, y), 20.0, time);
    picture.add(time.anchored(Anchor::End));
    let JournalPosition { index, of } = place;
    let event = format!("event {index} of {of}");
    let event = Words::new(Point::new(right, y + 22.0), 12.0, event);
    picture.add(event.coloured(SOFT_INK).anchored(Anchor::End));
    for line in wrapped(&subtitle(heading), 90) {
        y += 22.0;
        let line = Words::new(Point::new(MARGIN, y), 13.0, line);
        picture.add(line.coloured(SOFT_INK));
    }
    let sides = Sides {
        sender: strip.hears_sender(),
        receiver: strip.hears_receiver(),
    };
    let band = Band::draw(strip, sides, WIDTH - 2.0 * MARGIN).picture;
    let height = band.height;
    picture.put(band, Point::new(MARGIN, y + 24.0));
    y += height + 44.0;
    let legend = "The bracket is the window. The triangles are the next segment to send and \
                  the next expected one.";
    let legend = Words::new(Point::new(MARGIN + 8.0, y), 12.0, legend);
    picture.add(legend.coloured(SOFT_INK));
    picture.height = y + MARGIN;
    picture
}
