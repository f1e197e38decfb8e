//! Two ends and a channel in each direction, as a system whose behaviours can all be tried.

use super::ends::{Ack, Agreement, Data, Protocol, Receiver, Sender, Small};
use stateright::{Model, Property};
use std::fmt;

/// What a channel may do to packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// Lose and duplicate them, but keep their order; it holds this many, and loses what arrives
    /// when it is full.
    Kept { room: usize },
    /// Lose, duplicate and reorder them: every packet that was ever sent may arrive at any
    /// time, any number of times.
    Free,
}

/// The packets of one direction that may still arrive.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Channel<P>(pub(crate) Vec<P>);

impl<P: Clone + Ord> Channel<P> {
    fn carry(&mut self, order: Order, packet: P) {
        match order {
            Order::Kept { room } if self.0.len() < room => self.0.push(packet),
            Order::Kept { .. } => (),
            Order::Free => {
                if let Err(place) = self.0.binary_search(&packet) {
                    self.0.insert(place, packet);
                }
            }
        }
    }

    /// The packets that may arrive next, and whether a copy of each remains.
    fn arrivals(&self, order: Order) -> Vec<(usize, bool)> {
        match order {
            Order::Kept { .. } if self.0.is_empty() => Vec::new(),
            Order::Kept { .. } => vec![(0, false), (0, true)],
            Order::Free => (0..self.0.len()).map(|place| (place, true)).collect(),
        }
    }

    fn arrive(&mut self, place: usize, is_kept: bool) -> P {
        if is_kept {
            self.0[place].clone()
        } else {
            self.0.remove(place)
        }
    }
}

/// Both ends and both channels.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct State {
    pub(crate) sender: Sender<Small>,
    pub(crate) receiver: Receiver<Small>,
    pub(crate) data: Channel<Data<Small>>,
    pub(crate) acks: Channel<Ack<Small>>,
}

/// One thing that may happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    /// The segment this far ahead of the sender's base is sent or retransmitted.
    Send(u32),
    TimeOut,
    DataArrives {
        place: usize,
        is_kept: bool,
    },
    AckArrives {
        place: usize,
        is_kept: bool,
    },
    /// The oldest DATA in flight is lost.
    LoseData,
    LoseAck,
}

/// The purpose of a search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Question {
    /// Check all properties.
    All,
    /// Find the shortest path to a segment in the wrong place.
    Spoilt,
    /// Find the shortest path to a sender with a wrong belief.
    Deceived,
    /// Find the shortest path to an ACK that the sender cannot interpret.
    Misunderstood,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct System {
    pub(crate) agreed: Agreement,
    /// How many numbers there are.
    pub(crate) space: u32,
    pub(crate) order: Order,
    pub(crate) question: Question,
}

impl Model for System {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let (value, space) = (0, self.space);
        let first = Small { value, space };
        vec![State {
            sender: Sender::new(&self.agreed, first),
            receiver: Receiver::new(&self.agreed, first),
            data: Channel(Vec::new()),
            acks: Channel(Vec::new()),
        }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        let sendable = (0..=self.agreed.window)
            .filter(|ahead| state.sender.may_send(&self.agreed, *ahead));
        actions.extend(sendable.map(Action::Send));
        for (place, is_kept) in state.data.arrivals(self.order) {
            actions.push(Action::DataArrives { place, is_kept });
        }
        for (place, is_kept) in state.acks.arrivals(self.order) {
            actions.push(Action::AckArrives { place, is_kept });
        }
        if state.sender.may_time_out() {
            actions.push(Action::TimeOut);
        }
        if matches!(self.order, Order::Kept { .. }) {
            actions.extend((!state.data.0.is_empty()).then_some(Action::LoseData));
            actions.extend((!state.acks.0.is_empty()).then_some(Action::LoseAck));
        }
    }

    fn next_state(&self, state: &State, action: Action) -> Option<State> {
        let mut state = state.clone();
        match action {
            Action::Send(ahead) => {
                let data = state.sender.send(ahead);
                state.data.carry(self.order, data);
            }
            Action::TimeOut => state.sender.time_out(),
            Action::DataArrives { place, is_kept } => {
                let data = state.data.arrive(place, is_kept);
                if let (_, Some(ack)) = state.receiver.take(&self.agreed, data) {
                    state.acks.carry(self.order, ack);
                }
            }
            Action::AckArrives { place, is_kept } => {
                let ack = state.acks.arrive(place, is_kept);
                state.sender.take(&ack);
            }
            Action::LoseData => drop(state.data.0.remove(0)),
            Action::LoseAck => drop(state.acks.0.remove(0)),
        }
        Some(state)
    }

    /// A receiver that has taken more than the file is wrong already.
    fn within_boundary(&self, state: &State) -> bool {
        state.receiver.delivered <= self.agreed.segments + 1
    }

    fn properties(&self) -> Vec<Property<Self>> {
        let in_order = Property::always(IN_ORDER, |_: &Self, state: &State| {
            !state.receiver.is_spoilt
        });
        let true_belief = Property::always(TRUE_BELIEF, |_: &Self, state: &State| {
            state.believes_what_is_true()
        });
        // A misunderstood individual ACK says nothing about later ones.
        let understood = Property::always(UNDERSTOOD, |system: &Self, state: &State| {
            system.agreed.protocol == Protocol::SelectiveRepeat
                || state.sender.clone().take(&state.receiver.ack())
        });
        let way_out = Property::always(WAY_OUT, |system: &Self, state: &State| {
            system.can_end_well(state)
        });
        match self.question {
            Question::All => vec![in_order, true_belief, understood, way_out],
            Question::Spoilt => vec![in_order],
            Question::Deceived => vec![true_belief],
            Question::Misunderstood => vec![understood],
        }
    }
}

/// Safety: what the receiver delivers is a prefix of what was sent.
pub(crate) const IN_ORDER: &str = "what is delivered is a prefix of what was sent";

/// Safety, the sender's half: without it a transfer could end with a hole.
pub(crate) const TRUE_BELIEF: &str = "what the sender believes arrived has arrived";

/// Otherwise the sender would retransmit the same segment for ever.
pub(crate) const UNDERSTOOD: &str = "what the receiver would say now is understood";

/// Liveness, as far as chance allows: from every state the transfer can still succeed.
pub(crate) const WAY_OUT: &str =
    "from here a run without further loss ends with the whole file";

impl State {
    fn believes_what_is_true(&self) -> bool {
        let Self {
            sender, receiver, ..
        } = self;
        let has_arrived = |segment: u32| {
            segment < receiver.delivered
                || receiver
                    .out_of_order
                    .iter()
                    .any(|data| data.segment == segment)
        };
        let out_of_order =
            (0..sender.sent).filter(|ahead| sender.arrived & (1 << ahead) != 0);
        sender.acked <= receiver.delivered
            && out_of_order
                .map(|ahead| sender.acked + ahead)
                .all(has_arrived)
    }
}

impl System {
    /// Whether the file still arrives if everything in flight is lost and nothing afterwards: the
    /// oldest segment is retransmitted, it arrives, its ACK arrives.
    fn can_end_well(&self, state: &State) -> bool {
        let (mut sender, mut receiver) = (state.sender.clone(), state.receiver.clone());
        for _ in 0..=2 * self.agreed.segments {
            if sender.acked == self.agreed.segments {
                return receiver.delivered == self.agreed.segments;
            }
            if sender.may_time_out() {
                sender.time_out();
            }
            if !sender.may_send(&self.agreed, 0) {
                return false;
            }
            let data = sender.send(0);
            if let (_, Some(ack)) = receiver.take(&self.agreed, data) {
                sender.take(&ack);
            }
        }
        false
    }
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Kept { .. } => "kept",
            Self::Free => "free",
        })
    }
}
