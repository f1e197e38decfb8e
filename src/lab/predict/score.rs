//! The chosen answers as CSV (RFC 4180).

use super::Question;
use super::letter;
use std::fmt::Write as _;

/// A question and the chosen answer.
#[derive(Debug, Clone, Copy)]
pub struct Given<'a> {
    /// The question.
    pub question: &'a Question,
    /// The place of the choice.
    pub choice: usize,
}

impl Given<'_> {
    /// Whether it was the right one.
    #[must_use]
    pub const fn is_right(&self) -> bool {
        self.choice == self.question.right
    }
}

/// A heading, and a line for each answer given.
#[must_use]
pub fn score(name: &str, given: &[Given<'_>]) -> String {
    let mut csv =
        "name,scenario,protocol,question,at_ms,moment,choice,chosen,answer,right\r\n"
            .to_owned();
    for (place, given) in given.iter().enumerate() {
        let Question {
            scenario,
            protocol,
            time_us,
            occasion,
            choices,
            right,
            ..
        } = given.question;
        let chosen = choices.get(given.choice).map(ToString::to_string);
        let answer = choices.get(*right).map(ToString::to_string);
        let fields = [
            field(name),
            field(scenario),
            field(protocol),
            (place + 1).to_string(),
            format!("{}.{}", time_us / 1_000, time_us % 1_000 / 100),
            field(occasion.name()),
            letter(given.choice).to_string(),
            field(&chosen.unwrap_or_default()),
            field(&answer.unwrap_or_default()),
            u8::from(given.is_right()).to_string(),
        ];
        let _ = write!(csv, "{}\r\n", fields.join(","));
    }
    csv
}

/// In quotation marks if necessary, also for a spreadsheet that splits at `;`; never a
/// formula.
#[must_use]
pub fn field(text: &str) -> String {
    let safe = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{text}")
    } else {
        text.to_owned()
    };
    if safe.contains([',', ';', '"', '\n', '\r']) {
        format!("\"{}\"", safe.replace('"', "\"\""))
    } else {
        safe
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_can_neither_break_a_csv_line_nor_become_a_formula() {
        assert_eq!(field("dana"), "dana");
        assert_eq!(field("Levi, Dana"), "\"Levi, Dana\"");
        assert_eq!(field("the \"boss\""), "\"the \"\"boss\"\"\"");
        assert_eq!(field("=1+1"), "'=1+1");
        assert_eq!(field("a\nb"), "\"a\nb\"");
    }
}
