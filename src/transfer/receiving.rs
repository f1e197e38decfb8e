//! The receiving side of one transfer: `receiver-3` and `disk-3`.
//!
//! `receiver-3` owns the machine and the socket and waits on the socket alone. What comes
//! in order goes to the disk thread in large pieces; what comes early waits here, no more
//! than a window of it.
//!
//! ```text
//!   socket --> link --> machine --in order--> chunk --> disk-3
//!      ^                  |  '---early-------> kept until its turn
//!      '------- ACK ------'
//! ```
//!
//! Source: report pages `architecture` and `wire`.

mod bytes;

use super::carrier::{
    Carrier, SendError, enlarge_buffers, forbid_fragments, imperfect, is_passing,
    is_too_long,
};
use super::clock::Clock;
use super::disk::{self, Answer, Disk};
use super::inbox::Order;
use super::part::Part;
use super::{
    Ending, Figures, Job, REPORT_INTERVAL, Report, WAKE_INTERVAL, filter, tcp, threads,
    verdict,
};
use crate::link::{Direction, Label, Link};
use crate::reliable::connection::{Outcome, Receiving as Connection};
use crate::reliable::event::PacketName;
use crate::reliable::moment::Moment;
use crate::reliable::terms::MOST_SEGMENTS;
use crate::reliable::{Machine, earliest};
use crate::wire::digest::Digest;
use crate::wire::message::{Progress, TransferState};
use crate::wire::options::{Congestion, LARGEST_WINDOW, Settled, Transport};
use crate::wire::packet::{LARGEST_DATAGRAM_BYTES, Packet, Reset};
use bytes::Bytes;
use crossbeam_channel::{Receiver, Sender};
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::path::PathBuf;
use std::time::Duration;

pub use super::part::Destination;

/// A running receiver. Dropping it does not end it.
#[derive(Debug, Clone)]
pub struct Receiving {
    orders: Sender<Order>,
}

/// What the kernel counts for one datagram of a 1,500-byte path. Unit: bytes.
const KERNEL_BYTES_PER_DATAGRAM: usize = 2_304;

/// What the kernel adds to a datagram for its own use, about. Unit: bytes.
const KERNEL_OVERHEAD_BYTES: usize = 832;

/// Most that may wait here for its turn. Unit: bytes.
const EARLY_BYTES: usize = 16 * 1024 * 1024;

/// Starts `receiver-N` and `disk-N` on an empty part. `server` is the chat server's
/// address with the port of the offer.
///
/// # Errors
/// Terms that no file can have, and what the system says when the file or folder cannot
/// be made, or no thread is left.
pub fn start(
    job: Job,
    server: SocketAddr,
    destination: &Destination,
    report: impl FnMut(Report) + Send + 'static,
) -> io::Result<Receiving> {
    check(&job)?;
    go_on(job, server, Part::begin(destination, None)?, report)
}

/// As [`start`], on a part that has `job.offset` bytes already.
///
/// # Errors
/// As [`start`]; and `InvalidInput` where the part has another length.
pub fn go_on(
    job: Job,
    server: SocketAddr,
    part: Part,
    report: impl FnMut(Report) + Send + 'static,
) -> io::Result<Receiving> {
    check(&job)?;
    if part.length() != job.offset {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let disk = Disk::start(job.number, part)?;
    let (orders, inbox) = crossbeam_channel::unbounded();
    let name = format!("receiver-{}", job.number);
    match job.settled.transport {
        Transport::Udp => {
            let socket = connected(server)?;
            let shell = Shell::new(job, socket, disk, inbox, report)?;
            threads::start(name, move || shell.run())?;
        }
        Transport::Tcp => {
            let receiver = tcp::Receiver {
                job,
                server,
                disk,
                orders: inbox,
            };
            threads::start(name, move || receiver.run(report))?;
        }
    }
    Ok(Receiving { orders })
}

/// The offer came over the network: its figures are checked before anything counts on
/// them.
fn check(job: &Job) -> io::Result<()> {
    let segment_bytes = u64::from(job.settled.segment_bytes);
    let is_possible = segment_bytes > 0
        && (1..=LARGEST_WINDOW).contains(&job.settled.window)
        && job.offset <= job.size
        && job.size.div_ceil(segment_bytes) <= MOST_SEGMENTS;
    is_possible.then_some(()).ok_or_else(|| {
        io::Error::new(
            io::ErrorKind::InvalidData,
            "the server's offer makes no sense",
        )
    })
}

fn connected(server: SocketAddr) -> io::Result<UdpSocket> {
    let any: SocketAddr = match server {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let socket = UdpSocket::bind(any)?;
    socket.connect(server)?;
    Ok(socket)
}

impl Receiving {
    /// End it, telling the other side; the part is kept.
    pub fn cancel(&self) {
        let _ = self.orders.send(Order::Cancel);
    }

    /// The server has said on the chat connection that it knows the verdict: nobody will
    /// ask for it again.
    pub fn release(&self) {
        let _ = self.orders.send(Order::Release);
    }
}

/// `receiver-N`.
struct Shell<R> {
    clock: Clock,
    connection: Connection,
    carrier: Carrier,
    /// What DATA goes through before the machine sees it.
    incoming: Option<Link<Vec<u8>>>,
    orders: Receiver<Order>,
    disk: Disk,
    bytes: Bytes,
    verification: Verification,
    job: Job,
    report: R,
    next_report: Moment,
    /// The read timeout that the socket has.
    read_timeout: Duration,
    has_reported_end: bool,
}

/// How far the last check has come.
#[derive(Debug)]
enum Verification {
    NotYet,
    /// The disk was asked for the digest.
    Asked,
    /// The disk was asked to give the file its name, or to take the part away.
    Settling(Digest),
    Done {
        digest: Option<Digest>,
        path: Option<PathBuf>,
        failure: Option<String>,
    },
}

impl<R: FnMut(Report)> Shell<R> {
    fn new(
        job: Job,
        socket: UdpSocket,
        disk: Disk,
        orders: Receiver<Order>,
        report: R,
    ) -> io::Result<Self> {
        let granted = enlarge_buffers(&socket)?;
        filter::attach(&socket, job.token);
        forbid_fragments(&socket);
        let window = job.settled.window.min(most_packets(&job.settled, granted));
        log::debug!("receive buffer of {granted} bytes: window {window}");
        let clock = Clock::start();
        let proposal = job.proposal(window, None);
        Ok(Self {
            connection: Connection::initiate(job.settled.arq, proposal, clock.now()),
            carrier: Carrier::new(socket, &job.scenario, Direction::Ack),
            incoming: imperfect(&job.scenario, Direction::Data),
            bytes: Bytes::from(job.offset),
            verification: Verification::NotYet,
            next_report: clock.now(),
            read_timeout: Duration::ZERO,
            has_reported_end: false,
            clock,
            job,
            orders,
            disk,
            report,
        })
    }

    fn run(mut self) {
        let mut datagram = vec![0; LARGEST_DATAGRAM_BYTES];
        loop {
            self.obey();
            self.drain();
            self.verify();
            if self.connection.verdict().is_some() || self.connection.outcome().is_some()
            {
                self.drain();
                self.report_end();
            }
            if self.connection.outcome().is_some() {
                return self.carrier.close(&self.clock);
            }
            self.report_progress();
            self.wait(&mut datagram);
        }
    }

    fn obey(&mut self) {
        while let Ok(order) = self.orders.try_recv() {
            match order {
                Order::Cancel => self.connection.reset(Reset::Cancelled),
                Order::Release => self.connection.release(),
            }
        }
    }

    /// Sends until the machine has nothing more to say.
    fn drain(&mut self) {
        let now = self.clock.now();
        while let Some(delivery) = self.incoming.as_mut().and_then(|link| link.poll(now))
        {
            self.receive(&delivery.into_datagram(), now);
        }
        let mut sent = self.carrier.deliver(now);
        if let Err(error) = sent {
            sent = self.go_down(error);
        }
        while let Some(transmit) = self.connection.poll_transmit(now) {
            let no_bytes = |_: &mut [u8]| Ok(());
            match self.carrier.send(&transmit, now, no_bytes) {
                Ok(()) => {}
                Err(SendError::File(error) | SendError::Socket(error)) => {
                    sent = self.go_down(error);
                }
            }
        }
        if let Err(error) = sent {
            self.fail(&format!(
                "datagrams of {} bytes cannot be sent to the server: {error}. \
                 Try a smaller --segment.",
                self.job.settled.segment_bytes
            ));
        }
    }

    /// The system does not take a datagram: perhaps it takes a shorter one.
    fn go_down(&mut self, error: io::Error) -> io::Result<()> {
        if is_too_long(&error) && self.connection.on_too_long() {
            return Ok(());
        }
        Err(error)
    }

    /// Waits for one datagram, and feeds it or the passing of time.
    fn wait(&mut self, datagram: &mut [u8]) {
        if matches!(
            self.verification,
            Verification::Asked | Verification::Settling(_)
        ) {
            if let Some(answer) = self.disk.answer_within(Duration::from_millis(20)) {
                self.take_answer(answer);
            }
            self.set_read_timeout(Duration::from_millis(1));
        } else {
            let deadline = earliest([
                self.connection.next_timeout(),
                self.carrier.next_timeout(),
                self.incoming.as_ref().and_then(Link::next_timeout),
            ]);
            let patience =
                deadline.map_or(WAKE_INTERVAL, |moment| self.clock.until(moment));
            self.set_read_timeout(patience);
        }
        let received = self.carrier.socket().recv(datagram);
        let now = self.clock.now();
        match received {
            Ok(length) => self.arrive(&datagram[..length], now),
            Err(error) if is_passing(&error) => self.bytes.flush(&self.disk),
            Err(error) => {
                self.fail(&format!("nothing can be received any more: {error}"));
            }
        }
        self.connection.on_timeout(now); // Early is harmless.
    }

    /// Sets the socket's timeout to `patience` or somewhat less: a power of two of
    /// milliseconds, so that it is a system call only now and then.
    fn set_read_timeout(&mut self, patience: Duration) {
        let milliseconds = patience.min(WAKE_INTERVAL).as_millis().max(1);
        let rounded = 1 << milliseconds.ilog2();
        let timeout = Duration::from_millis(rounded);
        if timeout != self.read_timeout
            && self
                .carrier
                .socket()
                .set_read_timeout(Some(timeout))
                .is_ok()
        {
            self.read_timeout = timeout;
        }
    }

    /// A datagram came from the socket: through the link with it.
    fn arrive(&mut self, datagram: &[u8], now: Moment) {
        let Some(link) = &mut self.incoming else {
            return self.receive(datagram, now);
        };
        if let Ok((packet, _)) = Packet::decode(datagram) {
            let label = Label::from(PacketName::from(&packet));
            link.push(datagram.to_vec(), label, datagram.len(), now);
        } else {
            self.receive(datagram, now); // Damaged before it came here.
        }
    }

    fn receive(&mut self, datagram: &[u8], now: Moment) {
        let Ok((packet, payload)) = Packet::decode(datagram) else {
            if Packet::has_token(datagram, self.job.token) {
                self.connection.on_damage(now);
            }
            return;
        };
        if self.connection.wants(&packet) {
            self.bytes.keep(packet.number, payload);
        }
        self.connection.on_packet(&packet, now);
        self.bytes.advance(self.connection.segments_in_order());
        self.bytes.flush_when_full(&self.disk);
    }

    /// Goes on with the last check as far as it can without waiting.
    fn verify(&mut self) {
        if self.connection.claimed_digest().is_some()
            && matches!(self.verification, Verification::NotYet)
        {
            self.bytes.flush(&self.disk);
            self.disk.finish();
            self.verification = Verification::Asked;
        }
        if let Some(answer) = self.disk.answer() {
            self.take_answer(answer);
        }
    }

    fn take_answer(&mut self, answer: Answer) {
        match (answer, &self.verification) {
            (Answer::Digest(digest), _) => {
                if self.connection.claimed_digest() == Some(digest) {
                    self.disk.keep();
                } else {
                    self.disk.discard();
                }
                self.verification = Verification::Settling(digest);
            }
            (Answer::Kept(path), Verification::Settling(digest)) => {
                self.conclude(*digest, Some(path));
            }
            (Answer::Discarded, Verification::Settling(digest)) => {
                self.conclude(*digest, None);
            }
            (Answer::Kept(_) | Answer::Discarded, _) => (),
            (Answer::Failed(error), _) => {
                self.fail(&disk::sentence(&error));
            }
        }
    }

    /// The disk has done its part; FIN-ACK may say so.
    fn conclude(&mut self, digest: Digest, path: Option<PathBuf>) {
        self.connection
            .set_verdict(path.is_some(), self.clock.now());
        self.verification = Verification::Done {
            digest: Some(digest),
            path,
            failure: None,
        };
    }

    /// This side cannot go on.
    fn fail(&mut self, sentence: &str) {
        if matches!(self.verification, Verification::Done { .. }) {
            return; // The file is whole, whatever happens to the last packets.
        }
        let failure = Some(sentence.to_owned());
        self.verification = Verification::Done {
            digest: None,
            path: None,
            failure,
        };
        self.connection.reset(Reset::DiskFailed);
    }

    fn figures(&self) -> Figures {
        let (sent_packets, resent_packets) = self.connection.arrivals();
        let acked_bytes = self.bytes.done();
        let progress = Progress {
            sent_packets,
            resent_packets,
            acked_bytes,
            ..Progress::default()
        };
        Figures {
            done_bytes: acked_bytes,
            progress,
        }
    }

    fn report_progress(&mut self) {
        let now = self.clock.now();
        if now < self.next_report || self.has_reported_end {
            return;
        }
        self.next_report = now + REPORT_INTERVAL;
        let is_open = self.connection.terms().is_some();
        let state = if is_open {
            TransferState::Sending
        } else {
            TransferState::Opening
        };
        let figures = self.figures();
        (self.report)(Report::Progress(state, figures));
    }

    /// Says once how it ended; the machine may linger on for the sender's sake.
    fn report_end(&mut self) {
        if std::mem::replace(&mut self.has_reported_end, true) {
            return;
        }
        let outcome = match (self.connection.verdict(), self.connection.outcome()) {
            (Some(true), _) => Outcome::Verified,
            (Some(false), _) => Outcome::Damaged,
            (None, outcome) => outcome.unwrap_or(Outcome::Unknown),
        };
        let (mut state, mut sentence) = verdict(outcome);
        let (mut path, mut digest) = (None, None);
        let verification = std::mem::replace(
            &mut self.verification,
            Verification::Done {
                digest: None,
                path: None,
                failure: None,
            },
        );
        if let Verification::Done {
            digest: is,
            path: at,
            failure,
        } = verification
        {
            (path, digest) = (at, is);
            if failure.is_some() {
                (state, sentence) = (TransferState::Failed, failure);
            }
        }
        self.bytes.flush(&self.disk);
        let (figures, elapsed) = (self.figures(), self.clock.now().since_start());
        (self.report)(Report::Ended(Ending {
            state,
            sentence,
            figures,
            elapsed,
            path,
            digest,
        }));
    }
}

/// The window that this side can promise. An unpaced sender may send all of it at once:
/// then no more than the kernel holds for us. A paced one has it on the path, and what
/// comes early waits here.
fn most_packets(settled: &Settled, granted_bytes: usize) -> u32 {
    let segment_bytes = usize::from(settled.segment_bytes);
    let (bytes, per_datagram) = match settled.congestion {
        Congestion::Fixed => (
            granted_bytes,
            (segment_bytes + KERNEL_OVERHEAD_BYTES).max(KERNEL_BYTES_PER_DATAGRAM),
        ),
        Congestion::PlusOneMinusThree
        | Congestion::DoubleHalve
        | Congestion::Additive
        | Congestion::Reno
        | Congestion::Cubic
        | Congestion::Bbr => (EARLY_BYTES, segment_bytes),
    };
    u32::try_from(bytes / per_datagram)
        .unwrap_or(u32::MAX)
        .max(1)
}
