//! `accept`: accepts clients, as many as the limits allow.
//!
//! A client takes one of the [`seats`](super::seats). A client that finds none gets an
//! explanation and may try again; nobody is banned.
//!
//! It does not wait for any client, and an error of `accept` (no descriptor left, a
//! client that disconnected in the queue) is only logged.
//!
//! Source: accept(2), "error handling"; RFC 9293 §3.8.4 (keepalive).

use super::Config;
use super::messages::RoomMessage;
use super::peer::{self, Budget, Peer, WRITE_TIMEOUT, WritingHalf};
use super::seats::{Seat, SeatLimits, Seats};
use crate::transfer::threads;
use crate::wire::message::{Code, Refusal, Reply};
use crossbeam_channel::Sender;
use socket2::{SockRef, TcpKeepalive};
use std::collections::VecDeque;
use std::io::{self, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// The state of the `accept` thread.
pub(super) struct Listener {
    pub(super) socket: TcpListener,
    pub(super) config: Config,
    pub(super) room: Sender<RoomMessage>,
    /// The memory budget for all lines that wait to be sent.
    pub(super) budget: Arc<Budget>,
    /// Set before the server's own last connection wakes `accept`.
    pub(super) is_closing: Arc<AtomicBool>,
    /// Never used to send; dropping it shows that a thread has ended.
    pub(super) alive: Sender<()>,
}

/// A silent client is probed after this time, and again after each `INTERVAL`.
const KEEPALIVE_AFTER: Duration = Duration::from_secs(30);

/// See [`KEEPALIVE_AFTER`]; after the system's number of tries (Linux: 9) it is gone.
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(5);

/// The kernel's buffer for one client: chat needs little, and there may be thousands.
const SEND_BUFFER_BYTES: usize = 64 * 1024;

/// The pause when the system has no resources left to accept a connection.
const ACCEPT_RETRY: Duration = Duration::from_millis(100);

/// The refused connections that are still open, so that their clients can read the
/// reason.
type TurnedAway = VecDeque<Arc<TcpStream>>;

/// The limit of such connections.
const TURNED_AWAY_KEPT: usize = 32;

/// The message to a client for which the system has no thread.
const NO_THREAD: &str = "The server's computer cannot serve more clients. Try again \
                         when a user has left.";

impl Listener {
    /// Accepts connections until the server ends.
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
                    // Logs only the first of several errors.
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
        // The room must know the client before its first line arrives.
        if self
            .room
            .send(RoomMessage::Arrived(Arc::clone(peer)))
            .is_err()
        {
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
            let _ = self.room.send(RoomMessage::Gone { client, why });
        }
        reader.map(|_| ())
    }
}

/// Sends the reason and closes the server's half. The line is short and the buffer empty,
/// so this does not wait.
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
