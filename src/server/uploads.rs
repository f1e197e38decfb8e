//! How much clients may upload, and how much of that is taken.
//!
//! ```text
//! asked for --check, take--> on its way --verified--> taken for good
//!                                \--anything else--> given back
//! ```
//!
//! What is on its way counts as if it were there already, and what broken-off uploads have
//! left as long as it is kept; so no crowd of uploads together gets past the limit. The
//! count of what is whole begins anew with the server.

use crate::wire::message::Code;

/// How much clients may upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UploadLimits {
    /// Largest file. Unit: bytes.
    pub file_bytes: u64,
    /// All files together while the server runs. Unit: bytes.
    pub total_bytes: u64,
}

impl UploadLimits {
    /// Where nothing else is asked for: 1 GiB a file, 10 GiB in all.
    pub const DEFAULT: Self = Self {
        file_bytes: 1 << 30,
        total_bytes: 10 << 30,
    };
}

/// What is left of the limits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Allowance {
    /// `None`: no uploads at all.
    limits: Option<UploadLimits>,
    /// Uploaded, on its way or waiting. Unit: bytes.
    taken_bytes: u64,
}

impl Allowance {
    pub(super) const fn new(limits: Option<UploadLimits>) -> Self {
        Self {
            limits,
            taken_bytes: 0,
        }
    }

    /// Whether a file of this size is within the limits, beside so much that uploads which
    /// were broken off have left.
    pub(super) fn check(&self, size: u64, kept_bytes: u64) -> Result<(), (Code, String)> {
        let Some(limits) = self.limits else {
            return Err(refused("This server takes no files.".to_owned()));
        };
        let UploadLimits {
            file_bytes,
            total_bytes,
        } = limits;
        if size > file_bytes {
            return Err(refused(format!(
                "The file has {size} bytes, and this server takes {file_bytes} at most."
            )));
        }
        let taken = self.taken_bytes.saturating_add(kept_bytes);
        let left = total_bytes.saturating_sub(taken);
        if size > left {
            return Err(refused(format!(
                "The file has {size} bytes, and this server takes {left} more in all. \
                 Ask who runs it."
            )));
        }
        Ok(())
    }

    /// An upload of this size was accepted.
    pub(super) const fn take(&mut self, size: u64) {
        self.taken_bytes = self.taken_bytes.saturating_add(size);
    }

    /// An upload of this size has left nothing.
    pub(super) const fn give_back(&mut self, size: u64) {
        self.taken_bytes = self.taken_bytes.saturating_sub(size);
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
    fn each_file_and_all_together_have_a_limit() {
        let mut allowance = Allowance::new(Some(LIMITS));
        assert!(allowance.check(11, 0).is_err());
        for _ in 0..2 {
            assert_eq!(allowance.check(10, 5), Ok(()));
            allowance.take(10);
        }
        let (code, sentence) = allowance.check(3, 3).unwrap_err();
        assert_eq!(code, Code::UploadRefused);
        assert!(sentence.contains("takes 2 more in all"), "{sentence}");
        allowance.give_back(10);
        assert_eq!(allowance.check(10, 5), Ok(()));
        assert!(allowance.check(10, 6).is_err());
    }

    #[test]
    fn a_server_without_uploads_takes_not_even_an_empty_file() {
        let (_, sentence) = Allowance::new(None).check(0, 0).unwrap_err();
        assert_eq!(sentence, "This server takes no files.");
    }
}
