//! A client of the server, on a thread of the schedule.

use crate::net::{Shutdown, SocketAddr, TcpStream, UdpSocket};
use crate::real::io::{self, Read, Write};
use crate::real::time::Duration;
use crate::time::Instant;
use crate::transfer::Job;
use sash::reliable::Machine;
use sash::reliable::connection::{Outcome, Receiving};
use sash::reliable::moment::Moment;
use sash::wire::digest::Digest;
use sash::wire::line::Lines;
use sash::wire::message::{Offer, Reply, TransferState};
use sash::wire::packet::{Body, LARGEST_DATAGRAM_BYTES, Packet, Reset};

pub(crate) struct Guest {
    stream: TcpStream,
    server: SocketAddr,
    lines: Lines,
    has_ended: bool,
    /// Everything that arrived.
    pub(crate) heard: Vec<Reply>,
}

/// The longest wait in a schedule.
const TIMEOUT: Duration = Duration::from_secs(60);

impl Guest {
    /// `None` if the server no longer listens.
    pub(crate) fn join(server: SocketAddr, name: &str) -> Option<Self> {
        let stream = TcpStream::connect_timeout(&server, TIMEOUT).ok()?;
        let mut guest = Self {
            stream,
            server,
            lines: Lines::default(),
            has_ended: false,
            heard: Vec::new(),
        };
        guest.say(&format!(r#"{{"join":{{"name":"{name}"}}}}"#));
        Some(guest)
    }

    /// Sends a line; returns whether the connection is still open.
    pub(crate) fn say(&mut self, line: &str) -> bool {
        let written = (&self.stream).write_all(format!("{line}\n").as_bytes());
        written.is_ok()
    }

    pub(crate) fn say_text(&mut self, text: &str) -> bool {
        self.say(&format!(r#"{{"say":{{"text":"{text}"}}}}"#))
    }

    /// Reads until a line like this arrives; `None` at the end of the stream.
    pub(crate) fn hear<T>(&mut self, wanted: impl Fn(&Reply) -> Option<T>) -> Option<T> {
        loop {
            let reply = self.next()?;
            let found = wanted(&reply);
            self.heard.push(reply);
            if found.is_some() {
                return found;
            }
        }
    }

    pub(crate) fn hear_to_the_end(&mut self) {
        let nothing: Option<()> = self.hear(|_| None);
        assert!(nothing.is_none() && self.has_ended);
    }

    pub(crate) fn hear_offer(&mut self) -> Option<Offer> {
        self.hear(|reply| match reply {
            Reply::Offer(offer) => Some(offer.clone()),
            _ => None,
        })
    }

    pub(crate) fn hear_end(&mut self, transfer: u64) -> Option<TransferState> {
        self.hear(|reply| match reply {
            Reply::Transfer(news) if news.transfer == transfer && news.state.is_end() => {
                Some(news.state)
            }
            _ => None,
        })
    }

    fn next(&mut self) -> Option<Reply> {
        let mut buffer = [0; 512];
        loop {
            if let Some(line) = self.lines.pop().expect("the server writes lines") {
                return Some(Reply::from_line(&line).expect("the server writes replies"));
            }
            match (&self.stream).read(&mut buffer) {
                Ok(0) | Err(_) => {
                    self.has_ended = true;
                    return None;
                }
                Ok(count) => self.lines.push(&buffer[..count]),
            }
        }
    }

    /// Sends no more, but can still read.
    pub(crate) fn end_half(&self) {
        let _ = self.stream.shutdown(Shutdown::Write);
    }

    /// The public lines, as received.
    pub(crate) fn lines(&self) -> Vec<String> {
        let said = self.heard.iter().filter_map(|reply| match reply {
            Reply::Said(said) => Some(format!("{}: {}", said.from, said.text)),
            _ => None,
        });
        said.collect()
    }

    fn reach(&self, offer: &Offer) -> SocketAddr {
        SocketAddr::new(self.server.ip(), offer.port)
    }

    /// The same over TCP, as the client's side of a plain connection.
    pub(crate) fn call(&self, offer: &Offer) -> io::Result<TcpStream> {
        let stream = TcpStream::connect_timeout(&self.reach(offer), TIMEOUT)?;
        (&stream).write_all(format!("{}\n", offer.token).as_bytes())?;
        Ok(stream)
    }

    /// Receives a file with this digest over UDP, with its own state machine; returns the
    /// outcome and the bytes.
    pub(crate) fn receive(&self, offer: &Offer, wanted: Digest) -> (Outcome, Vec<u8>) {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
        let server = self.reach(offer);
        let job = Job::new(offer.transfer, offer.token, offer.settled, offer.size);
        let proposal = job.proposal(offer.settled.window, None);
        let began = Instant::now();
        let now = || Moment::START + began.elapsed();
        let mut machine = Receiving::initiate(offer.settled.arq, proposal, now());
        let mut file = vec![0; usize::try_from(offer.size).expect("small")];
        let mut datagram = vec![0; LARGEST_DATAGRAM_BYTES];
        loop {
            while let Some(transmit) = machine.poll_transmit(now()) {
                let mut bytes = Vec::new();
                transmit.packet.encode(&mut bytes, &[]);
                socket.send_to(&bytes, server).expect("a way");
            }
            if let Some(outcome) = machine.outcome() {
                return (outcome, file);
            }
            let wait = machine.next_timeout().map_or(TIMEOUT, |it| it - now());
            socket.set_read_timeout(Some(wait)).expect("a timeout");
            if let Ok((length, _)) = socket.recv_from(&mut datagram)
                && let Ok((packet, payload)) = Packet::decode(&datagram[..length])
            {
                if let Some(parameters) = machine.parameters()
                    && machine.is_wanted(&packet)
                    && matches!(packet.body, Body::Data { .. })
                {
                    let start =
                        packet.number as usize * usize::from(parameters.segment_bytes);
                    file[start..start + payload.len()].copy_from_slice(payload);
                }
                machine.on_packet(&packet, now());
            }
            machine.on_timeout(now());
            if began.elapsed() > TIMEOUT {
                machine.reset(Reset::Cancelled); // The server has disconnected without a message.
            }
            if let Some(claimed) = machine.claimed_digest() {
                machine.set_verdict(claimed == wanted, now());
            }
        }
    }
}
