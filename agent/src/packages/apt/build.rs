//! Makes the universe out of the records of all lists and of dpkg's status file.

use std::collections::HashMap;
use std::rc::Rc;

use super::record::{Kind, MultiArch, RELATED, Record};
use super::relations::{Op, Relation as Written, relations};
use super::universe::{Group, Package, PackageId, Provider, Relation, Universe, Version, VersionId, order};

/// Slots of apt's table of names. The order in which apt visits packages follows from it.
const NAME_SLOTS: u32 = 196_613;

/// Builds the universe. `records` in the order of the lists, those of dpkg's status file (list number
/// `status_file`) last; `archs` with the native one first.
pub fn universe(records: Vec<Record>, archs: &[String], status_file: usize, with_suggests: bool) -> Universe {
    let archs = archs.iter().map(|arch| Rc::from(arch.as_str())).collect();
    let mut builder =
        Builder { made: Universe { archs, status_file, ..Universe::default() }, texts: HashMap::new() };
    for record in &records {
        builder.mention(record);
    }
    for record in records {
        builder.version(record);
    }
    let named = builder.read_relations(with_suggests);
    builder.provide();
    builder.relate(named);
    builder.link();
    builder.made
}

/// A written relation with its package found, waiting until every package is known.
struct Named {
    kind: Kind,
    op: Op,
    version: Option<usize>,
    is_or: bool,
    group: usize,
    /// `None`: every architecture of the group (negative relations without one).
    target: Option<PackageId>,
}

struct Builder {
    made: Universe,
    texts: HashMap<Rc<str>, usize>,
}

impl Builder {
    fn text(&mut self, text: &str) -> usize {
        if let Some(known) = self.texts.get(text) {
            return *known;
        }
        let (id, text) = (self.made.texts.len(), Rc::<str>::from(text));
        self.made.texts.push(Rc::clone(&text));
        self.texts.insert(text, id);
        id
    }

    fn group(&mut self, name: &str) -> usize {
        if let Some(known) = self.made.by_name.get(name) {
            return *known;
        }
        let (id, name) = (self.made.groups.len(), Rc::<str>::from(name));
        self.made.groups.push(Group { name: Rc::clone(&name), packages: Vec::new() });
        self.made.by_name.insert(name, id);
        id
    }

    fn package(&mut self, name: &str, arch: &str) -> PackageId {
        let group = self.group(name);
        let known = &self.made.groups[group].packages;
        // "any" means whichever came first.
        let found = match arch {
            "any" => known.first().copied(),
            _ => known.iter().copied().find(|id| &*self.made.packages[*id].arch == arch),
        };
        if let Some(found) = found {
            return found;
        }
        let id = self.made.packages.len();
        self.made.packages.push(Package {
            group,
            arch: arch.into(),
            versions: Vec::new(),
            current: None,
            is_held: false,
            is_unfinished: false,
            is_essential: false,
            is_important: false,
            named_by: Vec::new(),
            providers: Vec::new(),
        });
        self.made.groups[group].packages.push(id);
        if let Some((base, real)) = name.rsplit_once(':').filter(|(_, real)| arch == "any" && *real != "any")
        {
            self.package(base, real);
        }
        id
    }

    /// Makes packages in the order in which they are first named: where nothing else decides between two
    /// packages, apt takes the one it heard of later.
    fn mention(&mut self, record: &Record) {
        let native = Rc::clone(&self.made.archs[0]);
        let arch = if record.is_all() || record.arch.is_empty() {
            Rc::clone(&native)
        } else {
            Rc::from(&*record.arch)
        };
        self.package(&record.name, &arch);
        for ((_, kind), field) in RELATED.iter().zip(&record.related) {
            for written in relations(field, &native) {
                self.read_one(*kind, &written, &arch, &mut Vec::new());
            }
        }
        for written in relations(&record.provides, &native).iter().filter(|written| written.arch.is_none()) {
            self.package(written.name, &arch);
        }
    }

    /// Adds a version, or finds the one that is the same build, and notes where it came from.
    fn version(&mut self, record: Record) {
        let native = Rc::clone(&self.made.archs[0]);
        let arch =
            if record.is_all() || record.arch.is_empty() { &*native } else { &*record.arch }.to_owned();
        let package = self.package(&record.name, &arch);
        let (file, status) = (record.file, record.status.clone());
        let entry = &mut self.made.packages[package];
        entry.is_essential |= record.is_essential;
        entry.is_important |= record.is_important;
        let id = match self.place(package, &record) {
            Ok(known) => {
                let known_record = &mut self.made.versions[known].record;
                if known_record.size_bytes == 0 {
                    known_record.size_bytes = record.size_bytes;
                }
                if record.phased_percent != 100 {
                    known_record.phased_percent = record.phased_percent;
                }
                known
            }
            Err(at) => {
                let id = self.made.versions.len();
                self.made.packages[package].versions.insert(at, id);
                self.made.by_source.entry(record.source.clone()).or_default().push(id);
                let (files, provides) = (Vec::new(), Vec::new());
                self.made.versions.push(Version { package, record, files, relations: 0..0, provides });
                id
            }
        };
        self.made.versions[id].files.push(file);
        if let Some(status) = status {
            let entry = &mut self.made.packages[package];
            entry.is_held |= status.is_hold;
            entry.is_unfinished |= status.is_present() && status.is_unfinished();
            if status.is_present() {
                entry.current = Some(id);
            }
        }
    }

    /// The same build in the sorted list of versions, or where a new one belongs.
    fn place(&self, package: PackageId, record: &Record) -> Result<VersionId, usize> {
        let versions = &self.made.packages[package].versions;
        for (at, known) in versions.iter().enumerate() {
            let other = &self.made.versions[*known];
            match order(&record.version, &other.record.version) {
                std::cmp::Ordering::Greater => return Err(at),
                std::cmp::Ordering::Less => {}
                std::cmp::Ordering::Equal if is_same_build(record, &other.record) => return Ok(*known),
                // What an archive offers stands before what only dpkg knows.
                std::cmp::Ordering::Equal => {
                    let only_status = other.files.iter().all(|file| *file == self.made.status_file);
                    if record.file != self.made.status_file && only_status {
                        return Err(at);
                    }
                }
            }
        }
        Err(versions.len())
    }

    fn arch_of(&self, version: VersionId) -> Rc<str> {
        Rc::clone(&self.made.packages[self.made.versions[version].package].arch)
    }

    /// Reads the relationship fields of every version and makes the packages they name.
    fn read_relations(&mut self, with_suggests: bool) -> Vec<Vec<Named>> {
        let mut all = Vec::with_capacity(self.made.versions.len());
        for version in 0..self.made.versions.len() {
            let arch = self.arch_of(version);
            let fields = std::mem::take(&mut self.made.versions[version].record.related);
            let mut named = Vec::new();
            for ((_, kind), field) in RELATED.iter().zip(&fields) {
                if *kind == Kind::Suggests && !with_suggests {
                    continue;
                }
                for written in relations(field, &Rc::clone(&self.made.archs[0])) {
                    self.read_one(*kind, &written, &arch, &mut named);
                }
            }
            all.push(named);
        }
        all
    }

    fn read_one(&mut self, kind: Kind, written: &Written<'_>, arch: &str, named: &mut Vec<Named>) {
        let version = (written.op != Op::Any).then(|| self.text(written.version));
        let (name, target) = match written.arch {
            None if kind.is_negative() => {
                let group = self.group(written.name);
                if self.made.groups[group].packages.is_empty() {
                    self.package(written.name, arch);
                }
                (written.name.to_owned(), None)
            }
            None => (written.name.to_owned(), Some(self.package(written.name, arch))),
            Some(qualifier) => {
                let qualifier = if qualifier == "native" { self.made.native() } else { qualifier };
                let name = format!("{}:{qualifier}", written.name);
                let target = self.package(&name, "any");
                (name, Some(target))
            }
        };
        let group = self.group(&name);
        named.push(Named { kind, op: written.op, version, is_or: written.is_or, group, target });
    }

    /// Enters every stand-in: written ones, then those that follow from the multi-arch rules.
    fn provide(&mut self) {
        for version in 0..self.made.versions.len() {
            let field = std::mem::take(&mut self.made.versions[version].record.provides);
            let arch = self.arch_of(version);
            let multi_arch = self.made.versions[version].record.multi_arch;
            let is_wanted = self.made.is_wanted_arch(&arch);
            for written in relations(&field, &Rc::clone(&self.made.archs[0])) {
                if matches!(written.op, Op::Any | Op::Equal) {
                    self.provide_one(version, &written, &arch, multi_arch, is_wanted);
                }
            }
            let name = self.made.versions[version].record.name.clone();
            let own = self.made.versions[version].record.version.clone();
            let own = self.text(&own);
            if is_wanted && multi_arch == MultiArch::Allowed {
                let package = self.package(&format!("{name}:any"), "any");
                self.enter(version, package, Some(own), true);
            } else if is_wanted && multi_arch == MultiArch::Foreign {
                self.provide_everywhere(version, &name, Some(own), true);
            }
            self.enter_with_arch(version, &name, &arch, Some(own));
        }
    }

    fn provide_one(
        &mut self,
        version: VersionId,
        written: &Written<'_>,
        arch: &str,
        multi: MultiArch,
        wanted: bool,
    ) {
        let as_version = (written.op == Op::Equal).then(|| self.text(written.version));
        if let Some(qualifier) = written.arch {
            let any = self.package(&format!("{}:{qualifier}", written.name), "any");
            if qualifier != "any" {
                let real = self.package(written.name, qualifier);
                self.enter(version, real, as_version, true);
            }
            self.enter(version, any, as_version, false);
            return;
        }
        if multi == MultiArch::Foreign && wanted {
            self.provide_everywhere(version, written.name, as_version, false);
            self.enter_with_arch(version, written.name, arch, as_version);
            return;
        }
        if multi == MultiArch::Allowed && wanted {
            let any = self.package(&format!("{}:any", written.name), "any");
            self.enter(version, any, as_version, true);
        }
        let package = self.package(written.name, arch);
        self.enter(version, package, as_version, false);
        self.enter_with_arch(version, written.name, arch, as_version);
    }

    /// A relation that names the architecture is met by what stands in for the name there.
    fn enter_with_arch(&mut self, version: VersionId, name: &str, arch: &str, as_version: Option<usize>) {
        if let Some(group) = self.made.by_name.get(format!("{name}:{arch}").as_str()) {
            let package = self.made.groups[*group].packages[0];
            self.enter(version, package, as_version, true);
        }
    }

    fn provide_everywhere(
        &mut self,
        version: VersionId,
        name: &str,
        as_version: Option<usize>,
        implied: bool,
    ) {
        let group = self.group(name);
        if self.made.groups[group].packages.is_empty() {
            let native = Rc::clone(&self.made.archs[0]);
            self.package(name, &native);
        }
        for package in self.made.groups[group].packages.clone() {
            if !(implied && self.made.versions[version].package == package) {
                self.enter(version, package, as_version, implied);
            }
        }
    }

    fn enter(&mut self, version: VersionId, package: PackageId, as_version: Option<usize>, is_implied: bool) {
        let own = &self.made.versions[version];
        let is_own_version = as_version.is_none_or(|text| *self.made.texts[text] == *own.record.version);
        if own.package == package && is_own_version {
            return; // a package stands in for itself anyway
        }
        self.made.packages[package].providers.push(Provider { version, as_version, is_implied });
        if !self.made.versions[version].provides.contains(&package) {
            self.made.versions[version].provides.push(package);
        }
    }

    /// Lays down the relations of every version in one row, own ones first, implied ones last.
    fn relate(&mut self, named: Vec<Vec<Named>>) {
        for (version, named) in named.into_iter().enumerate() {
            let start = self.made.relations.len();
            for one in named {
                let Named { kind, op, version: text, is_or, group, target } = one;
                let targets =
                    target.map_or_else(|| self.made.groups[group].packages.clone(), |target| vec![target]);
                for target in targets {
                    let relation =
                        Relation { of: version, target, kind, op, version: text, is_or, is_implied: false };
                    self.made.relations.push(relation);
                }
            }
            self.exclude_siblings(version);
            self.made.versions[version].relations = start..self.made.relations.len();
        }
    }

    fn exclude_siblings(&mut self, version: VersionId) {
        let package = self.made.versions[version].package;
        let may_coexist = self.made.versions[version].record.multi_arch == MultiArch::Same;
        let own = self.made.versions[version].record.version.clone();
        for target in self.made.groups[self.made.packages[package].group].packages.clone() {
            if target == package || self.made.packages[target].versions.is_empty() {
                continue;
            }
            let (kind, op, text) = if may_coexist {
                (Kind::Breaks, Op::NotEqual, Some(self.text(&own)))
            } else {
                (Kind::Conflicts, Op::Any, None)
            };
            let relation =
                Relation { of: version, target, kind, op, version: text, is_or: false, is_implied: true };
            self.made.relations.push(relation);
        }
    }

    /// Back links, newest first as apt keeps them, and the order of visiting.
    fn link(&mut self) {
        for (id, relation) in self.made.relations.iter().enumerate().rev() {
            self.made.packages[relation.target].named_by.push(id);
        }
        for package in &mut self.made.packages {
            package.providers.reverse();
        }
        let mut groups: Vec<usize> = (0..self.made.groups.len()).collect();
        groups.sort_by_cached_key(|group| {
            let name = &self.made.groups[*group].name;
            (slot(name), name.len(), Rc::clone(name))
        });
        self.made.order =
            groups.iter().flat_map(|group| self.made.groups[*group].packages.iter().copied()).collect();
    }
}

fn is_same_build(a: &Record, b: &Record) -> bool {
    let sizes_differ = a.size_bytes != 0 && b.size_bytes != 0 && a.size_bytes != b.size_bytes;
    a.fingerprint == b.fingerprint
        && !sizes_differ
        && a.multi_arch == b.multi_arch
        && a.is_all() == b.is_all()
}

fn slot(name: &str) -> u32 {
    let sum =
        name.bytes().fold(5381_u32, |sum, byte| sum.wrapping_mul(33).wrapping_add(u32::from(byte | 0x20)));
    sum % NAME_SLOTS
}
