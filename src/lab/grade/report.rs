//! A problem in text: the rule, the moment, both ladders, the notes, and what was
//! expected.
//!
//! ```text
//!                your programs                              the reference
//!    350.0 ms   |--DATA 2 (2nd transmission)-------->|     |--DATA 2 (2nd ...
//! ```

use super::rules::{Mistake, Problem, Violation};
use super::run::Outcome;
use super::trace::{TraceEvent, TraceEventKind, fate};
use super::verbs::{Role, milliseconds};
use crate::lab::ladder::arrow;
use crate::link::Fate;
use crate::reliable::moment::Moment;
use crate::wire::options::Arq;
use std::fmt::Write as _;

/// Rows of a ladder that are shown, up to the problem.
const ROWS: usize = 8;

/// Rows of the reference beside them.
const MOST_ROWS: usize = 24;

/// Letters of a packet's name on an arrow.
const NAME: usize = 32;

/// One row of a ladder.
struct Row {
    time: Moment,
    arrow: String,
    remark: String,
}

/// The problem of a run beside the reference's run of the same scenario.
#[must_use]
pub fn text(protocol: Arq, graded: &Outcome, reference: &Outcome) -> String {
    let mut text = String::new();
    let Some(problem) = &graded.problem else {
        return text;
    };
    let at = milliseconds(graded.elapsed);
    match problem {
        Problem::Failure(role, failure) => {
            let role = role.name();
            let _ = writeln!(text, "  The {role}, at {at} ms: {}", failure.sentence);
            if !failure.stderr.is_empty() {
                text.push_str("  Its last lines on stderr:\n");
            }
            for line in &failure.stderr {
                let _ = writeln!(text, "    {line}");
            }
        }
        Problem::Violation(violation) => text.push_str(&verdict(violation, &at)),
    }
    text.push_str(&ladders(protocol, graded, reference));
    for (role, note) in notes(graded) {
        let _ = writeln!(text, "  note of the {}: {note}", role.name());
    }
    text
}

/// The rule, what was found and what was expected.
fn verdict(violation: &Violation, at: &str) -> String {
    let Violation {
        role,
        rule,
        mistake,
        found,
        expected,
    } = violation;
    let mut text = format!(
        "  The {} broke the rule \"{}\" at {at} ms.\n  found:     {found}\n  expected:  \
         {expected}\n  the rule:  {} ({})\n",
        role.name(),
        rule.name,
        rule.sentence,
        rule.source
    );
    if let Some(Mistake { name, hint }) = mistake {
        let _ = writeln!(text, "  probably:  {name}. {hint}");
    }
    text
}

/// The last rows of the student's ladder, and the reference's of the same time.
fn ladders(protocol: Arq, graded: &Outcome, reference: &Outcome) -> String {
    let mut ours = rows(protocol, &graded.steps);
    ours.drain(..ours.len().saturating_sub(ROWS));
    let from = ours.first().map_or(Moment::START, |row| row.time);
    let end = Moment::START + graded.elapsed;
    let mut theirs = rows(protocol, &reference.steps);
    theirs.retain(|row| from <= row.time && row.time <= end);
    // Of the first moment both show the same number of rows.
    let first = |rows: &[Row]| rows.iter().filter(|row| row.time == from).count();
    theirs.drain(..first(&theirs).saturating_sub(first(&ours)));
    theirs.truncate(MOST_ROWS);
    let mut text = format!("\n  {:11} {:38}   the reference\n", "time", "your program");
    let mut left = ours.into_iter().peekable();
    let mut right = theirs.into_iter().peekable();
    while left.peek().is_some() || right.peek().is_some() {
        let times = [left.peek(), right.peek()].map(|row| row.map(|row| row.time));
        let time = times.into_iter().flatten().min().unwrap_or(end);
        let take = |rows: &mut std::iter::Peekable<std::vec::IntoIter<Row>>| {
            rows.next_if(|row| row.time == time)
                .map_or((String::new(), String::new()), |row| {
                    (row.arrow, row.remark)
                })
        };
        let (ours, our_remark) = take(&mut left);
        let (theirs, their_remark) = take(&mut right);
        let clock = format!("{} ms", milliseconds(time.since_start()));
        let line = format!("  {clock:>11} {ours:38}   {theirs:38}");
        text.push_str(line.trim_end());
        if !our_remark.is_empty() || !their_remark.is_empty() {
            let [ours, theirs] = [our_remark, their_remark]
                .map(|it| if it.is_empty() { "-".to_owned() } else { it });
            let both = if ours == theirs {
                ours
            } else {
                format!("{ours} / {theirs}")
            };
            let _ = write!(text, "  {both}");
        }
        text.push('\n');
    }
    text.push('\n');
    text
}

/// A row for each packet that left, and for each timeout.
fn rows(protocol: Arq, steps: &[TraceEvent]) -> Vec<Row> {
    let row = |step: &TraceEvent| {
        let time = step.time;
        match &step.what {
            TraceEventKind::Sent(packet, entered) => {
                let is_lost = entered.fate.is_loss() || entered.fate == Fate::Corrupted;
                let name = packet.called(protocol, NAME);
                let lane = arrow(&name, packet.direction(), is_lost);
                Some(Row {
                    time,
                    arrow: format!("|{lane}|"),
                    remark: fate(entered).to_owned(),
                })
            }
            TraceEventKind::TimedOut(number) => Some(Row {
                time,
                arrow: format!("* timeout, base {number}"),
                remark: String::new(),
            }),
            TraceEventKind::Arrived(..)
            | TraceEventKind::Put(..)
            | TraceEventKind::Noted(..) => None,
        }
    };
    steps.iter().filter_map(row).collect()
}

/// Most notes that are shown.
const NOTES: usize = 5;

/// The latest notes of the programs.
fn notes(outcome: &Outcome) -> Vec<(Role, &str)> {
    let noted = outcome.steps.iter().filter_map(|step| {
        if let TraceEventKind::Noted(role, text) = &step.what {
            Some((*role, text.as_str()))
        } else {
            None
        }
    });
    let all: Vec<_> = noted.collect();
    all[all.len().saturating_sub(NOTES)..].to_vec()
}
