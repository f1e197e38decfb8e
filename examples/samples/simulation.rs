//! Go-back-N or selective repeat as a film shows them: a few segments, time in steps.
//!
//! A sketch for the eye, not the machines of Sash, which are in `src/reliable/`: sequence
//! numbers do not wrap, timers are fixed, ACKs are never lost.
//!
//! Source: Kurose & Ross §3.4.3 (go-back-N), §3.4.4 (selective repeat).

/// Which of the two.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    GoBackN,
    SelectiveRepeat,
}

/// What the sender knows of a segment.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sent {
    Unsent,
    InFlight,
    Resent,
    Acked,
}

/// What the receiver has of a segment.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Received {
    Missing,
    BufferedOutOfOrder,
    Delivered,
}

/// A packet on its way.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Flight {
    pub(crate) segment: usize,
    pub(crate) is_ack: bool,
    pub(crate) is_lost: bool,
    pub(crate) sent_at: u32,
}

/// Both ends and what is between them.
#[derive(Clone)]
pub(crate) struct Simulation {
    pub(crate) protocol: Protocol,
    pub(crate) sent: [Sent; SEGMENTS],
    pub(crate) received: [Received; SEGMENTS],
    pub(crate) flights: Vec<Flight>,
    pub(crate) base: usize,
    pub(crate) sent_first: u32,
    pub(crate) sent_again: u32,
    pub(crate) now: u32,
    waiting: Vec<usize>,
    next: usize,
    attempts: [u32; SEGMENTS],
    deadlines: [Option<u32>; SEGMENTS],
    free_at: u32,
}

impl Simulation {
    pub(crate) fn new(protocol: Protocol) -> Self {
        Self {
            protocol,
            sent: [Sent::Unsent; SEGMENTS],
            received: [Received::Missing; SEGMENTS],
            flights: Vec::new(),
            base: 0,
            sent_first: 0,
            sent_again: 0,
            now: 0,
            waiting: Vec::new(),
            next: 0,
            attempts: [0; SEGMENTS],
            deadlines: [None; SEGMENTS],
            free_at: 0,
        }
    }

    pub(crate) fn is_finished(&self) -> bool {
        self.base == SEGMENTS && self.flights.is_empty()
    }

    /// How much of its way a packet has gone, 0 to 1.
    pub(crate) fn share_gone(&self, flight: &Flight) -> f32 {
        let steps = u16::try_from(self.now - flight.sent_at).unwrap_or(u16::MAX);
        f32::from(steps) / f32::from(ONE_WAY_STEPS)
    }

    /// One step of time passes.
    pub(crate) fn advance(&mut self) {
        self.now += 1;
        let arrival = |flight: &Flight| flight.sent_at + u32::from(ONE_WAY_STEPS);
        for flight in self.flights.clone() {
            if arrival(&flight) == self.now && !flight.is_lost {
                self.arrive(flight);
            }
        }
        self.flights.retain(|flight| arrival(flight) > self.now);
        self.expire();
        self.send();
    }

    fn arrive(&mut self, flight: Flight) {
        if flight.is_ack {
            self.on_ack(flight.segment);
            return;
        }
        let segment = flight.segment;
        let expected = self.expected();
        match self.protocol {
            Protocol::GoBackN if segment == expected => {
                self.received[segment] = Received::Delivered;
                self.acknowledge(segment);
            }
            // The textbook's receiver keeps nothing early: it repeats its last ACK.
            Protocol::GoBackN => {
                if let Some(last) = expected.checked_sub(1) {
                    self.acknowledge(last);
                }
            }
            Protocol::SelectiveRepeat => {
                if self.received[segment] == Received::Missing {
                    self.received[segment] = Received::BufferedOutOfOrder;
                }
                for place in &mut self.received[expected..] {
                    if *place == Received::Missing {
                        break;
                    }
                    *place = Received::Delivered;
                }
                self.acknowledge(segment);
            }
        }
    }

    fn acknowledge(&mut self, segment: usize) {
        self.flights.push(Flight {
            segment,
            is_ack: true,
            is_lost: false,
            sent_at: self.now,
        });
    }

    fn on_ack(&mut self, segment: usize) {
        let first = match self.protocol {
            Protocol::GoBackN => self.base.min(segment),
            Protocol::SelectiveRepeat => segment,
        };
        for acked in first..=segment {
            self.sent[acked] = Sent::Acked;
            self.deadlines[acked] = None;
        }
        while self.base < SEGMENTS && self.sent[self.base] == Sent::Acked {
            self.base += 1;
        }
        self.waiting.retain(|&segment| segment >= self.base);
    }

    fn expire(&mut self) {
        let expired = (self.base..self.next)
            .find(|&it| self.deadlines[it].is_some_and(|deadline| deadline <= self.now));
        let Some(expired) = expired else { return };
        match self.protocol {
            Protocol::GoBackN => {
                self.waiting = (self.base..self.next).collect();
                self.deadlines = [None; SEGMENTS];
            }
            Protocol::SelectiveRepeat => {
                self.waiting.push(expired);
                self.deadlines[expired] = None;
            }
        }
    }

    fn send(&mut self) {
        if self.now < self.free_at {
            return;
        }
        let segment = if !self.waiting.is_empty() {
            self.waiting.remove(0)
        } else if self.next < SEGMENTS && self.next < self.base + WINDOW {
            self.next += 1;
            self.next - 1
        } else {
            return;
        };
        let attempt = self.attempts[segment];
        self.flights.push(Flight {
            segment,
            is_ack: false,
            is_lost: LOST.contains(&(segment, attempt)),
            sent_at: self.now,
        });
        self.attempts[segment] += 1;
        if attempt == 0 {
            self.sent[segment] = Sent::InFlight;
            self.sent_first += 1;
        } else {
            self.sent[segment] = Sent::Resent;
            self.sent_again += 1;
        }
        self.deadlines[segment] = Some(self.now + TIMEOUT_STEPS);
        self.free_at = self.now + STEPS_PER_PACKET;
    }

    fn expected(&self) -> usize {
        let delivered = |place: &&Received| **place == Received::Delivered;
        self.received.iter().take_while(delivered).count()
    }
}

/// Segments of the file.
pub(crate) const SEGMENTS: usize = 18;

/// Most segments in flight.
pub(crate) const WINDOW: usize = 6;

/// The losses, the same for both: segment and attempt.
const LOST: [(usize, u32); 3] = [(3, 0), (9, 0), (14, 0)];

/// How long a packet flies.
const ONE_WAY_STEPS: u16 = 11;

/// How long the sender needs to put one packet on the wire.
const STEPS_PER_PACKET: u32 = 4;

/// How long the sender waits for an ACK: a round trip and a little.
const TIMEOUT_STEPS: u32 = 28;
