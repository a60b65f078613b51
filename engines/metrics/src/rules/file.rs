//! Prometheus rule files.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::promql::{Experimental, lex::duration_ms, parse};
use crate::yaml;

/// Rules that are evaluated together.
#[derive(Clone, Debug, Default)]
pub struct Group {
    pub file: String,
    pub name: String,
    pub interval_ms: i64,
    pub query_offset_ms: i64,
    /// Most series or alerts one rule may make; 0 for no limit.
    pub limit: usize,
    pub rules: Vec<Rule>,
}

/// A recording or alerting rule.
#[derive(Clone, Debug, Default)]
pub struct Rule {
    /// Of the series that is written, or of the alert.
    pub name: String,
    pub expr: String,
    pub labels: BTreeMap<String, String>,
    pub annotations: BTreeMap<String, String>,
    /// `for`: how long the condition must hold.
    pub hold_ms: i64,
    pub keep_firing_ms: i64,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Kind {
    #[default]
    Recording,
    Alerting,
}

impl Rule {
    pub fn is_alert(&self) -> bool {
        self.kind == Kind::Alerting
    }
}

/// What is wrong with a rule file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}: {reason}")]
pub struct FileFault {
    pub file: String,
    pub reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct YamlFile {
    #[serde(default, deserialize_with = "yaml::or_default")]
    groups: Vec<YamlGroup>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct YamlGroup {
    #[serde(deserialize_with = "yaml::text")]
    name: String,
    #[serde(default, deserialize_with = "yaml::maybe_text")]
    interval: Option<String>,
    #[serde(default, deserialize_with = "yaml::maybe_text")]
    query_offset: Option<String>,
    #[serde(default)]
    limit: usize,
    #[serde(default, deserialize_with = "yaml::map")]
    labels: BTreeMap<String, String>,
    #[serde(default, deserialize_with = "yaml::or_default")]
    rules: Vec<YamlRule>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct YamlRule {
    #[serde(default, deserialize_with = "yaml::maybe_text")]
    record: Option<String>,
    #[serde(default, deserialize_with = "yaml::maybe_text")]
    alert: Option<String>,
    expr: serde_norway::Value,
    #[serde(rename = "for", default, deserialize_with = "yaml::maybe_text")]
    hold: Option<String>,
    #[serde(default, deserialize_with = "yaml::maybe_text")]
    keep_firing_for: Option<String>,
    #[serde(default, deserialize_with = "yaml::map")]
    labels: BTreeMap<String, String>,
    #[serde(default, deserialize_with = "yaml::map")]
    annotations: BTreeMap<String, String>,
}

impl Group {
    /// Reads the groups of a file and checks every expression.
    pub fn read(file: &str, yaml: &str, default_interval_ms: i64) -> Result<Vec<Self>, FileFault> {
        let fail = |reason: String| FileFault { file: file.to_owned(), reason };
        let parsed: YamlFile = yaml::read(yaml).map_err(fail)?;
        let mut groups: Vec<Self> = Vec::new();
        for group in parsed.groups {
            if groups.iter().any(|g| g.name == group.name) {
                return Err(fail(format!("group name {:?} is repeated in the same file", group.name)));
            }
            let rules = group
                .rules
                .into_iter()
                .map(|rule| read_rule(rule, &group.labels))
                .collect::<Result<Vec<_>, String>>()
                .map_err(|reason| fail(format!("group {:?}: {reason}", group.name)))?;
            groups.push(Self {
                file: file.to_owned(),
                interval_ms: span(group.interval.as_deref(), default_interval_ms).map_err(fail)?.max(1),
                query_offset_ms: span(group.query_offset.as_deref(), 0).map_err(fail)?,
                name: group.name,
                limit: group.limit,
                rules,
            });
        }
        Ok(groups)
    }
}

fn span(text: Option<&str>, default: i64) -> Result<i64, String> {
    match text {
        None => Ok(default),
        Some("0" | "0s" | "0m") => Ok(0),
        Some(text) => duration_ms(text),
    }
}

fn read_rule(rule: YamlRule, group_labels: &BTreeMap<String, String>) -> Result<Rule, String> {
    let (name, kind) = match (rule.record, rule.alert) {
        (Some(name), None) => (name, Kind::Recording),
        (None, Some(name)) => (name, Kind::Alerting),
        _ => return Err("a rule has either `record` or `alert`".into()),
    };
    let expr = match rule.expr {
        serde_norway::Value::String(text) => text,
        serde_norway::Value::Number(number) => number.to_string(),
        _ => return Err(format!("the expression of {name:?} is no text")),
    };
    parse(&expr, Experimental::Accepted)
        .map_err(|fault| format!("could not parse expression of {name:?}: {}", fault.reason))?;
    if kind == Kind::Recording
        && (rule.hold.is_some() || rule.keep_firing_for.is_some() || !rule.annotations.is_empty())
    {
        return Err(format!("recording rule {name:?} has fields of an alert"));
    }
    let mut labels = group_labels.clone();
    labels.extend(rule.labels);
    Ok(Rule {
        expr,
        labels,
        annotations: rule.annotations,
        hold_ms: span(rule.hold.as_deref(), 0)?,
        keep_firing_ms: span(rule.keep_firing_for.as_deref(), 0)?,
        name,
        kind,
    })
}
