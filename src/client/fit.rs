//! Fits the size of a window to its screen.
//!
//! A window is measured in units of `zoom` pixels. If the smallest window does not fit,
//! the zoom is reduced, and then the window, so that nothing is outside the screen.
//!
//! ```
//! use sash::client::fit::{Fit, fit};
//! let projector = fit((1024, 768), (1000, 700), 1.4);
//! assert_eq!(projector, Fit { width: 800, height: 600, zoom: 1.28 });
//! ```

/// A size that fits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fit {
    /// Unit: pixels without zoom.
    pub width: i32,
    /// Unit: pixels without zoom.
    pub height: i32,
    /// Pixels of the screen per pixel without zoom.
    pub zoom: f32,
}

/// The smallest window in which everything can be read. Unit: pixels without zoom.
pub const SMALLEST_SIZE: (i32, i32) = (800, 600);

/// The smallest zoom at which letters are readable.
pub const SMALLEST_ZOOM: f32 = 0.5;

/// The largest zoom that a user can choose.
pub const LARGEST_ZOOM: f32 = 3.0;

/// The size and zoom nearest to the requested ones.
///
/// `area`: what the screen leaves to windows, in pixels. `size`: in pixels without zoom.
#[must_use]
pub fn fit(area: (i32, i32), size: (i32, i32), zoom: f32) -> Fit {
    let shares = [
        ratio(area.0, SMALLEST_SIZE.0),
        ratio(area.1, SMALLEST_SIZE.1),
    ];
    let largest = shares.into_iter().fold(LARGEST_ZOOM, f32::min);
    let zoom = zoom.min(largest).max(SMALLEST_ZOOM);
    Fit {
        width: size.0.min(units(area.0, zoom)).max(SMALLEST_SIZE.0),
        height: size.1.min(units(area.1, zoom)).max(SMALLEST_SIZE.1),
        zoom,
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a zoom has a few digits")]
fn ratio(pixels: i32, units: i32) -> f32 {
    (f64::from(pixels) / f64::from(units)) as f32
}

#[expect(clippy::cast_possible_truncation, reason = "a size on a screen")]
fn units(pixels: i32, zoom: f32) -> i32 {
    // A thousandth of a pixel more: a zoom is rounded to 24 bits.
    (f64::from(pixels) / f64::from(zoom) + 1e-3).floor() as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_projector_window_fits_every_usual_screen() {
        for area in [(800, 600), (1024, 768), (1366, 768), (1920, 1080)] {
            let Fit {
                width,
                height,
                zoom,
            } = fit(area, (1000, 700), 1.4);
            for (units, pixels) in [(width, area.0), (height, area.1)] {
                let taken = f64::from(units) * f64::from(zoom);
                assert!(taken <= f64::from(pixels) + 1.0, "{area:?}: {taken}");
            }
            assert!(width >= SMALLEST_SIZE.0 && height >= SMALLEST_SIZE.1);
        }
    }

    #[test]
    fn a_window_has_its_preferred_size_where_the_screen_allows_it() {
        let wanted = Fit {
            width: 1000,
            height: 700,
            zoom: 1.4,
        };
        assert_eq!(fit((1920, 1080), (1000, 700), 1.4), wanted);
    }
}
