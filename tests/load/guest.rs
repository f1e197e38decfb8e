//! Clients without a program: they send lines, and measure the delay of each line to each of
//! them.
//!
//! A line carries a mark ([`measure`](super::measure)), from which a receiver computes its delay.
//! Lines of the history do not count.

use super::measure::{find_marks, mark};
use sash::transfer::clock::Clock;
use sash::transfer::threads;
use sash::wire::line::Lines;
use sash::wire::message::{Reply, Request};
use socket2::{Domain, Protocol, Socket, Type};
use std::io::{self, Read, Write};
use std::net::{IpAddr, Shutdown, SocketAddr, TcpStream};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

/// A client that has joined. Dropping it disconnects.
#[derive(Debug)]
pub(crate) struct Guest {
    stream: Arc<TcpStream>,
    clock: Clock,
    hearing: Option<JoinHandle<()>>,
    delays: crossbeam_channel::Receiver<Duration>,
}

/// The longest wait for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// A connection from one of these addresses, by its number; without any, from any address.
pub(crate) fn connect(
    server: SocketAddr,
    from: &[IpAddr],
    number: usize,
) -> io::Result<TcpStream> {
    let domain = Domain::for_address(server);
    let socket = Socket::new(domain, Type::STREAM, Some(Protocol::TCP))?;
    if let Some(place) = number.checked_rem(from.len()) {
        socket.bind(&SocketAddr::new(from[place], 0).into())?;
    }
    socket.connect_timeout(&server.into(), CONNECT_TIMEOUT)?;
    let stream = TcpStream::from(socket);
    stream.set_nodelay(true)?;
    stream.set_write_timeout(Some(CONNECT_TIMEOUT))?;
    Ok(stream)
}

impl Guest {
    /// Joins, and listens on a thread of its own.
    pub(crate) fn join(stream: TcpStream, name: &str, clock: Clock) -> io::Result<Self> {
        let stream = Arc::new(stream);
        let (told, delays) = crossbeam_channel::unbounded();
        let listening = Arc::clone(&stream);
        let hearing = threads::start_small("guest".to_owned(), move || {
            let _ = hear(&listening, |line| {
                if let Some(delay) = delay(line, clock) {
                    let _ = told.send(delay);
                }
            });
        })?;
        let guest = Self {
            stream,
            clock,
            hearing: Some(hearing),
            delays,
        };
        guest.ask(&Request::Join {
            name: name.to_owned(),
            version: 1,
            token: None,
        })?;
        Ok(guest)
    }

    pub(crate) fn ask(&self, request: &Request) -> io::Result<()> {
        (&*self.stream).write_all(request.to_line().as_bytes())
    }

    /// Sends a line whose delay is measured.
    pub(crate) fn say_measured(&self) -> io::Result<()> {
        let now = self.clock.now().since_start();
        self.ask(&Request::Say { text: mark(0, now) })
    }

    /// The delays so far.
    pub(crate) fn delays(&self) -> impl Iterator<Item = Duration> + '_ {
        self.delays.try_iter()
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        let _ = self.stream.shutdown(Shutdown::Both);
        if let Some(hearing) = self.hearing.take() {
            let _ = hearing.join();
        }
    }
}

fn hear(mut stream: &TcpStream, mut told: impl FnMut(&str)) -> io::Result<()> {
    let mut lines = Lines::default();
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let length = stream.read(&mut buffer)?;
        if length == 0 {
            return Ok(());
        }
        lines.push(&buffer[..length]);
        while let Some(line) = lines.pop().map_err(io::Error::other)? {
            told(&line);
        }
    }
}

/// The delay of a measured line; `None` for the history.
fn delay(line: &str, clock: Clock) -> Option<Duration> {
    // Most lines of a flood are not measured: looked at before they are read.
    let mut said_at = None;
    find_marks(line.as_bytes(), |_, said| said_at = Some(said));
    let said_at = said_at?;
    if !matches!(Reply::from_line(line), Ok(Reply::Said(_))) {
        return None;
    }
    Some(clock.now().since_start().saturating_sub(said_at))
}
