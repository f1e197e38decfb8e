//! Describes one entry of an event log in a sentence, for a user who steps through it.

use crate::lab::journal::{Entry, FaultInjection, Heading, JournalEvent};
use crate::lab::notation::{Notation, transmission};
use crate::lab::words::loss_reason;
use crate::link::Fate;
use crate::reliable::event::{
    DiscardReason, Event, FlowControlState, Ignored, PacketName, PacketRecord, Timer,
};
use crate::wire::options::Arq;
use crate::wire::packet::Kind;

/// The sentence about an entry.
#[must_use]
pub fn event_text(entry: &Entry, heading: &Heading) -> String {
    let side = entry.side.name();
    match &entry.what {
        JournalEvent::Machine(event) => machine(side, event, heading),
        JournalEvent::Link(carried) => {
            let packet = record(&carried.packet, heading);
            format!("The link accepts {packet}: {}.", fate(carried.fate))
        }
        JournalEvent::FaultInjection(FaultInjection::PacketKilled(killed)) => {
            format!(
                "The user drops {} in flight.",
                name(&killed.packet, heading)
            )
        }
        JournalEvent::FaultInjection(FaultInjection::LinkChanged { scenario }) => {
            format!("The link changes to: {scenario}.")
        }
    }
}

fn machine(side: &str, event: &Event, heading: &Heading) -> String {
    match event {
        Event::PacketSent(packet) => {
            format!("The {side} sends {}.", record(packet, heading))
        }
        Event::PacketReceived(packet) => {
            format!("{} reaches the {side}.", record(packet, heading))
        }
        Event::PacketIgnored { packet, why, .. } => {
            let packet = name(packet, heading);
            format!("The {side} ignores {packet}: {}.", ignored(*why))
        }
        Event::PacketDamaged { .. } => {
            format!("A corrupt packet reaches the {side}, which discards it.")
        }
        Event::PacketLost {
            number,
            attempt,
            trigger,
        } => {
            let (why, transmission) = (loss_reason(*trigger), transmission(*attempt));
            format!("The sender declares DATA {number}{transmission} lost: {why}.")
        }
        Event::TimerExpired { timer } => {
            format!("A timer of the {side} expires: {}.", timer_of(*timer))
        }
        Event::MetricsUpdated {
            latest_us,
            srtt_us,
            rto_us,
            ..
        } => {
            let [latest, srtt, rto] = [latest_us, srtt_us, rto_us].map(|it| tenths(*it));
            format!("A round trip of {latest} ms: smoothed {srtt} ms, timeout {rto} ms.")
        }
        Event::CongestionUpdated {
            cwnd,
            in_flight,
            phase,
            ..
        } => {
            format!("The window is {cwnd} packets, {in_flight} in flight ({phase}).")
        }
        Event::PathAssigned {
            sender, receiver, ..
        } => format!("The sender is at {sender}, the receiver at {receiver}."),
        Event::SegmentBuffered { number } => {
            format!("The receiver buffers segment {number}, which arrived out of order.")
        }
        Event::SegmentDropped { number, why } => {
            let why = unwanted(*why);
            format!("The receiver discards segment {number}: {why}.")
        }
        Event::DataBlockedUpdated { flow_control } => {
            flow_control_of(*flow_control).to_owned()
        }
        Event::MtuUpdated { segment_bytes } => {
            format!(
                "The path MTU is smaller: segments have {segment_bytes} bytes from \
                     now on."
            )
        }
        Event::ListeningBegun { base, next, .. } => {
            format!(
                "The recording starts here: {base} segments are acknowledged, \
                     {next} were sent."
            )
        }
        Event::StateChanged { state } => format!("The {side} is now {state}."),
    }
}

/// `DATA 2`, `ACK 3`, with the ranges of an ACK.
fn record(packet: &PacketRecord, heading: &Heading) -> String {
    let ranges = packet.ranges(heading.first_sequence);
    Notation::of(heading).name(packet, &ranges, usize::MAX)
}

/// The same without ranges, of which an individual ACK has its number.
fn name(packet: &PacketName, heading: &Heading) -> String {
    let is_answer = matches!(packet.kind, Kind::Ack | Kind::Nack);
    if heading.arq == Arq::SelectiveRepeat && is_answer && packet.number != 0 {
        return packet.kind.to_string();
    }
    Notation::of(heading).name(packet, &[], usize::MAX)
}

const fn fate(fate: Fate) -> &'static str {
    match fate {
        Fate::Delivered => "it will arrive",
        Fate::Lost => "it is lost",
        Fate::QueueFull => "it is lost, because the queue is full",
        Fate::TooLong => "it is lost, because it is longer than the path MTU",
        Fate::Corrupted => "one of its bits is flipped",
        Fate::Reordered => "later packets will overtake it",
        Fate::Duplicated => "it will arrive twice",
    }
}

const fn ignored(why: Ignored) -> &'static str {
    match why {
        Ignored::WrongToken => "it does not carry this transfer's token",
        Ignored::ImpossibleAck => "it acknowledges data that was never sent",
        Ignored::OutsideTheFile => "it does not belong to this file",
        Ignored::InexactReset => "it is an RST without the exact sequence number",
        Ignored::OutOfPlace => "it does not fit the current state",
        Ignored::Forged => "it has no valid MAC, so the other side did not send it",
    }
}

const fn timer_of(timer: Timer) -> &'static str {
    match timer {
        Timer::Handshake => "the handshake packet was not answered",
        Timer::Retransmission => "no ACK arrived before the timeout",
        Timer::LossDetection => "the time threshold of loss detection has passed",
        Timer::AcknowledgementDelay => "the delayed ACK is due",
        Timer::Probe => "a window probe is due",
        Timer::Idle => "no packet has arrived for a while",
        Timer::Closing => "FIN was not answered",
        Timer::Silence => "the other side has been silent too long",
    }
}

const fn unwanted(why: DiscardReason) -> &'static str {
    match why {
        DiscardReason::Duplicate => "it is a duplicate",
        DiscardReason::OutOfOrder => "it is not the next expected segment",
        DiscardReason::BeyondTheWindow => "it is beyond the window",
    }
}

const fn flow_control_of(flow_control: FlowControlState) -> &'static str {
    match flow_control {
        FlowControlState::Open => "The sender may send DATA.",
        FlowControlState::WindowClosed => {
            "The receive window is zero: the sender must wait."
        }
        FlowControlState::Paused => {
            "The user has paused the transfer: the sender must wait."
        }
    }
}

fn tenths(time_us: u64) -> String {
    format!("{}.{}", time_us / 1_000, time_us % 1_000 / 100)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::run::Experiment;

    #[test]
    fn every_event_is_described_by_a_sentence() {
        let scenario =
            "seed=3;loss=10%;corrupt=5%;duplicate=5%;reorder=5%;delay=20ms;mtu=1300";
        let experiment = Experiment {
            scenario: scenario.parse().unwrap(),
            listening: true,
            ..Experiment::small()
        };
        let heading = experiment.heading();
        let tell = |entry: Entry| {
            let sentence = event_text(&entry, &heading);
            let first = sentence.chars().next().unwrap();
            assert!(
                first.is_uppercase() && sentence.ends_with('.'),
                "{sentence}"
            );
        };
        experiment.run(tell).unwrap();
    }
}
