//! A download whose request tells the client's UDP port: the server's packets come first.

#![expect(clippy::unwrap_used, reason = "a test may fail where it stands")]

use crate::running::{ServerProcess, TIMEOUT, wait_until, within};
use sash::transfer::clock::Clock;
use sash::wire::message::{Code, Offer, Reply};
use sash::wire::packet::{Body, HandshakeFields, Kind, Packet};
use sash::wire::sequence::SequenceNumber;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpStream, UdpSocket};
use std::process::{Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

/// A user of a server that offers one file.
struct Dana {
    stream: TcpStream,
    heard: BufReader<TcpStream>,
    _server: (ServerProcess, TempDir),
}

impl Dana {
    fn join() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a.bin"), vec![7; 1_000_000]).unwrap();
        let server = ServerProcess::start(
            Command::new(env!("CARGO_BIN_EXE_server"))
                .args(["--bind", "127.0.0.1:0", "--udp-ports", "0", "--files"])
                .arg(folder.path())
                .stderr(Stdio::null()),
        );
        let mut stream = TcpStream::connect(&server.address).unwrap();
        stream.set_read_timeout(Some(TIMEOUT)).unwrap();
        stream
            .write_all(b"{\"join\":{\"name\":\"dana\"}}\n")
            .unwrap();
        let heard = BufReader::new(stream.try_clone().unwrap());
        Self {
            stream,
            heard,
            _server: (server, folder),
        }
    }

    /// The answer to a download with this `early`, and with these options.
    fn download(&mut self, early: &str, options: &str) -> Result<Offer, Code> {
        let fields = format!("\"file\":\"a.bin\",\"early\":{early}{options}");
        let line = format!("{{\"download\":{{{fields}}}}}\n");
        self.stream.write_all(line.as_bytes()).unwrap();
        loop {
            let mut line = String::new();
            assert!(self.heard.read_line(&mut line).unwrap() > 0, "hung up");
            match Reply::from_line(line.trim_end()) {
                Ok(Reply::Offer(offer)) => return Ok(offer),
                Ok(Reply::Error(complaint)) => return Err(complaint.code),
                Ok(_) | Err(_) => {}
            }
        }
    }
}

fn socket() -> (UdpSocket, u16) {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let port = socket.local_addr().unwrap().port();
    (socket, port)
}

fn early(port: u16, round_trip_us: u64) -> String {
    format!("{{\"port\":{port},\"round_trip_us\":{round_trip_us}}}")
}

/// What arrives there until nothing has come for so long.
fn packets(socket: &UdpSocket, quiet: Duration) -> Vec<Packet> {
    socket.set_read_timeout(Some(quiet)).unwrap();
    let mut buffer = vec![0; 65_536];
    let received = std::iter::from_fn(|| {
        let length = socket.recv(&mut buffer).ok()?;
        Some(Packet::decode(&buffer[..length]).unwrap().0)
    });
    received.collect()
}

/// The same, until all that has come is enough.
#[track_caller]
fn packets_until(
    socket: &UdpSocket,
    is_enough: impl Fn(&[Packet]) -> bool,
) -> Vec<Packet> {
    let mut all = Vec::new();
    wait_until(|| {
        all.extend(packets(socket, QUIET / 3));
        is_enough(&all)
    });
    all
}

fn count(packets: &[Packet], kind: Kind) -> usize {
    packets.iter().filter(|it| it.body.kind() == kind).count()
}

const QUIET: Duration = Duration::from_millis(1_500);

#[test]
fn a_client_that_tells_its_port_and_stays_silent_receives_one_first_window() {
    let (socket, port) = socket();
    let mut dana = Dana::join();
    let offer = dana.download(&early(port, 20_000), "").unwrap();
    let packets = packets(&socket, QUIET);
    assert!(packets.iter().all(|it| it.token == offer.token));
    assert_eq!(packets[0].body.kind(), Kind::SynAck);
    let Body::SynAck(fields) = packets[0].body else {
        unreachable!()
    };
    assert_eq!((fields.size, fields.echo), (offer.size, u32::MAX));
    let (syn_acks, data) = (count(&packets, Kind::SynAck), count(&packets, Kind::Data));
    assert_eq!(syn_acks + data, packets.len());
    assert!((2..=3).contains(&syn_acks), "{syn_acks} SYN-ACKs");
    assert!((10..=88).contains(&data), "{data} DATA");
}

#[test]
fn a_client_that_never_answers_soon_gets_no_data_before_its_syn() {
    let (socket, port) = socket();
    let mut dana = Dana::join();
    let clock = Clock::start();
    let mut begun = 0;
    for number in 0..48 {
        let offer = dana.download(&early(port, 20_000), "").unwrap();
        let is_begun = || {
            let came = packets(&socket, QUIET / 10);
            came.iter().any(|it| it.token == offer.token)
        };
        // The packets of a busy server may come late.
        let patience = if number < 32 { TIMEOUT } else { Duration::ZERO };
        begun += u64::from(within(patience, is_begun));
        let line = format!("{{\"cancel\":{{\"transfer\":{}}}}}\n", offer.transfer);
        dana.stream.write_all(line.as_bytes()).unwrap();
    }
    // One more is permitted in ten seconds.
    let most = 33 + clock.now().since_start().as_secs() / 10;
    assert!((32..=most).contains(&begun), "{begun} of {most}");
}

#[test]
fn a_port_or_round_trip_that_cannot_be_true_and_other_protocols_wait_for_a_syn() {
    let (socket, port) = socket();
    let lesson = ",\"arq\":\"go-back-n\"";
    for (early, options) in [
        (early(port, 0), ""),
        (early(port, 1_000_000), ""),
        (early(port, 4_294_967_295), ""),
        (early(0, 20_000), ""),
        (early(port, 20_000), lesson),
        (early(port, 20_000), ",\"window\":64"),
    ] {
        let mut dana = Dana::join();
        dana.download(&early, options).unwrap();
        assert_eq!(packets(&socket, QUIET / 5), [], "{early} {options}");
    }
}

#[test]
fn an_early_field_of_a_wrong_shape_is_a_bad_request() {
    let mut dana = Dana::join();
    for early in [
        "7",
        "{}",
        "{\"port\":70000,\"round_trip_us\":1}",
        "{\"port\":-1,\"round_trip_us\":1}",
        "{\"port\":50000,\"round_trip_us\":5000000000}",
    ] {
        assert_eq!(dana.download(early, ""), Err(Code::BadRequest), "{early}");
    }
    assert!(dana.download("null", "").is_ok());
}

#[test]
fn behind_a_nat_the_syn_shows_the_real_port_and_everything_is_sent_there() {
    let (unreachable, port) = socket();
    let mut dana = Dana::join();
    let offer = dana.download(&early(port, 20_000), "").unwrap();
    packets_until(&unreachable, |it| count(it, Kind::Data) >= 10);
    let (mapped, _) = socket();
    let syn = Packet {
        token: offer.token,
        number: 0,
        attempt: 1,
        sequence: SequenceNumber(0),
        sent_at: 4_000_000_000, // Any clock.
        body: Body::Syn(HandshakeFields {
            size: offer.size,
            window: 8_192,
            echo: 20_000,
            segment_bytes: offer.settled.segment_bytes,
        }),
    };
    let mut datagram = Vec::new();
    syn.encode(&mut datagram, &[]);
    mapped
        .send_to(&datagram, ("127.0.0.1", offer.port))
        .unwrap();
    let came = packets_until(&mapped, |it| count(it, Kind::Data) > 0);
    assert_eq!(came[0].body.kind(), Kind::SynAck);
    let data = came.iter().find(|it| it.body.kind() == Kind::Data).unwrap();
    assert_eq!((data.number, data.attempt), (0, 1));
    // A busy server may have sent more before it read the SYN.
    let mut others = packets(&unreachable, QUIET / 3);
    others.retain(|it| it.sent_at > came[0].sent_at);
    assert_eq!(others, []);
}
