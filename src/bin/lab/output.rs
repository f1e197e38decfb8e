//! Reads and writes a command's files, whole or not at all, with errors that name the file.

use sash::lab::journal::Journal;
use sash::system::files;
use std::fs::File;
use std::io::{self, BufReader, Write};
use std::path::Path;

/// Writes a file under a temporary name, and renames it when it is complete.
///
/// # Errors
/// The system's error, with the name of the file.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    write_beside(path, bytes).map_err(|error| {
        let place = path.display();
        // Not passed on as it is: a broken pipe would count as success.
        io::Error::other(format!("cannot write {place}: {error}"))
    })
}

fn write_beside(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if path.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        Some(_) | None => Path::new("."),
    };
    let mut part = temporary(folder)?;
    part.write_all(bytes)?;
    part.as_file().sync_all()?;
    part.persist(path)?;
    Ok(())
}

/// A temporary file with the usual permissions, so that others may read it.
pub(crate) fn temporary(folder: &Path) -> io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".lab-");
    files::readable_by_all(&mut builder);
    builder.tempfile_in(folder)
}

/// Reads an event log; warns if its last line is incomplete.
///
/// # Errors
/// The error of the system or of the event log, with the name of the file.
pub(crate) fn read_journal(path: &Path) -> io::Result<Journal> {
    let place = path.display();
    let failed = |why: &dyn std::fmt::Display| {
        io::Error::other(format!("cannot read {place}: {why}"))
    };
    let file = File::open(path).map_err(|error| failed(&error))?;
    let journal = Journal::read(BufReader::new(file)).map_err(|error| failed(&error))?;
    if journal.is_cut {
        let _ = writeln!(
            io::stderr(),
            "lab: the last line of {place} is incomplete and left out"
        );
    }
    if journal.unknown > 0 {
        let unknown = journal.unknown;
        let _ = writeln!(
            io::stderr(),
            "lab: {place} has {unknown} events that this program does not know: a newer \
             version wrote it"
        );
    }
    Ok(journal)
}
