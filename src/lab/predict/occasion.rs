//! The kinds of moments at which a run is stopped.

use crate::wire::options::Arq;
use std::fmt;

/// The kinds of interesting moments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Occasion {
    /// The connection is open: the first packets.
    Opening,
    /// An ACK moves the window by one.
    Slide,
    /// An ACK moves the window by several.
    Jump,
    /// The window is full.
    WindowFull,
    /// An ACK moves nothing.
    DuplicateAck,
    /// An ACK arrives that a later one has overtaken.
    OldAck,
    /// A NACK arrives.
    Nack,
    /// Three later packets have arrived.
    ThreeLater,
    /// A later packet has arrived, and 9/8 of a round-trip time has passed.
    Overtaken,
    /// No ACK arrived in time.
    Timeout,
    /// A retransmission is declared lost.
    LostAgain,
    /// The sender is paused.
    Paused,
    /// The receiver's window closes.
    WindowClosed,
    /// An ACK moves the window while no DATA may be sent.
    Held,
    /// A halted sender continues.
    GoesOn,
    /// No DATA may be sent, and a window probe is due.
    Probe,
    /// Everything is acknowledged.
    Finished,
    /// FIN was not answered.
    FinUnanswered,
}

/// A place in the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Section {
    /// Its page, from the folder `report` on.
    pub page: &'static str,
    /// The heading on it, as a link names it.
    pub anchor: &'static str,
}

impl Occasion {
    /// Each of them.
    pub const ALL: [Self; 18] = [
        Self::Opening,
        Self::Slide,
        Self::Jump,
        Self::WindowFull,
        Self::DuplicateAck,
        Self::OldAck,
        Self::Nack,
        Self::ThreeLater,
        Self::Overtaken,
        Self::Timeout,
        Self::LostAgain,
        Self::Paused,
        Self::WindowClosed,
        Self::Held,
        Self::GoesOn,
        Self::Probe,
        Self::Finished,
        Self::FinUnanswered,
    ];

    /// As the score has it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Opening => "opening",
            Self::Slide => "ACK",
            Self::Jump => "ACK that slides the window by several",
            Self::WindowFull => "window full",
            Self::DuplicateAck => "duplicate ACK",
            Self::OldAck => "overtaken ACK",
            Self::Nack => "NACK",
            Self::ThreeLater => "three later packets",
            Self::Overtaken => "9/8 of a round trip",
            Self::Timeout => "timeout",
            Self::LostAgain => "retransmission lost",
            Self::Paused => "pause",
            Self::WindowClosed => "zero window",
            Self::Held => "ACK while no DATA may be sent",
            Self::GoesOn => "resuming",
            Self::Probe => "probe",
            Self::Finished => "FIN",
            Self::FinUnanswered => "FIN unanswered",
        }
    }

    /// Whether other kinds have priority.
    pub(super) const fn is_plain(self) -> bool {
        matches!(
            self,
            Self::Slide
                | Self::Opening
                | Self::OldAck
                | Self::WindowFull
                | Self::Finished
        )
    }

    /// A hint.
    #[must_use]
    pub const fn hint(self) -> &'static str {
        match self {
            Self::Opening => "How many packets may be in flight before the first ACK?",
            Self::Slide | Self::Jump => "How far does this ACK move the window?",
            Self::OldAck => "What does it acknowledge that the sender does not know yet?",
            Self::WindowFull => {
                "How many packets, from the oldest unacknowledged one on, may be in \
                 flight?"
            }
            Self::DuplicateAck | Self::Nack => {
                "Does this protocol retransmit because of an ACK, or because of a timer?"
            }
            Self::ThreeLater | Self::Overtaken => {
                "Which packets were sent after the missing one and have arrived?"
            }
            Self::Timeout | Self::LostAgain => {
                "Which of the segments after the gap has the receiver buffered?"
            }
            Self::Paused | Self::WindowClosed | Self::Held => {
                "May the sender send DATA now? How would it learn that it may again?"
            }
            Self::GoesOn => "How much does the window allow at this moment?",
            Self::Probe => "What if the ACK that reopened the window was lost?",
            Self::Finished => "Is any segment still unacknowledged?",
            Self::FinUnanswered => {
                "How does the sender learn whether the file arrived \
                                    complete?"
            }
        }
    }

    /// The place in the report about this protocol's reaction.
    #[must_use]
    pub const fn section(self, arq: Arq) -> Section {
        let (page, anchor) = match self {
            Self::Opening
            | Self::Slide
            | Self::Jump
            | Self::WindowFull
            | Self::DuplicateAck
            | Self::OldAck
            | Self::Nack
            | Self::ThreeLater
            | Self::Overtaken
            | Self::Timeout => (protocol(arq), "the-idea"),
            Self::LostAgain => match arq {
                Arq::StopAndWait | Arq::GoBackN | Arq::SelectiveRepeat => {
                    ("reliable/round_trip.md", "the-idea")
                }
                Arq::Sack => (protocol(arq), "the-idea"),
            },
            Self::Paused => ("wire.md", "pauses"),
            Self::WindowClosed | Self::Held | Self::GoesOn | Self::Probe => {
                ("wire.md", "a-closed-window")
            }
            Self::Finished | Self::FinUnanswered => {
                ("reliable/connection.md", "the-idea")
            }
        };
        Section { page, anchor }
    }
}

/// The chapter of a protocol.
const fn protocol(arq: Arq) -> &'static str {
    match arq {
        Arq::StopAndWait => "reliable/stop_and_wait.md",
        Arq::GoBackN => "reliable/go_back_n.md",
        Arq::SelectiveRepeat => "reliable/selective_repeat.md",
        Arq::Sack => "reliable/sack.md",
    }
}

impl fmt::Display for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { page, anchor } = self;
        write!(f, "report/{page}#{anchor}")
    }
}
