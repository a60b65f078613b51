//! Adding, subtracting, scaling and comparing native histograms.

use super::{Histogram, ResetHint};

/// Two histograms that cannot be put together: one has exponential buckets, the other given bounds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Mismatch;

/// What had to be done to put two histograms together.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Combined {
    /// Their given bounds differed: only the common ones are left.
    pub is_reconciled: bool,
    /// One was known to follow a reset, the other was known not to.
    pub has_conflict: bool,
}

impl Combined {
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            is_reconciled: self.is_reconciled || other.is_reconciled,
            has_conflict: self.has_conflict || other.has_conflict,
        }
    }
}

impl Histogram {
    /// The same observations in the coarser buckets of a lower schema.
    #[must_use]
    pub fn at_schema(&self, schema: i32) -> Self {
        if self.is_custom() || schema >= self.schema {
            return self.clone();
        }
        let by = self.schema - schema;
        let mut out = self.clone();
        out.schema = schema;
        out.positive = coarser(&self.positive, by);
        out.negative = coarser(&self.negative, by);
        out
    }

    /// Adds another histogram.
    pub fn add(&mut self, other: &Self) -> Result<Combined, Mismatch> {
        self.combine(other, 1.0)
    }

    /// Subtracts another histogram.
    pub fn sub(&mut self, other: &Self) -> Result<Combined, Mismatch> {
        self.combine(other, -1.0)
    }

    fn combine(&mut self, other: &Self, factor: f64) -> Result<Combined, Mismatch> {
        use ResetHint::{Gauge, NotReset, Reset, Unknown};
        if self.is_custom() != other.is_custom() {
            return Err(Mismatch);
        }
        let mut combined = Combined::default();
        self.hint = match (self.hint, other.hint) {
            (a, b) if a == b => a,
            (Gauge, _) | (_, Gauge) => Gauge,
            (Unknown, _) | (_, Unknown) => Unknown,
            (Reset | NotReset, _) => {
                combined.has_conflict = true;
                Unknown
            }
        };
        self.count += factor * other.count;
        self.sum += factor * other.sum;
        if self.is_custom() {
            combined.is_reconciled = self.combine_custom(other, factor);
            return Ok(combined);
        }
        let mut other = other.clone();
        self.agree_on_zero(&mut other);
        self.zero_count += factor * other.zero_count;
        let schema = self.schema.min(other.schema);
        if self.schema > schema {
            *self = self.at_schema(schema);
        }
        let other = other.at_schema(schema);
        self.positive = merged(&self.positive, &other.positive, factor);
        self.negative = merged(&self.negative, &other.negative, factor);
        Ok(combined)
    }

    fn combine_custom(&mut self, other: &Self, factor: f64) -> bool {
        if self.bounds == other.bounds {
            self.positive = merged(&self.positive, &other.positive, factor);
            return false;
        }
        let common = self.common_bounds(other);
        let mine = self.rebound(&common);
        let theirs = other.rebound(&common);
        self.positive = merged(&mine, &theirs, factor);
        self.bounds = common;
        true
    }

    fn common_bounds(&self, other: &Self) -> Vec<f64> {
        self.bounds.iter().copied().filter(|b| other.bounds.contains(b)).collect()
    }

    /// Buckets summed up between the given bounds, which are a part of the histogram's own.
    fn rebound(&self, bounds: &[f64]) -> Vec<(i32, f64)> {
        let mut out: Vec<(i32, f64)> = Vec::new();
        for (index, count) in &self.positive {
            let upper = self.bound(*index);
            let target = bounds.partition_point(|b| *b < upper) as i32;
            match out.last_mut() {
                Some((last, sum)) if *last == target => *sum += count,
                _ => out.push((target, *count)),
            }
        }
        out
    }

    /// Widens the narrower zero bucket until both are the same.
    fn agree_on_zero(&mut self, other: &mut Self) {
        while self.zero_threshold.to_bits() != other.zero_threshold.to_bits() {
            if self.zero_threshold < other.zero_threshold {
                self.widen_zero(other.zero_threshold);
            } else {
                other.widen_zero(self.zero_threshold);
            }
        }
    }

    /// Moves buckets below a threshold into the zero bucket; the threshold grows to the end of a bucket that it
    /// would cut.
    pub(super) fn widen_zero(&mut self, threshold: f64) {
        let mut threshold = threshold;
        loop {
            let cut = self
                .positive
                .iter()
                .chain(&self.negative)
                .filter(|(_, count)| *count != 0.0)
                .map(|(index, _)| (self.bound(index - 1), self.bound(*index)))
                .find(|(lower, upper)| *lower < threshold && *upper > threshold);
            match cut {
                Some((_, upper)) => threshold = upper,
                None => break,
            }
        }
        let mut inside = 0.0;
        let (schema, custom) = (self.schema, self.is_custom());
        debug_assert!(!custom);
        for side in [&mut self.positive, &mut self.negative] {
            side.retain(|(index, count)| {
                let swallowed = super::buckets::exponential_bound(*index, schema) <= threshold;
                if swallowed {
                    inside += count;
                }
                !swallowed
            });
        }
        self.zero_count += inside;
        self.zero_threshold = threshold;
    }

    /// Multiplies every count and the sum.
    pub fn scale(&mut self, factor: f64) {
        self.map(|x| x * factor);
        if factor < 0.0 {
            self.hint = ResetHint::Gauge;
        }
    }

    /// Divides every count and the sum. By zero: NaN and infinities, and no buckets.
    pub fn divide(&mut self, by: f64) {
        self.map(|x| x / by);
        if by == 0.0 {
            self.positive.clear();
            self.negative.clear();
        }
        if by < 0.0 {
            self.hint = ResetHint::Gauge;
        }
    }

    fn map(&mut self, f: impl Fn(f64) -> f64) {
        self.count = f(self.count);
        self.sum = f(self.sum);
        self.zero_count = f(self.zero_count);
        for (_, count) in self.positive.iter_mut().chain(&mut self.negative) {
            *count = f(*count);
        }
    }

    /// Whether this histogram can only follow the previous one after a reset of the counter.
    pub fn is_reset_after(&self, previous: &Self) -> bool {
        match self.hint {
            ResetHint::Reset => return true,
            ResetHint::NotReset => return false,
            // Whoever asks takes a gauge for a counter.
            ResetHint::Unknown | ResetHint::Gauge => {}
        }
        if self.is_custom() != previous.is_custom() || self.count < previous.count {
            return true;
        }
        if self.is_custom() && self.bounds != previous.bounds {
            let common = self.common_bounds(previous);
            return shrank(&self.rebound(&common), &previous.rebound(&common));
        }
        if self.schema > previous.schema || self.zero_threshold < previous.zero_threshold {
            return true;
        }
        let mut previous = previous.clone();
        if !self.is_custom() && self.zero_threshold > previous.zero_threshold {
            previous.widen_zero(self.zero_threshold);
            if previous.zero_threshold > self.zero_threshold {
                return true;
            }
        }
        if self.zero_count < previous.zero_count {
            return true;
        }
        let previous = previous.at_schema(self.schema);
        shrank(&self.positive, &previous.positive) || shrank(&self.negative, &previous.negative)
    }

    /// The same observations without empty buckets.
    #[must_use]
    pub fn compacted(mut self) -> Self {
        self.positive.retain(|(_, count)| *count != 0.0);
        self.negative.retain(|(_, count)| *count != 0.0);
        self
    }

    /// Equality as PromQL's `==` sees it: the reset hint does not count, empty buckets neither.
    pub fn equals(&self, other: &Self) -> bool {
        let same_bits = |a: f64, b: f64| a.to_bits() == b.to_bits();
        let (a, b) = (self.clone().compacted(), other.clone().compacted());
        a.schema == b.schema
            && same_bits(a.count, b.count)
            && same_bits(a.sum, b.sum)
            && (a.is_custom()
                || same_bits(a.zero_threshold, b.zero_threshold) && same_bits(a.zero_count, b.zero_count))
            && a.positive == b.positive
            && a.negative == b.negative
            && (!a.is_custom() || a.bounds == b.bounds)
    }
}

fn coarser(buckets: &[(i32, f64)], by: i32) -> Vec<(i32, f64)> {
    let mut out: Vec<(i32, f64)> = Vec::with_capacity(buckets.len());
    for (index, count) in buckets {
        let target = ((index - 1) >> by.min(31)) + 1;
        match out.last_mut() {
            Some((last, sum)) if *last == target => *sum += count,
            _ => out.push((target, *count)),
        }
    }
    out
}

fn merged(a: &[(i32, f64)], b: &[(i32, f64)], factor: f64) -> Vec<(i32, f64)> {
    let mut out = Vec::with_capacity(a.len() + b.len());
    let (mut i, mut j) = (0, 0);
    while i < a.len() || j < b.len() {
        let take_a = j >= b.len() || i < a.len() && a[i].0 <= b[j].0;
        let take_b = i >= a.len() || j < b.len() && b[j].0 <= a[i].0;
        let index = if take_a { a[i].0 } else { b[j].0 };
        let mut count = 0.0;
        if take_a {
            count += a[i].1;
            i += 1;
        }
        if take_b {
            count += factor * b[j].1;
            j += 1;
        }
        out.push((index, count));
    }
    out
}

fn shrank(now: &[(i32, f64)], before: &[(i32, f64)]) -> bool {
    before.iter().filter(|(_, count)| *count > 0.0).any(|(index, count)| {
        now.binary_search_by_key(index, |(i, _)| *i).map_or(true, |at| now[at].1 < *count)
    })
}
