//! The row about a class exercise: the user predicts first, in place.
//!
//! ```text
//! | dana, exercise 3: how many DATA packets in all? [____] [Run it] [Not now] |
//! ```
//!
//! It never takes the cursor. *Run it* with a number sends the prediction and opens the run
//! in the laboratory; a typed `/lab 85` opens it there too, and stays on its page.

use super::question::Question;
use super::{IntentCallback, labels};
use sash::client::controller::Intent;
use sash::client::model::{LabOffer, LabState, Model};
use sash::wire::message::Assignment;
use std::cell::Cell;
use std::rc::Rc;

/// Opens the run of an exercise in the laboratory; shows that page if it was clicked.
pub(super) type ExerciseOpener = Rc<dyn Fn(&Assignment, bool)>;

/// The row, which asks once for each exercise.
pub(super) struct ClassExercise {
    question: Question,
    open: ExerciseOpener,
    report: IntentCallback,
    /// The number of the current exercise.
    asked: Option<u64>,
    /// The number of the exercise that was opened in the laboratory.
    opened: Rc<Cell<Option<u64>>>,
}

impl ClassExercise {
    /// Asks by this question and reports to the controller.
    pub(super) fn new(
        question: Question,
        open: ExerciseOpener,
        report: &IntentCallback,
    ) -> Self {
        Self {
            question,
            open,
            report: Rc::clone(report),
            asked: None,
            opened: Rc::default(),
        }
    }

    /// Asks, or removes the question if a typed line has answered it.
    pub(super) fn show(&mut self, model: &Model) {
        self.open_what_was_typed(model);
        let open = model
            .lab
            .as_ref()
            .filter(|lab| lab.state == LabState::RequestedOptions);
        let number = open.map(|lab| lab.number);
        if number == self.asked {
            return;
        }
        self.asked = number;
        let Some(lab) = open else {
            return self.question.close();
        };
        let (open, opened) = (Rc::clone(&self.open), Rc::clone(&self.opened));
        let (report, assignment) = (Rc::clone(&self.report), lab.assignment.clone());
        let agreed = move |packets| {
            opened.set(number);
            report(Intent::AnswerLab(true, Some(packets)));
            open(&assignment, true);
        };
        let report = Rc::clone(&self.report);
        let declined = move || {
            report(Intent::AnswerLab(false, None));
        };
        let answers = ("Run it", "Not now");
        self.question
            .ask_number(&words(lab), TIP, answers, agreed, declined);
    }

    /// The laboratory shows it, and the user stays where the cursor is.
    fn open_what_was_typed(&self, model: &Model) {
        let Some(lab) = &model.lab else { return };
        let runs = matches!(lab.state, LabState::Running | LabState::Done(_));
        if runs && self.opened.get() != Some(lab.number) {
            self.opened.set(Some(lab.number));
            (self.open)(&lab.assignment, false);
        }
    }
}

const TIP: &str = "Predict before it runs: DATA packets, retransmissions included";

/// Short, because the chat contains the whole exercise.
fn words(lab: &LabOffer) -> String {
    let who = labels::label(&lab.from);
    let number = lab.number;
    format!("{who}, exercise {number}: how many DATA packets in all?")
}
