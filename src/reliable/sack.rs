//! Sack: what TCP and QUIC do today, the step after the textbook.
//!
//! The receiver buffers what arrives out of order. Its ACK carries the next expected
//! number and the ranges beyond it. The sender declares a packet lost when three packets
//! that were sent after it have arrived, or when one has and 9/8 of a round trip has
//! passed. A timer is needed only if no ACK arrives at all.
//!
//! ```text
//!   sender     base                      next       base + N
//!               |  A  A  .  L  A  .  .  .  |             |     A acked  L lost
//!               '------------ window of N ---------------'     . in flight
//!   receiver    next expected
//!               |  x  x     .  x                               x buffered
//! ```
//!
//! One probe timer serves all packets. When it expires, the oldest packet is
//! retransmitted, and the ACK for it shows which other packets are missing. Only if that
//! probe is not answered either, everything in flight is declared lost. If the laboratory
//! fixes the timeout, every packet has its own timer, as in the textbook. ACKs are
//! delayed, about eight per round trip; a new gap, a duplicate and the last segment are
//! acknowledged at once.
//!
//! With a fixed window, the sender may be at most N segments ahead of `base`, as in the
//! textbook. A controller limits the packets in flight instead: then one gap at `base`
//! does not stop the others, and only the receive window limits how far ahead the sender
//! may be.
//!
//! ```
//! use sash::reliable::connection_parameters::ConnectionParameters;
//! use sash::reliable::{Machine, moment::Moment, round_trip::RoundTrip};
//! use sash::reliable::sack::Sender;
//! let round_trip = RoundTrip::timed(ConnectionParameters::EXAMPLE.timing);
//! let mut sender = Sender::new(ConnectionParameters::EXAMPLE, round_trip); // a window of 4
//! let sent = std::iter::from_fn(|| sender.poll_transmit(Moment::START));
//! assert_eq!(sent.count(), 4);
//! ```
//!
//! Source: RFC 2018 (ranges); RFC 9002 §6 (loss detection, probe timeout); RFC 8985 §7.

mod loss_detection;
mod receiver;
pub mod rules;

pub use receiver::Receiver;

use super::connection_parameters::{ConnectionParameters, next_attempt};
use super::event::{Event, Ignored, Timer, Trigger};
use super::flow::SentPacket;
use super::ledger::SenderLedger;
use super::moment::Moment;
use super::round_trip::RoundTrip;
use super::{Machine, SendingMachine, Transmit, earliest};
use crate::wire::message::Progress;
use crate::wire::packet::{Acknowledgement, Body, Packet};
use crate::wire::sequence::SequenceNumber;
use loss_detection::{LossDetection, Transmission};
use std::collections::VecDeque;

/// The sender of `sack`.
#[derive(Debug)]
pub struct Sender {
    ledger: SenderLedger,
    slots: Slots,
    loss_detection: LossDetection,
    /// Segments to retransmit, in this order; some may have been acknowledged since.
    lost: VecDeque<SequenceNumber>,
    probe: Probe,
    /// The advertised receive window.
    receive_window: u32,
}

/// The state of each segment from `base`, the oldest that is not acknowledged, up to the
/// furthest one sent.
#[derive(Debug)]
struct Slots {
    base: SequenceNumber,
    queue: VecDeque<Slot>,
}

#[derive(Debug, Clone, Copy)]
struct Slot {
    attempt: u8,
    /// The counters of its latest transmission; `None` before the first one.
    sent_packet: Option<SentPacket>,
    state: SlotState,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SlotState {
    /// In flight, as this transmission.
    InFlight { order: u64 },
    /// It must be sent: for the first time, or again because it is lost.
    Waiting,
    /// It has arrived.
    Acked,
}

/// The probe that elicits an ACK if none arrives.
#[derive(Debug, Default)]
struct Probe {
    /// The time of the next probe.
    deadline: Option<Moment>,
    /// The number of probes since the last ACK of new data.
    unanswered: u32,
    /// Whether a probe is due now; window and pacer do not delay it.
    is_due: bool,
}

impl Sender {
    /// Ready to send the first window.
    #[must_use]
    pub fn new(parameters: ConnectionParameters, round_trip: RoundTrip) -> Self {
        Self {
            ledger: SenderLedger::new(parameters, round_trip),
            slots: Slots {
                base: parameters.first,
                queue: VecDeque::new(),
            },
            loss_detection: LossDetection::default(),
            lost: VecDeque::new(),
            probe: Probe::default(),
            receive_window: parameters.window,
        }
    }

    /// The number of segments from `base` on that may have been sent: at least one. Flow
    /// control handles a zero window.
    fn send_window(&self) -> u32 {
        self.ledger
            .parameters
            .window
            .min(self.receive_window)
            .max(1)
    }

    /// The next lost segment that is not acknowledged yet, prepared for retransmission.
    fn next_retransmission(&mut self) -> Option<SequenceNumber> {
        while let Some(sequence) = self.lost.pop_front() {
            if let Some(slot) = self.slots.get_mut(sequence)
                && slot.state == SlotState::Waiting
            {
                slot.attempt = next_attempt(slot.attempt);
                return Some(sequence);
            }
        }
        None
    }

    /// The next segment that was never sent, if the receive window has space for it.
    fn next_unsent(&mut self) -> Option<SequenceNumber> {
        let sent = self.slots.sent();
        let sequence = self.slots.base + sent;
        let has_window_space = rules::is_in_window(sent, self.send_window());
        if sequence == self.ledger.parameters.end() || !has_window_space {
            self.ledger.flow.mark_application_limited();
            return None;
        }
        self.slots.queue.push_back(Slot {
            attempt: 1,
            sent_packet: None,
            state: SlotState::Waiting,
        });
        Some(sequence)
    }

    /// Whether an ACK names only segments that were sent, and its ranges are valid,
    /// beyond the next expected segment, and together not longer than what was sent. The
    /// window therefore bounds the work for an ACK.
    fn is_possible(&self, acked: u32, ack: &Acknowledgement) -> bool {
        let (base, sent) = (self.slots.base, self.slots.sent());
        let mut window_space = sent;
        ack.ranges.iter().all(|range| {
            let range = range.start..range.end;
            let early = rules::acknowledged_out_of_order(base, sent, acked, range);
            let length = early.map(|run| run.end - run.start);
            let left = length.and_then(|length| window_space.checked_sub(length));
            window_space = left.unwrap_or(window_space);
            left.is_some()
        })
    }

    /// Marks one segment as arrived; returns whether this is new. `path` is the age of
    /// the packet that this ACK answers, in microseconds.
    ///
    /// A younger retransmission cannot be the packet that arrived: an earlier
    /// transmission was slow, not lost, and the ACK proves nothing about packets sent
    /// before the retransmission (RFC 8985 §6.2).
    fn mark_arrived(&mut self, offset: usize, path: u32, now: Moment) -> bool {
        let slot = &mut self.slots.queue[offset];
        let earlier = std::mem::replace(&mut slot.state, SlotState::Acked);
        let Some(sent_packet) = slot.sent_packet else {
            return false;
        };
        let age = now.stamp().wrapping_sub(sent_packet.sent_at.stamp());
        let is_latest_transmission = slot.attempt == 1 || age >= path;
        match earlier {
            SlotState::Acked => return false,
            SlotState::Waiting => {
                self.loss_detection.on_spurious_retransmission();
                self.ledger.flow.deliver_late(&sent_packet, now);
            }
            SlotState::InFlight { order } => {
                if is_latest_transmission {
                    self.loss_detection.arrive(order);
                } else {
                    self.loss_detection.on_spurious_retransmission();
                }
                self.ledger.flow.deliver(&sent_packet, now);
            }
        }
        true
    }

    /// Processes an ACK; returns whether it acknowledges anything new.
    fn mark_all_arrived(
        &mut self,
        acked: u32,
        ack: &Acknowledgement,
        now: Moment,
    ) -> bool {
        let path = now.stamp().wrapping_sub(ack.echo);
        let base = self.slots.base;
        let mut is_news = false;
        for range in &ack.ranges {
            for offset in range.start - base..range.end - base {
                is_news |= self.mark_arrived(offset as usize, path, now);
            }
        }
        for offset in 0..acked {
            is_news |= self.mark_arrived(offset as usize, path, now);
        }
        self.slots.slide(acked);
        is_news
    }

    /// Declares packets lost that later packets have overtaken.
    fn detect_losses(&mut self, now: Moment) {
        loop {
            let Self {
                slots,
                loss_detection,
                ..
            } = self;
            let is_in_flight =
                |transmission: &Transmission| slots.is_in_flight(transmission);
            let round_trip = &self.ledger.round_trip;
            let Some((transmission, trigger)) =
                loss_detection.next_lost(is_in_flight, round_trip, now)
            else {
                return;
            };
            self.declare_lost(transmission, trigger);
        }
    }

    /// This transmission is lost, and its segment waits to be retransmitted.
    fn declare_lost(&mut self, transmission: Transmission, trigger: Trigger) {
        let Some(slot) = self.slots.get_mut(transmission.sequence) else {
            return;
        };
        slot.state = SlotState::Waiting;
        let (attempt, sent_packet) = (slot.attempt, slot.sent_packet);
        if let Some(sent_packet) = sent_packet {
            self.ledger.flow.declare_lost(&sent_packet);
        }
        self.ledger
            .declare_lost(transmission.sequence, attempt, trigger);
        self.lost.push_back(transmission.sequence);
    }

    /// Declares the oldest packet in flight lost.
    fn declare_oldest_lost(&mut self) -> bool {
        let Self {
            slots,
            loss_detection,
            ..
        } = self;
        let oldest =
            loss_detection.oldest(|transmission| slots.is_in_flight(transmission));
        if let Some(transmission) = oldest {
            self.declare_lost(transmission, Trigger::Timeout);
        }
        oldest.is_some()
    }

    /// The probe timeout (RFC 9002 §6.2.1), which includes the longest delay of an ACK.
    fn restart_probe_timer(&mut self, now: Moment) {
        let has_timers = self.ledger.round_trip.fixed_timeout().is_some();
        let is_waiting = !self.slots.queue.is_empty() && !has_timers;
        let timeout = self.ledger.round_trip.timeout();
        let probe_timeout = timeout + self.ledger.parameters.acknowledgement_delay;
        self.probe.deadline = is_waiting.then(|| now + probe_timeout);
    }

    /// No ACK arrives: the oldest packet is retransmitted, to elicit an ACK. If that
    /// probe was not answered either, everything in flight is lost (RFC 8985 §7; RFC 6298
    /// §5).
    fn send_probe(&mut self, now: Moment) {
        self.ledger.log.record(|| Event::TimerExpired {
            timer: Timer::Retransmission,
        });
        self.ledger.round_trip.back_off();
        self.probe.unanswered = self.probe.unanswered.saturating_add(1);
        self.declare_oldest_lost();
        if self.probe.unanswered > 1 && self.ledger.flow.is_controlled() {
            while self.declare_oldest_lost() {}
            self.ledger.flow.time_out(now);
        }
        self.probe.is_due = true;
        self.ledger.update_controller(now);
        self.restart_probe_timer(now);
    }

    /// Whether window and pacer let a packet leave.
    fn may_send(&self, now: Moment) -> bool {
        let flow = &self.ledger.flow;
        let has_window_space = flow.has_window_space() || self.is_first_flight();
        self.probe.is_due || (has_window_space && flow.is_due(now))
    }

    /// Whether this is a small file that is still being sent for the first time: the
    /// round trip that its last packets would wait for the window is longer than it takes
    /// to send them.
    fn is_first_flight(&self) -> bool {
        let segments = self.ledger.parameters.segments();
        self.ledger.flow.is_first_flight(segments)
    }
}

impl Slots {
    /// The number of segments from `base` on that were ever sent.
    fn sent(&self) -> u32 {
        u32::try_from(self.queue.len()).expect("a window is at most 8192 packets")
    }

    fn get_mut(&mut self, sequence: SequenceNumber) -> Option<&mut Slot> {
        self.queue.get_mut((sequence - self.base) as usize)
    }

    /// Whether this transmission is the latest of its segment and not yet acknowledged.
    fn is_in_flight(&self, transmission: &Transmission) -> bool {
        let state = SlotState::InFlight {
            order: transmission.order,
        };
        !transmission.sequence.precedes(self.base)
            && self
                .queue
                .get((transmission.sequence - self.base) as usize)
                .is_some_and(|slot| slot.state == state)
    }

    fn slide(&mut self, acked: u32) {
        self.queue.drain(..acked as usize);
        self.base = self.base + acked;
    }
}

impl Machine for Sender {
    fn poll_transmit(&mut self, now: Moment) -> Option<Transmit> {
        if !self.may_send(now) {
            return None;
        }
        let sequence = self.next_retransmission().or_else(|| self.next_unsent())?;
        self.probe.is_due = false;
        let sent_packet = self.ledger.flow.send(now);
        let order = self.loss_detection.depart(sequence, now);
        if let Some(timeout) = self.ledger.round_trip.fixed_timeout() {
            self.loss_detection.wake_by(now + timeout);
        }
        let slot = self.slots.get_mut(sequence)?;
        slot.state = SlotState::InFlight { order };
        slot.sent_packet = Some(sent_packet);
        let attempt = slot.attempt;
        self.restart_probe_timer(now);
        Some(self.ledger.data(sequence, attempt, now))
    }

    fn on_packet(&mut self, packet: &Packet, now: Moment) {
        let (Body::Ack(ack) | Body::Nack(ack)) = &packet.body else {
            return;
        };
        let (base, sent) = (self.slots.base, self.slots.sent());
        let acked = rules::acknowledged(base, sent, packet.sequence);
        let acked = acked.filter(|acked| self.is_possible(*acked, ack));
        let Some(acked) = acked else {
            if !packet.sequence.precedes(base) {
                self.ledger.ignore(packet, Ignored::ImpossibleAck);
            }
            return; // Overtaken by a later ACK.
        };
        self.ledger.measure(ack, now);
        self.receive_window = ack.window;
        if self.mark_all_arrived(acked, ack, now) {
            self.ledger.round_trip.recover();
            self.probe.unanswered = 0;
            self.restart_probe_timer(now);
        }
        self.detect_losses(now);
        self.ledger.update_controller(now);
        if self.probe.deadline.is_none() {
            self.restart_probe_timer(now);
        }
    }

    fn next_timeout(&self) -> Option<Moment> {
        let flow = if self.is_first_flight() {
            self.ledger.flow.next_release()
        } else {
            self.ledger.flow.next_timeout()
        };
        earliest([
            self.loss_detection.next_timeout(),
            self.probe.deadline,
            flow,
        ])
    }

    fn on_timeout(&mut self, now: Moment) {
        self.ledger.flow.on_timeout(now);
        if self
            .loss_detection
            .next_timeout()
            .is_some_and(|deadline| deadline <= now)
        {
            self.ledger.log.record(|| Event::TimerExpired {
                timer: Timer::LossDetection,
            });
            self.detect_losses(now);
            self.ledger.update_controller(now);
        }
        if self.probe.deadline.is_some_and(|deadline| deadline <= now) {
            self.send_probe(now);
        }
    }

    fn listen(&mut self) {
        let Slots { base, queue } = &self.slots;
        let sent = u32::try_from(queue.len()).unwrap_or(0);
        self.ledger.listen(*base, *base + sent, Vec::new());
    }

    fn take_events(&mut self) -> Vec<Event> {
        self.ledger.log.take()
    }
}

impl SendingMachine for Sender {
    fn is_finished(&self) -> bool {
        self.slots.base == self.ledger.parameters.end()
    }

    fn progress(&self) -> Progress {
        let window = self.ledger.flow.window().min(self.send_window());
        self.ledger.progress(self.slots.base, window)
    }

    fn has_window_space_for_fin(&self) -> bool {
        let sent = self.slots.sent();
        let is_all_sent = self.slots.base + sent == self.ledger.parameters.end();
        self.ledger.flow.is_controlled()
            && is_all_sent
            && self.lost.is_empty()
            && (self.ledger.flow.has_window_space() || self.is_first_flight())
    }

    fn restart(&mut self, now: Moment) {
        let SenderLedger {
            flow, round_trip, ..
        } = &mut self.ledger;
        flow.restart(round_trip, now);
        self.ledger.update_controller(now);
        self.ledger.round_trip.recover();
        self.restart_probe_timer(now);
    }
}

#[cfg(test)]
mod tests;
