//! A run in sentences, for the line below its picture.
//!
//! A step reports one packet, after what explains it: a packet that was discarded, a
//! timeout. While a card's run plays, its turning points are told.

use crate::lab::explain::event_text;
use crate::lab::journal::{Entry, JournalEvent};
use crate::lab::player::Player;
use crate::lab::run::Run;
use crate::lab::words::short_time;
use crate::link::Fate;
use crate::reliable::event::Event;
use crate::wire::options::Arq;
use crate::wire::packet::Kind;

const GOES_BACK: &str = "Go-back-N retransmits all unacknowledged packets.";

/// The sentences about the entries from this place to the last one.
pub(super) fn step_text(player: &Player, from: usize) -> String {
    let (heading, sees) = (player.heading(), player.point_of_view());
    let entries = &player.entries()[from..player.place().index];
    let seen: Vec<&Entry> = entries.iter().filter(|it| sees.shows(it)).collect();
    let Some((last, skipped)) = seen.split_last() else {
        return String::new();
    };
    let explains = skipped.iter().filter(|it| is_reason(it));
    let mut sentences: Vec<String> = explains.map(|it| event_text(it, heading)).collect();
    let is_explained = !sentences.is_empty();
    sentences.push(event_text(last, heading));
    if heading.arq == Arq::GoBackN && is_retransmitted(last) && !is_explained {
        sentences.push(GOES_BACK.to_owned());
    }
    sentences.join(" ")
}

/// The newest turning point of the entries from this place on; at the end of a run, its
/// outcome.
pub(super) fn news(player: &Player, from: usize, is_card: bool) -> Option<String> {
    if player.is_over() {
        let run = player.outcome()?;
        return Some(outcome(run, player.strip().segments()));
    }
    let (heading, sees) = (player.heading(), player.point_of_view());
    let new = player.entries().get(from..player.place().index)?;
    let is_told = |entry: &&Entry| is_card && sees.shows(entry) && is_turn(entry);
    let entry = new.iter().rev().find(is_told)?;
    let mut sentence = event_text(entry, heading);
    if heading.arq == Arq::GoBackN && is_declared_lost(entry) {
        sentence = format!("{sentence} {GOES_BACK}");
    }
    Some(sentence)
}

/// The outcome of a run of this many segments.
#[must_use]
pub fn outcome(run: &Run, segments: u32) -> String {
    let end = if run.is_identical {
        "The file has arrived"
    } else {
        "The file has not arrived"
    };
    let (sent, resent) = (run.progress.sent_packets, run.progress.resent_packets);
    let of_them = match resent {
        0 => "no retransmission".to_owned(),
        1 => "1 of them a retransmission".to_owned(),
        more => format!("{more} of them retransmissions"),
    };
    let time = short_time(run.elapsed);
    format!("{end} after {time}: {segments} segments, {sent} transmissions, {of_them}.")
}

/// Whether it is why the next packet is sent.
const fn is_reason(entry: &Entry) -> bool {
    let is_kept_or_not = matches!(
        entry.what,
        JournalEvent::Machine(
            Event::SegmentDropped { .. } | Event::SegmentBuffered { .. }
        )
    );
    is_kept_or_not || is_declared_lost(entry)
}

const fn is_declared_lost(entry: &Entry) -> bool {
    matches!(entry.what, JournalEvent::Machine(Event::PacketLost { .. }))
}

fn is_turn(entry: &Entry) -> bool {
    let is_lost =
        matches!(&entry.what, JournalEvent::Link(it) if it.fate != Fate::Delivered);
    is_lost || is_reason(entry)
}

fn is_retransmitted(entry: &Entry) -> bool {
    matches!(
        &entry.what,
        JournalEvent::Machine(Event::PacketSent(packet))
            if packet.name.kind == Kind::Data && packet.name.attempt > 1
    )
}

#[cfg(test)]
mod tests {
    use crate::lab::page::cards::CARDS;
    use crate::lab::page::{Laboratory, LaboratoryRequest};
    use std::time::Duration;

    fn first_card() -> Laboratory {
        let mut laboratory = Laboratory::default();
        laboratory.take(LaboratoryRequest::OpenCard(&CARDS[0]));
        laboratory
    }

    fn said(laboratory: &Laboratory) -> String {
        let notice = laboratory.notice();
        notice.map_or_else(String::new, |it| it.sentence.clone())
    }

    #[test]
    fn the_steps_of_the_first_card_say_why_four_packets_are_retransmitted() {
        let mut laboratory = first_card();
        laboratory.take(LaboratoryRequest::PlayOrPause);
        let mut told = Vec::new();
        while laboratory.player().is_some_and(|it| !it.is_over()) {
            laboratory.take(LaboratoryRequest::Step);
            told.push(said(&laboratory));
        }
        let count = |words: &str| told.iter().filter(|it| it.contains(words)).count();
        assert_eq!(count("The receiver discards segment"), 3);
        assert_eq!(count("declares DATA 2 lost: no ACK arrived"), 1);
        assert_eq!(count("(2nd transmission). Go-back-N retransmits all"), 3);
    }

    #[test]
    fn a_card_that_plays_tells_its_turning_points_and_its_outcome() {
        let mut laboratory = first_card();
        let mut told = Vec::new();
        for _ in 0..2_000 {
            laboratory.tick(Duration::from_millis(20));
            told.push(said(&laboratory));
        }
        told.dedup();
        let wanted = [
            "",
            "The link accepts DATA 2: it is lost.",
            "The receiver discards segment 3: it is not the next expected segment.",
            "The receiver discards segment 4: it is not the next expected segment.",
            "The receiver discards segment 5: it is not the next expected segment.",
            "The sender declares DATA 2 lost: no ACK arrived before the timeout. \
             Go-back-N retransmits all unacknowledged packets.",
            "The file has arrived after 840 ms: 8 segments, 12 transmissions, 4 of them \
             retransmissions.",
        ];
        assert_eq!(told, wanted);
    }
}
