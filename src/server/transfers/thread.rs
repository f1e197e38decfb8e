//! `transfers`: the thread that works on files for the room.
//!
//! It lists and opens files, assigns ports, starts a sender for each download and reports
//! to the client. Sending has threads of its own ([`crate::transfer::sending`]), and so
//! has hashing, so this thread always returns to its channel soon.

use super::Transfers;
use crate::room::FileRequest;
use crate::server::messages::TransfersMessage;
use crate::server::peer::Peer;
use crate::transfer::clock::Clock;
use crossbeam_channel::{Receiver, RecvTimeoutError};
use std::sync::Arc;
use std::time::Duration;

/// The interval at which ports of other programs are tried again, and waiting clients
/// learn their places.
const TICK_INTERVAL: Duration = Duration::from_millis(250);

/// The interval of the search for unused ports while a user waits for one.
const LOOK_INTERVAL: Duration = Duration::from_millis(50);

/// The time that running transfers have to end when the server ends.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// Works until [`TransfersMessage::Stop`].
pub(in super::super) fn run(
    mut transfers: Transfers,
    events: &Receiver<TransfersMessage>,
) {
    let clock = Clock::start();
    let mut next_tick = clock.now() + TICK_INTERVAL;
    let mut next_look = next_tick;
    loop {
        match events.recv_timeout(clock.until(next_tick.min(next_look))) {
            Ok(TransfersMessage::Stop) | Err(RecvTimeoutError::Disconnected) => break,
            Ok(event) => {
                on_event(&mut transfers, event);
                transfers.dismiss_finished();
                transfers.look_whether_drained();
            }
            Err(RecvTimeoutError::Timeout) => {}
        }
        if clock.until(next_look).is_zero() {
            transfers.pass_on_ports();
            let is_wanted = transfers.is_port_wanted();
            let interval = if is_wanted {
                LOOK_INTERVAL
            } else {
                TICK_INTERVAL
            };
            next_look = clock.now() + interval;
        }
        if clock.until(next_tick).is_zero() {
            transfers.on_tick();
            next_tick = clock.now() + TICK_INTERVAL;
        }
    }
    transfers.cancel_all();
    let deadline = clock.now() + CLOSE_TIMEOUT;
    while transfers.are_running() {
        match events.recv_timeout(clock.until(deadline)) {
            Ok(event @ TransfersMessage::Reported { .. }) => {
                on_event(&mut transfers, event);
            }
            Ok(event) => turn_away(event),
            Err(_) => break,
        }
    }
    events.try_iter().for_each(turn_away);
}

/// The server is ending, and finished clients need not wait any more.
fn turn_away(event: TransfersMessage) {
    if let TransfersMessage::Finished { peer } = event {
        peer.cut("the server is closing");
    }
}

fn on_event(transfers: &mut Transfers, event: TransfersMessage) {
    match event {
        TransfersMessage::Ordered { peer, order } => on_order(transfers, peer, order),
        TransfersMessage::Finished { peer } => transfers.on_finished(peer),
        TransfersMessage::Gone { client } => transfers.on_gone(client),
        TransfersMessage::Reported { transfer, report } => {
            transfers.on_report(transfer, report);
        }
        TransfersMessage::Hashed(hashed) => transfers.on_hashed(&hashed),
        TransfersMessage::Drain { grace, ended } => transfers.drain(grace, ended),
        TransfersMessage::Stop => {}
    }
}

fn on_order(transfers: &mut Transfers, peer: Arc<Peer>, order: FileRequest) {
    peer.order_served();
    match order {
        FileRequest::List => transfers.on_list(&peer),
        FileRequest::Download(request) => transfers.on_download(peer, &request),
        FileRequest::Upload { from, request } => {
            transfers.on_upload(peer, from, &request);
        }
        FileRequest::Cancel(transfer) => transfers.on_cancel(&peer, transfer),
        FileRequest::Pause(transfer, is_paused) => {
            transfers.on_pause(&peer, transfer, is_paused);
        }
        FileRequest::Verdict(transfer, state) => {
            transfers.on_verdict(&peer, transfer, state);
        }
    }
}

/// The notice to all users when the server closes while transfers run.
pub(super) fn closing(transfers: usize, grace: Duration) -> String {
    let running = match transfers {
        1 => "One transfer is running and has".to_owned(),
        _ => format!("{transfers} transfers are running and have"),
    };
    let grace = grace.as_secs();
    format!(
        "The server is closing. {running} {grace} s to finish; resume the others when the \
         server is back."
    )
}
