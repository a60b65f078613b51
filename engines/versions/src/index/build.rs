//! Builds an index from records, or from an older index and what has changed since.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use super::Index;
use super::format::{HEADER, MAGIC, Section, VERSION};
use crate::advisory::{Advisory, Affected, EventKind, RangeKind, Status};
use crate::ecosystem;
use crate::import::{Damage, End, Exploited, Lifecycle, Likelihood, Outcome, Record};

/// How the import of one source went.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SourceState {
    /// The name it was given.
    pub name: String,
    /// Records read.
    pub records: usize,
    /// Records that could not be read.
    pub damaged: usize,
}

/// Collects records; the newer of two records with the same source and id stays.
#[derive(Debug, Default)]
pub struct Builder {
    advisories: BTreeMap<(String, String, String), Advisory>,
    exploited: BTreeMap<String, Exploited>,
    likelihoods: BTreeMap<String, (f32, f32)>,
    lifecycles: BTreeMap<(String, String), Lifecycle>,
    sources: BTreeMap<String, SourceState>,
    damages: Vec<Damage>,
}

impl Builder {
    /// Starts from nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Starts from an index, to be changed by what is added: an update by delta.
    pub fn from_index(index: &Index) -> Self {
        let mut builder = Builder::new();
        index.advisories().for_each(|view| builder.put(view.into()));
        for row in 0..index.table(Section::Exploited).rows {
            let found = index.exploited(index.text(Section::Exploited, row, 0));
            builder.exploited.extend(found.map(|one| (one.cve.clone(), one)));
        }
        for row in 0..index.table(Section::Likelihoods).rows {
            let share = |column| f32::from_bits(index.word(Section::Likelihoods, row, column));
            builder
                .likelihoods
                .insert(index.text(Section::Likelihoods, row, 0).to_owned(), (share(2), share(3)));
        }
        for row in 0..index.table(Section::Lifecycles).rows {
            let one = index.lifecycle(row);
            builder.lifecycles.insert((one.product.clone(), one.cycle.clone()), one);
        }
        builder.sources = index.sources().map(|source| (source.name.clone(), source)).collect();
        builder.damages = index.damages().collect();
        builder
    }

    /// Takes a record. An advisory replaces an older one of the same source and id; one that says it was modified
    /// earlier than the one at hand is left aside.
    pub fn add(&mut self, record: Record) {
        match record {
            Record::Advisory(advisory) => self.put(*advisory),
            Record::Exploited(one) => drop(self.exploited.insert(one.cve.clone(), one)),
            Record::Likelihood(one) => drop(self.likelihoods.insert(one.cve.clone(), shares(&one))),
            Record::Lifecycle(one) => {
                let key = (one.product.clone(), one.cycle.clone());
                // A product's page decides over dates found by machine, which know no ends.
                let knows_more = |old: &Lifecycle| old.end != End::Unknown && one.end == End::Unknown;
                if !self.lifecycles.get(&key).is_some_and(knows_more) {
                    self.lifecycles.insert(key, one);
                }
            }
        }
    }

    fn put(&mut self, advisory: Advisory) {
        // The tracker has one record per package and CVE; elsewhere the id alone is the record.
        let package = match (advisory.source.as_str(), advisory.affected.first()) {
            ("debian-tracker", Some(first)) => first.name.clone(),
            _ => String::new(),
        };
        let key = (advisory.source.clone(), advisory.id.clone(), package);
        let is_older = |old: &Advisory| !advisory.modified.is_empty() && old.modified > advisory.modified;
        if !self.advisories.get(&key).is_some_and(is_older) {
            self.advisories.insert(key, advisory);
        }
    }

    /// Forgets every advisory of a source, for sources that are always published whole (the Debian tracker).
    pub fn forget(&mut self, source: &str) {
        self.advisories.retain(|(of, ..), _| of != source);
    }

    /// Notes how an import went; a source imported again replaces what was noted of it.
    pub fn note(&mut self, name: &str, outcome: &Outcome) {
        let state = SourceState { name: name.to_owned(), records: outcome.records, damaged: outcome.damaged };
        let mark = format!("{name}: ");
        self.damages.retain(|damage| !damage.record.starts_with(&mark));
        self.damages.extend(outcome.damages.iter().take(100).map(|damage| Damage {
            record: format!("{mark}{}", damage.record),
            fault: damage.fault.clone(),
        }));
        self.sources.insert(name.to_owned(), state);
    }

    /// How many advisories there are.
    pub fn len(&self) -> usize {
        self.advisories.len()
    }

    /// Whether there is no advisory.
    pub fn is_empty(&self) -> bool {
        self.advisories.is_empty()
    }

    /// The bytes of the index. The same records and the same time give the same bytes.
    ///
    /// # Errors
    /// When the texts exceed 4 GiB.
    pub fn build(&self, built_at: &str) -> io::Result<Vec<u8>> {
        let mut pages = Pages::default();
        let head = pages.text(built_at);
        pages.row(Section::Head, &head);
        for advisory in self.advisories.values() {
            pages.advisory(advisory);
        }
        pages.packages();
        for one in self.exploited.values() {
            let row = pages.texts_of(&[&one.cve, &one.added, &one.due, &one.ransomware]);
            pages.row(Section::Exploited, &row);
        }
        for (cve, (probability, percentile)) in &self.likelihoods {
            let mut row = pages.texts_of(&[cve]);
            row.extend([probability.to_bits(), percentile.to_bits()]);
            pages.row(Section::Likelihoods, &row);
        }
        for one in self.lifecycles.values() {
            pages.lifecycle(one);
        }
        for source in self.sources.values() {
            let mut row = pages.texts_of(&[&source.name]);
            row.extend([count(source.records), count(source.damaged)]);
            pages.row(Section::Sources, &row);
        }
        for damage in &self.damages {
            let row = pages.texts_of(&[&damage.record, &damage.fault]);
            pages.row(Section::Damages, &row);
        }
        pages.bind()
    }

    /// Writes the index beside its place, makes it durable and renames it into place.
    pub fn write(&self, path: &Path, built_at: &str) -> io::Result<()> {
        let bytes = self.build(built_at)?;
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(".new");
        let beside = path.with_file_name(name);
        let mut file = File::create(&beside)?;
        file.write_all(&bytes)?;
        file.sync_all()?;
        std::fs::rename(&beside, path)
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a share needs no more digits than its source writes")]
fn shares(one: &Likelihood) -> (f32, f32) {
    (one.probability as f32, one.percentile as f32)
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// The tables while they grow.
#[derive(Default)]
struct Pages {
    words: [Vec<u32>; Section::COUNT],
    texts: Vec<u8>,
    known: HashMap<String, [u32; 2]>,
    packages: BTreeMap<(String, String), Vec<u32>>,
    names: BTreeSet<(String, u32)>,
}

impl Pages {
    fn rows(&self, section: Section) -> u32 {
        count(self.words[section as usize].len() / Section::COLUMNS[section as usize])
    }

    fn row(&mut self, section: Section, words: &[u32]) {
        debug_assert_eq!(words.len(), Section::COLUMNS[section as usize]);
        self.words[section as usize].extend_from_slice(words);
    }

    /// A text is stored once.
    fn text(&mut self, text: &str) -> [u32; 2] {
        if text.is_empty() {
            return [0, 0];
        }
        if let Some(place) = self.known.get(text) {
            return *place;
        }
        let place = [count(self.texts.len()), count(text.len())];
        self.texts.extend_from_slice(text.as_bytes());
        self.known.insert(text.to_owned(), place);
        place
    }

    fn texts_of(&mut self, texts: &[&str]) -> Vec<u32> {
        texts.iter().flat_map(|text| self.text(text)).collect()
    }

    fn list<'t>(&mut self, texts: impl Iterator<Item = &'t str>) -> [u32; 2] {
        let start = self.rows(Section::Lists);
        for text in texts {
            let place = self.text(text);
            self.row(Section::Lists, &place);
        }
        [start, self.rows(Section::Lists) - start]
    }

    fn advisory(&mut self, advisory: &Advisory) {
        let place = self.rows(Section::Advisories);
        let mut row = self.texts_of(&[
            &advisory.id,
            &advisory.source,
            &advisory.summary,
            &advisory.published,
            &advisory.modified,
            &advisory.withdrawn,
            &advisory.urgency,
        ]);
        row.extend(self.list(advisory.aliases.iter().map(String::as_str)));
        row.extend(self.list(advisory.related.iter().map(String::as_str)));
        row.extend(
            self.list(advisory.severities.iter().flat_map(|one| [one.kind.as_str(), one.score.as_str()])),
        );
        let start = self.rows(Section::Affected);
        for affected in &advisory.affected {
            self.affected(place, affected, !advisory.withdrawn.is_empty());
        }
        row.extend([start, self.rows(Section::Affected) - start]);
        self.row(Section::Advisories, &row);
        for name in std::iter::once(&advisory.id).chain(&advisory.aliases).chain(&advisory.related) {
            self.names.insert((name.clone(), place));
        }
    }

    fn affected(&mut self, advisory: u32, affected: &Affected, is_withdrawn: bool) {
        let place = self.rows(Section::Affected);
        let status = match affected.status {
            Status::ByVersion => 0,
            Status::NotAffected => 1,
            Status::UnderInvestigation => 2,
        };
        let mut row = vec![advisory, status];
        row.extend(self.texts_of(&[
            &affected.ecosystem,
            &affected.name,
            &affected.module,
            &affected.urgency,
        ]));
        let start = self.rows(Section::Ranges);
        for range in &affected.ranges {
            let first = self.rows(Section::Events);
            for event in &range.events {
                let [at, length] = self.text(&event.version);
                self.row(Section::Events, &[event_word(event.kind), at, length]);
            }
            let kind = match range.kind {
                RangeKind::Ecosystem => 0,
                RangeKind::Semver => 1,
                RangeKind::Git => 2,
            };
            let events = self.rows(Section::Events) - first;
            self.row(Section::Ranges, &[kind, first, events]);
        }
        row.extend([start, self.rows(Section::Ranges) - start]);
        row.extend(self.list(affected.versions.iter().map(String::as_str)));
        self.row(Section::Affected, &row);
        let key = ecosystem::key(&affected.ecosystem);
        let name = ecosystem::package_name(&affected.ecosystem, &affected.name);
        let postings = self.packages.entry((key, name)).or_default();
        if !is_withdrawn {
            postings.push(place);
        }
    }

    fn packages(&mut self) {
        let packages = std::mem::take(&mut self.packages);
        let mut last_key = None;
        for ((key, name), postings) in &packages {
            let mut row = self.texts_of(&[key, name]);
            if last_key != Some(key) {
                let place = [row[0], row[1]];
                self.row(Section::Ecosystems, &place);
                last_key = Some(key);
            }
            row.extend([self.rows(Section::Postings), count(postings.len())]);
            self.row(Section::Packages, &row);
            self.words[Section::Postings as usize].extend(postings);
        }
        for (name, place) in std::mem::take(&mut self.names) {
            let [at, length] = self.text(&name);
            self.row(Section::Names, &[at, length, place]);
        }
    }

    fn lifecycle(&mut self, one: &Lifecycle) {
        let mut row = self.texts_of(&[&one.product, &one.cycle, &one.released, &one.latest]);
        for end in [&one.end, &one.extended_end] {
            let (kind, day) = match end {
                End::Unknown => (0, ""),
                End::Open => (1, ""),
                End::Ended => (2, ""),
                End::On(day) => (3, day.as_str()),
            };
            row.push(kind);
            row.extend(self.text(day));
        }
        self.row(Section::Lifecycles, &row);
    }

    /// Puts header, directory, tables and texts into one piece.
    fn bind(self) -> io::Result<Vec<u8>> {
        let directory = Section::COUNT * 8;
        let size: usize = self.words.iter().map(|words| words.len() * 4).sum();
        let length = HEADER + directory + size + self.texts.len();
        if u32::try_from(length).is_err() {
            return Err(io::Error::other("an index holds at most 4 GiB"));
        }
        let mut bytes = Vec::with_capacity(length);
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&VERSION.to_le_bytes());
        bytes.extend_from_slice(&[0; 4]);
        bytes.extend_from_slice(&(length as u64).to_le_bytes());
        let mut start = HEADER + directory;
        for (at, words) in self.words.iter().enumerate() {
            let rows = words.len().checked_div(Section::COLUMNS[at]).unwrap_or(self.texts.len());
            bytes.extend_from_slice(&count(start).to_le_bytes());
            bytes.extend_from_slice(&count(rows).to_le_bytes());
            start += words.len() * 4;
        }
        for word in self.words.iter().flatten() {
            bytes.extend_from_slice(&word.to_le_bytes());
        }
        bytes.extend_from_slice(&self.texts);
        let checksum = crc32fast::hash(&bytes[16..]);
        bytes[12..16].copy_from_slice(&checksum.to_le_bytes());
        Ok(bytes)
    }
}

fn event_word(kind: EventKind) -> u32 {
    match kind {
        EventKind::Introduced => 0,
        EventKind::Fixed => 1,
        EventKind::LastAffected => 2,
        EventKind::Limit => 3,
    }
}
