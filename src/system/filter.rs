//! The kernel's filter for a transfer's socket: it passes only packets with the token.
//!
//! The socket of a sender is not connected, since its receiver may move to another port;
//! so anybody can send to it. Datagrams without the token are discarded here, before they
//! use space in the socket's buffer or wake a thread. Datagrams that pass are checked
//! again, because other systems have no filter.
//!
//! ```text
//!   0        8         12        16        20        24        28
//!   | UDP    | version | token.0 | token.1 | token.2 | token.3 | ...
//! ```
//!
//! Source: the BSD packet filter (USENIX 1993); `socket(7)`, `SO_ATTACH_FILTER`.

use std::net::UdpSocket;

/// Asks the kernel to discard datagrams without this token. If it cannot, this is no
/// error.
#[cfg(target_os = "linux")]
pub fn attach(socket: &UdpSocket, token: [u8; 16]) {
    if let Err(error) = socket2::SockRef::from(socket).attach_filter(&program(token)) {
        log::debug!("the kernel does not filter datagrams for this socket: {error}");
    }
}

/// On other systems every datagram passes.
#[cfg(not(target_os = "linux"))]
pub fn attach(_socket: &UdpSocket, _token: [u8; 16]) {}

/// Four times: load a word of the datagram, and discard it if the word is not the
/// token's.
#[cfg(target_os = "linux")]
fn program(token: [u8; 16]) -> [socket2::SockFilter; 10] {
    use socket2::SockFilter;
    /// `BPF_LD | BPF_W | BPF_ABS`: four bytes at a fixed place; a shorter datagram ends
    /// here.
    const LOAD: u16 = 0x20;
    /// `BPF_JMP | BPF_JEQ | BPF_K`.
    const JUMP_IF_EQUAL: u16 = 0x15;
    /// `BPF_RET | BPF_K`: the number of bytes that pass.
    const RETURN: u16 = 0x06;
    /// The header of UDP, then the bytes before the token.
    const TOKEN_AT: u32 = 8 + 4;
    let mut words = [0; 4];
    for (word, bytes) in words.iter_mut().zip(token.as_chunks().0) {
        *word = u32::from_be_bytes(*bytes);
    }
    let load = |word: u32| SockFilter::new(LOAD, 0, 0, TOKEN_AT + 4 * word);
    // If it differs: jump to the last instruction.
    let compare =
        |word: u32, skip| SockFilter::new(JUMP_IF_EQUAL, 0, skip, words[word as usize]);
    let finish = |bytes| SockFilter::new(RETURN, 0, 0, bytes);
    [
        load(0),
        compare(0, 7),
        load(1),
        compare(1, 5),
        load(2),
        compare(2, 3),
        load(3),
        compare(3, 1),
        finish(u32::MAX),
        finish(0),
    ]
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn only_datagrams_with_the_complete_token_pass_the_filter() {
        for host in ["127.0.0.1:0", "[::1]:0"] {
            let Ok(socket) = UdpSocket::bind(host) else {
                continue; // A computer without IPv6.
            };
            let bytes: [u8; 16] = *b"sash's own token";
            attach(&socket, bytes);
            let send = |token: [u8; 16], length: usize| {
                let mut datagram = [1; 40];
                datagram[4..20].copy_from_slice(&token);
                let stranger = UdpSocket::bind(host).unwrap();
                let to = socket.local_addr().unwrap();
                stranger.send_to(&datagram[..length], to).unwrap();
            };
            for at in 0..16 {
                let mut other = bytes;
                other[at] ^= 1;
                send(other, 40);
            }
            send(bytes, 19);
            send(bytes, 0);
            send(bytes, 40);
            socket
                .set_read_timeout(Some(Duration::from_secs(5)))
                .unwrap();
            assert_eq!(socket.recv(&mut [0; 100]).unwrap(), 40, "{host}");
            socket.set_nonblocking(true).unwrap();
            assert!(socket.recv(&mut [0; 100]).is_err(), "{host}");
        }
    }
}
