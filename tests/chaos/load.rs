//! A server under load: the delay of a line meanwhile, and the resources in use afterwards.
//!
//! | load | traffic | measurement |
//! | --- | --- | --- |
//! | [`storm`](Load::storm) | random datagrams at the ports of transfers, random lines in the room | chat, four downloads |
//! | [`crowd`](Load::crowd) | stalled readers, slow logins, floods | an honest line, against none of them |
//! | [`classroom`](Load::classroom) | a day of lessons in minutes | memory, threads, descriptors after each lesson |
//!
//! These are measurements, for a machine that does nothing else. They print their counts; the
//! report judges them.

use super::guest::{Guest, connect};
use super::measure::Delays;
use super::process::{Belongings, Printed, Process, Programs, THRIFT};
use crossbeam_channel::{Receiver, Sender, after, unbounded};
use fastrand::Rng;
use sash::lab::contents;
use sash::transfer::clock::Clock;
use sash::transfer::threads;
use sash::wire::message::Request;
use std::fs;
use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream, UdpSocket};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;
use tempfile::TempDir;

/// The parameters of a load.
#[derive(Debug, Clone)]
pub(crate) struct Load {
    /// The programs to start.
    pub(crate) programs: Programs,
    /// Its duration.
    pub(crate) duration: Duration,
    /// Addresses of this machine for hostile clients; without any they use loopback, which has no
    /// limits.
    pub(crate) from: Vec<IpAddr>,
    /// The seed.
    pub(crate) seed: u64,
}

/// The result of a storm.
#[derive(Debug, Clone, Default)]
pub(crate) struct Storm {
    /// The delays of lines to all clients.
    pub(crate) chat: Delays,
    /// Random datagrams sent.
    pub(crate) datagrams: u64,
    /// Random lines sent.
    pub(crate) lines: u64,
    /// Complete downloads, of four.
    pub(crate) whole: usize,
    /// Whether the server is still there.
    pub(crate) is_alive: bool,
}

/// The result of a crowd.
#[derive(Debug, Clone, Default)]
pub(crate) struct Crowd {
    /// The delays without the crowd.
    pub(crate) before: Delays,
    /// The delays with the crowd.
    pub(crate) meanwhile: Delays,
    /// Lines of the floods that were delivered.
    pub(crate) flooded: u64,
    /// Connections of the crowd that were made.
    pub(crate) connections: usize,
    /// Whether the server is still there.
    pub(crate) is_alive: bool,
}

/// The datagrams of a storm.
const DATAGRAMS: u64 = 1_000_000;

/// The lines of a storm.
const LINES: u64 = 100_000;

/// The clients that chat meanwhile.
const TALKERS: usize = 30;

/// The downloads of a storm. Unit: bytes each.
const DOWNLOAD_BYTES: u64 = 64 << 20;

/// The number of clients of each kind in a crowd.
const OF_EACH: usize = 100;

/// The interval between the lines of a client that chats.
const TALK_INTERVAL: Duration = Duration::from_millis(500);

/// The lessons of a day.
const LESSONS: u32 = 8;

/// The longest wait for a download, and for an idle server.
const TIMEOUT: Duration = Duration::from_secs(300);

impl Load {
    /// Random datagrams and lines at full speed while 30 chat and 4 download.
    ///
    /// # Errors
    /// Those of the system.
    pub(crate) fn storm(&self) -> io::Result<Storm> {
        let first_port = free_port()?;
        let ports = format!("{first_port}-{}", first_port + 3);
        let mut server = Server::start(&self.programs, &["--udp-ports", &ports], &[])?;
        let clock = Clock::start();
        let talkers = Self::talkers(&server, TALKERS, clock)?;
        let mut downloads = Vec::new();
        for number in 0..4 {
            downloads.push(server.download(&self.programs, number)?);
        }
        let is_over = Arc::new(AtomicBool::new(false));
        let (datagrams, lines) = (Arc::default(), Arc::default());
        let attackers = [
            self.rain(server.address.ip(), first_port, &is_over, &datagrams)?,
            self.babble(server.connect(&self.from, 0)?, &is_over, &lines)?,
        ];
        let mut storm = Storm::default();
        let count = |it: &Arc<AtomicU64>| it.load(Ordering::Relaxed);
        let mut statuses = vec![None; downloads.len()];
        while count(&datagrams) < DATAGRAMS
            || count(&lines) < LINES
            || statuses.iter().any(Option::is_none)
        {
            talk(&talkers, TALK_INTERVAL);
            for (status, download) in statuses.iter_mut().zip(&mut downloads) {
                *status = download.exit();
            }
            if server.process.exit().is_some() || clock.now().since_start() > TIMEOUT {
                break;
            }
        }
        is_over.store(true, Ordering::Relaxed);
        for attacker in attackers {
            let _ = attacker.join();
        }
        for talker in &talkers {
            storm.chat.extend(talker.delays());
        }
        (storm.datagrams, storm.lines) = (count(&datagrams), count(&lines));
        storm.whole = server.count_whole()?;
        storm.is_alive = server.process.exit().is_none();
        Ok(storm)
    }

    /// Stalled readers, slow logins and floods, a hundred of each.
    ///
    /// # Errors
    /// Those of the system.
    pub(crate) fn crowd(&self) -> io::Result<Crowd> {
        let mut server = Server::start(&self.programs, &["--udp-ports", "0"], &[])?;
        let clock = Clock::start();
        let honest = Self::talkers(&server, 10, clock)?;
        let mut crowd = Crowd::default();
        let measure = |delays: &mut Delays| {
            let start = clock.now();
            while clock.now() - start < self.duration {
                talk(&honest, TALK_INTERVAL);
            }
            for guest in &honest {
                delays.extend(guest.delays());
            }
        };
        measure(&mut crowd.before);
        let mut silent = Vec::new();
        let is_over = Arc::new(AtomicBool::new(false));
        let lines = Arc::default();
        let mut floods = Vec::new();
        for number in 0..OF_EACH {
            if let Ok(mut stalled) = server.connect(&self.from, 3 * number) {
                let join = Request::Join {
                    name: format!("stalled-{number}"),
                    version: 1,
                    token: None,
                };
                stalled.write_all(join.to_line().as_bytes())?;
                silent.push(stalled); // It never reads.
            }
            if let Ok(mut slow) = server.connect(&self.from, 3 * number + 1) {
                slow.write_all(b"{\"join\":")?;
                silent.push(slow); // It never ends its line.
            }
            if let Ok(flood) = server.connect(&self.from, 3 * number + 2) {
                floods.push(flood);
            }
        }
        crowd.connections = silent.len() + floods.len();
        // All have joined before the first one begins.
        let floods: Vec<_> = floods
            .into_iter()
            .enumerate()
            .map(|(number, flood)| self.flood(flood, number, &is_over, &lines))
            .collect::<io::Result<_>>()?;
        measure(&mut crowd.meanwhile);
        is_over.store(true, Ordering::Relaxed);
        crowd.flooded = lines.load(Ordering::Relaxed);
        crowd.is_alive = server.process.exit().is_none();
        drop(server); // Ends all waits for it.
        for flood in floods {
            let _ = flood.join();
        }
        Ok(crowd)
    }

    /// A day of lessons, compressed: clients join, chat, download and leave. Returns the resources
    /// of the server after each lesson, when all have left.
    ///
    /// # Errors
    /// Those of the system.
    pub(crate) fn classroom(
        &self,
        mut told: impl FnMut(u32, Belongings),
    ) -> io::Result<Vec<Belongings>> {
        let server = Server::start(&self.programs, &["--udp-ports", "0"], &THRIFT)?;
        let clock = Clock::start();
        let mut generator = Rng::with_seed(self.seed);
        let lesson = self.duration / LESSONS;
        let mut held = Vec::new();
        for number in 1..=LESSONS {
            let mut guests = Self::talkers(&server, TALKERS, clock)?;
            let mut downloads = Vec::new();
            let start = clock.now();
            let mut beat = 0;
            while clock.now() - start < lesson {
                beat += 1;
                // A line a minute from each, forty-eight times as fast.
                let speaker = &guests[generator.usize(..guests.len())];
                speaker.say_measured()?;
                if beat % 40 == 0 {
                    downloads.retain_mut(|it: &mut Process| it.exit().is_none());
                    if downloads.len() < 8 {
                        downloads.push(server.download(&self.programs, beat)?);
                    }
                }
                if beat % 100 == 0 {
                    let late = generator.usize(..guests.len());
                    drop(guests.swap_remove(late));
                    let name = format!("late-{number}-{beat}");
                    let stream = server.connect(&self.from, late)?;
                    guests.push(Guest::join(stream, &name, clock)?);
                }
                pause(Duration::from_millis(42));
            }
            drop(guests);
            for download in &mut downloads {
                let _ = download.wait(TIMEOUT);
            }
            if let Some(rest) = server.rest(clock) {
                told(number, rest);
                held.push(rest);
            }
        }
        Ok(held)
    }

    fn talkers(server: &Server, count: usize, clock: Clock) -> io::Result<Vec<Guest>> {
        (0..count)
            .map(|number| {
                let stream = connect(server.address, &[], number)?;
                Guest::join(stream, &format!("honest-{number}"), clock)
            })
            .collect()
    }

    /// Random datagrams at four ports, as fast as they go.
    fn rain(
        &self,
        server: IpAddr,
        first_port: u16,
        is_over: &Arc<AtomicBool>,
        sent: &Arc<AtomicU64>,
    ) -> io::Result<JoinHandle<()>> {
        let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
        let mut generator = Rng::with_seed(self.seed);
        let (is_over, sent) = (Arc::clone(is_over), Arc::clone(sent));
        threads::start("rain".to_owned(), move || {
            let mut datagram = vec![0; 1_472];
            while !is_over.load(Ordering::Relaxed)
                && sent.load(Ordering::Relaxed) < DATAGRAMS
            {
                let length = generator.usize(..datagram.len());
                generator.fill(&mut datagram[..length.min(64)]);
                let port = first_port + generator.u16(..4);
                // A full buffer drops it, as a network would.
                let _ = socket.send_to(&datagram[..length], (server, port));
                sent.fetch_add(1, Ordering::Relaxed);
            }
        })
    }

    /// Random lines from a client that has joined, at full speed; half of them are nearly valid.
    fn babble(
        &self,
        stream: TcpStream,
        is_over: &Arc<AtomicBool>,
        sent: &Arc<AtomicU64>,
    ) -> io::Result<JoinHandle<()>> {
        let mut generator = Rng::with_seed(self.seed);
        let (is_over, sent) = (Arc::clone(is_over), Arc::clone(sent));
        let guest = Guest::join(stream, "babbler", Clock::start())?;
        threads::start("babble".to_owned(), move || {
            while !is_over.load(Ordering::Relaxed) && sent.load(Ordering::Relaxed) < LINES
            {
                let text: String = (0..generator.usize(1..80))
                    .map(|_| generator.alphanumeric())
                    .collect();
                let request = match generator.u32(..4) {
                    0 => Request::Say { text },
                    1 => Request::Whisper {
                        to: text.clone(),
                        text,
                    },
                    2 => Request::Cancel {
                        transfer: generator.u64(..),
                    },
                    _ => Request::Ping,
                };
                if guest.ask(&request).is_err() {
                    return;
                }
                sent.fetch_add(1, Ordering::Relaxed);
            }
        })
    }

    /// A client that sends as much as the server accepts, and reads it too.
    fn flood(
        &self,
        stream: TcpStream,
        number: usize,
        is_over: &Arc<AtomicBool>,
        sent: &Arc<AtomicU64>,
    ) -> io::Result<JoinHandle<()>> {
        let name = format!("flood-{number}");
        let guest = Guest::join(stream, &name, Clock::start())?;
        let (is_over, sent) = (Arc::clone(is_over), Arc::clone(sent));
        let text = format!("{name} {}", self.seed);
        threads::start_small(name, move || {
            let line = Request::Say { text };
            while !is_over.load(Ordering::Relaxed) && guest.ask(&line).is_ok() {
                sent.fetch_add(1, Ordering::Relaxed);
            }
        })
    }
}

/// Every client sends a line within this time, one after the other.
fn talk(guests: &[Guest], time: Duration) {
    let apart = time / u32::try_from(guests.len().max(1)).unwrap_or(1);
    for guest in guests {
        // A disconnected client sends nothing more and is missing in the count.
        let _ = guest.say_measured();
        pause(apart);
    }
}

fn pause(time: Duration) {
    let _ = after(time).recv();
}

/// The first of four free ports.
fn free_port() -> io::Result<u16> {
    for _ in 0..100 {
        let first = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        let port = first.local_addr()?.port();
        let are_free = (1..4).all(|next| {
            let port = port.checked_add(next);
            port.is_some_and(|it| UdpSocket::bind((Ipv4Addr::LOCALHOST, it)).is_ok())
        });
        if are_free {
            return Ok(port);
        }
    }
    Err(io::ErrorKind::AddrInUse.into())
}

/// A server with one large file, and its downloaders.
struct Server {
    process: Process,
    address: SocketAddr,
    folder: TempDir,
    lines: (Sender<Printed>, Receiver<Printed>),
}

impl Server {
    /// `thrift` is the setting of its allocator.
    fn start(
        programs: &Programs,
        arguments: &[&str],
        thrift: &[(&str, &str)],
    ) -> io::Result<Self> {
        let folder = tempfile::tempdir()?;
        let files = folder.path().join("files");
        fs::create_dir(&files)?;
        fs::write(files.join("large.bin"), contents::bytes(0..DOWNLOAD_BYTES))?;
        fs::write(files.join("lesson.bin"), contents::bytes(0..1_000_000))?;
        let lines = unbounded();
        let mut command = Command::new(&programs.server);
        command.args(["--bind", "0.0.0.0:0", "--files"]).arg(&files);
        command
            .args(arguments)
            .env("RUST_LOG", "error")
            .envs(thrift.iter().copied());
        let complaints = folder.path().join("server.err");
        let process = Process::start(&mut command, 0, lines.0.clone(), &complaints)?;
        let (_, first) = lines.1.recv_timeout(TIMEOUT).map_err(io::Error::other)?;
        let address = first.strip_prefix("listening on ").unwrap_or_default();
        let address: SocketAddr = address.parse().map_err(io::Error::other)?;
        Ok(Self {
            process,
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, address.port())),
            folder,
            lines,
        })
    }

    /// Connects from one of these addresses to the same address, or over loopback.
    fn connect(&self, from: &[IpAddr], number: usize) -> io::Result<TcpStream> {
        let own = number.checked_rem(from.len()).map(|place| from[place]);
        let mut server = self.address;
        server.set_ip(own.unwrap_or(server.ip()));
        connect(server, from, number)
    }

    fn download(&self, programs: &Programs, number: usize) -> io::Result<Process> {
        let file = if number < 4 {
            "large.bin"
        } else {
            "lesson.bin"
        };
        let mut command = Command::new(&programs.client);
        command
            .args(["--json", "--overwrite", "replace", "--out"])
            .arg(self.folder.path().join(format!("out-{}", number % 8)))
            .args(["--server", &self.address.to_string()])
            .args(["--name", &format!("loader-{number}")])
            .args(["--exec", &format!("/download {file}")]);
        let complaints = self.folder.path().join("client.err");
        Process::start(&mut command, number, self.lines.0.clone(), &complaints)
    }

    /// The large files that are complete under their final names.
    fn count_whole(&self) -> io::Result<usize> {
        let wanted = contents::bytes(0..DOWNLOAD_BYTES);
        let mut whole = 0;
        for number in 0..4 {
            let folder = self.folder.path().join(format!("out-{number}"));
            let path = folder.join("large.bin");
            whole += usize::from(path.exists() && fs::read(path)? == wanted);
        }
        Ok(whole)
    }

    /// Its resources once they no longer change.
    fn rest(&self, clock: Clock) -> Option<Belongings> {
        let start = clock.now();
        let mut last = None;
        loop {
            while self.lines.1.try_recv().is_ok() {} // Nobody reads what clients tell.
            let now = self.process.belongings()?;
            if last == Some(now) || clock.now() - start > TIMEOUT {
                return Some(now);
            }
            last = Some(now);
            pause(Duration::from_secs(2));
        }
    }
}
