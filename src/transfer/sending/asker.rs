//! The receiver of a file as its sender knows it before the first packet.
//!
//! Source: report page `wire`, early DATA.

use super::SenderDriver;
use crate::reliable::connection::Sending as Connection;
use crate::transfer::Report;
use crate::wire::sequence::SequenceNumber;
use std::io;
use std::net::{IpAddr, SocketAddr};

/// The receiver.
#[derive(Debug, Clone, Copy)]
pub struct Asker {
    /// The address that the chat connection comes from.
    pub address: IpAddr,
    /// The UDP port that its request told: the sender begins at once.
    pub port: Option<u16>,
}

impl From<IpAddr> for Asker {
    fn from(address: IpAddr) -> Self {
        Self {
            address,
            port: None,
        }
    }
}

/// The number of a file's first segment.
pub(super) fn random_sequence() -> io::Result<SequenceNumber> {
    let mut bytes = [0; 4];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    Ok(SequenceNumber(u32::from_be_bytes(bytes)))
}

impl<R: FnMut(Report)> SenderDriver<R> {
    /// The server's side waits for no SYN, if the client's port is known.
    pub(super) fn asked(
        mut self,
        address: IpAddr,
        port: Option<u16>,
        first: SequenceNumber,
    ) -> Self {
        if let Some(port) = port {
            let proposal = self.job.proposal(self.job.settled.window, Some(first));
            let arq = self.job.settled.arq;
            self.connection = Connection::begin(arq, proposal, self.clock.now());
            self.packet_output.assume(SocketAddr::new(address, port));
        }
        self
    }
}
