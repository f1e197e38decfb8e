//! Why a packet was sent: the rule, its line of code, and its place in the report.
//!
//! ```text
//!   DATA 8.2  <- sent because ->  three later packets had arrived
//!                                 src/reliable/sack/loss_detection.rs:125
//!                                 report/reliable/sack.md#the-idea
//! ```
//!
//! A rule names a line by its text; the number is looked up in the compiled source, so it
//! cannot be wrong. The rule follows from the journal: from the packets that the sender
//! declared lost before the retransmission, and the triggers.
//!
//! ```
//! use sash::lab::explain::Rule;
//! let origin = Rule::ThreeLater.origin();
//! assert!(origin.line() > 1);
//! assert!(Rule::ThreeLater.sentence().contains("three later packets"));
//! ```
//!
//! Source: report chapters `reliable/*`; RFC 9002 §6, RFC 6298 §5.

mod event;
mod header;
mod source;

pub use event::event_text;
pub use header::header;
pub use source::Origin;

use super::journal::{Entry, Heading, JournalEvent, Side};
use super::predict::Section;
use super::words::{loss_reason, loss_trigger};
use crate::link::Direction;
use crate::reliable::event::{Event, PacketName, Trigger};
use crate::wire::options::Arq;
use crate::wire::packet::{Kind, UNCOUNTED};
use std::borrow::Cow;

/// Explains why a side sends a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// The three steps of the handshake.
    Opening,
    /// A segment is transmitted for the first time, because the window allows it.
    FirstTransmission(Arq),
    /// No ACK arrived in time.
    Timeout(Arq),
    /// Three later packets have arrived.
    ThreeLater,
    /// A later packet has arrived, and 9/8 of a round-trip time has passed.
    Overtaken,
    /// A window probe asks whether a zero window has opened.
    WindowProbe,
    /// An acknowledgment.
    Acknowledgement(Arq),
    /// A segment is newly missing or corrupt.
    Gap(Arq),
    /// Everything has arrived, including FIN; the disk is still writing.
    FinReceived,
    /// Everything is acknowledged.
    Fin,
    /// Everything has arrived and was verified.
    FinAck,
    /// The transfer ends unfinished.
    Reset,
}

/// The number of an ACK that opens the connection.
const OPENING_NUMBER: u32 = 0;

impl Rule {
    /// All of them.
    pub const ALL: [Self; 24] = [
        Self::Opening,
        Self::FirstTransmission(Arq::StopAndWait),
        Self::FirstTransmission(Arq::GoBackN),
        Self::FirstTransmission(Arq::SelectiveRepeat),
        Self::FirstTransmission(Arq::Sack),
        Self::Timeout(Arq::StopAndWait),
        Self::Timeout(Arq::GoBackN),
        Self::Timeout(Arq::SelectiveRepeat),
        Self::Timeout(Arq::Sack),
        Self::ThreeLater,
        Self::Overtaken,
        Self::WindowProbe,
        Self::Acknowledgement(Arq::StopAndWait),
        Self::Acknowledgement(Arq::GoBackN),
        Self::Acknowledgement(Arq::SelectiveRepeat),
        Self::Acknowledgement(Arq::Sack),
        Self::Gap(Arq::StopAndWait),
        Self::Gap(Arq::GoBackN),
        Self::Gap(Arq::SelectiveRepeat),
        Self::Gap(Arq::Sack),
        Self::FinReceived,
        Self::Fin,
        Self::FinAck,
        Self::Reset,
    ];

    /// The rule that sent this packet, after `happened` entries.
    #[must_use]
    pub fn of(
        packet: &PacketName,
        direction: Direction,
        heading: &Heading,
        happened: &[Entry],
    ) -> Self {
        let arq = heading.arq;
        match packet.kind {
            Kind::Syn | Kind::SynAck => Self::Opening,
            Kind::Ack if packet.number == OPENING_NUMBER => Self::Opening,
            Kind::Ack if packet.number == UNCOUNTED => Self::FinReceived,
            Kind::Ack => Self::Acknowledgement(arq),
            Kind::Nack => Self::Gap(arq),
            Kind::Data if packet.length == 0 => Self::WindowProbe,
            Kind::Data if packet.attempt == 1 || direction == Direction::Ack => {
                Self::FirstTransmission(arq)
            }
            Kind::Data => match trigger(packet, arq, happened) {
                Some(Trigger::PacketThreshold) => Self::ThreeLater,
                Some(Trigger::TimeThreshold) => Self::Overtaken,
                Some(Trigger::Timeout) | None => Self::Timeout(arq),
            },
            Kind::Fin => Self::Fin,
            Kind::FinAck => Self::FinAck,
            Kind::Rst => Self::Reset,
        }
    }

    /// The explanation in a sentence.
    #[must_use]
    pub fn sentence(self) -> Cow<'static, str> {
        let lost = |trigger| {
            let (why, name) = (loss_reason(trigger), loss_trigger(trigger));
            format!("Declared lost: {why} ({name}).").into()
        };
        let sentence = match self {
            Self::Opening => {
                "Handshake: SYN, SYN-ACK and ACK negotiate the connection \
                              parameters."
            }
            Self::FirstTransmission(Arq::StopAndWait) => {
                "First transmission: the previous segment is acknowledged."
            }
            Self::FirstTransmission(Arq::GoBackN | Arq::SelectiveRepeat | Arq::Sack) => {
                "First transmission: the window has room for it."
            }
            Self::Timeout(Arq::StopAndWait) => {
                "Timeout: the segment in flight is retransmitted."
            }
            Self::Timeout(Arq::GoBackN) => {
                "Timeout: every segment in flight is retransmitted."
            }
            Self::Timeout(Arq::SelectiveRepeat) => {
                "Timeout: the timer of this segment expired, and it alone is retransmitted."
            }
            Self::Timeout(Arq::Sack) => {
                "Probe timeout: no ACK arrived before the timeout, and the oldest \
                 packet is retransmitted."
            }
            Self::ThreeLater => return lost(Trigger::PacketThreshold),
            Self::Overtaken => return lost(Trigger::TimeThreshold),
            Self::WindowProbe => {
                "Window probe: the sender asks whether the zero window \
                                  has opened."
            }
            Self::Acknowledgement(Arq::StopAndWait | Arq::GoBackN) => {
                "The receiver answers every DATA packet with the ACK of the last \
                 segment in order."
            }
            Self::Acknowledgement(Arq::SelectiveRepeat) => {
                "The receiver acknowledges every DATA packet in or below the window \
                 individually."
            }
            Self::Acknowledgement(Arq::Sack) => {
                "The ACK names the next expected segment, and the ranges that arrived \
                 beyond it."
            }
            Self::Gap(_) => {
                "A packet is newly missing or corrupt, and the receiver \
                             reports it immediately."
            }
            Self::FinReceived => {
                "All data and FIN have arrived; the disk is still writing."
            }
            Self::Fin => "All data is acknowledged; FIN carries the SHA-256 of the file.",
            Self::FinAck => {
                "All data has arrived, and the receiver has compared the \
                             SHA-256."
            }
            Self::Reset => "The transfer is aborted.",
        };
        sentence.into()
    }

    /// The line of code of the rule.
    #[must_use]
    pub const fn origin(self) -> Origin {
        match self {
            Self::Opening => Origin::HANDSHAKE,
            Self::FirstTransmission(Arq::StopAndWait) => Origin::STOP_AND_WAIT_SENDS,
            Self::FirstTransmission(Arq::GoBackN) => Origin::GO_BACK_N_SENDS,
            Self::FirstTransmission(Arq::SelectiveRepeat) => {
                Origin::SELECTIVE_REPEAT_SENDS
            }
            Self::FirstTransmission(Arq::Sack) => Origin::SACK_SENDS,
            Self::Timeout(Arq::StopAndWait) => Origin::STOP_AND_WAIT_TIMES_OUT,
            Self::Timeout(Arq::GoBackN) => Origin::GO_BACK_N_TIMES_OUT,
            Self::Timeout(Arq::SelectiveRepeat) => Origin::SELECTIVE_REPEAT_TIMES_OUT,
            Self::Timeout(Arq::Sack) => Origin::SACK_TIMES_OUT,
            Self::ThreeLater => Origin::THREE_LATER,
            Self::Overtaken => Origin::OVERTAKEN,
            Self::WindowProbe => Origin::WINDOW_PROBE,
            Self::Acknowledgement(Arq::StopAndWait) => Origin::STOP_AND_WAIT_ACKNOWLEDGES,
            Self::Acknowledgement(Arq::GoBackN) => Origin::GO_BACK_N_ACKNOWLEDGES,
            Self::Acknowledgement(Arq::SelectiveRepeat) => {
                Origin::SELECTIVE_REPEAT_ACKNOWLEDGES
            }
            Self::Acknowledgement(Arq::Sack) => Origin::SACK_ACKNOWLEDGES,
            Self::Gap(Arq::StopAndWait | Arq::GoBackN | Arq::SelectiveRepeat) => {
                Origin::TELLS_A_GAP
            }
            Self::Gap(Arq::Sack) => Origin::SACK_TELLS_A_GAP,
            Self::FinReceived => Origin::FIN_RECEIVED,
            Self::Fin => Origin::FIN,
            Self::FinAck => Origin::FIN_ACK,
            Self::Reset => Origin::RESET,
        }
    }

    /// Its place in the report.
    #[must_use]
    pub const fn section(self) -> Section {
        let (page, anchor) = match self {
            Self::Opening => ("reliable/handshake.md", "the-idea"),
            Self::FirstTransmission(arq)
            | Self::Timeout(arq)
            | Self::Acknowledgement(arq)
            | Self::Gap(arq) => (chapter(arq), "the-idea"),
            Self::ThreeLater | Self::Overtaken => (chapter(Arq::Sack), "the-idea"),
            Self::WindowProbe => ("reliable/flow_control.md", "the-idea"),
            Self::FinReceived | Self::Fin | Self::FinAck | Self::Reset => {
                ("reliable/connection.md", "the-idea")
            }
        };
        Section { page, anchor }
    }
}

/// The chapter of a protocol.
const fn chapter(arq: Arq) -> &'static str {
    match arq {
        Arq::StopAndWait => "reliable/stop_and_wait.md",
        Arq::GoBackN => "reliable/go_back_n.md",
        Arq::SelectiveRepeat => "reliable/selective_repeat.md",
        Arq::Sack => "reliable/sack.md",
    }
}

/// The trigger that declared the previous transmission lost.
fn trigger(packet: &PacketName, arq: Arq, happened: &[Entry]) -> Option<Trigger> {
    let is_its_transmission = |entry: &&Entry| {
        matches!(&entry.what, JournalEvent::Machine(Event::PacketSent(sent))
            if sent.name == *packet && entry.side == Side::Sender)
    };
    let sent_at = happened
        .iter()
        .rposition(|entry| is_its_transmission(&entry));
    let before = &happened[..sent_at.unwrap_or(happened.len())];
    before.iter().rev().find_map(|entry| match &entry.what {
        JournalEvent::Machine(Event::PacketLost {
            number, trigger, ..
        }) => {
            // Go-back-N declares the oldest lost, and retransmits all after it.
            let is_it = match arq {
                Arq::GoBackN => *number <= packet.number,
                Arq::StopAndWait | Arq::SelectiveRepeat | Arq::Sack => {
                    *number == packet.number
                }
            };
            is_it.then_some(*trigger)
        }
        JournalEvent::Machine(_)
        | JournalEvent::Link(_)
        | JournalEvent::FaultInjection(_) => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::run::Experiment;
    use std::fs;
    use std::path::Path;

    fn retransmissions(arq: Arq, scenario: &str) -> Vec<Rule> {
        let experiment = Experiment {
            arq,
            scenario: scenario.parse().unwrap(),
            listening: true,
            ..Experiment::small()
        };
        let mut entries = Vec::new();
        experiment.run(|entry| entries.push(entry)).unwrap();
        let heading = experiment.heading();
        let sent = entries.iter().filter_map(|entry| match &entry.what {
            JournalEvent::Machine(Event::PacketSent(packet)) => Some(packet.name),
            JournalEvent::Machine(_)
            | JournalEvent::Link(_)
            | JournalEvent::FaultInjection(_) => None,
        });
        let again = sent.filter(|it| it.kind == Kind::Data && it.attempt > 1);
        again
            .map(|packet| Rule::of(&packet, Direction::Data, &heading, &entries))
            .collect()
    }

    #[test]
    fn every_rule_refers_to_an_existing_line_of_code_and_section() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        for rule in Rule::ALL {
            let origin = rule.origin();
            let source = fs::read_to_string(root.join(origin.file)).unwrap();
            let line = source.lines().nth(origin.line() - 1).unwrap();
            assert!(line.contains(origin.text), "{rule:?}: {line}");
            let code = source.split("#[cfg(test)]").next().unwrap();
            let found = code.matches(origin.text).count();
            assert_eq!(found, 1, "{rule:?}: {}", origin.text);
            let section = rule.section();
            let page = root.join("report").join(section.page);
            let page = fs::read_to_string(page).unwrap();
            assert!(page.contains("\n## The idea\n"), "{section}");
            assert!(rule.sentence().ends_with(['.', '?']), "{rule:?}");
        }
    }

    #[test]
    fn a_gap_revealed_by_three_later_packets_is_retransmitted_by_that_rule() {
        let rules = retransmissions(Arq::Sack, "delay=50ms;drop=d2.1");
        assert_eq!(rules, [Rule::ThreeLater]);
    }

    #[test]
    fn each_textbook_protocol_retransmits_by_its_own_timeout_rule() {
        let rules = retransmissions(Arq::GoBackN, "delay=50ms;drop=d2.1");
        assert!(rules.len() > 10);
        assert!(
            rules
                .iter()
                .all(|rule| *rule == Rule::Timeout(Arq::GoBackN))
        );
        let rules = retransmissions(Arq::SelectiveRepeat, "delay=50ms;drop=d2.1");
        assert_eq!(rules, [Rule::Timeout(Arq::SelectiveRepeat)]);
        let rules = retransmissions(Arq::StopAndWait, "delay=50ms;drop=d2.1");
        assert_eq!(rules, [Rule::Timeout(Arq::StopAndWait)]);
    }
}
