//! The states' names.

use super::HandshakeState;

impl HandshakeState {
    /// The state's name in journals.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Listen => "listen",
            Self::SynSent { .. } => "syn-sent",
            Self::SynReceived { .. } => "syn-received",
            Self::Open { .. } => "open",
            Self::Disagreed => "disagreed",
        }
    }
}
