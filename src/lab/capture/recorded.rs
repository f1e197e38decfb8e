//! The packets of an event log as a capture.
//!
//! An event log has all fields of a packet but the bytes of the file, so its packets are
//! encoded as they were sent, byte for byte. The bytes of the file are the laboratory's,
//! or those of a given file; without one a DATA packet is cut before its CRC-32.
//!
//! If there is a link, each packet that entered it is one packet of the capture, at that
//! moment and whatever its fate; otherwise each packet that a side sent or received. A
//! live capture has the same packets.
//!
//! Source: report pages `journal` and `wireshark`.

use super::frame;
use super::{Capture, CaptureDirection, comment};
use crate::lab::contents;
use crate::lab::journal::{Entry, FaultInjection, Journal, JournalEvent, Side};
use crate::lab::run::TOKEN;
use crate::lab::transmissions::{Identity, identity};
use crate::link::{Direction, Fate, Scenario, flip};
use crate::reliable::event::{Datagram, Event, PacketRecord};
use crate::wire::digest::Token;
use core::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::collections::HashMap;
use std::fmt;
use std::io;
use std::ops::Range;
use std::time::Duration;

/// The packets of an event log, one after the other.
pub struct Recorded<'a> {
    journal: &'a Journal,
    token: Token,
    file: Option<ReadFile<'a>>,
    /// The remaining entries.
    next: usize,
    /// The side whose event log it is; `None`: both, and the link between them.
    side: Option<Side>,
    has_link: bool,
    /// Sender and receiver.
    addresses: [SocketAddr; 2],
    /// The start of the log's clock, since 1970-01-01 UTC; 0 if it is virtual. Unit:
    /// microseconds.
    began_us: u64,
    /// File bytes per DATA packet, by the newest event of either side.
    segment_bytes: u16,
    /// The packets that a user dropped in flight, and the times. Unit: microseconds.
    killed: HashMap<Identity, u64>,
}

/// Reads these bytes of the transferred file.
pub type ReadFile<'a> = Box<dyn FnMut(Range<u64>) -> io::Result<Vec<u8>> + 'a>;

/// The error for an event log without all fields of its packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FieldsMissing;

/// A packet that an entry puts on the wire.
struct Seen<'a> {
    what: What<'a>,
    direction: Direction,
    fate: Fate,
    flipped_bit: Option<u64>,
}

enum What<'a> {
    Packet(&'a PacketRecord),
    Unreadable(&'a Datagram),
}

/// The example addresses of sender and receiver, if there are none (RFC 5737).
const IN_THE_LABORATORY: [SocketAddr; 2] = [
    SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), 55_000),
    SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2)), 55_001),
];

/// The bytes of a DATA packet that do not depend on those of the file.
const BEFORE_CHECKSUM: usize = 32;

impl<'a> Recorded<'a> {
    /// Reads the log from its beginning. `file`: the transferred file, if given; a log of
    /// the laboratory needs none.
    ///
    /// # Errors
    /// [`FieldsMissing`]: an older program wrote it.
    pub fn new(
        journal: &'a Journal,
        file: Option<ReadFile<'a>>,
    ) -> Result<Self, FieldsMissing> {
        let has = |side| journal.entries.iter().any(|entry| entry.side == side);
        let side = match (has(Side::Sender), has(Side::Receiver)) {
            (true, true) => None,
            (_, false) => Some(Side::Sender),
            (false, true) => Some(Side::Receiver),
        };
        let mut recorded = Self {
            journal,
            token: journal.heading.token.ok_or(FieldsMissing)?,
            file,
            next: 0,
            side,
            has_link: side.is_none() || is_imperfect(&journal.heading.scenario),
            addresses: IN_THE_LABORATORY,
            began_us: 0,
            segment_bytes: journal.heading.segment_bytes,
            killed: journal.entries.iter().filter_map(killed).collect(),
        };
        let is_path = |entry: &&Entry| {
            matches!(
                entry.what,
                JournalEvent::Machine(Event::PathAssigned { .. })
            )
        };
        if let Some(entry) = journal.entries.iter().find(is_path) {
            recorded.learn(entry);
        }
        Ok(recorded)
    }

    /// The facts about the whole capture.
    #[must_use]
    pub fn about(&self) -> String {
        let heading = &self.journal.heading;
        let whose = match self.side {
            None => "an event log of the laboratory, whose addresses are examples",
            Some(_) => "the event log of one side of a real transfer",
        };
        let file = match (self.token == TOKEN, &self.file) {
            (true, _) => "The bytes of the file are the laboratory's.",
            (false, Some(_)) => "The bytes of the file are those of the file at hand.",
            (false, None) => {
                "The bytes of the file are not in an event log: DATA packets are cut \
                 before their CRC-32."
            }
        };
        format!(
            "Made by \"lab pcapng\" from {whose}: {}, window {}, {} bytes, {}. {file} The \
             headers of IP and UDP are reconstructed.",
            heading.arq, heading.window, heading.size, heading.scenario
        )
    }

    /// Adds the next packet to the capture; `false` if there are no more.
    ///
    /// # Errors
    /// Those of the transferred file.
    pub fn next_into(&mut self, capture: &mut Capture) -> io::Result<bool> {
        while let Some(entry) = self.journal.entries.get(self.next) {
            self.next += 1;
            if let Some(seen) = self.seen(entry) {
                self.put(capture, entry.time_us, &seen)?;
                return Ok(true);
            }
            self.learn(entry);
        }
        Ok(false)
    }

    /// The packet that this entry puts on the wire, if it does.
    fn seen(&self, entry: &'a Entry) -> Option<Seen<'a>> {
        let [away, here] = match entry.side {
            Side::Sender | Side::Link => [Direction::Data, Direction::Ack],
            Side::Receiver => [Direction::Ack, Direction::Data],
        };
        let seen = |what, direction| Seen {
            what,
            direction,
            fate: Fate::Delivered,
            flipped_bit: None,
        };
        match &entry.what {
            JournalEvent::Link(carried) => Some(Seen {
                fate: carried.fate,
                flipped_bit: carried.flipped_bit,
                ..seen(What::Packet(&carried.packet), carried.direction)
            }),
            JournalEvent::Machine(event) => {
                if let Event::PacketDamaged { datagram }
                | Event::PacketIgnored { datagram, .. } = event
                {
                    let is_known = !datagram.is_empty();
                    return is_known.then(|| seen(What::Unreadable(datagram), here));
                }
                let (packet, direction) = match (event, self.has_link) {
                    (Event::PacketSent(packet), false) => (packet, away),
                    (Event::PacketReceived(packet), false) => (packet, here),
                    (_, _) => return None,
                };
                Some(seen(What::Packet(packet), direction))
            }
            JournalEvent::FaultInjection(_) => None,
        }
    }

    fn put(
        &mut self,
        capture: &mut Capture,
        time_us: u64,
        seen: &Seen<'_>,
    ) -> io::Result<()> {
        let mut comments =
            Vec::from_iter(comment(seen.fate, &self.journal.heading.scenario));
        let (mut datagram, mut is_whole) = (Vec::new(), true);
        match seen.what {
            What::Unreadable(bytes) => datagram.clone_from(&bytes.0),
            What::Packet(record) => {
                let payload = self.payload(record)?;
                is_whole = payload.is_some();
                let zeros = || vec![0; record.length.into()];
                let payload = payload.unwrap_or_else(zeros);
                let packet = record.packet(self.token);
                packet.encode_signed(&mut datagram, record.mac, &payload);
                let killed = self.killed.get(&identity(seen.direction, record.name));
                if let Some(after) = killed.and_then(|at| at.checked_sub(time_us)) {
                    let ms = Duration::from_micros(after).as_secs_f64() * 1e3;
                    comments.push(format!(
                        "dropped by the user {ms:.1} ms after it was sent"
                    ));
                }
            }
        }
        flip(&mut datagram, seen.flipped_bit);
        let [sender, receiver] = self.addresses;
        let (from, to, side) = match seen.direction {
            Direction::Data => (sender, receiver, Side::Sender),
            Direction::Ack => (receiver, sender, Side::Receiver),
        };
        // A log of both sides is seen from the sender's side.
        let is_out = self.side.unwrap_or(Side::Sender) == side;
        let direction = if is_out {
            CaptureDirection::Out
        } else {
            CaptureDirection::In
        };
        let mut packet = frame::udp(from, to, &datagram);
        let bytes = packet.len();
        if !is_whole {
            let headers = bytes - datagram.len();
            packet.truncate(headers + BEFORE_CHECKSUM);
            packet[headers - 2..headers].fill(0); // The checksum of UDP is not known.
        }
        let said = comments.join("; ");
        let said = (!said.is_empty()).then_some(said.as_str());
        let time = Duration::from_micros(self.began_us.saturating_add(time_us));
        capture.cut_packet(time, direction, &packet, bytes, said);
        Ok(())
    }

    /// The file's bytes in a packet; `None` where they are not known.
    fn payload(&mut self, packet: &PacketRecord) -> io::Result<Option<Vec<u8>>> {
        if packet.length == 0 {
            return Ok(Some(Vec::new()));
        }
        let segment = u64::from(packet.number) * u64::from(self.segment_bytes);
        let start = self.journal.heading.offset.saturating_add(segment);
        let place = start..start.saturating_add(packet.length.into());
        match &mut self.file {
            _ if self.token == TOKEN => Ok(Some(contents::bytes(place))),
            Some(read) => read(place).map(Some),
            None => Ok(None),
        }
    }

    /// Updates the state for the packets after this entry.
    fn learn(&mut self, entry: &Entry) {
        if let JournalEvent::Machine(
            Event::MtuUpdated { segment_bytes }
            | Event::ListeningBegun { segment_bytes, .. },
        ) = &entry.what
        {
            self.segment_bytes = *segment_bytes;
        }
        if let JournalEvent::Machine(Event::PathAssigned {
            sender,
            receiver,
            wall_us,
        }) = &entry.what
        {
            self.addresses = [*sender, *receiver];
            self.began_us = wall_us.saturating_sub(entry.time_us);
        }
        if let JournalEvent::FaultInjection(FaultInjection::LinkChanged { scenario }) =
            &entry.what
        {
            self.has_link |= is_imperfect(scenario);
        }
    }
}

fn is_imperfect(scenario: &str) -> bool {
    let scenario: Result<Scenario, _> = scenario.parse();
    scenario.is_ok_and(|scenario| !scenario.is_perfect())
}

/// The packet that a user dropped in flight, if this entry records one.
fn killed(entry: &Entry) -> Option<(Identity, u64)> {
    let JournalEvent::FaultInjection(FaultInjection::PacketKilled(killed)) = &entry.what
    else {
        return None;
    };
    Some((identity(killed.direction, killed.packet), entry.time_us))
}

impl fmt::Display for FieldsMissing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "the event log does not have all fields of its packets, as an older Sash or \
             \"lab grade\" wrote it: no capture can be made of it. Record the transfer \
             again",
        )
    }
}

impl std::error::Error for FieldsMissing {}

#[cfg(test)]
mod tests;
