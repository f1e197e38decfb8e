//! Runs the targets of `fuzz/` with every input of `fuzz/corpus/` and with generated ones, so
//! that every `cargo test` repeats what libFuzzer once found.

#[path = "../../fuzz/src/lib.rs"]
#[expect(unreachable_pub, reason = "it is a package of its own, too")]
mod targets;

use fastrand::Rng;
use std::path::{Path, PathBuf};
use std::{env, fs};

/// A target: its name and its function.
type Target = (&'static str, fn(&[u8]));

const TARGETS: [Target; 9] = [
    ("journal", targets::journal),
    ("line", targets::line),
    ("message", targets::message),
    ("names", targets::names),
    ("packet", targets::packet),
    ("record", targets::record),
    ("room", targets::room),
    ("scenario", targets::scenario),
    ("transfer", targets::transfer),
];

/// The longest generated input. Unit: bytes.
const LONGEST: usize = 600;

/// Generated inputs for each target; `CORPUS_ROUNDS` sets another number.
const ROUNDS: u32 = 400;

#[test]
fn no_input_of_the_corpus_causes_a_panic() {
    for (name, target) in TARGETS {
        let inputs = corpus(name);
        assert!(!inputs.is_empty(), "fuzz/corpus/{name} is empty");
        for input in inputs {
            show(&input.display());
            target(&fs::read(input).unwrap());
        }
    }
}

#[test]
fn truncated_joined_and_damaged_corpus_inputs_cause_no_panic() {
    let rounds = env::var("CORPUS_ROUNDS").ok();
    let rounds = rounds.and_then(|it| it.parse().ok()).unwrap_or(ROUNDS);
    for (name, target) in TARGETS {
        let kept: Vec<_> = corpus(name)
            .iter()
            .map(|path| fs::read(path).unwrap())
            .collect();
        for seed in 0..u64::from(rounds) {
            show(&format_args!("{name}, seed {seed}"));
            target(&made_up(&kept, seed));
        }
    }
}

#[test]
fn every_fuzz_target_has_its_program_and_every_program_its_target() {
    let programs = files(&root().join("fuzz/fuzz_targets"));
    let programs: Vec<_> = programs
        .iter()
        .map(|path| path.file_stem().unwrap().to_str().unwrap())
        .collect();
    let targets: Vec<_> = TARGETS.iter().map(|(name, _)| *name).collect();
    assert_eq!(programs, targets);
}

/// Prints each input; after a failure the last one is the cause.
#[expect(clippy::print_stdout, reason = "cargo shows it where a test fails")]
fn show(what: &dyn std::fmt::Display) {
    println!("{what}");
}

/// Two inputs of the corpus joined at a random place, with a few bytes changed.
fn made_up(kept: &[Vec<u8>], seed: u64) -> Vec<u8> {
    let mut generator = Rng::with_seed(seed);
    let mut input = Vec::new();
    for _ in 0..2 {
        let Some(one) = generator.choice(kept) else {
            break;
        };
        let start = generator.usize(..=one.len());
        let end = generator.usize(start..=one.len());
        input.extend_from_slice(&one[start..end]);
    }
    if input.is_empty() || generator.u32(..4) == 0 {
        input.extend((0..generator.usize(..LONGEST)).map(|_| generator.u8(..)));
    }
    for _ in 0..generator.usize(..6) {
        if let Some(place) = generator.usize(..).checked_rem(input.len()) {
            input[place] = generator.u8(..);
        }
    }
    input
}

fn corpus(name: &str) -> Vec<PathBuf> {
    files(&root().join("fuzz/corpus").join(name))
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<_> = entries.map(|entry| entry.path()).collect();
    files.sort();
    files
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}
