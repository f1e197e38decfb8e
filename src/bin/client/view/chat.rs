//! The chat: the rows of the shown conversation.
//!
//! Only new rows are appended, once per frame. The display follows the newest row, unless
//! the user reads further up: then it stays, and shows the number of new lines.
//!
//! ```text
//! Conversation --> Transcript --> Change --> text and styles of one display
//! ```
//!
//! Source: FLTK manual, class `Fl_Text_Display`.

mod marker;

pub(super) use marker::Mark;

use super::rows::{self, Setting, written};
use super::{context_menu, links, look, style};
use fltk::app;
use fltk::enums::{Event, Key, Shortcut};
use fltk::prelude::*;
use fltk::text::{PositionType, TextBuffer, TextDisplay, WrapMode};
use marker::Marker;
use sash::client::model::{self, Audience, Change, Transcript};
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

/// The widget and what it shows.
pub(super) struct ChatPane {
    display: TextDisplay,
    text: TextBuffer,
    styles: TextBuffer,
    page: Rc<RefCell<Page>>,
    setting: Setting,
    /// Whether to follow the newest row; not while the user reads further up.
    follows: Rc<Cell<bool>>,
    /// Whether a requested place is not drawn yet.
    is_jumping: Rc<Cell<bool>>,
    /// Whether it was drawn: before, FLTK divides by the height of no line.
    is_drawn: bool,
    /// The number of the line whose row the keys have marked.
    marked: Rc<Cell<Option<usize>>>,
}

/// The rows, and how many bytes each takes in the display.
#[derive(Default)]
struct Page {
    transcript: Transcript,
    lengths: VecDeque<usize>,
}

/// The margin between the text and the display's edges. Unit: pixels.
const EDGES: i32 = 16;

/// An action of the user on a row.
pub(super) enum Touch {
    /// Scrolling or unfolding: show the chat again.
    Turned,
    /// The display has another size: show the chat again.
    Resized,
    /// Text for the message that is being written.
    Typed(String),
}

impl ChatPane {
    /// Makes the widget in the current group; `touched` gets the user's actions.
    pub(super) fn new(touched: impl Fn(Touch) + 'static) -> Self {
        let text = TextBuffer::default();
        let styles = TextBuffer::default();
        let mut display = TextDisplay::default();
        display.set_buffer(text.clone());
        display.set_highlight_data_ext(styles.clone(), style::style_table());
        display.wrap_mode(WrapMode::AtBounds, 0);
        display.set_frame(look::LIST);
        display.set_color(look::PAGE);
        display.set_text_size(look::TEXT);
        // The display draws it paler while the cursor is in the message.
        display.set_selection_color(look::ACCENT);
        display.show_cursor(false);
        let follows = Rc::new(Cell::new(true));
        let is_jumping: Rc<Cell<bool>> = Rc::default();
        let touched = Rc::new(touched);
        let resized = Rc::clone(&touched);
        let (stays, end) = (Rc::clone(&follows), text.clone());
        let jumping = Rc::clone(&is_jumping);
        display.resize_callback(move |display, _, _, _, _| {
            jumping.set(true); // The next drawing shows where the lines end.
            if stays.get() {
                scroll_to_end(display, &end);
            }
            resized(Touch::Resized);
        });
        let page: Rc<RefCell<Page>> = Rc::default();
        let shown = Rc::clone(&page);
        display.super_handle_first(false);
        display.handle(move |display, event| on_event(display, event, &shown, &*touched));
        Self {
            display,
            text,
            styles,
            page,
            setting: Setting::default(),
            follows,
            is_jumping,
            is_drawn: false,
            marked: Rc::default(),
        }
    }

    /// Shows new rows, and follows them unless the user reads further up.
    pub(super) fn show(&mut self, chat: &model::Chat, me: &str) {
        self.notice_scrolling();
        let setting = self.setting_for(chat, me);
        let is_wider = setting.width != self.setting.width;
        let is_another = setting.with != self.setting.with;
        let has_stepped = setting.current != self.setting.current;
        let mut marker = self.mark_with();
        let marked = marker.marked().filter(|_| !is_another);
        let is_marked_otherwise = setting.query != self.setting.query || has_stepped;
        self.setting = setting;
        let page = Rc::clone(&self.page);
        let mut page = page.borrow_mut();
        match page.transcript.follow(chat.chosen()) {
            _ if is_wider => self.show_all(&mut page, is_another),
            Change::All => self.show_all(&mut page, is_another),
            Change::Rows {
                gone,
                taken_back,
                new,
            } => {
                self.drop_the_oldest(&mut page, gone);
                self.take_back(&mut page, taken_back);
                self.append(&mut page, new);
                if self.follows.get() && new > 0 {
                    self.show_the_end();
                }
                if is_marked_otherwise {
                    self.mark_anew(&page);
                }
            }
        }
        if let Some(number) = marked {
            marker.mark_again(&page, number);
        }
        if has_stepped && let Some(line) = self.setting.current {
            self.show_line(&page, line);
        }
    }

    /// The user of the conversation that is shown.
    pub(super) fn with(&self) -> &Audience {
        &self.setting.with
    }

    /// Whether the newest row is visible.
    pub(super) fn is_at_the_end(&self) -> bool {
        self.follows.get()
    }

    /// Scrolls to the newest row.
    pub(super) fn show_the_end(&mut self) {
        self.follows.set(true);
        self.is_jumping.set(true);
        scroll_to_end(&mut self.display, &self.text);
    }

    /// Scrolls a page up or down.
    pub(super) fn scroller(&self) -> impl Fn(bool) + 'static {
        let display = self.display.clone();
        move |is_up| {
            let mut display = display.clone();
            let rows = (display.h() / (look::TEXT + 5)).max(2) - 1;
            let step = if is_up { -rows } else { rows };
            display.scroll((display.scroll_row() + step).max(1), 0);
        }
    }

    /// The actions of keys on rows.
    pub(super) fn marker(&self) -> impl Fn(Mark) + 'static {
        let marker = self.mark_with();
        move |mark| marker.clone().take(mark)
    }

    fn mark_with(&self) -> Marker {
        Marker {
            display: self.display.clone(),
            text: self.text.clone(),
            page: Rc::clone(&self.page),
            follows: Rc::clone(&self.follows),
            is_jumping: Rc::clone(&self.is_jumping),
            row: Rc::clone(&self.marked),
        }
    }

    /// The selected text of the chat, for the clipboard.
    pub(super) fn selection(&self) -> impl Fn() -> Option<String> + 'static {
        let text = self.text.clone();
        move || text.selected().then(|| selected(&text))
    }

    /// Shows all rows again; another conversation begins at its dividing line or its end.
    fn show_all(&mut self, page: &mut Page, is_another: bool) {
        let top = self.row_at_the_top(page);
        page.lengths.clear();
        self.styles.set_text("");
        self.text.set_text("");
        let count = page.transcript.rows().len();
        self.append(page, count);
        if is_another || self.follows.get() {
            self.show_the_end();
        } else if let Some(top) = top {
            self.show_row(page, top);
        }
    }

    fn setting_for(&self, chat: &model::Chat, me: &str) -> Setting {
        let search = chat.search();
        let width = self.display.w() - app::scrollbar_size() - EDGES;
        Setting {
            with: chat.chosen().with().clone(),
            me: me.to_owned(),
            query: search.map(|it| it.query().to_owned()).unwrap_or_default(),
            current: search.and_then(model::Search::current),
            width: Some(width),
            ruler: Rc::clone(&self.setting.ruler),
        }
    }

    fn append(&mut self, page: &mut Page, new: usize) {
        let rows = page.transcript.rows();
        let (mut text, mut styles) = (String::new(), String::new());
        for row in rows.range(rows.len() - new..) {
            let row = written(row, &self.setting);
            page.lengths.push_back(row.text.len());
            text.push_str(&row.text);
            styles.push_str(&row.styles);
        }
        if new > 0 {
            self.styles.append(&styles); // Before the text, whose arrival is measured.
            self.text.append(&text);
        }
    }

    fn drop_the_oldest(&mut self, page: &mut Page, gone: usize) {
        let bytes: usize = page.lengths.drain(..gone).sum();
        self.remove(0, bytes);
    }

    fn take_back(&mut self, page: &mut Page, taken_back: usize) {
        let kept = page.lengths.len() - taken_back;
        let bytes: usize = page.lengths.drain(kept..).sum();
        let end = usize::try_from(self.text.length()).unwrap_or(0);
        self.remove(end.saturating_sub(bytes), end);
    }

    fn remove(&mut self, start: usize, end: usize) {
        if start < end {
            self.text.remove(position(start), position(end));
            self.styles.remove(position(start), position(end));
        }
    }

    /// Other places are marked: the styles change, the text does not.
    fn mark_anew(&mut self, page: &Page) {
        let rows = page.transcript.rows().iter();
        let styles: String = rows.map(|row| written(row, &self.setting).styles).collect();
        self.styles.set_text(&styles);
        self.display.redraw();
        self.display.redisplay_range(0, self.text.length());
    }

    fn show_line(&mut self, page: &Page, line: usize) {
        if let Some(row) = page.transcript.row_of(line) {
            let at = position(start_of(page, row));
            self.follows.set(false);
            self.is_jumping.set(true);
            self.display.set_insert_position(at);
            self.display.show_insert_position();
        }
    }

    /// The number of the line in the first visible row.
    fn row_at_the_top(&self, page: &Page) -> Option<usize> {
        if !self.is_drawn {
            return None;
        }
        let (x, y) = (self.display.x() + 20, self.display.y() + 10);
        let at = self.display.xy_to_position(x, y, PositionType::Cursor);
        row_at(page, at).and_then(|row| number_of(page, row))
    }

    fn show_row(&mut self, page: &Page, number: usize) {
        let row = page.transcript.row_of(number).unwrap_or(0);
        let at = position(start_of(page, row));
        let above = self.display.count_lines(0, at, true);
        self.display.scroll(above + 1, 0);
    }

    /// Finds out from the drawn display whether the user reads further up.
    fn notice_scrolling(&mut self) {
        if !self.display.damage() && self.display.visible_r() {
            self.is_drawn = true;
            self.is_jumping.set(false);
        }
        if !self.is_drawn || self.is_jumping.get() {
            return;
        }
        let last = self.text.length() - 1;
        let is_in_sight = last < 0 || self.display.position_to_xy(last).1 > 0;
        self.follows.set(is_in_sight);
    }
}

/// Requests the complete last row at the next drawing. The text ends with a line end,
/// after which the display would show an empty row.
fn scroll_to_end(display: &mut TextDisplay, text: &TextBuffer) {
    display.set_insert_position((text.length() - 1).max(0));
    display.show_insert_position();
}

/// FLTK counts bytes in 32 bits; the model keeps far fewer.
fn position(bytes: usize) -> i32 {
    i32::try_from(bytes).unwrap_or(i32::MAX)
}

fn start_of(page: &Page, row: usize) -> usize {
    page.lengths.iter().take(row).sum()
}

fn row_at(page: &Page, at: i32) -> Option<usize> {
    let at = usize::try_from(at).ok()?;
    let mut end = 0;
    page.lengths.iter().position(|length| {
        end += length;
        at < end
    })
}

fn number_of(page: &Page, row: usize) -> Option<usize> {
    page.transcript.rows().get(row).map(|row| row.number)
}

fn selected(text: &TextBuffer) -> String {
    rows::for_the_clipboard(&text.selection_text())
}

fn on_event(
    display: &mut TextDisplay,
    event: Event,
    page: &Rc<RefCell<Page>>,
    touched: &impl Fn(Touch),
) -> bool {
    let command = app::event_state().intersects(Shortcut::Ctrl | Shortcut::Alt);
    match event {
        Event::Push if context_menu::is_wanted(event) => {
            let at = place_under_the_mouse(display);
            offer_to_copy(display, &page.borrow(), at);
            true
        }
        Event::Released => {
            let is_plain_click = app::event_is_click()
                && !app::event_clicks()
                && display.buffer().is_some_and(|text| !text.selected());
            let at = place_under_the_mouse(display);
            if !is_plain_click {
                return false;
            }
            let text = display.buffer();
            let link = text.and_then(|text| link_at(&text, &page.borrow(), at));
            if let Some(link) = link {
                links::open(&link);
            } else if toggle(&mut page.borrow_mut(), at) {
                touched(Touch::Turned);
            }
            false
        }
        Event::MouseWheel | Event::Drag | Event::Focus => {
            touched(Touch::Turned);
            false
        }
        Event::KeyDown if command && app::event_key() == Key::from_char('c') => {
            if let Some(text) = display.buffer().filter(TextBuffer::selected) {
                app::copy(&selected(&text));
            }
            true
        }
        Event::KeyDown if !command => {
            let typed = app::event_text();
            let is_text = typed.chars().next().is_some_and(|it| !it.is_control());
            if is_text {
                touched(Touch::Typed(typed));
            }
            is_text
        }
        _ => false,
    }
}

fn place_under_the_mouse(display: &TextDisplay) -> i32 {
    let (x, y) = (app::event_x(), app::event_y());
    display.xy_to_position(x, y, PositionType::Character)
}

/// Unfolds the row under the mouse, or folds its lines again.
fn toggle(page: &mut Page, at: i32) -> bool {
    let row = row_at(page, at);
    let number = row.and_then(|row| number_of(page, row));
    number.is_some_and(|number| page.transcript.toggle(number))
}

fn offer_to_copy(display: &TextDisplay, page: &Page, at: i32) {
    let Some(text) = display.buffer() else {
        return;
    };
    let mut items: Vec<context_menu::Item> = Vec::new();
    if text.selected() {
        let text = text.clone();
        items.push(("Copy", Box::new(move || app::copy(&selected(&text)))));
    }
    if let Some(row) = row_at(page, at) {
        let start = start_of(page, row);
        let end = start + page.lengths.get(row).copied().unwrap_or(0);
        let line = text.text_range(position(start), position(end));
        let line = rows::for_the_clipboard(&line.unwrap_or_default());
        items.push(("Copy line", Box::new(move || app::copy(line.trim_end()))));
    }
    if let Some(link) = link_at(&text, page, at) {
        let opened = link.clone();
        items.push(("Open link", Box::new(move || links::open(&opened))));
        items.push(("Copy link", Box::new(move || app::copy(&link))));
    }
    context_menu::show(items);
}

/// The address under this place of the text.
fn link_at(text: &TextBuffer, page: &Page, at: i32) -> Option<String> {
    let row = row_at(page, at)?;
    let start = start_of(page, row);
    let end = start + page.lengths.get(row)?;
    let line = text.text_range(position(start), position(end))?;
    links::at(&line, usize::try_from(at).ok()?.checked_sub(start)?)
}
