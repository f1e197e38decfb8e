//! Reliable transfer over a channel that loses, repeats, reorders and damages packets.

pub mod moment;
