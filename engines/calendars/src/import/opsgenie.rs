//! Opsgenie schedules: `GET /v2/schedules?expand=rotation` or `/v2/schedules/{id}`, with their `overrides`.

use serde::Deserialize;

use crate::civil::{TimeOfDay, Weekday};
use crate::import::shape::OneOrMore;
use crate::import::{Imported, Named, is_ever};
use crate::moment::Moment;
use crate::oncall::{Layer, Mode, Override, OverrideKind, Rotation, Slot, Wall};
use crate::problem::{Problem, from_json};
use crate::week::Hours;
use crate::zone::Zone;

#[derive(Deserialize)]
struct Export {
    data: OneOrMore<OgSchedule>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OgSchedule {
    name: String,
    timezone: Zone,
    #[serde(default = "yes")]
    enabled: bool,
    #[serde(default)]
    rotations: Vec<OgRotation>,
    #[serde(default)]
    overrides: Vec<OgOverride>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OgRotation {
    #[serde(default)]
    id: String,
    #[serde(default)]
    name: String,
    start_date: Moment,
    #[serde(default)]
    end_date: Option<Moment>,
    #[serde(rename = "type")]
    kind: String,
    #[serde(default = "one")]
    length: u32,
    #[serde(default)]
    participants: Vec<OgParticipant>,
    #[serde(default)]
    time_restriction: Option<OgRestriction>,
    #[serde(default = "yes")]
    enabled: bool,
}

#[derive(Deserialize)]
struct OgParticipant {
    #[serde(rename = "type")]
    kind: String,
    #[serde(flatten)]
    named: Named,
}

#[derive(Deserialize)]
struct OgRestriction {
    #[serde(default)]
    restriction: Option<OgHours>,
    #[serde(default)]
    restrictions: Vec<OgHours>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OgHours {
    #[serde(default)]
    start_day: Option<Weekday>,
    #[serde(default)]
    end_day: Option<Weekday>,
    start_hour: u32,
    #[serde(default)]
    start_min: u32,
    end_hour: u32,
    #[serde(default)]
    end_min: u32,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OgOverride {
    user: OgParticipant,
    start_date: Moment,
    end_date: Moment,
    #[serde(default)]
    rotations: Vec<Named>,
}

/// Reads an answer: `data` is one schedule or a list, each with the `data` of `/v2/schedules/{id}/overrides`
/// put into it as `overrides`. Rotations are on call together, as Opsgenie has it. An override of some
/// rotations only becomes a hole in those layers with a layer of its own.
///
/// Daily and weekly turns hand over on the wall clock, hourly ones after exact hours. `Err` when the JSON is
/// not such an answer; it names the field.
pub fn schedules(text: &str) -> Result<Vec<Imported>, Problem> {
    let export: Export = from_json(text)?;
    Ok(export.data.0.iter().map(imported).collect())
}

fn imported(source: &OgSchedule) -> Imported {
    let mut imported = Imported::new(&source.name, &source.timezone);
    if !source.enabled {
        imported.lose("the schedule is disabled in Opsgenie; it was taken over as if enabled".to_owned());
    }
    // Beside each layer the id of its rotation: overrides name rotations.
    let mut layers: Vec<(&str, Layer)> = Vec::new();
    for rotation in &source.rotations {
        if !rotation.enabled {
            imported.lose(format!("rotation {} is disabled and was left out", rotation.name));
        } else if let Some(layer) = ready(rotation, &source.timezone, &mut imported) {
            layers.push((&rotation.id, layer));
        }
    }
    for change in &source.overrides {
        overridden(change, &mut layers, &mut imported);
    }
    imported.schedule.layers = layers.into_iter().map(|(_, layer)| layer).filter(is_ever).collect();
    imported
}

fn overridden(change: &OgOverride, layers: &mut Vec<(&str, Layer)>, imported: &mut Imported) {
    let (from, to) = (change.start_date, change.end_date);
    let person = participant(&change.user, imported).0.pop().filter(|_| from < to);
    let Some(person) = person else {
        return imported.lose(format!("an override at {from} without a user or an end was left out"));
    };
    let named: Vec<&str> = change.rotations.iter().filter_map(|rotation| rotation.id.as_deref()).collect();
    if named.is_empty() {
        let (kind, person) = (OverrideKind::Replace, Some(person));
        return imported.schedule.overrides.push(Override { from, to, kind, person, instead_of: None });
    }
    let whole = std::mem::take(layers);
    layers.extend(whole.into_iter().flat_map(|(id, layer)| pierced(id, layer, &named, from, to)));
    let alone = Layer { name: "override".to_owned(), mode: Mode::Add, ..Layer::default() };
    let participants = vec![Slot(vec![person])];
    layers.push(("", Layer { participants, from: Some(from), until: Some(to), ..alone }));
}

/// The layer before and after the hole, when it is one of those named.
fn pierced<'a>(id: &'a str, layer: Layer, named: &[&str], from: Moment, to: Moment) -> Vec<(&'a str, Layer)> {
    if !named.contains(&id) {
        return vec![(id, layer)];
    }
    let before = Layer { until: Some(layer.until.map_or(from, |until| until.min(from))), ..layer.clone() };
    let after = Layer { from: Some(layer.from.map_or(to, |start| start.max(to))), ..layer };
    vec![(id, before), (id, after)]
}

fn ready(source: &OgRotation, zone: &Zone, imported: &mut Imported) -> Option<Layer> {
    let every = imported.unit(&source.kind, &format!("rotation {}", source.name))?;
    let participants = source.participants.iter().map(|one| participant(one, imported)).collect();
    let start = Wall::from(zone.datetime(source.start_date));
    let restrictions = source.time_restriction.as_ref().map(|restriction| {
        restriction.restriction.iter().chain(&restriction.restrictions).map(hours).collect()
    });
    Some(Layer {
        name: source.name.clone(),
        mode: Mode::Add,
        participants,
        rotation: Some(Rotation {
            every,
            length: source.length.max(1),
            start,
            on_for_minutes: None,
            first: 0,
        }),
        restrictions,
        until: source.end_date,
        ..Layer::default()
    })
}

fn participant(source: &OgParticipant, imported: &mut Imported) -> Slot {
    match (source.kind.as_str(), imported.person(&source.named)) {
        ("none" | "noone", _) | (_, None) => Slot::default(),
        ("user", Some(person)) => Slot(vec![person]),
        (kind, Some(id)) => {
            let name = format!("{kind}:{id}");
            imported.lose(format!("participant {name} is no person; it was taken over under that name"));
            let label = imported.people.remove(&id).unwrap_or_default();
            imported.people.insert(name.clone(), label);
            Slot(vec![name])
        }
    }
}

fn hours(source: &OgHours) -> Hours {
    let time = |hour: u32, minute: u32| TimeOfDay::from_seconds((hour.min(24) * 60 + minute.min(59)) * 60);
    let (from, to) = (time(source.start_hour % 24, source.start_min), time(source.end_hour, source.end_min));
    let is_next_day = source.end_day.is_some_and(|end| Some(end) != source.start_day)
        || (source.end_day.is_some() && to <= from);
    // 24:00 on a day that is named is 00:00 of the day after it.
    let (to, to_day) = match source.end_day.filter(|_| is_next_day) {
        Some(day) if to == TimeOfDay::END_OF_DAY => {
            (TimeOfDay::MIDNIGHT, Some(Weekday::ALL[(day.index() + 1) % 7]))
        }
        day => (to, day),
    };
    Hours { days: source.start_day.map(|day| vec![day]), from, to, to_day }
}

fn yes() -> bool {
    true
}

fn one() -> u32 {
    1
}
