//! PagerDuty schedules: `GET /schedules/{id}` (`{"schedule": …}`) or a list (`{"schedules": […]}`).

use serde::Deserialize;

use crate::civil::{TimeOfDay, Weekday};
use crate::import::{Imported, Named, every, window};
use crate::moment::{DAY_MS, HOUR_MS, Moment};
use crate::oncall::{Every, Layer, Mode, Override, OverrideKind, Rotation, Schedule, Slot, Wall};
use crate::problem::{Problem, from_json};
use crate::zone::Zone;

#[derive(Deserialize)]
struct Export {
    #[serde(default)]
    schedule: Option<PdSchedule>,
    #[serde(default)]
    schedules: Vec<PdSchedule>,
}

#[derive(Deserialize)]
struct PdSchedule {
    name: String,
    time_zone: Zone,
    #[serde(default)]
    schedule_layers: Vec<PdLayer>,
    #[serde(default)]
    overrides: Vec<PdOverride>,
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
    #[serde(default)]
    start_day_of_week: Option<usize>,
}

#[derive(Deserialize)]
struct PdOverride {
    start: Moment,
    end: Moment,
    user: Named,
}

/// Reads an export. Layers come topmost first there and lowest first here; each takes the place of those
/// below when it has somebody; an override takes everybody's place, a later one that of an earlier.
///
/// `Err` when the JSON is not such an export; it names the field.
pub fn schedules(text: &str) -> Result<Vec<Imported>, Problem> {
    let export: Export = from_json(text)?;
    if export.schedule.is_none() && export.schedules.is_empty() {
        return Err(Problem::new("schedule", "missing: an export has schedule or schedules"));
    }
    Ok(export.schedule.into_iter().chain(export.schedules).map(|schedule| imported(&schedule)).collect())
}

fn imported(source: &PdSchedule) -> Imported {
    let mut imported = Imported {
        schedule: Schedule {
            name: source.name.clone(),
            zone: source.time_zone.clone(),
            ..Schedule::default()
        },
        ..Imported::default()
    };
    for layer in source.schedule_layers.iter().rev() {
        if let Some(layer) = ready(layer, &source.time_zone, &mut imported) {
            imported.schedule.layers.push(layer);
        }
    }
    for change in &source.overrides {
        let person = imported.person(&change.user);
        if person.is_none() || change.end <= change.start {
            imported
                .lost
                .push(format!("an override at {} without a user or an end was left out", change.start));
            continue;
        }
        imported.schedule.overrides.push(Override {
            from: change.start,
            to: change.end,
            kind: OverrideKind::Replace,
            person,
            instead_of: None,
        });
    }
    imported
}

fn ready(source: &PdLayer, zone: &Zone, imported: &mut Imported) -> Option<Layer> {
    let Some((every, length)) = every(source.rotation_turn_length_seconds) else {
        let seconds = source.rotation_turn_length_seconds;
        imported
            .lost
            .push(format!("layer {}: turns of {seconds} s are no whole hours; left out", source.name));
        return None;
    };
    let mut participants = Vec::new();
    for user in &source.users {
        match imported.person(&user.user) {
            Some(person) => participants.push(Slot(vec![person])),
            None => participants.push(Slot::default()),
        }
    }
    let start = before(source, zone, every, length);
    let restrictions = restrictions(source, imported);
    Some(Layer {
        name: source.name.clone(),
        mode: Mode::Replace,
        participants,
        rotation: Some(Rotation { every, length, start, on_for_minutes: None, first: 0 }),
        restrictions,
        from: Some(source.start),
        until: source.end,
        ..Layer::default()
    })
}

/// The virtual start, moved back by whole rounds until it does not lie after the layer's own start.
fn before(source: &PdLayer, zone: &Zone, every: Every, length: u32) -> Wall {
    let unit = match every {
        Every::Week => 7 * DAY_MS,
        Every::Day => DAY_MS,
        _ => HOUR_MS,
    };
    let users = i64::try_from(source.users.len().max(1)).unwrap_or(1);
    let round = (unit * i64::from(length)).saturating_mul(users);
    let late = source.rotation_virtual_start.since(source.start).max(0);
    let rounds = (late + round - 1) / round;
    let start = source.rotation_virtual_start;
    let wall = if every == Every::Hour {
        zone.datetime(start.plus_ms(-rounds * round))
    } else {
        crate::civil::datetime_of(zone.wall(start) - rounds * round)
    };
    Wall::from(wall)
}

fn restrictions(source: &PdLayer, imported: &mut Imported) -> Option<Vec<crate::week::Hours>> {
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
                imported.lost.push(format!("layer {}: restriction {kind} was left out", source.name));
            }
        }
    }
    Some(windows)
}
