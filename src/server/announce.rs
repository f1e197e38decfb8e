//! `announce`: answers clients that look for rooms on the local network.
//!
//! ```text
//! find, from a neighbour --> [ 4 a second for each address, 40 for all ] --> room
//! ```
//!
//! Only computers of a network that this computer is connected to are answered, with a
//! time to live of 1, so that no router forwards the answer. The answer is not longer
//! than the question, and a rate limits the answers, so a forged sender address gains
//! nothing.
//!
//! It is off unless `--announce` is given.

use crate::reliable::moment::Moment;
use crate::transfer::clock::Clock;
use crate::wire::announcement::{FIND_BYTES, Find, Room};
use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// The state of the `announce` thread.
pub(super) struct Announcer {
    socket: UdpSocket,
    room: Room,
    is_stopping: Arc<AtomicBool>,
}

/// The limit of answers to one address per second.
const PER_ADDRESS: u32 = 4;

/// The limit of answers per second.
const IN_ALL: u32 = 40;

/// The interval at which the thread checks whether the server is ending.
const LOOK_INTERVAL: Duration = Duration::from_millis(250);

impl Announcer {
    /// Listens on this UDP port; `chat` is the address of the room.
    ///
    /// # Errors
    /// A sentence with a way out.
    pub(super) fn new(
        port: u16,
        chat: SocketAddr,
        teacher: Option<String>,
        is_locked: bool,
        is_stopping: Arc<AtomicBool>,
    ) -> io::Result<Self> {
        let open = || -> io::Result<(UdpSocket, u64)> {
            // A server for this computer alone is not announced. The socket is bound to
            // all addresses, because a broadcast does not reach a socket that is bound to
            // one.
            let ip = if chat.ip().is_loopback() {
                Ipv4Addr::LOCALHOST
            } else {
                Ipv4Addr::UNSPECIFIED
            };
            let socket = UdpSocket::bind((ip, port))?;
            socket.set_ttl(1)?;
            socket.set_read_timeout(Some(LOOK_INTERVAL))?;
            let mut id = [0; 8];
            getrandom::fill(&mut id).map_err(io::Error::other)?;
            Ok((socket, u64::from_be_bytes(id)))
        };
        let (socket, id) = open().map_err(|error| {
            let sentence = format!(
                "cannot answer on UDP port {port} clients that look for rooms: {error}. \
                 Start without --announce, or choose another port with --announce PORT."
            );
            io::Error::new(error.kind(), sentence)
        })?;
        let room = Room {
            nonce: 0,
            id,
            port: chat.port(),
            is_locked,
            teacher,
        };
        Ok(Self {
            socket,
            room,
            is_stopping,
        })
    }

    /// The address on which it listens, with the real port.
    pub(super) fn address(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// Answers until the server ends.
    pub(super) fn run(self) {
        let clock = Clock::start();
        let mut limits = Limits::new(own_networks);
        let mut datagram = [0; FIND_BYTES + 1];
        while !self.is_stopping.load(Ordering::Acquire) {
            let Ok((length, from)) = self.socket.recv_from(&mut datagram) else {
                continue; // The interval is over, or an ICMP message came.
            };
            let Some(find) = Find::decode(&datagram[..length]) else {
                continue;
            };
            if limits.may_answer(from.ip(), clock.now()) {
                let room = Room {
                    nonce: find.nonce,
                    ..self.room.clone()
                };
                if let Err(error) = self.socket.send_to(&room.encode(), from) {
                    log::debug!("cannot announce the room to {from}: {error}");
                }
            }
        }
    }
}

/// The answers of the current second. Strangers take none of them from neighbours.
struct Limits {
    since: Option<Moment>,
    in_all: u32,
    given: HashMap<IpAddr, u32>,
    networks: Vec<Network>,
    /// Lists the own networks, once a second.
    list: fn() -> Vec<Network>,
}

/// An own address, and the mask of its network.
type Network = (Ipv4Addr, Ipv4Addr);

impl Limits {
    fn new(list: fn() -> Vec<Network>) -> Self {
        Self {
            since: None,
            in_all: 0,
            given: HashMap::new(),
            networks: Vec::new(),
            list,
        }
    }

    fn may_answer(&mut self, address: IpAddr, now: Moment) -> bool {
        let is_over = |since: Moment| now - since >= Duration::from_secs(1);
        if self.since.is_none_or(is_over) {
            *self = Self {
                since: Some(now),
                networks: (self.list)(),
                ..Self::new(self.list)
            };
        }
        if self.in_all >= IN_ALL || !is_neighbour(address, &self.networks) {
            return false;
        }
        let given = self.given.entry(address).or_default();
        if *given >= PER_ADDRESS {
            return false;
        }
        *given += 1;
        self.in_all += 1;
        true
    }
}

/// The networks that this computer is connected to.
fn own_networks() -> Vec<Network> {
    let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
    let networks = interfaces.iter().filter_map(|it| match &it.addr {
        if_addrs::IfAddr::V4(own) => Some((own.ip, own.netmask)),
        if_addrs::IfAddr::V6(_) => None,
    });
    networks.collect()
}

/// Whether an address belongs to one of these networks, or to this computer.
fn is_neighbour(address: IpAddr, networks: &[Network]) -> bool {
    let IpAddr::V4(address) = address.to_canonical() else {
        return false;
    };
    address.is_loopback()
        || networks
            .iter()
            .any(|(own, mask)| is_in(address, *own, *mask))
}

fn is_in(address: Ipv4Addr, own: Ipv4Addr, mask: Ipv4Addr) -> bool {
    let mask = mask.to_bits();
    mask != 0 && address.to_bits() & mask == own.to_bits() & mask
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 192.0.2.0/25.
    fn network() -> Vec<Network> {
        vec![([192, 0, 2, 7].into(), [255, 255, 255, 128].into())]
    }

    #[test]
    fn a_flood_is_answered_no_more_often_than_the_rate() {
        let mut limits = Limits::new(network);
        let address = |it: u8| IpAddr::from([192, 0, 2, it]);
        let mut now = Moment::START;
        let answered = |limits: &mut Limits, now| {
            let asked = (0..1_000).map(|it| address(u8::try_from(it % 100).unwrap()));
            asked.filter(|from| limits.may_answer(*from, now)).count()
        };
        assert_eq!(answered(&mut limits, now), 40);
        now += Duration::from_secs(1);
        let one = (0..100).filter(|_| limits.may_answer(address(1), now));
        assert_eq!(one.count(), 4);
        assert!(limits.may_answer(address(2), now));
        now += Duration::from_secs(1);
        assert_eq!(answered(&mut limits, now), 40);
    }

    #[test]
    fn a_flood_from_other_networks_takes_no_answer_from_a_neighbour() {
        let mut limits = Limits::new(network);
        for last in 0..=255 {
            let stranger = IpAddr::from([203, 0, 113, last]);
            assert!(!limits.may_answer(stranger, Moment::START));
        }
        let neighbour = IpAddr::from([192, 0, 2, 9]);
        assert!(limits.may_answer(neighbour, Moment::START));
    }

    #[test]
    fn only_addresses_of_the_own_networks_are_neighbours() {
        let [own, mask] = [[192, 0, 2, 7], [255, 255, 255, 128]].map(Ipv4Addr::from);
        assert!(is_in([192, 0, 2, 100].into(), own, mask));
        assert!(!is_in([192, 0, 2, 200].into(), own, mask));
        assert!(!is_in([198, 51, 100, 1].into(), own, [0; 4].into()));
        let networks = own_networks();
        assert!(is_neighbour(IpAddr::from([127, 0, 0, 1]), &networks));
        assert!(!is_neighbour(IpAddr::from([203, 0, 113, 9]), &networks));
    }
}
