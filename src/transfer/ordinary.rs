//! Opens files in folders where others may have created entries: a part, its record, a
//! journal, a capture, the results of a class, an export of the laboratory.
//!
//! ```text
//! notes.txt.part -> /home/dana/.profile     a symlink: not followed
//! notes.txt.part    a named pipe            not waited for
//! notes.txt.part    a second name of a file that somebody else reads
//! ```
//!
//! An opened file is a regular file with this single name; otherwise the error has a kind
//! of its own ([`is_foreign`]). The checks use the open file, so nobody can exchange it
//! between check and opening.
//!
//! Source: CWE-59 (links), CWE-367 (time of check, time of use); `open(2)`, `O_NOFOLLOW`.

use crate::system::files;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::Path;

/// The purpose of the opened file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// An existing file, to be read.
    Read,
    /// An existing file, to be read and written.
    Write,
    /// The same; it is created if it is missing.
    WriteOrCreate,
    /// To be appended to. It is created if it is missing, and then only its owner may
    /// read it.
    AppendPrivate,
    /// A new file, which must not exist.
    Create,
    /// A new file, which must not exist; only its owner may read it.
    CreatePrivate,
}

/// The entry of this name is not a file of Sash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Foreign(&'static str);

/// Opens an ordinary file.
///
/// # Errors
/// What the system says; and an error of which [`is_foreign`] holds.
pub fn open(path: &Path, to: Use) -> io::Result<File> {
    let is_private = matches!(to, Use::AppendPrivate | Use::CreatePrivate);
    let mut options = OpenOptions::new();
    options
        .read(true)
        .write(to != Use::Read)
        .append(to == Use::AppendPrivate)
        .create(matches!(to, Use::WriteOrCreate | Use::AppendPrivate))
        .create_new(matches!(to, Use::Create | Use::CreatePrivate))
        .truncate(false);
    files::follow_nothing(&mut options, is_private);
    let file = options.open(path).map_err(|error| {
        let is_link = fs::symlink_metadata(path).is_ok_and(|it| it.is_symlink());
        if is_link {
            foreign("it is a symbolic link")
        } else {
            error
        }
    })?;
    if !file.metadata()?.is_file() {
        return Err(foreign("it is not a regular file"));
    }
    if files::count_names(&file)? > 1 {
        return Err(foreign("it has a second name (a hard link)"));
    }
    Ok(file)
}

/// Creates a folder that only its owner may read, if the system supports that; an
/// existing one must be such a folder.
///
/// # Errors
/// What the system says; and an error of which [`is_foreign`] holds.
pub fn make_private_folder(folder: &Path) -> io::Result<()> {
    match files::private_folder().create(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        Ok(()) | Err(_) => check_private_folder(folder),
    }
}

/// Whether opening failed because the existing entry is not Sash's.
#[must_use]
pub fn is_foreign(error: &io::Error) -> bool {
    let cause = error.get_ref();
    cause.and_then(|it| it.downcast_ref::<Foreign>()).is_some()
}

fn foreign(why: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, Foreign(why))
}

fn check_private_folder(folder: &Path) -> io::Result<()> {
    let told = fs::symlink_metadata(folder)?;
    if !told.is_dir() {
        return Err(foreign("it is not a folder"));
    }
    if files::others_may_write(&told) {
        return Err(foreign("other users may write in it"));
    }
    Ok(())
}

impl fmt::Display for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(why) = self;
        write!(
            f,
            "an entry of this name exists and is not Sash's: {why}. Look at it, then \
             remove or rename it"
        )
    }
}

impl std::error::Error for Foreign {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::tests::{mode, pipe, set_mode, symlink};

    const USES: [Use; 4] = [
        Use::Read,
        Use::Write,
        Use::WriteOrCreate,
        Use::AppendPrivate,
    ];

    #[test]
    fn a_symlink_a_pipe_a_hard_link_and_a_folder_are_not_opened() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name| folder.path().join(name);
        fs::write(path("victim"), "private").unwrap();
        fs::write(path("file"), "").unwrap();
        fs::hard_link(path("file"), path("second")).unwrap();
        let mut foreign = vec!["second"];
        foreign.extend(pipe(&path("pipe")).then_some("pipe"));
        if symlink(path("victim"), path("link")) {
            assert!(symlink(path("nowhere"), path("dangling")));
            foreign.extend(["link", "dangling"]);
        }
        for to in USES {
            for &name in &foreign {
                let error = open(&path(name), to).unwrap_err();
                assert!(is_foreign(&error), "{name} {to:?}: {error}");
            }
        }
        // Windows opens no folder at all as a file.
        let error = open(folder.path(), Use::Read).unwrap_err();
        let is_refused = error.kind() == io::ErrorKind::PermissionDenied;
        assert!(is_foreign(&error) || is_refused, "{error}");
        for to in [Use::Create, Use::CreatePrivate] {
            for &name in &foreign {
                assert!(open(&path(name), to).is_err(), "{name} {to:?}");
            }
        }
        assert!(!path("nowhere").exists());
        let missing = open(&path("missing"), Use::Write).unwrap_err();
        assert_eq!(missing.kind(), io::ErrorKind::NotFound);
        open(&path("victim"), Use::Write).unwrap();
        open(&path("new"), Use::WriteOrCreate).unwrap();
    }

    #[test]
    fn a_private_file_is_newly_created_and_accessible_to_its_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        open(&path, Use::CreatePrivate).unwrap();
        assert!(mode(&path).is_none_or(|mode| mode == 0o600));
        let again = open(&path, Use::CreatePrivate).unwrap_err();
        assert_eq!(again.kind(), io::ErrorKind::AlreadyExists);
    }

    #[test]
    fn a_private_folder_must_not_be_a_symlink_or_writable_by_others() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name| folder.path().join(name);
        for _ in 0..2 {
            make_private_folder(&path("own")).unwrap();
        }
        assert!(mode(&path("own")).is_none_or(|mode| mode == 0o700));
        fs::create_dir(path("open")).unwrap();
        fs::write(path("file"), "").unwrap();
        let mut foreign = vec!["file"];
        foreign.extend(symlink(path("own"), path("link")).then_some("link"));
        foreign.extend(set_mode(&path("open"), 0o777).then_some("open"));
        for name in foreign {
            let error = make_private_folder(&path(name)).unwrap_err();
            assert!(is_foreign(&error), "{name}: {error}");
        }
    }
}
