//! Importers on small records made by hand; `tests/sources.rs` reads the publishers' own files.

use super::{Damage, End, Limits, Outcome, Record, Sink, read_document, read_path};
use crate::advisory::{Advisory, EventKind, Status};

fn read(name: &str, bytes: &[u8]) -> (Vec<Record>, Outcome) {
    let mut records = Vec::new();
    let mut each = |record| records.push(record);
    let mut sink = Sink::new(&mut each);
    read_document(name, bytes, &mut sink);
    let outcome = sink.outcome;
    (records, outcome)
}

fn advisories(name: &str, text: &str) -> Vec<Advisory> {
    let (records, outcome) = read(name, text.as_bytes());
    assert_eq!(outcome.damages, [], "{name}");
    records
        .into_iter()
        .map(|record| match record {
            Record::Advisory(advisory) => *advisory,
            other => panic!("{other:?} is no advisory"),
        })
        .collect()
}

const OSV: &str = r#"{"id": "X-1", "modified": "0001-01-01T00:00:00Z", "aliases": ["CVE-2026-1"], "severity": null,
  "affected": [{"package": {"ecosystem": "PyPI", "name": "Some_Thing"},
    "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.10"}]}]},
    {"ranges": [{"type": "GIT", "repo": "https://example.org", "events": [{"introduced": "0"}]}]}],
  "something_new": {"a": [1, 2]}}"#;

#[test]
fn osv_json_and_yaml_are_the_same_record() {
    let yaml = "id: X-1\nmodified: 0001-01-01T00:00:00Z\naliases:\n- CVE-2026-1\naffected:\n- package:\n    ecosystem: PyPI\n    name: Some_Thing\n  ranges:\n  - type: ECOSYSTEM\n    events:\n    - introduced: '0'\n    - fixed: 1.10\n";
    let (json, yaml) = (advisories("a.json", OSV), advisories("a.yaml", yaml));
    assert_eq!(json, yaml);
    assert_eq!((json[0].modified.as_str(), json[0].affected[0].name.as_str()), ("", "some-thing"));
    assert_eq!(json[0].affected[0].ranges[0].events[1].version, "1.10");
    assert_eq!(json[0].affected.len(), 1, "a repository is no package");
}

#[test]
fn damage_is_named_and_the_rest_is_kept() {
    let list = format!("[{OSV}, {{\"id\": \"X-2\", \"affected\": 5}}, {{\"id\": \"\"}}, {OSV}]");
    let (records, outcome) = read("all.json", list.as_bytes());
    assert_eq!((records.len(), outcome.records, outcome.damaged), (2, 2, 2));
    assert_eq!(outcome.damages[0].record, "X-2");
    assert!(!outcome.is_complete());
    for (name, bytes) in [
        ("cut.json", &OSV.as_bytes()[..100]),
        ("empty.json", b""),
        ("binary.yaml", b"\xff\xfe\x00"),
        ("bomb.yaml", b"a: &a [x,x]\nb: [*a,*a]\n"),
        ("type.json", br#"{"id": "X", "affected": [{"package": {"ecosystem": "npm", "name": "a"}, "ranges": [{"type": "FUTURE", "events": []}]}]}"#),
    ] {
        let (records, outcome) = read(name, bytes);
        assert_eq!((records.len(), outcome.damaged), (0, 1), "{name}");
        assert_eq!(outcome.damages[0].record, name);
    }
    assert_eq!(read("README.md", b"hello").1.ignored, 1);
}

#[test]
fn debian_tracker_speaks_of_releases() {
    let text = r#"{"thing": {"CVE-2026-1": {"description": "d", "releases": {
        "bookworm": {"status": "resolved", "fixed_version": "1.2-3", "urgency": "medium"},
        "trixie": {"status": "open", "urgency": "low", "nodsa": "Minor issue"},
        "sid": {"status": "resolved", "fixed_version": "0", "urgency": "unimportant"},
        "bullseye": {"status": "undetermined", "urgency": "not yet assigned"}}},
      "CVE-2026-2": {"releases": 7}}, "other": []}"#;
    let (records, outcome) = read("tracker.json", text.as_bytes());
    let names: Vec<&Damage> = outcome.damages.iter().collect();
    assert_eq!((names[0].record.as_str(), names[1].record.as_str()), ("thing CVE-2026-2", "other"));
    let [Record::Advisory(advisory)] = records.as_slice() else { panic!("{records:?}") };
    let of = |ecosystem: &str| advisory.affected.iter().find(|one| one.ecosystem == ecosystem).unwrap();
    assert_eq!(of("Debian:12").ranges[0].events[1].version, "1.2-3");
    assert_eq!(
        (of("Debian:13").ranges[0].events.len(), of("Debian:13").urgency.as_str()),
        (1, "low, no-dsa")
    );
    assert_eq!(of("Debian:sid").status, Status::NotAffected);
    assert_eq!(of("Debian:11").status, Status::UnderInvestigation);
}

#[test]
fn dsa_lists_are_read_line_by_line() {
    let text = "[21 Aug 2026] DSA-5999-1 openssl - security update\n\t{CVE-2026-1001 CVE-2026-1002}\n\t[bookworm] - openssl 3.0.17-1~deb12u3\n\t[trixie] - openssl <not-affected>\n\t[bookworm] nonsense\n[02 Jan 2026] DLA-1-1 thing - security update\n\tNOTE: nothing\n";
    let (records, outcome) = read("list", text.as_bytes());
    assert_eq!((records.len(), outcome.damaged), (2, 1));
    assert_eq!(outcome.damages[0].record, "DSA-5999-1, line 5");
    let Record::Advisory(first) = &records[0] else { panic!() };
    assert_eq!((first.published.as_str(), first.related.len()), ("2026-08-21T00:00:00Z", 2));
    assert_eq!(first.affected[0].ecosystem, "Debian:12");
    assert_eq!(first.affected[1].status, Status::NotAffected);
}

#[test]
fn csaf_vex_gives_product_states() {
    let text = r#"{"document": {"category": "csaf_vex", "title": "t", "aggregate_severity": {"text": "Important"},
      "tracking": {"id": "CVE-2026-1", "initial_release_date": "2026-01-01T00:00:00Z", "current_release_date": "2026-02-01T00:00:00Z"}},
    "product_tree": {"branches": [{"name": "v", "branches": [
        {"product": {"name": "RHEL 9", "product_id": "BaseOS-9", "product_identification_helper": {"cpe": "cpe:/o:redhat:enterprise_linux:9::baseos"}}},
        {"product": {"name": "o", "product_id": "openssl-fixed", "product_identification_helper": {"purl": "pkg:rpm/redhat/openssl@3.0.7-28.el9_4?arch=x86_64&epoch=1"}}},
        {"product": {"name": "o", "product_id": "openssl", "product_identification_helper": {"purl": "pkg:rpm/redhat/openssl?arch=src"}}},
        {"product": {"name": "c", "product_id": "curl", "product_identification_helper": {"purl": "pkg:rpm/redhat/curl"}}}]}],
      "relationships": [
        {"category": "default_component_of", "full_product_name": {"name": "a", "product_id": "BaseOS-9:openssl-fixed"}, "product_reference": "openssl-fixed", "relates_to_product_reference": "BaseOS-9"},
        {"category": "default_component_of", "full_product_name": {"name": "b", "product_id": "BaseOS-9:openssl"}, "product_reference": "openssl", "relates_to_product_reference": "BaseOS-9"},
        {"category": "default_component_of", "full_product_name": {"name": "c", "product_id": "BaseOS-9:curl"}, "product_reference": "curl", "relates_to_product_reference": "BaseOS-9"}]},
    "vulnerabilities": [{"cve": "CVE-2026-1", "scores": [{"products": ["x"], "cvss_v3": {"vectorString": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}}],
      "product_status": {"fixed": ["BaseOS-9:openssl-fixed"], "known_not_affected": ["BaseOS-9:curl"], "under_investigation": ["BaseOS-9:openssl"]}}]}"#;
    let advisory = &advisories("vex.json", text)[0];
    assert_eq!(
        (advisory.id.as_str(), advisory.urgency.as_str(), advisory.severities.len()),
        ("CVE-2026-1", "Important", 1)
    );
    let fixed = &advisory.affected[0];
    assert_eq!(
        (fixed.ecosystem.as_str(), fixed.name.as_str()),
        ("Red Hat:enterprise_linux:9::baseos", "openssl")
    );
    assert_eq!(
        (fixed.ranges[0].events[1].kind, fixed.ranges[0].events[1].version.as_str()),
        (EventKind::Fixed, "1:3.0.7-28.el9_4")
    );
    assert_eq!(advisory.affected[1].status, Status::NotAffected);
    assert_eq!(advisory.affected[2].status, Status::UnderInvestigation);
}

/// SUSE gives neither package URLs nor a severity, and calls its fixes recommended.
#[test]
fn csaf_without_package_urls_goes_by_file_names() {
    let text = r#"{"document": {"category": "csaf_vex", "title": null, "aggregate_severity": {"namespace": "n", "text": null},
      "tracking": {"id": "CVE-2026-1"}},
    "product_tree": {"branches": [{"category": "vendor", "name": "SUSE", "branches": [
        {"product": {"name": "SUSE Linux Enterprise Server 15 SP5", "product_id": "SLES", "product_identification_helper": {"cpe": "cpe:/o:suse:sles:15:sp5"}}},
        {"product": {"name": "bind-utils-9.16.43-1.5.x86_64", "product_id": "b1", "product_identification_helper": null}},
        {"product": {"name": "bind-utils-9.16.43-1.5.aarch64", "product_id": "b2"}},
        {"product": {"name": "libopenssl1_0_0", "product_id": "o"}}]}],
      "relationships": [
        {"category": "default_component_of", "full_product_name": {"name": "x as component of y", "product_id": "SLES:b1"}, "product_reference": "b1", "relates_to_product_reference": "SLES"},
        {"category": "default_component_of", "full_product_name": {"name": "x as component of y", "product_id": "SLES:b2"}, "product_reference": "b2", "relates_to_product_reference": "SLES"},
        {"category": "default_component_of", "full_product_name": {"name": "x as component of y", "product_id": "SLES:o"}, "product_reference": "o", "relates_to_product_reference": "SLES"}]},
    "vulnerabilities": [{"cve": "CVE-2026-1", "scores": null, "product_status": {
      "recommended": ["SLES:b1", "SLES:b2"], "known_affected": ["SLES:o"], "known_not_affected": ["SLES"]}}]}"#;
    let advisory = &advisories("vex.json", text)[0];
    let said: Vec<_> =
        advisory.affected.iter().map(|one| (one.name.as_str(), &one.ranges[0].events)).collect();
    assert_eq!(advisory.affected[0].ecosystem, "SUSE:Linux Enterprise Server 15 SP5");
    assert_eq!(said.len(), 2, "an entry for each architecture would be the same thing twice: {said:?}");
    assert_eq!((said[0].0, said[0].1[1].version.as_str()), ("bind-utils", "9.16.43-1.5"));
    assert_eq!((said[1].0, said[1].1.len()), ("libopenssl1_0_0", 1));
    let (_, outcome) = read("vex.json", text.replace("\"SLES:o\"],", "\"SLES:gone\"],").as_bytes());
    assert_eq!((outcome.damaged, outcome.damages[0].record.as_str()), (1, "CVE-2026-1"));
}

#[test]
fn csaf_names_modules_in_three_ways() {
    let text = r#"{"document": {"tracking": {"id": "RHSA-2026:1"}}, "product_tree": {"branches": [
        {"product": {"product_id": "AppStream-8", "product_identification_helper": {"cpe": "cpe:/a:redhat:enterprise_linux:8::appstream"}}},
        {"product": {"product_id": "ruby:3.0:8060", "product_identification_helper": {"purl": "pkg:rpmmod/redhat/ruby@3.0:8060:ad008a3a"}}},
        {"product": {"name": "ruby-0:3.0.4-1.module+el8.x86_64", "product_id": "r1", "product_identification_helper": {"purl": "pkg:rpm/redhat/ruby@3.0.4-1.module%2Bel8?arch=x86_64"}}},
        {"product": {"product_id": "r2", "product_identification_helper": {"purl": "pkg:rpm/redhat/ruby@2.7.6-1.module%2Bel8?arch=x86_64&rpmmod=ruby:2.7:8060:ad008a3a"}}},
        {"product": {"product_id": "r3", "product_identification_helper": {"purl": "pkg:rpmmod/redhat/ruby:2.6/ruby"}}},
        {"product": {"name": "ruby:2.5/ruby", "product_id": "ruby:2.5/ruby"}},
        {"product": {"product_id": "image", "product_identification_helper": {"purl": "pkg:oci/ubi8@sha256:abc"}}}],
      "relationships": [
        {"full_product_name": {"product_id": "m"}, "product_reference": "ruby:3.0:8060", "relates_to_product_reference": "AppStream-8"},
        {"full_product_name": {"product_id": "m:r1"}, "product_reference": "r1", "relates_to_product_reference": "m"},
        {"full_product_name": {"product_id": "p:r2"}, "product_reference": "r2", "relates_to_product_reference": "AppStream-8"},
        {"full_product_name": {"product_id": "p:r3"}, "product_reference": "r3", "relates_to_product_reference": "AppStream-8"},
        {"full_product_name": {"product_id": "p:r4"}, "product_reference": "ruby:2.5/ruby", "relates_to_product_reference": "AppStream-8"},
        {"full_product_name": {"product_id": "p:image"}, "product_reference": "image", "relates_to_product_reference": "AppStream-8"}]},
    "vulnerabilities": [{"cve": "CVE-2026-1", "product_status": {"fixed": ["m:r1", "p:r2", "p:image"], "known_affected": ["p:r3", "p:r4"]}}]}"#;
    let advisory = &advisories("rhsa.json", text)[0];
    let modules: Vec<_> =
        advisory.affected.iter().map(|one| (one.name.as_str(), one.module.as_str())).collect();
    assert_eq!(
        modules,
        [("ruby", "ruby:3.0"), ("ruby", "ruby:2.7"), ("ruby", "ruby:2.6"), ("ruby", "ruby:2.5")]
    );
    assert!(advisory.affected.iter().all(|one| one.ecosystem == "Red Hat:enterprise_linux:8::appstream"));
    assert_eq!(advisory.related, ["RHSA-2026:1"]);
}

#[test]
fn the_stream_of_an_erratum_stands_in_its_summary() {
    let text = |summary: &str| {
        format!(
            r#"{{"id": "ALSA-2026:1", "summary": "{summary}", "affected": [
            {{"package": {{"ecosystem": "AlmaLinux:9", "name": "php"}}, "ranges": [{{"type": "ECOSYSTEM", "events": [{{"introduced": "0"}}, {{"fixed": "8.3.33-1.module_el9.8.0+297+88e7f1bf"}}]}}]}},
            {{"package": {{"ecosystem": "AlmaLinux:9", "name": "plain"}}, "ranges": [{{"type": "ECOSYSTEM", "events": [{{"introduced": "0"}}, {{"fixed": "1-1.el9"}}]}}]}}]}}"#
        )
    };
    let modules = |summary: &str| -> Vec<String> {
        advisories("a.json", &text(summary))[0].affected.iter().map(|one| one.module.clone()).collect()
    };
    assert_eq!(modules("Important: php:8.3 security update"), ["php:8.3", ""]);
    assert_eq!(modules("Important: virt:rhel and virt-devel:rhel security update"), ["", ""]);
    assert_eq!(modules("Moderate: kernel security update"), ["", ""]);
}

#[test]
fn enrichments_are_told_from_each_other() {
    let (records, outcome) = read(
        "epss.csv",
        b"#model_version:v2025\ncve,epss,percentile\nCVE-2026-1,0.5,0.99\nCVE-2026-2,2,0.1\n",
    );
    assert!(matches!(&records[..], [Record::Likelihood(one)] if (one.percentile - 0.99).abs() < 1e-9));
    assert_eq!(outcome.damages[0].record, "line 4");
    let catalogue = "\"cveID\",\"vendorProject\",\"shortDescription\",\"dateAdded\",\"dueDate\",\"knownRansomwareCampaignUse\"\r\nCVE-2026-1,A,\"one, \"\"two\"\"\nthree\",2026-01-01,2026-02-01,Known\r\nCVE-2026-2,A,cut\r\n";
    let (records, outcome) = read("kev.csv", catalogue.as_bytes());
    assert!(
        matches!(&records[..], [Record::Exploited(one)] if one.due == "2026-02-01" && one.ransomware == "Known")
    );
    assert_eq!((outcome.damaged, outcome.damages[0].record.as_str()), (1, "row 3"));
    assert_eq!(
        read("modified_id.csv", b"2026-01-01T00:00:00Z,GHSA-1\n").1.ignored,
        1,
        "a list of changes is no source"
    );
    let (records, outcome) = read("kev.json", br#"{"catalogVersion": "1", "count": 3, "vulnerabilities": [{"cveID": "CVE-2026-1", "dateAdded": "2026-01-01", "dueDate": "2026-02-01", "knownRansomwareCampaignUse": "Known"}, {"cveID": "CVE-2026-2"}]}"#);
    assert!(matches!(&records[..], [Record::Exploited(one)] if one.due == "2026-02-01"));
    assert_eq!(outcome.damaged, 2, "one entry without a date, and the count is wrong");
    let (records, _) = read("debian.yaml", b"title: Debian\nreleases:\n- releaseCycle: \"12\"\n  eol: 2026-07-11\n  eoes: false\n- releaseCycle: sid\n  eol: no\n");
    let [Record::Lifecycle(one)] = &records[..] else { panic!("{records:?}") };
    assert_eq!((one.product.as_str(), one.cycle.as_str()), ("debian", "12"));
    assert_eq!((&one.end, &one.extended_end), (&End::On("2026-07-11".to_owned()), &End::Open));
}

fn xz(bytes: &[u8]) -> Vec<u8> {
    let mut writer = lzma_rust2::XzWriter::new(Vec::new(), lzma_rust2::XzOptions::default()).unwrap();
    std::io::Write::write_all(&mut writer, bytes).unwrap();
    writer.finish().unwrap()
}

#[test]
fn archives_and_folders_give_what_is_in_them() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).unwrap();
    let mut tar = tar::Builder::new(Vec::new());
    for (name, text) in [("a/one.json", OSV), ("a/two.json", "{"), ("a/README.md", "hi")] {
        let mut header = tar::Header::new_ustar();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        tar.append_data(&mut header, name, text.as_bytes()).unwrap();
    }
    let tar = tar.into_inner().unwrap();
    write("1.tar.zst", &zstd::encode_all(&tar[..], 3).unwrap());
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut gzip, &tar).unwrap();
    write("2.tgz", &gzip.finish().unwrap());
    write("3.tar", &tar[..700]);
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    zip.start_file("one.json", zip::write::SimpleFileOptions::default()).unwrap();
    std::io::Write::write_all(&mut zip, OSV.as_bytes()).unwrap();
    write("4.zip", &zip.finish().unwrap().into_inner());
    write("2b.tar.xz", &xz(&tar));
    write("5.zip", b"PK\x03\x04 and then nothing");
    write("6.json", OSV.as_bytes());
    write(".hidden.json", b"{");

    let mut count = 0;
    let mut each = |_| count += 1;
    let mut sink = Sink::new(&mut each);
    read_path(folder.path(), Limits::default(), &mut sink).unwrap();
    let outcome = sink.outcome;
    assert_eq!((outcome.records, outcome.ignored), (5, 3), "{:?}", outcome.damages);
    // two.json three times, the record in which the tar is cut and the tar itself, the false zip
    assert_eq!(outcome.damaged, 6, "{:?}", outcome.damages);
    assert_eq!(count, 5);

    let mut each = |_| {};
    let mut sink = Sink::new(&mut each);
    let small = Limits { file_bytes: 50, entry_bytes: 50 };
    read_path(&folder.path().join("6.json"), small, &mut sink).unwrap();
    assert_eq!(sink.outcome.damages[0].fault, "more than 50 bytes");
    assert!(read_path(&folder.path().join("nothing"), small, &mut sink).is_err());

    for (name, bytes) in [("7.xz", &b"\xFD7zXZ\0"[..]), ("8.txt", b"hello"), ("9.json", b"{}")] {
        write(name, bytes);
        let mut each = |_| {};
        let mut sink = Sink::new(&mut each);
        read_path(&folder.path().join(name), Limits::default(), &mut sink).unwrap();
        assert_eq!(
            (sink.outcome.records, sink.outcome.damaged),
            (0, 1),
            "{name} must not look like an empty source"
        );
    }
}
