//! A real server and real clients, hurt at random from a seed: nothing is lost.
//!
//! Short, so that it is an ordinary test; `lab chaos --seeds 1-50` is the long one. In an
//! odd seed the server itself is killed and started again.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test may fail where it stands")]

use sash::chaos::plan::Wanted;
use sash::chaos::{Chaos, Programs};
use std::process::Command;
use std::sync::Arc;

fn nothing_is_lost(seed: u64) {
    let programs = Programs {
        server: env!("CARGO_BIN_EXE_server").into(),
        client: env!("CARGO_BIN_EXE_client").into(),
    };
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
fn clients_are_killed_stopped_and_cut_and_nothing_is_lost() {
    nothing_is_lost(4);
}

#[test]
fn the_server_is_killed_and_started_again_and_nothing_is_lost() {
    nothing_is_lost(3);
}

#[test]
fn a_program_can_read_what_came_of_a_seed() {
    let run = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lab"));
        command.arg("chaos").args(arguments).output().unwrap()
    };
    let wrong = run(&["--seeds", "7-3"]);
    assert_eq!(wrong.status.code(), Some(2));
    let small = ["--seeds", "6", "--clients", "1", "--seconds", "1", "--json"];
    let output = run(&small);
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{told}");
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    assert_eq!(told["seed"], 6);
    assert_eq!(told["offences"], serde_json::json!([]));
}

#[cfg(target_os = "linux")]
#[test]
fn a_hostile_server_does_not_fill_the_memory_of_a_client() {
    use sash::chaos::siege::MOST_MEMORY;
    use sash::chaos::siege::flood::{Flood, flood};
    use std::time::Duration;
    let programs = Programs {
        server: env!("CARGO_BIN_EXE_server").into(),
        client: env!("CARGO_BIN_EXE_client").into(),
    };
    for kind in Flood::ALL {
        let memory = flood(&programs, kind, Duration::from_secs(1)).unwrap();
        assert!(memory < MOST_MEMORY, "{kind:?}: {memory}");
    }
}
