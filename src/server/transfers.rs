//! `transfers`: the thread that works on files for the room.
//!
//! It lists and opens, hands out ports, starts a sender per download and tells the asker
//! how it goes. The sending itself has threads of its own ([`crate::transfer::sending`]),
//! and so has hashing, so this one is never long away from its channel.

use super::digests::Hashed;
use super::downloads::Downloads;
use super::peer::Peer;
use crate::room::{ClientNumber, Order};
use crate::transfer::Report;
use crate::transfer::clock::Clock;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};
use std::sync::Arc;
use std::time::Duration;

/// The messages of the other threads to `transfers`.
#[derive(Debug)]
pub(super) enum Event {
    /// A client wants something that needs files.
    Ordered { peer: Arc<Peer>, order: Order },
    /// A client asks no more, and gets what it has asked for.
    Finished { peer: Arc<Peer> },
    /// A client's chat connection is no more.
    Gone { client: ClientNumber },
    /// How a transfer goes.
    Reported { transfer: u64, report: Report },
    /// A file was read to its end by `digests`.
    Hashed(Hashed),
    /// The server will end: those that run may end first.
    Drain {
        /// How long they have.
        grace: Duration,
        /// Told once the last of them has ended; dropped at once where none runs.
        ended: Sender<()>,
    },
    /// The server ends.
    Stop,
}

/// How often ports that other programs held are tried again, and those who wait are told
/// their places.
const TICK_INTERVAL: Duration = Duration::from_millis(250);

/// How long running transfers may take to say goodbye when the server ends.
const FAREWELL: Duration = Duration::from_secs(1);

/// Works until [`Event::Stop`].
pub(super) fn run(mut downloads: Downloads, events: &Receiver<Event>) {
    let clock = Clock::start();
    let mut next_tick = clock.now() + TICK_INTERVAL;
    loop {
        match events.recv_timeout(clock.until(next_tick)) {
            Ok(Event::Stop) | Err(RecvTimeoutError::Disconnected) => break,
            Ok(event) => {
                on_event(&mut downloads, event);
                downloads.dismiss_finished();
                downloads.look_whether_drained();
            }
            Err(RecvTimeoutError::Timeout) => {}
        }
        if clock.until(next_tick).is_zero() {
            downloads.on_tick();
            next_tick = clock.now() + TICK_INTERVAL;
        }
    }
    downloads.cancel_all();
    let deadline = clock.now() + FAREWELL;
    while downloads.are_running() {
        match events.recv_timeout(clock.until(deadline)) {
            Ok(event @ Event::Reported { .. }) => on_event(&mut downloads, event),
            Ok(event) => turn_away(event),
            Err(_) => break,
        }
    }
    events.try_iter().for_each(turn_away);
}

/// The server ends, and a client that has finished waits for nothing any more.
fn turn_away(event: Event) {
    if let Event::Finished { peer } = event {
        peer.cut("the server is closing");
    }
}

fn on_event(downloads: &mut Downloads, event: Event) {
    match event {
        Event::Ordered { peer, order } => on_order(downloads, peer, order),
        Event::Finished { peer } => downloads.on_finished(peer),
        Event::Gone { client } => downloads.on_gone(client),
        Event::Reported { transfer, report } => downloads.on_report(transfer, report),
        Event::Hashed(hashed) => downloads.on_hashed(&hashed),
        Event::Drain { grace, ended } => downloads.drain(grace, ended),
        Event::Stop => {}
    }
}

fn on_order(downloads: &mut Downloads, peer: Arc<Peer>, order: Order) {
    peer.order_served();
    match order {
        Order::List => downloads.on_list(&peer),
        Order::Download(request) => downloads.on_download(peer, &request),
        Order::Upload { from, request } => {
            downloads.on_upload(peer, from, &request);
        }
        Order::Cancel(transfer) => downloads.on_cancel(&peer, transfer),
        Order::Pause(transfer, is_paused) => {
            downloads.on_pause(&peer, transfer, is_paused);
        }
        Order::Verdict(transfer, state) => {
            downloads.on_verdict(&peer, transfer, state);
        }
    }
}
