//! The programs and the library's threads on real sockets: server, client and laboratory as
//! users start them.
//!
//! One executable for all of them, so that the library is linked once:
//! `cargo test --test programs uploads::` runs one file of it.

#[cfg(unix)]
#[path = "../chaos/equipment.rs"]
mod equipment;
#[path = "../../benches/speed/bench.rs"]
mod speed;

mod announce;
mod chaos;
mod charts_program;
mod chat_over_tcp;
mod class;
mod classroom;
mod client_text;
mod drawn_figures;
mod early_data;
mod end_to_end;
mod entrance;
mod forged;
mod journals;
mod lab_program;
mod lesson;
mod linked;
mod live_link;
mod loopback_transfer;
mod ports;
mod predict;
mod questions;
mod raw_client;
mod recorded;
mod reference;
mod restart;
mod resume;
mod running;
mod second_client;
mod server_program;
mod socket_errors;
mod threats;
mod uploads;
mod web;
mod wireshark;
