//! Which version of a package is wanted: priorities of archives, and pins of packages (`apt_preferences(5)`).

use std::collections::HashMap;

use super::config::Config;
use super::glob;
use super::lists::List;
use super::settings::{Settings, in_parts};
use super::universe::{PackageId, Universe, VersionId, order};
use crate::Host;
use crate::packages::stanza::{Stanza, stanzas};

/// The priority `never`.
const NEVER: i32 = i16::MIN as i32;

/// What a pin looks at.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Match {
    Version(String),
    Release(Vec<(char, String)>),
    /// `Pin: release *`, and a release pin nothing can match.
    Everything,
    Nothing,
    Origin(String),
}

#[derive(Clone, Debug)]
struct Pin {
    /// Empty for a pin of whole archives.
    names: Vec<String>,
    wanted: Match,
    priority: i32,
}

/// Pins of a host, in the order in which they count.
#[derive(Debug, Default)]
pub struct Pins {
    pins: Vec<Pin>,
}

impl Pins {
    /// Reads `preferences` and `preferences.d`, with the default release before them. Faults are sentences.
    pub fn read(host: &Host, config: &Config, settings: &Settings) -> (Self, Vec<String>) {
        let (mut pins, mut faults) = (Self::default(), Vec::new());
        if !settings.default_release.is_empty() {
            let wanted = release(&settings.default_release);
            pins.pins.push(Pin { names: Vec::new(), wanted, priority: 990 });
        }
        let folder = config.place("Dir::Etc::preferencesparts");
        let parts = in_parts(host, &folder, &["pref"]);
        let parts = parts.iter().map(|name| format!("{}/{name}", folder.trim_end_matches('/')));
        for path in std::iter::once(config.place("Dir::Etc::preferences")).chain(parts) {
            match host.text(&path) {
                Ok(text) => pins.add(&text, &path, &mut faults),
                Err(fault) if fault.kind() == std::io::ErrorKind::NotFound => {}
                Err(fault) => faults.push(crate::host::reason(&path, &fault)),
            }
        }
        (pins, faults)
    }

    fn add(&mut self, text: &str, path: &str, faults: &mut Vec<String>) {
        for stanza in stanzas(text.as_bytes()) {
            let stanza = Stanza(&stanza);
            let (package, pin) = (stanza.or_empty("Package"), stanza.or_empty("Pin"));
            if package.is_empty() || pin.is_empty() {
                continue;
            }
            let (kind, data) = pin.split_once(char::is_whitespace).unwrap_or((&pin, ""));
            let is_all = package == "*";
            let wanted = match kind.to_ascii_lowercase().as_str() {
                "version" if !is_all => Match::Version(data.trim().to_owned()),
                "release" => release(data.trim()),
                "origin" => Match::Origin(data.trim().trim_matches('"').to_owned()),
                _ => {
                    faults.push(format!("{path}: a pin of kind {kind} is not understood"));
                    continue;
                }
            };
            let word = stanza.or_empty("Pin-Priority");
            let priority = if word == "never" && is_all { Some(NEVER) } else { number(&word) };
            let Some(priority) = priority.filter(|priority| *priority != 0) else {
                faults.push(format!("{path}: the pin of {package} has no priority"));
                continue;
            };
            let names: Vec<String> = if is_all {
                Vec::new()
            } else {
                package.split_ascii_whitespace().map(str::to_owned).collect()
            };
            if names.iter().any(|name| glob::is_regex(name.trim_start_matches("src:"))) {
                faults.push(format!(
                    "{path}: the pin of {package} is a regular expression, which is not understood"
                ));
            }
            self.pins.push(Pin { names, wanted, priority });
        }
    }

    /// Whether a pin names packages by a pattern.
    pub fn have_patterns(&self) -> bool {
        self.pins.iter().flat_map(|pin| &pin.names).any(|name| glob::is_pattern(name))
    }

    /// The version apt would choose for every package.
    pub fn candidates(&self, universe: &Universe, lists: &[List]) -> Vec<Option<VersionId>> {
        let of_lists = self.list_priorities(lists);
        let of_versions = self.version_priorities(universe, lists);
        let choose = |package| candidate(universe, package, lists, &of_lists, &of_versions);
        (0..universe.packages.len()).map(choose).collect()
    }

    fn list_priorities(&self, lists: &[List]) -> Vec<i32> {
        let usual = |list: &List| match list {
            list if list.is_status || list.is_upgrades_automatic => 100,
            list if list.is_not_automatic => 1,
            _ => 500,
        };
        let mut priorities: Vec<i32> = lists.iter().map(usual).collect();
        let mut is_fixed = vec![false; lists.len()];
        for pin in self.pins.iter().filter(|pin| pin.names.is_empty()) {
            for (at, list) in lists.iter().enumerate() {
                let is_open = !is_fixed[at] || pin.priority == NEVER;
                if is_open && priorities[at] != NEVER && fits_list(&pin.wanted, list) {
                    priorities[at] = pin.priority;
                    is_fixed[at] = true;
                }
            }
        }
        priorities
    }

    /// The first pin that names a version counts.
    fn version_priorities(&self, universe: &Universe, lists: &[List]) -> HashMap<VersionId, i32> {
        let mut priorities = HashMap::new();
        for pin in &self.pins {
            for name in &pin.names {
                for version in named(universe, name) {
                    if fits_version(&pin.wanted, universe, version, lists) {
                        priorities.entry(version).or_insert(pin.priority);
                    }
                }
            }
        }
        priorities
    }
}

fn candidate(
    universe: &Universe,
    package: PackageId,
    lists: &[List],
    of_lists: &[i32],
    of_versions: &HashMap<VersionId, i32>,
) -> Option<VersionId> {
    let entry = &universe.packages[package];
    let installed = entry.current.map(|current| &*universe.versions[current].record.version);
    let (mut best, mut chosen) = (-1, None);
    for version in entry.versions.iter().copied() {
        let known = &universe.versions[version];
        let of_file = |file: &usize| {
            if lists[*file].is_status && entry.current != Some(version) { -1 } else { of_lists[*file] }
        };
        let is_never = known.files.iter().all(|file| of_lists[*file] == NEVER);
        let pinned = of_versions.get(&version).copied().filter(|_| !is_never);
        let priority = pinned.unwrap_or_else(|| known.files.iter().map(of_file).max().unwrap_or(0));
        if priority == 0 || priority <= best {
            continue;
        }
        let is_older = || installed.is_some_and(|installed| order(&known.record.version, installed).is_lt());
        if priority < 1000 && is_older() {
            continue;
        }
        (best, chosen) = (priority, Some(version));
    }
    chosen
}

/// The versions a name in a pin speaks of: `name`, `name:arch`, `src:name`, or a pattern.
///
/// A pattern stands for every name it fits. `name:any` and `name:i386` are such names once a relation uses them, so a
/// pattern may pin other architectures than the native one by chance (`pkgPolicy::CreatePin`).
fn named(universe: &Universe, name: &str) -> Vec<VersionId> {
    let (is_source, name) = name.strip_prefix("src:").map_or((false, name), |name| (true, name));
    let (base, arch) = name.rsplit_once(':').map_or((name, None), |(base, arch)| (base, Some(arch)));
    if !glob::is_pattern(base) {
        return plainly_named(universe, is_source, name);
    }
    let mut names: Vec<&str> = universe.groups.iter().map(|group| &*group.name).collect();
    if is_source {
        names.extend(universe.by_source.keys().map(|source| &**source));
        names.sort_unstable();
        names.dedup();
    }
    let found = names.into_iter().filter(|known| glob::fits(base, known));
    let full = found.map(|known| arch.map_or_else(|| known.to_owned(), |arch| format!("{known}:{arch}")));
    full.flat_map(|name| plainly_named(universe, is_source, &name)).collect()
}

fn plainly_named(universe: &Universe, is_source: bool, name: &str) -> Vec<VersionId> {
    let (name, arch) = name.rsplit_once(':').unwrap_or((name, universe.native()));
    let is_arch = |version: &VersionId| {
        arch == "any" || *universe.packages[universe.versions[*version].package].arch == *arch
    };
    if is_source {
        let versions = universe.by_source.get(name).into_iter().flatten();
        return versions.copied().filter(is_arch).collect();
    }
    let group = universe.by_name.get(name).map(|group| &universe.groups[*group]);
    let packages = group.into_iter().flat_map(|group| &group.packages);
    packages
        .flat_map(|package| universe.packages[*package].versions.iter().copied())
        .filter(is_arch)
        .collect()
}

fn fits_version(wanted: &Match, universe: &Universe, version: VersionId, lists: &[List]) -> bool {
    let known = &universe.versions[version];
    match wanted {
        Match::Version(text) => {
            let own = &known.record.version;
            let prefix = text.strip_suffix('*');
            let begins =
                |prefix: &str| own.get(..prefix.len()).is_some_and(|own| own.eq_ignore_ascii_case(prefix));
            prefix.is_some_and(begins) || own.eq_ignore_ascii_case(text) || glob::fits(text, own)
        }
        _ => known.files.iter().any(|file| fits_list(wanted, &lists[*file])),
    }
}

fn fits_list(wanted: &Match, list: &List) -> bool {
    let origin = &list.told.origin;
    match wanted {
        Match::Version(_) | Match::Nothing => false,
        Match::Everything => true,
        Match::Origin(site) => !list.is_status && fits(site, &origin.site),
        Match::Release(parts) if list.is_status => parts.iter().all(|(part, text)| match part {
            // The status file counts as an archive named "now".
            'a' | 'r' => glob::fits(text, "now"),
            _ => false,
        }),
        Match::Release(parts) => parts.iter().all(|(part, text)| match part {
            'v' => {
                let prefix = text.strip_suffix('*');
                prefix.is_some_and(|prefix| origin.version.starts_with(prefix)) || fits(text, &origin.version)
            }
            'o' => fits(text, &origin.origin),
            'a' => fits(text, &origin.suite),
            'n' => fits(text, &origin.codename),
            'l' => fits(text, &origin.label),
            'c' => fits(text, &origin.component),
            'b' => fits(text, &list.told.arch),
            _ => fits(text, &origin.suite) || fits(text, &origin.codename),
        }),
    }
}

/// A field the release file does not have fits nothing.
fn fits(pattern: &str, text: &str) -> bool {
    !text.is_empty() && glob::fits(pattern, text)
}

/// `a=stable,o=Debian`, a bare suite or codename, a bare version, or `*`.
fn release(data: &str) -> Match {
    if data == "*" {
        return Match::Everything;
    }
    if !data.contains('=') {
        let part = if data.starts_with(|c: char| c.is_ascii_digit()) { 'v' } else { 'r' };
        return if data.is_empty() { Match::Nothing } else { Match::Release(vec![(part, data.to_owned())]) };
    }
    let mut parts = Vec::new();
    for part in data.split(',') {
        let Some((key, value)) = part.trim().split_once('=') else { continue };
        let key = key.trim().to_ascii_lowercase();
        if let (true, Some(key)) =
            (["v", "o", "a", "n", "l", "c", "b"].contains(&key.as_str()), key.chars().next())
        {
            parts.push((key, value.trim().to_owned()));
        }
    }
    if parts.is_empty() { Match::Nothing } else { Match::Release(parts) }
}

/// A number as the C library reads it: what follows it is passed over.
fn number(text: &str) -> Option<i32> {
    let end = text.char_indices().find(|(at, c)| !(c.is_ascii_digit() || (*at == 0 && "+-".contains(*c))));
    text[..end.map_or(text.len(), |(at, _)| at)].parse::<i16>().ok().map(i32::from).map(|n| n.max(NEVER + 1))
}
