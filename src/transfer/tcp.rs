//! The same file over a plain TCP connection, for comparison.
//!
//! ```text
//!   client -> server     token as 32 hexadecimal digits, \n
//!   sender -> receiver   the file's bytes from `offset` on, exactly `size - offset`
//!   sender -> receiver   SHA-256 of the file, 32 bytes
//!   receiver -> sender   1 verified, 2 damaged: one byte
//! ```
//!
//! The kernel does here what Sash's own protocol does over UDP; Sash adds only the token,
//! the digest and the final verdict.
//!
//! Source: RFC 9293; report page `wire`.

mod course;

use super::clock::Clock;
use super::disk::{self, CHUNK_BYTES, Disk, DiskReply};
use super::inbox::{ReceiverInput, SenderInput, SenderInputs};
use super::{Job, Report, WAKE_INTERVAL};
use crate::reliable::connection::{Failure, Outcome};
use crate::reliable::moment::Moment;
use crate::reliable::retry::IDLE_TIMEOUT;
use crate::wire::digest::{Digest, Token};
use crate::wire::packet::Reset;
use course::Course;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::time::Duration;

/// `sender-N` of a TCP transfer.
pub(super) struct Sender {
    pub(super) job: Job,
    pub(super) file: File,
    pub(super) mode: ConnectMode,
    pub(super) arrivals: SenderInputs,
}

/// `receiver-N` of a TCP transfer.
pub(super) struct Receiver {
    pub(super) job: Job,
    pub(super) mode: ConnectMode,
    pub(super) disk: Disk,
    pub(super) orders: crossbeam_channel::Receiver<ReceiverInput>,
}

/// The two ways to connect; the client always begins.
pub(super) enum ConnectMode {
    /// The client connects to the server, at the port of the offer.
    Connect(SocketAddr),
    /// The server accepts the connection that has the token and the client's address.
    Accept {
        listener: TcpListener,
        asker: IpAddr,
    },
}

/// The messages to one end besides those of the network.
#[derive(Default)]
struct Heard {
    digest: Option<Digest>,
    is_paused: bool,
    /// The file may get its final name.
    is_admitted: bool,
}

/// The result of a TCP transfer that did not end early.
struct Done {
    outcome: Outcome,
    digest: Option<Digest>,
    path: Option<PathBuf>,
    remark: Option<String>,
}

impl From<Outcome> for Done {
    fn from(outcome: Outcome) -> Self {
        Self {
            outcome,
            digest: None,
            path: None,
            remark: None,
        }
    }
}

/// The reason why a TCP transfer ended early.
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

/// The interval at which a waiting sender checks for its receiver.
const ACCEPT_INTERVAL: Duration = Duration::from_millis(5);

impl ConnectMode {
    /// The open connection. Waits no longer than [`IDLE_TIMEOUT`]; `obey` may end it
    /// sooner.
    fn open(
        &self,
        token: Token,
        mut obey: impl FnMut() -> Result<(), Stop>,
    ) -> Result<TcpStream, Stop> {
        let stream = match self {
            Self::Connect(server) => {
                let mut stream = TcpStream::connect_timeout(server, IDLE_TIMEOUT)
                    .map_err(|error| Stop::Sentence(no_connection(*server, &error)))?;
                stream.write_all(format!("{token}\n").as_bytes())?;
                stream
            }
            Self::Accept { listener, asker } => {
                listener.set_nonblocking(true)?;
                let clock = Clock::start();
                loop {
                    obey()?;
                    match listener.accept() {
                        Ok((stream, from))
                            if from.ip() == *asker
                                && is_invited(&stream, token).unwrap_or(false) =>
                        {
                            break stream;
                        }
                        Ok((_, from)) => log::debug!("ignored a connection from {from}"),
                        Err(_) => (),
                    }
                    if clock.now() >= Moment::START + IDLE_TIMEOUT {
                        return Err(Stop::Outcome(Outcome::Failed(Failure::NoAnswer)));
                    }
                }
            }
        };
        stream.set_read_timeout(Some(WAKE_INTERVAL))?;
        stream.set_write_timeout(Some(WAKE_INTERVAL))?;
        Ok(stream)
    }
}

/// The message to a user who reached the chat's port but cannot reach this one.
fn no_connection(server: SocketAddr, error: &io::Error) -> String {
    format!(
        "no TCP connection to {server}: {error}. Files use another port than the chat. \
         Open port {} too in the firewall or forwarder between you and the server.",
        server.port()
    )
}

fn is_invited(mut stream: &TcpStream, token: Token) -> io::Result<bool> {
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(Some(Duration::from_secs(2)))?;
    let mut line = [0; 33];
    stream.read_exact(&mut line)?;
    let text = line.strip_suffix(b"\n");
    let said =
        text.and_then(|text| std::str::from_utf8(text).ok()?.parse::<Token>().ok());
    Ok(said == Some(token)) // In constant time.
}

impl Sender {
    /// Sends the file, and reports the outcome.
    pub(super) fn run(mut self, digest: Option<Digest>, report: impl FnMut(Report)) {
        let mut course = Course::new(&self.job, report);
        let mut heard = Heard {
            digest,
            ..Heard::default()
        };
        let ended = self.send(&mut heard, &mut course);
        // Before the end is reported: the next transfer may need the port at once.
        drop(self.mode);
        course.end(ended.map(Done::from));
    }

    fn send(
        &mut self,
        heard: &mut Heard,
        course: &mut Course<impl FnMut(Report)>,
    ) -> Result<Outcome, Stop> {
        let token = self.job.token;
        let stream = self
            .mode
            .open(token, || self.obey(ACCEPT_INTERVAL, heard))?;
        self.file.seek(SeekFrom::Start(self.job.offset))?;
        let mut left = self.job.size.saturating_sub(self.job.offset);
        let mut chunk = Vec::with_capacity(CHUNK_BYTES);
        while left > 0 {
            heard.is_paused |= course.pauses_at(self.job.size - left);
            self.obey(timeout(heard.is_paused), heard)?;
            course.progress(self.job.size - left, heard.is_paused);
            if heard.is_paused {
                continue;
            }
            let stretch = course.stretch(left);
            chunk.clear();
            let read = (&self.file).take(stretch).read_to_end(&mut chunk)? as u64;
            if read < stretch {
                return Err(Stop::Sentence("the file became shorter".to_owned()));
            }
            self.push(&stream, &chunk, heard, course)?;
            left -= read;
        }
        let digest = loop {
            match heard.digest {
                Some(digest) => break digest,
                None => self.obey(WAKE_INTERVAL, heard)?,
            }
        };
        self.push(&stream, &digest.0, heard, course)?;
        course.progress(self.job.size, heard.is_paused);
        self.pull_word(&stream, heard, course)
    }

    /// Writes everything; checks the inbox while the receiver does not read.
    fn push(
        &self,
        mut stream: &TcpStream,
        mut bytes: &[u8],
        heard: &mut Heard,
        course: &mut Course<impl FnMut(Report)>,
    ) -> Result<(), Stop> {
        let mut silence = Silence::new();
        while !bytes.is_empty() {
            match stream.write(bytes) {
                Ok(0) => return Err(io::Error::from(io::ErrorKind::WriteZero).into()),
                Ok(count) => {
                    bytes = &bytes[count..];
                    silence = Silence::new();
                }
                Err(error) => {
                    silence.bear(error, heard.is_paused)?;
                    self.obey(Duration::ZERO, heard)?;
                    course.stand_still(heard.is_paused);
                }
            }
        }
        Ok(())
    }

    /// The verdict of the receiver.
    fn pull_word(
        &self,
        mut stream: &TcpStream,
        heard: &mut Heard,
        course: &mut Course<impl FnMut(Report)>,
    ) -> Result<Outcome, Stop> {
        let mut silence = Silence::new();
        let mut word = [0];
        loop {
            match stream.read(&mut word) {
                Ok(0) => {
                    return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
                }
                Ok(_) if word == [1] => return Ok(Outcome::Verified),
                Ok(_) => return Ok(Outcome::Damaged),
                Err(error) => {
                    silence.bear(error, heard.is_paused)?;
                    self.obey(Duration::ZERO, heard)?;
                    course.stand_still(heard.is_paused);
                }
            }
        }
    }

    /// Takes the messages of the inbox; waits for the first one at most this long.
    fn obey(&self, timeout: Duration, heard: &mut Heard) -> Result<(), Stop> {
        match self.arrivals.recv_timeout(timeout) {
            Ok(SenderInput::Digest(known)) => heard.digest = Some(known),
            Ok(SenderInput::Fail(sentence)) => return Err(Stop::Sentence(sentence)),
            Ok(SenderInput::Cancel) => return Err(CANCELLED),
            Ok(SenderInput::Pause(is_paused)) => heard.is_paused = is_paused,
            Ok(
                SenderInput::Packet(..)
                | SenderInput::Path(..)
                | SenderInput::Damaged(_)
                | SenderInput::Forged(..)
                | SenderInput::SocketError(_)
                | SenderInput::Verdict(_)
                | SenderInput::LinkControl(_),
            )
            | Err(_) => {}
        }
        Ok(())
    }
}

impl Receiver {
    /// Receives the file, and reports the outcome.
    pub(super) fn run(mut self, report: impl FnMut(Report)) {
        let mut course = Course::new(&self.job, report);
        let ended = self.receive(&mut course);
        // Before the end is reported: the next transfer may need the port and the part.
        drop(self.mode);
        self.disk.end();
        course.end(ended);
        (course.report)(Report::Closed);
    }

    fn receive(&self, course: &mut Course<impl FnMut(Report)>) -> Result<Done, Stop> {
        let is_upload = matches!(self.mode, ConnectMode::Accept { .. });
        let mut heard = Heard {
            is_admitted: !is_upload,
            ..Heard::default()
        };
        let look = || self.obey(ACCEPT_INTERVAL, &mut heard);
        let mut stream = self.mode.open(self.job.token, look)?;
        if is_upload {
            self.disk.reserve(self.job.size);
        }
        let mut left = self.job.size.saturating_sub(self.job.offset);
        while left > 0 {
            heard.is_paused |= course.pauses_at(self.job.size - left);
            self.obey(timeout(heard.is_paused), &mut heard)?;
            course.progress(self.job.size - left, heard.is_paused);
            if heard.is_paused {
                continue;
            }
            let stretch = usize::try_from(course.stretch(left)).unwrap_or(CHUNK_BYTES);
            let mut chunk = self.disk.spare();
            chunk.resize(stretch, 0);
            let read = self.pull(&stream, &mut chunk, &mut heard, course)?;
            chunk.truncate(read);
            left -= read as u64;
            self.disk.write(chunk);
        }
        let mut claimed = [0; 32];
        let mut filled = 0;
        while filled < claimed.len() {
            filled += self.pull(&stream, &mut claimed[filled..], &mut heard, course)?;
        }
        course.progress(self.job.size, heard.is_paused);
        let mut silence = Silence::new();
        while !heard.is_admitted {
            silence.bear(io::ErrorKind::WouldBlock.into(), false)?;
            self.obey(WAKE_INTERVAL, &mut heard)?;
        }
        self.disk.finish();
        let DiskReply::Digest(digest) = self.answer()? else {
            return Err(no_answer());
        };
        if digest.0 != claimed {
            self.disk.discard();
            self.last_answer()?;
            stream.write_all(&[2])?;
            return Ok(Done {
                digest: Some(digest),
                ..Outcome::Damaged.into()
            });
        }
        self.disk.keep();
        let (path, remark) = match self.last_answer()? {
            DiskReply::Kept(path) => (Some(path), None),
            DiskReply::Skipped(path) => (None, Some(disk::skipped(&path))),
            DiskReply::Digest(_) | DiskReply::Discarded | DiskReply::Failed(_) => {
                return Err(no_answer());
            }
        };
        // The file is complete, even if the sender has disconnected by now.
        let _ = stream.write_all(&[1]);
        Ok(Done {
            outcome: Outcome::Verified,
            digest: Some(digest),
            path,
            remark,
        })
    }

    /// Reads what has arrived, at least one byte.
    fn pull(
        &self,
        mut stream: &TcpStream,
        place: &mut [u8],
        heard: &mut Heard,
        course: &mut Course<impl FnMut(Report)>,
    ) -> Result<usize, Stop> {
        let mut silence = Silence::new();
        loop {
            match stream.read(place) {
                Ok(0) => {
                    let sentence =
                        "the sender ended the transfer before the file was complete";
                    return Err(Stop::Sentence(sentence.to_owned()));
                }
                Ok(count) => return Ok(count),
                Err(error) => {
                    silence.bear(error, heard.is_paused)?;
                    self.obey(Duration::ZERO, heard)?;
                    course.stand_still(heard.is_paused);
                }
            }
        }
    }

    /// Whether to continue: the user has not cancelled, and the disk has not failed.
    /// Before the request for the digest the disk reports nothing else.
    fn obey(&self, timeout: Duration, heard: &mut Heard) -> Result<(), Stop> {
        if let Some(DiskReply::Failed(error)) = self.disk.answer() {
            return Err(disk_failed(&error));
        }
        match self.orders.recv_timeout(timeout) {
            Ok(ReceiverInput::Cancel) => return Err(CANCELLED),
            Ok(ReceiverInput::Pause(is_paused)) => heard.is_paused = is_paused,
            Ok(ReceiverInput::Admit) => heard.is_admitted = true,
            Ok(ReceiverInput::Release | ReceiverInput::LinkControl(_)) | Err(_) => {}
        }
        Ok(())
    }

    /// The disk's answer, which follows when all waiting chunks are written.
    fn answer(&self) -> Result<DiskReply, Stop> {
        loop {
            match self.disk.answer_within(WAKE_INTERVAL) {
                Some(DiskReply::Failed(error)) => return Err(disk_failed(&error)),
                Some(answer) => return Ok(answer),
                None if self.orders.try_recv() == Ok(ReceiverInput::Cancel) => {
                    return Err(CANCELLED);
                }
                None => {}
            }
        }
    }

    /// The same when cancelling is impossible: the file has its name, or is deleted.
    fn last_answer(&self) -> Result<DiskReply, Stop> {
        loop {
            match self.disk.answer_within(WAKE_INTERVAL) {
                Some(DiskReply::Failed(error)) => return Err(disk_failed(&error)),
                Some(answer) => return Ok(answer),
                None => {}
            }
        }
    }
}

/// The time since the other side last read or wrote.
struct Silence {
    clock: Clock,
}

impl Silence {
    fn new() -> Self {
        let clock = Clock::start();
        Self { clock }
    }

    /// A read or write failed: an error, unless it was only a timeout.
    fn bear(&mut self, error: io::Error, is_paused: bool) -> Result<(), Stop> {
        let is_wait = matches!(
            error.kind(),
            io::ErrorKind::WouldBlock
                | io::ErrorKind::TimedOut
                | io::ErrorKind::Interrupted
        );
        let is_long = self.clock.now() >= Moment::START + IDLE_TIMEOUT;
        match (is_wait, is_long) {
            (false, _) => Err(error.into()),
            (true, true) if !is_paused => {
                Err(Stop::Outcome(Outcome::Failed(Failure::Silence)))
            }
            (true, _) => Ok(()),
        }
    }
}

/// The time to wait for the inbox, which also ends a pause.
const fn timeout(is_paused: bool) -> Duration {
    if is_paused {
        WAKE_INTERVAL
    } else {
        Duration::ZERO
    }
}

fn disk_failed(error: &io::Error) -> Stop {
    Stop::Sentence(disk::sentence(error))
}

fn no_answer() -> Stop {
    Stop::Sentence("the disk thread gave no answer".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unreachable_transfer_port_is_named_in_the_error() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        let opened = ConnectMode::Connect(address).open(Token([1; 16]), || Ok(()));
        let Err(Stop::Sentence(sentence)) = opened else {
            panic!("no sentence");
        };
        let port = format!("Open port {} too", address.port());
        assert!(sentence.contains(&port), "{sentence}");
    }
}
