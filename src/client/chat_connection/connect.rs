//! Connects to a server with several attempts, a little apart; the first successful one
//! is used.
//!
//! TCP waits a second before it retransmits a lost SYN. On a path that loses a fifth of
//! all packets a user would wait for that, so a second attempt begins after a tenth of a
//! second, with the next address if the server has several. The other attempts are
//! closed; the server sees a connection that ends without a line.
//!
//! ```text
//!   0 ms    connect-1  SYN --x lost
//!   100 ms  connect-2  SYN ------> SYN-ACK: taken
//!   1 s     connect-1  SYN ------> SYN-ACK: closed
//! ```
//!
//! Source: RFC 8305 §5 (Happy Eyeballs); RFC 6298 §2.1 (the second).

use super::super::address::ServerAddress;
use crate::transfer::clock::Clock;
use crate::transfer::threads;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, unbounded};
use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::time::Duration;

/// The time between two attempts: the recommended minimum (RFC 8305 §5, Connection
/// Attempt Delay).
const ATTEMPT_DELAY: Duration = Duration::from_millis(100);

/// The least number of attempts, even for one address.
const FEWEST_ATTEMPTS: usize = 5;

/// The largest number of attempts.
const MOST_ATTEMPTS: usize = 16;

/// The longest wait for one attempt.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The longest wait for a server that does not read.
const WRITE_TIMEOUT: Duration = Duration::from_secs(10);

type Attempt = (SocketAddr, io::Result<(TcpStream, Duration)>);

/// A connection to the server and the duration of its handshake; or a sentence.
pub(super) fn connect(address: &ServerAddress) -> Result<(TcpStream, Duration), String> {
    let addresses: Vec<SocketAddr> = (address.host.as_str(), address.port)
        .to_socket_addrs()
        .map_err(|error| {
            log::debug!("cannot find {address}: {error}");
            let host = &address.host;
            format!("The name {host:?} cannot be resolved. Check the name of the server.")
        })?
        .collect();
    let attempts = addresses.len().clamp(FEWEST_ATTEMPTS, MOST_ATTEMPTS);
    let nowhere = format!("{address} has no address. Check the name of the server.");
    let (done, results) = unbounded();
    let mut waiting = 0;
    let mut failure = None;
    for (number, &target) in (1..=attempts).zip(addresses.iter().cycle()) {
        // If every address has refused, another attempt is useless.
        if number > addresses.len() && waiting == 0 {
            break;
        }
        attempt(number, target, done.clone());
        waiting += 1;
        let first = first_success(&results, ATTEMPT_DELAY, &mut waiting, &mut failure);
        if let Some(connected) = first {
            return Ok(connected);
        }
    }
    drop(done);
    match first_success(&results, CONNECT_TIMEOUT, &mut waiting, &mut failure) {
        Some(connected) => Ok(connected),
        None => Err(failure.map_or(nowhere, |error| sentence(address, &error))),
    }
}

/// One attempt, on a thread of its own.
fn attempt(number: usize, target: SocketAddr, done: Sender<Attempt>) {
    let failed = done.clone();
    let started = threads::start_small(format!("connect-{number}"), move || {
        let clock = Clock::start();
        let stream = TcpStream::connect_timeout(&target, CONNECT_TIMEOUT);
        let opened = stream.map(|stream| (stream, clock.now().since_start()));
        // If another attempt was faster, the channel is closed, and this connection is
        // dropped.
        let _ = done.send((target, opened));
    });
    if let Err(error) = started {
        let _ = failed.send((target, Err(error)));
    }
}

/// Waits for an attempt that succeeds; the first failure is kept for the sentence.
fn first_success(
    results: &Receiver<Attempt>,
    timeout: Duration,
    waiting: &mut usize,
    failure: &mut Option<io::Error>,
) -> Option<(TcpStream, Duration)> {
    let clock = Clock::start();
    while *waiting > 0 {
        let left = timeout.checked_sub(clock.now().since_start())?;
        match results.recv_timeout(left) {
            Ok((target, Ok((stream, round_trip)))) => {
                prepare(&stream);
                log::info!("connected to {target} in {round_trip:.1?}");
                return Some((stream, round_trip));
            }
            Ok((target, Err(error))) => {
                log::debug!("no connection to {target}: {error}");
                failure.get_or_insert(error);
                *waiting -= 1;
            }
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                return None;
            }
        }
    }
    None
}

/// A chat line is short and must not wait for the next one (RFC 9293 §3.7.4, Nagle).
fn prepare(stream: &TcpStream) {
    let result = stream
        .set_nodelay(true)
        .and_then(|()| stream.set_write_timeout(Some(WRITE_TIMEOUT)));
    if let Err(error) = result {
        log::debug!("cannot set an option of the connection: {error}");
    }
}

fn sentence(address: &ServerAddress, error: &io::Error) -> String {
    let kind = error.kind();
    if kind == ErrorKind::ConnectionRefused {
        return format!(
            "No server at {address} (connection refused). Start one with: server. Or check the port."
        );
    }
    if matches!(kind, ErrorKind::TimedOut | ErrorKind::WouldBlock) {
        let seconds = CONNECT_TIMEOUT.as_secs();
        return format!(
            "{address} did not answer within {seconds} s. Check the address and the \
             firewalls on the path."
        );
    }
    if matches!(
        kind,
        ErrorKind::NetworkUnreachable | ErrorKind::HostUnreachable
    ) {
        return format!(
            "There is no route to {address}. Check the network and the \
                        address."
        );
    }
    format!("Cannot connect to {address}: {error}.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn an_available_server_is_reached_and_an_unavailable_one_is_reported_at_once() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let host = "127.0.0.1".to_owned();
        let address = ServerAddress { host, port };
        let (stream, _) = connect(&address).unwrap();
        assert_eq!(stream.peer_addr().unwrap().port(), port);
        drop(listener);
        let clock = Clock::start();
        let refused = connect(&address).unwrap_err();
        assert!(refused.starts_with("No server at 127.0.0.1:"), "{refused}");
        assert!(clock.now().since_start() < Duration::from_secs(2));
    }
}
