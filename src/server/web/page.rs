//! The page that is served: `laboratory.html`, read once at the start.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::Path;
use std::sync::Arc;

/// The bytes of the page. A clone is another handle.
#[derive(Debug, Clone)]
pub struct Page(pub(super) Arc<[u8]>);

/// The limit of its size: a larger file is not this page. Unit: bytes.
const LARGEST: u64 = 8 * 1024 * 1024;

/// The page takes part in questions if this is `yes`; then it may send requests to its
/// own server. A copy on a disk or on a course page sends none.
const MARK: (&str, &str) = (
    "<html lang=\"en\" data-class=\"no\">",
    "<html lang=\"en\" data-class=\"yes\">",
);

/// The page's own rule against requests.
const RULE: (&str, &str) = (
    "default-src 'none';",
    "default-src 'none'; connect-src 'self';",
);

impl Page {
    /// Reads the page; with a class, it asks for the class's questions.
    ///
    /// # Errors
    /// A sentence with a way out, and the system's kind of error.
    pub fn read(path: &Path, is_class: bool) -> io::Result<Self> {
        let text = read(path).map_err(|error| {
            let sentence = format!(
                "cannot read the laboratory's page {}: {error}. Build it with ./sash \
                 web, or name another file with --web-page.",
                path.display()
            );
            io::Error::new(error.kind(), sentence)
        })?;
        let text = if is_class {
            let marked = text.replacen(MARK.0, MARK.1, 1);
            marked.replacen(RULE.0, RULE.1, 1)
        } else {
            text
        };
        Ok(Self(text.into_bytes().into()))
    }
}

fn read(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?
        .take(LARGEST + 1)
        .read_to_string(&mut text)?;
    let is_page = [MARK.0, RULE.0].iter().all(|mark| text.contains(mark));
    if text.len() as u64 > LARGEST || !is_page {
        let sentence = "it is not the page of this version of Sash";
        return Err(io::Error::new(ErrorKind::InvalidData, sentence));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_page_for_a_class_may_ask_its_server() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("laboratory.html");
        let missing = Page::read(&path, true).unwrap_err().to_string();
        assert!(missing.contains("./sash web"), "{missing}");
        std::fs::write(&path, "<html>").unwrap();
        assert!(Page::read(&path, true).is_err());
        std::fs::write(&path, include_str!("../../../web/page/page.html")).unwrap();
        let text = |is_class| {
            let page = Page::read(&path, is_class).unwrap();
            String::from_utf8(page.0.to_vec()).unwrap()
        };
        assert!(text(true).contains("connect-src 'self'"));
        assert!(text(true).contains("data-class=\"yes\""));
        assert!(!text(false).contains("connect-src"));
        assert!(text(false).contains("data-class=\"no\""));
    }
}
