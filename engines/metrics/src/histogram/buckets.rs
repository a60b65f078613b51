//! Bounds of buckets, and walking over them.

use super::Histogram;

/// One bucket with its bounds. Positive buckets include their upper bound, negative ones their lower bound,
/// the zero bucket both.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bucket {
    pub lower: f64,
    pub upper: f64,
    pub lower_inclusive: bool,
    pub upper_inclusive: bool,
    pub count: f64,
}

impl Histogram {
    /// The upper bound (by absolute value) of the bucket with an index.
    pub fn bound(&self, index: i32) -> f64 {
        if self.is_custom() {
            return match usize::try_from(index) {
                Err(_) => f64::NEG_INFINITY,
                Ok(i) => self.bounds.get(i).copied().unwrap_or(f64::INFINITY),
            };
        }
        exponential_bound(index, self.schema)
    }

    pub(super) fn positive_bucket(&self, (index, count): (i32, f64)) -> Bucket {
        let (lower, upper) = (self.bound(index - 1), self.bound(index));
        Bucket { lower, upper, lower_inclusive: lower == f64::NEG_INFINITY, upper_inclusive: true, count }
    }

    pub(super) fn negative_bucket(&self, (index, count): (i32, f64)) -> Bucket {
        let (lower, upper) = (-self.bound(index), -self.bound(index - 1));
        Bucket { lower, upper, lower_inclusive: true, upper_inclusive: false, count }
    }

    pub fn zero_bucket(&self) -> Bucket {
        Bucket {
            lower: -self.zero_threshold,
            upper: self.zero_threshold,
            lower_inclusive: true,
            upper_inclusive: true,
            count: self.zero_count,
        }
    }

    /// All buckets from the lowest to the highest, without empty ones.
    pub fn buckets(&self) -> Vec<Bucket> {
        let mut all: Vec<Bucket> = self.negative.iter().rev().map(|b| self.negative_bucket(*b)).collect();
        if self.zero_count != 0.0 {
            all.push(self.zero_bucket());
        }
        all.extend(self.positive.iter().map(|b| self.positive_bucket(*b)));
        all.retain(|b| b.count != 0.0);
        all
    }
}

/// Upper bound of the exponential bucket `index`: `2^(index * 2^-schema)`.
pub(super) fn exponential_bound(index: i32, schema: i32) -> f64 {
    if schema < 0 {
        let exponent = i64::from(index) << (-schema);
        return power_of_two(exponent);
    }
    let per_octave = 1_i64 << schema;
    let whole = i64::from(index).div_euclid(per_octave);
    let part = i64::from(index).rem_euclid(per_octave);
    if part == 0 {
        if whole == 1024 {
            return f64::MAX; // the bucket that ends where floats end
        }
        return power_of_two(whole);
    }
    let fraction = (part as f64 / per_octave as f64).exp2();
    fraction * power_of_two(whole)
}

fn power_of_two(exponent: i64) -> f64 {
    if exponent >= 1024 {
        return f64::MAX;
    }
    2_f64.powi(exponent.clamp(-1100, 1100) as i32)
}
