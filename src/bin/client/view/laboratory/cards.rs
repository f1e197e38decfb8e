//! The first screen: cards that open an experiment, each with a small picture.
//!
//! ```text
//! Choose an experiment ...
//! +--------------------+ +--------------------+ +--------------------+
//! | picture            | | picture            | | picture            |
//! | Lose one packet    | | Lose one ACK       | | Selective repeat   |
//! +--------------------+ +--------------------+ +--------------------+
//! ```
//!
//! A card is a button: Tab leads to it, Enter or Space opens it, and so does its number.

use super::canvas::{Place, draw_picture};
use super::{RequestCallback, look};
use fltk::app;
use fltk::button::Button;
use fltk::draw;
use fltk::enums::{Align, Event, Font, Key, Shortcut};
use fltk::group::Flex;
use fltk::prelude::*;
use sash::lab::page::LaboratoryRequest;
use sash::lab::page::cards::{CARDS, Card, Opens};
use sash::lab::palette::Paper;
use sash::lab::picture::Picture;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// The first screen.
#[derive(Clone)]
pub(super) struct Cards {
    column: Flex,
    buttons: Vec<Button>,
    paper: Rc<Cell<Paper>>,
    report: RequestCallback,
}

/// A small picture that was drawn for this size.
type Thumbnail = RefCell<Option<((i32, i32), Picture)>>;

/// Cards in a row.
const IN_A_ROW: usize = 3;

/// Unit of this and of what follows: pixels. Around the words of a card.
const MARGIN: i32 = 10;

/// A picture is drawn larger, so that it shows more of the run. Unit: none.
const SCALE: f64 = 0.72;

/// With less space a card has only text.
const LEAST_PICTURE: i32 = 40;

impl Cards {
    /// Makes them in the row that is being built.
    pub(super) fn new(report: &RequestCallback) -> Self {
        let mut column = Flex::default().column();
        column.set_pad(look::GAP);
        let words = look::heading(
            "Choose an experiment, or fill in the fields above. In each you can lose \
             further packets with a click.",
        );
        column.fixed(&words, 22);
        let paper = Rc::new(Cell::new(Paper::White));
        let mut buttons = Vec::new();
        for (row, cards) in CARDS.chunks(IN_A_ROW).enumerate() {
            let mut line = Flex::default().row();
            line.set_pad(look::GAP);
            for (place, card) in cards.iter().enumerate() {
                let number = row * IN_A_ROW + place + 1;
                buttons.push(button(card, number, &paper, report));
            }
            line.end();
        }
        column.end();
        Self {
            column,
            buttons,
            paper,
            report: Rc::clone(report),
        }
    }

    /// The screen, for the layout.
    pub(super) fn widget(&mut self) -> &mut Flex {
        &mut self.column
    }

    /// Takes the keys if it is shown: the first card has them.
    pub(super) fn focus(&self) -> bool {
        let first = self.buttons.first().filter(|card| card.visible_r());
        first.is_some_and(|card| card.clone().take_focus().is_ok())
    }

    /// In the colours of this paper.
    pub(super) fn show(&mut self, paper: Paper) {
        if self.paper.replace(paper) != paper {
            self.column.redraw();
        }
    }

    /// A key while no card has the focus: its number opens a card.
    pub(super) fn key(&self) -> bool {
        let is_plain = (app::event_state() & (Shortcut::Ctrl | Shortcut::Alt)).is_empty();
        let digit = app::event_key().to_char().and_then(|it| it.to_digit(10));
        let number = digit.and_then(|digit| usize::try_from(digit).ok()?.checked_sub(1));
        let card = number.and_then(|number| CARDS.get(number));
        match card.filter(|_| is_plain && self.column.visible_r()) {
            Some(card) => {
                (self.report)(LaboratoryRequest::OpenCard(card));
                true
            }
            None => false,
        }
    }
}

fn button(
    card: &'static Card,
    number: usize,
    paper: &Rc<Cell<Paper>>,
    report: &RequestCallback,
) -> Button {
    let mut button = look::button("", &format!("Press Enter, or {number}"));
    let open = Rc::clone(report);
    button.set_callback(move |_| open(LaboratoryRequest::OpenCard(card)));
    button.handle(|button, event| {
        let is_enter = event == Event::KeyDown && app::event_key() == Key::Enter;
        if is_enter {
            button.do_callback();
        }
        is_enter
    });
    let paper = Rc::clone(paper);
    let thumbnail = Thumbnail::default();
    button.draw(move |button| draw_card(button, card, paper.get(), &thumbnail));
    button
}

fn draw_card(button: &Button, card: &Card, paper: Paper, thumbnail: &Thumbnail) {
    let (x, y, w, h) = (button.x(), button.y(), button.w(), button.h());
    let wide = w - 2 * MARGIN;
    draw::set_font(Font::HelveticaBold, look::TEXT);
    let (_, title_height) = draw::wrap_measure(card.title, wide, false);
    draw::set_font(Font::Helvetica, look::SMALL);
    let (_, words_height) = draw::wrap_measure(card.words, wide, false);
    let kind_height = look::SMALL + 4;
    let text_height = kind_height + title_height + words_height + 2 * MARGIN + 4;
    let high = h - text_height;
    let mut top = y + MARGIN;
    if high >= LEAST_PICTURE {
        let place = Place {
            x: x + 2,
            y: y + 2,
            width: w - 4,
            height: high,
        };
        draw_thumbnail(place, card, paper, thumbnail);
        draw::set_draw_color(look::LINE);
        draw::draw_xyline(x + 1, y + 2 + high, x + w - 2);
        top = y + high + MARGIN;
    }
    draw::push_clip(x, y, w, h);
    let mut line = |text: &str, height: i32| {
        let align = Align::TopLeft | Align::Wrap;
        draw::draw_text2(text, x + MARGIN, top, wide, height, align);
        top += height + 2;
    };
    draw::set_font(Font::HelveticaBold, look::SMALL - 1);
    draw::set_draw_color(look::ACCENT);
    line(card.opens.label(), kind_height);
    draw::set_font(Font::HelveticaBold, look::TEXT);
    draw::set_draw_color(look::INK);
    line(card.title, title_height);
    draw::set_font(Font::Helvetica, look::SMALL);
    draw::set_draw_color(look::FADED);
    line(card.words, words_height);
    draw::pop_clip();
    if button.has_focus() {
        draw::set_draw_color(look::ACCENT);
        draw::draw_rect(x + 1, y + 1, w - 2, h - 2);
        draw::draw_rect(x + 2, y + 2, w - 4, h - 4);
    }
}

fn draw_thumbnail(place: Place, card: &Card, paper: Paper, thumbnail: &Thumbnail) {
    let size = (place.width, place.height);
    let mut known = thumbnail.borrow_mut();
    if known.as_ref().is_none_or(|(known, _)| *known != size) {
        let asked = (f64::from(size.0) / SCALE, f64::from(size.1) / SCALE);
        *known = card.thumbnail(asked).map(|picture| (size, picture));
    }
    if let Some((_, picture)) = &*known {
        let scale = match card.opens {
            Opens::Race => {
                let (across, down) = (f64::from(size.0), f64::from(size.1));
                (across / picture.width).min(down / picture.height)
            }
            Opens::Run | Opens::Quiz => SCALE,
        };
        draw_picture(place, &picture.clone().on(paper), paper, scale);
    }
}
