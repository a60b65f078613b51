//! Which packages are there only because others needed them: apt's "auto" mark, and what moves it.
//!
//! The rules are those of `pkgDepCache::MarkInstall`, `MarkDelete` and `IsDeleteOk` (apt 2.6). A new package without the
//! mark counts as asked for: it is not taken back, and nothing may remove it.

use super::marks::Marks;
use super::settings::is_in_sections;
use super::universe::{PackageId, VersionId};

impl Marks<'_> {
    /// A new package that counts as asked for may not be given up.
    pub fn may_delete(&self, package: PackageId) -> bool {
        let mark = &self.of[package];
        let is_new = self.universe.packages[package].current.is_none()
            && mark.install.is_some()
            && mark.step.is_none();
        mark.is_automatic || !is_new
    }

    /// Whether the mark goes from a package to what it needs: when the version to come is in a section of packages that
    /// only lead to others, and the version that is there is not.
    pub fn hands_on(&self, package: PackageId) -> bool {
        let sections = &self.settings.sections_handing_on;
        let section = |version: VersionId| &*self.universe.versions[version].record.section;
        let mark = &self.of[package];
        let (Some(current), Some(new)) = (self.universe.packages[package].current, mark.install) else {
            return false;
        };
        let (old, new) = (section(current), section(new));
        !mark.is_automatic
            && !old.is_empty()
            && !new.is_empty()
            && old != new
            && !is_in_sections(sections, old)
            && is_in_sections(sections, new)
    }

    /// What a package that stands for a whole selection needs counts as asked for once that package goes.
    pub fn keep_needs_of_leaving(&mut self, package: PackageId) {
        let universe = self.universe;
        let Some(version) = self.of[package].install else { return };
        let known = &universe.versions[version];
        if !is_in_sections(&self.settings.sections_keeping, &known.record.section) {
            return;
        }
        for id in known.relations.clone() {
            let relation = &universe.relations[id];
            if relation.is_implied || relation.kind.is_negative() || !self.is_important(relation) {
                continue;
            }
            let there = |version: VersionId| {
                universe.packages[universe.versions[version].package].current == Some(version)
            };
            for met in universe.targets(relation).into_iter().filter(|version| there(*version)) {
                self.of[universe.versions[met].package].is_automatic = false;
            }
        }
    }
}
