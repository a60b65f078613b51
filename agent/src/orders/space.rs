//! Whether there is room for a change, told before anything is changed. apt looks only at the folder it downloads to;
//! dpkg finds out in the middle, and leaves packages half unpacked.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::statvfs;

use super::job::Run;
use super::keep;
use super::simulate::{exact, words};
use crate::wire::{Action, Pinned, Shortage, Step};

/// Packages named in one question.
const AT_ONCE: usize = 200;
/// What stays free beside the need: dpkg's own database and the logs are written meanwhile.
const MARGIN_BYTES: u64 = 32 << 20;

/// The file systems on which a change does not fit. What no archive and no database tells the size of is not counted.
pub fn short(run: &mut Run, steps: &[Step], download_bytes: Option<u64>) -> io::Result<Vec<Shortage>> {
    let new: Vec<Pinned> = steps.iter().filter_map(|step| Some(pinned(step, step.new.as_ref()?))).collect();
    let old: Vec<Pinned> = steps.iter().filter_map(|step| Some(pinned(step, step.old.as_ref()?))).collect();
    let (comes, goes) = (offered_sizes(run, &new)?, installed_sizes(run, &old)?);
    let comes_bytes: u64 = comes.iter().sum();
    // A package's new files stand beside its old ones until all of them are unpacked.
    let largest = comes.iter().max().copied().unwrap_or(0);
    let unpacked = comes_bytes.saturating_sub(goes.iter().sum()).saturating_add(largest);
    let kernels = steps.iter().filter(|step| is_kernel(step)).count() as u64;
    let needs = [
        (keep::cache(run)?, download_bytes.unwrap_or(0)),
        (PathBuf::from("/usr"), unpacked),
        (PathBuf::from("/boot"), kernels.saturating_mul(kernel_bytes(Path::new("/boot")))),
    ];
    Ok(lacking(&needs.map(|(place, bytes)| (device(&place), place, bytes)), free_bytes))
}

fn pinned(step: &Step, version: &str) -> Pinned {
    Pinned { name: step.name.clone(), version: version.to_owned(), architecture: step.architecture.clone() }
}

/// A kernel that comes beside the one that runs, not a package that only names the newest.
fn is_kernel(step: &Step) -> bool {
    let version = step.name.strip_prefix("linux-image-").unwrap_or_default();
    step.action == Action::Install && version.starts_with(|c: char| c.is_ascii_digit())
}

/// What needs are not met, those of one file system together, named by the place that needs most of it.
fn lacking(needs: &[(Option<u64>, PathBuf, u64)], free: impl Fn(&Path) -> Option<u64>) -> Vec<Shortage> {
    let mut by_device: BTreeMap<u64, (PathBuf, u64, u64)> = BTreeMap::new();
    for (device, place, bytes) in needs {
        let Some(device) = device else { continue };
        let entry = by_device.entry(*device).or_insert((place.clone(), 0, 0));
        if *bytes > entry.2 {
            (entry.0, entry.2) = (place.clone(), *bytes);
        }
        entry.1 += bytes;
    }
    let short = by_device.into_values().filter_map(|(place, needed_bytes, _)| {
        let free_bytes = free(&place).filter(|_| needed_bytes > 0)?;
        let is_short = free_bytes < needed_bytes.saturating_add(MARGIN_BYTES);
        is_short.then(|| Shortage { place: place.display().to_string(), needed_bytes, free_bytes })
    });
    short.collect()
}

fn device(place: &Path) -> Option<u64> {
    place.ancestors().find_map(|place| fs::metadata(place).ok()).map(|known| known.dev())
}

/// Root, who installs, may use what is reserved too.
fn free_bytes(place: &Path) -> Option<u64> {
    let space = place.ancestors().find_map(|place| statvfs(place).ok())?;
    Some(space.f_bfree.saturating_mul(space.f_frsize))
}

/// The largest of every kind of file a kernel puts into this folder, its initial file system included.
fn kernel_bytes(boot: &Path) -> u64 {
    let names = ["vmlinuz-", "initrd.img-", "System.map-", "config-"];
    let files: Vec<(String, u64)> = fs::read_dir(boot)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| Some((entry.file_name().into_string().ok()?, entry.metadata().ok()?.len())))
        .collect();
    let largest = |prefix: &&str| files.iter().filter(|(n, _)| n.starts_with(prefix)).map(|(_, b)| *b).max();
    names.iter().filter_map(largest).sum()
}

/// Bytes that each of these takes once installed, by the lists of the archives.
fn offered_sizes(run: &mut Run, packages: &[Pinned]) -> io::Result<Vec<u64>> {
    let mut sizes = Vec::new();
    for some in packages.chunks(AT_ONCE) {
        let mut arguments = words(&["show", "--no-all-versions"]);
        arguments.extend(some.iter().map(exact));
        sizes.extend(stanza_sizes(&run.ask("apt-cache", &arguments)?.text));
    }
    Ok(sizes)
}

/// `Installed-Size` of every stanza, once for each package: several archives may offer the same.
fn stanza_sizes(text: &str) -> Vec<u64> {
    let mut sizes = BTreeMap::new();
    for stanza in text.split("\n\n") {
        let field = |name: &str| stanza.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
        let kib = field("Installed-Size:").and_then(|size| size.parse::<u64>().ok());
        if let (Some(name), Some(kib)) = (field("Package:"), kib) {
            let key = (name.to_owned(), field("Architecture:").unwrap_or_default().to_owned());
            sizes.insert(key, kib.saturating_mul(1024));
        }
    }
    sizes.into_values().collect()
}

/// Bytes that each of these takes now, by dpkg.
fn installed_sizes(run: &mut Run, packages: &[Pinned]) -> io::Result<Vec<u64>> {
    let mut sizes = Vec::new();
    for some in packages.chunks(AT_ONCE) {
        let mut arguments = words(&["-W", "-f", "${Installed-Size}\n"]);
        arguments.extend(some.iter().map(|package| match package.architecture.as_str() {
            "all" => package.name.clone(),
            architecture => format!("{}:{architecture}", package.name),
        }));
        let told = run.ask("dpkg-query", &arguments)?.text;
        sizes.extend(told.lines().filter_map(|kib| kib.trim().parse::<u64>().ok()).map(|kib| kib * 1024));
    }
    Ok(sizes)
}

/// One sentence for the outcome of an order that does not begin.
pub fn in_words(short: &[Shortage]) -> String {
    let mib = |bytes: u64| bytes.div_ceil(1 << 20);
    let each = short.iter().map(|s| {
        format!(
            "{} has {} MiB free and needs {}",
            s.place,
            s.free_bytes >> 20,
            mib(s.needed_bytes + MARGIN_BYTES)
        )
    });
    each.collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::{lacking, stanza_sizes};

    const MIB: u64 = 1 << 20;

    #[test]
    fn needs_on_one_file_system_count_together_and_others_for_themselves() {
        let needs = [
            (Some(1), PathBuf::from("/var/cache/apt/archives"), 100 * MIB),
            (Some(1), PathBuf::from("/usr"), 300 * MIB),
            (Some(2), PathBuf::from("/boot"), 90 * MIB),
        ];
        let free = |place: &Path| Some(if place == Path::new("/boot") { 200 * MIB } else { 400 * MIB });
        let short = lacking(&needs, free);
        assert_eq!(short.len(), 1, "there is room in /boot: {short:?}");
        assert_eq!((short[0].place.as_str(), short[0].needed_bytes), ("/usr", 400 * MIB));
        let plenty = |_: &Path| Some(1 << 40);
        assert!(lacking(&needs, plenty).is_empty());
        let unknown = |_: &Path| None;
        assert!(lacking(&needs, unknown).is_empty(), "what cannot be seen stops nothing");
    }

    #[test]
    fn a_package_offered_by_two_archives_counts_once() {
        let text = "Package: a\nArchitecture: amd64\nInstalled-Size: 10\n\nPackage: a\nArchitecture: amd64\n\
            Installed-Size: 10\n\nPackage: a\nArchitecture: i386\nInstalled-Size: 7\n\nPackage: odd\n";
        assert_eq!(stanza_sizes(text), [10 * 1024, 7 * 1024]);
    }
}
