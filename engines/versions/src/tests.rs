//! Ranges, matching, changelogs and the fleet, on cases made by hand.

use std::cmp::Ordering;

use proptest::prelude::*;

use crate::advisory::{Advisory, Affected, Event, EventKind, Range, RangeKind, Status};
use crate::changelog;
use crate::compare::{Fault, Scheme};
use crate::fleet::Fleet;
use crate::matching::{Installed, Judgement, Package, Reason, State};
use crate::range::{Place, place};

fn events(text: &str) -> Vec<Event> {
    let kind = |letter| match letter {
        "i" => EventKind::Introduced,
        "f" => EventKind::Fixed,
        "l" => EventKind::LastAffected,
        _ => EventKind::Limit,
    };
    text.split_whitespace()
        .map(|word| word.split_once('=').expect("an event is written letter=version"))
        .map(|(letter, version)| Event { kind: kind(letter), version: version.to_owned() })
        .collect()
}

fn affected(ecosystem: &str, ranges: &[&str], versions: &[&str]) -> Affected {
    Affected {
        ecosystem: ecosystem.to_owned(),
        name: "thing".to_owned(),
        ranges: ranges
            .iter()
            .map(|text| Range { kind: RangeKind::Ecosystem, events: events(text) })
            .collect(),
        versions: versions.iter().map(|&version| version.to_owned()).collect(),
        ..Affected::default()
    }
}

fn judge<'a>(installed: &str, affected: &'a Affected) -> Judgement<'a> {
    Installed::new(&affected.ecosystem, installed, "").judge(&affected)
}

fn state(ecosystem: &str, installed: &str, ranges: &[&str], versions: &[&str]) -> State {
    judge(installed, &affected(ecosystem, ranges, versions)).state
}

#[test]
fn ranges_follow_the_algorithm_of_the_schema() {
    use State::{Affected, NotAffected};
    let rows: &[(&str, &str, State)] = &[
        ("1.0", "i=0 f=1.1", Affected),
        ("1.1", "i=0 f=1.1", NotAffected),
        ("1.1~rc1", "i=0 f=1.1", Affected),
        ("0", "i=0", Affected),
        ("0.9", "i=1.0 f=1.1", NotAffected),
        ("2.5", "i=1 f=1.5 i=2 f=3", Affected),
        ("1.7", "i=1 f=1.5 i=2 f=3", NotAffected),
        ("2.5", "f=3 i=2 f=1.5 i=1", Affected),
        ("1.7", "f=3 i=2 f=1.5 i=1", NotAffected),
        ("1.5", "i=0 l=1.5", Affected),
        ("1.5+b1", "i=0 l=1.5", NotAffected),
        ("2.1", "i=0 l=1.5 i=2", Affected),
        ("3.0", "i=0 f=4 limit=2", NotAffected),
        ("1.0", "i=0 f=4 limit=2", Affected),
        ("1.0", "i=0 f=4 limit=*", Affected),
        ("1.0", "f=1.1", Affected),
        ("2", "i=0 f=2 i=2 f=3", Affected),
        ("2", "i=2 f=2", NotAffected),
        ("1:0.1", "i=0 f=9", NotAffected),
    ];
    for (installed, range, expected) in rows {
        assert_eq!(state("Debian:12", installed, &[range], &[]), *expected, "{installed} in {range}");
    }
}

#[test]
fn a_place_names_the_events_that_decided() {
    let list = events("i=0 f=1.5 i=2 f=2.9 f=2.7 l=2.6");
    let pairs = list.iter().map(|event| (event.kind, event.version.as_str()));
    let inside = Place::Inside { introduced: "2", fixed: Some("2.7"), last_affected: Some("2.6") };
    assert_eq!(place(Scheme::Dpkg, "2.5", pairs.clone()), inside);
    assert_eq!(place(Scheme::Dpkg, "1.9", pairs), Place::Outside { fixed: Some("1.5") });
    let bad = [(EventKind::Introduced, "0"), (EventKind::Fixed, "unknown")];
    let undecidable = Place::Undecidable { event: "unknown", fault: Fault::NoDigitFirst };
    assert_eq!(place(Scheme::Dpkg, "1", bad.into_iter()), undecidable);
}

#[test]
fn what_cannot_be_compared_is_never_not_affected() {
    for installed in ["", " ", "unknown", "n/a", "<none>", "1.0-", "ä"] {
        assert_eq!(state("Debian:12", installed, &["i=0 f=1"], &[]), State::Undecidable, "{installed:?}");
        assert_eq!(
            state("AlmaLinux:9", installed, &["i=0 f=1"], &["2"]),
            State::Undecidable,
            "{installed:?}"
        );
    }
    assert_eq!(state("Debian:12", "2", &["i=0 f="], &[]), State::Undecidable);
    assert_eq!(state("Debian:12", "2", &["i=0 f=<unfixed>"], &[]), State::Undecidable);
    assert_eq!(state("Debian:12", "2", &[], &[]), State::Undecidable);
    assert_eq!(state("Sourcery", "2", &["i=0 f=1"], &[]), State::Undecidable);
    let commits = Affected {
        ranges: vec![Range { kind: RangeKind::Git, events: events("i=0 f=deadbeef") }],
        ..affected("PyPI", &[], &[])
    };
    assert_eq!(judge("1.0", &commits).reason, Reason::NoVersions);
}

#[test]
fn a_semver_range_needs_no_ecosystem() {
    let of = |kind| Affected {
        ecosystem: "Bitnami".to_owned(),
        ranges: vec![Range { kind, events: events("i=0 f=2.0.0") }],
        ..affected("Bitnami", &[], &[])
    };
    assert_eq!(judge("1.9.0", &of(RangeKind::Semver)).state, State::Affected);
    assert_eq!(judge("2.0.0", &of(RangeKind::Semver)).state, State::NotAffected);
    assert_eq!(judge("2.0", &of(RangeKind::Semver)).state, State::Undecidable);
    assert_eq!(judge("2.0.0", &of(RangeKind::Ecosystem)).state, State::Undecidable);
}

#[test]
fn one_readable_range_that_says_yes_is_enough() {
    assert_eq!(state("Debian:12", "2", &["i=0 f=bad_", "i=1 f=3"], &[]), State::Affected);
    assert_eq!(state("Debian:12", "4", &["i=0 f=<bad>", "i=1 f=3"], &[]), State::Undecidable);
    assert_eq!(state("Debian:12", "4", &["i=1 f=3", "i=0 f=<bad>"], &[]), State::Undecidable);
}

#[test]
fn listed_versions_count_under_any_spelling() {
    assert_eq!(state("PyPI", "1.0", &[], &["1.0.0"]), State::Affected);
    assert_eq!(state("PyPI", "1.1", &[], &["1.0.0"]), State::NotAffected);
    assert_eq!(state("PyPI", "1.1", &["i=2"], &["1.1.0"]), State::Affected);
    let both = affected("PyPI", &["i=0 f=2"], &["1.1"]);
    assert_eq!(judge("1.1", &both).reason.fix(), Some("2"), "a range knows more than a list");
    assert_eq!(state("Sourcery", "r12", &[], &["r12"]), State::Affected);
    assert_eq!(state("Sourcery", "r13", &[], &["r12"]), State::Undecidable);
}

#[test]
fn the_publishers_word_is_a_state_of_its_own() {
    let said = |status, versions: &[&str]| Affected { status, ..affected("Debian:12", &[], versions) };
    assert_eq!(judge("1", &said(Status::NotAffected, &[])).state, State::NotAffected);
    assert_eq!(judge("1", &said(Status::UnderInvestigation, &[])).state, State::UnderInvestigation);
    assert_eq!(judge("1", &said(Status::NotAffected, &["2"])).state, State::Undecidable);
    assert_eq!(judge("2", &said(Status::NotAffected, &["2"])).state, State::NotAffected);
}

#[test]
fn rpm_modules_are_compared_within_their_stream() {
    let module = "1:16.20.2-8.module_el9.4.0+100+71fc9528";
    let fixed = "1:16.20.2-9.module_el9.4.0+100+71fc9528";
    let other_stream = "1:18.20.4-1.module_el9.4.0+100+71fc9528";
    let of = |fix: &str| affected("AlmaLinux:9", &[&format!("i=0 f={fix}")], &[]);
    assert_eq!(judge(module, &of(fixed)).state, State::Affected);
    assert_eq!(judge(module, &of(other_stream)).reason, Reason::StreamUnknown);
    assert_eq!(judge("1:16.20.1-1.el9", &of(fixed)).state, State::NotAffected);
    assert_eq!(judge(module, &of("1:16.20.9-1.el9")).reason, Reason::OtherModule { module: "-" });
    let named = Affected { module: "nodejs:18".to_owned(), ..of(other_stream) };
    let on_16 = Installed::new("AlmaLinux:9", module, "nodejs:16").judge(&&named);
    let of_16 = of(fixed);
    let plain = Installed::new("AlmaLinux:9", "1:16.20.1-1.el9", "(none)").judge(&&of_16);
    assert_eq!(plain.reason, Reason::OtherModule { module: fixed });
    assert_eq!(on_16.reason, Reason::OtherModule { module: "nodejs:18" });
    let on_18 = Installed::new("AlmaLinux:9", "1:18.0.0-1.module_el9.4.0+1", "nodejs:18").judge(&&named);
    assert_eq!(on_18.state, State::Affected);
}

/// The stream of an `AlmaLinux` erratum stands in its summary; that of a build, without a label, in its version.
#[test]
fn a_version_tells_its_stream_where_it_carries_the_number() {
    let on = |stream: &str, fix: &str| Affected {
        module: stream.to_owned(),
        ..affected("AlmaLinux:9", &[&format!("i=0 f={fix}")], &[])
    };
    let php = on("php:8.3", "8.3.33-1.module_el9.8.0+297+88e7f1bf");
    assert_eq!(judge("8.3.10-1.module_el9.5.0+1", &php).state, State::Affected);
    assert_eq!(judge("8.3.33-1.module_el9.8.0+297+88e7f1bf", &php).state, State::NotAffected);
    for other in ["8.1.27-1.module_el9.3.0+1", "8.30.1-1.module_el9.3.0+1"] {
        assert_eq!(judge(other, &php).reason, Reason::OtherModule { module: "php:8.3" }, "{other}");
    }
    let npm = on("nodejs:18", "1:10.8.2-1.18.20.8.1.module_el9.5.0+1");
    assert_eq!(judge("1:10.7.0-1.18.20.4.1.module_el9.4.0+1", &npm).reason, Reason::StreamUnknown);
    let label = "nodejs:18:9040020240301:rhel9"; // as rpm prints it
    let labelled = Installed::new("AlmaLinux:9", "1:10.7.0-1.18.20.4.1.module_el9.4.0+1", label);
    assert_eq!(labelled.judge(&&npm).state, State::Affected);
    let tools = on("container-tools:rhel8", "2:4.9.4-1.module_el8.10.0+1");
    assert_eq!(judge("2:4.0.2-1.module_el8.6.0+1", &tools).reason, Reason::StreamUnknown);
}

#[test]
fn a_source_rpm_stands_for_its_packages_where_all_versions_are_meant() {
    let every =
        Affected { name: "openssl".to_owned(), ..affected("Red Hat:enterprise_linux:9", &["i=0"], &[]) };
    let fixed = Affected {
        name: "openssl".to_owned(),
        ..affected("Red Hat:enterprise_linux:9", &["i=0 f=1:3.0.7-28.el9"], &[])
    };
    let mut builder = crate::index::Builder::new();
    for (id, one) in [("CVE-2026-1", every), ("CVE-2026-2", fixed)] {
        let advisory = Advisory { id: id.to_owned(), affected: vec![one], ..Advisory::default() };
        builder.add(crate::import::Record::Advisory(Box::new(advisory)));
    }
    let index = crate::index::Index::from_bytes(builder.build("").unwrap()).unwrap();
    let libraries = Package {
        ecosystem: "Red Hat:enterprise_linux:9".to_owned(),
        name: "openssl-libs".to_owned(),
        version: "1:3.0.7-27.el9".to_owned(),
        source: "openssl".to_owned(),
        ..Package::default()
    };
    let verdicts = crate::verdict::assess(&index, &libraries, |_| true);
    let found: Vec<_> = verdicts.iter().map(|one| (one.advisory, one.state)).collect();
    assert_eq!(found, [("CVE-2026-1", State::Affected)]);
    let mut fleet = Fleet::new();
    fleet.add(7, &[libraries]);
    let touched: Vec<usize> =
        index.advisories().map(|one| fleet.touched(&Advisory::from(one)).len()).collect();
    assert_eq!(touched, [1, 0]);
}

#[test]
fn a_changelog_names_what_newer_entries_fix() {
    let text = "thing (2-3) bookworm-security; urgency=high\n\n  * Fix CVE-2026-102633 and CVE-2026-1234,\n    CVE-2026-1235.\n\n -- A B <a@b>  Sat, 05 Sep 2026 19:08:11 +0200\n\nthing (2-2) bookworm; urgency=medium\n\n  * See XCVE-2020-11111, CVE-2020-12, CVE-2026-1234.\n\n -- A B <a@b>  Sat, 05 Sep 2026 19:08:11 +0200\n\nthing (1:1-1) bookworm; urgency=low\n\n  * CVE-2019-0001\n";
    let entries: Vec<_> = changelog::entries(text).collect();
    assert_eq!(entries.iter().map(|entry| entry.version).collect::<Vec<_>>(), ["2-3", "2-2", "1:1-1"]);
    assert_eq!(entries[0].cves, ["CVE-2026-102633", "CVE-2026-1234", "CVE-2026-1235"]);
    assert_eq!(entries[1].cves, ["CVE-2026-1234"]);
    let since = changelog::fixed_since(text, "1:1-1").unwrap();
    assert!(since.is_empty());
    let since = changelog::fixed_since(text, "2-2").unwrap();
    assert_eq!(since, ["CVE-2019-0001", "CVE-2026-1234", "CVE-2026-1235", "CVE-2026-102633"]);
    assert!(changelog::fixed_since(text, "unknown:").is_err());
}

#[test]
fn an_advisory_finds_its_hosts_without_a_new_look() {
    let package = |version: &str| Package {
        ecosystem: "Debian:12".to_owned(),
        name: "thing".to_owned(),
        version: version.to_owned(),
        ..Package::default()
    };
    let mut fleet = Fleet::new();
    for host in 0..10 {
        fleet.add(host, &[package(if host % 5 == 4 { "2-1" } else { "1-1" })]);
    }
    fleet.add(10, &[package("not a version")]);
    fleet.add(11, &[Package { foreign: "somebody".to_owned(), ..package("1-1") }]);
    let mut advisory =
        Advisory { affected: vec![affected("Debian:12", &["i=0 f=2-1"], &[])], ..Advisory::default() };
    let touched = fleet.touched(&advisory);
    assert_eq!(touched.len(), 2);
    assert_eq!((touched[0].judgement.state, touched[0].hosts), (State::Affected, &[(0, 3), (5, 8)][..]));
    assert_eq!((touched[1].judgement.state, touched[1].hosts), (State::Undecidable, &[(10, 10)][..]));
    advisory.withdrawn = "2026-01-01T00:00:00Z".to_owned();
    assert!(fleet.touched(&advisory).is_empty());
}

proptest! {
    /// The plain reading of the schema: sort the events, walk up to the version.
    #[test]
    fn places_agree_with_the_sorted_walk(
        installed in 0..20u32,
        list in proptest::collection::vec((0..3usize, 1..20u32), 1..8),
    ) {
        let mut sorted: Vec<(u32, usize)> = list.iter().map(|(kind, version)| (*version, *kind)).collect();
        sorted.sort_unstable();
        sorted.dedup_by_key(|(version, _)| *version); // ties are a matter of their own, tested above
        prop_assume!(sorted.len() == list.len());
        prop_assume!(list.iter().any(|(kind, _)| *kind == 0));
        let mut expected = false;
        for (version, kind) in &sorted {
            match kind {
                0 if installed >= *version => expected = true,
                1 if installed >= *version => expected = false,
                2 if installed > *version => expected = false,
                _ => {}
            }
        }
        let kinds = [EventKind::Introduced, EventKind::Fixed, EventKind::LastAffected];
        let texts: Vec<_> = list.iter().map(|(kind, version)| (kinds[*kind], version.to_string())).collect();
        let found = place(Scheme::Dpkg, &installed.to_string(), texts.iter().map(|(kind, text)| (*kind, text.as_str())));
        prop_assert_eq!(matches!(found, Place::Inside { .. }), expected, "{} in {:?}", installed, texts);
    }

    /// Whatever the texts are: no panic, and *not affected* only where both sides are versions.
    #[test]
    fn odd_texts_never_become_a_no(installed in "\\PC{0,12}", fixed in "\\PC{0,12}", which in 0..5usize) {
        let ecosystem = ["Debian:12", "AlmaLinux:9", "Alpine:v3.20", "PyPI", "Maven"][which];
        let scheme = crate::ecosystem::scheme(ecosystem).unwrap();
        let judgement = affected(ecosystem, &["i=0"], &[]);
        let judgement = Affected {
            ranges: vec![Range {
                kind: RangeKind::Ecosystem,
                events: vec![
                    Event { kind: EventKind::Introduced, version: "0".to_owned() },
                    Event { kind: EventKind::Fixed, version: fixed.clone() },
                ],
            }],
            ..judgement
        };
        if judge(&installed, &judgement).state == State::NotAffected {
            prop_assert!(scheme.check(&installed).is_ok() && scheme.check(&fixed).is_ok());
            prop_assert_ne!(scheme.compare(&installed, &fixed), Ok(Ordering::Less));
        }
    }
}
