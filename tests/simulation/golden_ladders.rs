//! The ladder diagrams of the report: one lost segment in three protocols.
//!
//! `UPDATE_GOLDEN=1 cargo test --test simulation golden_ladders::` rewrites them; look at the diff.

use crate::golden::compare;
use sash::lab::ladder;
use sash::lab::run::Experiment;
use sash::wire::options::Arq;

fn ladder_of_one_loss(arq: Arq, window: u32) -> String {
    let experiment = Experiment {
        scenario: "delay=50ms;drop=d2.1".parse().expect("it is right"),
        arq,
        window,
        size: 700,
        segment_bytes: 100,
        listening: true,
        ..Experiment::small()
    };
    let mut entries = Vec::new();
    let run = experiment
        .run(|entry| entries.push(entry))
        .expect("it ends");
    assert!(run.is_verified(), "{run:?}");
    ladder::text(&experiment.heading(), &entries)
}

#[test]
fn stop_and_wait_is_idle_until_the_timer_retransmits_the_lost_segment() {
    let ladder = ladder_of_one_loss(Arq::StopAndWait, 1);
    compare("stop_and_wait_one_loss.txt", &ladder);
}

#[test]
fn go_back_n_retransmits_the_lost_segment_and_all_later_ones() {
    let ladder = ladder_of_one_loss(Arq::GoBackN, 4);
    compare("go_back_n_one_loss.txt", &ladder);
}

#[test]
fn selective_repeat_retransmits_only_the_lost_segment() {
    let ladder = ladder_of_one_loss(Arq::SelectiveRepeat, 4);
    compare("selective_repeat_one_loss.txt", &ladder);
}

#[test]
fn sack_retransmits_the_lost_segment_before_a_timer_expires() {
    let ladder = ladder_of_one_loss(Arq::Sack, 4);
    compare("sack_one_loss.txt", &ladder);
}
