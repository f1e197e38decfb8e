//! The session's part of the laboratory: which transfer is watched, and hands on its link.

use super::{Door, Reporter, Running, Session};
use crate::client::controller::Event;
use crate::client::watching::{Seen, Showing, Watched, Wish};
use crate::journals;
use crate::lab::journal::Side;
use crate::link::Scenario;
use crate::transfer::Report;
use crate::transfer::hand::Hand;
use crate::wire::message::Offer;

impl Session {
    /// What is new of the transfer that is watched, since last asked.
    pub fn take_watched(&mut self) -> Option<Watched> {
        let watched = self.watched.as_mut()?;
        let seen = std::mem::take(&mut watched.seen);
        let Watched { tag, is_over, .. } = *watched;
        Some(Watched { tag, seen, is_over })
    }

    /// What this transfer's thread makes entries with.
    pub(super) fn showing(&self, tag: u64, offer: &Offer, wish: Wish) -> Showing {
        let is_upload = self
            .model()
            .transfer(tag)
            .is_some_and(|it| it.source.is_some());
        let side = if is_upload {
            Side::Sender
        } else {
            Side::Receiver
        };
        let Offer {
            settled,
            size,
            offset,
            ..
        } = *offer;
        let heading = journals::heading(&self.settings.scenario, settled, size, offset);
        Showing::new(wish, side, heading)
    }

    /// From now on this transfer is watched and no other.
    pub(super) fn watch(&mut self, tag: Option<u64>) {
        self.wishes.values().for_each(Wish::end);
        self.watched = tag.map(|tag| Watched {
            tag,
            seen: Seen::default(),
            is_over: false,
        });
        let Some(tag) = tag else { return };
        // One that does not run yet is joined when it starts.
        if self.running.contains_key(&tag) {
            self.join(tag);
        }
    }

    pub(super) fn join(&mut self, tag: u64) {
        self.wishes.entry(tag).or_default().join();
        self.meddle(tag, Hand::Watch);
    }

    pub(super) fn meddle(&self, tag: u64, hand: Hand) {
        match self.running.get(&tag) {
            Some(Running::Download(receiving)) => receiving.meddle(hand),
            Some(Running::Upload(sending)) => sending.meddle(hand),
            None => {}
        }
    }

    /// For the face that watches this transfer, if one does.
    pub(super) fn see(&mut self, tag: u64, mut seen: Seen) {
        let watched = self.watched.as_mut();
        let Some(watched) = watched.filter(|watched| watched.tag == tag) else {
            return;
        };
        if seen.heading.is_some() {
            watched.seen = seen;
        } else {
            watched.seen.entries.append(&mut seen.entries);
            watched.seen.is_full |= seen.is_full;
        }
    }

    pub(super) fn see_the_end(&mut self, event: &Event) {
        let Event::Report {
            tag,
            report: Report::Ended(_) | Report::Closed,
        } = event
        else {
            return;
        };
        let watched = self.watched.as_mut();
        if let Some(watched) = watched.filter(|watched| watched.tag == *tag) {
            watched.is_over = true;
        }
    }

    /// Another link for what runs and for what comes.
    pub(super) fn change_link(&mut self, scenario: Scenario) {
        for tag in self.running.keys() {
            self.meddle(*tag, Hand::Change(scenario.clone()));
        }
        self.settings.scenario = scenario;
    }
}

impl Door {
    /// Where a transfer's threads report to; what happens goes to who watches, if anybody.
    pub(super) fn reporter(self, tag: u64, mut showing: Showing) -> Reporter {
        Box::new(move |report| match report {
            Report::Happened(happenings) => {
                if let Some(seen) = showing.take(&happenings) {
                    self.event(None, Event::Seen { tag, seen });
                }
            }
            report => self.event(None, Event::Report { tag, report }),
        })
    }
}
