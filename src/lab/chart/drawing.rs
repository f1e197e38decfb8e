//! Draws a chart with `plotters`: as SVG, or as a picture for a window.
//!
//! ```text
//!   title
//!   notes: scenario, sizes, seeds
//!   legend: mark and line of each series, above the frames, where they hide nothing
//!   +-- panel --+ +-- panel --+      axes by plotters, the same for all panels
//! ```
//!
//! Sizes suit a projector and half a printed page: a chart is 1600 pixels wide, and its
//! text scales with it. Without a font library the width of text is unknown, so it is
//! estimated generously.

use super::surface::{FONT_SCALE, Surface};
use super::ticks::Scale;
use super::{Chart, Line, Look, Mark, Panel, Point, Series};
use crate::lab::palette::{self, Colour};
use crate::lab::picture::Picture;
use plotters::element::DashedPathElement;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use std::collections::HashSet;

type Area<B> = DrawingArea<B, plotters::coord::Shift>;
/// Across and down, in pixels.
type Pixel = (i32, i32);
type Refused = DrawingAreaErrorKind<std::io::Error>;
type Drawn = Result<(), Refused>;

/// Pixels, which a reader's program scales.
const WIDTH: i32 = 1600;
/// See [`WIDTH`].
const HEIGHT: i32 = 900;
/// Round the whole.
const MARGIN: i32 = 36;
/// Letters: of the title, and of everything else.
const TITLE_SIZE: i32 = 38;
/// See [`TITLE_SIZE`].
const TEXT_SIZE: i32 = 28;
/// From one line of words to the next.
const LINE_HEIGHT: i32 = 38;
/// The largest width of a letter, as a share of its height: a generous estimate.
const LETTER_WIDTH: f64 = 0.56;
/// The swatch of a series in the legend, and the room after its name.
const SWATCH: i32 = 64;
/// See [`SWATCH`].
const LEGEND_GAP: i32 = 44;
/// From a mark's middle to its edge.
const MARK_RADIUS: i32 = 9;
/// The same for [`Mark::Dot`], of which there are many.
const DOT_RADIUS: i32 = 4;
/// The surfaces on which plotters can draw.
trait Backend: DrawingBackend<ErrorType = std::io::Error> {}

impl<B: DrawingBackend<ErrorType = std::io::Error>> Backend for B {}

/// Draws it as a file.
pub(super) fn svg(chart: &Chart) -> Result<String, Refused> {
    let mut svg = String::new();
    let size = (pixels(WIDTH), pixels(HEIGHT));
    draw(SVGBackend::with_string(&mut svg, size), chart)?;
    Ok(svg)
}

/// Draws it for a window of this size. Its letters are [`TEXT_SIZE`] high, so a window
/// draws it smaller.
pub(super) fn picture(chart: &Chart, size: (u32, u32)) -> Result<Picture, Refused> {
    let mut picture = Picture::new(f64::from(size.0), f64::from(size.1), &chart.title);
    draw(Surface::new(&mut picture, size), chart)?;
    Ok(picture)
}

fn draw<B: Backend>(backend: B, chart: &Chart) -> Drawn {
    let root = backend.into_drawing_area();
    root.fill(&rgb(palette::PAPER))?;
    let top = write_head(&root, chart)?;
    draw_panels(&root, chart, top)?;
    root.present()
}

/// How wide and how high.
fn size_of<B: Backend>(root: &Area<B>) -> Pixel {
    let (width, height) = root.dim_in_pixel();
    let whole = |length| i32::try_from(length).unwrap_or(i32::MAX);
    (whole(width), whole(height))
}

/// Title, notes and legend; returns where the frames begin.
fn write_head<B: Backend>(root: &Area<B>, chart: &Chart) -> Result<i32, Refused> {
    let (width, _) = size_of(root);
    let right = width - MARGIN;
    let mut y = MARGIN;
    let title = text(TITLE_SIZE, palette::INK, true);
    root.draw_text(&chart.title, &title, (MARGIN, y - 8))?;
    y += LINE_HEIGHT + 8;
    let note = text(TEXT_SIZE, palette::SOFT_INK, false);
    for line in chart
        .notes
        .iter()
        .flat_map(|line| wrapped(line, right - MARGIN))
    {
        root.draw_text(&line, &note, (MARGIN, y))?;
        y += LINE_HEIGHT;
    }
    y += 10;
    let mut x = MARGIN;
    let style = text(TEXT_SIZE, palette::INK, false);
    for (name, look) in legend(chart) {
        let width = SWATCH + 12 + text_width(name);
        if x > MARGIN && x + width > right {
            (x, y) = (MARGIN, y + LINE_HEIGHT);
        }
        draw_swatch(root, look, (x, y + TEXT_SIZE / 2))?;
        root.draw_text(name, &style, (x + SWATCH + 12, y))?;
        x += width + LEGEND_GAP;
    }
    Ok(y + LINE_HEIGHT + 14)
}

/// Each name once, in the order in which they are first drawn. One that represents series
/// of several colours, as the formulas of several protocols, is grey.
fn legend(chart: &Chart) -> Vec<(&str, Look)> {
    let mut entries: Vec<(&str, Look)> = Vec::new();
    for Series { name, look, .. } in chart.panels.iter().flat_map(|panel| &panel.series) {
        match entries.iter_mut().find(|(known, _)| known == name) {
            None => entries.push((name, *look)),
            Some((_, known)) if known.colour != look.colour => {
                known.colour = palette::SOFT_INK;
            }
            Some(_) => {}
        }
    }
    entries
}

fn draw_swatch<B: Backend>(root: &Area<B>, look: Look, (x, y): Pixel) -> Drawn {
    if let Some(line) = look.line {
        draw_line(root, &[(x, y), (x + SWATCH, y)], line, look.colour)?;
    }
    if let Some(mark) = look.mark {
        draw_mark(root, mark, look.colour, (x + SWATCH / 2, y))?;
    }
    Ok(())
}

fn draw_panels<B: Backend>(root: &Area<B>, chart: &Chart, top: i32) -> Drawn {
    let count = chart.panels.len();
    let columns = columns(count);
    let rows = count.div_ceil(columns);
    let (width, height) = size_of(root);
    let area = root.clone().shrink(
        (MARGIN, top),
        (width - 2 * MARGIN, (height - top - MARGIN / 2).max(1)),
    );
    let points = || {
        let series = chart.panels.iter().flat_map(|panel| &panel.series);
        series.flat_map(|series| &series.points)
    };
    let x = Scale::new(&chart.x, points().map(|point| point.x));
    let highest = points().map(|point| point.spread.map_or(point.y, |(_, high)| high));
    let y = Scale::new(&chart.y, highest.chain(points().map(|point| point.y)));
    for (at, (frame, panel)) in area
        .split_evenly((rows, columns))
        .iter()
        .zip(&chart.panels)
        .enumerate()
    {
        let names = Names {
            x: (at + columns >= count).then_some(chart.x.name.as_str()),
            y: (at % columns == 0).then_some(chart.y.name.as_str()),
        };
        draw_panel(root, frame, panel, (&x, &y), &names)?;
    }
    Ok(())
}

/// The labels of the axes of one panel.
struct Names<'a> {
    x: Option<&'a str>,
    y: Option<&'a str>,
}

fn draw_panel<B: Backend>(
    root: &Area<B>,
    frame: &Area<B>,
    panel: &Panel,
    (x, y): (&Scale, &Scale),
    names: &Names<'_>,
) -> Drawn {
    let widest = y.ticks.iter().map(|&at| y.label(at).len()).max();
    let labels = text_width(&"0".repeat(widest.unwrap_or(1)));
    let mut builder = ChartBuilder::on(frame);
    builder
        .margin_right(30)
        .margin_top(14)
        .x_label_area_size(LINE_HEIGHT * 2 + 12)
        .y_label_area_size(LINE_HEIGHT + labels + 26);
    if !panel.title.is_empty() {
        builder.margin_top(LINE_HEIGHT + 8);
    }
    let mut axes = builder.build_cartesian_2d(x.clone(), y.clone())?;
    let label = text(TEXT_SIZE, palette::INK, false);
    axes.configure_mesh()
        .label_style(label.clone())
        .axis_desc_style(label)
        .axis_style(rgb(palette::SOFT_INK).stroke_width(2))
        .bold_line_style(rgb(palette::GRID).stroke_width(1))
        .set_all_tick_mark_size(6)
        .x_desc(names.x.unwrap_or_default())
        .y_desc(names.y.unwrap_or_default())
        .draw()?;
    let plot = axes.plotting_area();
    let (across, down) = plot.get_pixel_range();
    if !panel.title.is_empty() {
        let style = text(TEXT_SIZE, palette::INK, true);
        let place = (across.start, down.start - LINE_HEIGHT);
        root.draw_text(&panel.title, &style, place)?;
    }
    let place =
        |point: (f64, f64)| plot.map_coordinate(&(x.place(point.0), y.place(point.1)));
    for series in &panel.series {
        draw_series(root, series, place)?;
    }
    Ok(())
}

fn draw_series<B: Backend>(
    root: &Area<B>,
    series: &Series,
    place: impl Fn((f64, f64)) -> Pixel,
) -> Drawn {
    let Look { colour, mark, line } = series.look;
    let finite = |point: &&Point| point.x.is_finite() && point.y.is_finite();
    let points: Vec<&Point> = series.points.iter().filter(finite).collect();
    let places: Vec<_> = points.iter().map(|at| place((at.x, at.y))).collect();
    if let Some(line) = line {
        draw_line(root, &thinned(&places), line, colour)?;
    }
    for (point, (x, _)) in points.iter().zip(&places) {
        if let Some((low, high)) = point.spread {
            let ends = [low, high].map(|end| (*x, place((point.x, end)).1));
            draw_line(root, &ends, Line::Straight, colour)?;
        }
    }
    let mut taken = HashSet::new();
    if let Some(mark) = mark {
        let apart = if mark == Mark::Dot { 2 } else { 6 };
        for &at in &places {
            // A mark below another mark of this series would be hidden.
            if taken.insert((at.0 / apart, at.1 / apart)) {
                draw_mark(root, mark, colour, at)?;
            }
        }
    }
    Ok(())
}

/// The line without invisible points: within one column of pixels its first, lowest,
/// highest and last point are enough.
fn thinned(places: &[Pixel]) -> Vec<Pixel> {
    let mut kept: Vec<Pixel> = Vec::new();
    for column in places.chunk_by(|one, next| one.0 == next.0) {
        let by_height = |at: &&Pixel| at.1;
        let ends = [
            column.first(),
            column.iter().min_by_key(by_height),
            column.iter().max_by_key(by_height),
            column.last(),
        ];
        for &at in ends.into_iter().flatten() {
            if kept.last() != Some(&at) {
                kept.push(at);
            }
        }
    }
    kept
}

fn draw_line<B: Backend>(
    root: &Area<B>,
    places: &[Pixel],
    line: Line,
    colour: Colour,
) -> Drawn {
    let style = rgb(colour).stroke_width(4);
    let dashed = |length, gap, style| {
        let places = places.iter().copied();
        root.draw(&DashedPathElement::new(places, length, gap, style))
    };
    match line {
        Line::Straight => root.draw(&PathElement::new(places, style)),
        Line::Steps => {
            let mut steps: Vec<Pixel> = Vec::with_capacity(2 * places.len());
            for &(x, y) in places {
                if let Some(&(_, before)) = steps.last() {
                    steps.push((x, before));
                }
                steps.push((x, y));
            }
            root.draw(&PathElement::new(steps, style))
        }
        Line::Dashed => dashed(16, 9, rgb(colour).stroke_width(3)),
        Line::Dotted => dashed(4, 8, style),
    }
}

fn draw_mark<B: Backend>(
    root: &Area<B>,
    mark: Mark,
    colour: Colour,
    (x, y): Pixel,
) -> Drawn {
    let style = rgb(colour).filled();
    let stroke = rgb(colour).stroke_width(4);
    let r = MARK_RADIUS;
    let polygon = |corners: &[Pixel]| {
        let corners: Vec<_> = corners.iter().map(|(dx, dy)| (x + dx, y + dy)).collect();
        root.draw(&Polygon::new(corners, style))
    };
    let strokes = |ends: [[Pixel; 2]; 2]| {
        ends.iter().try_for_each(|ends| {
            let ends = ends.map(|(dx, dy)| (x + dx, y + dy));
            root.draw(&PathElement::new(ends, stroke))
        })
    };
    match mark {
        Mark::Circle => root.draw(&Circle::new((x, y), r, style)),
        Mark::Dot => root.draw(&Circle::new((x, y), DOT_RADIUS, style)),
        Mark::Square => polygon(&[(-8, -8), (8, -8), (8, 8), (-8, 8)]),
        Mark::Triangle => polygon(&[(0, -r - 2), (r + 1, r - 2), (-r - 1, r - 2)]),
        Mark::Wedge => polygon(&[(0, r + 2), (r + 1, 2 - r), (-r - 1, 2 - r)]),
        Mark::Diamond => polygon(&[(0, -r - 2), (r + 2, 0), (0, r + 2), (-r - 2, 0)]),
        Mark::Plus => strokes([[(-r, 0), (r, 0)], [(0, -r), (0, r)]]),
        Mark::Cross => strokes([[(-7, -7), (7, 7)], [(-7, 7), (7, -7)]]),
    }
}

/// The number of panels side by side.
const fn columns(panels: usize) -> usize {
    match panels {
        0 | 1 => 1,
        2 | 4 => 2,
        _ => 3,
    }
}

/// A note in lines that fit, broken after a semicolon or at a space.
fn wrapped(note: &str, width: i32) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in note.split_inclusive([';', ' ']) {
        let line = lines.last_mut().expect("there is one");
        if !line.is_empty() && text_width(line) + text_width(word) > width {
            lines.push(word.to_owned());
        } else {
            line.push_str(word);
        }
    }
    lines
}

#[expect(clippy::cast_possible_truncation, reason = "a few hundred pixels")]
fn text_width(text: &str) -> i32 {
    let letters = u16::try_from(text.chars().count()).unwrap_or(u16::MAX);
    (f64::from(letters) * f64::from(TEXT_SIZE) * LETTER_WIDTH) as i32
}

fn text(size: i32, colour: Colour, is_bold: bool) -> TextStyle<'static> {
    let weight = if is_bold {
        FontStyle::Bold
    } else {
        FontStyle::Normal
    };
    let font = FontDesc::new(FontFamily::SansSerif, f64::from(size) * FONT_SCALE, weight);
    font.color(&rgb(colour))
        .pos(Pos::new(HPos::Left, VPos::Top))
}

const fn rgb(colour: Colour) -> RGBColor {
    RGBColor(colour.red, colour.green, colour.blue)
}

const fn pixels(length: i32) -> u32 {
    length.unsigned_abs()
}
