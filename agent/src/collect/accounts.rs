//! Accounts and groups from passwd, shadow, group and gshadow; a hash is named by its algorithm and dropped.

use std::collections::{BTreeMap, HashMap};
use std::io::{Read, Seek, SeekFrom};

use crate::Host;
use crate::collect::text::date_of_day;
use crate::host::reason;
use crate::wire::accounts::{Account, Accounts, Group, Password, RootEqual, SharedUid};
use crate::wire::{Seen, Unseen};

/// Groups whose members may become root, and those who read what only root should read.
const ROOT_GROUPS: &[(&str, bool, &str)] = &[
    ("docker", true, "may start a container that owns the whole disk"),
    ("lxd", true, "may start a container that owns the whole disk"),
    ("incus-admin", true, "may start a container that owns the whole disk"),
    ("incus", true, "may start a container that owns the whole disk"),
    ("libvirt", true, "may start a machine that owns the whole disk"),
    ("disk", true, "reads and writes the disks below every file permission"),
    ("kmem", true, "reads and writes the memory of the kernel"),
    ("sudo", true, "may run everything as root by the usual sudo rules"),
    ("wheel", true, "may run everything as root by the usual sudo rules"),
    ("admin", true, "may run everything as root by the usual sudo rules"),
    ("shadow", false, "reads every password hash"),
    ("adm", false, "reads the logs of the system"),
    ("systemd-journal", false, "reads the logs of the system"),
];

/// Shells that let nobody in.
const CLOSED_SHELLS: &[&str] =
    &["nologin", "false", "true", "sync", "shutdown", "halt", "git-shell-disabled", "null"];

/// One record of lastlog: seconds, terminal, host.
const LASTLOG_RECORD_BYTES: u64 = 292;

/// The accounts and groups of this host.
pub fn collect(host: &Host) -> Seen<Accounts> {
    let passwd = match host.text("/etc/passwd") {
        Ok(text) => text,
        Err(fault) => return Seen::not(Unseen::new("accounts", reason("/etc/passwd", &fault))),
    };
    let mut unseen = Vec::new();
    let mut found = Accounts::default();
    let shadow = shadow(host, &mut unseen);
    read_accounts(host, &passwd, shadow.as_ref(), &mut found);
    match host.text("/etc/group") {
        Ok(text) => read_groups(host, &text, &mut found),
        Err(fault) => unseen.push(Unseen::new("groups", reason("/etc/group", &fault))),
    }
    found.root_equal = root_equal(&found);
    found.shared_uids = shared_uids(&found.accounts);
    last_sign_ins(host, &mut found.accounts);
    unseen.extend(elsewhere(host));
    Seen::partly(found, unseen)
}

/// The fields of shadow by account name; `None` when the file may not be read.
fn shadow(host: &Host, unseen: &mut Vec<Unseen>) -> Option<HashMap<String, Vec<String>>> {
    match host.text("/etc/shadow") {
        Ok(text) => Some(
            text.lines()
                .filter_map(|line| {
                    let fields: Vec<String> = line.split(':').map(str::to_owned).collect();
                    (fields.len() >= 2).then(|| (fields[0].clone(), fields))
                })
                .collect(),
        ),
        Err(fault) => {
            let gap = Unseen::new("state and age of passwords", reason("/etc/shadow", &fault));
            unseen.push(gap.allow_with("run the agent as root: sudo mainstay agent"));
            None
        }
    }
}

fn read_accounts(
    host: &Host,
    passwd: &str,
    shadow: Option<&HashMap<String, Vec<String>>>,
    found: &mut Accounts,
) {
    let today = i64::try_from(host.now_ms() / 86_400_000).unwrap_or(0);
    for line in passwd.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#')) {
        let fields: Vec<&str> = line.split(':').collect();
        if line.starts_with(['+', '-']) {
            continue; // compat lines: the accounts behind them are reported as not seen
        }
        let numbers =
            (fields.get(2).and_then(|f| f.parse().ok()), fields.get(3).and_then(|f| f.parse().ok()));
        let (7, (Some(uid), Some(gid)), false) = (fields.len(), numbers, fields[0].is_empty()) else {
            found.malformed.push(format!("/etc/passwd: {}", fields[0]));
            continue;
        };
        let aged = shadow.and_then(|shadow| shadow.get(fields[0]));
        let mut account = Account {
            name: fields[0].to_owned(),
            uid,
            gid,
            comment: fields[4].to_owned(),
            home: fields[5].to_owned(),
            shell: fields[6].to_owned(),
            has_login_shell: is_login_shell(fields[6]),
            password: password(fields[1], aged, shadow.is_some()),
            password_changed: None,
            password_max_days: None,
            must_change_password: false,
            expires: None,
            is_expired: false,
            last_sign_in_ms: None,
        };
        if let Some(aged) = aged {
            age(&mut account, aged, today);
        }
        found.accounts.push(account);
    }
}

fn age(account: &mut Account, fields: &[String], today: i64) {
    let number = |at: usize| fields.get(at).and_then(|field| field.parse::<i64>().ok());
    let changed = number(2);
    account.must_change_password = changed == Some(0);
    account.password_changed = changed.filter(|day| *day > 0).and_then(date_of_day);
    account.password_max_days =
        number(4).filter(|days| (0..99_999).contains(days)).and_then(|days| u32::try_from(days).ok());
    account.expires = number(7).filter(|day| *day >= 0).and_then(date_of_day);
    account.is_expired = number(7).is_some_and(|day| day >= 0 && day <= today);
}

/// Whether a shell lets somebody sign in. An empty field means `/bin/sh`.
fn is_login_shell(shell: &str) -> bool {
    let name = shell.rsplit('/').next().unwrap_or(shell);
    !CLOSED_SHELLS.contains(&name)
}

/// The state of a password from the fields of passwd and shadow.
fn password(in_passwd: &str, aged: Option<&Vec<String>>, is_shadow_seen: bool) -> Password {
    let field = match (in_passwd, aged) {
        ("x", Some(fields)) => fields[1].as_str(),
        ("x", None) if is_shadow_seen => return Password::None,
        ("x", None) => return Password::Unknown,
        (direct, _) => direct,
    };
    if field.is_empty() {
        return Password::Empty;
    }
    let bare = field.trim_start_matches('!');
    match (algorithm(bare), bare.len() == field.len()) {
        (Some(name), true) => Password::Set { algorithm: name.to_owned() },
        (Some(name), false) => Password::Locked { algorithm: name.to_owned() },
        (None, _) => Password::None,
    }
}

/// The name of the algorithm of a hash of `crypt(5)`; `None` for what no password can equal.
fn algorithm(hash: &str) -> Option<&'static str> {
    const PREFIXES: &[(&str, &str)] = &[
        ("$y$", "yescrypt"),
        ("$gy$", "gost-yescrypt"),
        ("$7$", "scrypt"),
        ("$2", "bcrypt"),
        ("$6$", "sha512"),
        ("$5$", "sha256"),
        ("$sha1", "sha1"),
        ("$md5", "sunmd5"),
        ("$1$", "md5"),
        ("$3$", "nthash"),
        ("_", "bsdi-des"),
    ];
    if let Some((_, name)) = PREFIXES.iter().find(|(prefix, _)| hash.starts_with(prefix)) {
        return Some(name);
    }
    let is_des =
        hash.len() == 13 && hash.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'/'));
    is_des.then_some("des").or_else(|| hash.starts_with('$').then_some("unknown"))
}

fn read_groups(host: &Host, text: &str, found: &mut Accounts) {
    let hidden: HashMap<String, bool> = host
        .text("/etc/gshadow")
        .unwrap_or_default()
        .lines()
        .filter_map(|line| {
            let mut fields = line.split(':');
            Some((fields.next()?.to_owned(), algorithm(fields.next()?).is_some()))
        })
        .collect();
    for line in text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with(['#', '+', '-'])) {
        let fields: Vec<&str> = line.split(':').collect();
        let gid = fields.get(2).and_then(|gid| gid.parse().ok());
        let (4, Some(gid)) = (fields.len(), gid) else {
            found.malformed.push(format!("/etc/group: {}", fields[0]));
            continue;
        };
        found.groups.push(Group {
            name: fields[0].to_owned(),
            gid,
            members: fields[3].split(',').filter(|m| !m.is_empty()).map(str::to_owned).collect(),
            has_password: algorithm(fields[1]).is_some() || hidden.get(fields[0]) == Some(&true),
        });
    }
}

fn root_equal(found: &Accounts) -> Vec<RootEqual> {
    let mut ways = Vec::new();
    for account in found.accounts.iter().filter(|account| account.uid == 0 && account.name != "root") {
        ways.push(RootEqual {
            account: account.name.clone(),
            through: "uid 0".to_owned(),
            why: "is root under another name".to_owned(),
            is_full: true,
        });
    }
    for (name, is_full, why) in ROOT_GROUPS {
        let Some(group) = found.groups.iter().find(|group| group.name == *name) else { continue };
        let primary = found.accounts.iter().filter(|account| account.gid == group.gid).map(|a| &a.name);
        for account in group.members.iter().chain(primary).filter(|account| *account != "root") {
            ways.push(RootEqual {
                account: account.clone(),
                through: format!("group {name}"),
                why: (*why).to_owned(),
                is_full: *is_full,
            });
        }
    }
    ways.sort();
    ways.dedup();
    ways
}

fn shared_uids(accounts: &[Account]) -> Vec<SharedUid> {
    let mut names: BTreeMap<u32, Vec<String>> = BTreeMap::new();
    for account in accounts {
        names.entry(account.uid).or_default().push(account.name.clone());
    }
    let shared = names.into_iter().filter(|(_, accounts)| accounts.len() > 1);
    shared.map(|(uid, accounts)| SharedUid { uid, accounts }).collect()
}

/// lastlog is a sparse file with one record per user number.
fn last_sign_ins(host: &Host, accounts: &mut [Account]) {
    let Ok(mut file) = host.open("/var/log/lastlog") else { return };
    let length = file.metadata().map_or(0, |meta| meta.len());
    for account in accounts {
        let at = u64::from(account.uid) * LASTLOG_RECORD_BYTES;
        let mut seconds = [0; 4];
        if at + LASTLOG_RECORD_BYTES <= length
            && file.seek(SeekFrom::Start(at)).is_ok()
            && file.read_exact(&mut seconds).is_ok()
        {
            let seconds = u64::from(u32::from_ne_bytes(seconds));
            account.last_sign_in_ms = (seconds > 0).then_some(seconds * 1000);
        }
    }
}

/// Accounts that come from a directory are in no file.
fn elsewhere(host: &Host) -> Option<Unseen> {
    let text = host.text("/etc/nsswitch.conf").ok()?;
    let line = text.lines().find_map(|line| line.trim().strip_prefix("passwd:"))?;
    let known = ["files", "compat", "systemd", "db"];
    let others: Vec<&str> = line
        .split_whitespace()
        .filter(|word| !word.starts_with('[') && !word.ends_with(']') && !known.contains(word))
        .collect();
    (!others.is_empty()).then(|| {
        Unseen::new(
            format!("accounts that come from {}", others.join(", ")),
            "a directory keeps them and no file lists them",
        )
    })
}

#[cfg(test)]
mod tests;
