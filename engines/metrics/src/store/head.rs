//! The newest samples of a series, in memory until they fill a chunk.

use std::sync::Arc;

use super::chunk::{self, Effort};
use super::index::SeriesId;
use super::segment::{Chunk, Kind};
use crate::histogram::Histogram;
use crate::sample::{Samples, Value};

/// The longest time a chunk may span.
const LONGEST_SPAN_MS: i64 = 24 * 3_600_000;
/// Late samples are sealed on their own when they are this many.
const LATE_CHUNK: usize = 120;
/// Memory for open samples begins with so many and grows by a quarter: a series that is new or just back from the log
/// takes little, however long its chunks may become.
const FIRST_SAMPLES: usize = 15;

/// So many series that were first seen one after another seal their chunks at the same samples: mostly they are scraped
/// together, and chunks with the same times are read with half of the work. More would make whoever writes wait longer.
const SEALED_TOGETHER: u64 = 64;

/// What became of a sample.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fate {
    Accepted,
    /// The same time and the same value are there already.
    Duplicate,
    /// The time is there already with another value, which stays.
    Conflict,
    /// Older than the window for late samples.
    TooOld,
}

/// How chunks are cut.
#[derive(Clone, Copy, Debug)]
pub struct Cut {
    /// Samples in a full chunk.
    pub len: usize,
    /// How far behind the newest sample of its series a sample may be.
    pub late_ms: i64,
    pub effort: Effort,
}

/// One series in memory.
pub struct Head {
    newest: i64,
    base: i64,
    /// Milliseconds after `base`.
    t: Vec<u32>,
    v: Vec<f64>,
    /// Shorter first chunks spread the sealing of the many series that began together.
    first_len: u16,
    rest: Option<Box<Rest>>,
}

/// What most series do not have at most times: a million of them are small without.
#[derive(Default)]
struct Rest {
    /// When not empty, the open samples are histograms and `v` is empty.
    h: Vec<Arc<Histogram>>,
    late: Vec<(i64, Value)>,
    /// Sealed, and not yet known to be in a file.
    sealed: Vec<Arc<Chunk>>,
}

impl Head {
    pub fn new(id: SeriesId) -> Self {
        let group = u64::from(id) / SEALED_TOGETHER;
        let spread = (group.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as usize;
        Self {
            newest: i64::MIN,
            base: 0,
            t: Vec::new(),
            v: Vec::new(),
            first_len: 1 + (spread % 256) as u16,
            rest: None,
        }
    }

    /// Sealed chunks that are not yet known to be in a file.
    pub fn sealed(&self) -> &[Arc<Chunk>] {
        self.rest.as_ref().map_or(&[], |rest| &rest.sealed)
    }

    /// Lets sealed chunks go that are in a file.
    pub fn let_go(&mut self, is_written: impl Fn(&Arc<Chunk>) -> bool) {
        if let Some(rest) = &mut self.rest {
            rest.sealed.retain(|chunk| !is_written(chunk));
            if rest.sealed.is_empty() && rest.late.is_empty() && rest.h.is_empty() {
                self.rest = None;
            }
        }
    }

    fn histograms(&self) -> &[Arc<Histogram>] {
        self.rest.as_ref().map_or(&[], |rest| &rest.h)
    }

    fn late(&self) -> &[(i64, Value)] {
        self.rest.as_ref().map_or(&[], |rest| &rest.late)
    }

    fn rest(&mut self) -> &mut Rest {
        self.rest.get_or_insert_default()
    }

    /// Time of the newest sample.
    pub fn newest(&self) -> i64 {
        self.newest
    }

    /// Whether nothing is held.
    pub fn is_empty(&self) -> bool {
        self.t.is_empty() && self.late().is_empty() && self.sealed().is_empty()
    }

    /// Bytes of samples held.
    pub fn bytes(&self) -> usize {
        self.t.capacity() * 4
            + self.v.capacity() * 8
            + self.late().len() * 24
            + self.histograms().len() * 256
            + self.sealed().iter().map(|c| c.bytes.len() + 64).sum::<usize>()
    }

    /// Takes a sample in. Full chunks go to `sealed`.
    pub fn push(
        &mut self,
        id: SeriesId,
        t: i64,
        value: Value,
        cut: &Cut,
        sealed: &mut Vec<Arc<Chunk>>,
    ) -> Fate {
        if t > self.newest {
            self.push_newest(id, t, value, cut, sealed);
            self.newest = t;
            return Fate::Accepted;
        }
        if t < self.newest.saturating_sub(cut.late_ms) && t != self.newest {
            return Fate::TooOld;
        }
        self.push_late(id, t, value, cut, sealed)
    }

    fn push_newest(&mut self, id: SeriesId, t: i64, value: Value, cut: &Cut, sealed: &mut Vec<Arc<Chunk>>) {
        let is_histogram = matches!(value, Value::Histogram(_));
        let changes_kind = !self.t.is_empty() && is_histogram == self.histograms().is_empty();
        let is_long = !self.t.is_empty() && t - self.base > LONGEST_SPAN_MS;
        if changes_kind || is_long {
            self.seal_open(id, cut.effort, sealed);
        }
        if self.t.is_empty() {
            self.base = t;
        }
        make_room(&mut self.t, cut.len);
        self.t.push((t - self.base) as u32);
        match value {
            Value::Float(v) => {
                make_room(&mut self.v, cut.len);
                self.v.push(v);
            }
            Value::Histogram(h) => self.rest().h.push(h),
        }
        let first = usize::from(self.first_len);
        let len = if first > 0 { cut.len / 2 + first * cut.len / 512 } else { cut.len };
        if self.t.len() >= len {
            self.first_len = 0;
            self.seal_open(id, cut.effort, sealed);
        }
    }

    fn push_late(
        &mut self,
        id: SeriesId,
        t: i64,
        value: Value,
        cut: &Cut,
        sealed: &mut Vec<Arc<Chunk>>,
    ) -> Fate {
        if !self.t.is_empty() && t >= self.base {
            match self.t.binary_search(&((t - self.base) as u32)) {
                Ok(at) => return self.compare(at, &value),
                Err(at) => {
                    if self.histograms().is_empty()
                        && let Value::Float(v) = value
                    {
                        self.t.insert(at, (t - self.base) as u32);
                        self.v.insert(at, v);
                        return Fate::Accepted;
                    }
                }
            }
        }
        match self.late().binary_search_by_key(&t, |(t, _)| *t) {
            Ok(at) => return fate_of_equal_times(&self.late()[at].1, &value),
            Err(at) => self.rest().late.insert(at, (t, value)),
        }
        if self.late().len() >= LATE_CHUNK {
            self.seal_late(id, cut.effort, sealed);
        }
        Fate::Accepted
    }

    fn compare(&self, at: usize, value: &Value) -> Fate {
        let held = match self.histograms().get(at) {
            Some(h) => Value::Histogram(h.clone()),
            None => Value::Float(self.v[at]),
        };
        fate_of_equal_times(&held, value)
    }

    /// Seals everything, also what does not fill a chunk.
    pub fn seal_all(&mut self, id: SeriesId, effort: Effort, sealed: &mut Vec<Arc<Chunk>>) {
        self.seal_open(id, effort, sealed);
        self.seal_late(id, effort, sealed);
    }

    /// Time of the oldest sample that is in no sealed chunk.
    pub fn oldest_open(&self) -> Option<i64> {
        let open = (!self.t.is_empty()).then_some(self.base);
        open.into_iter().chain(self.late().first().map(|(t, _)| *t)).min()
    }

    fn seal_open(&mut self, id: SeriesId, effort: Effort, sealed: &mut Vec<Arc<Chunk>>) {
        if self.t.is_empty() {
            return;
        }
        let times: Vec<i64> = self.t.iter().map(|t| self.base + i64::from(*t)).collect();
        let (kind, bytes) = if self.histograms().is_empty() {
            (Kind::Floats, chunk::encode(&times, &self.v, effort))
        } else {
            (Kind::Histograms, chunk::encode_histograms(&times, self.histograms(), effort))
        };
        self.keep(sealed_chunk(id, kind, &times, bytes), sealed);
        // Growing anew costs little, and heads are half full on average instead of as large as they ever were.
        self.t = Vec::new();
        self.v = Vec::new();
        self.rest().h = Vec::new();
    }

    fn seal_late(&mut self, id: SeriesId, effort: Effort, sealed: &mut Vec<Arc<Chunk>>) {
        let Some(rest) = &mut self.rest else { return };
        let late = std::mem::take(&mut rest.late);
        let (mut times, mut floats) = (Vec::new(), Vec::new());
        let (mut histogram_times, mut histograms) = (Vec::new(), Vec::new());
        for (t, value) in late {
            match value {
                Value::Float(v) => {
                    times.push(t);
                    floats.push(v);
                }
                Value::Histogram(h) => {
                    histogram_times.push(t);
                    histograms.push(h);
                }
            }
        }
        if !times.is_empty() {
            let bytes = chunk::encode(&times, &floats, effort);
            self.keep(sealed_chunk(id, Kind::Floats, &times, bytes), sealed);
        }
        if !histograms.is_empty() {
            let bytes = chunk::encode_histograms(&histogram_times, &histograms, effort);
            self.keep(sealed_chunk(id, Kind::Histograms, &histogram_times, bytes), sealed);
        }
    }

    fn keep(&mut self, chunk: Chunk, sealed: &mut Vec<Arc<Chunk>>) {
        let chunk = Arc::new(chunk);
        self.rest().sealed.push(chunk.clone());
        sealed.push(chunk);
    }

    /// Appends open and late samples between two times; sealed chunks are for the caller.
    pub fn read_open(&self, from: i64, to: i64, out: &mut Samples) {
        let first = self.t.partition_point(|t| self.base + i64::from(*t) < from);
        for at in first..self.t.len() {
            let t = self.base + i64::from(self.t[at]);
            if t > to {
                break;
            }
            match self.histograms().get(at) {
                Some(h) => out.push(t, Value::Histogram(h.clone())),
                None => out.push(t, Value::Float(self.v[at])),
            }
        }
        for (t, value) in self.late().iter().filter(|(t, _)| (from..=to).contains(t)) {
            out.push(*t, value.clone());
        }
    }
}

fn make_room<T>(samples: &mut Vec<T>, full: usize) {
    if samples.len() == samples.capacity() {
        let more = (samples.len() / 4).max(FIRST_SAMPLES);
        samples.reserve_exact(more.min(full.saturating_sub(samples.len()).max(1)));
    }
}

fn sealed_chunk(series: SeriesId, kind: Kind, times: &[i64], bytes: Vec<u8>) -> Chunk {
    let (t0, t1) = (times[0], times[times.len() - 1]);
    Chunk { series, kind, t0, t1, count: times.len() as u32, bytes }
}

fn fate_of_equal_times(held: &Value, new: &Value) -> Fate {
    let is_same = match (held, new) {
        (Value::Float(a), Value::Float(b)) => a.to_bits() == b.to_bits(),
        (Value::Histogram(a), Value::Histogram(b)) => a.equals(b),
        _ => false,
    };
    if is_same { Fate::Duplicate } else { Fate::Conflict }
}

impl Head {
    /// Raises the time of the newest sample, as known from elsewhere.
    pub fn know_newest(&mut self, t: i64) {
        self.newest = self.newest.max(t);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first_len(id: SeriesId) -> u32 {
        let (mut head, mut sealed) = (Head::new(id), Vec::new());
        let cut = Cut { len: 480, late_ms: 0, effort: Effort(0) };
        for i in 0..480 {
            head.push(id, i * 15_000, Value::Float(1.0), &cut, &mut sealed);
        }
        sealed[0].count
    }

    #[test]
    fn series_that_began_together_seal_in_groups_and_never_all_at_once() {
        let lens: Vec<u32> = (0..6_400).map(first_len).collect();
        assert!(lens.chunks(64).all(|group| group.iter().all(|len| *len == group[0])));
        let most = lens.iter().map(|len| lens.iter().filter(|other| *other == len).count()).max();
        assert!(most < Some(640), "{most:?} of 6400 series in one go");
    }
}
