//! One package of an rpm database: the header blob, as rpm's `headerImport` reads it.
//!
//! Two big-endian counts (index entries, bytes of data), the entries (tag, type, offset, count) and the data.

use crate::wire::packages::{Family, Package, PackageState};

const NAME: u32 = 1000;
const VERSION: u32 = 1001;
const RELEASE: u32 = 1002;
const EPOCH: u32 = 1003;
const INSTALL_TIME: u32 = 1008;
const SIZE: u32 = 1009;
const ARCH: u32 = 1022;
const SOURCE_RPM: u32 = 1044;
const LONG_SIZE: u32 = 5009;
const MODULARITY_LABEL: u32 = 5096;

const INT32: u32 = 4;
const INT64: u32 = 5;
const STRING: u32 = 6;
const STRING_ARRAY: u32 = 8;
const I18N_STRING: u32 = 9;

const ENTRY_BYTES: usize = 16;

/// A header's index and data.
struct Header<'a> {
    index: &'a [u8],
    data: &'a [u8],
}

impl<'a> Header<'a> {
    fn read(blob: &'a [u8]) -> Option<Self> {
        let (entries, bytes) = (word(blob, 0)? as usize, word(blob, 4)? as usize);
        let index = blob.get(8..8usize.checked_add(entries.checked_mul(ENTRY_BYTES)?)?)?;
        let from = 8 + index.len();
        Some(Self { index, data: blob.get(from..from.checked_add(bytes)?)? })
    }

    /// Type and data of a tag; the data begins there and may go on beyond it.
    fn find(&self, tag: u32) -> Option<(u32, &'a [u8])> {
        let entry = self.index.chunks_exact(ENTRY_BYTES).find(|entry| word(entry, 0) == Some(tag))?;
        let count = word(entry, 12)?;
        if count == 0 {
            return None;
        }
        Some((word(entry, 4)?, self.data.get(word(entry, 8)? as usize..)?))
    }

    fn text(&self, tag: u32) -> Option<String> {
        let (kind, data) = self.find(tag)?;
        if !matches!(kind, STRING | STRING_ARRAY | I18N_STRING) {
            return None;
        }
        let end = memchr::memchr(0, data)?;
        Some(String::from_utf8_lossy(&data[..end]).into_owned())
    }

    fn number(&self, tag: u32) -> Option<u64> {
        match self.find(tag)? {
            (INT32, data) => word(data, 0).map(u64::from),
            (INT64, data) => data.first_chunk().map(|bytes| u64::from_be_bytes(*bytes)),
            _ => None,
        }
    }
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|bytes| u32::from_be_bytes(*bytes))
}

/// The package of a header. `Ok(None)` for an imported signing key, which the database keeps like a package.
pub fn package(blob: &[u8]) -> Result<Option<Package>, &'static str> {
    let header = Header::read(blob).ok_or("a header is cut off")?;
    let name = header.text(NAME).ok_or("a header has no name")?;
    if name == "gpg-pubkey" {
        return Ok(None);
    }
    let version = header.text(VERSION).ok_or("a header has no version")?;
    let release = header.text(RELEASE).ok_or("a header has no release")?;
    let epoch = header.number(EPOCH);
    let facts = Facts {
        name,
        version: format!("{version}-{release}"),
        epoch,
        arch: header.text(ARCH).unwrap_or_default(),
        source_rpm: header.text(SOURCE_RPM).unwrap_or_default(),
        module: header.text(MODULARITY_LABEL).filter(|label| !label.is_empty()),
        bytes: header.number(LONG_SIZE).or_else(|| header.number(SIZE)),
        installed_s: header.number(INSTALL_TIME),
    };
    Ok(Some(facts.package()))
}

/// What is known of one package, from a header or from rpm's own answer.
pub struct Facts {
    pub name: String,
    /// `version-release`.
    pub version: String,
    pub epoch: Option<u64>,
    pub arch: String,
    /// `name-version-release.src.rpm`.
    pub source_rpm: String,
    pub module: Option<String>,
    pub bytes: Option<u64>,
    pub installed_s: Option<u64>,
}

impl Facts {
    /// In the words of the wire. An epoch of zero is left out, as rpm itself does not tell it from none.
    pub fn package(self) -> Package {
        let epoch = self.epoch.filter(|epoch| *epoch > 0);
        let with_epoch =
            |version: &str| epoch.map_or(version.to_owned(), |epoch| format!("{epoch}:{version}"));
        let base = self.source_rpm.strip_suffix(".rpm").unwrap_or(&self.source_rpm);
        let base = base.rsplit_once('.').map_or(base, |(base, _)| base);
        let mut parts = base.rsplitn(3, '-');
        let source = match (parts.next(), parts.next(), parts.next()) {
            (Some(release), Some(version), Some(name)) => {
                Some((name.to_owned(), format!("{version}-{release}")))
            }
            _ => None,
        };
        let (source, source_version) = source.unwrap_or_else(|| (self.name.clone(), self.version.clone()));
        Package {
            family: Family::Rpm,
            version: with_epoch(&self.version),
            source_version: with_epoch(&source_version),
            name: self.name,
            arch: self.arch,
            source,
            state: PackageState::Installed,
            is_held: false,
            module: self.module,
            installed_bytes: self.bytes,
            installed_at_ms: self.installed_s.map(|seconds| seconds * 1000),
        }
    }
}
