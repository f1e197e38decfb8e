//! What the page may ask.

use crate::class::{ClassRequest, ExerciseRequest};
use sash::lab::ladder::TimeScale;
use sash::lab::page::Setup;
use sash::lab::player::PointOfView;
use sash::wire::options::{Arq, Congestion, DEFAULT_SEGMENT_BYTES};
use serde::{Deserialize, Serialize};

/// One request: what is to be done, in turn, and then what is to be drawn.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// What is to be done.
    #[serde(rename = "do", default)]
    pub deeds: Vec<Deed>,
    /// What is to be drawn; nothing where it is absent.
    pub draw: Option<Draw>,
}

/// What is to be drawn, and how.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Draw {
    /// Of both pictures. Unit: pixels.
    pub width: f64,
    /// Of the ladder or the chart. Unit: pixels.
    pub height: f64,
    /// On dark paper.
    #[serde(default)]
    pub dark: bool,
    /// The whole of the run on paper: compact, whatever is chosen.
    #[serde(default)]
    pub print: bool,
}

/// The fields, as the page and a link have them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Fields {
    /// The link, as its line of text.
    pub scenario: String,
    /// The protocol.
    pub arq: Arq,
    /// Most packets in flight.
    pub window: String,
    /// Who decides how much of the window is used.
    pub congestion: Congestion,
    /// The file. Unit: packets.
    pub packets: u64,
}

/// A longer file would hold the page up.
pub const MOST_PACKETS: u64 = 2_000;

impl From<Fields> for Setup {
    fn from(fields: Fields) -> Self {
        Self {
            scenario: fields.scenario,
            arq: fields.arq,
            window: fields.window,
            congestion: fields.congestion,
            size: fields.packets.clamp(1, MOST_PACKETS)
                * u64::from(DEFAULT_SEGMENT_BYTES),
        }
    }
}

impl From<&Setup> for Fields {
    fn from(setup: &Setup) -> Self {
        Self {
            scenario: setup.scenario.clone(),
            arq: setup.arq,
            window: setup.window.clone(),
            congestion: setup.congestion,
            packets: setup.size.div_ceil(u64::from(DEFAULT_SEGMENT_BYTES)),
        }
    }
}

/// Something that a person does, or that time does.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Deed {
    /// Run what the fields say.
    Run(Fields),
    /// Run all protocols over the link of the fields.
    Race(Fields),
    /// Ask what comes next, of what the fields say.
    Quiz(Fields),
    /// Open a card.
    Card(String),
    /// Go on if it stands still, and the other way round.
    PlayOrPause,
    /// Stand still.
    Pause,
    /// To the next packet.
    Step,
    /// To the packet before.
    StepBack,
    /// To the beginning.
    Restart,
    /// To this share of the time that is known.
    Seek(f64),
    /// To this moment; a run goes on to it. Unit: microseconds.
    GoTo(u64),
    /// A packet's way takes so long on the wall. Unit: milliseconds.
    Way(u64),
    /// This slider to this place.
    Turn {
        /// Its word: `loss`.
        knob: String,
        /// Which of its values.
        place: usize,
    },
    /// Drop this packet: `d3.1`.
    Kill(String),
    /// Drop what is in flight at this place of the ladder.
    KillAt(At),
    /// Drop the packet that is pointed at.
    KillPointed,
    /// Point at what is at this place.
    PointAt(At),
    /// Point at the packet before or after.
    PointPacket {
        /// After it.
        later: bool,
    },
    /// Point at the segment beside: `left`, `right`, `sender`, `receiver`.
    PointSegment(Toward),
    /// Point at nothing.
    LetGo,
    /// Draw this: `ladder`, `sequence`, `window`, `rtt`, `goodput`, `theory`.
    Show(Shown),
    /// What of it is drawn.
    See(Sees),
    /// How time becomes height.
    SetScale(Scale),
    /// Show an earlier moment, by this many steps; negative: a later one.
    Scroll(i32),
    /// Enlarge time by this many steps; negative: reduce it.
    Zoom(i32),
    /// Fold the strip away, or unfold it.
    FoldStrip,
    /// This answer to the question.
    Answer(usize),
    /// The next question.
    NextQuestion,
    /// So much time has passed on the wall. Unit: milliseconds.
    Tick(f64),
    /// Back to the cards.
    Close,
    /// Write something, for the page to save: `strip-svg`, `view-svg`, `csv`, `pcapng`,
    /// `journal`.
    Save(String),
    /// Work out a question of the teacher's.
    Class(Box<ClassRequest>),
    /// An exercise of the teacher's.
    Exercise(Box<ExerciseRequest>),
    /// Draw the cards' small pictures.
    Cards {
        /// On dark paper.
        dark: bool,
    },
}

/// A place on a picture. Unit: pixels.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct At {
    /// On the strip, and not on the ladder.
    #[serde(default)]
    pub strip: bool,
    /// From the left.
    pub x: f64,
    /// From above.
    pub y: f64,
    /// How far from a packet it still means it.
    pub near: f64,
}

/// Where a key leads on the strip.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Toward {
    /// To the segment before.
    Left,
    /// To the segment after.
    Right,
    /// To the sender's row.
    Sender,
    /// To the receiver's row.
    Receiver,
}

/// What is drawn below the strip.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shown {
    /// Packets between two lines.
    #[default]
    Ladder,
    /// Segments over time.
    Sequence,
    /// The window over time.
    Window,
    /// Round trip and timeout.
    Rtt,
    /// File bytes per second.
    Goodput,
    /// The textbook's curves.
    Theory,
}

/// What of a run is drawn.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sees {
    /// Both sides and the link.
    #[default]
    Everything,
    /// What has left the sender and what has reached it.
    Sender,
}

impl From<Sees> for PointOfView {
    fn from(sees: Sees) -> Self {
        match sees {
            Sees::Everything => Self::Everything,
            Sees::Sender => Self::Sender,
        }
    }
}

impl From<PointOfView> for Sees {
    fn from(sees: PointOfView) -> Self {
        match sees {
            PointOfView::Everything => Self::Everything,
            PointOfView::Sender => Self::Sender,
        }
    }
}

/// How time becomes height.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scale {
    /// Linear.
    #[default]
    ToScale,
    /// As on paper.
    Compact,
}

impl From<Scale> for TimeScale {
    fn from(scale: Scale) -> Self {
        match scale {
            Scale::ToScale => Self::ToScale,
            Scale::Compact => Self::Compact,
        }
    }
}

impl From<TimeScale> for Scale {
    fn from(scale: TimeScale) -> Self {
        match scale {
            TimeScale::ToScale => Self::ToScale,
            TimeScale::Compact => Self::Compact,
        }
    }
}
