//! One transfer in the laboratory: the run of a class exercise or of a class question.

use crate::wire::options::{Arq, Congestion};
use serde::{Deserialize, Serialize};

/// One transfer to be run in the laboratory, in virtual time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assignment {
    /// The scenario of the link: `seed=7;loss=10%`.
    pub link: String,
    /// The protocol.
    pub arq: Arq,
    /// Most packets in flight.
    pub window: u32,
    /// The congestion controller.
    pub congestion: Congestion,
    /// File bytes per DATA packet.
    pub segment_bytes: u16,
    /// The file's size. Unit: bytes.
    pub size: u64,
}
