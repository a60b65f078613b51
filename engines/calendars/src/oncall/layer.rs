//! One layer made ready: whose turn it is at a moment, and all turns of a range.

use std::collections::HashMap;

use crate::calendar::Calendar;
use crate::moment::{Moment, Span};
use crate::oncall::schedule::{Layer, Mode, Slot};
use crate::oncall::turns::Turns;
use crate::openings::Openings;
use crate::problem::Problem;
use crate::week::Week;
use crate::zone::Zone;

/// A person's number in the board's list of names.
pub(crate) type PersonId = u32;

#[derive(Clone, Debug)]
pub(crate) struct ReadyLayer {
    pub name: String,
    pub mode: Mode,
    pub valid: Span,
    pub zone: Zone,
    pub turns: Option<Turns>,
    /// `None` when there are no restrictions.
    hours: Option<Calendar>,
    /// Lists of participants, each from a moment on; ascending, the first from the beginning of time.
    rosters: Vec<Roster>,
}

#[derive(Clone, Debug)]
struct Roster {
    since: Moment,
    first: i64,
    slots: Vec<Vec<PersonId>>,
}

/// A stretch of a layer with one set of people.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Piece<'a> {
    pub span: Span,
    pub people: &'a [PersonId],
}

impl ReadyLayer {
    pub(crate) fn new(
        layer: &Layer,
        zone: &Zone,
        names: &mut HashMap<String, PersonId>,
    ) -> Result<Self, Problem> {
        let zone = layer.zone.as_ref().unwrap_or(zone).clone();
        let turns = layer.rotation.as_ref().map(|rotation| Turns::new(rotation, &zone)).transpose()?;
        let hours = match &layer.restrictions {
            Some(hours) => {
                let zone = layer.restrictions_zone.as_ref().unwrap_or(&zone);
                Some(Calendar::of_week(zone.clone(), Week::new(hours, "restrictions")?))
            }
            None => None,
        };
        let valid = Span::new(layer.from.unwrap_or(Moment::MIN), layer.until.unwrap_or(Moment::MAX));
        if valid.end < valid.start {
            return Err(Problem::new("until", "a layer ends after its from"));
        }
        let first = layer.rotation.as_ref().map_or(0, |rotation| i64::from(rotation.first));
        let is_turning = turns.is_some();
        let slots = intern(&layer.participants, is_turning, names, "participants")?;
        let mut ready = Self {
            name: layer.name.clone(),
            mode: layer.mode,
            valid,
            zone,
            turns,
            hours,
            rosters: vec![Roster { since: Moment::MIN, first, slots }],
        };
        for (index, change) in layer.changes.iter().enumerate() {
            let slots =
                intern(&change.participants, is_turning, names, &format!("changes[{index}].participants"))?;
            if ready.rosters.last().is_some_and(|last| change.at <= last.since) {
                let message = "changes stand in the order of time, no two at the same moment";
                return Err(Problem::new(format!("changes[{index}].at"), message));
            }
            let roster = ready.roster_after(change.at, slots);
            ready.rosters.push(roster);
        }
        Ok(ready)
    }

    /// Whoever is on call by this layer alone; empty when nobody is.
    pub(crate) fn people_at(&self, at: Moment) -> &[PersonId] {
        if !self.valid.contains(at) || self.hours.as_ref().is_some_and(|hours| !hours.is_open(at)) {
            return &[];
        }
        let roster = &self.rosters[self.rosters.partition_point(|roster| roster.since <= at) - 1];
        match &self.turns {
            None => roster.together(),
            Some(turns) => match turns.number_at(&self.zone, at) {
                Some(turn) if turns.span(&self.zone, turn).contains(at) => roster.slot(turn),
                _ => &[],
            },
        }
    }

    /// The turn that runs at that moment: its number and its whole length, restrictions left aside.
    pub(crate) fn turn_at(&self, at: Moment) -> Option<(i64, Span)> {
        let turns = self.turns.as_ref()?;
        let number = turns.number_at(&self.zone, at)?;
        Some((
            number,
            Span::new(turns.hand_over(&self.zone, number), turns.hand_over(&self.zone, number + 1)),
        ))
    }

    /// The people of that turn as of the participants at that moment.
    pub(crate) fn people_of_turn(&self, number: i64, at: Moment) -> &[PersonId] {
        let roster = &self.rosters[self.rosters.partition_point(|roster| roster.since <= at) - 1];
        if self.turns.is_some() { roster.slot(number) } else { roster.together() }
    }

    /// Every stretch of the range with somebody on call by this layer alone, ascending.
    pub(crate) fn pieces(&self, range: Span) -> Vec<Piece<'_>> {
        let range = range.intersection(self.valid);
        let mut pieces = Vec::new();
        if range.is_empty() {
            return pieces;
        }
        let mut open = self.hours.as_ref().map(|hours| Openings::new(hours, range.start).peekable());
        for (index, roster) in self.rosters.iter().enumerate() {
            let until = self.rosters.get(index + 1).map_or(Moment::MAX, |next| next.since);
            let range = range.intersection(Span::new(roster.since, until));
            self.turns_in(range, roster, |piece| restrict(piece, &mut open, &mut pieces));
        }
        pieces
    }

    fn turns_in<'a>(&self, range: Span, roster: &'a Roster, mut found: impl FnMut(Piece<'a>)) {
        if range.is_empty() {
            return;
        }
        let Some(turns) = &self.turns else {
            return found(Piece { span: range, people: roster.together() });
        };
        let mut number = turns.number_at(&self.zone, range.start).unwrap_or(0);
        let mut start = turns.hand_over(&self.zone, number);
        while start < range.end {
            let next = turns.hand_over(&self.zone, number + 1);
            let end = turns.end(&self.zone, number, start).min(next);
            found(Piece { span: Span::new(start, end).intersection(range), people: roster.slot(number) });
            if next == Moment::MAX {
                break;
            }
            (number, start) = (number + 1, next);
        }
    }

    /// The participants from that moment on, turned so that the present turn stays with its people.
    fn roster_after(&self, at: Moment, slots: Vec<Vec<PersonId>>) -> Roster {
        let old = self.rosters.last().expect("a layer has a first roster");
        let turn = self.turns.as_ref().and_then(|turns| turns.number_at(&self.zone, at)).unwrap_or(0);
        if slots.is_empty() || old.slots.is_empty() {
            return Roster { since: at, first: -turn, slots };
        }
        let count = old.slots.len();
        let present = old.position(turn);
        // The present one, or else the next of the old order that is still there, nearest to its old place.
        let keeper = (0..count).map(|step| (present + step) % count).find_map(|place| {
            let same = slots.iter().enumerate().filter(|(_, slot)| **slot == old.slots[place]);
            same.map(|(index, _)| index).min_by_key(|index| (index.abs_diff(place), *index))
        });
        let first = i64::try_from(keeper.unwrap_or(0)).expect("a list fits in memory") - turn;
        Roster { since: at, first, slots }
    }
}

/// Cuts a piece to the open spans and keeps what is left. Pieces come in ascending order.
fn restrict<'a, I: Iterator<Item = Span>>(
    piece: Piece<'a>,
    open: &mut Option<std::iter::Peekable<I>>,
    pieces: &mut Vec<Piece<'a>>,
) {
    if piece.span.is_empty() || piece.people.is_empty() {
        return;
    }
    let Some(open) = open else { return pieces.push(piece) };
    while let Some(span) = open.peek().copied() {
        if span.start >= piece.span.end {
            return;
        }
        let both = span.intersection(piece.span);
        if !both.is_empty() {
            pieces.push(Piece { span: both, people: piece.people });
        }
        if span.end > piece.span.end {
            return;
        }
        open.next();
    }
}

impl Roster {
    fn position(&self, turn: i64) -> usize {
        let count = i64::try_from(self.slots.len()).expect("a list fits in memory");
        usize::try_from((turn + self.first).rem_euclid(count)).expect("a remainder is not negative")
    }

    fn slot(&self, turn: i64) -> &[PersonId] {
        if self.slots.is_empty() { &[] } else { &self.slots[self.position(turn)] }
    }

    /// Everybody at once: a layer without rotation keeps them in one slot.
    fn together(&self) -> &[PersonId] {
        self.slots.first().map_or(&[], Vec::as_slice)
    }
}

/// The slots by number; without turns all people in one slot, each once.
fn intern(
    slots: &[Slot],
    is_turning: bool,
    names: &mut HashMap<String, PersonId>,
    field: &str,
) -> Result<Vec<Vec<PersonId>>, Problem> {
    let mut numbers = Vec::with_capacity(slots.len());
    for (index, slot) in slots.iter().enumerate() {
        let mut people: Vec<PersonId> = Vec::with_capacity(slot.0.len());
        for name in &slot.0 {
            let number = number_of(name, names)
                .map_err(|message| Problem::new(format!("{field}[{index}]"), message))?;
            if !people.contains(&number) {
                people.push(number);
            }
        }
        numbers.push(people);
    }
    if !is_turning {
        let mut together: Vec<PersonId> = Vec::new();
        for person in numbers.into_iter().flatten() {
            if !together.contains(&person) {
                together.push(person);
            }
        }
        numbers = vec![together];
    }
    Ok(numbers)
}

/// The number of that name, a new one when it is new.
pub(crate) fn number_of(name: &str, names: &mut HashMap<String, PersonId>) -> Result<PersonId, String> {
    if name.trim().is_empty() {
        return Err("a person needs a name; write [] for nobody".to_owned());
    }
    if let Some(number) = names.get(name) {
        return Ok(*number);
    }
    let number = PersonId::try_from(names.len()).map_err(|_| "too many people".to_owned())?;
    names.insert(name.to_owned(), number);
    Ok(number)
}
