//! A replacement of `std::net`, as far as Sash uses it: sockets of one computer, in
//! memory.
//!
//! ```text
//!   TcpStream side 0 --bytes[0]--> side 1        UdpSocket --queue of the other port-->
//!             side 0 <--bytes[1]-- side 1
//! ```
//!
//! A connection buffers little, so that a writer must wait; a datagram may be lost.
//! Options of the system are set on a real socket that is not used.

use crate::real::collections::{BTreeMap, VecDeque};
use crate::real::io::{self, ErrorKind, IoSlice, Read, Write};
use crate::real::ops::BitOr;
use crate::real::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use crate::real::sync::{Arc, Mutex, MutexGuard, OnceLock};
use crate::real::time::Duration;
use crate::world::{self, WaitPoint, choose, point, until, wake};
use socket2::{Domain, Socket, Type};

pub use crate::real::net::{
    IpAddr, Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, SocketAddrV4, SocketAddrV6,
    ToSocketAddrs,
};

/// The possible buffer sizes of one direction of a connection. Unit: bytes.
const ROOM_BYTES: [usize; 3] = [40, 300, 1500];

/// The buffer size of a UDP socket. Unit: datagrams.
const ROOM_DATAGRAMS: usize = 32;

/// One datagram in this many is lost.
const LOSS: u32 = 16;

/// The owners of the ports. At the end of a schedule all ports are free.
#[derive(Default)]
struct Ports {
    tcp: BTreeMap<u16, Arc<Door>>,
    udp: BTreeMap<u16, Arc<Letterbox>>,
}

real::thread_local! {
    static PORTS: real::cell::RefCell<Ports> = real::cell::RefCell::default();
}

fn with<T>(act: impl FnOnce(&mut Ports) -> T) -> T {
    PORTS.with_borrow_mut(act)
}

/// No port is in use.
pub(crate) fn begin() {
    drop(with(real::mem::take));
}

/// The number of ports in use.
pub(crate) fn ports_in_use() -> usize {
    with(|ports| ports.tcp.len() + ports.udp.len())
}

/// The first free port, if any port is wanted.
fn settle<T>(
    taken: &BTreeMap<u16, T>,
    mut address: SocketAddr,
) -> io::Result<SocketAddr> {
    if address.port() == 0 {
        let free = (40_000..50_000).find(|port| !taken.contains_key(port));
        address.set_port(free.expect("a port is free"));
    }
    if taken.contains_key(&address.port()) {
        return Err(ErrorKind::AddrInUse.into());
    }
    Ok(address)
}

fn first(address: impl ToSocketAddrs) -> io::Result<SocketAddr> {
    let mut addresses = address.to_socket_addrs()?;
    addresses.next().ok_or(ErrorKind::InvalidInput.into())
}

fn state<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("nobody panics with it")
}

fn deadline(timeout: Option<Duration>) -> Option<Duration> {
    timeout.map(|it| world::now() + it)
}

#[derive(Debug)]
pub struct TcpStream {
    pipe: Arc<Pipe>,
    /// Side 0 has connected, side 1 has accepted.
    side: usize,
    addresses: [SocketAddr; 2],
    settings: Mutex<Settings>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Settings {
    read: Option<Duration>,
    write: Option<Duration>,
    is_nonblocking: bool,
}

#[derive(Debug)]
struct Pipe {
    place: WaitPoint,
    /// Unit: bytes.
    room: usize,
    halves: Mutex<Halves>,
}

#[derive(Debug, Default)]
struct Halves {
    /// The bytes that each side has written and the other has not read.
    bytes: [VecDeque<u8>; 2],
    /// The sides that have ended writing.
    ended: [bool; 2],
    /// The sides that have ended reading.
    deaf: [bool; 2],
    /// Whether one side has closed with unread bytes.
    is_reset: bool,
}

impl TcpStream {
    fn pair(caller: SocketAddr, called: SocketAddr) -> [Self; 2] {
        let pipe = Arc::new(Pipe {
            place: world::place(),
            room: ROOM_BYTES[choose(3) as usize],
            halves: Mutex::default(),
        });
        [0, 1].map(|side| Self {
            pipe: Arc::clone(&pipe),
            side,
            addresses: [caller, called],
            settings: Mutex::default(),
        })
    }

    pub fn connect_timeout(to: &SocketAddr, _wait: Duration) -> io::Result<Self> {
        point();
        let door = with(|ports| ports.tcp.get(&to.port()).cloned());
        let door = door.ok_or(ErrorKind::ConnectionRefused)?;
        let port = 1_000 + u16::try_from(world::fresh() % 30_000).unwrap_or_default();
        let [ours, theirs] = Self::pair(SocketAddr::from(([127, 0, 0, 1], port)), *to);
        state(&door.waiting).push_back(theirs);
        wake(door.place);
        Ok(ours)
    }

    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.addresses[self.side])
    }

    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        if state(&self.pipe.halves).is_reset {
            return Err(ErrorKind::NotConnected.into());
        }
        Ok(self.addresses[1 - self.side])
    }

    pub fn set_read_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        state(&self.settings).read = timeout;
        Ok(())
    }

    pub fn set_write_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        state(&self.settings).write = timeout;
        Ok(())
    }

    pub fn set_nonblocking(&self, is_nonblocking: bool) -> io::Result<()> {
        state(&self.settings).is_nonblocking = is_nonblocking;
        Ok(())
    }

    pub fn set_nodelay(&self, _is_nodelay: bool) -> io::Result<()> {
        Ok(())
    }

    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        point();
        {
            let mut halves = state(&self.pipe.halves);
            halves.ended[self.side] |= how != Shutdown::Read;
            halves.deaf[self.side] |= how != Shutdown::Write;
        }
        wake(self.pipe.place);
        Ok(())
    }

    /// The deadline of a read or write.
    fn timeout(&self, choose: impl Fn(Settings) -> Option<Duration>) -> Option<Duration> {
        let settings = *state(&self.settings);
        if settings.is_nonblocking {
            return Some(Duration::ZERO);
        }
        deadline(choose(settings))
    }
}

impl Read for &TcpStream {
    fn read(&mut self, place: &mut [u8]) -> io::Result<usize> {
        let (ours, theirs) = (self.side, 1 - self.side);
        let done = until(self.pipe.place, self.timeout(|it| it.read), || {
            let mut halves = state(&self.pipe.halves);
            let waiting = halves.bytes[theirs].len();
            if waiting > 0 && !halves.deaf[ours] {
                let count = waiting.min(place.len());
                for (to, from) in
                    place.iter_mut().zip(halves.bytes[theirs].drain(..count))
                {
                    *to = from;
                }
                return Some(Ok(count));
            }
            if halves.is_reset {
                return Some(Err(ErrorKind::ConnectionReset.into()));
            }
            (halves.ended[theirs] || halves.deaf[ours]).then_some(Ok(0))
        });
        if matches!(done, Some(Ok(1..))) {
            wake(self.pipe.place);
        }
        done.unwrap_or(Err(ErrorKind::WouldBlock.into()))
    }
}

impl TcpStream {
    fn write_until(&self, deadline: Option<Duration>, bytes: &[u8]) -> io::Result<usize> {
        let (ours, theirs) = (self.side, 1 - self.side);
        let done = until(self.pipe.place, deadline, || {
            let mut halves = state(&self.pipe.halves);
            // Data that reaches a closed socket is answered by RST.
            halves.is_reset |= halves.deaf[theirs];
            if halves.ended[ours] || halves.is_reset {
                return Some(Err(ErrorKind::BrokenPipe.into()));
            }
            let room = self.pipe.room - halves.bytes[ours].len();
            let count = room.min(bytes.len());
            halves.bytes[ours].extend(&bytes[..count]);
            (count > 0 || bytes.is_empty()).then_some(Ok(count))
        });
        if matches!(done, Some(Ok(_))) {
            wake(self.pipe.place);
        }
        done.unwrap_or(Err(ErrorKind::WouldBlock.into()))
    }
}

impl Write for &TcpStream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_until(self.timeout(|it| it.write), bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Read for TcpStream {
    fn read(&mut self, place: &mut [u8]) -> io::Result<usize> {
        (&*self).read(place)
    }
}

impl Write for TcpStream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        (&*self).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for TcpStream {
    fn drop(&mut self) {
        point();
        {
            let mut halves = state(&self.pipe.halves);
            halves.ended[self.side] = true;
            halves.deaf[self.side] = true;
            halves.is_reset |= !halves.bytes[1 - self.side].is_empty();
        }
        wake(self.pipe.place);
    }
}

#[derive(Debug)]
pub struct TcpListener {
    door: Arc<Door>,
    address: SocketAddr,
    is_nonblocking: Mutex<bool>,
}

#[derive(Debug)]
struct Door {
    place: WaitPoint,
    /// Connections that are not accepted yet.
    waiting: Mutex<VecDeque<TcpStream>>,
}

impl TcpListener {
    pub fn bind(address: impl ToSocketAddrs) -> io::Result<Self> {
        point();
        let wanted = first(address)?;
        let door = Arc::new(Door {
            place: world::place(),
            waiting: Mutex::default(),
        });
        let address = with(|ports| {
            let address = settle(&ports.tcp, wanted)?;
            ports.tcp.insert(address.port(), Arc::clone(&door));
            io::Result::Ok(address)
        })?;
        Ok(Self {
            door,
            address,
            is_nonblocking: Mutex::default(),
        })
    }

    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }

    pub fn set_nonblocking(&self, is_nonblocking: bool) -> io::Result<()> {
        *state(&self.is_nonblocking) = is_nonblocking;
        Ok(())
    }

    pub fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        let deadline = state(&self.is_nonblocking).then_some(Duration::ZERO);
        let next = || state(&self.door.waiting).pop_front();
        let stream =
            until(self.door.place, deadline, next).ok_or(ErrorKind::WouldBlock)?;
        let from = stream.peer_addr()?;
        Ok((stream, from))
    }
}

impl Drop for TcpListener {
    fn drop(&mut self) {
        point();
        with(|ports| ports.tcp.remove(&self.address.port()));
        // Connections that were not accepted are closed, outside of the lock.
        let waiting = real::mem::take(&mut *state(&self.door.waiting));
        drop(waiting);
    }
}

#[derive(Debug)]
pub struct UdpSocket {
    letterbox: Arc<Letterbox>,
    address: SocketAddr,
    peer: Mutex<Option<SocketAddr>>,
    timeout: Mutex<Option<Duration>>,
}

#[derive(Debug)]
struct Letterbox {
    place: WaitPoint,
    letters: Mutex<VecDeque<(SocketAddr, Vec<u8>)>>,
    /// The number of sockets that share it.
    owners: Mutex<usize>,
}

impl UdpSocket {
    pub fn bind(address: impl ToSocketAddrs) -> io::Result<Self> {
        point();
        let wanted = first(address)?;
        let letterbox = Arc::new(Letterbox {
            place: world::place(),
            letters: Mutex::default(),
            owners: Mutex::new(1),
        });
        let address = with(|ports| {
            let address = settle(&ports.udp, wanted)?;
            ports.udp.insert(address.port(), Arc::clone(&letterbox));
            io::Result::Ok(address)
        })?;
        Ok(Self {
            letterbox,
            address,
            peer: Mutex::default(),
            timeout: Mutex::default(),
        })
    }

    pub fn try_clone(&self) -> io::Result<Self> {
        *state(&self.letterbox.owners) += 1;
        Ok(Self {
            letterbox: Arc::clone(&self.letterbox),
            address: self.address,
            peer: Mutex::new(*state(&self.peer)),
            timeout: Mutex::new(*state(&self.timeout)),
        })
    }

    pub fn connect(&self, to: impl ToSocketAddrs) -> io::Result<()> {
        *state(&self.peer) = Some(first(to)?);
        Ok(())
    }

    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }

    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        let peer = *state(&self.peer);
        peer.ok_or(ErrorKind::NotConnected.into())
    }

    /// The simulated network has no routers.
    pub fn set_ttl(&self, _: u32) -> io::Result<()> {
        Ok(())
    }

    pub fn set_read_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        *state(&self.timeout) = timeout;
        Ok(())
    }

    pub fn send(&self, bytes: &[u8]) -> io::Result<usize> {
        self.send_to(bytes, self.peer_addr()?)
    }

    pub fn send_to(&self, bytes: &[u8], to: impl ToSocketAddrs) -> io::Result<usize> {
        point();
        let to = first(to)?;
        let target = with(|ports| ports.udp.get(&to.port()).cloned());
        if let Some(target) = target.filter(|_| choose(LOSS) > 0) {
            let mut letters = state(&target.letters);
            if letters.len() < ROOM_DATAGRAMS {
                let mut from = self.address;
                if from.ip().is_unspecified() {
                    from.set_ip(Ipv4Addr::LOCALHOST.into());
                }
                letters.push_back((from, bytes.to_vec()));
            }
            drop(letters);
            wake(target.place);
        }
        Ok(bytes.len())
    }

    pub fn recv_from(&self, place: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        let deadline = deadline(*state(&self.timeout));
        let peer = *state(&self.peer);
        let letter = until(self.letterbox.place, deadline, || {
            let mut letters = state(&self.letterbox.letters);
            while let Some((from, bytes)) = letters.pop_front() {
                if peer.is_none_or(|peer| peer == from) {
                    return Some((from, bytes));
                }
            }
            None
        });
        let (from, bytes) = letter.ok_or(ErrorKind::WouldBlock)?;
        let length = bytes.len().min(place.len());
        place[..length].copy_from_slice(&bytes[..length]);
        Ok((length, from))
    }

    pub fn recv(&self, place: &mut [u8]) -> io::Result<usize> {
        self.recv_from(place).map(|(length, _)| length)
    }
}

impl Drop for UdpSocket {
    fn drop(&mut self) {
        point();
        let is_last = {
            let mut owners = state(&self.letterbox.owners);
            *owners -= 1;
            *owners == 0
        };
        if is_last {
            with(|ports| ports.udp.remove(&self.address.port()));
        }
    }
}

/// A socket of the system for options only: it carries no data.
fn dummy(kind: Type) -> &'static Socket {
    static STREAM: OnceLock<Socket> = OnceLock::new();
    static DATAGRAM: OnceLock<Socket> = OnceLock::new();
    let dummy = if kind == Type::STREAM {
        &STREAM
    } else {
        &DATAGRAM
    };
    dummy.get_or_init(|| Socket::new(Domain::IPV4, kind, None).expect("a socket"))
}

impl AsFd for TcpStream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        dummy(Type::STREAM).as_fd()
    }
}

impl AsFd for UdpSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        dummy(Type::DGRAM).as_fd()
    }
}

impl AsRawFd for UdpSocket {
    /// Only for receiving rows of datagrams, which these tests do not cover.
    fn as_raw_fd(&self) -> RawFd {
        dummy(Type::DGRAM).as_raw_fd()
    }
}

/// A replacement of `rustix::net`, as far as Sash uses it.
pub use real_rustix::net::sockopt;

#[derive(Debug)]
pub struct MMsgHdr {
    bytes: Vec<u8>,
    to: Option<SocketAddr>,
}

#[derive(Debug, Default)]
pub struct SendAncillaryBuffer {
    _nothing: Option<()>,
}

/// The reason why nothing was accepted.
#[derive(Debug)]
pub struct Errno(io::Error);

impl From<Errno> for io::Error {
    fn from(error: Errno) -> Self {
        error.0
    }
}

#[derive(Debug, Clone, Copy)]
pub struct SendFlags;

#[derive(Debug)]
pub struct SocketAddrAny(SocketAddr);

impl From<SocketAddr> for SocketAddrAny {
    fn from(address: SocketAddr) -> Self {
        Self(address)
    }
}

impl SendFlags {
    pub const DONTWAIT: Self = Self;
    pub const NOSIGNAL: Self = Self;

    #[must_use]
    pub const fn empty() -> Self {
        Self
    }
}

impl BitOr for SendFlags {
    type Output = Self;

    fn bitor(self, _other: Self) -> Self {
        self
    }
}

impl MMsgHdr {
    #[must_use]
    pub fn new(parts: &[IoSlice<'_>], _control: &mut SendAncillaryBuffer) -> Self {
        let bytes = parts.iter().flat_map(|it| it.iter().copied()).collect();
        Self { bytes, to: None }
    }

    #[must_use]
    pub fn new_with_addr(
        to: &SocketAddrAny,
        parts: &[IoSlice<'_>],
        control: &mut SendAncillaryBuffer,
    ) -> Self {
        Self {
            to: Some(to.0),
            ..Self::new(parts, control)
        }
    }
}

/// Accepts as many as fit, and never waits: Sash needs nothing else.
pub fn sendmsg(
    stream: &TcpStream,
    parts: &[IoSlice<'_>],
    _control: &mut SendAncillaryBuffer,
    _flags: SendFlags,
) -> Result<usize, Errno> {
    let bytes: Vec<u8> = parts.iter().flat_map(|it| it.iter().copied()).collect();
    let sent = stream.write_until(Some(Duration::ZERO), &bytes);
    sent.map_err(Errno)
}

/// Accepts at least one of them, but not always all.
pub fn sendmmsg(
    socket: &UdpSocket,
    messages: &[MMsgHdr],
    _flags: SendFlags,
) -> Result<usize, Errno> {
    let most = u32::try_from(messages.len()).unwrap_or(u32::MAX);
    let count = choose(most) as usize + 1;
    for message in &messages[..count] {
        let sent = match message.to {
            None => socket.send(&message.bytes),
            Some(to) => socket.send_to(&message.bytes, to),
        };
        sent.map_err(Errno)?;
    }
    Ok(count)
}
