//! `web`: serves the laboratory's page to a class's browsers, and takes their answers.
//!
//! ```text
//! browser --GET /----------> the page, from memory
//!         --GET /question--> web-N --RoomMessage::Web--> room: question, distribution
//!         --POST /join-----> web-N --RoomMessage::Web--> room: a name and its token
//!         --POST /answer---> web-N --RoomMessage::Web--> room: noted
//!         --POST /result---> web-N --RoomMessage::Web--> room: a row of the exercise
//! anything else: 404
//! ```
//!
//! The page was read once, before the first request: no path of a request reaches the
//! disk. Each connection carries one request and has a thread of its own, `web-N`; the
//! threads are bounded, in all and for each address, and so are the requests per second.
//! A client has `READ_LIMIT` for its request and `WRITE_LIMIT` for the answer,
//! however slowly it sends and reads.
//!
//! `httparse` reads the head of a request. Larger packages have no bound on threads or no
//! time limit, and both are essential here.
//!
//! Source: RFC 9110, RFC 9112 (HTTP); report page `browser`.

mod http;
pub mod page;

use super::buckets::Buckets;
use super::messages::RoomMessage;
use super::room_thread::origin;
use super::seats::{SeatLimits, Seats};
use crate::reliable::moment::Moment;
use crate::room::participants::Visitor;
use crate::transfer::clock::Clock;
use crate::transfer::threads;
use crate::wire::digest::Token;
use crate::wire::web::{
    Sentence, WebReply, WebRequest, read_answer, read_name, read_result,
};
use crossbeam_channel::Sender;
use http::{Answer, Exchange, Method, Request};
use page::Page;
use std::collections::VecDeque;
use std::net::{IpAddr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// The address of the page, and the page.
#[derive(Debug, Clone)]
pub struct WebConfig {
    /// The address to listen on; port 0 means any.
    pub bind: SocketAddr,
    /// The page.
    pub page: Page,
}

/// The state of the `web` thread.
pub(super) struct WebListener {
    pub(super) socket: TcpListener,
    pub(super) page: Page,
    pub(super) room: Sender<RoomMessage>,
    /// As [`Config::max_per_address`](super::Config::max_per_address).
    pub(super) max_per_address: Option<usize>,
    /// Set before the server's own last connection wakes `accept`.
    pub(super) is_closing: Arc<AtomicBool>,
    /// Never used to send; dropping it shows that a thread has ended.
    pub(super) alive: Sender<()>,
}

/// Shared by all `web-N`.
struct Desk {
    page: Page,
    room: Sender<RoomMessage>,
    is_closing: Arc<AtomicBool>,
}

/// The limit from the connection to the last byte of the request.
const READ_LIMIT: Duration = Duration::from_secs(10);

/// The limit from the request to the last byte of the answer: a phone far from the access
/// point needs some time for the page.
const WRITE_LIMIT: Duration = Duration::from_secs(60);

/// The limit of connections.
const MOST_CONNECTIONS: usize = 256;

/// The burst allowance: requests of an address may arrive this much too early.
const BURST: Duration = Duration::from_secs(5);

/// The limit for an answer of the room.
const ROOM_LIMIT: Duration = Duration::from_secs(5);

/// The pause when the system has no resources left to accept a connection.
const ACCEPT_RETRY: Duration = Duration::from_millis(100);

/// The refused connections that are still open, so that their clients can read the
/// reason.
const TURNED_AWAY_KEPT: usize = 32;

impl WebListener {
    /// Accepts connections until the server ends.
    pub(super) fn run(self) {
        let limits = SeatLimits {
            total: MOST_CONNECTIONS,
            per_address: self.max_per_address,
        };
        let mut seats = Seats::new(limits);
        let mut rates = Rates::default();
        let mut turned_away: VecDeque<TcpStream> = VecDeque::new();
        let desk = Arc::new(Desk {
            page: self.page,
            room: self.room,
            is_closing: Arc::clone(&self.is_closing),
        });
        let (_never_sent, never) = crossbeam_channel::bounded::<()>(0);
        let clock = Clock::start();
        let mut number: u64 = 0;
        loop {
            let accepted = self.socket.accept();
            if self.is_closing.load(Ordering::Acquire) {
                return;
            }
            let Ok((stream, remote)) = accepted else {
                let _ = never.recv_timeout(ACCEPT_RETRY);
                continue;
            };
            let network = network(remote.ip());
            let most = limits.per_address(network);
            let seat = seats.take(network);
            let (Ok(seat), true) = (seat, rates.may_ask(network, most, clock.now()))
            else {
                http::turn_away(&stream);
                turned_away.push_back(stream);
                if turned_away.len() > TURNED_AWAY_KEPT {
                    turned_away.pop_front();
                }
                continue;
            };
            number = (number + 1) % 1_000_000;
            let (desk, alive) = (Arc::clone(&desk), self.alive.clone());
            let started = threads::start_small(format!("web-{number}"), move || {
                desk.serve(&stream, remote.ip(), most);
                drop((seat, alive));
            });
            if let Err(error) = started {
                log::warn!("cannot serve a browser: {error}");
            }
        }
    }
}

/// The rate of each address.
struct Rates(Buckets);

impl Default for Rates {
    fn default() -> Self {
        Self(Buckets::new(BURST))
    }
}

impl Rates {
    /// Whether an address with `per_second` may send one more request now.
    fn may_ask(&mut self, network: IpAddr, per_second: usize, now: Moment) -> bool {
        let Ok(per_second) = u32::try_from(per_second) else {
            return true;
        };
        let cost = Duration::from_secs(1) / per_second.max(1);
        self.0.take(network, cost, now)
    }
}

/// A host with one IPv6 address has all addresses with the same 64 bits.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) if !address.is_loopback() => {
            IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64))
        }
        address @ (IpAddr::V4(_) | IpAddr::V6(_)) => address,
    }
}

impl Desk {
    /// One request, one answer.
    fn serve(&self, stream: &TcpStream, remote: IpAddr, most_names: usize) {
        let exchange = Exchange {
            stream,
            is_closing: &self.is_closing,
            clock: Clock::start(),
        };
        let request = match exchange.read(READ_LIMIT) {
            Ok(request) => request,
            Err(Some(answer)) => return exchange.write(&answer, true, WRITE_LIMIT),
            Err(None) => return,
        };
        let has_body = request.method != Method::Head;
        let answer = self.answer(&request, remote, most_names);
        exchange.write(&answer, has_body, WRITE_LIMIT);
    }

    fn answer(&self, request: &Request, remote: IpAddr, most_names: usize) -> Answer {
        let is_post = request.method == Method::Post;
        // The page itself uses the query.
        let path = request.target.split('?').next().unwrap_or_default();
        let wanted = match (path, is_post) {
            ("/", false) => return Answer::page(&self.page),
            ("/question", false) => WebRequest::Look {
                token: request.token,
            },
            ("/join", true) => match read_name(&request.body) {
                Some(name) => WebRequest::Join { name },
                None => return Answer::problem(400, "The body must be {\"name\":...}."),
            },
            ("/answer", true) => match (request.token, read_answer(&request.body)) {
                (Some(token), Some(answer)) => WebRequest::Answer { token, answer },
                (None, _) => return Answer::problem(401, "Join first."),
                (Some(_), None) => {
                    return Answer::problem(400, "This body is not an answer.");
                }
            },
            ("/result", true) => match (request.token, read_result(&request.body)) {
                (Some(token), Some(result)) => WebRequest::Result { token, result },
                (None, _) => return Answer::problem(401, "Join first."),
                (Some(_), None) => {
                    return Answer::problem(400, "This body is not a result.");
                }
            },
            ("/" | "/question" | "/join" | "/answer" | "/result", _) => {
                return Answer::problem(405, "Use GET or POST as the report says.");
            }
            _ => return Answer::problem(404, "There is nothing else here: go to /."),
        };
        // A page of another site can send a form, but not this content type, without
        // permission.
        if is_post && !request.is_json {
            return Answer::problem(415, "The body must be application/json.");
        }
        match self.ask_room(wanted, remote, most_names) {
            Some(reply) => {
                let status = match &reply {
                    WebReply::Class(_) | WebReply::Joined(_) | WebReply::Noted(_) => 200,
                    WebReply::Refused(_) => 403,
                    WebReply::Unknown(_) => 401,
                };
                Answer::json(status, reply.to_json())
            }
            None => Answer::problem(503, "The server is closing."),
        }
    }

    fn ask_room(
        &self,
        request: WebRequest,
        remote: IpAddr,
        most_names: usize,
    ) -> Option<WebReply> {
        let mut token = Token([0; 16]);
        if let Err(error) = getrandom::fill(&mut token.0) {
            log::error!("cannot get random numbers for a participant: {error}");
            let sentence = "The server cannot draw random numbers.";
            return Some(WebReply::Refused(Sentence::new(sentence)));
        }
        let visitor = Visitor {
            origin: origin(remote),
            most_names,
            token,
        };
        let (reply, replied) = crossbeam_channel::bounded(1);
        self.room
            .send(RoomMessage::Web {
                request,
                visitor,
                reply,
            })
            .ok()?;
        replied.recv_timeout(ROOM_LIMIT).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_asks_at_its_rate_and_others_do_not_pay_for_it() {
        let mut rates = Rates::default();
        let [fast, other] = [1, 2].map(|it| IpAddr::from([192, 0, 2, it]));
        let mut now = Moment::START;
        let asked = (0..1_000).filter(|_| rates.may_ask(fast, 64, now)).count();
        assert_eq!(asked, 5 * 64 + 1);
        assert!(rates.may_ask(other, 64, now));
        now += Duration::from_secs(1);
        let again = (0..1_000).filter(|_| rates.may_ask(fast, 64, now)).count();
        assert!((63..=65).contains(&again), "{again}");
        assert!((0..10_000).all(|_| rates.may_ask(other, usize::MAX, now)));
    }

    #[test]
    fn the_addresses_of_one_ipv6_network_are_one() {
        let of = |text: &str| network(text.parse().unwrap());
        assert_eq!(of("2001:db8::1"), of("2001:db8::2:3"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_eq!(of("::ffff:192.0.2.7"), of("192.0.2.7"));
        assert!(of("::1").is_loopback());
    }
}
