//! What has to happen from time to time: writing chunks out, checkpoints, compaction, retention.

use std::collections::{HashMap, HashSet};
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::chunk::{self, Effort};
use super::index::{Index, SeriesId};
use super::journal::Journal;
use super::partition::{DAY_MS, Partition, day_of};
use super::rollup::{Column, Resolution, Rows};
use super::segment::{Chunk, Kind, SortedWriter};
use super::wal::Wal;
use super::{Head, Store, lock, read, select, write};
use crate::sample::Samples;

/// The log is shortened when it is longer than this and than what the heads hold.
const LONG_LOG_BYTES: u64 = 64 << 20;
/// A series that got nothing for this long leaves memory.
const IDLE_MS: i64 = 2 * 3_600_000;
/// Samples in a chunk of a sorted file: half as many take 10 % more space, and the first query for an hour is a fifth
/// faster.
const SORTED_CHUNK: usize = 1440;
const HISTOGRAM_CHUNK: usize = 720;
/// Payload of one frame of a checkpoint.
const FRAME_BYTES: usize = 1 << 20;

/// What a call of [`Store::maintain`] did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Maintained {
    pub chunks_written: usize,
    pub partitions_compacted: usize,
    pub partitions_removed: usize,
    pub series_forgotten: usize,
    pub has_checkpoint: bool,
}

impl Store {
    /// Does what is due at a time. Call it every few seconds; it returns at once when nothing is due.
    pub fn maintain(&self, now_ms: i64) -> io::Result<Maintained> {
        let mut done = Maintained::default();
        if self.options.durability == super::Durability::System {
            self.wal.sync()?;
        }
        self.seal_idle(now_ms);
        done.chunks_written = self.write_sealed()?;
        done.partitions_compacted = self.compact(now_ms)?;
        done.partitions_removed = self.retain(now_ms)?;
        if done.partitions_removed > 0 {
            done.series_forgotten = self.forget_series()?;
        }
        self.settled.store(read(&self.index).next_id(), Ordering::Relaxed);
        let log = self.wal.bytes();
        let held: usize = self.shards.iter().map(|s| lock(s).values().map(Head::bytes).sum::<usize>()).sum();
        if done.series_forgotten > 0 || log > LONG_LOG_BYTES && log > held as u64 {
            self.checkpoint()?;
            done.has_checkpoint = true;
        }
        Ok(done)
    }

    /// Seals everything in memory and compacts every partition, also the one being filled.
    pub fn compact_all(&self) -> io::Result<()> {
        self.seal_idle(i64::MAX);
        self.write_sealed()?;
        self.compact(i64::MAX)?;
        self.checkpoint()
    }

    fn seal_idle(&self, now_ms: i64) {
        let effort = Effort(self.options.effort.min(12));
        let mut sealed = Vec::new();
        for shard in &self.shards {
            let mut shard = lock(shard);
            for (id, head) in shard.iter_mut() {
                let is_idle = head.newest() < now_ms.saturating_sub(IDLE_MS);
                let is_old = head.oldest_open().is_some_and(|t| t < now_ms.saturating_sub(DAY_MS));
                if is_idle || is_old {
                    head.seal_all(*id, effort, &mut sealed);
                }
            }
            shard.retain(|_, head| !head.is_empty() || head.newest() >= now_ms.saturating_sub(DAY_MS));
        }
        let bytes: usize = sealed.iter().map(|c: &Arc<Chunk>| c.bytes.len() + 64).sum();
        self.unwritten_bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Writes sealed chunks to their partitions; returns how many.
    pub(super) fn write_sealed(&self) -> io::Result<usize> {
        let _writing = lock(&self.writing);
        self.write_sealed_alone()
    }

    fn write_sealed_alone(&self) -> io::Result<usize> {
        self.unwritten_bytes.store(0, Ordering::Relaxed);
        let mut chunks = Vec::new();
        for shard in &self.shards {
            chunks.extend(lock(shard).values().flat_map(|head| head.sealed().iter().cloned()));
        }
        let mut by_day: HashMap<i64, Vec<&Chunk>> = HashMap::new();
        for chunk in &chunks {
            by_day.entry(day_of(chunk.t0)).or_default().push(chunk);
        }
        for (day, of_day) in by_day {
            // On an error they stay in memory and in the log, and the next call tries again.
            let partition = self.partition(Resolution::Raw, day)?;
            write(&partition).append(&of_day)?;
        }
        let written: HashSet<*const Chunk> = chunks.iter().map(Arc::as_ptr).collect();
        for chunk in &chunks {
            if let Some(head) = self.shard(chunk.series).get_mut(&chunk.series) {
                head.let_go(|c| written.contains(&Arc::as_ptr(c)));
            }
        }
        Ok(chunks.len())
    }

    /// Writes what is only in the log to other files, and shortens the log.
    pub fn checkpoint(&self) -> io::Result<()> {
        let _writing = lock(&self.writing);
        // Afterwards all that the heads hold by now is on disk, wherever it came from.
        let had_unlogged = self.has_unlogged_samples.swap(false, Ordering::AcqRel);
        self.checkpoint_alone().inspect_err(|_| {
            self.has_unlogged_samples.fetch_or(had_unlogged, Ordering::AcqRel);
        })
    }

    fn checkpoint_alone(&self) -> io::Result<()> {
        self.list_series()?;
        let number = self.wal.rotate()?;
        let mut checkpoint = self.wal.checkpoint(number)?;
        let mut journal = Journal::default();
        // Heads first, sealed chunks second: whatever is sealed in between is in both, and told apart when read.
        for shard in &self.shards {
            let mut samples: Vec<(SeriesId, Samples)> = Vec::new();
            for (id, head) in lock(shard).iter() {
                let mut open = Samples::default();
                head.read_open(i64::MIN, i64::MAX, &mut open);
                samples.push((*id, open));
            }
            for (id, samples) in samples {
                for at in 0..samples.len() {
                    journal.sample(id, samples.t[at], &samples.value(at));
                }
                if journal.len() > FRAME_BYTES {
                    checkpoint.write(&journal.take())?;
                }
            }
        }
        for (id, exemplar) in lock(&self.exemplars).iter() {
            journal.exemplar(*id, exemplar);
        }
        for (metric, versions) in read(&self.metadata).iter() {
            for metadata in versions {
                journal.metadata(metric, metadata);
            }
        }
        journal.next_id(read(&self.index).next_id());
        checkpoint.write(&journal.take())?;
        self.write_sealed_alone()?;
        // Series made since the list was written, whose samples are in the checkpoint.
        self.list_series()?;
        checkpoint.publish()
    }

    /// Appends series that are in the log only to the list of series.
    fn list_series(&self) -> io::Result<()> {
        let unlisted = std::mem::take(&mut *lock(&self.unlisted));
        if unlisted.is_empty() {
            return Ok(());
        }
        let list = Wal::open(&self.dir.join("series"), super::Durability::Disk)?;
        self.write_list(&unlisted, |payload| list.commit(payload)).inspect_err(|_| {
            lock(&self.unlisted).extend(&unlisted);
        })
    }

    fn write_list(&self, ids: &[SeriesId], mut to: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
        let mut journal = Journal::default();
        for id in ids {
            let labels = self.labels(*id);
            if !labels.is_empty() {
                journal.series(*id, labels.pairs());
            }
            if journal.len() > FRAME_BYTES {
                to(&journal.take())?;
            }
        }
        journal.next_id(read(&self.index).next_id());
        to(&journal.take())
    }

    /// Sorts partitions that are over into one file each, with their rows for later.
    fn compact(&self, now_ms: i64) -> io::Result<usize> {
        let due: Vec<_> = read(self.level(Resolution::Raw))
            .iter()
            .filter(|(start, _)| {
                // Chunks of a day are sealed at most a day after its end; later ones make a second compaction.

                now_ms.saturating_sub(self.options.late_ms) > *start + DAY_MS + IDLE_MS
            })
            .map(|(start, partition)| (*start, partition.clone()))
            .collect();
        let mut compacted = 0;
        for (start, partition) in due {
            let _writing = lock(&self.writing);
            if read(&partition).is_compact() {
                continue;
            }
            self.compact_one(start, &partition)?;
            compacted += 1;
        }
        Ok(compacted)
    }

    fn compact_one(&self, start: i64, partition: &std::sync::RwLock<Partition>) -> io::Result<()> {
        let (number, mut sorted) = write(partition).sorted_writer()?;
        let mut levels = Vec::new();
        for (resolution, kept_ms) in [
            (Resolution::FiveMinutes, self.options.five_minutes_ms),
            (Resolution::Hour, self.options.hour_ms),
        ] {
            if kept_ms > 0 {
                let target = self.partition(resolution, start)?;
                let (number, writer) = write(&target).sorted_writer()?;
                levels.push((resolution, target, number, writer));
            }
        }
        let guard = read(partition);
        let all = guard.all()?;
        let effort = Effort(self.options.effort.min(12));
        let (mut samples, mut buffer) = (Samples::default(), Vec::new());
        for of_series in all.chunk_by(|a, b| a.1.series == b.1.series) {
            let series = of_series[0].1.series;
            samples.clear();
            for found in of_series {
                let read = guard.read(found, &mut buffer).map_err(|damage| self.note_damage(damage));
                if let Ok(bytes) = read
                    && select::decode(found.1.kind, bytes, Column::Last, &mut samples).is_err()
                {
                    self.note_damage(super::Damage {
                        file: self.dir.clone(),
                        offset: found.1.offset,
                        reason: format!("a chunk of series {series} could not be decoded"),
                    });
                }
            }
            samples.settle();
            write_sorted(series, &samples, effort, &mut sorted)?;
            for (resolution, _, _, writer) in &mut levels {
                write_rows(series, &samples, *resolution, effort, writer)?;
            }
        }
        drop(guard);
        sorted.finish()?;
        let mut damage = Vec::new();
        for (_, target, number, writer) in levels {
            writer.finish()?;
            write(&target).replace(number, &mut damage)?;
            let mut target = write(&target);
            target.newest = target.newest.max(start + DAY_MS);
        }
        write(partition).replace(number, &mut damage)
    }

    /// Removes partitions that are older than they have to be.
    fn retain(&self, now_ms: i64) -> io::Result<usize> {
        let mut removed = 0;
        let kept = [self.options.raw_ms, self.options.five_minutes_ms, self.options.hour_ms];
        for (resolution, kept_ms) in Resolution::ALL.into_iter().zip(kept) {
            let _writing = lock(&self.writing);
            let oldest = now_ms.saturating_sub(kept_ms);
            let due: Vec<i64> = read(self.level(resolution))
                .keys()
                .copied()
                .filter(|start| start + DAY_MS <= oldest)
                .collect();
            for start in due {
                let Some(partition) = write(self.level(resolution)).remove(&start) else { continue };
                if let Ok(partition) = Arc::try_unwrap(partition) {
                    partition.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner).remove()?;
                    removed += 1;
                } else {
                    // A query reads it: the next call removes it.
                    self.partition(resolution, start)?;
                }
            }
        }
        Ok(removed)
    }

    /// Drops series of which nothing is left, and rebuilds the index without them.
    fn forget_series(&self) -> io::Result<usize> {
        let mut used = HashSet::new();
        for resolution in Resolution::ALL {
            for partition in read(self.level(resolution)).values() {
                used.extend(read(partition).all()?.into_iter().map(|(_, c)| c.series));
            }
        }
        let mut index = write(&self.index);
        for shard in &self.shards {
            used.extend(lock(shard).keys());
        }
        used.extend(self.settled.load(Ordering::Relaxed)..index.next_id());
        let gone: Vec<SeriesId> = index.ids().filter(|id| !used.contains(id)).collect();
        if gone.is_empty() {
            return Ok(0);
        }
        let mut fresh = Index::default();
        fresh.reserve(index.next_id());
        for id in index.ids().filter(|id| used.contains(id)) {
            fresh.insert(index.labels(id).pairs(), Some(id));
        }
        *index = fresh;
        let ids: Vec<SeriesId> = index.ids().collect();
        drop(index);
        let _writing = lock(&self.writing);
        let list = Wal::open(&self.dir.join("series"), super::Durability::Disk)?;
        let mut checkpoint = list.checkpoint(list.rotate()?)?;
        self.write_list(&ids, |payload| checkpoint.write(payload))?;
        checkpoint.publish()?;
        Ok(gone.len())
    }
}

fn write_sorted(
    series: SeriesId,
    samples: &Samples,
    effort: Effort,
    out: &mut SortedWriter,
) -> io::Result<()> {
    let mut floats = (Vec::new(), Vec::new());
    let mut histograms = (Vec::new(), Vec::new());
    for at in 0..samples.len() {
        if let Some(h) = samples.histogram(at) {
            histograms.0.push(samples.t[at]);
            histograms.1.push(h.clone());
        } else {
            floats.0.push(samples.t[at]);
            floats.1.push(samples.v[at]);
        }
    }
    let piece = floats.0.len().div_ceil(floats.0.len().div_ceil(SORTED_CHUNK).max(1)).max(1);
    for (t, v) in floats.0.chunks(piece).zip(floats.1.chunks(piece)) {
        push_sorted(series, Kind::Floats, t, chunk::encode(t, v, effort), out)?;
    }
    for (t, h) in histograms.0.chunks(HISTOGRAM_CHUNK).zip(histograms.1.chunks(HISTOGRAM_CHUNK)) {
        push_sorted(series, Kind::Histograms, t, chunk::encode_histograms(t, h, effort), out)?;
    }
    Ok(())
}

fn write_rows(
    series: SeriesId,
    samples: &Samples,
    resolution: Resolution,
    effort: Effort,
    out: &mut SortedWriter,
) -> io::Result<()> {
    let rows = Rows::of(samples, resolution);
    if rows.t.is_empty() {
        return Ok(());
    }
    push_sorted(series, Kind::Rollup, &rows.t, rows.encode(effort), out)
}

fn push_sorted(
    series: SeriesId,
    kind: Kind,
    t: &[i64],
    bytes: Vec<u8>,
    out: &mut SortedWriter,
) -> io::Result<()> {
    let (t0, t1, count) = (t[0], t[t.len() - 1], t.len() as u32);
    out.push(&Chunk { series, kind, t0, t1, count, bytes })
}
