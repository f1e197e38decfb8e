//! The teacher's question: asked in place, answered with a click, its outcome as bars.
//!
//! ```text
//! | dana asks question 1. The retransmission timer has expired.      [Show]         |
//! | What does the sender do next?                                                   |
//! | [a) waits              ] [b) sends DATA 2 to 5 again ]                          |
//! | [c) sends DATA 2 again ] [d) sends DATA 6 ...        ]                          |
//! ```
//!
//! It never takes the cursor, and no key typed elsewhere answers it, because its buttons
//! cannot have the cursor. `/answer b` in the message does the same.

use super::{IntentCallback, labels, look};
use fltk::button::Button;
use fltk::enums::{Align, CallbackTrigger, FrameType};
use fltk::frame::Frame;
use fltk::group::Flex;
use fltk::input::Input;
use fltk::misc::Progress;
use fltk::prelude::*;
use sash::client::controller::Intent;
use sash::client::model::{Model, QuestionAsked};
use sash::lab::class_question::{Bar, short, typed};
use sash::lab::journal::Journal;
use sash::wire::message::{Answer, Revealed};
use std::cell::RefCell;
use std::rc::Rc;

/// The run of a question, for the laboratory: up to its moment, or whole.
pub(super) struct Stopped {
    /// Its state.
    pub(super) journal: Journal,
    /// The moment at which it is paused: the number of entries that have happened.
    pub(super) index: usize,
    /// Whether it may continue.
    pub(super) goes_on: bool,
}

/// The bar.
pub(super) struct QuestionBar {
    page: Flex,
    column: Flex,
    words: Frame,
    show: Button,
    /// Reveal for the teacher; to close it, once the answers are shown.
    end: Button,
    choices: Grid<Button>,
    bars: Grid<Progress>,
    number: Number,
    state: Rc<RefCell<State>>,
}

/// The current meaning of the buttons.
#[derive(Default)]
struct State {
    question: Option<QuestionAsked>,
    /// The number of the question that the user has closed.
    closed: Option<u64>,
    /// The number of other users in the room.
    others: usize,
}

/// Widgets in rows of two.
struct Grid<T> {
    column: Flex,
    rows: Vec<Flex>,
    cells: Vec<T>,
    frame: FrameType,
    row_height: i32,
}

/// A field for a number, and its button.
struct Number {
    row: Flex,
    field: Input,
    /// The place of the cursor after the field disappears.
    back: Input,
}

/// The height of a choice. Unit: pixels.
const CHOICE_HEIGHT: i32 = 28;

/// The height of a bar. Unit: pixels.
const BAR_HEIGHT: i32 = 22;

/// Between two rows of the bar, and at its edge. Unit: pixels.
const PAD: i32 = 4;
const EDGE: i32 = 6;

/// A line of words. Unit: pixels.
const LINE_HEIGHT: i32 = 17;

/// Letters in a line of words, in a narrow window.
const LETTERS_IN_A_LINE: usize = 76;

/// The limit of choices and of bars.
const MOST_CELLS: usize = 8;

impl QuestionBar {
    /// Makes the bar in the current column. `message` is the field with the next line;
    /// `open` shows a run in the laboratory.
    pub(super) fn new(
        page: &mut Flex,
        report: &IntentCallback,
        message: &Input,
        open: impl Fn(Stopped) + 'static,
    ) -> Self {
        let mut column = Flex::default().column();
        column.set_frame(FrameType::DownBox);
        column.set_color(look::ASKING);
        column.set_margins(look::MARGIN, EDGE, EDGE, EDGE);
        column.set_pad(PAD);
        let mut top = Flex::default().row();
        top.set_pad(look::GAP);
        let mut words = look::explanation();
        words.set_label_size(look::TEXT);
        words.set_label_color(look::INK);
        let mut show = without_cursor(look::button("Show", "The run up to this moment"));
        top.fixed(&show, 90);
        let mut end = without_cursor(look::button("Reveal", ""));
        top.fixed(&end, 90);
        top.end();
        let state: Rc<RefCell<State>> = Rc::default();
        let choices = Grid::new(CHOICE_HEIGHT, |place| choice(place, &state, report));
        let bars = Grid::new(BAR_HEIGHT, |_| bar());
        let number = Number::new(report, message);
        column.end();
        column.hide();
        page.fixed(&column, 0);

        let asked = Rc::clone(&state);
        show.set_callback(move |_| {
            let state = asked.borrow();
            if let Some(question) = &state.question {
                open(stopped(question));
            }
        });
        let bar = Self {
            page: page.clone(),
            column,
            words,
            show,
            end: end.clone(),
            choices,
            bars,
            number,
            state,
        };
        let (state, report) = (Rc::clone(&bar.state), Rc::clone(report));
        let (column, page) = (bar.column.clone(), bar.page.clone());
        end.set_callback(move |_| {
            let is_over = {
                let mut state = state.borrow_mut();
                let over = state.question.as_ref().filter(|it| !it.is_open());
                let over = over.map(|it| it.number);
                state.closed = over.or(state.closed);
                over.is_some()
            };
            if is_over {
                hide(&column, &page);
            } else {
                report(Intent::Reveal);
            }
        });
        bar
    }

    /// Shows the current question, or nothing.
    pub(super) fn show(&mut self, model: &Model) {
        let others = model.users.len().saturating_sub(1);
        {
            let mut state = self.state.borrow_mut();
            let is_shown = state.others == others
                && match (&state.question, &model.question) {
                    (Some(shown), Some(question)) => shown.looks_like(question),
                    (None, None) => true,
                    (Some(_), None) | (None, Some(_)) => false,
                };
            if is_shown {
                return;
            }
            state.question.clone_from(&model.question);
            state.others = others;
        }
        let question = model.question.as_ref();
        let closed = self.state.borrow().closed;
        let shown = question.filter(|it| it.is_open() || closed != Some(it.number));
        if let Some(question) = shown {
            self.show_question(question, others);
        } else {
            self.number.let_go();
            hide(&self.column, &self.page);
        }
    }

    /// Removes it, for example on leaving the room.
    pub(super) fn forget(&mut self) {
        self.state.replace(State::default());
        hide(&self.column, &self.page);
    }

    fn show_question(&mut self, question: &QuestionAsked, others: usize) {
        let words = words(question, others);
        let lines = words.len().div_ceil(LETTERS_IN_A_LINE).clamp(2, 5);
        let words_height = i32::try_from(lines).unwrap_or(2) * LINE_HEIGHT + 4;
        look::set_label(&mut self.words, &labels::label(&words));
        let is_open = question.is_open();
        look::set_label(&mut self.show, if is_open { "Show" } else { "Play on" });
        look::set_label(&mut self.end, if is_open { "Reveal" } else { "Close" });
        set_visible(&mut self.end, question.is_own || !is_open);
        let mut height = words_height;
        let choices = question.run.choices();
        let shown = if is_open { choices.len() } else { 0 };
        height += self.choices.show(shown, &mut self.column);
        for ((place, button), choice) in (0..).zip(&mut self.choices.cells).zip(&choices)
        {
            let label = format!(" {}) {choice}", short(Answer::Choice(place)));
            look::set_label(button, &labels::item(&label));
            let is_mine = question.answer == Some(Answer::Choice(place));
            button.set_color(if is_mine { look::CHOSEN } else { look::PAGE });
        }
        let bars = question.revealed.as_ref();
        let bars = bars.map_or(Vec::new(), |revealed| question.run.bars(revealed));
        height += self.bars.show(bars.len(), &mut self.column);
        for (cell, bar) in self.bars.cells.iter_mut().zip(&bars) {
            draw(cell, bar, question.answer);
        }
        let wants_number = is_open && choices.is_empty() && !question.is_own;
        height += self
            .number
            .show(wants_number, question.answer, &mut self.column);
        self.column.show();
        self.page.fixed(&self.column, height + 2 * EDGE);
        self.page.layout();
        self.column.layout();
        self.page.redraw();
    }
}

/// The text above the choices or the bars.
fn words(question: &QuestionAsked, others: usize) -> String {
    let QuestionAsked {
        number, from, run, ..
    } = question;
    if let Some(Revealed { answers, .. }) = question.revealed {
        let count = match answers {
            0 => "Nobody has answered".to_owned(),
            1 => "1 answer".to_owned(),
            answers => format!("{answers} answers"),
        };
        let verdict = run.verdict(question.answer);
        return format!("Question {number}. {count}. {verdict}");
    }
    let asked = format!("{}: {} {}", run.protocol(), run.happened(), run.sentence());
    if question.is_own {
        let count = question.answered;
        return format!("Question {number}, {asked} {count} of {others} have answered.");
    }
    let own = question.answer.map_or_else(String::new, |answer| {
        let answer = short(answer);
        format!(" Your answer is {answer}; you may still change it.")
    });
    format!("{from} asks question {number}, {asked}{own}")
}

/// The part of the run that the laboratory may show.
fn stopped(question: &QuestionAsked) -> Stopped {
    let run = &question.run;
    let goes_on = !question.is_open();
    let journal = if goes_on {
        run.journal().clone()
    } else {
        run.journal_up_to_the_moment()
    };
    Stopped {
        journal,
        index: run.index(),
        goes_on,
    }
}

fn choice(place: usize, state: &Rc<RefCell<State>>, report: &IntentCallback) -> Button {
    let mut button = without_cursor(look::button("", ""));
    button.set_label_size(look::SMALL);
    button.set_align(Align::Left | Align::Inside | Align::Wrap | Align::Clip);
    let (state, report) = (Rc::clone(state), Rc::clone(report));
    button.set_callback(move |_| {
        let state = state.borrow();
        let question = state.question.as_ref();
        let may = question.is_some_and(|it| it.is_open() && !it.is_own);
        drop(state);
        if let (true, Ok(choice)) = (may, u8::try_from(place)) {
            report(Intent::AnswerQuestion(Answer::Choice(choice)));
        }
    });
    button
}

fn bar() -> Progress {
    let mut bar = Progress::default();
    bar.set_frame(FrameType::ThinDownBox);
    bar.set_minimum(0.0);
    bar.set_maximum(100.0);
    bar.set_color(look::PAGE);
    bar.set_label_size(look::SMALL);
    bar.set_align(Align::Left | Align::Inside | Align::Clip);
    bar
}

/// A mark and a colour show the right one.
fn draw(cell: &mut Progress, bar: &Bar, own: Option<Answer>) {
    let Bar {
        label,
        count,
        percent,
        is_right,
        answer,
    } = bar;
    let mark = if *is_right { "\u{2713} " } else { "  " };
    let whose = if own == Some(*answer) {
        " (your answer)"
    } else {
        ""
    };
    let text = format!(" {mark}{count} ({percent} %)  {label}{whose}");
    look::set_label(cell, &labels::label(&text));
    let color = if *is_right { look::CHOSEN } else { look::LINE };
    cell.set_selection_color(color);
    cell.set_label_color(look::INK);
    cell.set_value(f64::from(u32::try_from(*percent).unwrap_or(100)));
}

/// No key reaches it, and a click does not move the cursor.
fn without_cursor(mut button: Button) -> Button {
    button.clear_visible_focus();
    button
}

fn hide(column: &Flex, page: &Flex) {
    if column.visible() {
        let (mut column, mut page) = (column.clone(), page.clone());
        column.hide();
        page.layout();
        page.redraw();
    }
}

fn set_visible(widget: &mut impl WidgetExt, is_visible: bool) {
    if is_visible {
        widget.show();
    } else {
        widget.hide();
    }
}

impl<T: WidgetExt> Grid<T> {
    /// Makes it in the column that is being built.
    fn new(row_height: i32, make: impl Fn(usize) -> T) -> Self {
        let mut column = Flex::default().column();
        column.set_pad(PAD);
        let (mut rows, mut cells) = (Vec::new(), Vec::new());
        for row in 0..MOST_CELLS / 2 {
            let mut flex = Flex::default().row();
            flex.set_pad(look::GAP);
            cells.extend([make(2 * row), make(2 * row + 1)]);
            flex.end();
            column.fixed(&flex, row_height);
            rows.push(flex);
        }
        column.end();
        Self {
            column,
            rows,
            frame: cells[0].frame(),
            cells,
            row_height,
        }
    }

    /// Shows this many cells; returns the height that they take of the bar.
    fn show(&mut self, count: usize, bar: &mut Flex) -> i32 {
        for (place, cell) in self.cells.iter_mut().enumerate() {
            set_visible(cell, place < count.next_multiple_of(2));
            // One alone in its row is not wider than the others.
            let is_blank = place >= count;
            cell.set_frame(if is_blank {
                FrameType::NoBox
            } else {
                self.frame
            });
            if is_blank {
                look::set_label(cell, "");
                cell.deactivate();
            } else {
                cell.activate();
            }
        }
        for (place, row) in self.rows.iter_mut().enumerate() {
            set_visible(row, 2 * place < count);
        }
        set_visible(&mut self.column, count > 0);
        let rows = i32::try_from(count.div_ceil(2)).unwrap_or(0);
        let height = (rows * (self.row_height + PAD) - PAD).max(0);
        bar.fixed(&self.column, height);
        self.column.layout();
        if count > 0 { height + PAD } else { 0 }
    }
}

impl Number {
    fn new(report: &IntentCallback, back: &Input) -> Self {
        let mut row = Flex::default().row();
        row.set_pad(look::GAP);
        let caption = look::caption("Your number");
        row.fixed(&caption, 96);
        let mut field = look::field("How many DATA packets");
        row.fixed(&field, 80);
        let mut button = without_cursor(look::button("Answer", "Or type /answer"));
        row.fixed(&button, 90);
        Frame::default();
        row.end();
        let report = Rc::clone(report);
        let input = field.clone();
        let answer = move || match typed(&input.value()) {
            Some(answer) => report(Intent::AnswerQuestion(answer)),
            None => drop(input.clone().take_focus()),
        };
        let by_key = answer.clone();
        field.set_trigger(CallbackTrigger::EnterKeyAlways);
        field.set_callback(move |_| by_key());
        button.set_callback(move |_| answer());
        Self {
            row,
            field,
            back: back.clone(),
        }
    }

    /// Moves the cursor before its widget disappears.
    fn let_go(&mut self) {
        if self.field.has_focus() {
            drop(self.back.take_focus());
        }
    }

    fn show(&mut self, is_there: bool, own: Option<Answer>, column: &mut Flex) -> i32 {
        if is_there && !self.row.visible() {
            self.field.set_value("");
        }
        if let (Some(answer), "") = (own, self.field.value().as_str()) {
            self.field.set_value(&short(answer));
        }
        if !is_there {
            self.let_go();
        }
        set_visible(&mut self.row, is_there);
        column.fixed(&self.row, if is_there { look::ROW } else { 0 });
        if is_there { look::ROW + PAD } else { 0 }
    }
}
