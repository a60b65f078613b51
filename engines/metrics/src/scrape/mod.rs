//! Scraping: what a Prometheus configuration says about it, and turning a target's page into samples. Fetching the
//! page is the caller's part.

mod config;
mod relabel;

use std::collections::{BTreeMap, HashSet};
use std::io;

pub use config::{Config, Job, Limits, Target, span_text};
pub use relabel::{Action, Relabel, apply};

use crate::decode::text::{Format, Item, parse};
use crate::sample::stale;
use crate::store::index::SeriesId;
use crate::store::{Appender, Metadata, Receipt, Store};

/// What was got from a target.
pub struct Page<'a> {
    pub format: Format,
    pub text: &'a str,
}

/// What is remembered of a target between scrapes.
#[derive(Debug, Default)]
pub struct Memory {
    /// Series without a time of their own that the last scrape had.
    seen: HashSet<SeriesId>,
}

/// Stores one scrape: its samples, staleness markers for series that are gone, and the series that tell how it went
/// (`up`, `scrape_duration_seconds`, …). `page` is the reason when nothing could be got.
pub fn ingest(
    store: &Store,
    job: &Job,
    target: &Target,
    memory: &mut Memory,
    at_ms: i64,
    seconds: f64,
    page: Result<Page<'_>, String>,
) -> io::Result<(Receipt, Option<String>)> {
    let mut appender = store.appender();
    let mut seen = HashSet::new();
    let (mut scraped, mut kept, mut added) = (0_u64, 0_u64, 0_u64);
    let mut samples: Vec<(SeriesId, i64, f64)> = Vec::new();
    let mut exemplars = Vec::new();
    let (mut fault, mut excess) = (None, None);
    match page {
        Ok(page) => {
            let mut metadata: Vec<(String, Metadata)> = Vec::new();
            let result = parse(page.text, page.format, &mut |item| match item {
                Item::Metadata { metric, metadata: m } => metadata.push((metric.to_owned(), m.clone())),
                Item::Sample { labels, value, t, exemplar } => {
                    scraped += 1;
                    let labels = joined(job, target, labels.iter().map(|(n, v)| (&**n, &**v)));
                    let Some(labels) = apply(&job.metric_relabel_configs, labels) else { return };
                    if let Some(reason) = beyond(&labels, &job.limits) {
                        excess.get_or_insert(reason);
                    }
                    let pairs: Vec<(&str, &str)> =
                        labels.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
                    match appender.series(&pairs) {
                        Ok(id) => {
                            kept += 1;
                            let t = t.filter(|_| job.honor_timestamps);
                            if t.is_none() && seen.insert(id) && !memory.seen.contains(&id) {
                                added += 1;
                            }
                            samples.push((id, t.unwrap_or(at_ms), value));
                            exemplars.extend(exemplar.map(|e| (id, e)));
                        }
                        Err(reason) => appender.refuse(1, reason),
                    }
                }
            });
            if job.limits.samples > 0 && kept > job.limits.samples {
                fault = Some(format!("sample limit exceeded: {kept} of {}", job.limits.samples));
            } else if excess.is_some() {
                fault = excess;
            } else if let Err(reason) = result {
                fault = Some(reason.to_string());
            }
            if fault.is_none() {
                for (metric, metadata) in metadata {
                    appender.metadata(&metric, metadata);
                }
            }
        }
        Err(reason) => fault = Some(reason),
    }
    if fault.is_some() {
        // A failed scrape ends all series of the target.
        seen.clear();
        samples.clear();
        exemplars.clear();
    }
    for (id, t, v) in samples {
        appender.float(id, t, v);
    }
    for (id, exemplar) in exemplars {
        appender.exemplar(id, exemplar);
    }
    for gone in memory.seen.difference(&seen) {
        appender.float(*gone, at_ms, stale());
    }
    memory.seen = seen;
    let is_up = if fault.is_none() { 1.0 } else { 0.0 };
    report(&mut appender, job, target, at_ms, [is_up, seconds, scraped as f64, kept as f64, added as f64]);
    appender.commit().map(|receipt| (receipt, fault))
}

/// Ends all series of a target that is scraped no more, also those that tell how scrapes went.
pub fn end(store: &Store, job: &Job, target: &Target, memory: Memory, at_ms: i64) -> io::Result<Receipt> {
    let mut appender = store.appender();
    for id in memory.seen {
        appender.float(id, at_ms, stale());
    }
    report(&mut appender, job, target, at_ms, [stale(); 5]);
    appender.commit()
}

const REPORT: [&str; 5] = [
    "up",
    "scrape_duration_seconds",
    "scrape_samples_scraped",
    "scrape_samples_post_metric_relabeling",
    "scrape_series_added",
];

fn report(appender: &mut Appender<'_>, job: &Job, target: &Target, at_ms: i64, values: [f64; 5]) {
    for (name, value) in REPORT.into_iter().zip(values) {
        let labels: BTreeMap<String, String> = joined(job, target, [("__name__", name)].into_iter());
        let pairs: Vec<(&str, &str)> = labels.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        match appender.series(&pairs) {
            Ok(id) => appender.float(id, at_ms, value),
            Err(reason) => appender.refuse(1, reason),
        }
    }
}

/// Which limit a sample's labels are beyond, if any.
fn beyond(labels: &BTreeMap<String, String>, limits: &Limits) -> Option<String> {
    let metric = labels.get("__name__").map_or("", String::as_str);
    if limits.labels > 0 && labels.len() > limits.labels {
        return Some(format!(
            "label_limit exceeded: {metric} has {} labels of {}",
            labels.len(),
            limits.labels
        ));
    }
    let is_long = |text: &str, most: usize| most > 0 && text.len() > most;
    labels.iter().find_map(|(name, value)| {
        if is_long(name, limits.label_name_bytes) {
            return Some(format!("label_name_length_limit exceeded: {metric} has label {name:?}"));
        }
        is_long(value, limits.label_value_bytes)
            .then(|| format!("label_value_length_limit exceeded: {metric}, label {name:?}"))
    })
}

/// The labels of a sample together with those of its target. Where both have one, the target's wins and the sample's
/// is kept as `exported_…`, or the other way round with `honor_labels`.
fn joined<'a>(
    job: &Job,
    target: &Target,
    own: impl Iterator<Item = (&'a str, &'a str)>,
) -> BTreeMap<String, String> {
    let mut labels: BTreeMap<String, String> = own.map(|(n, v)| (n.to_owned(), v.to_owned())).collect();
    for (name, value) in &target.labels {
        match labels.get(name).cloned() {
            Some(_) if job.honor_labels => {}
            Some(exported) if !exported.is_empty() => {
                let mut renamed = format!("exported_{name}");
                while labels.contains_key(&renamed) {
                    renamed.insert_str(0, "exported_");
                }
                labels.insert(renamed, exported);
                labels.insert(name.clone(), value.clone());
            }
            _ => {
                labels.insert(name.clone(), value.clone());
            }
        }
    }
    labels
}
