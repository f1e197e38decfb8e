//! Space on a disk: how much is free, and its reservation.
//!
//! Reserved space belongs to the part alone, so the disk does not fill up in the middle
//! of an accepted upload. Linux reserves space beyond the end of a file, whose length
//! stays the same. On other systems, and on file systems that cannot reserve, only the
//! free space is checked.
//!
//! Source: `fallocate(2)` with `FALLOC_FL_KEEP_SIZE`; POSIX `fstatvfs`; Windows
//! `GetDiskFreeSpaceW`.

use std::fs::File;
use std::io;
use std::path::Path;

/// Reserves this space for `part`, whose length stays the same. Unit: bytes.
///
/// # Errors
/// `StorageFull`, and others of the system; a system that cannot reserve is no error.
#[cfg(target_os = "linux")]
pub fn reserve(part: &File, bytes: u64) -> io::Result<()> {
    use nix::errno::Errno;
    use nix::fcntl::{FallocateFlags, fallocate};
    if bytes == 0 {
        return Ok(());
    }
    let length = i64::try_from(bytes).map_err(|_| io::ErrorKind::FileTooLarge)?;
    match fallocate(part, FallocateFlags::FALLOC_FL_KEEP_SIZE, 0, length) {
        Ok(()) | Err(Errno::EOPNOTSUPP | Errno::ENOSYS) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Nothing is reserved here.
///
/// # Errors
/// None.
#[cfg(not(target_os = "linux"))]
pub fn reserve(_part: &File, _bytes: u64) -> io::Result<()> {
    Ok(())
}

/// The space that a program without privileges may still use there; `None` if the system
/// does not report it. Unit: bytes.
#[cfg(unix)]
#[must_use]
#[allow(clippy::useless_conversion, reason = "macOS counts blocks in 32 bits")]
pub fn free(folder: &Path) -> Option<u64> {
    let told = nix::sys::statvfs::statvfs(folder).ok()?;
    Some(u64::from(told.blocks_available()).saturating_mul(told.fragment_size()))
}

/// The space that a program without privileges may still use there; `None` if the system
/// does not report it. Unit: bytes.
#[cfg(windows)]
#[must_use]
pub fn free(folder: &Path) -> Option<u64> {
    fs4::available_space(folder).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_free_space_is_known_on_each_system() {
        let folder = tempfile::tempdir().unwrap();
        assert!(free(folder.path()).is_some_and(|bytes| bytes > 0));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn reserved_space_is_allocated_without_changing_the_file_length() {
        use std::os::unix::fs::MetadataExt as _;
        let part = tempfile::tempfile().unwrap();
        reserve(&part, 1_000_000).unwrap();
        let told = part.metadata().unwrap();
        assert_eq!(told.len(), 0);
        let blocks = told.blocks() * 512;
        assert!(blocks == 0 || blocks >= 1_000_000); // 0: it cannot reserve.
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_reservation_beyond_the_free_space_fails() {
        let folder = tempfile::tempdir().unwrap();
        let free = free(folder.path()).unwrap();
        let part = File::create(folder.path().join("part")).unwrap();
        let refused = reserve(&part, free.saturating_mul(4)).unwrap_err();
        let kind = refused.kind();
        assert!(
            matches!(
                kind,
                io::ErrorKind::StorageFull | io::ErrorKind::FileTooLarge
            ),
            "{refused}"
        );
    }
}
