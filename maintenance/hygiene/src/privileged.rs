//! Files that give rights to whoever runs them, and that no package explains.

use mainstay_record::finding::{Severity, Sighting};
use mainstay_wire::Seen;
use mainstay_wire::privileged::{Privileged, PrivilegedFile};

use crate::draft::{Draft, draft, minute, shell};
use crate::programs;
use crate::verdict::{Verdict, gap, nothing};

pub const FILES: &str = "hygiene.privileged";

/// With so many files and not one of a package, it is the manifests that were not there.
const SURELY_PACKAGED: usize = 5;

/// Capabilities that are as good as root, or a step away from it.
const STRONG: &[&str] = &[
    "cap_chown",
    "cap_dac_override",
    "cap_dac_read_search",
    "cap_fowner",
    "cap_setfcap",
    "cap_setgid",
    "cap_setuid",
    "cap_sys_admin",
    "cap_sys_chroot",
    "cap_sys_module",
    "cap_sys_ptrace",
    "cap_sys_rawio",
    "cap_mknod",
    "cap_bpf",
];

const SETUID: u32 = 0o4000;
const SETGID: u32 = 0o2000;

/// What the rule of this section says.
pub fn judge(seen: &Seen<Privileged>) -> Vec<Verdict> {
    let Some(privileged) = &seen.value else { return vec![Verdict::blind(FILES, nothing(seen))] };
    if privileged.files.len() >= SURELY_PACKAGED && privileged.files.iter().all(|file| file.package.is_none())
    {
        return vec![Verdict::blind(FILES, "packages of privileged files: no manifest names any of them")];
    }
    vec![Verdict::with(FILES, suspicious(privileged), gap(seen, &[]))]
}

/// The files that are not as a package brings them.
pub fn suspicious(privileged: &Privileged) -> Vec<Sighting> {
    privileged.files.iter().filter_map(file).collect()
}

fn file(file: &PrivilegedFile) -> Option<Sighting> {
    open_program(file).or_else(|| writable(file)).or_else(|| changed(file)).or_else(|| unknown(file))
}

/// A shell, interpreter or editor with root's rights, whoever brought it.
fn open_program(file: &PrivilegedFile) -> Option<Sighting> {
    if file.mode & SETUID == 0 || file.uid != 0 || !programs::is_open(&file.path) {
        return None;
    }
    let sighting = about(Severity::Critical, file, format!("{} is root for whoever starts it", file.path))
        .reason("It runs or writes anything its caller says, and it is setuid root.")
        .why("Every account and every broken service on this host becomes root with one command. No distribution ships it so; intruders leave it behind.")
        .fix(format!("chmod u-s {}", shell(&file.path)))
        .fix("Find out who did it and when: the times of the file, shell histories, the log.");
    Some(sighting.done())
}

fn writable(file: &PrivilegedFile) -> Option<Sighting> {
    let (severity, who) = match file.mode {
        mode if mode & 0o002 != 0 => (Severity::Critical, "everybody".to_owned()),
        mode if mode & 0o020 != 0 && file.gid != 0 => (Severity::High, format!("group {}", file.gid)),
        _ => return None,
    };
    let sighting = about(severity, file, format!("{} can be rewritten by {who}", file.path))
        .reason(format!("It gives the rights of {}, and {who} may write it.", rights(file)))
        .why("Whoever writes it decides what runs with those rights.")
        .fix(format!("chmod go-w {}", shell(&file.path)))
        .fix(match &file.package {
            Some(package) => format!("apt-get install --reinstall {package}    brings back its content"),
            None => "Compare it with where it came from before anybody runs it again.".to_owned(),
        });
    Some(sighting.done())
}

fn changed(file: &PrivilegedFile) -> Option<Sighting> {
    let package = file.package.as_deref()?;
    if file.is_as_packaged != Some(false) {
        return None;
    }
    let sighting = about(Severity::High, file, format!("{} is not as {package} brought it", file.path))
        .reason(format!(
            "Its content differs from the manifest of {package}; it gives the rights of {}.",
            rights(file)
        ))
        .why("A changed program with these rights is a local build at best, and a way in at worst.")
        .fix(format!("dpkg -V {package}"))
        .fix(format!("apt-get install --reinstall {package}"))
        .controls(&["CIS Debian 12, 7.1.13"]);
    Some(sighting.done())
}

fn unknown(file: &PrivilegedFile) -> Option<Sighting> {
    if file.package.is_some() {
        return None;
    }
    let severity = match file {
        _ if file.mode & SETUID != 0 && file.uid == 0 => Severity::High,
        _ if strong(file).next().is_some() => Severity::High,
        _ if file.mode & (SETUID | SETGID) != 0 => Severity::Medium,
        _ => Severity::Low,
    };
    let take = if file.capabilities.is_some() {
        format!("setcap -r {}", shell(&file.path))
    } else {
        format!("chmod ug-s {}", shell(&file.path))
    };
    let sighting = about(severity, file, format!("{} gives rights and belongs to no package", file.path))
        .reason(format!("Whoever runs it has the rights of {}; no manifest names it.", rights(file)))
        .why("No update ever mends it, and nobody vouches for what it does.")
        .fix(format!("Find out what it is for; if nobody needs the rights: {take}"))
        .controls(&["CIS Debian 12, 7.1.13"]);
    Some(sighting.done())
}

fn about(severity: Severity, file: &PrivilegedFile, title: String) -> Draft {
    let package = file.package.as_deref().unwrap_or("none");
    let capabilities = file.capabilities.as_deref().map(|text| format!(", {text}")).unwrap_or_default();
    draft(severity, &file.path, title).evidence(format!(
        "{}: mode {:04o}, owner {}:{}{capabilities}, package {package}, changed {}",
        file.path,
        file.mode,
        file.uid,
        file.gid,
        minute(file.changed_ms)
    ))
}

fn strong(file: &PrivilegedFile) -> impl Iterator<Item = &str> {
    let text = file.capabilities.as_deref().unwrap_or_default();
    let names = text.split(['+', '=']).next().unwrap_or_default();
    names.split(',').map(str::trim).filter(|name| STRONG.contains(name) || *name == "all")
}

/// `root`, `user 33`, `group 42`, `cap_net_raw+ep`.
fn rights(file: &PrivilegedFile) -> String {
    let mut all = Vec::new();
    if file.mode & SETUID != 0 {
        all.push(if file.uid == 0 { "root".to_owned() } else { format!("user {}", file.uid) });
    }
    if file.mode & SETGID != 0 {
        all.push(format!("group {}", file.gid));
    }
    all.extend(file.capabilities.clone());
    all.join(" and ")
}
