//! Two requests to the display itself, as bytes of the X11 protocol.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

/// The socket of a display.
pub(crate) fn socket(display: &str) -> String {
    format!("/tmp/.X11-unix/X{}", display.trim_start_matches(':'))
}

/// Sends a `ClientMessage` with `WM_DELETE_WINDOW`: there is no window manager here, and
/// `xdotool` would kill the program instead.
///
/// Source: X Window System Protocol, appendix B; ICCCM §4.2.8.1.
pub(crate) fn ask_to_close(display: &str, window: u32) {
    let mut server = UnixStream::connect(socket(display)).unwrap();
    server
        .set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    // Little-endian, protocol 11.0, no authorization.
    server
        .write_all(&[b'l', 0, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0])
        .unwrap();
    let mut head = [0; 8];
    server.read_exact(&mut head).unwrap();
    assert_eq!(head[0], 1, "the display refused");
    let words = u16::from_le_bytes([head[6], head[7]]);
    server
        .read_exact(&mut vec![0; usize::from(words) * 4])
        .unwrap();
    let protocols = atom(&mut server, "WM_PROTOCOLS");
    let delete = atom(&mut server, "WM_DELETE_WINDOW");
    let mut request = vec![25, 0, 11, 0]; // SendEvent, 11 words.
    request.extend(window.to_le_bytes());
    request.extend([0; 4]); // No event mask: to the window's own client.
    request.extend([33, 32, 0, 0]); // ClientMessage, in 32-bit words.
    request.extend(window.to_le_bytes());
    request.extend(protocols);
    request.extend(delete);
    request.extend([0; 16]);
    server.write_all(&request).unwrap();
    atom(&mut server, "WM_PROTOCOLS"); // It is answered after all earlier requests.
}

/// Requests an atom's number.
fn atom(server: &mut UnixStream, name: &str) -> [u8; 4] {
    let padded = name.len().div_ceil(4) * 4;
    let words = u16::try_from(2 + padded / 4).unwrap();
    let mut request = vec![16, 0]; // InternAtom, created if necessary.
    request.extend(words.to_le_bytes());
    request.extend(u16::try_from(name.len()).unwrap().to_le_bytes());
    request.extend([0; 2]);
    request.extend(name.as_bytes());
    request.resize(8 + padded, 0);
    server.write_all(&request).unwrap();
    let mut reply = [0; 32];
    server.read_exact(&mut reply).unwrap();
    [reply[8], reply[9], reply[10], reply[11]]
}
