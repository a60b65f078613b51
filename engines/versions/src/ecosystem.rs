//! Ecosystems: what they are called, which order their versions have, how their package names are written.

use crate::compare::Scheme;

/// The order of versions in an ecosystem named as OSV names it (`Debian:12`, `PyPI`, `AlmaLinux:9`); `None` where there
/// is no order we can vouch for.
pub fn scheme(ecosystem: &str) -> Option<Scheme> {
    Some(match base(ecosystem) {
        "Debian" | "Ubuntu" | "Echo" => Scheme::Dpkg,
        "AlmaLinux" | "Rocky Linux" | "Red Hat" | "SUSE" | "openSUSE" | "Mageia" | "openEuler"
        | "Photon OS" | "Azure Linux" | "Fedora" | "Oracle Linux" | "Amazon Linux" | "TuxCare" => Scheme::Rpm,
        "Alpine" | "Wolfi" | "Chainguard" | "Alpaquita" | "BellSoft Hardened Containers" | "MinimOS" => {
            Scheme::Apk
        }
        "Maven" => Scheme::Maven,
        "RubyGems" => Scheme::Gem,
        "NuGet" => Scheme::Nuget,
        "Packagist" => Scheme::Composer,
        "Go" => Scheme::Go,
        "crates.io" | "Hex" | "Pub" | "SwiftURL" | "GitHub Actions" | "Julia" => Scheme::Semver,
        "npm" => Scheme::Npm,
        "PyPI" => Scheme::Pep440,
        _ => return None,
    })
}

/// The ecosystem without its release: `Debian` of `Debian:12`.
pub fn base(ecosystem: &str) -> &str {
    ecosystem.split_once(':').map_or(ecosystem, |(base, _)| base)
}

/// Whether packages of an ecosystem are built by the publisher of the operating system, whose word then decides.
pub fn is_system(ecosystem: &str) -> bool {
    matches!(scheme(ecosystem), Some(Scheme::Dpkg | Scheme::Rpm | Scheme::Apk))
}

/// The key under which an ecosystem is stored and looked up: `Ubuntu:22.04:LTS` and `Ubuntu:22.04` are one,
/// `Red Hat:enterprise_linux:9::baseos` is `Red Hat:enterprise_linux:9`.
pub fn key(ecosystem: &str) -> String {
    let ecosystem = ecosystem.trim();
    match base(ecosystem) {
        "Ubuntu" => ecosystem.strip_suffix(":LTS").unwrap_or(ecosystem).to_owned(),
        "Red Hat" => ecosystem.split_once("::").map_or(ecosystem, |(product, _)| product).to_owned(),
        "Alpine" if !ecosystem.contains(":v") => ecosystem.replacen("Alpine:", "Alpine:v", 1),
        _ => ecosystem.to_owned(),
    }
}

/// A package name in the one way its registry treats as the same.
pub fn package_name(ecosystem: &str, name: &str) -> String {
    match base(ecosystem) {
        "PyPI" => python_name(name),
        // Package URLs write Go modules in lower case, whatever their repository is called.
        "NuGet" | "Packagist" | "Hex" | "GitHub Actions" | "Pub" | "Go" => name.to_lowercase(),
        _ => name.to_owned(),
    }
}

/// PEP 503: case does not matter, and runs of `-`, `_` and `.` are one `-`.
fn python_name(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for letter in name.trim().chars() {
        match letter {
            '-' | '_' | '.' if out.ends_with('-') => {}
            '-' | '_' | '.' => out.push('-'),
            letter => out.extend(letter.to_lowercase()),
        }
    }
    out
}

/// The ecosystem of a host, from `ID` and `VERSION_ID` of its os-release.
pub fn of_os_release(id: &str, version_id: &str) -> Option<String> {
    let major = version_id.split('.').next().unwrap_or(version_id);
    match id {
        "wolfi" => return Some("Wolfi".to_owned()),
        "chainguard" => return Some("Chainguard".to_owned()),
        "opensuse-tumbleweed" => return Some("openSUSE:Tumbleweed".to_owned()),
        _ if version_id.is_empty() => return None, // testing and unstable: the caller has to say which it is
        _ => {}
    }
    Some(match id {
        "debian" => format!("Debian:{major}"),
        "ubuntu" => format!("Ubuntu:{version_id}"),
        "almalinux" | "alma" => format!("AlmaLinux:{major}"),
        "rocky" => format!("Rocky Linux:{major}"),
        "rhel" | "redhat" => format!("Red Hat:enterprise_linux:{major}"),
        "alpine" => format!("Alpine:v{}", version_id.split('.').take(2).collect::<Vec<_>>().join(".")),
        "fedora" => format!("Fedora:{major}"),
        "ol" | "oracle" | "oraclelinux" => format!("Oracle Linux:{major}"),
        "amzn" | "amazon" | "amazonlinux" => format!("Amazon Linux:{version_id}"),
        "azurelinux" | "mariner" => format!("Azure Linux:{major}"),
        "photon" => format!("Photon OS:{version_id}"),
        "mageia" => format!("Mageia:{major}"),
        "opensuse-leap" | "opensuse.leap" => format!("openSUSE:Leap {version_id}"),
        "sles" | "suse linux enterprise server" => match version_id.split_once('.') {
            Some((major, pack)) if pack != "0" => format!("SUSE:Linux Enterprise Server {major} SP{pack}"),
            _ => format!("SUSE:Linux Enterprise Server {major}"),
        },
        "openEuler" => format!("openEuler:{version_id}"),
        _ => return None,
    })
}

/// The number of a Debian release by its code name.
pub fn debian_release(codename: &str) -> Option<&'static str> {
    const RELEASES: [(&str, &str); 17] = [
        ("slink", "2.1"),
        ("potato", "2.2"),
        ("woody", "3.0"),
        ("sarge", "3.1"),
        ("etch", "4"),
        ("lenny", "5"),
        ("squeeze", "6"),
        ("wheezy", "7"),
        ("jessie", "8"),
        ("stretch", "9"),
        ("buster", "10"),
        ("bullseye", "11"),
        ("bookworm", "12"),
        ("trixie", "13"),
        ("forky", "14"),
        ("duke", "15"),
        ("sid", "sid"),
    ];
    RELEASES.iter().find(|(name, _)| *name == codename).map(|(_, number)| *number)
}

/// The ecosystem and name a package URL speaks of. Distribution packages need the release from elsewhere: for them the
/// answer is the bare base (`Debian`), completed by the `distro` qualifier where there is one.
pub fn of_purl(kind: &str, namespace: &str, name: &str, distro: Option<&str>) -> Option<(String, String)> {
    let joined = |separator: &str| {
        if namespace.is_empty() { name.to_owned() } else { format!("{namespace}{separator}{name}") }
    };
    let ecosystem = match kind {
        "deb" | "rpm" | "apk" => return Some((system_of_purl(kind, namespace, distro)?, name.to_owned())),
        "maven" => return Some(("Maven".to_owned(), joined(":"))),
        "gem" => "RubyGems",
        "nuget" => "NuGet",
        "composer" => "Packagist",
        "golang" => "Go",
        "cargo" => "crates.io",
        "npm" => "npm",
        "pypi" => "PyPI",
        "hex" => "Hex",
        "pub" => "Pub",
        "swift" => "SwiftURL",
        "githubactions" | "github" => "GitHub Actions",
        "bitnami" => "Bitnami",
        "conan" => "ConanCenter",
        "cran" => "CRAN",
        "hackage" => "Hackage",
        "julia" => "Julia",
        _ => return None,
    };
    Some((ecosystem.to_owned(), package_name(ecosystem, &joined("/"))))
}

fn system_of_purl(kind: &str, namespace: &str, distro: Option<&str>) -> Option<String> {
    let distro = distro.unwrap_or("");
    // `bookworm`, `debian-bookworm`, `debian-sid`
    let codename = distro.strip_prefix("debian-").unwrap_or(distro);
    if kind == "deb"
        && let Some(number) = debian_release(codename)
    {
        return Some(format!("Debian:{number}"));
    }
    // `debian-12`, `opensuse-leap-15.5`, `12`
    let starts_with_digit = |version: &str| version.starts_with(|c: char| c.is_ascii_digit());
    let (id, version) = match distro.rsplit_once('-').filter(|(_, version)| starts_with_digit(version)) {
        Some((id, version)) => (id, version),
        None if distro.starts_with("opensuse-") => (distro, ""),
        None if starts_with_digit(distro) => (namespace, distro),
        None => (namespace, ""),
    };
    let id = if id == "el" { "rhel" } else { id };
    of_os_release(id, version).or_else(|| {
        Some(
            match id {
                "debian" => "Debian",
                "ubuntu" => "Ubuntu",
                "alpine" => "Alpine",
                "almalinux" | "alma" => "AlmaLinux",
                "rocky" | "rocky-linux" => "Rocky Linux",
                "rhel" | "redhat" => "Red Hat",
                "fedora" => "Fedora",
                "suse" | "sles" | "sled" => "SUSE",
                "oracle" | "ol" => "Oracle Linux",
                "amazon" | "amzn" => "Amazon Linux",
                "azurelinux" | "mariner" => "Azure Linux",
                "photon" => "Photon OS",
                "mageia" => "Mageia",
                "openeuler" => "openEuler",
                "opensuse" => "openSUSE",
                _ => return None,
            }
            .to_owned(),
        )
    })
}
