//! Native histograms: buckets whose bounds grow exponentially, or are given (schema -53).
//! Source: "Native Histograms" of the Prometheus specification.

mod arithmetic;
mod buckets;
mod quantile;

pub use arithmetic::{Combined, Mismatch};
pub use buckets::Bucket;
pub use quantile::interpolate_exponential;

/// The schema number of histograms with given bounds.
pub const CUSTOM_SCHEMA: i32 = -53;

/// What the writer knew about resets between this sample and the one before.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum ResetHint {
    #[default]
    Unknown,
    Reset,
    NotReset,
    Gauge,
}

/// One native histogram. Counts are floats; integer histograms are exact up to 2^53.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Histogram {
    /// -4 to 8, or [`CUSTOM_SCHEMA`].
    pub schema: i32,
    pub hint: ResetHint,
    pub count: f64,
    pub sum: f64,
    /// Observations with an absolute value up to this are in the zero bucket.
    pub zero_threshold: f64,
    pub zero_count: f64,
    /// Index and count of each bucket of positive observations, ascending.
    pub positive: Vec<(i32, f64)>,
    /// The same for negative observations, by their absolute value.
    pub negative: Vec<(i32, f64)>,
    /// Upper bounds with [`CUSTOM_SCHEMA`], ascending; the last bucket (`+Inf`) is implied.
    pub bounds: Vec<f64>,
}

impl Histogram {
    pub fn is_custom(&self) -> bool {
        self.schema == CUSTOM_SCHEMA
    }

    /// A histogram sample that marks the end of its series.
    pub fn is_stale(&self) -> bool {
        crate::sample::is_stale(self.sum)
    }

    /// Whether the fields fit together; the reason if not.
    pub fn check(&self) -> Result<(), String> {
        if self.schema != CUSTOM_SCHEMA && !(-4..=8).contains(&self.schema) {
            return Err(format!("histogram schema {} is not known", self.schema));
        }
        if self.is_custom() {
            if self.bounds.windows(2).any(|w| w[0] >= w[1]) || self.bounds.iter().any(|b| b.is_nan()) {
                return Err("custom bounds of a histogram must ascend".into());
            }
            if !self.negative.is_empty() || self.zero_count != 0.0 {
                return Err("a histogram with custom bounds has neither negative nor zero buckets".into());
            }
            let most = self.bounds.len() as i32;
            if self.positive.iter().any(|(i, _)| *i < 0 || *i > most) {
                return Err("a bucket lies outside the custom bounds".into());
            }
        }
        for side in [&self.positive, &self.negative] {
            if side.windows(2).any(|w| w[0].0 >= w[1].0) {
                return Err("buckets of a histogram must ascend".into());
            }
            if side.iter().any(|(_, count)| *count < 0.0) {
                return Err("a bucket of a histogram has a negative count".into());
            }
        }
        Ok(())
    }
}
