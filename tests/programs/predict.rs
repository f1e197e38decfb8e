//! `lab predict` as a student uses it: the program, its questions and its score.
//!
//! `UPDATE_GOLDEN=1 cargo test --test programs predict::` rewrites the session that the report
//! prints; look at the diff.

use sash::lab::predict::{Occasion, Section};
use sash::wire::options::Arq;
use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// The session of the report: one lost segment, go-back-N, a window of 4.
const LESSON: [&str; 11] = [
    "predict",
    "--arq=go-back-n",
    "--window=4",
    "--segment=100",
    "--size=900",
    "--link=drop=d2.1;delay=50ms",
    "--questions=3",
    "--seed=1",
    "--first=0",
    "--offset=0",
    "--name=dana",
];

fn lab(arguments: &[&str], typed: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_lab"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program is there");
    let mut stdin = child.stdin.take().expect("it was asked for");
    // The reader has closed its end.
    let _ = stdin.write_all(typed.as_bytes());
    drop(stdin);
    child.wait_with_output().expect("it ends")
}

fn lesson(more: &[&str], typed: &str) -> Output {
    lab(&[&LESSON, more].concat(), typed)
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("text")
}

fn refused(output: &Output) -> String {
    assert!(!output.status.success(), "{output:?}");
    String::from_utf8(output.stderr.clone()).expect("text")
}

#[test]
fn the_session_in_the_report_is_the_output_of_the_program() {
    let output = lesson(&["--answers=a,b,a"], "");
    assert!(output.status.success(), "{output:?}");
    let found = said(&output);
    assert!(found.ends_with("2 of 3 correct.\n"), "{found}");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/predict.txt");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, &found).expect("the folder is ours");
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        golden == found,
        "predict.txt differs; UPDATE_GOLDEN=1 rewrites it. Now:\n{found}"
    );
}

#[test]
fn typed_answers_are_scored_and_a_hint_or_a_typing_error_costs_no_points() {
    let folder = tempfile::tempdir().unwrap();
    let csv = folder.path().join("score.csv");
    let path = format!("--csv={}", csv.display());
    let output = lesson(&[&path], "?\nwhat\nA\nb\nq\n");
    assert!(output.status.success(), "{output:?}");
    let said = said(&output);
    assert!(
        said.contains("Does this protocol retransmit because of"),
        "{said}"
    );
    assert!(said.contains("Answer a, b, c or d, ? for a hint"), "{said}");
    assert!(
        said.contains("1 of 2 correct.\n1 of 3 were not answered."),
        "{said}"
    );
    let score = std::fs::read_to_string(&csv).unwrap();
    assert_eq!(
        score,
        "name,scenario,protocol,question,at_ms,moment,choice,chosen,answer,right\r\n\
         dana,\"drop=d2.1;delay=50ms\",\"go-back-n, window 4\",1,350.0,duplicate ACK,a,waits,waits,1\r\n\
         dana,\"drop=d2.1;delay=50ms\",\"go-back-n, window 4\",2,462.5,timeout,b,\
         \"retransmits DATA 2, then sends DATA 6 for the first time\",\
         retransmits DATA 2 to 5,0\r\n"
    );
}

#[test]
fn the_teacher_sees_every_answer_without_being_asked() {
    let output = lab(&["predict", "--show", "--questions=12"], "");
    assert!(output.status.success(), "{output:?}");
    let said = said(&output);
    assert_eq!(said.matches("What does the sender do next").count(), 12);
    assert_eq!(said.matches("\n(report/").count(), 12);
    for arq in Arq::ALL {
        assert_eq!(
            said.matches(&format!(": {arq}, window")).count(),
            3,
            "{said}"
        );
    }
}

#[test]
fn an_invalid_request_is_reported_in_a_sentence_and_no_score_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let score = folder.path().join("score.csv");
    let csv = format!("--csv={}", score.display());
    let nowhere = format!("--csv={}", folder.path().join("a/b.csv").display());
    let is_folder = format!("--csv={}", folder.path().display());
    for (more, sentence) in [
        (
            vec!["--answers=a,z", &csv],
            "question 2 has no choice \"z\". Choose a, b, c or d",
        ),
        (vec!["--answers=a,a,a,a", &csv], "4 answers for 3 questions"),
        (vec![&*nowhere], "its folder does not exist"),
        (vec![&*is_folder], "is a folder, not a file"),
        (
            vec!["--congestion=reno", &csv],
            "with reno, the controller decides",
        ),
        (vec!["no-such-journal", &csv], "cannot read no-such-journal"),
    ] {
        let told = refused(&lesson(&more, ""));
        assert!(
            told.starts_with("lab: ") && told.contains(sentence),
            "{told}"
        );
        assert!(!score.exists());
    }
    let empty = refused(&lab(&["predict", "--size=0"], ""));
    assert!(
        empty.contains("this run has no moment to ask about"),
        "{empty}"
    );
}

#[test]
fn questions_can_be_asked_about_a_journal_as_about_a_run() {
    let folder = tempfile::tempdir().unwrap();
    let journals = format!("--journal={}", folder.path().display());
    let run = [
        "run", LESSON[1], LESSON[2], LESSON[3], LESSON[4], LESSON[5], &journals,
    ];
    assert!(lab(&run, "").status.success());
    let journal = folder.path().join("go-back-n.jsonl");
    let journal = journal.to_str().expect("text");
    let asked = lab(
        &["predict", journal, "--questions=3", "--answers=a,b,a"],
        "",
    );
    assert_eq!(said(&asked), said(&lesson(&["--answers=a,b,a"], "")));
}

#[test]
fn every_section_named_by_a_question_is_in_the_report() {
    for (occasion, arq) in Occasion::ALL
        .iter()
        .flat_map(|occasion| Arq::ALL.map(|arq| (occasion, arq)))
    {
        let Section { page, anchor } = occasion.section(arq);
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("report")
            .join(page);
        let text = std::fs::read_to_string(&path).expect(page);
        let anchors: BTreeSet<String> = text
            .lines()
            .filter_map(|line| line.strip_prefix('#'))
            .map(|heading| anchor_of(heading.trim_start_matches('#').trim()))
            .collect();
        assert!(
            anchors.contains(anchor),
            "{page} has no #{anchor}: {anchors:?}"
        );
    }
}

/// The anchor of this heading on a code host.
fn anchor_of(heading: &str) -> String {
    let kept =
        |letter: &char| letter.is_alphanumeric() || [' ', '-', '_'].contains(letter);
    let letters = heading.to_lowercase();
    letters
        .chars()
        .filter(kept)
        .collect::<String>()
        .replace(' ', "-")
}
