//! The quiz: the question, its choices as buttons, and the verdict.

use super::{RequestCallback, labels, look};
use fltk::button::Button;
use fltk::enums::{Align, FrameType};
use fltk::frame::Frame;
use fltk::group::Flex;
use fltk::prelude::*;
use sash::lab::page::{LaboratoryRequest, Quiz};
use sash::lab::predict::letter;
use std::rc::Rc;

/// The column of the question.
pub(super) struct Asking {
    column: Flex,
    heading: Frame,
    happened: Frame,
    choices: Vec<Button>,
    verdict: Frame,
    next: Button,
    ask: Button,
}

/// In the narrow column, at least.
const LETTERS_IN_A_LINE: usize = 33;

/// Unit: pixels.
const LINE_HEIGHT: i32 = 16;

/// The limit of choices.
const MOST_CHOICES: usize = 4;

impl Asking {
    /// Makes it in the column that is being built.
    pub(super) fn new(report: &RequestCallback) -> Self {
        let mut column = Flex::default().column();
        column.set_pad(4);
        let heading = look::heading("");
        column.fixed(&heading, 18);
        let happened = sentences();
        column.fixed(&happened, 66);
        let ask = look::heading("What does the sender do next?");
        column.fixed(&ask, 18);
        let choices = (0..MOST_CHOICES).map(|place| {
            let mut button = look::button("", "Or press A to D");
            button.set_label_size(look::SMALL);
            button.set_align(Align::Left | Align::Inside | Align::Wrap | Align::Clip);
            let report = Rc::clone(report);
            button.set_callback(move |_| report(LaboratoryRequest::Answer(place)));
            column.fixed(&button, 29);
            button
        });
        let choices = choices.collect();
        let verdict = sentences();
        let mut next = look::main_button("&Next question", "Alt+N");
        let request = Rc::clone(report);
        next.set_callback(move |_| request(LaboratoryRequest::NextQuestion));
        column.fixed(&next, look::ROW);
        let mut ask = look::button("Ask the class", "Everybody sees this question");
        let report = Rc::clone(report);
        ask.set_callback(move |_| report(LaboratoryRequest::AskClass));
        column.fixed(&ask, look::ROW);
        column.end();
        column.hide();
        Self {
            column,
            heading,
            happened,
            choices,
            verdict,
            next,
            ask,
        }
    }

    /// The column, for the layout.
    pub(super) fn widget(&mut self) -> &mut Flex {
        &mut self.column
    }

    /// Shows its state; a teacher may ask the class the same question.
    pub(super) fn show(&mut self, quiz: &Quiz, is_teacher: bool) {
        if is_teacher && quiz.question().is_some() {
            self.ask.show();
        } else {
            self.ask.hide();
        }
        let (right, given) = quiz.score();
        let Some(question) = quiz.question() else {
            look::set_label(&mut self.heading, "All questions answered");
            look::set_label(&mut self.happened, &format!("{right} of {given} correct."));
            for button in &mut self.choices {
                button.hide();
            }
            look::set_label(&mut self.verdict, "Export saves the answers as CSV.");
            self.verdict.set_label_color(look::INK);
            self.next.hide();
            return;
        };
        let (place, of) = quiz.place();
        look::set_label(
            &mut self.heading,
            &format!("Question {place} of {of}; {right} correct so far"),
        );
        let happened = labels::label(quiz.happened());
        // As high as necessary: in a low window the verdict needs the rest.
        let lines =
            i32::try_from(happened.len().div_ceil(LETTERS_IN_A_LINE)).unwrap_or(1);
        self.column.fixed(&self.happened, lines * LINE_HEIGHT + 2);
        look::set_label(&mut self.happened, &happened);
        let answered = quiz.answered();
        for (at, button) in self.choices.iter_mut().enumerate() {
            let Some(choice) = question.choices.get(at) else {
                button.hide();
                continue;
            };
            let label = format!(" {}) {choice}", letter(at));
            look::set_label(button, &labels::item(&label));
            let chosen = answered.as_ref().map(|answered| answered.choice);
            let color = match chosen {
                Some(_) if at == question.right => look::CHOSEN,
                Some(chosen) if at == chosen => look::ASKING,
                Some(_) | None => look::PAGE,
            };
            button.set_color(color);
            button.show();
            button.redraw();
        }
        match &answered {
            None => {
                look::set_label(&mut self.verdict, question.hint);
                self.verdict.set_label_color(look::FADED);
                self.next.hide();
            }
            Some(answered) => {
                let verdict = broken(&labels::label(&answered.verdict));
                look::set_label(&mut self.verdict, &verdict);
                let color = if answered.is_right {
                    look::WELL
                } else {
                    look::WRONG
                };
                self.verdict.set_label_color(color);
                self.next.show();
            }
        }
        self.column.layout();
        self.column.redraw();
    }
}

/// The text, in which a word too long for a line, such as a path, continues in the next
/// one: FLTK breaks lines only at spaces.
fn broken(text: &str) -> String {
    let words = text.split(' ').map(|word| match word.rfind('/') {
        Some(slash) if word.len() > LETTERS_IN_A_LINE => {
            let (folder, page) = word.split_at(slash + 1);
            format!("{folder}\n{page}")
        }
        Some(_) | None => word.to_owned(),
    });
    words.collect::<Vec<_>>().join(" ")
}

fn sentences() -> Frame {
    let mut words = look::explanation();
    words.set_frame(FrameType::NoBox);
    words.set_label_size(look::TEXT - 1);
    words.set_label_color(look::INK);
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_of_a_report_page_is_wrapped_at_a_slash() {
        let told = broken("Right. (report/reliable/selective_repeat.md#the-idea)");
        assert_eq!(
            told,
            "Right. (report/reliable/\nselective_repeat.md#the-idea)"
        );
        assert_eq!(broken("a/b c"), "a/b c");
    }
}
