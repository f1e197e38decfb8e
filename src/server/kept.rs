//! The partial files of interrupted uploads, until they are resumed.
//!
//! ```text
//! FOLDER/.uploads/NAME.part  ------verified------> FOLDER/NAME, or NAME (2)
//!                 NAME.part.json   <- of which version of which file it is the beginning
//!
//! kept --the same version again--> continues at its end
//!      --another of that name--> started again
//!      --after a day, or when its room is needed--> deleted
//! ```
//!
//! The folder is hidden, and its contents are not offered. A part that is being written
//! is locked, by this server or by another one on the same folder, and is not touched.
//! Its record names the user who owns it: nobody else continues it, and for an hour it is
//! removed only for users who have less. Nothing is kept in memory: the contents of the
//! folder are valid even after `kill -9`.
//!
//! Source: report page `architecture` (resuming).

use crate::shelf::FileName;
use crate::transfer::ordinary::{self, Use};
use crate::transfer::overwrite::Overwrite;
use crate::transfer::part::{self, Destination, Part};
use crate::transfer::record::Record;
use crate::transfer::source;
use crate::wire::version::FileVersion;
use std::cmp::Reverse;
use std::collections::HashMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// The hidden folder; the shelf offers nothing that begins with a dot.
const WORKSHOP: &str = ".uploads";

/// A part is removed when nobody has written to it for this long. Unit: milliseconds.
const LONGEST_KEPT_MS: u64 = 24 * 60 * 60 * 1_000;

/// The time for which a part is not removed for a user who has more than its owner. Unit:
/// milliseconds.
const FRESH_MS: u64 = 60 * 60 * 1_000;

/// The most parts; beyond this a user who has more than others loses the first ones.
const MOST_KEPT: usize = 64;

/// The parts below one served folder.
#[derive(Debug)]
pub(super) struct Kept {
    folder: PathBuf,
    workshop: PathBuf,
}

/// A part that nobody writes; it is locked while this exists.
struct Idle {
    path: PathBuf,
    part: File,
    /// Unit: bytes.
    length: u64,
    modified: SystemTime,
    owner: Option<String>,
}

impl Kept {
    /// The parts below this folder. Releases the space that a killed server had reserved
    /// for them.
    pub(super) fn new(folder: &Path) -> Self {
        let kept = Self {
            folder: folder.to_owned(),
            workshop: folder.join(WORKSHOP),
        };
        for idle in kept.idle() {
            if let Err(error) = idle.give_back() {
                log::debug!("{} is not removed: {error}", idle.path.display());
            }
        }
        kept
    }

    /// The part of this version that this user has left.
    pub(super) fn find(
        &self,
        name: &FileName,
        version: &FileVersion,
        owner: &str,
    ) -> Option<Part> {
        Part::find_version(&self.destination(name), name.as_str(), version, owner)
    }

    /// The part to continue: this user's part of this version, or an empty one.
    pub(super) fn open(
        &self,
        name: &FileName,
        version: FileVersion,
        owner: &str,
    ) -> io::Result<Part> {
        let record = Record {
            file: name.to_string(),
            version,
            owner: Some(owner.to_owned()),
        };
        match self.find(name, &version, owner) {
            Some(part) => {
                let offset = part.length();
                part.resume(record, offset)
            }
            None => Part::begin(&self.destination(name), Some(record)),
        }
    }

    /// Removes the part of this version that this user has left.
    pub(super) fn discard(&self, name: &FileName, version: &FileVersion, owner: &str) {
        if let Some(part) = self.find(name, version, owner)
            && let Err(error) = part.discard()
        {
            log::warn!("cannot remove {}: {error}", part.path().display());
        }
    }

    /// The size of all parts that nobody writes. Unit: bytes.
    pub(super) fn bytes(&self) -> u64 {
        self.idle().iter().map(|idle| idle.length).sum()
    }

    /// Removes parts that are too old, and of too many those of the user who has the most;
    /// of users who have equally many, first the smallest one that is not fresh. `now_ms`:
    /// since 1970-01-01 UTC.
    pub(super) fn sweep(&self, now_ms: u64) {
        let is_old = |idle: &Idle| is_older(idle.modified, now_ms, LONGEST_KEPT_MS);
        let (old, mut idle): (Vec<_>, Vec<_>) = self.idle().into_iter().partition(is_old);
        for idle in old {
            idle.remove();
        }
        let mut counts: HashMap<Option<String>, usize> = HashMap::new();
        for idle in &idle {
            *counts.entry(idle.owner.clone()).or_default() += 1;
        }
        while idle.len() > MOST_KEPT {
            let first = (0..idle.len()).max_by_key(|at| {
                let it = &idle[*at];
                let is_stale = is_older(it.modified, now_ms, FRESH_MS);
                (counts[&it.owner], is_stale, Reverse((it.length, *at)))
            });
            let Some(first) = first else {
                break;
            };
            let removed = idle.remove(first);
            counts
                .entry(removed.owner.clone())
                .and_modify(|count| *count -= 1);
            removed.remove();
        }
        self.remove_strays(now_ms);
        // It stays if it is not empty.
        let _ = fs::remove_dir(&self.workshop);
    }

    /// Removes one part to make space for a file of this size of this user: first the
    /// user's own oldest part, then the oldest one of another user, if it is not fresh or
    /// its owner has more than this user would have. Returns `false` if there is nothing
    /// to remove. `now_ms`: since 1970-01-01 UTC.
    pub(super) fn remove_for(&self, user: &str, size: u64, now_ms: u64) -> bool {
        let mut idle = self.idle();
        let bytes_of = |owner: Option<&str>| -> u64 {
            let theirs = idle.iter().filter(|it| it.owner.as_deref() == owner);
            theirs.map(|it| it.length).sum()
        };
        let wanted = bytes_of(Some(user)).saturating_add(size);
        let own = idle.iter().position(|it| it.owner.as_deref() == Some(user));
        let given = || {
            idle.iter().position(|it| {
                it.owner.is_none()
                    || is_older(it.modified, now_ms, FRESH_MS)
                    || bytes_of(it.owner.as_deref()) > wanted
            })
        };
        let chosen = own.or_else(given);
        chosen.is_some_and(|place| idle.swap_remove(place).remove())
    }

    fn destination(&self, name: &FileName) -> Destination {
        Destination {
            folder: self.folder.clone(),
            name: name.to_string(),
            workshop: Some(self.workshop.clone()),
            overwrite: Overwrite::Keep,
        }
    }

    /// Oldest first.
    fn idle(&self) -> Vec<Idle> {
        let mut idle: Vec<Idle> = self
            .paths()
            .filter(|path| path.extension().is_some_and(|it| it == "part"))
            .filter_map(Idle::claim)
            .collect();
        idle.sort_by_key(|idle| idle.modified);
        idle
    }

    fn paths(&self) -> impl Iterator<Item = PathBuf> {
        let entries = fs::read_dir(&self.workshop).into_iter().flatten();
        entries.filter_map(|entry| {
            let entry = entry.ok()?;
            let is_file = entry.file_type().ok()?.is_file();
            is_file.then(|| entry.path())
        })
    }

    /// Removes records without a part, and temporary records of a killed server.
    fn remove_strays(&self, now_ms: u64) {
        for path in self.paths() {
            let is_part = path.extension().is_some_and(|it| it == "part");
            let is_record = path.extension().is_some_and(|it| it == "json");
            let is_needed = is_part || (is_record && path.with_extension("").exists());
            let modified = fs::metadata(&path).and_then(|it| it.modified());
            let is_old = |it| is_older(it, now_ms, LONGEST_KEPT_MS);
            if !is_needed && modified.is_ok_and(is_old) {
                let _ = fs::remove_file(path); // It is tried again later.
            }
        }
    }
}

fn is_older(modified: SystemTime, now_ms: u64, age_ms: u64) -> bool {
    source::milliseconds(modified)
        .is_some_and(|modified| now_ms.saturating_sub(modified) > age_ms)
}

impl Idle {
    fn claim(path: PathBuf) -> Option<Self> {
        let part = ordinary::open(&path, Use::Write).ok()?;
        part.try_lock().ok()?;
        let told = part.metadata().ok()?;
        let owner = Record::read(&path).ok().and_then(|record| record.owner);
        Some(Self {
            owner,
            path,
            part,
            length: told.len(),
            modified: told.modified().ok()?,
        })
    }

    /// Releases the reserved space behind its end; its age stays the same.
    fn give_back(&self) -> io::Result<()> {
        self.part.set_len(self.length)?;
        self.part.set_modified(self.modified)
    }

    /// Whether it was removed. On Windows a deleted file keeps its name until its last
    /// handle is closed.
    fn remove(self) -> bool {
        let Self { path, part, .. } = self;
        let shown = path.display();
        let discarded = part::discard(&path);
        drop(part);
        match discarded {
            Ok(()) => log::info!(
                "removed the partial file of an interrupted upload: \
                                  {shown}"
            ),
            Err(error) => log::warn!("cannot remove {shown}: {error}"),
        }
        !path.exists()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system;
    use crate::wire::digest::Digest;
    use std::io::Write;
    use std::time::{Duration, UNIX_EPOCH};
    use tempfile::TempDir;

    const VERSION: FileVersion = FileVersion {
        size: 100,
        modified: Some(7),
        digest: None,
    };

    const OWNER: &str = "dana";

    const NOW_MS: u64 = 1_000_000_000_000;

    fn begun() -> (TempDir, Kept) {
        let folder = tempfile::tempdir().unwrap();
        let kept = Kept::new(folder.path());
        (folder, kept)
    }

    impl Kept {
        fn path(&self, name: &str) -> PathBuf {
            self.workshop.join(name)
        }

        /// An upload of `name` was interrupted after this many bytes, this long ago.
        fn leave(&self, name: &str, bytes: usize, hours: u64) {
            let name: FileName = name.parse().unwrap();
            drop(self.open(&name, VERSION, OWNER).unwrap());
            let file = self.append(name.as_str(), bytes);
            let age = Duration::from_secs(hours * 3_600);
            let now = UNIX_EPOCH + Duration::from_millis(NOW_MS);
            file.set_modified(now - age).unwrap();
        }

        fn append(&self, name: &str, bytes: usize) -> File {
            let path = self.path(&format!("{name}.part"));
            let mut file = File::options().append(true).open(path).unwrap();
            file.write_all(&vec![7; bytes]).unwrap();
            file
        }

        /// The offset at which an upload of this version would continue.
        fn offset(&self, version: FileVersion) -> u64 {
            let name: FileName = "a".parse().unwrap();
            self.open(&name, version, OWNER).unwrap().length()
        }
    }

    #[test]
    fn an_upload_resumes_only_for_the_same_version_of_the_same_file() {
        let (_folder, kept) = begun();
        let [mut unknown, mut shorter, mut later, mut hashed] = [VERSION; 4];
        unknown.modified = None;
        shorter.size = 99;
        later.modified = Some(8);
        hashed.digest = Some(Digest([1; 32]));
        let same = [(VERSION, 40), (hashed, 40)];
        let others = [(unknown, 0), (shorter, 0), (later, 0)];
        for (version, expected) in same.into_iter().chain(others) {
            kept.leave("a", 40, 0);
            kept.leave("b", 50, 0);
            assert_eq!(kept.offset(version), expected, "{version:?}");
            kept.remove_for(OWNER, 0, NOW_MS);
            kept.remove_for(OWNER, 0, NOW_MS);
        }
    }

    #[test]
    fn a_digest_takes_precedence_over_the_modification_time() {
        let (_folder, kept) = begun();
        let one = FileVersion {
            digest: Some(Digest([1; 32])),
            ..VERSION
        };
        let touched = FileVersion {
            modified: Some(8),
            ..one
        };
        let another = FileVersion {
            digest: Some(Digest([2; 32])),
            ..one
        };
        for (version, expected) in [(touched, 40), (another, 0)] {
            assert_eq!(kept.offset(one), 0);
            kept.append("a", 40);
            assert_eq!(kept.offset(version), expected);
            kept.remove_for(OWNER, 0, NOW_MS);
        }
    }

    #[test]
    fn a_partial_file_longer_than_its_file_is_started_again() {
        let (_folder, kept) = begun();
        kept.leave("a", 100, 0);
        assert_eq!(kept.offset(VERSION), 100); // Everything but FIN has arrived.
        kept.leave("a", 1, 0);
        assert_eq!(kept.offset(VERSION), 0);
    }

    #[test]
    fn a_damaged_or_foreign_record_starts_the_upload_again() {
        let (_folder, kept) = begun();
        for record in ["", "{", r#"{"file":"b","size":100,"modified":7}"#] {
            kept.leave("a", 40, 0);
            fs::write(kept.path("a.part.json"), record).unwrap();
            assert_eq!(kept.offset(VERSION), 0, "{record}");
        }
    }

    #[test]
    fn two_simultaneous_uploads_of_one_name_have_separate_partial_files() {
        let (_folder, kept) = begun();
        kept.leave("a", 40, 0);
        let name: FileName = "a".parse().unwrap();
        let first = kept.open(&name, VERSION, OWNER).unwrap();
        let second = kept.open(&name, VERSION, OWNER).unwrap();
        assert_eq!((first.length(), second.length()), (40, 0));
    }

    #[test]
    fn partial_files_are_deleted_after_a_day_or_when_there_are_too_many() {
        let (folder, kept) = begun();
        kept.leave("fresh", 10, 23);
        kept.leave("old", 10, 25);
        kept.sweep(NOW_MS);
        assert!(kept.path("fresh.part").exists() && !kept.path("old.part").exists());
        for number in 0..MOST_KEPT {
            kept.leave(&format!("{number}"), 1, 1);
        }
        kept.sweep(NOW_MS);
        assert!(!kept.path("fresh.part").exists());
        assert_eq!(kept.idle().len(), MOST_KEPT);
        while kept.remove_for(OWNER, 0, NOW_MS) {}
        kept.sweep(NOW_MS);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn many_small_partial_files_of_others_do_not_remove_a_fresh_one() {
        let (_folder, kept) = begun();
        kept.leave("hers", 40, 0);
        let leave_many = |owner: &dyn Fn(usize) -> String| {
            for number in 0..MOST_KEPT {
                let name = format!("{}-{number}", owner(number));
                let parsed: FileName = name.parse().unwrap();
                drop(kept.open(&parsed, VERSION, &owner(number)).unwrap());
                let now = UNIX_EPOCH + Duration::from_millis(NOW_MS);
                kept.append(&name, 1).set_modified(now).unwrap();
            }
            kept.sweep(NOW_MS);
            assert_eq!(kept.idle().len(), MOST_KEPT);
            assert!(kept.path("hers.part").exists());
        };
        leave_many(&|_| "mallory".to_owned());
        leave_many(&|number| format!("m{number}"));
    }

    #[test]
    fn a_partial_file_in_use_is_neither_counted_nor_deleted() {
        let (_folder, kept) = begun();
        kept.leave("a", 40, 30);
        kept.leave("b", 2, 30);
        let name: FileName = "a".parse().unwrap();
        let running = kept.open(&name, VERSION, OWNER).unwrap();
        assert_eq!(kept.bytes(), 2);
        kept.sweep(NOW_MS);
        assert!(kept.path("a.part").exists() && !kept.path("b.part").exists());
        drop(running);
        assert_eq!(kept.bytes(), 40);
    }

    #[test]
    fn stray_files_of_a_killed_server_are_deleted_eventually() {
        let (folder, kept) = begun();
        kept.leave("a", 40, 0);
        for stray in ["gone.part.json", ".sashX1"] {
            fs::write(kept.path(stray), "{").unwrap();
        }
        kept.sweep(NOW_MS);
        assert!(kept.path("gone.part.json").exists());
        kept.sweep(u64::MAX);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn the_disk_space_reserved_by_a_killed_server_is_released_and_the_file_time_is_kept()
    {
        let (folder, kept) = begun();
        kept.leave("a", 40, 0);
        let name: FileName = "a".parse().unwrap();
        let running = kept.open(&name, VERSION, OWNER).unwrap();
        running.reserve(10_000_000).unwrap();
        drop(running);
        let before = fs::metadata(kept.path("a.part")).unwrap();
        Kept::new(folder.path());
        let after = fs::metadata(kept.path("a.part")).unwrap();
        let allocated = system::tests::allocated(&kept.path("a.part"));
        assert!(allocated.is_none_or(|bytes| bytes < 1_000_000));
        assert_eq!(after.len(), 40);
        assert_eq!(after.modified().unwrap(), before.modified().unwrap());
    }

    #[test]
    fn the_partial_file_of_a_user_is_continued_by_that_user_only() {
        let (_folder, kept) = begun();
        kept.leave("a", 40, 0);
        let name: FileName = "a".parse().unwrap();
        let of_other = kept.open(&name, VERSION, "mallory").unwrap();
        assert_eq!(of_other.length(), 0);
        drop(of_other);
        // Her own name was still taken when she returned.
        assert_eq!(kept.open(&name, VERSION, "dana2").unwrap().length(), 40);
        assert_eq!(kept.offset(VERSION), 40);
    }

    #[test]
    fn a_fresh_partial_file_makes_room_only_for_a_user_who_has_less() {
        let (_folder, kept) = begun();
        kept.leave("a", 40, 0);
        kept.leave("b", 30, 0);
        let is_there = |name: &str| kept.path(&format!("{name}.part")).exists();
        assert!(!kept.remove_for("mallory", 70, NOW_MS));
        assert!(is_there("a") && is_there("b"));
        assert!(kept.remove_for("guy", 69, NOW_MS));
        assert!(!kept.remove_for("guy", 69, NOW_MS));
        assert!(is_there("a") != is_there("b"));
        let left = if is_there("a") { "a" } else { "b" };
        assert!(kept.remove_for("mallory", 1_000, NOW_MS + FRESH_MS + 1));
        assert!(!is_there(left));
        kept.leave("a", 40, 0);
        assert!(kept.remove_for(OWNER, 1_000, NOW_MS));
        assert!(!is_there("a"));
    }
}
