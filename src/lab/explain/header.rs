//! The header of a packet as bytes, each field with its name.
//!
//! An event log holds every field of a packet; the token where its heading has one, and
//! the CRC-32 of DATA where the file is the laboratory's.

use crate::lab::contents;
use crate::lab::journal::Heading;
use crate::lab::run::TOKEN;
use crate::reliable::event::PacketRecord;
use crate::wire::digest::Token;
use crate::wire::packet::HEADER_FIELDS;

/// The fields of this packet's header: name, and bytes in hex.
#[must_use]
pub fn header(packet: &PacketRecord, heading: &Heading) -> Vec<(&'static str, String)> {
    let datagram = datagram(packet, heading);
    let mut rest = datagram.as_slice();
    let mut fields = Vec::new();
    for (name, length) in HEADER_FIELDS {
        let (field, after) = rest.split_at(length.min(rest.len()));
        rest = after;
        let is_known = match (name, heading.token) {
            ("token", token) => token.is_some(),
            ("CRC-32", token) => {
                token == Some(TOKEN) || token.is_some() && packet.length == 0
            }
            (_, _) => true,
        };
        let bytes = if is_known {
            hex(field)
        } else {
            "not in an event log".to_owned()
        };
        fields.push((name, bytes));
    }
    fields
}

fn datagram(packet: &PacketRecord, heading: &Heading) -> Vec<u8> {
    let segment = u64::from(packet.number) * u64::from(heading.segment_bytes);
    let start = heading.offset.saturating_add(segment);
    let end = start.saturating_add(packet.length.into());
    let token = heading.token.unwrap_or(Token([0; 16]));
    let mut datagram = Vec::new();
    let payload = contents::bytes(start..end);
    packet
        .packet(token)
        .encode_signed(&mut datagram, packet.mac, &payload);
    datagram
}

/// In pairs of digits; long fields without spaces between.
fn hex(bytes: &[u8]) -> String {
    let space = if bytes.len() > 4 { "" } else { " " };
    let pairs: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    pairs.join(space)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::journal::JournalEvent;
    use crate::lab::run::Experiment;
    use crate::wire::packet::{HEADER_BYTES, Packet};

    fn journal() -> (Heading, Vec<PacketRecord>) {
        let journal = Experiment::small().journal().unwrap();
        let packets = journal
            .entries
            .into_iter()
            .filter_map(|entry| match entry.what {
                JournalEvent::Link(carried) => Some(carried.packet),
                JournalEvent::Machine(_) | JournalEvent::FaultInjection(_) => None,
            });
        (journal.heading, packets.collect())
    }

    #[test]
    fn the_shown_bytes_are_those_of_every_packet() {
        let (heading, packets) = journal();
        assert!(packets.len() > 100);
        for packet in packets {
            let datagram = datagram(&packet, &heading);
            assert!(Packet::decode(&datagram).is_ok());
            let fields = header(&packet, &heading);
            let shown = fields.iter().map(|(_, bytes)| bytes.replace(' ', ""));
            let shown: String = shown.collect();
            assert_eq!(shown, hex(&datagram[..HEADER_BYTES]).replace(' ', ""));
            let sent_at = u32::from_str_radix(&fields[7].1.replace(' ', ""), 16);
            assert_eq!(sent_at, Ok(packet.sent_at));
        }
    }

    #[test]
    fn a_field_that_the_journal_does_not_record_is_shown_as_unknown() {
        let (mut heading, packets) = journal();
        let unknown = |heading: &Heading| {
            let of = |packet| header(packet, heading).into_iter();
            let fields = packets.iter().flat_map(of);
            let unknown = fields.filter(|(_, bytes)| bytes == "not in an event log");
            unknown.fold([0, 0], |[tokens, checksums], (name, _)| match name {
                "token" => [tokens + 1, checksums],
                _ => [tokens, checksums + 1],
            })
        };
        let data = packets.iter().filter(|packet| packet.length > 0).count();
        heading.token = Some(Token([7; 16]));
        assert_eq!(unknown(&heading), [0, data]);
        heading.token = None;
        assert_eq!(unknown(&heading), [packets.len(); 2]);
    }
}
