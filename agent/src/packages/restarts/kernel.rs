//! The kernel that runs and the newest one installed beside it.

use std::cmp::Ordering;

use mainstay_versions::dpkg;

use crate::Host;
use crate::packages::dpkg::records;
use crate::wire::packages::{Kernel, RebootReason};

/// What runs and what is installed; `None` where the kernel does not tell its release.
pub fn kernel(host: &Host) -> Option<Kernel> {
    let running = host.proc_text("sys/kernel/osrelease").ok()?.trim().to_owned();
    if running.is_empty() {
        return None;
    }
    let running_version = running_version(host);
    let kind = kind(&running);
    let mut installed = releases(host);
    installed.retain(|release| self::kind(release) == kind);
    let newest = installed.into_iter().max_by(|a, b| compare(a, b));
    let newest_version = newest.as_deref().and_then(|release| package_version(host, release));
    Some(Kernel { running, running_version, newest_installed: newest, newest_version })
}

/// Why this kernel asks for a restart, if it does.
pub fn reason(kernel: &Kernel) -> Option<RebootReason> {
    let newest = kernel.newest_installed.as_ref()?;
    let is_newer = match compare(newest, &kernel.running) {
        Ordering::Greater => true,
        Ordering::Less => false,
        // The same name, rebuilt: only the versions tell.
        Ordering::Equal => match (&kernel.running_version, &kernel.newest_version) {
            (Some(running), Some(installed)) => compare(installed, running).is_gt(),
            _ => false,
        },
    };
    let named = |release: &str, version: &Option<String>| {
        version.as_ref().map_or(release.to_owned(), |version| format!("{release} ({version})"))
    };
    is_newer.then(|| RebootReason::Kernel {
        running: named(&kernel.running, &kernel.running_version),
        installed: named(newest, &kernel.newest_version),
    })
}

fn compare(a: &str, b: &str) -> Ordering {
    dpkg::compare(a, b).unwrap_or_else(|_| a.cmp(b))
}

/// Releases of the images on disk.
fn releases(host: &Host) -> Vec<String> {
    let boot = host.list("/boot").unwrap_or_default();
    let mut found: Vec<String> =
        boot.iter().filter_map(|name| name.strip_prefix("vmlinuz-")).map(str::to_owned).collect();
    for folder in ["/lib/modules", "/usr/lib/modules"] {
        let names = host.list(folder).unwrap_or_default();
        found.extend(names.into_iter().filter(|name| host.exists(format!("{folder}/{name}/vmlinuz"))));
    }
    found.retain(|release| {
        release.starts_with(|c: char| c.is_ascii_digit()) && release.strip_suffix(".old").is_none()
    });
    found.sort();
    found.dedup();
    found
}

/// What is not version in a release: `-amd64`, `-generic`, `.el9.x86_64`.
fn kind(release: &str) -> String {
    let after = release
        .split(['-', '.', '_', '+', '~'])
        .filter(|part| part.starts_with(|c: char| c.is_ascii_alphabetic()));
    // Parts such as rc1, deb12 and el9_2 belong to the version.
    let is_version = |part: &&str| {
        part.ends_with(|c: char| c.is_ascii_digit()) && !part.contains("86") && !part.ends_with("64")
    };
    after.filter(|part| !is_version(part)).collect::<Vec<_>>().join("-")
}

/// The package version inside the kernel's own description: `… Debian 6.1.140-1 (2025-05-22)`, or Ubuntu's
/// `/proc/version_signature`: `Ubuntu 5.15.0-91.101-generic 5.15.131`.
fn running_version(host: &Host) -> Option<String> {
    if let Ok(signature) = host.proc_text("version_signature") {
        let full = signature.split_ascii_whitespace().nth(1)?;
        return Some(full.rsplit_once('-').map_or(full, |(version, _)| version).to_owned());
    }
    let text = host.proc_text("version").ok()?;
    let after = text
        .split_once(" Debian ")
        .map(|(_, after)| after)
        .filter(|_| text.contains(") #") || text.contains(" #"))?;
    let last = text.rsplit_once(" Debian ").map_or(after, |(_, last)| last);
    let version = last.split_ascii_whitespace().next()?;
    version.starts_with(|c: char| c.is_ascii_digit()).then(|| version.to_owned())
}

/// Version of the Debian package that holds the image of this release.
fn package_version(host: &Host, release: &str) -> Option<String> {
    let names = [format!("linux-image-{release}"), format!("linux-image-unsigned-{release}")];
    let records = records(host).ok()?;
    let is_image = |name: &str| names.iter().any(|known| known == name);
    let found = records.into_iter().find(|record| {
        is_image(&record.name)
            && record.status.as_ref().is_some_and(crate::packages::apt::record::Status::is_present)
    })?;
    Some(found.version.into())
}
