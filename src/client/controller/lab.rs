//! Class exercises at one client: shown to the user, run, and answered.
//!
//! ```text
//! lab --> checked --> Asked --yes--> RunLab --> LabRan --> lab-result
//!           v refused   '--no--> lab-result, declined
//! ```
//!
//! A user who agrees predicts first how many packets the sender transmits, so the rows of
//! a class differ although the runs do not. Nothing runs unless the user agrees, or has agreed to all with `--accept-lab`.

use super::{Controller, Effect};
use crate::client::commands;
use crate::client::model::{LabOffer, LabState, LineKind};
use crate::client::words;
use crate::lab::assignment;
use crate::wire::message::{
    Assignment, Lab, LabOutcome, LabResult, LabRow, Request, Submission,
};

/// The budget that `--accept-lab` accepts without asking: a run takes a second or less,
/// and a server could give one out after another. Unit: milliseconds of running.
const LAB_BUDGET_MS: u64 = 120_000;

impl Controller {
    /// A `lab` arrived: asks the user, or shows the teacher's own exercise.
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
                "Exercise {} was given out: {command}. /results lists the results.",
                lab.number
            );
            return self.show(&line, now_ms);
        }
        let accepts = self.accepts_labs && self.lab_spent_ms < LAB_BUDGET_MS;
        let line = if accepts {
            format!("{from} gives out exercise {}: {command}", lab.number)
        } else {
            format!(
                "{from} asks you to run exercise {}: {command}. How many DATA packets \
                 will the sender transmit in all, retransmissions included? /lab NUMBER \
                 predicts it, runs the exercise on this computer, in virtual time, and \
                 sends both to {from}; /lab yes runs it without a prediction, /lab no \
                 declines.",
                lab.number
            )
        };
        self.model.chat.push(now_ms, LineKind::Notice, &line);
        self.model.lab = Some(LabOffer {
            number: lab.number,
            from,
            assignment: lab.assignment,
            command,
            prediction: None,
            state: LabState::RequestedOptions,
        });
        if self.accepts_labs && !accepts {
            let sentence = "The class exercises of this server have used two minutes of \
                            computing time. From now on, Sash asks before it runs one.";
            self.complain(sentence, now_ms);
        }
        if accepts {
            self.answer_lab(true, None, now_ms);
        }
    }

    /// Whether it is the same exercise, repeated after a lost connection: the user is not
    /// asked again, and a result that may have been lost is sent again.
    fn knows_already(&mut self, lab: &Lab) -> bool {
        let known = self.model.lab.as_ref().filter(|known| {
            known.number == lab.number && known.assignment == lab.assignment
        });
        let figures = match known.map(|known| &known.state) {
            Some(LabState::Running) => return true,
            Some(LabState::Done(figures)) => *figures,
            Some(
                LabState::RequestedOptions | LabState::Declined | LabState::Failed { .. },
            )
            | None => return false,
        };
        self.send_outcome(lab.number, LabOutcome::Done(figures));
        true
    }

    /// The user has decided.
    pub(super) fn answer_lab(
        &mut self,
        accept: bool,
        prediction: Option<u32>,
        now_ms: u64,
    ) {
        let Some(lab) = self.model.lab.as_mut().filter(|lab| lab.is_open()) else {
            return self.complain("There is no exercise to answer.", now_ms);
        };
        let number = lab.number;
        if accept {
            lab.state = LabState::Running;
            lab.prediction = prediction;
            self.count_lab_time(now_ms);
            self.lab_since_ms = Some(now_ms);
            let Some(lab) = self.model.lab.as_ref() else {
                return;
            };
            let assignment = lab.assignment.clone();
            self.effects.push(Effect::RunLab { number, assignment });
        } else if lab.state != LabState::Declined {
            lab.state = LabState::Declined;
            self.send_outcome(number, LabOutcome::Declined);
        }
    }

    /// Adds the time of the last run, or of one that a new one replaces.
    fn count_lab_time(&mut self, now_ms: u64) {
        if let Some(since_ms) = self.lab_since_ms.take() {
            self.lab_spent_ms += now_ms.saturating_sub(since_ms);
        }
    }

    /// A run ended.
    pub(super) fn on_lab_ran(
        &mut self,
        number: u64,
        mut outcome: LabOutcome,
        now_ms: u64,
    ) {
        self.count_lab_time(now_ms);
        let Some(lab) = self.model.lab.as_mut().filter(|it| it.number == number) else {
            return; // Another one has been given out meanwhile.
        };
        match &mut outcome {
            LabOutcome::Done(figures) => {
                figures.predicted_packets = lab.prediction;
                lab.state = LabState::Done(*figures);
                let line = format!("Exercise {number}: {}", words::lab_figures(figures));
                self.show(&line, now_ms);
            }
            LabOutcome::Failed { sentence } => {
                lab.state = LabState::Failed {
                    sentence: sentence.clone(),
                };
                let line = format!("Exercise {number} failed: {sentence}.");
                self.complain(&line, now_ms);
            }
            LabOutcome::Declined => lab.state = LabState::Declined,
            // A run never has this result.
            LabOutcome::Submitted(_) | LabOutcome::Answered(_) => return,
        }
        self.send_outcome(number, outcome);
    }

    /// The content of the file of `/submit`.
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

    /// The teacher's table; a long one arrives in several lines.
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
        let (rows, left_out) = self.coming_rows.take();
        self.model.lab_rows = rows;
        self.show_left_out("answers", left_out, now_ms);
        if number == 0 && self.model.lab_rows.is_empty() {
            let open = self.model.question.as_ref().filter(|it| it.is_open());
            let line = open.map(|it| (it.number, it.answered));
            let line = line.map(|(number, count)| {
                format!(
                    "Question {number}: {count} have answered. /reveal shows the answers."
                )
            });
            let nothing =
                "No exercise was given out yet. Give one out with /lab SCENARIO.";
            return self.show(line.as_deref().unwrap_or(nothing), now_ms);
        }
        let count = self.model.lab_rows.len();
        let users = self.model.users.len().saturating_sub(1);
        let what = if number == 0 {
            String::new()
        } else {
            format!("Exercise {number}: ")
        };
        let line = format!("{what}{count} answers, {users} other users in the room.");
        self.show(&line, now_ms);
        let line = |row: &LabRow| words::lab_row(row) + self.judge(&row.outcome);
        let lines: Vec<_> = self.model.lab_rows.iter().map(line).collect();
        self.show_list(&lines, now_ms);
    }

    /// An unusable exercise is not run, even if the user agrees.
    fn refuse_lab(&mut self, number: u64, why: &str, now_ms: u64) {
        let why = words::harmless(why);
        let line = format!("Exercise {number} cannot run here: {why}.");
        self.model.chat.push(now_ms, LineKind::Notice, &line);
        self.send_outcome(number, LabOutcome::Failed { sentence: why });
    }

    fn send_outcome(&mut self, number: u64, outcome: LabOutcome) {
        if !self.model.is_online() {
            return;
        }
        let mut request = Request::LabResult(LabResult { number, outcome });
        // The reason may repeat text from the network.
        if self.too_long(&request).is_some() {
            let sentence = "the reason is too long to send".to_owned();
            let outcome = LabOutcome::Failed { sentence };
            request = Request::LabResult(LabResult { number, outcome });
        }
        self.send(request);
    }
}
