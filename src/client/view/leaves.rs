//! What stands on the pages of the room: that of one page is there, the rest is hidden.

use super::page::Page;
use fltk::group::Flex;
use fltk::prelude::*;
use std::cell::Cell;

/// All pages.
pub(super) struct Leaves {
    /// Where they stand.
    row: Flex,
    all: Vec<Leaf>,
    shown: Cell<Option<Page>>,
}

/// One page.
pub(super) struct Leaf {
    /// Which one.
    pub(super) page: Page,
    /// What stands on it.
    pub(super) columns: Vec<Flex>,
    /// Puts the cursor where the page wants it.
    pub(super) focus: Box<dyn Fn()>,
}

impl Leaves {
    /// These pages, which stand in this row.
    pub(super) fn new(row: &Flex, all: Vec<Leaf>) -> Self {
        let row = row.clone();
        let shown = Cell::new(None);
        Self { row, all, shown }
    }

    /// Shows this page, and puts the cursor where it wants it.
    pub(super) fn turn_to(&self, page: Page) {
        if self.shown.replace(Some(page)) == Some(page) {
            return;
        }
        for leaf in &self.all {
            for mut column in leaf.columns.iter().cloned() {
                if leaf.page == page {
                    column.show();
                } else {
                    column.hide();
                }
            }
        }
        let mut row = self.row.clone();
        row.layout();
        row.redraw();
        self.focus();
    }

    /// Puts the cursor where the page that is shown wants it.
    pub(super) fn focus(&self) {
        let shown = self.shown.get().unwrap_or_default();
        let leaf = self.all.iter().find(|leaf| leaf.page == shown);
        // Where nobody sees it, a cursor would take the keys from what is seen.
        if let Some(leaf) = leaf.filter(|_| self.row.visible_r()) {
            (leaf.focus)();
        }
    }
}
