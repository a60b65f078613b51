//! Backup tools, what starts them by itself, and the repositories their settings name.

use crate::Host;
use crate::collect::text::{assignments, matches};
use crate::host::reason;
use crate::wire::backups::{BackupRepository, BackupSchedule, BackupTool, Backups, ScheduleKind};
use crate::wire::{Seen, Unseen};

/// Tools by the name of their program.
const TOOLS: &[&str] = &[
    "restic",
    "rustic",
    "borg",
    "borgmatic",
    "pgbackrest",
    "barman",
    "wal-g",
    "duplicity",
    "duply",
    "rsnapshot",
    "rdiff-backup",
    "kopia",
    "bup",
    "bareos-fd",
    "bacula-fd",
    "urbackupclientbackend",
    "proxmox-backup-client",
    "burp",
    "amdump",
    "timeshift",
    "backintime",
    "snapper",
    "btrbk",
    "sanoid",
    "syncoid",
    "zrepl",
    "autorestic",
    "mariabackup",
    "xtrabackup",
    "mysqldump",
    "mariadb-dump",
    "pg_dump",
    "pg_dumpall",
    "pg_basebackup",
    "automysqlbackup",
    "autopostgresqlbackup",
    "etckeeper",
    "dejadup",
    "mainstay",
];
/// Servers of tools that keep their schedule themselves.
const SERVICES: &[&str] = &["bareos-fd", "bacula-fd", "urbackupclientbackend", "burp", "zrepl"];
const FOLDERS: &[&str] =
    &["/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin", "/opt/bin", "/root/bin", "/snap/bin"];
const UNIT_FOLDERS: &[&str] =
    &["/etc/systemd/system", "/run/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system"];
/// Tools that every server of its kind brings along: alone they are no backup.
const NO_TOOL_ALONE: &[&str] =
    &["mysqldump", "mariadb-dump", "pg_dump", "pg_dumpall", "pg_basebackup", "etckeeper", "mainstay"];

/// What backs this host up.
pub fn collect(host: &Host) -> Seen<Backups> {
    let mut found =
        Backups { looked_for: TOOLS.iter().map(|tool| (*tool).to_owned()).collect(), ..Backups::default() };
    let mut unseen = Vec::new();
    for tool in TOOLS.iter().filter(|tool| !NO_TOOL_ALONE.contains(tool)) {
        let path = FOLDERS.iter().map(|folder| format!("{folder}/{tool}")).find(|path| host.exists(path));
        found.tools.extend(path.map(|path| BackupTool { name: (*tool).to_owned(), path }));
    }
    timers(host, &mut found);
    crons(host, &mut found, &mut unseen);
    services(host, &mut found);
    repositories(host, &mut found);
    found.schedules.sort();
    found.schedules.dedup();
    found.repositories.sort();
    found.repositories.dedup();
    Seen::partly(found, unseen)
}

/// The tool a command line names as a word of its own.
fn tool_in(command: &str) -> Option<&'static str> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let words = command.split(|c: char| !is_word(c)).map(|word| word.trim_end_matches(".sh"));
    let words: Vec<&str> = words.collect();
    TOOLS.iter().find(|tool| words.contains(tool)).copied().or_else(|| {
        // A script of the house says what it is by its name.
        words.iter().any(|word| word.to_ascii_lowercase().contains("backup")).then_some("script")
    })
}

/// Passwords in addresses and variables, blotted out.
fn blotted(text: &str) -> String {
    let blot = |word: &str| {
        let upper = word.to_ascii_uppercase();
        if let Some((name, _)) = word.split_once('=')
            && ["PASSWORD", "PASSWD", "SECRET", "KEY", "TOKEN"]
                .iter()
                .any(|secret| upper.split('=').next().is_some_and(|n| n.contains(secret)))
        {
            return format!("{name}=…");
        }
        if word.starts_with("-p") && word.len() > 2 && !word.starts_with("-p=") {
            return "-p…".to_owned();
        }
        match (word.find("://"), word.rfind('@')) {
            (Some(scheme), Some(at)) if at > scheme => match word[scheme + 3..at].split_once(':') {
                Some((user, _)) => format!("{}{user}:…{}", &word[..scheme + 3], &word[at..]),
                None => word.to_owned(),
            },
            _ => word.to_owned(),
        }
    };
    text.split_whitespace().map(blot).collect::<Vec<_>>().join(" ")
}

fn timers(host: &Host, found: &mut Backups) {
    let mut names: Vec<(String, String)> = Vec::new();
    for folder in UNIT_FOLDERS {
        for name in host.list(folder).unwrap_or_default().into_iter().filter(|name| matches("*.timer", name))
        {
            if !names.iter().any(|(_, known)| *known == name) {
                names.push(((*folder).to_owned(), name));
            }
        }
    }
    for (folder, name) in names {
        let Ok(text) = host.text(format!("{folder}/{name}")) else { continue };
        let settings = assignments(&text);
        let all = |key: &str| {
            settings.iter().filter(|(k, _)| k == key).map(|(_, v)| v.as_str()).collect::<Vec<_>>()
        };
        let stem = name.trim_end_matches(".timer");
        let unit = all("Unit").first().map_or(format!("{stem}.service"), |unit| (*unit).to_owned());
        let template = unit.split_once('@').map(|(front, _)| format!("{front}@.service"));
        let service = UNIT_FOLDERS
            .iter()
            .flat_map(|f| [Some(format!("{f}/{unit}")), template.as_ref().map(|t| format!("{f}/{t}"))])
            .flatten()
            .find_map(|path| host.text(path).ok())
            .unwrap_or_default();
        let commands: Vec<String> = assignments(&service)
            .into_iter()
            .filter(|(key, _)| key.starts_with("ExecStart"))
            .map(|(_, v)| v)
            .collect();
        let command = commands.join("; ");
        let Some(tool) = tool_in(&command).or_else(|| tool_in(stem)) else { continue };
        let when = ["OnCalendar", "OnUnitActiveSec", "OnBootSec"]
            .iter()
            .flat_map(|key| all(key))
            .collect::<Vec<_>>();
        let is_enabled = host
            .list("/etc/systemd/system")
            .unwrap_or_default()
            .iter()
            .filter(|wants| matches("*.wants", wants))
            .any(|wants| {
                std::fs::symlink_metadata(host.path(format!("/etc/systemd/system/{wants}")).join(&name))
                    .is_ok()
            });
        let stamp =
            host.metadata(format!("/var/lib/systemd/timers/stamp-{name}")).and_then(|meta| meta.modified());
        found.schedules.push(BackupSchedule {
            kind: ScheduleKind::Timer,
            source: name,
            when: when.join(", "),
            tool: tool.to_owned(),
            command: blotted(&command),
            is_enabled,
            last_run_ms: stamp.ok().and_then(since_1970_ms),
        });
    }
}

fn since_1970_ms(at: std::time::SystemTime) -> Option<u64> {
    u64::try_from(at.duration_since(std::time::UNIX_EPOCH).ok()?.as_millis()).ok()
}

fn crons(host: &Host, found: &mut Backups, unseen: &mut Vec<Unseen>) {
    let mut files = vec![("/etc/crontab".to_owned(), true)];
    let in_folder = |folder: &str| {
        host.list(folder)
            .unwrap_or_default()
            .into_iter()
            .map(move |n| format!("{folder}/{n}"))
            .collect::<Vec<_>>()
    };
    files.extend(in_folder("/etc/cron.d").into_iter().map(|path| (path, true)));
    match host.list("/var/spool/cron/crontabs").or_else(|_| host.list("/var/spool/cron")) {
        Err(fault) if fault.kind() == std::io::ErrorKind::PermissionDenied => {
            let gap = Unseen::new("cron jobs of accounts", reason("/var/spool/cron", &fault));
            unseen.push(gap.allow_with("run the agent as root: sudo mainstay agent"));
        }
        _ => {}
    }
    for folder in ["/var/spool/cron/crontabs", "/var/spool/cron"] {
        files.extend(in_folder(folder).into_iter().map(|path| (path, false)));
    }
    for (path, has_user) in files {
        let Ok(text) = host.text(&path) else { continue };
        for (at, line) in text.lines().enumerate() {
            if let Some((when, command)) = cron_line(line, has_user)
                && let Some(tool) = tool_in(command)
            {
                found.schedules.push(cron(format!("{path}:{}", at + 1), when, tool, command));
            }
        }
    }
    for when in ["hourly", "daily", "weekly", "monthly"] {
        for path in in_folder(&format!("/etc/cron.{when}")) {
            let text = host.text(&path).unwrap_or_default();
            let lines = text.lines().map(str::trim).filter(|line| !line.starts_with('#'));
            // dpkg's own daily copy of its database and the like are no backup of the host.
            let named = lines.clone().find(|line| tool_in(line).is_some_and(|tool| tool != "script"));
            if let Some(tool) = named.and_then(tool_in) {
                found.schedules.push(cron(path, when, tool, named.unwrap_or_default()));
            }
        }
    }
}

fn cron(source: String, when: &str, tool: &str, command: &str) -> BackupSchedule {
    BackupSchedule {
        kind: ScheduleKind::Cron,
        source,
        when: when.to_owned(),
        tool: tool.to_owned(),
        command: blotted(command),
        is_enabled: true,
        last_run_ms: None,
    }
}

/// `MIN HOUR DAY MONTH WEEKDAY [USER] COMMAND`, or `@daily [USER] COMMAND`.
fn cron_line(line: &str, has_user: bool) -> Option<(&str, &str)> {
    let line = line.trim();
    let first = line.chars().next()?;
    if !(first.is_ascii_digit() || matches!(first, '*' | '@')) {
        return None;
    }
    let skip = |text: &str, words: usize| {
        let mut at = 0;
        for _ in 0..words {
            at += text[at..].find(|c: char| !c.is_whitespace())?;
            at += text[at..].find(char::is_whitespace)?;
        }
        Some(at)
    };
    let when_end = skip(line, if first == '@' { 1 } else { 5 })?;
    let rest = &line[when_end..];
    let command = &rest[skip(rest, usize::from(has_user))?..];
    Some((line[..when_end].trim(), command.trim()))
}

fn services(host: &Host, found: &mut Backups) {
    for tool in found.tools.clone().into_iter().filter(|tool| SERVICES.contains(&tool.name.as_str())) {
        let wants = "/etc/systemd/system/multi-user.target.wants";
        let unit = host
            .list(wants)
            .unwrap_or_default()
            .into_iter()
            .find(|unit| matches(&format!("{}*.service", tool.name), unit));
        found.schedules.push(BackupSchedule {
            kind: ScheduleKind::Service,
            source: unit.clone().unwrap_or_else(|| tool.path.clone()),
            when: "kept by its own server".to_owned(),
            tool: tool.name,
            command: tool.path,
            is_enabled: unit.is_some(),
            last_run_ms: None,
        });
    }
}

/// Addresses in environment files and settings of the tools.
fn repositories(host: &Host, found: &mut Backups) {
    const FOLDERS: &[&str] = &[
        "/etc",
        "/etc/default",
        "/etc/restic",
        "/etc/borgmatic",
        "/etc/borgmatic.d",
        "/etc/pgbackrest",
        "/root",
    ];
    const PATTERNS: &[&str] =
        &["*restic*", "*borg*", "pgbackrest.conf", "rsnapshot.conf", "config.yaml", "*.env", "*backup*"];
    for folder in FOLDERS {
        for name in host.list(folder).unwrap_or_default() {
            if !PATTERNS.iter().any(|pattern| matches(pattern, &name))
                || (*folder == "/etc" && name == "config.yaml")
            {
                continue;
            }
            let path = format!("{folder}/{name}");
            let Ok(text) = host.read_limited(&path, 256 << 10) else { continue };
            for (at, line) in String::from_utf8_lossy(&text).lines().enumerate() {
                if let Some((tool, place)) = repository(line.trim()) {
                    found.repositories.push(BackupRepository {
                        tool: tool.to_owned(),
                        last_write_ms: last_write(host, &place),
                        place: blotted(&place),
                        source: format!("{path}:{}", at + 1),
                    });
                }
            }
        }
    }
}

const KEYS: &[(&str, &str)] = &[
    ("RESTIC_REPOSITORY=", "restic"),
    ("BORG_REPO=", "borg"),
    ("repo1-path=", "pgbackrest"),
    ("repo1-s3-bucket=", "pgbackrest"),
    ("snapshot_root\t", "rsnapshot"),
    ("- path: ", "borgmatic"),
];

fn repository(line: &str) -> Option<(&'static str, String)> {
    let line = line.strip_prefix("export ").unwrap_or(line);
    let (key, tool) = KEYS.iter().find(|(key, _)| line.starts_with(key))?;
    let place = crate::collect::text::unquoted(line[key.len()..].trim());
    (!place.is_empty()).then_some((*tool, place))
}

/// The newest snapshot of a repository on this host: its snapshots folder changes with each.
fn last_write(host: &Host, place: &str) -> Option<u64> {
    if !place.starts_with('/') {
        return None;
    }
    let newest = [format!("{place}/snapshots"), format!("{place}/data"), place.to_owned()];
    newest.iter().find_map(|path| host.metadata(path).ok()?.modified().ok()).and_then(since_1970_ms)
}

#[cfg(test)]
mod tests {
    use super::{blotted, collect, tool_in};
    use crate::Host;

    #[test]
    fn tools_are_words_and_secrets_are_blotted_out() {
        assert_eq!(tool_in("/usr/bin/restic backup /etc"), Some("restic"));
        assert_eq!(tool_in("flock -n /x /root/do-backup.sh"), Some("script"));
        assert_eq!(tool_in("resticity --help"), None);
        let line =
            "RESTIC_PASSWORD=abc restic -r rest:https://me:pw@h/x AWS_SECRET_ACCESS_KEY=q mysqldump -psecret";
        let told = blotted(line);
        assert_eq!(
            told,
            "RESTIC_PASSWORD=… restic -r rest:https://me:…@h/x AWS_SECRET_ACCESS_KEY=… mysqldump -p…"
        );
    }

    #[test]
    fn timers_cron_jobs_and_repositories_are_found() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        for path in [
            "etc/systemd/system/timers.target.wants",
            "etc/cron.d",
            "etc/default",
            "usr/bin",
            "srv/repo/snapshots",
        ] {
            std::fs::create_dir_all(root.join(path)).unwrap();
        }
        let put = |path: &str, text: &str| std::fs::write(root.join(path), text).unwrap();
        put("usr/bin/restic", "");
        put("usr/bin/pg_dump", "");
        put("etc/systemd/system/nightly.timer", "[Timer]\nOnCalendar=*-*-* 02:00\n");
        put("etc/systemd/system/nightly.service", "[Service]\nExecStart=/usr/bin/restic backup /srv\n");
        std::os::unix::fs::symlink(
            "../nightly.timer",
            root.join("etc/systemd/system/timers.target.wants/nightly.timer"),
        )
        .unwrap();
        put(
            "etc/cron.d/db",
            "# pg_dump\nPATH=/bin\n5 4 * * * postgres pg_dump shop > /srv/shop.sql\n@daily root ls\n",
        );
        put("etc/default/restic", "export RESTIC_REPOSITORY=\"/srv/repo\"\nRESTIC_PASSWORD=x\n");
        let found = collect(&Host::fixture(root, 0)).value.unwrap();
        assert_eq!(found.tools.iter().map(|tool| tool.name.as_str()).collect::<Vec<_>>(), ["restic"]);
        let told: Vec<_> = found
            .schedules
            .iter()
            .map(|s| (s.source.as_str(), s.when.as_str(), s.tool.as_str(), s.is_enabled))
            .collect();
        assert_eq!(
            told,
            [
                ("nightly.timer", "*-*-* 02:00", "restic", true),
                ("/etc/cron.d/db:3", "5 4 * * *", "pg_dump", true)
            ]
        );
        assert_eq!(found.repositories[0].place, "/srv/repo");
        assert!(found.repositories[0].last_write_ms.is_some());
    }
}
