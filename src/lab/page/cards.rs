//! The first experiments: each is a link and a protocol, with a hint.
//!
//! ```
//! use sash::lab::page::cards::CARDS;
//! assert!(CARDS.iter().all(|card| card.setup().experiment().is_ok()));
//! ```

use super::setup::{Setup, bytes_of};
use crate::lab::ladder::{Lens, Scene};
use crate::lab::notation::Notation;
use crate::lab::picture::Picture;
use crate::lab::player::Player;
use crate::lab::race::{self, Race};
use crate::wire::options::{Arq, Congestion};

/// A first experiment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Card {
    /// In a link: `#card=lose-one-packet`.
    pub name: &'static str,
    /// Its topic.
    pub title: &'static str,
    /// The hint.
    pub words: &'static str,
    /// Its action when it is opened.
    pub opens: Opens,
    /// The link.
    pub scenario: &'static str,
    /// The protocol.
    pub arq: Arq,
    /// The window, in packets.
    pub window: u32,
    /// The file. Unit: packets.
    pub packets: u32,
    /// Its small picture shows this moment. Unit: microseconds.
    pub shows_us: u64,
}

/// The action of a card when it is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opens {
    /// One transfer in slow motion.
    Run,
    /// All protocols over its link.
    Race,
    /// Questions about its transfer.
    Quiz,
}

impl Opens {
    /// A word above a card's title.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Run => "Slow motion",
            Self::Race => "Race",
            Self::Quiz => "Quiz",
        }
    }
}

/// All of them, the first one first.
pub const CARDS: [Card; 6] = [
    Card {
        name: "lose-one-packet",
        title: "Lose one packet: go-back-N, window 4",
        words: "Packet 2 is lost. Packets 3 to 5 arrive, and the receiver discards them. \
                Count what the sender retransmits.",
        opens: Opens::Run,
        scenario: "delay=50ms;rate=1mbit;drop=d2.1",
        arq: Arq::GoBackN,
        window: 4,
        packets: 8,
        shows_us: 600_000,
    },
    Card {
        name: "lose-one-ack",
        title: "Lose one ACK: the next one repairs it",
        words: "The same protocol; this time an ACK is lost. ACKs are cumulative. Does the \
                sender retransmit anything?",
        opens: Opens::Run,
        scenario: "delay=50ms;rate=1mbit;drop=a3.1",
        arq: Arq::GoBackN,
        window: 4,
        packets: 8,
        shows_us: 330_000,
    },
    Card {
        name: "selective-repeat",
        title: "Selective repeat buffers out-of-order packets",
        words: "The loss of the first card again. The receiver keeps packets 3 to 5 in its \
                buffer, so one retransmission is enough.",
        opens: Opens::Run,
        scenario: "delay=50ms;rate=1mbit;drop=d2.1",
        arq: Arq::SelectiveRepeat,
        window: 4,
        packets: 8,
        shows_us: 560_000,
    },
    Card {
        name: "the-same-losses",
        title: "The same losses for all protocols",
        words: "Four protocols send the same file over the same link, and lose the same \
                packets. Which one is first, and why?",
        opens: Opens::Race,
        scenario: "delay=50ms;rate=1mbit;drop=d2.1,d5.1",
        arq: Arq::GoBackN,
        window: 4,
        packets: 8,
        shows_us: u64::MAX,
    },
    Card {
        name: "one-at-a-time",
        title: "Stop-and-wait: one packet per round trip",
        words: "The sender waits for each ACK. Most of the time nothing is on the link. \
                How many packets would fit?",
        opens: Opens::Run,
        scenario: "delay=50ms;rate=1mbit",
        arq: Arq::StopAndWait,
        window: 1,
        packets: 5,
        shows_us: 430_000,
    },
    Card {
        name: "what-comes-next",
        title: "What does the sender do next?",
        words: "The run stops where it gets interesting and asks you. The picture shows \
                only what the sender knows.",
        opens: Opens::Quiz,
        scenario: "delay=50ms;rate=1mbit;drop=d2.1,a5.1",
        arq: Arq::GoBackN,
        window: 4,
        packets: 8,
        shows_us: 262_000,
    },
];

impl Card {
    /// The card of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        CARDS.iter().find(|card| card.name == name)
    }

    /// Its fields.
    #[must_use]
    pub fn setup(&self) -> Setup {
        Setup {
            scenario: self.scenario.to_owned(),
            arq: self.arq,
            window: self.window.to_string(),
            congestion: Congestion::Fixed,
            size: bytes_of(self.packets),
        }
    }

    /// A small picture of its moment, of this width and height; `None` where its run does
    /// not end.
    #[must_use]
    pub fn thumbnail(&self, size: (f64, f64)) -> Option<Picture> {
        let setup = self.setup();
        if self.opens == Opens::Race {
            let race = Race::run(&setup.lanes().ok()?).ok()?;
            return Some(race::picture(&race));
        }
        let mut player = Player::simulation(setup.experiment().ok()?);
        player.seek(self.shows_us);
        let scene = Scene {
            entries: player.entries(),
            index: player.place().index,
            now_us: player.position_us(),
            notation: Notation::of(player.heading()),
            usual_us: Some(player.usual_one_way_us()),
            size,
            lens: Lens {
                zoom: THUMBNAIL_ZOOM,
                ..Lens::USUAL
            },
        };
        Some(scene.draw().picture)
    }
}

/// More of the run than of its details.
const THUMBNAIL_ZOOM: f64 = 0.5;

/// As in the first card: few packets, and one of them is lost.
impl Default for Setup {
    fn default() -> Self {
        CARDS[0].setup()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::run::Run;

    fn run(name: &str) -> Run {
        let card = Card::named(name).unwrap();
        card.setup().experiment().unwrap().run(|_| ()).unwrap()
    }

    /// Tests that the cards keep the promises of their texts.
    #[test]
    fn each_card_retransmits_what_it_says() {
        let resent = |name| run(name).progress.resent_packets;
        assert_eq!(resent("lose-one-packet"), 4);
        assert_eq!(resent("lose-one-ack"), 0);
        assert_eq!(resent("selective-repeat"), 1);
        assert_eq!(resent("one-at-a-time"), 0);
    }

    #[test]
    fn the_ack_that_is_lost_acknowledges_data() {
        let lost = run("lose-one-ack");
        let mut setup = Card::named("lose-one-ack").unwrap().setup();
        setup.scenario = "delay=50ms;rate=1mbit".to_owned();
        let whole = setup.experiment().unwrap().run(|_| ()).unwrap();
        assert!(lost.transferring > whole.transferring, "the window waited");
    }
}
