//! Mending what the marks break: the problem resolver.
//!
//! Packages get a score from their priority, from what depends on them and from what they provide. From the
//! highest score down every broken package is mended by keeping, removing or installing, whichever side of a
//! broken relation counts less. Scores and order follow apt, so that the outcome is the same.

use super::marks::{CANDIDATE, MARKED, Marks, Mode, NOW};
use super::record::Kind;
use super::universe::{PackageId, Relation, RelationId, VersionId};

const MOST_ROUNDS: usize = 20;
/// By priority: none, required, important, standard, optional, extra.
const PRIORITY_SCORES: [i32; 6] = [0, 3, 2, 1, -1, -2];
const EXTRA: u8 = 5;
const ESSENTIAL_SCORE: i32 = 100;
const ESSENTIAL_BONUS: i32 = 5000;
const PROTECTED_BONUS: i32 = 10_000;

/// Packages could not be mended.
#[derive(Debug, PartialEq, Eq)]
pub struct Unmended(pub Vec<PackageId>);

/// Mends every package the marks break. `protected` are left as they are; `garbage` tells for every package
/// whether nothing wanted needed it before.
pub fn mend(marks: &mut Marks<'_>, protected: &[PackageId], garbage: &[bool]) -> Result<(), Unmended> {
    let count = marks.universe.packages.len();
    let mut mending = Mending {
        scores: vec![0; count],
        was_marked: marks.of.iter().map(super::marks::Mark::is_install).collect(),
        may_upgrade: vec![true; count],
        is_protected: vec![false; count],
        garbage,
        marks,
    };
    for package in protected {
        mending.is_protected[*package] = true;
        mending.marks.of[*package].is_protected = true;
    }
    if mending.marks.broken > 0 {
        // Packages of equal scores are mended in an order that follows from where all others stand.
        mending.marks.went_by_order.set(true);
    }
    mending.score();
    mending.run();
    let broken: Vec<_> = (0..count).filter(|package| mending.marks.of[*package].is_broken()).collect();
    if !broken.is_empty() {
        return Err(Unmended(broken));
    }
    let Mending { marks, was_marked, .. } = mending;
    for (mark, was_marked) in marks.of.iter_mut().zip(was_marked) {
        mark.is_automatic |= mark.is_install() && mark.step.is_none() && !was_marked;
    }
    Ok(())
}

struct Mending<'m, 'u> {
    marks: &'m mut Marks<'u>,
    scores: Vec<i32>,
    was_marked: Vec<bool>,
    may_upgrade: Vec<bool>,
    is_protected: Vec<bool>,
    garbage: &'m [bool],
}

/// How the search for a way to meet one relation ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    /// Something was changed for the package itself.
    Done,
    /// Look at the next alternative or relation.
    On,
    /// The package is kept; look no further.
    Stop,
}

/// What is done with a package when no alternative of a group worked.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Unwind {
    Remove,
    Keep,
}

fn weight(kind: Kind) -> i32 {
    match kind {
        Kind::PreDepends | Kind::Depends | Kind::Recommends => 1,
        Kind::Suggests | Kind::Replaces | Kind::Enhances => 0,
        Kind::Conflicts | Kind::Breaks => -1,
    }
}

impl Mending<'_, '_> {
    fn score(&mut self) {
        let universe = self.marks.universe;
        for package in universe.order.iter().copied() {
            if let Some(version) = self.marks.of[package].install {
                self.score_one(package, version);
            }
        }
        let base = self.scores.clone();
        for package in universe.order.iter().copied() {
            if self.marks.of[package].install.is_none() {
                continue;
            }
            for id in &universe.packages[package].named_by {
                let relation = &universe.relations[*id];
                let parent = universe.versions[relation.of].package;
                let counts = matches!(relation.kind, Kind::Depends | Kind::PreDepends | Kind::Recommends);
                if counts && self.marks.of[parent].install == Some(relation.of) {
                    self.scores[package] += base[parent].max(0);
                }
            }
        }
        // What provides something important is as important.
        for package in universe.order.iter().copied() {
            let gained = (self.scores[package] - base[package]).abs();
            if gained != 0 {
                for owner in self.standing_in(package, None) {
                    self.scores[owner] += gained;
                }
            }
        }
        for (package, entry) in universe.packages.iter().enumerate() {
            self.scores[package] += if self.is_protected[package] { PROTECTED_BONUS } else { 0 };
            self.scores[package] +=
                if entry.is_essential || entry.is_important { ESSENTIAL_BONUS } else { 0 };
        }
    }

    fn score_one(&mut self, package: PackageId, version: VersionId) {
        let universe = self.marks.universe;
        let entry = &universe.packages[package];
        let priority = universe.versions[version].record.priority;
        let known = if priority <= EXTRA && universe.is_downloadable(version) { priority } else { EXTRA };
        self.scores[package] += PRIORITY_SCORES[usize::from(known)];
        if entry.is_essential || entry.is_important {
            self.scores[package] += ESSENTIAL_SCORE;
        }
        let candidate = self.marks.of[package].candidate;
        if entry.current.is_some() && candidate.is_some_and(|candidate| universe.is_downloadable(candidate)) {
            self.scores[package] += 1;
        }
        for id in universe.versions[version].relations.clone() {
            let relation = &universe.relations[id];
            let weight = weight(relation.kind);
            if weight == 0 {
                continue;
            }
            let target = relation.target;
            if !universe.is_ignored(relation, target) {
                let install = self.marks.of[target].install;
                if relation.version.is_some()
                    && !install.is_some_and(|install| universe.is_met_by(relation, install))
                {
                    continue;
                }
                self.scores[target] += weight;
            }
            for owner in self.standing_in(target, Some(relation)) {
                self.scores[owner] += weight;
            }
        }
    }

    /// Packages whose marked version stands in for `package`, each once; for a relation those that meet it.
    fn standing_in(&self, package: PackageId, relation: Option<&Relation>) -> Vec<PackageId> {
        let universe = self.marks.universe;
        let mut owners = Vec::new();
        for provider in &universe.packages[package].providers {
            let owner = universe.versions[provider.version].package;
            let counts = relation.map_or(!provider.is_implied, |relation| {
                !universe.is_ignored_provider(relation, provider)
                    && universe.is_met_by_provider(relation, provider)
            });
            if counts && self.marks.of[owner].install == Some(provider.version) {
                owners.push(owner);
            }
        }
        owners.sort_unstable();
        owners.dedup();
        owners
    }

    fn run(&mut self) {
        let mut order = self.marks.universe.order.clone();
        super::sort::sort(&mut order, &|a, b| self.scores[a] > self.scores[b]);
        for round in 0..MOST_ROUNDS {
            let mut has_changed = false;
            for package in &order {
                self.try_again(*package);
                if self.marks.of[*package].install.is_some() && self.marks.of[*package].is_broken() {
                    has_changed |= self.mend_one(*package, round);
                }
            }
            if !has_changed {
                return;
            }
        }
    }

    /// A package that was to be upgraded and is kept for now: perhaps it can be upgraded after all.
    fn try_again(&mut self, package: PackageId) {
        let mark = &self.marks.of[package];
        let was_given_up = mark.candidate != mark.install
            && self.marks.universe.packages[package].current.is_some()
            && mark.install.is_some()
            && self.was_marked[package]
            && !mark.is_protected;
        if !was_given_up {
            return;
        }
        self.was_marked[package] = false;
        self.may_upgrade[package] = false;
        let broken = self.marks.broken;
        self.marks.install(package, false, 0);
        if self.marks.of[package].is_broken() || broken < self.marks.broken {
            self.marks.keep(package, 0);
        }
    }

    /// Looks at every broken relation of one broken package. True when something changed.
    fn mend_one(&mut self, package: PackageId, round: usize) -> bool {
        let universe = self.marks.universe;
        let Some(version) = self.marks.of[package].install else { return false };
        let mut doomed: Vec<(PackageId, RelationId)> = Vec::new();
        let mut has_changed = false;
        for group in universe.groups_of(version) {
            let (first, last) = (group.start, group.end - 1);
            if !universe.relations[last].kind.is_critical() {
                continue;
            }
            let is_or = first != last;
            let (mut unwind, before) = (Unwind::Remove, doomed.len());
            let mut step = Step::On;
            let mut is_mended = false;
            for relation in group {
                if self.marks.group_holds(last, MARKED) {
                    is_mended = true;
                    break;
                }
                let (now, changed) =
                    self.mend_relation(package, relation, last, is_or, round, &mut doomed, &mut unwind);
                has_changed |= changed;
                step = now;
                if step == Step::Stop || (step == Step::Done && !is_or) {
                    break;
                }
            }
            if step == Step::Stop || (step == Step::Done && !is_or) {
                break;
            }
            if is_or && !is_mended && before == doomed.len() {
                has_changed |= self.unwind(package, unwind);
            }
        }
        if self.marks.of[package].install.is_some() {
            has_changed |= self.apply(package, &doomed, round);
        }
        has_changed
    }

    fn unwind(&mut self, package: PackageId, unwind: Unwind) -> bool {
        match unwind {
            Unwind::Remove if self.marks.of[package].is_protected => false,
            Unwind::Remove => {
                self.marks.delete(package, 0);
                true
            }
            Unwind::Keep => {
                self.marks.keep(package, 0);
                true
            }
        }
    }

    /// One broken relation of `package`, `last` the end of its group. The second answer: something changed.
    #[expect(
        clippy::too_many_arguments,
        reason = "the state of one pass over one package, used nowhere else"
    )]
    fn mend_relation(
        &mut self,
        package: PackageId,
        id: RelationId,
        last: RelationId,
        is_or: bool,
        round: usize,
        doomed: &mut Vec<(PackageId, RelationId)>,
        unwind: &mut Unwind,
    ) -> (Step, bool) {
        let universe = self.marks.universe;
        let relation = &universe.relations[id];
        let is_negative = relation.kind.is_negative();
        self.marks.demand(id);
        let targets = universe.targets(relation);
        let is_protected = self.marks.of[package].is_protected;
        if targets.is_empty() && !is_protected && !is_negative && !self.marks.of[package].is_broken_now() {
            if is_or {
                return (Step::On, false);
            }
            self.marks.keep(package, 0);
            return (Step::Stop, true);
        }
        for version in &targets {
            let other = universe.versions[*version].package;
            if is_negative && self.marks.of[other].install != Some(*version) {
                continue;
            }
            let gives_way = self.scores[package] <= self.scores[other]
                || (!self.marks.holds(id, NOW) && !universe.relations[last].kind.is_negative());
            if gives_way {
                if is_protected {
                    if self.upgrade(other) {
                        self.scores[other] = self.scores[other].min(self.scores[package]);
                        break;
                    }
                    continue;
                }
                self.give_way(package, relation, other, is_or, round, unwind);
                return (Step::Done, true);
            }
            if relation.kind == Kind::Breaks && self.marks.group_holds(last, CANDIDATE) {
                self.marks.install(other, false, 0);
                continue;
            }
            if self.marks.of[other].is_protected && self.marks.of[other].mode != Mode::Delete {
                continue;
            }
            doomed.push((other, last));
            if !is_negative {
                break;
            }
        }
        if targets.is_empty() && !is_negative && !is_protected {
            self.nothing_meets(package, is_or, unwind);
            return (Step::Done, true);
        }
        (Step::On, false)
    }

    /// Changes `package` itself because the other side counts more.
    fn give_way(
        &mut self,
        package: PackageId,
        relation: &Relation,
        other: PackageId,
        is_or: bool,
        round: usize,
        unwind: &mut Unwind,
    ) {
        let was_marked = self.marks.of[package].is_install();
        self.marks.keep(package, 0);
        if !self.marks.of[package].is_broken() {
            *unwind = Unwind::Keep;
            if is_or && was_marked {
                self.marks.install(package, false, 0);
            }
            return;
        }
        if !is_or || self.garbage[package] {
            self.marks.delete(package, 0);
            if round > 1 && self.scores[other] > self.scores[package] {
                self.scores[package] = self.scores[other];
            }
            return;
        }
        let target = relation.target;
        let mark = &self.marks.of[target];
        let is_new = self.marks.universe.packages[target].current.is_none();
        if is_new && mark.mode != Mode::Delete && mark.candidate.is_some() {
            let broken = self.marks.broken;
            self.marks.install(target, true, 1);
            if self.marks.of[target].is_broken() || self.marks.broken > broken {
                self.marks.delete(target, 1);
            }
        }
    }

    fn nothing_meets(&mut self, package: PackageId, is_or: bool, unwind: &mut Unwind) {
        let was_marked = self.marks.of[package].is_install();
        self.marks.keep(package, 0);
        if !self.marks.of[package].is_broken() {
            *unwind = Unwind::Keep;
            if is_or && was_marked {
                self.marks.install(package, false, 0);
            }
        } else if !is_or {
            self.marks.delete(package, 0);
        }
    }

    /// Keeps or removes the packages that stand in the way of `package`.
    fn apply(&mut self, package: PackageId, doomed: &[(PackageId, RelationId)], round: usize) -> bool {
        let mut has_changed = false;
        for (other, last) in doomed {
            let held_before = self.marks.group_holds(*last, NOW);
            let is_negative = self.marks.universe.relations[*last].kind.is_negative();
            let went = if held_before {
                self.marks.keep(*other, 0)
            } else {
                is_negative && self.marks.delete(*other, 0)
            };
            if (!went || round > 1) && self.scores[package] > self.scores[*other] {
                self.scores[*other] = self.scores[package];
                has_changed = true;
            }
            has_changed |= went;
        }
        has_changed
    }

    /// Tries to upgrade a package and, where needed, what its new version depends on.
    fn upgrade(&mut self, package: PackageId) -> bool {
        let universe = self.marks.universe;
        if !self.may_upgrade[package] || !self.marks.of[package].is_upgradable() || self.is_protected[package]
        {
            return false;
        }
        self.may_upgrade[package] = false;
        let was_kept = self.marks.of[package].mode == Mode::Keep;
        if !self.marks.install(package, false, 0) {
            return false;
        }
        let Some(version) = self.marks.of[package].install else { return false };
        for group in universe.groups_of(version) {
            let last = group.end - 1;
            if !universe.relations[last].kind.is_critical() || self.upgrade_for(group) {
                continue;
            }
            if was_kept {
                self.marks.keep(package, 0);
            } else {
                self.marks.delete(package, 0);
            }
            return false;
        }
        true
    }

    /// Whether one alternative of the group holds or can be made to hold by upgrades.
    fn upgrade_for(&mut self, group: std::ops::Range<RelationId>) -> bool {
        let last = group.end - 1;
        let mut has_failed = false;
        for id in group {
            if self.marks.group_holds(last, MARKED) {
                break;
            }
            let target = self.smart_target(id);
            if self.marks.of[target].is_protected {
                has_failed = true;
            } else if self.marks.holds(id, CANDIDATE) {
                has_failed = !self.upgrade(target);
                if !has_failed {
                    break;
                }
            } else if self.marks.universe.relations[id].kind.is_negative() {
                break; // dealt with when its own turn comes
            } else {
                has_failed = true;
            }
        }
        !has_failed
    }

    /// The package a relation names, or for a purely virtual one the first other that provides it.
    fn smart_target(&self, id: RelationId) -> PackageId {
        let universe = self.marks.universe;
        let relation = &universe.relations[id];
        let target = &universe.packages[relation.target];
        if !target.versions.is_empty() {
            return relation.target;
        }
        let own = universe.versions[relation.of].package;
        let owners = target.providers.iter().map(|provider| universe.versions[provider.version].package);
        owners.into_iter().find(|owner| *owner != own).unwrap_or(relation.target)
    }
}
