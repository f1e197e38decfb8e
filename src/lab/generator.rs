//! Random numbers from a seed, for the laboratory.

/// A pseudo-random generator: splitmix64 (Steele, Lea, Flood, 2014).
pub(super) struct Generator(u64);

impl Generator {
    /// The same seed, the same numbers.
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// One of these, each as likely as the others.
    pub(super) fn one_of<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        let place = self.next() % choices.len() as u64;
        &choices[usize::try_from(place).unwrap_or_default()]
    }

    /// A number from 0 to 1, without 1.
    #[expect(
        clippy::cast_precision_loss,
        reason = "the upper 53 bits are exact in an f64"
    )]
    pub(super) fn share(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A number between two positive ones, on a logarithmic scale.
    pub(super) fn between_by_ratio(&mut self, least: f64, most: f64) -> f64 {
        least * (most / least).powf(self.share())
    }
}
