//! The one way to open a file that lies where others may have put something: a part, its
//! record, a journal, a capture.
//!
//! ```text
//! notes.txt.part -> /home/dana/.profile     a symlink: not followed
//! notes.txt.part    a named pipe            not waited for
//! notes.txt.part    a second name of a file that somebody else reads
//! ```
//!
//! What is opened is a regular file that has this one name, or it is an error of its own
//! kind ([`is_foreign`]). The checks are made on the open file, so nothing can be exchanged
//! between the look and the opening.
//!
//! Source: CWE-59 (links), CWE-367 (time of check, time of use); `open(2)`, `O_NOFOLLOW`.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::Path;

/// What the opened file is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// It is there, and is read.
    Read,
    /// It is there, and is read and written.
    Write,
    /// The same; it is made where it is missing.
    WriteOrCreate,
    /// It must not be there. Nobody but its owner may read it.
    CreatePrivate,
}

/// What lies there is not a file of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Foreign(&'static str);

/// Opens an ordinary file.
///
/// # Errors
/// What the system says; and an error of which [`is_foreign`] holds.
pub fn open(path: &Path, to: Use) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options
        .read(true)
        .write(to != Use::Read)
        .create(to == Use::WriteOrCreate)
        .create_new(to == Use::CreatePrivate)
        .truncate(false);
    follow_nothing(&mut options, to == Use::CreatePrivate);
    let file = options.open(path).map_err(|error| {
        let is_link = fs::symlink_metadata(path).is_ok_and(|it| it.is_symlink());
        if is_link {
            foreign("it is a symbolic link")
        } else {
            error
        }
    })?;
    let told = file.metadata()?;
    if !told.is_file() {
        return Err(foreign("it is not a regular file"));
    }
    if count_names(&told) > 1 {
        return Err(foreign("it has a second name (a hard link)"));
    }
    Ok(file)
}

/// Makes a folder that nobody else may look into, where the system knows that; one that is
/// there must be such a folder.
///
/// # Errors
/// What the system says; and an error of which [`is_foreign`] holds.
pub fn make_private_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match builder.create(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        Ok(()) | Err(_) => check_private_folder(folder),
    }
}

/// Whether an open failed because of what lies there, which is not ours to touch.
#[must_use]
pub fn is_foreign(error: &io::Error) -> bool {
    let cause = error.get_ref();
    cause.and_then(|it| it.downcast_ref::<Foreign>()).is_some()
}

fn foreign(why: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, Foreign(why))
}

#[cfg(unix)]
fn follow_nothing(options: &mut OpenOptions, is_private: bool) {
    use nix::fcntl::OFlag;
    use std::os::unix::fs::OpenOptionsExt;
    options.custom_flags((OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK).bits());
    if is_private {
        options.mode(0o600);
    }
}

/// Windows opens the link itself, which is no regular file then.
#[cfg(windows)]
fn follow_nothing(options: &mut OpenOptions, _is_private: bool) {
    use std::os::windows::fs::OpenOptionsExt;
    const FILE_FLAG_OPEN_REPARSE_POINT: u32 = 0x0020_0000;
    options.custom_flags(FILE_FLAG_OPEN_REPARSE_POINT);
}

#[cfg(not(any(unix, windows)))]
fn follow_nothing(_options: &mut OpenOptions, _is_private: bool) {}

#[cfg(unix)]
fn count_names(told: &fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::nlink(told)
}

#[cfg(not(unix))]
fn count_names(_told: &fs::Metadata) -> u64 {
    1
}

#[cfg(unix)]
fn check_private_folder(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt;
    let told = fs::symlink_metadata(folder)?;
    let own = nix::unistd::geteuid().as_raw();
    if !told.is_dir() {
        return Err(foreign("it is not a folder"));
    }
    if told.uid() != own || told.mode() & 0o022 != 0 {
        return Err(foreign("other users may write in it"));
    }
    Ok(())
}

#[cfg(not(unix))]
fn check_private_folder(folder: &Path) -> io::Result<()> {
    let is_folder = fs::symlink_metadata(folder)?.is_dir();
    is_folder
        .then_some(())
        .ok_or_else(|| foreign("it is not a folder"))
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

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    const USES: [Use; 3] = [Use::Read, Use::Write, Use::WriteOrCreate];

    #[test]
    fn a_link_a_pipe_a_second_name_and_a_folder_are_not_opened() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name| folder.path().join(name);
        fs::write(path("victim"), "private").unwrap();
        symlink(path("victim"), path("link")).unwrap();
        symlink(path("nowhere"), path("dangling")).unwrap();
        fs::write(path("file"), "").unwrap();
        fs::hard_link(path("file"), path("second")).unwrap();
        let mode = nix::sys::stat::Mode::from_bits_truncate(0o600);
        nix::unistd::mkfifo(&path("pipe"), mode).unwrap();
        for to in USES {
            for name in ["link", "dangling", "second", "pipe"] {
                let error = open(&path(name), to).unwrap_err();
                assert!(is_foreign(&error), "{name} {to:?}: {error}");
            }
        }
        assert!(is_foreign(&open(folder.path(), Use::Read).unwrap_err()));
        assert!(!path("nowhere").exists());
        let missing = open(&path("missing"), Use::Write).unwrap_err();
        assert_eq!(missing.kind(), io::ErrorKind::NotFound);
        open(&path("victim"), Use::Write).unwrap();
        open(&path("new"), Use::WriteOrCreate).unwrap();
    }

    #[test]
    fn what_is_private_is_new_and_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let made = open(&path, Use::CreatePrivate).unwrap();
        assert_eq!(made.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        let again = open(&path, Use::CreatePrivate).unwrap_err();
        assert_eq!(again.kind(), io::ErrorKind::AlreadyExists);
    }

    #[test]
    fn a_private_folder_is_no_link_and_nobody_else_may_write_in_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name| folder.path().join(name);
        for _ in 0..2 {
            make_private_folder(&path("own")).unwrap();
        }
        let mode = fs::metadata(path("own")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        symlink(path("own"), path("link")).unwrap();
        fs::create_dir(path("open")).unwrap();
        fs::set_permissions(path("open"), fs::Permissions::from_mode(0o777)).unwrap();
        fs::write(path("file"), "").unwrap();
        for name in ["link", "open", "file"] {
            let error = make_private_folder(&path(name)).unwrap_err();
            assert!(is_foreign(&error), "{name}: {error}");
        }
    }
}
