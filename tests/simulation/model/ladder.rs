//! A path through the model as a ladder diagram, with the laboratory's arrows. It shows step
//! numbers in the place of times, since the model has no time.
//!
//! A row is placed where its packet left. A packet that has not arrived by the end is drawn as
//! lost.

use super::ends::{Ack, Arrival, Data, Protocol, Receiver, Sender, Small};
use super::system::{Action, Order, State, System};
use sash::lab::ladder::{arrow, ends};
use sash::link::Direction;
use std::fmt::Write as _;

/// Draws each state with the action that was taken in it.
pub(crate) fn text(system: &System, way: &[(State, Option<Action>)]) -> String {
    let mut ladder = Ladder::default();
    for (number, (state, action)) in way.iter().enumerate() {
        if let Some(action) = action {
            ladder.take(system, number + 1, state, *action);
        }
    }
    let mut text = format!("{}\n\n", heading(system));
    text.push_str(&ends());
    for row in &ladder.rows {
        text.push_str(row.line().trim_end());
        text.push('\n');
    }
    text
}

/// The configuration, in one line.
pub(crate) fn heading(system: &System) -> String {
    let System {
        agreed,
        space,
        order,
        ..
    } = system;
    let (window, segments) = (agreed.window, agreed.segments);
    let name = name(agreed.protocol);
    let order = match order {
        Order::Kept { .. } => "the order is kept",
        Order::Free => "the order is free",
    };
    format!("{name}, window {window}, {space} numbers, {segments} segments, {order}")
}

pub(crate) const fn name(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::StopAndWait => "stop-and-wait",
        Protocol::GoBackN => "go-back-n",
        Protocol::SelectiveRepeat => "selective-repeat",
        Protocol::Sack => "sack",
    }
}

#[derive(Default)]
struct Ladder {
    rows: Vec<Row>,
    /// The rows of the packets in flight, oldest first.
    data: Vec<usize>,
    acks: Vec<usize>,
}

enum Row {
    Packet(Transmission),
    TimeOut { step: usize },
}

#[derive(Clone)]
struct Transmission {
    packet: Packet,
    /// No step for a copy that the channel has made.
    left: Option<usize>,
    arrived: Option<usize>,
    label: String,
    note: String,
}

#[derive(Clone, PartialEq)]
enum Packet {
    Data(Data<Small>),
    Ack(Ack<Small>),
}

impl Ladder {
    fn take(&mut self, system: &System, step: usize, state: &State, action: Action) {
        let order = system.order;
        match action {
            Action::TimeOut => self.rows.push(Row::TimeOut { step }),
            Action::LoseData => drop(self.data.remove(0)),
            Action::LoseAck => drop(self.acks.remove(0)),
            Action::Send(ahead) => {
                let is_again = ahead < state.sender.sent;
                let data = state.sender.clone().send(ahead);
                let again = if is_again { ", again" } else { "" };
                let Data { number, segment } = data;
                let label = format!("DATA {} (segment {segment}{again})", number.value);
                let row = self.leave(step, Packet::Data(data), label);
                add(&mut self.data, row, order, state.data.0.len());
            }
            Action::DataArrives { place, is_kept } => {
                let data = state.data.0[place];
                let mut receiver = state.receiver.clone();
                let (note, ack) = receipt(system, &mut receiver, data);
                self.arrive(step, &Packet::Data(data), is_kept, order, note);
                if let Some(ack) = ack {
                    let label = told(system.agreed.protocol, &ack);
                    let row = self.leave(step, Packet::Ack(ack), label);
                    add(&mut self.acks, row, order, state.acks.0.len());
                }
            }
            Action::AckArrives { place, is_kept } => {
                let ack = state.acks.0[place].clone();
                let note = belief(&state.sender, &state.receiver, &ack);
                self.arrive(step, &Packet::Ack(ack), is_kept, order, note);
            }
        }
    }

    fn leave(&mut self, step: usize, packet: Packet, label: String) -> usize {
        self.rows.push(Row::Packet(Transmission {
            packet,
            left: Some(step),
            arrived: None,
            label,
            note: String::new(),
        }));
        self.rows.len() - 1
    }

    /// Puts the step at the head of the oldest such arrow without one; if all of them have
    /// arrived, it is a copy and gets its own row.
    fn arrive(
        &mut self,
        step: usize,
        packet: &Packet,
        is_kept: bool,
        order: Order,
        note: String,
    ) {
        let queue = match packet {
            Packet::Data(_) => &mut self.data,
            Packet::Ack(_) => &mut self.acks,
        };
        let rows = &mut self.rows;
        let transmission = |row: usize, rows: &[Row]| match &rows[row] {
            Row::Packet(transmission) => transmission.clone(),
            Row::TimeOut { .. } => unreachable!("a timeout does not travel"),
        };
        let mut same = queue
            .iter()
            .copied()
            .filter(|row| transmission(*row, rows).packet == *packet);
        let is_free = order == Order::Free;
        let fresh = |row: &usize| transmission(*row, rows).arrived.is_none();
        let first = same.clone().next().expect("what arrives was sent");
        let row = if is_free {
            same.find(fresh)
        } else {
            Some(first)
        };
        let row = row.unwrap_or(first);
        let mut arrival = transmission(row, rows);
        let is_copy = arrival.arrived.is_some();
        (arrival.arrived, arrival.note) = (Some(step), note);
        if is_copy {
            arrival.left = None;
            rows.push(Row::Packet(arrival));
        } else {
            rows[row] = Row::Packet(arrival);
        }
        if !is_kept {
            queue.retain(|it| *it != row);
        }
    }
}

/// A full channel loses the packet.
fn add(queue: &mut Vec<usize>, row: usize, order: Order, held: usize) {
    match order {
        Order::Kept { room } if held >= room => (),
        Order::Kept { .. } | Order::Free => queue.push(row),
    }
}

/// What the receiver does with a segment.
fn receipt(
    system: &System,
    receiver: &mut Receiver<Small>,
    data: Data<Small>,
) -> (String, Option<Ack<Small>>) {
    let before = receiver.clone();
    let (arrival, ack) = receiver.take(&system.agreed, data);
    let filled = match arrival {
        Arrival::Kept => {
            let place = before.delivered + (data.number - before.expected);
            return (put("buffered", data.segment, place), ack);
        }
        Arrival::Dropped => return ("discarded".to_owned(), ack),
        Arrival::Delivered(filled) => filled,
    };
    let run = std::iter::once(data).chain(before.out_of_order);
    let told = filled.zip(run).map(|(place, it)| {
        let verb = if place == before.delivered {
            "delivered"
        } else {
            "then"
        };
        put(verb, it.segment, place)
    });
    (told.collect::<Vec<_>>().join(", "), ack)
}

fn put(verb: &str, segment: u32, place: u32) -> String {
    if segment == place {
        format!("{verb} {segment}")
    } else {
        format!("{verb} {segment} AS {place}")
    }
}

/// What the sender concludes from an ACK.
fn belief(
    sender: &Sender<Small>,
    receiver: &Receiver<Small>,
    ack: &Ack<Small>,
) -> String {
    let mut after = sender.clone();
    if !after.take(ack) {
        return "says nothing".to_owned();
    }
    if after.acked > receiver.delivered {
        let (acked, delivered) = (after.acked, receiver.delivered);
        return format!("BELIEVED: {acked} arrived, where it is {delivered}");
    }
    String::new()
}

/// The ACK of a textbook protocol shows the number that it acknowledges.
fn told(protocol: Protocol, ack: &Ack<Small>) -> String {
    let Small { value, space } = ack.wants;
    match protocol {
        Protocol::StopAndWait | Protocol::GoBackN => {
            return format!("ACK {}", (value + space - 1) % space);
        }
        Protocol::SelectiveRepeat => return format!("ACK {value}"),
        Protocol::Sack => {}
    }
    let mut told = format!("ACK, next expected {value}");
    for (position, (start, end)) in ack.out_of_order.iter().enumerate() {
        let word = if position == 0 { ", has" } else { " and" };
        let _ = write!(told, "{word} {}", start.value);
        if *end - *start > 1 {
            let last = (end.value + end.space - 1) % end.space;
            let _ = write!(told, "-{last}");
        }
    }
    told
}

impl Row {
    fn line(&self) -> String {
        let transmission = match self {
            Self::TimeOut { step } => return format!("{step:10} * timeout"),
            Self::Packet(transmission) => transmission,
        };
        let step =
            |step: Option<usize>| step.map(|it| it.to_string()).unwrap_or_default();
        let (left, arrived) = (step(transmission.left), step(transmission.arrived));
        let (label, note) = (&transmission.label, &transmission.note);
        let is_lost = transmission.arrived.is_none();
        match transmission.packet {
            Packet::Data(_) => {
                let arrow = arrow(label, Direction::Data, is_lost);
                format!("{left:>10} |{arrow}|{arrived:>4}   {note}")
            }
            Packet::Ack(_) => {
                let arrow = arrow(label, Direction::Ack, is_lost);
                format!("{arrived:>10} |{arrow}|{left:>4}   {note}")
            }
        }
    }
}
