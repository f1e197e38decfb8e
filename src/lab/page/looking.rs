//! The user's view of a run: the cards, the point of view, the time of the ladder.

use super::cards::{Card, Opens};
use super::{Content, Laboratory, LaboratoryRequest};
use crate::lab::journal::Entry;
use crate::lab::ladder::{Lens, Scene, TimeScale};
use crate::lab::notation::Notation;
use crate::lab::player::{Player, PointOfView};

/// One step of the wheel, compact. Unit: packets.
const SCROLL_PACKETS: usize = 4;
/// The zoom factor of one step of the wheel with Ctrl.
const ZOOM_STEP: f64 = 1.25;
/// The limits of the zoom.
const ZOOMS: (f64, f64) = (1.0 / 16.0, 16.0);

impl Laboratory {
    /// The card that was opened last, while its experiment is shown.
    #[must_use]
    pub const fn card(&self) -> Option<&'static Card> {
        self.card
    }

    /// Whether the strip is folded away.
    #[must_use]
    pub const fn is_strip_folded(&self) -> bool {
        self.is_strip_folded
    }

    /// The view of the ladder's time.
    #[must_use]
    pub const fn lens(&self) -> Lens {
        self.lens
    }

    /// The point of view that is shown: a question always shows what the sender knows.
    #[must_use]
    pub fn point_of_view(&self) -> PointOfView {
        let is_asked = match &self.content {
            Content::Quiz(quiz) => quiz.question().is_some() && quiz.answered().is_none(),
            Content::Player(_) => self.is_asked,
            Content::Empty | Content::Race(_) => false,
        };
        if is_asked {
            PointOfView::Sender
        } else {
            self.sees
        }
    }

    /// The ladder of a run in this view, with this width and height. Unit: pixels.
    #[must_use]
    pub fn scene<'a>(&self, player: &'a Player, size: (f64, f64)) -> Scene<'a> {
        let seen = player.seen();
        Scene {
            entries: seen.entries,
            index: seen.index,
            now_us: player.position_us(),
            notation: Notation::of(player.heading()),
            usual_us: Some(player.usual_one_way_us()),
            size,
            lens: self.lens,
        }
    }

    pub(super) fn open_card(&mut self, card: &'static Card) {
        let setup = card.setup();
        self.take(match card.opens {
            Opens::Run => LaboratoryRequest::Run(setup),
            Opens::Race => LaboratoryRequest::Race(setup),
            Opens::Quiz => LaboratoryRequest::Predict(setup),
        });
        self.card = Some(card);
    }

    pub(super) fn show_cards(&mut self) {
        self.leave();
        self.content = Content::Empty;
    }

    pub(super) const fn see_from(&mut self, sees: PointOfView) {
        self.sees = sees;
    }

    pub(super) const fn set_time_scale(&mut self, scale: TimeScale) {
        self.lens.scale = scale;
        self.lens.back_us = 0;
    }

    pub(super) fn zoom(&mut self, steps: i32) {
        let (least, most) = ZOOMS;
        let zoom = self.lens.zoom * ZOOM_STEP.powi(steps.clamp(-40, 40));
        self.lens.zoom = zoom.clamp(least, most);
    }

    /// Shows another moment, between the beginning and now.
    pub(super) fn scroll(&mut self, steps: i32) {
        let Some(player) = self.player() else {
            return;
        };
        let now_us = player.position_us();
        let here_us = now_us.saturating_sub(self.lens.back_us);
        let is_back = steps > 0;
        let there_us = match self.lens.scale {
            TimeScale::ToScale => {
                let delays = f64::from(steps.unsigned_abs()) / self.lens.zoom;
                let time_us = times(player.usual_one_way_us(), delays);
                if is_back {
                    here_us.saturating_sub(time_us)
                } else {
                    here_us.saturating_add(time_us)
                }
            }
            TimeScale::Compact => {
                let packets = SCROLL_PACKETS * steps.unsigned_abs() as usize;
                let entries = player.seen().entries;
                let at = entries.partition_point(|entry| entry.time_us <= here_us);
                let is_packet = |entry: &&Entry| entry.is_of_a_packet();
                let there = if is_back {
                    entries[..at].iter().rev().filter(is_packet).nth(packets)
                } else {
                    entries[at..].iter().filter(is_packet).nth(packets)
                };
                let end_us = if is_back { 0 } else { now_us };
                there.map_or(end_us, |entry| entry.time_us)
            }
        };
        self.lens.back_us = now_us.saturating_sub(there_us);
    }

    /// Lets the player show it from the point of view that applies now.
    pub(super) fn settle(&mut self) {
        let sees = self.point_of_view();
        match &mut self.content {
            Content::Player(player) => player.set_point_of_view(sees),
            Content::Quiz(quiz) => quiz.set_point_of_view(sees),
            Content::Empty | Content::Race(_) => {}
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a place on a screen"
)]
fn times(time_us: u64, factor: f64) -> u64 {
    (time_us as f64 * factor) as u64
}

impl LaboratoryRequest {
    /// Whether another moment of the run is shown after it: the ladder shows *now* again.
    pub(super) const fn moves(&self) -> bool {
        !matches!(
            self,
            Self::Scroll(_)
                | Self::Zoom(_)
                | Self::FoldStrip
                | Self::See(_)
                | Self::SetTimeScale(_)
                | Self::Show(_)
                | Self::SetOneWayDelay(_)
                | Self::Turn(..)
                | Self::Export(..)
                | Self::Write(..)
        )
    }
}
