//! The page's Rust side without a browser: a request on each line of standard input, its
//! answer on a line of standard output. The tests hold the browser's answers against these.
//!
//! ```text
//!   printf '%s\n' '{"do": [{"card": "lose-one-packet"}, "step"]}' |
//!       cargo run --example lines
//! ```

use sash_web::desk::Desk;
use std::io::{self, BufRead as _, Write as _};

fn main() -> io::Result<()> {
    let mut desk = Desk::default();
    let mut out = io::BufWriter::new(io::stdout().lock());
    for line in io::stdin().lock().lines() {
        let line = line?;
        if line == "new" {
            desk = Desk::default(); // Another page.
            continue;
        }
        writeln!(out, "{}", desk.call(&line))?;
    }
    out.flush()
}
