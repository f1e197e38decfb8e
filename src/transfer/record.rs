//! The record beside a part: it describes the file and version that the part belongs to.
//!
//! ```text
//! notes.pdf.part        a growing prefix of the file
//! notes.pdf.part.json   {"file":"notes.pdf","size":1048576,"modified":1760000000000}
//! ```
//!
//! It is written in one step before the part's first byte, and contains nothing that
//! changes while the part grows: the length of the part shows how much has arrived.
//! Therefore the program can be killed at any moment.

use super::ordinary::{self, Use};
use crate::wire::version::FileVersion;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// The file of which a part is the beginning.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The file's name, in the server's words.
    pub file: String,
    /// Its version.
    #[serde(flatten)]
    pub version: FileVersion,
    /// For an upload: the name of the user who owns the part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
}

/// A record is much shorter; a longer file was not written by Sash. Unit: bytes.
const LONGEST_RECORD_BYTES: u64 = 16 * 1024;

impl Record {
    /// The path of the record of this part.
    pub(super) fn path(part: &Path) -> PathBuf {
        let mut path = part.as_os_str().to_owned();
        path.push(".json");
        path.into()
    }

    /// Reads the record of this part.
    ///
    /// # Errors
    /// If there is no record, or an unusable one.
    pub fn read(part: &Path) -> Result<Self, RecordError> {
        let path = Self::path(part);
        let file = ordinary::open(&path, Use::Read)?;
        let mut text = Vec::new();
        file.take(LONGEST_RECORD_BYTES + 1).read_to_end(&mut text)?;
        if text.len() as u64 > LONGEST_RECORD_BYTES {
            return Err(RecordError::TooLong);
        }
        serde_json::from_slice(&text).map_err(RecordError::Damaged)
    }

    /// Writes it beside this part, in one step.
    pub(super) fn write(&self, part: &Path) -> io::Result<()> {
        let path = Self::path(part);
        let folder = path.parent().unwrap_or(Path::new("."));
        let mut file = tempfile::Builder::new()
            .prefix(".sash")
            .tempfile_in(folder)?;
        serde_json::to_writer(&mut file, self)?;
        file.flush()?;
        file.persist(path)?;
        Ok(())
    }

    /// Deletes it, if it exists.
    pub(super) fn remove(part: &Path) {
        // A record without a part is never read.
        let _ = fs::remove_file(Self::path(part));
    }
}

/// The reason why there is no usable record.
#[derive(Debug)]
pub enum RecordError {
    /// It does not exist, or cannot be read.
    Unreadable(io::Error),
    /// It is longer than any record of Sash.
    TooLong,
    /// It is not a record of Sash.
    Damaged(serde_json::Error),
}

impl From<io::Error> for RecordError {
    fn from(error: io::Error) -> Self {
        Self::Unreadable(error)
    }
}

impl fmt::Display for RecordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(error) => write!(f, "cannot read its record: {error}"),
            Self::TooLong => {
                write!(f, "its record is longer than {LONGEST_RECORD_BYTES} bytes")
            }
            Self::Damaged(error) => write!(f, "its record is damaged: {error}"),
        }
    }
}

impl std::error::Error for RecordError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Unreadable(error) => Some(error),
            Self::TooLong => None,
            Self::Damaged(error) => Some(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::digest::Digest;

    fn record() -> Record {
        Record {
            file: "שלום.txt".to_owned(),
            version: FileVersion {
                size: 5,
                modified: Some(7),
                digest: Some(Digest([9; 32])),
            },
            owner: Some("dana".to_owned()),
        }
    }

    #[test]
    fn a_record_is_read_back_as_it_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let part = folder.path().join("a.part");
        record().write(&part).unwrap();
        assert_eq!(Record::read(&part).unwrap(), record());
        Record::remove(&part);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_missing_a_damaged_and_an_oversized_record_have_different_errors() {
        let folder = tempfile::tempdir().unwrap();
        let part = folder.path().join("a.part");
        let error = || Record::read(&part).unwrap_err().to_string();
        assert!(
            error().starts_with("cannot read its record: "),
            "{}",
            error()
        );
        for damaged in ["", "{", "7", r#"{"file":"a"}"#, r#"{"file":"a","size":-1}"#] {
            fs::write(Record::path(&part), damaged).unwrap();
            assert!(
                error().starts_with("its record is damaged: "),
                "{}",
                error()
            );
        }
        fs::write(Record::path(&part), "x".repeat(20_000)).unwrap();
        assert_eq!(error(), "its record is longer than 16384 bytes");
    }
}
