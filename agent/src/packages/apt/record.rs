//! One version of one package as a package list or dpkg's status file describes it.

use crate::packages::stanza::Stanza;

/// Relationship fields the upgrade looks at, in the order apt reads them.
pub const RELATED: [(&str, Kind); 8] = [
    ("Pre-Depends", Kind::PreDepends),
    ("Depends", Kind::Depends),
    ("Conflicts", Kind::Conflicts),
    ("Breaks", Kind::Breaks),
    ("Recommends", Kind::Recommends),
    ("Suggests", Kind::Suggests),
    ("Replaces", Kind::Replaces),
    ("Enhances", Kind::Enhances),
];

/// What a relation means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    PreDepends,
    Depends,
    Conflicts,
    Breaks,
    Recommends,
    Suggests,
    /// Says what may be overwritten; here only the order in which it was read counts.
    Replaces,
    /// The same.
    Enhances,
}

impl Kind {
    /// Forbids instead of asks for.
    pub fn is_negative(self) -> bool {
        matches!(self, Kind::Conflicts | Kind::Breaks)
    }

    /// Must hold for the package to be sound.
    pub fn is_critical(self) -> bool {
        matches!(self, Kind::PreDepends | Kind::Depends | Kind::Conflicts | Kind::Breaks)
    }
}

/// How a version may stand beside the same package of other architectures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MultiArch {
    #[default]
    No,
    Same,
    Foreign,
    Allowed,
}

/// What dpkg wants and has, in its own words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    pub is_hold: bool,
    pub needs_reinstall: bool,
    /// `installed`, `half-configured`, …
    pub state: Box<str>,
}

impl Status {
    /// Reads `install ok installed`.
    pub fn parse(text: &str) -> Self {
        let mut words = text.split_ascii_whitespace();
        let (want, flag, state) = (words.next(), words.next(), words.next());
        Self {
            is_hold: want == Some("hold"),
            needs_reinstall: flag.is_some_and(|flag| flag != "ok"),
            state: state.unwrap_or("not-installed").into(),
        }
    }

    /// Whether any version counts as being there.
    pub fn is_present(&self) -> bool {
        !matches!(&*self.state, "not-installed" | "config-files")
    }

    /// Whether its files are not all there, so that apt has to unpack it again.
    pub fn is_half_there(&self) -> bool {
        self.needs_reinstall || &*self.state == "half-installed"
    }
}

/// A version of a package.
#[derive(Clone, Debug, Default)]
pub struct Record {
    pub name: Box<str>,
    /// As written: `all` stays `all`.
    pub arch: Box<str>,
    pub version: Box<str>,
    pub section: Box<str>,
    pub source: Box<str>,
    pub source_version: Box<str>,
    /// 1 required to 5 extra, 0 when none is written.
    pub priority: u8,
    pub multi_arch: MultiArch,
    pub is_essential: bool,
    pub is_important: bool,
    pub size_bytes: u64,
    pub installed_kib: u64,
    pub phased_percent: u8,
    /// Values of the [`RELATED`] fields.
    pub related: [Box<str>; 8],
    pub provides: Box<str>,
    /// Stands for the fields that tell two builds with the same version apart.
    pub fingerprint: u32,
    /// Only in dpkg's status file.
    pub status: Option<Status>,
    /// Index of the list it came from.
    pub file: usize,
}

impl Record {
    /// Reads a stanza; `None` when it names no package or no version.
    pub fn parse(stanza: Stanza<'_>, file: usize) -> Option<Self> {
        let mut made = Self { file, phased_percent: 100, ..Self::default() };
        let mut installed_size: Box<str> = Box::default();
        let mut source = String::new();
        for (key, value) in stanza.fields() {
            let value = crate::packages::stanza::text(value);
            let is = |name: &str| key.eq_ignore_ascii_case(name.as_bytes());
            if let Some(at) = RELATED.iter().position(|(name, _)| is(name)) {
                made.related[at] = value.into();
                continue;
            }
            match () {
                () if is("Package") => made.name = value.into(),
                () if is("Version") => made.version = value.into(),
                () if is("Architecture") => made.arch = value.into(),
                () if is("Section") => made.section = value.into(),
                () if is("Source") => source = value.into_owned(),
                () if is("Provides") => made.provides = value.into(),
                () if is("Priority") => made.priority = priority(&value),
                () if is("Multi-Arch") => made.multi_arch = multi_arch(&value, &made.arch),
                () if is("Essential") => made.is_essential = is_yes(&value),
                () if is("Important") || is("Protected") => made.is_important |= is_yes(&value),
                () if is("Size") => made.size_bytes = value.parse().unwrap_or(0),
                () if is("Installed-Size") => installed_size = value.into(),
                () if is("Phased-Update-Percentage") => made.phased_percent = value.parse().unwrap_or(100),
                () if is("Status") => made.status = Some(Status::parse(&value)),
                () => {}
            }
        }
        if made.name.is_empty() || made.version.is_empty() {
            return None;
        }
        if &*made.arch == "all" && made.multi_arch == MultiArch::Same {
            made.multi_arch = MultiArch::No;
        }
        made.is_essential |= &*made.name == "apt";
        made.is_important |= &*made.name == "apt";
        made.installed_kib = installed_size.parse().unwrap_or(0);
        made.fingerprint = fingerprint(&made, &installed_size);
        (made.source, made.source_version) = source_of(&source, &made.name, &made.version);
        Some(made)
    }

    /// Whether it fits every architecture.
    pub fn is_all(&self) -> bool {
        &*self.arch == "all"
    }
}

/// Name and version of the source: both default to those of the binary.
pub fn source_of(field: &str, name: &str, version: &str) -> (Box<str>, Box<str>) {
    let Some((source, rest)) = field.split_once(' ') else {
        return (if field.is_empty() { name } else { field }.into(), version.into());
    };
    let inside =
        rest.split_once('(').and_then(|(_, rest)| rest.split_once(')')).map(|(inside, _)| inside.trim());
    (source.into(), inside.unwrap_or(version).into())
}

fn is_yes(value: &str) -> bool {
    matches!(value.to_ascii_lowercase().as_str(), "yes" | "true" | "with" | "on" | "enable")
}

fn priority(value: &str) -> u8 {
    match value.to_ascii_lowercase().as_str() {
        "required" => 1,
        "important" => 2,
        "standard" => 3,
        "optional" => 4,
        _ => 5,
    }
}

fn multi_arch(value: &str, arch: &str) -> MultiArch {
    match value {
        "same" if arch != "all" => MultiArch::Same,
        "foreign" => MultiArch::Foreign,
        "allowed" => MultiArch::Allowed,
        _ => MultiArch::No,
    }
}

/// Two stanzas with one version are the same build when these fields agree apart from white space, `=`,
/// case and zero epochs: dpkg rewrites those when it stores a package.
fn fingerprint(record: &Record, installed_size: &str) -> u32 {
    let [pre_depends, depends, conflicts, breaks, _, _, replaces, _] = &record.related;
    let mut sum: u32 = 5381;
    for field in [installed_size, depends, pre_depends, conflicts, breaks, replaces] {
        let bytes = field.as_bytes();
        let mut at = 0;
        while at < bytes.len() {
            if bytes[at] == b'0' && bytes.get(at + 1) == Some(&b':') {
                at += 2;
                continue;
            }
            if !bytes[at].is_ascii_whitespace() && bytes[at] != b'=' {
                sum = sum.wrapping_mul(33).wrapping_add(u32::from(bytes[at] | 0x20));
            }
            at += 1;
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_build_has_one_fingerprint_however_it_is_written() {
        let listed =
            b"Package: a\nVersion: 1\nInstalled-Size: 5\nDepends: b (<= 0:2), c\nSize: 9\nPriority: Optional";
        let stored =
            b"Package: a\nStatus: hold ok installed\nVersion: 1\nInstalled-Size: 5\nDepends: b (< 2),C";
        let (listed, stored) =
            (Record::parse(Stanza(listed), 0).unwrap(), Record::parse(Stanza(stored), 1).unwrap());
        assert_eq!(listed.fingerprint, stored.fingerprint);
        assert_eq!((listed.priority, listed.size_bytes), (4, 9));
        assert!(stored.status.as_ref().is_some_and(|status| status.is_hold && status.is_present()));
    }

    #[test]
    fn the_source_is_the_binary_unless_named() {
        assert_eq!(source_of("", "a", "1+b1"), ("a".into(), "1+b1".into()));
        assert_eq!(source_of("s (1)", "a", "1+b1"), ("s".into(), "1".into()));
        assert_eq!(source_of("s", "a", "1"), ("s".into(), "1".into()));
    }
}
