//! A student's program as a child process: lines in, lines out, and an end to every wait.
//!
//! ```text
//!   hear(told) --> writer thread --> stdin   [ child ]   stdout --> reader thread --> answer
//!                                              stderr --> reader thread --> the last lines
//! ```
//!
//! If the program hangs, floods, crashes, writes nonsense, closes stdout or leaves children
//! behind, the wait for it still ends, and the author gets the reason in a sentence. The child
//! leads a process group of its own, which is killed as a whole.

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TryRecvError, bounded};
use sash::lab::grade::program::{Failure, Program, Reaction};
use sash::lab::grade::verbs::{Answer, ProgramEvent};
use sash::reliable::moment::Moment;
use sash::system::processes;
use sash::transfer::clock::Clock;
use sash::transfer::threads;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

/// How long a program may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// For its first answer: an interpreter has to start.
    pub(crate) first: Duration,
    /// For each further answer.
    pub(crate) event: Duration,
    /// When all scenarios together have to be over.
    pub(crate) end: Moment,
}

/// The longest line that a program may write. Unit: bytes.
const LONGEST_LINE: u64 = 1_000;
/// The most verbs in one answer.
const MOST_VERBS: usize = 2_000;
/// This much of stderr is shown. Unit: lines.
const STDERR_LINES: usize = 8;
/// A line of stderr is shown up to here. Unit: bytes.
const STDERR_LINE: u64 = 300;
/// The wait for events that should follow immediately: an exit, a last line.
const GRACE: Duration = Duration::from_secs(2);
/// How often a wait for a process polls.
const LOOK: Duration = Duration::from_millis(5);

/// A message of the thread that reads stdout.
enum Heard {
    Line(String),
    TooLong,
}

/// A program that runs. Dropping it kills it and its children.
pub(crate) struct Process {
    child: Child,
    /// `None` once stdin is closed.
    stdin: Option<Sender<String>>,
    stdout: Receiver<Heard>,
    stderr: Receiver<String>,
    clock: Clock,
    limits: Limits,
    has_answered: bool,
}

impl Process {
    /// Starts `command`, with the role as its last argument, in `folder`.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) fn start(
        command: &[String],
        role: &str,
        folder: &Path,
        clock: Clock,
        limits: Limits,
    ) -> io::Result<Self> {
        let (program, arguments) = command.split_first().ok_or_else(|| {
            io::Error::new(io::ErrorKind::InvalidInput, "no command after --")
        })?;
        let mut command = Command::new(program);
        command
            .args(arguments)
            .arg(role)
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        processes::lead_a_group(&mut command);
        let mut child = command.spawn()?;
        let (to_stdin, lines) = bounded::<String>(4);
        if let Some(mut stdin) = child.stdin.take() {
            threads::start_small("grade-stdin".into(), move || {
                while let Ok(line) = lines.recv() {
                    if stdin.write_all(line.as_bytes()).is_err() {
                        return; // It has ended; the reader of its stdout reports it.
                    }
                }
            })?;
        }
        let (heard, stdout) = bounded(256);
        if let Some(pipe) = child.stdout.take() {
            threads::start_small("grade-stdout".into(), move || listen(pipe, &heard))?;
        }
        let (last, stderr) = bounded(STDERR_LINES);
        if let Some(pipe) = child.stderr.take() {
            let oldest = stderr.clone();
            threads::start_small("grade-stderr".into(), move || {
                keep_last(pipe, &last, &oldest);
            })?;
        }
        Ok(Self {
            child,
            stdin: Some(to_stdin),
            stdout,
            stderr,
            clock,
            limits,
            has_answered: false,
        })
    }

    fn failure(&self, sentence: String) -> Failure {
        Failure {
            sentence,
            stderr: self.stderr.try_iter().collect(),
        }
    }

    fn tell(
        &mut self,
        told: &ProgramEvent,
        now: Moment,
        until: Moment,
    ) -> Result<(), Failure> {
        let line = told.line(now) + "\n";
        let wait = self.clock.until(until);
        let is_told = self
            .stdin
            .as_ref()
            .is_some_and(|stdin| stdin.send_timeout(line, wait).is_ok());
        if is_told { Ok(()) } else { Err(self.closed()) }
    }

    /// All verbs up to `ok`.
    fn answer(&mut self, told: &str, until: Moment) -> Reaction {
        let mut actions = Vec::new();
        loop {
            let line = match self.stdout.recv_timeout(self.clock.until(until)) {
                Ok(Heard::Line(line)) => line,
                Ok(Heard::TooLong) => {
                    return Err(self.failure(format!(
                        "It wrote a line of more than {LONGEST_LINE} bytes. Write one verb per \
                         line."
                    )));
                }
                Err(RecvTimeoutError::Timeout) => {
                    return Err(self.silent(told, actions.len()));
                }
                Err(RecvTimeoutError::Disconnected) => return Err(self.closed()),
            };
            match line.parse() {
                Ok(Answer::Action(action)) => actions.push(action),
                Ok(Answer::Ok) => {
                    self.has_answered = true;
                    return Ok(actions);
                }
                Err(why) => {
                    let shown: String = line.trim().chars().take(60).collect();
                    return Err(self.failure(format!(
                        "It answered {told:?} with {shown:?}, which is not a verb: {why}. Write \
                         your own messages to stderr, or as a note."
                    )));
                }
            }
            if actions.len() > MOST_VERBS {
                return Err(self.failure(format!(
                    "It wrote more than {MOST_VERBS} verbs in answer to {told:?}, and no ok."
                )));
            }
        }
    }

    /// No complete answer came in time. An answer that comes once stdin is closed was in the
    /// program's buffer all the time.
    fn silent(&mut self, told: &str, verbs: usize) -> Failure {
        if self.clock.now() >= self.limits.end {
            let sentence =
                "The time limit for all scenarios together was reached (--limit).";
            return self.failure(sentence.to_owned());
        }
        self.stdin = None;
        let waited = if self.has_answered {
            self.limits.event
        } else {
            self.limits.first
        };
        let waited = waited.as_secs_f64();
        let is_buffered = self.stdout.recv_timeout(GRACE).is_ok();
        let what = if is_buffered {
            "the answer came only when its stdin was closed: the program prints without \
             flushing. Flush stdout after each ok, with print(..., flush=True) or fflush(stdout)"
                .to_owned()
        } else if verbs > 0 {
            format!("it wrote {verbs} verbs and no ok. End each answer with ok")
        } else {
            "it hangs, or waits for something else. Answer each line except start and end, at \
             least with ok"
                .to_owned()
        };
        self.failure(format!(
            "It gave no answer to {told:?} within {waited} s; {what}."
        ))
    }

    /// Its stdout is closed, or its stdin.
    fn closed(&mut self) -> Failure {
        let sentence = match self.wait(GRACE) {
            Some(status) => format!("It ended before the run was over: {}.", how(status)),
            None => "It closed its stdout or does not read its stdin, but still runs."
                .to_owned(),
        };
        // Its last lines may not have been read yet.
        let mut failure = self.failure(sentence);
        while let Ok(line) = self.stderr.recv_timeout(LOOK * 20) {
            failure.stderr.push(line);
        }
        let lines = &mut failure.stderr;
        lines.drain(..lines.len().saturating_sub(STDERR_LINES));
        failure
    }

    /// Ends the run: the program must exit and leave no child process behind.
    fn leave(&mut self, now: Moment) -> Result<(), Failure> {
        let until = self.clock.now() + GRACE;
        let _ = self.tell(&ProgramEvent::End, now, until); // It may have exited already.
        self.stdin = None;
        match self.wait(GRACE.max(self.limits.event)) {
            None => Err(self.failure("It did not exit after end.".to_owned())),
            Some(status) if !status.success() => {
                let how = how(status);
                Err(self.failure(format!("After end it failed: {how}.")))
            }
            Some(_) if self.has_children() => Err(self.failure(
                "It left child processes behind, which are now killed. Wait for them before \
                 the program exits."
                    .to_owned(),
            )),
            Some(_) => Ok(()),
        }
    }

    /// Waits for its end, for as long as this.
    fn wait(&mut self, timeout: Duration) -> Option<ExitStatus> {
        let until = self.clock.now() + timeout;
        loop {
            if let Ok(Some(status)) = self.child.try_wait() {
                return Some(status);
            }
            let left = self.clock.until(until);
            if left.is_zero() {
                return None;
            }
            let _ = crossbeam_channel::never::<()>().recv_timeout(left.min(LOOK));
        }
    }

    /// Whether processes of its group are still there a moment after it has left.
    fn has_children(&self) -> bool {
        let until = self.clock.now() + GRACE / 4;
        while processes::is_group_alive(self.child.id()) {
            let left = self.clock.until(until);
            if left.is_zero() {
                return true;
            }
            let _ = crossbeam_channel::never::<()>().recv_timeout(left.min(LOOK));
        }
        false
    }
}

impl Program for Process {
    fn hear(&mut self, told: &ProgramEvent, now: Moment) -> Reaction {
        let limit = if self.has_answered {
            self.limits.event
        } else {
            self.limits.first
        };
        let until = (self.clock.now() + limit).min(self.limits.end);
        match told {
            ProgramEvent::Start { .. } => {
                self.tell(told, now, until).map(|()| Vec::new())
            }
            ProgramEvent::End => self.leave(now).map(|()| Vec::new()),
            ProgramEvent::Begin
            | ProgramEvent::Ack { .. }
            | ProgramEvent::Timeout(_)
            | ProgramEvent::Data(_)
            | ProgramEvent::Delivered(..)
            | ProgramEvent::Lost(_)
            | ProgramEvent::Corrupt => {
                let early = self.stdout.try_recv();
                if let Ok(Heard::Line(line)) = &early {
                    let shown: String = line.trim().chars().take(60).collect();
                    return Err(self.failure(format!(
                        "It wrote {shown:?} before it received a line. Write nothing after an \
                         ok, and do not answer start."
                    )));
                }
                if matches!(early, Err(TryRecvError::Disconnected)) {
                    return Err(self.closed());
                }
                self.tell(told, now, until)?;
                self.answer(&told.line(now), until)
            }
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Its children may outlive it; they are in its group.
        processes::kill_group(self.child.id());
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `exit status 1`, `signal 11`.
fn how(status: ExitStatus) -> String {
    if let Some(signal) = processes::signal(status) {
        return signal;
    }
    match status.code() {
        Some(code) => format!("exit status {code}"),
        None => "it was killed".to_owned(),
    }
}

/// Sends each line of stdout; blocks while the channel is full, and ends with either side.
fn listen(pipe: impl Read, heard: &Sender<Heard>) {
    let mut pipe = BufReader::new(pipe);
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = (&mut pipe)
            .take(LONGEST_LINE + 1)
            .read_until(b'\n', &mut line);
        let said = match read {
            Ok(0) | Err(_) => return,
            Ok(_) if line.len() as u64 > LONGEST_LINE => Heard::TooLong,
            Ok(_) => Heard::Line(String::from_utf8_lossy(&line).into_owned()),
        };
        if heard.send(said).is_err() {
            return;
        }
    }
}

/// Keeps the last lines of stderr, each cut to what is shown.
fn keep_last(pipe: impl Read, last: &Sender<String>, oldest: &Receiver<String>) {
    let mut pipe = BufReader::new(pipe);
    let mut line = Vec::new();
    loop {
        line.clear();
        match (&mut pipe).take(STDERR_LINE).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        let shown = String::from_utf8_lossy(&line);
        let shown: String = shown.chars().filter(|it| !it.is_control()).collect();
        while last.is_full() {
            let _ = oldest.try_recv();
        }
        if last.send(shown).is_err() {
            return;
        }
    }
}
