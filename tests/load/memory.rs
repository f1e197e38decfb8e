//! The memory of a process, from the system. Only Linux reports it; on other systems it is
//! left out.

use std::fs;

/// The figure behind this word in a file of `/proc`. Unit: KiB.
pub(crate) fn kibibytes(file: &str, word: &str) -> Option<u64> {
    let text = fs::read_to_string(file).ok()?;
    let rest = text.lines().find_map(|line| line.strip_prefix(word))?;
    rest.split_whitespace().next()?.parse().ok()
}
