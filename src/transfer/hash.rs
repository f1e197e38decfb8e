//! The SHA-256 of a file that may be changing.
//!
//! Source: FIPS 180-4.

use crate::wire::digest::Digest;
use sha2::{Digest as _, Sha256};
use std::fs::{File, Metadata};
use std::io::{self, ErrorKind, Read};

/// The size of a block. Unit: bytes.
const BLOCK_BYTES: usize = 64 * 1024;

/// The digest of one file, computed step by step.
#[derive(Debug)]
pub struct Hashing {
    file: File,
    before: Metadata,
    sha256: Sha256,
}

impl Hashing {
    /// Begins to read this file.
    ///
    /// # Errors
    /// Those of the system.
    pub fn new(file: File) -> io::Result<Self> {
        let before = file.metadata()?;
        let sha256 = Sha256::new();
        Ok(Self {
            file,
            before,
            sha256,
        })
    }

    /// Reads one more block; returns the digest at the end, if the file has not changed.
    ///
    /// # Errors
    /// Those of the system; a sentence if the file has changed meanwhile.
    pub fn step(&mut self) -> io::Result<Option<Digest>> {
        let mut block = vec![0; BLOCK_BYTES];
        match self.file.read(&mut block) {
            Ok(0) => {}
            Ok(count) => {
                self.sha256.update(&block[..count]);
                return Ok(None);
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => return Ok(None),
            Err(error) => return Err(error),
        }
        if !is_same(&self.before, &self.file.metadata()?) {
            return Err(io::Error::other("the file changed while it was read"));
        }
        Ok(Some(Digest(self.sha256.clone().finalize().into())))
    }

    /// The file that is read.
    #[must_use]
    pub const fn file(&self) -> &File {
        &self.file
    }
}

/// Reads the whole file, and checks at the end whether it has changed. It calls
/// `is_wanted` from time to time.
///
/// # Errors
/// As [`Hashing::step`]; `Interrupted` if the digest is no longer wanted.
pub fn digest(file: File, is_wanted: impl Fn() -> bool) -> io::Result<Digest> {
    let mut hashing = Hashing::new(file)?;
    loop {
        if !is_wanted() {
            return Err(ErrorKind::Interrupted.into());
        }
        if let Some(digest) = hashing.step()? {
            return Ok(digest);
        }
    }
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
        let open = || File::open(&path).unwrap();
        assert!(digest(open(), || true).is_ok());
        let rounds = Cell::new(0);
        let disturb = || {
            if rounds.replace(rounds.get() + 1) == 1 {
                let mut other = File::options().append(true).open(&path).unwrap();
                other.write_all(b"er").unwrap();
            }
            true
        };
        let error = digest(open(), disturb).unwrap_err();
        assert_eq!(error.to_string(), "the file changed while it was read");
    }

    #[test]
    fn an_abandoned_hash_computation_is_interrupted() {
        let file = tempfile::tempfile().unwrap();
        let error = digest(file, || false).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Interrupted);
    }
}
