//! Tests of the places of packets on the moving ladder, and of the mouse.

use super::*;
use crate::lab::journal::JournalEvent;
use crate::lab::ladder::{Excerpt, Spot, picture};
use crate::lab::palette::{BLUE, GREEN, ORANGE, VERMILLION};
use crate::lab::picture::{Line, Shape};
use crate::lab::player::Player;
use crate::lab::run::Experiment;
use crate::link::Label as PacketLabel;
use crate::wire::options::Arq;
use crate::wire::packet::Kind;
use std::collections::HashMap;

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
    seen_through(Lens::USUAL, entries, now_us)
}

const COMPACT: Lens = Lens {
    scale: TimeScale::Compact,
    ..Lens::USUAL
};

fn seen_through(lens: Lens, entries: &[Entry], now_us: u64) -> Moving {
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
        lens,
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
    // They left in one moment: to scale their arrows are one, and their discs are not.
    for lens in [Lens::USUAL, COMPACT] {
        let moving = seen_through(lens, &entries, 350_000);
        let third = data(&moving)[3];
        let beside = Point::new(third.disc.x + 2.0, third.disc.y + 2.0);
        let hit = moving.in_flight_at(beside, 6.0).unwrap();
        assert_eq!(hit.packet, third.packet);
        let far = Point::new(third.disc.x + 30.0, third.disc.y - 200.0);
        assert_eq!(moving.in_flight_at(far, 6.0), None);
    }
    let moving = seen_through(COMPACT, &entries, 350_000);
    let third = data(&moving)[3];
    let on_its_way = Point::new(
        third.from.x.midpoint(third.to.x),
        third.from.y.midpoint(third.to.y),
    );
    let pointed = moving.packet_at(on_its_way, 6.0).unwrap();
    assert_eq!(pointed.packet, third.packet);
    let hit = moving.in_flight_at(on_its_way, 6.0).unwrap();
    assert_eq!(hit.packet, third.packet);
}

/// A run of every kind: its entries and its player at the beginning.
fn seeded(seed: u64) -> Player {
    let links = [
        "delay=50ms",
        "delay=20ms;rate=1mbit",
        "delay=50ms;jitter=30ms;reorder=10%",
        "rate=500kbit",
        "delay=5ms;loss=20%;duplicate=10%;corrupt=5%",
    ];
    let link = links[usize::try_from(seed).unwrap() % links.len()];
    let arq = Arq::ALL[usize::try_from(seed / 5).unwrap() % Arq::ALL.len()];
    Player::simulation(Experiment {
        scenario: format!("seed={seed};loss=5%;{link}").parse().unwrap(),
        arq,
        window: if arq == Arq::StopAndWait { 1 } else { 6 },
        size: 20_000,
        segment_bytes: 1_000,
        ..Experiment::small()
    })
}

/// The delay that the link gave each packet. Unit: microseconds.
fn delays(entries: &[Entry]) -> HashMap<PacketLabel, u64> {
    let carried = entries.iter().filter_map(|entry| {
        let JournalEvent::Link(carried) = &entry.what else {
            return None;
        };
        let delay_us = carried.arrives_us? - entry.time_us;
        let label = PacketLabel::from(carried.packet.name);
        (!carried.is_lost()).then_some((label, delay_us))
    });
    carried.collect()
}

#[test]
fn to_scale_equal_delays_have_equal_slopes_and_packets_in_flight_end_on_one_line() {
    let (width, height) = (900.0, 500.0);
    let (mut slopes_seen, mut ends_seen) = (0, 0);
    for seed in 0..40 {
        let mut player = seeded(seed);
        let usual_us = player.usual_one_way_us();
        let lens = Lens {
            zoom: [1.0, 0.5, 3.0][usize::try_from(seed).unwrap() % 3],
            ..Lens::USUAL
        };
        let now_y = HEAD + (height - HEAD) * 0.86;
        // Of one run: delay, slope.
        let mut slopes: HashMap<u64, f64> = HashMap::new();
        for moment in 0..60 {
            player.seek(moment * 9_973);
            assert_eq!(player.usual_one_way_us(), usual_us, "the scale is fixed");
            let moving = Scene {
                entries: player.entries(),
                index: player.place().index,
                now_us: player.position_us(),
                notation: Notation::of(player.heading()),
                usual_us: Some(usual_us),
                size: (width, height),
                lens,
            }
            .draw();
            let mut flying: Vec<_> = moving
                .spots
                .iter()
                .filter(|it| it.is_in_flight)
                .map(|it| PacketLabel::from(it.packet))
                .collect();
            let of_player = player.in_flight();
            let lost = |it: &PacketLabel| !delays(player.entries()).contains_key(it);
            let mut expected: Vec<_> = of_player
                .iter()
                .map(|it| PacketLabel::from(it.packet))
                .filter(|it| !lost(it))
                .collect();
            flying.sort_by_key(ToString::to_string);
            expected.sort_by_key(ToString::to_string);
            expected.dedup(); // Of two copies one is drawn.
            flying.dedup();
            if !player.scenario().to_string().contains("duplicate") {
                assert_eq!(flying, expected, "seed {seed} at {}", player.position_us());
            }
            let delays = delays(player.entries());
            for spot in &moving.spots {
                if spot.is_in_flight {
                    assert!((spot.to.y - now_y).abs() < 1e-6, "seed {seed}: {spot:?}");
                    assert!((spot.disc.y - now_y).abs() < 1e-6, "seed {seed}: {spot:?}");
                    ends_seen += 1;
                }
                let across = (spot.to.x - spot.from.x).abs();
                let Some(&delay) = delays.get(&PacketLabel::from(spot.packet)) else {
                    continue;
                };
                if across < 1.0 {
                    continue; // It has just left.
                }
                let slope = (spot.to.y - spot.from.y) / across;
                let known = *slopes.entry(delay).or_insert(slope);
                let is_same = (slope - known).abs() < 1e-6 * known.abs().max(1.0);
                assert!(is_same, "seed {seed}: {slope}, {known}: {spot:?}");
                slopes_seen += 1;
            }
        }
    }
    assert!(
        slopes_seen > 5_000 && ends_seen > 1_000,
        "{slopes_seen}, {ends_seen}"
    );
}

#[test]
fn the_picture_at_rest_is_the_moving_one_at_its_last_moment() {
    let arrows = |shapes: &[Shape]| -> Vec<(f64, f64, f64)> {
        let line = |shape: &Shape| {
            let Shape::Line(Line {
                from, to, colour, ..
            }) = shape
            else {
                return None;
            };
            let is_arrow = [BLUE, GREEN, ORANGE, VERMILLION].contains(colour)
                && (from.x - to.x).abs() > 30.0;
            is_arrow.then_some((from.y, to.y, to.x - from.x))
        };
        shapes.iter().filter_map(line).collect()
    };
    for arq in Arq::ALL {
        let experiment = Experiment {
            scenario: "delay=50ms;drop=d2.1".parse().unwrap(),
            arq,
            size: 700,
            segment_bytes: 100,
            window: 4,
            listening: true,
            ..Experiment::small()
        };
        let mut entries = Vec::new();
        experiment.run(|entry| entries.push(entry)).unwrap();
        let moving = Scene {
            entries: &entries,
            index: entries.len(),
            now_us: entries.last().unwrap().time_us,
            notation: Notation::of(&experiment.heading()),
            usual_us: None,
            size: (1_040.0, 4_000.0),
            lens: COMPACT,
        };
        let moving = arrows(&moving.draw().picture.shapes);
        let at_rest = picture(&experiment.heading(), &entries, Excerpt::ALL);
        let at_rest = arrows(&at_rest.shapes);
        // The legend's five arrows come first.
        let at_rest = &at_rest[at_rest.len() - moving.len()..];
        let down = at_rest[0].0 - moving[0].0;
        let wide = at_rest[0].2 / moving[0].2;
        for (one, other) in at_rest.iter().zip(&moving) {
            assert!(
                (one.0 - other.0 - down).abs() < 1e-6,
                "{arq}: {one:?}, {other:?}"
            );
            assert!(
                (one.1 - other.1 - down).abs() < 1e-6,
                "{arq}: {one:?}, {other:?}"
            );
            assert!((one.2 - other.2 * wide).abs() < 1e-6, "{arq}");
        }
        assert!(moving.len() > 10);
    }
}

#[test]
fn labels_and_discs_never_overlap_while_a_run_moves() {
    for seed in 0..20 {
        let mut player = seeded(seed);
        for moment in 0..40 {
            player.seek(moment * 11_003);
            let moving = Scene {
                entries: player.entries(),
                index: player.place().index,
                now_us: player.position_us(),
                notation: Notation::of(player.heading()),
                usual_us: Some(player.usual_one_way_us()),
                size: (704.0, 300.0),
                lens: Lens::USUAL,
            }
            .draw();
            let discs: Vec<Point> = moving
                .spots
                .iter()
                .filter(|it| it.is_in_flight)
                .map(|it| it.disc)
                .collect();
            for (place, one) in discs.iter().enumerate() {
                for other in &discs[place + 1..] {
                    let apart = (one.x - other.x).abs();
                    assert!(apart > 9.9, "seed {seed}: {one:?}, {other:?}");
                }
            }
            let boxes: Vec<_> = moving
                .picture
                .shapes
                .iter()
                .filter_map(|shape| {
                    let Shape::Words(words) = shape else {
                        return None;
                    };
                    if words.at.y <= HEAD {
                        return None;
                    }
                    let text = &words.text;
                    let letters = u32::try_from(text.chars().count()).unwrap();
                    let long = f64::from(letters) * words.size * LETTER;
                    let from = match words.anchor {
                        Anchor::Start => words.at.x,
                        Anchor::Middle => return None, // At a cross in the middle.
                        Anchor::End => words.at.x - long,
                    };
                    Some((from, from + long, words.at.y, text.clone()))
                })
                .collect();
            for (place, one) in boxes.iter().enumerate() {
                for other in &boxes[place + 1..] {
                    let beside = one.1 <= other.0 + 0.1 || other.1 <= one.0 + 0.1;
                    let below = (one.2 - other.2).abs() > 12.0;
                    assert!(beside || below, "seed {seed}: {one:?}, {other:?}");
                }
            }
        }
    }
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
        lens: Lens::USUAL,
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
                lens: Lens::USUAL,
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
