//! Calling functions.

use super::rates::{self, Growth, Remark, Remarks};
use super::select::{Window, WindowWork};
use super::{Cell, Eval, Grid, Result, Series, Val, dates, greatest, least, merge, over_time};
use crate::promql::Fault;
use crate::promql::ast::{Call, Expr, Type};
use crate::sample::hole;
use crate::store::rollup::Column;

impl Eval<'_> {
    /// Whether a call yields its series one after another and cannot bring two series to the same labels.
    pub fn is_streamed(call: &Call) -> bool {
        let name = call.function.name;
        let is_elementwise = call.function.arguments.first() == Some(&Type::Vector)
            && (plain_math(name).is_some() || ["clamp", "clamp_min", "clamp_max", "round"].contains(&name));
        let is_over_range = range_function(name).is_some();
        if !is_elementwise && !is_over_range {
            return false;
        }
        let source = call.arguments.iter().find(|a| a.value_type() != Type::Scalar);
        match source.map(Expr::bare) {
            Some(Expr::Vector(selector) | Expr::Matrix(selector, _)) => selector
                .matchers
                .iter()
                .any(|m| m.name == "__name__" && m.op == crate::matcher::MatchOp::Equal),
            Some(Expr::Call(inner)) => is_elementwise && Self::is_streamed(inner),
            _ => false,
        }
    }

    /// Calls a function that maps series to series, one after another.
    pub fn each_called(
        &mut self,
        call: &Call,
        grid: Grid,
        sink: &mut dyn FnMut(&mut Self, Series) -> Result<()>,
    ) -> Result<()> {
        if let Some(function) = range_function(call.function.name) {
            return self.each_over_range(call, function, grid, sink);
        }
        let mut scalars = Vec::new();
        for argument in call.arguments.iter().skip(1) {
            scalars.push(self.scalar(argument, grid)?);
        }
        let math = plain_math(call.function.name);
        let name = call.function.name;
        self.each(&call.arguments[0], grid, &mut |eval, mut series| {
            series.labels = series.labels.without_name();
            series.h = None; // these functions pass over histograms
            match math {
                Some(f) => series.map(f),
                None => bound(name, &mut series, &scalars),
            }
            if series.is_empty() { Ok(()) } else { sink(eval, series) }
        })
    }

    fn each_over_range(
        &mut self,
        call: &Call,
        function: RangeFunction,
        grid: Grid,
        sink: &mut dyn FnMut(&mut Self, Series) -> Result<()>,
    ) -> Result<()> {
        let name = call.function.name;
        let mut scalars = Vec::new();
        for argument in call.arguments.iter().filter(|a| a.value_type() == Type::Scalar) {
            scalars.push(self.scalar(argument, grid)?);
        }
        check_factors(name, &scalars)?;
        let matrix =
            call.arguments.iter().find(|a| a.value_type() == Type::Matrix).expect("checked when parsed");
        let keeps_name = matches!(name, "last_over_time" | "first_over_time");
        let position = matrix_position(matrix);
        let work: WindowWork<'_, (Series, Remarks, bool)> = &|labels, windows| {
            let kept = if keeps_name { labels.clone() } else { labels.without_name() };
            let mut series = Series::empty(kept, grid.len);
            let (mut remarks, mut is_float) = (Vec::new(), false);
            windows(&mut |window| {
                is_float |= !window.ft.is_empty();
                let cell = function(&window, &scalars, &mut remarks);
                if cell.is_some() {
                    series.set(window.step, cell);
                }
            });
            (series, remarks, is_float)
        };
        self.each_windowed(
            matrix,
            grid,
            (column(name), matches!(name, "rate" | "increase")),
            work,
            &mut |eval, labels, (series, remarks, is_float)| {
                eval.note(&remarks, labels.name(), position);
                if series.is_empty() {
                    return Ok(());
                }
                if is_float && matches!(name, "rate" | "irate" | "increase") {
                    eval.note_counter_name(labels.name(), position);
                }
                sink(eval, series)
            },
        )
    }

    /// Calls any other function.
    pub fn call(&mut self, call: &Call, grid: Grid) -> Result<Val> {
        let name = call.function.name;
        let first = call.arguments.first();
        let all = |v: f64| Ok(Val::Scalar(vec![v; grid.len]));
        match name {
            "time" => Ok(Val::Scalar(grid.times().map(|t| t as f64 / 1000.0).collect())),
            "pi" => all(std::f64::consts::PI),
            "start" => all(self.whole.start_ms as f64 / 1000.0),
            "end" => all(self.whole.end_ms as f64 / 1000.0),
            "range" => all((self.whole.end_ms - self.whole.start_ms) as f64 / 1000.0),
            "step" => all(self.whole.step_ms as f64 / 1000.0),
            "scalar" => self.only_value(&call.arguments[0], grid),
            "vector" => {
                let v = self.scalar(&call.arguments[0], grid)?;
                Ok(Val::Vector(vec![Series { labels: crate::labels::Labels::empty(), v, h: None }]))
            }
            "timestamp" => self.timestamp(&call.arguments[0], grid),
            "absent" | "absent_over_time" => self.absent(&call.arguments[0], grid),
            "sort" | "sort_desc" | "sort_by_label" | "sort_by_label_desc" => self.sorted(call, grid),
            "label_replace" => self.label_replace(call, grid),
            "label_join" => self.label_join(call, grid),
            "info" => self.info(call, grid),
            "histogram_quantile" | "histogram_fraction" | "histogram_quantiles" => {
                self.histogram_function(call, grid)
            }
            "histogram_count" | "histogram_sum" | "histogram_avg" | "histogram_stddev"
            | "histogram_stdvar" => self.histogram_part(name, &call.arguments[0], grid),
            _ => {
                if let (Some(part), None) = (dates::part(name), first) {
                    let v = grid.times().map(|t| part(t as f64 / 1000.0)).collect();
                    Ok(Val::Vector(vec![Series { labels: crate::labels::Labels::empty(), v, h: None }]))
                } else {
                    let mut all = Vec::new();
                    self.each_called(call, grid, &mut |eval, series| {
                        eval.hold(series.v.len())?;
                        all.push(series);
                        Ok(())
                    })?;
                    merge(all, range_function(name).is_none()).map(Val::Vector)
                }
            }
        }
    }

    fn only_value(&mut self, argument: &Expr, grid: Grid) -> Result<Val> {
        let series = self.vector(argument, grid)?;
        let mut out = vec![f64::NAN; grid.len];
        for (step, slot) in out.iter_mut().enumerate() {
            let mut floats = series.iter().filter_map(|s| s.float(step));
            if let (Some(only), None) = (floats.next(), floats.next()) {
                *slot = only;
            }
        }
        Ok(Val::Scalar(out))
    }

    fn timestamp(&mut self, argument: &Expr, grid: Grid) -> Result<Val> {
        let mut all = Vec::new();
        let mut keep = |eval: &mut Self, mut series: Series| {
            series.labels = series.labels.without_name();
            eval.hold(series.v.len())?;
            all.push(series);
            Ok(())
        };
        if let Expr::Vector(selector) = argument.bare() {
            self.each_timestamp(selector, grid, &mut keep)?;
        } else {
            self.each(argument, grid, &mut |eval, mut series| {
                for step in 0..grid.len {
                    if series.is_present(step) {
                        series.v[step] = grid.time(step) as f64 / 1000.0;
                    }
                }
                series.h = None;
                keep(eval, series)
            })?;
        }
        merge(all, true).map(Val::Vector)
    }

    fn absent(&mut self, argument: &Expr, grid: Grid) -> Result<Val> {
        let mut is_there = vec![false; grid.len];
        if argument.value_type() == Type::Matrix {
            let work: WindowWork<'_, Vec<usize>> = &|_, windows| {
                let mut steps = Vec::new();
                windows(&mut |window| steps.push(window.step));
                steps
            };
            self.each_windowed(argument, grid, (Column::Last, false), work, &mut |_, _, steps| {
                for step in steps {
                    is_there[step] = true;
                }
                Ok(())
            })?;
        } else {
            self.each(argument, grid, &mut |_, series| {
                for (step, there) in is_there.iter_mut().enumerate() {
                    *there |= series.is_present(step);
                }
                Ok(())
            })?;
        }
        let v: Vec<f64> = is_there.into_iter().map(|there| if there { hole() } else { 1.0 }).collect();
        let series = Series { labels: super::labelled::absent_labels(argument), v, h: None };
        Ok(Val::Vector(if series.is_empty() { Vec::new() } else { vec![series] }))
    }

    /// Tells what functions over ranges remarked.
    pub fn note(&mut self, remarks: &Remarks, metric: &str, position: usize) {
        if remarks.is_empty() {
            return;
        }
        let place = self.place(position);
        let mut remarks = remarks.clone();
        remarks.sort_unstable();
        remarks.dedup();
        for remark in remarks {
            match remark {
                Remark::MixedTypes => self.notes.warn(format!("encountered a mix of histograms and floats for metric name {metric:?} ({place})")),
                Remark::MixedBuckets => self.notes.warn(format!("vector contains a mix of histograms with exponential and custom buckets schemas for metric name {metric:?} ({place})")),
                Remark::NotCounter => self.notes.warn(format!("this native histogram metric is not a counter: {metric:?} ({place})")),
                Remark::NotGauge => self.notes.warn(format!("this native histogram metric is not a gauge: {metric:?} ({place})")),
                Remark::HistogramsIgnored => self.notes.info(format!("ignored histograms in a range containing both floats and histograms for metric name {metric:?} ({place})")),
                Remark::Reconciled(operation) => self.note_reconciled(operation, position),
                Remark::ResetConflict(operation) => self.note_reset_conflict(operation, position),
                Remark::InvalidQuantile(bits) => {
                    let q = crate::api::float(f64::from_bits(bits));
                    self.notes.warn(format!("quantile value should be between 0 and 1, got {q} ({place})"));
                }
            }
        }
    }

    pub fn note_reconciled(&mut self, operation: &str, position: usize) {
        let place = self.place(position);
        self.notes.info(format!("mismatched custom buckets were reconciled during {operation} ({place})"));
    }

    pub fn note_reset_conflict(&mut self, operation: &str, position: usize) {
        let place = self.place(position);
        self.notes.warn(format!("conflicting counter resets during histogram {operation} ({place})"));
    }

    fn note_counter_name(&mut self, metric: &str, position: usize) {
        let is_counter = ["_total", "_sum", "_count", "_bucket"].iter().any(|end| metric.ends_with(end));
        if !metric.is_empty() && !is_counter {
            let place = self.place(position);
            self.notes.info(format!("metric might not be a counter, name does not end in _total/_sum/_count/_bucket: {metric:?} ({place})"));
        }
    }
}

fn matrix_position(matrix: &Expr) -> usize {
    match matrix.bare() {
        Expr::Matrix(selector, _) => selector.position,
        Expr::Subquery(subquery) => subquery.position,
        _ => 0,
    }
}

/// Which column of rolled-up rows a function needs.
fn column(name: &str) -> Column {
    match name {
        "min_over_time" => Column::Min,
        "max_over_time" => Column::Max,
        "sum_over_time" => Column::Sum,
        "avg_over_time" | "quantile_over_time" => Column::Mean,
        _ => Column::Last,
    }
}

fn check_factors(name: &str, scalars: &[Vec<f64>]) -> Result<()> {
    if !matches!(name, "holt_winters" | "double_exponential_smoothing") {
        return Ok(());
    }
    for (values, what) in scalars.iter().zip(["smoothing", "trend"]) {
        if let Some(bad) = values.iter().find(|v| !(**v > 0.0 && **v < 1.0)) {
            return Err(Fault::Execution(format!(
                "invalid {what} factor. Expected: 0 < {what} factor < 1, got: {bad}"
            )));
        }
    }
    Ok(())
}

/// What a function makes of a window, with its scalars at that step.
type RangeFunction = fn(&Window<'_>, &[Vec<f64>], &mut Remarks) -> Option<Cell>;

/// The function over ranges with a name, looked up once for all windows.
fn range_function(name: &str) -> Option<RangeFunction> {
    fn scalar(scalars: &[Vec<f64>], i: usize, window: &Window<'_>) -> f64 {
        scalars[i][window.step]
    }
    Some(match name {
        "rate" => |w, _, r| rates::growth(w, Growth::Rate, r),
        "increase" => |w, _, r| rates::growth(w, Growth::Increase, r),
        "delta" => |w, _, r| rates::growth(w, Growth::Delta, r),
        "irate" => |w, _, r| rates::instant_growth(w, true, r),
        "idelta" => |w, _, r| rates::instant_growth(w, false, r),
        "deriv" => |w, _, r| rates::deriv(w, r),
        "predict_linear" => |w, s, r| rates::predict(w, scalar(s, 0, w), r),
        "holt_winters" | "double_exponential_smoothing" => {
            |w, s, r| rates::smoothing(w, scalar(s, 0, w), scalar(s, 1, w), r)
        }
        "changes" => |w, _, _| over_time::count_steps(w, false),
        "resets" => |w, _, _| over_time::count_steps(w, true),
        "avg_over_time" => |w, _, r| over_time::total(w, true, r),
        "sum_over_time" => |w, _, r| over_time::total(w, false, r),
        "min_over_time" => |w, _, r| over_time::extreme(w, false, r).map(|(_, v)| Cell::Float(v)),
        "max_over_time" => |w, _, r| over_time::extreme(w, true, r).map(|(_, v)| Cell::Float(v)),
        "ts_of_min_over_time" => |w, _, r| over_time::time_of_extreme(w, false, r),
        "ts_of_max_over_time" => |w, _, r| over_time::time_of_extreme(w, true, r),
        "count_over_time" => |w, _, _| Some(Cell::Float((w.ft.len() + w.ht.len()) as f64)),
        "present_over_time" => |_, _, _| Some(Cell::Float(1.0)),
        "last_over_time" => |w, _, _| over_time::end(w, true).map(|(_, cell)| cell),
        "first_over_time" => |w, _, _| over_time::end(w, false).map(|(_, cell)| cell),
        "ts_of_last_over_time" => |w, _, _| over_time::time_of_end(w, true),
        "ts_of_first_over_time" => |w, _, _| over_time::time_of_end(w, false),
        "stdvar_over_time" => |w, _, r| over_time::spread(w, false, r),
        "stddev_over_time" => |w, _, r| over_time::spread(w, true, r),
        "quantile_over_time" => |w, s, r| over_time::quantile_over_time(w, scalar(s, 0, w), r),
        "mad_over_time" => |w, _, r| over_time::median_deviation(w, r),
        _ => return None,
    })
}

/// Functions of one number.
fn plain_math(name: &str) -> Option<fn(f64) -> f64> {
    Some(match name {
        "abs" => f64::abs,
        "acos" => f64::acos,
        "acosh" => f64::acosh,
        "asin" => f64::asin,
        "asinh" => f64::asinh,
        "atan" => f64::atan,
        "atanh" => f64::atanh,
        "ceil" => f64::ceil,
        "cos" => f64::cos,
        "cosh" => f64::cosh,
        "deg" => f64::to_degrees,
        "exp" => f64::exp,
        "floor" => f64::floor,
        "ln" => f64::ln,
        "log10" => f64::log10,
        "log2" => f64::log2,
        "rad" => f64::to_radians,
        "sgn" => |v| {
            if v < 0.0 {
                -1.0
            } else if v > 0.0 {
                1.0
            } else {
                v
            }
        },
        "sin" => f64::sin,
        "sinh" => f64::sinh,
        "sqrt" => f64::sqrt,
        "tan" => f64::tan,
        "tanh" => f64::tanh,
        _ => return dates::part(name),
    })
}

fn bound(name: &str, series: &mut Series, scalars: &[Vec<f64>]) {
    for step in 0..series.v.len() {
        let Some(v) = series.float(step) else { continue };
        let scalar = |i: usize| scalars[i][step];
        let bounded = match name {
            "clamp" if scalar(1) < scalar(0) => None,
            "clamp" => Some(greatest(scalar(0), least(scalar(1), v))),
            "clamp_min" => Some(greatest(scalar(0), v)),
            "clamp_max" => Some(least(scalar(0), v)),
            _ => {
                let inverse = 1.0 / scalars.first().map_or(1.0, |s| s[step]);
                Some((v * inverse + 0.5).floor() / inverse)
            }
        };
        series.set(step, bounded.map(Cell::Float));
    }
}
