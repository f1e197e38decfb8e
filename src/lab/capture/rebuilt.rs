//! A journal's packets, built again as datagrams.
//!
//! A journal names packets; it does not hold them. Their bytes follow from the other
//! entries: when they left, what had arrived by then, where in the file a segment begins.
//! Everything else is invented, and the capture states it.
//!
//! | field | in the laboratory's journal | in a real side's journal |
//! | --- | --- | --- |
//! | kind, number, attempt, sequence | as told | as told |
//! | token | the laboratory's | zeros |
//! | `sent at` | as told | as told where this side sent it, else 0 |
//! | file bytes, SHA-256 | the made-up file's | zeros |
//! | an ACK's ranges | as told | as told |
//! | `echo`, `received` | from what arrived before | the same |
//! | the window in an ACK | the agreed one | the same |
//! | the verdict, an RST's reason | verified, cancelled | the same |
//! | a MAC | there is none | left out: the key is not told |
//!
//! Where a journal has a link in it, each packet that entered the link is one packet of
//! the capture, whatever became of it; else each that this side sent or received.
//!
//! Source: report pages `journal` and `wire`.

mod knowledge;

use super::frame;
use super::{Capture, CaptureDirection, comment};
use crate::lab::contents;
use crate::lab::journal::{
    Carried, Entry, FaultInjection, Heading, Journal, JournalEvent, Killed, Side,
};
use crate::lab::run::TOKEN;
use crate::link::{Direction, Fate, Label};
use crate::reliable::event::{Event, PacketName};
use crate::wire::digest::{Digest, Token};
use crate::wire::packet::{
    Acknowledgement, Body, HandshakeFields, Kind, Packet, Reset, SequenceRange,
};
use crate::wire::sequence::SequenceNumber;
use core::net::{IpAddr, Ipv4Addr, SocketAddr};
use knowledge::{Knowledge, stamp};
use std::collections::HashMap;
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
    /// The packets that a user dropped in flight, and when. Unit: microseconds.
    killed: HashMap<(Direction, Label), u64>,
    /// The ranges of each ACK and NACK that has any.
    ranges: HashMap<(Kind, u32, u8), Vec<SequenceRange>>,
}

/// From where the journal's writer saw the packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum View {
    /// The laboratory's: both sides, and the link between them.
    Both,
    /// One side of a real transfer, with an imperfect link of its own or without.
    One { side: Side, has_link: bool },
}

/// A packet that an entry puts on the wire.
#[derive(Debug, Clone, Copy)]
struct Seen {
    time_us: u64,
    packet: PacketName,
    direction: Direction,
    fate: Fate,
}

/// The number of a probe, and of an ACK that acknowledges FIN.
const OUT_OF_COUNT: u32 = u32::MAX;

/// Sender and receiver in a capture: addresses of the documentation (RFC 5737).
const SENDER: SocketAddr =
    SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), 55_000);

/// See [`SENDER`].
const RECEIVER: SocketAddr =
    SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2)), 55_001);

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
            killed: journal.entries.iter().filter_map(killed).collect(),
            ranges: ranges(journal),
        }
    }

    /// The facts about the whole capture: which of it is made up.
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
                "an event log of the laboratory",
                "The file is the laboratory's generated one; times begin at 0.",
            ),
            View::One { .. } => (
                "the event log of one side of a real transfer",
                "The token, the file bytes and the SHA-256 are not in an event log and \
                 are zeros here, as is \"sent at\" in the packets of the other side; \
                 times begin at 0.",
            ),
        };
        format!(
            "Reconstructed by \"lab pcapng\" from {whose}: {arq}, window {window}, \
             {size} bytes, {scenario}. Kinds, numbers, attempts, sequence numbers, \
             ranges, times and losses come from the event log. Addresses and the \
             headers of IP and UDP are invented. {made_up} The echo and the count of an \
             ACK are computed from the packets that had arrived; its window is the \
             negotiated one. A FIN-ACK is shown as verified, an RST as cancelled."
        )
    }

    /// Puts the next packet into the capture; `false` where there are no more.
    pub fn next_into(&mut self, capture: &mut Capture) -> bool {
        while let Some(entry) = self.journal.entries.get(self.next) {
            self.next += 1;
            let seen = self.seen(entry);
            if let Some(seen) = seen {
                self.put(capture, seen);
            }
            self.learn(entry);
            if seen.is_some() {
                return true;
            }
        }
        false
    }

    /// The packet that this entry puts on the wire, if it does.
    fn seen(&self, entry: &Entry) -> Option<Seen> {
        let has_link = match self.view {
            View::Both => true,
            View::One { has_link, .. } => has_link,
        };
        let from_here = direction_from(entry.side);
        let (packet, direction, fate) = match &entry.what {
            JournalEvent::Link(Carried {
                packet,
                direction,
                fate,
                ..
            }) => (packet, *direction, *fate),
            JournalEvent::Machine(Event::PacketSent(packet)) if !has_link => {
                (packet, from_here, Fate::Delivered)
            }
            JournalEvent::Machine(Event::PacketReceived(packet)) if !has_link => {
                (packet, turned(from_here), Fate::Delivered)
            }
            JournalEvent::Machine(_) | JournalEvent::FaultInjection(_) => return None,
        };
        Some(Seen {
            time_us: entry.time_us,
            packet: *packet,
            direction,
            fate,
        })
    }

    fn put(&mut self, capture: &mut Capture, seen: Seen) {
        let Seen {
            time_us,
            packet: name,
            direction,
            fate,
        } = seen;
        let about = (capture.packets() == 0).then(|| self.about());
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
        let killed = self.killed.get(&(direction, Label::from(name)));
        if let Some(after) = killed.and_then(|at| at.checked_sub(time_us)) {
            let ms = Duration::from_micros(after).as_secs_f64() * 1e3;
            comments.push(format!("dropped by the user {ms:.1} ms after it was sent"));
        }
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
        let way = if is_out {
            CaptureDirection::Out
        } else {
            CaptureDirection::In
        };
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
        let key = (name.kind, name.number, name.attempt);
        let ranges = self.ranges.get(&key).cloned().unwrap_or_default();
        let knowledge = match from {
            Side::Sender | Side::Link => &self.sender,
            Side::Receiver => &self.receiver,
        };
        let echo = knowledge.echo(time_us);
        let Heading { size, window, .. } = self.journal.heading;
        let opening = HandshakeFields {
            size,
            window,
            echo,
            segment_bytes: self.segment_bytes,
        };
        let acknowledgement = || {
            let is_out_of_count = name.number == OUT_OF_COUNT;
            Acknowledgement {
                echo: if is_out_of_count {
                    knowledge.echo_at_the_end()
                } else {
                    echo
                },
                window,
                received: if is_out_of_count {
                    0
                } else {
                    knowledge.received()
                },
                ranges,
            }
        };
        let body = match name.kind {
            Kind::Syn => Body::Syn(HandshakeFields { echo: 0, ..opening }),
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
        let JournalEvent::Machine(event) = &entry.what else {
            return;
        };
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
            Event::MtuUpdated { segment_bytes }
            | Event::ListeningBegun { segment_bytes, .. } => {
                self.segment_bytes = *segment_bytes;
            }
            Event::PacketIgnored { .. }
            | Event::PacketDamaged
            | Event::PacketLost { .. }
            | Event::TimerExpired { .. }
            | Event::MetricsUpdated { .. }
            | Event::CongestionUpdated { .. }
            | Event::AckRanges { .. }
            | Event::SegmentBuffered { .. }
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

/// The packet that a user dropped in flight, if this entry records one.
fn killed(entry: &Entry) -> Option<((Direction, Label), u64)> {
    match &entry.what {
        JournalEvent::FaultInjection(FaultInjection::PacketKilled(Killed {
            packet,
            direction,
        })) => Some(((*direction, Label::from(*packet)), entry.time_us)),
        JournalEvent::FaultInjection(FaultInjection::LinkChanged { .. })
        | JournalEvent::Machine(_)
        | JournalEvent::Link(_) => None,
    }
}

/// The ranges of the ACKs and NACKs of an event log, in the line behind each.
fn ranges(journal: &Journal) -> HashMap<(Kind, u32, u8), Vec<SequenceRange>> {
    let first_sequence = SequenceNumber(journal.heading.first_sequence);
    let range = |&[first, last]: &[u32; 2]| SequenceRange {
        start: first_sequence + first,
        end: first_sequence + last + 1,
    };
    let told = |pair: &[Entry]| match [&pair[0].what, &pair[1].what] {
        [
            JournalEvent::Machine(Event::PacketSent(name) | Event::PacketReceived(name)),
            JournalEvent::Machine(Event::AckRanges { ranges }),
        ] => {
            let key = (name.kind, name.number, name.attempt);
            Some((key, ranges.iter().map(range).collect()))
        }
        _ => None,
    };
    journal.entries.windows(2).filter_map(told).collect()
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
mod tests;
