//! Native histograms as remote-write sends them (the same message in 1.0 and 2.0).

use crate::histogram::{Histogram, ResetHint};
use crate::wire::{Malformed, Reader, unzigzag};

/// More buckets than any client sends.
const MOST_BUCKETS: usize = 1 << 16;

#[derive(Default)]
pub(super) struct Side {
    pub spans: Vec<(i64, u64)>,
    pub deltas: Vec<i64>,
    pub counts: Vec<f64>,
}

/// Reads a histogram and its time.
pub fn read(mut reader: Reader<'_>) -> Result<(i64, Histogram), Malformed> {
    let mut h = Histogram::default();
    let (mut positive, mut negative) = (Side::default(), Side::default());
    let mut t = 0;
    while let Some((number, field)) = reader.field()? {
        match number {
            1 | 6 => {
                let count = field.uint()? as f64;
                *(if number == 1 { &mut h.count } else { &mut h.zero_count }) = count;
            }
            2 => h.count = field.double()?,
            3 => h.sum = field.double()?,
            4 => h.schema = i32::try_from(field.sint()?).map_err(|_| Malformed("a schema"))?,
            5 => h.zero_threshold = field.double()?,
            7 => h.zero_count = field.double()?,
            8 => negative.spans.push(span(field.message()?)?),
            9 => field.each(false, |v| negative.deltas.push(unzigzag(v)))?,
            10 => field.each(true, |v| negative.counts.push(f64::from_bits(v)))?,
            11 => positive.spans.push(span(field.message()?)?),
            12 => field.each(false, |v| positive.deltas.push(unzigzag(v)))?,
            13 => field.each(true, |v| positive.counts.push(f64::from_bits(v)))?,
            14 => {
                h.hint = match field.uint()? {
                    1 => ResetHint::Reset,
                    2 => ResetHint::NotReset,
                    3 => ResetHint::Gauge,
                    _ => ResetHint::Unknown,
                }
            }
            15 => t = field.int()?,
            16 => field.each(true, |v| h.bounds.push(f64::from_bits(v)))?,
            _ => {}
        }
    }
    h.positive = buckets(positive)?;
    h.negative = buckets(negative)?;
    Ok((t, h))
}

pub(super) fn span(mut reader: Reader<'_>) -> Result<(i64, u64), Malformed> {
    let (mut offset, mut length) = (0, 0);
    while let Some((number, field)) = reader.field()? {
        match number {
            1 => offset = field.sint()?,
            2 => length = field.uint()?,
            _ => {}
        }
    }
    Ok((offset, length))
}

pub(super) fn buckets(side: Side) -> Result<Vec<(i32, f64)>, Malformed> {
    let counts = if side.deltas.is_empty() {
        side.counts
    } else {
        let mut sum = 0_i64;
        side.deltas
            .into_iter()
            .map(|delta| {
                sum = sum.wrapping_add(delta);
                sum as f64
            })
            .collect()
    };
    let mut out = Vec::with_capacity(counts.len().min(MOST_BUCKETS));
    let mut index = 0_i64;
    let mut next = counts.into_iter();
    for (offset, length) in side.spans {
        index = index.saturating_add(offset);
        for _ in 0..length {
            let count = next.next().ok_or(Malformed("as many buckets as the spans tell"))?;
            if out.len() >= MOST_BUCKETS {
                return Err(Malformed("a histogram of reasonable size"));
            }
            out.push((i32::try_from(index).map_err(|_| Malformed("a bucket index"))?, count));
            index = index.saturating_add(1);
        }
    }
    if next.next().is_some() {
        return Err(Malformed("as many buckets as the spans tell"));
    }
    Ok(out)
}
