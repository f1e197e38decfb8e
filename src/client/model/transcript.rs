//! A conversation as a page of rows: days, folded rows of users who joined or left, and
//! the dividing line.
//!
//! ```text
//! lines                      rows
//! 0 dana joined   \          Saturday, 21 November 2026
//! 1 guy joined     |-------> dana and guy joined; noa left
//! 2 noa left      /          ---------- new ----------
//! 3 <dana> hi     ---------> <dana> hi
//! ```
//!
//! The idea: it grows with the conversation and returns the changes: rows at the end,
//! rarely all of them. In this way a window need not draw unchanged rows again.
//!
//! It keeps as many lines as the conversation, but drops them a few hundred at once,
//! because that is expensive for a window.

use super::Audience;
use super::conversation::Conversation;
use super::line::{ChatLine, LineKind};
use crate::client::words;
use jiff::civil::Date;
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

/// One row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The number of the line that it shows, or of the first below it.
    pub number: usize,
    /// Its content.
    pub shows: Shows,
}

/// The content of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shows {
    /// A day begins: `Saturday, 21 November 2026`.
    Day(String),
    /// The following lines are from before joining.
    Earlier,
    /// The dividing line: the lines below it are unread.
    New,
    /// A line.
    Line(Arc<ChatLine>),
    /// Several users who joined or left, in one sentence.
    Fold {
        /// `dana, guy and 3 others joined`.
        sentence: String,
        /// The lines themselves, at least two.
        lines: Vec<Arc<ChatLine>>,
    },
}

/// The changes since the last call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Rows at the top and at the end; those between stay as they are.
    Rows {
        /// The number of rows removed at the top.
        gone: usize,
        /// Then the number of rows removed at the end.
        taken_back: usize,
        /// Then the number of rows added at the end.
        new: usize,
    },
    /// All rows are new.
    All,
}

/// The page of the conversation that is shown.
#[derive(Debug, Clone, Default)]
pub struct Transcript {
    with: Option<Audience>,
    rows: VecDeque<Row>,
    /// The number of lines in the rows, including dropped ones.
    count: usize,
    /// The beginning of the conversation at the last call.
    begin: usize,
    new_from: Option<usize>,
    day: Option<Date>,
    /// Whether the last line is from before joining.
    is_in_history: bool,
    /// The first line of the folded rows to which the last row belongs.
    group: Option<usize>,
    /// Unfolded rows, by the number of their first line.
    unfolded: HashSet<usize>,
}

/// The number of lines dropped at once.
const FORGOTTEN_AT_ONCE: usize = 500;

/// If there are more names, all but two are only counted.
const MOST_NAMES: usize = 3;

impl Transcript {
    /// The rows, from top to bottom.
    #[must_use]
    pub fn rows(&self) -> &VecDeque<Row> {
        &self.rows
    }

    /// Follows a conversation.
    pub fn follow(&mut self, conversation: &Conversation) -> Change {
        let lines = conversation.lines();
        let is_another = self.with.as_ref() != Some(conversation.with());
        if is_another || lines.begin() != self.begin || self.must_move(conversation) {
            if is_another && self.with.is_some() {
                self.unfolded.clear();
            }
            self.start(conversation);
            self.append(conversation);
            return Change::All;
        }
        self.new_from = conversation.new_from();
        let gone = self.forget(lines.forgotten());
        let before = self.rows.len();
        let kept = self.append(conversation);
        Change::Rows {
            gone,
            taken_back: before - kept,
            new: self.rows.len() - kept,
        }
    }

    /// Unfolds a row, or folds it again; `number` may be that of any row. Returns whether
    /// anything changed; then [`Transcript::follow`] returns all rows again.
    pub fn toggle(&mut self, number: usize) -> bool {
        let Some(place) = self.row_of(number) else {
            return false;
        };
        let row = &self.rows[place];
        let has_changed = match &row.shows {
            Shows::Fold { .. } => self.unfolded.insert(row.number),
            Shows::Line(line) if line.is_coming_or_going() => {
                let begins = self.rows.range(..=place).rev();
                let group = begins
                    .take_while(|row| row.is_coming_or_going())
                    .find(|row| self.unfolded.contains(&row.number))
                    .map(|row| row.number);
                group.is_some_and(|number| self.unfolded.remove(&number))
            }
            Shows::Line(_) | Shows::Day(_) | Shows::Earlier | Shows::New => false,
        };
        if has_changed {
            self.with = None;
        }
        has_changed
    }

    /// The place of the row that shows this line.
    #[must_use]
    pub fn row_of(&self, number: usize) -> Option<usize> {
        let after = self.rows.partition_point(|row| row.number <= number);
        after.checked_sub(1)
    }

    /// Whether the dividing line is or was elsewhere than at the end.
    fn must_move(&self, conversation: &Conversation) -> bool {
        let new_from = conversation.new_from();
        let was_shown = self.new_from.is_some_and(|number| number < self.count);
        let is_within = new_from.is_some_and(|number| number < self.count);
        new_from != self.new_from && (was_shown || is_within)
    }

    fn start(&mut self, conversation: &Conversation) {
        let lines = conversation.lines();
        *self = Self {
            with: Some(conversation.with().clone()),
            count: lines.forgotten(),
            begin: lines.begin(),
            new_from: conversation.new_from(),
            unfolded: std::mem::take(&mut self.unfolded),
            ..Self::default()
        };
    }

    /// Returns the number of rows that stay unchanged.
    fn append(&mut self, conversation: &Conversation) -> usize {
        let mut kept = self.rows.len();
        for (number, line) in conversation.lines().numbered_since(self.count) {
            self.begin_a_day(number, line);
            self.begin_what_was_earlier(number, line);
            if self.new_from == Some(number) {
                self.rows.push_back(Row {
                    number,
                    shows: Shows::New,
                });
                self.group = None;
            }
            if self.group.is_some() && line.is_coming_or_going() {
                self.fold(number, line);
            } else {
                self.group = line.is_coming_or_going().then_some(number);
                self.push_line(number, line);
            }
            kept = kept.min(self.rows.len() - 1);
            self.count = number + 1;
        }
        kept
    }

    fn push_line(&mut self, number: usize, line: &Arc<ChatLine>) {
        self.rows.push_back(Row {
            number,
            shows: Shows::Line(Arc::clone(line)),
        });
    }

    /// Clocks differ, but an earlier day does not begin again.
    fn begin_a_day(&mut self, number: usize, line: &ChatLine) {
        let day = words::date(line.time_ms);
        if day <= self.day {
            return;
        }
        self.day = day;
        if let Some(day) = day {
            self.rows.push_back(Row {
                number,
                shows: Shows::Day(words::day(day)),
            });
            self.group = None;
        }
    }

    /// A heading above the history that a server sends to a user who joins.
    fn begin_what_was_earlier(&mut self, number: usize, line: &ChatLine) {
        if line.is_history && !self.is_in_history {
            self.rows.push_back(Row {
                number,
                shows: Shows::Earlier,
            });
            self.group = None;
        }
        self.is_in_history = line.is_history;
    }

    /// Adds a line to the folded row at the end.
    fn fold(&mut self, number: usize, line: &Arc<ChatLine>) {
        if self.group.is_some_and(|it| self.unfolded.contains(&it)) {
            return self.push_line(number, line);
        }
        let Some(row) = self.rows.pop_back() else {
            return;
        };
        let mut lines = match row.shows {
            Shows::Line(first) => vec![first],
            Shows::Fold { lines, .. } => lines,
            Shows::Day(_) | Shows::Earlier | Shows::New => Vec::new(),
        };
        lines.push(Arc::clone(line));
        self.rows.push_back(Row {
            number: row.number,
            shows: Shows::Fold {
                sentence: sentence(&lines),
                lines,
            },
        });
    }

    /// Drops rows of dropped lines, if there are many.
    fn forget(&mut self, forgotten: usize) -> usize {
        let first = self.rows.front().map_or(forgotten, |row| row.number);
        if forgotten < first + FORGOTTEN_AT_ONCE {
            return 0;
        }
        let gone = self.rows.partition_point(|row| row.number < forgotten);
        self.rows.drain(..gone);
        gone
    }
}

impl Row {
    fn is_coming_or_going(&self) -> bool {
        match &self.shows {
            Shows::Line(line) => line.is_coming_or_going(),
            Shows::Fold { .. } => true,
            Shows::Day(_) | Shows::Earlier | Shows::New => false,
        }
    }
}

/// Summarizes who joined, who left, and who did both: `dana and guy joined; noa left`.
fn sentence(lines: &[Arc<ChatLine>]) -> String {
    let mut names: Vec<&str> = Vec::new();
    let mut courses: Vec<(bool, bool)> = Vec::new(); // Joined first, is present now.
    let mut place_of = HashMap::new();
    for line in lines {
        let came = matches!(line.kind, LineKind::Joined { .. });
        let name = line.name().unwrap_or_default();
        let place = *place_of.entry(name).or_insert_with(|| {
            names.push(name);
            courses.push((came, came));
            names.len() - 1
        });
        courses[place].1 = came;
    }
    let told = [
        ((true, true), "joined"),
        ((true, false), "joined and left"),
        ((false, true), "left and came back"),
        ((false, false), "left"),
    ];
    let parts = told.iter().filter_map(|(course, verb)| {
        let theirs: Vec<&str> = names
            .iter()
            .zip(&courses)
            .filter(|(_, it)| *it == course)
            .map(|(name, _)| *name)
            .collect();
        (!theirs.is_empty()).then(|| format!("{} {verb}", listed(&theirs)))
    });
    parts.collect::<Vec<_>>().join("; ")
}

/// `dana, guy and 3 others`.
fn listed(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first, second, rest @ ..] if names.len() > MOST_NAMES => {
            format!("{first}, {second} and {} others", rest.len())
        }
        [before @ .., last] => format!("{} and {last}", before.join(", ")),
    }
}

#[cfg(test)]
mod tests;
