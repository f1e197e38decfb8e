//! `accept`: lets clients in, as many as there is room for.
//!
//! It alone counts who is connected: a [`Seat`] is taken when a client comes and tells
//! its address when it is dropped. A client that finds no free place is told and may try
//! again; nobody is banned.
//!
//! It does not wait for any client, and an error of `accept` (no descriptor left, a
//! client that hung up in the queue) is logged and survived.
//!
//! Source: accept(2), "error handling"; RFC 9293 §3.8.4 (keepalive).

use super::Config;
use super::peer::{self, Budget, Peer, WRITE_TIMEOUT, WritingHalf};
use super::room_thread::Event;
use crate::transfer::threads;
use crate::wire::message::{Code, Refusal, Reply};
use crossbeam_channel::{Receiver, Sender};
use socket2::{SockRef, TcpKeepalive};
use std::collections::{HashMap, VecDeque};
use std::io::{self, Write};
use std::net::{IpAddr, Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// The state of the `accept` thread.
pub(super) struct Listener {
    pub(super) socket: TcpListener,
    pub(super) config: Config,
    pub(super) room: Sender<Event>,
    /// For what waits to be sent to all clients together.
    pub(super) budget: Arc<Budget>,
    /// Set before a last connection of our own wakes `accept`.
    pub(super) is_closing: Arc<AtomicBool>,
    /// Never sent on; its drop tells that a thread has ended.
    pub(super) alive: Sender<()>,
}

/// A place for one client. Dropping it frees the place.
#[derive(Debug)]
pub(super) struct Seat {
    address: IpAddr,
    vacated: Sender<IpAddr>,
}

impl Drop for Seat {
    fn drop(&mut self) {
        let _ = self.vacated.send(self.address);
    }
}

/// The places and their clients.
struct Seats {
    limits: SeatLimits,
    taken: HashMap<IpAddr, usize>,
    total: usize,
    vacated: (Sender<IpAddr>, Receiver<IpAddr>),
}

/// How many may sit.
#[derive(Debug, Clone, Copy)]
struct SeatLimits {
    total: usize,
    /// As [`Config::max_per_address`].
    per_address: Option<usize>,
}

/// Most connections from one address where nothing else was asked for; the own machine
/// has no such limit, because a class of clients may be tried on it.
const CONNECTIONS_PER_ADDRESS: usize = 64;

/// A client whose cable was cut is asked after this silence, and again each `INTERVAL`.
const KEEPALIVE_AFTER: Duration = Duration::from_secs(30);

/// See [`KEEPALIVE_AFTER`]; after the system's number of tries (Linux: 9) it is gone.
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(5);

/// The kernel's buffer for one client: chat needs little, and there may be
/// thousands.
const SEND_BUFFER_BYTES: usize = 64 * 1024;

/// How long to wait when the system has nothing left to accept with.
const ACCEPT_RETRY: Duration = Duration::from_millis(100);

/// Those who were turned away and have not gone, so that they can read why.
type TurnedAway = VecDeque<Arc<TcpStream>>;

/// The most of them that are kept.
const TURNED_AWAY_KEPT: usize = 32;

/// The message to a client for which the system has no thread.
const NO_THREAD: &str = "The server's computer cannot serve more clients. Try again \
                         when a user has left.";

impl Listener {
    /// Accepts until told to stop.
    pub(super) fn run(self) {
        let mut seats = Seats::new(SeatLimits {
            total: self.config.max_clients,
            per_address: self.config.max_per_address,
        });
        let mut turned_away = TurnedAway::new();
        let (_never_sent, never) = crossbeam_channel::bounded::<()>(0);
        let mut next_number = 1;
        let mut was_error = false;
        loop {
            let accepted = self.socket.accept();
            if self.is_closing.load(Ordering::Acquire) {
                return;
            }
            let (stream, remote) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Ten times a second would be too often.
                    if !std::mem::replace(&mut was_error, true) {
                        log::warn!("cannot accept a client, trying again: {error}");
                    }
                    let _ = never.recv_timeout(ACCEPT_RETRY);
                    continue;
                }
            };
            was_error = false;
            let address = remote.ip().to_canonical();
            match seats.take(address) {
                Ok(seat) => {
                    if let Err(error) =
                        self.let_in(next_number, stream, seat, &mut turned_away)
                    {
                        log::warn!("cannot serve client {next_number}: {error}");
                    }
                    next_number += 1;
                }
                Err(sentence) => {
                    log::warn!("refused a connection from {remote}: {sentence}");
                    turn_away(Arc::new(stream), sentence, &mut turned_away);
                }
            }
        }
    }

    fn let_in(
        &self,
        number: u64,
        stream: TcpStream,
        seat: Seat,
        turned_away: &mut TurnedAway,
    ) -> io::Result<()> {
        stream.set_nodelay(true)?;
        stream.set_write_timeout(Some(WRITE_TIMEOUT))?;
        let socket = SockRef::from(&stream);
        socket.set_send_buffer_size(SEND_BUFFER_BYTES)?;
        socket.set_tcp_keepalive(
            &TcpKeepalive::new()
                .with_time(KEEPALIVE_AFTER)
                .with_interval(KEEPALIVE_INTERVAL),
        )?;
        let (peer, half) = Peer::new(
            number,
            stream,
            seat,
            &self.config.tap,
            Arc::clone(&self.budget),
        )?;
        let peer = Arc::new(peer);
        log::info!("client {number} connected from {}", peer.remote);
        let stream = Arc::clone(half.stream());
        self.serve(number, &peer, half)
            .inspect_err(|_| turn_away(stream, NO_THREAD, turned_away))
    }

    /// Starts the two threads of a client.
    fn serve(&self, number: u64, peer: &Arc<Peer>, half: WritingHalf) -> io::Result<()> {
        let alive = self.alive.clone();
        threads::start_small(format!("writer-{number}"), move || {
            peer::write_lines(&half);
            drop(alive);
        })?;
        // The room must know of the client before its first line comes.
        if self.room.send(Event::Arrived(Arc::clone(peer))).is_err() {
            peer.cut("the server is closing");
        }
        let (room, alive) = (self.room.clone(), self.alive.clone());
        let join_within = self.config.join_within;
        let reading = Arc::clone(peer);
        let reader = threads::start_small(format!("reader-{number}"), move || {
            peer::read_lines(&reading, &room, join_within);
            drop(alive);
        });
        if reader.is_err() {
            let why = "no thread left";
            let client = number;
            let _ = self.room.send(Event::Gone { client, why });
        }
        reader.map(|_| ())
    }
}

impl Seats {
    fn new(limits: SeatLimits) -> Self {
        Self {
            limits,
            taken: HashMap::new(),
            total: 0,
            vacated: crossbeam_channel::unbounded(),
        }
    }

    /// A seat, or a sentence that says why there is none.
    fn take(&mut self, address: IpAddr) -> Result<Seat, &'static str> {
        for left in self.vacated.1.try_iter() {
            self.total -= 1;
            if let Some(count) = self.taken.get_mut(&left) {
                *count -= 1;
                if *count == 0 {
                    self.taken.remove(&left);
                }
            }
        }
        if self.total >= self.limits.total {
            return Err("This server is full. Try again when a user has left.");
        }
        let most = self.limits.per_address(address);
        let from_there = self.taken.entry(address).or_default();
        if *from_there >= most {
            return Err("Too many connections from your address. Close one first.");
        }
        *from_there += 1;
        self.total += 1;
        Ok(Seat {
            address,
            vacated: self.vacated.0.clone(),
        })
    }
}

impl SeatLimits {
    /// Most connections from this address.
    fn per_address(self, address: IpAddr) -> usize {
        match self.per_address {
            Some(0) => usize::MAX,
            Some(most) => most,
            None if address.is_loopback() => usize::MAX,
            None => CONNECTIONS_PER_ADDRESS,
        }
    }
}

/// Says why and hangs up our half. The line is short and the buffer empty: no wait.
fn turn_away(stream: Arc<TcpStream>, sentence: &str, turned_away: &mut TurnedAway) {
    let refusal = Reply::Refused(Refusal {
        code: Code::Full,
        sentence: sentence.to_owned(),
        suggestion: None,
    });
    let told = stream
        .set_nonblocking(true)
        .and_then(|()| (&*stream).write_all(refusal.to_line().as_bytes()))
        .and_then(|()| stream.shutdown(Shutdown::Write));
    if let Err(error) = told {
        log::debug!("cannot send the refusal: {error}");
    }
    turned_away.push_back(stream);
    if turned_away.len() > TURNED_AWAY_KEPT {
        turned_away.pop_front();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STRANGER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
    const LOOPBACK: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    fn seats(total: usize, per_address: Option<usize>) -> Seats {
        Seats::new(SeatLimits { total, per_address })
    }

    #[test]
    fn a_stranger_has_64_seats_and_gets_one_back_for_each_that_is_left() {
        let mut seats = seats(1000, None);
        let mut taken: Vec<Seat> = (0..CONNECTIONS_PER_ADDRESS)
            .map(|_| seats.take(STRANGER).unwrap())
            .collect();
        assert!(seats.take(STRANGER).is_err());
        assert!(seats.take(LOOPBACK).is_ok());
        taken.pop();
        assert!(seats.take(STRANGER).is_ok());
    }

    #[test]
    fn the_own_machine_is_limited_by_the_total_alone() {
        let mut seats = seats(100, None);
        let taken: Vec<Seat> = (0..100).map(|_| seats.take(LOOPBACK).unwrap()).collect();
        assert!(seats.take(LOOPBACK).is_err());
        drop(taken);
        assert!(seats.take(LOOPBACK).is_ok());
    }

    #[test]
    fn a_limit_that_is_asked_for_holds_for_every_address_and_0_is_none() {
        for address in [STRANGER, LOOPBACK] {
            let mut two = seats(1000, Some(2));
            let _taken = [two.take(address).unwrap(), two.take(address).unwrap()];
            assert!(two.take(address).is_err());
            let mut many = seats(1000, Some(0));
            let taken: Vec<_> = (0..100).map(|_| many.take(address)).collect();
            assert!(taken.iter().all(Result::is_ok));
        }
    }
}
