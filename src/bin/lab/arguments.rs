//! The flags that several commands share.

use super::size::bytes;
use clap::Args;
use sash::lab::halt::Halt;
use sash::lab::run::Experiment;
use sash::link::Scenario;
use sash::wire::options::{
    Arq, Congestion, DEFAULT_SEGMENT_BYTES, LARGEST_SEGMENT_BYTES, LARGEST_WINDOW,
    NegotiatedOptions, RequestedOptions,
};
use sash::wire::sequence::SequenceNumber;
use std::fmt;
use std::io;
use std::str::FromStr;

/// The file, the protocol and the path of a simulated transfer.
#[derive(Args)]
pub(crate) struct TransferArguments {
    /// Use these ARQ protocols: stop-and-wait, go-back-n, selective-repeat or sack; several
    /// separated by commas, or all
    #[arg(long, default_value = "all", value_parser = protocols)]
    pub(crate) arq: Protocols,
    /// Use these congestion controllers: fixed, plus-one-minus-three, double-halve, additive,
    /// reno, cubic or bbr; several separated by commas, or all [default: fixed]
    #[arg(long, value_name = "CONTROLLER", value_parser = controllers)]
    pub(crate) congestion: Option<Controllers>,
    /// Set the send window, in packets [default: 1 for stop-and-wait, otherwise 16; 8192 with
    /// a controller]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=i64::from(LARGEST_WINDOW)))]
    pub(crate) window: Option<u32>,
    /// Set the size of the file: bytes, or with KiB, MiB, GiB
    #[arg(long, default_value = "100KiB", value_parser = bytes)]
    pub(crate) size: u64,
    /// Put this many file bytes into a DATA packet
    #[arg(long, default_value_t = DEFAULT_SEGMENT_BYTES,
          value_parser = clap::value_parser!(u16).range(1..=i64::from(LARGEST_SEGMENT_BYTES)))]
    pub(crate) segment: u16,
    /// Simulate this path: "seed=7;loss=10%;delay=50ms"
    #[arg(long, default_value = "perfect", value_name = "SCENARIO")]
    pub(crate) link: Scenario,
    /// Start with this sequence number; one just below 2^32 shows the wraparound
    #[arg(long, default_value_t = 0)]
    pub(crate) first: u32,
    /// Resume: the receiver already has this much of the file (bytes, or with KiB, MiB, GiB)
    #[arg(long, default_value = "0", value_parser = bytes)]
    pub(crate) offset: u64,
    /// Let the sender start the handshake, as in an upload
    #[arg(long)]
    pub(crate) upload: bool,
    /// Halt the transfer for 5 s when half of the file has arrived, at the sender, the
    /// receiver or the disk, which then writes only slowly for 5 s more
    #[arg(long, value_name = "WHO")]
    pub(crate) halt: Option<Halt>,
}

impl TransferArguments {
    /// One experiment for every protocol and controller asked for, in turn.
    ///
    /// # Errors
    /// A sentence, if the protocol does not accept the window or the controller.
    pub(crate) fn experiments(&self) -> io::Result<Vec<Experiment>> {
        let Protocols(protocols) = &self.arq;
        let controllers = match &self.congestion {
            None => vec![None],
            Some(Controllers(list)) => list.iter().copied().map(Some).collect(),
        };
        let ways = protocols.iter().flat_map(|&arq| {
            controllers.iter().map(move |&controller| (arq, controller))
        });
        ways.map(|(arq, controller)| self.experiment(arq, controller))
            .collect()
    }

    fn experiment(
        &self,
        arq: Arq,
        congestion: Option<Congestion>,
    ) -> io::Result<Experiment> {
        let asked = RequestedOptions {
            arq: Some(arq),
            window: self.window,
            congestion,
            segment_bytes: Some(self.segment),
            ..RequestedOptions::default()
        };
        let settled = asked
            .negotiate(&NegotiatedOptions::DEFAULT)
            .map_err(io::Error::other)?;
        Ok(Experiment {
            scenario: self.link.clone(),
            arq,
            window: settled.window,
            congestion: settled.congestion,
            size: self.size,
            segment_bytes: settled.segment_bytes,
            first: SequenceNumber(self.first),
            offset: self.offset.min(self.size),
            is_upload: self.upload,
            halt: self.halt,
            ..Experiment::small()
        })
    }
}

/// The protocols of `--arq`: one, or all.
#[derive(Clone)]
pub(crate) struct Protocols(pub(crate) Vec<Arq>);

/// Reads `--arq`.
pub(crate) fn protocols(text: &str) -> Result<Protocols, String> {
    Ok(Protocols(one_or_all(text, &Arq::ALL)?))
}

/// The controllers of `--congestion`: one, several, or all.
#[derive(Clone)]
pub(crate) struct Controllers(pub(crate) Vec<Congestion>);

/// Reads `--congestion`.
pub(crate) fn controllers(text: &str) -> Result<Controllers, String> {
    Ok(Controllers(one_or_all(text, &Congestion::ALL)?))
}

impl fmt::Display for Controllers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(list) = self;
        let names: Vec<_> = list.iter().map(|controller| controller.name()).collect();
        f.write_str(&names.join(", "))
    }
}

/// `all`, or a list separated by commas.
fn one_or_all<T>(text: &str, all: &[T]) -> Result<Vec<T>, String>
where
    T: FromStr<Err: fmt::Display> + Copy,
{
    if text == "all" {
        return Ok(all.to_vec());
    }
    let read = |one: &str| {
        one.trim()
            .parse::<T>()
            .map_err(|error| format!("{error}, or all"))
    };
    text.split(',').map(read).collect()
}
