//! The console output in the lessons and chapters is that of the laboratory.
//!
//! A fence `console` of the report holds commands, each on a line that begins with `$ `, and
//! below each its output. They run in virtual time, so the output is the same on every
//! computer. `UPDATE_REPORT=1 cargo test --test programs lesson::` makes it again.
#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    reason = "a test ends where something is not as it must be"
)]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

#[test]
fn every_command_of_the_lesson_prints_the_output_of_the_report() {
    assert!(check("report/lesson.md") >= 9, "too few commands");
}

#[test]
fn every_command_of_the_chapters_prints_the_output_of_the_report() {
    let pages = CHAPTERS.map(|name| (name, check(&format!("report/{name}.md"))));
    for (name, commands) in pages {
        assert!(commands > 0, "no command in {name}");
    }
}

/// The other pages with a fence `console`.
const CHAPTERS: [&str; 5] = [
    "predict",
    "reliable/congestion/bbr",
    "reliable/flow_control",
    "reliable/go_back_n",
    "reliable/stop_and_wait",
];

/// How many commands the page has.
fn check(name: &str) -> usize {
    let page = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(name);
    let shown = fs::read_to_string(&page).unwrap();
    let (printed, count) = run_again(&shown);
    if env::var_os("UPDATE_REPORT").is_some() {
        fs::write(&page, &printed).unwrap();
    } else if printed != shown {
        let differs = |(one, other): &(&str, &str)| one != other;
        let line = printed.lines().zip(shown.lines()).find(differs);
        panic!(
            "{name} is not what its commands print, from {line:?} on; \
             UPDATE_REPORT=1 cargo test --test programs lesson:: makes it again"
        );
    }
    count
}

/// The page with the output of each command made again, and how many there are.
fn run_again(shown: &str) -> (String, usize) {
    let mut page = String::new();
    let mut count = 0;
    let mut is_console = false;
    for line in shown.lines() {
        if line.starts_with("```") {
            is_console = line == "```console";
        } else if let Some(command) = line.strip_prefix("$ ").filter(|_| is_console) {
            page.extend([line, "\n", &output(command)]);
            count += 1;
            continue;
        } else if is_console {
            continue; // What it printed before.
        }
        page.extend([line, "\n"]);
    }
    (page, count)
}

fn output(command: &str) -> String {
    let lab = Path::new(env!("CARGO_BIN_EXE_lab"));
    let path = env::var_os("PATH").unwrap();
    let first = lab.parent().unwrap().to_owned();
    let path = env::join_paths([first].into_iter().chain(env::split_paths(&path)));
    let output = Command::new("sh")
        .args(["-c", command])
        .env("PATH", path.unwrap())
        .env_remove("RUST_LOG")
        .output()
        .unwrap();
    assert!(output.status.success(), "{command}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}
