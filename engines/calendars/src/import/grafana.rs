//! Grafana `OnCall` schedules: the results of its two public lists, `schedules` and `on_call_shifts`.

use serde::Deserialize;

use crate::civil::{Weekday, day_number, weekday_of};
use crate::import::{Imported, window};
use crate::oncall::{Every, Layer, Mode, Rotation, Schedule, Slot, Wall};
use crate::problem::{Problem, from_json};
use crate::week::Hours;
use crate::zone::Zone;

#[derive(Deserialize)]
struct Export {
    schedules: Vec<OcSchedule>,
    #[serde(default)]
    on_call_shifts: Vec<OcShift>,
}

#[derive(Deserialize)]
struct OcSchedule {
    name: String,
    #[serde(default)]
    time_zone: Option<Zone>,
    #[serde(default)]
    shifts: Vec<String>,
    #[serde(default, rename = "type")]
    kind: String,
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
    start_rotation_from_user_index: Option<u32>,
    #[serde(default)]
    time_zone: Option<Zone>,
}

/// Reads an export. Shifts of one level are on call together, a higher level takes the place of lower ones
/// when it has somebody, overrides are above all levels.
pub fn schedules(text: &str) -> Result<Vec<Imported>, Problem> {
    let export: Export = from_json(text)?;
    Ok(export.schedules.iter().map(|schedule| imported(schedule, &export.on_call_shifts)).collect())
}

fn imported(source: &OcSchedule, shifts: &[OcShift]) -> Imported {
    let zone = source.time_zone.clone().unwrap_or_default();
    let mut imported = Imported {
        schedule: Schedule { name: source.name.clone(), zone: zone.clone(), ..Schedule::default() },
        ..Imported::default()
    };
    if source.kind == "ical" {
        imported.lost.push(
            "the shifts of an iCal schedule are not in the export; read its calendar instead".to_owned(),
        );
    }
    let mut own: Vec<&OcShift> = Vec::new();
    for id in &source.shifts {
        match shifts.iter().find(|shift| shift.id == *id) {
            Some(shift) => own.push(shift),
            None => imported.lost.push(format!("shift {id} is not in the export")),
        }
    }
    let level = |shift: &OcShift| if shift.kind == "override" { i64::MAX } else { shift.level.unwrap_or(0) };
    own.sort_by_key(|shift| level(shift));
    let mut last = None;
    for shift in own {
        let Some(layer) = ready(shift, &zone, &mut imported) else { continue };
        let mode = if last == Some(level(shift)) { Mode::Beside } else { Mode::Replace };
        last = Some(level(shift));
        imported.schedule.layers.push(Layer { mode, ..layer });
    }
    imported
}

fn ready(source: &OcShift, zone: &Zone, imported: &mut Imported) -> Option<Layer> {
    let zone = source.time_zone.as_ref().unwrap_or(zone).clone();
    let name = if source.name.is_empty() { &source.id } else { &source.name };
    if source.by_month.as_ref().is_some_and(|months| !months.is_empty())
        || source.by_monthday.as_ref().is_some_and(|days| !days.is_empty())
    {
        imported.lost.push(format!("shift {name}: by_month and by_monthday are not supported; left out"));
        return None;
    }
    for person in source.users.iter().flatten().chain(source.rolling_users.iter().flatten().flatten()) {
        imported.people.insert(person.clone(), person.clone());
    }
    let mut slots: Vec<Slot> = match &source.rolling_users {
        Some(groups) if !groups.is_empty() => groups.iter().map(|group| Slot(group.clone())).collect(),
        _ => vec![Slot(source.users.clone().unwrap_or_default())],
    };
    let begins = source.rotation_start.unwrap_or(source.start).max(source.start);
    let mut layer = Layer {
        name: name.clone(),
        from: Some(zone.moment(begins.datetime())),
        until: source.until.map(|until| zone.moment(until.datetime())),
        ..Layer::default()
    };
    let Some(frequency) = &source.frequency else {
        layer.until = Some(zone.first(source.start.0 + i64::from(source.duration) * 1000));
        return Some(Layer { participants: slots, zone: Some(zone), ..layer });
    };
    let every = match frequency.as_str() {
        "hourly" => Every::Hour,
        "daily" => Every::Day,
        "weekly" => Every::Week,
        "monthly" => Every::Month,
        other => {
            imported.lost.push(format!("shift {name}: frequency {other} is not known; left out"));
            return None;
        }
    };
    let interval = source.interval.unwrap_or(1).max(1);
    let first = source.start_rotation_from_user_index.unwrap_or(0);
    let days: Vec<Weekday> = source.by_day.iter().flatten().filter_map(|day| weekday(day)).collect();
    if days.is_empty() {
        let on_for_minutes = on_for(source, every, interval, name, imported);
        layer.rotation =
            Some(Rotation { every, length: interval, start: source.start, on_for_minutes, first });
    } else {
        layer.restrictions = Some(days.iter().map(|day| by_day(*day, source)).collect());
        if every != Every::Week || (interval > 1 && slots.len() > 1) {
            let reason =
                "by_day is exact for weekly shifts of interval 1; people may take turns at other times";
            imported.lost.push(format!("shift {name}: {reason}"));
        }
        let start = source.start.0.rem_euclid(86_400_000) / 1000;
        if slots.len() > 1 && start + i64::from(source.duration) > 86_400 {
            imported
                .lost
                .push(format!("shift {name}: what runs past the end of the week goes to the next person"));
        }
        // One person every n weeks: the weeks between are nobody's.
        let (length, empty) = if slots.len() > 1 { (interval, 0) } else { (1, interval - 1) };
        slots.extend((0..empty.min(520)).map(|_| Slot::default()));
        layer.rotation =
            Some(Rotation { every, length, start: week_of(source, every), on_for_minutes: None, first });
    }
    Some(Layer { participants: slots, zone: Some(zone), ..layer })
}

/// How long each turn is on call, where that is shorter than the turn.
fn on_for(source: &OcShift, every: Every, interval: u32, name: &str, imported: &mut Imported) -> Option<u32> {
    let unit: u64 = match every {
        Every::Hour => 3_600,
        Every::Day => 86_400,
        Every::Week => 604_800,
        Every::Month => 28 * 86_400,
    };
    let turn = unit * u64::from(interval);
    if u64::from(source.duration) > turn && every != Every::Month {
        imported
            .lost
            .push(format!("shift {name}: it lasts longer than its turn; people do not overlap here"));
    }
    let is_shorter = u64::from(source.duration) < turn || every == Every::Month;
    is_shorter.then(|| (source.duration / 60).max(1))
}

/// The beginning of the week in which a shift starts: turns by weeks change there, not in the midst of one.
fn week_of(source: &OcShift, every: Every) -> Wall {
    if every != Every::Week {
        return source.start;
    }
    let date = source.start.datetime().date();
    let first = source.week_start.as_deref().and_then(weekday).unwrap_or(Weekday::Monday);
    let into = (weekday_of(day_number(date)) + 7 - first.index()) % 7;
    let back = i32::try_from(into).unwrap_or(0);
    let start = crate::civil::date_of(day_number(date) - back);
    Wall::from(start.to_datetime(jiff::civil::Time::midnight()))
}

fn by_day(day: Weekday, source: &OcShift) -> Hours {
    let seconds = u32::try_from(source.start.0.rem_euclid(86_400_000) / 1000).unwrap_or(0);
    window(Some(day), seconds, source.duration)
}

fn weekday(text: &str) -> Option<Weekday> {
    let place =
        ["MO", "TU", "WE", "TH", "FR", "SA", "SU"].iter().position(|day| text.eq_ignore_ascii_case(day))?;
    Some(Weekday::ALL[place])
}
