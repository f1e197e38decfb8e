//! A flood of lines: then the chat is drawn only a few times per second.
//!
//! Nobody reads faster, and drawing is most of a window's work in a flood; without it the
//! window can react to a key.
//!
//! ```text
//! lines    | |        |    ||||||||||||||||||||||||||||||
//! drawn    | |        |    ||       |        |        |    at once, or after PAUSE_MS
//! ```

/// The last drawing.
#[derive(Debug, Default)]
pub(super) struct Pouring {
    lines: usize,
    at_ms: u64,
}

/// The number of new lines within a pause that count as a flood.
const FEW: usize = 2;

/// Between two drawings in a flood. Unit: milliseconds.
const PAUSE_MS: u64 = 200;

impl Pouring {
    /// Whether to draw a conversation with this many lines now; `false` is valid for at
    /// most [`PAUSE_MS`].
    pub(super) fn is_due(&mut self, lines: usize, now_ms: u64) -> bool {
        let is_flood = lines.saturating_sub(self.lines) > FEW;
        if is_flood && now_ms < self.at_ms + PAUSE_MS {
            return false;
        }
        if lines != self.lines {
            *self = Self {
                lines,
                at_ms: now_ms,
            };
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn single_lines_are_drawn_at_once_and_a_flood_is_drawn_five_times_per_second() {
        let mut pouring = Pouring::default();
        for line in 1..100 {
            assert!(pouring.is_due(line, line as u64 * 50));
        }
        let mut drawn = 0;
        for turn in 0..40 {
            let lines = 100 + turn * 5;
            drawn += u32::from(pouring.is_due(lines, 5_000 + turn as u64 * 50));
        }
        assert!((10..=11).contains(&drawn), "{drawn} times in two seconds");
    }

    #[test]
    fn the_last_lines_of_a_flood_are_also_drawn() {
        let mut pouring = Pouring::default();
        assert!(pouring.is_due(10, 1_000));
        assert!(!pouring.is_due(50, 1_050));
        assert!(!pouring.is_due(50, 1_199));
        assert!(pouring.is_due(50, 1_200));
    }

    #[test]
    fn a_conversation_with_fewer_lines_is_drawn_at_once() {
        let mut pouring = Pouring::default();
        assert!(pouring.is_due(500, 1_000));
        assert!(pouring.is_due(3, 1_001));
    }
}
