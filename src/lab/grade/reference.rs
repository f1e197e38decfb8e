//! The reference: the textbook protocols of [`crate::reliable`], answering the same verbs
//! as a student's program.

use super::program::{Failure, Program};
use super::scenario::{GradedScenario, TIMEOUT};
use super::selective_ack;
use super::verbs::{Action, ProgramEvent};
use crate::reliable::moment::Moment;
use crate::reliable::protocol::{
    ReceiverAction, ReceiverActions, ReceiverProtocol, SenderAction, SenderActions,
    SenderProtocol,
};
use crate::reliable::{go_back_n, selective_repeat, stop_and_wait};
use crate::wire::options::Arq;

/// The reference's sender.
#[must_use]
pub fn sender(scenario: &GradedScenario, protocol: Arq) -> Box<dyn Program> {
    let (window, segments) = (scenario.window_of(protocol), scenario.segments);
    let machine: Box<dyn SenderProtocol> = match protocol {
        Arq::StopAndWait => Box::new(stop_and_wait::Sender::new()),
        Arq::GoBackN => Box::new(go_back_n::Sender::new(window)),
        Arq::SelectiveRepeat => Box::new(selective_repeat::Sender::new(window)),
        Arq::Sack => return Box::new(selective_ack::Sender::new(window, segments)),
    };
    Box::new(Sender {
        machine,
        segments,
        accepted: 0,
    })
}

/// The reference's receiver.
#[must_use]
pub fn receiver(scenario: &GradedScenario, protocol: Arq) -> Box<dyn Program> {
    let window = scenario.window_of(protocol);
    let machine: Box<dyn ReceiverProtocol> = match protocol {
        Arq::StopAndWait => Box::new(stop_and_wait::Receiver::new()),
        Arq::GoBackN => Box::new(go_back_n::Receiver::new()),
        Arq::SelectiveRepeat => Box::new(selective_repeat::Receiver::new(window)),
        Arq::Sack => return Box::new(selective_ack::Receiver::default()),
    };
    Box::new(Receiver { machine })
}

struct Sender {
    machine: Box<dyn SenderProtocol>,
    segments: u32,
    /// The number of segments accepted from above.
    accepted: u32,
}

impl Sender {
    /// Passes data from above until it refuses, or all data is passed.
    fn give_data(&mut self, actions: &mut Vec<SenderAction>) {
        while self.accepted < self.segments {
            let mut answer = SenderActions::default();
            self.machine.on_data_from_above(&mut answer);
            let answer = answer.take();
            if answer.is_empty() {
                return;
            }
            self.accepted += 1;
            actions.extend(answer);
        }
    }
}

impl Program for Sender {
    fn hear(
        &mut self,
        program_event: &ProgramEvent,
        _now: Moment,
    ) -> Result<Vec<Action>, Failure> {
        let mut answer = SenderActions::default();
        match program_event {
            ProgramEvent::Ack { number, .. } => self.machine.on_ack(*number, &mut answer),
            ProgramEvent::Timeout(timer) => self.machine.on_timeout(*timer, &mut answer),
            ProgramEvent::Start { .. } | ProgramEvent::Corrupt | ProgramEvent::End => {
                return Ok(Vec::new());
            }
            ProgramEvent::Begin
            | ProgramEvent::Data(_)
            | ProgramEvent::Delivered(..)
            | ProgramEvent::Lost(_) => {}
        }
        let mut actions = answer.take();
        self.give_data(&mut actions);
        let actions = actions.into_iter().map(|action| match action {
            SenderAction::Send(number) => Action::Send(number),
            SenderAction::StartTimer(timer) => Action::StartTimer(timer, TIMEOUT),
            SenderAction::StopTimer(timer) => Action::StopTimer(timer),
        });
        Ok(actions.collect())
    }
}

struct Receiver {
    machine: Box<dyn ReceiverProtocol>,
}

impl Program for Receiver {
    fn hear(
        &mut self,
        program_event: &ProgramEvent,
        _now: Moment,
    ) -> Result<Vec<Action>, Failure> {
        let mut answer = ReceiverActions::default();
        match program_event {
            ProgramEvent::Data(number) => self.machine.on_data(*number, &mut answer),
            ProgramEvent::Corrupt => self.machine.on_corrupt(&mut answer),
            ProgramEvent::Start { .. }
            | ProgramEvent::Begin
            | ProgramEvent::Ack { .. }
            | ProgramEvent::Timeout(_)
            | ProgramEvent::Delivered(..)
            | ProgramEvent::Lost(_)
            | ProgramEvent::End => {}
        }
        let actions = answer.take().into_iter().map(|action| match action {
            ReceiverAction::Deliver(number) => Action::Deliver(number),
            ReceiverAction::Acknowledge(number) => Action::Acknowledge {
                number,
                ranges: Vec::new(),
            },
        });
        Ok(actions.collect())
    }
}
