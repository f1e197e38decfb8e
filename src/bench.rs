//! How fast, in one run on one machine: Sash's protocols beside what bounds them.
//!
//! A figure in MB/s says little about a program and much about a machine. So every round
//! measures all rows in turn, and what counts is the ratio to the first row: the same
//! datagrams with no protocol at all.
//!
//! ```text
//!   bare datagrams   send, recv, nothing else: what the kernel carries one call at a time
//!   kernel TCP       file to socket to nowhere, unchecked
//!   sash ...         file to socket to file, checked by SHA-256
//! ```
//!
//! Floor 4: it needs the shells and the laboratory's made-up files.

pub mod transfer;

use crate::link::Scenario;
use crate::transfer::clock::Clock;
use crate::transfer::{carrier, threads};
use crate::wire::options::{Arq, Congestion, Settled, Transport};
use crate::wire::packet::HEADER_BYTES;
use std::fs::File;
use std::io::{self, Read};
use std::net::{IpAddr, Ipv4Addr, TcpListener, TcpStream, UdpSocket};
use std::path::{Path, PathBuf};
use std::time::Duration;
use transfer::{Carried, Transfer};

/// What is to be measured.
#[derive(Debug, Clone)]
pub struct Bench {
    /// The file's size. Unit: bytes.
    pub size: u64,
    /// File bytes per DATA packet.
    pub segment_bytes: u16,
    /// How often each row is measured.
    pub rounds: u32,
    /// Where the file is made and where it arrives.
    pub folder: PathBuf,
    /// What the link does to Sash's own packets.
    pub scenario: Scenario,
}

/// One way to carry the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Datagrams of the same size, with no protocol.
    BareDatagrams,
    /// A TCP connection of the kernel's, with no check.
    KernelTcp,
    /// Sash.
    Sash(Settled),
}

/// One row: a way and what it reached in each round.
#[derive(Debug, Clone)]
pub struct Row {
    /// What was measured.
    pub way: Way,
    /// Unit: 10^6 file bytes per second; sorted.
    pub rates: Vec<f64>,
    /// Packets sent again, as a share of all, in the last round.
    pub resent: f64,
}

const LOCALHOST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// No row takes longer in one round.
const PATIENCE: Duration = Duration::from_secs(600);

/// A receiver of bare datagrams that hears nothing for so long has heard the last one.
const SILENCE: Duration = Duration::from_millis(200);

impl Bench {
    /// The rows, in the order in which each round measures them.
    #[must_use]
    pub fn ways(&self) -> Vec<Way> {
        let settled = |transport, arq, window| {
            let segment_bytes = self.segment_bytes;
            Way::Sash(Settled {
                transport,
                arq,
                congestion: Congestion::Fixed,
                window,
                segment_bytes,
            })
        };
        let udp = |arq, window| settled(Transport::Udp, arq, window);
        vec![
            Way::BareDatagrams,
            Way::KernelTcp,
            udp(Arq::StopAndWait, 1),
            udp(Arq::GoBackN, 16),
            udp(Arq::GoBackN, 256),
            udp(Arq::SelectiveRepeat, 16),
            udp(Arq::SelectiveRepeat, 256),
            settled(Transport::Tcp, Arq::SelectiveRepeat, 1),
        ]
    }

    /// Measures all rows; `progress` is told what is about to be measured.
    ///
    /// # Errors
    /// Those of the system, and a transfer that did not end verified.
    pub fn run(&self, mut progress: impl FnMut(u32, Way)) -> io::Result<Vec<Row>> {
        let (source, _) = transfer::source(&self.folder, self.size)?;
        let row = |way| Row {
            way,
            rates: Vec::new(),
            resent: 0.0,
        };
        let mut rows: Vec<_> = self.ways().into_iter().map(row).collect();
        for round in 1..=self.rounds {
            for row in &mut rows {
                progress(round, row.way);
                let (seconds, resent) = match row.way {
                    Way::BareDatagrams => (self.bare_datagrams()?, 0.0),
                    Way::KernelTcp => (self.kernel_tcp(&source)?, 0.0),
                    Way::Sash(settled) => self.sash(settled)?,
                };
                row.rates.push(megabytes(self.size) / seconds);
                row.resent = resent;
            }
        }
        std::fs::remove_file(&source)?;
        for row in &mut rows {
            row.rates.sort_by(f64::total_cmp);
        }
        Ok(rows)
    }

    /// Seconds that the file's bytes would need, by what arrives of them.
    fn bare_datagrams(&self) -> io::Result<f64> {
        let receiver = UdpSocket::bind((LOCALHOST, 0))?;
        carrier::enlarge_buffers(&receiver)?;
        receiver.set_read_timeout(Some(SILENCE))?;
        let sender = UdpSocket::bind((LOCALHOST, 0))?;
        sender.connect(receiver.local_addr()?)?;
        let datagram = vec![0xA5; HEADER_BYTES + usize::from(self.segment_bytes)];
        let count = self.size.div_ceil(u64::from(self.segment_bytes));
        let mut room = datagram.clone();
        let clock = Clock::start();
        let blast = threads::start("bare-sender".to_owned(), move || {
            for _ in 0..count {
                let _ = sender.send(&datagram); // What is lost is part of the limit.
            }
        })?;
        let (mut arrived, mut last) = (0_u64, clock.now());
        while receiver.recv(&mut room).is_ok() {
            arrived += 1;
            last = clock.now();
        }
        let _ = blast.join();
        let bytes = megabytes(arrived * u64::from(self.segment_bytes));
        Ok(last.since_start().as_secs_f64() * megabytes(self.size) / bytes.max(1e-9))
    }

    fn kernel_tcp(&self, source: &Path) -> io::Result<f64> {
        let listener = TcpListener::bind((LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let mut file = File::open(source)?;
        let clock = Clock::start();
        let send = threads::start("tcp-sender".to_owned(), move || {
            if let Ok(mut stream) = TcpStream::connect(address) {
                let _ = io::copy(&mut file, &mut stream);
            }
        })?;
        let (mut stream, _) = listener.accept()?;
        let (mut room, mut arrived) = (vec![0; 256 * 1024], 0_u64);
        loop {
            match stream.read(&mut room)? {
                0 => break,
                length => arrived += length as u64,
            }
        }
        let _ = send.join();
        if arrived != self.size {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(clock.now().since_start().as_secs_f64())
    }

    fn sash(&self, settled: Settled) -> io::Result<(f64, f64)> {
        let transfer = Transfer {
            folder: self.folder.clone(),
            size: self.size,
            settled,
            scenario: self.scenario.clone(),
        };
        let Carried { seconds, progress } = transfer.carry()?;
        let resent = share(progress.resent_packets, progress.sent_packets);
        Ok((seconds, resent))
    }
}

#[expect(clippy::cast_precision_loss, reason = "a rate is for people")]
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

#[expect(clippy::cast_precision_loss, reason = "a share is for people")]
fn share(part: u64, whole: u64) -> f64 {
    part as f64 / whole.max(1) as f64
}

impl Row {
    /// The middle one of its rates. Unit: 10^6 file bytes per second.
    #[must_use]
    pub fn median(&self) -> f64 {
        self.rates
            .get(self.rates.len() / 2)
            .copied()
            .unwrap_or_default()
    }

    fn line(&self, limit: f64) -> String {
        let lowest = self.rates.first().copied().unwrap_or_default();
        let highest = self.rates.last().copied().unwrap_or_default();
        let spread = format!("{lowest:.0}..{highest:.0}");
        let (median, ratio) = (self.median(), self.median() / limit.max(1e-9));
        let (way, resent) = (self.way, 100.0 * self.resent);
        format!("{way:<34}{median:>10.0}{spread:>18}{ratio:>10.2}{resent:>8.1}%\n")
    }
}

impl std::fmt::Display for Way {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::BareDatagrams => f.pad("bare datagrams"),
            Self::KernelTcp => f.pad("kernel TCP, unchecked"),
            Self::Sash(settled) => f.pad(&match settled.transport {
                Transport::Tcp => "sash over TCP".to_owned(),
                Transport::Udp => {
                    format!("sash {}, window {}", settled.arq, settled.window)
                }
            }),
        }
    }
}

/// The table that `lab bench` prints.
#[must_use]
pub fn table(rows: &[Row]) -> String {
    let limit = rows.first().map_or(0.0, Row::median);
    let heads = ["", "MB/s", "lowest..highest", "of bare", "resent"];
    let [way, rate, spread, ratio, resent] = heads;
    let head = format!("{way:<34}{rate:>10}{spread:>18}{ratio:>10}{resent:>9}\n");
    rows.iter().fold(head, |text, row| text + &row.line(limit))
}
