//! Both ends of a transfer among strangers: the bytes say which packet comes next, honest
//! or forged, what is lost, how long nothing happens, and what the drivers do.

use sash::reliable::connection::{Receiving, Sending};
use sash::reliable::handshake::Proposal;
use sash::reliable::moment::Moment;
use sash::reliable::{Machine, Transmit};
use sash::wire::digest::{Digest, Token};
use sash::wire::options::{Arq, Congestion};
use sash::wire::packet::{
    Acknowledgement, Body, HandshakeFields, Packet, Reset, SequenceRange,
};
use sash::wire::sequence::SequenceNumber;
use std::collections::BTreeSet;
use std::time::Duration;

const WINDOW: u32 = 8;

const SEGMENTS: u32 = 40;

/// Near the wrap, so that every comparison meets it.
const FIRST: SequenceNumber = SequenceNumber(u32::MAX - 20);

const DIGEST: Digest = Digest([1; 32]);

/// Each transfer of this target takes so many steps at most.
const MOST_STEPS: usize = 400;

/// Whatever happens, the receiver writes each segment once and in order, believes a FIN
/// only when all are there, and both ends come to an end.
pub fn transfer(data: &[u8]) {
    let mut bytes = Bytes(data);
    let arq = Arq::ALL[usize::from(bytes.next()) % Arq::ALL.len()];
    let is_upload = !bytes.coin();
    let congestion = if arq == Arq::StopAndWait {
        Congestion::Fixed
    } else {
        Congestion::ALL[usize::from(bytes.next()) % Congestion::ALL.len()]
    };
    let proposal = Proposal {
        size: u64::from(SEGMENTS) * 10 - 3,
        segment_bytes: 10,
        window: if arq == Arq::StopAndWait { 1 } else { WINDOW },
        congestion,
        first: Some(FIRST),
        listening: true,
        ..Proposal::EXAMPLE
    };
    let mut ends = Ends::new(arq, is_upload, proposal);
    for _ in 0..MOST_STEPS {
        if bytes.0.is_empty() {
            break;
        }
        ends.step(&mut bytes);
    }
    ends.end();
}

/// What is left of the input; zeros follow.
struct Bytes<'a>(&'a [u8]);

impl Bytes<'_> {
    fn next(&mut self) -> u8 {
        let Some((&first, rest)) = self.0.split_first() else {
            return 0;
        };
        self.0 = rest;
        first
    }

    fn coin(&mut self) -> bool {
        self.next().is_multiple_of(2)
    }

    fn u32(&mut self) -> u32 {
        u32::from_be_bytes([self.next(), self.next(), self.next(), self.next()])
    }

    /// Nearly right, or anything at all.
    fn sequence(&mut self) -> SequenceNumber {
        match self.next() {
            near @ 0..200 => FIRST + u32::from(near) % (SEGMENTS + 3),
            200..220 => SequenceNumber(FIRST.0 - 1),
            _ => SequenceNumber(self.u32()),
        }
    }
}

struct Ends {
    now: Moment,
    token: Token,
    sender: Sending,
    receiver: Receiving,
    to_sender: Vec<Transmit>,
    to_receiver: Vec<Transmit>,
    /// What the driver keeps of the segments, and what it calls written.
    early: BTreeSet<u32>,
    written: u32,
}

impl Ends {
    fn new(arq: Arq, is_upload: bool, server: Proposal) -> Self {
        let now = Moment::START;
        let client = Proposal {
            first: None,
            ..server
        };
        let (sender, receiver) = if is_upload {
            // Who sends the file knows its first number.
            let sender = Sending::initiate(arq, server, now);
            (sender, Receiving::respond(arq, client, now))
        } else {
            let sender = Sending::respond(arq, server, now);
            (sender, Receiving::initiate(arq, client, now))
        };
        let mut ends = Self {
            now,
            token: server.token,
            sender,
            receiver,
            to_sender: Vec::new(),
            to_receiver: Vec::new(),
            early: BTreeSet::new(),
            written: 0,
        };
        ends.drain();
        ends
    }

    fn step(&mut self, bytes: &mut Bytes<'_>) {
        let now = self.now;
        match bytes.next() {
            0..100 => {
                let which = usize::from(bytes.next());
                if let Some(which) = which.checked_rem(self.to_receiver.len()) {
                    let one = self.to_receiver.remove(which);
                    self.receive(&one.packet);
                }
                if let Some(which) = which.checked_rem(self.to_sender.len()) {
                    let one = self.to_sender.remove(which);
                    self.sender.on_packet(&one.packet, now);
                }
            }
            100..115 => {
                let which = usize::from(bytes.next());
                if let Some(which) = which.checked_rem(self.to_receiver.len()) {
                    self.to_receiver.remove(which);
                }
            }
            115..125 => {
                let which = usize::from(bytes.next());
                if let Some(which) = which.checked_rem(self.to_sender.len()) {
                    self.to_sender.remove(which);
                }
            }
            125..160 => {
                let packet = self.forge(bytes);
                self.receive(&packet);
            }
            160..195 => {
                let packet = self.forge(bytes);
                self.sender.on_packet(&packet, now);
            }
            195..225 => self.wait(Duration::from_millis(u64::from(bytes.next()) * 4)),
            225..230 => self.sender.set_digest(DIGEST, now),
            230..234 => self.receiver.on_damage(&[], now),
            234..238 => self.sender.on_damage(&[]),
            238..242 => self
                .receiver
                .set_receive_window(u32::from(bytes.next()) % WINDOW),
            242..245 => self.receiver.set_receive_window(WINDOW),
            245..247 => self.receiver.set_paused(bytes.coin()),
            247..249 => self.sender.set_paused(bytes.coin(), now),
            249 => {
                let _ = self.receiver.on_too_long();
            }
            250 => {
                let _ = self.sender.on_too_long(now);
            }
            251 => self.receiver.reset(Reset::DiskFailed),
            252 => self.sender.reset(Reset::Cancelled),
            253 => self.receiver.release(),
            254 => self.sender.set_verdict(bytes.coin()),
            255 => {
                if self.receiver.claimed_digest().is_some() {
                    self.receiver.set_verdict(bytes.coin(), now);
                }
            }
        }
        self.drain();
        let _ = self.sender.take_events();
        let _ = self.receiver.take_events();
    }

    fn receive(&mut self, packet: &Packet) {
        if self.receiver.is_wanted(packet) {
            assert!(packet.number >= self.written, "written twice");
            assert!(self.early.insert(packet.number), "kept twice");
            assert!(self.early.len() <= WINDOW as usize, "more than a window");
        }
        self.receiver.on_packet(packet, self.now);
        while self.written < self.receiver.segments_in_order() {
            assert!(self.early.remove(&self.written), "never arrived");
            self.written += 1;
        }
        if self.receiver.claimed_digest().is_some() {
            assert_eq!(self.written, SEGMENTS, "a FIN was believed too early");
        }
    }

    /// Time passes as a driver lets it; a machine that asks to be woken must let it.
    fn wait(&mut self, time: Duration) {
        let until = self.now + time;
        let mut wakes = 0;
        loop {
            let timeouts = [self.sender.next_timeout(), self.receiver.next_timeout()];
            let next = timeouts.into_iter().flatten().min();
            let Some(next) = next.filter(|&next| next <= until) else {
                break;
            };
            self.now = self.now.max(next);
            self.sender.on_timeout(self.now);
            self.receiver.on_timeout(self.now);
            self.drain();
            self.to_sender.truncate(100);
            self.to_receiver.truncate(100);
            wakes += 1;
            assert!(wakes < 100_000, "timers expire without end");
        }
        self.now = until;
    }

    fn drain(&mut self) {
        let most = 8 * WINDOW as usize;
        for _ in 0..most {
            let Some(one) = self.sender.poll_transmit(self.now) else {
                break;
            };
            self.to_receiver.push(one);
        }
        assert_eq!(
            self.sender.poll_transmit(self.now),
            None,
            "it sends without end"
        );
        for _ in 0..most {
            let Some(one) = self.receiver.poll_transmit(self.now) else {
                break;
            };
            self.to_sender.push(one);
        }
        assert_eq!(
            self.receiver.poll_transmit(self.now),
            None,
            "it sends without end"
        );
    }

    /// Nobody hears anything any more.
    fn end(mut self) {
        self.receiver.set_paused(false);
        self.sender.set_paused(false, self.now);
        self.sender.set_digest(DIGEST, self.now);
        self.drain();
        self.wait(Duration::from_secs(700));
        assert!(self.sender.outcome().is_some(), "the sender waits for ever");
        assert!(
            self.receiver.outcome().is_some() || self.receiver.claimed_digest().is_some(),
            "the receiver waits for ever"
        );
        assert!(self.sender.progress().acked_bytes <= u64::from(SEGMENTS) * 10 - 3);
    }

    fn forge(&self, bytes: &mut Bytes<'_>) -> Packet {
        let token = if bytes.next() < 250 {
            self.token
        } else {
            Token([9; 16])
        };
        let sequence = bytes.sequence();
        let body = match bytes.next() {
            0..60 => Body::Data {
                length: match bytes.next() {
                    0..200 => 10,
                    200..230 => 7,
                    other => u16::from(other),
                },
            },
            60..120 => Body::Ack(acknowledgement(bytes)),
            120..150 => Body::Nack(acknowledgement(bytes)),
            150..170 => Body::Syn(opening(bytes)),
            170..190 => Body::SynAck(opening(bytes)),
            190..210 => Body::Fin { digest: DIGEST },
            210..230 => Body::FinAck {
                verified: bytes.coin(),
            },
            230.. => Body::Rst {
                why: Reset::Cancelled,
            },
        };
        let number = match (&body, bytes.next()) {
            (Body::Data { .. }, 0..240) => sequence - FIRST,
            (_, near @ 0..200) => u32::from(near),
            _ => bytes.u32(),
        };
        Packet {
            token,
            number,
            attempt: bytes.next(),
            sequence,
            sent_at: bytes.u32(),
            body,
        }
    }
}

fn acknowledgement(bytes: &mut Bytes<'_>) -> Acknowledgement {
    let window = match bytes.next() {
        near @ 0..240 => u32::from(near % 20),
        240..250 => u32::MAX,
        _ => bytes.u32(),
    };
    let count = bytes.next() % 4;
    Acknowledgement {
        echo: bytes.u32(),
        window,
        received: u32::from(bytes.next()),
        ranges: (0..count)
            .map(|_| SequenceRange {
                start: bytes.sequence(),
                end: bytes.sequence(),
            })
            .collect(),
    }
}

fn opening(bytes: &mut Bytes<'_>) -> HandshakeFields {
    HandshakeFields {
        size: match bytes.next() {
            0..200 => u64::from(SEGMENTS) * 10 - 3,
            _ => u64::from(bytes.u32()) << 16,
        },
        window: match bytes.next() {
            0..200 => WINDOW,
            other => u32::from(other) % 3,
        },
        echo: bytes.u32(),
        segment_bytes: match bytes.next() {
            0..200 => 10,
            other => u16::from(other),
        },
    }
}
