//! See `sash_fuzz::names`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sash_fuzz::names(data));
