//! Reads out of the package lists only what can matter: the installed names, and what they come to need.
//!
//! Lists of a distribution are tens of megabytes; they are streamed, and of most stanzas only the name is
//! looked at. What a new version needs and nothing installed gives is added to the wanted names on the way;
//! when such a name may have passed by already, the lists are streamed once more.

use std::collections::HashSet;
use std::io;

use super::lists::{List, stream};
use super::record::Record;
use super::relations::relations;
use crate::packages::stanza::{Cutter, Stanza};

/// Streams of all lists at most; a chain of new dependencies longer than this is not followed further.
const MOST_PASSES: usize = 40;

/// Names to look for.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Packages of these names are read.
    names: HashSet<Box<str>>,
    /// Packages that provide these are read too.
    provided: HashSet<Box<str>>,
    /// Names installed packages give, by their own name or by `Provides`.
    given: HashSet<Box<str>>,
    has_grown: bool,
}

impl Wanted {
    /// What dpkg knows is there.
    pub fn of_status(status: &[Record], native: &str) -> Self {
        let mut wanted = Self::default();
        for record in status
            .iter()
            .filter(|record| record.status.as_ref().is_some_and(super::record::Status::is_present))
        {
            wanted.names.insert(record.name.clone());
            wanted.given.insert(record.name.clone());
            wanted.given.extend(relations(&record.provides, native).into_iter().map(|one| one.name.into()));
        }
        wanted
    }

    /// Also looks for this name, and for what provides it. True when that is new.
    pub fn add(&mut self, name: &str) -> bool {
        let name = name.split(':').next().unwrap_or(name);
        let is_new = !self.provided.contains(name);
        if is_new {
            self.names.insert(name.into());
            self.provided.insert(name.into());
            self.has_grown = true;
        }
        is_new
    }

    /// Also looks for packages of this name. True when that is new.
    pub fn add_package(&mut self, name: &str) -> bool {
        let is_new = self.names.insert(name.into());
        self.has_grown |= is_new;
        is_new
    }

    fn wants(&self, stanza: &[u8], finders: &Finders) -> bool {
        let Some(name) = name_of(stanza) else { return false };
        if self.names.contains(name) || finders.essential.find(stanza).is_some() {
            return true;
        }
        if self.provided.is_empty() || finders.provides.find(stanza).is_none() {
            return false;
        }
        let provides = Stanza(stanza).or_empty("Provides");
        relations(&provides, "").iter().any(|one| self.provided.contains(one.name))
    }

    /// Adds what the record needs and nothing installed gives.
    fn follow(&mut self, record: &Record, native: &str) {
        let [pre_depends, depends, ..] = &record.related;
        for field in [pre_depends, depends] {
            let all = relations(field, native);
            for group in all.split_inclusive(|one| !one.is_or) {
                if !group.iter().any(|one| self.given.contains(one.name)) {
                    for one in group {
                        self.add(one.name);
                    }
                }
            }
        }
    }
}

struct Finders {
    essential: memchr::memmem::Finder<'static>,
    provides: memchr::memmem::Finder<'static>,
}

impl Finders {
    fn new() -> Self {
        Self {
            essential: memchr::memmem::Finder::new(b"\nEssential: yes"),
            provides: memchr::memmem::Finder::new(b"\nProvides:"),
        }
    }
}

/// The name of a stanza, which lists write first.
fn name_of(stanza: &[u8]) -> Option<&str> {
    let line = match stanza.strip_prefix(b"Package: ") {
        Some(rest) => &rest[..memchr::memchr(b'\n', rest).unwrap_or(rest.len())],
        None => Stanza(stanza).fields().find(|(key, _)| key.eq_ignore_ascii_case(b"Package"))?.1,
    };
    std::str::from_utf8(line.trim_ascii()).ok()
}

/// Reads every wanted record of all lists, in order. Lists that cannot be read are reported with the reason.
pub fn records(lists: &[List], wanted: &mut Wanted, native: &str) -> (Vec<Record>, Vec<String>) {
    for _ in 0..MOST_PASSES {
        wanted.has_grown = false;
        let (mut records, mut faults) = (Vec::new(), Vec::new());
        for (file, list) in lists.iter().enumerate().filter(|(_, list)| !list.is_status) {
            if let Err(fault) = read_one(list, file, wanted, native, &mut records) {
                faults.push(crate::host::reason(&list.path.to_string_lossy(), &fault));
            }
        }
        if !wanted.has_grown {
            return (records, faults);
        }
    }
    (Vec::new(), vec!["the chain of new dependencies does not end".to_owned()])
}

/// Reads every record of all lists once more, in order, and says of each whether it is wanted. What cannot be read was
/// reported before.
pub fn every(lists: &[List], wanted: &Wanted, mut take: impl FnMut(Record, bool)) {
    let finders = Finders::new();
    for (file, list) in lists.iter().enumerate().filter(|(_, list)| !list.is_status) {
        let mut cutter = Cutter::new(|stanza: Stanza<'_>| {
            if let Some(record) = Record::parse(stanza, file) {
                take(record, wanted.wants(stanza.0, &finders));
            }
        });
        if stream(list, &mut cutter).is_ok() {
            cutter.finish();
        }
    }
}

fn read_one(
    list: &List,
    file: usize,
    wanted: &mut Wanted,
    native: &str,
    records: &mut Vec<Record>,
) -> io::Result<()> {
    let finders = Finders::new();
    let mut cutter = Cutter::new(|stanza: Stanza<'_>| {
        if let Some(record) = Some(stanza)
            .filter(|stanza| wanted.wants(stanza.0, &finders))
            .and_then(|stanza| Record::parse(stanza, file))
        {
            // What is read for what it provides is read in all its versions.
            wanted.has_grown |= wanted.names.insert(record.name.clone());
            wanted.follow(&record, native);
            records.push(record);
        }
    });
    stream(list, &mut cutter)?;
    cutter.finish();
    Ok(())
}
