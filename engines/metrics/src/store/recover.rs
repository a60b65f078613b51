//! Opening a store: what an earlier process left is put together again.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize};
use std::sync::{Arc, Mutex, RwLock};

use super::cache::Cache;
use super::head::Head;
use super::index::{Index, SeriesId};
use super::journal::{self, Entry};
use super::partition::Partition;
use super::rollup::Resolution;
use super::wal::{Damage, Wal, replay};
use super::{Exemplars, Level, Metadata, Options, SHARDS, Shard, Store};

impl Store {
    /// Opens a store, or makes an empty one. Only one process may have it open.
    pub fn open(dir: &Path, options: Options) -> io::Result<Self> {
        std::fs::create_dir_all(dir)?;
        let lock = std::fs::File::create(dir.join("lock"))?;
        lock.try_lock().map_err(|_| {
            io::Error::new(
                io::ErrorKind::ResourceBusy,
                format!("{} is open in another process", dir.display()),
            )
        })?;
        let mut damage = Vec::new();
        let levels = [
            open_level(dir, Resolution::Raw, &mut damage)?,
            open_level(dir, Resolution::FiveMinutes, &mut damage)?,
            open_level(dir, Resolution::Hour, &mut damage)?,
        ];
        let mut recovery = Recovery { index: Index::default(), unlisted: Vec::new(), ..Recovery::new() };
        damage.extend(replay(&dir.join("series"), |payload| recovery.list(payload))?);
        recovery.is_listing = false;
        let wal_dir = dir.join("wal");
        let cut =
            super::Cut { len: 480, late_ms: i64::MAX / 2, effort: super::Effort(options.effort.min(12)) };
        damage.extend(replay(&wal_dir, |payload| recovery.apply(payload, &cut))?);
        for (series, newest) in newest_on_disk(&levels)? {
            recovery.note_newest(series, newest);
        }
        let wal = Wal::open(&wal_dir, options.durability)?;
        let Recovery { index, shards, sealed, unlisted, exemplars, metadata, .. } = recovery;
        let unwritten_bytes = sealed.iter().map(|c| c.bytes.len() + 64).sum::<usize>();
        let store = Self {
            dir: dir.to_owned(),
            decoded: Cache::new(options.cache_bytes),
            blocks: Cache::new(options.cache_bytes / super::SMALL_SHARE),
            times: Cache::new(options.cache_bytes / super::SMALL_SHARE),
            options,
            index: RwLock::new(index),
            shards: shards.into_iter().map(Mutex::new).collect(),
            wal,
            levels,
            unwritten_bytes: AtomicUsize::new(unwritten_bytes),
            writing: Mutex::new(()),
            unlisted: Mutex::new(unlisted),
            unlogged: Mutex::default(),
            has_unlogged_samples: AtomicBool::new(false),
            _lock: lock,
            exemplars: Mutex::new(exemplars),
            metadata: RwLock::new(metadata),
            damage: Mutex::new(damage),
            appended: AtomicU64::new(0),
            settled: AtomicU32::new(0),
        };
        if unwritten_bytes > 0 {
            store.write_sealed()?;
        }
        Ok(store)
    }
}

struct Recovery {
    index: Index,
    shards: Vec<Shard>,
    sealed: Vec<Arc<super::Chunk>>,
    unlisted: Vec<SeriesId>,
    exemplars: Exemplars,
    metadata: HashMap<String, Vec<Metadata>>,
    is_listing: bool,
}

impl Recovery {
    fn new() -> Self {
        Self {
            index: Index::default(),
            shards: (0..SHARDS).map(|_| Shard::default()).collect(),
            sealed: Vec::new(),
            unlisted: Vec::new(),
            exemplars: VecDeque::new(),
            metadata: HashMap::new(),
            is_listing: true,
        }
    }

    /// The list of series that is kept beside the log.
    fn list(&mut self, payload: &[u8]) -> Result<(), String> {
        let cut = super::Cut { len: 480, late_ms: 0, effort: super::Effort(8) };
        self.apply(payload, &cut)
    }

    fn apply(&mut self, payload: &[u8], cut: &super::Cut) -> Result<(), String> {
        journal::read(payload, |entry| match entry {
            Entry::Series(id, labels) => {
                if self.index.labels(id).is_empty() {
                    self.index.insert(&labels, Some(id));
                    if !self.is_listing {
                        self.unlisted.push(id);
                    }
                }
            }
            Entry::Sample(id, t, value) => {
                let head = self.shards[id as usize % SHARDS].entry(id).or_insert_with(|| Head::new(id));
                head.push(id, t, value, cut, &mut self.sealed);
            }
            Entry::Exemplar(id, exemplar) => {
                self.exemplars.push_back((id, exemplar));
                if self.exemplars.len() > 100_000 {
                    self.exemplars.pop_front();
                }
            }
            Entry::Metadata(metric, metadata) => {
                let versions = self.metadata.entry(metric.to_owned()).or_default();
                if !versions.contains(&metadata) {
                    versions.push(metadata);
                }
            }
            Entry::NextId(id) => self.index.reserve(id),
        })
        .map_err(|fault| fault.to_string())
    }

    /// Samples that are on disk already must not count as newer than those that come.
    fn note_newest(&mut self, id: SeriesId, newest: i64) {
        self.index.reserve(id + 1);
        if let Some(head) = self.shards[id as usize % SHARDS].get_mut(&id) {
            head.know_newest(newest);
        }
    }
}

fn open_level(dir: &Path, resolution: Resolution, damage: &mut Vec<Damage>) -> io::Result<RwLock<Level>> {
    let folder = dir.join(resolution.folder());
    std::fs::create_dir_all(&folder)?;
    let mut level = BTreeMap::new();
    for start in Partition::list(&folder)? {
        level.insert(start, Arc::new(RwLock::new(Partition::open(&folder, start, damage)?)));
    }
    Ok(RwLock::new(level))
}

/// Newest time on disk of the series in the last two days of raw partitions.
fn newest_on_disk(levels: &[RwLock<Level>; 3]) -> io::Result<HashMap<SeriesId, i64>> {
    let mut newest = HashMap::new();
    for partition in super::read(&levels[0]).values().rev().take(2) {
        for (_, chunk) in super::read(partition).all()? {
            let known = newest.entry(chunk.series).or_insert(chunk.t1);
            *known = (*known).max(chunk.t1);
        }
    }
    Ok(newest)
}
