//! Leaving while files are on their way: asked first, in place.

use super::Report;
use super::question::Question;
use crate::client::controller::Intent;
use crate::client::model::Model;
use std::cell::Cell;
use std::rc::Rc;

/// Knows how many files are on their way, and asks.
#[derive(Clone)]
pub(super) struct Leaving {
    running: Rc<Cell<usize>>,
    question: Question,
    report: Report,
}

impl Leaving {
    /// Asks by this question and reports to the controller.
    pub(super) fn new(question: Question, report: &Report) -> Self {
        Self {
            running: Rc::default(),
            question,
            report: Rc::clone(report),
        }
    }

    /// Looks at what is on its way.
    pub(super) fn show(&self, model: &Model) {
        self.running.set(model.running_transfers().count());
    }

    /// Reports `intent`, which ends the visit; asks before where files are on their way.
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
