//! What the tests of the programs share: a server that ends with its test, and conditions
//! that are waited for.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test waits for other processes, and may fail where it stands"
)]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Longer than any step of a test takes on a busy machine.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(90);

/// Every transport and protocol for a file.
pub(crate) const WAYS: [[&str; 2]; 5] = [
    ["--arq", "stop-and-wait"],
    ["--arq", "go-back-n"],
    ["--arq", "selective-repeat"],
    ["--arq", "sack"],
    ["--transport", "tcp"],
];

/// Pseudo-random bytes, so that no two segments are equal.
pub(crate) fn made_up(size: u64) -> Vec<u8> {
    sash::lab::contents::bytes(0..size)
}

/// The threads of a process by name, and what its descriptors lead to.
#[cfg(target_os = "linux")]
pub(crate) fn belongings(process: &Child) -> Vec<String> {
    let entries = |what| {
        let folder = format!("/proc/{}/{what}", process.id());
        std::fs::read_dir(folder)
            .unwrap()
            .map(|it| it.unwrap().path())
    };
    // What ends between the two calls is left out.
    let threads = entries("task").filter_map(|it| {
        let name = std::fs::read_to_string(it.join("comm")).ok()?;
        Some(format!("thread {}", name.trim()))
    });
    let descriptors = entries("fd").filter_map(|it| {
        let target = std::fs::read_link(it).ok()?;
        Some(target.to_string_lossy().into_owned())
    });
    threads.chain(descriptors).collect()
}

/// Waits until the process has as many threads and descriptors as before.
///
/// They are counted: a thread that has just begun does not have its name yet.
#[cfg(target_os = "linux")]
#[track_caller]
pub(crate) fn wait_until_released(process: &Child, before: &[String]) {
    let is_released = within(TIMEOUT, || belongings(process).len() == before.len());
    assert!(
        is_released,
        "{:#?}, before {before:#?}",
        belongings(process)
    );
}

/// A server that has said where it listens; it is killed when the test ends.
pub(crate) struct ServerProcess {
    pub(crate) process: Child,
    /// `127.0.0.1:PORT`.
    pub(crate) address: String,
    /// What it prints after its first line.
    pub(crate) stdout: BufReader<ChildStdout>,
}

impl ServerProcess {
    /// Starts the command and reads its address; the command decides where errors go.
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut process = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut stdout = BufReader::new(process.stdout.take().unwrap());
        let mut first = String::new();
        stdout.read_line(&mut first).unwrap();
        let address = first.trim().strip_prefix("listening on ");
        Self {
            address: address.unwrap_or_default().to_owned(),
            process,
            stdout,
        }
    }

    /// Kills the server at once, as `kill -9` does.
    pub(crate) fn kill(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The server on a free port of this computer, with any UDP ports, quiet.
pub(crate) fn server(files: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_server"));
    command
        .args(["--bind", "127.0.0.1:0", "--udp-ports", "0", "--files"])
        .arg(files)
        .stderr(Stdio::null());
    command
}

/// Starts a program that has no input and whose output is read at its end.
pub(crate) fn spawn(command: &mut Command) -> Child {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Sends a signal, such as `-INT`.
pub(crate) fn signal(process: &Child, name: &str) {
    let id = process.id().to_string();
    let sent = Command::new("kill").args([name, &id]).status();
    assert!(sent.unwrap().success());
}

/// Waits until the condition holds; the test fails at this line after [`TIMEOUT`].
#[track_caller]
pub(crate) fn wait_until(holds: impl FnMut() -> bool) {
    assert!(within(TIMEOUT, holds), "the condition did not hold in time");
}

/// Whether the condition becomes true within this time.
pub(crate) fn within(limit: Duration, mut holds: impl FnMut() -> bool) -> bool {
    let start = Instant::now();
    while !holds() {
        if start.elapsed() >= limit {
            return false;
        }
        thread::sleep(Duration::from_millis(10));
    }
    true
}

/// Runs a client again while its name is taken: its last one has left, but a busy server may
/// not have noticed yet.
pub(crate) fn once_its_name_is_free(mut run: impl FnMut() -> Output) -> Output {
    let mut output = run();
    wait_until(|| {
        let is_taken = printed(&output).contains("is taken. Choose another.");
        if is_taken {
            output = run();
        }
        !is_taken
    });
    output
}

/// Everything that a program printed, and how it ended.
pub(crate) fn printed(output: &Output) -> String {
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    format!("{stdout}{stderr}{}", output.status)
}

/// The program ended with 0.
#[track_caller]
pub(crate) fn succeeded(output: &Output) {
    ended_with(0, output);
}

/// The program ended with this code.
#[track_caller]
pub(crate) fn ended_with(code: i32, output: &Output) {
    assert_eq!(output.status.code(), Some(code), "{}", printed(output));
}
