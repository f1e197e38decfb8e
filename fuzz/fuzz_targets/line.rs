//! See `sash_fuzz::line`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sash_fuzz::line(data));
