//! The room: the chat, the transfers, and beside them users and files.
//!
//! ```text
//! #all 3 | Transfers 43 %
//! +-----------------------------------+  Online (3)
//! | 12:01  dana  hi                   |  +---------------+
//! |                                   |  | dana          |
//! |                                   |  +---------------+
//! |                                   |  Files (7)
//! |                                   |  +---------------+
//! |                                   |  | name     size |
//! +-----------------------------------+  +---------------+
//! To [all v] [______________] [Send]     options, Download
//! connected as dana to localhost:50000        [Disconnect]
//! ```
//!
//! The tabs show the current page: the chat, with users and files beside it, or the
//! transfers over the whole width.

use super::bell::Bell;
use super::class_exercise::ExerciseOpener;
use super::class_question::QuestionBar;
use super::conversation::Conversation;
use super::divider;
use super::laboratory;
use super::leaves::{Leaf, Leaves};
use super::page::Page;
use super::pages::Pages;
use super::partial_files::PartialFiles;
use super::question::Question;
use super::side::Side;
use super::tabs::Tabs;
use super::transfers::TransfersPage;
use super::{IntentCallback, ModelReader, labels, look};
use fltk::button::Button;
use fltk::frame::Frame;
use fltk::group::Flex;
use fltk::input::Input;
use fltk::prelude::*;
use fltk::widget::Widget;
use sash::client::Settings;
use sash::client::model::{Model, Phase};
use sash::client::words;
use std::rc::Rc;

/// The page and its parts.
pub(super) struct RoomView {
    page: Flex,
    tabs: Tabs,
    conversation: Conversation,
    transfers: TransfersPage,
    partial_files: PartialFiles,
    side: Side,
    /// The sliding window at work.
    pub(super) laboratory: laboratory::Page,
    /// The question before the user leaves.
    pub(super) question: Question,
    /// The request of a teacher: in a row of its own, so that no answer reaches the other
    /// one.
    pub(super) class_exercise: Question,
    /// Opens a class exercise in the laboratory.
    pub(super) open_exercise: ExerciseOpener,
    /// The teacher's question about a run.
    class_question: QuestionBar,
    status: Frame,
    /// The button; what it does first, the window decides.
    pub(super) disconnect: Button,
    pages: Pages,
    leaves: Rc<Leaves>,
    /// The transfer whose packets the laboratory shows.
    watched: Option<u64>,
}

/// The height of the row of tabs. Unit: pixels.
const TABS_HEIGHT: i32 = 30;

/// In a narrower room the chat has the whole width. Unit: pixels.
const LEAST_FOR_SIDE: i32 = 850;

impl RoomView {
    /// Makes the page in the column that is being built.
    pub(super) fn new(
        settings: &Settings,
        pages: &Pages,
        report: &IntentCallback,
        look: &ModelReader,
        bell: Bell,
    ) -> Self {
        let mut page = Flex::default().column();
        page.set_margins(look::MARGIN, 0, look::MARGIN, look::GAP);
        page.set_pad(look::GAP);

        let turn = pages.clone();
        let tabs = Tabs::new(move |touch| turn.touch(touch));
        page.fixed(tabs.widget(), TABS_HEIGHT);

        let mut middle = Flex::default().row();
        middle.set_pad(0);
        let conversation = Conversation::new(report, look);
        let transfers = TransfersPage::new(report);
        let mut gap = divider::gap();
        let side = Side::new(conversation.message(), report);
        divider::listen(&mut gap, &middle, side.widget());
        let laboratory = laboratory::Page::new(&settings.out, report, bell);
        middle.end();
        let aside = vec![gap.as_base_widget(), side.widget().as_base_widget()];
        let leaves = leaves(&middle, &conversation, &transfers, aside, &laboratory);
        let leaves = Rc::new(leaves);
        pages.show_with(Rc::clone(&leaves));
        let narrow = Rc::clone(&leaves);
        middle.resize_callback(move |_, _, _, width, _| {
            narrow.set_narrow(width < LEAST_FOR_SIDE);
        });

        let partial_files = PartialFiles::new(&mut page, report);
        let question = Question::new(&mut page);
        let class_exercise = Question::new(&mut page);
        let (open, turn) = (laboratory.exercise_opener(), pages.clone());
        let open_exercise: ExerciseOpener = Rc::new(move |assignment, is_clicked| {
            open(assignment);
            if is_clicked {
                turn.turn_to(Page::Laboratory);
            }
        });
        let (open, turn) = (laboratory.stopper(), pages.clone());
        let message = conversation.message();
        let class_question =
            QuestionBar::new(&mut page, report, message, move |stopped| {
                open(stopped);
                turn.turn_to(Page::Laboratory);
            });
        let (status, disconnect) = status_row(&mut page);
        page.end();
        page.hide();
        Self {
            page,
            tabs,
            conversation,
            transfers,
            partial_files,
            side,
            laboratory,
            question,
            class_exercise,
            open_exercise,
            class_question,
            status,
            disconnect,
            pages: pages.clone(),
            leaves,
            watched: None,
        }
    }

    /// The page, for the layout.
    pub(super) fn widget(&mut self) -> &mut Flex {
        &mut self.page
    }

    /// Shows the model.
    pub(super) fn show(&mut self, model: &Model) {
        if model.watched.is_some() && model.watched != self.watched {
            self.pages.turn_to(Page::Laboratory);
        }
        self.watched = model.watched;
        self.tabs.show(self.pages.show(model));
        self.leaves.turn_to(self.pages.chosen());
        self.conversation.show(model);
        self.side.show(model);
        self.transfers.show(model);
        self.partial_files.show(model);
        self.class_question.show(model);
        let is_teacher = model.teacher.as_ref() == Some(&model.name);
        self.laboratory
            .set_teacher(is_teacher && model.phase == Phase::Joined);
        let status = labels::label(&status(model));
        if status != self.status.label() {
            self.status.set_label(&status);
            let leave = match model.phase {
                Phase::Login | Phase::Joining => "Co&nnect\u{2026}",
                Phase::Joined | Phase::Lost { .. } => "Disco&nnect",
            };
            self.disconnect.set_label(leave);
        }
    }

    /// Removes a question that is no longer valid.
    pub(super) fn forget(&mut self) {
        self.question.close();
        self.class_exercise.close();
        self.class_question.forget();
        self.pages.turn_to(Page::Chat);
    }

    /// Types a text into the next line, from wherever the cursor is on the chat's page.
    pub(super) fn typist(&self) -> impl Fn(&str) -> bool + 'static {
        let (pages, take_text) = (self.pages.clone(), self.conversation.typist());
        move |text| {
            let is_chat = pages.chosen() == Page::Chat;
            if is_chat {
                take_text(text);
            }
            is_chat
        }
    }

    /// The field with the next line.
    pub(super) fn message(&self) -> &Input {
        self.conversation.message()
    }

    /// Puts the cursor into the next line, or into the shown page.
    pub(super) fn focus(&self) {
        self.leaves.focus();
    }
}

/// The content of each page, and its place for the cursor.
fn leaves(
    middle: &Flex,
    conversation: &Conversation,
    transfers: &TransfersPage,
    aside: Vec<Widget>,
    laboratory: &laboratory::Page,
) -> Leaves {
    let message = conversation.message().clone();
    let focus = move || drop(message.clone().take_focus());
    let chat = Leaf {
        page: Page::Chat,
        columns: vec![conversation.widget().clone()],
        aside,
        focus: Box::new(focus),
    };
    let transfers = Leaf {
        page: Page::Transfers,
        columns: vec![transfers.widget().clone()],
        aside: Vec::new(),
        focus: Box::new(transfers.focus()),
    };
    let laboratory = Leaf {
        page: Page::Laboratory,
        columns: vec![laboratory.widget().clone()],
        aside: Vec::new(),
        focus: Box::new(laboratory.focus()),
    };
    Leaves::new(middle, vec![chat, transfers, laboratory])
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
fn status(model: &Model) -> String {
    let connection = match &model.phase {
        Phase::Lost { sentence } => sentence.clone(),
        Phase::Login | Phase::Joining => {
            return "not connected; the laboratory works without a server".to_owned();
        }
        Phase::Joined => {
            format!("connected as {} to {}", model.name, model.server)
        }
    };
    let round_trip = match model.round_trip {
        None => String::new(),
        Some(time) if time.as_millis() == 0 => "  \u{2013}  RTT below 1 ms".to_owned(),
        Some(time) => format!("  \u{2013}  RTT {}", words::time(time)),
    };
    format!(
        "{connection}{round_trip}  \u{2013}  link: {}",
        model.scenario
    )
}
