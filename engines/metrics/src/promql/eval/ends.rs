//! Values exactly at the ends of ranges and between samples: `anchored` and `smoothed` (experimental).

use super::select::{Apart, Place};
use super::{Eval, Grid, Result, Series};
use crate::promql::ast::{Ends, Selector};
use crate::sample::Samples;
use crate::store::rollup::Column;
use crate::store::select::{Coarse, Selected};

impl Eval<'_> {
    /// Values on the straight line between the samples around each step (experimental).
    pub fn each_smoothed(
        &mut self,
        selector: &Selector,
        grid: Grid,
        sink: &mut dyn FnMut(&mut Self, Series) -> Result<()>,
    ) -> Result<()> {
        let (offset, fixed) = (self.offset(selector.offset.as_ref())?, self.fixed_time(selector.at));
        let lookback = self.options.lookback_ms;
        let reference = |t: i64| fixed.unwrap_or(t).saturating_sub(offset);
        let span = (self.first_inside(reference(grid.start), lookback), reference(grid.last()) + lookback);
        let of_samples = |series: &Selected, samples: &Samples, _: Coarse| {
            let apart = Apart::of(samples);
            let mut made = Series::empty(series.labels.clone(), grid.len);
            for (step, t) in grid.times().enumerate() {
                if let Some(v) = interpolated(&apart.ft, &apart.fv, reference(t), lookback, false) {
                    made.v[step] = v;
                }
            }
            (!made.is_empty()).then_some(made)
        };
        let series = self.selected(selector, span.0, span.1)?;
        self.each_read(&series, span, Column::Last, &of_samples, &mut |eval, _, made| sink(eval, made))
    }
}

/// The straight line between the samples around a time, as far as they are within the lookback; after a reset a counter
/// grows from zero.
fn interpolated(ft: &[i64], fv: &[f64], t: i64, lookback: i64, is_counter: bool) -> Option<f64> {
    let after = ft.partition_point(|x| *x <= t);
    let before = after.checked_sub(1).filter(|&i| ft[i] > t - lookback);
    let next = (after < ft.len() && ft[after] < t + lookback).then_some(after);
    match (before, next) {
        (Some(b), Some(n)) if ft[b] != t => {
            let low = if is_counter && fv[n] < fv[b] { 0.0 } else { fv[b] };
            Some(low + (fv[n] - low) * (t - ft[b]) as f64 / (ft[n] - ft[b]) as f64)
        }
        (Some(b), _) => Some(fv[b]),
        (None, Some(n)) => Some(fv[n]),
        (None, None) => None,
    }
}

impl Place {
    /// The samples of a window with values added exactly at its ends: the newest before each (`anchored`), or
    /// interpolated between the neighbours (`smoothed`).
    pub fn with_ends(&self, apart: &Apart<'_>, start: i64, end: i64) -> (Vec<i64>, Vec<f64>) {
        let (ft, fv) = (&apart.ft[..], &apart.fv[..]);
        let is_anchored = self.ends == Ends::Anchored;
        let value_at = |t: i64| {
            let before =
                ft.partition_point(|x| *x <= t).checked_sub(1).filter(|&i| ft[i] > t - self.lookback);
            match before {
                Some(b) if is_anchored => Some(fv[b]),
                _ => interpolated(ft, fv, t, self.lookback, self.is_counter),
            }
        };
        let (first, last) = (ft.partition_point(|t| *t <= start), ft.partition_point(|t| *t < end));
        let (mut t, mut v) = (Vec::new(), Vec::new());
        if first > last || first == last && is_anchored && ft.partition_point(|t| *t <= end) == first {
            return (t, v);
        }
        let inside = ft[first..last].iter().copied().zip(fv[first..last].iter().copied());
        let head = value_at(start).or_else(|| fv.get(first).copied()).map(|v| (start, v));
        let tail = value_at(end).map(|v| (end, v));
        for (time, value) in head.into_iter().chain(inside).chain(tail) {
            t.push(time);
            v.push(value);
        }
        (t, v)
    }
}
