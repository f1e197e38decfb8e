//! The forms of a result: text, CSV, Gradescope, a page, a played run, and exit codes.

use crate::desk::{err, grade, out, python, python_folder, solution};
use serde_json::Value;
use std::fs;

/// A go-back-N that retransmits only the oldest segment and says so.
fn wrong() -> String {
    let right = solution("go_back_n.py");
    let old =
        "        for number in range(self.base, self.next):\n            send(number)\n";
    let new = "        note(f\"resending {self.base}\")\n        send(self.base)\n";
    right
        .replace(old, new)
        .replace("deliver, run", "deliver, note, run")
}

#[test]
fn the_report_shows_the_rule_both_ladder_diagrams_notes_and_the_command_that_repeats_it()
{
    let folder = python_folder(&wrong());
    let output = grade(folder.path(), &["go-back-n", "--", python(), "protocol.py"]);
    assert_eq!(output.status.code(), Some(1));
    let text = out(&output);
    for part in [
        "A timeout retransmits exactly the segments base to nextseqnum - 1",
        "Kurose & Ross §3.4.3",
        "found:     segment 2\n",
        "expected:  segments 2, 3, 4, 5",
        "go-back-N retransmits only the oldest",
        "|--DATA 3 (2nd transmission)-------->|",
        "note of the sender: resending 2",
        "lab grade go-back-n --only 5 -- ",
        "go-back-n: 46 of 110 points, 10 of 21 scenarios passed.",
    ] {
        assert!(text.contains(part), "no {part:?} in\n{text}");
    }
    let command = ["go-back-n", "--only", "5", "--", python(), "protocol.py"];
    let alone = out(&grade(folder.path(), &command));
    assert!(
        alone.contains("0 of 5 points, 0 of 1 scenarios passed"),
        "{alone}"
    );
}

#[test]
fn a_class_report_is_a_table_and_a_csv_file_with_one_row_per_student() {
    let class = tempfile::tempdir().unwrap();
    let students = [("=dana", solution("go_back_n.py")), ("guy", wrong())];
    for (name, program) in &students {
        let folder = class.path().join(name);
        let from = python_folder(program);
        fs::create_dir(&folder).unwrap();
        for file in ["sash.py", "protocol.py"] {
            fs::copy(from.path().join(file), folder.join(file)).unwrap();
        }
    }
    let command = [
        "go-back-n",
        "--class",
        ".",
        "--csv",
        "--",
        python(),
        "protocol.py",
    ];
    let output = grade(class.path(), &command);
    assert_eq!(output.status.code(), Some(1));
    let lines: Vec<_> = out(&output).lines().map(str::to_owned).collect();
    assert_eq!(
        lines,
        [
            "student,points,of,scenarios_passed,scenarios,first_failed,problem",
            "'=dana,110,110,21,21,,",
            "guy,46,110,10,21,5,sender: go-back-N retransmits only the oldest",
        ]
    );
    let command = ["go-back-n", "--class", ".", "--", python(), "protocol.py"];
    let table = out(&grade(class.path(), &command));
    assert!(table.contains("110/110"), "{table}");
}

#[test]
fn the_gradescope_file_and_the_html_page_are_written() {
    let folder = python_folder(&wrong());
    let arguments = ["go-back-n", "--seed", "1", "--gradescope", "results.json"];
    let more = ["--html", "page.html", "--", python(), "protocol.py"];
    let output = grade(folder.path(), &[&arguments[..], &more].concat());
    assert_eq!(output.status.code(), Some(1), "{}", err(&output));
    let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
    let results: Value = serde_json::from_str(&read("results.json")).unwrap();
    let tests = results["tests"].as_array().unwrap();
    assert_eq!(tests.len(), 22);
    let scores = |key| {
        tests
            .iter()
            .map(|it| it[key].as_u64().unwrap())
            .sum::<u64>()
    };
    assert_eq!(results["score"].as_u64(), Some(scores("score")));
    assert_eq!(scores("max_score"), 111);
    assert_eq!(tests[0]["visibility"], "visible");
    assert_eq!(tests[21]["visibility"], "after_published");
    assert_eq!(tests[4]["status"], "failed");
    let page = read("page.html");
    assert_eq!(
        page.matches("<h3>Your program</h3><svg").count(),
        page.matches("<pre>").count()
    );
    assert!(page.contains("&amp; Ross"), "text is escaped");
}

#[test]
fn a_graded_run_is_played_as_strip_and_ladder_diagram() {
    let folder = python_folder(&wrong());
    let command = [
        "go-back-n",
        "--only",
        "5",
        "--watch",
        "--",
        python(),
        "protocol.py",
    ];
    let text = out(&grade(folder.path(), &command));
    assert!(text.contains("receiver   "), "{text}");
    assert!(text.contains("DATA 2 (2nd transmission)"), "{text}");
}

#[test]
fn a_scenario_file_of_a_teacher_is_read_and_its_errors_are_reported() {
    let folder = python_folder(&solution("selective_repeat.py"));
    let write = |text: &str| fs::write(folder.path().join("mine.txt"), text).unwrap();
    let run = || {
        let command = ["selective-repeat", "--scenarios", "mine.txt"];
        let more = ["--window", "3", "--json", "--", python(), "protocol.py"];
        grade(folder.path(), &[&command[..], &more].concat())
    };
    write("7 | loss=10%;delay=20ms | 4 | 9 | Mine.\n");
    let result: Value = serde_json::from_str(&out(&run())).unwrap();
    assert_eq!((&result["of"], &result["points"]), (&7.into(), &7.into()));
    assert_eq!(result["scenarios"][0]["window"], 3);
    write("7 | los=10% | 4 | 9 | Mine.\n");
    let wrong = run();
    assert_eq!(wrong.status.code(), Some(2));
    assert!(err(&wrong).contains("mine.txt: line 1:"), "{}", err(&wrong));
    write("7 | loss=100% | 4 | 9 | Mine.\n");
    let unfair = run();
    assert_eq!(unfair.status.code(), Some(2));
    assert!(
        err(&unfair).contains("not even the reference"),
        "{}",
        err(&unfair)
    );
}

#[test]
fn a_usage_error_has_its_own_exit_code() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [
        &["go-back-n"][..],
        &["no-such-protocol", "--", "true"],
        &["go-back-n", "--only", "99", "--", "true"],
        &["--starter", "cobol", "folder"],
    ] {
        let output = grade(folder.path(), arguments);
        assert_eq!(
            output.status.code(),
            Some(2),
            "{arguments:?}: {}",
            err(&output)
        );
    }
}
