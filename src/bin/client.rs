//! x
fn main() { sash::client::view::proto(&std::env::args().nth(1).unwrap_or_default()); }
