//! The file that is written: a growing prefix, hashed on the way, named when it is whole.
//!
//! `disk-3` gets bytes in order and nothing else. Until the digest is known to be right
//! the file is `NAME.part`; it takes its name in one step and never over an existing file.
//!
//! ```text
//!   receiver-3 --bytes--> [ bounded channel ] --disk-3--> NAME.part
//!              --finish-->                     <-- digest
//!              --keep---->                     <-- final path (NAME, or NAME (2))
//! ```
//!
//! The channel is bounded, so a slow disk slows the receiver and fills no memory.

use super::{space, threads};
use crate::wire::digest::Digest;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TrySendError};
use sha2::{Digest as _, Sha256};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Where the file shall go.
#[derive(Debug, Clone)]
pub struct Destination {
    /// The folder; it is made when missing.
    pub folder: PathBuf,
    /// The final name, checked: one component. An existing file is kept and the new one
    /// named `NAME (2)`. Until the digest matches, the file is `NAME.part`.
    pub name: String,
    /// Where the part grows, if not in `folder`: on the same file system.
    pub workshop: Option<PathBuf>,
    /// Space to be reserved before the first byte comes. Unit: bytes.
    pub reserve: u64,
}

/// A running disk thread; it ends when this is dropped.
#[derive(Debug)]
pub(super) struct Disk {
    orders: Sender<Order>,
    answers: Receiver<Answer>,
}

#[derive(Debug)]
enum Order {
    Write(Vec<u8>),
    Finish,
    Keep,
    Discard,
}

/// What the disk thread says.
#[derive(Debug)]
pub(super) enum Answer {
    /// All is written; this is the SHA-256 of it.
    Digest(Digest),
    /// The file has its name.
    Kept(PathBuf),
    /// The part is gone.
    Discarded,
    /// It cannot go on.
    Failed(io::Error),
}

/// Handed over at once. Unit: bytes.
pub(super) const CHUNK_BYTES: usize = 128 * 1024;

/// Chunks that may wait: 4 MiB in all.
const CHUNKS_WAITING: usize = 32;

/// More copies of one name than this in a folder are an error.
const MOST_COPIES: u32 = 9_999;

impl Disk {
    /// Makes the folder and the part, and starts `disk-N`.
    ///
    /// # Errors
    /// What the system says about the folder, the part or the thread.
    pub(super) fn start(number: u64, destination: &Destination) -> io::Result<Self> {
        fs::create_dir_all(&destination.folder)?;
        let (part, path) = open_part(destination)?;
        space::reserve(&part, destination.reserve)?;
        let (orders, inbox) = crossbeam_channel::bounded(CHUNKS_WAITING);
        let (outbox, answers) = crossbeam_channel::bounded(4);
        let writer = Writer {
            part,
            path,
            destination: destination.clone(),
        };
        threads::start(format!("disk-{number}"), move || {
            writer.run(&inbox, &outbox);
        })?;
        Ok(Self { orders, answers })
    }

    /// Hands bytes over; waits where the disk is behind.
    pub(super) fn write(&self, bytes: Vec<u8>) {
        self.order(Order::Write(bytes));
    }

    /// Hands bytes over without waiting; gives them back where the disk is behind.
    pub(super) fn try_write(&self, bytes: Vec<u8>) -> Result<(), Vec<u8>> {
        match self.orders.try_send(Order::Write(bytes)) {
            Err(TrySendError::Full(Order::Write(bytes))) => Err(bytes),
            // A disk thread that is gone has said why before.
            Ok(()) | Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => Ok(()),
        }
    }

    /// Asks for the digest of everything handed over.
    pub(super) fn finish(&self) {
        self.order(Order::Finish);
    }

    /// The digest was right: the file takes its name.
    pub(super) fn keep(&self) {
        self.order(Order::Keep);
    }

    /// The digest was wrong: the part is worth nothing.
    pub(super) fn discard(&self) {
        self.order(Order::Discard);
    }

    /// A disk thread that is gone has said why before.
    fn order(&self, order: Order) {
        let _ = self.orders.send(order);
    }

    /// What the disk thread has said.
    pub(super) fn answer(&self) -> Option<Answer> {
        self.answers.try_recv().ok()
    }

    /// Waits for what the disk thread says.
    pub(super) fn answer_within(&self, patience: Duration) -> Option<Answer> {
        match self.answers.recv_timeout(patience) {
            Ok(answer) => Some(answer),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => {
                Some(Answer::Failed(io::Error::other("the disk thread is gone")))
            }
        }
    }
}

/// `disk-N`.
struct Writer {
    part: File,
    path: PathBuf,
    destination: Destination,
}

impl Writer {
    fn run(mut self, inbox: &Receiver<Order>, outbox: &Sender<Answer>) {
        let mut hasher = Sha256::new();
        for order in inbox {
            let answer = match order {
                Order::Write(bytes) => {
                    hasher.update(&bytes);
                    self.part.write_all(&bytes).map(|()| None)
                }
                Order::Finish => {
                    let digest = Digest(hasher.clone().finalize().into());
                    Ok(Some(Answer::Digest(digest)))
                }
                Order::Keep => name(&self.path, &self.destination)
                    .map(|path| Some(Answer::Kept(path))),
                Order::Discard => {
                    fs::remove_file(&self.path).map(|()| Some(Answer::Discarded))
                }
            };
            let answer = answer.unwrap_or_else(|error| Some(Answer::Failed(error)));
            let has_failed = matches!(answer, Some(Answer::Failed(_)));
            if let Some(answer) = answer {
                // The receiver may have given up meanwhile.
                let _ = outbox.send(answer);
            }
            if has_failed {
                return;
            }
        }
    }
}

/// Opens `NAME.part`, empty. One that another download is writing at this moment is left
/// alone; one that a dead download has left is begun anew.
fn open_part(destination: &Destination) -> io::Result<(File, PathBuf)> {
    for copy in 1..=MOST_COPIES {
        let name = numbered(&destination.name, copy) + ".part";
        let folder = destination.workshop.as_ref().unwrap_or(&destination.folder);
        let path = folder.join(name);
        let part = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)?;
        if claim(&part, &path)? {
            part.set_len(0)?;
            return Ok((part, path));
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

/// Whether this open part is ours. Between its opening and the lock another download may
/// have given it its final name: then it is a whole file, and nobody's part any more.
fn claim(part: &File, path: &Path) -> io::Result<bool> {
    match part.try_lock() {
        Ok(()) => is_at(part, path),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Whether the open file is the one that has this path.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    match fs::metadata(path) {
        Ok(there) => {
            let here = file.metadata()?;
            Ok((here.dev(), here.ino()) == (there.dev(), there.ino()))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Elsewhere all that can be told: whether there is one.
#[cfg(not(unix))]
fn is_at(_file: &File, path: &Path) -> io::Result<bool> {
    fs::exists(path)
}

/// Gives the part its final name, never that of an existing file.
fn name(part: &Path, destination: &Destination) -> io::Result<PathBuf> {
    for copy in 1..=MOST_COPIES {
        let path = destination.folder.join(numbered(&destination.name, copy));
        let part = tempfile::TempPath::try_from_path(part)?;
        match part.persist_noclobber(&path) {
            Ok(()) => return Ok(path),
            Err(refused) => {
                let error = refused.error;
                refused.path.keep().map_err(|refused| refused.error)?;
                if error.kind() != io::ErrorKind::AlreadyExists {
                    return Err(error);
                }
            }
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

/// The name of the n-th copy: `notes.pdf`, `notes (2).pdf`, `notes (3).pdf`.
fn numbered(name: &str, copy: u32) -> String {
    if copy == 1 {
        return name.to_owned();
    }
    let path = Path::new(name);
    match (
        path.file_stem().and_then(|stem| stem.to_str()),
        path.extension(),
    ) {
        (Some(stem), Some(extension)) => {
            format!("{stem} ({copy}).{}", extension.to_string_lossy())
        }
        (Some(_), None) | (None, _) => format!("{name} ({copy})"),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A disk that takes so many chunks and works on none; and what it was given.
    pub(in crate::transfer) fn stuck_disk(chunks: usize) -> (Disk, Receiver<impl Sized>) {
        let (orders, inbox) = crossbeam_channel::bounded(chunks);
        let (_, answers) = crossbeam_channel::bounded(1);
        (Disk { orders, answers }, inbox)
    }

    const PATIENCE: Duration = Duration::from_secs(10);

    fn destination(folder: &Path) -> Destination {
        Destination {
            folder: folder.join("new"),
            name: "notes.txt".to_owned(),
            workshop: None,
            reserve: 0,
        }
    }

    fn kept(disk: &Disk) -> PathBuf {
        disk.keep();
        match disk.answer_within(PATIENCE) {
            Some(Answer::Kept(path)) => path,
            other => panic!("not kept: {other:?}"),
        }
    }

    #[test]
    fn a_file_has_its_name_only_when_it_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let disk = Disk::start(1, &destination(folder.path())).unwrap();
        disk.write(b"hello ".to_vec());
        disk.write(b"world".to_vec());
        disk.finish();
        let Some(Answer::Digest(digest)) = disk.answer_within(PATIENCE) else {
            panic!()
        };
        assert!(digest.to_string().starts_with("b94d27b9934d3e08"));
        assert!(folder.path().join("new/notes.txt.part").exists());
        assert!(!folder.path().join("new/notes.txt").exists());
        assert_eq!(kept(&disk), folder.path().join("new/notes.txt"));
        assert!(!folder.path().join("new/notes.txt.part").exists());
        assert_eq!(
            fs::read(folder.path().join("new/notes.txt")).unwrap(),
            b"hello world"
        );
    }

    #[test]
    fn an_existing_file_is_kept_and_the_new_one_numbered() {
        let folder = tempfile::tempdir().unwrap();
        let names = (0..3).map(|_| {
            let disk = Disk::start(1, &destination(folder.path())).unwrap();
            disk.write(b"again".to_vec());
            kept(&disk).file_name().unwrap().to_owned()
        });
        let names: Vec<_> = names.collect();
        assert_eq!(names, ["notes.txt", "notes (2).txt", "notes (3).txt"]);
    }

    #[test]
    fn two_downloads_of_one_file_at_once_do_not_share_a_part() {
        let folder = tempfile::tempdir().unwrap();
        let first = Disk::start(1, &destination(folder.path())).unwrap();
        let second = Disk::start(2, &destination(folder.path())).unwrap();
        first.write(b"first".to_vec());
        second.write(b"second".to_vec());
        assert_eq!(fs::read(kept(&first)).unwrap(), b"first");
        assert_eq!(fs::read(kept(&second)).unwrap(), b"second");
    }

    #[test]
    fn a_part_that_a_dead_download_left_is_begun_anew() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("new")).unwrap();
        fs::write(folder.path().join("new/notes.txt.part"), b"a long old rest").unwrap();
        let disk = Disk::start(1, &destination(folder.path())).unwrap();
        disk.write(b"new".to_vec());
        assert_eq!(fs::read(kept(&disk)).unwrap(), b"new");
    }

    #[test]
    fn a_part_that_got_its_name_before_we_had_the_lock_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notes.txt.part");
        fs::write(&path, b"whole").unwrap();
        let part = OpenOptions::new().write(true).open(&path).unwrap();
        fs::rename(&path, folder.path().join("notes.txt")).unwrap();
        assert!(!claim(&part, &path).unwrap());
        fs::write(&path, b"of somebody else").unwrap();
        assert!(cfg!(not(unix)) || !claim(&part, &path).unwrap());
    }

    #[test]
    fn copies_are_numbered_before_the_last_dot() {
        assert_eq!(numbered("a.tar.gz", 2), "a.tar (2).gz");
        assert_eq!(numbered("README", 2), "README (2)");
        assert_eq!(numbered("שלום 🎈.txt", 3), "שלום 🎈 (3).txt");
    }
}
