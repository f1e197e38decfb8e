//! A question of the class in a terminal: the run up to its moment, and its outcome.

use crate::client::model::{Model, QuestionAsked};
use crate::client::words;

/// The printed part of the last question.
#[derive(Debug, Default)]
pub(super) struct Shown {
    number: Option<u64>,
    is_revealed: bool,
    /// The number of answers that was last printed, and the time.
    count: u64,
    count_ms: u64,
}

/// The shortest interval between two such lines. Unit: milliseconds.
const COUNT_INTERVAL_MS: u64 = 5_000;

impl Shown {
    /// Its new lines.
    pub(super) fn lines(&mut self, model: &Model, now_ms: u64) -> Vec<String> {
        let Some(question) = &model.question else {
            self.number = None;
            return Vec::new();
        };
        let mut lines = Vec::new();
        let number = question.number;
        if self.number != Some(number) {
            *self = Self {
                number: Some(number),
                count_ms: now_ms,
                ..Self::default()
            };
            lines.extend(asked(question));
        }
        let is_due = now_ms.saturating_sub(self.count_ms) >= COUNT_INTERVAL_MS;
        if question.is_own && question.is_open() && is_due {
            let count = question.answered;
            if count != self.count {
                (self.count, self.count_ms) = (count, now_ms);
                lines.push(format!("{count} have answered question {number}."));
            }
        }
        if let Some(revealed) = question.revealed.as_ref().filter(|_| !self.is_revealed) {
            self.is_revealed = true;
            lines.extend(question.run.rows(revealed, question.answer));
        }
        lines.iter().map(|line| words::harmless(line)).collect()
    }
}

fn asked(question: &QuestionAsked) -> Vec<String> {
    let run = &question.run;
    let mut lines: Vec<String> = run.text().lines().map(str::to_owned).collect();
    if !question.is_own {
        lines.push(match run.choices().first() {
            Some(_) => format!("Type /answer and a letter: {}.", run.possible()),
            None => "Type /answer and a number.".to_owned(),
        });
    }
    lines
}
