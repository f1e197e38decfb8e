//! One progress bar per running download.

use crate::client::model::Transfer;
use crate::client::words;
use crate::wire::message::TransferState;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::collections::HashMap;

/// The bars on the screen.
pub(super) struct Bars {
    all: MultiProgress,
    by_tag: HashMap<u64, ProgressBar>,
}

const TEMPLATE: &str = "{prefix:20!} [{bar:24}] {percent:>3}% {wide_msg}";

impl Bars {
    pub(super) fn new(all: MultiProgress) -> Self {
        Self {
            all,
            by_tag: HashMap::new(),
        }
    }

    /// Whether they are invisible, for example if stderr is a file.
    pub(super) fn are_hidden(&self) -> bool {
        self.all.is_hidden()
    }

    /// Draws running downloads and removes the bars of ended ones.
    pub(super) fn show(&mut self, transfers: &[Transfer]) {
        for transfer in transfers {
            if transfer.state.is_end() {
                if let Some(bar) = self.by_tag.remove(&transfer.tag) {
                    bar.finish_and_clear();
                    self.all.remove(&bar);
                }
                continue;
            }
            let bar = self
                .by_tag
                .entry(transfer.tag)
                .or_insert_with(|| self.all.add(new_bar(transfer)));
            // In percent, because the bar's own computation would divide by zero for an
            // empty file.
            bar.set_position(words::percent(transfer).into());
            bar.set_message(message(transfer));
        }
    }
}

fn new_bar(transfer: &Transfer) -> ProgressBar {
    let style = ProgressStyle::with_template(TEMPLATE)
        .expect("the template is written here")
        .progress_chars("#>-");
    // Hidden until it has its place.
    ProgressBar::with_draw_target(Some(100), ProgressDrawTarget::hidden())
        .with_style(style)
        .with_prefix(words::harmless(&transfer.file))
}

fn message(transfer: &Transfer) -> String {
    let mut parts = Vec::new();
    match transfer.time_left() {
        Some(left) if transfer.state == TransferState::Sending => {
            parts.push(words::rate(transfer.rate()));
            parts.push(format!("{} left", words::time_left(left)));
        }
        Some(_) | None => parts.push(words::state(transfer)),
    }
    if transfer.resent_packets > 0 {
        parts.push(format!("{} resent", transfer.resent_packets));
    }
    parts.join(", ")
}
