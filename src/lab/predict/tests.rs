use super::*;
use crate::lab::halt::Halt;
use crate::reliable::event::PacketName;
use crate::wire::options::Arq;
use std::collections::{BTreeMap, BTreeSet};

const KINDS_OF_LINK: [&str; 4] = [
    "loss=10%;delay=50ms",
    "loss=25%;duplicate=10%;delay=20ms;jitter=15ms",
    "reorder=20%;ack.loss=30%;delay=30ms",
    "corrupt=10%;loss=5%;delay=10ms",
];

/// Small runs of all kinds: every protocol over every kind of link.
fn experiments(seed: u64) -> Vec<Experiment> {
    let mut experiments = Vec::new();
    for link in KINDS_OF_LINK {
        for (arq, window) in [
            (Arq::StopAndWait, 1),
            (Arq::GoBackN, 4),
            (Arq::GoBackN, 16),
            (Arq::SelectiveRepeat, 5),
            (Arq::SelectiveRepeat, 16),
            (Arq::Sack, 5),
            (Arq::Sack, 16),
        ] {
            let halts = [
                None,
                Some(Halt::Sender),
                Some(Halt::Receiver),
                Some(Halt::Disk),
            ];
            experiments.push(Experiment {
                scenario: format!("seed={seed};{link}").parse().unwrap(),
                arq,
                window,
                size: 4_000 + seed * 37 % 900,
                segment_bytes: 100,
                first: crate::wire::sequence::SequenceNumber(u32::MAX - 20),
                halt: halts[(seed % 4) as usize],
                is_upload: seed.is_multiple_of(3),
                listening: true,
                ..Experiment::small()
            });
        }
    }
    experiments
}

fn journal(experiment: &Experiment) -> Journal {
    let mut entries = Vec::new();
    experiment.run(|entry| entries.push(entry)).unwrap();
    Journal {
        heading: experiment.heading(),
        entries,
        is_cut: false,
        unknown: 0,
    }
}

const ALL: Choosing = Choosing {
    questions: usize::MAX,
    seed: 3,
};

/// The packets that the sender sends after this many entries, until the next event
/// reaches it.
fn sent_next(journal: &Journal, index: usize) -> Vec<PacketName> {
    let mut sent = Vec::new();
    for entry in &journal.entries[index..] {
        match (&entry.what, entry.side) {
            (JournalEvent::Machine(Event::PacketSent(packet)), Side::Sender) => {
                sent.push(packet.name);
            }
            (
                JournalEvent::Machine(
                    Event::PacketReceived(_)
                    | Event::PacketDamaged { .. }
                    | Event::TimerExpired { .. }
                    | Event::DataBlockedUpdated { .. },
                ),
                Side::Sender,
            ) => break,
            (
                JournalEvent::Machine(_)
                | JournalEvent::Link(_)
                | JournalEvent::FaultInjection(_),
                _,
            ) => {}
        }
    }
    sent
}

/// The packets of an action, each with whether it was sent before.
fn spelled(action: &Action) -> Vec<(Kind, Option<u32>, bool)> {
    let mut packets = Vec::new();
    for step in action.steps() {
        match step {
            PacketRun::Data {
                first,
                last,
                is_retransmission,
            } => {
                let run = *first..=*last;
                packets.extend(
                    run.map(|number| (Kind::Data, Some(number), *is_retransmission)),
                );
            }
            PacketRun::Probe => packets.push((Kind::Data, None, false)),
            PacketRun::Fin { is_retransmission } => {
                packets.push((Kind::Fin, None, *is_retransmission));
            }
            PacketRun::Other(kind) => packets.push((*kind, None, false)),
        }
    }
    packets
}

#[test]
fn every_right_answer_is_what_the_protocol_does_next() {
    for seed in 0..24 {
        for experiment in experiments(seed) {
            let journal = journal(&experiment);
            let asked = questions(std::slice::from_ref(&journal), ALL).unwrap();
            for question in asked {
                let sent: Vec<_> = sent_next(&journal, question.index)
                    .iter()
                    .map(|packet| match packet.kind {
                        Kind::Data if packet.length > 0 => {
                            (Kind::Data, Some(packet.number), packet.attempt > 1)
                        }
                        Kind::Fin => (Kind::Fin, None, packet.attempt > 1),
                        Kind::Syn
                        | Kind::SynAck
                        | Kind::Ack
                        | Kind::Nack
                        | Kind::Data
                        | Kind::FinAck
                        | Kind::Rst => (packet.kind, None, false),
                    })
                    .collect();
                let answer = spelled(&question.choices[question.right]);
                let line = experiment.command();
                assert_eq!(answer, sent, "{line}\n{}", question.text());
            }
        }
    }
}

#[test]
fn all_choices_differ_and_exactly_one_is_right() {
    for experiment in (0..8).flat_map(experiments) {
        let journal = journal(&experiment);
        for question in questions(std::slice::from_ref(&journal), ALL).unwrap() {
            let texts: BTreeSet<_> =
                question.choices.iter().map(ToString::to_string).collect();
            assert_eq!(texts.len(), question.choices.len(), "{}", question.text());
            assert!((3..=4).contains(&texts.len()), "{}", question.text());
            assert!(question.right < texts.len());
            assert!(
                !question.situation.contains("\n\n\n"),
                "{}",
                question.text()
            );
        }
    }
}

#[test]
fn every_kind_of_question_occurs_and_is_explained_for_each_protocol_that_has_it() {
    let mut seen: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for experiment in (0..24).flat_map(experiments) {
        let journal = journal(&experiment);
        for question in questions(std::slice::from_ref(&journal), ALL).unwrap() {
            assert!(question.reason.ends_with('.'), "{}", question.reason);
            let key = (question.occasion.name(), experiment.arq.name());
            *seen.entry(key).or_default() += 1;
        }
    }
    let missing: Vec<_> = Occasion::ALL
        .iter()
        .flat_map(|occasion| Arq::ALL.map(|arq| (occasion.name(), arq.name())))
        .filter(|key| !seen.contains_key(key))
        .collect();
    let none = [
        // One packet at a time: no ACK moves several, and hardly one overtakes another.
        ("ACK that slides the window by several", "stop-and-wait"),
        ("overtaken ACK", "stop-and-wait"),
    ];
    // A receiver sends NACKs with a controller alone, and `sack` always.
    let later = ["three later packets", "9/8 of a round trip", "NACK"];
    let unexplained: Vec<_> = missing
        .iter()
        .filter(|key| !none.contains(key))
        .filter(|(name, arq)| !(later.contains(name) && *arq != "sack"))
        .collect();
    assert!(unexplained.is_empty(), "{unexplained:?} of {seen:#?}");
}

#[test]
fn equal_seeds_give_equal_questions_and_different_seeds_different_ones() {
    let experiments = experiments(5);
    let with = |seed| {
        let choosing = Choosing { questions: 6, seed };
        let asked = ask(&experiments[..5], choosing).unwrap();
        assert_eq!(asked.len(), 6);
        asked
    };
    assert_eq!(with(1), with(1));
    assert_ne!(with(1), with(2));
}

#[test]
fn a_run_with_a_controller_is_refused_with_a_sentence() {
    let experiment = Experiment {
        congestion: Congestion::Reno,
        ..Experiment::small()
    };
    let refused = ask(&[experiment], ALL).unwrap_err();
    assert!(
        refused
            .to_string()
            .starts_with("with reno, the controller decides")
    );
}

#[test]
fn a_forged_journal_gives_few_questions_and_no_panic() {
    let experiment = experiments(1).swap_remove(1);
    let mut journal = journal(&experiment);
    journal.heading.size = u64::MAX;
    journal.heading.window = u32::MAX;
    for (place, entry) in journal.entries.iter_mut().enumerate() {
        if let JournalEvent::Machine(
            Event::PacketSent(packet) | Event::PacketReceived(packet),
        ) = &mut entry.what
            && place % 3 == 0
        {
            packet.name.number = u32::MAX - 7;
            packet.name.sequence.0 ^= 0x8000_0000;
        }
    }
    for question in questions(&[journal], ALL).unwrap() {
        assert!(question.choices.len() >= 3);
    }
}
