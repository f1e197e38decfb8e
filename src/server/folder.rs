//! The folder that is served: what is in it, and a file of it opened.
//!
//! Names are checked by [`crate::shelf`] before they touch the disk. Here the rest is
//! found out: only regular files count, and a symlink may not lead out of the folder.
//! Folders below it are not served. A file whose name is not UTF-8 is left out.
//!
//! Everything is looked up below a handle of the folder, check and opening in one step: so
//! who may write in it, and exchanges a file for a symlink at the right moment, gets nothing
//! that the server may read and they may not. A symlink counts that leads to a file of the
//! folder by a relative path; one that leads out, or begins at the root, leads nowhere.
//!
//! Source: CWE-59, CWE-367 (time of check, time of use); `openat2(2)`, `RESOLVE_BENEATH`.

use crate::shelf::FileName;
use crate::transfer::source;
use crate::wire::digest::Digest;
use crate::wire::message::Code;
use crate::wire::version::FileVersion;
use cap_std::ambient_authority;
use cap_std::fs::{Dir, OpenOptions};
use std::fmt;
use std::fs::{self, File, Metadata};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

/// A folder whose files may be read by everybody.
#[derive(Debug, Clone)]
pub(super) struct Folder {
    root: PathBuf,
    /// What names are looked up below.
    handle: Arc<Dir>,
}

/// What tells one version of a file from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Version {
    /// Unit: bytes.
    pub(super) size: u64,
    modified: Option<SystemTime>,
    /// Where the system has none, 0.
    inode: u64,
}

impl Folder {
    /// The folder at this path, which must be there.
    pub(super) fn new(path: &Path) -> io::Result<Self> {
        let root = fs::canonicalize(path)?;
        if !fs::metadata(&root)?.is_dir() {
            return Err(ErrorKind::NotADirectory.into());
        }
        let handle = Arc::new(Dir::open_ambient_dir(&root, ambient_authority())?);
        Ok(Self { root, handle })
    }

    /// Every file on offer, sorted by name.
    pub(super) fn list(&self) -> io::Result<Vec<(FileName, Version)>> {
        let mut files: Vec<_> = self
            .handle
            .entries()?
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter_map(|name| name.parse::<FileName>().ok())
            .filter_map(|name| {
                // Opened, since a look at its name alone could be of another file.
                let (_, version) = self.open(&name).ok()?;
                Some((name, version))
            })
            .collect();
        files.sort_by(|(one, _), (other, _)| one.cmp(other));
        Ok(files)
    }

    /// Opens a file for reading.
    pub(super) fn open(&self, name: &FileName) -> Result<(File, Version), FolderError> {
        let mut options = OpenOptions::new();
        options.read(true);
        do_not_wait(&mut options);
        let file = self.handle.open_with(name.as_str(), &options)?.into_std();
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(FolderError::NotThere);
        }
        Ok((file, Version::of(&metadata)))
    }

    /// The folder itself.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }
}

/// A named pipe would wait for somebody to write into it; a file does not mind.
#[cfg(unix)]
fn do_not_wait(options: &mut OpenOptions) {
    use cap_std::fs::OpenOptionsExt as _;
    options.custom_flags(nix::fcntl::OFlag::O_NONBLOCK.bits());
}

#[cfg(not(unix))]
fn do_not_wait(_options: &mut OpenOptions) {}

impl Version {
    /// As it is told to others.
    pub(super) fn told(&self, digest: Option<Digest>) -> FileVersion {
        FileVersion {
            size: self.size,
            modified: self.modified.and_then(source::milliseconds),
            digest,
        }
    }

    /// The version that a file has now.
    pub(super) fn of(metadata: &Metadata) -> Self {
        Self {
            size: metadata.len(),
            modified: metadata.modified().ok(),
            inode: inode(metadata),
        }
    }
}

#[cfg(unix)]
fn inode(metadata: &Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(metadata)
}

#[cfg(not(unix))]
fn inode(_metadata: &Metadata) -> u64 {
    0
}

/// Why a file cannot be had. A stranger learns no more than that.
#[derive(Debug)]
pub(super) enum FolderError {
    /// No such file; or a folder, a pipe, a symlink that leads elsewhere.
    NotThere,
    /// It is there, and the system says no.
    Unreadable(io::Error),
}

impl FolderError {
    /// The same for programs.
    pub(super) const fn code(&self) -> Code {
        match self {
            Self::NotThere => Code::NoSuchFile,
            Self::Unreadable(_) => Code::Unreadable,
        }
    }
}

impl From<io::Error> for FolderError {
    fn from(error: io::Error) -> Self {
        // Where it is the folder's handle that says no, the system has no number for it.
        let leads_out =
            error.kind() == ErrorKind::PermissionDenied && error.raw_os_error().is_none();
        if leads_out
            || matches!(error.kind(), ErrorKind::NotFound | ErrorKind::InvalidInput)
        {
            Self::NotThere
        } else {
            Self::Unreadable(error)
        }
    }
}

impl fmt::Display for FolderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotThere => write!(f, "The server offers no such file. See: files."),
            Self::Unreadable(error) => write!(
                f,
                "The server cannot read this file ({}). Ask who runs it.",
                error.kind()
            ),
        }
    }
}

impl std::error::Error for FolderError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::NotThere => None,
            Self::Unreadable(error) => Some(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> FileName {
        text.parse().unwrap()
    }

    #[test]
    fn the_listing_is_sorted_and_holds_regular_files_only() {
        let shelf = tempfile::tempdir().unwrap();
        for name in [
            "b.txt",
            "שלום 🎈.txt",
            "a b.txt",
            ".hidden",
            "a.part",
            "empty",
        ] {
            fs::write(shelf.path().join(name), name).unwrap();
        }
        fs::create_dir(shelf.path().join("folder")).unwrap();
        let folder = Folder::new(shelf.path()).unwrap();
        let files = folder.list().unwrap();
        let names: Vec<_> = files.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["a b.txt", "b.txt", "empty", "שלום 🎈.txt"]);
        assert_eq!(files[1].1.size, 5);
        assert!(matches!(
            folder.open(&name("folder")),
            Err(FolderError::NotThere)
        ));
    }

    #[cfg(unix)]
    #[test]
    fn a_symlink_out_of_the_folder_does_not_exist_and_one_within_does() {
        use std::os::unix::fs::symlink;
        let outside = tempfile::tempdir().unwrap();
        fs::write(outside.path().join("secret"), "x").unwrap();
        let shelf = tempfile::tempdir().unwrap();
        fs::write(shelf.path().join("a.txt"), "a").unwrap();
        symlink(outside.path().join("secret"), shelf.path().join("leak")).unwrap();
        symlink("a.txt", shelf.path().join("same")).unwrap();
        symlink("nowhere", shelf.path().join("dangling")).unwrap();
        let folder = Folder::new(shelf.path()).unwrap();
        for gone in ["leak", "dangling"] {
            assert!(matches!(
                folder.open(&name(gone)),
                Err(FolderError::NotThere)
            ));
        }
        assert!(folder.open(&name("same")).is_ok());
        let names: Vec<_> = folder.list().unwrap();
        assert_eq!(names.len(), 2);
    }

    /// Somebody who may write in the folder changes a file for a symlink and back, as
    /// fast as they can; whatever is opened meanwhile is the folder's own.
    #[cfg(unix)]
    #[test]
    fn a_symlink_that_takes_a_files_place_in_the_last_moment_leads_nowhere() {
        use std::io::Read as _;
        use std::os::unix::fs::symlink;
        let outside = tempfile::tempdir().unwrap();
        fs::write(outside.path().join("secret"), "secret").unwrap();
        let shelf = tempfile::tempdir().unwrap();
        let path = |name| shelf.path().join(name);
        fs::write(path("own"), "own").unwrap();
        fs::write(path("a"), "own").unwrap();
        let folder = Folder::new(shelf.path()).unwrap();
        let is_over = std::sync::atomic::AtomicBool::new(false);
        let is_over = &is_over;
        std::thread::scope(|scope| {
            scope.spawn(move || {
                while !is_over.load(std::sync::atomic::Ordering::Relaxed) {
                    symlink(outside.path().join("secret"), path("next")).unwrap();
                    fs::rename(path("next"), path("a")).unwrap();
                    fs::hard_link(path("own"), path("next")).unwrap();
                    fs::rename(path("next"), path("a")).unwrap();
                }
            });
            let mut opened = 0;
            for _ in 0..3_000 {
                if let Ok((mut file, _)) = folder.open(&name("a")) {
                    let mut text = String::new();
                    file.read_to_string(&mut text).unwrap();
                    assert_eq!(text, "own");
                    opened += 1;
                }
            }
            is_over.store(true, std::sync::atomic::Ordering::Relaxed);
            assert!(opened > 0);
        });
    }

    #[cfg(unix)]
    #[test]
    fn a_named_pipe_does_not_exist_and_nobody_waits_for_it() {
        let shelf = tempfile::tempdir().unwrap();
        let mode = nix::sys::stat::Mode::from_bits_truncate(0o600);
        nix::unistd::mkfifo(&shelf.path().join("pipe"), mode).unwrap();
        let folder = Folder::new(shelf.path()).unwrap();
        let opened = folder.open(&name("pipe"));
        assert!(matches!(opened, Err(FolderError::NotThere)));
        assert!(folder.list().unwrap().is_empty());
    }

    #[test]
    fn another_content_is_another_version() {
        let shelf = tempfile::tempdir().unwrap();
        let folder = Folder::new(shelf.path()).unwrap();
        fs::write(shelf.path().join("a"), "1").unwrap();
        let (_, before) = folder.open(&name("a")).unwrap();
        fs::write(shelf.path().join("a"), "12").unwrap();
        let (_, after) = folder.open(&name("a")).unwrap();
        assert_ne!(before, after);
    }

    #[test]
    fn a_folder_that_is_none_is_an_error() {
        let shelf = tempfile::tempdir().unwrap();
        let file = shelf.path().join("a");
        assert!(Folder::new(&file).is_err());
        fs::write(&file, "a").unwrap();
        let error = Folder::new(&file).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotADirectory);
    }
}
