//! Journals of real transfers: `--journal DIR` of server and client.
//!
//! One file for each transfer and side, in the laboratory's layout
//! ([`log`](crate::reliable::event::log)), written by the transfer's own thread. A full
//! disk ends the journal with a warning, never the transfer; so does the total of all
//! journals, because each user who starts transfers makes a server write.
//!
//! Source: report page `journal`.

use crate::link::Scenario;
use crate::reliable::event::Event;
use crate::reliable::event::log::{Entry, Format, Heading, JournalEvent, Side, VERSION};
use crate::transfer::ordinary::{self, Use};
use crate::transfer::{Job, Report};
use crate::wire::digest::Token;
use crate::wire::options::NegotiatedOptions;
use crate::wire::packet::Kind;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The folder of journals, if they are wanted.
#[derive(Debug, Clone, Default)]
pub struct Journals {
    folder: Option<PathBuf>,
    /// The bytes that all journals of this program have.
    written: Arc<AtomicU64>,
}

/// All journals of one program together. Unit: bytes.
const MOST_BYTES: u64 = 4 << 30;

/// The number of attempts with another number.
const MOST_TRIES: u32 = 9_999;

impl Journals {
    /// Writes journals into this folder, which is created if it is missing; `None`: none.
    ///
    /// # Errors
    /// The system's error, with the name of the folder.
    pub fn new(folder: Option<PathBuf>) -> io::Result<Self> {
        if let Some(folder) = &folder {
            // A folder that cannot be written to is reported now, not at the first
            // transfer.
            try_out(folder).map_err(|error| {
                let place = folder.display();
                let sentence = format!("cannot write event logs in {place}: {error}");
                io::Error::new(error.kind(), sentence)
            })?;
        }
        Ok(Self {
            folder,
            written: Arc::default(),
        })
    }

    /// Whether transfers are to be watched.
    #[must_use]
    pub const fn are_kept(&self) -> bool {
        self.folder.is_some()
    }

    /// Records the events in a transfer's reports, and passes all reports on.
    pub fn keep(
        &self,
        job: &Job,
        side: Side,
        mut report: impl FnMut(Report) + Send + 'static,
    ) -> impl FnMut(Report) + Send + 'static {
        let mut journal = self
            .folder
            .as_deref()
            .map(|folder| Journal::new(folder, job, side, self.written.clone()));
        move |news| {
            if let Some(journal) = &mut journal {
                match &news {
                    Report::Happened(entries) => journal.write(entries),
                    Report::Ended(_) | Report::Closed => journal.end(),
                    Report::Progress(..) | Report::Killed(..) => {}
                }
            }
            report(news);
        }
    }
}

fn try_out(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    tempfile::tempfile_in(folder)?;
    Ok(())
}

/// One transfer's journal.
#[derive(Debug)]
struct Journal {
    path: PathBuf,
    heading: Heading,
    state: State,
    /// Whether the transfer has ended. Late packets may still arrive, but a reader of the
    /// file must find complete lines.
    is_over: bool,
    /// The bytes of all journals.
    written: Arc<AtomicU64>,
}

#[derive(Debug)]
enum State {
    /// Its first line waits for the first sequence number.
    NotBegun,
    Open(BufWriter<File>),
    /// Whether a failure was reported.
    GivenUp,
}

impl Journal {
    fn new(folder: &Path, job: &Job, side: Side, written: Arc<AtomicU64>) -> Self {
        let name = format!("transfer-{}-{}", job.number, side.name());
        Self {
            path: folder.join(name),
            heading: heading(&job.scenario, job.settled, job.size, job.offset, job.token),
            state: State::NotBegun,
            is_over: false,
            written,
        }
    }

    /// The first packet with the file's first sequence number completes the first line.
    fn write(&mut self, entries: &[Entry]) {
        if matches!(self.state, State::NotBegun) {
            self.heading.first_sequence =
                entries.iter().find_map(first_sequence).unwrap_or_default();
            let begun = begin(&self.path, &self.heading);
            self.resume(begun.map(State::Open));
        }
        let State::Open(file) = &mut self.state else {
            return;
        };
        let lines: String = entries.iter().map(Entry::to_line).collect();
        let written = take_room(&self.written, lines.len())
            .and_then(|()| file.write_all(lines.as_bytes()));
        if written.is_err() {
            self.resume(written.map(|()| State::GivenUp));
        } else if self.is_over {
            self.flush();
        }
    }

    fn end(&mut self) {
        self.is_over = true;
        self.flush();
    }

    fn flush(&mut self) {
        if let State::Open(file) = &mut self.state
            && let Err(error) = file.flush()
        {
            self.resume(Err(error));
        }
    }

    fn resume(&mut self, state: io::Result<State>) {
        self.state = state.unwrap_or_else(|error| {
            log::warn!(
                "cannot write more to the event log {}: {error}",
                self.path.display()
            );
            State::GivenUp
        });
    }
}

/// Counts these bytes, if all journals together may have them.
fn take_room(written: &AtomicU64, bytes: usize) -> io::Result<()> {
    let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
    let before = written.fetch_add(bytes, Ordering::Relaxed);
    if before.saturating_add(bytes) <= MOST_BYTES {
        return Ok(());
    }
    let gib = MOST_BYTES >> 30;
    Err(io::Error::other(format!(
        "all event logs of this program together have {gib} GiB"
    )))
}

/// A new file, never over an older one, and its first line.
fn begin(path: &Path, heading: &Heading) -> io::Result<BufWriter<File>> {
    let (file, _) = new_file(path, ".jsonl")?;
    let mut file = BufWriter::new(file);
    file.write_all(heading.to_line().as_bytes())?;
    Ok(file)
}

/// Creates a new file with this name and ending, readable only by its owner, because it
/// may contain what others said. If the name exists, a number follows it. Returns the
/// path.
///
/// # Errors
/// Those of the system; `AlreadyExists` if thousands of numbers exist too.
pub fn new_file(path: &Path, ending: &str) -> io::Result<(File, PathBuf)> {
    for number in 1..=MOST_TRIES {
        let copy = match number {
            1 => String::new(),
            later => format!("-{later}"),
        };
        let mut name = path.as_os_str().to_owned();
        name.push(format!("{copy}{ending}"));
        match ordinary::open(Path::new(&name), Use::CreatePrivate) {
            Ok(file) => return Ok((file, name.into())),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

/// The first line of a real transfer's journal, without the first sequence number, which
/// is not known yet.
#[must_use]
pub fn heading(
    scenario: &Scenario,
    settled: NegotiatedOptions,
    size: u64,
    offset: u64,
    token: Token,
) -> Heading {
    Heading {
        journal: Format::Sash,
        version: VERSION,
        scenario: scenario.to_string(),
        arq: settled.arq,
        window: settled.window,
        congestion: settled.congestion,
        size,
        offset,
        segment_bytes: settled.segment_bytes,
        first_sequence: 0,
        token: Some(token),
    }
}

/// The file's first sequence number, from the sender's SYN or SYN-ACK, or from the event
/// with which a late log begins.
#[must_use]
pub fn first_sequence(entry: &Entry) -> Option<u32> {
    let JournalEvent::Machine(event) = &entry.what else {
        return None;
    };
    match (event, entry.side) {
        (Event::ListeningBegun { first_sequence, .. }, _) => *first_sequence,
        (Event::PacketSent(packet), Side::Sender)
        | (Event::PacketReceived(packet), Side::Receiver) => {
            let names_the_first = matches!(packet.kind, Kind::Syn | Kind::SynAck);
            names_the_first.then_some(packet.sequence.0)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reliable::moment::Moment;
    use crate::transfer::Figures;
    use crate::wire::digest::Token;
    use crate::wire::message::TransferState;
    use crate::wire::options::NegotiatedOptions;

    fn job() -> Job {
        Job {
            is_watched: true,
            ..Job::new(3, Token([5; 16]), NegotiatedOptions::DEFAULT, 10)
        }
    }

    fn opened() -> Report {
        let event = Event::StateChanged {
            state: "open".into(),
        };
        Report::Happened(vec![Entry::new(Moment::START, Side::Sender, event)])
    }

    #[test]
    fn events_are_written_to_the_journal_and_every_report_is_passed_on() {
        let folder = tempfile::tempdir().unwrap();
        let journals = Journals::new(Some(folder.path().join("new"))).unwrap();
        let (told, news) = crossbeam_channel::unbounded();
        let mut report = journals.keep(&job(), Side::Sender, move |news| {
            told.send(news).unwrap();
        });
        report(opened());
        report(Report::Progress(TransferState::Opening, Figures::default()));
        report(Report::Closed);
        assert_eq!(news.try_iter().count(), 3);
        let path = folder.path().join("new/transfer-3-sender.jsonl");
        let journal = fs::read_to_string(path).unwrap();
        let lines: Vec<&str> = journal.lines().collect();
        assert!(lines[0].starts_with("{\"journal\":\"sash\""), "{journal}");
        let event = "{\"time_us\":0,\"side\":\"sender\",\"event\":\"state_changed\",\"state\":\"open\"}";
        assert_eq!(lines[1..], [event]);
    }

    #[test]
    fn an_older_journal_of_the_same_name_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let journals = Journals::new(Some(folder.path().to_owned())).unwrap();
        for _ in 0..2 {
            let mut report = journals.keep(&job(), Side::Receiver, |_| ());
            report(opened());
            report(Report::Closed);
        }
        let is_there = |name: &str| folder.path().join(name).exists();
        assert!(is_there("transfer-3-receiver.jsonl"));
        assert!(is_there("transfer-3-receiver-2.jsonl"));
    }

    #[test]
    fn all_journals_together_have_a_limit_and_their_transfers_go_on() {
        let folder = tempfile::tempdir().unwrap();
        let journals = Journals::new(Some(folder.path().to_owned())).unwrap();
        let (told, news) = crossbeam_channel::unbounded();
        let mut report = journals.keep(&job(), Side::Sender, move |news| {
            told.send(news).unwrap();
        });
        report(opened());
        journals.written.store(MOST_BYTES, Ordering::Relaxed);
        report(opened());
        report(Report::Closed);
        assert_eq!(news.try_iter().count(), 3);
        let path = folder.path().join("transfer-3-sender.jsonl");
        // The heading and the first event.
        assert_eq!(fs::read_to_string(path).unwrap().lines().count(), 2);
    }

    #[test]
    fn an_unwritable_journal_folder_is_an_error_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        let error = Journals::new(Some(file.clone())).unwrap_err();
        let sentence = format!("cannot write event logs in {}: ", file.display());
        assert!(error.to_string().starts_with(&sentence), "{error}");
    }
}
