//! A moment at which a run can be stopped, and what the sender knows then.

use super::action::Action;
use super::occasion::Occasion;
use crate::reliable::event::{FlowControlState, Trigger};
use crate::wire::options::Arq;

/// A moment for a question.
#[derive(Debug, Clone)]
pub(super) struct Stop {
    /// The number of entries that have happened.
    pub(super) index: usize,
    pub(super) occasion: Occasion,
    pub(super) view: View,
    /// The reaction of the sender.
    pub(super) answer: Action,
    pub(super) reason: String,
}

/// The knowledge of the sender at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct View {
    pub(super) arq: Arq,
    /// Unit: packets.
    pub(super) window: u32,
    /// The number of segments of the file.
    pub(super) segments: u32,
    /// The oldest segment that is not acknowledged.
    pub(super) base: u32,
    /// The next segment to send, except for single retransmissions.
    pub(super) next: u32,
    /// The first segment that was never sent.
    pub(super) highest: u32,
    /// The number of segments by which the current ACK has moved `base`.
    pub(super) moved: u32,
    pub(super) flow_control: FlowControlState,
}

/// A transmission that the sender declares lost.
#[derive(Debug, Clone, Copy)]
pub(super) struct Loss {
    pub(super) number: u32,
    pub(super) attempt: u8,
    pub(super) trigger: Trigger,
}
