//! The settings that the window keeps between runs: servers, the name, its size and
//! looks.
//!
//! One small JSON file in the user's folder for settings, written in one step when the
//! window closes. If it is missing, damaged or invalid, the defaults are used.
//!
//! ```
//! use sash::client::remembered::Remembered;
//! let mut remembered = Remembered::default();
//! remembered.joined("10.0.0.7:50000", "dana");
//! remembered.joined("localhost:50000", "dana");
//! assert_eq!(remembered.servers, ["localhost:50000", "10.0.0.7:50000"]);
//! ```

use super::fit::{LARGEST_ZOOM, SMALLEST_SIZE, SMALLEST_ZOOM};
use super::theme::Theme;
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// The remembered settings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Remembered {
    /// Servers that the user has joined, the newest first: `localhost:50000`.
    pub servers: Vec<String>,
    /// The user's name at the last of them.
    pub name: String,
    /// The width of the window without zoom. Unit: pixels.
    pub width: i32,
    /// The height of the window without zoom. Unit: pixels.
    pub height: i32,
    /// The window's colours.
    pub theme: Theme,
    /// The zoom.
    pub zoom: f32,
}

/// The number of remembered servers.
pub const MOST_SERVERS: usize = 8;

/// The default size of a window. Unit: pixels.
pub const USUAL_SIZE: (i32, i32) = (1000, 700);

/// The largest valid size. Unit: pixels.
const LARGEST_SIZE: (i32, i32) = (16_000, 9_000);

/// The longest name of a server or user. Unit: bytes.
const LONGEST_TEXT: usize = 300;

/// The largest valid file. Unit: bytes.
const LARGEST_FILE: u64 = 64 * 1024;

impl Default for Remembered {
    fn default() -> Self {
        Self {
            servers: Vec::new(),
            name: String::new(),
            width: USUAL_SIZE.0,
            height: USUAL_SIZE.1,
            theme: Theme::default(),
            zoom: 1.0,
        }
    }
}

impl Remembered {
    /// The path of the file on this system, if known.
    #[must_use]
    pub fn place() -> Option<PathBuf> {
        Some(dirs::config_dir()?.join("sash").join("window.json"))
    }

    /// The settings saved at `place`, or the defaults.
    #[must_use]
    pub fn load(place: &Path) -> Self {
        match read(place) {
            Ok(remembered) => remembered.within_bounds(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Self::default(),
            Err(error) => {
                log::warn!("cannot read {}, ignoring it: {error}", place.display());
                Self::default()
            }
        }
    }

    /// Writes the settings to `place`.
    ///
    /// # Errors
    /// Those of the system; the earlier file then still exists.
    pub fn save(&self, place: &Path) -> io::Result<()> {
        let folder = place.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder)?;
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        serde_json::to_writer_pretty(&mut file, self)?;
        file.write_all(b"\n")?;
        file.persist(place)?;
        Ok(())
    }

    /// The user has joined this server with this name.
    pub fn joined(&mut self, server: &str, name: &str) {
        self.servers.retain(|it| it != server);
        self.servers.insert(0, server.to_owned());
        self.servers.truncate(MOST_SERVERS);
        name.clone_into(&mut self.name);
    }

    /// The file may contain anything.
    fn within_bounds(mut self) -> Self {
        let is_odd = |text: &String| {
            text.len() > LONGEST_TEXT || text.chars().any(char::is_control)
        };
        self.servers.retain(|server| !is_odd(server));
        self.servers.truncate(MOST_SERVERS);
        if is_odd(&self.name) {
            self.name.clear();
        }
        self.width = self.width.clamp(SMALLEST_SIZE.0, LARGEST_SIZE.0);
        self.height = self.height.clamp(SMALLEST_SIZE.1, LARGEST_SIZE.1);
        self.zoom = if self.zoom.is_finite() {
            self.zoom.clamp(SMALLEST_ZOOM, LARGEST_ZOOM)
        } else {
            1.0
        };
        self
    }
}

fn read(place: &Path) -> io::Result<Remembered> {
    let mut text = String::new();
    File::open(place)?
        .take(LARGEST_FILE)
        .read_to_string(&mut text)?;
    Ok(serde_json::from_str(&text)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn saved_settings_are_loaded_again() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("sash").join("window.json");
        assert_eq!(Remembered::load(&place), Remembered::default());
        let mut remembered = Remembered {
            theme: Theme::Dark,
            zoom: 1.25,
            ..Remembered::default()
        };
        remembered.joined("localhost:50000", "dana");
        remembered.save(&place).unwrap();
        assert_eq!(Remembered::load(&place), remembered);
    }

    #[test]
    fn a_damaged_settings_file_costs_only_the_settings() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("window.json");
        fs::write(&place, b"{\"servers\": [\"a\", ").unwrap();
        assert_eq!(Remembered::load(&place), Remembered::default());
        let odd = r#"{"servers": ["a\u0007b", "c"], "width": -7, "height": 99999999,
            "zoom": 1e9, "from_a_later_version": true}"#;
        fs::write(&place, odd).unwrap();
        let read = Remembered::load(&place);
        assert_eq!(read.servers, ["c"]);
        assert_eq!((read.width, read.height), (SMALLEST_SIZE.0, LARGEST_SIZE.1));
        assert!((read.zoom - 3.0).abs() < f32::EPSILON);
    }

    #[test]
    fn the_newest_server_is_listed_first_and_the_list_is_bounded() {
        let mut remembered = Remembered::default();
        for number in 0..20 {
            remembered.joined(&format!("server{number}"), "dana");
        }
        remembered.joined("server15", "guy");
        assert_eq!(remembered.servers.len(), MOST_SERVERS);
        assert_eq!(remembered.servers[..2], ["server15", "server19"]);
        assert_eq!(remembered.name, "guy");
    }
}
