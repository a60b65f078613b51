//! A schedule ready for questions: who is on call at a moment, and for which reasons.

use std::collections::HashMap;

use serde::{Serialize, Serializer};

use crate::moment::{Moment, Span};
use crate::oncall::layer::{PersonId, ReadyLayer, number_of};
use crate::oncall::schedule::{Mode, OverrideKind, Schedule};
use crate::problem::Problem;

/// A checked schedule, laid out for quick answers. It keeps the schedule it was made from.
#[derive(Clone, Debug)]
pub struct Board {
    schedule: Schedule,
    pub(crate) layers: Vec<ReadyLayer>,
    pub(crate) overrides: Vec<ReadyOverride>,
    pub(crate) temporary: Vec<ReadyTemporary>,
    pub(crate) people: Vec<String>,
}

#[derive(Clone, Debug)]
pub(crate) struct ReadyOverride {
    pub span: Span,
    pub kind: OverrideKind,
    pub person: Option<PersonId>,
    pub instead_of: Option<PersonId>,
}

#[derive(Clone, Debug)]
pub(crate) struct ReadyTemporary {
    pub span: Span,
    pub shifts: Vec<(Span, PersonId)>,
}

/// Somebody on call, with every reason that puts them there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Duty<'a> {
    /// The name.
    pub person: &'a str,
    /// At least one.
    pub because: Vec<Because<'a>>,
}

/// One reason. In JSON it is its sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "their names say it")]
pub enum Because<'a> {
    /// The person's turn of that layer. `turn` counts from 0, `until` is the next hand-over.
    Turn { layer: &'a str, turn: i64, since: Moment, until: Moment },
    /// Always on call by that layer, inside its hours.
    Standing { layer: &'a str },
    /// Added by the override at that place of the list, until then.
    Added { number: usize, until: Moment },
    /// In the place of somebody (of everybody when `None`) by the override at that place of the list.
    Replaces { number: usize, whom: Option<&'a str>, until: Moment },
    /// A shift of the temporary schedule of that name.
    Temporary { name: &'a str, until: Moment },
}

impl std::fmt::Display for Because<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Turn { layer, turn, since, until } => {
                write!(f, "turn {} of layer \"{layer}\", {since} to {until}", turn + 1)
            }
            Self::Standing { layer } => write!(f, "always in layer \"{layer}\""),
            Self::Added { number, until } => write!(f, "added by override {} until {until}", number + 1),
            Self::Replaces { number, whom: Some(whom), until } => {
                write!(f, "instead of {whom} by override {} until {until}", number + 1)
            }
            Self::Replaces { number, whom: None, until } => {
                write!(f, "instead of everybody by override {} until {until}", number + 1)
            }
            Self::Temporary { name, until } => write!(f, "temporary schedule \"{name}\" until {until}"),
        }
    }
}

impl Serialize for Because<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Board {
    /// Checks the schedule; the [`Problem`] names the field. Layers, participants and overrides may be empty:
    /// then nobody is on call.
    pub fn new(schedule: &Schedule) -> Result<Self, Problem> {
        let mut names = HashMap::new();
        let mut layers: Vec<ReadyLayer> = Vec::new();
        for (index, layer) in schedule.layers.iter().enumerate() {
            let place = format!("layers[{index}]");
            if layer.mode == Mode::Beside && index == 0 {
                return Err(Problem::new("mode", "the lowest layer has none beside it").of(&place));
            }
            layers.push(
                ReadyLayer::new(layer, &schedule.zone, &mut names).map_err(|problem| problem.of(&place))?,
            );
        }
        let overrides = overrides(schedule, &mut names)?;
        let temporary = temporary(schedule, &mut names)?;
        let mut people: Vec<(String, PersonId)> = names.into_iter().collect();
        people.sort_unstable_by_key(|(_, number)| *number);
        let people = people.into_iter().map(|(name, _)| name).collect();
        Ok(Self { schedule: schedule.clone(), layers, overrides, temporary, people })
    }

    /// The schedule it was made from.
    pub fn schedule(&self) -> &Schedule {
        &self.schedule
    }

    /// Every name in the schedule, on call or not.
    pub fn people(&self) -> &[String] {
        &self.people
    }

    pub(crate) fn name(&self, person: PersonId) -> &str {
        &self.people[person as usize]
    }

    /// Who is on call at that moment, with reasons; empty when nobody is. The order is that of the layers and
    /// their participants. A hand-over moment belongs to whoever takes over; one in a gap of the clocks is the
    /// moment of the change, one in a fold happens the first time only.
    pub fn oncall(&self, at: Moment) -> Vec<Duty<'_>> {
        let mut duties = Vec::new();
        if let Some((index, temporary)) = self.temporary_at(at) {
            let name = &self.schedule.temporary[index].name;
            for (span, person) in temporary.shifts.iter().filter(|(span, _)| span.contains(at)) {
                self.put(
                    &mut duties,
                    *person,
                    Because::Temporary { name, until: span.end.min(temporary.span.end) },
                );
            }
            return duties;
        }
        self.by_layers(at, &mut duties);
        for (number, change) in
            self.overrides.iter().enumerate().filter(|(_, change)| change.span.contains(at))
        {
            self.apply(number, change, &mut duties);
        }
        duties
    }

    fn by_layers<'a>(&'a self, at: Moment, duties: &mut Vec<Duty<'a>>) {
        for rank in self.ranks() {
            let valid = || rank.iter().any(|layer| layer.valid.contains(at));
            let is_staffed = rank.iter().any(|layer| !layer.people_at(at).is_empty());
            match rank[0].mode {
                Mode::Replace | Mode::Beside if is_staffed => duties.clear(),
                Mode::Only if valid() => duties.clear(),
                _ => {}
            }
            for layer in rank {
                for person in layer.people_at(at) {
                    self.put(duties, *person, because(layer, at));
                }
            }
        }
    }

    /// Layers that count as one: each with those beside it.
    pub(crate) fn ranks(&self) -> impl Iterator<Item = &[ReadyLayer]> {
        self.layers.chunk_by(|_, next| next.mode == Mode::Beside)
    }

    /// The temporary schedule that decides at that moment.
    pub(crate) fn temporary_at(&self, at: Moment) -> Option<(usize, &ReadyTemporary)> {
        self.temporary.iter().enumerate().rev().find(|(_, temporary)| temporary.span.contains(at))
    }

    fn apply<'a>(&'a self, number: usize, change: &ReadyOverride, duties: &mut Vec<Duty<'a>>) {
        let until = change.span.end;
        match (change.kind, change.person) {
            (OverrideKind::Add, Some(person)) => self.put(duties, person, Because::Added { number, until }),
            (OverrideKind::Remove, Some(person)) => duties.retain(|duty| duty.person != self.name(person)),
            (OverrideKind::Remove, None) => duties.clear(),
            (OverrideKind::Replace, Some(person)) => {
                let whom = change.instead_of.map(|whom| self.name(whom));
                let before = duties.len();
                duties.retain(|duty| whom.is_some_and(|whom| duty.person != whom));
                if whom.is_none() || duties.len() < before {
                    self.put(duties, person, Because::Replaces { number, whom, until });
                }
            }
            (_, None) => {}
        }
    }

    fn put<'a>(&'a self, duties: &mut Vec<Duty<'a>>, person: PersonId, because: Because<'a>) {
        let person = self.name(person);
        match duties.iter_mut().find(|duty| duty.person == person) {
            Some(duty) => duty.because.push(because),
            None => duties.push(Duty { person, because: vec![because] }),
        }
    }
}

fn because(layer: &ReadyLayer, at: Moment) -> Because<'_> {
    match layer.turn_at(at) {
        Some((turn, span)) => Because::Turn { layer: &layer.name, turn, since: span.start, until: span.end },
        None => Because::Standing { layer: &layer.name },
    }
}

fn overrides(
    schedule: &Schedule,
    names: &mut HashMap<String, PersonId>,
) -> Result<Vec<ReadyOverride>, Problem> {
    let mut ready = Vec::with_capacity(schedule.overrides.len());
    for (index, change) in schedule.overrides.iter().enumerate() {
        let fault = |field: &str, message: &str| Problem::new(format!("overrides[{index}].{field}"), message);
        if change.to <= change.from {
            return Err(fault("to", "an override ends after it begins"));
        }
        if change.person.is_none() && change.kind != OverrideKind::Remove {
            return Err(fault("person", "missing: who is on call instead"));
        }
        if change.instead_of.is_some() && change.kind != OverrideKind::Replace {
            return Err(fault("instead_of", "only an override of kind replace has it"));
        }
        let mut number = |name: &Option<String>, field: &str| match name {
            Some(name) => number_of(name, names).map(Some).map_err(|message| fault(field, &message)),
            None => Ok(None),
        };
        let (person, instead_of) =
            (number(&change.person, "person")?, number(&change.instead_of, "instead_of")?);
        let span = Span::new(change.from, change.to);
        ready.push(ReadyOverride { span, kind: change.kind, person, instead_of });
    }
    Ok(ready)
}

fn temporary(
    schedule: &Schedule,
    names: &mut HashMap<String, PersonId>,
) -> Result<Vec<ReadyTemporary>, Problem> {
    let mut ready = Vec::with_capacity(schedule.temporary.len());
    for (index, temporary) in schedule.temporary.iter().enumerate() {
        let place = format!("temporary[{index}]");
        if temporary.to <= temporary.from {
            return Err(Problem::new("to", "a temporary schedule ends after it begins").of(&place));
        }
        let mut shifts = Vec::with_capacity(temporary.shifts.len());
        for (shift, given) in temporary.shifts.iter().enumerate() {
            let place = format!("{place}.shifts[{shift}]");
            if given.to <= given.from {
                return Err(Problem::new("to", "a shift ends after it begins").of(&place));
            }
            let person = number_of(&given.person, names)
                .map_err(|message| Problem::new("person", message).of(&place))?;
            shifts.push((Span::new(given.from, given.to), person));
        }
        ready.push(ReadyTemporary { span: Span::new(temporary.from, temporary.to), shifts });
    }
    Ok(ready)
}
