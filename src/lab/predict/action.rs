//! The packets that a sender sends before it receives another packet.
//!
//! ```
//! use sash::lab::predict::Action;
//! assert_eq!(Action::WAITS.to_string(), "waits");
//! let action = Action::data(3..8, 7); // 3 to 6 were sent before
//! assert_eq!(action.to_string(), "retransmits DATA 3 to 6, then sends DATA 7 for the first time");
//! ```

use crate::reliable::event::PacketName;
use crate::wire::packet::Kind;
use std::fmt;
use std::ops::Range;

/// Packets, in the order of their transmission; none: the sender waits.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Action(Vec<PacketRun>);

/// Consecutive packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PacketRun {
    /// Segments, one after another.
    Data {
        /// The first of them.
        first: u32,
        /// The last of them.
        last: u32,
        /// Whether they were sent before.
        is_retransmission: bool,
    },
    /// A window probe: DATA without bytes.
    Probe,
    /// The end, with the file's digest.
    Fin {
        /// Whether it was sent before.
        is_retransmission: bool,
    },
    /// A packet of the handshake, or an RST.
    Other(Kind),
}

impl Action {
    /// Nothing is sent.
    pub const WAITS: Self = Self(Vec::new());

    /// These segments; the ones before `highest` were sent before.
    #[must_use]
    pub fn data(numbers: Range<u32>, highest: u32) -> Self {
        let middle = highest.clamp(numbers.start, numbers.end.max(numbers.start));
        let mut action = Self::WAITS;
        action.push_run(numbers.start..middle, true);
        action.push_run(middle..numbers.end, false);
        action
    }

    /// The end of the transfer.
    #[must_use]
    pub fn fin(is_retransmission: bool) -> Self {
        Self(vec![PacketRun::Fin { is_retransmission }])
    }

    /// A window probe.
    #[must_use]
    pub fn probe() -> Self {
        Self(vec![PacketRun::Probe])
    }

    /// This action, and then another.
    #[must_use]
    pub fn then(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// Whether a segment is sent that was sent before.
    #[must_use]
    pub fn retransmits(&self) -> bool {
        let is_retransmission = |step: &PacketRun| {
            matches!(
                step,
                PacketRun::Data {
                    is_retransmission: true,
                    ..
                }
            )
        };
        self.0.iter().any(is_retransmission)
    }

    /// Adds a packet that leaves. `is_retransmission`: its segment was sent before.
    pub(super) fn push(&mut self, packet: &PacketName, is_retransmission: bool) {
        match packet.kind {
            Kind::Data if packet.length == 0 => self.0.push(PacketRun::Probe),
            Kind::Data => {
                self.push_run(
                    packet.number..packet.number.saturating_add(1),
                    is_retransmission,
                );
            }
            Kind::Fin => self.0.push(PacketRun::Fin {
                is_retransmission: packet.attempt > 1,
            }),
            Kind::Syn
            | Kind::SynAck
            | Kind::Ack
            | Kind::Nack
            | Kind::FinAck
            | Kind::Rst => {
                self.0.push(PacketRun::Other(packet.kind));
            }
        }
    }

    fn push_run(&mut self, numbers: Range<u32>, is_retransmission: bool) {
        let Range { start, end } = numbers;
        if start >= end {
            return;
        }
        if let Some(PacketRun::Data {
            last,
            is_retransmission: before,
            ..
        }) = self.0.last_mut()
            && *before == is_retransmission
            && last.checked_add(1) == Some(start)
        {
            *last = end - 1;
            return;
        }
        self.0.push(PacketRun::Data {
            first: start,
            last: end - 1,
            is_retransmission,
        });
    }

    /// The packets to send.
    #[must_use]
    pub fn steps(&self) -> &[PacketRun] {
        &self.0
    }

    /// Whether nothing is sent.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        self.0.is_empty()
    }

    /// The segments in it, of those that were sent before or of the others.
    pub(super) fn numbers(&self, again: bool) -> Vec<u32> {
        let runs = self.0.iter().filter_map(|step| match step {
            PacketRun::Data {
                first,
                last,
                is_retransmission,
            } if *is_retransmission == again => Some(*first..=*last),
            PacketRun::Data { .. }
            | PacketRun::Probe
            | PacketRun::Fin { .. }
            | PacketRun::Other(_) => None,
        });
        runs.flatten().collect()
    }

    /// Whether it is DATA of the file alone.
    pub(super) fn is_data(&self) -> bool {
        self.0
            .iter()
            .all(|step| matches!(step, PacketRun::Data { .. }))
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_waiting() {
            return f.write_str("waits");
        }
        for (place, step) in self.0.iter().enumerate() {
            if place > 0 {
                f.write_str(", then ")?;
            }
            write!(f, "{step}")?;
        }
        Ok(())
    }
}

impl fmt::Display for PacketRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Data {
                first,
                last,
                is_retransmission,
            } => {
                let numbers = if first == last {
                    first.to_string()
                } else {
                    format!("{first} to {last}")
                };
                if *is_retransmission {
                    write!(f, "retransmits DATA {numbers}")
                } else {
                    write!(f, "sends DATA {numbers} for the first time")
                }
            }
            Self::Probe => f.write_str("sends a window probe (DATA without file bytes)"),
            Self::Fin {
                is_retransmission: false,
            } => f.write_str("sends FIN"),
            Self::Fin {
                is_retransmission: true,
            } => f.write_str("retransmits FIN"),
            Self::Other(kind) => write!(f, "sends {kind}"),
        }
    }
}
