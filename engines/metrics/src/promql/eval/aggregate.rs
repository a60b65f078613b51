//! Aggregations: sum, avg, topk and the others.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Cell, Eval, Grid, Result, Series, over_time};
use crate::histogram::{Combined, Histogram};
use crate::kahan;
use crate::labels::{Labels, METRIC_NAME};
use crate::promql::Fault;
use crate::promql::ast::{Aggregate, Aggregator, Expr};
use crate::sample::is_hole;

/// Labels of a group and which series are in it.
type Members = (Labels, Vec<usize>);

/// What is known of one group at every step.
struct Group {
    labels: Labels,
    count: Vec<u32>,
    /// Sum, mean, extreme, or mean for the variance.
    a: Vec<f64>,
    /// Compensation, or sum of squared distances.
    b: Vec<f64>,
    /// Steps at which an average would overflow as a sum.
    is_incremental: Vec<bool>,
    h: HashMap<usize, Histogram>,
    has_mix: Vec<usize>,
    combined: Combined,
}

impl Eval<'_> {
    pub fn aggregate(&mut self, aggregate: &Aggregate, grid: Grid) -> Result<Vec<Series>> {
        use Aggregator::{Bottomk, CountValues, LimitRatio, Limitk, Quantile, Topk};
        match aggregate.aggregator {
            Topk | Bottomk | Limitk | LimitRatio => self.pick(aggregate, grid),
            Quantile => self.quantile(aggregate, grid),
            CountValues => self.count_values(aggregate, grid),
            _ => self.fold(aggregate, grid),
        }
    }

    fn fold(&mut self, aggregate: &Aggregate, grid: Grid) -> Result<Vec<Series>> {
        let mut positions: HashMap<Labels, usize> = HashMap::new();
        let mut groups: Vec<Group> = Vec::new();
        let aggregator = aggregate.aggregator;
        let (mut ignored, mut mixed_buckets) = (false, false);
        self.each(&aggregate.expr, grid, &mut |eval, series| {
            let labels = group_labels(aggregate, &series.labels);
            let at = if let Some(at) = positions.get(&labels) {
                *at
            } else {
                eval.hold(grid.len * 2)?;
                positions.insert(labels.clone(), groups.len());
                groups.push(Group::new(labels, aggregator, grid.len));
                groups.len() - 1
            };
            let group = &mut groups[at];
            group.take_floats(aggregator, &series.v);
            if series.h.is_some() {
                group.take_histograms(aggregator, &series, &mut ignored, &mut mixed_buckets);
            }
            Ok(())
        })?;
        let place = self.place(aggregate.position);
        if ignored {
            self.notes.info(format!("ignored histogram in {} aggregation ({place})", aggregator.text()));
        }
        if mixed_buckets {
            self.notes.warn(format!(
                "vector contains a mix of histograms with exponential and custom buckets schemas ({place})"
            ));
        }
        let combined = groups.iter().fold(Combined::default(), |all, g| all.and(g.combined));
        if combined.is_reconciled {
            self.note_reconciled("aggregation", aggregate.position);
        }
        if combined.has_conflict {
            self.note_reset_conflict("aggregation", aggregate.position);
        }
        if groups.iter().any(|g| !g.has_mix.is_empty()) {
            self.notes.warn(format!("encountered a mix of histograms and floats for aggregation ({place})"));
        }
        let is_version_2 = self.options.is_version_2;
        Ok(groups.into_iter().map(|g| g.finish(aggregator, is_version_2)).filter(|s| !s.is_empty()).collect())
    }

    fn grouped(&mut self, aggregate: &Aggregate, grid: Grid) -> Result<(Vec<Series>, Vec<Members>)> {
        let series = self.vector(&aggregate.expr, grid)?;
        let mut positions: HashMap<Labels, usize> = HashMap::new();
        let mut groups: Vec<Members> = Vec::new();
        for (i, s) in series.iter().enumerate() {
            let labels = group_labels(aggregate, &s.labels);
            let at = *positions.entry(labels.clone()).or_insert_with(|| {
                groups.push((labels, Vec::new()));
                groups.len() - 1
            });
            groups[at].1.push(i);
        }
        Ok((series, groups))
    }

    /// Tells of histograms in an aggregation that knows nothing to do with them.
    fn note_ignored_histograms(&mut self, aggregate: &Aggregate, series: &[Series]) {
        if series.iter().any(|s| s.h.is_some()) {
            let (name, place) = (aggregate.aggregator.text(), self.place(aggregate.position));
            self.notes.info(format!("ignored histogram in {name} aggregation ({place})"));
        }
    }

    fn parameter(&mut self, aggregate: &Aggregate, grid: Grid) -> Result<Vec<f64>> {
        match &aggregate.parameter {
            Some(parameter) => self.scalar(parameter, grid),
            None => Err(Fault::Execution("the aggregation needs a parameter".into())),
        }
    }

    fn pick(&mut self, aggregate: &Aggregate, grid: Grid) -> Result<Vec<Series>> {
        let parameters = self.parameter(aggregate, grid)?;
        if aggregate.aggregator != Aggregator::LimitRatio {
            if let Some(bad) = parameters.iter().find(|k| k.is_nan() || k.abs() >= 9.2e18) {
                return Err(Fault::Execution(format!(
                    "Scalar value {} overflows int64",
                    crate::api::float(*bad)
                )));
            }
        } else if parameters.iter().any(|r| r.is_nan()) {
            return Err(Fault::Execution("Ratio value NaN".into()));
        }
        let (series, groups) = self.grouped(aggregate, grid)?;
        if matches!(aggregate.aggregator, Aggregator::Topk | Aggregator::Bottomk) {
            self.note_ignored_histograms(aggregate, &series);
        }
        let mut out: Vec<Series> = series.iter().map(|s| Series::empty(s.labels.clone(), grid.len)).collect();
        let mut order = Vec::new();
        for (_, members) in &groups {
            for (step, parameter) in parameters.iter().enumerate() {
                for i in picked(aggregate.aggregator, *parameter, members, &series, step) {
                    if let Some(v) = series[i].float(step) {
                        out[i].v[step] = v;
                    } else if let Some(h) = series[i].histogram(step) {
                        out[i].set_histogram(step, h.clone());
                    }
                    if grid.len == 1 {
                        order.push(i);
                    }
                }
            }
        }
        if grid.len == 1 {
            let mut slots: Vec<Option<Series>> = out.into_iter().map(Some).collect();
            return Ok(order.into_iter().filter_map(|i| slots[i].take()).collect());
        }
        out.retain(|s| !s.is_empty());
        Ok(out)
    }

    fn quantile(&mut self, aggregate: &Aggregate, grid: Grid) -> Result<Vec<Series>> {
        let parameters = self.parameter(aggregate, grid)?;
        if let Some(bad) = parameters.iter().find(|q| !(0.0..=1.0).contains(*q)) {
            let place = self.place(aggregate.position);
            self.notes.warn(format!(
                "quantile value should be between 0 and 1, got {} ({place})",
                crate::api::float(*bad)
            ));
        }
        let (series, groups) = self.grouped(aggregate, grid)?;
        self.note_ignored_histograms(aggregate, &series);
        let mut out = Vec::with_capacity(groups.len());
        let mut values = Vec::new();
        for (labels, members) in groups {
            let mut s = Series::empty(labels, grid.len);
            for (step, q) in parameters.iter().enumerate() {
                values.clear();
                values.extend(members.iter().filter_map(|i| series[*i].float(step)));
                if !values.is_empty() {
                    s.v[step] = over_time::quantile(*q, &mut values);
                }
            }
            out.push(s);
        }
        out.retain(|s| !s.is_empty());
        Ok(out)
    }

    fn count_values(&mut self, aggregate: &Aggregate, grid: Grid) -> Result<Vec<Series>> {
        let Some(Expr::Text(label)) = aggregate.parameter.as_ref().map(Expr::bare) else {
            return Err(Fault::Execution("count_values needs a label name".into()));
        };
        if label.is_empty() {
            return Err(Fault::Execution(format!("invalid label name {label:?}")));
        }
        let (series, groups) = self.grouped(aggregate, grid)?;
        let mut out: Vec<Series> = Vec::new();
        let mut positions: HashMap<Labels, usize> = HashMap::new();
        for (labels, members) in groups {
            for i in members {
                for step in 0..grid.len {
                    let value = match (series[i].float(step), series[i].histogram(step)) {
                        (Some(v), _) => crate::api::float(v),
                        (None, Some(h)) => crate::api::histogram_text(h),
                        (None, None) => continue,
                    };
                    let counted = labels.with(label, &value);
                    let at = *positions.entry(counted.clone()).or_insert_with(|| {
                        out.push(Series::empty(counted, grid.len));
                        out.len() - 1
                    });
                    let before = out[at].float(step).unwrap_or(0.0);
                    out[at].v[step] = before + 1.0;
                }
            }
            self.hold(out.len())?;
        }
        Ok(out)
    }
}

fn group_labels(aggregate: &Aggregate, labels: &Labels) -> Labels {
    let is_listed = |name: &str| aggregate.labels.iter().any(|l| l == name);
    if aggregate.is_without {
        labels.filtered(|name| name != METRIC_NAME && !is_listed(name))
    } else {
        labels.filtered(is_listed)
    }
}

/// Which members of a group are kept at a step, in the order they are shown.
fn picked(
    aggregator: Aggregator,
    parameter: f64,
    members: &[usize],
    series: &[Series],
    step: usize,
) -> Vec<usize> {
    let there = members.iter().copied();
    match aggregator {
        Aggregator::Topk | Aggregator::Bottomk => {
            if parameter < 1.0 {
                return Vec::new();
            }
            let mut floats: Vec<(f64, usize)> =
                there.filter_map(|i| series[i].float(step).map(|v| (v, i))).collect();
            // NaN comes last both ways; of equal values the first stays.
            floats.sort_by(|(a, _), (b, _)| {
                let by_value =
                    if aggregator == Aggregator::Topk { b.partial_cmp(a) } else { a.partial_cmp(b) };
                by_value.unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()))
            });
            floats.truncate(parameter as usize);
            floats.into_iter().map(|(_, i)| i).collect()
        }
        Aggregator::Limitk => {
            let most = if parameter < 1.0 { 0 } else { parameter as usize };
            there.filter(|i| series[*i].is_present(step)).take(most).collect()
        }
        _ => {
            there.filter(|i| series[*i].is_present(step) && in_ratio(parameter, &series[*i].labels)).collect()
        }
    }
}

/// A share of the series by a hash of their labels; a negative share is the complement of the positive one.
fn in_ratio(ratio: f64, labels: &Labels) -> bool {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for (name, value) in labels.iter() {
        for byte in name.bytes().chain([0xff]).chain(value.bytes()).chain([0xff]) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    hash ^= hash >> 32;
    let offset = hash.wrapping_mul(0x9e37_79b9_7f4a_7c15) as f64 / u64::MAX as f64;
    let ratio = ratio.clamp(-1.0, 1.0);
    ratio >= 0.0 && offset < ratio || ratio < 0.0 && offset >= 1.0 + ratio
}

impl Group {
    fn new(labels: Labels, aggregator: Aggregator, len: usize) -> Self {
        let needs_b =
            matches!(aggregator, Aggregator::Sum | Aggregator::Avg | Aggregator::Stddev | Aggregator::Stdvar);
        let needs_a = !matches!(aggregator, Aggregator::Count | Aggregator::Group);
        Self {
            labels,
            count: vec![0; len],
            a: vec![0.0; if needs_a { len } else { 0 }],
            b: vec![0.0; if needs_b { len } else { 0 }],
            is_incremental: Vec::new(),
            h: HashMap::new(),
            has_mix: Vec::new(),
            combined: Combined::default(),
        }
    }

    fn take_floats(&mut self, aggregator: Aggregator, values: &[f64]) {
        for (step, v) in values.iter().enumerate().filter(|(_, v)| !is_hole(**v)) {
            if !self.h.is_empty() && self.h.contains_key(&step) {
                self.has_mix.push(step);
            }
            let count = self.count[step];
            self.count[step] += 1;
            match aggregator {
                Aggregator::Sum => kahan::add(*v, &mut self.a[step], &mut self.b[step]),
                Aggregator::Avg => self.average(step, *v),
                Aggregator::Min if count == 0 || *v < self.a[step] || self.a[step].is_nan() => {
                    self.a[step] = *v;
                }
                Aggregator::Max if count == 0 || *v > self.a[step] || self.a[step].is_nan() => {
                    self.a[step] = *v;
                }
                Aggregator::Stddev | Aggregator::Stdvar => {
                    let delta = v - self.a[step];
                    self.a[step] += delta / f64::from(count + 1);
                    self.b[step] += delta * (v - self.a[step]);
                }
                _ => {}
            }
        }
    }

    /// Sums up, and goes over to a running mean where the sum would overflow.
    fn average(&mut self, step: usize, v: f64) {
        let count = f64::from(self.count[step]);
        let is_incremental = !self.is_incremental.is_empty() && self.is_incremental[step];
        if !is_incremental {
            let (mut sum, mut carry) = (self.a[step], self.b[step]);
            kahan::add(v, &mut sum, &mut carry);
            if !sum.is_infinite() || count == 1.0 {
                (self.a[step], self.b[step]) = (sum, carry);
                return;
            }
            self.is_incremental.resize(self.count.len(), false);
            self.is_incremental[step] = true;
            self.a[step] /= count - 1.0;
            self.b[step] /= count - 1.0;
        }
        let share = (count - 1.0) / count;
        self.a[step] *= share;
        self.b[step] *= share;
        kahan::add(v / count, &mut self.a[step], &mut self.b[step]);
    }

    fn take_histograms(
        &mut self,
        aggregator: Aggregator,
        series: &Series,
        ignored: &mut bool,
        mixed: &mut bool,
    ) {
        for step in 0..self.count.len() {
            let Some(h) = series.histogram(step) else { continue };
            match aggregator {
                Aggregator::Count | Aggregator::Group => self.count[step] += 1,
                Aggregator::Sum | Aggregator::Avg => {
                    if let Some(sum) = self.h.get_mut(&step) {
                        if let Ok(how) = sum.add(h) {
                            self.combined = self.combined.and(how);
                        } else {
                            *mixed = true;
                            self.has_mix.push(step);
                        }
                    } else {
                        if self.count[step] > 0 {
                            self.has_mix.push(step);
                        }
                        self.h.insert(step, (**h).clone());
                    }
                    self.count[step] += 1;
                }
                _ => *ignored = true,
            }
        }
    }

    fn finish(self, aggregator: Aggregator, is_version_2: bool) -> Series {
        let mut out = Series::empty(self.labels, self.count.len());
        for (step, count) in self.count.iter().enumerate().filter(|(_, count)| **count > 0) {
            let n = f64::from(*count);
            let value = match aggregator {
                Aggregator::Count => n,
                Aggregator::Group => 1.0,
                Aggregator::Sum if self.a[step].is_infinite() => self.a[step],
                Aggregator::Sum => self.a[step] + self.b[step],
                Aggregator::Avg if !self.is_incremental.is_empty() && self.is_incremental[step] => {
                    self.a[step] + self.b[step]
                }
                Aggregator::Avg => self.a[step] / n + self.b[step] / n,
                // Of one value there is no variance, whatever it is; since version 3 NaN and infinities have none.
                Aggregator::Stddev | Aggregator::Stdvar if is_version_2 && *count == 1 => 0.0,
                Aggregator::Stddev => (self.b[step] / n).sqrt(),
                Aggregator::Stdvar => self.b[step] / n,
                _ => self.a[step],
            };
            out.set(step, Some(Cell::Float(value)));
        }
        for (step, mut h) in self.h {
            if aggregator == Aggregator::Avg {
                h.divide(f64::from(self.count[step]));
            }
            out.set_histogram(step, Arc::new(h.compacted()));
        }
        for step in self.has_mix {
            out.clear(step);
        }
        out
    }
}
