//! Tables of cases per rule with hand-made facts, and stories on both engines.

mod access;
mod host;
mod services;
mod story;

use mainstay_record::finding::{Severity, Sighting};

/// 2026-11-23T09:00:00Z.
pub const NOW_MS: i64 = 1_795_424_400_000;
pub const DAY_MS: i64 = 86_400_000;

/// Subjects with their severities, in the order they were seen.
pub fn told(seen: &[Sighting]) -> Vec<(&str, Severity)> {
    seen.iter().map(|sighting| (sighting.subject.as_str(), sighting.severity)).collect()
}

/// A time some days from the Monday of the tests, as the wire has it.
pub fn in_days(days: i64) -> u64 {
    u64::try_from(NOW_MS + days * DAY_MS).unwrap()
}

/// What every sighting owes the person who reads it.
pub fn is_well_worded(seen: &[Sighting]) {
    for sighting in seen {
        assert!(!sighting.title.is_empty() && !sighting.title.ends_with('.'), "{sighting:?}");
        assert!(sighting.reason.ends_with('.'), "{sighting:?}");
        assert!(!format!("{}{}", sighting.title, sighting.reason).contains('!'), "{sighting:?}");
        assert!(sighting.detail["why"].as_str().is_some_and(|why| why.ends_with('.')), "{sighting:?}");
        for list in ["evidence", "fix"] {
            let lines = sighting.detail[list].as_array().unwrap();
            assert!(
                !lines.is_empty() && lines.iter().all(|line| line.as_str().is_some_and(|l| !l.is_empty())),
                "{sighting:?}"
            );
        }
    }
}
