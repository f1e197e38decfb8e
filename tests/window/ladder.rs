//! The place of the ladder diagram in a window, its pixels, and the event log behind it.

use sash::lab::journal::{Entry, FaultInjection, JournalEvent};
use sash::link::Label;

/// The width of a new window. Unit: pixels.
pub(crate) const WIDTH: usize = 1_000;

/// The place of the ladder in it, without its edges: left, top, right, bottom. Unit:
/// pixels.
const LADDER: [usize; 4] = [20, 390, 700, 620];

/// The colours of DATA, ACKs and lost packets.
pub(crate) const BLUE: [u8; 3] = [0x00, 0x72, 0xb2];
pub(crate) const GREEN: [u8; 3] = [0x00, 0x9e, 0x73];
pub(crate) const VERMILLION: [u8; 3] = [0xd5, 0x5e, 0x00];

/// A place on a blue dot of the ladder: the DATA packet in flight that arrives last.
pub(crate) fn disc_in(pixels: &[u8]) -> Option<(i32, i32)> {
    const HALF: usize = 3;
    let is_blue = |x: usize, y: usize| colour_at(pixels, (x, y)) == Some(BLUE);
    let is_disc = |&(x, y): &(usize, usize)| {
        let mut rows = y - HALF..=y + HALF;
        rows.all(|y| (x - HALF..=x + HALF).all(|x| is_blue(x, y)))
    };
    let (x, y) = places().filter(is_disc).min()?;
    Some((i32::try_from(x).unwrap(), i32::try_from(y).unwrap()))
}

/// The number of pixels of the ladder with this colour.
pub(crate) fn count_on_ladder(pixels: &[u8], colour: [u8; 3]) -> usize {
    let is_it = |&place: &(usize, usize)| colour_at(pixels, place) == Some(colour);
    places().filter(is_it).count()
}

/// The packets that the user has killed, as a scenario names them.
pub(crate) fn killed(entries: &[Entry]) -> Vec<Label> {
    let killed = entries.iter().filter_map(|entry| match &entry.what {
        JournalEvent::FaultInjection(FaultInjection::PacketKilled(killed)) => {
            Some(Label::from(killed.packet))
        }
        JournalEvent::FaultInjection(_)
        | JournalEvent::Machine(_)
        | JournalEvent::Link(_) => None,
    });
    killed.collect()
}

/// Every pixel of the ladder, row by row.
fn places() -> impl Iterator<Item = (usize, usize)> {
    let [left, top, right, foot] = LADDER;
    (top..foot).flat_map(move |y| (left..right).map(move |x| (x, y)))
}

fn colour_at(pixels: &[u8], (x, y): (usize, usize)) -> Option<[u8; 3]> {
    let at = (y * WIDTH + x) * 3;
    pixels.get(at..at + 3)?.try_into().ok()
}
