//! Tests of complete, cut, damaged, older and newer journals.

use super::*;
use crate::lab::run::Experiment;
use crate::wire::options::{Arq, Congestion};

fn journal(experiment: &Experiment) -> String {
    let mut text = experiment.heading().to_line();
    let listening = Experiment {
        listening: true,
        ..experiment.clone()
    };
    listening
        .run(|entry| text.push_str(&entry.to_line()))
        .unwrap();
    text
}

fn eventful() -> String {
    journal(&Experiment {
        scenario: "seed=7;delay=10ms;loss=10%;corrupt=5%;mtu=1300;duplicate=5%"
            .parse()
            .unwrap(),
        congestion: Congestion::Reno,
        ..Experiment::small()
    })
}

/// The log of an older program: no token, only names of packets, and ranges in lines of
/// their own.
fn of_an_older_program(ranges: &[[u32; 2]]) -> String {
    let mut heading = Experiment::small().heading();
    (heading.token, heading.first_sequence) = (None, 1_000);
    let line = "{\"time_us\":0,\"side\":\"sender\",\"event\":";
    format!(
        "{}{line}\"packet_received\",\"kind\":\"NACK\",\"number\":0,\"attempt\":1,\
         \"sequence\":1002,\"length\":0}}\n{line}\"ack_ranges\",\"ranges\":{ranges:?}}}\n",
        heading.to_line()
    )
}

#[test]
fn the_ranges_of_an_older_log_are_read_into_the_ack_before_them() {
    for event in ["ack_ranges", "ranges_told"] {
        let text = of_an_older_program(&[[3, 4]]).replace("ack_ranges", event);
        let journal = Journal::read(text.as_bytes()).unwrap();
        assert!(!journal.has_all_fields());
        let [entry] = &journal.entries[..] else {
            panic!("the ranges are no entry of their own");
        };
        let JournalEvent::Machine(Event::PacketReceived(packet)) = &entry.what else {
            panic!("{entry:?}");
        };
        assert_eq!(packet.ranges(1_000), [[3, 4]]);
    }
}

#[test]
fn impossible_ack_ranges_are_an_error() {
    let line = of_an_older_program;
    assert!(Journal::read(line(&[[3, 4]; MOST_RANGES]).as_bytes()).is_ok());
    for (ranges, why) in [
        (&[[3, 4]; MOST_RANGES + 1][..], "33 ranges"),
        (&[], "0 ranges"),
        (&[[3, 3], [9, 8]], "ends before it begins"),
    ] {
        let error = Journal::read(line(ranges).as_bytes()).unwrap_err();
        assert!(error.to_string().contains(why), "{error}");
    }
}

#[test]
fn a_written_journal_is_read_back_line_by_line() {
    for arq in Arq::ALL {
        let text = journal(&Experiment {
            arq,
            scenario: "seed=3;delay=5ms;loss=20%".parse().unwrap(),
            ..Experiment::small()
        });
        let read = Journal::read(text.as_bytes()).unwrap();
        let mut again = read.heading.to_line();
        again.extend(read.entries.iter().map(Entry::to_line));
        assert_eq!(again, text);
        assert!(!read.is_cut);
    }
}

#[test]
fn a_truncated_journal_yields_its_complete_lines() {
    let text = eventful();
    let whole = Journal::read(text.as_bytes()).unwrap();
    let first = text.find('\n').unwrap() + 1;
    for end in first..first + 2_000 {
        let cut = Journal::read(&text.as_bytes()[..end]).unwrap();
        assert_eq!(cut.is_cut, !text[..end].ends_with('\n'), "cut at {end}");
        assert_eq!(cut.entries, whole.entries[..cut.entries.len()]);
    }
}

#[test]
fn a_damaged_line_in_the_middle_is_reported_with_its_number() {
    let text = eventful().replacen("\"kind\":\"SYN\"", "\"kind\":\"SIN\"", 1);
    let error = Journal::read(text.as_bytes()).unwrap_err().to_string();
    assert!(error.starts_with("line 2 is damaged: "), "{error}");
    let text = eventful().replacen("\"kind\":\"SYN\",", "", 1);
    let error = Journal::read(text.as_bytes()).unwrap_err().to_string();
    assert_eq!(error, "line 2 is damaged: its event needs `kind`");
}

#[test]
fn unknown_events_and_fields_of_a_later_version_are_skipped() {
    let text = eventful() + "{\"time_us\":9,\"side\":\"link\",\"event\":\"new\"}\n";
    let text = text.replacen("\"attempt\":1", "\"attempt\":1,\"colour\":\"blue\"", 1);
    let read = Journal::read(text.as_bytes()).unwrap();
    assert_eq!(read.unknown, 1);
}

#[test]
fn a_file_that_is_no_journal_is_refused_with_a_sentence() {
    let sentence = |text: &[u8]| Journal::read(text).unwrap_err().to_string();
    assert_eq!(sentence(b""), "it has no complete line");
    assert_eq!(sentence(b"{\"journal\":"), "it has no complete line");
    let older = eventful().replacen("\"version\":1", "\"version\":0", 1);
    assert_eq!(
        sentence(older.as_bytes()),
        "it is an event log of version 0; this program reads version 1"
    );
    for other in [&b"PK\x03\x04\n"[..], b"{\"version\":1}\n", b"[]\n"] {
        let sentence = sentence(other);
        assert!(sentence.contains("not that of an event log"), "{sentence}");
    }
    let endless = vec![b'x'; 1 << 20];
    assert!(sentence(&endless).contains("too long"));
}
