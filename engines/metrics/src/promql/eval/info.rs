//! `info()`: labels of info metrics (`target_info`) joined to the series they describe (experimental).

use std::collections::HashMap;

use super::{Eval, Grid, Result, Series, Val, merge};
use crate::labels::{Labels, METRIC_NAME};
use crate::matcher::{MatchOp, Matcher};
use crate::promql::Fault;
use crate::promql::ast::{Call, Ends, Expr, Selector};
use crate::sample::Value;

/// What identifies the target a series belongs to.
const IDENTIFYING: [&str; 2] = ["instance", "job"];

impl Eval<'_> {
    pub fn info(&mut self, call: &Call, grid: Grid) -> Result<Val> {
        let base = self.vector(&call.arguments[0], grid)?;
        let wanted: Vec<Matcher> = match call.arguments.get(1).map(Expr::bare) {
            Some(Expr::Vector(selector)) => selector.matchers.clone(),
            _ => Vec::new(),
        };
        let mut matchers: Vec<Matcher> = wanted.iter().filter(|m| m.name == METRIC_NAME).cloned().collect();
        if matchers.is_empty() {
            matchers.push(Matcher::equal(METRIC_NAME, "target_info"));
        }
        let data: Vec<&Matcher> = wanted.iter().filter(|m| m.name != METRIC_NAME).collect();
        matchers.extend(data.iter().filter(|m| !m.accepts("")).map(|m| (*m).clone()));
        let identify = |labels: &Labels| labels.filtered(|name| IDENTIFYING.contains(&name));
        let selector =
            Selector { matchers, offset: None, at: None, ends: Ends::Plain, position: call.position };
        let mut infos: HashMap<Labels, Vec<Series>> = HashMap::new();
        self.each_selected(&selector, grid, &mut |eval, series| {
            eval.hold(series.v.len())?;
            infos.entry(identify(&series.labels)).or_default().push(series);
            Ok(())
        })?;
        let is_needed = data.iter().any(|m| !m.accepts(""));
        let mut out: Vec<Series> = Vec::new();
        let mut positions: HashMap<Labels, usize> = HashMap::new();
        for s in base {
            let is_info =
                selector.matchers[0].op == MatchOp::Equal && s.labels.name() == selector.matchers[0].value;
            let described = infos.get(&identify(&s.labels)).filter(|_| !is_info);
            for step in 0..grid.len {
                let Some(value) = s.value(step) else { continue };
                let mut labels = s.labels.clone();
                let mut found = false;
                for info in described.into_iter().flatten().filter(|i| i.is_present(step)) {
                    found = true;
                    labels = enriched(labels, &s.labels, &info.labels, &data)?;
                }
                if !found && is_needed && !is_info {
                    continue;
                }
                let at = *positions.entry(labels.clone()).or_insert_with(|| {
                    out.push(Series::empty(labels, grid.len));
                    out.len() - 1
                });
                if out[at].is_present(step) {
                    return Err(super::same_labels());
                }
                match value {
                    Value::Float(v) => out[at].v[step] = v,
                    Value::Histogram(h) => out[at].set_histogram(step, h),
                }
            }
        }
        merge(out, true).map(Val::Vector)
    }
}

fn enriched(labels: Labels, own: &Labels, info: &Labels, data: &[&Matcher]) -> Result<Labels> {
    let mut labels = labels;
    for (name, value) in info.iter() {
        let is_wanted = data.is_empty() || data.iter().any(|m| m.name == name);
        let is_own = name == METRIC_NAME || !own.get(name).is_empty();
        if !is_wanted || is_own {
            continue;
        }
        let there = labels.get(name);
        if !there.is_empty() && there != value {
            return Err(Fault::Execution(format!("conflicting label: {name}")));
        }
        labels = labels.with(name, value);
    }
    Ok(labels)
}
