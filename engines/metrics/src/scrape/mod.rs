//! Scraping: what a Prometheus configuration says about it, and turning a target's page into samples. Fetching the
//! page is the caller's part.

mod config;
mod http;
mod relabel;

use std::collections::{BTreeMap, HashSet};
use std::io;

pub use config::{Config, Job, Limits, Target, span_text};
pub use http::{Encoding, Formats, Http, Pem, Protocol, Tls};
pub use relabel::{Action, Relabel, apply};

use crate::decode::text::{Item, Pair};
use crate::decode::{DecodeFault, protobuf, text};
use crate::histogram::Histogram;
use crate::sample::stale;
use crate::store::index::SeriesId;
use crate::store::{Appender, Exemplar, Metadata, Receipt, Store};
use crate::wire::Malformed;

/// What was got from a target.
pub struct Page<'a> {
    pub encoding: Encoding,
    pub body: &'a [u8],
}

impl Page<'_> {
    fn parse(&self, job: &Job, sink: &mut dyn FnMut(Item<'_>)) -> Result<(), DecodeFault> {
        match self.encoding {
            Encoding::Protobuf => protobuf::parse(self.body, job.formats.classic, sink),
            Encoding::Text(format) => {
                let text = std::str::from_utf8(self.body).map_err(|_| Malformed("a page in UTF-8"))?;
                text::parse(text, format, sink)
            }
        }
    }
}

/// What is remembered of a target between scrapes.
#[derive(Debug, Default)]
pub struct Memory {
    /// Series without a time of their own that the last scrape had.
    seen: HashSet<SeriesId>,
}

/// Samples of one page, collected before it is known whether all of it can be read.
struct Scrape<'s, 'm> {
    job: &'s Job,
    target: &'s Target,
    appender: Appender<'s>,
    memory: &'m Memory,
    at_ms: i64,
    seen: HashSet<SeriesId>,
    samples: Vec<(SeriesId, i64, f64)>,
    histograms: Vec<(SeriesId, i64, Histogram)>,
    exemplars: Vec<(SeriesId, Exemplar)>,
    metadata: Vec<(String, Metadata)>,
    scraped: u64,
    kept: u64,
    added: u64,
    /// The first limit that a sample was beyond.
    excess: Option<String>,
}

impl Scrape<'_, '_> {
    fn take(&mut self, item: Item<'_>) {
        match item {
            Item::Metadata { metric, metadata } => self.metadata.push((metric.to_owned(), metadata.clone())),
            Item::Sample { labels, value, t, exemplar } => {
                if let Some((id, t)) = self.place(labels, t) {
                    self.samples.push((id, t, value));
                    self.exemplars.extend(exemplar.map(|e| (id, e)));
                }
            }
            Item::Histogram { labels, histogram, t, exemplars } => {
                if let Some((id, t)) = self.place(labels, t) {
                    self.histograms.push((id, t, histogram));
                    self.exemplars.extend(exemplars.into_iter().map(|e| (id, e)));
                }
            }
        }
    }

    /// The series of a sample, and its time.
    fn place(&mut self, labels: &[Pair<'_>], t: Option<i64>) -> Option<(SeriesId, i64)> {
        self.scraped += 1;
        let labels = joined(self.job, self.target, labels.iter().map(|(n, v)| (&**n, &**v)));
        let labels = apply(&self.job.metric_relabel_configs, labels)?;
        if let Some(reason) = beyond(&labels, &self.job.limits) {
            self.excess.get_or_insert(reason);
        }
        let pairs: Vec<(&str, &str)> = labels.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        match self.appender.series(&pairs) {
            Ok(id) => {
                self.kept += 1;
                let t = t.filter(|_| self.job.honor_timestamps);
                if t.is_none() && self.seen.insert(id) && !self.memory.seen.contains(&id) {
                    self.added += 1;
                }
                Some((id, t.unwrap_or(self.at_ms)))
            }
            Err(reason) => {
                self.appender.refuse(1, reason);
                None
            }
        }
    }

    /// Reads a page; the reason if it does not count.
    fn read(&mut self, page: Result<Page<'_>, String>) -> Result<(), String> {
        let job = self.job;
        let result = page?.parse(job, &mut |item| self.take(item));
        if job.limits.samples > 0 && self.kept > job.limits.samples {
            return Err(format!("sample limit exceeded: {} of {}", self.kept, job.limits.samples));
        }
        match self.excess.take() {
            Some(excess) => Err(excess),
            None => result.map_err(|fault| fault.to_string()),
        }
    }

    fn store(&mut self) {
        for (metric, metadata) in self.metadata.drain(..) {
            self.appender.metadata(&metric, metadata);
        }
        for (id, t, v) in self.samples.drain(..) {
            self.appender.float(id, t, v);
        }
        for (id, t, h) in self.histograms.drain(..) {
            self.appender.histogram(id, t, h);
        }
        for (id, exemplar) in self.exemplars.drain(..) {
            self.appender.exemplar(id, exemplar);
        }
    }
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
    let mut scrape = Scrape {
        job,
        target,
        appender: store.appender(),
        memory,
        at_ms,
        seen: HashSet::new(),
        samples: Vec::new(),
        histograms: Vec::new(),
        exemplars: Vec::new(),
        metadata: Vec::new(),
        scraped: 0,
        kept: 0,
        added: 0,
        excess: None,
    };
    let fault = scrape.read(page).err();
    if fault.is_none() {
        scrape.store();
    } else {
        // A failed scrape ends all series of the target.
        scrape.seen.clear();
    }
    let Scrape { mut appender, seen, scraped, kept, added, .. } = scrape;
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
