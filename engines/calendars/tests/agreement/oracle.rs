//! The second implementation: walks every minute with nothing but "what does the wall show now".

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::{TimeZone, TimeZoneDatabase};
use mainstay_calendars::calendar::BusinessHours;
use mainstay_calendars::civil::{TimeOfDay, Weekday};
use mainstay_calendars::moment::{MINUTE_MS, Moment, Span};
use mainstay_calendars::oncall::{Every, Layer, Mode, OverrideKind, Schedule, Slot};
use mainstay_calendars::sla::{Event, EventKind, Policy, Replan, Rules, TargetKind};
use mainstay_calendars::week::Hours;
use mainstay_calendars::zone::Zone;

pub struct Minute {
    pub at: Moment,
    /// The furthest the wall clock has got, in minutes since 1970-01-01 00:00 on the wall.
    pub wall: i64,
    pub offset: i64,
}

/// Every minute of a range in one zone.
pub struct Walk(Vec<Minute>);

pub fn time_zone(zone: &Zone) -> TimeZone {
    thread_local! {
        static KNOWN: (TimeZoneDatabase, std::cell::RefCell<BTreeMap<String, TimeZone>>) =
            (TimeZoneDatabase::bundled(), std::cell::RefCell::default());
    }
    KNOWN.with(|(database, known)| {
        let mut known = known.borrow_mut();
        known.entry(zone.name().to_owned()).or_insert_with(|| database.get(zone.name()).unwrap()).clone()
    })
}

impl Walk {
    pub fn new(zone: &Zone, range: Span) -> Self {
        let zone = time_zone(zone);
        let mut furthest = i64::MIN;
        let mut minutes = Vec::new();
        // Three hours of run-up: no fold since 1972 is longer.
        let mut ms = range.start.ms() - 180 * MINUTE_MS;
        while ms < range.end.ms() {
            let offset = i64::from(zone.to_offset(Timestamp::from_millisecond(ms).unwrap()).seconds());
            furthest = furthest.max((ms / 1000 + offset).div_euclid(60));
            if ms >= range.start.ms() {
                minutes.push(Minute { at: Moment::from_ms(ms), wall: furthest, offset });
            }
            ms += MINUTE_MS;
        }
        Self(minutes)
    }

    pub fn minutes(&self) -> impl Iterator<Item = &Minute> {
        self.0.iter()
    }

    pub fn at(&self, index: usize) -> Moment {
        self.0[index].at
    }
}

/// By how many minutes the wall jumps at each change of a range; negative when it goes back.
pub fn jumps(zone: &Zone, range: Span) -> Vec<i64> {
    let walk = Walk::new(zone, range);
    let changes = walk.0.windows(2).map(|pair| (pair[1].offset - pair[0].offset) / 60);
    changes.filter(|jump| *jump != 0).collect()
}

/// The furthest the wall has got at one moment.
fn wall_at(zone: &Zone, at: Moment) -> i64 {
    Walk::new(zone, Span::new(at, at.plus_ms(1))).0[0].wall
}

fn date_of(day: i64) -> Date {
    // The Unix epoch day by day would be slow; by seconds in UTC it is the same.
    TimeZone::UTC.to_datetime(Timestamp::from_second(day * 86_400).unwrap()).date()
}

fn minutes_of(time: TimeOfDay) -> i64 {
    i64::from(time.seconds() / 60)
}

fn weekday(day: i64) -> Weekday {
    // 1970-01-01 was a Thursday.
    Weekday::ALL[usize::try_from((day + 3).rem_euclid(7)).unwrap()]
}

/// Whether a weekly window that began on some day of the last week covers this wall minute.
fn in_window(hours: &Hours, wall: i64) -> bool {
    let today = wall.div_euclid(1440);
    (today - 7..=today).any(|day| {
        let runs = hours.days.as_ref().is_none_or(|days| days.contains(&weekday(day)));
        let start = day * 1440 + minutes_of(hours.from);
        let ends_on = |day: i64| hours.to_day.is_none_or(|to_day| to_day == weekday(day));
        let candidates =
            (day..=day + 7).filter(|day| ends_on(*day)).map(|day| day * 1440 + minutes_of(hours.to));
        let end = candidates.into_iter().find(|end| *end > start).unwrap();
        runs && start <= wall && wall < end
    })
}

pub fn is_open(parts: &BusinessHours, wall: i64) -> bool {
    let (day, minute) = (wall.div_euclid(1440), wall.rem_euclid(1440));
    let (today, yesterday) = (date_of(day), date_of(day - 1));
    let on = |date: Date| parts.exceptions.iter().find(|exception| exception.date == date);
    let tail = on(yesterday).is_some_and(|exception| {
        exception.hours.iter().any(|hours| hours.to <= hours.from && minute < minutes_of(hours.to))
    });
    if tail {
        return true;
    }
    if let Some(exception) = on(today) {
        return exception.hours.iter().any(|hours| {
            minute >= minutes_of(hours.from) && (hours.to <= hours.from || minute < minutes_of(hours.to))
        });
    }
    let closed = parts.holidays.iter().any(|holiday| {
        let last = holiday.last.unwrap_or(holiday.date);
        let is_day = if holiday.yearly {
            today >= holiday.date
                && today.month() == holiday.date.month()
                && today.day() == holiday.date.day()
        } else {
            holiday.date <= today && today <= last
        };
        let from = holiday.from.map_or(0, minutes_of);
        let to = holiday.to.map_or(1440, minutes_of);
        is_day && from <= minute && minute < to
    });
    !closed && parts.hours.iter().any(|hours| in_window(hours, wall))
}

/// Who is on call in each minute, in the order of names.
pub fn on_call(schedule: &Schedule, range: Span) -> Vec<(Moment, Vec<&str>)> {
    let layers: Vec<Vec<BTreeSet<&str>>> =
        schedule.layers.iter().map(|layer| layer_people(layer, &schedule.zone, range)).collect();
    let count = Walk::new(&Zone::utc(), range).0.len();
    (0..count)
        .map(|index| {
            let at = range.start.plus_ms(i64::try_from(index).unwrap() * MINUTE_MS);
            let own: Vec<&BTreeSet<&str>> = layers.iter().map(|layer| &layer[index]).collect();
            (at, final_people(schedule, &own, at).into_iter().collect())
        })
        .collect()
}

fn final_people<'a>(schedule: &'a Schedule, own: &[&BTreeSet<&'a str>], at: Moment) -> BTreeSet<&'a str> {
    let holds = |from: Moment, to: Moment| from <= at && at < to;
    if let Some(temporary) =
        schedule.temporary.iter().rev().find(|temporary| holds(temporary.from, temporary.to))
    {
        let shifts = temporary.shifts.iter().filter(|shift| holds(shift.from, shift.to));
        return shifts.map(|shift| shift.person.as_str()).collect();
    }
    let mut people = from_top(&schedule.layers, own, at);
    for change in schedule.overrides.iter().filter(|change| holds(change.from, change.to)) {
        let person = change.person.as_deref();
        match change.kind {
            OverrideKind::Add => drop(people.insert(person.unwrap())),
            OverrideKind::Remove => people.retain(|other| person.is_some_and(|person| *other != person)),
            OverrideKind::Replace => match change.instead_of.as_deref() {
                None => people = BTreeSet::from([person.unwrap()]),
                Some(whom) => {
                    if people.remove(whom) {
                        people.insert(person.unwrap());
                    }
                }
            },
        }
    }
    people
}

/// The topmost layer speaks first and says whether those below matter.
fn from_top<'a>(layers: &[Layer], own: &[&BTreeSet<&'a str>], at: Moment) -> BTreeSet<&'a str> {
    let Some(top) = layers.len().checked_sub(1) else { return BTreeSet::new() };
    let mut first = top;
    while layers[first].mode == Mode::Beside {
        first -= 1;
    }
    let people: BTreeSet<&str> = own[first..=top].iter().flat_map(|people| people.iter().copied()).collect();
    let is_valid = layers[first..=top]
        .iter()
        .any(|layer| layer.from.is_none_or(|from| from <= at) && layer.until.is_none_or(|until| at < until));
    let is_final = match layers[first].mode {
        Mode::Add => false,
        Mode::Only => is_valid,
        Mode::Replace | Mode::Beside => !people.is_empty(),
    };
    if is_final {
        return people;
    }
    people.union(&from_top(&layers[..first], &own[..first], at)).copied().collect()
}

fn layer_people<'a>(layer: &'a Layer, zone: &Zone, range: Span) -> Vec<BTreeSet<&'a str>> {
    let zone = layer.zone.as_ref().unwrap_or(zone);
    let walk = Walk::new(zone, range);
    let restricting = Walk::new(layer.restrictions_zone.as_ref().unwrap_or(zone), range);
    let mut turns = Turns::new(layer, zone, range);
    walk.minutes()
        .zip(restricting.minutes())
        .map(|(minute, restricting)| {
            let is_valid = layer.from.is_none_or(|from| from <= minute.at)
                && layer.until.is_none_or(|until| minute.at < until);
            let is_inside = layer
                .restrictions
                .as_ref()
                .is_none_or(|hours| hours.iter().any(|hours| in_window(hours, restricting.wall)));
            let slot = turns.people(minute);
            if is_valid && is_inside { slot } else { BTreeSet::new() }
        })
        .collect()
}

/// Plays a rotation from its first hand-over on.
struct Turns<'a> {
    layer: &'a Layer,
    /// Wall minutes (or, for hours, minutes since 1970 in UTC) of every hand-over up to the range's end.
    hand_overs: Vec<i64>,
    /// Changes of participants with the turn that runs when they come, -1 before the first.
    changes: Vec<(Moment, i64)>,
    /// The last answer of `slot` and what it was for.
    kept: Option<(i64, usize, Option<&'a Slot>)>,
}

impl<'a> Turns<'a> {
    fn new(layer: &'a Layer, zone: &Zone, range: Span) -> Self {
        let end = wall_at(zone, range.end) + 2880;
        let hand_overs = hand_overs(layer, zone, end);
        let mut turns = Self { layer, hand_overs, changes: Vec::new(), kept: None };
        for change in &layer.changes {
            let number = turns.number(change.at, wall_at(zone, change.at));
            turns.changes.push((change.at, number));
        }
        turns
    }

    fn number(&self, at: Moment, wall: i64) -> i64 {
        let hourly = self.layer.rotation.as_ref().is_some_and(|rotation| rotation.every == Every::Hour);
        let now = if hourly { at.ms().div_euclid(MINUTE_MS) } else { wall };
        i64::try_from(self.hand_overs.partition_point(|hand_over| *hand_over <= now)).unwrap() - 1
    }

    fn people(&mut self, minute: &Minute) -> BTreeSet<&'a str> {
        let Some(rotation) = &self.layer.rotation else {
            let changed = self.layer.changes.iter().rev().find(|change| change.at <= minute.at);
            let slots = changed.map_or(&self.layer.participants, |change| &change.participants);
            return slots.iter().flat_map(|slot| slot.0.iter().map(String::as_str)).collect();
        };
        let number = self.number(minute.at, minute.wall);
        if number < 0 {
            return BTreeSet::new();
        }
        if let Some(on_for) = rotation.on_for_minutes {
            let now = if rotation.every == Every::Hour { minute.at.ms() / MINUTE_MS } else { minute.wall };
            if now >= self.hand_overs[usize::try_from(number).unwrap()] + i64::from(on_for) {
                return BTreeSet::new();
            }
        }
        let changed = self.changes.iter().filter(|(at, _)| *at <= minute.at).count();
        let slot = match self.kept {
            Some((same, count, slot)) if same == number && count == changed => slot,
            _ => self.slot(number, minute.at),
        };
        self.kept = Some((number, changed, slot));
        slot.map(|slot| slot.0.iter().map(String::as_str).collect()).unwrap_or_default()
    }

    /// Steps turn by turn: the finger moves on at each hand-over and is put anew at each change.
    fn slot(&self, number: i64, at: Moment) -> Option<&'a Slot> {
        let mut slots: &'a [Slot] = &self.layer.participants;
        let mut finger = usize::try_from(self.layer.rotation.as_ref().unwrap().first).unwrap();
        finger = finger.checked_rem(slots.len()).unwrap_or(0);
        let mut changes =
            self.layer.changes.iter().zip(&self.changes).filter(|(_, (when, _))| *when <= at).peekable();
        let mut turn = 0;
        loop {
            while let Some((change, _)) = changes.next_if(|(_, (_, during))| (*during).max(0) == turn) {
                finger = moved(slots, finger, &change.participants);
                slots = &change.participants;
            }
            if turn >= number {
                return slots.get(finger);
            }
            turn += 1;
            finger = (finger + 1).checked_rem(slots.len()).unwrap_or(0);
        }
    }
}

fn moved(old: &[Slot], finger: usize, new: &[Slot]) -> usize {
    for step in 0..old.len() {
        let place = (finger + step) % old.len();
        let same = (0..new.len()).filter(|index| new[*index] == old[place]);
        if let Some(nearest) = same.min_by_key(|index| (index.abs_diff(place), *index)) {
            return nearest;
        }
    }
    0
}

fn hand_overs(layer: &Layer, zone: &Zone, end: i64) -> Vec<i64> {
    let Some(rotation) = &layer.rotation else { return Vec::new() };
    let start = rotation.start.datetime();
    let minute_of_day = i64::from(start.hour()) * 60 + i64::from(start.minute());
    let day_minutes = |date: Date| {
        let midnight = TimeZone::UTC.to_timestamp(date.to_datetime(jiff::civil::Time::midnight())).unwrap();
        midnight.as_second() / 60
    };
    let mut found = Vec::new();
    if rotation.every == Every::Hour {
        // From a day and a half before, minute by minute, until the wall shows it.
        let mut minute = day_minutes(start.date()) + minute_of_day - 36 * 60;
        let zone = time_zone(zone);
        let shows = |minute: i64| {
            let at = Timestamp::from_second(minute * 60).unwrap();
            minute + i64::from(zone.to_offset(at).seconds()) / 60
        };
        while shows(minute) < day_minutes(start.date()) + minute_of_day {
            minute += 1;
        }
        while minute < end + 2880 {
            found.push(minute);
            minute += i64::from(rotation.length) * 60;
        }
        return found;
    }
    let mut date = start.date();
    let mut months = 0;
    loop {
        let wall = day_minutes(date) + minute_of_day;
        if wall > end {
            return found;
        }
        found.push(wall);
        match rotation.every {
            Every::Day => (0..rotation.length).for_each(|_| date = date.tomorrow().unwrap()),
            Every::Week => (0..rotation.length * 7).for_each(|_| date = date.tomorrow().unwrap()),
            _ => {
                months += rotation.length;
                date = month_later(start, months);
            }
        }
    }
}

/// Month by month from the origin, then back from the wanted day to one that exists.
fn month_later(start: DateTime, months: u32) -> Date {
    let (mut year, mut month) = (start.year(), start.month());
    for _ in 0..months {
        (year, month) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
    }
    (1..=start.day()).rev().find_map(|day| Date::new(year, month, day).ok()).unwrap()
}

/// What a clock must show.
#[derive(Debug, PartialEq, Eq, Clone)]
pub struct Figure {
    pub kind: TargetKind,
    pub cycle: usize,
    pub started: Moment,
    pub stopped: Option<Moment>,
    pub elapsed_ms: i64,
    pub target_ms: Option<i64>,
    pub breached: Option<Moment>,
}

/// What holds in one minute.
#[derive(Clone, Default)]
#[expect(clippy::struct_field_names, reason = "the state of a state is its word")]
struct State<'a> {
    state: Option<&'a str>,
    priority: Option<&'a str>,
    policy: Option<&'a str>,
    calendar: Option<&'a str>,
    is_resolved: bool,
}

/// All clocks, from a list of what held in each minute.
pub fn clocks(
    rules: &Rules,
    parts: &BTreeMap<String, BusinessHours>,
    events: &[Event],
    now: Moment,
) -> Vec<Figure> {
    let mut events: Vec<&Event> = events.iter().filter(|event| event.at <= now).collect();
    events.sort_by_key(|event| event.at);
    let start = events[0].at;
    let mut open: Vec<(TargetKind, usize, Moment, Option<Moment>)> = Vec::new();
    let mut held: Vec<State<'_>> = Vec::new();
    let mut state = State::default();
    let mut at = start;
    let mut coming = events.iter().peekable();
    while at <= now {
        while let Some(event) = coming.next_if(|event| event.at == at) {
            happen(event, &mut state, &mut open);
        }
        held.push(state.clone());
        at = at.plus_ms(MINUTE_MS);
    }
    let walls: BTreeMap<&str, Walk> = parts
        .iter()
        .map(|(name, parts)| (name.as_str(), Walk::new(&parts.zone, Span::new(start, now))))
        .collect();
    let names = |kind: TargetKind| {
        let has = |policy: &Policy| policy.targets.iter().any(|target| target.kind == kind);
        held.iter().any(|state| has(&rules.policies[state.policy.unwrap()]))
            || events.iter().any(|event| event.policy.as_ref().is_some_and(|name| has(&rules.policies[name])))
    };
    let run = |(kind, cycle, started, stopped): &(TargetKind, usize, Moment, Option<Moment>)| {
        let index = |moment: Moment| usize::try_from(moment.since(start) / MINUTE_MS).unwrap();
        let until = stopped.unwrap_or(now);
        let newest = &held[index(until)];
        let policy = &rules.policies[newest.policy.unwrap()];
        let target = |state: &State<'_>| {
            let policy = &rules.policies[state.policy.unwrap()];
            policy.targets.iter().find(|target| target.kind == *kind).cloned()
        };
        let minutes = |state: &State<'_>| {
            let target = target(state)?;
            let named = state.priority.and_then(|priority| target.minutes.get(priority).copied());
            named.or(target.minutes.get("*").copied())
        };
        let target_ms = minutes(newest).map(|minutes| i64::from(minutes) * MINUTE_MS);
        let mut elapsed_ms = 0;
        let mut reached = (target_ms == Some(0)).then_some(*started);
        #[expect(clippy::needless_range_loop, reason = "the minute is the point")]
        for minute in index(*started)..index(until) {
            let mut rules_of = held[minute].clone();
            if policy.replan == Replan::FromStart {
                rules_of =
                    State { state: rules_of.state, is_resolved: rules_of.is_resolved, ..newest.clone() };
            }
            let Some(target) = target(&rules_of).filter(|_| minutes(&rules_of).is_some()) else { continue };
            let calendar = rules_of.calendar.or(target.calendar.as_deref());
            let is_paused =
                rules_of.state.is_some_and(|state| target.paused_in.iter().any(|paused| paused == state));
            let is_over = rules_of.is_resolved && *kind == TargetKind::Resolution;
            let is_open = |name: &str| is_open(&parts[name], walls[name].0[minute].wall);
            if is_paused || is_over || !calendar.is_none_or(is_open) {
                continue;
            }
            elapsed_ms += MINUTE_MS;
            if Some(elapsed_ms) == target_ms {
                reached = Some(walls_end(start, minute));
            }
        }
        let breached = reached.filter(|reached| *reached < until);
        Figure {
            kind: *kind,
            cycle: *cycle,
            started: *started,
            stopped: *stopped,
            elapsed_ms,
            target_ms,
            breached,
        }
    };
    open.iter().filter(|(kind, ..)| names(*kind)).map(run).collect()
}

fn walls_end(start: Moment, minute: usize) -> Moment {
    start.plus_ms((i64::try_from(minute).unwrap() + 1) * MINUTE_MS)
}

fn happen<'a>(
    event: &'a Event,
    state: &mut State<'a>,
    open: &mut Vec<(TargetKind, usize, Moment, Option<Moment>)>,
) {
    state.state = event.state.as_deref().or(state.state);
    state.priority = event.priority.as_deref().or(state.priority);
    state.policy = event.policy.as_deref().or(state.policy);
    state.calendar = event.calendar.as_deref().or(state.calendar);
    let answers = |open: &mut Vec<(TargetKind, usize, Moment, Option<Moment>)>| {
        for clock in open.iter_mut().filter(|clock| clock.0 != TargetKind::Resolution && clock.3.is_none()) {
            clock.3 = Some(event.at);
        }
    };
    match event.kind {
        EventKind::Created => {
            open.push((TargetKind::FirstResponse, 0, event.at, None));
            open.push((TargetKind::Resolution, 0, event.at, None));
        }
        EventKind::Changed => {}
        EventKind::RequesterMessage => {
            let waiting = open.iter().any(|clock| clock.0 != TargetKind::Resolution && clock.3.is_none());
            let cycle = open.iter().filter(|clock| clock.0 == TargetKind::NextResponse).count();
            if !waiting {
                open.push((TargetKind::NextResponse, cycle, event.at, None));
            }
        }
        EventKind::AgentReply => answers(open),
        EventKind::Resolved => {
            answers(open);
            let resolution = open.iter_mut().find(|clock| clock.0 == TargetKind::Resolution).unwrap();
            if resolution.3.is_none() {
                resolution.3 = Some(event.at);
            }
            state.is_resolved = true;
        }
        EventKind::Reopened => {
            open.iter_mut().find(|clock| clock.0 == TargetKind::Resolution).unwrap().3 = None;
            state.is_resolved = false;
        }
    }
}
