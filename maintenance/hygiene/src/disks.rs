//! File systems that are nearly full, by space or by inodes.

use mainstay_record::finding::{Severity, Sighting};
use mainstay_wire::Seen;
use mainstay_wire::disks::{Disks, FileSystem};

use crate::draft::{draft, shell};
use crate::policy::Limits;
use crate::verdict::{Hidden, Verdict, gap, nothing};

pub const FULL: &str = "hygiene.disks";

/// One file system did not answer; its mount point follows.
const SPACE_ON: &str = "space on /";

/// What the rule of this section says.
pub fn judge(seen: &Seen<Disks>, limits: &Limits) -> Vec<Verdict> {
    let Some(disks) = &seen.value else { return vec![Verdict::blind(FULL, nothing(seen))] };
    vec![Verdict { rule: FULL, seen: nearly_full(disks, limits), hidden: hidden(seen) }]
}

fn hidden(seen: &Seen<Disks>) -> Hidden {
    if let Some(because) = gap(seen, &[SPACE_ON]) {
        return Hidden::Everything(because);
    }
    let Some(because) = gap(seen, &[]) else { return Hidden::Nothing };
    let mounts: Vec<String> =
        seen.unseen.iter().filter_map(|gap| gap.what.strip_prefix("space on ")).map(str::to_owned).collect();
    let hides = move |subject: &str| {
        subject.rsplit_once(' ').is_some_and(|(mount, _)| mounts.iter().any(|hidden| hidden == mount))
    };
    Hidden::Some { because, hides: Box::new(hides) }
}

/// Space and inodes above the limits. What is mounted read-only stays as it is and is left out.
pub fn nearly_full(disks: &Disks, limits: &Limits) -> Vec<Sighting> {
    let writable = disks.file_systems.iter().filter(|system| !system.is_read_only);
    writable.flat_map(|system| [space(system, limits), inodes(system, limits)]).flatten().collect()
}

fn space(system: &FileSystem, limits: &Limits) -> Option<Sighting> {
    let percent = percent(system.used_bytes, system.used_bytes.saturating_add(system.available_bytes))?;
    let severity = severity(percent, limits)?;
    let mount = &system.mount;
    let sighting = draft(severity, format!("{mount} space"), format!("{mount} is {percent} % full"))
        .reason(format!(
            "{} of {} left on {} ({}).",
            size(system.available_bytes),
            size(system.total_bytes),
            system.device,
            system.kind
        ))
        .why("When it is full, databases stop, logs break off and updates stay half done.")
        .evidence(format!(
            "df: {} {} used, {} available, on {mount}",
            system.device, system.used_bytes, system.available_bytes
        ))
        .fix(format!("See what is large: du -xh --max-depth=2 {} | sort -h | tail -20", shell(mount)))
        .fix("Often safe to give back: apt-get clean; journalctl --vacuum-size=200M");
    Some(sighting.done())
}

fn inodes(system: &FileSystem, limits: &Limits) -> Option<Sighting> {
    let used = system.inodes.saturating_sub(system.inodes_free);
    let percent = percent(used, system.inodes)?;
    let severity = severity(percent, limits)?;
    let mount = &system.mount;
    let sighting =
        draft(severity, format!("{mount} inodes"), format!("{mount} has used {percent} % of its inodes"))
            .reason(format!(
                "{} of {} inodes are left on {}.",
                system.inodes_free, system.inodes, system.device
            ))
            .why("Without inodes no file can be made, however much space is left.")
            .evidence(format!(
                "df -i: {} {used} used, {} free, on {mount}",
                system.device, system.inodes_free
            ))
            .fix(format!(
                "See where the many files are: du -x --inodes --max-depth=2 {} | sort -n | tail -20",
                shell(mount)
            ));
    Some(sighting.done())
}

/// Rounded up, as `df` does; `None` where there is nothing to count.
fn percent(used: u64, of: u64) -> Option<u64> {
    let exact = (u128::from(used) * 100).div_ceil(u128::from(of).max(1));
    (of > 0).then(|| u64::try_from(exact).unwrap_or(u64::MAX))
}

fn severity(percent: u64, limits: &Limits) -> Option<Severity> {
    if percent > u64::from(limits.disk_high_percent) {
        Some(Severity::High)
    } else {
        (percent > u64::from(limits.disk_medium_percent)).then_some(Severity::Medium)
    }
}

/// Bytes as people read them: `3.1 GB`, powers of ten.
pub(crate) fn size(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["B", "kB", "MB", "GB", "TB", "PB"];
    let (mut whole, mut tenths, mut unit) = (bytes, 0, 0);
    while whole >= 1000 && unit + 1 < UNITS.len() {
        tenths = whole % 1000 / 100;
        whole /= 1000;
        unit += 1;
    }
    if unit == 0 || whole >= 100 {
        format!("{whole} {}", UNITS[unit])
    } else {
        format!("{whole}.{tenths} {}", UNITS[unit])
    }
}
