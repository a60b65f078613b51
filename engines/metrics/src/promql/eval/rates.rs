//! Functions that look at how a series grows: rate, increase, delta, irate, deriv, …

use std::sync::Arc;

use super::Cell;
use super::select::Window;
use crate::histogram::{Histogram, ResetHint};
use crate::kahan;

/// What went wrong with histograms in a window, for a note.
#[derive(Clone, Copy, PartialEq, Eq, Debug, PartialOrd, Ord)]
pub enum Remark {
    MixedTypes,
    MixedBuckets,
    NotCounter,
    NotGauge,
    HistogramsIgnored,
    InvalidQuantile(u64),
    /// Given bounds differed, during this operation.
    Reconciled(&'static str),
    /// What is known of resets differed, during this operation.
    ResetConflict(&'static str),
}

pub type Remarks = Vec<Remark>;

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Growth {
    Rate,
    Increase,
    Delta,
}

/// `rate`, `increase` and `delta`: growth between first and last sample, extended to the ends of the range where the
/// samples come close to them. Source: Prometheus' documentation of `rate` and its extrapolation.
pub fn growth(window: &Window<'_>, kind: Growth, remarks: &mut Remarks) -> Option<Cell> {
    if !window.ft.is_empty() && !window.ht.is_empty() {
        remarks.push(Remark::MixedTypes);
        return None;
    }
    let is_counter = kind != Growth::Delta;
    if window.ht.len() > 1 {
        let grown = histogram_growth(window.hh, is_counter, remarks)?;
        let first = &window.hh[0];
        let zero = (is_counter && grown.count > 0.0 && first.count >= 0.0).then(|| first.count / grown.count);
        let factor = extension(window, window.ht, zero, kind);
        let mut grown = grown;
        grown.scale(factor);
        grown.hint = ResetHint::Gauge;
        return Some(Cell::Histogram(Arc::new(grown.compacted())));
    }
    let (first, last) = (*window.fv.first()?, *window.fv.last()?);
    if window.fv.len() < 2 {
        return None;
    }
    let mut grown = last - first;
    if is_counter && window.may_fall {
        grown += window.fv.windows(2).filter(|w| w[1] < w[0]).map(|w| w[0]).sum::<f64>();
    }
    let zero = (is_counter && grown > 0.0 && first >= 0.0).then(|| first / grown);
    Some(Cell::Float(grown * extension(window, window.ft, zero, kind)))
}

/// The factor that extends what was seen to the whole range. `zero` tells how far back, in parts of the sampled
/// interval, a counter would have been zero.
fn extension(window: &Window<'_>, times: &[i64], zero: Option<f64>, kind: Growth) -> f64 {
    let seconds = |ms: i64| ms as f64 / 1000.0;
    let (first, last) = (times[0], times[times.len() - 1]);
    let sampled = seconds(last - first);
    let average = sampled / (times.len() - 1) as f64;
    let threshold = average * 1.1;
    let mut to_start = seconds(first - window.start);
    let mut to_end = seconds(window.end - last);
    let to_zero = zero.map_or(f64::INFINITY, |zero| sampled * zero);
    if window.is_version_2 {
        to_start = to_start.min(to_zero);
    }
    if to_start >= threshold {
        to_start = average / 2.0;
    }
    if !window.is_version_2 {
        to_start = to_start.min(to_zero);
    }
    if to_end >= threshold {
        to_end = average / 2.0;
    }
    let factor = (sampled + to_start + to_end) / sampled;
    if kind == Growth::Rate { factor / seconds(window.end - window.start) } else { factor }
}

fn histogram_growth(hh: &[Arc<Histogram>], is_counter: bool, remarks: &mut Remarks) -> Option<Histogram> {
    let (mut first, last) = ((*hh[0]).clone(), &hh[hh.len() - 1]);
    let is_gauge = |h: &Histogram| h.hint == ResetHint::Gauge;
    if is_counter && hh.iter().any(|h| is_gauge(h)) {
        remarks.push(Remark::NotCounter);
    }
    if !(is_counter || is_gauge(&first) && is_gauge(last)) {
        remarks.push(Remark::NotGauge);
    }
    if is_counter && hh[1].is_reset_after(&first) {
        // What came before the reset does not count, nor need its buckets fit.
        let Histogram { schema, ref bounds, .. } = *hh[1];
        first = Histogram { schema, bounds: bounds.clone(), ..Histogram::default() };
    }
    let between = if is_counter { &hh[1..hh.len() - 1] } else { &[] };
    if last.is_custom() != first.is_custom() || between.iter().any(|h| h.is_custom() != first.is_custom()) {
        remarks.push(Remark::MixedBuckets);
        return None;
    }
    let lowest = between.iter().map(|h| h.schema).chain([first.schema, last.schema]).min()?;
    let mut grown = last.at_schema(lowest);
    // What the samples say about resets is looked at below.
    let mut combined = grown.sub(&first.at_schema(lowest)).ok()?;
    if is_counter {
        let mut before = &first;
        for h in &hh[1..] {
            if h.is_reset_after(before) {
                combined = combined.and(grown.add(&before.at_schema(lowest)).ok()?);
            }
            before = h;
        }
    }
    if combined.is_reconciled {
        remarks.push(Remark::Reconciled("subtraction"));
    }
    Some(grown)
}

/// `irate` and `idelta`: from the last two samples only.
pub fn instant_growth(window: &Window<'_>, is_rate: bool, remarks: &mut Remarks) -> Option<Cell> {
    let mut last_two: Vec<(i64, Cell)> = Vec::with_capacity(4);
    let floats = window.ft.iter().zip(window.fv).rev().take(2).map(|(t, v)| (*t, Cell::Float(*v)));
    let histograms =
        window.ht.iter().zip(window.hh).rev().take(2).map(|(t, h)| (*t, Cell::Histogram(h.clone())));
    last_two.extend(floats.chain(histograms));
    last_two.sort_by_key(|(t, _)| std::cmp::Reverse(*t));
    if last_two.len() < 2 {
        return None;
    }
    let ((last_t, last), (t, before)) = (&last_two[0], &last_two[1]);
    let seconds = (last_t - t) as f64 / 1000.0;
    if seconds == 0.0 {
        return None;
    }
    match (last, before) {
        (Cell::Float(last), Cell::Float(before)) => {
            let grown = if is_rate && last < before { *last } else { last - before };
            Some(Cell::Float(if is_rate { grown / seconds } else { grown }))
        }
        (Cell::Histogram(last), Cell::Histogram(before)) => {
            let mut grown = (**last).clone();
            let gauges = [last, before].iter().filter(|h| h.hint == ResetHint::Gauge).count();
            if is_rate && gauges > 0 {
                remarks.push(Remark::NotCounter);
            }
            if !is_rate && gauges < 2 {
                remarks.push(Remark::NotGauge);
            }
            if !(is_rate && last.is_reset_after(before)) {
                match grown.sub(before) {
                    Ok(combined) if combined.is_reconciled => remarks.push(Remark::Reconciled("subtraction")),
                    Ok(_) => {}
                    Err(_) => {
                        remarks.push(Remark::MixedBuckets);
                        return None;
                    }
                }
            }
            if is_rate {
                grown.divide(seconds);
            }
            grown.hint = ResetHint::Gauge;
            Some(Cell::Histogram(Arc::new(grown.compacted())))
        }
        _ => {
            remarks.push(Remark::MixedTypes);
            None
        }
    }
}

/// Slope and value at a time of the straight line through samples (least squares).
pub fn regression(t: &[i64], v: &[f64], intercept_at: i64) -> (f64, f64) {
    let (mut x_sum, mut x_carry, mut y_sum, mut y_carry) = (0.0, 0.0, 0.0, 0.0);
    let (mut xy_sum, mut xy_carry, mut xx_sum, mut xx_carry) = (0.0, 0.0, 0.0, 0.0);
    let is_constant = v.iter().all(|y| *y == v[0]);
    for (t, y) in t.iter().zip(v) {
        let x = (t - intercept_at) as f64 / 1000.0;
        kahan::add(x, &mut x_sum, &mut x_carry);
        kahan::add(*y, &mut y_sum, &mut y_carry);
        kahan::add(x * y, &mut xy_sum, &mut xy_carry);
        kahan::add(x * x, &mut xx_sum, &mut xx_carry);
    }
    if is_constant {
        return if v[0].is_infinite() { (f64::NAN, f64::NAN) } else { (0.0, v[0]) };
    }
    let n = v.len() as f64;
    let (x, y, xy, xx) = (x_sum + x_carry, y_sum + y_carry, xy_sum + xy_carry, xx_sum + xx_carry);
    let covariance = xy - x * y / n;
    let variance = xx - x * x / n;
    let slope = covariance / variance;
    (slope, y / n - slope * x / n)
}

/// `deriv`: the slope per second.
pub fn deriv(window: &Window<'_>, remarks: &mut Remarks) -> Option<Cell> {
    if window.ft.len() < 2 {
        note_ignored(window, remarks);
        return None;
    }
    note_ignored(window, remarks);
    Some(Cell::Float(regression(window.ft, window.fv, window.ft[0]).0))
}

/// `predict_linear`: where the line will be some seconds after the moment of evaluation.
pub fn predict(window: &Window<'_>, seconds: f64, remarks: &mut Remarks) -> Option<Cell> {
    note_ignored(window, remarks);
    if window.ft.len() < 2 {
        return None;
    }
    let (slope, value) = regression(window.ft, window.fv, window.at);
    Some(Cell::Float(slope * seconds + value))
}

/// `double_exponential_smoothing` (formerly `holt_winters`): level and trend, both smoothed.
pub fn smoothing(window: &Window<'_>, level: f64, trend: f64, remarks: &mut Remarks) -> Option<Cell> {
    note_ignored(window, remarks);
    let v = window.fv;
    if v.len() < 2 {
        return None;
    }
    let (mut before, mut smoothed, mut slope) = (0.0, v[0], v[1] - v[0]);
    for (i, value) in v.iter().enumerate().skip(1) {
        let x = level * value;
        if i > 1 {
            slope = trend * (smoothed - before) + (1.0 - trend) * slope;
        }
        let y = (1.0 - level) * (smoothed + slope);
        before = smoothed;
        smoothed = x + y;
    }
    Some(Cell::Float(smoothed))
}

pub fn note_ignored(window: &Window<'_>, remarks: &mut Remarks) {
    if !window.ht.is_empty() && !window.ft.is_empty() {
        remarks.push(Remark::HistogramsIgnored);
    }
}
