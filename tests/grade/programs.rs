//! Right programs in each language have full marks, from the starter on.

use crate::desk::{
    err, grade, is_there, json, out, python, python_folder, solution, starter,
};
use std::path::Path;
use std::process::Command;

const PROTOCOLS: [&str; 4] = ["stop-and-wait", "go-back-n", "selective-repeat", "sack"];

/// As many hidden seeds as `GRADE_SEEDS` says: twenty, or two hundred in
/// `./sash test --long`.
fn hidden_seeds() -> String {
    let last = std::env::var("GRADE_SEEDS").unwrap_or_else(|_| "20".to_owned());
    format!("1-{last}")
}

#[track_caller]
fn has_full_marks(folder: &Path, arguments: &[&str], command: &[&str]) {
    let result = json(folder, arguments, command);
    let failed = result["scenarios"].as_array().expect("a list").iter();
    let failed: Vec<_> = failed.filter(|it| it["passed"] != true).collect();
    assert!(failed.is_empty(), "{arguments:?}: {failed:#?}");
}

#[track_caller]
fn python_has_full_marks(protocol: &str) {
    let folder = python_folder(&solution(&format!("{}.py", protocol.replace('-', "_"))));
    // Without the modules of its site (`-S`) Python starts in half the time.
    let command = [python(), "-E", "-S", "protocol.py"];
    has_full_marks(
        folder.path(),
        &[protocol, "--seed", &hidden_seeds()],
        &command,
    );
}

#[track_caller]
fn c_has_full_marks(protocol: &str) {
    let text = solution(&format!("{}.c", protocol.replace('-', "_")));
    let folder = starter("c", "protocol.c", &text);
    let built = Command::new("cc")
        .args(["-std=c99", "-Wall", "-Wextra", "-Werror", "-o", "protocol"])
        .args(["protocol.c", "sash.c"])
        .current_dir(folder.path())
        .output()
        .expect("a C compiler is there");
    assert!(built.status.success(), "{}", err(&built));
    has_full_marks(
        folder.path(),
        &[protocol, "--seed", &hidden_seeds()],
        &["./protocol"],
    );
}

#[test]
fn stop_and_wait_in_python_has_full_marks() {
    python_has_full_marks("stop-and-wait");
}

#[test]
fn go_back_n_in_python_has_full_marks() {
    python_has_full_marks("go-back-n");
}

#[test]
fn selective_repeat_in_python_has_full_marks() {
    python_has_full_marks("selective-repeat");
}

#[test]
fn sack_in_python_has_full_marks() {
    python_has_full_marks("sack");
}

#[test]
fn every_protocol_in_c_has_full_marks() {
    for protocol in PROTOCOLS {
        c_has_full_marks(protocol);
    }
}

/// The starter's own script builds and grades.
#[track_caller]
fn check_has_full_marks(language: &str, file: &str, text: &str) {
    let folder = starter(language, file, text);
    let checked = Command::new(folder.path().join("check"))
        .args(["go-back-n", "--event-limit", "20"])
        .env("LAB", env!("CARGO_BIN_EXE_lab"))
        .output()
        .expect("the script is there");
    assert!(
        checked.status.success(),
        "{}{}",
        out(&checked),
        err(&checked)
    );
}

#[test]
fn the_starters_in_python_c_and_rust_are_built_and_graded_by_one_command() {
    check_has_full_marks("python", "protocol.py", &solution("go_back_n.py"));
    check_has_full_marks("c", "protocol.c", &solution("go_back_n.c"));
    check_has_full_marks("rust", "protocol.rs", &solution("go_back_n.rs"));
}

#[test]
fn the_starters_in_java_and_go_are_graded_where_their_tools_are_installed() {
    if is_there("javac") {
        check_has_full_marks("java", "Protocol.java", &solution("GoBackN.java"));
    }
    if is_there("go") {
        check_has_full_marks("go", "protocol.go", &solution("go_back_n.go"));
    }
}

#[test]
fn an_unchanged_starter_answers_every_line_and_gets_no_points() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap();
    assert!(
        grade(folder.path(), &["--starter", "python", path])
            .status
            .success()
    );
    let result = json(folder.path(), &["go-back-n"], &[python(), "protocol.py"]);
    assert_eq!(result["points"], 0);
    let problem = &result["scenarios"][0]["problem"];
    assert_eq!(problem["mistake"], "begin is not answered", "{problem}");
    let again = grade(folder.path(), &["--starter", "python", path]);
    assert_eq!(again.status.code(), Some(2));
    assert!(err(&again).contains("already exists"), "{}", err(&again));
}

#[test]
fn each_role_can_be_graded_against_the_reference() {
    let folder = python_folder(&solution("go_back_n.py"));
    let command = [python(), "protocol.py"];
    for role in ["sender", "receiver"] {
        has_full_marks(folder.path(), &["go-back-n", "--role", role], &command);
    }
}

/// One timer that is set for the segment that is due first is as good as a timer for each.
const ONE_CLOCK: &str = r#"
import sys

window = segments = timeout = base = upcoming = 0
due, arrived = {}, set()


def transmit(number, now):
    print("send", number)
    due[number] = now + timeout


def set_timer(now):
    waiting = [due[number] for number in range(base, upcoming) if number not in arrived]
    print(f"timer {min(waiting) - now}" if waiting else "stop")


for line in sys.stdin:
    verb, *words = line.split()
    if verb == "start":
        said = dict(word.split("=") for word in words)
        window, segments = int(said["window"]), int(said["segments"])
        timeout = float(said["timeout"])
        continue
    if verb == "end":
        break
    now = float(words[0])
    if verb == "ack":
        arrived.add(int(words[1]))
        while base in arrived:
            base += 1
    if verb == "timeout":
        for number in range(base, upcoming):
            if number not in arrived and due[number] <= now + 0.001:
                transmit(number, now)
    while upcoming < min(base + window, segments):
        transmit(upcoming, now)
        upcoming += 1
    if verb != "corrupt":
        set_timer(now)
    print("ok", flush=True)
"#;

#[test]
fn a_single_timer_for_the_segment_that_is_due_first_costs_no_marks() {
    let folder = python_folder(ONE_CLOCK);
    let arguments = ["selective-repeat", "--role", "sender", "--seed", "1-50"];
    has_full_marks(folder.path(), &arguments, &[python(), "protocol.py"]);
}
