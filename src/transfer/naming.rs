//! Gives a complete part its final name, even if a file of that name exists
//! ([`overwrite`](super::overwrite)).

use super::overwrite::{MOST_COPIES, Overwrite, numbered};
use super::part::Destination;
use crate::system::files;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Gives the complete and verified part its final name.
///
/// # Errors
/// `AlreadyExists` if the existing file must not be changed, and those of the system.
pub(super) fn name_part(part: &Path, destination: &Destination) -> io::Result<PathBuf> {
    let Destination { folder, name, .. } = destination;
    match destination.overwrite {
        Overwrite::Keep => keep(part, destination),
        Overwrite::Replace => {
            let path = folder.join(name);
            retry_while_held(|| std::fs::rename(part, &path), files::is_held)?;
            Ok(path)
        }
        Overwrite::Skip | Overwrite::Fail => {
            let path = folder.join(name);
            retry_while_held(|| rename_where_free(part, &path), files::is_held)?;
            Ok(path)
        }
    }
}

fn keep(part: &Path, destination: &Destination) -> io::Result<PathBuf> {
    for copy in 1..=MOST_COPIES {
        let path = destination.folder.join(numbered(&destination.name, copy));
        match retry_while_held(|| rename_where_free(part, &path), files::is_held) {
            Ok(()) => return Ok(path),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

/// A virus scanner reads a file as soon as it is written, and Windows does not rename an
/// open file. After this many pauses the scanner has finished, or another program has
/// opened the file.
const MOST_PAUSES: u32 = 40;

/// All pauses together last 2 s.
const PAUSE: Duration = Duration::from_millis(50);

/// Tries again as long as another program has opened the file.
fn retry_while_held<T>(
    mut rename: impl FnMut() -> io::Result<T>,
    is_held: impl Fn(&io::Error) -> bool,
) -> io::Result<T> {
    for _ in 0..MOST_PAUSES {
        match rename() {
            Err(error) if is_held(&error) => {
                let _ = crossbeam_channel::after(PAUSE).recv();
            }
            done => return done,
        }
    }
    rename()
}

/// Renames in one step, and never to the name of an existing file.
fn rename_where_free(from: &Path, to: &Path) -> io::Result<()> {
    let part = tempfile::TempPath::try_from_path(from)?;
    match part.persist_noclobber(to) {
        Ok(()) => Ok(()),
        Err(refused) => {
            refused.path.keep().map_err(|refused| refused.error)?;
            Err(refused.error)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    /// The final name of a complete part if `notes.txt` exists, and what is in it.
    fn named(overwrite: Overwrite) -> (io::Result<String>, String) {
        let folder = tempfile::tempdir().unwrap();
        let old = folder.path().join("notes.txt");
        fs::write(&old, "old").unwrap();
        let part = folder.path().join("notes.txt.part");
        fs::write(&part, "new").unwrap();
        let destination = Destination {
            folder: folder.path().to_owned(),
            name: "notes.txt".to_owned(),
            workshop: None,
            overwrite,
        };
        let path = name_part(&part, &destination);
        assert_eq!(part.exists(), path.is_err());
        let name =
            path.map(|path| path.file_name().unwrap().to_str().unwrap().to_owned());
        (name, fs::read_to_string(old).unwrap())
    }

    #[test]
    fn an_existing_file_is_kept_or_replaced_as_configured() {
        let (name, old) = named(Overwrite::Keep);
        assert_eq!((name.unwrap().as_str(), &*old), ("notes (2).txt", "old"));
        let (name, old) = named(Overwrite::Replace);
        assert_eq!((name.unwrap().as_str(), &*old), ("notes.txt", "new"));
    }

    #[test]
    fn a_file_that_appeared_during_the_download_is_not_overwritten() {
        for overwrite in [Overwrite::Skip, Overwrite::Fail] {
            let (name, old) = named(overwrite);
            assert_eq!(name.unwrap_err().kind(), io::ErrorKind::AlreadyExists);
            assert_eq!(old, "old");
        }
    }

    #[test]
    fn a_file_that_is_held_is_renamed_once_it_is_free_and_not_tried_for_ever() {
        let held = || io::Error::from_raw_os_error(32);
        let is_held = |error: &io::Error| error.raw_os_error() == Some(32);
        let mut tries = 0;
        let mut rename = |free_after| {
            tries = 0;
            let rename = || {
                tries += 1;
                if tries > free_after {
                    Ok(())
                } else {
                    Err(held())
                }
            };
            let renamed = retry_while_held(rename, is_held).is_ok();
            (renamed, tries)
        };
        assert_eq!(rename(0), (true, 1));
        assert_eq!(rename(3), (true, 4));
        assert_eq!(rename(u32::MAX), (false, MOST_PAUSES + 1));
        let other =
            retry_while_held(|| Err::<(), _>(io::ErrorKind::NotFound.into()), is_held);
        assert_eq!(other.unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
