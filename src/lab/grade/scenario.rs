//! The scenario of a graded run: points, a link, a window and a number of segments.
//!
//! A teacher's file has one scenario per line, and `#` begins a comment:
//!
//! ```text
//!   points | link                 | window | segments | topic
//!   4      | drop=d2.1;delay=50ms | 4      | 12       | A timeout retransmits the window.
//! ```
//!
//! ```
//! use sash::lab::grade::scenario::{GradedScenario, read};
//! let file = "# mine\n3 | loss=10%;delay=50ms | 4 | 20 | Losses.\n";
//! let scenarios = read(file).unwrap();
//! assert_eq!((scenarios[0].points, scenarios[0].segments), (3, 20));
//! assert_eq!(read("3 | loss=10%").unwrap_err(), "line 1: a scenario has four or five fields: \
//! points | link | window | segments | topic");
//! ```

use crate::link::Scenario;
use crate::wire::options::Arq;
use std::time::Duration;

/// One run that is graded.
#[derive(Debug, Clone, PartialEq)]
pub struct GradedScenario {
    /// The points of a run without a violation.
    pub points: u32,
    /// The scenario of the path.
    pub link: Scenario,
    /// N. Unit: segments.
    pub window: u32,
    /// The number of segments to send.
    pub segments: u32,
    /// Its topic in a sentence.
    pub lesson: String,
}

/// The timeout of a sender. Unit of the verbs: milliseconds.
pub const TIMEOUT: Duration = Duration::from_millis(250);

/// The limit for a file or a seed.
const LARGEST_WINDOW: u32 = 64;
/// The limit for a file or a seed.
const MOST_SEGMENTS: u32 = 1_000;
/// The limit of points of a scenario.
const MOST_POINTS: u32 = 1_000;

impl GradedScenario {
    /// The window that this protocol uses: stop-and-wait always has one segment.
    #[must_use]
    pub fn window_of(&self, protocol: Arq) -> u32 {
        if protocol == Arq::StopAndWait {
            1
        } else {
            self.window
        }
    }
}

/// Reads a teacher's file.
///
/// # Errors
/// The line and what is wrong with it, in a sentence.
pub fn read(text: &str) -> Result<Vec<GradedScenario>, String> {
    let mut scenarios = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let scenario = read_line(line).map_err(|why| format!("line {number}: {why}"))?;
        scenarios.push(scenario);
    }
    if scenarios.is_empty() {
        return Err("it has no scenario".to_owned());
    }
    Ok(scenarios)
}

fn read_line(line: &str) -> Result<GradedScenario, String> {
    let fields: Vec<&str> = line.splitn(5, '|').map(str::trim).collect();
    let [points, link, window, segments, lesson @ ..] = &fields[..] else {
        return Err(
            "a scenario has four or five fields: points | link | window | segments | \
             topic"
                .to_owned(),
        );
    };
    Ok(GradedScenario {
        points: number("points", points, MOST_POINTS)?,
        link: link.parse().map_err(|why| format!("{why}"))?,
        window: number("the window", window, LARGEST_WINDOW)?,
        segments: number("segments", segments, MOST_SEGMENTS)?,
        lesson: lesson.first().copied().unwrap_or_default().to_owned(),
    })
}

fn number(name: &str, text: &str, most: u32) -> Result<u32, String> {
    let number = text.parse().ok().filter(|it| (1..=most).contains(it));
    number.ok_or_else(|| format!("{name}: {text:?} is not a number from 1 to {most}"))
}

/// The scenario of a hidden seed: loss, corruption, duplication and reordering, chosen by
/// the seed.
///
/// # Panics
/// Never: the link is made of words that a link knows.
#[must_use]
pub fn hidden(seed: u64) -> GradedScenario {
    let mut draw = Generator(seed);
    let window = draw.up_to(8);
    let segments = 5 + draw.up_to(25);
    let delay = 10 + draw.up_to(140); // From 115 ms on a round trip is longer than the timer.
    let [loss, corrupt, duplicate, reorder] =
        [20, 10, 10, 20].map(|most| draw.up_to(most + 1) - 1);
    let jitter = draw.up_to(40) - 1;
    let link = format!(
        "seed={seed};loss={loss}%;corrupt={corrupt}%;duplicate={duplicate}%;\
         reorder={reorder}%;delay={delay}ms;jitter={jitter}ms"
    );
    GradedScenario {
        points: 1,
        link: link.parse().expect("each word is one of a link's"),
        window,
        segments,
        lesson: format!(
            "Hidden seed {seed}: loss, corruption, duplication and \
                         reordering."
        ),
    }
}

/// A pseudo-random generator (splitmix64).
struct Generator(u64);

impl Generator {
    /// From 1 to `most`.
    fn up_to(&mut self, most: u32) -> u32 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^= z >> 31;
        1 + u32::try_from(z % u64::from(most)).expect("it is below a u32")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invalid_line_is_reported_with_its_number_and_error() {
        let why = |text: &str| read(text).unwrap_err();
        assert_eq!(why("# nothing\n"), "it has no scenario");
        assert!(why("\nx | perfect | 4 | 9").starts_with("line 2: points: \"x\""));
        assert!(why("1 | los=3% | 4 | 9").contains("did you mean \"loss\""));
        assert!(why("1 | perfect | 65 | 9").contains("from 1 to 64"));
    }

    #[test]
    fn equal_hidden_seeds_give_equal_scenarios() {
        assert_eq!(hidden(7), hidden(7));
        assert_ne!(hidden(7).link, hidden(8).link);
    }
}
