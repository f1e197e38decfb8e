//! See `sash_fuzz::record`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sash_fuzz::record(data));
