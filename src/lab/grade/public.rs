//! The scenarios that every student can see, from easy to hard.
//!
//! Packets have the names of scenarios: `d2.1` is the first transmission of DATA 2,
//! `a3.1` the third ACK.

use super::scenario::{GradedScenario, read};
use crate::wire::options::Arq;

/// For stop-and-wait.
const STOP_AND_WAIT: &str = "\
5 | delay=50ms | 1 | 5 | No loss: each ACK lets the next segment go.
3 | delay=50ms | 1 | 1 | A file of one segment.
5 | drop=d1.1;delay=50ms | 1 | 5 | A DATA packet is lost: the timer retransmits it.
5 | drop=a2.1;delay=50ms | 1 | 5 | An ACK is lost: the receiver acknowledges the duplicate and delivers it once.
5 | drop=d0.1;delay=50ms | 1 | 5 | The first DATA packet is lost.
5 | drop=d4.1;delay=50ms | 1 | 5 | The last DATA packet is lost.
5 | drop=a5.1;delay=50ms | 1 | 5 | The last ACK is lost: the receiver stays to repeat it.
5 | drop=d1.1,d1.2,d1.3;delay=50ms | 1 | 5 | The same segment is lost three times.
6 | delay=150ms | 1 | 5 | A premature timeout: the ACK comes after the retransmission, and a duplicate ACK follows.
6 | seed=2;data.corrupt=30%;delay=50ms | 1 | 8 | DATA packets arrive corrupt: the receiver repeats its last ACK.
6 | seed=5;ack.corrupt=30%;delay=50ms | 1 | 8 | ACKs arrive corrupt: the sender waits for its timer.
5 | seed=4;duplicate=40%;delay=50ms | 1 | 8 | The path duplicates packets.
5 | seed=9;jitter=200ms;delay=60ms | 1 | 10 | The round-trip time varies around the timeout.
6 | seed=7;loss=20%;delay=50ms | 1 | 15 | Losses in both directions.
8 | seed=3;loss=15%;corrupt=10%;duplicate=10%;delay=80ms;jitter=60ms | 1 | 20 | Everything at once.
";

/// For the protocols with a window.
const WINDOW: &str = "\
5 | delay=50ms | 4 | 12 | No loss: each ACK slides the window by one.
3 | delay=50ms | 4 | 1 | A file of one segment.
3 | delay=50ms | 8 | 5 | A window that is larger than the file.
3 | drop=d1.1;delay=50ms | 1 | 5 | A window of one is stop-and-wait.
5 | drop=d2.1;delay=50ms | 4 | 12 | A DATA packet is lost.
5 | drop=d0.1;delay=50ms | 4 | 12 | The first DATA packet is lost.
5 | drop=a3.1;delay=50ms | 4 | 12 | An ACK is lost.
5 | drop=a1.1,a2.1,a3.1;delay=50ms | 4 | 12 | Three ACKs are lost, and the fourth arrives.
5 | drop=a1.1,a2.1,a3.1,a4.1;delay=50ms | 4 | 12 | All ACKs of a window are lost: the receiver sees only duplicates.
5 | drop=d11.1;delay=50ms | 4 | 12 | The last DATA packet is lost.
5 | drop=a12.1;delay=50ms | 4 | 12 | The last ACK is lost.
5 | drop=d3.1,d3.2,d3.3;delay=50ms | 4 | 12 | The same segment is lost three times.
6 | delay=150ms | 4 | 12 | Premature timeouts: ACKs come after the retransmissions.
6 | seed=2;data.corrupt=20%;delay=50ms | 4 | 12 | DATA packets arrive corrupt.
6 | seed=5;ack.corrupt=30%;delay=50ms | 4 | 12 | ACKs arrive corrupt: the sender ignores them.
6 | seed=4;duplicate=40%;delay=50ms | 4 | 12 | The path duplicates packets.
6 | seed=6;reorder=40%;delay=50ms | 4 | 16 | The path reorders packets and ACKs.
6 | seed=9;jitter=150ms;delay=50ms | 4 | 16 | The round-trip time varies around the timeout.
6 | seed=7;loss=15%;delay=50ms | 4 | 25 | Losses in both directions.
6 | seed=8;loss=10%;delay=80ms | 8 | 30 | A larger window.
8 | seed=3;loss=15%;corrupt=10%;duplicate=10%;reorder=10%;delay=60ms;jitter=60ms | 6 | 30 | Everything at once.
";

/// The public set of a protocol.
///
/// # Panics
/// Never: the tables above are read in the tests.
#[must_use]
pub fn scenarios(protocol: Arq) -> Vec<GradedScenario> {
    let table = match protocol {
        Arq::StopAndWait => STOP_AND_WAIT,
        Arq::GoBackN | Arq::SelectiveRepeat | Arq::Sack => WINDOW,
    };
    read(table).expect("the tables of this file are right")
}
