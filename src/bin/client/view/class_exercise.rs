//! The row about a class exercise: the person is asked first, in place.

use super::question::Question;
use super::{IntentCallback, labels};
use sash::client::controller::Intent;
use sash::client::model::{LabOffer, LabState, Model};
use std::rc::Rc;

/// Asks once for each that is given out.
pub(super) struct ClassExercise {
    question: Question,
    report: IntentCallback,
    /// The number of the one that is being asked about.
    asked: Option<u64>,
}

impl ClassExercise {
    /// Asks by this question and reports to the controller.
    pub(super) fn new(question: Question, report: &IntentCallback) -> Self {
        Self {
            question,
            report: Rc::clone(report),
            asked: None,
        }
    }

    /// Asks, or takes the question back where it was answered by a typed line.
    pub(super) fn show(&mut self, model: &Model) {
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
        let [agreed, declined] = [true, false].map(|accept| {
            let report = Rc::clone(&self.report);
            move || report(Intent::AnswerLab { accept })
        });
        let answers = ("Run it", "Not now");
        self.question.ask(&words(lab), answers, agreed, declined);
    }
}

/// Short: the whole of it stands in the chat.
fn words(lab: &LabOffer) -> String {
    let who = labels::label(&lab.from);
    let number = lab.number;
    format!("{who} asks you to run exercise {number} and send the results.")
}
