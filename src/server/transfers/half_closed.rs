//! Clients that have closed their half of the chat connection: they send no more
//! requests, but still get their answers and files.
//!
//! ```text
//!   the client's FIN --> Finished --no transfer of it runs or waits--> end of the stream
//!                           '-- the last of them ends ------------------^
//! ```
//!
//! A client that has closed both halves looks the same at first. Therefore the server
//! sends it a line: if the client is gone, TCP answers with RST, and its transfers are
//! cancelled.
//!
//! Source: RFC 9293 §3.6 (a half-closed connection).

use super::Transfers;
use super::transfer::TransferPhase;
use crate::room::ClientNumber;
use crate::server::peer::Peer;
use crate::wire::message::Reply;
use std::net::Shutdown;
use std::sync::Arc;

/// The message to a client that has closed its half while its transfers run or wait.
const LAST_NOTICE: &str = "You closed your half of the connection. The server closes \
                           its half when your transfers have ended.";

impl Transfers {
    /// A client sends no more requests.
    pub(super) fn on_finished(&mut self, peer: Arc<Peer>) {
        if self.has_transfers(peer.number) {
            let text = LAST_NOTICE.to_owned();
            peer.tell(&Reply::Notice { text });
        }
        self.finished.insert(peer.number, peer);
    }

    /// Ends the streams of clients that have all their answers.
    pub(super) fn dismiss_finished(&mut self) {
        let finished = self.finished.keys().copied();
        let is_done = |client: &ClientNumber| !self.has_transfers(*client);
        let done: Vec<_> = finished.filter(is_done).collect();
        for client in done {
            self.dismiss(client);
        }
    }

    /// Ends the stream of this client if it has finished.
    pub(super) fn dismiss(&mut self, client: ClientNumber) {
        if let Some(peer) = self.finished.remove(&client) {
            peer.end(Shutdown::Both);
        }
    }

    /// Whether any transfer of this client runs or waits.
    fn has_transfers(&self, client: ClientNumber) -> bool {
        let own = self.all.values().filter(|it| it.peer.number == client);
        own.into_iter()
            .any(|it| !matches!(it.phase, TransferPhase::Lingering { .. }))
    }
}
