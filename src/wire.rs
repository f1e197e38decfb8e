//! The messages and packets between server and client, independent of sockets.
//!
//! Layer 0: values. Everything here can be created, compared and printed without a
//! socket, a clock or a thread.
//!
//! ```text
//! chat, TCP    bytes --line--> one line --message--> Request or Reply
//! files, UDP   one datagram --packet--> Packet + payload
//! ```
//!
//! | module | is |
//! | --- | --- |
//! | [`mod@line`] | lines in a byte stream, with a limit of their length |
//! | [`message`] | the messages of the chat connection, to and from JSON |
//! | [`options`] | the choices of a transfer: transport, ARQ, window, segment size |
//! | [`packet`] | one datagram: header, body, CRC-32 |
//! | [`mac`] | the keys of a transfer, and the MAC on packets that start and end it |
//! | [`sequence`] | 32-bit numbers that wrap around |
//! | [`digest`] | a file's SHA-256 and a transfer's token, as hexadecimal text |
//! | [`version`] | the version of a file, for resuming |
//! | [`announcement`] | datagrams to find rooms on the local network |
//! | [`web`] | the bodies of the class's page, to and from JSON |

#![warn(clippy::indexing_slicing)]

pub mod announcement;
pub mod digest;
pub mod line;
pub mod mac;
pub mod message;
pub mod options;
pub mod packet;
pub mod sequence;
pub mod version;
pub mod web;
