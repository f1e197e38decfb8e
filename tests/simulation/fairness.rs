//! Two transfers over one bottleneck, in virtual time: neither starves the other.
//!
//! The default controller must leave a flow of the Internet's usual kind at least a
//! quarter of a clean bottleneck, and get as much itself. `UPDATE_GOLDEN=1` rewrites the
//! tables of the report.

use crate::golden::compare;
use sash::lab::shared::{Shared, Transfer};
use sash::link::{Direction, Label, Link, Scenario};
use sash::reliable::connection::{Receiving, Sending};
use sash::reliable::event::PacketName;
use sash::reliable::handshake::Proposal;
use sash::reliable::moment::Moment;
use sash::reliable::{Machine, earliest};
use sash::wire::digest::Token;
use sash::wire::options::{Arq, Congestion, LARGEST_WINDOW};
use sash::wire::packet::Packet;
use sash::wire::sequence::SequenceNumber;
use std::fmt::Write as _;
use std::time::Duration;

/// 50 Mbit/s, a round-trip time of 40 ms, and a queue of one bandwidth-delay product.
const BOTTLENECK: &str = "delay=20ms;data.rate=50mbit;data.queue=250kB";

/// File bytes that the bottleneck carries. Unit: bytes per second.
const LIMIT: f64 = 50e6 / 8.0 * 1_436.0 / 1_500.0;

/// One of the transfers that share the path.
struct Flow {
    sender: Sending,
    receiver: Receiving,
    starts_at: Moment,
}

impl Flow {
    fn new(congestion: Congestion, starts_at: Moment, number: u8) -> Self {
        let proposal = |first| Proposal {
            token: Token([number; 16]),
            size: 4 << 30,
            window: LARGEST_WINDOW,
            congestion,
            first,
            listening: false,
            ..Proposal::EXAMPLE
        };
        let first = Some(SequenceNumber(1));
        let arq = Arq::Sack;
        Self {
            sender: Sending::respond(arq, proposal(first), starts_at),
            receiver: Receiving::initiate(arq, proposal(None), starts_at),
            starts_at,
        }
    }
}

/// Runs the flows together and returns the goodput of each between two moments, in bytes per
/// second.
#[expect(clippy::cast_precision_loss, reason = "a rate for comparison")]
fn share(flows: &mut [Flow], from: Moment, to: Moment) -> Vec<f64> {
    let scenario: Scenario = BOTTLENECK.parse().expect("a scenario");
    let mut data: Link<(usize, Packet)> = Link::new(&scenario, Direction::Data);
    let mut acks: Link<(usize, Packet)> = Link::new(&scenario, Direction::Ack);
    let mut now = Moment::START;
    let mut before = vec![0; flows.len()];
    while now < to {
        for (number, flow) in flows.iter_mut().enumerate() {
            if now < flow.starts_at {
                continue;
            }
            while let Some(transmit) = flow.sender.poll_transmit(now) {
                push(&mut data, number, transmit.packet, now);
            }
            while let Some(transmit) = flow.receiver.poll_transmit(now) {
                push(&mut acks, number, transmit.packet, now);
            }
        }
        let timers = flows.iter().flat_map(|flow| {
            let timers = [flow.sender.next_timeout(), flow.receiver.next_timeout()];
            timers.map(|timer| timer.map(|timer| timer.max(flow.starts_at)))
        });
        let links = [data.next_timeout(), acks.next_timeout()];
        let next = timers.chain(links).flatten().min();
        now = earliest([next]).expect("somebody waits").max(now);
        if let Some(delivery) = data.poll(now) {
            let (number, packet) = delivery.item;
            flows[number].receiver.on_packet(&packet, now);
        } else if let Some(delivery) = acks.poll(now) {
            let (number, packet) = delivery.item;
            flows[number].sender.on_packet(&packet, now);
        } else {
            for flow in flows.iter_mut().filter(|flow| flow.starts_at <= now) {
                flow.sender.on_timeout(now);
                flow.receiver.on_timeout(now);
            }
        }
        if now <= from {
            before = delivered(flows);
        }
    }
    let seconds = (to - from).as_secs_f64();
    let rate = |(after, before): (u64, u64)| (after - before) as f64 / seconds;
    delivered(flows).into_iter().zip(before).map(rate).collect()
}

fn push(link: &mut Link<(usize, Packet)>, number: usize, packet: Packet, now: Moment) {
    let label = Label::from(PacketName::from(&packet));
    let bytes = packet.datagram_bytes();
    link.push((number, packet), label, bytes, now);
}

fn delivered(flows: &[Flow]) -> Vec<u64> {
    let bytes = |flow: &Flow| u64::from(flow.receiver.segments_in_order()) * 1_436;
    flows.iter().map(bytes).collect()
}

fn at(seconds: u64) -> Moment {
    Moment::START + Duration::from_secs(seconds)
}

/// Both shares of the limit, over the time from 10 s to 70 s.
fn beside(one: Congestion, other: Congestion, late: u64) -> [f64; 2] {
    let mut flows = [
        Flow::new(one, Moment::START, 1),
        Flow::new(other, at(late), 2),
    ];
    let rates = share(&mut flows, at(late + 10), at(late + 70));
    [rates[0] / LIMIT, rates[1] / LIMIT]
}

#[track_caller]
fn both_get_at_least(at_least: f64, one: Congestion, other: Congestion, golden: &str) {
    let mut table = "shares of what the bottleneck carries, over a minute\n\n".to_owned();
    for late in [0, 3] {
        for (first, second) in [(one, other), (other, one)] {
            let shares = beside(first, second, late);
            let least = shares[0].min(shares[1]);
            let all = shares[0] + shares[1];
            let told = format!("{first} {:.2}, {second} {:.2}", shares[0], shares[1]);
            let [before, after] = [(first, shares[0]), (second, shares[1])]
                .map(|(congestion, share)| format!("{:<6}{share:.2}", congestion.name()));
            let line = format!("{before}  beside {after}  which began {late} s later");
            writeln!(table, "{line}").expect("memory");
            assert!(least >= at_least * all, "{told}, the second {late} s later");
            assert!(all >= 0.9, "{told}: the bottleneck is not used");
        }
    }
    compare(golden, &table);
}

#[test]
fn the_default_controller_and_cubic_each_get_at_least_a_quarter_of_the_bandwidth() {
    both_get_at_least(
        0.25,
        Congestion::Bbr,
        Congestion::Cubic,
        "share_with_cubic.txt",
    );
}

#[test]
fn the_default_controller_and_reno_each_get_at_least_a_quarter_of_the_bandwidth() {
    both_get_at_least(
        0.25,
        Congestion::Bbr,
        Congestion::Reno,
        "share_with_reno.txt",
    );
}

#[test]
fn two_flows_of_the_default_controller_share_the_bandwidth_fairly() {
    // The larger has 1.5 times as much at most.
    both_get_at_least(0.4, Congestion::Bbr, Congestion::Bbr, "share_with_bbr.txt");
}

#[test]
fn the_default_controller_does_not_starve_beside_reno_where_the_queue_is_long() {
    for (rate, delay, queue) in [
        ("10mbit", 20, 100_000),
        ("10mbit", 20, 200_000),
        ("50mbit", 5, 125_000),
        ("50mbit", 5, 250_000),
    ] {
        let link = format!("delay={delay}ms;data.rate={rate};data.queue={queue}B");
        let scenario: Scenario = link.parse().expect("a scenario");
        for (first, second) in [
            (Congestion::Bbr, Congestion::Reno),
            (Congestion::Reno, Congestion::Bbr),
        ] {
            let late = Transfer {
                starts_at: at(3),
                ..Transfer::new(second)
            };
            let mut shared = Shared::new(&scenario, &[Transfer::new(first), late]);
            shared.run_until(at(13));
            let before = [0, 1].map(|flow| shared.flow(flow).delivered());
            shared.run_until(at(43));
            let [one, other] =
                [0, 1].map(|flow| shared.flow(flow).delivered() - before[flow]);
            let told = format!("{link}: {first} {one}, {second} {other} packets");
            assert!(4 * one.min(other) >= one + other, "{told}");
        }
    }
}
