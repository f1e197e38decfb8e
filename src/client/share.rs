//! A share of a file: `50%`, or `50`.
//!
//! ```
//! use sash::client::share::Share;
//! let half: Share = "50%".parse().unwrap();
//! assert_eq!(half.of(3_000), 1_500);
//! assert!("101%".parse::<Share>().is_err());
//! ```

use std::fmt;
use std::str::FromStr;

/// A share in whole percent, 1 to 99.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share(u8);

impl Share {
    /// Half of it: the place where the student projects paused.
    pub const HALF: Self = Self(50);

    /// This share of `bytes`, rounded up.
    #[must_use]
    pub const fn of(self, bytes: u64) -> u64 {
        // In two steps, so that nothing overflows.
        let percent = self.0 as u64;
        bytes / 100 * percent + (bytes % 100 * percent).div_ceil(100)
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} %", self.0)
    }
}

impl FromStr for Share {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.trim().trim_end_matches('%').trim_end();
        match digits.parse() {
            Ok(percent @ 1..=99) => Ok(Self(percent)),
            Ok(_) | Err(_) => Err("write a share from 1% to 99%"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_computed_correctly_for_any_size() {
        let half: Share = "50".parse().unwrap();
        assert_eq!(half, Share::HALF);
        assert_eq!([0, 1, 99, 101].map(|bytes| half.of(bytes)), [0, 1, 50, 51]);
        assert_eq!(half.of(u64::MAX), u64::MAX / 2 + 1);
        for wrong in ["", "0%", "100%", "-1", "half", "300"] {
            assert!(wrong.parse::<Share>().is_err(), "{wrong}");
        }
    }
}
