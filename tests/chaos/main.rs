//! A real server and real clients under chaos: `./sash chaos`.

#![allow(
    unused_imports,
    dead_code,
    reason = "the tests of these files run among `tests/programs`"
)]

#[cfg(unix)]
#[path = "equipment.rs"]
mod equipment;

#[cfg(not(unix))]
fn main() {}

#[cfg(unix)]
fn main() -> std::process::ExitCode {
    unix::main()
}

#[cfg(unix)]
mod unix {
    use super::equipment::program::{Arguments, run};
    use clap::Parser as _;
    use std::io::{self, Write as _};
    use std::process::ExitCode;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    /// Fails if something was lost.
    pub(super) fn main() -> ExitCode {
        let arguments = Arguments::parse();
        match run(&arguments, &stop_on_ctrl_c(), &mut io::stdout()) {
            Ok(true) => ExitCode::SUCCESS,
            Ok(false) => ExitCode::FAILURE,
            Err(error) => {
                let _ = writeln!(io::stderr(), "chaos: {error}");
                ExitCode::FAILURE
            }
        }
    }

    /// So that no process and no small disk is left behind.
    fn stop_on_ctrl_c() -> Arc<AtomicBool> {
        let is_stopping = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&is_stopping);
        // If this fails, Ctrl-C ends the program as usual.
        let _ = ctrlc::set_handler(move || told.store(true, Ordering::Relaxed));
        is_stopping
    }
}
