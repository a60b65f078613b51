//! The part of a Prometheus configuration that says what to scrape (static targets) and where rules are.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::relabel::{Relabel, YamlRelabel, apply};
use crate::promql::lex::duration_ms;

/// What is read of a configuration; other sections are passed over.
#[derive(Clone, Debug, Default)]
pub struct Config {
    pub jobs: Vec<Job>,
    pub rule_files: Vec<String>,
    pub evaluation_interval_ms: i64,
}

/// One of `scrape_configs`.
#[derive(Clone, Debug, Default)]
pub struct Job {
    pub name: String,
    pub interval_ms: i64,
    pub timeout_ms: i64,
    pub honor_labels: bool,
    pub honor_timestamps: bool,
    /// 0 for no limit.
    pub sample_limit: u64,
    pub metric_relabel_configs: Vec<Relabel>,
    pub targets: Vec<Target>,
}

/// Where to get a page, and the labels its samples get.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Target {
    pub scheme: String,
    pub address: String,
    /// Path with query string.
    pub path: String,
    pub labels: BTreeMap<String, String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct YamlConfig {
    global: YamlGlobal,
    rule_files: Vec<String>,
    scrape_configs: Vec<YamlJob>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct YamlGlobal {
    scrape_interval: Option<String>,
    scrape_timeout: Option<String>,
    evaluation_interval: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct YamlJob {
    job_name: String,
    scrape_interval: Option<String>,
    scrape_timeout: Option<String>,
    metrics_path: Option<String>,
    scheme: Option<String>,
    params: BTreeMap<String, Vec<String>>,
    honor_labels: bool,
    honor_timestamps: Option<bool>,
    sample_limit: u64,
    static_configs: Vec<YamlStatic>,
    relabel_configs: Vec<YamlRelabel>,
    metric_relabel_configs: Vec<YamlRelabel>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct YamlStatic {
    targets: Vec<String>,
    labels: BTreeMap<String, String>,
}

impl Config {
    /// Reads a configuration; the reason if it cannot be used.
    pub fn read(yaml: &str) -> Result<Self, String> {
        if yaml.trim().is_empty() {
            return Ok(Self { evaluation_interval_ms: 60_000, ..Self::default() });
        }
        let parsed: YamlConfig = serde_norway::from_str(yaml).map_err(|fault| fault.to_string())?;
        let interval = span(parsed.global.scrape_interval.as_deref(), 60_000)?;
        let timeout = span(parsed.global.scrape_timeout.as_deref(), 10_000)?;
        let mut jobs: Vec<Job> = Vec::new();
        for job in parsed.scrape_configs {
            if job.job_name.is_empty() || jobs.iter().any(|j| j.name == job.job_name) {
                return Err(format!("job_name {:?} is empty or repeated", job.job_name));
            }
            jobs.push(read_job(job, interval, timeout)?);
        }
        let evaluation_interval_ms = span(parsed.global.evaluation_interval.as_deref(), 60_000)?;
        Ok(Self { jobs, rule_files: parsed.rule_files, evaluation_interval_ms })
    }
}

fn span(text: Option<&str>, default: i64) -> Result<i64, String> {
    text.map_or(Ok(default), duration_ms)
}

fn read_job(job: YamlJob, interval: i64, timeout: i64) -> Result<Job, String> {
    let interval_ms = span(job.scrape_interval.as_deref(), interval)?;
    let relabel = job.relabel_configs.into_iter().map(Relabel::read).collect::<Result<Vec<_>, _>>()?;
    let metric_relabel_configs =
        job.metric_relabel_configs.into_iter().map(Relabel::read).collect::<Result<Vec<_>, _>>()?;
    let mut targets = Vec::new();
    for fixed in &job.static_configs {
        for address in &fixed.targets {
            let mut labels = fixed.labels.clone();
            labels.insert("job".into(), job.job_name.clone());
            labels.insert("__address__".into(), address.clone());
            labels.insert("__scheme__".into(), job.scheme.clone().unwrap_or_else(|| "http".into()));
            labels.insert(
                "__metrics_path__".into(),
                job.metrics_path.clone().unwrap_or_else(|| "/metrics".into()),
            );
            for (name, values) in &job.params {
                labels.insert(format!("__param_{name}"), values.first().cloned().unwrap_or_default());
            }
            targets.extend(apply(&relabel, labels).map(|labels| settle(labels, &job.params)));
        }
    }
    Ok(Job {
        name: job.job_name,
        interval_ms,
        timeout_ms: span(job.scrape_timeout.as_deref(), timeout)?.min(interval_ms),
        honor_labels: job.honor_labels,
        honor_timestamps: job.honor_timestamps.unwrap_or(true),
        sample_limit: job.sample_limit,
        metric_relabel_configs,
        targets,
    })
}

fn settle(mut labels: BTreeMap<String, String>, params: &BTreeMap<String, Vec<String>>) -> Target {
    let mut take = |name: &str| labels.remove(name).unwrap_or_default();
    let (scheme, mut address, mut path) = (take("__scheme__"), take("__address__"), take("__metrics_path__"));
    if !address.rsplit(']').next().unwrap_or("").contains(':') {
        address.push_str(if scheme == "https" { ":443" } else { ":80" });
    }
    let mut pairs = Vec::new();
    for (name, value) in labels.iter().filter_map(|(n, v)| n.strip_prefix("__param_").map(|n| (n, v))) {
        pairs.push(format!("{name}={value}"));
        pairs.extend(
            params.get(name).into_iter().flat_map(|all| all.iter().skip(1)).map(|v| format!("{name}={v}")),
        );
    }
    if !pairs.is_empty() {
        path = format!("{path}?{}", pairs.join("&"));
    }
    labels.retain(|name, value| !name.starts_with("__") && !value.is_empty());
    labels.entry("instance".into()).or_insert_with(|| address.clone());
    Target { scheme, address, path, labels }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn static_targets_are_relabelled() {
        let yaml = r#"
global: { scrape_interval: 5s }
rule_files: [rules.yml]
scrape_configs:
  - job_name: node
    params: { collect: [cpu, disk] }
    static_configs:
      - targets: ["a:9100", "b"]
        labels: { dc: west }
    relabel_configs:
      - source_labels: [__address__]
        regex: "(.*):.*"
        target_label: host
      - { source_labels: [__address__], regex: c, action: drop }
"#;
        let config = Config::read(yaml).unwrap();
        let job = &config.jobs[0];
        assert_eq!((job.interval_ms, job.timeout_ms, job.targets.len()), (5000, 5000, 2));
        assert_eq!(job.targets[0].path, "/metrics?collect=cpu&collect=disk");
        assert_eq!(job.targets[0].labels["host"], "a");
        assert_eq!(job.targets[1].labels["instance"], "b:80");
        assert!(Config::read("scrape_configs: [{}]").is_err());
    }
}
