//! Asks for a password in the terminal, without showing what is typed.
//!
//! It asks before the line editor starts, or in a script, so nothing else reads the
//! terminal meanwhile. Ctrl-C at the question ends the program at once, and leaves the
//! terminal as it was found.

use crate::room::login::Password;
use crate::system::terminal::Setting;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether the user is being asked; shared with the handler of Ctrl-C.
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

    /// The first action at Ctrl-C: ends the program during the question.
    pub(super) fn on_ctrl_c(&self) -> impl Fn() + Send + 'static {
        let is_asking = Arc::clone(&self.0);
        let found = Setting::now();
        move || {
            if is_asking.load(Ordering::Acquire) {
                if let Some(found) = &found {
                    found.restore();
                }
                std::process::exit(130); // As a shell reports SIGINT.
            }
        }
    }
}
