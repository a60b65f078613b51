//! The rule of supported systems: a system that nobody mends any more, or soon.

use mainstay_record::finding::{Severity, Sighting};
use mainstay_wire::system::{SupportState, System};
use serde_json::json;

pub(crate) const RULE: &str = "patches.end_of_support";

/// One finding when regular support has ended. A system whose dates are not known is said on the asset's page.
pub(crate) fn sightings(system: &System, _now_ms: i64) -> Vec<Sighting> {
    let support = &system.support;
    let name = &system.os.name;
    let on = |date: &Option<String>| date.clone().unwrap_or_else(|| "a date that is not known".to_owned());
    let (severity, title, reason) = match support.state {
        SupportState::Regular | SupportState::Rolling | SupportState::Unknown => return Vec::new(),
        SupportState::LongTerm => (
            Severity::Medium,
            format!("{name} is past regular support"),
            format!(
                "Regular security support ended on {}. Long-term support, for fewer packages, lasts until {}.",
                on(&support.regular_until),
                on(&support.long_term_until)
            ),
        ),
        SupportState::PaidOnly => (
            Severity::High,
            format!("{name} gets security updates only from paid support"),
            format!(
                "Free support ended on {}.",
                on(if support.long_term_until.is_some() {
                    &support.long_term_until
                } else {
                    &support.regular_until
                })
            ),
        ),
        SupportState::Ended => (
            Severity::Critical,
            format!("{name} gets no security updates any more"),
            format!(
                "Support ended on {}.",
                on(if support.long_term_until.is_some() {
                    &support.long_term_until
                } else {
                    &support.regular_until
                })
            ),
        ),
    };
    vec![Sighting {
        subject: format!("{} {}", system.os.id, system.os.version.as_deref().unwrap_or("")),
        severity,
        title,
        reason,
        detail: json!({
            "why": "Holes found after that day are published and stay open here.",
            "evidence": [format!("os-release: {} {}", system.os.id, system.os.version.as_deref().unwrap_or("?")), format!("dates: {}", support.source)],
            "fix": ["Plan the upgrade to the next release, or make sure that long-term support covers what this host runs."],
        }),
    }]
}
