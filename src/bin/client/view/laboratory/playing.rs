//! The playing controls: buttons, slow motion, and time.

use super::{RequestCallback, look};
use fltk::button::Button;
use fltk::enums::FrameType;
use fltk::frame::Frame;
use fltk::group::Flex;
use fltk::prelude::*;
use fltk::valuator::HorNiceSlider;
use sash::client::words;
use sash::lab::page::{Laboratory, LaboratoryRequest, ONE_WAY_DELAYS};
use std::rc::Rc;
use std::time::Duration;

/// The row.
pub(super) struct Playing {
    play: Button,
    one_way_delay: HorNiceSlider,
    one_way_delay_words: Frame,
    time: HorNiceSlider,
    time_words: Frame,
}

/// Steps of the slider over time.
const PLACES: f64 = 1_000.0;

impl Playing {
    /// Makes the row in the column that is being built.
    pub(super) fn new(column: &mut Flex, report: &RequestCallback) -> Self {
        let mut row = Flex::default().row();
        row.set_pad(look::GAP);
        let buttons = [
            (
                "Restart",
                "Go to the beginning (Home)",
                72,
                LaboratoryRequest::Restart,
            ),
            (
                "&Back",
                "Go to the previous packet (Left, Alt+B)",
                56,
                LaboratoryRequest::StepBack,
            ),
            (
                "&Play",
                "Play or pause (Space, Alt+P)",
                64,
                LaboratoryRequest::PlayOrPause,
            ),
            (
                "S&tep",
                "Go to the next packet (Right, Alt+T)",
                56,
                LaboratoryRequest::Step,
            ),
        ];
        let [_, _, play, _] = buttons.map(|(label, tip, width, request)| {
            let mut button = look::button(label, tip);
            row.fixed(&button, width);
            let report = Rc::clone(report);
            button.set_callback(move |_| report(request.clone()));
            button
        });
        let (mut one_way_delay, one_way_delay_words, made) =
            captioned_slider("Set how long a packet travels on the screen: slow motion");
        let (shortest, longest) = ONE_WAY_DELAYS;
        one_way_delay.set_range(shortest.as_secs_f64(), longest.as_secs_f64());
        one_way_delay.set_step(0.1, 1);
        row.fixed(&made, 190);
        let (mut time, time_words, _) =
            captioned_slider("Drag to another moment of the run");
        time.set_range(0.0, PLACES);
        time.set_step(1.0, 1);
        row.end();
        column.fixed(&row, look::ROW);

        let tell = Rc::clone(report);
        one_way_delay.set_callback(move |one_way_delay| {
            tell(LaboratoryRequest::SetOneWayDelay(Duration::from_secs_f64(
                one_way_delay.value().clamp(0.0, 60.0),
            )));
        });
        let tell = Rc::clone(report);
        time.set_callback(move |time| {
            tell(LaboratoryRequest::Seek(time.value() / PLACES));
        });
        Self {
            play,
            one_way_delay,
            one_way_delay_words,
            time,
            time_words,
        }
    }

    /// Shows the current position.
    pub(super) fn show(&mut self, laboratory: &Laboratory) {
        let play = if laboratory.is_playing() {
            "&Pause"
        } else {
            "&Play"
        };
        look::set_label(&mut self.play, play);
        let seconds = laboratory.one_way_delay().as_secs_f64();
        if (self.one_way_delay.value() - seconds).abs() > 1e-6 {
            self.one_way_delay.set_value(seconds);
        }
        let one_way_delay = format!("Slow motion: {seconds:.1} s each way");
        look::set_label(&mut self.one_way_delay_words, &one_way_delay);
        let (now_us, end_us) = laboratory.times_us();
        let share = real(now_us) / real(end_us.max(1));
        let place = (share * PLACES).round().min(PLACES);
        if (self.time.value() - place).abs() > 0.5 {
            self.time.set_value(place);
        }
        let [now, end] = [now_us, end_us].map(Duration::from_micros).map(words::time);
        let time = format!("Moment: {now} of {end}");
        look::set_label(&mut self.time_words, &time);
    }
}

/// A slider that can be moved by the arrow keys too.
pub(super) fn slider(tip: &str) -> HorNiceSlider {
    let mut slider = HorNiceSlider::default();
    slider.set_frame(FrameType::FlatBox);
    slider.set_color(look::PAPER);
    slider.set_selection_color(look::ACCENT);
    slider.set_tooltip(tip);
    slider
}

/// A slider, the words above it, and the column of both.
fn captioned_slider(tip: &str) -> (HorNiceSlider, Frame, Flex) {
    let mut column = Flex::default().column();
    column.set_pad(0);
    let mut words = look::caption("");
    words.set_label_size(look::SMALL);
    column.fixed(&words, 14);
    let slider = slider(tip);
    column.end();
    (slider, words, column)
}

#[expect(clippy::cast_precision_loss, reason = "a place on a slider")]
fn real(time_us: u64) -> f64 {
    time_us as f64
}
