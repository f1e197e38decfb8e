//! Attacks on a real server by a stranger or a user: their cost, the answers, and the resources
//! that remain in use.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test may fail where it stands")]

use crate::ports::range_of;
use crate::raw_client::RawClient;
use crate::running::{ServerProcess, TIMEOUT, wait_until};
#[cfg(target_os = "linux")]
use crate::running::{belongings, wait_until_released};
use crossbeam_channel::after;
use sash::reliable::connection::{Receiving, Sending};
use sash::reliable::handshake::Proposal;
use sash::reliable::moment::Moment;
use sash::reliable::{Machine, Transmit};
use sash::transfer::clock::Clock;
use sash::transfer::threads;
use sash::wire::digest::Digest;
use sash::wire::message::{Offer, Reply, Request, TransferState};
use sash::wire::options::Arq;
use sash::wire::packet::{Acknowledgement, Body, HandshakeFields, Packet, Reset};
use sash::wire::sequence::SequenceNumber;
use std::fs::{self, File, Permissions};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpStream, UdpSocket};
#[cfg(target_os = "linux")]
use std::os::unix::fs::MetadataExt;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;
use tempfile::TempDir;

/// A server program on a folder with one file, ended with the test.
struct Server {
    running: ServerProcess,
    folder: TempDir,
}

impl Server {
    fn start(mut program: Command, arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
        fs::write(folder.path().join("a.bin"), vec![7; 3_000_000]).unwrap();
        let running = ServerProcess::start(
            program
                .args(["--bind", "127.0.0.1:0", "--files"])
                .arg(folder.path())
                .args(arguments)
                .stderr(Stdio::null()),
        );
        Self { running, folder }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.running.address).unwrap();
        stream.set_read_timeout(Some(TIMEOUT)).unwrap();
        stream
    }
}

fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_server"))
}

fn join(server: &Server, name: &str) -> RawClient {
    RawClient::join(&*server.running.address, name)
}

fn ask_for_the_file(guest: &mut RawClient) -> Offer {
    guest.request(r#"{"download":{"file":"a.bin"}}"#);
    guest.hear_offer()
}

/// A client with a running download.
fn join_and_ask(server: &Server) -> (RawClient, Offer) {
    let mut dana = join(server, "dana");
    let offer = ask_for_the_file(&mut dana);
    (dana, offer)
}

/// The packet that opens this offer's transfer, or another one with its token.
fn packet(offer: &Offer, body: Body) -> Vec<u8> {
    let packet = Packet {
        token: offer.token,
        number: 0,
        attempt: 1,
        sequence: SequenceNumber(0),
        sent_at: 0,
        body,
    };
    let length = if let Body::Data { length } = packet.body {
        usize::from(length)
    } else {
        0
    };
    let mut datagram = Vec::new();
    packet.encode(&mut datagram, &vec![0; length]);
    datagram
}

fn syn(offer: &Offer) -> Vec<u8> {
    let opening = HandshakeFields {
        size: offer.size,
        window: 8,
        echo: 0,
        segment_bytes: offer.settled.segment_bytes,
    };
    packet(offer, Body::Syn(opening))
}

/// The answers to a packet that must be answered, however busy the machine is. Unit: bytes
/// of datagrams.
fn answers_to(socket: &UdpSocket, packet: &[u8], port: u16) -> Vec<usize> {
    socket.send_to(packet, ("127.0.0.1", port)).unwrap();
    socket.set_read_timeout(Some(TIMEOUT)).unwrap();
    let first = socket.recv(&mut vec![0; 65_536]).unwrap();
    let mut lengths = vec![first];
    lengths.extend(answers(socket));
    lengths
}

/// The bytes of the datagrams that arrive within a third of a second.
fn answers(socket: &UdpSocket) -> Vec<usize> {
    socket
        .set_read_timeout(Some(Duration::from_millis(300)))
        .unwrap();
    let mut buffer = vec![0; 65_536];
    let mut lengths = Vec::new();
    while let Ok(length) = socket.recv(&mut buffer) {
        lengths.push(length);
        if lengths.len() == 3 {
            break; // It is retransmitted until it is answered.
        }
    }
    lengths
}

#[cfg(target_os = "linux")]
#[test]
fn a_syn_with_the_right_token_from_another_address_is_not_answered() {
    let server = Server::start(program(), &["--udp-ports", "0"]);
    let (_dana, offer) = join_and_ask(&server);
    // Linux has all of 127.0.0.0/8.
    let victim = UdpSocket::bind("127.0.0.2:0").unwrap();
    victim
        .send_to(&syn(&offer), ("127.0.0.1", offer.port))
        .unwrap();
    assert_eq!(answers(&victim), Vec::<usize>::new());
    let own = UdpSocket::bind("127.0.0.1:0").unwrap();
    let answer = answers_to(&own, &syn(&offer), offer.port);
    assert!(answer.iter().all(|&length| length <= syn(&offer).len()));
}

#[test]
fn a_client_that_sends_one_syn_and_falls_silent_receives_at_most_three_times_its_bytes() {
    let server = Server::start(program(), &["--udp-ports", "0"]);
    let (_dana, offer) = join_and_ask(&server);
    let own = UdpSocket::bind("127.0.0.1:0").unwrap();
    let (syn, to) = (syn(&offer), ("127.0.0.1", offer.port));
    own.send_to(&syn, to).unwrap();
    // By RFC 9293 alone the fourth would come after 600 ms, the fifth after a second.
    let two_seconds = Some(Duration::from_secs(2));
    own.set_read_timeout(two_seconds).unwrap();
    let mut buffer = vec![0; 65_536];
    let came = |socket: &UdpSocket, buffer: &mut [u8]| {
        std::iter::from_fn(|| socket.recv(buffer).ok()).sum::<usize>()
    };
    let bytes = came(&own, &mut buffer);
    assert!(bytes > 0 && bytes <= 3 * syn.len(), "{bytes}");
    // Another port of that address sends: it gets no long answer.
    let other = UdpSocket::bind("127.0.0.1:0").unwrap();
    other.set_read_timeout(two_seconds).unwrap();
    let ranges = Vec::new();
    let acknowledgement = Acknowledgement {
        echo: 0,
        window: 8,
        received: 0,
        ranges,
    };
    let short = packet(&offer, Body::Nack(acknowledgement));
    own.send_to(&syn, to).unwrap();
    other.send_to(&short, to).unwrap();
    let bytes = came(&other, &mut buffer);
    assert!(bytes <= 3 * short.len(), "{bytes}");
    // The transfer still works.
    own.send_to(&syn, to).unwrap();
    assert!(own.recv(&mut buffer).is_ok());
}

#[test]
fn before_the_handshake_only_a_syn_is_answered() {
    let server = Server::start(program(), &["--udp-ports", "0"]);
    let (_dana, offer) = join_and_ask(&server);
    let acknowledgement = || Acknowledgement {
        echo: 0,
        window: 8,
        received: 0,
        ranges: Vec::new(),
    };
    let digest = Digest([0; 32]);
    let why = Reset::Cancelled;
    let own = UdpSocket::bind("127.0.0.1:0").unwrap();
    for body in [
        Body::Ack(acknowledgement()),
        Body::Nack(acknowledgement()),
        Body::Data { length: 100 },
        Body::Fin { digest },
        Body::FinAck { verified: true },
        Body::Rst { why },
    ] {
        let datagram = packet(&offer, body);
        own.send_to(&datagram, ("127.0.0.1", offer.port)).unwrap();
    }
    assert_eq!(answers(&own), Vec::<usize>::new());
    // The transfer is still there.
    answers_to(&own, &syn(&offer), offer.port);
}

#[test]
fn two_ended_connections_answer_no_further_packets() {
    for arq in Arq::ALL {
        let now = Moment::START;
        let proposal = Proposal {
            first: Some(SequenceNumber(5)),
            ..Proposal::EXAMPLE
        };
        let client = Proposal {
            first: None,
            ..proposal
        };
        let mut sender = Sending::respond(arq, proposal, now);
        let mut receiver = Receiving::initiate(arq, client, now);
        let mut said: Vec<Transmit> = Vec::new();
        let mut exchange = |sender: &mut Sending, receiver: &mut Receiving| {
            let from_receiver: Vec<_> =
                std::iter::from_fn(|| receiver.poll_transmit(now)).collect();
            for one in &from_receiver {
                sender.on_packet(&one.packet, now);
            }
            let from_sender: Vec<_> =
                std::iter::from_fn(|| sender.poll_transmit(now)).collect();
            for one in &from_sender {
                receiver.on_packet(&one.packet, now);
            }
            let count = from_receiver.len() + from_sender.len();
            said.extend(from_receiver.into_iter().chain(from_sender));
            count
        };
        for _ in 0..3 {
            exchange(&mut sender, &mut receiver);
        }
        sender.reset(Reset::Cancelled);
        receiver.reset(Reset::Cancelled);
        for _ in 0..3 {
            exchange(&mut sender, &mut receiver);
        }
        assert_eq!(exchange(&mut sender, &mut receiver), 0, "{arq}");
        // Every packet again, to both: an error draws no answer.
        for one in &said {
            sender.on_packet(&one.packet, now);
            receiver.on_packet(&one.packet, now);
            assert_eq!(sender.poll_transmit(now), None, "{arq}");
            assert_eq!(receiver.poll_transmit(now), None, "{arq}");
        }
    }
}

#[test]
fn a_server_without_free_descriptors_accepts_clients_again_once_some_are_free() {
    let mut limited = Command::new("sh");
    let script = "ulimit -n 40; exec \"$0\" \"$@\"";
    limited.args(["-c", script, env!("CARGO_BIN_EXE_server")]);
    let server = Server::start(limited, &[]);
    let mut dana = join(&server, "dana");
    // The kernel queues them; the server has no descriptor for most.
    let crowd: Vec<_> = (0..100).map(|_| server.connect()).collect();
    dana.request(r#"{"say":{"text":"still here"}}"#);
    dana.hear(|reply| matches!(reply, Reply::Said(_)).then_some(()));
    drop(crowd);
    let mut guy = join(&server, "guy");
    guy.request(r#"{"say":{"text":"hi"}}"#);
    dana.hear(|reply| {
        matches!(reply, Reply::Said(said) if said.text == "hi").then_some(())
    });
}

/// A program that runs as a user to whom the limits of the system apply; they do not apply to root.
#[cfg(target_os = "linux")]
fn unprivileged(program: &str) -> Command {
    use std::os::unix::process::CommandExt;
    let mut command = Command::new(program);
    if fs::metadata("/proc/self").unwrap().uid() == 0 {
        command.uid(61_234).gid(61_234);
    }
    command
}

/// Limits the threads of this server, together with all others of its user.
#[cfg(target_os = "linux")]
fn limit_threads(server: &Server, count: u32) {
    let process = server.running.process.id().to_string();
    let limit = format!("--nproc={count}:");
    let mut prlimit = unprivileged("prlimit");
    prlimit.args(["--pid", &process, &limit]);
    assert!(prlimit.status().unwrap().success());
}

#[cfg(target_os = "linux")]
#[test]
fn a_server_without_free_threads_says_so_and_accepts_clients_again_once_some_are_free() {
    // A folder from which every user may run it.
    let copy = tempfile::tempdir().unwrap();
    fs::set_permissions(copy.path(), Permissions::from_mode(0o755)).unwrap();
    let program = copy.path().join("server");
    fs::copy(env!("CARGO_BIN_EXE_server"), &program).unwrap();
    let limited = unprivileged(program.to_str().unwrap());
    let server = Server::start(limited, &["--no-upload"]);
    let mut dana = join(&server, "dana");
    limit_threads(&server, 1);
    for _ in 0..40 {
        let mut stranger = server.connect();
        stranger
            .write_all(b"{\"join\":{\"name\":\"guy\"}}\n")
            .unwrap();
        let mut told = String::new();
        BufReader::new(stranger).read_line(&mut told).unwrap();
        let Ok(Reply::Refused(refusal)) = Reply::from_line(told.trim_end()) else {
            panic!("not refused: {told}");
        };
        assert!(refusal.sentence.contains("cannot serve more clients"));
    }
    dana.request(r#"{"download":{"file":"a.bin"}}"#);
    dana.hear(|reply| {
        let Reply::Transfer(it) = reply else {
            return None;
        };
        let sentence = it.sentence.filter(|_| it.state.is_end())?;
        assert!(
            sentence.contains("cannot start this transfer"),
            "{sentence}"
        );
        Some(())
    });
    limit_threads(&server, 4_096);
    join(&server, "guy");
    ask_for_the_file(&mut dana);
}

#[test]
fn five_hundred_simultaneous_clients_are_all_accepted() {
    let server = Server::start(program(), &[]);
    let mut crowd: Vec<_> = (0..500).map(|_| server.connect()).collect();
    for (number, guest) in crowd.iter_mut().enumerate() {
        let join = format!("{{\"join\":{{\"name\":\"g{number}\"}}}}\n");
        guest.write_all(join.as_bytes()).unwrap();
    }
    for guest in &crowd {
        let mut told = String::new();
        BufReader::new(guest).read_line(&mut told).unwrap();
        assert!(told.starts_with("{\"welcome\""), "{told}");
    }
}

#[test]
fn a_client_that_reads_one_byte_per_second_delays_no_other_and_is_disconnected() {
    let server = Server::start(program(), &[]);
    let mut dana = join(&server, "dana");
    let socket =
        socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    socket.set_recv_buffer_size(4_096).unwrap();
    let address: std::net::SocketAddr = server.running.address.parse().unwrap();
    socket.connect(&address.into()).unwrap();
    let mut slow = TcpStream::from(socket);
    slow.write_all(b"{\"join\":{\"name\":\"slow\"}}\n").unwrap();
    let (enough, until) = crossbeam_channel::bounded::<()>(0);
    let reading = threads::start("slow-reader".to_owned(), move || {
        while until
            .recv_timeout(Duration::from_secs(1))
            .is_err_and(|it| it.is_timeout())
            && slow.read(&mut [0]).is_ok_and(|count| count > 0)
        {}
    })
    .unwrap();
    let line = format!("{{\"say\":{{\"text\":\"{}\"}}}}", "x".repeat(16_000));
    for _ in 0..150 {
        dana.request(&line);
        dana.hear(|reply| matches!(reply, Reply::Said(_)).then_some(()));
    }
    let is_let_go = |reply| {
        matches!(reply, Reply::Left { name, why }
            if name == "slow" && why == "did not read")
    };
    dana.hear(|reply| is_let_go(reply).then_some(()));
    drop(enough);
    reading.join().unwrap();
}

/// A thousand connections that end in every possible way.
#[cfg(target_os = "linux")]
#[test]
fn a_thousand_joins_kills_and_cancels_leave_no_thread_descriptor_or_port_behind() {
    let server = Server::start(program(), &["--udp-ports", &range_of(1)]);
    let mut witness = join(&server, "witness");
    let before = belongings(&server.running.process);
    ask_for_the_file(&mut witness);
    witness.request(r#"{"cancel":{"transfer":1}}"#);
    let is_end = |reply| matches!(reply, Reply::Transfer(it) if it.state.is_end());
    witness.hear(|reply| is_end(reply).then_some(()));
    for round in 0..100 {
        let mut kept = Vec::new();
        for way in 0..10 {
            let name = format!("g{round}-{way}");
            match way {
                // It sends nothing, or half a line.
                0 => drop(server.connect()),
                1 => server.connect().write_all(b"{\"join\":{\"na").unwrap(),
                2 => server.connect().write_all(b"nonsense\n\xff\n").unwrap(),
                // It disconnects, or vanishes, or is refused.
                3 => join(&server, &name).request("\"disconnect\""),
                4 => drop(join(&server, &name)),
                5 => server
                    .connect()
                    .write_all(b"{\"join\":{\"name\":\"witness\"}}\n")
                    .unwrap(),
                // It asks for a file, and then cancels it, vanishes, or waits in vain.
                6 => {
                    let mut guest = join(&server, &name);
                    guest.request(r#"{"download":{"file":"a.bin","tag":1}}"#);
                    guest.request("\"disconnect\"");
                }
                7 => join(&server, &name).request(r#"{"download":{"file":"a.bin"}}"#),
                8 => join(&server, &name)
                    .request(r#"{"upload":{"file":"b.bin","size":1000000}}"#),
                _ => {
                    let mut guest = join(&server, &name);
                    guest.request(r#"{"download":{"file":"a.bin","transport":"tcp"}}"#);
                    kept.push(guest);
                }
            }
        }
    }
    wait_until_released(&server.running.process, &before);
    ask_for_the_file(&mut witness);
}

fn open_by_tcp(offer: &Offer) -> TcpStream {
    let mut stream = TcpStream::connect(("127.0.0.1", offer.port)).unwrap();
    let line = format!("{}\n", offer.token);
    stream.write_all(line.as_bytes()).unwrap();
    stream.read_exact(&mut [0]).unwrap();
    stream
}

const BY_TCP: &str = r#"{"download":{"file":"a.bin","transport":"tcp"}}"#;

/// Its state decides how soon its port passes on.
#[test]
fn a_download_over_tcp_that_its_client_does_not_read_is_paused_on_request() {
    let server = Server::start(program(), &[]);
    let mut dana = join(&server, "dana");
    dana.request(BY_TCP);
    let offer = dana.hear_offer();
    let _unread = open_by_tcp(&offer);
    dana.hear(|reply| {
        matches!(reply, Reply::Transfer(it) if it.progress.is_some()).then_some(())
    });
    let pause = Request::Pause {
        transfer: offer.transfer,
    };
    dana.request(&pause.to_line());
    let is_paused =
        |reply| matches!(reply, Reply::Transfer(it) if it.state == TransferState::Paused);
    dana.hear(|reply| is_paused(reply).then_some(()));
}

#[test]
fn a_user_who_pauses_sixteen_downloads_leaves_ports_for_others() {
    let server = Server::start(program(), &["--udp-ports", &range_of(4)]);
    let mut mallory = join(&server, "mallory");
    for _ in 0..16 {
        mallory.request(BY_TCP);
    }
    let mut opened = Vec::new();
    for _ in 0..2 {
        let offer = mallory.hear_offer();
        opened.push(open_by_tcp(&offer));
        mallory.request(&format!(r#"{{"pause":{{"transfer":{}}}}}"#, offer.transfer));
    }
    // Two of four ports are free, and other clients use them immediately.
    let mut dana = join(&server, "dana");
    dana.request(r#"{"download":{"file":"a.bin"}}"#);
    let is_offered = dana.hear(|reply| {
        let is_offer = matches!(reply, Reply::Offer(_));
        (is_offer || matches!(reply, Reply::Transfer(_))).then_some(is_offer)
    });
    assert!(is_offered);
}

#[test]
fn the_port_of_a_paused_transfer_goes_to_a_waiting_user_and_its_owner_is_informed() {
    let server = Server::start(program(), &["--udp-ports", &range_of(1)]);
    let mut mallory = join(&server, "mallory");
    mallory.request(BY_TCP);
    let offer = mallory.hear_offer();
    let _opened = open_by_tcp(&offer);
    mallory.request(&format!(r#"{{"pause":{{"transfer":{}}}}}"#, offer.transfer));
    let mut dana = join(&server, "dana");
    dana.request(r#"{"download":{"file":"a.bin"}}"#);
    let place = dana.hear(|reply| {
        let Reply::Transfer(news) = reply else {
            return None;
        };
        news.place
    });
    assert_eq!(place, 1);
    dana.hear(|reply| matches!(reply, Reply::Offer(_)).then_some(()));
    let news = mallory.hear(|reply| {
        let Reply::Transfer(news) = reply else {
            return None;
        };
        Some(news).filter(|news| news.state.is_end())
    });
    let sentence = news.sentence.unwrap();
    assert!(
        sentence.contains("made no progress while others were waiting"),
        "{sentence}"
    );
    assert!(news.interrupted);
}

#[test]
fn a_paused_download_stays_paused_while_others_use_its_port_and_resumes() {
    let server = Server::start(program(), &["--udp-ports", &range_of(1)]);
    for transport in ["udp", "tcp"] {
        let out = tempfile::tempdir().unwrap();
        let mut client = Command::new(env!("CARGO_BIN_EXE_client"))
            .args(["--text", "--json", "--server", &server.running.address])
            .args(["--name", "dana", "--pause-at", "50%", "--out"])
            .arg(out.path())
            .args(["--transport", transport])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut keys = client.stdin.take().unwrap();
        let mut printed = BufReader::new(client.stdout.take().unwrap()).lines();
        let mut until = |part: &str| {
            let line = printed.find(|line| line.as_ref().unwrap().contains(part));
            assert!(line.is_some(), "no {part} was printed");
        };
        keys.write_all(b"/download a.bin\n").unwrap();
        until(r#""state":"paused""#);
        let mut guy = join(&server, "guy");
        guy.request(BY_TCP);
        let offer = guy.hear_offer();
        drop(open_by_tcp(&offer));
        until(r#""interrupted":true"#);
        until(r#"{"download":{"tag":1,"file":"a.bin","state":"paused""#);
        guy.request(&format!(
            r#"{{"cancel":{{"transfer":{}}}}}"#,
            offer.transfer
        ));
        keys.write_all(b"/resume 1\n").unwrap();
        until(r#""offset":"#);
        until(r#""state":"verified""#);
        drop(keys);
        assert!(client.wait().unwrap().success());
        let arrived = fs::read(out.path().join("a.bin")).unwrap();
        assert!(arrived == vec![7; 3_000_000]);
    }
}

#[test]
fn sixty_four_clients_of_one_address_do_not_delay_a_newcomer_by_unused_ports() {
    let server = Server::start(program(), &["--udp-ports", &range_of(16)]);
    let crowd: Vec<_> = (0..64)
        .map(|number| {
            let mut guest = join(&server, &format!("m{number}"));
            for _ in 0..16 {
                guest.request(r#"{"download":{"file":"a.bin"}}"#);
            }
            guest
        })
        .collect();
    let mut dana = join(&server, "dana");
    let clock = Clock::start();
    ask_for_the_file(&mut dana);
    let waited = clock.now().since_start();
    // Ten seconds for each of four rounds would be forty. Four rounds of one second take
    // twelve on a machine that is very busy.
    assert!(waited < Duration::from_secs(25), "{waited:?}");
    drop(crowd);
}

/// Reads on, a few bytes at a time.
struct SlowReader {
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl SlowReader {
    fn start(offer: &Offer) -> Self {
        let mut stream = open_by_tcp(offer);
        let is_over = Arc::new(AtomicBool::new(false));
        let is_ended = Arc::clone(&is_over);
        let reading = threads::start("slow".to_owned(), move || {
            while !is_ended.load(Ordering::Relaxed)
                && stream.read(&mut [0; 16_384]).is_ok_and(|count| count > 0)
            {
                let _ = after(Duration::from_millis(100)).recv();
            }
        });
        let thread = Some(reading.unwrap());
        Self { is_over, thread }
    }
}

impl Drop for SlowReader {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

#[test]
fn slow_readers_with_other_names_at_the_same_address_keep_a_port_for_one_turn_only() {
    let server = Server::start(program(), &["--udp-ports", &range_of(2)]);
    let large = File::create(server.folder.path().join("large.bin")).unwrap();
    large.set_len(1_000_000_000).unwrap(); // Far more than sockets hold.
    let clock = Clock::start();
    let mut slow = [0, 1].map(|number| {
        let mut guest = join(&server, &format!("m{number}"));
        guest.request(r#"{"download":{"file":"large.bin","transport":"tcp"}}"#);
        let reader = SlowReader::start(&guest.hear_offer());
        (guest, reader)
    });
    let mut dana = join(&server, "dana");
    ask_for_the_file(&mut dana);
    let waited = clock.now().since_start();
    assert!(waited > Duration::from_secs(29), "{waited:?}");
    assert!(waited < Duration::from_secs(40), "{waited:?}");
    let news = slow[0].0.hear(|reply| {
        let Reply::Transfer(news) = reply else {
            return None;
        };
        Some(news).filter(|news| news.state.is_end())
    });
    let sentence = news.sentence.unwrap();
    assert!(sentence.contains("has had its turn"), "{sentence}");
    assert!(news.interrupted);
}

/// The peak memory of a process. Unit: bytes.
#[cfg(target_os = "linux")]
fn most_memory(server: &Server) -> u64 {
    let path = format!("/proc/{}/status", server.running.process.id());
    let status = fs::read_to_string(path).unwrap();
    let line = status.lines().find_map(|it| it.strip_prefix("VmHWM:"));
    let kibibytes = line.unwrap().trim().trim_end_matches("kB").trim();
    kibibytes.parse::<u64>().unwrap() * 1024
}

#[cfg(target_os = "linux")]
#[test]
fn clients_that_request_lists_without_reading_delay_no_other_and_fill_no_memory() {
    let server = Server::start(program(), &["--udp-ports", "0"]);
    for number in 0..2_000 {
        let name = format!("a file with a long name, number {number}.txt");
        fs::write(server.folder.path().join(name), "x").unwrap();
    }
    let mut dana = join(&server, "dana");
    let deaf: Vec<_> = (0..64)
        .map(|number| {
            let mut guest = join(&server, &format!("deaf{number}"));
            let stream = guest.stream.get_mut();
            stream.set_nonblocking(true).unwrap();
            // As much as the kernel accepts; some of them disconnect.
            while stream.write(&b"\"files\"\n".repeat(512)).is_ok() {}
            (number % 4 > 0).then_some(guest)
        })
        .collect();
    dana.request(r#"{"say":{"text":"still here"}}"#);
    dana.hear(|reply| {
        matches!(reply, Reply::Said(said) if said.text == "still here").then_some(())
    });
    ask_for_the_file(&mut dana);
    dana.request("\"files\"");
    dana.hear(|reply| matches!(reply, Reply::Files { more: false, .. }).then_some(()));
    let memory = most_memory(&server);
    assert!(memory < 128_000_000, "{memory}");
    drop(deaf);
    dana.request("\"files\"");
    dana.hear(|reply| matches!(reply, Reply::Files { more: false, .. }).then_some(()));
}

#[test]
fn packets_of_an_old_transfer_neither_open_nor_end_a_new_one() {
    let server = Server::start(program(), &["--udp-ports", &range_of(1)]);
    let mut dana = join(&server, "dana");
    let old = ask_for_the_file(&mut dana);
    dana.request(&format!(r#"{{"cancel":{{"transfer":{}}}}}"#, old.transfer));
    dana.hear(|reply| {
        matches!(reply, Reply::Transfer(news) if news.state.is_end()).then_some(())
    });
    let new = ask_for_the_file(&mut dana);
    assert_eq!(new.port, old.port);
    let own = UdpSocket::bind("127.0.0.1:0").unwrap();
    let why = Reset::Cancelled;
    for datagram in [syn(&old), packet(&old, Body::Rst { why })] {
        own.send_to(&datagram, ("127.0.0.1", new.port)).unwrap();
    }
    assert_eq!(answers(&own), Vec::<usize>::new());
    answers_to(&own, &syn(&new), new.port);
}

/// A line that two programs could read differently is rejected.
#[test]
fn an_ambiguous_line_is_refused_and_an_escape_does_not_change_its_meaning() {
    use sash::wire::message::Request;
    let refused = [
        r#"{"say":{"text":"a","text":"b"}}"#,
        r#"{"say":{"text":"a"},"say":{"text":"b"}}"#,
        r#"{"say":{"text":"a"},"users":null}"#,
        r#"{"say":{"text":"a"}} "users""#,
        r#"{"say":{"text":"\ud800"}}"#,
        r#"{"say":{"text":null}}"#,
        r#"{"cancel":{"transfer":1.0}}"#,
        r#"{"cancel":{"transfer":1e3}}"#,
        r#"{"cancel":{"transfer":-1}}"#,
        r#"{"cancel":{"transfer":01}}"#,
        r#"{"cancel":{"transfer":"1"}}"#,
        r#"{"cancel":{"transfer":18446744073709551616}}"#,
        "{'say':{'text':'a'}}",
        "\u{feff}\"users\"",
        r#"{"Say":{"text":"a"}}"#,
    ];
    for line in refused {
        assert!(Request::from_line(line).is_err(), "{line}");
    }
    let same = [
        r#"{"say":{"text":"a/b"}}"#,
        r#"{"\u0073ay":{"te\u0078t":"\u0061\/b"}}"#,
        " { \"say\" : { \"text\" : \"a/b\" } } ",
    ];
    let read = same.map(|line| Request::from_line(line).unwrap());
    assert!(read.iter().all(|request| *request == read[0]));
}

#[test]
fn journals_and_captures_are_readable_by_their_owner_only() {
    let kept = tempfile::tempdir().unwrap();
    let journals = kept.path().join("journals");
    let capture = kept.path().join("room.pcapng");
    let arguments = [
        "--udp-ports",
        "0",
        "--journal",
        journals.to_str().unwrap(),
        "--pcapng",
        capture.to_str().unwrap(),
    ];
    let server = Server::start(program(), &arguments);
    let mut dana = join(&server, "dana");
    ask_for_the_file(&mut dana);
    let made = || {
        let journals = fs::read_dir(&journals).into_iter().flatten();
        let made = journals.filter_map(|entry| Some(entry.ok()?.path()));
        made.chain([capture.clone()]).collect::<Vec<_>>()
    };
    wait_until(|| made().len() > 1);
    for path in made() {
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{}", path.display());
    }
}
