//! `acks-3`: reads the socket of a sender, decodes, and forwards; nothing else.
//!
//! Only what carries the token and comes from the asker's address reaches `sender-3`.

use super::super::carrier::is_passing;
use super::super::inbox::Arrival;
use super::super::{Job, WAKE_INTERVAL, threads};
use crate::wire::digest::Token;
use crate::wire::packet::{LARGEST_DATAGRAM_BYTES, Packet};
use crossbeam_channel::Sender;
use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Starts `acks-N`; it ends once `is_over` is set.
///
/// # Errors
/// What the system says when it has no thread left.
pub(super) fn start(
    job: &Job,
    socket: UdpSocket,
    asker: IpAddr,
    inbox: Sender<Arrival>,
    is_over: Arc<AtomicBool>,
) -> io::Result<()> {
    socket.set_read_timeout(Some(WAKE_INTERVAL))?;
    let token = job.token;
    let forward = move || {
        let mut datagram = vec![0; LARGEST_DATAGRAM_BYTES];
        while !is_over.load(Ordering::Relaxed) {
            match socket.recv_from(&mut datagram) {
                Ok((length, from)) if from.ip() == asker => {
                    if let Some(arrival) = read(&datagram[..length], token, from) {
                        let _ = inbox.try_send(arrival);
                    }
                }
                Ok((_, from)) => log::debug!("ignored a datagram from {from}"),
                Err(error) if is_passing(&error) => (),
                Err(error) => {
                    log::warn!("cannot receive ACKs any more: {error}");
                    return;
                }
            }
        }
    };
    threads::start_small(format!("acks-{}", job.number), forward).map(|_| ())
}

fn read(datagram: &[u8], token: Token, from: SocketAddr) -> Option<Arrival> {
    match Packet::decode(datagram) {
        Ok((packet, _)) if packet.token == token => Some(Arrival::Packet(packet, from)),
        Ok(_) => None,
        Err(_) => Packet::has_token(datagram, token).then_some(Arrival::Damaged),
    }
}
