//! The other way round: which hosts does a new advisory touch, without looking at any host again.

use std::collections::HashMap;

use crate::advisory::Advisory;
use crate::ecosystem;
use crate::matching::{Installed, Judgement, Package, State, speaks_of_all};

/// What is installed where, turned around: package, version, hosts.
#[derive(Debug, Default)]
pub struct Fleet {
    packages: HashMap<(String, String), Vec<Build>>,
    hosts: usize,
}

/// One version of a package, and who has it.
#[derive(Debug)]
struct Build {
    ecosystem: String,
    version: String,
    module: String,
    /// It stands under the name of its source RPM, for statements about every version.
    is_by_source: bool,
    hosts: Hosts,
}

/// Host numbers as runs; hosts that are alike stand together and cost nothing more.
#[derive(Debug, Default)]
struct Hosts {
    runs: Vec<(u32, u32)>,
}

/// Hosts that have a version an advisory speaks of.
#[derive(Debug, PartialEq, Eq)]
pub struct Touch<'a> {
    /// As installed.
    pub version: &'a str,
    /// What the advisory says of that version.
    pub judgement: Judgement<'a>,
    /// Who has it, as runs of first and last number.
    pub hosts: &'a [(u32, u32)],
}

impl Fleet {
    /// An empty fleet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Notes what a host has. Hosts come in ascending order of their numbers; packages of foreign publishers are left
    /// out, because no advisory of the ecosystem speaks of them.
    pub fn add<'p>(&mut self, host: u32, packages: impl IntoIterator<Item = &'p Package>) {
        self.hosts += 1;
        for package in packages.into_iter().filter(|package| package.foreign.is_empty()) {
            let name = ecosystem::package_name(&package.ecosystem, &package.name);
            self.note(host, package, name, false);
            if let Some(source) = package.source_rpm(ecosystem::scheme(&package.ecosystem)) {
                self.note(host, package, source.to_owned(), true);
            }
        }
    }

    fn note(&mut self, host: u32, package: &Package, name: String, is_by_source: bool) {
        let builds = self.packages.entry((ecosystem::key(&package.ecosystem), name)).or_default();
        let is_same = |build: &Build| {
            build.version == package.version
                && build.module == package.module
                && build.is_by_source == is_by_source
        };
        let at = builds.iter().position(is_same).unwrap_or_else(|| {
            builds.push(Build {
                ecosystem: package.ecosystem.clone(),
                version: package.version.clone(),
                module: package.module.clone(),
                is_by_source,
                hosts: Hosts::default(),
            });
            builds.len() - 1
        });
        builds[at].hosts.add(host);
    }

    /// How many hosts were added.
    pub fn len(&self) -> usize {
        self.hosts
    }

    /// Whether no host was added.
    pub fn is_empty(&self) -> bool {
        self.hosts == 0
    }

    /// The versions an advisory speaks of, with what it says of each and who has them. A withdrawn advisory touches
    /// nobody; hosts on versions that are not affected are left out.
    pub fn touched<'a>(&'a self, advisory: &'a Advisory) -> Vec<Touch<'a>> {
        if !advisory.withdrawn.is_empty() {
            return Vec::new();
        }
        let mut touched = Vec::new();
        for affected in &advisory.affected {
            let key = ecosystem::key(&affected.ecosystem);
            let name = ecosystem::package_name(&affected.ecosystem, &affected.name);
            for build in self.packages.get(&(key, name)).into_iter().flatten() {
                if build.is_by_source && !speaks_of_all(&affected) {
                    continue;
                }
                let judgement =
                    Installed::new(&build.ecosystem, &build.version, &build.module).judge(&affected);
                if judgement.state != State::NotAffected {
                    touched.push(Touch { version: &build.version, judgement, hosts: &build.hosts.runs });
                }
            }
        }
        touched
    }
}

impl Hosts {
    fn add(&mut self, host: u32) {
        match self.runs.last_mut() {
            Some((_, last)) if *last == host => {}
            Some((_, last)) if last.checked_add(1) == Some(host) => *last = host,
            _ => self.runs.push((host, host)),
        }
    }
}
