//! A terminal: its settings, single keys, escape sequences.
//!
//! Source: `termios(3)`; Windows "Console Virtual Terminal Sequences".

use std::io::{self, IsTerminal as _};

/// The settings of the terminal of stdin.
pub struct Setting {
    #[cfg(unix)]
    found: nix::sys::termios::Termios,
    #[cfg(windows)]
    found: u32,
}

impl Setting {
    /// The current settings; `None` if stdin is no terminal.
    #[must_use]
    pub fn now() -> Option<Self> {
        #[cfg(unix)]
        let found = nix::sys::termios::tcgetattr(io::stdin()).ok()?;
        #[cfg(windows)]
        let found = winapi_util::console::mode(winapi_util::HandleRef::stdin()).ok()?;
        Some(Self { found })
    }

    /// Restores these settings.
    pub fn restore(&self) {
        #[cfg(unix)]
        {
            use nix::sys::termios::{SetArg, tcsetattr};
            let _ = tcsetattr(io::stdin(), SetArg::TCSANOW, &self.found);
        }
        #[cfg(windows)]
        {
            let stdin = winapi_util::HandleRef::stdin();
            let _ = winapi_util::console::set_mode(stdin, self.found);
        }
    }
}

/// A terminal that returns every key at once and shows none; dropping it restores the
/// settings.
pub struct SingleKeys(Setting);

impl SingleKeys {
    /// `None` if the terminal returns only whole lines, as on Windows.
    #[must_use]
    pub fn take() -> Option<Self> {
        let setting = Setting::now()?;
        #[cfg(unix)]
        {
            use nix::sys::termios::{LocalFlags, SetArg, tcsetattr};
            let mut ours = setting.found.clone();
            ours.local_flags
                .remove(LocalFlags::ICANON | LocalFlags::ECHO | LocalFlags::ISIG);
            tcsetattr(io::stdin(), SetArg::TCSANOW, &ours).ok()?;
            Some(Self(setting))
        }
        #[cfg(windows)]
        {
            drop(setting);
            None
        }
    }
}

impl Drop for SingleKeys {
    fn drop(&mut self) {
        self.0.restore();
    }
}

/// Whether stdout is a terminal that reads escape sequences. A console of Windows does so
/// only on request, and an old one never does.
#[must_use]
pub fn reads_escapes() -> bool {
    #[cfg(unix)]
    let is_enabled = true;
    #[cfg(windows)]
    let is_enabled = winapi_util::console::Console::stdout()
        .and_then(|mut console| console.set_virtual_terminal_processing(true))
        .is_ok();
    io::stdout().is_terminal() && is_enabled
}

/// Whether stderr is visible. A program of Windows without a console has no stderr.
#[must_use]
pub fn has_stderr() -> bool {
    #[cfg(unix)]
    return true;
    #[cfg(windows)]
    {
        use std::os::windows::io::AsRawHandle as _;
        !io::stderr().as_raw_handle().is_null()
    }
}
