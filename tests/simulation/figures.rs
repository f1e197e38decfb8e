//! The tables that the report prints, made again: packets as bytes, and tables of seeded
//! runs in virtual time. `UPDATE_GOLDEN=1` rewrites `tests/golden/`; the report quotes the
//! files, and `tests/simulation/report.rs` compares them.

use crate::golden::compare;
use sash::lab::run::{Experiment, Run};
use sash::reliable::Machine;
use sash::reliable::connection::{Receiving, Sending};
use sash::reliable::connection_parameters::{ACKNOWLEDGEMENT_DELAY, LEAST_TIMEOUT};
use sash::reliable::handshake::Proposal;
use sash::reliable::moment::Moment;
use sash::reliable::round_trip::Timing;
use sash::wire::digest::{Digest, Token};
use sash::wire::mac::{TrafficKey, TrafficKeys};
use sash::wire::options::{Arq, Congestion, LARGEST_WINDOW};
use sash::wire::packet::{Body, Kind, Packet, Reset};
use sash::wire::sequence::SequenceNumber;
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;
use std::time::Duration;

#[test]
fn the_packets_of_a_whole_transfer_match_the_report_byte_for_byte() {
    let mut dumps = String::new();
    for (from, datagram) in transfer(OFFERED_TOKEN, None) {
        Packet::decode(&datagram).expect("it was just encoded");
        dump(&mut dumps, from, &datagram);
    }
    let kinds: Vec<_> = dumps.lines().filter(|line| line.contains("from")).collect();
    assert_eq!(kinds.len(), 9, "{kinds:#?}");
    compare("packets.txt", dumps.trim_end());
}

#[test]
fn the_packets_with_a_mac_match_the_report_byte_for_byte() {
    let token = "896d1bd36d07c4a446183e3b38ef5620";
    let keys = TrafficKeys {
        send: key("e12cf31beef855223158215b6823098d43a8f58a6db8c7213bf4e9f2e17edd65"),
        receive: key("11166eaa0be432199b55012f0faac49fbbe7c6fb78785d6de5c123e76e22d3fb"),
    };
    let cancelled = Packet {
        token: token.parse().expect("a token"),
        number: 0,
        attempt: 1,
        sequence: SequenceNumber(1_000),
        sent_at: 5_000,
        body: Body::Rst {
            why: Reset::Cancelled,
        },
    };
    let mut reset = Vec::new();
    cancelled.encode_keyed(&mut reset, Some(&keys.send), &[]);
    let mut packets = transfer(token, Some(keys));
    packets.push(("receiver", reset));
    let mut dumps = String::new();
    for (from, datagram) in &packets {
        let key = match *from {
            "receiver" => keys.send,
            _ => keys.receive,
        };
        let (packet, _) =
            Packet::decode_keyed(datagram, Some(&key)).expect("it was just encoded");
        if packet.body.kind().has_mac() {
            dump(&mut dumps, from, datagram);
        }
    }
    let kinds: Vec<_> = dumps.lines().filter(|line| line.contains("from")).collect();
    assert_eq!(kinds.len(), 5, "{kinds:#?}");
    compare("packets_with_mac.txt", dumps.trim_end());
}

fn key(hex: &str) -> TrafficKey {
    let digest: Digest = hex.parse().expect("32 bytes");
    TrafficKey(digest.0)
}

/// A datagram as the report shows it.
fn dump(dumps: &mut String, from: &str, datagram: &[u8]) {
    let code = usize::from(datagram[1]);
    let (kind, length) = (Kind::ALL[code - 1], datagram.len());
    writeln!(dumps, "{kind}, {length} bytes, from the {from}").expect("memory");
    for (row, bytes) in datagram.chunks(16).enumerate() {
        let hex: Vec<_> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        writeln!(dumps, "{:6}  {}", 16 * row, hex.join(" ")).expect("memory");
    }
    dumps.push('\n');
}

#[test]
fn the_cost_of_loss_matches_the_report() {
    let what = "seconds of virtual time, and DATA packets sent again; mean of ten seeds";
    let mut table = heading("loss", what);
    for loss in [0, 1, 5, 10, 20, 30] {
        row(&mut table, &format!("{loss}%"), |arq| {
            let window = if arq == Arq::StopAndWait { 1 } else { 16 };
            let runs = runs(arq, window, loss);
            let resent: u64 = runs.iter().map(|run| run.progress.resent_packets).sum();
            format!("{:.2} {:5}", seconds(&runs), resent / SEEDS)
        });
    }
    compare("price_of_loss.txt", table.trim_end());
}

#[test]
fn the_benefit_of_a_wider_window_matches_the_report() {
    let files = [
        ("goodput_by_window.txt", 0),
        ("goodput_by_window_lossy.txt", 5),
    ];
    for (name, loss) in files {
        let what = "goodput, kB per second of virtual time; mean of ten seeds";
        let mut table = heading("window", what);
        for window in [1, 2, 4, 8, 16, 32, 64] {
            row(&mut table, &window.to_string(), |arq| {
                if arq == Arq::StopAndWait && window > 1 {
                    return "-".to_owned();
                }
                format!("{:.0}", 1_000.0 / seconds(&runs(arq, window, loss)))
            });
        }
        compare(name, table.trim_end());
    }
}

#[test]
#[ignore = "takes long: ./sash test --long"]
fn the_goodput_of_each_controller_under_loss_matches_the_report() {
    let controllers = [
        (Congestion::Fixed, 256),
        (Congestion::Reno, LARGEST_WINDOW),
        (Congestion::Cubic, LARGEST_WINDOW),
        (Congestion::Bbr, LARGEST_WINDOW),
    ];
    let mut table = "goodput, MB per second of virtual time; 16 MiB by sack, \
                     mean of three seeds\n    loss   limit   fixed 256"
        .to_owned();
    for (congestion, _) in &controllers[1..] {
        write!(table, "{:>8}", congestion.name()).expect("memory");
    }
    for loss in [0, 1, 5, 10, 20, 30] {
        let limit = 6.25 * 1_436.0 / 1_500.0 * (1.0 - f64::from(loss) / 100.0);
        write!(table, "\n{:>8}{limit:>8.2}    ", format!("{loss}%")).expect("memory");
        for (congestion, window) in controllers {
            let goodput = (1..=3).map(|seed| {
                let scenario = format!(
                    "seed={seed};loss={loss}%;delay=20ms;data.rate=50mbit;data.queue=250kB"
                );
                let experiment = Experiment {
                    scenario: scenario.parse().expect("it is written above"),
                    window,
                    congestion,
                    size: 16 << 20,
                    ..Experiment::small()
                };
                let run = experiment.run(|_| ()).expect("it ends");
                assert!(run.is_verified(), "{}", experiment.command());
                run.goodput() / 1e6
            });
            let mean = goodput.sum::<f64>() / 3.0;
            write!(table, "{mean:>8.2}").expect("memory");
        }
    }
    compare("goodput_by_loss.txt", &table);
}

/// Seeds 1 to this many.
const SEEDS: u64 = 10;

/// Transfers a file of a million bytes, so that the first and the last round trip matter
/// little, over a link of 10 ms each way that loses this share in both directions.
fn runs(arq: Arq, window: u32, loss_percent: u32) -> Vec<Run> {
    let run = |seed| {
        let scenario = format!("seed={seed};loss={loss_percent}%;delay=10ms");
        let experiment = Experiment {
            scenario: scenario.parse().expect("it is written above"),
            arq,
            window,
            size: 1_000_000,
            ..Experiment::small()
        };
        let run = experiment.run(|_| ()).expect("it ends");
        assert!(run.is_verified(), "{arq} {scenario}: {run:?}");
        run
    };
    (1..=SEEDS).map(run).collect()
}

/// The mean duration of a run.
fn seconds(runs: &[Run]) -> f64 {
    let total: Duration = runs.iter().map(|run| run.elapsed).sum();
    total.as_secs_f64() / f64::from(u32::try_from(runs.len()).expect("a few"))
}

fn heading(first: &str, what: &str) -> String {
    let names = Arq::ALL.map(|arq| format!("{:>18}", arq.name()));
    format!("{what}\n{first:>8}{}\n", names.concat())
}

fn row(table: &mut String, first: &str, cell: impl Fn(Arq) -> String) {
    let cells = Arq::ALL.map(|arq| format!("{:>18}", cell(arq)));
    writeln!(table, "{first:>8}{}", cells.concat()).expect("memory");
}

const OFFERED_TOKEN: &str = "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf";

/// Both machines, and no link: every datagram arrives a millisecond after it left. `keys`:
/// the client's, which receives.
fn transfer(token: &str, keys: Option<TrafficKeys>) -> Vec<(&'static str, Vec<u8>)> {
    let file = b"A sash window is one that slides. Watch.";
    let token: Token = token.parse().expect("16 bytes");
    let [ours, theirs] = [keys.map(|it| it.send), keys.map(|it| it.receive)];
    let proposal = |first| Proposal {
        token,
        size: file.len() as u64,
        offset: 0,
        segment_bytes: 32,
        window: 16,
        first,
        chat_round_trip: None,
        congestion: Congestion::Fixed,
        timing: Timing::Adaptive {
            least: LEAST_TIMEOUT,
        },
        acknowledgement_delay: ACKNOWLEDGEMENT_DELAY,
        early_data: false,
        listening: false,
    };
    let mut now = Moment::START + Duration::from_millis(1);
    let arq = Arq::GoBackN;
    let mut sender = Sending::respond(arq, proposal(Some(SequenceNumber(1_000))), now);
    let mut receiver = Receiving::initiate(arq, proposal(None), now);
    let digest = Digest(Sha256::digest(file).into());
    sender.set_digest(digest, now);
    let mut sent = Vec::new();
    while sender.outcome().is_none() {
        let from_receiver: Vec<_> =
            std::iter::from_fn(|| receiver.poll_transmit(now)).collect();
        let from_sender: Vec<_> =
            std::iter::from_fn(|| sender.poll_transmit(now)).collect();
        assert!(!from_receiver.is_empty() || !from_sender.is_empty());
        now += Duration::from_millis(1);
        for transmit in &from_receiver {
            sender.on_packet(&transmit.packet, now);
            let mut datagram = Vec::new();
            transmit
                .packet
                .encode_keyed(&mut datagram, ours.as_ref(), &[]);
            sent.push(("receiver", datagram));
        }
        for transmit in &from_sender {
            receiver.on_packet(&transmit.packet, now);
            let [start, end] = [transmit.bytes.start, transmit.bytes.end]
                .map(|place| usize::try_from(place).expect("small"));
            let mut datagram = Vec::new();
            let payload = &file[start..end];
            transmit
                .packet
                .encode_keyed(&mut datagram, theirs.as_ref(), payload);
            sent.push(("sender", datagram));
            // The driver acknowledges each arrival before it takes the next.
            for answer in std::iter::from_fn(|| receiver.poll_transmit(now)) {
                sender.on_packet(&answer.packet, now);
                let mut datagram = Vec::new();
                answer
                    .packet
                    .encode_keyed(&mut datagram, ours.as_ref(), &[]);
                sent.push(("receiver", datagram));
            }
        }
        if receiver.claimed_digest() == Some(digest) {
            receiver.set_verdict(true, now);
        }
    }
    sent
}
