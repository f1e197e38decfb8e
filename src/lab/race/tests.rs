//! Several lanes over one link.

use super::*;
use crate::wire::options::Arq;

fn lanes(link: &str) -> Vec<Experiment> {
    let lane = |(arq, window)| Experiment {
        scenario: link.parse().unwrap(),
        arq,
        window,
        size: 50_000,
        ..Experiment::small()
    };
    let windows = [1, 16, 16];
    Arq::ALL.into_iter().zip(windows).map(lane).collect()
}

#[test]
fn every_lane_has_the_same_first_losses() {
    let race = Race::run(&lanes("seed=7;loss=10%;burst=2%/30%;delay=10ms")).unwrap();
    assert!(!race.lanes[0].first_losses.is_empty());
    assert!(race.first_losses_agree());
    assert!(table(&race).contains("the same ones in every lane"));
}

#[test]
fn time_dependent_losses_are_recognized_as_different_in_each_lane() {
    let race = Race::run(&lanes("delay=10ms;outage=20ms/100ms")).unwrap();
    assert!(!race.first_losses_agree());
    assert!(table(&race).contains("differ between the lanes"));
}

#[test]
fn the_retransmissions_of_a_lane_match_the_count_of_its_sender() {
    let race = Race::run(&lanes("seed=7;loss=10%;delay=10ms")).unwrap();
    for lane in &race.lanes {
        let times: u32 = lane.retransmissions.iter().map(|(_, times)| times).sum();
        assert_eq!(u64::from(times), lane.run.progress.resent_packets);
        assert_eq!(lane.in_order_at(u64::MAX), lane.segments);
    }
}

#[test]
fn a_race_without_lanes_does_not_divide_by_zero() {
    let race = Race::run(&[]).unwrap();
    assert!(race.winner().is_none());
    assert!(picture(&race).svg().contains("</svg>"));
    assert!(!table(&race).is_empty());
}

#[test]
fn a_lane_of_zero_duration_has_a_bar() {
    let race = Race::run(&lanes("")).unwrap();
    for lane in &race.lanes {
        assert!(bar(lane, 0, 0, 50).chars().count() <= 50);
    }
    assert!(picture(&race).svg().contains("</svg>"));
}

#[test]
fn each_lane_has_a_colour_of_its_own() {
    use crate::lab::palette::{BLUE, GREEN, PURPLE, SKY};
    use crate::lab::picture::Shape;
    let all = Arq::ALL.map(|arq| Experiment {
        arq,
        ..lanes("delay=10ms").remove(0)
    });
    let race = Race::run(&all).unwrap();
    let picture = picture(&race);
    let areas = |fill| {
        let is_it = |shape: &&Shape| matches!(shape, Shape::Area(it) if it.fill == fill && it.height > 20.0);
        picture.shapes.iter().filter(is_it).count()
    };
    let of_lanes = [BLUE, GREEN, PURPLE, SKY].map(areas);
    assert!(of_lanes.iter().all(|count| *count > 0), "{of_lanes:?}");
}
