//! The distribution of the answers: one row for each, for a terminal and for a window.

use super::{RunQuestion, short};
use crate::wire::message::{Answer, Revealed};

/// One answer, and its number of users.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bar {
    /// The answer.
    pub answer: Answer,
    /// `b) waits`, `23`.
    pub label: String,
    /// The number of users who gave it.
    pub count: u64,
    /// Its share of all answers. Unit: percent.
    pub percent: u64,
    /// Whether it is the right one.
    pub is_right: bool,
}

/// The limit of shown numbers; the others are summed up.
const MOST_NUMBERS: usize = 8;

/// A bar of all answers. Unit: letters.
const COLUMNS: usize = 24;

impl RunQuestion {
    /// One bar for each choice, in the order of the letters; of numbers the right one and
    /// the most frequent, in their own order.
    #[must_use]
    pub fn bars(&self, revealed: &Revealed) -> Vec<Bar> {
        let count = |answer: Answer| {
            let found = revealed.counts.iter().find(|it| it.answer == answer);
            found.map_or(0, |tally| tally.count)
        };
        let choices = self.choices();
        let answers: Vec<Answer> = if choices.is_empty() {
            let given = revealed.counts.iter().map(|it| it.answer);
            let given = given.filter(|it| self.allows(*it) && *it != self.right());
            let mut shown = vec![self.right()];
            shown.extend(given.take(MOST_NUMBERS - 1));
            shown.sort_unstable();
            shown
        } else {
            (0..choices.len())
                .filter_map(|place| u8::try_from(place).ok())
                .map(Answer::Choice)
                .collect()
        };
        let bar = |(place, answer): (usize, Answer)| {
            let label = match choices.get(place) {
                Some(choice) => format!("{}) {choice}", short(answer)),
                None => short(answer),
            };
            let count = count(answer);
            Bar {
                answer,
                label,
                count,
                percent: (count * 200 + revealed.answers)
                    .checked_div(2 * revealed.answers)
                    .unwrap_or(0)
                    .min(100),
                is_right: answer == self.right(),
            }
        };
        answers.into_iter().enumerate().map(bar).collect()
    }

    /// The bars for a terminal. `own` is this user's answer.
    #[must_use]
    pub fn rows(&self, revealed: &Revealed, own: Option<Answer>) -> Vec<String> {
        let bars = self.bars(revealed);
        let mut lines: Vec<String> = bars.iter().map(|bar| row(bar, own)).collect();
        let shown: u64 = bars.iter().map(|bar| bar.count).sum();
        match revealed.answers.saturating_sub(shown) {
            0 => {}
            others => lines.push(format!("  {others} other answers")),
        }
        lines
    }

    /// The right answer and its reason, and whether `own` is the right one.
    #[must_use]
    pub fn verdict(&self, own: Option<Answer>) -> String {
        let right = self.right();
        let verdict = match own {
            Some(own) if own == right => "Your answer is right".to_owned(),
            Some(own) => {
                format!("You answered {}; {} is right", short(own), short(right))
            }
            None => format!("{} is right", short(right)),
        };
        format!("{verdict}. {}", self.reason())
    }
}

/// `> b) waits                 ############             12  50 %`.
fn row(bar: &Bar, own: Option<Answer>) -> String {
    let share = bar.percent.min(100);
    let length = usize::try_from(share).unwrap_or(0) * COLUMNS;
    let drawn = "#".repeat(length.div_ceil(100));
    let mark = if bar.is_right { '>' } else { ' ' };
    let whose = if own == Some(bar.answer) {
        "  your answer"
    } else {
        ""
    };
    let Bar { label, count, .. } = bar;
    format!("{mark} {drawn:COLUMNS$} {count:>4} {share:>3} %  {label}{whose}")
}
