//! `reader-N`: the only thread that reads from client N.
//!
//! It passes each line to the room, and finally reports the end. A client has one
//! deadline to join and none afterwards; a client that the server has dismissed has a
//! moment to close. A client that closes its half of the stream sends no more requests:
//! it gets its answers, and `reader-N` stays until they are sent. A client that sends
//! faster than it reads is read more slowly, and so is a client that floods the room
//! ([`Pace`]): TCP slows them down, and nobody is refused.
//!
//! Source: RFC 9293 §3.10.4 (why a close is done in halves).

use super::{Peer, is_no_news};
use crate::reliable::moment::Moment;
use crate::server::messages::RoomMessage;
use crate::server::pace::Pace;
use crate::transfer::clock::Clock;
use crate::transfer::tap::CaptureDirection;
use crate::wire::line::{LineError, Lines};
use crate::wire::message::Request;
use crossbeam_channel::Sender;
use std::io::{self, Read};
use std::net::Shutdown;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// `reader-N`: passes each line to the room, and finally reports the end.
pub(in super::super) fn read_lines(
    peer: &Peer,
    room: &Sender<RoomMessage>,
    join_within: Duration,
) {
    let client = peer.number;
    let mut reader = Reader {
        peer,
        clock: peer.seat.clock,
        lines: Lines::default(),
        pace: (!peer.remote.ip().to_canonical().is_loopback()).then_some(peer.seat.pace),
    };
    let ended = reader.run(room, join_within);
    if let Some(pace) = reader.pace {
        let _ = peer.seat.left_pace.set(pace);
    }
    let why = match ended {
        Ok(()) => "connection closed",
        Err(error) => {
            log::debug!("client {client} ended: {error}");
            "connection lost"
        }
    };
    let why = peer.cut_because.get().copied().unwrap_or(why);
    let _ = peer.stream.shutdown(Shutdown::Both);
    let _ = room.send(RoomMessage::Gone { client, why });
}

struct Reader<'a> {
    peer: &'a Peer,
    clock: Clock,
    lines: Lines,
    /// Clients on the server's own computer have no limits, so that a class can be tried
    /// on it.
    pace: Option<Pace>,
}

/// The message that is expected from a client.
enum Wanted {
    More,
    /// The client is dismissed: this was its last line.
    Nothing,
    /// The room has ended, and sends nothing any more.
    ByNobody,
}

impl Reader<'_> {
    fn run(
        &mut self,
        room: &Sender<RoomMessage>,
        join_within: Duration,
    ) -> io::Result<()> {
        let client = self.peer.number;
        let mut deadline = Some(self.clock.now() + join_within);
        let mut is_late = false;
        let mut buffer = [0; 4096];
        loop {
            if deadline.is_some() && self.peer.joined.load(Ordering::Acquire) {
                deadline = None;
                self.peer.stream.set_read_timeout(None)?;
            }
            let Some(count) = self.read(&mut buffer, deadline)? else {
                // A join may still be in the room's queue; the room decides whether it is
                // late.
                if is_late && !self.peer.joined.load(Ordering::Acquire) {
                    return Ok(());
                }
                is_late = true;
                deadline = Some(self.clock.now() + LINGER);
                let _ = room.send(RoomMessage::Late { client });
                continue;
            };
            if count == 0 {
                let is_cut = self.peer.cut_because.get().is_some();
                if !is_cut && room.send(RoomMessage::Finished { client }).is_ok() {
                    self.stay_until_the_end();
                }
                return Ok(());
            }
            self.peer
                .copies
                .carried(CaptureDirection::In, &buffer[..count]);
            self.hold_back(&buffer[..count]);
            self.lines.push(&buffer[..count]);
            let wanted = self.hand_on_lines(room);
            self.await_turn();
            match wanted {
                Wanted::More => {}
                Wanted::Nothing => return self.linger(&mut buffer),
                Wanted::ByNobody => return Ok(()),
            }
        }
    }

    /// Waits if this client is too fast for the others, or for itself.
    fn hold_back(&mut self, bytes: &[u8]) {
        let lines = bytes.split(|byte| *byte == b'\n').count() - 1;
        let now = self.clock.now();
        let pace = self.pace.as_mut();
        let too_fast =
            pace.map_or(Duration::ZERO, |pace| pace.take(bytes.len(), lines, now));
        let too_deaf = if self.peer.is_full() {
            BREATHER
        } else {
            Duration::ZERO
        };
        let pause = too_fast.max(too_deaf);
        if !pause.is_zero() {
            let _ = crossbeam_channel::after(pause).recv();
        }
    }

    /// Waits while requests of this client wait for their turn, because they cost others
    /// time; TCP holds back everything that it sends meanwhile.
    fn await_turn(&self) {
        let deadline = self.clock.now() + LONGEST_TURN;
        while self.peer.is_held()
            && !self.peer.is_gone()
            && !self.clock.until(deadline).is_zero()
        {
            let _ = crossbeam_channel::after(BREATHER / 4).recv();
        }
    }

    /// Passes complete lines to the room; returns what to expect from this client next.
    fn hand_on_lines(&mut self, room: &Sender<RoomMessage>) -> Wanted {
        let client = self.peer.number;
        loop {
            let event = match self.lines.pop() {
                Ok(None) => return Wanted::More,
                Ok(Some(line)) => match Request::from_line(&line) {
                    Ok(request) => RoomMessage::Request { client, request },
                    Err(error) => RoomMessage::Unreadable { client, error },
                },
                Err(error @ LineError::Endless) => RoomMessage::Broken { client, error },
                Err(error) => {
                    // No user types many such lines. A client that sends them must not
                    // cost others time, even on the server's own computer.
                    let _ = crossbeam_channel::after(BREATHER).recv();
                    RoomMessage::Illegible { client, error }
                }
            };
            let is_last = match &event {
                RoomMessage::Broken { .. } => true,
                RoomMessage::Request { request, .. } => *request == Request::Disconnect,
                RoomMessage::Arrived(_)
                | RoomMessage::Unreadable { .. }
                | RoomMessage::Illegible { .. }
                | RoomMessage::Late { .. }
                | RoomMessage::Shared { .. }
                | RoomMessage::Finished { .. }
                | RoomMessage::Gone { .. }
                | RoomMessage::Web { .. }
                | RoomMessage::Announced { .. }
                | RoomMessage::Stop { .. } => false,
            };
            if room.send(event).is_err() {
                return Wanted::ByNobody;
            }
            if is_last {
                return Wanted::Nothing;
            }
        }
    }

    /// Waits until all answers to this client are sent, as long as it reads.
    fn stay_until_the_end(&self) {
        let outbox = &self.peer.outbox;
        let (mut written, mut since) = (outbox.written_bytes(), self.clock.now());
        while self.peer.is_owed_more() {
            let (before, now) = (written, self.clock.now());
            written = outbox.written_bytes();
            if written != before || outbox.waiting_bytes() == 0 {
                since = now;
            } else if now - since >= UNREAD {
                self.peer.cut("did not read");
            }
        }
    }

    /// Discards everything that arrives, until the client disconnects or its time is
    /// over.
    fn linger(&mut self, buffer: &mut [u8]) -> io::Result<()> {
        let deadline = self.clock.now() + LINGER;
        while let Some(1..) = self.read(buffer, Some(deadline))? {}
        Ok(())
    }

    /// Bytes read, 0 at the end of the stream, `None` when the deadline has passed.
    ///
    /// The deadline is absolute: single bytes do not extend it.
    fn read(
        &self,
        buffer: &mut [u8],
        deadline: Option<Moment>,
    ) -> io::Result<Option<usize>> {
        let mut stream = &*self.peer.stream;
        loop {
            if let Some(deadline) = deadline {
                let timeout = self.clock.until(deadline);
                if timeout.is_zero() {
                    return Ok(None);
                }
                stream.set_read_timeout(Some(timeout))?;
            }
            match stream.read(buffer) {
                Ok(count) => return Ok(Some(count)),
                Err(error) if is_no_news(&error) => {}
                Err(error) => return Err(error),
            }
        }
    }
}

/// The time that a dismissed client has to disconnect. If the server closed at once,
/// unread bytes of the client would make TCP send RST, and RST destroys the last line in
/// flight.
const LINGER: Duration = Duration::from_secs(2);

/// The time for which answers to a client that sends no more may stay unread.
const UNREAD: Duration = Duration::from_secs(30);

/// The wait before each further read of up to 4 KiB from a client whose own queue is
/// full, and for each line that cannot be read.
const BREATHER: Duration = Duration::from_millis(20);

/// The longest pause in reading from a client whose requests wait for their turn.
const LONGEST_TURN: Duration = Duration::from_secs(5);
