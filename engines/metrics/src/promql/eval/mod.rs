//! Evaluation: every expression becomes columns with one place per step, series by series.

mod aggregate;
mod binary;
mod call;
mod classic;
mod column;
pub(crate) mod dates;
mod ends;
mod info;
mod labelled;
mod over_time;
mod rates;
mod reading;
mod select;
mod set;

use std::collections::{HashMap, HashSet};
use std::sync::atomic::Ordering;
use std::time::Instant;

use super::ast::{Expr, Type};
use super::notes::{Notes, line_and_column};
use super::parse::parse;
use super::{Answer, Fault, Line, Options, Outcome, Range, Source, span};
use crate::histogram::Histogram;
use crate::labels::Labels;
use crate::sample::{Value, is_hole};
use std::sync::Arc;

pub(crate) use column::Series;

/// Moments of evaluation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Grid {
    pub start: i64,
    pub step: i64,
    pub len: usize,
}

impl Grid {
    pub fn time(&self, step: usize) -> i64 {
        self.start + self.step * step as i64
    }

    pub fn last(&self) -> i64 {
        self.time(self.len.saturating_sub(1))
    }

    pub fn times(&self) -> impl Iterator<Item = i64> + use<> {
        let grid = *self;
        (0..grid.len).map(move |i| grid.time(i))
    }
}

/// What an expression came to.
pub(crate) enum Val {
    Scalar(Vec<f64>),
    Vector(Vec<Series>),
    Text(String),
}

pub(crate) type Result<T> = std::result::Result<T, Fault>;

/// One evaluation.
pub(crate) struct Eval<'a> {
    pub source: &'a dyn Source,
    pub options: &'a Options,
    pub query: &'a str,
    /// Of the whole query: what `start()` and `end()` mean.
    pub whole: Range,
    pub notes: Notes,
    pub samples: usize,
    held: usize,
    peak_samples: usize,
}

pub(super) fn run(
    source: &dyn Source,
    query: &str,
    range: Range,
    is_instant: bool,
    options: &Options,
) -> Result<Outcome> {
    let expr = parse(query, options.experimental).map_err(|fault| Fault::parse(query, fault))?;
    let mut eval = Eval {
        source,
        options,
        query,
        whole: range,
        notes: Notes::default(),
        samples: 0,
        held: 0,
        peak_samples: 0,
    };
    let grid = Grid { start: range.start_ms, step: range.step_ms.max(1), len: range.steps() };
    if !is_instant && !matches!(expr.value_type(), Type::Scalar | Type::Vector) {
        let found = expr.value_type();
        return Err(Fault::Invalid(format!(
            "invalid expression type {:?} for range query, must be Scalar or instant Vector",
            found.to_string()
        )));
    }
    let answer = match expr.bare() {
        Expr::Matrix(..) | Expr::Subquery(_) => eval.raw_matrix(expr.bare(), grid)?,
        _ => match eval.eval(&expr, grid)? {
            Val::Scalar(values) => Answer::Scalar(grid.times().zip(values).collect()),
            Val::Text(text) => Answer::Text(grid.start, text),
            Val::Vector(series) if is_instant => Answer::Vector(lines(series, grid)),
            Val::Vector(series) => {
                let mut lines = lines(series, grid);
                lines.sort_by(|a, b| a.labels.cmp(&b.labels));
                Answer::Matrix(lines)
            }
        },
    };
    if let Answer::Vector(lines) | Answer::Matrix(lines) = &answer {
        let mut seen = HashSet::new();
        if lines.iter().any(|line| !seen.insert(&line.labels)) {
            return Err(same_labels());
        }
    }
    let Eval { notes, samples, peak_samples, .. } = eval;
    Ok(Outcome { answer, notes, samples, peak_samples })
}

fn lines(series: Vec<Series>, grid: Grid) -> Vec<Line> {
    series
        .into_iter()
        .filter_map(|s| {
            let points: Vec<(i64, Value)> =
                (0..grid.len).filter_map(|i| s.value(i).map(|value| (grid.time(i), value))).collect();
            (!points.is_empty()).then_some(Line { labels: s.labels, points })
        })
        .collect()
}

pub(crate) fn same_labels() -> Fault {
    Fault::Execution("vector cannot contain metrics with the same labelset".into())
}

impl Eval<'_> {
    pub fn eval(&mut self, expr: &Expr, grid: Grid) -> Result<Val> {
        self.check_time()?;
        match expr {
            Expr::Number(number) => Ok(Val::Scalar(vec![*number; grid.len])),
            Expr::Text(text) => Ok(Val::Text(text.clone())),
            Expr::Paren(inner) => self.eval(inner, grid),
            Expr::Negate(inner) => self.negate(inner, grid),
            Expr::Vector(_) | Expr::Call(_) => self.collected(expr, grid),
            Expr::Aggregate(aggregate) => self.aggregate(aggregate, grid).map(Val::Vector),
            Expr::Binary(binary) => self.binary(binary, grid),
            Expr::Matrix(..) | Expr::Subquery(_) => {
                Err(Fault::Execution("a range vector stands where a value is needed".into()))
            }
        }
    }

    pub fn scalar(&mut self, expr: &Expr, grid: Grid) -> Result<Vec<f64>> {
        match self.eval(expr, grid)? {
            Val::Scalar(values) => Ok(values),
            _ => Err(Fault::Execution("a scalar was expected".into())),
        }
    }

    pub fn vector(&mut self, expr: &Expr, grid: Grid) -> Result<Vec<Series>> {
        match self.eval(expr, grid)? {
            Val::Vector(series) => Ok(series),
            _ => Err(Fault::Execution("an instant vector was expected".into())),
        }
    }

    /// Hands the series of a vector to `sink` one after another, so that they need not be held at once.
    pub fn each(
        &mut self,
        expr: &Expr,
        grid: Grid,
        sink: &mut dyn FnMut(&mut Self, Series) -> Result<()>,
    ) -> Result<()> {
        match expr.bare() {
            Expr::Vector(selector) => self.each_selected(selector, grid, sink),
            Expr::Call(call) if Self::is_streamed(call) => self.each_called(call, grid, sink),
            other => {
                let series = self.vector(other, grid)?;
                for s in series {
                    let values = s.v.len();
                    sink(self, s)?;
                    self.release(values);
                }
                Ok(())
            }
        }
    }

    fn collected(&mut self, expr: &Expr, grid: Grid) -> Result<Val> {
        if let Expr::Call(call) = expr
            && !Self::is_streamed(call)
        {
            return self.call(call, grid);
        }
        let mut all = Vec::new();
        self.each(expr, grid, &mut |eval, series| {
            eval.hold(series.v.len())?;
            all.push(series);
            Ok(())
        })?;
        if let Expr::Call(call) = expr {
            let is_over_range = call.arguments.iter().any(|a| a.value_type() == Type::Matrix);
            return merge(all, !is_over_range).map(Val::Vector);
        }
        Ok(Val::Vector(all))
    }

    fn negate(&mut self, inner: &Expr, grid: Grid) -> Result<Val> {
        match self.eval(inner, grid)? {
            Val::Scalar(values) => Ok(Val::Scalar(values.into_iter().map(|v| -v).collect())),
            Val::Vector(mut series) => {
                for s in &mut series {
                    s.labels = s.labels.without_name();
                    s.map(|v| -v);
                    s.map_histograms(|h| h.scale(-1.0));
                }
                merge(series, false).map(Val::Vector)
            }
            Val::Text(text) => Ok(Val::Text(text)),
        }
    }

    /// Counts values that are held until the query ends.
    pub fn hold(&mut self, values: usize) -> Result<()> {
        self.held += values;
        self.peak_samples = self.peak_samples.max(self.held);
        if self.held > self.options.most_samples {
            return Err(Fault::TooManySamples);
        }
        Ok(())
    }

    pub fn release(&mut self, values: usize) {
        self.held = self.held.saturating_sub(values);
    }

    pub fn check_time(&self) -> Result<()> {
        if self.options.cancelled.as_ref().is_some_and(|c| c.load(Ordering::Relaxed)) {
            return Err(Fault::Cancelled);
        }
        if self.options.deadline.is_some_and(|deadline| Instant::now() > deadline) {
            return Err(Fault::Timeout);
        }
        Ok(())
    }

    pub fn span(&self, span: &super::ast::Span) -> Result<i64> {
        let step = self.whole.step_ms as f64 / 1000.0;
        let range = (self.whole.end_ms - self.whole.start_ms) as f64 / 1000.0;
        span::resolve(span, step, range).map_err(Fault::Execution)
    }

    pub fn place(&self, position: usize) -> String {
        line_and_column(self.query, position)
    }
}

/// Puts series with the same labels together. Where both have a value at one step, or where `may_merge` is not set,
/// that is an error.
pub(crate) fn merge(series: Vec<Series>, may_merge: bool) -> Result<Vec<Series>> {
    let mut positions: HashMap<Labels, usize> = HashMap::with_capacity(series.len());
    let mut out: Vec<Series> = Vec::with_capacity(series.len());
    for s in series {
        if s.is_empty() {
            continue;
        }
        match positions.get(&s.labels) {
            None => {
                positions.insert(s.labels.clone(), out.len());
                out.push(s);
            }
            Some(at) if may_merge => {
                if !out[*at].absorb(&s) {
                    return Err(same_labels());
                }
            }
            Some(_) => return Err(same_labels()),
        }
    }
    Ok(out)
}

/// A histogram or a float at one step, on its way into a column.
pub(crate) enum Cell {
    Float(f64),
    Histogram(Arc<Histogram>),
}

/// As Go's `math.Max`: an infinity beyond everything wins, then NaN.
pub(crate) fn greatest(a: f64, b: f64) -> f64 {
    if a == f64::INFINITY || b == f64::INFINITY {
        return f64::INFINITY;
    }
    if a.is_nan() || b.is_nan() { f64::NAN } else { a.max(b) }
}

/// As Go's `math.Min`.
pub(crate) fn least(a: f64, b: f64) -> f64 {
    -greatest(-a, -b)
}

/// A float that came out of arithmetic must not look like the mark for "nothing here".
pub(crate) fn tame(v: f64) -> f64 {
    if is_hole(v) { f64::NAN } else { v }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Options as StoreOptions, Store};

    /// As Prometheus: series that get the same labels by losing their name are an error even at different steps.
    #[test]
    fn a_minus_does_not_put_series_of_two_metrics_together() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), StoreOptions::default()).unwrap();
        let mut appender = store.appender();
        for (name, t) in [("first", 0), ("second", 600_000)] {
            let id = appender.series(&[("__name__", name), ("job", "api")]).unwrap();
            appender.float(id, t, 1.0);
        }
        appender.commit().unwrap();
        let range = Range { start_ms: 0, end_ms: 600_000, step_ms: 60_000 };
        let ask = |query: &str| crate::promql::range(&store, query, range, &Options::default());
        assert_eq!(ask("-(first or second)").unwrap_err(), same_labels());
        assert!(ask("first or second").is_ok());
    }
}
