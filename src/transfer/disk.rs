//! Writes a received file: a growing prefix, hashed meanwhile, named when it is complete.
//!
//! `disk-3` gets only bytes in order. Until the digest is verified, the file is
//! `NAME.part`; it gets its final name in one step.
//!
//! ```text
//!   receiver-3 --bytes--> [ bounded channel ] --disk-3--> NAME.part
//!              --finish-->                     <-- digest
//!              --keep---->                     <-- final path (NAME, or NAME (2))
//! ```
//!
//! The channel is bounded, so a slow disk does not fill the memory: over UDP the window
//! shrinks, over TCP the receiver waits. The part of an earlier download is read and
//! hashed while the disk is idle, at the latest before the digest is reported: the
//! network does not wait for it.

use super::naming::name_part;
use super::overwrite::Overwrite;
use super::part::Part;
use super::record::Record;
use super::threads;
use crate::wire::digest::Digest;
use sha2::{Digest as _, Sha256};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{
    Receiver, RecvTimeoutError, SyncSender, TryRecvError, TrySendError, sync_channel,
};
use std::time::Duration;

/// A running disk thread; it ends when this is dropped.
#[derive(Debug)]
pub(super) struct Disk {
    /// `None` after the order to end.
    orders: Option<SyncSender<DiskRequest>>,
    answers: Receiver<DiskReply>,
    /// The written chunks, to be reused.
    spares: Receiver<Vec<u8>>,
}

#[derive(Debug)]
enum DiskRequest {
    /// The number of bytes to be written in all.
    Reserve(u64),
    Write(Vec<u8>),
    Finish,
    Keep,
    Discard,
}

/// A message of the disk thread.
#[derive(Debug)]
pub(super) enum DiskReply {
    /// Everything is written; this is its SHA-256.
    Digest(Digest),
    /// The file has its name.
    Kept(PathBuf),
    /// The file is complete, but a file of this name exists by now and the choice is to
    /// skip: the part is deleted.
    Skipped(PathBuf),
    /// The part is deleted.
    Discarded,
    /// The disk thread cannot continue.
    Failed(io::Error),
}

/// The size of a chunk. Unit: bytes.
pub(super) const CHUNK_BYTES: usize = 256 * 1024;

/// The longest wait for a disk that still has chunks to write.
const LONGEST_END: Duration = Duration::from_secs(5);

/// The number of chunks that may wait: 4 MiB in all. As many may be ready for reuse.
const CHUNKS_WAITING: usize = 16;

impl Disk {
    /// Starts `disk-N`, which continues at the end of the part.
    ///
    /// # Errors
    /// The system's error if it has no thread left.
    pub(super) fn start(number: u64, part: Part) -> io::Result<Self> {
        let (orders, inbox) = sync_channel(CHUNKS_WAITING);
        let (outbox, answers) = sync_channel(4);
        let (spare, spares) = sync_channel(CHUNKS_WAITING);
        let writer = Writer {
            hasher: Sha256::new(),
            hashed: 0,
            written: part.length(),
            part,
            spare,
        };
        threads::start_behind(format!("disk-{number}"), move || {
            writer.run(&inbox, &outbox);
        })?;
        Ok(Self {
            orders: Some(orders),
            answers,
            spares,
        })
    }

    /// Reserves this space; if there is not enough, the disk fails at once.
    pub(super) fn reserve(&self, bytes: u64) {
        self.order(DiskRequest::Reserve(bytes));
    }

    /// Passes bytes on; waits if the disk is behind.
    pub(super) fn write(&self, bytes: Vec<u8>) {
        self.order(DiskRequest::Write(bytes));
    }

    /// Passes bytes on without waiting; returns them if the disk is behind.
    pub(super) fn try_write(&self, bytes: Vec<u8>) -> Result<(), Vec<u8>> {
        let Some(orders) = &self.orders else {
            return Ok(());
        };
        match orders.try_send(DiskRequest::Write(bytes)) {
            Err(TrySendError::Full(DiskRequest::Write(bytes))) => Err(bytes),
            // A disk thread that is gone has said why before.
            Ok(()) | Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => Ok(()),
        }
    }

    /// Memory for a chunk: reused memory needs no new pages.
    pub(super) fn spare(&self) -> Vec<u8> {
        let new = |_| Vec::with_capacity(CHUNK_BYTES);
        self.spares.try_recv().unwrap_or_else(new)
    }

    /// Asks for the digest of everything passed on.
    pub(super) fn finish(&self) {
        self.order(DiskRequest::Finish);
    }

    /// The digest was correct: the file gets its final name.
    pub(super) fn keep(&self) {
        self.order(DiskRequest::Keep);
    }

    /// The digest was wrong: the part is deleted.
    pub(super) fn discard(&self) {
        self.order(DiskRequest::Discard);
    }

    /// A disk thread that is gone has said why before.
    fn order(&self, order: DiskRequest) {
        if let Some(orders) = &self.orders {
            let _ = orders.send(order);
        }
    }

    /// Waits until everything is written and the part is free for another writer.
    pub(super) fn end(&mut self) {
        self.orders = None;
        while self.answers.recv_timeout(LONGEST_END).is_ok() {}
    }

    /// The messages of the disk thread.
    pub(super) fn answer(&self) -> Option<DiskReply> {
        self.answers.try_recv().ok()
    }

    /// Waits for the next message of the disk thread.
    pub(super) fn answer_within(&self, timeout: Duration) -> Option<DiskReply> {
        match self.answers.recv_timeout(timeout) {
            Ok(answer) => Some(answer),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => Some(DiskReply::Failed(
                io::Error::other("the disk thread has ended"),
            )),
        }
    }
}

/// `disk-N`.
struct Writer {
    part: Part,
    hasher: Sha256,
    /// How much of the part `hasher` has processed. Unit: bytes.
    hashed: u64,
    /// The part's length. Unit: bytes.
    written: u64,
    /// Receives the written chunks.
    spare: SyncSender<Vec<u8>>,
}

impl Writer {
    fn run(mut self, inbox: &Receiver<DiskRequest>, outbox: &SyncSender<DiskReply>) {
        while let Some(order) = self.next(inbox) {
            let answer = match order {
                DiskRequest::Reserve(bytes) => self.part.reserve(bytes).map(|()| None),
                DiskRequest::Write(mut bytes) => self.write(&bytes).map(|()| {
                    bytes.clear();
                    let _ = self.spare.try_send(bytes);
                    None
                }),
                DiskRequest::Finish => {
                    self.finish().map(|digest| Some(DiskReply::Digest(digest)))
                }
                DiskRequest::Keep => self.keep().map(Some),
                DiskRequest::Discard => {
                    self.part.discard().map(|()| Some(DiskReply::Discarded))
                }
            };
            let answer = answer.unwrap_or_else(|error| Some(DiskReply::Failed(error)));
            let is_settled = matches!(
                answer,
                Some(DiskReply::Kept(_) | DiskReply::Skipped(_) | DiskReply::Discarded)
            );
            let has_failed = matches!(answer, Some(DiskReply::Failed(_)));
            if let Some(answer) = answer {
                // The receiver may have ended meanwhile.
                let _ = outbox.send(answer);
            }
            if is_settled {
                return; // The file that has this name now is not Sash's.
            }
            if has_failed {
                return self.give_up();
            }
        }
        self.part.tidy_up();
    }

    /// A server does not keep parts that nobody can resume.
    fn give_up(&self) {
        if self.part.is_guest() {
            // An error here means that the disk is not only full.
            let _ = self.part.discard();
        } else {
            self.part.tidy_up();
        }
    }

    /// The next order. Until one arrives, the earlier bytes are hashed, so the network
    /// never waits for that.
    fn next(&mut self, inbox: &Receiver<DiskRequest>) -> Option<DiskRequest> {
        while self.is_behind() {
            match inbox.try_recv() {
                Ok(order) => return Some(order),
                Err(TryRecvError::Disconnected) => return None,
                Err(TryRecvError::Empty) => {}
            }
            if let Err(error) = self.catch_up() {
                log::debug!("cannot read a partial file: {error}");
                break; // It is tried again before the digest is reported.
            }
        }
        inbox.recv().ok()
    }

    fn is_behind(&self) -> bool {
        self.hashed < self.written
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let is_behind = self.is_behind();
        if !is_behind {
            self.hasher.update(bytes); // First: then the write finds them in the cache.
        }
        self.part.file.seek(SeekFrom::Start(self.written))?;
        self.part.file.write_all(bytes)?;
        self.written += bytes.len() as u64;
        if !is_behind {
            self.hashed = self.written;
        }
        Ok(())
    }

    /// Reads and hashes a chunk of the earlier bytes.
    fn catch_up(&mut self) -> io::Result<()> {
        self.part.file.seek(SeekFrom::Start(self.hashed))?;
        let wanted = (self.written - self.hashed).min(CHUNK_BYTES as u64);
        let mut chunk = Vec::with_capacity(CHUNK_BYTES);
        (&self.part.file).take(wanted).read_to_end(&mut chunk)?;
        if chunk.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.hasher.update(&chunk);
        self.hashed += chunk.len() as u64;
        Ok(())
    }

    fn finish(&mut self) -> io::Result<Digest> {
        while self.is_behind() {
            self.catch_up()?;
        }
        Ok(Digest(self.hasher.clone().finalize().into()))
    }

    fn keep(&self) -> io::Result<DiskReply> {
        if !self.part.is_in_place()? {
            let why = "its folder was moved or deleted during the transfer";
            return Err(io::Error::new(io::ErrorKind::NotFound, why));
        }
        let destination = &self.part.destination;
        match name_part(&self.part.path, destination) {
            Ok(path) => {
                Record::remove(&self.part.path);
                Ok(DiskReply::Kept(path))
            }
            Err(error)
                if error.kind() == io::ErrorKind::AlreadyExists
                    && destination.overwrite == Overwrite::Skip =>
            {
                self.part.discard()?;
                Ok(DiskReply::Skipped(
                    destination.folder.join(&destination.name),
                ))
            }
            Err(error) => Err(error),
        }
    }
}

/// The message if a file of that name has appeared and the download is skipped.
pub(super) fn skipped(path: &Path) -> String {
    format!("{} exists by now: skipped", path.display())
}

/// The message if the file cannot be written.
pub(super) fn sentence(error: &io::Error) -> String {
    let is_full = matches!(
        error.kind(),
        io::ErrorKind::StorageFull
            | io::ErrorKind::QuotaExceeded
            | io::ErrorKind::FileTooLarge
    );
    if is_full {
        return format!(
            "the disk is full ({error}). Free some space and download the file again: \
             the part that arrived is kept, and the download continues from there."
        );
    }
    if error.kind() == io::ErrorKind::AlreadyExists {
        return "a file of that name exists by now and may not be replaced".to_owned();
    }
    format!("cannot write the file: {error}")
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::part::Destination;
    use super::*;

    use std::fs;

    /// The chunks that a disk received, in order.
    pub(in super::super) struct Given(Receiver<DiskRequest>);

    impl Given {
        /// The chunks since the last call.
        pub(in super::super) fn chunks(&self) -> Vec<Vec<u8>> {
            let chunk = |order| match order {
                DiskRequest::Write(chunk) => Some(chunk),
                DiskRequest::Reserve(_)
                | DiskRequest::Finish
                | DiskRequest::Keep
                | DiskRequest::Discard => None,
            };
            self.0.try_iter().filter_map(chunk).collect()
        }
    }

    /// A disk that accepts this many chunks and writes none.
    pub(in super::super) fn stuck_disk(chunks: usize) -> (Disk, Given) {
        let (orders, inbox) = sync_channel(chunks);
        let (_, answers) = sync_channel(1);
        let (_, spares) = sync_channel(1);
        let disk = Disk {
            orders: Some(orders),
            answers,
            spares,
        };
        (disk, Given(inbox))
    }

    /// A disk thread has a low priority, so it is late on a busy machine.
    const TIMEOUT: Duration = Duration::from_secs(90);

    fn destination(folder: &Path) -> Destination {
        Destination {
            folder: folder.join("new"),
            name: "notes.txt".to_owned(),
            workshop: None,
            overwrite: Overwrite::Keep,
        }
    }

    fn begun(folder: &Path) -> Disk {
        let part =
            Part::begin(&destination(folder), Some(Record::of_notes(700_011))).unwrap();
        Disk::start(1, part).unwrap()
    }

    fn digest(disk: &Disk) -> String {
        disk.finish();
        match disk.answer_within(TIMEOUT) {
            Some(DiskReply::Digest(digest)) => digest.to_string(),
            other => panic!("no digest: {other:?}"),
        }
    }

    fn kept(disk: &Disk) -> PathBuf {
        disk.keep();
        match disk.answer_within(TIMEOUT) {
            Some(DiskReply::Kept(path)) => path,
            other => panic!("not kept: {other:?}"),
        }
    }

    /// Waits until `disk` has ended and released its part.
    fn end(mut disk: Disk) {
        disk.orders = None;
        while disk.answers.recv_timeout(TIMEOUT).is_ok() {}
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder.join("new")).unwrap();
        let name = |entry: fs::DirEntry| entry.file_name().into_string().unwrap();
        let mut names: Vec<_> = entries.map(|entry| name(entry.unwrap())).collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_gets_its_final_name_only_when_it_is_complete() {
        let folder = tempfile::tempdir().unwrap();
        let disk = begun(folder.path());
        disk.write(b"hello ".to_vec());
        disk.write(b"world".to_vec());
        assert!(digest(&disk).starts_with("b94d27b9934d3e08"));
        let unfinished = ["notes.txt.part", "notes.txt.part.json"];
        assert_eq!(names(folder.path()), unfinished);
        let path = kept(&disk);
        assert_eq!(names(folder.path()), ["notes.txt"]);
        assert_eq!(fs::read(path).unwrap(), b"hello world");
    }

    #[test]
    fn an_existing_file_is_kept_and_the_new_one_is_numbered() {
        let folder = tempfile::tempdir().unwrap();
        let names = (0..3).map(|_| {
            let disk = begun(folder.path());
            disk.write(b"again".to_vec());
            kept(&disk).file_name().unwrap().to_owned()
        });
        let names: Vec<_> = names.collect();
        assert_eq!(names, ["notes.txt", "notes (2).txt", "notes (3).txt"]);
    }

    #[test]
    fn with_skip_the_later_of_two_simultaneous_downloads_leaves_no_file_and_does_not_fail()
     {
        let folder = tempfile::tempdir().unwrap();
        let mut destination = destination(folder.path());
        destination.overwrite = Overwrite::Skip;
        let begun = || {
            let part =
                Part::begin(&destination, Some(Record::of_notes(700_011))).unwrap();
            Disk::start(1, part).unwrap()
        };
        let (first, second) = (begun(), begun());
        assert_eq!(fs::read(kept(&first)).unwrap(), b"");
        second.write(b"second".to_vec());
        second.keep();
        match second.answer_within(TIMEOUT) {
            Some(DiskReply::Skipped(path)) => assert!(path.ends_with("notes.txt")),
            other => panic!("not skipped: {other:?}"),
        }
        end(second);
        assert_eq!(names(folder.path()), ["notes.txt"]);
    }

    #[test]
    fn a_partial_file_in_a_replaced_folder_is_not_renamed_and_deletes_no_other_file() {
        if !crate::system::files::CAN_RENAME_OPEN_FOLDERS {
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let new = folder.path().join("new");
        let disk = begun(folder.path());
        fs::rename(&new, folder.path().join("old")).unwrap();
        fs::create_dir(&new).unwrap();
        fs::write(new.join("notes.txt.part"), "another's").unwrap();
        disk.keep();
        match disk.answer_within(TIMEOUT) {
            Some(DiskReply::Failed(error)) => {
                assert!(sentence(&error).contains("moved or deleted"), "{error}");
            }
            other => panic!("it did not fail: {other:?}"),
        }
        end(disk);
        assert_eq!(names(folder.path()), ["notes.txt.part"]);
    }

    #[test]
    fn two_simultaneous_downloads_of_one_file_have_separate_partial_files() {
        let folder = tempfile::tempdir().unwrap();
        let first = begun(folder.path());
        let second = begun(folder.path());
        first.write(b"first".to_vec());
        second.write(b"second".to_vec());
        assert_eq!(fs::read(kept(&first)).unwrap(), b"first");
        assert_eq!(fs::read(kept(&second)).unwrap(), b"second");
    }

    #[test]
    fn the_bytes_of_the_partial_file_are_included_in_the_digest() {
        let folder = tempfile::tempdir().unwrap();
        let whole: Vec<u8> = (0..700_011_u32).map(|at| (at % 251) as u8).collect();
        let disk = begun(folder.path());
        disk.write(whole[..600_000].to_vec());
        end(disk);
        let part = Part::find(&destination(folder.path()), "notes.txt").unwrap();
        let part = part.resume(Record::of_notes(700_011), 600_000).unwrap();
        let disk = Disk::start(1, part).unwrap();
        whole[600_000..]
            .chunks(1_000)
            .for_each(|chunk| disk.write(chunk.to_vec()));
        let expected = Digest(Sha256::digest(&whole).into());
        assert_eq!(digest(&disk), expected.to_string());
        assert_eq!(fs::read(kept(&disk)).unwrap(), whole);
    }

    #[test]
    fn a_partial_file_without_a_record_is_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("new")).unwrap();
        fs::write(folder.path().join("new/notes.txt.part"), b"a long old rest").unwrap();
        let disk = begun(folder.path());
        disk.write(b"new".to_vec());
        assert_eq!(fs::read(kept(&disk)).unwrap(), b"new");
    }

    #[test]
    fn a_damaged_or_empty_download_leaves_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let damaged = begun(folder.path());
        damaged.write(b"damaged".to_vec());
        damaged.discard();
        let answer = damaged.answer_within(TIMEOUT);
        assert!(matches!(answer, Some(DiskReply::Discarded)), "{answer:?}");
        end(begun(folder.path()));
        assert_eq!(names(folder.path()), [""; 0]);
    }

    #[test]
    fn a_full_disk_is_reported_with_advice() {
        let sentence = sentence(&io::ErrorKind::StorageFull.into());
        assert!(sentence.starts_with("the disk is full"), "{sentence}");
        assert!(sentence.ends_with("continues from there."), "{sentence}");
    }
}
