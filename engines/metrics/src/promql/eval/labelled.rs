//! Functions that look at labels: `label_replace`, `label_join`, sorting, and the labels of `absent`.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::{Eval, Grid, Result, Series, Val, merge};
use crate::labels::{Labels, METRIC_NAME};
use crate::matcher::{MatchOp, anchored_regex};
use crate::promql::Fault;
use crate::promql::ast::{Call, Expr};

impl Eval<'_> {
    fn text(expr: &Expr) -> Result<String> {
        match expr.bare() {
            Expr::Text(text) => Ok(text.clone()),
            _ => Err(Fault::Execution("a string was expected".into())),
        }
    }

    pub fn label_replace(&mut self, call: &Call, grid: Grid) -> Result<Val> {
        let [target, replacement, source, pattern] = [1, 2, 3, 4].map(|i| Self::text(&call.arguments[i]));
        let (target, replacement, source, pattern) = (target?, replacement?, source?, pattern?);
        let regex = anchored_regex(&pattern).map_err(|_| {
            Fault::Execution(format!("invalid regular expression in label_replace(): {pattern}"))
        })?;
        if target.is_empty() {
            return Err(Fault::Execution(format!(
                "invalid destination label name in label_replace(): {target}"
            )));
        }
        let mut series = self.vector(&call.arguments[0], grid)?;
        for s in &mut series {
            if let Some(captures) = regex.captures(s.labels.get(&source)) {
                let mut value = String::new();
                captures.expand(&replacement, &mut value);
                s.labels = s.labels.with(&target, &value);
            }
        }
        merge(series, true).map(Val::Vector)
    }

    pub fn label_join(&mut self, call: &Call, grid: Grid) -> Result<Val> {
        let target = Self::text(&call.arguments[1])?;
        let separator = Self::text(&call.arguments[2])?;
        let sources: Vec<String> = call.arguments[3..].iter().map(Self::text).collect::<Result<_>>()?;
        if target.is_empty() {
            return Err(Fault::Execution(format!(
                "invalid destination label name in label_join(): {target}"
            )));
        }
        if let Some(bad) = sources.iter().find(|s| s.is_empty()) {
            return Err(Fault::Execution(format!("invalid source label name in label_join(): {bad}")));
        }
        let mut series = self.vector(&call.arguments[0], grid)?;
        for s in &mut series {
            let values: Vec<&str> = sources.iter().map(|name| s.labels.get(name)).collect();
            s.labels = s.labels.with(&target, &values.join(&separator));
        }
        merge(series, true).map(Val::Vector)
    }

    /// Sorting matters for one moment only; over a range, results are in the order of labels anyway.
    pub fn sorted(&mut self, call: &Call, grid: Grid) -> Result<Val> {
        let mut series = self.vector(&call.arguments[0], grid)?;
        let names: Vec<String> = call.arguments[1..].iter().map(Self::text).collect::<Result<_>>()?;
        let is_descending = call.function.name.ends_with("_desc");
        let direct = |order: Ordering| if is_descending { order.reverse() } else { order };
        if call.function.name.starts_with("sort_by_label") {
            series.sort_by(|a, b| {
                let by_names =
                    names.iter().map(|n| natural(a.labels.get(n), b.labels.get(n))).find(|o| o.is_ne());
                direct(by_names.unwrap_or_else(|| a.labels.cmp(&b.labels)))
            });
        } else if grid.len == 1 {
            series.retain(|s| s.float(0).is_some());
            // NaN comes last both ways.
            series.sort_by(|a, b| match (a.v[0].is_nan(), b.v[0].is_nan()) {
                (false, false) => direct(a.v[0].total_cmp(&b.v[0])),
                (a, b) => a.cmp(&b),
            });
        }
        Ok(Val::Vector(series))
    }
}

/// The labels a missing series would surely have: those its selector sets to one value.
pub fn absent_labels(expr: &Expr) -> Labels {
    let (Expr::Vector(selector) | Expr::Matrix(selector, _)) = expr.bare() else { return Labels::empty() };
    let mut values: BTreeMap<&str, Option<&str>> = BTreeMap::new();
    for matcher in selector.matchers.iter().filter(|m| m.name != METRIC_NAME) {
        let is_repeated = values.contains_key(matcher.name.as_str());
        let value = (matcher.op == MatchOp::Equal && !is_repeated).then_some(matcher.value.as_str());
        values.insert(&matcher.name, value);
    }
    Labels::from_pairs(values.into_iter().filter_map(|(name, value)| value.map(|v| (name, v))))
}

/// Numbers inside texts compare as numbers.
fn natural(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a, b);
    while !a.is_empty() && !b.is_empty() {
        let (x, y) = (run(a), run(b));
        let is_digits = |t: &str| t.starts_with(|c: char| c.is_ascii_digit());
        let order = if is_digits(x) && is_digits(y) {
            let (n, m) = (x.trim_start_matches('0'), y.trim_start_matches('0'));
            n.len().cmp(&m.len()).then_with(|| n.cmp(m)).then_with(|| x.len().cmp(&y.len()))
        } else {
            x.cmp(y)
        };
        if order.is_ne() {
            return order;
        }
        (a, b) = (&a[x.len()..], &b[y.len()..]);
    }
    a.len().cmp(&b.len())
}

fn run(text: &str) -> &str {
    let is_digit = text.starts_with(|c: char| c.is_ascii_digit());
    let end = text.find(|c: char| c.is_ascii_digit() != is_digit).unwrap_or(text.len());
    &text[..end]
}

/// Keeps only the labels of series; used where values do not matter.
pub fn signature(labels: &Labels, is_on: bool, names: &[String]) -> Labels {
    if is_on {
        labels.filtered(|name| names.iter().any(|n| n == name))
    } else {
        labels.filtered(|name| name != METRIC_NAME && !names.iter().any(|n| n == name))
    }
}

/// Whether any of some series has a value at each step.
pub fn presence<'a>(series: impl Iterator<Item = &'a Series>, len: usize) -> Vec<bool> {
    let mut present = vec![false; len];
    for s in series {
        for (step, there) in present.iter_mut().enumerate() {
            *there |= s.is_present(step);
        }
    }
    present
}
