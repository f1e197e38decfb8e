//! The fields of a run: the link's line, the protocol, the file; and the buttons that do
//! it.

use super::{RequestCallback, look};
use fltk::button::Button;
use fltk::enums::CallbackTrigger;
use fltk::frame::Frame;
use fltk::group::Flex;
use fltk::input::Input;
use fltk::menu::Choice;
use fltk::prelude::*;
use sash::client::words;
use sash::lab::page::{LaboratoryRequest, SIZES, Setup};
use sash::wire::options::{Arq, Congestion};
use std::cell::RefCell;
use std::rc::Rc;

/// The two rows.
pub(super) struct Fields {
    scenario: Input,
    protocol: Choice,
    window: Input,
    controller: Choice,
    size: Choice,
    /// Opens a journal; what it does first, the page decides.
    pub(super) open: Button,
    /// Writes a file; the same.
    pub(super) export: Button,
    /// The text with which the program last filled the fields.
    shown: Rc<RefCell<Option<Setup>>>,
}

impl Fields {
    /// Makes the rows in the column that is being built.
    pub(super) fn new(column: &mut Flex, report: &RequestCallback) -> Self {
        let (scenario, copy, run) = link_row(column);
        let mut row = Flex::default().row();
        row.set_pad(look::GAP);
        let mut protocol = look::choice("Choose the ARQ protocol");
        for arq in Arq::ALL {
            protocol.add_choice(arq.name());
        }
        let caption = look::caption("Window");
        let window = look::field("The send window in packets, 1 to 8192");
        let mut controller = look::choice("Choose the congestion controller");
        for congestion in Congestion::ALL {
            controller.add_choice(congestion.name());
        }
        let mut size = look::choice("Choose the size of the file");
        for (name, _) in SIZES {
            size.add_choice(name);
        }
        Frame::default();
        let tip = "Compare all four protocols over this link (Alt+E)";
        let race = look::button("Rac&e", tip);
        let tip = "Stop at interesting moments and ask what happens next (Alt+D)";
        let predict = look::button("Pre&dict", tip);
        let open = look::button(
            "&Open\u{2026}",
            "Open the event log of a run or a transfer \
                                           (Alt+O)",
        );
        let export = look::button(
            "E&xport\u{2026}",
            "Save as SVG, PNG, CSV or pcapng \
                                                      (Alt+X)",
        );
        row.end();
        let parts = [
            (protocol.as_base_widget(), 146),
            (caption.as_base_widget(), 62),
            (window.as_base_widget(), 46),
            (controller.as_base_widget(), 160),
            (size.as_base_widget(), 88),
            (race.as_base_widget(), 64),
            (predict.as_base_widget(), 74),
            (open.as_base_widget(), 74),
            (export.as_base_widget(), 84),
        ];
        for (part, width) in &parts {
            row.fixed(part, *width);
        }
        look::shrink_when_narrow(&mut row, parts.into());
        column.fixed(&row, look::ROW);
        let fields = Self {
            scenario,
            protocol,
            window,
            controller,
            size,
            open,
            export,
            shown: Rc::default(),
        };
        fields.report_buttons([run, race, predict], copy, report);
        fields
    }

    /// Fills the fields in where the program has changed them.
    pub(super) fn show(&mut self, setup: &Setup) {
        if self.shown.borrow().as_ref() == Some(setup) {
            return;
        }
        if self.scenario.value() != setup.scenario {
            self.scenario.set_value(&setup.scenario);
        }
        if self.window.value() != setup.window {
            self.window.set_value(&setup.window);
        }
        set(&mut self.protocol, place(&Arq::ALL, &setup.arq));
        let congestion = place(&Congestion::ALL, &setup.congestion);
        set(&mut self.controller, congestion);
        self.show_size(setup.size);
        self.shown.replace(Some(setup.clone()));
    }

    /// A size that is none of ours, as of a real file, stands below those.
    fn show_size(&mut self, size: u64) {
        let ours = SIZES.iter().position(|(_, bytes)| *bytes == size);
        let end = i32::try_from(SIZES.len()).unwrap_or(0);
        if self.size.at(end).is_some_and(|it| it.label().is_some()) {
            self.size.remove(end);
        }
        if ours.is_none() {
            self.size.add_choice(&words::bytes(size));
        }
        set(&mut self.size, ours.or(Some(SIZES.len())));
    }

    /// A function that says what the fields say now.
    fn reader(&self) -> impl Fn() -> Setup + Clone + 'static {
        let (scenario, window) = (self.scenario.clone(), self.window.clone());
        let (protocol, controller) = (self.protocol.clone(), self.controller.clone());
        let (size, shown) = (self.size.clone(), Rc::clone(&self.shown));
        move || {
            // The text belongs to the user: it is filled in again only if it has changed.
            let setup = Setup {
                scenario: scenario.value(),
                window: window.value(),
                arq: chosen(&protocol, &Arq::ALL).unwrap_or(Arq::Sack),
                congestion: chosen(&controller, &Congestion::ALL).unwrap_or_default(),
                size: match chosen(&size, &SIZES) {
                    Some((_, bytes)) => bytes,
                    None => shown.borrow().as_ref().map_or(SIZES[1].1, |it| it.size),
                },
            };
            shown.replace(Some(setup.clone()));
            setup
        }
    }

    fn report_buttons(
        &self,
        buttons: [Button; 3],
        mut copy: Button,
        report: &RequestCallback,
    ) {
        let requests: [fn(Setup) -> LaboratoryRequest; 3] = [
            LaboratoryRequest::Run,
            LaboratoryRequest::Race,
            LaboratoryRequest::Predict,
        ];
        for (mut button, request) in buttons.into_iter().zip(requests) {
            let (read, report) = (self.reader(), Rc::clone(report));
            button.set_callback(move |_| report(request(read())));
        }
        let mut scenario = self.scenario.clone();
        scenario.set_trigger(CallbackTrigger::EnterKeyAlways);
        let (read, tell) = (self.reader(), Rc::clone(report));
        scenario.set_callback(move |_| tell(LaboratoryRequest::Run(read())));
        let scenario = self.scenario.clone();
        copy.set_callback(move |_| fltk::app::copy(&scenario.value()));
    }
}

fn link_row(column: &mut Flex) -> (Input, Button, Button) {
    let mut row = Flex::default().row();
    row.set_pad(look::GAP);
    let caption = look::caption("Link");
    row.fixed(&caption, 38);
    let scenario = look::field("The scenario of the link: seed=7;loss=10%;delay=50ms");
    let copy = look::button("&Copy", "Copy the scenario to share it (Alt+C)");
    row.fixed(&copy, 64);
    let run = look::main_button("&Run", "Run this scenario (Enter, Alt+R)");
    row.fixed(&run, 74);
    row.end();
    column.fixed(&row, look::ROW);
    (scenario, copy, run)
}

fn place<T: PartialEq>(all: &[T], it: &T) -> Option<usize> {
    all.iter().position(|other| other == it)
}

fn set(choice: &mut Choice, place: Option<usize>) {
    let place = place.and_then(|place| i32::try_from(place).ok());
    choice.set_value(place.unwrap_or(-1));
}

fn chosen<T: Copy>(choice: &Choice, all: &[T]) -> Option<T> {
    let place = usize::try_from(choice.value()).ok()?;
    all.get(place).copied()
}
