//! Carries out the user's requests at once; the next turn shows the results.
//!
//! ```text
//!   button, slider, click, key --Wish--> Doing --> laboratory --Task--> a thread --News--.
//!                                                       |                                |
//!                     the window's turn shows it <------+--------------------------------'
//! ```
//!
//! In this way the next key acts on the result of the last one, and a packet is lost
//! where it was clicked. A request during drawing waits until drawing has finished.

use super::super::bell::Bell;
use super::super::class_question::Stopped;
use super::canvases::Canvases;
use sash::client::commands::Wanted;
use sash::client::controller::Intent;
use sash::client::laboratory;
use sash::lab::page::export::Format;
use sash::lab::page::{Command, Laboratory, LaboratoryRequest, News, Task};
use sash::wire::message::Assignment;
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::mpsc::{self, Receiver, Sender};

/// The objects that a request acts on.
pub(super) struct Doing {
    laboratory: Rc<RefCell<Laboratory>>,
    canvases: Rc<RefCell<Canvases>>,
    /// Takes the keys that play.
    focus: Box<dyn Fn()>,
    /// Requests that arrived during drawing.
    waiting: RefCell<Vec<LaboratoryRequest>>,
    news: (Sender<News>, Receiver<News>),
    bell: Bell,
    /// The channel to the controller, for real transfers.
    intents: super::super::IntentCallback,
}

impl Doing {
    /// With nothing to do yet.
    pub(super) fn new(
        laboratory: &Rc<RefCell<Laboratory>>,
        canvases: &Rc<RefCell<Canvases>>,
        bell: Bell,
        intents: &super::super::IntentCallback,
    ) -> Self {
        Self {
            laboratory: Rc::clone(laboratory),
            canvases: Rc::clone(canvases),
            focus: Box::new(canvases.borrow().focus()),
            waiting: RefCell::default(),
            news: mpsc::channel(),
            bell,
            intents: Rc::clone(intents),
        }
    }

    /// Carries out a request of the user.
    pub(super) fn take(&self, request: LaboratoryRequest) {
        // First, because its result may arrive while the user types elsewhere.
        if request.begins() {
            (self.focus)();
        }
        self.take_later(request);
        self.catch_up();
    }

    /// Shows the run of a question of the class, paused at its moment.
    pub(super) fn stop_at(&self, stopped: Stopped) {
        let Stopped {
            journal,
            index,
            goes_on,
        } = stopped;
        self.canvases.borrow().let_go();
        self.laboratory
            .borrow_mut()
            .stop_at(journal, index, goes_on);
        self.bell.ring();
    }

    /// Shows the run of a class exercise, from its beginning.
    pub(super) fn open_exercise(&self, assignment: &Assignment) {
        self.canvases.borrow().let_go();
        self.laboratory.borrow_mut().open_exercise(assignment);
        self.bell.ring();
    }

    /// The same, at the next turn.
    pub(super) fn take_later(&self, request: LaboratoryRequest) {
        self.waiting.borrow_mut().push(request);
        self.bell.ring();
    }

    /// Carries out waiting requests, and takes the results of threads.
    pub(super) fn catch_up(&self) {
        let (Ok(mut laboratory), Ok(mut canvases)) = (
            self.laboratory.try_borrow_mut(),
            self.canvases.try_borrow_mut(),
        ) else {
            return; // It is being drawn; the bell has requested another turn.
        };
        let requests = self.waiting.take();
        for request in requests {
            if request.begins() {
                canvases.let_go();
            }
            let request = if let LaboratoryRequest::Export(Format::Png, place) = request {
                LaboratoryRequest::Write(place, canvases.png(&laboratory))
            } else {
                request
            };
            laboratory.take(request);
        }
        for news in self.news.1.try_iter() {
            canvases.let_go();
            laboratory.hear(news);
        }
        let tasks = laboratory.take_tasks();
        drop((laboratory, canvases));
        for task in tasks {
            let bell = self.bell.clone();
            if let Task::OfController(command) = task {
                (self.intents)(intent(command));
            } else {
                laboratory::start(task, self.news.0.clone(), move || bell.ring());
            }
        }
    }
}

/// The same, for the controller.
fn intent(command: Command) -> Intent {
    match command {
        Command::StopWatching => Intent::Watch { tag: None },
        Command::ChangeLink(scenario) => Intent::ChangeLink(scenario),
        Command::Kill { tag, packet } => Intent::Kill { tag, packet },
        Command::AskClass { assignment, moment } => {
            Intent::AskClass(Wanted::Next(Some(moment)), assignment)
        }
    }
}
