//! The inventory of Alpine: apk's database of installed packages, a plain text.

use super::stanza::text;
use crate::Host;
use crate::wire::packages::{Family, Package, PackageState};

/// Where the database stands: since apk 3 below `/usr`.
const PLACES: [&str; 2] = ["/lib/apk/db/installed", "/usr/lib/apk/db/installed"];
/// It names every file of every package, so it grows with the host.
const MOST_BYTES: u64 = 256 << 20;

/// Where this host keeps its database, if it has one.
pub fn place(host: &Host) -> Option<&'static str> {
    PLACES.into_iter().find(|place| host.exists(place))
}

/// Every installed package.
pub fn packages(host: &Host, place: &str) -> Result<Vec<Package>, String> {
    let bytes = host.read_limited(place, MOST_BYTES).map_err(|fault| crate::host::reason(place, &fault))?;
    Ok(parse(&bytes))
}

/// Records of one-letter fields (`P:` name, `V:` version, `A:` architecture, `o:` origin, `I:` installed size,
/// `f:` what is broken about it), an empty line after each.
pub fn parse(bytes: &[u8]) -> Vec<Package> {
    let mut packages = Vec::new();
    let mut current = Package { family: Family::Apk, ..Package::default() };
    for line in bytes.split(|byte| *byte == b'\n').chain(std::iter::once(&b""[..])) {
        if line.is_empty() {
            let done = std::mem::replace(&mut current, Package { family: Family::Apk, ..Package::default() });
            packages.extend(finish(done));
        }
        let Some((key, value)) =
            line.split_first().and_then(|(key, rest)| Some((key, rest.strip_prefix(b":")?)))
        else {
            continue;
        };
        let value = text(value);
        match key {
            b'P' => current.name = value.into_owned(),
            b'V' => current.version = value.into_owned(),
            b'A' => current.arch = value.into_owned(),
            b'o' => current.source = value.into_owned(),
            b'I' => current.installed_bytes = value.parse().ok(),
            b'f' if value.contains(['f', 's', 'x']) => current.state = PackageState::Broken,
            _ => {}
        }
    }
    packages
}

fn finish(mut package: Package) -> Option<Package> {
    if package.name.is_empty() || package.version.is_empty() {
        return None;
    }
    if package.source.is_empty() {
        package.source.clone_from(&package.name);
    }
    package.source_version.clone_from(&package.version);
    Some(package)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Written after the format's description in the manual page `apk-package(5)` and the database of a
    /// small container: files, owners and checksums follow each package's own fields.
    const INSTALLED: &str = "C:Q1p78yvTLG094tHE1+dToJGbmYzQE=\nP:busybox-binsh\nV:1.36.1-r29\nA:x86_64\nS:1543\nI:8192\nT:busybox ash /bin/sh\nU:https://busybox.net/\nL:GPL-2.0-only\no:busybox\nm:X <x@example.org>\nt:1718000000\nc:abcdef\nk:100\nD:busybox=1.36.1-r29\np:/bin/sh cmd:sh=1.36.1-r29\nr:busybox-initscripts\nF:bin\nR:sh\na:0:0:777\nZ:Q1pcfTfDNEbNKQc2s1tia7da05M8Q=\n\nC:Q1x\nP:musl\nV:1.2.5-r0\nA:x86_64\nI:663552\nf:s\nF:lib\nR:ld-musl-x86_64.so.1\na:0:0:755\n\nP:\nV:1\n\n";

    #[test]
    fn packages_and_their_origins() {
        let packages = parse(INSTALLED.as_bytes());
        let show: Vec<_> = packages
            .iter()
            .map(|p| (p.name.as_str(), p.version.as_str(), p.source.as_str(), p.state))
            .collect();
        assert_eq!(
            show,
            [
                ("busybox-binsh", "1.36.1-r29", "busybox", PackageState::Installed),
                ("musl", "1.2.5-r0", "musl", PackageState::Broken),
            ]
        );
        assert_eq!((packages[0].installed_bytes, packages[0].arch.as_str()), (Some(8192), "x86_64"));
        assert!(parse(b"").is_empty());
        assert_eq!(parse(b"P:a\nV:1").len(), 1);
    }
}
