//! The address of a server as a user types it: `HOST`, `HOST:PORT`, `[::1]:50000`, or
//! nothing.
//!
//! ```
//! use sash::client::address::ServerAddress;
//! let address = ServerAddress::read("[::1]:7000").unwrap();
//! assert_eq!((address.host.as_str(), address.port), ("::1", 7000));
//! assert_eq!(ServerAddress::read("").unwrap().to_string(), "localhost:50000");
//! ```
//!
//! Nothing is resolved here: that takes time, so the chat connection does it.
//!
//! Source: RFC 3986 §3.2.2 (brackets around an IPv6 address).

use std::fmt;

/// A host, by name or by number, and a TCP port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerAddress {
    /// A name or an address, without brackets.
    pub host: String,
    /// The chat's TCP port.
    pub port: u16,
}

/// The default port of a server.
pub const DEFAULT_PORT: u16 = 50_000;

impl ServerAddress {
    /// Reads the text of a user; an empty host means this computer, no port means
    /// [`DEFAULT_PORT`].
    ///
    /// # Errors
    /// A sentence for the user if a part cannot be a host or a port.
    pub fn read(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let (host, port) = split(text)?;
        let host = if host.is_empty() { "localhost" } else { host };
        if host.contains(|c: char| c.is_whitespace() || c.is_control() || c == '/') {
            return Err(format!(
                "{host:?} is not the name of a server. Write HOST or HOST:PORT."
            ));
        }
        Ok(Self {
            host: host.to_owned(),
            port: port.map_or(Ok(DEFAULT_PORT), read_port)?,
        })
    }

    /// As [`ServerAddress::read`], with the port in a field of its own; a port within
    /// `server` has priority, and an empty field means [`DEFAULT_PORT`].
    ///
    /// # Errors
    /// As [`ServerAddress::read`].
    pub fn read_fields(server: &str, port: &str) -> Result<Self, String> {
        let mut address = Self::read(server)?;
        let has_own_port = split(server.trim())?.1.is_some();
        if !has_own_port && !port.trim().is_empty() {
            address.port = read_port(port.trim())?;
        }
        Ok(address)
    }
}

/// Splits the port off, if there is one.
fn split(text: &str) -> Result<(&str, Option<&str>), String> {
    if let Some(rest) = text.strip_prefix('[') {
        let Some((host, after)) = rest.split_once(']') else {
            return Err(format!("{text:?} lacks the closing bracket."));
        };
        return match after.strip_prefix(':') {
            Some(port) => Ok((host, Some(port))),
            None if after.is_empty() => Ok((host, None)),
            None => Err(format!("{text:?} has extra characters after the bracket.")),
        };
    }
    Ok(match text.rsplit_once(':') {
        // More than one colon without brackets is an IPv6 address without a port.
        Some((host, port)) if !host.contains(':') => (host, Some(port)),
        Some(_) | None => (text, None),
    })
}

fn read_port(text: &str) -> Result<u16, String> {
    match text.parse() {
        Ok(port) if port > 0 => Ok(port),
        Ok(_) | Err(_) => Err(format!("{text:?} is not a port. Choose 1 to 65535.")),
    }
}

impl fmt::Display for ServerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            return write!(f, "[{}]:{}", self.host, self.port);
        }
        write!(f, "{}:{}", self.host, self.port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> String {
        ServerAddress::read(text).map_or_else(|sentence| sentence, |it| it.to_string())
    }

    #[test]
    fn every_usual_notation_of_an_address_is_parsed() {
        assert_eq!(read(" 10.0.0.7 "), "10.0.0.7:50000");
        assert_eq!(read(":7000"), "localhost:7000");
        assert_eq!(read("::1"), "[::1]:50000");
        assert_eq!(read("[::1]"), "[::1]:50000");
        assert_eq!(read("example.org:1"), "example.org:1");
    }

    #[test]
    fn an_invalid_port_is_reported_in_a_sentence() {
        assert_eq!(read("a:0"), "\"0\" is not a port. Choose 1 to 65535.");
        assert_eq!(read("a:x"), "\"x\" is not a port. Choose 1 to 65535.");
        assert_eq!(read("a:"), "\"\" is not a port. Choose 1 to 65535.");
        assert!(read("[::1").contains("closing bracket"));
        assert!(read("two words").contains("is not the name of a server"));
    }

    #[test]
    fn a_port_in_the_server_field_takes_precedence_over_the_port_field() {
        let address = ServerAddress::read_fields("host:1", "2").unwrap();
        assert_eq!(address.port, 1);
        let address = ServerAddress::read_fields("", " 2 ").unwrap();
        assert_eq!(address.to_string(), "localhost:2");
    }
}
