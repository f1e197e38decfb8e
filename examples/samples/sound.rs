//! A scale of eight notes, as eight packets would sound: the fifth is lost (a thud), and
//! after a timeout it is sent again and the scale goes on.

use hound::{SampleFormat, WavSpec, WavWriter};
use std::io::Cursor;

/// The sound as a WAV file, 16 bits, one channel.
pub(crate) fn scale() -> Result<Vec<u8>, hound::Error> {
    let spec = WavSpec {
        channels: 1,
        sample_rate: SAMPLES_PER_SECOND,
        bits_per_sample: 16,
        sample_format: SampleFormat::Int,
    };
    let mut file = Cursor::new(Vec::new());
    let mut writer = WavWriter::new(&mut file, spec)?;
    for sample in samples() {
        writer.write_sample(sample)?;
    }
    writer.finalize()?;
    Ok(file.into_inner())
}

fn samples() -> Vec<i16> {
    let mut sound = vec![0.0; PLACES * SAMPLES_PER_NOTE + SAMPLES_PER_NOTE * 3];
    for (place, &frequency) in PLAYED_HZ.iter().enumerate() {
        let begin = place * SAMPLES_PER_NOTE;
        let (fade, overtone) = if frequency < 200.0 {
            (0.997, 0.0)
        } else {
            (0.9997, 0.4)
        };
        strike(&mut sound[begin..], frequency, 0.45, fade);
        strike(
            &mut sound[begin..],
            frequency * 2.0,
            0.45 * overtone,
            fade * fade,
        );
    }
    sound.into_iter().map(to_sample).collect()
}

/// Adds a bell: a wave that begins at once and fades by the factor `fade` per sample.
fn strike(sound: &mut [f64], frequency: f64, loudness: f64, fade: f64) {
    let mut loudness = loudness;
    let mut turn = 0.0;
    for sample in sound {
        *sample += sine(turn) * loudness;
        turn = (turn + frequency / f64::from(SAMPLES_PER_SECOND)).fract();
        loudness *= fade;
    }
}

/// The sine of a share of a full turn, 0 to 1.
///
/// By Taylor's series: the same digits on every machine, which `f64::sin` does not
/// promise.
fn sine(turn: f64) -> f64 {
    // Folded into -1/4 to 1/4 of a turn, where the series is good to 1e-7.
    let folded = if turn < 0.25 {
        turn
    } else if turn < 0.75 {
        0.5 - turn
    } else {
        turn - 1.0
    };
    let x = folded * std::f64::consts::TAU;
    let square = x * x;
    let inner = 1.0 - square / 72.0 * (1.0 - square / 110.0);
    x * (1.0 - square / 6.0 * (1.0 - square / 20.0 * (1.0 - square / 42.0 * inner)))
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "kept within i16 by the clamp"
)]
fn to_sample(level: f64) -> i16 {
    (level.clamp(-1.0, 1.0) * f64::from(i16::MAX)) as i16
}

/// C5 to C6; where G5 comes first there is a thud instead, then a rest, then G5 again.
const PLAYED_HZ: [f64; PLACES] = [
    523.25, 587.33, 659.26, 698.46, 90.0, 1.0, 783.99, 880.00, 987.77, 1046.50,
];

const PLACES: usize = 10;
const SAMPLES_PER_SECOND: u32 = 16_000;
const SAMPLES_PER_NOTE: usize = 4_500;
