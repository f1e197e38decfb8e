//! Files that are written whole or not at all.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

/// Writes a file under a name of its own beside `path`, and only then gives it the name.
///
/// # Errors
/// In a sentence that names the file; what was there before is still there.
pub(crate) fn write_whole(path: &Path, contents: &str) -> io::Result<()> {
    let write = || {
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            Some(_) | None => Path::new("."),
        };
        let mut builder = tempfile::Builder::new();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            // As any other new file: what the user's mask leaves of it.
            builder.permissions(fs::Permissions::from_mode(0o666));
        }
        let mut part = builder.prefix(".lab-").tempfile_in(folder)?;
        part.write_all(contents.as_bytes())?;
        part.as_file().sync_all()?;
        part.persist(path).map_err(|error| error.error)?;
        Ok(())
    };
    write().map_err(|error: io::Error| {
        let path = path.display();
        io::Error::other(format!("{path} cannot be written: {error}"))
    })
}
