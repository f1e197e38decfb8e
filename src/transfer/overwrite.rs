//! Decides what to do if a file of a download's name exists.
//!
//! | choice | an existing `notes.pdf` | the new one |
//! | --- | --- | --- |
//! | `keep` | stays | `notes (2).pdf` |
//! | `replace` | stays until the new one is verified, which then replaces it in one step | `notes.pdf` |
//! | `skip` | stays | is not requested |
//! | `fail` | stays | is not requested, which counts as a failure |

use std::fmt;
use std::path::Path;
use std::str::FromStr;

/// The choice if a file of that name exists.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Overwrite {
    /// The new one is named `NAME (2)`.
    #[default]
    Keep,
    /// The new one replaces the old one, once it is verified.
    Replace,
    /// The download is skipped, and the old one is kept.
    Skip,
    /// It is an error.
    Fail,
}

/// The limit of copies of one name in a folder.
pub(super) const MOST_COPIES: u32 = 9_999;

impl Overwrite {
    /// All choices, the safest first.
    pub const ALL: [Self; 4] = [Self::Keep, Self::Replace, Self::Skip, Self::Fail];

    /// The name used in flags.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Keep => "keep",
            Self::Replace => "replace",
            Self::Skip => "skip",
            Self::Fail => "fail",
        }
    }

    /// Its explanation, for a user who has to choose.
    #[must_use]
    pub const fn explanation(self) -> &'static str {
        match self {
            Self::Keep => "keep both files; the new one becomes NAME (2)",
            Self::Replace => "replace the old file once the new one is verified",
            Self::Skip => "skip the download and keep the old file",
            Self::Fail => "do not download, and report a failure",
        }
    }
}

impl fmt::Display for Overwrite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Overwrite {
    type Err = UnknownOverwrite;

    fn from_str(text: &str) -> Result<Self, UnknownOverwrite> {
        Self::ALL
            .into_iter()
            .find(|choice| choice.name() == text)
            .ok_or_else(|| UnknownOverwrite(text.to_owned()))
    }
}

/// A choice that does not exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownOverwrite(String);

impl fmt::Display for UnknownOverwrite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(text) = self;
        write!(
            f,
            "unknown choice {text:?}: choose keep, replace, skip or fail"
        )
    }
}

impl std::error::Error for UnknownOverwrite {}

/// The name of the n-th copy: `notes.pdf`, `notes (2).pdf`, `notes (3).pdf`.
#[must_use]
pub fn numbered(name: &str, copy: u32) -> String {
    if copy == 1 {
        return name.to_owned();
    }
    let path = Path::new(name);
    match (
        path.file_stem().and_then(|stem| stem.to_str()),
        path.extension(),
    ) {
        (Some(stem), Some(extension)) => {
            format!("{stem} ({copy}).{}", extension.to_string_lossy())
        }
        (Some(_), None) | (None, _) => format!("{name} ({copy})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_a_copy_is_inserted_before_the_last_dot() {
        assert_eq!(numbered("a.tar.gz", 2), "a.tar (2).gz");
        assert_eq!(numbered("README", 2), "README (2)");
        assert_eq!(numbered("שלום 🎈.txt", 3), "שלום 🎈 (3).txt");
    }

    #[test]
    fn an_unknown_overwrite_choice_is_answered_with_the_valid_ones() {
        let error = "maybe".parse::<Overwrite>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "unknown choice \"maybe\": choose keep, replace, skip or fail"
        );
        for choice in Overwrite::ALL {
            assert_eq!(choice.to_string().parse(), Ok(choice));
        }
    }
}
