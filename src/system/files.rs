//! Files: their identity, number of names, permissions, and paths.
//!
//! ```text
//!               Linux, macOS        Windows
//! identity      device, inode       volume, file index
//! names         links               links
//! permissions   mode bits           access control list (of a password file)
//! path          bytes               Unicode, with drives
//! ```
//!
//! Source: `fstat(2)`, `open(2)`; Windows `GetFileInformationByHandle`, `icacls`.

use std::fs::{self, DirBuilder, File, Metadata, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

/// The identity of a file or folder, as long as it exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    volume: u64,
    index: u64,
}

/// Whether a path may begin with a drive letter.
pub const HAS_DRIVES: bool = cfg!(windows);

/// Whether an open file can be renamed, and its folder too.
pub const CAN_RENAME_OPEN_FOLDERS: bool = cfg!(unix);

/// Whether the system records when anything about a file changed ([`changed`]).
pub const TELLS_CHANGES: bool = cfg!(unix);

/// The identity of this file or folder.
///
/// # Errors
/// Those of the system.
#[cfg(unix)]
pub fn identity(file: &File) -> io::Result<Identity> {
    Ok(identity_in(&file.metadata()?))
}

/// The identity of this file or folder.
///
/// # Errors
/// Those of the system.
#[cfg(windows)]
pub fn identity(file: &File) -> io::Result<Identity> {
    let told = winapi_util::file::information(file)?;
    Ok(Identity {
        volume: told.volume_serial_number(),
        index: told.file_index(),
    })
}

#[cfg(unix)]
fn identity_in(metadata: &Metadata) -> Identity {
    use std::os::unix::fs::MetadataExt as _;
    Identity {
        volume: metadata.dev(),
        index: metadata.ino(),
    }
}

/// The identity of the file or folder with this path; links are followed.
///
/// # Errors
/// Those of the system.
pub fn identity_at(path: &Path) -> io::Result<Identity> {
    #[cfg(unix)]
    return Ok(identity_in(&fs::metadata(path)?));
    #[cfg(windows)]
    return identity(&look_at(path, FILE_FLAG_BACKUP_SEMANTICS)?);
}

/// Whether the open file is the one with this path, and the path is no link.
///
/// # Errors
/// Those of the system, except that nothing has this path.
pub fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    #[cfg(unix)]
    let there = fs::symlink_metadata(path).map(|it| identity_in(&it));
    #[cfg(windows)]
    let there = look_at(
        path,
        FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT,
    )
    .and_then(|it| identity(&it));
    match there {
        Ok(there) => Ok(there == identity(file)?),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        // On Windows a deleted file keeps its name until its last handle is closed.
        Err(error) if cfg!(windows) && is_held(&error) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Opens the link itself, not its target.
#[cfg(windows)]
const FILE_FLAG_OPEN_REPARSE_POINT: u32 = 0x0020_0000;

/// Without it folders cannot be opened.
#[cfg(windows)]
const FILE_FLAG_BACKUP_SEMANTICS: u32 = 0x0200_0000;

/// Opens a file or folder without any access, only to query its identity.
#[cfg(windows)]
fn look_at(path: &Path, flags: u32) -> io::Result<File> {
    use std::os::windows::fs::OpenOptionsExt as _;
    let mut options = OpenOptions::new();
    options.access_mode(0).custom_flags(flags).open(path)
}

/// The number of names (hard links) of the file.
///
/// # Errors
/// Those of the system.
pub fn count_names(file: &File) -> io::Result<u64> {
    #[cfg(unix)]
    return Ok(std::os::unix::fs::MetadataExt::nlink(&file.metadata()?));
    #[cfg(windows)]
    return Ok(winapi_util::file::information(file)?.number_of_links());
}

/// The time of the last change of the file or its attributes: unlike the modification
/// time, no program can set it. 0 on Windows. Unit: seconds and nanoseconds since 1970.
#[must_use]
pub fn changed(metadata: &Metadata) -> (i64, i64) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        (metadata.ctime(), metadata.ctime_nsec())
    }
    #[cfg(windows)]
    {
        let _ = metadata;
        (0, 0)
    }
}

/// Opens a link itself and does not wait for a named pipe; if `is_private`, only the
/// owner may read a new file. Windows inherits permissions from the folder.
pub fn follow_nothing(options: &mut OpenOptions, is_private: bool) {
    #[cfg(unix)]
    {
        use nix::fcntl::OFlag;
        use std::os::unix::fs::OpenOptionsExt as _;
        options.custom_flags((OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK).bits());
        if is_private {
            options.mode(0o600);
        }
    }
    #[cfg(windows)]
    {
        use std::os::windows::fs::OpenOptionsExt as _;
        let _ = is_private;
        options.custom_flags(FILE_FLAG_OPEN_REPARSE_POINT);
    }
}

/// Does not wait for a named pipe, which would wait for a writer.
pub fn do_not_wait(options: &mut cap_std::fs::OpenOptions) {
    #[cfg(unix)]
    {
        use cap_std::fs::OpenOptionsExt as _;
        options.custom_flags(nix::fcntl::OFlag::O_NONBLOCK.bits());
    }
    #[cfg(windows)]
    {
        let _ = options;
    }
}

/// Creates folders that only their owner may read; on Windows they inherit permissions.
#[must_use]
pub fn private_folder() -> DirBuilder {
    #[cfg_attr(windows, expect(unused_mut, reason = "nothing is set there"))]
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
}

/// Whether another user may write in this folder. Not checked on Windows, where a folder
/// inherits its permissions.
#[must_use]
pub fn others_may_write(folder: &Metadata) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        let own = nix::unistd::geteuid().as_raw();
        folder.uid() != own || folder.mode() & 0o022 != 0
    }
    #[cfg(windows)]
    {
        let _ = folder;
        false
    }
}

/// If other users of this computer may read the file, the command that forbids it.
#[must_use]
pub fn command_against_readers(path: &Path, file: &File) -> Option<String> {
    let shown = path.display();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = file.metadata().ok()?.permissions().mode();
        (mode & 0o077 != 0).then(|| format!("chmod 600 {shown}"))
    }
    #[cfg(windows)]
    {
        let _ = file;
        let list = access_list(path)?;
        grants_to_groups(&list).then(|| {
            let user = std::env::var("USERNAME").unwrap_or_else(|_| "USER".to_owned());
            format!("icacls \"{shown}\" /inheritance:r /grant:r \"{user}:R\"")
        })
    }
}

/// The access control list of a file in the security descriptor definition language, which
/// reads the same in every language of Windows.
#[cfg(windows)]
fn access_list(path: &Path) -> Option<String> {
    use std::process::{Command, Stdio};
    let folder = tempfile::tempdir().ok()?;
    let saved = folder.path().join("list");
    let mut icacls = Command::new("icacls");
    icacls.arg(path).arg("/save").arg(&saved);
    icacls.stdin(Stdio::null()).stdout(Stdio::null());
    icacls.stderr(Stdio::null()).status().ok()?;
    let bytes = fs::read(saved).ok()?;
    let letters: Vec<u16> = bytes
        .as_chunks()
        .0
        .iter()
        .map(|pair| u16::from_le_bytes(*pair))
        .collect();
    Some(String::from_utf16_lossy(&letters))
}

/// Whether a list allows something to everyone (`WD`), guests (`BG`, `AN`), users (`BU`), or
/// users that are logged in (`AU`, `IU`): `D:(A;ID;FA;;;SY)(A;ID;0x1200a9;;;BU)`.
#[cfg(any(windows, test))]
fn grants_to_groups(list: &str) -> bool {
    const GROUPS: [&str; 6] = ["WD", "BG", "AN", "BU", "AU", "IU"];
    list.split('(').any(|entry| {
        let entry = entry.split(')').next().unwrap_or_default();
        let fields: Vec<_> = entry.split(';').collect();
        let is_granted = |trustee| GROUPS.contains(&trustee);
        fields.first() == Some(&"A") && fields.get(5).copied().is_some_and(is_granted)
    })
}

/// Makes a file executable; Windows decides that by its name.
///
/// # Errors
/// Those of the system.
pub fn make_executable(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(path, fs::Permissions::from_mode(0o755))
    }
    #[cfg(windows)]
    {
        let _ = path;
        Ok(())
    }
}

/// A temporary file with the usual permissions, so that others may read it.
pub fn readable_by_all(builder: &mut tempfile::Builder<'_, '_>) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    #[cfg(windows)]
    {
        let _ = builder;
    }
}

/// The path of these bytes; `None` if paths are Unicode and they are not UTF-8.
#[must_use]
pub fn path_from_bytes(bytes: Vec<u8>) -> Option<PathBuf> {
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStringExt as _;
        Some(std::ffi::OsString::from_vec(bytes).into())
    }
    #[cfg(windows)]
    {
        String::from_utf8(bytes).ok().map(PathBuf::from)
    }
}

/// Whether another program has opened the file, such as a virus scanner or an indexer.
/// This matters only on Windows.
#[must_use]
pub fn is_held(error: &io::Error) -> bool {
    /// Access denied, a sharing violation, a lock violation.
    const HELD: [i32; 3] = [5, 32, 33];
    cfg!(windows) && error.raw_os_error().is_some_and(|it| HELD.contains(&it))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_keeps_its_identity_under_a_new_name_and_its_copy_has_another() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name| folder.path().join(name);
        fs::write(path("a"), "a").unwrap();
        let file = File::open(path("a")).unwrap();
        assert!(is_at(&file, &path("a")).unwrap());
        assert_eq!(identity(&file).unwrap(), identity_at(&path("a")).unwrap());
        fs::rename(path("a"), path("b")).unwrap();
        fs::write(path("a"), "a").unwrap();
        assert!(is_at(&file, &path("b")).unwrap());
        assert!(!is_at(&file, &path("a")).unwrap());
        assert!(!is_at(&file, &path("missing")).unwrap());
        let here = identity_at(folder.path()).unwrap();
        assert_ne!(here, identity(&file).unwrap());
        assert_eq!(here, identity_at(folder.path()).unwrap());
    }

    #[test]
    fn a_second_name_is_counted() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name| folder.path().join(name);
        let file = File::create(path("a")).unwrap();
        assert_eq!(count_names(&file).unwrap(), 1);
        fs::hard_link(path("a"), path("b")).unwrap();
        assert_eq!(count_names(&file).unwrap(), 2);
    }

    #[test]
    fn a_list_that_allows_a_group_is_told_from_one_of_a_single_user() {
        let own =
            "secret\r\nD:AI(A;ID;FA;;;SY)(A;ID;FA;;;BA)(A;ID;FA;;;S-1-5-21-1-2-3-1001)";
        assert!(!grants_to_groups(own));
        assert!(!grants_to_groups("D:(D;;FA;;;WD)(A;;FA;;;SY)"));
        for group in ["WD", "BU", "AU"] {
            assert!(grants_to_groups(&format!(
                "D:AI(A;ID;FA;;;SY)(A;;FR;;;{group})"
            )));
        }
    }
}
