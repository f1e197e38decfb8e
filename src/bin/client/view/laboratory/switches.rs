//! The switches of the picture: diagram, scale, point of view, strip.

use super::{RequestCallback, look};
use fltk::button::Button;
use fltk::group::Flex;
use fltk::menu::Choice;
use fltk::prelude::*;
use sash::lab::chart::kinds::ChartKind;
use sash::lab::ladder::TimeScale;
use sash::lab::page::{Content, Laboratory, LaboratoryRequest, View};
use sash::lab::player::PointOfView;
use std::rc::Rc;

/// The two rows.
pub(super) struct Switches {
    rows: [Flex; 2],
    view: Choice,
    scale: Choice,
    sees: Choice,
    strip: Button,
}

/// The diagrams below the strip, as the choice lists them.
const VIEWS: [(&str, View); 5] = [
    ("Ladder", View::Ladder),
    ("Segments over time", View::Chart(ChartKind::Sequence)),
    ("Window", View::Chart(ChartKind::Window)),
    ("RTT and timeout", View::Chart(ChartKind::Rtt)),
    ("Goodput", View::Chart(ChartKind::Goodput)),
];

/// Unit: pixels.
const SCALE_WIDTH: i32 = 100;
const STRIP_WIDTH: i32 = 76;

impl Switches {
    /// Makes them in the column that is being built.
    pub(super) fn new(side: &mut Flex, report: &RequestCallback) -> Self {
        let row = |side: &mut Flex| {
            let mut row = Flex::default().row();
            row.set_pad(4);
            side.fixed(&row, look::ROW);
            row
        };
        let mut first = row(side);
        let view = choice(
            "Choose the diagram below the sliding window",
            &VIEWS.map(|(name, _)| name),
            report,
            |at| Some(LaboratoryRequest::Show(VIEWS.get(at)?.1)),
        );
        let scale = choice(
            "To scale: equal delays have equal slopes. Compact: long waits are short",
            &TimeScale::ALL.map(TimeScale::label),
            report,
            |at| Some(LaboratoryRequest::SetTimeScale(*TimeScale::ALL.get(at)?)),
        );
        first.fixed(&scale, SCALE_WIDTH);
        first.end();
        let mut second = row(side);
        let sees = choice(
            "Show what the link does and what the receiver has, or what the sender knows",
            &PointOfView::ALL.map(PointOfView::label),
            report,
            |at| Some(LaboratoryRequest::See(*PointOfView::ALL.get(at)?)),
        );
        let mut strip = look::button("Hide strip", "Fold the sliding window away");
        strip.set_label_size(look::SMALL);
        let report = Rc::clone(report);
        strip.set_callback(move |_| report(LaboratoryRequest::FoldStrip));
        second.fixed(&strip, STRIP_WIDTH);
        second.end();
        Self {
            rows: [first, second],
            view,
            scale,
            sees,
            strip,
        }
    }

    /// Shows or hides them: a question needs their space.
    pub(super) fn set_visible(&mut self, is_visible: bool) {
        for row in &mut self.rows {
            super::set_visible(row, is_visible);
        }
    }

    /// Shows the choices. A race has only one drawing, and a question always shows the
    /// sender's view.
    pub(super) fn show(&mut self, laboratory: &Laboratory) {
        let view = laboratory.view();
        let sees = laboratory.point_of_view();
        let scale = laboratory.lens().scale;
        let has_player = laboratory.player().is_some();
        let is_ladder = has_player && view == View::Ladder;
        let is_quiz = matches!(laboratory.content(), Content::Quiz(_));
        let view = VIEWS.iter().position(|(_, it)| *it == view);
        let sees = PointOfView::ALL.iter().position(|it| *it == sees);
        let scale = TimeScale::ALL.iter().position(|it| *it == scale);
        set(&mut self.view, view, has_player && !is_quiz);
        set(&mut self.sees, sees, has_player && !is_quiz);
        set(&mut self.scale, scale, is_ladder);
        let strip = if laboratory.is_strip_folded() {
            "Show strip"
        } else {
            "Hide strip"
        };
        look::set_label(&mut self.strip, strip);
    }
}

fn choice(
    tip: &str,
    names: &[&str],
    report: &RequestCallback,
    request: fn(usize) -> Option<LaboratoryRequest>,
) -> Choice {
    let mut choice = look::choice(tip);
    choice.set_text_size(look::TEXT - 1);
    for name in names {
        choice.add_choice(name);
    }
    let report = Rc::clone(report);
    choice.set_callback(move |choice| {
        let at = usize::try_from(choice.value()).ok();
        if let Some(request) = at.and_then(request) {
            report(request);
        }
    });
    choice
}

fn set(choice: &mut Choice, place: Option<usize>, is_active: bool) {
    let place = place
        .and_then(|place| i32::try_from(place).ok())
        .unwrap_or(-1);
    if choice.value() != place {
        choice.set_value(place);
    }
    if is_active == choice.active() {
        return;
    }
    if is_active {
        choice.activate();
    } else {
        choice.deactivate();
    }
}
