//! One page: does what is asked of it, and answers with its state and its pictures.

use crate::request::{At, Deed, Draw, Fields, MOST_PACKETS, Request, Shown, Toward};
use crate::state::State;
use sash::lab::chart::kinds::ChartKind;
use sash::lab::chart::{Chart, whole_pixels};
use sash::lab::journal::{Heading, Side};
use sash::lab::ladder::{Moving, Spot, TimeScale};
use sash::lab::page::cards::{CARDS, Card, Opens};
use sash::lab::page::export::Format;
use sash::lab::page::knob::Knob;
use sash::lab::page::{
    About, Content, Laboratory, LaboratoryRequest, News, PACKETS, Task, View,
};
use sash::lab::palette::Paper;
use sash::lab::picture::{Picture, Point, Words};
use sash::lab::race::{self, Race};
use sash::lab::strip::{self, Band};
use sash::lab::theory::curve;
use sash::lab::theory::path::Path;
use sash::link::{Direction, Label};
use sash::reliable::event::PacketName;
use sash::wire::options::{Arq, Congestion};
use serde_json::{Map, Value, json};
use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Duration;

/// One page.
#[derive(Debug, Default)]
pub struct Desk {
    laboratory: Laboratory,
    shown: Shown,
    pointed: Option<Pointed>,
    /// The ladder and the strip as they were drawn last: a click means what was seen.
    moving: Option<Moving>,
    band: Option<Band>,
    /// The textbook's curves, and for which window and delay.
    theory: Option<((u32, u64), Chart)>,
}

/// What a mouse or the keys point at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pointed {
    Packet(PacketName, Direction),
    Segment(Side, u32),
}

/// Of a chart's letters and lines: they are for print, twice as large as on a screen.
const CHART_SCALE: f64 = 2.0;

/// Of a card's picture. Unit: pixels.
const CARD_SIZE: (f64, f64) = (440.0, 253.0);

impl Desk {
    /// Answers a request; both are JSON. What makes no sense is answered with a sentence.
    pub fn call(&mut self, request: &str) -> String {
        let request: Request = match serde_json::from_str(request) {
            Ok(request) => request,
            Err(error) => {
                let words = format!("The page has asked for what is not there: {error}.");
                return json!({ "problem": words }).to_string();
            }
        };
        let mut answer = Map::new();
        for deed in request.deeds {
            self.take(deed, &mut answer);
        }
        if let Some(draw) = request.draw {
            self.draw(draw, &mut answer);
        }
        let state = State::of(&self.laboratory, self.shown, self.about());
        // First, and nothing in it can fail.
        let state = serde_json::to_string(&state).unwrap_or_default();
        let mut text = format!("{{\"state\":{state}");
        for (key, value) in answer {
            let _ = write!(text, ",\"{key}\":{value}");
        }
        text.push('}');
        text
    }

    fn take(&mut self, deed: Deed, answer: &mut Map<String, Value>) {
        let laboratory = &mut self.laboratory;
        match deed {
            Deed::Run(fields) => self.begin(LaboratoryRequest::Run(fields.into())),
            Deed::Race(fields) => self.begin(LaboratoryRequest::Race(fields.into())),
            Deed::Quiz(fields) => self.begin(LaboratoryRequest::Predict(fields.into())),
            Deed::Card(name) => match Card::named(&name) {
                Some(card) => self.begin(LaboratoryRequest::OpenCard(card)),
                None => drop(answer.insert("problem".to_owned(), json!("No such card."))),
            },
            Deed::PlayOrPause => laboratory.take(LaboratoryRequest::PlayOrPause),
            Deed::Pause => {
                if laboratory.is_playing() {
                    laboratory.take(LaboratoryRequest::PlayOrPause);
                }
            }
            Deed::Step => laboratory.take(LaboratoryRequest::Step),
            Deed::StepBack => laboratory.take(LaboratoryRequest::StepBack),
            Deed::Restart => laboratory.take(LaboratoryRequest::Restart),
            Deed::Seek(share) => laboratory.take(LaboratoryRequest::Seek(share)),
            Deed::GoTo(time_us) => {
                if let Some(player) = laboratory.player_mut() {
                    player.pause();
                    player.seek(time_us);
                }
            }
            Deed::Way(ms) => laboratory
                .take(LaboratoryRequest::SetOneWayDelay(Duration::from_millis(ms))),
            Deed::Turn { knob, place } => {
                let found = Knob::ALL.into_iter().find(|it| it.word() == knob);
                if let Some(knob) = found {
                    laboratory.take(LaboratoryRequest::Turn(knob, place));
                }
            }
            Deed::Kill(label) => {
                if let Ok(label) = label.parse() {
                    laboratory.take(LaboratoryRequest::Kill(label));
                }
            }
            Deed::KillAt(at) => self.kill_at(at),
            Deed::KillPointed => {
                if let Some(spot) = self.spot().filter(|spot| spot.is_in_flight) {
                    self.laboratory
                        .take(LaboratoryRequest::Kill(Label::from(spot.packet.name)));
                }
            }
            Deed::PointAt(at) => self.pointed = self.at(at),
            Deed::PointPacket { later } => self.point_packet(later),
            Deed::PointSegment(toward) => self.point_segment(toward),
            Deed::LetGo => self.pointed = None,
            Deed::Show(shown) => self.show(shown),
            Deed::See(sees) => laboratory.take(LaboratoryRequest::See(sees.into())),
            Deed::SetScale(scale) => {
                laboratory.take(LaboratoryRequest::SetTimeScale(scale.into()));
            }
            Deed::Scroll(steps) => laboratory.take(LaboratoryRequest::Scroll(steps)),
            Deed::Zoom(steps) => laboratory.take(LaboratoryRequest::Zoom(steps)),
            Deed::FoldStrip => laboratory.take(LaboratoryRequest::FoldStrip),
            Deed::Answer(choice) => laboratory.take(LaboratoryRequest::Answer(choice)),
            Deed::NextQuestion => laboratory.take(LaboratoryRequest::NextQuestion),
            Deed::Tick(ms) => {
                let wall = Duration::try_from_secs_f64(ms / 1e3).unwrap_or_default();
                laboratory.tick(wall);
            }
            Deed::Close => {
                laboratory.take(LaboratoryRequest::ShowCards);
                self.let_go();
            }
            Deed::Save(format) => {
                if let Some(saved) = self.save(&format) {
                    answer.insert("saved".to_owned(), saved);
                }
            }
            Deed::Exercise(exercise) => {
                answer.insert("exercise".to_owned(), exercise.answer());
            }
            Deed::Class(asked) => {
                answer.insert("class".to_owned(), asked.answer());
            }
            Deed::Cards { dark } => {
                answer.insert("cards".to_owned(), cards(paper(dark)));
                answer.insert("lists".to_owned(), lists());
            }
        }
    }

    fn begin(&mut self, request: LaboratoryRequest) {
        self.let_go();
        self.laboratory.take(request);
        for task in self.laboratory.take_tasks() {
            if let Task::Race(lanes) = task {
                let race = Race::run(&lanes);
                let race =
                    race.map_err(|stuck| format!("The race does not end: {stuck}."));
                self.laboratory.hear(News::Raced(race));
            }
        }
    }

    fn let_go(&mut self) {
        (self.pointed, self.moving, self.band) = (None, None, None);
    }

    fn show(&mut self, shown: Shown) {
        self.shown = shown;
        let view = match shown {
            Shown::Ladder | Shown::Theory => View::Ladder,
            Shown::Sequence => View::Chart(ChartKind::Sequence),
            Shown::Window => View::Chart(ChartKind::Window),
            Shown::Rtt => View::Chart(ChartKind::Rtt),
            Shown::Goodput => View::Chart(ChartKind::Goodput),
        };
        self.laboratory.take(LaboratoryRequest::Show(view));
    }

    fn save(&mut self, name: &str) -> Option<Value> {
        let format = match name {
            "strip-svg" => Format::StripSvg,
            "view-svg" => Format::ViewSvg,
            "csv" => Format::Csv,
            "pcapng" => Format::Pcapng,
            "journal" => Format::Journal,
            _ => return None,
        };
        let name = format.name(&self.laboratory);
        self.laboratory
            .take(LaboratoryRequest::Export(format, PathBuf::from(&name)));
        self.laboratory.take_tasks().into_iter().find_map(|task| {
            let Task::Write(_, bytes) = task else {
                return None;
            };
            // Nothing is written here: there is no news of it.
            let mut hex = String::with_capacity(2 * bytes.len());
            for byte in bytes {
                let _ = write!(hex, "{byte:02x}");
            }
            Some(json!({ "name": name, "hex": hex }))
        })
    }

    // --- what is pointed at ----------------------------------------------------------

    fn at(&self, at: At) -> Option<Pointed> {
        let point = Point::new(at.x, at.y);
        if at.strip {
            let (side, number) = self.band.as_ref()?.segment_at(point)?;
            return Some(Pointed::Segment(side, number));
        }
        let spot = self.moving.as_ref()?.packet_at(point, at.near)?;
        Some(Pointed::Packet(spot.packet.name, spot.direction))
    }

    fn kill_at(&mut self, at: At) {
        let point = Point::new(at.x, at.y);
        let hit = |moving: &Moving| moving.in_flight_at(point, at.near).cloned();
        if let Some(spot) = self.moving.as_ref().and_then(hit) {
            self.laboratory
                .take(LaboratoryRequest::Kill(Label::from(spot.packet.name)));
        }
    }

    fn spot(&self) -> Option<Spot> {
        match self.pointed? {
            Pointed::Packet(packet, direction) => {
                self.moving.as_ref()?.spot_of(packet, direction).cloned()
            }
            Pointed::Segment(..) => None,
        }
    }

    fn point_packet(&mut self, is_later: bool) {
        let before = self.spot();
        let beside = self.moving.as_ref();
        let beside = beside.and_then(|it| it.beside(before.as_ref(), is_later));
        if let Some(spot) = beside {
            self.pointed = Some(Pointed::Packet(spot.packet.name, spot.direction));
        }
    }

    fn point_segment(&mut self, toward: Toward) {
        let toward = match toward {
            Toward::Left => strip::Toward::Along(-1),
            Toward::Right => strip::Toward::Along(1),
            Toward::Sender => strip::Toward::Sender,
            Toward::Receiver => strip::Toward::Receiver,
        };
        let before = match self.pointed {
            Some(Pointed::Segment(side, number)) => Some((side, number)),
            Some(Pointed::Packet(..)) | None => None,
        };
        let beside = self.band.as_ref().and_then(|it| it.beside(before, toward));
        if let Some((side, number)) = beside {
            self.pointed = Some(Pointed::Segment(side, number));
        }
    }

    fn about(&self) -> Option<[String; 2]> {
        let player = self.laboratory.player()?;
        let About { words, bytes } = match self.pointed? {
            Pointed::Packet(..) => About::packet(&self.spot()?, player),
            Pointed::Segment(side, number) => {
                About::segment(side, number, player.heading(), player.seen().strip)
            }
        };
        Some([words, bytes])
    }

    // --- pictures --------------------------------------------------------------------

    fn draw(&mut self, draw: Draw, answer: &mut Map<String, Value>) {
        let paper = paper(draw.dark);
        (self.moving, self.band) = (None, None);
        if let Content::Race(racing) = self.laboratory.content() {
            let picture = race::picture_at(&racing.race, racing.position_us);
            answer.insert("main".to_owned(), json!(picture.svg_on(paper)));
            return;
        }
        let Some(player) = self.laboratory.player() else {
            return;
        };
        let pointed = self.pointed;
        let seen = player.seen();
        let mut band = Band::draw(seen.strip, seen.sides, draw.width);
        if let Some(Pointed::Segment(side, number)) = pointed {
            band.frame(side, number);
        }
        let moving = (self.shown == Shown::Ladder).then(|| {
            let mut scene = self.laboratory.scene(player, (draw.width, draw.height));
            if draw.print {
                scene.lens.scale = TimeScale::Compact;
            }
            scene.draw()
        });
        if !self.laboratory.is_strip_folded() {
            let strip = band.picture.clone().svg_on(paper);
            answer.insert("strip".to_owned(), json!(strip));
        }
        let picture = if let Some(moving) = &moving {
            let mut drawn = moving.clone();
            if let Some(Pointed::Packet(packet, direction)) = pointed
                && let Some(spot) = moving.spot_of(packet, direction)
            {
                drawn.frame(spot);
            }
            drawn.picture
        } else {
            self.chart(draw)
        };
        answer.insert("main".to_owned(), json!(picture.svg_on(paper)));
        (self.moving, self.band) = (moving, Some(band));
    }

    fn chart(&mut self, draw: Draw) -> Picture {
        let size = (draw.width * CHART_SCALE, draw.height * CHART_SCALE);
        let chart = match self.shown {
            Shown::Theory => self.theory(),
            Shown::Ladder => Err(String::new()),
            Shown::Sequence => self.of_run(ChartKind::Sequence),
            Shown::Window => self.of_run(ChartKind::Window),
            Shown::Rtt => self.of_run(ChartKind::Rtt),
            Shown::Goodput => self.of_run(ChartKind::Goodput),
        };
        let drawn = chart.and_then(|chart| {
            let picture = chart.to_picture(whole_pixels(size.0), whole_pixels(size.1));
            picture.map_err(|error| format!("{error}."))
        });
        drawn.unwrap_or_else(|sentence| {
            let mut picture = Picture::new(size.0, size.1, "No chart");
            picture.add(Words::new(Point::new(40.0, 60.0), 28.0, sentence));
            picture
        })
    }

    fn of_run(&self, kind: ChartKind) -> Result<Chart, String> {
        let nothing = || "There is no run.".to_owned();
        let player = self.laboratory.player().ok_or_else(nothing)?;
        Ok(kind.chart(&[player.seen_to_happen()], Vec::new()))
    }

    /// The textbook's curves for the window and the delay of the run.
    fn theory(&mut self) -> Result<Chart, String> {
        let player = self.laboratory.player();
        let player = player.ok_or_else(|| "There is no run.".to_owned())?;
        let heading = Heading {
            // The others are drawn too: what decides is the link.
            congestion: Congestion::Fixed,
            ..player.heading().clone()
        };
        let scenario = player.scenario().to_string();
        let path = Path::under(&heading, &scenario)
            .map_err(|silent| format!("The textbook says nothing here: {silent}."))?;
        if path.a > MOST_A {
            let rate = "The link needs a rate (such as rate=1mbit): without one the \
                        bandwidth-delay product has no bound.";
            return Err(rate.to_owned());
        }
        let window = match heading.arq {
            Arq::StopAndWait => 4,
            Arq::GoBackN | Arq::SelectiveRepeat | Arq::Sack => path.window,
        };
        let key = (window, path.a.to_bits());
        if self.theory.as_ref().is_none_or(|(known, _)| *known != key) {
            let chart = curve::chart(window, path.a)
                .map_err(|stuck| format!("A run does not end: {stuck}."))?;
            self.theory = Some((key, chart));
        }
        let chart = self.theory.as_ref().map(|(_, chart)| chart.clone());
        chart.ok_or_else(String::new)
    }
}

/// More takes the machines too long.
const MOST_A: f64 = 100.0;

pub(crate) const fn paper(dark: bool) -> Paper {
    if dark { Paper::Dark } else { Paper::White }
}

/// Every card with its small picture.
fn cards(paper: Paper) -> Value {
    let card = |card: &Card| {
        json!({
            "name": card.name,
            "title": card.title,
            "words": card.words,
            "opens": match card.opens {
                Opens::Run => "run",
                Opens::Race => "race",
                Opens::Quiz => "quiz",
            },
            "fields": Fields::from(&card.setup()),
            "picture": card.thumbnail(CARD_SIZE).map(|picture| picture.svg_on(paper)),
        })
    };
    CARDS.iter().map(card).collect()
}

/// What can be chosen.
fn lists() -> Value {
    let arqs: Vec<_> = Arq::ALL.iter().map(ToString::to_string).collect();
    let congestions: Vec<_> = Congestion::ALL.iter().map(ToString::to_string).collect();
    let packets = PACKETS
        .into_iter()
        .filter(|it| u64::from(*it) <= MOST_PACKETS);
    let packets: Vec<u32> = packets.collect();
    json!({ "arqs": arqs, "congestions": congestions, "packets": packets })
}
