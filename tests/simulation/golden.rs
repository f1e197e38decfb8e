//! Tables, ladders and pictures that a test makes and the report quotes.

use std::path::Path;
use std::{env, fs};

/// Compares the text with this file of `tests/golden`, which ends with a line break.
#[track_caller]
pub(crate) fn compare(name: &str, found: &str) {
    let found = format!("{}\n", found.trim_end_matches('\n'));
    compare_file(&format!("tests/golden/{name}"), &found);
}

/// Compares the text with a file of the project; with `UPDATE_GOLDEN=1` it writes the file.
#[track_caller]
pub(crate) fn compare_file(path: &str, found: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if env::var_os("UPDATE_GOLDEN").is_some() {
        fs::create_dir_all(file.parent().expect("a folder")).expect("it is ours");
        fs::write(&file, found).expect("it is ours");
    }
    let golden = fs::read_to_string(&file).unwrap_or_default();
    assert!(
        golden == found,
        "{path} differs; UPDATE_GOLDEN=1 rewrites it. Now:\n{found}"
    );
}
