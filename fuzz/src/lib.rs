//! What strangers may send, and what must hold whatever they send: nothing panics, nothing
//! goes on without end, and what was read means what was written.
//!
//! One function for each kind of input. libFuzzer calls them (`fuzz_targets/`), and so does
//! the ordinary test `tests/simulation/corpus.rs`, with every input in `corpus/` and some of its own;
//! so an input that once broke something is kept there and tried for ever.

mod transfer;

pub use transfer::transfer;

use sash::lab::journal::{Entry, Journal};
use sash::link::{Direction, Label, Link, Scenario};
use sash::reliable::moment::Moment;
use sash::room::name::Name;
use sash::room::{Effect, Room};
use sash::shelf::FileName;
use sash::transfer::record::Record;
use sash::wire::line::{LONGEST_LINE_BYTES, LineError, Lines};
use sash::wire::mac::TrafficKey;
use sash::wire::message::{Reply, Request};
use sash::wire::options::NegotiatedOptions;
use sash::wire::packet::{HEADER_BYTES, Packet, PacketError};
use std::path::Path;
use std::time::Duration;

/// Bytes of a chat connection: however they are cut, the same lines come out.
pub fn line(data: &[u8]) {
    let (cuts, bytes) = data.split_at(data.len().min(8));
    let mut cuts = cuts.iter().cycle().map(|&cut| usize::from(cut) + 1);
    let mut rest = bytes;
    let mut pieces = Vec::new();
    while !rest.is_empty() {
        let cut = cuts.next().unwrap_or(1).min(rest.len());
        let (piece, after) = rest.split_at(cut);
        pieces.push(piece);
        rest = after;
    }
    let in_pieces = lines_of(pieces);
    let at_once = lines_of([bytes]);
    // A line without an end is known for one before its end, or at it.
    if !(in_pieces.1 || at_once.1) {
        assert_eq!(in_pieces, at_once);
    }
    let common = in_pieces.0.len().min(at_once.0.len());
    assert_eq!(in_pieces.0[..common], at_once.0[..common]);
}

/// The lines that can be read, and whether one without an end has ended them.
fn lines_of<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> (Vec<String>, bool) {
    let mut lines = Lines::default();
    let mut found = Vec::new();
    for piece in pieces {
        lines.push(piece);
        loop {
            match lines.pop() {
                Ok(Some(line)) => {
                    assert!(line.len() <= LONGEST_LINE_BYTES && !line.contains('\n'));
                    found.push(line);
                }
                Ok(None) => break,
                Err(LineError::Endless) => return (found, true),
                Err(LineError::TooLong | LineError::NotUtf8) => {}
            }
        }
    }
    (found, false)
}

/// A line of the chat, in both directions: what could be read is written as one line and
/// reads the same again.
pub fn message(data: &[u8]) {
    let Ok(line) = std::str::from_utf8(data) else {
        return;
    };
    if let Ok(request) = Request::from_line(line) {
        let again = request.to_line();
        assert_eq!(again.matches('\n').count(), 1);
        assert_eq!(
            Request::from_line(again.trim_end_matches('\n')).ok(),
            Some(request)
        );
    }
    if let Ok(reply) = Reply::from_line(line) {
        let again = reply.to_line();
        assert_eq!(again.matches('\n').count(), 1);
        assert_eq!(
            Reply::from_line(again.trim_end_matches('\n')).ok(),
            Some(reply)
        );
    }
}

/// A datagram, as it is and with a right checksum put into it: what could be read is
/// written as the same bytes again, but for what a reader passes over. Whoever asks for
/// MACs believes what has the right one, and of the kinds that have one nothing else.
pub fn packet(data: &[u8]) {
    check_packet(data);
    let mut sealed = data.to_vec();
    if sealed.len() < HEADER_BYTES {
        return;
    }
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&sealed[..32]);
    hasher.update(&sealed[HEADER_BYTES..]);
    sealed[32..HEADER_BYTES].copy_from_slice(&hasher.finalize().to_be_bytes());
    check_packet(&sealed);
}

fn check_packet(datagram: &[u8]) {
    check_keyed(datagram);
    let Ok((packet, payload)) = Packet::decode(datagram) else {
        return;
    };
    let mut again = Vec::new();
    packet.encode(&mut again, payload);
    assert_eq!(again.len(), packet.datagram_bytes());
    assert_eq!(Packet::decode(&again), Ok((packet.clone(), payload)));
    check_mac(&packet, payload);
}

/// Of the packets in `corpus/packet` those whose names end in `-mac` have one by this key.
const KEY: TrafficKey = TrafficKey(*b"the key of the packets in corpus");

/// A datagram for whoever asks for MACs by [`KEY`]: what is believed is what was written
/// with that key, bit for bit but for the CRC-32, which is right.
fn check_keyed(datagram: &[u8]) {
    let Ok((packet, payload)) = Packet::decode_keyed(datagram, Some(&KEY)) else {
        return;
    };
    let mut again = Vec::new();
    packet.encode_keyed(&mut again, Some(&KEY), payload);
    assert_eq!(again.len(), datagram.len());
    assert_eq!(
        Packet::decode_keyed(&again, Some(&KEY)),
        Ok((packet, payload))
    );
}

/// A packet that was read where there are no MACs.
fn check_mac(packet: &Packet, payload: &[u8]) {
    let mut datagram = Vec::new();
    let has_mac = packet.body.kind().has_mac();
    packet.encode_keyed(&mut datagram, Some(&KEY), payload);
    assert_eq!(datagram.len(), packet.keyed_bytes(true));
    let read = Packet::decode_keyed(&datagram, Some(&KEY));
    assert_eq!(read, Ok((packet.clone(), payload)));
    for key in [None, Some(&TrafficKey([0; 32]))] {
        packet.encode_keyed(&mut datagram, key, payload);
        let read = Packet::decode_keyed(&datagram, Some(&KEY));
        let is_forged = matches!(read, Err(PacketError::Forged { .. }));
        assert_eq!(is_forged, has_mac);
    }
}

/// The words of `--link`: what could be read is shown as words that mean the same, and a
/// link made from it carries packets without waiting for ever.
pub fn scenario(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let Ok(scenario) = text.parse::<Scenario>() else {
        return;
    };
    let shown = scenario.to_string();
    let again: Scenario = shown.parse().expect("what is shown can be read");
    for direction in [Direction::Data, Direction::Ack] {
        assert_eq!(scenario.conditions(direction), again.conditions(direction));
        let mut link = Link::new(&scenario, direction);
        let mut now = Moment::START;
        for number in 0..64 {
            let label = Label {
                number,
                ..Label::EXAMPLE
            };
            link.push(number, label, 1_000, now);
            while link.poll(now).is_some() {}
            now += Duration::from_micros(700);
        }
        let mut wakes = 0;
        while let Some(next) = link.next_timeout() {
            wakes += 1;
            assert!(wakes < 1_000, "packets without end");
            let _ = link.poll(now.max(next));
        }
    }
}

/// A journal: an error names a line, and what is read has its events in the order of
/// their lines.
pub fn journal(data: &[u8]) {
    match Journal::read(data) {
        Ok(journal) => {
            let mut text = journal.heading.to_line();
            text.extend(journal.entries.iter().map(Entry::to_line));
            let again = Journal::read(text.as_bytes()).expect("what is written is read");
            assert_eq!(again.heading, journal.heading);
            assert_eq!(again.entries.len(), journal.entries.len());
        }
        Err(why) => assert!(!why.to_string().is_empty()),
    }
}

/// The record beside a part: what could be read means the same when it is written again.
pub fn record(data: &[u8]) {
    if let Ok(record) = serde_json::from_slice::<Record>(data) {
        let again = serde_json::to_vec(&record).expect("a record is plain");
        assert_eq!(serde_json::from_slice::<Record>(&again).ok(), Some(record));
    }
}

/// Names of people and of files: one that is allowed is one component of a path, steers no
/// terminal, and passes for itself.
pub fn names(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    if let Ok(name) = text.parse::<FileName>() {
        let folder = Path::new("folder");
        let path = folder.join(name.as_str());
        assert_eq!(path.parent(), Some(folder));
        assert_eq!(path.file_name(), Some(text.as_ref()));
        assert!(!text.chars().any(char::is_control));
    }
    if let Ok(name) = text.parse::<Name>() {
        assert!(name.passes_for(&name) && name.is_same_word(&name));
        assert!(
            !name
                .as_str()
                .chars()
                .any(|it| it.is_control() || it.is_whitespace())
        );
        let again: Name = name.as_str().parse().expect("a name is a name");
        assert!(again.passes_for(&name));
        let _ = name.numbered(|_| true);
    }
}

/// Lines of six clients to one room; the first byte of each says whose it is. Nobody passes
/// for another, and what goes out fits in a line.
pub fn room(data: &[u8]) {
    let mut room = Room::new(NegotiatedOptions::DEFAULT);
    for line in data.split(|&byte| byte == b'\n') {
        let Some((&who, line)) = line.split_first() else {
            continue;
        };
        let client = u64::from(who % 6);
        let effects = match std::str::from_utf8(line) {
            Err(_) => room.on_broken_line(client, "not UTF-8"),
            Ok("") => room.on_gone(client, "connection lost"),
            Ok(line) => match Request::from_line(line) {
                Ok(request) => room.on_request(client, request, 0),
                Err(error) => room.on_unreadable(client, &error.to_string(), error.tag()),
            },
        };
        for effect in effects {
            if let Effect::Send { reply, .. } = effect {
                assert!(reply.fits_in_a_line(), "{reply:?}");
            }
        }
    }
    let names: Vec<_> = (0..6).filter_map(|client| room.name_of(client)).collect();
    for (place, name) in names.iter().enumerate() {
        assert!(!names[..place].iter().any(|other| other.passes_for(name)));
    }
}
