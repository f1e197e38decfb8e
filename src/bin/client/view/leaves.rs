//! The content of the room's pages: one page is shown, the others are hidden.

use super::page::Page;
use fltk::group::Flex;
use fltk::prelude::*;
use fltk::widget::Widget;
use std::cell::Cell;

/// All pages.
pub(super) struct Leaves {
    /// Their row.
    row: Flex,
    all: Vec<Leaf>,
    shown: Cell<Option<Page>>,
    is_narrow: Cell<bool>,
}

/// One page.
pub(super) struct Leaf {
    /// The page.
    pub(super) page: Page,
    /// Its content.
    pub(super) columns: Vec<Flex>,
    /// The widgets beside it if the window is wide enough.
    pub(super) aside: Vec<Widget>,
    /// Puts the cursor into the page.
    pub(super) focus: Box<dyn Fn()>,
}

impl Leaves {
    /// These pages, in this row.
    pub(super) fn new(row: &Flex, all: Vec<Leaf>) -> Self {
        let row = row.clone();
        let shown = Cell::new(None);
        let is_narrow = Cell::default();
        Self {
            row,
            all,
            shown,
            is_narrow,
        }
    }

    /// Shows this page, and puts the cursor into it.
    pub(super) fn turn_to(&self, page: Page) {
        if self.shown.replace(Some(page)) == Some(page) {
            return;
        }
        self.arrange();
        self.focus();
    }

    /// Whether there is space only for the page, and none beside it.
    pub(super) fn set_narrow(&self, is_narrow: bool) {
        if self.is_narrow.replace(is_narrow) != is_narrow {
            self.arrange();
        }
    }

    fn arrange(&self) {
        for leaf in &self.all {
            let is_shown = self.shown.get() == Some(leaf.page);
            for column in &leaf.columns {
                set_visible(column, is_shown);
            }
            for aside in &leaf.aside {
                set_visible(aside, is_shown && !self.is_narrow.get());
            }
        }
        let mut row = self.row.clone();
        row.layout();
        row.redraw();
    }

    /// Puts the cursor into the shown page.
    pub(super) fn focus(&self) {
        let shown = self.shown.get().unwrap_or_default();
        let leaf = self.all.iter().find(|leaf| leaf.page == shown);
        // A hidden cursor would take the keys from the visible widgets.
        if let Some(leaf) = leaf.filter(|_| self.row.visible_r()) {
            (leaf.focus)();
        }
    }
}

fn set_visible(widget: &(impl WidgetExt + Clone), is_visible: bool) {
    let mut widget = widget.clone();
    if is_visible {
        widget.show();
    } else {
        widget.hide();
    }
}
