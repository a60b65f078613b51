//! An index file with any content: refused, or read without panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mainstay_versions::advisory::Advisory;
use mainstay_versions::index::Index;
use mainstay_versions::matching::Package;
use mainstay_versions::verdict::assess;

fuzz_target!(|data: &[u8]| {
    // A right header around any content, so that the reader gets past the checksum.
    let mut bytes = b"MAINSTAY\x01\0\0\0\0\0\0\0".to_vec();
    bytes.extend_from_slice(&(data.len() as u64 + 24).to_le_bytes());
    bytes.extend_from_slice(data);
    let checksum = crc32fast::hash(&bytes[16..]);
    bytes[12..16].copy_from_slice(&checksum.to_le_bytes());
    let Ok(index) = Index::from_bytes(bytes) else { return };
    let package =
        Package { ecosystem: "Debian:12".into(), name: "a".into(), version: "1".into(), ..Package::default() };
    assess(&index, &package, |_| true);
    index.advisories().take(4).map(Advisory::from).for_each(drop);
    let _ = (index.sources().take(4).count(), index.lifecycles("a").take(4).count(), index.named("a").take(4).count());
});
