//! Grafana `OnCall` schedules: the answers of its two public lists, `schedules` and `on_call_shifts`.

use jiff::civil::{Date, DateTime};
use serde::Deserialize;

use crate::civil::{TimeOfDay, Weekday, date_of, day_number};
use crate::import::shape::Paged;
use crate::import::{Imported, is_ever};
use crate::oncall::{Every, Layer, Mode, Rotation, Slot, Wall};
use crate::problem::{Problem, from_json};
use crate::week::Hours;
use crate::zone::Zone;

#[derive(Deserialize)]
struct Export {
    schedules: Paged<OcSchedule>,
    #[serde(default)]
    on_call_shifts: Paged<OcShift>,
}

#[derive(Deserialize)]
struct OcSchedule {
    name: String,
    #[serde(default)]
    time_zone: Option<Zone>,
    #[serde(default)]
    shifts: Option<Vec<String>>,
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default)]
    ical_url_overrides: Option<String>,
}

#[derive(Deserialize)]
struct OcShift {
    id: String,
    #[serde(default)]
    name: String,
    #[serde(rename = "type")]
    kind: String,
    /// On the wall of `time_zone`.
    start: Wall,
    #[serde(default)]
    rotation_start: Option<Wall>,
    #[serde(default)]
    until: Option<Wall>,
    /// Seconds.
    duration: u32,
    #[serde(default)]
    level: Option<i64>,
    #[serde(default)]
    frequency: Option<String>,
    #[serde(default)]
    interval: Option<u32>,
    #[serde(default)]
    by_day: Option<Vec<String>>,
    #[serde(default)]
    by_month: Option<Vec<i64>>,
    #[serde(default)]
    by_monthday: Option<Vec<i64>>,
    #[serde(default)]
    week_start: Option<String>,
    #[serde(default)]
    users: Option<Vec<String>>,
    #[serde(default)]
    rolling_users: Option<Vec<Vec<String>>>,
    #[serde(default)]
    start_rotation_from_user_index: Option<usize>,
    #[serde(default)]
    time_zone: Option<Zone>,
}

/// Reads `{"schedules": …, "on_call_shifts": …}`, each the list or the page (`{"results": […]}`) of that name.
/// Shifts of one level are on call together, a higher level takes the place of lower ones when it has
/// somebody, overrides are above all levels.
///
/// A shift with `by_day` becomes a layer per weekday, so that each day hands over on its own: with `weekly`
/// people change by the week, with `daily` from one of these days to the next. `Err` when the JSON is not such
/// an answer; it names the field.
pub fn schedules(text: &str) -> Result<Vec<Imported>, Problem> {
    let export: Export = from_json(text)?;
    Ok(export.schedules.0.iter().map(|schedule| imported(schedule, &export.on_call_shifts.0)).collect())
}

fn imported(source: &OcSchedule, shifts: &[OcShift]) -> Imported {
    let zone = source.time_zone.clone().unwrap_or_default();
    let mut imported = Imported::new(&source.name, &zone);
    if source.kind == "ical" {
        imported.lose(
            "the shifts of an iCal schedule are not in the export; read its calendar instead".to_owned(),
        );
    }
    if source.ical_url_overrides.as_ref().is_some_and(|url| !url.is_empty()) {
        imported.lose("overrides from a calendar's URL are not in the export".to_owned());
    }
    let mut own: Vec<&OcShift> = Vec::new();
    for id in source.shifts.iter().flatten() {
        match shifts.iter().find(|shift| shift.id == *id) {
            Some(shift) => own.push(shift),
            None => imported.lose(format!("shift {id} is not in the export")),
        }
    }
    // In schedules made on the web the zone is only that of the screen: their shifts count in UTC.
    let fallback = if source.kind == "web" { Zone::utc() } else { zone };
    let level = |shift: &OcShift| if shift.kind == "override" { i64::MAX } else { shift.level.unwrap_or(0) };
    own.sort_by_key(|shift| level(shift));
    let mut last = None;
    for shift in own {
        for layer in layers(shift, &fallback, &mut imported).into_iter().filter(is_ever) {
            let mode = if last == Some(level(shift)) { Mode::Beside } else { Mode::Replace };
            last = Some(level(shift));
            imported.schedule.layers.push(Layer { mode, ..layer });
        }
    }
    imported
}

fn layers(source: &OcShift, fallback: &Zone, imported: &mut Imported) -> Vec<Layer> {
    let of = format!("shift {}", if source.name.is_empty() { &source.id } else { &source.name });
    let has = |list: Option<usize>| list.is_some_and(|length| length > 0);
    if has(source.by_month.as_ref().map(Vec::len)) || has(source.by_monthday.as_ref().map(Vec::len)) {
        imported.lose(format!("{of}: by_month and by_monthday are not supported; left out"));
        return Vec::new();
    }
    let zone = source.time_zone.as_ref().unwrap_or(fallback).clone();
    let groups = groups(source);
    for person in groups.iter().flat_map(|group| &group.0) {
        imported.people.insert(person.clone(), person.clone());
    }
    let plain = Layer {
        name: of["shift ".len()..].to_owned(),
        until: source.until.map(|until| zone.moment(until.datetime())),
        zone: Some(zone.clone()),
        ..Layer::default()
    };
    let from =
        |begins: Wall| Some(zone.moment(source.rotation_start.unwrap_or(begins).max(begins).datetime()));
    let Some(frequency) = &source.frequency else {
        let until = Some(zone.first(source.start.0 + i64::from(source.duration) * 1000));
        return vec![Layer { participants: groups, from: from(source.start), until, ..plain }];
    };
    let Some(every) = imported.unit(frequency, &of) else { return Vec::new() };
    let Some(days) = days(source, every, &of, imported) else { return Vec::new() };
    let interval = source.interval.unwrap_or(1).clamp(1, 520);
    if days.is_empty() || every == Every::Hour {
        let on_for_minutes = on_for(source, every, interval, &of, imported);
        let rotation = Rotation { every, length: interval, start: source.start, on_for_minutes, first: 0 };
        let restrictions =
            (!days.is_empty()).then(|| vec![Hours::on(&days, TimeOfDay::MIDNIGHT, TimeOfDay::END_OF_DAY)]);
        let from = from(source.start);
        return vec![Layer { participants: groups, rotation: Some(rotation), restrictions, from, ..plain }];
    }
    on_for(source, Every::Week, 1, &of, imported);
    let begins = begins(source, &days);
    let on_for_minutes = Some((source.duration / 60).max(1));
    let weekly = |(day, participants): (Date, Vec<Slot>)| {
        let start = Wall::from(day.to_datetime(begins.time()));
        let rotation = Rotation { every: Every::Week, length: 1, start, on_for_minutes, first: 0 };
        Layer { participants, rotation: Some(rotation), from: from(begins.into()), ..plain.clone() }
    };
    let series = if every == Every::Day { by_days } else { by_weeks };
    series(&groups, &days, begins.date(), week_start(source), interval as usize)
        .into_iter()
        .map(weekly)
        .collect()
}

/// Who takes turns, beginning with whoever has the first.
fn groups(source: &OcShift) -> Vec<Slot> {
    let rolling = source.rolling_users.iter().flatten().map(|group| Slot(group.clone()));
    let mut groups: Vec<Slot> = rolling.collect();
    if groups.is_empty() {
        groups.push(Slot(source.users.clone().unwrap_or_default()));
    }
    let first = source.start_rotation_from_user_index.unwrap_or(0) % groups.len();
    groups.rotate_left(first);
    groups
}

/// The weekdays of `by_day`; `None` when they cannot be followed.
fn days(source: &OcShift, every: Every, of: &str, imported: &mut Imported) -> Option<Vec<Weekday>> {
    let names = source.by_day.as_deref().unwrap_or_default();
    let days: Option<Vec<Weekday>> = names.iter().map(|day| weekday(day)).collect();
    let followed = days.filter(|days| days.is_empty() || every != Every::Month);
    if followed.is_none() {
        let names = names.join(", ");
        imported.lose(format!("{of}: by_day {names} with this frequency is not supported; left out"));
    }
    followed
}

/// The first of the chosen days from the start on. When the start is none of them, the first day of the chosen
/// ones by the beginning of the week, as `OnCall` looks for it.
fn begins(source: &OcShift, days: &[Weekday]) -> DateTime {
    let start = source.start.datetime();
    let today = Weekday::of_day(day_number(start.date()));
    if days.contains(&today) {
        return start;
    }
    let in_week = |day: &&Weekday| (day.index() + 7 - week_start(source).index()) % 7;
    let wanted = days.iter().min_by_key(in_week).map_or(0, |day| day.index());
    let later = i32::try_from((wanted + 7 - today.index()) % 7).unwrap_or(0);
    date_of(day_number(start.date()) + later).to_datetime(start.time())
}

/// `weekly` with `by_day`: a group has the chosen days of one week in `interval`, then the next group. Each
/// day's own weekly turns, with its first date.
fn by_weeks(
    groups: &[Slot],
    days: &[Weekday],
    begins: Date,
    first_day: Weekday,
    interval: usize,
) -> Vec<(Date, Vec<Slot>)> {
    // The weeks between are nobody's.
    let idle = vec![Slot::default(); interval - 1];
    let weeks: Vec<Slot> =
        groups.iter().flat_map(|group| [std::slice::from_ref(group), &idle].concat()).collect();
    let into = |day: Weekday| (day.index() + 7 - first_day.index()) % 7;
    let today = into(Weekday::of_day(day_number(begins)));
    let series = |day: &Weekday| {
        let (place, mut weeks) = (into(*day), weeks.clone());
        // A day that lies before the start in its week has its first turn in the week after.
        let ahead = if place < today { place + 7 - today } else { place - today };
        weeks.rotate_left(usize::from(place < today));
        (date_of(day_number(begins) + i32::try_from(ahead).unwrap_or(0)), weeks)
    };
    days.iter().map(series).collect()
}

/// `daily` with `by_day`: the chosen days are counted on from one to the next, `interval` of them per group.
/// Each day's own weekly turns, with its first date.
fn by_days(
    groups: &[Slot],
    days: &[Weekday],
    begins: Date,
    _first_day: Weekday,
    interval: usize,
) -> Vec<(Date, Vec<Slot>)> {
    let week = (0..7).map(|later| day_number(begins) + later);
    let chosen: Vec<i32> = week.filter(|day| days.contains(&Weekday::of_day(*day))).collect();
    let round = groups.len() * interval;
    let turn = |count: usize| groups[count / interval % groups.len()].clone();
    let series = |(place, day): (usize, &i32)| {
        // After so many weeks every day is back at its first group.
        let weeks = (0..round).map(|week| turn(week * chosen.len() + place)).collect();
        (date_of(*day), weeks)
    };
    chosen.iter().enumerate().map(series).collect()
}

/// How long each turn is on call, where that is shorter than the turn.
fn on_for(source: &OcShift, every: Every, interval: u32, of: &str, imported: &mut Imported) -> Option<u32> {
    let unit: u64 = match every {
        Every::Hour => 3_600,
        Every::Day => 86_400,
        Every::Week => 604_800,
        Every::Month => 28 * 86_400,
    };
    let turn = unit * u64::from(interval);
    if u64::from(source.duration) > turn && every != Every::Month {
        imported.lose(format!("{of}: it lasts longer than its turn; people do not overlap here"));
    }
    if every == Every::Month && source.start.datetime().day() > 28 {
        imported.lose(format!("{of}: OnCall leaves out months without that day; here it is the last day"));
    }
    let is_shorter = u64::from(source.duration) < turn || every == Every::Month;
    is_shorter.then(|| (source.duration / 60).max(1))
}

fn week_start(source: &OcShift) -> Weekday {
    source.week_start.as_deref().and_then(weekday).unwrap_or(Weekday::Sunday)
}

fn weekday(text: &str) -> Option<Weekday> {
    let place =
        ["MO", "TU", "WE", "TH", "FR", "SA", "SU"].iter().position(|day| text.eq_ignore_ascii_case(day))?;
    Some(Weekday::ALL[place])
}
