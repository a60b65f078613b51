//! Failed units, as systemd tells them.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::Host;
use crate::wire::units::{FailedUnit, Units};
use crate::wire::{Seen, Unseen};

const PATIENCE: Duration = Duration::from_secs(10);

/// The failed units of the system's own systemd.
pub fn collect(host: &Host) -> Seen<Units> {
    if !host.exists("/run/systemd/system") {
        return Seen::not(Unseen::new("failed units", "systemd does not run this host"));
    }
    let arguments = [
        "show",
        "--state=failed",
        "--all",
        "--timestamp=unix",
        "--property",
        "Id,Description,Result,StateChangeTimestamp,ActiveState",
        "*",
    ];
    let told = host.run("systemctl", &arguments, PATIENCE);
    let state = host.run("systemctl", &["is-system-running"], PATIENCE);
    match (told, state) {
        (Ok(told), Ok(state)) if told.code == Some(0) => {
            Seen::whole(Units { state: state.stdout.trim().to_owned(), failed: failed(&told.stdout) })
        }
        (Ok(told), _) => Seen::not(Unseen::new("failed units", told.stderr.trim())),
        (Err(fault), _) => Seen::not(Unseen::new("failed units", fault.to_string())),
    }
}

/// Blocks of `Key=value` lines, one per unit, with empty lines between.
fn failed(text: &str) -> Vec<FailedUnit> {
    let mut failed = Vec::new();
    for block in text.split("\n\n") {
        let block: BTreeMap<&str, &str> = block.lines().filter_map(|line| line.split_once('=')).collect();
        let (Some(name), Some(&"failed")) = (block.get("Id"), block.get("ActiveState")) else { continue };
        let since_s =
            block.get("StateChangeTimestamp").and_then(|at| at.strip_prefix('@')?.parse::<u64>().ok());
        failed.push(FailedUnit {
            name: (*name).to_owned(),
            description: block.get("Description").map(ToString::to_string).unwrap_or_default(),
            result: block.get("Result").filter(|result| !result.is_empty()).map(ToString::to_string),
            since_ms: since_s.map(|at| at * 1000),
        });
    }
    failed.sort();
    failed.dedup();
    failed
}

#[cfg(test)]
mod tests {
    use super::{collect, failed};
    use crate::Host;

    #[test]
    fn blocks_of_systemctl_show_are_read() {
        let text = "Id=b.service\nDescription=A = b\nActiveState=failed\nResult=exit-code\nStateChangeTimestamp=@17\n\n\
            Id=a.timer\nDescription=\nActiveState=failed\nStateChangeTimestamp=\n\nId=c.service\nActiveState=active\n";
        let read = failed(text);
        assert_eq!(read.iter().map(|unit| unit.name.as_str()).collect::<Vec<_>>(), ["a.timer", "b.service"]);
        assert_eq!((read[1].description.as_str(), read[1].since_ms), ("A = b", Some(17_000)));
    }

    #[test]
    fn failed_units_of_the_live_host_are_those_systemctl_lists() {
        let seen = collect(&Host::live());
        let Some(units) = seen.value else {
            println!("skipped: {}", seen.unseen[0].because);
            return;
        };
        let output = std::process::Command::new("systemctl")
            .args(["list-units", "--failed", "--plain", "--no-legend", "--all", "--full"])
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let mut theirs: Vec<&str> = text.lines().filter_map(|line| line.split_whitespace().next()).collect();
        theirs.sort_unstable();
        assert_eq!(units.failed.iter().map(|unit| unit.name.as_str()).collect::<Vec<_>>(), theirs);
    }
}
