//! Accounts that let in too much: without a password, with a weak hash, or as good as root.

use mainstay_record::finding::{Severity, Sighting};
use mainstay_wire::Seen;
use mainstay_wire::accounts::{Account, Accounts, Password, RootEqual};

use crate::draft::{draft, shell};
use crate::exposure::lower;
use crate::policy::Limits;
use crate::verdict::{Hidden, Verdict, gap, nothing};

pub const PASSWORDS: &str = "hygiene.accounts_passwords";
pub const ROOT: &str = "hygiene.accounts_root";
pub const GROUPS: &str = "hygiene.accounts_groups";

/// Gaps that do not concern what the files of this host say.
const ELSEWHERE: &str = "accounts that come from";
const SHADOW: &str = "state and age of passwords";
const GROUP_FILE: &str = "groups";

/// Groups whose members are administrators on purpose: sudo itself asks them for a password, and writes it down.
const ADMINISTRATORS: &[&str] = &["group sudo", "group wheel", "group admin"];
/// Readers of more than they should, who matter all the same.
const READERS: &[&str] = &["group shadow"];

/// What the rules of this section say.
pub fn judge(seen: &Seen<Accounts>, limits: &Limits) -> Vec<Verdict> {
    let Some(accounts) = &seen.value else {
        return [PASSWORDS, ROOT, GROUPS].map(|rule| Verdict::blind(rule, nothing(seen))).into();
    };
    let mut passwords =
        Verdict::with(PASSWORDS, passwords(accounts, limits), gap(seen, &[ELSEWHERE, GROUP_FILE]));
    if let Hidden::Nothing = passwords.hidden {
        let unknown: Vec<String> = accounts
            .accounts
            .iter()
            .filter(|a| a.password == Password::Unknown)
            .map(|a| a.name.clone())
            .collect();
        if !unknown.is_empty() {
            let because = format!("password of {}: its state could not be seen", unknown.join(", "));
            let hides = Box::new(move |subject: &str| unknown.iter().any(|name| name == subject));
            passwords.hidden = Hidden::Some { because, hides };
        }
    }
    let numbers = Verdict::with(ROOT, shared_numbers(accounts), gap(seen, &[ELSEWHERE, GROUP_FILE, SHADOW]));
    vec![passwords, numbers, Verdict::with(GROUPS, root_groups(accounts), gap(seen, &[ELSEWHERE, SHADOW]))]
}

/// Empty passwords, weak hashes, passwords that never age where they should, passwords of groups.
pub fn passwords(accounts: &Accounts, limits: &Limits) -> Vec<Sighting> {
    let mut found: Vec<Sighting> =
        accounts.accounts.iter().filter_map(|account| password(account, limits)).collect();
    let open_groups = accounts.groups.iter().filter(|group| group.has_password);
    found.extend(open_groups.map(|group| {
        draft(Severity::Low, format!("group:{}", group.name), format!("Group {} has a password", group.name))
            .reason("Everybody who knows it joins the group with newgrp.")
            .why("A shared password says nothing about who used it, and nobody notices when it spreads.")
            .evidence(format!("/etc/gshadow: group {} (gid {}) has a password", group.name, group.gid))
            .fix(format!("gpasswd -r {}", shell(&group.name)))
            .done()
    }));
    found
}

fn password(account: &Account, limits: &Limits) -> Option<Sighting> {
    match &account.password {
        Password::Empty => Some(empty(account)),
        Password::Set { algorithm } => weak_hash(account, algorithm).or_else(|| never_ages(account, limits)),
        Password::Locked { .. } | Password::None | Password::Unknown => None,
    }
}

fn empty(account: &Account) -> Sighting {
    let Account { name, uid, shell: login, .. } = account;
    let (severity, can) = if account.is_expired {
        (Severity::Low, "the account is expired".to_owned())
    } else if account.has_login_shell {
        (Severity::Critical, format!("its shell is {login}"))
    } else {
        (Severity::Medium, format!("its shell {login} lets nobody sign in, other services may"))
    };
    draft(severity, name, format!("{name} signs in without a password"))
        .reason(format!("The password of {name} (uid {uid}) is empty, and {can}."))
        .why("Whoever reaches a sign-in on this host, by console, su, or a service that asks PAM, is in.")
        .evidence(format!("/etc/shadow: {name} has an empty password field"))
        .evidence(format!("/etc/passwd: {name}, uid {uid}, shell {login}"))
        .fix(format!("passwd -l {}    locks it; or set one: passwd {}", shell(name), shell(name)))
        .controls(&["CIS Debian 12, 7.2.2", "NIST SP 800-53 IA-5"])
        .done()
}

fn weak_hash(account: &Account, algorithm: &str) -> Option<Sighting> {
    let (full, why) = match algorithm {
        "des" | "bsdi-des" | "bigcrypt" => {
            (Severity::High, "Only 8 letters count, and one graphics card tries all of them in days.")
        }
        "nthash" | "lm" => (Severity::High, "It has no salt; tables of it for most passwords exist."),
        "md5" | "sunmd5" | "sha1" => {
            (Severity::Medium, "A graphics card tries millions of passwords a second against it.")
        }
        _ => return None,
    };
    let severity = if account.is_expired || !account.has_login_shell { lower(full) } else { full };
    let name = &account.name;
    let sighting = draft(severity, name, format!("The password of {name} is kept with {algorithm}"))
        .reason(format!("{algorithm} hashes are cracked quickly when /etc/shadow or a copy of it leaks."))
        .why(why)
        .evidence(format!("/etc/shadow: {name}, algorithm {algorithm}"))
        .fix(format!("Let {name} choose a new password at the next sign-in: chage -d 0 {}", shell(name)))
        .fix("See that ENCRYPT_METHOD in /etc/login.defs is YESCRYPT or SHA512.")
        .controls(&["CIS Debian 12, 5.4.1.4"]);
    Some(sighting.done())
}

fn never_ages(account: &Account, limits: &Limits) -> Option<Sighting> {
    let most = limits.password_max_days?;
    if !account.has_login_shell || account.is_expired {
        return None;
    }
    let said = match account.password_max_days {
        Some(days) if days <= most => return None,
        Some(days) => format!("{days} days"),
        None => "no limit".to_owned(),
    };
    let name = &account.name;
    let sighting =
        draft(Severity::Low, name, format!("The password of {name} does not age as the policy says"))
            .reason(format!("It may stay for {said}; the policy says {most} days."))
            .why("A password that leaked unseen works until it is changed.")
            .evidence(format!(
                "/etc/shadow: {name}, most days {said}, last changed {}",
                account.password_changed.as_deref().unwrap_or("at a day that is not known")
            ))
            .fix(format!("chage -M {most} {}", shell(name)))
            .controls(&["CIS Debian 12, 5.4.1.1"]);
    Some(sighting.done())
}

/// Accounts that are root under another name, and other user numbers that several accounts share.
pub fn shared_numbers(accounts: &Accounts) -> Vec<Sighting> {
    let roots = accounts
        .accounts
        .iter()
        .filter(|account| account.uid == 0 && account.name != "root")
        .map(second_root);
    let shared = accounts.shared_uids.iter().filter(|shared| shared.uid != 0).map(|shared| {
        let names = shared.accounts.join(", ");
        draft(Severity::Low, format!("uid {}", shared.uid), format!("{names} are one user"))
            .reason(format!("{} accounts have uid {}.", shared.accounts.len(), shared.uid))
            .why("They own each other's files and processes, and no record tells them apart.")
            .evidence(format!("/etc/passwd: uid {} is {names}", shared.uid))
            .fix("Give each its own number: usermod -u NUMBER NAME, then hand over its files with chown.")
            .controls(&["CIS Debian 12, 7.2.5"])
            .done()
    });
    roots.chain(shared).collect()
}

fn second_root(account: &Account) -> Sighting {
    let name = &account.name;
    let is_closed = account.is_expired
        || !account.has_login_shell
        || matches!(account.password, Password::None | Password::Locked { .. });
    let (severity, can) = if is_closed {
        (Severity::Medium, "it cannot sign in with a password now")
    } else {
        (Severity::High, "it can sign in")
    };
    draft(severity, format!("uid 0 {name}"), format!("{name} is root under another name"))
        .reason(format!("{name} has uid 0, and {can}."))
        .why("It may do all that root may, while rules that speak of root do not hold for it. Intruders leave such accounts.")
        .evidence(format!("/etc/passwd: {name}, uid 0, shell {}", account.shell))
        .fix(format!("If nobody needs it: edit it out with vipw, then vipw -s. userdel {} would refuse while root runs.", shell(name)))
        .controls(&["CIS Debian 12, 5.4.2.1"])
        .done()
}

/// Members of groups that may become root, or read every password hash.
pub fn root_groups(accounts: &Accounts) -> Vec<Sighting> {
    let counts = |way: &&RootEqual| {
        let through = way.through.as_str();
        through.starts_with("group ")
            && (way.is_full || READERS.contains(&through))
            && !ADMINISTRATORS.contains(&through)
    };
    accounts.root_equal.iter().filter(counts).map(|way| root_group(accounts, way)).collect()
}

fn root_group(accounts: &Accounts, way: &RootEqual) -> Sighting {
    let RootEqual { account, through, why, is_full } = way;
    let group = through.trim_start_matches("group ");
    let known = accounts.accounts.iter().find(|known| known.name == *account);
    let (severity, who) = match known {
        None => {
            (Severity::Low, "no account of this name is on the host; whoever gets it gets this".to_owned())
        }
        Some(known) if known.is_expired || !known.has_login_shell => {
            (Severity::Low, "the account does not sign in; programs that run as it have this".to_owned())
        }
        Some(known) => (Severity::Medium, format!("the account signs in with {}", known.shell)),
    };
    let title = if *is_full {
        format!("{account} is as good as root through {through}")
    } else {
        format!("{account} reads what only root should, through {through}")
    };
    draft(severity, format!("{account} {through}"), title)
        .reason(format!("A member of {group} {why}; {who}."))
        .why("It is root without a password, without sudo and without a line in any log of sudo.")
        .evidence(format!("/etc/group: {account} is in {group}"))
        .fix(format!("gpasswd -d {} {}", shell(account), shell(group)))
        .fix("It takes effect at the next sign-in of the account.")
        .controls(if group == "shadow" { &["CIS Debian 12, 7.2.4"] } else { &["NIST SP 800-53 AC-6"] })
        .done()
}
