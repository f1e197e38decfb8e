//! Both ends of a transfer without time, packets or bytes.
//!
//! The ends of a textbook protocol are those of the program: the model drives them through the
//! same trait as the generic sender and receiver do, with its own sequence-number space. The
//! ends of `sack` are its rules and the state that these rules need.
//!
//! Each end also counts what it cannot know from the wire (which segment a number means), so
//! that the properties can be checked. No decision uses these counts, with one exception: a
//! sender knows the length of its file.

use sash::reliable::protocol::{
    Acks, ReceiverAction, ReceiverActions, ReceiverProtocol, SenderAction, SenderActions,
    SenderProtocol, Timer,
};
use sash::reliable::sack::rules::{self, Position};
use sash::reliable::{go_back_n, selective_repeat, stop_and_wait};
use sash::wire::sequence::Circular;
use std::collections::BTreeSet;
use std::ops::{Add, Range, Sub};

/// A number in a sequence-number space of `space` numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Small {
    pub(crate) value: u32,
    pub(crate) space: u32,
}

impl Add<u32> for Small {
    type Output = Self;

    fn add(self, segments: u32) -> Self {
        let value = (self.value + segments) % self.space;
        Self { value, ..self }
    }
}

impl Sub for Small {
    type Output = u32;

    fn sub(self, earlier: Self) -> u32 {
        (self.value + self.space - earlier.value) % self.space
    }
}

impl Circular for Small {}

/// Which protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    StopAndWait,
    GoBackN,
    SelectiveRepeat,
    Sack,
}

impl Protocol {
    /// The window of its receiver.
    const fn receive_window(self, window: u32) -> u32 {
        match self {
            Self::StopAndWait | Self::GoBackN => 1,
            Self::SelectiveRepeat | Self::Sack => window,
        }
    }
}

/// What both ends have agreed on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Agreement {
    pub(crate) protocol: Protocol,
    pub(crate) window: u32,
    /// The file's length.
    pub(crate) segments: u32,
    /// It does; the checker showed why it must.
    pub(crate) window_ends_with_the_file: bool,
}

/// A segment in flight. The packet carries only `number`; the file's bytes tell `segment`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Data<S> {
    pub(crate) number: S,
    pub(crate) segment: u32,
}

/// An ACK in flight.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Ack<S> {
    /// The next expected number; of an individual ACK, the acknowledged one.
    pub(crate) wants: S,
    /// The segments that arrived out of order, in ranges.
    pub(crate) out_of_order: Vec<(S, S)>,
}

/// The sender's half of a protocol.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum SenderHalf {
    StopAndWait(stop_and_wait::Sender),
    GoBackN(go_back_n::Sender),
    SelectiveRepeat(selective_repeat::Sender),
    Sack,
}

impl SenderHalf {
    fn textbook(&mut self) -> Option<&mut dyn SenderProtocol> {
        match self {
            Self::StopAndWait(sender) => Some(sender),
            Self::GoBackN(sender) => Some(sender),
            Self::SelectiveRepeat(sender) => Some(sender),
            Self::Sack => None,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Sender<S> {
    pub(crate) base: S,
    /// The number of segments before `base`.
    pub(crate) acked: u32,
    /// The number of segments from `base` on that were ever sent.
    pub(crate) sent: u32,
    /// The segments from `base` on that arrived out of order; the lowest bit is `base`.
    pub(crate) arrived: u32,
    half: SenderHalf,
    /// Textbook: segments that the protocol has sent and that have not left yet.
    waiting: BTreeSet<u32>,
    /// Textbook: the timers that run.
    timers: BTreeSet<Timer>,
}

impl<S: Circular> Sender<S> {
    pub(crate) fn new(agreed: &Agreement, first: S) -> Self {
        let half = match agreed.protocol {
            Protocol::StopAndWait => {
                SenderHalf::StopAndWait(stop_and_wait::Sender::new())
            }
            Protocol::GoBackN => {
                SenderHalf::GoBackN(go_back_n::Sender::new(agreed.window))
            }
            Protocol::SelectiveRepeat => {
                SenderHalf::SelectiveRepeat(selective_repeat::Sender::new(agreed.window))
            }
            Protocol::Sack => SenderHalf::Sack,
        };
        Self {
            base: first,
            acked: 0,
            sent: 0,
            arrived: 0,
            half,
            waiting: BTreeSet::new(),
            timers: BTreeSet::new(),
        }
    }

    /// Whether the segment that lies `ahead` of `base` may leave now. A timer of its own
    /// may expire at any moment; `sack` may retransmit a missing segment at any moment, which
    /// covers every method of loss detection.
    pub(crate) fn may_send(&self, agreed: &Agreement, ahead: u32) -> bool {
        if self.acked + ahead >= agreed.segments {
            return false;
        }
        let mut half = self.half.clone();
        let Some(protocol) = half.textbook() else {
            let is_missing = ahead <= self.sent && self.arrived & (1 << ahead) == 0;
            return is_missing && ahead < agreed.window;
        };
        if let Some(first) = self.waiting.first() {
            return *first == self.acked + ahead;
        }
        if self.timers.contains(&self.own_timer(ahead)) {
            return true;
        }
        let mut actions = SenderActions::default();
        protocol.on_data_from_above(&mut actions);
        ahead == self.sent && !actions.take().is_empty()
    }

    fn own_timer(&self, ahead: u32) -> Timer {
        Timer::Of(i64::from(self.acked + ahead))
    }

    pub(crate) fn send(&mut self, ahead: u32) -> Data<S> {
        let (number, segment) = (self.base + ahead, self.acked + ahead);
        let timer = self.own_timer(ahead);
        let mut actions = SenderActions::default();
        if let Some(protocol) = self.half.textbook()
            && self.waiting.is_empty()
        {
            if self.timers.contains(&timer) {
                protocol.on_timeout(timer, &mut actions);
            } else {
                protocol.on_data_from_above(&mut actions);
            }
        }
        self.perform(actions);
        self.waiting.remove(&segment);
        self.sent = self.sent.max(ahead + 1);
        Data { number, segment }
    }

    fn perform(&mut self, mut actions: SenderActions) {
        for action in actions.take() {
            match action {
                SenderAction::Send(segment) => {
                    self.waiting.extend(u32::try_from(segment));
                }
                SenderAction::StartTimer(timer) => drop(self.timers.insert(timer)),
                SenderAction::StopTimer(timer) => drop(self.timers.remove(&timer)),
            }
        }
    }

    /// The only timer may expire while the oldest segment is in flight.
    pub(crate) fn may_time_out(&self) -> bool {
        self.timers.contains(&Timer::Only) && !self.waiting.contains(&self.acked)
    }

    pub(crate) fn time_out(&mut self) {
        let mut actions = SenderActions::default();
        if let Some(protocol) = self.half.textbook() {
            protocol.on_timeout(Timer::Only, &mut actions);
        }
        self.perform(actions);
    }

    /// Processes an ACK; `false` if it acknowledges nothing.
    pub(crate) fn take(&mut self, ack: &Ack<S>) -> bool {
        let Some(protocol) = self.half.textbook() else {
            return self.take_ranges(ack);
        };
        let mut actions = SenderActions::default();
        let ahead = ack.wants - self.base;
        match protocol.acks() {
            Acks::Cumulative if ahead <= self.sent => {
                let number = i64::from(self.acked + ahead) - 1;
                protocol.on_ack(number, &mut actions);
                self.slide(ahead);
            }
            Acks::Individual if ahead < self.sent => {
                let number = i64::from(self.acked + ahead);
                protocol.on_ack(number, &mut actions);
                self.arrived |= 1 << ahead;
                self.slide(self.arrived.trailing_ones());
            }
            Acks::Cumulative | Acks::Individual => return false,
        }
        self.perform(actions);
        true
    }

    fn take_ranges(&mut self, ack: &Ack<S>) -> bool {
        let ranges = ack.out_of_order.iter().map(|&(start, end)| start..end);
        let acknowledged = rules::acknowledged(self.base, self.sent, ack.wants, ranges);
        let Some((acked, out_of_order)) = acknowledged else {
            return false;
        };
        for ahead in out_of_order.into_iter().flatten() {
            self.arrived |= 1 << ahead;
        }
        self.slide(acked);
        true
    }

    fn slide(&mut self, acked: u32) {
        self.arrived >>= acked;
        self.base = self.base + acked;
        self.acked += acked;
        self.sent = self.sent.saturating_sub(acked);
        self.waiting.retain(|segment| *segment >= self.acked);
    }
}

/// The receiver's half of a protocol.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum ReceiverHalf {
    StopAndWait(stop_and_wait::Receiver),
    GoBackN(go_back_n::Receiver),
    SelectiveRepeat(selective_repeat::Receiver),
    Sack,
}

impl ReceiverHalf {
    fn textbook(&mut self) -> Option<&mut dyn ReceiverProtocol> {
        match self {
            Self::StopAndWait(receiver) => Some(receiver),
            Self::GoBackN(receiver) => Some(receiver),
            Self::SelectiveRepeat(receiver) => Some(receiver),
            Self::Sack => None,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Receiver<S> {
    pub(crate) expected: S,
    /// How many segments were delivered.
    pub(crate) delivered: u32,
    /// The segments that are buffered out of order.
    pub(crate) out_of_order: Vec<Data<S>>,
    /// A segment was delivered in another's place.
    pub(crate) is_spoilt: bool,
    half: ReceiverHalf,
}

/// The result of an arrival.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// These places of the file were filled.
    Delivered(Range<u32>),
    Kept,
    Dropped,
}

impl<S: Circular> Receiver<S> {
    pub(crate) fn new(agreed: &Agreement, first: S) -> Self {
        let half = match agreed.protocol {
            Protocol::StopAndWait => {
                ReceiverHalf::StopAndWait(stop_and_wait::Receiver::new())
            }
            Protocol::GoBackN => ReceiverHalf::GoBackN(go_back_n::Receiver::new()),
            Protocol::SelectiveRepeat => ReceiverHalf::SelectiveRepeat(
                selective_repeat::Receiver::new(agreed.window),
            ),
            Protocol::Sack => ReceiverHalf::Sack,
        };
        Self {
            expected: first,
            delivered: 0,
            out_of_order: Vec::new(),
            is_spoilt: false,
            half,
        }
    }

    /// Processes a segment and returns the result and the ACK.
    pub(crate) fn take(
        &mut self,
        agreed: &Agreement,
        data: Data<S>,
    ) -> (Arrival, Option<Ack<S>>) {
        let window = agreed.protocol.receive_window(agreed.window);
        let left = if agreed.window_ends_with_the_file {
            agreed.segments.saturating_sub(self.delivered)
        } else {
            u32::MAX
        };
        let place = rules::position(self.expected, window, left, data.number);
        if self.half.textbook().is_some() {
            return self.take_by_textbook(place, data);
        }
        let arrival = match place {
            Position::Next => {
                let start = self.delivered;
                self.deliver(data);
                while let Some(next) = self.take_out_of_order() {
                    self.deliver(next);
                }
                Arrival::Delivered(start..self.delivered)
            }
            Position::OutOfOrder
                if !self.out_of_order.iter().any(|it| it.number == data.number) =>
            {
                self.keep(data);
                Arrival::Kept
            }
            Position::OutOfOrder | Position::Outside => Arrival::Dropped,
        };
        (arrival, Some(self.ack()))
    }

    /// The segment that a number means to a textbook receiver: one of its window, or otherwise
    /// one before it.
    fn take_by_textbook(
        &mut self,
        place: Position,
        data: Data<S>,
    ) -> (Arrival, Option<Ack<S>>) {
        let (before, start) = (self.out_of_order.len(), self.delivered);
        let segment = match place {
            Position::Next | Position::OutOfOrder => {
                i64::from(self.delivered) + i64::from(data.number - self.expected)
            }
            // Beyond the end of the file: the generic receiver treats it as an old one.
            Position::Outside if self.expected == data.number => -i64::from(u32::MAX),
            Position::Outside => {
                i64::from(self.delivered) - i64::from(self.expected - data.number)
            }
        };
        let mut actions = ReceiverActions::default();
        if let Some(protocol) = self.half.textbook() {
            if protocol.is_wanted(segment) {
                self.out_of_order.push(data);
            }
            protocol.on_data(segment, &mut actions);
        }
        let (expected, mut ack) = (self.expected, None);
        self.out_of_order.sort_by_key(|it| it.number - expected);
        for action in actions.take() {
            match action {
                ReceiverAction::Deliver(_) => {
                    let next = self.out_of_order.remove(0);
                    self.deliver(next);
                }
                ReceiverAction::Acknowledge(number) if number == segment => {
                    ack = Some(data.number);
                }
                ReceiverAction::Acknowledge(_) => {}
            }
        }
        let arrival = match self.delivered {
            delivered if delivered > start => Arrival::Delivered(start..delivered),
            _ if self.out_of_order.len() > before => Arrival::Kept,
            _ => Arrival::Dropped,
        };
        let is_individual = matches!(self.half, ReceiverHalf::SelectiveRepeat(_));
        let individual = |wants| Ack {
            wants,
            out_of_order: Vec::new(),
        };
        if is_individual {
            (arrival, ack.map(individual))
        } else {
            (arrival, Some(self.ack()))
        }
    }

    fn keep(&mut self, data: Data<S>) {
        self.out_of_order.push(data);
        let expected = self.expected;
        self.out_of_order.sort_by_key(|it| it.number - expected);
    }

    fn deliver(&mut self, data: Data<S>) {
        self.is_spoilt |= data.segment != self.delivered;
        self.delivered += 1;
        self.expected = self.expected + 1;
    }

    fn take_out_of_order(&mut self) -> Option<Data<S>> {
        let is_due = self.out_of_order.first()?.number == self.expected;
        is_due.then(|| self.out_of_order.remove(0))
    }

    /// The content of an ACK now, unless ACKs are individual.
    pub(crate) fn ack(&self) -> Ack<S> {
        let mut out_of_order: Vec<(S, S)> = Vec::new();
        for data in &self.out_of_order {
            match out_of_order.last_mut() {
                Some((_, end)) if *end == data.number => *end = data.number + 1,
                _ => out_of_order.push((data.number, data.number + 1)),
            }
        }
        let wants = self.expected;
        Ack {
            wants,
            out_of_order,
        }
    }
}
