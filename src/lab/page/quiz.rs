//! The quiz: a run that stops at interesting moments and asks what happens next.

use super::journal_of;
use crate::lab::player::{Player, PointOfView, Slowness};
use crate::lab::predict::{self, Choosing, Given, Question};
use crate::lab::run::Experiment;
use std::time::Duration;

/// The questions about one run, and the progress of the user.
#[derive(Debug)]
pub struct Quiz {
    questions: Vec<Question>,
    player: Player,
    /// The choice of each question that was answered.
    choices: Vec<usize>,
    /// The current question; after the last one, the number of questions.
    at: usize,
}

/// The result of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// The chosen answer.
    pub choice: usize,
    /// Whether it was right.
    pub is_right: bool,
    /// The reason for the right answer, and its place in the report.
    pub verdict: String,
}

/// The number of questions about one run.
const QUESTIONS: usize = 8;

/// The same run gives the same questions.
const SEED: u64 = 1;

/// The speed of the run after an answer.
const ONE_WAY_DELAY: Duration = Duration::from_millis(1_500);

impl Quiz {
    /// Runs it and finds the questions.
    ///
    /// # Errors
    /// A sentence: no question is possible.
    pub(super) fn of(experiment: &Experiment) -> Result<Self, String> {
        let choosing = Choosing {
            questions: QUESTIONS,
            seed: SEED,
        };
        let questions = predict::ask(std::slice::from_ref(experiment), choosing)
            .map_err(|error| {
                format!("No question can be asked about this run: {error}.")
            })?;
        let Some(first) = questions.first() else {
            return Err("This run has no moment to ask about.".to_owned());
        };
        let mut player = Player::journal(journal_of(experiment)?);
        player.set_slowness(Slowness::OneWayDelay(ONE_WAY_DELAY));
        player.go_to(first.index);
        Ok(Self {
            questions,
            player,
            choices: Vec::new(),
            at: 0,
        })
    }

    /// The run at its moment.
    #[must_use]
    pub const fn player(&self) -> &Player {
        &self.player
    }

    /// The current question; `None` after the last one.
    #[must_use]
    pub fn question(&self) -> Option<&Question> {
        self.questions.get(self.at)
    }

    /// The latest event, in a sentence.
    #[must_use]
    pub fn happened(&self) -> &str {
        let situation = self.question().map(|it| it.situation.as_str());
        let first = situation.and_then(|text| text.lines().next());
        first.unwrap_or_default()
    }

    /// The number of the question, from 1, and how many there are.
    #[must_use]
    pub const fn place(&self) -> (usize, usize) {
        (self.at + 1, self.questions.len())
    }

    /// The result of the answer to the current question, if it was given.
    #[must_use]
    pub fn answered(&self) -> Option<Answered> {
        let question = self.question()?;
        let choice = *self.choices.get(self.at)?;
        let verdict = question.verdict(Some(choice));
        Some(Answered {
            choice,
            is_right: choice == question.right,
            // Lines of a terminal are none of a window.
            verdict: verdict.split_whitespace().collect::<Vec<_>>().join(" "),
        })
    }

    /// How many were right, and how many were answered.
    #[must_use]
    pub fn score(&self) -> (usize, usize) {
        let given = self.given();
        let right = given.iter().filter(|given| given.is_right()).count();
        (right, given.len())
    }

    /// Every answer, as a teacher's table has it.
    #[must_use]
    pub fn csv(&self, name: &str) -> String {
        predict::score(name, &self.given())
    }

    pub(super) fn set_point_of_view(&mut self, sees: PointOfView) {
        self.player.set_point_of_view(sees);
    }

    /// Answers the current question; a second answer does not count.
    pub(super) fn answer(&mut self, choice: usize) {
        let Some(question) = self.question() else {
            return;
        };
        if self.choices.len() == self.at && choice < question.choices.len() {
            self.choices.push(choice);
            self.player.play();
        }
    }

    /// The next question, once this one is answered.
    pub(super) fn next_question(&mut self) {
        if self.choices.len() <= self.at {
            return;
        }
        self.at += 1;
        self.player.pause();
        let index = self.question().map(|question| question.index);
        self.player.go_to(index.unwrap_or(usize::MAX));
    }

    /// The run continues after an answer, up to the next question.
    pub(super) fn tick(&mut self, wall: Duration) -> bool {
        let is_other = self.player.tick(wall);
        let next = self.questions.get(self.at + 1).map(|next| next.index);
        if next.is_some_and(|next| self.player.place().index >= next) {
            self.player.pause();
            self.player.go_to(next.unwrap_or_default());
        }
        is_other
    }

    fn given(&self) -> Vec<Given<'_>> {
        let pairs = self.questions.iter().zip(&self.choices);
        pairs
            .map(|(question, &choice)| Given { question, choice })
            .collect()
    }
}
