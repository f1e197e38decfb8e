//! Byte strings: a file's SHA-256, a transfer's token, the messages of a login.
//!
//! Both travel as lower-case hexadecimal on the chat connection and as raw bytes in
//! packets. This file only holds and prints them; the disk thread computes hashes, the
//! server makes tokens, and [`room::login`](crate::room::login) does logins.
//!
//! ```
//! use sash::wire::digest::Token;
//! let token: Token = "000102030405060708090a0b0c0d0e0f".parse().unwrap();
//! assert_eq!(token.0[15], 15);
//! assert_eq!(token.to_string(), "000102030405060708090a0b0c0d0e0f");
//! ```
//!
//! Source: FIPS 180-4 (SHA-256); RFC 4086 (why a token is drawn at random).

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::fmt;
use std::str::FromStr;

/// The SHA-256 of a whole file: what `sha256sum` prints. Shape: 32 bytes.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest(pub [u8; 32]);

/// The client that has it may begin the transfer. Shape: 128 random bits.
///
/// Its `Debug` hides all but the first two bytes, so that no log gives it away.
#[derive(Clone, Copy)]
pub struct Token(pub [u8; 16]);

/// The MAC at the end of a packet ([`mac`](super::mac)). Shape: 16 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mac(pub [u8; 16]);

/// One side's public message of a login by password. Shape: a byte for the side (`A` the
/// client, `B` the server) and a point on the curve of Ed25519.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Exchange(pub [u8; 33]);

/// The proof that one side of a login has the same key: an HMAC-SHA-256. Shape: 32 bytes.
#[derive(Debug, Clone, Copy)]
pub struct Confirmation(pub [u8; 32]);

/// Whether both are equal, in a time that does not depend on where they differ, so that
/// it reveals nothing about a guess.
fn are_equal(one: &[u8], other: &[u8]) -> bool {
    let difference = one.iter().zip(other).fold(0, |all, (a, b)| all | (a ^ b));
    one.len() == other.len() && std::hint::black_box(difference) == 0
}

impl PartialEq for Token {
    fn eq(&self, other: &Self) -> bool {
        are_equal(&self.0, &other.0)
    }
}

impl Eq for Token {}

impl PartialEq for Confirmation {
    fn eq(&self, other: &Self) -> bool {
        are_equal(&self.0, &other.0)
    }
}

impl Eq for Confirmation {}

/// A text that is not the hexadecimal form of a value: the expected length and the actual
/// one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotHexadecimal {
    /// The expected number of hexadecimal digits.
    pub wanted_digits: usize,
    /// The actual number of characters.
    pub found_characters: usize,
}

impl fmt::Display for NotHexadecimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            wanted_digits,
            found_characters,
        } = self;
        write!(
            f,
            "not hexadecimal: {found_characters} characters, but {wanted_digits} digits \
             expected"
        )
    }
}

impl std::error::Error for NotHexadecimal {}

fn write_hexadecimal(bytes: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
}

fn read_hexadecimal<const N: usize>(text: &str) -> Result<[u8; N], NotHexadecimal> {
    let refusal = NotHexadecimal {
        wanted_digits: 2 * N,
        found_characters: text.chars().count(),
    };
    let digits = text.as_bytes();
    if digits.len() != 2 * N || !digits.iter().all(u8::is_ascii_hexdigit) {
        return Err(refusal);
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let pair = std::str::from_utf8(pair).map_err(|_| refusal)?;
        *byte = u8::from_str_radix(pair, 16).map_err(|_| refusal)?;
    }
    Ok(bytes)
}

/// Text and JSON of a value that is a row of bytes.
macro_rules! as_hexadecimal {
    ($($value:ident),*) => {$(
        impl fmt::Display for $value {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_hexadecimal(&self.0, f)
            }
        }

        impl FromStr for $value {
            type Err = NotHexadecimal;

            fn from_str(text: &str) -> Result<Self, NotHexadecimal> {
                read_hexadecimal(text).map(Self)
            }
        }

        impl Serialize for $value {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $value {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                String::deserialize(from)?.parse().map_err(de::Error::custom)
            }
        }
    )*};
}

as_hexadecimal!(Digest, Token, Exchange, Confirmation, Mac);

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token({:02x}{:02x}..)", self.0[0], self.0[1])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_of_the_wrong_length_or_alphabet_is_refused() {
        assert!("00".parse::<Digest>().is_err());
        assert!("zz".repeat(32).parse::<Digest>().is_err());
        assert!("é".repeat(32).parse::<Digest>().is_err());
        assert_eq!("ff".repeat(32).parse(), Ok(Digest([255; 32])));
    }

    #[test]
    fn secrets_are_compared_in_full() {
        let secret = [7; 32];
        assert!(are_equal(&secret, &secret));
        for place in 0..secret.len() {
            let mut other = secret;
            other[place] ^= 1;
            assert!(!are_equal(&secret, &other));
            assert_ne!(Confirmation(secret), Confirmation(other));
        }
        assert!(!are_equal(&secret, &secret[1..]));
    }

    #[test]
    fn a_token_never_appears_in_full_in_a_log() {
        assert_eq!(format!("{:?}", Token([7; 16])), "Token(0707..)");
    }
}
