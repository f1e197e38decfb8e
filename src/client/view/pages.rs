//! The pages of the room: which there are, and which one is shown.
//!
//! ```text
//! Model --> tabs: #all 3 | Transfers 43 %      a click or a key turns the page
//! ```

use super::bell::Bell;
use super::tabs::Tab;
use crate::client::model::Model;
use crate::client::words;
use std::cell::RefCell;
use std::rc::Rc;

/// A page of the room.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Page {
    /// What was said to all, and what is to be said.
    #[default]
    Chat,
    /// What is on its way.
    Transfers,
}

/// The pages, shared by all that turn them.
#[derive(Clone)]
pub(super) struct Pages {
    state: Rc<RefCell<State>>,
    bell: Bell,
}

#[derive(Default)]
struct State {
    pages: Vec<Page>,
    chosen: usize,
}

impl Pages {
    /// With the first page shown; `bell` rings when another one shall be.
    pub(super) fn new(bell: Bell) -> Self {
        Self {
            state: Rc::default(),
            bell,
        }
    }

    /// The page that is shown.
    pub(super) fn chosen(&self) -> Page {
        let state = self.state.borrow();
        state.pages.get(state.chosen).copied().unwrap_or_default()
    }

    /// Takes the pages that there are from the model; the tabs for them.
    pub(super) fn show(&self, model: &Model) -> Vec<Tab> {
        let mut state = self.state.borrow_mut();
        let pages = [Page::Chat, Page::Transfers];
        state.pages = pages.to_vec();
        state.chosen = state.chosen.min(pages.len() - 1);
        let tabs = pages.into_iter().enumerate();
        tabs.map(|(place, page)| tab(page, model, place == state.chosen))
            .collect()
    }

    /// Turns to the page at this place, counted from 0; elsewhere nothing happens.
    pub(super) fn choose(&self, place: usize) {
        let mut state = self.state.borrow_mut();
        if place < state.pages.len() {
            state.chosen = place;
            self.bell.ring();
        }
    }

    /// Turns `steps` pages to the right, and from the last one to the first.
    pub(super) fn turn(&self, steps: i32) {
        let mut state = self.state.borrow_mut();
        let count = i32::try_from(state.pages.len()).unwrap_or(1).max(1);
        let chosen = i32::try_from(state.chosen).unwrap_or(0);
        state.chosen = usize::try_from((chosen + steps).rem_euclid(count)).unwrap_or(0);
        self.bell.ring();
    }

    /// Turns to the first page, as for somebody who has just come.
    pub(super) fn begin(&self) {
        self.state.borrow_mut().chosen = 0;
    }
}

fn tab(page: Page, model: &Model, is_chosen: bool) -> Tab {
    let (label, news) = match page {
        Page::Chat => {
            let unread = if is_chosen { 0 } else { model.unread };
            ("#all", some(unread))
        }
        Page::Transfers => ("Transfers", progress(model)),
    };
    Tab {
        label: label.to_owned(),
        news,
        is_chosen,
        ..Tab::default()
    }
}

/// A number, where it is none too many.
fn some(count: usize) -> String {
    match count {
        0 => String::new(),
        1..=99 => count.to_string(),
        _ => "99+".to_owned(),
    }
}

/// Of one running transfer how far it is, else how many are running.
fn progress(model: &Model) -> String {
    let mut running = model.running_transfers();
    match (running.next(), running.count()) {
        (None, _) => String::new(),
        (Some(only), 0) => format!("{} %", words::percent(only)),
        (Some(_), others) => (others + 1).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tab_counts_what_nobody_has_seen_and_stays_short() {
        let model = Model {
            unread: 250,
            ..Model::default()
        };
        assert_eq!(tab(Page::Chat, &model, false).news, "99+");
        assert_eq!(tab(Page::Chat, &model, true).news, "");
        assert_eq!(tab(Page::Transfers, &model, false).news, "");
    }

    #[test]
    fn turning_goes_round_and_a_page_that_is_not_there_is_no_page() {
        let pages = Pages::new(Bell::default());
        pages.show(&Model::default());
        pages.turn(-1);
        assert_eq!(pages.chosen(), Page::Transfers);
        pages.turn(1);
        assert_eq!(pages.chosen(), Page::Chat);
        pages.choose(7);
        assert_eq!(pages.chosen(), Page::Chat);
    }
}
