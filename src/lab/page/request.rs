//! A request of the user to the page.

use super::cards::Card;
use super::export::Format;
use super::knob::Knob;
use super::{Notice, Setup, View};
use crate::lab::ladder::TimeScale;
use crate::lab::player::PointOfView;
use crate::link::Label;
use std::path::PathBuf;
use std::time::Duration;

/// A request of the user.
#[derive(Debug, Clone, PartialEq)]
pub enum LaboratoryRequest {
    /// Run the experiment of the fields.
    Run(Setup),
    /// Run all protocols over the link of the fields.
    Race(Setup),
    /// Start the quiz with the experiment of the fields.
    Predict(Setup),
    /// Open this card.
    OpenCard(&'static Card),
    /// Back to the cards.
    ShowCards,
    /// Play or pause.
    PlayOrPause,
    /// To the next packet.
    Step,
    /// To the packet before.
    StepBack,
    /// To the beginning; a run with injected faults starts again with its scenario.
    Restart,
    /// To this share of the time that is known.
    Seek(f64),
    /// Set the slow motion: the time of a packet on the screen.
    SetOneWayDelay(Duration),
    /// Move this slider to this position.
    Turn(Knob, usize),
    /// Lose this packet.
    Kill(Label),
    /// Choose the diagram below the strip.
    Show(View),
    /// Choose the point of view.
    See(PointOfView),
    /// Choose to scale or compact.
    SetTimeScale(TimeScale),
    /// Show an earlier moment of the ladder, by this many steps; negative: a later one.
    Scroll(i32),
    /// Enlarge the ladder's time by this many steps; negative: reduce it.
    Zoom(i32),
    /// Fold the strip away, or unfold it.
    FoldStrip,
    /// This answer to the question.
    Answer(usize),
    /// The next question.
    NextQuestion,
    /// Ask the class the current question; only for the teacher.
    AskClass,
    /// Open the journal at this place.
    Open(PathBuf),
    /// Write this, at this place.
    Export(Format, PathBuf),
    /// Write these bytes, at this place.
    Write(PathBuf, Vec<u8>),
    /// Show this sentence of the window.
    Tell(Notice),
}

impl LaboratoryRequest {
    /// Whether it shows something new, which the keys then play.
    #[must_use]
    pub const fn begins(&self) -> bool {
        matches!(
            self,
            Self::Run(_)
                | Self::Race(_)
                | Self::Predict(_)
                | Self::OpenCard(_)
                | Self::Open(_)
        )
    }
}
