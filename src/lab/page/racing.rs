//! A race, as far as it is shown.

use crate::lab::race::Race;
use std::time::Duration;

/// A race, as far as it is shown.
#[derive(Debug)]
pub struct Racing {
    /// The whole race, which virtual time has already run.
    pub race: Race,
    /// Unit: microseconds.
    pub position_us: u64,
    /// Whether it is playing.
    pub is_playing: bool,
}

/// The time in which a whole race is shown.
const RACE_SECONDS: u64 = 8;

impl Racing {
    /// From its beginning on.
    #[must_use]
    pub const fn new(race: Race) -> Self {
        Self {
            race,
            position_us: 0,
            is_playing: true,
        }
    }

    pub(super) fn end_us(&self) -> u64 {
        u64::try_from(self.race.longest().as_micros()).unwrap_or(u64::MAX)
    }

    pub(super) fn play_or_pause(&mut self) {
        if self.position_us >= self.end_us() {
            self.position_us = 0;
        }
        self.is_playing = !self.is_playing;
    }

    pub(super) fn tick(&mut self, wall: Duration) -> bool {
        if !self.is_playing {
            return false;
        }
        let wall_us = u64::try_from(wall.as_micros()).unwrap_or(0);
        let whole_us = RACE_SECONDS * 1_000_000;
        let step = u128::from(self.end_us()) * u128::from(wall_us) / u128::from(whole_us);
        let step = u64::try_from(step).unwrap_or(u64::MAX).max(1);
        self.position_us = self.position_us.saturating_add(step).min(self.end_us());
        self.is_playing = self.position_us < self.end_us();
        true
    }
}
