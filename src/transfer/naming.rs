//! Gives a part that is whole its final name, beside what has that name already
//! ([`overwrite`](super::overwrite)).

use super::overwrite::{MOST_COPIES, Overwrite, numbered};
use super::part::Destination;
use std::io;
use std::path::{Path, PathBuf};

/// Gives the whole and verified part its final name.
///
/// # Errors
/// `AlreadyExists` where no existing file may be touched, and what the system says.
pub(super) fn name_part(part: &Path, destination: &Destination) -> io::Result<PathBuf> {
    let Destination { folder, name, .. } = destination;
    match destination.overwrite {
        Overwrite::Keep => keep(part, destination),
        Overwrite::Replace => {
            let path = folder.join(name);
            std::fs::rename(part, &path)?;
            Ok(path)
        }
        Overwrite::Skip | Overwrite::Fail => {
            let path = folder.join(name);
            rename_where_free(part, &path)?;
            Ok(path)
        }
    }
}

fn keep(part: &Path, destination: &Destination) -> io::Result<PathBuf> {
    for copy in 1..=MOST_COPIES {
        let path = destination.folder.join(numbered(&destination.name, copy));
        match rename_where_free(part, &path) {
            Ok(()) => return Ok(path),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
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

    /// What a whole part becomes where `notes.txt` is there already, and what is in it.
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
    fn an_existing_file_is_kept_or_replaced_as_asked() {
        let (name, old) = named(Overwrite::Keep);
        assert_eq!((name.unwrap().as_str(), &*old), ("notes (2).txt", "old"));
        let (name, old) = named(Overwrite::Replace);
        assert_eq!((name.unwrap().as_str(), &*old), ("notes.txt", "new"));
    }

    #[test]
    fn a_file_that_came_meanwhile_is_never_touched_and_the_part_stays() {
        for overwrite in [Overwrite::Skip, Overwrite::Fail] {
            let (name, old) = named(overwrite);
            assert_eq!(name.unwrap_err().kind(), io::ErrorKind::AlreadyExists);
            assert_eq!(old, "old");
        }
    }
}
