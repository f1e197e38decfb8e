//! The film: go-back-N above, selective repeat below, the same three packets lost.
//!
//! Each half shows the sender's segments over the receiver's, packets between them, and
//! the window as a frame that slides along.

use crate::avi::Film;
use crate::canvas::{Block, Canvas, Colour, Pair, hex, mix};
use crate::simulation::{Flight, Protocol, Received, SEGMENTS, Sent, Simulation, WINDOW};
use jpeg_encoder::{ColorType, Encoder, EncodingError, SamplingFactor};

/// The film as an AVI file.
pub(crate) fn sliding_window() -> Result<Vec<u8>, EncodingError> {
    let protocols = [Protocol::GoBackN, Protocol::SelectiveRepeat];
    let mut halves = protocols.map(|protocol| Half {
        simulation: Simulation::new(protocol),
        frame_at: 0.0,
    });
    let mut frames = Vec::new();
    let mut frames_left = LAST_FRAMES;
    while frames_left > 0 {
        let mut canvas = Canvas::new(WIDTH, HEIGHT, hex(0x0014_1d2e));
        for (half, top) in halves.iter_mut().zip([0.0, f32::from(HEIGHT) / 2.0]) {
            half.advance();
            half.draw(&mut canvas, top);
        }
        let middle = f32::from(HEIGHT) / 2.0;
        canvas.line((24.0, middle), (456.0, middle), 1.0, hex(0x0036_4560));
        frames.push(to_jpeg(&canvas)?);
        if halves.iter().all(|half| half.simulation.is_finished()) {
            frames_left -= 1;
        }
    }
    let film = Film {
        width: WIDTH,
        height: HEIGHT,
        frames_per_second: FRAMES_PER_SECOND,
        frames,
    };
    Ok(film.to_avi())
}

/// One protocol's half of the picture.
struct Half {
    simulation: Simulation,
    /// Where the window's frame is drawn: it follows the base smoothly. Unit: segments.
    frame_at: f32,
}

impl Half {
    fn advance(&mut self) {
        for _ in 0..STEPS_PER_FRAME {
            if !self.simulation.is_finished() {
                self.simulation.advance();
            }
        }
        self.frame_at += (column(self.simulation.base) - self.frame_at) * 0.6;
    }

    fn draw(&self, canvas: &mut Canvas, top: f32) {
        let simulation = &self.simulation;
        let name = match simulation.protocol {
            Protocol::GoBackN => "go-back-N",
            Protocol::SelectiveRepeat => "selective repeat",
        };
        canvas.text(name, (LEFT, top + 6.0), 1, hex(0x00ff_ffff));
        let (first, again) = (simulation.sent_first, simulation.sent_again);
        let figures = format!("{first:2} sent {again:2} again");
        canvas.text(&figures, (LEFT + 280.0, top + 6.0), 1, hex(0x009f_b0cc));
        self.draw_window(canvas, top);
        for segment in 0..SEGMENTS {
            let sent = match simulation.sent[segment] {
                Sent::Unsent => EMPTY,
                Sent::InFlight => AMBER,
                Sent::Resent => RED,
                Sent::Acked => GREEN,
            };
            canvas.block(cell(segment, top + SENDER), hex(sent));
            let received = match simulation.received[segment] {
                Received::Missing => EMPTY,
                Received::BufferedOutOfOrder => BLUE,
                Received::Delivered => GREEN,
            };
            canvas.block(cell(segment, top + RECEIVER), hex(received));
        }
        for flight in &simulation.flights {
            draw_flight(canvas, flight, simulation.share_gone(flight), top);
        }
    }

    fn draw_window(&self, canvas: &mut Canvas, top: f32) {
        let from = LEFT + self.frame_at * STEP - 4.0;
        let right_end = LEFT + column(SEGMENTS) * STEP;
        let wide = (column(WINDOW) * STEP + 4.0).min(right_end - from + 2.0);
        if wide < STEP {
            return;
        }
        let frame = Block {
            at: (from, top + SENDER - 4.0),
            size: (wide, CELL + 8.0),
            round: 5.0,
        };
        canvas.outline(frame, 2.0, hex(0x00e9_eef8));
    }
}

/// A square going down is DATA, a dot going up is an ACK; a lost one stops half-way.
fn draw_flight(canvas: &mut Canvas, flight: &Flight, share: f32, top: f32) {
    let (from, to) = (top + SENDER + CELL, top + RECEIVER);
    let x = LEFT + column(flight.segment) * STEP + CELL / 2.0;
    if flight.is_ack {
        canvas.disc((x, to + (from - to) * share), 3.5, hex(GREEN));
        return;
    }
    if !flight.is_lost || share < 0.5 {
        draw_packet(canvas, (x, from + (to - from) * share), hex(AMBER));
        return;
    }
    let at = (x, f32::midpoint(from, to));
    let fading = mix(hex(RED), hex(0x0014_1d2e), (share - 0.5) * 2.0);
    for way in [-1.0, 1.0] {
        let (from, to) = (
            (at.0 - 6.0, at.1 - 6.0 * way),
            (at.0 + 6.0, at.1 + 6.0 * way),
        );
        canvas.line(from, to, 3.0, fading);
    }
}

fn draw_packet(canvas: &mut Canvas, at: Pair, colour: Colour) {
    let side = 10.0;
    let packet = Block {
        at: (at.0 - side / 2.0, at.1 - side / 2.0),
        size: (side, side),
        round: 2.0,
    };
    canvas.block(packet, colour);
}

fn cell(segment: usize, y: f32) -> Block {
    let at = (LEFT + column(segment) * STEP, y);
    Block {
        at,
        size: (CELL, CELL),
        round: 3.0,
    }
}

fn column(segment: usize) -> f32 {
    f32::from(u8::try_from(segment).expect("a film has few segments"))
}

fn to_jpeg(canvas: &Canvas) -> Result<Vec<u8>, EncodingError> {
    let mut jpeg = Vec::new();
    let mut encoder = Encoder::new(&mut jpeg, JPEG_QUALITY);
    encoder.set_sampling_factor(SamplingFactor::F_1_1);
    encoder.set_optimized_huffman_tables(true);
    encoder.encode(
        &canvas.to_rgb(),
        canvas.width,
        canvas.height,
        ColorType::Rgb,
    )?;
    Ok(jpeg)
}

const WIDTH: u16 = 480;
const HEIGHT: u16 = 224;
const FRAMES_PER_SECOND: u32 = 8;
/// Moments of the simulation that pass between two pictures.
const STEPS_PER_FRAME: u32 = 2;

/// How long the last picture stays.
const LAST_FRAMES: u32 = 12;
const JPEG_QUALITY: u8 = 60;

/// A segment's side, the distance to the next, and where rows begin. Unit: pixels.
/// All multiples of 8, the side of a JPEG block: edges between blocks cost no bytes.
const CELL: f32 = 16.0;
const STEP: f32 = 24.0;
const LEFT: f32 = 24.0;
const SENDER: f32 = 24.0;
const RECEIVER: f32 = 88.0;

const EMPTY: u32 = 0x002a_3852;
const AMBER: u32 = 0x00f2_b134;
const RED: u32 = 0x00e4_572e;
const GREEN: u32 = 0x003f_b984;
const BLUE: u32 = 0x004a_a3df;
