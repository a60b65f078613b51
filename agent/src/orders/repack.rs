//! Packs an installed package anew, from what dpkg knows of it and from its files on disk.
//!
//! Configuration files that an administrator changed are left out: packed as they are they would count as the
//! vendor's own, and the next update would write over them. Left out, they stay on disk as they are.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use md5::{Digest, Md5};

use super::job::Run;
use super::simulate::words;
use crate::collect::text::hex;
use crate::disk;
use crate::wire::Pinned;

/// Fields of dpkg's own record that are no part of a package.
const NOT_OF_A_PACKAGE: &[&str] =
    &["Status", "Conffiles", "Config-Version", "Triggers-Pending", "Triggers-Awaited"];

/// Writes the installed package to `to`; nothing stands there when it fails.
pub fn repack(run: &mut Run, package: &Pinned, to: &Path) -> io::Result<()> {
    let tree = to.with_extension("tree");
    let _ = fs::remove_dir_all(&tree);
    disk::private_folder(&tree)?;
    let packed = build(run, package, &tree, to);
    let _ = fs::remove_dir_all(&tree);
    if packed.is_err() {
        let _ = fs::remove_file(to);
    }
    packed
}

fn build(run: &mut Run, package: &Pinned, tree: &Path, to: &Path) -> io::Result<()> {
    let name = match package.architecture.as_str() {
        "all" => package.name.clone(),
        architecture => format!("{}:{architecture}", package.name),
    };
    let record = run.ask("dpkg-query", &words(&["-s", &name]))?.text;
    if !record.contains("\nStatus: ") || field(&record, "Version") != Some(&package.version) {
        return Err(io::Error::other(format!("{name} {} is not what is installed", package.version)));
    }
    // Members keep the modes and owners of the disk, so the folder above them must be as a root folder is.
    fs::set_permissions(tree, fs::Permissions::from_mode(0o755))?;
    let changed = changed_configuration(&record);
    let listed = run.ask("dpkg-query", &words(&["-L", &name]))?.text;
    let members = members(&listed);
    let is_folder = |path: &str| {
        members
            .range(format!("{path}/")..)
            .next()
            .is_some_and(|(next, _)| next.starts_with(&format!("{path}/")))
    };
    for (path, place) in members.iter().filter(|(path, _)| !changed.contains(path.as_str())) {
        copy(Path::new(place), &tree.join(path.trim_start_matches('/')), is_folder(path))
            .map_err(|fault| io::Error::new(fault.kind(), format!("{place}: {fault}")))?;
    }
    control(run, &name, &record, &changed, &tree.join("DEBIAN"))?;
    let arguments = words(&["-Zgzip", "-z1", "-b", &tree.display().to_string(), &to.display().to_string()]);
    match run.stream("dpkg-deb", &arguments)?.code {
        Some(0) => Ok(()),
        _ => Err(io::Error::other("dpkg-deb could not build it")),
    }
}

fn field<'a>(record: &'a str, name: &str) -> Option<&'a str> {
    record.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": ")).map(str::trim)
}

/// Configuration files whose content is not what the package brought, or that are gone.
fn changed_configuration(record: &str) -> BTreeSet<String> {
    let lines = record.lines().skip_while(|line| !line.starts_with("Conffiles:")).skip(1);
    let lines = lines.take_while(|line| line.starts_with(' '));
    let changed = lines.filter_map(|line| {
        let mut cells = line.trim().rsplit(' ').peekable();
        let is_obsolete =
            cells.next_if_eq(&"obsolete").is_some() || cells.next_if_eq(&"remove-on-upgrade").is_some();
        let sum = cells.next()?;
        let path = line.trim().split_once(&format!(" {sum}"))?.0;
        let is_same = fs::read(path).is_ok_and(|bytes| hex(&Md5::digest(bytes)) == sum);
        (is_obsolete || !is_same).then(|| path.to_owned())
    });
    changed.collect()
}

/// Path in the package → place on disk, which is another where the file is diverted.
fn members(listed: &str) -> BTreeMap<String, String> {
    let mut members: BTreeMap<String, String> = BTreeMap::new();
    let mut last = String::new();
    for line in listed.lines() {
        if let Some(place) = line.strip_prefix("diverted by ").and_then(|rest| rest.split_once(" to: ")) {
            members.insert(last.clone(), place.1.to_owned());
        } else if let Some(path) = line.strip_prefix('/').filter(|rest| !rest.is_empty() && *rest != ".") {
            last = format!("/{path}");
            members.insert(last.clone(), last.clone());
        }
    }
    members
}

/// Copies one member with mode, owner and time. A link to a folder that has members below it is that folder.
fn copy(from: &Path, to: &Path, is_folder: bool) -> io::Result<()> {
    let known = if is_folder { fs::metadata(from)? } else { fs::symlink_metadata(from)? };
    if let Some(above) = to.parent() {
        fs::create_dir_all(above)?;
    }
    if known.is_symlink() {
        return std::os::unix::fs::symlink(fs::read_link(from)?, to);
    }
    if known.is_dir() {
        fs::create_dir_all(to)?;
    } else if known.is_file() {
        fs::copy(from, to)?;
        fs::File::options().write(true).open(to)?.set_modified(known.modified()?)?;
    } else {
        return Err(io::Error::other("it is neither file, folder nor link"));
    }
    // The owner first: changing it takes away the bits that give rights.
    std::os::unix::fs::chown(to, Some(known.uid()), Some(known.gid()))?;
    fs::set_permissions(to, fs::Permissions::from_mode(known.mode() & 0o7777))
}

/// The control files: the record without what is dpkg's own, and everything else as it was installed.
fn control(
    run: &mut Run,
    name: &str,
    record: &str,
    changed: &BTreeSet<String>,
    folder: &Path,
) -> io::Result<()> {
    disk::private_folder(folder)?;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755))?;
    let mut is_kept = true;
    let kept = record.lines().filter(|line| {
        if !line.starts_with(' ') {
            let word = line.split(':').next().unwrap_or_default();
            is_kept = !word.is_empty() && !NOT_OF_A_PACKAGE.contains(&word);
        }
        is_kept
    });
    let text: String = kept.flat_map(|line| [line, "\n"]).collect();
    write(&folder.join("control"), text.as_bytes(), 0o644)?;
    let told = run.ask("dpkg-query", &words(&["--control-path", name]))?.text;
    for path in told.lines().map(PathBuf::from) {
        let kind = path.extension().and_then(|kind| kind.to_str()).unwrap_or_default().to_owned();
        let is_script = matches!(kind.as_str(), "preinst" | "postinst" | "prerm" | "postrm" | "config");
        let bytes = match kind.as_str() {
            "conffiles" => without(&fs::read_to_string(&path)?, changed).into_bytes(),
            _ => fs::read(&path)?,
        };
        write(&folder.join(kind), &bytes, if is_script { 0o755 } else { 0o644 })?;
    }
    Ok(())
}

/// A list of configuration files without those that are left out.
fn without(listed: &str, changed: &BTreeSet<String>) -> String {
    let kept = listed.lines().filter(|line| !changed.contains(line.trim()));
    kept.flat_map(|line| [line, "\n"]).collect()
}

fn write(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    fs::OpenOptions::new().write(true).create(true).truncate(true).mode(mode).open(path)?.write_all(bytes)
}
