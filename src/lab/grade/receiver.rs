//! The judge of a receiver of stop-and-wait, go-back-N or selective repeat.
//!
//! Each packet has exactly one correct delivery and one correct ACK; their order is free.

use super::rules::{self, Mistake, Rule, Violation};
use super::scenario::GradedScenario;
use super::sender::segments;
use super::verbs::{Action, ProgramEvent, Role};
use crate::reliable::protocol::SegmentNumber;
use crate::wire::options::Arq;
use std::cmp::Ordering;
use std::collections::BTreeSet;

/// The receiver's state according to the rules.
#[derive(Debug)]
pub struct Judge {
    protocol: Arq,
    window: SegmentNumber,
    /// The next segment to deliver.
    expected: SegmentNumber,
    /// For selective repeat: the segments that have arrived above it.
    buffer: BTreeSet<SegmentNumber>,
}

/// The expected reaction to a packet.
struct Wanted {
    deliveries: Vec<SegmentNumber>,
    /// The correct ACKs; none may be sent if it is empty.
    acks: Vec<SegmentNumber>,
    /// Whether the receiver may also stay silent.
    may_be_silent: bool,
}

impl Judge {
    /// The state of a receiver that has no segment yet.
    #[must_use]
    pub fn new(protocol: Arq, scenario: &GradedScenario) -> Self {
        Self {
            protocol,
            window: scenario.window_of(protocol).into(),
            expected: 0,
            buffer: BTreeSet::new(),
        }
    }

    /// The number of delivered segments.
    #[must_use]
    pub const fn delivered(&self) -> SegmentNumber {
        self.expected
    }

    /// Judges one answer.
    ///
    /// # Errors
    /// The rule that it breaks.
    pub fn judge(
        &mut self,
        program_event: &ProgramEvent,
        actions: &[Action],
    ) -> Result<(), Violation> {
        check_verbs(actions)?;
        let before = self.expected;
        let wanted = self.wanted(program_event);
        let deliveries: Vec<_> = actions.iter().filter_map(Action::delivered).collect();
        let acks = actions.iter().filter_map(Action::acknowledged);
        let acks: Vec<_> = acks.map(|(number, _)| number).collect();
        let case = Case {
            protocol: self.protocol,
            program_event,
            before,
            wanted,
        };
        case.judge_deliveries(&deliveries)?;
        case.judge_acks(&acks)
    }

    /// The expected reaction to this packet; the state continues as if it happened.
    fn wanted(&mut self, program_event: &ProgramEvent) -> Wanted {
        let last = self.expected - 1;
        let is_selective = self.protocol == Arq::SelectiveRepeat;
        let mut wanted = Wanted {
            deliveries: Vec::new(),
            acks: if is_selective { vec![] } else { vec![last] },
            may_be_silent: false,
        };
        let ProgramEvent::Data(number) = *program_event else {
            return wanted;
        };
        if is_selective {
            // Figure 3.25 acknowledges the window and the one before it, and does not
            // specify older segments.
            wanted.acks = vec![number];
            wanted.may_be_silent = number < self.expected - self.window;
            if number >= self.expected {
                self.buffer.insert(number);
            }
            while self.buffer.remove(&self.expected) {
                wanted.deliveries.push(self.expected);
                self.expected += 1;
            }
        } else if number == self.expected {
            wanted.deliveries.push(number);
            wanted.acks = vec![number];
            self.expected += 1;
        } else if self.protocol == Arq::StopAndWait && number < last {
            // With the textbook's numbers 0 and 1 both would be the same ACK.
            wanted.acks.push(number);
        }
        wanted
    }
}

/// One answer, as it is judged.
struct Case<'a> {
    protocol: Arq,
    program_event: &'a ProgramEvent,
    /// The next expected segment before it.
    before: SegmentNumber,
    wanted: Wanted,
}

impl Case<'_> {
    /// The next expected segment after it.
    fn after(&self) -> SegmentNumber {
        let last = self.wanted.deliveries.last();
        last.map_or(self.before, |last| last + 1)
    }

    fn judge_deliveries(&self, found: &[SegmentNumber]) -> Result<(), Violation> {
        let wanted = &self.wanted.deliveries[..];
        if found == wanted {
            return Ok(());
        }
        let is_corrupt = matches!(self.program_event, ProgramEvent::Corrupt);
        let after = self.after();
        let mistake = if is_corrupt {
            Some(rules::CORRUPT_ACKNOWLEDGED)
        } else if found.iter().any(|it| *it < self.before) {
            Some(rules::DELIVERED_TWICE)
        } else if self.protocol == Arq::GoBackN && found.len() > 1 {
            Some(rules::BUFFERS)
        } else if found.is_empty() && !wanted.is_empty() {
            Some(rules::NOT_DELIVERED)
        } else if found.len() < wanted.len() && wanted.starts_with(found) {
            Some(rules::BUFFER_FORGOTTEN)
        } else if found.iter().any(|it| *it >= after) {
            Some(rules::DELIVERED_OUT_OF_ORDER)
        } else {
            None
        };
        let none = "nothing delivered";
        let (found, wanted) = (segments(found, none), segments(wanted, none));
        Err(violation(rules::DELIVERY, mistake, &found, &wanted))
    }

    fn judge_acks(&self, found: &[SegmentNumber]) -> Result<(), Violation> {
        let wanted = &self.wanted;
        let is_right = match found {
            [] => wanted.acks.is_empty() || wanted.may_be_silent,
            [one] => wanted.acks.contains(one),
            _ => false,
        };
        if is_right {
            return Ok(());
        }
        let rule = match self.protocol {
            Arq::StopAndWait => rules::ACK_STOP_AND_WAIT,
            Arq::GoBackN => rules::ACK_GO_BACK_N,
            Arq::SelectiveRepeat | Arq::Sack => rules::ACK_SELECTIVE_REPEAT,
        };
        let mistake = match found {
            [] => self.no_ack(),
            [one] => self.wrong_ack(*one),
            _ => Some(rules::ACKNOWLEDGED_TWICE),
        };
        let program_event = |acks: &[SegmentNumber]| match acks {
            [] => "no ACK".to_owned(),
            [first, ..] if acks.len() == 1 => format!("ACK {first}"),
            several => {
                let list: Vec<_> = several.iter().map(ToString::to_string).collect();
                format!("ACKs {}", list.join(", "))
            }
        };
        let expected = program_event(wanted.acks.get(..1).unwrap_or_default());
        Err(violation(rule, mistake, &program_event(found), &expected))
    }

    /// The usual mistake of a silent receiver.
    fn no_ack(&self) -> Option<&'static Mistake> {
        let Some(number) = self.program_event.data() else {
            let is_first = self.before == 0;
            return Some(if is_first {
                rules::NO_MINUS_ONE
            } else {
                rules::CORRUPT_UNANSWERED
            });
        };
        if number < self.before {
            Some(rules::DUPLICATE_UNANSWERED)
        } else if number == self.before {
            None
        } else if self.before == 0 && self.protocol != Arq::SelectiveRepeat {
            Some(rules::NO_MINUS_ONE)
        } else {
            Some(rules::OUT_OF_ORDER_UNANSWERED)
        }
    }

    /// The usual mistake behind a different ACK.
    fn wrong_ack(&self, ack: SegmentNumber) -> Option<&'static Mistake> {
        let Some(number) = self.program_event.data() else {
            return Some(rules::CORRUPT_ACKNOWLEDGED);
        };
        let after = self.after();
        if self.protocol == Arq::SelectiveRepeat {
            return if ack == number + 1 {
                Some(rules::NAMES_NEXT_EXPECTED)
            } else if ack == after - 1 || ack == self.before - 1 {
                Some(rules::CUMULATIVE_IN_SELECTIVE_REPEAT)
            } else {
                None
            };
        }
        match ack.cmp(&after) {
            Ordering::Equal => Some(rules::NAMES_NEXT_EXPECTED),
            Ordering::Greater => Some(rules::ACKNOWLEDGES_TOO_MUCH),
            Ordering::Less => None,
        }
    }
}

/// A receiver sends no DATA and has no timer.
pub(super) fn check_verbs(actions: &[Action]) -> Result<(), Violation> {
    let foreign = |it: &Action| {
        matches!(
            it,
            Action::Send(_)
                | Action::StartTimer(..)
                | Action::StopTimer(_)
                | Action::Window(_)
        )
    };
    if !actions.iter().any(foreign) {
        return Ok(());
    }
    let (found, expected) = ("a verb that is not a receiver's", "deliver, ack, note");
    Err(violation(rules::VERBS, None, found, expected))
}

pub(super) fn violation(
    rule: &'static Rule,
    mistake: Option<&'static Mistake>,
    found: &str,
    expected: &str,
) -> Violation {
    Violation {
        role: Role::Receiver,
        rule,
        mistake,
        found: found.to_owned(),
        expected: expected.to_owned(),
    }
}
