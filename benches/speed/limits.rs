//! What bounds a transfer on loopback: datagrams with no protocol, and the kernel's TCP.

use super::{Calls, LOCALHOST, megabytes};
use sash::transfer::batch::{Incoming, Outgoing};
use sash::transfer::clock::Clock;
use sash::transfer::packet_output;
use sash::transfer::threads;
use sash::wire::packet::HEADER_BYTES;
use std::convert::Infallible;
use std::fs::File;
use std::io::{self, Read};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::path::Path;
use std::time::Duration;

/// As many datagrams as the file would need, with no protocol.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Datagrams {
    pub(crate) file_bytes: u64,
    pub(crate) segment_bytes: u16,
    pub(crate) calls: Calls,
}

/// A receiver of bare datagrams that hears nothing for so long has heard the last one.
const SILENCE: Duration = Duration::from_millis(200);

impl Datagrams {
    /// Seconds that the file's bytes would need, by what arrives of them.
    pub(crate) fn carry(self) -> io::Result<f64> {
        let receiver = UdpSocket::bind((LOCALHOST, 0))?;
        packet_output::enlarge_buffers(&receiver)?;
        receiver.set_read_timeout(Some(SILENCE))?;
        let sender = UdpSocket::bind((LOCALHOST, 0))?;
        sender.connect(receiver.local_addr()?)?;
        let clock = Clock::start();
        let blast =
            threads::start("bare-sender".to_owned(), move || self.blast(&sender))?;
        let (arrived, seconds) = self.count(&receiver, &clock);
        let _ = blast.join();
        let bytes = megabytes(arrived * u64::from(self.segment_bytes));
        Ok(seconds * megabytes(self.file_bytes) / bytes.max(1e-9))
    }

    /// How many arrived, and after how many seconds the last one.
    fn count(self, receiver: &UdpSocket, clock: &Clock) -> (u64, f64) {
        let mut incoming = Incoming::new(receiver, self.calls == Calls::Offloaded);
        let mut room = vec![0; self.datagram_bytes()];
        let (mut arrived, mut last) = (0, clock.now());
        loop {
            let count = match self.calls {
                Calls::One => receiver.recv(&mut room).map(|_| 1),
                Calls::Many | Calls::Offloaded => incoming
                    .receive(receiver, SILENCE)
                    .map(|batch| batch.datagrams().count() as u64),
            };
            let Ok(count) = count else {
                return (arrived, last.since_start().as_secs_f64());
            };
            arrived += count;
            last = clock.now();
        }
    }

    /// What is lost is part of the limit.
    fn blast(self, socket: &UdpSocket) {
        let datagram = vec![0xA5; self.datagram_bytes()];
        let mut outgoing = Outgoing::new(self.calls == Calls::Offloaded);
        for _ in 0..self.file_bytes.div_ceil(u64::from(self.segment_bytes)) {
            if self.calls == Calls::One {
                let _ = socket.send(&datagram);
                continue;
            }
            let write = |row: &mut Vec<u8>| {
                row.extend_from_slice(&datagram);
                Ok::<_, Infallible>(())
            };
            let _ = outgoing.push(socket, None, write);
        }
        let _ = outgoing.flush(socket, None);
    }

    fn datagram_bytes(self) -> usize {
        HEADER_BYTES + usize::from(self.segment_bytes)
    }
}

/// Seconds of a connection that the kernel carries from file to nowhere, unchecked.
pub(crate) fn kernel_tcp(source: &Path, size: u64) -> io::Result<f64> {
    let listener = TcpListener::bind((LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    let mut file = File::open(source)?;
    let clock = Clock::start();
    let send = threads::start("tcp-sender".to_owned(), move || {
        if let Ok(mut stream) = TcpStream::connect(address) {
            let _ = io::copy(&mut file, &mut stream); // By sendfile, where there is one.
        }
    })?;
    let (mut stream, _) = listener.accept()?;
    let (mut room, mut arrived) = (vec![0; 256 * 1024], 0_u64);
    loop {
        match stream.read(&mut room)? {
            0 => break,
            length => arrived += length as u64,
        }
    }
    let _ = send.join();
    if arrived != size {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(clock.now().since_start().as_secs_f64())
}
