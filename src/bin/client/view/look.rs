//! The look of the window: colours, sizes of letters, and boxes drawn by hand.
//!
//! The idea: FLTK keeps one table of frame types. Its raised and sunken boxes are
//! replaced once, at the start, by flat ones with softened corners; every widget follows.
//! It also keeps one table of colours, and a colour here is an index into it: another
//! theme changes the table, and all later drawings.
//!
//! Source: FLTK manual, "Adding and Extending Boxtypes", "Colors".

use fltk::app;
use fltk::button::Button;
use fltk::draw;
use fltk::enums::{Align, Color, Font, FrameType, Shortcut};
use fltk::frame::Frame;
use fltk::group::Flex;
use fltk::input::Input;
use fltk::menu::Choice;
use fltk::misc::Tooltip;
use fltk::prelude::*;
use fltk::widget::Widget;
use sash::client::model::NAME_COLOURS;
use sash::client::theme::Theme;
use sash::lab::palette::Colour;
use std::cell::Cell;

/// The letters of lists, fields and buttons. Unit: pixels.
pub(super) const TEXT: i32 = 14;

/// The letters of explanations. Unit: pixels.
pub(super) const SMALL: i32 = 12;

/// Between a window's edge and what is in it. Unit: pixels.
pub(super) const MARGIN: i32 = 12;

/// Between two neighbours. Unit: pixels.
pub(super) const GAP: i32 = 8;

/// The height of an explanation: two lines of small letters. Unit: pixels.
pub(super) const TWO_LINES: i32 = 30;

/// The height of buttons and fields. Unit: pixels.
pub(super) const ROW: i32 = 30;

/// The frame of a list: its rows keep off the left edge.
pub(super) const LIST: FrameType = FrameType::PlasticDownBox;

/// The frame of a field: its letters keep off both edges.
pub(super) const FIELD: FrameType = FrameType::GtkDownBox;

/// The background of the window.
pub(super) const PAPER: Color = themed(0);

/// The background of lists and fields.
pub(super) const PAGE: Color = themed(1);

/// The text.
pub(super) const INK: Color = themed(2);

/// Less important text.
pub(super) const FADED: Color = themed(3);

/// Lines around lists and fields.
pub(super) const LINE: Color = themed(4);

/// The main button, and progress.
pub(super) const ACCENT: Color = themed(5);

/// The same, pressed.
const ACCENT_PRESSED: Color = themed(6);

/// The selected row of a list.
pub(super) const CHOSEN: Color = themed(7);

/// Failures.
pub(super) const WRONG: Color = themed(8);

/// Success.
pub(super) const WELL: Color = themed(9);

/// The background of an open question.
pub(super) const ASKING: Color = themed(10);

/// Direct messages.
pub(super) const WHISPER: Color = themed(11);

/// Users' colours.
pub(super) const PEOPLE: [Color; NAME_COLOURS] = [
    Color::from_rgbi(FIRST_PERSON),
    Color::from_rgbi(FIRST_PERSON + 1),
    Color::from_rgbi(FIRST_PERSON + 2),
    Color::from_rgbi(FIRST_PERSON + 3),
    Color::from_rgbi(FIRST_PERSON + 4),
    Color::from_rgbi(FIRST_PERSON + 5),
    Color::from_rgbi(FIRST_PERSON + 6),
    Color::from_rgbi(FIRST_PERSON + 7),
    Color::from_rgbi(FIRST_PERSON + 8),
    Color::from_rgbi(FIRST_PERSON + 9),
    Color::from_rgbi(FIRST_PERSON + 10),
    Color::from_rgbi(FIRST_PERSON + 11),
];

/// The sixteen free places in FLTK's table of colours.
const FIRST_FREE: u32 = 16;

/// Its colour cube is not used, so users' colours are there.
const FIRST_PERSON: u32 = 64;

/// A colour by its place in FLTK's table, whose content the theme determines.
const fn themed(place: u32) -> Color {
    Color::from_rgbi(FIRST_FREE + place)
}

/// Sets letters and boxes for the whole program; once, before any widget.
pub(super) fn dress() {
    app::set_scheme(app::Scheme::Base);
    app::set_font(Font::Helvetica);
    app::set_font_size(TEXT);
    app::set_scrollbar_size(14);
    app::set_menu_linespacing(8);
    for raised in [FrameType::UpBox, FrameType::ThinUpBox] {
        app::set_frame_type_cb(raised, filled_box, 1, 1, 2, 2);
    }
    for sunken in [FrameType::DownBox, FrameType::ThinDownBox] {
        app::set_frame_type_cb(sunken, filled_box, 2, 2, 4, 4);
    }
    // The last four figures: how far the inside begins from the left and the top, and how
    // much narrower and lower it is.
    app::set_frame_type_cb(LIST, filled_box, 5, 4, 7, 8);
    app::set_frame_type_cb(FIELD, filled_box, 6, 2, 10, 4);
    Tooltip::set_font_size(SMALL);
    Tooltip::set_color(PAGE);
    Tooltip::set_text_color(INK);
}

/// Uses the colours of this theme; widgets change at their next drawing.
pub(super) fn wear(theme: Theme) {
    let colours = theme.colours();
    let by_place = [
        colours.paper,
        colours.page,
        colours.ink,
        colours.faded,
        colours.line,
        colours.accent,
        colours.accent_pressed,
        colours.chosen,
        colours.wrong,
        colours.well,
        colours.asking,
        colours.whisper,
    ];
    let places = (0..).map(themed).zip(by_place);
    for (place, colour) in places.chain(PEOPLE.into_iter().zip(colours.users)) {
        app::set_color(place, colour.red, colour.green, colour.blue);
    }
    paint(colours.paper, app::background);
    paint(colours.page, app::background2);
    paint(colours.ink, app::foreground);
    paint(colours.chosen, app::set_selection_color);
    app::redraw();
}

/// Lets the parts of a row, each with its usual width, shrink together if the row is too
/// narrow.
pub(super) fn shrink_when_narrow(row: &mut Flex, parts: Vec<(Widget, i32)>) {
    let usual: i32 = parts.iter().map(|(_, width)| width).sum();
    let known = Cell::new(0);
    row.resize_callback(move |row, _, _, width, _| {
        if known.replace(width) == width {
            return; // Its own layout is a change of size for FLTK.
        }
        let space = (width - row.pad() * (row.children() - 1)).max(1);
        for (part, width) in &parts {
            row.fixed(part, (*width).min(width * space / usual));
        }
        row.layout();
    });
}

/// Sets a label where it is another: what is set is drawn again, and with a hidden widget
/// all that stands in its place.
pub(super) fn set_label(widget: &mut impl WidgetExt, label: &str) {
    if widget.label() != label {
        widget.set_label(label);
    }
}

/// A button. An `&` in the label marks the letter that presses it together with Alt.
pub(super) fn button(label: &'static str, tip: &str) -> Button {
    let mut button = Button::default().with_label(label);
    // By default FLTK also accepts the letter without Alt.
    if let Some(letter) = marked(label) {
        button.set_shortcut(Shortcut::Alt | letter);
    }
    button.set_color(PAGE);
    button.set_selection_color(CHOSEN);
    button.set_label_size(TEXT);
    button.set_tooltip(tip);
    button
}

/// The letter behind the `&`.
fn marked(label: &str) -> Option<char> {
    let (_, rest) = label.split_once('&')?;
    Some(rest.chars().next()?.to_ascii_lowercase())
}

/// The main button.
pub(super) fn main_button(label: &'static str, tip: &str) -> Button {
    let mut button = button(label, tip);
    button.set_color(ACCENT);
    button.set_selection_color(ACCENT_PRESSED);
    button.set_label_color(PAGE);
    button.set_label_font(Font::HelveticaBold);
    button
}

/// A field to write in.
pub(super) fn field(tip: &str) -> Input {
    let mut field = Input::default();
    field.set_frame(FIELD);
    field.set_tooltip(tip);
    field
}

/// A choice among a few; the caller adds its items.
pub(super) fn choice(tip: &str) -> Choice {
    let mut choice = Choice::default();
    choice.set_frame(FrameType::UpBox);
    choice.set_color(PAGE);
    choice.set_tooltip(tip);
    choice
}

/// A heading over a list.
pub(super) fn heading(label: &str) -> Frame {
    let mut heading = caption(label);
    heading.set_label_font(Font::HelveticaBold);
    heading
}

/// Words beside or under something.
pub(super) fn caption(label: &str) -> Frame {
    let mut caption = Frame::default().with_label(label);
    caption.set_align(Align::Left | Align::Inside | Align::Clip);
    caption.set_label_size(TEXT);
    caption.set_label_color(INK);
    caption
}

/// Small words that explain, over as many lines as there is room for.
pub(super) fn explanation() -> Frame {
    let mut words = Frame::default();
    words.set_align(Align::TopLeft | Align::Inside | Align::Wrap | Align::Clip);
    words.set_label_size(SMALL);
    words.set_label_color(FADED);
    words
}

fn paint(colour: Colour, part: fn(u8, u8, u8)) {
    part(colour.red, colour.green, colour.blue);
}

/// A filled box with a thin line around it, its corners softened pixel by pixel: X11
/// draws no half-covered pixels, so they are mixed here.
fn filled_box(x: i32, y: i32, w: i32, h: i32, color: Color) {
    let active = app::draw_frame_active();
    let fill = if active {
        color
    } else {
        mix(color, PAPER, 0.4)
    };
    let is_accent = active && (color == ACCENT || color == ACCENT_PRESSED);
    let line = if is_accent { ACCENT_PRESSED } else { LINE };
    draw::draw_rect_fill(x + 1, y + 1, w - 2, h - 2, fill);
    draw::set_draw_color(line);
    draw::draw_xyline(x + 2, y, x + w - 3);
    draw::draw_xyline(x + 2, y + h - 1, x + w - 3);
    draw::draw_yxline(x, y + 2, y + h - 3);
    draw::draw_yxline(x + w - 1, y + 2, y + h - 3);
    for (corner_x, inward_x) in [(x, 1), (x + w - 1, -1)] {
        for (corner_y, inward_y) in [(y, 1), (y + h - 1, -1)] {
            draw::set_draw_color(PAPER);
            draw::draw_point(corner_x, corner_y);
            draw::set_draw_color(mix(line, PAPER, 0.6));
            draw::draw_point(corner_x + inward_x, corner_y);
            draw::draw_point(corner_x, corner_y + inward_y);
            draw::set_draw_color(mix(line, fill, 0.6));
            draw::draw_point(corner_x + inward_x, corner_y + inward_y);
        }
    }
}

/// `share` of the first colour, the rest of the second.
fn mix(first: Color, second: Color, share: f32) -> Color {
    Color::color_average(first, second, share)
}
