//! Steps from one visible entry to the next, and back.

use super::Player;
use crate::lab::journal::Entry;

impl Player {
    /// One entry on, and no further; false at the end.
    pub fn step(&mut self) -> bool {
        self.step_to(|_| true)
    }

    /// On to the next packet that is sent, carried, received or killed; false at the end.
    pub fn step_packet(&mut self) -> bool {
        self.step_to(Entry::is_of_a_packet)
    }

    /// One entry back, and no further; false at the beginning.
    pub fn step_back(&mut self) -> bool {
        self.step_back_to(|_| true)
    }

    /// Back to just after the packet before; false at the beginning.
    pub fn step_packet_back(&mut self) -> bool {
        self.step_back_to(Entry::is_of_a_packet)
    }

    /// On to the end of the next moment in which something happens.
    pub fn next_moment(&mut self) -> bool {
        let is_moved = self.step();
        self.run_up_to(self.position);
        self.go_to_position();
        is_moved
    }

    /// Back to the end of the moment before.
    pub fn last_moment(&mut self) -> bool {
        self.is_playing = false;
        let now_us = self.time_at(self.place().index);
        let index = now_us
            .checked_sub(1)
            .map_or(0, |before| self.scrubber.index_at(before));
        let is_moved = index < self.place().index;
        self.go_to(index);
        is_moved
    }

    fn step_to(&mut self, is_it: impl Fn(&Entry) -> bool) -> bool {
        self.is_playing = false;
        let sees = self.point_of_view();
        let mut index = self.place().index;
        loop {
            if index == self.entries().len() && !self.run_one_step() {
                let is_moved = index > self.place().index;
                self.go_to(index);
                return is_moved;
            }
            let entry = self.entries().get(index);
            let is_there = entry.is_some_and(|it| sees.shows(it) && is_it(it));
            index += 1;
            if is_there {
                self.go_to(index);
                return true;
            }
        }
    }

    fn step_back_to(&mut self, is_it: impl Fn(&Entry) -> bool) -> bool {
        self.is_playing = false;
        let here = self.place().index;
        let past = &self.entries()[..here.saturating_sub(1)];
        let sees = self.point_of_view();
        let is_there = |entry: &Entry| sees.shows(entry) && is_it(entry);
        let index = past.iter().rposition(is_there).map_or(0, |place| place + 1);
        self.go_to(index);
        here > 0
    }
}
