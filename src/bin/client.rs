//! Placeholder while the floors below are laid.
fn main() {}
