//! Checks whether a display answers, because FLTK ends the process if there is none.
//!
//! ```text
//! DISPLAY   :7               localhost:10.0      nonsense
//! asked     a socket, X7     port 6010           nobody: FLTK decides
//! ```
//!
//! Source: X(7), "Display names".

use crate::system::display;
use std::env;
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

/// The longest wait for a display on another computer.
const TIMEOUT: Duration = Duration::from_secs(3);

/// The TCP port of display 0.
const FIRST_PORT: u16 = 6000;

/// The reason why no window can be opened, if there is one.
///
/// FLTK uses X11 here; a Wayland session has XWayland, which sets `DISPLAY`.
#[must_use]
pub fn missing() -> Option<String> {
    if !display::NEEDS_X11 {
        return None;
    }
    let is_set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
    if !is_set("DISPLAY") {
        return Some(if is_set("WAYLAND_DISPLAY") {
            "The window needs X11, but only Wayland is running. Start XWayland, or use \
             --text."
                .to_owned()
        } else {
            "No display was found, so no window can be opened. Use --text.".to_owned()
        });
    }
    let display = env::var("DISPLAY").unwrap_or_default();
    let is_dead = read(&display).is_some_and(|place| !place.answers());
    is_dead.then(|| {
        format!(
            "The display {display:?} (from the variable DISPLAY) does not answer. Use \
             --text."
        )
    })
}

/// The address of a display.
#[derive(Debug, PartialEq, Eq)]
enum DisplayAddress<'a> {
    /// On this computer.
    Here { number: u16 },
    /// On a computer of this name.
    There { host: &'a str, port: u16 },
}

/// `HOST:NUMBER.SCREEN`; `None` if it has another form.
fn read(display: &str) -> Option<DisplayAddress<'_>> {
    let (host, rest) = display.rsplit_once(':')?;
    let number = rest.split('.').next()?.parse().ok()?;
    match host {
        "" | "unix" => Some(DisplayAddress::Here { number }),
        host if host.contains('/') => None,
        host => Some(DisplayAddress::There {
            host,
            port: FIRST_PORT.checked_add(number)?,
        }),
    }
}

impl DisplayAddress<'_> {
    fn answers(&self) -> bool {
        match self {
            Self::Here { number } => display::answers(*number),
            Self::There { host, port } => {
                let Ok(addresses) = (*host, *port).to_socket_addrs() else {
                    return false;
                };
                let mut addresses = addresses;
                addresses.any(|it| TcpStream::connect_timeout(&it, TIMEOUT).is_ok())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_display_name_gives_the_address_of_its_display_server() {
        assert_eq!(read(":7"), Some(DisplayAddress::Here { number: 7 }));
        assert_eq!(read("unix:0.1"), Some(DisplayAddress::Here { number: 0 }));
        let there = DisplayAddress::There {
            host: "localhost",
            port: 6010,
        };
        assert_eq!(read("localhost:10.0"), Some(there));
        for odd in ["", "7", "a:", "/tmp/launch-x/org.xquartz:0", "a:65000"] {
            assert_eq!(read(odd), None, "{odd}");
        }
    }

    #[test]
    fn no_display_answers_where_no_server_listens() {
        assert!(!DisplayAddress::Here { number: 65_111 }.answers());
        let nowhere = DisplayAddress::There {
            host: "127.0.0.1",
            port: 1,
        };
        assert!(!nowhere.answers());
    }
}
