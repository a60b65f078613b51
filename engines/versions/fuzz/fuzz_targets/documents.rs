//! Every importer on any document; what comes out can be put into an index and judged.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mainstay_versions::import::{Sink, read_document};
use mainstay_versions::index::{Builder, Index};
use mainstay_versions::matching::Package;
use mainstay_versions::verdict::assess;

fuzz_target!(|data: &[u8]| {
    let Some((kind, bytes)) = data.split_first() else { return };
    let name = ["a.json", "a.yaml", "a.csv", "list"][usize::from(kind % 4)];
    let mut builder = Builder::new();
    let mut packages = Vec::new();
    let mut each = |record| {
        if let mainstay_versions::import::Record::Advisory(advisory) = &record {
            packages.extend(advisory.affected.iter().map(|one| Package {
                ecosystem: one.ecosystem.clone(),
                name: one.name.clone(),
                version: one.versions.first().cloned().unwrap_or_else(|| "1.0-1".to_owned()),
                ..Package::default()
            }));
        }
        builder.add(record);
    };
    read_document(name, bytes, &mut Sink::new(&mut each));
    let index = Index::from_bytes(builder.build("").unwrap()).unwrap();
    for package in &packages {
        assess(&index, package, |_| true);
    }
});
