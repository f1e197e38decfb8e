//! A client of the chat that works as `nc` does, and keeps every line that it receives.

#![expect(
    clippy::unwrap_used,
    reason = "a test ends where something is not as it must be"
)]

use crate::running::TIMEOUT;
use sash::room::login::{Entropy, Password, answer};
use sash::wire::line::LONGEST_LINE_BYTES;
use sash::wire::message::{Challenge, Offer, Reply};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpStream, ToSocketAddrs};

pub(crate) struct RawClient {
    pub(crate) stream: BufReader<TcpStream>,
    pub(crate) received: Vec<String>,
}

impl RawClient {
    pub(crate) fn connect(server: impl ToSocketAddrs) -> Self {
        Self::on(TcpStream::connect(server).unwrap())
    }

    pub(crate) fn on(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(TIMEOUT)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self {
            stream: BufReader::new(stream),
            received: Vec::new(),
        }
    }

    /// Asks for this name; the answer is still to be read.
    pub(crate) fn knock(server: impl ToSocketAddrs, name: &str) -> Self {
        let mut client = Self::connect(server);
        client.send(&json!({"join": {"name": name}}));
        client
    }

    /// Joins and reads `welcome` and `history`.
    pub(crate) fn join(server: impl ToSocketAddrs, name: &str) -> Self {
        let mut client = Self::knock(server, name);
        assert_eq!(client.next()["welcome"]["name"], name);
        assert!(client.next()["history"]["lines"].is_array());
        client
    }

    /// The same with a password.
    pub(crate) fn log_in(server: impl ToSocketAddrs, name: &str, password: &str) -> Self {
        let mut client = Self::knock(server, name);
        let challenge: Challenge =
            serde_json::from_value(client.wait_for("challenge")).unwrap();
        let password = Password::new(password).unwrap();
        let (proof, _) = answer(&password, &challenge, name, Entropy([7; 32])).unwrap();
        client.send(&json!({"proof": proof}));
        client.wait_for("history");
        client
    }

    pub(crate) fn send(&mut self, request: &Value) {
        self.request(&request.to_string());
    }

    pub(crate) fn request(&mut self, line: &str) {
        self.write(format!("{line}\n").as_bytes());
    }

    pub(crate) fn say(&mut self, text: &str) {
        self.send(&json!({"say": {"text": text}}));
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) {
        self.stream.get_mut().write_all(bytes).unwrap();
    }

    pub(crate) fn next_line(&mut self) -> Option<String> {
        let mut line = String::new();
        let count = self.stream.read_line(&mut line).unwrap();
        assert!(line.len() <= LONGEST_LINE_BYTES + 1);
        self.received.push(line.clone());
        (count > 0).then_some(line)
    }

    pub(crate) fn next(&mut self) -> Value {
        let line = self.next_line().expect("the server hung up");
        serde_json::from_str(&line).unwrap()
    }

    /// The next line with this keyword; other lines are skipped.
    pub(crate) fn wait_for(&mut self, keyword: &str) -> Value {
        loop {
            let line = self.next();
            if line == keyword {
                return line;
            }
            if let Some(fields) = line.get(keyword) {
                return fields.clone();
            }
        }
    }

    /// The first reply of this kind.
    pub(crate) fn hear<T>(&mut self, is_it: impl Fn(Reply) -> Option<T>) -> T {
        loop {
            let line = self.next_line().expect("the server hung up");
            if let Some(it) = is_it(Reply::from_line(line.trim_end()).unwrap()) {
                return it;
            }
        }
    }

    pub(crate) fn hear_offer(&mut self) -> Offer {
        self.hear(|reply| {
            assert!(!matches!(reply, Reply::Error(_)), "{reply:?}");
            let Reply::Offer(offer) = reply else {
                return None;
            };
            Some(offer)
        })
    }

    pub(crate) fn expect_hang_up(&mut self) {
        assert_eq!(self.next_line(), None);
    }
}
