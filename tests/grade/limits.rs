//! Whatever a program does, its run ends with a sentence, and the next scenario runs.

use crate::desk::{err, grade, json, python, python_folder, solution};
use sash::transfer::clock::Clock;
use std::fs;
use std::path::Path;
use std::time::Duration;

/// The sentence about a Python program, and its stderr.
fn told(program: &str, event_limit: &str) -> (String, String) {
    told_in(python_folder(program).path(), event_limit)
}

fn told_in(folder: &Path, event_limit: &str) -> (String, String) {
    let arguments = "go-back-n --role sender --only 1 --event-limit";
    let arguments: Vec<_> = arguments.split(' ').chain([event_limit]).collect();
    let result = json(folder, &arguments, &[python(), "protocol.py"]);
    assert_eq!(result["points"], 0);
    let problem = &result["scenarios"][0]["problem"];
    let sentence = problem["failure"].as_str();
    let sentence = sentence.unwrap_or_else(|| panic!("{problem}")).to_owned();
    (sentence, problem["stderr"].to_string())
}

#[track_caller]
fn is_reported(program: &str, event_limit: &str, expected: &str) {
    let (sentence, _) = told(program, event_limit);
    assert!(sentence.contains(expected), "{sentence}");
}

#[test]
fn a_program_that_hangs_is_reported() {
    is_reported("import time\ntime.sleep(1000)\n", "0.2", "it hangs");
}

#[test]
fn an_answer_without_ok_is_reported() {
    let program = "import sys\nfor line in sys.stdin:\n    print('send 0', flush=True)\n";
    is_reported(program, "0.2", "and no ok");
}

#[test]
fn a_program_that_does_not_flush_its_output_is_reported() {
    let program = "import sys\nfor line in sys.stdin:\n    print('ok')\n";
    is_reported(program, "0.4", "without flushing");
}

#[test]
fn a_program_that_floods_its_output_is_reported() {
    let program = "import sys\nsys.stdin.readline(), sys.stdin.readline()\nwhile True:\n    print('send 1')\n";
    is_reported(program, "20", "more than 2000 verbs");
    let long = "import sys\nsys.stdin.readline(), sys.stdin.readline()\nwhile True:\n    print('x', end='')\n";
    is_reported(long, "20", "a line of more than");
}

#[test]
fn a_crash_is_reported_with_the_last_lines_of_stderr() {
    let program =
        "import sys\nfor line in sys.stdin:\n    raise ValueError('my own words')\n";
    let (sentence, stderr) = told(program, "20");
    assert!(sentence.contains("exit status 1"), "{sentence}");
    assert!(stderr.contains("my own words"), "{stderr}");
    let program = "import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)\n";
    is_reported(program, "20", "SIGSEGV");
}

#[test]
fn an_invalid_answer_is_reported_with_its_text() {
    let program = "import sys\nsys.stdin.readline(), sys.stdin.readline()\nprint('hello', flush=True)\nsys.stdin.readline()\n";
    is_reported(program, "20", "\"hello\", which is not a verb");
}

#[test]
fn a_closed_stdout_is_reported() {
    let program = "import os, time\nos.close(1)\ntime.sleep(1000)\n";
    is_reported(program, "20", "closed its stdout");
}

#[test]
fn a_program_that_does_not_exit_after_the_end_is_reported() {
    let program = solution("go_back_n.py") + "    import time\n    time.sleep(1000)\n";
    is_reported(&program, "0.5", "did not exit after end");
}

#[test]
fn child_processes_left_behind_are_reported_and_killed() {
    let child = "import os, time\nif os.fork() == 0:\n    \
                 open('child', 'w').write(str(os.getpid()))\n    os.close(0)\n    os.close(1)\n    \
                 os.close(2)\n    time.sleep(1000)\n    os._exit(0)\n\
                 while not os.path.exists('child'):\n    time.sleep(0.01)\n";
    let folder = python_folder(&solution("go_back_n.py"));
    let program = fs::read_to_string(folder.path().join("protocol.py")).unwrap();
    let place = program.find("from sash").unwrap();
    let (before, after) = program.split_at(place);
    fs::write(
        folder.path().join("protocol.py"),
        format!("{before}{child}{after}"),
    )
    .unwrap();
    let (sentence, _) = told_in(folder.path(), "20");
    assert!(
        sentence.contains("left child processes behind"),
        "{sentence}"
    );
    let child = fs::read_to_string(folder.path().join("child")).unwrap();
    // It is killed; the system may take a moment to end it.
    let state = || fs::read_to_string(format!("/proc/{child}/stat")).unwrap_or_default();
    let clock = Clock::start();
    while !state().is_empty() && !state().contains(") Z ") {
        let waited = clock.now().since_start();
        assert!(
            waited < Duration::from_secs(30),
            "the child {child} still runs"
        );
        std::thread::yield_now();
    }
}

#[test]
fn grading_continues_with_the_next_scenario_within_a_total_time_limit() {
    let folder = python_folder("import time\ntime.sleep(1000)\n");
    let arguments = ["stop-and-wait", "--event-limit", "5", "--limit", "1"];
    let result = json(folder.path(), &arguments, &[python(), "protocol.py"]);
    let scenarios = result["scenarios"].as_array().unwrap();
    assert_eq!(scenarios.len(), 15);
    let last = scenarios[14]["problem"]["failure"].as_str().unwrap();
    assert!(last.contains("--limit"), "{last}");
}

#[test]
fn a_missing_program_is_a_usage_error() {
    let folder = tempfile::tempdir().unwrap();
    let output = grade(folder.path(), &["go-back-n", "--", "./no-such-program"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(err(&output).contains("cannot start"), "{}", err(&output));
}
