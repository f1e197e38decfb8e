//! Asks before leaving while transfers are running.

use super::IntentCallback;
use super::question::Question;
use sash::client::controller::Intent;
use sash::client::model::Model;
use std::cell::Cell;
use std::rc::Rc;

/// The question, with the number of running transfers.
#[derive(Clone)]
pub(super) struct Leaving {
    running: Rc<Cell<usize>>,
    question: Question,
    report: IntentCallback,
}

impl Leaving {
    /// Asks by this question and reports to the controller.
    pub(super) fn new(question: Question, report: &IntentCallback) -> Self {
        Self {
            running: Rc::default(),
            question,
            report: Rc::clone(report),
        }
    }

    /// Updates the number of running transfers.
    pub(super) fn show(&self, model: &Model) {
        self.running.set(model.running_transfers().count());
    }

    /// Reports `intent`, which leaves the room; asks first if transfers are running.
    pub(super) fn leave(&self, intent: Intent) {
        let words = match self.running.get() {
            0 => return (self.report)(intent),
            1 => "A transfer is still running. Its partial file is kept.".to_owned(),
            files => format!(
                "{files} transfers are still running. Their partial files \
                              are kept."
            ),
        };
        let report = Rc::clone(&self.report);
        let agreed = move || report(intent.clone());
        let answers = ("Leave", "Stay");
        self.question.clone().ask(&words, answers, agreed, || ());
        self.question.focus();
    }
}
