//! Makes the universe out of the records of all lists and of dpkg's status file.
//!
//! apt reads the records one after the other and makes packages, versions, relations and stand-ins as it meets them
//! (`pkgcachegen.cc`). Where nothing else decides, the order in which it met them does, and a few stand-ins depend on
//! what was known at that moment; so the same is done here in the same order.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use super::record::Record;
use super::ties::{Draft, Named};
use super::universe::{Group, Package, PackageId, Provider, Universe, Version, VersionId, order};

/// Slots of apt's table of names. The order in which apt visits packages follows from it.
const NAME_SLOTS: u32 = 196_613;

/// Builds the universe of these records.
#[cfg(test)]
pub fn universe(records: Vec<Record>, archs: &[String], status_file: usize) -> Universe {
    let mut builder = Builder::new(archs, status_file);
    for record in records {
        builder.add(record);
    }
    builder.finish()
}

/// Relations of one version in the order in which apt keeps them.
#[derive(Default)]
pub(super) struct Row {
    /// Those of its own fields.
    pub own: Vec<usize>,
    /// Those the multi-arch rules added, while its fields were read or later.
    pub added: Vec<usize>,
}

/// Takes records in the order of the lists, those of dpkg's status file last.
pub struct Builder {
    pub(super) made: Universe,
    texts: HashMap<Rc<str>, usize>,
    pub(super) drafts: Vec<Draft>,
    /// By version.
    pub(super) rows: Vec<Row>,
    /// By package.
    pub(super) named: Vec<Named>,
    /// Builds that passed by.
    pub(super) passed: HashSet<u64>,
}

impl Builder {
    /// `archs` with the native one first; `status_file` is the number of dpkg's status file among the lists.
    pub fn new(archs: &[String], status_file: usize) -> Self {
        let archs = archs.iter().map(|arch| Rc::from(arch.as_str())).collect();
        Self {
            made: Universe { archs, status_file, ..Universe::default() },
            texts: HashMap::new(),
            drafts: Vec::new(),
            rows: Vec::new(),
            named: Vec::new(),
            passed: HashSet::new(),
        }
    }

    /// The universe of everything that was added.
    pub fn finish(mut self) -> Universe {
        self.lay();
        self.link();
        self.made
    }

    pub(super) fn text(&mut self, text: &str) -> usize {
        if let Some(known) = self.texts.get(text) {
            return *known;
        }
        let (id, text) = (self.made.texts.len(), Rc::<str>::from(text));
        self.made.texts.push(Rc::clone(&text));
        self.texts.insert(text, id);
        id
    }

    pub(super) fn group(&mut self, name: &str) -> usize {
        if let Some(known) = self.made.by_name.get(name) {
            return *known;
        }
        let (id, name) = (self.made.groups.len(), Rc::<str>::from(name));
        self.made.groups.push(Group { name: Rc::clone(&name), packages: Vec::new() });
        self.made.by_name.insert(name, id);
        id
    }

    pub(super) fn find(&self, group: usize, arch: &str) -> Option<PackageId> {
        let known = &self.made.groups[group].packages;
        match arch {
            // "any" means whichever came first.
            "any" => known.first().copied(),
            _ => known.iter().copied().find(|id| &*self.made.packages[*id].arch == arch),
        }
    }

    /// The package, made when it was not named before. A new one takes over what is said of its other architectures.
    pub(super) fn package(&mut self, name: &str, arch: &str) -> PackageId {
        let group = self.group(name);
        if let Some(found) = self.find(group, arch) {
            return found;
        }
        let id = self.made.packages.len();
        self.made.packages.push(Package {
            group,
            arch: arch.into(),
            versions: Vec::new(),
            current: None,
            is_held: false,
            is_half_there: false,
            needs_reinstall: false,
            is_essential: false,
            is_important: false,
            named_by: Vec::new(),
            providers: Vec::new(),
        });
        self.named.push(Named::default());
        if !self.made.groups[group].packages.is_empty() {
            self.join(group, id);
        }
        self.made.groups[group].packages.push(id);
        if let Some((base, real)) = name.rsplit_once(':').filter(|(_, real)| arch == "any" && *real != "any")
        {
            self.stand_for_arch(id, base, real);
        }
        id
    }

    /// The architecture a record belongs to: what fits every one belongs to the native one.
    pub(super) fn arch_of(&self, record: &Record) -> Rc<str> {
        if record.is_all() || record.arch.is_empty() {
            Rc::clone(&self.made.archs[0])
        } else {
            Rc::from(&*record.arch)
        }
    }

    /// Adds a version, or finds the one that is the same build, and notes where it came from.
    pub fn add(&mut self, record: Record) {
        let arch = self.arch_of(&record);
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
            Err(at) => self.add_version(package, at, record),
        };
        self.made.versions[id].files.push(file);
        if let Some(status) = status {
            let entry = &mut self.made.packages[package];
            entry.is_held |= status.is_hold;
            entry.is_half_there |= status.is_present() && status.is_half_there();
            entry.needs_reinstall |= status.is_present() && status.needs_reinstall;
            if status.is_present() {
                entry.current = Some(id);
            }
        }
    }

    fn add_version(&mut self, package: PackageId, at: usize, mut record: Record) -> VersionId {
        let id = self.made.versions.len();
        let related = std::mem::take(&mut record.related);
        let provides = std::mem::take(&mut record.provides);
        self.text(&record.version);
        self.text(&record.source_version);
        self.made.packages[package].versions.insert(at, id);
        self.made.by_source.entry(record.source.clone()).or_default().push(id);
        self.made.versions.push(Version {
            package,
            record,
            files: Vec::new(),
            relations: 0..0,
            provides: Vec::new(),
        });
        self.rows.push(Row::default());
        self.relate(id, &related);
        self.provide(id, &provides);
        self.exclude_siblings(id);
        id
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

    pub(super) fn enter(&mut self, package: PackageId, provider: Provider) {
        self.made.packages[package].providers.push(provider);
        let provides = &mut self.made.versions[provider.version].provides;
        if !provides.contains(&package) {
            provides.push(package);
        }
    }

    /// Lays the relations of every version down in one row, and the back links to them. What only mattered for the
    /// order is left out.
    fn lay(&mut self) {
        let mut places = vec![None; self.drafts.len()];
        for (version, row) in self.rows.iter().enumerate() {
            let start = self.made.relations.len();
            for id in row.own.iter().chain(&row.added).copied() {
                if let Some(relation) = self.drafts[id].relation() {
                    places[id] = Some(self.made.relations.len());
                    self.made.relations.push(relation);
                }
            }
            self.made.versions[version].relations = start..self.made.relations.len();
        }
        for (package, named) in self.made.packages.iter_mut().zip(&self.named) {
            package.named_by = named.ids().filter_map(|id| places[id]).collect();
            // apt puts what is new in front.
            package.providers.reverse();
        }
    }

    /// The order of visiting.
    fn link(&mut self) {
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
