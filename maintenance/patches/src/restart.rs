//! The rule of restarts: what was patched on disk and still runs as it was.

use mainstay_record::finding::{Severity, Sighting};
use mainstay_wire::packages::{RebootReason, Restarts, StaleKind, StaleUnit};
use serde_json::json;

pub(crate) const RULE: &str = "patches.restart_needed";

/// One finding per service that runs replaced code, and one when the machine has to start again.
pub(crate) fn sightings(restarts: &Restarts, _now_ms: i64) -> Vec<Sighting> {
    let restartable = |unit: &&StaleUnit| matches!(unit.kind, StaleKind::Service | StaleKind::UserService);
    let mut seen: Vec<Sighting> = restarts.units.iter().filter(restartable).map(service).collect();
    if !restarts.reboot.is_empty() {
        seen.push(reboot(&restarts.reboot));
    }
    seen
}

fn service(unit: &StaleUnit) -> Sighting {
    let files: Vec<&String> = unit.processes.iter().flat_map(|p| &p.files).collect();
    let count = unit.processes.len();
    Sighting {
        subject: unit.unit.clone(),
        severity: Severity::Medium,
        title: format!("{} runs replaced code", unit.unit),
        reason: format!(
            "{count} of its processes still {} files that an update replaced.",
            if count == 1 { "holds" } else { "hold" }
        ),
        detail: json!({
            "why": "The hole that the update closed on disk is still open in the running process.",
            "evidence": files.iter().take(20).map(|f| format!("deleted, still mapped: {f}")).collect::<Vec<_>>(),
            "fix": [format!("systemctl restart {}", unit.unit)],
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
        subject: "reboot".to_owned(),
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
