//! Cuts the life of a clock into intervals that ran, were paused, closed or stopped, and sums them.

use serde::{Serialize, Serializer};

use crate::calendar::{Calendar, Closed};
use crate::moment::{DAY_MS, Moment, Span};
use crate::openings::{Openings, split};

/// A stretch of a clock's life. Intervals follow each other without holes; those that ran sum to the figure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Interval<'a> {
    /// From one change to the next.
    #[serde(flatten)]
    pub span: Span,
    /// Whether it counted.
    pub kind: IntervalKind,
    /// The reason.
    pub why: Why<'a>,
    /// The calendar's open time inside: what counted if it ran, what the pause saved if it was paused.
    pub open_ms: i64,
}

/// Whether a stretch of a clock's life counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum IntervalKind {
    /// It counted.
    Ran,
    /// It did not, because of the state of the request.
    Paused,
    /// It did not, because the calendar was closed.
    Closed,
    /// It did not, because the request was resolved or nothing was promised.
    Stopped,
}

/// Why an interval counted or not. In JSON it is its sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why<'a> {
    /// Open hours of the calendar of that name; without a name, day and night.
    Open(Option<&'a str>),
    /// In that state the clock stands still.
    State(&'a str),
    /// Outside the hours of the week.
    ClosedHours,
    /// A holiday or an exception of that name.
    Holiday(&'a str),
    /// Resolved and not reopened yet.
    Resolved,
    /// The policy then in force had no such target for that priority.
    NoTarget,
}

impl std::fmt::Display for Why<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Open(Some(calendar)) => write!(f, "open hours of {calendar}"),
            Self::Open(None) => f.write_str("day and night"),
            Self::State(state) => write!(f, "paused in state {state}"),
            Self::ClosedHours => f.write_str("closed hours"),
            Self::Holiday(name) => write!(f, "holiday {name}"),
            Self::Resolved => f.write_str("resolved"),
            Self::NoTarget => f.write_str("the policy had no such target"),
        }
    }
}

impl Serialize for Why<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// How a stretch is to be counted.
#[derive(Clone, Copy)]
pub(crate) struct Count<'a> {
    pub calendar: Option<(&'a str, &'a Calendar)>,
    /// Why the clock stands still; `None` when it runs in open hours.
    pub halted: Option<(IntervalKind, Why<'a>)>,
}

/// Walks forward through a clock's life, keeping its place in the calendar.
pub(crate) struct Measure<'a> {
    pub intervals: Vec<Interval<'a>>,
    place: Option<Place<'a>>,
    /// The rest of a civil day with its reason for being closed.
    closed: Option<(&'a Calendar, Span, Closed<'a>)>,
}

struct Place<'a> {
    calendar: &'a Calendar,
    openings: Openings<'a>,
    current: Option<Span>,
}

impl<'a> Measure<'a> {
    pub(crate) fn new(most: usize) -> Self {
        Self { intervals: Vec::with_capacity(most), place: None, closed: None }
    }

    /// Counts a stretch that begins where the last one ended.
    pub(crate) fn count(&mut self, span: Span, count: Count<'a>) {
        if span.is_empty() {
            return;
        }
        let Some((name, calendar)) = count.calendar else {
            let (kind, why) = count.halted.unwrap_or((IntervalKind::Ran, Why::Open(None)));
            return self.push(Interval { span, kind, why, open_ms: span.length_ms() });
        };
        let mut at = span.start;
        let mut open_ms = 0;
        while at < span.end {
            let open = self.opening(calendar, at).intersection(Span::new(at, span.end));
            let (start, end) = if open.is_empty() { (span.end, span.end) } else { (open.start, open.end) };
            if count.halted.is_none() {
                self.close(calendar, Span::new(at, start));
                let why = Why::Open(Some(name));
                self.push(Interval { span: open, kind: IntervalKind::Ran, why, open_ms: open.length_ms() });
            }
            open_ms += open.length_ms();
            at = end;
        }
        if let Some((kind, why)) = count.halted {
            self.push(Interval { span, kind, why, open_ms });
        }
    }

    /// The first opening that ends after `at`; far away and empty when there is none.
    fn opening(&mut self, calendar: &'a Calendar, at: Moment) -> Span {
        let is_same = self.place.as_ref().is_some_and(|place| std::ptr::eq(place.calendar, calendar));
        if !is_same {
            self.place = Some(Place { calendar, openings: Openings::new(calendar, at), current: None });
        }
        let place = self.place.as_mut().expect("it was just set");
        while place.current.is_none_or(|span| span.end <= at) {
            match place.openings.next() {
                Some(span) => place.current = Some(span),
                None => return Span::new(Moment::MAX, Moment::MAX),
            }
        }
        place.current.expect("the loop ends with one")
    }

    /// A closed stretch, cut where the reason changes.
    fn close(&mut self, calendar: &'a Calendar, span: Span) {
        let mut at = span.start;
        while at < span.end {
            let (days, why) = self.closed_days(calendar, at);
            let end = days.end.min(span.end);
            let why = match why {
                Closed::Hours => Why::ClosedHours,
                Closed::Holiday(name) => Why::Holiday(name),
            };
            self.push(Interval { span: Span::new(at, end), kind: IntervalKind::Closed, why, open_ms: 0 });
            at = end;
        }
    }

    /// The rest of the civil day from a moment on, and why it is closed. Most events come in a day that was just looked up.
    fn closed_days(&mut self, calendar: &'a Calendar, at: Moment) -> (Span, Closed<'a>) {
        let known = self.closed.filter(|(of, days, _)| std::ptr::eq(*of, calendar) && days.contains(at));
        let (_, days, why) = known.unwrap_or_else(|| {
            let (day, _) = split(calendar.zone.clock(at));
            let end = calendar.zone.first(i64::from(day + 1) * DAY_MS);
            (calendar, Span::new(at, end), calendar.why(day))
        });
        self.closed = Some((calendar, days, why));
        (days, why)
    }

    fn push(&mut self, interval: Interval<'a>) {
        if interval.span.is_empty() {
            return;
        }
        match self.intervals.last_mut() {
            Some(last) if last.kind == interval.kind && last.why == interval.why => {
                last.span.end = interval.span.end;
                last.open_ms += interval.open_ms;
            }
            _ => self.intervals.push(interval),
        }
    }
}

/// When the time that ran first adds up to that amount; `None` when it does not. 0 is reached at once.
pub(crate) fn reached(intervals: &[Interval<'_>], amount_ms: i64) -> Option<Moment> {
    let mut left = amount_ms;
    for interval in intervals {
        if left <= 0 {
            return Some(interval.span.start);
        }
        if interval.kind == IntervalKind::Ran {
            // What ran is open throughout, so its length and its open time are the same.
            if interval.open_ms >= left {
                return Some(interval.span.start.plus_ms(left));
            }
            left -= interval.open_ms;
        }
    }
    None
}
