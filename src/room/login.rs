//! The login: both sides prove a password without sending it.
//!
//! Both sides mix the password into an exchange of curve points (SPAKE2) and get the same
//! key only if the password is the same. The messages look random for every password, so
//! a recorded login does not help to test passwords; an attacker who tries one must ask
//! the other side, which counts. Then each side proves with a confirmation, an HMAC over
//! all messages, that it has the key: the client first.
//!
//! ```text
//!   client                                   server
//!   join dana        ----------------------> y random
//!   x random         <--- challenge: B(y) ---
//!   key from B, x    ---- proof: A(x), c --> key from A, y; c right? then in
//!   s right?         <--- welcome: s --------
//! ```
//!
//! The caller provides random numbers ([`Entropy`]); the room counts guesses.
//!
//! ```
//! use sash::room::login::{Entropy, Challenger, Password, answer};
//! use sash::wire::message::Role;
//! let password = Password::new("open sesame").unwrap();
//! let (server, challenge) =
//!     Challenger::new(&password, Role::Room, "dana", Entropy([1; 32])).unwrap();
//! let (proof, client) = answer(&password, &challenge, "dana", Entropy([2; 32])).unwrap();
//! let admission = server.judge(&proof).unwrap();
//! assert!(client.is_confirmed(&admission.confirmation));
//! ```
//!
//! Source: RFC 9382 (SPAKE2; the package's group and encoding are those of
//! python-spake2); RFC 2104 (HMAC); RFC 8265 §4.2 (a password as text).

use crate::wire::digest::{Confirmation, Exchange, Token};
use crate::wire::mac::{TrafficKey, TrafficKeys};
use crate::wire::message::{Challenge, Proof, Role};
use curve25519_dalek::edwards::CompressedEdwardsY;
use hmac::{Hmac, Mac};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use sha2::Sha256;
use spake2::{Ed25519Group, Identity, Spake2};
use std::fmt;
use unicode_normalization::UnicodeNormalization;

/// The knowledge of the two sides. Its `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

/// 32 random bytes for one login; never the same twice. Its `Debug` shows nothing of
/// them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Entropy(pub [u8; 32]);

/// The secrets that only the two sides have after a login. Its `Debug` shows nothing of
/// it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Key([u8; 32]);

/// The server's half, from the challenge to the proof.
pub struct Challenger {
    exchange: Spake2<Ed25519Group>,
    said: Said,
}

/// The client's half, from the proof to the welcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Awaiting {
    key: Key,
    server: Confirmation,
}

/// The result of a correct proof.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admission {
    /// The secrets for the rest of the connection.
    pub key: Key,
    /// The confirmation for the client.
    pub confirmation: Confirmation,
}

/// The reason why a text is no password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasswordError {
    /// It is empty, or only white space.
    Empty,
    /// It has more than [`LONGEST_PASSWORD`] bytes.
    TooLong,
    /// It contains a line break or another control character.
    Control,
}

/// Unit: bytes.
pub const LONGEST_PASSWORD: usize = 1024;

/// The input of each confirmation, besides the key.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Said {
    role: Role,
    name: String,
    server: Exchange,
}

/// The uses of one key, which must not be confused.
const OF_CLIENT: &[u8] = b"sash login 1 client";
const OF_SERVER: &[u8] = b"sash login 1 server";
const FOR_LATER: &[u8] = b"sash login 1 key";
const OF_TOKEN: &[u8] = b"sash token 1";
const OF_CLIENT_TRAFFIC: &[u8] = b"sash traffic 1 client";
const OF_SERVER_TRAFFIC: &[u8] = b"sash traffic 1 server";
const OF_RETURN: &[u8] = b"sash return 1";

impl Password {
    /// A password as it was typed or read from a file, without the line end. The same
    /// letters typed on another keyboard are the same password (NFC).
    ///
    /// # Errors
    /// [`PasswordError`] if it cannot be one.
    pub fn new(text: &str) -> Result<Self, PasswordError> {
        if text.trim().is_empty() {
            return Err(PasswordError::Empty);
        }
        if text.len() > LONGEST_PASSWORD {
            return Err(PasswordError::TooLong);
        }
        if text.chars().any(char::is_control) {
            return Err(PasswordError::Control);
        }
        Ok(Self(text.nfc().collect()))
    }
}

impl Challenger {
    /// Challenges a client that wants to join as `name`, as it was sent. The role and the
    /// message of the returned value are sent; its sentence is empty. `None`: the package
    /// has changed the length of its messages.
    #[must_use]
    pub fn new(
        password: &Password,
        role: Role,
        name: &str,
        entropy: Entropy,
    ) -> Option<(Self, Challenge)> {
        let (exchange, message) = Spake2::start_b_with_rng(
            &spake2::Password::new(password.0.as_bytes()),
            &Identity::new(OF_CLIENT),
            &Identity::new(OF_SERVER),
            ChaCha20Rng::from_seed(entropy.0),
        );
        let message = Exchange(message.try_into().ok()?);
        let said = Said {
            role,
            name: name.to_owned(),
            server: message,
        };
        let challenge = Challenge {
            role,
            message,
            sentence: String::new(),
        };
        Some((Self { exchange, said }, challenge))
    }

    /// Whether the proof shows the same password; each challenge allows one attempt.
    #[must_use]
    pub fn judge(self, proof: &Proof) -> Option<Admission> {
        if has_small_order(&proof.message) {
            return None;
        }
        let shared = self.exchange.finish(&proof.message.0).ok()?;
        let client = self.said.mac(&shared, OF_CLIENT, &proof.message);
        client.verify_slice(&proof.confirmation.0).ok()?; // In constant time.
        Some(Admission {
            key: Key(self.said.tag(&shared, FOR_LATER, &proof.message)),
            confirmation: Confirmation(self.said.tag(&shared, OF_SERVER, &proof.message)),
        })
    }
}

/// The client's answer to a challenge for `name`. `None` if the challenge is invalid: its
/// message is no point of the curve, or one of the eight of small order.
#[must_use]
pub fn answer(
    password: &Password,
    challenge: &Challenge,
    name: &str,
    entropy: Entropy,
) -> Option<(Proof, Awaiting)> {
    let (exchange, message) = Spake2::<Ed25519Group>::start_a_with_rng(
        &spake2::Password::new(password.0.as_bytes()),
        &Identity::new(OF_CLIENT),
        &Identity::new(OF_SERVER),
        ChaCha20Rng::from_seed(entropy.0),
    );
    let message = Exchange(message.try_into().ok()?);
    if has_small_order(&challenge.message) {
        return None;
    }
    let shared = exchange.finish(&challenge.message.0).ok()?;
    let said = Said {
        role: challenge.role,
        name: name.to_owned(),
        server: challenge.message,
    };
    let proof = Proof {
        message,
        confirmation: Confirmation(said.tag(&shared, OF_CLIENT, &message)),
    };
    let awaiting = Awaiting {
        key: Key(said.tag(&shared, FOR_LATER, &message)),
        server: Confirmation(said.tag(&shared, OF_SERVER, &message)),
    };
    Some((proof, awaiting))
}

impl Awaiting {
    /// Whether the server has proven that it knows the password too.
    #[must_use]
    pub fn is_confirmed(&self, confirmation: &Confirmation) -> bool {
        self.server == *confirmation
    }

    /// The secrets of both sides, once the server is confirmed.
    #[must_use]
    pub const fn key(&self) -> Key {
        self.key
    }
}

impl Key {
    /// A random key, for users who did not log in by password.
    #[must_use]
    pub const fn from_entropy(entropy: Entropy) -> Self {
        Self(entropy.0)
    }

    /// The token with which a later connection proves that it is the same client. After a
    /// login by password both sides know it, and `number` is 0; otherwise it is in
    /// `welcome`.
    #[must_use]
    pub fn return_token(&self, number: u64) -> Token {
        let mut mac = keyed(&self.0);
        mac.update(OF_RETURN);
        mac.update(&number.to_be_bytes());
        let mut token = Token([0; 16]);
        token.0.copy_from_slice(&mac.finalize().into_bytes()[..16]);
        token
    }

    /// The token of a transfer, of which the chat connection shows only `drawn`.
    #[must_use]
    pub fn token(&self, drawn: Token, transfer: u64) -> Token {
        let mut token = Token([0; 16]);
        let derived = self.derive(OF_TOKEN, drawn, transfer);
        token.0.copy_from_slice(&derived[..16]);
        token
    }

    /// The client's keys for the MACs of that transfer, which are never sent.
    #[must_use]
    pub fn traffic_keys(&self, drawn: Token, transfer: u64) -> TrafficKeys {
        let key = |of| TrafficKey(self.derive(of, drawn, transfer));
        TrafficKeys {
            send: key(OF_CLIENT_TRAFFIC),
            receive: key(OF_SERVER_TRAFFIC),
        }
    }

    /// Different for each use, transfer and draw: no `of` is a prefix of another.
    fn derive(&self, of: &[u8], drawn: Token, transfer: u64) -> [u8; 32] {
        let mut mac = keyed(&self.0);
        mac.update(of);
        mac.update(&transfer.to_be_bytes());
        mac.update(&drawn.0);
        mac.finalize().into_bytes().into()
    }
}

impl Said {
    fn tag(&self, shared: &[u8], of: &[u8], client: &Exchange) -> [u8; 32] {
        self.mac(shared, of, client).finalize().into_bytes().into()
    }

    /// Each part is preceded by its length, so that different lists of parts differ.
    fn mac(&self, shared: &[u8], of: &[u8], client: &Exchange) -> Hmac<Sha256> {
        let mut mac = keyed(shared);
        let role = self.role.to_string();
        let name = self.name.as_bytes();
        for part in [of, role.as_bytes(), name, &self.server.0, &client.0] {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        mac
    }
}

/// Whether a message is one of the eight points of small order. An honest side sends one
/// with probability 2^-249, and the key that follows from it could be guessed.
///
/// Source: RFC 9382 §4 (group membership), RFC 7748 §6.1.
fn has_small_order(message: &Exchange) -> bool {
    let point = CompressedEdwardsY::from_slice(&message.0[1..]).ok();
    let point = point.and_then(|point| point.decompress());
    point.is_some_and(|point| point.is_small_order())
}

fn keyed(key: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("HMAC takes a key of any length")
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(..)")
    }
}

impl fmt::Debug for Entropy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Chance(..)")
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(..)")
    }
}

impl fmt::Debug for Challenger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Challenger")
            .field("said", &self.said)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for PasswordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("password unusable: it is empty"),
            Self::TooLong => {
                write!(
                    f,
                    "password unusable: it is longer than {LONGEST_PASSWORD} bytes"
                )
            }
            Self::Control => f.write_str(
                "password unusable: it contains a control character or a second line",
            ),
        }
    }
}

impl std::error::Error for PasswordError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn password(text: &str) -> Password {
        Password::new(text).unwrap()
    }

    /// A login of two sides with these passwords; returns the result of each side.
    fn login(servers: &str, clients: &str, name: &str) -> (Option<Admission>, Awaiting) {
        let (server, challenge) =
            Challenger::new(&password(servers), Role::Room, "dana", Entropy([1; 32]))
                .unwrap();
        let (proof, client) =
            answer(&password(clients), &challenge, name, Entropy([2; 32])).unwrap();
        (server.judge(&proof), client)
    }

    #[test]
    fn client_and_server_with_the_same_password_derive_and_confirm_the_same_key() {
        let (admission, client) = login("open sesame", "open sesame", "dana");
        let admission = admission.unwrap();
        assert!(client.is_confirmed(&admission.confirmation));
        assert_eq!(admission.key, client.key());
    }

    #[test]
    fn a_wrong_password_or_another_name_gives_no_valid_proof() {
        assert_eq!(login("open sesame", "open sesamf", "dana").0, None);
        assert_eq!(login("open sesame", "open sesame", "guy").0, None);
    }

    #[test]
    fn a_server_that_does_not_know_the_password_gives_no_valid_confirmation() {
        // The server lets everybody join, but its confirmation is from another key.
        let (server, challenge) =
            Challenger::new(&password("guess"), Role::Room, "dana", Entropy([1; 32]))
                .unwrap();
        let right = password("open sesame");
        let (proof, client) =
            answer(&right, &challenge, "dana", Entropy([2; 32])).unwrap();
        let shared = server.exchange.finish(&proof.message.0).unwrap();
        let said = Confirmation(server.said.tag(&shared, OF_SERVER, &proof.message));
        assert!(!client.is_confirmed(&said));
        // The client's own confirmation, sent back, is not accepted either.
        assert!(!client.is_confirmed(&proof.confirmation));
    }

    #[test]
    fn a_proof_is_valid_for_one_challenge_and_one_role_only() {
        let sesame = password("open sesame");
        let challenge_of = |role, entropy| {
            Challenger::new(&sesame, role, "dana", Entropy([entropy; 32])).unwrap()
        };
        let (server, challenge) = challenge_of(Role::Room, 1);
        let (proof, _) = answer(&sesame, &challenge, "dana", Entropy([2; 32])).unwrap();
        for (role, entropy) in [(Role::Room, 3), (Role::Teacher, 1)] {
            assert_eq!(challenge_of(role, entropy).0.judge(&proof), None);
        }
        assert!(server.judge(&proof).is_some());
    }

    #[test]
    fn invalid_points_and_reflected_messages_are_refused() {
        let sesame = password("open sesame");
        let challenge_of =
            || Challenger::new(&sesame, Role::Room, "dana", Entropy([1; 32])).unwrap();
        let (_, challenge) = challenge_of();
        let (proof, _) = answer(&sesame, &challenge, "dana", Entropy([2; 32])).unwrap();
        for message in [Exchange([0; 33]), Exchange([0xff; 33]), challenge.message] {
            let forged = Proof {
                message,
                ..proof.clone()
            };
            assert_eq!(challenge_of().0.judge(&forged), None);
        }
        let reflected = Challenge {
            message: proof.message,
            ..challenge
        };
        assert_eq!(answer(&sesame, &reflected, "dana", Entropy([2; 32])), None);
    }

    #[test]
    fn login_messages_change_with_the_random_seed_and_reveal_nothing_about_the_password()
    {
        // Two passwords with the same random numbers, and one with two sets: all four
        // messages differ, and each is a point of the curve.
        let message = |text: &str, entropy| {
            let (_, challenge) = Challenger::new(
                &password(text),
                Role::Room,
                "dana",
                Entropy([entropy; 32]),
            )
            .unwrap();
            challenge.message.0
        };
        let messages = [
            message("a", 1),
            message("b", 1),
            message("a", 2),
            message("b", 2),
        ];
        for (index, one) in messages.iter().enumerate() {
            assert_eq!(one[0], b'B');
            assert!(!messages[..index].contains(one));
        }
    }

    #[test]
    fn a_token_depends_on_the_key_the_transfer_and_the_random_value() {
        let token =
            |key, drawn, transfer| Key([key; 32]).token(Token([drawn; 16]), transfer);
        assert_eq!(token(1, 2, 3), token(1, 2, 3));
        for other in [token(9, 2, 3), token(1, 9, 3), token(1, 2, 9)] {
            assert_ne!(other, token(1, 2, 3));
        }
        assert_ne!(token(1, 2, 3), Token([2; 16]));
    }

    #[test]
    fn each_transfer_has_its_own_traffic_key_for_each_direction() {
        let keys = |key, drawn, transfer| {
            Key([key; 32]).traffic_keys(Token([drawn; 16]), transfer)
        };
        let one = keys(1, 2, 3);
        assert_eq!(one, keys(1, 2, 3));
        let mut all = vec![Key([1; 32]).derive(OF_TOKEN, Token([2; 16]), 3)];
        for it in [one, keys(9, 2, 3), keys(1, 9, 3), keys(1, 2, 9)] {
            for key in [it.send.0, it.receive.0] {
                assert!(!all.contains(&key));
                all.push(key);
            }
        }
    }

    #[test]
    fn the_login_example_of_the_report_matches_the_implementation() {
        // Computed in Python from the scalars, with only `report/wire.md`. The scalars
        // are those that the generator makes from these seeds.
        let listing = include_str!("../../tests/golden/login.txt");
        let hex = |bytes: &[u8]| {
            let digits = bytes.iter().map(|byte| format!("{byte:02x}"));
            digits.collect::<String>()
        };
        let sesame = password("open sesame");
        let (server, challenge) =
            Challenger::new(&sesame, Role::Room, "dana", Entropy([1; 32])).unwrap();
        let shared = |proof: &Proof| {
            let (server, _) =
                Challenger::new(&sesame, Role::Room, "dana", Entropy([1; 32])).unwrap();
            server.exchange.finish(&proof.message.0).unwrap()
        };
        let (proof, client) =
            answer(&sesame, &challenge, "dana", Entropy([2; 32])).unwrap();
        let shared = shared(&proof);
        let admission = server.judge(&proof).unwrap();
        assert!(client.is_confirmed(&admission.confirmation));
        let token = admission.key.return_token(0);
        for (what, value) in [
            ("the client's message", hex(&proof.message.0)),
            ("the server's message", hex(&challenge.message.0)),
            ("K", hex(&shared)),
            ("confirmation in proof", hex(&proof.confirmation.0)),
            ("confirmation in welcome", hex(&admission.confirmation.0)),
            ("the connection's key", hex(&admission.key.0)),
            ("the return token", hex(&token.0)),
        ] {
            let line = format!("{what:25}{value}\n");
            assert!(listing.contains(&line), "{line}");
        }
    }

    #[test]
    fn the_key_example_of_the_report_yields_its_token_and_traffic_keys() {
        // Computed with Python's `hmac`, as `report/wire.md` describes.
        let hex = |bytes: &[u8]| {
            let digits = bytes.iter().map(|byte| format!("{byte:02x}"));
            digits.collect::<String>()
        };
        let key = Key(std::array::from_fn(|at| u8::try_from(at).unwrap()));
        let drawn = "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf".parse().unwrap();
        assert_eq!(
            hex(&key.token(drawn, 7).0),
            "896d1bd36d07c4a446183e3b38ef5620"
        );
        let keys = key.traffic_keys(drawn, 7);
        assert_eq!(
            hex(&keys.send.0),
            "e12cf31beef855223158215b6823098d43a8f58a6db8c7213bf4e9f2e17edd65"
        );
        assert_eq!(
            hex(&keys.receive.0),
            "11166eaa0be432199b55012f0faac49fbbe7c6fb78785d6de5c123e76e22d3fb"
        );
    }

    #[test]
    fn a_password_is_normalized_and_must_not_be_empty() {
        assert_eq!(password("e\u{301}t\u{e9}"), password("\u{e9}te\u{301}"));
        assert_ne!(password("Sesame"), password("sesame"));
        assert_eq!(Password::new(" \t"), Err(PasswordError::Empty));
        assert_eq!(Password::new("a\nb"), Err(PasswordError::Control));
        let long = "a".repeat(LONGEST_PASSWORD + 1);
        assert_eq!(Password::new(&long), Err(PasswordError::TooLong));
    }

    #[test]
    fn a_point_of_small_order_is_refused_as_a_login_message() {
        let password = password("open sesame");
        for point in curve25519_dalek::constants::EIGHT_TORSION {
            let mut bytes = [0; 33];
            bytes[1..].copy_from_slice(&point.compress().0);
            let mut message = |whose: u8| {
                bytes[0] = whose;
                Exchange(bytes)
            };
            let [a, b] = [b'A', b'B'].map(&mut message);
            let entropy = Entropy([1; 32]);
            let (server, mut challenge) =
                Challenger::new(&password, Role::Room, "dana", entropy).unwrap();
            // Even a confirmation that is correct for the key of this point.
            let shared = server.exchange.finish(&a.0).unwrap();
            let confirmation = Confirmation(server.said.tag(&shared, OF_CLIENT, &a));
            let message = a;
            let proof = Proof {
                message,
                confirmation,
            };
            let (server, _) =
                Challenger::new(&password, Role::Room, "dana", entropy).unwrap();
            assert_eq!(server.judge(&proof), None);
            challenge.message = b;
            assert_eq!(answer(&password, &challenge, "dana", entropy), None);
        }
    }

    #[test]
    fn no_secret_appears_in_debug_output() {
        let (admission, client) = login("open sesame", "open sesame", "dana");
        let shown = format!("{:?} {admission:?} {client:?}", password("open sesame"));
        assert!(!shown.contains("sesame"));
        assert!(shown.contains("Key(..)"), "{shown}");
    }
}
