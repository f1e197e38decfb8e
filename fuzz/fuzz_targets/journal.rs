//! See `sash_fuzz::journal`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sash_fuzz::journal(data));
