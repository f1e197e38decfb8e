//! What the thread `transfers` is told; the thread itself follows.

use super::peer::Peer;
use crate::room::{ClientNumber, Order};
use std::sync::Arc;

#[expect(dead_code, reason = "files follow")]
/// What the other threads tell `transfers`.
#[derive(Debug)]
pub(super) enum Event {
    /// A client wants something that needs files.
    Ordered { peer: Arc<Peer>, order: Order },
    /// A client's chat connection is no more.
    Gone { client: ClientNumber },
    /// The server ends.
    Stop,
}
