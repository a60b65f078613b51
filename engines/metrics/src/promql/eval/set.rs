//! `and`, `or` and `unless`: step by step, by the labels the operands are matched on.

use std::collections::HashMap;

use super::labelled::{presence, signature};
use super::{Grid, Result, Series, merge};
use crate::labels::Labels;
use crate::promql::ast::{Matching, Operator};

pub fn combine(
    operator: Operator,
    matching: &Matching,
    mut left: Vec<Series>,
    mut right: Vec<Series>,
    grid: Grid,
) -> Result<Vec<Series>> {
    let key = |s: &Series| signature(&s.labels, matching.is_on, &matching.labels);
    if operator == Operator::Or {
        let taken = by_signature(&left, &key, grid);
        for s in &mut right {
            if let Some(taken) = taken.get(&key(s)) {
                clear_where(s, |step| taken[step]);
            }
        }
        left.append(&mut right);
        return merge(left, true);
    }
    let there = by_signature(&right, &key, grid);
    let wanted = operator == Operator::And;
    for s in &mut left {
        match there.get(&key(s)) {
            Some(there) => clear_where(s, |step| there[step] != wanted),
            None if wanted => clear_where(s, |_| true),
            None => {}
        }
    }
    left.retain(|s| !s.is_empty());
    Ok(left)
}

fn by_signature(
    series: &[Series],
    key: &dyn Fn(&Series) -> Labels,
    grid: Grid,
) -> HashMap<Labels, Vec<bool>> {
    let mut groups: HashMap<Labels, Vec<&Series>> = HashMap::new();
    for s in series {
        groups.entry(key(s)).or_default().push(s);
    }
    groups.into_iter().map(|(labels, group)| (labels, presence(group.into_iter(), grid.len))).collect()
}

fn clear_where(series: &mut Series, is_cleared: impl Fn(usize) -> bool) {
    for step in 0..series.v.len() {
        if is_cleared(step) {
            series.clear(step);
        }
    }
}
