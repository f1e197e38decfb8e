//! One entry of a journal in a sentence: what has just happened, for whoever steps.

use crate::lab::journal::{Entry, Happening, Heading, Meddling};
use crate::lab::notation::{Notation, transmission};
use crate::lab::words::run;
use crate::link::Fate;
use crate::reliable::event::{
    Event, GateState, Ignored, PacketName, Timer, Trigger, Unwanted,
};
use crate::wire::options::Arq;
use crate::wire::packet::Kind;

/// What has just happened.
#[must_use]
pub fn happening(entry: &Entry, heading: &Heading) -> String {
    let side = entry.side.name();
    match &entry.what {
        Happening::Machine(event) => machine(side, event, heading),
        Happening::Link(carried) => {
            let packet = name(&carried.packet, heading);
            format!("The link takes {packet}: {}.", fate(carried.fate))
        }
        Happening::Person(Meddling::PacketKilled(killed)) => {
            format!("{} is killed on its way.", name(&killed.packet, heading))
        }
        Happening::Person(Meddling::LinkChanged { scenario }) => {
            format!("The link is another from now on: {scenario}.")
        }
    }
}

fn machine(side: &str, event: &Event, heading: &Heading) -> String {
    match event {
        Event::PacketSent(packet) => {
            format!("The {side} sends {}.", name(packet, heading))
        }
        Event::PacketReceived(packet) => {
            format!("{} reaches the {side}.", name(packet, heading))
        }
        Event::PacketIgnored { packet, why } => {
            let packet = name(packet, heading);
            format!("The {side} ignores {packet}: {}.", ignored(*why))
        }
        Event::PacketDamaged => {
            format!("A damaged packet reaches the {side}, which throws it away.")
        }
        Event::PacketLost {
            number,
            attempt,
            trigger,
        } => {
            let why = lost(*trigger);
            {
                let transmission = transmission(*attempt);
                format!("The sender considers DATA {number}{transmission} lost: {why}.")
            }
        }
        Event::TimerExpired { timer } => {
            format!("A timer of the {side} runs out: {}.", timer_of(*timer))
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
        Event::RangesTold { ranges } => {
            let told: Vec<_> = ranges.iter().map(|it| run(*it)).collect();
            format!("The ACK names the segments {}.", told.join(", "))
        }
        Event::SegmentKept { number } => {
            format!("The receiver keeps segment {number}, which came before its turn.")
        }
        Event::SegmentDropped { number, why } => {
            let why = unwanted(*why);
            format!("The receiver throws segment {number} away: {why}.")
        }
        Event::DataBlockedUpdated { gate } => gate_of(*gate).to_owned(),
        Event::MtuUpdated { segment_bytes } => {
            format!("The path carries less: {segment_bytes} bytes a segment from now on.")
        }
        Event::ListeningBegun { base, next, .. } => {
            format!("Watched from here on: {base} segments are over, {next} were sent.")
        }
        Event::StateChanged { state } => format!("The {side} is now {state}."),
    }
}

/// `DATA 2`, `ACK 3`. The ranges of an ACK are told by an event of their own, and so is the
/// segment that an individual ACK acknowledges.
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
        Fate::QueueFull => "it is lost, too much was waiting",
        Fate::TooLong => "it is lost, the path does not carry packets of that length",
        Fate::Corrupted => "a bit of it flips",
        Fate::Reordered => "later ones will pass it",
        Fate::Duplicated => "it will arrive twice",
    }
}

const fn ignored(why: Ignored) -> &'static str {
    match why {
        Ignored::WrongToken => "it does not carry this transfer's token",
        Ignored::ImpossibleAck => "it acknowledges what was never sent",
        Ignored::OutsideTheFile => "it is none of this file's",
        Ignored::InexactReset => "an RST without the exact number",
        Ignored::OutOfPlace => "it is out of place here",
        Ignored::Forged => "it has no right MAC, so the other side did not send it",
    }
}

const fn lost(trigger: Trigger) -> &'static str {
    match trigger {
        Trigger::PacketThreshold => "three later packets have arrived",
        Trigger::TimeThreshold => {
            "a later one has arrived, and 9/8 of a round trip is over"
        }
        Trigger::Timeout => "no ACK came in time",
    }
}

const fn timer_of(timer: Timer) -> &'static str {
    match timer {
        Timer::Handshake => "the handshake was not answered",
        Timer::Retransmission => "no ACK came in time",
        Timer::LossDetection => "an overtaken packet has had time enough",
        Timer::AcknowledgementDelay => "an ACK was held back long enough",
        Timer::Probe => "the closed window is asked again",
        Timer::Quiet => "nothing has come for a while",
        Timer::Closing => "FIN was not answered",
        Timer::Silence => "the other side has been silent too long",
    }
}

const fn unwanted(why: Unwanted) -> &'static str {
    match why {
        Unwanted::Duplicate => "it has it already",
        Unwanted::OutOfOrder => "it is not the next in order",
        Unwanted::BeyondTheWindow => "it lies beyond the window",
    }
}

const fn gate_of(gate: GateState) -> &'static str {
    match gate {
        GateState::Open => "DATA may flow.",
        GateState::WindowClosed => "The receiver has no room: DATA waits.",
        GateState::Paused => "Somebody has paused the transfer: DATA waits.",
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
    fn everything_that_happens_is_a_sentence() {
        let scenario =
            "seed=3;loss=10%;corrupt=5%;duplicate=5%;reorder=5%;delay=20ms;mtu=1300";
        let experiment = Experiment {
            scenario: scenario.parse().unwrap(),
            listening: true,
            ..Experiment::small()
        };
        let heading = experiment.heading();
        let tell = |entry: Entry| {
            let sentence = happening(&entry, &heading);
            let first = sentence.chars().next().unwrap();
            assert!(
                first.is_uppercase() && sentence.ends_with('.'),
                "{sentence}"
            );
        };
        experiment.run(tell).unwrap();
    }
}
