//! The room: chat, people, files and transfers on one page.
//!
//! ```text
//! Chat        [online][files][commands]  Online (3)
//! +-----------------------------------+  +---------------+
//! | 12:01  dana  hi                   |  | dana          |
//! |                                   |  +---------------+
//! |                                   |  Files (7)
//! |                                   |  +---------------+
//! |                                   |  | name     size |
//! +-----------------------------------+  +---------------+
//! To [all v] [______________] [Send]     protocol, Download
//! Transfers
//! +------------------------------------------------------+
//! +------------------------------------------------------+
//! connected as dana to localhost:50000        [Disconnect]
//! ```

use super::conversation::Conversation;
use super::question::Question;
use super::side::Side;
use super::transfers::{Press, TransferTable};
use super::{Report, labels, look};
use crate::client::controller::Intent;
use crate::client::model::{Model, Phase};
use fltk::button::Button;
use fltk::frame::Frame;
use fltk::group::Flex;
use fltk::prelude::*;
use std::rc::Rc;

/// The page and its parts.
pub(super) struct Room {
    page: Flex,
    conversation: Conversation,
    side: Side,
    transfers: TransferTable,
    /// Asked in place.
    pub(super) question: Question,
    status: Frame,
    /// The button; what it does first, the window decides.
    pub(super) disconnect: Button,
    link: String,
}

/// Of the column with people and files. Unit: pixels.
const SIDE_WIDTH: i32 = 344;

/// Of the table of transfers. Unit: pixels.
const TRANSFERS_HEIGHT: i32 = 136;

impl Room {
    /// Makes the page in the window that is being built, `size` large. `link` is what
    /// the status line says of the link.
    pub(super) fn new(size: (i32, i32), link: String, report: &Report) -> Self {
        let mut page = Flex::new(0, 0, size.0, size.1, None).column();
        page.set_margin(look::MARGIN);
        page.set_pad(look::GAP);

        let mut upper = Flex::default().row();
        upper.set_pad(look::MARGIN);
        let conversation = Conversation::new(report);
        let side = Side::new(conversation.message(), report);
        upper.fixed(side.widget(), SIDE_WIDTH);
        upper.end();

        let heading = look::heading("Transfers");
        page.fixed(&heading, 20);
        let tell = Rc::clone(report);
        let transfers = TransferTable::new(move |button, tag| {
            tell(match button {
                Press::Pause => Intent::Pause {
                    tag: Some(tag),
                    is_paused: true,
                },
                Press::Resume => Intent::Pause {
                    tag: Some(tag),
                    is_paused: false,
                },
                Press::Cancel => Intent::Cancel { tag },
            });
        });
        page.fixed(transfers.widget(), TRANSFERS_HEIGHT);
        let question = Question::new(&mut page);
        let (status, disconnect) = status_row(&mut page);
        page.end();
        page.hide();
        Self {
            page,
            conversation,
            side,
            transfers,
            question,
            status,
            disconnect,
            link,
        }
    }

    /// Shows the model; hides the page while nobody is joined.
    pub(super) fn show(&mut self, model: &Model) {
        if matches!(model.phase, Phase::Login | Phase::Joining) {
            self.question.close();
            self.page.hide();
            return;
        }
        self.conversation.show(model);
        self.side.show(model);
        self.transfers.show(&model.transfers);
        let status = labels::label(&status(model, &self.link));
        self.status.set_label(&status);
        if !self.page.visible() {
            self.page.show();
            drop(self.conversation.message().clone().take_focus());
        }
    }
}

fn status_row(page: &mut Flex) -> (Frame, Button) {
    let mut row = Flex::default().row();
    row.set_pad(look::GAP);
    let mut status = look::caption("");
    status.set_label_color(look::FADED);
    status.set_label_size(look::TEXT - 1);
    let disconnect = look::button("Disco&nnect", "Leave the room (Alt+N)");
    row.fixed(&disconnect, 116);
    row.end();
    page.fixed(&row, look::ROW);
    (status, disconnect)
}

/// `connected as dana to localhost:50000 - round trip 2 ms - link: perfect`.
fn status(model: &Model, link: &str) -> String {
    let connection = match &model.phase {
        Phase::Lost { sentence } => sentence.clone(),
        Phase::Login | Phase::Joining | Phase::Joined => {
            format!("connected as {} to {}", model.name, model.server)
        }
    };
    let round_trip = match model.round_trip.map(|time| time.as_millis()) {
        None => String::new(),
        Some(0) => "  \u{2013}  round trip below 1 ms".to_owned(),
        Some(ms) => format!("  \u{2013}  round trip {ms} ms"),
    };
    format!("{connection}{round_trip}  \u{2013}  link: {link}")
}
