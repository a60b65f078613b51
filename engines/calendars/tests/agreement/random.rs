//! Random calendars, schedules and requests around the moments where clocks and calendars are strange.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::{Date, date};
use mainstay_calendars::calendar::{BusinessHours, Calendar, Exception, Holiday, OpenHours};
use mainstay_calendars::civil::{TimeOfDay, Weekday};
use mainstay_calendars::moment::{DAY_MS, MINUTE_MS, Moment, Span};
use mainstay_calendars::oncall::{
    Every, Layer, LayerChange, Mode, Override, OverrideKind, Rotation, Schedule, Slot, Temporary,
    TemporaryShift, Wall,
};
use mainstay_calendars::sla::{Event, EventKind, Policy, Replan, Rules, Target, TargetKind};
use mainstay_calendars::week::Hours;
use mainstay_calendars::zone::Zone;

use crate::oracle::time_zone;

const ZONES: [&str; 28] = [
    "UTC",
    "Europe/Berlin",
    "Europe/London",
    "Europe/Moscow",
    "Europe/Dublin",
    "America/New_York",
    "America/St_Johns",
    "America/Sao_Paulo",
    "America/Havana",
    "America/Caracas",
    "America/Asuncion",
    "America/Scoresbysund",
    "Australia/Lord_Howe",
    "Australia/Sydney",
    "Pacific/Apia",
    "Pacific/Chatham",
    "Pacific/Kwajalein",
    "Pacific/Kiritimati",
    "Pacific/Auckland",
    "Asia/Kathmandu",
    "Asia/Tehran",
    "Asia/Gaza",
    "Asia/Pyongyang",
    "Africa/Casablanca",
    "Africa/Cairo",
    "Africa/Juba",
    "Antarctica/Troll",
    "Antarctica/Casey",
];
const NAMES: [&str; 5] = ["ada", "bob", "cy", "dee", "eve"];

/// `SplitMix64` (Steele, Lea, Flood 2014): small, and the same everywhere.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0x5851_F42D_4C95_7F2D)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, most: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(most).unwrap()).unwrap()
    }

    fn between(&mut self, low: i64, high: i64) -> i64 {
        low + i64::try_from(self.next() % u64::try_from(high - low + 1).unwrap()).unwrap()
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    pub fn zone(&mut self) -> Zone {
        Zone::named(self.pick(&ZONES)).unwrap()
    }

    /// Up to so many whole minutes, mostly around a change of the clocks, a leap day or the end of a month.
    pub fn range(&mut self, zone: &Zone, most: usize) -> Span {
        let anchor = match self.below(10) {
            0..=5 => self.change(zone),
            6 => date(self.pick(&[1976, 2000, 2012, 2024, 2028, 2096]), 2, 29)
                .to_datetime(jiff::civil::Time::midnight()),
            7 => {
                let first = date(
                    i16::try_from(self.between(1973, 2090)).unwrap(),
                    self.pick(&[1, 3, 5, 7, 8, 10, 12]),
                    31,
                );
                first.to_datetime(jiff::civil::Time::midnight())
            }
            _ => self.somewhere(),
        };
        let at = zone.moment(anchor).ms().div_euclid(MINUTE_MS) * MINUTE_MS;
        let length = self.between(1, i64::try_from(most).unwrap()) * MINUTE_MS;
        let before = self.between(0, length / MINUTE_MS + 30) * MINUTE_MS;
        let start = Moment::from_ms(at - before);
        Span::new(start, start.plus_ms(length))
    }

    fn somewhere(&mut self) -> jiff::civil::DateTime {
        let day = self.between(1_200, 43_000);
        date(1970, 1, 1)
            .saturating_add(jiff::Span::new().days(day))
            .to_datetime(jiff::civil::Time::midnight())
    }

    fn change(&mut self, zone: &Zone) -> jiff::civil::DateTime {
        if zone.name() == "Pacific/Apia" && self.chance(40) {
            return date(2011, 12, 30).at(0, 0, 0, 0);
        }
        let from = Timestamp::from_second(self.between(100_000_000, 3_500_000_000)).unwrap();
        let zone = time_zone(zone);
        let change = zone.following(from).next().or_else(|| zone.preceding(from).next());
        change.map_or_else(|| self.somewhere(), |change| zone.to_datetime(change.timestamp()))
    }

    /// Times near the hours where clocks change come often.
    fn time(&mut self) -> TimeOfDay {
        let minutes = match self.below(4) {
            0 => self.pick(&[0, 60, 90, 120, 150, 180, 1380, 1410]),
            1 => self.between(0, 23) * 60,
            _ => self.between(0, 1439),
        };
        TimeOfDay::from_seconds(u32::try_from(minutes * 60).unwrap())
    }

    #[expect(clippy::same_functions_in_if_condition, reason = "each draws anew")]
    fn hours(&mut self) -> Hours {
        let days = match self.below(4) {
            0 => None,
            1 => Some(Weekday::ALL[..5].to_vec()),
            2 => Some(Vec::new()),
            _ => Some(Weekday::ALL.into_iter().filter(|_| self.chance(50)).collect()),
        };
        let from = self.time();
        let to = if self.chance(10) {
            TimeOfDay::END_OF_DAY
        } else if self.chance(10) {
            from
        } else {
            self.time()
        };
        let to_day = self.chance(15).then(|| self.pick(&Weekday::ALL));
        Hours { days, from, to, to_day }
    }

    fn weekly(&mut self, most: usize) -> Vec<Hours> {
        if self.chance(15) {
            return vec![Hours {
                days: None,
                from: TimeOfDay::MIDNIGHT,
                to: TimeOfDay::MIDNIGHT,
                to_day: None,
            }];
        }
        (0..self.below(most + 1)).map(|_| self.hours()).collect()
    }

    fn day_near(&mut self, zone: &Zone, range: Span) -> Date {
        let days = range.length_ms() / DAY_MS + 2;
        let shift = self.between(-1, days);
        zone.date(range.start).saturating_add(jiff::Span::new().days(shift))
    }

    pub fn business_hours(&mut self, zone: &Zone, range: Span) -> BusinessHours {
        let mut parts =
            BusinessHours { zone: zone.clone(), hours: self.weekly(4), ..BusinessHours::default() };
        for index in 0..self.below(3) {
            let date = self.day_near(zone, range);
            let last = self.chance(30).then(|| date.saturating_add(jiff::Span::new().days(1)));
            let is_part = self.chance(30);
            let (from, to) = (self.between(0, 700), self.between(701, 1440));
            let time =
                |minutes: i64| is_part.then(|| TimeOfDay::from_seconds(u32::try_from(minutes * 60).unwrap()));
            let yearly = last.is_none() && self.chance(20);
            let date = if yearly { date.saturating_sub(jiff::Span::new().years(3)) } else { date };
            let name = format!("holiday {index}");
            parts.holidays.push(Holiday { date, name, last, from: time(from), to: time(to), yearly });
        }
        for _ in 0..self.below(3) {
            let date = self.day_near(zone, range);
            if parts.exceptions.iter().any(|exception| exception.date == date) {
                continue;
            }
            let hours =
                (0..self.below(3)).map(|_| OpenHours { from: self.time(), to: self.time() }).collect();
            parts.exceptions.push(Exception { date, name: String::new(), hours });
        }
        parts
    }

    fn slot(&mut self) -> Slot {
        match self.below(10) {
            0 => Slot::default(),
            1 => Slot(vec!["ada".to_owned(), "dee".to_owned()]),
            _ => Slot::from(self.pick(&NAMES)),
        }
    }

    fn slots(&mut self) -> Vec<Slot> {
        (0..self.below(5)).map(|_| self.slot()).collect()
    }

    fn rotation(&mut self, zone: &Zone, range: Span) -> Rotation {
        let every = self.pick(&[Every::Hour, Every::Day, Every::Week, Every::Month]);
        let (length, before) = match every {
            Every::Hour => (self.between(1, 50), self.between(-1, 20)),
            Every::Day => (self.between(1, 5), self.between(-1, 60)),
            Every::Week => (self.between(1, 4), self.between(-1, 100)),
            Every::Month => (self.between(1, 3), self.between(-1, 1_500)),
        };
        let mut day = zone.date(range.start).saturating_sub(jiff::Span::new().days(before));
        if every == Every::Month && self.chance(60) {
            day = day.last_of_month();
        }
        let time = self.time().seconds();
        let start = Wall::from(day.at(
            i8::try_from(time / 3600).unwrap(),
            i8::try_from(time / 60 % 60).unwrap(),
            0,
            0,
        ));
        let on_for_minutes = self.chance(20).then(|| u32::try_from(self.between(1, 3_000)).unwrap());
        Rotation {
            every,
            length: u32::try_from(length).unwrap(),
            start,
            on_for_minutes,
            first: u32::try_from(self.below(4)).unwrap(),
        }
    }

    fn moment(&mut self, range: Span) -> Moment {
        let minutes = range.length_ms() / MINUTE_MS;
        range.start.plus_ms(self.between(-300, minutes + 300) * MINUTE_MS)
    }

    fn layer(&mut self, zone: &Zone, range: Span, is_lowest: bool) -> Layer {
        let own_zone = self.chance(30).then(|| self.zone());
        let wall = own_zone.as_ref().unwrap_or(zone).clone();
        let mut changes: Vec<Moment> = (0..self.below(3)).map(|_| self.moment(range)).collect();
        changes.sort_unstable();
        changes.dedup();
        let modes = [Mode::Replace, Mode::Add, Mode::Only, Mode::Beside];
        let mut layer = Layer {
            name: "layer".to_owned(),
            mode: self.pick(if is_lowest { &modes[..3] } else { &modes }),
            participants: self.slots(),
            rotation: self.chance(80).then(|| self.rotation(&wall, range)),
            restrictions: self.chance(50).then(|| self.weekly(3)),
            zone: own_zone,
            restrictions_zone: self.chance(15).then(|| self.zone()),
            from: self.chance(20).then(|| self.moment(range)),
            until: self.chance(20).then(|| self.moment(range)),
            changes: changes.into_iter().map(|at| LayerChange { at, participants: self.slots() }).collect(),
        };
        // Reversed ones are refused.
        if let (Some(from), Some(until)) = (layer.from, layer.until) {
            (layer.from, layer.until) = (Some(from.min(until)), Some(from.max(until)));
        }
        layer
    }

    pub fn schedule(&mut self, zone: &Zone, range: Span) -> Schedule {
        let count = self.below(5);
        let layers = (0..count).map(|index| self.layer(zone, range, index == 0)).collect();
        let mut schedule =
            Schedule { name: "random".to_owned(), zone: zone.clone(), layers, ..Schedule::default() };
        for _ in 0..self.below(3) {
            let from = self.moment(range);
            let to = from.plus_ms(self.between(1, 900) * MINUTE_MS);
            let kind = self.pick(&[OverrideKind::Add, OverrideKind::Remove, OverrideKind::Replace]);
            let person =
                (kind != OverrideKind::Remove || self.chance(70)).then(|| self.pick(&NAMES).to_owned());
            let instead_of =
                (kind == OverrideKind::Replace && self.chance(70)).then(|| self.pick(&NAMES).to_owned());
            schedule.overrides.push(Override { from, to, kind, person, instead_of });
        }
        for _ in 0..self.below(2) {
            let from = self.moment(range);
            let to = from.plus_ms(self.between(1, 700) * MINUTE_MS);
            let mut shifts = Vec::new();
            for _ in 0..self.below(3) {
                let start = self.moment(range);
                let end = start.plus_ms(self.between(1, 900) * MINUTE_MS);
                shifts.push(TemporaryShift { person: self.pick(&NAMES).to_owned(), from: start, to: end });
            }
            schedule.temporary.push(Temporary { name: String::new(), from, to, shifts });
        }
        schedule
    }

    pub fn request(
        &mut self,
        zone: &Zone,
        range: Span,
    ) -> (Rules, BTreeMap<String, BusinessHours>, Vec<Event>) {
        let mut parts = BTreeMap::new();
        for name in ["office", "night"] {
            let zone = if self.chance(50) { zone.clone() } else { self.zone() };
            parts.insert(name.to_owned(), self.business_hours(&zone, range));
        }
        let calendars =
            parts.iter().map(|(name, parts)| (name.clone(), Calendar::new(parts).unwrap())).collect();
        let mut rules = Rules { calendars, ..Rules::default() };
        for name in ["gold", "silver"] {
            let policy = self.policy();
            rules.policies.insert(name.to_owned(), policy);
        }
        let mut created = Event::new(range.start, EventKind::Created);
        created.policy = Some(self.pick(&["gold", "silver"]).to_owned());
        let mut events = vec![created];
        for _ in 0..self.below(14) {
            let minutes = range.length_ms() / MINUTE_MS;
            let at = range.start.plus_ms(self.between(0, minutes + 60) * MINUTE_MS);
            let kind = self.pick(&[
                EventKind::Changed,
                EventKind::Changed,
                EventKind::RequesterMessage,
                EventKind::AgentReply,
                EventKind::Resolved,
                EventKind::Reopened,
            ]);
            let mut some =
                |percent: usize, from: &[&str]| self.chance(percent).then(|| self.pick(from).to_owned());
            events.push(Event {
                at,
                kind,
                state: some(50, &["new", "waiting", "held"]),
                priority: some(20, &["high", "low"]),
                policy: some(15, &["gold", "silver"]),
                calendar: some(15, &["office", "night"]),
            });
        }
        (rules, parts, events)
    }

    fn policy(&mut self) -> Policy {
        let mut targets = Vec::new();
        for kind in TargetKind::ALL {
            if self.chance(15) {
                continue;
            }
            let mut minutes = BTreeMap::new();
            for priority in ["high", "low", "*"] {
                if self.chance(75) {
                    minutes.insert(priority.to_owned(), u32::try_from(self.between(0, 700)).unwrap());
                }
            }
            let calendar = self.chance(75).then(|| self.pick(&["office", "night"]).to_owned());
            let paused_in =
                ["waiting", "held"].into_iter().filter(|_| self.chance(50)).map(str::to_owned).collect();
            targets.push(Target { kind, calendar, minutes, paused_in });
        }
        Policy { targets, replan: self.pick(&[Replan::FromChange, Replan::FromStart]) }
    }
}
