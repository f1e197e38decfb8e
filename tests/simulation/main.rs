//! Tests without sockets and programs: the state machines in virtual time, the pictures and
//! tables made from them, and the checks of the source tree and the report.
//!
//! One executable for all of them, so that the library is linked once:
//! `cargo test --test simulation theory::` runs one file of it.

mod architecture;
mod controllers;
mod corpus;
mod fairness;
mod figures;
mod golden;
mod golden_ladders;
mod hard_paths;
mod hostile_acks;
mod hostile_packets;
mod journal_page;
mod lossy_link;
mod model;
mod pictures;
mod random_links;
mod report;
mod theory;
mod words;
