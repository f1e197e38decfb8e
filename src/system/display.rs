//! Finds out whether an X server runs on this computer.
//!
//! Source: X(7), "Display names"; `unix(7)`, abstract sockets.

/// Whether the window needs an X server.
pub const NEEDS_X11: bool = cfg!(all(unix, not(target_os = "macos")));

/// Whether an X server answers as the display of this number.
#[must_use]
pub fn answers(number: u16) -> bool {
    #[cfg(unix)]
    {
        let path = format!("/tmp/.X11-unix/X{number}");
        std::os::unix::net::UnixStream::connect(&path).is_ok() || answers_hidden(&path)
    }
    #[cfg(windows)]
    {
        let _ = number;
        false
    }
}

/// Linux has sockets without a file, too.
#[cfg(target_os = "linux")]
fn answers_hidden(path: &str) -> bool {
    use std::os::linux::net::SocketAddrExt as _;
    use std::os::unix::net::{SocketAddr, UnixStream};
    let address = SocketAddr::from_abstract_name(path);
    address.is_ok_and(|address| UnixStream::connect_addr(&address).is_ok())
}

#[cfg(all(unix, not(target_os = "linux")))]
fn answers_hidden(_path: &str) -> bool {
    false
}
