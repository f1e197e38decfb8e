//! How fast, in one run on one machine: Sash's protocols beside what bounds them.
//!
//! A figure in MB/s says little about a program and much about a machine. So every round
//! measures all rows in turn, and what counts is the ratio to the first rows: the same
//! datagrams with no protocol at all, and the kernel's own TCP.
//!
//! ```text
//!   bare datagrams   send, receive, nothing else: one a call, and many
//!   kernel TCP       file to socket to nowhere, unchecked
//!   sash ...         file to socket to file, checked by SHA-256
//! ```
//!
//! | module | is |
//! | --- | --- |
//! | `limits` | the rows without a protocol of Sash's |
//! | [`cost`] | processor time and memory of a row |
//! | `program` | reads the arguments and prints |
//! | [`listing`] | the rows as a table and as a picture |
//!
//! One transfer over real sockets is [`sash::loopback`]. `speed.rs` is the program of
//! `./sash bench`; this module is also part of `tests/programs`, where its tests run.
//!
//! Source: report chapter `speed`.

pub(crate) mod cost;
mod limits;
pub(crate) mod listing;
pub(crate) mod program;
#[path = "../../src/bin/lab/size.rs"]
mod size;

use cost::{Cost, Meter};
use sash::link::Scenario;
use sash::loopback::{Carried, Source, Transfer};
use sash::wire::options::{Arq, Congestion, NegotiatedOptions, Transport};
use std::fs;
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

/// What is to be measured.
#[derive(Debug, Clone)]
pub(crate) struct Bench {
    /// The file's size. Unit: bytes.
    pub(crate) size: u64,
    /// File bytes per DATA packet.
    pub(crate) segment_bytes: u16,
    /// How often each row is measured.
    pub(crate) rounds: u32,
    /// Where the file is made and where it arrives.
    pub(crate) folder: PathBuf,
    /// What the link does to Sash's own packets.
    pub(crate) scenario: Scenario,
}

/// One way to carry the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    /// Datagrams of the same size, with no protocol.
    BareDatagrams {
        /// How they are given to the kernel and taken from it.
        calls: Calls,
    },
    /// A TCP connection of the kernel's, with no check.
    KernelTcp,
    /// Sash.
    Sash {
        /// By which protocol, window and controller.
        settled: NegotiatedOptions,
        /// Whether the kernel cuts rows of datagrams up and puts them together.
        is_offloading: bool,
    },
}

/// How datagrams cross the border to the kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Calls {
    /// Each by a call of its own.
    One,
    /// Many in one call, each by itself.
    Many,
    /// In rows that the kernel cuts up, and puts together again.
    Offloaded,
}

/// One row: a way and what it reached in each round.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    /// What was measured.
    pub(crate) method: Method,
    /// One for each round.
    pub(crate) rounds: Vec<Round>,
}

/// What one row reached in one round.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Round {
    /// Unit: 10^6 file bytes per second.
    pub(crate) rate: f64,
    /// Packets sent again, as a share of all.
    pub(crate) resent: f64,
    /// What it took of the machine.
    pub(crate) cost: Cost,
    /// How much was carried. Unit: 2^30 bytes.
    pub(crate) gibibytes: f64,
}

const LOCALHOST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

impl Bench {
    /// The rows, in the order in which each round measures them: the limits, what a
    /// transfer does by default, and the lessons' protocols.
    #[must_use]
    pub(crate) fn methods(&self) -> Vec<Method> {
        let segment_bytes = self.segment_bytes;
        let default = NegotiatedOptions {
            segment_bytes,
            ..NegotiatedOptions::DEFAULT
        };
        let sash = |settled, is_offloading| Method::Sash {
            settled,
            is_offloading,
        };
        let lesson = |arq, window| {
            let settled = NegotiatedOptions {
                arq,
                congestion: Congestion::Fixed,
                window,
                ..default
            };
            sash(settled, true)
        };
        let over_tcp = NegotiatedOptions {
            transport: Transport::Tcp,
            ..default
        };
        vec![
            Method::BareDatagrams { calls: Calls::One },
            Method::BareDatagrams { calls: Calls::Many },
            Method::BareDatagrams {
                calls: Calls::Offloaded,
            },
            Method::KernelTcp,
            sash(over_tcp, true),
            sash(default, true),
            sash(default, false),
            lesson(Arq::Sack, 256),
            lesson(Arq::SelectiveRepeat, 256),
            lesson(Arq::SelectiveRepeat, 16),
            lesson(Arq::GoBackN, 256),
            lesson(Arq::GoBackN, 16),
            lesson(Arq::StopAndWait, 1),
        ]
    }

    /// Measures these rows; `progress` is told what is about to be measured.
    ///
    /// # Errors
    /// Those of the system, and a transfer that did not end verified.
    pub(crate) fn run(
        &self,
        methods: Vec<Method>,
        mut progress: impl FnMut(u32, Method),
    ) -> io::Result<Vec<Row>> {
        let source = Source::make(&self.folder, self.size)?;
        let row = |method| Row {
            method,
            rounds: Vec::new(),
        };
        let mut rows: Vec<_> = methods.into_iter().map(row).collect();
        for round in 1..=self.rounds {
            for row in &mut rows {
                progress(round, row.method);
                self.touch_memory(&source)?;
                row.rounds.push(self.measure(row.method, &source)?);
            }
        }
        fs::remove_file(&source.path)?;
        Ok(rows)
    }

    /// Uses, and lets go, as much memory as the file that is to arrive will need, where the
    /// folder is in memory. A virtual machine gives back to its host what nobody has used
    /// for two seconds; then whichever row comes next would pay for getting it again.
    fn touch_memory(&self, source: &Source) -> io::Result<()> {
        let path = self.folder.join("bench-memory.bin");
        let copied = fs::copy(&source.path, &path);
        fs::remove_file(&path)?;
        copied.map(drop)
    }

    fn measure(&self, method: Method, source: &Source) -> io::Result<Round> {
        let meter = Meter::start();
        let (seconds, resent) = match method {
            Method::BareDatagrams { calls } => {
                let datagrams = limits::Datagrams {
                    file_bytes: self.size,
                    segment_bytes: self.segment_bytes,
                    calls,
                };
                (datagrams.carry()?, 0.0)
            }
            Method::KernelTcp => (limits::kernel_tcp(&source.path, self.size)?, 0.0),
            Method::Sash {
                settled,
                is_offloading,
            } => self.sash(settled, is_offloading, source)?,
        };
        Ok(Round {
            rate: megabytes(self.size) / seconds,
            resent,
            cost: meter.read(),
            gibibytes: megabytes(self.size) * 1e6 / f64::from(1 << 30),
        })
    }

    fn sash(
        &self,
        settled: NegotiatedOptions,
        is_offloading: bool,
        source: &Source,
    ) -> io::Result<(f64, f64)> {
        let transfer = Transfer {
            folder: self.folder.clone(),
            size: self.size,
            settled,
            scenario: self.scenario.clone(),
            is_offloading,
        };
        let Carried { seconds, progress } = transfer.carry_from(source)?;
        let resent = share(progress.resent_packets, progress.sent_packets);
        Ok((seconds, resent))
    }
}

impl Row {
    /// The middle one of a figure over the rounds, or the lower one of two.
    #[must_use]
    pub(crate) fn median(&self, figure: impl Fn(&Round) -> f64) -> f64 {
        let mut figures: Vec<_> = self.rounds.iter().map(figure).collect();
        figures.sort_by(f64::total_cmp);
        let middle = figures.len().saturating_sub(1) / 2;
        figures.get(middle).copied().unwrap_or_default()
    }

    /// The median of its rates. Unit: 10^6 file bytes per second.
    #[must_use]
    pub(crate) fn rate(&self) -> f64 {
        self.median(|round| round.rate)
    }
}

impl std::fmt::Display for Method {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let name = match self {
            Self::BareDatagrams { calls } => format!("bare datagrams, {calls}"),
            Self::KernelTcp => "kernel TCP, unchecked".to_owned(),
            Self::Sash {
                settled,
                is_offloading,
            } => {
                let NegotiatedOptions {
                    transport,
                    arq,
                    congestion,
                    window,
                    ..
                } = settled;
                let how = if *is_offloading { "" } else { ", no offload" };
                match (transport, congestion) {
                    (Transport::Tcp, _) => "sash over TCP".to_owned(),
                    (Transport::Udp, Congestion::Fixed) => {
                        format!("sash {arq}, window {window}{how}")
                    }
                    (Transport::Udp, _) => format!("sash {arq}, {congestion}{how}"),
                }
            }
        };
        f.pad(&name)
    }
}

impl std::fmt::Display for Calls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::One => "one a call",
            Self::Many => "many a call",
            Self::Offloaded => "by offload",
        })
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

#[cfg(test)]
impl Round {
    /// Of this rate, and nothing else known.
    fn of(rate: f64) -> Self {
        Self {
            rate,
            resent: 0.0,
            cost: Cost::default(),
            gibibytes: 1.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_does_not_depend_on_the_order_of_the_rounds() {
        let row = |rates: &[f64]| Row {
            method: Method::KernelTcp,
            rounds: rates.iter().map(|&rate| Round::of(rate)).collect(),
        };
        assert_eq!(format!("{:.0}", row(&[3.0, 1.0, 2.0]).rate()), "2");
        assert_eq!(format!("{:.0}", row(&[4.0, 1.0, 3.0, 2.0]).rate()), "2");
        assert_eq!(format!("{:.0}", row(&[]).rate()), "0");
    }

    #[test]
    fn every_transfer_method_carries_a_file_and_reports_its_rate() {
        let folder = tempfile::tempdir().unwrap();
        let bench = Bench {
            size: 1 << 20,
            segment_bytes: 1_436,
            rounds: 1,
            folder: folder.path().to_owned(),
            scenario: Scenario::PERFECT,
        };
        let rows = bench.run(bench.methods(), |_, _| ()).unwrap();
        assert_eq!(rows.len(), bench.methods().len());
        for row in &rows {
            assert!(row.rate() > 0.0, "{}", row.method);
        }
        let left = fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(left, 0, "a file was left behind");
    }
}
