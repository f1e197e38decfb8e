//! How clients find rooms on the local network: one datagram asks, one answers.
//!
//! ```text
//! client --> broadcast, UDP 50000   sash-find 1 NONCE, padded to 256 bytes
//! server --> the client             sash-room 1 NONCE ID PORT LOCK TEACHER
//! ```
//!
//! The answer is never longer than the question, and repeats its number: the server
//! cannot be used for amplification, and nobody can answer without having received the
//! question.
//!
//! ```
//! use sash::wire::announcement::{Find, Room};
//! let find = Find { nonce: 7 };
//! assert_eq!(Find::decode(&find.encode()), Some(find));
//! let room = Room { nonce: 7, id: 9, port: 50_000, is_locked: false, teacher: None };
//! assert_eq!(Room::decode(&room.encode()), Some(room));
//! ```
//!
//! Source: RFC 919 (broadcast); report page `wire`.

/// A question: a client looks for rooms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Find {
    /// A random number.
    pub nonce: u64,
}

/// An answer: the description of a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Room {
    /// The number of the question.
    pub nonce: u64,
    /// The same in all answers of a server, on all of its addresses.
    pub id: u64,
    /// The chat's TCP port, at the address that the answer comes from.
    pub port: u16,
    /// Whether the room requires a password.
    pub is_locked: bool,
    /// The teacher, if the room has one.
    pub teacher: Option<String>,
}

/// The UDP port for questions.
pub const FIND_PORT: u16 = 50_000;

/// The size of a question. Unit: bytes.
pub const FIND_BYTES: usize = 256;

/// The longest teacher's name in an answer. Unit: bytes.
const LONGEST_TEACHER: usize = 128;

impl Find {
    /// The datagram.
    #[must_use]
    pub fn encode(self) -> Vec<u8> {
        let mut bytes = format!("sash-find 1 {:016x}\n", self.nonce).into_bytes();
        bytes.resize(FIND_BYTES, 0);
        bytes
    }

    /// The question in a datagram, if it is one.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        if bytes.len() != FIND_BYTES {
            return None;
        }
        let (line, padding) = bytes.split_at_checked("sash-find 1 \n".len() + 16)?;
        let line = str::from_utf8(line).ok()?;
        let nonce = line.strip_prefix("sash-find 1 ")?.strip_suffix('\n')?;
        let is_padding = padding.iter().all(|byte| *byte == 0);
        let nonce = hexadecimal(nonce)?;
        is_padding.then_some(Self { nonce })
    }
}

impl Room {
    /// The datagram: at most [`FIND_BYTES`].
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let Self {
            nonce,
            id,
            port,
            is_locked,
            teacher,
        } = self;
        let lock = if *is_locked { "locked" } else { "open" };
        let teacher = teacher.as_deref().filter(|it| it.len() <= LONGEST_TEACHER);
        let teacher = teacher.unwrap_or_default();
        format!("sash-room 1 {nonce:016x} {id:016x} {port} {lock} {teacher}\n")
            .into_bytes()
    }

    /// The answer in a datagram, if it is one.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        if bytes.len() > FIND_BYTES {
            return None;
        }
        let line = str::from_utf8(bytes).ok()?.strip_suffix('\n')?;
        let mut parts = line.strip_prefix("sash-room 1 ")?.splitn(5, ' ');
        let nonce = hexadecimal(parts.next()?)?;
        let id = hexadecimal(parts.next()?)?;
        let port = parts.next()?.parse().ok().filter(|port| *port != 0)?;
        let is_locked = match parts.next()? {
            "locked" => true,
            "open" => false,
            _ => return None,
        };
        let teacher = parts.next()?;
        if teacher.len() > LONGEST_TEACHER || teacher.chars().any(char::is_control) {
            return None;
        }
        let teacher = (!teacher.is_empty()).then(|| teacher.to_owned());
        Some(Self {
            nonce,
            id,
            port,
            is_locked,
            teacher,
        })
    }
}

fn hexadecimal(text: &str) -> Option<u64> {
    let is_plain = text.len() == 16 && text.bytes().all(|it| it.is_ascii_hexdigit());
    is_plain.then(|| u64::from_str_radix(text, 16).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_answer_is_never_longer_than_the_question() {
        for length in [0, 1, 24, 127, 128, 129, 10_000] {
            let room = Room {
                nonce: u64::MAX,
                id: u64::MAX,
                port: u16::MAX,
                is_locked: true,
                teacher: Some("x".repeat(length)),
            };
            let bytes = room.encode();
            assert!(bytes.len() <= FIND_BYTES, "{}", bytes.len());
            assert!(Room::decode(&bytes).is_some());
        }
    }

    #[test]
    fn a_question_that_is_too_short_or_changed_is_none() {
        let bytes = Find { nonce: 7 }.encode();
        for length in 0..bytes.len() {
            assert_eq!(Find::decode(&bytes[..length]), None);
        }
        for place in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[place] ^= 0x80;
            assert_eq!(Find::decode(&changed), None);
        }
    }

    proptest! {
        #[test]
        fn no_datagram_confuses_the_reader(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = (Find::decode(&bytes), Room::decode(&bytes));
            let mut room = b"sash-room 1 0000000000000007 0000000000000009 ".to_vec();
            room.extend(bytes);
            let _ = Room::decode(&room);
        }
    }
}
