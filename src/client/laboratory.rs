//! The laboratory's page in the window, without the window.
//!
//! | module | is |
//! | --- | --- |
//! | [`knob`] | sliders over a link |
//! | `setup` | the fields, and what they mean |

pub mod knob;
mod setup;

pub use setup::{SIZES, Setup};
