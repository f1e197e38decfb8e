//! The pictures of the report are those that the laboratory draws.
//!
//! `UPDATE_GOLDEN=1 cargo test --test simulation pictures::` draws them again; look at each one.

use crate::golden::{compare, compare_file};
use sash::lab::journal::Entry;
use sash::lab::ladder::{self, Excerpt};
use sash::lab::race::{self, Race};
use sash::lab::run::Experiment;
use sash::lab::strip::{self, Scrubber};
use sash::wire::options::Arq;

fn one_loss(arq: Arq) -> Experiment {
    Experiment {
        scenario: "delay=50ms;drop=d2.1".parse().expect("it is right"),
        arq,
        window: if arq == Arq::StopAndWait { 1 } else { 4 },
        size: 700,
        segment_bytes: 100,
        listening: true,
        ..Experiment::small()
    }
}

fn entries(experiment: &Experiment) -> Vec<Entry> {
    let mut entries = Vec::new();
    let run = experiment.run(|entry| entries.push(entry));
    assert!(run.expect("it ends").is_verified());
    entries
}

fn strip_at(experiment: &Experiment, time_us: u64) -> Scrubber {
    let mut scrubber = Scrubber::new(experiment.heading(), entries(experiment));
    scrubber.at(scrubber.index_at(time_us));
    scrubber
}

#[test]
fn the_ladder_diagrams_of_one_loss_match_the_report() {
    for arq in Arq::ALL {
        let experiment = one_loss(arq);
        let entries = entries(&experiment);
        // The whole run of go-back-N is too long for a page.
        let part = match arq {
            Arq::GoBackN => Excerpt {
                from_us: 140_000,
                until_us: 600_000,
                ..Excerpt::ALL
            },
            Arq::StopAndWait | Arq::SelectiveRepeat | Arq::Sack => Excerpt::ALL,
        };
        let picture = ladder::picture(&experiment.heading(), &entries, part);
        let name = arq.name().replace('-', "_");
        compare_file(&format!("report/figures/ladder_{name}.svg"), &picture.svg());
    }
}

#[test]
fn the_strip_in_the_middle_of_a_loss_matches_the_report() {
    let scrubber = strip_at(&one_loss(Arq::SelectiveRepeat), 300_000);
    let (heading, strip, place) =
        (scrubber.heading(), scrubber.strip(), scrubber.place());
    let picture = strip::picture(heading, strip, place);
    compare_file("report/figures/strip_selective_repeat.svg", &picture.svg());
    let text = strip::text(heading, strip, place);
    compare("strip_selective_repeat.txt", &text);
}

#[test]
fn the_strip_of_a_long_file_matches_the_report() {
    let experiment = Experiment {
        scenario: "seed=7;loss=5%;delay=10ms".parse().expect("it is right"),
        size: 1 << 20,
        listening: true,
        ..Experiment::small()
    };
    let scrubber = strip_at(&experiment, 600_000);
    let (heading, strip, place) =
        (scrubber.heading(), scrubber.strip(), scrubber.place());
    let picture = strip::picture(heading, strip, place);
    compare_file("report/figures/strip_long.svg", &picture.svg());
    let text = strip::text(heading, strip, place);
    compare("strip_long.txt", &text);
}

#[test]
fn the_picture_of_the_race_matches_the_report() {
    let lane = |(arq, window)| Experiment {
        scenario: "seed=7;loss=5%;delay=10ms".parse().expect("it is right"),
        arq,
        window,
        size: 256 << 10,
        ..Experiment::small()
    };
    let lanes: Vec<_> = Arq::ALL
        .into_iter()
        .zip([1, 16, 16, 16])
        .map(lane)
        .collect();
    let race = Race::run(&lanes).expect("it ends");
    compare_file("report/figures/race.svg", &race::picture(&race).svg());
    compare("race.txt", &race::table(&race));
}
