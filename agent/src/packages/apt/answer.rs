//! The upgrade in the words of the wire: updates with origin, date, size; what is kept back and why.

use super::lists::List;
use super::universe::{PackageId, Universe, VersionId};
use crate::wire::packages::{Origin, Update, Waiting};

/// Whether a security archive offers a version above the installed one and up to this one.
pub fn is_security(universe: &Universe, package: PackageId, version: VersionId) -> bool {
    let entry = &universe.packages[package];
    let from = entry.versions.iter().position(|known| *known == version).unwrap_or(0);
    let until = entry.current.and_then(|current| entry.versions.iter().position(|known| *known == current));
    let between = &entry.versions[from..until.filter(|until| *until > from).unwrap_or(from + 1)];
    between
        .iter()
        .any(|known| universe.versions[*known].files.iter().any(|file| universe.security_files[*file]))
}

/// Whether a security archive offers a version between the installed one and this one. Then the phase of this
/// one does not count.
pub fn skips_security(universe: &Universe, package: PackageId, version: VersionId) -> bool {
    let entry = &universe.packages[package];
    let below = entry.versions.iter().skip_while(|known| **known != version).skip(1);
    let mut between = below.take_while(|known| entry.current != Some(**known));
    between.any(|known| universe.versions[*known].files.iter().any(|file| universe.security_files[*file]))
}

/// Whether an archive calls itself a security archive.
pub fn is_security_archive(origin: &Origin) -> bool {
    let ends = |text: &str| text.ends_with("-security");
    origin.label == "Debian-Security" || ends(&origin.suite) || ends(&origin.codename)
}

/// One package that would be installed in `version`.
pub fn update(universe: &Universe, lists: &[List], package: PackageId, version: VersionId) -> Update {
    let (entry, known) = (&universe.packages[package], &universe.versions[version]);
    let record = &known.record;
    let installed = entry.current.map(|current| &universe.versions[current].record);
    let offered = known.files.iter().map(|file| &lists[*file]).filter(|list| !list.is_status);
    let mut origins: Vec<Origin> = Vec::new();
    let mut released_at_ms: Option<u64> = None;
    for list in offered {
        if !origins.contains(&list.told.origin) {
            origins.push(list.told.origin.clone());
        }
        released_at_ms = [released_at_ms, list.told.released_at_ms].into_iter().flatten().min();
    }
    Update {
        name: universe.name(package).to_owned(),
        arch: if record.is_all() { "all".to_owned() } else { entry.arch.to_string() },
        installed: installed.map(|installed| installed.version.to_string()),
        candidate: record.version.to_string(),
        source: record.source.to_string(),
        source_version: record.source_version.to_string(),
        installed_source_version: installed.map(|installed| installed.source_version.to_string()),
        is_security: is_security(universe, package, version),
        is_downgrade: installed
            .is_some_and(|installed| super::universe::order(&record.version, &installed.version).is_lt()),
        download_bytes: record.size_bytes,
        waiting: released_at_ms.map_or(Waiting::SinceFirstSeen, |at_ms| Waiting::ReleaseDate { at_ms }),
        origins,
    }
}
