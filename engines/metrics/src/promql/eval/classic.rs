//! Functions over histograms: native ones, and classic ones made of `_bucket` series with an `le` label.

use std::collections::HashMap;

use super::{Eval, Grid, Result, Series, Val, merge};
use crate::labels::{Labels, METRIC_NAME};
use crate::promql::Fault;
use crate::promql::ast::{Call, Expr};
use crate::sample::hole;

/// Differences between buckets below this share are rounding and no counter that fell.
const SMALL: f64 = 1e-12;

/// What is asked of each histogram.
#[derive(Clone, Copy)]
enum Question<'a> {
    Quantile(&'a [f64]),
    Fraction(&'a [f64], &'a [f64]),
}

impl Eval<'_> {
    pub fn histogram_function(&mut self, call: &Call, grid: Grid) -> Result<Val> {
        match call.function.name {
            "histogram_fraction" => {
                let lower = self.scalar(&call.arguments[0], grid)?;
                let upper = self.scalar(&call.arguments[1], grid)?;
                let series = self.vector(&call.arguments[2], grid)?;
                Ok(Val::Vector(self.answer(Question::Fraction(&lower, &upper), &series, grid, call.position)))
            }
            "histogram_quantiles" => {
                let series = self.vector(&call.arguments[0], grid)?;
                let Expr::Text(label) = call.arguments[1].bare() else {
                    return Err(Fault::Execution("a label name was expected".into()));
                };
                let mut all = Vec::new();
                for argument in &call.arguments[2..] {
                    let q = self.scalar(argument, grid)?;
                    let value = q.first().map_or_else(String::new, |q| crate::api::float(*q));
                    for mut s in self.answer(Question::Quantile(&q), &series, grid, call.position) {
                        s.labels = s.labels.with(label, &value);
                        all.push(s);
                    }
                }
                merge(all, true).map(Val::Vector)
            }
            _ => {
                let q = self.scalar(&call.arguments[0], grid)?;
                let series = self.vector(&call.arguments[1], grid)?;
                if let Some(bad) = q.iter().find(|q| !(0.0..=1.0).contains(*q)) {
                    let place = self.place(call.position);
                    self.notes.warn(format!(
                        "quantile value should be between 0 and 1, got {} ({place})",
                        crate::api::float(*bad)
                    ));
                }
                Ok(Val::Vector(self.answer(Question::Quantile(&q), &series, grid, call.position)))
            }
        }
    }

    fn answer(
        &mut self,
        question: Question<'_>,
        series: &[Series],
        grid: Grid,
        position: usize,
    ) -> Vec<Series> {
        let place = self.place(position);
        let mut classic: HashMap<Labels, Vec<(f64, &Series)>> = HashMap::new();
        let mut order: Vec<Labels> = Vec::new();
        let mut out: Vec<Series> = Vec::new();
        let mut metrics: HashMap<Labels, &str> = HashMap::new();
        for s in series {
            metrics.entry(s.labels.filtered(|n| n != "le" && n != METRIC_NAME)).or_insert(s.labels.name());
            if s.h.is_some() {
                let mut answered = Series::empty(s.labels.without_name(), grid.len);
                for step in 0..grid.len {
                    if let Some(h) = s.histogram(step) {
                        let value = match question {
                            Question::Quantile(q) => h.quantile(q[step]),
                            Question::Fraction(lower, upper) => h.fraction(lower[step], upper[step]),
                        };
                        answered.v[step] = value;
                        if h.sum.is_nan() && h.count > 0.0 {
                            let q = if let Question::Quantile(q) = question { Some(q[step]) } else { None };
                            self.note_nan_observations(q, value, s.labels.name(), &place);
                        }
                    }
                }
                out.push(answered);
            }
            if (0..grid.len).all(|step| s.float(step).is_none()) {
                continue;
            }
            let Some(bound) = parse_bound(s.labels.get("le")) else {
                let (metric, le) = (s.labels.name(), s.labels.get("le"));
                self.notes.warn(format!("bucket label \"le\" is missing or has a malformed value of {le:?} for metric name {metric:?} ({place})"));
                continue;
            };
            let labels = s.labels.filtered(|name| name != "le" && name != METRIC_NAME);
            classic
                .entry(labels.clone())
                .or_insert_with(|| {
                    order.push(labels);
                    Vec::new()
                })
                .push((bound, s));
        }
        for labels in order {
            let mut buckets = classic.remove(&labels).unwrap_or_default();
            buckets.sort_by(|a, b| a.0.total_cmp(&b.0));
            let mut answered = Series::empty(labels, grid.len);
            let mut is_forced = false;
            for step in 0..grid.len {
                let at: Vec<(f64, f64)> =
                    buckets.iter().filter_map(|(b, s)| s.float(step).map(|v| (*b, v))).collect();
                if !at.is_empty() {
                    answered.v[step] = match question {
                        Question::Quantile(q) => quantile(q[step], at, &mut is_forced),
                        Question::Fraction(lower, upper) => fraction(lower[step], upper[step], at),
                    };
                }
            }
            if is_forced {
                let metric = buckets.first().map_or("", |(_, s)| s.labels.name());
                self.notes.info(format!("input to histogram_quantile needed to be fixed for monotonicity (see https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile) for metric name {metric:?} ({place})"));
            }
            out.push(answered);
        }
        self.without_mixed(out, &metrics, &place)
    }

    /// Observations of NaN are in the count and in no bucket.
    fn note_nan_observations(&mut self, q: Option<f64>, value: f64, metric: &str, place: &str) {
        let what = match q {
            None => "histogram_fraction has NaN observations, which are excluded from all fractions",
            Some(q) if !(0.0..=1.0).contains(&q) => return,
            Some(_) if value.is_nan() => "histogram_quantile has NaN observations, result is NaN",
            Some(_) => "histogram_quantile has NaN observations, result is skewed higher",
        };
        self.notes.info(format!("input to {what} for metric name {metric:?} ({place})"));
    }

    /// Where a native and a classic histogram have the same labels at one step, neither is answered.
    fn without_mixed(
        &mut self,
        series: Vec<Series>,
        metrics: &HashMap<Labels, &str>,
        place: &str,
    ) -> Vec<Series> {
        let mut positions: HashMap<Labels, usize> = HashMap::new();
        let mut out: Vec<Series> = Vec::new();
        for s in series {
            let Some(at) = positions.get(&s.labels) else {
                positions.insert(s.labels.clone(), out.len());
                out.push(s);
                continue;
            };
            for step in 0..s.v.len() {
                match (out[*at].is_present(step), s.float(step)) {
                    (true, Some(_)) => {
                        out[*at].v[step] = hole();
                        let metric = metrics.get(&s.labels).copied().unwrap_or("");
                        self.notes.warn(format!("vector contains a mix of classic and native histograms for metric name {metric:?} ({place})"));
                    }
                    (false, Some(v)) => out[*at].v[step] = v,
                    _ => {}
                }
            }
        }
        out.retain(|s| !s.is_empty());
        out
    }

    /// `histogram_count` and its kin: of native histograms only.
    pub fn histogram_part(&mut self, name: &str, argument: &Expr, grid: Grid) -> Result<Val> {
        let mut all = Vec::new();
        self.each(argument, grid, &mut |eval, series| {
            let mut part = Series::empty(series.labels.without_name(), grid.len);
            for step in 0..grid.len {
                if let Some(h) = series.histogram(step) {
                    part.v[step] = match name {
                        "histogram_count" => h.count,
                        "histogram_sum" => h.sum,
                        "histogram_avg" => h.sum / h.count,
                        "histogram_stddev" => h.variance().sqrt(),
                        _ => h.variance(),
                    };
                }
            }
            eval.hold(part.v.len())?;
            all.push(part);
            Ok(())
        })?;
        merge(all, true).map(Val::Vector)
    }
}

fn parse_bound(le: &str) -> Option<f64> {
    le.parse().ok()
}

/// Brings cumulative buckets (sorted by bound) into shape: same bounds added up, falling counts raised.
fn settle(buckets: Vec<(f64, f64)>, is_forced: &mut bool) -> Vec<(f64, f64)> {
    let mut out: Vec<(f64, f64)> = Vec::with_capacity(buckets.len());
    for (bound, count) in buckets {
        match out.last_mut() {
            Some((last, sum)) if *last == bound => *sum += count,
            _ => out.push((bound, count)),
        }
    }
    let mut before = out[0].1;
    for (_, count) in out.iter_mut().skip(1) {
        if *count == before {
            continue;
        }
        if almost_equal(before, *count) {
            *count = before;
            continue;
        }
        if *count < before {
            *count = before;
            *is_forced = true;
        }
        before = *count;
    }
    out
}

fn almost_equal(a: f64, b: f64) -> bool {
    if a.is_nan() && b.is_nan() || a == b {
        return true;
    }
    let total = a.abs() + b.abs();
    let distance = (a - b).abs();
    if a == 0.0 || b == 0.0 || total < f64::MIN_POSITIVE {
        return distance < SMALL * f64::MIN_POSITIVE;
    }
    distance / total.min(f64::MAX) < SMALL
}

/// The quantile of a classic histogram, linear inside a bucket.
fn quantile(q: f64, buckets: Vec<(f64, f64)>, is_forced: &mut bool) -> f64 {
    if q.is_nan() {
        return f64::NAN;
    }
    if q < 0.0 {
        return f64::NEG_INFINITY;
    }
    if q > 1.0 {
        return f64::INFINITY;
    }
    if buckets.last().is_none_or(|(bound, _)| *bound != f64::INFINITY) {
        return f64::NAN;
    }
    let buckets = settle(buckets, is_forced);
    let last = buckets.len() - 1;
    let observations = buckets[last].1;
    if buckets.len() < 2 || observations == 0.0 {
        return f64::NAN;
    }
    let mut rank = q * observations;
    let at = first_reaching(&buckets[..last], rank);
    if at == last {
        return buckets[last - 1].0;
    }
    if at == 0 && buckets[0].0 <= 0.0 {
        return buckets[0].0;
    }
    let (end, mut count) = buckets[at];
    let mut start = 0.0;
    if at > 0 {
        start = buckets[at - 1].0;
        count -= buckets[at - 1].1;
        rank -= buckets[at - 1].1;
    }
    start + (end - start) * (rank / count)
}

/// The first bucket with a count of at least `rank`, halved in as Go does it: with NaN among the counts it matters which
/// ones are looked at.
fn first_reaching(buckets: &[(f64, f64)], rank: f64) -> usize {
    let (mut low, mut high) = (0, buckets.len());
    while low < high {
        let middle = usize::midpoint(low, high);
        if buckets[middle].1 >= rank {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    low
}

/// The share of observations of a classic histogram between two values, linear inside a bucket.
fn fraction(lower: f64, upper: f64, buckets: Vec<(f64, f64)>) -> f64 {
    let buckets = settle(buckets, &mut false);
    let count = buckets[buckets.len() - 1].1;
    if buckets[buckets.len() - 1].0 != f64::INFINITY || count == 0.0 || lower.is_nan() || upper.is_nan() {
        return f64::NAN;
    }
    if lower >= upper {
        return 0.0;
    }
    let rank = |value: f64| {
        let mut before = 0.0;
        let mut start = if buckets[0].0 > 0.0 { 0.0 } else { f64::NEG_INFINITY };
        for (end, cumulative) in &buckets {
            if value <= start {
                return before;
            }
            if value < *end {
                if start == f64::NEG_INFINITY {
                    return *cumulative;
                }
                if *end == f64::INFINITY {
                    return before;
                }
                return before + (cumulative - before) * (value - start) / (end - start);
            }
            (before, start) = (*cumulative, *end);
        }
        count
    };
    (rank(upper).min(count) - rank(lower).min(count)) / count
}
