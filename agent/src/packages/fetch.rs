//! The changelogs of waiting packages, fetched through apt. Only an order does this, never a look.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::apt;
use super::changelog::newer_entries;
use super::deb;
use crate::Host;
use crate::wire::packages::{Changelogs, Update};
use crate::wire::{Seen, Unseen};

const USUAL_CACHE: &str = "/var/cache/apt/archives";
const ASK_LIMIT: Duration = Duration::from_secs(20);
const FETCH_LIMIT: Duration = Duration::from_mins(5);

/// What the newer changelog entries of these waiting packages say; all of them when none is named.
/// One binary package per source is downloaded into a folder of its own, which is deleted afterwards.
pub fn changelogs(host: &Host, packages: &[String]) -> Seen<Changelogs> {
    let waiting = apt::updates(host);
    let Some(updates) = waiting.value else {
        return Seen { value: None, unseen: waiting.unseen, took: waiting.took };
    };
    let mut by_source: BTreeMap<(&str, &str), Vec<&Update>> = BTreeMap::new();
    for update in &updates.updates {
        if packages.is_empty() || packages.contains(&update.name) {
            by_source.entry((&update.source, &update.source_version)).or_default().push(update);
        }
    }
    let folder = match Folder::new(host) {
        Ok(folder) => folder,
        Err(because) => return Seen::not(Unseen::new("changelogs", because)),
    };
    let cache = cache(host);
    let (mut read, mut unseen) = (Changelogs::default(), Vec::new());
    for ((source, version), updates) in by_source {
        match of_source(host, &folder.0, &cache, &updates) {
            Ok(text) => {
                let installed = updates[0].installed_source_version.as_deref().unwrap_or_default();
                read.packages.push(newer_entries(source, &text, installed, version));
            }
            Err(because) => unseen.push(Unseen::new(format!("changelog of {source}"), because)),
        }
    }
    Seen::partly(read, unseen)
}

/// Where apt keeps what it downloaded, as it is configured here.
fn cache(host: &Host) -> PathBuf {
    let told = host.run("apt-config", &["shell", "FOLDER", "Dir::Cache::archives/d"], ASK_LIMIT);
    let named = told.ok().and_then(|spoken| {
        let folder = spoken.stdout.trim().strip_prefix("FOLDER='")?.strip_suffix('\'')?;
        (!folder.is_empty()).then(|| PathBuf::from(folder))
    });
    named.unwrap_or_else(|| PathBuf::from(USUAL_CACHE))
}

/// Tries the binaries of a source until one carries the changelog, smallest first.
fn of_source(host: &Host, folder: &Path, cache: &Path, updates: &[&Update]) -> Result<String, String> {
    let mut updates = updates.to_vec();
    updates.sort_by_key(|update| update.download_bytes);
    let mut because = "nothing of it waits".to_owned();
    for update in updates {
        let read = deb_of(host, folder, cache, update)
            .and_then(|path| deb::changelog(&path).map_err(|fault| fault.to_string()));
        match read {
            Ok(text) => return Ok(text),
            Err(fault) => because = fault,
        }
    }
    Err(because)
}

/// The package in apt's cache, or a download of exactly this version.
fn deb_of(host: &Host, folder: &Path, cache: &Path, update: &Update) -> Result<PathBuf, String> {
    let name = format!("{}_{}_{}.deb", update.name, update.candidate.replace(':', "%3a"), update.arch);
    let kept = cache.join(&name);
    if kept.is_file() {
        return Ok(kept);
    }
    let arch = if update.arch == "all" { String::new() } else { format!(":{}", update.arch) };
    let wanted = format!("{}{arch}={}", update.name, update.candidate);
    let inside = format!("--chdir={}", folder.display());
    // The folder is private, so apt's own unprivileged account cannot write into it.
    let arguments = [&inside, "apt-get", "-qq", "-o", "APT::Sandbox::User=root", "download", &wanted];
    let spoken = host.run("env", &arguments, FETCH_LIMIT).map_err(|fault| fault.to_string())?;
    let path = folder.join(&name);
    if spoken.code == Some(0) && path.is_file() {
        return Ok(path);
    }
    let said = spoken.stderr.lines().find(|line| line.starts_with("E:")).unwrap_or("it said nothing");
    Err(format!("apt-get did not download {wanted}: {said}"))
}

/// A private folder that goes when this value goes.
struct Folder(PathBuf);

impl Folder {
    fn new(host: &Host) -> Result<Self, String> {
        use std::os::unix::fs::DirBuilderExt;
        if !host.is_live() {
            return Err("nothing is downloaded for a recorded host".to_owned());
        }
        let path = std::env::temp_dir().join(format!(
            "mainstay-changelogs-{}-{}",
            std::process::id(),
            host.now_ms()
        ));
        std::fs::DirBuilder::new()
            .mode(0o700)
            .create(&path)
            .map_err(|fault| format!("{}: {fault}", path.display()))?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
