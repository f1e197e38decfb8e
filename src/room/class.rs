//! A class: one exercise for all users, and their results.
//!
//! ```text
//! lab, from the teacher --> lab 1 --> everyone, also those who join later
//! lab-result 1, from guy --> a row --> Record, for the driver's file
//! lab-results, from the teacher --> the rows so far
//! submit, from guy --> a row --> Record: how guy's own program was graded
//! ```
//!
//! There is one exercise at a time; the next one replaces it. Each name has one result: a
//! user who declined may still send one, but nobody may send two.
//!
//! It does not run anything and cannot read a scenario: the driver checks exercises
//! first, and each client checks them again.

use super::{ClientNumber, Effect, Room, complain, send_to_everyone, send_to_one};
use crate::wire::message::{
    Assignment, Code, Lab, LabFigures, LabOutcome, LabResult, LabRow, Question, Reply,
    Submission,
};

/// The state of the class.
#[derive(Debug, Default)]
pub(super) struct Class {
    running: Option<Lab>,
    /// The last number that was used.
    last: u64,
    /// The results of the current exercise, in the order of their arrival.
    rows: Vec<LabRow>,
    /// The results of `lab grade`: the newest of each name and assignment.
    submissions: Vec<LabRow>,
}

/// One result, as it is written into a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// The time of its arrival. Unit: milliseconds since 1970-01-01 UTC.
    pub time: u64,
    /// The user who sent it.
    pub name: String,
    /// The exercise; empty for a submission and for an answer.
    pub lab: Option<Lab>,
    /// The question, if it is an answer.
    pub question: Option<Question>,
    /// The result.
    pub outcome: LabOutcome,
}

/// The limit of results of one exercise, so that a user with many names cannot fill the
/// memory.
const MOST_ROWS: usize = 2_000;

/// Longest sentence of a run that failed. Unit: characters.
const LONGEST_SENTENCE: usize = 200;

impl Room {
    /// `lab`: sends an exercise to all users.
    pub(super) fn give_out(
        &mut self,
        teacher: ClientNumber,
        assignment: Assignment,
    ) -> Vec<Effect> {
        if let Err(complaint) = self.check_teacher(teacher) {
            return complaint;
        }
        if let Err(complaint) = self.check_class(teacher) {
            return complaint;
        }
        let number = self.class.last + 1;
        let lab = Lab {
            number,
            from: self.present[&teacher].to_string(),
            assignment,
        };
        let reply = Reply::Lab(lab.clone());
        if lab.assignment.link.chars().any(char::is_control) || !reply.fits_in_a_line() {
            let sentence = "This scenario is too long or contains a control character.";
            return complain(teacher, Code::BadText, sentence.to_owned());
        }
        self.class.running = Some(lab);
        self.class.last = number;
        self.class.rows.clear();
        vec![send_to_everyone(reply)]
    }

    /// Whether there is a class; otherwise the message to the teacher.
    pub(super) fn check_class(&self, teacher: ClientNumber) -> Result<(), Vec<Effect>> {
        if self.door.rules.is_class {
            return Ok(());
        }
        let sentence = "This server has no class. Start it with --class.";
        Err(complain(teacher, Code::NoSuchLab, sentence.to_owned()))
    }

    /// The message for a `lab` or an `ask` that the laboratory refuses.
    #[must_use]
    pub fn on_bad_lab(client: ClientNumber, why: &str) -> Vec<Effect> {
        let sentence = format!("This exercise cannot be given out: {why}.");
        complain(client, Code::BadOption, sentence)
    }

    /// The current exercise, for a user who has just joined and has no result yet.
    pub(super) fn running_lab(&self, client: ClientNumber) -> Option<Effect> {
        let lab = self.class.running.as_ref()?;
        let name = self.present.get(&client)?.as_str();
        let is_open = name != lab.from && !self.class.has_answered(name);
        is_open.then(|| send_to_one(client, Reply::Lab(lab.clone())))
    }

    /// `lab-result`: a row for the teacher.
    pub(super) fn on_result(
        &mut self,
        client: ClientNumber,
        result: LabResult,
        time: u64,
    ) -> Vec<Effect> {
        let name = self.present[&client].to_string();
        let running = self.class.running.clone();
        let is_of_no_lab = matches!(
            result.outcome,
            LabOutcome::Submitted(_) | LabOutcome::Answered(_)
        );
        let lab = running.filter(|lab| lab.number == result.number && !is_of_no_lab);
        let Some(lab) = lab else {
            let sentence = "This exercise is over.";
            return complain(client, Code::NoSuchLab, sentence.to_owned());
        };
        if self.class.has_answered(&name) || self.class.rows.len() >= MOST_ROWS {
            let sentence = "You have already answered, or the server keeps no more \
                            results.";
            return complain(client, Code::NoSuchLab, sentence.to_owned());
        }
        let outcome = bounded(result.outcome);
        self.class.rows.retain(|row| row.name != name);
        self.class.rows.push(LabRow {
            name: name.clone(),
            outcome: outcome.clone(),
        });
        let text = format!(
            "{} has received your answer to exercise {}.",
            lab.from, lab.number
        );
        let recorded = Recorded {
            time,
            name,
            lab: Some(lab),
            question: None,
            outcome,
        };
        vec![
            Effect::Record(Box::new(recorded)),
            send_to_one(client, Reply::Notice { text }),
        ]
    }

    /// `submit`: a row for the teacher, which replaces an earlier one.
    pub(super) fn on_submission(
        &mut self,
        client: ClientNumber,
        submission: Submission,
        time: u64,
    ) -> Vec<Effect> {
        if !self.door.rules.is_class {
            let sentence = "This server has no class, so you cannot submit a result.";
            return complain(client, Code::NoSuchLab, sentence.to_owned());
        }
        let name = self.present[&client].to_string();
        let assignment = submission.assignment.clone();
        let is_earlier = |row: &LabRow| match &row.outcome {
            LabOutcome::Submitted(it) => row.name == name && it.assignment == assignment,
            LabOutcome::Done(_)
            | LabOutcome::Declined
            | LabOutcome::Answered(_)
            | LabOutcome::Failed { .. } => false,
        };
        self.class.submissions.retain(|row| !is_earlier(row));
        if !submission.is_plausible() || self.class.submissions.len() >= MOST_ROWS {
            let sentence =
                "This is not a result of lab grade, or the server keeps no more results.";
            return complain(client, Code::BadOption, sentence.to_owned());
        }
        let Submission { points, of, .. } = submission;
        let text = format!(
            "The server saved your result for {assignment}: {points} of {of} \
                     points."
        );
        let outcome = LabOutcome::Submitted(submission);
        self.class.submissions.push(LabRow {
            name: name.clone(),
            outcome: outcome.clone(),
        });
        let recorded = Recorded {
            time,
            name,
            lab: None,
            question: None,
            outcome,
        };
        vec![
            Effect::Record(Box::new(recorded)),
            send_to_one(client, Reply::Notice { text }),
        ]
    }

    /// `lab-results`: the results so far.
    pub(super) fn list_results(&self, teacher: ClientNumber) -> Vec<Effect> {
        if let Err(complaint) = self.check_teacher(teacher) {
            return complaint;
        }
        let number = self.class.running.as_ref().map_or(0, |lab| lab.number);
        let tell = |reply| send_to_one(teacher, reply);
        let answers = self.questions.revealed_rows();
        let rows = [&self.class.rows[..], &self.class.submissions, answers].concat();
        let replies = Reply::lab_results(number, rows);
        replies.into_iter().map(tell).collect()
    }
}

impl Class {
    /// Whether this name's result is final.
    fn has_answered(&self, name: &str) -> bool {
        let mut rows = self.rows.iter();
        rows.any(|row| row.name == name && row.outcome != LabOutcome::Declined)
    }
}

/// Largest prediction. Unit: packets.
const MOST_PREDICTED: u32 = 1_000_000;

/// The sentence of a client is short, and its prediction is possible.
fn bounded(outcome: LabOutcome) -> LabOutcome {
    match outcome {
        LabOutcome::Done(figures) => LabOutcome::Done(LabFigures {
            predicted_packets: figures.predicted_packets.map(|it| it.min(MOST_PREDICTED)),
            ..figures
        }),
        LabOutcome::Failed { sentence } => LabOutcome::Failed {
            sentence: sentence.chars().take(LONGEST_SENTENCE).collect(),
        },
        LabOutcome::Declined | LabOutcome::Submitted(_) | LabOutcome::Answered(_) => {
            outcome
        }
    }
}
