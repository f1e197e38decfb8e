//! The client's window on a virtual display, with typed keys and mouse clicks.
//!
//! One executable for all of them, so that the library is linked once:
//! `cargo test --test window chat::` runs one file of it.

#![cfg(feature = "gui")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod chat;
mod class;
mod desk;
mod display;
mod files;
mod gallery;
mod keys;
mod laboratory;
mod ladder;
mod live;
mod lost_display;
mod png;
mod server;
mod to_browser;
mod tour;
