//! The index: every advisory and enrichment in one file that is mapped into memory and answers by package name.
//!
//! The same file can be carried to a site without network. It is written whole and renamed into place, never changed,
//! so that whoever has it open keeps what they opened. All numbers are little-endian 32-bit words; texts are stored once.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use crate::advisory::{Advisory, Affected, Event, Range, Severity};
use crate::import::{Damage, End, Exploited, Lifecycle, Likelihood};

mod build;
mod format;
mod map;
#[cfg(test)]
mod tests;
mod view;

pub use build::{Builder, SourceState};
pub use view::{AdvisoryView, AffectedView};

use format::{Section, Table};

/// Why a file cannot be used as an index.
#[derive(Debug)]
pub enum IndexFault {
    /// It could not be read.
    Unreadable(io::Error),
    /// It is no index.
    NotAnIndex,
    /// It was written by another version of this format.
    OtherVersion(u32),
    /// Its checksum or its length is wrong.
    Damaged,
}

impl std::fmt::Display for IndexFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            IndexFault::Unreadable(error) => write!(f, "the index cannot be read: {error}"),
            IndexFault::NotAnIndex => f.write_str("this file is no advisory index"),
            IndexFault::OtherVersion(version) => {
                write!(
                    f,
                    "this index has format {version}, this program reads {}; build it again",
                    format::VERSION
                )
            }
            IndexFault::Damaged => {
                f.write_str("the index is damaged: its checksum does not match; copy it again")
            }
        }
    }
}

impl std::error::Error for IndexFault {}

/// An opened index.
pub struct Index {
    bytes: map::Bytes,
    tables: [Table; Section::COUNT],
}

impl Index {
    /// Opens an index file and checks it whole; the file is mapped, not read.
    pub fn open(path: &Path) -> Result<Self, IndexFault> {
        let file = File::open(path).map_err(IndexFault::Unreadable)?;
        Self::of(map::Bytes::map(&file).map_err(IndexFault::Unreadable)?)
    }

    /// Takes an index from memory.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, IndexFault> {
        Self::of(map::Bytes::Owned(bytes))
    }

    /// Takes an index from a stream, for places where files cannot be mapped.
    pub fn from_reader(mut reader: impl Read) -> Result<Self, IndexFault> {
        let mut bytes = Vec::new();
        reader.read_to_end(&mut bytes).map_err(IndexFault::Unreadable)?;
        Self::from_bytes(bytes)
    }

    fn of(bytes: map::Bytes) -> Result<Self, IndexFault> {
        let tables = format::read_header(bytes.as_slice())?;
        Ok(Index { bytes, tables })
    }

    /// The whole file.
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.as_slice()
    }

    /// When it was built, as the builder was told (RFC 3339).
    pub fn built_at(&self) -> &str {
        self.text(Section::Head, 0, 0)
    }

    /// How many advisories it has, withdrawn ones included.
    pub fn advisory_count(&self) -> usize {
        self.table(Section::Advisories).rows
    }

    /// How many package names it has.
    pub fn package_count(&self) -> usize {
        self.table(Section::Packages).rows
    }

    /// The sources it was built from.
    pub fn sources(&self) -> impl Iterator<Item = SourceState> {
        (0..self.table(Section::Sources).rows).map(|row| SourceState {
            name: self.text(Section::Sources, row, 0).to_owned(),
            records: self.word(Section::Sources, row, 2) as usize,
            damaged: self.word(Section::Sources, row, 3) as usize,
        })
    }

    /// Records that could not be read when it was built, the first of each source.
    pub fn damages(&self) -> impl Iterator<Item = Damage> {
        (0..self.table(Section::Damages).rows).map(|row| Damage {
            record: self.text(Section::Damages, row, 0).to_owned(),
            fault: self.text(Section::Damages, row, 2).to_owned(),
        })
    }

    /// Whether every record of every source could be read.
    pub fn is_complete(&self) -> bool {
        self.sources().all(|source| source.damaged == 0)
    }

    /// Whether any advisory speaks of an ecosystem, given as its [key](crate::ecosystem::key).
    pub fn covers(&self, ecosystem_key: &str) -> bool {
        self.find(Section::Ecosystems, ecosystem_key.as_bytes(), b"").is_some()
    }

    /// An advisory by its place.
    pub fn advisory(&self, at: usize) -> AdvisoryView<'_> {
        AdvisoryView { index: self, at }
    }

    /// Every advisory.
    pub fn advisories(&self) -> impl Iterator<Item = AdvisoryView<'_>> {
        (0..self.advisory_count()).map(|at| self.advisory(at))
    }

    /// The advisories that have this id or alias, or speak of it as related.
    pub fn named(&self, id: &str) -> impl Iterator<Item = AdvisoryView<'_>> {
        let first = self.lower_bound(Section::Names, id.as_bytes(), b"");
        (first..self.table(Section::Names).rows)
            .take_while(move |row| self.text(Section::Names, *row, 0) == id)
            .map(|row| self.advisory(self.word(Section::Names, row, 2) as usize))
    }

    /// What is said about a package, by [key](crate::ecosystem::key) and [name](crate::ecosystem::package_name);
    /// withdrawn advisories are left out.
    pub fn statements(&self, ecosystem_key: &str, name: &str) -> impl Iterator<Item = AffectedView<'_>> {
        let row = self.find(Section::Packages, ecosystem_key.as_bytes(), name.as_bytes());
        let (start, count) = row.map_or((0, 0), |row| {
            (self.word(Section::Packages, row, 4) as usize, self.word(Section::Packages, row, 5) as usize)
        });
        (start..start.saturating_add(count).min(self.table(Section::Postings).rows))
            .map(|at| AffectedView { index: self, at: self.word(Section::Postings, at, 0) as usize })
    }

    /// Whether a CVE is known to be exploited.
    pub fn exploited(&self, cve: &str) -> Option<Exploited> {
        let row = self.find(Section::Exploited, cve.as_bytes(), b"")?;
        let text = |column| self.text(Section::Exploited, row, column).to_owned();
        Some(Exploited { cve: text(0), added: text(2), due: text(4), ransomware: text(6) })
    }

    /// How likely a CVE is to be exploited.
    pub fn likelihood(&self, cve: &str) -> Option<Likelihood> {
        let row = self.find(Section::Likelihoods, cve.as_bytes(), b"")?;
        let share = |column| f64::from(f32::from_bits(self.word(Section::Likelihoods, row, column)));
        Some(Likelihood { cve: cve.to_owned(), probability: share(2), percentile: share(3) })
    }

    /// The release cycles of a product.
    pub fn lifecycles(&self, product: &str) -> impl Iterator<Item = Lifecycle> {
        let first = self.lower_bound(Section::Lifecycles, product.as_bytes(), b"");
        (first..self.table(Section::Lifecycles).rows)
            .take_while(move |row| self.text(Section::Lifecycles, *row, 0) == product)
            .map(|row| self.lifecycle(row))
    }

    fn lifecycle(&self, row: usize) -> Lifecycle {
        let text = |column| self.text(Section::Lifecycles, row, column).to_owned();
        let end = |column| match self.word(Section::Lifecycles, row, column) {
            1 => End::Open,
            2 => End::Ended,
            3 => End::On(text(column + 1)),
            _ => End::Unknown,
        };
        Lifecycle {
            product: text(0),
            cycle: text(2),
            released: text(4),
            latest: text(6),
            end: end(8),
            extended_end: end(11),
        }
    }
}

/// What the views read: words and texts, with every bound checked; what lies outside reads as empty.
impl Index {
    fn table(&self, section: Section) -> Table {
        self.tables[section as usize]
    }

    fn word(&self, section: Section, row: usize, column: usize) -> u32 {
        let table = self.table(section);
        let at = table.start + (row * table.columns + column) * 4;
        let word = if row < table.rows { self.as_bytes().get(at..at + 4) } else { None };
        word.map_or(0, |word| u32::from_le_bytes([word[0], word[1], word[2], word[3]]))
    }

    fn raw(&self, section: Section, row: usize, column: usize) -> &[u8] {
        let (start, length) =
            (self.word(section, row, column) as usize, self.word(section, row, column + 1) as usize);
        let texts = self.table(Section::Texts);
        let all = self.as_bytes().get(texts.start..texts.start + texts.rows).unwrap_or_default();
        all.get(start..start.saturating_add(length)).unwrap_or_default()
    }

    fn text(&self, section: Section, row: usize, column: usize) -> &str {
        std::str::from_utf8(self.raw(section, row, column)).unwrap_or_default()
    }

    /// Rows named by a start and a count, inside the table they point into.
    fn rows(&self, section: Section, row: usize, column: usize, into: Section) -> std::ops::Range<usize> {
        let (start, count) =
            (self.word(section, row, column) as usize, self.word(section, row, column + 1) as usize);
        let end = start.saturating_add(count).min(self.table(into).rows);
        start.min(end)..end
    }

    /// The first row at or after a pair of texts, in a table sorted by its first (or first two) texts.
    fn lower_bound(&self, section: Section, first: &[u8], second: &[u8]) -> usize {
        let has_second = section == Section::Packages;
        let (mut low, mut high) = (0, self.table(section).rows);
        while low < high {
            let middle = low.midpoint(high);
            let order = self.raw(section, middle, 0).cmp(first);
            let order =
                if has_second { order.then_with(|| self.raw(section, middle, 2).cmp(second)) } else { order };
            if order.is_lt() {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    fn find(&self, section: Section, first: &[u8], second: &[u8]) -> Option<usize> {
        let row = self.lower_bound(section, first, second);
        let is_it = row < self.table(section).rows
            && self.raw(section, row, 0) == first
            && (section != Section::Packages || self.raw(section, row, 2) == second);
        is_it.then_some(row)
    }
}

impl From<AdvisoryView<'_>> for Advisory {
    fn from(view: AdvisoryView<'_>) -> Self {
        Advisory {
            id: view.id().to_owned(),
            source: view.source().to_owned(),
            aliases: view.aliases().map(str::to_owned).collect(),
            related: view.related().map(str::to_owned).collect(),
            summary: view.summary().to_owned(),
            published: view.published().to_owned(),
            modified: view.modified().to_owned(),
            withdrawn: view.withdrawn().to_owned(),
            severities: view
                .severities()
                .map(|(kind, score)| Severity { kind: kind.to_owned(), score: score.to_owned() })
                .collect(),
            urgency: view.urgency().to_owned(),
            affected: view.affected().map(Affected::from).collect(),
        }
    }
}

impl From<AffectedView<'_>> for Affected {
    fn from(view: AffectedView<'_>) -> Self {
        use crate::matching::Statement;
        Affected {
            ecosystem: view.ecosystem().to_owned(),
            name: view.name().to_owned(),
            status: view.status(),
            ranges: view
                .ranges()
                .map(|(kind, events)| Range {
                    kind,
                    events: events
                        .map(|(kind, version)| Event { kind, version: version.to_owned() })
                        .collect(),
                })
                .collect(),
            versions: view.versions().map(str::to_owned).collect(),
            module: view.module().to_owned(),
            urgency: view.urgency().to_owned(),
        }
    }
}
