//! How the load is spread: hours, nights, weekends, holidays and rest per person, coverage of the schedule.

use serde::Serialize;

use crate::calendar::{BusinessHours, Calendar, Closed};
use crate::civil::{TimeOfDay, Weekday, day_number};
use crate::moment::{HOUR_MS, Moment, Span};
use crate::oncall::board::Board;
use crate::oncall::shifts::LONGEST_RANGE_MS;
use crate::problem::Problem;
use crate::spans::Spans;
use crate::week::Hours;
use crate::zone::Zone;

/// What counts as night, weekend, holiday and rest.
#[derive(Clone, Debug)]
pub struct Measure {
    /// On whose wall clock nights and weekends count.
    pub zone: Zone,
    /// What is night.
    pub night: Hours,
    /// Whole days, from 00:00 to 24:00.
    pub weekend: Vec<Weekday>,
    /// Its named closed days are the holidays; its hours do not matter here.
    pub holidays: Option<Calendar>,
    /// Uninterrupted time off that every `period_ms` from the start of a shift must hold.
    pub rest_ms: i64,
    /// Milliseconds; 0 or less asks for no rest.
    pub period_ms: i64,
}

impl Measure {
    /// Nights from 22:00 to 06:00, Saturday and Sunday, 11 h of rest in every 24 h (Directive 2003/88/EC
    /// art. 3; whether on-call time is working time there depends on how tightly it binds the person).
    pub fn european(zone: Zone) -> Self {
        let night = Hours {
            days: None,
            from: TimeOfDay::from_seconds(22 * 3600),
            to: TimeOfDay::from_seconds(6 * 3600),
            to_day: None,
        };
        let weekend = vec![Weekday::Saturday, Weekday::Sunday];
        Self { zone, night, weekend, holidays: None, rest_ms: 11 * HOUR_MS, period_ms: 24 * HOUR_MS }
    }
}

/// One person's load in the range, in milliseconds. Nights, weekends and holidays may overlap.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Load {
    /// The name.
    pub person: String,
    /// All time on call.
    pub total_ms: i64,
    /// Uninterrupted times on call.
    pub shifts: usize,
    /// Of it at night.
    pub night_ms: i64,
    /// Of it at weekends.
    pub weekend_ms: i64,
    /// Of it on holidays; 0 when none are known.
    pub holiday_ms: i64,
    /// The longest uninterrupted time on call.
    pub longest_ms: i64,
    /// Periods without enough rest: each begins with a shift, or where the one before ended inside one.
    pub short_rests: Vec<Span>,
}

/// The whole picture of a range.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Fairness {
    /// Share of the range with at least one person on call, 0 to 100. `None` for an empty or reversed range.
    pub coverage_percent: Option<f64>,
    /// How alike the totals are: the mean over all pairs of people of smaller/larger, 0 to 100.
    /// `None` with fewer than two people, and for an empty or reversed range.
    pub balance_percent: Option<f64>,
    /// One per person of the schedule.
    pub loads: Vec<Load>,
}

impl Board {
    /// Loads of everybody named in the schedule (0 for who is never on call), in the order of their names
    /// there. Shifts are cut to the range; an empty or reversed one has none, and no shares. Times are exact
    /// milliseconds: a night in which an hour comes twice has nine hours.
    pub fn fairness(&self, range: Span, measure: &Measure) -> Result<Fairness, Problem> {
        let week = |hours: Vec<Hours>| {
            Calendar::new(&BusinessHours { zone: measure.zone.clone(), hours, ..BusinessHours::default() })
        };
        let night = week(vec![measure.night.clone()]).map_err(|problem| problem.of("night"))?.open(range);
        let weekend =
            week(vec![Hours::on(&measure.weekend, TimeOfDay::MIDNIGHT, TimeOfDay::END_OF_DAY)])?.open(range);
        let holidays =
            measure.holidays.as_ref().map_or_else(Spans::none, |calendar| holidays(calendar, range));
        let time = self.time_of_people(range);
        let none = Spans::none();
        let loads = self.people().iter().map(|person| {
            let own = time.get(person.as_str()).unwrap_or(&none);
            Load {
                person: person.clone(),
                total_ms: own.measure_ms(),
                shifts: own.as_slice().len(),
                night_ms: own.intersection(&night).measure_ms(),
                weekend_ms: own.intersection(&weekend).measure_ms(),
                holiday_ms: own.intersection(&holidays).measure_ms(),
                longest_ms: own.iter().map(Span::length_ms).max().unwrap_or(0),
                short_rests: short_rests(own, measure),
            }
        });
        let loads: Vec<Load> = loads.collect();
        let gaps = self.gaps(range).measure_ms();
        let coverage_percent =
            (!range.is_empty()).then(|| 100.0 - percent(gaps, range.length_ms().min(LONGEST_RANGE_MS)));
        let balance_percent = balance(&loads).filter(|_| !range.is_empty());
        Ok(Fairness { coverage_percent, balance_percent, loads })
    }
}

/// The whole civil days in the range that the calendar names.
fn holidays(calendar: &Calendar, range: Span) -> Spans {
    let zone = calendar.zone();
    if range.is_empty() {
        return Spans::none();
    }
    let (first, last) = (day_number(zone.date(range.start)) - 1, day_number(zone.date(range.end)) + 1);
    let is_named = |day: &i32| matches!(calendar.why(*day), Closed::Holiday(_));
    let midnight = |day: i32| zone.first(i64::from(day) * crate::moment::DAY_MS);
    let days = (first..=last).filter(is_named);
    days.map(|day| Span::new(midnight(day), midnight(day + 1)).intersection(range)).collect()
}

fn short_rests(time: &Spans, measure: &Measure) -> Vec<Span> {
    let mut short = Vec::new();
    let mut at = Moment::MIN;
    for shift in time.iter() {
        at = at.max(shift.start);
        while at < shift.end && measure.period_ms > 0 {
            let period = Span::new(at, at.plus_ms(measure.period_ms));
            let rest = time.complement(period).iter().map(Span::length_ms).max().unwrap_or(0);
            if rest < measure.rest_ms {
                short.push(period);
            }
            at = period.end;
        }
    }
    short
}

fn balance(loads: &[Load]) -> Option<f64> {
    let mut ratios = Vec::new();
    for (index, one) in loads.iter().enumerate() {
        for other in &loads[index + 1..] {
            let (less, more) = (one.total_ms.min(other.total_ms), one.total_ms.max(other.total_ms));
            ratios.push(if more == 0 { 100.0 } else { percent(less, more) });
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "a count of pairs of people is far below 2^52")]
    let count = ratios.len() as f64;
    (!ratios.is_empty()).then(|| ratios.iter().sum::<f64>() / count)
}

/// `part` of `whole` in percent; 0 when there is no whole.
#[expect(clippy::cast_precision_loss, reason = "percentages of milliseconds need no more than 52 bits")]
pub(crate) fn percent(part: i64, whole: i64) -> f64 {
    if whole <= 0 { 0.0 } else { part as f64 * 100.0 / whole as f64 }
}
