//! Where packets are on the moving ladder, and what a mouse means there.

use super::*;
use crate::lab::picture::Shape;
use crate::lab::run::Experiment;
use crate::wire::options::Arq;
use crate::wire::packet::Kind;

fn entries(scenario: &str) -> Vec<Entry> {
    let experiment = Experiment {
        scenario: scenario.parse().unwrap(),
        arq: Arq::Sack,
        size: 20_000,
        segment_bytes: 1_000,
        listening: true,
        ..Experiment::small()
    };
    let mut entries = Vec::new();
    experiment.run(|entry| entries.push(entry)).unwrap();
    entries
}

fn at(entries: &[Entry], now_us: u64) -> Moving {
    let index = entries.partition_point(|entry| entry.time_us <= now_us);
    Scene {
        entries,
        index,
        now_us,
        notation: Notation {
            arq: Arq::Sack,
            first_sequence: 0,
        },
        usual_us: None,
        size: (800.0, 400.0),
    }
    .draw()
}

fn data(moving: &Moving) -> Vec<&Spot> {
    let spots = moving.spots.iter();
    spots.filter(|it| it.packet.kind == Kind::Data).collect()
}

#[test]
fn a_packet_is_drawn_at_the_position_of_the_current_time() {
    // SYN, SYN-ACK and ACK take 300 ms; then the whole window leaves.
    let entries = entries("delay=100ms");
    let moving = at(&entries, 325_000);
    let spots = data(&moving);
    assert_eq!(spots.len(), 16);
    for spot in spots {
        assert!(spot.is_in_flight, "{spot:?}");
        let share = (spot.to.x - LEFT) / (800.0 - RIGHT - LEFT);
        assert!((share - 0.25).abs() < 0.01, "{share}");
    }
}

#[test]
fn a_click_kills_the_nearest_packet_in_flight_within_a_small_radius() {
    let entries = entries("delay=100ms");
    let moving = at(&entries, 350_000);
    let third = data(&moving)[3];
    let beside = Point::new(third.to.x + 3.0, third.to.y + 2.0);
    let hit = moving.in_flight_at(beside, 6.0).unwrap();
    assert_eq!(hit.packet, third.packet);
    let far = Point::new(third.to.x + 40.0, third.to.y);
    assert_eq!(moving.in_flight_at(far, 6.0), None);
    let on_its_way = Point::new(
        third.from.x.midpoint(third.to.x),
        third.from.y.midpoint(third.to.y),
    );
    let pointed = moving.packet_at(on_its_way, 6.0).unwrap();
    assert_eq!(pointed.packet, third.packet);
    let hit = moving.in_flight_at(on_its_way, 6.0).unwrap();
    assert_eq!(hit.packet, third.packet);
}

#[test]
fn a_lost_or_delivered_packet_cannot_be_killed() {
    let entries = entries("delay=100ms;drop=d2.1");
    for now_us in [350_000, 401_000] {
        let moving = at(&entries, now_us);
        let lost = data(&moving).into_iter().find(|it| it.packet.number == 2);
        assert!(!lost.unwrap().is_in_flight);
    }
    let moving = at(&entries, 401_000);
    let first = data(&moving)[0];
    assert!(!first.is_in_flight);
    assert_eq!(first.arrived_us, Some(400_000));
}

#[test]
fn a_live_run_shows_scheduled_packets_as_a_journal_does() {
    let entries = entries("delay=100ms");
    let now_us = 350_000;
    let known = at(&entries, now_us);
    let index = entries.partition_point(|entry| entry.time_us <= now_us);
    let live = Scene {
        entries: &entries[..index],
        index,
        now_us,
        notation: Notation {
            arq: Arq::Sack,
            first_sequence: 0,
        },
        usual_us: Some(100_000),
        size: (800.0, 400.0),
    }
    .draw();
    let across = |moving: &Moving| -> Vec<f64> {
        data(moving).iter().map(|spot| spot.to.x).collect()
    };
    assert_eq!(across(&live), across(&known));
    assert!(data(&live).iter().all(|spot| spot.is_in_flight));
}

#[test]
fn the_arrow_keys_select_packets_in_the_order_of_transmission() {
    let entries = entries("delay=100ms");
    let mut moving = at(&entries, 350_000);
    let newest = *moving.beside(None, true).unwrap();
    assert!(newest.is_in_flight, "{newest:?}");
    assert_eq!(newest.packet.number, 15);
    let before = *moving.beside(Some(&newest), false).unwrap();
    assert_eq!(before.packet.number, 14);
    let again = moving.beside(Some(&before), true).unwrap();
    assert_eq!(again.packet, newest.packet);
    let found = moving.spot_of(before.packet, before.direction);
    assert_eq!(found, Some(&before));
    let first = moving.spots[0];
    assert_eq!(moving.beside(Some(&first), false), Some(&first));
    let shapes = moving.picture.shapes.len();
    moving.frame(&before);
    assert_eq!(moving.picture.shapes.len(), shapes + 4);
}

#[test]
fn no_word_leaves_a_narrow_picture() {
    let entries = entries("seed=3;loss=20%;delay=50ms;rate=1mbit");
    for width in [330.0, 480.0, 640.0] {
        for time_us in (0..3_000_000).step_by(50_000) {
            let scene = Scene {
                entries: &entries,
                index: entries.partition_point(|entry| entry.time_us <= time_us),
                now_us: time_us,
                notation: Notation {
                    arq: Arq::Sack,
                    first_sequence: 0,
                },
                usual_us: None,
                size: (width, 400.0),
            };
            for shape in scene.draw().picture.shapes {
                let Shape::Words(words) = shape else {
                    continue;
                };
                let letters = u32::try_from(words.text.chars().count()).unwrap();
                let long = f64::from(letters) * words.size * LETTER * 0.9;
                let from = match words.anchor {
                    Anchor::Start => words.at.x,
                    Anchor::Middle => words.at.x - long / 2.0,
                    Anchor::End => words.at.x - long,
                };
                let is_inside = from >= 0.0 && from + long <= width;
                assert!(is_inside, "{} at {from} of {width}", words.text);
            }
        }
    }
}
