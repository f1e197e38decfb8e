//! A server under 64 hostile connections, and ([`flood`]) a client of a hostile server.
//!
//! ```text
//! 64 attackers, all of one kind or of every kind --> server <-- one honest guest:
//!                                     login, lines, a download, and the server's memory
//! a hostile server that never stops --> client: its memory
//! ```
//!
//! [`Siege::is_well`] and [`MOST_MEMORY`] contain the bounds. These are measurements: they
//! need a machine that does nothing else. An attacker that is disconnected reconnects.

pub(crate) mod flood;

use super::guest::{Guest, connect};
use super::measure::Delays;
use super::memory::kibibytes;
use super::process::{Printed, Process, Programs};
use crossbeam_channel::{Receiver, after, unbounded};
use sash::lab::contents;
use sash::transfer::clock::Clock;
use sash::transfer::threads;
use sash::wire::digest::{Confirmation, Exchange};
use sash::wire::message::{Offer, Proof, Reply, Request};
use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;
use tempfile::TempDir;

/// The actions of the attackers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Attack {
    /// Each asks for 16 downloads over TCP, opens them and pauses them.
    Paused,
    /// Each asks for 16 downloads and opens none.
    Unopened,
    /// Each asks for the list of files at full speed, and reads it.
    Lists,
    /// Each asks for the list of files at full speed, and never reads an answer.
    Deaf,
    /// Each sends lines that are too long.
    LongLines,
    /// Each asks to upload 16 files of a GiB, cancels them and asks again.
    Reservations,
    /// Each joins with a taken name that is expensive to compare, and comes back.
    Names,
    /// Each guesses the teacher's password, and comes back.
    Guesses,
    /// Each joins, leaves and comes back with another name.
    Joins,
    /// Each asks for a download that begins at a port where nobody listens, cancels it and
    /// asks again.
    Early,
}

impl Attack {
    /// Every kind.
    pub(crate) const ALL: [Self; 10] = [
        Self::Paused,
        Self::Unopened,
        Self::Lists,
        Self::Deaf,
        Self::LongLines,
        Self::Reservations,
        Self::Names,
        Self::Guesses,
        Self::Joins,
        Self::Early,
    ];
}

/// The measurements of an honest client meanwhile.
#[derive(Debug, Clone, Default)]
pub(crate) struct Siege {
    /// The longest time of a few from the connection to the welcome.
    pub(crate) login: Duration,
    /// Lines from one honest guest to another.
    pub(crate) lines: Delays,
    /// The longest time of a few from the request for a download to its first byte.
    pub(crate) start: Duration,
    /// The server's peak memory. Unit: bytes.
    pub(crate) memory: u64,
    /// Whether the server still runs.
    pub(crate) is_alive: bool,
}

/// More memory than this neither a server nor a client may hold. Unit: bytes.
pub(crate) const MOST_MEMORY: u64 = 128_000_000;

/// The attackers of one siege.
const ATTACKERS: usize = 64;

/// Files in the folder that is served.
const FILES: usize = 10_000;

/// The file that the honest guest asks for. Unit: bytes.
const HONEST_BYTES: u64 = 1_000_000;

/// Logins and downloads that are measured.
const TRIES: usize = 5;

/// The time until the attackers have reached their limits.
const PREPARATION: Duration = Duration::from_secs(5);

/// The time between two lines of an honest client.
const TALK_INTERVAL: Duration = Duration::from_millis(20);

/// The longest wait.
const TIMEOUT: Duration = Duration::from_secs(60);

impl Siege {
    /// Whether all bounds hold.
    #[must_use]
    pub(crate) fn is_well(&self) -> bool {
        self.is_alive
            && self.login < Duration::from_secs(1)
            && self.lines.count() > 0
            && self.lines.quantile(0.99) < Duration::from_millis(100)
            && self.start < Duration::from_secs(2)
            && self.memory < MOST_MEMORY
    }
}

/// Starts a server and 64 attackers, which carry out these attacks in turn. They connect
/// from these addresses, if there are any; the honest guest connects over loopback.
///
/// # Errors
/// Those of the system.
pub(crate) fn siege(
    programs: &Programs,
    attacks: &[Attack],
    from: &[IpAddr],
    duration: Duration,
) -> io::Result<Siege> {
    let mut server = Server::start(programs)?;
    let clock = Clock::start();
    let talkers = [0, 1].map(|number| {
        let stream = connect(server.address, &[], 0)?;
        Guest::join(stream, &format!("talker-{number}"), clock)
    });
    let [one, other] = talkers;
    let (one, other) = (one?, other?);
    let is_over = Arc::new(AtomicBool::new(false));
    let mut attackers = Vec::new();
    for number in 0..ATTACKERS {
        let attack = attacks[number % attacks.len()];
        attackers.push(server.attack(attack, number, from, &is_over)?);
    }
    pause(PREPARATION);
    other.delays().for_each(drop);
    let mut siege = Siege::default();
    let begin = clock.now();
    let mut tries = 0;
    while clock.now() - begin < duration || tries < TRIES {
        for _ in 0..20 {
            one.say_measured()?;
            pause(TALK_INTERVAL);
        }
        siege.lines.extend(other.delays());
        if tries < TRIES {
            tries += 1;
            let start = clock.now();
            let mut visitor = Visitor::join(&server, &format!("honest-{tries}"))?;
            siege.login = siege.login.max(clock.now() - start);
            let start = clock.now();
            visitor.begin_a_download()?;
            siege.start = siege.start.max(clock.now() - start);
        }
    }
    siege.memory = most_memory(server.process.id()).unwrap_or_default();
    siege.is_alive = server.process.exit().is_none();
    is_over.store(true, Ordering::Relaxed);
    drop(server); // Ends all waits for it.
    for attacker in attackers {
        let _ = attacker.join();
    }
    Ok(siege)
}

/// The peak memory of a process, if the system reports it. Unit: bytes.
pub(crate) fn most_memory(process: u32) -> Option<u64> {
    let kib = kibibytes(&format!("/proc/{process}/status"), "VmHWM:")?;
    Some(kib * 1024)
}

/// A server with a folder of many files.
struct Server {
    process: Process,
    address: SocketAddr,
    _folder: TempDir,
    _lines: Receiver<Printed>,
}

impl Server {
    fn start(programs: &Programs) -> io::Result<Self> {
        let folder = tempfile::tempdir()?;
        let files = folder.path().join("files");
        fs::create_dir(&files)?;
        for number in 0..FILES {
            fs::write(files.join(format!("file number {number}.txt")), "x")?;
        }
        fs::write(files.join("honest.bin"), contents::bytes(0..HONEST_BYTES))?;
        let password = folder.path().join("password");
        fs::write(&password, "white chalk\n")?;
        let (told, lines) = unbounded();
        let mut command = Command::new(&programs.server);
        command
            .args(["--bind", "0.0.0.0:0", "--teacher", TEACHER])
            .arg("--teacher-password-file")
            .arg(&password)
            .arg("--files")
            .arg(&files)
            .env("RUST_LOG", "off");
        let complaints = folder.path().join("server.err");
        let process = Process::start(&mut command, 0, told, &complaints)?;
        let (_, first) = lines.recv_timeout(TIMEOUT).map_err(io::Error::other)?;
        let address = first.strip_prefix("listening on ").unwrap_or_default();
        let address: SocketAddr = address.parse().map_err(io::Error::other)?;
        Ok(Self {
            process,
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, address.port())),
            _folder: folder,
            _lines: lines,
        })
    }

    /// Starts an attacker that reconnects until the end.
    fn attack(
        &self,
        attack: Attack,
        number: usize,
        from: &[IpAddr],
        is_over: &Arc<AtomicBool>,
    ) -> io::Result<JoinHandle<()>> {
        let (from, is_over) = (from.to_vec(), Arc::clone(is_over));
        let mut address = self.address;
        if let Some(place) = number.checked_rem(from.len()) {
            address.set_ip(from[place]);
        }
        threads::start_small(format!("attacker-{number}"), move || {
            let mut round = 0;
            while !is_over.load(Ordering::Relaxed) {
                round += 1;
                let name = format!("m{number}-{round}");
                let attacker = Attacker::new(address, &from, number, &is_over);
                // An error: the server disconnected it.
                let _ = attacker.and_then(|mut it| it.run(attack, &name));
                pause(Duration::from_millis(20));
            }
        })
    }
}

/// The teacher of a siege's server, who never joins.
const TEACHER: &str = "teacher";

/// One hostile connection.
struct Attacker<'a> {
    stream: TcpStream,
    heard: BufReader<TcpStream>,
    address: SocketAddr,
    is_over: &'a AtomicBool,
    /// Transfers over TCP that were opened.
    opened: Vec<TcpStream>,
}

impl<'a> Attacker<'a> {
    fn new(
        address: SocketAddr,
        from: &[IpAddr],
        number: usize,
        is_over: &'a AtomicBool,
    ) -> io::Result<Self> {
        let stream = connect(address, from, number)?;
        stream.set_read_timeout(Some(Duration::from_millis(500)))?;
        stream.set_write_timeout(Some(Duration::from_secs(1)))?;
        let heard = BufReader::new(stream.try_clone()?);
        Ok(Self {
            stream,
            heard,
            address,
            is_over,
            opened: Vec::new(),
        })
    }

    fn run(&mut self, attack: Attack, name: &str) -> io::Result<()> {
        match attack {
            Attack::Names => {
                self.say(&join(&"\u{fdfa}".repeat(24)))?;
                return self.hear(|_, _| Ok(()));
            }
            Attack::Guesses => {
                self.say(&join(TEACHER))?;
                return self.hear(|it, reply| {
                    if !matches!(reply, Reply::Challenge(_)) {
                        return Ok(());
                    }
                    let proof = Proof {
                        message: Exchange([b'A'; 33]),
                        confirmation: Confirmation([7; 32]),
                    };
                    it.say(&Request::Proof(proof).to_line())
                });
            }
            Attack::Paused
            | Attack::Unopened
            | Attack::Lists
            | Attack::Deaf
            | Attack::LongLines
            | Attack::Reservations
            | Attack::Joins
            | Attack::Early => self.say(&join(name))?,
        }
        match attack {
            Attack::Paused | Attack::Unopened => self.take_ports(attack),
            Attack::Lists => self.repeat("\"files\"\n", true),
            Attack::Deaf => self.repeat("\"files\"\n", false),
            Attack::LongLines => {
                let line = format!("{}\n", "x".repeat(17_500));
                self.repeat(&line, true)
            }
            Attack::Reservations => self.ask_and_cancel(upload),
            Attack::Early => self.ask_and_cancel(|_| early()),
            Attack::Joins => {
                let mut line = String::new();
                self.heard.read_line(&mut line).map(|_| ())
            }
            Attack::Names | Attack::Guesses => Ok(()),
        }
    }

    /// 16 downloads, and another one for each that ends.
    fn take_ports(&mut self, attack: Attack) -> io::Result<()> {
        let is_paused = attack == Attack::Paused;
        let transport = if is_paused { "tcp" } else { "udp" };
        let line = format!(
            "{{\"download\":{{\"file\":\"honest.bin\",\"transport\":\"{transport}\"}}}}\n"
        );
        for _ in 0..16 {
            self.say(&line)?;
        }
        self.hear(|it, reply| {
            if let Reply::Transfer(news) = &reply
                && news.state.is_end()
            {
                return it.say(&line);
            }
            let Reply::Offer(offer) = reply else {
                return Ok(());
            };
            if !is_paused {
                return Ok(());
            }
            it.opened.push(open(it.address, &offer)?);
            let transfer = offer.transfer;
            it.say(&Request::Pause { transfer }.to_line())
        })
    }

    /// Asks for transfers, and cancels each once it is offered.
    fn ask_and_cancel(&mut self, request: impl Fn(usize) -> String) -> io::Result<()> {
        for number in 0..16 {
            self.say(&request(number))?;
        }
        let mut number = 16;
        self.hear(|it, reply| {
            if let Reply::Transfer(news) = &reply
                && news.state.is_end()
            {
                number += 1;
                return it.say(&request(number));
            }
            let Reply::Offer(Offer { transfer, .. }) = reply else {
                return Ok(());
            };
            it.say(&Request::Cancel { transfer }.to_line())
        })
    }

    /// Sends this repeatedly, and reads the answers or not.
    fn repeat(&mut self, line: &str, reads: bool) -> io::Result<()> {
        let many = line.repeat(4_096_usize.div_ceil(line.len()));
        let mut sink = vec![0; 65_536];
        self.stream
            .set_read_timeout(Some(Duration::from_millis(5)))?;
        while !self.is_over.load(Ordering::Relaxed) {
            if let Err(error) = self.stream.write_all(many.as_bytes())
                && !is_wait(&error)
            {
                return Err(error);
            }
            if !reads {
                continue;
            }
            loop {
                match self.heard.read(&mut sink) {
                    Ok(0) => return Ok(()),
                    Ok(_) => {}
                    Err(error) if is_wait(&error) => break,
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(())
    }

    fn say(&mut self, line: &str) -> io::Result<()> {
        self.stream.write_all(line.as_bytes())
    }

    /// Reads until it is disconnected or the siege ends.
    fn hear(
        &mut self,
        mut told: impl FnMut(&mut Self, Reply) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut line = String::new();
        while !self.is_over.load(Ordering::Relaxed) {
            match self.heard.read_line(&mut line) {
                Ok(0) => return Ok(()),
                Ok(_) => {
                    if let Ok(reply) = Reply::from_line(line.trim_end()) {
                        told(self, reply)?;
                    }
                    line.clear();
                }
                Err(error) if is_wait(&error) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// The honest client.
struct Visitor {
    stream: TcpStream,
    heard: BufReader<TcpStream>,
    address: SocketAddr,
}

impl Visitor {
    fn join(server: &Server, name: &str) -> io::Result<Self> {
        let stream = connect(server.address, &[], 0)?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        let heard = BufReader::new(stream.try_clone()?);
        let mut visitor = Self {
            stream,
            heard,
            address: server.address,
        };
        visitor.stream.write_all(join(name).as_bytes())?;
        visitor.hear(|reply| matches!(reply, Reply::Welcome(_)).then_some(()))?;
        Ok(visitor)
    }

    fn hear<T>(&mut self, is_it: impl Fn(Reply) -> Option<T>) -> io::Result<T> {
        let mut line = String::new();
        loop {
            line.clear();
            if self.heard.read_line(&mut line)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let reply = Reply::from_line(line.trim_end());
            if let Some(it) = reply.ok().and_then(&is_it) {
                return Ok(it);
            }
        }
    }

    /// Asks for the file, and waits for its first byte.
    fn begin_a_download(&mut self) -> io::Result<()> {
        let line = r#"{"download":{"file":"honest.bin","transport":"tcp"}}"#;
        self.stream.write_all(format!("{line}\n").as_bytes())?;
        let offer = self.hear(|reply| {
            let Reply::Offer(offer) = reply else {
                return None;
            };
            Some(offer)
        })?;
        let mut stream = open(self.address, &offer)?;
        stream.read_exact(&mut [0])
    }
}

/// The connection of a transfer over TCP, after its token was sent.
fn open(mut server: SocketAddr, offer: &Offer) -> io::Result<TcpStream> {
    server.set_port(offer.port);
    let mut stream = TcpStream::connect_timeout(&server, TIMEOUT)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.write_all(format!("{}\n", offer.token).as_bytes())?;
    Ok(stream)
}

fn join(name: &str) -> String {
    let name = name.to_owned();
    Request::Join {
        name,
        version: 1,
        token: None,
    }
    .to_line()
}

fn upload(number: usize) -> String {
    format!("{{\"upload\":{{\"file\":\"u{number}\",\"size\":1073741824}}}}\n")
}

/// A download that begins at once, at a port where nobody listens.
fn early() -> String {
    let early = "{\"port\":50009,\"round_trip_us\":1000}";
    format!("{{\"download\":{{\"file\":\"honest.bin\",\"early\":{early}}}}}\n")
}

fn is_wait(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut | io::ErrorKind::Interrupted
    )
}

fn pause(time: Duration) {
    let _ = after(time).recv();
}
