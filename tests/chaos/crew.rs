//! The clients and the server of a run: starts them, disturbs them, restarts them, reads them.
//!
//! One thread does all this; it receives the output of the programs over one channel. If a
//! client or a server ends without an injected fault, the run has failed.

use super::check::{Offence, Session};
use super::clock::TimeOfDay;
use super::disk;
use super::plan::{Act, Role, Who};
use super::process::{Belongings, Printed, Process, Programs, THRIFT};
use super::proxy::Proxy;
use crossbeam_channel::{Receiver, Sender, unbounded};
use nix::sys::signal::Signal;
use sash::reliable::moment::Moment;
use sash::transfer::clock::Clock;
use sash::wire::message::Reply;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// All processes and their output.
pub(crate) struct Crew {
    programs: Programs,
    is_stopping: Arc<AtomicBool>,
    /// The folder with the error output and the served files.
    pub(crate) folder: PathBuf,
    pub(crate) clock: Clock,
    time_of_day: TimeOfDay,
    lines: (Sender<Printed>, Receiver<Printed>),
    /// The last one is the witness, which is never disturbed.
    pub(crate) clients: Vec<Client>,
    /// One for each process that ever ran.
    pub(crate) records: Vec<Record>,
    server: Option<Process>,
    server_record: usize,
    address: Option<SocketAddr>,
    /// Whether the witness is in the room, so that others may join.
    is_open: bool,
    stopped: Vec<(Moment, Who)>,
    pub(crate) offences: Vec<Offence>,
    /// The number of faults.
    pub(crate) hurts: usize,
}

/// One client of the run, over all of its processes.
pub(crate) struct Client {
    pub(crate) name: String,
    pub(crate) role: Role,
    /// The folder for its downloads.
    pub(crate) folder: PathBuf,
    /// The file that it uploads.
    pub(crate) gift: PathBuf,
    /// Whether the size of its files is limited, instead of a small disk.
    pub(crate) is_limited: bool,
    proxy: Option<Proxy>,
    process: Option<Process>,
    /// The record of its present process, or its last.
    pub(crate) record: usize,
    /// Whether it was ended by the plan, which will restart it.
    is_away: bool,
    /// Whether it was disturbed, so that its process may end without a command.
    may_end: bool,
    spoken: u32,
}

/// The output of one process.
#[derive(Debug, Default)]
pub(crate) struct Record {
    /// The client; `None` for the server.
    pub(crate) client: Option<usize>,
    /// Each begins with a welcome.
    pub(crate) sessions: Vec<Session>,
    /// The files that it was offered, and the first byte of each offer.
    pub(crate) offers: Vec<(String, u64)>,
    listening: Option<SocketAddr>,
}

/// The longest wait for a program to start or to end.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(30);

/// The interval of the checks.
const LOOK_INTERVAL: Duration = Duration::from_millis(20);

/// Refused or unreachable, as the client's exit codes have it: tried again.
const NOT_LET_IN: [i32; 2] = [3, 4];

impl Client {
    pub(crate) fn new(name: String, role: Role, folder: PathBuf, gift: PathBuf) -> Self {
        Self {
            name,
            role,
            folder,
            gift,
            is_limited: false,
            proxy: None,
            process: None,
            record: 0,
            is_away: true,
            may_end: true,
            spoken: 0,
        }
    }
}

impl Crew {
    /// `is_stopping` is set from outside to end the run early.
    pub(crate) fn new(
        programs: Programs,
        is_stopping: Arc<AtomicBool>,
        folder: PathBuf,
        clients: Vec<Client>,
    ) -> Self {
        Self {
            time_of_day: TimeOfDay::of(&folder),
            programs,
            is_stopping,
            folder,
            clock: Clock::start(),
            lines: unbounded(),
            clients,
            records: Vec::new(),
            server: None,
            server_record: 0,
            address: None,
            is_open: false,
            stopped: Vec::new(),
            offences: Vec::new(),
            hurts: 0,
        }
    }

    /// Whether the server runs and accepts clients.
    pub(crate) const fn is_open(&self) -> bool {
        self.is_open
    }

    /// The record of the present server.
    pub(crate) const fn server_record(&self) -> usize {
        self.server_record
    }

    fn witness(&self) -> usize {
        self.clients.len() - 1
    }

    /// Starts the server, at its old address if it had one, then the witness.
    pub(crate) fn open(&mut self) -> io::Result<()> {
        for _ in 0..TRIES_TO_LISTEN {
            self.start_server()?;
            let is_listening = self.wait_until(TIMEOUT, |crew| {
                let is_up = crew.records[crew.server_record].listening.is_some();
                is_up || crew.server.as_mut().is_none_or(|it| it.exit().is_some())
            });
            let listening = self.records[self.server_record].listening;
            if let Some(address) = listening.filter(|_| is_listening) {
                self.address = Some(address);
                self.is_open = true;
                let witness = self.witness();
                self.clients[witness].is_away = false;
                self.wait_until(TIMEOUT, |crew| crew.is_in(witness));
                return Ok(());
            }
        }
        Err(io::Error::other("the server does not start"))
    }

    fn start_server(&mut self) -> io::Result<()> {
        self.server = None;
        let number = self.add_record(None);
        self.server_record = number;
        let bind = self
            .address
            .map_or("127.0.0.1:0".to_owned(), |it| it.to_string());
        let mut command = Command::new(&self.programs.server);
        command.args(["--bind", &bind, "--udp-ports", "0", "--files"]);
        command.arg(self.folder.join("files")).envs(THRIFT);
        self.time_of_day.show_to(&mut command);
        let complaints = self.folder.join("server.err");
        let lines = self.lines.0.clone();
        self.server = Some(Process::start(&mut command, number, lines, &complaints)?);
        Ok(())
    }

    fn add_record(&mut self, client: Option<usize>) -> usize {
        self.records.push(Record {
            client,
            ..Record::default()
        });
        self.records.len() - 1
    }

    /// Starts every client that is not running.
    pub(crate) fn start_all(&mut self) {
        for client in &mut self.clients {
            client.is_away = false;
        }
        self.wait_until(TIMEOUT, Self::are_all_in);
    }

    pub(crate) fn are_all_in(&mut self) -> bool {
        (0..self.clients.len()).all(|client| self.is_in(client))
    }

    fn is_in(&mut self, client: usize) -> bool {
        let Client {
            process, record, ..
        } = &mut self.clients[client];
        let is_running = process.as_mut().is_some_and(|it| it.exit().is_none());
        is_running && !self.records[*record].sessions.is_empty()
    }

    fn start_client(&mut self, number: usize) -> io::Result<()> {
        let Some(server) = self.address else {
            return Ok(());
        };
        let record = self.add_record(Some(number));
        let lines = self.lines.0.clone();
        let complaints = self.folder.join("client.err");
        let client = &mut self.clients[number];
        if client.role.is_behind_proxy && client.proxy.is_none() {
            client.proxy = Some(Proxy::start(server, number)?);
        }
        let address = client.proxy.as_ref().map_or(server, Proxy::address);
        let mut command = client_command(&self.programs, client, address);
        self.time_of_day.show_to(&mut command);
        client.record = record;
        client.may_end = false;
        client.process = Some(Process::start(&mut command, record, lines, &complaints)?);
        Ok(())
    }

    /// Downloads or uploads files with a separate process, which ends after the last line.
    pub(crate) fn errand(&mut self, number: usize, line: &str) -> io::Result<Errand> {
        let record = self.add_record(Some(number));
        let address = self.address.ok_or(io::ErrorKind::NotConnected)?;
        let lines = self.lines.0.clone();
        let complaints = self.folder.join("client.err");
        let mut command = client_command(&self.programs, &self.clients[number], address);
        self.time_of_day.show_to(&mut command);
        command.args(["--exec", line]);
        // The same client may have several downloads at once: each needs its own name. A
        // part of an upload is continued by its owner only.
        if line.starts_with("/download") {
            command.args(["--name", &format!("errand-{record}")]);
        }
        let process = Process::start(&mut command, record, lines, &complaints)?;
        Ok(Errand { process, record })
    }

    /// Runs one step of the plan.
    pub(crate) fn perform(&mut self, who: Who, act: &Act) -> io::Result<()> {
        match (who, act) {
            (Who::Client(client), _) => self.perform_on_client(client, act),
            (Who::Server, Act::Start) => {
                self.open()?;
            }
            (Who::Server, Act::Kill | Act::Interrupt) => self.end_server(act),
            (Who::Server, Act::Stop(time)) => self.stop(who, *time),
            (Who::Machine, Act::Jump(seconds)) => {
                self.hurts += 1;
                self.time_of_day.jump(*seconds)?;
            }
            (
                Who::Server,
                Act::Say | Act::Type(_) | Act::Upload | Act::Cut | Act::Jump(_),
            )
            | (Who::Machine, _) => {}
        }
        Ok(())
    }

    fn perform_on_client(&mut self, number: usize, act: &Act) {
        match act {
            Act::Say => self.say(number),
            Act::Type(line) => self.type_line(number, line),
            Act::Upload => {
                let line = format!("/upload {}", self.clients[number].gift.display());
                self.type_line(number, &line);
            }
            Act::Stop(time) => self.stop(Who::Client(number), *time),
            Act::Start => self.clients[number].is_away = false,
            Act::Jump(_) => {}
            Act::Kill | Act::Interrupt | Act::Cut => {
                self.hurts += 1;
                let client = &mut self.clients[number];
                (client.is_away, client.may_end) = (true, true);
                match (act, &client.process, &mut client.proxy) {
                    (Act::Kill, _, _) => client.process = None,
                    (Act::Cut, _, Some(proxy)) => proxy.cut(),
                    (_, Some(process), _) => process.signal(Signal::SIGINT),
                    (_, None, _) => {}
                }
            }
        }
    }

    fn end_server(&mut self, act: &Act) {
        self.hurts += 1;
        self.is_open = false;
        for client in &mut self.clients {
            client.may_end = true;
        }
        if let Some(mut server) = self.server.take()
            && *act == Act::Interrupt
        {
            server.signal(Signal::SIGINT);
            let status = server.wait(TIMEOUT);
            if !status.is_some_and(|it| it.success()) {
                let sentence = format!("the server did not end well: {status:?}");
                self.offences.push(Offence::Other(sentence));
            }
        }
    }

    fn stop(&mut self, who: Who, time: Duration) {
        self.hurts += 1;
        self.signal(who, Signal::SIGSTOP);
        self.stopped.push((self.clock.now() + time, who));
    }

    fn signal(&self, who: Who, signal: Signal) {
        let process = match who {
            Who::Client(client) => &self.clients[client].process,
            Who::Server => &self.server,
            Who::Machine => return,
        };
        if let Some(process) = process {
            process.signal(signal);
        }
    }

    /// A line that nobody has sent before.
    pub(crate) fn say(&mut self, number: usize) {
        if !self.is_in(number) {
            return;
        }
        let client = &mut self.clients[number];
        client.spoken += 1;
        let line = format!("{} says {}", client.name, client.spoken);
        if let Some(session) = self.records[client.record].sessions.last_mut() {
            session.said.push(line.clone());
        }
        self.type_line(number, &line);
    }

    pub(crate) fn type_line(&mut self, number: usize, line: &str) {
        if self.is_in(number)
            && let Some(process) = &mut self.clients[number].process
        {
            process.type_line(line);
        }
    }

    /// The witness sends the last line of all.
    pub(crate) fn say_last(&mut self) {
        self.say(self.witness());
    }

    /// Every client but the witness leaves, immediately or after its commands are done.
    pub(crate) fn leave(&mut self, at_once: bool) {
        let witness = self.witness();
        for number in 0..witness {
            if at_once {
                self.type_line(number, "/disconnect");
            }
            let client = &mut self.clients[number];
            (client.is_away, client.may_end) = (true, true);
            if let Some(process) = &mut client.process {
                process.close_stdin();
            }
        }
        let are_gone = self.wait_until(2 * TIMEOUT, |crew| {
            let mut processes = crew.clients.iter_mut().take(witness);
            processes.all(|it| it.process.as_mut().is_none_or(|it| it.exit().is_some()))
        });
        if !are_gone {
            let mut names = String::new();
            for client in self.clients.iter_mut().take(witness) {
                if client
                    .process
                    .as_mut()
                    .is_some_and(|it| it.exit().is_none())
                {
                    names = names + " " + &client.name;
                }
            }
            let sentence = format!("somebody does not leave:{names}");
            self.offences.push(Offence::Other(sentence));
        }
        for client in self.clients.iter_mut().take(witness) {
            client.process = None;
        }
    }

    /// Continues every stopped process.
    pub(crate) fn wake_all(&mut self) {
        for (_, who) in std::mem::take(&mut self.stopped) {
            self.signal(who, Signal::SIGCONT);
        }
    }

    pub(crate) fn server_belongings(&self) -> Option<Belongings> {
        self.server.as_ref()?.belongings()
    }

    /// An error if the run shall end early.
    pub(crate) fn go_on_or_stop(&self) -> io::Result<()> {
        if self.is_stopping() {
            return Err(io::ErrorKind::Interrupted.into());
        }
        Ok(())
    }

    fn is_stopping(&self) -> bool {
        self.is_stopping.load(Ordering::Relaxed)
    }

    /// Checks all processes until this moment.
    pub(crate) fn work_until(&mut self, moment: Moment) {
        while !self.is_stopping() && !self.clock.until(moment).is_zero() {
            self.look_after(moment);
        }
    }

    /// The same until the condition holds or the time limit is reached; returns whether it holds.
    pub(crate) fn wait_until(
        &mut self,
        timeout: Duration,
        mut is_so: impl FnMut(&mut Self) -> bool,
    ) -> bool {
        let deadline = self.clock.now() + timeout;
        while !is_so(self) {
            if self.is_stopping() || self.clock.until(deadline).is_zero() {
                return false;
            }
            self.look_after(deadline);
        }
        true
    }

    fn look_after(&mut self, deadline: Moment) {
        let wait = self.clock.until(deadline).min(LOOK_INTERVAL);
        if let Ok((number, line)) = self.lines.1.recv_timeout(wait) {
            self.hear(number, &line);
            while let Ok((number, line)) = self.lines.1.try_recv() {
                self.hear(number, &line);
            }
        }
        let now = self.clock.now();
        let is_due = |(at, _): &(Moment, Who)| *at <= now;
        let due: Vec<_> = self.stopped.extract_if(.., |it| is_due(it)).collect();
        for (_, who) in due {
            self.signal(who, Signal::SIGCONT);
        }
        self.restart_who_ended();
    }

    fn restart_who_ended(&mut self) {
        if let Some(server) = &mut self.server
            && self.is_open
            && let Some(status) = server.exit()
        {
            let sentence = format!("the server ended by itself: {status}");
            self.offences.push(Offence::Other(sentence));
            self.end_server(&Act::Kill);
            return;
        }
        let witness = self.witness();
        let is_witness_in = self.is_in(witness);
        for number in 0..self.clients.len() {
            let may_come = self.is_open && (number == witness || is_witness_in);
            let client = &mut self.clients[number];
            if client.is_away || !may_come {
                continue;
            }
            let status = match client.process.as_mut().map(Process::exit) {
                Some(None) => continue,
                Some(Some(status)) => Some(status),
                None => None,
            };
            let code = status.and_then(|it| it.code());
            let is_fine =
                client.may_end || code.is_some_and(|it| NOT_LET_IN.contains(&it));
            if let Some(status) = status.filter(|_| !is_fine) {
                let sentence = format!("{} ended by itself: {status}", client.name);
                self.offences.push(Offence::Other(sentence));
            }
            if let Err(error) = self.start_client(number) {
                let sentence = format!("a client does not start: {error}");
                self.offences.push(Offence::Other(sentence));
            }
        }
    }

    fn hear(&mut self, number: usize, line: &str) {
        let record = &mut self.records[number];
        let Some(client) = record.client else {
            if let Some(address) = line.strip_prefix("listening on ") {
                record.listening = address.parse().ok();
            }
            return;
        };
        match Reply::from_line(line) {
            Ok(Reply::Welcome(_)) => record.sessions.push(Session {
                who: self.clients[client].name.clone(),
                ..Session::default()
            }),
            Ok(Reply::History { lines }) => {
                if let Some(session) = record.sessions.last_mut() {
                    session
                        .heard
                        .extend(lines.into_iter().map(|said| said.text));
                }
            }
            Ok(Reply::Said(said)) => {
                if let Some(session) = record.sessions.last_mut() {
                    session.heard.push(said.text);
                }
            }
            Ok(Reply::Offer(offer)) => record.offers.push((offer.file, offer.offset)),
            Ok(_) | Err(_) => {} // What a client tells of itself is not needed here.
        }
    }
}

/// A process that runs one command.
pub(crate) struct Errand {
    pub(crate) process: Process,
    pub(crate) record: usize,
}

fn client_command(programs: &Programs, client: &Client, address: SocketAddr) -> Command {
    let mut command = if client.is_limited {
        disk::limited(&programs.client)
    } else {
        Command::new(&programs.client)
    };
    let overwrite = if client.role.replaces {
        "replace"
    } else {
        "keep"
    };
    command
        .args(["--json", "--server", &address.to_string()])
        .args(["--name", &client.name, "--link", &client.role.link])
        .args(["--overwrite", overwrite, "--out"])
        .arg(&client.folder);
    command
}

/// Another program may hold the port of a killed server for a moment.
const TRIES_TO_LISTEN: usize = 20;
