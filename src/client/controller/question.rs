//! The teacher's questions at one client: computed, answered, and revealed.
//!
//! ```text
//! question --> the run up to the moment --> the user --answer--> the server
//! revealed --> the distribution, the right answer and its reason
//! ```
//!
//! This client computes the right answer from the run, with the same code as all others.
//! It runs every question without asking, so questions are small, and there are not many
//! of them.

use super::Controller;
use crate::client::commands::{self, Wanted};
use crate::client::model::{LineKind, QuestionAsked};
use crate::client::words;
use crate::lab::class_question::{self, RunQuestion};
use crate::wire::message::{
    About, Answer, Answered, Assignment, ClassAnswer, ClassQuestion, LabOutcome,
    Question, Request, Revealed,
};
use std::sync::Arc;

/// The controller's data about questions besides the one in the model.
#[derive(Debug, Default)]
pub(super) struct Questions {
    /// The question before a new `welcome`, which may arrive again.
    aside: Option<QuestionAsked>,
    /// The time when the bucket of computed questions will be empty. Unit: milliseconds.
    empty_at_ms: u64,
}

/// The cost of computing one answer, and the content of the bucket: a server that asks
/// without end must not keep this computer busy. Unit: milliseconds.
const COST_MS: u64 = 500;
const CAPACITY_MS: u64 = 10_000;

impl Controller {
    /// The teacher's `/ask`.
    pub(super) fn ask_class(
        &mut self,
        wanted: Wanted,
        assignment: Assignment,
        now_ms: u64,
    ) {
        let about = match wanted {
            Wanted::Next(None) => class_question::usual_moment(&assignment),
            Wanted::Next(Some(moment)) => class_question::moment(&assignment, moment),
            Wanted::Packets => {
                RunQuestion::new(About::Packets, &assignment).map(|_| About::Packets)
            }
        };
        match about {
            Ok(about) => {
                let question = ClassQuestion { about, assignment };
                self.ask(Request::Ask(question), now_ms);
            }
            Err(error) => self.complain(&commands::sentence(&error.to_string()), now_ms),
        }
    }

    /// A `question` arrived.
    pub(super) fn on_question(&mut self, question: Question, now_ms: u64) {
        let Question {
            number,
            from,
            question: asked,
        } = question;
        let aside = self.questions.aside.take();
        let is_known = |it: &QuestionAsked| it.number == number && it.asked == asked;
        if let Some(known) = aside.filter(is_known) {
            self.model.question = Some(known); // It is repeated: the user is not asked again.
            return;
        }
        let from = words::harmless(&from);
        if !self.may_work_out(now_ms) {
            let sentence = format!(
                "Question {number} is not shown: this server asks too much at once."
            );
            return self.complain(&sentence, now_ms);
        }
        let run = match RunQuestion::new(asked.about, &asked.assignment) {
            Ok(run) => Arc::new(run),
            Err(error) => {
                let why = words::harmless(&error.to_string());
                let sentence = format!("Question {number} cannot be shown here: {why}.");
                return self.complain(&sentence, now_ms);
            }
        };
        let is_own = from == self.model.name;
        let line = if is_own {
            format!(
                "Question {number} is asked: {} /reveal shows the answers.",
                run.sentence()
            )
        } else {
            let how = if run.choices().is_empty() {
                "/answer NUMBER"
            } else {
                "/answer LETTER"
            };
            format!("{from} asks question {number}: {} {how}", run.sentence())
        };
        self.model.chat.push(now_ms, LineKind::Notice, &line);
        self.model.question = Some(QuestionAsked {
            number,
            from,
            is_own,
            asked,
            run,
            answer: None,
            answered: 0,
            revealed: None,
        });
    }

    /// The connection is new: the question is still open if it arrives again.
    pub(super) fn put_question_aside(&mut self) {
        self.questions.aside = self.model.question.take_if(|it| it.is_open());
    }

    /// The user has answered, perhaps again.
    pub(super) fn answer_question(&mut self, answer: Answer, now_ms: u64) {
        let is_online = self.model.is_online();
        let Some(question) = &mut self.model.question else {
            return self.complain("There is no question to answer.", now_ms);
        };
        let number = question.number;
        if !question.is_open() {
            let sentence = format!("Question {number} is over: its answers were shown.");
            return self.complain(&sentence, now_ms);
        }
        if question.is_own {
            let sentence = "You asked this question, so your class answers it.";
            return self.complain(sentence, now_ms);
        }
        if !question.run.allows(answer) {
            let possible = question.run.possible();
            let sentence = format!("Answer question {number} with {possible}.");
            return self.complain(&sentence, now_ms);
        }
        if is_online {
            question.answer = Some(answer);
        }
        self.ask(Request::Answer(ClassAnswer { number, answer }), now_ms);
    }

    /// The number of answers, for the teacher.
    pub(super) fn on_answered(&mut self, answered: Answered, now_ms: u64) {
        let Answered { number, count } = answered;
        let others = self.model.users.len().saturating_sub(1) as u64;
        let asked = self.model.question.as_mut();
        let Some(question) = asked.filter(|it| it.number == number && it.is_open())
        else {
            return;
        };
        let before = std::mem::replace(&mut question.answered, count);
        let knows_people = self.wants_lists && others > 0;
        if knows_people && before < others && count >= others {
            let line = format!(
                "Everybody has answered question {number}. /reveal shows the answers."
            );
            self.show(&line, now_ms);
        }
    }

    /// The answers are shown.
    pub(super) fn on_revealed(&mut self, revealed: Revealed, now_ms: u64) {
        let number = revealed.number;
        let asked = self.model.question.as_mut();
        let Some(question) = asked.filter(|it| it.number == number && it.is_open())
        else {
            return;
        };
        let count = match revealed.answers {
            0 => "nobody has answered".to_owned(),
            1 => "1 answer".to_owned(),
            answers => format!("{answers} answers"),
        };
        let verdict = question.run.verdict(question.answer);
        let line = format!("Question {number}: {count}. {verdict}");
        question.revealed = Some(revealed);
        self.model.chat.push(now_ms, LineKind::Notice, &line);
    }

    /// For a row of `/results`: whether this is the right answer, if it is known and
    /// revealed.
    pub(super) fn judge(&self, outcome: &LabOutcome) -> &'static str {
        let LabOutcome::Answered(ClassAnswer { number, answer }) = *outcome else {
            return "";
        };
        let asked = self.model.question.as_ref();
        let known = asked.filter(|it| it.number == number && !it.is_open());
        match known.map(|it| it.run.right() == answer) {
            Some(true) => ", right",
            Some(false) => ", wrong",
            None => "",
        }
    }

    /// Whether there is time for one more question; if so, it is counted.
    fn may_work_out(&mut self, now_ms: u64) -> bool {
        let full_at_ms = self.questions.empty_at_ms.max(now_ms) + COST_MS;
        let is_left = full_at_ms - now_ms <= CAPACITY_MS;
        if is_left {
            self.questions.empty_at_ms = full_at_ms;
        }
        is_left
    }
}
