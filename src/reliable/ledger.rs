//! The records of every sender and every receiver of any protocol.
//!
//! A sender has the connection parameters, the round-trip estimate and its counters; a
//! receiver has the parameters, its counters and the echo of the next ACK. The protocols
//! differ in the choice of the next packet; this module makes and counts packets for all
//! of them.
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
    /// The round-trip estimate.
    pub round_trip: RoundTrip,
    /// The packets in flight, and the pacer.
    pub flow: Flow,
    /// The events.
    pub log: EventLog,
    sent_packets: u64,
    resent_packets: u64,
}

impl SenderLedger {
    /// A new sender.
    #[must_use]
    pub fn new(parameters: ConnectionParameters, round_trip: RoundTrip) -> Self {
        let log = EventLog::new(parameters.listening);
        let mut flow = Flow::new(parameters.congestion, parameters.window);
        flow.start(parameters.segments(), &round_trip);
        Self {
            parameters,
            round_trip,
            flow,
            log,
            sent_packets: 0,
            resent_packets: 0,
        }
    }

    /// Records events from now on. Segments before `base` are acknowledged, segments
    /// before `next` were sent, and `ranges` are acknowledged beyond `base`.
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

    /// Measures a round-trip time by the time stamp that an ACK echoes.
    pub fn measure(&mut self, ack: &Acknowledgement, now: Moment) {
        if self.round_trip.sample_echo(ack.echo, now) {
            let event = self.round_trip.event();
            self.log.record(|| event);
        }
    }

    /// Reports to the controller what the current ACK or timer has shown.
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

    /// Records that a packet was ignored.
    pub fn ignore(&mut self, packet: &Packet, why: Ignored) {
        self.log.record(|| Event::ignored(packet, why));
    }

    /// Records that a transmission is declared lost.
    pub fn record_loss(
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

    /// The retransmission timer expired for this transmission: it is lost, and the next
    /// timeout is twice as long.
    pub fn time_out(&mut self, sequence: SequenceNumber, attempt: u8) {
        let timer = Timer::Retransmission;
        self.log.record(|| Event::TimerExpired { timer });
        self.record_loss(sequence, attempt, Trigger::Timeout);
        self.round_trip.back_off();
    }

    /// The counters, together with the progress of the receiver and the window.
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
    /// The receive window: the number of segments from the next expected one on.
    receive_window: u32,
    /// One after the last segment that any ACK has permitted (RFC 9293 §3.3.1: RCV.NXT +
    /// RCV.WND, which should not move back).
    window_end: SequenceNumber,
    /// `sent_at` of the newest DATA, and its arrival.
    newest: Option<(u32, Moment)>,
    /// The time when corruption was last reported.
    damage_reported_at: Option<Moment>,
}

/// The answer that is due. If both are due, a NACK replaces the ACK.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AckKind {
    /// An ACK: these segments have arrived.
    Ack,
    /// A NACK: the same, and a segment is newly missing or corrupt.
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

    /// Records events from now on; all segments before `next_expected` have arrived.
    pub fn listen(&mut self, next_expected: SequenceNumber) {
        self.log.listen();
        self.log.record(|| {
            self.parameters
                .listening_begun(next_expected, next_expected, Vec::new())
        });
    }

    /// Checks and counts an arrival; `None` if it is no DATA of this file.
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

    /// Whether this packet is a window probe: see [`flow_control`]. It does not count as
    /// an arrival; its time stamp is echoed.
    pub fn is_window_probe(&mut self, packet: &Packet, now: Moment) -> bool {
        let is_window_probe = flow_control::is_window_probe(packet);
        if is_window_probe {
            self.newest = Some((packet.sent_at, now));
        }
        is_window_probe
    }

    /// Sets the receive window; returns the ACK that is due at once, if any. Before any
    /// DATA has arrived there is no time stamp to echo.
    pub fn set_receive_window(&mut self, segments: u32) -> Option<AckKind> {
        let was_closed = self.receive_window == 0;
        self.receive_window = segments;
        let is_turned = was_closed != (segments == 0);
        (is_turned && self.newest.is_some()).then_some(AckKind::Ack)
    }

    /// How many segments from `next_expected` on ACKs have permitted: never more than N.
    #[must_use]
    pub fn permitted(&self, next_expected: SequenceNumber) -> u32 {
        self.window_end - next_expected
    }

    fn ignore(&mut self, packet: &Packet, why: Ignored) {
        self.log.record(|| Event::ignored(packet, why));
    }

    /// Whether to report corruption: at most once in the shortest timeout (20 ms), and never
    /// before DATA has arrived, because there would be no time stamp to echo.
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
    /// Its echo is the newest DATA's time stamp plus the delay at this receiver, so that
    /// the sender measures the path alone.
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

    /// The numbers of DATA packets and of retransmissions that arrived.
    #[must_use]
    pub const fn arrivals(&self) -> (u64, u64) {
        (self.arrived, self.retransmissions)
    }
}

/// A time stamp plus the delay at this receiver, so that the echo measures the path
/// alone.
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
