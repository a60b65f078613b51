//! GoAlert schedules, from its GraphQL answers: `{schedule, rotations, userOverrides}`, `data` around or not.

use serde::Deserialize;

use crate::civil::{TimeOfDay, Weekday};
use crate::import::{Imported, Named};
use crate::moment::Moment;
use crate::oncall::{
    Board, Every, Layer, Mode, Override, OverrideKind, Rotation, Schedule, Slot, Temporary, TemporaryShift,
    Wall,
};
use crate::problem::{Problem, from_json};
use crate::week::Hours;
use crate::zone::Zone;

#[derive(Deserialize)]
struct Wrapped {
    data: Export,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Export {
    schedule: GaSchedule,
    #[serde(default)]
    rotations: Vec<GaRotation>,
    #[serde(default)]
    user_overrides: Vec<GaOverride>,
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
    #[serde(default)]
    remove_user: Option<Named>,
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
    start: Moment,
    end: Moment,
}

/// Reads an export made at that moment: GoAlert keeps whose turn it is as a position, so the moment decides
/// how the turns before and after are counted. All targets are on call together; temporary schedules come
/// before everything else.
pub fn schedule(text: &str, exported_at: Moment) -> Result<Imported, Problem> {
    let is_wrapped = from_json::<Wrapped>(text);
    let export = match is_wrapped {
        Ok(wrapped) => wrapped.data,
        Err(problem) if problem.field.starts_with("data") => return Err(problem),
        Err(_) => from_json(text)?,
    };
    let source = &export.schedule;
    let mut imported = Imported {
        schedule: Schedule {
            name: source.name.clone(),
            zone: source.time_zone.clone(),
            ..Schedule::default()
        },
        ..Imported::default()
    };
    for target in &source.targets {
        if let Some(layer) = ready(target, &export, exported_at, &mut imported) {
            imported.schedule.layers.push(layer);
        }
    }
    for change in &export.user_overrides {
        overridden(change, &mut imported);
    }
    for temporary in &source.temporary_schedules {
        let shift = |shift: &GaShift| TemporaryShift {
            person: shift.user_id.clone(),
            from: shift.start,
            to: shift.end,
        };
        let shifts = temporary.shifts.iter().map(shift).collect();
        let name = "temporary schedule".to_owned();
        imported.schedule.temporary.push(Temporary {
            name,
            from: temporary.start,
            to: temporary.end,
            shifts,
        });
    }
    Ok(imported)
}

fn ready(target: &GaTarget, export: &Export, at: Moment, imported: &mut Imported) -> Option<Layer> {
    let name = target.target.name.clone().unwrap_or_else(|| target.target.id.clone());
    let restrictions = Some(target.rules.iter().map(hours).collect());
    let plain = Layer { name, mode: Mode::Add, restrictions, ..Layer::default() };
    if target.target.kind == "user" {
        let named = Named {
            id: Some(target.target.id.clone()),
            name: target.target.name.clone(),
            ..Named::default()
        };
        let person = imported.person(&named)?;
        return Some(Layer { participants: vec![Slot(vec![person])], ..plain });
    }
    let rotation = export.rotations.iter().find(|rotation| rotation.id == target.target.id);
    let Some(rotation) = rotation.filter(|_| target.target.kind == "rotation") else {
        let GaNamed { id, kind, .. } = &target.target;
        imported.lost.push(format!("target {id} of type {kind} has no rotation in the export; left out"));
        return None;
    };
    turning(rotation, plain, export, at, imported)
}

fn turning(
    source: &GaRotation,
    plain: Layer,
    export: &Export,
    at: Moment,
    imported: &mut Imported,
) -> Option<Layer> {
    let every = match source.kind.as_str() {
        "hourly" => Every::Hour,
        "daily" => Every::Day,
        "weekly" => Every::Week,
        "monthly" => Every::Month,
        kind => {
            imported.lost.push(format!("rotation {}: type {kind} is not known; left out", source.name));
            return None;
        }
    };
    let start = source.time_zone.datetime(source.start);
    if every == Every::Month && start.day() > 28 {
        imported.lost.push(format!(
            "rotation {}: on the {}th of shorter months GoAlert hands over days later; here it is the last day",
            source.name,
            start.day()
        ));
    }
    let mut participants = Vec::new();
    if source.user_ids.is_empty() {
        participants
            .extend(source.users.iter().map(|user| Slot(imported.person(user).into_iter().collect())));
    } else {
        source.users.iter().for_each(|user| drop(imported.person(user)));
        participants.extend(source.user_ids.iter().map(|id| Slot(vec![id.clone()])));
    }
    let rotation = Rotation {
        every,
        length: source.shift_length.max(1),
        start: Wall::from(start),
        on_for_minutes: None,
        first: 0,
    };
    let mut layer = Layer {
        participants,
        rotation: Some(rotation),
        zone: Some(source.time_zone.clone()),
        restrictions_zone: Some(export.schedule.time_zone.clone()),
        ..plain
    };
    // GoAlert's position belongs to the turn that runs at the export.
    let alone = Schedule { layers: vec![layer.clone()], ..Schedule::default() };
    let turn =
        Board::new(&alone).ok().and_then(|board| board.layers[0].turn_at(at)).map_or(0, |(turn, _)| turn);
    let count = i64::try_from(layer.participants.len().max(1)).unwrap_or(1);
    let first = (source.active_user_index - turn).rem_euclid(count);
    if let Some(rotation) = &mut layer.rotation {
        rotation.first = u32::try_from(first).unwrap_or(0);
    }
    Some(layer)
}

fn overridden(change: &GaOverride, imported: &mut Imported) {
    let add = change.add_user.as_ref().and_then(|user| imported.person(user));
    let remove = change.remove_user.as_ref().and_then(|user| imported.person(user));
    let (kind, person, instead_of) = match (add, remove) {
        (Some(add), Some(remove)) => (OverrideKind::Replace, Some(add), Some(remove)),
        (Some(add), None) => (OverrideKind::Add, Some(add), None),
        (None, Some(remove)) => (OverrideKind::Remove, Some(remove), None),
        (None, None) => {
            imported.lost.push(format!("an override at {} names nobody and was left out", change.start));
            return;
        }
    };
    imported.schedule.overrides.push(Override {
        from: change.start,
        to: change.end,
        kind,
        person,
        instead_of,
    });
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
