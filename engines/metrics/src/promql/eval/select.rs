//! Reading what selectors ask for: the newest sample at each step, or windows of samples.

use std::sync::Arc;

use super::{Eval, Grid, Result, Series};
use crate::histogram::Histogram;
use crate::labels::Labels;
use crate::promql::ast::{At, Ends, Expr, Selector, Span, Subquery};
use crate::promql::{Answer, Fault, Line, Source};
use crate::sample::{Samples, Value, is_hole, is_stale};
use crate::store::rollup::Column;
use crate::store::select::{Coarse, Selected};

/// So few series are not worth a thread.
const FEW: usize = 32;
/// Series that are read ahead together.
const GROUP: usize = 256;

/// The samples a range function sees at one step.
pub(crate) struct Window<'a> {
    pub ft: &'a [i64],
    pub fv: &'a [f64],
    pub ht: &'a [i64],
    pub hh: &'a [Arc<Histogram>],
    /// The moment of evaluation.
    pub at: i64,
    /// The range: samples lie in `(start, end]`.
    pub start: i64,
    pub end: i64,
    pub step: usize,
    /// Whether a float may be less than the one before.
    pub may_fall: bool,
    pub is_version_2: bool,
}

impl Window<'_> {
    pub fn is_empty(&self) -> bool {
        self.ft.is_empty() && self.ht.is_empty()
    }
}

/// Samples without staleness markers, floats and histograms apart.
#[derive(Default)]
struct Apart {
    ft: Vec<i64>,
    fv: Vec<f64>,
    /// How many floats up to each are less than the one before them.
    falls: Vec<u32>,
    ht: Vec<i64>,
    hh: Vec<Arc<Histogram>>,
}

impl Apart {
    fn fill(&mut self, samples: &Samples) {
        self.ft.clear();
        self.fv.clear();
        self.falls.clear();
        self.ht.clear();
        self.hh.clear();
        for (at, (t, v)) in samples.t.iter().zip(&samples.v).enumerate() {
            if is_hole(*v) {
                if let Some(h) = samples.histogram(at).filter(|h| !h.is_stale()) {
                    self.ht.push(*t);
                    self.hh.push(h.clone());
                }
            } else if !is_stale(*v) {
                self.ft.push(*t);
                self.fv.push(*v);
            }
        }
        let (mut falls, mut before) = (0, f64::NEG_INFINITY);
        self.falls.extend(self.fv.iter().map(|v| {
            falls += u32::from(*v < before);
            before = *v;
            falls
        }));
    }
}

/// Where a sliding window stands in a list of times.
#[derive(Default, Clone, Copy)]
struct Slide {
    from: usize,
    to: usize,
}

impl Slide {
    /// Moves on to the times in `[first, last]`; the bounds only grow from call to call.
    fn advance(&mut self, times: &[i64], first: i64, last: i64) {
        while self.to < times.len() && times[self.to] <= last {
            self.to += 1;
        }
        while self.from < self.to && times[self.from] < first {
            self.from += 1;
        }
    }
}

/// What was read of one series.
#[derive(Default)]
struct Slot {
    samples: Samples,
    coarse: Coarse,
    warnings: Vec<String>,
    fault: Option<String>,
}

fn read_group(
    source: &dyn Source,
    group: &[Selected],
    span: (i64, i64),
    column: Column,
    slots: &mut [Slot],
    threads: usize,
) {
    let fill = |group: &[Selected], slots: &mut [Slot]| {
        for (series, slot) in group.iter().zip(slots) {
            let Slot { samples, coarse, warnings, fault } = slot;
            match source.read(series, span.0, span.1, column, samples, &mut |text| warnings.push(text)) {
                Ok(found) => *coarse = found,
                Err(reason) => *fault = Some(reason),
            }
        }
    };
    let share = group.len().div_ceil(threads).max(1);
    std::thread::scope(|scope| {
        let mut parts = group.chunks(share).zip(slots.chunks_mut(share));
        let own = parts.next();
        for (group, slots) in parts {
            scope.spawn(|| fill(group, slots));
        }
        if let Some((group, slots)) = own {
            fill(group, slots);
        }
    });
}

/// Walks over the windows of one series.
type Walk<'w> = &'w mut dyn FnMut(&mut dyn FnMut(Window<'_>));
/// Takes a series with the position of its newest sample at each step.
type NewestSink<'s, 'e> = &'s mut dyn FnMut(&mut Eval<'e>, &Labels, &Samples, &[Option<usize>]) -> Result<()>;
type WindowSink<'s, 'e> = &'s mut dyn FnMut(&mut Eval<'e>, &Labels, Walk<'_>) -> Result<()>;

impl<'e> Eval<'e> {
    pub fn fixed_time(&self, at: Option<At>) -> Option<i64> {
        at.map(|at| match at {
            At::Start => self.whole.start_ms,
            At::End => self.whole.end_ms,
            At::Ms(ms) => ms,
        })
    }

    pub fn offset(&self, offset: Option<&Span>) -> Result<i64> {
        offset.map_or(Ok(0), |span| self.span(span))
    }

    /// First time that counts for a look back of `span` from `end`.
    pub fn first_inside(&self, end: i64, span: i64) -> i64 {
        end.saturating_sub(span).saturating_add(i64::from(!self.options.is_version_2))
    }

    /// The newest sample not older than the lookback, at each step.
    pub fn each_selected(
        &mut self,
        selector: &Selector,
        grid: Grid,
        sink: &mut dyn FnMut(&mut Self, Series) -> Result<()>,
    ) -> Result<()> {
        self.each_newest(selector, grid, &mut |eval, labels, samples, steps| {
            let mut series = Series::empty(labels.clone(), grid.len);
            for (step, at) in steps.iter().enumerate().filter_map(|(step, at)| at.map(|at| (step, at))) {
                match samples.value(at) {
                    Value::Float(v) => series.v[step] = v,
                    Value::Histogram(h) => series.set_histogram(step, h),
                }
            }
            sink(eval, series)
        })
    }

    /// As [`Eval::each_selected`], but with the times of the samples as values, in seconds.
    pub fn each_timestamp(
        &mut self,
        selector: &Selector,
        grid: Grid,
        sink: &mut dyn FnMut(&mut Self, Series) -> Result<()>,
    ) -> Result<()> {
        self.each_newest(selector, grid, &mut |eval, labels, samples, steps| {
            let mut series = Series::empty(labels.clone(), grid.len);
            for (step, at) in steps.iter().enumerate().filter_map(|(step, at)| at.map(|at| (step, at))) {
                series.v[step] = samples.t[at] as f64 / 1000.0;
            }
            sink(eval, series)
        })
    }

    fn each_newest(&mut self, selector: &Selector, grid: Grid, sink: NewestSink<'_, 'e>) -> Result<()> {
        if grid.len == 0 {
            return Ok(());
        }
        let offset = self.offset(selector.offset.as_ref())?;
        let fixed = self.fixed_time(selector.at);
        let lookback = self.options.lookback_ms;
        let reference = |t: i64| fixed.unwrap_or(t).saturating_sub(offset);
        let (from, to) = (self.first_inside(reference(grid.start), lookback), reference(grid.last()));
        // Rows of an hour count for an hour.
        let widest = from.saturating_sub(3_600_000 - lookback.min(3_600_000));
        let mut steps = vec![None; grid.len];
        let series = self.selected(selector, from, to)?;
        self.each_read(&series, (widest, to), Column::Last, &mut |eval, series, samples, coarse| {
            let mut next = 0;
            let mut is_any = false;
            for (step, slot) in steps.iter_mut().enumerate() {
                let at = reference(grid.time(step));
                while next < samples.len() && samples.t[next] <= at {
                    next += 1;
                }
                *slot = next.checked_sub(1).filter(|&i| {
                    let t = samples.t[i];
                    let valid = if t < coarse.until { lookback.max(coarse.ms) } else { lookback };
                    t >= eval.first_inside(at, valid) && !is_marker(samples, i)
                });
                is_any |= slot.is_some();
            }
            if is_any { sink(eval, &series.labels, samples, &steps) } else { Ok(()) }
        })
    }

    pub fn selected(&mut self, selector: &Selector, from: i64, to: i64) -> Result<Vec<Selected>> {
        self.source.select(&selector.matchers, from, to).map_err(Fault::Execution)
    }

    /// Reads series and hands each with its samples to `sink`. Many are read by several threads, a group at a time.
    fn each_read(
        &mut self,
        series: &[Selected],
        span: (i64, i64),
        column: Column,
        sink: &mut dyn FnMut(&mut Self, &Selected, &Samples, Coarse) -> Result<()>,
    ) -> Result<()> {
        let threads = if series.len() < FEW { 1 } else { self.options.threads.max(1) };
        let mut slots = Vec::new();
        for group in series.chunks(if threads == 1 { 1 } else { GROUP }) {
            self.check_time()?;
            slots.resize_with(group.len(), Slot::default);
            read_group(self.source, group, span, column, &mut slots, threads);
            for (series, slot) in group.iter().zip(&mut slots) {
                slot.warnings.drain(..).for_each(|text| self.notes.warn(text));
                if let Some(fault) = slot.fault.take() {
                    return Err(Fault::Execution(fault));
                }
                let held = slot.samples.len() + self.held;
                self.samples += slot.samples.len();
                self.peak_samples = self.peak_samples.max(held);
                if held > self.options.most_samples {
                    return Err(Fault::TooManySamples);
                }
                sink(self, series, &slot.samples, slot.coarse)?;
            }
        }
        Ok(())
    }

    /// Hands each series of a range vector to `sink`, with a way to walk over its windows step by step.
    pub fn each_windowed(
        &mut self,
        expr: &Expr,
        grid: Grid,
        column: Column,
        sink: WindowSink<'_, 'e>,
    ) -> Result<()> {
        if grid.len == 0 {
            return Ok(());
        }
        match expr.bare() {
            Expr::Matrix(selector, range) => {
                let range = self.span(range)?;
                let offset = self.offset(selector.offset.as_ref())?;
                let place = Place { fixed: self.fixed_time(selector.at), offset, range };
                let (from, to) = self.ends(&place, grid);
                let reach = if selector.ends == Ends::Plain { 0 } else { self.options.lookback_ms };
                let mut apart = Apart::default();
                let series = self.selected(selector, from, to)?;
                let span = (from - reach, to + reach);
                self.each_read(&series, span, column, &mut |eval, series, samples, _| {
                    apart.fill(samples);
                    if apart.ft.is_empty() && apart.ht.is_empty() {
                        return Ok(());
                    }
                    eval.walk(&series.labels, &apart, &place, grid, selector.ends, sink)
                })
            }
            Expr::Subquery(subquery) => self.each_subquery(subquery, grid, sink),
            _ => Err(Fault::Execution("a range vector was expected".into())),
        }
    }

    fn each_subquery(&mut self, subquery: &Subquery, grid: Grid, sink: WindowSink<'_, 'e>) -> Result<()> {
        let range = self.span(&subquery.range)?;
        let offset = self.offset(subquery.offset.as_ref())?;
        let place = Place { fixed: self.fixed_time(subquery.at), offset, range };
        let (inner, series) = self.subquery(subquery, &place, grid)?;
        let mut apart = Apart::default();
        for s in series {
            let mut samples = Samples::default();
            for step in 0..inner.len {
                if let Some(value) = s.value(step) {
                    samples.push(inner.time(step), value);
                }
            }
            apart.fill(&samples);
            if !samples.is_empty() {
                self.walk(&s.labels, &apart, &place, grid, Ends::Plain, sink)?;
            }
            self.release(s.v.len());
        }
        Ok(())
    }

    fn subquery(&mut self, subquery: &Subquery, place: &Place, grid: Grid) -> Result<(Grid, Vec<Series>)> {
        let step = match &subquery.step {
            Some(step) => self.span(step)?.max(1),
            None => self.options.default_step_ms.max(1),
        };
        let first = place.reference(grid.start).saturating_sub(place.range);
        let last = place.reference(grid.last());
        // Steps lie on multiples of the step, whatever the query's start.
        let mut start = first.div_euclid(step) * step;
        if start < first || start == first && !self.options.is_version_2 {
            start += step;
        }
        let len = if start > last { 0 } else { ((last - start) / step + 1) as usize };
        if len > self.options.most_samples {
            return Err(Fault::TooManySamples);
        }
        let inner = Grid { start, step, len };
        let series = if len == 0 { Vec::new() } else { self.vector(&subquery.expr, inner)? };
        Ok((inner, series))
    }

    /// First and last time any window of a grid needs.
    fn ends(&self, place: &Place, grid: Grid) -> (i64, i64) {
        (self.first_inside(place.reference(grid.start), place.range), place.reference(grid.last()))
    }

    fn walk(
        &mut self,
        labels: &Labels,
        apart: &Apart,
        place: &Place,
        grid: Grid,
        ends: Ends,
        sink: WindowSink<'_, 'e>,
    ) -> Result<()> {
        let is_version_2 = self.options.is_version_2;
        let (is_closed, lookback) = (i64::from(!is_version_2), self.options.lookback_ms);
        sink(self, labels, &mut |f| {
            let (mut floats, mut histograms) = (Slide::default(), Slide::default());
            for step in 0..grid.len {
                let at = grid.time(step);
                let end = place.reference(at);
                let start = end.saturating_sub(place.range);
                floats.advance(&apart.ft, start + is_closed, end);
                histograms.advance(&apart.ht, start + is_closed, end);
                let (ft, fv) = (&apart.ft[floats.from..floats.to], &apart.fv[floats.from..floats.to]);
                let (ht, hh) =
                    (&apart.ht[histograms.from..histograms.to], &apart.hh[histograms.from..histograms.to]);
                if ends != Ends::Plain {
                    let (ft, fv) = with_ends(&apart.ft, &apart.fv, start, end, lookback, ends);
                    let (ft, fv) = (&ft[..], &fv[..]);
                    let may_fall = true;
                    f(Window { ft, fv, ht: &[], hh: &[], at, start, end, step, may_fall, is_version_2 });
                    continue;
                }
                let may_fall = !ft.is_empty() && apart.falls[floats.to - 1] > apart.falls[floats.from];
                let window = Window { ft, fv, ht, hh, at, start, end, step, may_fall, is_version_2 };
                if !window.is_empty() {
                    f(window);
                }
            }
        })
    }

    /// A range vector as the result of an instant query: the samples themselves.
    pub fn raw_matrix(&mut self, expr: &Expr, grid: Grid) -> Result<Answer> {
        let mut lines = Vec::new();
        self.each_windowed(expr, grid, Column::Last, &mut |_, labels, windows| {
            windows(&mut |window| {
                let floats = window.ft.iter().zip(window.fv).map(|(t, v)| (*t, Value::Float(*v)));
                let histograms =
                    window.ht.iter().zip(window.hh).map(|(t, h)| (*t, Value::Histogram(h.clone())));
                let mut points: Vec<_> = floats.chain(histograms).collect();
                points.sort_by_key(|(t, _)| *t);
                lines.push(Line { labels: labels.clone(), points });
            });
            Ok(())
        })?;
        lines.sort_by(|a, b| a.labels.cmp(&b.labels));
        Ok(Answer::Matrix(lines))
    }
}

/// Where a range lies relative to the moment of evaluation.
struct Place {
    fixed: Option<i64>,
    offset: i64,
    range: i64,
}

impl Place {
    fn reference(&self, t: i64) -> i64 {
        self.fixed.unwrap_or(t).saturating_sub(self.offset)
    }
}

fn is_marker(samples: &Samples, at: usize) -> bool {
    if is_hole(samples.v[at]) {
        samples.histogram(at).is_none_or(|h| h.is_stale())
    } else {
        is_stale(samples.v[at])
    }
}

/// The samples of a window with values added exactly at its ends: the newest before each (`anchored`), or
/// interpolated between the neighbours (`smoothed`).
fn with_ends(
    ft: &[i64],
    fv: &[f64],
    start: i64,
    end: i64,
    lookback: i64,
    ends: Ends,
) -> (Vec<i64>, Vec<f64>) {
    let value_at = |t: i64| -> Option<f64> {
        let after = ft.partition_point(|x| *x <= t);
        let before = after.checked_sub(1).filter(|&i| ft[i] > t - lookback);
        let next = (after < ft.len() && ft[after] < t + lookback).then_some(after);
        match (before, next) {
            (Some(b), _) if ends == Ends::Anchored || ft[b] == t => Some(fv[b]),
            (Some(b), Some(n)) => {
                // After a reset a counter grows from zero.
                let low = if fv[n] < fv[b] { 0.0 } else { fv[b] };
                Some(low + (fv[n] - low) * (t - ft[b]) as f64 / (ft[n] - ft[b]) as f64)
            }
            (Some(b), None) => Some(fv[b]),
            (None, Some(n)) => Some(fv[n]),
            (None, None) => None,
        }
    };
    let (first, last) = (ft.partition_point(|t| *t <= start), ft.partition_point(|t| *t < end));
    let (mut t, mut v) = (Vec::new(), Vec::new());
    if first > last || first == last && ends == Ends::Anchored && ft.partition_point(|t| *t <= end) == first {
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
