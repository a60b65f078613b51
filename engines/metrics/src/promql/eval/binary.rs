//! Binary operators between scalars and vectors.

use std::collections::HashMap;
use std::sync::Arc;

use super::labelled::{presence, signature};
use super::{Cell, Eval, Grid, Result, Series, Val, merge, set};
use crate::histogram::{Bucket, Combined, Histogram, ResetHint};
use crate::labels::{Labels, METRIC_NAME};
use crate::promql::Fault;
use crate::promql::ast::{Binary, Cardinality, Matching, Operator};
use crate::sample::Value;

/// What an operator made of two values.
enum Made {
    Kept(Cell),
    /// A histogram, and what it took to put two together.
    Combined(Histogram, Combined),
    /// A comparison that is not true.
    Dropped,
    /// The operator does not apply to these types.
    Unfit,
    /// One histogram has exponential buckets, the other given bounds.
    Mixed,
}

impl Eval<'_> {
    pub fn binary(&mut self, binary: &Binary, grid: Grid) -> Result<Val> {
        let left = self.eval(&binary.left, grid)?;
        let right = self.eval(&binary.right, grid)?;
        match (left, right) {
            (Val::Scalar(a), Val::Scalar(b)) => {
                let pairs = a.into_iter().zip(b);
                Ok(Val::Scalar(pairs.map(|(a, b)| scalar_operation(binary.operator, a, b)).collect()))
            }
            (Val::Vector(series), Val::Scalar(scalar)) => self.with_scalar(binary, series, &scalar, false),
            (Val::Scalar(scalar), Val::Vector(series)) => self.with_scalar(binary, series, &scalar, true),
            (Val::Vector(left), Val::Vector(right)) if binary.operator.is_set() => {
                set::combine(binary.operator, &binary.matching, left, right, grid).map(Val::Vector)
            }
            (Val::Vector(left), Val::Vector(right)) => {
                self.matched(binary, left, right, grid).map(Val::Vector)
            }
            _ => Err(Fault::Execution("an operand is neither scalar nor vector".into())),
        }
    }

    fn with_scalar(
        &mut self,
        binary: &Binary,
        series: Vec<Series>,
        scalar: &[f64],
        is_left: bool,
    ) -> Result<Val> {
        let drops_name = drops_name(binary, self.options.is_version_2);
        let mut out = Vec::with_capacity(series.len());
        let mut unfit = None;
        for mut s in series {
            for (step, scalar) in scalar.iter().enumerate() {
                let Some(value) = s.value(step) else { continue };
                let other = Value::Float(*scalar);
                let made = if is_left {
                    operate(binary.operator, &other, &value)
                } else {
                    operate(binary.operator, &value, &other)
                };
                if matches!(made, Made::Unfit) {
                    unfit = Some(types(
                        if is_left { &other } else { &value },
                        if is_left { &value } else { &other },
                    ));
                }
                let cell = match made {
                    Made::Kept(_) if binary.is_bool => Some(Cell::Float(1.0)),
                    Made::Dropped if binary.is_bool => Some(Cell::Float(0.0)),
                    // A comparison keeps the vector's value, on whichever side it stands.
                    Made::Kept(_) if binary.operator.is_comparison() => continue,
                    Made::Kept(cell) => Some(cell),
                    Made::Combined(..) | Made::Dropped | Made::Unfit | Made::Mixed => None,
                };
                if matches!(cell, Some(Cell::Float(_))) {
                    s.clear(step);
                }
                s.set(step, cell);
            }
            if drops_name {
                s.labels = s.labels.without_name();
            }
            out.push(s);
        }
        self.note_unfit(binary, unfit);
        merge(out, true).map(Val::Vector)
    }

    fn note_unfit(&mut self, binary: &Binary, unfit: Option<(&'static str, &'static str)>) {
        if let Some((left, right)) = unfit {
            let place = self.place(binary.position);
            let operator = binary.operator.text();
            self.notes.info(format!("incompatible sample types encountered for binary operator {operator:?}: {left} {operator} {right} ({place})"));
        }
    }

    fn note_combined(&mut self, binary: &Binary, is_mixed: bool, combined: Combined) {
        let operation = if binary.operator == Operator::Sub { "subtraction" } else { "addition" };
        if is_mixed {
            let place = self.place(binary.position);
            self.notes.warn(format!(
                "vector contains a mix of histograms with exponential and custom buckets schemas ({place})"
            ));
        }
        if combined.is_reconciled {
            self.note_reconciled(operation, binary.position);
        }
        if combined.has_conflict {
            self.note_reset_conflict(operation, binary.position);
        }
    }

    fn matched(
        &mut self,
        binary: &Binary,
        left: Vec<Series>,
        right: Vec<Series>,
        grid: Grid,
    ) -> Result<Vec<Series>> {
        let matching = &binary.matching;
        let is_swapped = matching.cardinality == Cardinality::OneToMany;
        let (many, one) = if is_swapped { (right, left) } else { (left, right) };
        let groups = Groups::new(&many, &one, matching, grid, is_swapped)?;
        let mut out: Vec<Series> = Vec::new();
        let mut positions: HashMap<Labels, usize> = HashMap::new();
        // Which groups of a one-to-one match have their result already, at each step.
        let mut done: HashMap<Labels, Vec<bool>> = HashMap::new();
        let (mut unfit, mut is_mixed, mut combined) = (None, false, Combined::default());
        for m in &many {
            self.check_time()?;
            let key = signature(&m.labels, matching.is_on, &matching.labels);
            let Some(partners) = groups.one.get(&key) else { continue };
            let is_alone = matching.cardinality != Cardinality::OneToOne || groups.many_counts[&key] == 1;
            let mut last: Option<(usize, usize)> = None;
            for step in 0..grid.len {
                let Some(value) = m.value(step) else { continue };
                let Some(partner) = partners.iter().copied().find(|i| one[*i].is_present(step)) else {
                    continue;
                };
                let Some(other) = one[partner].value(step) else { continue };
                let made = if is_swapped {
                    operate(binary.operator, &other, &value)
                } else {
                    operate(binary.operator, &value, &other)
                };
                let cell = match made {
                    Made::Unfit => {
                        unfit = Some(if is_swapped { types(&other, &value) } else { types(&value, &other) });
                        continue;
                    }
                    Made::Mixed => {
                        is_mixed = true;
                        continue;
                    }
                    Made::Combined(h, how) => {
                        combined = combined.and(how);
                        Cell::Histogram(Arc::new(h))
                    }
                    Made::Kept(_) if binary.is_bool => Cell::Float(1.0),
                    Made::Dropped if binary.is_bool => Cell::Float(0.0),
                    Made::Dropped => continue,
                    Made::Kept(cell) => cell,
                };
                if !is_alone {
                    let done = done.entry(key.clone()).or_insert_with(|| vec![false; grid.len]);
                    if std::mem::replace(&mut done[step], true) {
                        return Err(Fault::Execution("multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)".into()));
                    }
                }
                let at = match last {
                    Some((of, at)) if of == partner => at,
                    _ => {
                        let drops_name = drops_name(binary, self.options.is_version_2);
                        let labels = result_labels(&m.labels, &one[partner].labels, binary, drops_name);
                        *positions.entry(labels.clone()).or_insert_with(|| {
                            out.push(Series::empty(labels, grid.len));
                            out.len() - 1
                        })
                    }
                };
                last = Some((partner, at));
                if out[at].is_present(step) {
                    return Err(Fault::Execution(
                        "multiple matches for labels: grouping labels must ensure unique matches".into(),
                    ));
                }
                out[at].set(step, Some(cell));
            }
        }
        self.hold(out.len() * grid.len)?;
        self.note_unfit(binary, unfit);
        self.note_combined(binary, is_mixed, combined);
        Ok(out)
    }
}

struct Groups {
    one: HashMap<Labels, Vec<usize>>,
    many_counts: HashMap<Labels, usize>,
}

impl Groups {
    fn new(
        many: &[Series],
        one: &[Series],
        matching: &Matching,
        grid: Grid,
        is_swapped: bool,
    ) -> Result<Self> {
        let key = |s: &Series| signature(&s.labels, matching.is_on, &matching.labels);
        let mut groups: HashMap<Labels, Vec<usize>> = HashMap::new();
        for (i, s) in one.iter().enumerate() {
            groups.entry(key(s)).or_default().push(i);
        }
        let mut many_counts = HashMap::new();
        for s in many {
            *many_counts.entry(key(s)).or_insert(0) += 1;
        }
        let any_many =
            if groups.values().any(|g| g.len() > 1) { presence(many.iter(), grid.len) } else { Vec::new() };
        for (labels, group) in groups.iter().filter(|(_, g)| g.len() > 1) {
            for step in (0..grid.len).filter(|step| any_many[*step]) {
                let mut there = group.iter().filter(|i| one[**i].is_present(step));
                if let (Some(a), Some(b)) = (there.next(), there.next()) {
                    let side = if is_swapped { "left" } else { "right" };
                    return Err(Fault::Execution(format!(
                        "found duplicate series for the match group {labels} on the {side} hand-side of the operation: [{}, {}];many-to-many matching not allowed: matching labels must be unique on one side",
                        one[*b].labels, one[*a].labels
                    )));
                }
            }
        }
        Ok(Self { one: groups, many_counts })
    }
}

/// Comparisons keep the metric's name; before version 3 so did `atan2`.
fn drops_name(binary: &Binary, is_version_2: bool) -> bool {
    let operator = binary.operator;
    let keeps = operator.is_comparison() || is_trim(operator) || is_version_2 && operator == Operator::Atan2;
    !keeps || binary.is_bool
}

fn result_labels(many: &Labels, one: &Labels, binary: &Binary, drops_name: bool) -> Labels {
    let matching = &binary.matching;
    let mut labels = if drops_name { many.without_name() } else { many.clone() };
    if matching.cardinality == Cardinality::OneToOne {
        let is_listed = |name: &str| matching.labels.iter().any(|l| l == name);
        labels = labels.filtered(|name| is_listed(name) == matching.is_on);
    }
    for name in &matching.include {
        labels = labels.with(name, one.get(name));
    }
    if binary.is_bool { labels.filtered(|name| name != METRIC_NAME) } else { labels }
}

fn is_trim(operator: Operator) -> bool {
    matches!(operator, Operator::TrimUpper | Operator::TrimLower)
}

fn types(left: &Value, right: &Value) -> (&'static str, &'static str) {
    let name = |v: &Value| if matches!(v, Value::Float(_)) { "float" } else { "histogram" };
    (name(left), name(right))
}

fn scalar_operation(operator: Operator, a: f64, b: f64) -> f64 {
    match compare(operator, a, b) {
        Some(is_true) => f64::from(u8::from(is_true)),
        None => arithmetic(operator, a, b),
    }
}

fn compare(operator: Operator, a: f64, b: f64) -> Option<bool> {
    Some(match operator {
        Operator::Equal => a == b,
        Operator::NotEqual => a != b,
        Operator::Less => a < b,
        Operator::LessEqual => a <= b,
        Operator::Greater => a > b,
        Operator::GreaterEqual => a >= b,
        _ => return None,
    })
}

fn arithmetic(operator: Operator, a: f64, b: f64) -> f64 {
    match operator {
        Operator::Add => a + b,
        Operator::Sub => a - b,
        Operator::Mul => a * b,
        Operator::Div => a / b,
        Operator::Mod => a % b,
        Operator::Pow => a.powf(b),
        Operator::Atan2 => a.atan2(b),
        _ => f64::NAN,
    }
}

fn operate(operator: Operator, left: &Value, right: &Value) -> Made {
    match (left, right) {
        (Value::Float(a), Value::Float(b)) => {
            if is_trim(operator) {
                return Made::Unfit;
            }
            match compare(operator, *a, *b) {
                Some(true) => Made::Kept(Cell::Float(*a)),
                Some(false) => Made::Dropped,
                None => Made::Kept(Cell::Float(arithmetic(operator, *a, *b))),
            }
        }
        (Value::Histogram(h), Value::Float(f)) => scaled(operator, h, *f),
        (Value::Float(f), Value::Histogram(h)) if operator == Operator::Mul => scaled(operator, h, *f),
        (Value::Float(_), Value::Histogram(_)) => Made::Unfit,
        (Value::Histogram(a), Value::Histogram(b)) => between_histograms(operator, a, b),
    }
}

fn scaled(operator: Operator, h: &Arc<Histogram>, f: f64) -> Made {
    let mut out = (**h).clone();
    match operator {
        Operator::Mul => out.scale(f),
        Operator::Div => out.divide(f),
        Operator::TrimUpper | Operator::TrimLower => out = trimmed(h, f, operator == Operator::TrimUpper),
        _ => return Made::Unfit,
    }
    Made::Kept(Cell::Histogram(Arc::new(out)))
}

fn between_histograms(operator: Operator, a: &Arc<Histogram>, b: &Arc<Histogram>) -> Made {
    let mut out = (**a).clone();
    let result = match operator {
        Operator::Add => out.add(b),
        Operator::Sub => out.sub(b),
        Operator::Equal | Operator::NotEqual => {
            let is_kept = a.equals(b) == (operator == Operator::Equal);
            return if is_kept { Made::Kept(Cell::Histogram(a.clone())) } else { Made::Dropped };
        }
        _ => return Made::Unfit,
    };
    if operator == Operator::Sub {
        out.hint = ResetHint::Gauge;
    }
    match result {
        Ok(combined) => Made::Combined(out.compacted(), combined),
        Err(_) => Made::Mixed,
    }
}

/// The histogram without the observations above (or below) a value; a bucket that is cut keeps its share, and the
/// sum is estimated from the middles of the buckets that stay.
fn trimmed(h: &Histogram, at: f64, is_upper: bool) -> Histogram {
    let mut out = h.clone();
    let share = |bucket: &Bucket| {
        let below = if bucket.upper <= at {
            1.0
        } else if bucket.lower >= at {
            0.0
        } else {
            (at - bucket.lower) / (bucket.upper - bucket.lower)
        };
        if is_upper { below } else { 1.0 - below }
    };
    let zero = share(&h.zero_bucket());
    out.zero_count *= if h.zero_count == 0.0 { 0.0 } else { zero };
    for (index, count) in &mut out.positive {
        let bucket = Bucket {
            lower: h.bound(*index - 1),
            upper: h.bound(*index),
            lower_inclusive: false,
            upper_inclusive: true,
            count: *count,
        };
        *count *= share(&bucket);
    }
    for (index, count) in &mut out.negative {
        let bucket = Bucket {
            lower: -h.bound(*index),
            upper: -h.bound(*index - 1),
            lower_inclusive: true,
            upper_inclusive: false,
            count: *count,
        };
        *count *= share(&bucket);
    }
    let out = out.compacted();
    let buckets = out.buckets();
    let sum = buckets.iter().map(|b| b.count * (b.lower.max(-1e300) + b.upper.min(1e300)) / 2.0).sum();
    Histogram { count: buckets.iter().map(|b| b.count).sum(), sum, ..out }
}
