//! Relations as apt's cache gets to know them, and those the multi-arch rules add.
//!
//! The steps are those of `pkgCacheGenerator::NewDepends` and `AddImplicitDepends` and of `debListParser::ParseDepends`
//! (apt 2.6).

use std::rc::Rc;

use super::build::Builder;
use super::record::{Kind, MultiArch, RELATED};
use super::relations::{Op, Relation as Written, relations};
use super::universe::{PackageId, Relation, VersionId};

/// A relation while the universe is built.
#[derive(Clone, Copy, Debug)]
pub(super) struct Draft {
    pub of: VersionId,
    target: PackageId,
    pub shape: Shape,
}

/// What a relation says, whoever says it of whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    kind: Kind,
    op: Op,
    version: Option<usize>,
    is_or: bool,
    is_implied: bool,
    /// Names an architecture behind the package.
    is_specific: bool,
}

impl Shape {
    /// Whether an architecture that comes later is meant as well.
    pub fn means_others(&self) -> bool {
        means_all(self.kind) && !self.is_specific && !self.is_implied
    }
}

impl Draft {
    /// `None` for the kinds that have no say in what is installed.
    pub fn relation(&self) -> Option<Relation> {
        let Shape { kind, op, version, is_or, is_implied, .. } = self.shape;
        let counts = !matches!(kind, Kind::Replaces | Kind::Enhances);
        counts.then_some(Relation { of: self.of, target: self.target, kind, op, version, is_or, is_implied })
    }
}

/// The relations that name one package.
///
/// apt puts a new one in front of the list only when it names a version text stored later than all others there;
/// any other goes behind the first.
#[derive(Default)]
pub(super) struct Named {
    first: Option<usize>,
    /// Oldest first.
    behind: Vec<usize>,
    /// The version text stored last that any of them names; of all records, also those that only pass by.
    newest: Option<usize>,
    is_known: bool,
}

impl Named {
    /// In apt's order.
    pub fn ids(&self) -> impl Iterator<Item = usize> + '_ {
        self.first.into_iter().chain(self.behind.iter().rev().copied())
    }

    /// `id` is `None` for a relation of a record that only passes by: it may have its place in front, no more.
    fn add(&mut self, id: Option<usize>, version: Option<usize>) {
        if !std::mem::replace(&mut self.is_known, true) || version > self.newest {
            self.newest = version;
            self.behind.extend(std::mem::replace(&mut self.first, id));
        } else {
            self.behind.extend(id);
        }
    }
}

impl Builder {
    pub(super) fn depend(&mut self, of: VersionId, target: PackageId, shape: Shape) -> usize {
        let id = self.drafts.len();
        self.drafts.push(Draft { of, target, shape });
        self.named[target].add(Some(id), shape.version);
        id
    }

    /// A relation of a record that only passes by.
    pub(super) fn pass_relation(&mut self, target: PackageId, shape: Shape) {
        self.named[target].add(None, shape.version);
    }

    /// Reads the relationship fields of a new version.
    pub(super) fn relate(&mut self, version: VersionId, fields: &[Box<str>]) {
        let native = Rc::clone(&self.made.archs[0]);
        let arch = Rc::clone(&self.made.packages[self.made.versions[version].package].arch);
        for ((_, kind), field) in RELATED.iter().zip(fields) {
            for written in relations(field, &native) {
                for (target, shape) in self.read_one(*kind, &written, &arch) {
                    let id = self.depend(version, target, shape);
                    self.rows[version].own.push(id);
                }
            }
        }
    }

    /// The packages that a written relation means, made when they were not named before.
    pub(super) fn read_one(
        &mut self,
        kind: Kind,
        written: &Written<'_>,
        arch: &str,
    ) -> Vec<(PackageId, Shape)> {
        let version = (written.op != Op::Any).then(|| self.text(written.version));
        let shape = Shape {
            kind,
            op: written.op,
            version,
            is_or: written.is_or,
            is_implied: false,
            is_specific: written.arch.is_some_and(|arch| arch != "any"),
        };
        let Some(qualifier) = written.arch else {
            return self.read_plain(written.name, arch, shape);
        };
        let qualifier = if qualifier == "native" { self.made.native() } else { qualifier };
        let name = format!("{}:{qualifier}", written.name);
        // On an architecture that is not set up, "any" may be its own as well.
        let has_second = qualifier == "any" && !self.made.is_wanted_arch(arch);
        let target = self.package(&name, "any");
        let first = Shape { is_or: shape.is_or || has_second, ..shape };
        let mut read = vec![(target, first)];
        if has_second {
            read.extend(self.read_plain(written.name, arch, shape));
        }
        read
    }

    /// A relation that names no architecture: one that excludes or replaces means every one there is.
    fn read_plain(&mut self, name: &str, arch: &str, shape: Shape) -> Vec<(PackageId, Shape)> {
        let group = self.group(name);
        let all = self.made.groups[group].packages.clone();
        let targets =
            if means_all(shape.kind) && !all.is_empty() { all } else { vec![self.package(name, arch)] };
        targets.into_iter().map(|target| (target, shape)).collect()
    }

    /// The architectures of one name exclude each other, or must have the same version. The first version of a package
    /// is what makes those of the others mind it.
    pub(super) fn exclude_siblings(&mut self, version: VersionId) {
        let package = self.made.versions[version].package;
        let mut siblings = self.made.groups[self.made.packages[package].group].packages.clone();
        siblings.retain(|sibling| *sibling != package);
        if self.made.packages[package].versions.len() == 1 {
            for sibling in &siblings {
                for other in self.made.packages[*sibling].versions.clone() {
                    self.exclude(other, package);
                }
            }
        }
        for sibling in siblings {
            if !self.made.packages[sibling].versions.is_empty() {
                self.exclude(version, sibling);
            }
        }
    }

    fn exclude(&mut self, of: VersionId, target: PackageId) {
        let shape = |kind, op, version| Shape {
            kind,
            op,
            version,
            is_or: false,
            is_implied: true,
            is_specific: false,
        };
        let shapes = if self.made.versions[of].record.multi_arch == MultiArch::Same {
            let own = Some(self.own_text(of));
            vec![shape(Kind::Replaces, Op::Less, own), shape(Kind::Breaks, Op::NotEqual, own)]
        } else {
            vec![shape(Kind::Conflicts, Op::Any, None)]
        };
        for shape in shapes {
            let id = self.depend(of, target, shape);
            self.rows[of].added.push(id);
        }
    }
}

/// Whether a relation of this kind that names no architecture means all of them.
fn means_all(kind: Kind) -> bool {
    matches!(kind, Kind::Conflicts | Kind::Breaks | Kind::Replaces)
}

#[cfg(test)]
mod tests {
    use super::super::build;
    use super::super::record::Record;
    use crate::packages::stanza::{Stanza, stanzas};

    /// The order is that of `apt-cache showpkg` (apt 2.6.1), without the lines of `Replaces`.
    #[test]
    fn a_relation_comes_first_only_when_its_version_text_is_stored_last() {
        let text = "Package: a\nVersion: 1\nDepends: z (>= 5)\n\n\
                    Package: b\nVersion: 1\nDepends: z\n\n\
                    Package: c\nVersion: 1\nDepends: z (>= 7)\n\n\
                    Package: d\nVersion: 1\nDepends: z (>= 5)\n\n\
                    Package: e\nVersion: 9\nReplaces: z (<< 9)\n\n\
                    Package: f\nVersion: 1\nDepends: z (>= 7)\n";
        let text = text.replace("Version: ", "Architecture: amd64\nVersion: ");
        let records = stanzas(text.as_bytes());
        let records = records.iter().map(|one| Record::parse(Stanza(one), 0).unwrap()).collect();
        let universe = build::universe(records, &["amd64".to_owned()], 1);
        let z = universe.groups[universe.by_name["z"]].packages[0];
        let naming = universe.packages[z].named_by.iter().map(|id| universe.relations[*id].of);
        let names: Vec<&str> = naming.map(|of| universe.name(universe.versions[of].package)).collect();
        assert_eq!(names, ["f", "c", "d", "a", "b"]);
    }
}
