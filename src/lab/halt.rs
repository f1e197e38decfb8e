//! Halts a transfer in its middle: a pause on either side, or a disk that is
//! full.
//!
//! ```text
//!   half has arrived --> held up for five seconds --> goes on
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
    /// The receiver's disk takes nothing, and then only a little at first.
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

/// Nobody of this name can hold a transfer up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownHalt(String);

impl fmt::Display for UnknownHalt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = &self.0;
        write!(f, "unknown place {text:?}: choose sender, receiver or disk")
    }
}

impl std::error::Error for UnknownHalt {}

/// How long a transfer is held up.
const HALT: Duration = Duration::from_secs(5);

/// The segments that a disk takes before it is as fast as ever, and for how long.
const CRUMB: u32 = 1;

/// The state of a halt during one run.
#[derive(Debug)]
pub(super) struct Halting {
    halt: Option<Halt>,
    stage: Stage,
}

#[derive(Debug, Clone, Copy)]
enum Stage {
    /// Less than half has arrived.
    Ahead,
    /// Nothing goes on until then.
    Held { until: Moment },
    /// Until then, the disk accepts only a few bytes.
    Crumb { until: Moment },
    /// It goes on.
    Over,
}

impl Halting {
    pub(super) const fn new(halt: Option<Halt>) -> Self {
        let stage = match halt {
            Some(_) => Stage::Ahead,
            None => Stage::Over,
        };
        Self { halt, stage }
    }

    /// Holds the transfer up, or lets it go on, where it is time for that.
    pub(super) fn apply(
        &mut self,
        sender: &mut Sending,
        receiver: &mut Receiving,
        now: Moment,
    ) {
        let Some(halt) = self.halt else { return };
        match self.stage {
            Stage::Ahead if is_half_way(receiver) => {
                self.stage = Stage::Held { until: now + HALT };
                match halt {
                    Halt::Sender => sender.set_paused(true, now),
                    Halt::Receiver => receiver.set_paused(true),
                    Halt::Disk => receiver.set_room(0),
                }
            }
            Stage::Held { until } if until <= now => {
                self.stage = Stage::Over;
                match halt {
                    Halt::Sender => sender.set_paused(false, now),
                    Halt::Receiver => receiver.set_paused(false),
                    Halt::Disk => {
                        receiver.set_room(CRUMB);
                        self.stage = Stage::Crumb { until: now + HALT };
                    }
                }
            }
            Stage::Crumb { until } if until <= now => {
                self.stage = Stage::Over;
                let window = receiver.terms().map(|terms| terms.window);
                receiver.set_room(window.unwrap_or(CRUMB));
            }
            Stage::Ahead | Stage::Held { .. } | Stage::Crumb { .. } | Stage::Over => {}
        }
    }

    pub(super) const fn next_timeout(&self) -> Option<Moment> {
        match self.stage {
            Stage::Held { until } | Stage::Crumb { until } => Some(until),
            Stage::Ahead | Stage::Over => None,
        }
    }
}

fn is_half_way(receiver: &Receiving) -> bool {
    let arrived = receiver.segments_in_order();
    let all = receiver.terms().map(|terms| terms.segments());
    all.is_some_and(|all| arrived >= all.div_ceil(2))
}

#[cfg(test)]
mod tests {
    use super::super::journal::{Entry, Happening, Side};
    use super::super::run::Experiment;
    use super::*;
    use crate::reliable::event::{Event, PacketName};
    use crate::wire::options::Arq;
    use crate::wire::packet::Kind;

    #[test]
    fn every_probe_of_a_closed_window_is_read_and_answered_by_an_ack() {
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
                (Side::Receiver, Happening::Machine(Event::PacketReceived(packet))) => {
                    probes += u32::from(is_probe(&packet));
                }
                (Side::Sender, Happening::Machine(Event::PacketReceived(packet))) => {
                    acks += u32::from(packet.kind == Kind::Ack && probes > 0);
                }
                (_, Happening::Machine(Event::PacketDamaged)) => {
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
