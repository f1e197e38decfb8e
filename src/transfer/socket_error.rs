//! The consequence of an error of a UDP socket for its transfer: almost never the end.
//!
//! ```text
//!   error --no descriptor, no socket--> Unusable   the transfer fails now
//!         --EMSGSIZE------------------> TooLong    shorter segments, while the handshake lasts
//!         --would block, a signal-----> Nothing
//!         --anything else-------------> Lost       one datagram is lost; the error is remembered
//! ```
//!
//! An ICMP message is not authenticated, and a firewall rule, a full buffer or a missing
//! route may be gone a second later. Therefore such an error counts as the loss of one
//! datagram, and the transfer ends by its own timeout or not at all. The sentence about a
//! transfer that has timed out names the last error that the system reported.
//!
//! Source: RFC 5927 §5 to §7 (attacks by ICMP); RFC 9000 §14.2.1; RFC 8085 §5.2;
//! `udp(7)`, `ip(7)`.

use crate::reliable::connection::{Failure, Outcome};
use crate::system::sockets::{BAD_DESCRIPTOR, MESSAGE_TOO_LONG, NOT_A_SOCKET};
use std::io::{self, ErrorKind};
use std::time::Duration;

/// The meaning of an error of `send` or `recv`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// Nothing could be sent or received at this moment.
    Nothing,
    /// A datagram is lost.
    Lost,
    /// A datagram is longer than the interface or the path takes.
    TooLong,
    /// The descriptor is closed, or is no socket.
    Unusable,
}

/// The newest error of a socket since the last packet of the other side.
#[derive(Debug, Default)]
pub struct LastError {
    newest: Option<Described>,
    /// The number of errors since the last packet of the other side.
    count: u32,
}

#[derive(Debug)]
struct Described {
    /// The text of the system.
    text: String,
    /// The reaction to it.
    advice: &'static str,
}

/// After this many errors in a row, each further one costs [`PAUSE`].
const PROMPT_ERRORS: u32 = 16;

/// A socket that always reports errors must not keep a processor busy.
const PAUSE: Duration = Duration::from_millis(1);

impl Meaning {
    /// The meaning of this error.
    #[must_use]
    pub fn of(error: &io::Error) -> Self {
        match (error.raw_os_error(), error.kind()) {
            (Some(BAD_DESCRIPTOR | NOT_A_SOCKET), _) => Self::Unusable,
            (Some(MESSAGE_TOO_LONG), _) => Self::TooLong,
            (_, ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted) => {
                Self::Nothing
            }
            _ => Self::Lost,
        }
    }
}

impl LastError {
    /// Records this error of the system; returns its meaning.
    pub fn note(&mut self, error: &io::Error) -> Meaning {
        let meaning = Meaning::of(error);
        if meaning != Meaning::Nothing {
            log::trace!("the system reported for a transfer's socket: {error}");
            self.count = self.count.saturating_add(1);
            self.newest = Some(Described {
                text: error.to_string(),
                advice: advice(error),
            });
        }
        meaning
    }

    /// A packet of the other side has arrived, so earlier errors are over.
    pub fn forget(&mut self) {
        *self = Self::default();
    }

    /// Waits a moment if errors come in a row.
    pub fn pause(&self) {
        if self.count > PROMPT_ERRORS {
            // Nothing is ever sent on this channel: it is a wait that ends by timeout.
            let _ = crossbeam_channel::after(PAUSE).recv();
        }
    }

    /// The sentence about this outcome. If a timeout ended the transfer and the system
    /// had reported an error, the sentence names that error.
    #[must_use]
    pub fn explain(&self, outcome: Outcome, sentence: Option<String>) -> Option<String> {
        let what = match outcome {
            Outcome::Failed(Failure::NoAnswer) => {
                "the other side did not answer for 30 s"
            }
            Outcome::Failed(Failure::Silence) => {
                "the other side has been silent for 30 s"
            }
            Outcome::Verified
            | Outcome::Damaged
            | Outcome::Unknown
            | Outcome::Failed(Failure::ResetByPeer(_) | Failure::ResetByUs(_)) => {
                return sentence;
            }
        };
        let Some(Described { text, advice }) = &self.newest else {
            return sentence;
        };
        Some(format!(
            "{what}; the last error the system reported was: {text}. {advice}"
        ))
    }
}

/// The sentence about a transfer whose socket is unusable.
#[must_use]
pub fn unusable(error: &io::Error) -> String {
    format!(
        "the system has closed this transfer's socket: {error}. Start the transfer \
             again."
    )
}

/// The advice to the user about this error.
fn advice(error: &io::Error) -> &'static str {
    const UNREACHABLE: [ErrorKind; 4] = [
        ErrorKind::NetworkUnreachable,
        ErrorKind::HostUnreachable,
        ErrorKind::NetworkDown,
        ErrorKind::AddrNotAvailable,
    ];
    if Meaning::of(error) == Meaning::TooLong {
        return "Datagrams of this length do not fit the path: try a smaller --segment.";
    }
    let kind = error.kind();
    if kind == ErrorKind::PermissionDenied {
        "A firewall on this computer blocks the datagrams: allow UDP to the other side."
    } else if [ErrorKind::ConnectionRefused, ErrorKind::ConnectionReset].contains(&kind) {
        "No program listens on the other side's UDP port, or a firewall blocks it: try \
         again."
    } else if UNREACHABLE.contains(&kind) {
        "There is no route to the other side: check this computer's network, then try \
         again."
    } else {
        "Try again."
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_named_error_kind_ends_a_transfer() {
        let kinds = [
            ErrorKind::NotFound,
            ErrorKind::PermissionDenied,
            ErrorKind::ConnectionRefused,
            ErrorKind::ConnectionReset,
            ErrorKind::HostUnreachable,
            ErrorKind::NetworkUnreachable,
            ErrorKind::ConnectionAborted,
            ErrorKind::NotConnected,
            ErrorKind::AddrInUse,
            ErrorKind::AddrNotAvailable,
            ErrorKind::NetworkDown,
            ErrorKind::BrokenPipe,
            ErrorKind::InvalidInput,
            ErrorKind::InvalidData,
            ErrorKind::OutOfMemory,
            ErrorKind::Unsupported,
            ErrorKind::UnexpectedEof,
            ErrorKind::Other,
        ];
        for kind in kinds {
            assert_eq!(Meaning::of(&kind.into()), Meaning::Lost, "{kind}");
        }
        for kind in [
            ErrorKind::WouldBlock,
            ErrorKind::TimedOut,
            ErrorKind::Interrupted,
        ] {
            assert_eq!(Meaning::of(&kind.into()), Meaning::Nothing, "{kind}");
        }
    }

    #[test]
    fn only_two_error_numbers_end_a_transfer_and_one_means_that_a_datagram_is_too_long() {
        let numbers_of = |meaning| -> Vec<i32> {
            let is_such =
                |n: &i32| Meaning::of(&io::Error::from_raw_os_error(*n)) == meaning;
            (1..=11_999).filter(is_such).collect()
        };
        assert_eq!(
            numbers_of(Meaning::Unusable),
            [BAD_DESCRIPTOR, NOT_A_SOCKET]
        );
        assert_eq!(numbers_of(Meaning::TooLong), [MESSAGE_TOO_LONG]);
        // Windows has many numbers for a timeout.
        assert!((1..30).contains(&numbers_of(Meaning::Nothing).len()));
    }

    #[test]
    fn a_timeout_names_the_last_error_with_suitable_advice() {
        let mut last = LastError::default();
        let outcome = Outcome::Failed(Failure::Silence);
        let plain = || Some(Failure::Silence.to_string());
        assert_eq!(last.explain(outcome, plain()), plain());
        last.note(&io::Error::from_raw_os_error(MESSAGE_TOO_LONG));
        let sentence = last.explain(outcome, plain()).unwrap();
        assert!(sentence.contains("smaller --segment"), "{sentence}");
        last.note(&ErrorKind::PermissionDenied.into());
        last.note(&ErrorKind::WouldBlock.into());
        let sentence = last.explain(outcome, plain()).unwrap();
        assert!(
            sentence
                .starts_with("the other side has been silent for 30 s; the last error"),
            "{sentence}"
        );
        assert!(sentence.contains("firewall on this computer"), "{sentence}");
        assert!(!sentence.contains("--segment"), "{sentence}");
        assert_eq!(last.explain(Outcome::Verified, None), None);
        last.forget();
        assert_eq!(last.explain(outcome, plain()), plain());
    }
}
