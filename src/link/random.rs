//! Random decisions without a generator: a hash of the name of a packet.
//!
//! A random generator would give its third number to the third packet, so a protocol that
//! sends one more packet would meet other losses from then on. A hash of the packet's
//! name does not depend on what was sent before it.
//!
//! Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators" (2014),
//! the finalizer of splitmix64.

use super::{Direction, Label};

/// The decision to make; each has a random sequence of its own.
#[derive(Debug, Clone, Copy)]
pub(super) enum Purpose {
    Loss = 1,
    Corrupt = 2,
    WhichBit = 3,
    Duplicate = 4,
    Reorder = 5,
    Burst = 6,
    Jitter = 7,
}

/// 64 well-mixed bits for one decision about one packet.
pub(super) fn hash(
    seed: u64,
    direction: Direction,
    label: Label,
    purpose: Purpose,
) -> u64 {
    let direction = match direction {
        Direction::Data => 1,
        Direction::Ack => 2,
    };
    let name = [
        u64::from(label.number),
        u64::from(label.attempt) << 16 | u64::from(label.kind.code()),
        direction << 8 | purpose as u64,
    ];
    name.into_iter()
        .fold(mix(seed), |hash, part| mix(hash ^ mix(part)))
}

/// Whether an event of this probability (0 to 1) occurs.
pub(super) fn happens(hash: u64, probability: f64) -> bool {
    share(hash) < probability
}

/// A hash as a number from 0 to 1, without 1.
#[expect(
    clippy::cast_precision_loss,
    reason = "the upper 53 bits are exact in an f64"
)]
pub(super) fn share(hash: u64) -> f64 {
    (hash >> 11) as f64 / (1_u64 << 53) as f64
}

/// One step of splitmix64.
fn mix(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_generator_is_splitmix64() {
        // The first two outputs for the seed 0, as published with the generator.
        assert_eq!(mix(0), 0xE220_A839_7B1D_CDAF);
        assert_eq!(mix(0x9E37_79B9_7F4A_7C15), 0x6E78_9E6A_A1B9_65F4);
    }

    #[test]
    fn a_probability_of_one_is_always_true_and_zero_is_never_true() {
        for hash in [0, 1, u64::MAX / 2, u64::MAX] {
            assert!(happens(hash, 1.0));
            assert!(!happens(hash, 0.0));
        }
    }
}
