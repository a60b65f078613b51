//! Maintenance windows: recurring time in which work may run, freezes in which it may not, and what fits.

use jiff::civil::DateTime;
use serde::{Deserialize, Serialize};

use crate::moment::{DAY_MS, MINUTE_MS, Moment, Span};
use crate::oncall::Wall;
use crate::problem::Problem;
use crate::recur::Rule;
use crate::spans::Spans;
use crate::zone::Zone;

/// A window as stored and exchanged: a first time on the wall, a duration, a rule to repeat it.
///
/// The start of each occurrence is on the wall clock and follows the rule of [`Zone`] (in a gap: the moment of
/// the change, where RFC 5545 would go on by the old offset; in a fold: the first). Its length is exact time:
/// four hours last four hours when the clocks change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// On whose wall clock it opens.
    #[serde(default, alias = "time_zone")]
    pub zone: Zone,
    /// The first time it opens; the rule goes on from here.
    pub start: Wall,
    /// 1 minute to 31 days.
    pub minutes: u32,
    /// Left out: only once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<Rule>,
    /// Starts on the wall that are left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub except: Vec<Wall>,
}

/// A period in which nothing may run, whatever the windows say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Freeze {
    /// Nothing runs from then on.
    pub from: Moment,
    /// Up to then, itself not included; a reversed freeze stops nothing.
    pub to: Moment,
    /// Shown where it stops something.
    pub reason: String,
}

/// One time a window opens, with what the freezes leave of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Occurrence<'a> {
    /// When it is open.
    #[serde(flatten)]
    pub span: Span,
    /// When work may run: the span without the freezes.
    pub usable: Spans,
    /// The freezes that take something away.
    pub frozen_by: Vec<&'a str>,
}

/// Whether work that takes a known time may start now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "fields are named like what they hold; `next` is when it fits next")]
pub enum Verdict {
    /// It may, and has until then.
    Start { until: Moment },
    /// The window is open but too little of it is left.
    TooLate { left_ms: i64, next: Option<Moment> },
    /// A freeze holds.
    Frozen { until: Moment, reason: String, next: Option<Moment> },
    /// No window is open.
    Outside { next: Option<Moment> },
}

/// Two windows that are open at the same time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Collision {
    /// Place of one in the list that was given.
    pub first: usize,
    /// Place of the other, after it.
    pub second: usize,
    /// When both are open.
    pub time: Spans,
}

/// How far [`Window::next_fit`] looks ahead.
pub const LOOK_AHEAD_MS: i64 = 5 * 366 * DAY_MS;

impl Window {
    /// Refuses a duration of 0 or of more than 31 days.
    pub fn check(&self) -> Result<(), Problem> {
        if (1..=31 * 1440).contains(&self.minutes) {
            return Ok(());
        }
        Err(Problem::new("minutes", "a window lasts 1 minute to 31 days (44640 minutes)"))
    }

    fn length_ms(&self) -> i64 {
        i64::from(self.minutes.clamp(1, 31 * 1440)) * MINUTE_MS
    }

    /// The times it is open that touch a range, ascending; overlapping ones each for itself. Nothing for an
    /// empty or reversed range.
    pub fn spans(&self, range: Span) -> impl Iterator<Item = Span> + '_ {
        let end = if range.is_empty() { range.start } else { range.end };
        let starts: Box<dyn Iterator<Item = DateTime>> = match &self.rule {
            None => Box::new(std::iter::once(self.start.datetime())),
            Some(rule) => {
                let mut occurrences = rule.occurrences(self.start.datetime(), &self.zone);
                occurrences.skip_to(self.zone.date(range.start.plus_ms(-self.length_ms() - 2 * DAY_MS)));
                Box::new(occurrences)
            }
        };
        starts
            .filter(|start| !self.except.iter().any(|except| except.datetime() == *start))
            .map(|start| self.zone.moment(start))
            .map(|start| Span::new(start, start.plus_ms(self.length_ms())))
            .take_while(move |span| span.start < end)
            .filter(move |span| span.end > range.start)
    }

    /// The times it is open that touch a range, with what the freezes leave. None for an empty or reversed range;
    /// a reversed freeze takes nothing.
    pub fn occurrences<'a>(&self, range: Span, freezes: &'a [Freeze]) -> Vec<Occurrence<'a>> {
        let frozen = frozen(freezes);
        let occurrence = |span: Span| Occurrence {
            span,
            usable: Spans::from(span).difference(&frozen),
            frozen_by: freezes
                .iter()
                .filter(|freeze| freeze.touches(span))
                .map(|freeze| freeze.reason.as_str())
                .collect(),
        };
        self.spans(range).map(occurrence).collect()
    }

    /// The next `most` times it opens that end after `at`; fewer when the rule ends before.
    pub fn next_occurrences<'a>(
        &self,
        at: Moment,
        freezes: &'a [Freeze],
        most: usize,
    ) -> Vec<Occurrence<'a>> {
        let spans: Vec<Span> = self.spans(Span::new(at, Moment::MAX)).take(most).collect();
        spans.iter().filter_map(|span| self.occurrences_at(*span, freezes)).collect()
    }

    fn occurrences_at<'a>(&self, span: Span, freezes: &'a [Freeze]) -> Option<Occurrence<'a>> {
        let at_start = Span::new(span.start, span.start.plus_ms(1));
        self.occurrences(at_start, freezes).into_iter().find(|occurrence| occurrence.span == span)
    }

    /// Never start what cannot finish: whether work of that length may start at `at`, inside one opening and
    /// outside every freeze. The length is exact milliseconds; 0 and less fit whenever it is open.
    pub fn may_start(&self, at: Moment, needs_ms: i64, freezes: &[Freeze]) -> Verdict {
        let next = || self.next_fit(at, needs_ms, freezes);
        if let Some(freeze) = freezes.iter().find(|freeze| Span::new(freeze.from, freeze.to).contains(at)) {
            return Verdict::Frozen { until: freeze.to, reason: freeze.reason.clone(), next: next() };
        }
        let now = Span::new(at, at.plus_ms(1));
        let frozen = frozen(freezes);
        let usable = self.spans(now).filter_map(|span| {
            let usable = Spans::from(span).difference(&frozen);
            usable.iter().find(|part| part.contains(at)).map(|part| part.end)
        });
        match usable.max() {
            None => Verdict::Outside { next: next() },
            Some(end) if end.since(at) >= needs_ms => Verdict::Start { until: end },
            Some(end) => Verdict::TooLate { left_ms: end.since(at), next: next() },
        }
    }

    /// The earliest moment from `at` on at which work of that length can start and finish in one opening
    /// without meeting a freeze; a length of 0 or less counts as 1 ms. `None` when there is none within five years
    /// ([`LOOK_AHEAD_MS`]).
    pub fn next_fit(&self, at: Moment, needs_ms: i64, freezes: &[Freeze]) -> Option<Moment> {
        let frozen = frozen(freezes);
        let range = Span::new(at, at.plus_ms(LOOK_AHEAD_MS));
        let rest = Span::new(at, Moment::MAX);
        self.spans(range)
            .flat_map(|span| {
                let usable = Spans::from(span.intersection(rest)).difference(&frozen);
                usable.iter().collect::<Vec<_>>()
            })
            .find(|part| part.length_ms() >= needs_ms.max(1))
            .map(|part| part.start)
    }
}

impl Freeze {
    fn touches(&self, span: Span) -> bool {
        !Span::new(self.from, self.to).intersection(span).is_empty()
    }
}

fn frozen(freezes: &[Freeze]) -> Spans {
    freezes.iter().map(|freeze| Span::new(freeze.from, freeze.to)).collect()
}

/// Which windows of a list are open at the same time in a range; each pair once, in the order of the list.
/// Windows that only touch do not collide; nothing does in an empty or reversed range.
pub fn collisions(windows: &[Window], range: Span) -> Vec<Collision> {
    let cut = |window: &Window| window.spans(range).map(|span| span.intersection(range)).collect();
    let open: Vec<Spans> = windows.iter().map(cut).collect();
    let mut found = Vec::new();
    for (first, one) in open.iter().enumerate() {
        for (second, other) in open.iter().enumerate().skip(first + 1) {
            let time = one.intersection(other);
            if !time.is_empty() {
                found.push(Collision { first, second, time });
            }
        }
    }
    found
}
