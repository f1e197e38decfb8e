//! Asks for a password in the terminal, without showing what is typed.
//!
//! It is asked before the line editor starts, or in a script, so nobody else reads the
//! terminal meanwhile. Ctrl-C at the question ends the program at once, and leaves the
//! terminal as it was found.

use crate::room::login::Password;
#[cfg(unix)]
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether a person is being asked; shared with whoever hears Ctrl-C.
#[derive(Debug, Clone, Default)]
pub(super) struct Asking(Arc<AtomicBool>);

impl Asking {
    /// The password, or a sentence.
    pub(super) fn ask(&self) -> Result<Password, String> {
        self.0.store(true, Ordering::Release);
        let typed = rpassword::prompt_password("Password: ");
        self.0.store(false, Ordering::Release);
        let typed = typed.map_err(|error| {
            format!("Cannot ask for the password here: {error}. Use --password-file.")
        })?;
        Password::new(&typed).map_err(|error| format!("{error}."))
    }

    /// What to do at Ctrl-C, before all else: ends the program where the question stands.
    pub(super) fn on_ctrl_c(&self) -> impl Fn() + Send + 'static {
        let is_asking = Arc::clone(&self.0);
        let leave = restorer();
        move || {
            if is_asking.load(Ordering::Acquire) {
                leave();
                std::process::exit(130); // As a shell reports SIGINT.
            }
        }
    }
}

/// Leaves the terminal as it is now.
#[cfg(unix)]
fn restorer() -> impl Fn() + Send + 'static {
    use nix::sys::termios::{SetArg, tcgetattr, tcsetattr};
    let found = tcgetattr(io::stdin()).ok();
    move || {
        if let Some(found) = &found {
            let _ = tcsetattr(io::stdin(), SetArg::TCSANOW, found);
        }
    }
}

#[cfg(not(unix))]
fn restorer() -> impl Fn() + Send + 'static {
    || {}
}
