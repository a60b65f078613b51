//! Rules and alerts as the HTTP API shows them.

use serde_json::{Value as Json, json};

use super::{Alert, Group, Memory, Rule, Rules, State, key};
use crate::api::{Parameters, rfc3339, time_text, with_exponent};

/// Which rules are asked for.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    alerting: Option<bool>,
    names: Vec<String>,
    groups: Vec<String>,
    files: Vec<String>,
    without_alerts: bool,
}

impl Wanted {
    /// Reads `type`, `rule_name[]`, `rule_group[]`, `file[]` and `exclude_alerts`; the name of a wrong one and why.
    pub fn read(parameters: &Parameters) -> Result<Self, (&'static str, String)> {
        let all = |name: &str| parameters.all(name).map(str::to_owned).collect();
        let alerting = match parameters.get("type").map(str::to_ascii_lowercase).as_deref() {
            None | Some("") => None,
            Some("alert") => Some(true),
            Some("record") => Some(false),
            Some(other) => return Err(("type", format!("not supported value {other:?}"))),
        };
        let without_alerts = match parameters.get("exclude_alerts") {
            None | Some("" | "false" | "0" | "f" | "F" | "FALSE" | "False") => false,
            Some("true" | "1" | "t" | "T" | "TRUE" | "True") => true,
            Some(other) => return Err(("exclude_alerts", format!("not supported value {other:?}"))),
        };
        Ok(Self {
            alerting,
            names: all("rule_name[]"),
            groups: all("rule_group[]"),
            files: all("file[]"),
            without_alerts,
        })
    }

    fn is_group(&self, group: &Group) -> bool {
        let is_one = |list: &[String], text: &String| list.is_empty() || list.contains(text);
        is_one(&self.groups, &group.name) && is_one(&self.files, &group.file)
    }

    fn is_rule(&self, rule: &Rule) -> bool {
        self.alerting.is_none_or(|alerting| alerting == rule.is_alert())
            && (self.names.is_empty() || self.names.contains(&rule.name))
    }

    fn has_rule_filter(&self) -> bool {
        self.alerting.is_some() || !self.names.is_empty()
    }
}

impl Rules {
    /// The data of `/api/v1/alerts`.
    pub fn alerts_as_json(&self) -> Json {
        let alerts: Vec<Json> =
            self.alerts().filter(|a| a.resolved_at_ms.is_none()).map(alert_as_json).collect();
        json!({ "alerts": alerts })
    }

    /// The data of `/api/v1/rules`.
    pub fn as_json(&self, wanted: &Wanted) -> Json {
        let groups: Vec<Json> = self
            .groups
            .iter()
            .filter(|g| wanted.is_group(g))
            .filter_map(|g| self.group_as_json(g, wanted))
            .collect();
        json!({ "groups": groups })
    }

    fn group_as_json(&self, group: &Group, wanted: &Wanted) -> Option<Json> {
        let (mut rules, mut seconds, mut last) = (Vec::new(), 0.0, 0);
        for (i, rule) in group.rules.iter().enumerate() {
            let empty = Memory::default();
            let memory = self.memory.get(&key(group, i)).unwrap_or(&empty);
            seconds += memory.seconds;
            last = last.max(memory.evaluated_at_ms);
            if wanted.is_rule(rule) {
                rules.push(rule_as_json(rule, memory, wanted.without_alerts));
            }
        }
        if rules.is_empty() && wanted.has_rule_filter() {
            return None;
        }
        Some(json!({
            "name": group.name, "file": group.file, "rules": rules,
            "interval": group.interval_ms as f64 / 1000.0, "limit": group.limit,
            "evaluationTime": seconds, "lastEvaluation": time_text(last),
        }))
    }
}

fn rule_as_json(rule: &Rule, memory: &Memory, without_alerts: bool) -> Json {
    let health = match (&memory.last_fault, memory.evaluated_at_ms) {
        (_, 0) => "unknown",
        (Some(_), _) => "err",
        (None, _) => "ok",
    };
    let mut out = json!({
        "name": rule.name, "query": rule.expr, "labels": rule.labels, "health": health,
        "evaluationTime": memory.seconds, "lastEvaluation": time_text(memory.evaluated_at_ms),
        "type": if rule.is_alert() { "alerting" } else { "recording" },
    });
    if let Some(fault) = &memory.last_fault {
        out["lastError"] = json!(fault);
    }
    if rule.is_alert() {
        let active: Vec<&Alert> = memory.alerts.iter().filter(|a| a.resolved_at_ms.is_none()).collect();
        let state = if active.iter().any(|a| a.state == State::Firing) {
            State::Firing
        } else if active.is_empty() {
            State::Inactive
        } else {
            State::Pending
        };
        out["state"] = json!(state);
        out["duration"] = json!(rule.hold_ms as f64 / 1000.0);
        out["keepFiringFor"] = json!(rule.keep_firing_ms as f64 / 1000.0);
        out["annotations"] = json!(rule.annotations);
        if !without_alerts {
            out["alerts"] = active.into_iter().map(alert_as_json).collect();
        }
    }
    out
}

fn alert_as_json(alert: &Alert) -> Json {
    json!({
        "labels": alert.labels, "annotations": alert.annotations, "state": alert.state,
        "activeAt": rfc3339(alert.active_at_ms), "value": with_exponent(alert.value),
    })
}
