//! Opens the laboratory's page in the user's browser, at an experiment.
//!
//! The experiment is in the fragment of the address (`#open=run&...`). Programs that open
//! a file drop the fragment, so the browser gets a small file that redirects to the page.

use crate::system::page_file;
use crate::transfer::threads;
use std::io::{self, Write};
use std::path::Path;

/// The link to the page on this computer, or to its file name if it is not there.
#[must_use]
pub fn link(fragment: &str) -> String {
    let page = page_file::find().and_then(|page| page.canonicalize().ok());
    let page = page.map_or("laboratory.html".to_owned(), |page| url(&page));
    page + fragment
}

/// Opens the page in the browser.
///
/// # Errors
/// A sentence: the page does not exist, or cannot be opened.
pub fn open_page(fragment: &str) -> Result<(), String> {
    let page = page_file::find().and_then(|page| page.canonicalize().ok());
    let Some(page) = page else {
        return Err(
            "The laboratory's page is not here. Build it with ./sash web.".into(),
        );
    };
    let cannot = |error: io::Error| format!("Cannot open the browser: {error}.");
    let step = stepping_stone(&(url(&page) + fragment)).map_err(cannot)?;
    let work = move || {
        if let Err(error) = open::that(&step) {
            log::error!("cannot open the browser: {error}");
        }
    };
    threads::start("browser".to_owned(), work)
        .map(drop)
        .map_err(cannot)
}

/// A file that redirects to this address. It stays, because the browser reads it later.
fn stepping_stone(address: &str) -> io::Result<std::path::PathBuf> {
    let mut file = tempfile::Builder::new()
        .prefix("sash-laboratory-")
        .suffix(".html")
        .tempfile()?;
    file.write_all(redirect(address).as_bytes())?;
    let (_, path) = file.keep().map_err(io::Error::from)?;
    Ok(path)
}

fn redirect(address: &str) -> String {
    let mut quoted = String::new();
    for character in address.chars() {
        match character {
            '&' => quoted.push_str("&amp;"),
            '"' => quoted.push_str("&quot;"),
            '<' => quoted.push_str("&lt;"),
            _ => quoted.push(character),
        }
    }
    format!(
        "<!doctype html><meta charset=\"utf-8\"><title>Sash: the laboratory</title>\n\
         <meta http-equiv=\"refresh\" content=\"0; url={quoted}\">\n\
         <p><a href=\"{quoted}\">Open the laboratory</a></p>\n"
    )
}

/// `file:///home/dana/laboratory.html`; on Windows without the prefix of a whole path.
///
/// Source: RFC 8089 (file URLs).
fn url(path: &Path) -> String {
    let path = path.to_string_lossy().replace('\\', "/");
    let path = path.strip_prefix("//?/").unwrap_or(&path);
    let mut address = String::from("file://");
    if !path.starts_with('/') {
        address.push('/');
    }
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~:".contains(&byte) {
            address.push(char::from(byte));
        } else {
            let _ = std::fmt::Write::write_fmt(&mut address, format_args!("%{byte:02X}"));
        }
    }
    address
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_becomes_an_address_on_each_system() {
        let of = |text: &str| url(Path::new(text));
        assert_eq!(of("/a b/l.html"), "file:///a%20b/l.html");
        assert_eq!(of(r"\\?\C:\Sash\l.html"), "file:///C:/Sash/l.html");
        assert_eq!(of("/#x/l.html"), "file:///%23x/l.html");
    }

    #[test]
    fn the_stepping_stone_carries_the_whole_address_and_nothing_else_of_it() {
        let page = redirect("file:///l.html#open=run&link=a\"><script>");
        let wanted = "url=file:///l.html#open=run&amp;link=a&quot;>&lt;script>\"";
        assert!(page.contains(wanted), "{page}");
        assert!(!page.contains("<script"), "{page}");
    }
}
