//! One row of the table of transfers: its texts, its actions, and its look.

use super::super::files::draw_mark;
use super::super::look;
use super::super::sorted_table::{INSET, Rectangle, draw_words};
use super::COLUMNS;
use fltk::draw;
use fltk::enums::{Align, Color, Font, FrameType};
use sash::client::model::Transfer;
use sash::client::words;
use sash::wire::message::TransferState;

/// One transfer, as words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) tag: u64,
    /// The columns but for the bar and the buttons, in their order.
    pub(super) words: [String; 7],
    pub(super) percent: u8,
    pub(super) state: TransferState,
    /// Its details below the table.
    pub(super) details: String,
    pub(super) digest: Option<String>,
    /// The actions of its two buttons, if they are shown.
    pub(super) buttons: [Option<Press>; 2],
    pub(super) can: Abilities,
}

/// An action on a transfer.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each of them can be possible with and without the others"
)]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Abilities {
    pause: bool,
    resume: bool,
    cancel: bool,
    discard: bool,
    retry: bool,
    show: bool,
}

/// A button in a row or above the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Press {
    Pause,
    Resume,
    Cancel,
    /// Cancel, or afterwards: delete the partial file.
    Discard,
    Retry,
    Show,
    Copy,
    /// Show its packets in the laboratory.
    Watch,
}

/// The column with the bar.
const BAR: usize = 2;

/// The column with the state of the transfer.
const STATE: usize = 7;

/// The first of the columns with the buttons.
pub(super) const BUTTONS: usize = 8;

impl Row {
    pub(super) fn new(transfer: &Transfer) -> Self {
        let left = transfer.time_left().map(words::time_left);
        let rate = match transfer.state {
            TransferState::Paused | TransferState::Queued => 0,
            TransferState::Opening
            | TransferState::Sending
            | TransferState::Verified
            | TransferState::Damaged
            | TransferState::Failed
            | TransferState::Unknown
            | TransferState::Cancelled => transfer.rate(),
        };
        let rate = (rate > 0).then(|| words::rate(rate));
        let can = Abilities::of(transfer);
        Self {
            tag: transfer.tag,
            words: [
                transfer.tag.to_string(),
                words::harmless(&transfer.file),
                rate.unwrap_or_default(),
                left.unwrap_or_default(),
                transfer.protocol(),
                transfer.resent_packets.to_string(),
                words::state(transfer),
            ],
            percent: words::percent(transfer),
            state: transfer.state,
            details: words::transfer_details(transfer),
            digest: transfer.digest.map(|digest| digest.to_string()),
            buttons: can.buttons(),
            can,
        }
    }

    /// Whether it shows this ended transfer, which has not changed.
    pub(super) fn is_still(&self, transfer: &Transfer) -> bool {
        self.tag == transfer.tag
            && self.state == transfer.state
            && transfer.state.is_end()
            && self.can.discard == transfer.has_left_a_part()
            // Deleted bytes are no longer counted.
            && self.percent == words::percent(transfer)
    }

    pub(super) fn can(&self, press: Press) -> bool {
        match press {
            Press::Pause => self.can.pause,
            Press::Resume => self.can.resume,
            Press::Cancel => self.can.cancel,
            Press::Discard => self.can.discard,
            Press::Retry => self.can.retry,
            Press::Show => self.can.show,
            Press::Copy => self.digest.is_some(),
            // A transfer that can be paused or resumed is running.
            Press::Watch => self.can.pause || self.can.resume,
        }
    }

    /// As `sha256sum` prints it.
    pub(super) fn checksum(&self) -> Option<String> {
        let digest = self.digest.as_ref()?;
        Some(format!("{digest}  {}", self.words[1]))
    }

    pub(super) fn draw(&self, column: usize, place: Rectangle) {
        let (x, y, w, h) = place;
        match column {
            BAR => self.draw_bar((x + INSET, y + 4, w - 2 * INSET, h - 8)),
            STATE => {
                let mark = if self.state == TransferState::Verified {
                    draw_mark((x + INSET - 2, y, 16, h));
                    18
                } else {
                    0
                };
                let color = state_color(self.state);
                let place = (x + mark, y, w - mark, h);
                draw_words(&self.words[STATE - 1], color, Align::Left, place);
            }
            BUTTONS.. => {
                if let Some(button) = self.buttons[column - BUTTONS] {
                    draw_button(button.label(), (x + 3, y + 1, w - 6, h - 2));
                }
            }
            _ => {
                // The bar has no words, so those of the columns after it stand one
                // earlier.
                let index = if column > BAR { column - 1 } else { column };
                let side = COLUMNS[column].side;
                draw_words(&self.words[index], look::INK, side, place);
            }
        }
    }

    fn draw_bar(&self, (x, y, w, h): Rectangle) {
        let filled = w * i32::from(self.percent) / 100;
        draw::draw_rect_fill(x, y, w, h, look::PAPER);
        draw::draw_rect_fill(x, y, filled, h, state_color(self.state));
        draw::set_draw_color(look::LINE);
        draw::draw_rect(x, y, w, h);
        draw::set_font(Font::HelveticaBold, look::SMALL - 1);
        let percent = format!("{} %", self.percent);
        // The figure changes its colour where the bar ends beneath it.
        let over_bar = (x, filled, look::PAGE);
        let over_paper = (x + filled, w - filled, look::INK);
        for (left, width, color) in [over_bar, over_paper] {
            draw::push_clip(left, y, width, h);
            draw_words(&percent, color, Align::Center, (x, y, w, h));
            draw::pop_clip();
        }
    }
}

impl Abilities {
    fn of(transfer: &Transfer) -> Self {
        let is_running = !transfer.state.is_end();
        let is_download = transfer.source.is_none();
        Self {
            pause: transfer.can_be(true),
            resume: transfer.can_be(false),
            cancel: is_running,
            discard: is_download && is_running || transfer.has_left_a_part(),
            retry: transfer.can_be_retried(),
            show: transfer.path.is_some() || transfer.source.is_some(),
        }
    }

    /// The two most likely actions.
    const fn buttons(self) -> [Option<Press>; 2] {
        if self.cancel {
            let first = if self.pause {
                Some(Press::Pause)
            } else if self.resume {
                Some(Press::Resume)
            } else {
                None
            };
            return [first, Some(Press::Cancel)];
        }
        let second = if self.discard {
            Some(Press::Discard)
        } else {
            None
        };
        if self.retry {
            [Some(Press::Retry), second]
        } else if self.show {
            [Some(Press::Show), None]
        } else {
            [None, None]
        }
    }
}

impl Press {
    /// As a row's button says it.
    const fn label(self) -> &'static str {
        match self {
            Self::Pause => "Pause",
            Self::Resume => "Resume",
            Self::Cancel => "Cancel",
            Self::Discard => "Delete",
            Self::Retry => "Try again",
            Self::Show => "Show",
            Self::Copy => "Copy",
            Self::Watch => "Watch",
        }
    }
}

const fn state_color(state: TransferState) -> Color {
    match state {
        TransferState::Queued | TransferState::Opening | TransferState::Sending => {
            look::ACCENT
        }
        TransferState::Verified => look::WELL,
        TransferState::Damaged | TransferState::Failed => look::WRONG,
        TransferState::Paused | TransferState::Unknown | TransferState::Cancelled => {
            look::FADED
        }
    }
}

fn draw_button(label: &str, place: Rectangle) {
    let (x, y, w, h) = place;
    draw::draw_box(FrameType::UpBox, x, y, w, h, look::PAGE);
    draw::set_font(Font::Helvetica, look::SMALL);
    draw_words(label, look::INK, Align::Center, place);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_has_buttons_for_the_currently_possible_actions_only() {
        let running = Abilities {
            pause: true,
            cancel: true,
            discard: true,
            ..Abilities::default()
        };
        assert_eq!(running.buttons(), [Some(Press::Pause), Some(Press::Cancel)]);
        let interrupted = Abilities {
            retry: true,
            discard: true,
            ..Abilities::default()
        };
        let expected = [Some(Press::Retry), Some(Press::Discard)];
        assert_eq!(interrupted.buttons(), expected);
        let whole = Abilities {
            show: true,
            ..Abilities::default()
        };
        assert_eq!(whole.buttons(), [Some(Press::Show), None]);
    }
}
