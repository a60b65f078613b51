//! Importers: publishers' files in, records out, one at a time; what is damaged is named and counted.

use std::fmt;

use crate::advisory::Advisory;

mod archive;
mod csaf;
mod debian;
mod detect;
mod enrich;
mod osv;
#[cfg(test)]
mod tests;
pub(crate) mod yaml;

pub use archive::{Limits, read_path};
pub use csaf::advisories as csaf;
pub use debian::{advisories as debian_tracker, list as debian_list};
pub use detect::read_document;
pub use enrich::{End, Exploited, Lifecycle, Likelihood, epss, kev, kev_csv, lifecycles};
pub use osv::advisory as osv;

/// One record of a source.
#[derive(Debug, Clone, PartialEq)]
pub enum Record {
    /// What a publisher says about packages.
    Advisory(Box<Advisory>),
    /// A flaw known to be exploited (KEV).
    Exploited(Exploited),
    /// How likely a flaw is to be exploited (EPSS).
    Likelihood(Likelihood),
    /// When a release of a product ends.
    Lifecycle(Lifecycle),
}

/// A record that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// Which: path inside the archive, or the record's id.
    pub record: String,
    /// Why.
    pub fault: String,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.record, self.fault)
    }
}

/// How an import went.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Records handed on.
    pub records: usize,
    /// Records that could not be read.
    pub damaged: usize,
    /// The first of them, by name.
    pub damages: Vec<Damage>,
    /// Files that are none of the known formats (read-me files, licences); they are no damage.
    pub ignored: usize,
}

/// As many damaged records are kept by name.
const DAMAGES_KEPT: usize = 1_000;

impl Outcome {
    /// Whether everything that was offered could be read. An incomplete import never makes a clean bill.
    pub fn is_complete(&self) -> bool {
        self.damaged == 0
    }

    pub(crate) fn damage(&mut self, record: impl Into<String>, fault: impl fmt::Display) {
        self.damaged += 1;
        if self.damages.len() < DAMAGES_KEPT {
            self.damages.push(Damage { record: record.into(), fault: fault.to_string() });
        }
    }
}

/// Hands records on and counts them.
pub struct Sink<'s> {
    /// How it goes.
    pub outcome: Outcome,
    each: &'s mut dyn FnMut(Record),
}

impl<'s> Sink<'s> {
    /// Hands every record to `each`.
    pub fn new(each: &'s mut dyn FnMut(Record)) -> Self {
        Sink { outcome: Outcome::default(), each }
    }

    pub(crate) fn take(&mut self, record: Record) {
        self.outcome.records += 1;
        (self.each)(record);
    }

    pub(crate) fn advisory(&mut self, advisory: Advisory) {
        self.take(Record::Advisory(Box::new(advisory)));
    }
}
