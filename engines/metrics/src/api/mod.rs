//! The Prometheus HTTP API: its answers as JSON, and how its parameters are read. Routes are for the caller.

mod answer;
mod endpoint;
mod exposition;
mod parameters;
mod selection;
mod time;

pub use answer::{Failure, answer, error, failure, status, success};
pub use endpoint::{Api, ApiFault};
pub use exposition::exposition;
pub use parameters::{Parameters, duration_ms, time_ms};
pub(crate) use time::rfc3339;
pub use time::time_text;

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

/// A float as Prometheus' JSON has it: with an exponent where it is very small or very large.
pub fn json_float(v: f64) -> String {
    if v.is_finite() && v != 0.0 && !(1e-6..1e21).contains(&v.abs()) { with_exponent(v) } else { float(v) }
}

/// As Go's `%e` with the shortest digits: `1.5e+21`.
pub fn with_exponent(v: f64) -> String {
    if !v.is_finite() {
        return float(v);
    }
    let text = format!("{v:e}");
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let (sign, exponent) = match exponent.strip_prefix('-') {
        Some(exponent) => ('-', exponent),
        None => ('+', exponent),
    };
    format!("{digits}e{sign}{exponent:0>2}")
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_are_written_as_prometheus_writes_them() {
        for (v, expected) in [
            (0.0, "0"),
            (1e20, "100000000000000000000"),
            (1e21, "1e+21"),
            (-2.5e-7, "-2.5e-07"),
            (1e-6, "0.000001"),
            (1e300, "1e+300"),
            (f64::NEG_INFINITY, "-Inf"),
        ] {
            assert_eq!(json_float(v), expected);
        }
        assert_eq!(with_exponent(1.0), "1e+00");
    }
}
