//! The sending side of one transfer: `sender-3` and `acks-3`.
//!
//! `sender-3` owns the state machine, the file and the link. `acks-3` reads the socket,
//! decodes, and forwards; so to wait "for an ACK or the timer" is one `recv_timeout`.
//!
//! ```text
//!   socket --acks-3--> inbox --sender-3--> machine --> DATA --> link --> socket
//!   server thread ------^  digest, verdict, cancel
//! ```
//!
//! Source: report pages `architecture` and `wire`.

mod acks;
mod asker;

use super::clock::Clock;
use super::forgeries::Forgeries;
use super::inbox::{Inbox, SenderInput, SenderInputs, inbox};
use super::link_control::{ControlledLinks, LinkControl};
use super::packet_output::{
    PacketOutput, SendError, enlarge_buffers, imperfect, unconnected,
};
use super::socket_error::unusable;
use super::source::Source;
use super::watch::Watch;
use super::{
    Ending, Figures, Job, REPORT_INTERVAL, Report, WAKE_INTERVAL, running_state, tcp,
    threads, verdict, verdict_of,
};
use crate::link::{Direction, Entered, Label, Link};
use crate::reliable::connection::{Outcome, Sending as Connection};
use crate::reliable::event::PacketName;
use crate::reliable::event::log::Side;
use crate::reliable::moment::Moment;
use crate::reliable::path::Heard;
use crate::reliable::{Machine, Transmit, earliest};
use crate::system::filter;
use crate::system::sockets::forbid_fragments;
use crate::wire::digest::Digest;
use crate::wire::message::TransferState;
use crate::wire::options::Transport;
use crate::wire::packet::{Body, Packet, Reset};
use crate::wire::sequence::SequenceNumber;
use acks::Acks;
pub use asker::Asker;
use std::fs::File;
use std::io;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;

/// The socket or listener, already bound, because the offer contains its port.
#[derive(Debug)]
pub enum Outlet {
    /// Sash's protocol.
    Udp(UdpSocket),
    /// A plain TCP connection.
    Tcp(TcpListener),
}

/// A running sender. Dropping it does not end it.
#[derive(Debug, Clone)]
pub struct Sending {
    inbox: Inbox,
}

/// Starts `sender-N` and `acks-N`.
///
/// # Errors
/// The system's error if it has no thread or descriptor left.
pub fn start(
    job: Job,
    file: File,
    digest: Option<Digest>,
    outlet: Outlet,
    asker: impl Into<Asker>,
    report: impl FnMut(Report) + Send + 'static,
) -> io::Result<Sending> {
    let Asker {
        address: asker,
        port,
    } = asker.into();
    let (inbox, arrivals) = inbox();
    let name = format!("sender-{}", job.number);
    match outlet {
        Outlet::Udp(socket) => {
            enlarge_buffers(&socket)?;
            filter::attach(&socket, job.token.0);
            forbid_fragments(&socket);
            let first = asker::random_sequence()?;
            let acks = acks::start(&job, socket.try_clone()?, asker, inbox.clone())?;
            let driver = SenderDriver::new(job, file, socket, first, arrivals, report);
            let driver = driver.asked(asker, port, first);
            threads::start_behind(name, move || driver.run(digest, acks))?;
        }
        Outlet::Tcp(listener) => {
            let mode = tcp::ConnectMode::Accept { listener, asker };
            let sender = tcp::Sender {
                job,
                file,
                mode,
                arrivals,
            };
            threads::start_behind(name, move || sender.run(digest, report))?;
        }
    }
    Ok(Sending { inbox })
}

/// The same on the client, for an upload to `server`, its address with the port of the
/// offer.
///
/// # Errors
/// As [`start`].
pub fn initiate(
    job: Job,
    file: File,
    server: SocketAddr,
    report: impl FnMut(Report) + Send + 'static,
) -> io::Result<Sending> {
    let (inbox, arrivals) = inbox();
    let name = format!("sender-{}", job.number);
    match job.settled.transport {
        Transport::Udp => {
            let socket = unconnected(server)?;
            enlarge_buffers(&socket)?;
            forbid_fragments(&socket);
            filter::attach(&socket, job.token.0);
            let first = asker::random_sequence()?;
            let acks =
                acks::start(&job, socket.try_clone()?, server.ip(), inbox.clone())?;
            let driver = SenderDriver::new(job, file, socket, first, arrivals, report);
            let driver = driver.calling(server, first);
            threads::start_behind(name, move || driver.run(None, acks))?;
        }
        Transport::Tcp => {
            let mode = tcp::ConnectMode::Connect(server);
            let sender = tcp::Sender {
                job,
                file,
                mode,
                arrivals,
            };
            threads::start_behind(name, move || sender.run(None, report))?;
        }
    }
    Ok(Sending { inbox })
}

impl Sending {
    /// The digest is known now: FIN may be sent.
    pub fn digest(&self, digest: Digest) {
        self.tell(SenderInput::Digest(digest));
    }

    /// The file could not be hashed: the transfer fails with this sentence.
    pub fn fail(&self, sentence: String) {
        self.tell(SenderInput::Fail(sentence));
    }

    /// The verdict of the receiver from the chat connection: verified or damaged.
    pub fn verdict(&self, state: TransferState) {
        if let Some(is_verified) = verdict_of(state) {
            self.tell(SenderInput::Verdict(is_verified));
        }
    }

    /// Pauses or resumes.
    pub fn set_paused(&self, is_paused: bool) {
        self.tell(SenderInput::Pause(is_paused));
    }

    /// Injects a fault into this side's link, or watches the transfer.
    pub fn control_link(&self, link_control: LinkControl) {
        self.tell(SenderInput::LinkControl(link_control));
    }

    /// Cancels the transfer and informs the other side.
    pub fn cancel(&self) {
        self.tell(SenderInput::Cancel);
    }

    fn tell(&self, arrival: SenderInput) {
        self.inbox.tell(arrival);
    }
}

/// `sender-N`.
struct SenderDriver<R> {
    job: Job,
    clock: Clock,
    connection: Connection,
    source: Source,
    packet_output: PacketOutput,
    /// Whether this is the client, which sends only to the server's address.
    is_calling: bool,
    /// The simulated link that ACKs pass before the state machine.
    incoming: Option<Link<Packet>>,
    arrivals: SenderInputs,
    /// The reason of a failure that the state machine does not know.
    failure: Option<String>,
    forgeries: Forgeries,
    watch: Watch,
    report: R,
    next_report: Moment,
}

impl<R: FnMut(Report)> SenderDriver<R> {
    fn new(
        job: Job,
        file: File,
        socket: UdpSocket,
        first: SequenceNumber,
        arrivals: SenderInputs,
        report: R,
    ) -> Self {
        let clock = Clock::start();
        let proposal = job.proposal(job.settled.window, Some(first));
        let job = Job {
            pause_at: job.pause_at.filter(|share| *share > job.offset),
            ..job
        };
        Self {
            connection: Connection::respond(job.settled.arq, proposal, clock.now()),
            packet_output: PacketOutput::new(socket, &job, Direction::Data),
            is_calling: false,
            incoming: imperfect(&job.scenario, Direction::Ack),
            source: Source::new(file),
            watch: Watch::new(&job, Side::Sender),
            next_report: clock.now(),
            failure: None,
            forgeries: Forgeries::default(),
            job,
            clock,
            arrivals,
            report,
        }
    }

    /// The client's side: SYN is due at once.
    fn calling(mut self, server: SocketAddr, first: SequenceNumber) -> Self {
        let proposal = self.job.proposal(self.job.settled.window, Some(first));
        let arq = self.job.settled.arq;
        self.connection = Connection::initiate(arq, proposal, self.clock.now());
        self.packet_output.follow(server, Moment::START.stamp());
        self.is_calling = true;
        self
    }

    fn run(mut self, digest: Option<Digest>, acks: Acks) {
        if let Some(digest) = digest {
            self.connection.set_digest(digest, self.clock.now());
        }
        loop {
            self.drain();
            if self.connection.outcome().is_some() {
                return self.end(acks);
            }
            self.pause_in_time();
            self.report_progress();
            self.wait();
        }
    }

    /// Sends until the state machine has nothing more to send.
    fn drain(&mut self) {
        let now = self.clock.now();
        self.take_delayed(now);
        let sent = self.packet_output.deliver(now);
        if let Err(error) = sent.and_then(|()| self.packet_output.challenge(now)) {
            self.give_up(error);
        }
        loop {
            self.send_all();
            match self.packet_output.flush() {
                Ok(()) => return,
                Err(error) => self.give_up(error),
            }
            if self.connection.outcome().is_some() {
                return;
            }
        }
    }

    fn send_all(&mut self) {
        loop {
            let now = self.clock.now();
            let Some(transmit) = self.connection.poll_transmit(now) else {
                return;
            };
            self.watch
                .look(&mut self.connection, &self.packet_output, now); // Sent first, then carried.
            match self.send(&transmit, now) {
                Ok(Some(entered)) => {
                    let packet = &transmit.packet;
                    self.watch.carried(packet, Direction::Data, entered, now);
                }
                Ok(None) => {}
                Err(error) => self.give_up(error),
            }
        }
    }

    fn send(
        &mut self,
        transmit: &Transmit,
        now: Moment,
    ) -> Result<Option<Entered>, SendError> {
        let Self {
            packet_output,
            source,
            ..
        } = self;
        packet_output.send(transmit, now, |place| {
            source.read(transmit.bytes.clone(), place)
        })
    }

    /// The packets that the link has held back and now releases.
    fn take_delayed(&mut self, now: Moment) {
        while let Some(delivery) = self.incoming.as_mut().and_then(|link| link.poll(now))
        {
            match delivery.damage {
                None => self.connection.on_packet(&delivery.item, now),
                Some(_) => self.connection.on_damage(&[]),
            }
        }
    }

    /// Waits for one event, a packet or a timeout, and passes it to the state machine.
    fn wait(&mut self) {
        let deadline = earliest([
            self.connection.next_timeout(),
            self.packet_output.next_timeout(),
            self.incoming.as_ref().and_then(Link::next_timeout),
        ]);
        let timeout = deadline.map_or(Duration::MAX, |moment| self.clock.until(moment));
        match self.arrivals.recv_timeout(timeout.min(WAKE_INTERVAL)) {
            Ok(arrival) => self.feed(arrival),
            Err(RecvTimeoutError::Timeout) => (),
            Err(RecvTimeoutError::Disconnected) => {
                self.connection.reset(Reset::Cancelled);
            }
        }
        let now = self.clock.now();
        self.connection.on_timeout(now); // Early is harmless.
        self.watch
            .look(&mut self.connection, &self.packet_output, now);
        if let Some(happened) = self.watch.report(false, now) {
            (self.report)(happened);
        }
    }

    fn feed(&mut self, arrival: SenderInput) {
        let now = self.clock.now();
        match arrival {
            SenderInput::Packet(packet, from) => {
                self.packet_output.last_error().forget();
                if !self.is_from_there(from, &packet, now) {
                    return;
                }
                match &mut self.incoming {
                    None => self.connection.on_packet(&packet, now),
                    Some(link) => {
                        let name = PacketName::from(&packet);
                        let bytes = packet.keyed_bytes(self.job.keys.is_some());
                        let copy = packet.clone();
                        let entered = link.enter(packet, Label::from(name), bytes, now);
                        self.watch.carried(&copy, Direction::Ack, entered, now);
                        if self.job.tap.is_on() {
                            let mut datagram = Vec::new();
                            let key = self.job.keys.as_ref().map(|keys| &keys.receive);
                            copy.encode_keyed(&mut datagram, key, &[]);
                            self.packet_output.came(from, &datagram, Some(entered));
                        }
                    }
                }
            }
            SenderInput::Path(datagram, from) => {
                self.on_path_packet(&datagram, from, now);
            }
            SenderInput::SocketError(error) => {
                if let Err(SendError::Unusable(error)) = self.packet_output.note(error) {
                    self.give_up(SendError::Unusable(error));
                }
            }
            SenderInput::Damaged(datagram) => self.connection.on_damage(&datagram),
            SenderInput::Forged(packet, datagram) => {
                self.forgeries.note(self.job.number, packet);
                self.connection.on_forgery(packet, &datagram);
            }
            SenderInput::Digest(digest) => self.connection.set_digest(digest, now),
            SenderInput::Fail(sentence) => {
                self.failure = Some(sentence);
                self.connection.reset(Reset::FileUnreadable);
            }
            SenderInput::Verdict(verified) => self.connection.set_verdict(verified),
            SenderInput::Pause(is_paused) => {
                self.job.pause_at = None; // A transfer that the user resumes does not pause at a share again.
                self.pause(is_paused);
            }
            SenderInput::LinkControl(link_control) => self.control_link(link_control),
            SenderInput::Cancel => self.connection.reset(Reset::Cancelled),
        }
    }

    /// Whether to process this packet, judged by its address. Before the connection is
    /// open, SYNs show the receiver's address, and SYN-ACKs are sent there; later a new
    /// address is challenged. A server's address does not change (RFC 9000 §9).
    fn is_from_there(&mut self, from: SocketAddr, packet: &Packet, now: Moment) -> bool {
        if self.is_calling {
            return self.packet_output.leads_to(from);
        }
        if self.connection.is_open() {
            let heard = Heard {
                from,
                sent_at: packet.sent_at,
                bytes: packet.keyed_bytes(self.job.keys.is_some()),
            };
            self.packet_output.hear(heard, now);
        } else if matches!(packet.body, Body::Syn(_)) {
            if self.packet_output.follow(from, packet.sent_at) {
                self.connection.on_moved(now);
            }
            return self.packet_output.leads_to(from); // Or its answer goes elsewhere.
        }
        true
    }

    fn on_path_packet(&mut self, datagram: &[u8], from: SocketAddr, now: Moment) {
        let is_answering = self.is_calling && self.packet_output.leads_to(from);
        let moved = self
            .packet_output
            .on_path_packet(datagram, from, is_answering, now);
        match moved {
            Ok(true) => {
                let number = self.job.number;
                log::info!("transfer {number}: the receiver's address changed to {from}");
            }
            Ok(false) => {}
            Err(error) => self.give_up(error),
        }
    }

    /// Handles a fault that the user injects, or a request to watch.
    fn control_link(&mut self, link_control: LinkControl) {
        let controlled_links = ControlledLinks {
            packet_output: &mut self.packet_output,
            incoming: &mut self.incoming,
            connection: &mut self.connection,
            watch: &mut self.watch,
            scenario: &mut self.job.scenario,
            ways: [Direction::Data, Direction::Ack],
        };
        let name = |packet: &_| Some(PacketName::from(packet));
        if let Some(report) = controlled_links.apply(link_control, name, self.clock.now())
        {
            (self.report)(report);
        }
    }

    fn pause(&mut self, is_paused: bool) {
        let now = self.clock.now();
        self.connection.set_paused(is_paused, now);
        self.next_report = now; // It is reported at once.
    }

    /// Pauses at the requested place.
    fn pause_in_time(&mut self) {
        let done_bytes = self.connection.progress().acked_bytes;
        if self.job.pause_at.is_some_and(|share| done_bytes >= share) {
            self.job.pause_at = None;
            self.pause(true);
        }
    }

    fn give_up(&mut self, error: SendError) {
        let (sentence, why) = match error {
            SendError::File(error) => (
                format!("the file changed or can no longer be read: {error}"),
                Reset::FileUnreadable,
            ),
            SendError::TooLong => {
                self.connection.on_too_long(self.clock.now());
                return;
            }
            SendError::Unusable(error) => (unusable(&error), Reset::Cancelled),
        };
        self.failure.get_or_insert(sentence);
        self.connection.reset(why);
    }

    fn figures(&self) -> Figures {
        let progress = self.connection.progress();
        Figures {
            done_bytes: progress.acked_bytes,
            progress,
        }
    }

    fn report_progress(&mut self) {
        let now = self.clock.now();
        if now < self.next_report {
            return;
        }
        self.next_report = now + REPORT_INTERVAL;
        let connection = &self.connection;
        let state = running_state(connection.is_open(), connection.is_paused());
        let figures = self.figures();
        (self.report)(Report::Progress(state, figures));
    }

    /// The port is free before the end is reported, because the next transfer may need it
    /// at once.
    fn end(mut self, acks: Acks) {
        self.drain();
        self.packet_output.close(&self.clock);
        let outcome = self.connection.outcome().unwrap_or(Outcome::Unknown);
        let (mut state, sentence) = verdict(outcome);
        let mut sentence = self.packet_output.last_error().explain(outcome, sentence);
        if let Some(failure) = self.failure.take() {
            (state, sentence) = (TransferState::Failed, Some(failure));
        }
        let figures = self.figures();
        let now = self.clock.now();
        self.watch
            .look(&mut self.connection, &self.packet_output, now);
        acks.end(self.packet_output.into_socket());
        if let Some(happened) = self.watch.report(true, now) {
            (self.report)(happened);
        }
        let elapsed = now.since_start();
        (self.report)(Report::Ended(Ending::new(
            state, sentence, figures, elapsed,
        )));
    }
}

#[cfg(test)]
mod tests {
    use super::super::inbox::INBOX_PACKETS;
    use super::*;
    use crate::wire::digest::Token;
    use crate::wire::options::NegotiatedOptions;

    #[test]
    fn a_command_enters_an_inbox_full_of_packets_without_waiting() {
        let (inbox, arrivals) = inbox();
        for _ in 0..2 * INBOX_PACKETS {
            inbox.forward(SenderInput::Damaged(Vec::new()));
        }
        assert_eq!(arrivals.waiting(), INBOX_PACKETS);
        let sending = Sending { inbox };
        let clock = Clock::start();
        for _ in 0..1_000 {
            sending.cancel(); // A client may ask for it as often as it likes.
        }
        assert!(clock.now().since_start() < WAKE_INTERVAL);
        let next = || arrivals.recv_timeout(WAKE_INTERVAL).ok();
        let mut waiting = std::iter::from_fn(next).take(INBOX_PACKETS + 1);
        assert!(waiting.any(|arrival| matches!(arrival, SenderInput::Cancel)));
    }

    #[test]
    fn the_thread_that_reads_acks_is_woken_at_the_end_for_any_bound_address() {
        for host in ["127.0.0.1:0", "0.0.0.0:0", "[::1]:0", "[::]:0"] {
            let Ok(socket) = UdpSocket::bind(host) else {
                continue; // A computer without IPv6.
            };
            let job = Job::new(1, Token([5; 16]), NegotiatedOptions::DEFAULT, 0);
            filter::attach(&socket, job.token.0);
            let (inbox, arrivals) = inbox();
            let asker = socket.local_addr().unwrap().ip();
            let theirs = socket.try_clone().unwrap();
            let acks = acks::start(&job, theirs, asker, inbox).unwrap();
            // Long enough for the thread to wait for what does not come either.
            assert!(arrivals.recv_timeout(Duration::from_millis(10)).is_err());
            let clock = Clock::start();
            acks.end(socket);
            assert!(clock.now().since_start() < WAKE_INTERVAL / 2, "{host}");
        }
    }
}
