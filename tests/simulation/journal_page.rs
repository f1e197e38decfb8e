//! The report page `journal` documents every field of an event log and no other.
//!
//! - The fields under `The first line`, `Every further line` and each event are compared with
//!   one serialized example of each.
//! - The examples are made by matches without a wildcard, so the compiler demands new ones.
//! - The values of a field are compared with the enum, or with the words in the source.
//! - The laboratory makes the three event logs that the page prints, from a scenario.
//!
//! `UPDATE_GOLDEN=1 cargo test --test simulation journal_page::` rewrites those; look at the diff.

#![expect(
    clippy::unwrap_used,
    reason = "a test ends where something is not as it must be"
)]

use crate::golden::compare;
use sash::lab::journal::{Carried, Entry, FaultInjection, Heading, Killed, Side};
use sash::lab::run::Experiment;
use sash::lab::simulation::Simulation;
use sash::link::{Direction, Fate};
use sash::reliable::event::{
    Datagram, DiscardReason, Event, FlowControlState, Ignored, PacketName, PacketRecord,
    Timer, Trigger,
};
use sash::reliable::moment::Moment;
use sash::wire::digest::{Digest, Mac};
use sash::wire::options::{Arq, Congestion};
use sash::wire::packet::{Acknowledgement, Body, HandshakeFields, Kind, Reset};
use sash::wire::sequence::SequenceNumber;
use serde::Serialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

type Names = BTreeSet<String>;

const PACKET: PacketName = PacketName {
    kind: Kind::Data,
    number: 2,
    attempt: 1,
    sequence: SequenceNumber(2),
    length: 100,
};

const DATA: PacketRecord = PacketRecord {
    name: PACKET,
    sent_at: 1,
    body: Body::Data { length: 100 },
    mac: None,
};

#[test]
fn the_page_documents_every_event_with_all_of_its_fields_and_no_other() {
    let page = Page::read();
    let mut events = BTreeMap::new();
    let carried = Entry::carried(Moment::START, carried());
    let injected = all_of(fault_after).into_iter();
    let injected = injected.map(|it| Entry::injected(Moment::START, it));
    let entries = all_of(event_after)
        .into_iter()
        .map(|event| Entry::new(Moment::START, Side::Sender, event))
        .chain([carried])
        .chain(injected);
    for entry in entries {
        let Value::Object(mut fields) = serde_json::to_value(entry).unwrap() else {
            panic!("an entry is an object");
        };
        let event = fields["event"].as_str().unwrap().to_owned();
        fields.retain(|name, _| !["time_us", "side", "event"].contains(&&**name));
        events.insert(event, fields.keys().cloned().collect::<Names>());
    }
    assert_eq!(page.events(), events);
}

#[test]
fn the_page_documents_every_field_of_every_kind_of_packet_and_no_other() {
    let mut fields = Names::new();
    for body in all_of(body_after) {
        let (name, mac) = (PACKET, Some(Mac([7; 16])));
        let record = PacketRecord {
            name,
            sent_at: 1,
            body,
            mac,
        };
        let record = serde_json::to_value(record).unwrap();
        fields.extend(record.as_object().unwrap().keys().cloned());
    }
    assert_eq!(Page::read().rows("## The fields of a packet"), fields);
}

#[test]
fn the_page_documents_the_fields_of_the_first_and_of_every_further_line() {
    let page = Page::read();
    let heading = serde_json::to_value(Experiment::small().heading()).unwrap();
    let fields: Names = heading.as_object().unwrap().keys().cloned().collect();
    assert_eq!(page.rows("## The first line"), fields);
    let every = ["time_us", "side", "event"].map(str::to_owned);
    assert_eq!(page.rows("## Every further line"), Names::from(every));
}

#[test]
fn the_page_documents_every_value_of_a_field_and_no_other() {
    let page = Page::read();
    let of = |field: &str| page.rows(&format!("### Values of `{field}`"));
    assert_eq!(of("side"), values(side_after));
    assert_eq!(of("kind"), values(kind_after));
    assert_eq!(of("direction"), values(direction_after));
    assert_eq!(of("fate"), values(fate_after));
    assert_eq!(of("trigger"), values(trigger_after));
    assert_eq!(of("timer"), values(timer_after));
    assert_eq!(of("gate"), values(flow_control_after));
    let mut why = values(ignored_after);
    why.append(&mut values(discard_reason_after));
    assert_eq!(of("why"), why);
    let states = [
        "handshake/state",
        "connection/sending/phase",
        "connection/receiving/phase",
    ];
    assert_eq!(of("state"), words(&states, "const fn name(&self)"));
    let controllers =
        Congestion::ALL.map(|it| format!("congestion/{it}").replace('-', "_"));
    let controllers = controllers.each_ref().map(|path| &**path);
    let mut phases = words(&controllers, "fn phase(&self)");
    phases.append(&mut words(
        &["congestion/bbr/phase"],
        "const fn name(&self)",
    ));
    assert_eq!(of("phase"), phases);
}

#[test]
fn the_journal_of_a_lost_segment_on_the_page_matches_a_run() {
    let experiment = Experiment {
        scenario: "delay=10ms;drop=d1.1".parse().unwrap(),
        window: 4,
        size: 500,
        segment_bytes: 100,
        ..Experiment::small()
    };
    let mut lines = journal(experiment);
    let heading = lines.remove(0);
    let is_of_segment_1 = |line: &&String| {
        let entry: Value = serde_json::from_str(line).unwrap();
        let is_data = entry.get("kind").is_none_or(|kind| kind == "DATA");
        is_data && entry.get("number").is_some_and(|number| number == 1)
    };
    let life = lines.iter().filter(is_of_segment_1).cloned();
    let found: String = std::iter::once(heading).chain(life).collect();
    compare("journal_lost_segment.txt", &found);
}

#[test]
fn the_journal_of_a_killed_packet_on_the_page_matches_a_run() {
    let mut simulation = Simulation::new(Experiment {
        scenario: "delay=10ms".parse().unwrap(),
        window: 4,
        size: 500,
        segment_bytes: 100,
        listening: true,
        ..Experiment::small()
    });
    let mut entries = simulation.run_until(35_000).unwrap();
    assert!(simulation.kill("d1.1".parse().unwrap()));
    simulation.run_to_end().unwrap();
    entries.extend(simulation.take_entries());
    let is_of_segment_1 = |entry: &&Entry| {
        let line = entry.to_line();
        line.contains("\"number\":1,") && !line.contains("ACK")
    };
    let life = entries.iter().filter(is_of_segment_1).map(Entry::to_line);
    let found: String = std::iter::once(simulation.heading().to_line())
        .chain(life)
        .collect();
    compare("journal_killed.txt", &found);
    let grown = simulation.scenario().to_string();
    assert_eq!(grown, "delay=10ms;drop=d1.1");
}

#[test]
fn the_first_entry_of_each_event_on_the_page_matches_a_run() {
    let experiment = Experiment {
        scenario: "seed=7;delay=10ms;mtu=1300;loss=5%;corrupt=5%"
            .parse()
            .unwrap(),
        arq: Arq::Sack,
        congestion: Congestion::Reno,
        window: 64,
        size: 60_000,
        ..Experiment::small()
    };
    let mut met = Names::new();
    let first = journal(experiment).into_iter().skip(1).filter(|line| {
        let entry: Value = serde_json::from_str(line).unwrap();
        met.insert(entry["event"].as_str().unwrap().to_owned())
    });
    compare("journal_events.txt", &first.collect::<String>());
}

/// The page, read as headings and the tables below them.
struct Page(String);

impl Page {
    fn read() -> Self {
        Self(fs::read_to_string(root().join("report/journal.md")).unwrap())
    }

    /// The words in backticks in the first column of the tables below each heading.
    fn sections(&self) -> impl Iterator<Item = (&str, Names)> {
        let mut sections: Vec<(&str, Names)> = Vec::new();
        for line in self.0.lines() {
            if line.starts_with('#') {
                sections.push((line, Names::new()));
            } else if let (Some(row), Some((_, names))) =
                (line.strip_prefix("| "), sections.last_mut())
            {
                let first = row.split(" |").next().unwrap();
                names.extend(first.split('`').skip(1).step_by(2).map(str::to_owned));
            }
        }
        sections.into_iter()
    }

    fn rows(&self, heading: &str) -> Names {
        let mut found = self.sections().filter(|(it, _)| *it == heading);
        let (_, names) = found.next().unwrap_or_else(|| panic!("no {heading}"));
        names
    }

    /// A heading of the third level that is just a name is an event's.
    fn events(&self) -> BTreeMap<String, Names> {
        let event = |heading: &str| {
            let name = heading.strip_prefix("### `")?.strip_suffix('`')?;
            Some(name.to_owned())
        };
        self.sections()
            .filter_map(|(heading, names)| Some((event(heading)?, names)))
            .collect()
    }
}

fn journal(experiment: Experiment) -> Vec<String> {
    let experiment = Experiment {
        listening: true,
        ..experiment
    };
    let heading: Heading = experiment.heading();
    let mut lines = vec![heading.to_line()];
    let run = experiment.run(|entry| lines.push(entry.to_line())).unwrap();
    assert!(run.is_verified(), "{run:?}");
    lines
}

/// The words in quotation marks in a function of each of these files of `src/reliable`.
fn words(files: &[&str], function: &str) -> Names {
    let mut words = Names::new();
    for file in files {
        let path = format!("src/reliable/{file}.rs");
        let source = fs::read_to_string(root().join(&path)).unwrap();
        let body = source.lines().skip_while(|line| !line.contains(function));
        let body: Vec<_> = body.take_while(|line| *line != "    }").collect();
        assert!(!body.is_empty(), "{path} has no {function}");
        let quoted = body
            .iter()
            .flat_map(|line| line.split('"').skip(1).step_by(2));
        words.extend(quoted.map(str::to_owned));
    }
    words
}

/// Every value, from the first on, that a chain goes through.
fn all_of<T: Clone>(after: impl Fn(Option<&T>) -> Option<T>) -> Vec<T> {
    let next = |it: &T| after(Some(it));
    std::iter::successors(after(None), next).collect()
}

fn values<T: Clone + Serialize>(after: impl Fn(Option<&T>) -> Option<T>) -> Names {
    let name = |it: &T| {
        serde_json::to_value(it)
            .unwrap()
            .as_str()
            .unwrap()
            .to_owned()
    };
    all_of(after).iter().map(name).collect()
}

const fn carried() -> Carried {
    Carried {
        packet: DATA,
        direction: Direction::Data,
        fate: Fate::Corrupted,
        arrives_us: Some(1),
        flipped_bit: Some(1),
    }
}

/// One example of each kind of packet, and of a MAC.
fn body_after(body: Option<&Body>) -> Option<Body> {
    let handshake = HandshakeFields {
        size: 1,
        window: 1,
        echo: 1,
        segment_bytes: 1,
    };
    let range = [SequenceNumber(3), SequenceNumber(4)];
    let acknowledgement = Acknowledgement {
        echo: 1,
        window: 1,
        received: 1,
        ranges: vec![range.into()],
    };
    Some(match body {
        None => Body::Syn(handshake),
        Some(Body::Syn(_)) => Body::SynAck(handshake),
        Some(Body::SynAck(_)) => Body::Ack(acknowledgement),
        Some(Body::Ack(_)) => Body::Nack(acknowledgement),
        Some(Body::Nack(_)) => DATA.body,
        Some(Body::Data { .. }) => Body::Fin {
            digest: Digest([7; 32]),
        },
        Some(Body::Fin { .. }) => Body::FinAck { verified: true },
        Some(Body::FinAck { .. }) => Body::Rst {
            why: Reset::Cancelled,
        },
        Some(Body::Rst { .. }) => return None,
    })
}

/// One example of each action of a user.
fn fault_after(fault: Option<&FaultInjection>) -> Option<FaultInjection> {
    Some(match fault {
        None => FaultInjection::PacketKilled(Killed {
            packet: PACKET,
            direction: Direction::Data,
        }),
        Some(FaultInjection::PacketKilled(_)) => FaultInjection::LinkChanged {
            scenario: "perfect".to_owned(),
        },
        Some(FaultInjection::LinkChanged { .. }) => return None,
    })
}

/// One example of each event. A new event gets a place in this chain.
fn event_after(event: Option<&Event>) -> Option<Event> {
    Some(match event {
        None => Event::PacketSent(DATA),
        Some(Event::PacketSent(_)) => Event::PacketReceived(DATA),
        Some(Event::PacketReceived(_)) => Event::PacketIgnored {
            packet: PACKET,
            why: Ignored::Forged,
            datagram: Datagram(vec![7]),
        },
        Some(Event::PacketIgnored { .. }) => Event::PacketDamaged {
            datagram: Datagram(vec![7]),
        },
        Some(Event::PacketDamaged { .. }) => Event::PacketLost {
            number: 2,
            attempt: 1,
            trigger: Trigger::Timeout,
        },
        Some(Event::PacketLost { .. }) => Event::TimerExpired { timer: Timer::Idle },
        Some(Event::TimerExpired { .. }) => Event::MetricsUpdated {
            latest_us: 1,
            srtt_us: 1,
            rttvar_us: 1,
            rto_us: 1,
        },
        Some(Event::MetricsUpdated { .. }) => Event::CongestionUpdated {
            cwnd: 1,
            ssthresh: Some(1),
            in_flight: 1,
            pacing_rate: Some(1),
            phase: "fixed".into(),
        },
        Some(Event::CongestionUpdated { .. }) => Event::PathAssigned {
            sender: ([192, 0, 2, 1], 55_000).into(),
            receiver: ([192, 0, 2, 2], 55_001).into(),
            wall_us: 1,
        },
        Some(Event::PathAssigned { .. }) => Event::SegmentBuffered { number: 2 },
        Some(Event::SegmentBuffered { .. }) => Event::SegmentDropped {
            number: 2,
            why: DiscardReason::Duplicate,
        },
        Some(Event::SegmentDropped { .. }) => Event::DataBlockedUpdated {
            flow_control: FlowControlState::Open,
        },
        Some(Event::DataBlockedUpdated { .. }) => Event::MtuUpdated { segment_bytes: 1 },
        Some(Event::MtuUpdated { .. }) => Event::ListeningBegun {
            base: 1,
            next: 1,
            ranges: vec![[2, 3]],
            first_sequence: Some(1),
            segment_bytes: 1,
        },
        Some(Event::ListeningBegun { .. }) => Event::StateChanged {
            state: "open".into(),
        },
        Some(Event::StateChanged { .. }) => return None,
    })
}

fn side_after(side: Option<&Side>) -> Option<Side> {
    Some(match side {
        None => Side::Sender,
        Some(Side::Sender) => Side::Receiver,
        Some(Side::Receiver) => Side::Link,
        Some(Side::Link) => return None,
    })
}

fn kind_after(kind: Option<&Kind>) -> Option<Kind> {
    Some(match kind {
        None => Kind::Syn,
        Some(Kind::Syn) => Kind::SynAck,
        Some(Kind::SynAck) => Kind::Ack,
        Some(Kind::Ack) => Kind::Nack,
        Some(Kind::Nack) => Kind::Data,
        Some(Kind::Data) => Kind::Fin,
        Some(Kind::Fin) => Kind::FinAck,
        Some(Kind::FinAck) => Kind::Rst,
        Some(Kind::Rst) => return None,
    })
}

fn direction_after(direction: Option<&Direction>) -> Option<Direction> {
    Some(match direction {
        None => Direction::Data,
        Some(Direction::Data) => Direction::Ack,
        Some(Direction::Ack) => return None,
    })
}

fn fate_after(fate: Option<&Fate>) -> Option<Fate> {
    Some(match fate {
        None => Fate::Delivered,
        Some(Fate::Delivered) => Fate::Lost,
        Some(Fate::Lost) => Fate::QueueFull,
        Some(Fate::QueueFull) => Fate::TooLong,
        Some(Fate::TooLong) => Fate::Corrupted,
        Some(Fate::Corrupted) => Fate::Reordered,
        Some(Fate::Reordered) => Fate::Duplicated,
        Some(Fate::Duplicated) => return None,
    })
}

fn trigger_after(trigger: Option<&Trigger>) -> Option<Trigger> {
    Some(match trigger {
        None => Trigger::PacketThreshold,
        Some(Trigger::PacketThreshold) => Trigger::TimeThreshold,
        Some(Trigger::TimeThreshold) => Trigger::Timeout,
        Some(Trigger::Timeout) => return None,
    })
}

fn timer_after(timer: Option<&Timer>) -> Option<Timer> {
    Some(match timer {
        None => Timer::Handshake,
        Some(Timer::Handshake) => Timer::Retransmission,
        Some(Timer::Retransmission) => Timer::LossDetection,
        Some(Timer::LossDetection) => Timer::AcknowledgementDelay,
        Some(Timer::AcknowledgementDelay) => Timer::Probe,
        Some(Timer::Probe) => Timer::Idle,
        Some(Timer::Idle) => Timer::Closing,
        Some(Timer::Closing) => Timer::Silence,
        Some(Timer::Silence) => return None,
    })
}

fn flow_control_after(
    flow_control: Option<&FlowControlState>,
) -> Option<FlowControlState> {
    Some(match flow_control {
        None => FlowControlState::Open,
        Some(FlowControlState::Open) => FlowControlState::WindowClosed,
        Some(FlowControlState::WindowClosed) => FlowControlState::Paused,
        Some(FlowControlState::Paused) => return None,
    })
}

fn ignored_after(why: Option<&Ignored>) -> Option<Ignored> {
    Some(match why {
        None => Ignored::WrongToken,
        Some(Ignored::WrongToken) => Ignored::ImpossibleAck,
        Some(Ignored::ImpossibleAck) => Ignored::OutsideTheFile,
        Some(Ignored::OutsideTheFile) => Ignored::InexactReset,
        Some(Ignored::InexactReset) => Ignored::OutOfPlace,
        Some(Ignored::OutOfPlace) => Ignored::Forged,
        Some(Ignored::Forged) => return None,
    })
}

fn discard_reason_after(why: Option<&DiscardReason>) -> Option<DiscardReason> {
    Some(match why {
        None => DiscardReason::Duplicate,
        Some(DiscardReason::Duplicate) => DiscardReason::OutOfOrder,
        Some(DiscardReason::OutOfOrder) => DiscardReason::BeyondTheWindow,
        Some(DiscardReason::BeyondTheWindow) => return None,
    })
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}
