//! Both ends of a transfer without time, packets or bytes: `reliable::sack::rules` and what
//! must be remembered to ask them.
//!
//! Each end also counts what it could not know from the wire (which segment a number stands
//! for), so that the properties can be asked. No decision looks at these counts, but one:
//! a sender knows how long its file is.

use sash::reliable::sack::rules::{self, Place};
use sash::wire::sequence::Circular;
use std::ops::{Add, Range, Sub};

/// A number on a circle of `space` numbers.
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

/// Whose rules; stop-and-wait is go-back-N with a window of one segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    GoBackN,
    SelectiveRepeat,
}

/// What both ends have agreed on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Agreement {
    pub(crate) protocol: Protocol,
    pub(crate) window: u32,
    /// The file's length.
    pub(crate) segments: u32,
    /// It does; the checker found out why it must.
    pub(crate) window_ends_with_the_file: bool,
}

/// A segment on its way. Only the number travels; which segment it is, the file's bytes
/// would tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Data<S> {
    pub(crate) number: S,
    pub(crate) segment: u32,
}

/// An ACK on its way.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Ack<S> {
    pub(crate) wants: S,
    /// What has arrived early, in runs.
    pub(crate) early: Vec<(S, S)>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Sender<S> {
    pub(crate) base: S,
    /// How many segments lie before `base`.
    pub(crate) acked: u32,
    /// How many from `base` on were ever sent.
    pub(crate) reach: u32,
    /// Go-back-N: how far ahead of `base` sending goes on.
    pub(crate) ahead: u32,
    /// Selective repeat: which from `base` on have arrived early; the lowest bit is `base`.
    pub(crate) arrived: u32,
}

impl<S: Circular> Sender<S> {
    pub(crate) const fn new(first: S) -> Self {
        let (acked, reach, ahead, arrived) = (0, 0, 0, 0);
        Self {
            base: first,
            acked,
            reach,
            ahead,
            arrived,
        }
    }

    /// Whether the segment that lies `ahead` of `base` may be sent now. Selective repeat
    /// may send again what is missing whenever it likes: that is every way of finding out
    /// about losses at once.
    pub(crate) fn may_send(&self, agreed: &Agreement, ahead: u32) -> bool {
        let is_in_file = self.acked + ahead < agreed.segments;
        let is_its_turn = match agreed.protocol {
            Protocol::GoBackN => ahead == self.ahead,
            Protocol::SelectiveRepeat => {
                ahead <= self.reach && self.arrived & (1 << ahead) == 0
            }
        };
        is_in_file && is_its_turn && rules::has_room(ahead, agreed.window)
    }

    pub(crate) fn send(&mut self, ahead: u32) -> Data<S> {
        self.ahead = ahead + 1;
        self.reach = self.reach.max(self.ahead);
        Data {
            number: self.base + ahead,
            segment: self.acked + ahead,
        }
    }

    /// Go-back-N's timer runs while anything is on its way.
    pub(crate) fn may_time_out(&self, agreed: &Agreement) -> bool {
        agreed.protocol == Protocol::GoBackN && self.ahead > 0
    }

    pub(crate) const fn time_out(&mut self) {
        self.ahead = 0;
    }

    /// Takes an ACK; `false` where it says nothing.
    pub(crate) fn take(&mut self, ack: &Ack<S>) -> bool {
        let Some(acked) = rules::acknowledged(self.base, self.reach, ack.wants) else {
            return false;
        };
        let early = |&(start, end): &(S, S)| {
            rules::acknowledged_early(self.base, self.reach, acked, start..end)
        };
        let Some(early) = ack.early.iter().map(early).collect::<Option<Vec<_>>>() else {
            return false;
        };
        for ahead in early.into_iter().flatten() {
            self.arrived |= 1 << ahead;
        }
        self.arrived >>= acked;
        self.base = self.base + acked;
        self.acked += acked;
        self.reach = self.reach.saturating_sub(acked);
        self.ahead = self.ahead.saturating_sub(acked);
        true
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Receiver<S> {
    pub(crate) expected: S,
    /// How many segments were delivered.
    pub(crate) delivered: u32,
    /// What came early.
    pub(crate) early: Vec<Data<S>>,
    /// A segment was delivered in another's place.
    pub(crate) is_spoilt: bool,
}

/// What became of a segment that arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// These places of the file were filled.
    Delivered(Range<u32>),
    Kept,
    Dropped,
}

impl<S: Circular> Receiver<S> {
    pub(crate) const fn new(first: S) -> Self {
        Self {
            expected: first,
            delivered: 0,
            early: Vec::new(),
            is_spoilt: false,
        }
    }

    pub(crate) fn take(&mut self, agreed: &Agreement, data: Data<S>) -> Arrival {
        let window = match agreed.protocol {
            Protocol::GoBackN => 1,
            Protocol::SelectiveRepeat => agreed.window,
        };
        let left = if agreed.window_ends_with_the_file {
            agreed.segments.saturating_sub(self.delivered)
        } else {
            u32::MAX
        };
        match rules::place(self.expected, window, left, data.number) {
            Place::Next => {
                let start = self.delivered;
                self.deliver(data);
                while let Some(next) = self.take_early() {
                    self.deliver(next);
                }
                Arrival::Delivered(start..self.delivered)
            }
            Place::Early if !self.early.iter().any(|it| it.number == data.number) => {
                self.early.push(data);
                let expected = self.expected;
                self.early.sort_by_key(|it| it.number - expected);
                Arrival::Kept
            }
            Place::Early | Place::Outside => Arrival::Dropped,
        }
    }

    fn deliver(&mut self, data: Data<S>) {
        self.is_spoilt |= data.segment != self.delivered;
        self.delivered += 1;
        self.expected = self.expected + 1;
    }

    fn take_early(&mut self) -> Option<Data<S>> {
        let is_due = self.early.first()?.number == self.expected;
        is_due.then(|| self.early.remove(0))
    }

    /// What an ACK says now.
    pub(crate) fn ack(&self) -> Ack<S> {
        let mut early: Vec<(S, S)> = Vec::new();
        for data in &self.early {
            match early.last_mut() {
                Some((_, end)) if *end == data.number => *end = data.number + 1,
                _ => early.push((data.number, data.number + 1)),
            }
        }
        let wants = self.expected;
        Ack { wants, early }
    }
}
