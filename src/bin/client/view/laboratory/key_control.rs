//! The actions of keys on the laboratory's page, if no field handles them.
//!
//! ```text
//! Space, Left, Right, Home, End    play, back, on, the beginning, the newest moment
//! Up, Down                         the packet before, the packet after: framed and
//! explained Delete, K                        the framed packet is killed, where it is in
//! flight A to D                           the answer to a question
//! Shift and the arrows             a segment of the strip, at the sender or the receiver
//! Page Up, Page Down               an earlier moment of the ladder, a later one
//! +, -                             the ladder's time enlarged, reduced
//! Escape                           nothing is framed
//! ```
//!
//! The mouse has priority: the packet below it is explained first.

use super::super::bell::Bell;
use super::RequestCallback;
use fltk::app;
use fltk::enums::{Key, Shortcut};
use sash::lab::journal::Side;
use sash::lab::ladder::{Moving, Spot};
use sash::lab::page::LaboratoryRequest;
use sash::lab::strip::{Band, Toward};
use sash::link::{Direction, Label};
use sash::reliable::event::PacketName;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// The object selected with keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pointed {
    /// On the ladder.
    Packet(PacketName, Direction),
    /// On the strip.
    Segment(Side, u32),
}

/// The keys, and the selected object; a copy shares it.
#[derive(Clone)]
pub(super) struct KeyControl {
    report: RequestCallback,
    bell: Bell,
    pointed: Rc<Cell<Option<Pointed>>>,
    /// The ladder as it is drawn, if it is.
    pub(super) moving: Rc<RefCell<Option<Moving>>>,
    /// The strip as it is drawn, if it is.
    pub(super) band: Rc<RefCell<Option<Band>>>,
}

impl KeyControl {
    /// Without a selection.
    pub(super) fn new(report: &RequestCallback, bell: &Bell) -> Self {
        Self {
            report: Rc::clone(report),
            bell: bell.clone(),
            pointed: Rc::default(),
            moving: Rc::default(),
            band: Rc::default(),
        }
    }

    /// The selected packet, if it is on the ladder.
    pub(super) fn packet(&self) -> Option<Spot> {
        let Some(Pointed::Packet(packet, direction)) = self.pointed.get() else {
            return None;
        };
        let moving = self.moving.borrow();
        moving.as_ref()?.spot_of(packet, direction).copied()
    }

    /// The selected segment.
    pub(super) fn segment(&self) -> Option<(Side, u32)> {
        match self.pointed.get()? {
            Pointed::Segment(side, number) => Some((side, number)),
            Pointed::Packet(..) => None,
        }
    }

    /// Handles a key; returns whether it was handled.
    pub(super) fn key(&self) -> bool {
        let state = app::event_state();
        if !(state & (Shortcut::Ctrl | Shortcut::Alt)).is_empty() {
            return false;
        }
        let key = app::event_key();
        if state.contains(Shortcut::Shift) {
            return self.point_at_segment(key);
        }
        match key {
            Key::Up | Key::Down => self.point_at_packet(key == Key::Down),
            Key::Delete => self.kill(),
            Key::Escape => return self.let_go(),
            _ if key == Key::from_char('k') => self.kill(),
            _ => return self.play(key),
        }
        true
    }

    fn play(&self, key: Key) -> bool {
        let request = match key {
            Key::Left => LaboratoryRequest::StepBack,
            Key::Right => LaboratoryRequest::Step,
            Key::Home => LaboratoryRequest::Restart,
            Key::End => LaboratoryRequest::Seek(1.0),
            Key::PageUp => LaboratoryRequest::Scroll(3),
            Key::PageDown => LaboratoryRequest::Scroll(-3),
            key => match key.to_char() {
                Some(' ') => LaboratoryRequest::PlayOrPause,
                Some('+' | '=') => LaboratoryRequest::Zoom(1),
                Some('-') => LaboratoryRequest::Zoom(-1),
                Some(letter @ 'a'..='d') => {
                    LaboratoryRequest::Answer(letter as usize - 'a' as usize)
                }
                _ => return false,
            },
        };
        (self.report)(request);
        true
    }

    fn point_at_packet(&self, is_later: bool) {
        let before = self.packet();
        let moving = self.moving.borrow();
        let beside = moving
            .as_ref()
            .and_then(|it| it.beside(before.as_ref(), is_later));
        if let Some(spot) = beside {
            self.point(Pointed::Packet(spot.packet, spot.direction));
        }
    }

    fn point_at_segment(&self, key: Key) -> bool {
        let toward = match key {
            Key::Left => Toward::Along(-1),
            Key::Right => Toward::Along(1),
            Key::Up => Toward::Sender,
            Key::Down => Toward::Receiver,
            _ => return false,
        };
        let before = self.segment();
        let band = self.band.borrow();
        let beside = band.as_ref().and_then(|it| it.beside(before, toward));
        if let Some((side, number)) = beside {
            self.point(Pointed::Segment(side, number));
        }
        true
    }

    fn kill(&self) {
        if let Some(spot) = self.packet().filter(|spot| spot.is_in_flight) {
            (self.report)(LaboratoryRequest::Kill(Label::from(spot.packet)));
        }
    }

    /// Removes the selection; returns whether there was one.
    pub(super) fn let_go(&self) -> bool {
        let was_pointing = self.pointed.take().is_some();
        self.bell.ring();
        was_pointing
    }

    fn point(&self, at: Pointed) {
        self.pointed.set(Some(at));
        self.bell.ring();
    }
}
