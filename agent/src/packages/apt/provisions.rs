//! What stands in for what, as apt's cache gets to know it: written in `Provides`, or by the multi-arch rules.
//!
//! The steps are those of `pkgCacheGenerator::NewPackage` and `NewProvides` and of `debListParser::ParseProvides`
//! (apt 2.6).

use std::rc::Rc;

use super::build::Builder;
use super::record::MultiArch;
use super::relations::{Op, Relation as Written, relations};
use super::ties::Draft;
use super::universe::{PackageId, Provider, VersionId};

impl Builder {
    /// A further architecture of a name takes over what was said of the name: what stands in for it, and what
    /// excludes it.
    pub(super) fn join(&mut self, group: usize, package: PackageId) {
        let preferred = self.preferred(group);
        let providers = preferred.map(|known| self.made.packages[known].providers.clone());
        for provider in providers.into_iter().flatten().rev() {
            let owner = &self.made.versions[provider.version];
            if !provider.is_specific
                && !provider.is_implied
                && owner.record.multi_arch == MultiArch::Foreign
                && self.made.is_wanted_arch(&self.made.packages[owner.package].arch)
            {
                self.enter(package, provider);
            }
        }
        for sibling in self.made.groups[group].packages.clone() {
            if self.made.is_wanted_arch(&self.made.packages[sibling].arch) {
                for version in self.made.packages[sibling].versions.clone() {
                    if self.made.versions[version].record.multi_arch == MultiArch::Foreign {
                        let as_version = Some(self.own_text(version));
                        self.enter(
                            package,
                            Provider { version, as_version, is_implied: true, is_specific: false },
                        );
                    }
                }
            }
        }
        let named: Vec<usize> = preferred.map_or_else(Vec::new, |known| self.named[known].ids().collect());
        for id in named {
            let Draft { of, shape, .. } = self.drafts[id];
            if shape.means_others() {
                let id = self.depend(of, package, shape);
                self.rows[of].added.push(id);
            }
        }
    }

    /// The package of a name that speaks for all of them.
    fn preferred(&self, group: usize) -> Option<PackageId> {
        self.made.archs.iter().find_map(|arch| self.find(group, arch))
    }

    /// What `name:arch` means was asked for the first time: everything of that architecture stands in for it.
    ///
    /// What only provides the name is entered with the version of its package, not with the version it provides. That
    /// looks like a slip of apt's, yet it decides whether `name:arch (= 1)` is met.
    pub(super) fn stand_for_arch(&mut self, package: PackageId, name: &str, arch: &str) {
        let real = self.package(name, arch);
        let providers = self.made.packages[real].providers.iter().rev();
        let of_arch = providers.filter(|provider| {
            let owner = self.made.versions[provider.version].package;
            !provider.is_implied && *self.made.packages[owner].arch == *arch
        });
        let providers: Vec<VersionId> = of_arch.map(|provider| provider.version).collect();
        self.made.depends_on_order |= !providers.is_empty();
        let versions: Vec<VersionId> =
            providers.into_iter().chain(self.made.packages[real].versions.iter().copied()).collect();
        for version in versions {
            let as_version = Some(self.own_text(version));
            self.enter(package, Provider { version, as_version, is_implied: true, is_specific: true });
        }
    }

    pub(super) fn own_text(&mut self, version: VersionId) -> usize {
        let own = self.made.versions[version].record.version.clone();
        self.text(&own)
    }

    /// Enters what a new version stands in for: written, then by the multi-arch rules.
    pub(super) fn provide(&mut self, version: VersionId, field: &str) {
        let entry = &self.made.versions[version];
        let (name, multi_arch) = (entry.record.name.clone(), entry.record.multi_arch);
        let arch = Rc::clone(&self.made.packages[entry.package].arch);
        let is_wanted = self.made.is_wanted_arch(&arch);
        // Its own relations may have asked for `name:arch` already.
        let has_arch_already = entry.provides.iter().any(|known| {
            let mut providers = self.made.packages[*known].providers.iter();
            providers.any(|known| known.version == version && known.is_implied && known.is_specific)
        });
        for written in relations(field, &Rc::clone(&self.made.archs[0])) {
            if matches!(written.op, Op::Any | Op::Equal) {
                self.provide_one(version, &written, &arch);
            }
        }
        let as_version = Some(self.own_text(version));
        let implied = Provider { version, as_version, is_implied: true, is_specific: false };
        if is_wanted && multi_arch == MultiArch::Allowed {
            self.enter_named(&format!("{name}:any"), "any", implied);
        } else if is_wanted && multi_arch == MultiArch::Foreign {
            self.provide_everywhere(&name, implied);
        }
        if !has_arch_already {
            self.enter_with_arch(&name, &arch, implied);
        }
        self.learn_kernel(&name);
    }

    /// To apt every kernel stands in for a name of its own making, which it makes for an architecture called like it as
    /// well. Nothing asks for it, but it takes its places among the packages.
    pub(super) fn learn_kernel(&mut self, name: &str) {
        const KERNEL: &str = "$kernel";
        if is_kernel(name) {
            self.package(KERNEL, "any");
            self.package(KERNEL, KERNEL);
        }
    }

    fn provide_one(&mut self, version: VersionId, written: &Written<'_>, arch: &str) {
        let as_version = (written.op == Op::Equal).then(|| self.text(written.version));
        let provider = Provider { version, as_version, is_implied: false, is_specific: false };
        let implied = Provider { is_implied: true, ..provider };
        if let Some(qualifier) = written.arch {
            if qualifier != "any" {
                self.enter_named(written.name, qualifier, Provider { is_specific: true, ..implied });
            }
            let name = format!("{}:{qualifier}", written.name);
            self.enter_named(&name, "any", Provider { is_specific: true, ..provider });
            return;
        }
        let multi_arch = self.made.versions[version].record.multi_arch;
        let is_wanted = self.made.is_wanted_arch(arch);
        if multi_arch == MultiArch::Foreign && is_wanted {
            self.provide_everywhere(written.name, provider);
        } else {
            if multi_arch == MultiArch::Allowed && is_wanted {
                self.enter_named(&format!("{}:any", written.name), "any", implied);
            }
            self.enter_named(written.name, arch, provider);
        }
        self.enter_with_arch(written.name, arch, implied);
    }

    /// A relation that names the architecture is met by what stands in for the name there.
    fn enter_with_arch(&mut self, plain: &str, arch: &str, provider: Provider) {
        let name = format!("{plain}:{arch}");
        let is_asked_for = self.made.by_name.get(name.as_str());
        if is_asked_for.is_some_and(|group| !self.made.groups[*group].packages.is_empty()) {
            let own = &self.made.versions[provider.version].record;
            self.made.depends_on_order |= *own.name != *plain;
            self.enter_named(&name, "any", Provider { is_specific: true, ..provider });
        }
    }

    fn provide_everywhere(&mut self, name: &str, provider: Provider) {
        let group = self.group(name);
        let all = self.made.groups[group].packages.clone();
        if all.is_empty() {
            let native = Rc::clone(&self.made.archs[0]);
            return self.enter_named(name, &native, provider);
        }
        let own = self.made.versions[provider.version].package;
        for package in all {
            if !(provider.is_implied && own == package) {
                self.enter(package, provider);
            }
        }
    }

    /// Enters a stand-in, except that of a package for itself.
    fn enter_named(&mut self, name: &str, arch: &str, provider: Provider) {
        let own = &self.made.versions[provider.version];
        let is_own_version =
            provider.as_version.is_none_or(|text| *self.made.texts[text] == *own.record.version);
        if *own.record.name == *name && *self.made.packages[own.package].arch == *arch && is_own_version {
            return;
        }
        let package = self.package(name, arch);
        self.enter(package, provider);
    }
}

/// Whether a package is named like one kernel of a certain version.
fn is_kernel(name: &str) -> bool {
    let release = ["linux-image-", "kfreebsd-image-", "gnumach-image-"]
        .iter()
        .find_map(|prefix| name.strip_prefix(prefix));
    let is_release = |release: &str| {
        let rest = release.trim_start_matches(|c: char| c.is_ascii_digit());
        rest.len() < release.len() && rest.starts_with('.')
    };
    release.is_some_and(is_release) && !name.ends_with("-dbg") && !name.ends_with("-dbgsym")
}
