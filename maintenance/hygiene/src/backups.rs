//! Backups that run by themselves: none found, found and never started, or gone quiet.

use mainstay_record::finding::{Severity, Sighting};
use mainstay_wire::Seen;
use mainstay_wire::backups::{BackupRepository, BackupSchedule, Backups};

use crate::draft::{count, draft, minute};
use crate::policy::Limits;
use crate::verdict::{Hidden, Verdict, gap, nothing};

pub const PRESENT: &str = "hygiene.backups";

const DAY_MS: i64 = 86_400_000;
/// The subject when the host as a whole has no backup.
const HOST: &str = "host";

/// What a distribution starts by itself to keep copies of its own lists: no backup of the host.
const HOUSEKEEPING: &[&str] = &["dpkg-db-backup", "/etc/cron.daily/dpkg", "/etc/cron.daily/passwd", "rpmdb"];
/// Names told in the one sentence; the evidence has all of them.
const MOST_NAMED: usize = 3;

/// What the rule of this section says. Over a gap it says that none was found where the agent could look.
pub fn judge(seen: &Seen<Backups>, now_ms: i64, limits: &Limits) -> Vec<Verdict> {
    let Some(backups) = &seen.value else { return vec![Verdict::blind(PRESENT, nothing(seen))] };
    let gap = gap(seen, &[]);
    let mut found = quiet(backups, now_ms, limits);
    found.extend(absent(backups, gap.as_deref()));
    let is_running = running(backups);
    let hidden = match gap {
        None => Hidden::Nothing,
        // A schedule that is seen is there, whatever else is hidden.
        Some(because) => {
            Hidden::Some { because, hides: Box::new(move |subject| subject != HOST || !is_running) }
        }
    };
    vec![Verdict { rule: PRESENT, seen: found, hidden }]
}

fn running(backups: &Backups) -> bool {
    backups.schedules.iter().any(|schedule| schedule.is_enabled && !is_housekeeping(schedule))
}

fn is_housekeeping(schedule: &BackupSchedule) -> bool {
    HOUSEKEEPING.iter().any(|word| schedule.source.contains(word) || schedule.command.contains(word))
}

/// No tool, or no timer that starts one. `gap` is what could not be looked at.
pub fn absent(backups: &Backups, gap: Option<&str>) -> Option<Sighting> {
    if running(backups) {
        return None;
    }
    // A template (`pg_dump@.timer`) comes with its package; nobody planned anything by it.
    let is_plan = |schedule: &&BackupSchedule| !schedule.source.contains("@.") && !is_housekeeping(schedule);
    let off: Vec<&BackupSchedule> = backups.schedules.iter().filter(is_plan).collect();
    let names: Vec<&str> = backups.tools.iter().map(|tool| tool.name.as_str()).collect();
    let (title, reason) = if !off.is_empty() {
        let sources: Vec<&str> = off.iter().map(|schedule| schedule.source.as_str()).collect();
        ("A backup is planned and switched off".to_owned(), format!("{} is not enabled", sources.join(", ")))
    } else if names.is_empty() {
        ("No backup found".to_owned(), format!("None found ({})", looked_for(backups)))
    } else {
        let reason = "The tool is here; no timer or cron line that starts it was found".to_owned();
        (format!("Nothing starts {}", names.join(", ")), reason)
    };
    let (severity, title, reason) = match gap {
        None => (Severity::Low, title, format!("{reason}.")),
        Some(gap) => (
            Severity::Info,
            format!("{title}, as far as could be seen"),
            format!("{reason}; not visible: {gap}."),
        ),
    };
    let mut sighting = draft(severity, HOST, title)
        .reason(reason)
        .why("A disk that breaks, a mistyped command or an intruder then takes everything that is only here. A backup made from outside, such as a snapshot of the whole machine, cannot be seen from within: accept this with that as the reason.")
        .evidence(format!("looked for {}, timers, cron", backups.looked_for.join(", ")))
        .fix("For example: apt-get install restic && restic -r /mnt/backup init && restic -r /mnt/backup backup /etc /srv")
        .fix("Let a timer start it each night, and restore a file from it once to see that it can be done.")
        .controls(&["NIST SP 800-53 CP-9"]);
    for tool in &backups.tools {
        sighting = sighting.evidence(format!("{} at {}", tool.name, tool.path));
    }
    for schedule in off {
        sighting = sighting
            .evidence(format!("{}: {} ({}), switched off", schedule.source, schedule.when, schedule.tool));
    }
    for schedule in backups.schedules.iter().filter(|schedule| is_housekeeping(schedule)) {
        sighting = sighting.evidence(format!("{}: keeps lists of the system only", schedule.source));
    }
    Some(sighting.done())
}

/// `looked for restic, borg, pgbackrest and 30 more tools, timers, cron`.
fn looked_for(backups: &Backups) -> String {
    let names = &backups.looked_for;
    let first = names.iter().take(MOST_NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(MOST_NAMED) {
        _ if names.is_empty() => "looked for timers, cron".to_owned(),
        0 => format!("looked for {first}, timers, cron"),
        more => format!("looked for {first} and {}, timers, cron", count(more, "more tool")),
    }
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
