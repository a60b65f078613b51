//! Bills of materials as Syft, Trivy, cdxgen and the plug-ins of build tools write them, cut down to what matters.

use super::super::Inventory;
use super::{bill_of_materials, cyclonedx, spdx};

fn names(inventory: &Inventory) -> Vec<String> {
    inventory.packages.iter().map(|one| format!("{} {} {}", one.ecosystem, one.name, one.version)).collect()
}

#[test]
fn system_packages_go_by_their_source() {
    let bom = r#"{"bomFormat": "CycloneDX", "specVersion": "1.5", "components": [
        {"type": "library", "name": "libssl3", "purl": "pkg:deb/debian/libssl3@3.0.19-1~deb12u2%2Bb1?arch=amd64&distro=debian-12&upstream=openssl"},
        {"type": "library", "name": "bsdutils", "purl": "pkg:deb/debian/bsdutils@1%3A2.38.1-5?distro=debian-12&upstream=util-linux%402.38.1-5"},
        {"type": "library", "name": "b", "purl": "pkg:npm/%40a/b@1.0.0", "components": [{"type": "library", "name": "n", "purl": "pkg:pypi/Some.Thing@2"}]},
        {"type": "library", "name": "s", "purl": "pkg:rpm/almalinux/openssl@3.0.7-1.el9?epoch=1&distro=almalinux-9.4"},
        {"type": "library", "name": "nameless"}, {"type": "operating-system", "name": "debian"}]}"#;
    let inventory = cyclonedx(bom, None).unwrap();
    assert_eq!(
        names(&inventory),
        [
            "Debian:12 openssl 3.0.19-1~deb12u2",
            "Debian:12 util-linux 2.38.1-5",
            "npm @a/b 1.0.0",
            "PyPI some-thing 2",
            "AlmaLinux:9 openssl 1:3.0.7-1.el9"
        ]
    );
    assert_eq!(inventory.unread[0].record, "nameless");
    assert!(cyclonedx("{}", None).is_err() && spdx("{}", None).is_err());
}

/// Trivy's package URLs name the binary package; the source stands in properties, its version in pieces.
#[test]
fn trivy_tells_the_source_in_properties() {
    let bom = r#"{"bomFormat": "CycloneDX", "specVersion": "1.6", "metadata": {"component": {"type": "container", "name": "image"}},
      "components": [
        {"type": "operating-system", "name": "debian", "version": "12.4", "properties": [{"name": "aquasecurity:trivy:Class", "value": "os-pkgs"}]},
        {"type": "application", "name": "app/package-lock.json", "properties": [
          {"name": "aquasecurity:trivy:Class", "value": "lang-pkgs"}, {"name": "aquasecurity:trivy:Type", "value": "npm"}]},
        {"type": "library", "name": "passwd", "version": "1:4.13+dfsg1-1+b1", "purl": "pkg:deb/debian/passwd@4.13%2Bdfsg1-1%2Bb1?arch=amd64&epoch=1", "properties": [
          {"name": "aquasecurity:trivy:SrcEpoch", "value": "1"}, {"name": "aquasecurity:trivy:SrcName", "value": "shadow"},
          {"name": "aquasecurity:trivy:SrcRelease", "value": "1"}, {"name": "aquasecurity:trivy:SrcVersion", "value": "4.13+dfsg1"}]},
        {"type": "library", "name": "bash", "purl": "pkg:deb/debian/bash@5.2.15-2?distro=debian-12.4&epoch=1"},
        {"type": "library", "name": "libcrypto3", "purl": "pkg:apk/alpine/libcrypto3@3.1.4-r5?distro=3.18.4", "properties": [
          {"name": "aquasecurity:trivy:SrcName", "value": "openssl"}, {"name": "aquasecurity:trivy:SrcVersion", "value": "3.1.4-r5"}]},
        {"type": "library", "name": "php", "purl": "pkg:rpm/alma/php@8.1.1-1.module_el9?distro=alma-9.4", "properties": [
          {"name": "aquasecurity:trivy:Modularitylabel", "value": "php:8.1:9040:abc"}, {"name": "aquasecurity:trivy:SrcName", "value": "php"}]}]}"#;
    let inventory = cyclonedx(bom, None).unwrap();
    assert_eq!(
        names(&inventory),
        [
            "Debian:12 shadow 1:4.13+dfsg1-1",
            "Debian:12 bash 1:5.2.15-2",
            "Alpine:v3.18 openssl 3.1.4-r5",
            "AlmaLinux:9 php 8.1.1-1.module_el9"
        ]
    );
    assert_eq!(inventory.packages[0].binary, "passwd");
    assert_eq!(inventory.packages[3].module, "php:8.1");
    assert_eq!(inventory.unread, []);
}

#[test]
fn xml_says_the_same_as_json() {
    let bom = r#"<?xml version="1.0" encoding="UTF-8"?>
<bom xmlns="http://cyclonedx.org/schema/bom/1.4" version="1">
  <metadata><tools><components><component type="application"><name>generator</name><purl>pkg:npm/generator@1</purl></component></components></tools>
    <component type="application"><name>own</name><purl>pkg:npm/own@1.0.0</purl></component></metadata>
  <components>
    <component bom-ref="x" type="library"><publisher>p</publisher><name>attr</name><version>1:2.4.47-2+b1</version>
      <licenses><license><name>a licence</name></license></licenses>
      <purl>pkg:deb/debian/attr@1%3A2.4.47-2%2Bb1?arch=amd64&amp;distro=debian-12&#x26;upstream=attr%401%3A2.4.47-2</purl>
      <pedigree><ancestors><component type="library"><name>older</name><purl>pkg:npm/older@1</purl></component></ancestors></pedigree>
      <components><component type="library"><group>org.a</group><name>b</name><version>2.0</version><purl><![CDATA[pkg:maven/org.a/b@2.0?type=jar]]></purl></component></components>
      <properties><property name="syft:metadata:source">attr</property></properties>
    </component>
    <c:component xmlns:c="http://cyclonedx.org/schema/bom/1.4" type="library"><c:name>zlib1g</c:name><c:purl>pkg:deb/debian/zlib1g@1.2.13?distro=debian-12</c:purl>
      <c:properties><c:property name="aquasecurity:trivy:SrcName">zlib</c:property></c:properties></c:component>
    <component type="library"><name>nameless</name><version>1</version></component>
    <component type="file"><name>a.txt</name></component>
  </components>
  <dependencies><dependency ref="x"/></dependencies>
</bom>"#;
    let inventory = bill_of_materials(bom, None).unwrap().unwrap();
    assert_eq!(
        names(&inventory),
        ["Debian:12 attr 1:2.4.47-2", "Maven org.a:b 2.0", "Debian:12 zlib 1.2.13"]
    );
    assert_eq!(inventory.unread.iter().map(|one| one.record.as_str()).collect::<Vec<_>>(), ["nameless"]);
    assert!(bill_of_materials(&bom[..bom.len() - 8], None).unwrap().is_err(), "a cut document is refused");
    assert!(cyclonedx("<project><components/></project>", None).is_err());
}

#[test]
fn spdx_is_read_in_both_forms() {
    let document = r#"{"spdxVersion": "SPDX-2.3", "relationships": [
        {"spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES", "relatedSpdxElement": "SPDXRef-r"}], "packages": [
        {"name": "a", "versionInfo": "1.0", "externalRefs": [
            {"referenceCategory": "SECURITY", "referenceType": "cpe23Type", "referenceLocator": "cpe:2.3:a:b:c"},
            {"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": "pkg:deb/debian/zlib1g@1.2.13"}]},
        {"name": "libc6", "versionInfo": "2.36-9", "sourceInfo": "built package from: glibc 2.36-9+deb12u4", "externalRefs": [
            {"referenceCategory": "PACKAGE_MANAGER", "referenceType": "http://spdx.org/rdf/references/purl", "referenceLocator": "pkg:deb/debian/libc6@2.36-9?distro=debian-12"}]},
        {"name": "b", "versionInfo": "NOASSERTION"},
        {"name": "com.github.u/r", "SPDXID": "SPDXRef-r", "versionInfo": "main", "externalRefs": [
            {"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": "pkg:github/u/r@main"}]},
        {"name": "app/Cargo.lock", "primaryPackagePurpose": "APPLICATION", "annotations": [{"comment": "Class: lang-pkgs"}]},
        {"name": "debian", "versionInfo": "12.4", "primaryPackagePurpose": "OPERATING-SYSTEM"},
        {"name": "image", "primaryPackagePurpose": "CONTAINER"}]}"#;
    let inventory = bill_of_materials(document, None).unwrap().unwrap();
    assert_eq!(names(&inventory), ["Debian:12 zlib1g 1.2.13", "Debian:12 glibc 2.36-9+deb12u4"]);
    assert_eq!(inventory.unread.iter().map(|one| one.record.as_str()).collect::<Vec<_>>(), ["b"]);

    let document = "SPDXVersion: SPDX-2.2\r\nDataLicense: CC0-1.0\r\nCreator: Tool: syft-1\r\n\r\n##### Package: image\r\n\r\nPackageName: image\r\nPrimaryPackagePurpose: CONTAINER\r\n\r\nPackageName: libssl3\r\nPackageVersion: 3.0.19-1\r\nPackageComment: <text>one\r\nPackageName: not a package\r\ntwo</text>\r\nExternalRef: SECURITY cpe23Type cpe:2.3:a:b:c\r\nExternalRef: PACKAGE-MANAGER purl pkg:deb/debian/libssl3@3.0.19-1?distro=debian-12&upstream=openssl\r\n\r\nFileName: ./a\r\nSPDXID: SPDXRef-File\r\nPackageVersion: 9\r\n\r\nPackageName: package-1\r\nPackageVersion: 1.0.1\r\nExternalRef: PACKAGE-MANAGER purl a-purl-1\r\n\r\nRelationship: SPDXRef-DOCUMENT DESCRIBES SPDXRef-Package\r\n";
    let inventory = bill_of_materials(document, None).unwrap().unwrap();
    assert_eq!(names(&inventory), ["Debian:12 openssl 3.0.19-1"]);
    assert_eq!((inventory.unread.len(), inventory.unread[0].record.as_str()), (1, "a-purl-1"));
    assert!(
        bill_of_materials("{\"@context\": \"https://spdx.org/rdf/3.0.1/spdx-context.jsonld\"}", None)
            .unwrap()
            .is_err()
    );
    assert!(bill_of_materials("cpp\t4:12\tgcc\t1\tall\tinstalled\n", None).is_none());
}

#[test]
fn a_version_from_another_place_is_not_made_up() {
    let bom = r#"{"bomFormat": "CycloneDX", "components": [
        {"type": "library", "name": "a", "purl": "pkg:npm/a"}, {"type": "library", "name": "b", "version": "2", "purl": "pkg:npm/b"},
        {"type": "library", "name": "c", "purl": "pkg:rpm/centos/bind@9.11-3.el8?distro=centos-8"}, {"type": "library", "name": "d", "purl": 7}]}"#;
    let inventory = cyclonedx(bom, None).unwrap();
    assert_eq!(names(&inventory), ["npm b 2"]);
    let faults: Vec<&str> = inventory.unread.iter().map(|one| one.fault.as_str()).collect();
    assert_eq!(
        faults,
        ["no version is given", "nobody publishes advisories for rpm centos", "no package URL"]
    );
}
