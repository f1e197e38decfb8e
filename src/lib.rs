//! Sash: a chat room and a file-transfer laboratory for people who learn computer networks.

pub mod client;
pub mod lab;
pub mod link;
pub mod reliable;
pub mod room;
pub mod server;
pub mod shelf;
pub mod transfer;
pub mod wire;
