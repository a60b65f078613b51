//! Backups that run by themselves: none found, found and never started, or gone quiet.

use mainstay_record::finding::{Severity, Sighting};
use mainstay_wire::Seen;
use mainstay_wire::backups::{BackupRepository, Backups};

use crate::draft::{draft, minute};
use crate::policy::Limits;
use crate::verdict::{Verdict, gap, nothing};

pub const PRESENT: &str = "hygiene.backups";

const DAY_MS: i64 = 86_400_000;

/// What the rule of this section says. A look with gaps never claims that there is none.
pub fn judge(seen: &Seen<Backups>, now_ms: i64, limits: &Limits) -> Vec<Verdict> {
    let Some(backups) = &seen.value else { return vec![Verdict::blind(PRESENT, nothing(seen))] };
    let gap = gap(seen, &[]);
    let mut found = quiet(backups, now_ms, limits);
    if gap.is_none() {
        found.extend(absent(backups));
    }
    vec![Verdict::with(PRESENT, found, gap)]
}

/// No tool, or no timer that starts one.
pub fn absent(backups: &Backups) -> Option<Sighting> {
    if backups.schedules.iter().any(|schedule| schedule.is_enabled) {
        return None;
    }
    let looked = format!("looked for {}, timers, cron", backups.looked_for.join(", "));
    let names: Vec<&str> = backups.tools.iter().map(|tool| tool.name.as_str()).collect();
    let off: Vec<&str> = backups.schedules.iter().map(|schedule| schedule.source.as_str()).collect();
    let (title, reason) = if !off.is_empty() {
        ("A backup is planned and switched off".to_owned(), format!("{} is not enabled.", off.join(", ")))
    } else if names.is_empty() {
        (
            "No backup found".to_owned(),
            format!("None found ({looked}).").replace("(looked for , ", "(looked for "),
        )
    } else {
        (
            format!("Nothing starts {}", names.join(", ")),
            "The tool is here; no timer or cron line that starts it was found.".to_owned(),
        )
    };
    let mut sighting = draft(Severity::Low, "host", title)
        .reason(reason)
        .why("A disk that breaks, a mistyped command or an intruder then takes everything that is only here. A backup made from outside, such as a snapshot of the whole machine, cannot be seen from within: accept this with that as the reason.")
        .evidence(looked)
        .fix("Back up this machine: mainstay backup /etc /srv --to /mnt/backup")
        .controls(&["NIST SP 800-53 CP-9"]);
    for tool in &backups.tools {
        sighting = sighting.evidence(format!("{} at {}", tool.name, tool.path));
    }
    for schedule in &backups.schedules {
        sighting = sighting
            .evidence(format!("{}: {} ({}), switched off", schedule.source, schedule.when, schedule.tool));
    }
    Some(sighting.done())
}

/// Repositories that a schedule should fill and that nobody wrote to for days.
pub fn quiet(backups: &Backups, now_ms: i64, limits: &Limits) -> Vec<Sighting> {
    let is_scheduled = |repository: &&BackupRepository| {
        backups.schedules.iter().any(|schedule| schedule.is_enabled && schedule.tool == repository.tool)
    };
    backups
        .repositories
        .iter()
        .filter(is_scheduled)
        .filter_map(|r| quiet_repository(r, now_ms, limits))
        .collect()
}

fn quiet_repository(repository: &BackupRepository, now_ms: i64, limits: &Limits) -> Option<Sighting> {
    let BackupRepository { tool, place, source, last_write_ms } = repository;
    let last_ms = (*last_write_ms)?;
    let days = now_ms.saturating_sub(i64::try_from(last_ms).ok()?) / DAY_MS;
    if days < i64::from(limits.backup_quiet_days) {
        return None;
    }
    let sighting = draft(
        Severity::Medium,
        format!("{tool} {place}"),
        format!("The backup to {place} stopped {days} days ago"),
    )
    .reason(format!("The last write was {}; a schedule for {tool} is switched on.", minute(last_ms)))
    .why(
        "What was made since then exists once. A schedule that runs and writes nothing looks well from afar.",
    )
    .evidence(format!("{tool}: {place} (named in {source}), last write {}", minute(last_ms)))
    .fix("Read what the last run said: systemctl list-timers --all, then journalctl -u UNIT -n 50")
    .controls(&["NIST SP 800-53 CP-9"]);
    Some(sighting.done())
}
