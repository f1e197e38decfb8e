//! How fast: `./sash bench`, or `cargo bench --bench speed -- ARGUMENTS`.

#![allow(
    unused_imports,
    dead_code,
    reason = "the tests of these files run among `tests/programs`"
)]

#[path = "speed/bench.rs"]
mod bench;

use bench::program::{Arguments, run};
use clap::Parser as _;
use std::io::{self, Write as _};
use std::process::ExitCode;

fn main() -> ExitCode {
    match run(&Arguments::parse(), &mut io::stdout()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "bench: {error}");
            ExitCode::FAILURE
        }
    }
}
