//! Looks for rooms on the local network: one broadcast, and the answers within one
//! second.
//!
//! ```text
//! find --> each network of this computer, and this computer itself
//!      <-- room: 192.0.2.7, port 50000, teacher dana
//! ```
//!
//! Nothing is sent unless a user asks. The datagrams have a time to live of 1, so that no
//! router forwards them. Anybody on the network can send any answer: it is only shown to
//! the user, and the client never connects by itself.
//!
//! Source: RFC 919 (broadcast); report page `wire`.

use super::words;
use crate::transfer::clock::Clock;
use crate::wire::announcement::{FIND_BYTES, Find, Room};
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::time::Duration;

/// A room that has answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundRoom {
    /// Its address.
    pub address: SocketAddr,
    /// The teacher, if there is one. Safe to show.
    pub teacher: Option<String>,
    /// Whether it requires a password.
    pub is_locked: bool,
}

/// The time to wait for answers.
const PATIENCE: Duration = Duration::from_secs(1);

/// The sentence if nobody has answered.
pub const NO_ROOM: &str = "No room answers on this network. Ask for the address that the \
                           server prints, or start the server with --announce.";

/// The limit of listed rooms, because a network may contain false answers.
const MOST_ROOMS: usize = 32;

impl FoundRoom {
    /// `192.0.2.7:50000 (teacher dana, with a password)`.
    #[must_use]
    pub fn text(&self) -> String {
        let teacher = self.teacher.as_ref().map(|name| format!("teacher {name}"));
        let lock = self.is_locked.then(|| "with a password".to_owned());
        let about: Vec<_> = teacher.into_iter().chain(lock).collect();
        if about.is_empty() {
            return self.address.to_string();
        }
        format!("{} ({})", self.address, about.join(", "))
    }
}

/// The rooms that answer on this UDP port, in the order of their addresses. Takes a
/// second.
///
/// # Errors
/// The system's error: there is no network.
pub fn find(port: u16) -> io::Result<Vec<FoundRoom>> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
    socket.set_broadcast(true)?;
    socket.set_ttl(1)?;
    let mut nonce = [0; 8];
    getrandom::fill(&mut nonce).map_err(io::Error::other)?;
    let nonce = u64::from_be_bytes(nonce);
    let question = Find { nonce }.encode();
    let sent = targets().into_iter().filter(|target| {
        let sent = socket.send_to(&question, (*target, port));
        if let Err(error) = &sent {
            log::debug!("cannot look for rooms at {target}: {error}");
        }
        sent.is_ok()
    });
    if sent.count() == 0 {
        let sentence = "this computer has no network on which to look for rooms";
        return Err(io::Error::other(sentence));
    }
    let clock = Clock::start();
    let deadline = clock.now() + PATIENCE;
    let mut found: Vec<(u64, FoundRoom)> = Vec::new();
    let mut datagram = [0; FIND_BYTES + 1];
    while found.len() < MOST_ROOMS {
        let left = clock.until(deadline);
        if left.is_zero() {
            break;
        }
        socket.set_read_timeout(Some(left))?;
        let Ok((length, from)) = socket.recv_from(&mut datagram) else {
            continue; // The time is over, or an ICMP message came.
        };
        let room = Room::decode(&datagram[..length]);
        let Some(room) = room.filter(|room| room.nonce == nonce) else {
            continue;
        };
        let is_known = found.iter().any(|(id, _)| *id == room.id);
        if !is_known {
            let teacher = room.teacher.map(|name| words::harmless(&name));
            let address = SocketAddr::new(from.ip(), room.port);
            let is_locked = room.is_locked;
            found.push((
                room.id,
                FoundRoom {
                    address,
                    teacher,
                    is_locked,
                },
            ));
        }
    }
    let mut rooms: Vec<_> = found.into_iter().map(|(_, room)| room).collect();
    rooms.sort_by_key(|room| room.address);
    Ok(rooms)
}

/// The broadcast address of each network, and this computer.
fn targets() -> Vec<IpAddr> {
    let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
    let mut targets: Vec<IpAddr> = interfaces
        .into_iter()
        .filter(|interface| !interface.is_loopback())
        .filter_map(|interface| match interface.addr {
            if_addrs::IfAddr::V4(own) => own.broadcast.map(IpAddr::V4),
            if_addrs::IfAddr::V6(_) => None,
        })
        .collect();
    targets.push(Ipv4Addr::BROADCAST.into());
    targets.push(Ipv4Addr::LOCALHOST.into());
    targets.dedup();
    targets
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_room_is_shown_with_its_teacher_and_its_lock() {
        let mut room = FoundRoom {
            address: "192.0.2.7:50000".parse().unwrap(),
            teacher: None,
            is_locked: false,
        };
        assert_eq!(room.text(), "192.0.2.7:50000");
        room.is_locked = true;
        assert_eq!(room.text(), "192.0.2.7:50000 (with a password)");
        room.teacher = Some("dana".to_owned());
        let text = "192.0.2.7:50000 (teacher dana, with a password)";
        assert_eq!(room.text(), text);
    }
}
