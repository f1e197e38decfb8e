//! A class with the real programs: one teacher, three students, and a table.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test waits for other processes, and may fail where it stands"
)]

use crate::running::{
    ServerProcess, TIMEOUT, ended_with, once_its_name_is_free, printed, succeeded,
};
use sash::lab::class_question::{RunQuestion, short, usual_moment};
use sash::wire::message::{Answer, Assignment};
use sash::wire::options::{Arq, Congestion};
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A server with a class of dana's.
struct Class {
    server: ServerProcess,
    folder: TempDir,
}

/// A client that stays, and the lines that it prints.
struct Student {
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Receiver<String>,
}

impl Class {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("files")).unwrap();
        fs::write(folder.path().join("chalk"), "white chalk\n").unwrap();
        let server = ServerProcess::start(
            Command::new(env!("CARGO_BIN_EXE_server"))
                .current_dir(folder.path())
                .args(["--bind", "127.0.0.1:0", "--files", "files", "--class"])
                .args(["--teacher", "dana", "--teacher-password-file", "chalk"])
                .args(["--class-results", "results.csv"])
                .stderr(Stdio::null()),
        );
        Self { server, folder }
    }

    fn client(&self, name: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_client"));
        command
            .current_dir(self.folder.path())
            .args(["--server", &self.server.address, "--name", name])
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    fn teacher(&self, lines: &[&str]) -> String {
        let mut command = self.client("dana", &["--password-file", "chalk"]);
        for line in lines {
            command.args(["--exec", line]);
        }
        let output = command.output().unwrap();
        succeeded(&output);
        printed(&output)
    }

    fn student(&self, name: &str, arguments: &[&str]) -> Student {
        let arguments = [&["--text"], arguments].concat();
        let mut child = self.client(name, &arguments).spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        let student = Student {
            stdin: child.stdin.take(),
            child,
            lines,
        };
        student.wait_for("Joined ");
        student
    }

    fn csv(&self) -> PathBuf {
        self.folder.path().join("results.csv")
    }

    /// The rows of the file, once it has this many.
    fn rows(&self, count: usize) -> Vec<String> {
        let start = Instant::now();
        loop {
            let text = fs::read_to_string(self.csv()).unwrap();
            let rows: Vec<_> = text.lines().skip(1).map(str::to_owned).collect();
            if rows.len() >= count {
                return rows;
            }
            assert!(start.elapsed() < TIMEOUT, "{text}");
            thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Student {
    fn wait_for(&self, part: &str) -> String {
        loop {
            let line = self.lines.recv_timeout(TIMEOUT);
            let line = line.unwrap_or_else(|_| panic!("no {part:?}"));
            if line.contains(part) {
                return line;
            }
        }
    }

    fn types(&mut self, line: &str) {
        let stdin = self.stdin.as_mut().unwrap();
        stdin.write_all(format!("{line}\n").as_bytes()).unwrap();
    }
}

impl Drop for Student {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn three_students_answer_a_class_exercise_and_the_results_form_a_table() {
    let class = Class::new();
    let mut guy = class.student("guy", &[]);
    let mut yuval = class.student("yuval", &[]);
    class.teacher(&["/lab seed=7;loss=10%;delay=20ms --arq go-back-n"]);
    // One predicts, one refuses, and one that joins later runs with --accept-lab.
    guy.wait_for("dana asks you to run exercise 1: lab run --arq go-back-n");
    guy.types("/lab 85");
    let figures = guy.wait_for("Exercise 1: verified in ");
    let figures = figures.strip_suffix(" (predicted: 85 packets)").unwrap();
    guy.wait_for("dana has received your answer to exercise 1.");
    yuval.wait_for("dana asks you to run exercise 1");
    yuval.types("/lab no");
    yuval.wait_for("dana has received your answer to exercise 1.");
    let noa = class.student("noa", &["--accept-lab"]);
    // In virtual time the numbers are the same on every machine.
    assert_eq!(noa.wait_for("Exercise 1: verified in "), figures);
    noa.wait_for("dana has received your answer to exercise 1.");

    let table = class.teacher(&["/results"]);
    assert!(table.contains("Exercise 1: 3 answers"), "{table}");
    let rows = class.rows(3);
    let of = |name: &str| {
        let quoted = format!("\"{name}\"");
        let mut found = rows.iter().filter(|row| row.contains(&quoted));
        let row = found
            .next()
            .unwrap_or_else(|| panic!("no {name} in {rows:?}"));
        row.split(',').skip(2).collect::<Vec<_>>().join(",")
    };
    let link = "\"seed=7;loss=10%;delay=20ms\",go-back-n,fixed,16,1436,102400,,,,,,,";
    assert!(of("noa").starts_with("\"noa\",done,true,"), "{rows:?}");
    assert!(of("noa").ends_with(link), "{rows:?}");
    // What was predicted, and what was sent.
    let sent = of("noa").split(',').nth(5).unwrap().to_owned();
    let predicted =
        of("noa").strip_suffix(",,").unwrap().to_owned() + &format!(",85,{sent}");
    assert_eq!(of("guy"), predicted.replace("noa", "guy"));
    assert!(table.contains("(predicted: 85 packets)"), "{table}");
    assert_eq!(of("yuval"), format!("\"yuval\",declined,,,,,,{link}"));
    assert_eq!(rows.len(), 3);
}

#[test]
fn a_script_that_agrees_waits_for_its_results_and_an_invalid_exercise_is_not_assigned() {
    let class = Class::new();
    let told_teacher = class.teacher(&["/lab loss=5%"]);
    assert!(
        told_teacher.contains("Exercise 1 was given out"),
        "{told_teacher}"
    );
    let output = class
        .client("guy", &["--exec", "/users", "--exec", "/lab yes"])
        .output()
        .unwrap();
    succeeded(&output);
    assert!(
        printed(&output).contains("dana has received your answer"),
        "{}",
        printed(&output)
    );
    let output = class
        .client("dana", &["--password-file", "chalk"])
        .args(["--exec", "/lab loss=5% --size 100MiB"])
        .output()
        .unwrap();
    ended_with(1, &output);
    assert!(
        printed(&output).contains("too large"),
        "{}",
        printed(&output)
    );
    let output = once_its_name_is_free(|| {
        let mut guy = class.client("guy", &["--exec", "/lab loss=5%"]);
        guy.output().unwrap()
    });
    assert!(
        printed(&output).contains("Only dana"),
        "{}",
        printed(&output)
    );
}

#[test]
fn a_graded_program_is_submitted_and_the_newest_result_is_in_the_table() {
    let class = Class::new();
    let write = |points: u32| {
        let text = format!(
            "{{\"protocol\":\"go-back-n\",\"points\":{points},\"of\":110,\
             \"scenarios\":[{{\"points\":5,\"of\":5}},{{\"points\":{},\"of\":105}}]}}",
            points - 5
        );
        fs::write(class.folder.path().join("results.json"), text).unwrap();
    };
    for points in [46, 110] {
        write(points);
        let output = once_its_name_is_free(|| {
            let submit = ["--text", "--exec", "/submit results.json"];
            class.client("guy", &submit).output().unwrap()
        });
        succeeded(&output);
        let noted = format!(
            "The server saved your result for go-back-n: {points} of 110 points."
        );
        assert!(printed(&output).contains(&noted), "{}", printed(&output));
    }
    let table = class.teacher(&["/results"]);
    assert!(table.contains("1 answers"), "{table}");
    let row = "submitted go-back-n: 110 of 110 points, 2 of 2 scenarios passed";
    assert!(table.contains(row), "{table}");
    let rows = class.rows(2);
    assert!(rows[0].ends_with("\"go-back-n\",46,110,,,"), "{rows:?}");
    assert!(rows[1].ends_with("\"go-back-n\",110,110,,,"), "{rows:?}");
    let missing = once_its_name_is_free(|| {
        let mut guy = class.client("guy", &["--exec", "/submit no-such-file"]);
        guy.output().unwrap()
    });
    ended_with(1, &missing);
    assert!(
        printed(&missing).contains("Cannot read"),
        "{}",
        printed(&missing)
    );
}

#[test]
fn a_question_is_answered_in_a_terminal_and_everybody_sees_the_bars_and_the_reason() {
    let run = Assignment {
        link: "drop=d2.1;delay=50ms".to_owned(),
        arq: Arq::GoBackN,
        window: 4,
        congestion: Congestion::Fixed,
        segment_bytes: 1_436,
        size: 8 * 1_436,
    };
    let run = RunQuestion::new(usual_moment(&run).unwrap(), &run).unwrap();
    let right = short(run.right());
    let wrong = (0..4).map(Answer::Choice).find(|it| *it != run.right());
    let wrong = short(wrong.unwrap());

    let class = Class::new();
    let mut guy = class.student("guy", &[]);
    let mut yuval = class.student("yuval", &[]);
    let asked = class.teacher(&["/ask drop=d2.1;delay=50ms --arq go-back-n"]);
    assert!(asked.contains("Question 1 is asked"), "{asked}");
    guy.wait_for("dana asks question 1: What does the sender do next");
    guy.wait_for("The sender's retransmission timer has expired.");
    guy.wait_for("DATA 2---");
    guy.wait_for("Type /answer and a letter: a, b, c or d.");
    guy.types("/answer");
    guy.types("/answer z");
    guy.types("/answer 23");
    guy.types(&format!("/answer {wrong}"));
    guy.wait_for("Your answer to question 1 is noted.");
    guy.types(&format!("/answer {}", right.to_uppercase()));
    guy.wait_for("Your answer to question 1 is changed.");
    yuval.types(&format!("/answer {wrong}"));
    yuval.wait_for("Your answer to question 1 is noted.");
    // A client that joins later is asked too.
    let noa = class.student("noa", &[]);
    noa.wait_for("dana asks question 1");

    let shown = class.teacher(&["/reveal", "/results"]);
    let line = guy.wait_for("Question 1: 2 answers. Your answer is right. ");
    assert!(
        line.contains("go-back-n") || line.contains("timer"),
        "{line}"
    );
    let bar = guy.wait_for("your answer");
    assert!(bar.starts_with("> ############ "), "{bar}");
    assert!(bar.contains("   1  50 %"), "{bar}");
    yuval.wait_for(&format!("You answered {wrong}; {right} is right. "));
    noa.wait_for(&format!("Question 1: 2 answers. {right} is right. "));
    let row = |name: &str, rest: &str| format!("{name:<24}  question 1: {rest}");
    assert!(
        shown.contains(&row("guy", &format!("{right}, right"))),
        "{shown}"
    );
    assert!(
        shown.contains(&row("yuval", &format!("{wrong}, wrong"))),
        "{shown}"
    );
    assert!(!shown.contains("noa  "), "{shown}");
    let rows = class.rows(2);
    assert!(
        rows[0].ends_with(&format!(",,1,1,1,{right},{right}")),
        "{rows:?}"
    );
    assert!(
        rows[1].ends_with(&format!(",,0,1,1,{wrong},{right}")),
        "{rows:?}"
    );

    // A number, which nobody answers; and what is no question at all.
    let second = class.teacher(&["/ask drop=d2.1 --arq go-back-n --packets", "/reveal"]);
    guy.wait_for("How many DATA packets does go-back-n transmit in all");
    guy.wait_for("Question 2: nobody has answered. 12 is right. ");
    assert!(
        second.contains("8 segments and 4 retransmissions (DATA 2 to 5)"),
        "{second}"
    );
    let output = class
        .client("dana", &["--password-file", "chalk"])
        .args(["--exec", "/ask loss=5% --congestion reno"])
        .output()
        .unwrap();
    ended_with(1, &output);
    assert!(printed(&output).contains("leave --congestion out"));
}
