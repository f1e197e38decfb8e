//! `--starter`: writes a folder in which a student begins.
//!
//! Each language has two files: a complete one that reads and writes the lines, and one with
//! empty handlers. They need only the language's standard library.

use sash::system::files;
use sash::transfer::ordinary::{self, Use};
use std::fs;
use std::io::{self, Write as _};
use std::path::Path;
use std::str::FromStr;

/// The languages that have a skeleton.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    Python,
    C,
    Java,
    Rust,
    Go,
}

impl FromStr for Language {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name.to_lowercase().as_str() {
            "python" => Ok(Self::Python),
            "c" => Ok(Self::C),
            "java" => Ok(Self::Java),
            "rust" => Ok(Self::Rust),
            "go" => Ok(Self::Go),
            _ => Err(format!(
                "there is no starter for {name:?}. Choose python, c, java, rust or go"
            )),
        }
    }
}

macro_rules! starter {
    ($folder:literal: $($file:literal),*) => {
        &[
            ("README.md", include_str!("starters/README.md")),
            $(($file, include_str!(concat!("starters/", $folder, "/", $file)))),*
        ]
    };
}

impl Language {
    /// Each file and what is in it.
    const fn files(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Python => {
                starter!("python": "protocol.py", "controller.py", "sash.py", "check")
            }
            Self::C => starter!("c": "protocol.c", "sash.c", "sash.h", "check"),
            Self::Java => starter!("java": "Protocol.java", "Sash.java", "check"),
            Self::Rust => starter!("rust": "protocol.rs", "main.rs", "check"),
            Self::Go => starter!("go": "protocol.go", "main.go", "check"),
        }
    }
}

/// Writes the files of a language into a folder that is empty or new.
pub(crate) fn write(language: Language, folder: &Path) -> io::Result<()> {
    let failed = |why: &dyn std::fmt::Display| {
        io::Error::other(format!("{}: {why}", folder.display()))
    };
    fs::create_dir_all(folder).map_err(|error| failed(&error))?;
    for (name, text) in language.files() {
        let path = folder.join(name);
        let written = ordinary::open(&path, Use::Create)
            .and_then(|mut file| file.write_all(text.as_bytes()));
        written.map_err(|error| {
            if error.kind() == io::ErrorKind::AlreadyExists {
                let why = format!(
                    "{name} already exists and is not replaced. Choose a new folder."
                );
                return failed(&why);
            }
            failed(&error)
        })?;
        if *name == "check" {
            files::make_executable(&path).map_err(|error| failed(&error))?;
        }
    }
    Ok(())
}
