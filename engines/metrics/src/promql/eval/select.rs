//! Reading what selectors ask for: the newest sample at each step, or windows of samples.

use std::borrow::Cow;
use std::sync::Arc;

use super::{Eval, Grid, Result, Series};
use crate::histogram::Histogram;
use crate::labels::Labels;
use crate::promql::ast::{At, Ends, Expr, Selector, Span, Subquery};
use crate::promql::{Answer, Fault, Line};
use crate::sample::{Samples, Value, is_hole, is_stale};
use crate::store::rollup::Column;
use crate::store::select::{Coarse, Selected};

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
pub(super) struct Apart<'a> {
    pub ft: Cow<'a, [i64]>,
    pub fv: Cow<'a, [f64]>,
    /// How many floats up to each are less than the one before them.
    falls: Vec<u32>,
    ht: Vec<i64>,
    hh: Vec<Arc<Histogram>>,
}

impl<'a> Apart<'a> {
    pub fn of(samples: &'a Samples) -> Self {
        let (mut ht, mut hh) = (Vec::new(), Vec::new());
        let is_plain = samples.h.is_empty() && !samples.v.iter().any(|v| is_stale(*v));
        let (ft, fv) = if is_plain {
            (Cow::Borrowed(&samples.t[..]), Cow::Borrowed(&samples.v[..]))
        } else {
            let (mut ft, mut fv) = (Vec::new(), Vec::new());
            for (at, (t, v)) in samples.t.iter().zip(&samples.v).enumerate() {
                if is_hole(*v) {
                    if let Some(h) = samples.histogram(at).filter(|h| !h.is_stale()) {
                        ht.push(*t);
                        hh.push(h.clone());
                    }
                } else if !is_stale(*v) {
                    ft.push(*t);
                    fv.push(*v);
                }
            }
            (Cow::Owned(ft), Cow::Owned(fv))
        };
        let (mut fallen, mut before) = (0, f64::NEG_INFINITY);
        let count = |v: &f64| {
            fallen += u32::from(*v < before);
            before = *v;
            fallen
        };
        let falls = fv.iter().map(count).collect();
        Self { ft, fv, falls, ht, hh }
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

/// Walks over the windows of one series, step by step.
pub(crate) type Walk<'w> = &'w dyn Fn(&mut dyn FnMut(Window<'_>));
/// What is made of the windows of a series. It may run in another thread than the rest of the query.
pub(crate) type WindowWork<'w, T> = &'w (dyn Fn(&Labels, Walk<'_>) -> T + Sync);
/// What is made of a series and the position of its newest sample at each step.
type NewestWork<'w> = &'w (dyn Fn(&Labels, &Samples, &[Option<usize>]) -> Series + Sync);

impl Eval<'_> {
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
        if selector.ends == Ends::Smoothed {
            return self.each_smoothed(selector, grid, sink);
        }
        let work: NewestWork<'_> = &|labels, samples, steps| {
            let mut series = Series::empty(labels.clone(), grid.len);
            for (step, at) in steps.iter().enumerate().filter_map(|(step, at)| at.map(|at| (step, at))) {
                match samples.value(at) {
                    Value::Float(v) => series.v[step] = v,
                    Value::Histogram(h) => series.set_histogram(step, h),
                }
            }
            series
        };
        self.each_newest(selector, grid, work, sink)
    }

    /// As [`Eval::each_selected`], but with the times of the samples as values, in seconds.
    pub fn each_timestamp(
        &mut self,
        selector: &Selector,
        grid: Grid,
        sink: &mut dyn FnMut(&mut Self, Series) -> Result<()>,
    ) -> Result<()> {
        let work: NewestWork<'_> = &|labels, samples, steps| {
            let mut series = Series::empty(labels.clone(), grid.len);
            for (step, at) in steps.iter().enumerate().filter_map(|(step, at)| at.map(|at| (step, at))) {
                series.v[step] = samples.t[at] as f64 / 1000.0;
            }
            series
        };
        self.each_newest(selector, grid, work, sink)
    }

    fn each_newest(
        &mut self,
        selector: &Selector,
        grid: Grid,
        work: NewestWork<'_>,
        sink: &mut dyn FnMut(&mut Self, Series) -> Result<()>,
    ) -> Result<()> {
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
        let closed = i64::from(!self.options.is_version_2);
        let of_samples = |series: &Selected, samples: &Samples, coarse: Coarse| {
            let mut steps = vec![None; grid.len];
            let (mut next, mut is_any) = (0, false);
            for (step, slot) in steps.iter_mut().enumerate() {
                let at = reference(grid.time(step));
                while next < samples.len() && samples.t[next] <= at {
                    next += 1;
                }
                *slot = next.checked_sub(1).filter(|&i| {
                    let t = samples.t[i];
                    let valid = if t < coarse.until { lookback.max(coarse.ms) } else { lookback };
                    t >= at.saturating_sub(valid).saturating_add(closed) && !is_marker(samples, i)
                });
                is_any |= slot.is_some();
            }
            is_any.then(|| work(&series.labels, samples, &steps))
        };
        let series = self.selected(selector, from, to)?;
        self.each_read(&series, (widest, to), Column::Last, &of_samples, &mut |eval, _, made| {
            sink(eval, made)
        })
    }

    pub fn selected(&mut self, selector: &Selector, from: i64, to: i64) -> Result<Vec<Selected>> {
        self.source.select(&selector.matchers, from, to).map_err(Fault::Execution)
    }

    /// Makes something of the windows of each series of a range vector and hands it to `sink`.
    pub fn each_windowed<T: Send>(
        &mut self,
        expr: &Expr,
        grid: Grid,
        (column, is_counter): (Column, bool),
        work: WindowWork<'_, T>,
        sink: &mut dyn FnMut(&mut Self, &Labels, T) -> Result<()>,
    ) -> Result<()> {
        if grid.len == 0 {
            return Ok(());
        }
        match expr.bare() {
            Expr::Matrix(selector, range) => {
                let mut place = self.place_of(range, selector.offset.as_ref(), selector.at)?;
                (place.ends, place.is_counter) = (selector.ends, is_counter);
                let (from, to) = self.ends(&place, grid);
                let reach = if selector.ends == Ends::Plain { 0 } else { self.options.lookback_ms };
                let series = self.selected(selector, from, to)?;
                let of_samples = |series: &Selected, samples: &Samples, _: Coarse| {
                    let apart = Apart::of(samples);
                    let is_there = !apart.ft.is_empty() || !apart.ht.is_empty();
                    is_there.then(|| work(&series.labels, &|f| place.walk(&apart, grid, f)))
                };
                let span = (from - reach, to + reach);
                self.each_read(&series, span, column, &of_samples, &mut |eval, series, made| {
                    sink(eval, &series.labels, made)
                })
            }
            Expr::Subquery(subquery) => self.each_subquery(subquery, grid, work, sink),
            _ => Err(Fault::Execution("a range vector was expected".into())),
        }
    }

    fn each_subquery<T>(
        &mut self,
        subquery: &Subquery,
        grid: Grid,
        work: WindowWork<'_, T>,
        sink: &mut dyn FnMut(&mut Self, &Labels, T) -> Result<()>,
    ) -> Result<()> {
        let place = self.place_of(&subquery.range, subquery.offset.as_ref(), subquery.at)?;
        let (inner, series) = self.subquery(subquery, &place, grid)?;
        for s in series {
            let mut samples = Samples::default();
            for step in 0..inner.len {
                if let Some(value) = s.value(step) {
                    samples.push(inner.time(step), value);
                }
            }
            if !samples.is_empty() {
                let apart = Apart::of(&samples);
                let made = work(&s.labels, &|f| place.walk(&apart, grid, f));
                sink(self, &s.labels, made)?;
            }
            self.release(s.v.len());
        }
        Ok(())
    }

    fn place_of(&self, range: &Span, offset: Option<&Span>, at: Option<At>) -> Result<Place> {
        Ok(Place {
            fixed: self.fixed_time(at),
            offset: self.offset(offset)?,
            range: self.span(range)?,
            ends: Ends::Plain,
            is_counter: false,
            lookback: self.options.lookback_ms,
            is_version_2: self.options.is_version_2,
        })
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

    /// A range vector as the result of an instant query: the samples themselves.
    pub fn raw_matrix(&mut self, expr: &Expr, grid: Grid) -> Result<Answer> {
        let mut lines = Vec::new();
        let work: WindowWork<'_, Vec<Points>> = &|_, windows| {
            let mut all = Vec::new();
            windows(&mut |window| {
                let floats = window.ft.iter().zip(window.fv).map(|(t, v)| (*t, Value::Float(*v)));
                let histograms =
                    window.ht.iter().zip(window.hh).map(|(t, h)| (*t, Value::Histogram(h.clone())));
                let mut points: Points = floats.chain(histograms).collect();
                points.sort_by_key(|(t, _)| *t);
                all.push(points);
            });
            all
        };
        self.each_windowed(expr, grid, (Column::Last, false), work, &mut |_, labels, all| {
            lines.extend(all.into_iter().map(|points| Line { labels: labels.clone(), points }));
            Ok(())
        })?;
        lines.sort_by(|a, b| a.labels.cmp(&b.labels));
        Ok(Answer::Matrix(lines))
    }
}

type Points = Vec<(i64, Value)>;

/// Where a range lies relative to the moment of evaluation, and how its ends are treated.
pub(super) struct Place {
    pub fixed: Option<i64>,
    pub offset: i64,
    pub range: i64,
    pub ends: Ends,
    /// Whether what falls between two samples began again from zero.
    pub is_counter: bool,
    pub lookback: i64,
    pub is_version_2: bool,
}

impl Place {
    fn reference(&self, t: i64) -> i64 {
        self.fixed.unwrap_or(t).saturating_sub(self.offset)
    }

    fn walk(&self, apart: &Apart<'_>, grid: Grid, f: &mut dyn FnMut(Window<'_>)) {
        let is_version_2 = self.is_version_2;
        let closed = i64::from(!is_version_2);
        let (mut floats, mut histograms) = (Slide::default(), Slide::default());
        for step in 0..grid.len {
            let at = grid.time(step);
            let end = self.reference(at);
            let start = end.saturating_sub(self.range);
            if self.ends != Ends::Plain {
                let (ft, fv) = self.with_ends(apart, start, end);
                let (ft, fv, may_fall) = (&ft[..], &fv[..], true);
                f(Window { ft, fv, ht: &[], hh: &[], at, start, end, step, may_fall, is_version_2 });
                continue;
            }
            floats.advance(&apart.ft, start.saturating_add(closed), end);
            histograms.advance(&apart.ht, start.saturating_add(closed), end);
            let (ft, fv) = (&apart.ft[floats.from..floats.to], &apart.fv[floats.from..floats.to]);
            let (ht, hh) =
                (&apart.ht[histograms.from..histograms.to], &apart.hh[histograms.from..histograms.to]);
            let may_fall = !ft.is_empty() && apart.falls[floats.to - 1] > apart.falls[floats.from];
            let window = Window { ft, fv, ht, hh, at, start, end, step, may_fall, is_version_2 };
            if !window.is_empty() {
                f(window);
            }
        }
    }
}

fn is_marker(samples: &Samples, at: usize) -> bool {
    if is_hole(samples.v[at]) {
        samples.histogram(at).is_none_or(|h| h.is_stale())
    } else {
        is_stale(samples.v[at])
    }
}
