//! The sending side of one transfer: `sender-3` and `acks-3`.

use super::{Job, Report};
use crate::wire::digest::Digest;
use crate::wire::message::TransferState;
use std::fs::File;
use std::io;
use std::net::{IpAddr, TcpListener, UdpSocket};

/// Where the bytes go out: bound already, so that its port could be offered.
#[derive(Debug)]
pub enum Outlet {
    /// Sash's protocol.
    Udp(UdpSocket),
    /// A plain TCP connection.
    Tcp(TcpListener),
}

/// A running sender. Dropping it does not end it.
#[derive(Debug, Clone)]
pub struct Sending {}

/// Starts `sender-N` and `acks-N`. `asker` is the address the chat connection comes from.
///
/// # Errors
/// What the system says when it has no thread or descriptor left.
pub fn start(
    _job: Job,
    _file: File,
    _digest: Option<Digest>,
    _outlet: Outlet,
    _asker: IpAddr,
    _report: impl FnMut(Report) + Send + 'static,
) -> io::Result<Sending> {
    Err(io::ErrorKind::Unsupported.into())
}

impl Sending {
    /// The digest is known now: FIN may go out.
    pub fn digest(&self, _digest: Digest) {}

    /// The file could not be hashed: the transfer fails with this sentence.
    pub fn fail(&self, _sentence: String) {}

    /// The receiver's word from the chat connection: verified or damaged.
    pub fn verdict(&self, _state: TransferState) {}

    /// End it, telling the other side.
    pub fn cancel(&self) {}
}
