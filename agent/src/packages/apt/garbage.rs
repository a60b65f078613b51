//! What nothing wanted needs any more: new packages that lost their reason are not installed after all.

use std::collections::HashSet;

use super::marks::{Marks, Mode};
use super::record::Kind;
use super::universe::{PackageId, VersionId, order};

/// Packages that were installed only because others needed them, by name and architecture.
pub type Automatic = HashSet<(Box<str>, Box<str>)>;

const REQUIRED: u8 = 1;

/// For every package whether it is or will be there although nothing wanted leads to it.
pub fn garbage(marks: &Marks<'_>) -> Vec<bool> {
    let universe = marks.universe;
    let is_root = |package: PackageId| {
        let entry = &universe.packages[package];
        let is_required =
            entry.current.is_some_and(|current| universe.versions[current].record.priority == REQUIRED);
        let mark = &marks.of[package];
        !mark.is_automatic
            || mark.is_protected
            || entry.is_essential
            || entry.is_important
            || is_required
            || (entry.is_held && !marks.settings.ignores_holds)
    };
    let mut is_reached = vec![false; universe.packages.len()];
    let mut waiting: Vec<VersionId> = Vec::new();
    let reach = |package: PackageId, is_reached: &mut Vec<bool>, waiting: &mut Vec<VersionId>| {
        let version = there(marks, package);
        waiting.extend(version.filter(|_| !std::mem::replace(&mut is_reached[package], true)));
    };
    for package in universe.order.iter().copied().filter(|package| is_root(*package)) {
        reach(package, &mut is_reached, &mut waiting);
    }
    while let Some(version) = waiting.pop() {
        for id in universe.versions[version].relations.clone() {
            let leads_on = match universe.relations[id].kind {
                Kind::Depends | Kind::PreDepends => true,
                Kind::Recommends => marks.settings.keeps_recommended,
                Kind::Suggests => marks.settings.keeps_suggested,
                _ => false,
            };
            if leads_on {
                for given in giving(marks, id) {
                    reach(universe.versions[given].package, &mut is_reached, &mut waiting);
                }
            }
        }
    }
    let is_garbage = |package: PackageId| {
        let current = universe.packages[package].current;
        let is_required =
            current.is_some_and(|current| universe.versions[current].record.priority == REQUIRED);
        !is_reached[package] && !is_required && (current.is_some() || marks.of[package].is_install())
    };
    (0..universe.packages.len()).map(is_garbage).collect()
}

/// The version that is there afterwards, if any.
fn there(marks: &Marks<'_>, package: PackageId) -> Option<VersionId> {
    let (mark, current) = (&marks.of[package], marks.universe.packages[package].current);
    match mark.mode {
        Mode::Install => mark.install,
        Mode::Keep => current,
        Mode::Delete => None,
    }
}

/// Versions that meet the relation afterwards; of one source only those of its newest version.
fn giving(marks: &Marks<'_>, id: usize) -> Vec<VersionId> {
    let universe = marks.universe;
    let relation = &universe.relations[id];
    let mut found: Vec<VersionId> = there(marks, relation.target)
        .into_iter()
        .filter(|version| universe.is_met_by(relation, *version))
        .collect();
    for provider in &universe.packages[relation.target].providers {
        let owner = universe.versions[provider.version].package;
        if there(marks, owner) == Some(provider.version) && universe.is_met_by_provider(relation, provider) {
            found.push(provider.version);
        }
    }
    let record = |version: VersionId| &universe.versions[version].record;
    let all = found.clone();
    found.retain(|version| {
        let own = record(*version);
        all.iter().all(|other| {
            let other = record(*other);
            other.source != own.source || order(&own.source_version, &other.source_version).is_ge()
        })
    });
    found
}

/// Takes back new packages that nothing wanted needs, except where something else would lack them.
/// False when that leaves something broken.
pub fn take_back_needless(marks: &mut Marks<'_>) -> bool {
    let universe = marks.universe;
    let garbage = garbage(marks);
    let mut taken: Vec<PackageId> = (0..garbage.len())
        .filter(|package| garbage[*package] && universe.packages[*package].current.is_none())
        .filter(|package| marks.of[*package].is_install())
        .collect();
    for package in &taken {
        marks.delete(*package, 0);
    }
    let is_lacking = marks.of.iter().any(|mark| mark.is_broken() || mark.is_lacking());
    if !is_lacking {
        return marks.broken == 0;
    }
    while let Some(at) = taken.iter().position(|package| is_asked_for(marks, *package)) {
        marks.install(taken.remove(at), false, 0);
    }
    marks.broken == 0
}

/// Whether something that stays or comes names the package or what its candidate provides.
fn is_asked_for(marks: &Marks<'_>, package: PackageId) -> bool {
    let universe = marks.universe;
    let candidate = marks.of[package].candidate;
    let provided =
        candidate.map(|candidate| universe.versions[candidate].provides.as_slice()).unwrap_or_default();
    let mut named =
        std::iter::once(&package).chain(provided).flat_map(|known| &universe.packages[*known].named_by);
    named.any(|id| {
        let relation = &universe.relations[*id];
        let parent = universe.versions[relation.of].package;
        let mark = &marks.of[parent];
        let is_current = universe.packages[parent].current == Some(relation.of);
        let is_coming = mark.candidate == Some(relation.of)
            && mark.is_install()
            && mark.step.is_none_or(std::cmp::Ordering::is_gt);
        !relation.kind.is_negative()
            && marks.is_important(relation)
            && if is_current { mark.mode == Mode::Keep } else { is_coming }
    })
}
