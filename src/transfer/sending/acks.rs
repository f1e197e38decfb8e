//! `acks-3`: reads the socket of a sender, decodes, and forwards; nothing else.
//!
//! Only packets with the token from the client's address reach `sender-3`.

use super::super::inbox::{Inbox, SenderInput};
use super::super::socket_error::{LastError, Meaning};
use super::super::tap::CaptureDirection;
use super::super::threads::{self, ThreadKind};
use super::super::{Job, WAKE_INTERVAL};
use crate::reliable::event::PacketName;
use crate::wire::digest::Token;
use crate::wire::mac::TrafficKey;
use crate::wire::packet::{Body, LARGEST_DATAGRAM_BYTES, Packet, PathPacket, Reset};
use crate::wire::sequence::SequenceNumber;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

/// A running `acks-N`. Dropping it ends the thread, but does not wait for that.
pub(super) struct Acks {
    token: Token,
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Acks {
    /// Ends the thread and closes `socket`, the last clone but the thread's own: the port
    /// is free when this returns.
    pub(super) fn end(mut self, socket: UdpSocket) {
        self.is_over.store(true, Ordering::Relaxed);
        wake(&socket, self.token);
        drop(socket);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for Acks {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
    }
}

/// Starts `acks-N`.
///
/// # Errors
/// What the system says when it has no thread left.
pub(super) fn start(
    job: &Job,
    socket: UdpSocket,
    asker: IpAddr,
    inbox: Inbox,
) -> io::Result<Acks> {
    socket.set_read_timeout(Some(WAKE_INTERVAL))?;
    let is_over = Arc::new(AtomicBool::new(false));
    let shall_end = Arc::clone(&is_over);
    let token = job.token;
    let key = job.keys.map(|keys| keys.receive);
    let tap = job.tap.clone();
    // If there is a link, `sender-N` knows the fate of a packet.
    let is_linked = !job.scenario.is_perfect();
    let listen = move || {
        let mut datagram = vec![0; LARGEST_DATAGRAM_BYTES];
        let mut last_error = LastError::default();
        while !shall_end.load(Ordering::Relaxed) {
            match socket.recv_from(&mut datagram) {
                // The datagram that wakes this thread at the end was never sent by the
                // other side.
                Ok(_) | Err(_) if shall_end.load(Ordering::Relaxed) => return,
                Ok((length, from)) if from.ip() == asker => {
                    last_error.forget();
                    let datagram = &datagram[..length];
                    let Some(arrival) = read(datagram, token, key.as_ref(), from) else {
                        continue;
                    };
                    // The carrier also reports the packets that it examines.
                    let is_told = matches!(arrival, SenderInput::Path(..))
                        || is_linked && matches!(arrival, SenderInput::Packet(..));
                    if !is_told {
                        tap.datagram(
                            CaptureDirection::In,
                            &socket,
                            Some(from),
                            datagram,
                            None,
                        );
                    }
                    inbox.forward(arrival);
                }
                Ok((_, from)) => log::debug!("ignored a datagram from {from}"),
                Err(error) => match last_error.note(&error) {
                    Meaning::Nothing => (),
                    Meaning::Lost | Meaning::TooLong => {
                        inbox.forward(SenderInput::SocketError(error));
                        last_error.pause();
                    }
                    Meaning::Unusable => {
                        inbox.tell(SenderInput::SocketError(error));
                        return;
                    }
                },
            }
        }
    };
    let kind = ThreadKind {
        is_small: true,
        can_wait: true,
    };
    let thread = threads::start_as(kind, format!("acks-{}", job.number), listen)?;
    Ok(Acks {
        token,
        is_over,
        thread: Some(thread),
    })
}

/// Sends a packet to this socket, to wake the thread that waits for it. If the packet is
/// lost, the thread wakes by itself after a while.
///
/// A `shutdown` would wake it too, but then a datagram seems to come from no address, on
/// which the standard library's `recv_from` may panic.
fn wake(socket: &UdpSocket, token: Token) {
    let Ok(mut here) = socket.local_addr() else {
        return;
    };
    match here.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => here.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => here.set_ip(Ipv6Addr::LOCALHOST.into()),
        IpAddr::V4(_) | IpAddr::V6(_) => (),
    }
    let packet = Packet {
        token,
        number: 0,
        attempt: 1,
        sequence: SequenceNumber(0),
        sent_at: 0,
        body: Body::Rst {
            why: Reset::Cancelled,
        },
    };
    let mut datagram = Vec::new();
    packet.encode(&mut datagram, &[]);
    let _ = socket.send_to(&datagram, here);
}

fn read(
    datagram: &[u8],
    token: Token,
    key: Option<&TrafficKey>,
    from: SocketAddr,
) -> Option<SenderInput> {
    if PathPacket::is_one(datagram) {
        return Some(SenderInput::Path(datagram.to_vec(), from));
    }
    let arrival = match Packet::decode_keyed(datagram, key) {
        Ok((packet, _)) if packet.token == token => {
            return Some(SenderInput::Packet(packet, from));
        }
        Ok(_) => return None,
        Err(_) if !Packet::has_token(datagram, token) => return None,
        Err(error) => match PacketName::of_forged(&error) {
            Some(name) => SenderInput::Forged(name, datagram.to_vec()),
            None => SenderInput::Damaged(datagram.to_vec()),
        },
    };
    Some(arrival)
}
