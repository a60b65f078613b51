//! Changelogs and CVSS vectors.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mainstay_versions::{changelog, score};

fuzz_target!(|text: &str| {
    let _ = changelog::entries(text).count();
    let _ = changelog::fixed_since(text, "1.0-1");
    if let Ok(scores) = score::score(text) {
        for value in [Some(scores.base), scores.temporal, scores.environmental].into_iter().flatten() {
            assert!((0.0..=10.0).contains(&value), "{text}: {value}");
        }
    }
});
