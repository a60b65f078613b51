//! CVSS 3.0 and 3.1.

use super::metrics::{Given, Metric};
use super::{Rating, Scores, VectorFault, Version};

const fn base(name: &'static str, values: &'static [(&'static str, f64)]) -> Metric {
    Metric { name, values, is_base: true }
}

const fn more(name: &'static str, values: &'static [(&'static str, f64)]) -> Metric {
    Metric { name, values, is_base: false }
}

const REQUIREMENT: &[(&str, f64)] = &[("X", 1.0), ("L", 0.5), ("M", 1.0), ("H", 1.5)];

/// Privileges weigh more when the scope changes; see [`privileges`].
const METRICS: [Metric; 22] = [
    base("AV", &[("N", 0.85), ("A", 0.62), ("L", 0.55), ("P", 0.2)]),
    base("AC", &[("L", 0.77), ("H", 0.44)]),
    base("PR", &[("N", 0.85), ("L", 0.62), ("H", 0.27)]),
    base("UI", &[("N", 0.85), ("R", 0.62)]),
    base("S", &[("U", 0.0), ("C", 1.0)]),
    base("C", &[("N", 0.0), ("L", 0.22), ("H", 0.56)]),
    base("I", &[("N", 0.0), ("L", 0.22), ("H", 0.56)]),
    base("A", &[("N", 0.0), ("L", 0.22), ("H", 0.56)]),
    more("E", &[("X", 1.0), ("U", 0.91), ("P", 0.94), ("F", 0.97), ("H", 1.0)]),
    more("RL", &[("X", 1.0), ("O", 0.95), ("T", 0.96), ("W", 0.97), ("U", 1.0)]),
    more("RC", &[("X", 1.0), ("U", 0.92), ("R", 0.96), ("C", 1.0)]),
    more("CR", REQUIREMENT),
    more("IR", REQUIREMENT),
    more("AR", REQUIREMENT),
    more("MAV", &[("X", 0.0), ("N", 0.85), ("A", 0.62), ("L", 0.55), ("P", 0.2)]),
    more("MAC", &[("X", 0.0), ("L", 0.77), ("H", 0.44)]),
    more("MPR", &[("X", 0.0), ("N", 0.85), ("L", 0.62), ("H", 0.27)]),
    more("MUI", &[("X", 0.0), ("N", 0.85), ("R", 0.62)]),
    more("MS", &[("X", 0.0), ("U", 0.0), ("C", 1.0)]),
    more("MC", &[("X", 0.0), ("N", 0.0), ("L", 0.22), ("H", 0.56)]),
    more("MI", &[("X", 0.0), ("N", 0.0), ("L", 0.22), ("H", 0.56)]),
    more("MA", &[("X", 0.0), ("N", 0.0), ("L", 0.22), ("H", 0.56)]),
];
const FIRST_MODIFIED: usize = 14;

pub(super) fn score(text: &str, version: Version) -> Result<Scores, VectorFault> {
    let given = Given::read(text, &METRICS)?;
    let vector = Vector { given, version };
    let base = vector.base();
    let mut scores = Scores {
        version,
        base,
        temporal: vector.given.has_any(8..11).then(|| vector.with_time(base)),
        environmental: vector.given.has_any(11..22).then(|| vector.environmental()),
        rating: Rating::None,
    };
    scores.rating = Rating::of(version, scores.overall());
    Ok(scores)
}

struct Vector {
    given: Given<22>,
    version: Version,
}

impl Vector {
    fn weight(&self, at: usize) -> f64 {
        self.given.weight(&METRICS, at)
    }

    /// The metric that holds in the environment: the modified one where it is defined, else the base one.
    fn modified(&self, base: usize) -> usize {
        let modified = FIRST_MODIFIED + base;
        if self.given.word(&METRICS, modified) == "X" { base } else { modified }
    }

    fn privileges(&self, at: usize, is_scope_changed: bool) -> f64 {
        match self.given.word(&METRICS, at) {
            "L" if is_scope_changed => 0.68,
            "H" if is_scope_changed => 0.5,
            _ => self.weight(at),
        }
    }

    fn base(&self) -> f64 {
        let is_scope_changed = self.weight(4) > 0.5;
        let missing = 1.0 - (1.0 - self.weight(5)) * (1.0 - self.weight(6)) * (1.0 - self.weight(7));
        let impact = if is_scope_changed {
            7.52 * (missing - 0.029) - 3.25 * (missing - 0.02).powi(15)
        } else {
            6.42 * missing
        };
        let exploitability =
            8.22 * self.weight(0) * self.weight(1) * self.privileges(2, is_scope_changed) * self.weight(3);
        self.join(impact, exploitability, is_scope_changed)
    }

    fn environmental(&self) -> f64 {
        let at = |base| self.weight(self.modified(base));
        let is_scope_changed = at(4) > 0.5;
        let lost = |requirement, metric| 1.0 - self.weight(requirement) * at(metric);
        let missing = (1.0 - lost(11, 5) * lost(12, 6) * lost(13, 7)).min(0.915);
        let impact = match (is_scope_changed, self.version) {
            (false, _) => 6.42 * missing,
            (true, Version::V30) => 7.52 * (missing - 0.029) - 3.25 * (missing - 0.02).powi(15),
            (true, _) => 7.52 * (missing - 0.029) - 3.25 * (missing * 0.9731 - 0.02).powi(13),
        };
        let exploitability =
            8.22 * at(0) * at(1) * self.privileges(self.modified(2), is_scope_changed) * at(3);
        self.with_time(self.join(impact, exploitability, is_scope_changed))
    }

    fn join(&self, impact: f64, exploitability: f64, is_scope_changed: bool) -> f64 {
        if impact <= 0.0 {
            return 0.0;
        }
        let factor = if is_scope_changed { 1.08 } else { 1.0 };
        self.round_up((factor * (impact + exploitability)).min(10.0))
    }

    fn with_time(&self, score: f64) -> f64 {
        self.round_up(score * self.weight(8) * self.weight(9) * self.weight(10))
    }

    /// To the next decimal. Version 3.1 looks at five digits only; for 3.0 the small subtraction undoes what binary
    /// fractions add.
    fn round_up(&self, score: f64) -> f64 {
        if self.version == Version::V30 {
            return (score * 10.0 - 1e-9).ceil() / 10.0;
        }
        let digits = (score * 100_000.0).round();
        if digits % 10_000.0 == 0.0 { digits / 100_000.0 } else { ((digits / 10_000.0).floor() + 1.0) / 10.0 }
    }
}
