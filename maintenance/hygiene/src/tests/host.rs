//! The host itself: privileged files, units, disks, backups, and the words of the room.

use mainstay_record::finding::Severity::{Critical, High, Info, Low, Medium};
use mainstay_wire::backups::{BackupRepository, BackupSchedule, BackupTool, Backups, ScheduleKind};
use mainstay_wire::disks::{Disks, FileSystem};
use mainstay_wire::privileged::{Privileged, PrivilegedFile};
use mainstay_wire::units::{FailedUnit, Units};
use mainstay_wire::{Seen, Unseen};

use super::{DAY_MS, NOW_MS, in_days, is_well_worded, told};
use crate::policy::{DEADLINES, Limits};
use crate::verdict::Hidden;
use crate::{backups, disks, privileged, units};

fn file(path: &str, mode: u32) -> PrivilegedFile {
    PrivilegedFile {
        path: path.into(),
        mode,
        uid: 0,
        gid: 0,
        capabilities: None,
        package: None,
        is_as_packaged: None,
        changed_ms: in_days(-3),
    }
}

fn packaged(path: &str, mode: u32, is_as_packaged: Option<bool>) -> PrivilegedFile {
    PrivilegedFile { package: Some("things".into()), is_as_packaged, ..file(path, mode) }
}

fn capable(path: &str, text: &str) -> PrivilegedFile {
    PrivilegedFile { capabilities: Some(text.into()), ..file(path, 0o755) }
}

#[test]
fn privileged_files_no_package_explains() {
    let cases = [
        (packaged("/usr/bin/su", 0o4755, Some(true)), None),
        (packaged("/usr/bin/fusermount3", 0o4755, Some(true)), None),
        (packaged("/usr/bin/crontab", 0o4755, None), None),
        (packaged("/usr/bin/su", 0o4755, Some(false)), Some(High)),
        (packaged("/usr/bin/find", 0o4755, Some(true)), Some(Critical)),
        (packaged("/usr/bin/python3.11", 0o4755, Some(true)), Some(Critical)),
        (packaged("/usr/bin/find", 0o2755, Some(true)), None),
        (packaged("/usr/bin/wall", 0o2777, Some(true)), Some(Critical)),
        (PrivilegedFile { gid: 50, ..packaged("/usr/bin/x", 0o4775, Some(true)) }, Some(High)),
        (packaged("/usr/bin/x", 0o4775, Some(true)), None),
        (file("/opt/stray", 0o4755), Some(High)),
        (PrivilegedFile { uid: 33, ..file("/opt/stray", 0o4755) }, Some(Medium)),
        (file("/opt/stray", 0o2755), Some(Medium)),
        (capable("/opt/ping", "cap_net_raw+ep"), Some(Low)),
        (capable("/opt/x", "cap_net_raw,cap_sys_admin+ep"), Some(High)),
    ];
    for (file, expected) in cases {
        let seen = privileged::suspicious(&Privileged { files: vec![file.clone()], ..Privileged::default() });
        let expected: Vec<_> = expected.into_iter().map(|severity| (file.path.as_str(), severity)).collect();
        assert_eq!(told(&seen), expected, "{file:?}");
        is_well_worded(&seen);
    }
    // Without any manifest everything would be unknown: that is no finding, it is a gap.
    let many = Privileged {
        files: (0..6).map(|n| file(&format!("/bin/{n}"), 0o4755)).collect(),
        ..Privileged::default()
    };
    let verdict = &privileged::judge(&Seen::whole(many))[0];
    assert!(verdict.seen.is_empty() && verdict.hidden.hides("/bin/1"));
    let some = Privileged { files: vec![file("/opt/stray", 0o4755)], ..Privileged::default() };
    let gap = Unseen::new("files in 3 folders", "they may not be read by this user");
    let verdict = &privileged::judge(&Seen::partly(some, vec![gap]))[0];
    assert!(verdict.seen.len() == 1 && verdict.hidden.hides("/srv/other"));
}

#[test]
fn failed_units_say_since_when_and_how() {
    let failed = |result: Option<&str>, since_ms| FailedUnit {
        name: "shop.service".into(),
        description: "The shop".into(),
        result: result.map(str::to_owned),
        since_ms,
    };
    let told = |unit| units::failed(&Units { state: "degraded".into(), failed: vec![unit] }).remove(0);
    let seen = told(failed(Some("oom-kill"), Some(in_days(-1))));
    assert_eq!(seen.reason, "Since 22 Nov 2026 09:00 UTC: the kernel ended it for lack of memory.");
    assert_eq!((seen.severity, seen.title.as_str()), (Medium, "shop.service failed"));
    is_well_worded(&[seen, told(failed(None, None))]);
    let away = Seen::<Units>::not(Unseen::new("failed units", "systemd does not run this host"));
    let verdict = &units::judge(&away)[0];
    assert!(matches!(&verdict.hidden, Hidden::Everything(why) if why.contains("systemd does not run")));
    assert!(units::failed(&Units::default()).is_empty());
}

fn system(mount: &str, used: u64, available: u64) -> FileSystem {
    FileSystem {
        mount: mount.into(),
        device: "/dev/sda1".into(),
        kind: "ext4".into(),
        is_read_only: false,
        is_network: false,
        total_bytes: used + available,
        used_bytes: used,
        available_bytes: available,
        inodes: 1000,
        inodes_free: 900,
        options: vec![],
    }
}

#[test]
fn file_systems_nearly_full() {
    let cases = [
        (system("/", 90, 10), vec![]),
        (system("/", 901, 99), vec![("/ space", Medium)]), // df rounds up: 91 %
        (system("/", 97, 3), vec![("/ space", Medium)]),
        (system("/", 98, 2), vec![("/ space", High)]),
        (system("/", u64::MAX / 2, 0), vec![("/ space", High)]),
        (system("/", 0, 0), vec![]),
        (FileSystem { is_read_only: true, ..system("/cd", 100, 0) }, vec![]),
        (FileSystem { inodes: 0, inodes_free: 0, ..system("/btrfs", 1, 9) }, vec![]),
        (
            FileSystem { inodes_free: 10, ..system("/srv/my files", 1, 9) },
            vec![("/srv/my files inodes", High)],
        ),
    ];
    for (system, expected) in cases {
        let seen = disks::nearly_full(&Disks { file_systems: vec![system.clone()] }, &Limits::default());
        assert_eq!(told(&seen), expected, "{system:?}");
        is_well_worded(&seen);
    }
    let gap = Unseen::new("space on /mnt/far", "it did not answer");
    let verdict = &disks::judge(&Seen::partly(Disks::default(), vec![gap]), &Limits::default())[0];
    assert!(verdict.hidden.hides("/mnt/far space") && !verdict.hidden.hides("/ space"));
}

#[test]
fn backups_none_off_or_quiet() {
    let tool = BackupTool { name: "restic".into(), path: "/usr/bin/restic".into() };
    let schedule = |is_enabled| BackupSchedule {
        kind: ScheduleKind::Timer,
        source: "restic.timer".into(),
        when: "*-*-* 02:00".into(),
        tool: "restic".into(),
        command: "restic backup /srv".into(),
        is_enabled,
        last_run_ms: None,
    };
    let repository = |days: i64| BackupRepository {
        tool: "restic".into(),
        place: "/mnt/backup".into(),
        source: "found".into(),
        last_write_ms: Some(in_days(-days)),
    };
    let all = |tools: &[BackupTool], schedules: Vec<BackupSchedule>, repositories| Backups {
        tools: tools.to_vec(),
        schedules,
        repositories,
        looked_for: vec!["restic".into(), "borg".into()],
    };
    let one = std::slice::from_ref(&tool);
    let cases = [
        (all(&[], vec![], vec![]), vec!["No backup found"]),
        (all(one, vec![], vec![]), vec!["Nothing starts restic"]),
        (all(one, vec![schedule(false)], vec![]), vec!["A backup is planned and switched off"]),
        (all(one, vec![schedule(true)], vec![repository(7)]), vec![]),
        (
            all(one, vec![schedule(true)], vec![repository(9)]),
            vec!["The backup to /mnt/backup stopped 9 days ago"],
        ),
        (all(one, vec![schedule(true)], vec![]), vec![]),
    ];
    for (backups, expected) in cases {
        let verdict = backups::judge(&Seen::whole(backups.clone()), NOW_MS, &Limits::default()).remove(0);
        let titles: Vec<&str> = verdict.seen.iter().map(|sighting| sighting.title.as_str()).collect();
        assert_eq!(titles, expected, "{backups:?}");
        is_well_worded(&verdict.seen);
    }
    let none = backups::absent(&all(&[], vec![], vec![]), None).unwrap();
    assert_eq!(none.reason, "None found (looked for restic, borg, timers, cron).");
    // What Debian starts by itself is no backup, and a template nobody enabled is no plan.
    let own = BackupSchedule {
        source: "dpkg-db-backup.timer".into(),
        command: "/usr/libexec/dpkg/dpkg-db-backup".into(),
        tool: "script".into(),
        ..schedule(true)
    };
    let template = BackupSchedule { source: "pg_dump@.timer".into(), ..schedule(false) };
    let debian = Backups {
        looked_for: ["restic", "rustic", "borg", "borgmatic", "duply"].map(str::to_owned).into(),
        ..all(&[], vec![own, template], vec![])
    };
    let none = backups::absent(&debian, None).unwrap();
    assert_eq!((none.title.as_str(), none.severity), ("No backup found", Low));
    assert_eq!(none.reason, "None found (looked for restic, rustic, borg and 2 more tools, timers, cron).");
    // Over a gap the words say so; a schedule that is seen is there all the same.
    let gap = || vec![Unseen::new("cron jobs of accounts", "permission denied")];
    let judged = |backups: Backups| {
        backups::judge(&Seen::partly(backups, gap()), NOW_MS, &Limits::default()).remove(0)
    };
    let verdict = judged(debian);
    assert_eq!(
        (verdict.seen[0].title.as_str(), verdict.seen[0].severity),
        ("No backup found, as far as could be seen", Info)
    );
    assert!(verdict.hidden.hides("host") && verdict.hidden.hides("restic /mnt/backup"));
    is_well_worded(&verdict.seen);
    let verdict = judged(all(one, vec![schedule(true)], vec![]));
    assert!(verdict.seen.is_empty() && !verdict.hidden.hides("host"));
}

#[test]
fn due_dates_follow_the_severity_and_rules_have_one_name_each() {
    let deadlines = (DEADLINES.usual)();
    let days = |severity| deadlines.due_ms(severity, NOW_MS).map(|due| (due - NOW_MS) / DAY_MS);
    let all = mainstay_record::finding::Severity::ALL.map(days);
    assert_eq!(all, [Some(3), Some(14), Some(60), Some(180), None]);
    let mut words: Vec<&str> = crate::RULES.iter().map(|rule| rule.0).collect();
    assert!(words.iter().all(|word| word.starts_with("hygiene.")));
    words.sort_unstable();
    words.dedup();
    assert_eq!(words.len(), crate::RULES.len());
}
