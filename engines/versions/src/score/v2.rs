//! CVSS 2.0.

use super::metrics::{Given, Metric};
use super::{Rating, Scores, VectorFault, Version};

const fn base(name: &'static str, values: &'static [(&'static str, f64)]) -> Metric {
    Metric { name, values, is_base: true }
}

const fn more(name: &'static str, values: &'static [(&'static str, f64)]) -> Metric {
    Metric { name, values, is_base: false }
}

const IMPACT: &[(&str, f64)] = &[("N", 0.0), ("P", 0.275), ("C", 0.66)];
const REQUIREMENT: &[(&str, f64)] = &[("ND", 1.0), ("L", 0.5), ("M", 1.0), ("H", 1.51)];

const METRICS: [Metric; 14] = [
    base("AV", &[("L", 0.395), ("A", 0.646), ("N", 1.0)]),
    base("AC", &[("H", 0.35), ("M", 0.61), ("L", 0.71)]),
    base("Au", &[("M", 0.45), ("S", 0.56), ("N", 0.704)]),
    base("C", IMPACT),
    base("I", IMPACT),
    base("A", IMPACT),
    more("E", &[("ND", 1.0), ("U", 0.85), ("POC", 0.9), ("F", 0.95), ("H", 1.0)]),
    more("RL", &[("ND", 1.0), ("OF", 0.87), ("TF", 0.9), ("W", 0.95), ("U", 1.0)]),
    more("RC", &[("ND", 1.0), ("UC", 0.9), ("UR", 0.95), ("C", 1.0)]),
    more("CDP", &[("ND", 0.0), ("N", 0.0), ("L", 0.1), ("LM", 0.3), ("MH", 0.4), ("H", 0.5)]),
    more("TD", &[("ND", 1.0), ("N", 0.0), ("L", 0.25), ("M", 0.75), ("H", 1.0)]),
    more("CR", REQUIREMENT),
    more("IR", REQUIREMENT),
    more("AR", REQUIREMENT),
];

pub(super) fn score(text: &str) -> Result<Scores, VectorFault> {
    if !text.contains("AV:") {
        return Err(VectorFault::UnknownVersion);
    }
    let given = Given::read(text, &METRICS)?;
    let weight = |at| given.weight(&METRICS, at);
    let exploitability = 20.0 * weight(0) * weight(1) * weight(2);
    let impact = |c: f64, i: f64, a: f64| {
        10.41 * (1.0 - (1.0 - weight(3) * c) * (1.0 - weight(4) * i) * (1.0 - weight(5) * a))
    };
    let from_impact = |impact: f64| {
        let factor = if impact == 0.0 { 0.0 } else { 1.176 };
        round((0.6 * impact + 0.4 * exploitability - 1.5) * factor)
    };
    let with_time = |score: f64| round(score * weight(6) * weight(7) * weight(8));
    let base = from_impact(impact(1.0, 1.0, 1.0)).max(0.0);
    let adjusted = with_time(from_impact(impact(weight(11), weight(12), weight(13)).min(10.0)));
    let environmental = round((adjusted + (10.0 - adjusted) * weight(9)) * weight(10));
    let mut scores = Scores {
        version: Version::V2,
        base,
        temporal: given.has_any(6..9).then(|| with_time(base)),
        environmental: given.has_any(9..14).then_some(environmental.max(0.0)),
        rating: Rating::None,
    };
    scores.rating = Rating::of(Version::V2, scores.overall());
    Ok(scores)
}

/// To one decimal, halves away from zero; the small addition undoes what binary fractions lose.
fn round(score: f64) -> f64 {
    ((score.abs() * 10.0 + 0.5 + 1e-9).floor() / 10.0).copysign(score)
}
