//! The checker: reads every client's history and every file, and finds violations.
//!
//! While a server runs, all lines have one order: the order in which the witness received them,
//! a client that is never disturbed. The lines of any other client on one connection, its
//! history first, are one part of that order without a gap; for a client that stayed, the part
//! reaches to the end and contains all of its own lines.
//!
//! ```text
//!   order     a b c d e f g h
//!   stayed        c d e f g h     right
//!   killed      b c d             right
//!   any           c d   f g h     lost: e
//!   any           c d d e f g h   doubled: d
//! ```
//!
//! A file under its final name is complete; a partial file is a prefix of its file. The checker
//! compares their bytes and does not trust the programs.
//!
//! It is pure: its input is the evidence, its output the violations.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;

/// The evidence of a run.
#[derive(Debug, Clone, Default)]
pub(crate) struct Evidence {
    /// The lines of the witness, one list for each run of the server.
    pub(crate) orders: Vec<Vec<String>>,
    /// Every connection of every client.
    pub(crate) sessions: Vec<Session>,
}

/// One connection of one client.
#[derive(Debug, Clone, Default)]
pub(crate) struct Session {
    /// The client.
    pub(crate) who: String,
    /// The lines that it received: its history, then new ones.
    pub(crate) heard: Vec<String>,
    /// The lines that it sent.
    pub(crate) said: Vec<String>,
    /// Whether it was there until the end.
    pub(crate) has_stayed: bool,
}

/// A file in a folder.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    /// The folder, for the message.
    pub(crate) place: String,
    /// Its name.
    pub(crate) name: String,
    /// Its content.
    pub(crate) bytes: Vec<u8>,
    /// Whether its record is beside it.
    pub(crate) has_record: bool,
}

/// Something that must not happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Offence {
    /// A line that a client missed, between two that it received or at the end.
    Lost {
        /// Who.
        who: String,
        /// The line.
        line: String,
    },
    /// A line that a client received twice.
    Doubled {
        /// Who.
        who: String,
        /// The line.
        line: String,
    },
    /// A line that a client received before one that others received earlier.
    Reordered {
        /// Who.
        who: String,
        /// The line.
        line: String,
    },
    /// A line that the witness never received.
    Unknown {
        /// The client that received it.
        who: String,
        /// The line.
        line: String,
    },
    /// A file that differs from the one offered under this name.
    NotWhole {
        /// The folder, for the message.
        place: String,
        /// Unit: bytes.
        length: usize,
    },
    /// A partial file that is not a prefix of its file, or that has bytes and no record.
    NotResumable {
        /// The folder, for the message.
        place: String,
        /// Unit: bytes.
        length: usize,
    },
    /// Anything else, in a sentence.
    Other(String),
}

impl fmt::Display for Offence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lost { who, line } => write!(f, "{who} never heard {line:?}"),
            Self::Doubled { who, line } => write!(f, "{who} heard {line:?} twice"),
            Self::Reordered { who, line } => {
                write!(f, "{who} heard {line:?} out of its turn")
            }
            Self::Unknown { who, line } => {
                write!(f, "{who} heard {line:?}, which the witness never did")
            }
            Self::NotWhole { place, length } => {
                write!(f, "{place} has its final name and is not whole: {length} B")
            }
            Self::NotResumable { place, length } => {
                write!(f, "{place} cannot be gone on from: {length} B")
            }
            Self::Other(sentence) => f.write_str(sentence),
        }
    }
}

/// Every violation in the histories.
#[must_use]
pub(crate) fn check(evidence: &Evidence) -> Vec<Offence> {
    let mut offences = Vec::new();
    let orders = orders_to_the_end(evidence);
    let lives: Vec<_> = orders.iter().map(|order| Life::of(order)).collect();
    for order in &evidence.orders {
        find_doubled("the witness", order, &mut offences);
    }
    for session in &evidence.sessions {
        find_doubled(&session.who, &session.heard, &mut offences);
        check_session(session, &lives, &mut offences);
    }
    offences
}

/// The orders, with the last lines of each killed server: it may have sent some clients lines
/// that it had no time to send to the witness. The client with the most of them decides, and
/// the others must agree.
fn orders_to_the_end(evidence: &Evidence) -> Vec<Vec<String>> {
    let mut orders = evidence.orders.clone();
    let known: HashSet<&String> = evidence.orders.iter().flatten().collect();
    let killed = orders.len().saturating_sub(1);
    for order in orders.iter_mut().take(killed) {
        let tail_of = |session: &Session| {
            let last = session
                .heard
                .iter()
                .rposition(|line| order.contains(line))?;
            let tail = &session.heard[last + 1..];
            let is_new = tail.iter().all(|line| !known.contains(line));
            is_new.then(|| tail.to_vec())
        };
        let tails = evidence.sessions.iter().filter_map(tail_of);
        let longest = tails.max_by_key(Vec::len);
        order.extend(longest.unwrap_or_default());
    }
    orders
}

/// The order of one run of the server, and the position of each line.
struct Life<'a> {
    order: &'a [String],
    places: HashMap<&'a str, usize>,
}

impl<'a> Life<'a> {
    fn of(order: &'a [String]) -> Self {
        let places = order.iter().enumerate();
        let places = places.map(|(place, line)| (line.as_str(), place)).collect();
        Self { order, places }
    }
}

fn find_doubled(who: &str, heard: &[String], offences: &mut Vec<Offence>) {
    let mut known = HashSet::new();
    for line in heard {
        if !known.insert(line) {
            let (who, line) = (who.to_owned(), line.clone());
            offences.push(Offence::Doubled { who, line });
        }
    }
}

fn check_session(session: &Session, lives: &[Life<'_>], offences: &mut Vec<Offence>) {
    let who = || session.who.clone();
    let life = session
        .heard
        .first()
        .and_then(|first| lives.iter().find(|life| life.places.contains_key(&**first)))
        .or(lives.last());
    let Some(life) = life else {
        return;
    };
    let mut next = None;
    for line in &session.heard {
        let Some(&place) = life.places.get(&**line) else {
            let line = line.clone();
            offences.push(Offence::Unknown { who: who(), line });
            continue;
        };
        match next {
            Some(expected) if place > expected => {
                lose(session, &life.order[expected..place], offences);
            }
            // A duplicate is already reported.
            Some(expected) if place + 1 < expected => {
                let line = line.clone();
                if session.heard.iter().filter(|it| **it == line).count() == 1 {
                    offences.push(Offence::Reordered { who: who(), line });
                }
                continue;
            }
            Some(_) | None => {}
        }
        next = Some(place + 1);
    }
    if session.has_stayed {
        lose(session, &life.order[next.unwrap_or(0)..], offences);
        let heard: HashSet<_> = session.heard.iter().collect();
        let unheard = session.said.iter().filter(|line| !heard.contains(line));
        // Lines of the order are already reported.
        let unheard = unheard.filter(|line| !life.places.contains_key(&***line));
        for line in unheard.cloned() {
            offences.push(Offence::Lost { who: who(), line });
        }
    }
}

/// These were missed at their place; they may come later.
fn lose(session: &Session, lines: &[String], offences: &mut Vec<Offence>) {
    for line in lines {
        if session.heard.contains(line) {
            continue; // It is out of order, which is reported there.
        }
        let (who, line) = (session.who.clone(), line.clone());
        offences.push(Offence::Lost { who, line });
    }
}

/// The violation of a file, if any; `contents` has the content of each file by name.
#[must_use]
pub(crate) fn check_file(
    file: &Found,
    contents: &BTreeMap<String, Vec<u8>>,
) -> Option<Offence> {
    let is_record = file.name.strip_suffix(".json").is_some();
    if file.name.starts_with('.') || is_record {
        return None; // A record, or a temporary file of a killed program.
    }
    let (name, is_part) = match file.name.strip_suffix(".part") {
        Some(name) => (name, true),
        None => (file.name.as_str(), false),
    };
    let whole = contents.get(name);
    let whole = whole.or_else(|| contents.get(&first_copy(name)));
    let is_well = whole.is_some_and(|whole| {
        if is_part {
            whole.starts_with(&file.bytes) && (file.has_record || file.bytes.is_empty())
        } else {
            *whole == file.bytes
        }
    });
    let (place, length) = (file.place.clone(), file.bytes.len());
    match (is_well, is_part) {
        (true, _) => None,
        (false, true) => Some(Offence::NotResumable { place, length }),
        (false, false) => Some(Offence::NotWhole { place, length }),
    }
}

/// `big (2).bin` is a copy of `big.bin`.
pub(crate) fn first_copy(name: &str) -> String {
    let copy = name.find(" (").and_then(|start| {
        let end = start + name[start..].find(')')?;
        Some(format!("{}{}", &name[..start], &name[end + 1..]))
    });
    copy.unwrap_or_else(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(letters: &str) -> Vec<String> {
        letters.chars().map(String::from).collect()
    }

    /// The violations if a client received these of the order `abcdefgh`.
    fn heard(letters: &str, has_stayed: bool) -> Vec<String> {
        let session = Session {
            who: "dana".to_owned(),
            heard: lines(letters),
            said: Vec::new(),
            has_stayed,
        };
        told(&Evidence {
            orders: vec![lines("abcdefgh")],
            sessions: vec![session],
        })
    }

    fn told(evidence: &Evidence) -> Vec<String> {
        check(evidence).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn any_contiguous_part_of_the_order_is_accepted_if_it_reaches_the_end_for_clients_that_stayed()
     {
        for letters in ["", "a", "cde", "fgh", "abcdefgh"] {
            assert!(heard(letters, false).is_empty(), "{letters}");
        }
        assert!(heard("defgh", true).is_empty());
        assert!(heard("h", true).is_empty());
    }

    #[test]
    fn a_lost_line_is_detected_in_the_middle_and_at_the_end() {
        assert_eq!(heard("cdfgh", true), ["dana never heard \"e\""]);
        assert_eq!(heard("cdf", false), ["dana never heard \"e\""]);
        assert_eq!(heard("efg", true), ["dana never heard \"h\""]);
        assert_eq!(heard("", true).len(), 8);
    }

    #[test]
    fn a_duplicated_line_is_detected() {
        assert_eq!(heard("cddefgh", true), ["dana heard \"d\" twice"]);
        assert_eq!(heard("cdecfgh", true), ["dana heard \"c\" twice"]);
        let twice = Evidence {
            orders: vec![lines("aba")],
            sessions: Vec::new(),
        };
        assert_eq!(told(&twice), ["the witness heard \"a\" twice"]);
    }

    #[test]
    fn a_reordered_line_is_detected() {
        assert_eq!(heard("cedfgh", true), ["dana heard \"d\" out of its turn"]);
        assert_eq!(heard("bcda", false), ["dana heard \"a\" out of its turn"]);
    }

    #[test]
    fn a_line_that_the_witness_never_received_is_detected() {
        let told = heard("cdxefgh", true);
        assert_eq!(told, ["dana heard \"x\", which the witness never did"]);
    }

    #[test]
    fn a_line_of_a_client_that_stayed_must_be_delivered_and_of_one_that_left_may_be() {
        let evidence = |has_stayed| Evidence {
            orders: vec![lines("ab")],
            sessions: vec![Session {
                who: "dana".to_owned(),
                heard: lines("ab"),
                said: lines("bz"),
                has_stayed,
            }],
        };
        assert_eq!(told(&evidence(true)), ["dana never heard \"z\""]);
        assert!(told(&evidence(false)).is_empty());
    }

    #[test]
    fn each_run_of_the_server_has_its_own_order_of_lines() {
        let session = |heard, has_stayed| Session {
            who: "dana".to_owned(),
            heard: lines(heard),
            has_stayed,
            ..Session::default()
        };
        let mut evidence = Evidence {
            orders: vec![lines("abc"), lines("xyz")],
            sessions: vec![session("ab", false), session("yz", true)],
        };
        assert!(told(&evidence).is_empty());
        evidence.sessions = vec![session("bcx", false)];
        assert_eq!(told(&evidence).len(), 1);
    }

    #[test]
    fn a_killed_server_may_have_sent_lines_that_the_witness_never_received() {
        let session = |heard: &str| Session {
            who: "dana".to_owned(),
            heard: lines(heard),
            ..Session::default()
        };
        let evidence = |orders: [&str; 2], heard: &[&str]| Evidence {
            orders: orders.map(lines).into(),
            sessions: heard.iter().map(|heard| session(heard)).collect(),
        };
        let told = |orders, heard: &[&str]| told(&evidence(orders, heard));
        assert!(told(["abc", "xyz"], &["bcd", "cde", "abc", "yz"]).is_empty());
        // They do not agree about the end, or the server was not killed.
        assert!(!told(["abc", "xyz"], &["bced", "cde"]).is_empty());
        assert!(!told(["abc", "xyz"], &["yzw"]).is_empty());
    }

    /// The violation of a file with this name and content.
    fn found(name: &str, bytes: &[u8], has_record: bool) -> Option<String> {
        let contents = BTreeMap::from([("a.bin".to_owned(), b"0123456789".to_vec())]);
        let file = Found {
            place: name.to_owned(),
            name: name.to_owned(),
            bytes: bytes.to_vec(),
            has_record,
        };
        check_file(&file, &contents).map(|it| it.to_string())
    }

    #[test]
    fn an_incomplete_file_with_a_final_name_is_detected() {
        assert_eq!(found("a.bin", b"0123456789", false), None);
        assert_eq!(found("a (2).bin", b"0123456789", false), None);
        let half = "a.bin has its final name and is not whole: 5 B";
        assert_eq!(found("a.bin", b"01234", false).as_deref(), Some(half));
        assert!(found("a.bin", b"01234x6789", false).is_some());
        assert!(found("a (2).bin", b"", false).is_some());
        assert!(found("stranger", b"", false).is_some());
    }

    #[test]
    fn a_partial_file_must_be_a_prefix_of_its_file_and_have_a_record() {
        assert_eq!(found("a.bin.part", b"0123", true), None);
        assert_eq!(found("a (2).bin.part", b"", false), None);
        assert_eq!(found("a.bin.part.json", b"{", false), None);
        let wrong = "a.bin.part cannot be gone on from: 4 B";
        assert_eq!(found("a.bin.part", b"0124", true).as_deref(), Some(wrong));
        assert!(found("a.bin.part", b"0123", false).is_some());
    }
}
