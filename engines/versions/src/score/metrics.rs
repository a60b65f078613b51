//! The metrics of a CVSS 2 or 3 vector: `NAME:VALUE` parts between slashes.

use super::VectorFault;

/// A metric with its values and their weights.
pub(super) struct Metric {
    pub(super) name: &'static str,
    pub(super) values: &'static [(&'static str, f64)],
    /// Without it there is no score.
    pub(super) is_base: bool,
}

/// The values of a vector, by the order of its metrics.
pub(super) struct Given<const N: usize>([Option<usize>; N]);

impl<const N: usize> Given<N> {
    pub(super) fn read(text: &str, metrics: &[Metric; N]) -> Result<Self, VectorFault> {
        let mut given = [None; N];
        for part in text.split('/') {
            let unknown = || VectorFault::Unknown(part.to_owned());
            let (name, value) = part.split_once(':').ok_or_else(unknown)?;
            let at = metrics.iter().position(|metric| metric.name == name).ok_or_else(unknown)?;
            let value = metrics[at].values.iter().position(|(word, _)| *word == value).ok_or_else(unknown)?;
            if given[at].replace(value).is_some() {
                return Err(VectorFault::Twice(name.to_owned()));
            }
        }
        match metrics.iter().zip(&given).find(|(metric, value)| metric.is_base && value.is_none()) {
            Some((metric, _)) => Err(VectorFault::Missing(metric.name)),
            None => Ok(Given(given)),
        }
    }

    /// The weight of a metric; one that is absent weighs as its first value, which is `not defined`.
    pub(super) fn weight(&self, metrics: &[Metric; N], at: usize) -> f64 {
        metrics[at].values[self.0[at].unwrap_or(0)].1
    }

    /// The word of a metric.
    pub(super) fn word(&self, metrics: &[Metric; N], at: usize) -> &'static str {
        metrics[at].values[self.0[at].unwrap_or(0)].0
    }

    /// Whether any metric of a group is given as something other than `not defined`.
    pub(super) fn has_any(&self, group: std::ops::Range<usize>) -> bool {
        self.0[group].iter().any(|value| value.is_some_and(|value| value != 0))
    }
}
