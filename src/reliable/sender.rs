//! The generic sender: drives any textbook protocol over real packets and real time.
//!
//! The protocol says `send n`, `start timer`, `stop timer`. Everything else is here,
//! once: packets and their attempts, the clock, the round-trip estimate, what is in
//! flight, the congestion controller, flow control and the event log.
//!
//! ```text
//!   poll_transmit --> data from above --.              .--> send n ------> waiting queue
//!   on_packet ----> ACK n --------------+-> protocol --+--> start timer -> timers
//!   on_timeout ---> timeout ------------'              '--> stop timer --> timers
//!
//!   waiting queue --(window and pacing allow it)--> DATA n leaves, its timer counts
//! ```
//!
//! With the fixed window a segment leaves at once. With a controller it waits in the
//! queue until the congestion window has space for it. A timer counts from the moment when
//! its segment leaves.
//!
//! ```
//! use sash::reliable::{Machine, go_back_n, moment::Moment, round_trip::RoundTrip};
//! use sash::reliable::{sender::Sender, connection_parameters::ConnectionParameters};
//! let protocol = go_back_n::Sender::new(ConnectionParameters::EXAMPLE.window); // A window of 4.
//! let round_trip = RoundTrip::timed(ConnectionParameters::EXAMPLE.timing);
//! let mut sender = Sender::new(Box::new(protocol), ConnectionParameters::EXAMPLE, round_trip);
//! let sent = std::iter::from_fn(|| sender.poll_transmit(Moment::START));
//! let numbers: Vec<_> = sent.map(|transmit| transmit.packet.number).collect();
//! assert_eq!(numbers, [0, 1, 2, 3]);
//! ```
//!
//! Source: Kurose & Ross §3.4; RFC 6298 §5 (the timer), RFC 9293 §3.8.6 (flow control).

mod timers;

use super::connection_parameters::{ConnectionParameters, next_attempt};
use super::event::{Event, Ignored, Trigger};
use super::flow::SentPacket;
use super::ledger::SenderLedger;
use super::moment::Moment;
use super::protocol::Timer;
use super::protocol::{Acks, SegmentNumber, SenderAction, SenderActions, SenderProtocol};
use super::round_trip::RoundTrip;
use super::{Machine, SendingMachine, Transmit, earliest};
use crate::wire::message::Progress;
use crate::wire::packet::{Acknowledgement, Body, Packet};
use crate::wire::sequence::SequenceNumber;
use std::collections::{BTreeSet, VecDeque};
use timers::Timers;

/// The sender of a transfer by a textbook protocol.
#[derive(Debug)]
pub struct Sender {
    protocol: Box<dyn SenderProtocol>,
    ledger: SenderLedger,
    /// The oldest segment that is not acknowledged.
    base: SegmentNumber,
    /// Each segment from `base` on that the protocol has sent.
    segments: VecDeque<Segment>,
    /// The segments that the protocol has sent and that have not left yet: the lowest
    /// number leaves first.
    waiting: BTreeSet<SegmentNumber>,
    timers: Timers,
    /// The time when a timeout last doubled the RTO.
    backed_off_at: Option<Moment>,
    receive_window: ReceiveWindow,
}

/// A segment that the protocol has sent.
#[derive(Debug, Clone, Copy)]
struct Segment {
    /// The number of its transmissions.
    attempt: u8,
    /// Its latest transmission, if it has left.
    sent_packet: Option<SentPacket>,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// It waits to leave, for the first time or again.
    Waiting,
    InFlight,
    Acknowledged,
}

/// The number of an ACK that acknowledges nothing, but repeats the receive window.
const NOTHING: SegmentNumber = -1;

/// The flow-control content of the newest ACK.
#[derive(Debug, Clone, Copy)]
struct ReceiveWindow {
    /// The next segment that the receiver expected.
    next_expected: SegmentNumber,
    /// The number of segments from there on that it can buffer.
    segments: u32,
}

impl Sender {
    /// Ready to send the first segment.
    #[must_use]
    pub fn new(
        protocol: Box<dyn SenderProtocol>,
        parameters: ConnectionParameters,
        round_trip: RoundTrip,
    ) -> Self {
        Self {
            protocol,
            ledger: SenderLedger::new(parameters, round_trip),
            base: 0,
            segments: VecDeque::new(),
            waiting: BTreeSet::new(),
            timers: Timers::default(),
            backed_off_at: None,
            receive_window: ReceiveWindow {
                next_expected: 0,
                segments: parameters.window,
            },
        }
    }

    /// The next segment that was never sent.
    fn next_sequence_number(&self) -> SegmentNumber {
        let sent = SegmentNumber::try_from(self.segments.len());
        self.base + sent.expect("a window is at most 8192 packets")
    }

    fn segment_mut(&mut self, number: SegmentNumber) -> Option<&mut Segment> {
        let offset = usize::try_from(number - self.base).ok()?;
        self.segments.get_mut(offset)
    }

    fn segment(&self, number: SegmentNumber) -> Option<&Segment> {
        let offset = usize::try_from(number - self.base).ok()?;
        self.segments.get(offset)
    }

    fn sequence(&self, number: SegmentNumber) -> SequenceNumber {
        self.ledger.parameters.first + u32::try_from(number).unwrap_or_default()
    }

    /// Carries out the actions of the protocol.
    fn perform(&mut self, mut actions: SenderActions, now: Moment) {
        for action in actions.take() {
            match action {
                SenderAction::Send(number) => self.enqueue(number, now),
                SenderAction::StartTimer(timer) => self.start_timer(timer, now),
                SenderAction::StopTimer(timer) => self.timers.stop(timer),
            }
        }
    }

    /// Puts a segment into the waiting queue. One that is in flight is considered lost:
    /// the protocol would not send it again otherwise.
    fn enqueue(&mut self, number: SegmentNumber, now: Moment) {
        if number == self.next_sequence_number() {
            self.segments.push_back(Segment {
                attempt: 0,
                sent_packet: None,
                state: State::Waiting,
            });
            self.waiting.insert(number);
            return;
        }
        let Some(segment) = self.segment_mut(number) else {
            return;
        };
        if segment.state == State::InFlight {
            segment.state = State::Waiting;
            if let Some(sent_packet) = segment.sent_packet {
                self.ledger.flow.declare_lost(&sent_packet);
            }
            self.waiting.insert(number);
            self.restart_timers_of(number, now);
        }
    }

    /// Starts a timer. It counts once its segment, the oldest one for the only timer, is
    /// in flight.
    fn start_timer(&mut self, timer: Timer, now: Moment) {
        let number = self.segment_of(timer);
        let in_flight = self
            .segment(number)
            .filter(|segment| segment.state == State::InFlight);
        let sent_at = in_flight.and_then(|segment| segment.sent_packet);
        let round_trip = &self.ledger.round_trip;
        let deadline =
            sent_at.map(|sent_packet| round_trip.deadline(sent_packet.sent_at, now));
        self.timers.start(timer, deadline);
    }

    /// Segment `number` has left, or waits to leave again: its timers start to count, or
    /// pause.
    fn restart_timers_of(&mut self, number: SegmentNumber, now: Moment) {
        for timer in [Timer::Only, Timer::Of(number)] {
            if self.segment_of(timer) == number && self.timers.is_running(timer) {
                self.start_timer(timer, now);
            }
        }
    }

    const fn segment_of(&self, timer: Timer) -> SegmentNumber {
        match timer {
            Timer::Only => self.base,
            Timer::Of(number) => number,
        }
    }

    /// The next segment to leave, if flow control allows one: a waiting one, or else one
    /// that the protocol accepts from above.
    fn next_to_leave(&mut self, now: Moment) -> Option<SegmentNumber> {
        let limit = self.receive_window.limit(self.base);
        let fresh = self.next_sequence_number();
        let number = self.waiting.first().copied().unwrap_or(fresh);
        if number >= limit {
            return None;
        }
        if number == fresh && fresh < i64::from(self.ledger.parameters.segments()) {
            let mut actions = SenderActions::default();
            self.protocol.on_data_from_above(&mut actions);
            self.perform(actions, now);
        }
        self.waiting.pop_first()
    }

    /// The n of this ACK n; `None` if it acknowledges a segment that was never sent.
    fn acknowledged(
        &self,
        packet: &Packet,
        ack: &Acknowledgement,
    ) -> Option<SegmentNumber> {
        let parameters = &self.ledger.parameters;
        let next_expected = i64::from(parameters.index(packet.sequence));
        let number = match (self.protocol.acks(), &ack.ranges[..]) {
            (Acks::Cumulative, []) => next_expected - 1,
            (Acks::Individual, []) => NOTHING,
            (Acks::Individual, [range]) if range.end == range.start + 1 => {
                i64::from(parameters.index(range.start))
            }
            (Acks::Individual | Acks::Cumulative, _) => return None,
        };
        let end = self.next_sequence_number();
        (next_expected <= end && number < end).then_some(number)
    }

    /// Marks the segments that ACK `number` acknowledges; returns whether any is new.
    fn mark_acknowledged(&mut self, number: SegmentNumber, now: Moment) -> bool {
        let first = match self.protocol.acks() {
            Acks::Cumulative => self.base,
            Acks::Individual => number,
        };
        let mut is_news = false;
        for number in first.max(self.base)..=number {
            let Some(segment) = self.segment_mut(number) else {
                continue;
            };
            let state = std::mem::replace(&mut segment.state, State::Acknowledged);
            let sent_packet = segment.sent_packet;
            is_news |= state != State::Acknowledged;
            self.waiting.remove(&number);
            match (state, sent_packet) {
                (State::InFlight, Some(sent_packet)) => {
                    self.ledger.flow.deliver(&sent_packet, now);
                }
                (State::Waiting, Some(sent_packet)) => {
                    self.ledger.flow.deliver_late(&sent_packet, now);
                }
                (State::Acknowledged, _) | (_, None) => {}
            }
        }
        while let Some(oldest) = self.segments.front()
            && oldest.state == State::Acknowledged
        {
            self.segments.pop_front();
            self.base += 1;
        }
        is_news
    }

    /// A timer has expired. The RTO doubles once for all segments that were in flight
    /// together, however many timers they have.
    fn expire(&mut self, timer: Timer, now: Moment) {
        self.timers.stop(timer);
        let number = self.segment_of(timer);
        let Some(&Segment {
            attempt,
            sent_packet,
            ..
        }) = self.segment(number)
        else {
            return;
        };
        let (sent_at, backed_off_at) =
            (sent_packet.map(|it| it.sent_at), self.backed_off_at);
        let is_first = backed_off_at.is_none() || sent_at >= backed_off_at;
        self.ledger.log.record(|| Event::TimerExpired {
            timer: super::event::Timer::Retransmission,
        });
        let sequence = self.sequence(number);
        self.ledger.record_loss(sequence, attempt, Trigger::Timeout);
        if is_first {
            self.ledger.round_trip.back_off();
            self.backed_off_at = Some(now);
        }
        let mut actions = SenderActions::default();
        self.protocol.on_timeout(timer, &mut actions);
        self.perform(actions, now);
        if is_first {
            self.ledger.flow.time_out(now);
        }
        self.ledger.update_controller(now);
    }
}

impl ReceiveWindow {
    /// The first segment for which the receiver has no space. A zero window lets one
    /// segment pass, as a window probe.
    fn limit(self, base: SegmentNumber) -> SegmentNumber {
        let limit = self.next_expected + i64::from(self.segments);
        limit.max(base + 1)
    }

    /// Takes the window from a newer ACK; an ACK that was overtaken changes nothing.
    fn update(&mut self, next_expected: SegmentNumber, segments: u32) {
        if next_expected >= self.next_expected {
            *self = Self {
                next_expected,
                segments,
            };
        }
    }
}

impl Machine for Sender {
    fn poll_transmit(&mut self, now: Moment) -> Option<Transmit> {
        if !self.ledger.flow.may_send(now) {
            return None;
        }
        let Some(number) = self.next_to_leave(now) else {
            self.ledger.flow.mark_application_limited();
            return None;
        };
        let sent_packet = self.ledger.flow.send(now);
        let segment = self.segment_mut(number)?;
        segment.attempt = next_attempt(segment.attempt);
        segment.sent_packet = Some(sent_packet);
        segment.state = State::InFlight;
        let attempt = segment.attempt;
        self.restart_timers_of(number, now);
        Some(self.ledger.data(self.sequence(number), attempt, now))
    }

    fn on_packet(&mut self, packet: &Packet, now: Moment) {
        let (Body::Ack(ack) | Body::Nack(ack)) = &packet.body else {
            return;
        };
        let Some(number) = self.acknowledged(packet, ack) else {
            return self.ledger.ignore(packet, Ignored::ImpossibleAck);
        };
        let next_expected = i64::from(self.ledger.parameters.index(packet.sequence));
        self.receive_window.update(next_expected, ack.window);
        self.ledger.measure(ack, now);
        if let Body::Nack(_) = packet.body {
            self.ledger.flow.nack(now); // Only the controller listens to a NACK.
        }
        if self.mark_acknowledged(number, now) {
            self.ledger.round_trip.recover();
        }
        let mut actions = SenderActions::default();
        self.protocol.on_ack(number, &mut actions);
        self.perform(actions, now);
        self.ledger.update_controller(now);
    }

    fn next_timeout(&self) -> Option<Moment> {
        earliest([self.timers.next(), self.ledger.flow.next_timeout()])
    }

    fn on_timeout(&mut self, now: Moment) {
        self.ledger.flow.on_timeout(now);
        while let Some(timer) = self.timers.expired(now) {
            self.expire(timer, now);
        }
    }

    fn listen(&mut self) {
        let (base, next) = (self.base, self.next_sequence_number());
        let is_acknowledged = |number: &SegmentNumber| {
            self.segment(*number)
                .is_some_and(|segment| segment.state == State::Acknowledged)
        };
        let numbers = (base..next).filter(is_acknowledged);
        let ranges: Vec<_> = numbers
            .filter_map(|number| u32::try_from(number).ok())
            .map(|number| [number, number])
            .collect();
        let [base, next] = [base, next].map(|number| self.sequence(number));
        self.ledger.listen(base, next, ranges);
    }

    fn take_events(&mut self) -> Vec<Event> {
        self.ledger.log.take()
    }
}

impl SendingMachine for Sender {
    fn believes(&self, packet: &Packet, ack: &Acknowledgement) -> bool {
        self.acknowledged(packet, ack).is_some()
    }

    fn is_finished(&self) -> bool {
        self.base == i64::from(self.ledger.parameters.segments())
    }

    fn progress(&self) -> Progress {
        let room = self.receive_window.segments.max(1);
        let window = self.ledger.flow.window().min(room);
        self.ledger.progress(self.sequence(self.base), window)
    }

    fn restart(&mut self, now: Moment) {
        self.ledger.restart(now);
    }
}
