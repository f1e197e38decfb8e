//! A replacement of `std::time`, with the virtual clock of `world`.

use crate::world;

pub use crate::real::time::{Duration, SystemTime, UNIX_EPOCH};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Instant(Duration);

impl Instant {
    #[must_use]
    pub fn now() -> Self {
        Self(world::now())
    }

    #[must_use]
    pub fn elapsed(&self) -> Duration {
        world::now().saturating_sub(self.0)
    }
}
