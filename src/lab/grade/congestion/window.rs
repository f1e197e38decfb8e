//! The controller of a flow's window: a controller of Sash, or a program.

use crate::lab::grade::program::{Failure, Program};
use crate::lab::grade::verbs::{self, Action};
use crate::reliable::congestion::{
    Acked, Controller, INITIAL_WINDOW, Lost, Signal, controller,
};
use crate::reliable::moment::Moment;
use crate::reliable::protocol::Timer;
use crate::wire::options::{Congestion, LARGEST_WINDOW};
use std::time::Duration;

/// The questions of a flow to its congestion controller.
pub(super) trait CongestionWindow {
    fn begin(&mut self, now: Moment) -> Result<(), Failure>;
    /// This packet was acknowledged.
    fn on_ack(
        &mut self,
        number: u64,
        round_trip: Duration,
        ack: &Acked,
    ) -> Result<(), Failure>;
    /// These packets are lost.
    fn on_loss(&mut self, numbers: &[u64], lost: Lost) -> Result<(), Failure>;
    fn on_timeout(&mut self, now: Moment) -> Result<(), Failure>;
    fn end(&mut self, now: Moment) -> Result<(), Failure>;
    /// Unit: packets.
    fn window(&self) -> f64;
    /// Unit: packets per second.
    fn pacing_rate(&self) -> Option<f64>;
}

/// A controller of Sash.
pub(super) struct Known(Box<dyn Controller>);

impl Known {
    pub(super) fn new(congestion: Congestion) -> Self {
        Self(controller(congestion, LARGEST_WINDOW))
    }
}

impl CongestionWindow for Known {
    fn begin(&mut self, _now: Moment) -> Result<(), Failure> {
        self.0.on_start(0, None);
        Ok(())
    }

    fn on_ack(
        &mut self,
        _number: u64,
        _time: Duration,
        ack: &Acked,
    ) -> Result<(), Failure> {
        self.0.on_ack(ack);
        Ok(())
    }

    fn on_loss(&mut self, _numbers: &[u64], lost: Lost) -> Result<(), Failure> {
        self.0.on_signal(&Signal::Loss(lost));
        self.0.on_signal(&Signal::Nack(lost.now)); // Three rules use only this.
        Ok(())
    }

    fn on_timeout(&mut self, now: Moment) -> Result<(), Failure> {
        self.0.on_signal(&Signal::Timeout(now));
        Ok(())
    }

    fn end(&mut self, _now: Moment) -> Result<(), Failure> {
        Ok(())
    }

    fn window(&self) -> f64 {
        self.0.window().into()
    }

    fn pacing_rate(&self) -> Option<f64> {
        self.0.pacing_rate()
    }
}

/// A program that receives verbs.
pub struct GradedController<'a> {
    program: &'a mut dyn Program,
    window: f64,
}

impl<'a> GradedController<'a> {
    /// It begins with the default window.
    pub fn new(program: &'a mut dyn Program) -> Self {
        Self {
            program,
            window: INITIAL_WINDOW.into(),
        }
    }

    fn tell(
        &mut self,
        program_event: &verbs::ProgramEvent,
        now: Moment,
    ) -> Result<(), Failure> {
        for action in self.program.hear(program_event, now)? {
            match action {
                Action::Window(packets) => self.window = packets,
                Action::Note(_) => {}
                Action::Send(_)
                | Action::StartTimer(..)
                | Action::StopTimer(_)
                | Action::Acknowledge { .. }
                | Action::Deliver(_) => {
                    return Err(Failure {
                        sentence:
                            "A congestion controller answers with window, note and ok \
                                   alone: the flow transmits by itself."
                                .to_owned(),
                        stderr: Vec::new(),
                    });
                }
            }
        }
        Ok(())
    }
}

/// Packet numbers as a program reads them.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

impl CongestionWindow for GradedController<'_> {
    fn begin(&mut self, now: Moment) -> Result<(), Failure> {
        let start = verbs::ProgramEvent::Start {
            protocol: "congestion",
            window: INITIAL_WINDOW,
            sending: None,
        };
        self.tell(&start, now)?;
        self.tell(&verbs::ProgramEvent::Begin, now)
    }

    fn on_ack(
        &mut self,
        number: u64,
        round_trip: Duration,
        ack: &Acked,
    ) -> Result<(), Failure> {
        self.tell(
            &verbs::ProgramEvent::Delivered(signed(number), round_trip),
            ack.now,
        )
    }

    fn on_loss(&mut self, numbers: &[u64], lost: Lost) -> Result<(), Failure> {
        for number in numbers {
            self.tell(&verbs::ProgramEvent::Lost(signed(*number)), lost.now)?;
        }
        Ok(())
    }

    fn on_timeout(&mut self, now: Moment) -> Result<(), Failure> {
        self.tell(&verbs::ProgramEvent::Timeout(Timer::Only), now)
    }

    fn end(&mut self, now: Moment) -> Result<(), Failure> {
        self.tell(&verbs::ProgramEvent::End, now)
    }

    fn window(&self) -> f64 {
        self.window
    }

    fn pacing_rate(&self) -> Option<f64> {
        None
    }
}
