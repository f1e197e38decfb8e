//! One transfer over real sockets on loopback, with the drivers of the programs: `lab
//! sweep --real` measures it beside virtual time.
//!
//! The link, if there is one, is at the sender, for both directions.
//!
//! Layer 5: it needs the drivers and the laboratory's made-up files.

use crate::lab::contents;
use crate::lab::sweep::Measured;
use crate::link::{Direction, Scenario};
use crate::transfer::clock::Clock;
use crate::transfer::ordinary::{self, Use};
use crate::transfer::overwrite::Overwrite;
use crate::transfer::receiving::{self, Destination};
use crate::transfer::sending::{self, Outlet};
use crate::transfer::tap::Tap;
use crate::transfer::{Ending, Job, Report};
use crate::wire::digest::{Digest, Token};
use crate::wire::message::{Progress, TransferState};
use crate::wire::options::{NegotiatedOptions, Transport};
use std::fs::{self, File};
use std::io::{self, BufWriter, Write as _};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A file to be transferred from a folder into the same folder.
#[derive(Debug, Clone)]
pub struct Transfer {
    /// The folder of the file and of its copy.
    pub folder: PathBuf,
    /// The file's size. Unit: bytes.
    pub size: u64,
    /// The options.
    pub settled: NegotiatedOptions,
    /// The scenario of the link.
    pub scenario: Scenario,
    /// Whether to use segmentation and receive offload, if the system supports it.
    pub is_offloading: bool,
}

/// A made-up file.
#[derive(Debug, Clone)]
pub struct Source {
    /// Its path.
    pub path: PathBuf,
    /// Its content.
    pub digest: Digest,
}

/// The result.
#[derive(Debug, Clone, Copy)]
pub struct Carried {
    /// The time from the start of the sender until the file has its final name.
    pub seconds: f64,
    /// The sender's counters at its end.
    pub progress: Progress,
}

const LOCALHOST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// The limit of the duration of a transfer.
const TIMEOUT: Duration = Duration::from_secs(600);

impl Transfer {
    /// Transfers the file once.
    ///
    /// # Errors
    /// Those of the system, and a transfer that did not end verified.
    pub fn carry(&self) -> io::Result<Carried> {
        self.carry_from(&Source::make(&self.folder, self.size)?)
    }

    /// As [`Transfer::carry`], with an existing file.
    ///
    /// # Errors
    /// As [`Transfer::carry`].
    pub fn carry_from(&self, source: &Source) -> io::Result<Carried> {
        let (outlet, port) = match self.settled.transport {
            Transport::Udp => {
                let socket = UdpSocket::bind((LOCALHOST, 0))?;
                let port = socket.local_addr()?.port();
                (Outlet::Udp(socket), port)
            }
            Transport::Tcp => {
                let listener = TcpListener::bind((LOCALHOST, 0))?;
                let port = listener.local_addr()?.port();
                (Outlet::Tcp(listener), port)
            }
        };
        let delay = |way| self.scenario.conditions(way).delay;
        let round_trip = delay(Direction::Data) + delay(Direction::Ack);
        let job = Job {
            number: 1,
            token: Token(*b"sash bench token"),
            keys: None,
            settled: self.settled,
            size: self.size,
            offset: 0,
            scenario: self.scenario.clone(),
            pause_at: None,
            chat_round_trip: (!round_trip.is_zero()).then_some(round_trip),
            is_offloading: self.is_offloading,
            is_watched: false,
            tap: Tap::OFF,
        };
        let (tell, ended) = crossbeam_channel::bounded(1);
        let (tell_sender, sender_ended) = crossbeam_channel::bounded(1);
        let file = File::open(&source.path)?;
        let clock = Clock::start();
        sending::start(
            job.clone(),
            file,
            Some(source.digest),
            outlet,
            LOCALHOST,
            telling(tell_sender),
        )?;
        let destination = Destination {
            folder: self.folder.clone(),
            name: "bench-arrived.bin".to_owned(),
            workshop: None,
            overwrite: Overwrite::Keep,
        };
        let job = Job {
            scenario: Scenario::PERFECT,
            ..job
        };
        let server = SocketAddr::new(LOCALHOST, port);
        let receiving = receiving::start(job, server, &destination, telling(tell))?;
        let arrived = ended.recv_timeout(TIMEOUT).map_err(io::Error::other)?;
        let seconds = clock.now().since_start().as_secs_f64();
        let sent = sender_ended
            .recv_timeout(TIMEOUT)
            .map_err(io::Error::other)?;
        receiving.release();
        if let Some(path) = &arrived.path {
            fs::remove_file(path)?;
        }
        if arrived.state != TransferState::Verified {
            let why = arrived.sentence.unwrap_or_default();
            return Err(io::Error::other(format!("{:?}: {why}", arrived.state)));
        }
        Ok(Carried {
            seconds,
            progress: sent.figures.progress,
        })
    }
}

impl Carried {
    /// The result for a sweep; `size` is the file's, in bytes.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a rate is for people")]
    pub fn measured(&self, size: u64) -> Measured {
        Measured {
            seconds: self.seconds,
            goodput: size as f64 / 1e6 / self.seconds.max(1e-9),
            sent: self.progress.sent_packets,
            resent: self.progress.resent_packets,
        }
    }
}

/// Passes only the end on.
fn telling(tell: crossbeam_channel::Sender<Ending>) -> impl FnMut(Report) + Send {
    move |report| {
        if let Report::Ended(ending) = report {
            let _ = tell.send(ending);
        }
    }
}

impl Source {
    /// The sample file of this size in this folder, created if it does not exist.
    ///
    /// # Errors
    /// Those of the system.
    pub fn make(folder: &Path, size: u64) -> io::Result<Self> {
        let path = folder.join(format!("bench-source-{size}.bin"));
        let digest = contents::digest(size);
        if fs::metadata(&path).is_ok_and(|found| found.len() == size) {
            return Ok(Self { path, digest });
        }
        let file = ordinary::open(&path, Use::WriteOrCreate)?;
        file.set_len(0)?;
        let mut file = BufWriter::new(file);
        let mut start = 0;
        while start < size {
            let end = size.min(start + (1 << 20));
            file.write_all(&contents::bytes(start..end))?;
            start = end;
        }
        file.flush()?;
        Ok(Self { path, digest })
    }
}
