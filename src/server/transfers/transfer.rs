//! One transfer of the server, in either direction: its stages, and its common parts.
//! `download` and `upload` start the two directions.
//!
//! The socket is bound before the offer is sent, so the client's first packet finds it.
//!
//! Source: RFC 4086 (the token).

use super::standing::Standing;
use crate::journals::Journals;
use crate::lab::journal::Side;
use crate::link::Scenario;
use crate::reliable::moment::Moment;
use crate::server::digests::{Digests, Wanted};
use crate::server::folder::{Folder, Version};
use crate::server::kept::Kept;
use crate::server::messages::TransfersMessage;
use crate::server::peer::Peer;
use crate::server::ports::User;
use crate::shelf::FileName;
use crate::transfer::receiving::Receiving;
use crate::transfer::sending::{Outlet, Sending};
use crate::transfer::tap::Tap;
use crate::transfer::{Ending, Job, Report};
use crate::wire::digest::Token;
use crate::wire::message::{Early, Offer, Reply, TransferNews, TransferState};
use crate::wire::options::{NegotiatedOptions, Transport};
use crate::wire::version::{FileVersion, Prefix};
use crossbeam_channel::Sender;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv6Addr, SocketAddr, TcpListener, UdpSocket};
use std::sync::Arc;

/// A request of a client for a transfer, in either direction.
pub(super) struct Transfer {
    pub(super) peer: Arc<Peer>,
    pub(super) tag: Option<u64>,
    pub(super) name: FileName,
    pub(super) settled: NegotiatedOptions,
    /// The file to receive, for an upload.
    pub(super) upload: Option<Upload>,
    /// The part that the client already has.
    pub(super) prefix: Option<Prefix>,
    /// The port at which a download may begin without a SYN.
    pub(super) early: Option<Early>,
    /// Whether it was cancelled, or its client has left.
    pub(super) is_leaving: bool,
    /// The upload that still writes the part from which this one continues.
    pub(super) awaits: Option<u64>,
    /// The reason, if the server itself ends it.
    pub(super) broken_off: Option<BrokenOff>,
    pub(super) phase: TransferPhase,
}

/// A file that a client uploads.
#[derive(Debug, Clone)]
pub(super) struct Upload {
    /// The client of the transfer.
    pub(super) from: String,
    /// The version that the client stated.
    pub(super) version: FileVersion,
    /// Whether it counts in the limits, because a client has begun to send it.
    pub(super) has_taken: bool,
    /// The part of it that existed before it began. Unit: bytes.
    pub(super) offset: u64,
}

/// Its stage.
pub(super) enum TransferPhase {
    Queued {
        /// The place in the queue that the client knows; 0 before the first report.
        notified_place: u32,
    },
    Running {
        /// Its port in the pool.
        port: u16,
        threads: TransferThreads,
        standing: Standing,
    },
    /// An upload has ended; its receiver still lingers at that port.
    Lingering { port: u16, receiving: Receiving },
}

/// The reason why the server ends a running transfer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum BrokenOff {
    /// Others wait for its port; the client knows it and may request it again.
    Interrupted,
    /// Another reason: a sentence.
    Failed(String),
}

/// The threads of a running transfer.
pub(super) enum TransferThreads {
    /// Those of a download.
    Sending {
        sending: Sending,
        version: Version,
        /// The computation of the digest, unless it is known.
        awaited_digest: Option<Wanted>,
    },
    /// Those of an upload.
    Receiving(Receiving),
}

impl TransferThreads {
    pub(super) fn cancel(&self) {
        match self {
            Self::Sending { sending, .. } => sending.cancel(),
            Self::Receiving(receiving) => receiving.cancel(),
        }
    }

    pub(super) fn set_paused(&self, is_paused: bool) {
        match self {
            Self::Sending { sending, .. } => sending.set_paused(is_paused),
            Self::Receiving(receiving) => receiving.set_paused(is_paused),
        }
    }
}

/// The reason why a queued transfer did not start.
pub(super) enum StartError {
    /// Another program uses the port.
    PortHeld,
    /// It cannot start: a sentence.
    Hopeless(String),
}

/// The data that a transfer needs to start.
pub(super) struct TransferResources {
    pub(super) journals: Journals,
    pub(super) tap: Tap,
    pub(super) scenario: Scenario,
    pub(super) is_offloading: bool,
    pub(super) folder: Folder,
    pub(super) digests: Digests,
    /// The partial files of interrupted uploads.
    pub(super) kept: Kept,
    /// The channel for reports of senders.
    pub(super) events: Sender<TransfersMessage>,
}

impl Transfer {
    /// A socket at the address that the chat connection uses, and its real port.
    pub(super) fn open_outlet(&self, port: u16) -> Result<(Outlet, u16), StartError> {
        let mut address = self.peer.local;
        address.set_port(port);
        bind(self.settled.transport, address).map_err(|error| {
            // Windows reports the latter for ports that it reserves.
            let is_held = matches!(
                error.kind(),
                ErrorKind::AddrInUse | ErrorKind::PermissionDenied
            );
            if is_held && port != 0 {
                StartError::PortHeld
            } else {
                hopeless("has no socket for this transfer", &error)
            }
        })
    }

    /// The server's share of it: this size, from this byte on.
    pub(super) fn job(
        &self,
        number: u64,
        drawn: Token,
        [size, offset]: [u64; 2],
        resources: &TransferResources,
    ) -> Job {
        Job {
            keys: self.peer.traffic_keys(drawn, number),
            offset,
            scenario: resources.scenario.clone(),
            is_offloading: resources.is_offloading,
            is_watched: resources.journals.are_kept(),
            tap: resources.tap.clone(),
            ..Job::new(number, self.peer.token(drawn, number), self.settled, size)
        }
    }

    /// The offer of that job to the asker.
    pub(super) fn offer(
        &self,
        job: &Job,
        drawn: Token,
        port: u16,
        version: FileVersion,
    ) -> Offer {
        Offer {
            transfer: job.number,
            tag: self.tag,
            file: self.name.to_string(),
            port,
            token: drawn,
            size: job.size,
            digest: version.digest,
            modified: version.modified,
            offset: job.offset,
            settled: self.settled,
        }
    }

    /// Its threads run: the asker is told. `port` is the pool's number for the offered one.
    pub(super) fn run(
        &mut self,
        port: u16,
        offer: Offer,
        threads: TransferThreads,
        now: Moment,
    ) {
        log::info!(
            "transfer {} started: {} {} client {}, from byte {}, port {}",
            offer.transfer,
            self.name,
            self.preposition(),
            self.peer.number,
            offer.offset,
            offer.port
        );
        self.peer.tell(&Reply::Offer(offer));
        self.phase = TransferPhase::Running {
            port,
            threads,
            standing: Standing::new(now),
        };
    }

    const fn preposition(&self) -> &'static str {
        if self.upload.is_some() { "from" } else { "to" }
    }

    /// For whom it is.
    pub(super) fn user(&self) -> User {
        User {
            client: self.peer.number,
            household: household(self.peer.remote.ip()),
        }
    }

    /// The address of its household, or of this computer.
    pub(super) fn address(&self) -> IpAddr {
        let address = self.peer.remote.ip().to_canonical();
        household(address).unwrap_or(address)
    }

    /// Its state, and the part of it that has arrived.
    pub(super) fn note_progress(
        &mut self,
        state: TransferState,
        bytes: u64,
        now: Moment,
    ) {
        if let TransferPhase::Running { standing, .. } = &mut self.phase {
            standing.note(state, bytes, now);
        }
    }

    /// Its progress, while it runs and was not ended.
    pub(super) fn standing(&self) -> Option<Standing> {
        let is_ending = self.is_leaving || self.broken_off.is_some();
        match self.phase {
            TransferPhase::Running { standing, .. } => {
                Some(standing).filter(|_| !is_ending)
            }
            TransferPhase::Queued { .. } | TransferPhase::Lingering { .. } => None,
        }
    }

    /// Permits an upload to become a file.
    pub(super) fn admit(&self) {
        if let TransferPhase::Running {
            threads: TransferThreads::Receiving(receiving),
            ..
        } = &self.phase
        {
            receiving.admit();
        }
    }

    /// Ends it for this reason.
    pub(super) fn break_off(&mut self, sentence: String) {
        self.broken_off = Some(BrokenOff::Failed(sentence));
        self.cancel();
    }

    /// Ends it, if it has begun.
    pub(super) fn cancel(&mut self) {
        self.is_leaving = true;
        match &self.phase {
            TransferPhase::Queued { .. } => {}
            TransferPhase::Running { threads, .. } => threads.cancel(),
            TransferPhase::Lingering { receiving, .. } => receiving.cancel(),
        }
    }

    /// Whether this is a running upload of that version, and the `asker`, with the name
    /// `from`, may continue from its part: it is ending, its client has left, or the same
    /// client requests it again, and the earlier one is interrupted.
    pub(super) fn gives_way_to(
        &self,
        asker: &Peer,
        from: &str,
        name: &FileName,
        version: &FileVersion,
    ) -> bool {
        let is_it =
            |upload: &Upload| upload.version.is_same(version) && upload.from == from;
        let is_same = self.name == *name && self.upload.as_ref().is_some_and(is_it);
        is_same
            && matches!(self.phase, TransferPhase::Running { .. })
            && (self.is_leaving
                || self.peer.number == asker.number
                || self.peer.has_hung_up())
    }

    /// The part of the report that is always known.
    pub(super) fn news(&self, number: u64, state: TransferState) -> TransferNews {
        TransferNews {
            transfer: number,
            tag: self.tag,
            state,
            place: None,
            progress: None,
            sentence: None,
            interrupted: false,
        }
    }

    /// Reports its place in the queue to the client, if it has changed.
    pub(super) fn notify_queue_place(&mut self, number: u64, place: u32) {
        let TransferPhase::Queued { notified_place } = &mut self.phase else {
            return;
        };
        if std::mem::replace(notified_place, place) != place {
            let mut news = self.news(number, TransferState::Queued);
            news.place = Some(place);
            self.peer.tell(&Reply::Transfer(news));
        }
    }

    /// Logs its end in one line.
    pub(super) fn log_end(&self, number: u64, ending: &Ending) {
        let Ending {
            state,
            figures,
            elapsed,
            ..
        } = ending;
        let state = format!("{state:?}").to_lowercase();
        log::info!(
            "transfer {number} finished: {state}, {} of {} {} client {} in {:.2} s, \
             {} of {} packets resent",
            bytes(figures.progress.acked_bytes),
            self.name,
            self.preposition(),
            self.peer.number,
            elapsed.as_secs_f64(),
            figures.progress.resent_packets,
            figures.progress.sent_packets,
        );
    }
}

impl TransferResources {
    /// The channel to which the threads of a transfer report.
    pub(super) fn reporter(
        &self,
        job: &Job,
        side: Side,
    ) -> impl FnMut(Report) + Send + 'static {
        let (events, transfer) = (self.events.clone(), job.number);
        self.journals.keep(job, side, move |report| {
            if matches!(report, Report::Happened(_)) {
                return; // The journal has recorded it.
            }
            // An error means that the server has ended.
            let _ = events.send(TransfersMessage::Reported { transfer, report });
        })
    }
}

/// The address of one household: an IPv4 address, or an IPv6 prefix of 64 bits (RFC 4291
/// §2.5.4). `None` for the server's own computer.
pub(super) fn household(address: IpAddr) -> Option<IpAddr> {
    let address = address.to_canonical();
    if address.is_loopback() {
        return None;
    }
    Some(match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => {
            IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64))
        }
    })
}

pub(super) fn draw_token() -> Result<Token, StartError> {
    let mut token = Token([0; 16]);
    getrandom::fill(&mut token.0)
        .map_err(|error| hopeless("has no random numbers", &error))?;
    Ok(token)
}

pub(super) fn hopeless(what: &str, error: &dyn std::fmt::Display) -> StartError {
    StartError::Hopeless(format!("The server {what} ({error}). Try again later."))
}

fn bind(transport: Transport, address: SocketAddr) -> io::Result<(Outlet, u16)> {
    match transport {
        Transport::Udp => {
            let socket = UdpSocket::bind(address)?;
            let port = socket.local_addr()?.port();
            Ok((Outlet::Udp(socket), port))
        }
        Transport::Tcp => {
            let socket = TcpListener::bind(address)?;
            let port = socket.local_addr()?.port();
            Ok((Outlet::Tcp(socket), port))
        }
    }
}

/// For people: `1.2 MB`.
#[expect(clippy::cast_precision_loss, reason = "two digits are shown")]
fn bytes(count: u64) -> String {
    match count {
        0..1_000 => format!("{count} B"),
        1_000..1_000_000 => format!("{:.1} kB", count as f64 / 1e3),
        _ => format!("{:.1} MB", count as f64 / 1e6),
    }
}
