//! The records of every sender and every receiver of any protocol.
//!
//! A sender: the terms, the round-trip estimate, how much it sent. A receiver: the terms,
//! how much arrived, and what the next ACK must echo. The protocols differ in which
//! packet goes next; how a packet is made and counted is the same for all three and
//! stands here.
//!
//! ```
//! use sash::reliable::connection_parameters::ConnectionParameters;
//! use sash::reliable::{ledger::ReceiverLedger, moment::Moment};
//! let parameters = ConnectionParameters::EXAMPLE;
//! let mut ledger = ReceiverLedger::new(parameters);
//! let data = parameters.data(parameters.first, 1, Moment::START).packet;
//! assert_eq!(ledger.arrive(&data, Moment::START), Some(parameters.first));
//! assert_eq!(ledger.arrivals(), (1, 0));
//! ```
//!
//! Source: Kurose & Ross §3.4; RFC 7323 §3 (what an ACK echoes).

use super::Transmit;
use super::connection_parameters::ConnectionParameters;
use super::event::{Event, EventLog, Ignored, Timer, Trigger, microseconds};
use super::flow::Flow;
use super::flow_control;
use super::moment::Moment;
use super::round_trip::RoundTrip;
use crate::wire::message::Progress;
use crate::wire::packet::{Acknowledgement, Body, Packet, SequenceRange};
use crate::wire::sequence::SequenceNumber;
use std::time::Duration;

/// The records of every sender.
#[derive(Debug)]
pub struct SenderLedger {
    /// The connection parameters.
    pub parameters: ConnectionParameters,
    /// How long an ACK takes.
    pub round_trip: RoundTrip,
    /// How much is in flight, and when the next packet may leave.
    pub flow: Flow,
    /// The events.
    pub log: EventLog,
    sent_packets: u64,
    resent_packets: u64,
}

impl SenderLedger {
    /// Nothing was sent yet.
    #[must_use]
    pub fn new(parameters: ConnectionParameters, round_trip: RoundTrip) -> Self {
        let log = EventLog::new(parameters.listening);
        let mut flow = Flow::new(parameters.congestion, parameters.window);
        flow.start(&round_trip);
        Self {
            parameters,
            round_trip,
            flow,
            log,
            sent_packets: 0,
            resent_packets: 0,
        }
    }

    /// Somebody listens from now on, when all up to `base` is acknowledged and all up to
    /// `next` was sent; `ranges`: what is acknowledged beyond `base`.
    pub fn listen(
        &mut self,
        base: SequenceNumber,
        next: SequenceNumber,
        ranges: Vec<[u32; 2]>,
    ) {
        self.log.listen();
        self.log
            .record(|| self.parameters.listening_begun(base, next, ranges));
    }

    /// Makes and counts a DATA packet.
    pub fn data(
        &mut self,
        sequence: SequenceNumber,
        attempt: u8,
        now: Moment,
    ) -> Transmit {
        self.sent_packets += 1;
        self.resent_packets += u64::from(attempt != 1);
        self.parameters.data(sequence, attempt, now)
    }

    /// Measures a round trip by the time stamp that an ACK echoed.
    pub fn measure(&mut self, ack: &Acknowledgement, now: Moment) {
        if self.round_trip.sample_echo(ack.echo, now) {
            let event = self.round_trip.event();
            self.log.record(|| event);
        }
    }

    /// Tells the controller what the ACK or timer at hand has shown.
    pub fn update_controller(&mut self, now: Moment) {
        self.flow.update_controller(&self.round_trip, now);
        if self.log.is_listening()
            && let Some(event) = self.flow.event()
        {
            self.log.record(|| event);
        }
    }

    /// The sender begins again after a pause.
    pub fn restart(&mut self, now: Moment) {
        self.flow.restart(&self.round_trip, now);
        self.update_controller(now);
    }

    /// Records that a packet was not believed.
    pub fn ignore(&mut self, packet: &Packet, why: Ignored) {
        self.log.record(|| Event::ignored(packet, why));
    }

    /// Records that a transmission is declared lost.
    pub fn declare_lost(
        &mut self,
        sequence: SequenceNumber,
        attempt: u8,
        trigger: Trigger,
    ) {
        let number = self.parameters.index(sequence);
        self.log.record(|| Event::PacketLost {
            number,
            attempt,
            trigger,
        });
    }

    /// The retransmission timer ran out for this sending: it is lost, and the next wait
    /// is twice as long.
    pub fn time_out(&mut self, sequence: SequenceNumber, attempt: u8) {
        let timer = Timer::Retransmission;
        self.log.record(|| Event::TimerExpired { timer });
        self.declare_lost(sequence, attempt, Trigger::Timeout);
        self.round_trip.back_off();
    }

    /// The figures, given how far the receiver has come and the window in force.
    #[must_use]
    pub fn progress(&self, base: SequenceNumber, window: u32) -> Progress {
        Progress {
            sent_packets: self.sent_packets,
            resent_packets: self.resent_packets,
            acked_bytes: self.parameters.bytes_before(base),
            cwnd: window,
            srtt_us: microseconds(self.round_trip.smoothed().unwrap_or_default()),
            rto_us: microseconds(self.round_trip.timeout()),
        }
    }
}

/// The records of every receiver.
#[derive(Debug)]
pub struct ReceiverLedger {
    /// The connection parameters.
    pub parameters: ConnectionParameters,
    /// The events.
    pub log: EventLog,
    arrived: u64,
    retransmissions: u64,
    /// ACK 0 is the handshake's.
    next_ack: u32,
    next_nack: u32,
    /// How many segments there is room for, from the next wanted on.
    receive_window: u32,
    /// One after the furthest segment that some ACK has promised to take (RFC 9293
    /// §3.3.1: RCV.NXT + RCV.WND, which should not move back).
    window_end: SequenceNumber,
    /// `sent_at` of the newest DATA, and when it came.
    newest: Option<(u32, Moment)>,
    /// When corruption was last reported.
    damage_reported_at: Option<Moment>,
}

/// Which of the two answers is due; where both are, a NACK says all that an ACK would.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AckKind {
    /// This much has arrived.
    Ack,
    /// The same, and something is newly missing or damaged.
    Nack,
}

impl ReceiverLedger {
    /// Nothing has arrived yet.
    #[must_use]
    pub fn new(parameters: ConnectionParameters) -> Self {
        let log = EventLog::new(parameters.listening);
        let (arrived, retransmissions) = (0, 0);
        Self {
            parameters,
            log,
            receive_window: parameters.window,
            window_end: parameters.first + parameters.window,
            arrived,
            retransmissions,
            next_ack: 1,
            next_nack: 0,
            newest: None,
            damage_reported_at: None,
        }
    }

    /// Somebody listens from now on, when all up to `next_expected` has arrived.
    pub fn listen(&mut self, next_expected: SequenceNumber) {
        self.log.listen();
        self.log.record(|| {
            self.parameters
                .listening_begun(next_expected, next_expected, Vec::new())
        });
    }

    /// Checks and counts an arrival; `None` where it is no DATA of this file.
    pub fn arrive(&mut self, packet: &Packet, now: Moment) -> Option<SequenceNumber> {
        let Body::Data { length } = packet.body else {
            self.ignore(packet, Ignored::OutOfPlace);
            return None;
        };
        if !self.parameters.is_ours(packet, length) {
            self.ignore(packet, Ignored::OutsideTheFile);
            return None;
        }
        self.arrived += 1;
        self.retransmissions += u64::from(packet.attempt != 1);
        self.newest = Some((packet.sent_at, now));
        Some(packet.sequence)
    }

    /// Whether this packet only asks for an ACK: see [`flow_control`]. It is not
    /// counted as an arrival; its time stamp is echoed.
    pub fn is_probe(&mut self, packet: &Packet, now: Moment) -> bool {
        let is_probe = flow_control::is_probe(packet);
        if is_probe {
            self.newest = Some((packet.sent_at, now));
        }
        is_probe
    }

    /// There is room for this many segments; the ACK that is due at once, if any. Before
    /// any DATA has come there would be no time stamp to echo.
    pub fn set_receive_window(&mut self, segments: u32) -> Option<AckKind> {
        let was_closed = self.receive_window == 0;
        self.receive_window = segments;
        let is_turned = was_closed != (segments == 0);
        (is_turned && self.newest.is_some()).then_some(AckKind::Ack)
    }

    /// Whether `sequence`, not before `next_expected`, is one that was promised to be
    /// taken.
    #[must_use]
    pub fn is_promised(
        &self,
        sequence: SequenceNumber,
        next_expected: SequenceNumber,
    ) -> bool {
        sequence - next_expected < self.window_end - next_expected
    }

    fn ignore(&mut self, packet: &Packet, why: Ignored) {
        self.log.record(|| Event::ignored(packet, why));
    }

    /// Whether to report corruption: about once per round trip, for which the timeout
    /// stands here, as a receiver measures none; and never before any DATA has
    /// come, as there would be no time stamp to echo.
    pub fn should_report_damage(&mut self, now: Moment) -> bool {
        let is_too_soon = self
            .damage_reported_at
            .is_some_and(|told| now < told + self.parameters.timing.least());
        let is_told = self.newest.is_some() && !is_too_soon;
        if is_told {
            self.damage_reported_at = Some(now);
        }
        is_told
    }

    /// Makes an ACK or NACK.
    ///
    /// Its echo is the newest DATA's time stamp moved on by the time it was held here, so
    /// that the sender measures the path and not our patience.
    #[expect(clippy::cast_possible_truncation, reason = "the counter wraps")]
    pub fn answer(
        &mut self,
        answer: AckKind,
        next_expected: SequenceNumber,
        ranges: Vec<SequenceRange>,
        now: Moment,
    ) -> Transmit {
        let echo = self
            .newest
            .map_or(0, |(sent_at, came)| moved_on(sent_at, now - came));
        let (window, received) = (
            self.receive_window.min(self.parameters.window),
            self.arrived as u32,
        );
        if self.window_end.precedes(next_expected + window) {
            self.window_end = next_expected + window;
        }
        let body = Acknowledgement {
            echo,
            window,
            received,
            ranges,
        };
        let (counter, body) = match answer {
            AckKind::Ack => (&mut self.next_ack, Body::Ack(body)),
            AckKind::Nack => (&mut self.next_nack, Body::Nack(body)),
        };
        let number = *counter;
        *counter = counter.wrapping_add(1);
        let token = self.parameters.token;
        let mut transmit = Transmit::control(token, 1, next_expected, body, now);
        transmit.packet.number = number;
        transmit
    }

    /// DATA packets that arrived, and those among them that were resends.
    #[must_use]
    pub const fn arrivals(&self) -> (u64, u64) {
        (self.arrived, self.retransmissions)
    }
}

/// A time stamp moved on by the time it was held here, so that who reads the echo
/// measures the path and not our patience.
#[must_use]
#[expect(
    clippy::cast_possible_truncation,
    reason = "a time stamp wraps on purpose"
)]
pub fn moved_on(sent_packet: u32, held: Duration) -> u32 {
    sent_packet.wrapping_add(microseconds(held) as u32)
}

#[cfg(test)]
mod tests {
    use super::super::script::measured;
    use super::*;

    #[test]
    fn transmissions_and_retransmissions_are_counted_at_both_ends() {
        let parameters = ConnectionParameters::EXAMPLE;
        let mut sender = SenderLedger::new(parameters, measured());
        let mut receiver = ReceiverLedger::new(parameters);
        for attempt in [1, 2, 3] {
            let sent = sender.data(parameters.first, attempt, Moment::START);
            receiver.arrive(&sent.packet, Moment::START);
        }
        let progress = sender.progress(parameters.first, 4);
        assert_eq!((progress.sent_packets, progress.resent_packets), (3, 2));
        assert_eq!(receiver.arrivals(), (3, 2));
    }
}
