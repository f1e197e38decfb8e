//! The receiver's connection as a [`Machine`](crate::reliable::Machine).

use super::super::super::event::{Event, Ignored, Timer};
use super::super::super::handshake::HandshakeState;
use super::super::super::moment::Moment;
use super::super::super::{Machine, Transmit, earliest};
use super::super::{Failure, Outcome};
use super::{Phase, Receiving};
use crate::wire::packet::{Body, Packet, Reset};

impl Machine for Receiving {
    fn poll_transmit(&mut self, now: Moment) -> Option<Transmit> {
        let opening = match self.phase {
            Phase::Ended { .. } => None,
            Phase::Handshake
            | Phase::Transferring { .. }
            | Phase::Verifying { .. }
            | Phase::Lingering { .. } => self.handshake.poll_transmit(now),
        };
        let transmit = opening.or_else(|| self.poll_phase(now))?;
        self.log
            .record(|| Event::PacketSent((&transmit.packet).into()));
        Some(transmit)
    }

    fn on_packet(&mut self, packet: &Packet, now: Moment) {
        if packet.token != self.proposal.token {
            return self.ignore(packet, Ignored::WrongToken);
        }
        self.log.record(|| Event::PacketReceived(packet.into()));
        self.heard_at = now;
        self.idle_timer.end(now);
        match &packet.body {
            Body::SynAck(_) if self.handshake.is_initiator() => {
                self.handshake.on_packet(packet, now);
            }
            Body::Syn(_) | Body::Ack(_) if self.answers_handshake() => {
                self.handshake.on_packet(packet, now);
            }
            // The bytes of this segment were not kept: the sender will retransmit it.
            Body::Data { .. } if self.answers_handshake() => {
                self.handshake.on_later_packet();
            }
            Body::Data { length } => {
                self.handshake.on_early_data();
                self.on_data(packet, *length, now);
            }
            Body::Fin { digest } => {
                self.handshake.on_later_packet();
                self.begin();
                self.on_fin(packet, *digest, now);
            }
            Body::Rst { why } => self.on_reset(packet, *why),
            Body::Syn(_)
            | Body::SynAck(_)
            | Body::Ack(_)
            | Body::Nack(_)
            | Body::FinAck { .. } => {
                self.ignore(packet, Ignored::OutOfPlace);
            }
        }
        self.log.append(|| self.handshake.take_events());
        if matches!(self.handshake.state(), HandshakeState::Disagreed) {
            self.reset(Reset::BadParameters);
        }
        self.begin();
    }

    fn next_timeout(&self) -> Option<Moment> {
        let idle_timeout = Some(self.heard_at + self.idle_timeout());
        match &self.phase {
            Phase::Handshake => earliest([self.handshake.next_timeout(), idle_timeout]),
            Phase::Transferring { machine, .. } => {
                earliest([machine.next_timeout(), self.next_repeat(), idle_timeout])
            }
            Phase::Lingering { until, .. } => Some(*until),
            Phase::Verifying { .. } | Phase::Ended { .. } => None,
        }
    }

    fn on_timeout(&mut self, now: Moment) {
        let is_silent = now >= self.heard_at + self.idle_timeout();
        let is_idle = self.next_repeat().is_some_and(|due| due <= now);
        match &mut self.phase {
            Phase::Handshake => {
                self.handshake.on_timeout(now);
                self.log.append(|| self.handshake.take_events());
                if self.handshake.is_over(now) || is_silent {
                    let outcome = Outcome::Failed(Failure::NoAnswer);
                    self.enter(Phase::Ended { outcome });
                }
            }
            Phase::Transferring { machine, .. } => {
                machine.on_timeout(now);
                self.log.append(|| machine.take_events());
                if is_idle {
                    if machine.arrivals().0 > 0 {
                        machine.repeat();
                    } else {
                        self.handshake.repeat(now);
                        self.idle_timer.repeat();
                    }
                    self.idle_timer.end(now);
                    let timer = Timer::Idle;
                    self.log.record(|| Event::TimerExpired { timer });
                }
                if is_silent {
                    self.log.record(|| Event::TimerExpired {
                        timer: Timer::Silence,
                    });
                    let outcome = Outcome::Failed(Failure::Silence);
                    self.enter(Phase::Ended { outcome });
                }
            }
            Phase::Lingering {
                until, verified, ..
            } => {
                if now >= *until {
                    let verified = *verified;
                    self.end_with_verdict(verified);
                }
            }
            Phase::Verifying { .. } | Phase::Ended { .. } => (),
        }
    }

    fn listen(&mut self) {
        self.log.listen();
        match &mut self.phase {
            Phase::Handshake => {
                self.handshake.listen();
                self.log.append(|| self.handshake.take_events());
            }
            Phase::Transferring { machine, .. } => {
                machine.listen();
                self.log.append(|| machine.take_events());
            }
            Phase::Verifying { parameters, .. } | Phase::Lingering { parameters, .. } => {
                let end = parameters.end();
                self.log
                    .record(|| parameters.listening_begun(end, end, Vec::new()));
            }
            Phase::Ended { .. } => {}
        }
    }

    fn take_events(&mut self) -> Vec<Event> {
        self.log.take()
    }
}
