//! The store of one organisation: a folder with a log, partitions of one day and the list of series.

pub mod append;
mod backup;
mod cache;
pub mod chunk;
mod floats;
pub mod head;
pub mod index;
mod journal;
mod maintain;
mod partition;
mod recover;
pub mod rollup;
pub mod segment;
pub mod select;
pub mod wal;

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::fs::File;
use std::hash::{BuildHasher, Hasher};
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use chunk::Effort;
use head::{Cut, Head};
use index::{Index, SeriesId};
use partition::Partition;
use rollup::Resolution;
use segment::Chunk;
use wal::{Damage, Durability, Wal};

pub use append::{Appender, Receipt};
pub use maintain::Maintained;

const SHARDS: usize = 16;
/// Sealed chunks wait in memory up to this before the writer that seals the next one writes them out.
const MOST_UNWRITTEN_BYTES: usize = 16 << 20;
/// Blocks of indexes get this part of what decoded chunks get, and times to share as much.
const SMALL_SHARE: usize = 16;

/// What a store may hold and for how long.
#[derive(Clone, Debug)]
pub struct Options {
    pub durability: Durability,
    pub limits: Limits,
    /// Raw samples are removed when their whole day is older than this.
    pub raw_ms: i64,
    /// The same for rows of five minutes and of an hour. 0 keeps none.
    pub five_minutes_ms: i64,
    pub hour_ms: i64,
    /// How far behind the newest sample of its series a sample may come.
    pub late_ms: i64,
    /// Exemplars kept in memory.
    pub exemplars: usize,
    /// `pco` level for full chunks, 0 to 12.
    pub effort: usize,
    /// Memory for chunks that queries decoded lately. 0 keeps none.
    pub cache_bytes: usize,
}

impl Default for Options {
    fn default() -> Self {
        let day = 24 * 3_600_000;
        Self {
            durability: Durability::Disk,
            limits: Limits::default(),
            raw_ms: 30 * day,
            five_minutes_ms: 180 * day,
            hour_ms: 5 * 366 * day,
            late_ms: 3_600_000,
            exemplars: 10_000,
            effort: 8,
            cache_bytes: 64 << 20,
        }
    }
}

/// Bounds that keep one organisation from taking the machine.
#[derive(Clone, Debug)]
pub struct Limits {
    pub series: usize,
    pub labels: usize,
    pub label_name_bytes: usize,
    pub label_value_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { series: 1_000_000, labels: 64, label_name_bytes: 256, label_value_bytes: 4096 }
    }
}

/// Why something was not taken in, in words for the sender.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("the organisation has {0} series already, which is its limit")]
    TooManySeries(usize),
    #[error("{0} labels are more than the limit of {1}")]
    TooManyLabels(usize, usize),
    #[error("label name {0:?} is longer than the limit of {1} bytes")]
    LongName(String, usize),
    #[error("the value of label {0:?} is longer than the limit of {1} bytes")]
    LongValue(String, usize),
    #[error("series {0} has label {1:?} twice")]
    RepeatedLabel(String, String),
    #[error("a series needs at least one label")]
    NoLabels,
    #[error("{0}")]
    Histogram(String),
}

/// A trace or the like that stands for a sample.
#[derive(Clone, Debug, PartialEq)]
pub struct Exemplar {
    pub t: i64,
    pub value: f64,
    pub labels: Vec<(String, String)>,
}

/// What is said about a metric.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Metadata {
    /// `counter`, `gauge`, `histogram`, `gaugehistogram`, `summary`, `info`, `stateset` or `unknown`.
    pub kind: String,
    pub help: String,
    pub unit: String,
}

/// What a store holds at the moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Status {
    pub series: usize,
    pub label_names: usize,
    pub head_bytes: usize,
    /// Of the chunks that queries decoded lately.
    pub cache_bytes: usize,
    /// In heads: open ones and those that are sealed and not written yet.
    pub chunks: usize,
    pub disk_bytes: u64,
    pub log_bytes: u64,
    pub samples_appended: u64,
    pub oldest: Option<i64>,
    pub newest: Option<i64>,
}

type Shard = HashMap<SeriesId, Head, ById>;
type Exemplars = VecDeque<(SeriesId, Exemplar)>;
type Level = BTreeMap<i64, Arc<RwLock<Partition>>>;

/// A store, open. All methods may be called from several threads at once.
pub struct Store {
    dir: PathBuf,
    options: Options,
    index: RwLock<Index>,
    shards: Vec<Mutex<Shard>>,
    wal: Wal,
    levels: [RwLock<Level>; 3],
    /// Size of the sealed chunks that heads hold until they are in a file, roughly.
    unwritten_bytes: AtomicUsize,
    /// Held while files of chunks are written, so that only one thread does.
    writing: Mutex<()>,
    /// Series that are in the log only.
    unlisted: Mutex<Vec<SeriesId>>,
    /// Series whose entry may not be in the log yet: whoever uses one writes it again.
    unlogged: Mutex<HashSet<SeriesId>>,
    /// Set while heads may hold samples of batches that did not reach the log.
    has_unlogged_samples: AtomicBool,
    /// What queries decoded and looked up lately.
    decoded: cache::Cache<floats::Floats>,
    times: floats::Shared,
    blocks: segment::Blocks,
    /// Held as long as the store is open, so that no second process opens it.
    _lock: File,
    exemplars: Mutex<Exemplars>,
    metadata: RwLock<HashMap<String, Vec<Metadata>>>,
    damage: Mutex<Vec<Damage>>,
    appended: AtomicU64,
    /// Series below this number have had time to get their first sample.
    settled: AtomicU32,
}

impl Store {
    /// Labels of a series.
    pub fn labels(&self, id: SeriesId) -> crate::labels::Labels {
        read(&self.index).labels(id)
    }

    /// Calls `f` with the index of labels; writers wait as long.
    pub fn with_index<R>(&self, f: impl FnOnce(&Index) -> R) -> R {
        f(&read(&self.index))
    }

    /// What could not be read since the store was opened.
    pub fn damage(&self) -> Vec<Damage> {
        lock(&self.damage).clone()
    }

    pub fn options(&self) -> &Options {
        &self.options
    }

    /// What is said about metrics, by name.
    pub fn metadata(&self) -> BTreeMap<String, Vec<Metadata>> {
        read(&self.metadata).iter().map(|(k, v)| (k.clone(), v.clone())).collect()
    }

    pub fn status(&self) -> Status {
        let mut status = Status {
            series: self.with_index(Index::len),
            label_names: self.with_index(|index| index.label_names(None).len()),
            log_bytes: self.wal.bytes(),
            cache_bytes: self.decoded.bytes() + self.times.bytes() + self.blocks.bytes(),
            samples_appended: self.appended.load(Ordering::Relaxed),
            ..Status::default()
        };
        for shard in &self.shards {
            for head in lock(shard).values() {
                status.head_bytes += head.bytes();
                status.chunks += head.sealed().len() + usize::from(head.oldest_open().is_some());
                status.newest = status.newest.max((head.newest() != i64::MIN).then(|| head.newest()));
                status.oldest = status.oldest.into_iter().chain(head.oldest_open()).min();
            }
        }
        for resolution in Resolution::ALL {
            for partition in read(self.level(resolution)).values() {
                let partition = read(partition);
                status.disk_bytes += partition.bytes();
                status.oldest = status.oldest.into_iter().chain([partition.start]).min();
                status.newest = status.newest.max(Some(partition.newest));
            }
        }
        status
    }

    fn level(&self, resolution: Resolution) -> &RwLock<Level> {
        &self.levels[resolution as usize]
    }

    fn shard(&self, id: SeriesId) -> MutexGuard<'_, Shard> {
        lock(&self.shards[id as usize % SHARDS])
    }

    /// Chunks shrink when there are many series, so that memory stays bounded: 480 samples up to 30,000 series
    /// (about 6 kB each), 240 up to 200,000, 120 above (about 1 kB each, half full on average).
    fn cut(&self, series: usize) -> Cut {
        let len = match series {
            0..=30_000 => 480,
            30_001..=200_000 => 240,
            _ => 120,
        };
        Cut { len, late_ms: self.options.late_ms, effort: Effort(self.options.effort.min(12)) }
    }

    fn note_unlogged_samples(&self) {
        self.has_unlogged_samples.store(true, Ordering::Release);
    }

    fn note_damage(&self, damage: Damage) {
        let mut all = lock(&self.damage);
        if all.len() < 1000 && !all.contains(&damage) {
            all.push(damage);
        }
    }

    fn partition(&self, resolution: Resolution, start: i64) -> io::Result<Arc<RwLock<Partition>>> {
        let mut level = write(self.level(resolution));
        if let Some(partition) = level.get(&start) {
            return Ok(partition.clone());
        }
        let mut damage = Vec::new();
        let partition = Partition::open(&self.dir.join(resolution.folder()), start, &mut damage)?;
        let partition = Arc::new(RwLock::new(partition));
        level.insert(start, partition.clone());
        Ok(partition)
    }
}

/// Hashes numbers of series, which the store itself gives: nobody can choose them so that they collide.
#[derive(Clone, Copy, Default)]
struct ById;

#[derive(Default)]
struct HashedId(u64);

impl BuildHasher for ById {
    type Hasher = HashedId;

    fn build_hasher(&self) -> HashedId {
        HashedId::default()
    }
}

impl Hasher for HashedId {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u32(u32::from(*byte));
        }
    }

    fn write_u32(&mut self, id: u32) {
        let mixed = (self.0 ^ u64::from(id)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = mixed ^ mixed >> 32;
    }
}

/// A lock whose holder panicked is used on: what it guards is valid after every single step.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) fn read<T>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) fn write<T>(lock: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}
