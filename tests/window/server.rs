//! A server with a few files, and a client without a window.

use serde_json::{Value, json};
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

/// A running server; it ends with this value.
pub(crate) struct Server {
    process: Child,
    address: String,
    folder: TempDir,
}

/// A client that receives raw lines.
pub(crate) struct Watcher {
    stream: BufReader<TcpStream>,
    seen: Vec<Value>,
}

/// The offered files, in the order of the list.
const FILES: [(&str, u32); 5] = [
    ("campus map.png", 184_301),
    ("large.bin", 1_500_000),
    ("lecture 3.mp4", 6_310_222),
    ("notes.txt", 5_120),
    ("שלום.txt", 74),
];

/// The longest wait on a slow machine.
const TIMEOUT: Duration = Duration::from_secs(120);

impl Server {
    /// Starts the real program on a free port.
    pub(crate) fn start() -> Self {
        Self::start_with(&[])
    }

    /// The same, with these flags too; `--bind` is one of them.
    pub(crate) fn start_with(flags: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, length) in FILES {
            fs::write(folder.path().join(name), content(length)).unwrap();
        }
        let anywhere = ["--bind", "127.0.0.1:0"];
        let place = if flags.contains(&"--bind") {
            &[][..]
        } else {
            &anywhere
        };
        let mut process = Command::new(env!("CARGO_BIN_EXE_server"))
            .args(["--udp-ports", "0", "--files"])
            .arg(folder.path())
            .args(place)
            .args(flags)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut first_line = String::new();
        let stdout = process.stdout.take().unwrap();
        BufReader::new(stdout).read_line(&mut first_line).unwrap();
        let address = first_line.trim().strip_prefix("listening on ").unwrap();
        Self {
            process,
            address: address.to_owned(),
            folder,
        }
    }

    /// `127.0.0.1:PORT`.
    pub(crate) fn address(&self) -> String {
        self.address.clone()
    }

    /// The content of a file of this server.
    pub(crate) fn content(&self, name: &str) -> Vec<u8> {
        fs::read(self.folder.path().join(name)).unwrap()
    }

    /// Joins without a window.
    pub(crate) fn join(&self, name: &str) -> Watcher {
        let address = self.address.to_socket_addrs().unwrap().next().unwrap();
        let stream = TcpStream::connect_timeout(&address, TIMEOUT).unwrap();
        stream.set_read_timeout(Some(TIMEOUT)).unwrap();
        writeln!(&stream, "{}", json!({"join": {"name": name}})).unwrap();
        let mut watcher = Watcher {
            stream: BufReader::new(stream),
            seen: Vec::new(),
        };
        watcher.find(|line| line.get("welcome").cloned());
        watcher
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

impl Watcher {
    /// Sends a line to all.
    pub(crate) fn say(&self, text: &str) {
        self.ask(&json!({"say": {"text": text}}));
    }

    /// Sends a direct message.
    pub(crate) fn whisper(&self, to: &str, text: &str) {
        self.ask(&json!({"whisper": {"to": to, "text": text}}));
    }

    fn ask(&self, request: &Value) {
        writeln!(self.stream.get_ref(), "{request}").unwrap();
    }

    /// Waits for this very line.
    pub(crate) fn expect(&mut self, expected: &Value) {
        self.find(|line| (line == expected).then(|| line.clone()));
    }

    /// Waits until a client has sent this to all.
    pub(crate) fn expect_said(&mut self, from: &str, text: &str) {
        self.find(|line| {
            let said = line.get("said")?;
            (said["from"] == from && said["text"] == text).then(|| said.clone())
        });
    }

    /// Waits for the next line of this user to all.
    pub(crate) fn expect_line(&mut self, from: &str) -> String {
        let text = self.find(|line| {
            let said = line.get("said")?;
            (said["from"] == from).then(|| said["text"].clone())
        });
        text.as_str().unwrap().to_owned()
    }

    /// Waits until a file of this name was uploaded.
    pub(crate) fn expect_shared(&mut self, from: &str, name: &str) {
        self.find(|line| {
            let shared = line.get("shared")?;
            let is_it = shared["from"] == from && shared["file"]["name"] == name;
            is_it.then(|| shared.clone())
        });
    }

    /// Waits for a direct message; returns the sender and the text.
    pub(crate) fn expect_whisper(&mut self) -> (String, String) {
        let whispered = self.find(|line| line.get("whispered").cloned());
        let word = |key: &str| whispered[key].as_str().unwrap().to_owned();
        (word("from"), word("text"))
    }

    /// Waits until a user has left; returns the reason.
    pub(crate) fn expect_left(&mut self, name: &str) -> String {
        let left = self.find(|line| line.get("left").cloned());
        assert_eq!(left["name"], name);
        left["why"].as_str().unwrap().to_owned()
    }

    /// That no line so far had this text in it.
    pub(crate) fn expect_nothing_of(&self, text: &str) {
        let told = self
            .seen
            .iter()
            .find(|line| line.to_string().contains(text));
        assert_eq!(told, None);
    }

    /// That some line so far had this text in it.
    pub(crate) fn expect_something_of(&self, text: &str) {
        let mut seen = self.seen.iter();
        assert!(seen.any(|line| line.to_string().contains(text)), "{text}");
    }

    fn find(&mut self, pick: impl Fn(&Value) -> Option<Value>) -> Value {
        loop {
            let mut line = String::new();
            let length = self.stream.read_line(&mut line).unwrap_or_else(|error| {
                panic!("nothing more came: {error}; so far: {:?}", self.seen)
            });
            assert!(length > 0, "the server hung up; so far: {:?}", self.seen);
            let line: Value = serde_json::from_str(&line).unwrap();
            self.seen.push(line.clone());
            if let Some(found) = pick(&line) {
                return found;
            }
        }
    }
}

/// Bytes that differ from place to place, so that a swap of two segments is noticed.
fn content(length: u32) -> Vec<u8> {
    (0..length)
        .map(|index| index.wrapping_mul(2_654_435_761).to_be_bytes()[0])
        .collect()
}
