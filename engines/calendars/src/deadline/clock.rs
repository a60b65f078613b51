//! The running clocks of one incident: start, due, cap, share used, what is next.

use jiff::civil::Date;
use serde::Serialize;

use crate::calendar::{BusinessHours, Calendar};
use crate::civil::{TimeOfDay, Weekday, date_of, day_number, plus_months};
use crate::deadline::case::{Case, WORKING_DAYS};
use crate::deadline::pack::{Amount, Anchor, Ends, Pack, Roll, RunningRule, Unit};
use crate::moment::{DAY_MS, HOUR_MS, MINUTE_MS, Moment};
use crate::oncall::fairness::percent;
use crate::problem::Problem;
use crate::sla::Mark;
use crate::sla::clock::MARK_PERCENTS;
use crate::week::Hours;
use crate::zone::Zone;

/// One clock of one incident.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Deadline<'a> {
    /// Of the clock, such as `gdpr.authority`.
    pub id: &'a str,
    /// Id of the pack it comes from.
    pub pack: &'a str,
    /// Version of that pack.
    pub pack_version: &'a str,
    /// What has to be done.
    pub title: &'a str,
    /// Who is to be told.
    pub recipient: &'a str,
    /// How it stands.
    pub state: DeadlineState,
    /// Counts the clocks of a repeating rule from 0.
    pub cycle: usize,
    /// When its anchor happened.
    pub started: Option<Moment>,
    /// The period ends here; what is sent before or at this moment is in time.
    pub due: Option<Moment>,
    /// When the report was sent.
    pub reported: Option<Moment>,
    /// Plain time used of the time from start to due, in percent; over 100 when overdue. For a clock that was
    /// answered, at the answer.
    pub used_percent: Option<f64>,
    /// When 50, 75, 90 and 100 % of the plain time from start to due are used; empty without a due moment.
    pub marks: Vec<Mark>,
    /// How `due` came about, step by step; or why there is none.
    pub because: Vec<String>,
    /// Article and paragraph.
    pub basis: &'a str,
    /// Where the primary text is.
    pub source: &'a str,
    /// Whether a person compared the rule with that text.
    pub verified: bool,
}

/// How one clock stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DeadlineState {
    /// Its anchor has not happened, or lies after the moment of asking.
    Waiting,
    /// The report is due, and there is time.
    Running,
    /// The report is due since the moment `due`.
    Overdue,
    /// Reported in time.
    Met,
    /// Reported after `due`.
    Late,
    /// A fact it needs does not hold, one excludes it, or the rule was not in force at the anchor.
    NotApplicable,
}

/// Every clock of the packs that are enabled, as of `now`: open ones first by due (those without a period
/// before all others), then the rest in the order of the packs. Anchors and reports after `now` have not
/// happened yet. Hours and minutes are exact time; an end in a gap of the clocks is the moment of the change,
/// in a fold the first of the two. Without packs there are no clocks.
///
/// `Err` names what is not sound in a pack, and calendars that neither it nor the case has. [`Case::check`] tells
/// slips in the case.
pub fn deadlines<'a>(packs: &'a [Pack], case: &Case, now: Moment) -> Result<Vec<Deadline<'a>>, Problem> {
    let fallback = weekdays(&case.zone);
    let mut found = Vec::new();
    for (index, pack) in packs.iter().enumerate() {
        let own = pack.check().and_then(|()| pack.ready_calendars());
        let own = own.map_err(|problem| problem.of(&format!("packs[{index}]")))?;
        for (place, rule) in pack.clocks.iter().enumerate().filter(|_| pack.enabled) {
            let named = rule.calendar.as_deref();
            let calendar = named.map(|name| case.calendars.get(name).or_else(|| own.get(name)));
            if calendar.is_some_and(|found| found.is_none()) {
                let name = named.unwrap_or_default();
                let field = format!("packs[{index}].clocks[{place}].calendar");
                return Err(Problem::new(field, format!("there is no calendar \"{name}\" in the case")));
            }
            let working_days = || case.calendars.get(WORKING_DAYS).unwrap_or(&fallback);
            let calendar = calendar.flatten().unwrap_or_else(working_days);
            found.extend(Desk { case, rule, pack, calendar, now }.clocks());
        }
    }
    found.sort_by_key(|clock| match (clock.state.is_open(), clock.due) {
        (true, Some(due)) => due,
        (true, None) => Moment::MIN,
        (false, _) => Moment::MAX,
    });
    Ok(found)
}

/// The open clock that is due first; an overdue one before all others. Clocks without a period have no due
/// moment and are not among them.
pub fn next_due<'a, 'b>(clocks: &'b [Deadline<'a>]) -> Option<&'b Deadline<'a>> {
    clocks.iter().filter(|clock| clock.state.is_open() && clock.due.is_some()).min_by_key(|clock| clock.due)
}

impl DeadlineState {
    /// Running or overdue: somebody still has to report.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Running | Self::Overdue)
    }
}

struct Desk<'a, 'c> {
    case: &'c Case,
    rule: &'a RunningRule,
    pack: &'a Pack,
    calendar: &'c Calendar,
    now: Moment,
}

impl<'a> Desk<'a, '_> {
    fn zone(&self) -> &Zone {
        self.rule.zone.as_ref().unwrap_or(&self.case.zone)
    }

    fn clocks(&self) -> Vec<Deadline<'a>> {
        if let Some(reason) = self.excluded() {
            return vec![self.without_due(DeadlineState::NotApplicable, reason)];
        }
        let Some(start) = self.anchor(self.rule.anchor) else {
            let waits = format!("waiting for {}", self.anchor_name());
            return vec![self.without_due(DeadlineState::Waiting, waits)];
        };
        let date = self.zone().date(start);
        if self.rule.valid_from.is_some_and(|from| date < from)
            || self.rule.valid_to.is_some_and(|to| date > to)
        {
            let reason = format!("not in force on {date}, the day of {}", self.anchor_name());
            return vec![self.without_due(DeadlineState::NotApplicable, reason)];
        }
        let reports = self.reports(&self.rule.id);
        let mut clocks = vec![self.running(start, 0, reports.first().copied())];
        if self.rule.repeats {
            let end = self.rule.until.and_then(|until| self.anchor(until)).unwrap_or(Moment::MAX);
            for (cycle, sent) in reports.iter().enumerate().filter(|(_, sent)| **sent < end) {
                clocks.push(self.running(*sent, cycle + 1, reports.get(cycle + 1).copied()));
            }
        }
        clocks
    }

    fn excluded(&self) -> Option<String> {
        let holds = |fact: &&String| self.case.facts.contains(fact);
        if let Some(missing) = self.rule.needs.iter().find(|fact| !holds(fact)) {
            return Some(format!("applies only when {missing} holds"));
        }
        self.rule.unless.iter().find(holds).map(|fact| format!("does not apply because {fact} holds"))
    }

    fn anchor_name(&self) -> String {
        match &self.rule.after {
            Some(after) => format!("the report of {after}"),
            None => self.rule.anchor.name().to_owned(),
        }
    }

    fn reports(&self, id: &str) -> Vec<Moment> {
        let sent = self.case.reports.get(id).into_iter().flatten().copied();
        let mut sent: Vec<Moment> = sent.filter(|sent| *sent <= self.now).collect();
        sent.sort_unstable();
        sent
    }

    fn anchor(&self, anchor: Anchor) -> Option<Moment> {
        let moment = match anchor {
            // The latest report: an update moves what counts from it.
            Anchor::PreviousReport => self.reports(self.rule.after.as_deref()?).last().copied(),
            Anchor::YearEnd => {
                let discovered = self.anchor(Anchor::Discovered)?;
                let next_year = Date::new(self.zone().date(discovered).year() + 1, 1, 1).ok()?;
                // Its last moment, so that the first day counted is 1 January.
                return Some(self.zone().moment(next_year.at(0, 0, 0, 0)).plus_ms(-1));
            }
            _ => self.case.anchors.get(&anchor).copied(),
        };
        moment.filter(|moment| *moment <= self.now)
    }

    fn running(&self, start: Moment, cycle: usize, reported: Option<Moment>) -> Deadline<'a> {
        if self.rule.unit == Unit::WithoutDelay {
            let state = if reported.is_some() { DeadlineState::Met } else { DeadlineState::Running };
            let reason = format!("without delay from {} ({start}); no period is fixed", self.anchor_name());
            return Deadline { started: Some(start), reported, cycle, ..self.without_due(state, reason) };
        }
        let (due, because) = self.due(start);
        let state = match reported {
            Some(sent) if sent <= due => DeadlineState::Met,
            Some(_) => DeadlineState::Late,
            None if self.now <= due => DeadlineState::Running,
            None => DeadlineState::Overdue,
        };
        let whole = due.since(start);
        let mark =
            |share: u32| Mark { percent: share, at: Some(start.plus_ms(whole / 100 * i64::from(share))) };
        Deadline {
            started: Some(start),
            due: Some(due),
            reported,
            cycle,
            used_percent: Some(percent(reported.unwrap_or(self.now).since(start).max(0), whole)),
            marks: MARK_PERCENTS.map(mark).to_vec(),
            because,
            ..self.without_due(state, String::new())
        }
    }

    fn without_due(&self, state: DeadlineState, reason: String) -> Deadline<'a> {
        Deadline {
            id: &self.rule.id,
            pack: &self.pack.id,
            pack_version: &self.pack.version,
            title: &self.rule.title,
            recipient: &self.rule.recipient,
            state,
            cycle: 0,
            started: None,
            due: None,
            reported: None,
            used_percent: None,
            marks: Vec::new(),
            because: vec![reason],
            basis: &self.rule.basis,
            source: &self.rule.source,
            verified: self.rule.verified,
        }
    }

    fn due(&self, start: Moment) -> (Moment, Vec<String>) {
        let rule = self.rule;
        let amount = Amount { amount: rule.amount, unit: rule.unit };
        let mut end = self.end(start, amount, rule.ends);
        let mut because = vec![format!("{amount} from {} ({start})", self.anchor_name())];
        if let Some(cap) = &rule.cap {
            let limit = Amount { amount: cap.amount, unit: cap.unit };
            let latest = self.anchor(cap.anchor).map(|from| self.end(from, limit, rule.ends));
            match latest {
                Some(latest) if cap.unless_started_later && latest.moment < start => {
                    because.push(format!(
                        "the cap of {limit} from {} had passed at the start",
                        cap.anchor.name()
                    ));
                }
                Some(latest) if latest.moment < end.moment => {
                    because.push(format!("capped at {limit} from {}", cap.anchor.name()));
                    end = latest;
                }
                Some(_) => {}
                None => because.push(format!("a cap of {limit} waits for {}", cap.anchor.name())),
            }
        }
        if let Some(rolled) = self.rolled(end) {
            because.push(format!("{} is no business day, moved to {}", end.date, rolled.date));
            end = rolled;
        }
        (end.moment, because)
    }

    /// The day of the event itself is not counted.
    fn end(&self, start: Moment, amount: Amount, ends: Ends) -> End {
        let zone = self.zone();
        let count = i64::from(amount.amount);
        let at = zone.datetime(start);
        let later = |days: i64| date_of(day_number(at.date()) + i32::try_from(days).unwrap_or(i32::MAX / 2));
        let date = match amount.unit {
            Unit::Minutes | Unit::Hours => {
                let unit = if amount.unit == Unit::Hours { HOUR_MS } else { MINUTE_MS };
                let moment = start.plus_ms(count * unit);
                return End { moment, date: zone.date(moment) };
            }
            Unit::CalendarDays => later(count),
            Unit::Weeks => later(count * 7),
            Unit::Months => plus_months(at, count).date(),
            Unit::WithoutDelay => at.date(),
            Unit::BusinessDays => {
                let days = i32::try_from(amount.amount).unwrap_or(i32::MAX);
                // A calendar without business days leaves plain days: too early is safer than never.
                self.calendar.add_business_days(at.date(), days).unwrap_or_else(|| later(count))
            }
        };
        End { moment: self.on(date, ends, start), date }
    }

    fn on(&self, date: Date, ends: Ends, like: Moment) -> Moment {
        let zone = self.zone();
        let second = match ends {
            Ends::EndOfDay => TimeOfDay::END_OF_DAY.ms(),
            Ends::At(time) => time.ms(),
            Ends::SameTime => zone.wall(like).rem_euclid(DAY_MS),
        };
        zone.first(i64::from(day_number(date)) * DAY_MS + second)
    }

    fn rolled(&self, end: End) -> Option<End> {
        let weekend = self.rule.weekend?;
        let calendar = self.calendar;
        if calendar.is_business_day(end.date) {
            return None;
        }
        let date = match weekend.roll {
            Roll::Forward => calendar.add_business_days(end.date, 1)?,
            Roll::Backward => calendar.add_business_days(end.date, -1)?,
        };
        let is_exact = matches!(self.rule.unit, Unit::Minutes | Unit::Hours);
        let ends = weekend.ends.unwrap_or(if is_exact { Ends::SameTime } else { self.rule.ends });
        Some(End { moment: self.on(date, ends, end.moment), date })
    }
}

/// The end of a period and the day it counts for (24:00 belongs to the day before).
#[derive(Clone, Copy)]
struct End {
    moment: Moment,
    date: Date,
}

fn weekdays(zone: &Zone) -> Calendar {
    let hours = vec![Hours::on(&Weekday::ALL[..5], TimeOfDay::MIDNIGHT, TimeOfDay::END_OF_DAY)];
    Calendar::new(&BusinessHours { zone: zone.clone(), hours, ..BusinessHours::default() })
        .expect("Monday to Friday is a week")
}
