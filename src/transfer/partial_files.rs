//! Finds the partial files of earlier downloads in a folder, and deletes them.
//!
//! ```text
//! downloads/  notes.pdf           whole: not looked at
//!             film.mp4.part       42 %      \ it can be resumed
//!             film.mp4.part.json  its record /
//!             map.png.part        it is being written: not touched
//! ```
//!
//! The search changes nothing, takes a bounded time, and does not block a writer of a
//! part: the lock is shared, and held only for a moment.

use super::ordinary::{self, Use};
use super::part;
use super::record::Record;
use crate::wire::version::FileVersion;
use crossbeam_channel::never;
use std::fs::{self, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A part that nobody writes, with a usable record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartialFile {
    /// The path of the part.
    pub part: PathBuf,
    /// The file's name, in the server's words.
    pub file: String,
    /// The version of the file.
    pub version: FileVersion,
    /// How much of it is there.
    pub done_bytes: u64,
}

/// The most names in the folder that are examined.
const MOST_NAMES: usize = 20_000;

/// The limit of reported partial files.
const MOST_PARTIAL_FILES: usize = 200;

/// The ending of a record's name.
const RECORD_END: &str = ".part.json";

/// The number of attempts, because a part whose writer is ending will be free soon.
const TRIES: u32 = 100;

/// The pause between two attempts.
const PAUSE: Duration = Duration::from_millis(50);

/// Searches for partial files, in the order of their names. A folder that is missing or
/// unreadable has none.
#[must_use]
pub fn find(folder: &Path) -> Vec<PartialFile> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut parts: Vec<PathBuf> = entries
        .take(MOST_NAMES)
        .filter_map(|entry| part_of_record(&entry.ok()?.path()))
        .collect();
    parts.sort();
    parts
        .into_iter()
        .filter_map(|part| look_at(&part))
        .take(MOST_PARTIAL_FILES)
        .collect()
}

/// Deletes a part and its record as soon as nobody writes it; gives up after a few
/// seconds. A part that does not exist any more is no error.
///
/// # Errors
/// `WouldBlock` if it is still being written, and those of the system.
pub fn discard(part: &Path) -> io::Result<()> {
    for _ in 0..TRIES {
        let file = match ordinary::open(part, Use::Write) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        match file.try_lock() {
            Ok(()) => return part::discard(part),
            Err(TryLockError::WouldBlock) => {
                let _ = never::<()>().recv_timeout(PAUSE);
            }
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
    Err(io::ErrorKind::WouldBlock.into())
}

/// The part whose record this is, if it is one.
fn part_of_record(path: &Path) -> Option<PathBuf> {
    let name = path.file_name()?.to_str()?;
    name.strip_suffix(RECORD_END)?;
    Some(path.with_extension(""))
}

fn look_at(part: &Path) -> Option<PartialFile> {
    let record = Record::read(part).ok()?;
    let file = ordinary::open(part, Use::Read).ok()?;
    file.try_lock_shared().ok()?;
    let done_bytes = file.metadata().ok()?.len();
    let is_usable = done_bytes > 0 && done_bytes <= record.version.size;
    is_usable.then(|| PartialFile {
        part: part.to_owned(),
        file: record.file,
        version: record.version,
        done_bytes,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;
    use tempfile::TempDir;

    fn folder_with(parts: &[(&str, &str, u64)]) -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, content, size) in parts {
            let part = folder.path().join(format!("{name}.part"));
            fs::write(&part, content).unwrap();
            let version = FileVersion {
                size: *size,
                modified: Some(7),
                digest: None,
            };
            let file = (*name).to_owned();
            let owner = None;
            let record = Record {
                file,
                version,
                owner,
            };
            record.write(&part).unwrap();
        }
        folder
    }

    fn names(folder: &TempDir) -> Vec<String> {
        let found = find(folder.path());
        found
            .into_iter()
            .map(|partial_file| partial_file.file)
            .collect()
    }

    #[test]
    fn only_resumable_downloads_are_found() {
        let folder = folder_with(&[
            ("b.txt", "hello", 10),
            ("a שלום.txt", "x", 10),
            ("empty", "", 10),
            ("too long", "hello", 4),
            ("damaged", "hello", 10),
            ("without its part", "hello", 10),
        ]);
        fs::write(folder.path().join("damaged.part.json"), "{").unwrap();
        fs::remove_file(folder.path().join("without its part.part")).unwrap();
        fs::write(folder.path().join("c.part"), "without its record").unwrap();
        fs::create_dir(folder.path().join("d.part.json")).unwrap();
        assert_eq!(names(&folder), ["a שלום.txt", "b.txt"]);
        let first = &find(folder.path())[0];
        assert_eq!((first.done_bytes, first.version.size), (1, 10));
        assert!(find(&folder.path().join("nowhere")).is_empty());
    }

    #[test]
    fn a_partial_file_in_use_is_not_found() {
        let folder = folder_with(&[("a", "hello", 10), ("b", "hello", 10)]);
        let writer = File::open(folder.path().join("a.part")).unwrap();
        writer.lock().unwrap();
        assert_eq!(names(&folder), ["b"]);
        drop(writer);
        assert_eq!(names(&folder), ["a", "b"]);
    }

    #[test]
    fn a_partial_file_is_deleted_with_its_record_and_deleting_it_again_is_harmless() {
        let folder = folder_with(&[("a", "hello", 10)]);
        let part = find(folder.path()).remove(0).part;
        discard(&part).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        discard(&part).unwrap();
    }
}
