//! The fields of a run: scenario, protocol and file; and the buttons.

use super::{RequestCallback, look};
use fltk::button::Button;
use fltk::enums::CallbackTrigger;
use fltk::frame::Frame;
use fltk::group::Flex;
use fltk::input::Input;
use fltk::menu::Choice;
use fltk::prelude::*;
use sash::client::words;
use sash::lab::page::{LaboratoryRequest, PACKETS, Setup, bytes_of};
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
    /// Opens a journal; the page decides how.
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
        let mut parts = Vec::new();
        let mut part =
            |width: i32, column: Flex| parts.push((column.as_base_widget(), width));
        let (mut protocol, made) =
            captioned("Protocol", || look::choice("Choose the ARQ protocol"));
        part(138, made);
        for arq in Arq::ALL {
            protocol.add_choice(arq.name());
        }
        let tip = "The send window in packets, 1 to 8192";
        let (window, made) = captioned("Window", || look::field(tip));
        part(60, made);
        let (mut size, made) =
            captioned("File", || look::choice("Choose the size of the file"));
        part(122, made);
        for packets in PACKETS {
            size.add_choice(&file_label(packets));
        }
        let (mut controller, made) = captioned("Congestion", || {
            look::choice("Choose the congestion controller")
        });
        part(116, made);
        for congestion in Congestion::ALL {
            controller.add_choice(congestion.name());
        }
        let gap = Frame::default();
        row.fixed(&gap, 4);
        let (race, made) = captioned("", || {
            look::button("Rac&e", "Compare all four protocols over this link (Alt+E)")
        });
        part(60, made);
        let (predict, made) = captioned("", || {
            let tip = "Stop at interesting moments and ask what happens next (Alt+D)";
            look::button("Pre&dict", tip)
        });
        part(68, made);
        Frame::default();
        let (mut cards, made) = captioned("", || {
            look::button("Card&s", "Back to the first experiments (Alt+S)")
        });
        part(62, made);
        let (open, made) = captioned("", || {
            let tip = "Open the event log of a run or a transfer (Alt+O)";
            look::button("&Open\u{2026}", tip)
        });
        part(68, made);
        let (export, made) = captioned("", || {
            look::button("E&xport\u{2026}", "Save as SVG, PNG, CSV or pcapng (Alt+X)")
        });
        part(76, made);
        row.end();
        for (part, width) in &parts {
            row.fixed(part, *width);
        }
        look::shrink_when_narrow(&mut row, parts);
        column.fixed(&row, look::ROW + CAPTION);
        let tell = Rc::clone(report);
        cards.set_callback(move |_| tell(LaboratoryRequest::ShowCards));
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

    /// Fills the fields that the program has changed.
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

    /// A size that is not in the list, such as that of a real file, is below the others.
    fn show_size(&mut self, size: u64) {
        let ours = PACKETS
            .iter()
            .position(|packets| bytes_of(*packets) == size);
        let end = i32::try_from(PACKETS.len()).unwrap_or(0);
        if self.size.at(end).is_some_and(|it| it.label().is_some()) {
            self.size.remove(end);
        }
        if ours.is_none() {
            self.size.add_choice(&words::bytes(size));
        }
        set(&mut self.size, ours.or(Some(PACKETS.len())));
    }

    /// A function that reads the fields.
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
                size: match chosen(&size, &PACKETS) {
                    Some(packets) => bytes_of(packets),
                    None => shown.borrow().as_ref().map_or(0, |it| it.size),
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

/// The height of the caption above a field. Unit: pixels.
const CAPTION: i32 = 15;

/// A widget with a caption above it, and the column of both.
fn captioned<W: WidgetExt>(words: &str, make: impl FnOnce() -> W) -> (W, Flex) {
    let mut column = Flex::default().column();
    column.set_pad(0);
    let mut caption = look::caption(words);
    caption.set_label_size(look::SMALL - 1);
    caption.set_label_color(look::FADED);
    column.fixed(&caption, CAPTION);
    let widget = make();
    column.end();
    (widget, column)
}

fn file_label(packets: u32) -> String {
    match packets {
        1 => "1 packet".to_owned(),
        more => format!("{more} packets"),
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
