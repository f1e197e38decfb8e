//! Links, pipes and permissions for tests. Only some systems have them: each function
//! returns whether it succeeded, and otherwise the test ends.

use std::path::{Path, PathBuf};

/// Makes `link` a symbolic link to `target`. Windows requires a privilege.
pub(crate) fn symlink(target: impl AsRef<Path>, link: impl AsRef<Path>) -> bool {
    #[cfg(unix)]
    return std::os::unix::fs::symlink(target, link).is_ok();
    #[cfg(not(unix))]
    {
        let _ = (target, link);
        false
    }
}

/// Makes a named pipe at this path.
pub(crate) fn pipe(path: &Path) -> bool {
    #[cfg(unix)]
    {
        let mode = nix::sys::stat::Mode::from_bits_truncate(0o600);
        nix::unistd::mkfifo(path, mode).is_ok()
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        false
    }
}

/// A path whose bytes are not UTF-8, if paths are bytes.
pub(crate) fn not_utf8(bytes: &[u8]) -> Option<PathBuf> {
    let path = super::files::path_from_bytes(bytes.to_vec())?;
    path.to_str().is_none().then_some(path)
}

/// The permission bits of a file or folder.
pub(crate) fn mode(path: &Path) -> Option<u32> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let told = std::fs::metadata(path).ok()?;
        Some(told.permissions().mode() & 0o777)
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        None
    }
}

/// Sets the permission bits of a file or folder.
pub(crate) fn set_mode(path: &Path, mode: u32) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).is_ok()
    }
    #[cfg(not(unix))]
    {
        let _ = (path, mode);
        false
    }
}

/// The space of a file on the disk, if the system reports it. Unit: bytes.
pub(crate) fn allocated(path: &Path) -> Option<u64> {
    #[cfg(target_os = "linux")]
    {
        use std::os::unix::fs::MetadataExt as _;
        Some(std::fs::metadata(path).ok()?.blocks() * 512)
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = path;
        None
    }
}

/// A file that accepts no byte, as on a full disk.
pub(crate) fn full_disk() -> Option<&'static Path> {
    let path = Path::new("/dev/full");
    path.exists().then_some(path)
}

/// The nice value of this thread, where each thread has its own.
pub(crate) fn nice() -> Option<i32> {
    #[cfg(target_os = "linux")]
    return rustix::process::getpriority_process(None).ok();
    #[cfg(not(target_os = "linux"))]
    return None;
}
