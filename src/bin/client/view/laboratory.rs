//! The laboratory's page: the strip, the ladder or a chart, and the playing controls.
//!
//! ```text
//! Link [delay=50ms;rate=1mbit;drop=d2.1_________________________] [Copy] [Run]
//! [go-back-n v] [4] [8 packets v] [fixed v] [Race][Predict]  [Cards][Open][Export]
//! [Restart][Back][Play][Step] slow motion [--o--]  moment [-----o-------]
//! what the card wants to show
//! +---------------------------------------------------------+  [ladder v][to scale v]
//! | strip                                                   |  [what happens v][fold]
//! +---------------------------------------------------------+  loss    [--o--] 10%
//! | ladder, chart or race                                   |  delay   [---o-] 50ms
//! +---------------------------------------------------------+  under the mouse
//! a sentence
//! ```
//!
//! Widgets report requests, which are carried out at once; the next turn shows the
//! results. While something plays, each turn requests the next one.
//!
//! | module | is |
//! | --- | --- |
//! | `canvas` | a picture on the screen |
//! | `doing` | carries out a request |
//! | `cards` | the first screen |
//! | `fields` `playing` `knobs` `switches` | the user's settings |
//! | `key_control` | the actions of keys |
//! | `asking` | the questions of the quiz |
//! | `file_row` | the path of a file to open or to write |
//! | `canvases` `snapshot` | the two canvases, and their pictures |

mod asking;
mod canvas;
mod canvases;
mod cards;
mod doing;
mod fields;
mod file_row;
mod key_control;
mod knobs;
mod playing;
mod snapshot;
mod switches;

use super::bell::Bell;
use super::class_question::Stopped;
use super::{labels, look};
use asking::Asking;
use canvases::Canvases;
use cards::Cards;
use doing::Doing;
use fields::Fields;
use file_row::FileRow;
use fltk::draw;
use fltk::enums::{Event, Font, FrameType};
use fltk::frame::Frame;
use fltk::group::Flex;
use fltk::prelude::*;
use key_control::KeyControl;
use knobs::Knobs;
use playing::Playing;
use sash::client::theme::Theme;
use sash::client::watching::Watched;
use sash::lab::page::{Content, Laboratory, LaboratoryRequest};
use sash::lab::palette::Paper;
use sash::transfer::clock::Clock;
use sash::wire::message::Assignment;
use std::cell::{OnceCell, RefCell};
use std::path::Path;
use std::rc::Rc;
use switches::Switches;

/// The channel of the page's widgets.
type RequestCallback = Rc<dyn Fn(LaboratoryRequest)>;

/// The page with its widgets.
pub(super) struct Page {
    column: Flex,
    fields: Fields,
    playing: Playing,
    /// The text of the open card.
    lesson: Frame,
    middle: Flex,
    cards: Cards,
    canvases: Rc<RefCell<Canvases>>,
    switches: Switches,
    side: Flex,
    knobs: Knobs,
    asking: Asking,
    under_mouse: Frame,
    bytes: Frame,
    notice: Frame,
    place: Rc<RefCell<FileRow>>,
    laboratory: Rc<RefCell<Laboratory>>,
    doing: Rc<Doing>,
    bell: Bell,
    clock: Clock,
    last_turn: sash::reliable::moment::Moment,
}

/// The width of the column with the sliders. Unit: pixels.
const SIDE_WIDTH: i32 = 264;

/// The height of a header's bytes: seven lines. Unit: pixels.
const BYTES_HEIGHT: i32 = 106;

/// Where the side is lower, the words have the room of the bytes. Unit: pixels.
const LEAST_FOR_BYTES: i32 = 390;

/// The height of a line of a card's text. Unit: pixels.
const LESSON_HEIGHT: i32 = 17;

impl Page {
    /// Makes the page in the group that is being built; files are offered in `folder`.
    pub(super) fn new(
        folder: &Path,
        intents: &super::IntentCallback,
        bell: Bell,
    ) -> Self {
        let doing: Rc<OnceCell<Rc<Doing>>> = Rc::default();
        let report: RequestCallback = {
            let doing = Rc::clone(&doing);
            Rc::new(move |request| {
                if let Some(doing) = doing.get() {
                    doing.take(request);
                }
            })
        };
        let laboratory = Rc::new(RefCell::new(Laboratory::default()));
        let mut column = Flex::default().column();
        column.set_pad(6);
        let fields = Fields::new(&mut column, &report);
        let playing = Playing::new(&mut column, &report);
        let mut lesson = look::explanation();
        lesson.set_label_size(look::TEXT - 1);
        lesson.set_label_color(look::INK);
        column.fixed(&lesson, LESSON_HEIGHT);
        lesson.hide();
        let mut middle = Flex::default().row();
        middle.set_pad(look::GAP);
        let cards = Cards::new(&report);
        let key_control = KeyControl::new(&report, &bell);
        let canvases = Canvases::new(&key_control, &report, &bell);
        let canvases = Rc::new(RefCell::new(canvases));
        let tools = Doing::new(&laboratory, &canvases, bell.clone(), intents);
        let doing = Rc::clone(doing.get_or_init(|| Rc::new(tools)));
        let mut side = Flex::default().column();
        side.set_pad(6);
        let switches = Switches::new(&mut side, &report);
        let knobs = Knobs::new(&mut side, &report);
        let mut under_mouse = look::explanation();
        under_mouse.set_label_color(look::INK);
        under_mouse.set_label_size(look::SMALL - 1);
        let mut bytes = look::explanation();
        bytes.set_label_font(Font::Courier);
        bytes.set_label_size(look::SMALL - 1);
        bytes.set_frame(FrameType::NoBox);
        side.fixed(&bytes, BYTES_HEIGHT);
        let asking = Asking::new(&report);
        side.end();
        middle.fixed(&side, SIDE_WIDTH);
        middle.end();
        let notice = look::caption("");
        column.fixed(&notice, 20);
        let focus = canvases.borrow().focus();
        let place = FileRow::new(&mut column, folder, &report, focus);
        let place = Rc::new(RefCell::new(place));
        column.end();
        take_keys(&mut column, key_control, cards.clone());
        let clock = Clock::start();
        let mut page = Self {
            last_turn: clock.now(),
            column,
            fields,
            playing,
            lesson,
            middle,
            cards,
            canvases,
            switches,
            side,
            knobs,
            asking,
            under_mouse,
            bytes,
            notice,
            place,
            laboratory,
            doing,
            bell,
            clock,
        };
        page.ask_for_places();
        page.fields.show(page.laboratory.borrow().setup());
        page
    }

    /// The page, for the layout.
    pub(super) fn widget(&self) -> &Flex {
        &self.column
    }

    /// Takes the keys that play, when called.
    pub(super) fn focus(&self) -> impl Fn() + 'static {
        let (canvases, cards) = (self.canvases.borrow().focus(), self.cards.clone());
        move || {
            if !cards.focus() {
                canvases();
            }
        }
    }

    /// Opens a journal, as if its place had been typed.
    pub(super) fn open(&self, journal: &Path) {
        // The first card would lose the keys to the first field when the run appears.
        self.canvases.borrow().focus()();
        self.doing
            .take_later(LaboratoryRequest::Open(journal.to_owned()));
    }

    /// Shows the run of a question of the class at its moment, when called.
    pub(super) fn stopper(&self) -> impl Fn(Stopped) + 'static {
        let doing = Rc::clone(&self.doing);
        move |stopped| doing.stop_at(stopped)
    }

    /// Shows the run of a class exercise, when called.
    pub(super) fn exercise_opener(&self) -> impl Fn(&Assignment) + 'static {
        let doing = Rc::clone(&self.doing);
        move |assignment| doing.open_exercise(assignment)
    }

    /// Whether the user may ask the class.
    pub(super) fn set_teacher(&self, is_teacher: bool) {
        self.laboratory.borrow_mut().set_teacher(is_teacher);
    }

    /// The new entries of the real transfer that is watched.
    pub(super) fn watch(&self, watched: Watched) {
        self.laboratory.borrow_mut().see(watched);
    }

    /// Advances the time, and shows the result.
    pub(super) fn turn(&mut self, theme: Theme) {
        let now = self.clock.now();
        let wall = now - self.last_turn;
        self.last_turn = now;
        self.doing.catch_up();
        if self.column.visible_r() {
            self.laboratory.borrow_mut().tick(wall);
            self.show(paper(theme));
        }
    }

    fn show(&mut self, paper: Paper) {
        let laboratory = self.laboratory.borrow();
        show_parts(
            &laboratory,
            &mut self.middle,
            [
                self.cards.widget(),
                self.canvases.borrow_mut().widget(),
                &mut self.side,
            ],
        );
        self.cards.show(paper);
        self.canvases.borrow().appear();
        self.fields.show(laboratory.setup());
        self.playing.show(&laboratory);
        self.knobs.show(&laboratory.setup().scenario);
        let mut canvases = self.canvases.borrow_mut();
        canvases.show(&laboratory, paper);
        self.switches.show(&laboratory);
        let is_asking = matches!(laboratory.content(), Content::Quiz(_));
        if is_asking != self.asking.widget().visible() {
            set_visible(self.asking.widget(), is_asking);
            set_visible(self.knobs.widget(), !is_asking);
            self.switches.set_visible(!is_asking);
            set_visible(&mut self.under_mouse, !is_asking);
            self.side.layout();
            self.side.redraw();
        }
        if let Content::Quiz(quiz) = laboratory.content() {
            self.asking.show(quiz, laboratory.is_teacher());
        }
        let lesson = laboratory.card().map_or_else(String::new, |card| {
            let end = if card.title.ends_with('?') { "" } else { "." };
            format!("{}{end} {}", card.title, card.words)
        });
        look::set_label(&mut self.lesson, &labels::label(&lesson));
        let has_lesson = laboratory.card().is_some();
        draw::set_font(self.lesson.label_font(), self.lesson.label_size());
        let (width, _) = draw::measure(&lesson, false);
        let is_long = width + 2 * look::MARGIN > self.column.w();
        let height = LESSON_HEIGHT * (1 + i32::from(is_long));
        let is_other = has_lesson && self.lesson.h() != height;
        if has_lesson != self.lesson.visible() || is_other {
            set_visible(&mut self.lesson, has_lesson);
            self.column.fixed(&self.lesson, height);
            self.column.layout();
            self.column.redraw();
        }
        let about = canvases.under_mouse(&laboratory);
        let has_room = self.side.h() >= LEAST_FOR_BYTES;
        let shows_bytes = has_room && !is_asking && !about.bytes.is_empty();
        if shows_bytes != self.bytes.visible() {
            set_visible(&mut self.bytes, shows_bytes);
            self.side.layout();
            self.side.redraw();
        }
        look::set_label(&mut self.under_mouse, &lines(&about.words));
        look::set_label(&mut self.bytes, &lines(&about.bytes));
        let (sentence, color) = match (laboratory.busy(), laboratory.notice()) {
            (Some(word), _) => (word, look::FADED),
            (None, Some(notice)) if notice.is_problem => {
                (notice.sentence.as_str(), look::WRONG)
            }
            (None, Some(notice)) => (notice.sentence.as_str(), look::INK),
            (None, None) => ("", look::INK),
        };
        self.notice.set_label_color(color);
        draw::set_font(self.notice.label_font(), look::TEXT);
        let (width, _) = draw::measure(sentence, false);
        let is_long = width + look::MARGIN > self.notice.w();
        let size = if is_long { look::SMALL } else { look::TEXT };
        self.notice.set_label_size(size);
        look::set_label(&mut self.notice, &labels::label(sentence));
        if laboratory.is_playing() {
            self.bell.ring(); // The bell pauses before it answers: 20 pictures per second.
        }
    }

    fn ask_for_places(&mut self) {
        let place = Rc::clone(&self.place);
        let open = move |_: &mut _| place.borrow_mut().ask_what_to_open();
        self.fields.open.set_callback(open);
        let (place, laboratory) = (Rc::clone(&self.place), Rc::clone(&self.laboratory));
        self.fields.export.set_callback(move |_| {
            place.borrow_mut().ask_what_to_write(&laboratory.borrow());
        });
    }
}

/// Shows the cards before anything is open; then the canvases and their widgets.
fn show_parts(
    laboratory: &Laboratory,
    middle: &mut Flex,
    [cards, canvases, side]: [&mut Flex; 3],
) {
    let is_empty = matches!(laboratory.content(), Content::Empty);
    if is_empty == cards.visible() && is_empty != canvases.visible() {
        return;
    }
    set_visible(cards, is_empty);
    set_visible(canvases, !is_empty);
    set_visible(side, !is_empty);
    middle.layout();
    middle.redraw();
}

/// Handles keys that no field has used.
fn take_keys(column: &mut Flex, key_control: KeyControl, cards: Cards) {
    column.handle(move |_, event| {
        matches!(event, Event::Shortcut | Event::KeyDown)
            && (cards.key() || key_control.key())
    });
}

/// Text for a label, its lines kept.
fn lines(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(labels::label).collect();
    lines.join("\n")
}

fn set_visible(widget: &mut impl WidgetExt, is_visible: bool) {
    if is_visible {
        widget.show();
    } else {
        widget.hide();
    }
}

const fn paper(theme: Theme) -> Paper {
    match theme {
        Theme::Light => Paper::White,
        Theme::Dark => Paper::Dark,
        Theme::Projector => Paper::Projector,
    }
}
