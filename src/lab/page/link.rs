//! The link to the laboratory in a browser: the experiment, in the fragment of an address.
//!
//! ```
//! use sash::lab::page::{Setup, link};
//! let setup = Setup { scenario: "delay=50ms;drop=d2.1".to_owned(), ..Setup::default() };
//! let fragment = link::fragment(link::Opens::Run, &setup, Some(560_000));
//! assert_eq!(
//!     fragment,
//!     "#open=run&link=delay=50ms;drop=d2.1&arq=go-back-n&window=4&packets=8&at=560000"
//! );
//! ```
//!
//! The page reads it in `web/page/page.js`; report page `browser`.

use super::{Content, Laboratory, Setup};
use crate::wire::options::{Congestion, DEFAULT_SEGMENT_BYTES};
use std::fmt::Write as _;

/// The way in which a link opens an experiment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opens {
    /// A run in slow motion.
    Run,
    /// All protocols over the same link.
    Race,
    /// The quiz.
    Quiz,
}

/// The fragment, including `#`, that opens this experiment; a run is paused at `at_us`.
/// Unit: microseconds.
#[must_use]
pub fn fragment(opens: Opens, setup: &Setup, at_us: Option<u64>) -> String {
    let opens = match opens {
        Opens::Run => "run",
        Opens::Race => "race",
        Opens::Quiz => "quiz",
    };
    let packets = setup.size.div_ceil(u64::from(DEFAULT_SEGMENT_BYTES)).max(1);
    let mut text = format!("#open={opens}&link=");
    escape(&setup.scenario, &mut text);
    let _ = write!(text, "&arq={}&window=", setup.arq);
    escape(setup.window.trim(), &mut text);
    let _ = write!(text, "&packets={packets}");
    if setup.congestion != Congestion::Fixed {
        let _ = write!(text, "&congestion={}", setup.congestion);
    }
    if let Some(at_us) = at_us {
        let _ = write!(text, "&at={at_us}");
    }
    text
}

impl Laboratory {
    /// The fragment of the shown experiment, or of the fields if none is shown.
    #[must_use]
    pub fn fragment(&self) -> String {
        let (time_us, _) = self.times_us();
        let opens = match self.content() {
            Content::Empty | Content::Player(_) => Opens::Run,
            Content::Race(_) => Opens::Race,
            Content::Quiz(_) => Opens::Quiz,
        };
        let mut setup = self.setup().clone();
        if let Some(player) = self.player() {
            setup.scenario = player.scenario().to_string();
        }
        let is_paused = opens == Opens::Run && !self.is_playing() && time_us > 0;
        fragment(opens, &setup, is_paused.then_some(time_us))
    }
}

/// Percent-encodes characters that an address cannot contain.
///
/// Source: RFC 3986 §2.1, §3.5.
fn escape(text: &str, into: &mut String) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._=;,/".contains(&byte) {
            into.push(char::from(byte));
        } else {
            let _ = write!(into, "%{byte:02X}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_somebody_has_typed_stays_one_field_of_the_link() {
        let setup = Setup {
            scenario: "loss=5%&arq=x #\u{5d0}".to_owned(),
            congestion: Congestion::Reno,
            size: 1,
            ..Setup::default()
        };
        let wanted = "#open=race&link=loss=5%25%26arq=x%20%23%D7%90&arq=go-back-n&window=4\
                      &packets=1&congestion=reno";
        assert_eq!(fragment(Opens::Race, &setup, None), wanted);
    }

    #[test]
    fn the_link_of_a_paused_run_has_its_moment_and_its_dropped_packets() {
        use crate::lab::page::LaboratoryRequest;
        use crate::link::Label;
        let mut laboratory = Laboratory::new(Setup {
            scenario: "delay=50ms;rate=1mbit".to_owned(),
            ..Setup::default()
        });
        laboratory.take(LaboratoryRequest::Run(laboratory.setup().clone()));
        assert!(!laboratory.fragment().contains("&at="));
        laboratory.take(LaboratoryRequest::PlayOrPause);
        for _ in 0..12 {
            laboratory.take(LaboratoryRequest::Step);
        }
        let player = laboratory.player().unwrap();
        let dropped = Label::from(player.in_flight()[0].packet);
        laboratory.take(LaboratoryRequest::Kill(dropped));
        let fragment = laboratory.fragment();
        let time_us = laboratory.times_us().0;
        assert!(fragment.ends_with(&format!("&at={time_us}")), "{fragment}");
        assert!(fragment.contains(&format!("drop={dropped}")), "{fragment}");
    }
}
