//! The offer to resume interrupted downloads: a coloured row in place, no dialog.
//!
//! ```text
//! 2 downloads can go on: film.mp4 (42 %), map.png (7 %)   [Go on] [Leave] [Delete]
//! ```

use super::{IntentCallback, labels, look};
use fltk::frame::Frame;
use fltk::group::Flex;
use fltk::prelude::*;
use sash::client::controller::{Intent, PartialFileChoice};
use sash::client::model::Model;
use sash::client::words;
use std::rc::Rc;

/// The row; hidden while nothing is offered.
pub(super) struct PartialFiles {
    page: Flex,
    row: Flex,
    words: Frame,
    shown: String,
}

/// The most names in the sentence.
const NAMES_TOLD: usize = 3;

impl PartialFiles {
    /// Makes the row in the column that is being built.
    pub(super) fn new(page: &mut Flex, report: &IntentCallback) -> Self {
        let mut row = look::asking_row();
        let words = look::caption("");
        let answers = [
            (
                look::main_button("Go on", "Download the missing parts"),
                PartialFileChoice::Resume,
            ),
            (
                look::button("Leave", "Keep the partial files for later"),
                PartialFileChoice::Leave,
            ),
            (
                look::button("Delete", "Delete the partial files"),
                PartialFileChoice::Delete,
            ),
        ];
        for (mut button, choice) in answers {
            row.fixed(&button, 84);
            let tell = Rc::clone(report);
            button.set_callback(move |_| tell(Intent::PartialFiles(choice)));
        }
        look::end_asking_row(&mut row, page);
        Self {
            page: page.clone(),
            row,
            words,
            shown: String::new(),
        }
    }

    /// Offers what the model offers.
    pub(super) fn show(&mut self, model: &Model) {
        let told = told(model);
        if told == self.shown {
            return;
        }
        self.words.set_label(&labels::label(&told));
        if told.is_empty() {
            self.row.hide();
        } else {
            self.row.show();
        }
        self.shown = told;
        self.page.layout();
        self.page.redraw();
    }
}

/// The offered downloads, if any.
fn told(model: &Model) -> String {
    let count = match model.partial_files.len() {
        0 => return String::new(),
        1 => "A download can be resumed".to_owned(),
        count => format!("{count} downloads can be resumed"),
    };
    let names = model
        .partial_files
        .iter()
        .take(NAMES_TOLD)
        .map(words::partial_file);
    let names: Vec<String> = names.collect();
    let more = match model.partial_files.len().saturating_sub(NAMES_TOLD) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{count}: {}{more}", names.join(", "))
}
