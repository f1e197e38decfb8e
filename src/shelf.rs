//! The shelf: decides which file names are allowed.
//!
//! A name comes from the network and becomes part of a path, so it is checked first: it
//! must be a single component. A name that is not allowed is treated as missing, both in
//! a list and in a download.
//!
//! ```text
//! "notes.pdf"   --> FOLDER/notes.pdf
//! "../x"  "/etc/passwd"  "a/../../b"  ".bashrc"  "notes.pdf.part"  --> refused
//! ```
//!
//! It checks names only; the code that opens a file checks whether it exists and whether
//! a symbolic link leads out of the folder. Layer 1: this module touches no file.
//!
//! ```
//! use sash::shelf::{FileName, FileNameError};
//! let name: FileName = "שלום 🎈.txt".parse().unwrap();
//! assert_eq!(name.as_str(), "שלום 🎈.txt");
//! assert_eq!("../x".parse::<FileName>(), Err(FileNameError::Separator));
//! ```
//!
//! Source: CWE-22 (path traversal); Windows "Naming Files, Paths, and Namespaces".

use std::fmt;
use std::str::FromStr;

/// The name of a file on the shelf: one component, safe to join to a folder.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileName(String);

/// The longest name on most file systems. Unit: bytes.
pub const LONGEST_FILE_NAME_BYTES: usize = 255;

impl FileName {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for FileName {
    type Err = FileNameError;

    fn from_str(text: &str) -> Result<Self, FileNameError> {
        if text.is_empty() {
            return Err(FileNameError::Empty);
        }
        if text.len() > LONGEST_FILE_NAME_BYTES {
            return Err(FileNameError::TooLong);
        }
        // On Windows the colon belongs to drives and hidden streams.
        if text.contains(['/', '\\', ':']) {
            return Err(FileNameError::Separator);
        }
        if text.chars().any(char::is_control) {
            return Err(FileNameError::Control);
        }
        // This refuses `.` and `..` too.
        if text.starts_with('.') {
            return Err(FileNameError::Hidden);
        }
        let lower = text.to_lowercase();
        let of_record = lower.strip_suffix(".json").unwrap_or(&lower);
        if of_record
            .rsplit_once('.')
            .is_some_and(|(_, end)| end == "part")
        {
            return Err(FileNameError::Unfinished);
        }
        // Windows removes these at the end, and would open a different file.
        let stem = lower.split('.').next().unwrap_or_default().trim_end();
        if lower.ends_with(['.', ' ']) || WINDOWS_DEVICES.contains(&stem) {
            return Err(FileNameError::Device);
        }
        Ok(Self(text.to_owned()))
    }
}

/// Names that Windows takes for devices, whatever follows after a dot; superscript digits
/// count as digits.
const WINDOWS_DEVICES: [&str; 34] = [
    "con", "prn", "aux", "nul", "com0", "com1", "com2", "com3", "com4", "com5", "com6",
    "com7", "com8", "com9", "lpt0", "lpt1", "lpt2", "lpt3", "lpt4", "lpt5", "lpt6",
    "lpt7", "lpt8", "lpt9", "com¹", "com²", "com³", "lpt¹", "lpt²", "lpt³", "conin$",
    "conout$", "clock$", "config$",
];

/// The reason why a text is no name of a file on the shelf.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileNameError {
    /// It is empty.
    Empty,
    /// It is longer than [`LONGEST_FILE_NAME_BYTES`].
    TooLong,
    /// It contains `/`, `\` or `:`, so it is a path.
    Separator,
    /// It contains NUL, a line break or an escape sequence.
    Control,
    /// It begins with a dot.
    Hidden,
    /// It is the name of a partial download: `.part`, `.part.json`.
    Unfinished,
    /// It is a device on Windows, or a name that Windows would change.
    Device,
}

impl fmt::Display for FileNameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let why = match self {
            Self::Empty => "it is empty",
            Self::TooLong => "it is too long",
            Self::Separator => "it contains a slash, a backslash or a colon",
            Self::Control => "it contains a control character",
            Self::Hidden => "it begins with a dot",
            Self::Unfinished => "it is the name of a partial download",
            Self::Device => "Windows does not allow this name",
        };
        write!(f, "file name not allowed: {why}")
    }
}

impl std::error::Error for FileNameError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_names_in_any_alphabet_are_allowed() {
        for name in [
            "a",
            "notes.pdf",
            "my notes.txt",
            "שלום 🎈.txt",
            "a..b",
            "part",
            "-rf",
        ] {
            let parsed: FileName = name.parse().unwrap();
            assert_eq!(parsed.as_str(), name);
        }
    }

    #[test]
    fn no_name_leads_out_of_the_folder_or_into_a_subfolder() {
        for name in [
            "../x",
            "/etc/passwd",
            "a/../../b",
            "a/b",
            "..\\x",
            "C:x",
            "a:stream",
        ] {
            assert_eq!(
                name.parse::<FileName>(),
                Err(FileNameError::Separator),
                "{name}"
            );
        }
        for name in [".", "..", ".bashrc"] {
            assert_eq!(
                name.parse::<FileName>(),
                Err(FileNameError::Hidden),
                "{name}"
            );
        }
    }

    #[test]
    fn partial_files_of_downloads_are_not_offered() {
        for name in ["a.part", "a.PART", "a.part.json"] {
            assert_eq!(name.parse::<FileName>(), Err(FileNameError::Unfinished));
        }
    }

    #[test]
    fn names_that_another_system_would_change_are_refused() {
        for name in [
            "nul",
            "NUL.txt",
            "Com1 .log",
            "COM¹",
            "lpt³.txt",
            "a.",
            "a ",
        ] {
            assert_eq!(
                name.parse::<FileName>(),
                Err(FileNameError::Device),
                "{name}"
            );
        }
        assert!("null.txt".parse::<FileName>().is_ok());
    }

    #[test]
    fn control_characters_and_overlong_names_are_refused() {
        assert_eq!("a\0b".parse::<FileName>(), Err(FileNameError::Control));
        assert_eq!("\u{1b}[2J".parse::<FileName>(), Err(FileNameError::Control));
        assert_eq!("".parse::<FileName>(), Err(FileNameError::Empty));
        assert!("a".repeat(255).parse::<FileName>().is_ok());
        assert_eq!(
            "a".repeat(256).parse::<FileName>(),
            Err(FileNameError::TooLong)
        );
    }
}
