//! The publishers' own files: every record is read, and known answers come out.

#![expect(clippy::unwrap_used, reason = "a test stops where its surroundings are not as it needs them")]

use std::path::{Path, PathBuf};

use mainstay_versions::changelog;
use mainstay_versions::import::{Limits, Outcome, Record, Sink, read_path};
use mainstay_versions::index::{Builder, Index};
use mainstay_versions::inventory::{dpkg_list, lock_file};
use mainstay_versions::matching::{Package, State};
use mainstay_versions::verdict::assess;

fn data() -> Option<PathBuf> {
    let named = std::env::var_os("MAINSTAY_DATA").map(PathBuf::from);
    let folder = named.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"));
    let is_here = folder.join("advisories").is_dir();
    if !is_here {
        println!("skipped: no data in {}", folder.display());
    }
    is_here.then_some(folder)
}

fn import(path: &Path, builder: &mut Builder) -> Outcome {
    let mut each = |record| builder.add(record);
    let mut sink = Sink::new(&mut each);
    read_path(path, Limits::default(), &mut sink).unwrap();
    sink.outcome
}

fn package(ecosystem: &str, name: &str, version: &str) -> Package {
    Package {
        ecosystem: ecosystem.to_owned(),
        name: name.to_owned(),
        version: version.to_owned(),
        ..Package::default()
    }
}

fn affected_by(index: &Index, package: &Package) -> Vec<String> {
    let verdicts = assess(index, package, |state| state == State::Affected);
    let mut found: Vec<String> = verdicts
        .iter()
        .filter(|one| one.state == State::Affected)
        .map(|one| one.advisory.to_owned())
        .collect();
    found.sort();
    found
}

#[test]
fn every_record_of_every_source_is_read() {
    let Some(data) = data() else { return };
    let mut builder = Builder::new();
    for (name, records) in [
        ("rustsec-osv.tar.zst", 1_206),
        ("golang-osv.tar.zst", 4_291),
        ("almalinux9-osv.tar.zst", 1_783),
        ("pypa-osv-yaml.tar.zst", 2_661),
        ("cisa-kev.json.zst", 1_404),
    ] {
        let outcome = import(&data.join("advisories").join(name), &mut builder);
        assert_eq!((outcome.records, outcome.damages, outcome.ignored), (records, Vec::new(), 0), "{name}");
    }
    assert_eq!(builder.len(), 9_941);
    let index = Index::from_bytes(builder.build("").unwrap()).unwrap();
    assert_eq!(index.advisories().filter(|one| !one.withdrawn().is_empty()).count(), 13 + 17 + 10);
    assert!(index.exploited("CVE-2025-48384").is_some());

    let tokio = affected_by(&index, &package("crates.io", "tokio", "1.18.3"));
    assert!(tokio.contains(&"RUSTSEC-2023-0001".to_owned()), "{tokio:?}");
    let tokio = affected_by(&index, &package("crates.io", "tokio", "1.18.4"));
    assert!(!tokio.contains(&"RUSTSEC-2023-0001".to_owned()), "{tokio:?}");
    let django = affected_by(&index, &package("PyPI", "Django", "3.2.3"));
    assert!(django.contains(&"PYSEC-2021-98".to_owned()), "{django:?}");
    let django = affected_by(&index, &package("PyPI", "Django", "3.2.4"));
    assert!(!django.contains(&"PYSEC-2021-98".to_owned()), "{django:?}");
}

#[test]
fn listed_versions_and_ranges_agree() {
    let Some(data) = data() else { return };
    let mut checked = 0;
    let mut apart = Vec::new();
    let mut each = |record| {
        let Record::Advisory(advisory) = record else { return };
        for affected in &advisory.affected {
            let scheme = mainstay_versions::ecosystem::scheme(&affected.ecosystem).unwrap();
            let mut plain = affected.clone();
            plain.versions.clear();
            if !plain
                .ranges
                .iter()
                .any(|range| range.kind == mainstay_versions::advisory::RangeKind::Ecosystem)
            {
                continue;
            }
            for version in affected.versions.iter().filter(|version| scheme.check(version).is_ok()) {
                checked += 1;
                let installed = mainstay_versions::matching::Installed::new(&affected.ecosystem, version, "");
                if installed.judge(&&plain).state != State::Affected {
                    apart.push(format!("{} {version}", advisory.id));
                }
            }
        }
    };
    let mut sink = Sink::new(&mut each);
    read_path(&data.join("advisories/pypa-osv-yaml.tar.zst"), Limits::default(), &mut sink).unwrap();
    println!("{checked} listed versions, {} outside the ranges of their own record", apart.len());
    assert!(checked > 50_000, "{checked}");
    // The publisher's own records contradict themselves here and there; the list then decides.
    assert!(apart.len() * 200 < checked, "{} of {checked}: {:?}", apart.len(), &apart[..apart.len().min(10)]);
}

#[test]
fn lifecycles_tell_the_end_of_a_release() {
    let Some(data) = data() else { return };
    let mut builder = Builder::new();
    let outcome = import(&data.join("advisories/endoflife"), &mut builder);
    assert!(outcome.is_complete(), "{:?}", outcome.damages);
    let index = Index::from_bytes(builder.build("").unwrap()).unwrap();
    let debian = index.lifecycles("debian").find(|one| one.cycle == "12").unwrap();
    assert_eq!(debian.end, mainstay_versions::import::End::On("2026-07-11".to_owned()));
    assert_eq!(debian.extended_end, mainstay_versions::import::End::On("2028-06-30".to_owned()));
}

#[test]
fn changelogs_name_the_flaws_of_the_table() {
    let Some(data) = data() else { return };
    let folder = data.join("advisories/changelogs");
    let table = std::fs::read_to_string(folder.join("index.tsv")).unwrap();
    let mut total = 0;
    for line in table.lines().skip(1) {
        let cells: Vec<&str> = line.split('\t').collect();
        let text = std::fs::read_to_string(folder.join(format!("{}.changelog.txt", cells[0]))).unwrap();
        let newer = changelog::entries(&text)
            .filter(|entry| mainstay_versions::dpkg::compare(entry.version, cells[1]).unwrap().is_gt())
            .count();
        assert_eq!(newer.to_string(), cells[3], "{}", cells[0]);
        let found = changelog::fixed_since(&text, cells[1]).unwrap();
        assert_eq!(found.join(" "), cells.get(5).copied().unwrap_or(""), "{}", cells[0]);
        total += found.len();
    }
    assert_eq!(total, 75);
}

#[test]
fn a_debian_host_is_read_by_source() {
    let Some(data) = data() else { return };
    let text = std::fs::read_to_string(data.join("fleet/debian12-packages.tsv")).unwrap();
    let inventory = dpkg_list(&text, "Debian:12");
    assert_eq!((inventory.packages.len(), inventory.unread.len()), (787, 0));
    let mut sources: Vec<&str> = inventory.packages.iter().map(|one| one.name.as_str()).collect();
    sources.sort_unstable();
    sources.dedup();
    assert_eq!(sources.len(), 434);
    assert!(inventory.packages.iter().all(|one| mainstay_versions::dpkg::check(&one.version).is_ok()));
}

#[test]
fn our_own_lock_file_is_read() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../Cargo.lock");
    let text = std::fs::read_to_string(path).unwrap();
    let inventory = lock_file("Cargo.lock", &text).unwrap().unwrap();
    assert_eq!(inventory.unread, []);
    let count = text.matches("source = \"registry+").count();
    assert_eq!(inventory.packages.len(), count);
    let Some(data) = data() else { return };
    let mut builder = Builder::new();
    import(&data.join("advisories/rustsec-osv.tar.zst"), &mut builder);
    let index = Index::from_bytes(builder.build("").unwrap()).unwrap();
    for package in &inventory.packages {
        for advisory in affected_by(&index, package) {
            println!("{} {}: {advisory}", package.name, package.version);
        }
    }
}
