//! The receiving side of one transfer: `receiver-3` and `disk-3`.

use super::{Job, Report};
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Where the file shall go.
#[derive(Debug, Clone)]
pub struct Destination {
    /// The folder; it is made when missing.
    pub folder: PathBuf,
    /// The final name, checked: one component. An existing file is kept and the new one
    /// named `NAME (2)`. Until the digest matches, the file is `NAME.part`.
    pub name: String,
}

/// A running receiver. Dropping it does not end it.
#[derive(Debug, Clone)]
pub struct Receiving {}

/// Starts `receiver-N` and `disk-N`. `server` is the chat server's address with the port
/// of the offer.
///
/// # Errors
/// What the system says when the file or folder cannot be made, or no thread is left.
pub fn start(
    _job: Job,
    _server: SocketAddr,
    _destination: Destination,
    _report: impl FnMut(Report) + Send + 'static,
) -> io::Result<Receiving> {
    Err(io::ErrorKind::Unsupported.into())
}

impl Receiving {
    /// End it, telling the other side; the part is kept.
    pub fn cancel(&self) {}
}
