//! See `sash_fuzz::room`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sash_fuzz::room(data));
