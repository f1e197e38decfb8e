//! The shutdown of a server and the reaction of its clients: the real programs, signals, and a
//! terminal in the place of a user.

#![cfg(target_os = "linux")]
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test waits for other processes, and may fail where it stands"
)]

use crate::running::{
    ServerProcess, TIMEOUT, ended_with, signal, spawn, succeeded, wait_until, within,
};
use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::pty::{Winsize, openpty};
use serde_json::{Value, json};
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;

const SIZE: u64 = 600_000;

/// About 3 s for the whole file.
const SLOWLY: [&str; 4] = ["--link", "data.delay=30ms", "--window", "4"];

/// About three times as long.
const SLOWLIER: [&str; 4] = ["--link", "data.delay=100ms", "--window", "4"];

/// The files of the server and of the client; they outlive both.
struct Fixture(TempDir);

/// A client at a terminal.
struct Person {
    client: Child,
    keys: File,
    screen: Arc<Mutex<String>>,
    is_closing: Arc<AtomicBool>,
}

impl Fixture {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("files")).unwrap();
        let bytes = sash::lab::contents::bytes(0..SIZE);
        fs::write(folder.path().join("files/a.bin"), bytes).unwrap();
        fs::write(folder.path().join("password"), "open sesame 7\n").unwrap();
        Self(folder)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn serve(&self, bind: &str, arguments: &[&str]) -> ServerProcess {
        ServerProcess::start(
            Command::new(env!("CARGO_BIN_EXE_server"))
                .current_dir(self.0.path())
                .args(["--bind", bind, "--udp-ports", "0", "--files", "files"])
                .args(arguments)
                .stderr(Stdio::null()),
        )
    }

    fn client(&self, server: &ServerProcess) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_client"));
        command.current_dir(self.0.path()).args([
            "--server",
            &server.address,
            "--name",
            "dana",
        ]);
        command
    }

    fn start_download(&self, server: &ServerProcess) -> Child {
        spawn(self.client(server).args(["--exec", "/download a.bin"]))
    }

    /// Waits until this much of the download has arrived.
    fn wait_for_part(&self, bytes: u64) {
        wait_until(|| self.part_is(bytes));
    }

    fn part_is(&self, bytes: u64) -> bool {
        let part = self.path("downloads/a.bin.part");
        fs::metadata(part).is_ok_and(|it| it.len() >= bytes)
    }

    fn has_arrived(&self) -> bool {
        let arrived = fs::read(self.path("downloads/a.bin"));
        arrived.is_ok_and(|it| it == sash::lab::contents::bytes(0..SIZE))
    }

    /// A user who has typed nothing yet, with a session and a terminal.
    fn person(&self, server: &ServerProcess) -> Person {
        let size = Winsize {
            ws_row: 30,
            ws_col: 120,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        let pty = openpty(&size, None).unwrap();
        // A child that inherits the terminal's own side would keep the terminal open.
        fcntl(&pty.master, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC)).unwrap();
        let side = || Stdio::from(pty.slave.try_clone().unwrap());
        let client = Command::new("setsid")
            .args(["--ctty", "--wait", env!("CARGO_BIN_EXE_client")])
            .current_dir(self.0.path())
            .env("TERM", "xterm")
            .args(["--text", "--server", &server.address, "--name", "dana"])
            .stdin(side())
            .stdout(side())
            .stderr(side())
            .spawn()
            .unwrap();
        drop(pty.slave);
        let keys = File::from(pty.master);
        let mut seen = keys.try_clone().unwrap();
        let screen = Arc::new(Mutex::new(String::new()));
        let shared = Arc::clone(&screen);
        let is_closing = Arc::new(AtomicBool::new(false));
        let ends = Arc::clone(&is_closing);
        thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = seen.read(&mut bytes)
                && !ends.load(Ordering::Acquire)
            {
                let text = String::from_utf8_lossy(&bytes[..count]);
                shared.lock().unwrap().push_str(&text);
            }
        });
        Person {
            client,
            keys,
            screen,
            is_closing,
        }
    }
}

/// The exit status of a server, which must end within `limit`.
fn end_of(server: &mut ServerProcess, limit: Duration) -> ExitStatus {
    let mut end = None;
    let is_over = within(limit, || {
        end = server.process.try_wait().unwrap();
        end.is_some()
    });
    assert!(is_over, "it continues after {limit:?}");
    end.unwrap()
}

impl Person {
    fn sees(&self, text: &str) {
        let start = Instant::now();
        while !self.screen().contains(text) {
            assert!(
                start.elapsed() < TIMEOUT,
                "no {text:?} in {}",
                self.screen()
            );
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Waits for the line editor, which discards what was typed before it began.
    fn sees_the_prompt(&self) {
        self.sees("> ");
        thread::sleep(Duration::from_millis(300));
    }

    /// In one burst, as SSH, tmux and input methods bring a line.
    fn types(&mut self, line: &str) {
        self.sends([line.as_bytes(), b"\r"].concat());
    }

    fn sends(&mut self, keys: impl AsRef<[u8]>) {
        let _ = self.keys.write_all(keys.as_ref());
    }

    fn screen(&self) -> String {
        self.screen.lock().unwrap().clone()
    }

    /// Closes the window of the terminal. A last key, which the terminal shows, ends the
    /// thread that reads the screen.
    fn closes_the_terminal(&mut self) {
        self.is_closing.store(true, Ordering::Release);
        self.sends(".");
        self.keys = File::open("/dev/null").unwrap();
    }
}

impl Drop for Person {
    fn drop(&mut self) {
        // `setsid` waits for the client, whose terminal closes.
        self.types("\u{15}/quit");
        thread::sleep(Duration::from_millis(100));
        let _ = self.client.kill();
        let _ = self.client.wait();
    }
}

/// Whether it arrives within a moment.
fn soon(holds: impl FnMut() -> bool) -> bool {
    within(Duration::from_secs(5), holds)
}

/// Joins without the client, and returns the server's further lines.
fn join(server: &ServerProcess) -> impl FnMut(Option<Value>) -> Value + use<> {
    let stream = TcpStream::connect(&server.address).unwrap();
    stream.set_read_timeout(Some(TIMEOUT)).unwrap();
    let mut reader = BufReader::new(stream);
    let mut ask = move |request: Option<Value>| {
        if let Some(request) = request {
            let line = format!("{request}\n");
            reader.get_mut().write_all(line.as_bytes()).unwrap();
        }
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        serde_json::from_str::<Value>(&line).unwrap_or_default()
    };
    assert!(
        ask(Some(json!({"join": {"name": "guy"}})))
            .get("welcome")
            .is_some()
    );
    assert!(ask(None).get("history").is_some());
    ask
}

#[test]
fn a_closing_server_lets_running_transfers_end_and_starts_no_new_ones() {
    let place = Fixture::new();
    let mut server = place.serve("127.0.0.1:0", &SLOWLY);
    let mut ask = join(&server);
    let download = place.start_download(&server);
    place.wait_for_part(SIZE / 4);
    assert!(ask(None).get("joined").is_some());
    signal(&server.process, "-TERM");
    let notice = ask(None);
    let text = notice["notice"]["text"].as_str().unwrap();
    assert!(
        text.contains("is closing. One transfer is running and has"),
        "{notice}"
    );
    let refused = ask(Some(json!({"download": {"file": "a.bin", "tag": 7}})));
    assert_eq!(refused["error"]["code"], "closing", "{refused}");
    wait_until(|| TcpStream::connect(&server.address).is_err());
    assert_eq!(end_of(&mut server, TIMEOUT).code(), Some(0));
    let output = download.wait_with_output().unwrap();
    succeeded(&output);
    assert!(place.has_arrived());
}

#[test]
fn a_transfer_cut_off_by_the_shutdown_resumes_by_itself_after_the_restart() {
    let place = Fixture::new();
    let arguments = [&SLOWLIER[..], &["--grace", "0"]].concat();
    let mut server = place.serve("127.0.0.1:0", &arguments);
    let mut person = place.person(&server);
    person.sees_the_prompt();
    // On a busy machine the line editor may not have started, and keys are lost.
    wait_until(|| {
        person.types("\u{15}/download a.bin");
        soon(|| place.part_is(1))
    });
    place.wait_for_part(SIZE / 20);
    signal(&server.process, "-INT");
    assert_eq!(end_of(&mut server, Duration::from_secs(8)).code(), Some(0));
    person.sees("The server is closing.");
    assert!(!place.has_arrived());
    let address = server.address.clone();
    drop(server);
    let _server = place.serve(&address, &[]);
    wait_until(|| place.has_arrived());
    person.sees("have already arrived; only the rest is sent");
    person.sees("downloaded and verified");
}

/// A script gives up half a minute after a lost connection. A person does not, even when the
/// room came back meanwhile.
#[test]
#[ignore = "takes long: ./sash test --long"]
fn a_user_at_a_terminal_is_still_in_the_room_a_minute_after_a_restart() {
    let place = Fixture::new();
    let mut server = place.serve("127.0.0.1:0", &[]);
    let mut person = place.person(&server);
    person.sees_the_prompt();
    let address = server.address.clone();
    server.kill();
    let _server = place.serve(&address, &[]);
    person.sees("away ");
    thread::sleep(Duration::from_secs(60));
    assert_eq!(person.client.try_wait().unwrap(), None);
    person.types("still here");
    person.sees("<dana> still here");
}

#[test]
fn several_lines_typed_in_one_burst_are_all_entered() {
    let place = Fixture::new();
    let server = place.serve("127.0.0.1:0", &[]);
    let mut person = place.person(&server);
    person.sees_the_prompt();
    // The last two as Windows ends a line.
    person.sends("first\rsecond\rthird\r\nfourth\r\n");
    for line in ["first", "second", "third", "fourth"] {
        person.sees(&format!("<dana> {line}"));
    }
}

#[test]
fn a_terminal_that_closes_ends_the_client_and_keeps_the_partial_file() {
    let place = Fixture::new();
    let server = place.serve("127.0.0.1:0", &SLOWLY);
    let mut person = place.person(&server);
    person.sees_the_prompt();
    wait_until(|| {
        person.types("\u{15}/download a.bin");
        soon(|| place.part_is(1))
    });
    person.closes_the_terminal();
    wait_until(|| person.client.try_wait().unwrap().is_some());
    assert!(place.part_is(1));
    assert!(!place.has_arrived());
    succeeded(&place.start_download(&server).wait_with_output().unwrap());
    assert!(place.has_arrived());
}

#[test]
fn a_typed_byte_that_is_not_utf_8_is_dropped_and_the_text_before_it_is_kept() {
    let place = Fixture::new();
    let server = place.serve("127.0.0.1:0", &[]);
    let mut person = place.person(&server);
    person.sees_the_prompt();
    person.sends("bon");
    person.sees("bon");
    person.sends(b"\xff");
    person.sees("The terminal sent bytes that are not UTF-8.");
    person.sends("jour\r");
    person.sees("<dana> bonjour");
}

#[test]
fn a_second_signal_ends_the_server_immediately() {
    let place = Fixture::new();
    let mut server = place.serve("127.0.0.1:0", &SLOWLIER);
    let download = place.start_download(&server);
    place.wait_for_part(1);
    signal(&server.process, "-TERM");
    thread::sleep(Duration::from_millis(300));
    assert_eq!(server.process.try_wait().unwrap(), None);
    signal(&server.process, "-TERM");
    assert_eq!(
        end_of(&mut server, Duration::from_secs(3)).code(),
        Some(130)
    );
    let output = download.wait_with_output().unwrap();
    ended_with(1, &output);
    assert!(place.path("downloads/a.bin.part").exists());
}

#[test]
fn a_server_without_transfers_closes_without_waiting() {
    let place = Fixture::new();
    let mut server = place.serve("127.0.0.1:0", &["--grace", "60s"]);
    signal(&server.process, "-TERM");
    assert_eq!(end_of(&mut server, Duration::from_secs(5)).code(), Some(0));
    let usage = Command::new(env!("CARGO_BIN_EXE_server"))
        .args(["--grace", "soon"])
        .output()
        .unwrap();
    assert_eq!(usage.status.code(), Some(2));
}

#[test]
fn the_password_prompt_does_not_show_the_password() {
    let place = Fixture::new();
    let server = place.serve("127.0.0.1:0", &["--password-file", "password"]);
    let mut person = place.person(&server);
    person.sees("Password: ");
    person.types("open sesame");
    person.sees("This is not the room's password");
    wait_until(|| person.screen().matches("Password: ").count() == 2);
    person.types("open sesame 7");
    person.sees_the_prompt();
    person.types("hi all");
    person.sees("<dana> hi all");
    assert!(!person.screen().contains("sesame"), "{}", person.screen());
}
