//! A congestion controller compared with Reno: Reno itself has full marks, and a controller
//! that is faster or slower loses some.

use crate::desk::{grade, json, python, python_folder, solution};
use serde_json::Value;
use std::fs;
use tempfile::TempDir;

fn controller(text: &str) -> TempDir {
    let folder = python_folder(&solution("go_back_n.py"));
    fs::write(folder.path().join("controller.py"), text).unwrap();
    folder
}

fn graded(text: &str, arguments: &[&str]) -> Value {
    let folder = controller(text);
    let arguments = [&["congestion"], arguments].concat();
    json(folder.path(), &arguments, &[python(), "controller.py"])
}

/// A controller that always has this window.
fn always(window: &str) -> String {
    format!(
        "from sash import run_controller, set_window\n\nclass Controller:\n    \
         def on_begin(self, now):\n        set_window({window})\n    \
         def on_ack(self, now, number, round_trip):\n        pass\n    \
         def on_loss(self, now, number):\n        pass\n    \
         def on_timeout(self, now):\n        pass\n\nrun_controller(Controller)\n"
    )
}

#[test]
fn reno_in_python_has_full_marks() {
    let result = graded(&solution("reno.py"), &["--event-limit", "20"]);
    assert_eq!(
        (&result["points"], &result["of"]),
        (&30.into(), &30.into()),
        "{result}"
    );
    assert_eq!(result["paths"].as_array().unwrap().len(), 6);
}

#[test]
fn a_greedy_controller_is_reported_because_a_competing_reno_flow_starves() {
    let result = graded(&always("400"), &["--only", "1", "--event-limit", "20"]);
    let problem = result["paths"][0]["problems"][0].as_str().unwrap();
    assert!(problem.contains("Reno flow beside it keeps"), "{result}");
    assert_eq!(result["points"], 3);
}

#[test]
fn a_timid_controller_is_reported_because_it_gets_too_little_bandwidth() {
    let result = graded(&always("1"), &["--only", "1", "--event-limit", "20"]);
    let problem = result["paths"][0]["problems"].to_string();
    assert!(problem.contains("gets at least half"), "{result}");
}

#[test]
fn a_controller_that_fails_is_reported_in_a_sentence() {
    let result = graded("raise ValueError('my own words')\n", &["--only", "1"]);
    let path = &result["paths"][0];
    assert!(
        path["problems"].to_string().contains("exit status 1"),
        "{result}"
    );
    assert!(
        path["stderr"].to_string().contains("my own words"),
        "{result}"
    );
    let sends = always("400").replace("set_window(400)", "print('send 3')");
    let result = graded(&sends, &["--only", "1"]);
    let problem = result["paths"][0]["problems"].to_string();
    assert!(problem.contains("window, note and ok"), "{result}");
}

#[test]
fn the_html_page_shows_the_window_as_a_chart() {
    let folder = controller(&solution("reno.py"));
    let arguments = ["congestion", "--only", "1", "--html", "page.html"];
    let more = [
        "--gradescope",
        "results.json",
        "--",
        python(),
        "controller.py",
    ];
    let output = grade(folder.path(), &[&arguments[..], &more].concat());
    assert_eq!(output.status.code(), Some(0));
    let page = fs::read_to_string(folder.path().join("page.html")).unwrap();
    assert!(page.contains("<svg") && page.contains("reno beside it"));
    let results = fs::read_to_string(folder.path().join("results.json")).unwrap();
    let results: Value = serde_json::from_str(&results).unwrap();
    assert_eq!(results["score"], 5);
}

#[test]
fn protocol_options_are_refused_for_a_controller() {
    let folder = controller(&solution("reno.py"));
    for option in [&["--window", "4"][..], &["--seed", "1"], &["--only", "7"]] {
        let arguments = [&["congestion"], option, &["--", "true"]].concat();
        assert_eq!(grade(folder.path(), &arguments).status.code(), Some(2));
    }
}
