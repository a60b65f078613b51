//! A decoded chunk of floats, as it is kept for the next query.
//!
//! Series of a target are scraped together and [`Head`](super::head::Head) cuts their chunks together: the times of these
//! chunks are the same, byte for byte. They are decoded once and shared, which is nearly half of what a chunk costs.

use std::sync::Arc;

use super::cache::{Cache, Place};
use super::chunk::{self, Columns};
use crate::sample::Samples;
use crate::wire::Malformed;

/// The times of chunks that were decoded lately, under the checksum of their bytes and their number.
pub type Shared = Cache<Times>;

/// The times of a chunk.
pub struct Times {
    /// What they were decoded from: only the same bytes are the same times.
    encoded: Box<[u8]>,
    base: i64,
    /// Milliseconds after `base`, ascending.
    offsets: Box<[u32]>,
}

impl Times {
    /// Nothing where they are not ascending or reach over more than 49 days.
    fn decode(columns: &Columns<'_>) -> Result<Option<Self>, Malformed> {
        let mut t = Vec::new();
        columns.decode_times(&mut t)?;
        let (base, last) = (t[0], t[t.len() - 1]);
        let fits = last.checked_sub(base).is_some_and(|span| u32::try_from(span).is_ok());
        if !fits || !t.is_sorted() {
            return Ok(None);
        }
        let offsets = t.iter().map(|t| (t - base) as u32).collect();
        Ok(Some(Self { encoded: columns.times.into(), base, offsets }))
    }

    fn of(columns: &Columns<'_>, shared: &Shared) -> Result<Option<Arc<Self>>, Malformed> {
        let place: Place = (crc32fast::hash(columns.times).into(), columns.len as u64);
        let is_same =
            |times: &Arc<Self>| times.offsets.len() == columns.len && *times.encoded == *columns.times;
        if let Some(times) = shared.get(place).filter(is_same) {
            return Ok(Some(times));
        }
        let times = Self::decode(columns)?.map(Arc::new);
        if let Some(times) = &times {
            shared.put(place, times.clone(), times.encoded.len() + times.offsets.len() * 4);
        }
        Ok(times)
    }
}

/// A chunk of floats.
pub struct Floats {
    times: Arc<Times>,
    v: Vec<f64>,
}

impl Floats {
    /// Nothing where the times are of a kind that is not kept.
    pub fn decode(bytes: &[u8], shared: &Shared) -> Result<Option<Self>, Malformed> {
        let columns = chunk::columns(bytes)?;
        let Some(times) = Times::of(&columns, shared)? else { return Ok(None) };
        Ok(Some(Self { times, v: columns.decode_values()? }))
    }

    /// Bytes it takes at most: the times count for everybody who shares them, since anyone may be the last.
    pub fn bytes(&self) -> usize {
        self.v.len() * 12 + self.times.encoded.len()
    }

    /// Appends the samples with `from <= t <= to`.
    pub fn read(&self, from: i64, to: i64, out: &mut Samples) {
        let Times { base, offsets, .. } = &*self.times;
        let first = offsets.partition_point(|t| base + i64::from(*t) < from);
        let len = offsets[first..].partition_point(|t| base + i64::from(*t) <= to);
        out.t.extend(offsets[first..first + len].iter().map(|t| base + i64::from(*t)));
        out.v.extend_from_slice(&self.v[first..first + len]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::chunk::{Effort, encode};

    fn read(bytes: &[u8], shared: &Shared) -> Option<(Arc<Times>, Samples)> {
        let floats = Floats::decode(bytes, shared).unwrap()?;
        let mut out = Samples::default();
        floats.read(i64::MIN, i64::MAX, &mut out);
        Some((floats.times.clone(), out))
    }

    #[test]
    fn series_that_are_scraped_together_share_their_times() {
        let shared = Cache::new(1 << 20);
        let t: Vec<i64> = (0..500).map(|i| 1_700_000_000_000 + i * 15_000 + i % 3).collect();
        let up: Vec<f64> = (0..500).map(|i| f64::from(i * 7)).collect();
        let down: Vec<f64> = (0..500).map(|i| f64::from(-i) / 10.0).collect();
        let (first, a) = read(&encode(&t, &up, Effort(8)), &shared).unwrap();
        let (second, b) = read(&encode(&t, &down, Effort(8)), &shared).unwrap();
        assert!(Arc::ptr_eq(&first, &second));
        assert_eq!((&a.t, &a.v, &b.t, &b.v), (&t, &up, &t, &down));
    }

    #[test]
    fn a_grid_of_another_length_or_begin_is_not_taken_for_the_same() {
        let shared = Cache::new(1 << 20);
        for (begin, len) in [(0, 100), (0, 99), (5, 100), (0, 100)] {
            let t: Vec<i64> = (0..len).map(|i| begin + i * 1000).collect();
            let v = vec![1.0; t.len()];
            assert_eq!(read(&encode(&t, &v, Effort(8)), &shared).unwrap().1.t, t);
        }
    }

    #[test]
    fn times_with_the_checksum_of_others_are_decoded_from_their_own_bytes() {
        let shared = Cache::new(1 << 20);
        let bytes = encode(&[5, 6, 7], &[1.0, 2.0, 3.0], Effort(8));
        let columns = chunk::columns(&bytes).unwrap();
        let place: Place = (crc32fast::hash(columns.times).into(), 3);
        let others = Times { encoded: [0; 4].into(), base: 1, offsets: [0, 1, 2].into() };
        shared.put(place, Arc::new(others), 100);
        assert_eq!(read(&bytes, &shared).unwrap().1.t, [5, 6, 7]);
    }

    #[test]
    fn times_that_do_not_fit_are_not_kept() {
        let shared = Cache::new(1 << 20);
        let years = encode(&[i64::MIN / 4, 0, i64::MAX / 4], &[1.0; 3], Effort(8));
        assert!(read(&years, &shared).is_none());
    }
}
