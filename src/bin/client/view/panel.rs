//! The panel for downloads and their options: the file's name, protocol, window,
//! controller, and Download.
//!
//! ```text
//! > Options: go-back-n, window 16                 a click unfolds what follows
//! Protocol   [go-back-n v]
//! a window of packets; a timeout retransmits all of them
//! Controller [reno v]
//! slow start, then one more per round trip; halves at a loss; paced
//! Window [16]             Bytes a packet [1436]
//! If it exists [keep v]   Pause at [never v]
//! both are kept; the new one becomes NAME (2)
//! File [notes.pdf________] [Download] [Upload]
//! ```
//!
//! The protocol's choice has one entry per ARQ, one for plain TCP and one that leaves it
//! to the server; the controller's has one per controller and one for the usual one: see
//! `choices`.

mod choices;

use super::sorted_table::draw_words;
use super::{IntentCallback, labels, look};
use choices::{
    asked, congestion, controller_explanation, controller_index, controller_names,
    explanation, number, place_of, protocol_index, protocol_names, summary,
};
use fltk::button::Button;
use fltk::dialog::{FileDialog, FileDialogType};
use fltk::draw;
use fltk::enums::{Align, CallbackTrigger, Font, Shortcut};
use fltk::frame::Frame;
use fltk::group::Flex;
use fltk::input::Input;
use fltk::menu::Choice;
use fltk::prelude::*;
use sash::client::controller::Intent;
use sash::client::dropped;
use sash::client::model::Model;
use sash::client::share::Share;
use sash::transfer::overwrite::Overwrite;
use sash::wire::options::{
    DEFAULT_SEGMENT_BYTES, LARGEST_SEGMENT_BYTES, LARGEST_WINDOW, RequestedOptions,
};
use std::path::PathBuf;
use std::rc::Rc;

/// The widgets.
pub(super) struct Panel {
    protocol: Choice,
    window: Input,
    explanation: Frame,
    controller: Choice,
    controller_explanation: Frame,
    segment: Input,
    overwrite: Choice,
    overwrite_explanation: Frame,
    pause_at: Choice,
    /// The name of the file to download, which the list fills in.
    pub(super) file: Input,
    /// The button.
    pub(super) download: Button,
    upload: Button,
    column: Flex,
    /// The settings in one line; a click unfolds the options.
    summary: Button,
    options: Flex,
    shown: Option<RequestedOptions>,
    shown_pause: Option<Share>,
}

/// The shares that are offered for a pause. Unit: percent.
const SHARES: [&str; 5] = ["10", "25", "50", "75", "90"];

/// The label before them.
const NEVER: &str = "never";

/// The height of an explanation in one line of small letters. Unit: pixels.
const ONE_LINE: i32 = 15;

/// A line that is longer takes two. Unit: pixels.
const WIDEST_LINE: f64 = 336.0;

/// The height of an option, and the distance of two options. Unit: pixels.
const ROW: i32 = 28;
const PAD: i32 = 3;

impl Panel {
    /// Makes the widgets in the column that is being built.
    pub(super) fn new(column: &mut Flex, report: &IntentCallback) -> Self {
        let summary = summary_row(column);
        let mut options = Flex::default().column();
        options.set_pad(PAD);
        let mut protocol = look::choice("Choose the ARQ protocol of later transfers");
        for name in protocol_names() {
            protocol.add_choice(name);
        }
        let explanation = explained(&mut options, "Protocol", &protocol);
        let mut controller = look::choice("Choose the congestion controller");
        for name in controller_names() {
            controller.add_choice(name);
        }
        let controller_explanation = explained(&mut options, "Controller", &controller);
        let (window, segment) = figures_row(&mut options);
        let (overwrite, pause_at) = habits_row(&mut options);
        let overwrite_explanation = look::explanation();
        options.fixed(&overwrite_explanation, ONE_LINE);
        options.end();
        options.hide();

        let mut what = Flex::default().row();
        what.set_pad(look::GAP);
        let caption = look::caption("File");
        what.fixed(&caption, 30);
        let file = look::field("Select files above, or type a name or a path here");
        let download = look::button("&Download", "Download the selected files (Alt+D)");
        what.fixed(&download, 104);
        let upload = look::button(
            "&Upload",
            "Upload files (Alt+U), or drop them on the window",
        );
        what.fixed(&upload, 76);
        what.end();
        column.fixed(&what, look::ROW);

        let mut panel = Self {
            protocol,
            window,
            explanation,
            controller,
            controller_explanation,
            segment,
            overwrite,
            overwrite_explanation,
            pause_at,
            file,
            download,
            upload,
            column: column.clone(),
            summary,
            options,
            shown: None,
            shown_pause: None,
        };
        show_pause(&mut panel.pause_at, None);
        panel.lay_out();
        panel.unfold_at_a_press();
        panel.report_choices(report);
        panel.report_uploads(report);
        panel
    }

    /// Shows the current options, however they were chosen, and their explanations.
    pub(super) fn show(&mut self, model: &Model) {
        let explanations = [
            (&mut self.explanation, explanation(model)),
            (
                &mut self.controller_explanation,
                controller_explanation(model),
            ),
            (
                &mut self.overwrite_explanation,
                model.overwrite.explanation().to_owned(),
            ),
        ];
        look::set_label(&mut self.summary, &labels::label(&summary(model)));
        let mut has_moved = false;
        for (frame, words) in explanations {
            has_moved |= explain(&mut self.options, frame, &words);
        }
        if has_moved {
            self.lay_out();
        }
        let overwrite = place_of(Overwrite::ALL, |it| it == model.overwrite);
        if self.overwrite.value() != overwrite {
            self.overwrite.set_value(overwrite);
        }
        if self.shown_pause != model.pause_at {
            self.shown_pause = model.pause_at;
            show_pause(&mut self.pause_at, model.pause_at);
        }
        if self.shown == Some(model.options) {
            return;
        }
        self.shown = Some(model.options);
        self.protocol.set_value(protocol_index(&model.options));
        let window = model.options.window.map(|window| window.to_string());
        self.window.set_value(&window.unwrap_or_default());
        self.controller.set_value(controller_index(&model.options));
        let segment = model.options.segment_bytes.map(|bytes| bytes.to_string());
        self.segment.set_value(&segment.unwrap_or_default());
    }

    /// The options are as high as their explanations want them.
    fn lay_out(&mut self) {
        let explanations = [
            &self.explanation,
            &self.controller_explanation,
            &self.overwrite_explanation,
        ];
        let lines = explanations.map(|frame| height_of(&frame.label()));
        let height = 4 * ROW + lines.iter().sum::<i32>() + 6 * PAD;
        self.column.fixed(&self.options, height);
        self.column.layout();
        self.options.layout();
        self.column.redraw();
    }

    /// The line shows and hides the options below it.
    fn unfold_at_a_press(&mut self) {
        let (mut column, mut options) = (self.column.clone(), self.options.clone());
        self.summary.set_callback(move |summary| {
            if options.visible() {
                options.hide();
            } else {
                options.show();
            }
            summary.redraw();
            column.layout();
            column.redraw();
        });
        let options = self.options.clone();
        self.summary
            .draw(move |summary| draw_summary(summary, options.visible()));
    }

    fn report_choices(&mut self, report: &IntentCallback) {
        let (read, tell) = (self.reader(), Rc::clone(report));
        self.protocol
            .set_callback(move |_| tell(Intent::SetOptions(read())));
        let (read, tell) = (self.reader(), Rc::clone(report));
        self.controller
            .set_callback(move |_| tell(Intent::SetOptions(read())));
        for field in [&mut self.window, &mut self.segment] {
            field.set_trigger(CallbackTrigger::EnterKeyChanged);
        }
        let (read, tell) = (self.reader(), Rc::clone(report));
        self.window
            .set_callback(move |_| tell(Intent::SetOptions(read())));
        let (read, tell) = (self.reader(), Rc::clone(report));
        self.segment
            .set_callback(move |_| tell(Intent::SetOptions(read())));
        let tell = Rc::clone(report);
        self.overwrite.set_callback(move |choice| {
            let index = usize::try_from(choice.value()).unwrap_or(0);
            let chosen = Overwrite::ALL.get(index).copied();
            tell(Intent::SetOverwrite(chosen.unwrap_or_default()));
        });
        let tell = Rc::clone(report);
        self.pause_at.set_callback(move |choice| {
            let share = choice.choice().and_then(|text| text.parse().ok());
            tell(Intent::SetPauseAt(share));
        });
    }

    fn report_uploads(&mut self, report: &IntentCallback) {
        let tell = Rc::clone(report);
        let options = self.reader();
        let field = self.file.clone();
        self.upload.set_callback(move |_| {
            let asked = options();
            let typed = field.value();
            if dropped::is_path(&typed) {
                let text = typed;
                return tell(Intent::Drop { text, host: None });
            }
            for path in chosen_paths() {
                tell(Intent::Upload { path, asked });
            }
        });
    }

    /// A function that reads the widgets, for callbacks that outlive this borrow.
    pub(super) fn reader(&self) -> impl Fn() -> RequestedOptions + Clone + 'static {
        let (protocol, controller) = (self.protocol.clone(), self.controller.clone());
        let (window, segment) = (self.window.clone(), self.segment.clone());
        move || RequestedOptions {
            congestion: congestion(controller.value()),
            segment_bytes: number(&segment.value()),
            ..asked(protocol.value(), &window.value())
        }
    }
}

/// Asks the user for files; none if the user cancels.
fn chosen_paths() -> Vec<PathBuf> {
    let mut chooser = FileDialog::new(FileDialogType::BrowseMultiFile);
    chooser.set_title("Choose files to upload");
    chooser.show();
    let mut paths = chooser.filenames();
    paths.retain(|path| !path.as_os_str().is_empty());
    paths
}

/// Shows it in as many lines as necessary; returns whether this changed anything.
fn explain(options: &mut Flex, frame: &mut Frame, words: &str) -> bool {
    if frame.label() == words {
        return false;
    }
    frame.set_label(words);
    options.fixed(frame, height_of(words));
    true
}

/// The height of an explanation with its current text. Unit: pixels.
fn height_of(words: &str) -> i32 {
    draw::set_font(Font::Helvetica, look::SMALL);
    if draw::width(words) > WIDEST_LINE {
        look::TWO_LINES
    } else {
        ONE_LINE
    }
}

/// The line that says which options are set.
fn summary_row(column: &mut Flex) -> Button {
    let mut summary = Button::default();
    summary.set_shortcut(Shortcut::Alt | 't');
    summary.set_tooltip("Show or hide the options of later transfers (Alt+T)");
    column.fixed(&summary, ROW);
    summary
}

/// A triangle, which points down while the options are shown, and the words.
fn draw_summary(summary: &Button, is_open: bool) {
    let (x, y, w, h) = (summary.x(), summary.y(), summary.w(), summary.h());
    draw::draw_rect_fill(x, y, w, h, look::PAPER);
    let (left, middle) = (x + 3, y + h / 2);
    draw::set_draw_color(look::ACCENT);
    if is_open {
        draw::draw_polygon(
            left,
            middle - 3,
            left + 10,
            middle - 3,
            left + 5,
            middle + 4,
        );
    } else {
        draw::draw_polygon(left, middle - 5, left + 7, middle, left, middle + 5);
    }
    draw::set_font(Font::Helvetica, look::TEXT);
    draw_words(
        &summary.label(),
        look::INK,
        Align::Left,
        (x + 10, y, w - 10, h),
    );
    if summary.has_focus() {
        draw::set_draw_color(look::ACCENT);
        draw::draw_rect(x, y + 2, w, h - 4);
    }
}

/// A choice with a caption before it and its explanation below.
fn explained(options: &mut Flex, caption: &str, choice: &Choice) -> Frame {
    let mut row = Flex::default().row();
    row.set_pad(look::GAP);
    captioned(&mut row, caption);
    row.add(choice);
    row.end();
    options.fixed(&row, ROW);
    let explanation = look::explanation();
    options.fixed(&explanation, ONE_LINE);
    explanation
}

/// A caption as wide as its words.
fn captioned(row: &mut Flex, words: &str) {
    let caption = look::caption(words);
    draw::set_font(Font::Helvetica, look::TEXT);
    #[expect(clippy::cast_possible_truncation, reason = "a width in pixels")]
    let width = draw::width(words).ceil() as i32;
    row.fixed(&caption, width + 6);
}

/// The window, and how many bytes of the file are in a packet.
fn figures_row(options: &mut Flex) -> (Input, Input) {
    let mut row = Flex::default().row();
    row.set_pad(look::GAP);
    captioned(&mut row, "Window");
    let window = look::field(&format!(
        "The send window in packets, 1 to {LARGEST_WINDOW}; empty: the default"
    ));
    captioned(&mut row, "Bytes a packet");
    let segment = look::field(&format!(
        "File bytes per packet, 1 to {LARGEST_SEGMENT_BYTES}; empty: the default, \
         {DEFAULT_SEGMENT_BYTES}, which fills an Ethernet frame"
    ));
    row.end();
    options.fixed(&row, ROW);
    (window, segment)
}

/// The choice for existing files, and the share at which transfers pause.
fn habits_row(column: &mut Flex) -> (Choice, Choice) {
    let mut row = Flex::default().row();
    row.set_pad(look::GAP);
    captioned(&mut row, "If it exists");
    let mut overwrite = look::choice("Choose what to do if a file of that name exists");
    for choice in Overwrite::ALL {
        overwrite.add_choice(choice.name());
    }
    captioned(&mut row, "Pause at");
    let pause_at = look::choice(
        "Pause each transfer at this share of its file; Resume continues it",
    );
    row.end();
    column.fixed(&row, ROW);
    (overwrite, pause_at)
}

/// The shares, and a typed one that is not among them.
fn show_pause(choice: &mut Choice, pause_at: Option<Share>) {
    let chosen = pause_at.map_or(NEVER.to_owned(), |share| share.to_string());
    let shares = SHARES.into_iter().map(|share| format!("{share} %"));
    let mut items: Vec<String> =
        std::iter::once(NEVER.to_owned()).chain(shares).collect();
    if !items.contains(&chosen) {
        items.push(chosen.clone());
    }
    choice.clear();
    for item in &items {
        choice.add_choice(item);
    }
    choice.set_value(place_of(items, |it| *it == chosen));
}
