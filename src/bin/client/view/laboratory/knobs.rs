//! Sliders over the link, one below the other; each takes effect at once.

use super::playing::slider;
use super::{RequestCallback, labels, look};
use fltk::enums::Align;
use fltk::frame::Frame;
use fltk::group::Flex;
use fltk::prelude::*;
use fltk::valuator::HorNiceSlider;
use sash::lab::page::LaboratoryRequest;
use sash::lab::page::knob::Knob;
use sash::link::Scenario;
use std::rc::Rc;

/// The sliders.
pub(super) struct Knobs {
    column: Flex,
    rows: Vec<(Knob, HorNiceSlider, Frame)>,
    shown: Option<String>,
}

/// The height of one slider. Unit: pixels.
const HEIGHT: i32 = 20;

impl Knobs {
    /// Makes them in the column that is being built.
    pub(super) fn new(side: &mut Flex, report: &RequestCallback) -> Self {
        let mut column = Flex::default().column();
        column.set_pad(0);
        let rows = Knob::ALL.map(|knob| {
            let mut row = Flex::default().row();
            row.set_pad(4);
            let caption = small(knob.word());
            row.fixed(&caption, 64);
            let mut slider = slider(knob.tip());
            let last = u32::try_from(knob.values().len() - 1).unwrap_or(1);
            slider.set_range(0.0, f64::from(last));
            slider.set_step(1.0, 1);
            let mut value = small("");
            value.set_align(Align::Right | Align::Inside);
            row.fixed(&value, 66);
            row.end();
            let report = Rc::clone(report);
            slider.set_callback(move |slider| {
                report(LaboratoryRequest::Turn(knob, place(slider.value())));
            });
            (knob, slider, value)
        });
        column.end();
        side.fixed(&column, HEIGHT * 8);
        Self {
            column,
            rows: rows.into(),
            shown: None,
        }
    }

    /// The column, for the layout.
    pub(super) fn widget(&mut self) -> &mut Flex {
        &mut self.column
    }

    /// Moves the sliders to the values of this line; an invalid line moves none.
    pub(super) fn show(&mut self, line: &str) {
        if self.shown.as_deref() == Some(line) {
            return;
        }
        self.shown = Some(line.to_owned());
        let Ok(scenario) = line.parse::<Scenario>() else {
            return;
        };
        for (knob, slider, value) in &mut self.rows {
            let at = knob.place(&scenario);
            slider.set_value(f64::from(u32::try_from(at).unwrap_or(0)));
            look::set_label(value, &labels::label(knob.value(line)));
        }
    }
}

fn small(label: &str) -> Frame {
    let mut small = look::caption(label);
    small.set_label_size(look::SMALL);
    small
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a slider's whole steps"
)]
fn place(value: f64) -> usize {
    value.round().max(0.0) as usize
}
