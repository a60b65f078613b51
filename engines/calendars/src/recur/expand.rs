//! Walks the occurrences of a rule, period by period.

use jiff::civil::{Date, DateTime};

use crate::civil::{Weekday, date_of, day_number, weekday_of};
use crate::recur::rule::{Frequency, NthDay, Rule, Until};
use crate::zone::Zone;

/// Periods in a row without an occurrence before a walk gives up: 29 February on a certain weekday comes
/// after at most 40 years; daily rules pass the 8 years between two leap days around 1900 and 2100.
const MOST_EMPTY_PERIODS: u32 = 15_000;

/// The wall-clock times of a rule, ascending, from the start on.
///
/// The start is an occurrence only when the rule matches it (RFC 5545 leaves the other case undefined).
/// Ends at COUNT, UNTIL, the year 9999, or when nothing more can be expected.
pub struct Occurrences<'a> {
    rule: &'a Rule,
    zone: &'a Zone,
    start: DateTime,
    period: i64,
    ready: std::vec::IntoIter<i32>,
    given: u32,
    is_over: bool,
}

impl Rule {
    /// All occurrences from the start on, as wall-clock times; the zone matters only for an UNTIL in UTC. Whether
    /// a gap of the clocks leaves one out is for the zone to say: [`Zone::moment`] gives every one a moment.
    pub fn occurrences<'a>(&'a self, start: DateTime, zone: &'a Zone) -> Occurrences<'a> {
        let ready = Vec::new().into_iter();
        Occurrences { rule: self, zone, start, period: 0, ready, given: 0, is_over: false }
    }
}

impl Iterator for Occurrences<'_> {
    type Item = DateTime;

    fn next(&mut self) -> Option<DateTime> {
        let mut empty = 0;
        while !self.is_over && self.rule.count.is_none_or(|count| self.given < count) {
            if let Some(day) = self.ready.next() {
                let wall = date_of(day).to_datetime(self.start.time());
                if wall < self.start {
                    continue;
                }
                if self.is_past(wall) {
                    break;
                }
                self.given += 1;
                return Some(wall);
            }
            empty += 1;
            if empty > MOST_EMPTY_PERIODS {
                break;
            }
            let Some(days) = self.rule.days_of_period(self.start.date(), self.period) else { break };
            self.ready = days.into_iter();
            self.period += 1;
        }
        self.is_over = true;
        None
    }
}

impl Occurrences<'_> {
    /// Goes straight to the periods around a date, where nothing has to be counted on the way.
    pub(crate) fn skip_to(&mut self, date: Date) {
        if self.rule.count.is_some() || date <= self.start.date() {
            return;
        }
        let days = i64::from(day_number(date) - day_number(self.start.date()));
        let months = (i64::from(date.year()) - i64::from(self.start.year())) * 12 + i64::from(date.month())
            - i64::from(self.start.month());
        let passed = match self.rule.frequency {
            Frequency::Daily => days,
            Frequency::Weekly => days / 7,
            Frequency::Monthly => months,
            Frequency::Yearly => months / 12,
        };
        self.period = (passed / i64::from(self.rule.interval) - 2).max(0);
    }

    fn is_past(&self, wall: DateTime) -> bool {
        match self.rule.until {
            None => false,
            Some(Until::Date(date)) => wall.date() > date,
            Some(Until::Wall(until)) => wall > until,
            Some(Until::Utc(until)) => self.zone.moment(wall) > until,
        }
    }
}

impl Rule {
    /// The days of the n-th period, ascending; `None` past the year 9999.
    fn days_of_period(&self, start: Date, period: i64) -> Option<Vec<i32>> {
        let steps = period * i64::from(self.interval);
        let mut days = match self.frequency {
            Frequency::Daily => self.daily(day_number(start).checked_add(i32::try_from(steps).ok()?)?),
            Frequency::Weekly => self.weekly(start, i32::try_from(steps).ok()?)?,
            Frequency::Monthly => {
                let month = i64::from(start.year()) * 12 + i64::from(start.month()) - 1 + steps;
                self.monthly(start, month)?
            }
            Frequency::Yearly => self.yearly(start, i64::from(start.year()) + steps)?,
        };
        if days.last().is_some_and(|day| *day > LAST_DAY)
            || self.frequency == Frequency::Daily && steps > i64::from(LAST_DAY)
        {
            return None;
        }
        if !self.by_set_pos.is_empty() {
            days = self.chosen(&days);
        }
        Some(days)
    }

    fn daily(&self, day: i32) -> Vec<i32> {
        let date = date_of(day);
        let fits = self.fits_month(date) && self.fits_month_day(date) && self.fits_weekday(day);
        if fits { vec![day] } else { Vec::new() }
    }

    fn weekly(&self, start: Date, weeks: i32) -> Option<Vec<i32>> {
        let start = day_number(start);
        let into_week = i32::try_from((weekday_of(start) + 7 - self.week_start.index()) % 7).ok()?;
        let monday = start.checked_sub(into_week)?.checked_add(weeks.checked_mul(7)?)?;
        let own = [NthDay { nth: None, day: Weekday::of_day(start) }];
        let wanted = if self.by_day.is_empty() { &own[..] } else { &self.by_day };
        let fits = |day: &i32| wanted.iter().any(|wanted| wanted.day == Weekday::of_day(*day));
        Some((monday..monday + 7).filter(fits).filter(|day| self.fits_month(date_of(*day))).collect())
    }

    fn monthly(&self, start: Date, month: i64) -> Option<Vec<i32>> {
        let first = first_of_month(month)?;
        if !self.fits_month(first) {
            return Some(Vec::new());
        }
        Some(self.in_month(start, first))
    }

    fn in_month(&self, start: Date, first: Date) -> Vec<i32> {
        let (low, length) = (day_number(first), i32::from(first.days_in_month()));
        let days = low..low + length;
        if self.by_day.is_empty() && self.by_month_day.is_empty() {
            return days.filter(|day| day - low + 1 == i32::from(start.day())).collect();
        }
        let fits_day = |day: &i32| self.by_day.is_empty() || self.fits_nth(*day, low, length);
        days.filter(|day| self.fits_month_day(date_of(*day))).filter(fits_day).collect()
    }

    fn yearly(&self, start: Date, year: i64) -> Option<Vec<i32>> {
        let january = first_of_month(year * 12)?;
        let own_month = [start.month()];
        let is_by_weekday_of_year =
            self.by_month.is_empty() && !self.by_day.is_empty() && self.by_month_day.is_empty();
        if is_by_weekday_of_year {
            let low = day_number(january);
            let length = i32::from(january.days_in_year());
            return Some((low..low + length).filter(|day| self.fits_nth(*day, low, length)).collect());
        }
        let months: Vec<i8> = match (self.by_month.is_empty(), self.by_month_day.is_empty()) {
            (false, _) => (1..=12).filter(|month| self.by_month.contains(month)).collect(),
            (true, true) => own_month.to_vec(),
            (true, false) => (1..=12).collect(),
        };
        let mut days = Vec::new();
        for month in months {
            days.extend(self.in_month(start, first_of_month(year * 12 + i64::from(month) - 1)?));
        }
        Some(days)
    }

    fn fits_month(&self, date: Date) -> bool {
        self.by_month.is_empty() || self.by_month.contains(&date.month())
    }

    fn fits_month_day(&self, date: Date) -> bool {
        let from_end = date.day() - date.days_in_month() - 1;
        self.by_month_day.is_empty()
            || self.by_month_day.iter().any(|day| *day == date.day() || *day == from_end)
    }

    fn fits_weekday(&self, day: i32) -> bool {
        self.by_day.is_empty() || self.by_day.iter().any(|wanted| wanted.day == Weekday::of_day(day))
    }

    /// Whether a day is one of the wanted weekdays of the period that begins at `low`.
    fn fits_nth(&self, day: i32, low: i32, length: i32) -> bool {
        let (from_start, from_end) = ((day - low) / 7 + 1, -((low + length - 1 - day) / 7 + 1));
        self.by_day.iter().any(|wanted| {
            let nth = wanted.nth.map(i32::from);
            wanted.day == Weekday::of_day(day) && nth.is_none_or(|nth| nth == from_start || nth == from_end)
        })
    }

    fn chosen(&self, days: &[i32]) -> Vec<i32> {
        let place = |position: &i16| match *position {
            1.. => usize::try_from(*position - 1).ok(),
            _ => days.len().checked_sub(usize::from(position.unsigned_abs())),
        };
        let mut chosen: Vec<i32> =
            self.by_set_pos.iter().filter_map(place).filter_map(|at| days.get(at).copied()).collect();
        chosen.sort_unstable();
        chosen.dedup();
        chosen
    }
}

/// 9999-12-30, the last day whose every hour is a moment in every zone.
const LAST_DAY: i32 = 2_932_894;

/// Months count from January of the year 0.
fn first_of_month(month: i64) -> Option<Date> {
    let year = i16::try_from(month.div_euclid(12)).ok()?;
    Date::new(year, i8::try_from(month.rem_euclid(12) + 1).ok()?, 1).ok()
}
