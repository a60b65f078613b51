//! Keeps a way back: the packages as they are installed, as files, before they are replaced.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use super::job::Run;
use super::simulate::{exact, words};
use super::{outcome, repack};
use crate::wire::{Lost, Outcome, OutcomeState, Pinned, SAVED_FOR_DAYS, Saved};
use crate::{clock, disk};

/// Packages named in one download.
const AT_ONCE: usize = 200;

/// Saves the packages as files: from apt's cache, from the archive, or packed anew from what is installed.
pub fn keep_old(run: &mut Run, save_as: &str, packages: &[Pinned]) -> io::Result<Outcome> {
    let folder = run.saved_folder(save_as);
    forget_old(&folder);
    disk::private_folder(&folder)?;
    let cache = cache(run)?;
    for package in packages {
        let name = file_name(package);
        if !folder.join(&name).exists() && fs::copy(cache.join(&name), folder.join(&name)).is_ok() {
            run.say(&format!("{name}: from the cache"))?;
        }
    }
    download(run, &folder, packages)?;
    let (mut kept, mut lost) = (Vec::new(), Vec::new());
    for package in packages {
        let path = folder.join(file_name(package));
        let is_there = path.exists();
        let packed = if is_there { Ok(()) } else { repack::repack(run, package, &path) };
        match packed {
            Ok(()) => kept.push(package.clone()),
            Err(fault) => {
                let because = format!("the archive no longer has it, and it cannot be packed anew: {fault}");
                run.say(&format!("{}: {because}", package.name))?;
                lost.push(Lost { package: package.clone(), because });
            }
        }
    }
    let summary = format!("{} of {} packages saved", kept.len(), packages.len());
    let state = if kept.is_empty() { OutcomeState::Failed } else { OutcomeState::Succeeded };
    let saved = Saved { saved_as: save_as.to_owned(), kept, lost };
    Ok(Outcome { result: serde_json::to_value(&saved).ok(), ..outcome(state, &summary) })
}

/// Ways back that nobody takes any more give their room back. One that cannot be removed stays and harms nothing.
fn forget_old(folder: &Path) {
    let oldest_ms = clock::now_ms().saturating_sub(u64::from(SAVED_FOR_DAYS) * 86_400_000);
    let others = folder.parent().and_then(|all| fs::read_dir(all).ok()).into_iter().flatten().flatten();
    for other in others.map(|entry| entry.path()).filter(|path| path != folder) {
        let known = fs::symlink_metadata(&other).ok().filter(fs::Metadata::is_dir);
        let written = known.and_then(|known| known.modified().ok()?.duration_since(UNIX_EPOCH).ok());
        if written.is_some_and(|since| since.as_millis() < u128::from(oldest_ms)) {
            drop(fs::remove_dir_all(&other));
        }
    }
}

/// Fetches those the archive still has, many at once; what it does not have stays away.
fn download(run: &mut Run, folder: &Path, packages: &[Pinned]) -> io::Result<()> {
    let away = |package: &&Pinned| !folder.join(file_name(package)).exists();
    let offered = offered(run, packages)?;
    let wanted: Vec<&Pinned> = packages.iter().filter(away).filter(|p| offered.contains(*p)).collect();
    for some in wanted.chunks(AT_ONCE) {
        // apt downloads into the folder it stands in; `env -C` is how to stand there without a shell.
        let place = folder.display().to_string();
        let mut arguments =
            words(&["-C", &place, "apt-get", "-q", "-o", "APT::Sandbox::User=root", "download"]);
        arguments.extend(some.iter().map(|package| exact(package)));
        run.stream("env", &arguments)?;
    }
    Ok(())
}

/// Which of these versions an archive offers: one question for all, since a download of one that is not there refuses
/// them all.
pub fn offered(run: &mut Run, packages: &[Pinned]) -> io::Result<HashSet<Pinned>> {
    if packages.is_empty() {
        return Ok(HashSet::new());
    }
    let mut arguments = words(&["madison"]);
    arguments.extend(packages.iter().map(|package| match package.architecture.as_str() {
        "all" => package.name.clone(),
        architecture => format!("{}:{architecture}", package.name),
    }));
    let told = run.ask("apt-cache", &arguments)?;
    let lines: HashSet<(&str, &str)> = told
        .text
        .lines()
        .filter_map(|line| {
            let mut cells = line.split('|').map(str::trim);
            let (name, version) = (cells.next()?, cells.next()?);
            cells.next()?.ends_with("Packages").then_some((name, version))
        })
        .collect();
    let is_offered = |package: &&Pinned| {
        let full = format!("{}:{}", package.name, package.architecture);
        let version = package.version.as_str();
        lines.contains(&(package.name.as_str(), version)) || lines.contains(&(full.as_str(), version))
    };
    Ok(packages.iter().filter(is_offered).cloned().collect())
}

/// The name apt gives a downloaded package.
pub fn file_name(package: &Pinned) -> String {
    let version = package.version.replace(':', "%3a");
    format!("{}_{version}_{}.deb", package.name, package.architecture)
}

/// Where apt keeps what it downloaded, as it is configured here.
pub fn cache(run: &mut Run) -> io::Result<PathBuf> {
    let told = run.ask("apt-config", &words(&["shell", "FOLDER", "Dir::Cache::archives/d"]))?;
    let named = told.text.trim().strip_prefix("FOLDER='").and_then(|rest| rest.strip_suffix('\''));
    Ok(PathBuf::from(named.unwrap_or("/var/cache/apt/archives/")))
}

/// The packages saved under a name, as they say themselves, and their files. A file that is no package any more is a
/// fault: half a way back is none.
pub fn saved(run: &mut Run, name: &str) -> io::Result<Vec<(Pinned, PathBuf)>> {
    let mut files: Vec<PathBuf> = match fs::read_dir(run.saved_folder(name)) {
        Ok(entries) => entries.flatten().map(|entry| entry.path()).collect(),
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(fault) => return Err(fault),
    };
    files.retain(|path| path.extension().is_some_and(|extension| extension == "deb"));
    files.sort();
    let mut found = Vec::new();
    for path in files {
        let shown = path.display().to_string();
        let format = "--showformat=${Package}\t${Version}\t${Architecture}";
        let told = run.ask("dpkg-deb", &words(&["-W", format, &shown]))?;
        let cells: Vec<&str> = told.text.trim().split('\t').collect();
        let [name, version, architecture] = cells.as_slice() else {
            return Err(io::Error::other(format!("{shown} is no package any more; nothing was changed")));
        };
        let pinned = Pinned {
            name: (*name).to_owned(),
            version: (*version).to_owned(),
            architecture: (*architecture).to_owned(),
        };
        found.push((pinned, path));
    }
    Ok(found)
}
