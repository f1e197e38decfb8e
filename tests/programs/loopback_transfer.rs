//! Real files over real sockets on 127.0.0.1: the drivers of both ends.

#![expect(
    clippy::unwrap_used,
    reason = "a test ends where something is not as it must be"
)]

use crate::running::wait_until;
use crossbeam_channel::{Receiver, bounded};
use sash::lab::contents;
use sash::transfer::clock::Clock;
use sash::transfer::overwrite::Overwrite;
use sash::transfer::receiving::{self, Destination, Receiving};
use sash::transfer::sending::{self, Outlet, Sending};
use sash::transfer::{Ending, Job, Report};
use sash::wire::digest::{Digest, Token};
use sash::wire::message::TransferState;
use sash::wire::options::{Arq, NegotiatedOptions, Transport};
use sash::wire::packet::{Body, Packet, Reset, VERSION};
use sash::wire::sequence::SequenceNumber;
use std::fs::{self, File};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;
use tempfile::TempDir;

const LOCALHOST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// The longest wait for a transfer.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Both ends of a running transfer.
struct Transfer {
    sending: Sending,
    receiving: Receiving,
    sender_ended: Receiver<Ending>,
    receiver_ended: Receiver<Ending>,
    server: SocketAddr,
    folder: TempDir,
}

fn job(settled: NegotiatedOptions, size: u64, scenario: &str) -> Job {
    Job {
        scenario: scenario.parse().unwrap(),
        ..Job::new(1, Token([5; 16]), settled, size)
    }
}

/// Reports how a transfer ended.
fn ending() -> (impl FnMut(Report) + Send, Receiver<Ending>) {
    let (tell, ended) = bounded(1);
    let report = move |report| {
        if let Report::Ended(ending) = report {
            tell.send(ending).unwrap();
        }
    };
    (report, ended)
}

fn source(folder: &Path, size: u64) -> File {
    let path = folder.join("source");
    fs::write(&path, contents::bytes(0..size)).unwrap();
    File::open(path).unwrap()
}

/// A socket on its own port, as the server binds one for each transfer.
fn outlet(transport: Transport) -> (Outlet, u16) {
    match transport {
        Transport::Udp => {
            let socket = UdpSocket::bind((LOCALHOST, 0)).unwrap();
            let port = socket.local_addr().unwrap().port();
            (Outlet::Udp(socket), port)
        }
        Transport::Tcp => {
            let listener = TcpListener::bind((LOCALHOST, 0)).unwrap();
            let port = listener.local_addr().unwrap().port();
            (Outlet::Tcp(listener), port)
        }
    }
}

/// Starts a transfer of a generated file; `scenario` is the sender's link.
fn start(
    settled: NegotiatedOptions,
    size: u64,
    scenario: &str,
    digest: Option<Digest>,
) -> Transfer {
    start_jobs(job(settled, size, scenario), job(settled, size, ""), digest)
}

/// The same, with a job for each side.
fn start_jobs(sender: Job, receiver: Job, digest: Option<Digest>) -> Transfer {
    let folder = tempfile::tempdir().unwrap();
    let (outlet, port) = outlet(sender.settled.transport);
    let (sender_report, sender_ended) = ending();
    let (receiver_report, receiver_ended) = ending();
    let file = source(folder.path(), sender.size);
    let sending =
        sending::start(sender, file, digest, outlet, LOCALHOST, sender_report).unwrap();
    let destination = Destination {
        folder: folder.path().to_owned(),
        name: "arrived.bin".to_owned(),
        workshop: None,
        overwrite: Overwrite::Keep,
    };
    let server = SocketAddr::new(LOCALHOST, port);
    let receiving =
        receiving::start(receiver, server, &destination, receiver_report).unwrap();
    Transfer {
        sending,
        receiving,
        sender_ended,
        receiver_ended,
        server,
        folder,
    }
}

impl Transfer {
    /// Waits for both ends, and compares the received file with the sent one.
    fn arrives_whole(&self, size: u64) {
        let receiver = self.receiver_ended.recv_timeout(TIMEOUT).unwrap();
        assert_eq!(
            receiver.state,
            TransferState::Verified,
            "{:?}",
            receiver.sentence
        );
        let path = receiver.path.unwrap();
        assert_eq!(fs::read(path).unwrap(), contents::bytes(0..size));
        let sender = self.sender_ended.recv_timeout(TIMEOUT).unwrap();
        assert_eq!(
            sender.state,
            TransferState::Verified,
            "{:?}",
            sender.sentence
        );
        assert_eq!(sender.figures.done_bytes, size);
    }
}

fn settled(arq: Arq) -> NegotiatedOptions {
    let window = arq.lesson_window();
    NegotiatedOptions {
        arq,
        window,
        ..NegotiatedOptions::DEFAULT
    }
}

#[test]
fn a_file_arrives_complete_with_every_protocol() {
    for arq in Arq::ALL {
        for size in [0, 1, 1_436, 1_437, 1_000_000] {
            let digest = Some(contents::digest(size));
            start(settled(arq), size, "", digest).arrives_whole(size);
        }
    }
}

#[test]
fn a_file_arrives_complete_without_kernel_offload() {
    for offloads in [[false, false], [true, false], [false, true]] {
        let size = 3_000_000;
        let [sender, receiver] = offloads.map(|is_offloading| Job {
            is_offloading,
            ..job(NegotiatedOptions::DEFAULT, size, "")
        });
        let digest = Some(contents::digest(size));
        start_jobs(sender, receiver, digest).arrives_whole(size);
    }
}

#[test]
fn a_file_arrives_complete_over_tcp() {
    let tcp = NegotiatedOptions {
        transport: Transport::Tcp,
        ..NegotiatedOptions::DEFAULT
    };
    for size in [0, 1, 3_000_000] {
        start(tcp, size, "", Some(contents::digest(size))).arrives_whole(size);
    }
}

#[test]
fn a_very_bad_link_costs_time_but_no_byte() {
    let wild = "seed=3;loss=10%;duplicate=5%;reorder=10%;corrupt=5%;delay=2ms";
    for arq in Arq::ALL {
        let size = 60_000;
        start(settled(arq), size, wild, Some(contents::digest(size))).arrives_whole(size);
    }
}

#[test]
fn four_simultaneous_transfers_do_not_affect_each_other() {
    let size = 4_000_000;
    let digest = Some(contents::digest(size));
    let transfers: Vec<_> = (0..4)
        .map(|_| start(settled(Arq::Sack), size, "", digest))
        .collect();
    for transfer in &transfers {
        transfer.arrives_whole(size);
    }
}

#[test]
fn the_digest_may_arrive_after_the_last_byte() {
    for transport in [Transport::Udp, Transport::Tcp] {
        let options = NegotiatedOptions {
            transport,
            ..NegotiatedOptions::DEFAULT
        };
        let transfer = start(options, 50_000, "", None);
        assert!(
            transfer
                .receiver_ended
                .recv_timeout(Duration::from_millis(300))
                .is_err()
        );
        transfer.sending.digest(contents::digest(50_000));
        transfer.arrives_whole(50_000);
    }
}

#[test]
fn a_wrong_digest_counts_as_damage_and_leaves_no_file() {
    for transport in [Transport::Udp, Transport::Tcp] {
        let options = NegotiatedOptions {
            transport,
            ..NegotiatedOptions::DEFAULT
        };
        let transfer = start(options, 50_000, "", Some(Digest([1; 32])));
        for ended in [&transfer.sender_ended, &transfer.receiver_ended] {
            let ending = ended.recv_timeout(TIMEOUT).unwrap();
            assert_eq!(ending.state, TransferState::Damaged);
            assert!(ending.sentence.unwrap().contains("Try again"));
        }
        let names: Vec<_> = fs::read_dir(transfer.folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        assert_eq!(names, ["source"]);
    }
}

#[test]
fn a_cancelled_transfer_ends_on_both_sides_and_leaves_no_final_file_name() {
    for cancel in [
        (|transfer: &Transfer| transfer.receiving.cancel()) as fn(&Transfer),
        |transfer| transfer.sending.cancel(),
    ] {
        let slow = "delay=100ms";
        let size = 1_000_000;
        let stop_and_wait = settled(Arq::StopAndWait);
        let transfer = start(stop_and_wait, size, slow, Some(contents::digest(size)));
        let part = transfer.folder.path().join("arrived.bin.part");
        wait_until(|| part.metadata().is_ok_and(|part| part.len() > 0));
        cancel(&transfer);
        for ended in [&transfer.sender_ended, &transfer.receiver_ended] {
            let ending = ended.recv_timeout(TIMEOUT).unwrap();
            assert_eq!(
                ending.state,
                TransferState::Cancelled,
                "{:?}",
                ending.sentence
            );
        }
        assert!(!transfer.folder.path().join("arrived.bin").exists());
    }
}

#[test]
fn a_shrinking_file_fails_with_a_sentence_and_leaves_no_final_file_name() {
    for transport in [Transport::Udp, Transport::Tcp] {
        let options = NegotiatedOptions {
            transport,
            ..settled(Arq::GoBackN)
        };
        let folder = tempfile::tempdir().unwrap();
        let file = source(folder.path(), 10_000);
        // The offer promised more than the file now holds.
        let promised = 3_000_000;
        let (outlet, port) = outlet(transport);
        let (sender_report, sender_ended) = ending();
        let (receiver_report, receiver_ended) = ending();
        let both = job(options, promised, "");
        sending::start(both.clone(), file, None, outlet, LOCALHOST, sender_report)
            .unwrap();
        let destination = Destination {
            folder: folder.path().to_owned(),
            name: "a.bin".to_owned(),
            workshop: None,
            overwrite: Overwrite::Keep,
        };
        let server = SocketAddr::new(LOCALHOST, port);
        receiving::start(both, server, &destination, receiver_report).unwrap();
        for ended in [sender_ended, receiver_ended] {
            let ending = ended.recv_timeout(TIMEOUT).unwrap();
            assert_eq!(ending.state, TransferState::Failed);
            assert!(ending.sentence.is_some());
        }
        assert!(!folder.path().join("a.bin").exists());
    }
}

#[test]
fn an_invalid_offer_is_refused_before_it_is_used() {
    let folder = tempfile::tempdir().unwrap();
    let broken = [
        NegotiatedOptions {
            segment_bytes: 0,
            ..NegotiatedOptions::DEFAULT
        },
        NegotiatedOptions {
            window: 0,
            ..NegotiatedOptions::DEFAULT
        },
        NegotiatedOptions {
            window: u32::MAX,
            ..NegotiatedOptions::DEFAULT
        },
        NegotiatedOptions {
            segment_bytes: 1,
            ..NegotiatedOptions::DEFAULT
        },
    ];
    for settled in broken {
        let destination = Destination {
            folder: folder.path().to_owned(),
            name: "a.bin".to_owned(),
            workshop: None,
            overwrite: Overwrite::Keep,
        };
        let server = SocketAddr::new(LOCALHOST, 9);
        let job = job(settled, u64::MAX, "");
        assert!(receiving::start(job, server, &destination, |_| ()).is_err());
    }
}

#[test]
fn an_outsider_without_the_token_can_neither_open_nor_disturb_a_transfer() {
    let size = 2_000_000;
    let folder = tempfile::tempdir().unwrap();
    let socket = UdpSocket::bind((LOCALHOST, 0)).unwrap();
    let server = socket.local_addr().unwrap();
    let (sender_report, sender_ended) = ending();
    let both = job(settled(Arq::Sack), size, "");
    let digest = Some(contents::digest(size));
    let file = source(folder.path(), size);
    sending::start(
        both.clone(),
        file,
        digest,
        Outlet::Udp(socket),
        LOCALHOST,
        sender_report,
    )
    .unwrap();
    let stranger = UdpSocket::bind((LOCALHOST, 0)).unwrap();
    let noise = contents::bytes(0..1_400);
    let shout = || {
        for length in [0, 1, 36, 100, 1_400] {
            stranger.send_to(&noise[..length], server).unwrap();
        }
    };
    shout();
    let (receiver_report, receiver_ended) = ending();
    let destination = Destination {
        folder: folder.path().to_owned(),
        name: "a.bin".to_owned(),
        workshop: None,
        overwrite: Overwrite::Keep,
    };
    receiving::start(both, server, &destination, receiver_report).unwrap();
    (0..200).for_each(|_| shout());
    let ending = receiver_ended.recv_timeout(TIMEOUT).unwrap();
    assert_eq!(
        ending.state,
        TransferState::Verified,
        "{:?}",
        ending.sentence
    );
    assert_eq!(
        fs::read(folder.path().join("a.bin")).unwrap(),
        contents::bytes(0..size)
    );
    assert_eq!(
        sender_ended.recv_timeout(TIMEOUT).unwrap().state,
        TransferState::Verified
    );
}

/// A valid FIN-ACK of the previous transfer, newer than everything of this one: a sender that
/// accepted its token would take the stranger for a receiver with a new address.
fn reset_with_an_old_token() -> Vec<u8> {
    let packet = Packet {
        token: Token([4; 16]),
        number: 0,
        attempt: 1,
        sequence: SequenceNumber(0),
        sent_at: 1 << 30,
        body: Body::Rst {
            why: Reset::Cancelled,
        },
    };
    let mut datagram = Vec::new();
    packet.encode(&mut datagram, &[]);
    datagram
}

/// Sends this many datagrams to this port, none of which a transfer may accept.
fn flood(server: SocketAddr, datagrams: usize) {
    let stranger = UdpSocket::bind((LOCALHOST, 0)).unwrap();
    let noise = contents::bytes(0..60_000);
    let old = reset_with_an_old_token();
    for count in 0..datagrams {
        let length = [0, 1, 19, 36, 100, 1_472][count % 6];
        let mut datagram = noise[count % 50_000..][..length].to_vec();
        match count % 5 {
            0 if length >= 36 => datagram[0] = VERSION,
            1 if length >= 36 => {
                // As if somebody knew the token: everything except the checksum is right.
                datagram[0] = VERSION;
                datagram[4..20].fill(5);
            }
            2 => datagram.clone_from(&old),
            _ => (),
        }
        stranger.send_to(&datagram, server).unwrap();
    }
}

#[test]
fn a_flood_of_random_packets_changes_no_byte_of_a_transfer() {
    for settled in [NegotiatedOptions::DEFAULT, settled(Arq::GoBackN)] {
        let size = 3_000_000;
        let slow = "data.rate=30mbit;delay=1ms";
        let transfer = start(settled, size, slow, Some(contents::digest(size)));
        flood(transfer.server, 200_000);
        transfer.arrives_whole(size);
    }
}

#[test]
fn the_port_of_a_transfer_is_free_when_its_end_is_reported() {
    for transport in [Transport::Udp, Transport::Tcp] {
        let folder = tempfile::tempdir().unwrap();
        let (outlet, port) = outlet(transport);
        let (tell, bound) = bounded(1);
        let report = move |report| {
            if matches!(report, Report::Ended(_)) {
                let result = match transport {
                    Transport::Udp => UdpSocket::bind((LOCALHOST, port)).map(drop),
                    Transport::Tcp => TcpListener::bind((LOCALHOST, port)).map(drop),
                };
                tell.send(result).unwrap();
            }
        };
        let settled = NegotiatedOptions {
            transport,
            ..settled(Arq::Sack)
        };
        let file = source(folder.path(), 1_000);
        let job = job(settled, 1_000, "");
        let sending = sending::start(job, file, None, outlet, LOCALHOST, report).unwrap();
        sending.cancel();
        bound.recv_timeout(TIMEOUT).unwrap().unwrap();
    }
}

/// A router that gives its client another port after the 12th packet, and then loses the
/// client's packets for this time.
fn router(server: SocketAddr, lost: Duration) -> SocketAddr {
    let inside = Arc::new(UdpSocket::bind((LOCALHOST, 0)).unwrap());
    let address = inside.local_addr().unwrap();
    let work = move || route(&inside, server, lost);
    thread::Builder::new().spawn(work).unwrap();
    address
}

/// Until nothing has come for half a minute.
fn route(inside: &Arc<UdpSocket>, server: SocketAddr, lost: Duration) {
    inside
        .set_read_timeout(Some(Duration::from_secs(30)))
        .unwrap();
    let (mut outside, mut moved) = (None, Clock::start());
    let mut datagram = [0; 2_000];
    for count in 1.. {
        let Ok((length, client)) = inside.recv_from(&mut datagram) else {
            return;
        };
        if count == 1 || count == 12 {
            // The old port is closed.
            outside = Some(mapping(inside, server, client));
            moved = Clock::start();
        }
        if let Some(outside) = &outside
            && (count < 12 || moved.now().since_start() >= lost)
        {
            let _ = outside.send(&datagram[..length]);
        }
    }
}

/// A port of the router for this client; packets that arrive there are forwarded to the client.
fn mapping(
    inside: &Arc<UdpSocket>,
    server: SocketAddr,
    client: SocketAddr,
) -> Arc<UdpSocket> {
    let outside = Arc::new(UdpSocket::bind((LOCALHOST, 0)).unwrap());
    outside.connect(server).unwrap();
    outside
        .set_read_timeout(Some(Duration::from_millis(20)))
        .unwrap();
    let (inside, here) = (Arc::clone(inside), Arc::downgrade(&outside));
    let work = move || {
        let mut datagram = [0; 2_000];
        while let Some(outside) = here.upgrade() {
            if let Ok(length) = outside.recv(&mut datagram) {
                let _ = inside.send_to(&datagram[..length], client);
            }
        }
    };
    thread::Builder::new().spawn(work).unwrap();
    outside
}

/// A transfer through [`router`], to its end.
fn transfer_through_a_nat(arq: Arq, lost: Duration) {
    let size = 300_000;
    let folder = tempfile::tempdir().unwrap();
    let (outlet, port) = outlet(Transport::Udp);
    let (sender_report, sender_ended) = ending();
    let (receiver_report, receiver_ended) = ending();
    let both = job(settled(arq), size, "");
    let file = source(folder.path(), size);
    let digest = Some(contents::digest(size));
    let job = both.clone();
    sending::start(job, file, digest, outlet, LOCALHOST, sender_report).unwrap();
    let destination = Destination {
        folder: folder.path().to_owned(),
        name: "a.bin".to_owned(),
        workshop: None,
        overwrite: Overwrite::Keep,
    };
    let router = router(SocketAddr::new(LOCALHOST, port), lost);
    receiving::start(both, router, &destination, receiver_report).unwrap();
    for ended in [receiver_ended, sender_ended] {
        let ending = ended.recv_timeout(TIMEOUT).unwrap();
        assert_eq!(ending.state, TransferState::Verified, "{arq}: {ending:?}");
    }
    let arrived = fs::read(folder.path().join("a.bin")).unwrap();
    assert_eq!(arrived, contents::bytes(0..size));
}

#[test]
fn a_transfer_continues_when_a_nat_assigns_the_client_another_port() {
    for arq in [Arq::GoBackN, Arq::Sack] {
        transfer_through_a_nat(arq, Duration::ZERO);
    }
}

#[test]
fn a_client_whose_port_changed_during_a_silence_is_found_again() {
    transfer_through_a_nat(Arq::Sack, Duration::from_millis(100));
}
