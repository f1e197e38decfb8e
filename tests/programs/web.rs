//! The laboratory's page on the class's server, over real sockets: the pages for a
//! browser, the answers to a stranger's bytes, and the data before answers are revealed.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "browsers of a test are no threads of Sash, and may fail where they stand"
)]

use crate::class::{Class, ask, assignment};
use crate::raw_client::RawClient;
use crate::running::TIMEOUT;
use sash::lab::class_question::RunQuestion;
use sash::room::login::Password;
use sash::server::Config;
use sash::server::web::WebConfig;
use sash::server::web::page::Page;
use sash::wire::message::{About, Answer};
use serde_json::{Value, json};
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpStream};
use std::ops::Deref;
use std::process::{Command, Stdio};
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

const PAGE: &str = include_str!("../../web/page/page.html");

/// A class with a page.
struct WebClass(Class);

/// The answer to a request: its status and its body.
type Told = (u16, String);

impl Deref for WebClass {
    type Target = Class;

    fn deref(&self) -> &Class {
        &self.0
    }
}

impl WebClass {
    fn new() -> Self {
        Self::with(|_| {})
    }

    fn with(change: impl FnOnce(&mut Config)) -> Self {
        Self(Class::with(|config| {
            let page = config.files.join("laboratory.html");
            fs::write(&page, PAGE).unwrap();
            fs::write(config.files.join("secret.txt"), "top secret").unwrap();
            config.web = Some(WebConfig {
                bind: config.bind,
                page: Page::read(&page, true).unwrap(),
            });
            change(config);
            fs::remove_file(page).unwrap(); // It was read once.
        }))
    }

    fn connect(&self) -> TcpStream {
        connect(self.server.web_address().unwrap())
    }

    /// Sends these bytes and reads all that comes back.
    fn exchange(&self, bytes: &[u8]) -> Vec<u8> {
        let mut stream = self.connect();
        let _ = stream.write_all(bytes);
        let _ = stream.shutdown(Shutdown::Write);
        let mut told = Vec::new();
        let _ = stream.read_to_end(&mut told);
        told
    }

    fn get(&self, target: &str) -> Told {
        split(&self.exchange(format!("GET {target} HTTP/1.1\r\n\r\n").as_bytes()))
    }

    fn look(&self, token: &str) -> Value {
        let request =
            format!("GET /question HTTP/1.1\r\nAuthorization: Bearer {token}\r\n\r\n");
        let (status, body) = split(&self.exchange(request.as_bytes()));
        assert_eq!(status, 200, "{body}");
        serde_json::from_str(&body).unwrap()
    }

    fn post(&self, target: &str, token: &str, body: &Value) -> (u16, Value) {
        let request = post(target, token, &body.to_string());
        let (status, body) = split(&self.exchange(request.as_bytes()));
        (status, serde_json::from_str(&body).unwrap())
    }

    /// Joins the class; returns the token of the new participant.
    fn join(&self, name: &str) -> String {
        let (status, body) = self.post("/join", "", &json!({"name": name}));
        assert_eq!((status, &body["name"]), (200, &json!(name)), "{body}");
        body["token"].as_str().unwrap().to_owned()
    }
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(TIMEOUT)).unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

fn post(target: &str, token: &str, body: &str) -> String {
    format!(
        "POST {target} HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
         Authorization: Bearer {token}\r\n\r\n{body}",
        body.len()
    )
}

fn split(told: &[u8]) -> Told {
    let told = String::from_utf8(told.to_vec()).unwrap();
    let (head, body) = told.split_once("\r\n\r\n").expect("an answer");
    let status = head
        .strip_prefix("HTTP/1.1 ")
        .unwrap()
        .split(' ')
        .next()
        .unwrap();
    let length = format!("Content-Length: {}\r\n", body.len());
    assert!(head.contains(&length), "{head}");
    (status.parse().unwrap(), body.to_owned())
}

fn right() -> u32 {
    let run = RunQuestion::new(About::Packets, &assignment()).unwrap();
    match run.right() {
        Answer::Packets(right) => right,
        Answer::Choice(_) => panic!("a number is asked for"),
    }
}

#[test]
fn the_page_is_served_from_memory_and_no_path_reaches_the_disk() {
    let class = WebClass::new();
    let (status, page) = class.get("/");
    assert_eq!(status, 200);
    assert!(page.contains("data-class=\"yes\""));
    assert!(page.contains("connect-src 'self'"));
    assert_eq!(class.get("/?theme=dark"), (200, page));
    for target in [
        "/secret.txt",
        "/../secret.txt",
        "/..%2fsecret.txt",
        "/%2e%2e/%2e%2e/etc/passwd",
        "//etc/passwd",
        "/./",
        "/\\..\\secret.txt",
        "file:///etc/passwd",
        "http://127.0.0.1/secret.txt",
        "/laboratory.html",
        "/index.html",
        "*",
    ] {
        let (status, body) = class.get(target);
        assert_eq!(status, 404, "{target}");
        assert!(
            !body.contains("secret") && !body.contains("root:"),
            "{body}"
        );
    }
    let head = class.exchange(b"HEAD / HTTP/1.1\r\n\r\n");
    let head = String::from_utf8(head).unwrap();
    assert!(head.ends_with("\r\n\r\n"), "{head}");
    for field in ["frame-ancestors 'none'", "nosniff", "no-referrer"] {
        assert!(head.contains(field), "{field}: {head}");
    }
}

#[test]
fn a_name_is_checked_as_in_the_chat_and_belongs_to_one_user() {
    let class = WebClass::new();
    let _yuval = RawClient::join(class.server.address(), "yuval");
    class.join("guy");
    for (name, reason) in [
        ("guy", "taken"),
        ("gu\u{443}", "looks like"),
        ("yuval", "taken"),
        ("dana", "teacher"),
        ("", ""),
    ] {
        let (status, body) = class.post("/join", "", &json!({"name": name}));
        assert_eq!(status, 403, "{name}: {body}");
        let sentence = body["sentence"].as_str().unwrap();
        assert!(sentence.contains(reason), "{name}: {sentence}");
        if name != "dana" && !name.is_empty() {
            let suggestion = body["suggestion"].as_str().unwrap();
            assert_ne!(suggestion, name);
        }
    }
    // Nobody in the chat can have the name of a participant.
    let mut chat = RawClient::knock(class.server.address(), "guy");
    assert_eq!(chat.wait_for("refused")["code"], "name-taken");
}

#[test]
fn an_exercise_reaches_the_browsers_and_each_sends_one_result() {
    let class = WebClass::new();
    let (mut teacher, token) = (class.teacher(), class.join("guy"));
    teacher.send(&json!({"lab": assignment()}));
    let lab = teacher.wait_for("lab");
    let seen = class.look(&token);
    assert_eq!((&seen["lab"], &seen["me"]["has_run"]), (&lab, &Value::Null));
    let result = json!({"number": 1, "outcome": {"done": {"verified": true, "elapsed_us": 1,
        "goodput": 1, "sent_packets": 12, "resent_packets": 4, "predicted_packets": 9}}});
    assert_eq!(class.post("/result", "", &result).0, 401, "nobody");
    assert_eq!(class.post("/result", &token, &json!({"number": 1})).0, 400);
    assert_eq!(class.post("/result", &token, &result).0, 200);
    assert_eq!(class.post("/result", &token, &result).0, 403, "once");
    assert_eq!(class.look(&token)["me"]["has_run"], true);
    assert!(class.rows(1)[0].contains("guy"), "{:?}", class.rows(1));
}

#[test]
fn a_participant_who_is_removed_or_banned_is_out() {
    let class = WebClass::new();
    let mut teacher = class.teacher();
    let token = class.join("guy");
    assert_eq!(class.look(&token)["me"]["name"], "guy");
    teacher.send(&json!({"ban": {"name": "guy"}}));
    teacher.wait_for("notice");
    assert_eq!(class.look(&token)["me"], Value::Null);
    let (status, body) = class.post("/join", "", &json!({"name": "guy"}));
    assert_eq!(status, 403);
    assert!(
        body["sentence"].as_str().unwrap().contains("banned"),
        "{body}"
    );
    let answer = json!({"number": 1, "packets": 3});
    assert_eq!(class.post("/answer", &token, &answer).0, 401);
    teacher.send(&json!({"kick": {"name": "guy"}}));
    assert_eq!(teacher.wait_for("error")["code"], "no-such-user");
}

#[test]
fn a_hundred_phones_answer_once_each_and_no_byte_tells_an_answer_before_reveal() {
    const PHONES: usize = 100;
    let right = right();
    let class = WebClass::new();
    let mut teacher = class.teacher();
    let tokens: Vec<_> = (0..PHONES)
        .map(|place| class.join(&format!("phone{place}")))
        .collect();
    assert_eq!(class.look("")["question"], Value::Null);
    teacher.send(&ask(&json!("packets")));
    teacher.wait_for("question");
    let ready = Barrier::new(PHONES);
    let begin = Instant::now();
    let told: Vec<Vec<u8>> = thread::scope(|scope| {
        let phones: Vec<_> = tokens
            .iter()
            .enumerate()
            .map(|(place, token)| {
                let (class, ready) = (&class, &ready);
                scope.spawn(move || {
                    ready.wait();
                    let mut told = class.exchange(b"GET /question HTTP/1.1\r\n\r\n");
                    let packets = if place % 4 == 0 { right } else { 700_001 };
                    // One in ten has thought again: the last answer counts.
                    let answers = match place % 10 {
                        9 => vec![999_999, packets],
                        _ => vec![packets],
                    };
                    for packets in answers {
                        let body = json!({"number": 1, "packets": packets}).to_string();
                        let request = post("/answer", token, &body);
                        let noted = class.exchange(request.as_bytes());
                        assert!(noted.starts_with(b"HTTP/1.1 200"), "{noted:?}");
                        told.extend(noted);
                    }
                    told.extend(class.exchange(b"GET /question HTTP/1.1\r\n\r\n"));
                    told
                })
            })
            .collect();
        phones.into_iter().map(|it| it.join().unwrap()).collect()
    });
    assert!(
        begin.elapsed() < Duration::from_secs(5),
        "{:?}",
        begin.elapsed()
    );
    // The server sends an answer to its owner, and to nobody else.
    assert_eq!(
        class.look(&tokens[1])["me"]["answer"],
        json!({"packets": 700_001})
    );
    while teacher.wait_for("answered")["count"] != PHONES {}
    let question = class.look("")["question"].to_string();
    assert!(!question.contains(&format!(":{right}")), "{question}");
    for told in &told {
        let told = String::from_utf8(told.clone()).unwrap();
        for secret in ["70000", "999999", "\"revealed\":{"] {
            assert!(!told.contains(secret), "{told}");
        }
        // The question is the only place for numbers, and the same for all.
        let bodies = told.split("\r\n\r\n").filter_map(|it| {
            let it = it.split("HTTP/1.1").next().unwrap();
            it.starts_with('{').then_some(it)
        });
        for body in bodies {
            let body: Value = serde_json::from_str(body).unwrap();
            if body.get("sentence").is_none() {
                let wanted = json!({"question": serde_json::from_str::<Value>(&question)
                    .unwrap(), "revealed": null, "me": null});
                assert_eq!(body, wanted);
            }
        }
    }

    teacher.send(&json!("reveal"));
    let revealed = teacher.wait_for("revealed");
    let counts = json!([
        {"packets": 700_001, "count": 75},
        {"packets": right, "count": 25},
    ]);
    assert_eq!(revealed["counts"], counts);
    let seen = class.look(&tokens[0]);
    assert_eq!(seen["revealed"], revealed);
    assert_eq!(seen["me"]["answer"], json!({"packets": right}));
    let rows = class.rows(PHONES);
    assert_eq!(rows.len(), PHONES);
    assert_eq!(
        rows.iter().filter(|row| row.contains(",1,1,1,")).count(),
        25
    );
    assert!(rows.iter().any(|row| row.contains("\"phone42\",answered")));
    let late = json!({"number": 1, "packets": 3});
    let (status, body) = class.post("/answer", &tokens[0], &late);
    assert_eq!(status, 403, "{body}");
}

#[test]
fn garbage_and_oversize_end_one_connection_and_the_next_request_is_served() {
    let class = WebClass::new();
    let long_head = format!("GET / HTTP/1.1\r\nA: {}\r\n\r\n", "a".repeat(20_000));
    let long_body = post(
        "/join",
        "",
        &format!("{{\"name\":\"{}\"}}", "a".repeat(2_000)),
    );
    let token = class.join("guy");
    let form = "POST /join HTTP/1.1\r\nContent-Type: text/plain\r\nContent-Length: 14\r\n\r\n\
                {\"name\":\"eve\"}";
    let smuggled = "POST /join HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\
                    \r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n";
    for (bytes, wanted) in [
        (long_head.as_bytes(), 431),
        (long_body.as_bytes(), 413),
        (
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".as_slice(),
            400,
        ),
        (b"{\"join\":{\"name\":\"guy\"}}\n", 400),
        (b"GET / HTTP/9.9\r\n\r\n", 400),
        (b"DELETE / HTTP/1.1\r\n\r\n", 405),
        (b"POST / HTTP/1.1\r\n\r\n", 405),
        (b"GET /join HTTP/1.1\r\n\r\n", 405),
        (form.as_bytes(), 415),
        (smuggled.as_bytes(), 411),
        (post("/join", "", "[1,2").as_bytes(), 400),
        (
            post("/answer", "", "{\"number\":1,\"choice\":1}").as_bytes(),
            401,
        ),
        (post("/answer", &token, "{\"number\":1}").as_bytes(), 400),
        (
            post("/answer", &token, "{\"number\":-1,\"choice\":1}").as_bytes(),
            400,
        ),
        (
            post("/answer", &token, "{\"number\":1,\"choice\":1}").as_bytes(),
            403,
        ),
    ] {
        let told = class.exchange(bytes);
        let said = String::from_utf8_lossy(bytes);
        let said: String = said.chars().take(60).collect();
        assert!(!told.is_empty(), "no answer to {said}");
        assert_eq!(split(&told).0, wanted, "{said}");
        assert_eq!(told.windows(9).filter(|it| it == b"HTTP/1.1 ").count(), 1);
    }
    let mut seed = 7_u64;
    for _ in 0..200 {
        let bytes: Vec<u8> = (0..200)
            .map(|_| {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                (seed >> 56) as u8
            })
            .collect();
        class.exchange(&bytes);
    }
    assert_eq!(class.get("/").0, 200);
}

#[test]
fn clients_that_send_slowly_hold_no_other_up_and_are_ended_in_time() {
    let class = WebClass::new();
    let slow: Vec<TcpStream> = (0..150)
        .map(|_| {
            let mut stream = class.connect();
            stream.write_all(b"POST /answer HTTP/1.1\r\nX: ").unwrap();
            stream
        })
        .collect();
    let begin = Instant::now();
    assert_eq!(class.get("/").0, 200);
    assert!(begin.elapsed() < Duration::from_secs(2));
    // A byte now and then does not help.
    let mut told = String::new();
    for mut stream in slow {
        stream
            .set_read_timeout(Some(Duration::from_millis(100)))
            .unwrap();
        while begin.elapsed() < Duration::from_secs(9) {
            let _ = stream.write_all(b"x");
            thread::sleep(Duration::from_millis(300));
        }
        stream
            .set_read_timeout(Some(Duration::from_secs(6)))
            .unwrap();
        told.clear();
        let _ = stream.read_to_string(&mut told);
        assert!(told.starts_with("HTTP/1.1 408"), "{told:?}");
    }
    assert!(begin.elapsed() < Duration::from_secs(20));
}

#[test]
fn the_connections_and_the_names_of_one_address_are_bounded() {
    let class = WebClass::with(|config| config.max_per_address = Some(8));
    let silent: Vec<_> = (0..8).map(|_| class.connect()).collect();
    let start = Instant::now();
    while split(&class.exchange(b"GET / HTTP/1.1\r\n\r\n")).0 != 429 {
        assert!(start.elapsed() < TIMEOUT);
    }
    drop(silent);
    while split(&class.exchange(b"GET / HTTP/1.1\r\n\r\n")).0 != 200 {
        thread::sleep(Duration::from_millis(50));
        assert!(start.elapsed() < TIMEOUT);
    }
    let joined = (0..20).filter(|place| {
        let body = json!({"name": format!("many{place}")});
        loop {
            let (status, _) = class.post("/join", "", &body);
            if status != 429 {
                return status == 200;
            }
            thread::sleep(Duration::from_millis(100));
        }
    });
    assert_eq!(joined.count(), 8);
}

#[test]
fn a_room_with_a_password_tells_a_browser_nothing_of_its_class() {
    let class = WebClass::with(|config| {
        config.rules.password = Some(Password::new("open sesame").unwrap());
    });
    let mut teacher = class.teacher();
    teacher.send(&ask(&json!("packets")));
    teacher.wait_for("question");
    let (status, body) = class.get("/question");
    assert_eq!(status, 403);
    assert!(
        body.contains("password") && !body.contains("drop="),
        "{body}"
    );
    assert_eq!(class.post("/join", "", &json!({"name": "guy"})).0, 403);
    assert_eq!(class.get("/").0, 200);
}

#[test]
fn the_program_prints_the_address_of_the_page_and_says_how_to_build_a_missing_one() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("laboratory.html"), PAGE).unwrap();
    let program = |page: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_server"));
        command
            .current_dir(folder.path())
            .args(["--bind", "127.0.0.1:0", "--files", ".", "--web", "0"])
            .args(["--web-page", page])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    };
    let missing = program("missing.html").output().unwrap();
    assert_eq!(missing.status.code(), Some(1));
    let told = String::from_utf8(missing.stderr).unwrap();
    for part in ["missing.html", "./sash web", "--web-page"] {
        assert!(told.contains(part), "{told}");
    }
    let mut server = program("laboratory.html").spawn().unwrap();
    let stdout = BufReader::new(server.stdout.take().unwrap());
    let lines: Vec<_> = stdout.lines().take(3).map(Result::unwrap).collect();
    let url = lines[2].strip_prefix("In a browser: http://localhost:");
    let port: u16 = url.unwrap().trim_end_matches('/').parse().unwrap();
    let mut stream = connect(SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    stream.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    let mut told = String::new();
    stream.read_to_string(&mut told).unwrap();
    server.kill().unwrap();
    server.wait().unwrap();
    // Without a class the page sends no requests.
    assert!(told.contains("data-class=\"no\""));
    let body = told.split_once("\r\n\r\n").unwrap().1;
    assert!(!body.contains("connect-src"));
}
