//! The events for a textbook protocol, and its possible actions.
//!
//! A protocol decides which segment to send, when a timer runs, and what to acknowledge.
//! It knows neither packets nor time: the generic [`sender`](super::sender) and
//! [`receiver`](super::receiver) around it own those. A student's own program
//! answers the same events, the model checker tries them in every order, and the same code
//! runs over real sockets.
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

/// The number of a segment of the file, from 0. It is signed because a cumulative ACK has
/// the number -1 before the first segment has arrived.
pub type SegmentNumber = i64;

/// A timer of the sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Timer {
    /// The only timer of stop-and-wait and go-back-N, for the oldest segment in flight.
    Only,
    /// The timer of this segment: selective repeat has one for each.
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

    /// ACK `number` arrived intact. The caller discards corrupt ACKs, and ACKs of segments
    /// that were never sent: a protocol need not check this again.
    fn on_ack(&mut self, number: SegmentNumber, actions: &mut SenderActions);

    /// A timer that this sender started has expired.
    fn on_timeout(&mut self, timer: Timer, actions: &mut SenderActions);

    /// Whether the ACKs are cumulative or individual.
    fn acks(&self) -> Acks;
}

/// The receiver of a textbook protocol.
pub trait ReceiverProtocol: fmt::Debug + Send {
    /// Segment `number` arrived intact.
    fn on_data(&mut self, number: SegmentNumber, actions: &mut ReceiverActions);

    /// A corrupt packet arrived.
    fn on_corrupt(&mut self, actions: &mut ReceiverActions);

    /// Whether segment `number`, if it arrived now, would be delivered or buffered. The
    /// driver asks this before `on_data`.
    fn is_wanted(&self, number: SegmentNumber) -> bool;

    /// Whether the ACKs are cumulative or individual.
    fn acks(&self) -> Acks;
}

/// One action of a sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SenderAction {
    /// Transmit this segment, for the first time or again.
    Send(SegmentNumber),
    /// Start this timer, or restart it if it is running.
    StartTimer(Timer),
    /// Stop this timer.
    StopTimer(Timer),
}

/// One action of a receiver.
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
    /// Transmit segment `number` (`udt_send`).
    pub fn send(&mut self, number: SegmentNumber) {
        self.0.push(SenderAction::Send(number));
    }

    /// Start this timer, or restart it if it is running.
    pub fn start_timer(&mut self, timer: Timer) {
        self.0.push(SenderAction::StartTimer(timer));
    }

    /// Stop this timer.
    pub fn stop_timer(&mut self, timer: Timer) {
        self.0.push(SenderAction::StopTimer(timer));
    }

    /// Removes and returns the actions, in order.
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

    /// Removes and returns the actions, in order.
    pub fn take(&mut self) -> Vec<ReceiverAction> {
        std::mem::take(&mut self.0)
    }
}
