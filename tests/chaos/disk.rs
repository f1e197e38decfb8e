//! A disk that is too small: a file system of a few MiB in memory if we may mount one, otherwise
//! a limit on the size of files.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A folder on a small disk. Dropping it unmounts the disk.
#[derive(Debug)]
pub(crate) struct SmallDisk {
    folder: PathBuf,
}

/// Less than the big file. Unit: KiB.
const SMALL_KIB: u32 = 1_500;

/// Enough for every file. Unit: KiB.
const LARGE_KIB: u32 = 256 * 1024;

impl SmallDisk {
    /// Mounts one over this folder if we may.
    pub(crate) fn mount(folder: &Path) -> Option<Self> {
        let size = format!("size={SMALL_KIB}k");
        mount(["-t", "tmpfs", "-o", &size, "sash-chaos"], folder).then(|| Self {
            folder: folder.to_owned(),
        })
    }

    /// Makes the disk large enough.
    pub(crate) fn enlarge(&self) -> bool {
        let size = format!("remount,size={LARGE_KIB}k");
        mount(["-o", &size], &self.folder)
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        if !quietly(Command::new("umount").arg(&self.folder)) {
            log::warn!("{} is still mounted", self.folder.display());
        }
    }
}

fn mount<const N: usize>(arguments: [&str; N], folder: &Path) -> bool {
    quietly(Command::new("mount").args(arguments).arg(folder))
}

fn quietly(command: &mut Command) -> bool {
    let command = command.stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// A program whose files are limited to a small size: a longer write fails as on a full disk.
pub(crate) fn limited(program: impl AsRef<OsStr>) -> Command {
    // Blocks of 512 bytes; the signal is ignored, so that a write fails instead.
    let script = format!(
        "trap '' XFSZ; ulimit -f {}; exec \"$0\" \"$@\"",
        2 * SMALL_KIB
    );
    let mut command = Command::new("sh");
    command.arg("-c").arg(script).arg(program);
    command
}
