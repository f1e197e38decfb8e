//! Guests without a program of their own: they talk, and measure how long each line takes
//! to each of them.
//!
//! A line carries the moment at which it was said, by the clock of this process; so whoever
//! hears it knows how long it was on its way.

use crate::reliable::moment::Moment;
use crate::transfer::clock::Clock;
use crate::transfer::threads;
use crate::wire::line::Lines;
use crate::wire::message::{Reply, Request};
use socket2::{Domain, Protocol, Socket, Type};
use std::io::{self, Read, Write};
use std::net::{IpAddr, Shutdown, SocketAddr, TcpStream};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

/// How long lines took from who said them to everybody who heard them.
#[derive(Debug, Clone, Default)]
pub struct Delays(Vec<Duration>);

/// One who has joined. Dropping it hangs up.
#[derive(Debug)]
pub(super) struct Guest {
    stream: Arc<TcpStream>,
    clock: Clock,
    hearing: Option<JoinHandle<()>>,
    delays: crossbeam_channel::Receiver<Duration>,
}

/// Marks a line that is measured.
const MARK: &str = "said at ";

/// How long a server may take to let somebody connect.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

impl Delays {
    /// How long the fastest of this share took, at most: 0.5 for the median.
    #[must_use]
    pub fn quantile(&self, share: f64) -> Duration {
        let mut sorted = self.0.clone();
        sorted.sort();
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a place in a list"
        )]
        let place = (sorted.len() as f64 * share) as usize;
        let last = sorted.len().saturating_sub(1);
        sorted.get(place.min(last)).copied().unwrap_or_default()
    }

    /// How many were heard.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// Adds those of another listener.
    pub(super) fn extend(&mut self, more: impl IntoIterator<Item = Duration>) {
        self.0.extend(more);
    }
}

/// A connection from one of these addresses, by its number; none: whichever.
pub(super) fn connect(
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
    pub(super) fn join(stream: TcpStream, name: &str, clock: Clock) -> io::Result<Self> {
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

    pub(super) fn ask(&self, request: &Request) -> io::Result<()> {
        (&*self.stream).write_all(request.to_line().as_bytes())
    }

    /// Says a line whose way is measured.
    pub(super) fn say_measured(&self) -> io::Result<()> {
        let now = self.clock.now().since_start().as_micros();
        self.ask(&Request::Say {
            text: format!("{MARK}{now}"),
        })
    }

    /// What it has heard so far.
    pub(super) fn delays(&self) -> impl Iterator<Item = Duration> + '_ {
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

/// How long a measured line took until now; history is none.
fn delay(line: &str, clock: Clock) -> Option<Duration> {
    // Most lines of a flood are not measured: looked at before they are read.
    if !line.contains(MARK) {
        return None;
    }
    let Ok(Reply::Said(said)) = Reply::from_line(line) else {
        return None;
    };
    let said: u64 = said.text.strip_prefix(MARK)?.parse().ok()?;
    Some(clock.now() - (Moment::START + Duration::from_micros(said)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_one_of_the_delays() {
        let delays = Delays((1..=100).rev().map(Duration::from_millis).collect());
        assert_eq!(delays.quantile(0.5), Duration::from_millis(51));
        assert_eq!(delays.quantile(0.99), Duration::from_millis(100));
        assert_eq!(Delays::default().quantile(0.5), Duration::ZERO);
    }
}
