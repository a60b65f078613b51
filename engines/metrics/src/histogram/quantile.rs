//! Quantiles, fractions and moments of native histograms, with the interpolation Prometheus 3 uses: exponential
//! in exponential buckets, linear in the zero bucket and between given bounds.

use super::{Bucket, Histogram};

impl Histogram {
    /// The value below which a share `q` of the observations lies.
    pub fn quantile(&self, q: f64) -> f64 {
        if q < 0.0 {
            return f64::NEG_INFINITY;
        }
        if q > 1.0 {
            return f64::INFINITY;
        }
        if self.count == 0.0 || q.is_nan() {
            return f64::NAN;
        }
        // NaN observations are in no bucket but in the count: then rank from below only.
        let from_above = !self.sum.is_nan() && q >= 0.5;
        let rank = if from_above { (1.0 - q) * self.count } else { q * self.count };
        let mut buckets = self.buckets();
        if from_above {
            buckets.reverse();
        }
        let mut seen = 0.0;
        let mut found = None;
        for bucket in &buckets {
            seen += bucket.count;
            found = Some(*bucket);
            if seen >= rank {
                break;
            }
        }
        let Some(mut bucket) = found else { return f64::NAN };
        if !self.is_custom() && bucket.lower < 0.0 && bucket.upper > 0.0 {
            // The zero bucket extends only to where observations are known to be.
            if self.negative.is_empty() && !self.positive.is_empty() {
                bucket.lower = 0.0;
            } else if self.positive.is_empty() && !self.negative.is_empty() {
                bucket.upper = 0.0;
            }
        } else if self.is_custom() {
            if bucket.lower == f64::NEG_INFINITY {
                if bucket.upper <= 0.0 {
                    return bucket.upper;
                }
                bucket.lower = 0.0;
            } else if bucket.upper == f64::INFINITY {
                return bucket.lower;
            }
        }
        if seen < rank && self.sum.is_nan() {
            return f64::NAN;
        }
        let seen = seen.max(rank);
        let mut inside = rank - (seen - bucket.count);
        if from_above {
            inside = seen - rank;
        }
        let fraction = inside / bucket.count;
        self.interpolate(&bucket, fraction)
    }

    fn interpolate(&self, bucket: &Bucket, fraction: f64) -> f64 {
        if self.is_custom() || bucket.lower <= 0.0 && bucket.upper >= 0.0 {
            return bucket.lower + (bucket.upper - bucket.lower) * fraction;
        }
        interpolate_exponential(bucket.lower, bucket.upper, fraction)
    }

    /// The share of observations between two values.
    pub fn fraction(&self, lower: f64, upper: f64) -> f64 {
        if self.count == 0.0 || lower.is_nan() || upper.is_nan() {
            return f64::NAN;
        }
        if lower >= upper {
            return 0.0;
        }
        let count =
            if self.sum.is_nan() { self.buckets().iter().map(|b| b.count).sum::<f64>() } else { self.count };
        let mut rank = 0.0;
        let (mut low_rank, mut high_rank) = (None, None);
        for bucket in self.buckets() {
            let mut bucket = bucket;
            if !self.is_custom() && bucket.lower < 0.0 && bucket.upper > 0.0 {
                if self.negative.is_empty() && !self.positive.is_empty() {
                    bucket.lower = 0.0;
                } else if self.positive.is_empty() && !self.negative.is_empty() {
                    bucket.upper = 0.0;
                }
            }
            let is_linear = self.is_custom() || bucket.lower <= 0.0 && bucket.upper >= 0.0;
            let rank_of = |value: f64| rank + bucket.count * share(&bucket, value, is_linear);
            if low_rank.is_none() && bucket.lower >= lower {
                low_rank = Some(rank);
            }
            if high_rank.is_none() && bucket.lower >= upper {
                high_rank = Some(rank);
            }
            if low_rank.is_some() && high_rank.is_some() {
                break;
            }
            if low_rank.is_none() && bucket.lower < lower && bucket.upper > lower {
                low_rank = Some(rank_of(lower));
            }
            if high_rank.is_none() && bucket.lower < upper && bucket.upper > upper {
                high_rank = Some(rank_of(upper));
            }
            if low_rank.is_some() && high_rank.is_some() {
                break;
            }
            rank += bucket.count;
        }
        let low = low_rank.unwrap_or(count).min(count);
        let high = high_rank.unwrap_or(count).min(count);
        (high - low) / self.count
    }

    /// Estimated population variance, from the middle of each bucket.
    pub fn variance(&self) -> f64 {
        let mean = self.sum / self.count;
        let (mut total, mut carry) = (0.0, 0.0);
        for bucket in self.buckets() {
            let middle = if self.is_custom() {
                f64::midpoint(bucket.upper, bucket.lower)
            } else if bucket.lower <= 0.0 && bucket.upper >= 0.0 {
                0.0
            } else {
                let middle = (bucket.upper * bucket.lower).sqrt();
                if bucket.upper < 0.0 { -middle } else { middle }
            };
            let delta = middle - mean;
            crate::kahan::add(bucket.count * delta * delta, &mut total, &mut carry);
        }
        (total + carry) / self.count
    }
}

/// The point a fraction of the way between two bounds of one sign on a logarithmic scale.
pub fn interpolate_exponential(lower: f64, upper: f64, fraction: f64) -> f64 {
    let (low, high) = (lower.abs().log2(), upper.abs().log2());
    if lower > 0.0 {
        return (low + (high - low) * fraction).exp2();
    }
    -(high + (low - high) * (1.0 - fraction)).exp2()
}

fn share(bucket: &Bucket, value: f64, is_linear: bool) -> f64 {
    if is_linear {
        if bucket.lower == f64::NEG_INFINITY {
            return 1.0;
        }
        if bucket.upper == f64::INFINITY {
            return 0.0;
        }
        return (value - bucket.lower) / (bucket.upper - bucket.lower);
    }
    let (low, high, at) = (bucket.lower.abs().log2(), bucket.upper.abs().log2(), value.abs().log2());
    if value > 0.0 { (at - low) / (high - low) } else { 1.0 - (at - high) / (low - high) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quantile_of_one_bucket_lies_inside_on_a_logarithmic_scale() {
        // One observation each in (1, 2] and (2, 4] of schema 0.
        let h = Histogram { count: 2.0, sum: 4.0, positive: vec![(1, 1.0), (2, 1.0)], ..Default::default() };
        assert!((h.quantile(0.5) - 2.0).abs() < 1e-12);
        assert!((h.quantile(0.25) - 2_f64.sqrt()).abs() < 1e-12);
        assert!((h.quantile(1.0) - 4.0).abs() < 1e-12);
        assert!((h.fraction(0.0, 2.0) - 0.5).abs() < 1e-12);
    }
}
