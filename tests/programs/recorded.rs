//! The capture that `lab pcapng` makes of a real transfer's event log has the packets of the
//! live one, byte for byte: four protocols, with and without MACs, over a link that loses,
//! reorders, repeats and damages.

#![expect(
    clippy::unwrap_used,
    reason = "a test ends where something is not as it must be"
)]

use crate::running::{ServerProcess, server, signal, succeeded, wait_until};
use pcap_file::pcapng::blocks::enhanced_packet::EnhancedPacketOption;
use pcap_file::pcapng::{Block, PcapNgReader};
use sash::lab::contents;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const LINK: &str =
    "seed=7;loss=5%;delay=2ms;jitter=1ms;reorder=4%;duplicate=4%;corrupt=4%";

/// A packet of a capture: its bytes, and what is said of it (direction, comment).
type Packet = (Vec<u8>, Vec<EnhancedPacketOption<'static>>);

/// The packets over UDP, one list for each pair of addresses and ports.
type Flows = BTreeMap<Vec<u8>, Vec<Packet>>;

/// The protocol's number in an IP header.
const UDP: u8 = 17;

fn flows(capture: &Path) -> Flows {
    let mut reader = PcapNgReader::new(File::open(capture).unwrap()).unwrap();
    let mut flows = Flows::new();
    while let Some(block) = reader.next_block() {
        let Block::EnhancedPacket(packet) = block.unwrap() else {
            continue;
        };
        if packet.data[9] == UDP {
            // The addresses of IPv4 and the ports behind them.
            let ends = packet.data[12..24].to_vec();
            let options = packet
                .options
                .into_iter()
                .map(EnhancedPacketOption::into_owned);
            let packet = (packet.data.to_vec(), options.collect());
            flows.entry(ends).or_default().push(packet);
        }
    }
    flows
}

fn run(path: &str, arguments: &[&str]) {
    let output = Command::new(path)
        .args(arguments)
        .stdin(Stdio::null())
        .output();
    succeeded(&output.unwrap());
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Downloads and uploads one file by each protocol; where the captures, the event logs and
/// the file are.
fn transfers(folder: &Path, password: Option<&Path>) {
    let file = folder.join("a.bin");
    fs::write(&file, contents::bytes(0..60_000)).unwrap();
    let password: Vec<&str> = password
        .map(|path| ["--password-file", text(path)].to_vec())
        .unwrap_or_default();
    let log = folder.join("log");
    let path = |name: &str| folder.join(name);
    let mut command = server(folder);
    command
        .args(["--link", LINK, "--journal", text(&path("server"))])
        .args(["--pcapng", text(&path("server.pcapng"))])
        .args(&password)
        .stderr(File::create(&log).unwrap());
    let mut server = ServerProcess::start(&mut command);
    let address = server.address.clone();
    let upload = format!("--exec=/upload {}", text(&file));
    for arq in ["stop-and-wait", "go-back-n", "selective-repeat", "sack"] {
        for (way, errand) in [("down", "--exec=/download a.bin"), ("up", &*upload)] {
            let (capture, out) = (path(&format!("{arq}-{way}.pcapng")), path(way));
            let journals = path("client");
            let arguments = [
                "--json",
                "--name=guy",
                errand,
                "--arq",
                arq,
                "--server",
                &address,
                "--out",
                text(&out),
                "--pcapng",
                text(&capture),
                "--journal",
                text(&journals),
            ];
            let client = env!("CARGO_BIN_EXE_client");
            run(client, &[&arguments[..], &password].concat());
        }
    }
    let finished = || {
        fs::read_to_string(&log)
            .unwrap()
            .matches(" finished: ")
            .count()
    };
    wait_until(|| finished() == 8);
    signal(&server.process, "-INT");
    wait_until(|| server.process.try_wait().unwrap().is_some());
}

fn journals(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn a_capture_made_from_the_event_log_of_a_real_transfer_is_the_live_one() {
    let folder = tempfile::tempdir().unwrap();
    let password = folder.path().join("password");
    fs::write(&password, "open sesame\n").unwrap();
    for (name, password) in [("open", None), ("closed", Some(&*password))] {
        let folder = folder.path().join(name);
        fs::create_dir(&folder).unwrap();
        transfers(&folder, password);
        let mut live = flows(&folder.join("server.pcapng"));
        assert_eq!(live.len(), 16, "eight transfers in both directions");
        // The clients captured the same packets with the directions reversed.
        let mut of_clients = Flows::new();
        for path in journals(&folder) {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            if name.ends_with(".pcapng") && name != "server.pcapng" {
                of_clients.extend(flows(&path));
            }
        }
        let (mut damaged, mut macs) = (0, 0);
        for (side, live) in [("server", &mut live), ("client", &mut of_clients)] {
            for journal in journals(&folder.join(side)) {
                let target = journal.with_extension("pcapng");
                let file = folder.join("a.bin");
                let arguments = [
                    "pcapng",
                    text(&journal),
                    "-o",
                    text(&target),
                    "--file",
                    text(&file),
                ];
                run(env!("CARGO_BIN_EXE_lab"), &arguments);
                let lines = fs::read_to_string(&journal).unwrap();
                damaged += lines.matches("packet_damaged").count();
                macs += lines.matches("\"mac\":").count();
                let recorded = flows(&target);
                assert_eq!(recorded.len(), 2, "{journal:?}");
                for (ends, packets) in recorded {
                    let live = live.remove(&ends).unwrap();
                    // What came after the end of a transfer only the live capture has.
                    let end = packets.len().min(live.len());
                    assert!(live.len() - end <= 3, "{journal:?}: {} {end}", live.len());
                    assert_eq!(packets.len(), end, "{journal:?}");
                    for (at, (packet, live)) in packets.iter().zip(&live).enumerate() {
                        assert_eq!(packet, live, "{journal:?}, packet {at}");
                    }
                }
            }
            assert!(live.is_empty(), "each live packet is in an event log");
        }
        assert!(damaged > 10, "{damaged}");
        assert_eq!(macs > 40, password.is_some(), "{macs}");
    }
}
