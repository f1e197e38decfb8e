//! The picture: a sash window, its lower sash pushed up, and packets flying in.

use crate::canvas::{Block, Canvas, Pair, hex, length, minus, mix};
use png::{BitDepth, ColorType, Compression, Encoder, EncodingError};

/// The picture as a PNG file.
pub(crate) fn sash_window() -> Result<Vec<u8>, EncodingError> {
    let mut canvas = Canvas::new(WIDTH, HEIGHT, hex(0x00e8_dfd0));
    draw_wall(&mut canvas);
    draw_view(&mut canvas);
    // The upper sash fills the upper half; the lower one is pushed up behind it.
    draw_sash(
        &mut canvas,
        Block {
            at: (268.0, 168.0),
            size: (264.0, 160.0),
            round: 4.0,
        },
    );
    draw_sash(
        &mut canvas,
        Block {
            at: (260.0, 70.0),
            size: (280.0, 168.0),
            round: 4.0,
        },
    );
    draw_frame(&mut canvas);
    draw_packets(&mut canvas);
    draw_strip(&mut canvas);
    to_png(&canvas)
}

fn draw_wall(canvas: &mut Canvas) {
    for row in 0..15_u8 {
        let shift = if row % 2 == 0 { 0.0 } else { 40.0 };
        for column in 0..11_u8 {
            let at = (
                f32::from(column) * 80.0 - shift + 3.0,
                f32::from(row) * 34.0 + 3.0,
            );
            let warm = f32::from((row * 7 + column * 5) % 4) / 4.0;
            let colour = mix(hex(0x00b5_6a4a), hex(0x00a3_583d), warm);
            canvas.block(
                Block {
                    at,
                    size: (74.0, 28.0),
                    round: 3.0,
                },
                colour,
            );
        }
    }
}

/// Sky, sun and hills, seen through the opening.
fn draw_view(canvas: &mut Canvas) {
    let within = |shape: f32, point: Pair| shape.max(OPENING.distance(point));
    let sky = |point: Pair| {
        mix(
            hex(0x006f_b7e9),
            hex(0x00fd_e9c4),
            ((point.1 - 60.0) / 300.0).clamp(0.0, 1.0),
        )
    };
    canvas.paint(1.0, sky, |point| within(-1.0, point));
    let sun = (470.0, 262.0);
    for (radius, opacity) in [(74.0, 0.25), (58.0, 0.35), (44.0, 1.0)] {
        let shape = |point| within(length(minus(point, sun)) - radius, point);
        canvas.paint(opacity, |_| hex(0x00ff_d76e), shape);
    }
    let hills = [
        (320.0, 560.0, 262.0, 0x007f_b3a0),
        (520.0, 620.0, 290.0, 0x0055_9a7d),
        (260.0, 700.0, 352.0, 0x0036_7a5c),
    ];
    for (x, bottom, radius, colour) in hills {
        let shape = |point| within(length(minus(point, (x, bottom))) - radius, point);
        canvas.paint(1.0, |_| hex(colour), shape);
    }
}

/// A sash: a white frame around six panes, which the view shines through.
fn draw_sash(canvas: &mut Canvas, sash: Block) {
    let glass = |point: Pair| {
        let (x, y) = minus(point, sash.at);
        let bar_x = nearest(x, sash.size.0 / 3.0);
        let bar_y = nearest(y, sash.size.1 / 2.0);
        sash.inset(13.0)
            .distance(point)
            .max(4.0 - bar_x)
            .max(4.0 - bar_y)
    };
    canvas.paint(0.14, |_| hex(0x00ff_ffff), glass);
    let wood = |point: Pair| sash.distance(point).max(-glass(point));
    canvas.paint(1.0, |_| hex(0x00f7_f5ef), wood);
    let shadow = |point: Pair| wood(point).max(-wood((point.0 - 1.5, point.1 - 2.0)));
    canvas.paint(0.25, |_| hex(0x0040_4a5a), shadow);
}

/// How far `at` is from the nearest whole multiple of `step`.
fn nearest(at: f32, step: f32) -> f32 {
    (at - (at / step).round() * step).abs()
}

fn draw_frame(canvas: &mut Canvas) {
    canvas.outline(OPENING.inset(-9.0), 20.0, hex(0x00fd_fcf8));
    canvas.outline(OPENING.inset(-19.0), 2.0, hex(0x0085_4a33));
    canvas.outline(OPENING, 2.0, hex(0x00c9_c2b4));
    let sill = Block {
        at: (216.0, 398.0),
        size: (368.0, 24.0),
        round: 5.0,
    };
    canvas.block(
        Block {
            at: (222.0, 404.0),
            ..sill
        },
        hex(0x0085_4a33),
    );
    canvas.block(sill, hex(0x00fd_fcf8));
    canvas.block(
        Block {
            at: (216.0, 414.0),
            size: (368.0, 8.0),
            round: 4.0,
        },
        hex(0x00d8_d1c2),
    );
}

/// Packets on a curve through the open half; one of them is lost.
fn draw_packets(canvas: &mut Canvas) {
    for step in 0..9_u8 {
        let share = f32::from(step) / 8.0;
        let rest = 1.0 - share;
        let curve = |a: f32, b: f32, c: f32| {
            a * rest * rest + 2.0 * b * rest * share + c * share * share
        };
        let at = (curve(420.0, 330.0, 60.0), curve(330.0, 345.0, 470.0));
        let side = 12.0 + 16.0 * share;
        let corner = (at.0 - side / 2.0, at.1 - side / 2.0);
        let packet = Block {
            at: corner,
            size: (side, side),
            round: side / 5.0,
        };
        let is_lost = step == LOST_PACKET;
        let colour = if is_lost { RED } else { AMBER };
        canvas.block(packet.inset(-2.0), hex(0x00ff_fdf6));
        canvas.block(packet, hex(colour));
        if is_lost {
            let (low, high) = (side * 0.28, side * 0.72);
            for (from, to) in [(low, high), (high, low)] {
                let from = (corner.0 + low, corner.1 + from);
                let to = (corner.0 + high, corner.1 + to);
                canvas.line(from, to, 3.0, hex(0x00ff_ffff));
            }
        }
    }
}

/// Below the window its namesake: acknowledged, in the window, still to come.
fn draw_strip(canvas: &mut Canvas) {
    let strip = Block {
        at: (116.0, 452.0),
        size: (568.0, 44.0),
        round: 10.0,
    };
    canvas.paint(0.9, |_| hex(0x0014_1d2e), |point| strip.distance(point));
    for segment in 0..20_u8 {
        let colour = match segment {
            0..=6 | 8 | 10 => GREEN,
            7 => RED,
            9 | 11 => AMBER,
            _ => EMPTY,
        };
        let at = (130.0 + f32::from(segment) * 27.2, 463.0);
        canvas.block(
            Block {
                at,
                size: (22.0, 22.0),
                round: 4.0,
            },
            hex(colour),
        );
    }
    let window = Block {
        at: (315.0, 457.0),
        size: (168.0, 34.0),
        round: 7.0,
    };
    canvas.outline(window, 3.0, hex(0x00fd_fcf8));
}

fn to_png(canvas: &Canvas) -> Result<Vec<u8>, EncodingError> {
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, canvas.width.into(), canvas.height.into());
    encoder.set_color(ColorType::Rgb);
    encoder.set_depth(BitDepth::Eight);
    encoder.set_compression(Compression::High);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&canvas.to_rgb())?;
    writer.finish()?;
    Ok(file)
}

/// What the wall leaves open.
const OPENING: Block = Block {
    at: (258.0, 64.0),
    size: (284.0, 336.0),
    round: 3.0,
};

const WIDTH: u16 = 800;
const HEIGHT: u16 = 512;

/// The packet that does not arrive, counted from the far end.
const LOST_PACKET: u8 = 5;

const EMPTY: u32 = 0x0046_5573;
const AMBER: u32 = 0x00f2_b134;
const RED: u32 = 0x00e4_572e;
const GREEN: u32 = 0x003f_b984;
