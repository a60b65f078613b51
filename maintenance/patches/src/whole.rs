//! The rule of whole packages: an installation that was broken off is no installation.

use mainstay_record::finding::{Severity, Sighting};
use mainstay_wire::packages::{Family, Inventory, Package, PackageState};
use serde_json::json;

pub(crate) const RULE: &str = "patches.not_whole";

/// One finding per package that is neither installed nor gone.
pub(crate) fn sightings(inventory: &Inventory, _now_ms: i64) -> Vec<Sighting> {
    inventory.packages.iter().filter_map(sighting).collect()
}

fn sighting(package: &Package) -> Option<Sighting> {
    let (severity, state, fix) = match package.state {
        PackageState::Installed => return None,
        PackageState::Unconfigured => {
            (Severity::High, "unpacked and not configured", "dpkg --configure -a".to_owned())
        }
        PackageState::Broken => (
            Severity::High,
            "broken off in the middle of its installation or removal",
            format!("apt-get install --reinstall {}", package.name),
        ),
        PackageState::TriggersPending => (
            Severity::Low,
            "configured, and waits for what other packages have to do",
            "dpkg --configure -a".to_owned(),
        ),
    };
    // An rpm or apk database has no such states: theirs are always installed.
    let evidence = match package.family {
        Family::Dpkg => format!("dpkg: {}:{} {} is {state}", package.name, package.arch, package.version),
        _ => format!("{} {} is {state}", package.name, package.version),
    };
    Some(Sighting {
        subject: format!("{}:{}", package.name, package.arch),
        severity,
        title: format!("{} is not whole", package.name),
        reason: format!("{} {} is {state}.", package.name, package.version),
        detail: json!({
            "why": "Its files are the new ones, its services and settings may be the old ones or none; the package system installs nothing on top of it.",
            "evidence": [evidence],
            "fix": [fix],
        }),
    })
}
