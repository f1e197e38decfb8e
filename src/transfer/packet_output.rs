//! A UDP socket behind an imperfect link, through which a driver sends.
//!
//! Without a scenario a datagram is written straight into the row that goes to the kernel
//! next. With one it goes through the [`Link`] first and leaves when the link lets it.
//!
//! Source: report chapter `link`.

use super::batch::Outgoing;
use super::clock::Clock;
use super::socket_error::{LastError, Meaning};
use super::tap::{CaptureDirection, Tap, own_address};
use super::{Job, SOCKET_BUFFER_BYTES};
use crate::link::{Direction, Entered, Label, Link, Scenario};
use crate::reliable::event::PacketName;
use crate::reliable::moment::Moment;
use crate::reliable::path::{Heard, Path};
use crate::reliable::{Transmit, earliest};
use crate::wire::digest::Token;
use crate::wire::mac::TrafficKey;
use crate::wire::packet::{Packet, PathPacket};
use socket2::SockRef;
use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::OnceLock;
use std::time::Duration;

/// The way out of one transfer.
#[derive(Debug)]
pub struct PacketOutput {
    socket: UdpSocket,
    token: Token,
    /// For the MACs on what leaves.
    key: Option<TrafficKey>,
    /// For the MACs on responses to challenges.
    receive_key: Option<TrafficKey>,
    /// As measured on the chat connection.
    round_trip: Option<Duration>,
    /// Where the other side is, where the socket is not connected.
    path: Path<SocketAddr>,
    direction: Direction,
    link: Option<Link<Vec<u8>>>,
    outgoing: Outgoing,
    last_error: LastError,
    tap: Tap,
}

impl PacketOutput {
    /// The socket must be connected, or a packet have come, before anything is sent.
    #[must_use]
    pub fn new(socket: UdpSocket, job: &Job, direction: Direction) -> Self {
        Self {
            socket,
            key: job.keys.map(|keys| keys.send),
            path: Path::default(),
            token: job.token,
            receive_key: job.keys.map(|keys| keys.receive),
            round_trip: job.chat_round_trip,
            direction,
            link: imperfect(&job.scenario, direction),
            outgoing: Outgoing::new(job.is_offloading),
            last_error: LastError::default(),
            tap: job.tap.clone(),
        }
    }

    /// A datagram came from there: for the tap, with what the link does to it.
    pub fn came(&self, from: SocketAddr, datagram: &[u8], entered: Option<Entered>) {
        let (direction, from) = (CaptureDirection::In, Some(from));
        self.tap
            .datagram(direction, &self.socket, from, datagram, entered);
    }

    /// Address and port of this side and of the other one, where they are known and the
    /// latter is not the one told before.
    #[must_use]
    pub fn addresses(
        &self,
        told: Option<SocketAddr>,
    ) -> Option<(SocketAddr, SocketAddr)> {
        let known = self.path.current().or(told);
        let theirs = known.or_else(|| self.socket.peer_addr().ok())?;
        let is_new = Some(theirs) != told;
        is_new.then(|| (own_address(&self.socket, theirs, &OnceLock::new()), theirs))
    }

    /// A packet of the handshake came from there: see [`Path::on_opening`].
    pub fn follow(&mut self, address: SocketAddr, sent_at: u32) -> bool {
        self.path.on_opening(address, sent_at)
    }

    /// The other side says on the chat connection that it is there: see [`Path::assume`].
    pub const fn assume(&mut self, address: SocketAddr) {
        self.path.assume(address);
    }

    /// Whether a datagram from there says nothing new about where the other side is. Many
    /// come, so it is not decoded for that.
    pub fn expects(&mut self, from: SocketAddr, datagram: &[u8]) -> bool {
        let stamp = Packet::stamp(datagram);
        stamp.is_some_and(|sent_at| self.path.expects(from, sent_at))
    }

    /// A packet of the open connection came from there; where the address is new, a
    /// challenge goes there.
    pub fn hear(&mut self, heard: Heard<SocketAddr>, now: Moment) {
        let draw = || {
            let mut nonce = [0; 8];
            getrandom::fill(&mut nonce).ok().map(|()| nonce)
        };
        self.path.on_packet(heard, self.round_trip, draw, now);
    }

    /// Sends the challenges that are due.
    ///
    /// # Errors
    /// As [`PacketOutput::send`].
    pub fn challenge(&mut self, now: Moment) -> Result<(), SendError> {
        let bytes = PathPacket::bytes(self.key.is_some());
        let stamp = now.stamp();
        while let Some(due) = self.path.poll(bytes, now) {
            let packet = PathPacket::challenge(self.token, due.nonce, due.attempt, stamp);
            log::debug!(
                "is the other side at {} now? Challenge {}",
                due.to,
                due.attempt
            );
            self.send_apart(&packet, due.to)?;
        }
        Ok(())
    }

    /// A challenge or a response came from there: a challenge is answered where
    /// `is_answering`. `true` where the other side is at another address now.
    ///
    /// # Errors
    /// As [`PacketOutput::send`].
    pub fn on_path_packet(
        &mut self,
        datagram: &[u8],
        from: SocketAddr,
        is_answering: bool,
        now: Moment,
    ) -> Result<bool, SendError> {
        self.came(from, datagram, None);
        let key = self.receive_key.as_ref();
        let Some(packet) = PathPacket::decode(datagram, self.token, key) else {
            return Ok(false);
        };
        if packet.is_response {
            return Ok(self.path.on_response(from, packet.nonce));
        }
        if is_answering {
            self.send_apart(&packet.response(now.stamp()), from)?;
        }
        Ok(false)
    }

    /// Past the imperfect link, which carries what the machines send.
    fn send_apart(
        &mut self,
        packet: &PathPacket,
        to: SocketAddr,
    ) -> Result<(), SendError> {
        let datagram = packet.encode(self.key.as_ref());
        self.tap.datagram(
            CaptureDirection::Out,
            &self.socket,
            Some(to),
            &datagram,
            None,
        );
        let sent = match self.path.current() {
            None => self.socket.send(&datagram), // It is connected.
            Some(_) => self.socket.send_to(&datagram, to),
        };
        self.check_sent(sent.map(drop))
    }

    /// Whether what is sent goes there.
    #[must_use]
    pub fn leads_to(&self, address: SocketAddr) -> bool {
        self.path.current() == Some(address)
    }

    /// The socket itself.
    #[must_use]
    pub const fn socket(&self) -> &UdpSocket {
        &self.socket
    }

    /// The socket, to be closed; what the link still holds is lost.
    #[must_use]
    pub fn into_socket(self) -> UdpSocket {
        self.socket
    }

    /// Takes a packet to be sent; `fill` puts the file's bytes into their place. It
    /// leaves with [`PacketOutput::flush`] at the latest. The fate that the link gave it,
    /// if there is a link.
    ///
    /// # Errors
    /// Those of `fill`, a datagram that is too long, and a socket that is unusable. Every
    /// other error of the system counts as the loss of a datagram.
    pub fn send(
        &mut self,
        transmit: &Transmit,
        now: Moment,
        fill: impl FnOnce(&mut [u8]) -> io::Result<()>,
    ) -> Result<Option<Entered>, SendError> {
        let packet = &transmit.packet;
        let key = self.key.filter(|_| packet.body.kind().has_mac());
        let Some(link) = &mut self.link else {
            let Self {
                socket,
                path,
                outgoing,
                tap,
                ..
            } = self;
            let to = path.current();
            let taken = outgoing.push(socket, to, |row| {
                let start = row.len();
                packet.append(row, key.as_ref(), fill)?;
                let datagram = row.split_at(start).1;
                tap.datagram(CaptureDirection::Out, socket, to, datagram, None);
                Ok(())
            });
            return self
                .check_sent(taken.map_err(SendError::File)?)
                .map(|()| None);
        };
        let mut datagram = Vec::with_capacity(packet.datagram_bytes());
        packet
            .append(&mut datagram, key.as_ref(), fill)
            .map_err(SendError::File)?;
        let (label, length) = (Label::from(PacketName::from(packet)), datagram.len());
        let copy = self.tap.is_on().then(|| datagram.clone());
        let entered = link.enter(datagram, label, length, now);
        if let Some(copy) = copy {
            let (direction, to) = (CaptureDirection::Out, self.path.current());
            self.tap
                .datagram(direction, &self.socket, to, &copy, Some(entered));
        }
        self.deliver(now)?;
        Ok(Some(entered))
    }

    /// Loses a packet that is in the link; what it was.
    pub fn kill(&mut self, packet: Label) -> Option<PacketName> {
        let datagram = self.link.as_mut()?.kill(packet)?;
        let (packet, _) = Packet::decode_keyed(&datagram, self.key.as_ref()).ok()?;
        Some(PacketName::from(&packet))
    }

    /// Another link from now on; what is in it stays as it is.
    pub fn change(&mut self, scenario: &Scenario, now: Moment) {
        change(&mut self.link, scenario, self.direction, now);
    }

    /// Takes from the link what it lets go by now.
    ///
    /// # Errors
    /// As [`PacketOutput::send`].
    pub fn deliver(&mut self, now: Moment) -> Result<(), SendError> {
        while let Some(delivery) = self.link.as_mut().and_then(|link| link.poll(now)) {
            let datagram = delivery.into_datagram();
            let append = |row: &mut Vec<u8>| {
                row.extend_from_slice(&datagram);
                Ok::<_, Infallible>(())
            };
            let to = self.path.current();
            match self.outgoing.push(&self.socket, to, append) {
                Ok(sent) => self.check_sent(sent)?,
            }
        }
        Ok(())
    }

    /// Hands everything taken to the kernel.
    ///
    /// # Errors
    /// As [`PacketOutput::send`].
    pub fn flush(&mut self) -> Result<(), SendError> {
        let to = self.path.current();
        let sent = self.outgoing.flush(&self.socket, to);
        self.check_sent(sent)
    }

    fn check_sent(&mut self, sent: io::Result<()>) -> Result<(), SendError> {
        sent.or_else(|error| self.note(error))
    }

    /// The system reported this error of the socket.
    ///
    /// # Errors
    /// A datagram was too long, or the socket is unusable.
    pub fn note(&mut self, error: io::Error) -> Result<(), SendError> {
        match self.last_error.note(&error) {
            Meaning::Nothing | Meaning::Lost => Ok(()),
            Meaning::TooLong => Err(SendError::TooLong),
            Meaning::Unusable => Err(SendError::Unusable(error)),
        }
    }

    /// The last error that the system reported.
    pub const fn last_error(&mut self) -> &mut LastError {
        &mut self.last_error
    }

    /// Waits until the link has let everything go: the last word is among it.
    pub fn close(&mut self, clock: &Clock) {
        while let Some(moment) = self.link_timeout() {
            // Nothing is ever sent here: a wait that the clock ends.
            let _ = crossbeam_channel::after(clock.until(moment)).recv();
            if self
                .deliver(clock.now())
                .and_then(|()| self.flush())
                .is_err()
            {
                return;
            }
        }
    }

    /// When the link lets the next datagram go, or a challenge is due again.
    #[must_use]
    pub fn next_timeout(&self) -> Option<Moment> {
        earliest([self.link_timeout(), self.path.next_timeout()])
    }

    fn link_timeout(&self) -> Option<Moment> {
        self.link.as_ref().and_then(Link::next_timeout)
    }
}

/// Why a packet could not be sent.
#[derive(Debug)]
pub enum SendError {
    /// The file could not be read.
    File(io::Error),
    /// The system takes no datagram of this length.
    TooLong,
    /// The descriptor is closed, or is no socket.
    Unusable(io::Error),
}

/// The link for one direction, or `None` where it would do nothing.
#[must_use]
pub fn imperfect<T: Clone>(scenario: &Scenario, direction: Direction) -> Option<Link<T>> {
    (!scenario.is_perfect()).then(|| Link::new(scenario, direction))
}

/// Makes one direction of a link another one from now on; a link that did nothing need not
/// have been there.
pub(super) fn change<T: Clone>(
    link: &mut Option<Link<T>>,
    scenario: &Scenario,
    direction: Direction,
    now: Moment,
) {
    match link {
        Some(link) => link.change(scenario, now),
        None => *link = imperfect(scenario, direction),
    }
}

/// A socket of our own that can reach this server.
///
/// # Errors
/// Those of the system.
pub fn unconnected(server: SocketAddr) -> io::Result<UdpSocket> {
    let any: SocketAddr = match server {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    UdpSocket::bind(any)
}

/// The same, and it hears this server alone.
///
/// # Errors
/// Those of the system.
pub fn connected(server: SocketAddr) -> io::Result<UdpSocket> {
    let socket = unconnected(server)?;
    socket.connect(server)?;
    Ok(socket)
}

/// Asks the kernel for large buffers and tells how much it granted for receiving.
///
/// # Errors
/// Those of the system where it cannot even be asked.
pub fn enlarge_buffers(socket: &UdpSocket) -> io::Result<usize> {
    let socket = SockRef::from(socket);
    // A buffer that is not granted is not an error: the kernel gives what it may.
    let _ = socket.set_send_buffer_size(SOCKET_BUFFER_BYTES);
    let _ = socket.set_recv_buffer_size(SOCKET_BUFFER_BYTES);
    socket.recv_buffer_size()
}
