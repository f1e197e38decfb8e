//! The folder that is served: lists its files and opens them.
//!
//! [`crate::shelf`] checks names before they are used. This module checks the rest: only
//! regular files count, and a symbolic link must not lead out of the folder. Folders
//! below it are not served. A file that cannot be offered, because of its name or because
//! the server may not read it, is counted in the list and named in the log.
//!
//! Every name is opened relative to a handle of the folder, check and opening in one
//! step. A user who may write in the folder and replaces a file by a symbolic link at the
//! right moment gains nothing. A symbolic link is valid if it leads to a file of the
//! folder by a relative path; one that leads out, or begins at the root, is not.
//!
//! Uploads use the path of the folder, so before each use the path must lead to the
//! folder of the handle. If the folder was renamed, or deleted and created again, the
//! handle is opened again, and the log reports it.
//!
//! Source: CWE-59, CWE-367 (time of check, time of use); `openat2(2)`, `RESOLVE_BENEATH`.

use crate::shelf::{FileName, FileNameError};
use crate::system::files::{self, Identity};
use crate::transfer::source;
use crate::wire::digest::Digest;
use crate::wire::message::Code;
use crate::wire::version::FileVersion;
use cap_std::ambient_authority;
use cap_std::fs::{Dir, DirEntry, OpenOptions};
use std::fmt;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::mem;
use std::path::{self, Path, PathBuf};
use std::time::SystemTime;

/// A folder whose files may be read by everybody.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    opened: Opened,
    /// Whether the folder is missing and the log has reported it.
    is_missing: bool,
    /// The files that cannot be offered, with the reasons that the log reported last.
    told: Vec<String>,
}

/// A folder that has been opened.
#[derive(Debug)]
struct Opened {
    /// The handle of the folder.
    handle: Dir,
    /// The identity of the folder.
    identity: Identity,
}

/// The identity of a version of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Version {
    /// Unit: bytes.
    pub(super) size: u64,
    modified: Option<SystemTime>,
    identity: Identity,
    /// The time of the last change of the file or its attributes: unlike `modified`, no
    /// program can set it. 0 if the system has none. Unit: seconds and nanoseconds since
    /// 1970.
    changed: (i64, i64),
}

/// The content of the folder.
#[derive(Debug)]
pub(super) struct Listing {
    /// Every file on offer, sorted by name.
    pub(super) files: Vec<(FileName, Version)>,
    /// The number of files that cannot be offered.
    pub(super) left_out: usize,
}

/// The most files that cannot be offered and are named in the log.
const MOST_NAMED: usize = 5;

impl Folder {
    /// The folder at this path, which must exist.
    pub(super) fn new(path: &Path) -> io::Result<Self> {
        Ok(Self {
            path: path::absolute(path)?,
            opened: Opened::new(path)?,
            is_missing: false,
            told: Vec::new(),
        })
    }

    /// Makes sure that the handle is that of the folder to which the path leads now.
    ///
    /// # Errors
    /// The system's error if the path leads to no folder.
    pub(super) fn follow(&mut self) -> io::Result<()> {
        match identity_of_folder(&self.path) {
            Ok(identity) if identity == self.opened.identity => {}
            Ok(_) => {
                self.opened = Opened::new(&self.path)?;
                let path = self.path.display();
                log::warn!("{path} is now a different folder; its files are offered");
            }
            Err(error) => {
                if !mem::replace(&mut self.is_missing, true) {
                    let path = self.path.display();
                    log::error!(
                        "cannot offer the files in {path} until the folder \
                                 exists again: {error}"
                    );
                }
                return Err(error);
            }
        }
        if mem::take(&mut self.is_missing) {
            log::info!("the folder {} exists again", self.path.display());
        }
        Ok(())
    }

    /// The files.
    pub(super) fn list(&mut self) -> io::Result<Listing> {
        self.follow()?;
        let mut files = Vec::new();
        let mut left_out = Vec::new();
        for entry in self.opened.handle.entries()?.flatten() {
            match self.look_at(&entry) {
                Ok(Some(file)) => files.push(file),
                Ok(None) => {}
                Err(why) => {
                    let name = entry.file_name();
                    left_out.push(format!("{:?} ({why})", name.to_string_lossy()));
                }
            }
        }
        files.sort_by(|(one, _), (other, _)| one.cmp(other));
        let count = left_out.len();
        self.tell(left_out);
        Ok(Listing {
            files,
            left_out: count,
        })
    }

    /// The file, if the entry is visible; or the reason why it cannot be offered.
    fn look_at(&self, entry: &DirEntry) -> Result<Option<(FileName, Version)>, String> {
        let is_file = || entry.metadata().is_ok_and(|it| it.is_file());
        let name = entry.file_name();
        let parsed = name.to_str().map(str::parse::<FileName>);
        let why = match parsed {
            None => "its name is not UTF-8".to_owned(),
            // A name with a dot in front is hidden; a partial file is not complete.
            Some(Err(FileNameError::Hidden | FileNameError::Unfinished)) => {
                return Ok(None);
            }
            Some(Err(error)) => error.to_string(),
            // The file is opened first, because the name could lead to another file a
            // moment later.
            Some(Ok(name)) => match self.open_here(&name) {
                Ok((_, version)) => return Ok(Some((name, version))),
                Err(FolderError::NotThere | FolderError::Missing(_)) => return Ok(None),
                Err(FolderError::Unreadable(error)) => error.to_string(),
            },
        };
        if is_file() { Err(why) } else { Ok(None) }
    }

    /// Logs the files that cannot be offered, if they have changed.
    fn tell(&mut self, mut left_out: Vec<String>) {
        left_out.sort();
        if left_out == self.told {
            return;
        }
        if !left_out.is_empty() {
            let mut named = left_out[..left_out.len().min(MOST_NAMED)].join(", ");
            if left_out.len() > MOST_NAMED {
                named += ", ...";
            }
            let count = left_out.len();
            log::warn!(
                "{count} files cannot be offered because of their names; rename \
                        them: {named}"
            );
        }
        self.told = left_out;
    }

    /// Opens a file for reading.
    pub(super) fn open(
        &mut self,
        name: &FileName,
    ) -> Result<(File, Version), FolderError> {
        self.follow().map_err(FolderError::Missing)?;
        self.open_here(name)
    }

    fn open_here(&self, name: &FileName) -> Result<(File, Version), FolderError> {
        let mut options = OpenOptions::new();
        options.read(true);
        files::do_not_wait(&mut options);
        let here = &self.opened.handle;
        let file = match here.open_with(name.as_str(), &options) {
            Ok(file) => file.into_std(),
            // Windows does not open a folder as a file.
            Err(_) if here.metadata(name.as_str()).is_ok_and(|it| it.is_dir()) => {
                return Err(FolderError::NotThere);
            }
            Err(error) => return Err(error.into()),
        };
        if !file.metadata()?.is_file() {
            return Err(FolderError::NotThere);
        }
        let version = Version::of(&file)?;
        Ok((file, version))
    }

    /// The path of the folder.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Opened {
    fn new(path: &Path) -> io::Result<Self> {
        identity_of_folder(path)?; // An error if it is no folder.
        let handle = Dir::open_ambient_dir(path, ambient_authority())?;
        let identity = files::identity(&handle.try_clone()?.into_std_file())?;
        Ok(Self { handle, identity })
    }
}

/// The identity of the folder to which the path leads.
fn identity_of_folder(path: &Path) -> io::Result<Identity> {
    if !fs::metadata(path)?.is_dir() {
        return Err(ErrorKind::NotADirectory.into());
    }
    files::identity_at(path)
}

impl Version {
    /// The version for messages.
    pub(super) fn told(&self, digest: Option<Digest>) -> FileVersion {
        FileVersion {
            size: self.size,
            modified: self.modified.and_then(source::milliseconds),
            digest,
        }
    }

    /// The version that a file has now.
    pub(super) fn of(file: &File) -> io::Result<Self> {
        let metadata = file.metadata()?;
        Ok(Self {
            size: metadata.len(),
            modified: metadata.modified().ok(),
            identity: files::identity(file)?,
            changed: files::changed(&metadata),
        })
    }

    /// Whether the contents are the same, judged by size and time: another name or other
    /// permissions do not count.
    pub(super) fn has_contents_of(self, other: Self) -> bool {
        let changed = other.changed;
        Self { changed, ..self } == other
    }
}

/// The reason why a file cannot be opened; clients learn nothing more.
#[derive(Debug)]
pub(super) enum FolderError {
    /// No such file; or a folder, a pipe, or a symbolic link that leads elsewhere.
    NotThere,
    /// It exists, but the server may not read it.
    Unreadable(io::Error),
    /// The folder itself does not exist.
    Missing(io::Error),
}

/// The message to a client if the folder does not exist.
pub(super) const NO_FOLDER: &str =
    "The server's folder does not exist. Ask the person who runs the server.";

impl FolderError {
    /// The same for programs.
    pub(super) const fn code(&self) -> Code {
        match self {
            Self::NotThere => Code::NoSuchFile,
            Self::Unreadable(_) | Self::Missing(_) => Code::Unreadable,
        }
    }
}

impl From<io::Error> for FolderError {
    fn from(error: io::Error) -> Self {
        // An error of the folder's handle has no number of the system.
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
            Self::NotThere => write!(
                f,
                "The server does not offer this file. To list \
                                         the files, send: files."
            ),
            Self::Unreadable(error) => write!(
                f,
                "The server cannot read this file ({}). Ask the person who runs the \
                 server.",
                error.kind()
            ),
            Self::Missing(_) => write!(f, "{NO_FOLDER}"),
        }
    }
}

impl std::error::Error for FolderError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::NotThere => None,
            Self::Unreadable(error) | Self::Missing(error) => Some(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::tests::{not_utf8, pipe, symlink};

    fn name(text: &str) -> FileName {
        text.parse().unwrap()
    }

    #[test]
    fn the_listing_is_sorted_and_contains_only_regular_files() {
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
        let mut folder = Folder::new(shelf.path()).unwrap();
        let files = folder.list().unwrap().files;
        let names: Vec<_> = files.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["a b.txt", "b.txt", "empty", "שלום 🎈.txt"]);
        assert_eq!(files[1].1.size, 5);
        assert!(matches!(
            folder.open(&name("folder")),
            Err(FolderError::NotThere)
        ));
    }

    #[test]
    fn a_symlink_out_of_the_folder_is_hidden_and_one_within_it_is_served() {
        let outside = tempfile::tempdir().unwrap();
        fs::write(outside.path().join("secret"), "x").unwrap();
        let shelf = tempfile::tempdir().unwrap();
        fs::write(shelf.path().join("a.txt"), "a").unwrap();
        let link = |target: &Path, name| symlink(target, shelf.path().join(name));
        if !link(&outside.path().join("secret"), "leak") {
            return;
        }
        assert!(link(Path::new("a.txt"), "same"));
        assert!(link(Path::new("nowhere"), "dangling"));
        let mut folder = Folder::new(shelf.path()).unwrap();
        for gone in ["leak", "dangling"] {
            assert!(matches!(
                folder.open(&name(gone)),
                Err(FolderError::NotThere)
            ));
        }
        assert!(folder.open(&name("same")).is_ok());
        let names = folder.list().unwrap().files;
        assert_eq!(names.len(), 2);
    }

    /// A user who may write in the folder replaces a file by a symbolic link and back, as
    /// fast as possible; every file opened meanwhile belongs to the folder.
    #[test]
    fn a_symlink_that_replaces_a_file_during_the_open_is_not_followed() {
        use std::io::Read as _;
        let outside = tempfile::tempdir().unwrap();
        fs::write(outside.path().join("secret"), "secret").unwrap();
        let shelf = tempfile::tempdir().unwrap();
        let path = |name| shelf.path().join(name);
        fs::write(path("own"), "own").unwrap();
        fs::write(path("a"), "own").unwrap();
        if !symlink("own", path("next")) {
            return;
        }
        fs::remove_file(path("next")).unwrap();
        let mut folder = Folder::new(shelf.path()).unwrap();
        let is_over = std::sync::atomic::AtomicBool::new(false);
        let is_over = &is_over;
        std::thread::scope(|scope| {
            scope.spawn(move || {
                while !is_over.load(std::sync::atomic::Ordering::Relaxed) {
                    assert!(symlink(outside.path().join("secret"), path("next")));
                    fs::rename(path("next"), path("a")).unwrap();
                    fs::hard_link(path("own"), path("next")).unwrap();
                    fs::rename(path("next"), path("a")).unwrap();
                }
            });
            // Wait for both kinds of answer: a busy computer may stop the other thread
            // between its two renames for a long time.
            let (mut opened, mut refused, mut texts) = (0, 0, Vec::new());
            while (opened < 1_000 || refused < 1_000) && texts.is_empty() {
                let Ok((mut file, _)) = folder.open(&name("a")) else {
                    refused += 1;
                    continue;
                };
                let mut text = String::new();
                file.read_to_string(&mut text).unwrap();
                opened += 1;
                if text != "own" {
                    texts.push(text);
                }
            }
            is_over.store(true, std::sync::atomic::Ordering::Relaxed);
            assert!(texts.is_empty(), "{texts:?}");
        });
    }

    #[test]
    fn a_named_pipe_is_hidden_and_does_not_block_the_server() {
        let shelf = tempfile::tempdir().unwrap();
        if !pipe(&shelf.path().join("pipe")) {
            return;
        }
        let mut folder = Folder::new(shelf.path()).unwrap();
        let opened = folder.open(&name("pipe"));
        assert!(matches!(opened, Err(FolderError::NotThere)));
        assert!(folder.list().unwrap().files.is_empty());
    }

    #[test]
    fn a_file_with_changed_content_is_a_new_version() {
        let shelf = tempfile::tempdir().unwrap();
        let mut folder = Folder::new(shelf.path()).unwrap();
        fs::write(shelf.path().join("a"), "1").unwrap();
        let (_, before) = folder.open(&name("a")).unwrap();
        fs::write(shelf.path().join("a"), "12").unwrap();
        let (_, after) = folder.open(&name("a")).unwrap();
        assert_ne!(before, after);
    }

    #[test]
    fn a_file_modified_in_place_with_the_same_size_and_time_is_a_new_version() {
        if !files::TELLS_CHANGES {
            return;
        }
        let shelf = tempfile::tempdir().unwrap();
        let path = shelf.path().join("a");
        fs::write(&path, "1").unwrap();
        let mut folder = Folder::new(shelf.path()).unwrap();
        let (file, before) = folder.open(&name("a")).unwrap();
        let modified = file.metadata().unwrap().modified().unwrap();
        let mut after = before;
        // The clock of the file system advances a few times per hundredth of a second.
        while after.changed == before.changed {
            fs::write(&path, "2").unwrap();
            let written = File::options().write(true).open(&path).unwrap();
            written.set_modified(modified).unwrap();
            after = folder.open(&name("a")).unwrap().1;
        }
        assert_eq!((after.size, after.modified), (before.size, before.modified));
        assert_ne!(before, after);
        assert!(before.has_contents_of(after));
    }

    #[test]
    fn a_recreated_or_replaced_folder_is_served() {
        if !files::CAN_RENAME_OPEN_FOLDERS {
            return;
        }
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("served");
        fs::create_dir(&path).unwrap();
        fs::write(path.join("old"), "old").unwrap();
        let mut folder = Folder::new(&path).unwrap();
        fs::rename(&path, place.path().join("elsewhere")).unwrap();
        assert!(folder.list().is_err());
        let opened = folder.open(&name("old"));
        assert!(matches!(opened, Err(FolderError::Missing(_))), "{opened:?}");
        fs::create_dir(&path).unwrap();
        fs::write(path.join("new"), "new").unwrap();
        let files = folder.list().unwrap().files;
        assert_eq!(files.len(), 1);
        assert_eq!(files[0].0.as_str(), "new");
        assert!(folder.open(&name("new")).is_ok());
        let opened = folder.open(&name("old"));
        assert!(matches!(opened, Err(FolderError::NotThere)), "{opened:?}");
    }

    #[test]
    fn files_that_cannot_be_offered_are_counted_and_hidden_ones_are_not() {
        let shelf = tempfile::tempdir().unwrap();
        // Only Linux allows such names; elsewhere a colon or a space at the end fails.
        let odd = not_utf8(b"\xff").map(|odd| shelf.path().join(odd));
        if odd.is_none_or(|odd| fs::write(odd, "x").is_err()) {
            return;
        }
        for name in [
            "a:b",
            "a\\b",
            "trailing ",
            "aux.c",
            "fine",
            ".hidden",
            "x.part",
        ] {
            fs::write(shelf.path().join(name), name).unwrap();
        }
        fs::create_dir(shelf.path().join("c:d")).unwrap();
        let mut folder = Folder::new(shelf.path()).unwrap();
        let listing = folder.list().unwrap();
        assert_eq!((listing.files.len(), listing.left_out), (1, 5));
        let has_why = |why: &String| why.contains("not UTF-8");
        assert!(folder.told.iter().any(has_why), "{:?}", folder.told);
    }

    #[test]
    fn a_path_that_is_no_folder_is_an_error() {
        let shelf = tempfile::tempdir().unwrap();
        let file = shelf.path().join("a");
        assert!(Folder::new(&file).is_err());
        fs::write(&file, "a").unwrap();
        let error = Folder::new(&file).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotADirectory);
    }
}
