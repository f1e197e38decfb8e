//! Flow control: the zero window, the pause, and window probes.
//!
//! A receiver whose buffer is full advertises a zero window in its ACKs, and a user may
//! pause either side. Then no DATA flows, and the ACK that opens the window again may be
//! lost. Therefore the sender probes at growing intervals, as long as the receiver
//! answers. A probe is a DATA packet without bytes: the receiver answers it with an ACK,
//! and neither side counts it as a packet of the file.
//!
//! ```text
//!            ACK, window 0, or pause
//!   Open -----------------------------> closed --. probe after 200 ms, 400 ms ... 2 s
//!     ^                                  |   ^---'
//!     '----------------------------------'
//!        ACK, window > 0, and no pause
//! ```
//!
//! This module does not decide how much space there is: the driver knows its disk, and
//! the receiver advertises the space in its ACKs
//! ([`ReceivingMachine::set_receive_window`](super::ReceivingMachine::set_receive_window)).
//!
//! ```
//! use sash::reliable::{event::FlowControlState, flow_control::FlowControl, moment::Moment};
//! let mut flow_control = FlowControl::default();
//! flow_control.set_window(0, 7, Moment::START);
//! assert_eq!(flow_control.state(), FlowControlState::WindowClosed);
//! assert_eq!(flow_control.poll(Moment::START), None); // the ACK has just come
//! flow_control.set_window(4, 8, Moment::START);
//! assert_eq!(flow_control.state(), FlowControlState::Open);
//! ```
//!
//! Source: RFC 9293 §3.8.6.1 (zero-window probes), §3.8.4 (probes without data),
//! §3.10.7.4 (SND.WL1: an old ACK does not change the window).

use super::Transmit;
use super::connection_parameters::{ConnectionParameters, next_attempt};
use super::event::FlowControlState;
use super::moment::Moment;
use super::retry::Retry;
use crate::wire::packet::{Body, Packet, UNCOUNTED};

/// The sender's view of whether DATA may flow.
#[derive(Debug, Default)]
pub struct FlowControl {
    window_is_closed: bool,
    is_paused: bool,
    /// `sent_at` of the newest packet that advertised a window.
    window_reported_at: Option<u32>,
    /// The persist timer, while no DATA may flow.
    probes: Option<Retry>,
    /// The attempt of the newest probe. It continues when the gate closes again, so that
    /// each probe has its own name.
    attempt: u8,
}

impl FlowControl {
    /// Whether DATA may flow, and otherwise the reason.
    #[must_use]
    pub const fn state(&self) -> FlowControlState {
        match (self.is_paused, self.window_is_closed) {
            (true, _) => FlowControlState::Paused,
            (false, true) => FlowControlState::WindowClosed,
            (false, false) => FlowControlState::Open,
        }
    }

    /// Whether DATA may flow.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.state() == FlowControlState::Open
    }

    /// Whether this side is paused.
    #[must_use]
    pub const fn is_paused(&self) -> bool {
        self.is_paused
    }

    /// An ACK advertised this window; `sent_at` is its time stamp by the receiver's
    /// clock. An ACK that a later one has overtaken changes nothing.
    pub fn set_window(&mut self, window: u32, sent_at: u32, now: Moment) {
        let is_old = self
            .window_reported_at
            .is_some_and(|told| sent_at.wrapping_sub(told) > u32::MAX / 2);
        if is_old {
            return;
        }
        self.window_reported_at = Some(sent_at);
        self.window_is_closed = window == 0;
        self.turn(now);
    }

    /// Pauses or resumes this side.
    pub fn set_paused(&mut self, is_paused: bool, now: Moment) {
        self.is_paused = is_paused;
        self.turn(now);
    }

    /// Starts or ends the probing. The ACK that closed the window has just arrived, so
    /// the first probe waits.
    fn turn(&mut self, now: Moment) {
        if self.is_open() {
            self.probes = None;
        } else if self.probes.is_none() {
            self.probes = Some(Retry::later(now));
        }
    }

    /// The attempt of the probe to send now, if one is due.
    pub fn poll(&mut self, now: Moment) -> Option<u8> {
        self.probes.as_mut()?.poll(now)?;
        self.attempt = next_attempt(self.attempt);
        Some(self.attempt)
    }

    /// When the next probe is due.
    #[must_use]
    pub fn next_timeout(&self) -> Option<Moment> {
        self.probes.as_ref()?.next_timeout()
    }

    /// Time has passed; returns `true` if a probe became due.
    pub fn on_timeout(&mut self, now: Moment) -> bool {
        let Some(probes) = &mut self.probes else {
            return false;
        };
        probes.extend(now); // The idle timeout is checked elsewhere.
        probes.on_timeout(now)
    }
}

/// A DATA packet without bytes.
#[must_use]
pub fn window_probe(
    parameters: &ConnectionParameters,
    attempt: u8,
    now: Moment,
) -> Transmit {
    let (token, body) = (parameters.token, Body::Data { length: 0 });
    let mut transmit = Transmit::control(token, attempt, parameters.end(), body, now);
    transmit.packet.number = UNCOUNTED;
    transmit
}

/// Whether a packet is such a probe.
#[must_use]
pub const fn is_window_probe(packet: &Packet) -> bool {
    packet.number == UNCOUNTED && matches!(packet.body, Body::Data { length: 0 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    /// The transmission times of the probes while the gate stays closed. Unit:
    /// milliseconds.
    fn probes(flow_control: &mut FlowControl, count: usize) -> (Vec<u128>, Vec<u8>) {
        let (mut sent, mut attempts) = (Vec::new(), Vec::new());
        while sent.len() < count {
            let now = flow_control.next_timeout().unwrap();
            assert!(flow_control.on_timeout(now));
            attempts.push(flow_control.poll(now).unwrap());
            assert!(flow_control.poll(now).is_none());
            sent.push((now - Moment::START).as_millis());
        }
        (sent, attempts)
    }

    #[test]
    fn the_interval_of_zero_window_probes_grows_and_the_probes_never_end() {
        let mut flow_control = FlowControl::default();
        flow_control.set_window(0, 0, Moment::START);
        let (sent, attempts) = probes(&mut flow_control, 6);
        assert_eq!(sent, [200, 600, 1_400, 3_000, 4_300, 6_300]);
        assert_eq!(attempts, [1, 2, 3, 4, 5, 6]);
        assert!(probes(&mut flow_control, 100).0.last().unwrap() > &150_000);
    }

    #[test]
    fn no_two_probes_have_the_same_name_even_if_the_window_opened_between_them() {
        let mut flow_control = FlowControl::default();
        let mut names = Vec::new();
        for _ in 0..3 {
            flow_control.set_paused(true, Moment::START);
            names.extend(probes(&mut flow_control, 2).1);
            flow_control.set_paused(false, Moment::START);
        }
        assert_eq!(names, [1, 2, 3, 4, 5, 6]);
    }

    #[test]
    fn an_old_ack_neither_closes_nor_opens_the_window() {
        let now = Moment::START;
        let mut flow_control = FlowControl::default();
        flow_control.set_window(4, 10, now);
        flow_control.set_window(0, 9, now);
        assert!(flow_control.is_open());
        flow_control.set_window(0, 11, now);
        flow_control.set_window(4, u32::MAX, now); // Before the time stamps wrapped around.
        assert!(!flow_control.is_open());
    }

    #[test]
    fn sending_continues_only_after_both_the_pause_and_the_zero_window_have_ended() {
        let now = Moment::START;
        let mut flow_control = FlowControl::default();
        flow_control.set_paused(true, now);
        flow_control.set_window(0, 1, now);
        flow_control.set_paused(false, now);
        assert_eq!(flow_control.state(), FlowControlState::WindowClosed);
        flow_control.set_window(1, 2, now + Duration::from_secs(1));
        assert!(flow_control.is_open());
        assert_eq!(flow_control.next_timeout(), None);
    }
}
