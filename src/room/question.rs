//! Questions for a class, and the answers until they are shown.
//!
//! ```text
//! ask, from the teacher --> question 1 --> everyone, and anybody who joins before the
//! end answer, from guy      --> kept; the last one counts --> notice to guy
//!                       --> answered: how many, to the teacher, four times a second at
//! most reveal, from the teacher --> revealed: the distribution, to everyone
//!                          --> Record: one row for each name, for the driver's file
//! ```
//!
//! Until `reveal` the replies contain only the number of answers. An answer belongs to a
//! name, and counts even if its client has left. One question is open at a time, and
//! stays open while the teacher is away.

use super::class::Recorded;
use super::{ClientNumber, Effect, Room, complain, send_to_everyone, send_to_one};
use crate::wire::message::{
    Answer, Answered, ClassAnswer, ClassQuestion, Code, LabOutcome, LabRow, Question,
    Reply, Revealed,
};
use std::collections::BTreeMap;

/// The room's data about questions.
#[derive(Debug, Default)]
pub(super) struct Questions {
    /// The open question.
    open: Option<Question>,
    /// The last number that was used.
    last: u64,
    /// The answers to the open question: the last one of each name.
    answers: BTreeMap<String, Given>,
    /// The number of answers that was last reported to the teacher.
    told: Told,
    /// The answers to the last one that was revealed.
    revealed: Vec<LabRow>,
    /// The last revealed question, and its distribution.
    over: Option<(Question, Revealed)>,
}

#[derive(Debug, Clone, Copy)]
struct Given {
    answer: Answer,
    /// Unit: milliseconds since 1970-01-01 UTC.
    time: u64,
}

#[derive(Debug, Clone, Copy, Default)]
struct Told {
    count: usize,
    /// Unit: milliseconds since 1970-01-01 UTC.
    time: u64,
}

/// The limit of names that answer one question.
const MOST_ANSWERS: usize = 2_000;

/// The shortest interval between two reports of the number of answers. Unit:
/// milliseconds.
const COUNT_INTERVAL_MS: u64 = 250;

impl Room {
    /// `ask`: sends a question to all users.
    pub(super) fn ask_class(
        &mut self,
        teacher: ClientNumber,
        question: ClassQuestion,
    ) -> Vec<Effect> {
        let allowed = self.check_teacher(teacher);
        if let Err(complaint) = allowed.and_then(|()| self.check_class(teacher)) {
            return complaint;
        }
        if let Some(open) = &self.questions.open {
            let number = open.number;
            let sentence =
                format!("Question {number} is still open. End it with /reveal.");
            return complain(teacher, Code::NoSuchQuestion, sentence);
        }
        let question = Question {
            number: self.questions.last + 1,
            from: self.present[&teacher].to_string(),
            question,
        };
        let is_plausible = question.question.about.is_plausible();
        let link = &question.question.assignment.link;
        let reply = Reply::Question(question.clone());
        if !is_plausible || link.chars().any(char::is_control) || !reply.fits_in_a_line()
        {
            let sentence = "This question is too long, or contains an invalid number.";
            return complain(teacher, Code::BadText, sentence.to_owned());
        }
        self.questions.last = question.number;
        self.questions.open = Some(question);
        self.questions.answers.clear();
        self.questions.told = Told::default();
        vec![send_to_everyone(reply)]
    }

    /// `answer`: kept until `reveal`; a later one of the same name replaces it.
    pub(super) fn on_answer(
        &mut self,
        client: ClientNumber,
        ClassAnswer { number, answer }: ClassAnswer,
        time: u64,
    ) -> Vec<Effect> {
        let refuse = |sentence| complain(client, Code::NoSuchQuestion, sentence);
        if self.teacher == Some(client) && self.questions.is_open(number) {
            return refuse("You asked this question, so your class answers it.".into());
        }
        let name = self.present[&client].to_string();
        match self
            .questions
            .take(name, ClassAnswer { number, answer }, time)
        {
            Ok(text) => {
                let mut effects = vec![send_to_one(client, Reply::Notice { text })];
                effects.extend(self.tell_answered(time));
                effects
            }
            Err(sentence) => refuse(sentence),
        }
    }

    /// `reveal`: the distribution for all users, the answers by name for the file.
    pub(super) fn reveal(&mut self, teacher: ClientNumber) -> Vec<Effect> {
        if let Err(complaint) = self.check_teacher(teacher) {
            return complaint;
        }
        let questions = &mut self.questions;
        let Some(question) = questions.open.take() else {
            let sentence = "No question is open. Ask one with /ask SCENARIO.";
            return complain(teacher, Code::NoSuchQuestion, sentence.to_owned());
        };
        let number = question.number;
        let answers = std::mem::take(&mut questions.answers);
        let given = answers.values().map(|given| given.answer);
        let revealed = Revealed::of(number, given);
        questions.over = Some((question.clone(), revealed.clone()));
        questions.revealed.clear();
        let mut effects = vec![send_to_everyone(Reply::Revealed(revealed))];
        for (name, Given { answer, time }) in answers {
            let outcome = LabOutcome::Answered(ClassAnswer { number, answer });
            questions.revealed.push(LabRow {
                name: name.clone(),
                outcome: outcome.clone(),
            });
            effects.push(Effect::Record(Box::new(Recorded {
                time,
                name,
                lab: None,
                question: Some(question.clone()),
                outcome,
            })));
        }
        effects
    }

    /// The open question, for a user who has just joined; for the teacher also the number
    /// of answers.
    pub(super) fn open_question(&self, client: ClientNumber) -> Vec<Effect> {
        let Some(question) = &self.questions.open else {
            return Vec::new();
        };
        let mut effects = vec![send_to_one(client, Reply::Question(question.clone()))];
        if self.teacher == Some(client) {
            let count = self.questions.answers.len();
            effects.push(answered(client, question.number, count));
        }
        effects
    }

    /// Whether the teacher is present and does not know the current number of answers.
    pub(super) fn has_untold_answers(&self) -> bool {
        let Questions {
            open,
            answers,
            told,
            ..
        } = &self.questions;
        open.is_some() && self.teacher.is_some() && told.count != answers.len()
    }

    /// Reports the number of answers, if it is time.
    pub(super) fn tell_answered(&mut self, time: u64) -> Option<Effect> {
        if !self.has_untold_answers() {
            return None;
        }
        let Told { time: last, .. } = self.questions.told;
        // A clock that was set back does not stop the reports.
        if time >= last && time - last < COUNT_INTERVAL_MS {
            return None;
        }
        let count = self.questions.answers.len();
        self.questions.told = Told { count, time };
        let number = self.questions.open.as_ref()?.number;
        Some(answered(self.teacher?, number, count))
    }
}

impl Questions {
    fn is_open(&self, number: u64) -> bool {
        self.open.as_ref().is_some_and(|it| it.number == number)
    }

    /// Keeps an answer of this name, which replaces an earlier one; returns a sentence.
    pub(super) fn take(
        &mut self,
        name: String,
        ClassAnswer { number, answer }: ClassAnswer,
        time: u64,
    ) -> Result<String, String> {
        let Some(question) = self.open.as_ref().filter(|it| it.number == number) else {
            return Err(if (1..=self.last).contains(&number) {
                format!("Question {number} is over: its answers were shown.")
            } else {
                format!("There is no question {number}.")
            });
        };
        if !question.question.about.allows(answer) {
            return Err(format!("This is not an answer to question {number}."));
        }
        let is_changed = self.answers.contains_key(&name);
        if !is_changed && self.answers.len() >= MOST_ANSWERS {
            return Err(format!("Question {number} has too many answers already."));
        }
        self.answers.insert(name, Given { answer, time });
        let done = if is_changed { "changed" } else { "noted" };
        Ok(format!(
            "Your answer to question {number} is {done}. You may change it until the \
             answers are shown."
        ))
    }

    /// The open question; if there is none, the last one with its distribution.
    pub(super) fn last(&self) -> (Option<&Question>, Option<&Revealed>) {
        match (&self.open, &self.over) {
            (Some(open), _) => (Some(open), None),
            (None, Some((question, revealed))) => (Some(question), Some(revealed)),
            (None, None) => (None, None),
        }
    }

    /// The answer of this name to that question.
    pub(super) fn answer_of(&self, name: &str) -> Option<Answer> {
        if self.open.is_some() {
            return self.answers.get(name).map(|given| given.answer);
        }
        let row = self.revealed.iter().find(|row| row.name == name)?;
        match &row.outcome {
            LabOutcome::Answered(it) => Some(it.answer),
            LabOutcome::Done(_)
            | LabOutcome::Declined
            | LabOutcome::Submitted(_)
            | LabOutcome::Failed { .. } => None,
        }
    }

    /// The answers to the last question that was revealed, for the teacher's table.
    pub(super) fn revealed_rows(&self) -> &[LabRow] {
        &self.revealed
    }
}

fn answered(teacher: ClientNumber, number: u64, count: usize) -> Effect {
    let count = count as u64;
    send_to_one(teacher, Reply::Answered(Answered { number, count }))
}
