//! GoAlert schedules, from the answers of its GraphQL API: `{schedule, rotations, userOverrides}`.

use serde::Deserialize;

use crate::civil::{TimeOfDay, Weekday};
use crate::import::shape::Paged;
use crate::import::{Imported, Named, begun_by};
use crate::moment::{HOUR_MS, Moment};
use crate::oncall::turns::turn_number_at;
use crate::oncall::{
    Every, Layer, Mode, Override, OverrideKind, Rotation, Slot, Temporary, TemporaryShift, Wall,
};
use crate::problem::{Problem, from_json};
use crate::week::Hours;
use crate::zone::Zone;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Export {
    /// GraphQL puts everything in here.
    #[serde(default)]
    data: Option<Box<Export>>,
    #[serde(default)]
    schedule: Option<GaSchedule>,
    #[serde(default)]
    rotations: Paged<GaRotation>,
    #[serde(default)]
    user_overrides: Paged<GaOverride>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct GaSchedule {
    name: String,
    time_zone: Zone,
    #[serde(default)]
    targets: Vec<GaTarget>,
    #[serde(default)]
    temporary_schedules: Vec<GaTemporary>,
}

#[derive(Deserialize)]
struct GaTarget {
    target: GaNamed,
    #[serde(default)]
    rules: Vec<GaRule>,
}

#[derive(Deserialize)]
struct GaNamed {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    name: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct GaRule {
    start: TimeOfDay,
    end: TimeOfDay,
    /// From Sunday to Saturday.
    weekday_filter: [bool; 7],
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct GaRotation {
    id: String,
    #[serde(default)]
    name: String,
    #[serde(rename = "type")]
    kind: String,
    start: Moment,
    time_zone: Zone,
    #[serde(default = "one")]
    shift_length: u32,
    #[serde(default)]
    active_user_index: i64,
    #[serde(default, rename = "userIDs")]
    user_ids: Vec<String>,
    #[serde(default)]
    users: Vec<Named>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct GaOverride {
    start: Moment,
    end: Moment,
    #[serde(default)]
    add_user: Option<Named>,
    #[serde(default, rename = "addUserID")]
    add_user_id: Option<String>,
    #[serde(default)]
    remove_user: Option<Named>,
    #[serde(default, rename = "removeUserID")]
    remove_user_id: Option<String>,
}

#[derive(Deserialize)]
struct GaTemporary {
    start: Moment,
    end: Moment,
    #[serde(default)]
    shifts: Vec<GaShift>,
}

#[derive(Deserialize)]
struct GaShift {
    #[serde(rename = "userID")]
    user_id: String,
    #[serde(default)]
    user: Option<Named>,
    start: Moment,
    end: Moment,
}

/// Reads an answer given at that moment: GoAlert keeps whose turn it is as a position, so the moment decides
/// how the turns before and after are counted. `rotations` and `userOverrides` are lists or connections
/// (`{"nodes": […]}`), `data` around everything or not. All targets are on call together; temporary schedules
/// come before everything else.
///
/// Hourly turns hand over on the wall clock there, so those of 12 hours become two layers that take turns by
/// the day. `Err` when the JSON is not such an answer; it names the field.
pub fn schedule(text: &str, exported_at: Moment) -> Result<Imported, Problem> {
    let mut export: Export = from_json(text)?;
    if let Some(inner) = export.data.take() {
        export = *inner;
    }
    let Some(source) = &export.schedule else {
        return Err(Problem::new(
            "schedule",
            "missing: an export has the schedule, its rotations and userOverrides",
        ));
    };
    let mut imported = Imported::new(&source.name, &source.time_zone);
    for target in &source.targets {
        let layers = ready(target, source, &export.rotations.0, exported_at, &mut imported);
        imported.schedule.layers.extend(layers);
    }
    for change in &export.user_overrides.0 {
        overridden(change, &mut imported);
    }
    for temporary in &source.temporary_schedules {
        let shifts = temporary.shifts.iter().map(|shift| shifted(shift, &mut imported)).collect();
        let name = "temporary schedule".to_owned();
        let (from, to) = (temporary.start, temporary.end);
        imported.schedule.temporary.push(Temporary { name, from, to, shifts });
    }
    Ok(imported)
}

fn shifted(shift: &GaShift, imported: &mut Imported) -> TemporaryShift {
    shift.user.iter().for_each(|user| drop(imported.person(user)));
    TemporaryShift { person: shift.user_id.clone(), from: shift.start, to: shift.end }
}

fn ready(
    target: &GaTarget,
    schedule: &GaSchedule,
    rotations: &[GaRotation],
    at: Moment,
    imported: &mut Imported,
) -> Vec<Layer> {
    let GaNamed { id, kind, name } = &target.target;
    let restrictions = Some(target.rules.iter().map(hours).collect());
    let plain = Layer {
        name: name.as_ref().unwrap_or(id).clone(),
        mode: Mode::Add,
        restrictions,
        restrictions_zone: Some(schedule.time_zone.clone()),
        ..Layer::default()
    };
    if kind == "user" {
        let named = Named { id: Some(id.clone()), name: name.clone(), ..Named::default() };
        return vec![Layer { participants: vec![imported.slot(&named)], ..plain }];
    }
    let Some(rotation) = rotations.iter().find(|rotation| kind == "rotation" && rotation.id == *id) else {
        imported.lose(format!("target {id} of type {kind} has no rotation in the export; left out"));
        return Vec::new();
    };
    turning(rotation, plain, at, imported)
}

fn turning(source: &GaRotation, plain: Layer, at: Moment, imported: &mut Imported) -> Vec<Layer> {
    let of = format!("rotation {}", source.name);
    let Some(every) = imported.unit(&source.kind, &of) else { return Vec::new() };
    let zone = &source.time_zone;
    let start = zone.datetime(source.start);
    if every == Every::Month && start.day() > 28 {
        imported.lose(format!(
            "{of}: in months without a day {} GoAlert hands over some days later; here on the last day",
            start.day()
        ));
    }
    let mut slots: Vec<Slot> = source.users.iter().map(|user| imported.slot(user)).collect();
    if !source.user_ids.is_empty() {
        slots = source.user_ids.iter().map(|id| Slot(vec![id.clone()])).collect();
    }
    let length = source.shift_length.max(1);
    let rotation = Rotation { every, length, start: Wall::from(start), on_for_minutes: None, first: 0 };
    let plain = Layer { zone: Some(zone.clone()), ..plain };
    // GoAlert's position belongs to the turn that runs at the export.
    let count = i64::try_from(slots.len().max(1)).unwrap_or(1);
    let first = |turn: i64| u32::try_from((source.active_user_index - turn).rem_euclid(count)).unwrap_or(0);
    if every != Every::Hour || *zone == Zone::utc() {
        let mut rotation = begun_by(rotation, zone, at, slots.len());
        rotation.first = first(turn_number_at(&rotation, zone, at));
        return vec![Layer { participants: slots, rotation: Some(rotation), ..plain }];
    }
    by_wall_hours(&rotation, &slots, zone, at, first)
        .into_iter()
        .map(|(rotation, participants)| Layer { participants, rotation: Some(rotation), ..plain.clone() })
        .collect()
}

/// Turns of so many hours on the wall clock: they come round after whole days, so each of them is a part of a
/// turn by days, on call for its hours only.
fn by_wall_hours(
    hourly: &Rotation,
    slots: &[Slot],
    zone: &Zone,
    at: Moment,
    first: impl Fn(i64) -> u32,
) -> Vec<(Rotation, Vec<Slot>)> {
    let hours = hourly.length;
    let divides = |part: &u32| hours.is_multiple_of(*part) && 24_u32.is_multiple_of(*part);
    let parts = 24 / (1..=24).rev().find(divides).unwrap_or(1);
    let days = hours * parts / 24;
    let daily =
        Rotation { every: Every::Day, length: days, on_for_minutes: Some(hours * 60), ..hourly.clone() };
    let daily = begun_by(daily, zone, at, 1);
    let turn = (zone.clock(at) - daily.start.0).div_euclid(i64::from(hours) * HOUR_MS);
    // The position of the first turn, from that of the one that runs.
    let origin = first(turn);
    let part = |index: u32| {
        let start = daily.start.datetime().saturating_add(jiff::Span::new().hours(index * hours));
        let order = (0..slots.len()).map(|round| origin as usize + index as usize + round * parts as usize);
        let order = order.map(|turn| slots[turn % slots.len()].clone()).collect();
        (Rotation { start: Wall::from(start), ..daily.clone() }, order)
    };
    (0..parts).map(part).collect()
}

fn overridden(change: &GaOverride, imported: &mut Imported) {
    let mut named = |user: &Option<Named>, id: &Option<String>| {
        let own = Named { id: id.clone(), ..Named::default() };
        imported.person(user.as_ref().unwrap_or(&own))
    };
    let add = named(&change.add_user, &change.add_user_id);
    let remove = named(&change.remove_user, &change.remove_user_id);
    let (kind, person, instead_of) = match (add, remove) {
        (Some(add), Some(remove)) => (OverrideKind::Replace, Some(add), Some(remove)),
        (Some(add), None) => (OverrideKind::Add, Some(add), None),
        (None, Some(remove)) => (OverrideKind::Remove, Some(remove), None),
        (None, None) => {
            return imported.lose(format!("an override at {} names nobody and was left out", change.start));
        }
    };
    let (from, to) = (change.start, change.end);
    imported.schedule.overrides.push(Override { from, to, kind, person, instead_of });
}

fn hours(rule: &GaRule) -> Hours {
    let sunday_first = |day: &Weekday| rule.weekday_filter[(day.index() + 1) % 7];
    Hours {
        days: Some(Weekday::ALL.into_iter().filter(sunday_first).collect()),
        from: rule.start,
        to: rule.end,
        to_day: None,
    }
}

fn one() -> u32 {
    1
}
