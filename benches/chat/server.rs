//! The servers that are measured: how each is started, joined and spoken to.

use super::crowd::Language;
use super::memory::kibibytes;
use std::fmt;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::str::FromStr;
use std::thread;
use std::time::Duration;
use tempfile::TempDir;

/// Which program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Sash,
    /// A broker of MQTT 3.1.1.
    Mosquitto,
    /// A server of IRC (RFC 2812).
    Ngircd,
}

/// One that runs; it ends with this value.
pub(crate) struct Server {
    pub(crate) kind: Kind,
    pub(crate) address: SocketAddr,
    process: Child,
    _folder: TempDir,
}

impl Kind {
    pub(crate) const ALL: [Self; 3] = [Self::Sash, Self::Mosquitto, Self::Ngircd];

    fn program(self) -> &'static str {
        match self {
            Self::Sash => env!("CARGO_BIN_EXE_server"),
            Self::Mosquitto => "mosquitto",
            Self::Ngircd => "ngircd",
        }
    }

    pub(crate) fn is_here(self) -> bool {
        let mut command = Command::new(self.program());
        command.arg("--help");
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok()
    }
}

impl Language for Kind {
    /// Of several that come together ngircd makes all but the first wait for seconds.
    fn group(self) -> usize {
        match self {
            Self::Sash | Self::Mosquitto => 50,
            Self::Ngircd => 1,
        }
    }

    fn greeting(self, number: usize) -> Vec<u8> {
        match self {
            Self::Sash => {
                format!("{{\"join\":{{\"name\":\"c{number}\"}}}}\n").into_bytes()
            }
            Self::Mosquitto => {
                let id = format!("c{number}");
                let mut connect = b"\x00\x04MQTT\x04\x02\x00\x00".to_vec();
                connect.extend(text(&id));
                let mut subscribe = vec![0, 1];
                subscribe.extend(text("all"));
                subscribe.push(0);
                [control(0x10, &connect), control(0x82, &subscribe)].concat()
            }
            Self::Ngircd => {
                format!("NICK c{number}\r\nUSER c 0 * :c\r\nJOIN #all\r\n").into_bytes()
            }
        }
    }

    fn welcome(self) -> &'static [u8] {
        match self {
            Self::Sash => b"{\"history\"",
            Self::Mosquitto => b"\x90\x03",
            Self::Ngircd => b" 366 ",
        }
    }

    fn line(self, words: &str) -> Vec<u8> {
        match self {
            Self::Sash => format!("{{\"say\":{{\"text\":\"{words}\"}}}}\n").into_bytes(),
            Self::Mosquitto => {
                let mut publish = text("all");
                publish.extend(words.as_bytes());
                control(0x30, &publish)
            }
            Self::Ngircd => format!("PRIVMSG #all :{words}\r\n").into_bytes(),
        }
    }
}

/// A packet of MQTT (§2.2): kind, length, rest; ours are all shorter than 128 bytes.
fn control(kind: u8, rest: &[u8]) -> Vec<u8> {
    let length = u8::try_from(rest.len()).unwrap();
    [&[kind, length], rest].concat()
}

/// A text of MQTT (§1.5.3): its length and itself.
fn text(text: &str) -> Vec<u8> {
    let length = u16::try_from(text.len()).unwrap().to_be_bytes();
    [&length, text.as_bytes()].concat()
}

impl Server {
    pub(crate) fn start(kind: Kind, clients: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        // Another program might take the port in between; then the benchmark ends.
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let mut command = Command::new(kind.program());
        let port = address.port();
        let configuration = folder.path().join("configuration");
        match kind {
            Kind::Sash => {
                command.args(["--bind", &address.to_string()]);
                command.args(["--max-clients", &clients.to_string()]);
                command.arg("--files").arg(folder.path());
                command.env("RUST_LOG", "warn");
            }
            Kind::Mosquitto => {
                let words = format!(
                    "listener {port} 127.0.0.1\nallow_anonymous true\nset_tcp_nodelay true\n\
                     max_queued_messages 0\nlog_type none\n"
                );
                fs::write(&configuration, words).unwrap();
                command.arg("-c").arg(&configuration);
            }
            Kind::Ngircd => {
                let words = format!(
                    "[Global]\nName = irc.example.net\nListen = 127.0.0.1\nPorts = {port}\n\
                     ServerUID = 0\nServerGID = 0\n\
                     [Limits]\nMaxConnections = 0\nMaxConnectionsIP = 0\nMaxJoins = 0\n\
                     MaxPenaltyTime = 0\nPingTimeout = 600\n\
                     [Options]\nDNS = no\nIdent = no\nPAM = no\nChrootDir =\n"
                );
                fs::write(&configuration, words).unwrap();
                command.arg("-n").arg("-f").arg(&configuration);
            }
        }
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let process = command.spawn().unwrap();
        let server = Self {
            kind,
            address,
            process,
            _folder: folder,
        };
        for _ in 0..100 {
            if TcpStream::connect(address).is_ok() {
                thread::sleep(Duration::from_millis(300));
                return server;
            }
            thread::sleep(Duration::from_millis(50));
        }
        panic!("{kind} does not answer on {address}");
    }

    /// What the machine has left. Unit: KiB.
    #[expect(
        clippy::unused_self,
        reason = "it is about the time while this one runs"
    )]
    pub(crate) fn memory_kib(&self) -> i64 {
        let kib = kibibytes("/proc/meminfo", "MemAvailable:").unwrap();
        i64::try_from(kib).unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl FromStr for Kind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|kind| kind.to_string() == text);
        found.ok_or_else(|| format!("there is no {text}: sash, mosquitto or ngircd"))
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sash => "sash",
            Self::Mosquitto => "mosquitto",
            Self::Ngircd => "ngircd",
        })
    }
}
