//! The result on a terminal.

use super::results::{Result, points};
use super::{Arguments, RoleArgument};
use sash::lab::grade::report;
use sash::system::terminal;
use sash::wire::options::Arq;
use std::env;
use std::fmt::Write as _;

/// Green, red, and back to plain; empty if the output has no colours.
struct Colours {
    passed: &'static str,
    failed: &'static str,
    plain: &'static str,
}

impl Colours {
    fn of_stdout() -> Self {
        let is_seen = terminal::reads_escapes() && env::var_os("NO_COLOR").is_none();
        let code = |code| if is_seen { code } else { "" };
        Self {
            passed: code("\x1b[32m"),
            failed: code("\x1b[31m"),
            plain: code("\x1b[0m"),
        }
    }
}

/// A line for each scenario, the first problem in full, and the points.
pub(crate) fn of(protocol: Arq, results: &[Result<'_>], repeat: &Repeat) -> String {
    let Colours {
        passed,
        failed,
        plain,
    } = Colours::of_stdout();
    let mut text = String::new();
    for result in results {
        let scenario = &result.numbered.scenario;
        let (colour, word) = if result.outcome.has_passed() {
            (passed, "passed")
        } else {
            (failed, "FAILED")
        };
        let (number, of) = (result.numbered.number, scenario.points);
        let points = format!("{}/{of}", result.points());
        let lesson = &scenario.lesson;
        let _ = writeln!(
            text,
            "{number:3}  {colour}{word}{plain} {points:>5}  {lesson}"
        );
        if !result.outcome.has_passed() {
            let _ = writeln!(text, "{:19}{}", "", result.problem());
        }
    }
    if let Some(first) = results.iter().find(|it| !it.outcome.has_passed()) {
        let _ = write!(text, "\n{}", details(protocol, first, repeat));
    }
    let (reached, all) = points(results);
    let count = results.iter().filter(|it| it.outcome.has_passed()).count();
    let _ = writeln!(
        text,
        "\n{protocol}: {reached} of {all} points, {count} of {} scenarios passed.",
        results.len()
    );
    text
}

/// The whole problem, and the command that repeats it.
pub(crate) fn details(protocol: Arq, result: &Result<'_>, repeat: &Repeat) -> String {
    let (number, scenario) = (result.numbered.number, &result.numbered.scenario);
    let mut text = format!(
        "Scenario {number}: {}\n  link {}, window {}, {} segments\n",
        scenario.lesson,
        scenario.link,
        scenario.window_of(protocol),
        scenario.segments
    );
    text.push_str(&report::text(protocol, &result.outcome, &result.reference));
    let _ = writeln!(text, "  To run it alone: {}", repeat.only(number));
    text
}

/// The command that was given, to repeat one scenario of it.
pub(crate) struct Repeat {
    before: String,
    after: String,
}

impl Repeat {
    /// The command for this scenario alone.
    pub(crate) fn only(&self, number: usize) -> String {
        format!("{} --only {number} -- {}", self.before, self.after)
    }
}

/// The command for these arguments.
pub(crate) fn repeat(arguments: &Arguments) -> Repeat {
    let protocol = arguments
        .protocol
        .map_or(String::new(), |it| it.to_string());
    let mut before = format!("lab grade {protocol}");
    match arguments.role {
        RoleArgument::Sender => before.push_str(" --role sender"),
        RoleArgument::Receiver => before.push_str(" --role receiver"),
        RoleArgument::Both => {}
    }
    if let Some(window) = arguments.window {
        let _ = write!(before, " --window {window}");
    }
    if let Some(path) = &arguments.scenarios {
        let _ = write!(before, " --scenarios {}", quoted(&path.to_string_lossy()));
    }
    if let Some(seeds) = &arguments.seed {
        let _ = write!(before, " --seed {}-{}", seeds.start(), seeds.end());
    }
    let words: Vec<_> = arguments.command.iter().map(|it| quoted(it)).collect();
    let after = words.join(" ");
    Repeat { before, after }
}

/// As a shell takes it for one word.
fn quoted(word: &str) -> String {
    let is_plain = |it: char| it.is_ascii_alphanumeric() || "-_./=:,+@%".contains(it);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}
