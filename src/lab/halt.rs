//! Halts a transfer in its middle: a pause on either side, or a disk that is
//! full.
//!
//! ```text
//!   half has arrived --> halted for five seconds --> continues
//!   Sender               nothing new is sent
//!   Receiver, Disk       the window closes; the sender asks whether it is open again
//! ```
//!
//! ```
//! use sash::lab::{halt::Halt, run::Experiment};
//! let halt = Some("receiver".parse::<Halt>().unwrap());
//! let run = Experiment { halt, ..Experiment::small() }.run(|_| ()).unwrap();
//! assert!(run.is_verified() && run.elapsed.as_secs() >= 5);
//! ```

use crate::reliable::connection::{Receiving, Sending};
use crate::reliable::moment::Moment;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// The place that halts the transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Halt {
    /// The sender is paused.
    Sender,
    /// The receiver is paused.
    Receiver,
    /// The receiver's disk accepts nothing, and then only a little at first.
    Disk,
}

impl Halt {
    /// Each of them.
    pub const ALL: [Self; 3] = [Self::Sender, Self::Receiver, Self::Disk];

    /// As flags have it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sender => "sender",
            Self::Receiver => "receiver",
            Self::Disk => "disk",
        }
    }
}

impl fmt::Display for Halt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Halt {
    type Err = UnknownHalt;

    fn from_str(text: &str) -> Result<Self, UnknownHalt> {
        let named = |halt: &Self| halt.name() == text;
        Self::ALL
            .into_iter()
            .find(named)
            .ok_or_else(|| UnknownHalt(text.to_owned()))
    }
}

/// The error for an unknown name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownHalt(String);

impl fmt::Display for UnknownHalt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = &self.0;
        write!(f, "unknown place {text:?}: choose sender, receiver or disk")
    }
}

impl std::error::Error for UnknownHalt {}

/// The duration of a halt.
const HALT: Duration = Duration::from_secs(5);

/// The number of segments that a slow disk accepts, and the duration.
const SILLY_WINDOW: u32 = 1;

/// The state of a halt during one run.
#[derive(Debug)]
pub(super) struct Halting {
    halt: Option<Halt>,
    phase: HaltPhase,
}

#[derive(Debug, Clone, Copy)]
enum HaltPhase {
    /// Less than half has arrived.
    Ahead,
    /// The transfer is halted until then.
    Held { until: Moment },
    /// Until then, the disk accepts only a few bytes.
    SillyWindow { until: Moment },
    /// The transfer continues.
    Over,
}

impl Halting {
    pub(super) const fn new(halt: Option<Halt>) -> Self {
        let phase = match halt {
            Some(_) => HaltPhase::Ahead,
            None => HaltPhase::Over,
        };
        Self { halt, phase }
    }

    /// Halts the transfer or lets it continue, if it is time.
    pub(super) fn apply(
        &mut self,
        sender: &mut Sending,
        receiver: &mut Receiving,
        now: Moment,
    ) {
        let Some(halt) = self.halt else { return };
        match self.phase {
            HaltPhase::Ahead if is_half_way(receiver) => {
                self.phase = HaltPhase::Held { until: now + HALT };
                match halt {
                    Halt::Sender => sender.set_paused(true, now),
                    Halt::Receiver => receiver.set_paused(true),
                    Halt::Disk => receiver.set_receive_window(0),
                }
            }
            HaltPhase::Held { until } if until <= now => {
                self.phase = HaltPhase::Over;
                match halt {
                    Halt::Sender => sender.set_paused(false, now),
                    Halt::Receiver => receiver.set_paused(false),
                    Halt::Disk => {
                        receiver.set_receive_window(SILLY_WINDOW);
                        self.phase = HaltPhase::SillyWindow { until: now + HALT };
                    }
                }
            }
            HaltPhase::SillyWindow { until } if until <= now => {
                self.phase = HaltPhase::Over;
                let window = receiver.parameters().map(|parameters| parameters.window);
                receiver.set_receive_window(window.unwrap_or(SILLY_WINDOW));
            }
            HaltPhase::Ahead
            | HaltPhase::Held { .. }
            | HaltPhase::SillyWindow { .. }
            | HaltPhase::Over => {}
        }
    }

    pub(super) const fn next_timeout(&self) -> Option<Moment> {
        match self.phase {
            HaltPhase::Held { until } | HaltPhase::SillyWindow { until } => Some(until),
            HaltPhase::Ahead | HaltPhase::Over => None,
        }
    }
}

fn is_half_way(receiver: &Receiving) -> bool {
    let arrived = receiver.segments_in_order();
    let all = receiver
        .parameters()
        .map(|parameters| parameters.segments());
    all.is_some_and(|all| arrived >= all.div_ceil(2))
}

#[cfg(test)]
mod tests {
    use super::super::journal::{Entry, JournalEvent, Side};
    use super::super::run::Experiment;
    use super::*;
    use crate::reliable::event::{Event, PacketName};
    use crate::wire::options::Arq;
    use crate::wire::packet::Kind;

    #[test]
    fn every_zero_window_probe_is_received_and_answered_by_an_ack() {
        for arq in Arq::ALL {
            let experiment = Experiment {
                arq,
                scenario: "delay=20ms".parse().unwrap(),
                halt: Some(Halt::Receiver),
                listening: true,
                ..Experiment::small()
            };
            let (mut probes, mut acks) = (0, 0);
            let observe = |entry: Entry| match (entry.side, entry.what) {
                (
                    Side::Receiver,
                    JournalEvent::Machine(Event::PacketReceived(packet)),
                ) => {
                    probes += u32::from(is_probe(&packet));
                }
                (Side::Sender, JournalEvent::Machine(Event::PacketReceived(packet))) => {
                    acks += u32::from(packet.kind == Kind::Ack && probes > 0);
                }
                (_, JournalEvent::Machine(Event::PacketDamaged { .. })) => {
                    panic!("{arq}: a probe was taken for damage")
                }
                _ => {}
            };
            assert!(experiment.run(observe).unwrap().is_verified());
            assert!(probes >= 4 && acks >= probes, "{arq}: {probes} {acks}");
        }
    }

    fn is_probe(packet: &PacketName) -> bool {
        packet.kind == Kind::Data && packet.length == 0
    }
}
