//! The final schedule of a range: stretches, shifts per person, gaps, the next change, and what differs.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::moment::{DAY_MS, Moment, Span};
use crate::oncall::board::{Board, ReadyOverride, ReadyTemporary};
use crate::oncall::layer::{PersonId, Piece};
use crate::oncall::schedule::{Mode, OverrideKind};
use crate::spans::Spans;

/// The longest range that is laid out at once; a longer one is cut there.
pub const LONGEST_RANGE_MS: i64 = 50 * 366 * DAY_MS;

/// A stretch during which the same people are on call; nobody when the list is empty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Stretch<'a> {
    /// From one change to the next.
    #[serde(flatten)]
    pub span: Span,
    /// In the order of the layers.
    pub people: Vec<&'a str>,
}

/// The time one person is on call without interruption, cut to the range that was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Shift<'a> {
    /// The name.
    pub person: &'a str,
    /// From start to end.
    #[serde(flatten)]
    pub span: Span,
}

/// A moment at which other people are on call than before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change<'a> {
    /// The first moment with the new people.
    pub at: Moment,
    /// Who was on call.
    pub before: Vec<&'a str>,
    /// Who is then.
    pub after: Vec<&'a str>,
}

impl Board {
    /// Who is on call through a range, without holes and without neighbours that are alike. The range is cut
    /// to [`LONGEST_RANGE_MS`]; an empty or reversed one gives nothing.
    pub fn stretches(&self, range: Span) -> Vec<Stretch<'_>> {
        let name = |people: &Vec<PersonId>| people.iter().map(|person| self.name(*person)).collect();
        self.sweep(range).iter().map(|(span, people)| Stretch { span: *span, people: name(people) }).collect()
    }

    /// Each person's shifts in a range, in order of their start, then of the person's place in the schedule.
    /// A person whose turns follow each other directly has one long shift; a shift over a change of the clocks
    /// is an hour shorter or longer. None for an empty or reversed range.
    pub fn shifts(&self, range: Span) -> Vec<Shift<'_>> {
        let mut shifts: Vec<(Span, PersonId)> = Vec::new();
        for (person, time) in self.time_by_person(range) {
            shifts.extend(time.iter().map(|span| (span, person)));
        }
        shifts.sort_unstable_by_key(|(span, person)| (span.start, *person));
        shifts.into_iter().map(|(span, person)| Shift { person: self.name(person), span }).collect()
    }

    /// When each person is on call in a range; people who never are do not appear, nobody does for an empty or
    /// reversed range.
    pub fn time_of_people(&self, range: Span) -> BTreeMap<&str, Spans> {
        self.time_by_person(range).into_iter().map(|(person, time)| (self.name(person), time)).collect()
    }

    /// When nobody is on call in a range (to find gaps ahead: the next 90 days): all of it for a schedule
    /// without people, nothing for an empty or reversed range.
    pub fn gaps(&self, range: Span) -> Spans {
        self.sweep(range).into_iter().filter(|(_, people)| people.is_empty()).map(|(span, _)| span).collect()
    }

    /// The first moment after `at` at which other people are on call, looked for over `within_ms`
    /// milliseconds (at most [`LONGEST_RANGE_MS`]). `None` when nothing changes, and for 0 or less.
    pub fn next_change(&self, at: Moment, within_ms: i64) -> Option<Change<'_>> {
        // Most schedules change within days, so look near first.
        let far = within_ms.clamp(0, LONGEST_RANGE_MS);
        for reach in [(8 * DAY_MS).min(far), far] {
            let stretches = self.stretches(Span::new(at, at.plus_ms(reach)));
            let mut next = stretches.into_iter();
            if let (Some(now), Some(then)) = (next.next(), next.next()) {
                return Some(Change { at: then.span.start, before: now.people, after: then.people });
            }
        }
        None
    }

    fn time_by_person(&self, range: Span) -> BTreeMap<PersonId, Spans> {
        let mut time: BTreeMap<PersonId, Spans> = BTreeMap::new();
        for (span, people) in self.sweep(range) {
            for person in people {
                time.entry(person).or_default().push_in_order(span);
            }
        }
        time
    }

    /// Stretches by number of people: every boundary of every part, then one pass over them.
    fn sweep(&self, range: Span) -> Vec<(Span, Vec<PersonId>)> {
        let last = Moment::from_ms(221_845_392_000_000); // the year 9000, where the arithmetic of months is still exact
        let end = range.end.min(range.start.plus_ms(LONGEST_RANGE_MS)).min(last);
        let range = Span::new(range.start, end);
        if range.is_empty() {
            return Vec::new();
        }
        let mut lanes: Vec<Lane<'_>> =
            self.layers.iter().map(|layer| Lane::new(layer.pieces(range))).collect();
        let mut stretches: Vec<(Span, Vec<PersonId>)> = Vec::new();
        let edges = self.edges(range, &lanes);
        let mut people = Vec::new();
        for pair in edges.windows(2) {
            let span = Span::new(pair[0], pair[1]);
            self.people_in(span.start, &mut lanes, &mut people);
            match stretches.last_mut() {
                Some((last, same)) if *same == people => last.end = span.end,
                _ => stretches.push((span, people.clone())),
            }
        }
        stretches
    }

    fn edges(&self, range: Span, lanes: &[Lane<'_>]) -> Vec<Moment> {
        let mut edges = vec![range.start, range.end];
        let mut add = |span: Span| {
            edges.extend([span.start, span.end].into_iter().filter(|edge| range.contains(*edge)));
        };
        lanes.iter().flat_map(|lane| &lane.pieces).for_each(|piece| add(piece.span));
        self.layers.iter().for_each(|layer| add(layer.valid));
        self.overrides.iter().for_each(|change| add(change.span));
        for temporary in &self.temporary {
            add(temporary.span);
            temporary.shifts.iter().for_each(|(span, _)| add(*span));
        }
        edges.sort_unstable();
        edges.dedup();
        edges
    }

    fn people_in(&self, at: Moment, lanes: &mut [Lane<'_>], people: &mut Vec<PersonId>) {
        people.clear();
        for lane in lanes.iter_mut() {
            lane.advance(at);
        }
        if let Some((_, temporary)) = self.temporary_at(at) {
            return temporary_people(temporary, at, people);
        }
        let mut first = 0;
        for rank in self.ranks() {
            let own = &lanes[first..first + rank.len()];
            first += rank.len();
            let is_staffed = own.iter().any(|lane| lane.current.is_some());
            match rank[0].mode {
                Mode::Replace | Mode::Beside if is_staffed => people.clear(),
                Mode::Only if rank.iter().any(|layer| layer.valid.contains(at)) => people.clear(),
                _ => {}
            }
            own.iter().filter_map(|lane| lane.current).flatten().for_each(|person| put(people, *person));
        }
        self.overrides
            .iter()
            .filter(|change| change.span.contains(at))
            .for_each(|change| apply(change, people));
    }
}

/// The pieces of one layer with a finger on the present one.
struct Lane<'a> {
    pieces: Vec<Piece<'a>>,
    next: usize,
    current: Option<&'a [PersonId]>,
}

impl<'a> Lane<'a> {
    fn new(pieces: Vec<Piece<'a>>) -> Self {
        Self { pieces, next: 0, current: None }
    }

    fn advance(&mut self, at: Moment) {
        while self.pieces.get(self.next).is_some_and(|piece| piece.span.end <= at) {
            self.next += 1;
        }
        let piece = self.pieces.get(self.next).filter(|piece| piece.span.start <= at);
        self.current = piece.map(|piece| piece.people);
    }
}

fn temporary_people(temporary: &ReadyTemporary, at: Moment, people: &mut Vec<PersonId>) {
    let shifts = temporary.shifts.iter().filter(|(span, _)| span.contains(at));
    shifts.for_each(|(_, person)| put(people, *person));
}

fn apply(change: &ReadyOverride, people: &mut Vec<PersonId>) {
    match (change.kind, change.person) {
        (OverrideKind::Add, Some(person)) => put(people, person),
        (OverrideKind::Remove, Some(person)) => people.retain(|other| *other != person),
        (OverrideKind::Remove, None) => people.clear(),
        (OverrideKind::Replace, Some(person)) => {
            let before = people.len();
            people.retain(|other| change.instead_of.is_some_and(|whom| *other != whom));
            if change.instead_of.is_none() || people.len() < before {
                put(people, person);
            }
        }
        (_, None) => {}
    }
}

fn put(people: &mut Vec<PersonId>, person: PersonId) {
    if !people.contains(&person) {
        people.push(person);
    }
}

/// What one person gains and loses between two versions of a schedule (another zone database, an edited
/// layer). Only people with a difference appear.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The name.
    pub person: String,
    /// On call only by the later version.
    pub gains: Spans,
    /// On call only by the earlier one.
    pub loses: Spans,
}

/// Who is on call when, by `after` and no longer by `before` or the other way round, in a range. Nobody for
/// an empty or reversed one.
pub fn differences(before: &Board, after: &Board, range: Span) -> Vec<Difference> {
    let (old, new) = (before.time_of_people(range), after.time_of_people(range));
    let mut names: Vec<&str> = old.keys().chain(new.keys()).copied().collect();
    names.sort_unstable();
    names.dedup();
    let none = Spans::none();
    let difference = |name: &str| {
        let (was, is) = (old.get(name).unwrap_or(&none), new.get(name).unwrap_or(&none));
        Difference { person: name.to_owned(), gains: is.difference(was), loses: was.difference(is) }
    };
    let all = names.into_iter().map(difference);
    all.filter(|found| !found.gains.is_empty() || !found.loses.is_empty()).collect()
}
