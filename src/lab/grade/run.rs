//! Two programs, a link and virtual time.
//!
//! Time jumps from one event to the next: a packet arrives or a timer expires. Each event
//! is sent to its program, whose answer is judged and then carried out. The first answer
//! that breaks a rule ends the run.

use super::judges::{ReceiverRules, SenderRules};
use super::program::Program;
use super::receiver;
use super::rules::{Problem, Violation};
use super::scenario::GradedScenario;
use super::selective_ack;
use super::sender::{self, Timers};
use super::trace::{Packet, SEGMENT_BYTES, TraceEvent, TraceEventKind};
use super::verbs::{Action, ProgramEvent, Role};
use crate::link::{Delivery, Direction, Link};
use crate::reliable::earliest;
use crate::reliable::moment::Moment;
use crate::reliable::protocol::SegmentNumber;
use crate::wire::options::Arq;
use std::collections::HashMap;
use std::time::Duration;

/// The result of a run.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The steps, in order.
    pub steps: Vec<TraceEvent>,
    /// The reason if it ended early.
    pub problem: Option<Problem>,
    /// Its end, in virtual time.
    pub elapsed: Duration,
}

impl Outcome {
    /// Whether it ended without a problem.
    #[must_use]
    pub const fn has_passed(&self) -> bool {
        self.problem.is_none()
    }
}

/// A run has at most this many events for each segment; the reference needs a few dozen
/// on the worst of paths.
const EVENTS_PER_SEGMENT: u32 = 2_000;

/// Runs a scenario. Both programs are judged; the reference never breaks a rule.
pub fn run(
    scenario: &GradedScenario,
    protocol: Arq,
    sender: &mut dyn Program,
    receiver: &mut dyn Program,
) -> Outcome {
    let mut run = Run::new(scenario, protocol, sender, receiver);
    let problem = run.finish().err();
    Outcome {
        steps: run.steps,
        problem,
        elapsed: run.now.since_start(),
    }
}

struct Run<'a> {
    scenario: &'a GradedScenario,
    protocol: Arq,
    sender: &'a mut dyn Program,
    receiver: &'a mut dyn Program,
    sender_rules: Box<dyn SenderRules>,
    receiver_rules: Box<dyn ReceiverRules>,
    data: Link<Packet>,
    acks: Link<Packet>,
    timers: Timers,
    attempts: HashMap<SegmentNumber, u8>,
    acks_sent: u32,
    now: Moment,
    steps: Vec<TraceEvent>,
}

impl<'a> Run<'a> {
    fn new(
        scenario: &'a GradedScenario,
        protocol: Arq,
        sender: &'a mut dyn Program,
        receiver: &'a mut dyn Program,
    ) -> Self {
        let (sender_rules, receiver_rules): (
            Box<dyn SenderRules>,
            Box<dyn ReceiverRules>,
        ) = match protocol {
            Arq::Sack => (
                Box::new(selective_ack::SenderJudge::new(scenario)),
                Box::new(selective_ack::ReceiverJudge::default()),
            ),
            Arq::StopAndWait | Arq::GoBackN | Arq::SelectiveRepeat => (
                Box::new(sender::Judge::new(protocol, scenario)),
                Box::new(receiver::Judge::new(protocol, scenario)),
            ),
        };
        Self {
            scenario,
            protocol,
            sender,
            receiver,
            sender_rules,
            receiver_rules,
            data: Link::new(&scenario.link, Direction::Data),
            acks: Link::new(&scenario.link, Direction::Ack),
            timers: Timers::new(),
            attempts: HashMap::new(),
            acks_sent: 0,
            now: Moment::START,
            steps: Vec::new(),
        }
    }

    fn finish(&mut self) -> Result<(), Problem> {
        self.start()?;
        self.notify_sender(&ProgramEvent::Begin)?;
        for _ in 0..EVENTS_PER_SEGMENT.saturating_mul(self.scenario.segments) {
            if !self.next_event()? {
                return self.end();
            }
        }
        Err(self
            .no_end("The run does not end: every segment was transmitted many times."))
    }

    fn start(&mut self) -> Result<(), Problem> {
        let start = |sending| ProgramEvent::Start {
            protocol: self.protocol.name(),
            window: self.scenario.window_of(self.protocol),
            sending,
        };
        let sending = Some((self.scenario.segments, super::scenario::TIMEOUT));
        let (to_sender, to_receiver) = (start(sending), start(None));
        self.hear(Role::Sender, &to_sender)?;
        self.hear(Role::Receiver, &to_receiver)?;
        Ok(())
    }

    fn hear(
        &mut self,
        role: Role,
        program_event: &ProgramEvent,
    ) -> Result<Vec<Action>, Problem> {
        let program = match role {
            Role::Sender => &mut self.sender,
            Role::Receiver => &mut self.receiver,
        };
        let answer = program.hear(program_event, self.now);
        answer.map_err(|failure| Problem::Failure(role, failure))
    }

    /// Processes the next event; `false` if there is none. A packet that arrives when a
    /// timer expires comes first.
    fn next_event(&mut self) -> Result<bool, Problem> {
        let timer = self.timers.iter().min_by_key(|(timer, at)| (**at, **timer));
        let timer = timer.map(|(timer, at)| (*timer, *at));
        let times = [
            self.data.next_timeout(),
            self.acks.next_timeout(),
            timer.map(|(_, at)| at),
        ];
        let Some(next) = earliest(times) else {
            return Ok(false);
        };
        self.now = self.now.max(next);
        if let Some(Delivery { item, damage }) = self.data.poll(self.now) {
            self.arrive_at_receiver(item, damage.is_some())?;
        } else if let Some(Delivery { item, damage }) = self.acks.poll(self.now) {
            self.note(TraceEventKind::Arrived(item.clone(), damage.is_none()));
            let ranges = if self.protocol == Arq::Sack {
                item.ranges.iter().map(|it| it.map(i64::from)).collect()
            } else {
                Vec::new() // A journal stores the segment of an individual ACK in this way.
            };
            let number = item.number;
            self.notify_sender(&match damage {
                Some(_) => ProgramEvent::Corrupt,
                None => ProgramEvent::Ack { number, ranges },
            })?;
        } else if let Some((timer, _)) = timer {
            self.timers.remove(&timer);
            self.note(TraceEventKind::TimedOut(self.sender_rules.oldest()));
            self.notify_sender(&ProgramEvent::Timeout(timer))?;
        }
        Ok(true)
    }

    fn arrive_at_receiver(
        &mut self,
        packet: Packet,
        damaged: bool,
    ) -> Result<(), Problem> {
        let number = packet.number;
        self.note(TraceEventKind::Arrived(packet, !damaged));
        let program_event = if damaged {
            ProgramEvent::Corrupt
        } else {
            ProgramEvent::Data(number)
        };
        let actions = self.hear(Role::Receiver, &program_event)?;
        let judged = self.receiver_rules.judge(&program_event, &actions);
        if !damaged && !actions.contains(&Action::Deliver(number)) {
            let buffers = matches!(self.protocol, Arq::SelectiveRepeat | Arq::Sack);
            let is_kept = buffers && number > self.receiver_rules.delivered();
            self.note(TraceEventKind::Put(number, is_kept));
        }
        for action in actions {
            if let Some((number, ranges)) = action.acknowledged() {
                self.acknowledge(number, ranges);
            } else if let Action::Note(text) = action {
                self.note(TraceEventKind::Noted(Role::Receiver, text));
            }
        }
        judged.map_err(Problem::Violation)
    }

    fn acknowledge(&mut self, number: SegmentNumber, ranges: &[super::verbs::Range]) {
        self.acks_sent += 1;
        let next = self.receiver_rules.delivered();
        let packet = Packet::ack(self.protocol, number, ranges, self.acks_sent, next);
        let entered =
            self.acks
                .enter(packet.clone(), packet.label(), ACK_BYTES, self.now);
        self.note(TraceEventKind::Sent(packet, entered));
    }

    fn notify_sender(&mut self, program_event: &ProgramEvent) -> Result<(), Problem> {
        let actions = self.hear(Role::Sender, program_event)?;
        for action in &actions {
            if let Action::StartTimer(timer, after) = action {
                self.timers.insert(*timer, self.now + *after);
            } else if let Action::StopTimer(timer) = action {
                self.timers.remove(timer);
            }
        }
        let rules = &mut self.sender_rules;
        let judged = rules.judge(program_event, &actions, &self.timers, self.now);
        for action in actions {
            if let Some(number) = action.transmitted() {
                self.send(number);
            } else if let Action::Note(text) = action {
                self.note(TraceEventKind::Noted(Role::Sender, text));
            }
        }
        judged.map_err(Problem::Violation)
    }

    fn send(&mut self, number: SegmentNumber) {
        let attempt = self.attempts.entry(number).or_insert(0);
        *attempt = attempt.saturating_add(1);
        let packet = Packet::data(number, *attempt);
        let bytes = usize::from(SEGMENT_BYTES);
        let entered = self
            .data
            .enter(packet.clone(), packet.label(), bytes, self.now);
        self.note(TraceEventKind::Sent(packet, entered));
    }

    fn note(&mut self, what: TraceEventKind) {
        let time = self.now;
        self.steps.push(TraceEvent { time, what });
    }

    /// No event is left: checks whether the file has arrived and the sender knows it.
    fn end(&mut self) -> Result<(), Problem> {
        let is_there =
            self.receiver_rules.delivered() == i64::from(self.scenario.segments);
        if !is_there || !self.sender_rules.is_finished() {
            return Err(self.no_end("No packet is on the path and no timer runs."));
        }
        self.hear(Role::Sender, &ProgramEvent::End)?;
        self.hear(Role::Receiver, &ProgramEvent::End)?;
        Ok(())
    }

    fn no_end(&self, found: &str) -> Problem {
        let delivered = self.receiver_rules.delivered();
        Problem::Violation(Violation {
            role: Role::Sender,
            rule: super::rules::PROGRESS,
            mistake: None,
            found: format!("{found} {delivered} segments were delivered."),
            expected: format!("{} segments delivered", self.scenario.segments),
        })
    }
}

/// Bytes of an ACK, for a link with a rate.
const ACK_BYTES: usize = 40;

impl SenderRules for sender::Judge {
    fn judge(
        &mut self,
        program_event: &ProgramEvent,
        actions: &[Action],
        timers: &Timers,
        now: Moment,
    ) -> Result<(), Violation> {
        Self::judge(self, program_event, actions, timers, now)
    }

    fn is_finished(&self) -> bool {
        Self::is_finished(self)
    }

    fn oldest(&self) -> SegmentNumber {
        Self::oldest(self)
    }
}

impl ReceiverRules for receiver::Judge {
    fn judge(
        &mut self,
        program_event: &ProgramEvent,
        actions: &[Action],
    ) -> Result<(), Violation> {
        Self::judge(self, program_event, actions)
    }

    fn delivered(&self) -> SegmentNumber {
        Self::delivered(self)
    }
}
