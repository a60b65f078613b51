//! Samples: a time in milliseconds and a float or a native histogram.

use std::sync::Arc;

use crate::histogram::Histogram;

/// The NaN that says "this series ended here" (staleness marker), bit for bit as Prometheus writes it.
pub const STALE_BITS: u64 = 0x7ff0_0000_0000_0002;
/// The NaN Prometheus writes for an ordinary NaN.
pub const NAN_BITS: u64 = 0x7ff8_0000_0000_0001;
/// The NaN that marks a place in a column of floats at which there is no float. Never stored, never shown.
const HOLE_BITS: u64 = 0x7ff4_0000_4d53_0001;

/// The staleness marker as a float.
pub fn stale() -> f64 {
    f64::from_bits(STALE_BITS)
}

pub fn is_stale(value: f64) -> bool {
    value.to_bits() == STALE_BITS
}

/// The mark for "nothing here" in a column of floats.
pub fn hole() -> f64 {
    f64::from_bits(HOLE_BITS)
}

pub fn is_hole(value: f64) -> bool {
    value.to_bits() == HOLE_BITS
}

/// What a series holds at one moment.
#[derive(Clone, Debug)]
pub enum Value {
    Float(f64),
    Histogram(Arc<Histogram>),
}

/// Samples of one series in the order of time, as columns. Where `v` holds the hole mark, `h` holds a histogram.
#[derive(Clone, Debug, Default)]
pub struct Samples {
    /// Milliseconds since 1970.
    pub t: Vec<i64>,
    pub v: Vec<f64>,
    /// Positions in `t` that hold a histogram, ascending.
    pub h: Vec<(usize, Arc<Histogram>)>,
}

impl Samples {
    pub fn clear(&mut self) {
        self.t.clear();
        self.v.clear();
        self.h.clear();
    }

    pub fn len(&self) -> usize {
        self.t.len()
    }

    pub fn is_empty(&self) -> bool {
        self.t.is_empty()
    }

    pub fn push(&mut self, t: i64, value: Value) {
        match value {
            Value::Float(v) => self.v.push(v),
            Value::Histogram(h) => {
                self.h.push((self.t.len(), h));
                self.v.push(hole());
            }
        }
        self.t.push(t);
    }

    /// The histogram at a position, where there is one.
    pub fn histogram(&self, at: usize) -> Option<&Arc<Histogram>> {
        if self.h.is_empty() || !is_hole(self.v[at]) {
            return None;
        }
        self.h.binary_search_by_key(&at, |(i, _)| *i).ok().map(|i| &self.h[i].1)
    }

    pub fn value(&self, at: usize) -> Value {
        self.histogram(at).map_or_else(|| Value::Float(self.v[at]), |h| Value::Histogram(h.clone()))
    }

    /// Brings samples that were appended out of order into order and drops repeated times; of equal times the
    /// first appended stays.
    pub fn settle(&mut self) {
        if self.t.windows(2).all(|w| w[0] < w[1]) {
            return;
        }
        let mut order: Vec<usize> = (0..self.t.len()).collect();
        order.sort_by_key(|&i| self.t[i]);
        order.dedup_by_key(|i| self.t[*i]);
        let mut sorted = Samples::default();
        for i in order {
            sorted.push(self.t[i], self.value(i));
        }
        *self = sorted;
    }

    /// Keeps the samples with `from <= t <= to`; they must be in order.
    pub fn clip(&mut self, from: i64, to: i64) {
        let end = self.t.partition_point(|t| *t <= to);
        let start = self.t.partition_point(|t| *t < from).min(end);
        if start == 0 && end == self.t.len() {
            return;
        }
        self.t.truncate(end);
        self.v.truncate(end);
        self.t.drain(..start);
        self.v.drain(..start);
        self.h.retain_mut(|(i, _)| {
            let keep = (start..end).contains(i);
            *i = i.saturating_sub(start);
            keep
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn late_samples_are_sorted_in_and_the_first_of_equal_times_stays() {
        let mut samples = Samples::default();
        for (t, v) in [(1, 1.0), (3, 3.0), (2, 2.0), (3, 4.0)] {
            samples.push(t, Value::Float(v));
        }
        samples.settle();
        assert_eq!((samples.t.clone(), samples.v.clone()), (vec![1, 2, 3], vec![1.0, 2.0, 3.0]));
        samples.clip(2, 2);
        assert_eq!(samples.t, [2]);
    }
}
