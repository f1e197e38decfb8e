//! The places of packets on a moving ladder, for mouse and keys.

use crate::lab::palette::INK;
use crate::lab::picture::{Picture, Point};
use crate::link::Direction;
use crate::reliable::event::PacketName;

/// A moment of a ladder, drawn.
#[derive(Debug, Clone)]
pub struct Moving {
    /// The object to draw.
    pub picture: Picture,
    /// The place of each packet.
    pub spots: Vec<Spot>,
}

/// The place of a packet on the picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spot {
    /// Which.
    pub packet: PacketName,
    /// Its direction.
    pub direction: Direction,
    /// The first range that an ACK names.
    pub range: Option<[u32; 2]>,
    /// Where its arrow begins.
    pub from: Point,
    /// Where its arrow ends so far.
    pub to: Point,
    /// The place of its dot while it is in flight: beside the arrow's end if others end
    /// there too.
    pub disc: Point,
    /// Whether it is in flight and will arrive unless the user drops it.
    pub is_in_flight: bool,
    /// When it left, where that is known. Unit: microseconds.
    pub sent_us: Option<u64>,
    /// When it arrived, if it has. Unit: microseconds.
    pub arrived_us: Option<u64>,
}

/// The radius of a packet in flight. Unit: pixels.
pub(super) const RADIUS: f64 = 5.0;

impl Spot {
    /// How far a place is from where the packet is now. Unit: pixels.
    #[must_use]
    pub fn distance(&self, at: Point) -> f64 {
        between(self.disc, at)
    }

    /// How far a place is from the way that the packet has made. Unit: pixels.
    #[must_use]
    pub fn distance_to_way(&self, at: Point) -> f64 {
        let way = Point::new(self.to.x - self.from.x, self.to.y - self.from.y);
        let length = way.x * way.x + way.y * way.y;
        if length == 0.0 {
            return self.distance(at);
        }
        let along = (at.x - self.from.x) * way.x + (at.y - self.from.y) * way.y;
        let share = (along / length).clamp(0.0, 1.0);
        let nearest =
            Point::new(self.from.x + way.x * share, self.from.y + way.y * share);
        between(nearest, at)
    }
}

impl Moving {
    /// The packet in flight at a click: the one with the nearest dot within `tolerance`
    /// pixels; otherwise the one with the nearest arrow, because dots move.
    #[must_use]
    pub fn in_flight_at(&self, at: Point, tolerance: f64) -> Option<&Spot> {
        self.pointed(at, tolerance, |spot| spot.is_in_flight)
    }

    /// The packet that a mouse here points at, in flight or not.
    #[must_use]
    pub fn packet_at(&self, at: Point, tolerance: f64) -> Option<&Spot> {
        let in_flight = self.in_flight_at(at, tolerance);
        in_flight.or_else(|| self.pointed(at, tolerance, |_| true))
    }

    /// This packet, where it is on the picture.
    #[must_use]
    pub fn spot_of(&self, packet: PacketName, direction: Direction) -> Option<&Spot> {
        let is_it = |spot: &&Spot| spot.packet == packet && spot.direction == direction;
        self.spots.iter().find(is_it)
    }

    /// The packet that left after this one, or before it; if none is given, the newest in
    /// flight, otherwise the newest.
    #[must_use]
    pub fn beside(&self, from: Option<&Spot>, is_later: bool) -> Option<&Spot> {
        let at = from.and_then(|from| {
            let is_it =
                |it: &Spot| it.packet == from.packet && it.direction == from.direction;
            self.spots.iter().position(is_it)
        });
        match at {
            None => {
                let in_flight = self.spots.iter().rfind(|spot| spot.is_in_flight);
                in_flight.or(self.spots.last())
            }
            Some(at) if is_later => self.spots.get(at + 1).or(self.spots.get(at)),
            Some(at) => self.spots.get(at.saturating_sub(1)),
        }
    }

    /// Draws a frame around where this packet is.
    pub fn frame(&mut self, spot: &Spot) {
        let half = RADIUS + 4.0;
        let (left, right) = (spot.disc.x - half, spot.disc.x + half);
        let (top, foot) = (spot.disc.y - half, spot.disc.y + half);
        self.picture.add_frame((left, top), (right, foot), INK);
    }

    fn pointed(
        &self,
        at: Point,
        tolerance: f64,
        counts: impl Fn(&Spot) -> bool,
    ) -> Option<&Spot> {
        let spots = || self.spots.iter().filter(|spot| counts(spot));
        let discs = spots().filter(|spot| spot.is_in_flight);
        let disc = discs.map(|spot| (spot.distance(at) - RADIUS, spot));
        let arrow = spots().map(|spot| (spot.distance_to_way(at), spot));
        nearest(disc, tolerance).or_else(|| nearest(arrow, tolerance))
    }
}

fn nearest<'a>(
    spots: impl Iterator<Item = (f64, &'a Spot)>,
    tolerance: f64,
) -> Option<&'a Spot> {
    let near = spots.filter(|(distance, _)| *distance <= tolerance);
    near.min_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, spot)| spot)
}

fn between(a: Point, b: Point) -> f64 {
    (a.x - b.x).hypot(a.y - b.y)
}
