//! The arithmetic of a rotation: which turn runs at a moment, when each begins and ends.

use crate::civil::{datetime_of, months_between, plus_months, wall_ms};
use crate::moment::{DAY_MS, HOUR_MS, MINUTE_MS, Moment, Span};
use crate::oncall::schedule::{Every, Rotation, Wall};
use crate::problem::Problem;
use crate::zone::Zone;

/// A rotation ready to be counted.
#[derive(Clone, Debug)]
pub(crate) struct Turns {
    pub every: Every,
    pub length: i64,
    start_wall: i64,
    start: Moment,
    on_for_ms: Option<i64>,
}

impl Turns {
    pub(crate) fn new(rotation: &Rotation, zone: &Zone) -> Result<Self, Problem> {
        if !(1..=10_000).contains(&rotation.length) {
            return Err(Problem::new("rotation.length", "a turn lasts 1 to 10000 of its unit"));
        }
        if rotation.on_for_minutes == Some(0) {
            return Err(Problem::new("rotation.on_for_minutes", "on call for at least one minute of a turn"));
        }
        Ok(Self {
            every: rotation.every,
            length: i64::from(rotation.length),
            start_wall: rotation.start.0,
            start: zone.first(rotation.start.0),
            on_for_ms: rotation.on_for_minutes.map(|minutes| i64::from(minutes) * MINUTE_MS),
        })
    }

    /// The turn whose hand-over was the last at or before that moment; `None` before the first.
    pub(crate) fn number_at(&self, zone: &Zone, at: Moment) -> Option<i64> {
        if at < self.start {
            return None;
        }
        let passed_wall = zone.clock(at) - self.start_wall;
        let number = match self.every {
            Every::Hour => at.since(self.start).div_euclid(self.length * HOUR_MS),
            Every::Day => passed_wall.div_euclid(self.length * DAY_MS),
            Every::Week => passed_wall.div_euclid(self.length * 7 * DAY_MS),
            Every::Month => {
                let wall = datetime_of(zone.clock(at));
                months_between(datetime_of(self.start_wall), wall).div_euclid(self.length)
            }
        };
        Some(number.max(0))
    }

    /// When turn n begins.
    pub(crate) fn hand_over(&self, zone: &Zone, number: i64) -> Moment {
        match self.hand_over_wall(number) {
            Some(wall) => zone.first(wall),
            None => self.start.plus_ms(number * self.length * HOUR_MS),
        }
    }

    fn hand_over_wall(&self, number: i64) -> Option<i64> {
        let steps = number * self.length;
        match self.every {
            Every::Hour => None,
            Every::Day => Some(self.start_wall + steps * DAY_MS),
            Every::Week => Some(self.start_wall + steps * 7 * DAY_MS),
            Every::Month => Some(wall_ms(plus_months(datetime_of(self.start_wall), steps))),
        }
    }

    /// When turn n ends for the people on call, where that is before the next hand-over.
    pub(crate) fn end(&self, zone: &Zone, number: i64, start: Moment) -> Moment {
        match (self.on_for_ms, self.hand_over_wall(number)) {
            (None, _) => Moment::MAX,
            (Some(on_for), None) => start.plus_ms(on_for),
            (Some(on_for), Some(wall)) => zone.first(wall + on_for),
        }
    }

    pub(crate) fn span(&self, zone: &Zone, number: i64) -> Span {
        if self.on_for_ms.is_none() {
            return Span::always();
        }
        let start = self.hand_over(zone, number);
        Span::new(start, self.end(zone, number, start))
    }
}

/// The number of the turn that runs at that moment; 0 before the first.
pub(crate) fn turn_number_at(rotation: &Rotation, zone: &Zone, at: Moment) -> i64 {
    Turns::new(rotation, zone).ok().and_then(|turns| turns.number_at(zone, at)).unwrap_or(0)
}

/// The nearest hand-over not after `at`, going back from the rotation's first by whole turns, and by how many.
/// A later first hand-over is only told another way; 0 turns when it is not after `at`.
pub(crate) fn hand_over_before(rotation: &Rotation, zone: &Zone, at: Moment) -> (Wall, i64) {
    let start = zone.first(rotation.start.0);
    let length = i64::from(rotation.length.max(1));
    let unit = match rotation.every {
        Every::Hour => HOUR_MS,
        Every::Day => DAY_MS,
        Every::Week => 7 * DAY_MS,
        Every::Month => 31 * DAY_MS,
    };
    let origin = datetime_of(rotation.start.0);
    let wall = |turns: i64| match rotation.every {
        Every::Hour => zone.wall(start.plus_ms(-turns * length * HOUR_MS)),
        Every::Month => wall_ms(plus_months(origin, -turns * length)),
        _ => rotation.start.0 - turns * length * unit,
    };
    let is_same = |turns: i64| match rotation.every {
        // The second showing of a wall time in a fold would be read as the first.
        Every::Hour => zone.first(wall(turns)) == start.plus_ms(-turns * length * HOUR_MS),
        // Counted from a clamped day all later hand-overs would be clamped.
        Every::Month => datetime_of(wall(turns)).day() == origin.day(),
        _ => true,
    };
    let nearest = (start.since(at).max(0)) / (unit * length);
    // Months and clock changes need a few steps more; 29 February needs most.
    let fits = |turns: &i64| zone.first(wall(*turns)) <= at && is_same(*turns);
    let turns = (nearest..nearest + 200).find(fits).unwrap_or(nearest);
    (Wall(wall(turns)), turns)
}
