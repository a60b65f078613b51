//! What `apt-get dist-upgrade` would do: which packages it would bring to which version, install, remove, keep.

use super::garbage::{garbage, take_back_needless};
use super::marks::{Marks, Mode};
use super::resolve::mend;
use super::settings::Settings;
use super::universe::{PackageId, Universe, VersionId};

/// What would change, in the order apt visits packages.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Upgrade {
    /// Packages and the versions they would have, new ones among them.
    pub installs: Vec<(PackageId, VersionId)>,
    pub removals: Vec<PackageId>,
}

/// Why apt would change nothing.
#[derive(Debug, PartialEq, Eq)]
pub enum Refused {
    /// Relations of these stay broken.
    Broken(Vec<PackageId>),
    /// The version it chose is in no archive.
    NotOffered(VersionId),
    /// dpkg wants it unpacked again, and no archive has any version of it that is wanted.
    NotReinstallable(PackageId),
}

/// What else has to be read before the answer can be relied on.
#[derive(Debug, Default)]
pub struct Demand {
    /// Groups whose archive entries were asked for.
    pub groups: Vec<usize>,
    /// All names in the order in which apt learns of them.
    pub is_for_order: bool,
}

/// The upgrade, or why there is none.
pub fn dist_upgrade(
    universe: &Universe,
    settings: &Settings,
    candidates: &[Option<VersionId>],
    demand: &mut Demand,
) -> Result<Upgrade, Refused> {
    let mut marks = Marks::new(universe, settings, candidates);
    take_up_interrupted(&mut marks)?;
    if marks.broken > 0 {
        let broken = (0..marks.of.len()).filter(|package| marks.of[*package].is_broken()).collect();
        return Err(Refused::Broken(broken));
    }
    let present: Vec<PackageId> = universe
        .order
        .iter()
        .copied()
        .filter(|package| universe.packages[*package].current.is_some())
        .collect();
    let before = garbage(&marks);
    let mut phased = hold_back_phased(&mut marks, &present);
    // First every package by itself, so that what is there is preferred to something new; then with needs.
    for follow in [false, true] {
        for package in &present {
            marks.install(*package, follow, 0);
        }
    }
    install_essential(&mut marks);
    for package in &present {
        marks.install(*package, false, 0);
    }
    let is_held = |package: &PackageId| universe.packages[*package].is_held && !settings.ignores_holds;
    let mut protected: Vec<PackageId> = universe.order.iter().copied().filter(is_held).collect();
    for package in &protected {
        marks.keep(*package, 0);
    }
    phased.extend(hold_back_phased(&mut marks, &present));
    protected.extend(phased);
    let mended = mend(&mut marks, &protected, &before);
    demand.is_for_order = marks.went_by_order.get() || universe.depends_on_order;
    demand.groups.extend(&marks.demanded);
    mended.map_err(|unmended| Refused::Broken(unmended.0))?;
    if !take_back_needless(&mut marks) {
        let broken = (0..marks.of.len()).filter(|package| marks.of[*package].is_broken());
        return Err(Refused::Broken(broken.collect()));
    }
    let upgrade = outcome(&marks);
    // A pin may choose a version that only dpkg's status file still tells of; what is half there and stays is unpacked
    // once more, and has to be had for that.
    let mut needed = upgrade.installs.iter().map(|(_, version)| *version).chain(half_there(&marks));
    match needed.find(|version| !universe.is_downloadable(*version)) {
        Some(version) => Err(Refused::NotOffered(version)),
        None => Ok(upgrade),
    }
}

/// Deals with what dpkg left half done, before anything else (`pkgApplyStatus`).
fn take_up_interrupted(marks: &mut Marks<'_>) -> Result<(), Refused> {
    let universe = marks.universe;
    let is_offered =
        |version: Option<VersionId>| version.is_some_and(|version| universe.is_downloadable(version));
    for package in universe.order.iter().copied() {
        let entry = &universe.packages[package];
        if !entry.is_half_there {
            continue;
        }
        if !entry.needs_reinstall {
            marks.delete(package, 0);
        } else if is_offered(entry.current) {
            marks.keep(package, 0);
        } else if is_offered(marks.of[package].candidate) {
            marks.install(package, false, 0);
        } else {
            return Err(Refused::NotReinstallable(package));
        }
    }
    Ok(())
}

/// Versions that stay and are only half there.
fn half_there<'m>(marks: &'m Marks<'_>) -> impl Iterator<Item = VersionId> + 'm {
    let entries = marks.universe.packages.iter().zip(&marks.of);
    entries
        .filter_map(|(entry, mark)| mark.install.filter(|_| entry.is_half_there && mark.mode == Mode::Keep))
}

fn outcome(marks: &Marks<'_>) -> Upgrade {
    let mut upgrade = Upgrade::default();
    for package in marks.universe.order.iter().copied() {
        let mark = &marks.of[package];
        match (mark.mode, mark.install) {
            (Mode::Install, Some(version)) => upgrade.installs.push((package, version)),
            (Mode::Delete, _) => upgrade.removals.push(package),
            _ => {}
        }
    }
    upgrade
}

/// Packages of which no architecture will be there although one is essential.
fn install_essential(marks: &mut Marks<'_>) {
    let universe = marks.universe;
    let mut seen = vec![false; universe.groups.len()];
    for package in universe.order.iter().copied() {
        let group = universe.packages[package].group;
        if std::mem::replace(&mut seen[group], true) {
            continue;
        }
        let members = &universe.groups[group].packages;
        let essential: Vec<_> =
            members.iter().filter(|member| universe.packages[**member].is_essential).collect();
        if essential.is_empty() || essential.iter().any(|member| marks.of[**member].is_install()) {
            continue;
        }
        let rank = |member: &&PackageId| {
            let entry = &universe.packages[**member];
            let place = universe.archs.iter().position(|arch| *arch == entry.arch).unwrap_or(usize::MAX);
            (entry.versions.is_empty(), place)
        };
        if let Some(preferred) = members.iter().min_by_key(rank) {
            marks.install(*preferred, true, 0);
        }
    }
}

/// Keeps versions this machine is not to have yet, unless a security version was skipped on the way.
fn hold_back_phased(marks: &mut Marks<'_>, present: &[PackageId]) -> Vec<PackageId> {
    let universe = marks.universe;
    let mut kept = Vec::new();
    for package in present.iter().copied() {
        let Some(version) = marks.of[package].install else { continue };
        if is_held_back_by_phase(universe, marks.settings, package, version) {
            marks.keep(package, 0);
            marks.of[package].is_protected = true;
            kept.push(package);
        }
    }
    kept
}

/// Whether a version is rolled out in steps and this machine is not in the share yet.
pub fn is_held_back_by_phase(
    universe: &Universe,
    settings: &Settings,
    package: PackageId,
    version: VersionId,
) -> bool {
    let record = &universe.versions[version].record;
    settings.phasing.excludes(&record.source, &record.source_version, record.phased_percent)
        && !super::answer::skips_security(universe, package, version)
}
