//! Single rules of apt's that are easily got wrong, each on the smallest host that shows it.

use std::fs;
use std::path::Path;

use super::oracle::{Lines, Said, apt_lines, is_apt_here, our_lines};
use crate::Host;
use crate::packages::apt::updates;

/// A host with one archive. Stanzas are written without architecture; all are for amd64.
fn host(root: &Path, installed: &str, offered: &str) {
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
    let stanzas = |text: &str, more: &str| {
        let one = |stanza: &str| format!("{}\nArchitecture: amd64\n{more}\n", stanza.trim());
        text.split("\n\n").map(one).collect::<Vec<_>>().join("\n")
    };
    let base = root.join("var/lib/apt/lists/archive.test_main_dists_stable");
    let base = base.display();
    for (path, text) in [
        (root.join("etc/apt/apt.conf"), "APT::Architecture \"amd64\";\n".to_owned()),
        (root.join("etc/apt/sources.list"), "deb http://archive.test/main stable main\n".to_owned()),
        (root.join("var/lib/dpkg/status"), stanzas(installed, "Status: install ok installed")),
        (format!("{base}_Release").into(), "Suite: stable\nArchitectures: amd64\n".to_owned()),
        (format!("{base}_main_binary-amd64_Packages").into(), stanzas(offered, "Filename: x\nSize: 1")),
    ] {
        fs::write(path, text).unwrap();
    }
}

/// Both apt and the agent come to exactly these changes.
fn comes_to(installed: &str, offered: &str, changes: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    host(folder.path(), installed, offered);
    let wanted: Lines = changes.iter().map(|line| (*line).to_owned()).collect();
    let seen = updates(&Host::fixture(folder.path(), 1_790_000_000_000));
    assert_eq!(our_lines(&seen.value.unwrap()), wanted);
    if is_apt_here() {
        assert_eq!(apt_lines(Some(folder.path())), Said::Plan(wanted));
    }
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
