//! Counts packets in flight, measures the delivery rate, and paces the next packet.
//!
//! Every sender counts its packets here, whatever its protocol and whatever its
//! controller; the controller receives the counts and answers with a window and a rate.
//!
//! ```text
//!   delivered  at the send     |----- a round trip -----|  at the ACK
//!                  12                                         40
//!   delivery rate = (40 - 12) / max(time between the two sends, between the two ACKs)
//! ```
//!
//! The pacer releases packets at the controller's rate, a quantum of [`QUANTUM`] at a
//! time, so that a thread does not wake for every packet. It does not pace `fixed`.
//!
//! ```
//! use sash::reliable::{flow::Flow, moment::Moment};
//! use sash::wire::options::Congestion;
//! let mut flow = Flow::new(Congestion::Fixed, 2);
//! let sent_packet = flow.send(Moment::START);
//! flow.send(Moment::START);
//! assert!(!flow.has_congestion_space());
//! flow.deliver(&sent_packet, Moment::START);
//! assert!(flow.has_congestion_space());
//! ```
//!
//! Source: draft-cheng-iccrg-delivery-rate-estimation; RFC 9002 §7.7 (pacing).

mod pacer;

pub use pacer::{CATCH_UP, QUANTUM};

use super::congestion::{Acked, Controller, Lost, PathTime, Signal, controller};
use super::event::Event;
use super::moment::Moment;
use super::round_trip::RoundTrip;
use crate::wire::options::Congestion;
use pacer::{Credit, Pacer};

/// The flow of one sender.
#[derive(Debug)]
pub struct Flow {
    controller: Box<dyn Controller>,
    is_controlled: bool,
    /// The length of the file.
    segments: u32,
    pacer: Pacer,
    in_flight: u32,
    /// The number of packets delivered, and the time of the last delivery.
    delivered: u64,
    delivered_at: Moment,
    /// The transmission time of the packet acknowledged last, for the sending rate.
    first_sent_at: Moment,
    last_sent_at: Moment,
    lost: u64,
    /// Packets sent up to this count of deliveries are application-limited.
    application_limited_until: u64,
    /// Whether the window was full before the current ACK or timer.
    was_full: bool,
    /// The time since when the window has had space.
    window_space_since: Moment,
    /// The packets that the current ACK has acknowledged so far.
    news: Option<NewlyAcknowledged>,
    /// The packets declared lost so far at the current ACK or timer.
    losses: Option<NewlyLost>,
    /// The last reported window.
    reported: Option<ReportedWindow>,
}

/// The counters at the transmission of a packet.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SentPacket {
    /// The time of transmission.
    pub sent_at: Moment,
    delivered: u64,
    delivered_at: Moment,
    first_sent_at: Moment,
    lost: u64,
    in_flight: u32,
    is_application_limited: bool,
}

#[derive(Debug, Clone, Copy)]
struct NewlyAcknowledged {
    packets: u32,
    newest: SentPacket,
}

#[derive(Debug, Clone, Copy)]
struct NewlyLost {
    packets: u32,
    newest: SentPacket,
    oldest_sent_at: Moment,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct ReportedWindow {
    window: u32,
    phase: &'static str,
}

impl Flow {
    /// A new flow whose window will never exceed `most`.
    #[must_use]
    pub fn new(congestion: Congestion, most: u32) -> Self {
        Self {
            controller: controller(congestion, most),
            is_controlled: congestion != Congestion::Fixed,
            segments: u32::MAX,
            pacer: Pacer::default(),
            in_flight: 0,
            delivered: 0,
            delivered_at: Moment::START,
            first_sent_at: Moment::START,
            last_sent_at: Moment::START,
            lost: 0,
            application_limited_until: 0,
            was_full: false,
            window_space_since: Moment::START,
            news: None,
            losses: None,
            reported: None,
        }
    }

    /// The transfer of this many segments begins.
    pub fn start(&mut self, segments: u32, round_trip: &RoundTrip) {
        self.segments = segments;
        self.controller.on_start(segments, round_trip.smoothed());
    }

    /// Whether one more packet may leave, by window and pacing.
    #[must_use]
    pub fn may_send(&self, now: Moment) -> bool {
        self.has_congestion_space() && self.pacer.is_due(now)
    }

    /// Whether the window has space for one more packet.
    ///
    /// Until something is lost it has, whatever its size, if the file is small for the
    /// controller: to send the last packets takes less time than the round trip that they
    /// would wait.
    #[must_use]
    pub fn has_congestion_space(&self) -> bool {
        let is_first_flight =
            self.lost == 0 && self.segments <= self.controller.small_file();
        is_first_flight || !self.is_full()
    }

    fn is_full(&self) -> bool {
        self.in_flight >= self.window()
    }

    /// The congestion window.
    #[must_use]
    pub fn window(&self) -> u32 {
        self.controller.window().max(1)
    }

    /// Packets in flight.
    #[must_use]
    pub const fn in_flight(&self) -> u32 {
        self.in_flight
    }

    /// The time when the pacer lets the next packet leave, if the window has space for
    /// it.
    #[must_use]
    pub fn next_timeout(&self) -> Option<Moment> {
        let pacing = self.pacer.next_timeout();
        pacing.filter(|_| self.has_congestion_space())
    }

    /// Time has passed.
    pub fn on_timeout(&mut self, now: Moment) {
        self.pacer.on_timeout(now);
    }

    /// Whether a controller changes the window.
    #[must_use]
    pub const fn is_controlled(&self) -> bool {
        self.is_controlled
    }

    /// Counts a packet that leaves; the caller keeps the result with the packet.
    pub fn send(&mut self, now: Moment) -> SentPacket {
        if self.in_flight == 0 {
            self.first_sent_at = now;
            self.delivered_at = now;
        }
        self.in_flight += 1;
        self.last_sent_at = now;
        if let Some(rate) = self.controller.pacing_rate()
            && self.pacer.send(rate, now, self.window_space_since) == Credit::Lost
            && self.window_space_since + CATCH_UP <= now
        {
            // Its thread was late: neither the path nor the window has slowed the sender
            // down.
            self.mark_application_limited();
        }
        SentPacket {
            sent_at: now,
            delivered: self.delivered,
            delivered_at: self.delivered_at,
            first_sent_at: self.first_sent_at,
            lost: self.lost,
            in_flight: self.in_flight,
            is_application_limited: self.delivered < self.application_limited_until,
        }
    }

    /// The sender could send more than it has, so the packets in flight do not show what
    /// the path can carry.
    pub fn mark_application_limited(&mut self) {
        self.application_limited_until = self.delivered + u64::from(self.in_flight) + 1;
    }

    /// A packet that was in flight has arrived.
    pub fn deliver(&mut self, sent_packet: &SentPacket, now: Moment) {
        self.was_full |= self.is_full();
        self.in_flight = self.in_flight.saturating_sub(1);
        self.deliver_late(sent_packet, now);
    }

    /// A packet that was declared lost has arrived: the loss was spurious.
    pub fn deliver_late(&mut self, sent_packet: &SentPacket, now: Moment) {
        self.delivered += 1;
        self.delivered_at = now;
        let news = self.news.get_or_insert(NewlyAcknowledged {
            packets: 0,
            newest: *sent_packet,
        });
        news.packets += 1;
        if (sent_packet.delivered, sent_packet.sent_at)
            >= (news.newest.delivered, news.newest.sent_at)
        {
            news.newest = *sent_packet;
        }
    }

    /// A packet in flight is declared lost.
    pub fn declare_lost(&mut self, sent_packet: &SentPacket) {
        self.was_full |= self.is_full();
        self.in_flight = self.in_flight.saturating_sub(1);
        self.lost += 1;
        let losses = self.losses.get_or_insert(NewlyLost {
            packets: 0,
            newest: *sent_packet,
            oldest_sent_at: sent_packet.sent_at,
        });
        losses.packets += 1;
        losses.oldest_sent_at = losses.oldest_sent_at.min(sent_packet.sent_at);
        if sent_packet.sent_at >= losses.newest.sent_at {
            losses.newest = *sent_packet;
        }
    }

    /// Reports to the controller what the current ACK or timer has shown: losses first,
    /// so that an ACK that arrives with a loss does not grow the window.
    pub fn update_controller(&mut self, round_trip: &RoundTrip, now: Moment) {
        if std::mem::take(&mut self.was_full) {
            self.window_space_since = now;
        }
        let path = round_trip.path();
        if let Some(losses) = self.losses.take() {
            let newest = losses.newest;
            self.controller.on_signal(&Signal::Loss(Lost {
                now,
                packets: losses.packets,
                in_flight: self.in_flight,
                in_flight_when_sent: newest.in_flight,
                newest_sent_at: newest.sent_at,
                oldest_sent_at: losses.oldest_sent_at,
                lost_since: self.lost - newest.lost,
                round_trip: path,
            }));
        }
        if let Some(news) = self.news.take() {
            let newest = news.newest;
            let delivery_rate = self.delivery_rate(&newest, path);
            self.first_sent_at = newest.sent_at;
            self.controller.on_ack(&Acked {
                now,
                packets: news.packets,
                in_flight: self.in_flight,
                round_trip: path,
                newest_sent_at: newest.sent_at,
                in_flight_when_sent: newest.in_flight,
                is_application_limited: newest.is_application_limited,
                delivered: self.delivered,
                delivered_when_sent: newest.delivered,
                lost_since: self.lost - newest.lost,
                delivery_rate,
            });
        }
    }

    /// Packets delivered per second while `newest` was in flight; the slower of the send
    /// side and the ACK side, as ACKs may come in clumps.
    fn delivery_rate(&self, newest: &SentPacket, path: PathTime) -> Option<f64> {
        let send_elapsed = newest.sent_at - newest.first_sent_at;
        let ack_elapsed = self.delivered_at - newest.delivered_at;
        let interval = send_elapsed.max(ack_elapsed);
        if interval < path.least || interval.is_zero() {
            return None;
        }
        #[expect(clippy::cast_precision_loss, reason = "a rate is an estimate")]
        let delivered = (self.delivered - newest.delivered) as f64;
        Some(delivered / interval.as_secs_f64())
    }

    /// A NACK reported one segment missing, and the protocol retransmits nothing for it.
    pub fn nack(&mut self, now: Moment) {
        self.controller.on_signal(&Signal::Nack(now));
    }

    /// The retransmission timer expired; this one signal covers all of its losses.
    pub fn time_out(&mut self, now: Moment) {
        self.losses = None;
        self.controller.on_signal(&Signal::Timeout(now));
    }

    /// The sender resumes after a pause or a zero window. If that took longer than a
    /// timeout, the controller begins again with slow start (RFC 5681 §4.1).
    pub fn restart(&mut self, round_trip: &RoundTrip, now: Moment) {
        if now - self.last_sent_at > round_trip.timeout() {
            self.controller.on_restart(now);
            self.pacer = Pacer::default();
        }
    }

    /// The window and the rate to report, if they have changed since the last call.
    pub fn event(&mut self) -> Option<Event> {
        let (window, phase) = (self.window(), self.controller.phase());
        let reported = ReportedWindow { window, phase };
        if self.reported.replace(reported) == Some(reported) {
            return None;
        }
        Some(Event::CongestionUpdated {
            cwnd: window,
            ssthresh: self.controller.slow_start_threshold(),
            in_flight: self.in_flight,
            pacing_rate: self.controller.pacing_rate().map(whole),
            phase: phase.into(),
        })
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a rate for people; a float cast saturates"
)]
fn whole(rate: f64) -> u64 {
    rate.round() as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn at(milliseconds: u64) -> Moment {
        Moment::START + Duration::from_millis(milliseconds)
    }

    #[test]
    fn the_delivery_rate_of_a_steady_path_is_measured() {
        // One packet per millisecond over a path with a round-trip time of 20 ms.
        let mut flow = Flow::new(Congestion::Fixed, 1_000);
        let mut round_trip = RoundTrip::new(Duration::ZERO);
        let mut stamps = Vec::new();
        let mut rates = Vec::new();
        for tick in 0..100 {
            stamps.push(flow.send(at(tick)));
            if stamps.len() > 20 {
                let sent_packet: SentPacket = stamps[stamps.len() - 21];
                flow.deliver(&sent_packet, at(tick));
                round_trip.sample(Duration::from_millis(20));
                let path = round_trip.path();
                rates.extend(flow.delivery_rate(&sent_packet, path));
                flow.update_controller(&round_trip, at(tick));
            }
        }
        let last = rates.last().copied().unwrap();
        assert!((last - 1_000.0).abs() < 60.0, "{last}");
    }

    #[test]
    fn aggregated_acks_do_not_raise_the_measured_delivery_rate() {
        // Ten packets, 10 ms apart; all of them are acknowledged within a millisecond.
        let mut flow = Flow::new(Congestion::Fixed, 1_000);
        let mut round_trip = RoundTrip::new(Duration::ZERO);
        round_trip.sample(Duration::from_millis(20));
        let first = flow.send(at(0));
        flow.deliver(&first, at(20));
        flow.update_controller(&round_trip, at(20));
        let stamps: Vec<_> = (2..12).map(|tick| flow.send(at(10 * tick))).collect();
        for sent_packet in &stamps {
            flow.deliver(sent_packet, at(121));
        }
        let rate = flow.delivery_rate(&stamps[9], round_trip.path());
        assert!(rate.is_some_and(|rate| rate <= 110.0), "{rate:?}");
    }

    #[test]
    fn losses_are_reported_to_the_controller_before_acknowledgements() {
        let mut flow = Flow::new(Congestion::Reno, 1_000);
        let mut round_trip = RoundTrip::new(Duration::ZERO);
        round_trip.sample(Duration::from_millis(20));
        let stamps: Vec<_> = (0..10).map(|tick| flow.send(at(tick))).collect();
        stamps[6..]
            .iter()
            .for_each(|sent_packet| flow.deliver(sent_packet, at(30)));
        flow.declare_lost(&stamps[0]);
        flow.update_controller(&round_trip, at(30));
        // Half of 10; in the other order it would be half of 14.
        assert_eq!((flow.window(), flow.in_flight()), (5, 5));
    }

    /// Sends as many packets as the window allows; they are acknowledged 20 ms later.
    fn round(flow: &mut Flow, round_trip: &mut RoundTrip, start: u64) {
        let room = flow.window() - flow.in_flight();
        let stamps: Vec<_> = (0..room).map(|_| flow.send(at(start))).collect();
        for sent_packet in &stamps {
            flow.deliver(sent_packet, at(start + 20));
        }
        round_trip.sample(Duration::from_millis(20));
        flow.update_controller(round_trip, at(start + 20));
    }

    #[test]
    fn an_unused_window_does_not_grow() {
        let window_after = |is_application_limited: bool| {
            let mut flow = Flow::new(Congestion::Reno, 1_000);
            let mut round_trip = RoundTrip::new(Duration::ZERO);
            for start in [0, 20] {
                if is_application_limited {
                    flow.mark_application_limited();
                }
                round(&mut flow, &mut round_trip, start);
            }
            flow.window()
        };
        assert_eq!((window_after(true), window_after(false)), (10, 40));
    }

    /// A flow with Reno whose window has grown from 10 to 40; its last transmission was
    /// at 20 ms.
    fn grown() -> (Flow, RoundTrip) {
        let mut flow = Flow::new(Congestion::Reno, 1_000);
        let mut round_trip = RoundTrip::new(Duration::ZERO);
        for start in [0, 20] {
            round(&mut flow, &mut round_trip, start);
        }
        assert_eq!(flow.window(), 40);
        (flow, round_trip)
    }

    #[test]
    fn an_idle_period_resets_the_window_only_if_it_is_longer_than_a_timeout() {
        let (mut flow, round_trip) = grown();
        let timeout = round_trip.timeout();
        flow.restart(&round_trip, at(20) + timeout);
        assert_eq!(flow.window(), 40);
        let later = at(20) + timeout + Duration::from_millis(1);
        flow.restart(&round_trip, later);
        assert_eq!(flow.window(), 10);
        assert!(flow.may_send(later), "an old pacer holds it back");
    }

    #[test]
    fn a_timeout_reports_each_of_its_losses_once() {
        let (mut flow, round_trip) = grown();
        let stamps: Vec<_> = (0..20).map(|tick| flow.send(at(2_000 + tick))).collect();
        for sent_packet in &stamps {
            flow.declare_lost(sent_packet);
        }
        flow.time_out(at(3_000));
        assert!(flow.losses.is_none(), "they would be told a second time");
        flow.update_controller(&round_trip, at(3_000));
        assert_eq!((flow.window(), flow.in_flight()), (1, 0));
    }

    #[test]
    fn a_sender_is_application_limited_if_it_sends_late_and_not_if_it_waits_for_the_window()
     {
        for (window_space_at, sent_at, is_application_limited) in
            [(40, 40, false), (40, 50, true)]
        {
            let mut flow = Flow::new(Congestion::Reno, 1_000);
            let mut round_trip = RoundTrip::new(Duration::ZERO);
            round_trip.sample(Duration::from_millis(20));
            flow.start(1_000, &round_trip);
            let mut now = at(0);
            let mut stamps = Vec::new();
            while flow.has_congestion_space() {
                now = flow.next_timeout().unwrap_or(now);
                flow.on_timeout(now);
                stamps.push(flow.send(now));
            }
            assert!(
                stamps
                    .iter()
                    .all(|sent_packet| !sent_packet.is_application_limited)
            );
            flow.deliver(&stamps[0], at(window_space_at));
            flow.update_controller(&round_trip, at(window_space_at));
            assert_eq!(
                flow.send(at(sent_at)).is_application_limited,
                is_application_limited
            );
        }
    }

    #[test]
    fn packets_count_as_application_limited_until_a_later_one_is_acknowledged() {
        let mut flow = Flow::new(Congestion::Reno, 1_000);
        let first = flow.send(at(0));
        flow.mark_application_limited();
        let second = flow.send(at(1));
        assert!(!first.is_application_limited && second.is_application_limited);
        flow.deliver(&first, at(20));
        assert!(flow.send(at(21)).is_application_limited);
        flow.deliver(&second, at(22));
        assert!(!flow.send(at(23)).is_application_limited);
    }

    /// A flow with Reno over 100 ms: ten packets, one every 5 ms.
    fn paced() -> (Flow, RoundTrip) {
        let mut flow = Flow::new(Congestion::Reno, 1_000);
        let mut round_trip = RoundTrip::new(Duration::ZERO);
        round_trip.sample(Duration::from_millis(100));
        flow.start(1_000, &round_trip);
        (flow, round_trip)
    }

    #[test]
    fn the_next_packet_is_sent_at_its_pacing_time_and_not_earlier() {
        let (mut flow, _) = paced();
        flow.send(at(0));
        assert_eq!(flow.next_timeout(), Some(at(5)));
        assert!(!flow.may_send(at(4)));
        flow.on_timeout(at(4));
        assert!(!flow.may_send(at(4)), "woken early");
        assert!(flow.may_send(at(5)));
        flow.on_timeout(at(5));
        assert_eq!(flow.next_timeout(), None, "woken twice for the same");
    }

    #[test]
    fn changes_of_window_threshold_and_pacing_rate_are_recorded() {
        let (mut flow, round_trip) = paced();
        let reported = |flow: &mut Flow| match flow.event() {
            Some(Event::CongestionUpdated {
                cwnd,
                ssthresh,
                pacing_rate,
                ..
            }) => Some((cwnd, ssthresh, pacing_rate)),
            _ => None,
        };
        assert_eq!(reported(&mut flow), Some((10, None, Some(200))));
        assert_eq!(reported(&mut flow), None);
        let sent_packet = flow.send(at(0));
        flow.declare_lost(&sent_packet);
        flow.update_controller(&round_trip, at(200));
        assert_eq!(reported(&mut flow), Some((5, Some(5), Some(63))));
        let mut fixed = Flow::new(Congestion::Fixed, 16);
        assert_eq!(reported(&mut fixed), Some((16, None, None)));
    }

    #[test]
    fn losses_during_the_flight_of_a_packet_are_attributed_to_its_ack() {
        let (mut flow, _) = paced();
        let [first, second, third] = [0, 5, 10].map(|tick| flow.send(at(tick)));
        flow.declare_lost(&first);
        flow.declare_lost(&second);
        let last = flow.send(at(15));
        assert_eq!(flow.lost - third.lost, 2);
        assert_eq!(flow.lost - last.lost, 0);
    }

    #[test]
    fn one_packet_acknowledged_after_a_round_trip_yields_a_delivery_rate() {
        let (mut flow, round_trip) = paced();
        let sent_packet = flow.send(at(0));
        flow.deliver(&sent_packet, at(100));
        let rate = flow.delivery_rate(&sent_packet, round_trip.path());
        assert_eq!(rate, Some(10.0));
        flow.delivered_at = at(99);
        let rate = flow.delivery_rate(&sent_packet, round_trip.path());
        assert_eq!(
            rate, None,
            "in less than a round trip nothing can be measured"
        );
    }
}
