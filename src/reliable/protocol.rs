//! The events for a textbook protocol, and its possible actions.
//!
//! A protocol decides which segment to send, when a timer runs, and what to acknowledge.
//! It knows neither packets nor time: the generic [`sender`](super::sender) and
//! [`receiver`](super::receiver) around it own those. The same verbs are answered by a
//! student's own program, tried out by the model checker and driven over real sockets.
//!
//! ```text
//!   sender    data from above --.                 .--> send n
//!                         ACK n --+--> protocol --+--> start timer [n]
//!                   timeout [n] --'                '--> stop timer [n]
//!
//!   receiver           DATA n --+--> protocol --+--> deliver n
//!                     corrupt --'               '--> acknowledge n
//! ```
//!
//! ```
//! use sash::reliable::go_back_n::Sender;
//! use sash::reliable::protocol::{SenderAction, SenderActions, SenderProtocol, Timer};
//! let (mut sender, mut actions) = (Sender::new(4), SenderActions::default());
//! sender.on_data_from_above(&mut actions);
//! let send = SenderAction::Send(0);
//! assert_eq!(actions.take(), [send, SenderAction::StartTimer(Timer::Only)]);
//! ```
//!
//! Source: Kurose & Ross §3.4 (`rdt_send`, `rdt_rcv`, `udt_send`, `deliver_data`).

use std::fmt;

/// Which segment of the file, from 0. It is signed because a cumulative ACK says -1
/// before the first segment has arrived.
pub type SegmentNumber = i64;

/// Which timer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Timer {
    /// The only timer of stop-and-wait and go-back-N, for the oldest segment in flight.
    Only,
    /// The timer of this segment.
    Of(SegmentNumber),
}

/// The meaning of ACK n.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Acks {
    /// All segments up to and including n have arrived.
    Cumulative,
    /// Segment n has arrived.
    Individual,
}

/// The sender of a textbook protocol.
pub trait SenderProtocol: fmt::Debug + Send {
    /// The application has one more segment to send (`rdt_send`). A sender whose window
    /// is full refuses it: it does nothing and is asked again later.
    fn on_data_from_above(&mut self, actions: &mut SenderActions);

    /// ACK `number` arrived intact. A corrupt ACK is never told.
    fn on_ack(&mut self, number: SegmentNumber, actions: &mut SenderActions);

    /// A timer that this sender started has expired.
    fn on_timeout(&mut self, timer: Timer, actions: &mut SenderActions);

    /// The content of an ACK.
    fn acks(&self) -> Acks;
}

/// The receiver of a textbook protocol.
pub trait ReceiverProtocol: fmt::Debug + Send {
    /// Segment `number` arrived intact.
    fn on_data(&mut self, number: SegmentNumber, actions: &mut ReceiverActions);

    /// A corrupt packet arrived.
    fn on_corrupt(&mut self, actions: &mut ReceiverActions);

    /// Whether segment `number`, if it arrived now, would be delivered or buffered.
    fn is_wanted(&self, number: SegmentNumber) -> bool;

    /// The content of an ACK.
    fn acks(&self) -> Acks;
}

/// One thing that a sender does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SenderAction {
    /// Put this segment on the wire, for the first time or again.
    Send(SegmentNumber),
    /// Start this timer, or restart it where it runs.
    StartTimer(Timer),
    /// Stop this timer.
    StopTimer(Timer),
}

/// One thing that a receiver does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReceiverAction {
    /// Hand this segment to the application.
    Deliver(SegmentNumber),
    /// Send this ACK.
    Acknowledge(SegmentNumber),
}

/// The actions of a sender for one event, in order.
#[derive(Debug, Default)]
pub struct SenderActions(Vec<SenderAction>);

/// The actions of a receiver for one event, in order.
#[derive(Debug, Default)]
pub struct ReceiverActions(Vec<ReceiverAction>);

impl SenderActions {
    /// Put segment `number` on the wire (`udt_send`).
    pub fn send(&mut self, number: SegmentNumber) {
        self.0.push(SenderAction::Send(number));
    }

    /// Start this timer, or restart it where it runs.
    pub fn start_timer(&mut self, timer: Timer) {
        self.0.push(SenderAction::StartTimer(timer));
    }

    /// Stop this timer.
    pub fn stop_timer(&mut self, timer: Timer) {
        self.0.push(SenderAction::StopTimer(timer));
    }

    /// Takes them out, first to last.
    pub fn take(&mut self) -> Vec<SenderAction> {
        std::mem::take(&mut self.0)
    }
}

impl ReceiverActions {
    /// Hand segment `number` to the application (`deliver_data`).
    pub fn deliver(&mut self, number: SegmentNumber) {
        self.0.push(ReceiverAction::Deliver(number));
    }

    /// Send ACK `number`.
    pub fn acknowledge(&mut self, number: SegmentNumber) {
        self.0.push(ReceiverAction::Acknowledge(number));
    }

    /// Takes them out, first to last.
    pub fn take(&mut self) -> Vec<ReceiverAction> {
        std::mem::take(&mut self.0)
    }
}
