//! The rule of restarts: what was patched on disk and still runs as it was.

use mainstay_record::finding::{Severity, Sighting};
use mainstay_wire::Unseen;
use mainstay_wire::packages::{PROGRAMS_IN_NO_UNIT, REBOOT, RebootReason, Restarts, StaleKind, StaleUnit};
use serde_json::json;

pub(crate) const RULE: &str = "patches.restart_needed";

/// One finding per service that runs replaced code, and one when the machine has to start again.
pub(crate) fn sightings(restarts: &Restarts, _now_ms: i64) -> Vec<Sighting> {
    let by_itself = |unit: &&StaleUnit| unit.kind != StaleKind::Reboot;
    let mut seen: Vec<Sighting> = restarts.units.iter().filter(by_itself).map(unit).collect();
    if !restarts.reboot.is_empty() {
        seen.push(reboot(&restarts.reboot));
    }
    seen
}

/// Whether a unit may be among the processes that could not be read. A gap that names what it hides hides nothing else.
pub(crate) fn hides(gap: &Unseen, subject: &str) -> bool {
    let Some(names) = &gap.hides else { return true };
    let is_unit = ["service", "scope"]
        .iter()
        .any(|kind| subject.strip_suffix(kind).is_some_and(|name| name.ends_with('.')));
    let is_program = !is_unit && subject != REBOOT;
    names.iter().any(|name| name == subject || (is_program && name == PROGRAMS_IN_NO_UNIT))
}

fn unit(unit: &StaleUnit) -> Sighting {
    let (severity, fix) = match unit.kind {
        StaleKind::Session => (Severity::Low, "Sign out and sign in again".to_owned()),
        StaleKind::Process => (Severity::Low, format!("Restart the program {}", unit.unit)),
        StaleKind::UserService => (Severity::Medium, format!("systemctl --user restart {}", unit.unit)),
        StaleKind::Service | StaleKind::Reboot => {
            (Severity::Medium, format!("systemctl restart {}", unit.unit))
        }
    };
    let files: Vec<&String> = unit.processes.iter().flat_map(|p| &p.files).collect();
    let count = unit.processes.len();
    Sighting {
        subject: unit.unit.clone(),
        severity,
        title: format!("{} runs replaced code", unit.unit),
        reason: format!(
            "{count} of its processes still {} files that an update replaced.",
            if count == 1 { "holds" } else { "hold" }
        ),
        detail: json!({
            "why": "The hole that the update closed on disk is still open in the running process.",
            "evidence": files.iter().take(20).map(|f| format!("deleted, still mapped: {f}")).collect::<Vec<_>>(),
            "fix": [fix],
        }),
    }
}

fn reboot(reasons: &[RebootReason]) -> Sighting {
    let evidence: Vec<String> = reasons
        .iter()
        .map(|reason| match reason {
            RebootReason::Kernel { running, installed } => {
                format!("kernel {running} runs, {installed} is installed")
            }
            RebootReason::Asked { packages } => {
                format!("/run/reboot-required, asked for by {}", packages.join(", "))
            }
            RebootReason::Core { unit } => {
                format!("{unit} runs replaced code and cannot be restarted by itself")
            }
        })
        .collect();
    Sighting {
        subject: REBOOT.to_owned(),
        severity: Severity::Medium,
        title: "This machine has to start again".to_owned(),
        reason: format!("{}.", evidence[0]),
        detail: json!({
            "why": "Until then the old kernel or the old core services run, with the holes that were closed on disk.",
            "evidence": evidence,
            "fix": ["systemctl reboot, in a window"],
        }),
    }
}
