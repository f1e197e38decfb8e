//! The phases' names.

use super::Phase;

impl Phase {
    /// The phase's name in journals.
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Handshake => "opening",
            Self::Transferring { .. } => "transferring",
            Self::AwaitingDigest { .. } => "awaiting-digest",
            Self::Closing { .. } => "closing",
            Self::Ended { .. } => "ended",
        }
    }
}

impl std::fmt::Debug for Phase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}
