//! An attacker on the path who sees every packet of a transfer, and therefore its token, and
//! sends forged packets to both ends: real sockets, with keys and without.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "the threads of a test are none of Sash's, and may fail where they stand"
)]

use crossbeam_channel::{Receiver, unbounded};
use sash::lab::contents;
use sash::reliable::event::log::{Entry, JournalEvent};
use sash::reliable::event::{Event, Ignored};
use sash::transfer::overwrite::Overwrite;
use sash::transfer::part::Part;
use sash::transfer::receiving::{self, Destination};
use sash::transfer::sending::{self, Outlet, Sending};
use sash::transfer::{Job, Report};
use sash::wire::digest::{Digest, Token};
use sash::wire::mac::{TrafficKey, TrafficKeys};
use sash::wire::message::TransferState;
use sash::wire::options::{Arq, Congestion, NegotiatedOptions};
use sash::wire::packet::{Body, HandshakeFields, Kind, Packet, Reset};
use sash::wire::sequence::SequenceNumber;
use std::fs::{self, File};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

const LOCALHOST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const TIMEOUT: Duration = Duration::from_secs(60);
const SIZE: u64 = 60_000;
const TOKEN: Token = Token([5; 16]);
const SETTLED: NegotiatedOptions = NegotiatedOptions {
    arq: Arq::GoBackN,
    window: 16,
    congestion: Congestion::Fixed,
    ..NegotiatedOptions::DEFAULT
};

/// The client's.
const KEYS: TrafficKeys = TrafficKeys {
    send: TrafficKey([1; 32]),
    receive: TrafficKey([2; 32]),
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Client,
    Server,
}

/// The forged packet, sent just before a packet of that kind passes.
#[derive(Debug, Clone, Copy)]
struct Attack {
    when: Kind,
    what: fn() -> Body,
    at: At,
}

/// The target of an attack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    Client,
    Server,
    Sender,
    Receiver,
}

/// The source of its MAC.
#[derive(Debug, Clone, Copy)]
enum Forgery {
    /// None, as in a room without a password.
    Bare,
    /// A guessed key.
    Guessed,
    /// A packet of the attacked side, sent back to it.
    Reflected,
    /// A packet of the other side from an earlier transfer, with the token of this one.
    Replayed,
}

const FORGERIES: [Forgery; 4] = [
    Forgery::Bare,
    Forgery::Guessed,
    Forgery::Reflected,
    Forgery::Replayed,
];

fn other_parameters() -> HandshakeFields {
    HandshakeFields {
        size: SIZE + 1,
        window: 8,
        echo: 0,
        segment_bytes: SETTLED.segment_bytes,
    }
}

const RESET: fn() -> Body = || Body::Rst {
    why: Reset::Cancelled,
};

/// Each of these alone breaks a transfer without keys.
const ATTACKS: [Attack; 6] = [
    Attack {
        when: Kind::Data,
        what: RESET,
        at: At::Receiver,
    },
    Attack {
        when: Kind::Ack,
        what: RESET,
        at: At::Sender,
    },
    Attack {
        when: Kind::Syn,
        what: || Body::Syn(other_parameters()),
        at: At::Server,
    },
    Attack {
        when: Kind::Syn,
        what: || Body::SynAck(other_parameters()),
        at: At::Client,
    },
    Attack {
        when: Kind::Fin,
        what: || Body::Fin {
            digest: Digest([0; 32]),
        },
        at: At::Receiver,
    },
    Attack {
        when: Kind::Fin,
        what: || Body::FinAck { verified: false },
        at: At::Sender,
    },
];

impl Attack {
    fn end(self, is_upload: bool) -> End {
        match (self.at, is_upload) {
            (At::Client, _) | (At::Sender, true) | (At::Receiver, false) => End::Client,
            (At::Server, _) | (At::Sender, false) | (At::Receiver, true) => End::Server,
        }
    }

    /// The datagram for that end; `passing` is the packet that passes at this moment.
    fn datagram(self, end: End, how: Forgery, first: u32, passing: &[u8]) -> Vec<u8> {
        let body = (self.what)();
        let sequence = if body.kind() == Kind::Rst {
            first
        } else {
            u32::from_be_bytes(passing[24..28].try_into().unwrap())
        };
        let packet = Packet {
            token: TOKEN,
            number: 0,
            attempt: 1,
            sequence: SequenceNumber(sequence),
            sent_at: u32::from_be_bytes(passing[28..32].try_into().unwrap()),
            body,
        };
        let guessed = TrafficKey([3; 32]);
        let earlier = TrafficKey([4; 32]);
        let own = match end {
            End::Client => KEYS.send,
            End::Server => KEYS.receive,
        };
        let key = match how {
            Forgery::Bare => None,
            Forgery::Guessed => Some(&guessed),
            Forgery::Reflected => Some(&own),
            Forgery::Replayed => Some(&earlier),
        };
        let mut datagram = Vec::new();
        packet.encode_keyed(&mut datagram, key, &[]);
        datagram
    }
}

/// Carries everything between a client and a server, and attacks.
struct Path {
    /// Where the client thinks the server is.
    inside: UdpSocket,
    /// The client's address for the server; another one after it has moved.
    outside: Mutex<Arc<UdpSocket>>,
    server: SocketAddr,
    client: Mutex<Option<SocketAddr>>,
    /// The file's first sequence number, as read off the SYN-ACK.
    first: AtomicU32,
    resets: AtomicU32,
    attack: Option<(Attack, End, Forgery)>,
    /// The client gets another port after this many packets.
    moves_after: Option<u32>,
    /// A copy of every packet of the client goes from here, ahead of it.
    racer: Option<UdpSocket>,
    /// Bytes that the racer has sent.
    raced: AtomicUsize,
}

impl Path {
    /// Runs until nothing arrives for a while; returns the address for the client.
    fn start(self) -> (SocketAddr, Arc<Self>) {
        let quiet = Some(Duration::from_secs(30));
        self.inside.set_read_timeout(quiet).unwrap();
        let address = self.inside.local_addr().unwrap();
        let path = Arc::new(self);
        let (up, down) = (Arc::clone(&path), Arc::clone(&path));
        thread::spawn(move || up.carry_up());
        let outside = Arc::clone(&down.outside.lock().unwrap());
        thread::spawn(move || down.carry_down(&outside));
        (address, path)
    }

    fn carry_up(self: &Arc<Self>) {
        let mut datagram = [0; 2_000];
        for count in 1.. {
            let Ok((length, client)) = self.inside.recv_from(&mut datagram) else {
                return;
            };
            *self.client.lock().unwrap() = Some(client);
            if self.moves_after == Some(count) {
                let outside = Arc::new(bound());
                *self.outside.lock().unwrap() = Arc::clone(&outside);
                let path = Arc::clone(self);
                thread::spawn(move || path.carry_down(&outside));
            }
            self.see(&datagram[..length]);
            if let Some(racer) = self.racer.as_ref().filter(|_| count > 4) {
                self.raced.fetch_add(length, Ordering::SeqCst);
                racer.send_to(&datagram[..length], self.server).unwrap();
            }
            self.send(End::Server, &datagram[..length]);
        }
    }

    /// The kinds and lengths of the packets that the racer got.
    fn won(&self) -> Vec<(u8, usize)> {
        let racer = self.racer.as_ref().unwrap();
        let mut datagram = [0; 2_000];
        racer.set_nonblocking(true).unwrap();
        let receive = || racer.recv(&mut datagram).ok().map(|it| (datagram[1], it));
        std::iter::from_fn(receive).collect()
    }

    fn carry_down(&self, outside: &UdpSocket) {
        let mut datagram = [0; 2_000];
        while let Ok(length) = outside.recv(&mut datagram) {
            self.see(&datagram[..length]);
            self.send(End::Client, &datagram[..length]);
        }
    }

    /// Reads the packets as any observer can, and attacks.
    fn see(&self, passing: &[u8]) {
        let kind = passing[1];
        if kind == Kind::SynAck.code() {
            let first = passing[24..28].try_into().unwrap();
            self.first
                .store(u32::from_be_bytes(first), Ordering::SeqCst);
        }
        if kind == Kind::Rst.code() {
            self.resets.fetch_add(1, Ordering::SeqCst);
        }
        if let Some((attack, end, how)) = self.attack
            && kind == attack.when.code()
        {
            let first = self.first.load(Ordering::SeqCst);
            self.send(end, &attack.datagram(end, how, first, passing));
        }
    }

    fn send(&self, to: End, datagram: &[u8]) {
        let client = *self.client.lock().unwrap();
        let _ = match (to, client) {
            (End::Client, Some(client)) => self.inside.send_to(datagram, client),
            (End::Client, None) => Ok(0),
            (End::Server, _) => {
                let outside = Arc::clone(&self.outside.lock().unwrap());
                outside.send_to(datagram, self.server)
            }
        };
    }
}

fn bound() -> UdpSocket {
    let socket = UdpSocket::bind((LOCALHOST, 0)).unwrap();
    let quiet = Some(Duration::from_secs(30));
    socket.set_read_timeout(quiet).unwrap();
    socket
}

/// The result of one transfer.
struct Went {
    client: TransferState,
    server: TransferState,
    /// The numbers of packets that the client and the server rejected as forged.
    forged: [usize; 2],
    resets: u32,
    is_whole: bool,
    /// Where it was raced: the bytes sent by the racer, and what came to it.
    race: Option<(usize, Vec<(u8, usize)>)>,
}

/// A transfer to run.
struct Trial<'a> {
    is_upload: bool,
    keys: Option<TrafficKeys>,
    attack: Option<(Attack, Forgery)>,
    moves_after: Option<u32>,
    is_raced: bool,
    /// The link scenario of each side.
    scenario: &'a str,
}

impl Default for Trial<'_> {
    fn default() -> Self {
        Self {
            is_upload: false,
            keys: Some(KEYS),
            attack: None,
            moves_after: None,
            is_raced: false,
            scenario: "",
        }
    }
}

impl Trial<'_> {
    /// Runs it and waits for the end of both sides, or, if it is attacked without keys, of the
    /// attacked side.
    fn run(&self) -> Went {
        let folder = tempfile::tempdir().unwrap();
        let source = folder.path().join("source");
        fs::write(&source, contents::bytes(0..SIZE)).unwrap();
        let file = File::open(source).unwrap();
        let destination = Destination {
            folder: folder.path().to_owned(),
            name: "arrived".to_owned(),
            workshop: None,
            overwrite: Overwrite::Keep,
        };
        let socket = UdpSocket::bind((LOCALHOST, 0)).unwrap();
        let (path, seen) = Path {
            inside: UdpSocket::bind((LOCALHOST, 0)).unwrap(),
            outside: Mutex::new(Arc::new(bound())),
            server: socket.local_addr().unwrap(),
            client: Mutex::default(),
            first: AtomicU32::new(0),
            resets: AtomicU32::new(0),
            attack: self
                .attack
                .map(|(attack, how)| (attack, attack.end(self.is_upload), how)),
            moves_after: self.moves_after,
            racer: self.is_raced.then(bound),
            raced: AtomicUsize::new(0),
        }
        .start();
        let outlet = Outlet::Udp(socket);
        let theirs = self.keys.map(TrafficKeys::of_the_other_side);
        let (client, server) = (self.job(self.keys), self.job(theirs));
        let (tell_client, client_told) = unbounded();
        let (tell_server, server_told) = unbounded();
        let client_report = move |report| drop(tell_client.send(report));
        let server_report = move |report| drop(tell_server.send(report));
        let part = Part::begin(&destination, None).unwrap();
        let finish = |sending: &Sending| sending.digest(contents::digest(SIZE));
        if self.is_upload {
            let accepted =
                receiving::accept(server, outlet, LOCALHOST, part, server_report);
            accepted.unwrap().admit();
            finish(&sending::initiate(client, file, path, client_report).unwrap());
        } else {
            finish(
                &sending::start(server, file, None, outlet, LOCALHOST, server_report)
                    .unwrap(),
            );
            receiving::resume(client, path, part, client_report).unwrap();
        }
        let is_waited_for = |end| {
            let attacked = self.attack.filter(|_| self.keys.is_none());
            attacked.is_none_or(|(attack, _)| attack.end(self.is_upload) == end)
        };
        let (client, server) = (
            ended(&client_told, is_waited_for(End::Client)),
            ended(&server_told, is_waited_for(End::Server)),
        );
        let arrived = fs::read(folder.path().join("arrived"));
        Went {
            client: client.0,
            server: server.0,
            forged: [client.1, server.1],
            resets: seen.resets.load(Ordering::SeqCst),
            race: self
                .is_raced
                .then(|| (seen.raced.load(Ordering::SeqCst), seen.won())),
            is_whole: arrived.is_ok_and(|it| it == contents::bytes(0..SIZE)),
        }
    }

    fn job(&self, keys: Option<TrafficKeys>) -> Job {
        Job {
            keys,
            scenario: self.scenario.parse().unwrap(),
            is_watched: true,
            ..Job::new(1, TOKEN, SETTLED, SIZE)
        }
    }
}

/// The result of a side, and the number of packets that it rejected as forged.
fn ended(told: &Receiver<Report>, is_waited_for: bool) -> (TransferState, usize) {
    let mut forged = 0;
    if !is_waited_for {
        return (TransferState::Opening, forged);
    }
    loop {
        match told.recv_timeout(TIMEOUT).unwrap() {
            Report::Happened(events) => {
                forged += events.iter().filter(|it| is_forgery(it)).count();
            }
            Report::Ended(ending) => return (ending.state, forged),
            Report::Progress(..) | Report::Killed(..) | Report::Closed => (),
        }
    }
}

fn is_forgery(entry: &Entry) -> bool {
    matches!(
        entry.what,
        JournalEvent::Machine(Event::PacketIgnored {
            why: Ignored::Forged,
            ..
        })
    )
}

#[test]
fn without_keys_an_observer_of_the_token_can_end_a_transfer() {
    for is_upload in [false, true] {
        for attack in ATTACKS {
            let went = Trial {
                is_upload,
                keys: None,
                attack: Some((attack, Forgery::Bare)),
                ..Trial::default()
            }
            .run();
            let state = match attack.end(is_upload) {
                End::Client => went.client,
                End::Server => went.server,
            };
            assert_ne!(state, TransferState::Verified, "{attack:?}, {is_upload}");
        }
    }
}

#[test]
fn with_keys_an_observer_of_the_token_can_neither_end_nor_corrupt_a_transfer() {
    for is_upload in [false, true] {
        for attack in ATTACKS {
            for how in FORGERIES {
                let went = Trial {
                    is_upload,
                    attack: Some((attack, how)),
                    ..Trial::default()
                }
                .run();
                let what = format!("{attack:?} {how:?}, upload: {is_upload}");
                assert_eq!(went.client, TransferState::Verified, "{what}");
                assert_eq!(went.server, TransferState::Verified, "{what}");
                assert!(went.is_whole, "{what}");
                // Nobody answered it either, and the attacked side counted it.
                assert_eq!(went.resets, 0, "{what}");
                let [client, server] = went.forged;
                match attack.end(is_upload) {
                    End::Client => assert!(client > 0 && server == 0, "{what}"),
                    End::Server => assert!(server > 0 && client == 0, "{what}"),
                }
            }
        }
    }
}

#[test]
fn with_keys_a_transfer_over_a_bad_link_succeeds_and_no_damage_counts_as_forged() {
    let scenario =
        "seed=7;loss=5%;corrupt=5%;duplicate=5%;reorder=5%;delay=2ms;rate=20mbit";
    for is_upload in [false, true] {
        let went = Trial {
            is_upload,
            scenario,
            ..Trial::default()
        }
        .run();
        assert!(went.is_whole);
        assert_eq!(went.forged, [0, 0]);
    }
}

#[test]
fn with_keys_a_client_with_a_new_port_is_followed() {
    for is_upload in [false, true] {
        let went = Trial {
            is_upload,
            moves_after: Some(12),
            ..Trial::default()
        }
        .run();
        assert!(went.is_whole);
        assert_eq!(went.client, TransferState::Verified);
        assert_eq!(went.server, TransferState::Verified);
    }
}

#[test]
fn a_copy_from_another_port_moves_no_data_and_triggers_at_most_threefold_amplification() {
    const PATH_CHALLENGE: u8 = 9;
    for keys in [None, Some(KEYS)] {
        for is_upload in [false, true] {
            let went = Trial {
                is_upload,
                keys,
                is_raced: true,
                ..Trial::default()
            }
            .run();
            assert_eq!(went.client, TransferState::Verified);
            assert_eq!(went.server, TransferState::Verified);
            assert!(went.is_whole);
            let (raced, won) = went.race.unwrap();
            assert!(raced > 0);
            assert!(won.iter().all(|it| it.0 == PATH_CHALLENGE), "{won:?}");
            let bytes: usize = won.iter().map(|it| it.1).sum();
            assert!(bytes <= 3 * raced, "{bytes} for {raced}");
        }
    }
}
