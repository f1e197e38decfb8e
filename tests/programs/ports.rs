//! Ports for the servers of tests: below the ephemeral ports of the system (from 32768 on
//! Linux), so that no socket of another test takes one.

use std::net::{Ipv4Addr, TcpListener, UdpSocket};
use std::sync::atomic::{AtomicU16, Ordering};

const FIRST: u16 = 20_000;

const COUNT: u16 = 12_000;

/// The first of this many consecutive free ports, never the same twice in this process.
pub(crate) fn first_of(count: u16) -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    // Two test processes that run at the same time begin at different ports.
    let own = u16::try_from(std::process::id() % u32::from(COUNT)).unwrap_or_default();
    for _ in 0..COUNT / count {
        let offset = NEXT.fetch_add(count, Ordering::Relaxed);
        let first = FIRST + own.wrapping_add(offset) % (COUNT - count);
        if (first..first + count).all(is_free) {
            return first;
        }
    }
    panic!("no {count} ports in a row are free");
}

/// The same in the form of the server's `--udp-ports`.
pub(crate) fn range_of(count: u16) -> String {
    let first = first_of(count);
    format!("{first}-{}", first + count - 1)
}

fn is_free(port: u16) -> bool {
    let address = (Ipv4Addr::UNSPECIFIED, port);
    UdpSocket::bind(address).is_ok() && TcpListener::bind(address).is_ok()
}

#[test]
fn ports_are_free_in_a_row_and_never_given_twice() {
    let (one, other) = (first_of(4), first_of(4));
    assert!(one.abs_diff(other) >= 4, "{one} {other}");
    assert!((one..one + 4).all(is_free));
    assert!(one >= FIRST && one + 3 < FIRST + COUNT);
}
