//! The part of a Prometheus configuration that says what to scrape (static targets) and where rules are.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use super::http::{Formats, Http, YamlFormats, YamlHttp};
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
    pub http: Http,
    pub formats: Formats,
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
    #[serde(flatten)]
    formats: YamlFormats,
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
    #[serde(flatten)]
    http: YamlHttp,
    #[serde(flatten)]
    formats: YamlFormats,
    #[serde(deserialize_with = "yaml::or_default")]
    static_configs: Vec<YamlStatic>,
    #[serde(deserialize_with = "yaml::or_default")]
    relabel_configs: Vec<YamlRelabel>,
    #[serde(deserialize_with = "yaml::or_default")]
    metric_relabel_configs: Vec<YamlRelabel>,
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
    /// Reads a configuration; the reason if it cannot be used. Relative names of files are meant from `folder`.
    pub fn read(yaml: &str, folder: &Path) -> Result<Self, String> {
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
            let name = job.job_name.clone();
            let read = read_job(job, (interval, timeout), &parsed.global.formats, folder);
            jobs.push(read.map_err(|reason| format!("job {name:?}: {reason}"))?);
        }
        let evaluation_interval_ms = span(parsed.global.evaluation_interval.as_deref(), 60_000)?;
        let (rule_files, external_labels) = (parsed.rule_files, parsed.global.external_labels);
        Ok(Self { jobs, rule_files, evaluation_interval_ms, external_labels })
    }
}

fn span(text: Option<&str>, default: i64) -> Result<i64, String> {
    text.map_or(Ok(default), duration_ms)
}

fn read_job(
    job: YamlJob,
    (interval, timeout): (i64, i64),
    formats: &YamlFormats,
    folder: &Path,
) -> Result<Job, String> {
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
    let (http, formats) = (job.http.read(folder)?, job.formats.read(formats)?);
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
        http,
        formats,
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

    fn read(yaml: &str) -> Result<Config, String> {
        Config::read(yaml, Path::new(""))
    }

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
        let config = read(yaml).unwrap();
        let job = &config.jobs[0];
        assert_eq!((job.interval_ms, job.timeout_ms, job.targets.len()), (5000, 5000, 2));
        assert_eq!(job.targets[0].path, "/metrics?collect=cpu&collect=disk");
        assert_eq!(job.targets[0].labels["host"], "a");
        assert_eq!(job.targets[1].labels["instance"], "b:80");
        assert!(read("scrape_configs: [{}]").is_err());
        let late = "scrape_configs: [{job_name: a, scrape_interval: 5s, scrape_timeout: 6s}]";
        assert!(read(late).unwrap_err().contains("timeout greater"));
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
        let config = read(yaml).unwrap();
        let target = &config.jobs[0].targets[0];
        assert_eq!((target.labels["rack"].as_str(), target.labels["live"].as_str()), ("12", "true"));
        assert_eq!((config.jobs[0].timeout_ms, target.path.as_str()), (5000, "/metrics?module=2&module=yes"));
        assert_eq!(config.external_labels["monitor"], "7");
        assert!(config.rule_files.is_empty());
    }

    #[test]
    fn sizes_and_lengths_of_time() {
        assert_eq!((size("0"), size("512B"), size("10MB")), (Ok(0), Ok(512), Ok(10 << 20)));
        assert!(size("much").is_err());
        assert_eq!(
            (span_text(15_000), span_text(90_000), span_text(250)),
            ("15s".into(), "90s".into(), "250ms".into())
        );
    }
}
