//! The part of a Prometheus configuration that says what to scrape (static targets) and where rules are.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::relabel::{Relabel, YamlRelabel, apply};
use crate::promql::lex::duration_ms;
use crate::yaml;

/// What is read of a configuration; other sections are passed over.
#[derive(Clone, Debug, Default)]
pub struct Config {
    pub jobs: Vec<Job>,
    pub rule_files: Vec<String>,
    pub evaluation_interval_ms: i64,
    pub external_labels: BTreeMap<String, String>,
}

/// One of `scrape_configs`.
#[derive(Clone, Debug, Default)]
pub struct Job {
    pub name: String,
    pub interval_ms: i64,
    pub timeout_ms: i64,
    pub honor_labels: bool,
    pub honor_timestamps: bool,
    pub limits: Limits,
    pub metric_relabel_configs: Vec<Relabel>,
    /// Header lines that say who asks.
    pub authorization: Option<String>,
    pub targets: Vec<Target>,
    /// Labels of the targets that relabelling dropped.
    pub dropped: Vec<BTreeMap<String, String>>,
}

/// What a page may have at most; 0 for no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    pub body_bytes: u64,
    pub samples: u64,
    pub labels: usize,
    pub label_name_bytes: usize,
    pub label_value_bytes: usize,
}

/// Where to get a page, and the labels its samples get.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Target {
    pub scheme: String,
    pub address: String,
    /// Path with query string.
    pub path: String,
    pub labels: BTreeMap<String, String>,
    /// As they were before relabelling.
    pub discovered: BTreeMap<String, String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct YamlConfig {
    #[serde(deserialize_with = "yaml::or_default")]
    global: YamlGlobal,
    #[serde(deserialize_with = "yaml::list")]
    rule_files: Vec<String>,
    #[serde(deserialize_with = "yaml::or_default")]
    scrape_configs: Vec<YamlJob>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct YamlGlobal {
    #[serde(deserialize_with = "yaml::maybe_text")]
    scrape_interval: Option<String>,
    #[serde(deserialize_with = "yaml::maybe_text")]
    scrape_timeout: Option<String>,
    #[serde(deserialize_with = "yaml::maybe_text")]
    evaluation_interval: Option<String>,
    #[serde(deserialize_with = "yaml::map")]
    external_labels: BTreeMap<String, String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct YamlJob {
    #[serde(deserialize_with = "yaml::text")]
    job_name: String,
    #[serde(deserialize_with = "yaml::maybe_text")]
    scrape_interval: Option<String>,
    #[serde(deserialize_with = "yaml::maybe_text")]
    scrape_timeout: Option<String>,
    #[serde(deserialize_with = "yaml::maybe_text")]
    metrics_path: Option<String>,
    #[serde(deserialize_with = "yaml::maybe_text")]
    scheme: Option<String>,
    #[serde(deserialize_with = "yaml::lists")]
    params: BTreeMap<String, Vec<String>>,
    honor_labels: bool,
    honor_timestamps: Option<bool>,
    sample_limit: u64,
    #[serde(deserialize_with = "yaml::maybe_text")]
    body_size_limit: Option<String>,
    label_limit: usize,
    label_name_length_limit: usize,
    label_value_length_limit: usize,
    basic_auth: Option<YamlBasic>,
    authorization: Option<YamlAuthorization>,
    #[serde(deserialize_with = "yaml::or_default")]
    static_configs: Vec<YamlStatic>,
    #[serde(deserialize_with = "yaml::or_default")]
    relabel_configs: Vec<YamlRelabel>,
    #[serde(deserialize_with = "yaml::or_default")]
    metric_relabel_configs: Vec<YamlRelabel>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct YamlBasic {
    #[serde(deserialize_with = "yaml::text")]
    username: String,
    #[serde(deserialize_with = "yaml::text")]
    password: String,
    #[serde(deserialize_with = "yaml::maybe_text")]
    password_file: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct YamlAuthorization {
    #[serde(rename = "type", deserialize_with = "yaml::maybe_text")]
    kind: Option<String>,
    #[serde(deserialize_with = "yaml::text")]
    credentials: String,
    #[serde(deserialize_with = "yaml::maybe_text")]
    credentials_file: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct YamlStatic {
    #[serde(deserialize_with = "yaml::list")]
    targets: Vec<String>,
    #[serde(deserialize_with = "yaml::map")]
    labels: BTreeMap<String, String>,
}

impl Config {
    /// Reads a configuration; the reason if it cannot be used.
    pub fn read(yaml: &str) -> Result<Self, String> {
        if yaml.trim().is_empty() {
            return Ok(Self { evaluation_interval_ms: 60_000, ..Self::default() });
        }
        let parsed: YamlConfig = yaml::read(yaml)?;
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
        let (rule_files, external_labels) = (parsed.rule_files, parsed.global.external_labels);
        Ok(Self { jobs, rule_files, evaluation_interval_ms, external_labels })
    }
}

fn span(text: Option<&str>, default: i64) -> Result<i64, String> {
    text.map_or(Ok(default), duration_ms)
}

fn read_job(job: YamlJob, interval: i64, timeout: i64) -> Result<Job, String> {
    let interval_ms = span(job.scrape_interval.as_deref(), interval)?;
    let timeout_ms = span(job.scrape_timeout.as_deref(), timeout.min(interval_ms))?;
    if timeout_ms > interval_ms {
        return Err(format!(
            "scrape timeout greater than scrape interval for scrape config with job name {:?}",
            job.job_name
        ));
    }
    let relabel = job.relabel_configs.into_iter().map(Relabel::read).collect::<Result<Vec<_>, _>>()?;
    let metric_relabel_configs =
        job.metric_relabel_configs.into_iter().map(Relabel::read).collect::<Result<Vec<_>, _>>()?;
    let authorization = authorization(job.basic_auth, job.authorization)?;
    let (mut targets, mut dropped) = (Vec::new(), Vec::new());
    for fixed in &job.static_configs {
        for address in &fixed.targets {
            let mut labels = fixed.labels.clone();
            let mut put = |name: &str, value: &str| labels.insert(name.to_owned(), value.to_owned());
            put("job", &job.job_name);
            put("__address__", address);
            put("__scheme__", job.scheme.as_deref().unwrap_or("http"));
            put("__metrics_path__", job.metrics_path.as_deref().unwrap_or("/metrics"));
            put("__scrape_interval__", &span_text(interval_ms));
            put("__scrape_timeout__", &span_text(timeout_ms));
            for (name, values) in &job.params {
                put(&format!("__param_{name}"), values.first().map_or("", String::as_str));
            }
            match apply(&relabel, labels.clone()) {
                Some(relabelled) => targets.push(settle(relabelled, &job.params, labels)),
                None => dropped.push(labels),
            }
        }
    }
    Ok(Job {
        name: job.job_name,
        interval_ms,
        timeout_ms,
        honor_labels: job.honor_labels,
        honor_timestamps: job.honor_timestamps.unwrap_or(true),
        limits: Limits {
            body_bytes: job.body_size_limit.as_deref().map_or(Ok(0), size)?,
            samples: job.sample_limit,
            labels: job.label_limit,
            label_name_bytes: job.label_name_length_limit,
            label_value_bytes: job.label_value_length_limit,
        },
        metric_relabel_configs,
        authorization,
        targets,
        dropped,
    })
}

/// `10MB`, in units of 1024 as Prometheus reads them.
fn size(text: &str) -> Result<u64, String> {
    let bad = || format!("cannot parse {text:?} to a size such as 10MB");
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let number: u64 = text[..digits].parse().map_err(|_| bad())?;
    let unit = text[digits..].trim_end_matches('B').trim_end_matches('i');
    let power = ["", "K", "M", "G", "T"].iter().position(|u| *u == unit).ok_or_else(bad)?;
    number.checked_mul(1 << (10 * power)).ok_or_else(bad)
}

/// A length of time as configurations have it.
pub fn span_text(ms: i64) -> String {
    for (unit, length) in [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000)] {
        if ms % length == 0 {
            return format!("{}{unit}", ms / length);
        }
    }
    format!("{ms}ms")
}

fn authorization(
    basic: Option<YamlBasic>,
    other: Option<YamlAuthorization>,
) -> Result<Option<String>, String> {
    let secret = |text: String, file: Option<String>| match file {
        None => Ok(text),
        Some(file) => match std::fs::read_to_string(&file) {
            Ok(text) => Ok(text.trim().to_owned()),
            Err(fault) => Err(format!("{file}: {fault}")),
        },
    };
    if let Some(basic) = basic {
        let password = secret(basic.password, basic.password_file)?;
        return Ok(Some(format!("Basic {}", base64(format!("{}:{password}", basic.username).as_bytes()))));
    }
    let Some(other) = other else { return Ok(None) };
    let credentials = secret(other.credentials, other.credentials_file)?;
    Ok(Some(format!("{} {credentials}", other.kind.as_deref().unwrap_or("Bearer"))))
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let word =
            group.iter().fold(0_u32, |word, byte| word << 8 | u32::from(*byte)) << (8 * (3 - group.len()));
        for place in 0..4 {
            let digit = DIGITS[(word >> (18 - 6 * place)) as usize & 63];
            out.push(if place <= group.len() { char::from(digit) } else { '=' });
        }
    }
    out
}

fn settle(
    mut labels: BTreeMap<String, String>,
    params: &BTreeMap<String, Vec<String>>,
    discovered: BTreeMap<String, String>,
) -> Target {
    let mut take = |name: &str| labels.remove(name).unwrap_or_default();
    let (scheme, mut address, mut path) = (take("__scheme__"), take("__address__"), take("__metrics_path__"));
    if !address.rsplit(']').next().unwrap_or("").contains(':') {
        address.push_str(if scheme == "https" { ":443" } else { ":80" });
    }
    let mut pairs = Vec::new();
    for (name, value) in labels.iter().filter_map(|(n, v)| n.strip_prefix("__param_").map(|n| (n, v))) {
        let more = params.get(name).into_iter().flat_map(|all| all.iter().skip(1));
        pairs.extend([value].into_iter().chain(more).map(|v| format!("{}={}", escaped(name), escaped(v))));
    }
    if !pairs.is_empty() {
        path = format!("{path}?{}", pairs.join("&"));
    }
    labels.retain(|name, value| !name.starts_with("__") && !value.is_empty());
    labels.entry("instance".into()).or_insert_with(|| address.clone());
    Target { scheme, address, path, labels, discovered }
}

/// As a query string has it.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b' ' => out.push('+'),
            b if b.is_ascii_alphanumeric() || b"-_.~".contains(&b) => out.push(char::from(b)),
            b => out.extend(["%", &format!("{b:02X}")]),
        }
    }
    out
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
        let late = "scrape_configs: [{job_name: a, scrape_interval: 5s, scrape_timeout: 6s}]";
        assert!(Config::read(late).unwrap_err().contains("timeout greater"));
    }

    #[test]
    fn what_people_write_is_read_as_prometheus_reads_it() {
        let yaml = "
global:
  scrape_interval: 15s # the default is a minute
  external_labels: { monitor: 7 }
alerting:
  alertmanagers:
  - static_configs:
    - targets: ['localhost:9093']
rule_files:
# - first.yml
common: &common { scheme: http, scrape_timeout: 5s }
scrape_configs:
- job_name: prometheus
  <<: *common
  params: { module: [2, yes] }
  static_configs:
  - targets: [localhost]
    labels: { rack: 12, live: true }
";
        let config = Config::read(yaml).unwrap();
        let target = &config.jobs[0].targets[0];
        assert_eq!((target.labels["rack"].as_str(), target.labels["live"].as_str()), ("12", "true"));
        assert_eq!((config.jobs[0].timeout_ms, target.path.as_str()), (5000, "/metrics?module=2&module=yes"));
        assert_eq!(config.external_labels["monitor"], "7");
        assert!(config.rule_files.is_empty());
    }

    #[test]
    fn sizes_lengths_of_time_and_passwords() {
        assert_eq!((size("0"), size("512B"), size("10MB")), (Ok(0), Ok(512), Ok(10 << 20)));
        assert!(size("much").is_err());
        assert_eq!(
            (span_text(15_000), span_text(90_000), span_text(250)),
            ("15s".into(), "90s".into(), "250ms".into())
        );
        for (plain, encoded) in [("a", "YQ=="), ("ab", "YWI="), ("user:pass", "dXNlcjpwYXNz")] {
            assert_eq!(base64(plain.as_bytes()), encoded);
        }
    }
}
