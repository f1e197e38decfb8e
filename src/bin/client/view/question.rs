//! A question in a coloured row of the window, instead of a dialog.

use super::look;
use fltk::button::Button;
use fltk::enums::{CallbackTrigger, FrameType};
use fltk::frame::Frame;
use fltk::group::Flex;
use fltk::input::Input;
use fltk::prelude::*;

/// The row; hidden until something is asked.
#[derive(Clone)]
pub(super) struct Question {
    page: Flex,
    row: Flex,
    words: Frame,
    /// For a number; hidden if none is asked for.
    number: Input,
    yes: Button,
    no: Button,
}

impl Question {
    /// Makes the row in the column that is being built.
    pub(super) fn new(page: &mut Flex) -> Self {
        let mut row = Flex::default().row();
        row.set_frame(FrameType::DownBox);
        row.set_color(look::ASKING);
        row.set_margins(look::MARGIN, 6, 6, 6);
        row.set_pad(look::GAP);
        let words = look::caption("");
        let mut number = look::field("");
        number.hide();
        row.fixed(&number, 70);
        let yes = look::button("Yes", "");
        row.fixed(&yes, 130);
        let no = look::main_button("No", "");
        row.fixed(&no, 130);
        row.end();
        row.hide();
        page.fixed(&row, look::ROW + 12);
        Self {
            page: page.clone(),
            row,
            words,
            number,
            yes,
            no,
        }
    }

    /// Asks; `agreed` is called when the first button is pressed, `declined` when the
    /// second one is, and the row disappears with either. The cursor does not move, so
    /// that a typed key does not answer. `words` is a label, see
    /// [`labels`](super::labels).
    pub(super) fn ask(
        &mut self,
        words: &str,
        (yes, no): (&str, &str),
        agreed: impl Fn() + 'static,
        declined: impl Fn() + 'static,
    ) {
        self.number.hide();
        let hide = self.hider();
        self.yes.set_callback(move |_| {
            hide();
            agreed();
        });
        self.appear(words, (yes, no), declined);
    }

    /// As [`Question::ask`], with a field for a number: without one, the first button only
    /// puts the cursor there.
    pub(super) fn ask_number(
        &mut self,
        words: &str,
        tip: &str,
        answers: (&str, &str),
        agreed: impl Fn(u32) + Clone + 'static,
        declined: impl Fn() + 'static,
    ) {
        self.number.set_value("");
        self.number.set_tooltip(tip);
        self.number.show();
        let hide = self.hider();
        let mut number = self.number.clone();
        let mut take = move || match number.value().trim().parse() {
            Ok(value) => {
                hide();
                agreed(value);
            }
            Err(_) => drop(number.take_focus()),
        };
        let mut on_enter = take.clone();
        self.number.set_trigger(CallbackTrigger::EnterKeyAlways);
        self.number.set_callback(move |_| on_enter());
        self.yes.set_callback(move |_| take());
        self.appear(words, answers, declined);
    }

    fn appear(
        &mut self,
        words: &str,
        (yes, no): (&str, &str),
        declined: impl Fn() + 'static,
    ) {
        self.words.set_label(words);
        self.yes.set_label(yes);
        self.no.set_label(no);
        let hide = self.hider();
        self.no.set_callback(move |_| {
            hide();
            declined();
        });
        self.row.show();
        self.page.layout();
        self.page.redraw();
    }

    /// Puts the cursor onto the second answer, if the user has requested the question.
    pub(super) fn focus(&self) {
        drop(self.no.clone().take_focus());
    }

    /// Removes the question.
    pub(super) fn close(&self) {
        if self.row.visible() {
            self.hider()();
        }
    }

    fn hider(&self) -> impl Fn() + Clone + 'static {
        let (page, row) = (self.page.clone(), self.row.clone());
        move || {
            let (mut page, mut row) = (page.clone(), row.clone());
            row.hide();
            page.layout();
            page.redraw();
        }
    }
}
