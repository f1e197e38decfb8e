//! The version of a file, which decides whether an interrupted download may resume.
//!
//! A name is not enough: the file may have changed since. Its SHA-256 is certain, but the
//! server needs time to compute it; until then size and time of change are compared, and
//! the SHA-256 in FIN decides at the end.
//!
//! ```
//! use sash::wire::version::{FileVersion, Prefix};
//! let before = FileVersion { size: 5_000, modified: Some(17), digest: None };
//! let asked = Prefix { offset: 1_000, version: before };
//! assert_eq!(asked.granted(&before), 1_000);
//! let after = FileVersion { modified: Some(18), ..before };
//! assert_eq!(asked.granted(&after), 0); // It changed: everything is sent again.
//! ```
//!
//! Source: RFC 9110 §8.8 (validators), §13.1.5 (`If-Range`).

use super::digest::Digest;
use serde::{Deserialize, Serialize};

/// The identity of a version of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileVersion {
    /// Unit: bytes.
    pub size: u64,
    /// The time of its last change, by the clock of the computer that offers it. Unit:
    /// milliseconds since 1970-01-01 UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub modified: Option<u64>,
    /// Its SHA-256, if it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
}

/// The beginning of a file that a receiver already has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prefix {
    /// Its length. Unit: bytes.
    pub offset: u64,
    /// The version of the file.
    #[serde(flatten)]
    pub version: FileVersion,
}

impl FileVersion {
    /// Whether both are the same version, as far as is known. Unknown values are not
    /// compared.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        if self.size != other.size {
            return false;
        }
        match (self.digest, other.digest) {
            (Some(one), Some(another)) => one == another,
            (Some(_) | None, None) | (None, Some(_)) => {
                self.modified.is_some() && self.modified == other.modified
            }
        }
    }
}

impl Prefix {
    /// The offset from which the rest of `current` must be sent.
    #[must_use]
    pub fn granted(&self, current: &FileVersion) -> u64 {
        let is_of_it = self.version.is_same(current) && self.offset <= current.size;
        if is_of_it { self.offset } else { 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PREFIX: Prefix = Prefix {
        offset: 10,
        version: FileVersion {
            size: 100,
            modified: Some(7),
            digest: Some(Digest([1; 32])),
        },
    };

    #[test]
    fn known_digests_decide_on_a_resume_and_otherwise_the_modification_time_does() {
        let touched = FileVersion {
            modified: Some(8),
            ..PREFIX.version
        };
        assert_eq!(PREFIX.granted(&touched), 10);
        let unhashed = FileVersion {
            digest: None,
            ..PREFIX.version
        };
        assert_eq!(PREFIX.granted(&unhashed), 10);
        let other_content = FileVersion {
            digest: Some(Digest([2; 32])),
            ..PREFIX.version
        };
        assert_eq!(PREFIX.granted(&other_content), 0);
        let touched_and_unhashed = FileVersion {
            digest: None,
            ..touched
        };
        assert_eq!(PREFIX.granted(&touched_and_unhashed), 0);
    }

    #[test]
    fn an_unknown_or_too_long_prefix_is_not_resumed() {
        let nothing_known = FileVersion {
            size: 100,
            modified: None,
            digest: None,
        };
        let prefix = Prefix {
            offset: 10,
            version: nothing_known,
        };
        assert_eq!(prefix.granted(&nothing_known), 0);
        let longer = FileVersion {
            size: 101,
            ..PREFIX.version
        };
        assert_eq!(PREFIX.granted(&longer), 0);
        let beyond = Prefix {
            offset: 101,
            ..PREFIX
        };
        assert_eq!(beyond.granted(&PREFIX.version), 0);
        let all_of_it = Prefix {
            offset: 100,
            ..PREFIX
        };
        assert_eq!(all_of_it.granted(&PREFIX.version), 100);
    }
}
