//! Walks the open spans of a calendar, forwards and backwards, a civil day at a time.

use crate::calendar::Calendar;
use crate::civil::WallMs;
use crate::moment::{DAY_MS, Moment, SECOND_MS, Span};

/// How far a walk goes before it says "never": a hundred years.
pub(crate) const HORIZON_DAYS: i32 = 36_525;

/// Day number and second of the day of a wall time.
pub(crate) fn split(wall: WallMs) -> (i32, u32) {
    let day = i32::try_from(wall.div_euclid(DAY_MS)).expect("wall times stay within 10,000 years");
    let second = u32::try_from(wall.rem_euclid(DAY_MS) / SECOND_MS).expect("a day has 86,400 seconds");
    (day, second)
}

/// Open spans whose end lies after `from`, ascending; a span open over midnight comes in two that touch.
/// The first may begin before `from`.
pub(crate) struct Openings<'a> {
    calendar: &'a Calendar,
    from: Moment,
    day: i32,
    piece: usize,
    last_day: i32,
}

impl<'a> Openings<'a> {
    pub(crate) fn new(calendar: &'a Calendar, from: Moment) -> Self {
        let (day, _) = split(calendar.zone.clock(from));
        let mut last_day = day + HORIZON_DAYS;
        if calendar.week.is_never() {
            last_day = calendar.last_special().unwrap_or(day - 1).min(last_day);
        }
        Self { calendar, from, day, piece: 0, last_day }
    }
}

impl Iterator for Openings<'_> {
    type Item = Span;

    fn next(&mut self) -> Option<Span> {
        while self.day <= self.last_day {
            let pieces = self.calendar.pieces(self.day);
            if let Some(piece) = pieces.get(self.piece) {
                self.piece += 1;
                let span = span_of(self.calendar, self.day, *piece);
                if span.end > self.from && !span.is_empty() {
                    return Some(span);
                }
                continue;
            }
            self.day += 1;
            self.piece = 0;
        }
        None
    }
}

/// Open spans whose start lies before `from`, descending; not joined where they touch.
pub(crate) struct Closings<'a> {
    calendar: &'a Calendar,
    from: Moment,
    day: i32,
    left: usize,
    first_day: i32,
}

impl<'a> Closings<'a> {
    pub(crate) fn new(calendar: &'a Calendar, from: Moment) -> Self {
        let (day, _) = split(calendar.zone.clock(from));
        let mut first_day = day - HORIZON_DAYS;
        if calendar.week.is_never() {
            first_day = calendar.first_special().unwrap_or(day + 1).max(first_day);
        }
        Self { calendar, from, day, left: calendar.pieces(day).len(), first_day }
    }
}

impl Iterator for Closings<'_> {
    type Item = Span;

    fn next(&mut self) -> Option<Span> {
        while self.day >= self.first_day {
            let pieces = self.calendar.pieces(self.day);
            if self.left > 0 {
                self.left -= 1;
                let span = span_of(self.calendar, self.day, pieces[self.left]);
                if span.start < self.from && !span.is_empty() {
                    return Some(span);
                }
                continue;
            }
            self.day -= 1;
            self.left = self.calendar.pieces(self.day).len();
        }
        None
    }
}

fn span_of(calendar: &Calendar, day: i32, (start, end): (u32, u32)) -> Span {
    let midnight = i64::from(day) * DAY_MS;
    let wall = |second: u32| midnight + i64::from(second) * SECOND_MS;
    let start = calendar.zone.first(wall(start));
    Span::new(start, calendar.zone.first(wall(end)))
}
