//! A client of a hostile server that never stops sending.

use super::super::process::Programs;
use super::most_memory;
use sash::transfer::clock::Clock;
use sash::wire::message::Reply;
use std::io::{self, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// The endless messages of a hostile server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flood {
    /// New users join.
    Joined,
    /// One list of users, in many lines.
    Users,
    /// One list of files, in many lines.
    Files,
    /// Banned users.
    Bans,
    /// Long lines of chat.
    Said,
    /// Direct messages of ever new users.
    Whispered,
    /// Offers that nobody asked for.
    Offers,
}

impl Flood {
    /// Every kind.
    pub(crate) const ALL: [Self; 7] = [
        Self::Joined,
        Self::Users,
        Self::Files,
        Self::Bans,
        Self::Said,
        Self::Whispered,
        Self::Offers,
    ];
}

/// A client's memory after a server has sent to it without a pause for this time. Unit:
/// bytes.
///
/// # Errors
/// Those of the system.
pub(crate) fn flood(
    programs: &Programs,
    flood: Flood,
    duration: Duration,
) -> io::Result<u64> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let folder = tempfile::tempdir()?;
    let mut client = Command::new(&programs.client);
    client
        .args(["--text", "--name", "victim", "--accept-lab", "--server"])
        .arg(listener.local_addr()?.to_string())
        .arg("--out")
        .arg(folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let client = Victim(client.spawn()?);
    let (mut stream, _) = listener.accept()?;
    stream.set_write_timeout(Some(Duration::from_secs(2)))?;
    stream.write_all(WELCOME.as_bytes())?;
    stream.write_all(Reply::History { lines: Vec::new() }.to_line().as_bytes())?;
    let clock = Clock::start();
    let (mut number, mut memory) = (0, 0);
    while clock.now().since_start() < duration {
        let lines: String = (0..16).map(|_| flood.line(&mut number)).collect();
        // A client that leaves or stops reading also limits its memory.
        if stream.write_all(lines.as_bytes()).is_err() {
            break;
        }
        // A client that has left tells nothing any more.
        memory = most_memory(client.0.id()).map_or(memory, |now| now.max(memory));
    }
    Ok(memory)
}

const WELCOME: &str = concat!(
    r#"{"welcome":{"name":"victim","version":1,"server":"hostile","line_bytes":16384,"#,
    r#""defaults":{"transport":"udp","arq":"selective-repeat","window":256,"#,
    r#""congestion":"bbr","segment_bytes":1436}}}"#,
    "\n"
);

impl Flood {
    /// One line, as long as a line may be where that makes sense.
    fn line(self, number: &mut u64) -> String {
        let mut next = || {
            *number += 1;
            *number
        };
        let list = |entry: &dyn Fn(u64) -> String, next: &mut dyn FnMut() -> u64| {
            let mut text = entry(next());
            while text.len() < 15_000 {
                text.push(',');
                text.push_str(&entry(next()));
            }
            text
        };
        match self {
            Self::Joined => {
                let long = "x".repeat(10_000);
                format!("{{\"joined\":{{\"name\":\"{}{long}\"}}}}\n", next())
            }
            Self::Users => {
                let names = list(&|it| format!("\"u{it}\""), &mut next);
                format!("{{\"users\":{{\"names\":[{names}],\"more\":true}}}}\n")
            }
            Self::Files => {
                let entry =
                    |it| format!("{{\"name\":\"{it}\",\"size\":1,\"digest\":null}}");
                let files = list(&entry, &mut next);
                format!("{{\"files\":{{\"files\":[{files}],\"more\":true}}}}\n")
            }
            Self::Bans => {
                let bans = list(&|it| format!("{{\"name\":\"b{it}\"}}"), &mut next);
                format!("{{\"bans\":{{\"bans\":[{bans}],\"more\":true}}}}\n")
            }
            Self::Said => {
                let text = format!("{} {}", next(), "x".repeat(15_000));
                format!(
                    "{{\"said\":{{\"from\":\"eve\",\"text\":\"{text}\",\"time\":1}}}}\n"
                )
            }
            Self::Whispered => {
                let (text, from) = ("x".repeat(15_000), next() % 40);
                format!(
                    "{{\"whispered\":{{\"from\":\"w{from}\",\"to\":\"victim\",\
                     \"text\":\"{text}\",\"time\":1}}}}\n"
                )
            }
            Self::Offers => {
                let transfer = next();
                format!(
                    "{{\"offer\":{{\"transfer\":{transfer},\"tag\":{transfer},\"file\":\"f\",\
                     \"port\":1,\"token\":\"000102030405060708090a0b0c0d0e0f\",\"size\":1,\
                     \"digest\":null,\"transport\":\"udp\",\"arq\":\"go-back-n\",\
                     \"window\":16,\"congestion\":\"fixed\",\"segment_bytes\":1000}}}}\n"
                )
            }
        }
    }
}

/// A client program; it ends with the measurement.
struct Victim(Child);

impl Drop for Victim {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
