//! Sash: a chat room and a file-transfer laboratory for people who learn computer networks.
//!
//! A sash window is one that slides. Chat goes over TCP; files go over UDP, made reliable
//! by stop-and-wait, go-back-N, selective repeat or sack.
//!
//! # Floors
//!
//! A file imports only from floors below its own and from its own folder, and no imports
//! go in a circle. `tests/simulation/architecture.rs` reads this table, and holds each file
//! to it:
//!
//! | floor | is | modules | |
//! | --- | --- | --- | --- |
//! | 5 | above all | `bin` `loopback` | the executables; a transfer on real sockets for `lab sweep` |
//! | 4 | programs | `server` `client` `journals` `captures` `passwords` | and what both programs use |
//! | 3 | shells | `transfer` | sockets, files, threads, the clock |
//! | 2 | laboratory | `lab` | the machines in virtual time |
//! | 1 | machines | `reliable` `link` `room` `shelf` | pure: time is an argument |
//! | 0 | values | `wire` `system` | packets, messages, options; what differs between operating systems |
//!
//! # The way of one chat line
//!
//! [`client::link`] writes it; `reader-12` of `server/peer` takes it out of the stream
//! ([`wire::line`]) and reads it ([`wire::message`]); the room thread gives it to
//! [`room::Room`], which says who hears what; `writer-N` of every client sends it on.
//!
//! # The way of one packet
//!
//! `sender-3` of [`transfer::sending`] asks [`reliable::connection::Sending`] what to
//! send, reads the bytes from the file ([`transfer::source`]) into the datagram
//! ([`wire::packet`]) and hands it to the socket ([`transfer::packet_output`]).
//! `receiver-3` of [`transfer::receiving`] decodes it, gives it to
//! [`reliable::connection::Receiving`], hands what is in order to `disk-3`
//! (`transfer/disk.rs`), and sends the ACK back.

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
