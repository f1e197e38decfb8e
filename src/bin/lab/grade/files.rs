//! Writes the result as JSON, as Gradescope's `results.json` and as HTML.
//!
//! Source: the Gradescope autograder specification, "Output format".

use super::results::{Result, points};
use super::text::{Repeat, details};
use sash::lab::grade::rules::Problem;
use sash::lab::grade::run::Outcome;
use sash::lab::grade::trace;
use sash::lab::ladder::{self, Excerpt};
use sash::wire::options::Arq;
use serde_json::{Value, json};
use std::fmt::Write as _;

/// The whole result as JSON.
pub(crate) fn json(protocol: Arq, results: &[Result<'_>], repeat: &Repeat) -> Value {
    let (reached, all) = points(results);
    let scenarios: Vec<_> = results
        .iter()
        .map(|it| scenario(protocol, it, repeat))
        .collect();
    json!({
        "protocol": protocol.to_string(),
        "points": reached,
        "of": all,
        "scenarios": scenarios,
    })
}

fn scenario(protocol: Arq, result: &Result<'_>, repeat: &Repeat) -> Value {
    let graded = &result.numbered.scenario;
    let at_ms = result.outcome.elapsed.as_secs_f64() * 1_000.0;
    let problem = match &result.outcome.problem {
        None => Value::Null,
        Some(Problem::Failure(role, failure)) => json!({
            "role": role.name(),
            "at_ms": at_ms,
            "failure": failure.sentence,
            "stderr": failure.stderr,
        }),
        Some(Problem::Violation(it)) => json!({
            "role": it.role.name(),
            "at_ms": at_ms,
            "rule": it.rule.name,
            "sentence": it.rule.sentence,
            "source": it.rule.source,
            "mistake": it.mistake.map(|it| it.name),
            "hint": it.mistake.map(|it| it.hint),
            "found": it.found,
            "expected": it.expected,
            "repeat": repeat.only(result.numbered.number),
        }),
    };
    json!({
        "number": result.numbered.number,
        "points": result.points(),
        "of": graded.points,
        "link": graded.link.to_string(),
        "window": graded.window_of(protocol),
        "segments": graded.segments,
        "lesson": graded.lesson,
        "passed": result.outcome.has_passed(),
        "problem": problem,
    })
}

/// `results.json` of a Gradescope autograder. A hidden scenario is shown to students once
/// the grades are published.
pub(crate) fn gradescope(
    protocol: Arq,
    results: &[Result<'_>],
    repeat: &Repeat,
) -> String {
    let test = |result: &Result<'_>| {
        let numbered = result.numbered;
        let has_passed = result.outcome.has_passed();
        let output = if has_passed {
            "Passed.".to_owned()
        } else {
            details(protocol, result, repeat)
        };
        json!({
            "number": numbered.number.to_string(),
            "name": numbered.scenario.lesson,
            "score": result.points(),
            "max_score": numbered.scenario.points,
            "status": if has_passed { "passed" } else { "failed" },
            "output": output,
            "output_format": "text",
            "visibility": if numbered.is_hidden { "after_published" } else { "visible" },
        })
    };
    let (reached, all) = points(results);
    let tests: Vec<_> = results.iter().map(test).collect();
    let whole = json!({
        "score": reached,
        "output": format!("{protocol}: {reached} of {all} points."),
        "output_format": "text",
        "extra_data": { "protocol": protocol.to_string() },
        "tests": tests,
    });
    format!("{whole:#}\n")
}

/// The head of the page; the page loads nothing from elsewhere.
pub(super) const HEAD: &str = "<!doctype html>
<html lang=\"en\">
<meta charset=\"utf-8\">
<meta name=\"viewport\" content=\"width=device-width\">
<style>
body { font-family: sans-serif; max-width: 75rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; } td, th { padding: .2rem .8rem; text-align: left; }
pre { overflow-x: auto; background: #f0f0f0; padding: 1rem; } svg { max-width: 100%; }
.passed { color: #007a58; } .failed { color: #be4a00; font-weight: bold; }
</style>
";

/// A page with a table, and for each scenario its ladders.
pub(crate) fn html(protocol: Arq, results: &[Result<'_>], repeat: &Repeat) -> String {
    let (reached, all) = points(results);
    let mut page = format!(
        "{HEAD}<title>{protocol}: {reached} of {all} points</title>\n\
         <h1>{protocol}: {reached} of {all} points</h1>\n<table>\n\
         <tr><th>scenario<th>result<th>points<th>topic</tr>\n"
    );
    for result in results {
        let (number, scenario) = (result.numbered.number, &result.numbered.scenario);
        let word = if result.outcome.has_passed() {
            "passed"
        } else {
            "failed"
        };
        let _ = writeln!(
            page,
            "<tr><td><a href=\"#s{number}\">{number}</a><td class=\"{word}\">{word}\
             <td>{}/{}<td>{}</tr>",
            result.points(),
            scenario.points,
            escaped(&scenario.lesson)
        );
    }
    page.push_str("</table>\n");
    for result in results {
        let (number, lesson) = (result.numbered.number, &result.numbered.scenario.lesson);
        let _ = writeln!(
            page,
            "<h2 id=\"s{number}\">{number}. {}</h2>",
            escaped(lesson)
        );
        if result.outcome.has_passed() {
            let ladder = drawn(protocol, result, &result.outcome);
            let _ = writeln!(
                page,
                "<details><summary>Sequence diagram</summary>{ladder}</details>"
            );
            continue;
        }
        let _ = writeln!(
            page,
            "<pre>{}</pre>",
            escaped(&details(protocol, result, repeat))
        );
        let ours = drawn(protocol, result, &result.outcome);
        let theirs = drawn(protocol, result, &result.reference);
        let _ = writeln!(page, "<h3>Your program</h3>{ours}");
        let _ = writeln!(
            page,
            "<details><summary>The reference</summary>{theirs}</details>"
        );
    }
    page
}

/// Packets of a ladder on the page.
const PACKETS: usize = 80;

fn drawn(protocol: Arq, result: &Result<'_>, outcome: &Outcome) -> String {
    let journal = trace::journal(&result.numbered.scenario, protocol, &outcome.steps);
    let window = Excerpt {
        most_packets: PACKETS,
        ..Excerpt::ALL
    };
    ladder::picture(&journal.heading, &journal.entries, window).svg()
}

/// Text as HTML shows it.
pub(super) fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    text.replace('>', "&gt;").replace('"', "&quot;")
}
