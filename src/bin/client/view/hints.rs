//! The commands that may complete a line, above the field while it is typed.
//!
//! ```text
//! | /pause [N]                  let transfer N wait, or all        |
//! | /pause-at PERCENT | off     let each pause at this share of it |
//! ```

use super::look;
use fltk::draw;
use fltk::enums::{Font, FrameType};
use fltk::frame::Frame;
use fltk::group::Flex;
use fltk::prelude::*;
use sash::client::commands::{self, Usage};
use std::cell::RefCell;
use std::rc::Rc;

/// The list; hidden without hints.
#[derive(Clone)]
pub(super) struct Hints {
    column: Flex,
    frame: Frame,
    shown: Rc<RefCell<Shown>>,
}

#[derive(Default)]
struct Shown {
    usages: Vec<&'static Usage>,
    /// The hint that the arrows have selected.
    chosen: Option<usize>,
}

/// The limit of shown commands; others are counted.
const MOST_ROWS: usize = 7;

/// The height of a row. Unit: pixels.
const ROW_HEIGHT: i32 = 20;

/// Where the explanations begin. Unit: pixels.
const EXPLANATION: i32 = 236;

impl Hints {
    /// Makes the list in the column that is being built.
    pub(super) fn new(column: &mut Flex) -> Self {
        let mut frame = Frame::default();
        frame.set_frame(FrameType::DownBox);
        frame.set_color(look::PAGE);
        frame.hide();
        let shown: Rc<RefCell<Shown>> = Rc::default();
        let rows = Rc::clone(&shown);
        frame.draw(move |frame| draw_rows(frame, &rows.borrow()));
        column.fixed(&frame, 0);
        Self {
            column: column.clone(),
            frame,
            shown,
        }
    }

    /// Shows the commands that may complete this line.
    pub(super) fn look_at(&mut self, line: &str) {
        let usages = commands::matching(line);
        let names = |usages: &[&Usage]| -> Vec<&str> {
            usages.iter().map(|usage| usage.names[0]).collect()
        };
        if names(&usages) == names(&self.shown.borrow().usages) {
            return;
        }
        let rows = usages.len().min(MOST_ROWS + 1);
        let choices = i32::from(usages.len() == 1 && usages[0].choices.len() > 2);
        let rows = i32::try_from(rows).unwrap_or(0) + choices;
        self.shown.replace(Shown {
            usages,
            chosen: None,
        });
        if rows == 0 {
            self.frame.hide();
        } else {
            self.frame.show();
        }
        self.column.fixed(&self.frame, rows * ROW_HEIGHT + 8);
        self.column.layout();
        self.column.redraw();
    }

    /// The arrows: the next row or the previous one. Returns whether there is a hint.
    pub(super) fn step(&mut self, line: &str, is_up: bool) -> bool {
        let mut shown = self.shown.borrow_mut();
        let count = shown.usages.len().min(MOST_ROWS);
        let is_whole = |usage: &&Usage| {
            usage
                .names
                .iter()
                .any(|name| line.trim_end() == format!("/{name}"))
        };
        if count < 2 || line.contains(' ') || shown.usages.iter().any(is_whole) {
            return false;
        }
        shown.chosen = Some(match (shown.chosen, is_up) {
            (None, true) => count - 1,
            (None, false) => 0,
            (Some(row), true) => (row + count - 1) % count,
            (Some(row), false) => (row + 1) % count,
        });
        self.frame.redraw();
        true
    }

    /// The selected row, as the beginning of a line.
    pub(super) fn chosen(&self) -> Option<String> {
        let shown = self.shown.borrow();
        let usage = shown.usages.get(shown.chosen?)?;
        let end = if usage.arguments.is_empty() { "" } else { " " };
        Some(format!("/{}{end}", usage.names.first()?))
    }
}

fn draw_rows(frame: &Frame, shown: &Shown) {
    let (x, width) = (frame.x() + 8, frame.w() - 16);
    let mut y = frame.y() + 4;
    let baseline = |y: i32| y + 15;
    draw::push_clip(frame.x(), frame.y(), frame.w(), frame.h());
    for (row, usage) in shown.usages.iter().take(MOST_ROWS).enumerate() {
        if shown.chosen == Some(row) {
            draw::draw_rect_fill(
                frame.x() + 2,
                y,
                frame.w() - 4,
                ROW_HEIGHT,
                look::CHOSEN,
            );
        }
        draw::set_font(Font::HelveticaBold, look::TEXT);
        draw::set_draw_color(look::INK);
        draw::draw_text(&usage.synopsis(), x, baseline(y));
        draw::set_font(Font::Helvetica, look::TEXT);
        draw::set_draw_color(look::FADED);
        draw::draw_text(usage.explanation, x + EXPLANATION, baseline(y));
        y += ROW_HEIGHT;
    }
    draw::set_font(Font::Helvetica, look::SMALL);
    draw::set_draw_color(look::FADED);
    if let [usage] = shown.usages[..]
        && usage.choices.len() > 2
    {
        let choices = usage.choices.join("  ");
        let fitted = super::labels::fitted(&choices, width.into(), draw::width);
        draw::draw_text(&fitted, x, baseline(y));
    }
    let others = shown.usages.len().saturating_sub(MOST_ROWS);
    if others > 0 {
        let rest = format!("and {others} more; /help lists all");
        draw::draw_text(&rest, x, baseline(y));
    }
    draw::pop_clip();
}
