//! The SHA-256 of a file that somebody may be changing.
//!
//! Source: FIPS 180-4.

use crate::wire::digest::Digest;
use sha2::{Digest as _, Sha256};
use std::fs::{File, Metadata};
use std::io::{self, ErrorKind, Read};

/// Read at once. Unit: bytes.
const BLOCK_BYTES: usize = 64 * 1024;

/// Reads the file to its end, and looks whether it is still the same then. `is_wanted` is
/// asked now and then.
///
/// # Errors
/// Those of the system; `Interrupted` where nobody wants it any more; a sentence where the
/// file has changed meanwhile.
pub fn digest(file: &mut File, is_wanted: impl Fn() -> bool) -> io::Result<Digest> {
    let before = file.metadata()?;
    let mut sha256 = Sha256::new();
    let mut block = vec![0; BLOCK_BYTES];
    loop {
        if !is_wanted() {
            return Err(ErrorKind::Interrupted.into());
        }
        match file.read(&mut block) {
            Ok(0) => break,
            Ok(count) => sha256.update(&block[..count]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    if !is_same(&before, &file.metadata()?) {
        return Err(io::Error::other("the file changed while it was read"));
    }
    Ok(Digest(sha256.finalize().into()))
}

fn is_same(before: &Metadata, after: &Metadata) -> bool {
    before.len() == after.len() && before.modified().ok() == after.modified().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;
    use std::io::Write;

    #[test]
    fn a_file_that_changes_while_it_is_read_has_no_digest() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        std::fs::write(&path, "short").unwrap();
        let mut file = File::open(&path).unwrap();
        assert!(digest(&mut file, || true).is_ok());
        let mut file = File::open(&path).unwrap();
        let rounds = Cell::new(0);
        let disturb = || {
            if rounds.replace(rounds.get() + 1) == 1 {
                let mut other = File::options().append(true).open(&path).unwrap();
                other.write_all(b"er").unwrap();
            }
            true
        };
        let error = digest(&mut file, disturb).unwrap_err();
        assert_eq!(error.to_string(), "the file changed while it was read");
    }

    #[test]
    fn an_abandoned_hash_computation_is_interrupted() {
        let mut file = tempfile::tempfile().unwrap();
        let error = digest(&mut file, || false).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Interrupted);
    }
}
