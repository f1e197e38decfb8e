//! A race as a picture: a lane for each, how the file grew in it, and a mark for each
//! loss and each retransmission.

use super::text::{losses, micros};
use super::{Lane, LaneEvent, Mark, Race};
use crate::lab::palette::{
    BLUE, Colour, GREEN, GRID, INK, ORANGE, PALE, PURPLE, SKY, SOFT_INK, VERMILLION,
};
use crate::lab::picture::{Anchor, Area, Line, Picture, Point, Triangle, Words};
use crate::lab::words::wrapped;

/// Unit of this and of what follows: pixels.
const WIDTH: f64 = 892.0;
const MARGIN: f64 = 32.0;
/// Where time begins and ends.
const LEFT: f64 = 228.0;
const RIGHT: f64 = 740.0;
/// The height of a whole file.
const LANE: f64 = 66.0;
/// Below it: retransmissions and losses.
const MARKS: f64 = 26.0;
const GAP: f64 = 18.0;
/// Steps of a lane's outline: one for each pixel.
const COLUMNS: u32 = 512;
/// A lane for each protocol, and none in a colour of the marks.
const COLOURS: [Colour; 4] = [BLUE, GREEN, PURPLE, SKY];

/// All lanes on one axis of time.
#[must_use]
pub fn picture(race: &Race) -> Picture {
    picture_at(race, u64::MAX)
}

/// The same race up to this moment. Unit: microseconds.
#[must_use]
pub fn picture_at(race: &Race, now_us: u64) -> Picture {
    let told = "A race: one file, one link, several protocols";
    let mut drawing = RaceDrawing {
        picture: Picture::new(WIDTH, 0.0, told),
        longest_us: micros(race.longest()).max(1),
        now_us,
        y: MARGIN + 16.0,
    };
    drawing.draw_heading(race);
    let top = drawing.y;
    let lanes = 0..race.lanes.len();
    let foot = lanes.fold(top, |y, _| y + LANE + MARKS + GAP) - GAP + 6.0;
    drawing.draw_axis(top, foot);
    for (lane, colour) in race.lanes.iter().zip(COLOURS.iter().cycle()) {
        drawing.draw_lane(lane, *colour);
    }
    drawing.y = foot + 68.0;
    drawing.draw_legend();
    drawing.sentence(&losses(race));
    drawing.picture.height = drawing.y + MARGIN / 2.0;
    drawing.picture
}

/// A picture that grows downwards.
struct RaceDrawing {
    picture: Picture,
    longest_us: u64,
    /// Later events are not drawn.
    now_us: u64,
    y: f64,
}

impl RaceDrawing {
    fn draw_heading(&mut self, race: &Race) {
        let at = Point::new(MARGIN, self.y);
        let title = Words::new(at, 21.0, "One file, one link, several protocols");
        self.picture.add(title.bold());
        if let Some(lane) = race.lanes.first() {
            let experiment = &lane.experiment;
            let link =
                format!("{} bytes; link: {}", experiment.size, experiment.scenario);
            for line in wrapped(&link, 96) {
                self.y += 22.0;
                let at = Point::new(MARGIN, self.y);
                let words = Words::new(at, 14.0, line).coloured(SOFT_INK);
                self.picture.add(words);
            }
        }
        self.y += 34.0;
    }

    /// Seconds below, and a faint line at each mark.
    fn draw_axis(&mut self, top: f64, foot: f64) {
        let seconds = real(self.longest_us) / 1e6;
        let step = nice_step(seconds / 8.0);
        let decimals = if step >= 1.0 {
            0
        } else if step >= 0.1 {
            1
        } else {
            3
        };
        for place in 0_u32..=100 {
            let at = f64::from(place) * step;
            if at > seconds * 1.000_001 {
                break;
            }
            let x = self.x(at * 1e6);
            self.picture.add(Line {
                width: 1.0,
                ..Line::new(Point::new(x, top), Point::new(x, foot), GRID)
            });
            let label = format!("{at:.decimals$}");
            let words = Words::new(Point::new(x, foot + 18.0), 13.0, label);
            self.picture.add(words.anchored(Anchor::Middle));
        }
        let middle = Point::new(LEFT.midpoint(RIGHT), foot + 36.0);
        let words =
            Words::new(middle, 13.0, "virtual time in seconds").coloured(SOFT_INK);
        self.picture.add(words.anchored(Anchor::Middle));
    }

    fn draw_lane(&mut self, lane: &Lane, colour: Colour) {
        let (top, foot) = (self.y, self.y + LANE);
        let at = Point::new(MARGIN, top + 15.0);
        for (line, words) in (0_u32..).zip(wrapped(&lane.name, 21)) {
            let at = Point::new(at.x, at.y + f64::from(line) * 18.0);
            self.picture.add(Words::new(at, 15.0, words).bold());
        }
        let elapsed_us = micros(lane.run.elapsed);
        let is_over = self.now_us >= elapsed_us;
        let progress = &lane.run.progress;
        let sent = format!(
            "{} sent, {} retransmitted",
            progress.sent_packets, progress.resent_packets
        );
        if is_over {
            let at = Point::new(MARGIN, foot - 6.0);
            self.picture
                .add(Words::new(at, 13.0, sent).coloured(SOFT_INK));
        }
        let end = self.x(real(elapsed_us.min(self.now_us)));
        self.picture.add(Area {
            x: LEFT,
            y: top,
            width: end - LEFT,
            height: LANE,
            fill: PALE,
        });
        self.draw_growth(lane, colour);
        self.picture.add(Line {
            width: 2.0,
            ..Line::new(Point::new(end, top), Point::new(end, foot), INK)
        });
        if is_over {
            let seconds = format!("{:.3} s", lane.run.elapsed.as_secs_f64());
            let seconds = if lane.run.is_verified() {
                seconds
            } else {
                format!("{seconds}, not verified")
            };
            let at = Point::new(end + 8.0, top + 14.0);
            self.picture.add(Words::new(at, 15.0, seconds).bold());
        }
        self.draw_marks(lane, foot);
        self.y = foot + MARKS + GAP;
    }

    /// The file, from nothing to whole, as an area.
    fn draw_growth(&mut self, lane: &Lane, colour: Colour) {
        let foot = self.y + LANE;
        let all = f64::from(lane.segments.max(1));
        let mut marks = lane.course.iter().peekable();
        let mut in_order = 0;
        for column in 0..COLUMNS {
            let until = (u64::from(column) + 1) * self.longest_us / u64::from(COLUMNS);
            if until > self.now_us {
                break;
            }
            while let Some(mark) = marks.next_if(|mark| mark.time_us <= until) {
                if let LaneEvent::InOrder(segments) = mark.what {
                    in_order = segments;
                }
            }
            let height = LANE * f64::from(in_order) / all;
            let end = micros(lane.run.elapsed);
            if height > 0.0 && until <= end.max(self.longest_us / u64::from(COLUMNS)) {
                self.picture.add(Area {
                    x: LEFT + f64::from(column),
                    y: foot - height,
                    width: 1.0,
                    height,
                    fill: colour,
                });
            }
        }
    }

    /// A stroke for each pixel with a retransmission, a triangle for losses.
    fn draw_marks(&mut self, lane: &Lane, foot: f64) {
        let mut resent = vec![false; COLUMNS as usize + 1];
        let mut lost = vec![false; COLUMNS as usize + 1];
        let is_past = |mark: &&Mark| mark.time_us <= self.now_us;
        for mark in lane.course.iter().take_while(is_past) {
            let column =
                mark.time_us.saturating_mul(u64::from(COLUMNS)) / self.longest_us;
            let column = usize::try_from(column).unwrap_or(usize::MAX);
            let column = column.min(COLUMNS as usize);
            match mark.what {
                LaneEvent::Resent(_) => resent[column] = true,
                LaneEvent::Lost(_) => lost[column] = true,
                LaneEvent::InOrder(_) => {}
            }
        }
        for (column, (resent, lost)) in (0_u32..).zip(resent.into_iter().zip(lost)) {
            let x = LEFT + f64::from(column);
            if resent {
                self.picture.add(Area {
                    x,
                    y: foot + 3.0,
                    width: 1.5,
                    height: 9.0,
                    fill: ORANGE,
                });
            }
            if lost {
                self.loss(x, foot + 14.0);
            }
        }
    }

    fn loss(&mut self, x: f64, y: f64) {
        self.picture.add(Triangle {
            corners: [
                Point::new(x, y),
                Point::new(x - 4.0, y + 8.0),
                Point::new(x + 4.0, y + 8.0),
            ],
            fill: VERMILLION,
        });
    }

    fn draw_legend(&mut self) {
        let y = self.y;
        let words = |x, text: &str| Words::new(Point::new(x, y), 13.0, text);
        for (place, fill) in (0_u32..).zip(COLOURS) {
            self.picture.add(Area {
                x: MARGIN + 6.5 * f64::from(place),
                y: y - 11.0,
                width: 6.5,
                height: 13.0,
                fill,
            });
        }
        self.picture.add(words(
            MARGIN + 34.0,
            "bytes received in order, up to the whole file",
        ));
        self.picture.add(Area {
            x: 424.0,
            y: y - 10.0,
            width: 2.0,
            height: 11.0,
            fill: ORANGE,
        });
        self.picture.add(words(434.0, "retransmitted"));
        self.loss(540.0, y - 8.0);
        self.picture
            .add(words(552.0, "DATA lost or corrupted by the link"));
        self.y += 26.0;
    }

    fn sentence(&mut self, text: &str) {
        for line in wrapped(text, 104) {
            let at = Point::new(MARGIN, self.y);
            self.picture.add(Words::new(at, 13.0, line));
            self.y += 18.0;
        }
    }

    fn x(&self, time_us: f64) -> f64 {
        LEFT + (RIGHT - LEFT) * time_us / real(self.longest_us)
    }
}

/// 1, 2 or 5 times a power of ten, not less than this.
fn nice_step(least: f64) -> f64 {
    let mut step = 1e-6;
    for factor in [2.0, 2.5, 2.0].into_iter().cycle().take(60) {
        if step >= least {
            break;
        }
        step *= factor;
    }
    step
}

#[expect(clippy::cast_precision_loss, reason = "a pixel is coarser")]
fn real(time_us: u64) -> f64 {
    time_us as f64
}
