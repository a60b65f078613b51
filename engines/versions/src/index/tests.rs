//! The index gives back what was put in, and refuses what was changed.

use super::{Builder, Index, IndexFault};
use crate::advisory::{Advisory, Affected, Event, EventKind, Range, Severity, Status};
use crate::import::{Exploited, Likelihood, Outcome, Record};
use crate::matching::{Package, State};
use crate::verdict::assess;

fn advisory(id: &str, name: &str, fixed: &str) -> Advisory {
    let event = |kind, version: &str| Event { kind, version: version.to_owned() };
    Advisory {
        id: id.to_owned(),
        source: "osv".to_owned(),
        aliases: vec![format!("CVE-2026-{}", 1000 + id.len())],
        related: vec!["CVE-2020-1111".to_owned()],
        summary: "Größer als nötig".to_owned(),
        modified: "2026-01-01T00:00:00Z".to_owned(),
        severities: vec![Severity { kind: "CVSS_V3".to_owned(), score: "x".to_owned() }],
        affected: vec![
            Affected {
                ecosystem: "Debian:12".to_owned(),
                name: name.to_owned(),
                ranges: vec![Range {
                    events: vec![event(EventKind::Introduced, "0"), event(EventKind::Fixed, fixed)],
                    ..Range::default()
                }],
                versions: vec!["1-1".to_owned()],
                urgency: "low".to_owned(),
                ..Affected::default()
            },
            Affected {
                ecosystem: "Ubuntu:22.04:LTS".to_owned(),
                name: name.to_owned(),
                status: Status::UnderInvestigation,
                ..Affected::default()
            },
        ],
        ..Advisory::default()
    }
}

fn add(builder: &mut Builder, advisory: &Advisory) {
    builder.add(Record::Advisory(Box::new(advisory.clone())));
}

fn package(ecosystem: &str, name: &str, version: &str) -> Package {
    Package {
        ecosystem: ecosystem.to_owned(),
        name: name.to_owned(),
        version: version.to_owned(),
        ..Package::default()
    }
}

fn states(index: &Index, package: &Package) -> Vec<State> {
    assess(index, package, |_| true).iter().map(|verdict| verdict.state).collect()
}

#[test]
fn what_was_put_in_comes_out() {
    let mut builder = Builder::new();
    let all: Vec<Advisory> =
        (1..50).map(|at| advisory(&"X".repeat(at), &format!("p{}", at % 7), "2-1")).collect();
    for one in &all {
        add(&mut builder, one);
    }
    builder.add(Record::Exploited(Exploited {
        cve: "CVE-2026-1001".to_owned(),
        added: "2026-01-01".to_owned(),
        due: String::new(),
        ransomware: "Known".to_owned(),
    }));
    builder.add(Record::Likelihood(Likelihood {
        cve: "CVE-2026-1002".to_owned(),
        probability: 0.25,
        percentile: 0.5,
    }));
    let bytes = builder.build("2026-11-23T00:00:00Z").unwrap();
    let index = Index::from_bytes(bytes.clone()).unwrap();
    let back: Vec<Advisory> = index.advisories().map(Advisory::from).collect();
    assert_eq!(back, all);
    assert_eq!(index.built_at(), "2026-11-23T00:00:00Z");
    assert_eq!(index.exploited("CVE-2026-1001").unwrap().ransomware, "Known");
    assert!((index.likelihood("CVE-2026-1002").unwrap().probability - 0.25).abs() < 1e-9);
    assert!(index.exploited("CVE-2026-1002").is_none());
    assert_eq!(index.named("CVE-2020-1111").count(), 49);
    assert_eq!(index.named("XXX").next().unwrap().id(), "XXX");
    assert_eq!(Builder::from_index(&index).build("2026-11-23T00:00:00Z").unwrap(), bytes);
}

#[test]
fn a_delta_replaces_what_is_newer_and_keeps_the_rest() {
    let mut builder = Builder::new();
    add(&mut builder, &advisory("A", "thing", "2-1"));
    add(&mut builder, &advisory("B", "thing", "9-1"));
    let old = Index::from_bytes(builder.build("").unwrap()).unwrap();
    assert_eq!(states(&old, &package("Debian:12", "thing", "3-1")), [State::NotAffected, State::Affected]);

    let mut builder = Builder::from_index(&old);
    add(
        &mut builder,
        &Advisory { modified: "2025-01-01T00:00:00Z".to_owned(), ..advisory("A", "thing", "8-1") },
    );
    let same = Index::from_bytes(builder.build("").unwrap()).unwrap();
    assert_eq!(states(&same, &package("Debian:12", "thing", "3-1")), [State::NotAffected, State::Affected]);

    let newer = "2026-02-01T00:00:00Z".to_owned();
    add(&mut builder, &Advisory { modified: newer.clone(), ..advisory("A", "thing", "8-1") });
    add(
        &mut builder,
        &Advisory { withdrawn: newer.clone(), modified: newer, ..advisory("B", "thing", "9-1") },
    );
    let new = Index::from_bytes(builder.build("").unwrap()).unwrap();
    assert_eq!(states(&new, &package("Debian:12", "thing", "3-1")), [State::Affected]);
    assert!(!new.named("B").next().unwrap().withdrawn().is_empty());
}

#[test]
fn silence_is_told_apart() {
    let mut builder = Builder::new();
    add(&mut builder, &advisory("A", "thing", "2-1"));
    let index = Index::from_bytes(builder.build("").unwrap()).unwrap();
    assert_eq!(states(&index, &package("Debian:12", "other", "1")), [State::NothingKnown]);
    assert_eq!(states(&index, &package("Debian:12", "other", "unknown")), [State::Undecidable]);
    assert_eq!(states(&index, &package("Debian:13", "other", "1")), [State::Unknown]);
    assert_eq!(states(&index, &package("Ubuntu:22.04", "thing", "1")), [State::UnderInvestigation]);
    let foreign = Package { foreign: "somebody".to_owned(), ..package("Debian:12", "thing", "1") };
    assert_eq!(states(&index, &foreign), [State::Unknown]);

    let damaged = Outcome { records: 1, damaged: 1, ..Outcome::default() };
    builder.note("osv", &damaged);
    let index = Index::from_bytes(builder.build("").unwrap()).unwrap();
    assert!(!index.is_complete());
    assert_eq!(states(&index, &package("Debian:12", "other", "1")), [State::Unknown]);
}

#[test]
fn a_changed_byte_is_noticed_wherever_it_is() {
    let mut builder = Builder::new();
    add(&mut builder, &advisory("A", "thing", "2-1"));
    let bytes = builder.build("").unwrap();
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 0x10;
        assert!(Index::from_bytes(changed).is_err(), "byte {at}");
    }
    for length in 0..bytes.len() {
        assert!(Index::from_bytes(bytes[..length].to_vec()).is_err(), "length {length}");
    }
    let mut other = bytes;
    other[8] = 99;
    assert!(matches!(Index::from_bytes(other), Err(IndexFault::OtherVersion(99))));
}

#[test]
fn a_forged_file_with_a_right_checksum_does_not_panic() {
    let mut builder = Builder::new();
    add(&mut builder, &advisory("A", "thing", "2-1"));
    let bytes = builder.build("").unwrap();
    for at in (24..bytes.len()).step_by(3) {
        let mut forged = bytes.clone();
        forged[at] = 0xFF;
        let checksum = crc32fast::hash(&forged[16..]);
        forged[12..16].copy_from_slice(&checksum.to_le_bytes());
        let Ok(index) = Index::from_bytes(forged) else { continue };
        assess(&index, &package("Debian:12", "thing", "1-2"), |_| true);
        index.advisories().take(100).map(Advisory::from).for_each(drop);
    }
}

#[test]
fn a_file_is_mapped_and_replaced_as_a_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("advisories.index");
    let mut builder = Builder::new();
    add(&mut builder, &advisory("A", "thing", "2-1"));
    builder.write(&path, "").unwrap();
    let open = Index::open(&path).unwrap();
    add(&mut builder, &advisory("BB", "thing", "2-1"));
    builder.write(&path, "").unwrap();
    assert_eq!(open.advisory_count(), 1);
    assert_eq!(Index::open(&path).unwrap().advisory_count(), 2);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}
