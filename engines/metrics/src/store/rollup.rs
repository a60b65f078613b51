//! Down-sampling: of every 5 minutes and of every hour the minimum, maximum, sum, count and last value.

use super::chunk::{self, Effort};
use crate::sample::{Samples, is_hole, is_stale};
use crate::wire::{Malformed, Reader, put_varint};

/// Columns as they are.
const FLOATS: u8 = 9;
/// Integers up to here are exact as floats.
const EXACT: f64 = 9.0e15;

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

    /// Times once, then the columns. Where all values are integers at one scale, minimum and maximum are kept as
    /// distances from the last value and the sum as its distance from the middle of both: small numbers.
    pub fn encode(&self, effort: Effort) -> Vec<u8> {
        let mut out = Vec::new();
        put_varint(&mut out, self.t.len() as u64);
        chunk::encode_times(&self.t, effort, &mut out);
        let scale = chunk::common_scale([&self.last, &self.min, &self.max]);
        let integers = scale.and_then(|scale| self.as_distances(chunk::SCALES[scale]));
        let (kind, columns) = match (scale, integers) {
            (Some(scale), Some(columns)) => (scale as u8, columns),
            _ => (FLOATS, [&self.last, &self.min, &self.max, &self.sum, &self.count].map(Clone::clone)),
        };
        out.push(kind);
        for column in &columns {
            let mut bytes = Vec::new();
            chunk::encode_values(column, effort, &mut bytes);
            put_varint(&mut out, bytes.len() as u64);
            out.extend_from_slice(&bytes);
        }
        out
    }

    fn as_distances(&self, scale: f64) -> Option<[Vec<f64>; 5]> {
        let scaled = |column: &[f64]| -> Vec<f64> { column.iter().map(|v| (v * scale).round()).collect() };
        let (last, min, max) = (scaled(&self.last), scaled(&self.min), scaled(&self.max));
        let mut distances = [Vec::new(), Vec::new(), Vec::new()];
        for i in 0..self.t.len() {
            // The exact sum: what is added up as floats may be off in the last digit.
            let sum = (self.sum[i] * scale).round();
            let middle = self.count[i] * (min[i] + max[i]);
            let of_sum = 2.0 * sum - middle;
            if [sum * 2.0, middle, of_sum].iter().any(|v| v.abs() > EXACT) {
                return None;
            }
            distances[0].push(last[i] - min[i]);
            distances[1].push(max[i] - last[i]);
            distances[2].push(of_sum);
        }
        let [of_min, of_max, of_sum] = distances;
        Some([last, of_min, of_max, of_sum, self.count.clone()])
    }

    /// Appends one column of an encoded chunk.
    pub fn decode(bytes: &[u8], column: Column, out: &mut Samples) -> Result<(), Malformed> {
        let mut reader = Reader::new(bytes);
        let len = chunk::read_len(&mut reader)?;
        let mut times = Vec::new();
        chunk::decode_times(&mut reader, len, &mut times)?;
        let kind = reader.byte()?;
        let mut parts = [&[][..]; 5];
        for part in &mut parts {
            let len = usize::try_from(reader.varint()?).map_err(|_| Malformed("a length"))?;
            *part = reader.take(len)?;
        }
        let read = |at: usize| chunk::decode_values(parts[at], len);
        let mut values = if kind == FLOATS {
            read(match column {
                Column::Last => 0,
                Column::Min => 1,
                Column::Max => 2,
                Column::Sum | Column::Mean => 3,
                Column::Count => 4,
            })?
        } else {
            let scale = chunk::SCALES.get(usize::from(kind)).ok_or(Malformed("a known kind of rows"))?;
            from_distances(column, *scale, read)?
        };
        if column == Column::Mean {
            for (v, count) in values.iter_mut().zip(read(4)?) {
                *v /= count;
            }
        }
        out.t.append(&mut times);
        out.v.append(&mut values);
        Ok(())
    }
}

fn from_distances(
    column: Column,
    scale: f64,
    read: impl Fn(usize) -> Result<Vec<f64>, Malformed>,
) -> Result<Vec<f64>, Malformed> {
    if column == Column::Count {
        return read(4);
    }
    let mut values = read(0)?;
    match column {
        Column::Min => values.iter_mut().zip(read(1)?).for_each(|(last, below)| *last -= below),
        Column::Max => values.iter_mut().zip(read(2)?).for_each(|(last, above)| *last += above),
        Column::Sum | Column::Mean => {
            let (below, above, of_sum, count) = (read(1)?, read(2)?, read(3)?, read(4)?);
            for (i, value) in values.iter_mut().enumerate() {
                let middle = count[i] * ((*value - below[i]) + (*value + above[i]));
                *value = f64::midpoint(of_sum[i], middle);
            }
        }
        Column::Last | Column::Count => {}
    }
    for v in &mut values {
        *v /= scale;
    }
    Ok(values)
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

    #[test]
    fn every_column_comes_back() {
        for make in [
            |i: i64| (i * 37 % 101) as f64,
            |i| (i * 37 % 101) as f64 / 100.0,
            |i| (i as f64).sqrt(),
            |i| {
                if i % 50 == 7 { f64::INFINITY } else { i as f64 * 1e12 }
            },
        ] {
            let mut samples = Samples::default();
            for i in 1..=2000 {
                samples.push(i * 15_000 + i % 3, Value::Float(make(i)));
            }
            let rows = Rows::of(&samples, Resolution::FiveMinutes);
            let bytes = rows.encode(Effort(8));
            for (column, expected) in [
                (Column::Last, &rows.last),
                (Column::Min, &rows.min),
                (Column::Max, &rows.max),
                (Column::Sum, &rows.sum),
                (Column::Count, &rows.count),
            ] {
                let mut read = Samples::default();
                Rows::decode(&bytes, column, &mut read).unwrap();
                assert_eq!(read.t, rows.t);
                for (found, expected) in read.v.iter().zip(expected) {
                    let is_near = (found - expected).abs() <= 1e-12 * expected.abs();
                    assert!(found == expected || is_near, "{column:?}: {found} instead of {expected}");
                }
            }
        }
    }
}
