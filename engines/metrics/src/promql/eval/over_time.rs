//! Functions that put the samples of a range together: `avg_over_time` and its kin.

use std::sync::Arc;

use super::Cell;
use super::rates::{Remark, Remarks, note_ignored};
use super::select::Window;
use crate::histogram::{Combined, Histogram};
use crate::kahan;

/// Sum with compensation.
pub fn sum(values: impl IntoIterator<Item = f64>) -> f64 {
    let (mut total, mut carry) = (0.0, 0.0);
    for v in values {
        kahan::add(v, &mut total, &mut carry);
    }
    if total.is_infinite() { total } else { total + carry }
}

/// Mean; when the sum would overflow, updated step by step instead.
pub fn mean(values: &[f64]) -> f64 {
    let (mut total, mut carry, mut average) = (values[0], 0.0, 0.0);
    let mut is_incremental = false;
    for (i, v) in values.iter().enumerate().skip(1) {
        let count = (i + 1) as f64;
        if !is_incremental {
            let (mut new_total, mut new_carry) = (total, carry);
            kahan::add(*v, &mut new_total, &mut new_carry);
            if !new_total.is_infinite() {
                (total, carry) = (new_total, new_carry);
                continue;
            }
            is_incremental = true;
            average = total / (count - 1.0);
            carry /= count - 1.0;
        }
        let share = (count - 1.0) / count;
        average *= share;
        carry *= share;
        kahan::add(v / count, &mut average, &mut carry);
    }
    let count = values.len() as f64;
    if is_incremental { average + carry } else { total / count + carry / count }
}

/// Population variance (Welford, with compensation).
pub fn variance(values: impl IntoIterator<Item = f64>) -> f64 {
    let (mut count, mut mean, mut mean_carry, mut m2, mut m2_carry) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for v in values {
        count += 1.0;
        let delta = v - (mean + mean_carry);
        kahan::add(delta / count, &mut mean, &mut mean_carry);
        kahan::add(delta * (v - (mean + mean_carry)), &mut m2, &mut m2_carry);
    }
    (m2 + m2_carry) / count
}

/// The value at a share `q` of sorted values, linear between neighbours.
pub fn quantile(q: f64, values: &mut [f64]) -> f64 {
    if values.is_empty() || q.is_nan() {
        return f64::NAN;
    }
    if q < 0.0 {
        return f64::NEG_INFINITY;
    }
    if q > 1.0 {
        return f64::INFINITY;
    }
    // NaN sorts before everything else.
    values.sort_by(|a, b| a.partial_cmp(b).unwrap_or_else(|| b.is_nan().cmp(&a.is_nan())));
    let n = values.len() as f64;
    let rank = q * (n - 1.0);
    let low = rank.floor().max(0.0);
    let high = (low + 1.0).min(n - 1.0);
    let weight = rank - rank.floor();
    values[low as usize] * (1.0 - weight) + values[high as usize] * weight
}

/// `avg_over_time` and `sum_over_time`, for floats or histograms.
pub fn total(window: &Window<'_>, is_mean: bool, remarks: &mut Remarks) -> Option<Cell> {
    if !window.ft.is_empty() && !window.ht.is_empty() {
        remarks.push(Remark::MixedTypes);
        return None;
    }
    if window.ft.is_empty() {
        let mut total = histogram_sum(window.hh, remarks)?;
        if is_mean {
            total.divide(window.hh.len() as f64);
        }
        return Some(Cell::Histogram(Arc::new(total.compacted())));
    }
    Some(Cell::Float(if is_mean { mean(window.fv) } else { sum(window.fv.iter().copied()) }))
}

fn histogram_sum(hh: &[Arc<Histogram>], remarks: &mut Remarks) -> Option<Histogram> {
    let mut total = (**hh.first()?).clone();
    let mut combined = Combined::default();
    for h in &hh[1..] {
        let Ok(how) = total.add(h) else {
            remarks.push(Remark::MixedBuckets);
            return None;
        };
        combined = combined.and(how);
    }
    if combined.is_reconciled {
        remarks.push(Remark::Reconciled("aggregation"));
    }
    if combined.has_conflict {
        remarks.push(Remark::ResetConflict("aggregation"));
    }
    Some(total)
}

/// `min_over_time` and `max_over_time`: the value and when it was last taken.
pub fn extreme(window: &Window<'_>, is_max: bool, remarks: &mut Remarks) -> Option<(i64, f64)> {
    note_ignored(window, remarks);
    let mut best = (*window.ft.first()?, window.fv[0]);
    for (t, v) in window.ft.iter().zip(window.fv) {
        let is_better = if is_max { *v > best.1 } else { *v < best.1 };
        if is_better || best.1.is_nan() {
            best = (*t, *v);
        }
    }
    Some(best)
}

/// As [`extreme`], with the last of equal values: what `ts_of_max_over_time` tells.
pub fn time_of_extreme(window: &Window<'_>, is_max: bool, remarks: &mut Remarks) -> Option<Cell> {
    note_ignored(window, remarks);
    let mut best = (*window.ft.first()?, window.fv[0]);
    for (t, v) in window.ft.iter().zip(window.fv) {
        let is_better = if is_max { *v >= best.1 } else { *v <= best.1 };
        if is_better || best.1.is_nan() {
            best = (*t, *v);
        }
    }
    Some(Cell::Float(best.0 as f64 / 1000.0))
}

/// `stdvar_over_time` and `stddev_over_time`.
pub fn spread(window: &Window<'_>, is_root: bool, remarks: &mut Remarks) -> Option<Cell> {
    note_ignored(window, remarks);
    if window.fv.is_empty() {
        return None;
    }
    let variance = variance(window.fv.iter().copied());
    Some(Cell::Float(if is_root { variance.sqrt() } else { variance }))
}

/// `quantile_over_time`.
pub fn quantile_over_time(window: &Window<'_>, q: f64, remarks: &mut Remarks) -> Option<Cell> {
    note_ignored(window, remarks);
    if window.fv.is_empty() {
        return None;
    }
    if !(0.0..=1.0).contains(&q) {
        remarks.push(Remark::InvalidQuantile(q.to_bits()));
    }
    Some(Cell::Float(quantile(q, &mut window.fv.to_vec())))
}

/// `mad_over_time`: the median distance from the median.
pub fn median_deviation(window: &Window<'_>, remarks: &mut Remarks) -> Option<Cell> {
    note_ignored(window, remarks);
    if window.fv.is_empty() {
        return None;
    }
    let median = quantile(0.5, &mut window.fv.to_vec());
    let mut distances: Vec<f64> = window.fv.iter().map(|v| (v - median).abs()).collect();
    Some(Cell::Float(quantile(0.5, &mut distances)))
}

/// The first or the last sample, of whatever type, with its time.
pub fn end(window: &Window<'_>, is_last: bool) -> Option<(i64, Cell)> {
    let pick = |len: usize| if is_last { len.checked_sub(1) } else { (len > 0).then_some(0) };
    let float = pick(window.ft.len()).map(|i| (window.ft[i], Cell::Float(window.fv[i])));
    let histogram = pick(window.ht.len()).map(|i| (window.ht[i], Cell::Histogram(window.hh[i].clone())));
    match (float, histogram) {
        (Some(f), Some(h)) => Some(if (f.0 > h.0) == is_last { f } else { h }),
        (f, h) => f.or(h),
    }
}

/// When the first or the last sample was taken, in seconds.
pub fn time_of_end(window: &Window<'_>, is_last: bool) -> Option<Cell> {
    end(window, is_last).map(|(t, _)| Cell::Float(t as f64 / 1000.0))
}

enum Either<'a> {
    Float(f64),
    Histogram(&'a Histogram),
}

/// `changes` and `resets`: how often neighbours differ, or fall. A change of type counts for both.
pub fn count_steps(window: &Window<'_>, is_resets: bool) -> Option<Cell> {
    if window.ht.is_empty() {
        let differs = |w: &&[f64]| {
            if is_resets { w[1] < w[0] } else { w[1] != w[0] && !(w[0].is_nan() && w[1].is_nan()) }
        };
        let count = window.fv.windows(2).filter(differs).count();
        return (!window.fv.is_empty()).then_some(Cell::Float(count as f64));
    }
    let floats = window.ft.iter().zip(window.fv).map(|(t, v)| (*t, Either::Float(*v)));
    let histograms = window.ht.iter().zip(window.hh).map(|(t, h)| (*t, Either::Histogram(h)));
    let mut all: Vec<_> = floats.chain(histograms).collect();
    all.sort_by_key(|(t, _)| *t);
    let counts = |w: &&[(i64, Either<'_>)]| match (&w[0].1, &w[1].1) {
        (Either::Float(a), Either::Float(b)) if is_resets => b < a,
        (Either::Float(a), Either::Float(b)) => a != b && !(a.is_nan() && b.is_nan()),
        (Either::Histogram(a), Either::Histogram(b)) if is_resets => b.is_reset_after(a),
        (Either::Histogram(a), Either::Histogram(b)) => !a.equals(b),
        _ => true,
    };
    Some(Cell::Float(all.windows(2).filter(counts).count() as f64))
}
