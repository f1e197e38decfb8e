//! The rule of files that are written: `transfer::ordinary` opens them, or a temporary file
//! gets their name. Another way could follow a symbolic link that somebody has planted.

use super::{code_only, name_of, rust_files, source, without_tests};
use std::fmt::Write as _;
use std::fs;

/// The files that may open a file for writing: the common function, its operating-system
/// part, the pipe to Wireshark, and the folder that is read through its own handle.
const EXCEPTIONS: [&str; 4] = [
    "transfer/ordinary.rs",
    "system/files.rs",
    "captures.rs",
    "server/folder.rs",
];

const OTHER_WAYS: [&str; 6] = [
    "File::create",
    "File::options",
    "OpenOptions",
    "fs::write(",
    "fs::copy(",
    "fs::hard_link(",
];

#[test]
fn a_file_is_opened_for_writing_in_one_way_only() {
    let mut broken = String::new();
    for path in rust_files(&source()) {
        let name = name_of(&path);
        let text = fs::read_to_string(&path).unwrap();
        let code = without_tests(&code_only(&text));
        let others = OTHER_WAYS.iter().filter(|it| code.contains(**it));
        for other in others.filter(|_| !EXCEPTIONS.contains(&name.as_str())) {
            writeln!(broken, "src/{name}: {other}: use transfer::ordinary").unwrap();
        }
    }
    assert!(broken.is_empty(), "\n{broken}");
    for exception in EXCEPTIONS {
        let code = fs::read_to_string(source().join(exception)).unwrap();
        assert!(code.contains("OpenOptions"), "{exception} is none any more");
    }
}
