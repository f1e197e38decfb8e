//! Decides whose request is served next: an answer may cost no more than its request.
//!
//! Eight bytes of `files` cause an answer of half a megabyte in a folder of ten thousand
//! files. Therefore a client gets a list only after the last one was sent, and all
//! clients together get lists at a limited rate; and only a limited number of a client's
//! requests wait at the `transfers` thread. Everything else is served at once.
//!
//! ```text
//! files, users, bans, lab-results   --> is its queue empty? --> is a turn left? --> served
//! download, upload, cancel, ...     --> fewer than 64 of it at `transfers`? -----> served
//! say, whisper, ping, ...           -------------------------------------------> served
//! ```
//!
//! The `room` thread has the clock and the queue.
//!
//! Source: Kurose & Ross §9.5.2 (leaky bucket).

use super::peer::Peer;
use crate::reliable::moment::Moment;
use crate::wire::message::Request;
use std::time::Duration;

/// The turns of all clients: a leaky bucket.
#[derive(Debug, Clone, Copy)]
pub(super) struct Turns {
    /// The time when the bucket will be empty, if nothing is added.
    empty_at: Moment,
}

/// The cost of a list, as the time in which the bucket drains it: 200 lists a second.
const LIST_COST: Duration = Duration::from_millis(5);

/// The content of the bucket: 400 lists, as when a whole class joins.
const CAPACITY: Duration = Duration::from_secs(2);

/// The limit of requests of one client that wait at the `transfers` thread.
const MOST_ORDERS: usize = 64;

/// The kinds of requests, by their cost for the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cost {
    Small,
    List,
    FileRequest,
}

impl Default for Turns {
    fn default() -> Self {
        Self {
            empty_at: Moment::START,
        }
    }
}

impl Turns {
    /// Whether this request of this client may be served now; if so, it is counted.
    pub(super) fn may_serve(
        &mut self,
        peer: &Peer,
        request: &Request,
        now: Moment,
    ) -> bool {
        match cost(request) {
            Cost::Small => true,
            Cost::FileRequest => peer.orders() < MOST_ORDERS,
            Cost::List => {
                peer.waiting_bytes() == 0 && peer.orders() == 0 && self.take(now)
            }
        }
    }

    fn take(&mut self, now: Moment) -> bool {
        let full_at = self.empty_at.max(now) + LIST_COST;
        let is_left = full_at - now <= CAPACITY;
        if is_left {
            self.empty_at = full_at;
        }
        is_left
    }
}

const fn cost(request: &Request) -> Cost {
    match request {
        Request::Files | Request::Users | Request::Bans | Request::LabResults => {
            Cost::List
        }
        Request::Download(_)
        | Request::Upload(_)
        | Request::Cancel { .. }
        | Request::Pause { .. }
        | Request::Resume { .. }
        | Request::Transfer { .. } => Cost::FileRequest,
        Request::Join { .. }
        | Request::Proof(_)
        | Request::Say { .. }
        | Request::Whisper { .. }
        | Request::Kick { .. }
        | Request::Ban { .. }
        | Request::Unban { .. }
        | Request::Lab(_)
        | Request::LabResult(_)
        | Request::Submit(_)
        | Request::Ask(_)
        | Request::Answer(_)
        | Request::Reveal
        | Request::Ping
        | Request::Disconnect => Cost::Small,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_rate_limited_and_the_limit_recovers_in_silence() {
        let mut turns = Turns::default();
        let mut served = |milliseconds| {
            let now = Moment::START + Duration::from_millis(milliseconds);
            (0..1_000).filter(|_| turns.take(now)).count()
        };
        assert_eq!(served(0), 400);
        assert_eq!(served(100), 20);
        assert_eq!(served(60_000), 400);
    }
}
