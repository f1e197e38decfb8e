//! Reads passwords from files.
//!
//! A password is never on the command line, where every program of the computer could
//! read it. A file that others may read is used, with a warning.

use crate::room::login::{LONGEST_PASSWORD, Password};
use crate::system::files;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// Reads the first line of a file as a password; nothing but empty lines may follow.
///
/// # Errors
/// A sentence with advice: the file cannot be read, or contains no password.
pub fn read_file(path: &Path) -> Result<Password, String> {
    let shown = path.display();
    let text = read(path).map_err(|error| {
        format!(
            "cannot read the password in {shown}: {error}. Write the password into this \
             file, on one line."
        )
    })?;
    let line = text.trim_end_matches(['\r', '\n']);
    Password::new(line).map_err(|error| {
        format!(
            "cannot use the password in {shown}: {error}. Write a password into \
                 this file, on one line."
        )
    })
}

fn read(path: &Path) -> io::Result<String> {
    let file = File::open(path)?;
    warn_of_readers(path, &file);
    let mut text = String::new();
    // One byte more than allowed, so that a longer password is recognized.
    let most = u64::try_from(LONGEST_PASSWORD + 3).unwrap_or(u64::MAX);
    file.take(most).read_to_string(&mut text)?;
    Ok(text)
}

fn warn_of_readers(path: &Path, file: &File) {
    if let Some(command) = files::command_against_readers(path, file) {
        log::warn!(
            "other users of this computer can read the password. Protect it \
             with: {command}"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_ending_is_not_part_of_the_password() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("password");
        let with = |text: &str| {
            std::fs::write(&path, text).unwrap();
            read_file(&path)
        };
        let expected = Password::new(" open sesame ").unwrap();
        for text in [" open sesame ", " open sesame \n", " open sesame \r\n\n"] {
            assert_eq!(with(text), Ok(expected.clone()));
        }
        for text in ["", "\n", "two\nlines\n", &"x".repeat(5_000)] {
            let told = with(text).unwrap_err();
            assert!(told.ends_with("on one line."), "{told}");
        }
        assert!(read_file(&folder.path().join("none")).is_err());
    }
}
