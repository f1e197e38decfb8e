//! Sash: a chat room and a file-transfer laboratory for students of computer networks.
//!
//! A sash window is one that slides. Chat goes over TCP; files go over UDP, made reliable
//! by stop-and-wait, go-back-N, selective repeat or sack.
//!
//! # Layers
//!
//! A file imports only from layers below its own and from its own folder, and no imports
//! form a circle. `tests/simulation/architecture.rs` reads this table and checks each file
//! against it:
//!
//! | layer | name | modules | contains |
//! | --- | --- | --- | --- |
//! | 5 | above | `bin` `loopback` | the executables; a transfer on real sockets for `lab sweep` |
//! | 4 | programs | `server` `client` `journals` `captures` `passwords` | server and client, and what both use |
//! | 3 | drivers | `transfer` | sockets, files, threads, the clock |
//! | 2 | laboratory | `lab` | the state machines in virtual time |
//! | 1 | state machines | `reliable` `link` `room` `shelf` | decisions without input or output: time is an argument |
//! | 0 | values | `wire` `system` | packets, messages, options; what differs between operating systems |
//!
//! # The path of one chat line
//!
//! [`client::chat_connection`] writes it; `reader-12` of `server/peer` cuts it out of the
//! stream ([`wire::line`]) and parses it ([`wire::message`]); the room thread passes it to
//! [`room::Room`], which decides who receives it; `writer-N` of each client sends it.
//!
//! # The path of one packet
//!
//! `sender-3` of [`transfer::sending`] asks [`reliable::connection::Sending`] what to
//! send, reads the bytes from the file ([`transfer::source`]) into the datagram
//! ([`wire::packet`]) and hands it to the socket ([`transfer::packet_output`]).
//! `receiver-3` of [`transfer::receiving`] decodes it, gives it to
//! [`reliable::connection::Receiving`], hands the bytes in order to `disk-3`
//! (`transfer/disk.rs`), and sends the ACK.

#[cfg(not(target_family = "wasm"))]
pub mod captures;
#[cfg(not(target_family = "wasm"))]
pub mod client;
#[cfg(not(target_family = "wasm"))]
pub mod journals;
pub mod lab;
pub mod link;
#[cfg(not(target_family = "wasm"))]
pub mod loopback;
#[cfg(not(target_family = "wasm"))]
pub mod passwords;
pub mod reliable;
#[cfg(not(target_family = "wasm"))]
pub mod room;
#[cfg(not(target_family = "wasm"))]
pub mod server;
#[cfg(not(target_family = "wasm"))]
pub mod shelf;
#[cfg(not(target_family = "wasm"))]
pub mod system;
#[cfg(not(target_family = "wasm"))]
pub mod transfer;
pub mod wire;
