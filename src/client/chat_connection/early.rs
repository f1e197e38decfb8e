//! The sockets of downloads, bound before their requests leave: the server may send DATA
//! to their ports at once, a round trip before a SYN could arrive.
//!
//! ```text
//!   writer  download, early --bind--> its port goes into the line, the socket to the session
//! ```
//!
//! Source: report page `wire`, early DATA.

use crate::transfer::packet_output::enlarge_buffers;
use crate::wire::message::{Early, Request};
use crossbeam_channel::{Receiver, Sender, unbounded};
use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, TcpStream, UdpSocket};
use std::time::Duration;

/// The sockets that were bound, by the tags of their requests.
#[derive(Debug)]
pub(super) struct EarlySockets {
    sender: Sender<(u64, UdpSocket)>,
    bound: Receiver<(u64, UdpSocket)>,
    waiting: HashMap<u64, UdpSocket>,
}

/// The writer's part.
#[derive(Debug)]
pub(super) struct Binding {
    sender: Sender<(u64, UdpSocket)>,
    /// The address of the chat connection on this computer.
    address: Option<IpAddr>,
    round_trip: Duration,
}

impl Default for EarlySockets {
    fn default() -> Self {
        let (sender, bound) = unbounded();
        Self {
            sender,
            bound,
            waiting: HashMap::new(),
        }
    }
}

impl EarlySockets {
    pub(super) fn binding(&self) -> Binding {
        Binding {
            sender: self.sender.clone(),
            address: None,
            round_trip: Duration::ZERO,
        }
    }

    /// Closes the sockets of all other requests.
    pub(super) fn retain(&mut self, is_awaited: impl Fn(u64) -> bool) {
        self.waiting.extend(self.bound.try_iter());
        self.waiting.retain(|tag, _| is_awaited(*tag));
    }

    pub(super) fn take(&mut self, tag: u64) -> Option<UdpSocket> {
        self.waiting.extend(self.bound.try_iter());
        self.waiting.remove(&tag)
    }
}

impl Binding {
    pub(super) fn connected(&mut self, stream: &TcpStream, round_trip: Duration) {
        self.address = stream.local_addr().ok().map(|address| address.ip());
        self.round_trip = round_trip;
    }

    /// Binds the socket of a download that wants one; where that fails, the request is
    /// one without it.
    pub(super) fn complete(&self, request: &mut Request) {
        let Request::Download(download) = request else {
            return;
        };
        let Some(wanted) = download.early.take() else {
            return;
        };
        let (Some(tag), Some(address)) = (download.tag, self.address) else {
            return;
        };
        match bind(address) {
            Ok((port, socket)) => {
                let round_trip = match wanted.round_trip_us {
                    0 => u32::try_from(self.round_trip.as_micros()).unwrap_or(0),
                    known => known,
                };
                download.early = Some(Early {
                    port,
                    round_trip_us: round_trip,
                });
                // An error: the session has gone.
                let _ = self.sender.send((tag, socket));
            }
            Err(error) => log::debug!("no socket before the offer: {error}"),
        }
    }
}

fn bind(address: IpAddr) -> io::Result<(u16, UdpSocket)> {
    let socket = UdpSocket::bind((address, 0))?;
    enlarge_buffers(&socket)?; // The first packets wait there.
    Ok((socket.local_addr()?.port(), socket))
}
