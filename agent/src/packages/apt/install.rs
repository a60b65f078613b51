//! Marking a package for installation together with what it needs and what it excludes.

use super::marks::{CANDIDATE, MARKED, Marks, Mode, NOW};
use super::record::MultiArch;
use super::universe::{PackageId, RelationId, VersionId};

type Alternatives = std::ops::Range<RelationId>;

impl Marks<'_> {
    /// Marks the candidate of `package`. With `follow`, what it needs is marked too, what it excludes is
    /// upgraded or removed; when that is not possible nothing stays marked and the answer is false.
    pub fn install(&mut self, package: PackageId, follow: bool, depth: usize) -> bool {
        let current = self.universe.packages[package].current;
        let mark = &self.of[package];
        let only_guards = mark.is_protected
            && mark.mode == Mode::Keep
            && mark.candidate.is_some()
            && mark.candidate == current;
        if !only_guards && !self.may_change(Mode::Install, package, depth) {
            return false;
        }
        let mark = &self.of[package];
        let Some(candidate) = mark.candidate else { return false };
        if !mark.is_protected && !mark.is_lacking() && !mark.is_broken() {
            if Some(candidate) == current {
                return mark.install.is_some() || self.keep(package, depth + 1);
            }
            if mark.is_install() {
                return true;
            }
        }
        if !self.is_in_step_with_siblings(package) || !self.can_be_satisfied(package, follow) {
            return false;
        }
        if !follow {
            self.set_candidate_marked(package);
            return true;
        }
        self.install_with_needs(package, candidate, depth)
    }

    fn install_with_needs(&mut self, package: PackageId, candidate: VersionId, depth: usize) -> bool {
        let guards = self.of[package].is_protected;
        let mut sound = true;
        let (needs, excluded) = self.unmet(candidate, guards);
        let (mut upgrades, mut removals) = (Vec::new(), Vec::new());
        if !self.clear_excluded(&excluded, guards, depth, &mut upgrades, &mut removals) {
            if !guards {
                return false;
            }
            sound = false;
        }
        self.collect_left_behind(package, candidate, &mut upgrades);
        self.set_candidate_marked(package);

        self.of[package].is_protected = true;
        self.upgrade_same_source(package, depth);
        let mut went = self.upgrade_or_remove(&upgrades, guards, depth);
        let hands_on = self.hands_on(package);
        let mut heirs = Vec::new();
        if went || guards {
            sound &= went;
            went = self.install_needs(package, &needs, guards, depth, &mut heirs);
            if went || guards {
                sound &= went;
                for removal in removals {
                    went = self.delete(removal, depth);
                    sound &= went;
                    if !went && !guards {
                        break;
                    }
                }
            }
        }
        if !went && !guards {
            self.discard_install(package);
            sound = false;
        } else if hands_on {
            self.of[package].is_automatic = true;
            for heir in heirs {
                self.of[heir].is_automatic = false;
            }
        }
        self.of[package].is_protected = guards;
        sound
    }

    /// A version that shares files with its other architectures goes only in step with them.
    fn is_in_step_with_siblings(&self, package: PackageId) -> bool {
        let universe = self.universe;
        let mark = &self.of[package];
        if mark.is_install() && mark.install == mark.candidate {
            return true;
        }
        let Some(candidate) =
            mark.candidate.filter(|candidate| universe.packages[package].current != Some(*candidate))
        else {
            return true;
        };
        let record = &universe.versions[candidate].record;
        if record.multi_arch != MultiArch::Same {
            return true;
        }
        let siblings = &universe.groups[universe.packages[package].group].packages;
        siblings.iter().filter(|sibling| **sibling != package).all(|sibling| {
            let Some(other) = self.of[*sibling].candidate else { return true };
            universe.packages[*sibling].current.is_none()
                || universe.versions[other].record.version == record.version
                || universe.versions[other].record.multi_arch != MultiArch::Same
                || !universe.is_downloadable(other)
        })
    }

    /// Gives up a candidate with a critical need that no candidate of anything can meet.
    fn can_be_satisfied(&mut self, package: PackageId, follow: bool) -> bool {
        let universe = self.universe;
        let candidate = self.of[package].candidate;
        let Some(version) = candidate.filter(|_| follow && candidate != universe.packages[package].current)
        else {
            return true;
        };
        for group in universe.groups_of(version) {
            let first = &universe.relations[group.start];
            if !first.kind.is_critical() || first.kind.is_negative() {
                continue;
            }
            if group.clone().any(|id| self.holds(id, MARKED | CANDIDATE)) {
                continue;
            }
            group.for_each(|id| self.demand(id));
            if !self.of[package].is_protected {
                self.refuse_candidate(package);
            }
            return false;
        }
        true
    }

    /// What is needed and not there, and what is excluded and there.
    fn unmet(&self, version: VersionId, guards: bool) -> (Vec<Alternatives>, Vec<RelationId>) {
        let (mut needs, mut excluded) = (Vec::new(), Vec::new());
        for group in self.universe.groups_of(version) {
            let first = &self.universe.relations[group.start];
            let is_met = group.clone().any(|id| self.holds(id, MARKED));
            if (is_met && !guards) || !self.is_important(first) {
                continue;
            }
            if first.kind.is_negative() {
                excluded.push(group.start);
            } else {
                needs.push(group);
            }
        }
        (needs, excluded)
    }

    /// Deals with what a version excludes: keeps installed versions that are fine, notes what has to be
    /// upgraded out of the way and what has to go.
    fn clear_excluded(
        &mut self,
        excluded: &[RelationId],
        guards: bool,
        depth: usize,
        upgrades: &mut Vec<PackageId>,
        removals: &mut Vec<PackageId>,
    ) -> bool {
        let universe = self.universe;
        let mut went = true;
        let mut bad_candidates = Vec::new();
        for relation in excluded {
            for version in self.solutions(&(*relation..relation + 1), true) {
                let package = universe.versions[version].package;
                if self.of[package].candidate != Some(version) {
                    continue;
                }
                if universe.packages[package].current == Some(version) {
                    went &= self.note_removal(package, guards, depth, removals);
                } else if self.of[package].is_install() && !self.keep(package, depth) {
                    went = false;
                } else if guards {
                    self.discard_candidate(package);
                    self.of[package].is_protected |= universe.packages[package].current.is_none();
                } else {
                    bad_candidates.push(package);
                }
                if !went && !guards {
                    return false;
                }
            }
            for version in self.solutions(&(*relation..relation + 1), false) {
                let package = universe.versions[version].package;
                let own = self.of[package].candidate;
                if own.is_some() && own != Some(version) && !bad_candidates.contains(&package) {
                    upgrades.push(package);
                } else if own != universe.packages[package].current {
                    went &= self.note_removal(package, guards, depth, removals);
                    if !went && !guards {
                        return false;
                    }
                }
            }
        }
        went
    }

    fn note_removal(
        &mut self,
        package: PackageId,
        guards: bool,
        depth: usize,
        removals: &mut Vec<PackageId>,
    ) -> bool {
        let is_going = self.of[package].mode == Mode::Delete;
        if guards {
            if !is_going && !self.delete(package, depth + 1) {
                return false;
            }
            self.discard_candidate(package);
            self.of[package].is_protected = true;
            return true;
        }
        if is_going {
            return true;
        }
        if !self.may_change(Mode::Delete, package, depth) || !self.may_delete(package) {
            return false;
        }
        removals.push(package);
        true
    }

    /// Installed packages that need the version that would be replaced: they must move along.
    fn collect_left_behind(&self, package: PackageId, candidate: VersionId, upgrades: &mut Vec<PackageId>) {
        let universe = self.universe;
        let Some(current) = universe.packages[package].current else { return };
        for id in &universe.packages[package].named_by {
            let relation = &universe.relations[*id];
            let parent = universe.versions[relation.of].package;
            let is_concerned = universe.packages[parent].current == Some(relation.of)
                && !self.of[parent].is_install()
                && !relation.kind.is_negative()
                && self.is_important(relation)
                && universe.is_met_by(relation, current)
                && !universe.is_met_by(relation, candidate);
            if is_concerned && !upgrades.contains(&parent) {
                self.went_by_order.set(self.went_by_order.get() || !upgrades.is_empty());
                upgrades.push(parent);
            }
        }
    }

    /// Other installed binaries of the same source go along to the same source version.
    fn upgrade_same_source(&mut self, package: PackageId, depth: usize) {
        if !self.settings.upgrades_by_source {
            return;
        }
        let universe = self.universe;
        let Some(candidate) = self.of[package].candidate else { return };
        let own = &universe.versions[candidate].record;
        let mut along = Vec::new();
        for (id, version) in self.of_source(&own.source) {
            let (current, mark) = (universe.packages[version].current, &self.of[version]);
            let is_there = current.is_none() || current == Some(id);
            let is_coming = mark.is_install() && mark.install == Some(id);
            let is_same = universe.versions[id].record.source_version == own.source_version;
            if version != package && !is_there && !is_coming && is_same && mark.candidate == Some(id) {
                along.push(version);
            }
        }
        along.sort_unstable();
        self.went_by_order.set(self.went_by_order.get() || along.len() > 1);
        for follow in [false, true] {
            for other in &along {
                self.install(*other, follow, depth + 1);
            }
        }
    }

    fn of_source(&self, source: &str) -> Vec<(VersionId, PackageId)> {
        let of_source = |version: &VersionId| *self.universe.versions[*version].record.source == *source;
        let ids = self.universe.by_source.get(source).into_iter().flatten().copied();
        ids.filter(of_source).map(|id| (id, self.universe.versions[id].package)).collect()
    }

    fn upgrade_or_remove(&mut self, packages: &[PackageId], guards: bool, depth: usize) -> bool {
        let mut went = true;
        for package in packages {
            if self.of[*package].is_install() || self.install(*package, true, depth + 1) {
                continue;
            }
            if !self.delete(*package, depth + 1) {
                went = false;
                if !guards {
                    break;
                }
            } else if guards {
                self.of[*package].is_protected = true;
            }
        }
        went
    }

    fn install_needs(
        &mut self,
        package: PackageId,
        needs: &[Alternatives],
        guards: bool,
        depth: usize,
        new: &mut Vec<PackageId>,
    ) -> bool {
        let mut went = true;
        for group in needs {
            let is_met = group.clone().any(|id| self.holds(id, MARKED));
            let is_critical = self.universe.relations[group.start].kind.is_critical();
            if is_met {
                if guards && is_critical {
                    went &= self.guard_only_solution(group, depth);
                }
                continue;
            }
            if !is_critical && !self.is_worth_following(package, group.start) {
                continue;
            }
            let installed = self.install_one_of(group, guards && is_critical, depth);
            new.extend(installed.filter(|one| self.universe.packages[*one].current.is_none()));
            if installed.is_none() && is_critical {
                went = false;
                if !guards {
                    break;
                }
            }
        }
        went
    }

    /// What a protected package needs and only one version can give is protected too.
    fn guard_only_solution(&mut self, group: &Alternatives, depth: usize) -> bool {
        let mut solutions = self.solutions(group, true);
        solutions.extend(self.solutions(group, false));
        solutions.sort_unstable();
        solutions.dedup();
        let [only] = solutions[..] else { return true };
        let package = self.universe.versions[only].package;
        if self.of[package].is_protected {
            return true;
        }
        self.of[package].is_protected = true;
        self.install(package, true, depth + 1)
    }

    /// A recommendation of an installed package is followed when it is new, or was met before.
    fn is_worth_following(&self, package: PackageId, relation: RelationId) -> bool {
        let universe = self.universe;
        let Some(current) = universe.packages[package].current else { return true };
        let target = universe.relations[relation].target;
        let mut is_new = true;
        for group in universe.groups_of(current) {
            let first = &universe.relations[group.start];
            if first.kind.is_critical() || !self.is_important(first) {
                continue;
            }
            if group.clone().any(|id| universe.relations[id].target == target) {
                is_new = false;
                if self.group_holds(group.end - 1, NOW) {
                    return true;
                }
            }
        }
        is_new
    }

    fn install_one_of(&mut self, group: &Alternatives, guards: bool, depth: usize) -> Option<PackageId> {
        group.clone().for_each(|id| self.demand(id));
        let solutions = self.solutions(group, true);
        for version in &solutions {
            let package = self.universe.versions[*version].package;
            if self.of[package].candidate != Some(*version) {
                continue;
            }
            if guards && solutions.len() == 1 {
                if !self.install(package, false, depth + 1) {
                    continue;
                }
                self.of[package].is_protected = true;
            }
            if self.install(package, true, depth + 1) {
                return Some(package);
            }
        }
        None
    }

    /// Versions that would meet one of the alternatives, best first: candidates, or what is installed.
    /// Packages that are already there come before new ones.
    pub fn solutions(&self, group: &Alternatives, candidates: bool) -> Vec<VersionId> {
        let universe = self.universe;
        let (mut present, mut new) = (Vec::new(), Vec::new());
        for id in group.clone() {
            let relation = &universe.relations[id];
            if candidates && self.holds(id, CANDIDATE) == relation.kind.is_negative() {
                continue;
            }
            let chosen = |package: PackageId| {
                if candidates { self.of[package].candidate } else { universe.packages[package].current }
            };
            let mut found: Vec<VersionId> = Vec::new();
            let own = chosen(relation.target);
            found.extend(own.filter(|version| {
                !universe.is_ignored(relation, relation.target) && universe.is_met_by(relation, *version)
            }));
            for provider in &universe.packages[relation.target].providers {
                let version = provider.version;
                if chosen(universe.versions[version].package) == Some(version)
                    && !universe.is_ignored_provider(relation, provider)
                    && universe.is_met_by_provider(relation, provider)
                    && !found.contains(&version)
                {
                    found.push(version);
                }
            }
            found.sort_by(|a, b| self.prefer(relation.target, *a, *b));
            for version in found {
                let is_present = universe.packages[universe.versions[version].package].current.is_some();
                let list = if is_present { &mut present } else { &mut new };
                if list.last() != Some(&version) {
                    list.push(version);
                }
            }
        }
        present.append(&mut new);
        let first = &universe.relations[group.start];
        present.retain(|version| {
            let package = universe.versions[*version].package;
            let mark = &self.of[package];
            let is_out = mark.mode == Mode::Delete
                || (mark.mode == Mode::Keep && universe.packages[package].current.is_none());
            first.kind.is_negative() || !(mark.is_protected && is_out)
        });
        present
    }

    /// Which of two versions is the better answer to a relation on `target`.
    fn prefer(&self, target: PackageId, a: VersionId, b: VersionId) -> std::cmp::Ordering {
        let universe = self.universe;
        let packages = [a, b].map(|version| universe.versions[version].package);
        let [pa, pb] = packages.map(|package| &universe.packages[package]);
        let [guarded_a, guarded_b] = packages.map(|package| self.of[package].is_protected);
        let has_sibling = |version: VersionId, group: usize| {
            universe.versions[version].record.multi_arch == MultiArch::Same
                && universe.groups[group].packages.iter().any(|id| universe.packages[*id].current.is_some())
        };
        let wanted = universe.packages[target].group;
        let arch_rank =
            |arch: &str| universe.archs.iter().position(|known| **known == *arch).unwrap_or(usize::MAX);
        guarded_b
            .cmp(&guarded_a)
            .then_with(|| has_sibling(b, pb.group).cmp(&has_sibling(a, pa.group)))
            .then_with(|| pb.current.is_some().cmp(&pa.current.is_some()))
            .then_with(|| (pb.group == wanted).cmp(&(pa.group == wanted)))
            .then_with(|| pb.is_essential.cmp(&pa.is_essential))
            .then_with(|| pb.is_important.cmp(&pa.is_important))
            .then_with(|| arch_rank(&pa.arch).cmp(&arch_rank(&pb.arch)))
            .then_with(|| universe.versions[a].record.priority.cmp(&universe.versions[b].record.priority))
            .then_with(|| {
                self.went_by_order.set(self.went_by_order.get() || packages[0] != packages[1]);
                packages[1].cmp(&packages[0])
            })
    }
}
