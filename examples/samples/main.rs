//! Draws, films and sounds the samples in `files/`.
//!
//! ```text
//! cargo run --example samples -- files
//! ```
//!
//! | file | is | made by |
//! | --- | --- | --- |
//! | `sash-window.png` | a picture of a sash window | [`picture`], [`canvas`] |
//! | `sliding-window.avi` | go-back-N and selective repeat under the same losses | [`film`], [`simulation`], [`avi`] |
//! | `scale.wav` | a scale whose fifth note is lost and sent again | [`sound`] |
//! | `empty.txt` | nothing at all | here |
//! | a name with spaces, Hebrew and an emoji | a greeting | here |
//!
//! `story.txt` was written by hand, `large.bin` is made by `examples/large.rs`. All of it
//! comes out the same on every machine: no clock, no random numbers, and no function of
//! the system's mathematics library.

mod avi;
mod canvas;
mod film;
mod picture;
mod simulation;
mod sound;

use std::env;
use std::error::Error;
use std::fs;
use std::path::Path;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = env::args().nth(1).unwrap_or("files".to_owned());
    for (name, bytes) in samples()? {
        fs::write(Path::new(&folder).join(name), bytes)?;
    }
    Ok(())
}

/// A file's name and its bytes.
type Sample = (&'static str, Vec<u8>);

/// Every sample that is drawn rather than written by hand.
fn samples() -> Result<Vec<Sample>, Box<dyn Error>> {
    Ok(vec![
        ("sash-window.png", picture::sash_window()?),
        ("sliding-window.avi", film::sliding_window()?),
        ("scale.wav", sound::scale()?),
        ("empty.txt", Vec::new()),
        (GREETING_NAME, GREETING.as_bytes().to_vec()),
    ])
}

/// What a transfer must carry in a name: spaces, letters from right to left, and a sign
/// beyond the first 65,536 of Unicode.
const GREETING_NAME: &str = "חלון הזזה 🪟 sliding window.txt";

const GREETING: &str = "\
שלום! אם שם הקובץ הזה הגיע שלם, גם העברית וגם הסמל עברו בשלום את הרשת.

Hello! If this file's name arrived whole, the spaces, the Hebrew and the emoji
all crossed the network unharmed.
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_sample_files_match_the_program_output() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("files");
        for (name, bytes) in samples().unwrap() {
            let committed = fs::read(folder.join(name)).unwrap();
            assert!(
                committed == bytes,
                "files/{name} differs: cargo run --example samples -- files"
            );
        }
    }
}
