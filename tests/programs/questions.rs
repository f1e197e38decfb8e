//! A question for a class of a hundred over real sockets: the test reads every byte that a
//! client receives, and every answer counts once.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "clients of a test are no threads of Sash, and may fail where they stand"
)]

use sash::lab::class_question::RunQuestion;
use sash::room::door::{Rules, Teacher};
use sash::room::login::{Entropy, Password, answer};
use sash::server::ports::PortRange;
use sash::server::{self, Config, Running};
use sash::wire::message::{About, Answer, Assignment, Challenge};
use sash::wire::options::{Arq, Congestion};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;

const TIMEOUT: Duration = Duration::from_secs(60);
const CHALK: &str = "white chalk";
const CLASS: usize = 100;

/// A class with the teacher dana.
struct Class {
    server: Running,
    folder: TempDir,
}

/// A client that works as `nc` does and keeps everything that it receives.
struct Raw {
    stream: BufReader<TcpStream>,
    received: Vec<String>,
}

impl Class {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = Config {
            bind: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            files: folder.path().into(),
            ports: PortRange::Any,
            rules: Rules {
                password: None,
                teacher: Some(Teacher {
                    name: "dana".parse().unwrap(),
                    password: Password::new(CHALK).unwrap(),
                }),
                is_class: true,
            },
            class_results: Some(folder.path().join("results.csv")),
            ..Config::default()
        };
        let server = server::start(config).unwrap();
        Self { server, folder }
    }

    fn teacher(&self) -> Raw {
        let mut raw = Raw::connect(&self.server);
        raw.send(&json!({"join": {"name": "dana"}}));
        let challenge = raw.wait_for("challenge");
        let challenge: Challenge = serde_json::from_value(challenge).unwrap();
        let password = Password::new(CHALK).unwrap();
        let entropy = Entropy([7; 32]);
        let (proof, _) = answer(&password, &challenge, "dana", entropy).unwrap();
        raw.send(&json!({"proof": proof}));
        raw.wait_for("history");
        raw
    }

    fn student(&self, name: &str) -> Raw {
        let mut raw = Raw::connect(&self.server);
        raw.send(&json!({"join": {"name": name}}));
        raw.wait_for("history");
        raw
    }

    /// The rows of the file, once it has this many.
    fn rows(&self, count: usize) -> Vec<String> {
        let path = self.folder.path().join("results.csv");
        let start = Instant::now();
        loop {
            let rows = rows(&path);
            if rows.len() >= count {
                return rows;
            }
            assert!(start.elapsed() < TIMEOUT, "{} rows", rows.len());
            thread::sleep(Duration::from_millis(10));
        }
    }
}

fn rows(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap();
    text.lines().skip(1).map(str::to_owned).collect()
}

impl Raw {
    fn connect(server: &Running) -> Self {
        let stream = TcpStream::connect(server.address()).unwrap();
        stream.set_read_timeout(Some(TIMEOUT)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self {
            stream: BufReader::new(stream),
            received: Vec::new(),
        }
    }

    fn send(&mut self, request: &Value) {
        let line = format!("{request}\n");
        self.stream.get_mut().write_all(line.as_bytes()).unwrap();
    }

    /// The fields of the next line with this keyword.
    fn wait_for(&mut self, keyword: &str) -> Value {
        loop {
            let mut line = String::new();
            let count = self.stream.read_line(&mut line).unwrap();
            assert_ne!(count, 0, "no {keyword}");
            self.received.push(line);
            let line = self.received.last().unwrap();
            let line: Value = serde_json::from_str(line).unwrap();
            if let Some(fields) = line.get(keyword) {
                return fields.clone();
            }
        }
    }

    fn answers(&mut self, number: u64, packets: u64) {
        self.send(&json!({"answer": {"number": number, "packets": packets}}));
    }
}

/// Twelve segments, of which go-back-N loses three: its right answer is in no field.
fn assignment() -> Assignment {
    Assignment {
        link: "drop=d2.1,d7.1;delay=50ms".to_owned(),
        arq: Arq::GoBackN,
        window: 5,
        congestion: Congestion::Fixed,
        segment_bytes: 500,
        size: 6_000,
    }
}

fn ask(about: &Value) -> Value {
    let mut fields = serde_json::to_value(assignment()).unwrap();
    fields["about"] = about.clone();
    json!({"ask": fields})
}

#[test]
fn a_hundred_answers_within_a_second_are_counted_once_each_and_nobody_sees_one_before() {
    let run = RunQuestion::new(About::Packets, &assignment()).unwrap();
    let Answer::Packets(right) = run.right() else {
        panic!("a number is asked for");
    };
    let class = Class::new();
    let mut teacher = class.teacher();
    let mut students: Vec<(u64, Raw)> = (0..CLASS)
        .map(|place| class.student(&format!("student{place}")))
        .enumerate()
        // Numbers that occur nowhere else; one answer in four is right.
        .map(|(place, raw)| match place as u64 {
            place if place % 4 == 0 => (u64::from(right), raw),
            place => (700_000 + place % 4, raw),
        })
        .collect();
    teacher.send(&ask(&json!("packets")));
    teacher.wait_for("question");
    let ready = Barrier::new(CLASS);
    let begins = thread::scope(|scope| {
        let threads: Vec<_> = students
            .iter_mut()
            .enumerate()
            .map(|(place, (packets, raw))| {
                let ready = &ready;
                scope.spawn(move || {
                    raw.wait_for("question");
                    ready.wait();
                    let begin = Instant::now();
                    // One in ten answers again: the last answer counts.
                    if place % 10 == 9 {
                        raw.answers(1, 999_999);
                    }
                    raw.answers(1, *packets);
                    let sent = begin.elapsed();
                    raw.wait_for("notice");
                    if place % 10 == 9 {
                        raw.wait_for("notice");
                    }
                    sent
                })
            })
            .collect();
        threads.into_iter().map(|it| it.join().unwrap()).max()
    });
    assert!(begins.unwrap() < Duration::from_secs(1), "{begins:?}");
    let mut late = class.student("late");
    late.wait_for("question");
    // One leaves after its answer, and one does not answer.
    students.pop();
    while teacher.wait_for("answered")["count"] != CLASS {}

    look_at_all(&students, &teacher, &late, right);
    teacher.send(&json!("reveal"));
    let expected = json!({
        "number": 1,
        "answers": CLASS,
        "counts": [
            {"packets": right, "count": 25},
            {"packets": 700_001, "count": 25},
            {"packets": 700_002, "count": 25},
            {"packets": 700_003, "count": 25},
        ],
    });
    for raw in students.iter_mut().map(|(_, raw)| raw) {
        assert_eq!(raw.wait_for("revealed"), expected);
    }
    assert_eq!(late.wait_for("revealed"), expected);
    assert_eq!(teacher.wait_for("revealed"), expected);

    let rows = class.rows(CLASS);
    assert_eq!(rows.len(), CLASS);
    let names: BTreeSet<_> = rows.iter().map(|row| row.split(',').nth(2)).collect();
    assert_eq!(names.len(), CLASS);
    let points = rows.iter().filter(|row| row.contains(",1,1,1,")).count();
    assert_eq!(points, 25, "{}", rows[0]);
    late.answers(1, 5);
    let over = late.wait_for("error");
    assert_eq!(over["code"], "no-such-question");
    // The teacher alone sees names.
    teacher.send(&json!("lab-results"));
    let table = teacher.wait_for("lab-results");
    assert_eq!(table["rows"].as_array().unwrap().len(), CLASS);
}

/// Every line that any client has received since the question.
fn look_at_all(students: &[(u64, Raw)], teacher: &Raw, late: &Raw, right: u32) {
    let mut notices = BTreeSet::new();
    let mut questions = BTreeSet::new();
    let all = students.iter().map(|(_, raw)| raw).chain([late, teacher]);
    for raw in all {
        for line in &raw.received {
            for answer in ["70000", "999999"] {
                assert!(!line.contains(answer), "{line}");
            }
            let line: Value = serde_json::from_str(line).unwrap();
            let (keyword, fields) = line.as_object().unwrap().iter().next().unwrap();
            match keyword.as_str() {
                "question" => drop(questions.insert(fields.to_string())),
                "notice" => drop(notices.insert(fields.to_string())),
                "answered" => {
                    let keys: Vec<_> = fields.as_object().unwrap().keys().collect();
                    assert_eq!(keys, ["count", "number"]);
                }
                "challenge" | "welcome" | "history" | "joined" | "left" => {}
                other => panic!("{other}: {fields}"),
            }
        }
    }
    // One question for all, of these fields, and none of them is the right answer.
    assert_eq!(questions.len(), 1);
    let question: BTreeMap<String, Value> =
        serde_json::from_str(questions.first().unwrap()).unwrap();
    let mut fields: BTreeMap<String, Value> =
        serde_json::from_value(ask(&json!("packets"))["ask"].clone()).unwrap();
    fields.insert("number".into(), json!(1));
    fields.insert("from".into(), json!("dana"));
    assert_eq!(question, fields);
    assert!(!questions.first().unwrap().contains(&right.to_string()));
    // The notice is the same for every answer: noted, or changed.
    assert_eq!(notices.len(), 2, "{notices:?}");
    let counts = teacher.received.iter().filter(|it| it.contains("answered"));
    assert!(counts.count() < 40, "the counts are not throttled");
}

#[test]
fn a_choice_is_answered_by_letter_and_what_is_no_answer_is_refused() {
    let class = Class::new();
    let mut teacher = class.teacher();
    let mut guy = class.student("guy");
    teacher.send(&ask(&json!({"next": {"moment": 1, "choices": 4}})));
    guy.wait_for("question");
    guy.send(&json!({"answer": {"number": 1, "choice": 4}}));
    assert_eq!(guy.wait_for("error")["code"], "no-such-question");
    guy.send(&json!({"answer": {"number": 1, "choice": 2}}));
    guy.wait_for("notice");
    guy.send(&json!("reveal"));
    assert_eq!(guy.wait_for("error")["code"], "not-teacher");
    teacher.send(&json!("reveal"));
    let expected = json!([{"choice": 2, "count": 1}]);
    assert_eq!(guy.wait_for("revealed")["counts"], expected);
    // The server rejects a question that the laboratory would not run.
    let mut large = ask(&json!("packets"));
    large["ask"]["size"] = json!(500 * 201);
    teacher.send(&large);
    assert_eq!(teacher.wait_for("error")["code"], "bad-option");
}
