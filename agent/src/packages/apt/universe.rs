//! Every package that matters for the next upgrade, with versions, relations and what provides what.
//!
//! The rules for architectures are those of Debian's multi-arch specification as apt applies them: versions of
//! one package for several architectures exclude each other unless `Multi-Arch: same`; `foreign` ones serve
//! every architecture; `allowed` ones serve relations that ask for `:any`.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::rc::Rc;

use super::record::{Kind, MultiArch, Record};
use super::relations::Op;

pub type PackageId = usize;
pub type VersionId = usize;
pub type RelationId = usize;

/// A package of one architecture, real or only named by others.
#[derive(Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "marks of a package that dpkg and the archive set independently"
)]
pub struct Package {
    pub group: usize,
    pub arch: Rc<str>,
    /// Newest first.
    pub versions: Vec<VersionId>,
    pub current: Option<VersionId>,
    pub is_held: bool,
    /// dpkg was stopped while it unpacked or removed it.
    pub is_half_there: bool,
    /// … and will do nothing else with it before it is unpacked again.
    pub needs_reinstall: bool,
    pub is_essential: bool,
    pub is_important: bool,
    /// Relations of any version that name this package.
    pub named_by: Vec<RelationId>,
    pub providers: Vec<Provider>,
}

/// A version that stands in for a package.
#[derive(Clone, Copy, Debug)]
pub struct Provider {
    pub version: VersionId,
    pub as_version: Option<usize>,
    /// Follows from the multi-arch rules, not from a `Provides` field.
    pub is_implied: bool,
    /// Stands in for a name with its architecture.
    pub is_specific: bool,
}

/// A version and where it can be had.
#[derive(Debug)]
pub struct Version {
    pub package: PackageId,
    pub record: Record,
    /// Lists that offer it.
    pub files: Vec<usize>,
    pub relations: std::ops::Range<RelationId>,
    /// Packages it stands in for.
    pub provides: Vec<PackageId>,
}

/// One relation of one version.
#[derive(Debug)]
pub struct Relation {
    pub of: VersionId,
    pub target: PackageId,
    pub kind: Kind,
    pub op: Op,
    pub version: Option<usize>,
    pub is_or: bool,
    /// Follows from the multi-arch rules.
    pub is_implied: bool,
}

/// The packages of one name.
#[derive(Debug)]
pub struct Group {
    pub name: Rc<str>,
    pub packages: Vec<PackageId>,
}

/// Everything the upgrade looks at.
#[derive(Debug, Default)]
pub struct Universe {
    pub groups: Vec<Group>,
    pub by_name: HashMap<Rc<str>, usize>,
    pub packages: Vec<Package>,
    pub versions: Vec<Version>,
    pub by_source: HashMap<Box<str>, Vec<VersionId>>,
    pub relations: Vec<Relation>,
    /// Version texts named by relations and provides.
    pub texts: Vec<Rc<str>>,
    /// Packages in the order apt visits them.
    pub order: Vec<PackageId>,
    /// Native architecture first.
    pub archs: Vec<Rc<str>>,
    /// Which lists are of security archives.
    pub security_files: Vec<bool>,
    /// The list that stands for dpkg's status file.
    pub status_file: usize,
    /// What stands in for what follows from the order in which records were read.
    pub depends_on_order: bool,
}

/// Orders two version texts as dpkg does; what it would refuse is ordered as plain bytes, so that the answer
/// is the same every time.
pub fn order(a: &str, b: &str) -> Ordering {
    if a == b {
        return Ordering::Equal;
    }
    mainstay_versions::dpkg::compare(a, b).unwrap_or_else(|_| a.cmp(b))
}

impl Universe {
    /// The name without architecture.
    pub fn name(&self, package: PackageId) -> &str {
        &self.groups[self.packages[package].group].name
    }

    /// The native architecture.
    pub fn native(&self) -> &str {
        &self.archs[0]
    }

    /// Whether packages of this architecture are wanted here.
    pub fn is_wanted_arch(&self, arch: &str) -> bool {
        self.archs.iter().any(|wanted| &**wanted == arch)
    }

    /// Whether an archive still offers it.
    pub fn is_downloadable(&self, version: VersionId) -> bool {
        self.versions[version].files.iter().any(|file| *file != self.status_file)
    }

    /// Whether a version meets what the relation says about versions.
    pub fn is_met_by(&self, relation: &Relation, version: VersionId) -> bool {
        relation.version.is_none_or(|named| {
            relation.op.holds(order(&self.versions[version].record.version, &self.texts[named]))
        })
    }

    /// The same for a stand-in: one without a version meets no versioned relation.
    pub fn is_met_by_provider(&self, relation: &Relation, provider: &Provider) -> bool {
        match (relation.version, provider.as_version) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(named), Some(given)) => relation.op.holds(order(&self.texts[given], &self.texts[named])),
        }
    }

    /// A package never excludes itself, nor its other architectures when they may stand beside it.
    pub fn is_ignored(&self, relation: &Relation, target: PackageId) -> bool {
        if !relation.kind.is_negative() {
            return false;
        }
        let of = &self.versions[relation.of];
        if self.packages[of.package].group != self.packages[target].group {
            return false;
        }
        of.package == target || (of.record.multi_arch == MultiArch::Same && !relation.is_implied)
    }

    /// The same for a stand-in of the target.
    pub fn is_ignored_provider(&self, relation: &Relation, provider: &Provider) -> bool {
        if !relation.kind.is_negative() {
            return false;
        }
        let own = self.packages[self.versions[relation.of].package].group;
        let other = self.packages[self.versions[provider.version].package].group;
        own == other || relation.is_implied
    }

    /// Packages of which some version stands in for a name.
    pub fn standing_in(&self, group: usize) -> impl Iterator<Item = PackageId> + '_ {
        let packages = self.groups[group].packages.iter();
        let providers = packages.flat_map(|package| &self.packages[*package].providers);
        providers.map(|provider| self.versions[provider.version].package)
    }

    /// Every version that could meet the relation, the named package's own first.
    pub fn targets(&self, relation: &Relation) -> Vec<VersionId> {
        let target = &self.packages[relation.target];
        let mut found = Vec::new();
        if !self.is_ignored(relation, relation.target) {
            found
                .extend(target.versions.iter().copied().filter(|version| self.is_met_by(relation, *version)));
        }
        let stands_in = |provider: &&Provider| {
            !self.is_ignored_provider(relation, provider) && self.is_met_by_provider(relation, provider)
        };
        found.extend(target.providers.iter().filter(stands_in).map(|provider| provider.version));
        found
    }

    /// The range of the group of alternatives that starts at `start`.
    pub fn alternatives(&self, start: RelationId, end: RelationId) -> std::ops::Range<RelationId> {
        let mut last = start;
        while last + 1 < end && self.relations[last].is_or {
            last += 1;
        }
        start..last + 1
    }

    /// The groups of alternatives of a version, in order.
    pub fn groups_of(&self, version: VersionId) -> Vec<std::ops::Range<RelationId>> {
        let all = self.versions[version].relations.clone();
        let mut groups = Vec::new();
        let mut at = all.start;
        while at < all.end {
            let group = self.alternatives(at, all.end);
            at = group.end;
            groups.push(group);
        }
        groups
    }
}
