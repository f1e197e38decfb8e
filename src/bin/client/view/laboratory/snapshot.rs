//! Saves widgets as a PNG file: drawn once more, onto an image.

use super::look;
use fltk::draw;
use fltk::frame::Frame;
use fltk::prelude::*;
use fltk::surface::ImageSurface;

/// The shown widgets, in their arrangement; empty if none is shown.
pub(super) fn png(widgets: &[Frame]) -> Vec<u8> {
    let shown: Vec<&Frame> = widgets.iter().filter(|it| it.visible_r()).collect();
    let edges = |edge: fn(&Frame) -> i32| shown.iter().map(move |it| edge(it));
    let (left, top) = (edges(Frame::x).min(), edges(Frame::y).min());
    let right = edges(|it| it.x() + it.w()).max();
    let foot = edges(|it| it.y() + it.h()).max();
    let (Some(left), Some(top), Some(right), Some(foot)) = (left, top, right, foot)
    else {
        return Vec::new();
    };
    let (width, height) = (right - left, foot - top);
    let surface = ImageSurface::new(width, height, false);
    ImageSurface::push_current(&surface);
    draw::draw_rect_fill(0, 0, width, height, look::PAPER);
    for widget in shown {
        surface.draw(widget, widget.x() - left, widget.y() - top);
    }
    let image = surface.image();
    ImageSurface::pop_current();
    image.map_or_else(Vec::new, |image| encoded(&image))
}

fn encoded(image: &impl ImageExt) -> Vec<u8> {
    let pixels = image.to_rgb_data();
    let size = [image.data_w(), image.data_h()].map(|it| u32::try_from(it).unwrap_or(0));
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, size[0], size[1]);
    encoder.set_color(match image.depth() {
        fltk::enums::ColorDepth::Rgba8 => png::ColorType::Rgba,
        fltk::enums::ColorDepth::La8 => png::ColorType::GrayscaleAlpha,
        fltk::enums::ColorDepth::L8 => png::ColorType::Grayscale,
        fltk::enums::ColorDepth::Rgb8 => png::ColorType::Rgb,
    });
    encoder.set_depth(png::BitDepth::Eight);
    let written = encoder
        .write_header()
        .and_then(|mut writer| writer.write_image_data(&pixels));
    if let Err(error) = written {
        log::warn!("cannot write the picture as PNG: {error}");
        return Vec::new();
    }
    bytes
}
