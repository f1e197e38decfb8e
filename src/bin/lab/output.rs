//! Files that a command reads and writes: whole or not at all, and who failed where.

use sash::lab::journal::Journal;
use sash::system::files;
use std::fs::File;
use std::io::{self, BufReader, Write};
use std::path::Path;

/// Writes a file that has its name only once it is whole.
///
/// # Errors
/// What the system says, and of which file.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    write_beside(path, bytes).map_err(|error| {
        let place = path.display();
        // Never a broken pipe: that is a reader's, and no failure.
        io::Error::other(format!("{place} cannot be written: {error}"))
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

/// A file that others may read, too, as one that any program makes.
fn temporary(folder: &Path) -> io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".lab-");
    files::readable_by_all(&mut builder);
    builder.tempfile_in(folder)
}

/// Reads a journal; one that is cut goes on with a warning.
///
/// # Errors
/// What the system or the journal says, and of which file.
pub(crate) fn read_journal(path: &Path) -> io::Result<Journal> {
    let place = path.display();
    let failed = |why: &dyn std::fmt::Display| {
        io::Error::other(format!("{place} cannot be read: {why}"))
    };
    let file = File::open(path).map_err(|error| failed(&error))?;
    let journal = Journal::read(BufReader::new(file)).map_err(|error| failed(&error))?;
    if journal.is_cut {
        let _ = writeln!(
            io::stderr(),
            "lab: {place} is cut in its last line: what stands before it is shown"
        );
    }
    if journal.unknown > 0 {
        let unknown = journal.unknown;
        let _ = writeln!(
            io::stderr(),
            "lab: {place} has {unknown} events that this program does not know: it is of a \
             later one"
        );
    }
    Ok(journal)
}
