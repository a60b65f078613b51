//! What is marked for which package, and which relations hold then.
//!
//! For every relation three answers are kept up to date: does it hold now, would it hold with what is marked,
//! would it hold with every candidate. A package is sound when all its critical relations hold.

use std::cell::Cell;
use std::collections::HashSet;

use super::settings::Settings;
use super::universe::{PackageId, Relation, RelationId, Universe, VersionId};

/// Bits of one relation's answers; shifted by [`GROUP`] they speak of the group of alternatives so far.
pub const NOW: u8 = 1;
pub const MARKED: u8 = 2;
pub const CANDIDATE: u8 = 4;
pub const GROUP: u8 = 3;

/// Bits of a package's soundness.
const SOUND_NOW: u8 = 1;
const FULL_NOW: u8 = 2;
const SOUND_MARKED: u8 = 4;
const FULL_MARKED: u8 = 8;

/// Deeper chains of marks are not followed.
const MOST_DEPTH: usize = 400;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    Delete,
    Keep,
    Install,
}

/// What is marked for one package.
#[derive(Clone, Debug)]
pub struct Mark {
    pub candidate: Option<VersionId>,
    /// What will be there.
    pub install: Option<VersionId>,
    pub mode: Mode,
    /// How the candidate stands to what is installed; `None` when there is nothing to compare.
    pub step: Option<std::cmp::Ordering>,
    pub is_protected: bool,
    /// There or to come only because others need it.
    pub is_automatic: bool,
    soundness: u8,
}

impl Mark {
    pub fn is_broken_now(&self) -> bool {
        self.soundness & SOUND_NOW == 0
    }

    pub fn is_broken(&self) -> bool {
        self.soundness & SOUND_MARKED == 0
    }

    /// Broken, or a recommendation is not met.
    pub fn is_lacking(&self) -> bool {
        self.soundness & FULL_MARKED == 0
    }

    pub fn is_install(&self) -> bool {
        self.mode == Mode::Install
    }

    /// Nothing installed to compare with, or the candidate is newer.
    pub fn is_upgradable(&self) -> bool {
        self.candidate.is_some() && self.step.is_none_or(std::cmp::Ordering::is_gt)
    }
}

/// The marks of all packages.
pub struct Marks<'u> {
    pub universe: &'u Universe,
    pub settings: &'u Settings,
    pub of: Vec<Mark>,
    answers: Vec<u8>,
    /// Packages whose critical relations do not all hold with what is marked.
    pub broken: usize,
    /// Names that were looked for beyond what is installed: their archive entries matter for the answer.
    pub demanded: HashSet<usize>,
    /// Between some packages nothing but the order in which apt learned of them decided.
    pub went_by_order: Cell<bool>,
}

impl<'u> Marks<'u> {
    /// Everything kept as it is.
    pub fn new(universe: &'u Universe, settings: &'u Settings, candidates: &[Option<VersionId>]) -> Self {
        let mark = |(package, candidate): (PackageId, &Option<VersionId>)| Mark {
            candidate: *candidate,
            install: universe.packages[package].current,
            mode: Mode::Keep,
            step: step(universe, package, *candidate),
            is_protected: false,
            is_automatic: is_automatic(universe, settings, package),
            soundness: 0xff,
        };
        let of = candidates.iter().enumerate().map(mark).collect();
        let answers = vec![0; universe.relations.len()];
        let mut made = Self {
            universe,
            settings,
            of,
            answers,
            broken: 0,
            demanded: HashSet::new(),
            went_by_order: Cell::new(false),
        };
        for relation in 0..universe.relations.len() {
            made.answers[relation] = made.measure(relation);
        }
        for version in 0..universe.versions.len() {
            made.regroup(version);
        }
        for package in 0..universe.packages.len() {
            made.assess(package);
            made.broken += usize::from(made.of[package].is_broken());
        }
        made
    }

    /// The answer of one relation by itself.
    pub fn holds(&self, relation: RelationId, bit: u8) -> bool {
        self.answers[relation] & bit != 0
    }

    /// The answer of the group that ends with this relation.
    pub fn group_holds(&self, last: RelationId, bit: u8) -> bool {
        self.answers[last] & (bit << GROUP) != 0
    }

    /// Whether a relation has to be met: critical ones, and recommendations unless switched off.
    pub fn is_important(&self, relation: &Relation) -> bool {
        relation.kind.is_critical()
            || self.settings.wants(relation.kind, &self.universe.versions[relation.of].record.section)
    }

    /// Notes that it matters what could meet this relation.
    pub fn demand(&mut self, relation: RelationId) {
        let target = self.universe.relations[relation].target;
        self.demanded.insert(self.universe.packages[target].group);
    }

    /// Whether the mode of a package may be changed at all.
    pub fn may_change(&self, mode: Mode, package: PackageId, depth: usize) -> bool {
        let (entry, mark) = (&self.universe.packages[package], &self.of[package]);
        if depth > MOST_DEPTH || entry.versions.is_empty() {
            return false;
        }
        if mark.mode == mode {
            return true;
        }
        if mark.is_protected || (mode != Mode::Keep && entry.is_held && !self.settings.ignores_holds) {
            return false;
        }
        !(mode == Mode::Delete && (entry.is_essential || entry.is_important))
    }

    /// Marks a package to stay as it is. What is only half there can stay only if it can be had again.
    pub fn keep(&mut self, package: PackageId, depth: usize) -> bool {
        if !self.may_change(Mode::Keep, package, depth) {
            return false;
        }
        let entry = &self.universe.packages[package];
        if entry.is_half_there && !entry.current.is_some_and(|current| self.universe.is_downloadable(current))
        {
            return false;
        }
        if self.of[package].mode != Mode::Keep {
            self.set(package, Mode::Keep, self.universe.packages[package].current);
        }
        true
    }

    /// Marks a package to go.
    pub fn delete(&mut self, package: PackageId, depth: usize) -> bool {
        if !self.may_change(Mode::Delete, package, depth) {
            return false;
        }
        if self.of[package].mode != Mode::Delete && self.of[package].install.is_some() {
            if !self.may_delete(package) {
                return false;
            }
            self.keep_needs_of_leaving(package);
            let mode =
                if self.universe.packages[package].current.is_none() { Mode::Keep } else { Mode::Delete };
            self.set(package, mode, None);
        }
        true
    }

    /// Marks the candidate, whatever it needs.
    pub fn set_candidate_marked(&mut self, package: PackageId) {
        let mark = &self.of[package];
        if mark.is_protected && mark.install == mark.candidate {
            return;
        }
        let is_there = mark.candidate.is_some() && mark.candidate == self.universe.packages[package].current;
        let mode = if is_there { Mode::Keep } else { Mode::Install };
        let is_new = mark.step.is_none();
        self.set(package, mode, mark.candidate);
        self.of[package].is_automatic |= is_new;
    }

    /// Gives up the candidate for what is marked now.
    pub fn discard_candidate(&mut self, package: PackageId) {
        self.of[package].candidate = self.of[package].install;
    }

    /// Back to what is installed, and no candidate beyond it.
    pub fn discard_install(&mut self, package: PackageId) {
        let current = self.universe.packages[package].current;
        let mark = &self.of[package];
        if !(mark.mode == Mode::Keep && mark.install == mark.candidate && mark.candidate == current) {
            self.set(package, Mode::Keep, current);
            self.discard_candidate(package);
        }
    }

    /// Makes what is installed the candidate: the real one cannot be installed.
    pub fn refuse_candidate(&mut self, package: PackageId) {
        let current = self.universe.packages[package].current;
        if current.is_none() {
            self.of[package].candidate = None;
        } else if self.of[package].candidate != current {
            let mark = &mut self.of[package];
            if mark.candidate == mark.install && mark.is_install() {
                mark.install = current;
            }
            mark.candidate = current;
            mark.step = step(self.universe, package, current);
            self.refresh(package);
        }
        if self.of[package].mode != Mode::Delete {
            self.of[package].mode = Mode::Keep;
            self.of[package].step = step(self.universe, package, self.of[package].candidate);
        }
    }

    fn set(&mut self, package: PackageId, mode: Mode, install: Option<VersionId>) {
        self.of[package].mode = mode;
        self.of[package].install = install;
        self.refresh(package);
    }

    /// Works out again what follows from a changed mark.
    fn refresh(&mut self, package: PackageId) {
        let universe = self.universe;
        self.reassess(package);
        self.refresh_named(package);
        let current = universe.packages[package].current;
        let candidate = self.of[package].candidate.filter(|candidate| Some(*candidate) != current);
        for version in current.into_iter().chain(candidate) {
            for provided in &universe.versions[version].provides {
                self.refresh_named(*provided);
            }
        }
    }

    fn refresh_named(&mut self, package: PackageId) {
        let universe = self.universe;
        for relation in &universe.packages[package].named_by {
            self.answers[*relation] = self.measure(*relation);
            let of = universe.relations[*relation].of;
            self.regroup(of);
            self.reassess(universe.versions[of].package);
        }
    }

    fn reassess(&mut self, package: PackageId) {
        self.broken -= usize::from(self.of[package].is_broken());
        self.assess(package);
        self.broken += usize::from(self.of[package].is_broken());
    }

    /// The three answers of a relation by itself; for a negative one whether it is respected.
    fn measure(&self, id: RelationId) -> u8 {
        let relation = &self.universe.relations[id];
        let target = &self.universe.packages[relation.target];
        let mark = &self.of[relation.target];
        let mut bits = 0;
        if !self.universe.is_ignored(relation, relation.target) {
            for (bit, version) in [(NOW, target.current), (MARKED, mark.install), (CANDIDATE, mark.candidate)]
            {
                if version.is_some_and(|version| self.universe.is_met_by(relation, version)) {
                    bits |= bit;
                }
            }
        }
        for provider in &target.providers {
            if bits == NOW | MARKED | CANDIDATE {
                break;
            }
            let owner = self.universe.versions[provider.version].package;
            let (there, mark) = (self.universe.packages[owner].current, &self.of[owner]);
            let mut would = 0;
            for (bit, version) in [(NOW, there), (MARKED, mark.install), (CANDIDATE, mark.candidate)] {
                would |= if version == Some(provider.version) { bit } else { 0 };
            }
            if would & !bits != 0
                && !self.universe.is_ignored_provider(relation, provider)
                && self.universe.is_met_by_provider(relation, provider)
            {
                bits |= would;
            }
        }
        if relation.kind.is_negative() { !bits & 7 } else { bits }
    }

    /// Works out the answers of the groups of alternatives of a version.
    fn regroup(&mut self, version: VersionId) {
        let mut group = 0;
        for id in self.universe.versions[version].relations.clone() {
            let relation = &self.universe.relations[id];
            let turn = if relation.kind.is_negative() { 0x3f } else { 0 };
            let raw = (self.answers[id] ^ turn) & 7;
            group |= raw;
            self.answers[id] = (raw | (group << GROUP)) ^ turn;
            if !relation.is_or {
                group = 0;
            }
        }
    }

    fn assess(&mut self, package: PackageId) {
        let current = self.universe.packages[package].current;
        let mut soundness = 0xff;
        if let Some(version) = current {
            soundness &= self.soundness(version, NOW, SOUND_NOW, FULL_NOW);
        }
        if let Some(version) = self.of[package].install {
            soundness &= self.soundness(version, MARKED, SOUND_MARKED, FULL_MARKED);
        }
        self.of[package].soundness = soundness;
    }

    fn soundness(&self, version: VersionId, bit: u8, sound: u8, full: u8) -> u8 {
        let mut bits = 0xff;
        let range = self.universe.versions[version].relations.clone();
        let mut start = range.start;
        for id in range {
            let relation = &self.universe.relations[id];
            if relation.is_or {
                continue;
            }
            let first = &self.universe.relations[start];
            start = id + 1;
            if (self.answers[id] | (self.answers[id] >> GROUP)) & bit != 0 {
                continue;
            }
            if first.kind.is_critical() {
                return bits & !(sound | full);
            }
            if self.is_important(first) {
                bits &= !full;
            }
        }
        bits
    }
}

/// What apt wrote down of a package: for one architecture, or for all.
fn is_automatic(universe: &Universe, settings: &Settings, package: PackageId) -> bool {
    let entry = &universe.packages[package];
    let (name, arch) = (universe.name(package), &*entry.arch);
    let is_noted = |arch: &str| settings.automatic.contains(&(name.into(), arch.into()));
    !entry.versions.is_empty()
        && !settings.automatic.is_empty()
        && (is_noted(arch) || is_noted("") || (arch == universe.native() && is_noted("all")))
}

/// How a candidate stands to what is installed: by their places among the versions, as two builds of one version may
/// both be there, and the one an archive offers counts as newer (`VerIterator::CompareVer`).
fn step(universe: &Universe, package: PackageId, candidate: Option<VersionId>) -> Option<std::cmp::Ordering> {
    let entry = &universe.packages[package];
    let place = |wanted: VersionId| entry.versions.iter().position(|version| *version == wanted);
    let (current, candidate) = (place(entry.current?)?, place(candidate?)?);
    Some(current.cmp(&candidate))
}
