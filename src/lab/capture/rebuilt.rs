//! A journal's packets, built again as datagrams.
//!
//! A journal names packets; it does not hold them. What their bytes were follows from the
//! rest of it: when they left, what had arrived by then, where in the file a segment
//! begins. What does not follow is made up, and the capture says so.
//!
//! | field | in the laboratory's journal | in a real side's journal |
//! | --- | --- | --- |
//! | kind, number, attempt, sequence | as told | as told |
//! | token | the laboratory's | zeros |
//! | `sent at` | as told | as told where this side sent it, else 0 |
//! | file bytes, SHA-256 | the made-up file's | zeros |
//! | `echo`, `received`, ranges | from what arrived before | the same |
//! | the window in an ACK | the agreed one | the same |
//! | the verdict, an RST's reason | verified, cancelled | the same |
//!
//! Where a journal has a link in it, each packet that entered the link is one packet of
//! the capture, whatever became of it; else each that this side sent or received.
//!
//! Source: report pages `journal` and `wire`.

use super::frame;
use super::{Capture, Way, comment};
use crate::lab::contents;
use crate::lab::journal::{Carried, Entry, Happening, Heading, Journal, Side};
use crate::lab::run::TOKEN;
use crate::link::{Direction, Fate};
use crate::reliable::event::{Event, PacketName};
use crate::reliable::ranges::Ranges;
use crate::wire::digest::{Digest, Token};
use crate::wire::packet::{Acknowledgement, Body, Kind, Opening, Packet, Reset};
use crate::wire::sequence::SequenceNumber;
use core::net::SocketAddr;
use std::collections::{HashMap, VecDeque};
use std::time::Duration;

/// Builds a journal's packets again, one after the other.
pub struct Rebuilder<'a> {
    journal: &'a Journal,
    /// The entries still to be looked at.
    next: usize,
    view: View,
    /// File bytes per DATA packet, by the newest that either side said.
    segment_bytes: u16,
    /// When each packet left. Unit: microseconds of its sender's clock.
    left_at: HashMap<(Kind, u32, u8), u32>,
    sender: Knowledge,
    receiver: Knowledge,
    digest: Option<Digest>,
}

/// From where the journal's writer saw the packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum View {
    /// The laboratory's: both sides, and the link between them.
    Both,
    /// One side of a real transfer, with an imperfect link of its own or without.
    One { side: Side, has_link: bool },
}

/// What one side has seen so far.
#[derive(Debug, Default)]
struct Knowledge {
    /// The newest arrival that is answered with an echo: its stamp, and when it came.
    last: Option<(u32, u64)>,
    /// DATA packets that came, duplicates included.
    received: u32,
    /// What came before its turn.
    early: Ranges,
    /// The newest of that first.
    recent: VecDeque<SequenceNumber>,
}

/// Runs that Sash's receiver puts in an ACK.
const MOST_TOLD: usize = 24;

/// What a probe, and an ACK that only says "alive", have as their number.
const OUT_OF_COUNT: u32 = u32::MAX;

/// Sender and receiver in a capture: addresses of the documentation (RFC 5737).
const SENDER: SocketAddr = SocketAddr::new(
    core::net::IpAddr::V4(core::net::Ipv4Addr::new(192, 0, 2, 1)),
    55_000,
);

/// See [`SENDER`].
const RECEIVER: SocketAddr = SocketAddr::new(
    core::net::IpAddr::V4(core::net::Ipv4Addr::new(192, 0, 2, 2)),
    55_001,
);

impl<'a> Rebuilder<'a> {
    /// Reads the journal from its beginning.
    #[must_use]
    pub fn new(journal: &'a Journal) -> Self {
        Self {
            journal,
            next: 0,
            view: View::of(journal),
            segment_bytes: journal.heading.segment_bytes,
            left_at: HashMap::new(),
            sender: Knowledge::default(),
            receiver: Knowledge::default(),
            digest: None,
        }
    }

    /// What is to be known of the whole capture: which of it is made up.
    #[must_use]
    pub fn about(&self) -> String {
        let Heading {
            scenario,
            arq,
            window,
            size,
            ..
        } = &self.journal.heading;
        let (whose, made_up) = match self.view {
            View::Both => (
                "the laboratory's journal",
                "The file is the laboratory's made-up one; times begin at 0.",
            ),
            View::One { .. } => (
                "the journal of one side of a real transfer",
                "Token, file bytes and SHA-256 are not in a journal: zeros; so is \
                 \"sent at\" of what the other side sent; times begin at 0.",
            ),
        };
        format!(
            "Rebuilt by \"lab pcapng\" from {whose}: {arq}, window {window}, {size} bytes, \
             {scenario}. Kinds, numbers, attempts, sequence numbers, times and losses are \
             the journal's. Addresses and headers of IP and UDP are made up. {made_up} \
             Worked out from what had arrived: an ACK's echo, count and ranges; its window \
             is the agreed one. A FIN-ACK is shown as verified, an RST as cancelled."
        )
    }

    /// Puts the next packet into the capture; `false` where there are no more.
    pub fn next_into(&mut self, capture: &mut Capture) -> bool {
        while let Some(entry) = self.journal.entries.get(self.next) {
            self.next += 1;
            let seen = self.seen(entry);
            if let Some((packet, direction, fate)) = seen {
                let first = capture.packets() == 0;
                let about = first.then(|| self.about());
                self.put(capture, entry.time_us, packet, direction, fate, about);
            }
            self.learn(entry);
            if seen.is_some() {
                return true;
            }
        }
        false
    }

    /// The packet that this entry puts on the wire, if it does.
    fn seen(&self, entry: &Entry) -> Option<(PacketName, Direction, Fate)> {
        let has_link = match self.view {
            View::Both => true,
            View::One { has_link, .. } => has_link,
        };
        match &entry.what {
            Happening::Link(Carried {
                packet,
                direction,
                fate,
            }) => Some((*packet, *direction, *fate)),
            Happening::Machine(Event::PacketSent(packet)) if !has_link => {
                Some((*packet, direction_from(entry.side), Fate::Delivered))
            }
            Happening::Machine(Event::PacketReceived(packet)) if !has_link => {
                let direction = turned(direction_from(entry.side));
                Some((*packet, direction, Fate::Delivered))
            }
            Happening::Machine(_) => None,
        }
    }

    fn put(
        &mut self,
        capture: &mut Capture,
        time_us: u64,
        name: PacketName,
        direction: Direction,
        fate: Fate,
        about: Option<String>,
    ) {
        let from = sender_of(direction);
        let is_ours = match self.view {
            View::Both => true,
            View::One { side, .. } => side == from,
        };
        let sent_at = if is_ours { stamp(time_us) } else { 0 };
        self.left_at
            .insert((name.kind, name.number, name.attempt), sent_at);
        let packet = self.packet(name, from, sent_at, time_us);
        let mut datagram = Vec::new();
        packet.encode(&mut datagram, &self.payload(name));
        let mut comments: Vec<String> = about.into_iter().collect();
        comments.extend(comment(fate, &self.journal.heading.scenario));
        if fate == Fate::Corrupted
            && let Some(last) = datagram.last_mut()
        {
            *last ^= 1;
            comments.push("a journal does not say which bit: here the last".to_owned());
        }
        let (here, there) = match direction {
            Direction::Data => (SENDER, RECEIVER),
            Direction::Ack => (RECEIVER, SENDER),
        };
        // Both sides at once are seen from the sender's.
        let is_out = match self.view {
            View::Both => direction == Direction::Data,
            View::One { .. } => is_ours,
        };
        let way = if is_out { Way::Out } else { Way::In };
        let said = comments.join("; ");
        let said = (!said.is_empty()).then_some(said.as_str());
        let time = Duration::from_micros(time_us);
        capture.packet(time, way, &frame::udp(here, there, &datagram), said);
    }

    fn packet(
        &mut self,
        name: PacketName,
        from: Side,
        sent_at: u32,
        time_us: u64,
    ) -> Packet {
        let token = match self.view {
            View::Both => TOKEN,
            View::One { .. } => Token([0; 16]),
        };
        let digest = self.digest(name.kind);
        self.knowledge(from).tell(name);
        let knowledge = match from {
            Side::Sender | Side::Link => &self.sender,
            Side::Receiver => &self.receiver,
        };
        let echo = knowledge.echo(time_us);
        let Heading { size, window, .. } = self.journal.heading;
        let opening = Opening {
            size,
            window,
            echo,
            segment_bytes: self.segment_bytes,
        };
        let acknowledgement = || {
            let is_out_of_count = name.number == OUT_OF_COUNT;
            let recent = knowledge.recent.iter().copied();
            Acknowledgement {
                echo,
                window,
                received: if is_out_of_count {
                    0
                } else {
                    knowledge.received
                },
                ranges: knowledge.early.report(recent, MOST_TOLD),
            }
        };
        let body = match name.kind {
            Kind::Syn => Body::Syn(Opening { echo: 0, ..opening }),
            Kind::SynAck => Body::SynAck(opening),
            Kind::Ack => Body::Ack(acknowledgement()),
            Kind::Nack => Body::Nack(acknowledgement()),
            Kind::Data => Body::Data {
                length: name.length,
            },
            Kind::Fin => Body::Fin { digest },
            Kind::FinAck => Body::FinAck { verified: true },
            Kind::Rst => Body::Rst {
                why: Reset::Cancelled,
            },
        };
        Packet {
            token,
            number: name.number,
            attempt: name.attempt,
            sequence: name.sequence,
            sent_at,
            body,
        }
    }

    /// The file's bytes in a DATA packet.
    fn payload(&self, name: PacketName) -> Vec<u8> {
        let length = u64::from(name.length);
        if self.view != View::Both {
            return vec![0; name.length.into()];
        }
        let segment = u64::from(name.number) * u64::from(self.segment_bytes);
        let start = self.journal.heading.offset.saturating_add(segment);
        contents::bytes(start..start.saturating_add(length))
    }

    /// Of the whole file; worked out when the first FIN asks for it.
    fn digest(&mut self, kind: Kind) -> Digest {
        if self.view != View::Both || kind != Kind::Fin {
            return Digest([0; 32]);
        }
        let size = self.journal.heading.size;
        *self.digest.get_or_insert_with(|| contents::digest(size))
    }

    /// Takes in what a side knows after this entry.
    fn learn(&mut self, entry: &Entry) {
        let Happening::Machine(event) = &entry.what else {
            return;
        };
        let first = self.journal.heading.first_sequence;
        match event {
            Event::PacketSent(packet) => {
                let name = (packet.kind, packet.number, packet.attempt);
                self.left_at.insert(name, stamp(entry.time_us));
            }
            Event::PacketReceived(packet) => {
                let name = (packet.kind, packet.number, packet.attempt);
                let left = self.left_at.get(&name).copied().unwrap_or_default();
                self.knowledge(entry.side)
                    .arrive(*packet, left, entry.time_us);
            }
            Event::SegmentKept { number } => {
                let sequence = SequenceNumber(first) + *number;
                self.knowledge(entry.side).keep(sequence);
            }
            Event::MtuUpdated { segment_bytes } => self.segment_bytes = *segment_bytes,
            Event::PacketIgnored { .. }
            | Event::PacketDamaged
            | Event::PacketLost { .. }
            | Event::TimerExpired { .. }
            | Event::MetricsUpdated { .. }
            | Event::CongestionUpdated { .. }
            | Event::SegmentDropped { .. }
            | Event::DataBlockedUpdated { .. }
            | Event::StateChanged { .. } => {}
        }
    }

    fn knowledge(&mut self, side: Side) -> &mut Knowledge {
        match side {
            Side::Sender | Side::Link => &mut self.sender,
            Side::Receiver => &mut self.receiver,
        }
    }
}

impl View {
    fn of(journal: &Journal) -> Self {
        let mut sides = journal.entries.iter().map(|entry| entry.side);
        let has = |side| journal.entries.iter().any(|entry| entry.side == side);
        if has(Side::Sender) && has(Side::Receiver) {
            return Self::Both;
        }
        let side = sides.find(|side| *side != Side::Link);
        Self::One {
            side: side.unwrap_or(Side::Sender),
            has_link: has(Side::Link),
        }
    }
}

impl Knowledge {
    fn arrive(&mut self, packet: PacketName, left: u32, time_us: u64) {
        let is_answered = match packet.kind {
            Kind::Syn | Kind::SynAck | Kind::Data | Kind::Fin => true,
            Kind::Ack | Kind::Nack | Kind::FinAck | Kind::Rst => false,
        };
        if is_answered {
            self.last = Some((left, time_us));
        }
        if packet.kind == Kind::Data && packet.length > 0 {
            self.received = self.received.wrapping_add(1);
        }
    }

    fn keep(&mut self, sequence: SequenceNumber) {
        self.early.insert(sequence);
        self.recent.push_front(sequence);
        self.recent.truncate(MOST_TOLD);
    }

    /// The stamp of what came last, moved on by the time since then.
    fn echo(&self, time_us: u64) -> u32 {
        let Some((left, came)) = self.last else {
            return 0;
        };
        left.wrapping_add(stamp(time_us.saturating_sub(came)))
    }

    /// A packet leaves; what lies before an ACK or NACK is in order by now.
    fn tell(&mut self, packet: PacketName) {
        if matches!(packet.kind, Kind::Ack | Kind::Nack) {
            self.early.remove_before(packet.sequence);
        }
    }
}

/// A moment as a packet's time stamp, which wraps.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a time stamp wraps on purpose"
)]
const fn stamp(time_us: u64) -> u32 {
    time_us as u32
}

/// Which way this side's packets go.
const fn direction_from(side: Side) -> Direction {
    match side {
        Side::Sender | Side::Link => Direction::Data,
        Side::Receiver => Direction::Ack,
    }
}

const fn sender_of(direction: Direction) -> Side {
    match direction {
        Direction::Data => Side::Sender,
        Direction::Ack => Side::Receiver,
    }
}

const fn turned(direction: Direction) -> Direction {
    match direction {
        Direction::Data => Direction::Ack,
        Direction::Ack => Direction::Data,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::run::Experiment;
    use crate::reliable::moment::Moment;
    use crate::wire::options::Arq;

    /// A run's journal, and the datagrams built from it: kind, packet and file bytes.
    fn rebuild(experiment: &Experiment) -> (Journal, Vec<(Packet, Vec<u8>)>) {
        let mut text = experiment.heading().to_line();
        let ran = experiment.run(|entry| text.push_str(&entry.to_line()));
        assert!(ran.unwrap().is_verified());
        let journal = Journal::read(text.as_bytes()).unwrap();
        let datagrams = datagrams(&journal);
        (journal, datagrams)
    }

    fn datagrams(journal: &Journal) -> Vec<(Packet, Vec<u8>)> {
        const HEADERS: usize = 28;
        let mut rebuilder = Rebuilder::new(journal);
        let mut capture = Capture::new("");
        let mut built = Vec::new();
        loop {
            capture.take();
            if !rebuilder.next_into(&mut capture) {
                return built;
            }
            let block = capture.take();
            let length = u32::from_le_bytes(block[20..24].try_into().unwrap());
            let packet = &block[28..28 + length as usize];
            let (packet, payload) = Packet::decode(&packet[HEADERS..]).unwrap();
            built.push((packet, payload.to_vec()));
        }
    }

    fn lossy() -> Experiment {
        Experiment {
            scenario: "seed=7;loss=10%;delay=20ms".parse().unwrap(),
            size: 60_000,
            first: SequenceNumber(u32::MAX - 5),
            listening: true,
            ..Experiment::small()
        }
    }

    #[test]
    fn each_packet_of_the_link_is_one_of_the_capture_and_has_the_journal_s_name() {
        for arq in Arq::ALL {
            let window = if arq == Arq::StopAndWait { 1 } else { 16 };
            let experiment = Experiment {
                arq,
                window,
                ..lossy()
            };
            let (journal, built) = rebuild(&experiment);
            let names: Vec<PacketName> = built
                .iter()
                .map(|(packet, _)| PacketName::from(packet))
                .collect();
            let carried = |entry: &Entry| match &entry.what {
                Happening::Link(carried) => Some(carried.packet),
                Happening::Machine(_) => None,
            };
            let told: Vec<PacketName> =
                journal.entries.iter().filter_map(carried).collect();
            assert_eq!(names, told, "{arq}");
        }
    }

    #[test]
    fn the_file_comes_out_of_the_capture_of_a_run_and_its_digest_with_it() {
        let (_, built) = rebuild(&lossy());
        let mut file = vec![0; 60_000];
        for (packet, payload) in &built {
            if packet.body.kind() == Kind::Data {
                let start = packet.number as usize * 1_436;
                file[start..start + payload.len()].copy_from_slice(payload);
            }
        }
        assert_eq!(file, contents::bytes(0..60_000));
        let digest = contents::digest(60_000);
        assert!(built.iter().any(|(it, _)| it.body == Body::Fin { digest }));
    }

    #[test]
    fn an_ack_echoes_the_stamp_of_what_it_answers_and_counts_what_came() {
        let experiment = Experiment {
            scenario: "delay=10ms".parse().unwrap(),
            ..lossy()
        };
        let (_, built) = rebuild(&experiment);
        let stamps: Vec<u32> = built
            .iter()
            .filter(|(packet, _)| packet.body.kind() == Kind::Data)
            .map(|(packet, _)| packet.sent_at)
            .collect();
        let mut last = 0;
        let mut acks = 0;
        for (packet, _) in &built {
            let Body::Ack(ack) = &packet.body else {
                continue;
            };
            if packet.number == 0 || packet.number == OUT_OF_COUNT {
                continue; // Of the opening and of the end.
            }
            assert!(ack.received >= last, "{packet:?}");
            last = ack.received;
            acks += 1;
            // Nothing was held back for long, and 10 ms is the way.
            assert_eq!(packet.sent_at - ack.echo, 10_000, "{packet:?}");
        }
        assert_eq!((last as usize, acks > 5), (stamps.len(), true));
    }

    #[test]
    fn what_came_early_stands_in_the_ranges_of_the_ack_after_it() {
        let experiment = Experiment {
            scenario: "delay=10ms;drop=d1.1".parse().unwrap(),
            size: 1_436 * 5,
            ..lossy()
        };
        let (journal, built) = rebuild(&experiment);
        let first = SequenceNumber(journal.heading.first_sequence);
        let nack = built.iter().find_map(|(packet, _)| match &packet.body {
            Body::Nack(nack) => Some((packet.sequence, nack.ranges.clone())),
            _ => None,
        });
        let (wanted, ranges) = nack.unwrap();
        assert_eq!(wanted, first + 1);
        assert_eq!(ranges[0].start, first + 2);
    }

    #[test]
    fn of_one_side_alone_what_it_sent_and_what_came_are_shown() {
        let (journal, _) = rebuild(&lossy());
        let mut entries = journal.entries.clone();
        entries.retain(|entry| entry.side == Side::Receiver);
        let one = Journal { entries, ..journal };
        let built = datagrams(&one);
        let has = |event: fn(&Event) -> bool| {
            let is_it = |entry: &&Entry| match &entry.what {
                Happening::Machine(it) => event(it),
                Happening::Link(_) => false,
            };
            one.entries.iter().filter(is_it).count()
        };
        let sent = has(|it| matches!(it, Event::PacketSent(_)));
        let came = has(|it| matches!(it, Event::PacketReceived(_)));
        assert_eq!(built.len(), sent + came);
        let zeros = |(_, payload): &(Packet, Vec<u8>)| payload.iter().all(|it| *it == 0);
        assert!(built.iter().all(zeros));
        assert!(Rebuilder::new(&one).about().contains("zeros"));
    }

    #[test]
    fn an_empty_journal_gives_no_packet() {
        let heading = Experiment::small().heading();
        let journal = Journal::read(heading.to_line().as_bytes()).unwrap();
        let mut capture = Capture::new("");
        assert!(!Rebuilder::new(&journal).next_into(&mut capture));
        assert_eq!((capture.packets(), Moment::START.stamp()), (0, stamp(0)));
    }
}
