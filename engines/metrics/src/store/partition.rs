//! A partition: the chunks that begin on one day (UTC), in files of their own, so that retention is removing files.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::cache::Place;
use super::index::SeriesId;
use super::segment::{Blocks, Chunk, ChunkRef, Segment, SortedWriter};
use super::wal::{Damage, name, numbered};

/// Length of a partition.
pub const DAY_MS: i64 = 24 * 3_600_000;

/// Start of the partition a time belongs to.
pub fn day_of(t: i64) -> i64 {
    t.div_euclid(DAY_MS).saturating_mul(DAY_MS)
}

/// One day of chunks.
pub struct Partition {
    pub start: i64,
    /// Last time of any sample in it; the first is not before `start`.
    pub newest: i64,
    dir: PathBuf,
    segments: Vec<Segment>,
    next: u64,
}

/// A chunk and the file it is in, by position.
pub type Found = (usize, ChunkRef);

impl Partition {
    /// Opens or creates the folder of a partition.
    pub fn open(parent: &Path, start: i64, damage: &mut Vec<Damage>) -> io::Result<Self> {
        let dir = parent.join((start / 1000).to_string());
        fs::create_dir_all(&dir)?;
        let sorted = numbered(&dir, "sorted")?;
        let appended = numbered(&dir, "chunks")?;
        let newest_sorted = sorted.last().copied();
        let mut partition = Self { start, newest: start, dir, segments: Vec::new(), next: 0 };
        for number in sorted.iter().copied() {
            let path = partition.path(number, "sorted");
            if Some(number) == newest_sorted {
                partition.segments.push(Segment::open_sorted(&path, number, damage)?);
            } else {
                fs::remove_file(path)?; // replaced, and the process ended before it was removed
            }
        }
        for number in appended.iter().copied() {
            let path = partition.path(number, "chunks");
            if newest_sorted.is_some_and(|sorted| number < sorted) {
                fs::remove_file(path)?;
            } else {
                partition.segments.push(Segment::open_appended(&path, number, damage)?);
            }
        }
        partition.next = sorted.iter().chain(&appended).max().map_or(0, |n| n + 1);
        for segment in &partition.segments {
            let newest = segment.all_refs()?.iter().map(|c| c.t1).max();
            partition.newest = partition.newest.max(newest.unwrap_or(start));
        }
        Ok(partition)
    }

    /// Starts of the partitions in a folder.
    pub fn list(parent: &Path) -> io::Result<Vec<i64>> {
        let mut starts = Vec::new();
        for entry in fs::read_dir(parent)? {
            let entry = entry?;
            if let Some(seconds) = entry.file_name().to_str().and_then(|s| s.parse::<i64>().ok()) {
                starts.push(seconds * 1000);
            }
        }
        starts.sort_unstable();
        Ok(starts)
    }

    /// Appends chunks, durable on return.
    pub fn append(&mut self, chunks: &[&Chunk]) -> io::Result<()> {
        if self.segments.last().is_none_or(Segment::is_sorted) {
            let path = self.path(self.next, "chunks");
            self.segments.push(Segment::create(&path, self.next)?);
            super::wal::sync_dir(&self.dir)?;
            if let Some(parent) = self.dir.parent() {
                super::wal::sync_dir(parent)?;
            }
            self.next += 1;
        }
        let last = self.segments.last_mut().expect("one was just made sure of");
        last.append(chunks)?;
        let newest = chunks.iter().map(|c| c.t1).max();
        self.newest = self.newest.max(newest.unwrap_or(self.start));
        Ok(())
    }

    /// Chunks of a series that touch a span of time.
    pub fn find(
        &self,
        series: SeriesId,
        span: (i64, i64),
        blocks: &Blocks,
        out: &mut Vec<Found>,
    ) -> io::Result<()> {
        let mut refs = Vec::new();
        for (i, segment) in self.segments.iter().enumerate() {
            refs.clear();
            segment.refs(series, span, blocks, &mut refs)?;
            out.extend(refs.iter().map(|r| (i, *r)));
        }
        Ok(())
    }

    /// Reads a chunk into a buffer and returns its payload.
    pub fn read<'b>(&self, found: &Found, buffer: &'b mut Vec<u8>) -> Result<&'b [u8], Damage> {
        self.segments[found.0].read(&found.1, buffer)
    }

    /// Under which a chunk may be remembered.
    pub fn place(&self, found: &Found) -> Place {
        (self.segments[found.0].id, found.1.offset)
    }

    /// Every chunk, in the order of series and time.
    pub fn all(&self) -> io::Result<Vec<Found>> {
        let mut all = Vec::new();
        for (i, segment) in self.segments.iter().enumerate() {
            all.extend(segment.all_refs()?.into_iter().map(|r| (i, r)));
        }
        all.sort_by_key(|(i, r)| (r.series, r.t0, *i));
        Ok(all)
    }

    /// Whether it consists of one sorted file.
    pub fn is_compact(&self) -> bool {
        matches!(self.segments.as_slice(), [only] if only.is_sorted()) || self.segments.is_empty()
    }

    /// Starts the sorted file that will replace all present ones.
    pub fn sorted_writer(&mut self) -> io::Result<(u64, SortedWriter)> {
        let number = self.next;
        self.next += 1;
        Ok((number, SortedWriter::create(&self.path(number, "sorted"))?))
    }

    /// Replaces all files by a finished sorted one.
    pub fn replace(&mut self, number: u64, damage: &mut Vec<Damage>) -> io::Result<()> {
        let segment = Segment::open_sorted(&self.path(number, "sorted"), number, damage)?;
        for old in std::mem::take(&mut self.segments) {
            fs::remove_file(&old.path)?;
        }
        self.segments.push(segment);
        Ok(())
    }

    /// Bytes of all files.
    pub fn bytes(&self) -> u64 {
        self.segments.iter().map(|s| s.bytes).sum()
    }

    /// Files and their lengths, all bytes of which are valid.
    pub fn files(&self) -> Vec<(PathBuf, u64)> {
        self.segments.iter().map(|s| (s.path.clone(), s.bytes)).collect()
    }

    /// Removes the partition from disk.
    pub fn remove(self) -> io::Result<()> {
        fs::remove_dir_all(self.dir)
    }

    fn path(&self, number: u64, extension: &str) -> PathBuf {
        self.dir.join(name(number, extension))
    }
}
