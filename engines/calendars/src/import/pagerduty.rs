//! PagerDuty schedules: `GET /schedules/{id}`, or `GET /schedules?include[]=schedule_layers`.

use serde::Deserialize;

use crate::civil::{TimeOfDay, Weekday};
use crate::import::{Imported, Named, begun_by, is_ever};
use crate::moment::Moment;
use crate::oncall::{Every, Layer, Mode, Override, OverrideKind, Rotation, Wall};
use crate::problem::{Problem, from_json};
use crate::week::Hours;
use crate::zone::Zone;

#[derive(Deserialize)]
struct Export {
    #[serde(default)]
    schedule: Option<PdSchedule>,
    #[serde(default)]
    schedules: Vec<PdSchedule>,
    /// The answer of `GET /schedules/{id}/overrides`, put beside the one schedule.
    #[serde(default)]
    overrides: Vec<PdOverride>,
}

#[derive(Deserialize)]
struct PdSchedule {
    name: String,
    time_zone: Zone,
    #[serde(default)]
    schedule_layers: Option<Vec<PdLayer>>,
    #[serde(default)]
    overrides: Vec<PdOverride>,
    /// What the answer has when it was asked for a range of time.
    #[serde(default)]
    overrides_subschedule: Option<PdSubschedule>,
}

#[derive(Default, Deserialize)]
struct PdSubschedule {
    #[serde(default)]
    rendered_schedule_entries: Vec<PdOverride>,
}

#[derive(Deserialize)]
struct PdLayer {
    #[serde(default)]
    name: String,
    start: Moment,
    #[serde(default)]
    end: Option<Moment>,
    rotation_virtual_start: Moment,
    rotation_turn_length_seconds: u64,
    #[serde(default)]
    users: Vec<PdUser>,
    #[serde(default)]
    restrictions: Vec<PdRestriction>,
}

#[derive(Deserialize)]
struct PdUser {
    user: Named,
}

#[derive(Deserialize)]
struct PdRestriction {
    #[serde(rename = "type")]
    kind: String,
    start_time_of_day: TimeOfDay,
    duration_seconds: u32,
    /// 1 is Monday.
    #[serde(default)]
    start_day_of_week: Option<usize>,
}

#[derive(Deserialize)]
struct PdOverride {
    start: Moment,
    end: Moment,
    user: Named,
}

/// Reads an answer with one schedule or a list. Layers come topmost first there and lowest first here; each
/// takes the place of those below when it has somebody; an override takes everybody's place, a later one that
/// of an earlier. Overrides stand in the schedule, in its `overrides_subschedule`, or beside the schedule.
///
/// Turns of whole days hand over on the wall clock, others after exact hours. `Err` when the JSON is not such
/// an answer; it names the field.
pub fn schedules(text: &str) -> Result<Vec<Imported>, Problem> {
    let export: Export = from_json(text)?;
    if export.schedule.is_none() && export.schedules.is_empty() {
        return Err(Problem::new("schedule", "missing: an export has schedule or schedules"));
    }
    if export.schedule.is_none() && !export.overrides.is_empty() {
        return Err(Problem::new("overrides", "beside a list it is not known which schedule they are of"));
    }
    let beside = export.overrides;
    let alone = export.schedule.map(|schedule| imported(&schedule, &beside));
    Ok(alone.into_iter().chain(export.schedules.iter().map(|schedule| imported(schedule, &[]))).collect())
}

fn imported(source: &PdSchedule, beside: &[PdOverride]) -> Imported {
    let mut imported = Imported::new(&source.name, &source.time_zone);
    let Some(layers) = &source.schedule_layers else {
        imported.lose("the export has no schedule_layers; ask with include[]=schedule_layers".to_owned());
        return imported;
    };
    for layer in layers.iter().rev() {
        let layer = ready(layer, &source.time_zone, &mut imported);
        imported.schedule.layers.extend(layer.filter(is_ever));
    }
    let rendered =
        source.overrides_subschedule.as_ref().map(|part| part.rendered_schedule_entries.as_slice());
    let lists = [rendered.unwrap_or_default(), &source.overrides, beside];
    for change in lists.into_iter().flatten() {
        overridden(change, &mut imported);
    }
    imported
}

fn overridden(change: &PdOverride, imported: &mut Imported) {
    let person = imported.person(&change.user);
    if person.is_none() || change.end <= change.start {
        imported.lose(format!("an override at {} without a user or an end was left out", change.start));
        return;
    }
    let (from, to, kind) = (change.start, change.end, OverrideKind::Replace);
    let ready = Override { from, to, kind, person, instead_of: None };
    // The same override may stand in two of the lists.
    if !imported.schedule.overrides.contains(&ready) {
        imported.schedule.overrides.push(ready);
    }
}

fn ready(source: &PdLayer, zone: &Zone, imported: &mut Imported) -> Option<Layer> {
    let Some((every, length)) = turn(source.rotation_turn_length_seconds) else {
        let seconds = source.rotation_turn_length_seconds;
        imported.lose(format!("layer {}: turns of {seconds} s are no whole hours; left out", source.name));
        return None;
    };
    let participants: Vec<_> = source.users.iter().map(|user| imported.slot(&user.user)).collect();
    let start = Wall::from(zone.datetime(source.rotation_virtual_start));
    let rotation = Rotation { every, length, start, on_for_minutes: None, first: 0 };
    Some(Layer {
        name: source.name.clone(),
        mode: Mode::Replace,
        rotation: Some(begun_by(rotation, zone, source.start, participants.len())),
        participants,
        restrictions: restrictions(source, imported),
        from: Some(source.start),
        until: source.end,
        ..Layer::default()
    })
}

/// A turn of that many seconds in the unit that hands over at the same wall-clock time; `None` when it is no
/// whole number of hours.
fn turn(seconds: u64) -> Option<(Every, u32)> {
    let units = [(Every::Week, 604_800), (Every::Day, 86_400), (Every::Hour, 3_600)];
    let (every, unit) = units.into_iter().find(|(_, unit)| seconds > 0 && seconds.is_multiple_of(*unit))?;
    Some((every, u32::try_from(seconds / unit).ok().filter(|length| *length <= 10_000)?))
}

fn restrictions(source: &PdLayer, imported: &mut Imported) -> Option<Vec<Hours>> {
    if source.restrictions.is_empty() {
        return None;
    }
    let mut windows = Vec::new();
    for restriction in &source.restrictions {
        let from = restriction.start_time_of_day.seconds() % 86_400;
        let day =
            restriction.start_day_of_week.and_then(|day| Weekday::ALL.get(day.wrapping_sub(1)).copied());
        match (restriction.kind.as_str(), day) {
            ("daily_restriction", _) => {
                windows.push(window(None, from, restriction.duration_seconds.min(86_400)));
            }
            ("weekly_restriction", Some(day)) => {
                windows.push(window(Some(day), from, restriction.duration_seconds));
            }
            (kind, _) => {
                imported.lose(format!("layer {}: restriction {kind} was left out", source.name));
            }
        }
    }
    Some(windows)
}

/// A weekly window from a day and second of the day on, at most a week long. Without a day, every day.
fn window(day: Option<Weekday>, from: u32, seconds: u32) -> Hours {
    let seconds = seconds.clamp(1, 604_800);
    let end = from + seconds;
    let to_day = day.filter(|_| seconds > 86_400);
    let to_day = to_day.map(|day| Weekday::ALL[(day.index() + (end / 86_400) as usize) % 7]);
    // 24:00 is not the end of a later day: there it is 00:00 of the day named.
    let to = if to_day.is_none() && end == 86_400 { end } else { end % 86_400 };
    Hours {
        days: day.map(|day| vec![day]),
        from: TimeOfDay::from_seconds(from),
        to: TimeOfDay::from_seconds(to),
        to_day,
    }
}
