//! The real `client` in a script, against a small server in the test.
//!
//! This server is a list of steps: a line to wait for, or a line to send. Each test therefore
//! shows the lines on the wire, and tests the client without the server's code.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on shall fail")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::{Child, Command, Output, Stdio};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// One step of the scripted server.
enum Step {
    /// Wait for a line of the client that contains this.
    Expect(&'static str),
    /// Send this line to the client.
    Say(&'static str),
    /// Close the connection.
    HangUp,
}

use Step::{Expect, HangUp, Say};

const WELCOME: &str = r#"{"welcome":{"name":"dana","version":1,"server":"test","line_bytes":16384,"defaults":{"transport":"udp","arq":"selective-repeat","window":256,"segment_bytes":1436}}}"#;

/// A server for one client; joining its thread returns what the client sent after the last step.
struct Server {
    address: String,
    thread: JoinHandle<String>,
}

fn serve(steps: Vec<Step>) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let work = move || play(&listener.accept().unwrap().0, &steps);
    let thread = thread::Builder::new().spawn(work).unwrap();
    Server { address, thread }
}

fn play(mut stream: &TcpStream, steps: &[Step]) -> String {
    stream
        .set_read_timeout(Some(Duration::from_secs(60)))
        .unwrap();
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    for step in steps {
        match step {
            Expect(part) => {
                next_line(&mut reader, &mut line);
                assert!(line.contains(part), "wanted {part:?}, got {line:?}");
            }
            Say(line) => stream.write_all(format!("{line}\n").as_bytes()).unwrap(),
            // Read what the client sends meanwhile; otherwise the system would answer with a reset.
            HangUp => stream.shutdown(Shutdown::Write).unwrap(),
        }
    }
    let mut rest = String::new();
    // The client may end the connection roughly where the test made it.
    let _ = reader.read_to_string(&mut rest);
    rest
}

/// The next request; a `ping` follows the first one.
fn next_line(reader: &mut impl BufRead, line: &mut String) {
    loop {
        line.clear();
        reader.read_line(line).unwrap();
        if line.trim_end() != r#""ping""# {
            return;
        }
    }
}

fn client(arguments: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_client"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn run(arguments: &[&str]) -> Output {
    client(arguments).wait_with_output().unwrap()
}

fn exec(server: &Server, arguments: &[&str]) -> Output {
    let login = ["--server", &server.address, "--name", "dana"];
    run(&[&login, arguments].concat())
}

/// Types these bytes through a pipe.
fn pipe(server: &Server, bytes: &[u8]) -> Output {
    let mut client = client(&["--text", "--server", &server.address, "--name", "dana"]);
    client.stdin.take().unwrap().write_all(bytes).unwrap();
    client.wait_with_output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn a_script_waits_for_the_answer_to_each_line_and_then_exits() {
    let server = serve(vec![
        Expect(r#"{"join":{"name":"dana","version":1}}"#),
        Expect(r#""users""#),
        Say(WELCOME),
        Say(r#"{"history":{"lines":[{"from":"guy","text":"earlier","time":0}]}}"#),
        Say(r#"{"users":{"names":["dana","guy"]}}"#),
        Expect(r#"{"say":{"text":"hi"}}"#),
        Say(r#"{"said":{"from":"guy","text":"not yours","time":0}}"#),
        Say(r#"{"said":{"from":"dana","text":"hi","time":0}}"#),
        Expect("disconnect"),
    ]);
    let output = exec(&server, &["--exec", "/users", "--exec", "hi"]);
    let shown = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{shown}");
    assert!(shown.contains("\nOnline (2): dana, guy\n"), "{shown}");
    assert!(shown.contains(" <guy> earlier\n"), "{shown}");
    assert!(shown.ends_with(" <dana> hi\n"), "{shown}");
    assert_eq!(server.thread.join().unwrap(), "");
}

#[test]
fn the_join_and_the_first_command_are_sent_together() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let client = client(&["--server", &address, "--name", "dana", "--exec", "/files"]);
    let mut stream = listener.accept().unwrap().0;
    let expected = "{\"join\":{\"name\":\"dana\",\"version\":1}}\n\"files\"\n";
    let mut flight = vec![0; expected.len()];
    stream.read_exact(&mut flight).unwrap(); // Before any answer.
    assert_eq!(text(&flight), expected);
    drop(stream);
    let output = client.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(3));
}

#[test]
fn a_direct_message_to_an_absent_user_is_an_error_with_exit_code_1() {
    let server = serve(vec![
        Expect("join"),
        Expect("whisper"),
        Say(WELCOME),
        Say(
            r#"{"error":{"code":"no-such-user","sentence":"There is no user \"guy\"."}}"#,
        ),
        Expect("disconnect"),
    ]);
    let output = exec(&server, &["--exec", "/whisper guy hi"]);
    assert_eq!(output.status.code(), Some(1));
    let shown = text(&output.stdout);
    assert!(shown.ends_with("! There is no user \"guy\".\n"), "{shown}");
}

#[test]
fn a_missing_file_fails_the_script_also_in_json_mode() {
    let server = serve(vec![
        Expect("join"),
        Expect(r#"{"download":{"file":"no such.txt","tag":1,"arq":"go-back-n"}}"#),
        Say(WELCOME),
        Say(
            r#"{"error":{"code":"no-such-file","sentence":"There is no such file.","tag":1}}"#,
        ),
        Expect("disconnect"),
    ]);
    let arguments = ["--json", "--exec", "/download no such.txt --arq go-back-n"];
    let output = exec(&server, &arguments);
    assert_eq!(output.status.code(), Some(1));
    let events: Vec<serde_json::Value> = text(&output.stdout)
        .lines()
        .map(|line| serde_json::from_str(line).expect("one JSON value a line"))
        .collect();
    let end = events.last().unwrap();
    assert_eq!(end["download"]["state"], "failed", "{end}");
    assert_eq!(end["download"]["sentence"], "There is no such file.");
    assert!(events.iter().any(|it| it["welcome"]["name"] == "dana"));
    assert!(
        events
            .iter()
            .any(|it| it["connected"]["round_trip_us"].is_u64())
    );
    assert!(
        events
            .iter()
            .any(|it| it["error"]["code"] == "no-such-file")
    );
}

#[test]
fn a_download_without_a_usable_folder_is_cancelled_on_the_server() {
    let server = serve(vec![
        Expect("join"),
        Expect("download"),
        Say(WELCOME),
        Say(
            r#"{"offer":{"transfer":7,"tag":1,"file":"a.txt","port":9,"token":"00000000000000000000000000000000","size":5,"digest":null,"transport":"udp","arq":"go-back-n","window":4,"segment_bytes":1000}}"#,
        ),
        Expect(r#"{"cancel":{"transfer":7}}"#),
        Expect("disconnect"),
    ]);
    let not_a_folder = env!("CARGO_BIN_EXE_client");
    let arguments = ["--out", not_a_folder, "--exec", "/download a.txt"];
    let output = exec(&server, &arguments);
    server.thread.join().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stdout).contains("could not be started in the folder"));
}

#[test]
fn a_lost_connection_ends_the_script_with_exit_code_1() {
    let server = serve(vec![Expect("join"), Expect("users"), Say(WELCOME), HangUp]);
    let output = exec(&server, &["--exec", "/users", "--exec", "never said"]);
    assert_eq!(output.status.code(), Some(1));
    let shown = text(&output.stdout);
    assert!(shown.contains("closed the connection"), "{shown}");
}

#[test]
fn a_refused_name_gives_exit_code_4_with_the_sentence_of_the_server() {
    let server = serve(vec![
        Expect("join"),
        Say(
            r#"{"refused":{"code":"name-taken","sentence":"The name \"dana\" is taken. Choose another.","suggestion":"dana2"}}"#,
        ),
    ]);
    let output = exec(&server, &["--exec", "hi"]);
    assert_eq!(output.status.code(), Some(4));
    assert!(text(&output.stderr).contains("is taken. Choose another."));
}

#[test]
fn an_unreachable_server_gives_exit_code_3_with_advice() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    drop(listener);
    let output = run(&["--server", &address, "--name", "dana", "--exec", "hi"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(text(&output.stderr).contains("No server at"));
}

#[test]
fn a_server_of_another_protocol_gives_exit_code_3() {
    let server = serve(vec![Say("HTTP/1.1 400 Bad Request\r")]);
    let output = exec(&server, &["--exec", "hi"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(text(&output.stderr).contains("not a Sash server"));
}

#[test]
fn a_usage_error_gives_exit_code_2() {
    for arguments in [
        &["--text"][..],
        &["--window", "0"],
        &["--arq", "tahoe"],
        &["--no-such-flag"],
        &["--text", "--name", "dana", "--server", "host:port"],
    ] {
        assert_eq!(run(arguments).status.code(), Some(2), "{arguments:?}");
    }
}

#[test]
fn text_from_the_network_cannot_control_the_terminal() {
    let server = serve(vec![
        Expect("join"),
        Expect("users"),
        Say(WELCOME),
        Say(
            r#"{"said":{"from":"g\u001b[2Juy","text":"\u001b]0;owned\u0007\r","time":0}}"#,
        ),
        Say(r#"{"notice":{"text":"\u009b2J"}}"#),
        // A message that the client does not know: its log reports it.
        Say(r#"{"\u001b[2J\u0007\r":{}}"#),
        Say(r#"{"users":{"names":["\u001bc"]}}"#),
    ]);
    let output = exec(&server, &["--exec", "/users"]);
    for shown in [text(&output.stdout), text(&output.stderr)] {
        assert!(
            !shown.contains(['\u{1b}', '\u{7}', '\r', '\u{9b}']),
            "{shown:?}"
        );
        assert!(shown.contains('␛'), "{shown:?}");
    }
}

#[test]
fn piped_input_is_executed_and_its_answers_are_awaited() {
    let server = serve(vec![
        Expect("join"),
        Expect("say"),
        Say(WELCOME),
        Say(r#"{"said":{"from":"dana","text":"hi","time":0}}"#),
        Expect("disconnect"),
    ]);
    let output = pipe(&server, b"hi\n");
    let shown = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{shown}");
    assert!(shown.ends_with("<dana> hi\n"), "{shown}");
    assert_eq!(server.thread.join().unwrap(), "");
}

#[test]
fn an_overlong_line_is_refused_by_the_client_and_the_lines_after_it_are_sent() {
    let server = serve(vec![
        Expect("join"),
        Expect(r#"{"say":{"text":"after"}}"#),
        Say(WELCOME),
        Say(r#"{"said":{"from":"dana","text":"after","time":0}}"#),
        Expect("disconnect"),
    ]);
    let long = "x".repeat(17_500);
    let lines = format!("{long}\n/whisper guy {long}\n/download {long}\nafter\n");
    let output = pipe(&server, lines.as_bytes());
    let shown = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{shown}");
    let refusals = shown.matches("the server accepts at most 16384 bytes per line");
    assert_eq!(refusals.count(), 3, "{shown}");
    assert!(shown.ends_with("<dana> after\n"), "{shown}");
    assert_eq!(server.thread.join().unwrap(), "");
}

#[test]
fn a_byte_that_is_not_utf_8_in_a_pipe_is_replaced_and_gives_exit_code_1() {
    let server = serve(vec![
        Expect("join"),
        Expect("caf\u{fffd}"),
        Expect("after"),
        Say(WELCOME),
        Say(r#"{"said":{"from":"dana","text":"caf\ufffd","time":0}}"#),
        Say(r#"{"said":{"from":"dana","text":"after","time":0}}"#),
        Expect("disconnect"),
    ]);
    let output = pipe(&server, b"caf\xe9\nafter\n");
    let shown = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{shown}");
    assert!(
        shown.contains("! Line 1 of the input is not UTF-8."),
        "{shown}"
    );
    assert!(shown.ends_with("<dana> after\n"), "{shown}");
}

#[test]
fn ten_thousand_files_are_all_listed() {
    let entry = |number: usize| format!(r#"{{"name":"file-{number:05}","size":1}}"#);
    let numbers: Vec<usize> = (0..10_000).collect();
    let parts = numbers.chunks(250).map(|part| {
        let entries: Vec<String> = part.iter().map(|number| entry(*number)).collect();
        let more = part.last() != Some(&9_999);
        let line = format!(
            r#"{{"files":{{"files":[{}],"more":{more}}}}}"#,
            entries.join(",")
        );
        Say(line.leak())
    });
    let mut steps = vec![Expect("join"), Expect("files"), Say(WELCOME)];
    steps.extend(parts);
    steps.push(Expect("disconnect"));
    let server = serve(steps);
    let output = exec(&server, &["--exec", "/files"]);
    let shown = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0));
    let listed = shown.lines().filter(|line| line.contains("  file-"));
    assert_eq!(listed.count(), 10_000);
}

#[test]
fn a_waiting_download_shows_its_place_in_the_queue() {
    let queued = |place: u32| {
        let news = format!(
            r#"{{"transfer":{{"transfer":7,"tag":1,"state":"queued","place":{place}}}}}"#
        );
        Say(news.leak())
    };
    let server = serve(vec![
        Expect("join"),
        Expect("download"),
        Say(WELCOME),
        queued(3),
        queued(3),
        queued(1),
        Say(r#"{"transfer":{"transfer":7,"tag":1,"state":"failed","sentence":"Gone."}}"#),
        Expect("disconnect"),
    ]);
    let output = exec(&server, &["--exec", "/download a.txt"]);
    let shown = text(&output.stdout);
    let waits = "* a.txt is queued, position 3.\n\
                 * a.txt is queued, position 1.\n";
    assert!(shown.contains(waits), "{shown}");
}

#[test]
fn an_unknown_command_is_answered_with_the_nearest_one() {
    let server = serve(vec![Expect("join"), Say(WELCOME), Expect("disconnect")]);
    let output = exec(&server, &["--exec", "/flies"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stdout).contains("Did you mean /files?"));
}

#[test]
fn the_help_begins_with_examples() {
    let output = run(&["--help"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(text(&output.stdout).starts_with("Examples:\n"));
}

#[cfg(unix)]
#[test]
fn without_a_display_the_error_recommends_the_text_mode() {
    for wayland in ["", "wayland-0"] {
        let output = Command::new(env!("CARGO_BIN_EXE_client"))
            .env_remove("DISPLAY")
            .env("WAYLAND_DISPLAY", wayland)
            .output()
            .unwrap();
        let told = text(&output.stderr);
        assert!(!output.status.success());
        assert!(told.contains("--text"), "{wayland:?}: {told}");
    }
}
