//! The tabs above the room: one for each page, with its news.
//!
//! ```text
//!  #all 3   dana 2 x   Transfers 43 %   Laboratory
//!  =====
//! ```
//!
//! A tab is a button, so that the keyboard reaches it like all others. The current one is
//! underlined; a number shows the news.

use super::{labels, look};
use fltk::app;
use fltk::button::Button;
use fltk::draw;
use fltk::enums::{Event, Font, FrameType};
use fltk::frame::Frame;
use fltk::group::Flex;
use fltk::prelude::*;
use std::cell::RefCell;
use std::rc::Rc;

/// One tab, as words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Tab {
    /// Its label.
    pub(super) label: String,
    /// Its news: `3`, `43 %`; empty if there is none.
    pub(super) news: String,
    /// Whether the news is for this user in particular.
    pub(super) is_urgent: bool,
    /// Whether its page is the one shown.
    pub(super) is_chosen: bool,
    /// Whether the user may close it.
    pub(super) can_close: bool,
}

/// An action of the user on a tab, counted from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Touch {
    Choose(usize),
    Close(usize),
}

/// The row of tabs.
pub(super) struct Tabs {
    row: Flex,
    buttons: Vec<Button>,
    shown: Rc<RefCell<Vec<Tab>>>,
    touch: Rc<dyn Fn(Touch)>,
}

/// Between a tab's edge and its words. Unit: pixels.
const INSET: i32 = 12;

/// Around the number of what is new, and around the cross. Unit: pixels.
const AROUND: i32 = 6;

/// The size of the cross that closes a tab. Unit: pixels.
const CROSS: i32 = 8;

/// The middle button of the mouse in FLTK.
const MIDDLE_BUTTON: i32 = 2;

/// The largest width of a tab. Unit: pixels.
const WIDEST: i32 = 200;

impl Tabs {
    /// Makes the row in the current column; `touch` gets the user's actions.
    pub(super) fn new(touch: impl Fn(Touch) + 'static) -> Self {
        let mut row = Flex::default().row();
        row.set_pad(2);
        Frame::default(); // Takes what the tabs leave.
        row.end();
        Self {
            row,
            buttons: Vec::new(),
            shown: Rc::default(),
            touch: Rc::new(touch),
        }
    }

    /// The row, for the layout.
    pub(super) fn widget(&self) -> &Flex {
        &self.row
    }

    /// Shows these tabs.
    pub(super) fn show(&mut self, tabs: Vec<Tab>) {
        if tabs == *self.shown.borrow() {
            return;
        }
        while self.buttons.len() < tabs.len() {
            self.add_button();
        }
        self.shown.replace(tabs);
        let tabs = self.shown.borrow();
        for (place, button) in self.buttons.iter_mut().enumerate() {
            let Some(tab) = tabs.get(place) else {
                button.hide();
                continue;
            };
            button.set_tooltip(&tip(tab, place));
            button.show();
            self.row.fixed(button, width(tab));
        }
        drop(tabs);
        self.row.layout();
        self.row.redraw();
    }

    fn add_button(&mut self) {
        let place = self.buttons.len();
        let mut button = Button::default();
        button.set_frame(FrameType::FlatBox);
        let tabs = Rc::clone(&self.shown);
        button.draw(move |button| {
            if let Some(tab) = tabs.borrow().get(place) {
                draw_tab(button, tab);
            }
        });
        let (touch, tabs) = (Rc::clone(&self.touch), Rc::clone(&self.shown));
        button.set_callback(move |button| {
            let can_close = tabs.borrow().get(place).is_some_and(|tab| tab.can_close);
            let is_over_the_cross = app::event() == Event::Released
                && app::event_x() > button.x() + button.w() - INSET - CROSS - AROUND;
            let closes = is_over_the_cross || app::event_button() == MIDDLE_BUTTON;
            touch(if can_close && closes {
                Touch::Close(place)
            } else {
                Touch::Choose(place)
            });
        });
        let before_the_rest = self.row.children() - 1;
        self.row.insert(&button, before_the_rest);
        self.buttons.push(button);
    }
}

fn tip(tab: &Tab, place: usize) -> String {
    let close = if tab.can_close {
        "; close with Ctrl+W, the cross or the middle button"
    } else {
        ""
    };
    match place {
        0..9 => format!("Alt+{}, Ctrl+Tab{close}", place + 1),
        _ => format!("Ctrl+Tab{close}"),
    }
}

fn width(tab: &Tab) -> i32 {
    let words = 2 * INSET + measured(&tab.label, Font::HelveticaBold, look::TEXT);
    let news = match tab.news.as_str() {
        "" => 0,
        news => 3 * AROUND + measured(news, Font::HelveticaBold, look::SMALL),
    };
    let cross = if tab.can_close { AROUND + CROSS } else { 0 };
    (words + news + cross).min(WIDEST)
}

#[expect(clippy::cast_possible_truncation, reason = "a width in pixels")]
fn measured(text: &str, font: Font, size: i32) -> i32 {
    draw::set_font(font, size);
    draw::width(text).ceil() as i32
}

fn draw_tab(button: &Button, tab: &Tab) {
    let (x, y, w, h) = (button.x(), button.y(), button.w(), button.h());
    let behind = if tab.is_chosen {
        look::PAGE
    } else {
        look::PAPER
    };
    draw::draw_rect_fill(x, y, w, h, behind);
    if tab.is_chosen {
        draw::draw_rect_fill(x, y + h - 3, w, 3, look::ACCENT);
    }
    let mut right = x + w - INSET;
    let baseline = |size: i32| y + i32::midpoint(h, size) - 2;
    if tab.can_close {
        right -= CROSS;
        draw_cross(right, y + (h - CROSS) / 2);
        right -= AROUND;
    }
    if !tab.news.is_empty() {
        let width = measured(&tab.news, Font::HelveticaBold, look::SMALL);
        let left = right - width - 2 * AROUND;
        let fill = if tab.is_urgent {
            look::WRONG
        } else {
            look::ACCENT
        };
        let height = look::SMALL + AROUND;
        let top = y + (h - height) / 2;
        draw::set_draw_color(fill);
        draw::draw_rounded_rectf(left, top, width + 2 * AROUND, height, AROUND);
        draw::set_draw_color(look::PAGE);
        draw::draw_text(&tab.news, left + AROUND, baseline(look::SMALL));
        right = left - AROUND;
    }
    draw::set_font(Font::HelveticaBold, look::TEXT);
    draw::set_draw_color(if tab.is_chosen {
        look::INK
    } else {
        look::FADED
    });
    let room = f64::from((right - x - INSET).max(0));
    let label = labels::fitted(&tab.label, room, draw::width);
    draw::draw_text(&label, x + INSET, baseline(look::TEXT));
    if button.has_focus() {
        draw::set_draw_color(look::ACCENT);
        draw::draw_rect(x + 2, y + 2, w - 4, h - 4);
    }
}

fn draw_cross(x: i32, y: i32) {
    draw::set_draw_color(look::FADED);
    draw::draw_line(x, y, x + CROSS, y + CROSS);
    draw::draw_line(x, y + CROSS, x + CROSS, y);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_of_the_first_nine_tabs_has_its_own_shortcut() {
        let closable = Tab {
            can_close: true,
            ..Tab::default()
        };
        assert_eq!(tip(&Tab::default(), 0), "Alt+1, Ctrl+Tab");
        assert!(tip(&closable, 8).starts_with("Alt+9"));
        assert!(tip(&closable, 9).contains("cross"));
    }
}
