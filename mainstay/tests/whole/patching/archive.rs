//! A package archive made by the test, in `/srv/archive` of a root: two suites, as Debian has them.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::root::{Root, made};

/// What a package is made of.
pub struct Made<'a> {
    pub name: &'a str,
    pub version: &'a str,
    /// Further lines of its control file.
    pub fields: &'a str,
    /// Path, mode and text of what it installs.
    pub files: &'a [(&'a str, u32, &'a str)],
    /// Name and text of its maintainer scripts, without the first line.
    pub scripts: &'a [(&'a str, &'a str)],
}

impl Default for Made<'_> {
    fn default() -> Self {
        Self { name: "", version: "1.0", fields: "", files: &[], scripts: &[] }
    }
}

/// Where a package is offered.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Suite {
    Stable,
    Security,
}

impl Suite {
    fn folder(self) -> &'static str {
        match self {
            Self::Stable => "stable",
            Self::Security => "security",
        }
    }

    fn label(self) -> &'static str {
        match self {
            Self::Stable => "Debian",
            Self::Security => "Debian-Security",
        }
    }
}

impl Root {
    /// Builds a package into `to`; the path of the file on this machine.
    pub fn build(&self, package: &Made<'_>, to: &str) -> PathBuf {
        let tree = self.at("/tmp/tree");
        drop(fs::remove_dir_all(&tree));
        let put = |path: &str, mode: u32, text: &str| {
            let path = tree.join(path.trim_start_matches('/'));
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        };
        let control = format!(
            "Package: {}\nVersion: {}\nArchitecture: all\nMaintainer: Nobody <nobody@example.org>\nPriority: optional\n\
             Section: misc\n{}Description: made by a test\n",
            package.name, package.version, package.fields
        );
        put("DEBIAN/control", 0o644, &control);
        for (path, mode, text) in package.files {
            put(path, *mode, text);
        }
        let configuration = package.files.iter().filter(|(path, ..)| path.starts_with("/etc/"));
        let listed: String = configuration.flat_map(|(path, ..)| [*path, "\n"]).collect();
        put("DEBIAN/conffiles", 0o644, &listed);
        for (name, text) in package.scripts {
            put(&format!("DEBIAN/{name}"), 0o755, &format!("#!/bin/sh\nset -e\n{text}\n"));
        }
        fs::create_dir_all(self.at(to)).unwrap();
        let file = self.at(to).join(format!("{}_{}_all.deb", package.name, package.version));
        let (tree, shown) = (tree.display().to_string(), file.display().to_string());
        made("dpkg-deb", &["--root-owner-group", "-Zgzip", "-b", &tree, &shown]);
        file
    }

    /// Offers a package in a suite, from the next [`Root::publish`] on.
    pub fn offer(&self, package: &Made<'_>, suite: Suite) {
        self.build(package, &format!("/srv/archive/{}", suite.folder()));
    }

    /// Installs a package as if it had always been there.
    pub fn install(&self, package: &Made<'_>) {
        self.build(package, "/srv/old");
        let file = format!("/srv/old/{}_{}_all.deb", package.name, package.version);
        self.must("dpkg", &["--force-confold", "-i", &file]);
    }

    /// Writes the indexes anew, and lets apt fetch them.
    pub fn publish(&self) {
        let mut sources = String::new();
        for suite in [Suite::Stable, Suite::Security] {
            let folder = format!("/srv/archive/{}", suite.folder());
            fs::create_dir_all(self.at(&folder)).unwrap();
            let index = ftparchive(&self.at(&folder), &["packages", "."]);
            fs::write(self.at(&folder).join("Packages"), index).unwrap();
            let options = [
                "-o".to_owned(),
                "APT::FTPArchive::Release::Origin=Debian".to_owned(),
                "-o".to_owned(),
                format!("APT::FTPArchive::Release::Label={}", suite.label()),
                "-o".to_owned(),
                format!("APT::FTPArchive::Release::Suite={}", suite.folder()),
                "-o".to_owned(),
                format!("APT::FTPArchive::Release::Codename={}", suite.folder()),
            ];
            let release: Vec<&str> = options.iter().map(String::as_str).chain(["release", "."]).collect();
            drop(fs::remove_file(self.at(&folder).join("Release")));
            let text = ftparchive(&self.at(&folder), &release);
            fs::write(self.at(&folder).join("Release"), text).unwrap();
            sources.extend(["deb [trusted=yes] file:", &folder, " ./\n"]);
        }
        self.write("/etc/apt/sources.list", &sources);
        self.must("apt-get", &["-q", "update"]);
        // Triggers that the installations left: a host at rest has none.
        self.must("dpkg", &["--configure", "-a"]);
    }
}

fn ftparchive(folder: &Path, arguments: &[&str]) -> Vec<u8> {
    let output =
        std::process::Command::new("apt-ftparchive").args(arguments).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}
