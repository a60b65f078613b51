//! Single rules of apt's that are easily got wrong, each on the smallest host that shows it.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use super::oracle::{Said, apt_lines, is_apt_here, our_lines};
use crate::Host;
use crate::packages::apt::updates;

/// A host with one archive. Stanzas are for amd64 and installed unless they say otherwise.
#[derive(Default)]
struct Told<'a> {
    installed: &'a str,
    offered: &'a str,
    /// What one archive offers for i386 beside; empty when that is not set up.
    offered_i386: &'a str,
    pins: &'a str,
    settings: &'a str,
    /// Names of packages that came for others.
    automatic: &'a [&'a str],
}

impl Told<'_> {
    fn write(&self, root: &Path) {
        for folder in [
            "etc/apt/preferences.d",
            "etc/apt/apt.conf.d",
            "etc/apt/sources.list.d",
            "var/lib/dpkg",
            "var/lib/apt/lists/partial",
            "var/cache/apt/archives/partial",
        ] {
            fs::create_dir_all(root.join(folder)).unwrap();
        }
        let archs = if self.offered_i386.is_empty() { "\"amd64\";" } else { "\"amd64\"; \"i386\";" };
        let settings =
            format!("APT::Architecture \"amd64\";\nAPT::Architectures {{ {archs} }};\n{}", self.settings);
        let automatic = |name: &&str| format!("Package: {name}\nArchitecture: amd64\nAuto-Installed: 1\n\n");
        let base = root.join("var/lib/apt/lists/archive.test_main_dists_stable");
        let list = |arch: &str| format!("{}_main_binary-{arch}_Packages", base.display()).into();
        let source = [("Filename", "x"), ("Size", "1")];
        for (path, text) in [
            (root.join("etc/apt/apt.conf"), settings),
            (root.join("var/lib/apt/extended_states"), self.automatic.iter().map(automatic).collect()),
            (root.join("etc/apt/preferences.d/own.pref"), self.pins.to_owned()),
            (root.join("etc/apt/sources.list"), "deb http://archive.test/main stable main\n".to_owned()),
            (
                root.join("var/lib/dpkg/status"),
                stanzas(self.installed, "amd64", &[("Status", "install ok installed")]),
            ),
            (
                format!("{}_Release", base.display()).into(),
                "Suite: stable\nArchitectures: amd64 i386\n".to_owned(),
            ),
            (list("amd64"), stanzas(self.offered, "amd64", &source)),
            (list("i386"), stanzas(self.offered_i386, "i386", &source)),
        ] {
            fs::write(path, text).unwrap();
        }
    }

    /// Both apt and the agent come to this.
    fn comes_to(&self, wanted: &Said) {
        let folder = tempfile::tempdir().unwrap();
        self.write(folder.path());
        let seen = updates(&Host::fixture(folder.path(), 1_790_000_000_000));
        let ours = seen.value.as_ref().map_or(Said::Refused, |value| Said::Plan(our_lines(value)));
        assert_eq!(ours, *wanted, "{:?}", seen.unseen);
        if is_apt_here() {
            assert_eq!(apt_lines(Some(folder.path())), *wanted);
        }
    }
}

/// Every stanza with these fields, where it does not have them.
fn stanzas(text: &str, arch: &str, fields: &[(&str, &str)]) -> String {
    let mut full = String::new();
    for stanza in text.split("\n\n").map(str::trim).filter(|stanza| !stanza.is_empty()) {
        full.push_str(stanza);
        for (name, value) in fields.iter().chain(&[("Architecture", arch)]) {
            if !stanza.lines().any(|line| line.split(':').next() == Some(name)) {
                let _ = write!(full, "\n{name}: {value}");
            }
        }
        full.push_str("\n\n");
    }
    full
}

fn plan(changes: &[&str]) -> Said {
    Said::Plan(changes.iter().map(|line| (*line).to_owned()).collect())
}

fn comes_to(installed: &str, offered: &str, changes: &[&str]) {
    Told { installed, offered, ..Told::default() }.comes_to(&plan(changes));
}

/// `name:arch` is a name of its own to apt. What provides the plain name is entered for it when a relation first asks for
/// it, and then with the version of the package that provides.
#[test]
fn a_name_with_architecture_is_met_by_the_version_of_what_provides_it() {
    let installed = "Package: mailer\nVersion: 1";
    let offered = "Package: postbox\nVersion: 3\nProvides: transport (= 9)\n\n\
                   Package: mailer\nVersion: 2\nDepends: transport:amd64 (= 3)";
    let changes = ["Inst mailer [1] (2 stable [amd64])", "Inst postbox (3 stable [amd64])"];
    comes_to(installed, offered, &changes);
}

/// Once `name:arch` was asked for, what is read later is entered with the version it provides.
#[test]
fn what_provides_a_name_already_asked_for_with_architecture_counts_as_provided() {
    let installed = "Package: mailer\nVersion: 1";
    let offered = |version: &str| {
        format!(
            "Package: mailer\nVersion: 2\nDepends: transport:amd64 (= {version})\n\n\
             Package: postbox\nVersion: 3\nProvides: transport (= 9)"
        )
    };
    comes_to(installed, &offered("3"), &[]);
    let changes = ["Inst mailer [1] (2 stable [amd64])", "Inst postbox (3 stable [amd64])"];
    comes_to(installed, &offered("9"), &changes);
}

/// An archive's other build of the installed version is newer to apt, though the versions are equal. So what the other
/// build recommends is kept from being taken back: `tools`, which came in for an essential package that could not be
/// installed after all.
#[test]
fn another_build_of_the_installed_version_counts_as_newer() {
    let installed = "Package: desk\nVersion: 1\nInstalled-Size: 1";
    let offered = "Package: desk\nVersion: 1\nInstalled-Size: 2\nRecommends: tools (<< 1)\n\n\
                   Package: base\nVersion: 1\nEssential: yes\nDepends: tools, never\n\n\
                   Package: tools\nVersion: 1\n\n\
                   Package: never\nVersion: 1\nDepends: nowhere";
    let changes = ["Inst desk [1] (1 stable [amd64])", "Inst tools (1 stable [amd64])"];
    comes_to(installed, offered, &changes);
}

/// What something suggests is not needless to apt. `tools` came in for an essential package that could not be installed
/// after all, and stays only where `desk` suggests it.
#[test]
fn what_is_suggested_is_not_taken_back() {
    let offered = |suggests: &str| {
        format!(
            "Package: desk\nVersion: 2\n{suggests}\n\n\
             Package: base\nVersion: 1\nEssential: yes\nDepends: tools, never\n\n\
             Package: tools\nVersion: 1\n\n\
             Package: never\nVersion: 1\nDepends: nowhere"
        )
    };
    let installed = "Package: desk\nVersion: 1";
    let upgraded = "Inst desk [1] (2 stable [amd64])";
    comes_to(installed, &offered("Section: misc"), &[upgraded]);
    let changes = [upgraded, "Inst tools (1 stable [amd64])"];
    comes_to(installed, &offered("Suggests: tools"), &changes);
}

/// A pattern in a pin is tried on every name apt knows. `lib:any` is one as soon as a relation uses it, and then the pin
/// is for every architecture of `lib`, though patterns otherwise mean the native one.
#[test]
fn a_pattern_pins_other_architectures_when_a_relation_names_any() {
    let told = |offered| Told {
        installed: "Package: lib\nArchitecture: i386\nVersion: 2",
        offered,
        offered_i386: "Package: lib\nVersion: 1\n\nPackage: lib\nVersion: 2",
        pins: "Package: l*\nPin: version 1*\nPin-Priority: 1001\n",
        ..Told::default()
    };
    told("Package: app\nVersion: 1\nDepends: lib").comes_to(&plan(&[]));
    let changes = plan(&["Inst lib:i386 [2] (1 stable [i386])"]);
    told("Package: app\nVersion: 1\nDepends: lib:any").comes_to(&changes);
}

/// A pin may choose a version that only dpkg remembers, of a package that was removed. Then apt has nothing to install it
/// from and changes nothing at all.
#[test]
fn a_version_no_archive_offers_stops_the_whole_upgrade() {
    let told = |pins| Told {
        installed: "Package: app\nVersion: 1\n\n\
                    Package: lib\nVersion: 1\nStatus: deinstall ok config-files",
        offered: "Package: app\nVersion: 2\nDepends: lib",
        pins,
        ..Told::default()
    };
    told("").comes_to(&plan(&[]));
    told("Package: lib\nPin: version 1\nPin-Priority: 500\n").comes_to(&Said::Refused);
}

/// Debian's setting about `oldlibs`: a package that becomes one that only leads to another hands on that it was asked for.
/// So `new` stays, even though the upgrade of `old` that brought it is given up for `rival` in the end.
#[test]
fn what_a_transitional_package_leads_to_counts_as_asked_for() {
    let told = |settings| Told {
        installed: "Package: old\nVersion: 1\nSection: libs\n\nPackage: rival\nVersion: 1\nPriority: required",
        offered: "Package: old\nVersion: 2\nSection: oldlibs\nDepends: new\n\n\
                  Package: new\nVersion: 2\n\n\
                  Package: rival\nVersion: 2\nPriority: required\nBreaks: old (= 2)",
        settings,
        ..Told::default()
    };
    let upgraded = "Inst rival [1] (2 stable [amd64])";
    told("").comes_to(&plan(&[upgraded]));
    let changes = plan(&[upgraded, "Inst new (2 stable [amd64])"]);
    told("APT::Move-Autobit-Sections { \"oldlibs\"; };\n").comes_to(&changes);
}

/// Debian's setting about `metapackages`: what one of them needs counts as asked for once it has to go. So `editor` is
/// wanted, and `spelling`, which it suggests, is not taken back.
#[test]
fn what_a_removed_metapackage_needs_counts_as_asked_for() {
    let told = |settings| Told {
        installed: "Package: desktop\nVersion: 1\nSection: metapackages\nDepends: editor\n\n\
                    Package: editor\nVersion: 1\nSuggests: spelling\n\n\
                    Package: rival\nVersion: 1\nPriority: required",
        offered: "Package: rival\nVersion: 2\nPriority: required\nConflicts: desktop\n\n\
                  Package: base\nVersion: 1\nEssential: yes\nDepends: spelling, never\n\n\
                  Package: spelling\nVersion: 1\n\n\
                  Package: never\nVersion: 1\nDepends: nowhere",
        automatic: &["editor"],
        settings,
        ..Told::default()
    };
    let (upgraded, gone) = ("Inst rival [1] (2 stable [amd64])", "Remv desktop [1]");
    told("").comes_to(&plan(&[upgraded, gone]));
    let changes = plan(&[upgraded, gone, "Inst spelling (1 stable [amd64])"]);
    told("APT::Never-MarkAuto-Sections { \"metapackages\"; };\n").comes_to(&changes);
}

/// What dpkg left half installed goes, unless an archive has that version, so that it can be unpacked once more.
#[test]
fn what_is_half_installed_goes_unless_it_can_be_had_again() {
    let installed = "Package: app\nVersion: 1\nStatus: install ok half-installed";
    comes_to(installed, "Package: other\nVersion: 1", &["Remv app [1]"]);
    comes_to(installed, "Package: app\nVersion: 1", &[]);
}

/// What dpkg wants installed again and no archive offers stops everything.
#[test]
fn what_must_be_installed_again_and_is_not_offered_stops_the_upgrade() {
    let installed =
        "Package: app\nVersion: 1\nStatus: install reinstreq installed\n\nPackage: other\nVersion: 1";
    let told = |offered| Told { installed, offered, ..Told::default() };
    told("Package: other\nVersion: 2").comes_to(&Said::Refused);
    let changes = ["Inst app [1] (2 stable [amd64])", "Inst other [1] (2 stable [amd64])"];
    told("Package: app\nVersion: 2\n\nPackage: other\nVersion: 2").comes_to(&plan(&changes));
}
