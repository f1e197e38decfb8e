//! One transfer in the laboratory: the run of a class exercise or of a class question.

use crate::wire::options::{Arq, Congestion};
use serde::{Deserialize, Serialize};

/// One transfer to run in the laboratory, in virtual time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assignment {
    /// The scenario of the link: `seed=7;loss=10%`.
    pub link: String,
    /// The protocol.
    pub arq: Arq,
    /// The window, in packets.
    pub window: u32,
    /// The congestion controller.
    pub congestion: Congestion,
    /// File bytes per DATA packet.
    pub segment_bytes: u16,
    /// The file's size. Unit: bytes.
    pub size: u64,
}

#[cfg(test)]
impl Assignment {
    /// Seventy segments by go-back-N over this link.
    pub(crate) fn example(link: &str) -> Self {
        Self {
            link: link.to_owned(),
            arq: Arq::GoBackN,
            window: 16,
            congestion: Congestion::Fixed,
            segment_bytes: 1_436,
            size: 100_000,
        }
    }
}
