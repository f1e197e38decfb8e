//! A proxy between a client and the server: it carries bytes in both directions, and on command
//! closes all its connections, as a pulled cable does.
//!
//! Transfers do not use the proxy: they go over UDP to the server's own ports.

use crossbeam_channel::{Receiver, Sender, unbounded};
use sash::transfer::threads;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

/// A running proxy. Dropping it ends it.
#[derive(Debug)]
pub(crate) struct Proxy {
    address: SocketAddr,
    is_over: Arc<AtomicBool>,
    connections: Receiver<Weak<TcpStream>>,
    live: Vec<Weak<TcpStream>>,
}

/// A restarting server does not answer yet: the client is disconnected.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

impl Proxy {
    /// Starts a proxy to this server.
    pub(crate) fn start(server: SocketAddr, number: usize) -> io::Result<Self> {
        let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = socket.local_addr()?;
        let is_over = Arc::new(AtomicBool::new(false));
        let (told, connections) = unbounded();
        let ending = Arc::clone(&is_over);
        threads::start_small(format!("door-{number}"), move || {
            for stream in socket.incoming() {
                if ending.load(Ordering::Acquire) {
                    return;
                }
                if let Ok(stream) = stream
                    && let Err(error) = carry(stream, server, number, &told)
                {
                    log::debug!("door {number} leads nowhere: {error}");
                }
            }
        })?;
        Ok(Self {
            address,
            is_over,
            connections,
            live: Vec::new(),
        })
    }

    /// The address for the client.
    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Cuts every connection.
    pub(crate) fn cut(&mut self) {
        self.live.extend(self.connections.try_iter());
        for stream in self.live.drain(..).filter_map(|it| it.upgrade()) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Release);
        self.cut();
        // Wakes the thread that waits in `accept`.
        let _ = TcpStream::connect_timeout(&self.address, CONNECT_TIMEOUT);
    }
}

fn carry(
    client: TcpStream,
    server: SocketAddr,
    number: usize,
    told: &Sender<Weak<TcpStream>>,
) -> io::Result<()> {
    let server = TcpStream::connect_timeout(&server, CONNECT_TIMEOUT)?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (client, server) = (Arc::new(client), Arc::new(server));
    for (way, from, to) in [("up", &client, &server), ("down", &server, &client)] {
        let (from, to) = (Arc::clone(from), Arc::clone(to));
        threads::start_small(format!("{way}-{number}"), move || {
            // It ends with either connection.
            let _ = pump(&from, &to);
            let _ = to.shutdown(Shutdown::Write);
        })?;
    }
    // A proxy that has ended has no connection to cut.
    let _ = told.send(Arc::downgrade(&client));
    let _ = told.send(Arc::downgrade(&server));
    Ok(())
}

fn pump(mut from: &TcpStream, mut to: &TcpStream) -> io::Result<()> {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        match from.read(&mut buffer)? {
            0 => return Ok(()),
            length => to.write_all(&buffer[..length])?,
        }
    }
}
