//! The header of a packet as bytes, each field with its name.
//!
//! A journal has the fields of packets, but not all bytes; unknown bytes are left out:
//! the token of a real transfer, and a CRC-32 over a body that is not known.

use crate::lab::contents;
use crate::lab::journal::Heading;
use crate::lab::run::TOKEN;
use crate::reliable::event::PacketName;
use crate::wire::digest::{Digest, Token};
use crate::wire::packet::{
    Acknowledgement, Body, HEADER_FIELDS, HandshakeFields, Kind, Packet, Reset,
};

/// The fields of this packet's header: name, bytes in hex, and their meaning if it is
/// simple. `is_made_up`: the file is a sample of the laboratory. Unit of the time:
/// microseconds.
#[must_use]
pub fn header(
    packet: &PacketName,
    sent_us: u64,
    heading: &Heading,
    is_made_up: bool,
) -> Vec<(&'static str, String)> {
    let datagram = datagram(packet, sent_us, heading, is_made_up);
    let mut rest = datagram.as_slice();
    let mut fields = Vec::new();
    for (name, length) in HEADER_FIELDS {
        let (field, after) = rest.split_at(length.min(rest.len()));
        rest = after;
        let is_known = match name {
            "token" => is_made_up,
            "CRC-32" => is_made_up && packet.kind == Kind::Data,
            _ => true,
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

fn datagram(
    packet: &PacketName,
    sent_us: u64,
    heading: &Heading,
    is_made_up: bool,
) -> Vec<u8> {
    let length = packet.length;
    let start = u64::from(packet.number) * u64::from(heading.segment_bytes);
    let start = heading.offset.saturating_add(start);
    let payload = contents::bytes(start..start.saturating_add(u64::from(length)));
    let mut datagram = Vec::new();
    Packet {
        token: if is_made_up { TOKEN } else { Token([0; 16]) },
        number: packet.number,
        attempt: packet.attempt,
        sequence: packet.sequence,
        sent_at: stamp(sent_us),
        body: body(packet.kind, length),
    }
    .encode(&mut datagram, &payload);
    datagram
}

/// Any body of this kind: only its header is shown.
fn body(kind: Kind, length: u16) -> Body {
    let opening = HandshakeFields {
        size: 0,
        window: 0,
        echo: 0,
        segment_bytes: 0,
    };
    let acknowledgement = || Acknowledgement {
        echo: 0,
        window: 0,
        received: 0,
        ranges: Vec::new(),
    };
    match kind {
        Kind::Syn => Body::Syn(opening),
        Kind::SynAck => Body::SynAck(opening),
        Kind::Ack => Body::Ack(acknowledgement()),
        Kind::Nack => Body::Nack(acknowledgement()),
        Kind::Data => Body::Data { length },
        Kind::Fin => Body::Fin {
            digest: Digest([0; 32]),
        },
        Kind::FinAck => Body::FinAck { verified: true },
        Kind::Rst => Body::Rst {
            why: Reset::Cancelled,
        },
    }
}

/// In pairs of digits; long fields without spaces between.
fn hex(bytes: &[u8]) -> String {
    let space = if bytes.len() > 4 { "" } else { " " };
    let pairs: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    pairs.join(space)
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a time stamp wraps on purpose"
)]
const fn stamp(time_us: u64) -> u32 {
    time_us as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::run::Experiment;
    use crate::wire::packet::{HEADER_BYTES, Packet};
    use crate::wire::sequence::SequenceNumber;

    fn name(kind: Kind, length: u16) -> PacketName {
        PacketName {
            kind,
            number: 3,
            attempt: 2,
            sequence: SequenceNumber(3),
            length,
        }
    }

    #[test]
    fn the_shown_bytes_are_those_of_the_packet() {
        let heading = Experiment::small().heading();
        let data = name(Kind::Data, 100);
        let datagram = datagram(&data, 70_000, &heading, true);
        assert!(Packet::decode(&datagram).is_ok());
        let fields = header(&data, 70_000, &heading, true);
        let shown: String = fields
            .iter()
            .map(|(_, bytes)| bytes.replace(' ', ""))
            .collect();
        assert_eq!(shown, hex(&datagram[..HEADER_BYTES]).replace(' ', ""));
        assert!(fields.contains(&("number", "00 00 00 03".to_owned())));
        assert!(fields.contains(&("sent at", "00 01 11 70".to_owned())));
    }

    #[test]
    fn a_field_that_the_journal_does_not_record_is_shown_as_unknown() {
        let heading = Experiment::small().heading();
        let unknown = "not in an event log".to_owned();
        let fields = header(&name(Kind::Data, 100), 0, &heading, false);
        assert!(fields.contains(&("token", unknown.clone())));
        for kind in Kind::ALL {
            let fields = header(&name(kind, 0), 0, &heading, false);
            assert!(fields.contains(&("CRC-32", unknown.clone())));
        }
    }
}
