//! Random faults from a seed in a real server and real clients: nothing is lost.
//!
//! Short, so that it is an ordinary test; `./sash chaos --seeds 1-50` is the long one. In an
//! odd seed the server itself is killed and started again.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test may fail where it stands")]

use crate::equipment::plan::Wanted;
use crate::equipment::{Chaos, Programs};
use std::sync::Arc;

fn run_without_loss(seed: u64) {
    let programs = Programs::built();
    let wanted = Wanted {
        seed,
        ..Wanted::SMALL
    };
    let chaos = Chaos {
        programs,
        wanted,
        is_stopping: Arc::default(),
    };
    let outcome = chaos.run().unwrap();
    let told: Vec<_> = outcome.offences.iter().map(ToString::to_string).collect();
    assert!(told.is_empty(), "seed {seed}:\n{}", told.join("\n"));
    assert!(outcome.lines > 5, "{outcome:?}");
    assert!(outcome.files > 3, "{outcome:?}");
    assert!(outcome.hurts > 0, "{outcome:?}");
}

#[test]
fn killed_stopped_and_disconnected_clients_lose_no_line() {
    run_without_loss(4);
}

#[test]
fn a_killed_and_restarted_server_loses_no_line() {
    run_without_loss(3);
}

#[cfg(target_os = "linux")]
#[test]
fn a_hostile_server_does_not_fill_the_memory_of_a_client() {
    use crate::equipment::siege::MOST_MEMORY;
    use crate::equipment::siege::flood::{Flood, flood};
    use std::time::Duration;
    let programs = Programs::built();
    for kind in Flood::ALL {
        let memory = flood(&programs, kind, Duration::from_secs(1)).unwrap();
        assert!(memory < MOST_MEMORY, "{kind:?}: {memory}");
    }
}
