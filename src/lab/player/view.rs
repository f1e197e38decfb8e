//! Two points of view on a run: what really happens, and what the sender knows.
//!
//! A sender knows which packets it has sent and which have reached it. It can only
//! conclude that the link has lost a packet, or what the receiver has. Its knowledge is
//! its own part of the event log, which strip, ladder, chart and text show like the whole
//! log.

use super::{Player, Source};
use crate::lab::journal::{Entry, Heading, Side};
use crate::lab::strip::{Scrubber, Sides, Strip};

/// The part of a run that is shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum PointOfView {
    /// Both sides and the link.
    #[default]
    Everything,
    /// The packets that have left the sender, and those that have reached it.
    Sender,
}

impl PointOfView {
    /// Both of them.
    pub const ALL: [Self; 2] = [Self::Everything, Self::Sender];

    /// As a switch has it.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Everything => "What really happens",
            Self::Sender => "What the sender knows",
        }
    }

    /// Whether an entry is visible.
    #[must_use]
    pub fn shows(self, entry: &Entry) -> bool {
        self == Self::Everything || entry.side == Side::Sender
    }
}

/// A run as far as it is shown.
#[derive(Debug, Clone, Copy)]
pub struct VisibleRun<'a> {
    /// The known visible entries.
    pub entries: &'a [Entry],
    /// How many of them have happened.
    pub index: usize,
    /// The segments.
    pub strip: &'a Strip,
    /// The sides of these entries.
    pub sides: Sides,
}

/// The sender's part of an event log, and a place in it.
#[derive(Debug)]
pub(super) struct Knowledge {
    /// Where each of its entries is in the whole.
    places: Vec<usize>,
    scrubber: Scrubber,
}

impl Knowledge {
    fn of(heading: &Heading, entries: &[Entry]) -> Self {
        let mut knowledge = Self {
            places: Vec::new(),
            scrubber: Scrubber::new(heading.clone(), Vec::new()),
        };
        for (place, entry) in entries.iter().enumerate() {
            knowledge.take(place, entry);
        }
        knowledge
    }

    /// The next entry of the event log, after `place` others.
    pub(super) fn take(&mut self, place: usize, entry: &Entry) {
        if PointOfView::Sender.shows(entry) {
            self.places.push(place);
            self.scrubber.push(entry.clone());
        }
    }

    /// To the moment after this many entries of the whole.
    fn go_to(&mut self, index: usize) {
        let known = self.places.partition_point(|place| *place < index);
        self.scrubber.at(known);
    }
}

impl Player {
    /// Chooses the point of view. The log of a receiver alone is always shown whole.
    pub fn set_point_of_view(&mut self, sees: PointOfView) {
        // A simulation logs its sender, even if it has no entry of it yet.
        let has_sender = matches!(self.source, Source::Simulation(_))
            || Sides::of(self.entries()).sender;
        let is_sender = sees == PointOfView::Sender && has_sender;
        if is_sender == self.knowledge.is_some() {
            return;
        }
        self.knowledge = is_sender.then(|| Knowledge::of(self.heading(), self.entries()));
        self.show(self.place().index);
    }

    /// The point of view that is shown.
    #[must_use]
    pub const fn point_of_view(&self) -> PointOfView {
        match self.knowledge {
            Some(_) => PointOfView::Sender,
            None => PointOfView::Everything,
        }
    }

    /// The run as it is seen at this place.
    #[must_use]
    pub fn seen(&self) -> VisibleRun<'_> {
        let Some(Knowledge { scrubber, .. }) = &self.knowledge else {
            return VisibleRun {
                entries: self.entries(),
                index: self.place().index,
                strip: self.strip(),
                sides: Sides::of(self.entries()),
            };
        };
        let index = scrubber.place().index;
        VisibleRun {
            // It cannot know later events.
            entries: &scrubber.entries()[..index],
            index,
            strip: scrubber.strip(),
            sides: Sides {
                sender: true,
                receiver: false,
            },
        }
    }

    /// To the moment after this many entries.
    pub(super) fn show(&mut self, index: usize) {
        self.scrubber.at(index);
        if let Some(knowledge) = &mut self.knowledge {
            knowledge.go_to(self.scrubber.place().index);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::ladder::{Lens, Scene};
    use crate::lab::notation::Notation;
    use crate::lab::run::Experiment;
    use crate::lab::strip::SenderState;
    use crate::wire::packet::Kind;

    #[test]
    fn the_sender_learns_of_a_loss_when_it_declares_it() {
        let mut player = Player::simulation(Experiment {
            scenario: "delay=50ms;drop=d2.1".parse().unwrap(),
            size: 20_000,
            ..Experiment::small()
        });
        player.seek(175_000);
        let state = |player: &Player| player.seen().strip.sender(2);
        assert_eq!(state(&player), SenderState::Lost);
        player.set_point_of_view(PointOfView::Sender);
        assert_eq!(state(&player), SenderState::InFlight);
        assert!(!player.seen().sides.receiver);
        assert_eq!(
            player.strip().sender(2),
            SenderState::Lost,
            "the whole stays"
        );
        let scene = |player: &Player| {
            let seen = player.seen();
            let scene = Scene {
                entries: seen.entries,
                index: seen.index,
                now_us: player.position_us(),
                notation: Notation::of(player.heading()),
                usual_us: Some(player.usual_one_way_us()),
                size: (800.0, 400.0),
                lens: Lens::USUAL,
            };
            scene.draw()
        };
        let moving = scene(&player);
        let data: Vec<bool> = moving
            .spots
            .iter()
            .filter(|spot| spot.packet.kind == Kind::Data)
            .map(|spot| spot.is_in_flight)
            .collect();
        assert!(
            data.len() > 3 && data.iter().all(|it| *it),
            "all look alike: {data:?}"
        );

        while state(&player) == SenderState::InFlight && player.step() {}
        let lost_us = player.position_us();
        assert!(lost_us > 200_000, "{lost_us}");
        player.seek(175_000); // Back and forth.
        assert_eq!(state(&player), SenderState::InFlight);
        player.seek(lost_us);
        assert_ne!(state(&player), SenderState::InFlight);
    }

    #[test]
    fn a_step_of_the_sender_passes_over_what_it_cannot_see() {
        let mut player = Player::simulation(Experiment {
            scenario: "delay=50ms".parse().unwrap(),
            ..Experiment::small()
        });
        player.set_point_of_view(PointOfView::Sender);
        while player.step_packet() && !player.is_over() {
            let newest = &player.entries()[player.place().index - 1];
            let last = player.entries().len();
            let place = player.place().index;
            assert_eq!(newest.side, Side::Sender, "{place} of {last}: {newest:?}");
        }
        while player.step_packet_back() {
            let newest = player.place().index.checked_sub(1);
            let newest = newest.map(|newest| &player.entries()[newest]);
            assert!(newest.is_none_or(|newest| newest.side == Side::Sender));
        }
    }
}
