//! The beginning of a file: `NAME.part` and its record, opened and locked.
//!
//! ```text
//!   find    a part of this file is there, nobody writes it    --> asked for from its end
//!   go_on   the server grants an offset                       --> cut there, grows on
//!   begin   no part is there, or none that can be used        --> empty
//! ```
//!
//! The lock ends with the program, even after a crash. If another download writes a part,
//! the next download uses `NAME (2).part`. A part that cannot be resumed is reported in
//! the log and started again.
//!
//! Source: `flock(2)`; report page `architecture`.

use super::ordinary::{self, Use};
use super::overwrite::{MOST_COPIES, Overwrite, numbered};
use super::record::Record;
use crate::system::{disk, files};
use crate::wire::version::{FileVersion, Prefix};
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

/// The destination of the file.
#[derive(Debug, Clone)]
pub struct Destination {
    /// The folder; it is created if it is missing.
    pub folder: PathBuf,
    /// The final name, checked: one component. Until the digest matches, the file is
    /// `NAME.part`.
    pub name: String,
    /// The folder of the part, if it is not `folder`; on the same file system.
    pub workshop: Option<PathBuf>,
    /// The choice if a file of that name exists.
    pub overwrite: Overwrite,
}

/// A growing prefix of a file, and the right to write it.
#[derive(Debug)]
pub struct Part {
    pub(super) destination: Destination,
    pub(super) file: File,
    pub(super) path: PathBuf,
    /// Unit: bytes.
    length: u64,
    record: Option<Box<Record>>,
}

/// The most parts of one name that are examined: as many downloads as one client may
/// have.
const PARTS_LOOKED_AT: u32 = 16;

impl Destination {
    /// The existing file with the final name.
    #[must_use]
    pub fn occupied(&self) -> Option<PathBuf> {
        let path = self.folder.join(&self.name);
        fs::symlink_metadata(&path).is_ok().then_some(path)
    }

    fn part(&self, copy: u32) -> PathBuf {
        let folder = self.workshop.as_ref().unwrap_or(&self.folder);
        folder.join(numbered(&self.name, copy) + ".part")
    }
}

impl Part {
    /// The part of an earlier download of `file` (the name on the server), if it can be
    /// resumed.
    #[must_use]
    pub fn find(destination: &Destination, file: &str) -> Option<Self> {
        Self::find_all(destination, file).next()
    }

    /// The same for an upload of this version by its owner. A number behind the owner's
    /// name does not count, because a user whose name is still taken returns with a
    /// number. A part without an owner belongs to everybody.
    #[must_use]
    pub fn find_version(
        destination: &Destination,
        file: &str,
        version: &FileVersion,
        owner: &str,
    ) -> Option<Self> {
        let is_of_it = |part: &Self| {
            let noted = part.record.as_ref().and_then(|it| it.owner.as_ref());
            let prefix = part.prefix();
            let without_number = |name: &str| {
                name.trim_end_matches(|it: char| it.is_ascii_digit())
                    .to_owned()
            };
            noted.is_none_or(|noted| without_number(noted) == without_number(owner))
                && prefix.is_some_and(|prefix| prefix.granted(version) > 0)
        };
        Self::find_all(destination, file).find(is_of_it)
    }

    /// Each is locked until the next one is requested.
    fn find_all(destination: &Destination, file: &str) -> impl Iterator<Item = Self> {
        let parts = (1..=PARTS_LOOKED_AT).map(|copy| destination.part(copy));
        parts
            .filter_map(|path| Self::open(destination, path))
            .filter_map(|mut part| match part.unfitness(file) {
                None => (part.length > 0).then_some(part),
                Some(why) => {
                    let path = part.path.display();
                    log::warn!("cannot resume {path}, starting again: {why}");
                    None
                }
            })
    }

    /// Creates an empty part, with its folder and its record, if there is one.
    ///
    /// # Errors
    /// The system's errors for the folder, the part or the record.
    pub fn begin(destination: &Destination, record: Option<Record>) -> io::Result<Self> {
        fs::create_dir_all(&destination.folder)?;
        if let Some(workshop) = &destination.workshop {
            ordinary::make_private_folder(workshop)?;
        }
        for copy in 1..=MOST_COPIES {
            let path = destination.part(copy);
            let file = match ordinary::open(&path, Use::WriteOrCreate) {
                Ok(file) => file,
                Err(error) if ordinary::is_foreign(&error) => {
                    log::warn!("{} is not touched: {error}", path.display());
                    continue;
                }
                Err(error) => return Err(error),
            };
            // In a shared folder an existing part belongs to another user, and stays.
            let is_used = destination.workshop.is_some() && file.metadata()?.len() > 0;
            if !is_used && claim(&file, &path)? {
                let mut part = Self {
                    destination: destination.clone(),
                    length: file.metadata()?.len(),
                    file,
                    path,
                    record: None,
                };
                part.cut(0)?;
                part.note(record)?;
                return Ok(part);
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    /// Continues from `offset`, at most its length, as the beginning of the file in
    /// `record`.
    ///
    /// # Errors
    /// `InvalidInput` if the part is shorter, and those of the system.
    pub fn resume(mut self, mut record: Record, offset: u64) -> io::Result<Self> {
        if offset > self.length {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        self.cut(offset)?;
        if offset > 0 && record.version.digest.is_none() {
            // It is the same version, and the old record knows more about it.
            record.version.digest = self.record.as_ref().and_then(|it| it.version.digest);
        }
        self.note(Some(record))?;
        Ok(self)
    }

    /// Its path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reserves this space on the disk. Unit: bytes.
    ///
    /// # Errors
    /// As [`disk::reserve`].
    pub fn reserve(&self, bytes: u64) -> io::Result<()> {
        disk::reserve(&self.file, bytes)
    }

    /// The version of the file, and how much of it the part contains.
    #[must_use]
    pub fn prefix(&self) -> Option<Prefix> {
        let version = self.record.as_ref()?.version;
        let offset = self.length;
        Some(Prefix { offset, version })
    }

    /// Its length when it was opened or cut. Unit: bytes.
    #[must_use]
    pub const fn length(&self) -> u64 {
        self.length
    }

    /// Whether it grows in a folder of its own, where it does not disturb other users.
    pub(super) const fn is_guest(&self) -> bool {
        self.destination.workshop.is_some()
    }

    /// Whether its path still leads to it: its folder may have been moved or deleted, and
    /// another part may have its path.
    pub(super) fn is_in_place(&self) -> io::Result<bool> {
        files::is_at(&self.file, &self.path)
    }

    /// Deletes the part and its record.
    ///
    /// # Errors
    /// Those of the system.
    pub fn discard(&self) -> io::Result<()> {
        if self.is_in_place()? {
            discard(&self.path)?;
        }
        Ok(())
    }

    /// Deletes an empty part, which cannot be resumed. For another one, releases the
    /// reserved space that is not used.
    pub(super) fn tidy_up(&self) {
        let tidied = self.file.metadata().and_then(|told| match told.len() {
            0 => self.discard(), // If its path still leads to it.
            length => self.file.set_len(length),
        });
        if let Err(error) = tidied {
            log::debug!("cannot remove a partial file: {error}");
        }
    }

    /// Opens an existing part, if nobody else writes it.
    fn open(destination: &Destination, path: PathBuf) -> Option<Self> {
        let file = ordinary::open(&path, Use::Write).ok()?;
        let is_ours = claim(&file, &path).unwrap_or(false);
        is_ours.then_some(())?;
        Some(Self {
            destination: destination.clone(),
            length: file.metadata().ok()?.len(),
            file,
            path,
            record: None,
        })
    }

    /// Reads the record; or the reason why the part cannot be resumed.
    fn unfitness(&mut self, file: &str) -> Option<String> {
        let record = match Record::read(&self.path) {
            Ok(record) => record,
            Err(_) if self.length == 0 => return None,
            Err(error) => return Some(error.to_string()),
        };
        if record.file != file {
            return Some(format!("it belongs to another file, {:?}", record.file));
        }
        let (length, size) = (self.length, record.version.size);
        if length > size {
            return Some(format!(
                "it has {length} bytes, but the file has only {size}"
            ));
        }
        self.record = Some(Box::new(record));
        None
    }

    fn cut(&mut self, offset: u64) -> io::Result<()> {
        if offset < self.length {
            self.file.set_len(offset)?;
            self.length = offset;
        }
        Ok(())
    }

    fn note(&mut self, record: Option<Record>) -> io::Result<()> {
        let record = record.map(Box::new);
        match &record {
            Some(new) if self.record != record => new.write(&self.path)?,
            Some(_) => {}
            None => Record::remove(&self.path),
        }
        self.record = record;
        Ok(())
    }
}

/// Deletes a part and its record; the caller has locked it.
///
/// # Errors
/// The system's error for the part; a record without a part is never read.
pub fn discard(path: &Path) -> io::Result<()> {
    Record::remove(path);
    fs::remove_file(path)
}

/// Whether this open file is still a part. Between opening and lock another download may
/// have given it its final name: then it is a complete file.
fn claim(part: &File, path: &Path) -> io::Result<bool> {
    match part.try_lock() {
        Ok(()) => files::is_at(part, path),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::tests::{pipe, symlink};
    use std::io::Write;
    use tempfile::TempDir;

    /// A folder in which downloads of `notes.txt` were interrupted.
    struct Rest {
        folder: TempDir,
        destination: Destination,
    }

    fn record() -> Record {
        let version = FileVersion {
            size: 100,
            modified: Some(7),
            digest: None,
        };
        let file = "notes.txt".to_owned();
        let owner = None;
        Record {
            file,
            version,
            owner,
        }
    }

    impl Rest {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let destination = Destination {
                folder: folder.path().join("new"),
                name: "notes.txt".to_owned(),
                workshop: None,
                overwrite: Overwrite::Keep,
            };
            Self {
                folder,
                destination,
            }
        }

        /// A download that was interrupted after these bytes.
        fn leave(&self, bytes: &[u8]) {
            let mut part = self.begin();
            part.file.write_all(bytes).unwrap();
        }

        fn begin(&self) -> Part {
            Part::begin(&self.destination, Some(record())).unwrap()
        }

        fn find(&self) -> Option<Part> {
            Part::find(&self.destination, "notes.txt")
        }

        fn path(&self, name: &str) -> PathBuf {
            self.destination.folder.join(name)
        }
    }

    #[test]
    fn a_partial_file_is_resumed_at_its_end_or_at_the_offset_granted_by_the_server() {
        let rest = Rest::new();
        assert!(rest.find().is_none());
        rest.leave(b"hello world");
        let part = rest.find().unwrap();
        let prefix = part.prefix().unwrap();
        assert_eq!((prefix.offset, prefix.version), (11, record().version));
        assert_eq!(part.resume(record(), 5).unwrap().length(), 5);
        assert_eq!(fs::read(rest.path("notes.txt.part")).unwrap(), b"hello");
        assert!(rest.find().unwrap().resume(record(), 6).is_err());
    }

    #[test]
    fn a_new_version_starts_again_with_its_own_record() {
        let rest = Rest::new();
        rest.leave(b"hello");
        let mut other = record();
        other.version.modified = Some(8);
        let part = rest.find().unwrap().resume(other.clone(), 0).unwrap();
        assert_eq!(part.length(), 0);
        assert_eq!(Record::read(&part.path).unwrap(), other);
    }

    #[test]
    fn a_partial_file_without_a_usable_record_is_not_resumed() {
        let rest = Rest::new();
        let json = || rest.path("notes.txt.part.json");
        let spoil: [(&str, &dyn Fn()); 4] = [
            ("damaged", &|| fs::write(json(), "{").unwrap()),
            ("missing", &|| fs::remove_file(json()).unwrap()),
            ("of another file", &|| {
                let text = fs::read_to_string(json()).unwrap();
                fs::write(json(), text.replace("notes", "other")).unwrap();
            }),
            ("of a shorter file", &|| {
                let text = fs::read_to_string(json()).unwrap();
                fs::write(json(), text.replace("100", "4")).unwrap();
            }),
        ];
        for (what, spoil) in spoil {
            rest.leave(b"hello");
            assert!(rest.find().is_some(), "{what}");
            spoil();
            assert!(rest.find().is_none(), "{what}");
            assert_eq!(rest.begin().length(), 0, "{what}");
        }
    }

    #[test]
    fn a_partial_file_in_use_is_not_resumed_and_the_next_one_is() {
        let rest = Rest::new();
        let running = rest.begin();
        rest.leave(b"second");
        assert_eq!(rest.find().unwrap().path, rest.path("notes (2).txt.part"));
        let both = [running, rest.find().unwrap()];
        assert!(rest.find().is_none());
        drop(both);
    }

    #[test]
    fn an_empty_partial_file_is_removed_and_one_with_bytes_is_kept() {
        let rest = Rest::new();
        rest.begin().tidy_up();
        assert_eq!(fs::read_dir(rest.path("")).unwrap().count(), 0);
        rest.leave(b"hello");
        rest.find().unwrap().tidy_up();
        assert_eq!(fs::read_dir(rest.path("")).unwrap().count(), 2);
        assert!(rest.folder.path().exists());
    }

    #[test]
    fn a_symlink_planted_in_place_of_a_partial_file_or_record_is_not_followed() {
        let rest = Rest::new();
        fs::create_dir(rest.path("")).unwrap();
        let victim = rest.folder.path().join("victim");
        fs::write(&victim, "private").unwrap();
        if !symlink(&victim, rest.path("notes.txt.part")) {
            return;
        }
        assert!(rest.find().is_none());
        let part = rest.begin();
        assert_eq!(part.path, rest.path("notes (2).txt.part"));
        assert_eq!(fs::read(&victim).unwrap(), b"private");
        drop(part);
        // A named pipe in place of a record does not block.
        rest.leave(b"hello");
        let record = rest.path("notes (2).txt.part.json");
        fs::remove_file(&record).unwrap();
        assert!(pipe(&record));
        assert!(rest.find().is_none());
    }

    #[test]
    fn with_a_separate_work_folder_a_new_version_keeps_the_old_partial_file() {
        let mut rest = Rest::new();
        rest.destination.workshop = Some(rest.folder.path().join("workshop"));
        rest.leave(b"hello");
        assert_eq!(rest.begin().length(), 0);
        assert_eq!(rest.find().unwrap().length(), 5);
    }

    #[test]
    fn a_partial_file_that_was_renamed_before_it_could_be_locked_is_left_unchanged() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notes.txt.part");
        fs::write(&path, b"whole").unwrap();
        let part = File::options().write(true).open(&path).unwrap();
        fs::rename(&path, folder.path().join("notes.txt")).unwrap();
        assert!(!claim(&part, &path).unwrap());
        fs::write(&path, b"of somebody else").unwrap();
        assert!(!claim(&part, &path).unwrap());
    }
}
