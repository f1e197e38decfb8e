//! The program `lab` from outside: event logs, output files and keys.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

fn lab(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lab"));
    command.args(arguments).stdin(Stdio::null());
    command
}

fn output(arguments: &[&str]) -> Output {
    lab(arguments).output().expect("lab is there")
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("it prints UTF-8")
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("it prints UTF-8")
}

/// A folder with one journal, and the journal's path.
fn journal() -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().expect("there is room");
    let run = output(&[
        "run",
        "--arq",
        "go-back-n",
        "--window",
        "4",
        "--size",
        "700",
        "--segment",
        "100",
        "--link",
        "drop=d2.1;delay=50ms",
        "--journal",
        folder.path().to_str().expect("its name is plain"),
    ]);
    assert!(run.status.success(), "{}", err(&run));
    let path = folder.path().join("go-back-n.jsonl");
    let path = path.to_str().expect("its name is plain").to_owned();
    (folder, path)
}

#[test]
fn a_journal_is_shown_as_ladder_diagram_and_as_strip() {
    let (_folder, path) = journal();
    let ladder = output(&["ladder", &path]);
    assert!(
        out(&ladder)
            .contains("DATA 2 is declared lost: no ACK arrived before the timeout")
    );
    let strip = output(&["replay", &path, "--at", "300"]);
    let text = out(&strip);
    assert!(text.contains("sender     ##X>>>."), "{text}");
    assert!(text.contains("--DATA 5-"), "{text}");
    let first = output(&["ladder", &path, "--packets", "3", "--from", "150"]);
    assert!(
        out(&first).contains("Shown: 3 of 26 packets"),
        "{}",
        out(&first)
    );
}

#[test]
fn without_a_journal_a_transfer_is_run_first() {
    let ladder = output(&["ladder", "--arq", "stop-and-wait", "--size", "10"]);
    assert!(out(&ladder).contains("DATA 0-"), "{}", out(&ladder));
}

#[test]
fn a_picture_replaces_its_file_completely_or_leaves_it_unchanged() {
    let (folder, path) = journal();
    let target = folder.path().join("x.svg");
    fs::write(&target, "old").unwrap();
    let target = target.to_str().unwrap();
    let drawn = output(&["replay", &path, "--svg", target]);
    assert!(drawn.status.success(), "{}", err(&drawn));
    assert!(fs::read_to_string(target).unwrap().ends_with("</svg>\n"));
    let names = fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(names, 2, "nothing is left beside it");
}

#[test]
fn an_unwritable_target_is_reported_in_a_sentence() {
    let (folder, path) = journal();
    let nowhere = folder.path().join("no/such/x.svg");
    let folder = folder.path().to_str().unwrap();
    for target in [nowhere.to_str().unwrap(), folder] {
        let drawn = output(&["ladder", &path, "--svg", target]);
        assert_eq!(drawn.status.code(), Some(1));
        let sentence = format!("lab: cannot write {target}: ");
        assert!(err(&drawn).starts_with(&sentence), "{}", err(&drawn));
    }
}

#[test]
fn an_unreadable_journal_is_reported_in_a_sentence() {
    let (folder, path) = journal();
    let whole = fs::read_to_string(&path).unwrap();
    let bad = folder.path().join("bad.jsonl");
    let bad = bad.to_str().unwrap();
    let told = |text: &str| {
        fs::write(bad, text).unwrap();
        let replay = output(&["replay", bad]);
        assert_eq!(replay.status.code(), Some(1), "{text}");
        err(&replay)
    };
    let older = whole.replacen("\"version\":1", "\"version\":0", 1);
    assert!(told(&older).contains("bad.jsonl: it is an event log of version 0"));
    let damaged = whole.replacen("\"kind\":\"SYN\"", "\"kind\":\"SIN\"", 1);
    assert!(told(&damaged).contains("line 2 is damaged"));
    assert!(told("").contains("it has no complete line"));
    assert!(told("{}\n").contains("not that of an event log of Sash"));
    let missing = output(&["ladder", "no-such.jsonl"]);
    assert!(err(&missing).starts_with("lab: cannot read no-such.jsonl: "));
}

#[test]
fn a_truncated_journal_is_shown_up_to_its_last_complete_line() {
    let (_folder, path) = journal();
    let whole = fs::read_to_string(&path).unwrap();
    fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    let ladder = output(&["ladder", &path]);
    assert!(ladder.status.success());
    assert!(
        err(&ladder).contains("is incomplete and left out"),
        "{}",
        err(&ladder)
    );
    assert!(out(&ladder).contains("DATA 0-"));
    let first = whole.find('\n').unwrap() + 1;
    fs::write(&path, &whole[..first]).unwrap();
    for command in ["ladder", "replay"] {
        let nothing = output(&[command, &path]);
        assert!(nothing.status.success(), "{}", err(&nothing));
    }
}

#[test]
fn a_replay_without_a_terminal_reads_one_key_per_line() {
    let (_folder, path) = journal();
    let mut replay = lab(&["replay", &path, "--step"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let keys = "next\nnext\nback\n$\n?\nquit\n";
    replay
        .stdin
        .take()
        .unwrap()
        .write_all(keys.as_bytes())
        .unwrap();
    let shown = out(&replay.wait_with_output().unwrap());
    let events: Vec<&str> = shown
        .lines()
        .filter_map(|line| line.split_once("event ")?.1.split(' ').next())
        .collect();
    assert_eq!(events[..4], ["0", "1", "2", "1"], "{shown}");
    assert_eq!(events.len(), 5, "{shown}");
}

#[test]
fn a_replay_into_a_pipe_prints_a_dozen_pictures() {
    let (_folder, path) = journal();
    let shown = out(&output(&["replay", &path, "--watch"]));
    assert_eq!(shown.matches("window 4: 700 bytes").count(), 12, "{shown}");
    assert!(shown.contains("sender     #######"), "{shown}");
}

#[test]
fn a_race_names_the_winner_and_states_that_the_losses_were_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let svg = folder.path().join("race.svg");
    let svg = svg.to_str().unwrap();
    let link = "seed=7;loss=10%;delay=10ms";
    let race = output(&["race", "--size", "50KiB", "--link", link, "--svg", svg]);
    let text = out(&race);
    assert!(text.contains("the same ones in every lane"), "{text}");
    assert!(
        fs::read_to_string(svg)
            .unwrap()
            .contains("selective-repeat")
    );
    let race = output(&["race", "--size", "50KiB", "--link", link, "--json"]);
    let lanes: Vec<serde_json::Value> = out(&race)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lanes.len(), 4);
    for lane in &lanes {
        assert_eq!(lane["first_losses"], lanes[0]["first_losses"]);
        assert_eq!(lane["first_losses_agree"], true);
        let again = lane["sent_again"].as_array().unwrap();
        let times: u64 = again.iter().map(|it| it["times"].as_u64().unwrap()).sum();
        assert_eq!(lane["resent"], times);
    }
}

#[test]
fn congestion_controllers_can_race_too() {
    let race = output(&[
        "race",
        "--arq",
        "selective-repeat",
        "--congestion",
        "reno,cubic",
        "--size",
        "100KiB",
        "--link",
        "delay=10ms",
    ]);
    let text = out(&race);
    assert!(
        text.contains("selective-repeat, window 8192, reno"),
        "{text}"
    );
    assert!(
        text.contains("selective-repeat, window 8192, cubic"),
        "{text}"
    );
}

#[test]
fn a_closed_output_pipe_is_not_a_failure() {
    let mut ladder = lab(&["ladder", "--size", "5MiB"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(ladder.stdout.take());
    let ended = ladder.wait_with_output().unwrap();
    assert!(ended.status.success(), "{}", err(&ended));
    assert_eq!(err(&ended), "");
}

#[test]
fn a_usage_error_is_reported_before_any_file_is_written() {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("never.svg");
    let target = target.to_str().unwrap();
    let two = output(&["ladder", "--size", "10", "--svg", target]);
    assert!(
        err(&two).contains("--svg draws one protocol"),
        "{}",
        err(&two)
    );
    let moment = output(&["replay", "x.jsonl", "--at", "soon"]);
    assert!(err(&moment).contains("milliseconds"), "{}", err(&moment));
    let speed = output(&["replay", "x.jsonl", "--speed", "0"]);
    assert!(err(&speed).contains("a speed from"), "{}", err(&speed));
    assert!(!Path::new(target).exists());
}
