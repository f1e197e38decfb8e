//! Tests that compare a player with a fresh reading of the journal, at any place and
//! after lost packets.

use super::*;
use crate::lab::journal::Side;
use crate::lab::strip::tests::{
    journal, lossy, receiver_from_scratch, sender_from_scratch,
};
use crate::lab::strip::{ReceiverState, SenderState};
use crate::reliable::event::Event;
use crate::wire::options::Arq;
use proptest::prelude::*;
use proptest::sample::Index;

/// The actions of a user.
#[derive(Debug, Clone)]
enum Act {
    Step,
    StepBack,
    StepPacket,
    StepPacketBack,
    NextMoment,
    LastMoment,
    GoTo(Index),
    Seek(u64),
    Play(u64),
    Kill(Index),
    Change(u8),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        Just(Act::Step),
        Just(Act::StepBack),
        Just(Act::StepPacket),
        Just(Act::StepPacketBack),
        Just(Act::NextMoment),
        Just(Act::LastMoment),
        any::<Index>().prop_map(Act::GoTo),
        (0_u64..400_000).prop_map(Act::Seek),
        (0_u64..80_000).prop_map(Act::Play),
        any::<Index>().prop_map(Act::Kill),
        any::<Index>().prop_map(Act::Kill),
        (0_u8..30).prop_map(Act::Change),
    ]
}

fn apply(player: &mut Player, act: &Act) {
    match act {
        Act::Step => drop(player.step()),
        Act::StepBack => drop(player.step_back()),
        Act::StepPacket => drop(player.step_packet()),
        Act::StepPacketBack => drop(player.step_packet_back()),
        Act::NextMoment => drop(player.next_moment()),
        Act::LastMoment => drop(player.last_moment()),
        Act::GoTo(index) => {
            let index = index.index(player.entries().len() + 1);
            player.go_to(index);
        }
        Act::Seek(time_us) => player.seek(*time_us),
        Act::Play(wall_us) => {
            player.play();
            player.tick(Duration::from_micros(*wall_us));
            player.pause();
        }
        Act::Kill(index) => {
            let in_flight = player.in_flight();
            if let (true, false) = (player.can_kill(), in_flight.is_empty()) {
                let packet = Label::from(index.get(&in_flight).packet);
                assert!(player.kill(packet), "{packet} of {in_flight:?}");
            }
        }
        Act::Change(percent) => {
            let line = format!("delay=15ms;loss={percent}%");
            player.change(line.parse().unwrap());
        }
    }
}

/// What is in flight, from all that has happened and happens later.
fn in_flight_from_scratch(player: &Player) -> Vec<InFlight> {
    let here = player.place().index;
    let mut found: Vec<InFlight> = Vec::new();
    for (index, entry) in player.entries().iter().enumerate() {
        let JournalEvent::Link(carried) = &entry.what else {
            continue;
        };
        if index >= here || carried.fate.is_loss() {
            continue;
        }
        let arrives_us = carried.arrives_us.unwrap();
        let name = (carried.direction, carried.packet.name);
        let ends = player.entries().iter().position(|entry| match &entry.what {
            JournalEvent::FaultInjection(FaultInjection::PacketKilled(killed)) => {
                name == (killed.direction, killed.packet)
            }
            JournalEvent::Machine(Event::PacketReceived(packet)) => {
                let direction = match entry.side {
                    Side::Receiver => Direction::Data,
                    Side::Sender | Side::Link => Direction::Ack,
                };
                name == (direction, packet.name)
            }
            JournalEvent::Machine(_)
            | JournalEvent::Link(_)
            | JournalEvent::FaultInjection(_) => false,
        });
        let is_over = match ends {
            Some(ends) => ends < here,
            None => player.position_us() >= arrives_us,
        };
        if !is_over {
            found.push(InFlight {
                packet: carried.packet.name,
                direction: carried.direction,
            });
        }
    }
    found
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn the_counts_match_the_journal_after_any_seeking_and_killing(
        seed: u64,
        window in 2_u32..12,
        arq in prop::sample::select(Arq::ALL.to_vec()),
        acts in prop::collection::vec(act(), 1..60),
    ) {
        let mut player = Player::simulation(lossy(arq, seed, window));
        for act in &acts {
            apply(&mut player, act);
            let past = &player.entries()[..player.place().index];
            let times = past.windows(2).all(|pair| pair[0].time_us <= pair[1].time_us);
            prop_assert!(times, "time goes back");
            let last = past.last().map_or(0, |entry| entry.time_us);
            prop_assert!(last <= player.position_us(), "{:?}", act);
            let strip = player.strip();
            let receiver = receiver_from_scratch(past, strip.segments());
            for state in ReceiverState::ALL {
                let count = receiver.iter().filter(|it| **it == state).count();
                let counted = strip.receiver_counts().get(state) as usize;
                prop_assert_eq!(counted, count, "{:?} after {:?}", state, act);
            }
            let sender: Vec<SenderState> = (0..strip.segments())
                .map(|it| sender_from_scratch(player.heading(), past, it))
                .collect();
            for state in SenderState::ALL {
                let count = sender.iter().filter(|it| **it == state).count();
                let counted = strip.sender_counts().get(state) as usize;
                prop_assert_eq!(counted, count, "{:?} after {:?}", state, act);
            }
            prop_assert_eq!(player.in_flight(), in_flight_from_scratch(&player));
        }
        let entries = player.entries().to_vec();
        let mut text = player.heading().to_line();
        text.extend(entries.iter().map(Entry::to_line));
        let read = Journal::read(text.as_bytes()).unwrap();
        prop_assert_eq!(&read.entries, &entries);
        let mut again = Player::journal(read);
        again.go_to(player.place().index);
        prop_assert_eq!(format!("{:?}", again.strip()), format!("{:?}", player.strip()));
        again.go_to(usize::MAX);
        prop_assert_eq!(again.scenario(), player.scenario());
    }
}

fn slow() -> Experiment {
    Experiment {
        scenario: "delay=50ms".parse().unwrap(),
        ..Experiment::small()
    }
}

#[test]
fn the_duration_of_a_packets_flight_is_adjustable() {
    let mut player = Player::simulation(slow());
    player.set_slowness(Slowness::OneWayDelay(Duration::from_secs(2)));
    player.play();
    for _ in 0..20 {
        assert!(player.tick(Duration::from_millis(100)));
    }
    assert_eq!(player.position_us(), 50_000, "the SYN has just arrived");
    player.set_slowness(Slowness::Speed(10.0));
    player.tick(Duration::from_millis(10));
    assert_eq!(player.position_us(), 150_000);
}

#[test]
fn playback_after_a_suspension_continues_at_the_same_position() {
    let mut player = Player::simulation(slow());
    player.set_slowness(Slowness::Speed(0.01));
    player.play();
    player.tick(Duration::from_secs(3_600));
    assert_eq!(player.position_us(), 10_000);
}

#[test]
fn a_packet_can_be_killed_only_at_the_newest_moment_of_an_unfinished_run() {
    let mut player = Player::simulation(slow());
    player.seek(160_000);
    let packet = "d3.1".parse().unwrap();
    player.step_back();
    assert!(
        !player.can_kill() && !player.kill(packet),
        "that is the past"
    );
    player.seek(160_000);
    assert!(player.can_kill() && player.kill(packet));
    assert_eq!(player.strip().sender(3), SenderState::Lost);
    let is_there = |it: &InFlight| Label::from(it.packet) == packet;
    assert!(!player.in_flight().iter().any(is_there));
    player.go_to(player.place().index - 1);
    assert_eq!(player.strip().sender(3), SenderState::InFlight);
    player.seek(u64::MAX);
    while !player.is_over() {
        player.seek(u64::MAX);
    }
    assert!(player.outcome().unwrap().is_verified());
    assert!(!player.can_kill());
    let (heading, entries) = journal(&slow());
    let mut recorded = Player::journal(Journal::new(heading, entries));
    recorded.seek(160_000);
    assert_eq!(recorded.in_flight().len(), 16);
    assert!(!recorded.can_kill() && !recorded.kill(packet));
    assert!(!recorded.change(Scenario::PERFECT));
}

#[test]
fn playback_at_the_end_of_a_live_transfer_follows_it_and_elsewhere_does_not() {
    let (heading, entries) = journal(&slow());
    let mut player = Player::live(heading);
    let (first, rest) = entries.split_at(40);
    player.push(first.to_vec());
    assert_eq!(player.place().index, 40);
    let now_us = player.position_us();
    player.tick(Duration::from_millis(3));
    assert_eq!(
        player.position_us(),
        now_us + 3_000,
        "time passes all the same"
    );
    assert!(player.can_kill());
    player.seek(10_000);
    assert!(!player.can_kill());
    let (second, rest) = rest.split_at(40);
    player.push(second.to_vec());
    assert_eq!(player.position_us(), 10_000);
    while !player.can_kill() {
        player.tick(Duration::from_millis(10));
    }
    assert_eq!(player.place().index, 80, "it has caught up");
    player.push(rest.to_vec());
    assert_eq!(player.place().index, entries.len());
    player.end();
    assert!(player.is_over() && !player.can_kill());
    player.tick(Duration::from_millis(10));
    assert!(!player.is_playing());
    player.play();
    assert_eq!(player.position_us(), 0);
}

#[test]
fn kills_and_link_changes_of_a_live_transfer_are_taken_from_its_entries() {
    let mut simulation = Simulation::new(Experiment {
        listening: true,
        ..slow()
    });
    let mut player = Player::live(simulation.heading());
    player.push(simulation.run_until(160_000).unwrap());
    assert!(simulation.kill("d3.1".parse().unwrap()));
    player.push(simulation.take_entries().collect());
    assert_eq!(player.scenario().to_string(), "delay=50ms;drop=d3.1");
    simulation.change("loss=5%".parse().unwrap());
    player.push(simulation.take_entries().collect());
    assert_eq!(player.scenario().to_string(), "loss=5%");
    assert_eq!(player.strip().sender_counts().lost, 1);
}

#[test]
fn a_fast_run_advances_in_bounded_steps_and_stops_at_the_limit() {
    let mut player = Player::simulation(Experiment {
        size: 40_000_000,
        window: 64,
        ..slow()
    });
    player.set_slowness(Slowness::Speed(1e6));
    player.play();
    player.tick(Duration::from_secs(1));
    let (first, time_us) = (player.entries().len(), player.position_us());
    assert!(
        (MOST_IN_A_TICK..MOST_IN_A_TICK + 1_000).contains(&first),
        "{first}"
    );
    assert_eq!(player.place().index, first);
    player.tick(Duration::from_secs(1));
    assert!(player.entries().len() >= 2 * MOST_IN_A_TICK);
    assert!(player.position_us() > time_us);
}
