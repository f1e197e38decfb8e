//! Sack: what TCP and QUIC do today, the step after the textbook.
//!
//! Read the three traits of `reliable.rs`, then this file, `loss_detection.rs`,
//! `receiver.rs` and the two functions of [`rules`]. The tables here
//! and in `receiver.rs` contain what is needed of other files. Skip `listen`, `take_events`
//! and `progress`, which serve the event log.
//!
//! The receiver buffers what arrives out of order. Its ACK carries the next expected number
//! and the ranges beyond it. The sender declares a packet lost when one that was sent at
//! least three packets later is acknowledged; or when any later one is, and 9/8 of a
//! round-trip time (of SRTT or the newest sample, the larger) has passed since the packet
//! itself was sent. The second rule has a timer; another one, the probe timer, serves where
//! no ACK arrives at all.
//!
//! ```text
//!   sender     base                      next       base + N
//!               |  L  A  .  L  A  .  .  .  |             |     A acknowledged  L lost
//!               '------------ window of N ---------------'     . in flight
//!   receiver    next expected
//!               |     x        x                               x buffered
//! ```
//!
//! One probe timer serves all packets. When it expires, the earliest transmission in flight
//! is declared lost and its segment joins the queue of those to retransmit. The first of
//! this queue is the probe: the same segment, unless earlier losses wait. The ACK of the
//! probe shows what else is missing. A second expiry probes with another segment, because
//! the first probe is now the newest transmission; with a controller it declares everything
//! in flight lost.
//!
//! Two limits apply. The send window, the smaller of N (`parameters.window`) and the receive
//! window, limits how far *new* segments may be ahead of `base`. The congestion window limits
//! all packets in flight: with `fixed` it is N, too; with another controller it is usually
//! much smaller, and a gap at `base` does not stop the sender. Below, "with a controller"
//! means one other than `fixed`. At a receive window of zero, or in a pause, the connection
//! asks for no packet and stops these timers; it sends window probes (`flow_control.rs`), and
//! calls `restart` when the window opens, to half of N or more.
//!
//! The transfer is finished when `base` has reached the end of the file. The connection then
//! sends FIN with the file's digest, and repeats it; the receiver answers when everything
//! has arrived. Its verdict on the digest ends the transfer; without it, 30 s of silence do,
//! and the outcome is unknown. With a controller, the first FIN may leave earlier: once every
//! segment was sent, none waits to be retransmitted, and the congestion window has space.
//!
//! A declared loss is spurious if the packet had arrived after all: the path had reordered
//! it, or its ACK came after the probe. The controller's reaction to it stays.
//!
//! The calls to other files:
//!
//! | call | effect |
//! | --- | --- |
//! | `flow.may_send` | whether the congestion window has space and pacing allows a packet |
//! | `flow.has_congestion_space` | the same without pacing; until a loss, a small file always has space |
//! | `flow.is_controlled` | whether the controller is one other than `fixed` |
//! | `flow.mark_application_limited` | the congestion window has space and no segment may leave: the delivery rate is not the path's |
//! | `flow.next_timeout`, `on_timeout` | when pacing or the controller needs a call; this call |
//! | `flow.send` | one more packet is in flight; returns its time and the counters |
//! | `flow.deliver` | one fewer is in flight, one more is delivered |
//! | `flow.deliver_late` | one more is delivered; it was declared lost and left the flight then |
//! | `flow.declare_lost` | one fewer is in flight, one more is lost |
//! | `flow.time_out` | the controller gets one timeout in place of the losses so far |
//! | `update_controller` | the controller gets the losses, then the deliveries, since the last call |
//! | `round_trip.back_off`, `recover` | the timeout doubles; it is as before |
//! | `round_trip.timeout`, `full_window_timeout` | the RTO; the RTO with a lower floor before the first expiry |
//! | `ledger.restart` | the controller starts again after a long stop |
//! | `ledger.measure` | the ACK's echo gives a sample of the round-trip time |
//! | `ledger.data` | makes the packet, and counts it |
//! | `ledger.record_loss`, `ignore` | a line in the event log, nothing else |
//!
//! ```
//! use sash::reliable::connection_parameters::ConnectionParameters;
//! use sash::reliable::{Machine, moment::Moment, round_trip::RoundTrip, sack::Sender};
//! let parameters = ConnectionParameters::EXAMPLE; // A window of 4.
//! let mut sender = Sender::new(parameters, RoundTrip::timed(parameters.timing));
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
use super::round_trip::{GRANULARITY, RoundTrip};
use super::{Machine, SendingMachine, Transmit, earliest};
use crate::wire::message::Progress;
use crate::wire::packet::{Acknowledgement, Body, Packet};
use crate::wire::sequence::SequenceNumber;
use loss_detection::{LossDetection, Transmission};
use std::collections::VecDeque;
use std::ops::Range;

/// The sender of a transfer by sack.
#[derive(Debug)]
pub struct Sender {
    ledger: SenderLedger,
    segments: Segments,
    /// The segments to retransmit, in this order. Some may have been acknowledged since.
    lost: VecDeque<SequenceNumber>,
    loss_detection: LossDetection,
    probe: Probe,
    /// How many segments the receiver can buffer.
    receive_window: u32,
}

/// The segments that were sent, from `base` on, the oldest that is not acknowledged.
#[derive(Debug)]
struct Segments {
    base: SequenceNumber,
    queue: VecDeque<Segment>,
}

/// The latest transmission of a segment.
#[derive(Debug, Clone, Copy)]
struct Segment {
    attempt: u8,
    sent_packet: SentPacket,
    state: SegmentState,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SegmentState {
    /// Neither acknowledged nor declared lost; `order` is the number of the transmission.
    InFlight { order: u64 },
    /// Declared lost, to be retransmitted.
    Lost,
    /// Acknowledged.
    Acked,
}

/// The packet that elicits an ACK if none arrives.
#[derive(Debug, Default)]
struct Probe {
    /// When the timer expires.
    deadline: Option<Moment>,
    /// How often the timer expired since something was last acknowledged.
    expiries: u32,
    /// The next packet is a probe: it leaves even if congestion window and pacing forbid it.
    is_due: bool,
}

impl Machine for Sender {
    /// A lost segment leaves first, then a new one: the receiver can deliver nothing beyond
    /// a gap. The send window does not limit a retransmission, which was permitted before.
    fn poll_transmit(&mut self, now: Moment) -> Option<Transmit> {
        if !self.probe.is_due && !self.ledger.flow.may_send(now) {
            return None;
        }
        let (sequence, attempt) = self.next_lost().or_else(|| self.next_unsent())?;
        self.probe.is_due = false;
        let sent_packet = self.ledger.flow.send(now);
        let order = self.loss_detection.depart(sequence, now);
        let state = SegmentState::InFlight { order };
        let segment = Segment {
            attempt,
            sent_packet,
            state,
        };
        self.segments.put(sequence, segment);
        self.restart_probe_timer(now);
        Some(self.ledger.data(sequence, attempt, now))
    }

    /// Marks what an ACK acknowledges; then looks for losses. A NACK is treated as an ACK:
    /// the ranges show the gap.
    fn on_packet(&mut self, packet: &Packet, now: Moment) {
        let (Body::Ack(ack) | Body::Nack(ack)) = &packet.body else {
            return;
        };
        if packet.sequence.precedes(self.segments.base) {
            return; // A later ACK has overtaken this one: possible, so it is not logged.
        }
        let Some((acked, beyond)) = self.segments.acknowledged(packet, ack) else {
            return self.ledger.ignore(packet, Ignored::ImpossibleAck);
        };
        self.ledger.measure(ack, now);
        self.receive_window = ack.window;
        let rtt_sample = now.stamp().wrapping_sub(ack.echo);
        let mut is_news = false;
        // Each segment is marked by itself; `slide` then removes those before the new base.
        for ahead in beyond.into_iter().flatten().chain(0..acked) {
            is_news |= self.mark_acknowledged(ahead, rtt_sample, now);
        }
        self.segments.slide(acked);
        if is_news {
            self.ledger.round_trip.recover();
            self.probe.expiries = 0;
            self.restart_probe_timer(now);
        }
        self.detect_losses(now);
        self.ledger.update_controller(now);
    }

    fn next_timeout(&self) -> Option<Moment> {
        let pacing = self.ledger.flow.next_timeout();
        earliest([pacing, self.loss_detection.deadline, self.probe.deadline])
    }

    fn on_timeout(&mut self, now: Moment) {
        let has_passed =
            |deadline: Option<Moment>| deadline.is_some_and(|deadline| deadline <= now);
        self.ledger.flow.on_timeout(now);
        if has_passed(self.loss_detection.deadline) {
            self.record_timeout(Timer::LossDetection);
            self.detect_losses(now);
            self.ledger.update_controller(now);
        }
        if has_passed(self.probe.deadline) {
            self.send_probe(now);
        }
    }

    fn listen(&mut self) {
        let base = self.segments.base;
        let next = base + self.segments.sent();
        self.ledger.listen(base, next, Vec::new());
    }

    fn take_events(&mut self) -> Vec<Event> {
        self.ledger.log.take()
    }
}

impl Sender {
    /// Ready to send the first window.
    #[must_use]
    pub fn new(parameters: ConnectionParameters, round_trip: RoundTrip) -> Self {
        Self {
            ledger: SenderLedger::new(parameters, round_trip),
            segments: Segments {
                base: parameters.first,
                queue: VecDeque::new(),
            },
            lost: VecDeque::new(),
            loss_detection: LossDetection::default(),
            probe: Probe::default(),
            receive_window: parameters.window,
        }
    }

    /// The next segment to retransmit, and which attempt this is.
    fn next_lost(&mut self) -> Option<(SequenceNumber, u8)> {
        while let Some(sequence) = self.lost.pop_front() {
            if let Some(segment) = self.segments.get_mut(sequence)
                && segment.state == SegmentState::Lost
            {
                return Some((sequence, next_attempt(segment.attempt)));
            }
        }
        None
    }

    /// The next segment to send for the first time, if the window has space for it.
    fn next_unsent(&mut self) -> Option<(SequenceNumber, u8)> {
        let sent = self.segments.sent();
        let sequence = self.segments.base + sent;
        if sequence == self.ledger.parameters.end() || sent >= self.send_window() {
            self.ledger.flow.mark_application_limited();
            return None;
        }
        Some((sequence, 1))
    }

    /// How many segments from `base` on may have been sent. At least one, because an ACK
    /// that was overtaken may have brought a zero window: the answer to one more segment
    /// brings the current one. (While the window really is zero, flow control asks this
    /// sender for no packet.)
    fn send_window(&self) -> u32 {
        let window = self.ledger.parameters.window;
        window.min(self.receive_window).max(1)
    }

    /// Marks one segment as acknowledged, and returns whether it was not before.
    /// `rtt_sample` is this ACK's, in microseconds.
    ///
    /// The sample is the age of the packet that the ACK echoes. A retransmission that is
    /// younger has most probably not arrived: an earlier transmission has, which was slow,
    /// not lost. Then the ACK says nothing about packets that left before the retransmission
    /// (RFC 8985 §6.2); it is no longer counted as in flight, although it still travels.
    fn mark_acknowledged(&mut self, ahead: u32, rtt_sample: u32, now: Moment) -> bool {
        let segment = &mut self.segments.queue[ahead as usize];
        match std::mem::replace(&mut segment.state, SegmentState::Acked) {
            SegmentState::Acked => return false,
            SegmentState::InFlight { order } => {
                let sent_at = segment.sent_packet.sent_at;
                let age = now.stamp().wrapping_sub(sent_at.stamp());
                if segment.attempt == 1 || age >= rtt_sample {
                    self.loss_detection.arrive(order);
                } else {
                    self.loss_detection.on_spurious_loss();
                }
                self.ledger.flow.deliver(&segment.sent_packet, now);
            }
            SegmentState::Lost => {
                self.loss_detection.on_spurious_loss();
                self.ledger.flow.deliver_late(&segment.sent_packet, now);
            }
        }
        true
    }

    /// Declares lost what the acknowledged packets show to be lost.
    fn detect_losses(&mut self, now: Moment) {
        let is_in_flight = |it: &Transmission| self.segments.is_in_flight(it);
        let round_trip = &self.ledger.round_trip;
        let lost = self.loss_detection.detect(is_in_flight, round_trip, now);
        for (transmission, trigger) in lost {
            self.declare_lost(transmission, trigger);
        }
    }

    /// A transmission is lost: its segment waits to be retransmitted.
    fn declare_lost(&mut self, transmission: Transmission, trigger: Trigger) {
        let sequence = transmission.sequence;
        if let Some(segment) = self.segments.get_mut(sequence) {
            segment.state = SegmentState::Lost;
            self.ledger.flow.declare_lost(&segment.sent_packet);
            self.ledger.record_loss(sequence, segment.attempt, trigger);
            self.lost.push_back(sequence);
        }
    }

    /// The timer expired: the earliest transmission in flight is declared lost, and the next
    /// packet is the probe. With a controller, the second expiry in a row declares everything
    /// in flight lost, which the controller takes for a timeout (RFC 5681 §3.1).
    ///
    /// **A departure from RFC 9002 §6.2**: there a probe timeout "MUST NOT" mark packets as
    /// lost. Sack marks the oldest one, because it remembers one transmission of a segment,
    /// and the probe replaces it. A controller counts one loss, which QUIC's would not.
    fn send_probe(&mut self, now: Moment) {
        // The event log's name for the probe timer, too. (`Timer::Probe` is that of the
        // window probes.)
        self.record_timeout(Timer::Retransmission);
        self.ledger.round_trip.back_off();
        self.probe.expiries = self.probe.expiries.saturating_add(1);
        self.probe.is_due = true;
        let is_all_lost = self.probe.expiries >= 2 && self.ledger.flow.is_controlled();
        loop {
            let segments = &self.segments;
            let is_in_flight = |it: &Transmission| segments.is_in_flight(it);
            let Some(oldest) = self.loss_detection.take_oldest(is_in_flight) else {
                break;
            };
            self.declare_lost(oldest, Trigger::Timeout);
            if !is_all_lost {
                break;
            }
        }
        if is_all_lost {
            self.ledger.flow.time_out(now);
        }
        self.ledger.update_controller(now);
        self.restart_probe_timer(now);
    }

    /// Every transmission, every ACK of something new and every expiry restarts the timer; it
    /// stops when everything is acknowledged. The probe timeout (RFC 9002 §6.2.1):
    ///
    /// ```text
    ///   RTO                     SRTT + 4 RTTVAR, at least 20 ms; 1 s before the first sample
    ///   + ACK delay             10 ms: the longest; the receiver shortens its own to RTT/8
    ///
    ///   window full             before an expiry, an RTO of at least 5 ms; the ACK delay
    ///                           at most SRTT/8, at least 1 ms
    ///   after each expiry       the RTO doubles, up to 1 s or twice the first, the longer;
    ///                           up to 7/20 more, out of step with others; never above 4 s
    /// ```
    ///
    /// "Window full" is a controller's, where nothing can leave before an ACK.
    fn restart_probe_timer(&mut self, now: Moment) {
        let round_trip = &self.ledger.round_trip;
        let delay = self.ledger.parameters.acknowledgement_delay;
        let flow = &self.ledger.flow;
        let probe_timeout = if flow.is_controlled() && !flow.has_congestion_space() {
            // The receiver delays no ACK for longer than this share of a round trip.
            let share = (round_trip.path().smoothed / 8).max(GRANULARITY);
            round_trip.full_window_timeout() + delay.min(share)
        } else {
            round_trip.timeout() + delay
        };
        let is_all_acknowledged = self.segments.queue.is_empty();
        self.probe.deadline = (!is_all_acknowledged).then(|| now + probe_timeout);
    }

    fn record_timeout(&mut self, timer: Timer) {
        self.ledger.log.record(|| Event::TimerExpired { timer });
    }
}

impl Segments {
    /// How many segments from `base` on were sent.
    fn sent(&self) -> u32 {
        u32::try_from(self.queue.len()).expect("a window is at most 8192 packets")
    }

    /// The segments that an ACK acknowledges: see [`rules::acknowledged`].
    fn acknowledged(
        &self,
        packet: &Packet,
        ack: &Acknowledgement,
    ) -> Option<(u32, Vec<Range<u32>>)> {
        let ranges = ack.ranges.iter().map(|range| range.start..range.end);
        rules::acknowledged(self.base, self.sent(), packet.sequence, ranges)
    }

    fn get_mut(&mut self, sequence: SequenceNumber) -> Option<&mut Segment> {
        self.queue.get_mut((sequence - self.base) as usize)
    }

    /// A segment was sent, for the first time or again.
    fn put(&mut self, sequence: SequenceNumber, segment: Segment) {
        match self.get_mut(sequence) {
            Some(earlier) => *earlier = segment,
            None => self.queue.push_back(segment),
        }
    }

    /// Whether this transmission is the latest of its segment, and neither acknowledged nor
    /// declared lost.
    fn is_in_flight(&self, transmission: &Transmission) -> bool {
        let order = transmission.order;
        let segment = self.queue.get((transmission.sequence - self.base) as usize);
        segment.is_some_and(|segment| segment.state == SegmentState::InFlight { order })
    }

    /// Moves `base` over the first `acked` segments.
    fn slide(&mut self, acked: u32) {
        self.queue.drain(..acked as usize);
        self.base = self.base + acked;
    }
}

impl SendingMachine for Sender {
    fn believes(&self, packet: &Packet, ack: &Acknowledgement) -> bool {
        self.segments.acknowledged(packet, ack).is_some()
    }

    fn is_finished(&self) -> bool {
        self.segments.base == self.ledger.parameters.end()
    }

    fn progress(&self) -> Progress {
        let window = self.ledger.flow.window().min(self.send_window());
        self.ledger.progress(self.segments.base, window)
    }

    fn may_send_early_fin(&self) -> bool {
        let next = self.segments.base + self.segments.sent();
        next == self.ledger.parameters.end()
            && self.lost.is_empty()
            && self.ledger.flow.is_controlled()
            && self.ledger.flow.has_congestion_space()
    }

    fn restart(&mut self, now: Moment) {
        self.ledger.restart(now);
        self.ledger.round_trip.recover();
        self.probe.expiries = 0;
        self.restart_probe_timer(now);
    }
}

#[cfg(test)]
mod tests;
