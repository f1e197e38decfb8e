//! The receiving side of one transfer: `receiver-3` and `disk-3`.
//!
//! `receiver-3` owns the state machine and the socket, and waits only for the socket.
//! Received data, at most one window, waits in memory until all earlier data has arrived;
//! data in order goes to the disk thread in large pieces.
//!
//! ```text
//!   socket --> link --> machine --wanted--> chunks --in order--> disk-3
//!      ^                  |
//!      '------- ACK ------'
//! ```
//!
//! Source: report pages `architecture` and `wire`.

mod arriving;
mod bytes;
mod early;
mod ending;
mod gathering;
mod link_control;

use super::batch::Incoming;
use super::clock::Clock;
use super::disk::Disk;
use super::forgeries::Forgeries;
use super::inbox::ReceiverInput;
use super::link_control::LinkControl;
use super::packet_output::{
    PacketOutput, SendError, connected, enlarge_buffers, imperfect,
};
use super::part::Part;
use super::sending::Outlet;
use super::socket_error::unusable;
use super::watch::Watch;
use super::{
    Figures, Job, REPORT_INTERVAL, Report, WAKE_INTERVAL, running_state, tcp, threads,
};
use crate::link::{Direction, Link};
use crate::reliable::connection::Receiving as Connection;
use crate::reliable::connection_parameters::MOST_SEGMENTS;
use crate::reliable::event::log::Side;
use crate::reliable::moment::Moment;
use crate::reliable::{Machine, earliest};
use crate::system::filter;
use crate::system::sockets::forbid_fragments;
use crate::wire::mac::TrafficKey;
use crate::wire::message::Progress;
use crate::wire::options::{Congestion, LARGEST_WINDOW, NegotiatedOptions, Transport};
use crate::wire::packet::Reset;
use bytes::Bytes;
use crossbeam_channel::{Receiver, Sender};
use early::Early;
use ending::Verification;
use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::time::Duration;

pub use super::part::Destination;

/// A running receiver. Dropping it does not end it.
#[derive(Debug, Clone)]
pub struct Receiving {
    orders: Sender<ReceiverInput>,
}

/// The memory that the kernel counts for one datagram of a 1,500-byte path. Unit: bytes.
const KERNEL_BYTES_PER_DATAGRAM: usize = 2_304;

/// The interval at which a disk that is behind is asked whether it accepts more.
const DISK_INTERVAL: Duration = Duration::from_millis(4);

/// The approximate memory that the kernel adds to a datagram for its own use. Unit:
/// bytes.
const KERNEL_OVERHEAD_BYTES: usize = 832;

/// The largest receive window. Unit: bytes.
const OUT_OF_ORDER_BYTES: usize = 16 * 1024 * 1024;

/// Starts `receiver-N` and `disk-N` on an empty part. `server` is the chat server's
/// address with the port of the offer.
///
/// # Errors
/// Impossible connection parameters, and those of the system if the file or folder cannot
/// be created, or no thread is left.
pub fn start(
    job: Job,
    server: SocketAddr,
    destination: &Destination,
    report: impl FnMut(Report) + Send + 'static,
) -> io::Result<Receiving> {
    check(&job)?;
    resume(job, server, Part::begin(destination, None)?, report)
}

/// As [`start`], on a part that already has `job.offset` bytes.
///
/// # Errors
/// As [`start`]; and `InvalidInput` if the part has another length.
pub fn resume(
    job: Job,
    server: SocketAddr,
    part: Part,
    report: impl FnMut(Report) + Send + 'static,
) -> io::Result<Receiving> {
    resume_at(job, server, None, part, report)
}

/// As [`resume`], at a socket whose port the server knows: its SYN-ACK and DATA may wait
/// there already.
///
/// # Errors
/// As [`resume`].
pub fn resume_at(
    job: Job,
    server: SocketAddr,
    socket: Option<UdpSocket>,
    part: Part,
    report: impl FnMut(Report) + Send + 'static,
) -> io::Result<Receiving> {
    let disk = start_disk(&job, part)?;
    match (job.settled.transport, socket) {
        (Transport::Udp, Some(socket)) => {
            socket.connect(server)?;
            start_driver(job, socket, disk, report, ReceiverDriver::awaited)
        }
        (Transport::Udp, None) => {
            let socket = connected(server)?;
            start_driver(job, socket, disk, report, |driver| driver)
        }
        (Transport::Tcp, _) => {
            start_tcp(job, tcp::ConnectMode::Connect(server), disk, report)
        }
    }
}

/// As [`resume`] on the server, for an upload: a sender with the address of `asker` and
/// the token may send. Space for the whole file is reserved after the handshake, so a
/// request alone reserves nothing. The file gets its name only after
/// [`Receiving::admit`].
///
/// # Errors
/// As [`resume`].
pub fn accept(
    job: Job,
    outlet: Outlet,
    asker: IpAddr,
    part: Part,
    report: impl FnMut(Report) + Send + 'static,
) -> io::Result<Receiving> {
    let disk = start_disk(&job, part)?;
    match outlet {
        Outlet::Udp(socket) => start_driver(job, socket, disk, report, move |driver| {
            driver.answering(asker)
        }),
        Outlet::Tcp(listener) => start_tcp(
            job,
            tcp::ConnectMode::Accept { listener, asker },
            disk,
            report,
        ),
    }
}

/// Starts `disk-N` on a part that has what the job says.
fn start_disk(job: &Job, part: Part) -> io::Result<Disk> {
    check(job)?;
    if part.length() != job.offset {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    Disk::start(job.number, part)
}

fn start_driver<R: FnMut(Report) + Send + 'static>(
    job: Job,
    socket: UdpSocket,
    disk: Disk,
    report: R,
    prepare: impl FnOnce(ReceiverDriver<R>) -> ReceiverDriver<R>,
) -> io::Result<Receiving> {
    let (orders, inbox) = crossbeam_channel::unbounded();
    let name = format!("receiver-{}", job.number);
    let driver = prepare(ReceiverDriver::new(job, socket, disk, inbox, report)?);
    threads::start_behind(name, move || driver.run())?;
    Ok(Receiving { orders })
}

fn start_tcp(
    job: Job,
    mode: tcp::ConnectMode,
    disk: Disk,
    report: impl FnMut(Report) + Send + 'static,
) -> io::Result<Receiving> {
    let (orders, inbox) = crossbeam_channel::unbounded();
    let name = format!("receiver-{}", job.number);
    let receiver = tcp::Receiver {
        job,
        mode,
        disk,
        orders: inbox,
    };
    threads::start_behind(name, move || receiver.run(report))?;
    Ok(Receiving { orders })
}

/// The offer came over the network, so its numbers are checked before they are used.
fn check(job: &Job) -> io::Result<()> {
    let segment_bytes = u64::from(job.settled.segment_bytes);
    let is_possible = segment_bytes > 0
        && (1..=LARGEST_WINDOW).contains(&job.settled.window)
        && job.offset <= job.size
        && job.size.div_ceil(segment_bytes) <= MOST_SEGMENTS;
    is_possible.then_some(()).ok_or_else(|| {
        io::Error::new(
            io::ErrorKind::InvalidData,
            "the offer's size, segment and window do not fit together",
        )
    })
}

impl Receiving {
    /// Cancels the transfer and informs the other side; the part is kept.
    pub fn cancel(&self) {
        let _ = self.orders.send(ReceiverInput::Cancel);
    }

    /// Injects a fault into this side's link, or watches the transfer.
    pub fn control_link(&self, link_control: LinkControl) {
        let _ = self.orders.send(ReceiverInput::LinkControl(link_control));
    }

    /// Pauses or resumes.
    pub fn set_paused(&self, is_paused: bool) {
        let _ = self.orders.send(ReceiverInput::Pause(is_paused));
    }

    /// Permits the final name: the server has space for the file.
    pub fn admit(&self) {
        let _ = self.orders.send(ReceiverInput::Admit);
    }

    /// The server has confirmed the verdict over the chat connection, so lingering can
    /// end.
    pub fn release(&self) {
        let _ = self.orders.send(ReceiverInput::Release);
    }
}

/// `receiver-N`.
struct ReceiverDriver<R> {
    clock: Clock,
    connection: Connection,
    packet_output: PacketOutput,
    /// The simulated link that DATA passes before the state machine.
    incoming: Option<Link<Vec<u8>>>,
    /// DATA that came before the SYN-ACK.
    early: Early,
    /// The server's side: the address from which a sender may connect.
    asker: Option<IpAddr>,
    /// The keys for the MACs of arriving packets.
    key: Option<TrafficKey>,
    forgeries: Forgeries,
    orders: Receiver<ReceiverInput>,
    disk: Disk,
    bytes: Bytes,
    verification: Verification,
    job: Job,
    /// The window that the socket's buffer permits. Unit: packets.
    window: u32,
    watch: Watch,
    report: R,
    next_report: Moment,
    /// The place of a requested pause. Unit: bytes from the beginning of the file.
    pause_at: Option<u64>,
    /// The space to reserve on the disk as soon as the handshake is over. Unit: bytes.
    to_reserve: Option<u64>,
    /// Whether the file may get its final name.
    is_admitted: bool,
    has_reported_end: bool,
}

impl<R: FnMut(Report)> ReceiverDriver<R> {
    fn new(
        job: Job,
        socket: UdpSocket,
        disk: Disk,
        orders: Receiver<ReceiverInput>,
        report: R,
    ) -> io::Result<Self> {
        let granted = enlarge_buffers(&socket)?;
        filter::attach(&socket, job.token.0);
        forbid_fragments(&socket);
        let window = job.settled.window.min(most_packets(&job.settled, granted));
        log::debug!("receive buffer of {granted} bytes: window {window}");
        let clock = Clock::start();
        let proposal = job.proposal(window, None);
        Ok(Self {
            connection: Connection::initiate(job.settled.arq, proposal, clock.now()),
            packet_output: PacketOutput::new(socket, &job, Direction::Ack),
            incoming: imperfect(&job.scenario, Direction::Data),
            early: Early::default(),
            asker: None,
            key: job.keys.map(|keys| keys.receive),
            forgeries: Forgeries::default(),
            bytes: Bytes::from(job.offset),
            watch: Watch::new(&job, Side::Receiver),
            verification: Verification::NotYet,
            next_report: clock.now(),
            pause_at: job.pause_at.filter(|share| *share > job.offset),
            to_reserve: None,
            is_admitted: true,
            has_reported_end: false,
            clock,
            job,
            window,
            orders,
            disk,
            report,
        })
    }

    /// The server's side: waits for a SYN from there.
    fn answering(mut self, asker: IpAddr) -> Self {
        let window = self.window;
        let proposal = self.job.proposal(window, None);
        let arq = self.job.settled.arq;
        self.connection = Connection::respond(arq, proposal, self.clock.now());
        self.asker = Some(asker);
        self.to_reserve = Some(self.job.size);
        self.is_admitted = false;
        self
    }

    fn run(mut self) {
        let socket = self.packet_output.socket();
        let mut incoming = Incoming::new(socket, self.job.is_offloading);
        if self.early.is_awaited {
            self.receive_all(&mut incoming, Duration::ZERO); // Before a SYN.
        }
        loop {
            self.obey();
            self.drain();
            self.verify();
            let is_over = self.connection.outcome().is_some();
            if is_over || self.connection.verdict().is_some() {
                self.drain();
                self.report_end(is_over);
            }
            if is_over {
                return self.close();
            }
            self.report_progress();
            self.wait(&mut incoming);
        }
    }

    fn close(mut self) {
        self.packet_output.close(&self.clock);
        self.report_events(true);
        drop(self.packet_output);
        self.disk.end();
        (self.report)(Report::Closed);
    }

    fn obey(&mut self) {
        while let Ok(order) = self.orders.try_recv() {
            match order {
                // The disk is already giving the file its name: it is too late.
                ReceiverInput::Cancel if self.is_settling() => (),
                ReceiverInput::Cancel => self.connection.reset(Reset::Cancelled),
                ReceiverInput::Admit => self.is_admitted = true,
                ReceiverInput::Release => self.connection.release(),
                ReceiverInput::LinkControl(link_control) => {
                    self.control_link(link_control);
                }
                ReceiverInput::Pause(is_paused) => {
                    self.pause_at = None; // A transfer that the user resumes does not pause at a share again.
                    self.connection.set_paused(is_paused);
                    self.next_report = self.clock.now(); // It is reported at once.
                }
            }
        }
    }

    /// Sends until the state machine has nothing more to send.
    fn drain(&mut self) {
        let now = self.clock.now();
        while let Some(delivery) = self.incoming.as_mut().and_then(|link| link.poll(now))
        {
            let is_damaged_here = delivery.damage.is_some();
            self.receive(&delivery.into_datagram(), is_damaged_here, now);
            self.hand_over();
        }
        let sent = self.packet_output.deliver(now);
        if let Err(error) = sent.and_then(|()| self.packet_output.challenge(now)) {
            self.on_send_error(error);
        }
        while let Some(transmit) = self.connection.poll_transmit(now) {
            self.watch
                .look(&mut self.connection, &self.packet_output, now); // Sent first, then carried.
            let no_bytes = |_: &mut [u8]| Ok(());
            match self.packet_output.send(&transmit, now, no_bytes) {
                Ok(Some(entered)) => {
                    let packet = &transmit.packet;
                    self.watch.carried(packet, Direction::Ack, entered, now);
                }
                Ok(None) => {}
                Err(error) => self.on_send_error(error),
            }
        }
        if let Err(error) = self.packet_output.flush() {
            self.on_send_error(error);
        }
    }

    fn on_send_error(&mut self, error: SendError) {
        match error {
            SendError::TooLong => {
                self.connection.on_too_long();
            }
            SendError::Unusable(error) | SendError::File(error) => {
                self.fail(&unusable(&error));
            }
        }
    }

    /// Waits for datagrams, and passes them or a timeout to the state machine.
    fn wait(&mut self, incoming: &mut Incoming) {
        self.gather(incoming);
        let wait_time = self.wait_time();
        self.receive_all(incoming, wait_time);
    }

    fn receive_all(&mut self, incoming: &mut Incoming, wait_time: Duration) {
        let received = incoming.receive(self.packet_output.socket(), wait_time);
        let now = self.clock.now();
        match received {
            Ok(batch) => {
                for (from, datagram) in batch.datagrams() {
                    if self.knows(from, datagram) {
                        self.arrive(datagram, from, now);
                    }
                }
                self.hand_over();
            }
            Err(error) => {
                self.flush();
                if let Err(SendError::Unusable(error)) = self.packet_output.note(error) {
                    self.fail(&unusable(&error));
                }
                self.packet_output.last_error().pause();
            }
        }
        self.connection.on_timeout(now); // Early is harmless.
        self.report_events(false);
    }

    /// The time for which nothing but receiving is due.
    fn wait_time(&mut self) -> Duration {
        if matches!(
            self.verification,
            Verification::DigestRequested | Verification::Settling(_)
        ) {
            let Some(answer) = self.disk.answer_within(Duration::from_millis(20)) else {
                return Duration::from_millis(1);
            };
            self.take_answer(answer);
            return Duration::ZERO; // The consequences are carried out immediately.
        }
        let deadline = earliest([
            self.connection.next_timeout(),
            self.packet_output.next_timeout(),
            self.incoming.as_ref().and_then(Link::next_timeout),
        ]);
        let wait_time = deadline.map_or(WAKE_INTERVAL, |moment| self.clock.until(moment));
        let is_asking = !self.is_admitted && self.to_reserve.is_none();
        let most = if self.bytes.backlog() > 0 || is_asking {
            DISK_INTERVAL
        } else {
            WAKE_INTERVAL
        };
        wait_time.min(most)
    }

    /// For the journal.
    pub(super) fn report_events(&mut self, is_end: bool) {
        let now = self.clock.now();
        self.watch
            .look(&mut self.connection, &self.packet_output, now);
        if let Some(happened) = self.watch.report(is_end, now) {
            (self.report)(happened);
        }
    }

    /// Passes complete chunks to the disk.
    fn hand_over(&mut self) {
        self.bytes.flush_when_full(&self.disk);
        self.update_receive_window();
    }

    /// Passes everything in order to the disk, even if it is little.
    fn flush(&mut self) {
        self.bytes.flush(&self.disk);
        self.update_receive_window();
    }

    /// The window shrinks by the bytes that wait for the disk, and ends at a requested
    /// pause.
    fn update_receive_window(&mut self) {
        let Some(parameters) = self.connection.parameters() else {
            return;
        };
        if let Some(bytes) = self.to_reserve.take() {
            self.disk.reserve(bytes);
            self.next_report = self.clock.now(); // The server checks its space now.
        }
        let segment_bytes = u64::from(parameters.segment_bytes);
        let in_order = self.connection.segments_in_order();
        let window = parameters.window;
        let behind = (self.bytes.backlog() as u64).div_ceil(segment_bytes);
        let mut room = u64::from(window).saturating_sub(behind);
        if let Some(pause_at) = self.pause_at {
            let left = (pause_at - self.job.offset)
                .div_ceil(segment_bytes)
                .saturating_sub(in_order.into());
            room = room.min(left);
            if left == 0 {
                self.pause_at = None;
                self.connection.set_paused(true);
                self.next_report = self.clock.now();
            }
        }
        self.connection
            .set_receive_window(u32::try_from(room).unwrap_or(u32::MAX));
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
        let is_open = self.connection.parameters().is_some();
        let state = running_state(is_open, self.connection.is_paused());
        let figures = self.figures();
        (self.report)(Report::Progress(state, figures));
    }
}

/// The window that this side can advertise. An unpaced sender may send all of it at once,
/// so it is limited to the socket's buffer. A paced sender has it on the path, and
/// out-of-order packets wait in memory.
fn most_packets(settled: &NegotiatedOptions, granted_bytes: usize) -> u32 {
    let segment_bytes = usize::from(settled.segment_bytes);
    let (bytes, per_datagram) = if settled.congestion == Congestion::Fixed {
        let memory = segment_bytes + KERNEL_OVERHEAD_BYTES;
        (granted_bytes, memory.max(KERNEL_BYTES_PER_DATAGRAM))
    } else {
        (OUT_OF_ORDER_BYTES, segment_bytes)
    };
    u32::try_from(bytes / per_datagram)
        .unwrap_or(u32::MAX)
        .max(1)
}
