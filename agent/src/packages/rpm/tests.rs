//! The native reader compared with rpm's own answer, on packages rpmbuild made.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::*;
use crate::packages::inventory;

fn run(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).env("LC_ALL", "C").output().ok()?;
    assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8(output.stdout).unwrap())
}

/// Builds packages (an epoch, several architectures, a module, an awkward version) and installs them below `root`.
fn install(root: &Path, work: &Path) -> Option<()> {
    run("rpmbuild", &["--version"])?;
    let database = root.join("var/lib/rpm");
    fs::create_dir_all(&database).unwrap();
    let specs = [
        ("plain", "1.0", "1", "", "noarch", ""),
        ("with-epoch-name", "2.5~rc1", "3.el9_2", "Epoch: 7\n", "x86_64", ""),
        ("mod", "20.1^git5", "1.module_el9+12", "", "noarch", "ModularityLabel: nodejs:20:920:abc\n"),
    ];
    for (name, version, release, epoch, arch, module) in specs {
        let spec = work.join(format!("{name}.spec"));
        let text = format!(
            "Name: {name}\nVersion: {version}\nRelease: {release}\n{epoch}{module}Summary: x\nLicense: x\n%description\nx\n\
             %package sub\nSummary: y\n%description sub\ny\n%files\n%files sub\n"
        );
        fs::write(&spec, text).unwrap();
        let top = format!("_topdir {}", work.display());
        run("rpmbuild", &["-bb", "--quiet", "--target", arch, "-D", &top, spec.to_str().unwrap()])?;
    }
    let mut packages = Vec::new();
    for arch in ["noarch", "x86_64"] {
        packages
            .extend(fs::read_dir(work.join("RPMS").join(arch)).unwrap().map(|entry| entry.unwrap().path()));
    }
    let path = database.to_str().unwrap();
    let mut arguments = vec![
        "--dbpath",
        path,
        "-D",
        "_db_backend sqlite",
        "-i",
        "--justdb",
        "--nodeps",
        "--ignorearch",
        "--nosignature",
    ];
    arguments.extend(packages.iter().map(|path| path.to_str().unwrap()));
    run("rpm", &arguments)?;
    Some(())
}

#[test]
fn the_native_reader_sees_what_rpm_sees() {
    let (root, work) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    if install(root.path(), work.path()).is_none() {
        println!("skipped: rpmbuild is not here");
        return;
    }
    let database = root.path().join("var/lib/rpm");
    let path = database.to_str().unwrap();
    let query = QUERY.replace("\\t", "\t").replace("\\n", "\n");
    let spoken = run("rpm", &["--dbpath", path, "-D", "_db_backend sqlite", "-qa", "--qf", &query]).unwrap();
    let mut wanted = answer(&spoken);
    let seen = inventory(&Host::fixture(root.path(), 0));
    assert_eq!(seen.unseen, []);
    let mut found = seen.value.unwrap().packages;
    wanted.sort_by(|a, b| a.name.cmp(&b.name));
    found.sort_by(|a, b| a.name.cmp(&b.name));
    assert_eq!(found, wanted);
    assert_eq!(found.len(), 6);
    let epoch = found.iter().find(|package| package.name == "with-epoch-name-sub").unwrap();
    assert_eq!((epoch.version.as_str(), epoch.source.as_str()), ("7:2.5~rc1-3.el9_2", "with-epoch-name"));
    assert_eq!(epoch.source_version, "7:2.5~rc1-3.el9_2");
    assert!(epoch.installed_at_ms.is_some());
    let module = found.iter().find(|package| package.name == "mod").unwrap();
    assert_eq!(module.module.as_deref(), Some("nodejs:20:920:abc"));
}

#[test]
fn an_old_database_is_not_visible_without_rpm() {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir_all(root.path().join("var/lib/rpm")).unwrap();
    fs::write(root.path().join("var/lib/rpm/Packages.db"), "RpmP").unwrap();
    let seen = inventory(&Host::fixture(root.path(), 0));
    assert!(seen.value.is_none());
    assert!(seen.unseen[0].because.contains("ndb"), "{:?}", seen.unseen);
}

#[test]
fn broken_headers_are_faults_and_never_panics() {
    let mut blob = vec![0, 0, 0, 1, 0, 0, 0, 2];
    blob.extend([0, 0, 3, 232, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0, 1, b'a', 0]);
    assert_eq!(header::package(&blob), Err("a header has no version"));
    for cut in 0..blob.len() {
        assert!(header::package(&blob[..cut]).is_err());
    }
    for at in 0..blob.len() {
        let mut wrong = blob.clone();
        wrong[at] = 0xff;
        let _ = header::package(&wrong);
    }
}

#[test]
fn a_file_that_is_no_database_is_said() {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir_all(root.path().join("usr/lib/sysimage/rpm")).unwrap();
    fs::write(
        root.path().join("usr/lib/sysimage/rpm/rpmdb.sqlite"),
        "nonsense, and long enough to be looked at",
    )
    .unwrap();
    let seen = inventory(&Host::fixture(root.path(), 0));
    assert!(seen.value.is_none() && seen.unseen.len() == 1, "{seen:?}");
}
