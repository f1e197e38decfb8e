//! SYN-ACK and DATA that come before the client has sent a packet, at a port that its
//! request told.
//!
//! ```text
//!   download, port --TCP--> server
//!   socket <-- SYN-ACK, DATA 0, 1, 2 ...      they wait in the socket
//!   offer  <--TCP-- server                    receiver-3 starts, reads them, and sends ACK
//! ```
//!
//! A SYN-ACK may be lost. DATA is kept then until another one comes, for which a SYN
//! asks; also where that SYN was the first packet.
//!
//! Source: report page `wire`.

use super::ReceiverDriver;
use crate::reliable::moment::Moment;
use crate::transfer::Report;

/// DATA that waits for the SYN-ACK, with the time of its arrival.
#[derive(Debug, Default)]
pub(super) struct Early {
    /// Whether packets may be there before the first SYN.
    pub(super) is_awaited: bool,
    kept: Vec<(Vec<u8>, Moment)>,
}

/// Most datagrams that are kept: a first window.
const MOST: usize = 256;

impl<R: FnMut(Report)> ReceiverDriver<R> {
    /// The server knows the port of this socket.
    pub(super) fn awaited(mut self) -> Self {
        self.early.is_awaited = true;
        self
    }

    /// DATA came before the SYN-ACK: it is kept for later.
    pub(super) fn keep_early(&mut self, datagram: &[u8], now: Moment) {
        if self.early.kept.len() < MOST {
            self.early.kept.push((datagram.to_vec(), now));
        }
        self.connection.on_early_data(now);
    }

    /// The connection is open: what was kept counts from when it came.
    pub(super) fn release_early(&mut self) {
        if self.early.kept.is_empty() || self.connection.parameters().is_none() {
            return;
        }
        for (datagram, came) in std::mem::take(&mut self.early.kept) {
            self.receive(&datagram, false, came);
        }
    }
}
