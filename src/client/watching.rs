//! Passes the journal of a watched transfer to the player of a front end.
//!
//! ```text
//!   receiver-3 --Report::Happened--> Showing --Seen--> session --Watched--> face
//! ```
//!
//! Only one transfer at a time is watched. Events of the others are not recorded, unless
//! a journal is written; and at most [`MOST_ENTRIES`] entries wait for the front end, so
//! that memory is bounded.

use crate::journals::first_sequence;
pub use crate::lab::page::{Seen, Watched};
use crate::lab::player::MOST_ENTRIES;
use crate::reliable::event::Event;
use crate::reliable::event::log::{Entry, Heading, JournalEvent};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

/// Whether a transfer is watched: shared with its thread.
#[derive(Debug, Clone, Default)]
pub struct WatchSwitch(Arc<AtomicU8>);

/// Not watched.
const OFF: u8 = 0;
/// Watched from the next [`Event::ListeningBegun`] on.
const FROM_NOW: u8 = 1;
/// Watched.
const ON: u8 = 2;

/// In a transfer's thread: selects the entries that are shown.
#[derive(Debug)]
pub struct Showing {
    watch_switch: WatchSwitch,
    heading: Heading,
    /// Not before its first sequence number is known.
    is_headed: bool,
    /// The entries that wait for the heading.
    waiting: Vec<Entry>,
    shown: usize,
}

impl WatchSwitch {
    /// Watches from the next [`Event::ListeningBegun`] on, which a watched transfer
    /// records at once.
    pub fn join(&self) {
        self.0.store(FROM_NOW, Ordering::Relaxed);
    }

    /// Watches a transfer that has not begun, from its first packet on.
    pub fn see_all(&self) {
        self.0.store(ON, Ordering::Relaxed);
    }

    /// Ends watching.
    pub fn end(&self) {
        self.0.store(OFF, Ordering::Relaxed);
    }
}

impl Showing {
    /// `heading`: as far as it is known before the first packet.
    #[must_use]
    pub const fn new(watch_switch: WatchSwitch, heading: Heading) -> Self {
        Self {
            watch_switch,
            heading,
            is_headed: false,
            waiting: Vec::new(),
            shown: 0,
        }
    }

    /// Takes new entries; returns those to show.
    pub fn take(&mut self, entries: &[Entry]) -> Option<Seen> {
        let entries = match self.watch_switch.0.load(Ordering::Relaxed) {
            ON => entries,
            FROM_NOW => {
                let begins = entries.iter().rposition(is_beginning)?;
                // If it was turned off meanwhile, it stays off.
                let watch_switch = &self.watch_switch.0;
                let (from, to) = (FROM_NOW, ON);
                let order = Ordering::Relaxed;
                watch_switch.compare_exchange(from, to, order, order).ok()?;
                (self.is_headed, self.shown) = (false, 0);
                self.waiting.clear();
                &entries[begins..]
            }
            _ => return None,
        };
        let first = entries.iter().find_map(first_sequence);
        let room = MOST_ENTRIES.saturating_sub(self.shown);
        let shown = &entries[..entries.len().min(room)];
        self.waiting.extend_from_slice(shown);
        self.shown += shown.len();
        let mut heading = None;
        if !self.is_headed {
            self.heading.first_sequence = first?;
            self.is_headed = true;
            heading = Some(self.heading.clone());
        }
        let is_full = entries.len() >= room;
        if is_full {
            self.watch_switch.end();
        }
        Some(Seen {
            heading,
            entries: std::mem::take(&mut self.waiting),
            is_full,
        })
    }
}

fn is_beginning(entry: &Entry) -> bool {
    matches!(
        entry.what,
        JournalEvent::Machine(Event::ListeningBegun { .. })
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journals;
    use crate::link::Scenario;
    use crate::reliable::event::log::Side;
    use crate::reliable::moment::Moment;
    use crate::wire::digest::Token;
    use crate::wire::options::NegotiatedOptions;

    fn showing(watch_switch: &WatchSwitch) -> Showing {
        let heading = journals::heading(
            &Scenario::PERFECT,
            NegotiatedOptions::DEFAULT,
            10,
            0,
            Token([5; 16]),
        );
        Showing::new(watch_switch.clone(), heading)
    }

    fn state() -> Entry {
        let state = "open".into();
        Entry::new(Moment::START, Side::Sender, Event::StateChanged { state })
    }

    fn beginning(first_sequence: Option<u32>) -> Entry {
        let event = Event::ListeningBegun {
            base: 3,
            next: 5,
            ranges: Vec::new(),
            first_sequence,
            segment_bytes: 100,
        };
        Entry::new(Moment::START, Side::Sender, event)
    }

    #[test]
    fn no_entry_is_shown_for_an_unwatched_transfer() {
        let watch_switch = WatchSwitch::default();
        let mut showing = showing(&watch_switch);
        assert_eq!(showing.take(&[beginning(Some(7)), state()]), None);
        watch_switch.join();
        watch_switch.end();
        assert_eq!(showing.take(&[beginning(Some(7)), state()]), None);
    }

    #[test]
    fn a_viewer_that_joins_late_sees_only_later_entries_under_a_heading() {
        let watch_switch = WatchSwitch::default();
        let mut showing = showing(&watch_switch);
        watch_switch.join();
        assert_eq!(showing.take(&[state()]), None, "that was before");
        let seen = showing
            .take(&[state(), beginning(Some(7)), state()])
            .unwrap();
        assert_eq!(
            (seen.heading.unwrap().first_sequence, seen.entries.len()),
            (7, 2)
        );
        let seen = showing.take(&[state()]).unwrap();
        assert_eq!((seen.heading, seen.entries.len()), (None, 1));
        watch_switch.join();
        let seen = showing.take(&[beginning(Some(7))]).unwrap();
        assert!(seen.heading.is_some(), "another look begins anew");
    }

    #[test]
    fn a_viewer_that_asks_for_everything_also_sees_the_earlier_entries() {
        let watch_switch = WatchSwitch::default();
        let mut showing = showing(&watch_switch);
        watch_switch.see_all();
        assert_eq!(showing.take(&[state(), state()]), None, "no heading yet");
        let seen = showing.take(&[beginning(Some(7))]).unwrap();
        assert_eq!(seen.entries.len(), 3);
    }

    #[test]
    fn the_heading_waits_for_the_first_sequence_number() {
        let watch_switch = WatchSwitch::default();
        let mut showing = showing(&watch_switch);
        watch_switch.join();
        assert_eq!(showing.take(&[state(), beginning(None), state()]), None);
        let seen = showing.take(&[beginning(Some(9))]).unwrap();
        assert_eq!(
            (seen.heading.unwrap().first_sequence, seen.entries.len()),
            (9, 3)
        );
    }

    #[test]
    fn the_view_stops_after_a_million_entries_and_says_so() {
        let watch_switch = WatchSwitch::default();
        let mut showing = showing(&watch_switch);
        watch_switch.join();
        showing.take(&[beginning(Some(7))]);
        showing.shown = MOST_ENTRIES - 2;
        assert!(!showing.take(&[state()]).unwrap().is_full);
        let seen = showing.take(&[state(), state()]).unwrap();
        assert!(seen.is_full && seen.entries.len() == 1);
        assert_eq!(showing.take(&[state()]), None);
    }
}
