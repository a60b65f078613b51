//! Lock files, bills of materials, package lists and package URLs.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mainstay_versions::inventory::{cyclonedx, dpkg_list, lock_file, spdx};
use mainstay_versions::purl::Purl;

const NAMES: [&str; 16] = [
    "Cargo.lock", "package-lock.json", "pnpm-lock.yaml", "yarn.lock", "poetry.lock", "Pipfile.lock", "go.mod", "go.sum",
    "composer.lock", "Gemfile.lock", "pom.xml", "gradle.lockfile", "packages.lock.json", "packages.config",
    "requirements.txt", "other",
];

fuzz_target!(|data: (u8, &str)| {
    let (kind, text) = data;
    let _ = lock_file(NAMES[usize::from(kind % 16)], text);
    let _ = cyclonedx(text, Some("Debian:12"));
    let _ = spdx(text, None);
    let _ = dpkg_list(text, "Debian:12");
    if let Ok(purl) = text.parse::<Purl>() {
        assert_eq!(purl.to_string().parse::<Purl>().as_ref().map(|one| &one.name), Ok(&purl.name));
    }
});
