//! `room`: the thread that owns the [`Room`] and carries out its effects.
//!
//! It processes one event after the other, and puts each line into the queues of its
//! receivers in this order: so there is one order for all users. A line to many is
//! encoded once. This thread never waits for a client.
//!
//! It also watches the queues: a client whose queue is full and does not move is dropped,
//! and if all queues together exceed the budget, the client with the longest one.
//!
//! A request whose answer costs more than itself (a list, anything about files) waits for
//! its turn ([`turns`](super::turns)), and so do the later requests of its client.
//! Therefore no client waits for the requests of another one.

use super::messages::{RoomMessage, TransfersMessage};
use super::peer::{Budget, Line, Peer};
use super::turns::Turns;
use crate::lab::{assignment, class_question};
use crate::reliable::moment::Moment;
use crate::room::class::Recorded;
use crate::room::door::Origin;
use crate::room::login::Entropy;
use crate::room::{Audience, ClientNumber, Effect, Room};
use crate::transfer::clock::{Clock, wall_time_ms};
use crate::wire::message::{Reply, Request};
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};
use std::collections::{HashMap, VecDeque};
use std::net::{IpAddr, Shutdown};
use std::sync::Arc;
use std::time::Duration;

/// The state of the `room` thread.
pub(super) struct RoomThread {
    room: Room,
    members: HashMap<ClientNumber, Member>,
    /// The size of the lines since the last flush.
    pending_bytes: usize,
    transfers: Sender<TransfersMessage>,
    /// The channel for the results of a class, if they are recorded.
    results: Option<Sender<Box<Recorded>>>,
    stall_limit: Duration,
    budget: Arc<Budget>,
    turns: Turns,
    /// The clients whose requests wait for their turn, in order.
    waiting: VecDeque<ClientNumber>,
    clock: Clock,
}

/// A client, and the time since its full queue has not moved.
struct Member {
    peer: Arc<Peer>,
    /// Its lines that are not in its queue yet.
    pending: Vec<Line>,
    /// Its requests that wait for their turn.
    later: VecDeque<Request>,
    /// Whether it has closed its half of the connection; it still gets its answers.
    has_finished: bool,
    stalled: Option<Stall>,
}

#[derive(Clone, Copy)]
struct Stall {
    written_bytes: u64,
    since: Moment,
}

/// The limit of events whose lines are sent together.
const BATCH_EVENTS: usize = 256;

/// Lines are sent together up to this size. Unit: bytes.
const BATCH_BYTES: usize = 16 * 1024;

/// The interval at which waiting requests are checked.
const TURN_INTERVAL: Duration = Duration::from_millis(10);

/// The time that the clients have to disconnect when the server ends.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

impl RoomThread {
    pub(super) fn new(
        mut room: Room,
        transfers: Sender<TransfersMessage>,
        results: Option<Sender<Box<Recorded>>>,
        stall_limit: Duration,
        budget: Arc<Budget>,
    ) -> Self {
        let mut entropy = Entropy([0; 32]);
        match getrandom::fill(&mut entropy.0) {
            Ok(()) => room.set_secret(entropy),
            // Without tokens, a returning client waits until its dead connection is
            // noticed.
            Err(error) => log::error!("cannot get random numbers for tokens: {error}"),
        }
        Self {
            room,
            members: HashMap::new(),
            pending_bytes: 0,
            transfers,
            results,
            stall_limit,
            budget,
            turns: Turns::default(),
            waiting: VecDeque::new(),
            clock: Clock::start(),
        }
    }

    /// Works until [`RoomMessage::Stop`].
    pub(super) fn run(mut self, events: &Receiver<RoomMessage>) {
        let check_interval = self.stall_limit / 4;
        let mut next_check = self.clock.now() + check_interval;
        loop {
            match events.recv_timeout(self.clock.until(self.next_wake(next_check))) {
                Ok(RoomMessage::Stop { room }) => return self.say_goodbye(events, &room),
                Err(RecvTimeoutError::Disconnected) => return,
                Ok(event) => {
                    self.on_event(event);
                    // Lines that arrived meanwhile are sent together, because waking a
                    // writer for each line costs more than everything else.
                    for event in events.try_iter().take(BATCH_EVENTS) {
                        if let RoomMessage::Stop { room } = event {
                            return self.say_goodbye(events, &room);
                        }
                        self.on_event(event);
                        if self.pending_bytes >= BATCH_BYTES {
                            break;
                        }
                    }
                    self.flush();
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
            self.serve_the_waiting();
            self.keep_the_budget();
            if self.clock.until(next_check).is_zero() {
                self.drop_the_stalled();
                next_check = self.clock.now() + check_interval;
            }
        }
    }

    /// The time of the next task.
    fn next_wake(&self, next_check: Moment) -> Moment {
        let is_idle = self.waiting.is_empty()
            && !self.room.has_waiting()
            && !self.budget.is_exceeded();
        if is_idle {
            return next_check;
        }
        next_check.min(self.clock.now() + TURN_INTERVAL)
    }

    fn on_event(&mut self, event: RoomMessage) {
        let effects = match event {
            RoomMessage::Arrived(peer) => {
                let member = Member {
                    pending: Vec::new(),
                    later: VecDeque::new(),
                    has_finished: false,
                    stalled: None,
                    peer,
                };
                let peer = &member.peer;
                self.room
                    .on_connected(peer.number, origin(peer.remote.ip()));
                self.members.insert(peer.number, member);
                return;
            }
            // Reports that a finished client has ended.
            RoomMessage::Gone { client, .. } if !self.members.contains_key(&client) => {
                let _ = self.transfers.send(TransfersMessage::Gone { client });
                return;
            }
            // Data that a client sent after the server closed its half is ignored.
            RoomMessage::RequestedOptions { client, .. }
            | RoomMessage::Unreadable { client, .. }
            | RoomMessage::Illegible { client, .. }
            | RoomMessage::Broken { client, .. }
            | RoomMessage::Late { client }
            | RoomMessage::Finished { client }
                if !self.members.contains_key(&client) =>
            {
                return;
            }
            RoomMessage::RequestedOptions { client, request } => {
                match self.defer(client, request) {
                    Some(request) => self.on_request(client, request),
                    None => return,
                }
            }
            RoomMessage::Unreadable { client, error } => {
                let why = error.to_string();
                self.room.on_unreadable(client, &why, error.tag())
            }
            RoomMessage::Illegible { client, error } => {
                self.room.on_illegible(client, &error.to_string())
            }
            RoomMessage::Broken { client, error } => {
                log::warn!("client {client} ended: {error}");
                self.room.on_broken_line(client, &error.to_string())
            }
            RoomMessage::Late { client } => self.room.on_late(client),
            RoomMessage::Finished { client } => {
                if let Some(member) = self.members.get_mut(&client)
                    && !member.later.is_empty()
                {
                    member.has_finished = true;
                    return;
                }
                self.finish(client)
            }
            RoomMessage::Shared { from, file } => Room::on_shared(from, file),
            RoomMessage::Gone { client, why } => {
                log::info!("client {client} left: {why}");
                let effects = self.room.on_gone(client, why);
                self.forget(client, None);
                effects
            }
            RoomMessage::Web {
                request,
                visitor,
                reply,
            } => {
                let now = wall_time_ms();
                let (told, effects) = self.room.on_web(request, visitor, now);
                let _ = reply.try_send(told);
                effects
            }
            RoomMessage::Announced { text } => Room::notice(&text),
            RoomMessage::Stop { .. } => return,
        };
        self.perform(effects);
    }

    /// A client that has closed its half of the connection leaves the room; `transfers`
    /// still serves its earlier requests.
    fn finish(&mut self, client: ClientNumber) -> Vec<Effect> {
        log::info!("client {client} closed its half of the connection");
        let effects = self.room.on_gone(client, "connection closed");
        self.hand_over(client);
        effects
    }

    /// Returns the request if it may be served now; otherwise it waits for its turn.
    fn defer(&mut self, client: ClientNumber, request: Request) -> Option<Request> {
        let now = self.clock.now();
        let member = self.members.get_mut(&client)?;
        if member.later.is_empty() && self.turns.may_serve(&member.peer, &request, now) {
            return Some(request);
        }
        if member.later.is_empty() {
            self.waiting.push_back(client);
            member.peer.hold(true);
        }
        member.later.push_back(request);
        None
    }

    /// Serves requests whose turn has come, one client after the other.
    fn serve_the_waiting(&mut self) {
        if self.waiting.is_empty() && !self.room.has_waiting() {
            return;
        }
        for _ in 0..self.waiting.len() {
            let Some(client) = self.waiting.pop_front() else {
                break;
            };
            self.serve(client);
            let left = self.members.get(&client);
            if left.is_some_and(|member| !member.later.is_empty()) {
                self.waiting.push_back(client);
            }
        }
        let effects = self.room.on_tick(wall_time_ms());
        self.perform(effects);
        self.flush();
    }

    /// Serves the requests of this client, up to the first one that must still wait.
    fn serve(&mut self, client: ClientNumber) {
        while let Some(member) = self.members.get_mut(&client) {
            let (peer, now) = (Arc::clone(&member.peer), self.clock.now());
            let Some(request) = member.later.front() else {
                peer.hold(false);
                if member.has_finished {
                    let effects = self.finish(client);
                    self.perform(effects);
                }
                return;
            };
            if peer.is_gone() {
                member.later.clear(); // Its reader will report it.
                continue;
            }
            if !self.turns.may_serve(&peer, request, now) {
                return;
            }
            if let Some(request) = member.later.pop_front() {
                let effects = self.on_request(client, request);
                self.perform(effects);
                self.flush_one(client);
            }
        }
    }

    /// Drops the client with the longest queue if all queues exceed the budget. The next
    /// check is a moment later, when its memory is released.
    fn keep_the_budget(&mut self) {
        if !self.budget.is_exceeded() {
            return;
        }
        let reading = self.members.values().map(|member| &member.peer);
        let longest = reading
            .filter(|peer| !peer.is_gone())
            .max_by_key(|peer| peer.waiting_bytes());
        if let Some(peer) = longest {
            peer.cut("did not read");
        }
    }

    fn on_request(&mut self, client: ClientNumber, request: Request) -> Vec<Effect> {
        if let Request::Lab(assignment) = &request
            && let Err(error) = assignment::experiment(assignment)
        {
            return Room::on_bad_lab(client, &error.to_string());
        }
        if let Request::Ask(question) = &request
            && let Err(error) =
                class_question::check(question.about, &question.assignment)
        {
            return Room::on_bad_lab(client, &error.to_string());
        }
        self.room.on_request(client, request, wall_time_ms())
    }

    fn perform(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Send { to, reply } => {
                    if let (Audience::One(client), Reply::Welcome(welcome)) = (to, &reply)
                    {
                        self.admit(client, &welcome.name);
                    }
                    let line = self.budget.line(reply.to_line());
                    self.pending_bytes += line.len();
                    for client in self.room.members(to) {
                        if let Some(member) = self.members.get_mut(&client) {
                            member.pending.push(line.clone());
                        }
                    }
                }
                Effect::Transfers { client, order } => {
                    if let Some(member) = self.members.get(&client) {
                        let peer = Arc::clone(&member.peer);
                        peer.order();
                        let event = TransfersMessage::Ordered { peer, order };
                        let _ = self.transfers.send(event);
                    }
                }
                Effect::Draw { client } => self.draw(client),
                Effect::Key { client, key } => {
                    if let Some(member) = self.members.get(&client) {
                        member.peer.set_key(key);
                    }
                }
                Effect::Record(recorded) => {
                    if let Some(results) = &self.results {
                        let _ = results.send(recorded);
                    }
                }
                Effect::Close { client } => {
                    log::info!("client {client} closed");
                    self.forget(client, Some(Shutdown::Write));
                }
            }
        }
    }

    /// This client has joined: it may be silent from now on.
    fn admit(&self, client: ClientNumber, name: &str) {
        log::info!("client {client} joined as {name}");
        if let Some(member) = self.members.get(&client) {
            member.peer.set_joined();
        }
    }

    /// Draws the random numbers of a client's login.
    fn draw(&mut self, client: ClientNumber) {
        let mut entropy = Entropy([0; 32]);
        let effects = match getrandom::fill(&mut entropy.0) {
            Ok(()) => self.room.on_drawn(client, entropy),
            Err(error) => {
                log::error!(
                    "cannot get random numbers for the login of client \
                             {client}: {error}"
                );
                vec![Effect::Close { client }]
            }
        };
        self.perform(effects);
    }

    /// Releases a client; if it is still connected, after it has read its last line.
    fn forget(&mut self, client: ClientNumber, ending: Option<Shutdown>) {
        self.room.on_closed(client);
        if let Some(mut member) = self.members.remove(&client) {
            member.flush();
            member.peer.hold(false);
            member.peer.end(ending.unwrap_or(Shutdown::Both));
            let _ = self.transfers.send(TransfersMessage::Gone { client });
        }
    }

    /// A client that sends no more requests has left the room; `transfers` knows when it
    /// has its answers.
    fn hand_over(&mut self, client: ClientNumber) {
        self.room.on_closed(client);
        if let Some(mut member) = self.members.remove(&client) {
            member.flush();
            let peer = member.peer;
            let _ = self.transfers.send(TransfersMessage::Finished { peer });
        }
    }

    fn flush(&mut self) {
        self.pending_bytes = 0;
        self.members.values_mut().for_each(Member::flush);
    }

    fn flush_one(&mut self, client: ClientNumber) {
        if let Some(member) = self.members.get_mut(&client) {
            member.flush();
        }
    }

    fn drop_the_stalled(&mut self) {
        let now = self.clock.now();
        for member in self.members.values_mut() {
            let Some(written_bytes) = member.peer.written_while_full() else {
                member.stalled = None;
                continue;
            };
            match member.stalled {
                Some(stall) if stall.written_bytes == written_bytes => {
                    if now - stall.since >= self.stall_limit {
                        member.peer.cut("did not read");
                    }
                }
                Some(_) | None => {
                    let since = now;
                    member.stalled = Some(Stall {
                        written_bytes,
                        since,
                    });
                }
            }
        }
    }

    /// Informs all users, and waits a moment for the delivery.
    fn say_goodbye(mut self, events: &Receiver<RoomMessage>, _until_heard: &Sender<()>) {
        self.perform(Room::notice("The server is closing."));
        self.flush();
        for member in self.members.values() {
            member.peer.end(Shutdown::Both);
        }
        let deadline = self.clock.now() + CLOSE_TIMEOUT;
        while !self.members.is_empty() {
            match events.recv_timeout(self.clock.until(deadline)) {
                Ok(RoomMessage::Gone { client, .. }) => {
                    self.members.remove(&client);
                }
                Ok(RoomMessage::Arrived(peer)) => peer.cut("the server is closing"),
                Ok(_) => {}
                Err(_) => break,
            }
        }
        for member in self.members.values() {
            member.peer.cut("the server is closing");
        }
        // Readers may be about to report: a client that has left needs no answer.
        while let Ok(event) = events.try_recv() {
            if let RoomMessage::Arrived(peer) = event {
                peer.cut("the server is closing");
            }
        }
    }
}

/// The key for bans and wrong passwords. A host with one IPv6 address has all addresses
/// with the same 64 bits (RFC 4291 §2.5.4).
pub(super) fn origin(address: IpAddr) -> Origin {
    let address = address.to_canonical();
    let text = match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let prefix = address.to_bits() >> 64 << 64;
            format!("{}/64", std::net::Ipv6Addr::from_bits(prefix))
        }
    };
    Origin {
        address: text,
        is_own_machine: address.is_loopback(),
    }
}

impl Member {
    /// Puts what is pending in the queue.
    fn flush(&mut self) {
        if !self.pending.is_empty() {
            self.peer.send_lines(std::mem::take(&mut self.pending));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_one_ipv6_network_are_one_origin_and_local_addresses_are_recognized() {
        let of = |text: &str| origin(text.parse().unwrap());
        assert_eq!(of("192.0.2.7").address, "192.0.2.7");
        assert_eq!(of("::ffff:192.0.2.7"), of("192.0.2.7"));
        assert_eq!(of("2001:db8::1"), of("2001:db8::2:3"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert!(of("127.0.0.2").is_own_machine);
        assert!(of("::1").is_own_machine);
        assert!(!of("2001:db8::1").is_own_machine);
    }
}
