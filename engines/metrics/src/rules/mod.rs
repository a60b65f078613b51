//! Recording and alerting rules from Prometheus rule files, with their state kept over restarts.

mod file;
mod json;
mod template;

use std::collections::BTreeMap;
use std::time::Instant;

use serde::{Deserialize, Serialize};
use serde_json::json;

pub use file::{FileFault, Group, Rule};
pub use json::Wanted;
pub use template::{Context, expand};

use crate::labels::{Labels, METRIC_NAME};
use crate::promql::{self, Answer, Line, Options, Source};
use crate::sample::{Value, stale};

/// Where an alert stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    Inactive,
    /// The condition holds, but not for as long as the rule wants.
    Pending,
    Firing,
}

/// One alert of a rule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Alert {
    pub labels: BTreeMap<String, String>,
    pub annotations: BTreeMap<String, String>,
    pub state: State,
    /// When the condition began to hold.
    pub active_at_ms: i64,
    pub fired_at_ms: Option<i64>,
    /// When it ceased to hold; such alerts stay for a quarter of an hour so that their end is told.
    pub resolved_at_ms: Option<i64>,
    /// Until when the alert is kept firing although the condition does not hold.
    pub keep_until_ms: Option<i64>,
    pub value: f64,
}

/// Resolved alerts are forgotten after this.
const RESOLVED_KEPT_MS: i64 = 15 * 60_000;

/// What is remembered of one rule between evaluations.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Memory {
    alerts: Vec<Alert>,
    /// Series written last time, so that those that are gone can be marked.
    written: Vec<BTreeMap<String, String>>,
    last_fault: Option<String>,
    evaluated_at_ms: i64,
    /// How long the last evaluation took.
    #[serde(default, skip_serializing)]
    seconds: f64,
}

/// All groups with their memory.
#[derive(Debug, Default)]
pub struct Rules {
    pub groups: Vec<Group>,
    /// What templates know as `$externalLabels`.
    pub external_labels: BTreeMap<String, String>,
    memory: BTreeMap<String, Memory>,
    evaluated: BTreeMap<String, i64>,
}

/// A sample to be stored: labels, time, value.
pub type Written = (Labels, i64, Value);

impl Rules {
    /// Rules of several files' groups; each name may occur once per file.
    pub fn new(groups: Vec<Group>) -> Self {
        Self { groups, ..Self::default() }
    }

    /// What has to be kept over a restart, as JSON.
    pub fn save(&self) -> String {
        json!({ "memory": self.memory, "evaluated": self.evaluated }).to_string()
    }

    /// Takes up what [`Rules::save`] gave. Rules that are no longer there are forgotten.
    pub fn restore(&mut self, saved: &str) -> Result<(), serde_json::Error> {
        #[derive(Deserialize)]
        struct Saved {
            memory: BTreeMap<String, Memory>,
            evaluated: BTreeMap<String, i64>,
        }
        let saved: Saved = serde_json::from_str(saved)?;
        let known: Vec<String> =
            self.groups.iter().flat_map(|g| (0..g.rules.len()).map(|i| key(g, i))).collect();
        self.memory = saved.memory.into_iter().filter(|(k, _)| known.contains(k)).collect();
        self.evaluated = saved.evaluated;
        Ok(())
    }

    /// Puts other rules in the place of these. Rules that stay keep their state; what ends the series of those that
    /// went is returned to be stored.
    pub fn replace(&mut self, groups: Vec<Group>, at_ms: i64) -> Vec<Written> {
        self.groups = groups;
        let known: Vec<String> =
            self.groups.iter().flat_map(|g| (0..g.rules.len()).map(|i| key(g, i))).collect();
        let mut written = Vec::new();
        self.memory.retain(|key, memory| {
            let stays = known.contains(key);
            if !stays {
                mark_gone(memory, Vec::new(), at_ms, &mut written);
            }
            stays
        });
        written
    }

    /// Evaluates the groups whose interval has passed and hands what is to be stored to `store`, in order. Later rules
    /// of a group see what earlier ones wrote only if `store` makes it visible at once. Whether any was evaluated is
    /// returned.
    pub fn evaluate(
        &mut self,
        source: &dyn Source,
        options: &Options,
        now_ms: i64,
        store: &mut dyn FnMut(Vec<Written>),
    ) -> bool {
        let mut has_run = false;
        for group in &self.groups {
            let interval = group.interval_ms;
            // Evaluations lie on a grid, so that a restart does not shift them.
            let slot = now_ms.div_euclid(interval) * interval;
            let name = format!("{};{}", group.file, group.name);
            if self.evaluated.get(&name).is_some_and(|last| *last >= slot) {
                continue;
            }
            for (i, rule) in group.rules.iter().enumerate() {
                let memory = self.memory.entry(key(group, i)).or_default();
                memory.evaluated_at_ms = slot;
                let at = slot - group.query_offset_ms;
                let started = Instant::now();
                let written = match promql::instant(source, &rule.expr, at, options) {
                    Ok(outcome) => {
                        memory.last_fault = None;
                        let lines = lines(outcome.answer);
                        if group.limit > 0 && lines.len() > group.limit {
                            let what = if rule.is_alert() { "alerts" } else { "series" };
                            Err(format!("exceeded limit of {} with {} {what}", group.limit, lines.len()))
                        } else if rule.is_alert() {
                            let query = |query: &str| template_query(source, query, at, options);
                            alert(rule, memory, lines, at, &self.external_labels, &query)
                        } else {
                            record(rule, memory, lines, at)
                        }
                    }
                    Err(fault) => Err(fault.to_string()),
                };
                memory.seconds = started.elapsed().as_secs_f64();
                match written {
                    Ok(written) => store(written),
                    Err(reason) => memory.last_fault = Some(reason),
                }
            }
            self.evaluated.insert(name, slot);
            has_run = true;
        }
        has_run
    }

    /// Alerts that are pending, firing or resolved a short time ago, with the name of their rule.
    pub fn alerts(&self) -> impl Iterator<Item = &Alert> {
        self.memory.values().flat_map(|m| &m.alerts)
    }
}

fn key(group: &Group, rule: usize) -> String {
    let found = &group.rules[rule];
    format!("{};{};{};{};{}", group.file, group.name, found.name, found.expr, rule)
}

fn lines(answer: Answer) -> Vec<Line> {
    match answer {
        Answer::Vector(lines) => lines,
        Answer::Scalar(points) => {
            let points = points.into_iter().map(|(t, v)| (t, Value::Float(v))).collect();
            vec![Line { labels: Labels::empty(), points }]
        }
        Answer::Text(..) | Answer::Matrix(_) => Vec::new(),
    }
}

fn as_map(labels: &Labels) -> BTreeMap<String, String> {
    labels.iter().map(|(n, v)| (n.to_owned(), v.to_owned())).collect()
}

fn record(rule: &Rule, memory: &mut Memory, lines: Vec<Line>, at: i64) -> Result<Vec<Written>, String> {
    let mut written = Vec::new();
    let mut now = Vec::new();
    for line in lines {
        let mut labels = line.labels.with(METRIC_NAME, &rule.name);
        for (name, value) in &rule.labels {
            labels = labels.with(name, value);
        }
        let Some((_, value)) = line.points.into_iter().next() else { continue };
        let map = as_map(&labels);
        if now.contains(&map) {
            return Err("vector contains metrics with the same labelset after applying rule labels".into());
        }
        now.push(map);
        written.push((labels, at, value));
    }
    mark_gone(memory, now, at, &mut written);
    Ok(written)
}

/// Series of the last evaluation that were not written this time end here.
fn mark_gone(memory: &mut Memory, now: Vec<BTreeMap<String, String>>, at: i64, written: &mut Vec<Written>) {
    for gone in memory.written.iter().filter(|labels| !now.contains(labels)) {
        written.push((Labels::from_pairs(gone), at, Value::Float(stale())));
    }
    memory.written = now;
}

/// What templates get from `query`.
fn template_query(
    source: &dyn Source,
    query: &str,
    at: i64,
    options: &Options,
) -> Result<Vec<(Labels, f64)>, String> {
    let outcome = promql::instant(source, query, at, options).map_err(|fault| fault.to_string())?;
    let found = lines(outcome.answer).into_iter().filter_map(|line| match line.points.first() {
        Some((_, Value::Float(v))) => Some((line.labels, *v)),
        _ => None,
    });
    Ok(found.collect())
}

fn alert(
    rule: &Rule,
    memory: &mut Memory,
    lines: Vec<Line>,
    at: i64,
    external_labels: &BTreeMap<String, String>,
    query: &template::Query<'_>,
) -> Result<Vec<Written>, String> {
    let mut seen: Vec<BTreeMap<String, String>> = Vec::new();
    for line in lines {
        let value = match line.points.first() {
            Some((_, Value::Float(v))) => *v,
            Some((_, Value::Histogram(h))) => h.count,
            None => continue,
        };
        let context = Context { labels: &line.labels, value, external_labels, query };
        let mut labels = as_map(&line.labels.without_name());
        for (name, template) in &rule.labels {
            labels.insert(name.clone(), expand(template, &context));
        }
        labels.retain(|_, value| !value.is_empty());
        labels.insert("alertname".to_owned(), rule.name.clone());
        if seen.contains(&labels) {
            return Err("vector contains metrics with the same labelset after applying alert labels".into());
        }
        let annotations = rule.annotations.iter().map(|(n, t)| (n.clone(), expand(t, &context))).collect();
        seen.push(labels.clone());
        match memory.alerts.iter_mut().find(|a| a.labels == labels && a.resolved_at_ms.is_none()) {
            Some(alert) => {
                alert.value = value;
                alert.annotations = annotations;
                alert.keep_until_ms = None;
            }
            None => memory.alerts.push(Alert {
                labels,
                annotations,
                state: State::Pending,
                active_at_ms: at,
                fired_at_ms: None,
                resolved_at_ms: None,
                keep_until_ms: None,
                value,
            }),
        }
    }
    for alert in &mut memory.alerts {
        settle(alert, rule, seen.contains(&alert.labels), at);
    }
    memory.alerts.retain(|a| {
        a.state != State::Inactive
            || a.resolved_at_ms.is_some_and(|resolved| at - resolved < RESOLVED_KEPT_MS)
    });
    let mut written = Vec::new();
    let mut now = Vec::new();
    for alert in memory.alerts.iter().filter(|a| a.resolved_at_ms.is_none()) {
        let state = if alert.state == State::Firing { "firing" } else { "pending" };
        let labels = Labels::from_pairs(&alert.labels).with(METRIC_NAME, "ALERTS").with("alertstate", state);
        let since = Labels::from_pairs(&alert.labels).with(METRIC_NAME, "ALERTS_FOR_STATE");
        for (labels, value) in [(labels, 1.0), (since, alert.active_at_ms as f64 / 1000.0)] {
            now.push(as_map(&labels));
            written.push((labels, at, Value::Float(value)));
        }
    }
    mark_gone(memory, now, at, &mut written);
    Ok(written)
}

fn settle(alert: &mut Alert, rule: &Rule, holds: bool, at: i64) {
    if alert.resolved_at_ms.is_some() {
        return;
    }
    if holds {
        if alert.state == State::Pending && at - alert.active_at_ms >= rule.hold_ms {
            alert.state = State::Firing;
            alert.fired_at_ms = Some(at);
        }
        return;
    }
    if alert.state == State::Firing && rule.keep_firing_ms > 0 {
        let until = *alert.keep_until_ms.get_or_insert(at + rule.keep_firing_ms);
        if at < until {
            return;
        }
    }
    // A pending alert was never told to anybody: it just goes.
    alert.resolved_at_ms = (alert.state == State::Firing).then_some(at);
    alert.state = State::Inactive;
}
