//! The path of a file to open or to write: a row in place of a dialog.
//!
//! ```text
//! Write [Ladder (SVG) v] [downloads/ladder.svg] [Browse] [In browser] [Copy link] [OK] [Cancel]
//! ```

use super::{RequestCallback, look};
use fltk::app;
use fltk::button::Button;
use fltk::dialog::{FileDialog, FileDialogType};
use fltk::enums::{CallbackTrigger, Event, FrameType, Key};
use fltk::frame::Frame;
use fltk::group::Flex;
use fltk::input::Input;
use fltk::menu::Choice;
use fltk::prelude::*;
use sash::client::browser;
use sash::lab::page::export::Format;
use sash::lab::page::{Laboratory, LaboratoryRequest, Notice};
use std::cell::{Cell, RefCell};
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// The row; hidden until it is needed.
pub(super) struct FileRow {
    page: Flex,
    row: Flex,
    caption: Frame,
    format: Choice,
    field: Input,
    /// Open the page in a browser; copy its link.
    page_buttons: [Button; 2],
    /// The experiment and the moment, for the page's address.
    fragment: Rc<RefCell<String>>,
    folder: PathBuf,
    is_opening: Rc<Cell<bool>>,
    /// Returns the keys to the canvas that plays.
    give_back: Rc<dyn Fn()>,
}

fn told(sentence: &str, is_problem: bool) -> LaboratoryRequest {
    LaboratoryRequest::Tell(Notice {
        sentence: sentence.to_owned(),
        is_problem,
    })
}

impl FileRow {
    /// Makes the row in the current column; files are offered in `folder`, and after the
    /// answer `give_back` takes the keys.
    pub(super) fn new(
        page: &mut Flex,
        folder: &Path,
        report: &RequestCallback,
        give_back: impl Fn() + 'static,
    ) -> Self {
        let mut row = Flex::default().row();
        row.set_frame(FrameType::DownBox);
        row.set_color(look::ASKING);
        row.set_margins(look::MARGIN, 6, 6, 6);
        row.set_pad(look::GAP);
        let caption = look::caption("");
        row.fixed(&caption, 44);
        let mut format = look::choice("Choose what to save");
        for kind in Format::ALL {
            // Added by its label alone, which has no slash.
            format.add_choice(kind.label());
        }
        row.fixed(&format, 230);
        let field = look::field(
            "Choose the file; an existing file is kept, and the new one \
                         gets a number",
        );
        let browse = look::button("Browse", "Choose a file");
        row.fixed(&browse, 76);
        let browser =
            look::button("In browser", "Open this run in the browser, at this moment");
        row.fixed(&browser, 84);
        let link =
            look::button("Copy link", "Copy the link that opens this run in the page");
        row.fixed(&link, 78);
        let fine = look::main_button("OK", "Or press Enter");
        row.fixed(&fine, 56);
        let cancel = look::button("Cancel", "Or press Escape");
        row.fixed(&cancel, 72);
        row.end();
        row.hide();
        page.fixed(&row, look::ROW + 12);
        let place = Self {
            page: page.clone(),
            row,
            caption,
            format,
            field,
            page_buttons: [browser, link],
            fragment: Rc::default(),
            folder: folder.to_owned(),
            is_opening: Rc::default(),
            give_back: Rc::new(give_back),
        };
        place.answer(fine, cancel, report);
        place.link_to_page(report);
        place.browse(browse);
        place
    }

    /// Asks for a journal.
    pub(super) fn ask_what_to_open(&mut self) {
        self.is_opening.set(true);
        self.caption.set_label("Open");
        self.format.hide();
        self.page_buttons.iter_mut().for_each(Button::hide);
        self.field.set_value("");
        self.appear();
    }

    /// Asks what to write; the names describe the contents.
    pub(super) fn ask_what_to_write(&mut self, laboratory: &Laboratory) {
        self.is_opening.set(false);
        self.caption.set_label("Write");
        self.format.show();
        self.page_buttons.iter_mut().for_each(Button::show);
        self.fragment.replace(laboratory.fragment());
        let names = Format::ALL.map(|format| self.folder.join(format.name(laboratory)));
        let mut field = self.field.clone();
        let offer = move |place: i32| {
            let name = usize::try_from(place).ok().and_then(|at| names.get(at));
            if let Some(name) = name {
                field.set_value(&name.display().to_string());
            }
        };
        let mut first = offer.clone();
        self.format.set_value(1);
        first(1);
        let mut offer = offer;
        self.format
            .set_callback(move |format| offer(format.value()));
        self.appear();
    }

    fn appear(&mut self) {
        self.row.show();
        self.page.layout();
        self.page.redraw();
        drop(self.field.take_focus());
    }

    fn answer(&self, mut fine: Button, mut cancel: Button, report: &RequestCallback) {
        let (field, format) = (self.field.clone(), self.format.clone());
        let (is_opening, report) = (Rc::clone(&self.is_opening), Rc::clone(report));
        let hide = self.hider();
        let agree = move || {
            let place = PathBuf::from(field.value());
            if place.as_os_str().is_empty() {
                return;
            }
            hide();
            let chosen = usize::try_from(format.value()).unwrap_or(0);
            match Format::ALL.get(chosen) {
                _ if is_opening.get() => report(LaboratoryRequest::Open(place)),
                Some(format) => {
                    report(LaboratoryRequest::Export(format.named(&place), place));
                }
                None => {}
            }
        };
        let mut field = self.field.clone();
        field.set_trigger(CallbackTrigger::EnterKeyAlways);
        let enter = agree.clone();
        field.set_callback(move |_| enter());
        fine.set_callback(move |_| agree());
        let hide = self.hider();
        field.super_handle_first(false);
        field.handle(move |_, event| {
            let is_escape = event == Event::KeyDown && app::event_key() == Key::Escape;
            if is_escape {
                hide();
            }
            is_escape
        });
        let hide = self.hider();
        cancel.set_callback(move |_| hide());
    }

    fn link_to_page(&self, report: &RequestCallback) {
        let [mut browser, mut link] = self.page_buttons.clone();
        let (hide, fragment) = (self.hider(), Rc::clone(&self.fragment));
        let tell = Rc::clone(report);
        browser.set_callback(move |_| {
            hide();
            tell(match browser::open_page(&fragment.borrow()) {
                Ok(()) => told("The browser opens this run.", false),
                Err(sentence) => told(&sentence, true),
            });
        });
        let (hide, fragment) = (self.hider(), Rc::clone(&self.fragment));
        let tell = Rc::clone(report);
        link.set_callback(move |_| {
            hide();
            app::copy(&browser::link(&fragment.borrow()));
            tell(told(
                "The link is copied. It opens this run at this moment.",
                false,
            ));
        });
    }

    fn browse(&self, mut browse: Button) {
        let mut field = self.field.clone();
        let (is_opening, folder) = (Rc::clone(&self.is_opening), self.folder.clone());
        browse.set_callback(move |_| {
            let kind = if is_opening.get() {
                FileDialogType::BrowseFile
            } else {
                FileDialogType::BrowseSaveFile
            };
            let mut chooser = FileDialog::new(kind);
            // If it cannot start there, it starts elsewhere.
            drop(chooser.set_directory(&folder));
            chooser.show();
            let chosen = chooser.filename();
            if !chosen.as_os_str().is_empty() {
                field.set_value(&chosen.display().to_string());
            }
        });
    }

    fn hider(&self) -> impl Fn() + Clone + 'static {
        let (page, row) = (self.page.clone(), self.row.clone());
        let give_back = Rc::clone(&self.give_back);
        move || {
            let (mut page, mut row) = (page.clone(), row.clone());
            row.hide();
            page.layout();
            page.redraw();
            give_back();
        }
    }
}
