//! Selective repeat: a window of packets on their way; only what is missing goes again.
//!
//! The receiver keeps what comes early and says so in its ACK, as ranges. The sender
//! holds a packet for lost when three packets sent after it have arrived, or when one has
//! and 9/8 of a round trip is over; a timer is needed only where nothing comes back at all.
//!
//! ```text
//!   sender     base                      next       base + N
//!               |  A  A  .  L  A  .  .  .  |             |     A acked  L lost
//!               '------------ window of N ---------------'     . in flight
//!   receiver    expected
//!               |  x  x     .  x                               x kept early
//! ```
//!
//! The textbook gives every packet a timer of its own. Here one probe timer serves all:
//! when it runs out the oldest packet goes again, and the ACK that it draws tells what
//! else is missing. ACKs are thinned out, about eight per window; what an ACK cannot wait
//! with (a gap newly seen, a duplicate, the last segment) is told at once.
//!
//! ```
//! use sash::reliable::{Machine, moment::Moment, round_trip::RoundTrip, terms::Terms};
//! use sash::reliable::selective_repeat::Sender;
//! let round_trip = RoundTrip::new(Terms::EXAMPLE.least_timeout);
//! let mut sender = Sender::new(Terms::EXAMPLE, round_trip); // a window of 4
//! let sent = std::iter::from_fn(|| sender.poll_transmit(Moment::START));
//! assert_eq!(sent.count(), 4);
//! ```
//!
//! Source: Kurose & Ross §3.4.4; RFC 2018; RFC 9002 §6.1 (loss), §6.2 (probe timeout).

mod receiver;

pub use receiver::Receiver;

use super::event::{Event, Ignored, Timer, Trigger};
use super::ledger::SenderLedger;
use super::moment::Moment;
use super::round_trip::RoundTrip;
use super::terms::{Terms, next_attempt};
use super::{Machine, SendingMachine, Transmit, earliest, rules};
use crate::wire::message::Progress;
use crate::wire::packet::{Acknowledgement, Body, Packet};
use crate::wire::sequence::SequenceNumber;
use std::collections::VecDeque;

/// The sender's half.
#[derive(Debug)]
pub struct Sender {
    ledger: SenderLedger,
    /// The oldest segment that is not acknowledged.
    base: SequenceNumber,
    /// The state of each segment from `base` up to the furthest one sent.
    slots: VecDeque<Slot>,
    /// Every sending that may still matter, in the order they left.
    flights: VecDeque<Flight>,
    /// The order of the next sending.
    next_order: u64,
    /// The latest sending that is known to have arrived.
    newest_arrived: Option<u64>,
    /// Segments to send again, in this order; some may have been acknowledged since.
    lost: VecDeque<SequenceNumber>,
    /// When the oldest flight is held for lost, others having overtaken it.
    loss_deadline: Option<Moment>,
    /// When the oldest flight is sent again because nothing comes back.
    probe_deadline: Option<Moment>,
    /// How many packets the receiver said it can take.
    receive_window: u32,
}

#[derive(Debug, Clone, Copy)]
struct Slot {
    attempt: u8,
    /// When the latest sending left.
    sent_at: Moment,
    state: SlotState,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SlotState {
    /// On its way, as this sending.
    InFlight { order: u64 },
    /// To be sent: for the first time, or again because it is lost.
    Waiting,
    /// It has arrived.
    Acked,
}

/// One sending of one segment.
#[derive(Debug, Clone, Copy)]
struct Flight {
    order: u64,
    sequence: SequenceNumber,
    sent_at: Moment,
}

/// A packet is lost once this many sent after it have arrived (RFC 9002 §6.1.1).
const PACKET_THRESHOLD: u64 = 3;

impl Sender {
    /// Ready to send the first window.
    #[must_use]
    pub const fn new(terms: Terms, round_trip: RoundTrip) -> Self {
        Self {
            ledger: SenderLedger::new(terms, round_trip),
            base: terms.first,
            slots: VecDeque::new(),
            flights: VecDeque::new(),
            next_order: 0,
            newest_arrived: None,
            lost: VecDeque::new(),
            loss_deadline: None,
            probe_deadline: None,
            receive_window: terms.window,
        }
    }

    /// How many segments from `base` on may be sent: at least one, so that a closed
    /// window is probed.
    fn window(&self) -> u32 {
        self.ledger.terms.window.min(self.receive_window).max(1)
    }

    /// How many segments from `base` on were ever sent.
    fn reach(&self) -> u32 {
        u32::try_from(self.slots.len()).expect("a window is at most 8192 packets")
    }

    fn slot(&mut self, sequence: SequenceNumber) -> Option<&mut Slot> {
        self.slots.get_mut((sequence - self.base) as usize)
    }

    /// The next segment that was lost and is still wanted, made ready to go again.
    fn next_resend(&mut self) -> Option<SequenceNumber> {
        while let Some(sequence) = self.lost.pop_front() {
            if let Some(slot) = self.slot(sequence)
                && slot.state == SlotState::Waiting
            {
                slot.attempt = next_attempt(slot.attempt);
                return Some(sequence);
            }
        }
        None
    }

    /// The next segment that was never sent, if the window has room for it.
    fn next_fresh(&mut self) -> Option<SequenceNumber> {
        let sequence = self.base + self.reach();
        let has_room = rules::has_room(self.reach(), self.window());
        if sequence == self.ledger.terms.end() || !has_room {
            return None;
        }
        self.slots.push_back(Slot {
            attempt: 1,
            sent_at: Moment::START,
            state: SlotState::Waiting,
        });
        Some(sequence)
    }

    /// Whether an ACK speaks only of what was sent, with its ranges the right way up,
    /// beyond the one that it wants, and together no longer than what was sent: so the
    /// work that an ACK makes is bounded by the window.
    fn is_possible(&self, acked: u32, ack: &Acknowledgement) -> bool {
        let reach = self.reach();
        let mut room = reach;
        ack.ranges.iter().all(|range| {
            let range = range.start..range.end;
            let early = rules::acknowledged_early(self.base, reach, acked, range);
            let length = early.map_or(u32::MAX, |run| run.end - run.start);
            let fits = length <= room;
            room -= if fits { length } else { 0 };
            fits
        })
    }

    /// Marks one segment as arrived; whether that is news. `path` is the age of the packet
    /// that drew this ACK, in microseconds.
    ///
    /// A resend younger than that is not what arrived: an earlier sending was slow, not
    /// lost, and it tells nothing of those that left before the resend (RFC 8985 §6.2).
    fn mark_arrived(&mut self, offset: usize, path: u32, now: Moment) -> bool {
        let slot = &mut self.slots[offset];
        let earlier = std::mem::replace(&mut slot.state, SlotState::Acked);
        let age = now.stamp().wrapping_sub(slot.sent_at.stamp());
        let is_latest_sending = slot.attempt == 1 || age >= path;
        if let SlotState::InFlight { order } = earlier
            && is_latest_sending
        {
            self.newest_arrived = self.newest_arrived.max(Some(order));
        }
        earlier != SlotState::Acked
    }

    /// Takes what an ACK says; whether any of it is news.
    fn mark_all_arrived(
        &mut self,
        acked: u32,
        ack: &Acknowledgement,
        now: Moment,
    ) -> bool {
        let path = now.stamp().wrapping_sub(ack.echo);
        let mut is_news = false;
        for range in &ack.ranges {
            let run = range.start - self.base..range.end - self.base;
            for offset in run {
                is_news |= self.mark_arrived(offset as usize, path, now);
            }
        }
        for offset in 0..acked {
            is_news |= self.mark_arrived(offset as usize, path, now);
        }
        self.slots.drain(..acked as usize);
        self.base = self.base + acked;
        is_news
    }

    /// Holds for lost what later packets have overtaken (RFC 9002 §6.1).
    ///
    /// Each sending enters and leaves `flights` once, so the work per ACK is small
    /// however wide the window is.
    fn detect_losses(&mut self, now: Moment) {
        self.loss_deadline = None;
        let Some(newest) = self.newest_arrived else {
            return;
        };
        let patience = self.ledger.round_trip.reordering_window();
        while let Some(&flight) = self.flights.front() {
            if self.is_in_flight(flight) {
                let deadline = flight.sent_at + patience;
                if flight.order > newest {
                    return;
                }
                if flight.order + PACKET_THRESHOLD <= newest {
                    self.give_up(flight, Trigger::PacketThreshold);
                } else if deadline <= now {
                    self.give_up(flight, Trigger::TimeThreshold);
                } else {
                    self.loss_deadline = Some(deadline);
                    return;
                }
            }
            self.flights.pop_front();
        }
    }

    /// Whether this sending is the latest of its segment and not yet acknowledged.
    fn is_in_flight(&mut self, flight: Flight) -> bool {
        let state = SlotState::InFlight {
            order: flight.order,
        };
        !flight.sequence.precedes(self.base)
            && self
                .slot(flight.sequence)
                .is_some_and(|slot| slot.state == state)
    }

    fn give_up(&mut self, flight: Flight, trigger: Trigger) {
        let Some(slot) = self.slot(flight.sequence) else {
            return;
        };
        slot.state = SlotState::Waiting;
        let attempt = slot.attempt;
        self.ledger.lose(flight.sequence, attempt, trigger);
        self.lost.push_back(flight.sequence);
    }

    /// The probe timeout (RFC 9002 §6.2.1): an ACK may be held back at the other side.
    fn restart_probe_timer(&mut self, now: Moment) {
        let is_waiting = !self.slots.is_empty();
        let timeout = self.ledger.round_trip.timeout();
        let patience = timeout + self.ledger.terms.acknowledgement_delay;
        self.probe_deadline = is_waiting.then(|| now + patience);
    }

    /// Sends the oldest packet in flight again, to draw an ACK.
    fn probe(&mut self) {
        self.ledger.log.record(|| Event::TimerExpired {
            timer: Timer::Retransmission,
        });
        self.ledger.round_trip.back_off();
        self.probe_deadline = None;
        while let Some(flight) = self.flights.pop_front() {
            if self.is_in_flight(flight) {
                return self.give_up(flight, Trigger::Timeout);
            }
        }
    }
}

impl Machine for Sender {
    fn poll_transmit(&mut self, now: Moment) -> Option<Transmit> {
        let sequence = self.next_resend().or_else(|| self.next_fresh())?;
        let order = self.next_order;
        self.next_order += 1;
        let slot = self.slot(sequence)?;
        slot.state = SlotState::InFlight { order };
        slot.sent_at = now;
        let attempt = slot.attempt;
        self.flights.push_back(Flight {
            order,
            sequence,
            sent_at: now,
        });
        self.restart_probe_timer(now);
        Some(self.ledger.data(sequence, attempt, now))
    }

    fn on_packet(&mut self, packet: &Packet, now: Moment) {
        let (Body::Ack(ack) | Body::Nack(ack)) = &packet.body else {
            return;
        };
        let acked = rules::acknowledged(self.base, self.reach(), packet.sequence);
        let acked = acked.filter(|acked| self.is_possible(*acked, ack));
        let Some(acked) = acked else {
            if !packet.sequence.precedes(self.base) {
                self.ledger.ignore(packet, Ignored::ImpossibleAck);
            }
            return; // Overtaken by a later ACK.
        };
        self.receive_window = ack.window;
        self.ledger.measure(ack, now);
        if self.mark_all_arrived(acked, ack, now) {
            self.ledger.round_trip.recover();
            self.restart_probe_timer(now);
        }
        self.detect_losses(now);
    }

    fn next_timeout(&self) -> Option<Moment> {
        earliest([self.loss_deadline, self.probe_deadline])
    }

    fn on_timeout(&mut self, now: Moment) {
        if self.loss_deadline.is_some_and(|deadline| deadline <= now) {
            self.ledger.log.record(|| Event::TimerExpired {
                timer: Timer::LossDetection,
            });
            self.detect_losses(now);
        }
        if self.probe_deadline.is_some_and(|deadline| deadline <= now) {
            self.probe();
        }
    }

    fn take_events(&mut self) -> Vec<Event> {
        self.ledger.log.take()
    }
}

impl SendingMachine for Sender {
    fn is_finished(&self) -> bool {
        self.base == self.ledger.terms.end()
    }

    fn progress(&self) -> Progress {
        self.ledger.progress(self.base, self.window())
    }
}

#[cfg(test)]
mod tests;
