//! Tests that compare a stopped simulation with an uninterrupted run, and with another
//! run of its scenario.

use super::*;
use crate::lab::capture::{
    Capture, CaptureDirection, comment, frame, recorded::Recorded,
};
use crate::lab::journal::{Journal, JournalEvent};
use crate::lab::strip::Strip;
use crate::lab::{chart, ladder};
use crate::link::flip;
use crate::wire::options::Arq;
use crate::wire::sequence::SequenceNumber;
use proptest::prelude::*;
use std::collections::BTreeSet;

fn lossy(seed: u64, arq: Arq) -> Experiment {
    let link = format!(
        "seed={seed};delay=20ms;jitter=5ms;loss=10%;duplicate=5%;reorder=5%;corrupt=5%;\
         rate=2mbit"
    );
    Experiment {
        scenario: link.parse().unwrap(),
        arq,
        window: if arq == Arq::StopAndWait { 1 } else { 8 },
        size: 2_950,
        segment_bytes: 100,
        listening: true,
        ..Experiment::small()
    }
}

fn journal(experiment: &Experiment) -> Vec<Entry> {
    let mut entries = Vec::new();
    experiment.run(|entry| entries.push(entry)).unwrap();
    entries
}

/// The packets that did not leave the link unchanged.
fn losses(entries: &[Entry]) -> BTreeSet<String> {
    let lost = |entry: &Entry| {
        let (packet, direction) = match &entry.what {
            JournalEvent::Link(it) if it.fate.is_loss() => (it.packet.name, it.direction),
            JournalEvent::FaultInjection(FaultInjection::PacketKilled(it)) => {
                (it.packet, it.direction)
            }
            JournalEvent::Link(_)
            | JournalEvent::FaultInjection(_)
            | JournalEvent::Machine(_) => {
                return None;
            }
        };
        Some(format!("{direction:?} {}", Label::from(packet)))
    };
    entries.iter().filter_map(lost).collect()
}

fn machines(entries: &[Entry]) -> Vec<&Entry> {
    let is_told = |entry: &&Entry| entry.side != Side::Link;
    entries.iter().filter(is_told).collect()
}

fn in_flight(simulation: &Simulation) -> Vec<Label> {
    let both = simulation
        .data
        .packets_in_flight()
        .chain(simulation.ack.packets_in_flight());
    let mut labels: Vec<Label> = both.map(|way| way.label).collect();
    labels.sort_by_key(ToString::to_string); // A heap has no order.
    labels
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_run_with_pauses_equals_the_run_without_pauses(
        seed: u64,
        arq in prop::sample::select(Arq::ALL.to_vec()),
        pauses in prop::collection::vec(0_u64..60_000, 1..40),
    ) {
        let experiment = lossy(seed, arq);
        let mut simulation = Simulation::new(experiment.clone());
        let (mut entries, mut now_us) = (Vec::new(), 0);
        for pause in pauses.iter().cycle().take(4_000) {
            now_us += pause + 1;
            entries.extend(simulation.run_until(now_us).unwrap());
            prop_assert!(simulation.next_time_us().is_none_or(|next| next > now_us));
            if simulation.outcome().is_some() {
                break;
            }
        }
        simulation.run_to_end().unwrap();
        entries.extend(simulation.take_entries());
        prop_assert_eq!(entries, journal(&experiment));
    }

    #[test]
    fn a_killed_packet_is_lost_again_when_the_extended_scenario_is_run(
        seed: u64,
        arq in prop::sample::select(Arq::ALL.to_vec()),
        kills in prop::collection::vec((0_u64..40_000, any::<prop::sample::Index>()), 1..12),
    ) {
        let mut simulation = Simulation::new(lossy(seed, arq));
        let (mut entries, mut now_us, mut killed) = (Vec::new(), 0, 0);
        for (pause, which) in kills {
            now_us += pause;
            entries.extend(simulation.run_until(now_us).unwrap());
            let labels = in_flight(&simulation);
            if !labels.is_empty() {
                prop_assert!(simulation.kill(*which.get(&labels)));
                killed += 1;
            }
        }
        simulation.run_to_end().unwrap();
        entries.extend(simulation.take_entries());
        let told = entries.iter().filter(|it| matches!(it.what, JournalEvent::FaultInjection(_)));
        prop_assert_eq!(told.count(), killed);
        let line = simulation.scenario().to_string();
        let scenario: Scenario = line.parse().unwrap();
        prop_assert_eq!(&scenario, simulation.scenario());
        let anew = journal(&Experiment { scenario, ..lossy(seed, arq) });
        prop_assert_eq!(losses(&entries), losses(&anew), "{}", line);
        prop_assert_eq!(machines(&entries), machines(&anew), "{}", line);
    }
}

#[test]
fn only_a_packet_in_flight_can_be_killed_and_a_failed_kill_records_no_event() {
    let mut simulation = Simulation::new(Experiment {
        scenario: "delay=50ms".parse().unwrap(),
        listening: true,
        ..Experiment::small()
    });
    simulation.run_until(150_000).unwrap();
    for label in ["d16.1", "d3.2", "s0.1", "a0.1"] {
        assert!(!simulation.kill(label.parse().unwrap()), "{label}");
    }
    assert!(simulation.kill("d15.1".parse().unwrap()));
    assert!(
        !simulation.kill("d15.1".parse().unwrap()),
        "it is dead already"
    );
    assert_eq!(simulation.take_entries().count(), 1);
    assert_eq!(simulation.scenario().to_string(), "delay=50ms;drop=d15.1");
    simulation.run_until(200_000).unwrap(); // The others have arrived.
    assert!(!simulation.kill("d3.1".parse().unwrap()));
    assert!(simulation.run_to_end().unwrap().is_verified());
    assert!(!simulation.kill("d3.1".parse().unwrap()));
}

#[test]
fn a_link_change_applies_to_later_packets_and_is_recorded_in_the_journal() {
    let mut simulation = Simulation::new(Experiment {
        scenario: "delay=50ms".parse().unwrap(),
        listening: true,
        ..Experiment::small()
    });
    simulation.run_until(170_000).unwrap();
    simulation.change("delay=5ms;loss=100%".parse().unwrap());
    let told: Vec<String> = simulation.take_entries().map(|it| it.to_line()).collect();
    assert_eq!(
        told,
        [
            "{\"time_us\":170000,\"side\":\"link\",\"event\":\"link_changed\",\
          \"scenario\":\"delay=5ms;loss=100%\"}\n"
        ]
    );
    let entries = simulation.run_until(1_000_000).unwrap();
    let carried = entries.iter().filter_map(|entry| match &entry.what {
        JournalEvent::Link(carried) => Some(carried.fate.is_loss()),
        JournalEvent::Machine(_) | JournalEvent::FaultInjection(_) => None,
    });
    let fates: Vec<bool> = carried.collect();
    assert!(fates.len() > 5 && fates.iter().all(|is_lost| *is_lost));
    let arrivals = entries.iter().filter(|entry| {
        let event = entry.to_line();
        event.contains("packet_received") && event.contains("DATA")
    });
    assert_eq!(
        arrivals.count(),
        16,
        "what was in flight arrives at its time"
    );
    simulation.change("delay=5ms".parse().unwrap());
    assert!(simulation.run_to_end().unwrap().is_verified());
}

#[test]
fn a_stuck_run_reports_its_error_every_time() {
    let mut simulation = Simulation::new(Experiment {
        scenario: "delay=50ms".parse().unwrap(),
        ..Experiment::small()
    });
    simulation.end = Some(Err(Stuck {
        at: Moment::START,
        next: None,
    }));
    assert!(simulation.run_until(1).is_err() && simulation.run_to_end().is_err());
    assert_eq!(
        (simulation.next_time_us(), simulation.outcome().is_none()),
        (None, true)
    );
}

#[test]
fn a_killed_packet_is_shown_as_lost_from_the_kill_onwards() {
    let mut simulation = Simulation::new(Experiment {
        scenario: "delay=50ms".parse().unwrap(),
        size: 1_000,
        segment_bytes: 100,
        listening: true,
        ..Experiment::small()
    });
    let mut entries = simulation.run_until(175_000).unwrap();
    let heading = simulation.heading();
    let row = |entries: &[Entry]| {
        let ladder = ladder::text(&heading, entries);
        let row = ladder.lines().find(|it| it.contains("DATA 3--"));
        row.unwrap().to_owned()
    };
    let lost = |entries: &[Entry]| {
        let mut strip = Strip::new(&heading);
        for entry in entries {
            strip.take(entry);
        }
        strip.sender_counts().lost
    };
    assert_eq!((lost(&entries), row(&entries).contains('X')), (0, false));
    assert!(simulation.kill("d3.1".parse().unwrap()));
    entries.extend(simulation.take_entries());
    assert_eq!(lost(&entries), 1);
    assert!(row(&entries).ends_with("killed"), "{}", row(&entries));
    simulation.run_to_end().unwrap();
    entries.extend(simulation.take_entries());
    assert!(row(&entries).contains('X') && row(&entries).ends_with("killed"));
    let window = ladder::Excerpt::ALL;
    let picture = ladder::picture(&heading, &entries, window).svg();
    assert_eq!(picture.matches(">killed<").count(), 1);
    let journal = Journal {
        heading,
        entries,
        is_cut: false,
        unknown: 0,
    };
    let chart =
        chart::kinds::ChartKind::Sequence.chart(std::slice::from_ref(&journal), vec![]);
    let mut series = chart.panels[0].series.iter();
    let losses = series.find(|it| it.name == "lost on the link").unwrap();
    assert_eq!(losses.points.len(), 1);
    assert!((losses.points[0].x - 0.175).abs() < 1e-9, "at the kill");
    let mut capture = Capture::new("");
    let mut recorded = Recorded::new(&journal, None).unwrap();
    while recorded.next_into(&mut capture).unwrap() {}
    let bytes = String::from_utf8_lossy(&capture.take()).into_owned();
    let comment = "dropped by the user 25.0 ms after it was sent";
    assert_eq!(bytes.matches(comment).count(), 1);
}

/// The capture of each datagram at its entry into the link.
fn live_capture(simulation: &Simulation, about: &str) -> Vec<u8> {
    let mut capture = Capture::new(about);
    let [sender, receiver] =
        [(1, 55_000), (2, 55_001)].map(|(host, port)| ([192, 0, 2, host], port).into());
    for (now, direction, datagram, entered) in &simulation.on_the_wire {
        let mut datagram = datagram.clone();
        flip(&mut datagram, entered.flipped_bit);
        let (from, to, seen) = match direction {
            Direction::Data => (sender, receiver, CaptureDirection::Out),
            Direction::Ack => (receiver, sender, CaptureDirection::In),
        };
        let micros = Duration::from_micros(microseconds(now.since_start()));
        let comment = comment(entered.fate, &simulation.experiment.scenario.to_string());
        let packet = frame::udp(from, to, &datagram);
        capture.packet(micros, seen, &packet, comment.as_deref());
    }
    capture.take()
}

#[test]
fn the_capture_made_from_an_event_log_is_the_live_one_byte_for_byte() {
    for (seed, arq) in (1..5).flat_map(|seed| Arq::ALL.map(|arq| (seed, arq))) {
        for (is_upload, offset) in [(false, 0), (true, 1_000)] {
            let experiment = Experiment {
                is_upload,
                offset,
                first: SequenceNumber(u32::MAX - 7),
                ..lossy(seed, arq)
            };
            let mut text = experiment.heading().to_line();
            let mut simulation = Simulation::new(experiment);
            assert!(simulation.run_to_end().unwrap().is_verified());
            text.extend(simulation.take_entries().map(|entry| entry.to_line()));
            let live = live_capture(&simulation, &recorded_capture(&text).0);
            assert!(recorded_capture(&text).1 == live, "{arq} {seed}");
            // And each field counts.
            let (heading, lines) = text.split_once('\n').unwrap();
            for field in ["echo", "window", "received", "sent_at", "number"] {
                let name = format!("\"{field}\":");
                let other = lines.replace(&name, &format!("{name}4"));
                let altered = format!("{heading}\n{other}");
                assert!(recorded_capture(&altered).1 != live, "{field}");
            }
        }
    }
}

/// The comment on the capture of an event log, and the capture.
fn recorded_capture(text: &str) -> (String, Vec<u8>) {
    let journal = Journal::read(text.as_bytes()).unwrap();
    let mut recorded = Recorded::new(&journal, None).unwrap();
    let about = recorded.about();
    let mut capture = Capture::new(&about);
    while recorded.next_into(&mut capture).unwrap() {}
    assert!(capture.packets() > 30);
    (about, capture.take())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn a_viewer_that_joins_late_sees_the_same_strip_as_the_others(
        seed: u64,
        arq in prop::sample::select(Arq::ALL.to_vec()),
        begins_us in 0_u64..400_000,
    ) {
        let experiment = lossy(seed, arq);
        let all = journal(&experiment);
        let mut whole = Strip::new(&experiment.heading());
        let before = all.iter().filter(|entry| entry.time_us <= begins_us);
        before.for_each(|entry| whole.take(entry));
        let mut simulation = Simulation::new(Experiment { listening: false, ..experiment });
        prop_assert!(simulation.run_until(begins_us).unwrap().is_empty());
        // A side that has ended sends nothing more.
        prop_assume!(simulation.sender.outcome().is_none());
        prop_assume!(simulation.receiver.outcome().is_none());
        simulation.experiment.listening = true;
        simulation.sender.listen();
        simulation.receiver.listen();
        simulation.note_events();
        let mut joined = Strip::new(&simulation.heading());
        simulation.take_entries().for_each(|entry| joined.take(&entry));
        prop_assert_eq!(joined.base(), whole.base());
        prop_assert_eq!(joined.next_expected(), whole.next_expected());
        prop_assert_eq!(joined.sender_counts().unsent, whole.sender_counts().unsent);
        prop_assert_eq!(joined.receiver_counts(), whole.receiver_counts());
        simulation.run_to_end().unwrap();
        simulation.take_entries().for_each(|entry| joined.take(&entry));
        all.iter()
            .filter(|entry| entry.time_us > begins_us)
            .for_each(|entry| whole.take(entry));
        prop_assert_eq!(joined.sender_counts(), whole.sender_counts());
        prop_assert_eq!(joined.receiver_counts(), whole.receiver_counts());
    }
}
