//! An error of a UDP socket ends no transfer: a small path MTU reported by ICMP, a firewall that
//! refuses `send`, a router that answers with ICMP errors.
//!
//! Real programs in network namespaces: client, router, server. Only root on Linux can create
//! them; elsewhere the tests print that they are skipped.

#![cfg(target_os = "linux")]
#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test ends where something is not as it must be, and says that it skips"
)]

use crate::running::{ServerProcess, wait_until};
use sash::lab::contents;
use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use tempfile::TempDir;

/// Some seconds at the rate of [`SLOW`].
const SIZE: u64 = 3_000_000;

/// The client's link: slow enough that a transfer is still running when it is disturbed.
const SLOW: &str = "data.rate=8mbit;data.queue=100kB";

/// client 10.78.1.2 -- 10.78.1.1 router 10.78.2.1 -- 10.78.2.2 server
struct Net {
    tag: String,
    folder: TempDir,
    server: Option<ServerProcess>,
}

/// Which namespace.
#[derive(Debug, Clone, Copy)]
enum At {
    Client,
    Router,
    Server,
}

impl Net {
    /// `None` if the system does not allow it; prints the reason.
    fn new() -> Option<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let tag = format!("sash{}x{number}", std::process::id());
        if !rustix::process::geteuid().is_root() || !has_tools() {
            eprintln!("skipped: this test needs root, ip and nft");
            return None;
        }
        if !run(Command::new("ip").args(["netns", "add", &format!("{tag}C")])) {
            eprintln!("skipped: this system makes no network namespaces");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("files")).unwrap();
        fs::write(folder.path().join("files/a.bin"), contents::bytes(0..SIZE)).unwrap();
        fs::write(folder.path().join("b.bin"), contents::bytes(0..SIZE)).unwrap();
        let mut net = Self {
            tag,
            folder,
            server: None,
        };
        for at in [At::Router, At::Server] {
            assert!(run(Command::new("ip").args([
                "netns",
                "add",
                &net.name(at)
            ])));
        }
        for (at, interface, subnet) in [(At::Client, "c", 1), (At::Server, "s", 2)] {
            let [end, router] = [at, At::Router].map(|at| net.name(at));
            net.sh(
                At::Router,
                &format!(
                    "ip link add {interface} type veth peer name e netns {end}; \
                     ip -n {router} address add 10.78.{subnet}.1/24 dev {interface}; \
                     ip -n {router} link set {interface} up"
                ),
            );
            net.sh(
                at,
                &format!(
                    "ip link set lo up; ip address add 10.78.{subnet}.2/24 dev e; \
                     ip link set e up; ip route add default via 10.78.{subnet}.1"
                ),
            );
        }
        net.sh(At::Router, "echo 1 > /proc/sys/net/ipv4/ip_forward");
        let server = ServerProcess::start(
            net.command(At::Server, env!("CARGO_BIN_EXE_server"))
                .args(["--bind", "10.78.2.2:50000", "--files", "files"])
                .stderr(Stdio::null()),
        );
        net.server = Some(server);
        Some(net)
    }

    fn name(&self, at: At) -> String {
        let end = match at {
            At::Client => 'C',
            At::Router => 'R',
            At::Server => 'S',
        };
        format!("{}{end}", self.tag)
    }

    fn command(&self, at: At, program: &str) -> Command {
        let mut command = Command::new("ip");
        command
            .args(["netns", "exec", &self.name(at), program])
            .current_dir(self.folder.path())
            .stdin(Stdio::null());
        command
    }

    fn sh(&self, at: At, script: &str) {
        let done = self
            .command(at, "sh")
            .args(["-ec", script])
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        assert!(done.status.success(), "{script}: {said}");
    }

    fn client(&self, line: &str) -> Child {
        self.command(At::Client, env!("CARGO_BIN_EXE_client"))
            .args(["--server", "10.78.2.2", "--name", "dana"])
            .args(["--link", SLOW, "--exec", line])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    /// The end of a client that was asked for one transfer.
    fn succeeds(client: Child) {
        let done = client.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&done.stdout).into_owned();
        let errors = String::from_utf8_lossy(&done.stderr).into_owned();
        assert!(done.status.success(), "{said}{errors}");
    }

    fn wait_for_download(&self, bytes: u64) {
        self.wait_for_part("downloads/a.bin.part", bytes);
    }

    fn wait_for_part(&self, name: &str, bytes: u64) {
        let part = self.folder.path().join(name);
        wait_until(|| fs::metadata(&part).is_ok_and(|it| it.len() >= bytes));
    }

    fn is_whole(&self, name: &str) -> bool {
        let path: PathBuf = self.folder.path().join(name);
        fs::read(path).is_ok_and(|it| it == contents::bytes(0..SIZE))
    }

    /// Refuses UDP there until this many datagrams were refused.
    fn refuse(&self, at: At, hook: &str, rule: &str, datagrams: u64) {
        self.begin_to_refuse(at, hook, rule);
        self.refuse_until(at, datagrams);
    }

    fn begin_to_refuse(&self, at: At, hook: &str, rule: &str) {
        self.sh(
            at,
            &format!(
                "nft 'add table ip t; add chain ip t c {{ type filter hook {hook} priority 0; }}; \
                 add rule ip t c meta l4proto udp counter {rule}'"
            ),
        );
    }

    fn refuse_until(&self, at: At, datagrams: u64) {
        wait_until(|| {
            let mut list = self.command(at, "nft");
            let listed = list.args(["list", "table", "ip", "t"]).output().unwrap();
            let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
            let count = listed.split("packets ").nth(1);
            let count = count.and_then(|rest| rest.split(' ').next()?.parse().ok());
            count.is_some_and(|count: u64| count >= datagrams)
        });
        self.sh(at, "nft delete table ip t");
    }
}

impl Drop for Net {
    fn drop(&mut self) {
        drop(self.server.take());
        for at in [At::Client, At::Router, At::Server] {
            run(Command::new("ip").args(["netns", "delete", &self.name(at)]));
        }
    }
}

fn run(command: &mut Command) -> bool {
    let command = command.stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

fn has_tools() -> bool {
    run(Command::new("ip").arg("-V")) && run(Command::new("nft").arg("-v"))
}

#[test]
fn a_path_mtu_of_1280_reported_by_icmp_is_met_by_shorter_segments() {
    for is_seen_by_server in [false, true] {
        let Some(net) = Net::new() else { return };
        net.sh(At::Router, "ip link set s mtu 1280");
        if is_seen_by_server {
            net.sh(At::Server, "ip link set e mtu 1280");
        }
        Net::succeeds(net.client("/download a.bin"));
        assert!(net.is_whole("downloads/a.bin"));
        Net::succeeds(net.client("/upload b.bin"));
        assert!(net.is_whole("files/b.bin"));
    }
}

#[test]
fn a_firewall_that_temporarily_rejects_every_datagram_delays_a_transfer_without_ending_it()
 {
    let Some(net) = Net::new() else { return };
    let client = net.client("/download a.bin");
    net.wait_for_download(100_000);
    net.refuse(At::Client, "output", "drop", 5); // `send` says EPERM.
    net.wait_for_download(500_000);
    net.refuse(At::Server, "output", "drop", 5);
    Net::succeeds(client);
    assert!(net.is_whole("downloads/a.bin"));
}

#[test]
fn a_firewall_that_rejects_the_handshake_for_two_seconds_delays_it() {
    for line in ["/download a.bin", "/upload b.bin"] {
        let Some(net) = Net::new() else { return };
        net.begin_to_refuse(At::Client, "output", "drop");
        let client = net.client(line);
        net.refuse_until(At::Client, 12); // Two attempts each at six SYNs: 2.4 s.
        Net::succeeds(client);
        assert!(net.is_whole("downloads/a.bin") || net.is_whole("files/b.bin"));
    }
}

#[test]
fn icmp_errors_of_a_router_delay_a_transfer_without_ending_it() {
    let Some(net) = Net::new() else { return };
    let client = net.client("/download a.bin");
    let kinds = [
        "host-unreachable",
        "port-unreachable",
        "prot-unreachable",
        "admin-prohibited",
    ];
    for (count, kind) in (1..).zip(kinds) {
        net.wait_for_download(count * 200_000);
        let rule = format!("reject with icmp type {kind}");
        net.refuse(At::Router, "forward", &rule, 5);
    }
    Net::succeeds(client);
    assert!(net.is_whole("downloads/a.bin"));
}
