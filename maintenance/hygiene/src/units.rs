//! Units of systemd that failed.

use mainstay_record::finding::{Severity, Sighting};
use mainstay_wire::Seen;
use mainstay_wire::units::{FailedUnit, Units};

use crate::draft::{draft, minute, shell};
use crate::verdict::{Verdict, gap, nothing};

pub const FAILED: &str = "hygiene.units";

/// What the rule of this section says.
pub fn judge(seen: &Seen<Units>) -> Vec<Verdict> {
    match &seen.value {
        None => vec![Verdict::blind(FAILED, nothing(seen))],
        Some(units) => vec![Verdict::with(FAILED, failed(units), gap(seen, &[]))],
    }
}

/// One sighting per failed unit.
pub fn failed(units: &Units) -> Vec<Sighting> {
    units.failed.iter().map(unit).collect()
}

fn unit(unit: &FailedUnit) -> Sighting {
    let FailedUnit { name, description, result, since_ms } = unit;
    let since = since_ms.map_or_else(
        || "since a time systemd does not tell".to_owned(),
        |ms| format!("since {}", minute(ms)),
    );
    let how = match result.as_deref() {
        Some("exit-code") => "its process ended with an error",
        Some("timeout") => "it did not start or stop in time",
        Some("oom-kill") => "the kernel ended it for lack of memory",
        Some("signal" | "core-dump") => "its process crashed",
        Some("start-limit-hit") => "it failed too often in a row, systemd stopped trying",
        Some("watchdog") => "it did not answer its watchdog",
        Some(_) | None => "systemd gives no plain reason",
    };
    let described = if description.is_empty() || description == name {
        String::new()
    } else {
        format!(" ({description})")
    };
    draft(Severity::Medium, name, format!("{name} failed"))
        .reason(format!("{since}: {how}.").replacen('s', "S", 1))
        .why("What it is there for is not done: a service does not answer, a timer's work did not happen, a mount is missing.")
        .evidence(format!("systemctl --failed: {name}{described}, result {}", result.as_deref().unwrap_or("not told")))
        .fix(format!("systemctl status {}", shell(name)))
        .fix(format!("journalctl -u {} -n 50", shell(name)))
        .fix(format!("When the cause is mended: systemctl restart {}", shell(name)))
        .done()
}
