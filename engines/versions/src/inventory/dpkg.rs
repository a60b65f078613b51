//! What `dpkg-query -W` lists: six columns between tabs, matched by the source package and the source version.

use super::Inventory;
use crate::matching::Package;

/// Marks of publishers other than Debian in a version; their packages are unknown to Debian's advisories.
const FOREIGN: [(&str, &str); 3] = [("nodesource", "nodesource"), ("~bpo", "backports"), ("+fips", "fips")];

/// Reads `binary, version, source, source version, architecture, status`. Packages whose files are gone are left out;
/// those that are half installed or not configured have their files on disk and are judged like any other. Only what the version itself tells of another publisher is marked; callers that know the origin set
/// [`Package::foreign`] themselves.
pub fn read(text: &str, ecosystem: &str) -> Inventory {
    let mut inventory = Inventory::default();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let cells: Vec<&str> = line.split('\t').collect();
        let &[binary, version, source, source_version, _, status] = cells.as_slice() else {
            inventory.miss(line, "not six columns");
            continue;
        };
        if ["not-installed", "config-files"].contains(&status) {
            continue;
        }
        if line.contains(char::REPLACEMENT_CHARACTER) {
            inventory.miss(line, "not UTF-8");
            continue;
        }
        let binary = binary.split(':').next().unwrap_or(binary);
        let foreign =
            FOREIGN.iter().find(|(mark, _)| version.contains(mark)).map_or("", |(_, publisher)| publisher);
        inventory.packages.push(Package {
            ecosystem: ecosystem.to_owned(),
            name: if source.is_empty() { binary } else { source }.to_owned(),
            version: if source_version.is_empty() { version } else { source_version }.to_owned(),
            binary: binary.to_owned(),
            foreign: foreign.to_owned(),
            ..Package::default()
        });
    }
    inventory
}
