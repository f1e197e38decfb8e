//! The upload limits, and the part of them that is used.
//!
//! ```text
//! asked for --check--> opened --check, take--> running --verified-->  taken for good
//!                                                   \--anything else--> given back
//! ```
//!
//! A request alone counts nothing. A running upload counts with its whole size from the
//! handshake on, and the partial files of interrupted uploads count as long as they are
//! kept, so all uploads together cannot exceed the limit. No user has more than half of
//! the limit in several running uploads, and nobody leaves more than a certain number of
//! files. The count of finished uploads restarts with the server.

use crate::wire::message::Code;
use std::collections::HashMap;

/// The upload limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UploadLimits {
    /// The largest file. Unit: bytes.
    pub file_bytes: u64,
    /// All files together while the server runs. Unit: bytes.
    pub total_bytes: u64,
}

impl UploadLimits {
    /// The default: 1 GiB per file, 10 GiB in all.
    pub const DEFAULT: Self = Self {
        file_bytes: 1 << 30,
        total_bytes: 10 << 30,
    };
}

/// The limits, and what is used.
#[derive(Debug, Clone)]
pub(super) struct Allowance {
    /// `None`: no uploads at all.
    limits: Option<UploadLimits>,
    /// Uploaded, or being uploaded. Unit: bytes.
    taken_bytes: u64,
    by_user: HashMap<String, Taken>,
}

/// The share of one user.
#[derive(Debug, Clone, Copy, Default)]
struct Taken {
    /// Unit: bytes.
    on_its_way: u64,
    files: usize,
}

/// The limit of files of one user while the server runs, finished or running.
const FILES_PER_USER: usize = 256;

/// The limit of files of all users together.
const MOST_FILES: usize = 8_192;

/// The size of an empty file for the limits. Unit: bytes.
const SMALLEST: u64 = 1;

impl Allowance {
    pub(super) fn new(limits: Option<UploadLimits>) -> Self {
        Self {
            limits,
            taken_bytes: 0,
            by_user: HashMap::new(),
        }
    }

    /// Whether a file of this size is within the limits, beside this much in the partial
    /// files of interrupted uploads.
    pub(super) fn check(
        &self,
        user: &str,
        size: u64,
        kept_bytes: u64,
    ) -> Result<(), (Code, String)> {
        let Some(limits) = self.limits else {
            return Err(refused("This server does not accept uploads.".to_owned()));
        };
        let UploadLimits {
            file_bytes,
            total_bytes,
        } = limits;
        if size > file_bytes {
            return Err(refused(format!(
                "The file has {size} bytes, but this server accepts at most \
                 {file_bytes}."
            )));
        }
        let taken = self.taken_bytes.saturating_add(kept_bytes);
        let left = total_bytes.saturating_sub(taken);
        if size.max(SMALLEST) > left {
            return Err(refused(format!(
                "The file has {size} bytes, but this server accepts only {left} more in \
                 all. Ask the person who runs the server."
            )));
        }
        let Taken { on_its_way, files } = self.taken_by(user);
        if on_its_way > 0 && on_its_way.saturating_add(size) > total_bytes / 2 {
            return Err(refused(format!(
                "You are already uploading {on_its_way} bytes, and the server reserves \
                 half of its space for others. Wait until one of your uploads ends."
            )));
        }
        let all: usize = self.by_user.values().map(|taken| taken.files).sum();
        if files >= FILES_PER_USER || all >= MOST_FILES {
            return Err(refused(format!(
                "This server accepts {FILES_PER_USER} files from one user and \
                 {MOST_FILES} in all. Put the files into one archive, or ask the person \
                 who runs the server."
            )));
        }
        Ok(())
    }

    fn taken_by(&self, user: &str) -> Taken {
        self.by_user.get(user).copied().unwrap_or_default()
    }

    /// An upload of this size has begun.
    pub(super) fn take(&mut self, user: &str, size: u64) {
        let size = size.max(SMALLEST);
        self.taken_bytes = self.taken_bytes.saturating_add(size);
        let taken = self.by_user.entry(user.to_owned()).or_default();
        taken.on_its_way = taken.on_its_way.saturating_add(size);
        taken.files += 1;
    }

    /// The upload is complete.
    pub(super) fn keep(&mut self, user: &str, size: u64) {
        if let Some(taken) = self.by_user.get_mut(user) {
            taken.on_its_way = taken.on_its_way.saturating_sub(size.max(SMALLEST));
        }
    }

    /// The upload has left no file and no part.
    pub(super) fn give_back(&mut self, user: &str, size: u64) {
        self.keep(user, size);
        self.taken_bytes = self.taken_bytes.saturating_sub(size.max(SMALLEST));
        if let Some(taken) = self.by_user.get_mut(user) {
            taken.files = taken.files.saturating_sub(1);
        }
        self.by_user.retain(|_, taken| taken.files > 0);
    }
}

const fn refused(sentence: String) -> (Code, String) {
    (Code::UploadRefused, sentence)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: UploadLimits = UploadLimits {
        file_bytes: 10,
        total_bytes: 25,
    };

    #[test]
    fn each_upload_and_all_uploads_together_have_a_size_limit() {
        let mut allowance = Allowance::new(Some(LIMITS));
        assert!(allowance.check("dana", 11, 0).is_err());
        for user in ["dana", "guy"] {
            assert_eq!(allowance.check(user, 10, 5), Ok(()));
            allowance.take(user, 10);
        }
        let (code, sentence) = allowance.check("tal", 3, 3).unwrap_err();
        assert_eq!(code, Code::UploadRefused);
        assert!(
            sentence.contains("accepts only 2 more in all"),
            "{sentence}"
        );
        allowance.give_back("guy", 10);
        assert_eq!(allowance.check("guy", 10, 5), Ok(()));
        assert!(allowance.check("guy", 10, 6).is_err());
    }

    #[test]
    fn the_unfinished_uploads_of_one_user_use_at_most_half_of_the_total_space() {
        let mut allowance = Allowance::new(Some(LIMITS));
        allowance.take("dana", 10);
        assert!(allowance.check("dana", 3, 0).is_err());
        assert_eq!(allowance.check("dana", 2, 0), Ok(()));
        assert_eq!(allowance.check("guy", 10, 0), Ok(()));
        allowance.keep("dana", 10);
        assert_eq!(allowance.check("dana", 10, 0), Ok(()));
    }

    #[test]
    fn the_number_of_files_per_user_is_limited_and_an_empty_file_counts() {
        let limits = UploadLimits {
            total_bytes: 1_000,
            ..LIMITS
        };
        let mut allowance = Allowance::new(Some(limits));
        let mut users = ["dana", "guy", "tal", "yuval"].map(|user| {
            let count = (0..2_000).take_while(|_| {
                let is_taken = allowance.check(user, 0, 0).is_ok();
                if is_taken {
                    allowance.take(user, 0);
                    allowance.keep(user, 0);
                }
                is_taken
            });
            count.count()
        });
        users[3] += 24;
        assert_eq!(users, [FILES_PER_USER; 4]);
    }

    #[test]
    fn a_server_without_uploads_refuses_even_an_empty_file() {
        let (_, sentence) = Allowance::new(None).check("dana", 0, 0).unwrap_err();
        assert_eq!(sentence, "This server does not accept uploads.");
    }
}
