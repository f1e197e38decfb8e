//! A server under load: how long a line takes meanwhile, and what is left afterwards.
//!
//! | load | what comes | what is looked at |
//! | --- | --- | --- |
//! | [`storm`](Load::storm) | random datagrams at the ports of transfers, random lines in the room | chat, four downloads |
//! | [`crowd`](Load::crowd) | stalled readers, slow logins, floods | an honest line, against none of them |
//! | [`classroom`](Load::classroom) | a day of lessons in minutes | memory, threads, descriptors after each lesson |
//!
//! These are measurements: they want a machine that does nothing else. What they count is
//! printed; whether it is good enough, the report says.

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

/// What a server is put under.
#[derive(Debug, Clone)]
pub(crate) struct Load {
    /// What is started.
    pub(crate) programs: Programs,
    /// How long it goes on.
    pub(crate) duration: Duration,
    /// Addresses of this machine from which strangers come; none: from loopback, for which
    /// there are no limits.
    pub(crate) from: Vec<IpAddr>,
    /// Decides what is random.
    pub(crate) seed: u64,
}

/// What a storm did.
#[derive(Debug, Clone, Default)]
pub(crate) struct Storm {
    /// Lines on their way to everybody.
    pub(crate) chat: Delays,
    /// Random datagrams sent.
    pub(crate) datagrams: u64,
    /// Random lines sent.
    pub(crate) lines: u64,
    /// Downloads that arrived whole, of four.
    pub(crate) whole: usize,
    /// Whether the server is still there.
    pub(crate) is_alive: bool,
}

/// What a crowd did.
#[derive(Debug, Clone, Default)]
pub(crate) struct Crowd {
    /// Without it.
    pub(crate) before: Delays,
    /// With it.
    pub(crate) meanwhile: Delays,
    /// Lines that the floods got through.
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

/// Who talks meanwhile.
const TALKERS: usize = 30;

/// The downloads of a storm. Unit: bytes each.
const DOWNLOAD_BYTES: u64 = 64 << 20;

/// Of each kind in a crowd.
const OF_EACH: usize = 100;

/// A talker says a line this often.
const TALK_INTERVAL: Duration = Duration::from_millis(500);

/// So many lessons in a classroom's day.
const LESSONS: u32 = 8;

/// Longest wait for a download, and for a server to come to rest.
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
        // All are there before the first one begins.
        let floods: Vec<_> = floods
            .into_iter()
            .enumerate()
            .map(|(number, flood)| self.flood(flood, number, &is_over, &lines))
            .collect::<io::Result<_>>()?;
        measure(&mut crowd.meanwhile);
        is_over.store(true, Ordering::Relaxed);
        crowd.flooded = lines.load(Ordering::Relaxed);
        crowd.is_alive = server.process.exit().is_none();
        drop(server); // Whoever still waits to write to it waits no longer.
        for flood in floods {
            let _ = flood.join();
        }
        Ok(crowd)
    }

    /// A day of lessons, compressed: people come, talk, download and leave; what the
    /// server holds when all have left, after each lesson.
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
                // A full buffer loses it, as a network would.
                let _ = socket.send_to(&datagram[..length], (server, port));
                sent.fetch_add(1, Ordering::Relaxed);
            }
        })
    }

    /// Random lines from one who has joined, as fast as they go; half of them could be
    /// meant.
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

    /// One who says as much as the server takes, and reads it too.
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

/// Everybody says a line, each a little after the other, in this time.
fn talk(guests: &[Guest], time: Duration) {
    let apart = time / u32::try_from(guests.len().max(1)).unwrap_or(1);
    for guest in guests {
        // One that was thrown out says nothing more, and is missed in the count.
        let _ = guest.say_measured();
        pause(apart);
    }
}

fn pause(time: Duration) {
    let _ = after(time).recv();
}

/// The first of four ports that are free just now.
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

/// A server with one large file, and those who fetch it.
struct Server {
    process: Process,
    address: SocketAddr,
    folder: TempDir,
    lines: (Sender<Printed>, Receiver<Printed>),
}

impl Server {
    /// `thrift`: what is told to its allocator.
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

    /// From one of these addresses to the same one, or over loopback.
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

    /// The large files that lie whole under their final name.
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

    /// What it holds once that does not change any more.
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
