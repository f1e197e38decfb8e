//! The sliding window at every moment: each segment of the file, at both ends.
//!
//! ```text
//!                0         10        20
//!   sender       ####R>>>>....         # acked, R resent, > in flight, . unsent
//!   window           [----)            base 4, next 9
//!   receiver     ####.++++....         # in order, + buffered out of order, . missing
//! ```
//!
//! A [`Strip`] gets the entries of a journal one by one and counts them; a [`Scrubber`]
//! has a whole journal and goes to any place of it. Neither decides anything: a segment's
//! state follows from the journal. The strip shows a loss as soon as the link or the user
//! has lost the packet, before the sender can know it.
//!
//! ```
//! use sash::lab::run::Experiment;
//! use sash::lab::strip::Strip;
//! let experiment = Experiment { listening: true, ..Experiment::small() };
//! let mut strip = Strip::new(&experiment.heading());
//! experiment.run(|entry| strip.take(&entry)).unwrap();
//! assert_eq!(strip.sender_counts().acked, strip.segments());
//! ```
//!
//! Source: Kurose & Ross, figures 3.19 and 3.23 (the sender's and the receiver's view of
//! sequence numbers).

mod band;
mod drawing;
mod scrubber;
mod segment;
mod text;
pub(super) mod view;

pub use band::{Band, Sides, Toward};
pub use drawing::picture;
pub use scrubber::{JournalPosition, Scrubber};
pub use segment::{Look, ReceiverState, SenderState};
pub use text::text;

use super::journal::{Entry, Heading, JournalEvent, Side};
use super::transmissions::lost_data;
use crate::reliable::event::{Event, PacketName, PacketRecord};
use crate::wire::options::{Arq, LARGEST_WINDOW};
use crate::wire::packet::Kind;

/// Both ends at one moment.
#[derive(Debug, Clone)]
pub struct Strip {
    arq: Arq,
    /// The largest window agreed on. Unit: packets.
    most: u32,
    first_sequence: u32,
    /// The size of the file, from segment 0 on.
    bytes: u64,
    segments: u32,
    sender: Vec<SenderState>,
    /// The latest transmission of each segment that was sent.
    attempts: Vec<u8>,
    receiver: Vec<ReceiverState>,
    sender_counts: SenderCounts,
    receiver_counts: ReceiverCounts,
    base: u32,
    next: u32,
    cwnd: Option<u32>,
    next_expected: u32,
    /// The segments that the newest arrival put in order: undone if it was ignored.
    newest: Option<Taken>,
    retransmissions: u64,
    time_us: u64,
    hears_sender: bool,
    hears_receiver: bool,
}

/// The number of segments in each state at the sender.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SenderCounts {
    /// See [`SenderState::Unsent`].
    pub unsent: u32,
    /// See [`SenderState::InFlight`].
    pub in_flight: u32,
    /// See [`SenderState::Lost`].
    pub lost: u32,
    /// See [`SenderState::Resent`].
    pub resent: u32,
    /// See [`SenderState::Acked`].
    pub acked: u32,
}

/// The number of segments in each state at the receiver.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ReceiverCounts {
    /// See [`ReceiverState::Missing`].
    pub missing: u32,
    /// See [`ReceiverState::BufferedOutOfOrder`].
    pub buffered_out_of_order: u32,
    /// See [`ReceiverState::InOrder`].
    pub in_order: u32,
}

/// A segment that was sent before the log began.
const UNKNOWN_ATTEMPT: u8 = 0;

/// An arrival put these in order.
#[derive(Debug, Clone, Copy)]
struct Taken {
    number: u32,
    next_expected_after: u32,
}

impl Strip {
    /// The strip before the first event.
    #[must_use]
    pub fn new(heading: &Heading) -> Self {
        let bytes = heading.size.saturating_sub(heading.offset);
        let segments = segments(bytes, heading.segment_bytes);
        Self {
            arq: heading.arq,
            most: heading.window,
            first_sequence: heading.first_sequence,
            bytes,
            segments,
            sender: Vec::new(),
            attempts: Vec::new(),
            receiver: Vec::new(),
            sender_counts: SenderCounts {
                unsent: segments,
                ..SenderCounts::default()
            },
            receiver_counts: ReceiverCounts {
                missing: segments,
                ..ReceiverCounts::default()
            },
            base: 0,
            next: 0,
            cwnd: None,
            next_expected: 0,
            newest: None,
            retransmissions: 0,
            time_us: 0,
            hears_sender: false,
            hears_receiver: false,
        }
    }

    /// Adds one entry.
    pub fn take(&mut self, entry: &Entry) {
        self.time_us = entry.time_us;
        match (&entry.what, entry.side) {
            (JournalEvent::Machine(event), Side::Sender) => {
                self.hears_sender = true;
                self.take_from_sender(event);
            }
            (JournalEvent::Machine(event), Side::Receiver) => {
                self.hears_receiver = true;
                self.take_from_receiver(event);
            }
            (JournalEvent::Machine(_), Side::Link) => {}
            (JournalEvent::Link(_) | JournalEvent::FaultInjection(_), _) => {
                if let Some(packet) = lost_data(entry) {
                    self.lose_transmission(packet.number, packet.attempt);
                }
            }
        }
    }

    /// The number of segments of the file.
    #[must_use]
    pub const fn segments(&self) -> u32 {
        self.segments
    }

    /// The time of the newest entry. Unit: microseconds.
    #[must_use]
    pub const fn time_us(&self) -> u64 {
        self.time_us
    }

    /// The state of a segment at the sender.
    #[must_use]
    pub fn sender(&self, number: u32) -> SenderState {
        let state = self.sender.get(number as usize);
        state.copied().unwrap_or(SenderState::Unsent)
    }

    /// The state of a segment at the receiver.
    #[must_use]
    pub fn receiver(&self, number: u32) -> ReceiverState {
        let state = self.receiver.get(number as usize);
        state.copied().unwrap_or(ReceiverState::Missing)
    }

    /// The sender's segments, counted.
    #[must_use]
    pub const fn sender_counts(&self) -> SenderCounts {
        self.sender_counts
    }

    /// The receiver's segments, counted.
    #[must_use]
    pub const fn receiver_counts(&self) -> ReceiverCounts {
        self.receiver_counts
    }

    /// The oldest segment that is not acknowledged.
    #[must_use]
    pub const fn base(&self) -> u32 {
        self.base
    }

    /// The next segment to send, except for single retransmissions.
    #[must_use]
    pub const fn next(&self) -> u32 {
        self.next
    }

    /// The first segment beyond the window.
    #[must_use]
    pub fn window_end(&self) -> u32 {
        let window = self.cwnd.map_or(self.most, |cwnd| cwnd.min(self.most));
        let end = self.base.saturating_add(window).max(self.next);
        end.min(self.segments)
    }

    /// The next expected segment of the receiver.
    #[must_use]
    pub const fn next_expected(&self) -> u32 {
        self.next_expected
    }

    /// The number of retransmissions so far.
    #[must_use]
    pub const fn retransmissions(&self) -> u64 {
        self.retransmissions
    }

    /// Whether the journal has events of the sender.
    #[must_use]
    pub const fn hears_sender(&self) -> bool {
        self.hears_sender
    }

    /// Whether the journal has events of the receiver.
    #[must_use]
    pub const fn hears_receiver(&self) -> bool {
        self.hears_receiver
    }

    fn take_from_sender(&mut self, event: &Event) {
        match event {
            Event::PacketSent(packet) if packet.is_of_the_file() => self.send(packet),
            Event::PacketReceived(packet) if is_answer(packet) => {
                self.hear(packet);
            }
            Event::PacketLost {
                number, attempt, ..
            } => self.lose(*number, *attempt),
            Event::CongestionUpdated { cwnd, .. } => self.cwnd = Some(*cwnd),
            Event::MtuUpdated { segment_bytes } => self.cut(*segment_bytes),
            Event::ListeningBegun {
                base,
                next,
                ranges,
                first_sequence,
                segment_bytes,
            } => {
                self.cut(*segment_bytes);
                self.first_sequence = first_sequence.unwrap_or(self.first_sequence);
                self.begin_sender(*base, *next);
                self.hear_of(ranges);
            }
            Event::PacketSent(_)
            | Event::PacketReceived(_)
            | Event::PacketIgnored { .. }
            | Event::PacketDamaged { .. }
            | Event::TimerExpired { .. }
            | Event::MetricsUpdated { .. }
            | Event::PathAssigned { .. }
            | Event::SegmentBuffered { .. }
            | Event::SegmentDropped { .. }
            | Event::DataBlockedUpdated { .. }
            | Event::StateChanged { .. } => {}
        }
    }

    fn take_from_receiver(&mut self, event: &Event) {
        match event {
            Event::PacketReceived(packet) if packet.is_of_the_file() => {
                self.arrive(packet.number);
            }
            Event::SegmentBuffered { number } => self.keep(*number),
            Event::SegmentDropped { number, .. } => self.take_back(*number),
            Event::PacketIgnored { packet, .. } => self.take_back(packet.number),
            Event::MtuUpdated { segment_bytes } => self.cut(*segment_bytes),
            Event::ListeningBegun {
                base,
                segment_bytes,
                ..
            } => {
                self.cut(*segment_bytes);
                self.begin_receiver(*base);
            }
            Event::PacketSent(_)
            | Event::PacketReceived(_)
            | Event::PacketDamaged { .. }
            | Event::PacketLost { .. }
            | Event::TimerExpired { .. }
            | Event::MetricsUpdated { .. }
            | Event::CongestionUpdated { .. }
            | Event::PathAssigned { .. }
            | Event::DataBlockedUpdated { .. }
            | Event::StateChanged { .. } => {}
        }
    }

    /// The path made the segments shorter, before the first of them was sent.
    fn cut(&mut self, segment_bytes: u16) {
        if self.sender.is_empty() && self.receiver.is_empty() {
            self.segments = segments(self.bytes, segment_bytes);
            self.sender_counts.unsent = self.segments;
            self.receiver_counts.missing = self.segments;
        }
    }

    /// The log of the sender begins in the middle: earlier transmissions are only
    /// counted.
    fn begin_sender(&mut self, base: u32, next: u32) {
        if !self.sender.is_empty() || base > next || next > self.most_begun() {
            return;
        }
        self.sender.resize(next as usize, SenderState::Unsent);
        self.attempts.resize(next as usize, UNKNOWN_ATTEMPT);
        for number in 0..next {
            let is_acked = number < base;
            let state =
                [SenderState::InFlight, SenderState::Acked][usize::from(is_acked)];
            self.set_sender(number, state);
        }
        (self.base, self.next) = (base, next);
    }

    /// A damaged journal may contain anything.
    fn most_begun(&self) -> u32 {
        const MOST: u32 = 1 << 24;
        self.segments.min(MOST)
    }

    /// The same of the receiver.
    fn begin_receiver(&mut self, base: u32) {
        if !self.receiver.is_empty() || base > self.most_begun() {
            return;
        }
        for number in 0..base {
            self.set_receiver(number, ReceiverState::InOrder);
        }
        self.next_expected = base;
    }

    fn send(&mut self, packet: &PacketName) {
        let PacketName {
            number, attempt, ..
        } = *packet;
        let highest = self.highest();
        if number > highest || number >= self.segments {
            return; // Not of this file: a journal may be damaged.
        }
        if number == highest {
            self.sender.push(SenderState::Unsent);
            self.attempts.push(attempt);
            self.set_sender(number, SenderState::InFlight);
        } else {
            self.retransmissions += 1;
            self.attempts[number as usize] = attempt;
            self.set_sender(number, SenderState::Resent);
        }
        self.next = self.highest();
    }

    /// The sender considers a packet lost; go-back-N all that follow it as well.
    fn lose(&mut self, number: u32, attempt: u8) {
        match self.arq {
            Arq::StopAndWait | Arq::SelectiveRepeat | Arq::Sack => {
                self.lose_transmission(number, attempt);
            }
            Arq::GoBackN => {
                for number in number..self.next {
                    let attempt = self.attempts.get(number as usize).copied();
                    self.lose_transmission(number, attempt.unwrap_or_default());
                }
            }
        }
    }

    fn lose_transmission(&mut self, number: u32, attempt: u8) {
        let newest = self.attempts.get(number as usize);
        let is_newest = newest.is_some_and(|it| [attempt, UNKNOWN_ATTEMPT].contains(it));
        let in_flight = [SenderState::InFlight, SenderState::Resent];
        if is_newest && in_flight.contains(&self.sender(number)) {
            self.set_sender(number, SenderState::Lost);
        }
    }

    /// An ACK or NACK has reached the sender.
    fn hear(&mut self, packet: &PacketRecord) {
        let wanted = packet.sequence.0.wrapping_sub(self.first_sequence);
        let is_overtaken = self.arq == Arq::Sack && wanted < self.base;
        if wanted > self.highest() || is_overtaken {
            return; // It acknowledges what was never sent, or is older than another ACK.
        }
        // The range of an individual ACK is all that it acknowledges.
        if self.arq != Arq::SelectiveRepeat {
            for number in self.base..wanted {
                self.set_sender(number, SenderState::Acked);
            }
            self.base = self.base.max(wanted);
            self.next = self.next.max(self.base);
        }
        self.hear_of(&packet.ranges(self.first_sequence));
    }

    /// It also acknowledges these ranges: together at most a window holds.
    fn hear_of(&mut self, ranges: &[[u32; 2]]) {
        let numbers = ranges.iter().flat_map(|&[first, last]| {
            first.max(self.base)..last.saturating_add(1).min(self.highest())
        });
        let numbers: Vec<_> = numbers.take(LARGEST_WINDOW as usize).collect();
        for number in numbers {
            self.set_sender(number, SenderState::Acked);
        }
        while self.arq == Arq::SelectiveRepeat
            && self.sender(self.base) == SenderState::Acked
        {
            self.base += 1;
        }
    }

    /// DATA has reached the receiver.
    fn arrive(&mut self, number: u32) {
        self.newest = None;
        if number != self.next_expected || number >= self.segments {
            return;
        }
        loop {
            self.set_receiver(self.next_expected, ReceiverState::InOrder);
            self.next_expected += 1;
            if self.receiver(self.next_expected) != ReceiverState::BufferedOutOfOrder {
                break;
            }
        }
        let next_expected_after = self.next_expected;
        self.newest = Some(Taken {
            number,
            next_expected_after,
        });
    }

    /// The receiver discarded or ignored the last arrival.
    fn take_back(&mut self, number: u32) {
        let Some(taken) = self.newest.take_if(|taken| taken.number == number) else {
            return;
        };
        self.set_receiver(number, ReceiverState::Missing);
        for early in number + 1..taken.next_expected_after {
            self.set_receiver(early, ReceiverState::BufferedOutOfOrder);
        }
        self.next_expected = number;
    }

    fn keep(&mut self, number: u32) {
        let window = self.most.min(LARGEST_WINDOW);
        let is_early =
            number > self.next_expected && number - self.next_expected <= window.max(1);
        if is_early && number < self.segments {
            self.set_receiver(number, ReceiverState::BufferedOutOfOrder);
        }
    }

    /// The number of segments ever sent.
    fn highest(&self) -> u32 {
        u32::try_from(self.sender.len()).unwrap_or(u32::MAX)
    }

    /// From here on no segment was sent and none has arrived.
    fn named(&self) -> u32 {
        let length = self.sender.len().max(self.receiver.len());
        u32::try_from(length).unwrap_or(u32::MAX)
    }

    fn set_sender(&mut self, number: u32, state: SenderState) {
        let Some(place) = self.sender.get_mut(number as usize) else {
            return;
        };
        let before = std::mem::replace(place, state);
        *self.sender_counts.of(before) -= 1;
        *self.sender_counts.of(state) += 1;
    }

    fn set_receiver(&mut self, number: u32, state: ReceiverState) {
        let place = number as usize;
        if place >= self.receiver.len() {
            self.receiver.resize(place + 1, ReceiverState::Missing);
        }
        let before = std::mem::replace(&mut self.receiver[place], state);
        *self.receiver_counts.of(before) -= 1;
        *self.receiver_counts.of(state) += 1;
    }
}

impl SenderCounts {
    /// The number of segments in this state.
    #[must_use]
    pub fn get(mut self, state: SenderState) -> u32 {
        *self.of(state)
    }

    fn of(&mut self, state: SenderState) -> &mut u32 {
        match state {
            SenderState::Unsent => &mut self.unsent,
            SenderState::InFlight => &mut self.in_flight,
            SenderState::Lost => &mut self.lost,
            SenderState::Resent => &mut self.resent,
            SenderState::Acked => &mut self.acked,
        }
    }
}

impl ReceiverCounts {
    /// The number of segments in this state.
    #[must_use]
    pub fn get(mut self, state: ReceiverState) -> u32 {
        *self.of(state)
    }

    fn of(&mut self, state: ReceiverState) -> &mut u32 {
        match state {
            ReceiverState::Missing => &mut self.missing,
            ReceiverState::BufferedOutOfOrder => &mut self.buffered_out_of_order,
            ReceiverState::InOrder => &mut self.in_order,
        }
    }
}

/// The number of pieces of this length; a forged heading may contain any number.
fn segments(bytes: u64, segment_bytes: u16) -> u32 {
    let pieces = bytes.div_ceil(u64::from(segment_bytes).max(1));
    u32::try_from(pieces).unwrap_or(u32::MAX)
}

const fn is_answer(packet: &PacketName) -> bool {
    matches!(packet.kind, Kind::Ack | Kind::Nack)
}

#[cfg(test)]
pub(super) mod tests;
