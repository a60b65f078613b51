//! The clocks of a request at a moment: what was used, what is left, when it is due, and why.

use serde::Serialize;

use crate::calendar::Calendar;
use crate::moment::{MINUTE_MS, Moment, Span};
use crate::oncall::fairness::percent;
use crate::problem::Problem;
use crate::sla::measure::{Count, Interval, IntervalKind, Measure, Why, reached};
use crate::sla::policy::{Event, Policy, Replan, Rules, Target, TargetKind};
use crate::sla::timeline::{Run, Setting, Timeline};

/// Shares of the promised time at which a mark is set.
pub const MARK_PERCENTS: [u32; 4] = [50, 75, 90, 100];

/// One clock, with its explanation.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Clock<'a> {
    /// What it measures.
    pub kind: TargetKind,
    /// Counts clocks of that kind from 0: each unanswered message starts a new next-response clock.
    pub cycle: usize,
    /// How it stands.
    pub state: ClockState,
    /// The policy in force last.
    pub policy: &'a str,
    /// The priority in force last.
    pub priority: Option<&'a str>,
    /// The calendar in force last; `None` is day and night.
    pub calendar: Option<&'a str>,
    /// The event that started it.
    pub started: Moment,
    /// The event that ended it.
    pub stopped: Option<Moment>,
    /// Promised business time; `None` when policy and priority promise nothing.
    pub target_ms: Option<i64>,
    /// Business time used: the sum of the intervals that ran.
    pub elapsed_ms: i64,
    /// Promised less used; negative when over.
    pub remaining_ms: Option<i64>,
    /// Used of promised; 100 when nothing but the start was promised.
    pub used_percent: Option<f64>,
    /// When the promised time is, was or would have been used up: for a stopped or breached clock looking
    /// back, for a running one if it goes on undisturbed, for a paused one if it went on at once.
    pub due: Option<Moment>,
    /// When the promise was broken; a clock that stops exactly at `due` keeps it, and an open
    /// one is broken only after `due`.
    pub breached: Option<Moment>,
    /// When shares of the promised time were or will be used, in the same sense as `due`.
    pub marks: Vec<Mark>,
    /// Its life from `started` to `stopped` or now, without holes.
    pub intervals: Vec<Interval<'a>>,
}

/// A share of a period and when it is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Mark {
    /// The share.
    pub percent: u32,
    /// When; `None` when the calendar never opens that long.
    pub at: Option<Moment>,
}

/// How one clock stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ClockState {
    /// Counting now.
    Running,
    /// Standing still because of the request's state.
    Paused,
    /// Standing still until the calendar opens.
    Closed,
    /// Stopped in time.
    Met,
    /// Stopped too late.
    Missed,
    /// Open, and the promised time is used up, whether it counts at the moment or not.
    Breached,
    /// Nothing is promised.
    NoTarget,
}

/// All clocks of a request as of `now`: first response, every next response, resolution. Events after `now`
/// are checked but have no effect; events in any order of the list are put in the order of time.
///
/// Pauses are taken off in the calendar that would have counted: a pause over a weekend saves no business
/// time. The sum of [`Interval::open_ms`] over the intervals that ran is `elapsed_ms`, and the intervals lie
/// end to end from `started` to `stopped` or `now`. Time is exact: an hour that comes twice counts twice when
/// the calendar is open through it. When `now` is before the creation there are no clocks; events that do not
/// begin with the creation are refused.
pub fn clocks<'a>(rules: &'a Rules, events: &'a [Event], now: Moment) -> Result<Vec<Clock<'a>>, Problem> {
    let timeline = Timeline::new(rules, events, now)?;
    let has_target = |run: &&Run| {
        let named =
            |setting: &Setting<'_>| setting.policy.is_some_and(|policy| policy.target(run.kind).is_some());
        timeline.settings.iter().any(named)
    };
    Ok(timeline
        .runs
        .iter()
        .filter(has_target)
        .map(|run| clock(rules, &timeline.settings, *run, now))
        .collect())
}

fn clock<'a>(rules: &'a Rules, settings: &[Setting<'a>], run: Run, now: Moment) -> Clock<'a> {
    let until = run.stop.unwrap_or(now);
    let next = settings.partition_point(|setting| setting.at <= until);
    let newest = settings[next - 1];
    let policy = newest.policy.expect("the created event names a policy");
    let intervals = match policy.replan {
        Replan::FromChange => intervals(rules, settings, run, until, None),
        Replan::FromStart => intervals(rules, settings, run, until, Some(newest)),
    };
    let elapsed_ms =
        intervals.iter().filter(|part| part.kind == IntervalKind::Ran).map(|part| part.open_ms).sum();
    let minutes = policy.target(run.kind).and_then(|target| target.minutes_for(newest.priority));
    let target_ms = minutes.map(|minutes| i64::from(minutes) * MINUTE_MS);
    let count = Terms::of(rules, &newest, run.kind).count(&newest, run.kind);
    let when = |amount_ms: i64| used_up(&intervals, count.calendar, elapsed_ms, amount_ms, until);
    // In 64 bits: minutes fit in 32 bits, so their milliseconds times a hundred fit.
    let mark = |target: i64, percent: u32| Mark { percent, at: when(target * i64::from(percent) / 100) };
    let marks = target_ms.map(|target| MARK_PERCENTS.map(|percent| mark(target, percent)));
    let due = marks.and_then(|[.., whole]| whole.at);
    let breached = due.filter(|due| *due < until);
    Clock {
        kind: run.kind,
        cycle: run.cycle,
        state: state(run, target_ms, breached, count, now),
        policy: newest.policy_name.unwrap_or_default(),
        priority: newest.priority,
        calendar: count.calendar.map(|(name, _)| name),
        started: run.start,
        stopped: run.stop,
        target_ms,
        elapsed_ms,
        remaining_ms: target_ms.map(|target| target - elapsed_ms),
        used_percent: target_ms.map(|target| if target == 0 { 100.0 } else { percent(elapsed_ms, target) }),
        due,
        breached,
        marks: marks.map_or_else(Vec::new, Vec::from),
        intervals,
    }
}

/// The life of a clock cut at every setting; `all_by` counts every stretch by one setting's rules.
fn intervals<'a>(
    rules: &'a Rules,
    settings: &[Setting<'a>],
    run: Run,
    until: Moment,
    all_by: Option<Setting<'a>>,
) -> Vec<Interval<'a>> {
    let first = settings.partition_point(|setting| setting.at <= run.start).saturating_sub(1);
    let mut measure = Measure::new(settings.len() - first + 8);
    let mut terms: Option<Terms<'a>> = None;
    for (index, setting) in settings.iter().enumerate().skip(first) {
        let end = settings.get(index + 1).map_or(until, |next| next.at.min(until));
        let span = Span::new(setting.at.max(run.start), end);
        let rules_of = match all_by {
            Some(newest) => Setting { state: setting.state, is_resolved: setting.is_resolved, ..newest },
            None => *setting,
        };
        // Most events change the state only, so the terms are looked up once.
        let known = terms.filter(|terms| terms.hold_for(&rules_of));
        let terms = terms.insert(known.unwrap_or_else(|| Terms::of(rules, &rules_of, run.kind)));
        measure.count(span, terms.count(&rules_of, run.kind));
    }
    measure.intervals
}

/// What a policy and a priority say about one kind of clock.
#[derive(Clone, Copy)]
struct Terms<'a> {
    policy: Option<&'a Policy>,
    priority: Option<&'a str>,
    target: Option<&'a Target>,
    calendar: Option<(&'a str, &'a Calendar)>,
    has_minutes: bool,
}

impl<'a> Terms<'a> {
    fn of(rules: &'a Rules, setting: &Setting<'a>, kind: TargetKind) -> Self {
        let (policy, priority) = (setting.policy, setting.priority);
        let target = policy.and_then(|policy| policy.target(kind));
        let own = target.and_then(|target| target.calendar.as_deref());
        let own = own.and_then(|name| rules.calendars.get_key_value(name));
        let calendar = own.map(|(name, calendar)| (name.as_str(), calendar));
        let has_minutes = target.is_some_and(|target| target.minutes_for(priority).is_some());
        Self { policy, priority, target, calendar, has_minutes }
    }

    fn hold_for(&self, setting: &Setting<'a>) -> bool {
        let is_same = |(one, other): (&'a Policy, &'a Policy)| std::ptr::eq(one, other);
        self.policy.zip(setting.policy).is_some_and(is_same) && self.priority == setting.priority
    }

    fn count(&self, setting: &Setting<'a>, kind: TargetKind) -> Count<'a> {
        let paused = self.target.zip(setting.state).and_then(|(target, state)| {
            let is_paused = target.paused_in.iter().any(|paused| paused == state);
            is_paused.then_some((IntervalKind::Paused, Why::State(state)))
        });
        let halted = if setting.is_resolved && kind == TargetKind::Resolution {
            Some((IntervalKind::Stopped, Why::Resolved))
        } else if self.has_minutes {
            paused
        } else {
            Some((IntervalKind::Stopped, Why::NoTarget))
        };
        Count { calendar: setting.calendar.or(self.calendar), halted }
    }
}

/// When that amount was used up, or will be if the clock goes on from `until`.
fn used_up(
    intervals: &[Interval<'_>],
    calendar: Option<(&str, &Calendar)>,
    elapsed_ms: i64,
    amount_ms: i64,
    until: Moment,
) -> Option<Moment> {
    if amount_ms <= elapsed_ms {
        return reached(intervals, amount_ms).or(Some(until));
    }
    let left = amount_ms - elapsed_ms;
    match calendar {
        Some((_, calendar)) => calendar.add_ms(until, left),
        None => Some(until.plus_ms(left)),
    }
}

fn state(
    run: Run,
    target_ms: Option<i64>,
    breached: Option<Moment>,
    count: Count<'_>,
    now: Moment,
) -> ClockState {
    if target_ms.is_none() {
        return ClockState::NoTarget;
    }
    match (run.stop, breached) {
        (Some(_), None) => ClockState::Met,
        (Some(_), Some(_)) => ClockState::Missed,
        (None, Some(_)) => ClockState::Breached,
        (None, None) if count.halted.is_some() => ClockState::Paused,
        (None, None) => match count.calendar {
            Some((_, calendar)) if !calendar.is_open(now) => ClockState::Closed,
            _ => ClockState::Running,
        },
    }
}
