//! Down-sampling: of every 5 minutes and of every hour the minimum, maximum, sum, count and last value.

use super::chunk::{self, Effort};
use crate::sample::{Samples, is_hole, is_stale};
use crate::wire::{Malformed, Reader, put_varint};

/// How fine samples are kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug, PartialOrd, Ord)]
pub enum Resolution {
    Raw,
    FiveMinutes,
    Hour,
}

impl Resolution {
    /// Length of one row; 0 for raw samples.
    pub fn ms(self) -> i64 {
        match self {
            Self::Raw => 0,
            Self::FiveMinutes => 300_000,
            Self::Hour => 3_600_000,
        }
    }

    pub(super) fn folder(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::FiveMinutes => "5m",
            Self::Hour => "1h",
        }
    }

    pub(super) const ALL: [Self; 3] = [Self::Raw, Self::FiveMinutes, Self::Hour];
}

/// What a reader wants of a row that stands for many samples.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Column {
    /// The last value: right for counters and for looking at a gauge.
    #[default]
    Last,
    Min,
    Max,
    Sum,
    Count,
    /// Sum divided by count.
    Mean,
}

/// Rows as columns. `t` is the time of the last sample of each row.
#[derive(Default, Debug)]
pub struct Rows {
    pub t: Vec<i64>,
    pub last: Vec<f64>,
    pub min: Vec<f64>,
    pub max: Vec<f64>,
    pub sum: Vec<f64>,
    pub count: Vec<f64>,
}

impl Rows {
    /// Rolls raw samples (in order) up. Histograms and staleness markers are left out; NaN counts but does not
    /// spoil minimum and maximum.
    pub fn of(samples: &Samples, resolution: Resolution) -> Self {
        let mut rows = Self::default();
        let mut current = i64::MIN;
        for (t, v) in samples.t.iter().zip(&samples.v) {
            if is_hole(*v) || is_stale(*v) {
                continue;
            }
            // Left-open like PromQL's ranges: a sample on the boundary ends its row.
            let row = (t - 1).div_euclid(resolution.ms());
            if row != current {
                current = row;
                rows.t.push(*t);
                for column in [&mut rows.last, &mut rows.min, &mut rows.max] {
                    column.push(*v);
                }
                rows.sum.push(*v);
                rows.count.push(1.0);
                continue;
            }
            let at = rows.t.len() - 1;
            rows.t[at] = *t;
            rows.last[at] = *v;
            rows.min[at] = rows.min[at].min(*v);
            rows.max[at] = rows.max[at].max(*v);
            rows.sum[at] += *v;
            rows.count[at] += 1.0;
        }
        rows
    }

    pub fn encode(&self, effort: Effort) -> Vec<u8> {
        let mut out = Vec::new();
        for column in [&self.last, &self.min, &self.max, &self.sum, &self.count] {
            let bytes = chunk::encode(&self.t, column, effort);
            put_varint(&mut out, bytes.len() as u64);
            out.extend_from_slice(&bytes);
        }
        out
    }

    /// Appends one column of an encoded chunk.
    pub fn decode(bytes: &[u8], column: Column, out: &mut Samples) -> Result<(), Malformed> {
        let mut reader = Reader::new(bytes);
        let mut parts = [&[][..]; 5];
        for part in &mut parts {
            let len = usize::try_from(reader.varint()?).map_err(|_| Malformed("a length"))?;
            *part = reader.take(len)?;
        }
        let at = match column {
            Column::Last => 0,
            Column::Min => 1,
            Column::Max => 2,
            Column::Sum | Column::Mean => 3,
            Column::Count => 4,
        };
        let start = out.v.len();
        chunk::decode(parts[at], out)?;
        if column == Column::Mean {
            let mut counts = Samples::default();
            chunk::decode(parts[4], &mut counts)?;
            for (v, count) in out.v[start..].iter_mut().zip(counts.v) {
                *v /= count;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::Value;

    #[test]
    fn a_row_keeps_what_the_samples_did() {
        let mut samples = Samples::default();
        for i in 1..=40 {
            samples.push(i * 15_000, Value::Float((i % 7) as f64));
        }
        let rows = Rows::of(&samples, Resolution::FiveMinutes);
        assert_eq!(rows.t, [300_000, 600_000]);
        assert_eq!(rows.count, [20.0, 20.0]);
        assert_eq!((rows.min[0], rows.max[0], rows.last[0]), (0.0, 6.0, 6.0));
        let mut read = Samples::default();
        Rows::decode(&rows.encode(Effort(8)), Column::Mean, &mut read).unwrap();
        assert_eq!(read.v[0], rows.sum[0] / 20.0);
    }
}
