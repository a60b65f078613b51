//! The Prometheus HTTP API: its answers as JSON, and how its parameters are read. Routes are for the caller.

mod answer;
mod parameters;

pub use answer::{Failure, answer, exemplars, failure, label_list, metadata, series, status, success};
pub use parameters::{Parameters, duration_ms, time_ms};

use crate::histogram::Histogram;

/// A float as Prometheus writes it: shortest digits, no exponent, `+Inf`, `-Inf`, `NaN`.
pub fn float(v: f64) -> String {
    if v.is_nan() {
        return "NaN".to_owned();
    }
    if v.is_infinite() {
        return if v > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    format!("{v}")
}

/// A histogram as Prometheus writes it into labels.
pub fn histogram_text(h: &Histogram) -> String {
    let mut parts = vec![format!("count:{}", float(h.count)), format!("sum:{}", float(h.sum))];
    for b in h.buckets() {
        let open = if b.lower_inclusive { '[' } else { '(' };
        let close = if b.upper_inclusive { ']' } else { ')' };
        parts.push(format!("{open}{},{}{close}:{}", float(b.lower), float(b.upper), float(b.count)));
    }
    format!("{{{}}}", parts.join(", "))
}
