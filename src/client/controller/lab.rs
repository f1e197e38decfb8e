//! A class seen by one client: what the teacher gives out, asked of the person, run, and
//! sent back.
//!
//! ```text
//! lab --> checked --> Asked --yes--> RunLab --> LabRan --> lab-result
//!           v refused   '--no--> lab-result, declined
//! ```
//!
//! Nothing runs unless the person says so, or has said so for all by `--accept-lab`.

use super::{Controller, Effect};
use crate::client::commands;
use crate::client::model::{Kind, LabOffer, LabState};
use crate::client::words;
use crate::lab::assignment;
use crate::wire::message::{
    Assignment, Lab, LabOutcome, LabResult, LabRow, Request, Submission,
};

impl Controller {
    /// A `lab` came: a question to the person, or the echo of one's own.
    pub(super) fn on_lab(&mut self, lab: Lab, now_ms: u64) {
        if self.knows_already(&lab) {
            return;
        }
        let from = words::harmless(&lab.from);
        let experiment = match assignment::experiment(&lab.assignment) {
            Ok(experiment) => experiment,
            Err(error) => return self.refuse_lab(lab.number, &error.to_string(), now_ms),
        };
        let command = words::harmless(&experiment.command());
        if from == self.model.name {
            let line = format!(
                "Lab {} is given out: {command}. /results shows what comes back.",
                lab.number
            );
            return self.show(&line, now_ms);
        }
        let line = if self.accepts_labs {
            format!("{from} gives out lab {}: {command}", lab.number)
        } else {
            format!(
                "{from} asks you to run lab {}: {command}. /lab yes runs it on this \
                 computer, in no time, and tells {from} its figures; /lab no does not.",
                lab.number
            )
        };
        self.model.chat.push(now_ms, Kind::Notice, &line);
        self.model.lab = Some(LabOffer {
            number: lab.number,
            from,
            assignment: lab.assignment,
            command,
            state: LabState::Asked,
        });
        if self.accepts_labs {
            self.answer_lab(true, now_ms);
        }
    }

    /// Whether it is the one that we have, come again after a lost connection: nobody is
    /// asked twice, and a result that may have been lost is told again.
    fn knows_already(&mut self, lab: &Lab) -> bool {
        let known = self.model.lab.as_ref().filter(|known| {
            known.number == lab.number && known.assignment == lab.assignment
        });
        let figures = match known.map(|known| &known.state) {
            Some(LabState::Running) => return true,
            Some(LabState::Done(figures)) => *figures,
            Some(LabState::Asked | LabState::Declined | LabState::Failed { .. })
            | None => return false,
        };
        self.send_outcome(lab.number, LabOutcome::Done(figures));
        true
    }

    /// The person has decided.
    pub(super) fn answer_lab(&mut self, accept: bool, now_ms: u64) {
        let Some(lab) = self.model.lab.as_mut().filter(|lab| lab.is_open()) else {
            return self.complain("Nothing waits for your yes or no.", now_ms);
        };
        let number = lab.number;
        if accept {
            lab.state = LabState::Running;
            let assignment = lab.assignment.clone();
            self.effects.push(Effect::RunLab { number, assignment });
        } else if lab.state != LabState::Declined {
            lab.state = LabState::Declined;
            self.send_outcome(number, LabOutcome::Declined);
        }
    }

    /// A run came to its end.
    pub(super) fn on_lab_ran(&mut self, number: u64, outcome: LabOutcome, now_ms: u64) {
        let Some(lab) = self.model.lab.as_mut().filter(|it| it.number == number) else {
            return; // Another one has been given out meanwhile.
        };
        match &outcome {
            LabOutcome::Done(figures) => {
                lab.state = LabState::Done(*figures);
                let line = format!("Lab {number}: {}", words::lab_figures(figures));
                self.show(&line, now_ms);
            }
            LabOutcome::Failed { sentence } => {
                lab.state = LabState::Failed {
                    sentence: sentence.clone(),
                };
                let line = format!("Lab {number} was not run to its end: {sentence}.");
                self.complain(&line, now_ms);
            }
            LabOutcome::Declined => lab.state = LabState::Declined,
            LabOutcome::Submitted(_) => return, // No run ends so.
        }
        self.send_outcome(number, outcome);
    }

    /// What `/submit` found in its file.
    pub(super) fn on_submission_read(
        &mut self,
        found: Result<Submission, String>,
        now_ms: u64,
    ) {
        match found {
            Ok(submission) => self.ask(Request::Submit(submission), now_ms),
            Err(sentence) => self.complain(&sentence, now_ms),
        }
    }

    /// The teacher's `/lab`.
    pub(super) fn give_out(&mut self, assignment: Assignment, now_ms: u64) {
        match assignment::experiment(&assignment) {
            Ok(_) => self.ask(Request::Lab(assignment), now_ms),
            Err(error) => self.complain(&commands::sentence(&error.to_string()), now_ms),
        }
    }

    /// The teacher's table; a long one comes in several lines.
    pub(super) fn on_lab_results(
        &mut self,
        number: u64,
        rows: Vec<LabRow>,
        more: bool,
        now_ms: u64,
    ) {
        self.coming_rows.extend(rows);
        if more {
            return;
        }
        self.model.lab_rows = std::mem::take(&mut self.coming_rows);
        if number == 0 && self.model.lab_rows.is_empty() {
            return self.show("No lab was given out yet. /lab SCENARIO does.", now_ms);
        }
        let count = self.model.lab_rows.len();
        let people = self.model.people.len().saturating_sub(1);
        let what = if number == 0 {
            String::new()
        } else {
            format!("Lab {number}: ")
        };
        let line = format!("{what}{count} answers, {people} others are here.");
        self.show(&line, now_ms);
        let lines: Vec<_> = self.model.lab_rows.iter().map(words::lab_row).collect();
        for line in lines {
            self.show(&line, now_ms);
        }
    }

    /// What came is not run, whatever the person would say.
    fn refuse_lab(&mut self, number: u64, why: &str, now_ms: u64) {
        let why = words::harmless(why);
        let line = format!("Lab {number} is not run here: {why}.");
        self.model.chat.push(now_ms, Kind::Notice, &line);
        self.send_outcome(number, LabOutcome::Failed { sentence: why });
    }

    fn send_outcome(&mut self, number: u64, outcome: LabOutcome) {
        if self.model.is_online() {
            self.send(Request::LabResult(LabResult { number, outcome }));
        }
    }
}
