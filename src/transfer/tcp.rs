//! The same file over a plain TCP connection, for comparison.
//!
//! ```text
//!   receiver -> sender   token as 32 hexadecimal digits, \n
//!   sender -> receiver   the file's bytes from `offset` on, exactly `size - offset`
//!   sender -> receiver   SHA-256 of the file, 32 bytes
//!   receiver -> sender   1 verified, 2 damaged: one byte
//! ```
//!
//! Everything that Sash's own protocol does for a UDP transfer, the kernel does here; what
//! stays ours is the token, the digest and the word at the end.
//!
//! Source: RFC 9293; report page `wire`.

use super::clock::Clock;
use super::disk::{self, Answer, CHUNK_BYTES, Disk};
use super::inbox::{Arrival, Order};
use super::{Ending, Figures, Job, REPORT_INTERVAL, Report, WAKE_INTERVAL, verdict};
use crate::reliable::connection::{Failure, Outcome};
use crate::reliable::moment::Moment;
use crate::reliable::retry::PATIENCE;
use crate::wire::digest::Digest;
use crate::wire::message::{Progress, TransferState};
use crate::wire::packet::Reset;
use crossbeam_channel::Receiver as Inbox;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::time::Duration;

/// `sender-N` of a TCP transfer.
pub(super) struct Sender {
    pub(super) job: Job,
    pub(super) file: File,
    pub(super) listener: TcpListener,
    pub(super) asker: IpAddr,
    pub(super) arrivals: Inbox<Arrival>,
}

/// `receiver-N` of a TCP transfer.
pub(super) struct Receiver {
    pub(super) job: Job,
    pub(super) server: SocketAddr,
    pub(super) disk: Disk,
    pub(super) orders: Inbox<Order>,
}

/// Why a TCP transfer ended early.
enum Stop {
    Outcome(Outcome),
    Sentence(String),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        if matches!(
            error.kind(),
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
        ) {
            Self::Outcome(Outcome::Failed(Failure::Silence))
        } else {
            Self::Sentence(format!("the connection broke: {error}"))
        }
    }
}

const CANCELLED: Stop =
    Stop::Outcome(Outcome::Failed(Failure::ResetByUs(Reset::Cancelled)));

/// How often a sender that waits for its receiver looks whether it has come.
const ACCEPT_INTERVAL: Duration = Duration::from_millis(5);

/// Sent or received between two looks at the orders. Unit: bytes.
const STRETCH_BYTES: u64 = 1024 * 1024;

impl Sender {
    /// Sends the file, and reports how it went.
    pub(super) fn run(mut self, digest: Option<Digest>, mut report: impl FnMut(Report)) {
        let mut course = Course::new(self.job.offset);
        let ended = self.send(digest, &mut course, &mut report);
        // Before the end is told: who hears of it may want the port at once.
        drop(self.listener);
        course.end(ended.map(|outcome| (outcome, None, None)), &mut report);
    }

    fn send(
        &mut self,
        mut digest: Option<Digest>,
        course: &mut Course,
        report: &mut impl FnMut(Report),
    ) -> Result<Outcome, Stop> {
        let mut stream = self.accept(&mut digest, course.clock)?;
        self.file.seek(SeekFrom::Start(self.job.offset))?;
        let mut left = self.job.size.saturating_sub(self.job.offset);
        while left > 0 {
            self.obey(Duration::ZERO, &mut digest)?;
            let stretch = left.min(STRETCH_BYTES);
            // `io::copy` from a file to a socket never brings the bytes into this program.
            let copied = io::copy(&mut (&self.file).take(stretch), &mut stream)?;
            if copied < stretch {
                return Err(Stop::Sentence("the file became shorter".to_owned()));
            }
            left -= copied;
            course.progress(self.job.size - left, report);
        }
        while digest.is_none() {
            self.obey(WAKE_INTERVAL, &mut digest)?;
        }
        if let Some(digest) = digest {
            stream.write_all(&digest.0)?;
        }
        let mut word = [0];
        stream.read_exact(&mut word)?;
        Ok(if word == [1] {
            Outcome::Verified
        } else {
            Outcome::Damaged
        })
    }

    /// Waits for the receiver: who comes from the asker's address and has the token.
    fn accept(
        &self,
        digest: &mut Option<Digest>,
        clock: Clock,
    ) -> Result<TcpStream, Stop> {
        self.listener.set_nonblocking(true)?;
        let enough = clock.now() + PATIENCE;
        while clock.now() < enough {
            self.obey(ACCEPT_INTERVAL, digest)?;
            let Ok((stream, from)) = self.listener.accept() else {
                continue;
            };
            if from.ip() == self.asker && self.is_invited(&stream).unwrap_or(false) {
                return Ok(stream);
            }
            log::debug!("ignored a connection from {from}");
        }
        Err(Stop::Outcome(Outcome::Failed(Failure::NoAnswer)))
    }

    fn is_invited(&self, mut stream: &TcpStream) -> io::Result<bool> {
        stream.set_nonblocking(false)?;
        stream.set_read_timeout(Some(Duration::from_secs(2)))?;
        let mut line = [0; 33];
        stream.read_exact(&mut line)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(line == format!("{}\n", self.job.token).as_bytes())
    }

    /// Takes what has come to the inbox; waits for the first of it no longer than this.
    fn obey(&self, patience: Duration, digest: &mut Option<Digest>) -> Result<(), Stop> {
        match self.arrivals.recv_timeout(patience) {
            Ok(Arrival::Digest(known)) => *digest = Some(known),
            Ok(Arrival::Fail(sentence)) => return Err(Stop::Sentence(sentence)),
            Ok(Arrival::Cancel) => return Err(CANCELLED),
            Ok(Arrival::Packet(..) | Arrival::Damaged | Arrival::Verdict(_)) | Err(_) => {
            }
        }
        Ok(())
    }
}

impl Receiver {
    /// Receives the file, and reports how it went.
    pub(super) fn run(self, mut report: impl FnMut(Report)) {
        let mut course = Course::new(self.job.offset);
        let ended = self.receive(&mut course, &mut report);
        course.end(ended, &mut report);
    }

    fn receive(
        &self,
        course: &mut Course,
        report: &mut impl FnMut(Report),
    ) -> Result<(Outcome, Option<Digest>, Option<PathBuf>), Stop> {
        let mut stream = TcpStream::connect_timeout(&self.server, PATIENCE)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        stream.write_all(format!("{}\n", self.job.token).as_bytes())?;
        let mut left = self.job.size.saturating_sub(self.job.offset);
        while left > 0 {
            self.obey()?;
            let mut chunk = Vec::with_capacity(CHUNK_BYTES);
            let stretch = left.min(CHUNK_BYTES as u64);
            let read = (&stream).take(stretch).read_to_end(&mut chunk)? as u64;
            if read < stretch {
                let sentence = "the server ended the transfer before the file was whole";
                return Err(Stop::Sentence(sentence.to_owned()));
            }
            left -= read;
            self.disk.write(chunk);
            course.progress(self.job.size - left, report);
        }
        let mut claimed = [0; 32];
        stream.read_exact(&mut claimed)?;
        self.disk.finish();
        let Answer::Digest(digest) = self.answer()? else {
            return Err(no_answer());
        };
        if digest.0 != claimed {
            self.disk.discard();
            self.answer()?;
            stream.write_all(&[2])?;
            return Ok((Outcome::Damaged, Some(digest), None));
        }
        self.disk.keep();
        let Answer::Kept(path) = self.answer()? else {
            return Err(no_answer());
        };
        // The file is whole; a sender that is gone by now changes nothing about it.
        let _ = stream.write_all(&[1]);
        Ok((Outcome::Verified, Some(digest), Some(path)))
    }

    /// Whether to go on: nobody has cancelled, and the disk has not failed. Before it is
    /// asked for the digest the disk says nothing else.
    fn obey(&self) -> Result<(), Stop> {
        if let Some(Answer::Failed(error)) = self.disk.answer() {
            return Err(disk_failed(&error));
        }
        self.is_wanted()
    }

    fn is_wanted(&self) -> Result<(), Stop> {
        match self.orders.try_recv() {
            Ok(Order::Cancel) => Err(CANCELLED),
            Ok(Order::Release) | Err(_) => Ok(()),
        }
    }

    /// The disk's answer; it comes as soon as what waits is written.
    fn answer(&self) -> Result<Answer, Stop> {
        loop {
            self.is_wanted()?;
            match self.disk.answer_within(WAKE_INTERVAL) {
                Some(Answer::Failed(error)) => return Err(disk_failed(&error)),
                Some(answer) => return Ok(answer),
                None => {}
            }
        }
    }
}

fn disk_failed(error: &io::Error) -> Stop {
    Stop::Sentence(disk::sentence(error))
}

fn no_answer() -> Stop {
    Stop::Sentence("the disk thread gave no answer".to_owned())
}

/// The course of one transfer: its figures, and when it was last told.
struct Course {
    clock: Clock,
    done_bytes: u64,
    next_report: Moment,
}

impl Course {
    fn new(done_bytes: u64) -> Self {
        Self {
            clock: Clock::start(),
            done_bytes,
            next_report: Moment::START,
        }
    }

    fn figures(&self) -> Figures {
        let progress = Progress {
            acked_bytes: self.done_bytes,
            ..Progress::default()
        };
        Figures {
            done_bytes: self.done_bytes,
            progress,
        }
    }

    fn progress(&mut self, done_bytes: u64, report: &mut impl FnMut(Report)) {
        self.done_bytes = done_bytes;
        let now = self.clock.now();
        if now >= self.next_report {
            self.next_report = now + REPORT_INTERVAL;
            report(Report::Progress(TransferState::Sending, self.figures()));
        }
    }

    fn end(
        &self,
        ended: Result<(Outcome, Option<Digest>, Option<PathBuf>), Stop>,
        report: &mut impl FnMut(Report),
    ) {
        let (outcome, digest, path) = match ended {
            Ok((outcome, digest, path)) => (verdict(outcome), digest, path),
            Err(Stop::Outcome(outcome)) => (verdict(outcome), None, None),
            Err(Stop::Sentence(sentence)) => {
                ((TransferState::Failed, Some(sentence)), None, None)
            }
        };
        let (state, sentence) = outcome;
        let (figures, elapsed) = (self.figures(), self.clock.now().since_start());
        report(Report::Ended(Ending {
            state,
            sentence,
            figures,
            elapsed,
            path,
            digest,
        }));
    }
}
