//! Sets of time with exact algebra: union, intersection, difference, complement, measure.

use serde::{Deserialize, Serialize};

use crate::moment::{Moment, Span};

/// A set of moments, kept as the fewest half-open spans in ascending order: none empty, none touching.
///
/// Because that form is unique, `==` is equality of sets. Empty and reversed spans add nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<Span>", into = "Vec<Span>")]
pub struct Spans(Vec<Span>);

impl Spans {
    /// The empty set.
    pub fn none() -> Self {
        Self::default()
    }

    /// Ascending, disjoint, none touching.
    pub fn as_slice(&self) -> &[Span] {
        &self.0
    }

    /// Its spans, ascending.
    pub fn iter(&self) -> impl Iterator<Item = Span> + '_ {
        self.0.iter().copied()
    }

    /// Whether no moment is in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Milliseconds in the set; 0 for the empty one.
    pub fn measure_ms(&self) -> i64 {
        self.iter().map(Span::length_ms).sum()
    }

    /// Whether that moment is in it; the ends of its spans are not.
    pub fn contains(&self, moment: Moment) -> bool {
        let after = self.0.partition_point(|span| span.start <= moment);
        after > 0 && moment < self.0[after - 1].end
    }

    /// Whether every moment of `span` is in the set. True for an empty span.
    pub fn covers(&self, span: Span) -> bool {
        let after = self.0.partition_point(|own| own.start <= span.start);
        span.is_empty() || (after > 0 && span.end <= self.0[after - 1].end)
    }

    /// Adds a span that starts no earlier than every span before it. The cheap way to build a set in order.
    pub(crate) fn push_in_order(&mut self, span: Span) {
        if span.is_empty() {
            return;
        }
        match self.0.last_mut() {
            Some(last) if span.start <= last.end => last.end = last.end.max(span.end),
            _ => self.0.push(span),
        }
    }

    /// What is in either set.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        self.iter().chain(other.iter()).collect()
    }

    /// What is in both sets.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        let (mut a, mut b) = (0, 0);
        let mut both = Self::none();
        while let (Some(left), Some(right)) = (self.0.get(a), other.0.get(b)) {
            both.push_in_order(left.intersection(*right));
            if left.end < right.end { a += 1 } else { b += 1 }
        }
        both
    }

    /// What is in this set and not in the other.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        let mut left = Self::none();
        let mut at = 0;
        for span in self.iter() {
            let mut start = span.start;
            while other.0.get(at).is_some_and(|cut| cut.end <= start) {
                at += 1;
            }
            for cut in other.0[at..].iter().take_while(|cut| cut.start < span.end) {
                left.push_in_order(Span::new(start, cut.start));
                start = start.max(cut.end);
            }
            left.push_in_order(Span::new(start, span.end));
        }
        left
    }

    /// What of `range` is not in the set. Empty for an empty or reversed range.
    #[must_use]
    pub fn complement(&self, range: Span) -> Self {
        Self::from(range).difference(self)
    }

    /// What is in exactly one of the two sets.
    #[must_use]
    pub fn symmetric_difference(&self, other: &Self) -> Self {
        self.union(other).difference(&self.intersection(other))
    }
}

impl From<Span> for Spans {
    fn from(span: Span) -> Self {
        std::iter::once(span).collect()
    }
}

impl From<Vec<Span>> for Spans {
    fn from(spans: Vec<Span>) -> Self {
        spans.into_iter().collect()
    }
}

impl From<Spans> for Vec<Span> {
    fn from(spans: Spans) -> Self {
        spans.0
    }
}

impl FromIterator<Span> for Spans {
    /// In any order, overlapping or not; empty and reversed spans are left out.
    fn from_iter<I: IntoIterator<Item = Span>>(spans: I) -> Self {
        let mut sorted: Vec<Span> = spans.into_iter().filter(|span| !span.is_empty()).collect();
        sorted.sort_unstable();
        let mut set = Self(Vec::with_capacity(sorted.len()));
        for span in sorted {
            set.push_in_order(span);
        }
        set
    }
}
