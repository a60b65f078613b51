//! How an index file is laid out: a header with a checksum, a directory of tables, the tables, the texts.

use super::IndexFault;

pub(super) const MAGIC: &[u8; 8] = b"MAINSTAY";
/// Raised whenever a table changes.
pub(super) const VERSION: u32 = 1;
/// Magic, version, checksum of everything behind it, length of the file.
pub(super) const HEADER: usize = 8 + 4 + 4 + 8;

/// The tables of an index, in the order of the directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Section {
    /// Built at.
    Head,
    /// id, source, summary, published, modified, withdrawn, urgency; aliases, related, severities, affected.
    Advisories,
    /// advisory, status; ecosystem, name, module, urgency; ranges, versions.
    Affected,
    /// kind; events.
    Ranges,
    /// kind, version.
    Events,
    /// Texts in a row.
    Lists,
    /// ecosystem key, name; postings. Sorted.
    Packages,
    /// Places in the table of affected packages.
    Postings,
    /// Any name of an advisory and its place. Sorted.
    Names,
    /// Ecosystem keys. Sorted.
    Ecosystems,
    /// Sorted by CVE.
    Exploited,
    /// Sorted by CVE.
    Likelihoods,
    /// Sorted by product.
    Lifecycles,
    /// name, records, damaged.
    Sources,
    /// record, fault.
    Damages,
    /// Bytes; the row count is their length.
    Texts,
}

impl Section {
    pub(super) const COUNT: usize = 16;
    /// Words per row, in the order of the sections.
    pub(super) const COLUMNS: [usize; Self::COUNT] = [2, 22, 14, 3, 3, 2, 6, 1, 3, 2, 8, 4, 14, 4, 4, 0];
}

/// Where a table lies.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Table {
    pub(super) start: usize,
    pub(super) rows: usize,
    pub(super) columns: usize,
}

/// Checks a file and reads its directory.
pub(super) fn read_header(bytes: &[u8]) -> Result<[Table; Section::COUNT], IndexFault> {
    if bytes.len() < HEADER || &bytes[..8] != MAGIC {
        return Err(IndexFault::NotAnIndex);
    }
    let version = word(bytes, 8);
    if version != VERSION {
        return Err(IndexFault::OtherVersion(version));
    }
    let length = u64::from(word(bytes, 16)) | u64::from(word(bytes, 20)) << 32;
    if length != bytes.len() as u64 || crc32fast::hash(&bytes[16..]) != word(bytes, 12) {
        return Err(IndexFault::Damaged);
    }
    let mut tables = [Table::default(); Section::COUNT];
    for (at, table) in tables.iter_mut().enumerate() {
        let entry = HEADER + at * 8;
        if entry + 8 > bytes.len() {
            return Err(IndexFault::Damaged);
        }
        let columns = Section::COLUMNS[at];
        *table = Table { start: word(bytes, entry) as usize, rows: word(bytes, entry + 4) as usize, columns };
        let size = if columns == 0 { Some(table.rows) } else { table.rows.checked_mul(columns * 4) };
        if size.and_then(|size| table.start.checked_add(size)).is_none_or(|end| end > bytes.len()) {
            return Err(IndexFault::Damaged);
        }
    }
    Ok(tables)
}

fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}
