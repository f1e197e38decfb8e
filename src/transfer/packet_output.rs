//! A UDP socket behind an imperfect link, through which a driver sends.
//!
//! Without a scenario a datagram is written directly into the next row for the kernel.
//! With one it passes the [`Link`] first and leaves when the link releases it.
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

/// The output of one transfer.
#[derive(Debug)]
pub struct PacketOutput {
    socket: UdpSocket,
    token: Token,
    /// The keys for the MACs of outgoing packets.
    key: Option<TrafficKey>,
    /// The keys for the MACs of responses to challenges.
    receive_key: Option<TrafficKey>,
    /// The round-trip time of the chat connection.
    round_trip: Option<Duration>,
    /// The address of the other side, if the socket is not connected.
    path: Path<SocketAddr>,
    direction: Direction,
    link: Option<Link<Vec<u8>>>,
    outgoing: Outgoing,
    last_error: LastError,
    tap: Tap,
}

impl PacketOutput {
    /// Before anything is sent, the socket must be connected or a packet must have
    /// arrived.
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

    /// Reports a received datagram to the tap, with its fate in the link.
    pub fn came(&self, from: SocketAddr, datagram: &[u8], entered: Option<Entered>) {
        let (direction, from) = (CaptureDirection::In, Some(from));
        self.tap
            .datagram(direction, &self.socket, from, datagram, entered);
    }

    /// Address and port of both sides, if they are known and the other side's address is
    /// new.
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

    /// A packet of the handshake arrived from there: see [`Path::on_opening`].
    pub fn follow(&mut self, address: SocketAddr, sent_at: u32) -> bool {
        self.path.on_opening(address, sent_at)
    }

    /// The address that the chat connection reports: see [`Path::assume`].
    pub const fn assume(&mut self, address: SocketAddr) {
        self.path.assume(address);
    }

    /// Whether a datagram from there shows no new address of the other side. Many arrive,
    /// so they are not decoded for this.
    pub fn expects(&mut self, from: SocketAddr, datagram: &[u8]) -> bool {
        let stamp = Packet::stamp(datagram);
        stamp.is_some_and(|sent_at| self.path.expects(from, sent_at))
    }

    /// A packet of the open connection arrived from there; a new address gets a
    /// challenge.
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

    /// A challenge or a response arrived from there. If `is_answering`, a challenge is
    /// answered. Returns `true` if the other side has a new address now.
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

    /// Not through the imperfect link, which carries only packets of the state machines.
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

    /// Whether packets are sent to this address.
    #[must_use]
    pub fn leads_to(&self, address: SocketAddr) -> bool {
        self.path.current() == Some(address)
    }

    /// The socket itself.
    #[must_use]
    pub const fn socket(&self) -> &UdpSocket {
        &self.socket
    }

    /// The socket, to be closed; packets in the link are lost.
    #[must_use]
    pub fn into_socket(self) -> UdpSocket {
        self.socket
    }

    /// Sends a packet; `fill` copies the file's bytes into it. It leaves with
    /// [`PacketOutput::flush`] at the latest. Returns its fate in the link, if there is a
    /// link.
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

    /// Loses a packet that is in the link, and returns it.
    pub fn kill(&mut self, packet: Label) -> Option<PacketName> {
        let datagram = self.link.as_mut()?.kill(packet)?;
        let (packet, _) = Packet::decode_keyed(&datagram, self.key.as_ref()).ok()?;
        Some(PacketName::from(&packet))
    }

    /// Replaces the link; packets in flight keep their fate.
    pub fn change(&mut self, scenario: &Scenario, now: Moment) {
        change(&mut self.link, scenario, self.direction, now);
    }

    /// Sends the packets that the link releases now.
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

    /// Passes everything to the kernel.
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

    /// Waits until the link has released everything, including the last answer.
    pub fn close(&mut self, clock: &Clock) {
        while let Some(moment) = self.link_timeout() {
            // Nothing is ever sent on this channel: it is a wait that ends by timeout.
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

    /// The time when the link releases the next datagram, or a challenge is due again.
    #[must_use]
    pub fn next_timeout(&self) -> Option<Moment> {
        earliest([self.link_timeout(), self.path.next_timeout()])
    }

    fn link_timeout(&self) -> Option<Moment> {
        self.link.as_ref().and_then(Link::next_timeout)
    }
}

/// The reason why a packet could not be sent.
#[derive(Debug)]
pub enum SendError {
    /// The file could not be read.
    File(io::Error),
    /// The system refuses datagrams of this length.
    TooLong,
    /// The descriptor is closed, or is no socket.
    Unusable(io::Error),
}

/// The link for one direction, or `None` for a perfect link.
#[must_use]
pub fn imperfect<T: Clone>(scenario: &Scenario, direction: Direction) -> Option<Link<T>> {
    (!scenario.is_perfect()).then(|| Link::new(scenario, direction))
}

/// Replaces the link of one direction; there is none if it was perfect.
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

/// A socket that can reach this server.
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

/// The same, connected: it receives only from this server.
///
/// # Errors
/// Those of the system.
pub fn connected(server: SocketAddr) -> io::Result<UdpSocket> {
    let socket = unconnected(server)?;
    socket.connect(server)?;
    Ok(socket)
}

/// Requests large buffers from the kernel; returns the granted size of the receive
/// buffer.
///
/// # Errors
/// Those of the system if it does not even report the size.
pub fn enlarge_buffers(socket: &UdpSocket) -> io::Result<usize> {
    let socket = SockRef::from(socket);
    // A smaller buffer than requested is no error.
    let _ = socket.set_send_buffer_size(SOCKET_BUFFER_BYTES);
    let _ = socket.set_recv_buffer_size(SOCKET_BUFFER_BYTES);
    socket.recv_buffer_size()
}
