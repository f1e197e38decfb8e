//! The folder that is served: what is in it, and a file of it opened.
//!
//! Names are checked by [`crate::shelf`] before they touch the disk. Here the rest is
//! found out: only regular files count, and a symlink may not lead out of the folder.
//! Folders below it are not served. A file whose name is not UTF-8 is left out.
//!
//! Between the check and the opening somebody could exchange a file for a symlink; that
//! needs the right to write in the folder, and who has that can put the file there anyway.
//!
//! Source: CWE-59 (links resolved before access).

use crate::shelf::FileName;
use crate::transfer::source;
use crate::wire::digest::Digest;
use crate::wire::message::Code;
use crate::wire::version::FileVersion;
use std::fmt;
use std::fs::{self, File, Metadata};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// A folder whose files may be read by everybody.
#[derive(Debug, Clone)]
pub(super) struct Folder {
    root: PathBuf,
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
        Ok(Self { root })
    }

    /// Every file on offer, sorted by name.
    pub(super) fn list(&self) -> io::Result<Vec<(FileName, Version)>> {
        let mut files: Vec<_> = fs::read_dir(&self.root)?
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter_map(|name| name.parse::<FileName>().ok())
            .filter_map(|name| {
                let (_, version) = self.find(&name).ok()?;
                Some((name, version))
            })
            .collect();
        files.sort_by(|(one, _), (other, _)| one.cmp(other));
        Ok(files)
    }

    /// Opens a file for reading.
    pub(super) fn open(&self, name: &FileName) -> Result<(File, Version), FolderError> {
        let (path, _) = self.find(name)?;
        let file = File::open(path)?;
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

    /// Where a file really is. It is looked at before it is opened, because opening a
    /// named pipe would wait for somebody to write into it.
    fn find(&self, name: &FileName) -> Result<(PathBuf, Version), FolderError> {
        let path = fs::canonicalize(name.in_folder(&self.root))?;
        let metadata = fs::metadata(&path)?;
        if !path.starts_with(&self.root) || !metadata.is_file() {
            return Err(FolderError::NotThere);
        }
        Ok((path, Version::of(&metadata)))
    }
}

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
        if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::InvalidInput) {
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
