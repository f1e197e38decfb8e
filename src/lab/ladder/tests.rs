//! Tests of parts of a run, and of omitted parts.

use super::*;
use crate::lab::journal::Side;
use crate::lab::picture::Shape;
use crate::lab::run::Experiment;

fn journal() -> (Heading, Vec<Entry>) {
    run("delay=50ms;drop=d2.1", 700, 4)
}

fn run(link: &str, size: u64, window: u32) -> (Heading, Vec<Entry>) {
    let experiment = Experiment {
        scenario: link.parse().unwrap(),
        size,
        segment_bytes: 100,
        window,
        listening: true,
        ..Experiment::small()
    };
    let journal = experiment.journal().unwrap();
    (journal.heading, journal.entries)
}

#[test]
fn an_excerpt_states_how_many_packets_are_shown() {
    let (heading, entries) = journal();
    let window = Excerpt {
        from_us: 150_000,
        until_us: 200_000,
        ..Excerpt::ALL
    };
    let part = part(&heading, &entries, window);
    assert!(part.contains("DATA 3-"), "{part}");
    assert!(!part.contains("SYN"), "{part}");
    let sentence = "\nShown: 7 of 20 packets, 150.0 ms to 250.0 ms of 562.5 ms.";
    assert!(part.contains(sentence), "{part}");
    let whole = text(&heading, &entries);
    assert!(!whole.contains("Shown"), "{whole}");
}

#[test]
fn an_excerpt_without_packets_says_so() {
    let (heading, entries) = journal();
    let window = Excerpt {
        from_us: 10_000_000,
        ..Excerpt::ALL
    };
    let part = part(&heading, &entries, window);
    assert!(
        part.contains("None of the 20 packets was sent in this interval"),
        "{part}"
    );
    let svg = picture(&heading, &entries, window).svg();
    assert!(svg.contains("None of the 20 packets"), "{svg}");
    assert!(
        picture(&heading, &[], Excerpt::ALL)
            .svg()
            .contains("</svg>")
    );
}

#[test]
fn an_arrow_slopes_from_transmission_to_arrival() {
    let (heading, entries) = journal();
    let picture = picture(&heading, &entries, Excerpt::ALL);
    let lines = picture.shapes.iter().filter_map(|shape| match shape {
        Shape::Line(line) => Some(line),
        Shape::Area(_) | Shape::Triangle(_) | Shape::Disc(_) | Shape::Words(_) => None,
    });
    let (sender, receiver) = (414.0, 734.0);
    let is_at = |x: f64, there: f64| (x - there).abs() < 0.1;
    let mut arrows =
        lines.filter(|line| is_at(line.from.x, receiver) && is_at(line.to.x, sender));
    let syn = arrows.next().unwrap();
    // Fifty milliseconds are the usual way, and that takes 80 pixels.
    assert!((syn.to.y - syn.from.y - 80.0).abs() < 1e-6, "{syn:?}");
}

#[test]
fn labels_beside_a_timeline_never_overlap() {
    let (heading, entries) = journal();
    let picture = picture(&heading, &entries, Excerpt::ALL);
    let words: Vec<_> = picture
        .shapes
        .iter()
        .filter_map(|shape| match shape {
            Shape::Words(words) => Some(words),
            Shape::Area(_) | Shape::Line(_) | Shape::Triangle(_) | Shape::Disc(_) => None,
        })
        .collect();
    for (place, one) in words.iter().enumerate() {
        for other in &words[place + 1..] {
            let is_same_column =
                (one.at.x - other.at.x).abs() < 0.1 && one.anchor == other.anchor;
            let distance = (one.at.y - other.at.y).abs();
            assert!(!is_same_column || distance >= 12.0, "{one:?} {other:?}");
        }
    }
}

#[test]
fn every_arrow_has_its_full_length_however_many_ranges_an_ack_has() {
    let mut lost = 0;
    for seed in 0..20 {
        let (heading, entries) =
            run(&format!("seed={seed};delay=50ms;loss=30%"), 4_000, 16);
        let notation = Notation::of(&heading);
        for transmission in Transmissions::of(&entries).all {
            let row = row(&transmission, notation);
            let arrow = row.split('|').nth(1).unwrap();
            assert_eq!(arrow.len(), LANE, "seed {seed}: {row}");
            if transmission.direction == Direction::Ack && arrow.contains('X') {
                assert_eq!(arrow.find('X'), Some(LANE - length(true)), "{row}");
                lost += 1;
            }
        }
    }
    assert!(lost > 50);
}

#[test]
fn an_ack_shows_its_ranges_beyond_a_gap_in_the_journal_of_either_side() {
    let (heading, entries) = journal();
    for side in [Side::Receiver, Side::Sender] {
        let mut entries = entries.clone();
        entries.retain(|entry| entry.side == side);
        let part = text(&heading, &entries);
        assert!(part.contains("NACK, next expected 2, has 3"), "{part}");
    }
}
