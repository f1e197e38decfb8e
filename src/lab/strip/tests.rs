//! Tests that compare the strip with a fresh reading of the journal, and with itself.

use super::*;
use crate::lab::journal::FaultInjection;
use crate::lab::run::Experiment;
use crate::reliable::moment::Moment;
use proptest::prelude::*;
use std::collections::BTreeSet;

pub(in crate::lab) fn journal(experiment: &Experiment) -> (Heading, Vec<Entry>) {
    let journal = experiment.journal().unwrap();
    (journal.heading, journal.entries)
}

pub(in crate::lab) fn lossy(arq: Arq, seed: u64, window: u32) -> Experiment {
    let window = if arq == Arq::StopAndWait { 1 } else { window };
    let link = format!(
        "seed={seed};delay=20ms;jitter=5ms;loss=15%;duplicate=5%;reorder=5%;corrupt=5%"
    );
    Experiment {
        scenario: link.parse().unwrap(),
        arq,
        window,
        size: 2_950,
        segment_bytes: 100,
        ..Experiment::small()
    }
}

/// The events of this side, with their places in the journal.
fn events(entries: &[Entry], side: Side) -> impl Iterator<Item = (usize, &Event)> {
    let told = entries.iter().enumerate();
    told.filter_map(move |(place, entry)| match &entry.what {
        JournalEvent::Machine(event) if entry.side == side => Some((place, event)),
        JournalEvent::Machine(_)
        | JournalEvent::Link(_)
        | JournalEvent::FaultInjection(_) => None,
    })
}

/// The state of a segment at the sender, from all its events.
pub(in crate::lab) fn sender_from_scratch(
    heading: &Heading,
    entries: &[Entry],
    number: u32,
) -> SenderState {
    let is_acked = events(entries, Side::Sender).any(|(_, event)| {
        let Event::PacketReceived(packet) = event else {
            return false;
        };
        let wanted = packet.sequence.0 - heading.first_sequence;
        let ranges = packet.ranges(heading.first_sequence);
        let is_cumulative = heading.arq != Arq::SelectiveRepeat && is_answer(packet);
        is_cumulative && wanted > number
            || ranges
                .iter()
                .any(|[first, last]| (first..=last).contains(&&number))
    });
    if is_acked {
        return SenderState::Acked;
    }
    let transmissions: Vec<(usize, u8)> = events(entries, Side::Sender)
        .filter_map(|(place, event)| {
            let Event::PacketSent(name) = event else {
                return None;
            };
            let is_it = name.is_of_the_file() && name.number == number;
            is_it.then_some((place, name.attempt))
        })
        .collect();
    let Some(&(newest, attempt)) = transmissions.last() else {
        return SenderState::Unsent;
    };
    let is_lost = entries[newest..].iter().any(|entry| match &entry.what {
        JournalEvent::Link(carried) => {
            let name = &carried.packet;
            let is_it =
                name.is_of_the_file() && (name.number, name.attempt) == (number, attempt);
            is_it && carried.is_lost()
        }
        JournalEvent::Machine(Event::PacketLost {
            number: lost,
            attempt: which,
            ..
        }) => match heading.arq {
            Arq::GoBackN => *lost <= number,
            Arq::StopAndWait | Arq::SelectiveRepeat | Arq::Sack => {
                (*lost, *which) == (number, attempt)
            }
        },
        JournalEvent::FaultInjection(FaultInjection::PacketKilled(killed)) => {
            let name = &killed.packet;
            name.is_of_the_file() && (name.number, name.attempt) == (number, attempt)
        }
        JournalEvent::Machine(_)
        | JournalEvent::FaultInjection(FaultInjection::LinkChanged { .. }) => false,
    });
    match (is_lost, transmissions.len()) {
        (true, _) => SenderState::Lost,
        (false, 1) => SenderState::InFlight,
        (false, _) => SenderState::Resent,
    }
}

/// The states of all segments at the receiver, from all arrivals.
pub(in crate::lab) fn receiver_from_scratch(
    entries: &[Entry],
    segments: u32,
) -> Vec<ReceiverState> {
    let mut have = BTreeSet::new();
    let told: Vec<&Event> = events(entries, Side::Receiver)
        .map(|(_, event)| event)
        .collect();
    let first_missing = |have: &BTreeSet<u32>| {
        let mut all = 0..=segments;
        all.find(|it| !have.contains(it)).unwrap()
    };
    for (place, event) in told.iter().enumerate() {
        let Event::PacketReceived(name) = event else {
            continue;
        };
        let is_taken = match told.get(place + 1) {
            Some(Event::SegmentBuffered { number }) => *number == name.number,
            Some(Event::SegmentDropped { .. } | Event::PacketIgnored { .. }) => false,
            _ => first_missing(&have) == name.number,
        };
        if name.is_of_the_file() && is_taken {
            have.insert(name.number);
        }
    }
    let in_order = first_missing(&have);
    (0..segments)
        .map(|number| match number {
            _ if number < in_order => ReceiverState::InOrder,
            _ if have.contains(&number) => ReceiverState::BufferedOutOfOrder,
            _ => ReceiverState::Missing,
        })
        .collect()
}

#[test]
fn the_journal_of_the_sender_alone_shows_segments_acknowledged_beyond_a_gap() {
    let (heading, mut entries) = journal(&lossy(Arq::Sack, 7, 8));
    entries.retain(|entry| entry.side == Side::Sender);
    let mut strip = Strip::new(&heading);
    let is_told_early = entries.iter().any(|entry| {
        strip.take(entry);
        let beyond = strip.base() + 1..strip.segments();
        beyond
            .into_iter()
            .any(|it| strip.sender(it) == SenderState::Acked)
    });
    assert!(is_told_early);
}

#[test]
fn impossible_ranges_change_no_state_and_take_no_time() {
    let (heading, mut entries) = journal(&lossy(Arq::Sack, 7, 8));
    entries.retain(|entry| entry.side == Side::Sender);
    entries.truncate(entries.len() / 2);
    let mut strip = Strip::new(&heading);
    for entry in &entries {
        strip.take(entry);
    }
    let before = strip.sender_counts();
    let ranges = vec![[u32::MAX, 0], [u32::MAX, u32::MAX], [9, 3], [0, 0]];
    strip.hear_of(&ranges);
    assert_eq!(strip.sender_counts(), before);
}

#[test]
fn an_ack_acknowledges_at_most_one_window_of_segments() {
    let (heading, _) = journal(&lossy(Arq::Sack, 7, 8));
    let mut strip = Strip::new(&Heading {
        size: 1 << 31,
        ..heading
    });
    let begun = Event::ListeningBegun {
        base: 0,
        next: 1 << 20,
        ranges: vec![[0, u32::MAX]; 32],
        first_sequence: Some(0),
        segment_bytes: 100,
    };
    strip.take(&Entry::new(Moment::START, Side::Sender, begun));
    assert_eq!(strip.sender_counts().acked, LARGEST_WINDOW);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn the_counts_match_the_journal_at_every_moment(
        seed: u64,
        window in 2_u32..12,
        arq in prop::sample::select(Arq::ALL.to_vec()),
    ) {
        let (heading, entries) = journal(&lossy(arq, seed, window));
        let mut strip = Strip::new(&heading);
        for (place, entry) in entries.iter().enumerate() {
            strip.take(entry);
            let past = &entries[..=place];
            let receiver = receiver_from_scratch(past, strip.segments());
            for state in ReceiverState::ALL {
                let count = receiver.iter().filter(|it| **it == state).count();
                let counted = strip.receiver_counts().get(state) as usize;
                prop_assert_eq!(counted, count, "{:?} after {:?}", state, entry);
            }
            // The sender's from scratch takes long: every few moments will do.
            if place % 7 != 0 {
                continue;
            }
            for number in 0..strip.segments() {
                let state = sender_from_scratch(&heading, past, number);
                prop_assert_eq!(strip.sender(number), state, "{} after {:?}", number, entry);
            }
            for state in SenderState::ALL {
                let count = (0..strip.segments()).filter(|&it| strip.sender(it) == state);
                let counted = strip.sender_counts().get(state) as usize;
                prop_assert_eq!(counted, count.count());
            }
        }
        prop_assert_eq!(strip.receiver_counts().in_order, strip.segments());
    }

    #[test]
    fn seeking_backwards_shows_the_same_as_playing_from_the_beginning(
        seed: u64,
        places in prop::collection::vec(0_usize..400, 20),
    ) {
        let (heading, entries) = journal(&lossy(Arq::Sack, seed, 8));
        // So few entries per copy that copies are dropped meanwhile.
        let mut scrubber = Scrubber::spaced(heading.clone(), entries.clone(), 2);
        for place in places {
            let mut strip = Strip::new(&heading);
            entries.iter().take(place).for_each(|entry| strip.take(entry));
            prop_assert_eq!(format!("{:?}", scrubber.at(place)), format!("{strip:?}"));
        }
    }

    #[test]
    fn the_strip_counts_every_segment_once_even_for_a_damaged_journal(
        seed: u64,
        places in prop::collection::vec(0_usize..400, 1..400),
        size: u64,
        window: u32,
    ) {
        let arq = Arq::ALL[(seed % 4) as usize];
        let (mut heading, entries) = journal(&lossy(arq, seed, 8));
        heading.size = if seed.is_multiple_of(2) { size } else { heading.size };
        heading.window = window;
        let mut strip = Strip::new(&heading);
        for place in places {
            strip.take(&entries[place % entries.len()]);
        }
        let SenderCounts { unsent, in_flight, lost, resent, acked } = strip.sender_counts();
        prop_assert_eq!(unsent + in_flight + lost + resent + acked, strip.segments());
        let ReceiverCounts { missing, buffered_out_of_order, in_order } = strip.receiver_counts();
        prop_assert_eq!(missing + buffered_out_of_order + in_order, strip.segments());
        let place = JournalPosition { index: 0, of: 0 };
        prop_assert!(!text(&heading, &strip, place).is_empty());
        prop_assert!(!picture(&heading, &strip, place).shapes.is_empty());
    }
}

#[test]
fn a_lost_packet_is_shown_as_lost_before_the_sender_can_detect_it() {
    let (heading, entries) = journal(&Experiment {
        scenario: "delay=50ms;drop=d2.1".parse().unwrap(),
        window: 4,
        size: 700,
        segment_bytes: 100,
        ..Experiment::small()
    });
    let mut scrubber = Scrubber::new(heading, entries);
    let index = scrubber.index_at(150_000);
    let strip = scrubber.at(index);
    assert_eq!(strip.sender(2), SenderState::Lost);
    assert_eq!((strip.base(), strip.next(), strip.window_end()), (0, 4, 4));
    let index = scrubber.index_at(262_500);
    let strip = scrubber.at(index);
    assert_eq!(strip.sender(2), SenderState::Resent);
    assert_eq!(strip.sender(3), SenderState::Acked);
    assert_eq!(strip.receiver(3), ReceiverState::BufferedOutOfOrder);
}

#[test]
fn after_a_timeout_of_go_back_n_every_segment_in_flight_is_declared_lost() {
    let (heading, entries) = journal(&Experiment {
        scenario: "delay=50ms;drop=d2.1".parse().unwrap(),
        arq: Arq::GoBackN,
        window: 4,
        size: 700,
        segment_bytes: 100,
        ..Experiment::small()
    });
    let mut strip = Strip::new(&heading);
    for entry in &entries {
        strip.take(entry);
        if matches!(entry.what, JournalEvent::Machine(Event::PacketLost { .. })) {
            assert_eq!((strip.base(), strip.next()), (2, 6));
            assert_eq!(strip.sender_counts().lost, 4);
        }
    }
    assert_eq!(strip.retransmissions(), 4);
}

#[test]
fn a_journal_of_one_side_shows_only_that_side() {
    let (heading, entries) = journal(&lossy(Arq::Sack, 1, 8));
    let mut strip = Strip::new(&heading);
    let receivers = entries.iter().filter(|entry| entry.side == Side::Receiver);
    receivers.for_each(|entry| strip.take(entry));
    assert_eq!(strip.receiver_counts().in_order, strip.segments());
    let text = text(&heading, &strip, JournalPosition { index: 1, of: 1 });
    assert!(!text.contains("sender"), "{text}");
    assert!(text.contains("receiver   ####"), "{text}");
}

#[test]
fn a_long_file_is_shown_in_bins_with_their_most_important_symbol() {
    let (heading, entries) = journal(&Experiment {
        scenario: "delay=5ms;drop=d500.1".parse().unwrap(),
        size: 100_000,
        segment_bytes: 100,
        ..Experiment::small()
    });
    let mut strip = Strip::new(&heading);
    let lost = entries.iter().position(
        |entry| matches!(&entry.what, JournalEvent::Link(carried) if carried.is_lost()),
    );
    let until = lost.unwrap() + 1;
    entries[..until].iter().for_each(|entry| strip.take(entry));
    let text = text(
        &heading,
        &strip,
        JournalPosition {
            index: until,
            of: entries.len(),
        },
    );
    assert!(text.contains("16 segments per sign"), "{text}");
    let sender = text
        .lines()
        .find(|line| line.starts_with("sender"))
        .unwrap();
    assert_eq!(sender.matches('X').count(), 1, "{text}");
}
