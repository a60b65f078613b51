//! Records that only pass by: nothing installed leads to them, yet apt learns names from them.
//!
//! Where scores, priorities and everything else leave two packages equal, apt goes by the order in which it learned of
//! them, and by places in a sort over all it knows. For that the names, and no more, are kept.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::build::Builder;
use super::record::{MultiArch, RELATED, Record};
use super::relations::{Op, relations};

impl Builder {
    /// Learns the names in the record.
    pub fn pass(&mut self, record: &Record) {
        let (native, arch) = (self.made.archs[0].clone(), self.arch_of(record));
        self.package(&record.name, &arch);
        if !self.passed.insert(build_of(record)) {
            return;
        }
        self.text(&record.version);
        self.text(&record.source_version);
        for ((_, kind), field) in RELATED.iter().zip(&record.related) {
            for written in relations(field, &native) {
                for (target, shape) in self.read_one(*kind, &written, &arch) {
                    self.pass_relation(target, shape);
                }
            }
        }
        self.pass_provides(record, &arch);
    }

    fn pass_provides(&mut self, record: &Record, arch: &str) {
        let is_wanted = self.made.is_wanted_arch(arch);
        let multi_arch = record.multi_arch;
        let native = self.made.archs[0].clone();
        for written in relations(&record.provides, &native) {
            match written.op {
                Op::Any => {}
                Op::Equal => _ = self.text(written.version),
                _ => continue,
            }
            match written.arch {
                Some("any") => _ = self.package(&format!("{}:any", written.name), "any"),
                Some(qualifier) => {
                    self.package(written.name, qualifier);
                    self.package(&format!("{}:{qualifier}", written.name), "any");
                }
                None if multi_arch == MultiArch::Foreign && is_wanted => {
                    let group = self.group(written.name);
                    if self.made.groups[group].packages.is_empty() {
                        self.package(written.name, &native);
                    }
                }
                None => {
                    if multi_arch == MultiArch::Allowed && is_wanted {
                        self.package(&format!("{}:any", written.name), "any");
                    }
                    self.package(written.name, arch);
                }
            }
        }
        if multi_arch == MultiArch::Allowed && is_wanted {
            self.package(&format!("{}:any", record.name), "any");
        }
        self.learn_kernel(&record.name);
    }
}

/// The same for stanzas that apt takes for one build.
fn build_of(record: &Record) -> u64 {
    let mut hasher = DefaultHasher::new();
    (&record.name, &record.arch, &record.version, record.fingerprint, record.size_bytes).hash(&mut hasher);
    hasher.finish()
}
