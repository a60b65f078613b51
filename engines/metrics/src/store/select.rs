//! Reading series back: head, sealed chunks and partitions put together.

use std::sync::{Arc, RwLock};

use super::chunk;
use super::floats::Floats;
use super::index::SeriesId;
use super::partition::{DAY_MS, Found, Partition, day_of};
use super::rollup::{Column, Resolution, Rows};
use super::segment::Kind;
use super::wal::Damage;
use super::{Exemplar, Store, lock, read};
use crate::labels::Labels;
use crate::matcher::Matcher;
use crate::sample::Samples;
use crate::wire::Malformed;

/// A series that was selected.
#[derive(Clone, Debug)]
pub struct Selected {
    pub id: SeriesId,
    pub labels: Labels,
}

/// How samples older than the raw ones are spaced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Coarse {
    /// Samples before this time stand for `ms` milliseconds.
    pub until: i64,
    pub ms: i64,
}

impl Store {
    /// Series all matchers accept, sorted by labels.
    pub fn select(&self, matchers: &[Matcher]) -> Vec<Selected> {
        let index = read(&self.index);
        let mut found: Vec<Selected> =
            index.select(matchers).iter().map(|id| Selected { id, labels: index.labels(id) }).collect();
        drop(index);
        found.sort_by(|a, b| a.labels.cmp(&b.labels));
        found
    }

    /// Reads the samples of a series with `from <= t <= to`, in order, each time once. Where raw samples are gone,
    /// the wanted column of the finest rows that are left. Damaged chunks are skipped; each is told to `damaged`.
    pub fn read(
        &self,
        id: SeriesId,
        from: i64,
        to: i64,
        column: Column,
        out: &mut Samples,
        damaged: &mut dyn FnMut(Damage),
    ) -> Coarse {
        out.clear();
        // The head first: a chunk that is written out meanwhile is then found twice and never missed.
        let newest = self.read_head(id, from, to, column);
        let (raw_from, coarse) = self.read_rollups(id, from, to, column, out, damaged);
        // Chunks begin in their partition and may end in the next.
        self.read_level(Resolution::Raw, id, raw_from, to, column, out, damaged);
        for at in 0..newest.len() {
            out.push(newest.t[at], newest.value(at));
        }
        out.settle();
        out.clip(from, to);
        coarse
    }

    fn read_head(&self, id: SeriesId, from: i64, to: i64, column: Column) -> Samples {
        let mut out = Samples::default();
        let shard = self.shard(id);
        if let Some(head) = shard.get(&id) {
            for sealed in head.sealed().iter().filter(|c| c.t1 >= from && c.t0 <= to) {
                // Just encoded by this process: cannot be malformed.
                decode(sealed.kind, &sealed.bytes, column, &mut out).ok();
            }
            head.read_open(from, to, &mut out);
        }
        out
    }

    /// Reads the days for which no raw samples are left; returns where raw samples begin.
    fn read_rollups(
        &self,
        id: SeriesId,
        from: i64,
        to: i64,
        column: Column,
        out: &mut Samples,
        damaged: &mut dyn FnMut(Damage),
    ) -> (i64, Coarse) {
        let first_raw = read(self.level(Resolution::Raw)).keys().next().copied().unwrap_or(i64::MAX);
        if first_raw <= from {
            return (from, Coarse::default());
        }
        let five = read(self.level(Resolution::FiveMinutes)).keys().next().copied().unwrap_or(i64::MAX);
        let hour = read(self.level(Resolution::Hour)).keys().next().copied().unwrap_or(i64::MAX);
        let mut coarse = Coarse::default();
        let hour_end = first_raw.min(five);
        if hour < hour_end && from < hour_end {
            self.read_level(Resolution::Hour, id, from, to.min(hour_end - 1), column, out, damaged);
            coarse = Coarse { until: hour_end, ms: Resolution::Hour.ms() };
        }
        if five < first_raw {
            let start = from.max(five);
            self.read_level(Resolution::FiveMinutes, id, start, to.min(first_raw - 1), column, out, damaged);
            coarse = Coarse { until: first_raw, ms: coarse.ms.max(Resolution::FiveMinutes.ms()) };
        }
        (from, coarse)
    }

    #[expect(clippy::too_many_arguments, reason = "what to read, where to put it, whom to tell")]
    fn read_level(
        &self,
        resolution: Resolution,
        id: SeriesId,
        from: i64,
        to: i64,
        column: Column,
        out: &mut Samples,
        damaged: &mut dyn FnMut(Damage),
    ) {
        if from > to {
            return;
        }
        let first_day = day_of(from).saturating_sub(DAY_MS);
        let partitions: Vec<_> =
            read(self.level(resolution)).range(first_day..=to).map(|(_, p)| p.clone()).collect();
        let mut found = Vec::new();
        for partition in partitions {
            let partition = read(&partition);
            if partition.newest < from {
                continue;
            }
            found.clear();
            if let Err(fault) = partition.find(id, (from, to), &self.blocks, &mut found) {
                let damage = Damage { file: self.dir.clone(), offset: 0, reason: fault.to_string() };
                self.tell(damage, damaged);
                continue;
            }
            for chunk in &found {
                if let Err(damage) = self.read_chunk(&partition, chunk, (from, to), column, out) {
                    self.tell(damage, damaged);
                }
            }
        }
    }

    /// Appends what a chunk holds of a span, or more.
    fn read_chunk(
        &self,
        partition: &Partition,
        chunk: &Found,
        (from, to): (i64, i64),
        column: Column,
        out: &mut Samples,
    ) -> Result<(), Damage> {
        let (place, is_floats) = (partition.place(chunk), chunk.1.kind == Kind::Floats);
        if is_floats && let Some(floats) = self.decoded.get(place) {
            floats.read(from, to, out);
            return Ok(());
        }
        let mut buffer = Vec::new();
        let bytes = partition.read(chunk, &mut buffer)?;
        let malformed = |fault: Malformed| {
            let reason = format!("a chunk of series {}: {fault}", chunk.1.series);
            Damage { file: self.dir.clone(), offset: chunk.1.offset, reason }
        };
        if is_floats && let Some(floats) = Floats::decode(bytes, &self.times).map_err(malformed)? {
            floats.read(from, to, out);
            let bytes = floats.bytes();
            self.decoded.put(place, Arc::new(floats), bytes);
            return Ok(());
        }
        decode(chunk.1.kind, bytes, column, out).map_err(malformed)
    }

    fn tell(&self, damage: Damage, damaged: &mut dyn FnMut(Damage)) {
        self.note_damage(damage.clone());
        damaged(damage);
    }

    /// Exemplars of the series any of the selectors accepts, with `from <= t <= to`, by series.
    pub fn exemplars(&self, selectors: &[Vec<Matcher>], from: i64, to: i64) -> Vec<(Labels, Vec<Exemplar>)> {
        let index = read(&self.index);
        let mut wanted = roaring::RoaringBitmap::new();
        for matchers in selectors {
            wanted |= index.select(matchers);
        }
        let mut found: std::collections::BTreeMap<Labels, Vec<Exemplar>> = std::collections::BTreeMap::new();
        for (id, exemplar) in lock(&self.exemplars).iter() {
            if wanted.contains(*id) && (from..=to).contains(&exemplar.t) {
                found.entry(index.labels(*id)).or_default().push(exemplar.clone());
            }
        }
        found.into_iter().collect()
    }

    /// Tells of series whether they have a sample (raw or rolled up) between two times. Judged by whole chunks.
    pub fn presence(&self, from: i64, to: i64) -> Presence<'_> {
        let mut partitions = Vec::new();
        for resolution in Resolution::ALL {
            let level = read(self.level(resolution));
            let first_day = day_of(from).saturating_sub(DAY_MS);
            partitions.extend(level.range(first_day..=to.max(first_day)).map(|(_, p)| p.clone()));
        }
        Presence { store: self, from, to, partitions }
    }
}

/// See [`Store::presence`].
pub struct Presence<'a> {
    store: &'a Store,
    from: i64,
    to: i64,
    partitions: Vec<Arc<RwLock<Partition>>>,
}

impl Presence<'_> {
    pub fn holds(&self, id: SeriesId) -> bool {
        let is_in_head = self.store.shard(id).get(&id).is_some_and(|head| {
            let sealed = head.sealed().iter().any(|c| c.t1 >= self.from && c.t0 <= self.to);
            sealed || head.oldest_open().is_some_and(|t| t <= self.to) && head.newest() >= self.from
        });
        let mut found = Vec::new();
        is_in_head
            || self.partitions.iter().any(|partition| {
                found.clear();
                read(partition).find(id, (self.from, self.to), &self.store.blocks, &mut found).is_ok()
                    && !found.is_empty()
            })
    }
}

pub(super) fn decode(kind: Kind, bytes: &[u8], column: Column, out: &mut Samples) -> Result<(), Malformed> {
    match kind {
        Kind::Floats => chunk::decode(bytes, out),
        Kind::Histograms => chunk::decode_histograms(bytes, out),
        Kind::Rollup => Rows::decode(bytes, column, out),
    }
}
