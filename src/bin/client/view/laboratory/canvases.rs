//! The two canvases: the strip, and below it the ladder, a chart or a race.
//!
//! A click on a packet in flight loses it; the mouse over a packet or a segment describes
//! it. Keys can do both: see `key_control`.

use super::super::bell::Bell;
use super::canvas::Canvas;
use super::key_control::KeyControl;
use super::{RequestCallback, snapshot};
use fltk::app;
use fltk::enums::{Event, Shortcut};
use fltk::group::Flex;
use fltk::prelude::*;
use sash::lab::chart::kinds::ChartKind;
use sash::lab::chart::whole_pixels;
use sash::lab::ladder::{Moving, Spot};
use sash::lab::page::{About, Content, Laboratory, LaboratoryRequest, Racing, View};
use sash::lab::palette::Paper;
use sash::lab::picture::{Picture, Point, Words};
use sash::lab::player::{Player, PointOfView};
use sash::lab::race;
use sash::lab::strip::Band;
use sash::link::Label;
use std::cell::Cell;
use std::rc::Rc;

/// Both, one above the other.
pub(super) struct Canvases {
    column: Flex,
    strip: Canvas,
    main: Canvas,
    /// The keys, and the drawn objects that they can select.
    key_control: KeyControl,
    /// The place of the mouse on the strip, or on the other canvas.
    over_strip: Rc<Cell<Option<(i32, i32)>>>,
    over_main: Rc<Cell<Option<(i32, i32)>>>,
    chart: Option<Charted>,
    /// Whether the playing keys were requested while no canvas was visible.
    wants_focus: Rc<Cell<bool>>,
    /// The last drawing surface.
    paper: Paper,
}

/// A computed chart, and its data.
struct Charted {
    kind: ChartKind,
    sees: PointOfView,
    entries: usize,
    size: [u32; 2],
    picture: Picture,
}

/// The largest distance of a click from its packet. Unit: pixels.
const TOLERANCE: f64 = 6.0;

/// A chart is drawn twice as large as it is shown: its letters are for print.
const CHART_SCALE: f64 = 0.5;

/// A chart is computed again when the transfer has advanced by this share.
const CHART_STEP: usize = 50;

impl Canvases {
    /// Makes them in the row that is being built.
    pub(super) fn new(
        key_control: &KeyControl,
        report: &RequestCallback,
        bell: &Bell,
    ) -> Self {
        let mut column = Flex::default().column();
        column.set_pad(6);
        let strip = Canvas::new();
        column.fixed(&strip.clone().widget().clone(), STRIP_HEIGHT);
        let main = Canvas::new();
        column.end();
        let mut canvases = Self {
            column,
            strip,
            main,
            key_control: key_control.clone(),
            over_strip: Rc::default(),
            over_main: Rc::default(),
            chart: None,
            wants_focus: Rc::default(),
            paper: Paper::White,
        };
        canvases.listen(report, bell);
        canvases
    }

    /// Draws the current content.
    pub(super) fn show(&mut self, laboratory: &Laboratory, paper: Paper) {
        self.paper = paper;
        self.key_control.moving.take();
        let Some(player) = laboratory.player() else {
            self.key_control.band.take();
            self.set_strip_height(0);
            match laboratory.content() {
                Content::Race(racing) => self.show_race(racing, paper),
                // The cards are shown instead.
                Content::Empty | Content::Player(_) | Content::Quiz(_) => {
                    self.main.clear();
                }
            }
            return;
        };
        // As wide as the ladder, because a folded strip has no width.
        let (width, _) = self.main.size();
        let seen = player.seen();
        let draw = if self.column.h() < LEAST_FOR_COUNTS {
            Band::draw_low
        } else {
            Band::draw
        };
        let mut band = draw(seen.strip, seen.sides, width.max(300.0));
        let height = if laboratory.is_strip_folded() {
            0
        } else {
            rounded(band.picture.height)
        };
        self.set_strip_height(height);
        if let Some((side, number)) = self.key_control.segment() {
            band.frame(side, number);
        }
        self.strip.show(band.picture.clone(), paper, 1.0);
        self.key_control.band.replace(Some(band));
        match laboratory.view() {
            View::Ladder => self.show_ladder(laboratory, player, paper),
            View::Chart(kind) => self.show_chart(player, kind, paper),
        }
    }

    /// Takes the keys that play, when called.
    pub(super) fn focus(&self) -> impl Fn() + use<> {
        let (main, wants) = (self.main.clone(), Rc::clone(&self.wants_focus));
        move || {
            let mut canvas = main.clone();
            let canvas = canvas.widget();
            // Hidden, it takes the focus once it is shown.
            wants.set(!canvas.visible_r() || canvas.take_focus().is_err());
        }
    }

    /// The column, for the layout.
    pub(super) fn widget(&mut self) -> &mut Flex {
        &mut self.column
    }

    /// It is shown again: takes the keys, if they were requested.
    pub(super) fn appear(&self) {
        if self.wants_focus.take() {
            self.focus()();
        }
    }

    /// Another content is shown: nothing is selected.
    pub(super) fn let_go(&self) {
        self.key_control.let_go();
    }

    /// A screenshot as a PNG file; empty if nothing is visible. It is drawn again: a row
    /// that asked for the file's name may have made it smaller.
    pub(super) fn png(&mut self, laboratory: &Laboratory) -> Vec<u8> {
        self.show(laboratory, self.paper);
        let canvases = [&self.strip, &self.main];
        snapshot::png(&canvases.map(|canvas| canvas.clone().widget().clone()))
    }

    /// The description of the object under the mouse, or a hint if there is none.
    pub(super) fn under_mouse(&self, laboratory: &Laboratory) -> About {
        let Some(player) = laboratory.player() else {
            return About::default();
        };
        if let Some(place) = self.over_main.get()
            && let Some(spot) = self.spot_at(place)
        {
            return About::packet(&spot, player);
        }
        if let (Some(place), Some(band)) =
            (self.over_strip.get(), &*self.key_control.band.borrow())
            && let Some((side, number)) = band.segment_at(self.strip.place(place))
        {
            return About::segment(side, number, player.heading(), player.seen().strip);
        }
        if let Some(spot) = self.key_control.packet() {
            return About::packet(&spot, player);
        }
        if let Some((side, number)) = self.key_control.segment() {
            return About::segment(side, number, player.heading(), player.seen().strip);
        }
        About::words(match laboratory.view() {
            View::Ladder if laboratory.can_inject_faults() => {
                "Click a packet in flight to lose it. Point at a packet or a segment to \
                 see its details.\nKeys: Up and Down, then Delete. Wheel: earlier moments; \
                 with Ctrl: zoom."
            }
            View::Ladder => {
                "Point at a packet or a segment to see its details.\nKeys: Up and Down; \
                 with Shift along the strip."
            }
            View::Chart(_) => "",
        })
    }

    fn spot_at(&self, place: (i32, i32)) -> Option<Spot> {
        let moving = self.key_control.moving.borrow();
        let at = self.main.place(place);
        moving.as_ref()?.packet_at(at, TOLERANCE).cloned()
    }

    fn set_strip_height(&mut self, height: i32) {
        let mut strip = self.strip.widget().clone();
        let is_shown = height > 0;
        if strip.visible() == is_shown && (!is_shown || strip.h() == height) {
            return;
        }
        if is_shown {
            strip.show();
            self.column.fixed(&strip, height);
        } else {
            strip.hide();
            self.strip.clear();
        }
        self.column.layout();
        self.column.redraw();
    }

    fn show_race(&mut self, racing: &Racing, paper: Paper) {
        let picture = race::picture_at(&racing.race, racing.position_us);
        let (width, height) = self.main.size();
        let scale = (width / picture.width).min(height / picture.height);
        self.main.show(picture, paper, scale.clamp(0.2, 1.6));
    }

    fn show_ladder(&mut self, laboratory: &Laboratory, player: &Player, paper: Paper) {
        let mut moving = laboratory.scene(player, self.main.size()).draw();
        let drawn = moving.clone();
        self.key_control.moving.replace(Some(drawn));
        if let Some(spot) = self.key_control.packet() {
            moving.frame(&spot);
        }
        self.main.show(moving.picture, paper, 1.0);
    }

    fn show_chart(&mut self, player: &Player, kind: ChartKind, paper: Paper) {
        let (width, height) = self.main.size();
        let size = [width, height].map(|side| whole_pixels(side / CHART_SCALE));
        let (index, sees) = (player.seen().index, player.point_of_view());
        let is_fresh = self.chart.as_ref().is_some_and(|chart| {
            let apart = chart.entries.abs_diff(index);
            let is_near = if player.is_playing() {
                apart <= index / CHART_STEP
            } else {
                apart == 0
            };
            let is_same = chart.kind == kind && chart.sees == sees;
            is_same && chart.size == size && is_near
        });
        if !is_fresh {
            let picture = chart(player, kind, size);
            self.chart = Some(Charted {
                kind,
                sees,
                entries: index,
                size,
                picture,
            });
        }
        if let Some(chart) = &self.chart {
            self.main.show(chart.picture.clone(), paper, CHART_SCALE);
        }
    }

    fn listen(&mut self, report: &RequestCallback, bell: &Bell) {
        let (over, ring) = (Rc::clone(&self.over_strip), bell.clone());
        self.strip
            .widget()
            .handle(move |_, event| follow(event, &over, &ring));
        let (over, ring) = (Rc::clone(&self.over_main), bell.clone());
        let (key_control, canvas) = (self.key_control.clone(), self.main.clone());
        let report = Rc::clone(report);
        self.main.widget().handle(move |frame, event| {
            match event {
                Event::Push => drop(frame.take_focus()),
                // The keys that play go to the widget that has the focus.
                Event::Focus | Event::Unfocus => {
                    frame.redraw();
                    return true;
                }
                Event::KeyDown => return key_control.key(),
                Event::MouseWheel => {
                    // Up is towards earlier moments, and larger.
                    let steps = -app::event_dy_value();
                    let is_zoom = app::event_state().contains(Shortcut::Ctrl);
                    report(if is_zoom {
                        LaboratoryRequest::Zoom(steps)
                    } else {
                        LaboratoryRequest::Scroll(steps)
                    });
                    return true;
                }
                _ => return follow(event, &over, &ring),
            }
            let at = canvas.place(app::event_coords());
            let hit = {
                let moving = key_control.moving.borrow();
                let hit = |it: &Moving| it.in_flight_at(at, TOLERANCE).cloned();
                moving.as_ref().and_then(hit)
            };
            if let Some(spot) = hit {
                report(LaboratoryRequest::Kill(Label::from(spot.packet.name)));
            }
            true
        });
    }
}

/// Where the column is lower, the ladder has the room of the strip's counts. Unit: pixels.
const LEAST_FOR_COUNTS: i32 = 385;

/// The height of the strip before its content is known. Unit: pixels.
const STRIP_HEIGHT: i32 = 190;

/// Records the place of the mouse; returns whether the event is handled.
fn follow(event: Event, over: &Cell<Option<(i32, i32)>>, bell: &Bell) -> bool {
    match event {
        Event::Enter | Event::Move => {
            over.set(Some(app::event_coords()));
            bell.ring();
            true
        }
        Event::Leave => {
            over.set(None);
            bell.ring();
            true
        }
        _ => false,
    }
}

fn chart(player: &Player, kind: ChartKind, size: [u32; 2]) -> Picture {
    let chart = kind.chart(&[player.seen_to_happen()], Vec::new());
    chart.to_picture(size[0], size[1]).unwrap_or_else(|error| {
        let mut picture = Picture::new(f64::from(size[0]), f64::from(size[1]), "");
        let words = Words::new(Point::new(40.0, 60.0), 28.0, error.to_string());
        picture.add(words);
        picture
    })
}

#[expect(clippy::cast_possible_truncation, reason = "pixels of a screen")]
const fn rounded(length: f64) -> i32 {
    length as i32
}
