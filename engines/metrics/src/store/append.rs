//! Taking samples in.

use std::collections::HashSet;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::head::{Cut, Fate, Head};
use super::index::SeriesId;
use super::journal::Journal;
use super::segment::Chunk;
use super::{Exemplar, MOST_UNWRITTEN_BYTES, Metadata, Refusal, Store, lock, read, write};
use crate::histogram::Histogram;
use crate::labels::METRIC_NAME;
use crate::sample::{Value, hole, is_hole};

/// Different refusals kept in a receipt.
const MOST_REFUSALS: usize = 16;

/// What became of the samples of one commit.
#[derive(Clone, Debug, Default)]
pub struct Receipt {
    pub accepted: u64,
    /// Were there already with the same value.
    pub duplicates: u64,
    /// Were there already with another value, which stays.
    pub conflicts: u64,
    /// Came later than the window for late samples.
    pub too_old: u64,
    /// Samples whose series was refused.
    pub refused: u64,
    pub histograms: u64,
    pub exemplars: u64,
    /// The first few reasons.
    pub reasons: Vec<Refusal>,
}

impl Receipt {
    /// Whether every sample is stored now.
    pub fn is_complete(&self) -> bool {
        self.conflicts + self.too_old + self.refused == 0
    }

    pub(crate) fn refuse(&mut self, samples: u64, reason: Refusal) {
        self.refused += samples;
        if self.reasons.len() < MOST_REFUSALS && !self.reasons.contains(&reason) {
            self.reasons.push(reason);
        }
    }
}

/// Samples on their way in. They are visible to queries at once and durable when [`Appender::commit`] returns.
pub struct Appender<'a> {
    store: &'a Store,
    journal: Journal,
    receipt: Receipt,
    sealed: Vec<Arc<Chunk>>,
    cut: Cut,
    /// Series whose entry is in the journal of this batch.
    made: HashSet<SeriesId>,
}

impl Store {
    /// Begins a batch.
    pub fn appender(&self) -> Appender<'_> {
        let series = self.with_index(super::Index::len);
        Appender {
            store: self,
            journal: Journal::default(),
            receipt: Receipt::default(),
            sealed: Vec::new(),
            cut: self.cut(series),
            made: HashSet::new(),
        }
    }
}

impl Appender<'_> {
    /// The number of a series, which is made if it is new. Labels may come in any order; empty values do not count.
    pub fn series<N: AsRef<str>, V: AsRef<str>>(&mut self, labels: &[(N, V)]) -> Result<SeriesId, Refusal> {
        let is_settled = labels.windows(2).all(|w| w[0].0.as_ref() < w[1].0.as_ref())
            && labels.iter().all(|(_, value)| !value.as_ref().is_empty());
        if is_settled {
            return self.settled_series(labels);
        }
        let mut sorted: Vec<(&str, &str)> =
            labels.iter().map(|(n, v)| (n.as_ref(), v.as_ref())).filter(|(_, v)| !v.is_empty()).collect();
        sorted.sort_unstable();
        if let Some(twice) = sorted.windows(2).find(|w| w[0].0 == w[1].0) {
            let name = sorted.iter().find(|(n, _)| *n == METRIC_NAME).map_or("", |(_, v)| v);
            return Err(Refusal::RepeatedLabel(name.to_owned(), twice[0].0.to_owned()));
        }
        self.settled_series(&sorted)
    }

    fn settled_series<N: AsRef<str>, V: AsRef<str>>(
        &mut self,
        labels: &[(N, V)],
    ) -> Result<SeriesId, Refusal> {
        let found = read(&self.store.index).find(labels);
        if let Some(id) = found {
            // Made by a batch that may reach the log after this one, or never.
            if lock(&self.store.unlogged).contains(&id) && !self.made.contains(&id) {
                self.journal.series(id, labels);
                self.made.insert(id);
            }
            return Ok(id);
        }
        let limits = &self.store.options.limits;
        if labels.is_empty() {
            return Err(Refusal::NoLabels);
        }
        if labels.len() > limits.labels {
            return Err(Refusal::TooManyLabels(labels.len(), limits.labels));
        }
        for (name, value) in labels {
            if name.as_ref().len() > limits.label_name_bytes {
                let start: String = name.as_ref().chars().take(64).collect();
                return Err(Refusal::LongName(start, limits.label_name_bytes));
            }
            if value.as_ref().len() > limits.label_value_bytes {
                return Err(Refusal::LongValue(name.as_ref().to_owned(), limits.label_value_bytes));
            }
        }
        let mut index = write(&self.store.index);
        if let Some(id) = index.find(labels) {
            self.journal.series(id, labels);
            self.made.insert(id);
            return Ok(id);
        }
        if index.len() >= limits.series {
            return Err(Refusal::TooManySeries(limits.series));
        }
        let id = index.insert(labels, None);
        lock(&self.store.unlogged).insert(id);
        lock(&self.store.unlisted).push(id);
        self.made.insert(id);
        self.journal.series(id, labels);
        Ok(id)
    }

    /// Adds a float, which may be any NaN.
    pub fn float(&mut self, id: SeriesId, t: i64, value: f64) {
        // The mark for "no value" is one NaN of 2^52; as a sample it becomes the ordinary one.
        let value = if is_hole(value) { f64::from_bits(crate::sample::NAN_BITS) } else { value };
        debug_assert!(!is_hole(value) && is_hole(hole()));
        self.push(id, t, &Value::Float(value));
    }

    /// Adds a native histogram; one that contradicts itself is refused.
    pub fn histogram(&mut self, id: SeriesId, t: i64, histogram: Histogram) {
        if let Err(reason) = histogram.check() {
            self.receipt.refuse(1, Refusal::Histogram(reason));
            return;
        }
        self.receipt.histograms += 1;
        self.push(id, t, &Value::Histogram(Arc::new(histogram)));
    }

    pub fn exemplar(&mut self, id: SeriesId, exemplar: Exemplar) {
        let mut kept = lock(&self.store.exemplars);
        let is_known = kept.iter().rev().take(64).any(|(series, e)| *series == id && *e == exemplar);
        if is_known || self.store.options.exemplars == 0 {
            return;
        }
        self.journal.exemplar(id, &exemplar);
        self.receipt.exemplars += 1;
        if kept.len() >= self.store.options.exemplars {
            kept.pop_front();
        }
        kept.push_back((id, exemplar));
    }

    /// Notes what is said about a metric; sources may disagree, each version is kept once.
    pub fn metadata(&mut self, metric: &str, metadata: Metadata) {
        let is_known =
            |store: &Store| read(&store.metadata).get(metric).is_some_and(|all| all.contains(&metadata));
        if metric.is_empty() || is_known(self.store) {
            return;
        }
        let mut all = write(&self.store.metadata);
        let versions = all.entry(metric.to_owned()).or_default();
        if versions.len() < 8 {
            self.journal.metadata(metric, &metadata);
            versions.push(metadata);
        }
    }

    /// Counts samples that cannot be stored because their series was refused.
    pub fn refuse(&mut self, samples: u64, reason: Refusal) {
        self.receipt.refuse(samples, reason);
    }

    /// Makes everything durable (see [`super::wal::Durability`]) and tells what became of it. On an error nothing
    /// is promised: the sender should send again, which does no harm.
    pub fn commit(mut self) -> io::Result<Receipt> {
        if !self.journal.is_empty() {
            let payload = self.journal.take();
            self.store.wal.commit(&payload).inspect_err(|_| self.store.note_unlogged_samples())?;
            if !self.made.is_empty() {
                let mut unlogged = lock(&self.store.unlogged);
                self.made.iter().for_each(|id| {
                    unlogged.remove(id);
                });
            }
        }
        self.store.appended.fetch_add(self.receipt.accepted, Ordering::Relaxed);
        self.relieve()?;
        Ok(std::mem::take(&mut self.receipt))
    }

    fn push(&mut self, id: SeriesId, t: i64, value: &Value) {
        let fate = {
            let mut shard = self.store.shard(id);
            let head = shard.entry(id).or_insert_with(|| Head::new(id));
            head.push(id, t, value.clone(), &self.cut, &mut self.sealed)
        };
        match fate {
            Fate::Accepted => {
                self.receipt.accepted += 1;
                self.journal.sample(id, t, value);
            }
            Fate::Duplicate => {
                self.receipt.duplicates += 1;
                // Perhaps from a batch that never got into the log: whoever sends it again relies on this one.
                if self.store.has_unlogged_samples.load(Ordering::Acquire) {
                    self.journal.sample(id, t, value);
                }
            }
            Fate::Conflict => self.receipt.conflicts += 1,
            Fate::TooOld => self.receipt.too_old += 1,
        }
    }

    /// Whoever fills memory empties it: this is the back-pressure.
    fn relieve(&mut self) -> io::Result<()> {
        let bytes: usize = self.sealed.drain(..).map(|c| c.bytes.len() + 64).sum();
        if bytes > 0
            && self.store.unwritten_bytes.fetch_add(bytes, Ordering::Relaxed) + bytes > MOST_UNWRITTEN_BYTES
        {
            self.store.write_sealed()?;
        }
        Ok(())
    }
}

impl Drop for Appender<'_> {
    /// What is not committed stays visible, but is not in the log.
    fn drop(&mut self) {
        if !self.journal.is_empty() {
            self.store.note_unlogged_samples();
        }
    }
}
